//! Redaction for outputs that show exchanges rather than events.

use std::borrow::Cow;
use std::sync::Arc;

use offpath_capture::{Call, Endpoint, Exchange};

use super::{Masker, Redaction, RedactionRules, pseudonym};
use crate::correlate::credential::HashKey;
use crate::correlate::exposed;
use crate::correlate::target::Target;
use crate::correlate::template::{Template, singular};
use offpath_capture::percent_decoded;

/// Longest name of a parameter, header or member that is shown.
const LONGEST_NAME: usize = 48;
/// Most digits of such a name: more are somebody's number.
const MOST_DIGITS: usize = 2;

/// Masks request targets, for outputs that show exchanges rather than events.
#[derive(Clone, Debug)]
pub struct Redactor {
    pub(super) masker: Masker,
}

impl Redactor {
    /// A redactor whose masks compare with those of events made with the same key.
    pub fn new(key: HashKey, level: Redaction) -> Redactor {
        Redactor { masker: Masker::new(key, level) }
    }

    /// The redactor with rules beside its level.
    #[must_use]
    pub fn with_rules(self, rules: Arc<RedactionRules>) -> Redactor {
        Redactor { masker: self.masker.with_rules(rules) }
    }

    /// The name of who acts.
    pub fn person<'a>(&self, name: &'a str) -> Cow<'a, str> {
        match self.masker.rules.persons() {
            Some(treatment) => Cow::Owned(self.masker.stands_for(treatment, name)),
            None => self.name(name),
        }
    }

    /// The host that a request names.
    pub fn host<'a>(&self, host: &'a str) -> Cow<'a, str> {
        match self.masker.rules.header("host") {
            Some((_, treatment)) => Cow::Owned(self.masker.stands_for(treatment, host)),
            None => self.name(host),
        }
    }

    /// The target as sent, with secret and personal path segments and query values masked. Nothing tells which words of
    /// a path are names, so [`Redaction::Hash`] leaves none of them, nor any value of the query.
    pub fn target(&self, target: &str) -> String {
        let masked = self.without_hidden_segments(self.masker.target(target));
        if self.masker.level != Redaction::Hash {
            return masked;
        }
        let (path, query) = masked.split_once('?').map_or((masked.as_str(), None), |(path, query)| (path, Some(query)));
        let hashed = |text: &str, plus| self.name(&percent_decoded(text, plus)).into_owned();
        let path: Vec<_> = path.split('/').map(|segment| hashed(segment, false)).collect();
        let pair = |pair: &str| match pair.split_once('=') {
            Some((name, value)) => format!("{name}={}", hashed(value, true)),
            None => hashed(pair, true),
        };
        let query = query.map(|query| query.split('&').map(pair).collect::<Vec<_>>().join("&"));
        path.join("/") + &query.map(|query| format!("?{query}")).unwrap_or_default()
    }

    /// The target of an exchange's request, where it has one: as [`Redactor::target`] shows it, without the credentials
    /// that the request or its answer shows in a header.
    pub fn target_of(&self, exchange: &Exchange) -> Option<String> {
        let shown = self.target(&exchange.request.as_ref()?.target);
        let ends = |c: char| matches!(c, '/' | '?' | '&' | '=' | ';' | ',');
        if !shown.split(ends).any(|word| word.len() >= exposed::SHORTEST) {
            return Some(shown);
        }
        let key = &self.masker.key;
        let credentials = exposed::in_headers(exchange, key);
        let mut out = String::with_capacity(shown.len());
        for part in shown.split_inclusive(ends) {
            let word = part.trim_end_matches(ends);
            match exposed::stands_for(&percent_decoded(word, false), key, |hash| credentials.contains(&hash)) {
                Some(mask) => out.push_str(&mask),
                None => out.push_str(word),
            }
            out.push_str(part.get(word.len()..).unwrap_or_default());
        }
        Some(out)
    }

    /// The method of a request, masked where it may hold a secret.
    pub fn method<'a>(&self, method: &'a str) -> Cow<'a, str> {
        self.masker.method(method)
    }

    /// A target without the segments of its path that rules hide: those that are called so by the word before them, as
    /// `inspect` guesses it, whether or not they look like a value.
    fn without_hidden_segments(&self, target: String) -> String {
        if self.masker.rules.is_empty() {
            return target;
        }
        let rules = &self.masker.rules;
        let is_hidden = |_: &str, word: &str| rules.named_after(&singular(word)).is_some();
        let template = Template::with(&Target::parse(&target).segments, is_hidden);
        let named = |decoded: &str| template.variables.iter().find(|variable| holds_word(decoded, &variable.value));
        let shown = |segment: &str| {
            let decoded = percent_decoded(segment, false);
            let rule = named(&decoded).and_then(|variable| rules.named_after(&variable.name));
            rule.map_or_else(|| segment.to_owned(), |treatment| self.masker.stands_for(treatment, &decoded))
        };
        let (path, query) = target.split_once('?').map_or((target.as_str(), None), |(path, query)| (path, Some(query)));
        let path = path.split('/').map(shown).collect::<Vec<_>>().join("/");
        path + &query.map(|query| format!("?{query}")).unwrap_or_default()
    }

    /// The name of what a call calls.
    pub fn operation(&self, call: &Call) -> Arc<str> {
        self.masker.operation(call)
    }

    /// A text that a client chose, with what is secret or personal in it masked; its pseudonym where names are hashed.
    pub fn text(&self, text: &str) -> String {
        self.name(&self.masker.text(text)).into_owned()
    }

    /// The name of a parameter, a header or a member of JSON, as far as it looks like one: `*` for what may be a value,
    /// its pseudonym where names are hashed.
    pub fn member<'a>(&self, name: &'a str) -> Cow<'a, str> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$' | b':' | b'[' | b']');
        let digits = name.bytes().filter(u8::is_ascii_digit).count();
        let is_name =
            !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(plain) && digits <= MOST_DIGITS;
        match self.masker.text(name) {
            Cow::Borrowed(name) if is_name => self.name(name),
            _ => Cow::Borrowed("*"),
        }
    }

    /// The name of a user, a host or an address: its pseudonym where names are hashed, else masked where it is personal
    /// data by its looks.
    pub fn name<'a>(&self, name: &'a str) -> Cow<'a, str> {
        match self.masker.level {
            Redaction::Hash => pseudonym(&self.masker.key, name),
            Redaction::Mask | Redaction::Keep => self.masker.text(name),
        }
    }

    /// An address and port; where names are hashed the address alone, so that it is the same on every connection.
    pub fn endpoint(&self, end: Endpoint) -> String {
        match self.masker.level {
            Redaction::Hash => self.name(&end.ip.to_string()).into_owned(),
            Redaction::Mask | Redaction::Keep => end.to_string(),
        }
    }

    /// The id of a connection in hex. It is a hash of addresses and times, which could be guessed from it; keyed where
    /// names are hashed.
    pub fn connection(&self, id: u64) -> String {
        let id = match self.masker.level {
            Redaction::Hash => self.masker.key.hash("connection", &[&id.to_be_bytes()]).to_u64(),
            Redaction::Mask | Redaction::Keep => id,
        };
        format!("{id:016x}")
    }

    /// A body's hash in hex, which would tell whether a guess at a short body is right; keyed where names are hashed.
    pub fn digest(&self, digest: &[u8; 32]) -> String {
        match self.masker.level {
            Redaction::Hash => self.masker.key.hash("digest", &[digest]).to_string(),
            Redaction::Mask | Redaction::Keep => hex(digest),
        }
    }
}

/// Whether a segment is a value, or holds it as one of its words: `4000.json`.
fn holds_word(segment: &str, value: &str) -> bool {
    let alone = |at: usize| {
        let before = segment.get(..at).is_some_and(|before| before.ends_with(char::is_alphanumeric));
        let after = segment.get(at + value.len()..).is_some_and(|after| after.starts_with(char::is_alphanumeric));
        !before && !after
    };
    !value.is_empty() && segment.match_indices(value).any(|(at, _)| alone(at))
}

/// Two hex digits a byte.
fn hex(bytes: &[u8; 32]) -> String {
    let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' - 10 + half };
    let pairs = bytes.map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    std::str::from_utf8(pairs.as_flattened()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_two_digits() {
        for start in (0..=255_u8).step_by(32) {
            let bytes: [u8; 32] = std::array::from_fn(|at| start + at as u8);
            assert_eq!(hex(&bytes), bytes.map(|byte| format!("{byte:02x}")).concat());
        }
    }
}
