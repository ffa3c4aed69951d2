//! Steps that overlap or only retry each other, where a step before them is missing.

use super::*;
use crate::model::{ConstraintKind, Schedule};

/// Orders that may be shipped once, after a payment that is also required by name.
fn guarded() -> Model {
    let mut model = shop();
    model.lifecycles[0].transitions[2].once = true;
    let (activity, before, per) = (model.step("pay"), model.step("ship"), model.kind_of("order"));
    let kind = ConstraintKind::Require { activity, before, per, kind: None, max_age: None, unchanged: Vec::new() };
    model.constraint("paid-first", kind)
}

/// A shipment of an order that was created seconds ago, under way for ten seconds.
fn shipment(n: u64, key: u64) -> Event {
    step(n, "ship").declares("shipped").with(|e| e.end = e.time + 15 * SECOND).keyed(key, 1).done()
}

#[test]
fn of_two_overlapping_steps_only_the_second_races_and_its_twin_is_shown() {
    let first = shipment(2, 7);
    let result = run(guarded(), &[step(1, "create").done(), first.clone(), shipment(3, 8)]);
    let races: Vec<_> = result.deviations.iter().filter(|d| d.check == Check::Race).collect();
    let [race] = races[..] else { panic!("{:?}", checks(&result)) };
    assert_eq!(race.at.0, 3);
    assert!(race.events.iter().any(|e| e.id == first.id), "the step that was under way");
    assert!(!result.deviations.iter().any(|d| d.check == Check::Skip), "the missing payment says it");
}

#[test]
fn a_retry_that_overlaps_races_with_nothing_and_lacks_nothing_again() {
    for again in [shipment(3, 7), step(9, "ship").declares("shipped").keyed(7, 1).done()] {
        let result = run(guarded(), &[step(1, "create").done(), shipment(2, 7), again.clone()]);
        assert_eq!(checks(&result), [Check::ApprovalMissing]);
        assert_eq!(result.deviations[0].at.0, 2);
        assert_eq!(result.tallies.0[&(Check::ApprovalMissing, "pcap")].violated, 1);
        let undeclared = |e: Event| Event { objects: e.objects.into_iter().map(silent).collect(), ..e };
        let silent = [step(1, "create").done(), undeclared(shipment(2, 7)), undeclared(again)];
        assert_eq!(checks(&run(guarded(), &silent)), [Check::ApprovalMissing]);
    }
}

fn silent(mut object: crate::event::ObjectRef) -> crate::event::ObjectRef {
    object.declared_state = None;
    object
}

#[test]
fn what_makes_sure_of_a_lost_answer_is_the_step_itself() {
    let lost = step(2, "ship").unanswered().keyed(7, 1).done();
    let result = run(guarded(), &[step(1, "create").done(), lost, step(3, "ship").keyed(7, 1).done()]);
    assert!(checks(&result).contains(&Check::ApprovalMissing));
}

#[test]
fn a_retry_breaks_no_constraint_that_its_first_kept() {
    let model = shop();
    let order = model.kind_of("order");
    let never = ConstraintKind::Never {
        activity: model.step("pay"),
        after: model.step("cancel"),
        until: Vec::new(),
        per: order,
    };
    let until_noon = Schedule { text: "".into(), days: [true; 7], from_minute: 0, to_minute: 1, zone: "UTC".into() };
    let hours = ConstraintKind::Hours { activity: model.step("pay"), schedule: until_noon };
    let model = model.constraint("no-pay", never).constraint("first-minute", hours);
    let life = |last: u64| {
        let again = step(8, "pay").keyed(last, 1).done();
        [step(1, "create").done(), step(2, "pay").keyed(7, 1).done(), step(3, "cancel").done(), again]
    };
    assert_eq!(checks(&run(model.clone(), &life(7))), []);
    let anew = checks(&run(model, &life(8)));
    assert!(anew.contains(&Check::Guard) && anew.contains(&Check::Orphan), "{anew:?}");
}

#[test]
fn a_retry_adds_nothing_to_a_count() {
    let model = shop();
    let by = vec![path(Root::Actor, &["principal"])];
    let kind = super::windows::counted(model.step("pay"), by, HOUR, 1);
    let model = model.constraint("one-payment", kind);
    let paid = |key: u64| [step(2, "pay").keyed(7, 1).done(), step(3, "pay").keyed(key, 1).done()];
    assert_eq!(checks(&super::windows::windows(model.clone(), &paid(7))), []);
    assert_eq!(checks(&super::windows::windows(model, &paid(8))), [Check::Volume]);
}

/// A coupon that may be redeemed once before an order is paid and shipped, and edits at any time.
fn coupons() -> Model {
    let model = empty().object("order", None).steps("order", &["create", "redeem", "pay", "ship", "edit"]);
    let redeem = crate::model::Transition { once: true, ..transition(1, &[1], 1) };
    let steps = vec![transition(0, &[0], 1), redeem, transition(2, &[1], 2), transition(3, &[2], 3), edit()];
    model.lifecycle("order", &["none", "new", "paid", "shipped."], steps)
}

fn edit() -> crate::model::Transition {
    transition(4, &[1], 1)
}

/// So many steps of one activity that all begin ten milliseconds apart and last a second.
fn at_once(activity: &str, many: u64) -> Vec<Event> {
    let second = |n: u64| 20 * SECOND + i64::try_from(n).unwrap() * 10;
    (0..many)
        .map(|n| step(n + 2, activity).with(|e| (e.time, e.end) = (second(n), second(n) + SECOND)).done())
        .collect()
}

#[test]
fn however_many_steps_overlap_each_but_the_first_races_and_a_later_skip_is_one() {
    for many in [2, 10, 11, 20, 65, 300] {
        let mut events = vec![step(1, "create").done()];
        events.extend(at_once("redeem", many));
        events.push(step(400, "ship").done());
        let result = run(coupons(), &events);
        let expected = vec![Check::Race; usize::try_from(many - 1).unwrap()].into_iter().chain([Check::Skip]);
        assert_eq!(checks(&result), expected.collect::<Vec<_>>(), "{many}");
        assert!(!result.exhausted && !result.measures.approximate);
        assert_eq!(result.tallies.0[&(Check::Race, "pcap")].violated, many - 1);
    }
}

#[test]
fn edits_in_one_tick_hide_no_skip() {
    let edits =
        (0..70).map(|n| step(n + 2, "edit").with(|e| (e.time, e.end, e.tick) = (20 * SECOND, 20 * SECOND, SECOND)));
    let mut events: Vec<Event> = [step(1, "create")].into_iter().chain(edits).map(|e| e.done()).collect();
    events.push(step(100, "ship").done());
    let result = run(coupons(), &events);
    assert_eq!(checks(&result), [Check::Skip]);
    assert!(!result.measures.approximate);
}

#[test]
fn one_slow_request_hides_no_skip() {
    for slow in ["edit", "redeem", "view"] {
        let mut events = vec![step(1, "create").done()];
        events.push(step(2, slow).with(|e| e.read = slow == "view").until(20 * SECOND + HOUR).done());
        events.extend((3..90).map(|n| step(n, "edit").done()));
        events.push(step(200, "ship").done());
        let result = run(coupons(), &events);
        assert_eq!(checks(&result), [Check::Skip], "{slow}");
        assert!(!result.measures.approximate, "{slow}");
    }
}

#[test]
fn every_step_that_may_be_taken_once_is_counted() {
    let names: Vec<String> = (0..70).map(|n| format!("a{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let once = |activity: u16| crate::model::Transition { once: true, ..transition(activity, &[0], 0) };
    let model = empty().object("order", None).steps("order", &names);
    let model = model.lifecycle("order", &["open"], (0..70).map(once).collect());
    for activity in ["a3", "a63", "a64", "a66"] {
        let twice = [step(1, activity).done(), step(2, "a0").done(), step(3, activity).done()];
        assert_eq!(checks(&run(model.clone(), &twice)), [Check::Repeat], "{activity}");
    }
}
