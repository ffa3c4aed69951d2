//! The whole analysis, stage by stage; data only moves down.
//!
//! No stage holds all events: each works on batches, and what must wait (for a join, for its case to be complete)
//! waits in buffers that spill to disk beyond the memory budget.

mod access;
mod alpn;
mod courses;
mod extracting;
mod gaps;
mod judging;
mod ledger;
mod names;
mod naming;
mod near;
mod pending;
mod reading;
mod resolving;
mod rows;
mod rules;
mod serving;
mod settling;
mod sought;
mod summing;
mod ticks;
mod triage;
mod unlike;
mod views;
mod warnings;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use offpath_capture as capture;

use crate::compare::threshold::Thresholds;
use crate::compare::{Check, Clock, Comparer, Laps, course};
use crate::correlate::{Apart, Catalogue, HashKey, PartOf, Pseudonyms, Redaction, RedactionRules, Redactor, TokenKeys};
use crate::drift::Record;
use crate::event::Event;
use crate::event::partition::SpillError;
use crate::event::table::TableError;
use crate::finding::Finding;
use crate::mine::{Evidence, Flows, KeyedByTenant, Mining, Templates, Wholes};
use crate::model::{AddressBlock, Description, Model};
use crate::report::{Access, Gap, RunSummary};
use crate::rule;

pub use extracting::shown_beside;
pub use sought::{Offer, Sought};
pub use triage::{Earlier, Triage};

/// What to analyse, and how.
pub struct Job {
    /// Files, folders, globs and `-`, as the user named them.
    pub inputs: Vec<String>,
    /// How to read them.
    pub capture: capture::Options,
    /// What the user told of that, by the name of its flag, for the run's record.
    pub told: BTreeMap<String, String>,
    /// What to compare with; without it only the rules that need none are evaluated.
    pub model: Option<Arc<Model>>,
    /// OpenAPI documents that describe operations, beside those that the model imports.
    pub documents: Vec<Arc<Description>>,
    /// Key of all pseudonyms.
    pub hash_key: HashKey,
    /// Keys that sign tokens; without them no signature is verified.
    pub token_keys: Option<Arc<TokenKeys>>,
    /// Proxies that are trusted to say for whom they speak, beside those of the model.
    pub trusted_proxies: Vec<AddressBlock>,
    /// Threads that extract and compare; reading has one of its own.
    pub threads: usize,
    /// Bytes of events that may be in memory at once.
    pub memory: usize,
    /// First and last instant of interest, microseconds since the Unix epoch; credentials seen outside still bind.
    pub period: (Option<i64>, Option<i64>),
    /// How much of personal data outputs show.
    pub redaction: Redaction,
    /// What is hidden besides, or kept.
    pub rules: Arc<RedactionRules>,
    /// What outputs show instead of names, if they do; made for the model, which says what is a name.
    pub pseudonyms: Option<Pseudonyms>,
    /// What is to be explained, if anything.
    pub sought: Option<Arc<Sought>>,
    /// Which rules and findings to report, and which events to look at.
    pub selection: Selection,
    /// The numbers on which rules decide, where the user set others.
    pub thresholds: Thresholds,
    /// Whether to write the events' tables, as what reports findings does.
    pub tables: bool,
    /// What is known of findings already.
    pub triage: Triage,
    /// Name of the command, for the run's record.
    pub command: &'static str,
    /// What tells how long the parts of comparing take, where somebody asks.
    pub clock: Option<Arc<dyn Clock>>,
}

impl Job {
    /// What hides in outputs that show exchanges rather than events.
    pub fn redactor(&self) -> Redactor {
        Redactor::new(self.hash_key.clone(), self.redaction).with_rules(Arc::clone(&self.rules))
    }

    /// Whether a ledger is kept of the ids that go over: where a rule that reads it is reported.
    fn keeps_ledger(&self) -> bool {
        let asked = [Check::Unlearned, Check::Enumeration].map(|check| rule::of_check(check).id);
        self.tables && asked.iter().any(|id| self.selection.wants(id))
    }

    /// Whether a pass is made over what actors, credentials and addresses did: where a rule that reads it is reported.
    fn follows_courses(&self) -> bool {
        self.tables && course::CHECKS.iter().any(|check| self.selection.wants(rule::of_check(*check).id))
    }

    /// A filter as the run's record has it: where names are hashed, one that a user typed is not told.
    pub fn recorded(&self, filter: &str) -> String {
        let told = if self.pseudonyms.is_some() { "given; not told where names are hashed" } else { filter };
        told.to_owned()
    }
}

/// Rule ids to report, as patterns with `*`, and filters.
#[derive(Clone, Default)]
pub struct Selection {
    /// Only these; all when empty.
    pub select: Vec<globset::GlobMatcher>,
    /// Never these.
    pub ignore: Vec<globset::GlobMatcher>,
    /// Events to look at; all when `None`. Never for judging: a case without some of its events deviates.
    pub events: Option<Wanted<Event>>,
    /// Findings to report; all when `None`.
    pub findings: Option<Wanted<Finding>>,
    /// The filter as it was written, for the run's record.
    pub filter: Option<String>,
}

/// Says whether something is wanted.
pub type Wanted<T> = Arc<dyn Fn(&T) -> bool + Send + Sync>;

impl Selection {
    /// Whether findings of a rule are wanted.
    pub fn wants(&self, rule: &str) -> bool {
        let hit = |patterns: &[globset::GlobMatcher]| patterns.iter().any(|p| p.is_match(rule));
        (self.select.is_empty() || hit(&self.select)) && !hit(&self.ignore)
    }

    /// Whether the filter on findings lets one through.
    fn admits(&self, finding: &Finding) -> bool {
        self.findings.as_ref().is_none_or(|wanted| wanted(finding))
    }

    /// Filters see what outputs show: a name that only a filter tells would be told by it.
    fn looks_at(&self, event: &Event, pseudonyms: Option<&Pseudonyms>) -> bool {
        let Some(wanted) = &self.events else { return true };
        match pseudonyms {
            Some(pseudonyms) => {
                let mut shown = event.clone();
                pseudonyms.event(&mut shown);
                wanted(&shown)
            }
            None => wanted(event),
        }
    }
}

/// Follows the analysis; called from several threads.
pub trait Progress: Sync {
    /// Bytes that will be read, once known.
    fn total(&self, bytes: u64);
    /// Bytes read since the last call.
    fn read(&self, bytes: u64);
    /// A stage begins.
    fn stage(&self, name: &'static str);
}

/// What an analysis found.
#[derive(Debug)]
pub struct Run {
    /// Everything but findings and events.
    pub summary: RunSummary,
    /// Findings by severity, time and id.
    pub findings: Vec<Finding>,
    /// Findings of the baseline that are not among them.
    pub absent: Vec<Finding>,
    /// What was not seen, by input and connection.
    pub gaps: Vec<Gap>,
    /// What each identity and credential may do and did.
    pub access: Vec<Access>,
    /// What happened, for drafting a model.
    pub mining: Mining,
    /// What usually happened, for comparing runs.
    pub habits: Record,
    /// What operations are about, where no model says so: the other half of a draft.
    pub evidence: Evidence,
    /// How long the parts of comparing took, on all threads: empty unless [`Job::clock`] tells, and in no output of data.
    pub laps: Laps,
    /// Why it is, if it is: input that could not be read, more than one percent of its bytes, a case too large to judge.
    pub incomplete: Option<String>,
}

/// The analysis could not be finished: the machine's fault, never the traffic's.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// Events could not be spilled.
    #[error(transparent)]
    Spill(#[from] SpillError),
    /// A table could not be written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Nothing can be read, and a name that was given leads to no file.
    #[error("{0}")]
    NoInput(String),
    /// A working file or thread could not be had.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// Cause.
        source: std::io::Error,
    },
}

/// Runs the whole analysis; spills and, where the job asks for them, the events' tables go under `folder`.
pub fn run(job: &Job, folder: &Path, progress: &dyn Progress) -> Result<Run, PipelineError> {
    let scratch = tempfile::tempdir_in(folder)
        .map_err(|source| PipelineError::Io { what: "making a folder for spills", source })?;

    progress.stage("reading");
    let plan = capture::plan(&job.inputs, &job.capture);
    if let Some(error) = plan.mistyped() {
        return Err(PipelineError::NoInput(error.to_string()));
    }
    let mut reading = reading::extract(plan, job, scratch.path(), progress)?;
    let imported = job.model.iter().flat_map(|model| &model.documents);
    let catalogue = Catalogue::of(job.documents.iter().chain(imported));
    reading.evidence.set_given(|operation| catalogue.find(operation).is_some());

    progress.stage("correlating");
    let resolver = reading.directory.freeze();
    let comparer = Comparer::new(job.model.clone()).timed(job.clock.clone());
    // Without a model the evidence says where values stand in paths; with one there is none, and nothing to learn.
    let templates = Templates::of(&reading.evidence);
    let flows = Flows::of(&reading.evidence, &templates);
    let wholes = Wholes::of(&reading.evidence, &templates, &flows);
    job.pseudonyms.iter().for_each(|pseudonyms| pseudonyms.carry(flows.renamed()));
    let apart = Apart::of(reading.inspection.reused_keys(), job.model.as_deref());
    let tenants = reading.inspection.tenants();
    let part_of = PartOf::of(job.model.as_deref());
    let joins = resolving::Joins {
        resolver: &resolver,
        templates: &templates,
        flows: &flows,
        wholes: &wholes,
        apart: &apart,
        tenants: &tenants,
        part_of: &part_of,
        ticks: &reading.ticks,
    };
    let resolved = resolving::resolve(reading.events, joins, &comparer, job, scratch.path())?;
    drop(resolver);

    progress.stage("ids");
    let mut blindness = reading.blindness;
    blindness.unattributed = resolved.unattributed;
    blindness.of_others = job.model.as_deref().and_then(|model| resolved.vantage.steps_of_others(model));
    let mut inspection = reading.inspection;
    inspection.merge(resolved.inspection);
    let near =
        job.model.as_deref().map(|model| near::near(model, &inspection, job.pseudonyms.as_ref())).unwrap_or_default();
    let mut strays = ledger::judge(resolved.writers, &blindness.spots, job, scratch.path())?;
    progress.stage("courses");
    let (told, review) = courses::judge(resolved.courses, &blindness.spots, job, scratch.path())?;
    strays.add_told(told);
    strays.take(resolved.noted.found(job.model.as_deref()));
    let held = std::mem::take(&mut strays.held);
    let seen = (near.as_slice(), &reading.likely);
    progress.stage("comparing");
    let mut judged = judging::judge(resolved.partitions, strays, &comparer, &blindness, seen, job, folder)?;
    judged.add_moves(comparer.unattributed_moves(&blindness.unattributed));

    let mut evidence = reading.evidence;
    for reused in inspection.reused_keys() {
        let why = KeyedByTenant { tenant: reused.place(), seen: reused.to_string(), certain: reused.certain };
        evidence.set_keyed_by_tenant(reused.object_type, why);
    }
    for object_type in templates.keyed_by_tenant(&evidence) {
        evidence.set_keyed_by_path(object_type, templates.tenants().len());
    }
    for hosted in inspection.hosted() {
        let seen = format!("{} made by {} tenants, each on a host of its own", hosted.objects, hosted.tenants);
        evidence.set_tenant(hosted.object_type, hosted.place, seen);
    }
    for premise in inspection.premises() {
        let seen = premise.seen();
        let path = premise.path.into_iter();
        path.for_each(|path| premise.types.iter().for_each(|name| evidence.propose_tenant(name, &path, &seen)));
    }
    if job.selection.events.is_some() {
        evidence.retain(&templates, |operation| inspection.called(operation));
    } else {
        inspection.add_operations(evidence.supported(&templates));
    }
    let mut run = summing::sum(job, reading.reports, &inspection, judged, (&blindness, &catalogue));
    run.summary.warnings.extend(warnings::of_made_up(&templates));
    run.summary.held = held
        .into_iter()
        .map(|(check, events)| (rule::of_check(check).id.to_owned(), events.iter().map(ToString::to_string).collect()))
        .collect();
    run.access = access::rows(&review, job.pseudonyms.as_ref());
    Ok(Run { evidence, gaps: reading.gaps.finish(&job.redactor()), ..run })
}
