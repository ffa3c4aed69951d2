//! Doubts: what of that which happened, however often, a person should look at before it is allowed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::draft::{grouped, scalar, times};
use super::life::{Lives, RoleChoice, StepCounts, Way};

/// Objects with a step from which on what most of them did before is a habit.
const HABIT: u64 = 10;
/// Steps from which on a share of them says something of who takes it.
const SHARED: u64 = 20;
/// Actors from which on a step is one that several take.
const SEVERAL: usize = 3;

/// Why a line of a draft needs a check.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Doubt {
    /// The object took the step before: so many of these moves; objects that repeat it at all, and objects that take it.
    Repeats(u64, u64, u64),
    /// It went around a step that most objects take before: which, how many do, of how many.
    Bypasses(Arc<str>, u64, u64),
    /// One actor made all of these moves, though several take the step.
    LoneActor,
    /// The actors of all steps, so many, have this role too, which is left out.
    AlsoRole(Arc<str>, u64),
    /// Few of the steps were by actors with nothing but this role: how many, of how many.
    OnlyRole(Arc<str>, u64, u64),
    /// Few of the steps were taken by actors of this kind whose roles nothing shows: how many, of how many.
    Unshown(Arc<str>, u64, u64),
    /// Few of the steps were taken by this role or kind: how many, of how many.
    Minority(Arc<str>, u64, u64),
}

impl Doubt {
    /// What a draft says of it beside a move by the activity.
    pub(super) fn said(&self, activity: &str) -> String {
        match self {
            Doubt::Repeats(again, repeated, all) => {
                let (again, repeated) = (grouped(*again), grouped(*repeated));
                format!("{again} of them {activity} again, which {repeated} of {} do", times(*all, "object"))
            }
            Doubt::Bypasses(step, passing, all) => {
                format!("not after {step}, which {} of {} take first", grouped(*passing), times(*all, "object"))
            }
            Doubt::AlsoRole(name, all) => format!("in all {} by somebody who is {} too", grouped(*all), scalar(name)),
            Doubt::OnlyRole(name, count, all) => {
                format!(
                    "{activity} by somebody who is only {} in {} of {}",
                    scalar(name),
                    grouped(*count),
                    grouped(*all)
                )
            }
            Doubt::Unshown(kind, count, all) => {
                format!("in {} of {} by a {kind} whose roles nothing shows", grouped(*count), grouped(*all))
            }
            Doubt::LoneActor => "all by one actor".to_owned(),
            Doubt::Minority(name, count, all) => {
                format!("{activity} by {} in {} of {}", scalar(name), grouped(*count), grouped(*all))
            }
        }
    }
}

/// Doubts about moves that one transition would allow.
pub(super) fn of_move(activity: &Arc<str>, way: &Way, lives: &Lives) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    let Some(counts) = lives.steps.get(activity) else { return doubts };
    let passed = |step: &Arc<str>| way.passed.get(step).copied().unwrap_or(0);
    if passed(activity) > 0 && counts.repeated * 2 < counts.objects {
        doubts.push(Doubt::Repeats(passed(activity), counts.repeated, counts.objects));
    }
    let habits = lives.habits.before.iter().filter(|((_, later), _)| later == activity && counts.objects >= HABIT);
    let usual = habits.filter(|(_, count)| **count * 5 >= counts.objects * 4);
    let around = usual.filter(|((earlier, _), _)| passed(earlier) * 2 < way.count);
    // The habit that most have; of equals, the first by name.
    if let Some(((step, _), count)) = around.max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0))) {
        doubts.push(Doubt::Bypasses(Arc::clone(step), *count, counts.objects));
    }
    if way.count > 1 && way.unknown == 0 && way.actors.len() == 1 && counts.actors.len() >= SEVERAL {
        doubts.push(Doubt::LoneActor);
    }
    doubts
}

/// Doubts about who takes a step: a role or kind with less than a twentieth of the steps, and roles that actors have
/// together.
pub(super) fn of_actors(counts: &StepCounts, choice: &RoleChoice) -> Vec<Doubt> {
    let RoleChoice { spare, alone } = choice;
    let mut shares: BTreeMap<&Arc<str>, u64> = BTreeMap::new();
    let mut unshown = Vec::new();
    for ((kind, role), count) in &counts.by {
        if let (None, Some(few)) = (role, counts.unshown_few(kind)) {
            unshown.push(Doubt::Unshown(Arc::clone(kind), few, counts.count));
            continue;
        }
        *shares.entry(role.as_ref().unwrap_or(kind)).or_default() += count;
    }
    let few = shares.into_iter().filter(|(_, count)| counts.count >= SHARED && count * 20 < counts.count);
    let few = few.filter(|(name, _)| !spare.contains_key(*name));
    // Only a role that all of them have can be the one that was meant.
    let also = spare.iter().filter(|(_, count)| **count == counts.count);
    let also = also.map(|(name, _)| Doubt::AlsoRole(Arc::clone(name), counts.count));
    let alone = alone.iter().map(|(name, count)| Doubt::OnlyRole(Arc::clone(name), *count, counts.count));
    also.chain(alone)
        .chain(unshown)
        .chain(few.map(|(name, count)| Doubt::Minority(Arc::clone(name), count, counts.count)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(by: &[(&str, Option<&str>, u64)]) -> StepCounts {
        let count = by.iter().map(|(.., count)| count).sum();
        let by = by.iter().map(|(kind, role, count)| (((*kind).into(), role.map(Arc::from)), *count)).collect();
        StepCounts { count, by, ..StepCounts::default() }
    }

    #[test]
    fn a_role_with_few_of_many_steps_is_doubted() {
        let minority = |counts: &StepCounts| -> Vec<(String, u64)> {
            let named = |doubt| match doubt {
                Doubt::Minority(name, count, _) => (name.to_string(), count),
                other => (format!("{other:?}"), 0),
            };
            of_actors(counts, &RoleChoice::default()).into_iter().map(named).collect()
        };
        let support = ("human", Some("support"), 3);
        assert_eq!(minority(&taken(&[("human", Some("fin"), 317), support])), [("support".to_owned(), 3)]);
        assert_eq!(minority(&taken(&[("human", Some("fin"), 7), support])), [], "too few to tell");
        // A role counts as one, whichever kinds show it.
        let fin = [("human", Some("fin"), 99), ("service", Some("fin"), 1)];
        assert_eq!(minority(&taken(&fin)), []);
        assert_eq!(minority(&taken(&[("human", None, 60), ("agent", None, 40)])), []);
    }
}
