//! `inspect --emit`: actors, objects and activities as the beginning of a model.

use std::path::Path;

use crate::cli::{Console, Ended, Exit, mine as drafting};
use crate::mine::{self, Sketch};
use crate::pipeline::{Job, Run};

/// Says what stands against it before the work, not after it.
pub(super) fn check(path: &Path, job: &Job) -> Result<(), Exit> {
    if job.model.is_some() {
        let why = "it begins a model from what traffic shows by itself; leave out --model";
        return Err(Exit::CannotStart(format!("--emit {}: {why}", path.display())));
    }
    if path.exists() {
        let why = "exists; a model is never overwritten, name another file";
        return Err(Exit::CannotStart(format!("--emit {}: {why}", path.display())));
    }
    Ok(())
}

/// Writes the file.
pub(super) fn write(path: &Path, run: &Run, console: &Console) -> Ended {
    let ended = super::ended(run);
    let sketch = Sketch::new(&run.evidence, &run.mining);
    if sketch.is_empty() {
        console.say_always(&drafting::nothing(&sketch, run.summary.exchanges));
        let nothing = Exit::Nothing(format!("nothing shows an object, {} not written", path.display()));
        return Ok(if ended.code() == 0 { nothing } else { ended });
    }
    let text = mine::beginning(&sketch, &drafting::provenance(run));
    let (_, doubts) = drafting::read_draft(&text)?;
    let text = mine::annotated(&text, &doubts, &[]);
    drafting::write_new(path, &text).map_err(|e| Exit::CannotStart(format!("--emit {}: {e}", path.display())))?;
    console
        .say(&format!("Model      {}: who, on what, by which calls; add lifecycles and constraints", path.display()));
    Ok(ended)
}
