//! Reading the event logs that a command names.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use offpath_capture as capture;
use offpath_process::{
    ColumnNames, Columns, CsvReader, EventLog, LogError, ObjectLog, OcelLimits, Problem, XesReader, read_ocel,
    read_ocel_sqlite,
};
use sha2::{Digest as _, Sha256};

use super::super::args::{EventLogFlags, Shared};
use super::super::{Console, Exit};
use super::format::Format;
use crate::correlate::LabelRedactor;
use crate::event::rfc3339;
use crate::finding::text;
use crate::report::InputSummary;

/// Whether a file is an event log, or a folder that holds nothing else.
pub(in crate::cli) fn is_log(path: &Path) -> bool {
    if path.is_dir() {
        let (mut logs, mut others) = (0, 0);
        let walked = walk(path, |file| {
            let hidden = file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            *if Format::named(file).is_some() { &mut logs } else { &mut others } += usize::from(!hidden);
            others == 0
        });
        return walked.is_ok() && logs > 0 && others == 0;
    }
    Format::of(path).is_some()
}

/// Visits all files in a folder and below, until `visit` has enough. Links to folders are not followed: they may lead
/// round in a circle.
fn walk(folder: &Path, mut visit: impl FnMut(&Path) -> bool) -> io::Result<()> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if !path.is_dir() && !visit(&path) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The logs that are named: files, and those in folders and below, each once.
pub(super) fn files(inputs: &[String]) -> Result<Vec<PathBuf>, Exit> {
    let mut files = Vec::new();
    for input in inputs {
        let path = PathBuf::from(input);
        let cannot = |error: io::Error| Exit::CannotStart(format!("{input}: {error}"));
        if input == "-" || capture::is_store_url(input) {
            return Err(Exit::CannotStart(format!("{input}: event logs are read from files and folders")));
        }
        if path.is_dir() {
            let log = |file: &Path| {
                files.extend(Some(file.to_owned()).filter(|file| Format::named(file).is_some()));
                true
            };
            walk(&path, log).map_err(cannot)?;
        } else {
            std::fs::metadata(&path).map_err(cannot)?;
            files.push(path);
        }
    }
    files.sort();
    // One file may be named in several ways, which need not be neighbours.
    let mut seen = BTreeSet::new();
    files.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    Ok(files)
}

/// How event logs are read.
pub(super) struct Readers<'r> {
    xes: XesReader,
    csv: CsvReader,
    /// Type of objects whose traces are meant.
    object_type: Option<String>,
    /// Masks names that are told.
    redactor: &'r LabelRedactor,
}

impl<'r> Readers<'r> {
    /// Readers as flags say. A flag that none of the files has a use for is refused.
    pub(super) fn new(
        classifier: &[String],
        flags: &EventLogFlags,
        files: &[PathBuf],
        shared: &Shared,
        redactor: &'r LabelRedactor,
    ) -> Result<Self, Exit> {
        let columns = ColumnNames {
            case: flags.case_column.clone(),
            activity: flags.activity_column.clone(),
            time: flags.time_column.clone(),
        };
        let mut xes = XesReader::default();
        if !classifier.is_empty() {
            xes.classifier = classifier.to_vec();
        }
        let csv = CsvReader { columns, ..CsvReader::default() };
        let readers = Readers { xes, csv, object_type: flags.object_type.clone(), redactor };
        let formats: BTreeSet<Format> = files.iter().map(|file| readers.format(file)).collect();
        for (flag, of) in [
            ("--classifier", &[Format::Xes][..]),
            ("--object-type", &[Format::Ocel, Format::OcelSqlite]),
            ("--case-column", &[Format::Csv]),
            ("--activity-column", &[Format::Csv]),
            ("--time-column", &[Format::Csv]),
        ] {
            if shared.typed.has(flag) && !of.iter().any(|format| formats.contains(format)) {
                let what = match of.first() {
                    Some(Format::Xes) => "XES",
                    Some(Format::Csv) => "CSV",
                    _ => "OCEL",
                };
                return Err(Exit::CannotStart(format!("{flag} is for {what} logs, and none is given")));
            }
        }
        Ok(readers)
    }

    fn format(&self, file: &Path) -> Format {
        let columns = &self.csv.columns;
        Format::said(file, columns.case.is_some() || columns.activity.is_some())
    }
}

/// Types of objects that a message lists.
const LISTED: usize = 20;

/// What was read.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) log: EventLog,
    pub(super) inputs: Vec<InputSummary>,
    pub(super) errors: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl Reading {
    /// Adds one file; what is wrong with it is noted.
    ///
    /// # Errors
    /// When it has objects of several types and none is said, or none of the one that is.
    pub(super) fn read(&mut self, readers: &Readers<'_>, path: &Path, console: &Console) -> Result<(), Exit> {
        let name = path.display().to_string();
        let format = readers.format(path);
        let before = self.log.len();
        let mut hashed = match Hashed::open(path) {
            Ok(hashed) => hashed,
            Err(error) => {
                self.errors.push(format!("{name}: {error}"));
                return Ok(());
            }
        };
        let read = match format {
            Format::Xes => readers.xes.read(&name, &mut hashed, &mut self.log).map(|problems| (problems, None)),
            Format::Csv => readers.csv.read(&name, &mut hashed, &mut self.log).map(|(columns, problems)| {
                console.say(&text::display(&format!("Columns    {name}: {}", named(&columns))));
                (problems, None)
            }),
            Format::Ocel => objects(read_ocel(&name, &mut hashed, &OcelLimits::default())),
            Format::OcelSqlite => objects(read_ocel_sqlite(path, &OcelLimits::default())),
        };
        match read {
            Ok((problems, objects)) => {
                problems.iter().for_each(|problem| self.note(problem));
                objects.map(|objects| self.flatten(&objects, readers, &name)).transpose()?;
            }
            Err(error) => {
                self.errors.push(text::display(&error.to_string()));
                return Ok(());
            }
        }
        match hashed.finish() {
            Ok((bytes, sha256)) => {
                let records = (self.log.len() - before) as u64;
                self.inputs.push(InputSummary { name, format: format.as_str().to_owned(), bytes, sha256, records });
            }
            Err(error) => self.errors.push(format!("{name}: {error}")),
        }
        Ok(())
    }

    /// Adds the traces of one type of objects.
    fn flatten(&mut self, objects: &ObjectLog, readers: &Readers<'_>, file: &str) -> Result<(), Exit> {
        let (wanted, redactor) = (readers.object_type.as_deref(), readers.redactor);
        let types = objects.types();
        let listed = || {
            let list: Vec<String> = types
                .iter()
                .take(LISTED)
                .map(|(name, count)| format!("{:?} ({count} objects)", redactor.activity(name)))
                .collect();
            list.join(", ") + if types.len() > LISTED { ", ..." } else { "" }
        };
        let cannot = |why: String| Err(Exit::CannotStart(text::display(&format!("{file}: {why}"))));
        let (name, count) = match (wanted, types.as_slice()) {
            (None, [only]) => *only,
            (None, []) => return cannot("it has no type of objects".to_owned()),
            (None, _) => {
                return cannot(format!(
                    "it has several types of objects, say whose traces are meant: --object-type of {}",
                    listed()
                ));
            }
            (Some(wanted), _) => match types.iter().find(|(name, _)| *name == wanted) {
                Some(found) => *found,
                None => return cannot(format!("it has no objects of the type {wanted:?}; its types are {}", listed())),
            },
        };
        let before = self.log.len();
        objects.flatten_into(name, &mut self.log);
        let without = count - (self.log.len() - before).min(count);
        if without > 0 {
            let of = if without == 1 { "object has" } else { "objects have" };
            self.warnings.push(text::display(&format!(
                "{file}: {without} {of} no event, and is no trace: {:?}",
                redactor.activity(name)
            )));
        }
        Ok(())
    }

    fn note(&mut self, problem: &Problem) {
        let list = if problem.lost { &mut self.errors } else { &mut self.warnings };
        list.push(text::display(&problem.to_string()));
    }

    /// First and last time of any event.
    pub(super) fn window(&self) -> Option<(String, String)> {
        let times = || self.log.events().iter().filter_map(|event| event.time);
        Some((rfc3339(times().min()?), rfc3339(times().max()?)))
    }
}

/// What an object-centric reader gave, in the shape that all readers share.
fn objects(read: Result<(ObjectLog, Vec<Problem>), LogError>) -> Result<(Vec<Problem>, Option<ObjectLog>), LogError> {
    read.map(|(objects, problems)| (problems, Some(objects)))
}

/// Which columns a table was read from.
fn named(columns: &Columns) -> String {
    let mut told = format!("case {:?}, activity {:?}", columns.case, columns.activity);
    told += &columns.time.as_ref().map_or_else(
        || ", no time: events count in the order of the file".to_owned(),
        |time| format!(", time {time:?}"),
    );
    told + &columns.resource.as_ref().map(|resource| format!(", resource {resource:?}")).unwrap_or_default()
}

/// A file that is hashed as it is read.
pub(super) struct Hashed {
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl Hashed {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Hashed { file: File::open(path)?, hash: Sha256::new(), bytes: 0 })
    }

    /// Reads what nobody wanted; returns size and hash of the whole.
    pub(super) fn finish(mut self) -> io::Result<(u64, String)> {
        io::copy(&mut self, &mut io::sink())?;
        let hash = self.hash.finalize();
        let hex = hash.iter().fold(String::new(), |mut hex, byte| {
            use std::fmt::Write as _;
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        Ok((self.bytes, hex))
    }
}

impl Read for Hashed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        self.hash.update(into.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }
}
