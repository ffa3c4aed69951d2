//! `offpath check`: compares traffic with the intended model and reports where it left the path.

use std::io::{BufWriter, Write};

use super::args::{Check, CheckFormat, FailOn, Shared};
use super::output::{self, Outputs, Written};
use super::progress::Meter;
use super::{Console, Ended, Exit, inspect, job};
use crate::finding::{csv, exceeds, jsonl};
use crate::pipeline::{self, Run, Selection};
use crate::report;

/// Runs the command.
pub(super) fn run(args: &Check, shared: &Shared, console: &Console) -> Ended {
    let mut job = job::from_flags("check", &args.inputs, args.model.as_deref(), shared, console)?;
    job.selection = Selection {
        select: job::patterns("--select", &args.select)?,
        ignore: job::patterns("--ignore", &args.ignore)?,
    };
    let outputs = Outputs::prepare(&args.output, &job)?;
    let meter = Meter::for_console(shared);
    let run = pipeline::run(&job, outputs.folder(), &meter).map_err(|error| inspect::stopped(&error))?;
    let timings = meter.finish();
    // An input that cannot be read, or is no traffic, must not cost the run before it.
    let unread = run.incomplete || run.summary.inputs.is_empty();
    if run.summary.exchanges == 0 && unread && outputs.replaces_a_run() {
        inspect::say_errors(&run, console);
        return Ok(Exit::Incomplete("nothing could be read; the earlier run was kept".to_owned()));
    }
    let written = outputs.write(&run, &timings)?;
    print(args.format, &run, &written, console)?;
    // The summary for people names them itself.
    if args.format != CheckFormat::Human {
        inspect::say_errors(&run, console);
    }
    Ok(judge(args, &run))
}

fn print(format: CheckFormat, run: &Run, written: &Written, console: &Console) -> Result<(), Exit> {
    let text = match format {
        CheckFormat::Human => {
            let screen = console.screen(Some(&written.folder));
            let mut text = report::terminal::check(&run.summary, &run.findings, &screen);
            text.push_str(&written.human());
            text
        }
        CheckFormat::Json => written.summary_json.clone(),
        CheckFormat::Jsonl => return stream(console, |out| jsonl::write(&run.findings, out)),
        CheckFormat::Sarif => return stream(console, |out| output::sarif(run, out)),
        CheckFormat::Csv => {
            return stream(console, |out| csv::write(&run.findings, out).map_err(std::io::Error::other));
        }
        CheckFormat::Markdown => report::markdown(&run.summary, &run.findings),
    };
    console.print(&text)
}

fn stream(console: &Console, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<(), Exit> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    console.written(write(&mut out).and_then(|()| out.flush()))
}

/// The exit that the run deserves.
pub(super) fn judge(args: &Check, run: &Run) -> Exit {
    let above = args.fail_on.severity().map_or(0, |level| exceeds(&run.findings, level));
    let level = match args.fail_on {
        FailOn::None => "none".to_owned(),
        _ => args.fail_on.severity().map(|s| s.as_str().to_owned()).unwrap_or_default(),
    };
    let unmatched = run.summary.model.is_some() && run.summary.operations.iter().all(|o| o.activity.is_none());
    let count = |n: usize| if n == 1 { "1 finding".to_owned() } else { format!("{n} findings") };
    if run.incomplete && !args.allow_incomplete {
        let first = run.summary.errors.first().cloned().unwrap_or_else(|| "more than 1 % of bytes lost".to_owned());
        let more = match run.summary.errors.len() {
            0 | 1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        let first = crate::finding::text::display(&first);
        Exit::Incomplete(format!("some input could not be read: {first}{more}; {} at or above {level}", count(above)))
    } else if run.summary.exchanges == 0 {
        Exit::Nothing("no HTTP exchange was found in the input; `offpath inspect` says what is in it".to_owned())
    } else if unmatched {
        Exit::Nothing(
            "no exchange matches an activity of the model; compare its paths with `offpath inspect`".to_owned(),
        )
    } else if above > 0 && !args.exit_zero {
        Exit::Findings(format!("{} at or above {level}", count(above)))
    } else if above > 0 {
        Exit::Done(format!("{} at or above {level}, --exit-zero given", count(above)))
    } else {
        Exit::Done(format!("no finding at or above {level}"))
    }
}
