//! What tokens are used for, without a model: every story of the bank is found where its source shows it, and no twin.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::path::{Path, PathBuf};

use offpath_fixtures::tokens::{self, Tokens};
use serde_json::Value;
use support::{code, counts, lines, offpath, stderr, text};

const RULES: [&str; 4] = ["DEL-EXPIRED", "DEL-NOACT", "DEL-WIDEN", "LG-NOCORR"];

fn written(change: impl FnOnce(&mut Tokens)) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("bank");
    let mut tokens = Tokens { out: out.clone(), people: 14, seed: 1, benign: false };
    change(&mut tokens);
    tokens::write(&tokens).unwrap();
    (folder, out)
}

/// Findings of the four rules, and the run's record.
fn check(input: &Path) -> (Vec<Value>, Value) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let output = offpath(&["check", "-o", run.to_str().unwrap(), "--exit-zero", "-q", input.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mut findings = lines(&run.join("findings.jsonl"));
    findings.retain(|finding| RULES.contains(&text(finding, "rule")));
    (findings, serde_json::from_str(&std::fs::read_to_string(run.join("run.json")).unwrap()).unwrap())
}

/// Rule, what it is about, and whether it is for review, sorted.
type Told = Vec<(String, String, bool)>;

fn told(findings: &[Value]) -> Told {
    let about = |finding: &Value| match text(finding, "rule") {
        "LG-NOCORR" => {
            let title = text(finding, "title");
            title.split(" to ").nth(1).unwrap().split(':').next().unwrap().to_owned()
        }
        _ => text(&finding["actor"], "principal").to_owned(),
    };
    let one = |finding: &Value| (text(finding, "rule").to_owned(), about(finding), !counts(finding));
    let mut told: Told = findings.iter().map(one).collect();
    told.sort();
    told
}

fn abuse(out: &Path, source: &str) -> Told {
    let stories = lines(&out.join("truth.jsonl"));
    let shown = stories.iter().filter(|story| story["twin"] == false && story["sources"][source] == true);
    let one = |story: &Value| {
        (text(story, "rule").to_owned(), text(story, "about").to_owned(), story["review"].as_bool().unwrap())
    };
    let mut abuse: Told = shown.map(one).collect();
    abuse.sort();
    abuse
}

#[test]
fn an_archive_shows_every_abuse_and_nothing_else() {
    for seed in [1, 2, 3] {
        let (_folder, out) = written(|tokens| tokens.seed = seed);
        let (findings, _) = check(&out.join("capture.har"));
        assert_eq!(told(&findings), abuse(&out, "har"), "seed {seed}");
    }
}

#[test]
fn a_log_shows_what_it_can_and_says_what_it_cannot() {
    let (_folder, out) = written(|_| {});
    let (findings, run) = check(&out.join("access.jsonl"));
    assert_eq!(told(&findings), abuse(&out, "json"));
    for id in ["DEL-EXPIRED", "DEL-NOACT"] {
        let rule = run["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap();
        assert!(rule["by_source"]["json"][2].as_u64().unwrap() > 0, "{rule}");
        assert_eq!(rule["status"], "blind", "{rule}");
    }
}

#[test]
fn an_honest_bank_is_silent() {
    let (_folder, out) = written(|tokens| (tokens.benign, tokens.people) = (true, 30));
    for file in ["capture.har", "access.jsonl"] {
        let (findings, _) = check(&out.join(file));
        assert_eq!(told(&findings), [], "{file}");
    }
}
