//! What agents do on behalf of people: every story of the agents' shop is found where its source shows it, and no twin.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use offpath_fixtures::agents::{self, Agents};
use serde_json::Value;
use support::{code, counts, lines, offpath, stderr, text};

fn written(change: impl FnOnce(&mut Agents)) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("agents");
    let mut agents = Agents { out: out.clone(), shoppers: 8, seed: 1, benign: false };
    change(&mut agents);
    agents::write(&agents).unwrap();
    (folder, out)
}

/// Findings of a file, with the scenario's model or without one, and the run's record.
fn check(out: &Path, file: &str, modelled: bool) -> (Vec<Value>, Value) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let (input, model) = (out.join(file), out.join("model.yaml"));
    let mut args = vec!["check", input.to_str().unwrap(), "-o", run.to_str().unwrap(), "--exit-zero", "-q"];
    if modelled {
        args.extend(["--model", model.to_str().unwrap()]);
    }
    let output = offpath(&args);
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
fn bodies_show_what_agents_do_beyond_their_leave() {
    for seed in [1, 2, 3] {
        let (_folder, out) = written(|agents| agents.seed = seed);
        let (findings, _) = check(&out, "capture.har", true);
        assert_eq!(told(&findings), abuse(&out, "har"), "seed {seed}: {findings:#?}");
    }
}

#[test]
fn a_log_with_headers_of_mcp_shows_tools_and_rates() {
    let (_folder, out) = written(|_| {});
    let (findings, run) = check(&out, "access.jsonl", true);
    assert_eq!(told(&findings), abuse(&out, "json"), "{findings:#?}");
    for id in ["AG-LIMIT", "MA-CHAIN"] {
        let rule = run["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap();
        assert!(rule["by_source"]["json"][2].as_u64().unwrap() > 0, "what it cannot decide it says: {rule}");
    }
}

#[test]
fn without_a_model_what_servers_and_agents_say_is_judged() {
    let (_folder, out) = written(|_| {});
    let (findings, _) = check(&out, "capture.har", false);
    let rules: BTreeSet<String> = told(&findings).into_iter().map(|(rule, _)| rule).collect();
    assert!(["AG-TOOL", "MCP-MISMATCH", "MCP-RUG"].iter().all(|rule| rules.contains(*rule)), "{findings:#?}");
    let others: Vec<&String> =
        rules.iter().filter(|rule| ["DEL-", "HITL-", "KS-", "MA-CHAIN"].iter().any(|p| rule.starts_with(p))).collect();
    assert!(others.is_empty(), "nothing says who may: {others:?}");
}

#[test]
fn honest_agents_are_silent() {
    let (_folder, out) = written(|agents| (agents.benign, agents.shoppers) = (true, 20));
    for file in ["capture.har", "access.jsonl"] {
        let (findings, _) = check(&out, file, true);
        assert_eq!(told(&findings), BTreeSet::new(), "{file}: {findings:#?}");
    }
}
