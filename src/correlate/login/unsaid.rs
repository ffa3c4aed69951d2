//! Logins at paths that say nothing of it.
//!
//! Anybody can send a name and a secret anywhere, so that alone tells no login. It is one where the answer lets in whom it
//! calls by that name, without saying the secret again as an echo does; and where all who are given a token at the path send
//! both, which only all exchanges together tell.

use memchr::memmem;
use serde_json::{Map, Value};

use super::names::{NAMES, TOKENS, USER_PATHS};
use super::{Pair, bare, half, issued_cookies, request_texts, response_texts};
use crate::correlate::credential::{HashKey, Shown};
use crate::correlate::reading::Reading;
use crate::event::partition::stable_hash;

/// Shortest text that counts as a token.
const SHORTEST: usize = 8;

/// Longest answer that is looked through.
const LONGEST_ANSWER: usize = 64 << 10;
/// Names of objects that stand for somebody.
const PEOPLE: [&str; 14] = [
    "account",
    "clerk",
    "currentuser",
    "customer",
    "employee",
    "identity",
    "me",
    "member",
    "operator",
    "person",
    "principal",
    "profile",
    "staff",
    "user",
];

/// What an exchange at such a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::correlate) enum Unsaid {
    /// A login: the answer calls who is in by the name that was sent.
    Login,
    /// A name and a secret are sent and a token is given: perhaps a login.
    Perhaps,
    /// A token is given to who sent no name and secret.
    Aside,
}

/// Whether an answer may give out a token or a session, told without reading it.
pub(in crate::correlate) fn may_give(reading: &Reading<'_>) -> bool {
    reading.call.is_none() && (may_give_token(reading) || is_taken(reading) && reading.set_cookies().next().is_some())
}

/// Whether an answer may give out a token.
pub(super) fn may_give_token(reading: &Reading<'_>) -> bool {
    let answer = reading.exchange.response.as_ref().and_then(|response| response.body.bytes()).unwrap_or_default();
    is_taken(reading) && [&b"oken\""[..], b"jwt\""].iter().any(|end| memmem::find(answer, end).is_some())
}

/// Whether an answer in JSON has a name in an object that stands for somebody: `staff: {ref}`.
fn calls_somebody(answer: &[u8], name: &str) -> bool {
    let read = || serde_json::from_slice::<Value>(answer).ok();
    let mut left = Vec::from_iter((answer.len() <= LONGEST_ANSWER).then(read).flatten());
    while let Some(value) = left.pop() {
        let Value::Object(members) = value else { continue };
        for (key, value) in members {
            let somebody = PEOPLE.contains(&bare(&key).as_str());
            let called = |members: &Map<String, Value>| members.values().any(|value| value.as_str() == Some(name));
            if somebody && value.as_object().is_some_and(called) {
                return true;
            }
            left.push(value);
        }
    }
    false
}

/// Hash of where a request goes: what is given out there is compared.
pub(in crate::correlate) fn place(reading: &Reading<'_>) -> u64 {
    let host = reading.host.as_deref().unwrap_or_default();
    stable_hash([host, reading.method(), reading.target.path].map(str::as_bytes))
}

fn is_taken(reading: &Reading<'_>) -> bool {
    matches!(reading.method(), "POST" | "PUT") && matches!(reading.outcome_status(), Some(200 | 201))
}

/// What an exchange is at a path that says nothing of logins. `reading` has the bodies that tell a login.
pub(in crate::correlate) fn unsaid(reading: &Reading<'_>, shown: &[Shown], key: &HashKey) -> Option<Unsaid> {
    let token = response_texts(reading, &TOKENS).iter().any(|token| token.len() >= SHORTEST);
    let Some(pair) = Pair::of(reading) else { return token.then_some(Unsaid::Aside) };
    // Who shows something already may be making an account for somebody else.
    let name = pair.name.as_deref().filter(|_| shown.is_empty() && !half(reading))?;
    let answer = reading.exchange.response.as_ref()?.body.bytes().unwrap_or_default();
    let echoes = memmem::find(answer, pair.secret.as_bytes()).is_some();
    let called = [&NAMES[..], &USER_PATHS]
        .into_iter()
        .any(|names| response_texts(reading, names).iter().any(|told| **told == *name))
        || calls_somebody(answer, name);
    let sent = request_texts(reading, &NAMES);
    let alone = sent.iter().all(|sent| **sent == *name);
    let gives = || token || issued_cookies(reading, key).next().is_some();
    match (called && alone && !echoes, token) {
        (true, _) if gives() => Some(Unsaid::Login),
        (_, true) if !echoes => Some(Unsaid::Perhaps),
        _ => None,
    }
}
