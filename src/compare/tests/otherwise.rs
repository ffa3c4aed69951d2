//! Writes by operations that the model does not know: what they do to an object, and to what is said of others.

use super::*;
use crate::compare::builder::EventBuilder;

/// A write to the order by a way that the model does not have.
fn otherwise(n: u64) -> EventBuilder {
    step(n, "").by("adm", &[]).with(|e| (e.activity, e.operation, e.path) = (None, None, "/admin/orders/1".into()))
}

fn told(events: Vec<EventBuilder>) -> Vec<(Check, u64)> {
    let events: Vec<Event> = events.into_iter().map(EventBuilder::done).collect();
    run(shop(), &events).deviations.iter().map(|d| (d.check, d.at.0)).collect()
}

#[test]
fn who_goes_on_from_there_is_not_blamed() {
    let events = |way: EventBuilder| vec![step(1, "create"), way, step(3, "ship")];
    assert_eq!(told(events(otherwise(2).declares("paid"))), [(Check::Alternative, 2)]);
    assert_eq!(told(events(otherwise(2).declares("new"))), [(Check::Skip, 3)], "it changed nothing of that");
    assert_eq!(told(events(otherwise(2).declares("paid").refused(403))), [(Check::Skip, 3)]);
}

#[test]
fn another_way_to_the_end_is_told_with_the_one_that_the_model_has() {
    let shown = || otherwise(2).declares("shipped");
    let events = [step(1, "create").done(), shown().with(|e| e.path = "/v0/orders/1/ship".into()).done()];
    let result = run(shop(), &events);
    let [other] = &result.deviations[..] else { panic!("{:?}", result.deviations) };
    assert_eq!((text(&other.expected), text(&other.observed)), (vec!["ship"], vec!["shipped"]));
    assert!(other.restricted && other.moved);
    assert_eq!(other.doubt.map(|d| d.at_most), Some(0.6), "the request did not write it");
    let events = [step(1, "create").done(), shown().done()];
    assert!(!run(shop(), &events).deviations[0].moved, "a note on the order may show what another did");
    let events = [step(1, "create").done(), shown().object(|o| o.written_state = Some("shipped".into())).done()];
    let result = run(shop(), &events);
    assert!(result.deviations[0].moved && result.deviations[0].doubt.is_none());
    let usual = [step(1, "create").done(), step(2, "pay").done(), step(3, "ship").declares("shipped").done()];
    assert_eq!(checks(&run(shop(), &usual)), []);
}

#[test]
fn what_a_write_of_unknown_effect_may_have_done_is_missing_less_surely() {
    let skip = |between: Vec<EventBuilder>| {
        let events = [step(1, "create")].into_iter().chain(between).chain([step(9, "ship")]);
        let result = run(shop(), &events.map(EventBuilder::done).collect::<Vec<_>>());
        assert_eq!(checks(&result), [Check::Skip]);
        (result.deviations[0].doubt.map(|d| d.at_most), result.deviations[0].events.len())
    };
    assert_eq!(skip(vec![otherwise(2)]), (Some(0.6), 3));
    assert_eq!(skip(vec![otherwise(2), step(3, "view").read().declares("new")]), (None, 2), "it did nothing");
    assert_eq!(skip(vec![otherwise(2).refused(400)]), (None, 2));
}

#[test]
fn what_a_request_wrote_is_no_state_until_an_answer_shows_it() {
    let patched = |who: &str| otherwise(2).by(who, &[]).object(|o| o.written_state = Some("paid".into()));
    let found = |events: Vec<EventBuilder>| {
        let events: Vec<Event> = events.into_iter().map(EventBuilder::done).collect();
        let told = |d: &crate::compare::Deviation| (d.check, d.at.0, d.moved, d.doubt.map(|d| d.at_most));
        run(shop(), &events).deviations.iter().map(told).collect::<Vec<_>>()
    };
    let wrote = (Check::Alternative, 2, false, Some(0.6));
    let view = |n, state| step(n, "view").read().declares(state);
    assert_eq!(found(vec![step(1, "create"), patched("adm"), view(3, "new")]), [wrote]);
    let proven = (Check::Alternative, 2, true, None);
    assert_eq!(found(vec![step(1, "create"), patched("adm"), view(3, "paid"), step(4, "ship")]), [proven]);
    let both = vec![step(1, "create"), patched("adm"), step(3, "pay"), view(4, "paid"), step(5, "ship")];
    assert_eq!(found(both), [wrote], "the model's own step brought it there");
    for who in ["adm", "alice"] {
        let all = found(vec![step(1, "create"), patched(who), step(3, "ship")]);
        assert_eq!(all, [wrote, (Check::Skip, 3, false, Some(0.6))], "{who}");
    }
}

#[test]
fn a_call_of_ones_own_does_not_make_ones_skip_less_sure() {
    let skip = |who: &str| {
        let events = [step(1, "create").done(), otherwise(2).by(who, &[]).done(), step(3, "ship").done()];
        run(shop(), &events).deviations.iter().map(|d| (d.check, d.doubt.map(|d| d.at_most))).collect::<Vec<_>>()
    };
    assert_eq!(skip("alice"), [(Check::Skip, None)]);
    assert_eq!(skip("mallory"), [(Check::Skip, Some(0.6))]);
}

#[test]
fn a_described_write_is_unknown_to_the_model_all_the_same() {
    let described = || otherwise(2).with(|e| e.operation = Some("PATCH /admin/orders/{id}".into()));
    let events = |way: EventBuilder| vec![step(1, "create"), way, step(3, "ship")];
    assert_eq!(told(events(described().declares("paid"))), [(Check::Alternative, 2)]);
    let mentioned = described().declares("paid").object(|o| o.qualifier = "mentioned".into());
    assert_eq!(told(events(mentioned)), [(Check::Diverge, 2)], "an answer about something else");
    let result = run(shop(), &events(described()).into_iter().map(EventBuilder::done).collect::<Vec<_>>());
    assert_eq!(result.deviations[0].doubt.map(|d| d.at_most), Some(0.6));
}
