//! `offpath mine`: what really happened, and a draft of a model from it.

use std::io::Write as _;
use std::path::Path;

use super::args::{InspectFormat, Mine, Shared};
use super::{Console, Ended, Exit, inspect, job};
use crate::mine;
use crate::report::terminal;

/// Runs the command.
pub(super) fn run(args: &Mine, shared: &Shared, console: &Console) -> Ended {
    let job = job::from_flags("mine", &args.inputs, args.model.as_deref(), shared, console)?;
    if let Some(path) = args.output.as_deref().filter(|path| path.exists()) {
        return Err(Exit::CannotStart(format!(
            "{} exists; a draft never overwrites a model, name another file",
            path.display()
        )));
    }
    let run = inspect::analyse(&job, shared)?;
    let text = match args.format {
        InspectFormat::Human => terminal::mine(&run.summary, &console.screen(None)),
        InspectFormat::Json => super::output::pretty(&run.summary)?,
    };
    console.print(&text)?;
    if let Some(path) = &args.output {
        write_new(path, &mine::draft(&run.mining, &run.summary))
            .map_err(|e| Exit::CannotStart(format!("{}: {e}", path.display())))?;
        console.say(&format!("Draft      {}: read it, correct it, then `offpath check --model`", path.display()));
    }
    Ok(inspect::ended(&run, console))
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}
