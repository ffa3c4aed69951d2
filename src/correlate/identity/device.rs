//! The device: an address and the print of the program behind it, which a client changes less easily than its name.

use super::Naming;
use crate::correlate::credential::Hash;
use crate::correlate::reading::Reading;

/// Fields of logs that hold a JA4.
const FIELDS: [&str; 7] =
    ["ja4", "ja4_fingerprint", "ja4fingerprint", "ja4_hash", "client_ja4", "ssl_ja4", "tls_client_ja4"];
/// Headers by which proxies tell one.
const HEADERS: [&str; 4] = ["cloudfront-viewer-ja4-fingerprint", "x-ja4-fingerprint", "x-client-ja4", "x-ja4"];
/// Longest JA4 that is read.
const LONGEST: usize = 64;

impl Naming<'_> {
    /// Hash of the client's address and its program's print, where both are known.
    pub(super) fn device(&self, reading: &Reading<'_>) -> Option<Hash> {
        let ip = self.proxies.client(reading.exchange)?.to_string();
        let print = self.print(reading)?;
        Some(self.keys.hash.hash("device", &[ip.as_bytes(), print.as_bytes()]))
    }

    /// The print, as the connection shows it or a log tells it. A declared proxy's connection shows the proxy's.
    fn print(&self, reading: &Reading<'_>) -> Option<String> {
        if self.proxies.speaks(reading) {
            let told = HEADERS.iter().find_map(|name| std::str::from_utf8(reading.header(name)?).ok());
            return told.or_else(|| reading.log_field(&FIELDS)).and_then(lasting);
        }
        let shown = reading.exchange.print.map(|print| format!("{print:016x}"));
        shown.or_else(|| reading.log_field(&FIELDS).and_then(lasting))
    }
}

/// What of a JA4 (`t13d1516h2_8daaf6152771_e5627efa2ab1`) is the same on all connections of a program: version and
/// ciphers. Extensions come and go with resumed sessions and with the protocols asked for.
fn lasting(ja4: &str) -> Option<String> {
    let hex = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let (start, rest) = ja4.trim().split_once('_').filter(|_| ja4.len() <= LONGEST)?;
    let (ciphers, extensions) = rest.split_once('_')?;
    let version = start.get(..3).filter(|_| start.len() == 10)?;
    (hex(ciphers) && hex(extensions)).then(|| format!("{version}_{ciphers}").to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_between_connections_is_no_part_of_a_print() {
        let chrome = lasting("t13d1516h2_8daaf6152771_e5627efa2ab1");
        assert_eq!(chrome.as_deref(), Some("t13_8daaf6152771"));
        assert_eq!(lasting("t13d1515h1_8daaf6152771_de4a06bb82e3"), chrome, "resumed, another protocol");
        for none in ["", "t13d1516h2", "t13d1516h2_8daa_e562", "x_8daaf6152771_e5627efa2ab1", "-"] {
            assert_eq!(lasting(none), None, "{none}");
        }
    }
}
