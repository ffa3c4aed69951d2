//! The examples on the rules' pages are tests: each is read, judged, and must give the finding that the page shows.
//!
//! ```text
//! [> ]TIME ACTOR ACTIVITY TYPE:KEY STATUS      an event; `>` marks the deviating one, else it is the last
//! NAME: VALUE, VALUE; NAME                     what the comparison says about it
//! => SEVERITY VERDICT: SENTENCE                the finding
//! ```

use std::sync::Arc;

use offpath_capture::{Origin, Place};
use rust_decimal::Decimal;

use crate::compare::{Check, Deviation};
use crate::event::{Actor, Answer, Event, EventId, Evidence, Money, ObjectId, ObjectRef, Outcome, Shows, Value};
use crate::model::{ActorNaming, CheckOptions, Model};
use crate::rule::{Rule, catalogue};

/// An example as read.
pub(super) struct Example {
    pub(super) deviation: Deviation,
    /// `SEVERITY VERDICT: SENTENCE`.
    pub(super) finding: String,
}

/// Reads the example of a rule's page.
pub(super) fn of(rule: &Rule) -> Example {
    let page = rule.page();
    let block = page.split("```").nth(1).expect("a fenced example").trim_start_matches("text\n").to_owned();
    let mut deviation = deviation(rule.check);
    let mut finding = None;
    for line in block.lines() {
        if let Some(expected) = line.strip_prefix("=> ") {
            finding = Some(expected.to_owned());
        } else if line.trim_start_matches("> ").starts_with(|c: char| c.is_ascii_digit()) {
            let event = event(line.trim_start_matches("> "), deviation.events.len() as u64);
            if line.starts_with("> ") || !block.contains("\n> ") {
                deviation.at = event.id;
                deviation.object = event.objects.first().map(|object| object.id.clone());
            }
            deviation.events.push(event);
        } else {
            line.split("; ").for_each(|fact| state(&mut deviation, fact));
        }
    }
    Example { deviation, finding: finding.expect("a finding") }
}

fn deviation(check: Check) -> Deviation {
    Deviation {
        check,
        case: None,
        object: None,
        at: EventId(0),
        events: Vec::new(),
        constraint: None,
        severity: None,
        expected: Vec::new(),
        observed: Vec::new(),
        states: Vec::new(),
        restricted: false,
        moved: false,
        corrected: false,
        order_certainty: 1.0,
        completeness: 1.0,
        mid_life: false,
        doubt: None,
    }
}

fn event(line: &str, number: u64) -> Event {
    let [time, actor, activity, object, status] = line.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("not five words: {line}");
    };
    let time = format!("2026-03-01T{time}Z").parse::<jiff::Timestamp>().expect("a time").as_microsecond();
    let (object_type, key) = object.split_once(':').expect("an object");
    let (agent, principal) = actor.split_once('/').map_or((None, actor), |(agent, principal)| (Some(agent), principal));
    let kind = principal.split_once(':').map_or("human", |(kind, _)| kind);
    let status: u16 = status.parse().expect("a status");
    let id = ObjectId { object_type: object_type.into(), key: key.into() };
    Event {
        id: EventId(number + 1),
        time,
        end: time,
        tick: 1,
        turn: None,
        sensor: "gw".into(),
        source: "pcapng",
        shows: Shows { request_body: true, response_body: true, headers: true },
        origin: Origin::new("a.pcapng".into(), Place::Frames { first: number + 1, last: number + 1, offset: 24 }),
        response_origin: None,
        method: "POST".into(),
        host: None,
        operation: Some(format!("POST /{object_type}s/{{id}}/{activity}").into()),
        path: format!("/{object_type}s/{key}/{activity}").into(),
        activity: Some(activity.into()),
        read: false,
        actor: Actor {
            principal: Some(principal.into()),
            agent: agent.map(Arc::from),
            kind: kind.into(),
            kind_known: true,
            roles: if kind == "human" { vec!["customer".into()] } else { Vec::new() },
            evidence: Evidence::Claims,
            roles_known: true,
            ..Actor::default()
        },
        session: None,
        run: None,
        tenants: Vec::new(),
        outcome: if status < 400 { Outcome::Accepted } else { Outcome::Rejected },
        status: Some(status),
        objects: vec![ObjectRef::new(id.clone(), "target")],
        case: Some(id),
        attributes: Vec::new(),
        idempotency: None,
        body_hash: None,
        answer: Answer::default(),
        handed: None,
        spoken: None,
        setting: None,
        members: None,
        request_id: None,
        correlated: false,
        span: None,
        exchanged: None,
        unplaced: Vec::new(),
        state_before: Vec::new(),
        state_after: Vec::new(),
    }
}

fn state(deviation: &mut Deviation, fact: &str) {
    let (name, value) = fact.split_once(": ").unwrap_or((fact, ""));
    match name {
        "states" => deviation.states = items(value),
        "expected" => deviation.expected = items(value),
        "observed" => deviation.observed = items(value),
        "constraint" => deviation.constraint = Some(value.into()),
        "moved" => deviation.moved = true,
        "restricted" => deviation.restricted = true,
        "money" => {
            let (amount, currency) = value.split_once(' ').expect("an amount and a currency");
            let amount: Decimal = amount.parse().expect("an amount");
            let money = Value::Money(Money { amount, currency: currency.into() });
            deviation.events.last_mut().expect("an event").attributes.push(("amount".into(), money));
        }
        _ => panic!("unknown fact: {fact}"),
    }
}

/// Splits at commas outside of brackets.
fn items(value: &str) -> Vec<Arc<str>> {
    let mut depth = 0_i32;
    let parts = value.split(|c| {
        depth += i32::from(matches!(c, '[' | '(')) - i32::from(matches!(c, ']' | ')'));
        c == ',' && depth == 0
    });
    parts.map(|item| Arc::from(item.trim())).collect()
}

/// A model that names nothing: enough for a verdict.
pub(super) fn bare_model() -> Model {
    Model {
        id: "shop".into(),
        version: "7".into(),
        owner: None,
        draft: false,
        hash: String::new(),
        file: "shop.yaml".to_owned(),
        in_force: (None, None),
        actors: ActorNaming::default(),
        object_types: Vec::new(),
        activities: Vec::new(),
        lifecycles: Vec::new(),
        constraints: Vec::new(),
        delegations: Vec::new(),
        check: CheckOptions::default(),
        captured_paths: Vec::new(),
        documents: Vec::new(),
    }
}

#[test]
fn every_example_gives_the_finding_on_its_page() {
    let model = bare_model();
    for rule in catalogue() {
        let example = of(rule);
        let finding = super::judge(&example.deviation, Some(&model));
        assert_eq!(finding.rule, rule.id);
        assert_eq!(format!("{} {}: {}", finding.severity, finding.verdict.as_str(), finding.title), example.finding);
    }
}

#[test]
fn a_step_that_was_done_before_is_missing_only_once_more() {
    let mut skip = of(super::find("SEQ-SKIP").expect("a rule")).deviation;
    skip.expected = items("pay, ship");
    skip.observed = items("pay, edit, ship");
    let title = super::judge(&skip, Some(&bare_model())).title;
    assert_eq!(title, "service:wms performed ship on order ord_7 without another pay after edit");
}
