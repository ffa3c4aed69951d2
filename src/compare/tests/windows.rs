use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::compare::WindowKey;
use crate::event::{Money, Outcome, Shows};
use crate::model::{ActivityId, ActivityObject, ConstraintKind, Limit, Path, Transition};

/// Groups events by key and judges every group, as a caller does.
pub(super) fn windows(model: Model, events: &[Event]) -> CaseResult {
    windows_blind(model, events, &Blindness::default())
}

fn windows_blind(model: Model, events: &[Event], blindness: &Blindness) -> CaseResult {
    let comparer = Comparer::new(Some(Arc::new(model)));
    let mut groups: BTreeMap<WindowKey, Vec<Event>> = BTreeMap::new();
    let mut sorted = events.to_vec();
    sorted.sort_by_key(Event::order_key);
    for event in &sorted {
        for key in comparer.window_keys(event) {
            groups.entry(key).or_default().push(event.clone());
        }
    }
    let mut all = CaseResult::default();
    for (key, group) in groups {
        let result = comparer.window(&key, &group, blindness);
        all.deviations.extend(result.deviations);
        all.tallies.add(&result.tallies);
        all.measures.add(&result.measures);
    }
    all
}

pub(super) fn splitting(max: i64) -> Model {
    let model = shop();
    let kind = ConstraintKind::WindowSum {
        value: path(Root::Object(model.kind_of("refund")), &["amount"]),
        activity: model.step("execute"),
        by: vec![path(Root::Object(model.kind_of("order")), &[]), path(Root::Actor, &["principal"])],
        window: HOUR,
        max: Limit::Money(Money { amount: max.into(), currency: "EUR".into() }),
        unless: Some(model.step("approve")),
    };
    model.constraint("split", kind)
}

fn executed(n: u64, second: i64, euros: i64) -> Event {
    let object = format!("refund:{n}");
    event(n, second, "execute").on(&object).shows("amount", eur(euros)).on("order:1").done()
}

/// Execution of refunds whose request was seen, so that an approval would have been as well.
pub(super) fn in_view(parts: &[Event]) -> Vec<Event> {
    let request = |e: &Event| {
        let object = e.objects[0].id.to_string();
        event(e.id.0 + 1000, -10, "request").by("carol", &[]).on(&object).on("order:1").done()
    };
    parts.iter().map(request).chain(parts.iter().cloned()).collect()
}

fn split(parts: &[Event], others: &[Event]) -> CaseResult {
    windows(splitting(100), &[in_view(parts), others.to_vec()].concat())
}

#[test]
fn parts_under_the_limit_that_exceed_it_together() {
    let three = split(&[executed(1, 0, 60), executed(2, 10, 40), executed(3, 20, 1)], &[]);
    assert_eq!(checks(&three), [Check::Split]);
    assert_eq!(three.deviations[0].events.len(), 3);
    assert_eq!(text(&three.deviations[0].observed), ["60 + 40 + 1 = 101 EUR"]);
    assert_eq!(checks(&split(&[executed(1, 0, 60), executed(2, 10, 40)], &[])), [], "exactly the limit");
    assert_eq!(checks(&split(&[executed(1, 0, 60), executed(2, 3600, 60)], &[])), [], "an hour apart");
    assert_eq!(checks(&split(&[executed(1, 0, 101)], &[])), [Check::Guard], "one part alone");
}

#[test]
fn an_approval_lifts_the_limit_of_what_was_approved() {
    let approve = |second: i64, what: &str| event(9, second, "approve").by("bob", &[]).on(what).on("order:1").done();
    let parts = [executed(1, 0, 60), executed(2, 10, 60)];
    assert_eq!(checks(&split(&parts, &[approve(5, "refund:2")])), [], "60 by itself");
    assert_eq!(checks(&split(&parts, &[approve(15, "refund:2")])), [Check::Split], "too late");
    assert_eq!(checks(&split(&parts, &[approve(-5, "refund:3")])), [Check::Split], "of another refund");
    let large = [executed(1, 0, 60), executed(2, 10, 130), executed(3, 20, 60)];
    assert_eq!(
        checks(&split(&large, &[approve(5, "refund:2")])),
        [Check::Split],
        "the approved one counts for nothing"
    );
    let answer_lost = event(9, 5, "approve").on("refund:2").with(|e| e.outcome = Outcome::Unknown).on("order:1").done();
    let result = split(&parts, &[answer_lost]);
    assert_eq!(checks(&result), [], "perhaps approved");
    assert_eq!(result.tallies.0[&(Check::Split, "pcap")].not_evaluable, 1);
}

#[test]
fn an_approval_that_may_have_gone_unseen_decides_nothing() {
    let parts = [executed(1, 0, 60), executed(2, 10, 60), executed(3, 20, 101)];
    assert_eq!(checks(&windows(splitting(100), &parts)), [], "requested before the capture");
    let blind = Blindness::new(vec![(-5 * SECOND, -4 * SECOND)]);
    assert_eq!(checks(&windows_blind(splitting(100), &in_view(&parts), &blind)), []);
    let before = Blindness::new(vec![(-50 * SECOND, -40 * SECOND)]);
    assert_eq!(checks(&windows_blind(splitting(100), &in_view(&parts), &before)), [Check::Split, Check::Guard]);
    let mut seen_elsewhere = Blindness::default();
    let approval = event(90, -5, "approve").on("order:1").with(|e| e.shows.request_body = false).done();
    Comparer::new(Some(Arc::new(splitting(100)))).note_unattributed(&approval, &mut seen_elsewhere.unattributed);
    assert_eq!(checks(&windows_blind(splitting(100), &in_view(&parts), &seen_elsewhere)), []);
}

#[test]
fn an_amount_may_be_known_from_another_event() {
    let request = |n: u64, second: i64, euros: i64| {
        event(n + 50, second, "request").on(&format!("refund:{n}")).shows("amount", eur(euros)).on("order:1").done()
    };
    let bare = |n: u64, second: i64| event(n, second, "execute").on(&format!("refund:{n}")).on("order:1").done();
    let events = [request(1, 0, 60), request(2, 1, 60), bare(1, 10), bare(2, 20)];
    assert_eq!(checks(&windows(splitting(100), &events)), [Check::Split]);
    let result = windows(splitting(100), &events[2..]);
    assert_eq!(checks(&result), []);
    assert_eq!(result.tallies.0[&(Check::Split, "pcap")].not_evaluable, 2);
}

#[test]
fn one_key_on_two_cases_with_two_bodies() {
    let pay = |n: u64, order: &str, body: u64| {
        let case = id(order);
        event(n, i64::try_from(n).unwrap(), "pay").on(order).keyed(1, body).with(|e| e.case = Some(case)).done()
    };
    assert_eq!(checks(&windows(shop(), &[pay(1, "order:1", 1), pay(2, "order:2", 2)])), [Check::Replay]);
    assert_eq!(checks(&windows(shop(), &[pay(1, "order:1", 1), pay(2, "order:2", 1)])), []);
    assert_eq!(checks(&windows(shop(), &[pay(1, "order:1", 1), pay(2, "order:1", 2)])), [], "found within its case");
}

fn paced(max: u64) -> Model {
    let model = shop();
    let kind = counted(model.step("create"), vec![path(Root::Actor, &[])], 60 * SECOND, max);
    model.constraint("pace", kind)
}

/// At most so many of an activity in a window.
pub(super) fn counted(activity: ActivityId, by: Vec<Path>, window: i64, max: u64) -> ConstraintKind {
    ConstraintKind::WindowCount { activity, until: Vec::new(), distinct: None, by, window, max }
}

/// At most so many orders that one made and did not cancel.
fn hoarded(max: u64) -> Model {
    let model = shop();
    let mut kind = counted(model.step("create"), vec![path(Root::Actor, &["principal"])], HOUR, max);
    if let ConstraintKind::WindowCount { until, .. } = &mut kind {
        until.push(model.step("cancel"));
    }
    model.constraint("holds", kind)
}

#[test]
fn what_was_ended_is_held_no_more() {
    let cancelled = |n: u64, order: u64, second: i64, who: &str| {
        event(n, second, "cancel").by(who, &[]).on(&format!("order:{order}")).done()
    };
    let three: Vec<Event> = (1..4).map(|n| created(n, i64::try_from(n).unwrap(), "alice")).collect();
    assert_eq!(checks(&windows(hoarded(2), &three)), [Check::Volume]);
    assert_eq!(checks(&windows(hoarded(3), &three)), []);
    let with = |second: i64, order: u64| {
        let mut all = three.clone();
        all.push(cancelled(9, order, second, "alice"));
        all.sort_by_key(Event::order_key);
        checks(&windows(hoarded(2), &all))
    };
    assert_eq!(with(2, 1), [], "given back before the third was taken");
    assert_eq!(with(4, 1), [Check::Volume], "after it");
    assert_eq!(with(2, 7), [Check::Volume], "another's");
}

#[test]
fn one_value_counts_once_where_different_ones_do() {
    let model = shop();
    let mut kind = counted(model.step("create"), vec![path(Root::Actor, &["tenant"])], HOUR, 2);
    if let ConstraintKind::WindowCount { distinct, .. } = &mut kind {
        *distinct = Some(path(Root::Actor, &["principal"]));
    }
    let model = || model.clone().constraint("accounts", kind.clone());
    let made = |n: u64, who: &str| {
        let mut one = created(n, i64::try_from(n).unwrap(), who);
        one.actor.tenant = Some("t".into());
        one
    };
    let all = |who: &[&str]| -> Vec<Event> { (1..).zip(who).map(|(n, who)| made(n, who)).collect() };
    assert_eq!(checks(&windows(model(), &all(&["a", "a", "b", "b", "a"]))), []);
    assert_eq!(checks(&windows(model(), &all(&["a", "a", "b", "c"]))), [Check::Volume]);
}

fn created(n: u64, second: i64, who: &str) -> Event {
    event(n, second, "create").by(who, &[]).on(&format!("order:{n}")).done()
}

#[test]
fn more_than_so_many_in_a_minute() {
    let burst = |count: u64, gap: i64| -> Vec<Event> {
        (0..count).map(|n| created(n, i64::try_from(n).unwrap() * gap, "alice")).collect()
    };
    assert_eq!(checks(&windows(paced(10), &burst(11, 5))), [Check::Volume]);
    let longer = windows(paced(10), &burst(14, 4));
    assert_eq!(checks(&longer), [Check::Volume], "one breach is told once,");
    assert_eq!(&*longer.deviations[0].observed[0], "14 by alice", "with the most that it came to");
    assert_eq!(checks(&windows(paced(10), &burst(10, 5))), []);
    assert_eq!(checks(&windows(paced(10), &burst(30, 6))), [], "the window is open at its far end");
    let two: Vec<Event> = (0..20).map(|n| created(n, 1, if n % 2 == 0 { "alice" } else { "bob" })).collect();
    assert_eq!(checks(&windows(paced(10), &two)), []);
}

proptest! {
    #[test]
    fn counting_equals_looking_at_every_pair(times in proptest::collection::vec(0i64..400, 1..40), max in 1u64..6) {
        let events: Vec<Event> = (0..).zip(&times).map(|(n, t)| created(n, *t, "alice")).collect();
        let tally = windows(paced(max), &events).tallies.0.get(&(Check::Volume, "pcap")).copied().unwrap_or_default();
        let mut sorted = events.clone();
        sorted.sort_by_key(Event::order_key);
        let over = sorted.iter().enumerate().filter(|(i, now)| {
            let near = sorted[..=*i].iter().filter(|e| now.time - e.time < 60 * SECOND).count();
            near as u64 > max
        });
        prop_assert_eq!(tally.violated, over.count() as u64);
        prop_assert_eq!(tally.evaluated, events.len() as u64);
    }

    /// Orders of three people, some of them cancelled, against a look at all that came before each.
    #[test]
    fn what_is_held_equals_what_was_begun_and_not_ended(
        steps in proptest::collection::vec((0i64..5_000, 0u64..8, 0usize..3, any::<bool>()), 1..60), max in 1u64..4,
    ) {
        let mut events: Vec<Event> = (0..)
            .zip(&steps)
            .map(|(n, (second, order, who, ends))| {
                let activity = if *ends { "cancel" } else { "create" };
                // Each at an instant of its own, so that their order is certain.
                let second = second * 100 + i64::try_from(n).unwrap();
                event(n, second, activity).by(["a", "b", "c"][*who], &[]).on(&format!("order:{order}")).done()
            })
            .collect();
        events.sort_by_key(Event::order_key);
        let of = |event: &Event, activity: &str| event.activity.as_deref() == Some(activity);
        let principal = |event: &Event| event.actor.principal.clone();
        let ended = |begun: usize, now: usize| {
            let same = |end: &Event| end.objects[0].id == events[begun].objects[0].id && principal(end) == principal(&events[begun]);
            events.iter().take(now).skip(begun + 1).any(|end| of(end, "cancel") && same(end))
        };
        let over = (0..events.len()).filter(|now| of(&events[*now], "create")).filter(|now| {
            let held = (0..=*now).filter(|begun| {
                let (one, at) = (&events[*begun], &events[*now]);
                of(one, "create") && principal(one) == principal(at) && at.time - one.time < HOUR && !ended(*begun, *now)
            });
            held.count() as u64 > max
        });
        let tally = windows(hoarded(max), &events).tallies.0.get(&(Check::Volume, "pcap")).copied().unwrap_or_default();
        prop_assert_eq!(tally.violated, over.count() as u64);
    }

    #[test]
    fn summing_equals_looking_at_every_pair(parts in proptest::collection::vec((0i64..9000, 1i64..60), 1..30)) {
        let events: Vec<Event> = (0..).zip(&parts).map(|(n, (t, euros))| executed(n, *t, *euros)).collect();
        let tally = split(&events, &[]).tallies.0.get(&(Check::Split, "pcap")).copied().unwrap_or_default();
        let mut sorted: Vec<(i64, u64, i64)> = (0..).zip(&parts).map(|(n, (t, euros))| (*t, n, *euros)).collect();
        sorted.sort_unstable();
        let over = sorted.iter().enumerate().filter(|(i, now)| {
            sorted[..=*i].iter().filter(|e| now.0 - e.0 < 3600).map(|e| e.2).sum::<i64>() > 100
        });
        prop_assert_eq!(tally.violated, over.count() as u64);
    }
}

#[test]
fn a_part_without_a_group_and_a_step_with_a_hidden_key_are_not_evaluable() {
    let mut model = splitting(100);
    let execute = usize::from(model.step("execute").0);
    model.activities[execute].idempotency = Some(path(Root::Event, &["key"]));
    let hidden = |e: &mut Event| {
        e.actor.principal = None;
        e.shows = Shows::default();
    };
    let part = event(1, 0, "execute").on("refund:1").with(hidden).done();
    assert_eq!(Comparer::new(Some(Arc::new(model.clone()))).window_keys(&part), []);
    let result = run(model, &[part]);
    for check in [Check::Split, Check::Replay] {
        let tally = result.tallies.0[&(check, "pcap")];
        assert_eq!((tally.evaluated, tally.not_evaluable), (0, 1), "{check:?}");
    }
}

#[test]
fn one_key_used_twice_by_nobody_knows_whom_is_left_open() {
    let pay = |n: u64, order: &str, body: u64| {
        let case = id(order);
        let event = event(n, i64::try_from(n).unwrap(), "pay").on(order).keyed(1, body);
        event.with(|e| (e.case, e.actor.principal) = (Some(case), None)).done()
    };
    let open = |events: &[Event]| windows(shop(), events).tallies.0.get(&(Check::Replay, "pcap")).copied();
    let undecided = open(&[pay(1, "order:1", 1), pay(2, "order:2", 2)]).unwrap();
    assert_eq!((undecided.evaluated, undecided.not_evaluable), (0, 1));
    assert_eq!(open(&[pay(1, "order:1", 1), pay(2, "order:2", 1)]), None, "a retry, whoever sent it");
    assert_eq!(open(&[pay(1, "order:1", 1)]), None);
}

/// Orders on which coupons are redeemed, each coupon once.
fn coupons() -> Model {
    let mut model = empty().object("order", None).object("coupon", None).steps("order", &["create", "redeem"]);
    let redeemed = ActivityObject { object_type: model.kind_of("coupon"), key: Vec::new() };
    model.activities[1].objects.push(redeemed);
    let once = Transition { once: true, ..transition(1, &[0], 1) };
    model.check.first_seen_any = false;
    model.lifecycle("order", &["none", "new"], vec![transition(0, &[0], 1), transition(1, &[1], 1)]).lifecycle(
        "coupon",
        &["fresh", "used."],
        vec![once],
    )
}

#[test]
fn a_coupon_that_is_redeemed_on_two_orders_is_judged_across_their_cases() {
    let redeem = |n: u64, coupon: &str| {
        let order = format!("order:{n}");
        event(10 * n, i64::try_from(10 * n).unwrap(), "redeem")
            .on(&order)
            .on(coupon)
            .with(|e| e.case = Some(id(&order)))
    };
    let twice = [redeem(1, "coupon:a").done(), redeem(2, "coupon:a").done(), redeem(3, "coupon:b").done()];
    let result = windows(coupons(), &twice);
    assert_eq!(checks(&result), [Check::Repeat]);
    let repeat = &result.deviations[0];
    assert_eq!((repeat.object.as_ref(), repeat.case.as_ref()), (Some(&id("coupon:a")), Some(&id("order:2"))));
    assert!(repeat.events.iter().all(|event| event.objects.len() == 2), "the events are shown whole");
    assert_eq!((result.measures.traces, result.measures.fitting_traces), (2, 1));
    // In its own case an order says nothing of the coupon.
    let create = event(1, 1, "create").on("order:1").done();
    let comparer = Comparer::new(Some(Arc::new(coupons())));
    let case = comparer.case(Some(&id("order:1")), &[create, redeem(1, "coupon:a").done()], &Blindness::default());
    assert_eq!((checks(&case), case.measures.traces), (vec![], 1));
    assert_eq!(windows(shop(), &[step(1, "create").done()]).measures.traces, 0, "lives of one case stay there");
}
