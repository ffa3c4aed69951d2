//! Run folders: what offpath itself wrote is no traffic.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

/// The file that marks a run folder.
const MARK: &str = "run.json";
/// Bytes of it that are looked at: its first keys.
const MARK_BYTES: u64 = 4096;
/// Keys that it begins with.
const KEYS: [&str; 3] = ["\"schema_version\"", "\"tool_version\"", "\"command\""];

/// Whether a folder is the outcome of an earlier run: another program's `run.json` does not make it one.
pub fn is_run_folder(folder: &Path) -> bool {
    let mark = folder.join(MARK);
    if !fs::symlink_metadata(&mark).is_ok_and(|found| found.is_file()) {
        return false;
    }
    let mut beginning = Vec::new();
    let read = File::open(mark).and_then(|file| file.take(MARK_BYTES).read_to_end(&mut beginning));
    let text = String::from_utf8_lossy(&beginning);
    read.is_ok() && text.trim_start().starts_with('{') && KEYS.iter().all(|key| text.contains(key))
}
