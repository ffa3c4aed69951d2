//! A route that should be gone: after the day that its own answers name, or of a version that hardly anybody uses any more.

use super::{Seen, Use};
use crate::compare::Stray;
use crate::compare::course::told::Told;
use crate::compare::deviation::Check;
use crate::compare::threshold::{OLDER_SHARE, OLDER_USES};

const SAYS: &str = "its own answers say so, and the day may have been put off";
const KEPT: &str = "it may be kept on purpose, for clients that nobody can change";

/// Judges the routes to one task.
pub(super) fn judge(steps: &[&[Use]], told: &mut Told) {
    let accepted = |step: &&&[Use]| Seen::sum(step.iter(), |one| one.accepted);
    let version = |step: &&&[Use]| step.first().map_or(0, |one| one.version);
    let versions = || steps.iter().filter(|step| accepted(step).count > 0 && version(step) > 0);
    let newest = versions().map(|step| version(&step)).max().unwrap_or(0);
    let of_newest =
        Seen::sum(versions().filter(|step| version(step) == newest).flat_map(|step| step.iter()), |one| one.accepted);
    for step in steps {
        let Some(first) = step.first() else { continue };
        let late = Seen::sum(step.iter(), |one| one.late);
        if let Some(at) = late.first {
            told.stray(stray(at, [at], "none after its last day", "one", (0.8, SAYS)), first.source);
            continue;
        }
        if first.version == 0 || first.version == newest {
            continue;
        }
        let Some(at) = of_newest.first.and_then(|begin| after(step, begin.0)) else { continue };
        let count = accepted(&step).count;
        let all = count.saturating_add(of_newest.count);
        let grave = step.iter().any(|one| one.manner.writes || one.manner.grave);
        let rare =
            i64::try_from(count.saturating_mul(100) / all.max(1)).unwrap_or(100) <= told.limits.get(&OLDER_SHARE);
        let enough = of_newest.count >= u64::try_from(told.limits.get(&OLDER_USES)).unwrap_or(u64::MAX);
        if !(grave && rare && enough) {
            told.count(Check::OlderRoute, first.source, Some(false));
            continue;
        }
        let observed = format!("an older one in {count} of {all} requests");
        let events = of_newest.first.into_iter().chain([at]);
        told.stray(stray(at, events, "the newest version", &observed, (0.4, KEPT)), first.source);
    }
}

/// The first request of a route of which it is known that it came after a time.
fn after(step: &[Use], time: i64) -> Option<crate::event::OrderKey> {
    step.iter().filter_map(|one| one.accepted.first).filter(|first| first.0 > time).min()
}

fn stray(
    at: crate::event::OrderKey,
    events: impl IntoIterator<Item = crate::event::OrderKey>,
    expected: &str,
    observed: &str,
    doubt: (f32, &'static str),
) -> Stray {
    Stray {
        check: Check::OlderRoute,
        at: at.2,
        events: events.into_iter().map(|key| key.2).collect(),
        expected: vec![expected.into()],
        observed: vec![observed.into()],
        doubt: Some(doubt),
    }
}
