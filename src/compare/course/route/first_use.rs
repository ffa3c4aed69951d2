//! A sort of actor that takes a route which, for long, only others took.

use std::collections::{BTreeMap, BTreeSet};

use super::{Class, Roster, Seen, Use};
use crate::compare::Stray;
use crate::compare::course::told::Told;
use crate::compare::deviation::Check;
use crate::compare::threshold::{FIRST_ACTORS, FIRST_BEFORE, FIRST_LEARNING, FIRST_USES};

/// How many times as much as is needed makes it more than a matter for review.
const PLENTY: usize = 10;
/// Confidence of what is for review.
const FOR_REVIEW: f32 = 0.45;

const FEW: &str = "so little was seen that it may be chance, or the role was given the right meanwhile";
const GRANTED: &str = "the role may have been given the right meanwhile";

/// Judges one route: its uses by class.
pub(super) fn judge(step: &[Use], roster: &Roster, told: &mut Told) {
    let Some(first) = step.first() else { return };
    // What everybody may read, whoever comes first was not kept from.
    let guarded = step.iter().any(|one| one.manner.writes || one.manner.grave || one.forbidden.count > 0);
    let mut classes: BTreeMap<Class, Vec<&Use>> = BTreeMap::new();
    for one in step.iter().filter(|one| one.accepted.count > 0) {
        classes.entry(one.class).or_default().push(one);
    }
    let Some(begin) = step.iter().filter_map(|one| one.accepted.first).min() else { return };
    let mut decided = false;
    for (class, uses) in classes.iter().filter(|_| guarded) {
        let Some(at) = Seen::sum(uses.iter().copied(), |one| one.accepted).first else { continue };
        let learnt = at.0.saturating_sub(begin.0) >= told.limits.get(&FIRST_LEARNING);
        let known = roster.before(class, at) >= told.limits.count(&FIRST_BEFORE);
        let Some((what, others)) = unlike(class, &classes, at.0) else { continue };
        let Support { uses: count, actors } = Support::of(&others, at.0);
        let (least, few) = (told.limits.count(&FIRST_USES), told.limits.count(&FIRST_ACTORS));
        if !learnt || !known || count < least || actors < few {
            continue;
        }
        decided = true;
        let plenty = count >= least.saturating_mul(PLENTY) && actors >= few.saturating_mul(PLENTY);
        let doubt = if plenty { (0.6, GRANTED) } else { (FOR_REVIEW, FEW) };
        told.stray(
            Stray {
                check: Check::FirstUse,
                at: at.2,
                events: others.iter().filter_map(|one| one.accepted.first).min().map(|key| key.2).into_iter().collect(),
                expected: vec![format!("others as {count} times before by {actors} of them").into()],
                observed: vec![what.into()],
                doubt: Some(doubt),
            },
            first.source,
        );
    }
    // Of those of whom nothing is told, none is unlike the others.
    if !decided && guarded && classes.keys().any(|class| *class != Class::default()) {
        told.count(Check::FirstUse, first.source, Some(false));
    }
}

/// What makes a class unlike all that took the route before, and those; `None` where nothing does.
fn unlike<'u>(class: &Class, classes: &BTreeMap<Class, Vec<&'u Use>>, at: i64) -> Option<(&'static str, Vec<&'u Use>)> {
    let before = |one: &&&Use| one.accepted.first.is_some_and(|first| first.0 < at);
    let of = |takes: &dyn Fn(&Class) -> bool| -> Vec<&'u Use> {
        classes
            .iter()
            .filter(|(other, _)| takes(other))
            .flat_map(|(_, uses)| uses.iter().filter(before))
            .copied()
            .collect()
    };
    if class.has_roles() {
        let others = of(&|other: &Class| other.has_roles());
        if !others.is_empty() && !others.iter().any(|one| one.class.shares_role(class)) {
            return Some(("a role that never did", others));
        }
    }
    let what = match class.kind {
        super::class::ActorKind::Other => return None,
        super::class::ActorKind::Service => "a service",
        super::class::ActorKind::Agent => "an agent",
    };
    let others = of(&|_| true);
    (!others.iter().any(|one| one.class.kind == class.kind)).then_some((what, others))
}

/// How much was seen before.
struct Support {
    uses: usize,
    actors: usize,
}

impl Support {
    /// Of what is over an hour in part only the first surely came before.
    fn of(others: &[&Use], at: i64) -> Support {
        let surely = |one: &&Use| if one.accepted.last < at { one.accepted.count } else { 1 };
        let uses = others.iter().map(surely).fold(0, u64::saturating_add);
        let actors: BTreeSet<u64> = others.iter().map(|one| one.actor).filter(|actor| *actor != 0).collect();
        Support { uses: usize::try_from(uses).unwrap_or(usize::MAX), actors: actors.len() }
    }
}
