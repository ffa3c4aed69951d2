//! `offpath drift`: what changed between two runs, or within an event log.

mod caveat;
mod summary;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use offpath_capture as capture;

use super::args::{CheckFormat, Drift, Shared};
use super::output::Outputs;
use super::stored_run::StoredRun;
use super::{Console, Ended, Exit, check, event_log, triage};
use crate::compare::Laps;
use crate::drift::{self, About, Caveat, Compared, Doubtful, HABITS, Record, Rows, Settings};
use crate::event::table::EventRow;
use crate::finding::{Finding, exceeds, group, suppression};
use crate::mine::{Evidence, Mining};
use crate::pipeline::Run;
use crate::report;

/// Cases whose events are looked up on each side.
const MOST_CASES: usize = 2_000;

/// Runs the command.
pub(super) fn run(args: &Drift, shared: &Shared, console: &Console) -> Ended {
    let [base, run] = &args.runs[..] else { return within(args, shared, console) };
    let (base, run) = (Stored::open(base)?, Stored::open(run)?);
    same_workflow(&base, &run)?;
    let outputs = outputs(args, [&base, &run], console)?;
    let model = run.run.summary.model.clone();
    let settings = Settings { min_cases: args.min_cases, fdr: args.fdr, min_effect: args.min_effect };
    let compared = drift::compare(&base.habits, &run.habits, model.is_some(), settings);
    let mut caveats = caveat::caveats(&base.run.summary, &run.run.summary);
    let beside = |text: &String| Caveat { text: text.clone(), doubts: Doubtful::Nothing };
    caveats.extend(compared.incomparable.iter().map(beside));
    let about = About {
        model: model.as_ref().map(|model| (&*model.id, &*model.version)),
        in_force_until: run.habits.totals.in_force_until,
        caveats: &caveats,
        marks: &args.mark,
        totals: (base.habits.totals.clone(), run.habits.totals.clone()),
    };
    let rows = rows(&compared, &base.run, &run.run)?;
    let mut findings = drift::findings(&compared, &about, &rows);
    let drift = summary::summary(args, (&base, &run), &compared, &findings, &caveats);
    let mut summary = summary::of_run(run.run.summary.clone(), &compared, &findings, drift);
    suppress(args, &mut findings, &mut summary, console)?;
    let folder = run.run.path.clone();
    let done = Run {
        summary,
        findings,
        absent: Vec::new(),
        gaps: Vec::new(),
        mining: Mining::default(),
        habits: run.habits.clone(),
        access: Vec::new(),
        evidence: Evidence::default(),
        laps: Laps::new(),
        incomplete: None,
    };
    let mut written = None;
    if let Some(outputs) = outputs {
        let shown = (&done.findings[..], args.fail_on.severity());
        written = Some(outputs.write_with(&done, shown, &BTreeMap::new(), Some(&folder))?);
    }
    let screen = console.screen(Some(&folder));
    match args.format {
        CheckFormat::Human => {
            let mut text = report::terminal::drift(&done.summary, &done.findings, &screen);
            text.push_str(&written.map(|written| written.human()).unwrap_or_default());
            console.print(&text)?;
        }
        format => check::print_as(format, &done, &done.findings, args.fail_on.severity(), console)?,
    }
    Ok(judge(args, &done, &compared))
}

/// A run and its habits.
pub(super) struct Stored {
    pub(super) run: StoredRun,
    pub(super) habits: Record,
}

impl Stored {
    fn open(folder: &Path) -> Result<Stored, Exit> {
        let run = StoredRun::open(folder)?;
        let path = folder.join(HABITS);
        if !path.exists() {
            return Err(Exit::CannotStart(format!(
                "{}: has no {HABITS}: it was written by offpath {}, before there was drift, or by another command than check; \
                 check its traffic again",
                folder.display(),
                crate::finding::text::display(&run.summary.tool_version),
            )));
        }
        let cannot = |why: String| Exit::CannotStart(format!("{}: {why}", path.display()));
        let file = File::open(&path).map_err(|e| cannot(e.to_string()))?;
        let habits = Record::read(&mut BufReader::new(file)).map_err(|e| cannot(e.to_string()))?;
        Ok(Stored { run, habits })
    }
}

/// Refuses runs that were compared with different workflows, or one with none: nothing means the same.
fn same_workflow(base: &Stored, run: &Stored) -> Result<(), Exit> {
    let redaction = |stored: &Stored| stored.run.summary.options.get("redact").cloned().unwrap_or_default();
    if redaction(base) != redaction(run) {
        return Err(Exit::CannotStart(format!(
            "{} and {} were written with different --redact: one name is another in each; check the traffic of one again",
            base.run.path.display(),
            run.run.path.display()
        )));
    }
    let of = |stored: &Stored| stored.run.summary.model.as_ref().map(|model| model.id.clone());
    let (one, other) = (of(base), of(run));
    if one == other {
        return Ok(());
    }
    let name = |model: Option<String>| model.map_or_else(|| "no model".to_owned(), |id| format!("the model {id}"));
    Err(Exit::CannotStart(format!(
        "{} was compared with {}, {} with {}: nothing of one means the same as in the other",
        base.run.path.display(),
        name(one),
        run.run.path.display(),
        name(other)
    )))
}

/// Where to write, if anything is asked for; never over one of the runs.
fn outputs(args: &Drift, runs: [&Stored; 2], console: &Console) -> Result<Option<Outputs>, Exit> {
    if args.output.is_empty() {
        return Ok(None);
    }
    let place = |path: &Path| path.canonicalize().ok();
    for output in &args.output {
        if let Some(run) =
            runs.iter().find(|run| place(&run.run.path).is_some() && place(&run.run.path) == place(output))
        {
            let run = run.run.path.display();
            return Err(Exit::CannotStart(format!(
                "-o {}: is {run}, which is compared; name another",
                output.display()
            )));
        }
    }
    let inputs: Vec<String> = Vec::new();
    Outputs::prepare_for(&args.output, args.force, (&inputs, &capture::Options::default()), console).map(Some)
}

/// Events of the example cases of what changed.
fn rows(compared: &Compared, base: &StoredRun, run: &StoredRun) -> Result<Rows, Exit> {
    let (mut before, mut after) = (BTreeSet::new(), BTreeSet::new());
    for change in compared.causes.iter().filter_map(|cause| cause.lead()) {
        let sides = [(&mut before, &change.before), (&mut after, &change.after)];
        for (wanted, side) in sides {
            wanted.extend(side.cell.examples.iter().take(MOST_CASES.saturating_sub(wanted.len())).cloned());
        }
    }
    Ok((events(base, &before)?, events(run, &after)?))
}

fn events(run: &StoredRun, wanted: &BTreeSet<String>) -> Result<BTreeMap<String, Vec<EventRow>>, Exit> {
    let mut cases: BTreeMap<String, Vec<EventRow>> = BTreeMap::new();
    // A folder whose tables were thrown away still has its habits.
    if wanted.is_empty() || !run.path.join("events").is_dir() {
        return Ok(cases);
    }
    for row in run.rows(|row| row.case.as_ref().is_some_and(|case| wanted.contains(case)))? {
        cases.entry(row.case.clone().unwrap_or_default()).or_default().push(row);
    }
    Ok(cases)
}

fn suppress(
    args: &Drift,
    findings: &mut [Finding],
    summary: &mut report::RunSummary,
    console: &Console,
) -> Result<(), Exit> {
    if let Some(file) = &args.suppressions {
        let today = args.today.unwrap_or_else(triage::today);
        let entries = triage::read(file, today, console)?;
        summary.suppressions = suppression::apply(findings, &entries, today);
    }
    summary.findings.clear();
    for finding in &*findings {
        let standing = if finding.suppressed.is_some() { "suppressed" } else { finding.standing() };
        *summary.findings.entry(standing.to_owned()).or_default() += 1;
    }
    summary.groups = group::summaries(findings);
    Ok(())
}

/// The exit that the comparison deserves.
fn judge(args: &Drift, run: &Run, compared: &Compared) -> Exit {
    let level = args.fail_on.severity();
    let above = level.map_or(0, |level| exceeds(&run.findings, level));
    let told = check::counted(above, level, false);
    if above > 0 && !args.exit_zero {
        Exit::Findings(told)
    } else if compared.tested == 0 && run.findings.is_empty() {
        let why = match compared.too_few_in_all {
            0 => {
                compared.incomparable.first().cloned().unwrap_or_else(|| "the runs hold nothing to compare".to_owned())
            }
            _ => format!("too few cases to say anything (fewer than {} on one side)", args.min_cases),
        };
        Exit::Nothing(why)
    } else if above > 0 {
        Exit::Done(format!("{told}, --exit-zero given"))
    } else {
        Exit::Done(told)
    }
}

/// Flags that changes within an event log have no use for.
const OF_RUNS: [&str; 7] =
    ["--fail-on", "--format", "--mark", "--min-cases", "--min-effect", "--output", "--suppressions"];

/// Changes within one event log.
fn within(args: &Drift, shared: &Shared, console: &Console) -> Ended {
    match &args.runs[..] {
        [log]
            if event_log::is_log(log)
                && let Some(flag) = OF_RUNS.iter().find(|flag| shared.typed.has(flag)) =>
        {
            Err(Exit::CannotStart(format!("{flag} is for two runs; the changes within an event log are only printed")))
        }
        [log] if event_log::is_log(log) => event_log::drift(log, args, shared, console),
        [run] => Err(Exit::CannotStart(format!(
            "{}: needs another run to compare with: offpath drift BASE-RUN RUN; alone, an event log is looked at",
            run.display()
        ))),
        _ => Err(Exit::CannotStart("name two run folders".to_owned())),
    }
}
