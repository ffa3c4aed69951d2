use proptest::prelude::*;

use super::*;
use crate::model::{ConstraintKind, Family};

/// Steps of one type, and a constraint of a family.
fn of(family: Option<Family>, demand: impl FnOnce(&Model) -> ConstraintKind) -> Model {
    let model = empty().object("order", None).steps("order", &["create", "pay", "ship", "view"]);
    let kind = demand(&model);
    let mut model = model.constraint("c", kind);
    model.constraints[0].family = family;
    model
}

fn never(model: &Model, activity: &str, after: &str, until: &[&str]) -> ConstraintKind {
    ConstraintKind::Never {
        activity: model.step(activity),
        after: model.step(after),
        until: until.iter().map(|name| model.step(name)).collect(),
        per: model.kind_of("order"),
    }
}

#[test]
fn a_family_gives_its_names_to_what_is_found_and_counted() {
    let repeated = [step(1, "ship").done(), step(20, "ship").done()];
    let cases = [
        (None, "ship", Check::Orphan),
        (Some(Family::Provisioning), "ship", Check::ProvisionResidue),
        (Some(Family::Inventory), "ship", Check::ReleasedTwice),
    ];
    for (family, after, check) in cases {
        let result = run(of(family, |model| never(model, "ship", after, &[])), &repeated);
        assert_eq!(checks(&result), [check]);
        assert_eq!(result.tallies.0[&(check, "pcap")].violated, 1);
        let general = result.tallies.0.get(&(Check::Orphan, "pcap")).map_or(0, |tally| tally.violated);
        assert_eq!(general, u64::from(check == Check::Orphan), "it is counted once");
        assert_eq!((check.general(), result.deviations[0].constraint.as_deref()), (Check::Orphan, Some("c")));
    }
    let other = of(Some(Family::Inventory), |model| never(model, "ship", "view", &[]));
    assert_eq!(checks(&run(other, &[step(1, "view").done(), step(2, "ship").done()])), [Check::Oversold]);
}

#[test]
fn what_is_sent_again_at_once_may_be_a_retry() {
    let model = || of(Some(Family::Inventory), |model| never(model, "ship", "ship", &[]));
    let doubt = |second: Event| run(model(), &[step(1, "ship").done(), second]).deviations[0].doubt;
    assert!(doubt(step(6, "ship").done()).is_some_and(|doubt| doubt.at_most < 0.5), "after 50 s");
    assert_eq!(doubt(step(7, "ship").done()), None, "after a minute");
    assert_eq!(doubt(step(6, "ship").by("mallory", &[]).done()), None, "somebody else");
    assert_eq!(doubt(step(6, "ship").with(|e| e.body_hash = Some(9)).done()), None, "another body");
}

#[test]
fn what_may_have_allowed_it_again_leaves_it_undecided() {
    let model = || of(None, |model| never(model, "ship", "view", &["pay"]));
    let events = |paid: Option<Outcome>| {
        let paid = paid.map(|outcome| step(3, "pay").with(|e| e.outcome = outcome).done());
        [Some(step(2, "view").done()), paid, Some(step(4, "ship").done())].into_iter().flatten().collect::<Vec<_>>()
    };
    let decided = |events: &[Event], blindness: &Blindness| {
        let result = run_blind(model(), events, blindness);
        let tally = result.tallies.0[&(Check::Orphan, "pcap")];
        (checks(&result).len(), tally.violated, tally.not_evaluable)
    };
    let seen = Blindness::default();
    assert_eq!(decided(&events(None), &seen), (1, 1, 0));
    assert_eq!(decided(&events(Some(Outcome::Accepted)), &seen), (0, 0, 0));
    assert_eq!(decided(&events(Some(Outcome::Rejected)), &seen), (1, 1, 0));
    assert_eq!(decided(&events(Some(Outcome::Unknown)), &seen), (0, 0, 1));
    let blind = Blindness::new(vec![(30 * SECOND, 31 * SECOND)]);
    assert_eq!(decided(&events(None), &blind), (0, 0, 1));
}

proptest! {
    /// A naive oracle: what is forbidden is found anew at each step, from all steps before it.
    #[test]
    fn never_until_is_what_looking_back_says(
        steps in prop::collection::vec((0..4_usize, 0..8_u8), 1..24),
        until: bool,
        itself: bool,
    ) {
        let names = ["ship", "view", "pay", "create"];
        let after = if itself { "ship" } else { "view" };
        let lifts: &[&str] = if until { &["pay", "create"] } else { &[] };
        let model = of(None, |model| never(model, "ship", after, lifts));
        let accepted = |outcome: u8| outcome > 0;
        let events: Vec<Event> = (1..).zip(&steps).map(|(n, (name, outcome))| {
            let one = step(n, names[*name]);
            if accepted(*outcome) { one.done() } else { one.refused(409).done() }
        }).collect();
        let mut expected = 0;
        for (at, (name, outcome)) in steps.iter().enumerate() {
            if names[*name] != "ship" || !accepted(*outcome) {
                continue;
            }
            let forbidden = (0..at).any(|first| {
                let forbids = names[steps[first].0] == after && accepted(steps[first].1);
                let lifted = |step: &(usize, u8)| lifts.contains(&names[step.0]) && accepted(step.1);
                forbids && !steps[first + 1..at].iter().any(lifted)
            });
            expected += u64::from(forbidden);
        }
        let result = run(model, &events);
        let accepted: Vec<_> = result.deviations.iter().filter(|d| {
            d.events.iter().any(|e| e.id == d.at && e.outcome == Outcome::Accepted)
        }).collect();
        prop_assert_eq!(accepted.len() as u64, expected);
    }
}
