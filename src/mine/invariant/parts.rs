//! What parents and children have to do with each other: sums of parts, and the order of steps on both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rust_decimal::Decimal;

use super::{Attribute, Invariants, SUPPORT, Seen, support};
use crate::mine::amount::AmountSketch;
use crate::mine::chronicle::{Amount, Chronicle, Deed};
use crate::mine::proposal::id;
use crate::mine::sketch::ActivitySketch;

/// Proposes that parts do not exceed the whole, and what may come after what.
pub(super) fn propose(seen: &Seen<'_>, found: &mut Invariants) {
    let name = &seen.object.name;
    let is_child = |object: &Arc<str>| {
        let mut types = seen.sketch.types.iter();
        types.any(|t| t.name == *object && t.parent.as_ref().is_some_and(|(parent, _)| parent == name))
    };
    let on_children = || seen.sketch.activities.iter().filter(|a| !a.read && is_child(&a.object));
    for making in on_children().filter(|activity| activity.creates) {
        making.amounts.iter().filter(|amount| amount.is_sent()).for_each(|part| sum(seen, making, part, found));
    }
    let own = seen.steps();
    for on_child in on_children() {
        first(seen, &own, on_child, found);
    }
    for step in own.iter().filter(|step| !seen.sketch.creates(step, name)) {
        let ended = on_children().filter_map(|on_child| Some((never(seen, step, &on_child.name)?, &on_child.name)));
        // What is over after the earliest of them is over after all.
        let Some((count, after)) = ended.max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(a.1))) else { continue };
        let constraint =
            format!("{{id: {}, never: {step}, after: {after}, per: {name}}}", id(&[name, "no", step, "after", after]));
        found.constraints.push((constraint, support(count, name)));
    }
}

/// That the sum of what is sent for children is at most an amount of the parent.
fn sum(seen: &Seen<'_>, making: &ActivitySketch, part: &AmountSketch, found: &mut Invariants) {
    let name = &seen.object.name;
    let fitting = seen.attributes().into_iter().filter_map(|whole| Some((within(seen, making, part, whole)?, whole)));
    let Some((count, whole)) = fitting.reduce(|best, next| if next.0 > best.0 { next } else { best }) else { return };
    let child = &making.object;
    if found.needs(name, whole) && found.needs(child, (&part.name, &part.expression)) {
        let id = id(&[child, &part.name, "within", name, whole.0]);
        let constraint = format!("{{id: {id}, always: \"sum({name}.{child}.{}) <= {name}.{}\"}}", part.name, whole.0);
        found.constraints.push((constraint, support(count, name)));
    }
}

/// In how many lives the sum of parts is within the whole; `None` where that is no rule.
fn within(seen: &Seen<'_>, making: &ActivitySketch, part: &AmountSketch, whole: Attribute<'_>) -> Option<usize> {
    let mut count = 0;
    for life in &seen.lives {
        let mut parts: BTreeMap<&str, &Amount> = BTreeMap::new();
        for deed in life.0.iter().filter(|deed| deed.step == making.name) {
            let amount = deed.amounts.iter().find(|(name, _)| *name == part.name).map(|(_, amount)| amount);
            parts.extend(deed.child.as_ref().map(|child| &*child.key).zip(amount));
        }
        let Some(known) = seen.value(life, whole, life.0.len()).filter(|_| !parts.is_empty()) else { continue };
        let mut sum = Decimal::ZERO;
        for part in parts.values() {
            if part.currency != known.currency {
                return None;
            }
            sum = sum.checked_add(part.number)?;
        }
        if sum > known.number {
            return None;
        }
        count += 1;
    }
    (count >= SUPPORT).then_some(count)
}

/// That a step on a child comes after one on the parent: the last one that all took before.
fn first(seen: &Seen<'_>, own: &[&Arc<str>], on_child: &ActivitySketch, found: &mut Invariants) {
    if !on_child.creates {
        return;
    }
    let name = &seen.object.name;
    let before = own.iter().filter(|step| !seen.sketch.creates(step, name));
    let kept = before.filter_map(|step| Some((always_before(seen, step, &on_child.name)?, *step)));
    // Of several the one that is taken last says most; the fewest objects take it at all.
    let taken = |step: &Arc<str>| seen.lives.iter().filter(|life| life.first(step).is_some()).count();
    let Some((count, step)) = kept.min_by_key(|(_, step)| (taken(step), Arc::clone(step))) else { return };
    let later = &on_child.name;
    let constraint =
        format!("{{id: {}, require: {step}, before: {later}, per: {name}}}", id(&[name, step, "before", later]));
    found.constraints.push((constraint, support(count, name)));
}

fn always_before(seen: &Seen<'_>, step: &str, on_child: &str) -> Option<usize> {
    let with = || seen.lives.iter().filter_map(|life| Some((life, life.first_on_child(on_child)?)));
    let kept = with().all(|(life, at)| life.last_before(step, at).is_some());
    (kept && with().count() >= SUPPORT).then(|| with().count())
}

/// In how many lives a step came and none of it after one on a child; `None` where that is no rule.
fn never(seen: &Seen<'_>, step: &str, on_child: &str) -> Option<usize> {
    let is_own = |deed: &Deed| deed.child.is_none() && *deed.step == *step;
    let both = |life: &&&Chronicle| life.first(step).is_some() && life.first_on_child(on_child).is_some();
    let kept = |life: &&Chronicle| {
        let from = life.first_on_child(on_child).unwrap_or(life.0.len());
        !life.0.iter().skip(from).any(is_own)
    };
    let lives = || seen.lives.iter().filter(both);
    let people: BTreeSet<u64> =
        lives().flat_map(|life| &life.0).filter(|deed| is_own(deed)).filter_map(|deed| deed.actor).collect();
    (lives().count() >= SUPPORT && people.len() >= super::ACTORS && lives().all(kept)).then(|| lives().count())
}
