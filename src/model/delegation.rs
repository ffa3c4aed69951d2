//! Delegations: what software may do on a person's behalf, or a partner by its contract.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{ActivityId, Constraint, Expression, Limit};

/// What the agents that it speaks of may do on behalf of their principals.
#[derive(Clone, Debug)]
pub struct Delegation {
    /// Its name in the file.
    pub name: Arc<str>,
    /// Whether it governs an event: a condition over the event and its actor.
    pub when: Expression,
    /// Whether it is a partner's contract: who it governs need not be software that acts for somebody.
    pub partner: bool,
    /// The instant from which on whom it governs may do nothing any more, microseconds since the Unix epoch.
    pub stopped: Option<i64>,
    /// Tools that may be called, by name.
    pub tools: Permitted<Arc<str>>,
    /// Activities that may be performed.
    pub activities: Permitted<ActivityId>,
    /// How much.
    pub limits: DelegationLimits,
    /// What of the principal's own rights the agent never goes beyond.
    pub inherit: Inherited,
    /// The person's word that a step needs first: a [`ConstraintKind::Require`](super::ConstraintKind::Require) whose
    /// condition holds where the delegation governs the step, with the delegation's name for its id.
    pub approval: Option<Constraint>,
}

/// What is allowed and what is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permitted<T> {
    /// Only these; any when `None`.
    pub allow: Option<Vec<T>>,
    /// Never these.
    pub deny: Vec<T>,
}

impl<T> Default for Permitted<T> {
    fn default() -> Self {
        Permitted { allow: None, deny: Vec::new() }
    }
}

impl<T: PartialEq> Permitted<T> {
    /// Whether something may be done.
    pub fn permits(&self, one: &T) -> bool {
        !self.deny.contains(one) && self.allow.as_ref().is_none_or(|allow| allow.contains(one))
    }

    /// Whether anything is said.
    pub fn is_given(&self) -> bool {
        self.allow.is_some() || !self.deny.is_empty()
    }
}

/// How much an agent may do.
#[derive(Clone, Debug, Default)]
pub struct DelegationLimits {
    /// Most of one event's amount, inclusive.
    pub per_event: Option<Limit>,
    /// Most of all amounts of 24 hours on behalf of one principal, inclusive.
    pub per_day: Option<Limit>,
    /// Most calls in a stretch of time on behalf of one principal.
    pub calls: Option<Rate>,
    /// Most agents in one chain of delegation, the one that calls included.
    pub depth: Option<u32>,
    /// By activity, the attribute that is its amount.
    pub amounts: BTreeMap<ActivityId, Arc<str>>,
}

/// So many in any stretch of time of a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Limit, inclusive.
    pub most: u64,
    /// Length in microseconds.
    pub window: i64,
}

/// What of the principal's own rights binds the agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inherited {
    /// Only objects of the principal's tenant.
    pub tenant: bool,
    /// Only objects that the principal owns, or may use by a role.
    pub owner: bool,
    /// Only steps that the principal may take without the agent.
    pub roles: bool,
}
