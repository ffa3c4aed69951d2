//! Bytes to events: sources are read in parallel, and exchanges extracted by a pool of threads.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use offpath_capture::{Aside, BlindSpot, Exchange, InputFormat, Plan, Sink, Source, SourceReport};

use super::extracting::{Extracting, Read, Waiting, extract_batches};
use super::gaps::Gaps;
use super::settling::settle;
use super::views::{Sighter, Twice, Units};
use super::{Job, PipelineError, Progress};
use crate::compare::Blindness;
use crate::correlate::{Directory, Extractor, Inspection, Redactor};
use crate::event::partition::EventBuffer;
use crate::mine::Evidence;

/// Input name -> format and number of the input.
pub(super) type Formats = BTreeMap<String, (InputFormat, u32)>;

/// Exchanges on their way to an extracting thread.
pub(super) struct Batch {
    pub(super) exchanges: Vec<Exchange>,
    pub(super) formats: Arc<Formats>,
}

/// Exchanges handed over at once; a batch is also sent when its bodies reach `BATCH_BYTES`.
pub(super) const BATCH: usize = 512;
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
        .with_schema(job.capture.schema.clone())
        .with_token_keys(job.token_keys.clone())
        .with_trusted_proxies(&job.trusted_proxies);
    let workers = job.threads.max(1);
    let budget = job.memory / 4 / workers;
    // One for all threads: what several of them learn of one object is kept once.
    let directory = Mutex::new(Directory::with_gap(job.model.as_ref().map(|model| model.check.session_gap)));
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
pub(super) fn joined<T>(worker: thread::ScopedJoinHandle<'_, T>) -> T {
    worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
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
            token_keys: None,
            trusted_proxies: Vec::new(),
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
