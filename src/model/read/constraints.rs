//! `constraints:` what no single lifecycle can say.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::document::{Node, Shape};
use super::names::{COUNT, judging};
use super::reader::{Fields, Reader};
use super::schedule;
use crate::model::diagnostic::{Diagnostic, Span};
use crate::model::expression::{Kind, Place};
use crate::model::{
    ActivityId, Code, Constraint, ConstraintKind, Family, Limit, Model, ObjectTypeId, Path, Severity, quantity,
};

/// The kinds of constraint: the key that tells, and the keys that it takes beside `id`, `if`, `severity` and `family`.
const KINDS: [(&str, &[&str]); 7] = [
    ("require", &["before", "per", "kind", "max_age", "unchanged"]),
    ("distinct_persons", &["per"]),
    ("always", &[]),
    ("sum", &["activity", "by", "window", "max", "unless"]),
    ("never", &["after", "until", "per"]),
    ("same", &["activities", "unless_role"]),
    ("hours", &["activity"]),
];
const COUNT_KEYS: &[&str] = &["activity", "by", "window", "max", "until", "distinct"];

/// Reads all constraints. Activities, objects, actors and lifecycles must have been read.
pub(super) fn read(reader: &mut Reader, fields: &Fields<'_>, model: &Model) -> Vec<Constraint> {
    let Some(node) = fields.get("constraints") else { return Vec::new() };
    let items = reader.items(node, "`constraints`");
    if items.len() > COUNT {
        reader.error(Code::Limit, &node.span, format!("at most {COUNT} constraints fit"));
        return Vec::new();
    }
    let mut ids: BTreeMap<Arc<str>, Span> = BTreeMap::new();
    let mut constraints = Vec::new();
    let mut spans = Vec::new();
    for item in items {
        let Some((name, keys)) = kind_of(reader, item) else { continue };
        let mut allowed = vec!["id", "if", "severity", "family"];
        allowed.extend(if name == "activity" { None } else { Some(name) });
        allowed.extend(keys);
        let Some(fields) = reader.mapping(item, "this constraint", &allowed) else { continue };
        let id: Arc<str> = reader.required_text(&fields, "id").unwrap_or_default().into();
        if let Some(node) = fields.get("id")
            && let Some(first) = ids.insert(Arc::clone(&id), node.span.clone())
        {
            let title = format!("two constraints have the id `{id}`");
            let diagnostic = Diagnostic::error(Code::Duplicate, node.span.clone(), title);
            reader.found.push(diagnostic.note(first, "first here"));
        }
        let severity = fields.get("severity").and_then(|node| severity(reader, node));
        let read = Reading { fields, model, name };
        let Some((kind, place)) = read.kind(reader) else {
            // The condition's mistakes are told all the same.
            read.fields.get("if").map(|node| reader.condition(node, &judging([])));
            continue;
        };
        let condition = read.fields.get("if").and_then(|node| reader.condition(node, &place));
        if let Some((node, condition)) = read.fields.get("if").zip(condition.as_ref()) {
            super::constant::condition(reader, node, condition, "this constraint is never judged");
        }
        let family = read.fields.get("family").and_then(|node| family(reader, node, &kind));
        spans.push(item.span.clone());
        constraints.push(Constraint { id, kind, condition, severity, family });
    }
    contradictions(reader, &constraints, &spans);
    reader.places.constraints = spans;
    constraints
}

/// Constraints that no life can keep together.
fn contradictions(reader: &mut Reader, constraints: &[Constraint], spans: &[Span]) {
    let mut required: BTreeMap<(ActivityId, ActivityId, ObjectTypeId), &Span> = BTreeMap::new();
    let whole = || constraints.iter().zip(spans).filter(|(constraint, _)| constraint.condition.is_none());
    for (constraint, span) in whole() {
        if let ConstraintKind::Require { activity, before, per, .. } = &constraint.kind {
            required.entry((*activity, *before, *per)).or_insert(span);
        }
    }
    for (constraint, span) in whole() {
        let (other, title) = match &constraint.kind {
            // `never B after A` beside `require A, before B`.
            ConstraintKind::Never { activity, after, until, per } if until.is_empty() => {
                (required.get(&(*after, *activity, *per)), "this forbids what another constraint requires")
            }
            // `require A, before B` beside `require B, before A`, told at the second.
            ConstraintKind::Require { activity, before, per, .. } => {
                let other = required.get(&(*before, *activity, *per)).filter(|other| other.start < span.start);
                (other, "two steps each require the other first")
            }
            _ => continue,
        };
        if let Some(other) = other {
            let diagnostic = Diagnostic::error(Code::Pointless, span.clone(), title);
            reader.found.push(diagnostic.note((*other).clone(), "the other").label("no order satisfies both"));
        }
    }
}

/// Which kind of constraint an entry is.
fn kind_of(reader: &mut Reader, node: &Node) -> Option<(&'static str, &'static [&'static str])> {
    let Shape::Mapping(entries) = &node.shape else {
        reader.wrong_shape(node, "a constraint", "a mapping");
        return None;
    };
    let has = |wanted: &str| entries.iter().any(|(key, _)| key.text == wanted);
    if let Some(kind) = KINDS.iter().find(|(name, _)| has(name)) {
        return Some(*kind);
    }
    if has("activity") && has("window") {
        return Some(("activity", COUNT_KEYS));
    }
    let known: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
    let title = "this constraint demands nothing";
    let mut diagnostic = Diagnostic::error(Code::Missing, node.span.clone(), title).help(format!(
        "say what: {}, or `activity`, `window` and `max` for a number of events",
        known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    ));
    for (key, _) in entries {
        diagnostic = diagnostic.nearest(&key.text, "key", known.iter().map(|name| (*name, 0..0)));
    }
    reader.found.push(diagnostic);
    None
}

fn severity(reader: &mut Reader, node: &Node) -> Option<Severity> {
    let text = reader.text(node, "`severity`")?;
    let all = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let severity = all.into_iter().find(|severity| severity.as_str() == text);
    if severity.is_none() {
        let title = format!("`{text}` is not a severity");
        let names = all.map(|severity| (severity.as_str(), 0..0));
        let diagnostic = Diagnostic::error(Code::BadValue, node.span.clone(), title).nearest(text, "severity", names);
        reader.found.push(diagnostic.help("severities are low, medium, high and critical"));
    }
    severity
}

/// The part of the business that a constraint is about, where that part has a rule for what the constraint demands.
fn family(reader: &mut Reader, node: &Node, kind: &ConstraintKind) -> Option<Family> {
    let text = reader.text(node, "`family`")?;
    let Some(family) = Family::ALL.into_iter().find(|family| family.as_str() == text) else {
        let names = Family::ALL.map(|family| (family.as_str(), 0..0));
        let title = format!("`{text}` is no family of constraints");
        let diagnostic = Diagnostic::error(Code::BadValue, node.span.clone(), title).nearest(text, "family", names);
        let all = Family::ALL.map(Family::as_str).join(", ");
        reader.found.push(diagnostic.help(format!("families are {all}")));
        return None;
    };
    let (has, demands) = match family {
        Family::Inventory => (
            matches!(kind, ConstraintKind::Never { .. } | ConstraintKind::WindowCount { .. }),
            "`never`, or a number of events in a window",
        ),
        Family::Provisioning | Family::Partner => {
            (matches!(kind, ConstraintKind::Require { .. } | ConstraintKind::Never { .. }), "`require` or `never`")
        }
        Family::Subscription | Family::Mandate => (
            matches!(kind, ConstraintKind::Require { .. } | ConstraintKind::WindowCount { .. }),
            "`require`, or a number of events in a window",
        ),
        Family::Trial => (matches!(kind, ConstraintKind::WindowCount { .. }), "a number of events in a window"),
        Family::Tools => (matches!(kind, ConstraintKind::Never { .. }), "`never`"),
        Family::Change => (matches!(kind, ConstraintKind::DistinctPersons { .. }), "`distinct_persons`"),
        Family::Audit => (matches!(kind, ConstraintKind::Require { .. }), "`require`"),
        Family::Means => (
            matches!(kind, ConstraintKind::WindowCount { distinct: Some(_), .. }),
            "a number of events in a window with `distinct`",
        ),
    };
    if !has {
        let title = format!("the family `{text}` has no rule for such a constraint");
        let diagnostic = Diagnostic::error(Code::Pointless, node.span.clone(), title);
        reader.found.push(diagnostic.help(format!("what it knows is {demands}; leave `family` out otherwise")));
    }
    has.then_some(family)
}

/// One constraint being read.
struct Reading<'a> {
    fields: Fields<'a>,
    model: &'a Model,
    name: &'static str,
}

impl Reading<'_> {
    /// What it demands, and where its condition stands: at the events that are judged.
    fn kind(&self, reader: &mut Reader) -> Option<(ConstraintKind, Place)> {
        match self.name {
            "require" => self.require(reader),
            "distinct_persons" => self.distinct_persons(reader),
            "always" => {
                let node = reader.required(&self.fields, "always")?;
                let place = judging([]);
                let condition = reader.condition(node, &place)?;
                super::constant::always(reader, node, &condition);
                Some((ConstraintKind::Always(condition), place))
            }
            "sum" => self.window_sum(reader),
            "never" => self.never(reader),
            "same" => self.same(reader),
            "hours" => {
                let activity = self.activity(reader, "activity");
                let schedule = reader.required(&self.fields, "hours").and_then(|node| schedule::read(reader, node));
                let (activity, schedule) = activity.zip(schedule)?;
                Some((ConstraintKind::Hours { activity, schedule }, judging([activity])))
            }
            _ => self.window_count(reader),
        }
    }

    fn activity(&self, reader: &mut Reader, key: &str) -> Option<ActivityId> {
        let node = reader.required(&self.fields, key)?;
        reader.activity(node, "this constraint")
    }

    fn activities(&self, reader: &mut Reader, key: &str) -> Vec<ActivityId> {
        let Some(node) = reader.required(&self.fields, key) else { return Vec::new() };
        let items = reader.list(node);
        items.iter().filter_map(|item| reader.activity(item, "this constraint")).collect()
    }

    fn per(&self, reader: &mut Reader, activities: &[ActivityId]) -> Option<ObjectTypeId> {
        per(reader, &self.fields, self.model, activities)
    }

    fn require(&self, reader: &mut Reader) -> Option<(ConstraintKind, Place)> {
        let activity = self.activity(reader, "require");
        let before = self.activity(reader, "before");
        self.apart(reader, activity, before, "before");
        let both: Vec<ActivityId> = activity.into_iter().chain(before).collect();
        let per = self.per(reader, &both);
        let kind = self.fields.get("kind").and_then(|node| reader.actor_kind(node));
        let max_age = self.fields.get("max_age").and_then(|node| reader.duration(node, "the longest age"));
        let place = judging(before);
        let unchanged = self.fields.get("unchanged").map(|node| reader.paths(node, &place)).unwrap_or_default();
        let (activity, before, per) = (activity?, before?, per?);
        Some((ConstraintKind::Require { activity, before, per, kind, max_age, unchanged }, place))
    }

    /// Two roles of one constraint that one activity cannot play both.
    fn apart(&self, reader: &mut Reader, a: Option<ActivityId>, b: Option<ActivityId>, key: &str) {
        if let (Some(a), Some(b), Some(node)) = (a, b, self.fields.get(key))
            && a == b
        {
            reader.error(Code::Pointless, &node.span, format!("`{}` and `{key}` are the same activity", self.name));
        }
    }

    fn distinct_persons(&self, reader: &mut Reader) -> Option<(ConstraintKind, Place)> {
        let mut activities = self.activities(reader, "distinct_persons");
        let named = self.fields.get("distinct_persons").map_or(0, |node| reader.list(node).len());
        activities.sort_unstable();
        activities.dedup();
        if let Some(node) = self.fields.get("distinct_persons")
            && activities.len() < 2
            && (named < 2 || activities.len() == 1)
        {
            reader.error(Code::Pointless, &node.span, "keeping apart takes two activities or more");
        }
        let per = self.per(reader, &activities)?;
        let place = judging(activities.iter().copied());
        Some((ConstraintKind::DistinctPersons { activities, per }, place))
    }

    fn never(&self, reader: &mut Reader) -> Option<(ConstraintKind, Place)> {
        let activity = self.activity(reader, "never");
        let after = self.activity(reader, "after");
        let until = match self.fields.get("until") {
            Some(_) => self.activities(reader, "until"),
            None => Vec::new(),
        };
        if let Some(node) = self.fields.get("until")
            && let Some(own) = until.iter().find(|id| Some(**id) == activity || Some(**id) == after)
        {
            let name = reader.outline.activity_at(*own).map(|own| own.name.to_string()).unwrap_or_default();
            let title = format!("`{name}` cannot allow again what it is itself a part of");
            reader.error(Code::Pointless, &node.span, title);
        }
        let all: Vec<ActivityId> = activity.into_iter().chain(after).chain(until.iter().copied()).collect();
        let per = self.per(reader, &all);
        let (activity, after, per) = (activity?, after?, per?);
        Some((ConstraintKind::Never { activity, after, until, per }, judging([activity])))
    }

    fn same(&self, reader: &mut Reader) -> Option<(ConstraintKind, Place)> {
        let any = |node: &Node| matches!(&node.shape, Shape::Scalar(scalar) if scalar.text == "any");
        let activities = match self.fields.get("activities") {
            Some(node) if !any(node) => Some(self.activities(reader, "activities")),
            _ => None,
        };
        let place = judging(activities.iter().flatten().copied());
        let node = reader.required(&self.fields, "same")?;
        let items = reader.items(node, "`same`");
        let sides: Vec<Option<Path>> = items.iter().map(|item| reader.path(item, &place)).collect();
        let roles = self.fields.get("unless_role");
        let unless_role = roles.map(|node| super::lifecycles::roles(reader, node, self.model)).unwrap_or_default();
        match <[Option<Path>; 2]>::try_from(sides) {
            Ok([left, right]) => {
                let (left, right) = left.zip(right)?;
                if left == right {
                    reader.error(Code::Pointless, &node.span, "both sides are the same");
                } else {
                    super::echo::sides(reader, node, self.model, (&left, &right));
                }
                Some((ConstraintKind::Same { left, right, activities, unless_role }, place))
            }
            Err(_) => {
                let diagnostic = Diagnostic::error(Code::WrongShape, node.span.clone(), "`same` compares two paths");
                reader.found.push(diagnostic.help("write `same: [actor.principal, order.owner]`"));
                None
            }
        }
    }

    fn window_count(&self, reader: &mut Reader) -> Option<(ConstraintKind, Place)> {
        let activity = self.activity(reader, "activity");
        let place = judging(activity);
        let by = self.groups(reader, &place);
        let window = reader.required(&self.fields, "window").and_then(|node| reader.duration(node, "the window"));
        let node = reader.required(&self.fields, "max")?;
        let text = reader.text(node, "`max`")?;
        let Ok(max) = text.parse::<u64>() else {
            reader.error(Code::BadValue, &node.span, format!("`{text}` is not a number of events"));
            return None;
        };
        if max == 0 {
            let diagnostic =
                Diagnostic::warning(Code::Pointless, node.span.clone(), "this window allows no event at all");
            let help = "a step that nobody may take needs no window: give it no transition, or say who may";
            reader.found.push(diagnostic.label("every event breaks it").help(help));
        }
        let until = match self.fields.get("until") {
            Some(_) => self.activities(reader, "until"),
            None => Vec::new(),
        };
        if let Some(node) = self.fields.get("until").filter(|_| activity.is_some_and(|own| until.contains(&own))) {
            reader.error(Code::Pointless, &node.span, "what begins it cannot end it");
        }
        let distinct = self.fields.get("distinct").and_then(|node| group(reader, node, "`distinct`", &place));
        if let Some(node) =
            self.fields.get("distinct").filter(|_| distinct.as_ref().is_some_and(|path| by.contains(path)))
        {
            reader.error(Code::Pointless, &node.span, "in a group of `by` there is only one");
        }
        let (activity, window) = activity.zip(window)?;
        Some((ConstraintKind::WindowCount { activity, until, distinct, by, window, max }, place))
    }

    fn window_sum(&self, reader: &mut Reader) -> Option<(ConstraintKind, Place)> {
        let activity = self.activity(reader, "activity");
        let place = judging(activity);
        let value_node = reader.required(&self.fields, "sum");
        let value = value_node.and_then(|node| reader.path_and_kind(node, &place));
        let by = self.groups(reader, &place);
        let window = reader.required(&self.fields, "window").and_then(|node| reader.duration(node, "the window"));
        let max = reader.required(&self.fields, "max").and_then(|node| limit(reader, node, "`max`"));
        let unless = self.fields.get("unless").and_then(|node| reader.activity(node, "this constraint"));
        let ((value, kind), max) = (value?, max?);
        let (wanted, label) = match max {
            Limit::Money(_) => (Kind::Money, "an amount"),
            Limit::Number(_) => (Kind::Number, "a bare number"),
        };
        if let Some(node) = value_node
            && !matches!(&kind, Kind::Any)
            && kind != wanted
        {
            let title = "the sum and its limit can never be compared";
            let mut diagnostic = Diagnostic::error(Code::KindMismatch, node.span.clone(), title);
            if let Some(max) = self.fields.get("max") {
                diagnostic = diagnostic.note(max.span.clone(), format!("{label} limits it"));
            }
            reader.found.push(diagnostic.label(format!("this is {kind}")));
        }
        let (activity, window) = activity.zip(window)?;
        Some((ConstraintKind::WindowSum { value, activity, by, window, max, unless }, place))
    }

    /// What events are grouped by.
    fn groups(&self, reader: &mut Reader, place: &Place) -> Vec<Path> {
        let Some(node) = reader.required(&self.fields, "by") else { return Vec::new() };
        reader.list(node).iter().filter_map(|item| group(reader, item, "`by`", place)).collect()
    }
}

/// What events are told apart by; `actor` stands for its principal.
fn group(reader: &mut Reader, node: &Node, key: &str, place: &Place) -> Option<Path> {
    let text = reader.text(node, key)?;
    let text = if text == "actor" { "actor.principal" } else { text };
    reader.path_of(text, node, place).map(|(path, _)| path)
}

/// The object type of `per:`, which each of the activities must belong to.
pub(super) fn per(
    reader: &mut Reader,
    fields: &Fields<'_>,
    model: &Model,
    activities: &[ActivityId],
) -> Option<ObjectTypeId> {
    let node = reader.required(fields, "per")?;
    let text = reader.text(node, "`per`")?;
    let per = reader.object_type(text, &node.span, "`per`")?;
    for id in activities {
        let Some(activity) = model.activities.get(usize::from(id.0)) else { continue };
        let belongs = activity.objects.iter().any(|object| {
            let name = reader.outline.object_at(object.object_type).map(|object| Arc::clone(&object.name));
            object.object_type == per || name.is_some_and(|name| reader.outline.descendant(per, &name).is_some())
        });
        if !belongs {
            let title = format!("the activity `{}` does not touch `{text}`", activity.name);
            let help = format!("name the object at the activity: `object: {text}`");
            let mut diagnostic = Diagnostic::error(Code::Detached, node.span.clone(), title).help(help);
            if let Some(outline) = reader.outline.activity_at(*id) {
                diagnostic = diagnostic.note(outline.span.clone(), "declared here");
            }
            reader.found.push(diagnostic);
        }
    }
    Some(per)
}

/// `100 EUR` or a bare number.
pub(super) fn limit(reader: &mut Reader, node: &Node, key: &str) -> Option<Limit> {
    let text = reader.text(node, key)?;
    let number = |text| quantity::decimal(text).filter(|number| *number >= Decimal::ZERO);
    let limit = number(text).map(Limit::Number).or_else(|| quantity::money(text).map(Limit::Money));
    if limit.is_none() {
        let diagnostic = Diagnostic::error(Code::BadValue, node.span.clone(), format!("`{text}` is not a limit"));
        reader.found.push(diagnostic.help("write an amount with its currency, `100 EUR`, or a bare number"));
    }
    limit
}
