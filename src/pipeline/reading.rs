//! Bytes to events: sources are read in parallel, and exchanges extracted by a pool of threads.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use offpath_capture::{
    Aside, BlindSpot, Endpoint, Exchange, InputFormat, Joins, NotRead, Plan, Request, Response, Settled, Sink, Source,
    SourceReport, Unjoined, UnreadConnection,
};

use super::extracting::{Extracting, Read, Waiting, extract_batches};
use super::gaps::Gaps;
use super::serving::Serving;
use super::settling::settle;
use super::ticks::{Finest, Ticks};
use super::unlike;
use super::views::{Clock, Doubles, Likely, Lookout, Prospect, Sighter, Twice, Units};
use super::{Job, PipelineError, Progress};
use crate::compare::Blindness;
use crate::correlate::{Directory, Extractor, Inspection, Redactor};
use crate::event::partition::EventBuffer;
use crate::mine::Evidence;

/// Input name -> format and number of the input.
pub(super) type Formats = BTreeMap<String, (InputFormat, u32)>;

/// Exchanges on their way to an extracting thread.
pub(super) struct Batch {
    pub(super) exchanges: Vec<(Exchange, Prospect)>,
    pub(super) formats: Arc<Formats>,
}

/// Exchanges handed over at once; a batch is also sent when its messages reach `BATCH_BYTES`.
pub(super) const BATCH: usize = 512;
const BATCH_BYTES: u64 = 4 << 20;
/// Bytes of exchanges that wait for what others hold of their calls, over all sources.
const UNJOINED_BYTES: usize = 64 << 20;
/// Bytes of exchanges that are held until it is known whether they may be hops, over all sources.
const LOOKOUT_BYTES: usize = 32 << 20;

/// What reading leaves: events without their joins, and everything the joins need.
pub(super) struct Reading {
    pub(super) events: Vec<EventBuffer>,
    pub(super) directory: Directory,
    /// The inputs' clocks where their times differ in what they show.
    pub(super) ticks: Finest,
    pub(super) inspection: Inspection,
    pub(super) evidence: Evidence,
    pub(super) blindness: Blindness,
    pub(super) gaps: Gaps,
    /// Exchanges that may be hops of others, and are judged.
    pub(super) likely: Likely,
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
    /// Exchanges that are inner hops of others, by input.
    pub(super) hops: Vec<(String, u64)>,
    /// Inputs that were set to the clock of another.
    pub(super) clocks: Vec<Clock>,
    pub(super) warnings: Vec<String>,
}

/// Reads every source and extracts its events.
pub(super) fn extract(
    plan: Plan,
    job: &Job,
    scratch: &Path,
    progress: &dyn Progress,
) -> Result<Reading, PipelineError> {
    let idle_actors = plan.idle_actors(&job.capture);
    let errors = plan.errors.iter().map(ToString::to_string).collect();
    progress.total(plan.sources.iter().flat_map(|s| &s.inputs).filter_map(|i| i.bytes).sum());
    let extractor = Extractor::redacting(job.model.clone(), job.hash_key.clone(), job.redaction)
        .with_rules(Arc::clone(&job.rules))
        .with_documents(&job.documents)
        .keeping_ids(job.keeps_ledger() || job.sought.is_some())
        .noting_settings(job.follows_courses())
        .with_schema(job.capture.schema.clone())
        .with_token_keys(job.token_keys.clone())
        .with_trusted_proxies(&job.trusted_proxies);
    let workers = job.threads.max(1);
    let budget = job.memory / 4 / workers;
    // One for all threads: what several of them learn of one object is kept once.
    let directory = Mutex::new(Directory::with_gap(job.model.as_ref().map(|model| model.check.session_gap)));
    let units = Units::of(&plan);
    let formats = Arc::new(units.by_name());
    let sighter = Sighter::new(&job.hash_key, extractor.proxies().clone());
    let readers = workers.min(plan.sources.len()).max(1);
    // The same share for each source, whichever is read first.
    let share = |bytes: usize| bytes / plan.sources.len().max(1);
    let (unjoined_share, lookout_share) = (share(UNJOINED_BYTES), share(LOOKOUT_BYTES));
    let unjoined = Mutex::new(Vec::new());
    let (mut left, mut unnamed) = (Vec::new(), None);
    let (sender, receiver) = sync_channel(workers * 2);
    // Held by the extracting threads alone: when all of them have stopped on an error, sending fails and reading ends.
    let receiver = Arc::new(Mutex::new(receiver));
    let queue = Mutex::new(plan.sources.into_iter().enumerate());
    let (reports, blind_spots) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let mut unread = Gaps::default();
    plan.errors.iter().for_each(|error| unread.error(error));
    let gaps = Mutex::new(unread);

    let parts: Vec<Read<'_>> = thread::scope(|scope| {
        let extracting: Vec<_> = (0..workers)
            .map(|n| {
                let buffer = EventBuffer::new(scratch.join(format!("extracted-{n}.arrow")));
                let waiting = Waiting::new(scratch, n, &units, &sighter, budget);
                let (receiver, extractor) = (Arc::clone(&receiver), &extractor);
                let made = Extracting::new(buffer, budget, &directory, job);
                scope.spawn(move || extract_batches(&receiver, extractor, made, waiting))
            })
            .collect();
        drop(receiver);
        let reading: Vec<_> = (0..readers)
            .map(|_| {
                let sender = sender.clone();
                let (queue, reports, blind_spots) = (&queue, &reports, &blind_spots);
                let (gaps, formats, unjoined, sighter) = (&gaps, &formats, &unjoined, &sighter);
                scope.spawn(move || {
                    while let Some((index, source)) = next(queue) {
                        let (joins, lookout) = (Joins::new(unjoined_share), Lookout::new(sighter, lookout_share));
                        let (sender, formats) = (sender.clone(), Arc::clone(formats));
                        let read = read_source(source, job, sender, formats, (joins, lookout), progress);
                        lock(gaps).merge(read.gaps);
                        lock(reports).push((index, read.report));
                        lock(blind_spots).extend(read.spots);
                        lock(unjoined).push((index, read.unjoined));
                    }
                })
            })
            .collect();
        reading.into_iter().for_each(joined);
        (left, unnamed) = send_unjoined(std::mem::take(&mut *lock(&unjoined)), &sender, &formats);
        drop(sender);
        extracting.into_iter().map(joined).collect::<Result<_, _>>()
    })?;

    let sources = in_order(inner(reports), left);
    let warnings = idle_actors.into_iter().chain(unlike::warnings(&sources)).chain(unnamed);
    let (parts, doubles) = settle(parts, &units, scratch, budget / 4)?;
    let (events, inspection, evidence, (serving, ticks)) = merged(parts);
    let spots = missing(inner(blind_spots), &doubles, &sighter);
    Ok(Reading {
        events,
        directory: inner(directory),
        ticks: ticks.finest(),
        inspection,
        evidence,
        blindness: blindness(spots, &serving, job),
        gaps: inner(gaps),
        likely: doubles.likely,
        reports: Reports {
            sources,
            errors,
            aside: plan.aside,
            twice: doubles.twice,
            hops: doubles.hops,
            clocks: doubles.clocks,
            warnings: warnings.chain(doubles.warnings).collect(),
        },
    })
}

/// What the extracting threads made, put together.
fn merged(parts: Vec<Extracting<'_>>) -> (Vec<EventBuffer>, Inspection, Evidence, (Serving, Ticks)) {
    let (mut events, mut inspection, mut evidence) = (Vec::new(), Inspection::new(), Evidence::default());
    let (mut serving, mut ticks) = (Serving::default(), Ticks::default());
    for part in parts {
        events.push(part.events);
        inspection.merge(part.inspection);
        evidence.merge(part.evidence);
        serving.merge(part.serving);
        ticks.merge(part.ticks);
    }
    (events, inspection, evidence, (serving, ticks))
}

/// The sources' reports in the order of the plan; the first tells of what all of them could not join.
fn in_order(mut sources: Vec<(usize, SourceReport)>, left: Vec<NotRead>) -> Vec<SourceReport> {
    sources.sort_by_key(|(index, _)| *index);
    if let Some((_, first)) = sources.first_mut() {
        first.not_read.extend(left);
    }
    sources.into_iter().map(|(_, report)| report).collect()
}

/// From when to when requests were not seen, and which server's alone, if one's.
type Spot = (i64, i64, Option<Endpoint>);

/// The blind spots that no other hop shows. What a proxy asked a server that is asked by it alone is seen before it; where
/// anybody else may have asked that server unseen, it is not asked by the proxy alone.
fn missing(mut spots: Vec<(Spot, Option<Endpoint>)>, doubles: &Doubles, sighter: &Sighter) -> Vec<Spot> {
    let past = spots.iter().filter_map(|((.., server), client)| {
        server.zip(*client).filter(|(server, client)| doubles.is_past_the_proxy(*client, *server, sighter))
    });
    let asked_past: BTreeSet<Endpoint> = past.map(|(server, _)| server).collect();
    let shown = |server: Endpoint| doubles.is_behind(server, sighter) && !asked_past.contains(&server);
    spots.retain(|((.., server), _)| server.is_none_or(|server| !shown(server)));
    spots.into_iter().map(|(spot, _)| spot).collect()
}

/// Where the inputs were blind, and what may have happened there.
fn blindness(spots: Vec<Spot>, serving: &Serving, job: &Job) -> Blindness {
    let scopes = job.model.as_deref().map(|model| serving.scopes(model));
    let mut steps = BTreeMap::new();
    Blindness::scoped(spots.into_iter().map(|(from, to, server)| {
        let of = || scopes.as_ref().and_then(|scopes| scopes.of(server));
        (from, to, steps.entry(server).or_insert_with(of).clone())
    }))
}

/// A thread's result. Its panic is a bug of ours: it goes on to the handler that says how to report it.
pub(super) fn joined<T>(worker: thread::ScopedJoinHandle<'_, T>) -> T {
    worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn next<T>(queue: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    lock(queue).next()
}

/// A source's sink: batches exchanges for the extracting threads.
struct Batcher<'a> {
    batch: Vec<(Exchange, Prospect)>,
    bytes: u64,
    sender: SyncSender<Batch>,
    formats: Arc<Formats>,
    spots: Vec<(Spot, Option<Endpoint>)>,
    gaps: Gaps,
    redactor: Redactor,
    lookout: Lookout<'a>,
    /// Of the exchanges in `joins` that may be hops, by their keys.
    prospects: HashMap<u64, Prospect>,
    joins: Joins,
    progress: &'a dyn Progress,
}

impl Batcher<'_> {
    fn take(&mut self, exchange: Exchange) -> ControlFlow<()> {
        let looked = self.lookout.take(exchange);
        self.join(looked)
    }

    /// Sends on what the lookout lets go and lacks nothing.
    fn join(&mut self, looked: Vec<(Exchange, Prospect)>) -> ControlFlow<()> {
        for (exchange, prospect) in looked {
            if let Prospect::May(_) = prospect {
                self.prospects.insert(exchange.key, prospect);
            }
            for exchange in self.joins.take(exchange) {
                let prospect = self.prospects.remove(&exchange.key);
                let prospect = prospect.unwrap_or_else(|| Lookout::of_unmarked(&exchange));
                self.add(exchange, prospect)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn add(&mut self, exchange: Exchange, prospect: Prospect) -> ControlFlow<()> {
        let request = exchange.request.as_ref().map_or(0, Request::held);
        let response = exchange.response.as_ref().map_or(0, Response::held);
        self.bytes += (request + response) as u64;
        self.batch.push((exchange, prospect));
        if self.batch.len() >= BATCH || self.bytes >= BATCH_BYTES { self.flush() } else { ControlFlow::Continue(()) }
    }

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
        self.take(exchange)
    }

    fn said(&mut self, exchange: Exchange) -> ControlFlow<()> {
        self.take(exchange)
    }

    fn blind_spot(&mut self, spot: BlindSpot) -> ControlFlow<()> {
        self.gaps.blind_spot(&spot, &self.redactor);
        self.spots.push(((spot.from.0, spot.to.0, spot.server), spot.client));
        ControlFlow::Continue(())
    }

    fn unread(&mut self, connection: UnreadConnection) -> ControlFlow<()> {
        self.gaps.unread(&connection, &self.redactor);
        ControlFlow::Continue(())
    }

    fn progress(&mut self, bytes: u64) {
        self.progress.read(bytes);
    }
}

/// What reading one source leaves beside its exchanges.
struct SourceRead {
    report: SourceReport,
    spots: Vec<(Spot, Option<Endpoint>)>,
    gaps: Gaps,
    unjoined: Unjoined,
}

fn read_source(
    source: Source,
    job: &Job,
    sender: SyncSender<Batch>,
    formats: Arc<Formats>,
    (joins, lookout): (Joins, Lookout<'_>),
    progress: &dyn Progress,
) -> SourceRead {
    let batch = Vec::with_capacity(BATCH);
    let redactor = job.redactor();
    let (spots, gaps, prospects) = (Vec::new(), Gaps::default(), HashMap::new());
    let mut sink =
        Batcher { batch, bytes: 0, sender, formats, spots, gaps, redactor, lookout, prospects, joins, progress };
    let report = source.read(&job.capture, &mut sink);
    let held = sink.lookout.finish();
    // Where all extracting threads have stopped on an error, `extract` reports it.
    if sink.join(held).is_continue() && !sink.batch.is_empty() {
        let _ = sink.flush();
    }
    sink.gaps.report(&report, &sink.redactor);
    SourceRead { report, spots: sink.spots, gaps: sink.gaps, unjoined: sink.joins.finish() }
}

/// Sends what sources could not join by themselves after all of them are read. Returns what is missing: answers to calls
/// that none of them shows, texts of queries for which there was no room; and a warning where these are missed.
fn send_unjoined(
    mut sources: Vec<(usize, Unjoined)>,
    sender: &SyncSender<Batch>,
    formats: &Arc<Formats>,
) -> (Vec<NotRead>, Option<String>) {
    sources.sort_by_key(|(index, _)| *index);
    let settled = Joins::settle(sources.into_iter().map(|(_, unjoined)| unjoined).collect());
    let Settled { exchanges, strays, refused, unnamed } = settled;
    let left = [("answer_without_call", strays), ("query_text", refused)].into_iter().filter(|(_, count)| *count > 0);
    let left = left.map(|(reason, count)| NotRead { reason, count, bytes: 0 }).collect();
    let missed = (refused > 0 && unnamed > 0).then(|| {
        format!(
            "{unnamed} exchanges name queries of GraphQL by hashes of which no text is known, and {refused} texts found no \
             room: such a call may be any step"
        )
    });
    let mut exchanges = exchanges.into_iter();
    loop {
        let marked = exchanges.by_ref().take(BATCH).map(|exchange| (Lookout::of_missed(&exchange), exchange));
        let batch: Vec<_> = marked.map(|(prospect, exchange)| (exchange, prospect)).collect();
        // Where all extracting threads have stopped on an error, `extract` reports it.
        if batch.is_empty() || sender.send(Batch { exchanges: batch, formats: Arc::clone(formats) }).is_err() {
            return (left, missed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::threshold::Thresholds;
    use crate::correlate::{HashKey, Proxies, Redaction};
    use crate::pipeline::Selection;
    use crate::pipeline::Triage;

    struct Silent;

    impl Progress for Silent {
        fn total(&self, _: u64) {}
        fn read(&self, _: u64) {}
        fn stage(&self, _: &'static str) {}
    }

    #[test]
    fn a_batch_is_sent_when_its_heads_are_large() {
        // What a file is shows in how it begins.
        let line = |n: usize| {
            let target = "a".repeat(if n == 0 { 1 } else { 100_000 });
            format!(
                "10.0.0.1 - - [07/Sep/2026:06:00:{:02} +0000] \"GET /{target} HTTP/1.1\" 200 5 \"-\" \"x\"\n",
                n % 60
            )
        };
        let log: String = (0..=100).map(line).collect();
        let source = Source::in_memory("a.log", log.into_bytes()).unwrap();
        let (sender, receiver) = sync_channel(100);
        let sighter = Sighter::new(&HashKey::new(b"a key of sixteen"), Proxies::default());
        let mut sink = Batcher {
            batch: Vec::new(),
            bytes: 0,
            sender,
            formats: Arc::default(),
            spots: Vec::new(),
            gaps: Gaps::default(),
            redactor: Redactor::new(HashKey::new(b"a key of sixteen"), Redaction::Mask),
            lookout: Lookout::new(&sighter, 1 << 20),
            prospects: HashMap::new(),
            joins: Joins::new(1 << 20),
            progress: &Silent,
        };
        source.read(&offpath_capture::Options::default(), &mut sink);
        drop(sink);
        let sent: Vec<usize> = receiver.iter().map(|batch: Batch| batch.exchanges.len()).collect();
        assert!(sent.len() >= 2 && sent.iter().all(|count| (20..=43).contains(count)), "{sent:?}");
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
            documents: Vec::new(),
            hash_key: HashKey::new(b"a key of sixteen"),
            token_keys: None,
            trusted_proxies: Vec::new(),
            redaction: Redaction::Mask,
            rules: Arc::default(),
            pseudonyms: None,
            threads: 1,
            memory: 1,
            period: (None, None),
            sought: None,
            selection: Selection::default(),
            thresholds: Thresholds::default(),
            tables: false,
            triage: Triage::default(),
            command: "check",
            clock: None,
        };
        let plan = offpath_capture::plan(&job.inputs, &job.capture);
        // It used to wait for ever: readers sent to a channel that nobody emptied.
        let read = extract(plan, &job, &folder.path().join("missing"), &Silent);
        assert!(matches!(read.err(), Some(PipelineError::Spill(_))));
    }
}
