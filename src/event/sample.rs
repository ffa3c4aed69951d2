//! Events for tests.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use offpath_capture::{Origin, Place};
use rust_decimal::Decimal;

use super::{
    Actor, Answer, Doubt, Doubts, Event, EventId, Evidence, Money, ObjectId, ObjectRef, Outcome, SeenAgent, Shows,
    Span, TenantTold, TokenExchange, Value,
};

/// A read by an unknown actor, one second after the epoch times `n`.
pub(crate) fn event(n: u64) -> Event {
    let time = i64::try_from(n).unwrap() * 1_000_000;
    Event {
        id: EventId(n),
        time,
        end: time + 1_000,
        tick: 1,
        turn: None,
        sensor: "packets".into(),
        source: "pcapng",
        shows: Shows { request_body: true, response_body: true, headers: true },
        origin: Origin::new("a.pcapng".into(), Place::Frames { first: n, last: n + 1, offset: n * 100 }),
        response_origin: None,
        method: "GET".into(),
        host: None,
        operation: None,
        path: "/health".into(),
        activity: None,
        read: true,
        actor: Actor::default(),
        session: None,
        run: None,
        tenants: Vec::new(),
        outcome: Outcome::Accepted,
        status: Some(200),
        objects: Vec::new(),
        case: None,
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

/// A payment with every field filled.
pub(crate) fn rich_event(n: u64) -> Event {
    let order = ObjectId { object_type: "order".into(), key: format!("ord_{n}").into() };
    let mut doubts = Doubts::default();
    doubts.add(Doubt::SeveralNames);
    Event {
        host: Some("api.acme.example".into()),
        method: "POST".into(),
        operation: Some("POST /orders/{orderId}/payment".into()),
        path: format!("/orders/ord_{n}/payment").into(),
        activity: Some("pay".into()),
        read: false,
        actor: Actor {
            principal: Some("alice".into()),
            agent: Some("agent:shop".into()),
            client: Some(Arc::from(IpAddr::V4(Ipv4Addr::LOCALHOST).to_string())),
            kind: "human".into(),
            kind_known: true,
            roles: vec!["customer".into()],
            roles_known: true,
            roles_defaulted: true,
            tenant: Some("acme".into()),
            tenant_yields: true,
            tenant_claimed: true,
            evidence: Evidence::Claims,
            yields: true,
            credential: Some("1f3a".into()),
            issuer: Some("https://id.example".into()),
            others: vec!["bob".into()],
            doubts,
            earlier_agents: vec!["agent:planner".into()],
            scopes: vec!["orders".into()],
            also: vec!["?2b".into()],
            strand: 9,
            token_end: Some(17),
            seen_agent: Some(Box::new(SeenAgent { name: "crew".into(), named: Some(false) })),
            told_in: None,
        },
        session: Some("s1".into()),
        run: Some("r1".into()),
        tenants: vec![("jwt.tid".into(), "acme".into()), ("host.label.0".into(), "globex".into())],
        case: Some(order.clone()),
        objects: vec![ObjectRef {
            id: order,
            qualifier: "target".into(),
            declared_state: Some("paid".into()),
            written_state: None,
            conflicting_key: None,
            tenant: Some("acme".into()),
            told: TenantTold::default(),
            owner: Some("alice".into()),
            attributes: vec![(
                "total".into(),
                Value::Money(Money { amount: Decimal::new(12990, 2), currency: "EUR".into() }),
            )],
        }],
        attributes: vec![
            ("amount".into(), Value::Number(Decimal::new(12990, 2))),
            ("req.note".into(), Value::Null),
            ("tags".into(), Value::List(vec![Value::Text("a".into()), Value::Bool(true)])),
        ],
        idempotency: Some(7),
        body_hash: Some(8),
        answer: Answer { body_hash: Some(9), replayed: true, ..Answer::default() },
        request_id: Some("req-1".into()),
        correlated: true,
        span: Some(Box::new(Span { trace: 3, id: 4, parent: 5 })),
        exchanged: Some(Box::new(TokenExchange {
            shown: "2c".into(),
            had: Some(vec!["orders".into()]),
            got: None,
            elsewhere: true,
        })),
        state_before: vec!["new".into()],
        state_after: vec!["paid".into()],
        ..event(n)
    }
}
