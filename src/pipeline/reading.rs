//! Bytes to events: sources are read in parallel, exchanges extracted by a pool, events resolved and grouped by case.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use offpath_capture::{Aside, BlindSpot, Exchange, InputFormat, Plan, Sink, Source, SourceReport};

use super::{Job, PipelineError, Progress};
use crate::compare::{Blindness, Comparer, Unattributed, WindowKey};
use crate::correlate::{Directory, Extractor, Inspection, Resolver};
use crate::event::Event;
use crate::event::partition::{EventBuffer, Partitions, stable_hash};
use crate::mine::{Evidence, Traced};

/// Input name -> format of one source's inputs.
type Formats = BTreeMap<String, InputFormat>;

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
    pub(super) reports: Reports,
}

/// What the inputs said of themselves.
#[derive(Default)]
pub(super) struct Reports {
    pub(super) sources: Vec<SourceReport>,
    pub(super) errors: Vec<String>,
    pub(super) aside: Vec<Aside>,
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
    let extractor = Extractor::new(job.model.clone(), job.hash_key.clone());
    let workers = job.threads.max(1);
    let budget = job.memory / 2 / workers;
    let readers = workers.min(plan.sources.len()).max(1);
    let (sender, receiver) = sync_channel(workers * 2);
    // Held by the extracting threads alone: when all of them have stopped on an error, sending fails and reading ends.
    let receiver = Arc::new(Mutex::new(receiver));
    let queue = Mutex::new(plan.sources.into_iter().enumerate());
    let (mut reports, blind_spots) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));

    let parts: Vec<Extracting> = thread::scope(|scope| {
        let extracting: Vec<_> = (0..workers)
            .map(|n| {
                let buffer = EventBuffer::new(scratch.join(format!("extracted-{n}.arrow")));
                let (receiver, extractor) = (Arc::clone(&receiver), &extractor);
                scope.spawn(move || extract_batches(&receiver, extractor, buffer, budget, job))
            })
            .collect();
        drop(receiver);
        for _ in 0..readers {
            let sender = sender.clone();
            let (queue, reports, blind_spots) = (&queue, &reports, &blind_spots);
            scope.spawn(move || {
                while let Some((index, source)) = next(queue) {
                    let (report, spots) = read_source(source, job, sender.clone(), progress);
                    lock(reports).push((index, report));
                    lock(blind_spots).extend(spots);
                }
            });
        }
        drop(sender);
        extracting.into_iter().map(joined).collect::<Result<_, _>>()
    })?;

    let mut events = Vec::new();
    let mut directory = Directory::new();
    let mut inspection = Inspection::new();
    let mut evidence = Evidence::default();
    for part in parts {
        events.push(part.events);
        directory.merge(part.directory);
        inspection.merge(part.inspection);
        evidence.merge(part.evidence);
    }
    let mut sources = std::mem::take(reports.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner));
    sources.sort_by_key(|(index, _)| *index);
    let spots = blind_spots.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(Reading {
        events,
        directory,
        inspection,
        evidence,
        blindness: Blindness::new(spots),
        reports: Reports {
            sources: sources.into_iter().map(|(_, report)| report).collect(),
            errors,
            aside: plan.aside,
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
        let request = exchange.request.as_ref().and_then(|r| r.body.bytes()).map_or(0, <[u8]>::len);
        let response = exchange.response.as_ref().and_then(|r| r.body.bytes()).map_or(0, <[u8]>::len);
        self.bytes += (request + response) as u64;
        self.batch.push(exchange);
        if self.batch.len() >= BATCH || self.bytes >= BATCH_BYTES { self.flush() } else { ControlFlow::Continue(()) }
    }

    fn blind_spot(&mut self, spot: BlindSpot) -> ControlFlow<()> {
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
    progress: &dyn Progress,
) -> (SourceReport, Vec<(i64, i64)>) {
    let formats = Arc::new(source.inputs.iter().map(|input| (input.name.clone(), input.format)).collect());
    let batch = Vec::with_capacity(BATCH);
    let mut sink = Batcher { batch, bytes: 0, sender, formats, spots: Vec::new(), progress };
    let report = source.read(&job.capture, &mut sink);
    if !sink.batch.is_empty() {
        let _ = sink.flush();
    }
    (report, sink.spots)
}

/// What one extracting thread made.
struct Extracting {
    events: EventBuffer,
    directory: Directory,
    inspection: Inspection,
    evidence: Evidence,
}

fn extract_batches(
    receiver: &Mutex<Receiver<Batch>>,
    extractor: &Extractor,
    buffer: EventBuffer,
    budget: usize,
    job: &Job,
) -> Result<Extracting, PipelineError> {
    let mut made = Extracting {
        events: buffer,
        directory: Directory::new(),
        inspection: Inspection::new(),
        evidence: Evidence::default(),
    };
    let (from, to) = job.period;
    loop {
        let Ok(batch) = lock(receiver).recv() else { return Ok(made) };
        for exchange in &batch.exchanges {
            let extracted = extractor.extract(exchange);
            made.directory.add(extracted.facts);
            let time = exchange.time.0;
            if from.is_some_and(|from| time < from) || to.is_some_and(|to| time > to) {
                continue;
            }
            let protocol = exchange.protocol.as_str();
            made.inspection.add_exchange(protocol, &extracted.events, &extracted.sightings);
            // Without a model an exchange is one event, and all sightings are of its objects.
            if let (None, [event]) = (&job.model, extracted.events.as_slice()) {
                let places = extracted.sightings.into_iter().map(|sighting| sighting.places);
                made.evidence.add(event, places.map(|places| Traced { key: places.key, state: places.state }));
            }
            // An exchange does not say which file format it came in; its input does.
            let format = batch.formats.get(&*exchange.origin.input);
            for mut event in extracted.events {
                event.source = format.map_or(event.source, |format| format.as_str());
                made.events.push_within(event, budget)?;
            }
        }
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
    comparer: &Comparer,
    job: &Job,
    scratch: &Path,
) -> Result<Resolved, PipelineError> {
    let total = events.iter().map(EventBuffer::total_bytes).sum();
    let budget = job.memory / 4 / events.len().max(1);
    let parts: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = events
            .into_iter()
            .enumerate()
            .map(|(n, buffer)| {
                let folder = scratch.join(format!("resolved-{n}"));
                scope.spawn(move || resolve_buffer(buffer, resolver, comparer, &folder, total, budget))
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

fn resolve_buffer(
    buffer: EventBuffer,
    resolver: &Resolver,
    comparer: &Comparer,
    folder: &Path,
    total: u64,
    budget: usize,
) -> Result<(Partitions, Partitions, Inspection, Unattributed), PipelineError> {
    let io = |source| PipelineError::Io { what: "making a folder for spills", source };
    let (case_folder, window_folder) = (folder.join("cases"), folder.join("windows"));
    std::fs::create_dir_all(&case_folder).map_err(io)?;
    std::fs::create_dir_all(&window_folder).map_err(io)?;
    let mut cases = Partitions::new(&case_folder, total, budget);
    let mut windows = Partitions::new(&window_folder, total, budget);
    let mut inspection = Inspection::new();
    let mut unattributed = Unattributed::default();
    buffer.drain(|mut event: Event| {
        resolver.resolve(&mut event);
        comparer.note_unattributed(&event, &mut unattributed);
        inspection.add_event(&event);
        for key in comparer.window_keys(&event) {
            windows.push_under(group_hash(&key), event.clone())?;
        }
        cases.push(event)?;
        Ok::<_, PipelineError>(())
    })?;
    Ok((cases, windows, inspection, unattributed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlate::HashKey;
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
            model: None,
            hash_key: HashKey::new(b"a key of sixteen"),
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
