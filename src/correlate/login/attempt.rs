//! Attempts to log in: which requests are some, how each went, and for which account.

use std::sync::Arc;

use offpath_capture::CallOutcome;

use super::{
    Bindings, HALF_TOKENS, LOGIN_STEMS, NAMES, PASSWORDS, Pair, TOKENS, bare, failed, half, is_entrance, is_told,
    is_way_out, looks_like_login, request_has, request_texts, response_texts, words,
};
use crate::correlate::credential::{Hash, HashKey, Shown};
use crate::correlate::reading::Reading;
use crate::correlate::target::Target;
use crate::event::Gate;

/// How a request stands to logins.
#[derive(Default)]
pub(in crate::correlate) struct Attempt {
    pub(in crate::correlate) gate: Gate,
    /// The account that a login is for.
    pub(in crate::correlate) account: Option<Arc<str>>,
    /// The credential of Basic authentication that makes it one.
    pub(in crate::correlate) basic: Option<Hash>,
}

impl Attempt {
    fn of(gate: Gate, account: Option<Arc<str>>) -> Attempt {
        Attempt { gate, account, basic: None }
    }
}

/// How a request stands to logins; `is_login`: it is for logging in, or gave out what a login gives. `reading` has the bodies that
/// tell a login.
pub(in crate::correlate) fn attempt(
    reading: &Reading<'_>,
    is_login: bool,
    shown: &[Shown],
    bindings: &Bindings,
) -> Attempt {
    let user = shown.iter().find_map(|s| Some((s.user.clone()?, s.hash)));
    let pair = is_login.then(|| Pair::of(reading)).flatten();
    let proved = is_login && (pair.is_some() || request_has(reading, &PASSWORDS));
    let stem = words(reading).last().is_some_and(|last| LOGIN_STEMS.contains(&last.as_str()));
    // A log has no bodies: who posts to a login's page tries to log in.
    let blind = reading.method() == "POST" && stem && !reading.exchange.carries.request_bodies;
    if proved || blind {
        let account = request_texts(reading, &NAMES).into_iter().next().or_else(|| pair?.name);
        return Attempt::of(how(reading, bindings), account.or(user.map(|(name, _)| name)));
    }
    match (user, reading.outcome_status()) {
        // Anybody can write the header beside a credential that is believed: what it is a login of, its holder's course says.
        (Some((user, hash)), Some(status @ (401 | 200..=299))) => {
            let gate = if status == 401 { Gate::Refused } else { Gate::Entered };
            Attempt { gate, account: Some(user), basic: Some(hash) }
        }
        _ if !bindings.ended.is_empty() || is_entrance(reading) || is_way_out(reading) => {
            Attempt::of(Gate::Beside, None)
        }
        _ if !bindings.made.is_empty() || looks_like_login(reading) => Attempt::of(Gate::Beside, None),
        _ => Attempt::default(),
    }
}

fn how(reading: &Reading<'_>, bindings: &Bindings) -> Gate {
    if let Some(call) = reading.call {
        return match call.outcome {
            CallOutcome::Failed(_) => Gate::Refused,
            CallOutcome::Accepted if failed(reading) => Gate::Refused,
            CallOutcome::Accepted => Gate::Entered,
            _ => Gate::Beside,
        };
    }
    match reading.outcome_status() {
        _ if !bindings.made.is_empty() => Gate::Entered,
        // Of too many (429) none is tried.
        Some(400 | 401 | 403 | 422 | 423) => Gate::Refused,
        Some(200..=299) if failed(reading) => Gate::Refused,
        Some(200..=299) if half(reading) => Gate::Beside,
        Some(200 | 201 | 204) if is_told(reading, None) => Gate::Entered,
        // A form is shown again where the login failed.
        Some(200 | 201 | 204) => Gate::Unsaid,
        // Back to the form, or to one that says what went wrong; where others were let in, who was led elsewhere was not.
        Some(302 | 303) if leads_back(reading) => Gate::Refused,
        Some(302 | 303) if is_told_where(reading) && !crate::correlate::form::leads_on(reading) => Gate::Unsaid,
        // Where a form leads on to is not known here: a failed login may as well.
        _ => Gate::Beside,
    }
}

/// Whether a login was answered by sending its page again: back to its own path, or to a login's page.
fn leads_back(reading: &Reading<'_>) -> bool {
    let Some(target) = location(reading) else { return false };
    let page = target.segments.last().is_some_and(|last| LOGIN_STEMS.contains(&bare(last).as_str()));
    page || target.segments == reading.target.segments
}

fn is_told_where(reading: &Reading<'_>) -> bool {
    location(reading).is_some()
}

fn location<'r>(reading: &Reading<'r>) -> Option<Target<'r>> {
    let response = reading.exchange.response.as_ref()?;
    response.headers.text("location").map(Target::parse)
}

/// The refresh token of a request that the answer turned into another one.
pub(in crate::correlate) fn spent(reading: &Reading<'_>, key: &HashKey) -> Option<Hash> {
    const REFRESH: [&str; 2] = ["refresh_token", "refreshToken"];
    let old = request_texts(reading, &REFRESH).into_iter().next().filter(|text| text.len() >= 8)?;
    let new = response_texts(reading, &REFRESH).into_iter().next()?;
    let issues = !response_texts(reading, &TOKENS).is_empty() || !response_texts(reading, &HALF_TOKENS).is_empty();
    (issues && old != new).then(|| key.credential(old.as_bytes()))
}
