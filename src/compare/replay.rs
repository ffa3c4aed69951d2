//! Replay of one object's life: belief before and after every step, and the steps that no belief explains.

use std::collections::{BTreeMap, BTreeSet};

use super::automaton::{Automaton, StateSet};
use super::belief::Belief;
use super::classify::{Issue, Judge};
use super::history::{History, Timeline, Unseen};
use super::order::is_retry;
use super::permission::permits;
use super::scope::CaseScope;
use crate::event::{Event, Outcome};
use crate::model::expression::{Truth, truth};
use crate::model::{ActivityId, ObjectTypeId, Transition};

/// Sets of steps explored at once within one run of unordered events; beyond, belief is widened instead.
const MAX_EXPLORED: usize = 1024;

/// Whether an actor may take a transition and whether its conditions hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    /// Index of the edge.
    pub(super) edge: usize,
    /// `by` and `kind`.
    pub(super) role: Truth,
    /// `when` and `within`.
    pub(super) guard: Truth,
}

impl Fit {
    /// Nothing that was seen forbids it.
    pub(super) fn possible(self) -> bool {
        self.role != Truth::False && self.guard != Truth::False
    }
}

/// Whether a step repeats an earlier one only for safety.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retry {
    /// It does not.
    No,
    /// The source does not show enough to tell.
    Perhaps,
    /// Of a step that was accepted: nothing happens again.
    OfAccepted,
    /// Of a step whose outcome was not seen: this one makes sure.
    OfUnknown,
}

/// One event of the life that can move its state or shows it.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Index of the event.
    pub(super) event: usize,
    /// The activity, where it can move the state.
    pub(super) activity: Option<ActivityId>,
    /// Its outcome was not seen.
    pub(super) uncertain: bool,
    /// State that the server declared.
    pub(super) declared: Option<usize>,
    /// Whether it is a retry.
    pub(super) retry: Retry,
    /// Its transitions.
    pub(super) fits: Vec<Fit>,
}

impl Step {
    /// Edges that nothing seen forbids.
    pub(super) fn possible(&self) -> Vec<usize> {
        self.fits.iter().filter(|f| f.possible()).map(|f| f.edge).collect()
    }
}

/// Why no belief explains a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// No transition starts from a possible state.
    Structure,
    /// Transitions fit; the actor may take none of them.
    Role,
    /// Transitions fit; their conditions are false.
    Guard,
    /// The declared state is not a possible one.
    Diverge,
}

/// What replaying one life yields.
#[derive(Clone, Debug, Default)]
pub(super) struct Replay {
    /// Possible states over time.
    pub(super) timeline: Timeline,
    /// Steps in the order replayed.
    pub(super) steps: Vec<Step>,
    /// For each step whether it broke the lifecycle.
    pub(super) faults: Vec<Option<Fault>>,
    /// Deviations of the lifecycle.
    pub(super) issues: Vec<Issue>,
    /// Whether unordered events, blind spots or unknown outcomes left a doubt.
    pub(super) doubtful: bool,
    /// Whether too many events had no order to try all.
    pub(super) over_budget: bool,
}

/// Replays one object; `timelines` are the states of the case's objects as far as they are known.
pub(super) fn replay(history: &History<'_>, life: usize, timelines: &[Timeline]) -> Option<Replay> {
    let object_type = history.life(life)?.object_type?;
    let automaton = history.plan.automaton(object_type)?;
    let run = Run { history, life, object_type, automaton, timelines };
    let steps = run.steps();
    Some(run.replay(steps))
}

/// One replay under way.
pub(super) struct Run<'r, 'a> {
    /// The case.
    pub(super) history: &'r History<'a>,
    /// The object.
    pub(super) life: usize,
    /// Its type.
    pub(super) object_type: ObjectTypeId,
    /// Its automaton.
    pub(super) automaton: &'r Automaton,
    /// States of the case's objects.
    pub(super) timelines: &'r [Timeline],
}

struct Stepped {
    belief: Belief,
    fault: Option<Fault>,
}

/// The best way found to order some of a run's steps.
struct Path {
    faults: Vec<usize>,
    trail: Vec<usize>,
    /// Belief before each step of the trail; it joins those of all orders of the steps before that are as good.
    befores: Vec<Belief>,
    belief: Belief,
}

impl Run<'_, '_> {
    fn steps(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        let Some(life) = self.history.life(self.life) else { return steps };
        for touch in &life.touches {
            let (Some(event), Some(reference)) = (self.history.event(touch.event), self.history.reference(*touch))
            else {
                continue;
            };
            if event.outcome == Outcome::Rejected || !self.history.plan.in_force(event) {
                continue;
            }
            let accepted = event.outcome == Outcome::Accepted;
            let declared =
                reference.declared_state.as_deref().filter(|_| accepted).and_then(|name| self.automaton.state(name));
            if let Some(known) = steps.last_mut().filter(|s| s.event == touch.event) {
                known.declared = known.declared.or(declared);
                continue;
            }
            let activity = self.moving_activity(touch.event);
            if activity.is_none() && declared.is_none() {
                continue;
            }
            let retry = activity.map_or(Retry::No, |a| self.retry(&steps, a, event));
            let fits = activity.map_or_else(Vec::new, |a| self.fits(a, touch.event));
            steps.push(Step { event: touch.event, activity, uncertain: !accepted, declared, retry, fits });
        }
        steps
    }

    fn moving_activity(&self, event: usize) -> Option<ActivityId> {
        let read = self.history.event(event).is_none_or(|e| e.read);
        self.history.activity(event).filter(|a| !read && self.history.plan.governs(*a, self.object_type))
    }

    fn retry(&self, earlier: &[Step], activity: ActivityId, again: &Event) -> Retry {
        let keyed = self.history.plan.activity_of(activity).is_some_and(|a| a.idempotency.is_some());
        let mut answer = Retry::No;
        // Only a log without headers can hide the key of a step that carries one.
        if again.idempotency.is_none() && (!keyed || again.shows.headers) {
            return Retry::No;
        }
        if !self.history.afford(earlier.len()) {
            return Retry::Perhaps;
        }
        for step in earlier.iter().filter(|s| s.activity == Some(activity)) {
            let Some(first) = self.history.event(step.event) else { continue };
            match is_retry(first, again, keyed) {
                Some(true) if step.uncertain => answer = Retry::OfUnknown,
                Some(true) => return Retry::OfAccepted,
                None if answer == Retry::No => answer = Retry::Perhaps,
                _ => {}
            }
        }
        answer
    }

    /// What is known of each transition of an activity at an event.
    pub(super) fn fits(&self, activity: ActivityId, event: usize) -> Vec<Fit> {
        let edges = self.automaton.on(activity);
        edges.iter().filter_map(|edge| self.fit(*edge, event)).collect()
    }

    fn fit(&self, edge: usize, at: usize) -> Option<Fit> {
        let transition = self.history.plan.transition(self.object_type, edge)?;
        let event = self.history.event(at)?;
        let role = permits(transition, event, &self.history.plan.model.actors);
        let scope = CaseScope { history: self.history, at, after: false, timelines: self.timelines };
        let when = transition.when.as_ref().map_or(Truth::True, |guard| truth(guard, &scope));
        let guard = match (when, self.in_time(transition, at)) {
            (Truth::False, _) | (_, Truth::False) => Truth::False,
            (Truth::True, Truth::True) => Truth::True,
            _ => Truth::Unknown,
        };
        Some(Fit { edge, role, guard })
    }

    /// `within`: not too long after the last accepted event of an activity.
    fn in_time(&self, transition: &Transition, at: usize) -> Truth {
        let Some((after, longest)) = transition.within else { return Truth::True };
        let Some(event) = self.history.event(at) else { return Truth::Unknown };
        match self.last_of(after, at) {
            None => Truth::Unknown,
            Some(last) if since(last, event) <= longest => Truth::True,
            Some(last)
                if last.outcome == Outcome::Unknown
                    || self.history.may_have(self.life, after, last.time, event.time) =>
            {
                Truth::Unknown
            }
            Some(_) => Truth::False,
        }
    }

    /// The last event of an activity on the object that is not surely after an event.
    fn last_of(&self, activity: ActivityId, at: usize) -> Option<&Event> {
        let event = self.history.event(at)?;
        let touches = self.history.life(self.life)?.touches.iter().rev().take_while(|_| self.history.afford(1));
        touches
            .filter(|t| t.event != at && self.history.activity(t.event) == Some(activity))
            .filter_map(|t| self.history.event(t.event))
            .find(|e| e.outcome != Outcome::Rejected && !self.history.precedence().before(event, e))
    }

    /// How long after the last event of an activity an event began, in microseconds.
    pub(super) fn time_since(&self, activity: ActivityId, at: usize) -> Option<i64> {
        Some(since(self.last_of(activity, at)?, self.history.event(at)?))
    }

    /// States before the first step.
    fn start(&self) -> Belief {
        let born = self.history.life(self.life).and_then(|l| l.born);
        match born {
            Some(_) => Belief::of(StateSet::single(self.automaton.len(), self.automaton.initial)),
            None => Belief::of(StateSet::all(self.automaton.len())),
        }
    }

    fn replay(&self, steps: Vec<Step>) -> Replay {
        let mut belief = self.start();
        let mut out = Replay::default();
        out.timeline.life = self.life;
        out.timeline.initial = Some(belief.states(self.automaton));
        let events: Vec<&Event> = steps.iter().filter_map(|s| self.history.event(s.event)).collect();
        let mut seen_to = self.history.life(self.life).and_then(|l| l.born).unwrap_or(i64::MAX);
        let mut excused = BTreeSet::new();
        for run in self.history.precedence().clusters(&events) {
            let (Some(cluster), Some(spans)) = (steps.get(run.clone()), events.get(run)) else { continue };
            let until = spans.iter().map(|e| e.end.max(e.time)).max().unwrap_or(i64::MIN);
            let unseen = self.history.unseen(self.life, seen_to, until);
            let widened = !unseen.is_nothing() && belief.widen(self.automaton, &unseen) != belief;
            let uncertain = cluster.iter().any(|s| s.uncertain || s.retry == Retry::Perhaps);
            out.doubtful |= widened || uncertain;
            belief = self.cluster(belief, cluster, &unseen, &steps, &mut excused, &mut out);
            let last = spans.iter().map(|e| e.time).max().unwrap_or(i64::MIN);
            seen_to = if seen_to == i64::MAX { last } else { seen_to.max(last) };
        }
        self.judge_rejected(&mut out);
        out
    }

    /// Takes the steps of one run, in whichever order explains most of them.
    fn cluster(
        &self,
        belief: Belief,
        steps: &[Step],
        unseen: &Unseen,
        all: &[Step],
        excused: &mut BTreeSet<usize>,
        out: &mut Replay,
    ) -> Belief {
        let path = match steps {
            [step] => self.alone(&belief, step, unseen, excused.contains(&step.event)),
            _ => match self.explore(&belief, steps, unseen, excused) {
                Some(path) => path,
                None => return self.give_up(&belief.widen(self.automaton, unseen), steps, out),
            },
        };
        let afters = path.befores.iter().skip(1).chain([&path.belief]);
        for ((index, before), after) in path.trail.iter().zip(&path.befores).zip(afters) {
            let Some(step) = steps.get(*index) else { continue };
            let fault = self.step(before, step, excused.contains(&step.event)).fault;
            let judge = Judge { run: self, steps: all, before, rejected: false };
            if let Some((issue, excuses)) = fault.and_then(|fault| judge.issue(step, fault)) {
                excused.extend(excuses);
                out.issues.push(issue);
            }
            out.timeline.steps.push((step.event, before.states(self.automaton), after.states(self.automaton)));
            out.steps.push(step.clone());
            out.faults.push(fault);
        }
        path.belief
    }

    fn alone(&self, belief: &Belief, step: &Step, unseen: &Unseen, excused: bool) -> Path {
        let before = belief.widen(self.automaton, unseen);
        let stepped = self.step(&before, step, excused);
        let faults = stepped.fault.map(|_| 0).into_iter().collect();
        Path { faults, trail: vec![0], befores: vec![before], belief: stepped.belief }
    }

    /// Too many events without order: anything that they could have done may have happened.
    fn give_up(&self, belief: &Belief, steps: &[Step], out: &mut Replay) -> Belief {
        out.over_budget = true;
        let mut states = belief.states(self.automaton);
        for activity in steps.iter().filter_map(|s| s.activity) {
            states.union_with(&self.automaton.targets(activity));
        }
        let before = belief.states(self.automaton);
        let wide = belief.reset(self.automaton.closure(&states));
        for step in steps {
            out.timeline.steps.push((step.event, before.clone(), wide.states(self.automaton)));
            out.steps.push(step.clone());
            out.faults.push(None);
        }
        wide
    }

    /// Explores the orders that the known precedence allows, set by set: fewest faults first, then the faults latest in
    /// the given order; beliefs of equally good orders are joined.
    fn explore(&self, belief: &Belief, steps: &[Step], unseen: &Unseen, excused: &BTreeSet<usize>) -> Option<Path> {
        if steps.len() > 64 {
            return None;
        }
        let precedence = self.history.precedence();
        let event = |i: usize| steps.get(i).and_then(|s| self.history.event(s.event));
        let earlier: Vec<u64> = (0..steps.len())
            .map(|i| {
                let before =
                    |j: &usize| event(*j).zip(event(i)).is_some_and(|(a, b)| *j != i && precedence.before(a, b));
                (0..steps.len()).filter(before).fold(0, |set, j| set | 1 << j)
            })
            .collect();
        let start = Path { faults: Vec::new(), trail: Vec::new(), befores: Vec::new(), belief: belief.clone() };
        let mut layer: BTreeMap<u64, Path> = BTreeMap::from([(0, start)]);
        let mut explored = 0;
        for _ in 0..steps.len() {
            let mut next: BTreeMap<u64, Path> = BTreeMap::new();
            for (set, path) in &layer {
                for (index, step) in steps.iter().enumerate() {
                    let needs = earlier.get(index).copied().unwrap_or(0);
                    if set & (1 << index) != 0 || needs & !set != 0 {
                        continue;
                    }
                    explored += 1;
                    if explored > MAX_EXPLORED * 8 || next.len() > MAX_EXPLORED {
                        return None;
                    }
                    let before = path.belief.widen(self.automaton, unseen);
                    let stepped = self.step(&before, step, excused.contains(&step.event));
                    let mut faults = path.faults.clone();
                    faults.extend(stepped.fault.map(|_| index));
                    faults.sort_unstable();
                    let mut trail = path.trail.clone();
                    trail.push(index);
                    let mut befores = path.befores.clone();
                    befores.push(before);
                    let found = Path { faults, trail, befores, belief: stepped.belief };
                    match next.remove(&(set | 1 << index)) {
                        Some(known) => next.insert(set | 1 << index, better(known, found)),
                        None => next.insert(set | 1 << index, found),
                    };
                }
            }
            layer = next;
        }
        layer.into_values().next()
    }

    /// One step from a belief.
    fn step(&self, before: &Belief, step: &Step, excused: bool) -> Stepped {
        let mut fault = None;
        let mut belief = match step.activity {
            None => before.clone(),
            Some(activity) => {
                let moved = before.step(self.automaton, &step.possible());
                match step.retry {
                    _ if step.uncertain => before.clone().or(&moved),
                    Retry::OfAccepted => before.clone(),
                    Retry::Perhaps => before.clone().or(&moved),
                    _ if !moved.is_empty() => moved,
                    Retry::OfUnknown => before.clone(),
                    Retry::No if excused => before.clone(),
                    Retry::No => {
                        let (found, belief) = self.wrong_step(before, step, activity);
                        fault = Some(found);
                        belief
                    }
                }
            }
        };
        if let Some(declared) = step.declared {
            belief = match belief.narrow(self.automaton, declared) {
                Some(narrowed) => narrowed,
                None => {
                    if fault.is_none() && !excused {
                        fault = Some(Fault::Diverge);
                    }
                    belief.reset(StateSet::single(self.automaton.len(), declared))
                }
            };
        }
        Stepped { belief, fault }
    }

    /// A step that no belief allows, and where the object is after it.
    fn wrong_step(&self, before: &Belief, step: &Step, activity: ActivityId) -> (Fault, Belief) {
        let by_role: Vec<usize> = step.fits.iter().filter(|f| f.role != Truth::False).map(|f| f.edge).collect();
        let moved = before.step(self.automaton, &by_role);
        if !moved.is_empty() {
            return (Fault::Guard, moved);
        }
        let moved = before.step(self.automaton, self.automaton.on(activity));
        if !moved.is_empty() {
            return (Fault::Role, moved);
        }
        let mut states = self.automaton.targets(activity);
        let possible = before.states(self.automaton);
        let repeats = !states.is_empty() && possible.is_subset(&states)
            || self.automaton.on(activity).iter().any(|e| before.exhausts(self.automaton, *e));
        if states.is_empty() || repeats {
            // What happens again may also have had no effect.
            states.union_with(&possible);
        }
        (Fault::Structure, before.reset(states))
    }

    /// Refused attempts: what they would have been had the server accepted them.
    fn judge_rejected(&self, out: &mut Replay) {
        let Some(life) = self.history.life(self.life) else { return };
        let mut known = BTreeSet::new();
        for touch in &life.touches {
            let Some(event) = self.history.event(touch.event).filter(|e| e.outcome == Outcome::Rejected) else {
                continue;
            };
            let Some(activity) = self.moving_activity(touch.event) else { continue };
            let Some(states) = out.timeline.possible(self.history, touch.event, false) else { continue };
            let before = Belief::of(states);
            let fits = self.fits(activity, touch.event);
            let retry = self.retry(&out.steps, activity, event);
            let step =
                Step { event: touch.event, activity: Some(activity), uncertain: false, declared: None, retry, fits };
            let Some(fault) = self.step(&before, &step, false).fault else { continue };
            let judge = Judge { run: self, steps: &out.steps, before: &before, rejected: true };
            if let Some((issue, _)) = judge.issue(&step, fault)
                && known.insert((issue.check, activity, event.actor.principal.clone()))
            {
                out.issues.push(issue);
            }
        }
    }
}

fn since(last: &Event, event: &Event) -> i64 {
    event.time.saturating_sub(last.end.max(last.time))
}

fn better(known: Path, found: Path) -> Path {
    let rank = |p: &Path| (p.faults.len(), std::cmp::Reverse(p.faults.clone()));
    match rank(&known).cmp(&rank(&found)) {
        std::cmp::Ordering::Less => known,
        std::cmp::Ordering::Greater => found,
        std::cmp::Ordering::Equal => {
            let (kept, other) = if known.trail <= found.trail { (known, found) } else { (found, known) };
            Path { belief: kept.belief.or(&other.belief), ..kept }
        }
    }
}
