//! Sessions that go on: under a new value of their cookie, or as that of who signs up in them.

use std::sync::Arc;

use super::is_way_out;
use crate::correlate::credential::{self, Hash, HashKey, Kind, Shown};
use crate::correlate::facts::{Binding, BoundTo};
use crate::correlate::form::leads_to_login;
use crate::correlate::jwt::Claims;
use crate::correlate::reading::Reading;

/// Most cookies of one answer that are looked at.
const MOST: usize = 64;

/// What becomes of a session in which somebody signs up, under new cookies or those that were shown: it is the new one's,
/// unless it was somebody's already.
pub(super) fn signed_up(
    new: Vec<(Hash, bool)>,
    shown: &[Shown],
    session: Hash,
    subject: &Arc<str>,
) -> Vec<(Hash, Binding)> {
    let kept = shown.iter().filter(|s| s.kind == Kind::Cookie).map(|s| (s.hash, false));
    let cookies = if new.is_empty() { kept.collect() } else { new };
    let to = BoundTo::SameAsOr(session, Arc::clone(subject));
    cookies.into_iter().map(|(hash, issued)| (hash, Binding::to(to.clone(), issued))).collect()
}

/// Cookies that an answer puts in the place of those that were shown: a session that goes on under a new value. Servers that
/// keep the session in the cookie itself, signed or encrypted, give a new one with every answer. Where its name does not say
/// that it is a session's, both values look like one.
///
/// An answer that refuses the session, sends to the login or ends it begins another one.
pub(in crate::correlate) fn continued(reading: &Reading<'_>, shown: &[Shown], key: &HashKey) -> Vec<(Hash, Binding)> {
    let status = reading.outcome_status();
    let redirects = matches!(status, Some(300..=399));
    if status.is_none() || status == Some(401) || is_way_out(reading) || redirects && leads_to_login(reading) {
        return Vec::new();
    }
    let names_itself = |value: &[u8]| Claims::parse(value).is_some();
    let new = reading
        .set_cookies()
        .take(MOST)
        .filter(|c| !c.deletes && credential::is_issued_cookie(c.name, c.value) && !names_itself(c.value));
    let both = new.filter_map(|c| {
        let old = key.credential(reading.cookie(c.name).filter(|old| *old != c.value)?);
        let session = |s: &Shown| matches!(s.kind, Kind::Cookie | Kind::Perhaps) && s.claims.is_none();
        let shown = shown.iter().any(|s| s.hash == old && session(s));
        // The first use of the new value comes after the answer, so that chains lead back in time and never round.
        shown.then(|| (key.credential(c.value), Binding::to(BoundTo::SameAs(old), false)))
    });
    both.collect()
}
