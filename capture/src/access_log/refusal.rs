//! Why a record is none, in words that show no secrets.

use super::convention::Convention;
use super::fields::{Fields, Value, is_nothing};
use super::line::METHODS;
use super::meaning::{self, Slot};
use crate::clock;
use crate::scalar::Scalar;

/// Names of fields that a message shows.
const SHOWN_NAMES: usize = 12;

/// Why a line is no record.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is no JSON object.
    NotJson(serde_json::Error),
    /// A field that every exchange needs is not there, or not readable.
    Missing(&'static str, Names),
    /// As [`Refusal::Missing`], of a mapping: the places that it names for what is missing, the field that was perhaps
    /// meant, all fields.
    Unmapped { what: &'static str, places: Vec<String>, near: Option<String>, names: Vec<String> },
    /// It has none of the fields that tell of a request, as lines of a program's own log have not; whether what it holds
    /// looks like one all the same.
    OfNoRequest(Names, bool),
    /// A field for the time is there, by name, and what it holds, as far as it may be shown, is no time.
    NoTime(String, String),
    /// All that it names of the path is a route that fits any.
    OpenRoute,
    /// It is a request of a kind of line that has no time of its own.
    Untimed,
    /// What it logs as request is none: nothing, `-`, or TLS bytes on a plain port.
    NoRequest,
}

/// The fields that a record has.
#[derive(Debug)]
pub(super) struct Names {
    /// Their names, as far as they may be shown.
    pub(super) shown: Vec<String>,
    /// How to name those that look like what is missing.
    pub(super) guess: Option<String>,
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

/// What HAProxy logs in the place of a request line that is none.
const HAPROXY_UNREADABLE: &str = "<BADREQ>";

/// Why a record is refused.
impl Fields<'_, '_> {
    /// A server that got no readable request logs an empty method or request line, which is not the same as a
    /// record without such a field.
    pub(super) fn no_method(&self) -> Refusal {
        let named = [Slot::Method, Slot::RequestLine].iter().filter_map(|slot| *self.slots.get(*slot as usize)?);
        let texts = named.filter_map(|(_, index)| match &self.list.get(index)?.value {
            Value::Scalar(scalar) => scalar.text(),
            Value::Raw(_) => None,
        });
        let known = self.convention.is_some();
        let mut unreadable = texts
            .filter(|text| known || is_nothing(text) || *text == HAPROXY_UNREADABLE || text.contains(char::is_control));
        if self.null_method || unreadable.next().is_some() {
            return Refusal::NoRequest;
        }
        let telling = [Slot::Method, Slot::RequestLine, Slot::Target, Slot::Query, Slot::Route, Slot::Status];
        // Serilog puts the path of the request that is being answered on all that a program logs meanwhile.
        let beside = self.convention == Some(Convention::Serilog);
        let tells = !beside && telling.iter().any(|slot| self.slots.get(*slot as usize).is_some_and(Option::is_some));
        match self.missing("method") {
            Refusal::Missing(_, names) if !tells => Refusal::OfNoRequest(names, self.looks_like_request()),
            other => other,
        }
    }

    /// Whether some value is a method, or begins a request line; one in small letters, which may be any word, only beside
    /// one that may be a path.
    fn looks_like_request(&self) -> bool {
        let texts = || {
            self.list.iter().filter_map(|field| match &field.value {
                Value::Scalar(scalar) => scalar.text(),
                Value::Raw(_) => None,
            })
        };
        let first = |text: &str| text.split_whitespace().next().unwrap_or_default().to_owned();
        let lines =
            |text: &str| text.trim_start().split_once(' ').is_some_and(|(_, rest)| rest.trim_start().starts_with('/'));
        let alone = |text: &str| !text.trim().contains(char::is_whitespace);
        let is_method = |text: &str| METHODS.contains(&first(text).as_str()) && (alone(text) || lines(text));
        let in_small = |text: &str| alone(text) && METHODS.contains(&first(text).to_ascii_uppercase().as_str());
        let is_path = |text: &str| text.trim().starts_with('/') && alone(text);
        texts().any(is_method) || texts().any(in_small) && texts().any(is_path)
    }

    /// Tells a time that cannot be read from a record that names none.
    pub(super) fn no_time(&self) -> Refusal {
        let slots = [Slot::Start, Slot::Logged, Slot::End, Slot::Date];
        let mut named = slots.iter().filter_map(|slot| self.list.get((*self.slots.get(*slot as usize)?)?.1));
        match named.next() {
            Some(field) => Refusal::NoTime(shown_name(self.name_of(field)), shown_value(&field.value)),
            None => self.missing("time"),
        }
    }

    /// Says which fields there are, by names alone that tell nothing else: values may be secrets, and so may the names
    /// that a program took from its data.
    pub(super) fn missing(&self, what: &'static str) -> Refusal {
        let mut names: Vec<String> = Vec::new();
        let (mut last, mut more) = ("", 0_u64);
        // What may be sought comes first: it is not to be among those that there is no room for.
        let is_time =
            |value: &Value<'_>| matches!(value, Value::Scalar(Scalar::Text(text)) if clock::parse(text).is_some());
        let (likely, others): (Vec<_>, Vec<_>) =
            self.list.iter().partition(|field| what == "time" && is_time(&field.value));
        for name in likely.into_iter().chain(others).map(|field| self.name_of(field)) {
            // The elements of an array have one name.
            if std::mem::replace(&mut last, name) == name {
                continue;
            }
            let known = || self.table.get(&meaning::normal(name)).is_some();
            if names.len() < SHOWN_NAMES && (is_plain_name(name) || known()) {
                names.push(shown_name(name));
            } else {
                more += 1;
            }
        }
        if more > 0 {
            names.push(format!("{more} more"));
        }
        Refusal::Missing(what, Names { shown: names, guess: self.guess() })
    }
}

/// Whether a dotted name can only be what a programmer called a field: short words of letters, perhaps behind an `@`.
/// Digits, `@` within and the like are those of ids, tokens and addresses.
pub(super) fn is_plain_name(name: &str) -> bool {
    let word = |part: &str| {
        (1..=32).contains(&part.len())
            && part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.bytes().skip(1).all(|byte| byte.is_ascii_alphabetic() || b"_-".contains(&byte))
    };
    name.len() <= 64 && name.split('.').all(|part| word(part.strip_prefix('@').unwrap_or(part)))
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
