//! `offpath events`: the event log of traffic, for the tools of process mining.

mod building;
mod writing;

use globset::Glob;

use super::args::{Events, Shared};
use super::filter::Filter;
use super::progress::Meter;
use super::work_folder::WorkFolder;
use super::{Console, Ended, Exit, documents, inspect, job};
use crate::finding::text;
use crate::pipeline;
use building::Built;
use writing::{Target, targets};

/// Runs the command.
pub(super) fn run(args: &Events, shared: &Shared, console: &Console) -> Ended {
    let targets = targets(args, shared)?;
    let documents = documents::read(&args.openapi, console)?;
    let mut job = job::from_flags("events", &args.inputs, args.model.as_deref(), shared, console)?;
    documents::go_by(&mut job, documents);
    inspect::look_at(&mut job, Filter::of_events(&args.inputs.filter)?);
    job.tables = true;
    // Nothing is judged here, so that no pass is made for it.
    job.selection.ignore.extend(Glob::new("*").map(|all| all.compile_matcher()));
    let folder = WorkFolder::create(&std::env::temp_dir(), &job.inputs, console)
        .map_err(|e| Exit::CannotStart(format!("no temporary folder: {e}")))?;
    console.say_held();
    let meter = Meter::for_console(shared);
    let run = pipeline::run(&job, folder.path(), &meter).map_err(|error| inspect::stopped(&error))?;
    inspect::note(&run, &meter.finish(), console);
    let built = Built::read(folder.path()).map_err(|error| Exit::Incomplete(error.to_string()))?;
    targets.iter().try_for_each(|target| write(target, &built, args, console))?;
    inspect::say_errors(&run, console);
    run.summary.warnings.iter().for_each(|warning| console.say(&format!("warning: {}", text::display(warning))));
    let (events, objects) = (built.log.events.len(), built.log.object_count());
    let written = format!("{events} events and {objects} objects written");
    Ok(match &run.incomplete {
        Some(why) => Exit::Incomplete(format!("some input could not be read: {}; {written}", text::display(why))),
        None if events == 0 && run.summary.exchanges == 0 => {
            Exit::Nothing("no HTTP exchange was found in the input".to_owned())
        }
        None if events == 0 => Exit::Nothing("no event fits".to_owned()),
        None => Exit::Done(written),
    })
}

/// Writes one output, and says what it leaves out.
fn write(target: &Target, built: &Built, args: &Events, console: &Console) -> Result<(), Exit> {
    let traces = target.format.is_flat().then(|| built.traces(args.object_type.as_deref())).transpose()?;
    target.write(&built.log, traces.as_deref(), console)?;
    let Some(traces) = traces else { return Ok(()) };
    let mut seen = vec![false; built.log.events.len()];
    traces.iter().flat_map(|trace| &trace.events).for_each(|event| {
        seen.get_mut(*event as usize).into_iter().for_each(|seen| *seen = true);
    });
    let left = seen.iter().filter(|seen| !**seen).count();
    if left > 0 {
        let of =
            args.object_type.as_deref().map_or_else(|| "case".to_owned(), |kind| format!("object of type {kind:?}"));
        console.say(&format!("Left out   {left} events of no {}, from {}", text::display(&of), target.name()));
    }
    Ok(())
}
