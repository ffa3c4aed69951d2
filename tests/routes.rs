//! Routes without a model: every story is found where its source shows it, and no twin.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use offpath_fixtures::routes::{self, Routes};
use serde_json::Value;
use support::stories::{self, SOURCES, wrong};
use support::{code, lines, offpath, stderr, text};

const RULES: [&str; 12] = [
    "DEF-OPEN",
    "DX-VOLUME",
    "FN-NEW",
    "INT-LOOP",
    "MA-GAP",
    "OPS-STUCK",
    "POLLUTE",
    "PROC-SHADOW",
    "PROC-ZOMBIE",
    "PROP-READ",
    "PROP-WRITE",
    "RULE-UNEQUAL",
];

fn written(seed: u64, benign: bool) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("routes");
    routes::write(&Routes { out: out.clone(), seed, benign }).unwrap();
    (folder, out)
}

fn check(out: &Path, file: &str, extra: &[&str]) -> Vec<Value> {
    let document = out.join("openapi.yaml");
    // A scenario with fifty megabytes in it would be slow to write.
    let own = ["--openapi", document.to_str().unwrap(), "--rules", "DX-VOLUME.megabytes=1"];
    let extra: Vec<&str> = own.into_iter().chain(extra.iter().copied()).collect();
    stories::check(&RULES, &[&out.join(file)], &extra).0
}

#[test]
fn every_source_shows_what_it_can_and_nothing_else() {
    for seed in [1, 2] {
        let (_folder, out) = written(seed, false);
        for (source, file) in SOURCES {
            let wrong = wrong(&out, source, &check(&out, file, &[]));
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
fn honest_clients_are_silent() {
    let (_folder, out) = written(3, true);
    for (source, file) in SOURCES {
        assert_eq!(check(&out, file, &[]), Vec::<Value>::new(), "{source}");
    }
}

#[test]
fn thresholds_are_the_users() {
    let (_folder, out) = written(1, false);
    let extra = ["--rules", "FN-NEW.uses=500", "--rules", "RULE-UNEQUAL.within=1s"];
    let rules: BTreeSet<String> =
        check(&out, "capture.har", &extra).iter().map(|finding| text(finding, "rule").to_owned()).collect();
    let silent = |rule: &str| !rules.contains(rule);
    assert!(silent("FN-NEW") && silent("RULE-UNEQUAL") && !silent("POLLUTE"), "{rules:?}");
}

#[test]
fn threads_and_memory_change_nothing() {
    let (_folder, out) = written(1, false);
    let run = |name: &str, extra: &[&str]| {
        let folder = out.join(name);
        let input = out.join("capture.har");
        let mut args = vec!["check", "--exit-zero", "-q", "-o", folder.to_str().unwrap(), input.to_str().unwrap()];
        args.extend(extra);
        let output = offpath(&args);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        std::fs::read(folder.join("findings.jsonl")).unwrap()
    };
    assert_eq!(run("one", &["--threads", "1"]), run("four", &["--threads", "4", "--memory", "8MB"]));
}
