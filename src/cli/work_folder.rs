//! The folder in which a run works: gone when the run ends, also by a signal; left behind only by a kill, and then
//! removed by the next run beside it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Console;
use super::job::is_interface;

/// What names of such folders begin with.
const PREFIX: &str = ".offpath-run-";
/// File in it that its run holds locked: the system lets go of the lock however the run ends.
const LOCK: &str = "lock";

/// A private folder of one run.
pub(super) struct WorkFolder {
    folder: tempfile::TempDir,
    /// Locked as long as the run lasts.
    _lock: Option<File>,
    /// A signal is about to end the process.
    ending: Arc<AtomicBool>,
}

impl WorkFolder {
    /// Makes one in `parent`, and removes those of runs that are no more. While an interface is read, the first signal
    /// only ends the reading; while a pipe is read, so does the first Ctrl-C.
    pub(super) fn create(parent: &Path, inputs: &[String], console: &Console) -> std::io::Result<Self> {
        remove_stale(parent, console);
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        let ending = Arc::new(AtomicBool::new(false));
        let spared = if inputs.iter().any(|input| is_interface(input)) {
            Spared::First
        } else if inputs.iter().any(|input| input == "-") {
            Spared::FirstInterrupt
        } else {
            Spared::None
        };
        remove_on_signal(folder.path().to_owned(), spared, Arc::clone(&ending));
        let lock = lock(folder.path());
        Ok(WorkFolder { folder, _lock: lock, ending })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for WorkFolder {
    /// A run whose folder a signal removes meets errors that are none: it waits for its end instead of telling them.
    fn drop(&mut self) {
        while self.ending.load(Ordering::Acquire) {
            std::thread::sleep(BETWEEN_ATTEMPTS);
        }
    }
}

/// A lock that is held before it has its name, so that no other run ever sees it free; `None` where files cannot be
/// locked: such a folder is never taken for stale.
fn lock(folder: &Path) -> Option<File> {
    let unnamed = folder.join("locking");
    let file = File::create(&unnamed).ok()?;
    file.try_lock().ok()?;
    std::fs::rename(unnamed, folder.join(LOCK)).ok()?;
    Some(file)
}

/// Removes the folders whose lock nobody holds.
fn remove_stale(parent: &Path, console: &Console) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let named = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        let folder = entry.path();
        if !named || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        // Not ours to open: somebody else's.
        let Ok(file) = File::options().read(true).write(true).open(folder.join(LOCK)) else { continue };
        match file.try_lock() {
            Ok(()) if std::fs::remove_dir_all(&folder).is_ok() => {
                console.say(&format!("removed {}, left by a run that was killed", folder.display()));
            }
            Ok(()) | Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
}

/// Times that a signal tries to remove the folder: threads may still be writing into it.
#[cfg(unix)]
const ATTEMPTS: usize = 50;
/// Pause after an attempt that failed, and between looks at whether the end has come.
const BETWEEN_ATTEMPTS: std::time::Duration = std::time::Duration::from_millis(10);

/// Which signal is not meant for the folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spared {
    None,
    /// The first one, whichever it is.
    First,
    /// The first one, if it is Ctrl-C.
    FirstInterrupt,
}

/// Ctrl-C and termination, after one that is not meant for it, remove the folder and then end the process as they would
/// have.
#[cfg(unix)]
fn remove_on_signal(folder: PathBuf, spared: Spared, ending: Arc<AtomicBool>) {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    // Without it a killed run's folder is removed by the next one.
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        let mut first = true;
        let meant = |signal: &i32| {
            let spare = match spared {
                Spared::None => false,
                Spared::First => true,
                Spared::FirstInterrupt => *signal == SIGINT,
            };
            !(std::mem::take(&mut first) && spare)
        };
        if let Some(signal) = signals.forever().find(meant) {
            ending.store(true, Ordering::Release);
            for _ in 0..ATTEMPTS {
                if std::fs::remove_dir_all(&folder).is_ok() || !folder.exists() {
                    break;
                }
                std::thread::sleep(BETWEEN_ATTEMPTS);
            }
            let _ = signal_hook::low_level::emulate_default_handler(signal);
            // Where the system will not have it so, the run ends by itself.
            ending.store(false, Ordering::Release);
        }
    });
}

#[cfg(not(unix))]
fn remove_on_signal(_: PathBuf, _: Spared, _: Arc<AtomicBool>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_runs_that_are_no_more_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let console = Console::silent();
        let make = |name: &str, locked: bool| {
            let folder = parent.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            if locked {
                File::create(folder.join(LOCK)).unwrap();
            }
            folder
        };
        let (dead, young, other) = (make(".offpath-run-a", true), make(".offpath-run-b", false), make("mine", true));
        std::fs::write(dead.join("spill"), "x").unwrap();
        let alive = WorkFolder::create(parent.path(), &[], &console).unwrap();
        assert!(!dead.exists() && young.exists() && other.exists());
        let again = WorkFolder::create(parent.path(), &[], &console).unwrap();
        assert!(alive.path().exists() && again.path().exists());
    }
}
