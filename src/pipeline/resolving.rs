//! Joins: every event gets what the directory knows, and events are grouped by case.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use super::courses;
use super::ledger::Writer;
use super::reading::joined;
use super::ticks::Finest;
use super::{Job, PipelineError};
use crate::compare::{Comparer, Noted, Unattributed, Vantage, Watch, WindowKey};
use crate::correlate::{self, Apart, Inspection, PartOf, Resolver, Tenants};
use crate::event::partition::{EventBuffer, Partitions, stable_hash};
use crate::event::{Event, Outcome, is_call};
use crate::mine::{self, Flows, Templates, Wholes};

/// Events with their joins, by case, and by the windows that cross cases.
#[derive(Default)]
pub(super) struct Resolved {
    pub(super) partitions: Vec<Partitioned>,
    pub(super) inspection: Inspection,
    pub(super) unattributed: Unattributed,
    /// From where the model's steps were seen.
    pub(super) vantage: Vantage,
    /// What the ledger of ids has of each thread, where one is kept.
    pub(super) writers: Vec<Writer>,
    /// What each thread has of actors, credentials and addresses, where they are followed.
    pub(super) courses: Vec<courses::Writer>,
    /// What is noted of all events, whatever their cases.
    pub(super) noted: Noted,
}

/// One partition: its events by case, and copies of those that window constraints group otherwise.
pub(super) struct Partitioned {
    pub(super) cases: Vec<EventBuffer>,
    pub(super) windows: Vec<EventBuffer>,
}

/// Hash of a window group that every machine and version agrees on.
pub(super) fn group_hash(key: &WindowKey) -> u64 {
    let watch = match key.watch {
        Watch::Key => [0xff; 3],
        Watch::Constraint(index) => [0, index.to_be_bytes()[0], index.to_be_bytes()[1]],
        Watch::Life => [1; 3],
        Watch::Delegation(index) => [2, index.to_be_bytes()[0], index.to_be_bytes()[1]],
        Watch::Person => [3; 3],
        Watch::Listener => [4; 3],
        Watch::Server => [5; 3],
        Watch::Question => [6; 3],
    };
    stable_hash(std::iter::once(&watch[..]).chain(key.group.iter().map(|part| part.as_bytes())))
}

/// What all exchanges together tell of each event.
#[derive(Clone, Copy)]
pub(super) struct Joins<'a> {
    pub(super) resolver: &'a Resolver,
    /// Places of values in paths.
    pub(super) templates: &'a Templates,
    /// Places and types that hold the same ids.
    pub(super) flows: &'a Flows,
    /// Which types' things are parts of others.
    pub(super) wholes: &'a Wholes,
    /// Types whose objects are told apart by their tenants.
    pub(super) apart: &'a Apart,
    /// Which names of tenants usually go together.
    pub(super) tenants: &'a Tenants,
    /// Which steps are part of sessions, actors and runs that have a life.
    pub(super) part_of: &'a PartOf,
    /// How fine the inputs' clocks are.
    pub(super) ticks: &'a Finest,
}

/// Fills every event's joins and groups the events by case.
pub(super) fn resolve(
    events: Vec<EventBuffer>,
    joins: Joins<'_>,
    comparer: &Comparer,
    job: &Job,
    scratch: &Path,
) -> Result<Resolved, PipelineError> {
    let total = events.iter().map(EventBuffer::total_bytes).sum();
    // Cases and windows each have one; what was extracted still holds a quarter.
    let budget = job.memory / 8 / events.len().max(1);
    let guessed = job.model.is_none();
    let parts: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = events
            .into_iter()
            .enumerate()
            .map(|(n, buffer)| {
                let folder = scratch.join(format!("resolved-{n}"));
                scope.spawn(move || {
                    let complete = |event: &mut Event| {
                        let completed = complete(event, joins, guessed);
                        correlate::hide_credentials(event, joins.resolver, &job.hash_key);
                        let sought = job.sought.iter();
                        sought.for_each(|sought| sought.event(event, joins.resolver, job.pseudonyms.as_ref()));
                        completed
                    };
                    resolve_buffer(
                        buffer,
                        &complete,
                        (comparer, joins.templates.tenants()),
                        job,
                        &folder,
                        (total, budget),
                    )
                })
            })
            .collect();
        workers.into_iter().map(joined).collect::<Result<_, PipelineError>>()
    })?;
    let mut resolved = Resolved::default();
    for (cases, windows, inspection, (unattributed, vantage), (writer, courses), noted) in parts {
        resolved.noted.merge(noted);
        resolved.vantage.merge(vantage);
        resolved.writers.extend(writer);
        resolved.courses.extend(courses);
        resolved.inspection.merge(inspection);
        resolved.unattributed.merge(unattributed);
        let (cases, windows) = (cases.into_buffers(), windows.into_buffers());
        resolved.partitions.resize_with(cases.len(), || Partitioned { cases: Vec::new(), windows: Vec::new() });
        for (partition, (cases, windows)) in resolved.partitions.iter_mut().zip(cases.into_iter().zip(windows)) {
            partition.cases.push(cases);
            partition.windows.push(windows);
        }
    }
    Ok(resolved)
}

/// What completing an event showed.
struct Completed {
    /// Types of objects that were learnt to stand in its path.
    learnt: Vec<Arc<str>>,
    /// Its objects are known to be some: named by a model, or accepted.
    shows_objects: bool,
}

/// Fills an event's joins; `guessed`: without a model, by what all paths taught.
fn complete(event: &mut Event, joins: Joins<'_>, guessed: bool) -> Completed {
    joins.ticks.settle(event);
    joins.resolver.resolve(event);
    let mut learnt = Vec::new();
    if guessed {
        learnt.extend(joins.templates.complete(event, &correlate::is_container));
        learnt.extend(joins.flows.complete(event));
        let (named, root) = (|id: &_| joins.resolver.named_beside(id), |id: &_| joins.resolver.root(id));
        joins.wholes.settle(event, joins.flows, mine::Told { named: &named, root: &root });
    }
    joins.apart.settle(event);
    joins.tenants.settle(event);
    joins.part_of.settle(event);
    Completed { learnt, shows_objects: !guessed || event.outcome == Outcome::Accepted }
}

/// What one thread resolved: events by case and by window, and what was noted of them.
type ResolvedPart =
    (Partitions, Partitions, Inspection, (Unattributed, Vantage), (Option<Writer>, Option<courses::Writer>), Noted);

fn resolve_buffer(
    buffer: EventBuffer,
    complete: &dyn Fn(&mut Event) -> Completed,
    (comparer, tenants): (&Comparer, &BTreeSet<String>),
    job: &Job,
    folder: &Path,
    (total, budget): (u64, usize),
) -> Result<ResolvedPart, PipelineError> {
    let io = |source| PipelineError::Io { what: "making a folder for spills", source };
    let (case_folder, window_folder) = (folder.join("cases"), folder.join("windows"));
    // Only what stands in the scratch folder: one that a signal has removed must not come back.
    for folder in [folder, &case_folder, &window_folder] {
        std::fs::create_dir(folder).map_err(io)?;
    }
    let mut cases = Partitions::new(&case_folder, total, budget);
    let mut windows = Partitions::new(&window_folder, total, budget);
    let mut inspection = Inspection::new();
    let (mut unattributed, mut noted) = (Unattributed::default(), Noted::default());
    let mut vantage = Vantage::default();
    let mut writer = job.keeps_ledger().then(|| Writer::new(job, tenants, folder, budget / 2));
    let mut courses = job.follows_courses().then(|| courses::Writer::new(job, folder, budget / 2));
    let mut exchange = None;
    buffer.drain(|mut event: Event| {
        let completed = complete(&mut event);
        match &mut writer {
            Some(writer) => writer.note(&mut event)?,
            None => event.handed = None,
        }
        match &mut courses {
            Some(courses) => courses.note(&mut event)?,
            None => (event.setting, event.members) = (None, None),
        }
        if job.selection.events.is_some() {
            if !job.selection.looks_at(&event, job.pseudonyms.as_ref()) {
                return Ok(());
            }
            // Events of one exchange come one after the other; it, or each call in it, is counted once.
            let called = (event.origin.clone(), event.operation.clone().filter(|operation| is_call(operation)));
            if exchange.replace(called.clone()) != Some(called) {
                inspection.add_called(Some(&event));
            }
        }
        comparer.note_unattributed(&event, &mut unattributed);
        comparer.note_vantage(&event, &mut vantage);
        noted.note(&event);
        if completed.shows_objects {
            inspection.add_event(&event);
            if job.model.is_none() {
                inspection.add_premises(&event);
            }
            completed.learnt.iter().for_each(|object_type| inspection.add_learnt(object_type));
        } else {
            inspection.add_actor(&event);
        }
        for key in comparer.window_keys(&event) {
            windows.push_under(group_hash(&key), &event)?;
        }
        cases.push(&event)?;
        Ok::<_, PipelineError>(())
    })?;
    Ok((cases, windows, inspection, (unattributed, vantage), (writer, courses), noted))
}
