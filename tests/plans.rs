//! What is paid for, turned on and off, reserved and given back: every story of the plans' service is found where its
//! source shows it, and no twin.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use offpath_fixtures::plans::{self, Plans};
use serde_json::Value;
use support::{code, counts, lines, offpath, stderr, text};

fn written(change: impl FnOnce(&mut Plans)) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("plans");
    let mut plans = Plans { out: out.clone(), customers: 8, seed: 1, benign: false };
    change(&mut plans);
    plans::write(&plans).unwrap();
    (folder, out)
}

/// Findings of a file by the scenario's model, and the run's record.
fn check(out: &Path, file: &str) -> (Vec<Value>, Value) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let (input, model) = (out.join(file), out.join("model.yaml"));
    let [input, model, to] = [&input, &model, &run].map(|path| path.to_str().unwrap());
    let output = offpath(&["check", input, "--model", model, "-o", to, "--exit-zero", "-q"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let record = serde_json::from_str(&std::fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
    (lines(&run.join("findings.jsonl")), record)
}

/// Rule and actor of what counts.
fn told(findings: &[Value]) -> BTreeSet<(String, String)> {
    let one = |f: &Value| (text(f, "rule").to_owned(), text(&f["actor"], "principal").to_owned());
    findings.iter().filter(|f| counts(f)).map(one).collect()
}

/// Rule and actor of the abuse that a source shows.
fn abuse(out: &Path, source: &str) -> BTreeSet<(String, String)> {
    let stories = lines(&out.join("truth.jsonl"));
    let shown = stories.iter().filter(|story| story["twin"] == false && story["sources"][source] == true);
    shown.map(|s| (text(s, "rule").to_owned(), text(s, "actor").to_owned())).collect()
}

#[test]
fn bodies_show_every_abuse_and_nothing_else() {
    for seed in [1, 2, 3] {
        let (_folder, out) = written(|plans| plans.seed = seed);
        let (findings, _) = check(&out, "capture.har");
        assert_eq!(told(&findings), abuse(&out, "har"), "seed {seed}: {findings:#?}");
    }
}

#[test]
fn a_log_shows_what_it_can_and_says_what_it_cannot() {
    let (_folder, out) = written(|_| {});
    let (findings, run) = check(&out, "access.jsonl");
    assert_eq!(told(&findings), abuse(&out, "json"), "{findings:#?}");
    for id in ["INV-OVERSELL", "SUB-TRIAL", "TX-NEG"] {
        let rule = run["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap();
        assert!(rule["by_source"]["json"][2].as_u64().unwrap() > 0, "what it cannot decide it says: {rule}");
    }
}

#[test]
fn honest_customers_are_silent() {
    let (_folder, out) = written(|plans| (plans.benign, plans.customers) = (true, 20));
    for file in ["capture.har", "access.jsonl"] {
        let (findings, _) = check(&out, file);
        assert_eq!(told(&findings), BTreeSet::new(), "{file}: {findings:#?}");
    }
}
