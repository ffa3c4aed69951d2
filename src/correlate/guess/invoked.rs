//! What a request says that is to be done, where its path does not name one thing: `POST /createTicket`,
//! `POST /orders.php?action=cancel`, `{"action": "closeCase"}`.

use memchr::memmem;
use offpath_capture::Request;
use serde_json::{Map, Value as Json};

use crate::correlate::body::{is_form, is_json};
use crate::correlate::redact::Masker;
use crate::correlate::target::{Target, pairs};
use crate::correlate::template::{Template, singular};
use crate::event::procedure::{self, Procedure};

/// Names of parameters, and of members of bodies, that say what is to be done.
const NAMES: [&str; 8] = ["action", "command", "cmd", "operation", "op", "act", "do", "func"];
/// The one that says so whatever its value.
const PLAINLY: &str = "action";
/// Longest value, and longest body that is read for one.
const LONGEST: usize = 40;
const LONGEST_BODY: usize = 64 << 10;

/// What is to be done.
pub(in crate::correlate) struct Invoked {
    /// To what.
    pub(super) noun: String,
    /// Whether nothing is changed by it, where that is known.
    pub(super) procedure: Procedure,
    /// What tells one operation of the path from others, as it stands behind the path: `?action=cancel`,
    /// `?req.action=closeCase`.
    pub(super) selector: Option<String>,
}

/// What a request says is to be done; nothing of a path that says all there is to say.
pub(super) fn invoked(template: &Template, request: &Request, target: &Target<'_>, masker: &Masker) -> Option<Invoked> {
    let last = target.segments.last().map(|word| stem(word));
    let before = target.segments.iter().rev().nth(1).map(|word| &**word);
    let whole = template.variables.is_empty();
    if let Some((place, value)) = selector(request, target).filter(|(place, _)| !masker.hides_key(place)) {
        let procedure = procedure::of_value(&value);
        let of_path = || {
            let pair = last.and_then(|last| procedure::of_path(before, last)).map(|procedure| procedure.noun);
            pair.or_else(|| last.map(procedure::noun)).unwrap_or_default()
        };
        let noun = if procedure.noun.is_empty() { of_path() } else { procedure.noun.clone() };
        let shown = place.strip_prefix("query.").unwrap_or(&place);
        let selector = Some(format!("?{shown}={value}"));
        return Some(Invoked { noun: singular(&noun), procedure, selector });
    }
    let procedure = last.filter(|_| whole).and_then(|last| procedure::of_path(before, last))?;
    Some(Invoked { noun: singular(&procedure.noun), procedure, selector: None })
}

/// A page's name without its end: `orders.php`.
fn stem(word: &str) -> &str {
    word.split_once('.').map_or(word, |(stem, _)| stem)
}

/// The parameter or member of the body that tells what is to be done, as a model names its place, and its value.
fn selector(request: &Request, target: &Target<'_>) -> Option<(String, String)> {
    let query = target.query.iter().find(|(name, value)| tells(name, value));
    if let Some((name, value)) = query {
        return Some((format!("query.{name}"), value.to_string()));
    }
    let body = request.body.bytes().filter(|bytes| bytes.len() <= LONGEST_BODY && request.body.is_whole())?;
    if is_form(&request.headers) {
        let text = std::str::from_utf8(body).ok()?;
        let found = pairs(text).find(|(name, value)| tells(name, value));
        return found.map(|(name, value)| (format!("req.{name}"), value.into_owned()));
    }
    let quoted =
        |name: &&str| memmem::find_iter(body, name.as_bytes()).any(|at| body.get(at + name.len()) == Some(&b'"'));
    if !NAMES.iter().any(quoted) || !is_json(body, &request.headers) {
        return None;
    }
    let members: Map<String, Json> = serde_json::from_slice(body).ok()?;
    let told = |(name, value): (String, Json)| match value {
        Json::String(value) if tells(&name, &value) => Some((format!("req.{name}"), value)),
        _ => None,
    };
    members.into_iter().find_map(told)
}

fn tells(name: &str, value: &str) -> bool {
    let known = NAMES.iter().any(|known| name.eq_ignore_ascii_case(known));
    let written = value.starts_with(|c: char| c.is_ascii_alphabetic())
        && value.len() <= LONGEST
        && value.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b'.'));
    known && written && (name.eq_ignore_ascii_case(PLAINLY) || procedure::says_one(value))
}
