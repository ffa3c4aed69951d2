//! Secrets in paths: what stands after `reset`, `invite` or `token` opens a door, however plain it looks.

use std::collections::BTreeSet;
use std::sync::Arc;

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
    !segment.is_empty() && leads_to_secret(before) && !STEPS.contains(&segment.to_ascii_lowercase().as_str())
}

fn leads_to_secret(word: &str) -> bool {
    // What stands for a value is behind the door already: `/tokens/{token}/use`.
    if word.starts_with('{') {
        return false;
    }
    let bare: String = word.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
    // `reset-password` and `verify_email` lead to one as `reset` does.
    DOORS.contains(&bare.as_str()) || word.split(['-', '_', '.']).any(|part| DOORS.contains(&lower(part).as_str()))
}

fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// Path parameters of a model that stand where a secret is expected, by name.
pub(super) fn secret_parameters(model: &Model) -> BTreeSet<Arc<str>> {
    let templates = model.activities.iter().flat_map(|activity| &activity.matchers).map(|matcher| &matcher.template);
    let pairs = templates.flat_map(|template| template.iter().zip(template.iter().skip(1)));
    let secret = pairs.filter_map(|pair| match pair {
        (Segment::Literal(word), Segment::Parameter(name)) if leads_to_secret(word) => Some(Arc::clone(name)),
        _ => None,
    });
    secret.collect()
}

#[cfg(test)]
mod tests {
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
    fn the_lists_are_sorted() {
        assert!(DOORS.is_sorted() && STEPS.is_sorted());
    }
}
