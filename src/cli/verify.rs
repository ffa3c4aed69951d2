//! `offpath verify`: is each earlier finding fixed, still open, or not exercised?

use std::collections::BTreeSet;

use super::args::{Shared, Verify, VerifyFormat};
use super::filter::Filter;
use super::output::pretty;
use super::progress::Meter;
use super::stored_run::StoredRun;
use super::triage::fates;
use super::work_folder::WorkFolder;
use super::{Console, Ended, Exit, inspect, job};
use crate::finding::text;
use crate::finding::verification::Fate;
use crate::finding::{Finding, severity_named};
use crate::pipeline::{self, Job, Run};
use crate::report::terminal;
use crate::report::verification::Verification;
use crate::rule::{self, SetThreshold};

/// Version of the document: the minor grows with additions, the major with anything else.
const SCHEMA_VERSION: &str = "1.0";

/// Runs the command.
pub(super) fn run(args: &Verify, shared: &Shared, console: &Console) -> Ended {
    let stored = StoredRun::open(&args.run)?;
    let filter = Filter::of_findings(&args.inputs.filter)?;
    let mut job = job::from_flags("verify", &args.inputs, args.model.as_deref(), shared, console)?;
    same_model(&stored, &job)?;
    same_thresholds(&stored, &mut job)?;
    let wanted = |finding: &&Finding| filter.as_ref().is_none_or(|filter| filter.admits(*finding));
    let earlier: Vec<Finding> = stored.findings.iter().filter(wanted).cloned().collect();
    // The tables are read once the run is over, and go with the folder.
    let folder = WorkFolder::create(&std::env::temp_dir(), &job.inputs, console)
        .map_err(|e| Exit::CannotStart(format!("no temporary folder: {e}")))?;
    console.say_held();
    let meter = Meter::for_console(shared);
    let again = pipeline::run(&job, folder.path(), &meter).map_err(|error| inspect::stopped(&error))?;
    inspect::note(&again, &meter.finish(), console);
    let document = document(args, &earlier, &again, folder.path())?;
    console.print(&match args.format {
        VerifyFormat::Human => terminal::verification(&document, &console.screen(None)),
        VerifyFormat::Json => pretty(&document)?,
        VerifyFormat::Markdown => document.markdown(),
    })?;
    inspect::say_errors(&again, console);
    for warning in &again.summary.warnings {
        console.say(&format!("warning: {}", text::display(warning)));
    }
    Ok(judge(args, &document, &again))
}

/// Refuses a model of another workflow: nothing would mean the same, and all would pass for not exercised.
fn same_model(stored: &StoredRun, job: &Job) -> Result<(), Exit> {
    let run = stored.path.display();
    let earlier = stored.summary.model.as_ref().map(|model| model.id.as_str());
    match (earlier, job.model.as_deref().map(|model| &*model.id)) {
        (Some(earlier), Some(now)) if earlier != now => Err(Exit::CannotStart(format!(
            "{run} was compared with the model {earlier}, not with {now}: nothing of one means the same as in the other"
        ))),
        (Some(earlier), None) => {
            Err(Exit::CannotStart(format!("{run} was compared with the model {earlier}: give it with --model")))
        }
        (None, Some(_)) => Err(Exit::CannotStart(format!("{run} was compared with no model: leave --model out"))),
        _ => Ok(()),
    }
}

/// Judges by the thresholds of the earlier run: by others the same attempt might pass for none.
fn same_thresholds(stored: &StoredRun, job: &mut Job) -> Result<(), Exit> {
    let record = stored.summary.options.get("rules").map_or("", String::as_str);
    for set in rule::set_in(record) {
        let set: SetThreshold = set.parse().map_err(|why| {
            let run = stored.path.display();
            Exit::CannotStart(format!("{run} was judged with a threshold that this version does not have: {why}"))
        })?;
        set.put(&mut job.thresholds);
    }
    Ok(())
}

fn document(args: &Verify, earlier: &[Finding], again: &Run, folder: &std::path::Path) -> Result<Verification, Exit> {
    let findings = fates(earlier, &again.findings, &again.summary, folder)?;
    let count = |fate| findings.iter().filter(|verified| verified.fate == fate).count() as u64;
    let known: BTreeSet<&str> = earlier.iter().map(|finding| finding.fingerprint.as_str()).collect();
    let model = again.summary.model.as_ref();
    Ok(Verification {
        schema_version: SCHEMA_VERSION.to_owned(),
        tool_version: again.summary.tool_version.clone(),
        run: args.run.display().to_string(),
        model: model.map(|model| format!("{} {}", model.id, model.version)),
        inputs: again.summary.inputs.iter().map(|input| input.name.clone()).collect(),
        exchanges: again.summary.exchanges,
        fixed: count(Fate::Fixed),
        open: count(Fate::Open),
        not_exercised: count(Fate::NotExercised),
        suppressed: earlier.iter().filter(|finding| finding.suppressed.is_some()).count() as u64,
        others: again.findings.iter().filter(|finding| !known.contains(finding.fingerprint.as_str())).count() as u64,
        findings,
    })
}

/// The exit that the verification deserves.
fn judge(args: &Verify, document: &Verification, again: &Run) -> Exit {
    let told = document.sentence();
    let told = told.trim_end_matches('.');
    let level = args.fail_on.severity();
    let fails = |severity: &str| level.is_some_and(|level| severity_named(severity) >= Some(level));
    let open = document.findings.iter().any(|found| found.fate == Fate::Open && fails(&found.severity));
    if let Some(why) = again.incomplete.as_deref().filter(|_| !args.allow_incomplete) {
        Exit::Incomplete(format!("{}; {told}", text::display(why)))
    } else if again.summary.exchanges == 0 {
        Exit::Nothing("no HTTP exchange was found in the input; `offpath inspect` says what is in it".to_owned())
    } else if open && !args.exit_zero {
        Exit::Findings(told.to_owned())
    } else if document.fixed + document.open == 0 && document.not_exercised > 0 {
        Exit::Nothing(format!("{told}: this traffic says nothing of them"))
    } else {
        Exit::Done(told.to_owned())
    }
}
