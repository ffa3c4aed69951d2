//! Key logs: the lines that browsers, curl and others write to `SSLKEYLOGFILE` (RFC 9850).

use zeroize::Zeroizing;

use super::secret::Secret;
use super::{RANDOM, Random};

/// Longest line that can hold a secret.
pub(super) const LINE: usize = 256;

/// What a secret is for. Exporters and Encrypted Client Hello are not needed to read records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Label {
    /// TLS 1.2: the master secret.
    Master,
    /// TLS 1.3: requests sent before the handshake was over.
    ClientEarly,
    ClientHandshake,
    ServerHandshake,
    ClientTraffic,
    ServerTraffic,
}

/// Bytes of an encrypted pre-master secret by which a key log calls it.
pub(super) const CIPHERTEXT: usize = 8;
/// Bytes of a pre-master secret that was sent encrypted.
const PREMASTER: usize = 48;

/// One line.
#[derive(Debug)]
pub(super) enum Line {
    Secret(Label, Random, Secret),
    /// What a client of TLS 1.2 encrypted for the server, by the first bytes of the ciphertext.
    Premaster([u8; CIPHERTEXT], Secret),
    /// A comment, or an empty line.
    Nothing,
    /// A line of a key log that says nothing about records.
    Other,
    /// No line of a key log.
    Malformed,
}

impl Label {
    fn of(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"CLIENT_RANDOM" => Label::Master,
            b"CLIENT_EARLY_TRAFFIC_SECRET" => Label::ClientEarly,
            b"CLIENT_HANDSHAKE_TRAFFIC_SECRET" => Label::ClientHandshake,
            b"SERVER_HANDSHAKE_TRAFFIC_SECRET" => Label::ServerHandshake,
            b"CLIENT_TRAFFIC_SECRET_0" => Label::ClientTraffic,
            b"SERVER_TRAFFIC_SECRET_0" => Label::ServerTraffic,
            _ => return None,
        })
    }
}

/// Reads one line, without its end.
pub(super) fn line(line: &[u8]) -> Line {
    let line = line.trim_ascii();
    if line.is_empty() || line.starts_with(b"#") {
        return Line::Nothing;
    }
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (Some(word), Some(random), Some(secret), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Line::Malformed;
    };
    let upper = word.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_');
    let hex = [random, secret].iter().all(|word| word.iter().all(u8::is_ascii_hexdigit));
    if let (b"RSA", true, Some(premaster)) = (word, hex, premaster(random, secret)) {
        return premaster;
    }
    let Some(label) = Label::of(word) else {
        return if upper && hex { Line::Other } else { Line::Malformed };
    };
    let random = Some(random).filter(|random| random.len() == 2 * RANDOM).and_then(unhex);
    let random = random.and_then(|random| Random::try_from(random.as_slice()).ok());
    // The secret's length is that of its hash.
    let secret = Some(secret).filter(|secret| matches!(secret.len(), 64 | 96)).and_then(unhex).and_then(Secret::new);
    match (random, secret) {
        (Some(random), Some(secret)) => Line::Secret(label, random, secret),
        _ => Line::Malformed,
    }
}

/// `RSA`, the ciphertext's first bytes, and what is encrypted in it.
fn premaster(ciphertext: &[u8], secret: &[u8]) -> Option<Line> {
    let ciphertext = unhex(ciphertext).filter(|_| secret.len() == 2 * PREMASTER)?;
    Some(Line::Premaster(ciphertext.as_slice().try_into().ok()?, Secret::new(unhex(secret)?)?))
}

fn unhex(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.chunks(2) {
        let &[high, low] = pair else { return None };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        bytes.push((digit(high)? << 4 | digit(low)?) as u8);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart() {
        let (random, short, long) = ("ab".repeat(32), "0C".repeat(32), "0c".repeat(48));
        let read = |text: String| line(text.as_bytes());
        for (word, secret, label) in [
            ("CLIENT_RANDOM", &long, Label::Master),
            ("CLIENT_TRAFFIC_SECRET_0", &short, Label::ClientTraffic),
            ("SERVER_TRAFFIC_SECRET_0", &long, Label::ServerTraffic),
            ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", &short, Label::ClientHandshake),
            ("SERVER_HANDSHAKE_TRAFFIC_SECRET", &short, Label::ServerHandshake),
            ("CLIENT_EARLY_TRAFFIC_SECRET", &short, Label::ClientEarly),
        ] {
            let Line::Secret(found, of, _) = read(format!("{word} {random} {secret}\r")) else { panic!("{word}") };
            assert!(found == label && of == [0xab; 32]);
        }
        assert!(matches!(read("# by curl".to_owned()), Line::Nothing));
        assert!(matches!(read(String::new()), Line::Nothing));
        let Line::Premaster(of, _) = read(format!("RSA 00112233445566ff {long}")) else { panic!("RSA") };
        assert_eq!(of, [0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0xff]);
        for text in [format!("RSA 00112233445566 {long}"), format!("RSA 00112233445566ff {short}")] {
            assert!(matches!(read(text), Line::Other));
        }
        for word in ["EXPORTER_SECRET", "EARLY_EXPORTER_SECRET", "ECH_SECRET", "RSA"] {
            assert!(matches!(read(format!("{word} {random} {short}")), Line::Other), "{word}");
        }
        for text in [
            format!("CLIENT_RANDOM {random} {}", &short[1..]),
            format!("CLIENT_RANDOM {} {short}", &random[2..]),
            format!("CLIENT_RANDOM {random}"),
            format!("CLIENT_RANDOM {random} {short} x"),
            format!("CLIENT_RANDOM {random} {}", "0g".repeat(32)),
            "GET / HTTP/1.1".to_owned(),
        ] {
            assert!(matches!(line(text.as_bytes()), Line::Malformed), "{text}");
        }
    }
}
