//! `offpath show`: one case, actor, finding or what was not seen, from a run folder.

use std::path::Path;

use super::args::Show;
use super::filter::Filter;
use super::output::timeline_event;
use super::run_folder::MARK;
use super::{Console, Ended, Exit};
use crate::event::table::{self, EventRow};
use crate::finding::{Finding, jsonl};
use crate::report::{CaseTimeline, RunSummary, terminal};

/// Runs the command.
pub(super) fn run(args: &Show, console: &Console) -> Ended {
    let filter = Filter::of_stored_events(&args.filter)?;
    let summary = read_summary(&args.run)?;
    let screen = console.screen(Some(&args.run));
    if args.what == "gaps" {
        console.print(&terminal::gaps(&summary, &screen))?;
        return Ok(Exit::Done("shown".to_owned()));
    }
    let findings = read_findings(&args.run)?;
    if let Some(finding) = findings.iter().find(|finding| finding.id == args.what) {
        console.print(&terminal::finding(finding, &screen))?;
        if let Some(case) = finding.case.clone() {
            let mut rows = rows(&args.run, |row| row.case.as_ref() == Some(&case))?;
            rows.retain(|row| filter.as_ref().is_none_or(|filter| filter.admits(row)));
            console.print(&terminal::timeline(&timeline(case, rows), &findings, &screen))?;
        }
        return Ok(Exit::Done("shown".to_owned()));
    }
    let (title, mut rows) = select(args)?;
    if rows.is_empty() {
        return Err(Exit::CannotStart(format!(
            "nothing in {} is called `{}`; cases look like `order:ord_1`, findings like `F` and 12 hex digits, actors like `actor:alice`",
            args.run.display(),
            args.what
        )));
    }
    rows.retain(|row| filter.as_ref().is_none_or(|filter| filter.admits(row)));
    console.print(&terminal::timeline(&timeline(title, rows), &findings, &screen))?;
    Ok(Exit::Done("shown".to_owned()))
}

/// Events of the actor, of the case, or of the object named; a bare key is looked up among objects of every type.
fn select(args: &Show) -> Result<(String, Vec<EventRow>), Exit> {
    let what = args.what.as_str();
    if let Some(actor) = what.strip_prefix("actor:") {
        // Findings write `service:payments`, a principal of a kind; the principal itself is `payments`.
        for name in [Some(actor), actor.split_once(':').map(|(_, name)| name)].into_iter().flatten() {
            let is = |known: &Option<String>| known.as_deref() == Some(name);
            let events = rows(&args.run, |row| is(&row.principal) || is(&row.agent))?;
            if !events.is_empty() {
                return Ok((what.to_owned(), events));
            }
        }
        return Ok((what.to_owned(), Vec::new()));
    }
    let case = rows(&args.run, |row| row.case.as_deref() == Some(what))?;
    if !case.is_empty() {
        return Ok((what.to_owned(), case));
    }
    let named = |object: &String| object == what || object.split_once(':').is_some_and(|(_, key)| key == what);
    let events = rows(&args.run, |row| row.id == what || row.objects.iter().any(named))?;
    let title = events.iter().flat_map(|row| &row.objects).find(|o| named(o)).cloned();
    Ok((title.unwrap_or_else(|| what.to_owned()), events))
}

fn rows(folder: &Path, wanted: impl FnMut(&EventRow) -> bool) -> Result<Vec<EventRow>, Exit> {
    table::rows(folder, wanted).map_err(|e| Exit::CannotStart(e.to_string()))
}

fn timeline(case: String, rows: Vec<EventRow>) -> CaseTimeline {
    CaseTimeline { case, events: rows.into_iter().map(timeline_event).collect() }
}

fn read_summary(folder: &Path) -> Result<RunSummary, Exit> {
    let path = folder.join(MARK);
    let cannot = |why: String| {
        Exit::CannotStart(format!("{}: {why}; name a folder that `offpath check -o` wrote with --run", path.display()))
    };
    let text = std::fs::read_to_string(&path).map_err(|e| cannot(e.to_string()))?;
    serde_json::from_str(&text).map_err(|e| cannot(e.to_string()))
}

fn read_findings(folder: &Path) -> Result<Vec<Finding>, Exit> {
    let path = folder.join("findings.jsonl");
    let cannot = |why: String| Exit::CannotStart(format!("{}: {why}", path.display()));
    let file = std::fs::File::open(&path).map_err(|e| cannot(e.to_string()))?;
    jsonl::read(&mut std::io::BufReader::new(file)).map_err(|e| cannot(e.to_string()))
}
