//! Two versions of a model in one world of names: what has another name and is the same otherwise was renamed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::expression::Node;
use crate::model::{ActivityId, Expression, Lifecycle, Model, ObjectTypeId, Path, Root, logic, shape};

/// What the names that only the old version has are counted from.
const OLD: u16 = 1 << 15;

/// Both versions.
pub(super) struct Sides<'m> {
    pub(super) old: Side<'m>,
    pub(super) new: Side<'m>,
}

/// One version, with the numbers that its names have in both.
pub(super) struct Side<'m> {
    pub(super) model: &'m Model,
    activities: Vec<u16>,
    types: Vec<u16>,
    /// Names of types as the new version has them, where both have them.
    type_names: BTreeMap<Arc<str>, Arc<str>>,
}

/// A name for two things that are one: number in both, in the old version, in the new.
pub(super) type Pair<T> = (Option<T>, Option<T>);

impl<'m> Sides<'m> {
    pub(super) fn new(old: &'m Model, new: &'m Model) -> Sides<'m> {
        let name = |model: &Model| -> Vec<Arc<str>> { model.activities.iter().map(|a| Arc::clone(&a.name)).collect() };
        let calls = |model: &Model| -> Vec<Option<String>> { model.activities.iter().map(performed).collect() };
        let activities = paired(&name(old), &name(new), &calls(old), &calls(new));
        let name =
            |model: &Model| -> Vec<Arc<str>> { model.object_types.iter().map(|o| Arc::clone(&o.name)).collect() };
        let keys = |model: &Model| -> Vec<Option<String>> {
            let written = |paths: &[Path]| super::listed(paths.iter().map(|path| &path.text));
            model.object_types.iter().map(|object| written(&object.key)).collect()
        };
        let types = paired(&name(old), &name(new), &keys(old), &keys(new));
        let renamed = old.object_types.iter().zip(&types).filter_map(|(object, number)| {
            Some((Arc::clone(&object.name), Arc::clone(&new.object_types.get(usize::from(*number))?.name)))
        });
        let type_names = renamed.collect();
        let own = |count: usize| (0..count).filter_map(|number| u16::try_from(number).ok()).collect();
        Sides {
            old: Side { model: old, activities, types, type_names },
            new: Side {
                model: new,
                activities: own(new.activities.len()),
                types: own(new.object_types.len()),
                type_names: BTreeMap::new(),
            },
        }
    }

    /// Activities of both versions: those that are one, then those of one version only.
    pub(super) fn activities(&self) -> Vec<Pair<ActivityId>> {
        pairs(&self.old.activities, self.new.activities.len())
            .into_iter()
            .map(|(a, b)| (a.map(ActivityId), b.map(ActivityId)))
            .collect()
    }

    /// Object types of both versions.
    pub(super) fn types(&self) -> Vec<Pair<ObjectTypeId>> {
        pairs(&self.old.types, self.new.types.len())
            .into_iter()
            .map(|(a, b)| (a.map(ObjectTypeId), b.map(ObjectTypeId)))
            .collect()
    }

    /// The name of an activity by its number in both.
    pub(super) fn activity(&self, number: u16) -> Arc<str> {
        match number.checked_sub(OLD) {
            Some(old) => self.old.model.activity_name(ActivityId(old)),
            None => self.new.model.activity_name(ActivityId(number)),
        }
    }

    /// States of two lives in one world: for each life its states' numbers, and the names of all numbers.
    pub(super) fn states(&self, old: &Lifecycle, new: &Lifecycle) -> (Vec<u16>, Vec<u16>) {
        let names = |life: &Lifecycle| -> Vec<Arc<str>> { life.states.iter().map(|s| Arc::clone(&s.name)).collect() };
        let (old_names, new_names) = (names(old), names(new));
        let looks = |side: &Side<'_>, life: &Lifecycle, others: &[Arc<str>]| -> Vec<Option<String>> {
            (0..life.states.len()).map(|state| look(side, life, state, others)).collect()
        };
        let numbers =
            paired(&old_names, &new_names, &looks(&self.old, old, &new_names), &looks(&self.new, new, &old_names));
        let own = (0..new.states.len()).filter_map(|number| u16::try_from(number).ok()).collect();
        (numbers, own)
    }
}

impl Side<'_> {
    pub(super) fn activity(&self, id: ActivityId) -> u16 {
        self.activities.get(usize::from(id.0)).copied().unwrap_or(u16::MAX)
    }

    pub(super) fn object_type(&self, id: ObjectTypeId) -> u16 {
        self.types.get(usize::from(id.0)).copied().unwrap_or(u16::MAX)
    }

    /// A path as both versions write it.
    pub(super) fn path(&self, path: &Path) -> Path {
        let mut path = path.clone();
        if let Root::Object(id) = path.root {
            path.root = Root::Object(ObjectTypeId(self.object_type(id)));
            // A field of several is the name of a type below.
            if path.fields.len() > 1
                && let Some(first) = path.fields.first_mut()
                && let Some(name) = self.type_names.get(first)
            {
                *first = Arc::clone(name);
            }
        }
        path.text = path.fields.join(".").into();
        path
    }

    pub(super) fn paths(&self, paths: &[Path]) -> Vec<Path> {
        paths.iter().map(|path| self.path(path)).collect()
    }

    /// An expression as both versions write it.
    pub(super) fn node(&self, expression: &Expression) -> Node {
        logic::renamed(&expression.node, &|path| self.path(path))
    }
}

/// What performs an activity, by which it is known under another name. What the server does itself is known by nothing.
fn performed(activity: &crate::model::Activity) -> Option<String> {
    let mut calls: Vec<String> = activity
        .matchers
        .iter()
        .map(|matcher| {
            let condition = matcher.condition.as_ref().map_or("", |condition| &condition.text);
            let call = matcher.call.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{:?} {} {call} {:?} {condition}", matcher.method, shape(&matcher.template), matcher.host)
        })
        .collect();
    calls.sort();
    super::listed(calls)
}

/// How a state looks from outside: its marks, and the steps into and out of it. States that both versions have count by name.
fn look(side: &Side<'_>, life: &Lifecycle, state: usize, others: &[Arc<str>]) -> Option<String> {
    let declared = life.states.get(state)?;
    let name = |number: usize| match life.states.get(number) {
        Some(other) if number != state && others.contains(&other.name) => other.name.to_string(),
        _ if number == state => "itself".to_owned(),
        _ => "other".to_owned(),
    };
    let mut steps = BTreeSet::new();
    for transition in &life.transitions {
        let activity = side.activity(transition.activity);
        if transition.to == state {
            steps.extend(transition.from.iter().map(|from| format!("{activity} in {}", name(*from))));
        }
        if transition.from.contains(&state) {
            steps.insert(format!("{activity} out {}", name(transition.to)));
        }
    }
    Some(format!("{} {} {} {steps:?}", declared.final_state, declared.restricted, life.initial == state))
}

/// For each old name its number in both versions: that of the new name that is the same, else of the only one that looks
/// the same and is new.
fn paired(old: &[Arc<str>], new: &[Arc<str>], old_looks: &[Option<String>], new_looks: &[Option<String>]) -> Vec<u16> {
    let (old_names, new_names): (BTreeSet<&Arc<str>>, BTreeSet<&Arc<str>>) =
        (old.iter().collect(), new.iter().collect());
    let number = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
    old.iter()
        .enumerate()
        .map(|(at, name)| {
            if let Some(same) = new.iter().position(|other| other == name) {
                return number(same);
            }
            let look = old_looks.get(at).cloned().flatten();
            let gone = |other: &usize| old.get(*other).is_some_and(|name| !new_names.contains(name));
            let alike_old = old_looks
                .iter()
                .enumerate()
                .filter(|(other, own)| look.is_some() && **own == look && gone(other))
                .count();
            let is_new = |other: &usize| new.get(*other).is_some_and(|name| !old_names.contains(name));
            let mut alike = new_looks
                .iter()
                .enumerate()
                .filter(|(other, own)| look.is_some() && **own == look && is_new(other))
                .map(|(other, _)| other);
            match (alike_old, alike.next(), alike.next()) {
                (1, Some(only), None) => number(only),
                _ => OLD.saturating_add(number(at)),
            }
        })
        .collect()
}

fn pairs(old: &[u16], new: usize) -> Vec<(Option<u16>, Option<u16>)> {
    let own = |at: usize| u16::try_from(at).ok();
    let mut pairs: Vec<_> =
        old.iter().enumerate().map(|(at, number)| (own(at), Some(*number).filter(|number| *number < OLD))).collect();
    let taken: BTreeSet<u16> = old.iter().copied().collect();
    pairs.extend((0..new).filter_map(own).filter(|number| !taken.contains(number)).map(|number| (None, Some(number))));
    pairs
}
