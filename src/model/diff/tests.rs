//! What is a change, and that changes have two directions.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const BASE: &str = include_str!("../../../tests/models/good/order-to-cash.yaml");

fn read(text: &str) -> Model {
    Model::read("m.yaml", text).unwrap_or_else(|found| panic!("{found}\n{text}")).0
}

fn diff(old: &str, new: &str) -> Vec<Change> {
    ModelDiff::between((&read(old), old), (&read(new), new)).changes
}

/// The base with one text in place of another.
fn edited(edit: (&str, &str)) -> String {
    assert!(BASE.contains(edit.0), "{}", edit.0);
    BASE.replacen(edit.0, edit.1, 1)
}

/// One edit, and what is said of it: direction, aspect, part of the subject.
const EDITS: &[(&str, &str, Direction, &str, &str)] = &[
    (
        "from: paid, to: shipped, by: [fulfilment]",
        "from: paid, to: shipped, by: [fulfilment, support]",
        Direction::Widened,
        "role",
        "order: ship paid → shipped",
    ),
    (
        "from: none, to: new, by: [customer, agent]",
        "from: none, to: new",
        Direction::Widened,
        "role",
        "order: create none → new",
    ),
    (
        "by: [customer, support], when: \"has(req.note) || header['X-Channel'] == 'web'\"",
        "by: [customer, support]",
        Direction::Widened,
        "guard",
        "order: cancel new, paid → cancelled",
    ),
    (
        "when: \"refund.amount <= money('100 EUR')\"",
        "when: \"refund.amount <= money('200 EUR')\"",
        Direction::Widened,
        "guard",
        "refund: refund_execute",
    ),
    (
        "within: {after: pay, max: 14d}",
        "within: {after: pay, max: 21d}",
        Direction::Widened,
        "time limit",
        "order: ship",
    ),
    ("by: [customer, agent], once: true", "by: [customer, agent]", Direction::Widened, "once", "order: pay"),
    (
        "to: approved, by: [approver], kind: human",
        "to: approved, by: [approver]",
        Direction::Widened,
        "kind of actor",
        "refund: refund_approve",
    ),
    (
        "per: refund, kind: human, max_age: 24h",
        "per: refund, max_age: 24h",
        Direction::Widened,
        "approval",
        "constraint refund-needs-human",
    ),
    ("max_age: 24h", "max_age: 48h", Direction::Widened, "age limit", "constraint refund-needs-human"),
    ("unchanged: [refund.amount], ", "", Direction::Widened, "unchanged", "constraint refund-needs-human"),
    (
        "if: \"refund.amount > money('100 EUR')\"",
        "if: \"refund.amount > money('500 EUR')\"",
        Direction::Widened,
        "condition",
        "constraint refund-needs-human",
    ),
    (
        "  - {id: refund-sod, distinct_persons: [refund_request, refund_approve], per: refund}\n",
        "",
        Direction::Widened,
        "constraint",
        "constraint refund-sod",
    ),
    ("window: 24h, max: 100 EUR", "window: 24h, max: 250 EUR", Direction::Widened, "limit", "constraint refund-split"),
    ("window: 24h, max: 100 EUR", "window: 12h, max: 100 EUR", Direction::Widened, "window", "constraint refund-split"),
    (", unless: refund_approve", "", Direction::Narrowed, "exception", "constraint refund-split"),
    (
        "activities: [view, pay, cancel]",
        "activities: [view, pay]",
        Direction::Widened,
        "activities",
        "constraint owner-only",
    ),
    (
        "unless_role: [support, fulfilment]",
        "unless_role: [support, fulfilment, approver]",
        Direction::Widened,
        "exempt roles",
        "constraint owner-only",
    ),
    ("window: 1m, max: 10", "window: 1m, max: 5", Direction::Narrowed, "limit", "constraint pace"),
    ("Mon-Fri 07:00-20:00", "Mon-Sat 07:00-20:00", Direction::Widened, "hours", "constraint office-hours"),
    (
        "activities: any, severity: critical",
        "activities: any, severity: low",
        Direction::Widened,
        "severity",
        "constraint tenant-wall",
    ),
    (
        "sum(order.refunds.amount) <= order.paid",
        "sum(order.refunds.amount) < order.paid",
        Direction::Narrowed,
        "demand",
        "constraint refund-le-paid",
    ),
    ("identify: [jwt.sub, ", "identify: [jwt.sub, header.x-user, ", Direction::Widened, "identity source", "actors"),
    ("agent:    [jwt.act.sub, ", "agent:    [", Direction::Changed, "agent source", "actors"),
    ("map: {fin: approver, ", "map: {fin: approver, cfo: approver, ", Direction::Widened, "role map", "actors"),
    (
        "  view:    {http: \"GET /orders/{orderId}\", object: order, read: true}",
        "  view:    {http: \"GET /orders/{orderId}\", object: order, read: true}\n  peek:    {http: \"GET /orders/{orderId}/raw\", object: order, read: true}",
        Direction::Widened,
        "activity",
        "activity peek",
    ),
    ("host: \"*.acme.example\"", "host: \"*.acme.test\"", Direction::Changed, "host", "activity refund_request"),
    ("POST /hooks/psp, object", "POST /hooks/psp2, object", Direction::Widened, "call", "activity psp_ok"),
    (
        "owner:  {set_by: create, value: actor.principal}",
        "owner:  {set_by: create, value: req.owner}",
        Direction::Changed,
        "owner",
        "object order",
    ),
    (
        "shipped: {restricted: true, final: true}",
        "shipped: {final: true}",
        Direction::Widened,
        "state",
        "state shipped of order",
    ),
    ("clock_skew: 2s", "clock_skew: 1h", Direction::Widened, "clock_skew", "check"),
    ("in_force: {from: 2026-09-01}", "in_force: {from: 2026-10-01}", Direction::Widened, "in force from", "workflow"),
    ("version: 7", "version: 7, draft: true", Direction::Widened, "draft", "workflow"),
    (
        "      - {activity: psp_ok, from: [new, paid], to: paid, by: [\"partner:psp\"]}\n",
        "      - {activity: psp_ok, from: [new, paid, shipped], to: paid, by: [\"partner:psp\"]}\n",
        Direction::Widened,
        "transition",
        "order: psp_ok shipped → paid",
    ),
];

#[test]
fn each_edit_is_told_in_its_direction_and_back() {
    for (from, to, direction, aspect, subject) in EDITS {
        let new = edited((from, to));
        let changes = diff(BASE, &new);
        let fits = |change: &&Change| {
            change.aspect == *aspect && change.subject.contains(subject) && change.direction == *direction
        };
        assert!(changes.iter().any(|change| fits(&change)), "{to}: {changes:#?}");
        let others = changes.iter().filter(|change| change.direction != *direction).count();
        // Another path is one less and one more, and a step of its own is judged.
        assert!(others == 0 || matches!(*aspect, "call" | "activity"), "{to}: {changes:#?}");
    }
}

#[test]
fn layout_order_and_comments_are_no_change() {
    let mut lines: Vec<&str> = BASE.lines().collect();
    let at = |text: &str| lines.iter().position(|line| line.contains(text)).unwrap();
    let (a, b) = (at("id: pace"), at("id: refund-sod"));
    let (c, d) = (at("  view:    {"), at("  create:  {"));
    lines.swap(a, b);
    lines.swap(c, d);
    let text = format!("# A comment.\n{}\n", lines.join("\n").replace("version: 7", "version: 8"));
    let text = text.replace(
        "from: [new, paid], to: cancelled, by: [customer, support]",
        "from: [paid, new], to: cancelled, by: [support, customer]",
    );
    assert_eq!(diff(BASE, &text), [], "a version number alone is none either");
    let split = "      - {activity: create, from: none, to: new, by: [customer]}\n      - {activity: create, from: none, to: new, by: [agent]}\n";
    let text = edited(("      - {activity: create, from: none, to: new, by: [customer, agent]}\n", split));
    assert_eq!(diff(BASE, &text), [], "one line as two");
    let text = edited((
        "from: [new, paid], to: paid, by: [\"partner:psp\"]}",
        "from: new, to: paid, by: [\"partner:psp\"]}\n      - {activity: psp_ok, from: paid, to: paid, by: [\"partner:psp\"]}",
    ));
    assert_eq!(diff(BASE, &text), []);
}

#[test]
fn what_is_called_otherwise_was_renamed() {
    let text = BASE.replace("refund-sod", "four-eyes").replace("psp_ok", "psp_paid").replace("approved", "granted");
    let changes = diff(BASE, &text);
    assert!(
        changes.iter().all(|change| change.aspect == "name" && change.direction == Direction::Changed),
        "{changes:#?}"
    );
    assert_eq!(changes.len(), 3, "{changes:#?}");
    let text = BASE.replace("refunds.amount", "payouts.amount");
    let text = text
        .replace("  refund:\n", "  payout:\n")
        .replace("object: refund}", "object: payout}")
        .replace("per: refund,", "per: payout,")
        .replace("per: refund}", "per: payout}");
    let text = text.replace("[refund, order]", "[payout, order]").replace("refund.amount", "payout.amount");
    let changes = diff(BASE, &text);
    assert!(changes.iter().all(|change| change.aspect == "name"), "{changes:#?}");
}

#[test]
fn a_transition_that_another_covers_changes_nothing() {
    let more = "once: true, when: \"refund.amount <= money('100 EUR')\"}\n      - {activity: refund_execute, from: requested, to: executed, by: [\"service:payments\"], once: true, when: \"refund.amount < money('50 EUR')\"}";
    let text = edited(("once: true, when: \"refund.amount <= money('100 EUR')\"}", more));
    assert_eq!(diff(BASE, &text), []);
}

#[test]
fn delegations_widen_as_their_lists_and_limits_grow() {
    let with = |body: &str| format!("{BASE}\ndelegations:\n  shop:\n{body}");
    let old = with(
        "    when: \"actor.agent == 'shop'\"\n    tools: {allow: [a, b], deny: [c]}\n    limits: {per_day: 500 EUR, calls: 60/1m}\n    \
         approval: {activity: refund_approve, before: pay, per: order}\n",
    );
    for (from, to, direction) in [
        ("allow: [a, b]", "allow: [b, a, d]", Direction::Widened),
        ("allow: [a, b]", "allow: [a]", Direction::Narrowed),
        ("deny: [c]", "deny: [c, d]", Direction::Narrowed),
        ("500 EUR", "900 EUR", Direction::Widened),
        ("500 EUR", "500 USD", Direction::Changed),
        ("60/1m", "10/1m", Direction::Narrowed),
        ("    approval: {activity: refund_approve, before: pay, per: order}\n", "", Direction::Widened),
        (
            "before: pay, per: order}\n",
            "before: pay, per: order, if: \"event.amount > money('5 EUR')\"}\n",
            Direction::Widened,
        ),
        ("60/1m", "3000/59s", Direction::Widened),
        ("60/1m", "60/30s", Direction::Widened),
    ] {
        let new = old.replace(from, to);
        let changes = diff(&old, &new);
        assert!(
            !changes.is_empty() && changes.iter().all(|change| change.direction == direction),
            "{to}: {changes:#?}"
        );
    }
    assert_eq!(
        diff(&old, &old.replace("before: pay, per: order}\n", "before: pay, per: order, kind: human}\n")),
        [],
        "the default, written"
    );
    assert_eq!(diff(&old, &old.replace("60/1m", "60/60s")), []);
    let directions = |old: &str, new: &str| -> BTreeSet<Direction> {
        diff(old, new).iter().map(|change| change.direction).collect()
    };
    let both = BTreeSet::from([Direction::Widened, Direction::Narrowed]);
    assert_eq!(directions(BASE, &old), both);
    assert_eq!(directions(&old, BASE), both, "an agent of which no delegation speaks is not judged");
    let asked = |limit: &str| {
        old.replace(
            "before: pay, per: order}",
            &format!("before: pay, per: order, if: \"event.amount > money('{limit} EUR')\"}}"),
        )
    };
    assert_eq!(directions(&asked("150"), &asked("15000")), BTreeSet::from([Direction::Widened]));
    let inherited = |all: &str| old.replace("    limits:", &format!("    inherit: {all}\n    limits:"));
    let changes = diff(&inherited("[tenant, owner]"), &inherited("tenant"));
    assert_eq!(changes.iter().map(|change| change.direction).collect::<Vec<_>>(), [Direction::Widened]);
}

#[test]
fn what_is_no_longer_told_or_seen_is_judged_no_more() {
    let widened = |old: &str, new: &str| diff(old, new).iter().any(|change| change.direction == Direction::Widened);
    let line = BASE.lines().find(|line| line.trim_start().starts_with("agent:")).unwrap();
    let without = BASE.replacen(&format!("{line}\n"), "", 1);
    assert!(widened(BASE, &without) && !widened(&without, BASE), "agents");
    let pay = BASE.lines().find(|line| line.trim_start().starts_with("psp_ok:")).unwrap();
    for more in [", host: x.example}", ", where: \"has(req.zz)\"}"] {
        let narrow = BASE.replacen(pay, &format!("{}{more}", pay.strip_suffix('}').unwrap()), 1);
        assert!(Model::read("m.yaml", &narrow).is_ok(), "{narrow}");
        assert!(widened(BASE, &narrow), "{more}");
    }
    let old =
        edited(("owner:  {set_by: create, value: actor.principal}", "owner:  {set_by: create, value: req.owner}"));
    assert!(ModelDiff { changes: diff(BASE, &old) }.may_widen(), "who knows");
    assert!(!ModelDiff { changes: diff(BASE, &BASE.replace("refund-sod", "four-eyes")) }.may_widen());
}

/// Aspect, subject, direction, before and after.
type Fact = (&'static str, String, Direction, Option<String>, Option<String>);

/// What a change says, whichever way it goes.
fn facts(changes: &[Change], reversed: bool) -> BTreeSet<Fact> {
    let fact = |change: &Change| {
        let (old, new) = (change.old.clone(), change.new.clone());
        match reversed {
            true => (change.aspect, change.subject.clone(), change.direction.reversed(), new, old),
            false => (change.aspect, change.subject.clone(), change.direction, old, new),
        }
    };
    changes.iter().map(fact).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_way_back_is_the_same_way(
        left in prop::collection::btree_set(0..EDITS.len(), 0..6),
        right in prop::collection::btree_set(0..EDITS.len(), 0..6),
    ) {
        let apply = |edits: &BTreeSet<usize>| edits.iter().fold(BASE.to_owned(), |text, at| {
            let (from, to, ..) = EDITS[*at];
            text.replacen(from, to, 1)
        });
        let (a, b) = (apply(&left), apply(&right));
        prop_assert_eq!(diff(&a, &a), []);
        let (forth, back) = (diff(&a, &b), diff(&b, &a));
        prop_assert_eq!(facts(&forth, false), facts(&back, true));
        prop_assert_eq!(forth.is_empty(), a == b || facts(&forth, false).is_empty());
    }
}
