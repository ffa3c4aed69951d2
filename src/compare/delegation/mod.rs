//! What software does on a person's behalf, compared with what it was given leave for: the model's `delegations`.

mod human;
pub(super) mod limit;
mod scope;

use std::collections::BTreeSet;

use super::constraint::{self, Context};
use super::deviation::{Check, Doubt, Tallies};
use super::effect::{Found, refusal};
use super::plan::Plan;
use super::scope::EventScope;
use crate::event::{Event, Evidence, MOST_EARLIER_AGENTS, Outcome, Value, rfc3339};
use crate::model::expression::{Truth, truth};
use crate::model::{Delegation, Limit, Permitted};
pub(super) use human::{GLANCE, batch, is_of_a_person, tenths};

/// Names that a finding lists of those that are allowed.
const MOST_NAMED: usize = 8;

/// Confidence at most where the agents before the one that calls are told by something else than a token's claims.
const CHAIN_SAID: f32 = 0.45;
/// The reason for it.
const WHO_SAYS_SO: &str = "whoever calls says itself who called before";

/// Confidence at most of an amount that is in no unit of the limit's.
const OTHER_UNIT: f32 = 0.4;
/// The reason for it.
const NOT_COMPARED: &str = "the amount is in another unit than the limit, or cannot be read, and is not compared";

/// Confidence at most of an operation of a partner's that the model does not name, and the reason for it.
const NOT_IN_MODEL: (f32, &str) = (0.6, "the model may have left the operation out, and the contract not");
/// The same where it only reads.
const NOT_IN_MODEL_READ: (f32, &str) = (0.4, "it only reads, and the model may leave it out");
/// Microseconds in which what is stopped comes to an end: caches of tokens and connections last for so long.
const GRACE: i64 = 60_000_000;
/// Confidence at most within them, and the reason for it.
const ON_ITS_WAY: (f32, &str) = (0.45, "it came within a minute, in which what was on its way comes to an end");

/// Judges every delegation over a case.
pub(super) fn judge(context: &Context<'_, '_>, tallies: &mut Tallies) -> Vec<Found> {
    let history = context.history;
    let mut found = Vec::new();
    for delegation in &history.plan.model.delegations {
        let mut own = steps(context, delegation, tallies);
        if let Some(approval) = &delegation.approval {
            let surely = |event: &Event| governs(history.plan, delegation, event) == Truth::True;
            own.extend(constraint::require::judge_person(context, approval, &surely, tallies));
            own.extend(human::fast(context, delegation, approval, tallies));
        }
        for one in &mut own {
            one.constraint = Some(delegation.name.clone());
        }
        found.extend(own);
    }
    found
}

/// Whether a delegation governs an event.
pub(super) fn governs(plan: &Plan, delegation: &Delegation, event: &Event) -> Truth {
    if !plan.in_force(event) {
        return Truth::False;
    }
    truth(&delegation.when, &EventScope { event, types: &plan.model.object_types })
}

/// What is judged step by step.
fn steps(context: &Context<'_, '_>, delegation: &Delegation, tallies: &mut Tallies) -> Vec<Found> {
    let history = context.history;
    let mut found = Vec::new();
    let mut told = BTreeSet::new();
    for (at, event) in history.events.iter().enumerate() {
        let governed = governs(history.plan, delegation, event);
        if governed == Truth::False || history.is_mere_retry(at) {
            continue;
        }
        let one = Step { context, delegation, at, event, governed };
        let broken = [
            one.permitted(tallies),
            one.unnamed(tallies),
            one.stopped(tallies),
            one.amount(tallies),
            one.chain(tallies),
            scope::tenant(&one, tallies),
            scope::owner(&one, tallies),
            scope::roles(&one, tallies),
        ];
        for broken in broken.into_iter().flatten() {
            // Who does it again in one case is told once.
            let actor = &event.actor;
            let key =
                (broken.check, broken.observed.clone(), broken.life, &actor.principal, &actor.agent, event.outcome);
            if told.insert(key) {
                found.push(broken);
            }
        }
    }
    found
}

/// One event that a delegation governs, or may govern.
struct Step<'s, 'c, 'a> {
    context: &'s Context<'c, 'a>,
    delegation: &'s Delegation,
    at: usize,
    event: &'a Event,
    governed: Truth,
}

impl Step<'_, '_, '_> {
    /// A deviation at this event.
    fn found(&self, check: Check) -> Found {
        let history = self.context.history;
        let life = self.event.objects.first().and_then(|object| history.life_of(&object.id));
        Found::new(check, self.at, life)
    }

    /// The verdict where the delegation surely governs the event, else none; counted.
    fn decide(&self, check: Check, broken: Option<bool>, tallies: &mut Tallies) -> bool {
        let verdict = broken.filter(|_| self.governed == Truth::True);
        tallies.count(check, self.event.source, verdict);
        verdict == Some(true)
    }

    /// Whether a refused event would be reported as this kind of deviation; what got no answer was sent all the same.
    fn counts(&self, check: Check) -> bool {
        self.event.outcome != Outcome::Rejected || refusal(check, self.event.status).is_some()
    }

    /// Tools and activities that are not allowed.
    fn permitted(&self, tallies: &mut Tallies) -> Option<Found> {
        let Delegation { tools, activities, .. } = self.delegation;
        let tool = self.event.spoken.as_ref().and_then(|spoken| spoken.tool.as_ref()).filter(|_| tools.is_given());
        let activity = self.context.history.activity(self.at).filter(|_| activities.is_given());
        let check = self.scope();
        if tool.is_none() && activity.is_none() || !self.counts(check) {
            return None;
        }
        let named = |id: &crate::model::ActivityId| self.context.history.plan.activity_name(*id).to_string();
        let by_tool = tool
            .filter(|tool| !tools.permits(tool))
            .map(|tool| (format!("tool {tool}"), asked(tools, tool, |tool| tool.to_string())));
        let by_activity = || {
            let activity = activity.filter(|activity| !activities.permits(activity))?;
            Some((format!("activity {}", named(&activity)), asked(activities, &activity, named)))
        };
        let broken = by_tool.or_else(by_activity);
        if !self.decide(check, Some(broken.is_some()), tallies) {
            return None;
        }
        let (observed, expected) = broken?;
        Some(Found { observed: vec![observed.into()], expected: vec![expected.into()], ..self.found(check) })
    }

    /// By which check it is told that something is not allowed.
    fn scope(&self) -> Check {
        if self.delegation.partner { Check::PartnerScope } else { Check::AgentTool }
    }

    /// What a partner did that no activity is, where its contract says which it may do.
    fn unnamed(&self, tallies: &mut Tallies) -> Option<Found> {
        let event = self.event;
        let named = self.context.history.activity(self.at).is_some() || is_entrance(&event.path);
        let told = self.delegation.partner && self.delegation.activities.allow.is_some();
        let asks = matches!(&*event.method, "OPTIONS" | "HEAD");
        if named || asks || !told || event.outcome != Outcome::Accepted {
            return None;
        }
        if !self.decide(Check::PartnerScope, Some(true), tallies) {
            return None;
        }
        let unknown = || "operation that the model does not know".to_owned();
        let observed = event.operation.as_deref().map_or_else(unknown, |operation| format!("operation {operation}"));
        let activities = &self.delegation.activities;
        let name = |id: &crate::model::ActivityId| self.context.history.plan.activity_name(*id).to_string();
        let names: Vec<String> = activities.allow.iter().flatten().take(MOST_NAMED).map(name).collect();
        let expected = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let (at_most, because) = if event.read { NOT_IN_MODEL_READ } else { NOT_IN_MODEL };
        let doubt = Some(Doubt::new(at_most, because));
        Some(Found {
            observed: vec![observed.into()],
            expected: vec![expected.into()],
            doubt,
            ..self.found(Check::PartnerScope)
        })
    }

    /// What was let through after the instant at which all of it was to stop.
    fn stopped(&self, tallies: &mut Tallies) -> Option<Found> {
        let (stopped, event) = (self.delegation.stopped?, self.event);
        // What began before was on its way; the clock's tick may hide it.
        let after = event.time.saturating_sub(stopped) >= event.tick.max(1);
        if event.outcome == Outcome::Rejected || !self.decide(Check::KilledActs, Some(after), tallies) {
            return None;
        }
        let expected = vec![format!("nothing since {}", rfc3339(stopped)).into()];
        let observed = vec!["a request that was let through".into()];
        let doubt = (event.time.saturating_sub(stopped) < GRACE).then(|| Doubt::new(ON_ITS_WAY.0, ON_ITS_WAY.1));
        Some(Found { expected, observed, doubt, ..self.found(Check::KilledActs) })
    }

    /// An amount over the limit for one event.
    fn amount(&self, tallies: &mut Tallies) -> Option<Found> {
        let limits = &self.delegation.limits;
        let max = limits.per_event.as_ref().or(limits.per_day.as_ref())?;
        let name = limits.amounts.get(&self.context.history.activity(self.at)?)?;
        if self.event.outcome == Outcome::Unknown || !self.counts(Check::AgentLimit) {
            return None;
        }
        let value = self.event.attribute(name);
        let amount = value.and_then(|value| limit::in_unit(value, max));
        // Who chooses the currency or the spelling would else choose whether there is a limit.
        let sent = value.is_some() || self.event.shows.request_body;
        if amount.is_none() && sent && self.event.outcome == Outcome::Accepted {
            return self.unmeasured(value, max, tallies);
        }
        limits.per_event.as_ref()?;
        let over = amount.map(|amount| amount > limit::most(max));
        if !self.decide(Check::AgentLimit, over, tallies) {
            return None;
        }
        let expected = vec![format!("at most {} in one event", limit::words(max)).into()];
        let observed = vec![limit::in_words(amount?, max).into()];
        Some(Found { expected, observed, ..self.found(Check::AgentLimit) })
    }

    /// An amount that was accepted and cannot be held against the limit.
    fn unmeasured(&self, value: Option<&Value>, max: &Limit, tallies: &mut Tallies) -> Option<Found> {
        if !self.decide(Check::AgentLimit, Some(true), tallies) {
            return None;
        }
        let expected = vec![format!("an amount to hold against {}", limit::words(max)).into()];
        let observed = vec![value.map_or("none that can be read".to_owned(), ToString::to_string).into()];
        let doubt = Some(Doubt::new(OTHER_UNIT, NOT_COMPARED));
        Some(Found { expected, observed, doubt, ..self.found(Check::AgentLimit) })
    }

    /// A chain of agents that is too long.
    fn chain(&self, tallies: &mut Tallies) -> Option<Found> {
        let most = usize::try_from(self.delegation.limits.depth?).unwrap_or(usize::MAX);
        let actor = &self.event.actor;
        let agents: Vec<_> = actor.earlier_agents.iter().rev().chain(&actor.agent).collect();
        if agents.is_empty() || !self.counts(Check::AgentChain) {
            return None;
        }
        // Only a token's claims show the whole chain; what shows more than is allowed is enough.
        let whole = actor.evidence >= Evidence::Claims;
        // Of a longer one the first agents are not kept.
        let cut = actor.earlier_agents.len() >= MOST_EARLIER_AGENTS;
        let broken = if agents.len() > most { Some(true) } else { (whole && !cut).then_some(false) };
        if !self.decide(Check::AgentChain, broken, tallies) {
            return None;
        }
        let chain = agents.iter().map(|agent| &***agent).collect::<Vec<_>>().join(" > ");
        let mut found = self.found(Check::AgentChain);
        found.expected = vec![format!("at most {most} agents in a chain").into()];
        let more = if cut { " or more" } else { "" };
        found.observed = vec![format!("{}{more}: {chain}", agents.len()).into()];
        found.doubt = (!whole).then(|| Doubt::new(CHAIN_SAID, WHO_SAYS_SO));
        Some(found)
    }
}

/// Whether a path is that of a way in or out, which every contract has.
fn is_entrance(path: &str) -> bool {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    ["token", "tokens", "login", "logout", "signin", "sessions", "introspect", "revoke", "authorize"].contains(&&*last)
}

/// What is asked of something that is not allowed, in words.
fn asked<T: PartialEq>(permitted: &Permitted<T>, one: &T, name: impl Fn(&T) -> String) -> String {
    if permitted.deny.contains(one) {
        return format!("not {}", name(one));
    }
    let allowed = permitted.allow.as_deref().unwrap_or_default();
    let mut names: Vec<String> = allowed.iter().take(MOST_NAMED).map(name).collect();
    names.extend((allowed.len() > MOST_NAMED).then(|| format!("{} more", allowed.len() - MOST_NAMED)));
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
