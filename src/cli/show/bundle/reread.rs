//! The inputs of a run, read again for the exchanges of some events, in the way in which the run's record says they were.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use offpath_capture::{self as capture, BlindSpot, Exchange, Sink};
use serde::Serialize;

use super::shown::{self, Known};
use crate::cli::args::{Cli, Command, Inputs, Shared};
use crate::cli::pipe::Second;
use crate::cli::stored_run::StoredRun;
use crate::cli::{Console, Exit, hash_key, job, redact};
use crate::correlate::Redactor;
use crate::event::table::EventRow;
use crate::report::InputSummary;
use crate::report::evidence::ShownExchange;

/// Most exchanges that are looked for.
const MOST: usize = 2_000;
/// Options of a run that say how its inputs are read, and whether they may be given several times.
const READING: [(&str, bool); 5] =
    [("descriptor", true), ("log_field", true), ("log_format", false), ("mapping", false), ("tunnel", true)];

/// What reading again gave.
pub(super) struct Reread {
    /// By origin, in the order of the events.
    pub(super) exchanges: Vec<ShownExchange>,
    /// The inputs of the run as they are now.
    pub(super) inputs: Vec<InputNow>,
    /// What is missing, in plain words.
    pub(super) notes: Vec<String>,
}

/// An input as the run recorded it, and what has become of it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct InputNow {
    #[serde(flatten)]
    recorded: InputSummary,
    /// Whether its bytes are those that the run read: `same`, `differs`, `gone`, or `not_read_again`.
    now: &'static str,
}

/// Reads the inputs that hold these events again, as far as they are still what the run read.
pub(super) fn exchanges(
    run: &StoredRun,
    (rows, first): (&[EventRow], &BTreeSet<&str>),
    (keylog, shared): (&[PathBuf], &Shared),
    console: &Console,
) -> Result<Reread, Exit> {
    let (wanted, left_out) = wanted(rows, first);
    let inputs = look_at(&run.summary.inputs, &wanted);
    let mut notes: Vec<String> = inputs.iter().filter_map(InputNow::note).collect();
    if left_out > 0 {
        notes.push(format!("{left_out} exchanges beyond the first {MOST} are left out"));
    }
    let same: Vec<&str> = inputs.iter().filter(|i| i.now == "same").map(|i| i.recorded.name.as_str()).collect();
    if same.is_empty() {
        return Ok(Reread { exchanges: Vec::new(), inputs, notes });
    }
    let flags = flags(run, keylog, &same, &mut notes)?;
    let (level, rules) = redact::of(&flags.redact);
    let redactor = Redactor::new(hash_key::load(shared.hash_key.as_deref(), console)?, level).with_rules(rules);
    let options = capture::Options { unhashed: true, ..job::reading_options(&flags, Second::AtOnce, console)? };
    let plan = capture::plan(&flags.inputs, &options);
    notes.extend(plan.errors.iter().map(ToString::to_string));
    let known = Known::of(rows);
    let all = wanted.len();
    let mut picked = Picked { wanted, redactor: &redactor, known: &known, found: Vec::new() };
    for source in plan.sources {
        let report = source.read(&options, &mut picked);
        notes.extend(report.errors.iter().map(ToString::to_string));
    }
    let Picked { mut found, .. } = picked;
    if found.len() < all && same.len() == inputs.iter().filter(|i| i.now != "not_read_again").count() {
        let hint = "where it was encrypted, give the key log again with --keylog";
        notes.push(format!("{} of {all} exchanges were not found again; {hint}", all - found.len()));
    }
    let order: BTreeMap<&str, usize> = rows.iter().enumerate().map(|(at, row)| (row.id.as_str(), at)).collect();
    found.sort_by_key(|shown| shown.events.first().and_then(|id| order.get(id.as_str()).copied()));
    Ok(Reread { exchanges: found, inputs, notes })
}

/// The place of an event's exchange: several calls of one exchange have the same.
pub(super) fn place(origin: &str) -> &str {
    let at = origin.rfind('#').and_then(|hash| origin.get(hash..)?.find(",call=").map(|call| hash + call));
    at.and_then(|at| origin.get(..at)).unwrap_or(origin)
}

type Wanted<'a> = BTreeMap<&'a str, Vec<&'a EventRow>>;

/// Events by their places, those of the evidence before the others; and how many places are too many.
fn wanted<'a>(rows: &'a [EventRow], first: &BTreeSet<&str>) -> (Wanted<'a>, usize) {
    let mut wanted: Wanted<'a> = BTreeMap::new();
    let mut left_out = BTreeSet::new();
    let (evidence, others): (Vec<&EventRow>, Vec<&EventRow>) =
        rows.iter().partition(|row| first.contains(row.id.as_str()));
    for row in evidence.into_iter().chain(others) {
        let place = place(&row.origin);
        if wanted.len() < MOST || wanted.contains_key(place) {
            wanted.entry(place).or_default().push(row);
        } else {
            left_out.insert(place);
        }
    }
    (wanted, left_out.len())
}

/// What has become of the inputs that hold what is wanted. All captures of packets are one stream.
fn look_at(recorded: &[InputSummary], wanted: &Wanted<'_>) -> Vec<InputNow> {
    let names: BTreeSet<&str> = wanted.keys().filter_map(|place| Some(place.rsplit_once('#')?.0)).collect();
    let packets = |input: &InputSummary| input.format.starts_with("pcap");
    let of_packets = recorded.iter().any(|input| packets(input) && names.contains(input.name.as_str()));
    let looked_at = |input: &InputSummary| names.contains(input.name.as_str()) || of_packets && packets(input);
    let now = |input: &InputSummary| match looked_at(input) {
        false => "not_read_again",
        true => state(input),
    };
    recorded.iter().map(|input| InputNow { recorded: input.clone(), now: now(input) }).collect()
}

fn state(input: &InputSummary) -> &'static str {
    let path = Path::new(&input.name);
    // What can be read once only, or is far away, is no more what was read.
    match path.is_file().then(|| File::open(path).and_then(super::digest)) {
        Some(Ok((_, digest))) if digest == input.sha256 => "same",
        Some(Ok(_)) => "differs",
        Some(Err(_)) | None => "gone",
    }
}

impl InputNow {
    fn note(&self) -> Option<String> {
        let InputSummary { name, sha256, .. } = &self.recorded;
        match self.now {
            "gone" => Some(format!(
                "{name} is not there any more (looked for from this folder): its exchanges are not in this bundle"
            )),
            "differs" => Some(format!(
                "{name} is not what the run read (its SHA-256 was {sha256}): its exchanges are not in this bundle"
            )),
            _ => None,
        }
    }
}

/// The flags with which the inputs were read, parsed as if they were typed again.
fn flags(run: &StoredRun, keylog: &[PathBuf], inputs: &[&str], notes: &mut Vec<String>) -> Result<Inputs, Exit> {
    let mut line: Vec<String> = ["offpath", "exchanges"].map(str::to_owned).to_vec();
    let mut give = |flag: &str, value: &str| line.push(format!("--{}={value}", flag.replace('_', "-")));
    for (name, several) in READING {
        let Some(value) = run.summary.options.get(name) else { continue };
        if value.starts_with("given; not told") {
            notes.push(format!(
                "--{}: the run does not tell it, and the inputs were read without",
                name.replace('_', "-")
            ));
            continue;
        }
        match (name, several) {
            ("mapping", _) => give(name, value.rsplit_once(" sha256=").map_or(value, |(file, _)| file)),
            (_, true) => value.split(", ").for_each(|value| give(name, value)),
            (_, false) => give(name, value),
        }
    }
    run.summary.options.get("redact").iter().flat_map(|given| given.split(", ")).for_each(|how| give("redact", how));
    keylog.iter().for_each(|file| give("keylog", &file.display().to_string()));
    line.push("--".to_owned());
    line.extend(inputs.iter().map(|name| (*name).to_owned()));
    let why = "the options of the run cannot be read again";
    match Cli::try_parse_from(line).map(|cli| cli.command) {
        Ok(Command::Exchanges(args)) => Ok(args.inputs),
        Ok(_) => Err(Exit::CannotStart(why.to_owned())),
        Err(error) => Err(Exit::CannotStart(format!("{why}: {}", error.kind()))),
    }
}

/// Picks what is wanted.
struct Picked<'a> {
    wanted: Wanted<'a>,
    redactor: &'a Redactor,
    known: &'a Known,
    found: Vec<ShownExchange>,
}

impl Picked<'_> {
    fn pick(&mut self, exchange: &Exchange) -> ControlFlow<()> {
        let origin = exchange.origin.to_string();
        if let Some(rows) = self.wanted.remove(place(&origin)) {
            self.found.push(shown::exchange(exchange, &rows, self.redactor, self.known));
        }
        if self.wanted.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Sink for Picked<'_> {
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()> {
        self.pick(&exchange)
    }

    fn said(&mut self, exchange: Exchange) -> ControlFlow<()> {
        self.pick(&exchange)
    }

    fn blind_spot(&mut self, _: BlindSpot) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: u64) {}
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn calls_of_one_exchange_are_at_one_place() {
        assert_eq!(place("a.har#entry=4,call=1"), "a.har#entry=4");
        assert_eq!(place("a,call=1.har#entry=4"), "a,call=1.har#entry=4");
        assert_eq!(place("a.har#entry=4,message=2,call=1"), "a.har#entry=4,message=2");
    }
}
