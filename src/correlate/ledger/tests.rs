//! The ledger against naive readings of the same rows.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::hasher::{ANY, SOME};
use super::standing::{CLOCKS, SHARED};
use super::unlearned::UnlearnedDoubt;
use super::walk::walks;
use super::*;
use crate::event::{Handed, HandedId, sample};

const TICKET: u32 = 7;
const ORDER: u32 = 8;
const SECOND: i64 = 1_000_000;

fn row(actor: u64, deed: Deed, kind: u32, time: i64) -> Row {
    let event = EventId(actor << 32 | time.unsigned_abs());
    let (source, number, guessable) = (0, Some((1, 42)), true);
    let (time, open, counted) = (time * SECOND, false, false);
    Row {
        value: 42,
        actor,
        deed,
        kind,
        open,
        step: 0,
        named: false,
        time,
        event,
        source,
        number,
        guessable,
        counted,
        class: 0,
        service: false,
    }
}

fn used(actor: u64, time: i64) -> Row {
    Row { step: 5, ..row(actor, Deed::Used, TICKET, time) }
}

fn judged(rows: &[Row]) -> Judged {
    let mut rows = rows.to_vec();
    fold(&mut rows);
    let mut judged = Judged::default();
    judged.add(&rows, &People::default());
    judged
}

/// Standings of the uses that were not learned, by actor.
fn standings(rows: &[Row]) -> Vec<(u64, Standing)> {
    judged(rows).attempts.iter().map(|attempt| (attempt.row.actor, attempt.standing)).collect()
}

#[test]
fn who_is_given_an_id_before_he_names_it_has_learned_it() {
    let made = row(1, Deed::Made, TICKET, 10);
    assert_eq!(standings(&[made, used(1, 20), used(2, 30)]), [(2, Standing::Made(made.event))]);
    assert_eq!(standings(&[made, row(2, Deed::Given, ANY, 25), used(2, 30)]), []);
    assert_eq!(standings(&[made, row(2, Deed::Given, TICKET, 25), used(2, 30)]), []);
    // What another thing is called by says nothing for certain.
    let other = judged(&[made, row(2, Deed::Given, ORDER, 25), used(2, 30)]);
    assert!(other.attempts[0].perhaps);
    assert!(!judged(&[made, used(2, 30)]).attempts[0].perhaps);
}

#[test]
fn what_is_given_back_to_who_named_it_is_not_learned() {
    let made = row(1, Deed::Made, TICKET, 10);
    let named = row(2, Deed::Asked, ANY, 20);
    assert_eq!(standings(&[made, named, row(2, Deed::Given, ANY, 25), used(2, 30)]), [(2, Standing::Made(made.event))]);
}

#[test]
fn what_is_open_or_used_by_many_is_told_apart() {
    let made = row(1, Deed::Made, TICKET, 10);
    let open = Row { open: true, ..used(9, 20) };
    assert!(standings(&[made, open, used(2, 30)]).contains(&(2, Standing::Shared(made.event))), "for review");
    assert!(standings(&[open, used(2, 30)]).contains(&(2, Standing::Open)), "nobody has it");
    let other = Row { kind: ORDER, ..open };
    assert!(standings(&[made, other, used(2, 30)]).contains(&(2, Standing::Made(made.event))), "of another kind");
    let many: Vec<Row> = (2..=SHARED as u64 + 2).map(|actor| used(actor, 20)).chain([made]).collect();
    assert!(standings(&many).iter().all(|(_, standing)| *standing == Standing::Shared(made.event)));
    let two = [made, row(3, Deed::Made, TICKET, 12), used(2, 30)];
    assert_eq!(standings(&two), [(2, Standing::Held(made.event))], "each tenant may count its own: for review");
    assert_eq!(standings(&[made, row(3, Deed::Made, TICKET, 12), used(3, 30)]), []);
}

#[test]
fn what_a_client_names_and_is_told_to_have_made_is_his_unless_somebody_had_it() {
    let put = |actor, time| Row { step: 6, ..row(actor, Deed::Put, TICKET, time) };
    assert_eq!(standings(&[put(2, 20), used(2, 30), used(3, 40)]), [(3, Standing::Made(put(2, 20).event))]);
    let made = row(1, Deed::Made, TICKET, 10);
    let foreign = (2, Standing::Made(made.event));
    assert_eq!(
        standings(&[made, put(2, 20), used(2, 30)]),
        [foreign, foreign],
        "somebody else was given it new before"
    );
    let later = standings(&[put(2, 20), row(1, Deed::Given, TICKET, 10), row(1, Deed::Made, TICKET, 25), used(2, 30)]);
    assert!(later.contains(&(2, Standing::Shared(row(1, Deed::Made, TICKET, 25).event))), "{later:?}");
    // What he used before that was not his by it, and nobody else is excused.
    let others = standings(&[made, used(2, 15), put(2, 20), used(3, 30)]);
    assert!(others.contains(&(2, Standing::Made(made.event))) && others.contains(&(3, Standing::Made(made.event))));
    // The first of two stays its maker; what somebody used before it is said to be made was there.
    assert!(standings(&[put(1, 10), put(2, 20), used(3, 40)]).contains(&(3, Standing::Made(put(1, 10).event))));
    let either = standings(&[used(1, 10), put(2, 20), used(3, 40)]);
    let before = used(1, 10).event;
    assert_eq!(either, [(1, Standing::Unknown), (2, Standing::Shared(before)), (3, Standing::Held(before))]);
    let given = row(1, Deed::Given, TICKET, 10);
    assert_eq!(standings(&[given, put(2, 20)]), [(2, Standing::Shared(given.event))]);
    assert_eq!(standings(&[made, used(2, 15), row(2, Deed::Made, TICKET, 20)]), [(2, Standing::Held(made.event))]);
}

#[test]
fn what_is_made_behind_a_key_is_another_thing() {
    for (path, passed) in [
        ("/orders/42", false),
        ("/orders/42/", false),
        ("/Orders(42)", false),
        ("/orders", false),
        ("/orders/142/refund", false),
        ("/orders/42/refund", true),
        ("/orders/42:refund", true),
        ("/Orders(42)/Refund", true),
        ("/orders/%34%32/refund", true),
    ] {
        assert_eq!(is_passed(path, "42"), passed, "{path}");
    }
}

#[test]
fn unread_answers_leave_it_open() {
    let made = row(1, Deed::Made, TICKET, 10);
    let answers = |seen: &[(i64, bool)]| {
        let mut people = People::default();
        seen.iter().for_each(|(time, read)| people.add(2, time * SECOND, *read));
        let mut judged = Judged::default();
        judged.add(&[made, used(2, 30)], &people);
        judged.attempts[0].answers
    };
    assert_eq!(answers(&[(20, true)]), Answers::Seen);
    assert_eq!(answers(&[(20, true), (25, false)]), Answers::Some);
    assert_eq!(answers(&[(5, false), (20, true)]), Answers::Seen, "before it was made nobody could be given it");
    assert_eq!(answers(&[(20, false)]), Answers::None);
}

#[test]
fn a_blind_spot_between_the_making_and_the_use_leaves_it_open() {
    let answers = |spots: &[(i64, i64)]| {
        let spots = spots.iter().map(|(from, to)| (from * SECOND, to * SECOND)).collect();
        let mut judged = Judged::default();
        judged.add(&[row(1, Deed::Made, TICKET, 10), used(2, 30)], &People::default().blind_in(spots));
        judged.attempts[0].answers
    };
    assert_eq!(answers(&[(1, 5), (40, 50)]), Answers::Seen);
    assert_eq!(answers(&[(1, 5), (20, 21), (40, 50)]), Answers::Some);
    assert_eq!(answers(&[(1, 10)]), Answers::Some);
    assert_eq!(answers(&[(30, 90)]), Answers::Some);
}

#[test]
fn keys_that_can_be_guessed_are_short_numbers() {
    for (key, guessable) in [
        ("42", true),
        ("ord_00412", true),
        ("INV-2026", true),
        ("c10361", true),
        ("1234567890123", false),
        ("ord_7f3k9", false),
        ("2f1b6a1e-0d5c-4d8e-9a3f-0c9b8f7e6d5c", false),
        ("abc", false),
        ("", false),
    ] {
        assert_eq!(is_guessable(key), guessable, "{key}");
    }
    assert_eq!(number("ord_00412"), Some(("ord_#".to_owned(), 412)));
    assert_eq!(number("7é8x"), Some(("7é#x".to_owned(), 8)));
    assert_eq!(number("é"), None);
    assert_eq!(number("99999999999999999999999"), None);
}

#[test]
fn an_event_is_written_down_as_what_went_over_and_what_it_did() {
    let mut event = sample::rich_event(3);
    event.actor.evidence = Evidence::Claims;
    let id = |value| HandedId { value, kind: ANY };
    event.handed = Some(Box::new(Handed { asked: vec![id(1)], given: vec![id(2)], sought: Vec::new(), unread: false }));
    let mut ledger = Ledger::new(IdHasher::new(&crate::correlate::HashKey::new(b"tests")));
    let mut rows = Vec::new();
    let mut push = |row: Row| {
        rows.push((row.deed, row.value));
        Ok::<_, ()>(())
    };
    ledger.note(&mut event, &mut push).unwrap();
    let key = ledger.ids.value("ord_3");
    assert_eq!(rows, [(Deed::Asked, 1), (Deed::Given, 2), (Deed::Asked, key), (Deed::Used, key)]);
    assert_eq!(event.handed, None, "it is not carried on");
}

#[test]
fn a_number_under_a_tenant_is_the_tenants_and_one_under_another_parent_is_not_judged() {
    let uses = |path: &str, key: &str| {
        let mut event = sample::rich_event(3);
        (event.actor.evidence, event.path, event.read, event.handed) = (Evidence::Claims, path.into(), true, None);
        event.objects.truncate(1);
        (event.objects[0].id.key, event.objects[0].qualifier) = (key.into(), "target".into());
        let ids = IdHasher::new(&crate::correlate::HashKey::new(b"tests"));
        let mut ledger = Ledger::new(ids).with_tenants(&["acme".to_owned(), "globex".to_owned()]);
        let mut rows = Vec::new();
        let mut push = |row: Row| {
            rows.extend((row.deed == Deed::Used).then_some(row.value));
            Ok::<_, ()>(())
        };
        ledger.note(&mut event, &mut push).unwrap();
        rows
    };
    let (acme, globex) = (uses("/acme/orders/7", "acme/7"), uses("/globex/orders/7", "globex/7"));
    assert_eq!((acme.len(), globex.len()), (1, 1));
    assert_ne!(acme, globex);
    assert_ne!(acme, uses("/orders/7", "7"));
    // A key that is unique under a thing, wherever that stands.
    for (path, key) in [("/4000/items/7", "4000/7"), ("/halls/4/rows/7", "4/7"), ("/acme/halls/4/rows/7", "acme/4/7")] {
        assert_eq!(uses(path, key), [0; 0], "{path}");
    }
}

#[test]
fn a_call_that_many_use_with_ids_from_elsewhere_is_used_so() {
    let reported = |strangers: u64, owner_calls: bool| {
        let mut users = Users::default();
        if owner_calls {
            users.add(&judged(&[row(1, Deed::Made, TICKET, 10), used(1, 15)]));
        }
        for id in 0..strangers {
            let of = |row: Row| Row { value: id, ..row };
            let rows = [of(row(1, Deed::Made, TICKET, 10)), of(row(100 + id, Deed::Made, TICKET, 11)), of(used(1, 15))];
            users.add(&judged(&rows[..1]));
            users.add(&judged(&[Row { value: 1_000 + id, ..rows[1] }]));
            users.add(&judged(&[rows[0], of(used(100 + id, 30))]));
        }
        let told = users.unlearned();
        (told.len(), told.iter().filter(|(told, _)| told.doubt == Some(UnlearnedDoubt::Habit)).count())
    };
    assert_eq!([1, 4, 5].map(|n| reported(n, true)), [(1, 0), (4, 0), (5, 5)], "for review");
    assert_eq!([3, 4].map(|n| reported(n, false)), [(3, 0), (4, 4)], "nobody was ever given an id that he used");
}

#[test]
fn what_is_done_afterwards_makes_no_habit() {
    let mut users = Users::default();
    users.add(&judged(&[row(1, Deed::Made, TICKET, 10), used(1, 15)]));
    for actor in 2..8_u64 {
        let of = |row: Row| Row { value: actor, ..row };
        users.add(&judged(&[of(row(1, Deed::Made, TICKET, 10)), of(used(actor, 20 + actor.cast_signed()))]));
        users.add(&judged(&[Row { value: 100 + actor, ..row(actor, Deed::Made, TICKET, 10) }]));
    }
    let doubts: Vec<_> = users.unlearned().iter().map(|(told, _)| told.doubt).collect();
    let habit = Some(UnlearnedDoubt::Habit);
    assert_eq!(doubts, [None, None, None, None, habit, habit]);
}

#[test]
fn who_has_none_of_his_own_is_for_review() {
    let doubt = |own: bool| {
        let mut users = Users::default();
        users.add(&judged(&[row(1, Deed::Made, TICKET, 10), used(2, 30)]));
        if own {
            users.add(&judged(&[Row { value: 43, ..row(2, Deed::Made, TICKET, 10) }]));
        }
        users.unlearned()[0].0.doubt
    };
    assert_eq!((doubt(true), doubt(false)), (None, Some(UnlearnedDoubt::NoneOfHis)));
}

#[test]
fn what_several_others_made_is_nobodys_own_who_works_on_it() {
    // Actor 9 is given and uses objects of so many makers, and then one of actor 1 that no answer gave him.
    let doubt = |makers: u64, own: bool| {
        let mut users = Users::default();
        for maker in 2..2 + makers {
            let of = |row: Row| Row { value: maker, ..row };
            users.add(&judged(&[
                of(row(maker, Deed::Made, TICKET, 10)),
                of(row(9, Deed::Given, TICKET, 11)),
                of(used(9, 12)),
            ]));
        }
        if own {
            users.add(&judged(&[Row { value: 43, ..row(9, Deed::Made, TICKET, 10) }]));
        }
        users.add(&judged(&[row(1, Deed::Made, TICKET, 10), used(9, 30)]));
        users.unlearned()[0].0.doubt
    };
    let none = Some(UnlearnedDoubt::NoneOfHis);
    assert_eq!((doubt(3, false), doubt(2, false)), (none, none), "a clerk's work");
    assert_eq!(doubt(1, false), None, "what one made for him, as staff makes an account, is his");
    assert_eq!(doubt(3, true), None);
}

#[test]
fn staff_is_who_answers_show_everybodys_objects_and_several_of_them() {
    const AGENT: u64 = 77;
    let doubt = |agents: u64, idle: u64, walks: bool| {
        let mut users = Users::default();
        let of = |class: u64, value: u64, row: Row| Row { value, class, ..row };
        // Five customers with a ticket each, which each agent is shown in a list.
        for customer in 1..=5 {
            let made = of(0, customer, row(customer, Deed::Made, TICKET, 10));
            let mut rows = vec![made];
            for agent in 0..agents {
                rows.extend(walks.then_some(of(AGENT, customer, row(100 + agent, Deed::Asked, ANY, 11))));
                rows.push(of(AGENT, customer, row(100 + agent, Deed::Given, TICKET, 15)));
            }
            users.add(&judged(&rows));
        }
        for agent in agents..agents + idle {
            users.add(&judged(&[of(AGENT, 500 + agent, row(100 + agent, Deed::Made, TICKET, 10))]));
        }
        // One with tickets of his own uses one that he was never shown.
        users.add(&judged(&[of(AGENT, 50, row(99, Deed::Made, TICKET, 10))]));
        users.add(&judged(&[of(0, 60, row(1, Deed::Made, TICKET, 10)), of(AGENT, 60, used(99, 30))]));
        users.unlearned()[0].0.doubt
    };
    assert_eq!(doubt(2, 0, false), Some(UnlearnedDoubt::Staff));
    assert_eq!(doubt(1, 0, false), None, "one more is no class");
    assert_eq!(doubt(2, 3, false), None, "most of the class see their own");
    assert_eq!(doubt(2, 0, true), None, "who named them before was not shown them");
}

#[test]
fn pages_and_years_are_no_ids() {
    for (path, counted) in [
        ("/archive/page/42", true),
        ("/stats/years/42/months", true),
        ("/api/V/42", true),
        ("/pages/42", false),
        ("/orders/42", false),
        ("/page/x/42", false),
    ] {
        assert_eq!(is_counted(path, "42"), counted, "{path}");
    }
    let attempt = |at: u64, standing: Standing| {
        let row = Row { value: at, number: Some((1, at)), counted: true, ..used(1, at.cast_signed()) };
        Attempt { row, standing, answers: Answers::Seen, perhaps: false, made: None }
    };
    let walked = |standing: Standing| {
        let mut walks = Walks::default();
        (1..=30).for_each(|at| walks.add(attempt(at, standing)));
        walks.found().len()
    };
    assert_eq!((walked(Standing::Unknown), walked(Standing::Missed)), (0, 0));
    assert_eq!(walked(Standing::Made(EventId(9))), 1, "what somebody made is an object all the same");
}

#[test]
fn a_walk_that_becomes_one_at_a_refusal_says_so() {
    let refused = |last: Standing| {
        let attempt = |at: u64| {
            let row = Row { value: at, number: Some((1, at)), ..used(1, at.cast_signed()) };
            let standing = if at == LEAST as u64 { last } else { Standing::Missed };
            Attempt { row, standing, answers: Answers::Seen, perhaps: false, made: None }
        };
        let walks = walks(&(1..=LEAST as u64).map(attempt).collect::<Vec<_>>());
        walks.iter().map(|walk| (walk.refused, walk.foreign)).collect::<Vec<_>>()
    };
    assert_eq!(refused(Standing::Missed), [(true, 0)]);
    assert_eq!(refused(Standing::Made(EventId(9))), [(false, 1)]);
}

#[test]
fn who_goes_along_with_what_others_make_does_his_part_of_it() {
    // Of so many objects one in `miss` is none, and each was made so long before it was used, one a second.
    let doubt = |age: i64, miss: u64| {
        let attempt = |at: u64| {
            let time = at.cast_signed() * 1_000_000;
            let row = Row { value: at, number: Some((1, at)), time, ..used(1, 0) };
            let (standing, made) = match at % miss {
                0 => (Standing::Missed, None),
                _ => (Standing::Made(EventId(at)), Some(time - age)),
            };
            Attempt { row, standing, answers: Answers::Seen, perhaps: false, made }
        };
        let walks = walks(&(1..=60).map(attempt).collect::<Vec<_>>());
        assert_eq!(walks.len(), 1);
        walks[0].doubt
    };
    assert_eq!(doubt(2_000_000, 100), Some(WalkDoubt::Follows));
    assert_eq!(doubt(3_600_000_000, 100), None, "all of it was there before");
    assert_eq!(doubt(2_000_000, 10), None, "he goes too far");
}

#[test]
fn a_walk_is_no_less_certain_for_going_on() {
    let doubts = |last: u64, standing: Standing| {
        let attempt = |at: u64| {
            let row = Row { value: at, number: Some((1, at)), ..used(1, at.cast_signed()) };
            let standing = if at <= LEAST as u64 { standing } else { Standing::Unknown };
            Attempt { row, standing, answers: Answers::Seen, perhaps: false, made: None }
        };
        let walks = walks(&(1..=last).map(attempt).collect::<Vec<_>>());
        walks.iter().map(|walk| (walk.ids, walk.foreign, walk.doubt)).collect::<Vec<_>>()
    };
    let somebodys = Standing::Made(EventId(9));
    assert_eq!(doubts(20, somebodys), [(20, 20, None)]);
    assert_eq!(doubts(200, somebodys), [(200, 20, None)], "beyond what is anybody's");
    assert_eq!(doubts(200, Standing::Unknown), [(200, 0, Some(walk::WalkDoubt::Nobodys))], "its benign twin");
}

fn deed() -> impl Strategy<Value = Deed> {
    let of_answers = prop_oneof![Just(Deed::Asked), Just(Deed::Given), Just(Deed::Made)];
    prop_oneof![of_answers, prop_oneof![Just(Deed::Put), Just(Deed::Used), Just(Deed::Missed)]]
}

prop_compose! {
    fn any_row()(
        actor in 0..5_u64,
        deed in deed(),
        kind in prop_oneof![Just(ANY), Just(SOME), Just(TICKET), Just(ORDER)],
        time in 0..20_i64,
        open in prop::bool::weighted(0.1),
    ) -> Row {
        let kind = match deed {
            Deed::Asked => ANY,
            Deed::Given => kind,
            Deed::Made | Deed::Put | Deed::Used | Deed::Missed => if kind == ORDER { ORDER } else { TICKET },
        };
        Row { open, step: u64::from(matches!(deed, Deed::Put | Deed::Used | Deed::Missed)), ..row(actor, deed, kind, time) }
    }
}

/// Whose an object is, by looking at all rows for each use.
fn naive(rows: &[Row]) -> Vec<(Row, Option<Standing>)> {
    let mut all = Vec::new();
    for use_ in rows.iter().filter(|row| matches!(row.deed, Deed::Put | Deed::Used | Deed::Missed)) {
        let own: Vec<&Row> = rows.iter().filter(|row| row.actor == use_.actor && !row.open).collect();
        let named =
            own.iter().filter(|row| row.deed == Deed::Asked).map(|row| row.time).chain([use_.time]).min().unwrap();
        let alike = |deed: Deed| rows.iter().filter(move |row| row.deed == deed && row.kind == use_.kind);
        let holders =
            || rows.iter().filter(|row| row.deed == Deed::Given && (row.kind == use_.kind || row.kind == ANY));
        let put = alike(Deed::Put).min_by_key(|row| (row.time, row.event, row.actor));
        let put = put.filter(|put| {
            let had = alike(Deed::Made).chain(alike(Deed::Used)).chain(holders());
            !had.into_iter().any(|row| row.actor != put.actor && row.time <= put.time)
        });
        let there = put.is_none() && alike(Deed::Put).next().is_some() && alike(Deed::Made).next().is_none();
        let had = || holders().chain(alike(Deed::Used).filter(|_| there));
        let makers: BTreeSet<u64> = alike(Deed::Made).chain(put).map(|row| row.actor).collect();
        let learned = own.iter().any(|row| match row.deed {
            Deed::Made => row.kind == use_.kind && row.time <= use_.time + CLOCKS,
            Deed::Put => row.kind == use_.kind && makers.contains(&row.actor) && row.time <= use_.time + CLOCKS,
            Deed::Given => (row.kind == use_.kind || row.kind == ANY) && row.time <= named + CLOCKS,
            _ => false,
        });
        if learned && !use_.open {
            all.push((*use_, None));
            continue;
        }
        let users: BTreeSet<u64> = alike(Deed::Used).chain(alike(Deed::Put)).map(|row| row.actor).collect();
        let many = users.iter().filter(|user| **user != use_.actor && !makers.contains(user)).count() >= SHARED;
        let kinds = [use_.kind, ANY];
        let open = rows
            .iter()
            .any(|row| row.open && matches!(row.deed, Deed::Used | Deed::Given) && kinds.contains(&row.kind));
        let foreign = |put: &Row| alike(Deed::Made).any(|made| made.actor != put.actor && made.time <= put.time);
        let told = alike(Deed::Put).any(|row| row.actor == use_.actor && row.time <= use_.time && !foreign(row));
        let shared = many || open || told;
        let first = |rows: Vec<&Row>| rows.into_iter().map(|row| (row.time, row.event)).min();
        let holder = first(had().filter(|row| row.actor != use_.actor && row.time <= use_.time).collect());
        let maker = first(alike(Deed::Made).chain(put).filter(|row| row.actor != use_.actor).collect());
        let standing = match (maker.filter(|(time, _)| *time <= use_.time + CLOCKS), holder) {
            _ if use_.deed == Deed::Missed => Standing::Missed,
            (None, _) if open => Standing::Open,
            (Some((_, event)), _) | (None, Some((_, event))) if shared => Standing::Shared(event),
            (Some((_, event)), _) if makers.len() > 1 => Standing::Held(event),
            (Some((_, event)), _) => Standing::Made(event),
            (None, Some((_, event))) => Standing::Held(event),
            (None, None) => Standing::Unknown,
        };
        all.push((*use_, Some(standing)));
    }
    all
}

/// The walks, by looking at all windows: where each begins and ends, where it became one, and what is in it.
fn naive_walks(attempts: &[Attempt]) -> Vec<(EventId, EventId, EventId, usize)> {
    let mut runs: Vec<(usize, usize, usize)> = Vec::new();
    for (at, attempt) in attempts.iter().enumerate() {
        let from = attempts.iter().position(|a| a.row.time > attempt.row.time - WINDOW).unwrap();
        let window = &attempts[from..=at];
        let missed = window.iter().filter(|a| a.standing == Standing::Missed).count();
        let common = window.iter().filter(|a| matches!(a.standing, Standing::Shared(_) | Standing::Open)).count();
        let numbers: BTreeSet<(u32, u64)> = window.iter().filter_map(|a| a.row.number).collect();
        let sorted: Vec<_> = numbers.into_iter().collect();
        let near = sorted.windows(2).filter(|w| w[0].0 == w[1].0 && w[1].1 - w[0].1 <= 4).count();
        let tried = missed * 2 >= window.len() || near * 5 >= (window.len() - 1) * 4 && common * 2 < window.len();
        if window.len() < LEAST || !tried {
            continue;
        }
        match runs.last_mut() {
            Some(run) if from <= run.2 => run.2 = at,
            _ => runs.push((from, at, at)),
        }
    }
    let event = |at: usize| attempts[at].row.event;
    runs.into_iter().map(|(from, at, last)| (event(from), event(last), event(at), last + 1 - from)).collect()
}

prop_compose! {
    fn attempts()(
        tried in prop::collection::vec(
            (0..40_i64, 0..60_u64, 0..2_u32, prop_oneof![4 => Just(Standing::Missed), 4 => Just(Standing::Unknown), 1 => Just(Standing::Open)]),
            0..150,
        ),
        far in prop::bool::ANY,
    ) -> Vec<Attempt> {
        let mut time = 0;
        let attempt = |(at, (gap, number, around, standing)): (usize, (i64, u64, u32, Standing))| {
            time += gap * SECOND;
            let number = if far { number * 5 } else { number };
            let row = Row { value: at as u64, number: (number % 7 > 0).then_some((around, number)), ..used(1, 0) };
            Attempt { row: Row { time, event: EventId(at as u64), ..row }, standing, answers: Answers::Seen, perhaps: false, made: None }
        };
        tried.into_iter().enumerate().map(attempt).collect()
    }
}

proptest! {
    #[test]
    fn one_pass_over_an_id_finds_what_looking_at_everything_finds(rows in prop::collection::vec(any_row(), 0..40), seed: u64) {
        let mut shuffled = rows.clone();
        shuffled.sort_by_key(|row| (row.time.unsigned_abs() ^ row.actor).wrapping_mul(seed | 1));
        let found = judged(&rows);
        prop_assert_eq!(&found, &judged(&shuffled), "no order of rows matters");
        let mut folded = rows;
        fold(&mut folded);
        let naive = naive(&folded);
        let strays: Vec<(Row, Standing)> = found.attempts.iter().map(|a| (a.row, a.standing)).collect();
        let expected: Vec<(Row, Standing)> = naive.iter().filter_map(|(row, standing)| Some((*row, (*standing)?))).collect();
        prop_assert_eq!(strays, expected);
        let learned = found.learned.iter().filter(|(row, _)| row.deed == Deed::Used).count();
        prop_assert_eq!(learned, naive.iter().filter(|(row, s)| s.is_none() && row.deed == Deed::Used).count());
    }

    #[test]
    fn folding_parts_first_changes_nothing(rows in prop::collection::vec(any_row(), 0..40), cut in 0..40_usize) {
        let (left, right) = rows.split_at(cut.min(rows.len()));
        let (mut left, mut right, mut whole) = (left.to_vec(), right.to_vec(), rows.clone());
        [&mut left, &mut right, &mut whole].into_iter().for_each(fold);
        right.extend(left);
        fold(&mut right);
        prop_assert_eq!(right, whole);
    }

    #[test]
    fn a_sliding_window_finds_what_looking_at_all_windows_finds(attempts in attempts()) {
        let found: Vec<_> = walks(&attempts).into_iter().map(|walk| (walk.events[0], walk.span, walk.at, walk.ids as usize)).collect();
        let time = |event: EventId| attempts[event.0 as usize].row.time;
        let expected: Vec<_> = naive_walks(&attempts).into_iter().map(|(from, last, at, ids)| (from, (time(from), time(last)), at, ids)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn attempts_come_in_any_order(attempts in attempts(), seed: u64) {
        let walks = |attempts: &[Attempt]| {
            let mut walks = Walks::default();
            attempts.iter().for_each(|attempt| walks.add(*attempt));
            walks.found()
        };
        let mut shuffled = attempts.clone();
        shuffled.sort_by_key(|attempt| attempt.row.value.wrapping_mul(seed | 1));
        // Each once more, and later: only the first counts.
        shuffled.extend(attempts.iter().map(|a| Attempt { row: Row { time: a.row.time + 1, event: EventId(a.row.event.0 + 1_000), ..a.row }, ..*a }));
        prop_assert_eq!(walks(&shuffled), walks(&attempts));
    }
}
