//! Calls whose answers or texts other exchanges hold, from files to findings.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::{archive, counts, token};

const REFUNDS: &str = r#"offpath: 1
workflow: {id: refunds, version: 1}
actors: {identify: [jwt.sub]}
objects:
  refund: {key: [args.refund_id, res.refund_id]}
activities:
  request: {mcp: {tool: request_refund}, object: {refund: res.refund_id}}
  approve: {any: [{mcp: {tool: approve_refund}}, {graphql: {mutation: approveRefund}}], object: refund}
  execute: {mcp: {tool: execute_refund}, object: refund}
lifecycles:
  refund:
    states: {none: initial, requested: {}, approved: {}, executed: final}
    transitions:
      - {activity: request, from: none, to: requested}
      - {activity: approve, from: requested, to: approved}
      - {activity: execute, from: approved, to: executed}
"#;

fn entry(at: u32, lasts: u32, request: &Value, status: u16, kind: &str, answer: &str) -> Value {
    json!({"startedDateTime": format!("2026-09-01T08:{:02}:{:02}.000Z", at / 60, at % 60), "time": lasts * 1000,
        "request": request,
        "response": {"status": status, "httpVersion": "HTTP/1.1", "headers": [{"name": "Content-Type", "value": kind}],
            "content": {"size": answer.len(), "mimeType": kind, "text": answer}}})
}

fn request(who: &str, method: &str, path: &str, sent: Option<&Value>) -> Value {
    let bearer = format!("Bearer {}", token(&format!(r#"{{"sub":"{who}"}}"#)));
    let headers = json!([{"name": "Authorization", "value": bearer}, {"name": "Content-Type", "value": "application/json"},
        {"name": "Mcp-Session-Id", "value": format!("secret-session-of-{who}")}]);
    let mut request = json!({"method": method, "url": format!("https://api.example{path}"), "httpVersion": "HTTP/1.1", "headers": headers});
    if let Some(sent) = sent {
        request["postData"] = json!({"mimeType": "application/json", "text": sent.to_string()});
    }
    request
}

/// A session whose calls are posted, and answered on one stream.
struct Session<'a> {
    who: &'a str,
    at: u32,
    posts: Vec<Value>,
    answers: String,
}

impl<'a> Session<'a> {
    fn new(who: &'a str, at: u32) -> Self {
        Session { who, at, posts: Vec::new(), answers: String::new() }
    }

    fn tool(&mut self, name: &str, arguments: Value, given: Value) {
        let id = self.posts.len();
        let sent = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": name, "arguments": arguments}});
        self.posts.push(entry(self.at, 0, &request(self.who, "POST", "/mcp", Some(&sent)), 202, "text/plain", ""));
        self.at += 1;
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": {"structuredContent": given, "content": []}});
        self.answers.push_str(&format!("event: message\ndata: {answer}\n\n"));
    }

    fn step(&mut self, name: &str, refund: &str) {
        self.tool(name, json!({"refund_id": refund}), json!({"refund_id": refund}));
    }

    fn stream(&self) -> Value {
        entry(0, 1_200, &request(self.who, "GET", "/mcp", None), 200, "text/event-stream", &self.answers)
    }
}

fn check(folder: &Path, inputs: &[&str]) -> (Vec<Value>, Value, String) {
    let (findings, summary, shown) = archive::check(folder, REFUNDS, inputs);
    assert!(!shown.contains("secret-session"), "{shown}");
    for file in ["findings.jsonl", "run.json", "report.html", "gaps.jsonl"] {
        let written = fs::read_to_string(folder.join("run").join(file)).unwrap();
        assert!(!written.contains("secret-session"), "{file}");
    }
    (findings, summary, shown)
}

fn told(findings: &[Value]) -> Vec<String> {
    archive::told(findings.iter().filter(|finding| counts(finding)))
}

#[test]
fn agents_whose_answers_come_on_another_stream_are_judged_by_them() {
    let folder = tempfile::tempdir().unwrap();
    let (mut desk, mut boss) = (Session::new("desk", 10), Session::new("boss", 11));
    for n in 0..3 {
        let id = format!("ref_{n}");
        // Only the answer tells which refund it is.
        desk.tool("request_refund", json!({"order_id": "o"}), json!({"refund_id": id}));
        boss.at = desk.at;
        boss.step("approve_refund", &id);
        desk.at = boss.at;
        desk.step("execute_refund", &id);
    }
    let posts: Vec<Value> = desk.posts.iter().chain(&boss.posts).cloned().collect();
    let streams = [desk.stream(), boss.stream()];
    let one = archive::write(&folder.path().join("one.har"), &[&posts[..], &streams[..]].concat());
    let (findings, summary, said) = check(folder.path(), &[&one]);
    assert_eq!(told(&findings), Vec::<String>::new(), "{said}");
    let accepted = |summary: &Value| {
        let all = summary["operations"].as_array().unwrap();
        all.iter().filter(|o| !o["activity"].is_null()).map(|o| o["accepted"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(accepted(&summary), 9);

    // The same with the streams in another file.
    let (calls, answers) = (folder.path().join("calls.har"), folder.path().join("answers.har"));
    let (calls, answers) = (archive::write(&calls, &posts), archive::write(&answers, &streams));
    let (findings, summary, said) = check(folder.path(), &[&calls, &answers]);
    assert_eq!((told(&findings), accepted(&summary)), (Vec::new(), 9), "{said}");
    let (_, alone, _) = check(folder.path(), &[&calls]);
    assert_eq!(accepted(&alone), 0, "nobody knows how they went");

    let mut mallory = Session::new("mallory", 100);
    mallory.tool("request_refund", json!({"order_id": "o"}), json!({"refund_id": "ref_bad"}));
    mallory.step("execute_refund", "ref_bad");
    let abused = archive::write(
        &folder.path().join("abused.har"),
        &[&posts[..], &streams[..], &mallory.posts[..], &[mallory.stream()]].concat(),
    );
    let (findings, _, said) = check(folder.path(), &[&abused]);
    assert_eq!(told(&findings), ["SEQ-SKIP refund:ref_bad"], "{said}");
    // Answers of another's session are no answers to it.
    let foreign = Session { who: "desk", at: 0, posts: Vec::new(), answers: mallory.answers.clone() };
    let strays = archive::write(&folder.path().join("strays.har"), &[&mallory.posts[..], &[foreign.stream()]].concat());
    let (findings, summary, said) = check(folder.path(), &[&strays]);
    assert_eq!((told(&findings), accepted(&summary)), (Vec::new(), 0), "{said}");
    assert!(said.contains("2 answers to calls that are not in the input"), "{said}");
}
