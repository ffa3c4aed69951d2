use super::*;
use crate::event::{TenantTold, Value};
use crate::model::expression::Function;
use crate::model::{AttributeRule, ConstraintKind, Expression, ObjectAttribute, Severity};

/// Approval of refunds over 100 by a human, at most an hour old, for an unchanged amount.
fn approvals() -> Model {
    let model = shop();
    let refund = model.kind_of("refund");
    let large =
        compare(Node::Path(path(Root::Object(refund), &["amount"])), Operator::Greater, Node::Constant(eur(100)));
    let kind = ConstraintKind::Require {
        activity: model.step("approve"),
        before: model.step("execute"),
        per: refund,
        kind: Some("human".into()),
        max_age: Some(HOUR),
        unchanged: vec![path(Root::Object(refund), &["amount"])],
    };
    let mut model = model.constraint("needs-human", kind);
    model.constraints[0].condition = Some(large);
    model.constraints[0].severity = Some(Severity::Critical);
    // A plain lifecycle, so that only the constraint speaks.
    model.lifecycles[1].transitions[3].when = None;
    model.lifecycles[1].transitions[1].kind = None;
    model
}

fn amount(n: u64, activity: &str, euros: i64) -> super::super::builder::EventBuilder {
    refund(n, activity).with(|e| e.objects[0].attributes.push(("amount".into(), eur(euros))))
}

#[test]
fn an_approval_that_is_required_and_missing() {
    let created = step(1, "create").done();
    let missing = run(approvals(), &[created.clone(), amount(2, "request", 500).done(), refund(3, "execute").done()]);
    assert_eq!(checks(&missing), [Check::ApprovalMissing]);
    let deviation = &missing.deviations[0];
    assert_eq!(deviation.constraint.as_deref(), Some("needs-human"));
    assert_eq!(deviation.severity, Some(Severity::Critical));
    assert_eq!(text(&deviation.expected), ["approve", "execute"]);
    assert!(deviation.restricted);
    let small = [created.clone(), amount(2, "request", 100).done(), refund(3, "execute").done()];
    assert_eq!(checks(&run(approvals(), &small)), []);
    let unseen = [created.clone(), refund(2, "request").done(), refund(3, "execute").done()];
    let result = run(approvals(), &unseen);
    assert_eq!(checks(&result), []);
    for check in [Check::ApprovalMissing, Check::ApprovalStale, Check::ApprovalChanged] {
        assert_eq!(result.tallies.0[&(check, "pcap")].not_evaluable, 1, "{check:?}");
    }
    let late = [created, amount(2, "request", 500).done(), refund(3, "execute").done(), refund(4, "approve").done()];
    let late = run(approvals(), &late);
    assert!(checks(&late).contains(&Check::ApprovalLate));
    let tally = |check| late.tallies.0[&(check, "pcap")];
    assert_eq!((tally(Check::ApprovalLate).violated, tally(Check::ApprovalMissing).violated), (1, 0));
}

#[test]
fn an_approval_may_lie_before_the_capture_or_in_a_blind_spot() {
    let mid_life = [amount(3, "execute", 500).done()];
    assert_eq!(checks(&run(approvals(), &mid_life)), []);
    let events = [step(1, "create").done(), amount(2, "request", 500).done(), refund(3, "execute").done()];
    let blind =
        |from: i64, to: i64| run_blind(approvals(), &events, &Blindness::new(vec![(from * SECOND, to * SECOND)]));
    assert_eq!(checks(&blind(25, 26)), []);
    assert_eq!(checks(&blind(14, 15)), [Check::ApprovalMissing], "before the request there was nothing to approve");
    // A declared state says that the approval had not been given.
    let declared =
        [amount(2, "view", 500).read().with(|e| e.objects[0].declared_state = Some("requested".into())).done()];
    let declared = [declared.to_vec(), vec![refund(3, "execute").done()]].concat();
    assert_eq!(checks(&run(approvals(), &declared)), [Check::ApprovalMissing]);
}

#[test]
fn the_missing_approval_absorbs_the_skipped_step() {
    let mut model = approvals();
    model.lifecycles[1].transitions.truncate(3);
    let events = [step(1, "create").done(), amount(2, "request", 500).done(), refund(3, "execute").done()];
    assert_eq!(checks(&run(model, &events)), [Check::ApprovalMissing]);
}

#[test]
fn an_approval_by_an_agent_is_not_a_persons() {
    let events = |approve: Event| {
        [step(1, "create").done(), amount(2, "request", 500).done(), approve, refund(4, "execute").done()]
    };
    assert_eq!(checks(&run(approvals(), &events(refund(3, "approve").done()))), []);
    let agent = refund(3, "approve").agent("agent:shop").done();
    assert_eq!(checks(&run(approvals(), &events(agent))), [Check::ApprovalMissing]);
}

#[test]
fn an_approval_grows_old_and_covers_one_amount() {
    let events = |approved: i64, executed: i64, euros: i64| {
        let at = |n: u64, name: &str, second: i64| {
            refund(n, name).with(|e| e.time = second * SECOND).with(|e| e.end = e.time)
        };
        let execute = at(4, "execute", executed).with(|e| e.objects[0].attributes.push(("amount".into(), eur(euros))));
        [step(1, "create").done(), amount(2, "request", 500).done(), at(3, "approve", approved).done(), execute.done()]
    };
    assert_eq!(checks(&run(approvals(), &events(100, 3700, 500))), []);
    assert_eq!(checks(&run(approvals(), &events(100, 3701, 500))), [Check::ApprovalStale]);
    assert_eq!(checks(&run(approvals(), &events(100, 200, 501))), [Check::ApprovalChanged]);
    let mut formatted = events(100, 200, 0);
    formatted[3].objects[0].attributes[0].1 =
        Value::Money(crate::event::Money { amount: "500.00".parse().unwrap(), currency: "EUR".into() });
    assert_eq!(checks(&run(approvals(), &formatted)), []);
    let mut currency = events(100, 200, 500);
    currency[3].objects[0].attributes[0].1 =
        Value::Money(crate::event::Money { amount: 500.into(), currency: "USD".into() });
    let result = run(approvals(), &currency);
    assert_eq!(checks(&result), [], "whether 500 USD are over 100 EUR is not known");
}

fn duties(approval: bool) -> Model {
    let model = shop();
    let kind = ConstraintKind::DistinctPersons {
        activities: vec![model.step("request"), model.step("approve"), model.step("execute")],
        per: model.kind_of("refund"),
    };
    let require = ConstraintKind::Require {
        activity: model.step("approve"),
        before: model.step("execute"),
        per: model.kind_of("refund"),
        kind: None,
        max_age: None,
        unchanged: Vec::new(),
    };
    let model = model.constraint("apart", kind);
    if approval { model.constraint("needed", require) } else { model }
}

#[test]
fn duties_that_one_person_may_not_combine() {
    let events = |approver: &str, executor: &str| {
        let by = |n: u64, name: &str, who: &str| refund(n, name).by(who, &["approver"]).done();
        [step(1, "create").done(), by(2, "request", "alice"), by(3, "approve", approver), by(4, "execute", executor)]
    };
    assert_eq!(checks(&run(duties(true), &events("bob", "carol"))), []);
    assert_eq!(checks(&run(duties(true), &events("alice", "carol"))), [Check::ApprovalSelf]);
    assert_eq!(checks(&run(duties(false), &events("alice", "carol"))), [Check::Duties]);
    assert_eq!(checks(&run(duties(true), &events("bob", "bob"))), [Check::Duties]);
    let mut unknown = events("alice", "carol");
    unknown[2].actor.principal = None;
    let result = run(duties(true), &unknown);
    assert_eq!(checks(&result), []);
    assert_eq!(result.tallies.0[&(Check::ApprovalSelf, "pcap")].not_evaluable, 1);
    let mut refused = events("alice", "carol").to_vec();
    refused.truncate(3);
    refused[2].outcome = crate::event::Outcome::Rejected;
    refused[2].status = Some(403);
    assert_eq!(checks(&run(duties(true), &refused)), [Check::ApprovalSelf]);
}

#[test]
fn duties_are_only_kept_apart_where_the_condition_asks_for_it() {
    let mut model = duties(true);
    model.constraints[0].condition = approvals().constraints[0].condition.clone();
    let judged = |euros: Option<i64>| {
        let by_alice = |n: u64, name: &str| match euros {
            Some(euros) => amount(n, name, euros).by("alice", &["approver"]).done(),
            None => refund(n, name).by("alice", &["approver"]).done(),
        };
        run(model.clone(), &[step(1, "create").done(), by_alice(2, "request"), by_alice(3, "approve")])
    };
    assert_eq!(checks(&judged(Some(500))), [Check::ApprovalSelf]);
    assert_eq!(checks(&judged(Some(100))), [], "a small refund needs no second person");
    let unknown = judged(None);
    assert_eq!(checks(&unknown), [], "nobody knows how large the refund is");
    assert_eq!(unknown.tallies.0[&(Check::ApprovalSelf, "pcap")].not_evaluable, 1);
}

/// One duty: which, on which refund, by whom, and whether it was accepted.
type Duty = (usize, u8, Option<u8>, bool);

/// Decisions as `(evaluated, violated, not evaluable)`, by looking at every pair.
fn by_pairs(duties: &[Duty]) -> (u64, u64, u64) {
    let mut counts = (0, 0, 0);
    for (at, (activity, refund, person, _)) in duties.iter().enumerate() {
        let others: Vec<&Duty> = duties[..at].iter().filter(|d| d.3 && d.1 == *refund && d.0 != *activity).collect();
        let known = person.is_some() && others.iter().all(|d| d.2.is_some());
        match others.iter().any(|d| person.is_some() && d.2 == *person) {
            _ if others.is_empty() => {}
            true => counts = (counts.0 + 1, counts.1 + 1, counts.2),
            false if known => counts.0 += 1,
            false => counts.2 += 1,
        }
    }
    counts
}

proptest::proptest! {
    #[test]
    fn duties_are_told_apart_as_by_looking_at_every_pair(
        duties in proptest::collection::vec(
            (0usize..3, 1u8..3, proptest::option::weighted(0.9, 0u8..4), proptest::bool::weighted(0.8)), 0..40)
    ) {
        let event = |(n, (activity, refund, person, accepted)): (u64, &Duty)| {
            let name = ["request", "approve", "execute"][*activity];
            let second = i64::try_from(n).unwrap() * 10;
            event(n, second, name).on(&format!("refund:{refund}")).on("order:1").with(|e| {
                e.actor.principal = person.map(|p| format!("p{p}").into());
                if !accepted {
                    (e.outcome, e.status) = (crate::event::Outcome::Rejected, Some(403));
                }
            }).done()
        };
        let events: Vec<Event> = (1..).zip(&duties).map(event).collect();
        let tallies = run(super::constraints::duties(true), &events).tallies.0;
        let sum = [Check::Duties, Check::ApprovalSelf].iter().filter_map(|c| tallies.get(&(*c, "pcap")));
        let counts = sum.fold((0, 0, 0), |s, t| (s.0 + t.evaluated, s.1 + t.violated, s.2 + t.not_evaluable));
        proptest::prop_assert_eq!(counts, by_pairs(&duties));
    }
}

/// Refunds of an order add up to no more than was paid.
fn conserving() -> Model {
    let mut model = shop();
    let order = model.kind_of("order");
    let sum = AttributeRule::Sum { activity: model.step("pay"), attribute: "amount".into() };
    model.object_types[0].attributes.push(ObjectAttribute { name: "paid".into(), value: sum });
    let left = Node::Call(Function::Sum, vec![Node::Path(path(Root::Object(order), &["refunds", "amount"]))]);
    let expression = compare(left, Operator::LessOrEqual, Node::Path(path(Root::Object(order), &["paid"])));
    model.constraint("refund-le-paid", ConstraintKind::Always(expression))
}

#[test]
fn a_sum_stays_within_what_was_paid() {
    let two = |first: i64, second: i64| {
        let other = amount(4, "request", second).with(|e| e.objects[0].id = id("refund:2")).done();
        [
            step(1, "create").done(),
            step(2, "pay").attribute("amount", eur(100)).done(),
            amount(3, "request", first).done(),
            other,
        ]
    };
    assert_eq!(checks(&run(conserving(), &two(60, 40))), [], "exactly what was paid");
    let broken = run(conserving(), &two(60, 41));
    assert_eq!(checks(&broken), [Check::Conserve]);
    assert_eq!(broken.deviations[0].at, crate::event::EventId(4));
    let mid_life = &two(60, 41)[1..];
    assert_eq!(checks(&run(conserving(), mid_life)), [], "an earlier payment may not have been seen");
    let blind = Blindness::new(vec![(12 * SECOND, 13 * SECOND)]);
    assert_eq!(checks(&run_blind(conserving(), &two(60, 41), &blind)), []);
    let mut refused = two(60, 41);
    refused[3].outcome = crate::event::Outcome::Rejected;
    refused[3].status = Some(422);
    assert_eq!(checks(&run(conserving(), &refused)), []);
}

#[test]
fn a_retry_adds_nothing_to_a_sum() {
    let pay = |n: u64| step(n, "pay").attribute("amount", eur(100)).keyed(1, 1).done();
    let events = [step(1, "create").done(), pay(2), pay(3), amount(4, "request", 150).done()];
    assert_eq!(checks(&run(conserving(), &events)), [Check::Conserve]);
}

#[test]
fn what_another_step_forbids() {
    let model = || {
        let model = shop();
        let order = model.kind_of("order");
        let kind = ConstraintKind::Never {
            activity: model.step("ship"),
            after: model.step("execute"),
            until: Vec::new(),
            per: order,
        };
        model.constraint("no-ship", kind)
    };
    let start = |n: u64, last: &[Event]| {
        let mut events = vec![step(1, "create").done(), step(2, "pay").done(), amount(3, "request", 10).done()];
        events.push(refund(n, "execute").with(|e| e.objects.truncate(1)).done());
        events.extend_from_slice(last);
        events
    };
    assert_eq!(checks(&run(model(), &start(4, &[step(5, "ship").done()]))), [Check::Orphan]);
    assert_eq!(checks(&run(model(), &start(6, &[step(5, "ship").done()]))), []);
    let refused = start(4, &[step(5, "ship").refused(409).done()]);
    assert!(run(model(), &refused).deviations[0].completeness < 0.5);
}

fn walls() -> Model {
    let mut model = shop();
    model.lifecycles[0].transitions[2].by = vec!["fulfilment".into()];
    let order = Root::Object(model.kind_of("order"));
    let owner = ConstraintKind::Same {
        left: path(Root::Actor, &["principal"]),
        right: path(order.clone(), &["owner"]),
        activities: Some(vec![model.step("view"), model.step("pay"), model.step("ship")]),
        unless_role: vec!["support".into()],
    };
    let tenant = ConstraintKind::Same {
        left: path(Root::Actor, &["tenant"]),
        right: path(order, &["tenant"]),
        activities: None,
        unless_role: Vec::new(),
    };
    model.constraint("owner-only", owner).constraint("tenant-wall", tenant)
}

#[test]
fn who_writes_over_the_object_of_another_tenant_did_not_make_it() {
    let put = |n: u64, who: &str, tenant: &str, status: u16, path: &str| {
        let own: Arc<str> = tenant.into();
        let by = step(n, "create").by(who, &["customer"]).with(|e| {
            (e.actor.tenant, e.status, e.path) = (Some(own.clone()), Some(status), path.into());
        });
        by.object(|o| (o.tenant, o.told) = (Some(own.clone()), TenantTold::ByRequest)).done()
    };
    let crossed = |status: u16, path: &str| {
        let result = run(walls(), &[put(1, "alice", "acme", 201, "/orders"), put(2, "eve", "globex", status, path)]);
        let found = result.deviations.iter().find(|found| found.check == Check::Tenant);
        found.map(|found| found.doubt.as_ref().map(|doubt| doubt.at_most))
    };
    assert_eq!(crossed(200, "/orders/1"), Some(None), "it was there");
    assert_eq!(crossed(201, "/orders/1"), Some(Some(0.4)), "each tenant may count its own");
    assert_eq!(crossed(200, "/orders"), Some(Some(0.4)), "nothing says that eve named it");
    // Who was there first and was not seen to make it is not told from who writes over it.
    let events = [put(1, "alice", "acme", 200, "/orders/1"), put(2, "eve", "globex", 200, "/orders/1")];
    let tenants: Vec<Check> = checks(&run(walls(), &events)).into_iter().filter(|c| *c == Check::Tenant).collect();
    assert_eq!(tenants, [Check::Tenant], "the first to write it is its maker, as far as the traffic tells");
}

#[test]
fn owners_and_tenants_keep_to_their_own() {
    let order = |n: u64, name: &str, who: &str, role: &str, tenant: &str| {
        step(n, name).by(who, &[role]).with(|e| e.actor.tenant = Some(tenant.into())).object(|o| {
            o.owner = Some("alice".into());
            o.tenant = Some("acme".into());
        })
    };
    let view = |who: &str, role: &str, tenant: &str| order(2, "view", who, role, tenant).read();
    let with = |event: Event| checks(&run(walls(), &[order(1, "create", "alice", "customer", "acme").done(), event]));
    assert_eq!(with(view("alice", "customer", "acme").done()), []);
    assert_eq!(with(view("bob", "customer", "acme").done()), [Check::Owner]);
    assert_eq!(with(view("bob", "customer", "acme").refused(403).done()), [Check::Owner]);
    assert_eq!(with(view("bob", "customer", "acme").unanswered().done()), []);
    assert_eq!(with(view("sue", "support", "acme").done()), []);
    assert_eq!(with(view("eve", "customer", "globex").done()), [Check::Tenant], "absorbs the owner");
    assert_eq!(with(order(2, "pay", "eve", "customer", "globex").refused(404).done()), [Check::Tenant]);
    assert_eq!(with(view("bob", "customer", "acme").with(|e| e.actor.tenant = None).done()), [Check::Owner]);
    assert_eq!(with(view("x", "", "acme").with(|e| e.actor.principal = None).done()), []);
    // Polling someone else's order is one cause.
    let polls: Vec<Event> = (2..20).map(|n| order(n, "view", "bob", "customer", "acme").read().done()).collect();
    let result = run(walls(), &[vec![order(1, "create", "alice", "customer", "acme").done()], polls].concat());
    assert_eq!(checks(&result), [Check::Owner]);
    assert_eq!(result.tallies.0[&(Check::Owner, "pcap")].violated, 18);
}

#[test]
fn only_within_hours() {
    let schedule = crate::model::Schedule {
        text: "Mon-Fri 07:00-20:00 Europe/Paris".into(),
        days: [true, true, true, true, true, false, false],
        from_minute: 420,
        to_minute: 1200,
        zone: "Europe/Paris".into(),
    };
    let model = || {
        let model = shop();
        let activity = model.step("approve");
        model.constraint("office", ConstraintKind::Hours { activity, schedule: schedule.clone() })
    };
    // The epoch began on a Thursday at 01:00 in Paris.
    let approve = |hour: i64| refund(3, "approve").with(|e| e.time = hour * HOUR).with(|e| e.end = e.time).done();
    assert_eq!(checks(&run(model(), &[approve(3)])), [Check::Guard]);
    assert_eq!(checks(&run(model(), &[approve(9)])), []);
}

#[test]
fn an_unknown_guard_never_makes_a_deviation() {
    let mut model = conserving();
    for transition in model.lifecycles.iter_mut().flat_map(|l| &mut l.transitions) {
        let unseen = Node::Path(path(Root::RequestBody, &["unseen"]));
        let text: Arc<str> = "req.unseen == 1".into();
        let node = compare(unseen, Operator::Equal, Node::Constant(Value::Number(1.into()))).node;
        transition.when = Some(Expression { text, node });
    }
    let events = [step(1, "create").done(), step(2, "pay").done(), step(3, "ship").done()];
    let result = run(model, &events);
    assert_eq!(checks(&result), []);
    assert_eq!(result.tallies.0[&(Check::Guard, "pcap")].not_evaluable, 3);
}
