//! Squid's native `access.log`.
//!
//! ```text
//! 1772359200.123     18 10.0.0.7 TCP_MISS/201 52 POST http://shop.example/orders anna HIER_DIRECT/10.1.1.1 text/html
//! ```

/// The fields of a line, if it is one. Its time is the end, its duration in ms; it counts the bytes of the whole answer.
pub(super) fn read(line: &str) -> Option<Vec<(&'static str, &str)>> {
    let mut words = line.split_ascii_whitespace();
    let mut next = || words.next();
    let (time, took, client, result) = (next()?, next()?, next()?, next()?);
    let (bytes, method, url, user, peer) = (next()?, next()?, next()?, next()?, next()?);
    let kind = next().unwrap_or("-");
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (code, status) = result.split_once('/')?;
    let is_code = code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let is_time = time.split_once('.').is_some_and(|(whole, fraction)| digits(whole) && fraction.len() == 3);
    let shaped = is_time && digits(took) && is_code && digits(bytes) && status.len() == 3 && digits(status);
    // Neighbours ask each other over UDP; these are no requests of clients.
    let asked = code.starts_with("TCP_") || code.starts_with("NONE");
    (shaped && asked && peer.contains('/')).then(|| {
        vec![
            ("end_time", time),
            ("duration_ms", took),
            ("client_ip", client),
            ("squid_result", code),
            ("status", status),
            ("squid_bytes", bytes),
            ("method", method),
            ("url", url),
            ("remote_user", user),
            ("squid_peer", peer),
            ("response_content_type", kind),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_of_clients_fit() {
        let line =
            "1772359200.123     18 10.0.0.7 TCP_MISS/201 52 POST http://a.test/orders anna HIER_DIRECT/1.1.1.1 -";
        assert_eq!(read(line).unwrap().len(), 11);
        for (from, to) in
            [("TCP_MISS", "UDP_MISS"), ("/201", "-201"), (" 18 ", " x "), (".123", ""), ("HIER_DIRECT/", "")]
        {
            assert_eq!(read(&line.replace(from, to)), None, "{to}");
        }
        proptest::proptest!(|(text in "[0-9A-Z_/. -]{0,60}")| { read(&text); });
    }
}
