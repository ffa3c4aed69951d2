//! Rules of the user beside a level: what they hide is in no output, the rest stays, and judging is the same.

use std::fs;

use serde_json::Value;

use super::outputs::{none_of, outputs_with, some_of};
use super::traffic::traffic;
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
