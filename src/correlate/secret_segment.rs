//! Secrets in paths: what stands after `reset`, `invite` or `token` opens a door, however plain it looks.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::template::{entropy, singular};
use crate::model::{Model, Segment};

/// Words after which a path holds a secret. Plurals are not among them: `/tokens/7` is the seventh, no token.
const DOORS: [&str; 22] = [
    "activate",
    "activation",
    "apikey",
    "confirm",
    "confirmation",
    "invitation",
    "invite",
    "key",
    "magic",
    "magiclink",
    "otp",
    "passcode",
    "password",
    "recover",
    "recovery",
    "reset",
    "secret",
    "session",
    "token",
    "unsubscribe",
    "verification",
    "verify",
];

/// Shortest text that may be random.
pub(super) const SHORTEST_RANDOM: usize = 16;

/// Bits a character of what looks random, at least: 16 hex digits have some three.
const LEAST_ENTROPY: f64 = 2.9;

/// Letters of the longest of them.
const LONGEST_DOOR: usize = 12;

/// Words that follow such a word as part of the API. Hiding them would hide nothing.
const STEPS: [&str; 59] = [
    "accept",
    "active",
    "all",
    "auth",
    "cancel",
    "change",
    "check",
    "close",
    "code",
    "complete",
    "confirm",
    "count",
    "create",
    "current",
    "delete",
    "destroy",
    "done",
    "email",
    "end",
    "exchange",
    "extend",
    "failed",
    "forgot",
    "generate",
    "info",
    "introspect",
    "issue",
    "keepalive",
    "key",
    "keys",
    "link",
    "list",
    "login",
    "logout",
    "me",
    "mfa",
    "new",
    "open",
    "otp",
    "password",
    "phone",
    "ping",
    "policy",
    "refresh",
    "renew",
    "request",
    "resend",
    "reset",
    "revoke",
    "rotate",
    "send",
    "sms",
    "start",
    "status",
    "strength",
    "success",
    "token",
    "validate",
    "verify",
];

/// Whether a segment stands where a secret is expected: after a word that leads to one, and not as a step of the API.
pub(super) fn is_secret_segment(segment: &str, before: &str) -> bool {
    !segment.is_empty() && leads_to_secret(before) && !STEPS.iter().any(|step| step.eq_ignore_ascii_case(segment))
}

/// Whether a segment looks random and stands behind the plural of such a word (`/sessions/`, `/invitations/`), or is the
/// key of a type that is called so. A UUID is taken for an id: a credential that is one is told by whoever shows it.
pub(super) fn is_random_behind(segment: &str, before: &str) -> bool {
    let is_door = |word: &str| leads_to_secret(word) || word == "share";
    is_random(segment) && !before.starts_with('{') && is_door(&singular(before))
}

/// Letters and digits mixed, too long and too even for a word with a number.
fn is_random(text: &str) -> bool {
    let has = |f: fn(&u8) -> bool| text.bytes().any(|b| f(&b));
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let uuid =
        text.len() == 36 && text.bytes().enumerate().all(|(at, b)| (b == b'-') == matches!(at, 8 | 13 | 18 | 23));
    let mixed = plain && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    (SHORTEST_RANDOM..=512).contains(&text.len()) && mixed && !uuid && entropy(text.as_bytes()) >= LEAST_ENTROPY
}

fn leads_to_secret(word: &str) -> bool {
    // What stands for a value is behind the door already: `/tokens/{token}/use`.
    if word.starts_with('{') {
        return false;
    }
    let marks = ['-', '_', '.'];
    // `reset-password` and `verify_email` lead to one as `reset` does.
    is_door(word.bytes().filter(u8::is_ascii_alphanumeric))
        || word.contains(marks) && word.split(marks).any(|part| is_door(part.bytes()))
}

/// Whether the letters, in whatever case, are those of a door.
fn is_door(letters: impl Iterator<Item = u8>) -> bool {
    let mut word = [0; LONGEST_DOOR];
    let mut length = 0;
    for letter in letters {
        let Some(place) = word.get_mut(length) else { return false };
        *place = letter.to_ascii_lowercase();
        length += 1;
    }
    let word = word.get(..length).unwrap_or_default();
    DOORS.binary_search_by(|door| door.as_bytes().cmp(word)).is_ok()
}

/// Path parameters of a model that stand where a secret is expected, by name.
pub(super) fn secret_parameters(model: &Model) -> BTreeSet<Arc<str>> {
    let named = model.activities.iter().flat_map(|activity| &activity.matchers).map(|matcher| &matcher.template);
    let described =
        model.documents.iter().flat_map(|document| &document.operations).map(|operation| &operation.template);
    let pairs = named.chain(described).flat_map(|template| template.iter().zip(template.iter().skip(1)));
    let secret = pairs.filter_map(|(before, segment)| match before {
        Segment::Literal(word) if leads_to_secret(word) => Some(segment.parameters().cloned()),
        _ => None,
    });
    secret.flatten().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_follows_a_door_is_secret_unless_it_is_a_step() {
        for (before, segment) in [
            ("reset", "hunter2"),
            ("Reset-Password", "abc"),
            ("verify_email", "x1"),
            ("invite", "ABCD"),
            ("key", "k"),
            ("session", "42"),
            ("magic-link", "zz"),
        ] {
            assert!(is_secret_segment(segment, before), "{before}/{segment}");
        }
        for (before, segment) in [
            ("token", "refresh"),
            ("password", "reset"),
            ("tokens", "7"),
            ("orders", "reset"),
            ("reset", ""),
            ("keyboard", "1"),
        ] {
            assert!(!is_secret_segment(segment, before), "{before}/{segment}");
        }
    }

    #[test]
    fn what_looks_random_behind_a_plural_is_secret() {
        let token = "Ana7d8f9G0h1j2K3l4m5n6p7";
        for before in ["sessions", "tokens", "Invitations", "shares", "share", "magic-links", "api-keys"] {
            assert!(is_random_behind(token, before), "{before}");
        }
        for (before, segment) in [
            ("tokens", "7"),
            ("sessions", "session_000000001"),
            ("sessions", "9f1b2c3d-1111-4222-8333-123456789abc"),
            ("orders", token),
            ("{session}", token),
        ] {
            assert!(!is_random_behind(segment, before), "{before}/{segment}");
        }
    }

    /// What `leads_to_secret` and the steps say, put together word by word.
    fn plainly(segment: &str, before: &str) -> bool {
        let bare: String = before.chars().filter(char::is_ascii_alphanumeric).collect();
        let parts = before.split(['-', '_', '.']).map(str::to_owned);
        let door = parts.chain([bare]).any(|word| DOORS.contains(&word.to_ascii_lowercase().as_str()));
        !segment.is_empty() && door && !STEPS.contains(&segment.to_ascii_lowercase().as_str())
    }

    proptest! {
        #[test]
        fn words_are_compared_without_case_and_marks(
            before in "([a-zA-Zé]{0,3}[-_.]?)(reset|Magic-Link|api_key|k.e.y|TOKEN)?[-_.]?([a-zé]{0,2})",
            segment in "(Refresh|RESET|x1|)[é]?",
        ) {
            prop_assert_eq!(is_secret_segment(&segment, &before), plainly(&segment, &before));
        }
    }

    #[test]
    fn the_lists_are_sorted() {
        assert!(DOORS.is_sorted() && STEPS.is_sorted());
        assert_eq!(DOORS.iter().map(|door| door.len()).max(), Some(LONGEST_DOOR));
    }
}
