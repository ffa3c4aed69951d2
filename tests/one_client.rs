//! What one client recorded of itself shows nothing of what others did: states move out of its sight. With the recordings
//! of the others beside it, a state that nothing led to is found.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use serde_json::{Value, json};
use support::archive::{check, told, write};
use support::{counts, token};

const MODEL: &str = r#"
offpath: 1
workflow: {id: claims, version: 1}
objects:
  claim: {key: [path.id, res.id], state: res.state}
activities:
  file:    {http: POST /claims, object: claim}
  view:    {http: "GET /claims/{id}", object: claim, read: true}
  approve: {http: "POST /claims/{id}/approve", object: claim}
  reopen:  {http: "POST /claims/{id}/reopen", object: claim}
  collect: {http: "POST /claims/{id}/collect", object: claim}
lifecycles:
  claim:
    states: {filed: {initial: true}, approved: {restricted: true}, paid: {final: true, restricted: true}}
    transitions:
      - {activity: file, from: filed, to: filed}
      - {activity: approve, from: filed, to: approved}
      - {activity: reopen, from: approved, to: filed}
      - {activity: collect, from: approved, to: paid}
constraints:
  - {id: two-persons, require: approve, before: collect, per: claim}
"#;

fn call(second: u32, who: &str, request: &str, answer: &Value) -> Value {
    let (method, path) = request.split_once(' ').unwrap();
    let bearer = format!("Bearer {}", token(&json!({"sub": who, "roles": ["clerk"]}).to_string()));
    json!({
        "startedDateTime": format!("2026-03-01T12:{:02}:{:02}.000Z", second / 60, second % 60), "time": 20,
        "request": {"method": method, "url": format!("https://claims.test{path}"), "httpVersion": "HTTP/1.1",
            "headers": [{"name": "Authorization", "value": bearer}], "queryString": [], "cookies": []},
        "response": {"status": 200, "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [], "headers": [],
            "content": {"mimeType": "application/json", "text": answer.to_string(), "size": 9}},
        "cache": {}, "timings": {}})
}

/// A claim of ann's, which the server shows approved and then lets her collect.
fn claim(second: u32, id: &str) -> Vec<Value> {
    let shown = |state: &str| json!({"id": id, "state": state});
    vec![
        call(second, "ann", "POST /claims", &shown("filed")),
        call(second + 100, "ann", &format!("GET /claims/{id}"), &shown("approved")),
        call(second + 110, "ann", &format!("POST /claims/{id}/collect"), &shown("paid")),
        call(second + 120, "ann", &format!("GET /claims/{id}"), &shown("paid")),
    ]
}

#[test]
fn what_others_did_is_not_missing_from_one_clients_recording() {
    let folder = tempfile::tempdir().unwrap();
    let ann = write(&folder.path().join("ann.har"), &[claim(0, "c-1"), claim(300, "c-2")].concat());
    let (findings, run, shown) = check(folder.path(), MODEL, &[&ann]);
    assert_eq!(told(&findings), [""; 0], "{findings:#?}");
    assert!(shown.contains("one client's own recording"), "{shown}");
    for rule in ["ST-DIVERGE", "AP-MISSING"] {
        let rule = run["rules"].as_array().unwrap().iter().find(|r| r["id"] == rule).unwrap().to_string();
        assert!(rule.contains("what others did is not in it"), "{rule}");
    }

    // Ben, who approves, recorded too: of c-2 there is no approval.
    let answer = json!({"id": "c-1", "state": "approved"});
    let ben = write(&folder.path().join("ben.har"), &[call(50, "ben", "POST /claims/c-1/approve", &answer)]);
    let (findings, _, shown) = check(folder.path(), MODEL, &[&ann, &ben]);
    assert_eq!(told(findings.iter().filter(|f| counts(f))), ["ST-DIVERGE claim:c-2"]);
    assert!(!shown.contains("one client's own recording"), "{shown}");
}

#[test]
fn what_one_client_did_itself_is_still_found() {
    let folder = tempfile::tempdir().unwrap();
    let shown = |state: &str| json!({"id": "c-1", "state": state});
    // A write of no activity brings the claim to where she wants it.
    let mut written = call(50, "ann", "PATCH /claims/c-1", &shown("paid"));
    written["request"]["headers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "Content-Type", "value": "application/json"}));
    written["request"]["postData"] = json!({"mimeType": "application/json", "text": r#"{"state": "paid"}"#});
    let entries = [call(0, "ann", "POST /claims", &shown("filed")), written];
    let file = write(&folder.path().join("ann.har"), &entries);
    let (findings, ..) = check(folder.path(), MODEL, &[&file]);
    assert_eq!(told(findings.iter().filter(|f| counts(f))), ["ST-FIELD claim:c-1"]);

    // What only changes something else of it is answered with the state to which others brought it.
    let mut other = call(50, "ann", "PATCH /claims/c-1", &shown("approved"));
    other["request"]["postData"] = json!({"mimeType": "application/json", "text": r#"{"note": "please"}"#});
    let file = write(&folder.path().join("ann.har"), &[call(0, "ann", "POST /claims", &shown("filed")), other]);
    let (findings, ..) = check(folder.path(), MODEL, &[&file]);
    assert_eq!(told(findings.iter().filter(|f| counts(f))), [""; 0], "{findings:#?}");
}
