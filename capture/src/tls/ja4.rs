//! JA4, the fingerprint of TLS clients: which program, and which library under it, says hello like this.
//!
//! The form is FoxIO's JA4 for TLS over TCP and QUIC (published under BSD 3-Clause; the other fingerprints of its family are not
//! used). It does not change when a client shuffles its extensions.

use sha2::{Digest, Sha256};

use super::hello::ClientHello;
use crate::conversation::{Print, print_of};

/// What TLS runs over.
#[derive(Clone, Copy, Debug)]
pub(super) enum Transport {
    Tcp,
    Quic,
}

/// The fingerprint, e.g. `t13d1516h2_8daaf6152771_e5627efa2ab1`.
pub(super) fn fingerprint(hello: &ClientHello, transport: Transport) -> String {
    let suites: Vec<u16> = hello.suites.iter().copied().filter(|suite| !is_grease(*suite)).collect();
    let extensions: Vec<u16> = hello.extensions.iter().copied().filter(|kind| !is_grease(*kind)).collect();
    let named = if hello.extensions.contains(&0) { 'd' } else { 'i' };
    let (first, last) = ends(hello.alpn.as_deref());
    let (many, more) = (suites.len().min(99), extensions.len().min(99));
    let over = match transport {
        Transport::Tcp => 't',
        Transport::Quic => 'q',
    };
    let start = format!("{over}{}{named}{many:02}{more:02}{first}{last}", version(hello));
    let others = extensions.into_iter().filter(|kind| !matches!(kind, 0 | 16)).collect();
    let mut text = listed(sorted(others));
    if !text.is_empty() && !hello.signatures.is_empty() {
        text = format!("{text}_{}", listed(hello.signatures.clone()));
    }
    format!("{start}_{}_{}", digest(&listed(sorted(suites))), digest(&text))
}

/// Extensions that come and go between connections of one program: the server's name, the protocols asked for and what
/// belongs to them, padding, cookies, and what resumes an earlier session.
const PASSING: [u16; 10] = [0, 16, 21, 35, 41, 42, 44, 45, 17513, 17613];

/// Digest of what a program offers on all its connections. JA4 itself changes where a session is resumed or where another
/// protocol is asked for (a browser's WebSockets).
pub(super) fn print(hello: &ClientHello) -> Print {
    let lasting = |values: &[u16]| sorted(values.iter().copied().filter(|value| !is_grease(*value)).collect());
    let extensions = lasting(&hello.extensions).into_iter().filter(|kind| !PASSING.contains(kind)).collect();
    let offered = [lasting(&hello.suites), extensions, lasting(&hello.versions), hello.signatures.clone()];
    let text = offered.map(listed).join("_");
    let digest = Sha256::digest(format!("{:04x}_{text}", hello.version).as_bytes());
    print_of(&digest)
}

/// Values that clients make up so that servers get used to unknown ones (RFC 8701).
fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// The highest version offered.
fn version(hello: &ClientHello) -> &'static str {
    let offered = hello.versions.iter().copied().filter(|version| !is_grease(*version)).max();
    match offered.unwrap_or(hello.version) {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        _ => "00",
    }
}

/// First and last character of the first protocol asked for; of others than letters and digits, of their hex.
fn ends(alpn: Option<&[u8]>) -> (char, char) {
    let (Some(&first), Some(&last)) = (alpn.and_then(<[u8]>::first), alpn.and_then(<[u8]>::last)) else {
        return ('0', '0');
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return (char::from(first), char::from(last));
    }
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    (digit(first >> 4), digit(last & 0x0f))
}

fn sorted(mut values: Vec<u16>) -> Vec<u16> {
    values.sort_unstable();
    values
}

fn listed(values: Vec<u16>) -> String {
    values.iter().map(|value| format!("{value:04x}")).collect::<Vec<_>>().join(",")
}

/// The first twelve digits of a hash; zeros of nothing.
fn digest(text: &str) -> String {
    if text.is_empty() {
        return "0".repeat(12);
    }
    Sha256::digest(text.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of JA4's own description: Chrome.
    #[test]
    fn chrome_is_chrome() {
        let hello = ClientHello {
            version: 0x0303,
            versions: vec![0x1a1a, 0x0304, 0x0303],
            suites: vec![
                0x8a8a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
                0x009d, 0x002f, 0x0035,
            ],
            extensions: vec![
                0x2a2a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b,
                0xff01, 0x000b, 0x000a, 0x0015,
            ],
            signatures: vec![0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
            alpn: Some(b"h2".to_vec()),
            ..ClientHello::default()
        };
        assert_eq!(fingerprint(&hello, Transport::Tcp), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn a_program_has_one_print_on_all_its_connections() {
        let first = ClientHello {
            version: 0x0303,
            versions: vec![0x1a1a, 0x0304, 0x0303],
            suites: vec![0x8a8a, 0x1301, 0x1302],
            extensions: vec![0x2a2a, 0x0000, 0x0010, 0x4469, 0x000d, 0x002b, 0x0015],
            signatures: vec![0x0403, 0x0804],
            alpn: Some(b"h2".to_vec()),
            ..ClientHello::default()
        };
        // Resumed, shuffled, to a bare address, for a WebSocket, with other made up values.
        let later = ClientHello {
            versions: vec![0x0304, 0x3a3a, 0x0303],
            suites: vec![0x1301, 0x1302, 0x5a5a],
            extensions: vec![0x002b, 0x000d, 0x0010, 0x4a4a, 0x002d, 0x002a, 0x0029],
            alpn: Some(b"http/1.1".to_vec()),
            ..first.clone()
        };
        assert_ne!(fingerprint(&first, Transport::Tcp), fingerprint(&later, Transport::Tcp));
        assert_eq!(print(&first), print(&later));
        let others = [
            ClientHello { suites: vec![0x1302, 0x1303], ..first.clone() },
            ClientHello { extensions: vec![0x000d, 0x002b, 0xff01], ..first.clone() },
            ClientHello { signatures: vec![0x0804, 0x0403], ..first.clone() },
            ClientHello { versions: vec![0x0303], ..first.clone() },
        ];
        others.iter().for_each(|other| assert_ne!(print(other), print(&first), "{other:?}"));
    }

    #[test]
    fn what_is_missing_is_zero() {
        let hello = ClientHello { version: 0x0301, ..ClientHello::default() };
        assert_eq!(fingerprint(&hello, Transport::Tcp), "t10i000000_000000000000_000000000000");
        assert_eq!(ends(Some(b"\xabc")), ('a', '3'));
    }
}
