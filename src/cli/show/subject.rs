//! What is to be shown, found by its name in a run folder.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::cli::Exit;
use crate::cli::filter::Filter;
use crate::cli::output::{ACCESS, GAPS, timeline_event};
use crate::cli::stored_run::StoredRun as Folder;
use crate::event::table::EventRow;
use crate::finding::Finding;
use crate::report::{Access, CaseFindings, CaseTimeline, Gap, UnmodelledSummary, cases_with_findings};

use super::nearest::Nearest;

/// Letters from which on the beginning of a name stands for it.
const SHORTEST: usize = 3;
/// What stands for what was not seen.
const GAPS_WORD: &str = "gaps";
/// What stands for what is no activity of the model.
const UNMATCHED_WORD: &str = "unmatched";
/// What stands for who has access.
const ACCESS_WORD: &str = "access";
/// All of these.
const WORDS: [&str; 3] = [GAPS_WORD, UNMATCHED_WORD, ACCESS_WORD];
/// Names listed where several begin alike.
const LISTED: usize = 8;

/// What a name stands for.
pub(super) enum Subject {
    /// The cases with findings; no name was given.
    Cases(Vec<CaseFindings>),
    /// What was not seen.
    Gaps(Vec<Gap>),
    /// Who has access.
    Access(Vec<Access>),
    /// What is no activity of the model.
    Unmatched(UnmodelledSummary),
    /// A finding, and its case.
    Finding(Box<Finding>, Option<CaseTimeline>),
    /// Events of a case, an actor or an object.
    Timeline(CaseTimeline),
}

impl Subject {
    /// What a name stands for; a timeline holds the events that fit the filter.
    pub(super) fn find(name: Option<&str>, folder: &Folder, filter: Option<&Filter>) -> Result<Subject, Exit> {
        let fits = |row: &EventRow| filter.is_none_or(|filter| filter.admits(row));
        if filter.is_some() && name.is_none_or(|name| WORDS.contains(&name)) {
            return Err(Exit::CannotStart(
                "--filter: show filters the events of a timeline; name a case, an object, a finding or an actor, \
                 or give the filter to `offpath check`, where it is over findings"
                    .to_owned(),
            ));
        }
        let Some(name) = name else { return Ok(Subject::Cases(cases_with_findings(&folder.findings))) };
        if name == GAPS_WORD {
            return read_lines(&folder.path, GAPS).map(Subject::Gaps);
        }
        if name == ACCESS_WORD {
            return read_lines(&folder.path, ACCESS).map(Subject::Access);
        }
        if name == UNMATCHED_WORD {
            let found = folder.summary.unmodelled.clone();
            return found.map(Subject::Unmatched).ok_or_else(|| {
                Exit::CannotStart(
                    "show unmatched: the run compared with no model, so that nothing is matched".to_owned(),
                )
            });
        }
        if let Some(finding) = folder.findings.iter().find(|finding| finding.id == name) {
            let case = finding.case.as_ref().map(|case| {
                let rows = folder.rows(|row| row.case.as_ref() == Some(case) && fits(row))?;
                Ok::<_, Exit>(timeline(case.clone(), rows))
            });
            return Ok(Subject::Finding(Box::new(finding.clone()), case.transpose()?));
        }
        let (title, mut rows) = match select(name, folder) {
            Err(unknown) => match beginning(name, folder)?.as_slice() {
                [] => return Err(unknown),
                // What is found is a whole name, and nothing longer is looked for again.
                [whole] if whole != name => return Subject::find(Some(whole), folder, filter),
                several => return Err(ambiguous(name, several)),
            },
            found => found?,
        };
        rows.retain(fits);
        Ok(Subject::Timeline(timeline(title, rows)))
    }
}

/// Events of the actor, of the case, or of the object named; a bare key is looked up among objects of every type.
fn select(name: &str, folder: &Folder) -> Result<(String, Vec<EventRow>), Exit> {
    if let Some(actor) = name.strip_prefix("actor:") {
        // Findings write `service:payments`, a principal of a kind; the principal itself is `payments`.
        for actor in [Some(actor), actor.split_once(':').map(|(_, name)| name)].into_iter().flatten() {
            let is = |known: &Option<String>| known.as_deref() == Some(actor);
            let events = folder.rows(|row| is(&row.principal) || is(&row.agent))?;
            if !events.is_empty() {
                return Ok((name.to_owned(), events));
            }
        }
        let mut nearest = Nearest::to(actor);
        folder.rows(|row| {
            [&row.principal, &row.agent].into_iter().flatten().for_each(|known| nearest.offer(known));
            false
        })?;
        return Err(unknown(name, folder, nearest.names().iter().map(|near| format!("actor:{near}")).collect()));
    }
    let named = |object: &str| object == name || object.split_once(':').is_some_and(|(_, key)| key == name);
    let mut of_object = folder.rows(|row| {
        row.case.as_deref().is_some_and(named) || row.id == name || row.objects.iter().any(|object| named(object))
    })?;
    if of_object.is_empty() {
        let mut nearest = Nearest::to(name);
        WORDS.into_iter().for_each(|word| nearest.offer(word));
        folder.findings.iter().for_each(|finding| {
            nearest.offer(&finding.id);
            finding.object.iter().for_each(|object| nearest.offer(&format!("{}:{}", object.object_type, object.id)));
        });
        folder.rows(|row| {
            row.objects.iter().chain(&row.case).for_each(|known| nearest.offer(known));
            let actors = [&row.principal, &row.agent].into_iter().flatten();
            actors.for_each(|known| nearest.offer(&format!("actor:{known}")));
            false
        })?;
        return Err(unknown(name, folder, nearest.names()));
    }
    // A case is its own events, also where other cases touch its root object.
    if of_object.iter().any(|row| row.case.as_deref() == Some(name)) {
        of_object.retain(|row| row.case.as_deref() == Some(name));
        return Ok((name.to_owned(), of_object));
    }
    let names: BTreeSet<&String> =
        of_object.iter().flat_map(|row| row.objects.iter().chain(&row.case)).filter(|object| named(object)).collect();
    // A key of one thing alone is that thing, whose case may have that name.
    if let [title] = *names.iter().copied().collect::<Vec<_>>()
        && title != name
    {
        return select(&title.clone(), folder);
    }
    let title = names.first().map(|title| (*title).clone());
    Ok((title.unwrap_or_else(|| name.to_owned()), of_object))
}

/// Names that begin so: findings, events, cases, objects with or without their type, and actors.
fn beginning(name: &str, folder: &Folder) -> Result<Vec<String>, Exit> {
    let mut names = BTreeSet::new();
    if name.len() < SHORTEST {
        return Ok(Vec::new());
    }
    names.extend(folder.findings.iter().map(|finding| &finding.id).filter(|id| id.starts_with(name)).cloned());
    folder.rows(|row| {
        let begins = |object: &&String| {
            object.starts_with(name) || object.split_once(':').is_some_and(|(_, key)| key.starts_with(name))
        };
        let id = Some(&row.id).filter(|id| id.starts_with(name)).cloned();
        let actor = name.strip_prefix("actor:").filter(|actor| !actor.is_empty());
        let actors = [&row.principal, &row.agent].into_iter().flatten();
        let actors = actors.filter(|known| actor.is_some_and(|actor| known.starts_with(actor)));
        let found = row.objects.iter().chain(&row.case).filter(begins).cloned().chain(id);
        let found = found.chain(actors.map(|known| format!("actor:{known}")));
        names.extend(found.take(LISTED + 1));
        while names.len() > LISTED + 1 {
            names.pop_last();
        }
        false
    })?;
    Ok(names.into_iter().collect())
}

/// The exit for a beginning that several names share.
fn ambiguous(name: &str, several: &[String]) -> Exit {
    let listed: Vec<String> = several.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = if several.len() > LISTED { ", and more" } else { "" };
    let text = format!("`{name}` begins several names: {}{more}; write more of it", listed.join(", "));
    Exit::CannotStart(crate::finding::text::display(&text))
}

/// The exit for a name that nothing has, with the names most like it.
fn unknown(name: &str, folder: &Folder, near: Vec<String>) -> Exit {
    let run = folder.path.display();
    let near = match near.as_slice() {
        [] => {
            "cases look like `order:ord_1`, findings like `F` and 12 hex digits, actors like `actor:alice`".to_owned()
        }
        near => format!("nearest: {}", near.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    let text = format!(
        "nothing in {run} is called `{name}`; {near}; `offpath show --run {run}` lists all cases with findings"
    );
    Exit::CannotStart(crate::finding::text::display(&text))
}

fn timeline(case: String, rows: Vec<EventRow>) -> CaseTimeline {
    CaseTimeline { case, events: rows.into_iter().map(timeline_event).collect() }
}

fn read_lines<T: DeserializeOwned>(folder: &Path, file: &str) -> Result<Vec<T>, Exit> {
    let path = folder.join(file);
    let cannot = |why: String| Exit::CannotStart(format!("{}: {why}", path.display()));
    let file = File::open(&path).map_err(|e| cannot(e.to_string()))?;
    let lines = serde_json::Deserializer::from_reader(BufReader::new(file)).into_iter();
    lines.collect::<Result<_, _>>().map_err(|e| cannot(e.to_string()))
}
