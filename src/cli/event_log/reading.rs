//! Reading the event logs that a command names.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use offpath_capture as capture;
use offpath_process::{EventLog, Problem, XesReader};
use sha2::{Digest as _, Sha256};

use super::super::Exit;
use super::root;
use crate::event::rfc3339;
use crate::finding::text;
use crate::report::InputSummary;

/// Bytes that tell what a file is.
pub(super) const HEAD: u64 = 4 << 10;

/// Whether a file is an event log, by its name or by what it begins with, or a folder that holds nothing else. Pipes
/// are left alone: a look would take from them.
pub(in crate::cli) fn is_log(path: &Path) -> bool {
    if path.is_dir() {
        let (mut logs, mut others) = (0, 0);
        let walked = walk(path, |file| {
            let hidden = file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            *if has_log_name(file) { &mut logs } else { &mut others } += usize::from(!hidden);
            others == 0
        });
        return walked.is_ok() && logs > 0 && others == 0;
    }
    has_log_name(path) || path.is_file() && begins_like_a_log(path).unwrap_or(false)
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

fn has_log_name(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    name.ends_with(".xes") || name.ends_with(".xes.gz")
}

fn begins_like_a_log(path: &Path) -> io::Result<bool> {
    let (mut raw, mut plain) = (Vec::new(), Vec::new());
    File::open(path)?.take(HEAD).read_to_end(&mut raw)?;
    if raw.starts_with(&[0x1f, 0x8b]) {
        // What was looked at ends within the stream, so an error at the end means nothing.
        let _ = MultiGzDecoder::new(BufReader::new(raw.as_slice())).take(HEAD).read_to_end(&mut plain);
    } else {
        plain = raw;
    }
    let head = String::from_utf8_lossy(&plain);
    Ok(root(&head) == Some("log") && ["<trace", "xes", "concept:name"].iter().any(|word| head.contains(word)))
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
                files.extend(Some(file.to_owned()).filter(|file| has_log_name(file)));
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
    pub(super) fn read(&mut self, reader: &XesReader, path: &Path) {
        let name = path.display().to_string();
        let before = self.log.len();
        let mut hashed = match Hashed::open(path) {
            Ok(hashed) => hashed,
            Err(error) => return self.errors.push(format!("{name}: {error}")),
        };
        match reader.read(&name, &mut hashed, &mut self.log) {
            Ok(problems) => problems.iter().for_each(|problem| self.note(problem)),
            Err(error) => return self.errors.push(text::display(&error.to_string())),
        }
        match hashed.finish() {
            Ok((bytes, sha256)) => {
                let records = (self.log.len() - before) as u64;
                self.inputs.push(InputSummary { name, format: "xes".to_owned(), bytes, sha256, records });
            }
            Err(error) => self.errors.push(format!("{name}: {error}")),
        }
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
