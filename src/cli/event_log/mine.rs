//! `offpath mine LOG`: the directly-follows graph and the variants of event logs.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use offpath_process::{DirectlyFollows, EventLog};

use super::super::args::{InspectFormat, Mine, Shared};
use super::super::{Console, Ended, Exit, hash_key, output, redact};
use super::reading::{Readers, Reading, files};
use super::{counted, nameless, refuse};
use crate::correlate::{LabelRedactor, Redaction};
use crate::finding::text;
use crate::report::{MapEdgeSummary, MapNodeSummary, MapSummary, RunSummary, VariantSummary, terminal};

/// What traces are called where objects have a type.
const CASE: &str = "case";
/// Longest label, in characters.
const NAME: usize = 1_000;
/// Variants listed, the most frequent ones.
const VARIANTS: usize = 1_000;
/// Activities listed of a variant.
const STEPS: usize = 1_000;

/// Runs the command on event logs.
pub(in crate::cli) fn run(args: &Mine, shared: &Shared, console: &Console) -> Ended {
    let drafts = [
        ("--model", args.model.is_some()),
        ("--openapi", !args.openapi.is_empty()),
        ("--output", args.output.is_some()),
    ];
    refuse(&drafts, &args.inputs, shared, console)?;
    let key = hash_key::load(shared.hash_key.as_deref(), console)?;
    let (level, rules) = redact::of(&args.inputs.redact);
    let unheeded = nameless(&rules, shared)?;
    let redactor = LabelRedactor::new(&key, level, rules);
    let mut reading = Reading::default();
    reading.warnings.extend(unheeded);
    let files = files(&args.inputs.inputs)?;
    let readers = Readers::new(&[], &args.log, &files, shared, &redactor)?;
    files.iter().try_for_each(|file| reading.read(&readers, file, console))?;
    let mut run = summarise(reading, &redactor);
    if level != Redaction::default() {
        run.options.insert("redact".to_owned(), level.as_str().to_owned());
    }
    let text = match args.format {
        InspectFormat::Human => terminal::mine(&run, &console.screen(None)),
        InspectFormat::Json => output::pretty(&run)?,
    };
    if run.cases > 0 || args.format == InspectFormat::Json {
        console.print(&text)?;
    }
    run.errors.iter().for_each(|error| console.say_always(&format!("error: {error}")));
    Ok(match run.errors.first() {
        Some(error) => Exit::Incomplete(format!("some input could not be read: {error}")),
        None if run.cases == 0 => Exit::Nothing("no trace was found in the input".to_owned()),
        None => Exit::Done(format!("{} of {}", counted(run.cases, "trace"), counted(run.events, "event"))),
    })
}

fn summarise(reading: Reading, redactor: &LabelRedactor) -> RunSummary {
    let log = &reading.log;
    let names: Vec<String> =
        log.activities.iter().map(|name| text::display_short(&redactor.activity(name), NAME)).collect();
    RunSummary {
        schema_version: "1.0".to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: "mine".to_owned(),
        window: reading.window(),
        events: log.events().len() as u64,
        cases: log.len() as u64,
        maps: if log.is_empty() { Vec::new() } else { vec![map(log, &names)] },
        variants: variants(log, &names),
        inputs: reading.inputs,
        errors: reading.errors,
        warnings: reading.warnings,
        ..RunSummary::default()
    }
}

/// The directly-follows graph as a process map.
fn map(log: &EventLog, names: &[String]) -> MapSummary {
    let graph = DirectlyFollows::new(log);
    let places: BTreeMap<u32, usize> = graph.activities.keys().enumerate().map(|(at, number)| (*number, at)).collect();
    let place = |number: u32| places.get(&number).copied().unwrap_or(0);
    let name = |number: u32| names.get(number as usize).cloned().unwrap_or_default();
    let nodes = graph.activities.iter().map(|(number, count)| MapNodeSummary {
        name: name(*number),
        initial: graph.starts.contains_key(number),
        end: graph.ends.contains_key(number),
        restricted: false,
        count: *count,
    });
    let edges = graph.pairs.iter().map(|((from, to), count)| MapEdgeSummary {
        from: place(*from),
        to: place(*to),
        label: name(*to),
        count: *count,
        allowed: None,
        perhaps: false,
    });
    MapSummary {
        object_type: CASE.to_owned(),
        objects: log.len() as u64,
        nodes: nodes.collect(),
        edges: edges.collect(),
    }
}

fn variants(log: &EventLog, names: &[String]) -> Vec<VariantSummary> {
    let mut variants = log.variants();
    variants.sort_by_key(|variant| (Reverse(variant.traces.len()), variant.traces.first().copied()));
    let name = |number: &u32| names.get(*number as usize).cloned().unwrap_or_default();
    let told = variants.iter().take(VARIANTS).map(|variant| VariantSummary {
        object_type: CASE.to_owned(),
        activities: variant.activities.iter().take(STEPS).map(name).collect(),
        count: variant.traces.len() as u64,
        fits: None,
    });
    told.collect()
}
