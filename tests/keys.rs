//! Keys, rights and operations without a model: every story is found where its source shows it, and no twin.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use offpath_fixtures::keys::{self, Keys};
use serde_json::Value;
use support::stories::{self, SOURCES, wrong};
use support::{code, lines, offpath, stderr, stdout, text};

const RULES: [&str; 12] = [
    "CR-AGE",
    "CR-WIDE",
    "ENV-MIX",
    "ID-SHARED",
    "LG-CLOCK",
    "OPS-FAIL",
    "OPS-SPIKE",
    "PERM-ADMIN",
    "PERM-UNUSED",
    "PERM-WILDCARD",
    "SEC-INBODY",
    "SEC-NOROTATE",
];

fn written(seed: u64, benign: bool) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("keys");
    keys::write(&Keys { out: out.clone(), seed, benign }).unwrap();
    (folder, out)
}

fn check(inputs: &[&Path], extra: &[&str]) -> (Vec<Value>, Value) {
    stories::check(&RULES, inputs, extra)
}

#[test]
fn every_source_shows_what_it_can_and_nothing_else() {
    for seed in [1, 2] {
        let (_folder, out) = written(seed, false);
        for (source, file) in SOURCES {
            let (findings, _) = check(&[&out.join(file)], &[]);
            let wrong = wrong(&out, source, &findings);
            assert!(wrong.is_empty(), "seed {seed}, {source}:\n{}", wrong.join("\n"));
        }
    }
}

#[test]
fn every_rule_has_its_story_and_its_twin() {
    let (_folder, out) = written(1, false);
    let stories = lines(&out.join("truth.jsonl"));
    for twin in [false, true] {
        let told: BTreeSet<&str> = stories.iter().filter(|s| s["twin"] == twin).map(|s| text(s, "rule")).collect();
        assert_eq!(told, RULES.into_iter().collect());
    }
}

#[test]
fn honest_keys_are_silent() {
    let (_folder, out) = written(3, true);
    for (source, file) in SOURCES {
        let (findings, _) = check(&[&out.join(file)], &[]);
        assert_eq!(findings, Vec::<Value>::new(), "{source}");
    }
}

#[test]
fn threads_memory_and_the_order_of_files_change_nothing() {
    let (_folder, out) = written(1, false);
    let run = |name: &str, extra: &[&str]| {
        let folder = out.join(name);
        let input = out.join("capture.har");
        let mut args = vec!["check", "--exit-zero", "-q", "-o", folder.to_str().unwrap(), input.to_str().unwrap()];
        args.extend(extra);
        let output = offpath(&args);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        ["findings.jsonl", "access.jsonl"].map(|file| std::fs::read_to_string(folder.join(file)).unwrap())
    };
    let whole = run("one", &["--threads", "1"]);
    assert!(whole.iter().all(|text| !text.is_empty()));
    assert_eq!(run("three", &["--threads", "3"]), whole);
    assert_eq!(run("tight", &["--threads", "2", "--memory", "16MiB"]), whole);
}

#[test]
fn the_access_review_says_who_may_do_what_and_does_not() {
    let (_folder, out) = written(1, false);
    let run = out.join("run");
    let (run, input) = (run.to_str().unwrap(), out.join("capture.har"));
    let output = offpath(&["check", "--exit-zero", "-q", "-o", run, input.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let rows = lines(&Path::new(run).join("access.jsonl"));
    let of = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap();
    assert_eq!(of("biller")["unused_scopes"], serde_json::json!(["payouts:write"]));
    assert_eq!(of("payer")["unused_scopes"], serde_json::json!([]));
    assert_eq!((&of("biller")["kind"], &of("biller")["requests"]), (&"service".into(), &80.into()));
    assert_eq!(of("forgotten")["age_days"], 200);
    assert!(rows.iter().any(|row| row["what"] == "credential" && row["age_days"] == 100));
    let shown = stdout(&offpath(&["show", "access", "--run", run]));
    assert!(shown.contains("biller") && shown.contains("payouts:write") && shown.contains("CREDENTIAL"), "{shown}");
    let csv = stdout(&offpath(&["show", "access", "--run", run, "--format", "csv"]));
    assert_eq!(csv.lines().count(), rows.len() + 1);
    let page = std::fs::read_to_string(Path::new(run).join("report.html")).unwrap();
    assert!(page.contains("payouts:write"));
    let hashed = out.join("hashed");
    let hashed = hashed.to_str().unwrap();
    // Which words are names only a model says.
    let model = support::sample().join("model.yaml");
    let model = ["--redact", "hash", "--model", model.to_str().unwrap()];
    offpath(&[&["check", "--exit-zero", "-q", "-o", hashed, input.to_str().unwrap()][..], &model].concat());
    let text = std::fs::read_to_string(Path::new(hashed).join("access.jsonl")).unwrap();
    assert!(!text.is_empty() && !text.contains("biller") && !text.contains("payouts:write"));
}

#[test]
fn thresholds_are_the_users_and_findings_say_so() {
    let (folder, out) = written(1, false);
    let input = out.join("capture.har");
    let ages = |extra: &[&str]| -> Vec<Value> {
        let (findings, _) = check(&[&input], extra);
        findings.into_iter().filter(|finding| finding["rule"] == "CR-AGE").collect()
    };
    assert_eq!(ages(&["--rules", "CR-AGE.age=300d"]), Vec::<Value>::new());
    let config = folder.path().join("offpath.yaml");
    std::fs::write(&config, "rules: {CR-AGE: {age: 30d}, PERM-UNUSED: {span: 20d}}\n").unwrap();
    let found = ages(&["--config", config.to_str().unwrap()]);
    assert_eq!(found.len(), 1);
    let expected = text(&found[0]["expected"], "0").to_owned() + &found[0]["expected"].to_string();
    assert!(expected.contains("after 30 days (configured: age 30d)"), "{expected}");
    let origins = stdout(&offpath(&["generate", "config", "--origins", "--config", config.to_str().unwrap()]));
    let line = origins.lines().find(|line| line.trim_start().starts_with("age: 30d")).unwrap();
    assert!(line.contains("offpath.yaml:1:1"), "{line}");
    assert!(origins.contains("FLOW-PACE:") && origins.contains("floor: 500ms"), "{origins}");
    std::fs::write(&config, "rules: {CR-AGE: {ages: 30d}}\n").unwrap();
    let output = offpath(&["check", "--config", config.to_str().unwrap(), input.to_str().unwrap()]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("did you mean `age`?"), "{}", stderr(&output));
}
