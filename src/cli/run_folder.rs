//! The run folder: written under a temporary name, then renamed, so that a reader never sees half of one.

use std::path::{Path, PathBuf};

use super::Exit;

/// Name of the run inside its temporary folder.
const RUN: &str = "run";

/// File that marks a folder as a run folder.
pub(super) const MARK: &str = "run.json";

/// A run folder being written.
pub(super) struct RunFolder {
    target: PathBuf,
    path: PathBuf,
    /// Removed with all that is left in it when the run is over, however it ends.
    _work: tempfile::TempDir,
}

impl RunFolder {
    /// Prepares to write `target`, which must not exist, be empty, or be an earlier run's folder.
    pub(super) fn create(target: &Path) -> Result<Self, Exit> {
        let refuse = |why: String| Exit::CannotStart(format!("run folder {}: {why}", target.display()));
        if target.exists() && !replaceable(target) {
            return Err(refuse("exists and is no run folder; name another with -o, or remove it".to_owned()));
        }
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(parent).map_err(|e| refuse(e.to_string()))?;
        let work =
            tempfile::Builder::new().prefix(".offpath-run-").tempdir_in(parent).map_err(|e| refuse(e.to_string()))?;
        let path = work.path().join(RUN);
        // The temporary folder is private; the run inside it is as readable as anything else the user makes.
        std::fs::create_dir(&path).map_err(|e| refuse(e.to_string()))?;
        Ok(RunFolder { target: target.to_owned(), path, _work: work })
    }

    /// Where to write.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the finished folder to its name, replacing an earlier run.
    pub(super) fn publish(self) -> Result<(), Exit> {
        let fail = |e: std::io::Error| Exit::Incomplete(format!("run folder {}: {e}", self.target.display()));
        if self.target.exists() {
            std::fs::remove_dir_all(&self.target).map_err(fail)?;
        }
        std::fs::rename(&self.path, &self.target).map_err(fail)
    }
}

fn replaceable(folder: &Path) -> bool {
    folder.is_dir()
        && (folder.join(MARK).is_file() || std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none()))
}
