//! `delegations:` what software may do on a person's behalf.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::constraints::limit;
use super::document::{Key, Node};
use super::names::{COUNT, judging};
use super::reader::{Fields, Reader};
use crate::model::diagnostic::{Diagnostic, Span};
use crate::model::expression::{self, Kind, Operator};
use crate::model::{
    ActivityId, Code, Constraint, ConstraintKind, Delegation, DelegationLimits, Expression, Inherited, Limit, Model,
    Permitted, Rate, quantity,
};

const KEYS: &[&str] = &["when", "family", "stopped", "tools", "activities", "limits", "inherit", "approval"];
/// Keys without which the others say nothing.
const MEANING: [&str; 2] = ["when", "family"];
const INHERITED: [&str; 3] = ["tenant", "owner", "roles"];

/// Reads all delegations. Activities, objects and actors must have been read.
pub(super) fn read(reader: &mut Reader, fields: &Fields<'_>, model: &Model) -> Vec<Delegation> {
    let Some(node) = fields.get("delegations") else { return Vec::new() };
    let mut entries = reader.named(node, "`delegations`").unwrap_or_default();
    if entries.len() > COUNT {
        reader.error(Code::Limit, &node.span, format!("at most {COUNT} delegations fit"));
        entries.clear();
    }
    entries.into_iter().filter_map(|(key, node)| delegation(reader, key, node, model)).collect()
}

fn delegation(reader: &mut Reader, key: &Key, node: &Node, model: &Model) -> Option<Delegation> {
    let fields = reader.mapping(node, "a delegation", KEYS)?;
    let name: Arc<str> = key.text.as_str().into();
    let when = reader.required(&fields, "when").and_then(|node| {
        let condition = reader.condition(node, &judging([]))?;
        super::constant::condition(reader, node, &condition, "this delegation governs nothing");
        Some(condition)
    });
    let tools = fields
        .get("tools")
        .map(|node| permitted(reader, node, "`tools`", |reader, node| reader.text(node, "a tool").map(Arc::from)));
    let activities = fields
        .get("activities")
        .map(|node| permitted(reader, node, "`activities`", |reader, node| reader.activity(node, "this delegation")));
    let (tools, activities) = (tools.unwrap_or_default(), activities.unwrap_or_default());
    let limits = fields.get("limits").map(|node| limits(reader, node, &activities)).unwrap_or_default();
    let inherit = fields.get("inherit").map(|node| inherited(reader, node, model)).unwrap_or_default();
    let approval = fields.get("approval").map(|node| approval(reader, node, &name, when.as_ref(), model));
    let partner = fields.get("family").is_some_and(|node| is_partner(reader, node));
    let stopped = super::instant(reader, fields.get("stopped"));
    if KEYS.iter().filter(|key| !MEANING.contains(*key)).all(|key| fields.get(key).is_none()) {
        let title = format!("the delegation `{name}` allows and forbids nothing");
        let diagnostic = Diagnostic::warning(Code::Pointless, key.span.clone(), title);
        reader.found.push(diagnostic.help("say what the agent may do: `tools`, `activities`, `limits`, `approval`"));
    }
    Some(Delegation {
        name,
        when: when?,
        partner,
        stopped,
        tools,
        activities,
        limits,
        inherit,
        approval: approval.flatten(),
    })
}

/// `family: partner`.
fn is_partner(reader: &mut Reader, node: &Node) -> bool {
    let partner = reader.text(node, "a family").map(|text| text == "partner");
    if partner == Some(false) {
        let title = "a delegation has no such family";
        reader.found.push(Diagnostic::error(Code::BadValue, node.span.clone(), title).help("it may be `partner`"));
    }
    partner == Some(true)
}

/// `{allow: [...], deny: [...]}`.
fn permitted<T: PartialEq>(
    reader: &mut Reader,
    node: &Node,
    what: &str,
    mut one: impl FnMut(&mut Reader, &Node) -> Option<T>,
) -> Permitted<T> {
    let Some(fields) = reader.mapping(node, what, &["allow", "deny"]) else { return Permitted::default() };
    let mut list = |reader: &mut Reader, key: &str| -> Option<Vec<(T, Span)>> {
        let node = fields.get(key)?;
        let items = reader.list(node);
        Some(items.iter().filter_map(|item| Some((one(reader, item)?, item.span.clone()))).collect())
    };
    let (allow, deny) = (list(reader, "allow"), list(reader, "deny").unwrap_or_default());
    for (denied, span) in &deny {
        let allowed = allow.iter().flatten().find(|(allowed, _)| allowed == denied);
        if let Some((_, other)) = allowed {
            let diagnostic = Diagnostic::error(Code::Pointless, span.clone(), "this is allowed and denied");
            reader.found.push(diagnostic.label("denied here").note(other.clone(), "allowed here"));
        }
    }
    let bare = |list: Vec<(T, Span)>| list.into_iter().map(|(one, _)| one).collect();
    Permitted { allow: allow.map(bare), deny: bare(deny) }
}

fn limits(reader: &mut Reader, node: &Node, activities: &Permitted<ActivityId>) -> DelegationLimits {
    let keys = &["per_event", "per_day", "calls", "depth"];
    let Some(fields) = reader.mapping(node, "`limits`", keys) else { return DelegationLimits::default() };
    let per_event = fields.get("per_event").and_then(|node| limit(reader, node, "`per_event`"));
    let per_day = fields.get("per_day").and_then(|node| limit(reader, node, "`per_day`"));
    let calls = fields.get("calls").and_then(|node| rate(reader, node));
    let depth = fields.get("depth").and_then(|node| depth(reader, node));
    let mut limits = DelegationLimits { per_event, per_day, calls, depth, amounts: BTreeMap::new() };
    for (key, limit) in [("per_event", &limits.per_event), ("per_day", &limits.per_day)] {
        let (Some(limit), Some(node)) = (limit, fields.get(key)) else { continue };
        let amounts = amounts(reader, limit, activities);
        if amounts.is_empty() {
            let title = format!("`{key}` limits nothing: no activity that is allowed has such an amount");
            let help = "give the activity an amount: `attrs: {amount: \"money(req.amount, req.currency)\"}`";
            reader.found.push(Diagnostic::error(Code::UnknownAttribute, node.span.clone(), title).help(help));
        }
        limits.amounts.extend(amounts);
    }
    if let (Some(Limit::Money(event)), Some(Limit::Money(day))) = (&limits.per_event, &limits.per_day)
        && event.currency == day.currency
        && event.amount > day.amount
        && let Some(node) = fields.get("per_event")
    {
        let title = "one event may cost more than a whole day";
        let diagnostic = Diagnostic::warning(Code::Pointless, node.span.clone(), title);
        reader.found.push(diagnostic.label("never reached").help("`per_day` is the tighter limit"));
    }
    limits
}

/// By activity, the attribute that is its amount: the one called `amount`, else its only amount of money.
fn amounts(reader: &Reader, limit: &Limit, activities: &Permitted<ActivityId>) -> BTreeMap<ActivityId, Arc<str>> {
    let wanted = match limit {
        Limit::Money(_) => Kind::Money,
        Limit::Number(_) => Kind::Number,
    };
    let fits = |kind: &Kind| *kind == wanted || *kind == Kind::Any;
    let mut amounts = BTreeMap::new();
    for (at, activity) in (0_u16..).zip(&reader.outline.activities) {
        let id = ActivityId(at);
        if !activities.permits(&id) {
            continue;
        }
        let named = activity.attributes.iter().find(|attribute| &*attribute.name == "amount" && fits(&attribute.kind));
        let mut money = activity.attributes.iter().filter(|attribute| attribute.kind == wanted);
        let only = money.next().filter(|_| wanted == Kind::Money && money.next().is_none());
        amounts.extend(named.or(only).map(|attribute| (id, Arc::clone(&attribute.name))));
    }
    amounts
}

/// `60/1m`.
fn rate(reader: &mut Reader, node: &Node) -> Option<Rate> {
    let text = reader.text(node, "`calls`")?;
    let rate = text.split_once('/').and_then(|(most, window)| {
        let window = quantity::duration(window.trim()).filter(|window| *window > 0)?;
        Some(Rate { most: most.trim().parse().ok().filter(|most| *most > 0)?, window })
    });
    if rate.is_none() {
        let title = format!("`{text}` is not a rate of calls");
        let diagnostic = Diagnostic::error(Code::BadValue, node.span.clone(), title);
        reader.found.push(diagnostic.help("write a number and a stretch of time: `60/1m`"));
    }
    rate
}

fn depth(reader: &mut Reader, node: &Node) -> Option<u32> {
    let text = reader.text(node, "`depth`")?;
    let depth = text.parse().ok().filter(|depth| *depth > 0);
    if depth.is_none() {
        let title = format!("`{text}` is not a number of agents");
        let diagnostic = Diagnostic::error(Code::BadValue, node.span.clone(), title);
        reader.found.push(diagnostic.help("`depth: 1` allows the agent itself, `depth: 2` one that it calls on"));
    }
    depth
}

fn inherited(reader: &mut Reader, node: &Node, model: &Model) -> Inherited {
    let mut inherited = Inherited::default();
    for (word, span) in reader.texts(node, "`inherit`") {
        let told = match &*word {
            "tenant" => {
                inherited.tenant = true;
                model.object_types.iter().any(|object_type| !object_type.tenant.is_empty())
            }
            "owner" => {
                inherited.owner = true;
                model.object_types.iter().any(|object_type| object_type.owner.is_some())
            }
            "roles" => {
                inherited.roles = true;
                model.lifecycles.iter().flat_map(|lifecycle| &lifecycle.transitions).any(|t| !t.by.is_empty())
            }
            other => {
                let title = format!("nothing of a principal is called `{other}`");
                let names = INHERITED.iter().map(|name| (*name, 0..0));
                let diagnostic = Diagnostic::error(Code::BadValue, span.clone(), title);
                reader.found.push(diagnostic.nearest(other, "word", names).help("it takes: tenant, owner, roles"));
                true
            }
        };
        if !told {
            let title = format!("nothing in this model says whose `{word}` is");
            let help = "declare `tenant:` or `owner:` of an object type, or `by:` of a transition";
            reader.found.push(Diagnostic::warning(Code::UnknownAttribute, span, title).help(help));
        }
    }
    inherited
}

/// The person's word, as a constraint that asks for it wherever the delegation governs the step.
fn approval(
    reader: &mut Reader,
    node: &Node,
    name: &Arc<str>,
    when: Option<&Expression>,
    model: &Model,
) -> Option<Constraint> {
    let fields =
        reader.mapping(node, "`approval`", &["activity", "before", "per", "kind", "max_age", "unchanged", "if"])?;
    let mut activity = |key| {
        let node = reader.required(&fields, key)?;
        reader.activity(node, "this approval")
    };
    let (activity, before) = (activity("activity"), activity("before"));
    if let (Some(a), Some(b), Some(node)) = (activity, before, fields.get("before"))
        && a == b
    {
        reader.error(Code::Pointless, &node.span, "a step cannot be its own approval");
    }
    let both: Vec<ActivityId> = activity.into_iter().chain(before).collect();
    let per = super::constraints::per(reader, &fields, model, &both);
    let kind = match fields.get("kind") {
        Some(node) => reader.actor_kind(node)?,
        None => "human".into(),
    };
    let max_age = fields.get("max_age").and_then(|node| reader.duration(node, "the longest age"));
    let place = judging(before);
    let unchanged = fields.get("unchanged").map(|node| reader.paths(node, &place)).unwrap_or_default();
    let limited = fields.get("if").map(|node| {
        let condition = reader.condition(node, &place)?;
        super::constant::condition(reader, node, &condition, "this approval is never asked for");
        Some(condition)
    });
    let condition = match limited {
        Some(limited) => both_hold(when?, &limited?),
        None => when?.clone(),
    };
    let (activity, before, per) = (activity?, before?, per?);
    let kind = ConstraintKind::Require { activity, before, per, kind: Some(kind), max_age, unchanged };
    Some(Constraint { id: Arc::clone(name), kind, condition: Some(condition), severity: None, family: None })
}

fn both_hold(a: &Expression, b: &Expression) -> Expression {
    let node = expression::Node::Binary(Operator::And, Box::new(a.node.clone()), Box::new(b.node.clone()));
    Expression { text: format!("({}) && ({})", a.text, b.text).into(), node }
}
