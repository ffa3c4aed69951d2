//! Every row of the classification with its benign twin, constraints and windows, and laws on random automata.

mod constraints;
mod delegations;
mod deletions;
mod families;
mod large;
mod laws;
mod lifecycle;
mod negative;
mod otherwise;
mod overlaps;
mod places;
mod windows;
mod written_model;

use std::sync::Arc;

use super::builder::*;
use super::{Blindness, CaseResult, Check, Comparer};
use crate::event::{Event, Outcome};
use crate::model::Model;
use crate::model::expression::{Node, Operator, Root};

/// Orders with refunds: `create pay ship cancel view`, `request approve execute`.
fn shop() -> Model {
    let model = empty()
        .object("order", None)
        .object("refund", Some("order"))
        .steps("order", &["create", "pay", "ship", "cancel", "view"])
        .steps("refund", &["request", "approve", "execute"]);
    let total = compare(
        Node::Path(path(Root::Event, &["amount"])),
        Operator::Equal,
        Node::Path(path(Root::Object(model.kind_of("order")), &["total"])),
    );
    let small = compare(
        Node::Path(path(Root::Object(model.kind_of("refund")), &["amount"])),
        Operator::LessOrEqual,
        Node::Constant(eur(100)),
    );
    let mut pay = transition(1, &[1], 2);
    pay.once = true;
    pay.when = Some(total);
    let mut ship = transition(2, &[2], 3);
    ship.by = vec!["fulfilment".into(), "customer".into()];
    let mut approve = transition(6, &[1], 2);
    approve.kind = Some("human".into());
    let mut quick = transition(7, &[1], 3);
    quick.when = Some(small);
    model
        .lifecycle(
            "order",
            &["none", "new", "paid!", "shipped!", "cancelled."],
            vec![transition(0, &[0], 1), pay, ship, transition(3, &[1, 2], 4)],
        )
        .lifecycle(
            "refund",
            &["none", "requested", "approved", "executed!."],
            vec![transition(5, &[0], 1), approve, transition(7, &[2], 3), quick],
        )
}

fn run(model: Model, events: &[Event]) -> CaseResult {
    run_blind(model, events, &Blindness::default())
}

fn run_blind(model: Model, events: &[Event], blindness: &Blindness) -> CaseResult {
    let mut events = events.to_vec();
    events.sort_by_key(Event::order_key);
    Comparer::new(Some(Arc::new(model))).case(Some(&id("order:1")), &events, blindness)
}

fn step(n: u64, activity: &str) -> super::builder::EventBuilder {
    event(n, i64::try_from(n).unwrap() * 10, activity).by("alice", &["customer"]).on("order:1")
}

fn refund(n: u64, activity: &str) -> super::builder::EventBuilder {
    event(n, i64::try_from(n).unwrap() * 10, activity).by("alice", &["customer"]).on("refund:1").on("order:1")
}

fn text(words: &[Arc<str>]) -> Vec<&str> {
    words.iter().map(|w| &**w).collect()
}
