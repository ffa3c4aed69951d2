//! Logins at paths that say nothing of it.
//!
//! Anybody can send a name and a secret anywhere, so that alone tells no login. It is one where the answer lets in whom it
//! calls by that name, without saying the secret again as an echo does; and where all who are given a token at the path send
//! both, which only all exchanges together tell.

use memchr::memmem;

use super::names::{NAMES, TOKENS, USER_PATHS};
use super::{Pair, half, issued_cookies, request_texts, response_texts};
use crate::correlate::credential::{HashKey, Shown};
use crate::correlate::reading::Reading;
use crate::event::partition::stable_hash;

/// Shortest text that counts as a token.
const SHORTEST: usize = 8;

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
        .any(|names| response_texts(reading, names).iter().any(|told| **told == *name));
    let sent = request_texts(reading, &NAMES);
    let alone = sent.iter().all(|sent| **sent == *name);
    let gives = || token || issued_cookies(reading, key).next().is_some();
    match (called && alone && !echoes, token) {
        (true, _) if gives() => Some(Unsaid::Login),
        (_, true) if !echoes => Some(Unsaid::Perhaps),
        _ => None,
    }
}
