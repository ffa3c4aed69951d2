//! `offpath model lint`: everything that can be said against models.

use serde_json::{Value, json};

use super::counted;
use crate::cli::args::{LintFormat, LintLevel, ModelLint};
use crate::cli::output::pretty;
use crate::cli::{Console, Ended, Exit, documents, job};
use crate::model::{Diagnostic, Diagnostics, Gravity, Model};
use crate::report::sarif;

/// Runs the command.
pub(super) fn run(args: &ModelLint, console: &Console) -> Ended {
    let mut all = Vec::new();
    for file in &args.files {
        let text = job::model_text(file)?;
        all.push(Model::lint(&file.display().to_string(), &text, &mut documents::beside(file)));
    }
    console.print(&match args.format {
        LintFormat::Human => {
            all.iter().filter(|found| !found.is_empty()).map(|found| found.render(console.color)).collect()
        }
        LintFormat::Json => pretty(&document(&all))?,
        LintFormat::Sarif => pretty(&sarif::diagnostics(&all, env!("CARGO_PKG_VERSION")))?,
    })?;
    Ok(ended(&all, args.fail_on))
}

fn ended(all: &[Diagnostics], fail_on: LintLevel) -> Exit {
    let mut counts = [(Gravity::Error, 0), (Gravity::Warning, 0), (Gravity::Advice, 0)];
    for diagnostic in all.iter().flat_map(every).map(|(_, diagnostic)| diagnostic) {
        for (gravity, count) in &mut counts {
            *count += usize::from(*gravity == diagnostic.gravity);
        }
    }
    let [(_, errors), (_, warnings), (_, advice)] = counts;
    let pieces = if advice == 1 { "1 piece of advice".to_owned() } else { format!("{advice} pieces of advice") };
    let models = counted(all.len(), "model");
    let words = format!("{}, {} and {pieces} in {models}", counted(errors, "error"), counted(warnings, "warning"));
    let failed = match fail_on {
        LintLevel::Error => false,
        LintLevel::Warning => warnings > 0,
        LintLevel::Advice => warnings + advice > 0,
    };
    if errors > 0 {
        Exit::CannotStart(words)
    } else if failed {
        Exit::Findings(words)
    } else if warnings + advice > 0 {
        Exit::Done(words)
    } else {
        Exit::Done(format!("nothing to say against {models}"))
    }
}

/// What was found in a file and in those that it imports, each with its own file.
fn every(found: &Diagnostics) -> Vec<(&Diagnostics, &Diagnostic)> {
    let own = found.iter().map(|diagnostic| (found, diagnostic));
    own.chain(found.imported().iter().flat_map(every)).collect()
}

fn document(all: &[Diagnostics]) -> Value {
    let one = |(of, diagnostic): (&Diagnostics, &Diagnostic)| {
        let (line, column) = of.position(diagnostic.span.start);
        let (end_line, end_column) = of.position(diagnostic.span.end);
        let notes: Vec<Value> = diagnostic
            .notes
            .iter()
            .map(|(span, text)| {
                let (line, column) = of.position(span.start);
                json!({"line": line, "column": column, "text": text})
            })
            .collect();
        json!({
            "file": of.file(), "code": diagnostic.code.as_str(), "gravity": diagnostic.gravity.as_str(),
            "title": diagnostic.title, "label": diagnostic.label, "line": line, "column": column,
            "end_line": end_line, "end_column": end_column, "notes": notes, "helps": diagnostic.helps,
        })
    };
    let diagnostics: Vec<Value> = all.iter().flat_map(every).map(one).collect();
    json!({"schema_version": "1", "models": all.iter().map(Diagnostics::file).collect::<Vec<_>>(), "diagnostics": diagnostics})
}
