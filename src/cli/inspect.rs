//! `offpath inspect`: what is in these files, who, which operations and objects, what could not be read.

use super::args::{Inspect, InspectFormat, Shared};
use super::progress::Meter;
use super::{Console, Ended, Exit, job};
use crate::pipeline::{self, PipelineError, Run};
use crate::report::terminal;

/// Runs the command.
pub(super) fn run(args: &Inspect, shared: &Shared, console: &Console) -> Ended {
    let job = job::from_flags("inspect", &args.inputs, args.model.as_deref(), shared, console)?;
    let run = analyse(&job, shared)?;
    let text = match args.format {
        InspectFormat::Human => terminal::inspect(&run.summary, &console.screen(None)),
        InspectFormat::Json => super::output::pretty(&run.summary)?,
    };
    console.print(&text)?;
    // The view for people names them itself.
    if args.format != InspectFormat::Human {
        say_errors(&run, console);
    }
    Ok(ended(&run))
}

/// Runs the pipeline without keeping a run folder.
pub(super) fn analyse(job: &pipeline::Job, shared: &Shared) -> Result<Run, Exit> {
    let folder = tempfile::tempdir().map_err(|e| Exit::CannotStart(format!("no temporary folder: {e}")))?;
    let meter = Meter::for_console(shared);
    let run = pipeline::run(job, folder.path(), &meter);
    meter.finish();
    run.map_err(|error| stopped(&error))
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

/// The exit of a command that only reads.
pub(super) fn ended(run: &Run) -> Exit {
    let exchanges = run.summary.exchanges;
    match run.summary.errors.len() {
        0 if exchanges == 0 => Exit::Nothing("no HTTP exchange was found in the input".to_owned()),
        0 if run.incomplete => Exit::Incomplete("more than 1 % of the input's bytes could not be read".to_owned()),
        0 if exchanges == 1 => Exit::Done("1 exchange read".to_owned()),
        0 => Exit::Done(format!("{exchanges} exchanges read")),
        1 => Exit::Incomplete(format!("some input could not be read, see above; {exchanges} exchanges read")),
        n => Exit::Incomplete(format!("{n} inputs or parts could not be read, see above; {exchanges} exchanges read")),
    }
}
