//! `offpath model show`: who may do what, when, as tables and diagrams.

use crate::cli::args::{ModelShow, ModelShowFormat};
use crate::cli::output::pretty;
use crate::cli::{Console, Ended, Exit};
use crate::model;
use crate::report::intended::{Intended, dot, mermaid, svg, xstate};
use crate::report::terminal;

/// Runs the command.
pub(super) fn run(args: &ModelShow, console: &Console) -> Ended {
    let (model, text) = super::read(&args.file, console)?;
    let mut intended = Intended::of(&model, model::delegations(&text));
    let names: Vec<String> = intended.lifecycles.iter().map(|life| life.object_type.clone()).collect();
    for wanted in &args.life {
        if !names.contains(wanted) {
            let near = model::nearest_name(wanted, names.iter().map(String::as_str));
            let near = near.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
            return Err(Exit::CannotStart(format!("--life {wanted}: the model has no life of it{near}")));
        }
    }
    if !args.life.is_empty() {
        intended.lifecycles.retain(|life| args.life.contains(&life.object_type));
    }
    let drawn = !matches!(args.format, ModelShowFormat::Text | ModelShowFormat::Json);
    if drawn && intended.lifecycles.is_empty() {
        return Err(Exit::CannotStart(format!("{}: no lifecycle to draw", args.file.display())));
    }
    console.print(&match args.format {
        ModelShowFormat::Text => terminal::intended(&intended, &console.screen(None)),
        ModelShowFormat::Json => pretty(&intended)?,
        ModelShowFormat::Mermaid => mermaid(&intended.lifecycles),
        ModelShowFormat::Dot => dot(&intended),
        ModelShowFormat::Svg => svg(&intended).map_err(|(of, arrows)| {
            Exit::CannotStart(format!("the life of {of} has {arrows} arrows, too many for a drawing; use --format dot"))
        })?,
        ModelShowFormat::Xstate => pretty(&xstate(&intended))?,
    })?;
    Ok(Exit::Done("shown".to_owned()))
}
