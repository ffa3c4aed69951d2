//! Rules of the user beside a level: what they hide is in no output, the rest stays, and judging is the same.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::outputs::{files, none_of, outputs_with, some_of, texts};
use super::traffic::{entry, traffic};
use crate::offpath_in;
use crate::support::{code, lines, stderr, stdout};

/// Rules that hide orders, who acts, a note, an amount and the host.
const RULES: [&str; 6] =
    ["key:order=hash", "key:sub=mask", "key:no*e=hash", "key:total=mask", "header:host=hash", "key:name=mask"];

fn with_rules(level: &str) -> Vec<&str> {
    [level].into_iter().chain(RULES).flat_map(|how| ["--redact", how]).collect()
}

#[test]
fn what_rules_hide_is_in_no_output() {
    let written = outputs_with(&with_rules("mask"));
    let hidden =
        ["orderkeyone", "orderkeytwo", "gustavo", "dorothea", "freetextname", "tenantnordwind.example", "12.50"];
    none_of(&hidden, &written, "rules");
    none_of(&["name=wilhelmina"], &written, "rules");
    some_of(&["refundkey", "[hidden#", "order:p", "m…@example.com#"], &written, "rules");
}

#[test]
fn judging_does_not_depend_on_the_rules() {
    let folder = tempfile::tempdir().unwrap();
    traffic(folder.path());
    let check = |out: &str, redact: &[&str]| -> Vec<Value> {
        let base = ["check", "traffic.har", "traffic.log", "--model", "hostile.model.yaml", "--exit-zero", "-o", out];
        let output = offpath_in(folder.path(), &[&base, redact].concat(), &[]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        lines(&folder.path().join(out).join("findings.jsonl"))
    };
    let meaning = |findings: &[Value]| {
        let keys = ["rule", "severity", "confidence", "time", "fingerprint", "verdict", "activity", "terms"];
        let mut all: Vec<_> = findings.iter().map(|finding| keys.map(|key| finding[key].to_string())).collect();
        all.sort();
        all
    };
    let plain = check("plain", &[]);
    assert!(plain.len() >= 3);
    let rules = check("rules", &with_rules("mask"));
    check("shapes", &["--redact", "shape:national-id=mask"]);
    let record = fs::read_to_string(folder.path().join("shapes/run.json")).unwrap();
    assert!(record.contains("shape:national-id=mask hides values before they are judged"), "{record}");
    assert_eq!(meaning(&plain), meaning(&rules));
    // A name has one pseudonym, with a rule as with the level that hashes all.
    let hashed = check("hashed", &["--redact", "hash"]);
    let keys = |findings: &[Value]| {
        let mut keys: Vec<String> = findings.iter().map(|finding| finding["object"]["id"].to_string()).collect();
        keys.sort();
        keys
    };
    assert_eq!(keys(&rules), keys(&hashed));
}

#[test]
fn inspect_counts_what_a_rule_catches() {
    let folder = tempfile::tempdir().unwrap();
    traffic(folder.path());
    let inspect = |more: &[&str]| {
        let rules = ["--redact", "key:note=hash", "--redact", "shape:iban=keep", "--redact", "key:nothing=mask"];
        let output = offpath_in(folder.path(), &[&["inspect", "traffic.har"], &rules[..], more].concat(), &[]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        stdout(&output)
    };
    let text = inspect(&[]);
    for line in ["key:note=hash: 9 values", "shape:iban=keep: 9 values", "key:nothing=mask: 0 values"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains("freetextname"), "{text}");
    let summary: Value = serde_json::from_str(&inspect(&["--format", "json"])).unwrap();
    assert_eq!(summary["redaction_rules"][0]["rule"], "key:note=hash");
    assert_eq!(summary["redaction_rules"][0]["values"], 9);
    assert_eq!(summary["options"]["redact"], "mask, key:note=hash, shape:iban=keep, key:nothing=mask");
}

#[test]
fn rules_stand_in_the_configuration_too_and_mistakes_end_the_run() {
    let folder = tempfile::tempdir().unwrap();
    traffic(folder.path());
    fs::write(folder.path().join("offpath.yaml"), "redact: [keep, \"shape:email=mask\", \"key:card=hash\"]\n").unwrap();
    let output = offpath_in(folder.path(), &["exchanges", "traffic.har", "--fields", "target"], &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("m…@example.com#") && text.contains("card=p") && text.contains("name=wilhelmina"), "{text}");
    for (how, part) in [
        ("msk", "did you mean `mask`?"),
        ("shape:crad=mask", "did you mean `card`?"),
        ("shape:card=keep", "no rule keeps it"),
        ("key:password=keep", "no rule keeps it"),
    ] {
        let output = offpath_in(folder.path(), &["inspect", "traffic.har", "--redact", how], &[]);
        assert_eq!(code(&output), 2, "{how}");
        assert!(stderr(&output).contains(part), "{how}: {}", stderr(&output));
    }
}

/// An archive of exchanges with the headers that are given instead of the usual credentials.
fn archive(folder: &Path, name: &str, entries: Vec<(Value, Vec<(&str, &str)>)>) {
    let entries = entries.into_iter().map(|(mut entry, headers)| {
        let named = |(name, value): (&str, &str)| json!({"name": name, "value": value});
        let all = [("Host", "shop.example"), ("Content-Type", "application/json")].into_iter().chain(headers);
        entry["request"]["headers"] = all.map(named).collect();
        entry["response"]["headers"] = json!([named(("Content-Type", "application/json"))]);
        entry
    });
    let entries: Vec<Value> = entries.collect();
    let archive = json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}});
    fs::write(folder.join(name), archive.to_string()).unwrap();
}

/// What a check writes and what `exchanges` says, as one text.
fn checked(folder: &Path, input: &str, more: &[&str]) -> String {
    let output = offpath_in(folder, &[&["check", input, "--exit-zero", "-o", "run"], more].concat(), &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let listed = offpath_in(folder, &["exchanges", input], &[]);
    let mut found = Vec::new();
    files(&folder.join("run"), &mut found);
    let texts: String = found.iter().map(|file| texts(file)).collect();
    texts + &stdout(&output) + &stdout(&listed)
}

#[test]
fn a_live_credential_that_stands_as_an_id_is_hidden() {
    const TOKEN: &str = "Ana7d8f9G0h1j2K3l4m5n6p7";
    let bearer = format!("Bearer {TOKEN}");
    let call = |second, method, target: &str, body: Value, answer: Value| {
        entry(second, method, target, "-", 200, &body, &answer)
    };
    let shown = || vec![("Authorization", &*bearer)];
    let login = json!({"username": "ana", "password": "Otter88Lamp"});
    let session = format!("/sessions/{TOKEN}");
    let entries = vec![
        (call(1, "POST", "/login", login, json!({"accessToken": TOKEN})), vec![]),
        (call(2, "GET", &session, json!({}), json!({"id": TOKEN, "user": "ana"})), shown()),
        (call(3, "GET", &format!("/beacons/701?via={TOKEN}"), json!({}), json!({"id": 701})), shown()),
        (call(4, "POST", "/beacons", json!({"deviceRef": TOKEN}), json!({"id": 702})), shown()),
        (call(5, "DELETE", &session, json!({}), json!({"ok": true})), vec![]),
        (call(6, "GET", &format!("/beacons/{TOKEN}"), json!({}), json!({"ok": true})), shown()),
    ];
    let folder = tempfile::tempdir().unwrap();
    archive(folder.path(), "live.har", entries);
    let text = checked(folder.path(), "live.har", &[]);
    assert!(text.contains("/sessions/[secret#") && text.contains("/beacons/701"), "{text}");
    let at = text.find(TOKEN).map(|at| text[at.saturating_sub(60)..].chars().take(120).collect::<String>());
    assert_eq!(at, None);
}

/// A life of everything that one actor does.
const ACTORS: &str = r#"offpath: 1
workflow: {id: account, version: 1}
actors: {identify: [header.x-member]}
objects: {order: {key: [path.order]}}
activities:
  view: {http: "GET /orders/{order}", object: order, read: true}
  make: {http: "POST /orders"}
lifecycles:
  actor:
    states: {none: initial, known: {}}
    transitions:
      - {activity: view, from: none, to: known}
      - {activity: make, from: known, to: known}
"#;

#[test]
fn who_acts_is_hidden_as_the_key_of_a_life_too() {
    let call = |second, target: &str| entry(second, "GET", target, "-", 200, &json!({}), &json!({}));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("account.model.yaml"), ACTORS).unwrap();
    let entries = (1..4).map(|n| (call(n, &format!("/orders/o{n}")), vec![("X-Member", "leopoldina")])).collect();
    archive(folder.path(), "members.har", entries);
    let model = ["--model", "account.model.yaml"];
    assert!(checked(folder.path(), "members.har", &model).contains("leopoldina"));
    let hidden = [&model[..], &["--force", "--redact", "header:x-member=hash"]].concat();
    let text = checked(folder.path(), "members.har", &hidden);
    assert!(!text.contains("leopoldina"));
}

#[test]
fn a_rule_holds_for_ids_that_turn_out_to_be_of_another_type() {
    let folder = tempfile::tempdir().unwrap();
    let key = |n: u32| format!("MC{}zq7{n}k", char::from(b'a' + n as u8).to_string().repeat(4));
    let mut entries = Vec::new();
    for n in 0..12 {
        let (joined, member) = (json!({"patientId": key(n)}), format!("/members/{}", key(n)));
        entries.push((entry(2 * n, "POST", "/join", "-", 201, &joined, &json!({"welcome": true})), vec![]));
        if n < 10 {
            entries.push((entry(2 * n + 1, "GET", &member, "-", 200, &json!({}), &json!({"status": "new"})), vec![]));
        }
    }
    archive(folder.path(), "flow.har", entries);
    let folder = folder.path();
    let output =
        offpath_in(folder, &["check", "flow.har", "--exit-zero", "-o", "run", "--redact", "key:patientId=mask"], &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mut found = Vec::new();
    files(&folder.join("run"), &mut found);
    let text: String = found.iter().map(|file| texts(file)).collect();
    // Those of the last two were seen under the rule's name alone.
    assert!(!text.contains(&key(10)) && !text.contains(&key(11)));
}
