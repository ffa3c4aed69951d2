//! One case, or one window, that holds everything: it is compared all the same. These tests are about finishing.

use super::windows::{in_view, splitting, windows};
use super::*;
use crate::event::Outcome;
use crate::model::ConstraintKind;

const MANY: u64 = 20_000;

#[test]
fn a_case_of_very_many_events_is_compared() {
    let model = shop();
    let refund = model.kind_of("refund");
    let kind =
        ConstraintKind::Never { activity: model.step("ship"), after: model.step("pay"), per: model.kind_of("order") };
    let apart = ConstraintKind::DistinctPersons {
        activities: vec![model.step("request"), model.step("approve"), model.step("execute")],
        per: refund,
    };
    let model = model.constraint("never", kind).constraint("apart", apart);
    let activities = ["create", "pay", "ship", "request", "execute", "approve", "cancel"];
    let events: Vec<Event> = (0..MANY)
        .map(|n| {
            let activity = activities[usize::try_from(n).unwrap() % activities.len()];
            let event = event(n, i64::try_from(n).unwrap(), activity).by("alice", &["customer"]);
            let event = if n % 7 > 2 && n % 7 < 6 { event.on(&format!("refund:{}", n % 50)) } else { event };
            event
                .on("order:1")
                .with(|e| e.outcome = if n % 11 == 0 { Outcome::Rejected } else { Outcome::Accepted })
                .done()
        })
        .collect();
    let result = run(model, &events);
    assert!(!result.deviations.is_empty());
    assert_eq!(result.states.len(), events.len());
    assert!(result.measures.approximate, "the figures say that not all was decided");
}

#[test]
fn a_window_of_very_many_events_is_judged() {
    let part = |n: u64| {
        let refund = format!("refund:{}", n % 100);
        event(n, 0, "execute").on(&refund).shows("amount", eur(1)).on("order:1").done()
    };
    let parts: Vec<Event> = (0..MANY).map(part).collect();
    let result = windows(splitting(100), &in_view(&parts));
    assert_eq!(checks(&result), [Check::Split], "one breach that lasts");
}
