//! Cases without a model: what bodies say that a thing is a part of, `POST /payments {"order_id": "o1"}`.
//!
//! Which types are parts of which all traffic together tells, as for a draft; of which thing each is one, its own calls do.
//! What names several of a type, or shares the one that it names with many others, is a part of none.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::evidence::Evidence;
use super::flows::Flows;
use super::operations::operations;
use super::templates::Templates;
use super::ties::is_aside;
use crate::event::{Event, ObjectId};

/// Deepest nesting of things.
const DEEPEST: usize = 16;

/// Types whose things are parts of others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wholes {
    /// Of what the things of a type are parts.
    of: BTreeMap<Arc<str>, Arc<str>>,
    /// Other names of types, as single calls have them.
    names: BTreeMap<Arc<str>, Vec<Arc<str>>>,
}

/// What single exchanges tell of an object, under the names that they have for its type.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// What is named beside it.
    pub named: &'a dyn Fn(&ObjectId) -> Vec<ObjectId>,
    /// What it is under by paths; itself where it is under nothing.
    pub root: &'a dyn Fn(&ObjectId) -> ObjectId,
}

impl Wholes {
    /// What all traffic tells, under the names that `flows` has for types.
    pub fn of(evidence: &Evidence, templates: &Templates, flows: &Flows) -> Wholes {
        let (operations, foreign) = operations(evidence, templates, flows);
        let written = operations.iter().filter(|(template, seen)| seen.accepted > 0 && !template.is_read());
        let written: BTreeSet<&Arc<str>> = written.flat_map(|(_, seen)| seen.subjects.keys()).collect();
        let may_own = |name: &Arc<str>| written.contains(name) && !foreign.contains(name) && templates.knows(name);
        let told = evidence.ties.parents(flows, may_own).into_iter().filter(|(_, (_, seen))| seen.own);
        let of: BTreeMap<_, _> = told.map(|(child, (parent, _))| (child, parent)).collect();
        let mut names: BTreeMap<Arc<str>, Vec<Arc<str>>> = BTreeMap::new();
        for (name, now) in flows.renamed().filter(|_| !of.is_empty()) {
            names.entry(Arc::clone(now)).or_default().push(Arc::clone(name));
        }
        Wholes { of, names }
    }

    /// Gives a completed event the case of what its own case is a part of.
    pub fn settle(&self, event: &mut Event, flows: &Flows, told: Told<'_>) {
        let Some(case) = event.case.as_mut().filter(|case| self.of.contains_key(&case.object_type)) else { return };
        let mut below = vec![case.clone()];
        while let Some(next) = self.above(case, flows, told) {
            if let Some(ring) = below.iter().position(|known| *known == next) {
                below.drain(..ring);
                case.clone_from(below.iter().min().unwrap_or(&next));
                return;
            }
            if below.len() >= DEEPEST {
                return;
            }
            below.push(next.clone());
            *case = next;
        }
    }

    /// What an object is a part of, or what that is under by its path.
    fn above(&self, object: &ObjectId, flows: &Flows, told: Told<'_>) -> Option<ObjectId> {
        let parent = self.of.get(&object.object_type)?;
        let all = self.known_as(object).flat_map(|own| (told.named)(&own));
        let is_one =
            |other: &ObjectId| !is_aside(&other.object_type) && flows.object_type(&other.object_type) == parent;
        let keys: BTreeSet<Arc<str>> = all.filter(is_one).map(|other| other.key).collect();
        let mut keys = keys.into_iter();
        let (Some(key), None) = (keys.next(), keys.next()) else { return None };
        let one = ObjectId { object_type: Arc::clone(parent), key };
        let root = self.known_as(&one).find_map(|own| Some((told.root)(&own)).filter(|root| *root != own));
        let name = |root: ObjectId| ObjectId { object_type: Arc::clone(flows.object_type(&root.object_type)), ..root };
        Some(root.map_or(one, name))
    }

    /// An object under each name of its type.
    fn known_as<'a>(&'a self, object: &'a ObjectId) -> impl Iterator<Item = ObjectId> + 'a {
        let others = self.names.get(&object.object_type).into_iter().flatten();
        let name = |name: &Arc<str>| ObjectId { object_type: Arc::clone(name), key: Arc::clone(&object.key) };
        std::iter::once(&object.object_type).chain(others).map(name)
    }
}
