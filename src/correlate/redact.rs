//! Redaction: personal and secret values become masks that stay equal when the values are.

mod caught;
mod head;
mod national;
mod redactor;
mod rule;
mod shape;
mod structured;
#[cfg(test)]
mod tests;

pub use head::ShownHeader;
pub use redactor::Redactor;
pub(super) use rule::Treatment;
pub use rule::{RedactionRule, RedactionRules};

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use offpath_capture::{Call, CallProtocol};

pub(super) use shape::Shape;
use shape::is_card;

use super::credential::{self, HashKey};
use super::secret_segment::{is_random_behind, is_secret_segment};
use super::target::is_placeholder;
use crate::event::Value;
use crate::model::{Path, Root};

/// Longest method of capital letters that is no secret by its looks; those that are registered have at most 17.
const PLAIN_METHOD: usize = 17;
/// Longest text that is kept as it is.
const LONGEST: usize = 512;
/// Shortest text with something to mask in it that no rule asks for, besides addresses and telephone numbers: an IBAN; and
/// fewest digits in a shorter one: those of a card.
const SHORTEST: usize = 15;
const FEWEST_DIGITS: usize = 13;

/// Longest number in groups: an IBAN of 34 with its spaces.
const LONGEST_GROUPED: usize = 48;
/// Shortest name that is taken for a document's hash.
const SHORTEST_HASH: usize = 32;
/// Longest name of a tool.
const LONGEST_TOOL: usize = 256;

/// Whether a character stands between words.
fn is_delimiter(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | ',' | ';' | ':' | '<' | '>' | '"' | '\'' | '=' | '/' | '|')
        || matches!(c, '(' | ')' | '[' | ']' | '{' | '}')
}

/// How much of names and personal data outputs show. Credentials are keyed hashes at every level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Redaction {
    /// Personal data is masked by name and look; names of actors and keys of objects stay.
    #[default]
    Mask,
    /// Names of actors and keys of objects become keyed pseudonyms too.
    Hash,
    /// Personal data stays; credentials, card numbers and other secrets do not.
    Keep,
}

impl Redaction {
    /// Name used in outputs and options.
    pub fn as_str(self) -> &'static str {
        match self {
            Redaction::Mask => "mask",
            Redaction::Hash => "hash",
            Redaction::Keep => "keep",
        }
    }
}

/// Masks e-mail addresses, phone and card numbers, IBANs, tokens and other secrets.
#[derive(Clone, Debug)]
pub(super) struct Masker {
    key: HashKey,
    level: Redaction,
    /// Path parameters of the model that hold a secret by their place.
    secret_parameters: BTreeSet<Arc<str>>,
    rules: Arc<RedactionRules>,
    /// Shapes that are looked for, in the order in which a word is asked, and what becomes of them.
    shapes: Vec<(Shape, Treatment)>,
    /// Whether shapes are among them that ordinary numbers have.
    shapes_by_option: bool,
}

impl Masker {
    pub(super) fn new(key: HashKey, level: Redaction) -> Masker {
        let masker = Masker {
            key,
            level,
            secret_parameters: BTreeSet::new(),
            rules: Arc::default(),
            shapes: Vec::new(),
            shapes_by_option: false,
        };
        masker.with_rules(Arc::default())
    }

    /// The masker with rules beside its level. Those for shapes hold wherever a value stands, so that equal values stay
    /// equal; those for names in what is shown of a target, and [`Pseudonyms`](super::Pseudonyms) see to the rest.
    pub(super) fn with_rules(self, rules: Arc<RedactionRules>) -> Masker {
        let shown = |shape: Shape| shape.is_by_option() || self.keeps() && !shape.is_secret();
        let treatment = |shape| match rules.shape(shape) {
            Some((_, treatment)) => treatment,
            None if shown(shape) => Treatment::Keep,
            None => Treatment::Mask,
        };
        let shapes = Shape::ALL.into_iter().map(|(_, shape)| (shape, treatment(shape)));
        let shapes: Vec<(Shape, Treatment)> = shapes.filter(|(_, treatment)| *treatment != Treatment::Keep).collect();
        let shapes_by_option = shapes.iter().any(|(shape, _)| shape.is_by_option());
        Masker { rules, shapes, shapes_by_option, ..self }
    }

    /// The masker with path parameters whose values are secret.
    pub(super) fn with_secret_parameters(self, secret_parameters: BTreeSet<Arc<str>>) -> Masker {
        Masker { secret_parameters, ..self }
    }

    /// Whether a rule hides values at a place by one of its names: `req.customer.ref`.
    pub(super) fn hides_key(&self, place: &str) -> bool {
        self.rules.keys(place.split('.')).is_some()
    }

    fn keeps(&self) -> bool {
        self.level == Redaction::Keep
    }

    /// Whether the value at a path is a secret by the path's name, or by its place in a path template.
    pub(super) fn is_secret_path(&self, path: &Path) -> bool {
        let placed = || {
            path.root == Root::PathParameter && path.fields.first().is_some_and(|f| self.secret_parameters.contains(f))
        };
        is_secret_path(path) || placed()
    }

    /// The text with every sensitive word masked; unchanged text is borrowed.
    pub(super) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if text.len() > LONGEST && !self.keeps() {
            return Cow::Owned(self.mask("long", text));
        }
        if self.is_plain(text) {
            return Cow::Borrowed(text);
        }
        if let Some(masked) = self.word(text) {
            return Cow::Owned(masked);
        }
        if !text.contains(is_delimiter) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let (mut rest, mut changed) = (text, false);
        while !rest.is_empty() {
            // Numbers in groups first: splitting would take them apart.
            let (end, masked) = match self.group(rest) {
                Some((end, masked)) => (end, Some(masked)),
                None => {
                    let end = rest.find(is_delimiter).unwrap_or(rest.len());
                    (end, rest.get(..end).and_then(|word| self.word(word)))
                }
            };
            changed |= masked.is_some();
            out.push_str(masked.as_deref().or(rest.get(..end)).unwrap_or_default());
            rest = rest.get(end..).unwrap_or_default();
            let next = rest.find(|c| !is_delimiter(c)).unwrap_or(rest.len());
            out.push_str(rest.get(..next).unwrap_or_default());
            rest = rest.get(next..).unwrap_or_default();
        }
        if changed { Cow::Owned(out) } else { Cow::Borrowed(text) }
    }

    /// Whether a text is so short that nothing in it can have a shape that is looked for: most are.
    fn is_plain(&self, text: &str) -> bool {
        text.len() < 5
            || text.len() < SHORTEST
                && !self.shapes_by_option
                && text.bytes().filter(u8::is_ascii_digit).count() < FEWEST_DIGITS
                && !text.bytes().any(|b| matches!(b, b'@' | b'+'))
    }

    /// A card number, IBAN or phone number in groups at the start of a text: where it ends, and its mask.
    fn group(&self, text: &str) -> Option<(usize, String)> {
        let run = text.get(..grouped(text.bytes()))?;
        let bounds = run.char_indices().filter(|(_, c)| !c.is_ascii_alphanumeric()).map(|(at, _)| at);
        let mut ends: Vec<usize> = bounds.collect();
        if !text.get(run.len()..)?.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            ends.push(run.len());
        }
        ends.into_iter().rev().find_map(|end| {
            let found = run.get(..end).filter(|f| f.ends_with(|c: char| c.is_ascii_alphanumeric()))?;
            let plain: String = found.chars().filter(char::is_ascii_alphanumeric).collect();
            // Groups of a card have three digits or more; those of a date do not.
            let wide = found.split([' ', '-']).all(|group| group.len() >= 3);
            let is = |shape: Shape| match shape {
                Shape::Card | Shape::Pan => wide && shape.is(found),
                Shape::Iban => found.bytes().all(|b| b == b' ' || b.is_ascii_alphanumeric()) && shape.is(&plain),
                shape => shape.has_groups() && shape.is(found),
            };
            let (shape, treatment) = self.shapes.iter().find(|(shape, _)| is(*shape))?;
            Some((end, self.hidden(*shape, *treatment, &plain)))
        })
    }

    /// The text as a shared string, masked.
    pub(super) fn shared(&self, text: &str) -> Arc<str> {
        Arc::from(&*self.text(text))
    }

    /// The name of what a call calls, without what a client may have put into it. A document's hash is no secret.
    pub(super) fn operation(&self, call: &Call) -> Arc<str> {
        let operation = call.operation();
        let hex = call.name.len() >= SHORTEST_HASH && call.name.bytes().all(|b| b.is_ascii_hexdigit());
        if matches!(call.protocol, CallProtocol::Graphql) && hex {
            return operation.into();
        }
        self.without_cards(&self.text(&operation)).into()
    }

    /// The name of a tool as outputs show it, as long as a call's name may be.
    pub(super) fn tool(&self, name: &str) -> Arc<str> {
        let name: String = name.chars().take(LONGEST_TOOL).map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.without_cards(&self.text(&name)).into()
    }

    /// The text with card numbers masked wherever they stand: `pay_4111111111111111` is one name.
    fn without_cards(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for part in text.split_inclusive(|c: char| !c.is_ascii_digit()) {
            let digits = part.trim_end_matches(|c: char| !c.is_ascii_digit());
            let (digits, rest) = part.split_at_checked(digits.len()).unwrap_or((part, ""));
            if is_card(digits) {
                out.push_str(&self.mask("card", digits))
            } else {
                out.push_str(digits)
            }
            out.push_str(rest);
        }
        out
    }

    /// A value that was read at a path: secrets by name are masked whatever they look like.
    pub(super) fn named(&self, path: &Path, value: Value) -> Value {
        match value {
            value if self.is_secret_path(path) || is_secret_value(path, &value) => self.secret(value),
            // A target, or a header or log field that quotes one, holds parameters with names of their own.
            Value::Text(text) if is_target(path, &text) => Value::Text(self.target(&text).into()),
            value => self.value(value),
        }
    }

    /// A text that was read at a path, masked as `named` does.
    pub(super) fn named_text(&self, path: &Path, text: &Arc<str>) -> Arc<str> {
        match self.named(path, Value::Text(text.clone())) {
            Value::Text(masked) => masked,
            other => other.to_string().into(),
        }
    }

    /// The mask of a text that is a secret whatever it looks like.
    pub(super) fn secret_text(&self, text: &str) -> Arc<str> {
        self.mask("secret", text).into()
    }

    /// A request target with secret and personal path segments and query values masked.
    fn target(&self, target: &str) -> String {
        let target = target.split('#').next().unwrap_or_default();
        let target = &*without_user(target);
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let mut out = self.masked_path(path);
        let secrets = query.map(|query| self.secret_variables(query)).unwrap_or_default();
        for (i, raw) in query.into_iter().flat_map(|query| query.split('&')).enumerate() {
            out.push(if i == 0 { '?' } else { '&' });
            out.push_str(&self.parameter(raw, &secrets));
        }
        out
    }

    fn parameter<'a>(&self, raw: &'a str, secrets: &BTreeSet<String>) -> Cow<'a, str> {
        let Some((name, value)) = raw.split_once('=') else { return self.text(raw) };
        let decoded = offpath_capture::percent_decoded(value, true);
        let name_text = offpath_capture::percent_decoded(name, true);
        let masked = if credential::is_secret_parameter(&name_text, &decoded) {
            self.mask("secret", &decoded)
        } else if let Some((_, treatment)) = self.rules.key(&name_text) {
            self.stands_for(treatment, &decoded)
        } else {
            match self.parts(&name_text, &decoded, secrets) {
                Cow::Borrowed(_) => return Cow::Borrowed(raw),
                Cow::Owned(masked) => masked,
            }
        };
        Cow::Owned(format!("{name}={masked}"))
    }

    /// A value of a query string. JSON and GraphQL are masked part by part; where that cannot be read, nothing is shown.
    fn parts<'a>(&self, name: &str, value: &'a str, secrets: &BTreeSet<String>) -> Cow<'a, str> {
        let holds = structured::is_structured(value);
        if !holds || value.len() > LONGEST && !self.keeps() {
            return self.text(value);
        }
        match structured::masked(self, value, secrets) {
            Some(Cow::Borrowed(_)) => Cow::Borrowed(value),
            // It stands in a query string.
            Some(Cow::Owned(masked)) => Cow::Owned(masked.replace('&', "%26")),
            None if STRUCTURED.contains(&name) || value.trim_start().starts_with(['{', '[']) => {
                Cow::Owned(self.mask("secret", value))
            }
            None => self.text(value),
        }
    }

    /// The variables of a GraphQL document in a query string that are given to secrets.
    fn secret_variables(&self, query: &str) -> BTreeSet<String> {
        let document = query.split('&').find_map(|raw| raw.strip_prefix("query="));
        let document = document.filter(|raw| raw.len() <= 4 * LONGEST);
        let document = document.map(|raw| offpath_capture::percent_decoded(raw, true));
        let document = document.filter(|text| text.contains('$'));
        document.map(|text| structured::secret_variables(self, &text)).unwrap_or_default()
    }

    /// A value with every text in it masked by its look.
    pub(super) fn value(&self, value: Value) -> Value {
        match value {
            Value::Text(text) => match self.text(&text) {
                Cow::Borrowed(_) => Value::Text(text),
                Cow::Owned(masked) => Value::Text(masked.into()),
            },
            // A card number may be sent as a JSON number.
            Value::Number(number) => match self.word(&number.to_string()) {
                Some(masked) => Value::Text(masked.into()),
                None => Value::Number(number),
            },
            Value::List(items) => Value::List(items.into_iter().map(|v| self.value(v)).collect()),
            other => other,
        }
    }

    /// An address as it may be shown.
    pub(super) fn address(&self, address: IpAddr) -> Arc<str> {
        let text = address.to_string();
        if self.level == Redaction::Hash { pseudonym(&self.key, &text).into() } else { text.into() }
    }

    fn secret(&self, value: Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value,
            Value::List(items) => Value::List(items.into_iter().map(|v| self.secret(v)).collect()),
            other => Value::Text(self.mask("secret", &other.to_string()).into()),
        }
    }

    /// The method of a request: whoever sends it chooses it, so one that is no plain word may hold a secret.
    pub(super) fn method<'a>(&self, method: &'a str) -> Cow<'a, str> {
        let plain = method.len() <= PLAIN_METHOD && method.bytes().all(|byte| byte.is_ascii_uppercase());
        if plain {
            return Cow::Borrowed(method);
        }
        // No registered method has a digit.
        let has = |is: fn(&u8) -> bool| method.as_bytes().iter().any(is);
        if has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) && !is_stand_in(method) {
            return Cow::Owned(self.mask("method", method));
        }
        self.text(method)
    }

    /// The path of a request with secret and personal segments masked; others stay as they were sent.
    pub(super) fn path(&self, path: &str) -> Arc<str> {
        self.masked_path(path).into()
    }

    fn masked_path(&self, path: &str) -> String {
        let mut out = String::with_capacity(path.len());
        let mut before = Cow::Borrowed("");
        for (i, raw) in path.split('/').enumerate() {
            if i > 0 {
                out.push('/');
            }
            let (plain, matrix) = raw.split_once(';').map_or((raw, None), |(p, m)| (p, Some(m)));
            let decoded = offpath_capture::percent_decoded(plain, false);
            match self.segment(&decoded, &before) {
                Some(masked) => out.push_str(&masked),
                None => out.push_str(plain),
            }
            if let Some(matrix) = matrix {
                // A session id in the path is the usual matrix parameter.
                out.push_str(";[secret#");
                out.push_str(&self.key.hash("mask", &[matrix.as_bytes()]).short());
                out.push(']');
            }
            // An empty segment hides nothing: `/reset//x` is `/reset/x` to most servers.
            if !decoded.is_empty() {
                before = decoded;
            }
        }
        if out.len() > 4 * LONGEST { self.mask("long", &out) } else { out }
    }

    fn segment(&self, segment: &str, before: &str) -> Option<String> {
        let secret = is_secret_segment(segment, before) || is_random_behind(segment, before);
        if secret && !is_placeholder(segment) {
            return Some(self.mask("secret", segment));
        }
        match self.text(segment) {
            Cow::Borrowed(_) => None,
            Cow::Owned(masked) => Some(masked),
        }
    }

    /// What stands for one word, when it is sensitive.
    fn word(&self, word: &str) -> Option<String> {
        if self.is_plain(word) {
            return None;
        }
        let (shape, treatment) = self.shapes.iter().find(|(shape, _)| shape.is(word))?;
        let plain: Cow<'_, str> = match shape {
            Shape::Jwt | Shape::Token => word.into(),
            // Addresses differ by case in no mail system in use.
            Shape::Email if *treatment == Treatment::Mask && self.level != Redaction::Hash => {
                return self.email(word);
            }
            Shape::Email => word.to_lowercase().into(),
            // A number is the same in groups.
            _ => word.chars().filter(char::is_ascii_alphanumeric).collect(),
        };
        Some(self.hidden(*shape, *treatment, &plain))
    }

    /// An address of which the first letter and the domain are left.
    fn email(&self, word: &str) -> Option<String> {
        let (local, domain) = word.split_once('@')?;
        let first = local.chars().next()?;
        let hash = self.key.hash("mask", &[word.to_lowercase().as_bytes()]).short();
        Some(format!("{first}…@{domain}#{hash}"))
    }

    fn hidden(&self, shape: Shape, treatment: Treatment, plain: &str) -> String {
        match treatment {
            Treatment::Hash => pseudonym(&self.key, plain).into_owned(),
            Treatment::Mask | Treatment::Keep => self.mask(shape.mask(), plain),
        }
    }

    /// What stands for a value that a rule hides by its name.
    fn stands_for(&self, treatment: Treatment, text: &str) -> String {
        stands_for(&self.key, treatment, text)
    }

    fn mask(&self, kind: &str, text: &str) -> String {
        mask(&self.key, kind, text)
    }
}

/// A mask that is the same for equal texts: `[secret#1f3a9c0b77d2]`.
pub(super) fn mask(key: &HashKey, kind: &str, text: &str) -> String {
    format!("[{kind}#{}]", key.hash("mask", &[text.as_bytes()]).short())
}

/// Length of what a number in groups may consist of, at the start of a text; no more is looked at than one may be long.
fn grouped(bytes: impl Iterator<Item = u8>) -> usize {
    bytes.take(LONGEST_GROUPED).take_while(|b| b.is_ascii_alphanumeric() || b" -.()+".contains(b)).count()
}

/// `p` and 12 hex digits for a name; the same wherever the name stands. Masks and pseudonyms stay as they are.
pub(super) fn pseudonym<'a>(key: &HashKey, name: &'a str) -> Cow<'a, str> {
    if name.is_empty() || is_stand_in(name) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(format!("p{}", key.hash("name", &[name.as_bytes()]).short()))
}

/// What stands for a value under a treatment that hides it; the same wherever the value stands.
pub(super) fn stands_for(key: &HashKey, treatment: Treatment, text: &str) -> String {
    match treatment {
        Treatment::Hash => pseudonym(key, text).into_owned(),
        Treatment::Mask | Treatment::Keep if is_stand_in(text) => text.to_owned(),
        Treatment::Mask | Treatment::Keep => format!("[hidden#{}]", key.hash("mask", &[text.as_bytes()]).short()),
    }
}

/// Whether a text is a keyed hash already: `[card#1f3a9c0b77d2]`, `session:1f3a9c0b77d2`.
fn is_stand_in(text: &str) -> bool {
    let hex = |hex: &str| hex.len() == 12 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).and_then(|inner| inner.split_once('#'));
    let mask = inner.is_some_and(|(kind, tail)| MASKS.contains(&kind) && hex(tail));
    mask || text.split_once(':').is_some_and(|(kind, tail)| PSEUDONYMS.contains(&kind) && hex(tail))
}

/// A target, or a URL, without the user and password before its host.
fn without_user(target: &str) -> Cow<'_, str> {
    // In a path or a query it is a URL's of somebody else.
    let begin = target.find("://").filter(|at| target.find(['/', '?']).is_none_or(|first| *at < first));
    let begin = begin.map_or(0, |at| at + 3);
    let (scheme, rest) = target.split_at_checked(begin).unwrap_or(("", target));
    let (authority, path) = rest.split_at_checked(rest.find(['/', '?']).unwrap_or(rest.len())).unwrap_or((rest, ""));
    match authority.rsplit_once('@') {
        Some((_, host)) => Cow::Owned(format!("{scheme}{host}{path}")),
        None => Cow::Borrowed(target),
    }
}

/// Parameters that hold JSON or GraphQL (GraphQL over HTTP).
const STRUCTURED: [&str; 3] = ["query", "variables", "extensions"];

/// Kinds of masks.
const MASKS: [&str; 9] = ["card", "email", "hidden", "iban", "id", "long", "method", "phone", "secret"];
/// Kinds of pseudonyms of actors that have no name.
const PSEUDONYMS: [&str; 4] = ["addr", "client", "key", "session"];

/// Whether a value is a request target, or a URL in a header or log field.
fn is_target(path: &Path, text: &str) -> bool {
    match path.root {
        Root::Message => &*path.text == "target",
        Root::RequestHeader | Root::ResponseHeader | Root::Log => text.contains('?') && text.contains('='),
        _ => false,
    }
}

/// Whether the value at a path is a secret by the path's name, for its own looks.
fn is_secret_value(path: &Path, value: &Value) -> bool {
    let asked = matches!(path.root, Root::RequestHeader | Root::ResponseHeader | Root::Query);
    asked && matches!(value, Value::Text(text) if credential::is_secret_parameter(last_field(path), text))
}

fn last_field(path: &Path) -> &str {
    path.fields.iter().rev().find(|f| &***f != "*").map(|f| &**f).unwrap_or_default()
}

/// Whether the value at a path is a secret by the path's name.
fn is_secret_path(path: &Path) -> bool {
    let last = last_field(path);
    match path.root {
        Root::Cookie => true,
        Root::RequestHeader | Root::ResponseHeader | Root::Query => credential::is_secret_name(last),
        _ => credential::is_secret_field(last),
    }
}
