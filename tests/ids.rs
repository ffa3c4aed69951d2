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

#[test]
fn a_log_shows_what_it_can_and_no_more() {
    let (_folder, out) = written(|_| {});
    let (findings, run) = check(&[&out.join("access.jsonl")], &[]);
    assert_eq!(told(&findings), abuse(&out, "json"), "{findings:#?}");
    let rule = run["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == "UNLEARNED").unwrap();
    assert!(rule["by_source"]["json"][2].as_u64().unwrap() > 0, "what it cannot decide it says: {rule}");
}

#[test]
fn an_honest_desk_is_silent() {
    let (_folder, out) = written(|desk| (desk.benign, desk.customers) = (true, 30));
    for file in ["capture.har", "access.jsonl"] {
        let (findings, _) = check(&[&out.join(file)], &[]);
        assert_eq!(told(&findings), [], "{file}: {findings:#?}");
    }
}

/// The archive without the entries that `keep` does not want.
fn part(out: &Path, name: &str, keep: impl Fn(usize) -> bool) -> PathBuf {
    let mut archive: Value = serde_json::from_str(&std::fs::read_to_string(out.join("capture.har")).unwrap()).unwrap();
    let entries = archive["log"]["entries"].as_array_mut().unwrap();
    let mut place = 0..;
    entries.retain(|_| keep(place.next().unwrap()));
    let path = out.join(name);
    std::fs::write(&path, archive.to_string()).unwrap();
    path
}

#[test]
fn a_capture_that_begins_late_or_has_gaps_names_nobody_wrongly() {
    let (_folder, out) = written(|desk| desk.benign = true);
    for begin in [40, 90, 150, 220] {
        let late = part(&out, "late.har", |place| place >= begin);
        assert_eq!(told(&check(&[&late], &[]).0), [], "from entry {begin}");
    }
}

#[test]
fn threads_memory_and_the_order_of_files_change_nothing() {
    // Enough that the least memory does not hold all rows.
    let (_folder, out) = written(|desk| desk.customers = 40);
    let (first, second) = (part(&out, "a.har", |place| place % 2 == 0), part(&out, "b.har", |place| place % 2 == 1));
    let (whole, _) = check(&[&first, &second], &["--threads", "1"]);
    assert!(!whole.is_empty());
    for extra in [["--threads", "3", "--memory", "1GiB"], ["--threads", "2", "--memory", "16MiB"]] {
        assert_eq!(check(&[&second, &first], &extra).0, whole, "{extra:?}");
    }
}

#[test]
fn who_had_an_id_first_is_told() {
    let (_folder, out) = written(|_| {});
    let har = out.join("capture.har");
    let output = offpath(&["inspect", har.to_str().unwrap(), "--explain", "ticket:4101", "--format", "json"]);
    let answer: Value = serde_json::from_str(&support::stdout(&output)).unwrap();
    let actors = answer["id"]["actors"].as_array().unwrap();
    let of = |name: &str| actors.iter().find(|actor| actor["actor"] == name).unwrap();
    assert_eq!(text(&actors[0], "actor"), "customer01", "{actors:#?}");
    assert!(text(&actors[0], "first_given").contains("by POST /tickets"), "{actors:#?}");
    assert_eq!((&of("customer01")["learned"], &of("mallory")["learned"]), (&Value::Bool(true), &Value::Bool(false)));
    let output = offpath(&["inspect", har.to_str().unwrap(), "--explain", "ticket:4101"]);
    let shown = support::stdout(&output);
    assert!(shown.contains("Given to   customer01 in "), "{shown}");
    assert!(shown.contains("Named by   mallory in 1 request, never given, first "), "{shown}");
}
