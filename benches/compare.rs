//! Events per second of conforming replay: `cargo bench --bench compare`.

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use offpath::compare::{Blindness, Comparer};
use offpath::event::{Actor, Answer, Event, EventId, Evidence, ObjectId, ObjectRef, Outcome, Shows, TenantTold};
use offpath::model::Model;
use offpath_capture::{Origin, Place};

const MODEL: &str = r#"
offpath: 1
workflow: {id: bench, version: 1}
objects:
  order:
    key: [path.orderId]
    state: res.status
activities:
  create: {http: POST /orders, object: order}
  pay: {http: "POST /orders/{orderId}/payment", object: order}
  ship: {http: "POST /orders/{orderId}/shipment", object: order}
  view: {http: "GET /orders/{orderId}", object: order, read: true}
lifecycles:
  order:
    states: {none: initial, new: {}, paid: {restricted: true}, shipped: {restricted: true, final: true}}
    transitions:
      - {activity: create, from: none, to: new, by: [human]}
      - {activity: pay, from: new, to: paid, by: [human], once: true}
      - {activity: ship, from: paid, to: shipped, by: [human]}
"#;

fn main() {
    divan::main();
}

/// A thousand orders, each created, viewed, paid, viewed, shipped and viewed.
fn cases() -> Vec<(ObjectId, Vec<Event>)> {
    let steps = [
        ("create", "new"),
        ("view", "new"),
        ("pay", "paid"),
        ("view", "paid"),
        ("ship", "shipped"),
        ("view", "shipped"),
    ];
    let order = |n: u64| {
        let id = ObjectId { object_type: "order".into(), key: format!("ord_{n}").into() };
        let one = |(i, (activity, state)): (u64, &(&str, &str))| event(n * 10 + i, &id, activity, state);
        (id.clone(), (0..).zip(&steps).map(one).collect())
    };
    (0..1000).map(order).collect()
}

fn event(n: u64, id: &ObjectId, activity: &str, state: &str) -> Event {
    let time = i64::try_from(n).unwrap_or(0) * 1_000_000;
    Event {
        id: EventId(n),
        time,
        end: time + 5000,
        tick: 1,
        turn: None,
        sensor: "tap".into(),
        source: "pcap",
        shows: Shows { request_body: true, response_body: true, headers: true },
        origin: Origin::new("a.pcap".into(), Place::Frames { first: n, last: n, offset: 0 }),
        response_origin: None,
        method: "POST".into(),
        host: None,
        operation: None,
        path: "/".into(),
        activity: Some(activity.into()),
        read: activity == "view",
        actor: Actor {
            principal: Some("alice".into()),
            kind: "human".into(),
            kind_known: true,
            evidence: Evidence::Claims,
            ..Actor::default()
        },
        session: None,
        run: None,
        tenants: Vec::new(),
        outcome: Outcome::Accepted,
        status: Some(200),
        objects: vec![ObjectRef {
            id: id.clone(),
            qualifier: "target".into(),
            declared_state: Some(state.into()),
            written_state: None,
            conflicting_key: None,
            tenant: None,
            told: TenantTold::default(),
            owner: None,
            attributes: Vec::new(),
        }],
        case: Some(id.clone()),
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

#[divan::bench]
fn conforming_cases(bencher: Bencher) {
    let Ok((model, _)) = Model::read("bench.yaml", MODEL) else { return };
    let comparer = Comparer::new(Some(Arc::new(model)));
    let cases = cases();
    let events: usize = cases.iter().map(|(_, events)| events.len()).sum();
    bencher.counter(ItemsCount::new(events)).bench(|| {
        let blindness = Blindness::default();
        cases.iter().map(|(id, events)| comparer.case(Some(id), events, &blindness).deviations.len()).sum::<usize>()
    });
}
