//! What kind of deviation a step is that no belief explains.

use std::sync::Arc;

use super::automaton::{Missing, StateSet};
use super::belief::Belief;
use super::deviation::{Check, Doubt};
use super::order::{Precedence, is_retry};
use super::plan::{any_path, conjuncts};
use super::replay::{Fault, Run};
use super::retry::Retry;
use super::scope::CaseScope;
use super::step::Step;
use super::unordered::Pending;
use super::words::{compared, length, said, span};
use crate::event::{Event, Outcome};
use crate::model::expression::{Node, Operator, Truth, truth};
use crate::model::{ActivityId, Constraint, ConstraintKind, Expression, Root};

/// Steps before a deviation that are shown as evidence.
const MOST_EVIDENCE: usize = 6;
/// Times that a step was accepted before with which a repeat is compared. Replays of older keys are found by their key.
const MOST_COMPARED: usize = 256;

/// Microseconds within which clients and proxies try again by themselves: they give up after a few times 15 seconds.
const RETRIED_WITHIN: i64 = 60_000_000;
/// Confidence at most of other content under one key that got the same answer: what was asked may have been swapped.
const SAME_ANSWER: f32 = 0.6;
/// Confidence at most of another way to a state of which only the request or only the answer speaks.
const HALF_SHOWN: f32 = 0.6;
/// Confidence at most of what may be benign as well as not.
const FOR_REVIEW: f32 = 0.4;

/// One deviation of a lifecycle, before its evidence is gathered.
#[derive(Clone, Debug)]
pub(super) struct Issue {
    /// What kind.
    pub(super) check: Check,
    /// Index of the deviating event.
    pub(super) event: usize,
    /// Indices of other events that show it.
    pub(super) evidence: Vec<usize>,
    /// States possible before.
    pub(super) before: StateSet,
    /// Steps that should have come first.
    pub(super) missing: Vec<ActivityId>,
    /// What the model expects.
    pub(super) expected: Vec<Arc<str>>,
    /// What was seen.
    pub(super) observed: Vec<Arc<str>>,
    /// Whether it led to a restricted state.
    pub(super) restricted: bool,
    /// What makes it less than certain.
    pub(super) doubt: Option<Doubt>,
}

/// Everything a judgement looks at.
pub(super) struct Judge<'j, 'r, 'a> {
    /// The replay.
    pub(super) run: &'j Run<'r, 'a>,
    /// All steps of the life that may have moved it.
    pub(super) steps: &'j [Step],
    /// Belief before the step.
    pub(super) before: &'j Belief,
    /// Events without order to the step that are taken to come after it.
    pub(super) pending: Pending<'j>,
    /// The server refused the step.
    pub(super) rejected: bool,
}

/// An issue with the later events that it explains and that are not reported again.
type Verdict = (Issue, Vec<usize>);

impl Judge<'_, '_, '_> {
    /// Names the deviation; `None` when it is none after all.
    pub(super) fn issue(&self, step: &Step, fault: Fault) -> Option<Verdict> {
        if !self.run.history.afford(1) {
            return None;
        }
        match (fault, step.activity) {
            (Fault::Diverge, _) => Some((self.diverged(step)?, Vec::new())),
            (Fault::Alternative, _) => Some((self.led_elsewhere(step)?, Vec::new())),
            (Fault::Role, Some(activity)) => Some((self.foreign_actor(step, activity), Vec::new())),
            (Fault::Guard, Some(activity)) => self.guarded(step, activity),
            (Fault::Structure, Some(activity)) => self.misplaced(step, activity),
            (_, None) => None,
        }
    }

    fn blank(&self, check: Check, step: &Step) -> Issue {
        let automaton = self.run.automaton;
        let reached = step.activity.map(|a| automaton.targets(a)).unwrap_or_else(|| StateSet::empty(automaton.len()));
        let restricted = match step.declared.or(step.written) {
            Some(declared) => automaton.restricted.contains(declared),
            None => !reached.is_empty() && reached.is_subset(&automaton.restricted),
        };
        let before = self.before.states(automaton);
        let name = step.activity.map(|a| self.run.history.plan.activity_name(a));
        let observed = self.last_step(step).into_iter().chain(name).collect();
        let mut evidence: Vec<usize> = self.earlier(step).rev().take(MOST_EVIDENCE).map(|s| s.event).collect();
        evidence.reverse();
        let (missing, expected) = (Vec::new(), Vec::new());
        Issue { check, event: step.event, evidence, before, missing, expected, observed, restricted, doubt: None }
    }

    /// Accepted steps that moved the state before this one.
    fn earlier(&self, step: &Step) -> impl DoubleEndedIterator<Item = &Step> {
        let end = self.steps.partition_point(|s| s.event < step.event);
        self.steps.iter().take(end).filter(|s| s.activity.is_some() && !s.uncertain)
    }

    fn last_step(&self, step: &Step) -> Option<Arc<str>> {
        self.earlier(step).next_back().and_then(|s| s.activity).map(|a| self.run.history.plan.activity_name(a))
    }

    fn event(&self, index: usize) -> Option<&Event> {
        self.run.history.event(index)
    }

    fn diverged(&self, step: &Step) -> Option<Issue> {
        let automaton = self.run.automaton;
        let declared = automaton.names.get(step.declared?)?.clone();
        let possible = match step.activity {
            Some(_) => {
                let moved = self.before.step(automaton, &step.possible());
                if moved.is_empty() { self.before.states(automaton) } else { moved.states(automaton) }
            }
            None => self.before.states(automaton),
        };
        let expected = automaton.state_names(&possible);
        Some(Issue { expected, observed: vec![declared], ..self.blank(Check::Diverge, step) })
    }

    /// What the model has for the way that the object went by another.
    fn led_elsewhere(&self, step: &Step) -> Option<Issue> {
        let automaton = self.run.automaton;
        let to = step.declared.or(step.written)?;
        let mut expected: Vec<Arc<str>> = Vec::new();
        for edge in automaton.edges.iter().filter(|edge| edge.to == to) {
            let name = self.run.history.plan.activity_name(edge.activity);
            if !expected.contains(&name) {
                expected.push(name);
            }
        }
        let observed = vec![automaton.names.get(to)?.clone()];
        let doubt = match (step.declared, step.written) {
            (None, _) => Some("the request wrote the state, and nothing shows that the server took it"),
            (declared, written) if declared != written => {
                Some("the request wrote no such state: another may have moved it")
            }
            _ => None,
        };
        let doubt = doubt.map(|because| Doubt::new(HALF_SHOWN, because));
        Some(Issue { expected, observed, doubt, ..self.blank(Check::Alternative, step) })
    }

    fn foreign_actor(&self, step: &Step, activity: ActivityId) -> Issue {
        let automaton = self.run.automaton;
        let enabled = automaton.on(activity).iter().filter(|e| self.before.enables(automaton, **e));
        let mut expected: Vec<Arc<str>> = Vec::new();
        for transition in enabled.filter_map(|e| self.run.history.plan.transition(self.run.object_type, *e)) {
            for name in transition
                .by
                .iter()
                .chain(&transition.kind)
                .filter(|n| !expected.contains(n))
                .cloned()
                .collect::<Vec<_>>()
            {
                expected.push(name);
            }
        }
        let observed = self.event(step.event).map(actor_words).unwrap_or_default();
        Issue { expected, observed, ..self.blank(Check::Role, step) }
    }

    /// The structure fits and the actor may; a condition is false. A step that was skipped explains it better, if there
    /// is one that would have made another transition of the activity possible.
    fn guarded(&self, step: &Step, activity: ActivityId) -> Option<Verdict> {
        let automaton = self.run.automaton;
        let mut siblings = StateSet::empty(automaton.len());
        for fit in step.fits.iter().filter(|f| f.possible()) {
            if let Some(edge) = automaton.edges.get(fit.edge) {
                siblings.union_with(&edge.from);
            }
        }
        if let Some(missing) = self.way(step, &siblings).filter(|m| !m.is_empty()) {
            return Some(self.absent(step, activity, &missing));
        }
        if self.rejected {
            return None;
        }
        let enabled = step.fits.iter().filter(|f| f.role != Truth::False && self.before.enables(automaton, f.edge));
        let edge = enabled.map(|f| f.edge).next()?;
        let transition = self.run.history.plan.transition(self.run.object_type, edge)?;
        let (history, timelines) = (self.run.history, self.run.timelines);
        let scope = CaseScope { history, at: step.event, after: false, unwritten: true, timelines };
        let broken = transition.when.as_ref().filter(|w| truth(w, &scope) == Truth::False);
        let check = match broken {
            Some(guard) if is_mismatch(guard, &scope) => Check::Mismatch,
            _ => Check::Guard,
        };
        let (expected, observed) = match (broken, transition.within) {
            (Some(guard), _) => {
                let mut observed = compared(guard, &scope);
                if observed.is_empty() {
                    observed = history.event(step.event).map(|event| said(guard, &scope, event)).unwrap_or_default();
                }
                (vec![guard.text.clone()], observed)
            }
            (None, Some((after, longest))) => {
                let name = automaton.label(after);
                let limit = format!("{} within {} of {name}", automaton.label(activity), span(longest));
                let taken =
                    self.run.time_since(after, step.event).map(|t| format!("{} after {name}", length(t)).into());
                (vec![limit.into()], taken.into_iter().collect())
            }
            (None, None) => (Vec::new(), Vec::new()),
        };
        Some((Issue { expected, observed, ..self.blank(check, step) }, Vec::new()))
    }

    /// No transition starts from where the object may be.
    fn misplaced(&self, step: &Step, activity: ActivityId) -> Option<Verdict> {
        let automaton = self.run.automaton;
        let before = self.before.states(automaton);
        let way = self.way(step, &self.sources(step, activity)).filter(|m| !m.is_empty());
        let at_birth = before.only() == Some(automaton.initial);
        if at_birth && let Some(missing) = &way {
            let (issue, excuses) = self.absent(step, activity, missing);
            return Some((Issue { check: Check::Direct, ..issue }, excuses));
        }
        let over = !before.is_empty() && before.is_subset(&automaton.finals);
        if self.repeats(step, activity, &before) {
            let issue = self.repeated(step, activity)?;
            // Where another step has ended it, or this one may be taken again and again until the end, that it goes on at
            // all is graver than that it does so again.
            let ended = over && (!before.intersects(&automaton.targets(activity)) || automaton.repeats(activity));
            if !ended || issue.check != Check::Repeat {
                return Some((issue, Vec::new()));
            }
        }
        if over && self.approves_too_late(step, activity) {
            return None;
        }
        if over {
            let states = automaton.state_names(&before);
            let expected = vec![format!("no {} after {}", automaton.label(activity), states.join(" or ")).into()];
            return Some((Issue { expected, ..self.blank(Check::Orphan, step) }, Vec::new()));
        }
        match way {
            Some(missing) => Some(self.absent(step, activity, &missing)),
            None => {
                let mut expected: Vec<Arc<str>> = Vec::new();
                for edge in automaton.edges.iter().filter(|e| e.from.intersects(&before)) {
                    let name = self.run.history.plan.activity_name(edge.activity);
                    if !expected.contains(&name) {
                        expected.push(name);
                    }
                }
                Some((Issue { expected, ..self.blank(Check::Illegal, step) }, Vec::new()))
            }
        }
    }

    /// Whether the step only makes up for its own absence before another that needs it: that other is the wrong one, and
    /// the constraint tells it with this step.
    fn approves_too_late(&self, step: &Step, activity: ActivityId) -> bool {
        // Where it may have come before in time, unseen, the constraint says nothing.
        let (seen, history) = (&self.run.seen, self.run.history);
        let first = seen.before(activity, step.event).is_empty();
        let certain = history.shows_all(self.run.life, activity, step.event);
        let needs = |constraint: &Constraint| match &constraint.kind {
            ConstraintKind::Require { activity: needed, before, .. } if *needed == activity => {
                !seen.before(*before, step.event).is_empty()
            }
            _ => false,
        };
        first && certain && history.plan.model.constraints.iter().any(needs)
    }

    /// States from which the step would be allowed to this actor with these values, else from which it ever is.
    fn sources(&self, step: &Step, activity: ActivityId) -> StateSet {
        let automaton = self.run.automaton;
        let mut sources = StateSet::empty(automaton.len());
        for edge in step.possible().iter().filter_map(|e| automaton.edges.get(*e)) {
            sources.union_with(&edge.from);
        }
        if sources.is_empty() { automaton.sources(activity) } else { sources }
    }

    fn way(&self, step: &Step, to: &StateSet) -> Option<Vec<Missing>> {
        let automaton = self.run.automaton;
        let later = |a: ActivityId| !self.run.seen.after(a, step.event).is_empty();
        let before = self.before.states(automaton);
        automaton.path(&before, &automaton.ahead(&before, to), &later)
    }

    /// Steps that should have come first are absent, or come later.
    fn absent(&self, step: &Step, activity: ActivityId, missing: &[Missing]) -> Verdict {
        let plan = self.run.history.plan;
        let mut excuses = Vec::new();
        for absent in missing {
            let mut later = self.run.seen.after(absent.activity, step.event).iter().copied();
            excuses.extend(later.find(|e| self.is_no_retry(*e)).filter(|e| !excuses.contains(e)));
        }
        let check = if excuses.is_empty() { Check::Skip } else { Check::Order };
        let steps = missing.iter().map(|m| m.activity).chain([activity]);
        let expected = steps.map(|a| plan.activity_name(a)).collect();
        let mut issue = self.blank(check, step);
        issue.evidence.extend(&excuses);
        let late = excuses.iter().filter_map(|e| self.run.history.activity(*e)).map(|a| plan.activity_name(a));
        issue.observed.extend(late);
        (Issue { missing: missing.iter().map(|m| m.activity).collect(), expected, ..issue }, excuses)
    }

    fn is_no_retry(&self, event: usize) -> bool {
        let place = self.steps.binary_search_by_key(&event, |s| s.event);
        self.run.history.afford(1) && place.ok().and_then(|i| self.steps.get(i)).is_some_and(|s| s.retry == Retry::No)
    }

    fn repeats(&self, step: &Step, activity: ActivityId, before: &StateSet) -> bool {
        let automaton = self.run.automaton;
        let once = automaton.on(activity).iter().filter_map(|e| automaton.edges.get(*e)).any(|e| e.once.is_some());
        let targets = automaton.targets(activity);
        let seen = || self.same_before(step, activity).next().is_some();
        // Where it may stand where the step leads, a step that was seen before is that step again.
        (once || before.intersects(&targets)) && seen() || !targets.is_empty() && before.is_subset(&targets)
    }

    /// The same step accepted before, or without order to it and not taken to come after it, the nearest first. What only
    /// retries this step is no other one.
    fn same_before<'s>(&'s self, step: &'s Step, activity: ActivityId) -> impl Iterator<Item = (usize, &'s Event)> {
        let this = self.event(step.event);
        let known = |index: &usize| Some((*index, self.event(*index)?));
        let before = self.run.seen.before(activity, step.event).iter().rev();
        let after = self.run.seen.after(activity, step.event).iter();
        let precedence = self.run.history.precedence();
        let began = move |(_, e): &(usize, &Event)| this.is_some_and(|t| e.time <= precedence.latest_start(t));
        let untied = after.filter_map(known).take_while(began);
        let another = move |t: &Event, e: &Event| !precedence.before(t, e) && is_retry(t, e, None) != Some(true);
        let accepted = move |(index, e): &(usize, &Event)| {
            let done = e.outcome == Outcome::Accepted && !self.pending.contains(*index);
            done && this.is_some_and(|t| another(t, e))
        };
        before.filter_map(known).chain(untied).filter(accepted)
    }

    fn repeated(&self, step: &Step, activity: ActivityId) -> Option<Issue> {
        let this = self.event(step.event)?;
        let (mut check, mut twin, mut doubt) = (Check::Repeat, None, None);
        for (index, first) in
            self.same_before(step, activity).take(MOST_COMPARED).take_while(|_| self.run.history.afford(1))
        {
            if is_replay(first, this) == Some(true) {
                (check, doubt) = (Check::Replay, replay_doubt(first, this, true));
            } else if check == Check::Repeat && Precedence::overlap(first, this) {
                (check, twin, doubt) = (Check::Race, Some(index), None);
            } else if check == Check::Repeat {
                doubt = doubt.or_else(|| repeat_doubt(first, this));
            }
            // Only a key could show it to be worse.
            if check == Check::Race && this.idempotency.is_none() {
                break;
            }
        }
        let mut issue = self.blank(check, step);
        issue.evidence.extend(twin);
        issue.evidence.extend(self.run.seen.before(activity, step.event).first());
        let name = self.run.automaton.label(activity);
        let expected = match check {
            Check::Replay => "one idempotency key, one request body".to_owned(),
            Check::Race => format!("one {name} at a time"),
            _ => format!("one {name}"),
        };
        issue.expected = vec![expected.into()];
        issue.doubt = doubt;
        Some(issue)
    }
}

/// Whether a later call carries an earlier one's idempotency key with another body. `None` when it cannot be told.
pub(super) fn is_replay(first: &Event, again: &Event) -> Option<bool> {
    let same_key = first.idempotency.zip(again.idempotency).is_some_and(|(a, b)| a == b);
    let same_actor = first.actor.principal.as_ref().zip(again.actor.principal.as_ref()).map(|(a, b)| a == b);
    let other_body = first.body_hash.zip(again.body_hash).map(|(a, b)| a != b);
    let same_place = first.operation == again.operation && (first.operation.is_some() || first.path == again.path);
    if !same_key || again.answer.replayed || !same_place || same_actor == Some(false) || other_body == Some(false) {
        return Some(false);
    }
    same_actor.and(other_body)
}

/// Why a key that came again with another body may be a mere retry.
pub(super) fn replay_doubt(first: &Event, again: &Event, modelled: bool) -> Option<Doubt> {
    if !modelled {
        let because = "without a model, what changes with each try is not told from other content";
        return Some(Doubt::new(FOR_REVIEW, because));
    }
    let because = "the answer is that of the first: the server may have kept to its record";
    same_answer(first, again).then(|| Doubt::new(SAME_ANSWER, because))
}

/// Why a repeat may be a mere retry without a key: soon after, the same person sent the same and got, as far as seen, the
/// same answer. An answer that is the same proves little: `{"state": "paid"}` is, whatever was done.
fn repeat_doubt(first: &Event, again: &Event) -> Option<Doubt> {
    let soon = again.time.saturating_sub(first.end.max(first.time)) <= RETRIED_WITHIN;
    let same_person = first.actor.principal.is_some() && first.actor.principal == again.actor.principal;
    let same_body = first.body_hash.is_some() && first.body_hash == again.body_hash;
    let keyless = first.idempotency.is_none() && again.idempotency.is_none();
    let unseen = first.answer.body_hash.is_none() && again.answer.body_hash.is_none() && first.status == again.status;
    let because = match (soon && same_person && same_body && keyless, same_answer(first, again)) {
        (true, true) => "the same request, soon after, got the same answer: it may be a retry without a key",
        (true, false) if unseen => {
            "the same request came soon after, and no answer shows what it did: it may be a retry"
        }
        _ => return None,
    };
    Some(Doubt::new(SAME_ANSWER, because))
}

/// Whether two answers are surely the same.
fn same_answer(first: &Event, again: &Event) -> bool {
    let same_body = first.answer.body_hash.is_some() && first.answer.body_hash == again.answer.body_hash;
    same_body && first.status == again.status
}

/// Whether a false guard demands that a value of the event equal a value of an object.
fn is_mismatch(guard: &Expression, scope: &CaseScope<'_, '_>) -> bool {
    let mut parts = Vec::new();
    conjuncts(&guard.node, &mut parts);
    parts.iter().any(|part| {
        let Node::Binary(Operator::Equal, left, right) = part else { return false };
        let of_event = |n: &Node| {
            !any_path(n, &mut |p| matches!(p.root, Root::Object(_) | Root::Actor)) && any_path(n, &mut |_| true)
        };
        let of_object = |n: &Node| any_path(n, &mut |p| matches!(p.root, Root::Object(_)));
        let compares = of_event(left) && of_object(right) || of_object(left) && of_event(right);
        let alone = Expression { text: guard.text.clone(), node: (*part).clone() };
        compares && truth(&alone, scope) == Truth::False
    })
}

/// The actor in words that `by` could name.
pub(super) fn actor_words(event: &Event) -> Vec<Arc<str>> {
    let actor = &event.actor;
    match &actor.agent {
        Some(agent) => vec![agent.clone()],
        None if actor.roles.is_empty() => [Some(actor.kind.clone()), actor.principal.clone()]
            .into_iter()
            .flatten()
            .filter(|w| !w.is_empty())
            .collect(),
        None => actor.roles.clone(),
    }
}
