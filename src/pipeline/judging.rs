//! Events by case to findings: each partition is sorted, compared case by case in parallel, judged and written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::ledger::Strays;
use super::names::{Names, ShownNames};
use super::near::{self, Near};
use super::resolving::{Partitioned, group_hash};
use super::views::Likely;
use super::{Job, PipelineError, naming};
use crate::compare::{
    Blindness, CaseResult, Check, Comparer, Deviation, Laps, Measures, StateMove, Tallies, Watch, WindowKey,
};
use crate::drift::{self, Habits};
use crate::event::partition::{EventBuffer, partition_of};
use crate::event::table::TableWriter;
use crate::event::{Event, EventId, ObjectId, OrderKey, Outcome};
use crate::finding::Finding;
use crate::mine::Mining;
use crate::rule::{self, need::Shown};

/// What comparing leaves, over all cases.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) findings: Vec<Finding>,
    pub(super) tallies: Tallies,
    pub(super) measures: Measures,
    pub(super) moves: BTreeMap<StateMove, u64>,
    /// Steps left undecided for a hidden idempotency key, by check.
    pub(super) hidden_keys: BTreeMap<Check, u64>,
    pub(super) mining: Mining,
    /// What usually happens, for comparing runs.
    pub(super) habits: Habits,
    pub(super) events: u64,
    pub(super) modelled: u64,
    pub(super) cases: u64,
    /// Events at which the model was not in force.
    pub(super) out_of_force: u64,
    pub(super) window: Option<(i64, i64)>,
    /// What each source format showed.
    pub(super) shown: BTreeMap<&'static str, Shown>,
    /// Steps on objects of a type of which it cannot be told which they are, and whether hosts were missing.
    pub(super) unplaced: BTreeMap<Arc<str>, (u64, bool)>,
    /// Names that events have.
    pub(super) names: Names,
    /// Events that the ledger of ids asks for.
    pub(super) kept: BTreeMap<EventId, Event>,
    /// Cases and windows that were too large to be judged whole, by name.
    pub(super) too_large: BTreeSet<String>,
    /// How long the parts of comparing took, on all threads; empty where nobody asks.
    pub(super) laps: Laps,
}

impl Judged {
    fn add_result(&mut self, result: CaseResult, job: &Job) {
        self.tallies.add(&result.tallies);
        self.measures.add(&result.measures);
        self.add_moves(result.moves);
        for (check, count) in result.hidden_keys {
            *self.hidden_keys.entry(check).or_default() += count;
        }
        self.add_laps(result.laps);
        self.add_deviations(result.deviations, job);
        for trace in result.traces {
            self.mining.add_trace(trace);
        }
    }

    fn add_laps(&mut self, laps: Laps) {
        for (part, nanoseconds) in laps {
            *self.laps.entry(part).or_default() += nanoseconds;
        }
    }

    fn add_deviations(&mut self, mut deviations: Vec<Deviation>, job: &Job) {
        if let Some(pseudonyms) = &job.pseudonyms {
            deviations.iter_mut().for_each(|deviation| naming::pseudonymise(deviation, pseudonyms));
        }
        let judged = deviations.iter().map(|deviation| rule::judge(deviation, job.model.as_deref()));
        self.findings.extend(judged.filter(|finding| job.selection.wants(&finding.rule)));
    }

    /// Adds what the ledger of ids found, with the events that were kept for it.
    fn add_strays(&mut self, strays: Strays, job: &Job) {
        self.tallies.add(&strays.tallies);
        let kept = std::mem::take(&mut self.kept);
        let deviations = strays.into_deviations(&kept, job.model.as_deref());
        self.add_deviations(deviations, job);
    }

    /// Adds state changes.
    pub(super) fn add_moves(&mut self, moves: BTreeMap<StateMove, u64>) {
        for (change, count) in moves {
            *self.moves.entry(change).or_default() += count;
        }
    }

    fn merge(mut self, other: Judged) -> Judged {
        self.findings.extend(other.findings);
        self.tallies.add(&other.tallies);
        self.measures.add(&other.measures);
        self.add_moves(other.moves);
        for (check, count) in other.hidden_keys {
            *self.hidden_keys.entry(check).or_default() += count;
        }
        self.mining.merge(other.mining);
        self.habits.merge(other.habits);
        self.kept.extend(other.kept);
        self.events += other.events;
        self.modelled += other.modelled;
        self.cases += other.cases;
        self.out_of_force += other.out_of_force;
        self.too_large.extend(other.too_large);
        self.add_laps(other.laps);
        self.names.merge(other.names);
        for (object_type, (steps, hostless)) in other.unplaced {
            let mine = self.unplaced.entry(object_type).or_default();
            *mine = (mine.0 + steps, mine.1 | hostless);
        }
        for (source, shown) in &other.shown {
            self.shown.entry(source).or_default().add(shown);
        }
        self.window = match (self.window, other.window) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        self
    }
}

/// Compares every partition; a lone one by case on all threads, several one a thread: a thread that waited for the
/// cases of its partition could begin another, and more partitions than threads would be in memory.
///
/// Writes each one's events as `events/part-NNN.parquet`.
pub(super) fn judge(
    partitions: Vec<Partitioned>,
    strays: Strays,
    comparer: &Comparer,
    blindness: &Blindness,
    (near, likely): (&[Near], &Likely),
    job: &Job,
    folder: &Path,
) -> Result<Judged, PipelineError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(job.threads.max(1))
        .build()
        .map_err(|e| PipelineError::Io { what: "starting threads", source: std::io::Error::other(e.to_string()) })?;
    let count = partitions.len();
    let mut judged = pool.install(|| {
        partitions
            .into_par_iter()
            .enumerate()
            .map(|(index, partition)| {
                judge_partition((index, count), partition, &strays.wanted, comparer, blindness, job, folder)
            })
            .try_reduce(Judged::default, |a, b| Ok(a.merge(b)))
    })?;
    judged.add_strays(strays, job);
    let Judged { findings, names, .. } = &mut judged;
    findings.iter_mut().for_each(|finding| likely.temper(finding));
    if let Some(model) = job.model.as_deref() {
        let shown = ShownNames::of(names, model, job.pseudonyms.as_ref());
        findings.iter_mut().for_each(|finding| {
            names.temper(finding, &shown);
            near::temper(finding, near);
        });
    }
    judged.findings = rule::fold(judged.findings, job.model.as_deref());
    // A filter sees what outputs show: confidence as it is in the end, and what was folded into another.
    judged.findings.retain(|finding| job.selection.admits(finding));
    Ok(judged)
}

fn judge_partition(
    (index, count): (usize, usize),
    partition: Partitioned,
    wanted: &BTreeSet<EventId>,
    comparer: &Comparer,
    blindness: &Blindness,
    job: &Job,
    folder: &Path,
) -> Result<Judged, PipelineError> {
    let mut events = load(partition.cases)?;
    let mut judged = Judged::default();
    if count == 1 {
        judged = judge_cases(&mut events, comparer, blindness, job);
    } else {
        for case in by_case(&mut events) {
            judge_case(case, comparer, blindness, job, &mut judged);
        }
    }
    let asked = events.iter().filter(|event| wanted.contains(&event.id));
    judged.kept.extend(asked.map(|event| (event.id, event.clone())));
    if job.tables {
        if let Some(pseudonyms) = &job.pseudonyms {
            events.iter_mut().for_each(|event| pseudonyms.event(event));
            // The order of the names would say something about them.
            sort(&mut events);
        }
        let mut writer = TableWriter::create(folder, &format!("part-{index:03}"))?;
        writer.write(&events)?;
        writer.finish()?;
    }
    drop(events);
    let windows = load(partition.windows)?;
    let here = |key: &WindowKey| partition_of(group_hash(key), count) == index;
    Ok(judged.merge(judge_windows(windows, here, comparer, blindness, job)))
}

/// All events of a partition by case, time and identity.
fn load(buffers: Vec<EventBuffer>) -> Result<Vec<Event>, PipelineError> {
    let mut events = Vec::with_capacity(buffers.iter().map(EventBuffer::events).sum());
    for buffer in buffers {
        buffer.drain(|event| {
            events.push(event);
            Ok::<_, PipelineError>(())
        })?;
    }
    sort(&mut events);
    Ok(events)
}

fn sort(events: &mut [Event]) {
    events.sort_unstable_by(|a, b| (&a.case, a.order_key()).cmp(&(&b.case, b.order_key())));
}

/// Runs of events of one case.
fn by_case(events: &mut [Event]) -> impl Iterator<Item = &mut [Event]> {
    events.chunk_by_mut(|a, b| a.case == b.case)
}

fn judge_cases(events: &mut [Event], comparer: &Comparer, blindness: &Blindness, job: &Job) -> Judged {
    let cases: Vec<&mut [Event]> = by_case(events).collect();
    cases
        .into_par_iter()
        .fold(Judged::default, |mut judged, case| {
            judge_case(case, comparer, blindness, job, &mut judged);
            judged
        })
        .reduce(Judged::default, Judged::merge)
}

fn judge_case(events: &mut [Event], comparer: &Comparer, blindness: &Blindness, job: &Job, judged: &mut Judged) {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return };
    let case: Option<ObjectId> = first.case.clone();
    let span = (first.time, events.iter().map(|e| e.end).max().unwrap_or(last.end));
    judged.window = match judged.window {
        Some((from, to)) => Some((from.min(span.0), to.max(span.1))),
        None => Some(span),
    };
    judged.events += events.len() as u64;
    judged.modelled += events.iter().filter(|e| e.activity.is_some()).count() as u64;
    judged.out_of_force += events.iter().filter(|e| !comparer.in_force(e)).count() as u64;
    judged.cases += u64::from(case.is_some());
    if let Some(model) = &job.model {
        judged.names.add_case(events, model);
    }
    let tells = |e: &&Event| job.model.is_none() || e.activity.is_some() || e.may_hide_calls();
    for event in events.iter().filter(tells) {
        judged.shown.entry(event.source).or_default().add_event(event, job.model.as_deref());
    }

    for event in events.iter().filter(|e| e.activity.is_some() && e.outcome != Outcome::Rejected) {
        for object_type in &event.unplaced {
            let (steps, hostless) = judged.unplaced.entry(object_type.clone()).or_default();
            *steps += 1;
            *hostless |= event.host.is_none();
        }
    }
    let mut result = comparer.case(case.as_ref(), events, blindness);
    for (event, states) in events.iter_mut().zip(std::mem::take(&mut result.states)) {
        event.state_before = states.before;
        event.state_after = states.after;
    }
    judged.mining.add_case(events);
    if job.tables {
        let until = job.model.as_deref().and_then(|model| model.in_force.1);
        with_names(job, |names| {
            judged.habits.add_case(case.as_ref(), events, names, (job.model.is_some(), until));
            // What has no case comes in as many parts as there are partitions.
            if case.is_some() {
                judged.habits.add_result(&result, names);
            }
        });
    }
    if result.exhausted {
        let name =
            |case: ObjectId| job.pseudonyms.as_ref().map_or_else(|| case.to_string(), |p| p.object(&case).to_string());
        judged.too_large.insert(case.map_or_else(|| "events without a case".to_owned(), name));
    }
    judged.add_result(result, job);
}

/// Groups the copies by the window keys that belong here and compares each group.
fn judge_windows(
    events: Vec<Event>,
    here: impl Fn(&WindowKey) -> bool,
    comparer: &Comparer,
    blindness: &Blindness,
    job: &Job,
) -> Judged {
    let mut groups: BTreeMap<WindowKey, BTreeMap<OrderKey, Arc<Event>>> = BTreeMap::new();
    for event in events {
        let event = Arc::new(event);
        for key in comparer.window_keys(&event).into_iter().filter(&here) {
            groups.entry(key).or_default().insert(event.order_key(), Arc::clone(&event));
        }
    }
    let mut judged = Judged::default();
    for (key, group) in groups {
        let events: Vec<Event> = group.into_values().map(Arc::unwrap_or_clone).collect();
        let result = comparer.window(&key, &events, blindness);
        if result.exhausted {
            judged.too_large.insert(group_name(&key, job));
        }
        if job.tables {
            with_names(job, |names| judged.habits.add_result(&result, names));
        }
        judged.add_result(result, job);
    }
    judged
}

/// How habits show names: as outputs do.
fn with_names(job: &Job, add: impl FnOnce(drift::Names<'_>)) {
    let hidden = job.pseudonyms.as_ref();
    let case = |case: &ObjectId| hidden.map_or_else(|| case.to_string(), |p| p.object(case).to_string()).into();
    let word = |word: &str| hidden.map_or_else(|| word.into(), |p| p.name(word));
    add(drift::Names { case: &case, word: &word });
}

/// A group that was too large, in words that may be shown.
fn group_name(key: &WindowKey, job: &Job) -> String {
    if let (Watch::Life, [object_type, object]) = (key.watch, &key.group[..]) {
        let id = ObjectId { object_type: object_type.clone(), key: object.clone() };
        return job.pseudonyms.as_ref().map_or_else(|| id.to_string(), |p| p.object(&id).to_string());
    }
    // An idempotency key is nobody's business.
    let who = key.group.iter().skip(usize::from(key.watch == Watch::Key));
    let who = who.map(|name| job.pseudonyms.as_ref().map_or_else(|| Arc::clone(name), |p| p.person(name)));
    format!("window of {}", who.collect::<Vec<_>>().join(", "))
}
