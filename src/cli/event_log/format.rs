//! Which format of event logs a file has: by its name, or by what it begins with.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use offpath_process::{SQLITE_MAGIC, csv_columns};

use super::root;

/// Bytes that tell what a file is.
pub(super) const HEAD: u64 = 4 << 10;

/// A format of event logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) enum Format {
    Xes,
    /// OCEL as JSON or XML.
    Ocel,
    OcelSqlite,
    Csv,
}

impl Format {
    /// Name in `run.json`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Format::Xes => "xes",
            Format::Ocel => "ocel",
            Format::OcelSqlite => "ocel-sqlite",
            Format::Csv => "csv",
        }
    }

    /// The format that a name alone tells. Tables are of anything, so theirs tells nothing.
    pub(in crate::cli) fn named(path: &Path) -> Option<Format> {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
        if ends(&[".xes"]) {
            Some(Format::Xes)
        } else if ends(&[".ocel.json", ".jsonocel", ".ocel.xml", ".xmlocel"]) {
            Some(Format::Ocel)
        } else if ends(&[".ocel.sqlite", ".ocel.db", ".sqliteocel"]) {
            Some(Format::OcelSqlite)
        } else {
            None
        }
    }

    /// The format of a file, if it is an event log. Pipes are left alone: a look would take from them.
    pub(super) fn of(path: &Path) -> Option<Format> {
        Format::named(path).or_else(|| path.is_file().then(|| begun(path)).and_then(Result::ok).flatten())
    }

    /// The format of a file that somebody says is an event log.
    pub(super) fn said(path: &Path, columns: bool) -> Format {
        let table = columns || is_table(path);
        Format::of(path).unwrap_or(if table { Format::Csv } else { Format::Xes })
    }
}

fn is_table(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    name.ends_with(".csv") || name.ends_with(".csv.gz")
}

fn begun(path: &Path) -> io::Result<Option<Format>> {
    let (mut raw, mut plain) = (Vec::new(), Vec::new());
    File::open(path)?.take(HEAD).read_to_end(&mut raw)?;
    if raw.starts_with(SQLITE_MAGIC) {
        return Ok(Some(Format::OcelSqlite));
    }
    if raw.starts_with(&[0x1f, 0x8b]) {
        // What was looked at ends within the stream, so an error at the end means nothing.
        let _ = MultiGzDecoder::new(BufReader::new(raw.as_slice())).take(HEAD).read_to_end(&mut plain);
    } else {
        plain = raw;
    }
    if is_table(path) && csv_columns(&plain).is_some() {
        return Ok(Some(Format::Csv));
    }
    Ok(begins(&String::from_utf8_lossy(&plain)))
}

/// The format of a document that begins so. Only its first element or key tells: what comes further on may be the words of
/// a stranger that a log of traffic repeats.
fn begins(head: &str) -> Option<Format> {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    if let Some(rest) = head.strip_prefix('{') {
        let key = rest.trim_start();
        let keys = ["\"eventTypes\"", "\"objectTypes\"", "\"ocel:"];
        return keys.iter().any(|one| key.starts_with(one)).then_some(Format::Ocel);
    }
    let holds = |words: &[&str]| words.iter().any(|word| head.contains(word));
    match root(head) {
        Some("log") if holds(&["<object-type", "<event-type"]) => Some(Format::Ocel),
        Some("log") if holds(&["<trace", "xes", "concept:name"]) => Some(Format::Xes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_element_or_key_tells() {
        for (head, format) in [
            ("<log><object-types>", Some(Format::Ocel)),
            ("<log xes.version=\"1.0\">", Some(Format::Xes)),
            (" {\n \"objectTypes\": [", Some(Format::Ocel)),
            ("{\"ocel:global-log\": {", Some(Format::Ocel)),
            ("{\"log\": {\"objectTypes\": 1", None),
            ("{\"path\": \"\\\"ocel:events\\\"\"", None),
            ("10.0.0.7 - - \"GET /<log><object-types>\"", None),
        ] {
            assert_eq!(begins(head), format, "{head}");
        }
    }

    #[test]
    fn names_tell_where_they_are_of_event_logs() {
        for (name, format) in [
            ("a.XES.gz", Some(Format::Xes)),
            ("a.ocel.json", Some(Format::Ocel)),
            ("a.jsonocel", Some(Format::Ocel)),
            ("a.ocel.xml.gz", Some(Format::Ocel)),
            ("a.ocel.sqlite", Some(Format::OcelSqlite)),
            ("a.json", None),
            ("a.csv", None),
        ] {
            assert_eq!(Format::named(Path::new(name)), format, "{name}");
        }
    }
}
