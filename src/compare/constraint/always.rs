//! `always`: an expression that holds after every accepted event of the case.

use super::Context;
use crate::compare::deviation::{Check, Tallies};
use crate::compare::effect::Found;
use crate::compare::plan::any_path;
use crate::compare::scope::CaseScope;
use crate::compare::words::compared;
use crate::event::{Event, Outcome, Value};
use crate::model::expression::{Bound, Function, Node, Scope, Truth, truth};
use crate::model::{AttributeRule, Constraint, Expression, ObjectTypeId, Root};

pub(super) fn judge(
    context: &Context<'_, '_>,
    constraint: &Constraint,
    expression: &Expression,
    tallies: &mut Tallies,
) -> Vec<Found> {
    let history = context.history;
    let mut found = Vec::new();
    let Some(subject) = subject(context, expression) else { return found };
    let check = if sums(context, &expression.node) { Check::Conserve } else { Check::Guard };
    let judged = |e: &Event| may_change(e) && history.plan.in_force(e);
    let moving: Vec<usize> = (0..history.events.len()).filter(|i| history.event(*i).is_some_and(judged)).collect();
    let events: Vec<&Event> = moving.iter().filter_map(|i| history.event(*i)).collect();
    let mut broken = false;
    // Events without order are judged together: only when all of them are done is the sum what it is in any order.
    for run in history.precedence().clusters(&events) {
        let members = moving.get(run).unwrap_or(&[]);
        let Some((at, event)) = members.last().and_then(|at| Some((*at, history.event(*at)?))) else { continue };
        let scope = CaseScope { history, at, after: true, unwritten: false, timelines: context.timelines };
        if check == Check::Conserve && !anything_to_add(&expression.node, &scope) {
            continue;
        }
        let holds = match constraint.condition.as_ref().map_or(Truth::True, |c| truth(c, &scope)) {
            Truth::True => truth(expression, &scope),
            Truth::False => continue,
            Truth::Unknown => Truth::Unknown,
        };
        let verdict = match holds {
            Truth::True => Some(false),
            Truth::False => Some(true),
            Truth::Unknown => None,
        };
        tallies.count(check, event.source, verdict);
        if holds == Truth::False && !broken {
            let mut deviation = Found::new(check, at, history.object_at(subject, at));
            deviation.expected = vec![expression.text.clone()];
            deviation.observed = compared(expression, &scope);
            let earlier = moving.iter().filter(|i| **i <= at && Some(**i) != Some(at)).rev().take(10);
            deviation.evidence = earlier.copied().collect();
            found.push(deviation);
        }
        // Once broken it is reported again only after it held in between.
        broken = holds == Truth::False || broken && holds == Truth::Unknown;
    }
    found
}

/// Whether there is, or may be, a part of what the expression adds up. That nothing is at most nothing is no decision.
fn anything_to_add(node: &Node, scope: &CaseScope<'_, '_>) -> bool {
    any_path(node, &mut |path| {
        let Root::Object(object_type) = path.root else { return false };
        let plan = scope.history.plan;
        let adds = path.fields.last().and_then(|name| plan.attribute_rule(object_type, name));
        match path.fields.len() {
            1 if matches!(adds, Some(AttributeRule::Sum { .. })) => match scope.value(path) {
                Bound::Exactly(Value::Number(sum)) => !sum.is_zero(),
                _ => true,
            },
            2 => {
                let (parts, whole) = scope.values(path);
                !whole || !parts.is_empty()
            }
            _ => false,
        }
    })
}

fn may_change(event: &Event) -> bool {
    !event.read && event.outcome == Outcome::Accepted
}

/// The first object type that the expression speaks of, when the case has such an object.
fn subject(context: &Context<'_, '_>, expression: &Expression) -> Option<ObjectTypeId> {
    let mut subject = None;
    any_path(&expression.node, &mut |path| {
        if let Root::Object(object_type) = path.root {
            subject = subject.or(Some(object_type));
        }
        false
    });
    subject.filter(|s| context.history.lives.iter().any(|l| l.object_type == Some(*s)))
}

/// Whether the expression adds things up, by itself or through an attribute that is a sum.
fn sums(context: &Context<'_, '_>, node: &Node) -> bool {
    let of = |nodes: &[&Node]| nodes.iter().any(|n| sums(context, n));
    match node {
        Node::Constant(_) => false,
        Node::Path(path) => match (&path.root, path.fields.last()) {
            (Root::Object(object_type), Some(name)) => {
                matches!(context.history.plan.attribute_rule(*object_type, name), Some(AttributeRule::Sum { .. }))
            }
            _ => false,
        },
        Node::Call(Function::Sum, _) => true,
        Node::List(items) | Node::Call(_, items) => items.iter().any(|n| sums(context, n)),
        Node::Not(a) | Node::Negate(a) | Node::Matches(a, _) => sums(context, a),
        Node::Binary(_, a, b) => of(&[a, b]),
        Node::Conditional(a, b, c) => of(&[a, b, c]),
    }
}
