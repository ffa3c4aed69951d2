//! Run folders: what offpath itself wrote is no traffic.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// The file that marks a run folder.
const MARK: &str = "run.json";
/// Bytes of it that are looked at: its first keys.
pub(super) const MARK_BYTES: u64 = 4096;
/// Keys that it begins with.
const KEYS: [&str; 3] = ["\"schema_version\"", "\"tool_version\"", "\"command\""];

/// Whether a folder is the outcome of an earlier run: another program's `run.json` does not make it one.
pub fn is_run_folder(folder: &Path) -> bool {
    let mark = folder.join(MARK);
    if !fs::symlink_metadata(&mark).is_ok_and(|found| found.is_file()) {
        return false;
    }
    File::open(mark).is_ok_and(marks_run)
}

/// The folder that an object marks as a run's outcome, by the object's URL and content.
pub(super) fn marked_folder<R: Read>(url: &str, open: impl FnOnce() -> R) -> Option<&str> {
    let folder = url.strip_suffix(MARK)?;
    (folder.ends_with('/') && marks_run(open())).then_some(folder)
}

/// Whether a file of the mark's name is what offpath wrote.
fn marks_run(file: impl Read) -> bool {
    let mut beginning = Vec::new();
    let read = file.take(MARK_BYTES).read_to_end(&mut beginning);
    let text = String::from_utf8_lossy(&beginning);
    read.is_ok() && text.trim_start().starts_with('{') && KEYS.iter().all(|key| text.contains(key))
}
