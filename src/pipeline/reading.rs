//! Bytes to events: sources are read in parallel, exchanges extracted by a pool, events resolved and grouped by case.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use offpath_capture::{Aside, BlindSpot, Exchange, InputFormat, Plan, Sink, Source, SourceReport};

use super::gaps::Gaps;
use super::pending::{Held, HeldReader, Pending};
use super::views::{self, Doubles, Ledger, Places, Sighter, Twice, Units};
use super::{Job, PipelineError, Progress};
use crate::compare::{Blindness, Comparer, Unattributed, WindowKey};
use crate::correlate::{self, Directory, Extractor, Facts, Inspection, Redactor, Resolver, SentOn};
use crate::event::partition::{EventBuffer, Partitions, stable_hash};
use crate::event::{Event, Outcome, is_call};
use crate::mine::{Beside, Evidence, Redirect, RoleShown, Templates, Traced};

/// Input name -> format and number of the input.
type Formats = BTreeMap<String, (InputFormat, u32)>;

/// Exchanges on their way to an extracting thread.
struct Batch {
    exchanges: Vec<Exchange>,
    formats: Arc<Formats>,
}

/// Exchanges handed over at once; a batch is also sent when its bodies reach `BATCH_BYTES`.
const BATCH: usize = 512;
const BATCH_BYTES: u64 = 4 << 20;

/// What reading leaves: events without their joins, and everything the joins need.
pub(super) struct Reading {
    pub(super) events: Vec<EventBuffer>,
    pub(super) directory: Directory,
    pub(super) inspection: Inspection,
    pub(super) evidence: Evidence,
    pub(super) blindness: Blindness,
    pub(super) gaps: Gaps,
    pub(super) reports: Reports,
}

/// What the inputs said of themselves.
#[derive(Default)]
pub(super) struct Reports {
    pub(super) sources: Vec<SourceReport>,
    pub(super) errors: Vec<String>,
    pub(super) aside: Vec<Aside>,
    /// Exchanges that two inputs show.
    pub(super) twice: Vec<Twice>,
    pub(super) warnings: Vec<String>,
}

/// Events with their joins, by case, and by the windows that cross cases.
#[derive(Default)]
pub(super) struct Resolved {
    pub(super) partitions: Vec<Partitioned>,
    pub(super) inspection: Inspection,
    pub(super) unattributed: Unattributed,
}

/// One partition: its events by case, and copies of those that window constraints group otherwise.
pub(super) struct Partitioned {
    pub(super) cases: Vec<EventBuffer>,
    pub(super) windows: Vec<EventBuffer>,
}

/// Reads every source and extracts its events.
pub(super) fn extract(
    plan: Plan,
    job: &Job,
    scratch: &Path,
    progress: &dyn Progress,
) -> Result<Reading, PipelineError> {
    let errors = plan.errors.iter().map(ToString::to_string).collect();
    progress.total(plan.sources.iter().flat_map(|s| &s.inputs).filter_map(|i| i.bytes).sum());
    let extractor = Extractor::redacting(job.model.clone(), job.hash_key.clone(), job.redaction)
        .with_schema(job.capture.schema.clone());
    let workers = job.threads.max(1);
    let budget = job.memory / 4 / workers;
    // One for all threads: what several of them learn of one object is kept once.
    let directory = Mutex::new(Directory::new());
    let units = Units::of(&plan);
    let formats = Arc::new(units.by_name());
    let sighter = Sighter::new(&job.hash_key);
    let readers = workers.min(plan.sources.len()).max(1);
    let (sender, receiver) = sync_channel(workers * 2);
    // Held by the extracting threads alone: when all of them have stopped on an error, sending fails and reading ends.
    let receiver = Arc::new(Mutex::new(receiver));
    let queue = Mutex::new(plan.sources.into_iter().enumerate());
    let (mut reports, blind_spots) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let mut unread = Gaps::default();
    plan.errors.iter().for_each(|error| unread.error(error));
    let gaps = Mutex::new(unread);

    let parts: Vec<Read<'_>> = thread::scope(|scope| {
        let extracting: Vec<_> = (0..workers)
            .map(|n| {
                let buffer = EventBuffer::new(scratch.join(format!("extracted-{n}.arrow")));
                let waiting = (units.len() > 1).then(|| Waiting::new(scratch, n, &units, &sighter, budget / 4));
                let (receiver, extractor) = (Arc::clone(&receiver), &extractor);
                let made = Extracting::new(buffer, budget, &directory, job);
                scope.spawn(move || extract_batches(&receiver, extractor, made, waiting))
            })
            .collect();
        drop(receiver);
        for _ in 0..readers {
            let sender = sender.clone();
            let (queue, reports, blind_spots, gaps, formats) = (&queue, &reports, &blind_spots, &gaps, &formats);
            scope.spawn(move || {
                while let Some((index, source)) = next(queue) {
                    let (report, spots, unseen) =
                        read_source(source, job, sender.clone(), Arc::clone(formats), progress);
                    lock(gaps).merge(unseen);
                    lock(reports).push((index, report));
                    lock(blind_spots).extend(spots);
                }
            });
        }
        drop(sender);
        extracting.into_iter().map(joined).collect::<Result<_, _>>()
    })?;

    let (parts, doubles) = settle(parts, &units, scratch)?;
    let mut events = Vec::new();
    let mut inspection = Inspection::new();
    let mut evidence = Evidence::default();
    for part in parts {
        events.push(part.events);
        inspection.merge(part.inspection);
        evidence.merge(part.evidence);
    }
    let mut sources = std::mem::take(reports.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner));
    sources.sort_by_key(|(index, _)| *index);
    let spots = blind_spots.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(Reading {
        events,
        directory: directory.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner),
        inspection,
        evidence,
        blindness: Blindness::new(spots),
        gaps: gaps.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner),
        reports: Reports {
            sources: sources.into_iter().map(|(_, report)| report).collect(),
            errors,
            aside: plan.aside,
            twice: doubles.twice,
            warnings: doubles.warnings,
        },
    })
}

/// A thread's result. Its panic is a bug of ours: it goes on to the handler that says how to report it.
fn joined<T>(worker: thread::ScopedJoinHandle<'_, T>) -> T {
    worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn next<T>(queue: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    lock(queue).next()
}

/// A source's sink: batches exchanges for the extracting threads.
struct Batcher<'a> {
    batch: Vec<Exchange>,
    bytes: u64,
    sender: SyncSender<Batch>,
    formats: Arc<Formats>,
    spots: Vec<(i64, i64)>,
    gaps: Gaps,
    redactor: Redactor,
    progress: &'a dyn Progress,
}

impl Batcher<'_> {
    fn flush(&mut self) -> ControlFlow<()> {
        self.bytes = 0;
        let exchanges = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        match self.sender.send(Batch { exchanges, formats: Arc::clone(&self.formats) }) {
            Ok(()) => ControlFlow::Continue(()),
            // Every extracting thread has stopped on an error, which `extract` reports.
            Err(_) => ControlFlow::Break(()),
        }
    }
}

impl Sink for Batcher<'_> {
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()> {
        self.gaps.exchange(&exchange, &self.redactor);
        let request = exchange.request.as_ref().and_then(|r| r.body.bytes()).map_or(0, <[u8]>::len);
        let response = exchange.response.as_ref().and_then(|r| r.body.bytes()).map_or(0, <[u8]>::len);
        self.bytes += (request + response) as u64;
        self.batch.push(exchange);
        if self.batch.len() >= BATCH || self.bytes >= BATCH_BYTES { self.flush() } else { ControlFlow::Continue(()) }
    }

    fn blind_spot(&mut self, spot: BlindSpot) -> ControlFlow<()> {
        self.gaps.blind_spot(&spot);
        self.spots.push((spot.from.0, spot.to.0));
        ControlFlow::Continue(())
    }

    fn progress(&mut self, bytes: u64) {
        self.progress.read(bytes);
    }
}

fn read_source(
    source: Source,
    job: &Job,
    sender: SyncSender<Batch>,
    formats: Arc<Formats>,
    progress: &dyn Progress,
) -> (SourceReport, Vec<(i64, i64)>, Gaps) {
    let batch = Vec::with_capacity(BATCH);
    let redactor = Redactor::new(job.hash_key.clone(), job.redaction);
    let (spots, gaps) = (Vec::new(), Gaps::default());
    let mut sink = Batcher { batch, bytes: 0, sender, formats, spots, gaps, redactor, progress };
    let report = source.read(&job.capture, &mut sink);
    if !sink.batch.is_empty() {
        let _ = sink.flush();
    }
    sink.gaps.report(&report);
    (report, sink.spots, sink.gaps)
}

/// What one extracting thread made.
struct Extracting<'a> {
    events: EventBuffer,
    budget: usize,
    directory: &'a Mutex<Directory>,
    /// On their way to the directory.
    facts: Vec<Facts>,
    job: &'a Job,
    inspection: Inspection,
    evidence: Evidence,
}

impl<'a> Extracting<'a> {
    /// Nothing yet; `events` spills beyond `budget` bytes.
    fn new(events: EventBuffer, budget: usize, directory: &'a Mutex<Directory>, job: &'a Job) -> Self {
        let (facts, inspection, evidence) = (Vec::new(), Inspection::new(), Evidence::default());
        Extracting { events, budget, directory, facts, job, inspection, evidence }
    }

    /// Takes an exchange that counts, with its events.
    fn take(&mut self, held: Held) -> Result<(), PipelineError> {
        let mut extracted = held.extracted;
        self.learn(std::mem::take(&mut extracted.facts));
        if !held.in_period {
            return Ok(());
        }
        let protocol = held.protocol.as_str();
        match (&self.job.selection.events, &self.job.model) {
            // Who did it is only known later, and so is whether it is wanted.
            (Some(_), _) => self.inspection.add_read(protocol, &extracted),
            (None, Some(_)) => self.inspection.add_exchange(protocol, &extracted),
            (None, None) => self.inspection.add_unnamed_exchange(protocol, &extracted),
        }
        // Without a model each call is one event, and sightings are of its objects in their order.
        if self.job.model.is_none() {
            let places = std::mem::take(&mut extracted.sightings).into_iter().map(|sighting| sighting.places);
            let mut traced = places.map(|places| Traced { key: places.key, state: places.state });
            let roles = std::mem::take(&mut extracted.roles).into_iter().map(|place| RoleShown {
                path: place.path,
                rank: place.rank,
                said: place.said,
            });
            let roles: Vec<RoleShown> = roles.collect();
            let sent_on = extracted.sent_on.map(|sent_on| match sent_on {
                SentOn::Result => Redirect::Result,
                SentOn::Away(sign) => Redirect::Away(sign),
                SentOn::Unseen => Redirect::Unseen,
            });
            for event in &extracted.events {
                let traced = traced.by_ref().take(event.objects.len()).collect();
                let (ids, roles, sent_on) = (extracted.ids.clone(), roles.clone(), sent_on.clone());
                self.evidence.add(event, Beside { traced, ids, roles, sent_on });
            }
        }
        self.keep(&extracted.events)
    }

    /// Keeps events for the joins.
    fn keep(&mut self, events: &[Event]) -> Result<(), PipelineError> {
        events.iter().try_for_each(|event| Ok(self.events.push_within(event, self.budget)?))
    }

    /// Takes in what an exchange teaches; the directory is all threads', so that it is told of many at once.
    fn learn(&mut self, facts: Facts) {
        self.facts.push(facts);
        if self.facts.len() >= BATCH {
            self.teach();
        }
    }

    fn teach(&mut self) {
        let mut directory = lock(self.directory);
        self.facts.drain(..).for_each(|facts| directory.add(facts));
    }
}

/// What waits until all inputs are read, when there are several: which exchanges count is known only then.
struct Waiting<'a> {
    ledger: Ledger,
    pending: Pending,
    sighter: &'a Sighter,
    exchanges: u64,
}

impl<'a> Waiting<'a> {
    /// Nothing yet; sights and waiting facts spill beyond `budget` bytes each.
    fn new(scratch: &Path, thread: usize, units: &Units, sighter: &'a Sighter, budget: usize) -> Self {
        Waiting {
            ledger: Ledger::new(scratch.join(format!("sights-{thread}")), units.len(), budget),
            pending: Pending::new(scratch.join(format!("pending-{thread}")), budget),
            sighter,
            exchanges: 0,
        }
    }

    /// Files what an input shows of the next exchange.
    fn note(&mut self, exchange: &Exchange, unit: Option<u32>, first: Option<&Event>) -> Result<(), PipelineError> {
        unit.map_or(Ok(()), |unit| self.ledger.note(self.sighter, exchange, first, unit, self.exchanges))
    }

    /// Holds the exchange that was noted.
    fn hold(&mut self, held: &Held) -> Result<(), PipelineError> {
        self.exchanges += 1;
        self.pending.push(held)
    }
}

/// What one thread extracted, and what of it still waits.
type Read<'a> = (Extracting<'a>, Option<(Ledger, Pending)>);

fn extract_batches<'a>(
    receiver: &Mutex<Receiver<Batch>>,
    extractor: &Extractor,
    mut made: Extracting<'a>,
    mut waiting: Option<Waiting<'_>>,
) -> Result<Read<'a>, PipelineError> {
    let (from, to) = made.job.period;
    loop {
        let Ok(batch) = lock(receiver).recv() else { break };
        for exchange in &batch.exchanges {
            let mut extracted = extractor.extract(exchange);
            let time = exchange.time.0;
            let in_period = from.is_none_or(|from| time >= from) && to.is_none_or(|to| time <= to);
            // An exchange does not say which file format it came in; its input does.
            let format = batch.formats.get(&*exchange.origin.input);
            if let Some(waiting) = &mut waiting {
                waiting.note(exchange, format.map(|(_, unit)| *unit), extracted.events.first())?;
            }
            if !in_period {
                extracted.events.clear();
            }
            for event in &mut extracted.events {
                event.source = format.map_or(event.source, |(format, _)| format.as_str());
            }
            let events = u32::try_from(extracted.events.len()).unwrap_or(u32::MAX);
            let held = Held { events, extracted, protocol: exchange.protocol.into(), in_period };
            match &mut waiting {
                None => made.take(held)?,
                Some(waiting) => {
                    waiting.hold(&held)?;
                    made.keep(&held.extracted.events)?;
                }
            }
        }
    }
    made.teach();
    Ok((made, waiting.map(|waiting| (waiting.ledger, waiting.pending))))
}

/// Leaves out what two inputs show, and takes the rest.
fn settle<'a>(
    parts: Vec<Read<'a>>,
    units: &Units,
    scratch: &Path,
) -> Result<(Vec<Extracting<'a>>, Doubles), PipelineError> {
    let (mut done, mut waiting, mut ledgers) = (Vec::new(), Vec::new(), Vec::new());
    for (made, rest) in parts {
        match rest {
            None => done.push(made),
            Some((ledger, pending)) => {
                ledgers.push(ledger);
                waiting.push((made, pending));
            }
        }
    }
    let doubles = views::find(units, &ledgers)?;
    drop(ledgers);
    let none = Places::default();
    let settled: Vec<Extracting<'a>> = thread::scope(|scope| {
        let workers: Vec<_> = waiting
            .into_iter()
            .enumerate()
            .map(|(n, (made, pending))| {
                let left_out = doubles.left_out.get(n).unwrap_or(&none);
                let kept = EventBuffer::new(scratch.join(format!("settled-{n}.arrow")));
                scope.spawn(move || take_counted(made, pending, left_out, kept))
            })
            .collect();
        workers.into_iter().map(joined).collect::<Result<_, PipelineError>>()
    })?;
    done.extend(settled);
    Ok((done, doubles))
}

/// Goes through the exchanges of one thread again, each with its events, and takes those that count.
fn take_counted<'a>(
    mut made: Extracting<'a>,
    pending: Pending,
    left_out: &Places,
    kept: EventBuffer,
) -> Result<Extracting<'a>, PipelineError> {
    let events = std::mem::replace(&mut made.events, kept);
    let mut pending = Numbered { reader: pending.read()?, next: 0 };
    let mut current = pending.next_with_events(left_out, &mut made)?;
    let mut gathered = Vec::new();
    events.drain(|event| {
        gathered.push(event);
        if let Some((place, mut held)) = current.take_if(|(_, held)| gathered.len() >= held.events as usize) {
            held.extracted.events = std::mem::take(&mut gathered);
            if !left_out.contains(place) {
                made.take(held)?;
            }
            current = pending.next_with_events(left_out, &mut made)?;
        }
        Ok::<_, PipelineError>(())
    })?;
    made.teach();
    Ok(made)
}

/// Exchanges that wait, counted.
struct Numbered {
    reader: HeldReader,
    next: u64,
}

impl Numbered {
    /// The next exchange that has events, and its place. Those without are taken on the way.
    fn next_with_events(
        &mut self,
        left_out: &Places,
        made: &mut Extracting<'_>,
    ) -> Result<Option<(u64, Held)>, PipelineError> {
        while let Some(held) = self.reader.next()? {
            let place = self.next;
            self.next += 1;
            if held.events > 0 {
                return Ok(Some((place, held)));
            }
            if !left_out.contains(place) {
                made.take(held)?;
            }
        }
        Ok(None)
    }
}

/// Hash of a window group that every machine and version agrees on.
pub(super) fn group_hash(key: &WindowKey) -> u64 {
    let constraint = key.constraint.map_or([0xff; 3], |index| [0, index.to_be_bytes()[0], index.to_be_bytes()[1]]);
    stable_hash(std::iter::once(&constraint[..]).chain(key.group.iter().map(|part| part.as_bytes())))
}

/// Fills every event's joins and groups the events by case.
pub(super) fn resolve(
    events: Vec<EventBuffer>,
    resolver: &Resolver,
    templates: &Templates,
    comparer: &Comparer,
    job: &Job,
    scratch: &Path,
) -> Result<Resolved, PipelineError> {
    let total = events.iter().map(EventBuffer::total_bytes).sum();
    // Cases and windows each have one; what was extracted still holds a quarter.
    let budget = job.memory / 8 / events.len().max(1);
    let guessed = job.model.is_none().then_some(templates);
    let parts: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = events
            .into_iter()
            .enumerate()
            .map(|(n, buffer)| {
                let folder = scratch.join(format!("resolved-{n}"));
                scope.spawn(move || {
                    let complete = |event: &mut Event| complete(event, resolver, guessed);
                    resolve_buffer(buffer, &complete, comparer, job, &folder, (total, budget))
                })
            })
            .collect();
        workers.into_iter().map(joined).collect::<Result<_, PipelineError>>()
    })?;
    let mut resolved = Resolved::default();
    for (cases, windows, inspection, unattributed) in parts {
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

/// Fills an event's joins; `guessed` is what all paths taught, where there is no model.
fn complete(event: &mut Event, resolver: &Resolver, guessed: Option<&Templates>) -> Completed {
    resolver.resolve(event);
    let learnt = guessed.map(|templates| templates.complete(event, &correlate::is_container)).unwrap_or_default();
    Completed { learnt, shows_objects: guessed.is_none() || event.outcome == Outcome::Accepted }
}

fn resolve_buffer(
    buffer: EventBuffer,
    complete: &dyn Fn(&mut Event) -> Completed,
    comparer: &Comparer,
    job: &Job,
    folder: &Path,
    (total, budget): (u64, usize),
) -> Result<(Partitions, Partitions, Inspection, Unattributed), PipelineError> {
    let io = |source| PipelineError::Io { what: "making a folder for spills", source };
    let (case_folder, window_folder) = (folder.join("cases"), folder.join("windows"));
    // Only what stands in the scratch folder: one that a signal has removed must not come back.
    for folder in [folder, &case_folder, &window_folder] {
        std::fs::create_dir(folder).map_err(io)?;
    }
    let mut cases = Partitions::new(&case_folder, total, budget);
    let mut windows = Partitions::new(&window_folder, total, budget);
    let mut inspection = Inspection::new();
    let mut unattributed = Unattributed::default();
    let mut exchange = None;
    buffer.drain(|mut event: Event| {
        let completed = complete(&mut event);
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
        if completed.shows_objects {
            inspection.add_event(&event);
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
    Ok((cases, windows, inspection, unattributed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlate::{HashKey, Redaction};
    use crate::pipeline::Selection;

    struct Silent;

    impl Progress for Silent {
        fn total(&self, _: u64) {}
        fn read(&self, _: u64) {}
        fn stage(&self, _: &'static str) {}
    }

    #[test]
    fn a_spill_that_cannot_be_written_ends_the_reading() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("access.log");
        let line = "10.0.0.1 - alice [07/Sep/2026:06:00:00 +0000] \"GET /orders/1 HTTP/1.1\" 200 5 \"-\" \"x\"\n";
        std::fs::write(&log, line.repeat(BATCH * 20)).unwrap();
        let job = Job {
            inputs: vec![log.display().to_string()],
            capture: offpath_capture::Options::default(),
            told: BTreeMap::new(),
            model: None,
            hash_key: HashKey::new(b"a key of sixteen"),
            redaction: Redaction::Mask,
            pseudonyms: None,
            threads: 1,
            memory: 1,
            period: (None, None),
            selection: Selection::default(),
            tables: false,
            command: "check",
        };
        let plan = offpath_capture::plan(&job.inputs, &job.capture);
        // It used to wait for ever: readers sent to a channel that nobody emptied.
        let read = extract(plan, &job, &folder.path().join("missing"), &Silent);
        assert!(matches!(read.err(), Some(PipelineError::Spill(_))));
    }
}
