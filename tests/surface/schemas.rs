//! `generate schema`: real outputs fit, and the keys are those of docs/run-folder.md.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::support::{code, lines, offpath, sample, stderr, stdout};

const PAGE: &str = include_str!("../../docs/run-folder.md");

fn schema(file: &str) -> Value {
    serde_json::from_str(&stdout(&offpath(&["generate", "schema", file]))).unwrap()
}

/// Checks a value against the part of JSON Schema that the schemas use; an unknown keyword fails.
fn fits(value: &Value, schema: &Value, at: &str) {
    let named = |kind: &str| match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{at}: type {other}"),
    };
    let length = value.as_array().map(|items| items.len() as u64);
    for (keyword, rule) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "$schema" | "title" | "description" => true,
            "type" => {
                rule.as_str().is_some_and(named)
                    || rule.as_array().is_some_and(|all| all.iter().any(|kind| named(kind.as_str().unwrap())))
            }
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_f64() >= rule.as_f64(),
            "maximum" => value.as_f64() <= rule.as_f64(),
            "minItems" => length.is_none_or(|length| length >= rule.as_u64().unwrap()),
            "maxItems" => length.is_none_or(|length| length <= rule.as_u64().unwrap()),
            "required" => value.as_object().is_none_or(|object| {
                rule.as_array().unwrap().iter().all(|key| object.contains_key(key.as_str().unwrap()))
            }),
            "items" => {
                value.as_array().into_iter().flatten().for_each(|item| fits(item, rule, &format!("{at}[]")));
                true
            }
            "properties" => {
                for (name, member) in value.as_object().into_iter().flatten() {
                    if let Some(rule) = rule.get(name) {
                        fits(member, rule, &format!("{at}.{name}"));
                    }
                }
                true
            }
            "additionalProperties" => {
                value
                    .as_object()
                    .into_iter()
                    .flatten()
                    .for_each(|(name, member)| fits(member, rule, &format!("{at}.{name}")));
                true
            }
            other => panic!("{at}: keyword {other}"),
        };
        assert!(holds, "{at}: {value} breaks {keyword} {rule}");
    }
}

/// Paths of all keys of a schema, as the page writes them.
fn keys(at: &str, schema: &Value, found: &mut BTreeSet<String>) {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        found.insert(below(name));
        keys(&below(name), member, found);
    }
    if let Some(open) = schema.get("additionalProperties") {
        found.insert(below("*"));
        keys(&below("*"), open, found);
    }
    if let Some(items) = schema.get("items") {
        keys(&format!("{at}[]"), items, found);
    }
}

/// First cells of the table under a heading of the page.
fn documented(heading: &str) -> BTreeSet<String> {
    let (_, section) = PAGE.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    section.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once("` |")?.0.to_owned())).collect()
}

#[test]
fn real_outputs_fit_their_schemas() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, model) = (sample().join("capture.pcapng.gz"), sample().join("model.yaml"));
    let damaged = folder.path().join("damaged.log");
    fs::write(&damaged, "nothing that can be read\n").unwrap();
    let (capture, model) = (capture.to_str().unwrap(), model.to_str().unwrap());
    let (run, finding) = (schema("run"), schema("findings"));
    let mut findings = 0;
    for (name, args) in [
        ("model", &["--model", model, "--from", "2026-01-01"][..]),
        ("none", &[damaged.to_str().unwrap()]),
        ("hash", &["--model", model, "--redact", "hash", "--filter", "rule:*"]),
    ] {
        let out = folder.path().join(name);
        let base = ["check", capture, "-o", out.to_str().unwrap(), "--exit-zero", "--allow-incomplete"];
        let output = offpath(&[&base[..], args].concat());
        assert_eq!(code(&output), 0, "{name}: {}", stderr(&output));
        fits(&serde_json::from_str(&fs::read_to_string(out.join("run.json")).unwrap()).unwrap(), &run, "run");
        for line in lines(&out.join("findings.jsonl")) {
            fits(&line, &finding, "finding");
            findings += 1;
        }
    }
    assert!(findings > 100);
}

#[test]
fn schemas_name_the_documented_keys() {
    for (file, heading) in [("run", "run.json"), ("findings", "findings.jsonl")] {
        let mut found = BTreeSet::new();
        keys("", &schema(file), &mut found);
        assert_eq!(found, documented(heading), "docs/schemas/{file}.schema.json and docs/run-folder.md differ");
    }
}
