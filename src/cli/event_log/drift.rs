//! `offpath drift LOG`: where in an event log behaviour changed.

use std::path::Path;
use std::sync::Arc;

use offpath_process::{Follows, Windows, change_points};

use super::counted;
use super::reading::{Readers, Reading};
use crate::cli::args::{Drift, Shared};
use crate::cli::{Console, Ended, Exit, hash_key};
use crate::correlate::{LabelRedactor, Redaction, RedactionRules};
use crate::drift::statistics::above;
use crate::finding::text::{NAME_LIMIT, display_short};

/// Traces of each window, where the log has enough; and the least that say anything.
const WINDOW: usize = 150;
const LEAST: usize = 25;

/// Reads the log and prints its changes.
pub(in crate::cli) fn run(path: &Path, args: &Drift, shared: &Shared, console: &Console) -> Ended {
    let key = hash_key::load(shared.hash_key.as_deref(), console)?;
    let redactor = LabelRedactor::new(&key, Redaction::default(), Arc::new(RedactionRules::default()));
    let readers = Readers::new(&[], &args.log, std::slice::from_ref(&path.to_owned()), shared, &redactor)?;
    let mut reading = Reading::default();
    reading.read(&readers, path, console)?;
    reading.errors.iter().for_each(|error| console.say_always(error));
    reading.warnings.iter().for_each(|warning| console.say(&format!("warning: {warning}")));
    let log = &reading.log;
    let width = (log.len() / 4).min(WINDOW);
    if width < LEAST {
        return Ok(Exit::Nothing(format!(
            "{}: {} are too few to say whether they changed ({} are needed)",
            path.display(),
            counted(log.len() as u64, "trace"),
            4 * LEAST
        )));
    }
    let points = change_points(log, Windows { traces: width, chance: args.fdr }, |g| above(g, 1.0));
    let name = |number: Option<u32>, end: &str| match number {
        Some(number) => display_short(&redactor.activity(log.activities.name(number)), NAME_LIMIT),
        None => end.to_owned(),
    };
    let mut text = String::new();
    for point in &points {
        let Follows { before, after } = point.relation;
        let case = log.trace(point.trace).and_then(|trace| trace.case).map(|case| redactor.case(case));
        let case = case.as_deref().unwrap_or("without a name");
        text.push_str(&format!(
            "trace {} (case {})  {} -> {}  {} of {width} traces before, {} of {width} after, p {:.0e}\n",
            point.trace + 1,
            display_short(case, NAME_LIMIT),
            name(before, "(begin)"),
            name(after, "(end)"),
            point.before,
            point.after,
            point.p
        ));
    }
    console.print(&text)?;
    let told = format!("{} in {}", counted(points.len() as u64, "change"), counted(log.len() as u64, "trace"));
    Ok(match (reading.errors.first(), points.is_empty() || args.exit_zero) {
        (Some(error), _) => Exit::Incomplete(format!("some of the log could not be read: {error}; {told}")),
        (None, true) => Exit::Done(told),
        (None, false) => Exit::Findings(told),
    })
}
