//! Value flow: places and types that hold the same ids under other names, by the values that they share.
//!
//! `POST /checkout` answers `purchase.uid`, `POST /payments` takes `purchaseRef`, `/orders/{order}` stands in paths: if
//! these are always the same values, all of them name orders. Only values that can hardly name two things count, so small
//! numbers that meet by chance join nothing; a flag, a count, a page or a word of a few is no such value.

mod tally;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tally::{Tally, decide};

use super::evidence::Evidence;
use super::numbered;
use super::templates::Templates;
use crate::event::least::{add_least, keep_least_keys};
use crate::event::partition::stable_hash;
use crate::event::{Event, ObjectId, ObjectRef, Outcome, Value, names_one, path};

/// Ports kept of one value.
const PORTS: usize = 12;
/// Actors told apart at one port of a value.
const ACTORS: usize = 2;
/// Values that two places share from which on one feeds the other.
pub(super) const SUPPORT: usize = 5;
/// A path that holds a value, as a place.
const PATH: &str = "path";
/// A `Location` that holds it.
const LOCATION: &str = "res_header.location";

/// Where a value was seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Port {
    pub(super) operation: Arc<str>,
    /// `path`, or as a model writes it: `res.purchase.uid`.
    pub(super) place: Arc<str>,
    /// The type that the name says; none where it says none.
    pub(super) object_type: Option<Arc<str>>,
}

/// Where one value was seen, with the least few who sent or got it there.
pub(super) type Ports = BTreeMap<Port, BTreeSet<u64>>;

/// Adds what another part saw of a value.
pub(super) fn merge(ports: &mut Ports, more: Ports) {
    for (port, actors) in more {
        add_least(ports.entry(port).or_default(), actors, ACTORS);
    }
    keep_least_keys(ports, PORTS);
}

/// Values of an accepted event that can hardly name two things, and where they stand. `places` are those of its objects.
pub(super) fn ports<'e>(event: &'e Event, places: &'e [super::Traced]) -> impl Iterator<Item = (&'e Arc<str>, Port)> {
    let operation = event.operation.iter().filter(|_| event.outcome == Outcome::Accepted);
    operation.flat_map(move |operation| {
        let port = |place: Arc<str>, object_type| Port { operation: Arc::clone(operation), place, object_type };
        let in_path = |key: &str| path::holds(&event.path, key);
        let named = event.objects.iter().zip(places).filter(|(object, _)| names_one(&object.id.key));
        let named = named.map(move |(object, traced)| {
            let (key, object_type) = (&object.id.key, Some(Arc::clone(&object.id.object_type)));
            let unwritten = || if in_path(key) { PATH.into() } else { LOCATION.into() };
            (key, port(traced.key.clone().unwrap_or_else(unwritten), object_type))
        });
        let unsaid = event.attributes.iter().filter_map(move |(place, value)| match value {
            Value::Text(text) if names_one(text) => Some((text, port(Arc::clone(place), None))),
            _ => None,
        });
        named.chain(unsaid)
    })
}

/// Notes where an event's values stand.
pub(super) fn note(event: &Event, places: &[super::Traced], mut keep: impl FnMut(&Arc<str>, Ports)) {
    let actor = event.actor.principal.as_deref().map(|principal| stable_hash([principal.as_bytes()]));
    for (value, port) in ports(event, places) {
        keep(value, Ports::from([(port, actor.into_iter().collect())]));
    }
}

/// Which places and types name the same things.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flows {
    /// Types that are another.
    types: BTreeMap<Arc<str>, Arc<str>>,
    /// Types of what stands at places whose names do not say it, by operation.
    places: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Arc<str>>>,
    edges: Vec<Edge>,
    /// Types whose keys in paths are another member of answers than the id: GitLab's `iid`, Jira's `key`.
    called: BTreeMap<Arc<str>, Arc<str>>,
    /// Types whose small numbers tell them apart by themselves, whatever they stand behind.
    counted: BTreeSet<Arc<str>>,
}

/// Whether a place of an answer ends in a member.
fn is_member(place: &str, member: &str) -> bool {
    place.starts_with("res.") && place.rsplit('.').next() == Some(member)
}

/// Types whose keys in paths are, in nearly all answers that show both, another member than the thing's own id.
fn called(evidence: &Evidence) -> BTreeMap<Arc<str>, Arc<str>> {
    let mut best: BTreeMap<&Arc<str>, (u64, &Arc<str>)> = BTreeMap::new();
    for ((object_type, member), count) in &evidence.called {
        let by_id = evidence.called.get(&(Arc::clone(object_type), None)).copied().unwrap_or_default();
        let Some(member) = member.as_ref().filter(|_| *count >= SUPPORT as u64 && by_id * 4 <= *count) else {
            continue;
        };
        let most = best.entry(object_type).or_insert((*count, member));
        if *count > most.0 {
            *most = (*count, member);
        }
    }
    best.into_iter().map(|(object_type, (_, member))| (Arc::clone(object_type), Arc::clone(member))).collect()
}

/// Values that one call's answer gave and another call takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Operation whose answers give the values, and their place.
    pub from: (Arc<str>, Arc<str>),
    /// Operation that takes them, and their place in its requests.
    pub to: (Arc<str>, Arc<str>),
    /// Different values, of those that are looked at.
    pub values: u64,
}

impl Flows {
    /// What shared values tell, with operations named as `templates` names them.
    pub fn of(evidence: &Evidence, templates: &Templates) -> Flows {
        let mut tally = Tally::default();
        for (_, ports) in evidence.flows.iter() {
            let named = ports.iter().map(|(port, actors)| {
                (Port { operation: templates.operation(&port.operation), ..port.clone() }, actors)
            });
            let known = named.filter(|(port, _)| port.object_type.as_ref().is_none_or(|name| templates.knows(name)));
            tally.add(known);
        }
        let mut flows = decide(tally);
        flows.called = called(evidence);
        let counted = evidence.types.iter().filter(|(_, seen)| seen.numbered.is_one_count());
        flows.counted = counted.map(|(name, _)| Arc::clone(name)).collect();
        flows
    }

    /// Whether nothing was learnt that changes an event.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty() && self.places.is_empty() && self.called.is_empty() && self.counted.is_empty()
    }

    /// From which answers values go into which requests, by name.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Types that are another, each with what it is called now.
    pub fn renamed(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.types.iter()
    }

    /// The type that one of this name is.
    pub(super) fn object_type<'t>(&'t self, name: &'t Arc<str>) -> &'t Arc<str> {
        self.types.get(name).unwrap_or(name)
    }

    /// Places of an operation that hold ids though their names do not say so, with their types.
    pub(super) fn places(&self, operation: &str) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.places.get(operation).into_iter().flatten()
    }

    /// Completes an event that was read without a model, under the name that its operation has after all: its objects get
    /// the types that they are, and what stands at other places that hold ids is an object too. Returns the types of
    /// those that are new.
    pub fn complete(&self, event: &mut Event) -> Vec<Arc<str>> {
        let unsaid = std::mem::take(&mut event.attributes);
        let mut added = Vec::new();
        self.call(event, &unsaid);
        for object in &mut event.objects {
            self.rename(&mut object.id);
        }
        event.case.iter_mut().for_each(|case| self.rename(case));
        let places = event.operation.as_ref().and_then(|operation| self.places.get(operation));
        for (place, value) in unsaid {
            let (Some(object_type), Value::Text(key)) = (places.and_then(|places| places.get(&place)), value) else {
                continue;
            };
            let id = ObjectId { object_type: Arc::clone(object_type), key };
            if !event.objects.iter().any(|object| object.id == id) {
                added.push(Arc::clone(object_type));
                // What a change is about, where nothing else is.
                let target = event.objects.is_empty() && !event.read;
                event.objects.push(ObjectRef::new(id, if target { "target" } else { "mentioned" }));
            }
        }
        self.join(event);
        event.case = event.case.take().or_else(|| event.objects.first().map(|object| object.id.clone()));
        added
    }

    /// Gives what an event made the key that paths have for it.
    fn call(&self, event: &mut Event, unsaid: &[(Arc<str>, Value)]) {
        let made = event.objects.first_mut().filter(|object| &*object.qualifier == "target" && event.answer.made);
        let Some(object) = made else { return };
        let Some(member) = self.called.get(&object.id.object_type) else { return };
        let own = unsaid.iter().filter(|(place, _)| is_member(place, member));
        let Some(key) = own.filter_map(|(_, value)| if let Value::Text(key) = value { Some(key) } else { None }).next()
        else {
            return;
        };
        let old = std::mem::replace(&mut object.id.key, Arc::clone(key));
        if let Some(case) =
            event.case.as_mut().filter(|case| case.object_type == object.id.object_type && case.key == old)
        {
            case.key = Arc::clone(key);
        }
    }

    /// The place of what keys of a type in paths are called, beside the place of the id of what is made.
    pub(super) fn called_at(&self, object_type: &str, place: &str) -> Option<Arc<str>> {
        let member = self.called.get(object_type)?;
        let (around, _) = place.rsplit_once('.').filter(|_| place.starts_with("res."))?;
        Some(format!("{around}.{member}").into())
    }

    /// Whether a type's small numbers tell its objects apart by themselves.
    pub(super) fn is_one_count(&self, object_type: &str) -> bool {
        self.counted.contains(object_type)
    }

    fn rename(&self, id: &mut ObjectId) {
        if let Some((_, number)) = numbered::parts(&id.key).filter(|_| self.is_one_count(&id.object_type)) {
            id.key = number.into();
        }
        if let Some(name) = self.types.get(&id.object_type) {
            id.object_type = Arc::clone(name);
        }
    }

    /// Makes one of objects that are the same under their new types: the first, with what the others say.
    fn join(&self, event: &mut Event) {
        if self.types.is_empty() && self.counted.is_empty() {
            return;
        }
        let mut objects: Vec<ObjectRef> = Vec::with_capacity(event.objects.len());
        for object in event.objects.drain(..) {
            match objects.iter_mut().find(|known| known.id == object.id) {
                Some(known) => known.declared_state = known.declared_state.take().or(object.declared_state),
                None => objects.push(object),
            }
        }
        event.objects = objects;
    }
}
