//! One activity's steps: how many, and by whom.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Lives, known_actor};
use crate::event::{Event, Evidence};
use crate::mine::evidence::add;

/// Actors told apart at one activity.
const ACTORS: usize = 32;

/// Sets of roles told apart at one activity; of more, nothing is concluded.
const ROLE_SETS: usize = 32;

/// Steps, and people who take them, from which on it says something that nothing else does.
const PEOPLES: u64 = 20;
const SEVERAL: usize = 3;

/// Steps by agents, of as many as people take, that are not missing by chance.
const MISSED: u64 = 5;

/// Whether surely a person without an agent did it.
pub(in crate::mine) fn is_person(event: &Event) -> bool {
    let actor = &event.actor;
    actor.evidence >= Evidence::Asserted && actor.kind_known && &*actor.kind == "human" && actor.agent.is_none()
}

/// One activity's steps on objects of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::mine) struct StepCounts {
    pub(in crate::mine) count: u64,
    /// Objects that took it.
    pub(in crate::mine) objects: u64,
    /// Of these, objects that took it more than once.
    pub(in crate::mine) repeated: u64,
    /// Steps by an actor who is not known well enough to say who may.
    pub(in crate::mine) unnamed: u64,
    /// Steps by `agent` or a kind, and by the role that the actor showed.
    pub(in crate::mine) by: BTreeMap<(Arc<str>, Option<Arc<str>>), u64>,
    /// Of the steps by an actor without a role, those by one whose roles the source does not show, by kind.
    pub(in crate::mine) unshown: BTreeMap<Arc<str>, u64>,
    /// Steps by what took them: a kind, `agent`, or a key that nobody stands behind.
    pub(in crate::mine) natures: BTreeMap<Arc<str>, u64>,
    /// Steps that surely a person took, without an agent.
    pub(in crate::mine) persons: u64,
    /// Steps by the roles that the actor showed together; one set more than the most says that there are too many.
    pub(in crate::mine) role_sets: BTreeMap<BTreeSet<Arc<str>>, u64>,
    /// The least few of the known actors, by hash, with their steps.
    pub(in crate::mine) actors: BTreeMap<u64, u64>,
}

impl StepCounts {
    /// Adds a step of the activity.
    pub(super) fn add(&mut self, event: &Event) {
        self.count += 1;
        self.add_actors(known_actor(event).map(|actor| (actor, 1)));
        let actor = &event.actor;
        let nature = match (&actor.agent, actor.evidence) {
            (Some(_), _) => "agent",
            (None, Evidence::ApiKey) => "key",
            _ => &actor.kind,
        };
        self.persons += u64::from(is_person(event));
        if actor.evidence >= Evidence::Asserted {
            *self.natures.entry(nature.into()).or_default() += 1;
        }
        if actor.principal.is_none() || actor.evidence < Evidence::Asserted {
            self.unnamed += 1;
        } else if actor.agent.is_some() {
            *self.by.entry(("agent".into(), None)).or_default() += 1;
        } else if actor.roles.is_empty() && actor.evidence == Evidence::ApiKey {
            // A key says which program or partner called, not that it was a person.
            self.unnamed += 1;
        } else if actor.roles.is_empty() {
            *self.by.entry((Arc::clone(&actor.kind), None)).or_default() += 1;
            if !actor.roles_known {
                *self.unshown.entry(Arc::clone(&actor.kind)).or_default() += 1;
            }
        } else {
            self.add_roles([(actor.roles.iter().cloned().collect(), 1)]);
            for role in &actor.roles {
                *self.by.entry((Arc::clone(&actor.kind), Some(Arc::clone(role)))).or_default() += 1;
            }
        }
    }

    /// Adds another part's sums.
    pub(super) fn merge(&mut self, more: StepCounts) {
        self.count += more.count;
        self.objects += more.objects;
        self.repeated += more.repeated;
        self.unnamed += more.unnamed;
        add(&mut self.by, more.by);
        add(&mut self.unshown, more.unshown);
        add(&mut self.natures, more.natures);
        self.persons += more.persons;
        self.add_roles(more.role_sets);
        self.add_actors(more.actors);
    }

    /// Adds steps by actor, and keeps the least few actors: their numbers are exact, however the whole was split.
    fn add_actors(&mut self, more: impl IntoIterator<Item = (u64, u64)>) {
        for (actor, count) in more {
            *self.actors.entry(actor).or_default() += count;
            if self.actors.len() > ACTORS {
                self.actors.pop_last();
            }
        }
    }

    /// Steps by actors of a kind whose roles nothing shows, where so few of them stand beside others with roles that
    /// these say who takes the step. A check leaves undecided who they may have been.
    pub(in crate::mine) fn unshown_few(&self, kind: &Arc<str>) -> Option<u64> {
        let without = self.by.get(&(Arc::clone(kind), None)).copied().unwrap_or(0);
        let unshown = self.unshown.get(kind).copied().filter(|unshown| *unshown == without)?;
        let shown = self.by.keys().any(|(known, role)| known == kind && role.is_some());
        (shown && unshown * 5 < self.count).then_some(unshown)
    }

    /// Whether a kind as a whole took the step, rather than the roles of some of it.
    pub(in crate::mine) fn names_kind(&self, kind: &Arc<str>) -> bool {
        self.by.contains_key(&(Arc::clone(kind), None)) && self.unshown_few(kind).is_none()
    }

    /// Whether people alone take the step, several of them and often, as they do not all steps of these lives.
    pub(in crate::mine) fn is_of_people(&self, lives: &Lives) -> bool {
        let others = lives.steps.values().any(|other| other.natures.keys().any(|nature| **nature != *"human"));
        others && self.persons == self.count && self.count >= PEOPLES && self.actors.len() >= SEVERAL
    }

    /// Whether agents may take the step that people of any role took, though none was seen to: they act on these objects
    /// too seldom to be missed here.
    pub(in crate::mine) fn may_be_of_agents(&self, lives: &Lives) -> bool {
        let taken = |counts: &StepCounts, nature: &str| counts.natures.get(nature).copied().unwrap_or(0);
        let all = |nature: &str| lives.steps.values().map(|counts| taken(counts, nature)).sum::<u64>();
        let (agents, people) = (all("agent"), all("human"));
        let own = taken(self, "human");
        let missed = agents.saturating_mul(own) >= (agents + people).saturating_mul(MISSED);
        taken(self, "agent") == 0 && agents > 0 && self.names_kind(&"human".into()) && !missed
    }

    /// What nine of ten steps or more were taken by.
    pub(in crate::mine) fn nature(&self) -> Option<&Arc<str>> {
        let all: u64 = self.natures.values().sum();
        self.natures.iter().find(|(_, count)| **count * 10 >= all * 9).map(|(nature, _)| nature)
    }

    pub(super) fn add_roles(&mut self, more: impl IntoIterator<Item = (BTreeSet<Arc<str>>, u64)>) {
        for (roles, count) in more {
            *self.role_sets.entry(roles).or_default() += count;
        }
        while self.role_sets.len() > ROLE_SETS + 1 {
            self.role_sets.pop_last();
        }
    }

    /// Which of the roles that actors showed together say who may take the step. Roles that most steps of the type show
    /// are left out first: they say least.
    pub(in crate::mine) fn role_choice(&self, lives: &Lives) -> RoleChoice {
        let mut choice = RoleChoice::default();
        if self.role_sets.len() > ROLE_SETS {
            return choice;
        }
        let mut held: BTreeMap<&Arc<str>, u64> = BTreeMap::new();
        let sets = lives.steps.values().flat_map(|counts| &counts.role_sets);
        sets.for_each(|(roles, count)| roles.iter().for_each(|role| *held.entry(role).or_default() += count));
        let roles: BTreeSet<&Arc<str>> = self.role_sets.keys().flatten().collect();
        let mut roles: Vec<&Arc<str>> = roles.into_iter().collect();
        roles.sort_by(|a, b| held.get(b).cmp(&held.get(a)).then(a.cmp(b)));
        let all: u64 = self.role_sets.values().sum();
        for role in roles {
            let with = || self.role_sets.iter().filter(|(set, _)| set.contains(role));
            let other =
                |own: &Arc<str>| own != role && !choice.spare.contains_key(own) && !choice.alone.contains_key(own);
            let alone: u64 = with().filter(|(set, _)| !set.iter().any(other)).map(|(_, count)| count).sum();
            if alone == 0 {
                choice.spare.insert(Arc::clone(role), with().map(|(_, count)| count).sum());
            } else if alone * 5 < all && with().any(|(set, _)| set.iter().any(other)) {
                choice.alone.insert(Arc::clone(role), alone);
            }
        }
        choice
    }
}

/// Which roles of several say who may take a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::mine) struct RoleChoice {
    /// Roles that need not be named, because every actor who has one has another that is, with their steps.
    pub(in crate::mine) spare: BTreeMap<Arc<str>, u64>,
    /// Roles that must be named for a few steps only, whose actors have no better one, with these steps.
    pub(in crate::mine) alone: BTreeMap<Arc<str>, u64>,
}
