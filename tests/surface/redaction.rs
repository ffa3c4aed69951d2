//! `--redact`: secrets, personal data and names in every place of an exchange, and every output searched at each level.

mod canaries;
mod canary;
mod doubts;
mod outputs;
mod rules;
mod traffic;
mod unanswered;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use outputs::{none_of, outputs, some_of};
use serde_json::Value;
use traffic::{NAMES, PERSONAL, SECRETS, jwt, traffic};

use crate::offpath_in;
use crate::support::{code, lines, stderr};

#[test]
fn credentials_are_in_no_output_at_any_level() {
    for level in ["mask", "hash", "keep"] {
        let written = outputs(level);
        none_of(&SECRETS, &written, level);
        none_of(&["zq-signature", &jwt("gustavo"), &STANDARD.encode("dorothea:zq-basicpass-8")], &written, level);
        match level {
            "mask" => {
                none_of(&PERSONAL, &written, level);
                // The search sees into compressed files.
                for file in
                    ["run/report.html", "f.html", "f.parquet", "run/events/part-000.parquet", "f.sarif", "f.csv"]
                {
                    let (_, text) = written.iter().find(|(place, _)| place.ends_with(file)).unwrap();
                    assert!(text.contains("orderkeytwo") && text.contains("gustavo"), "{file}");
                }
                some_of(
                    &["wilhelmina", "orderkeytwo", "gustavo", "dorothea", "[phone#", "[iban#", "m…@example.com#"],
                    &written,
                    level,
                );
            }
            "hash" => {
                none_of(&PERSONAL, &written, level);
                none_of(&["m…@", "example.com#"], &written, level);
                // The seen model is a word of the report, its file's name too; names are nowhere.
                none_of(&NAMES, &written, level);
                none_of(&["10.0.0.7", "tenantnordwind.example"], &written, level);
            }
            _ => some_of(&["mia.person@example.com", "+491701234567", "DE89370400440532013000"], &written, level),
        }
    }
}

#[test]
fn a_name_has_one_pseudonym_and_judging_does_not_depend_on_the_level() {
    let folder = tempfile::tempdir().unwrap();
    traffic(folder.path());
    let check = |level: &str| -> Vec<Value> {
        let args = [
            "check",
            "traffic.har",
            "traffic.log",
            "--model",
            "hostile.model.yaml",
            "--exit-zero",
            "-o",
            level,
            "--redact",
            level,
        ];
        let output = offpath_in(folder.path(), &args, &[]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        lines(&folder.path().join(level).join("findings.jsonl"))
    };
    let (masked, hashed) = (check("mask"), check("hash"));
    let meaning = |finding: &Value| {
        ["rule", "severity", "confidence", "time", "fingerprint", "verdict", "activity", "terms"]
            .map(|key| finding[key].to_string())
    };
    let sorted = |findings: &[Value]| {
        let mut all: Vec<_> = findings.iter().map(meaning).collect();
        all.sort();
        all
    };
    assert_eq!(sorted(&masked), sorted(&hashed));
    // Equal names before are equal pseudonyms after, and different ones different.
    let pairs = |pointer: &str| {
        let of = |findings: &[Value]| {
            let mut all: Vec<(String, String)> = findings
                .iter()
                .map(|f| (format!("{:?}", meaning(f)), f.pointer(pointer).unwrap_or(&Value::Null).to_string()))
                .collect();
            all.sort();
            all.into_iter().map(|(_, name)| name).collect::<std::collections::BTreeSet<_>>().len()
        };
        (of(&masked), of(&hashed))
    };
    for pointer in ["/actor/principal", "/object/id", "/case", "/evidence/0/principal"] {
        let (before, after) = pairs(pointer);
        assert_eq!(before, after, "{pointer}");
    }
    for finding in &hashed {
        let (title, key) = (finding["title"].as_str().unwrap(), finding["object"]["id"].as_str());
        assert!(key.is_none_or(|key| title.contains(key) || !title.contains("orderkey")), "{title}");
    }
}

#[test]
fn hashing_names_needs_to_know_what_is_a_name() {
    let folder = tempfile::tempdir().unwrap();
    traffic(folder.path());
    for args in [&["check", "traffic.har", "--redact", "hash"][..], &["inspect", "traffic.har", "--redact", "hash"]] {
        let output = offpath_in(folder.path(), args, &[]);
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        assert!(stderr(&output).contains("--model"), "{}", stderr(&output));
    }
    let draft = ["mine", "traffic.har", "--redact", "hash", "--model", "hostile.model.yaml", "-o", "draft.yaml"];
    assert_eq!(code(&offpath_in(folder.path(), &draft, &[])), 2);
}
