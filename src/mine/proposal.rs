//! Proposals: constraints that most lives kept, for a person to put in force.

use std::sync::Arc;

use super::evidence::TenantPlace;
use super::life::{Lives, StepCounts};
use super::lifecycle::Lifecycle;
use super::sketch::TypeSketch;

/// Objects from which on a habit is worth a proposal.
const SUPPORT: u64 = 10;
/// Most proposals of one kind for one object type.
const MOST: usize = 12;

/// Constraints on objects of a type, each with its support and confidence, the best supported first.
pub(super) fn of(object: &Arc<str>, lives: &Lives, lifecycle: &Lifecycle) -> Vec<(String, String)> {
    let mut proposals = order(object, lives, lifecycle);
    proposals.extend(people(object, lives));
    proposals
}

/// Steps that all or nearly all objects take before another.
fn order(object: &Arc<str>, lives: &Lives, lifecycle: &Lifecycle) -> Vec<(String, String)> {
    let objects = |step: &Arc<str>| lives.steps.get(step).map_or(0, |counts| counts.objects);
    let habit = |earlier: &Arc<str>, later: &Arc<str>| {
        let count = lives.habits.before.get(&(Arc::clone(earlier), Arc::clone(later))).copied().unwrap_or(0);
        is_habit(count, objects(later)).then_some(count)
    };
    let mut found: Vec<(u64, u64, &Arc<str>, &Arc<str>)> = Vec::new();
    for (earlier, later) in lives.habits.before.keys() {
        let Some(count) = habit(earlier, later) else { continue };
        // What follows from two other proposals is none of its own.
        let between = lives.steps.keys().filter(|step| *step != earlier && *step != later);
        let implied = between.into_iter().any(|step| habit(earlier, step).is_some() && habit(step, later).is_some());
        // That lives begin with what they all begin with goes without saying.
        let begins = lives.plain.starts.keys().all(|(first, _)| first == earlier);
        let trivial = begins && count == objects(later);
        // What the lifecycle above demands needs no second rule.
        if !implied && !trivial && !lifecycle.demands(earlier, later) {
            found.push((count, objects(later), earlier, later));
        }
    }
    found.sort_by(|a, b| b.0.cmp(&a.0).then((a.2, a.3).cmp(&(b.2, b.3))));
    let proposals = found.into_iter().take(MOST).map(|(count, all, earlier, later)| {
        let id = id(&[object, earlier, "before", later]);
        (format!("{{id: {id}, require: {earlier}, before: {later}, per: {object}}}"), support(count, all, object))
    });
    proposals.collect()
}

/// Pairs of steps that nearly always different people take, though some take both.
fn people(object: &Arc<str>, lives: &Lives) -> Vec<(String, String)> {
    let counts = |step: &Arc<str>| lives.steps.get(step);
    let mut found: Vec<(u64, u64, &Arc<str>, &Arc<str>)> = Vec::new();
    for ((a, b), all) in &lives.habits.both {
        let apart = lives.habits.apart.get(&(Arc::clone(a), Arc::clone(b))).copied().unwrap_or(0);
        // Where somebody took both on one object, they could.
        let meet = counts(a).zip(counts(b)).is_some_and(|(a, b)| are_alike(a, b) && (apart < *all || meet(a, b)));
        if meet && is_habit(apart, *all) {
            found.push((apart, *all, a, b));
        }
    }
    found.sort_by(|a, b| b.0.cmp(&a.0).then((a.2, a.3).cmp(&(b.2, b.3))));
    let proposals = found.into_iter().take(MOST).map(|(apart, all, a, b)| {
        let id = id(&[object, a, b, "apart"]);
        (format!("{{id: {id}, distinct_persons: [{a}, {b}], per: {object}}}"), support(apart, all, object))
    });
    proposals.collect()
}

/// Whether steps are of people both, or of programs: these cannot be the same.
fn are_alike(a: &StepCounts, b: &StepCounts) -> bool {
    a.nature().zip(b.nature()).is_none_or(|(a, b)| a == b)
}

/// Whether the same take both steps: who never takes one of them cannot (a customer and a warehouse say nothing of two
/// persons). Who took a step once may have been where they should not be.
fn meet(a: &StepCounts, b: &StepCounts) -> bool {
    let usual = |steps: &u64| *steps > 1;
    a.actors.iter().any(|(actor, steps)| usual(steps) && b.actors.get(actor).is_some_and(usual))
}

/// That nobody crosses the wall between tenants, where something tells them apart.
pub(super) fn wall(object: &TypeSketch) -> Option<(String, String)> {
    // Who asks is of a tenant that something else tells.
    let TenantPlace { place, seen, .. } = object.tenant.as_ref().filter(|tenant| tenant.told)?;
    let name = &object.name;
    let constraint = format!("{{id: {name}-tenants, same: [actor.tenant, {name}.tenant], activities: any}}");
    Some((constraint, format!("{seen}; needs `tenant: {place}` above")))
}

/// Nine of ten, of enough.
fn is_habit(count: u64, all: u64) -> bool {
    all >= SUPPORT && count * 10 >= all * 9
}

fn support(count: u64, all: u64, object: &str) -> String {
    // Tenths of a percent, rounded down: only all is 100 %.
    let share = count * 1_000 / all.max(1);
    let check = if count < all { "check: " } else { "" };
    format!("{check}{count} of {all} of type {object}, {}.{} %", share / 10, share % 10)
}

pub(super) fn id(words: &[&str]) -> String {
    words.join("-").replace('_', "-")
}
