use proptest::prelude::*;

use super::class::ActorKind;
use super::*;
use crate::compare::deviation::Check;
use crate::event::EventId;

const MINUTE: i64 = super::super::MINUTE;

fn key(minute: i64) -> OrderKey {
    (minute * MINUTE, 0, EventId(u64::try_from(minute).unwrap()))
}

fn role(role: u32) -> Class {
    Class { roles: [role, 0, 0, 0], ..Class::default() }
}

/// An accepted write on the first route of the first task, by an actor of a role, at this minute.
fn write(minute: i64, actor: u64, by: u32) -> Use {
    Use {
        task: 1,
        step: 1,
        class: role(by),
        actor,
        hour: minute.div_euclid(60),
        version: 0,
        manner: Manner { writes: true, ..Manner::default() },
        accepted: Seen::of(true, key(minute)),
        forbidden: Seen::default(),
        late: Seen::default(),
        two_ids: Seen::default(),
        two_members: Seen::default(),
        source: 0,
    }
}

/// What is told of some uses; each class made so many requests from the first minute on.
fn told(mut uses: Vec<Use>, before: i64) -> Vec<(Check, u64, f32)> {
    let mut roster = Roster::default();
    for class in [role(1), role(2), Class { kind: ActorKind::Agent, ..role(1) }] {
        (0..before).for_each(|minute| roster.insert(class, [key(minute)]));
    }
    Use::fold(&mut uses);
    let mut told = Told::default();
    uses.chunk_by(|a, b| a.task == b.task).for_each(|task| routes(task, &roster, &mut told));
    told.strays.iter().map(|stray| (stray.check, stray.at.0, stray.doubt.unwrap().0)).collect()
}

/// Forty writes of four clerks over two hours.
fn clerks() -> Vec<Use> {
    (0..40).map(|n| write(3 * n, u64::try_from(n % 4).unwrap() + 1, 1)).collect()
}

#[test]
fn a_role_that_never_took_a_route_is_told_when_it_does() {
    let with = |more: Use| [clerks(), vec![more]].concat();
    assert_eq!(told(with(write(130, 9, 2)), 20), [(Check::FirstUse, 130, 0.45)]);
    assert_eq!(told(with(write(130, 9, 1)), 20), [], "another clerk");
    assert_eq!(told(with(write(130, 9, 0)), 20), [], "nobody knows what he is");
    assert_eq!(told(with(write(130, 9, 2)), 5), [], "all of the role is new");
    assert_eq!(told(with(write(40, 9, 2)), 20), [], "within the first hour");
    let both = Use { class: Class { roles: [1, 2, 0, 0], ..Class::default() }, ..write(130, 9, 2) };
    assert_eq!(told(with(both), 20), [], "a clerk who is something else besides");
    let agent = Use { class: Class { kind: ActorKind::Agent, ..role(1) }, ..write(130, 9, 1) };
    assert_eq!(told(with(agent), 20), [(Check::FirstUse, 130, 0.45)]);
    let few = clerks().into_iter().map(|one| Use { actor: 1, ..one }).chain([write(130, 9, 2)]).collect();
    assert_eq!(told(few, 20), [], "one clerk does it");
}

#[test]
fn what_everybody_may_read_is_nobodys() {
    let read = |one: Use| Use { manner: Manner::default(), ..one };
    let reads = || clerks().into_iter().chain([write(130, 9, 2)]).map(read);
    assert_eq!(told(reads().collect(), 20), []);
    let forbidden = Use { accepted: Seen::default(), forbidden: Seen::of(true, key(5)), ..read(write(5, 8, 2)) };
    let refused = reads().chain([forbidden]).collect();
    assert_eq!(told(refused, 20), [(Check::FirstUse, 130, 0.45)], "somebody was kept from it");
}

#[test]
fn a_route_that_no_document_has_is_told_beside_one_that_it_has() {
    let route = |step: u64, described: bool, version: u32| {
        let manner = Manner { writes: true, described, undescribed: !described, ..Manner::default() };
        Use { step, manner, version, ..write(i64::try_from(step).unwrap(), 1, 1) }
    };
    assert_eq!(told(vec![route(1, true, 2), route(2, false, 0)], 0), [(Check::ShadowRoute, 2, 0.65)]);
    assert_eq!(told(vec![route(1, true, 2), route(2, false, 3)], 0), [(Check::ShadowRoute, 2, 0.4)], "a newer one");
    assert_eq!(told(vec![route(1, true, 2), Use { task: 2, ..route(2, false, 0) }], 0), [], "to something else");
    assert_eq!(told(vec![route(1, false, 2), route(2, false, 0)], 0), [], "the document is of something else");
    assert_eq!(told(vec![route(1, true, 2), route(2, true, 1)], 0), [], "two that are described");
}

#[test]
fn a_route_that_should_be_gone_is_told() {
    let version = |step: u64, version: u32, minutes: std::ops::Range<i64>| {
        minutes.map(move |minute| Use { step, version, ..write(minute, 1, 1) })
    };
    let with = |older: std::ops::Range<i64>| version(2, 20_000, 10..70).chain(version(1, 10_000, older)).collect();
    assert_eq!(told(with(75..76), 0), [(Check::OlderRoute, 75, 0.4)]);
    assert_eq!(told(with(0..5), 0), [], "before the newer one was there");
    assert_eq!(told(with(70..140), 0), [], "clients have not moved yet");
    let late = Use { late: Seen::of(true, key(9)), ..write(9, 1, 1) };
    assert_eq!(told(vec![late], 0), [(Check::OlderRoute, 9, 0.8)]);
}

#[test]
fn what_is_named_twice_is_told_where_others_name_it_once() {
    let ids = |one: Use| Use { two_ids: one.accepted, ..one };
    let members = |one: Use| Use { two_members: one.accepted, ..one };
    let with = |more: Vec<Use>| [clerks(), more].concat();
    assert_eq!(told(with(vec![ids(write(130, 9, 1))]), 0), [(Check::Polluted, 130, 0.5)]);
    assert_eq!(told(with(vec![ids(write(130, 9, 1)), ids(write(131, 8, 1))]), 0), [], "the route takes several");
    assert_eq!(told(vec![ids(write(130, 9, 1))], 0), [], "nobody knows what others do");
    assert_eq!(told(vec![members(write(130, 9, 1))], 0), [(Check::Polluted, 130, 0.65)]);
    let all = clerks().into_iter().map(members).collect();
    assert_eq!(told(all, 0), [(Check::Polluted, 0, 0.4)], "the client's habit");
}

/// Uses of two tasks at a few minutes, by few actors.
fn any_use() -> impl Strategy<Value = Use> {
    (0..200_i64, 0..4_u64, 0..3_u32, 1..3_u64, 1..4_u64, any::<[bool; 4]>()).prop_map(
        |(minute, actor, by, task, step, [accepted, described, twice, writes])| {
            let at = key(minute);
            let one = write(minute, actor, by);
            let manner = Manner { writes, described, undescribed: !described, ..Manner::default() };
            let (yes, no) = (Seen::of(accepted, at), Seen::of(!accepted, at));
            Use { task, step, manner, accepted: yes, forbidden: no, two_ids: Seen::of(accepted && twice, at), ..one }
        },
    )
}

proptest! {
    #[test]
    fn uses_are_one_however_they_are_split(each in proptest::collection::vec(any_use(), 0..60), at in 0..60_usize) {
        let mut whole = each.clone();
        Use::fold(&mut whole);
        let (mut a, mut b) = (each[..at.min(each.len())].to_vec(), each[at.min(each.len())..].to_vec());
        [&mut a, &mut b].into_iter().for_each(Use::fold);
        b.append(&mut a);
        Use::fold(&mut b);
        prop_assert_eq!(b, whole);
    }

    /// Who took the route first is told as a look at each request by itself tells it.
    #[test]
    fn the_first_of_a_role_is_found_as_by_hand(each in proptest::collection::vec(any_use(), 0..80)) {
        let uses: Vec<Use> = each.into_iter().map(|one| Use { task: 1, step: 1, ..one }).collect();
        let accepted = |one: &&Use| one.accepted.count > 0;
        let guarded = uses.iter().any(|one| one.manner.writes || one.forbidden.count > 0);
        let begin = uses.iter().filter(accepted).map(|one| one.accepted.last).min().unwrap_or(0);
        let mut expected = Vec::new();
        for by in 1..3_u32 {
            let own = uses.iter().filter(accepted).filter(|one| one.class == role(by));
            let Some(at) = own.filter_map(|one| one.accepted.first).min() else { continue };
            let others: Vec<&Use> = uses
                .iter()
                .filter(accepted)
                .filter(|one| one.class != role(by) && one.class.has_roles() && one.accepted.last < at.0)
                .collect();
            let mine = uses.iter().filter(accepted).any(|one| one.class == role(by) && one.accepted.last < at.0);
            let actors: std::collections::BTreeSet<u64> =
                others.iter().map(|one| one.actor).filter(|actor| *actor != 0).collect();
            if guarded && !mine && at.0 - begin >= 60 * MINUTE && others.len() >= 30 && actors.len() >= 3 {
                expected.push(at.2.0);
            }
        }
        let found: Vec<u64> =
            told(uses, 20).into_iter().filter(|one| one.0 == Check::FirstUse).map(|one| one.1).collect();
        // Of an hour in part only the first surely came before: less may be told, and nothing else.
        prop_assert!(found.iter().all(|one| expected.contains(one)), "{:?} of {:?}", found, expected);
    }
}
