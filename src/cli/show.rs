//! `offpath show`: one case, actor or finding, what was not seen or is not in the model, who has access, or the list of cases with findings,
//! from a run folder.

mod bundle;
pub(super) mod nearest;
mod subject;

use serde_json::json;

use super::args::{Shared, Show, ShowFormat};
use super::filter::Filter;
use super::output::{json_lines, pretty};
use super::stored_run::StoredRun as Folder;
use super::{Console, Ended, Exit};
use crate::report::{Sheet, terminal};
use subject::Subject;

/// Runs the command.
pub(super) fn run(args: &Show, shared: &Shared, console: &Console) -> Ended {
    if let Some(path) = &args.verify_bundle {
        return bundle::verify(path, console);
    }
    let filter = Filter::of_stored_events(&args.filter)?;
    let folder = Folder::open(&args.run)?;
    let subject = Subject::find(args.what.as_deref(), &folder, filter.as_ref())?;
    if let Some(path) = &args.bundle {
        return bundle::write(path, &subject, &folder, args, shared, console);
    }
    if let Some(format) = args.reproduce {
        return bundle::reproduce(format, &subject, &folder, (args, shared), console);
    }
    console.print(&match args.format {
        ShowFormat::Human => human(&subject, &folder, console),
        ShowFormat::Json => pretty(&document(&subject, &folder))?,
        ShowFormat::Jsonl => rows(&subject)?,
        ShowFormat::Csv => csv(&sheet(&subject, &folder))?,
        ShowFormat::Markdown => sheet(&subject, &folder).markdown(),
        ShowFormat::Html => sheet(&subject, &folder).html(),
    })?;
    Ok(Exit::Done("shown".to_owned()))
}

fn human(subject: &Subject, folder: &Folder, console: &Console) -> String {
    let screen = console.screen(Some(&folder.path));
    let findings = &folder.findings;
    match subject {
        Subject::Cases(cases) => terminal::cases(cases, folder.summary.cases, &screen),
        Subject::Gaps(gaps) => terminal::gaps(&folder.summary, gaps, &screen),
        Subject::Access(rows) => terminal::access(rows, &screen),
        Subject::Unmatched(found) => terminal::unmatched(&folder.summary, found, &screen),
        Subject::Timeline(case) => terminal::timeline(case, findings, &screen),
        Subject::Finding(finding, case) => {
            let mut text = terminal::finding(finding, case.as_ref(), &screen);
            if let Some(case) = case {
                text.push('\n');
                text.push_str(&terminal::timeline(case, findings, &screen));
            }
            text
        }
    }
}

fn sheet(subject: &Subject, folder: &Folder) -> Sheet {
    match subject {
        Subject::Cases(cases) => Sheet::cases(cases, folder.summary.cases),
        Subject::Gaps(gaps) => Sheet::gaps(gaps),
        Subject::Access(rows) => Sheet::access(rows),
        Subject::Unmatched(found) => Sheet::unmatched(found),
        Subject::Timeline(case) => Sheet::timeline(case, &folder.findings),
        Subject::Finding(finding, case) => Sheet::finding(finding, case.as_ref(), &folder.findings),
    }
}

/// Everything as one document.
fn document(subject: &Subject, folder: &Folder) -> serde_json::Value {
    let version = &folder.summary.schema_version;
    match subject {
        Subject::Cases(cases) => json!({"schema_version": version, "cases": cases, "all": folder.summary.cases}),
        Subject::Gaps(gaps) => json!({"schema_version": version, "gaps": gaps}),
        Subject::Access(rows) => json!({"schema_version": version, "access": rows}),
        Subject::Unmatched(found) => json!({"schema_version": version, "unmodelled": found}),
        Subject::Timeline(case) => {
            json!({"schema_version": version, "timeline": case, "findings": case.about(&folder.findings)})
        }
        Subject::Finding(finding, case) => json!({"schema_version": version, "finding": finding, "timeline": case}),
    }
}

/// One line a case, gap, operation or event; a finding is one line.
fn rows(subject: &Subject) -> Result<String, Exit> {
    match subject {
        Subject::Cases(cases) => json_lines(cases),
        Subject::Gaps(gaps) => json_lines(gaps),
        Subject::Access(rows) => json_lines(rows),
        Subject::Unmatched(found) => json_lines(&found.operations),
        Subject::Timeline(case) => json_lines(&case.events),
        Subject::Finding(finding, _) => json_lines(std::slice::from_ref(finding)),
    }
}

fn csv(sheet: &Sheet) -> Result<String, Exit> {
    let mut bytes = Vec::new();
    sheet.csv(&mut bytes).map_err(|e| Exit::Incomplete(format!("CSV: {e}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
