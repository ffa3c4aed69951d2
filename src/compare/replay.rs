//! Replay of one object's life: belief before and after every step, and the steps that no belief explains.

use std::collections::{BTreeMap, BTreeSet};

use super::automaton::{Automaton, StateSet};
use super::belief::Belief;
use super::classify::{Issue, Judge};
use super::deviation::Check;
use super::history::{History, Unseen};
use super::retry::{Retry, Tried};
use super::step::{Fit, Step};
use super::timeline::Timeline;
use super::unordered::{Path, Pending, explore};
use crate::event::{Event, Outcome};
use crate::model::expression::Truth;
use crate::model::{ActivityId, ObjectTypeId};

/// Steps before an answer of which it may still show what was before them.
const MOST_LAGGING: usize = 32;

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
    /// So it is after a write that is no activity, or such a write wrote a state that is not a possible one.
    Alternative,
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
    /// For each step what it would be if it is no retry, where only a hidden idempotency key could tell.
    pub(super) doubts: Vec<Option<Check>>,
    /// For each step what it would be if the conditions that the source hides did not hold.
    pub(super) unguarded: Vec<Option<Check>>,
    /// Deviations of the lifecycle.
    pub(super) issues: Vec<Issue>,
    /// When each step was accepted.
    pub(super) seen: Seen,
    /// Positions in `steps` by event.
    pub(super) places: BTreeMap<usize, usize>,
    /// Positions of misplaced steps for which the next step made up.
    pub(super) amended: BTreeSet<usize>,
    /// Whether unordered events, blind spots or unknown outcomes left a doubt.
    pub(super) doubtful: bool,
    /// Whether too many events had no order to try all.
    pub(super) over_budget: bool,
    /// Positions of writes of no activity of which a later answer showed that the server took what they wrote.
    pub(super) confirmed: BTreeSet<usize>,
}

/// Replays one object; `timelines` are the states of the case's objects as far as they are known.
pub(super) fn replay(history: &History<'_>, life: usize, timelines: &[Timeline]) -> Option<Replay> {
    let (run, steps) = begin(history, life, timelines)?;
    Some(run.replay(steps))
}

/// A replay of one object with its steps.
fn begin<'r, 'a>(history: &'r History<'a>, life: usize, timelines: &'r [Timeline]) -> Option<(Run<'r, 'a>, Vec<Step>)> {
    let object_type = history.life(life)?.object_type?;
    let automaton = history.plan.automaton(object_type)?;
    let mut run = Run { history, life, object_type, automaton, timelines, seen: Seen::default() };
    let steps = run.steps();
    run.seen = Seen::of(&steps);
    Some((run, steps))
}

/// A replay that has not begun, for tests of its parts.
#[cfg(test)]
pub(super) fn of_life<'r, 'a>(history: &'r History<'a>, life: usize) -> Option<(Run<'r, 'a>, Vec<Step>)> {
    begin(history, life, &[])
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
    /// When each step was accepted.
    pub(super) seen: Seen,
}

/// The accepted events of one life by their activity, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(BTreeMap<ActivityId, Vec<usize>>);

impl Seen {
    /// Indexes the steps of a life, which are in order.
    fn of(steps: &[Step]) -> Self {
        let mut seen = Seen::default();
        for step in steps.iter().filter(|s| !s.uncertain) {
            if let Some(activity) = step.activity {
                seen.0.entry(activity).or_default().push(step.event);
            }
        }
        seen
    }

    /// Events of an activity before another event.
    pub(super) fn before(&self, activity: ActivityId, event: usize) -> &[usize] {
        let all = self.0.get(&activity).map_or(&[][..], |all| all);
        all.get(..all.partition_point(|e| *e < event)).unwrap_or(all)
    }

    /// Activities that were first seen at an event or between it and another.
    fn begun(&self, from: usize, to: usize) -> impl Iterator<Item = ActivityId> {
        let between = move |all: &Vec<usize>| all.first().is_some_and(|first| (from..to).contains(first));
        self.0.iter().filter(move |(_, all)| between(all)).map(|(activity, _)| *activity)
    }

    /// Events of an activity after another event.
    pub(super) fn after(&self, activity: ActivityId, event: usize) -> &[usize] {
        let all = self.0.get(&activity).map_or(&[][..], |all| all);
        all.get(all.partition_point(|e| *e <= event)..).unwrap_or(&[])
    }
}

/// What one step makes of a belief.
pub(super) struct Stepped {
    /// What may be true after it.
    pub(super) belief: Belief,
    /// Why it is misplaced, where it is.
    pub(super) fault: Option<Fault>,
}

impl Run<'_, '_> {
    /// States before the first step.
    pub(super) fn start(&self) -> Belief {
        let born = self.history.life(self.life).and_then(|l| l.born);
        match born {
            Some(_) => Belief::of(self.automaton, StateSet::single(self.automaton.len(), self.automaton.initial)),
            None => Belief::of(self.automaton, StateSet::all(self.automaton.len())),
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
            let amends = self.last_misplaced(&out);
            let placed = |s: &Step| Step {
                left: self.left(s, &out),
                perhaps: self.perhaps(s, cluster, &out),
                amends: self.may_amend(s, &amends, &out),
                ..s.clone()
            };
            let cluster: Vec<Step> = cluster.iter().map(placed).collect();
            let until = spans.iter().map(|e| e.end.max(e.time)).max().unwrap_or(i64::MIN);
            let unseen = self.history.unseen(self.life, seen_to, until);
            let by_itself = || belief.widen(self.automaton, &self.history.by_itself(self.life));
            let widened = !unseen.is_nothing() && belief.widen(self.automaton, &unseen) != by_itself();
            let uncertain = cluster.iter().any(|s| s.uncertain || matches!(s.retry, Retry::Perhaps | Retry::SameKey));
            out.doubtful |= widened || uncertain;
            belief = self.cluster(belief, &cluster, &unseen, &steps, &mut excused, &mut out);
            let last = spans.iter().map(|e| e.time).max().unwrap_or(i64::MIN);
            seen_to = if seen_to == i64::MAX { last } else { seen_to.max(last) };
        }
        out.timeline.close(self.history);
        self.judge_rejected(&steps, &mut out);
        out.seen = self.seen.clone();
        out.places = out.steps.iter().enumerate().map(|(place, step)| (step.event, place)).collect();
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
            _ => match explore(self, &belief, steps, unseen, excused) {
                Some(path) => path,
                None => return self.give_up(&belief, (steps, all), unseen, excused, out),
            },
        };
        let afters = path.trail.iter().skip(1).map(|(_, before)| before).chain([&path.belief]);
        let order = Pending::order(path.trail.iter().filter_map(|(place, _)| steps.get(*place)));
        for (taken, ((place, before), after)) in path.trail.iter().zip(afters).enumerate() {
            let Some(step) = steps.get(*place) else { continue };
            let fault = self.step(before, step, excused.contains(&step.event)).fault;
            if fault.is_none() {
                self.confirm(before, step, out);
            }
            let judge =
                Judge { run: self, steps: all, before, pending: Pending::after(&order, taken), rejected: false };
            self.judge(&judge, step, fault, excused, out);
            let misplaced = fault.is_none() && before.step(self.automaton, &step.possible()).is_empty();
            if let Some((place, _)) = step.amends.as_ref().filter(|_| misplaced && self.amended(step).is_some()) {
                out.amended.insert(*place);
            }
            out.doubts.push(self.doubt(&judge, step));
            out.unguarded.push(self.unguarded(&judge, step));
            out.timeline.steps.push((step.event, before.states(self.automaton), after.states(self.automaton)));
        }
        out.timeline.end_run(self.automaton, path.trail.len());
        path.belief
    }

    /// Notes a step, and its deviation where it is one.
    fn judge(
        &self,
        judge: &Judge<'_, '_, '_>,
        step: &Step,
        fault: Option<Fault>,
        excused: &mut BTreeSet<usize>,
        out: &mut Replay,
    ) {
        if let Some((issue, excuses)) = fault.and_then(|fault| judge.issue(step, fault)) {
            excused.extend(excuses);
            out.issues.push(issue);
        }
        out.steps.push(step.clone());
        out.faults.push(fault);
    }

    /// What a step would be called, were it surely no retry of an earlier one.
    fn doubt(&self, judge: &Judge<'_, '_, '_>, step: &Step) -> Option<Check> {
        if step.retry != Retry::Perhaps || step.uncertain {
            return None;
        }
        let anew = Step { retry: Retry::No, ..step.clone() };
        let fault = self.step(judge.before, &anew, false).fault?;
        judge.issue(&anew, fault).map(|(issue, _)| issue.check)
    }

    /// What a step would be called that only conditions allow of which the source does not show whether they hold.
    fn unguarded(&self, judge: &Judge<'_, '_, '_>, step: &Step) -> Option<Check> {
        let hides = |fit: &Fit| fit.role != Truth::False && fit.guard == Truth::Unknown;
        if step.uncertain || !step.fits.iter().any(hides) {
            return None;
        }
        let mut refused = step.clone();
        refused.fits.iter_mut().filter(|fit| hides(fit)).for_each(|fit| fit.guard = Truth::False);
        let fault = self.step(judge.before, &refused, false).fault?;
        judge.issue(&refused, fault).map(|(issue, _)| issue.check)
    }

    fn alone(&self, belief: &Belief, step: &Step, unseen: &Unseen, excused: bool) -> Path {
        let before = belief.widen(self.automaton, unseen);
        let belief = self.step(&before, step, excused).belief;
        Path { trail: vec![(0, before)], belief }
    }

    /// Too many orders to try: each of the steps may have come at any time, and as often as it likes. What is no step of
    /// the model even so is a deviation in every order; the rest stays open.
    fn give_up(
        &self,
        belief: &Belief,
        (steps, all): (&[Step], &[Step]),
        unseen: &Unseen,
        excused: &mut BTreeSet<usize>,
        out: &mut Replay,
    ) -> Belief {
        out.over_budget = true;
        let taken: BTreeSet<ActivityId> = steps.iter().filter_map(|s| s.activity).collect();
        let mut states = belief.states(self.automaton);
        for activity in &taken {
            states.union_with(&self.automaton.targets(*activity));
        }
        steps.iter().filter_map(|s| s.declared).for_each(|declared| states.insert(declared));
        let any = |activity: ActivityId| taken.contains(&activity) || unseen.may_hide(activity);
        let mut wide = belief.reset(self.automaton, self.automaton.closure_by(&states, any));
        for step in steps {
            let fault = self.step(&wide, step, excused.contains(&step.event)).fault;
            let judge = Judge { run: self, steps: all, before: &wide, pending: Pending::none(), rejected: false };
            self.judge(&judge, step, fault, excused, out);
            out.doubts.push(None);
            out.unguarded.push(None);
            let states = wide.states(self.automaton);
            out.timeline.steps.push((step.event, states.clone(), states));
            if let [edge] = step.possible()[..]
                && fault.is_none()
                && !step.uncertain
                && step.retry == Retry::No
            {
                wide = wide.having_taken(self.automaton, edge);
            }
        }
        out.timeline.end_run(self.automaton, steps.len());
        wide
    }

    /// One step from a belief.
    pub(super) fn step(&self, before: &Belief, step: &Step, excused: bool) -> Stepped {
        let mut fault = None;
        let mut belief = match step.activity {
            None => before.clone(),
            Some(activity) => {
                let moved = before.step(self.automaton, &step.possible());
                match step.retry {
                    _ if step.uncertain => before.clone().or(&moved),
                    Retry::OfAccepted => before.clone(),
                    Retry::Perhaps | Retry::SameKey => before.clone().or(&moved),
                    _ if !moved.is_empty() => moved,
                    Retry::OfUnknown => before.clone(),
                    Retry::No if excused => before.clone(),
                    Retry::No => match self.amended(step) {
                        Some(amended) => amended,
                        None => {
                            let (found, belief) = self.wrong_step(before, step, activity);
                            fault = Some(found);
                            belief
                        }
                    },
                }
            }
        };
        if let Some(declared) = step.declared {
            belief = match belief.narrow(self.automaton, declared) {
                Some(narrowed) => narrowed,
                // An answer that lags says nothing of where the object is now.
                None if fault.is_none() && self.lags(before, step, declared) => belief,
                // It was told of the write that wrote it.
                None if step.perhaps.as_ref().is_some_and(|perhaps| perhaps.contains(declared)) => {
                    belief.reset(self.automaton, StateSet::single(self.automaton.len(), declared))
                }
                None => {
                    let mut states = StateSet::single(self.automaton.len(), declared);
                    if self.of_others(step, declared, &belief) {
                        // The server's word is believed.
                    } else if step.unmodelled {
                        fault = Some(Fault::Alternative);
                    } else if fault.is_none() && !excused {
                        fault = Some(Fault::Diverge);
                        // Where the next answer shows the expected state again, this one was the odd one out.
                        states.union_with(&belief.states(self.automaton));
                    }
                    belief.reset(self.automaton, states)
                }
            };
        }
        // Nothing shows that the server took what a request wrote: belief stays.
        if step.declared.is_none() && step.written.is_some_and(|to| !before.states(self.automaton).contains(to)) {
            fault = Some(Fault::Alternative);
        }
        Stepped { belief, fault }
    }

    /// Whether a declared state shows what others did out of sight of the one client whose recording is all there is: it
    /// did not write it itself, and steps of the model lead there.
    fn of_others(&self, step: &Step, declared: usize, belief: &Belief) -> bool {
        let led = || self.automaton.closure(&belief.states(self.automaton)).contains(declared);
        self.history.blindness.of_others.is_some() && step.written != Some(declared) && led()
    }

    /// States that writes of no activity wrote since the object was last shown, where a step shows it.
    fn perhaps(&self, step: &Step, cluster: &[Step], out: &Replay) -> Option<StateSet> {
        step.declared?;
        let mut perhaps = StateSet::empty(self.automaton.len());
        let earlier = out.steps.iter().rev().take(MOST_LAGGING).take_while(|_| self.history.afford(1));
        let since = earlier.take_while(|s| s.declared.is_none());
        let beside = cluster.iter().filter(|s| s.event != step.event && s.declared.is_none()).take(MOST_LAGGING);
        since.chain(beside).filter_map(|s| s.written).for_each(|written| perhaps.insert(written));
        (!perhaps.is_empty()).then_some(perhaps)
    }

    /// Lifts the doubt of the one write that wrote the state which an answer now shows, and to which nothing else led.
    fn confirm(&self, before: &Belief, step: &Step, out: &mut Replay) {
        let Some(declared) = step.declared.filter(|_| step.activity.is_none() && step.perhaps.is_some()) else {
            return;
        };
        if before.narrow(self.automaton, declared).is_some() {
            return;
        }
        let since = (0..out.steps.len()).rev().take(MOST_LAGGING);
        let since = since.map_while(|place| out.steps.get(place).map(|s| (place, s)));
        let mut wrote = since.take_while(|(_, s)| s.declared.is_none()).filter(|(_, s)| s.written == Some(declared));
        let (Some((place, writer)), None) = (wrote.next(), wrote.next()) else { return };
        let of_it = |issue: &&mut Issue| issue.event == writer.event && issue.check == Check::Alternative;
        out.issues.iter_mut().filter(of_it).for_each(|issue| issue.doubt = None);
        out.confirmed.insert(place);
    }

    /// The misplaced step for which a step may make up: of the same actor, and to no restricted state.
    fn may_amend(&self, step: &Step, last: &Option<(usize, StateSet)>, out: &Replay) -> Option<(usize, StateSet)> {
        let (place, before) = last.as_ref()?;
        let who = |event: usize| self.history.event(event)?.actor.principal.clone();
        let misplaced = out.steps.get(*place)?;
        let (_, _, after) = out.timeline.steps.get(*place)?;
        let same = who(misplaced.event).is_some_and(|first| who(step.event) == Some(first));
        (same && !after.intersects(&self.automaton.restricted)).then(|| (*place, before.clone()))
    }

    /// The last step that fitted no state, with the states before it.
    fn last_misplaced(&self, out: &Replay) -> Option<(usize, StateSet)> {
        let moving = |place: &usize| out.steps.get(*place).is_some_and(|s| s.activity.is_some());
        let last = (0..out.steps.len()).rev().take(MOST_LAGGING).find(moving)?;
        out.faults.get(last).filter(|fault| **fault == Some(Fault::Structure))?;
        Some((last, out.timeline.steps.get(last)?.1.clone()))
    }

    /// Where a step leads that makes up for the misplaced one before it: it would have been allowed without that one, and
    /// ends the object's life in no restricted state, as a cancellation does.
    fn amended(&self, step: &Step) -> Option<Belief> {
        let (_, before) = step.amends.as_ref()?;
        let moved = Belief::of(self.automaton, before.clone()).step(self.automaton, &step.possible());
        let ends = !moved.is_empty() && moved.states(self.automaton).is_subset(&self.automaton.harmless_ends());
        ends.then_some(moved)
    }

    /// Whether an answer may show where the object was a moment ago: a step was taken so shortly before, or is only taken
    /// on and not done (`202`).
    fn lags(&self, before: &Belief, step: &Step, declared: usize) -> bool {
        let left = step.left.as_ref().is_some_and(|left| left.contains(declared));
        left || step.taken_on && step.activity.is_some() && before.states(self.automaton).contains(declared)
    }

    /// States that earlier steps led out of, where these ended within `check.state_lag` before an answer that declares a
    /// state, or were only taken on and have not been seen done since.
    fn left(&self, step: &Step, out: &Replay) -> Option<StateSet> {
        step.declared?;
        let event = self.history.event(step.event)?;
        let lag = self.history.plan.model.check.state_lag;
        let mut left = StateSet::empty(self.automaton.len());
        let mut shown = false;
        let earlier = out.steps.iter().zip(&out.timeline.steps).rev().take(MOST_LAGGING);
        for (earlier, (_, before, after)) in earlier.take_while(|_| self.history.afford(1)) {
            let Some(first) = self.history.event(earlier.event) else { continue };
            let Some(activity) = earlier.activity else {
                shown |= earlier.declared.is_some() && after.only() == earlier.declared;
                continue;
            };
            let waiting = first.status == Some(202) && !shown;
            if waiting || event.time.saturating_sub(first.end.max(first.time)) <= lag {
                let mut from = self.automaton.sources(activity);
                from.intersect_with(before);
                left.union_with(&from);
            }
        }
        (!left.is_empty()).then_some(left)
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
        if states.is_empty() || repeats || self.is_extra(&possible, step, activity) {
            // What happens again, or out of any order, may also have had no effect.
            states.union_with(&possible);
        }
        (Fault::Structure, before.reset(self.automaton, states))
    }

    /// Whether a misplaced step is rather one too many than one after others that nobody saw: no steps lead to it, its
    /// place has passed, or they lead there only by such as were seen in this life before.
    fn is_extra(&self, possible: &StateSet, step: &Step, activity: ActivityId) -> bool {
        let ahead = self.automaton.ahead(possible, &self.automaton.sources(activity));
        let way = self.automaton.path(possible, &ahead, &|_| false);
        way.is_none_or(|steps| steps.iter().any(|missing| !self.seen.before(missing.activity, step.event).is_empty()))
    }

    /// Whether a step, where it is misplaced, leads to the same as a later one that is like it: no step that may lead to
    /// them was first seen between the two.
    pub(super) fn errs_alike(&self, first: &Step, second: &Step) -> bool {
        let Some(activity) = first.activity else { return true };
        let sources = self.automaton.sources(activity);
        let leads = |other: ActivityId| {
            self.automaton.closure_by(&self.automaton.targets(other), |_| true).intersects(&sources)
        };
        !self.seen.begun(first.event, second.event).any(leads)
    }

    /// Refused attempts: what they would have been had the server accepted them.
    fn judge_rejected(&self, steps: &[Step], out: &mut Replay) {
        let Some(life) = self.history.life(self.life) else { return };
        let mut known = BTreeSet::new();
        let tried = Tried::of(self.history, steps);
        for touch in &life.touches {
            let Some(event) = self.history.event(touch.event).filter(|e| e.outcome == Outcome::Rejected) else {
                continue;
            };
            let Some(activity) = self.moving_activity(touch.event) else { continue };
            let Some(states) = out.timeline.possible(self.history, touch.event, false) else { continue };
            let before = Belief::of(self.automaton, states);
            let fits = self.fits(activity, touch.event);
            let retry = tried.retry(self.history, steps, activity, event);
            let step = Step {
                event: touch.event,
                activity: Some(activity),
                uncertain: false,
                declared: None,
                written: None,
                unmodelled: false,
                taken_on: false,
                retry,
                left: None,
                perhaps: None,
                amends: None,
                fits,
            };
            let Some(fault) = self.step(&before, &step, false).fault else { continue };
            let judge = Judge { run: self, steps, before: &before, pending: Pending::none(), rejected: true };
            if let Some((issue, _)) = judge.issue(&step, fault)
                && known.insert((issue.check, activity, event.actor.principal.clone()))
            {
                out.issues.push(issue);
            }
        }
    }
}
