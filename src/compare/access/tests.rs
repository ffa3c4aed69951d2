//! What the access review keeps and tells.

use std::hash::{DefaultHasher, Hash, Hasher};

use proptest::prelude::*;

use super::*;
use crate::event::sample;

const DAY: i64 = 24 * HOUR;

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// A service's accepted call on a day.
fn call(day: i64, operation: &str, host: &str, scopes: &[&str]) -> Event {
    let mut event = sample::event(1);
    event.id = EventId(hash(&format!("{day} {operation} {host}")));
    (event.time, event.end) = (day * DAY, day * DAY + 1_000);
    (event.operation, event.host) = (Some(operation.into()), Some(host.into()));
    event.read = operation.starts_with("GET");
    event.actor.principal = Some("robot".into());
    event.actor.credential = Some("00000000000000ab00000000000000ab".into());
    (event.actor.kind, event.actor.kind_known) = ("service".into(), true);
    event.actor.evidence = Evidence::Claims;
    event.actor.scopes = scopes.iter().map(|scope| (*scope).into()).collect();
    event
}

fn told(events: &[Event]) -> Vec<(Check, String)> {
    let mut accesses = Accesses::default();
    events.iter().for_each(|event| accesses.note(event, &Setting::default(), &hash, 0));
    let mut told = Told::default();
    accesses.review().judge(&mut told);
    told.strays.iter().map(|stray| (stray.check, stray.observed[0].to_string())).collect()
}

#[test]
fn scopes_of_which_only_others_make_use_are_told() {
    let scopes = ["orders:read", "refunds:write", "openid", "teapots:brew"];
    let mut events: Vec<Event> = (0..60).map(|day| call(day, "GET /orders/{id}", "api", &scopes)).collect();
    assert_eq!(told(&events), [], "that nobody was seen to use it says nothing of what it is for");
    let mut other = call(5, "POST /refunds", "api", &[]);
    other.actor.principal = Some("alice".into());
    other.actor.credential = Some("00000000000000cd00000000000000cd".into());
    events.push(other);
    assert_eq!(told(&events), [(Check::ScopeUnused, "refunds:write not used in 59 days".to_owned())]);
    events.push(call(30, "POST /refunds", "api", &scopes));
    assert_eq!(told(&events), [], "used once");
    assert_eq!(told(&events[40..]), [], "seen for too short");
}

#[test]
fn a_token_that_nobody_took_tells_nothing_of_its_subject() {
    let forged = |outcome, beside: bool| {
        let mut event = call(1, "GET /orders/{id}", "api", &["admin:write"]);
        (event.outcome, event.actor.roles, event.actor.roles_known) = (outcome, vec!["root".into()], true);
        let mut setting = Setting { issued: Some(DAY), life: Some(DAY), ..Setting::default() };
        setting.marks.add_if(beside, Mark::Accompanied);
        let mut accesses = Accesses::default();
        accesses.note(&event, &setting, &hash, 0);
        let review = accesses.review();
        let (_, access, _) = review.identities().next().unwrap();
        (access.scopes.len(), access.roles.len(), access.issued.is_some(), access.expires.is_some())
    };
    assert_eq!(forged(Outcome::Accepted, false), (1, 1, true, true));
    assert_eq!(forged(Outcome::Rejected, false), (0, 0, false, false), "refused");
    assert_eq!(forged(Outcome::Accepted, true), (0, 0, false, false), "the server may have gone by the other");
}

#[test]
fn refused_tokens_take_nobodys_place() {
    let refused = |n: usize| {
        let mut event = call(1, "GET /orders/{id}", "api", &[]);
        event.outcome = Outcome::Rejected;
        event.actor.principal = Some(format!("made-up-{n}").into());
        event.actor.credential = Some(format!("{n:032x}").into());
        event
    };
    // No hash is worse than the robot's.
    let worst = |text: &str| if text == "robot" || text.ends_with("ab") { u64::MAX } else { hash(text) >> 1 };
    let mut accesses = Accesses::default();
    let mut note = |event: &Event| accesses.note(event, &Setting::default(), &worst, 0);
    note(&call(1, "GET /orders/{id}", "api", &[]));
    (0..MOST + 500).for_each(|n| note(&refused(n)));
    let mut late = call(2, "GET /orders/{id}", "api", &[]);
    note(&late);
    late.outcome = Outcome::Rejected;
    note(&late);
    let review = accesses.review();
    let robot = review.identities().find(|(name, ..)| ***name == *"robot").expect("it was accepted");
    assert_eq!((robot.1.accepted, review.identities().count()), (2, MOST));
    assert!(review.credentials().any(|(name, ..)| name.ends_with("ab") && name.starts_with("00000000000000ab")));
}

#[test]
fn names_of_hosts_that_are_not_kept_leave_open_whether_there_are_two_environments() {
    let judged = |invented: usize| {
        let mut accesses = Accesses::default();
        let names = (0..invented).map(|n| format!("a{n:04}.example"));
        for host in names.chain(["web.shop.example".to_owned()]) {
            accesses.note(&call(1, "GET /orders/{id}", &host, &[]), &Setting::default(), &hash, 0);
        }
        let mut told = Told::default();
        accesses.review().judge(&mut told);
        let tally = &told.counts[&(Check::EnvironmentMix, 0)];
        (tally.evaluated, tally.not_evaluable)
    };
    assert_eq!(judged(3), (1, 0));
    assert_eq!(judged(100), (0, 1), "not evaluable");
}

#[test]
fn who_an_agent_acts_for_is_not_accused_of_what_the_agent_leaves() {
    let scopes = ["orders:read", "refunds:write"];
    let events = |agent: bool| -> Vec<Event> {
        let mut events: Vec<Event> = (0..60).map(|day| call(day, "GET /orders/{id}", "api", &scopes)).collect();
        for event in &mut events {
            (event.actor.kind, event.actor.kind_known) =
                if agent { ("user".into(), true) } else { ("service".into(), true) };
            event.actor.agent = agent.then(|| "helper".into());
        }
        let mut other = call(5, "POST /refunds", "api", &[]);
        other.actor.principal = Some("bob".into());
        events.push(other);
        events
    };
    assert_eq!(told(&events(true)), []);
    assert_eq!(told(&events(false)), [(Check::ScopeUnused, "refunds:write not used in 59 days".to_owned())]);
}

#[test]
fn one_key_for_many_systems_and_for_two_environments_is_told() {
    let hosts = |names: &[&str]| -> Vec<Event> {
        names.iter().flat_map(|host| (0..3).map(|day| call(day, "POST /orders", host, &[]))).collect()
    };
    let wide = ["a.shop.example", "b.shop.example", "c.shop.example", "d.shop.example", "e.shop.example"];
    assert_eq!(told(&hosts(&wide)), [(Check::KeyWide, "one for 5 hosts".to_owned())]);
    assert_eq!(told(&hosts(&wide[..4])), []);
    let both = [(Check::EnvironmentMix, "api.shop.example and api.staging.shop.example".to_owned())];
    assert_eq!(told(&hosts(&["api.shop.example", "api.staging.shop.example"])), both);
    assert_eq!(told(&hosts(&["api.shop.example", "ci.staging.shop.example"])), [], "another system");
    assert_eq!(told(&hosts(&["api.staging.shop.example", "web.staging.shop.example"])), []);
}

#[test]
fn hosts_where_things_are_tried_are_told_by_a_part_of_their_own() {
    for host in ["api.staging.shop.example", "api-test.shop.example", "dev2.shop.example", "qa-api"] {
        assert!(is_testing(host), "{host}");
    }
    for host in ["api.shop.example", "test.example", "attestation.shop.example", "latest.shop.example", "10.0.0.1"] {
        assert!(!is_testing(host), "{host}");
    }
    assert!(are_kin("api-test.shop.example", "api-prod.shop.example"));
    assert!(!are_kin("api-test.shop.example", "web.shop.example"));
}

proptest! {
    #[test]
    fn it_does_not_matter_who_noted_what(
        calls in proptest::collection::vec((0..90_i64, 0..6_usize, 0..80_usize, 0..4_usize), 0..60),
        cut in 0..60_usize,
    ) {
        let scopes = ["orders:read", "refunds:write", "payouts", "*"];
        let events: Vec<Event> = calls
            .iter()
            .map(|(day, operation, host, scope)| {
                let path = format!("{} /things{operation}/{{id}}", if operation % 2 == 0 { "GET" } else { "POST" });
                let mut event = call(*day, &path, &format!("h{host}.example"), &scopes[..*scope]);
                event.outcome = if host % 3 == 0 { Outcome::Rejected } else { Outcome::Accepted };
                event
            })
            .collect();
        let noted = |events: &[Event]| {
            let mut accesses = Accesses::default();
            events.iter().for_each(|event| accesses.note(event, &Setting::default(), &hash, 0));
            accesses
        };
        let shown = |accesses: Accesses| {
            let review = accesses.review();
            let lines = review.identities().chain(review.credentials());
            lines.map(|(name, access, unused)| {
                let Access { first, last, requests, writes, hosts, operations, scopes, .. } = access;
                format!("{name} {first:?} {last:?} {requests} {writes} {hosts:?} {operations:?} {scopes:?} {unused:?}")
            }).collect::<Vec<_>>()
        };
        let (left, right) = events.split_at(cut.min(events.len()));
        let mut merged = noted(right);
        merged.merge(noted(left));
        prop_assert_eq!(shown(merged), shown(noted(&events)));
    }
}

#[test]
fn of_two_operations_of_one_name_neither_is_hidden() {
    let robot = |events: &[Event]| {
        let mut accesses = Accesses::default();
        events.iter().for_each(|event| accesses.note(event, &Setting::default(), &hash, 0));
        let review = accesses.review();
        let (_, access, unused) = review.identities().next().unwrap();
        let operations = access.operations.iter().map(|(name, host)| format!("{name} {host}")).collect::<Vec<_>>();
        (operations, unused.len())
    };
    let scopes = ["orders:write"];
    let mut read = call(1, "POST /orders/{id}/actions", "eu", &scopes);
    read.read = true;
    let write = call(2, "POST /orders/{id}/actions", "us", &scopes);
    let (operations, unused) = robot(&[read.clone(), write.clone()]);
    assert_eq!(operations, ["POST /orders/{id}/actions eu", "POST /orders/{id}/actions us"]);
    assert_eq!(unused, 0, "it made use of it by a call that has the name of a read");
    assert_eq!(robot(&[write, read]).1, 0);
}
