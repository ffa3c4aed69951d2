//! Which files an output may replace: an earlier output of its kind, told by its beginning, and nothing else.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use super::Exit;
use super::exchanges::{COLUMNS, Column, MESSAGE_COLUMNS, usual};
use super::output::Kind;
use crate::finding;

/// Bytes looked at.
const HEAD: u64 = 16 << 10;

/// Refuses to replace a file that is no earlier output, unless forced.
pub(super) fn spare_others(path: &Path, force: bool, is_ours: impl Fn(&Path) -> bool) -> Result<(), Exit> {
    spare_others_of("-o", path, force, is_ours)
}

/// The same, of the output that another flag names.
pub(super) fn spare_others_of(
    flag: &str,
    path: &Path,
    force: bool,
    is_ours: impl Fn(&Path) -> bool,
) -> Result<(), Exit> {
    if force || !path.exists() {
        return Ok(());
    }
    if path.is_dir() {
        return Err(Exit::CannotStart(format!("{flag} {}: is a folder", path.display())));
    }
    let special = path.metadata().is_ok_and(|metadata| !metadata.is_file());
    // Devices and pipes hold nothing that could be lost; an empty file neither.
    if special || path.metadata().is_ok_and(|metadata| metadata.len() == 0) || is_ours(path) {
        return Ok(());
    }
    Err(Exit::CannotStart(format!(
        "{flag} {}: exists and is no earlier output of this kind; name another file, or replace it with --force",
        path.display()
    )))
}

/// Whether a file is an earlier output of `check`.
pub(super) fn is_findings(kind: Kind, path: &Path) -> bool {
    let head = || head(path).unwrap_or_default();
    match kind {
        Kind::Html => head().contains("<title>offpath: "),
        Kind::Sarif => {
            head().contains("\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\"")
                && head().contains("\"offpath\"")
        }
        Kind::Jsonl => has_keys(path, &["fingerprint", "rule", "evidence"]),
        Kind::Csv => first_line(path) == finding::csv::COLUMNS.join(","),
        Kind::Parquet => has_columns(path, &["fingerprint", "rule", "evidence"]),
        Kind::Junit => head().contains("<testsuites name=\"offpath "),
        Kind::Ocsf => has_keys(path, &["class_uid", "finding_info", "metadata"]),
        Kind::Markdown => head().starts_with("## offpath "),
        Kind::Json => {
            let head = head();
            head.trim_start().starts_with("{\n  \"schema_version\":")
                && ["\"tool_version\":", "\"command\":"].iter().all(|key| head.contains(key))
        }
    }
}

/// Whether a file is an earlier output of `exchanges`.
pub(super) fn is_exchanges(path: &Path) -> bool {
    has_keys(path, &["connection", "origin", "incomplete"])
        || first_line(path) == heading(&COLUMNS)
        || first_line(path) == heading(&MESSAGE_COLUMNS)
        || has_columns(path, &["connection", "origin", "incomplete"])
}

fn heading<R>(columns: &'static [Column<R>]) -> String {
    usual(columns).map(|column| column.name).collect::<Vec<_>>().join(",")
}

fn head(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(HEAD).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn first_line(path: &Path) -> String {
    head(path).unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}

/// Whether the first line is a JSON object with these keys. A finding's line may be long.
fn has_keys(path: &Path, keys: &[&str]) -> bool {
    let Ok(file) = std::fs::File::open(path) else { return false };
    let mut line = Vec::new();
    let read = BufReader::new(file.take(64 * HEAD)).read_until(b'\n', &mut line);
    let first: Option<serde_json::Map<String, serde_json::Value>> =
        read.ok().and_then(|_| serde_json::from_slice(&line).ok());
    first.is_some_and(|object| keys.iter().all(|key| object.contains_key(*key)))
}

fn has_columns(path: &Path, columns: &[&str]) -> bool {
    let Ok(file) = std::fs::File::open(path) else { return false };
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file);
    reader.is_ok_and(|reader| columns.iter().all(|column| reader.schema().column_with_name(column).is_some()))
}
