//! `offpath check LOG --model NET.pnml`: compares event logs of process mining with a Petri net, or with a process in BPMN.

use std::path::{Path, PathBuf};

use offpath_process::align::{Budget, Weights};
use offpath_process::{Compiled, Conformance, Labels, Model, ModelLimits, Net, Process, check, read_bpmn, read_pnml};

use super::super::args::{Check, CheckFormat, Shared};
use super::super::run_folder::{MARK, RunFolder};
use super::super::{Console, Ended, Exit, hash_key, output, redact};
use super::reading::{Hashed, Readers, Reading, files};
use super::{counted, is_process, nameless, refuse};
use crate::correlate::LabelRedactor;
use crate::finding::text;
use crate::model::Severity;
use crate::report::event_log::{DeviationSummary, EVENT_LOG, EventLogMeasures, EventLogSummary, NetSummary};
use crate::report::terminal;

/// Deviations listed in `run.json`.
const LISTED: usize = 10_000;
/// Parts of a process left out that are named.
const LEFT_OUT: usize = 20;
/// Longest label in `run.json`, in characters.
const NAME: usize = 1_000;
/// Version of the schema of `run.json`.
const SCHEMA_VERSION: &str = "1.0";
/// Run folder when none is named.
const DEFAULT_FOLDER: &str = "offpath-run";

/// Runs the command on event logs.
pub(in crate::cli) fn run(args: &Check, shared: &Shared, console: &Console) -> Ended {
    refuse(
        &[
            ("--select", !args.select.is_empty()),
            ("--ignore", !args.ignore.is_empty()),
            ("--suppressions", args.suppressions.is_some()),
            ("--baseline", args.baseline.is_some()),
            ("--only-new", args.only_new),
        ],
        &args.inputs,
        shared,
        console,
    )?;
    let format = format(args, shared)?;
    let key = hash_key::load(shared.hash_key.as_deref(), console)?;
    let (level, rules) = redact::of(&args.inputs.redact);
    let unheeded = nameless(&rules, shared)?;
    let redactor = LabelRedactor::new(&key, level, rules);
    let (net, mut summary, left_out) = model(args.model.as_deref().unwrap_or(Path::new("")))?;
    let files = files(&args.inputs.inputs)?;
    let readers = Readers::new(&args.classifier, &args.log, &files, shared, &redactor)?;
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let folder = folder(args, &names, console)?;
    let mut compiled = Model::new(&net, ModelLimits::default())
        .map_err(|error| Exit::CannotStart(format!("model {}: {}", summary.file, text::display(&error.to_string()))))?;
    summary.markings = compiled.markings as u64;
    summary.states = compiled.states().map(|states| states as u64);
    let mut reading = Reading::default();
    reading.warnings.extend(unheeded);
    reading.warnings.extend(left_out);
    reading.warnings.extend(searched(&compiled));
    files.iter().try_for_each(|file| reading.read(&readers, file, console))?;
    if reading.inputs.is_empty() && folder.replaces_a_run() {
        reading.errors.iter().for_each(|error| console.say_always(error));
        return Ok(Exit::Incomplete("nothing could be read; the earlier run was kept".to_owned()));
    }
    let found = check(&reading.log, &mut compiled, Weights::default(), Budget::default());
    let run = summarise(reading, summary, &found, &redactor, level.as_str());
    let json = output::pretty(&run)?;
    let mark = folder.path().join(MARK);
    std::fs::write(&mark, &json).map_err(|error| Exit::Incomplete(format!("{}: {error}", mark.display())))?;
    let target = folder.publish()?;
    match format {
        CheckFormat::Json => console.print(&json)?,
        _ => {
            let mut view = terminal::event_log(&run, &console.screen(target.as_deref()));
            target.iter().for_each(|folder| view.push_str(&format!("{:<11}{}\n", "Run", folder.join(MARK).display())));
            console.print(&view)?;
        }
    }
    if format == CheckFormat::Json {
        run.errors.iter().for_each(|error| console.say_always(&format!("error: {error}")));
    }
    Ok(judge(args, &run))
}

/// Says so where a net is too large for an automaton, and where its size comes from.
fn searched(model: &Model) -> Option<String> {
    let Compiled::Markings { fullest, .. } = &model.compiled else { return None };
    let place = fullest.as_deref().map(|place| format!("; of its places, {} holds most tokens", text::display(place)));
    let place = place.unwrap_or_default();
    Some(format!("the net is too large for an automaton, so traces that deviate much may stay undecided{place}"))
}

/// What is printed. A format that a configuration has for findings is for other runs.
fn format(args: &Check, shared: &Shared) -> Result<CheckFormat, Exit> {
    match args.format {
        CheckFormat::Human | CheckFormat::Json => Ok(args.format),
        _ if !shared.typed.has("--format") => Ok(CheckFormat::Human),
        _ => Err(Exit::CannotStart("an event log's check prints --format human or json".to_owned())),
    }
}

/// Where the run is written.
fn folder(args: &Check, names: &[String], console: &Console) -> Result<RunFolder, Exit> {
    let default = [PathBuf::from(DEFAULT_FOLDER)];
    let targets = if args.output.is_empty() { &default[..] } else { &args.output };
    match targets {
        [target] if output::suffix(target).is_none() => RunFolder::create(target, names, console),
        _ => Err(Exit::CannotStart(
            "-o: an event log's check writes one run folder (a folder's name may end in /); --format json prints run.json"
                .to_owned(),
        )),
    }
}

/// Reads the net, and says what of a process it does not hold.
fn model(path: &Path) -> Result<(Net, NetSummary, Vec<String>), Exit> {
    let file = path.display().to_string();
    let cannot = |why: String| Exit::CannotStart(format!("model {file}: {}", text::display(&why)));
    let mut hashed = Hashed::open(path).map_err(|error| cannot(error.to_string()))?;
    let (net, left_out) = if is_process(path) {
        let processes = read_bpmn(&mut hashed, Labels::Tasks).map_err(|error| cannot(error.to_string()))?;
        let names: Vec<String> = processes.iter().map(|one| format!("{:?} (line {})", one.name, one.line)).collect();
        let [process] = <[Process; 1]>::try_from(processes).map_err(|_| {
            cannot(format!("it has several processes, and a log is compared with one: {}", names.join(", ")))
        })?;
        let left = process.left_out.iter().take(LEFT_OUT);
        let left = left.map(|(line, what)| format!("model {file}, line {line}: left out: {}", text::display(what)));
        (process.net, left.collect())
    } else {
        (read_pnml(&mut hashed).map_err(|error| cannot(error.to_string()))?, Vec::new())
    };
    let (_, sha256) = hashed.finish().map_err(|error| cannot(error.to_string()))?;
    let summary = NetSummary {
        sha256,
        places: net.places().len() as u64,
        transitions: net.transitions().len() as u64,
        labels: net.labels().len() as u64,
        file,
        ..NetSummary::default()
    };
    Ok((net, summary, left_out))
}

fn summarise(
    reading: Reading,
    model: NetSummary,
    found: &Conformance,
    redactor: &LabelRedactor,
    redaction: &str,
) -> EventLogSummary {
    let activity = |name: &str| text::display_short(&redactor.activity(name), NAME);
    let case = |number: u32| {
        let case = reading.log.trace(number as usize).and_then(|trace| trace.case);
        case.map_or_else(|| format!("trace {}", number + 1), |case| text::display_short(&redactor.case(case), NAME))
    };
    let deviations = found.groups.iter().take(LISTED).map(|group| DeviationSummary {
        kind: group.deviation.kind.as_str().to_owned(),
        label: activity(&group.deviation.label),
        after: group.deviation.after.as_deref().map(activity),
        traces: group.traces,
        occurrences: group.occurrences,
        examples: group.examples.iter().map(|number| case(*number)).collect(),
    });
    let deviations = deviations.collect();
    EventLogSummary {
        schema_version: SCHEMA_VERSION.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: "check".to_owned(),
        kind: EVENT_LOG.to_owned(),
        window: reading.window(),
        deviations,
        deviations_left_out: found.groups.len().saturating_sub(LISTED) as u64,
        model,
        measures: measures(found),
        redaction: redaction.to_owned(),
        inputs: reading.inputs,
        errors: reading.errors,
        warnings: reading.warnings,
    }
}

fn measures(found: &Conformance) -> EventLogMeasures {
    let own = &found.measures;
    EventLogMeasures {
        traces: own.traces,
        events: own.events,
        variants: own.variants,
        alignment_moves: own.alignment_moves,
        alignment_denominator: own.alignment_denominator,
        shortest_model_path: own.shortest_model_path,
        log_fitness: own.log_fitness(),
        average_trace_fitness: own.average_trace_fitness,
        fitting_traces: own.fitting_traces,
        undecided_traces: own.undecided_traces,
        undecided_at_least: own.undecided_at_least,
        unexplained_traces: found.unexplained_traces,
        coverage: (own.covered_events, own.events),
        precision: own.precision.and_then(|precision| precision.value()),
        escaping_edges: own.precision.map(|precision| precision.escaping),
        enabled_edges: own.precision.map(|precision| precision.enabled),
    }
}

/// The exit that the run deserves. A net says what is expected and not what harm a deviation does: all are medium.
fn judge(args: &Check, run: &EventLogSummary) -> Exit {
    let measures = &run.measures;
    let deviating = measures.traces - measures.fitting_traces - measures.undecided_traces;
    let counts = args.fail_on.severity().is_some_and(|level| Severity::Medium >= level);
    let mut found = match deviating {
        0 => "no trace deviates".to_owned(),
        1 => "1 trace deviates".to_owned(),
        n => format!("{n} traces deviate"),
    };
    if deviating > 0 && !counts {
        found.push_str(" (of medium severity, below --fail-on)");
    }
    if let Some(error) = run.errors.first().filter(|_| !args.allow_incomplete) {
        return Exit::Incomplete(format!("some input could not be read: {error}; {found}"));
    }
    if measures.undecided_traces > 0 && !args.allow_incomplete {
        return Exit::Incomplete(format!("{} undecided; {found}", counted(measures.undecided_traces, "trace")));
    }
    if measures.traces == 0 {
        return Exit::Nothing("no trace was found in the input".to_owned());
    }
    if measures.events > 0 && measures.coverage.0 == 0 {
        let hint = "compare them, or see --classifier";
        return Exit::Nothing(format!("no activity of the log is a label of the net; {hint}"));
    }
    if deviating > 0 && counts {
        return if args.exit_zero { Exit::Done(format!("{found}, --exit-zero given")) } else { Exit::Findings(found) };
    }
    Exit::Done(found)
}
