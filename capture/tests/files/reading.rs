//! Reads what a test wrote.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use offpath_capture::{BlindSpot, Exchange, Limits, Message, Options, Plan, Sink, SourceReport, UnlikeRecords, plan};

/// Keeps everything.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) messages: Vec<Message>,
    pub(crate) progress: u64,
    /// Break after so many exchanges.
    pub(crate) stop_after: Option<usize>,
}

impl Sink for Kept {
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()> {
        self.exchanges.push(exchange);
        match self.stop_after {
            Some(count) if self.exchanges.len() >= count => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn message(&mut self, message: Message) -> ControlFlow<()> {
        self.messages.push(message);
        ControlFlow::Continue(())
    }

    fn blind_spot(&mut self, _: BlindSpot) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn progress(&mut self, bytes: u64) {
        self.progress += bytes;
    }
}

/// Everything that came out of some inputs.
pub(crate) struct Outcome {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) messages: Vec<Message>,
    pub(crate) reports: Vec<SourceReport>,
    /// All messages, of planning and reading.
    pub(crate) errors: Vec<String>,
    pub(crate) progress: u64,
}

impl Outcome {
    pub(crate) fn not_read(&self, reason: &str) -> u64 {
        self.reports.iter().flat_map(|r| &r.not_read).filter(|n| n.reason == reason).map(|n| n.count).sum()
    }

    pub(crate) fn irregular(&self, name: &str) -> u64 {
        self.reports.iter().flat_map(|r| &r.irregularities).filter(|i| i.name == name).map(|i| i.count).sum()
    }

    pub(crate) fn unlike(&self) -> Vec<&UnlikeRecords> {
        self.reports.iter().flat_map(|r| &r.unlike).collect()
    }

    pub(crate) fn records(&self) -> u64 {
        self.reports.iter().flat_map(|r| &r.inputs).map(|i| i.records).sum()
    }

    /// Asserts that one message has all parts.
    #[track_caller]
    pub(crate) fn says(&self, parts: &[&str]) {
        let found = self.errors.iter().any(|error| parts.iter().all(|part| error.contains(part)));
        assert!(found, "no message has {parts:?}: {:#?}", self.errors);
    }
}

pub(crate) fn read_names(names: &[String], options: &Options) -> Outcome {
    let Plan { sources, errors, .. } = plan(names, options);
    let mut errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let mut kept = Kept::default();
    let reports: Vec<_> = sources.into_iter().map(|source| source.read(options, &mut kept)).collect();
    errors.extend(reports.iter().flat_map(|report| &report.errors).map(ToString::to_string));
    Outcome { exchanges: kept.exchanges, messages: kept.messages, reports, errors, progress: kept.progress }
}

pub(crate) fn read_path(path: &Path) -> Outcome {
    read_names(&[path.to_string_lossy().into_owned()], &Options::default())
}

/// Writes one file into a new folder and reads it.
pub(crate) fn read_content(content: impl AsRef<[u8]>) -> Outcome {
    read_with(content, &Options::default())
}

pub(crate) fn read_with(content: impl AsRef<[u8]>, options: &Options) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input");
    fs::write(&path, content).unwrap();
    read_names(&[path.to_string_lossy().into_owned()], options)
}

pub(crate) fn small_limits() -> Options {
    let limits = Limits { entry_bytes: 4 << 10, line_bytes: 4 << 10, body_bytes: 64, ..Limits::default() };
    Options { limits, ..Options::default() }
}
