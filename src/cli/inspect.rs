//! `offpath inspect`: what is in these files, who, which operations and objects, what could not be read.

mod emit;
mod explain;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::args::{Inspect, InspectFormat, Shared};
use super::filter::Filter;
use super::progress::Meter;
use super::work_folder::WorkFolder;
use super::{Console, Ended, Exit, documents, job, preview};
use crate::mine::Sketch;
use crate::pipeline::{self, PipelineError, Run};
use crate::report::{RunSummary, terminal};

/// Runs the command.
pub(super) fn run(args: &Inspect, shared: &Shared, console: &Console) -> Ended {
    let documents = documents::read(&args.openapi, console)?;
    let mut job = job::from_flags("inspect", &args.inputs, args.model.as_deref(), shared, console)?;
    documents::go_by(&mut job, documents);
    look_at(&mut job, Filter::of_events(&args.inputs.filter)?);
    if args.unmatched && job.documents.is_empty() && job.model.is_none() {
        let why = "without a model or a document every path is guessed; give --model or --openapi";
        return Err(Exit::CannotStart(format!("--unmatched: {why}")));
    }
    args.emit.as_deref().map(|path| emit::check(path, &job)).transpose()?;
    let near = args.explain.as_deref().map(|typed| explain::look_for(typed, &mut job));
    let described = args.inputs.mapping.is_some() || args.inputs.log_format.is_some();
    if described && args.format == InspectFormat::Human {
        let redactor = job.redactor();
        console.print(&preview::text(&job.inputs, &job.capture, &redactor))?;
    }
    let run = analyse(&job, shared, console)?;
    if let Some(near) = near {
        return explain::answer(&run, &job, &near, args.format, console);
    }
    let text = match args.format {
        InspectFormat::Human if args.unmatched => terminal::unknown_paths(&run.summary),
        InspectFormat::Human => {
            let drafts = !Sketch::new(&run.evidence, &run.mining).is_empty();
            terminal::inspect(&run.summary, drafts, &console.screen(None))
        }
        InspectFormat::Json => super::output::pretty(&run.summary)?,
    };
    console.print(&text)?;
    // The view for people names them itself.
    if args.format != InspectFormat::Human || args.unmatched {
        say_errors(&run, console);
    }
    match &args.emit {
        Some(path) => emit::write(path, &run, console),
        None => Ok(ended(&run)),
    }
}

/// Has the job look only at the events that a filter admits.
pub(super) fn look_at(job: &mut pipeline::Job, filter: Option<Filter>) {
    let Some(filter) = filter else { return };
    job.selection.filter = Some(job.recorded(filter.text()));
    job.selection.events = Some(Arc::new(move |event| filter.admits(event)));
}

/// Runs the pipeline without keeping a run folder.
pub(super) fn analyse(job: &pipeline::Job, shared: &Shared, console: &Console) -> Result<Run, Exit> {
    let folder = WorkFolder::create(&std::env::temp_dir(), &job.inputs, console)
        .map_err(|e| Exit::CannotStart(format!("no temporary folder: {e}")))?;
    console.say_held();
    let meter = Meter::for_console(shared);
    let run = pipeline::run(job, folder.path(), &meter);
    let timings = meter.finish();
    let run = run.map_err(|error| stopped(&error))?;
    note(&run, &timings, console);
    if job.selection.events.is_some() {
        console
            .say(&format!("Filter     {} events fit, of {} exchanges read", run.summary.events, run.summary.exchanges));
    }
    Ok(run)
}

/// Says what was read and how long it took, where that much is wanted.
pub(super) fn note(run: &Run, timings: &BTreeMap<&'static str, f64>, console: &Console) {
    for input in &run.summary.inputs {
        console.note(&format!(
            "read {} as {}: {} bytes, {} records",
            input.name, input.format, input.bytes, input.records
        ));
    }
    let seconds: Vec<String> = timings.iter().map(|(stage, seconds)| format!("{stage} {seconds:.3} s")).collect();
    console.note(&format!("{} events in {} cases; {}", run.summary.events, run.summary.cases, seconds.join(", ")));
}

/// The exit of an analysis that did not come to its end.
pub(super) fn stopped(error: &PipelineError) -> Exit {
    match error {
        PipelineError::NoInput(why) => Exit::CannotStart(crate::finding::text::display(why).to_string()),
        error => Exit::Incomplete(format!("the analysis stopped: {error}")),
    }
}

/// Names every input that could not be read.
pub(super) fn say_errors(run: &Run, console: &Console) {
    for error in &run.summary.errors {
        console.say_always(&format!("error: {}", crate::finding::text::display(error)));
    }
}

/// Last line where the period leaves nothing.
pub(super) const OUTSIDE_PERIOD: &str = "no event lies between --from and --to (a date is a day in UTC)";

/// Whether a period was given and nothing happened in it.
pub(super) fn outside_period(summary: &RunSummary) -> bool {
    summary.events == 0 && ["from", "to"].iter().any(|option| summary.options.contains_key(*option))
}

/// The exit of a command that only reads.
pub(super) fn ended(run: &Run) -> Exit {
    let exchanges = run.summary.exchanges;
    let noun = if exchanges == 1 { "exchange" } else { "exchanges" };
    let whole = run.summary.halves().map(|halves| format!(", {} of them with both sides", halves.whole));
    let read = format!("{exchanges} {noun} read{}", whole.unwrap_or_default());
    let filtered_out = run.summary.options.contains_key("filter") && run.summary.events == 0;
    match run.summary.errors.len() {
        0 if exchanges == 0 => Exit::Nothing("no HTTP exchange was found in the input".to_owned()),
        0 if filtered_out && outside_period(&run.summary) => {
            Exit::Nothing("no event fits the filter and lies between --from and --to".to_owned())
        }
        0 if outside_period(&run.summary) => Exit::Nothing(OUTSIDE_PERIOD.to_owned()),
        0 if filtered_out => Exit::Nothing("no event fits the filter".to_owned()),
        0 => match &run.incomplete {
            Some(why) => Exit::Incomplete(crate::finding::text::display(why)),
            None => Exit::Done(read),
        },
        1 => Exit::Incomplete(format!("some input could not be read, see above; {read}")),
        n => Exit::Incomplete(format!("{n} inputs or parts could not be read, see above; {read}")),
    }
}
