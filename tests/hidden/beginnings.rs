//! Objects that were not seen from their beginning.

use serde_json::json;

use crate::support::{object, text};
use crate::{Run, line};

/// Scripts that are signed and dispensed; of one the signature is missing. The log names those that it creates only
/// where `located`.
fn scripts(located: bool) -> String {
    let mut log = String::new();
    for id in 1..=12 {
        let call = if located { format!("PUT /scripts/{id}") } else { "POST /scripts".to_owned() };
        log += &line("", id * 10, "lind", &call, 201);
        if id != 7 {
            log += &line("", id * 10 + 2, "okafor", &format!("POST /scripts/{id}/sign"), 200);
        }
        log += &line("", id * 10 + 4, "hale", &format!("POST /scripts/{id}/dispense"), 200);
    }
    log
}

fn scripts_model(check: &str) -> String {
    format!(
        r#"offpath: 1
workflow: {{id: clinic, version: 1}}
objects: {{script: {{key: [path.id, res.id]}}}}
activities:
  write: {{any: [{{http: POST /scripts}}, {{http: "PUT /scripts/{{id}}"}}], object: script}}
  sign: {{http: "POST /scripts/{{id}}/sign", object: script}}
  dispense: {{http: "POST /scripts/{{id}}/dispense", object: script}}
lifecycles:
  script:
    states: {{none: initial, draft: {{}}, signed: {{}}, dispensed: final}}
    transitions:
      - {{activity: write, from: none, to: draft}}
      - {{activity: sign, from: draft, to: signed}}
      - {{activity: dispense, from: signed, to: dispensed}}
constraints:
  - {{id: signed-first, require: sign, before: dispense, per: script, max_age: 30d}}
{check}"#
    )
}

#[test]
fn a_rule_that_can_only_say_yes_is_not_shown_as_clean() {
    let unborn = Run::of("access.log", &scripts(false), &scripts_model(""));
    assert_eq!(unborn.found(), Vec::<String>::new());
    for rule in ["AP-MISSING", "AP-STALE"] {
        let why = unborn.why(rule);
        assert!(
            why.contains("not shown on what write was") && why.contains("first_seen_state: initial"),
            "{rule}: {why}"
        );
    }
    let assumed = Run::of("access.log", &scripts(false), &scripts_model("check: {first_seen_state: initial}\n"));
    assert!(assumed.found().contains(&"AP-MISSING script:7".to_owned()), "{:?}", assumed.found());
    let born = Run::of("access.log", &scripts(true), &scripts_model(""));
    assert_eq!(born.found(), ["AP-MISSING script:7"]);
    assert_eq!((born.why("AP-MISSING"), born.why("AP-STALE")), (String::new(), String::new()));
}

#[test]
fn a_finding_says_that_its_object_was_not_seen_from_the_beginning() {
    let late = |located| {
        let log = scripts(located) + &line("", 80, "okafor", "POST /scripts/7/sign", 200);
        let run = Run::of("access.log", &log, &scripts_model(""));
        let finding = run.findings.into_iter().find(|f| object(f) == "script:7").unwrap();
        (finding["actor"]["principal"].clone(), text(&finding, "why").to_owned(), finding["terms"].to_string())
    };
    let (who, why, terms) = late(false);
    assert_eq!(who, "okafor");
    assert!(why.contains("not seen from its beginning") && why.contains("somebody else's"), "{why}");
    assert!(terms.contains("the object was not seen from its beginning"), "{terms}");
    let (who, why, terms) = late(true);
    assert_eq!(who, "hale");
    assert!(!why.contains("beginning") && !terms.contains("beginning"), "{why} {terms}");
}

/// Scripts that end, each told by the answer to its creation; and one creation more that nobody saw answered.
fn numbered(key: &str) -> (u64, u64) {
    let both = r#"{any: [{http: POST /scripts}, {http: "PUT /scripts/{id}"}], object: script}"#;
    let model = scripts_model("").replace("key: [path.id, res.id]", key);
    let model = model.replace(both, "{http: POST /scripts, object: script}");
    let mut log = String::new();
    for id in 1..=6 {
        for (step, path, status) in [
            (0, "/scripts".to_owned(), 201),
            (1, format!("/scripts/{id}/sign"), 200),
            (2, format!("/scripts/{id}/dispense"), 200),
        ] {
            let time = format!("2026-03-01T10:0{id}:0{step}.500Z");
            let record = json!({"time": time, "method": "POST", "path": path, "status": status, "user": "lind",
                "request_body": {"note": "x"}, "response_body": {"id": id}});
            log += &format!("{record}\n");
        }
    }
    for id in 1..=6 {
        log += &format!(
            r#"{{"time":"2026-03-01T10:0{id}:01.700Z","method":"POST","path":"/scripts","status":"-","user":"hale"}}"#
        );
        log.push('\n');
    }
    let run = Run::of("scripts.jsonl", &log, &model);
    assert_eq!(run.found(), Vec::<String>::new());
    let lives = &run.summary["measures"];
    (lives["traces"].as_u64().unwrap(), lives["undecided_traces"].as_u64().unwrap())
}

#[test]
fn a_creation_that_was_not_answered_is_of_nothing_that_was_seen_made() {
    assert_eq!(numbered("key: [path.id, res.id]"), (6, 0));
    // Who sends the id may send one that is there.
    assert_eq!(numbered("key: [path.id, req.id, res.id]"), (6, 6));
}
