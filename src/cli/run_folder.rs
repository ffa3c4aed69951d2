//! The run folder: written under a temporary name, then renamed, so that a reader never sees half of one.

use std::path::{Path, PathBuf};

use offpath_capture::is_run_folder;

use super::work_folder::WorkFolder;
use super::{Console, Exit};

/// Name of the run inside its temporary folder.
const RUN: &str = "run";

/// Name in it of the run that is replaced.
const EARLIER: &str = "earlier";

/// File that marks a folder as a run folder.
pub(super) const MARK: &str = "run.json";

/// A run folder being written.
pub(super) struct RunFolder {
    /// Its name when it is complete; `None` when only files were asked for.
    target: Option<PathBuf>,
    path: PathBuf,
    /// Removed with all that is left in it when the run is over, however it ends.
    _work: WorkFolder,
}

impl RunFolder {
    /// Prepares to write `target`, which must not exist, be empty, or be an earlier run's folder.
    pub(super) fn create(target: &Path, inputs: &[String], console: &Console) -> Result<Self, Exit> {
        let refuse = |why: String| Exit::CannotStart(format!("run folder {}: {why}", target.display()));
        check(target).map_err(|why| refuse(why.to_owned()))?;
        Self::beside(target, inputs, console).map(|folder| RunFolder { target: Some(target.to_owned()), ..folder })
    }

    /// Prepares a folder that nobody asked for, in the folder of a file that somebody did.
    pub(super) fn beside(file: &Path, inputs: &[String], console: &Console) -> Result<Self, Exit> {
        let refuse = |e: std::io::Error| Exit::CannotStart(format!("{}: {e}", file.display()));
        let parent = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(parent).map_err(refuse)?;
        let work = WorkFolder::create(parent, inputs, console).map_err(refuse)?;
        let path = work.path().join(RUN);
        // The temporary folder is private; the run inside it is as readable as anything else the user makes.
        std::fs::create_dir(&path).map_err(refuse)?;
        Ok(RunFolder { target: None, path, _work: work })
    }

    /// Where to write.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the finished folder to its name, replacing an earlier run; returns the name, if it has one.
    pub(super) fn publish(self) -> Result<Option<PathBuf>, Exit> {
        let Some(target) = self.target else { return Ok(None) };
        let fail = |why: String| Exit::Incomplete(format!("run folder {}: {why}", target.display()));
        // It may have become somebody's since the run began.
        check(&target).map_err(|why| fail(why.to_owned()))?;
        let earlier = target.exists().then(|| self.path.with_file_name(EARLIER));
        if let Some(earlier) = &earlier {
            std::fs::rename(&target, earlier).map_err(|e| fail(e.to_string()))?;
        }
        if let Err(error) = std::fs::rename(&self.path, &target) {
            // An earlier run is better than none.
            let _ = earlier.map(|earlier| std::fs::rename(earlier, &target));
            return Err(fail(error.to_string()));
        }
        // The earlier run goes with the folder that it was put aside in.
        Ok(Some(target))
    }

    /// Whether an earlier run stands where this one would go.
    pub(super) fn replaces_a_run(&self) -> bool {
        self.target.as_ref().is_some_and(|target| is_run_folder(target))
    }
}

/// Why a run cannot be put here.
fn check(target: &Path) -> Result<(), &'static str> {
    let Ok(place) = target.canonicalize() else { return Ok(()) };
    if std::env::current_dir().and_then(|here| here.canonicalize()).is_ok_and(|here| here.starts_with(&place)) {
        return Err("is the folder you are in, or holds it; name another with -o");
    }
    if replaceable(target) { Ok(()) } else { Err("exists and is no run folder; name another with -o, or remove it") }
}

fn replaceable(folder: &Path) -> bool {
    folder.is_dir()
        && (is_run_folder(folder) || std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none()))
}
