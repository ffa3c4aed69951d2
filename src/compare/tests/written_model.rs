//! The same judgements through a model that was written as a user writes it.

use super::windows::windows;
use super::*;

const ORDERS: &str = r#"
offpath: 1
workflow: {id: order-to-cash, version: 7}
actors:
  identify: [jwt.sub]
  tenant: [jwt.tid]
  kinds: {service: "jwt.gty == 'client-credentials'", default: human}
  roles: {from: jwt.roles, default: customer}
objects:
  order:
    key: [path.orderId, res.order.id]
    tenant: res.order.tenantId
    owner: {set_by: create, value: actor.principal}
    state: res.order.status
    attrs: {total: "money(res.order.total, res.order.currency)", paid: {sum: pay.amount}}
  refund:
    key: [path.refundId, res.refund.id]
    parent: {order: [res.refund.orderId]}
    attrs: {amount: "money(req.amount, req.currency)"}
activities:
  create: {http: POST /orders, object: order}
  view: {http: "GET /orders/{orderId}", object: order, read: true}
  pay: {http: "POST /orders/{orderId}/payment", object: order, attrs: {amount: "money(req.amount, req.currency)"}, idempotency: header.idempotency-key}
  ship: {http: "POST /orders/{orderId}/shipment", object: order}
  cancel: {http: "PATCH /orders/{orderId}", where: "req.status == 'cancelled'", object: order}
  refund_request: {http: "POST /orders/{orderId}/refunds", object: refund}
  refund_approve: {http: "POST /refunds/{refundId}/approve", object: refund}
  refund_execute: {http: "POST /refunds/{refundId}/execute", object: refund}
lifecycles:
  order:
    states: {none: initial, new: {}, paid: {restricted: true}, shipped: {restricted: true}, cancelled: final}
    transitions:
      - {activity: create, from: none, to: new, by: [customer, agent]}
      - {activity: pay, from: new, to: paid, by: [customer, agent], once: true, when: "event.amount == order.total"}
      - {activity: ship, from: paid, to: shipped, by: [fulfilment], within: {after: pay, max: 14d}}
      - {activity: cancel, from: [new, paid], to: cancelled, by: [customer, support]}
  refund:
    states: {none: initial, requested: {}, approved: {}, executed: {restricted: true, final: true}}
    transitions:
      - {activity: refund_request, from: none, to: requested, by: [customer, support, agent], when: "order.state in ['paid', 'shipped']"}
      - {activity: refund_approve, from: requested, to: approved, by: [approver], kind: human}
      - {activity: refund_execute, from: approved, to: executed, by: ["service:payments"], once: true}
      - {activity: refund_execute, from: requested, to: executed, by: ["service:payments"], once: true, when: "refund.amount <= money('100 EUR')"}
constraints:
  - {id: refund-needs-human, require: refund_approve, before: refund_execute, per: refund, kind: human, max_age: 24h, unchanged: [refund.amount], if: "refund.amount > money('100 EUR')", severity: critical}
  - {id: refund-sod, distinct_persons: [refund_request, refund_approve], per: refund}
  - {id: refund-le-paid, always: "sum(order.refunds.amount) <= order.paid"}
  - {id: refund-split, sum: refund.amount, activity: refund_execute, by: [order, actor.principal], window: 24h, max: 100 EUR, unless: refund_approve}
  - {id: no-ship-after-refund, never: ship, after: refund_execute, per: order}
  - {id: owner-only, same: [actor.principal, order.owner], activities: [view, pay, cancel], unless_role: [support, fulfilment]}
  - {id: tenant-wall, same: [actor.tenant, order.tenant], activities: any, severity: critical}
  - {id: pace, activity: create, by: actor, window: 1m, max: 10}
  - {id: office-hours, activity: refund_approve, hours: "Mon-Sun 00:00-24:00 Europe/Paris", severity: low}
check: {first_seen_state: any, clock_skew: 2s, ties: commute}
"#;

fn model() -> Model {
    Model::read("model.yaml", ORDERS).map_err(|d| d.render(false)).unwrap().0
}

fn order(n: u64, name: &str) -> super::super::builder::EventBuilder {
    step(n, name).with(|e| e.actor.tenant = Some("acme".into())).object(|o| {
        o.owner = Some("alice".into());
        o.tenant = Some("acme".into());
    })
}

fn part(n: u64, name: &str, refund: &str, euros: i64) -> super::super::builder::EventBuilder {
    let seconds = i64::try_from(n).unwrap() * 10;
    let about = event(n, seconds, name).by("alice", &["customer"]).on(refund).shows("amount", eur(euros)).on("order:1");
    about.with(|e| e.actor.tenant = Some("acme".into())).with(|e| e.case = Some(id("order:1")))
}

fn paid(total: i64) -> Vec<Event> {
    vec![order(1, "create").shows("total", eur(total)).done(), order(2, "pay").attribute("amount", eur(total)).done()]
}

fn executed(n: u64, refund: &str, euros: i64) -> Event {
    part(n, "refund_execute", refund, euros).by("service:payments", &[]).kind("service").done()
}

fn then(mut events: Vec<Event>, more: &[Event]) -> Vec<Event> {
    events.extend_from_slice(more);
    events
}

#[test]
fn an_ordinary_case_is_clean_and_every_rule_was_evaluated() {
    let ship = order(3, "ship").by("walter", &["fulfilment"]).done();
    let approve = part(5, "refund_approve", "refund:1", 150).by("bob", &["approver"]).done();
    let request = part(4, "refund_request", "refund:1", 150).done();
    let events = then(paid(200), &[ship, request, approve, executed(6, "refund:1", 150)]);
    let result = run(model(), &events);
    assert_eq!(checks(&result), []);
    for check in [
        Check::ApprovalMissing,
        Check::ApprovalStale,
        Check::ApprovalChanged,
        Check::ApprovalSelf,
        Check::Conserve,
        Check::Orphan,
        Check::Owner,
        Check::Tenant,
        Check::Guard,
    ] {
        assert!(
            result.tallies.0.get(&(check, "pcap")).is_some_and(|t| t.evaluated > 0 && t.violated == 0),
            "{check:?}"
        );
    }
    assert_eq!(checks(&windows(model(), &events)), []);
}

#[test]
fn each_constraint_of_the_example_finds_its_abuse() {
    let request = |euros| part(4, "refund_request", "refund:1", euros).done();
    let unapproved = then(paid(200), &[request(150), executed(6, "refund:1", 150)]);
    assert_eq!(checks(&run(model(), &unapproved)), [Check::ApprovalMissing]);
    let by_self = part(5, "refund_approve", "refund:1", 150).by("alice", &["approver"]).done();
    let by_self = then(paid(200), &[request(150), by_self]);
    assert_eq!(checks(&run(model(), &by_self)), [Check::ApprovalSelf]);
    assert_eq!(checks(&run(model(), &then(paid(200), &[request(201)]))), [Check::Conserve]);
    let early = [paid(200)[0].clone(), request(20)];
    let result = run(model(), &early);
    assert!(checks(&result).contains(&Check::Guard), "a refund of an order that is not paid: {:?}", checks(&result));
    let split: Vec<Event> = (1..4)
        .flat_map(|n| {
            let refund = format!("refund:{n}");
            [part(n * 2 + 2, "refund_request", &refund, 40).done(), executed(n * 2 + 3, &refund, 40)]
        })
        .collect();
    let split = then(paid(200), &split);
    assert_eq!(checks(&run(model(), &split)), []);
    assert_eq!(checks(&windows(model(), &split)), [Check::Split]);
    let refunded = then(paid(200), &[request(50), executed(5, "refund:1", 50)]);
    let shipped = then(refunded, &[order(9, "ship").by("walter", &["fulfilment"]).done()]);
    assert_eq!(checks(&run(model(), &shipped)), [Check::Orphan]);
    let stranger = order(3, "view").read().by("eve", &["customer"]).done();
    assert_eq!(checks(&run(model(), &then(paid(200), &[stranger]))), [Check::Owner]);
    let outsider = order(3, "view").read().by("eve", &["customer"]).with(|e| e.actor.tenant = Some("globex".into()));
    assert_eq!(checks(&run(model(), &then(paid(200), &[outsider.done()]))), [Check::Tenant]);
    let burst: Vec<Event> = (0..11).map(|n| event(n, 1, "create").on(&format!("order:{n}")).done()).collect();
    assert_eq!(checks(&windows(model(), &burst)), [Check::Volume]);
}

#[test]
fn an_access_log_without_bodies_makes_rules_not_evaluable_rather_than_broken() {
    let blank = |mut e: Event| {
        e.shows = crate::event::Shows::default();
        e.attributes.clear();
        e.actor.roles.clear();
        e.actor.roles_known = false;
        e.actor.tenant = None;
        e.actor.evidence = crate::event::Evidence::Asserted;
        for object in &mut e.objects {
            object.attributes.clear();
            object.tenant = None;
        }
        e
    };
    let request = part(4, "refund_request", "refund:1", 150).done();
    let ship = order(3, "ship").by("walter", &[]).done();
    let events = then(paid(200), &[ship, request, executed(6, "refund:1", 150)]);
    let result = run(model(), &events.into_iter().map(blank).collect::<Vec<_>>());
    assert_eq!(checks(&result), []);
    assert!(result.tallies.0[&(Check::ApprovalMissing, "pcap")].not_evaluable > 0);
    assert!(result.tallies.0[&(Check::Tenant, "pcap")].not_evaluable > 0);
    assert!(result.tallies.0[&(Check::Role, "pcap")].not_evaluable > 0);
}
