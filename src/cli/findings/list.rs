//! `offpath findings list`: the findings of a run by cause, or those of one cause.

use serde_json::json;

use crate::cli::args::{List, ListFormat};
use crate::cli::filter::Filter;
use crate::cli::output::pretty;
use crate::cli::stored_run::StoredRun;
use crate::cli::{Console, Ended, Exit};
use crate::finding::{Finding, csv, group, jsonl};
use crate::report::terminal;

/// Runs the command.
pub(super) fn run(args: &List, console: &Console) -> Ended {
    let filter = Filter::of_findings(&args.filter)?;
    let run = StoredRun::open(&args.run)?;
    let wanted = args.group.as_deref().map(|name| group_named(name, &run.findings)).transpose()?;
    let fits = |finding: &&Finding| {
        wanted.as_ref().is_none_or(|wanted| finding.group == *wanted)
            && filter.as_ref().is_none_or(|filter| filter.admits(*finding))
    };
    let findings: Vec<Finding> = run.findings.iter().filter(fits).cloned().collect();
    let screen = console.screen(Some(&run.path));
    let failed = |error: std::io::Error| Exit::Incomplete(format!("standard output: {error}"));
    let text = match args.format {
        ListFormat::Human if findings.is_empty() => "No finding fits.\n".to_owned(),
        ListFormat::Human if wanted.is_some() => terminal::one_by_one(&findings, &screen),
        ListFormat::Human => {
            terminal::by_cause(&findings, usize::MAX, "", &screen)
                + &terminal::suppressed(&run.summary, &findings, &screen)
        }
        ListFormat::Json => {
            let groups = group::summaries(&findings);
            pretty(&json!({"schema_version": run.summary.schema_version, "groups": groups}))?
        }
        ListFormat::Jsonl => {
            let mut bytes = Vec::new();
            jsonl::write(&findings, &mut bytes).map_err(failed)?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
        ListFormat::Csv => {
            let mut bytes = Vec::new();
            csv::write(&findings, &mut bytes).map_err(|error| failed(std::io::Error::other(error)))?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
    };
    console.print(&text)?;
    Ok(Exit::Done(format!("{} findings listed", findings.len())))
}

/// The group that a name, or the beginning of one, stands for.
pub(super) fn group_named(name: &str, findings: &[Finding]) -> Result<String, Exit> {
    let mut found: Vec<&str> = findings.iter().map(|finding| finding.group.as_str()).collect();
    found.retain(|group| group.starts_with(name));
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => Err(Exit::CannotStart(format!(
            "no group is called `{name}`; `offpath findings list --format json` names them"
        ))),
        several => Err(Exit::CannotStart(format!("`{name}` begins {} groups; write more of it", several.len()))),
    }
}
