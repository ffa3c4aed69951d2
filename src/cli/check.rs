//! `offpath check`: compares traffic with the intended model and reports where it left the path.

use std::io::{BufWriter, Write};
use std::sync::Arc;

use super::args::{Check, CheckFormat, Shared};
use super::filter::Filter;
use super::output::{self, Outputs, Written};
use super::progress::Meter;
use super::{Console, Ended, Exit, documents, event_log, inspect, job, timings, triage};
use crate::finding::{Finding, csv, exceeds, jsonl, text};
use crate::model::Severity;
use crate::pipeline::{self, Run, Selection};
use crate::report::{self, RuleStatus, RunSummary};
use crate::rule;

/// Warnings in the last line where nothing could be judged.
const TOLD: usize = 3;

/// Runs the command.
pub(super) fn run(args: &Check, shared: &Shared, console: &Console) -> Ended {
    if event_log::is_checked(args, shared)? {
        return event_log::check(args, shared, console);
    }
    let mut job = job::from_flags("check", &args.inputs, args.model.as_deref(), shared, console)?;
    job.selection = selection(args)?;
    let documents = documents::read(&args.openapi, console)?;
    documents::go_by(&mut job, documents);
    job.clock = args.timings.then(timings::clock);
    args.rules.iter().for_each(|set| set.put(&mut job.thresholds));
    job.triage = triage::of_flags(args, console)?;
    if let Some(filter) = Filter::of_findings(&args.inputs.filter)? {
        job.selection.filter = Some(job.recorded(filter.text()));
        job.selection.findings = Some(Arc::new(move |finding| filter.admits(finding)));
    }
    let outputs = Outputs::prepare(&args.output, args.force, &job, console)?;
    console.say_held();
    let meter = Meter::for_console(shared);
    let mut run = pipeline::run(&job, outputs.folder(), &meter).map_err(|error| inspect::stopped(&error))?;
    let seconds = meter.finish();
    inspect::note(&run, &seconds, console);
    if args.timings {
        timings::say(&run, job.model.as_deref(), &seconds, console);
    }
    // An input that cannot be read, or is no traffic, must not cost the run before it.
    let unread = run.incomplete.is_some() || run.summary.inputs.is_empty();
    if run.summary.exchanges == 0 && unread && outputs.replaces_a_run() {
        inspect::say_errors(&run, console);
        return Ok(Exit::Incomplete("nothing could be read; the earlier run was kept".to_owned()));
    }
    triage::settle(&mut run, outputs.folder())?;
    if args.only_new {
        run.absent.clear();
    }
    let shown = args.only_new.then(|| run.findings.iter().filter(|f| !f.is_known()).cloned().collect::<Vec<Finding>>());
    let shown = shown.as_deref().unwrap_or(&run.findings);
    let written = outputs.write(&run, (shown, args.fail_on.severity()), &seconds)?;
    print(args, &run, shown, &written, console)?;
    // The summary for people names them itself.
    if args.format != CheckFormat::Human {
        inspect::say_errors(&run, console);
        run.summary.warnings.iter().for_each(|warning| console.say(&format!("warning: {}", text::display(warning))));
    }
    Ok(judge(args, &run))
}

/// The rules asked for; asking for none is a mistake.
fn selection(args: &Check) -> Result<Selection, Exit> {
    let selection = Selection {
        select: job::patterns("--select", &args.select)?,
        ignore: job::patterns("--ignore", &args.ignore)?,
        ..Selection::default()
    };
    if rule::catalogue().iter().any(|rule| selection.wants(rule.id)) {
        return Ok(selection);
    }
    let asked = if args.select.is_empty() { String::new() } else { format!(" of --select {}", args.select.join(",")) };
    Err(Exit::CannotStart(format!("--ignore {} leaves no rule{asked}", args.ignore.join(","))))
}

fn print(args: &Check, run: &Run, findings: &[Finding], written: &Written, console: &Console) -> Result<(), Exit> {
    let text = match args.format {
        CheckFormat::Human => {
            let screen = console.screen(written.folder.as_deref());
            let mut text = report::terminal::check(&run.summary, findings, &screen);
            if args.show_suppressed {
                text.push_str(&report::terminal::suppressed(&run.summary, findings, &screen));
            }
            text.push_str(&written.human());
            text
        }
        format => return print_as(format, run, findings, args.fail_on.severity(), console),
    };
    console.print(&text)
}

/// Prints a run in a format for programs, or as Markdown.
pub(super) fn print_as(
    format: CheckFormat,
    run: &Run,
    findings: &[Finding],
    fail_on: Option<Severity>,
    console: &Console,
) -> Result<(), Exit> {
    let text = match format {
        CheckFormat::Human => return Ok(()),
        CheckFormat::Json => output::pretty(&run.summary)?,
        CheckFormat::Jsonl => return stream(console, |out| jsonl::write(findings, out)),
        CheckFormat::Sarif => return stream(console, |out| output::sarif(run, findings, out)),
        CheckFormat::Csv => {
            return stream(console, |out| csv::write(findings, out).map_err(std::io::Error::other));
        }
        CheckFormat::Junit => {
            return stream(console, |out| report::junit(&run.summary, findings, fail_on, out));
        }
        CheckFormat::Ocsf => return stream(console, |out| report::ocsf(findings, &run.summary.tool_version, out)),
        CheckFormat::Markdown => report::markdown(&run.summary, findings),
    };
    console.print(&text)
}

fn stream(console: &Console, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<(), Exit> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    console.written(write(&mut out).and_then(|()| out.flush()))
}

/// The exit that the run deserves.
pub(super) fn judge(args: &Check, run: &Run) -> Exit {
    let level = args.fail_on.severity();
    let above = level.map_or(0, |level| exceeds(&run.findings, level));
    let found = counted(above, level, run.summary.baseline.is_some());
    let judges_nothing = run.summary.model.as_ref().is_some_and(|model| model.activities.1 == 0);
    if let Some(why) = run.incomplete.as_deref().filter(|_| !args.allow_incomplete) {
        let more = match run.summary.errors.len() {
            0 | 1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        let what = if run.summary.errors.is_empty() { "" } else { "some input could not be read: " };
        Exit::Incomplete(format!("{what}{}{more}; {found}", text::display(why)))
    } else if run.summary.exchanges == 0 {
        Exit::Nothing("no HTTP exchange was found in the input; `offpath inspect` says what is in it".to_owned())
    } else if inspect::outside_period(&run.summary) {
        Exit::Nothing(inspect::OUTSIDE_PERIOD.to_owned())
    } else if judges_nothing {
        Exit::Nothing(nothing_judged(&run.summary))
    } else if let Some(why) = all_blind(&run.summary) {
        Exit::Nothing(why)
    } else if let Some(why) = triage::out_of_order(&run.summary).filter(|_| args.strict_suppressions) {
        Exit::CannotStart(format!("{why}; {found}"))
    } else if above > 0 && !args.exit_zero {
        Exit::Findings(found)
    } else if above > 0 {
        Exit::Done(format!("{found}, --exit-zero given"))
    } else {
        Exit::Done(found)
    }
}

/// `2 findings at or above high`; where no level fails a run, that.
pub(super) fn counted(above: usize, level: Option<Severity>, new: bool) -> String {
    let Some(level) = level else { return "findings do not count (--fail-on none)".to_owned() };
    let new = if new { "new " } else { "" };
    let count = match above {
        0 => format!("no {new}finding"),
        1 => format!("1 {new}finding"),
        n => format!("{n} {new}findings"),
    };
    format!("{count} at or above {}", level.as_str())
}

/// Says so where not one rule that the model asks for could be judged from these sources.
fn all_blind(summary: &RunSummary) -> Option<String> {
    let has = |status: RuleStatus| summary.rules.iter().any(|rule| rule.status == status);
    let blind = has(RuleStatus::Blind) && !has(RuleStatus::Evaluated) && summary.findings.values().all(|n| *n == 0);
    let rules = match (&summary.model, has(RuleStatus::NotSelected)) {
        (None, _) => return None,
        (Some(_), false) => "a rule of the model",
        (Some(_), true) => "one of the selected rules",
    };
    blind
        .then(|| format!("the sources carry nothing that {rules} could be judged by; *Not judged* says what they lack"))
}

/// Why nothing could be judged, with what the model may have meant.
fn nothing_judged(summary: &RunSummary) -> String {
    let told: Vec<&str> = summary.warnings.iter().take(TOLD).map(String::as_str).collect();
    let told =
        if told.is_empty() { "no exchange matches an activity of the model".to_owned() } else { told.join("; ") };
    format!("{}; compare its paths with `offpath inspect`", text::display(&told))
}
