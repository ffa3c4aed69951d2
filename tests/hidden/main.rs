//! What a source cannot show is never called wrong, nor clean: tenants, beginnings, kinds of actors.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod beginnings;
mod conditions;
mod kinds;
#[path = "../support/mod.rs"]
mod support;
mod tenants;

use std::fs;

use serde_json::{Value, json};
use support::{code, lines, object, offpath, stderr, stdout, text};

struct Run {
    findings: Vec<Value>,
    summary: Value,
    screen: String,
    told: String,
}

impl Run {
    fn of(name: &str, input: &str, model: &str) -> Run {
        let folder = tempfile::tempdir().unwrap();
        let [file, yaml, run] = [name, "model.yaml", "run"].map(|name| folder.path().join(name));
        fs::write(&file, input).unwrap();
        fs::write(&yaml, model).unwrap();
        let [file, yaml, out] = [&file, &yaml, &run].map(|path| path.to_str().unwrap());
        let output = offpath(&["check", file, "--model", yaml, "-o", out, "--exit-zero"]);
        assert!([0, 4].contains(&code(&output)), "{}", stderr(&output));
        let summary = serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
        let findings = lines(&run.join("findings.jsonl"));
        Run { findings, summary, screen: stdout(&output), told: stderr(&output) }
    }

    /// Rules and objects of the findings, sorted.
    fn found(&self) -> Vec<String> {
        let one = |finding: &Value| format!("{} {}", text(finding, "rule"), object(finding));
        let mut found: Vec<String> = self.findings.iter().map(one).collect();
        found.sort();
        found
    }

    /// Why a rule was not judged, or not wholly; empty where it was.
    fn why(&self, rule: &str) -> String {
        let rules = self.summary["rules"].as_array().unwrap();
        let rule = rules.iter().find(|one| one["id"] == rule).unwrap();
        let why = rule["blind"].as_object().unwrap().values().filter_map(|blind| blind["why"].as_str());
        why.collect::<Vec<_>>().join("; ")
    }

    fn warnings(&self) -> String {
        self.summary["warnings"].to_string()
    }
}

/// A line of a combined log, at so many minutes of a day; with its host in front, where there is one.
fn line(host: &str, minute: u32, user: &str, call: &str, status: u16) -> String {
    let front = if host.is_empty() { String::new() } else { format!("{host} ") };
    let (hour, minute) = (8 + minute / 60, minute % 60);
    format!(
        "{front}10.0.0.7 - {user} [01/Mar/2026:{hour:02}:{minute:02}:00 +0000] \"{call} HTTP/1.1\" {status} 20 \"-\" \"curl\"\n"
    )
}

fn entry(
    second: u32,
    headers: &[(&str, &str)],
    call: &str,
    sent: Value,
    status: u16,
    answer: &[(&str, &str)],
    body: Value,
) -> Value {
    let (method, url) = call.split_once(' ').unwrap();
    let list = |headers: &[(&str, &str)]| -> Vec<Value> {
        headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
    };
    let mut answered = list(answer);
    answered.push(json!({"name": "Content-Type", "value": "application/json"}));
    json!({"startedDateTime": format!("2026-03-01T08:{:02}:{:02}.000Z", second / 60, second % 60), "time": 20,
        "request": {"method": method, "url": format!("https://{url}"), "httpVersion": "HTTP/1.1", "headers": list(headers),
            "queryString": [], "cookies": [], "headersSize": -1, "bodySize": -1,
            "postData": {"mimeType": "application/json", "text": sent.to_string()}},
        "response": {"status": status, "statusText": "", "httpVersion": "HTTP/1.1", "headers": answered, "cookies": [],
            "redirectURL": "", "headersSize": -1, "bodySize": -1,
            "content": {"size": 1, "mimeType": "application/json", "text": body.to_string()}},
        "cache": {}, "timings": {"send": 1, "wait": 18, "receive": 1}})
}
