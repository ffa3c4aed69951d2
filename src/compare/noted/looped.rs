//! Chains of agents that come back to one that is in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Check, Stray, Sum, Tallies, add, counted};
use crate::event::least::keep_least_keys;
use crate::event::{Event, Evidence, Outcome};

/// Confidence at most where an agent has the task back once, and where two hand it to and fro.
const ONCE: (f32, &str) = (0.55, "an agent may have the task back once for what only it can do");
const AGAIN: (f32, &str) = (0.8, "the token itself says through whose hands it went");
/// Where something else than a token's claims tells the chain.
const SAID: (f32, &str) = (0.4, "whoever calls says itself who called before");

/// Most loops that are kept.
const MOST: usize = 4_096;
/// Most agents of a chain that are told.
const TOLD: usize = 8;

/// Requests at the end of such chains, by the chain and whether a token's claims tell it.
#[derive(Clone, Debug, Default)]
pub(super) struct Chains(BTreeMap<(Vec<Arc<str>>, bool), Sum>);

impl Chains {
    pub(super) fn note(&mut self, event: &Event, tallies: &mut Tallies) {
        let actor = &event.actor;
        let Some(agent) = actor.agent.as_ref().filter(|_| !actor.earlier_agents.is_empty()) else { return };
        let mut chain: Vec<Arc<str>> = actor.earlier_agents.iter().rev().chain([agent]).cloned().collect();
        // Who has his own token exchanged stands in it twice, and nobody in between.
        chain.dedup();
        if returns(&chain) == 0 || event.outcome == Outcome::Rejected {
            return tallies.count(Check::AgentLoop, event.source, Some(false));
        }
        chain.drain(..chain.len().saturating_sub(TOLD));
        add(&mut self.0, (chain, actor.evidence >= Evidence::Claims), Sum::of(event));
        keep_least_keys(&mut self.0, MOST);
    }

    pub(super) fn merge(&mut self, other: Chains) {
        other.0.into_iter().for_each(|(key, sum)| add(&mut self.0, key, sum));
        keep_least_keys(&mut self.0, MOST);
    }

    /// One for each chain.
    pub(super) fn found(self, tallies: &mut Tallies) -> Vec<Stray> {
        let found = self.0.into_iter().map(|((chain, claimed), sum)| {
            sum.count(Check::AgentLoop, tallies);
            let told = format!("{} ({})", chain.join(" > "), counted(sum.count, "request"));
            let doubt = match (claimed, returns(&chain)) {
                (false, _) => SAID,
                (true, 1) => ONCE,
                (true, _) => AGAIN,
            };
            let stray = sum.stray(Check::AgentLoop, "each agent once in a chain", vec![told.into()]);
            Stray { doubt: Some(doubt), ..stray }
        });
        found.collect()
    }
}

/// How many agents of a chain are in it before.
fn returns(chain: &[Arc<str>]) -> usize {
    chain.iter().enumerate().filter(|(at, agent)| chain.iter().take(*at).any(|earlier| earlier == *agent)).count()
}
