//! Members of JSON bodies by operation and sort of actor: who writes which, who leaves out which, and who is given which.
//!
//! Sums that commute, of bounded size: of more operations, sorts of actors and members than are kept the least stay.

mod missing;
mod name;
mod read;
#[cfg(test)]
mod tests;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::route::Task;
use super::{Class, Told};
use crate::compare::deviation::Check;
use crate::event::least::{add_least, insert_least, keep_least_keys};
use crate::event::{Echo, Event, Gate, Members, OrderKey, Outcome, Setting};

/// Operations, resources, sorts of actors of one operation and members of one sort that are kept.
const OPERATIONS: usize = 4_096;
const CLASSES: usize = 16;
const MEMBERS: usize = 128;
/// Actors of one sort that are told apart, and of one member.
const ACTORS: usize = 64;
const HOLDERS: usize = 4;
/// Requests of one operation that were refused for what they say.
const REFUSED: usize = 8;

/// What all events together show of members.
#[derive(Clone, Debug, Default)]
pub struct Bodies {
    operations: BTreeMap<u64, Operation>,
    /// By resource, who is told and who writes a member of this last name, whatever the operation.
    resources: BTreeMap<u64, BTreeMap<Arc<str>, Known>>,
}

/// One operation of one host.
#[derive(Clone, Debug, Default)]
struct Operation {
    /// Hash of what it is about, 0 where that is not known.
    resource: u64,
    /// It changes a part of what there is: what is sent differs from time to time.
    partial: bool,
    sent: BTreeMap<Class, Group>,
    told: BTreeMap<Class, Group>,
    /// What was sent by some that were refused for it, sorted.
    refused: BTreeSet<Vec<Arc<str>>>,
}

/// What one sort of actors did by one operation.
#[derive(Clone, Debug, Default)]
struct Group {
    requests: u64,
    actors: BTreeSet<u64>,
    members: BTreeMap<Arc<str>, Member>,
    /// The first request and the number of its source's format.
    first: Option<(OrderKey, u8)>,
    /// The ids of all requests, by exclusive or.
    all: u64,
}

/// One member of what one sort of actors sent or was given.
#[derive(Clone, Debug, Default)]
struct Member {
    count: u64,
    actors: BTreeSet<u64>,
    first: Option<(OrderKey, u8)>,
    /// Of those that were sent, how many the answer repeats, and of how many it says something else.
    same: u64,
    other: u64,
    /// The ids of the requests that have it, by exclusive or.
    all: u64,
}

/// Who is told of a member, and who writes it.
#[derive(Clone, Debug, Default)]
struct Known {
    told: BTreeSet<u64>,
    sent: BTreeSet<u64>,
}

impl Bodies {
    /// Notes an event that was let through, or refused for what it says. `hash` is keyed; `class`: what sort of actor it is.
    pub fn note(&mut self, event: &Event, setting: &Setting, hash: &dyn Fn(&str) -> u64, class: Class, source: u8) {
        let (Some(operation), Some(members)) = (event.operation.as_deref(), event.members.as_deref()) else { return };
        let refused = event.outcome == Outcome::Rejected && matches!(event.status, Some(400 | 422));
        if !(refused || event.outcome == Outcome::Accepted)
            || setting.gate != Gate::None
            || matches!(event.status, Some(300..=399))
        {
            return;
        }
        let at = (event.order_key(), source);
        let actor = event.actor.principal.as_deref().map_or(setting.address, hash);
        let resource = Task::resource(event, operation).map_or(0, |name| hash(&name));
        let step = hash(&format!("{} {operation}", event.host.as_deref().unwrap_or_default()));
        if refused {
            if let Some(sent) = &members.sent {
                let sent = sent.iter().map(|member| Arc::clone(&member.path)).collect();
                insert_least(&mut self.operations.entry(step).or_default().refused, sent, REFUSED);
            }
            return self.bound();
        }
        let operation = self.operations.entry(step).or_default();
        operation.resource = operation.resource.max(resource);
        operation.partial |= &*event.method == "PATCH";
        if let Some(sent) = &members.sent {
            let each = sent.iter().map(|member| (&member.path, member.echo));
            Group::among(&mut operation.sent, class, |group| group.note(each, actor, at));
        }
        if let Some(told) = &members.told {
            let each = told.iter().map(|path| (path, Echo::None));
            Group::among(&mut operation.told, class, |group| group.note(each, actor, at));
        }
        if resource != 0 {
            Known::note(self.resources.entry(resource).or_default(), members, actor);
        }
        self.bound();
    }

    /// Adds what another noted.
    pub fn merge(&mut self, other: Bodies) {
        for (step, operation) in other.operations {
            self.operations.entry(step).or_default().add(operation);
        }
        for (resource, known) in other.resources {
            add_known(self.resources.entry(resource).or_default(), known);
        }
        self.bound();
    }

    fn bound(&mut self) {
        keep_least_keys(&mut self.operations, OPERATIONS);
        keep_least_keys(&mut self.resources, OPERATIONS);
    }

    /// Judges every operation.
    pub fn judge(&self, told: &mut Told) {
        let none = BTreeMap::new();
        for operation in self.operations.values() {
            let known = self.resources.get(&operation.resource).unwrap_or(&none);
            written::judge(operation, known, told);
            missing::judge(operation, told);
            read::judge(operation, told);
        }
    }
}

impl Known {
    /// Notes by name who wrote the members of one exchange, and who was told of them.
    fn note(all: &mut BTreeMap<Arc<str>, Known>, members: &Members, actor: u64) {
        let sent = || members.sent.iter().flatten().map(|member| name::last(&member.path));
        for name in sent() {
            insert_least(&mut all.entry(name.into()).or_default().sent, actor, HOLDERS);
        }
        // What is only repeated is not told.
        for name in members.told.iter().flatten().map(|path| name::last(path)) {
            if !sent().any(|wrote| wrote == name) {
                insert_least(&mut all.entry(name.into()).or_default().told, actor, HOLDERS);
            }
        }
        keep_least_keys(all, MEMBERS * 2);
    }
}

/// Adds by name what is known of members.
fn add_known(to: &mut BTreeMap<Arc<str>, Known>, from: BTreeMap<Arc<str>, Known>) {
    for (name, Known { told, sent }) in from {
        let known = to.entry(name).or_default();
        add_least(&mut known.told, told, HOLDERS);
        add_least(&mut known.sent, sent, HOLDERS);
    }
    keep_least_keys(to, MEMBERS * 2);
}

impl Operation {
    fn add(&mut self, other: Operation) {
        self.resource = self.resource.max(other.resource);
        self.partial |= other.partial;
        add_least(&mut self.refused, other.refused, REFUSED);
        for (mine, theirs) in [(&mut self.sent, other.sent), (&mut self.told, other.told)] {
            for (class, group) in theirs {
                mine.entry(class).or_default().add(group);
            }
            keep_least_keys(mine, CLASSES);
        }
    }
}

impl Group {
    /// Has the group of a sort of actors take something in, and keeps few sorts.
    fn among(groups: &mut BTreeMap<Class, Group>, class: Class, take: impl FnOnce(&mut Group)) {
        take(groups.entry(class).or_default());
        keep_least_keys(groups, CLASSES);
    }

    /// Notes the members of one exchange.
    fn note<'m>(&mut self, members: impl Iterator<Item = (&'m Arc<str>, Echo)>, actor: u64, at: (OrderKey, u8)) {
        let earliest = |first: Option<(OrderKey, u8)>| first.into_iter().chain([at]).min();
        self.requests += 1;
        self.all ^= at.0.2.0;
        self.first = earliest(self.first);
        insert_least(&mut self.actors, actor, ACTORS);
        for (path, echo) in members {
            let member = self.members.entry(Arc::clone(path)).or_default();
            member.count += 1;
            member.all ^= at.0.2.0;
            member.same += u64::from(echo == Echo::Same);
            member.other += u64::from(echo == Echo::Other);
            member.first = earliest(member.first);
            insert_least(&mut member.actors, actor, HOLDERS);
        }
        keep_least_keys(&mut self.members, MEMBERS);
    }

    fn add(&mut self, other: Group) {
        self.requests += other.requests;
        self.all ^= other.all;
        add_least(&mut self.actors, other.actors, ACTORS);
        self.first = [self.first, other.first].into_iter().flatten().min();
        for (path, theirs) in other.members {
            let mine = self.members.entry(path).or_default();
            mine.count += theirs.count;
            mine.all ^= theirs.all;
            mine.same += theirs.same;
            mine.other += theirs.other;
            add_least(&mut mine.actors, theirs.actors, HOLDERS);
            mine.first = [mine.first, theirs.first].into_iter().flatten().min();
        }
        keep_least_keys(&mut self.members, MEMBERS);
    }

    /// The requests without a member, and how many other actors there are than its only holder.
    fn without(&self, member: &Member) -> (u64, usize) {
        (self.requests.saturating_sub(member.count), self.actors.len().saturating_sub(1))
    }

    /// Counts a decision that it is fine, where anything was to be decided.
    fn count_fine(&self, check: Check, told: &mut Told) {
        self.first.iter().for_each(|(_, source)| told.count(check, *source, Some(false)));
    }
}
