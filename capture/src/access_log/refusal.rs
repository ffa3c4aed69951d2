//! Why a record is none, in words that show no secrets.

use super::fields::Value;
use crate::scalar::Scalar;

/// Why a line is no record.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is no JSON object.
    NotJson(serde_json::Error),
    /// A field that every exchange needs is not there, or not readable.
    Missing(&'static str, Vec<String>),
    /// A field for the time is there, by name, and what it holds, as far as it may be shown, is no time.
    NoTime(String, String),
    /// All that it names of the path is a route that fits any.
    OpenRoute,
    /// It is a request of a kind of line that has no time of its own.
    Untimed,
    /// What it logs as request is none: nothing, `-`, or TLS bytes on a plain port.
    NoRequest,
}

impl Refusal {
    /// The same of a format that has no names which could be missing.
    pub(super) fn untimed(self) -> Self {
        match self {
            Refusal::Missing("time", _) => Refusal::Untimed,
            other => other,
        }
    }
}

/// Whether a dotted name can only be what a programmer called a field: short words of letters. Digits, `@` and the like
/// are those of ids, tokens and addresses.
pub(super) fn is_plain_name(name: &str) -> bool {
    let word = |part: &str| {
        (1..=32).contains(&part.len())
            && part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.bytes().skip(1).all(|byte| byte.is_ascii_alphabetic() || b"_-".contains(&byte))
    };
    name.len() <= 64 && name.split('.').all(word)
}

/// A name, shortened.
pub(super) fn shown_name(name: &str) -> String {
    name.escape_debug().take(40).collect()
}

/// A value as a message may show it, shortened: a number as it is, a text, which may be a secret, by its shape only.
pub(super) fn shown_value(value: &Value<'_>) -> String {
    let shape = |c: char| match c {
        c if c.is_ascii_digit() => '0',
        c if c.is_alphabetic() => 'a',
        c if c.is_control() => ' ',
        c => c,
    };
    match value {
        Value::Scalar(Scalar::Text(text)) => {
            format!("a text like `{}`", text.chars().take(32).map(shape).collect::<String>())
        }
        // In exponent form a float of 300 digits is short.
        Value::Scalar(Scalar::Float(number)) => format!("{number:e}"),
        Value::Scalar(scalar) => scalar.clone().into_text().unwrap_or_default().chars().take(32).collect(),
        Value::Raw(_) => "a body".to_owned(),
    }
}
