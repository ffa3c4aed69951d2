//! Findings as SARIF 2.1.0, for code-scanning dashboards and other readers of static analysis results.
//!
//! The "file" of a result is the capture or log, its region the record; the thread flow is the evidence in time order.

mod diagnostic;
mod location;
mod result;
mod tool;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};

pub use diagnostic::diagnostics;

use crate::finding::Finding;

/// What SARIF says about the run besides its findings.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// offpath's version, e.g. `0.1.0`.
    pub version: &'a str,
    /// Inputs as the user named them, with the SHA-256 of the file in hex where known.
    pub inputs: &'a [(String, Option<String>)],
    /// Whether all inputs were read whole.
    pub complete: bool,
    /// Findings of the baseline that are not there any more.
    pub absent: &'a [Finding],
}

/// Writes one SARIF log with one run, results in the order given, followed by a newline. Same findings, same bytes.
///
/// # Errors
/// Those of the output.
pub fn write(findings: &[Finding], about: &About<'_>, output: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *output, &Log(Run { findings, about, artifacts: artifacts(findings, about) }))?;
    output.write_all(b"\n")
}

/// Inputs by name with their hash: those of the run and those that evidence names.
type Artifacts<'a> = BTreeMap<&'a str, Option<&'a str>>;

fn artifacts<'a>(findings: &'a [Finding], about: &About<'a>) -> Artifacts<'a> {
    let evidence = findings.iter().chain(about.absent).flat_map(|finding| &finding.evidence);
    let mut artifacts: Artifacts<'a> = evidence.map(|e| (location::split(&e.origin).0, None)).collect();
    artifacts.extend(about.inputs.iter().map(|(name, hash)| (name.as_str(), hash.as_deref())));
    artifacts
}

struct Log<'a>(Run<'a>);

impl Serialize for Log<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("$schema", "https://json.schemastore.org/sarif-2.1.0.json")?;
        map.serialize_entry("version", "2.1.0")?;
        map.serialize_entry("runs", &[&self.0])?;
        map.end()
    }
}

struct Run<'a> {
    findings: &'a [Finding],
    about: &'a About<'a>,
    artifacts: Artifacts<'a>,
}

impl Serialize for Run<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(6))?;
        map.serialize_entry("tool", &tool::tool(self.about.version))?;
        map.serialize_entry("invocations", &[tool::Invocation { execution_successful: self.about.complete }])?;
        map.serialize_entry("taxonomies", &tool::taxonomies())?;
        map.serialize_entry("artifacts", &location::artifacts(&self.artifacts))?;
        map.serialize_entry("columnKind", "unicodeCodePoints")?;
        map.serialize_entry("results", &Results(self))?;
        map.end()
    }
}

/// Results are made one at a time while they are written: a run may have very many.
struct Results<'a>(&'a Run<'a>);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let places = location::places(&self.0.artifacts);
        let there = self.0.findings.iter().map(|finding| result::of(finding, &places));
        let absent = self.0.about.absent.iter().map(|finding| result::absent(finding, &places));
        serializer.collect_seq(there.chain(absent))
    }
}

#[cfg(test)]
mod tests;
