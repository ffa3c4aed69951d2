//! A run folder that `check` wrote, read back.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::Exit;
use super::run_folder::MARK;
use crate::event::table::{self, EventRow};
use crate::finding::{Finding, jsonl};
use crate::report::RunSummary;
use crate::report::event_log::{EVENT_LOG, EventLogSummary};

/// A run folder, read but for its events.
pub(super) struct StoredRun {
    pub(super) path: PathBuf,
    pub(super) summary: RunSummary,
    pub(super) findings: Vec<Finding>,
}

impl StoredRun {
    /// Reads its record and its findings; what an earlier version did not write of them is filled in.
    pub(super) fn open(path: &Path) -> Result<StoredRun, Exit> {
        let mut findings = read_findings(path)?;
        findings.iter_mut().filter(|finding| finding.evidence_hash.is_empty()).for_each(Finding::identify);
        Ok(StoredRun { path: path.to_owned(), summary: read_summary(path)?, findings })
    }

    /// The events that are wanted.
    pub(super) fn rows(&self, wanted: impl FnMut(&EventRow) -> bool) -> Result<Vec<EventRow>, Exit> {
        table::rows(&self.path, wanted).map_err(|e| Exit::CannotStart(e.to_string()))
    }
}

fn read_summary(folder: &Path) -> Result<RunSummary, Exit> {
    let path = folder.join(MARK);
    let cannot = |why: String| {
        Exit::CannotStart(format!("{}: {why}; name a folder that `offpath check -o` wrote with --run", path.display()))
    };
    let text = std::fs::read_to_string(&path).map_err(|e| cannot(e.to_string()))?;
    if serde_json::from_str::<EventLogSummary>(&text).is_ok_and(|run| run.kind == EVENT_LOG) {
        return Err(Exit::CannotStart(format!(
            "{} is of an event log: all that was found is in it, and there is nothing to add",
            path.display()
        )));
    }
    serde_json::from_str(&text).map_err(|e| cannot(e.to_string()))
}

fn read_findings(folder: &Path) -> Result<Vec<Finding>, Exit> {
    let path = folder.join("findings.jsonl");
    let cannot = |why: String| Exit::CannotStart(format!("{}: {why}", path.display()));
    // The record says better what kind of folder it is.
    if !path.exists() {
        read_summary(folder)?;
    }
    let file = File::open(&path).map_err(|e| cannot(e.to_string()))?;
    jsonl::read(&mut BufReader::new(file)).map_err(|e| cannot(e.to_string()))
}
