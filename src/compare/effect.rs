//! From a judgement to a deviation: evidence, effect, and how certain it is.

use std::sync::Arc;

use super::deviation::{Check, Deviation, Doubt};
use super::history::{History, Touch};
use super::replay::Replay;
use crate::event::{Event, ObjectId, Outcome};
use crate::model::Severity;

/// Events kept as evidence of one deviation.
pub(super) const MAX_EVIDENCE: usize = 12;
/// Completeness of a judgement on an object that may have lived before the capture.
const MID_LIFE: f32 = 0.8;
/// Completeness of a judgement across a stretch that was not seen.
const ACROSS_BLIND_SPOT: f32 = 0.6;
/// Completeness of a repeat that was told from a retry by other means than its idempotency key, which is hidden.
const WITHOUT_ITS_KEY: f32 = 0.6;
/// Completeness of a refusal that is the server doing its job; below the limit of what is reported by default.
const DOING_ITS_JOB: f32 = 0.4;
/// Order certainty where the events that show it overlap or tie; the judgement holds in each of their orders.
const UNORDERED: f32 = 0.8;

/// Confidence at most of a judgement on what came before, where something came before that the model does not know.
const AFTER_THE_UNKNOWN: f32 = 0.6;
/// The reason for it.
const AFTER_WHAT: &str = "a call that the model does not know may have changed the object before";

/// Confidence at most of a judgement on an object whose creation was refused.
const AFTER_A_REFUSED_BIRTH: f32 = 0.6;
/// The reason for it.
const WHOSE_BIRTH: &str = "its creation was refused, and it may have been there before";

/// Confidence at most of what rests on steps that are not seen, where others' steps are not; for review only.
const OF_ONE_CLIENT: f32 = 0.4;
/// The reason for it.
const WHOSE_RECORDING: &str = "all is one client's own recording, and what others did is not in it";

/// What a check found, ready to become a deviation.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// What kind.
    pub(super) check: Check,
    /// Index of the deviating event.
    pub(super) event: usize,
    /// Indices of other events that show it.
    pub(super) evidence: Vec<usize>,
    /// The object, as an index into the lives.
    pub(super) life: Option<usize>,
    /// Constraint id.
    pub(super) constraint: Option<Arc<str>>,
    /// Severity that the model gives.
    pub(super) severity: Option<Severity>,
    /// What the model expects.
    pub(super) expected: Vec<Arc<str>>,
    /// What was seen.
    pub(super) observed: Vec<Arc<str>>,
    /// States possible before.
    pub(super) states: Vec<Arc<str>>,
    /// Whether it led to a restricted state; worked out from the object's life when `None`.
    pub(super) restricted: Option<bool>,
    /// What makes it less than certain.
    pub(super) doubt: Option<Doubt>,
}

impl Found {
    /// A finding with nothing but its kind and place.
    pub(super) fn new(check: Check, event: usize, life: Option<usize>) -> Self {
        Found {
            check,
            event,
            evidence: Vec::new(),
            life,
            constraint: None,
            severity: None,
            expected: Vec::new(),
            observed: Vec::new(),
            states: Vec::new(),
            restricted: None,
            doubt: None,
        }
    }
}

/// The share of a report that a refusal still is: `None` when it is none.
pub(super) fn refusal(check: Check, status: Option<u16>) -> Option<f32> {
    use Check::PartnerScope;
    use Check::{AgentChain, AgentLimit, AgentTool, DelegatedScope, DelegatedTenant, HeaderMismatch, HumanMissing};
    use Check::{
        ApprovalMissing, ApprovalSelf, Direct, Diverge, Duties, Illegal, Order, Orphan, Owner, Repeat, Role, Skip,
        StateField, Tenant,
    };
    match (check.general(), status) {
        (
            AgentTool | PartnerScope | AgentChain | AgentLimit | DelegatedScope | DelegatedTenant | HumanMissing,
            Some(401 | 403),
        ) => Some(1.0),
        (AgentTool | PartnerScope | AgentChain | AgentLimit | DelegatedScope | DelegatedTenant | HumanMissing, _) => {
            Some(DOING_ITS_JOB)
        }
        (HeaderMismatch, _) => Some(DOING_ITS_JOB),
        (Owner | Tenant | Role, Some(401 | 403 | 404)) => Some(1.0),
        (ApprovalMissing | ApprovalSelf | Duties, Some(401 | 403)) => Some(1.0),
        (Skip | Order | Direct | Repeat | Illegal | Orphan | StateField, Some(401 | 403)) => Some(1.0),
        (Owner | Tenant | Role | ApprovalMissing | ApprovalSelf | Duties, _) => Some(DOING_ITS_JOB),
        (Skip | Order | Direct | Repeat | Illegal | Orphan | StateField, _) => Some(DOING_ITS_JOB),
        (Diverge, _) => None,
        _ => None,
    }
}

/// Makes deviations of one case.
pub(super) struct Witness<'w, 'a> {
    /// The case.
    pub(super) history: &'w History<'a>,
    /// Its lives as replayed, where they have a lifecycle.
    pub(super) replays: &'w [Option<Replay>],
}

impl Witness<'_, '_> {
    /// The deviation with its evidence; `None` for a refused event that is no deviation.
    pub(super) fn deviation(&self, found: Found) -> Option<Deviation> {
        let event = self.history.event(found.event)?;
        let share = match event.outcome {
            Outcome::Rejected => refusal(found.check, event.status)?,
            Outcome::Accepted | Outcome::Unknown => 1.0,
        };
        let mut indices = found.evidence.clone();
        indices.push(found.event);
        let unknown = self.unknown_write(found.check, found.event, found.life);
        indices.extend(unknown);
        let refused =
            found.life.filter(|_| found.check.rests_on_absence()).and_then(|l| self.history.life(l)?.refused_birth);
        indices.extend(refused);
        let doubts = [
            unknown.map(|_| Doubt::new(AFTER_THE_UNKNOWN, AFTER_WHAT)),
            refused.map(|_| Doubt::new(AFTER_A_REFUSED_BIRTH, WHOSE_BIRTH)),
            self.others_unseen(found.check).then(|| Doubt::new(OF_ONE_CLIENT, WHOSE_RECORDING)),
        ];
        indices.sort_unstable();
        indices.dedup();
        let kept = usize::from(indices.first() == Some(&found.event));
        let dropped = indices.len().saturating_sub(MAX_EVIDENCE);
        indices.drain(kept..kept + dropped);
        let events: Vec<Event> = indices.iter().filter_map(|i| self.history.event(*i).cloned()).collect();
        let accepted = event.outcome == Outcome::Accepted;
        let restricted = found.restricted.unwrap_or_else(|| self.restricted(found.event, found.life));
        let moved = accepted && self.moved(found.check, found.event, found.life);
        let object: Option<ObjectId> = found.life.and_then(|l| self.history.life(l)).map(|l| l.id.clone());
        Some(Deviation {
            check: found.check,
            case: self.history.case.cloned().or_else(|| event.case.clone()),
            object,
            at: event.id,
            constraint: found.constraint,
            severity: found.severity,
            expected: found.expected,
            observed: found.observed,
            states: found.states,
            restricted,
            moved,
            corrected: accepted && self.corrected(found.event, found.life, restricted),
            order_certainty: self.order_certainty(found.check, event, &events),
            completeness: self.completeness(found.check, found.event, found.life).min(share),
            mid_life: self.mid_life(found.check, found.life),
            doubt: doubts.into_iter().fold(found.doubt, Doubt::graver),
            events,
        })
    }

    /// Whether what others did is not seen, and a check rests on it. Who writes a state is seen to write it.
    fn others_unseen(&self, check: Check) -> bool {
        self.history.blindness.of_others.is_some() && check.rests_on_absence() && check != Check::Alternative
    }

    /// The last accepted write before an event of which the model does not say what it does to the object, unless the
    /// object was shown since: what seems to be missing may have been done by it.
    fn unknown_write(&self, check: Check, at: usize, life: Option<usize>) -> Option<usize> {
        let life = life.filter(|_| check.rests_on_absence()).and_then(|l| self.history.life(l))?;
        // What is used after its deletion was seen to be deleted.
        let governed = life.object_type.and_then(|t| self.history.plan.automaton(t)).is_some();
        if check == Check::Orphan && !governed {
            return None;
        }
        let before = life.unknown.get(..life.unknown.partition_point(|t| t.event < at))?;
        let mut before = before.iter().rev().take_while(|_| self.history.afford(1));
        let unknown = before.find(|unknown| !self.is_own(**unknown, at))?;
        let between =
            life.touches.partition_point(|t| t.event < unknown.event)..life.touches.partition_point(|t| t.event < at);
        let mut since = life.touches.get(between)?.iter().rev().take_while(|_| self.history.afford(1));
        let shows = |touch: &Touch| {
            let accepted = self.history.event(touch.event).is_some_and(|e| e.outcome == Outcome::Accepted);
            accepted && self.history.reference(*touch).is_some_and(|o| o.declared_state.is_some())
        };
        (!since.any(shows)).then_some(unknown.event)
    }

    /// Whether an unknown write was sent by who is judged, and wrote no state: nobody lowers by a call of their own what
    /// is said of them.
    fn is_own(&self, unknown: Touch, at: usize) -> bool {
        let who = |event: usize| self.history.event(event)?.actor.principal.as_ref();
        let same = who(at).is_some() && who(at) == who(unknown.event);
        same && self.history.reference(unknown).is_none_or(|object| object.written_state.is_none())
    }

    fn replay(&self, life: Option<usize>) -> Option<&Replay> {
        self.replays.get(life?)?.as_ref()
    }

    fn order_certainty(&self, check: Check, event: &Event, events: &[Event]) -> f32 {
        let certain = |e: &Event| e.id == event.id || !self.history.precedence().unordered(e, event);
        // A race is about events without order; volumes and sums do not depend on it.
        let of_sums = matches!(
            check.general(),
            Check::Volume | Check::Split | Check::Conserve | Check::AgentLimit | Check::HumanBatch
        );
        if check == Check::Race || of_sums || events.iter().all(certain) { 1.0 } else { UNORDERED }
    }

    fn completeness(&self, check: Check, at: usize, life: Option<usize>) -> f32 {
        if matches!(check, Check::Repeat | Check::Race) && self.hides_key(at) {
            return WITHOUT_ITS_KEY;
        }
        let Some(index) = life.filter(|_| check.rests_on_absence()) else { return 1.0 };
        match self.history.life(index).map(|l| l.born) {
            Some(None) => MID_LIFE,
            Some(Some(_)) if !self.history.in_view(index, at) => ACROSS_BLIND_SPOT,
            _ => 1.0,
        }
    }

    /// Whether a judgement rests on what came before, of an object that was not seen from its beginning.
    fn mid_life(&self, check: Check, life: Option<usize>) -> bool {
        check.rests_on_absence() && life.and_then(|l| self.history.life(l)).is_some_and(|life| life.born.is_none())
    }

    /// Whether an event is a step with an idempotency key that its source does not show.
    fn hides_key(&self, at: usize) -> bool {
        let keyed = self.history.activity(at).and_then(|a| self.history.plan.retry_window(a)).is_some();
        keyed && self.history.event(at).is_some_and(|e| e.idempotency.is_none() && !e.shows.headers)
    }

    /// Whether the event led to a restricted state for sure.
    fn restricted(&self, event: usize, life: Option<usize>) -> bool {
        let automaton = life
            .and_then(|l| self.history.life(l))
            .and_then(|l| l.object_type)
            .and_then(|t| self.history.plan.automaton(t));
        let step = self.replay(life).and_then(|r| r.timeline.steps.get(*r.places.get(&event)?));
        let moves = self.history.event(event).is_some_and(|e| !e.read && e.outcome == Outcome::Accepted);
        match (automaton, step) {
            (Some(automaton), Some((_, _, after))) if moves => {
                !after.is_empty() && after.is_subset(&automaton.restricted)
            }
            _ => false,
        }
    }

    /// Whether the effect was seen: the server declared the state that the event leads to, or the next step built on it.
    /// A judgement about one object, such as a sum over an order's refunds or a wall around the order, may be on a step
    /// that moves another: then that other's state tells.
    fn moved(&self, check: Check, event: usize, life: Option<usize>) -> bool {
        if check == Check::Diverge {
            return true;
        }
        if check == Check::Alternative {
            return self.was_brought(event, life);
        }
        if check == Check::StateField {
            return self.took(event, life);
        }
        let moves = |life: &usize| self.moving(event, *life);
        let own =
            self.history.event(event).into_iter().flat_map(|e| &e.objects).filter_map(|o| self.history.life_of(&o.id));
        life.into_iter().chain(own).find(moves).is_some_and(|life| self.took_effect(event, life))
    }

    /// Whether the answer to a write that is no activity shows its own effect: the state that it wrote, or any where it
    /// is more than a change of the object's own fields. Or a later answer does.
    fn was_brought(&self, event: usize, life: Option<usize>) -> bool {
        let id = life.and_then(|l| self.history.life(l)).map(|l| l.id);
        let shown = life.is_some_and(|life| self.declared(event, life).is_some());
        let path = self.history.event(event).map(|e| &*e.path).unwrap_or_default();
        let last = path.trim_end_matches('/').rsplit('/').next().filter(|last| !last.is_empty());
        let on_itself = id.zip(last).is_some_and(|(id, last)| id.key.ends_with(last));
        let confirmed =
            self.replay(life).is_some_and(|r| r.places.get(&event).is_some_and(|p| r.confirmed.contains(p)));
        confirmed || shown && (!on_itself || self.took(event, life))
    }

    /// Whether an event is a step that moves an object.
    fn moving(&self, event: usize, life: usize) -> bool {
        let of = self.history.activity(event).filter(|_| self.history.event(event).is_some_and(|e| !e.read));
        let automaton =
            self.history.life(life).and_then(|l| l.object_type).and_then(|t| self.history.plan.automaton(t));
        of.zip(automaton).is_some_and(|(activity, automaton)| !automaton.on(activity).is_empty())
    }

    /// Whether a step surely moved an object to where it leads.
    fn took_effect(&self, event: usize, life: usize) -> bool {
        let automaton =
            self.history.life(life).and_then(|l| l.object_type).and_then(|t| self.history.plan.automaton(t));
        let (Some(automaton), Some(activity)) = (automaton, self.history.activity(event)) else { return false };
        let targets = automaton.targets(activity);
        if let Some(declared) = self.declared(event, life).and_then(|name| automaton.state(name)) {
            return targets.contains(declared);
        }
        // Events that lie in several cases are judged without the lives around them.
        let Some(replay) = self.replay(Some(life)) else { return false };
        let Some(position) = replay.places.get(&event) else { return false };
        let later = replay.steps.iter().enumerate().skip(position + 1);
        for (offset, step) in later.take_while(|_| self.history.afford(1)) {
            if let Some(declared) = step.declared.filter(|_| step.activity.is_none()) {
                return targets.contains(declared);
            }
            if let Some(next) = step.activity.filter(|_| !step.uncertain) {
                let fits = replay.faults.get(offset).is_none_or(Option::is_none);
                return fits && automaton.sources(next).intersects(&targets);
            }
        }
        false
    }

    /// The state in which the answer to an event shows an object.
    fn declared(&self, event: usize, life: usize) -> Option<&str> {
        let id = self.history.life(life)?.id;
        self.history.event(event)?.objects.iter().filter(|o| o.id == *id).find_map(|o| o.declared_state.as_deref())
    }

    /// Whether the answer shows the object in the state that its request wrote: the step's own effect proves nothing.
    fn took(&self, event: usize, life: Option<usize>) -> bool {
        let id = life.and_then(|l| self.history.life(l)).map(|l| l.id);
        let about = self.history.event(event).into_iter().flat_map(|e| &e.objects).filter(|o| Some(&o.id) == id);
        about.into_iter().any(|o| o.written_state.is_some() && o.written_state == o.declared_state)
    }

    /// Whether the next step made up for it, or a later one took the object out of the restricted state again: to where it
    /// was before, or by a step that was possible there into an end that is not restricted. What merely goes on from the
    /// restricted state, to whatever end, undoes nothing.
    fn corrected(&self, event: usize, life: Option<usize>, restricted: bool) -> bool {
        let Some(replay) = self.replay(life) else { return false };
        let Some(place) = replay.places.get(&event) else { return false };
        replay.amended.contains(place) || restricted && self.undone(replay, life, *place).unwrap_or(false)
    }

    fn undone(&self, replay: &Replay, life: Option<usize>, place: usize) -> Option<bool> {
        let object_type = self.history.life(life?)?.object_type?;
        let automaton = self.history.plan.automaton(object_type)?;
        let (_, before, after) = replay.timeline.steps.get(place)?;
        if before.intersects(after) {
            return Some(false);
        }
        let harmless = automaton.harmless_ends();
        let later = replay.steps.iter().zip(&replay.faults).zip(&replay.timeline.steps).skip(place + 1);
        let mut fitting = later.filter(|((_, fault), _)| fault.is_none()).take_while(|_| self.history.afford(1));
        Some(fitting.any(|((step, _), (_, _, then))| {
            let Some(activity) = step.activity.filter(|_| !then.is_empty()) else { return false };
            let cancelled = then.is_subset(&harmless) && automaton.sources(activity).intersects(before);
            then.is_subset(before) || cancelled
        }))
    }
}
