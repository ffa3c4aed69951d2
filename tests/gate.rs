//! Sessions, keys, logins and steps without a model: every story of the gate is found where its source shows it, and no twin.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use offpath_fixtures::gate::{self, Gate};
use serde_json::Value;
use support::stories::{SOURCES, wrong};
use support::{code, lines, offpath, stderr, text};

const RULES: [&str; 15] = [
    "CR-CONCURRENT",
    "CR-FAILOK",
    "CR-NEWCTX",
    "CR-REUSE",
    "CR-SHARED",
    "DX-QUERY",
    "FLOW-CLONE",
    "FLOW-PACE",
    "ID-HUMANUSE",
    "INT-PLAIN",
    "INT-RETRY",
    "LG-HOLE",
    "SEC-ALGNONE",
    "SEC-INURL",
    "SEC-LONG",
];

fn written(seed: u64, benign: bool) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("gate");
    gate::write(&Gate { out: out.clone(), seed, benign }).unwrap();
    (folder, out)
}

fn check(inputs: &[&Path], extra: &[&str]) -> (Vec<Value>, Value) {
    support::stories::check(&RULES, inputs, extra)
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
    let told = |twin: bool| -> BTreeSet<&str> {
        stories.iter().filter(|story| story["twin"] == twin).map(|story| text(story, "rule")).collect()
    };
    assert_eq!(told(false), RULES.into_iter().collect());
    assert_eq!(told(true), RULES.into_iter().collect());
}

#[test]
fn an_honest_gate_is_silent() {
    let (_folder, out) = written(3, true);
    for (source, file) in SOURCES {
        let (findings, _) = check(&[&out.join(file)], &[]);
        assert_eq!(findings, Vec::<Value>::new(), "{source}");
    }
}

#[test]
fn what_a_source_cannot_show_it_says() {
    let (_folder, out) = written(1, false);
    for (source, file, blind) in [
        ("har", "capture.har", &["CR-CONCURRENT", "CR-FAILOK", "INT-PLAIN"][..]),
        ("json", "access.jsonl", &["CR-CONCURRENT", "CR-REUSE", "SEC-LONG", "SEC-ALGNONE", "INT-RETRY", "INT-PLAIN"]),
    ] {
        let (_, run) = check(&[&out.join(file)], &[]);
        for id in blind {
            let rule = run["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == *id).unwrap();
            assert!(rule["by_source"][source][2].as_u64().unwrap_or(0) > 0, "{id} from {source}: {rule}");
            assert!(rule["blind"][source]["why"].is_string(), "{id} from {source}: {rule}");
        }
    }
}

#[test]
fn threads_memory_and_the_order_of_files_change_nothing() {
    let (_folder, out) = written(1, false);
    let inputs = [out.join("capture.pcapng"), out.join("access.jsonl")];
    let [first, second] = [inputs[0].as_path(), inputs[1].as_path()];
    let (whole, _) = check(&[first, second], &["--threads", "1"]);
    assert!(!whole.is_empty());
    for extra in [["--threads", "3", "--memory", "1GiB"], ["--threads", "2", "--memory", "16MiB"]] {
        assert_eq!(check(&[second, first], &extra).0, whole, "{extra:?}");
    }
}

#[test]
fn no_credential_is_in_what_is_written() {
    let (_folder, out) = written(1, false);
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let input = out.join("capture.pcapng");
    let output = offpath(&["check", "--exit-zero", "-o", run.to_str().unwrap(), input.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mut written = support::stdout(&output);
    for file in ["findings.jsonl", "run.json", "report.html"] {
        written.push_str(&std::fs::read_to_string(run.join(file)).unwrap());
    }
    // Three letters alone stand in the report's packed columns by chance.
    for secret in ["eyJhbGciOi", "eyJ0eXAiOi", "4111111111111111", "k3y-of-the", "correct horse"] {
        assert!(!written.contains(secret), "{secret}");
    }
}

#[test]
fn a_run_is_verified_by_its_own_thresholds() {
    let (folder, out) = written(1, false);
    let (run, archive) = (folder.path().join("run"), out.join("capture.har"));
    let (run, archive) = (run.to_str().unwrap(), archive.to_str().unwrap());
    let others = |rules: &[&str]| {
        let check = ["check", archive, "-o", run, "--force", "-q", "--exit-zero"];
        let checked = offpath(&[&check[..], rules].concat());
        assert_eq!(code(&checked), 0, "{}", stderr(&checked));
        let verified = offpath(&["verify", run, archive, "--format", "json", "--exit-zero"]);
        let document: Value = serde_json::from_slice(&verified.stdout).unwrap();
        (document["open"].as_u64().unwrap(), document["others"].as_u64().unwrap())
    };
    let (by_default, none) = others(&[]);
    assert!(by_default > 0 && none == 0, "{by_default} {none}");
    // One token lives longer than the usual limit, and shorter than this one.
    assert_eq!(others(&["--rules", "SEC-LONG.life=60d"]), (by_default - 1, 0));
}
