//! Warnings, which quote models and traffic.

use std::fs;

use serde_json::{Value, json};

use super::outputs::{none_of, some_of};
use super::traffic::{entry, token};
use crate::offpath_in;
use crate::support::{code, lines, stderr};

/// Orders of which some step is allowed to `{by}`, and whose payments come under another prefix.
const DOUBTED: &str = r#"offpath: 1
workflow: {id: doubted, version: 1}
actors: {roles: {from: jwt.roles}}
objects:
  order: {key: [path.order], state: [res.status]}
activities:
  create:  {http: "POST /v1/orders/{order}", object: order}
  approve: {http: "POST /v1/orders/{order}/approval", object: order}
  pay:     {http: "POST /v1/orders/{order}/payment", object: order}
lifecycles:
  order:
    states: {none: initial, new: {}, approved: {}, paid: final}
    transitions:
      - {activity: create, from: none, to: new, by: [desk]}
      - {activity: approve, from: new, to: approved, by: [{by}]}
      - {activity: pay, from: approved, to: paid}
"#;

/// Warnings of a run, and what its findings on roles weigh.
fn doubts(by: &str, level: &str) -> (Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let calls = [("", "news"), ("/approval", "approved")];
    let mut entries = Vec::new();
    for key in ["orderkeyone", "orderkeytwo", "orderkeythree"] {
        for (step, state) in calls {
            let (target, second) = (format!("/v1/orders/{key}{step}"), entries.len() as u32);
            entries.push(entry(second, "POST", &target, "-", 200, &json!({}), &json!({"status": state})));
        }
        let (target, second) = (format!("/wilhelmina/v1/orders/{key}/payment"), entries.len() as u32);
        entries.push(entry(second, "POST", &target, "-", 200, &json!({}), &json!({"status": "paid"})));
    }
    for entry in &mut entries {
        // Somebody whose own name is like the one that the model allows.
        let bearer = format!("Bearer {}", token(&json!({"sub": "gustavo", "roles": ["desk", "gustavoteam"]})));
        entry["request"]["headers"][1]["value"] = json!(bearer);
    }
    let archive = json!({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}});
    fs::write(folder.path().join("traffic.har"), archive.to_string()).unwrap();
    fs::write(folder.path().join("doubted.model.yaml"), DOUBTED.replace("{by}", by)).unwrap();
    let args = ["check", "traffic.har", "--model", "doubted.model.yaml", "--exit-zero", "-o", "run", "--redact", level];
    let output = offpath_in(folder.path(), &args, &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let run: Value = serde_json::from_str(&fs::read_to_string(folder.path().join("run/run.json")).unwrap()).unwrap();
    let warnings = run["warnings"].as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned()).collect();
    let findings = lines(&folder.path().join("run/findings.jsonl"));
    let roles = findings.iter().filter(|finding| finding["rule"] == "FN-ROLE");
    let mut roles: Vec<String> =
        roles.map(|f| format!("{} {} {}", f["confidence"], f["verdict"], f["severity"])).collect();
    roles.sort();
    (warnings, roles)
}

#[test]
fn warnings_name_nobody_where_names_are_hashed() {
    let (masked, _) = doubts("carolina", "mask");
    let (hashed, _) = doubts("carolina", "hash");
    assert_eq!(masked.len(), hashed.len(), "{masked:?} {hashed:?}");
    let words = ["wilhelmina", "carolina", "gustavoteam", "news", "desk", "orderkey", "tenantnordwind"];
    let told = masked.join("\n");
    for word in ["wilhelmina", "carolina", "gustavoteam", "news", "orderkey"] {
        assert!(told.contains(word), "{word} is in no warning: {told}");
    }
    none_of(&words, &[("warnings".to_owned(), hashed.join("\n"))], "hash");
    // Words of the model stay.
    some_of(&["/v1/orders/", "/payment", "the model's `new`?"], &[("warnings".to_owned(), hashed.join("\n"))], "hash");
}

#[test]
fn a_name_that_the_traffic_lacks_weighs_the_same_at_each_level() {
    for (by, confidence) in [("carolina", "0.6"), ("deskk", "0.4"), ("gustavotaem", "0.4"), ("gustavoo", "0.6")] {
        let (_, masked) = doubts(by, "mask");
        let (_, hashed) = doubts(by, "hash");
        assert_eq!(masked, hashed, "{by}");
        assert_eq!(masked.len(), 3, "{masked:?}");
        assert!(masked.iter().all(|role| role.starts_with(confidence)), "{by}: {masked:?}");
    }
}
