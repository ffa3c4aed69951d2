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
    let written = |e: EventBuilder| e.object(|o| o.written_state = Some("paid".into()));
    assert_eq!(told(events(written(otherwise(2)))), [(Check::Alternative, 2)], "the answer shows nothing");
    assert_eq!(told(events(otherwise(2).declares("new"))), [(Check::Skip, 3)], "it changed nothing of that");
    assert_eq!(told(events(otherwise(2).declares("paid").refused(403))), [(Check::Skip, 3)]);
}

#[test]
fn another_way_to_the_end_is_told_with_the_one_that_the_model_has() {
    let events = [step(1, "create").done(), otherwise(2).declares("shipped").done()];
    let result = run(shop(), &events);
    let [other] = &result.deviations[..] else { panic!("{:?}", result.deviations) };
    assert_eq!((text(&other.expected), text(&other.observed)), (vec!["ship"], vec!["shipped"]));
    assert!(other.restricted && other.moved);
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
