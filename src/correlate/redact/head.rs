//! Header fields for outputs that show exchanges: what tells how a message is to be read is shown, all else is hidden.

use super::Redactor;
use super::mask;
use crate::correlate::credential;

/// What of a header field may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShownHeader {
    /// Its value, as far as it is neither secret nor personal by its looks.
    Value(String),
    /// It holds a credential: a keyed hash, behind the scheme where it has one.
    Credential(String),
    /// It may hold anything: a keyed hash.
    Hidden(String),
}

impl ShownHeader {
    /// The text that stands for the value.
    pub fn text(&self) -> &str {
        match self {
            ShownHeader::Value(text) | ShownHeader::Credential(text) | ShownHeader::Hidden(text) => text,
        }
    }
}

/// Fields whose values say how a message is to be read or how it got here, and never who sent it.
const PLAIN: [&str; 30] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "date",
    "etag",
    "expires",
    "grpc-status",
    "if-match",
    "if-none-match",
    "last-modified",
    "mcp-protocol-version",
    "pragma",
    "prefer",
    "retry-after",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "server",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
];

impl Redactor {
    /// A header field as it may be shown; its name is as [`Redactor::member`] has it.
    pub fn header(&self, name: &str, value: &[u8]) -> ShownHeader {
        let hash = |kind: &str, value: &[u8]| mask(&self.masker.key, kind, &String::from_utf8_lossy(value));
        let cookie = name.eq_ignore_ascii_case("cookie") || name.eq_ignore_ascii_case("set-cookie");
        if cookie || credential::is_secret_name(name) {
            // `Bearer`, `Basic`: a word of the protocol, and the rest is the secret.
            let scheme = value.split(|b| *b == b' ').next().filter(|scheme| !cookie && scheme.len() < value.len());
            let scheme = scheme.filter(|s| s.len() <= 12 && s.iter().all(u8::is_ascii_alphabetic));
            let scheme = scheme.and_then(|scheme| std::str::from_utf8(scheme).ok());
            let hash = hash("secret", value);
            return ShownHeader::Credential(scheme.map_or(hash.clone(), |scheme| format!("{scheme} {hash}")));
        }
        let plain = PLAIN.iter().any(|plain| name.eq_ignore_ascii_case(plain));
        match (std::str::from_utf8(value), self.masker.rules.header(name)) {
            (Ok(value), Some((_, treatment))) => ShownHeader::Hidden(self.masker.stands_for(treatment, value)),
            (Ok(value), None) if plain => ShownHeader::Value(self.masker.text(value).into_owned()),
            _ => ShownHeader::Hidden(hash("hidden", value)),
        }
    }

    /// Whether the value of a member of JSON, or of a form, is hidden for its name.
    pub fn hides_member(&self, name: &str) -> bool {
        credential::is_secret_field(name) || self.masker.rules.key(name).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlate::{HashKey, Redaction};

    #[test]
    fn no_credential_and_nothing_unknown_is_shown() {
        let redactor = Redactor::new(HashKey::new(&[7; 32]), Redaction::Keep);
        for (name, value, begins) in [
            ("Authorization", "Bearer s3cr3t-s3cr3t", "Bearer [secret#"),
            ("authorization", "s3cr3t-s3cr3t", "[secret#"),
            ("Cookie", "sid=s3cr3t; theme=s3cr3t", "[secret#"),
            ("Set-Cookie", "sid=s3cr3t; Path=/", "[secret#"),
            ("X-Api-Key", "s3cr3t", "[secret#"),
            ("X-Acme", "s3cr3t", "[hidden#"),
            ("Referer", "https://a.example/s3cr3t", "[hidden#"),
            ("Content-Type", "application/json", "application/json"),
            ("User-Agent", "curl/8", "curl/8"),
        ] {
            let shown = redactor.header(name, value.as_bytes());
            assert!(shown.text().starts_with(begins) && !shown.text().contains("s3cr3t"), "{name}: {shown:?}");
            assert_eq!(matches!(shown, ShownHeader::Credential(_)), begins.contains("[secret#"), "{name}");
        }
        assert!(redactor.hides_member("password") && !redactor.hides_member("order_id"));
    }
}
