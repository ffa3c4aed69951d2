//! Archives that tests make up, and what a check says of them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{code, lines, object, offpath, stderr, stdout, text};

/// The text of a HAR file with these entries.
pub fn har(entries: &[Value]) -> String {
    json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}}).to_string()
}

/// Writes a HAR file; returns its name.
pub fn write(file: &Path, entries: &[Value]) -> String {
    fs::write(file, har(entries)).unwrap();
    file.display().to_string()
}

/// Checks inputs against a model: findings, `run.json`, and what is said on the terminal. The run is in `run` of the folder.
pub fn check(folder: &Path, model: &str, inputs: &[&str]) -> (Vec<Value>, Value, String) {
    let (file, run) = (folder.join("model.yaml"), folder.join("run"));
    fs::write(&file, model).unwrap();
    let (file, name) = (file.display().to_string(), run.display().to_string());
    let output = offpath(&[&["check"], inputs, &["--model", &file, "-o", &name, "--force", "--exit-zero"]].concat());
    assert!(matches!(code(&output), 0 | 4), "{}", stderr(&output));
    let summary = serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
    (lines(&run.join("findings.jsonl")), summary, [stdout(&output), stderr(&output)].concat())
}

/// `RULE object` of each finding, sorted.
pub fn told<'a>(findings: impl IntoIterator<Item = &'a Value>) -> Vec<String> {
    let mut told: Vec<String> =
        findings.into_iter().map(|finding| format!("{} {}", text(finding, "rule"), object(finding))).collect();
    told.sort();
    told
}
