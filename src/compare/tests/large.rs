//! One case, or one window, that holds everything: it is compared all the same. These tests are about finishing.

use super::windows::{in_view, splitting, windows};
use super::*;
use crate::event::Outcome;
use crate::model::{AttributeRule, ConstraintKind, ObjectAttribute};

const MANY: u64 = 20_000;

#[test]
fn a_case_of_very_many_events_is_compared() {
    let model = shop();
    let refund = model.kind_of("refund");
    let kind = ConstraintKind::Never {
        activity: model.step("ship"),
        after: model.step("pay"),
        until: Vec::new(),
        per: model.kind_of("order"),
    };
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
}

#[test]
fn very_many_deviations_of_one_life_stay_within_the_budget() {
    let activities = ["create", "pay", "ship", "cancel"];
    let on = |n: u64| {
        let activity = activities[usize::try_from(n).unwrap() % activities.len()];
        event(n, i64::try_from(n).unwrap(), activity).by("alice", &["customer"]).on("order:1").done()
    };
    let events: Vec<Event> = (0..MANY).map(on).collect();
    let judged = Comparer::new(Some(Arc::new(shop()))).with_looks(MANY * 600);
    let result = judged.case(Some(&id("order:1")), &events, &Blindness::default());
    assert!(result.deviations.len() > 10_000, "{}", result.deviations.len());
    assert!(!result.exhausted);
}

#[test]
fn very_many_steps_at_once_stay_within_the_budget() {
    let pay = |n: u64| event(n, 1, "pay").on("order:1").with(|e| (e.time, e.end) = (n as i64 / 50, 2 * SECOND)).done();
    let events: Vec<Event> = (0..MANY).map(pay).collect();
    let judged = Comparer::new(Some(Arc::new(shop()))).with_looks(MANY * 600);
    let result = judged.case(Some(&id("order:1")), &events, &Blindness::default());
    assert!(!result.exhausted);
    assert!(result.states.iter().all(|change| !change.after.is_empty()));
}

/// Views of one order, each with an approval of its own right before it.
fn approved(pairs: u64) -> (Model, Vec<Event>) {
    let model = shop();
    let kind = ConstraintKind::Require {
        activity: model.step("approve"),
        before: model.step("view"),
        per: model.kind_of("order"),
        kind: Some("human".into()),
        max_age: None,
        unchanged: Vec::new(),
    };
    let model = model.constraint("approved", kind);
    let on = |n: u64, activity| {
        // Reads move no state: only the requirement has anything to judge.
        event(n, i64::try_from(n).unwrap(), activity).on("order:1").with(|e| e.read = n > 0).done()
    };
    let steps = (0..pairs).flat_map(|n| [on(2 * n + 1, "approve"), on(2 * n + 2, "view")]);
    (model, [on(0, "create")].into_iter().chain(steps).collect())
}

#[test]
fn conditions_of_very_many_steps_at_once_stay_within_the_budget() {
    let mut model = shop();
    model.lifecycles[0].transitions[2].when = Some(compare(
        Node::Path(path(Root::Object(model.kind_of("order")), &["state"])),
        Operator::Equal,
        Node::Constant(crate::event::Value::Text("paid".into())),
    ));
    let all_at_once = |n: u64| {
        let made = event(n, 1, if n == 0 { "create" } else { "pay" }).by("alice", &["customer"]).on("order:1");
        made.with(|e| (e.time, e.end) = (SECOND * i64::from(n > 0), SECOND + 500 * i64::from(n > 0))).done()
    };
    let mut events: Vec<Event> = (0..MANY).map(all_at_once).collect();
    events.push(event(MANY, 30, "ship").by("alice", &["customer"]).on("order:1").done());
    let judged = Comparer::new(Some(Arc::new(model))).with_looks(MANY * 2_000);
    let result = judged.case(Some(&id("order:1")), &events, &Blindness::default());
    assert_eq!(result.tallies.0[&(Check::Race, "pcap")].violated, MANY - 2);
    assert!(!result.exhausted && !result.measures.approximate);
}

#[test]
fn a_requirement_is_judged_at_every_event_of_a_large_case() {
    let (model, events) = approved(MANY);
    let result = run(model, &events);
    let tally = result.tallies.0[&(Check::ApprovalMissing, "pcap")];
    assert_eq!((tally.evaluated, tally.not_evaluable), (MANY, 0));
    assert!(!result.exhausted);
}

#[test]
fn sums_and_retries_of_a_large_case_stay_within_the_budget() {
    let mut model = shop();
    let (order, pay) = (model.kind_of("order"), model.step("pay"));
    let sum = AttributeRule::Sum { activity: pay, attribute: "amount".into() };
    model.object_types[0].attributes.push(ObjectAttribute { name: "paid".into(), value: sum });
    model.activities[usize::from(pay.0)].idempotency = Some(path(Root::RequestHeader, &["idempotency-key"]));
    let paid = Node::Path(path(Root::Object(order), &["paid"]));
    let most = compare(paid, Operator::LessOrEqual, Node::Constant(eur(i64::from(u32::MAX))));
    let model = model.constraint("most", ConstraintKind::Always(most));
    let on = |n: u64| {
        let made = event(n, i64::try_from(n).unwrap(), if n == 0 { "create" } else { "pay" }).on("order:1");
        // Every fifth comes from a log that hides its key.
        let hidden = n.is_multiple_of(5);
        let made = made.attribute("amount", eur(1)).with(|e| e.shows.headers = !hidden);
        if hidden { made.done() } else { made.keyed(n, n).done() }
    };
    let events: Vec<Event> = (0..MANY).map(on).collect();
    let judged = Comparer::new(Some(Arc::new(model))).with_looks(MANY * 600);
    let result = judged.case(Some(&id("order:1")), &events, &Blindness::default());
    let tally = result.tallies.0[&(Check::Conserve, "pcap")];
    assert_eq!((tally.evaluated, tally.not_evaluable), (MANY - 1, 0));
    assert!(!result.exhausted);
}

#[test]
fn a_case_that_is_too_large_says_so() {
    let (model, events) = approved(50);
    let comparer = |looks| Comparer::new(Some(Arc::new(model.clone()))).with_looks(looks);
    let judged = |looks| comparer(looks).case(Some(&id("order:1")), &events, &Blindness::default());
    let (whole, part) = (judged(u64::MAX), judged(20));
    assert!(!whole.exhausted && part.exhausted && part.measures.approximate);
    assert_eq!(checks(&part), [], "what was not looked at is nothing to report");
    let (of_whole, of_part) = [whole, part].map(|r| r.tallies.0[&(Check::ApprovalMissing, "pcap")]).into();
    assert_eq!(of_whole.evaluated, of_part.evaluated + of_part.not_evaluable);
    assert!(of_part.not_evaluable > 0);
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
