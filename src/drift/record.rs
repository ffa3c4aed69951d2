//! The habits of a run as the run folder keeps them: `habits.jsonl`.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

/// Name of the file in the run folder.
pub const HABITS: &str = "habits.jsonl";
/// Version of the file: the minor grows with additions, the major with anything else.
const VERSION: &str = "1.0";
/// Longest line that is read: a key of four names and eight cases.
const LONGEST: u64 = 1 << 20;
/// Lines that are read; more than are ever written.
const MOST: usize = 1 << 18;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Objects of a type that left a place (a state, else the step before) by a step, the first time they left it.
    Step,
    /// Objects of a type that were last seen at a place.
    Stay,
    /// Cases in which an activity was first done by actors of a class.
    Actor,
    /// Cases in which an activity was tried and answered.
    Tried,
    /// Of these, cases in which the first try was refused.
    Refused,
    /// Cases in which an operation was called.
    Operation,
    /// Cases in which a rule decided something.
    Judged,
    /// Of these, cases in which a constraint, else a step, broke it.
    Broken,
}

/// What a cell counts. Names that a kind has no use for are empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// What is counted.
    pub kind: Kind,
    /// Object type of steps, activity of actors and tries, rule of decisions.
    pub of: String,
    /// Place that a step leaves.
    pub from: String,
    /// Step, class of actors, operation, constraint.
    pub what: String,
}

impl Key {
    /// A key of borrowed names.
    pub fn new(kind: Kind, of: &str, from: &str, what: &str) -> Key {
        Key { kind, of: of.to_owned(), from: from.to_owned(), what: what.to_owned() }
    }
}

/// One line: how often something happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Cases, or objects of steps.
    pub cases: u64,
    /// Events.
    pub events: u64,
    /// About how many actors: exact up to 128.
    pub actors: u64,
    /// First and last time, microseconds since the Unix epoch.
    pub seen: (i64, i64),
    /// Microseconds since the step before, over all of `cases`.
    pub waited: u64,
    /// Cases of it: those of the least hashes, so that equal sets show equal examples.
    pub examples: Vec<String>,
}

/// What is known of the whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Version of the file.
    pub version: String,
    /// First and last event's time, microseconds since the Unix epoch.
    pub window: Option<(i64, i64)>,
    /// Events.
    pub events: u64,
    /// Of these, events of the model's activities.
    pub modelled: u64,
    /// Cases.
    pub cases: u64,
    /// About how many actors.
    pub actors: u64,
    /// Actors of a sample, and of these those with an event that is no activity of the model.
    pub strays: (u64, u64),
    /// Events after the model's `in_force` is over.
    pub newer: u64,
    /// When the model's `in_force` ends, microseconds since the Unix epoch.
    pub in_force_until: Option<i64>,
    /// Whether more kinds of steps happened than are counted.
    pub cut: bool,
}

/// The habits of one run, read back or to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The whole run.
    pub totals: Totals,
    /// What happened.
    pub cells: BTreeMap<Key, Cell>,
}

/// Why habits cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line is not what it should be.
    #[error("line {line}: {why}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    #[serde(flatten)]
    key: std::borrow::Cow<'a, Key>,
    #[serde(flatten)]
    cell: std::borrow::Cow<'a, Cell>,
}

impl Record {
    /// Writes one line for the whole, then one for each cell, by kind and names.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        use std::borrow::Cow;
        let totals = Totals { version: VERSION.to_owned(), ..self.totals.clone() };
        writeln!(out, "{}", serde_json::to_string(&totals)?)?;
        for (key, cell) in &self.cells {
            let line = Line { key: Cow::Borrowed(key), cell: Cow::Borrowed(cell) };
            writeln!(out, "{}", serde_json::to_string(&line)?)?;
        }
        Ok(())
    }

    /// Reads what was written; refuses another major version, and what is longer than is ever written.
    pub fn read(input: &mut dyn BufRead) -> Result<Record, RecordError> {
        let mut record = Record::default();
        let mut text = String::new();
        for line in 1..=MOST {
            text.clear();
            let wrong = |why: String| RecordError::Line { line, why };
            let read = io::Read::take(&mut *input, LONGEST).read_line(&mut text)?;
            if read == 0 {
                break;
            } else if !text.ends_with('\n') {
                return Err(wrong("is cut off, or too long".to_owned()));
            } else if line == 1 {
                record.totals = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
                if record.totals.version.split('.').next() != VERSION.split('.').next() {
                    let theirs = &record.totals.version;
                    return Err(wrong(format!("is of version {theirs}; this offpath reads version {VERSION}")));
                }
            } else {
                let read: Line<'_> = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
                record.cells.insert(read.key.into_owned(), read.cell.into_owned());
            }
        }
        if record.totals.version.is_empty() {
            return Err(RecordError::Line { line: 1, why: "is empty".to_owned() });
        }
        Ok(record)
    }

    /// A cell; an empty one where nothing was counted.
    pub fn cell(&self, key: &Key) -> Cell {
        self.cells.get(key).cloned().unwrap_or_default()
    }

    /// Cells of a kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = (&Key, &Cell)> {
        self.cells.iter().filter(move |(key, _)| key.kind == kind)
    }
}
