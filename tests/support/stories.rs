//! Labelled stories of a scenario without a model, against what is found of them.

use std::path::Path;

use serde_json::Value;

use super::{code, counts, lines, offpath, stderr, text};

/// Kind of source, and its file.
pub const SOURCES: [(&str, &str); 3] = [("pcapng", "capture.pcapng"), ("har", "capture.har"), ("json", "access.jsonl")];

/// Findings of some rules, and the run's record.
pub fn check(rules: &[&str], inputs: &[&Path], extra: &[&str]) -> (Vec<Value>, Value) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut args = vec!["check", "-o", run.to_str().unwrap(), "--exit-zero", "-q"];
    args.extend(inputs.iter().map(|path| path.to_str().unwrap()));
    args.extend(extra);
    let output = offpath(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mut findings = lines(&run.join("findings.jsonl"));
    findings.retain(|finding| rules.contains(&text(finding, "rule")));
    (findings, serde_json::from_str(&std::fs::read_to_string(run.join("run.json")).unwrap()).unwrap())
}

fn concerns(finding: &Value, story: &Value) -> bool {
    let actor = text(story, "actor");
    finding["rule"] == story["rule"] && (actor.is_empty() || finding["actor"]["principal"] == actor)
}

/// What is missing of the abuse that a source shows, and what no abuse explains.
pub fn wrong(out: &Path, source: &str, findings: &[Value]) -> Vec<String> {
    let stories = lines(&out.join("truth.jsonl"));
    let shown: Vec<&Value> = stories.iter().filter(|s| s["twin"] == false && s["sources"][source] == true).collect();
    let found = |story: &Value| {
        let right = |f: &&Value| concerns(f, story) && counts(f) != story["review"].as_bool().unwrap();
        findings.iter().filter(right).count()
    };
    let missed = shown.iter().filter(|story| found(story) != 1);
    let mut wrong: Vec<String> = missed.map(|story| format!("{} times found: {story}", found(story))).collect();
    // What is for review is told of nobody else either.
    let explained = |finding: &&Value| !shown.iter().any(|story| concerns(finding, story));
    wrong.extend(
        findings.iter().filter(explained).map(|f| format!("false {}: {} {}", f["rule"], f["title"], f["actor"])),
    );
    wrong
}
