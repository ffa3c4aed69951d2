//! Requests that name one thing twice, by different values, on a route where others name it once.

use std::collections::BTreeSet;

use super::{Seen, Use};
use crate::compare::Stray;
use crate::compare::course::told::Told;
use crate::compare::deviation::Check;
use crate::compare::threshold::POLLUTED_USES;

/// One in how many requests is rare.
const RARE: u64 = 20;
/// So many actors that do it have a client that does.
const HABIT: usize = 3;

const READ_ONE: &str = "the server may read one of the two wherever it looks, or refuse nothing and do nothing";
const BY_CLIENT: &str = "several send it so: it may be their client's fault";
const LIST: &str = "the route may take several";

/// Judges one route.
pub(super) fn judge(step: &[Use], told: &mut Told) {
    let Some(first) = step.first() else { return };
    let sum = |part: fn(&Use) -> Seen| Seen::sum(step.iter(), part);
    let who = |part: fn(&Use) -> Seen| -> usize {
        step.iter().filter(|one| part(one).count > 0).map(|one| one.actor).collect::<BTreeSet<u64>>().len()
    };
    let (all, members, ids) = (sum(|one| one.accepted), sum(|one| one.two_members), sum(|one| one.two_ids));
    if let Some(at) = members.first {
        let doubt = if who(|one| one.two_members) >= HABIT { (0.4, BY_CLIENT) } else { (0.65, READ_ONE) };
        return told.stray(stray(at, "each member once", "one with two values", doubt), first.source);
    }
    let enough = all.count >= u64::try_from(told.limits.get(&POLLUTED_USES)).unwrap_or(u64::MAX);
    let rare =
        ids.count.saturating_mul(RARE) <= all.count && who(|one| one.two_ids) == 1 && who(|one| one.accepted) >= HABIT;
    match ids.first {
        Some(at) if enough && rare => {
            told.stray(stray(at, "one id", "two for the same", (0.5, LIST)), first.source);
        }
        Some(_) => told.count(Check::Polluted, first.source, None),
        None if all.count > 0 => told.count(Check::Polluted, first.source, Some(false)),
        None => {}
    }
}

fn stray(at: crate::event::OrderKey, expected: &str, observed: &str, doubt: (f32, &'static str)) -> Stray {
    Stray {
        check: Check::Polluted,
        at: at.2,
        events: vec![at.2],
        expected: vec![expected.into()],
        observed: vec![observed.into()],
        doubt: Some(doubt),
    }
}
