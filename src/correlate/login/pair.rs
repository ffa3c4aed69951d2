//! A name beside a secret: what a login sends, whatever its fields are called.

use std::sync::Arc;

use offpath_capture::{Call, Request};
use serde_json::{Map, Value as Json};

use crate::correlate::body;
use crate::correlate::credential::{self, is_secret_field};
use crate::correlate::reading::Reading;
use crate::correlate::target::pairs;

/// Longest body that is read for one.
const LONGEST: usize = 8 << 10;
/// Longest answer in which the name is looked for.
const LONGEST_ANSWER: usize = 64 << 10;
/// Most fields of such a body: who sends more sends something else.
const MOST_FIELDS: usize = 12;
/// Longest name of somebody.
const LONGEST_NAME: usize = 128;
/// Parts of names of secrets that somebody does not know by heart, but a page, a card or a program.
const NO_PROOFS: [&str; 19] = [
    "apikey",
    "assertion",
    "auth",
    "card",
    "cookie",
    "credential",
    "csrf",
    "cvc",
    "cvv",
    "hmac",
    "jwt",
    "key",
    "pan",
    "saml",
    "session",
    "sid",
    "sig",
    "ssn",
    "token",
];
/// Names of what a login's form says beside both.
const ASIDE: [&str; 18] = [
    "action",
    "button",
    "commit",
    "continue",
    "language",
    "lang",
    "locale",
    "login",
    "next",
    "redirect",
    "redirectto",
    "redirecturi",
    "remember",
    "rememberme",
    "returnto",
    "returnurl",
    "submit",
    "utf8",
];

/// What is sent with a secret that proves who somebody is.
pub(super) struct Pair {
    /// Who that is: the one other text that is sent, or of several the one that the answer has by the same name.
    pub(super) name: Option<Arc<str>>,
    /// The secret itself, which goes nowhere from here.
    pub(super) secret: String,
}

impl Pair {
    /// The pair of the request, or of the call in it; none where no secret or several are sent (who changes a password sends
    /// two).
    pub(super) fn of(reading: &Reading<'_>) -> Option<Pair> {
        let fields = match reading.call {
            Some(Call { arguments, .. }) => fields_of_json(arguments.as_deref()?.as_bytes())?,
            None => fields(reading.exchange.request.as_ref()?)?,
        };
        let (secrets, others): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(name, _)| is_secret_field(name));
        let proves = |name: &str| {
            let bare = credential::bare(name);
            !NO_PROOFS.iter().any(|part| bare.contains(part))
        };
        let mut proofs = secrets.iter().filter(|(name, value)| proves(name) && !value.is_empty());
        let (Some((_, secret)), None) = (proofs.next(), proofs.next()) else { return None };
        let secret = secret.clone();
        let aside = |name: &str, value: &str| {
            let flag = matches!(value, "" | "true" | "false" | "on" | "off" | "0" | "1");
            flag || ASIDE.contains(&credential::bare(name).as_str())
        };
        let button = |name: &str, value: &str| credential::bare(name) == "login" && !value.is_empty();
        let (mut names, beside): (Vec<_>, Vec<_>) = others.into_iter().partition(|(name, value)| !aside(name, value));
        if names.is_empty() {
            // What is else a form's button is the name where nothing else is one.
            names.extend(beside.into_iter().find(|(name, value)| button(name, value)));
        }
        if names.len() > 1 {
            // Of several texts the one that the answer says of who is in.
            let told = told(reading);
            names.retain(|name| told.contains(name));
        }
        let name = (names.len() == 1).then(|| names.pop()).flatten().filter(|(_, value)| value.len() <= LONGEST_NAME);
        Some(Pair { name: name.map(|(_, value)| value.into()), secret })
    }
}

/// Texts that the answer's JSON has, by their names.
fn told(reading: &Reading<'_>) -> Vec<(String, String)> {
    let read = || {
        let body = &reading.exchange.response.as_ref()?.body;
        let bytes = body.bytes().filter(|bytes| bytes.len() <= LONGEST_ANSWER && body.is_whole())?;
        serde_json::from_slice::<Json>(bytes).ok()
    };
    let (mut told, mut left) = (Vec::new(), Vec::from_iter(read()));
    while let Some(value) = left.pop() {
        match value {
            Json::Object(members) => members.into_iter().for_each(|(name, value)| match value {
                Json::String(text) => told.push((name, text)),
                Json::Number(number) => told.push((name, number.to_string())),
                other => left.push(other),
            }),
            Json::Array(items) => left.extend(items),
            _ => {}
        }
    }
    told
}

fn fields(request: &Request) -> Option<Vec<(String, String)>> {
    let bytes = request.body.bytes().filter(|bytes| bytes.len() <= LONGEST && request.body.is_whole())?;
    if body::is_form(&request.headers) {
        let text = std::str::from_utf8(bytes).ok()?;
        let all = pairs(text).take(MOST_FIELDS + 1).map(|(name, value)| (name.into_owned(), value.into_owned()));
        return Some(all.collect::<Vec<_>>()).filter(|all| all.len() <= MOST_FIELDS);
    }
    body::is_json(bytes, &request.headers).then(|| fields_of_json(bytes)).flatten()
}

/// Texts and numbers of an object, or of the only object in one.
fn fields_of_json(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    (bytes.len() <= LONGEST).then_some(())?;
    let mut object: Map<String, Json> = serde_json::from_slice(bytes).ok()?;
    if object.len() == 1
        && let Some(Json::Object(inner)) = object.values_mut().next()
    {
        object = std::mem::take(inner);
    }
    (object.len() <= MOST_FIELDS).then_some(())?;
    // What is made of several things is no login's.
    let text = |value: Json| match value {
        Json::String(text) => Some(text),
        Json::Null => Some(String::new()),
        Json::Bool(_) | Json::Number(_) => Some(value.to_string()),
        Json::Array(_) | Json::Object(_) => None,
    };
    object.into_iter().map(|(name, value)| Some((name, text(value)?))).collect()
}
