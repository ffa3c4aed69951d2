//! What of a body changes with each try of one request: the moment of sending, a trace, the number of the try.

use serde_json::{Map, Value};

use crate::event::rfc3339;

/// Longest body that is looked into.
const LONGEST: usize = 64 * 1024;
/// Microseconds around the request within which an instant in its body is that of sending it.
const NOW: i64 = 60_000_000;

/// Fields that name the try and not what is asked for, in lower case and without `_` and `-`.
/// A `nonce` may be a card's, a `requestId` that of a request for leave.
const NAMES: [&str; 10] = [
    "ts",
    "timestamp",
    "clientts",
    "clienttimestamp",
    "clienttime",
    "sentat",
    "traceid",
    "traceparent",
    "retry",
    "retrycount",
];

/// A JSON object without such fields, in one spelling; `None` for a body that has none of them.
pub(super) fn without(body: &[u8], time: i64) -> Option<Vec<u8>> {
    let body = body.trim_ascii();
    if body.len() > LONGEST || body.first() != Some(&b'{') {
        return None;
    }
    let mut fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let all = fields.len();
    fields.retain(|name, value| !is_of_the_try(name, value, time));
    if fields.len() == all { None } else { serde_json::to_vec(&fields).ok() }
}

fn is_of_the_try(name: &str, value: &Value, time: i64) -> bool {
    let plain: String = name.chars().filter(|c| !matches!(c, '_' | '-')).collect::<String>().to_ascii_lowercase();
    let now = match value {
        Value::Number(number) => number.as_f64().is_some_and(|number| is_now(number, time)),
        Value::String(text) => [time - NOW, time, time + NOW].iter().any(|near| {
            let minute = rfc3339(*near);
            minute.get(..16).is_some_and(|minute| text.starts_with(minute))
        }),
        _ => false,
    };
    now || NAMES.contains(&plain.as_str())
}

/// Whether a number is the request's time in seconds, milliseconds or microseconds.
fn is_now(number: f64, time: i64) -> bool {
    [1e6, 1e3, 1.0].iter().any(|unit| (number * unit - time as f64).abs() <= NOW as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-09-01 10:00:00 UTC.
    const TIME: i64 = 1_788_256_800_000_000;

    fn same(one: &str, other: &str) -> bool {
        let rest = |body: &str| without(body.as_bytes(), TIME).unwrap_or_else(|| body.into());
        rest(one) == rest(other)
    }

    #[test]
    fn a_later_try_asks_for_the_same() {
        assert!(same(r#"{"amount":5,"ts":2}"#, r#"{"ts":3, "amount":5}"#));
        assert!(same(r#"{"amount":5,"clientTime":"x","n":1788256801}"#, r#"{"amount":5,"n":1788256805.25}"#));
        assert!(same(r#"{"at":"2026-09-01T10:00:01Z"}"#, r#"{"at":"2026-09-01T10:01:01.5Z"}"#));
    }

    #[test]
    fn other_content_is_other_content() {
        assert!(!same(r#"{"amount":5,"ts":2}"#, r#"{"amount":6,"ts":2}"#));
        assert!(!same(r#"{"amount":5}"#, r#"{"amount":6}"#));
        for name in ["request_id", "nonce", "correlationId", "requestedAt", "attempt"] {
            let body = |value: &str| format!(r#"{{"amount":5,"{name}":"{value}"}}"#);
            assert!(!same(&body("r1"), &body("r2")), "{name}");
        }
        assert!(!same(r#"{"card":"a","nonce":1}"#, r#"{"card":"b","nonce":1}"#));
        assert!(!same(r#"{"at":"2026-09-02T18:00:00Z"}"#, r#"{"at":"2026-09-02T20:00:00Z"}"#), "a booking");
        assert_eq!(without(b"amount=5", TIME), None);
        assert_eq!(without(b"{broken", TIME), None);
    }
}
