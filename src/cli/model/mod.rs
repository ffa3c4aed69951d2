//! `offpath model`: what is done with models themselves, without any traffic.

mod diff;
mod fmt;
mod import;
mod lint;
mod new;
mod show;

use std::path::Path;
use std::sync::Arc;

use super::args::{ModelCommand, ModelWhat};
use super::{Console, Ended, Exit, documents, job};
use crate::model::Model;

/// Runs the command.
pub(super) fn run(args: &ModelCommand, console: &Console) -> Ended {
    match &args.what {
        ModelWhat::Lint(args) => lint::run(args, console),
        ModelWhat::Show(args) => show::run(args, console),
        ModelWhat::Diff(args) => diff::run(args, console),
        ModelWhat::Fmt(args) => fmt::run(args, console),
        ModelWhat::Import(args) => import::run(args, console),
        ModelWhat::New(args) => new::run(args, console),
    }
}

/// A model with the text that it was read from.
fn read(path: &Path, console: &Console) -> Result<(Arc<Model>, String), Exit> {
    let text = job::model_text(path)?;
    let name = path.display().to_string();
    match Model::read_with(&name, &text, &mut documents::beside(path)) {
        Ok((model, warnings)) => {
            if !warnings.is_empty() {
                console.say(&warnings.brief());
            }
            Ok((Arc::new(model), text))
        }
        Err(errors) => {
            console.say_always(errors.render(console.color).trim_end());
            Err(Exit::CannotStart(format!("model {name}: it has errors, see above")))
        }
    }
}

/// `1 warning`, `2 warnings`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
