//! What guards and constraints see: the case as it stood at one event.

use super::history::{Had, History};
use super::permission::{kind_is_seen, roles_are_seen};
use super::timeline::Timeline;
use crate::event::{Actor, Event, Evidence, Outcome, Value};
use crate::model::expression::{Bound, Scope};
use crate::model::{ActivityId, AttributeRule, ObjectTypeId, Path, Root};

/// The case at one event. Attributes include what the event itself shows; sums count it only in `after` scopes.
#[derive(Clone, Copy, Debug)]
pub(super) struct CaseScope<'h, 'a> {
    /// The case.
    pub(super) history: &'h History<'a>,
    /// Index of the event.
    pub(super) at: usize,
    /// As things stand once the event and all before it are done, rather than when it begins.
    pub(super) after: bool,
    /// What the event's own request writes of an object is not taken for the object's: it is compared with it.
    pub(super) unwritten: bool,
    /// States of the case's objects, by life; empty when not replayed yet.
    pub(super) timelines: &'h [Timeline],
}

impl Scope for CaseScope<'_, '_> {
    fn value(&self, path: &Path) -> Bound {
        let Some(event) = self.history.event(self.at) else { return Bound::Unknown };
        match &path.root {
            Root::Object(object_type) => self.of_object(*object_type, path),
            Root::Actor => actor_field(&event.actor, event, path),
            Root::Event => event_field(event, path),
            _ => known(event.attribute(&path.text)),
        }
    }

    fn values(&self, path: &Path) -> (Vec<Value>, bool) {
        let Root::Object(object_type) = path.root else { return spread(self.value(path)) };
        match path.fields.as_slice() {
            [children, attribute] => match self.child_type(object_type, children) {
                Some(child) => self.of_children(object_type, child, attribute),
                None => spread(self.value(path)),
            },
            _ => spread(self.value(path)),
        }
    }
}

impl CaseScope<'_, '_> {
    fn of_object(&self, object_type: ObjectTypeId, path: &Path) -> Bound {
        let Some(life) = self.history.object_at(object_type, self.at) else { return Bound::Unknown };
        match path.fields.as_slice() {
            [] => self.history.life(life).map_or(Bound::Unknown, |l| Bound::Exactly(Value::Text(l.id.key.clone()))),
            [name] => self.attribute(life, name),
            _ => Bound::Unknown,
        }
    }

    /// One attribute of one object.
    pub(super) fn attribute(&self, life: usize, name: &str) -> Bound {
        let Some(object) = self.history.life(life) else { return Bound::Unknown };
        let rule = object.object_type.and_then(|t| self.history.plan.attribute_rule(t, name));
        match rule {
            Some(AttributeRule::Sum { activity, attribute }) => self.sum(life, *activity, attribute),
            Some(AttributeRule::Exchange(_)) => self.latest(life, name),
            None => match name {
                "state" => self.state(life),
                "id" | "key" => {
                    let own = object.object_type.and_then(|t| self.history.plan.own_key(t, &object.id.key));
                    Bound::Exactly(Value::Text(own.map_or_else(|| object.id.key.clone(), Into::into)))
                }
                "owner" => self.owner(life),
                "tenant" => self.tenant(life).map_or(Bound::Unknown, |told| Bound::Exactly(Value::Text(told.tenant))),
                _ => self.latest(life, name),
            },
        }
    }

    /// The latest value known by now; unknown when an event of uncertain order or outcome may have changed it.
    fn latest(&self, life: usize, name: &str) -> Bound {
        let Some(object) = self.history.life(life) else { return Bound::Unknown };
        let mut doubtful: Vec<&Value> = Vec::new();
        for touch in self.history.until(&object.telling, self.at).iter().rev() {
            if !self.history.afford(1) {
                return Bound::Unknown;
            }
            let Some(reference) = self.history.reference(*touch) else { continue };
            let Some((_, value)) = reference.attributes.iter().find(|(n, _)| &**n == name) else { continue };
            if touch.event == self.at {
                if self.unwritten && self.writes(life, name) {
                    continue;
                }
                return Bound::Exactly(value.clone());
            }
            match self.history.had(touch.event, self.at, self.after) {
                Had::Happened if doubtful.iter().all(|d| *d == value) => return Bound::Exactly(value.clone()),
                Had::Happened => return Bound::Unknown,
                Had::Perhaps => doubtful.push(value),
                Had::Not => {}
            }
        }
        Bound::Unknown
    }

    /// Whether the event's request gives an object that was there before it an attribute.
    fn writes(&self, life: usize, name: &str) -> bool {
        let Some(object) = self.history.life(life) else { return false };
        let rule = object.object_type.and_then(|t| self.history.plan.attribute_rule(t, name));
        let Some(AttributeRule::Exchange(expression)) = rule else { return false };
        if !expression.paths().into_iter().any(Path::is_sent) {
            return false;
        }
        let automaton = object.object_type.and_then(|t| self.history.plan.automaton(t));
        let may_create = automaton.is_none_or(|a| self.history.activity(self.at).is_some_and(|id| a.creates(id)));
        let accepted = |at: usize| self.history.event(at).is_some_and(|e| e.outcome == Outcome::Accepted);
        let mut earlier = object.touches.iter().take_while(|t| t.event < self.at && self.history.afford(1));
        !may_create || earlier.any(|t| accepted(t.event))
    }

    /// The owner: it does not change with time, any event that tells will do; the nearest earlier one first.
    fn owner(&self, life: usize) -> Bound {
        let Some(object) = self.history.life(life) else { return Bound::Unknown };
        if !self.history.afford(1) {
            return Bound::Unknown;
        }
        let earlier = object.touches.iter().rev().filter(|t| t.event <= self.at);
        let later = object.touches.iter().filter(|t| t.event > self.at);
        earlier
            .chain(later)
            .take_while(|_| self.history.afford(1))
            .find_map(|t| self.history.reference(*t)?.owner.clone())
            // Of two issuers' users of one name nobody knows which an answer means by that name.
            .filter(|v| self.history.event(self.at).and_then(|e| e.actor.bare_name()) != Some(v))
            .map_or(Bound::Unknown, |v| Bound::Exactly(Value::Text(v)))
    }

    fn state(&self, life: usize) -> Bound {
        let possible = self.timelines.get(life).and_then(|t| t.possible(self.history, self.at, self.after));
        let object_type = self.history.life(life).and_then(|l| l.object_type);
        let automaton = object_type.and_then(|t| self.history.plan.automaton(t));
        match (possible, automaton) {
            (Some(states), Some(automaton)) => states
                .only()
                .and_then(|s| automaton.names.get(s))
                .map_or(Bound::Unknown, |n| Bound::Exactly(Value::Text(n.clone()))),
            _ => Bound::Unknown,
        }
    }

    fn sum(&self, life: usize, activity: ActivityId, attribute: &std::sync::Arc<str>) -> Bound {
        let whole = self.history.shows_all(life, activity, self.at);
        self.history.sum(life, activity, attribute).by(self.history, (life, self.at), self.after, attribute, whole)
    }

    /// The child type that a field names, in the singular or the plural.
    fn child_type(&self, parent: ObjectTypeId, field: &str) -> Option<ObjectTypeId> {
        let types = &self.history.plan.model.object_types;
        let found = types
            .iter()
            .position(|t| t.parent.as_ref().is_some_and(|(p, _)| *p == parent) && is_number_of(field, &t.name))?;
        u16::try_from(found).ok().map(ObjectTypeId)
    }

    fn of_children(&self, parent: ObjectTypeId, child: ObjectTypeId, attribute: &str) -> (Vec<Value>, bool) {
        let Some(parent) = self.history.object_at(parent, self.at) else { return (Vec::new(), false) };
        let whole = self.history.in_view(parent, self.at) && self.history.shows_children(parent, child, self.at);
        self.gather(attribute, whole, self.history.children(parent, child))
    }

    /// An attribute of every one of some objects that exists by now, and whether these are surely all.
    fn gather(&self, attribute: &str, mut whole: bool, objects: &[usize]) -> (Vec<Value>, bool) {
        let mut values = Vec::new();
        if !self.history.afford(1 + objects.len()) {
            return (values, false);
        }
        for index in objects.iter().copied() {
            match self.exists(index) {
                Had::Not => continue,
                Had::Perhaps => {
                    whole = false;
                    continue;
                }
                Had::Happened => {}
            }
            match self.attribute(index, attribute) {
                Bound::Exactly(value) => values.push(value),
                Bound::AtLeast(value) => {
                    values.push(value);
                    whole = false;
                }
                Bound::Unknown => whole = false,
            }
        }
        (values, whole)
    }

    /// Whether an object exists by now: some accepted event was about it.
    fn exists(&self, life: usize) -> Had {
        let mut best = Had::Not;
        for touch in self.history.life(life).into_iter().flat_map(|l| &l.touches) {
            if !self.history.afford(1) {
                return Had::Perhaps;
            }
            match self.history.had(touch.event, self.at, self.after) {
                Had::Happened => return Had::Happened,
                Had::Perhaps => best = Had::Perhaps,
                Had::Not => {}
            }
        }
        best
    }
}

/// One event by itself, where the rest of its case is not at hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct EventScope<'e> {
    /// The event.
    pub(super) event: &'e Event,
    /// Names of object types, by number.
    pub(super) types: &'e [crate::model::ObjectType],
}

impl Scope for EventScope<'_> {
    fn value(&self, path: &Path) -> Bound {
        match &path.root {
            Root::Object(object_type) => {
                let object_type = self.types.get(usize::from(object_type.0));
                let name = object_type.map_or("", |t| &t.name);
                let Some(object) = self.event.object(name) else { return Bound::Unknown };
                let text = |t: &Option<std::sync::Arc<str>>| {
                    t.clone().map_or(Bound::Unknown, |t| Bound::Exactly(Value::Text(t)))
                };
                match path.fields.first().map(|f| &**f) {
                    None => Bound::Exactly(Value::Text(object.id.key.clone())),
                    Some("id" | "key") => {
                        let own = object_type.map_or(&*object.id.key, |t| t.own_key(&object.id.key));
                        Bound::Exactly(Value::Text(own.into()))
                    }
                    Some("owner")
                        if self.event.actor.bare_name() == object.owner.as_deref() && object.owner.is_some() =>
                    {
                        Bound::Unknown
                    }
                    Some("owner") => text(&object.owner),
                    Some("tenant") => text(&object.tenant),
                    Some(field) => known(object.attributes.iter().find(|(n, _)| &**n == field).map(|(_, v)| v)),
                }
            }
            Root::Actor => actor_field(&self.event.actor, self.event, path),
            Root::Event => event_field(self.event, path),
            _ => known(self.event.attribute(&path.text)),
        }
    }

    fn values(&self, path: &Path) -> (Vec<Value>, bool) {
        spread(self.value(path))
    }
}

/// Whether a word is a type's name, or its plural.
fn is_number_of(word: &str, name: &str) -> bool {
    let Some(rest) = word.strip_prefix(name) else {
        return name.strip_suffix('y').and_then(|stem| word.strip_prefix(stem)) == Some("ies");
    };
    matches!(rest, "" | "s" | "es")
}

fn known(value: Option<&Value>) -> Bound {
    value.map_or(Bound::Unknown, |v| Bound::Exactly(v.clone()))
}

fn spread(bound: Bound) -> (Vec<Value>, bool) {
    match bound {
        Bound::Exactly(Value::List(items)) => (items, true),
        Bound::Exactly(value) => (vec![value], true),
        Bound::AtLeast(value) => (vec![value], false),
        Bound::Unknown => (Vec::new(), false),
    }
}

fn event_field(event: &Event, path: &Path) -> Bound {
    match path.fields.as_slice() {
        [name] => match event.attribute(name) {
            Some(value) => Bound::Exactly(value.clone()),
            None if &**name == "time" => Bound::Exactly(Value::Time(event.time)),
            None if &**name == "activity" => known(event.activity.clone().map(Value::Text).as_ref()),
            None => known(event.attribute(&path.text)),
        },
        _ => known(event.attribute(&path.text)),
    }
}

fn actor_field(actor: &Actor, event: &Event, path: &Path) -> Bound {
    let text = |t: &Option<std::sync::Arc<str>>| t.clone().map_or(Bound::Unknown, |t| Bound::Exactly(Value::Text(t)));
    if actor.is_disputed() {
        return Bound::Unknown;
    }
    match path.fields.first().map(|f| &**f) {
        None | Some("principal") => text(&actor.principal),
        Some("tenant") => text(&actor.tenant),
        Some("client") => text(&actor.client),
        Some("kind") if kind_is_seen(event) && !actor.kind.is_empty() => {
            Bound::Exactly(Value::Text(actor.kind.clone()))
        }
        // That no agent acts is known only where its credential is in view.
        Some("agent") if actor.agent_is_open() => Bound::Unknown,
        Some("agent") if actor.agent.is_none() && event.shows.headers && actor.evidence > Evidence::Asserted => {
            Bound::Exactly(Value::Null)
        }
        Some("agent") => text(&actor.agent),
        Some("roles") if roles_are_seen(event) => {
            Bound::Exactly(Value::List(actor.roles.iter().cloned().map(Value::Text).collect()))
        }
        _ => Bound::Unknown,
    }
}
