//! Passwords, secrets and private keys in answers to requests that only read.
//!
//! Whoever makes a key is shown it once; an answer that can be asked for again shows it to whoever comes by.

use memchr::memmem;
use offpath_capture::Exchange;
use serde_json::Value;

use crate::correlate::credential::bare;
use crate::event::{Mark, Marks};

/// Names of fields without what is no letter or digit, in lower case.
const NAMES: [&str; 13] = [
    "apisecret",
    "clientsecret",
    "consumersecret",
    "dbpassword",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secretaccesskey",
    "secretkey",
    "signingsecret",
    "userpassword",
    "webhooksecret",
];
/// One of these is in every such name, in the small letters that follow the first: what has none is not read.
const PARTS: [&[u8]; 5] = [b"assw", b"ASSW", b"ecret", b"rivate", b"assphrase"];
/// How a private key begins.
const PRIVATE: [&str; 2] = ["-----BEGIN ", "PRIVATE KEY-----"];
/// Words of paths under which what is asked for is the secret itself, or texts of a page.
const KEPT: [&str; 8] = ["secret", "vault", "credential", "password", "i18n", "l10n", "locale", "translation"];
/// What stands for a secret that was taken out, in small letters.
const TAKEN_OUT: [&str; 8] = ["...", "\u{2026}", "***", "xxx", "redacted", "masked", "hidden", "removed"];
/// Words of a label's or form field's name.
const LABELS: [&str; 6] = ["password", "passwd", "passphrase", "passwort", "secret", "label"];
/// Shortest and longest secret that a field holds.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=4096;
/// Largest answer that is looked through, and most of its values.
const LARGEST: usize = 1 << 20;
const MOST: usize = 20_000;

/// Marks an answer that can be asked for again, and one that holds what nobody should be told again.
pub(super) fn mark(exchange: &Exchange, marks: &mut Marks) {
    let read = exchange.request.as_ref().filter(|request| request.method == "GET");
    let (Some(request), Some(response)) = (read, exchange.response.as_ref()) else { return };
    let Some(bytes) = response.body.bytes().map(<[u8]>::trim_ascii).filter(|bytes| is_json(bytes)) else { return };
    let path = request.target.split('?').next().unwrap_or_default().to_ascii_lowercase();
    if !(200..300).contains(&response.status) || KEPT.iter().any(|word| path.contains(word)) {
        return;
    }
    marks.add(Mark::ShowsAnswer);
    if PARTS.iter().any(|part| memmem::find(bytes, part).is_some()) {
        let tells = serde_json::from_slice(bytes).is_ok_and(|value: Value| holds_secret(&value));
        marks.add_if(tells, Mark::TellsSecret);
    }
}

fn is_json(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(b'{' | b'[')) && bytes.len() <= LARGEST
}

/// Looks through a value without recursion.
fn holds_secret(value: &Value) -> bool {
    let mut waiting = vec![value];
    let mut looked_at = 0;
    while let Some(value) = waiting.pop().filter(|_| looked_at < MOST) {
        looked_at += 1;
        match value {
            Value::Array(items) => waiting.extend(items),
            Value::Object(members) => {
                if members.iter().any(|(name, value)| value.as_str().is_some_and(|text| is_secret(name, text))) {
                    return true;
                }
                waiting.extend(members.values().filter(|value| value.is_object() || value.is_array()));
            }
            _ => {}
        }
    }
    false
}

/// Whether a field holds a secret, rather than a label, a rule, a hint, a link or what stands for one that was taken out.
fn is_secret(name: &str, text: &str) -> bool {
    if PRIVATE.iter().all(|part| text.contains(part)) {
        return true;
    }
    let listed = name.len() <= 64 && NAMES.contains(&bare(name).as_str());
    let (mut letters, mut digits, mut kinds) = (0, 0, 0);
    let mut last = None;
    for byte in text.bytes() {
        letters += usize::from(byte.is_ascii_alphabetic());
        digits += usize::from(byte.is_ascii_digit());
        kinds += usize::from(last != Some(byte));
        last = Some(byte);
    }
    let written = text.bytes().all(|byte| byte.is_ascii_graphic());
    let framed = text.starts_with(['/', '{', '<', '[', '$', '%', '*', '#']) || text.contains("://");
    // A mask is one letter many times; a label has no digits.
    listed
        && LENGTHS.contains(&text.len())
        && (written && !framed && letters > 0 && digits > 0 && kinds * 2 > text.len())
        && !stands_for_one(text)
}

/// Whether a text names a secret or says where it lies, or is one that was cut: `vault:v1:...`, `arn:aws:...`,
/// `login.password.v2`, `sk_...a1b2`.
fn stands_for_one(text: &str) -> bool {
    let small = text.to_ascii_lowercase();
    let refers = text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() > 2 && scheme.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b == b'_')
    });
    let words = || small.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let labels = words().count() > 1 && words().any(|word| LABELS.contains(&word));
    // `Passwort2`: a name with a number behind it.
    let counted = small.strip_suffix(|c: char| c.is_ascii_digit()).is_some_and(|word| LABELS.contains(&word));
    refers || labels || counted || TAKEN_OUT.iter().any(|mark| small.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str) -> bool {
        holds_secret(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn secrets_are_told_from_what_stands_in_their_place() {
        for text in [
            r#"{"client":{"client_secret":"s3cr3t-of-the-shop-99"}}"#,
            r#"[{"name":"db","password":"hunter2-and-more"}]"#,
            r#"{"password":"Password123!"}"#,
            r#"{"password":"Pa:ssw0rd-x9"}"#,
            r#"{"secretKey":"sk_live_51Hx9Qw2ErT"}"#,
            r#"{"tls":"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"}"#,
        ] {
            assert!(holds(text), "{text}");
        }
        for text in [
            r#"{"password":"********"}"#,
            r#"{"password":"xxxxxxxx12"}"#,
            r#"{"password":"Passwort"}"#,
            r#"{"password":"at least 8 characters"}"#,
            r#"{"password":"/reset/v2/now"}"#,
            r#"{"password":{"type":"string","minLength":8}}"#,
            r#"{"password":null,"secretKey":""}"#,
            r#"{"clientSecret":"{{secret1}}"}"#,
            r#"{"password":"field-password-2","passphrase":"v2.login.passphrase.label"}"#,
            r#"{"password":"Passwort2","client_secret":"auth.client_secret.v1"}"#,
            r#"{"password":"vault:v1:8SDd3WHDOjf7mq69CyCq","client_secret":"arn:aws:secretsmanager:eu-1:1234:secret:x"}"#,
            r#"{"secretKey":"REDACTED_2026","signingSecret":"whsec_...a1b2c3d4"}"#,
            r#"{"passwordChangedAt":"2026-01-01T00:00:00Z"}"#,
        ] {
            assert!(!holds(text), "{text}");
        }
    }

    #[test]
    fn every_name_has_a_part_that_is_looked_for() {
        let found = |name: &str| PARTS.iter().any(|part| memmem::find(name.as_bytes(), part).is_some());
        assert!(NAMES.iter().copied().all(found));
    }
}
