use super::*;

#[test]
fn a_conforming_life_has_no_deviation_and_its_states_are_told() {
    let result = run(shop(), &[step(1, "create").done(), step(2, "pay").done(), step(3, "ship").done()]);
    assert_eq!(checks(&result), []);
    assert_eq!(text(&result.states[1].before), ["new"]);
    assert_eq!(text(&result.states[1].after), ["paid"]);
    assert_eq!(result.measures.fitting_traces, 1);
    assert_eq!(result.measures.log_fitness(), Some(1.0));
    assert_eq!(result.moves.len(), 3);
    assert!(result.moves.keys().all(|m| m.allowed));
}

#[test]
fn a_skipped_step_is_one_deviation() {
    let ship = step(3, "ship").declares("shipped").done();
    let result = run(shop(), &[step(1, "create").done(), ship]);
    assert_eq!(checks(&result), [Check::Skip]);
    let skip = &result.deviations[0];
    assert_eq!(text(&skip.expected), ["pay", "ship"]);
    assert_eq!(text(&skip.states), ["new"]);
    assert!(skip.restricted && skip.moved && !skip.corrected);
    assert_eq!(skip.events.len(), 2);
    assert_eq!(result.measures.alignment_moves, 1);
    assert_eq!(result.traces[0].fits, Some(false));
}

#[test]
fn an_object_first_seen_mid_life_may_be_in_any_state() {
    let result = run(shop(), &[step(3, "ship").done()]);
    assert_eq!(checks(&result), []);
    let result = run(shop(), &[step(2, "view").read().declares("new").done(), step(3, "ship").done()]);
    assert_eq!(checks(&result), [Check::Skip]);
    let mut strict = shop();
    strict.check.first_seen_any = false;
    assert_eq!(checks(&run(strict, &[step(3, "ship").done()])), [Check::Direct]);
}

#[test]
fn a_blind_spot_may_hide_the_skipped_step() {
    let events = [step(1, "create").done(), step(3, "ship").done()];
    let blind = Blindness::new(vec![(15 * SECOND, 16 * SECOND)]);
    let result = run_blind(shop(), &events, &blind);
    assert_eq!(checks(&result), []);
    assert_eq!(result.traces[0].fits, None);
    let elsewhere = Blindness::new(vec![(50 * SECOND, 60 * SECOND)]);
    assert_eq!(checks(&run_blind(shop(), &events, &elsewhere)), [Check::Skip]);
}

#[test]
fn a_repeat_is_seen_across_a_blind_spot() {
    let events = [step(1, "create").done(), step(2, "pay").done(), step(4, "pay").done()];
    let blind = Blindness::new(vec![(25 * SECOND, 26 * SECOND)]);
    assert_eq!(checks(&run_blind(shop(), &events, &blind)), [Check::Repeat]);
}

#[test]
fn steps_in_the_wrong_order_are_one_deviation() {
    let result = run(shop(), &[step(1, "create").done(), step(2, "ship").done(), step(3, "pay").done()]);
    assert_eq!(checks(&result), [Check::Order]);
    assert_eq!(text(&result.deviations[0].observed), ["create", "ship", "pay"]);
    assert_eq!(result.deviations[0].events.len(), 3);
}

#[test]
fn overlapping_and_tied_steps_have_no_order() {
    let ship = step(2, "ship").done();
    let overlapping = step(3, "pay").with(|e| e.time = ship.time).until(ship.end + 5).done();
    assert_eq!(checks(&run(shop(), &[step(1, "create").done(), ship, overlapping])), []);
    let coarse = |n: u64, name: &str| {
        step(n, name).with(|e| {
            e.time = 40 * SECOND;
            e.end = e.time;
            e.tick = SECOND;
        })
    };
    let tied = [coarse(1, "ship").done(), coarse(2, "pay").done(), coarse(3, "create").done()];
    assert_eq!(checks(&run(shop(), &tied)), []);
    let instant = |n: u64, name: &str| step(n, name).with(|e| (e.time, e.end) = (40 * SECOND, 40 * SECOND)).done();
    let one_microsecond = [step(1, "create").done(), instant(2, "ship"), instant(3, "pay")];
    assert_eq!(checks(&run(shop(), &one_microsecond)), []);
    let mut strict = shop();
    strict.check.ties_commute = false;
    assert!(!checks(&run(strict, &tied)).is_empty());
}

#[test]
fn clocks_of_two_sensors_agree_only_within_the_skew() {
    let at = |n: u64, name: &str, micros: i64, sensor: &str| {
        let sensor = sensor.to_owned();
        step(n, name).with(move |e| {
            e.time = micros;
            e.end = micros;
            e.sensor = sensor.into();
        })
    };
    let near =
        [step(1, "create").done(), at(2, "ship", 20 * SECOND, "b").done(), at(3, "pay", 21 * SECOND, "a").done()];
    assert_eq!(checks(&run(shop(), &near)), []);
    let far = [step(1, "create").done(), at(2, "ship", 20 * SECOND, "b").done(), at(3, "pay", 29 * SECOND, "a").done()];
    assert_eq!(checks(&run(shop(), &far)), [Check::Order]);
}

#[test]
fn a_second_payment_is_a_repeat_and_a_retry_is_not() {
    let start = [step(1, "create").done(), step(2, "pay").keyed(7, 1).done()];
    let with = |again: Event| {
        let mut events = start.to_vec();
        events.push(again);
        checks(&run(shop(), &events))
    };
    assert_eq!(with(step(3, "pay").keyed(8, 1).done()), [Check::Repeat]);
    assert_eq!(with(step(3, "pay").keyed(7, 1).done()), []);
    assert_eq!(with(step(3, "pay").keyed(7, 2).done()), [Check::Replay]);
    assert_eq!(with(step(3, "pay").refused(409).keyed(7, 1).done()), []);
    assert_eq!(with(step(3, "pay").with(|e| e.idempotency = Some(7)).done()), [], "bodies not seen");
}

/// Orders whose payment carries an idempotency key.
fn keyed() -> Model {
    let mut model = shop();
    let pay = usize::from(model.step("pay").0);
    model.activities[pay].idempotency = Some(path(Root::Event, &["key"]));
    model
}

/// A step in a log that shows neither headers nor bodies.
fn logged(n: u64, second: i64, activity: &str) -> super::super::builder::EventBuilder {
    event(n, second, activity).by("alice", &["customer"]).on("order:1").with(|e| {
        e.shows = crate::event::Shows::default();
        e.end = e.time;
    })
}

fn paid_twice(again: Event) -> CaseResult {
    run(keyed(), &[logged(1, 10, "create").done(), logged(2, 20, "pay").done(), again])
}

#[test]
fn a_repeat_whose_key_the_log_hides_is_not_evaluable_and_no_allowed_move() {
    let result = paid_twice(logged(3, 23, "pay").done());
    assert_eq!(checks(&result), []);
    for check in [Check::Repeat, Check::Race] {
        // A step whose length is not shown overlaps with none that is known.
        let open = if check == Check::Race { 3 } else { 1 };
        assert_eq!(result.tallies.0[&(check, "pcap")].not_evaluable, open, "{check:?}");
        assert_eq!(result.hidden_keys[&check], 1, "{check:?}");
    }
    assert!(!result.hidden_keys.contains_key(&Check::Skip));
    let again: Vec<_> = result.moves.iter().filter(|(m, _)| m.perhaps).collect();
    let [(again, 1)] = again[..] else { panic!("{again:?}") };
    assert_eq!((&*again.from, &*again.activity, &*again.to), ("paid", "pay", "paid"));
    assert_eq!(result.moves.keys().filter(|m| !m.perhaps && m.allowed).count(), 2);
    assert_eq!(result.traces[0].fits, None);
}

#[test]
fn a_repeat_that_cannot_be_a_retry_is_judged_without_its_key() {
    for (again, what) in [
        (logged(3, 20 + 3601, "pay").done(), "an hour later"),
        (logged(3, 23, "pay").by("bob", &["customer"]).done(), "another person"),
        (logged(3, 23, "pay").with(|e| e.status = Some(201)).done(), "another answer"),
    ] {
        let result = paid_twice(again);
        assert_eq!(checks(&result), [Check::Repeat], "{what}");
        assert_eq!(result.deviations[0].completeness, 0.6, "{what}");
        assert!(result.moves.keys().all(|m| !m.perhaps), "{what}");
    }
    let mut patient = keyed();
    patient.check.retry_window = 24 * HOUR;
    let late = [logged(1, 10, "create").done(), logged(2, 20, "pay").done(), logged(3, 20 + 3601, "pay").done()];
    assert_eq!(checks(&run(patient, &late)), []);
}

#[test]
fn what_is_allowed_either_way_is_no_doubt_of_a_rule() {
    let mut model = keyed();
    model.lifecycles[0].transitions[1] = transition(1, &[1, 2], 2);
    let events = [logged(1, 10, "create").done(), logged(2, 20, "pay").done(), logged(3, 23, "pay").done()];
    let result = run(model, &events);
    assert_eq!(checks(&result), []);
    assert!(!result.hidden_keys.contains_key(&Check::Repeat));
}

#[test]
fn after_a_repeat_the_life_goes_on() {
    let events = ["create", "pay", "ship", "pay", "view"];
    let events: Vec<Event> = (1..).zip(events).map(|(n, name)| step(n, name).done()).collect();
    assert_eq!(checks(&run(shop(), &events[..4])), [Check::Repeat]);
}

#[test]
fn two_payments_in_flight_at_once_are_a_race() {
    let first = step(2, "pay").done();
    let second = step(3, "pay").with(|e| e.time = first.time + 100).until(first.end + 100).done();
    let result = run(shop(), &[step(1, "create").done(), first, second]);
    assert_eq!(checks(&result), [Check::Race]);
    assert_eq!(result.deviations[0].order_certainty, 1.0);
    assert_eq!(result.deviations[0].events.iter().filter(|e| e.activity.as_deref() == Some("pay")).count(), 2);
}

#[test]
fn a_lost_answer_may_mean_either() {
    let unsure = [step(1, "create").done(), step(2, "pay").unanswered().done()];
    let mut shipped = unsure.to_vec();
    shipped.push(step(3, "ship").done());
    assert_eq!(checks(&run(shop(), &shipped)), []);
    let mut paid_again = unsure.to_vec();
    paid_again.push(step(3, "pay").done());
    assert_eq!(checks(&run(shop(), &paid_again)), []);
}

#[test]
fn life_ends_with_a_final_state() {
    let events = [step(1, "create").done(), step(2, "cancel").done(), step(3, "ship").done()];
    assert_eq!(checks(&run(shop(), &events)), [Check::Orphan]);
    assert_eq!(
        checks(&run(shop(), &[step(1, "create").done(), step(2, "cancel").done(), step(3, "view").read().done()])),
        []
    );
}

#[test]
fn a_step_without_any_way_to_it_is_illegal() {
    let events = ["create", "pay", "ship", "cancel"];
    let events: Vec<Event> = (1..).zip(events).map(|(n, name)| step(n, name).done()).collect();
    assert_eq!(checks(&run(shop(), &events)), [Check::Illegal]);
    let foreign = step(9, "view").done();
    assert_eq!(checks(&run(shop(), &[foreign])), [Check::Illegal], "no line of the lifecycle names it");
}

/// Expenses that go back to a draft when they are edited: `create submit approve pay edit`.
fn expenses(edit_from: &[usize]) -> Model {
    let model = empty().object("order", None).steps("order", &["create", "submit", "approve", "pay", "edit"]);
    let steps = vec![
        transition(0, &[0], 1),
        transition(1, &[1], 2),
        transition(2, &[2], 3),
        transition(3, &[3], 4),
        transition(4, edit_from, 1),
    ];
    model.lifecycle("order", &["none", "draft", "submitted", "approved", "paid!."], steps)
}

fn lived(steps: &[&str]) -> Vec<Event> {
    (1..).zip(steps).map(|(n, name)| step(n, name).done()).collect()
}

#[test]
fn an_illegal_step_does_not_make_the_next_one_a_skip() {
    let life = lived(&["create", "submit", "approve", "edit", "pay"]);
    assert_eq!(checks(&run(expenses(&[1]), &life)), [Check::Illegal]);
    let cut = run(expenses(&[1]), &lived(&["create", "submit", "edit", "pay"]));
    assert_eq!(checks(&cut), [Check::Illegal, Check::Skip], "an approval that nobody gave stays missing");
    assert_eq!(text(&cut.deviations[1].expected), ["approve", "pay"]);
}

#[test]
fn a_step_that_was_seen_is_missing_only_once_more() {
    let again = run(expenses(&[3]), &lived(&["create", "submit", "approve", "edit", "pay"]));
    assert_eq!(checks(&again), [Check::Skip]);
    assert_eq!(text(&again.deviations[0].expected), ["submit", "approve", "pay"]);
    assert_eq!(text(&again.deviations[0].observed), ["submit", "approve", "edit", "pay"]);
    let mut declared = lived(&["create", "submit", "approve", "edit", "pay"]);
    declared[3].objects[0].declared_state = Some("draft".into());
    assert_eq!(
        checks(&run(expenses(&[1]), &declared)),
        [Check::Illegal, Check::Skip],
        "the server says that it went back"
    );
}

#[test]
fn a_child_of_an_order_seen_from_birth_begins_at_its_beginning() {
    let born = [step(1, "create").done(), refund(5, "execute").done()];
    assert_eq!(checks(&run(shop(), &born)), [Check::Direct]);
    assert_eq!(checks(&run(shop(), &[refund(5, "execute").done()])), []);
}

#[test]
fn a_state_that_replay_excludes_is_reported_once() {
    let view = |n: u64, state: &str| step(n, "view").read().declares(state).done();
    let events = [step(1, "create").done(), view(2, "paid"), view(3, "paid"), step(4, "ship").done()];
    assert_eq!(checks(&run(shop(), &events)), [Check::Diverge]);
    let fine =
        [step(1, "create").done(), view(2, "NEW"), step(3, "pay").done(), view(4, "paid"), view(5, "unheard-of")];
    assert_eq!(checks(&run(shop(), &fine)), []);
}

#[test]
fn a_role_that_may_not_and_a_refusal_of_it() {
    let ship = |n: u64| step(n, "ship").by("mallory", &["support"]);
    let start = [step(1, "create").done(), step(2, "pay").done()];
    let with = |last: Event| run(shop(), &[start.to_vec(), vec![last]].concat());
    assert_eq!(checks(&with(ship(3).done())), [Check::Role]);
    assert_eq!(checks(&with(ship(3).refused(403).done())), [Check::Role]);
    assert_eq!(checks(&with(step(3, "ship").by("walter", &["fulfilment"]).done())), []);
    assert_eq!(checks(&with(ship(3).with(|e| e.actor.principal = None).done())), []);
    let result = with(step(3, "ship").agent("agent:shop").done());
    assert_eq!(checks(&result), [Check::Role]);
    assert_eq!(text(&result.deviations[0].observed), ["agent:shop"]);
}

#[test]
fn a_refusal_of_a_skip_is_the_server_doing_its_job() {
    let refused = |status: u16| run(shop(), &[step(1, "create").done(), step(3, "ship").refused(status).done()]);
    let conflict = refused(409);
    assert_eq!(checks(&conflict), [Check::Skip]);
    assert!(conflict.deviations[0].completeness < 0.5 && !conflict.deviations[0].moved);
    assert!(refused(403).deviations[0].completeness > 0.5);
    let allowed = run(shop(), &[step(1, "create").done(), step(2, "pay").refused(422).done()]);
    assert_eq!(checks(&allowed), []);
}

#[test]
fn a_guard_that_equates_two_amounts_is_a_mismatch() {
    let create = step(1, "create").shows("total", eur(50)).done();
    let pay = |amount: i64| step(2, "pay").attribute("amount", eur(amount)).done();
    assert_eq!(checks(&run(shop(), &[create.clone(), pay(5)])), [Check::Mismatch]);
    assert_eq!(checks(&run(shop(), &[create.clone(), pay(50)])), []);
    assert_eq!(checks(&run(shop(), &[create, step(2, "pay").done()])), [], "amount not seen");
}

#[test]
fn a_step_too_late_breaks_a_rule() {
    let mut model = shop();
    model.lifecycles[0].transitions[2].within = Some((model.step("pay"), HOUR));
    let ship = |second: i64| step(3, "ship").with(|e| e.time = second * SECOND).with(|e| e.end = e.time).done();
    let events = |ship: Event| [step(1, "create").done(), step(2, "pay").done(), ship];
    assert_eq!(checks(&run(model.clone(), &events(ship(3700)))), [Check::Guard]);
    assert_eq!(checks(&run(model, &events(ship(3600)))), []);
}

#[test]
fn a_false_guard_with_a_sibling_is_explained_by_the_skip() {
    let create = step(1, "create").done();
    let request =
        refund(2, "request").object(|_| ()).with(|e| e.objects[0].attributes.push(("amount".into(), eur(500)))).done();
    let result = run(shop(), &[create.clone(), request.clone(), refund(3, "execute").done()]);
    assert_eq!(checks(&result), [Check::Skip]);
    assert_eq!(text(&result.deviations[0].expected), ["approve", "execute"]);
    let small = refund(2, "request").with(|e| e.objects[0].attributes.push(("amount".into(), eur(100)))).done();
    assert_eq!(checks(&run(shop(), &[create.clone(), small, refund(3, "execute").done()])), []);
    let approved = [create, request, refund(3, "approve").done(), refund(4, "execute").done()];
    assert_eq!(checks(&run(shop(), &approved)), []);
}

#[test]
fn a_client_does_not_write_the_state() {
    let mut model = shop();
    model.object_types[0].state.push(path(Root::ResponseBody, &["status"]));
    let create = |state: &str| step(1, "create").object(|o| o.written_state = Some(state.into())).done();
    assert_eq!(checks(&run(model.clone(), &[create("paid")])), [Check::StateField]);
    assert_eq!(checks(&run(model.clone(), &[create("created")])), [], "in which every order begins");
    let pays = step(2, "pay").object(|o| o.written_state = Some("paid".into())).done();
    assert_eq!(checks(&run(model.clone(), &[step(1, "create").done(), pays])), [Check::StateField]);
    assert_eq!(checks(&run(model.clone(), &[create("succeeded")])), [], "no state of an order");
    let service = step(1, "create").kind("service").object(|o| o.written_state = Some("paid".into())).done();
    assert_eq!(checks(&run(model, &[service])), []);
}

#[test]
fn one_object_has_one_key_in_a_request() {
    let pay = step(2, "pay").object(|o| o.conflicting_key = Some("2".into())).done();
    assert_eq!(checks(&run(shop(), &[step(1, "create").done(), pay])), [Check::Mismatch]);
}

#[test]
fn a_later_cancellation_corrects_a_step_into_a_restricted_state() {
    let mut model = shop();
    model.lifecycles[0].transitions.push(transition(3, &[3], 4));
    let events = [step(1, "create").done(), step(2, "ship").done(), step(3, "cancel").done()];
    let result = run(model, &events);
    assert_eq!(checks(&result), [Check::Skip]);
    assert!(result.deviations[0].corrected && result.deviations[0].moved);
}

#[test]
fn what_goes_on_from_a_restricted_state_undoes_nothing() {
    let mut model = shop();
    // Only what was shipped can end as what was cancelled does.
    model.lifecycles[0].transitions.retain(|t| t.activity != crate::model::ActivityId(3));
    model.lifecycles[0].transitions.push(transition(3, &[3], 4));
    let events = [step(1, "create").done(), step(2, "ship").done(), step(3, "cancel").done()];
    let result = run(model.clone(), &events);
    assert_eq!(checks(&result), [Check::Skip]);
    assert!(!result.deviations[0].corrected && result.deviations[0].moved);
    // Back to where it was.
    model.lifecycles[0].transitions.push(transition(3, &[3], 1));
    model.lifecycles[0].transitions.retain(|t| t.activity != crate::model::ActivityId(3) || t.to == 1);
    assert!(run(model, &events).deviations[0].corrected);
}

#[test]
fn of_two_at_one_time_the_refused_one_is_no_repeat() {
    let shipped = |status: u16, person: &str, at: i64| {
        let span = |from: i64| move |e: &mut Event| (e.time, e.end) = (from, from + SECOND);
        let events = [
            step(1, "create").with(span(0)).done(),
            step(2, "pay").with(span(2 * SECOND)).done(),
            step(3, "ship").by("ann", &["customer"]).with(span(4 * SECOND)).done(),
            step(4, "ship").by(person, &["customer"]).refused(status).with(span(4 * SECOND + at)).done(),
        ];
        let mut model = shop();
        model.lifecycles[0].transitions.iter_mut().for_each(|t| t.once = true);
        checks(&run(model, &events)).len()
    };
    assert_eq!([shipped(409, "ann", SECOND / 2), shipped(403, "bob", SECOND / 2)], [0; 2]);
    assert_eq!(shipped(409, "ann", 5 * SECOND), 1, "afterwards");
}

#[test]
fn without_a_model_replays_and_orphans_are_still_seen() {
    let comparer = Comparer::new(None);
    let none = Blindness::default();
    let delete = event(1, 1, "").on("doc:1").with(|e| {
        e.method = "DELETE".into();
        e.operation = Some("DELETE /docs/{doc}".into());
    });
    let read = |second: i64| {
        event(2, second, "").on("doc:1").read().with(|e| e.operation = Some("GET /docs/{doc}".into())).done()
    };
    let delete = delete.done();
    assert_eq!(checks(&comparer.case(Some(&id("doc:1")), &[delete.clone(), read(5)], &none)), [Check::Orphan]);
    let used = comparer.case(Some(&id("doc:1")), &[read(0), delete], &none);
    assert_eq!(checks(&used), []);
    let tally = used.tallies.0[&(Check::Orphan, "pcap")];
    assert_eq!((tally.evaluated, tally.violated), (1, 0), "a use of what is not deleted is judged");
    let post = |n: u64, body: u64| event(n, i64::try_from(n).unwrap(), "pay").on("doc:1").keyed(5, body).done();
    assert_eq!(checks(&comparer.case(Some(&id("doc:1")), &[post(1, 1), post(2, 2)], &none)), [Check::Replay]);
    assert_eq!(checks(&comparer.case(Some(&id("doc:1")), &[post(1, 1), post(2, 1)], &none)), []);
}

/// A look at the order so many milliseconds after the first event's second, that shows a state.
fn look(n: u64, millis: i64, state: &str) -> Event {
    let at = |e: &mut Event| (e.time, e.end) = (10 * SECOND + millis * 1000, 10 * SECOND + millis * 1000 + 1000);
    step(n, "view").read().declares(state).with(at).done()
}

#[test]
fn an_answer_may_lag_a_moment_behind_a_step() {
    let paid = |looks: &[Event]| {
        let mut events = vec![step(1, "create").with(|e| (e.time, e.end) = (0, 1000)).declares("new").done()];
        events
            .push(step(2, "pay").with(|e| (e.time, e.end) = (10 * SECOND, 10 * SECOND + 1000)).declares("paid").done());
        events.extend(looks.iter().cloned());
        checks(&run(shop(), &events))
    };
    assert_eq!(paid(&[look(3, 1500, "new"), look(4, 4500, "paid")]), []);
    assert_eq!(paid(&[look(3, 60_000, "new"), look(4, 90_000, "paid")]), [Check::Diverge], "a minute is no lag");
    assert_eq!(paid(&[look(3, 1500, "shipped"), look(4, 4500, "shipped")]), [Check::Diverge], "it was not there");
    let cached =
        Event { answer: crate::event::Answer { cached: true, ..Default::default() }, ..look(3, 60_000, "new") };
    assert_eq!(paid(&[cached, look(4, 90_000, "paid")]), []);
}

#[test]
fn a_step_that_was_only_taken_on_may_take_its_time() {
    let paid = |status: u16, looks: &[Event]| {
        let mut events = vec![step(1, "create").with(|e| (e.time, e.end) = (0, 1000)).declares("new").done()];
        let taken =
            step(2, "pay").with(|e| (e.time, e.end, e.status) = (10 * SECOND, 10 * SECOND + 1000, Some(status)));
        events.push(taken.declares("new").done());
        events.extend(looks.iter().cloned());
        checks(&run(shop(), &events))
    };
    assert_eq!(paid(202, &[look(3, 60_000, "new"), look(4, 90_000, "paid")]), []);
    assert_eq!(paid(200, &[look(3, 60_000, "new")]), [Check::Diverge], "done, it says");
    let again = [look(3, 60_000, "new"), look(4, 90_000, "paid"), look(5, 120_000, "new")];
    assert_eq!(paid(202, &again), [Check::Diverge], "it was seen done");
}

#[test]
fn a_cancellation_makes_up_for_a_misplaced_step() {
    let mut model = shop();
    model.lifecycles[0].states[3].final_state = true;
    let shipped = |model: &Model, last: crate::compare::builder::EventBuilder| {
        let events = [step(1, "create").done(), step(2, "ship").declares("shipped").done(), last.done()];
        run(model.clone(), &events).deviations.iter().map(|d| (d.check, d.corrected)).collect::<Vec<_>>()
    };
    let both = [(Check::Skip, false), (Check::Orphan, false)];
    assert_eq!(shipped(&model, step(3, "cancel")), both, "what was shipped is gone");
    let mut free = model.clone();
    free.lifecycles[0].states[3].restricted = false;
    assert_eq!(shipped(&free, step(3, "cancel")), [(Check::Skip, true)]);
    assert_eq!(shipped(&free, step(3, "cancel").by("bob", &["customer"])), both, "somebody else");
    assert_eq!(shipped(&free, step(3, "view").read()), [(Check::Skip, false)]);
    let paid = ["create", "pay", "ship", "cancel"].iter().zip(1..).map(|(name, n)| step(n, name).done());
    assert_eq!(checks(&run(model.clone(), &paid.collect::<Vec<_>>())), [Check::Orphan], "nothing to make up for");
}

#[test]
fn what_was_refused_at_its_creation_did_not_exist() {
    let used = |status: u16| {
        let events = [step(1, "create").refused(status).done(), step(2, "pay").done(), step(3, "ship").done()];
        let of_it = |d: &crate::compare::Deviation| (d.check, d.at.0, d.doubt.map(|doubt| doubt.at_most));
        run(shop(), &events).deviations.iter().map(of_it).collect::<Vec<_>>()
    };
    assert_eq!(used(422), [(Check::Direct, 2, Some(0.6))]);
    assert_eq!(used(409), [], "it was there already");
    let later = [step(1, "create").refused(422).done(), step(2, "create").done(), step(3, "pay").done()];
    assert_eq!(checks(&run(shop(), &later)), []);
}

#[test]
fn an_approval_that_comes_too_late_is_not_the_wrong_step() {
    let mut model = shop();
    let (approve, execute, refund_type) = (model.step("approve"), model.step("execute"), model.kind_of("refund"));
    model.lifecycles[1].transitions[2].from = vec![1, 2];
    let kind = crate::model::ConstraintKind::Require {
        activity: approve,
        before: execute,
        per: refund_type,
        kind: None,
        max_age: None,
        unchanged: Vec::new(),
    };
    let model = model.constraint("need", kind);
    let asked = || vec![step(1, "create").done(), refund(2, "request").done()];
    let late = [asked(), vec![refund(3, "execute").done(), refund(4, "approve").done()]].concat();
    let result = run(model.clone(), &late);
    assert_eq!(checks(&result), [Check::ApprovalLate]);
    assert!(result.deviations[0].events.iter().any(|e| e.id.0 == 4), "the late approval is part of the story");
    let again = [asked(), vec![refund(3, "approve").done(), refund(4, "execute").done(), refund(5, "approve").done()]];
    assert_eq!(checks(&run(model, &again.concat())), [Check::Orphan], "it was approved before");
}

#[test]
fn a_repeat_that_may_be_a_retry_counts_less() {
    let doubt = |change: fn(crate::compare::builder::EventBuilder) -> crate::compare::builder::EventBuilder| {
        let paid = |n: u64| step(n, "pay").with(|e| (e.body_hash, e.answer.body_hash) = (Some(1), Some(2)));
        let events = [step(1, "create").done(), paid(2).done(), change(paid(3)).done()];
        let result = run(shop(), &events);
        assert_eq!(checks(&result), [Check::Repeat]);
        result.deviations[0].doubt.map(|d| d.at_most)
    };
    assert_eq!(doubt(|same| same), Some(0.6), "that it is well says nothing of what was done");
    assert_eq!(doubt(|same| same.declares("paid")), Some(0.6), "nor does the state that it is in");
    assert_eq!(doubt(|e| e.with(|e| e.answer.body_hash = None)), None, "one answer was seen");
    assert_eq!(doubt(|e| e.with(|e| e.answer.body_hash = Some(3))), None, "another answer: had twice");
    let blind = |n: u64| step(n, "pay").with(|e| e.body_hash = Some(1)).done();
    let result = run(shop(), &[step(1, "create").done(), blind(2), blind(3)]);
    assert_eq!(result.deviations[0].doubt.map(|d| d.at_most), Some(0.6), "no answer was seen");
    assert_eq!(doubt(|e| e.by("bob", &["customer"])), None);
    assert_eq!(doubt(|e| e.with(|e| (e.time, e.end) = (e.time + 90 * SECOND, e.end + 90 * SECOND))), None, "too late");
}

#[test]
fn a_key_with_other_content_counts_less_where_the_answer_is_the_same() {
    let doubt = |model: Option<Model>, change: fn(&mut Event)| {
        let paid = |n: u64| step(n, "pay").keyed(5, n).with(|e| e.answer.body_hash = Some(n));
        let events = [step(1, "create").done(), paid(2).done(), paid(3).with(change).done()];
        let result = Comparer::new(model.map(Arc::new)).case(Some(&id("order:1")), &events, &Blindness::default());
        let of_key = |d: &crate::compare::Deviation| (d.check == Check::Replay).then(|| d.doubt.map(|d| d.at_most));
        result.deviations.iter().find_map(of_key)
    };
    assert_eq!(doubt(Some(shop()), |_| ()), Some(None));
    assert_eq!(doubt(Some(shop()), |e| e.answer.body_hash = Some(2)), Some(Some(0.6)));
    assert_eq!(doubt(None, |_| ()), Some(Some(0.4)), "nothing says what counts");
    assert_eq!(doubt(Some(shop()), |e| e.answer.replayed = true), None);
}

#[test]
fn a_state_that_no_step_led_to_lowers_fitness() {
    let events = [step(1, "create").declares("new").done(), look(2, 60_000, "paid")];
    let measures = run(shop(), &events).measures;
    assert_eq!((measures.fitting_traces, measures.log_fitness()), (0, Some(0.5)));
}

#[test]
fn a_state_that_replay_excludes_costs_a_move_and_an_undecided_life_none() {
    let lived = lived(&["create", "pay"]);
    let mut diverged = lived.clone();
    diverged[1].objects[0].declared_state = Some("new".into());
    let result = run(shop(), &diverged);
    assert_eq!(checks(&result), [Check::Diverge]);
    let measures = result.measures;
    let thirds = Some(1.0 - 1.0 / 3.0);
    assert_eq!((measures.fitting_traces, measures.alignment_moves, measures.log_fitness()), (0, 1, thirds));
    let blind = Blindness::new(vec![(0, 60 * SECOND)]);
    let mut both = run_blind(shop(), &[step(1, "create").done(), step(3, "ship").done()], &blind).measures;
    assert_eq!((both.undecided_traces, both.alignment_denominator, both.average_trace_fitness()), (1, 0, None));
    both.add(&measures);
    both.add(&run(shop(), &lived).measures);
    assert_eq!((both.log_fitness(), both.average_trace_fitness()), (Some(0.8), Some(0.833_333)));
}
