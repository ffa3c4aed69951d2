//! `offpath model diff`: who may now do what that could not before, and the reverse.

use super::read;
use crate::cli::args::{DiffLevel, ModelDiff, ModelDiffFormat};
use crate::cli::output::pretty;
use crate::cli::{Console, Ended, Exit};
use crate::model;
use crate::report::{change, terminal};

/// Runs the command.
pub(super) fn run(args: &ModelDiff, console: &Console) -> Ended {
    let (old, old_text) = read(&args.old, console)?;
    let (new, new_text) = read(&args.new, console)?;
    let diff = model::ModelDiff::between((&old, &old_text), (&new, &new_text));
    console.print(&match args.format {
        ModelDiffFormat::Human => terminal::change(&diff, &old, &new, &console.screen(None)),
        ModelDiffFormat::Markdown => change::markdown(&diff, &old, &new),
        ModelDiffFormat::Json => pretty(&change::json(&diff, &old, &new))?,
    })?;
    let words = change::counts(&diff);
    let failed = match args.fail_on {
        DiffLevel::Widened => diff.may_widen(),
        DiffLevel::Any => !diff.changes.is_empty(),
        DiffLevel::None => false,
    };
    Ok(if failed {
        Exit::Findings(words)
    } else if diff.changes.is_empty() {
        Exit::Done("both mean the same".to_owned())
    } else {
        Exit::Done(words)
    })
}
