//! Courses: moments of all threads are brought together by lane and key, sorted, and folded.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::rows::{PARTS, Row, Rows};
use super::{Job, PipelineError};
use crate::compare::Check;
use crate::compare::access::{Accesses, Review};
use crate::compare::course::{
    self, Amount, Bodies, Class, Clocks, Doors, Lane, Minute, Moment, Nested, Roster, Round, Slot, Stay, Step, Told,
    Traces, Use,
};
use crate::correlate::ledger::{self, IdHasher};
use crate::event::{Event, Mark, Outcome, Setting};
use crate::model::Model;

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;

impl Row for Moment {
    fn hash(&self) -> u64 {
        self.key.rotate_left(self.lane as u32)
    }

    fn fold(_: &mut Vec<Self>) {}
}

impl Row for Round {
    fn hash(&self) -> u64 {
        self.way
    }

    fn fold(_: &mut Vec<Self>) {}
}

impl Row for Minute {
    fn hash(&self) -> u64 {
        self.sensor
    }

    fn fold(rows: &mut Vec<Self>) {
        Minute::fold(rows);
    }
}

impl Row for Slot {
    fn hash(&self) -> u64 {
        self.step
    }

    fn fold(rows: &mut Vec<Self>) {
        Slot::fold(rows);
    }
}

impl Row for Amount {
    fn hash(&self) -> u64 {
        self.host
    }

    fn fold(rows: &mut Vec<Self>) {
        Amount::fold(rows);
    }
}

impl Row for Step {
    fn hash(&self) -> u64 {
        self.object
    }

    fn fold(_: &mut Vec<Self>) {}
}

impl Row for Stay {
    fn hash(&self) -> u64 {
        self.step
    }

    fn fold(_: &mut Vec<Self>) {}
}

impl Row for Nested {
    fn hash(&self) -> u64 {
        self.trace
    }

    fn fold(_: &mut Vec<Self>) {}
}

impl Row for Use {
    fn hash(&self) -> u64 {
        self.task
    }

    fn fold(rows: &mut Vec<Self>) {
        Use::fold(rows);
    }
}

/// What one thread writes down.
pub(super) struct Writer {
    ids: IdHasher,
    moments: Rows<Moment>,
    minutes: Rows<Minute>,
    slots: Rows<Slot>,
    uses: Rows<Use>,
    steps: Rows<Step>,
    amounts: Rows<Amount>,
    nested: Rows<Nested>,
    /// The model's activities that lead to an end.
    ending: BTreeSet<Arc<str>>,
    /// The last instant that was seen.
    end: i64,
    /// Whether a model says which roles actors have.
    modelled: bool,
    roster: Roster,
    accesses: Accesses,
    bodies: Bodies,
    clocks: Clocks,
    doors: Doors,
    traces: Traces,
    told: Told,
}

impl Writer {
    /// Nothing yet; rows spill into `folder` beyond `budget` bytes.
    pub(super) fn new(job: &Job, folder: &Path, budget: usize) -> Writer {
        Writer {
            ids: IdHasher::new(&job.hash_key),
            moments: Rows::new(folder.join("moments"), budget),
            minutes: Rows::new(folder.join("minutes"), budget / 4),
            slots: Rows::new(folder.join("slots"), budget / 4),
            uses: Rows::new(folder.join("uses"), budget / 4),
            steps: Rows::new(folder.join("steps"), budget / 4),
            amounts: Rows::new(folder.join("amounts"), budget / 4),
            nested: Rows::new(folder.join("nested"), budget / 4),
            ending: job.model.as_deref().map(ending).unwrap_or_default(),
            end: i64::MIN,
            modelled: job.model.is_some(),
            roster: Roster::default(),
            accesses: Accesses::default(),
            bodies: Bodies::default(),
            clocks: Clocks::default(),
            doors: Doors::default(),
            traces: Traces::default(),
            told: Told::default(),
        }
    }

    /// Writes down an event of which everything is known, and takes how it was asked for out of it.
    pub(super) fn note(&mut self, event: &mut Event) -> Result<(), PipelineError> {
        let Some(setting) = event.setting.take() else { return Ok(()) };
        let Writer {
            ids, moments, minutes, slots, uses, steps, amounts, ending, end, modelled, roster, accesses, ..
        } = self;
        let (bodies, clocks, doors, told) = (&mut self.bodies, &mut self.clocks, &mut self.doors, &mut self.told);
        *end = event.time.max(*end);
        let source = ledger::source(event.source);
        count(event, &setting, source, told);
        minutes.push(Minute::of(event, ids.value(&event.sensor), setting.address, source))?;
        let hash = |text: &str| ids.value(text);
        self.traces.note(event, hash(&event.sensor));
        let span = event.span.take();
        span.and_then(|span| Nested::of(event, *span, &hash, source))
            .into_iter()
            .try_for_each(|row| self.nested.push(row))?;
        accesses.note(event, &setting, &hash, source);
        let host = event.host.as_deref().unwrap_or_default();
        clocks.note(event, setting.drift, (hash(&event.sensor), hash(host)), source);
        if let Some(step) = event.activity.as_deref().or(event.operation.as_deref()) {
            let client = match (setting.address, event.actor.principal.as_deref()) {
                (0, Some(name)) => hash(name),
                (0, None) => event.actor.strand,
                (address, _) => address,
            };
            let step = ids.pair(hash(step), hash(host));
            Slot::of(event, step, client, source).into_iter().try_for_each(|slot| slots.push(slot))?;
            let ends = event.activity.as_ref().is_some_and(|activity| ending.contains(activity));
            Step::of(event, step, &hash, ends, source).into_iter().try_for_each(|step| steps.push(step))?;
        }
        let role = |name: &str| ids.kind(name);
        let class = Class::of(event, &setting, modelled.then_some(&role));
        roster.note(event, class);
        let actor = event.actor.principal.as_deref().map_or(setting.address, hash);
        Amount::of(event, (hash(host), actor), class, source).into_iter().try_for_each(|one| amounts.push(one))?;
        if event.outcome == Outcome::Accepted && event.answer.size.is_none() {
            told.count(Check::Volumes, source, None);
        }
        bodies.note(event, &setting, &hash, class, source);
        event.members = None;
        Use::of(event, &setting, &hash, class, source).into_iter().try_for_each(|one| uses.push(one))?;
        Moment::each(event, &setting, &hash, source, doors, |moment| moments.push(moment))
    }
}

/// The activities of a model that lead to an end, or may.
fn ending(model: &Model) -> BTreeSet<Arc<str>> {
    let steps = model.lifecycles.iter().flat_map(|life| life.transitions.iter().map(move |step| (life, step)));
    let ends = steps.filter(|(life, step)| life.states.get(step.to).is_none_or(|state| state.final_state));
    ends.filter_map(|(_, step)| model.activities.get(usize::from(step.activity.0))).map(|a| a.name.clone()).collect()
}

/// Counts what one event decides by itself, and what its source does not show.
fn count(event: &Event, setting: &Setting, source: u8, told: &mut Told) {
    let has = |mark| setting.marks.has(mark);
    let known = event.actor.principal.is_some();
    let write = !event.read && event.outcome == Outcome::Accepted;
    let mut blind = |check| told.count(check, source, None);
    if known && !event.shows.headers && event.actor.credential.is_none() {
        [Check::Concurrent, Check::Reused, Check::SharedKey, Check::Unsigned].into_iter().for_each(&mut blind);
        [Check::KeyAge, Check::KeyWide, Check::NotRotated, Check::Wildcard].into_iter().for_each(&mut blind);
        blind(Check::EnvironmentMix);
    }
    if has(Mark::Shows) && setting.life.is_none() || known && !event.shows.headers {
        blind(Check::LongLived);
    }
    if write && known && (setting.address == 0 || event.tick >= SECOND) {
        blind(Check::Clones);
    }
    if !event.read && event.body_hash.is_none() {
        blind(Check::RetryStorm);
    }
    if has(Mark::LoginWithoutAddress) {
        blind(Check::FailedThenIn);
    }
    if event.read && event.outcome == Outcome::Accepted && !has(Mark::ShowsAnswer) && !event.shows.response_body {
        blind(Check::BodySecret);
    }
    let hidden = has(Mark::HidesQuery);
    [Check::UrlCredential, Check::UrlPersonal]
        .into_iter()
        .for_each(|check| told.count(check, source, (!hidden).then_some(false)));
    if setting.life.is_some() {
        told.count(Check::LongLived, source, Some(false));
    }
    if !event.actor.scopes.is_empty() {
        told.count(Check::Wildcard, source, Some(false));
    }
    if has(Mark::ShowsAnswer) {
        told.count(Check::BodySecret, source, Some(false));
    }
    if has(Mark::Shows) || !has(Mark::Wire) {
        told.count(Check::Plain, source, has(Mark::Wire).then_some(false));
    }
}

/// Judges what all threads wrote down; `blind`: stretches that were not seen, in order and apart.
pub(super) fn judge(
    writers: Vec<Writer>,
    blind: &[(i64, i64)],
    job: &Job,
    scratch: &Path,
) -> Result<(Told, Review), PipelineError> {
    let (mut told, mut doors) = (Told::by(job.thresholds.clone()), Doors::default());
    let (mut accesses, mut bodies, mut clocks) = (Accesses::default(), Bodies::default(), Clocks::default());
    let (mut moments, mut minutes, mut slots) = (Vec::new(), Vec::new(), Vec::new());
    let (mut uses, mut roster) = (Vec::new(), Roster::default());
    let (mut nested, mut traces) = (Vec::new(), Traces::default());
    let (mut steps, mut amounts, mut end) = (Vec::new(), Vec::new(), i64::MIN);
    for writer in writers {
        told.add(writer.told);
        doors.add(writer.doors);
        moments.push(writer.moments);
        minutes.push(writer.minutes);
        slots.push(writer.slots);
        uses.push(writer.uses);
        steps.push(writer.steps);
        amounts.push(writer.amounts);
        nested.push(writer.nested);
        traces.merge(writer.traces);
        end = end.max(writer.end);
        roster.add(writer.roster);
        accesses.merge(writer.accesses);
        bodies.merge(writer.bodies);
        clocks.merge(writer.clocks);
    }
    let review = accesses.review();
    review.judge(&mut told);
    clocks.judge(&mut told);
    bodies.judge(&mut told);
    let ids = IdHasher::new(&job.hash_key);
    let mut stays: Rows<Stay> = Rows::new(scratch.join("stays"), job.memory / 16);
    let mut rounds: Rows<Round> = Rows::new(scratch.join("rounds"), job.memory / 16);
    for part in 0..PARTS {
        let mut rows = take(&mut moments, part)?;
        rows.sort_unstable_by_key(|moment| (moment.lane, moment.key, moment.order_key()));
        for course in rows.chunk_by(|a, b| (a.lane, a.key) == (b.lane, b.key)) {
            course::fold(course, &doors, &mut told);
            if course.first().is_some_and(|moment| moment.lane == Lane::Actor) {
                let mix = |a, b| ids.pair(a, b);
                Round::of(course, &mix).into_iter().try_for_each(|round| rounds.push(round))?;
            }
        }
        let mut rows = take(&mut steps, part)?;
        rows.sort_unstable();
        let mut each = rows.chunk_by(|a, b| a.object == b.object).flat_map(Stay::of);
        each.try_for_each(|stay| stays.push(stay))?;
    }
    for part in 0..PARTS {
        let mut rows = Vec::new();
        rounds.take_part(part, &mut rows)?;
        rows.sort_unstable();
        rows.chunk_by(|a, b| a.way == b.way).for_each(|way| course::clones(way, &mut told));
        let mut rows = Vec::new();
        stays.take_part(part, &mut rows)?;
        rows.sort_unstable();
        rows.chunk_by(|a, b| a.step == b.step).for_each(|of_step| course::stuck(of_step, end, &mut told));
        let mut rows = take(&mut nested, part)?;
        rows.sort_unstable_by_key(|row| (row.trace, row.at));
        rows.chunk_by(|a, b| a.trace == b.trace).for_each(|trace| traces.fold(trace, &mut told));
        let mut rows = take(&mut amounts, part)?;
        Amount::fold(&mut rows);
        rows.chunk_by(|a, b| a.host == b.host).for_each(|host| course::volumes(host, &mut told));
        let mut rows = take(&mut minutes, part)?;
        Minute::fold(&mut rows);
        rows.chunk_by(|a, b| a.sensor == b.sensor).for_each(|line| course::holes(line, blind, &mut told));
        let mut rows = take(&mut slots, part)?;
        Slot::fold(&mut rows);
        rows.chunk_by(|a, b| a.step == b.step).for_each(|line| course::slots(line, &mut told));
        let mut rows = take(&mut uses, part)?;
        Use::fold(&mut rows);
        rows.chunk_by(|a, b| a.task == b.task).for_each(|task| course::routes(task, &roster, &mut told));
    }
    traces.judge(&mut told);
    let wanted = |check| job.selection.wants(crate::rule::of_check(check).id);
    told.strays.retain(|stray| wanted(stray.check));
    Ok((told, review))
}

fn take<R: Row>(all: &mut [Rows<R>], part: usize) -> Result<Vec<R>, PipelineError> {
    let mut rows = Vec::new();
    all.iter_mut().try_for_each(|of_thread| of_thread.take_part(part, &mut rows))?;
    Ok(rows)
}
