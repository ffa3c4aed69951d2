//! Who was given which id, without a model: every story of the help desk is found where its source shows it, and no twin.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::path::{Path, PathBuf};

use offpath_fixtures::desk::{self, Desk};
use serde_json::Value;
use support::{code, counts, lines, offpath, stderr, text};

const RULES: [&str; 2] = ["UNLEARNED", "ENUM"];

fn written(change: impl FnOnce(&mut Desk)) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("desk");
    let mut desk = Desk { out: out.clone(), customers: 12, seed: 1, benign: false };
    change(&mut desk);
    desk::write(&desk).unwrap();
    (folder, out)
}

/// Findings of the two rules, and the run's record.
fn check(inputs: &[&Path], extra: &[&str]) -> (Vec<Value>, Value) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut args = vec!["check", "-o", run.to_str().unwrap(), "--exit-zero", "-q"];
    args.extend(inputs.iter().map(|path| path.to_str().unwrap()));
    args.extend(extra);
    let output = offpath(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mut findings = lines(&run.join("findings.jsonl"));
    findings.retain(|finding| RULES.contains(&text(finding, "rule")));
    (findings, serde_json::from_str(&std::fs::read_to_string(run.join("run.json")).unwrap()).unwrap())
}

/// Rule and actor of what counts, sorted.
fn told(findings: &[Value]) -> Vec<(String, String)> {
    let one = |f: &Value| (text(f, "rule").to_owned(), text(&f["actor"], "principal").to_owned());
    let mut told: Vec<_> = findings.iter().filter(|f| counts(f)).map(one).collect();
    told.sort();
    told
}

/// Rule and actor of the abuse that a source shows, sorted.
fn abuse(out: &Path, source: &str) -> Vec<(String, String)> {
    let stories = lines(&out.join("truth.jsonl"));
    let shown = stories.iter().filter(|story| story["twin"] == false && story["sources"][source] == true);
    let mut abuse: Vec<_> = shown.map(|s| (text(s, "rule").to_owned(), text(s, "actor").to_owned())).collect();
    abuse.sort();
    abuse
}

#[test]
fn bodies_show_who_was_given_what_and_nobody_else_is_named() {
    for seed in [1, 2, 3] {
        let (_folder, out) = written(|desk| desk.seed = seed);
        let (findings, _) = check(&[&out.join("capture.har")], &[]);
        assert_eq!(told(&findings), abuse(&out, "har"), "seed {seed}: {findings:#?}");
    }
}
