//! Objects that were not seen from their beginning.

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
