//! Lives beside those of business objects: A2A tasks, runs of agents, sessions of people.

use serde_json::{Value, json};

use crate::Archive;
use crate::support::archive::{self, check, told};
use crate::support::{counts, text};

const TASKS: &str =
    "offpath: 1\nworkflow: {id: agents, version: 1}\nactors: {identify: [jwt.sub]}\nimports: {builtin: a2a}\n";

impl Archive {
    /// A call of JSON-RPC, and what came of it.
    fn rpc(&mut self, who: &str, method: &str, params: Value, result: Value) {
        let id = self.0.len();
        let sent = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
        self.add(who, "/agent", &sent, 200, "application/json", &answer);
    }

    /// A message to a task, or to a new one, in version 0.3 of A2A.
    fn send_03(&mut self, to: Option<&str>, id: &str, state: &str) {
        let message = json!({"role": "user", "messageId": "m", "parts": [], "contextId": "c1", "taskId": to});
        let task = json!({"kind": "task", "id": id, "contextId": "c1", "status": {"state": state}});
        self.rpc("anna", "message/send", json!({"message": message}), task);
    }

    /// The same in version 1.0.
    fn send_1(&mut self, to: Option<&str>, id: &str, state: &str) {
        let message = json!({"role": "ROLE_USER", "messageId": "m", "parts": [], "contextId": "c1", "taskId": to});
        let task = json!({"id": id, "contextId": "c1", "status": {"state": format!("TASK_STATE_{state}")}});
        self.rpc("anna", "SendMessage", json!({"message": message}), json!({"task": task}));
    }

    fn look(&mut self, id: &str, state: &str) {
        let method = if state.starts_with("TASK") { "GetTask" } else { "tasks/get" };
        self.rpc("anna", method, json!({"id": id}), json!({"id": id, "contextId": "c1", "status": {"state": state}}));
    }

    fn cancel(&mut self, id: &str, state: &str) {
        self.rpc("anna", "tasks/cancel", json!({"id": id}), json!({"id": id, "status": {"state": state}}));
    }

    /// Time passes: replicas may show what was for some seconds.
    fn wait(&mut self) {
        (0..10).for_each(|_| {
            self.rpc("anna", "message/send", json!({"message": {"role": "user"}}), json!({"messageId": "m"}))
        });
    }
}

#[test]
fn a2a_tasks_have_a_life_that_no_model_writes() {
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Archive::default();
    // The agent works on by itself; half of the fleet speaks the other version.
    fleet.send_03(None, "t1", "submitted");
    fleet.look("t1", "working");
    fleet.send_1(Some("t1"), "t1", "INPUT_REQUIRED");
    fleet.send_03(Some("t1"), "t1", "working");
    fleet.wait();
    fleet.look("t1", "TASK_STATE_COMPLETED");
    fleet.send_1(None, "t2", "WORKING");
    fleet.cancel("t2", "canceled");
    fleet.send_03(None, "t3", "failed");
    fleet.send_1(None, "t4", "AUTH_REQUIRED");
    fleet.wait();
    fleet.look("t4", "TASK_STATE_REJECTED");
    // What follows the end is a task of its own in the same conversation.
    fleet.send_1(Some("t1"), "t5", "WORKING");
    // A call that fails is none.
    let refused = json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32002, "message": "no"}}).to_string();
    let asked = json!({"jsonrpc": "2.0", "id": 1, "method": "tasks/cancel", "params": {"id": "t2"}});
    fleet.add("anna", "/agent", &asked, 200, "application/json", &refused);
    let benign = fleet.write(&folder.path().join("benign.har"));
    let (findings, summary, said) = check(folder.path(), TASKS, &[&benign]);
    // That a task is answered at once is for review: another agent may have done it.
    let done: Vec<Value> = findings.into_iter().filter(|f| text(f, "verdict") != "attempted" && counts(f)).collect();
    assert_eq!(told(&done), Vec::<String>::new(), "{said}");
    // What the agent does by itself hides nothing.
    assert_eq!(summary["measures"]["fitting_traces"], summary["measures"]["traces"], "{said}");
    let objects = summary["objects"].as_array().unwrap();
    let count = |name: &str| objects.iter().find(|o| o["object_type"] == name).map(|o| o["objects"].clone());
    assert_eq!((count("a2a_task"), count("a2a_context")), (Some(json!(5)), Some(json!(1))), "{said}");

    fleet.wait();
    fleet.send_03(Some("t1"), "t1", "working");
    fleet.cancel("t3", "canceled");
    fleet.look("t2", "TASK_STATE_WORKING");
    let abused = fleet.write(&folder.path().join("abused.har"));
    let (findings, _, said) = check(folder.path(), TASKS, &[&abused]);
    let done: Vec<Value> = findings.into_iter().filter(|f| text(f, "verdict") != "attempted" && counts(f)).collect();
    assert_eq!(told(&done), ["ST-DIVERGE a2a_task:t2", "ST-ORPHAN a2a_task:t1", "ST-ORPHAN a2a_task:t3"], "{said}");
}

const RUNS: &str = r#"offpath: 1
workflow: {id: buying, version: 1}
actors: {identify: [jwt.sub]}
activities:
  plan:    {mcp: {tool: plan}}
  confirm: {mcp: {input_response: confirm_payment}, where: "args.action == 'accept'"}
  pay:     {mcp: {tool: pay}}
lifecycles:
  run:
    states: {none: initial, planned: {}, confirmed: {}, paid: final}
    transitions:
      - {activity: plan, from: none, to: planned}
      - {activity: confirm, from: planned, to: confirmed}
      - {activity: pay, from: confirmed, to: paid}
"#;

impl Archive {
    /// A call of a tool with further parameters.
    fn act(&mut self, who: &str, tool: &str, more: Value, result: Value) {
        let mut params = json!({"name": tool, "arguments": {}});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.rpc(who, "tools/call", params, result);
    }

    /// A plan, and the state that its run goes on with.
    fn plan(&mut self, who: &str, state: &str) {
        self.act(who, "plan", json!({}), json!({"structuredContent": {}, "requestState": state}));
    }

    /// A payment that is asked back for a person's word, which comes with the second call.
    fn pay_asked(&mut self, who: &str, state: &str) {
        let second = format!("{state}-2");
        let ask = json!({"resultType": "input_required", "inputRequests": {}, "requestState": second});
        self.act(who, "pay", json!({"requestState": state}), ask);
        let word = json!({"requestState": second, "inputResponses": {"confirm_payment": {"action": "accept"}}});
        self.act(who, "pay", word, json!({"structuredContent": {"paid": true}}));
    }

    /// A payment without asking.
    fn pay_at_once(&mut self, who: &str, state: &str) {
        self.act(who, "pay", json!({"requestState": state}), json!({"structuredContent": {"paid": true}}));
    }
}

#[test]
fn calls_that_hand_on_a_state_are_one_run_of_their_actor() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Archive::default();
    // Runs of one person and of two, one beside the other.
    for (who, state) in [("anna", "a"), ("anna", "b"), ("bob", "c")] {
        desk.plan(who, state);
    }
    for (who, state) in [("bob", "c"), ("anna", "b"), ("anna", "a")] {
        desk.pay_asked(who, state);
    }
    // What nothing ties to anything is in nobody's run.
    desk.act("carl", "pay", json!({}), json!({"structuredContent": {}}));
    let benign = desk.write(&folder.path().join("benign.har"));
    let (findings, summary, said) = check(folder.path(), RUNS, &[&benign]);
    assert_eq!(told(&findings.into_iter().filter(counts).collect::<Vec<_>>()), Vec::<String>::new(), "{said}");
    assert_eq!(summary["runs"], 3, "{said}");

    // Nobody was asked in this run, whoever was in another of hers; and another's word says nothing for his.
    desk.plan("anna", "d");
    desk.plan("anna", "e");
    desk.pay_asked("anna", "e");
    desk.pay_at_once("anna", "d");
    desk.plan("mallory", "f");
    desk.plan("bob", "g");
    let trace = json!({"_meta": {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}});
    desk.act("bob", "plan", trace.clone(), json!({"structuredContent": {}}));
    desk.pay_asked("bob", "g");
    let mut stolen = trace;
    stolen["requestState"] = json!("g-2");
    desk.act("mallory", "plan", json!({"requestState": "f"}), json!({"structuredContent": {}, "requestState": "g-2"}));
    desk.act("mallory", "pay", stolen, json!({"structuredContent": {"paid": true}}));
    let abused = desk.write(&folder.path().join("abused.har"));
    let (findings, _, said) = check(folder.path(), RUNS, &[&abused]);
    let skipped: Vec<(&str, &str)> = findings
        .iter()
        // That software pays by carl's own token is told for review.
        .filter(|f| counts(f) && text(f, "activity") == "pay")
        .map(|f| (text(f, "rule"), f["actor"]["principal"].as_str().unwrap()))
        .collect();
    assert_eq!(skipped, [("SEQ-SKIP", "anna"), ("SEQ-SKIP", "mallory")], "{said}");
}

const SESSIONS: &str = r#"offpath: 1
workflow: {id: account, version: 1}
actors: {identify: [cookie.sid@login]}
objects: {account: {key: path.user}}
activities:
  login:  {http: POST /login, bind: {cookie.sid: res.user}}
  code:   {http: POST /code}
  change: {http: "POST /accounts/{user}/password", object: account}
lifecycles:
  session:
    states: {none: initial, known: {}, sure: {}}
    transitions:
      - {activity: login, from: none, to: known}
      - {activity: code, from: known, to: sure}
      - {activity: change, from: sure, to: sure}
"#;

/// One request in a session, a minute after the one before.
fn request(entries: &mut Vec<Value>, session: &str, path: &str, answer: Value) {
    let n = entries.len();
    let set = if path == "/login" { format!("sid={session}; HttpOnly") } else { String::new() };
    let headers = |name: &str, value: String| match value.is_empty() {
        true => json!([]),
        false => json!([{"name": name, "value": value}]),
    };
    let sent = if path == "/login" { String::new() } else { format!("sid={session}") };
    let text = answer.to_string();
    entries.push(json!({"startedDateTime": format!("2026-09-01T08:{n:02}:00.000Z"), "time": 20,
        "request": {"method": "POST", "url": format!("https://app.example{path}"), "httpVersion": "HTTP/1.1",
            "headers": headers("Cookie", sent), "queryString": [], "cookies": [], "headersSize": -1, "bodySize": -1,
            "postData": {"mimeType": "application/json", "text": "{\"password\": \"x\"}"}},
        "response": {"status": 200, "statusText": "", "httpVersion": "HTTP/1.1", "headers": headers("Set-Cookie", set),
            "cookies": [], "redirectURL": "", "headersSize": -1, "bodySize": -1,
            "content": {"size": text.len(), "mimeType": "application/json", "text": text}},
        "cache": {}, "timings": {"send": 1, "wait": 18, "receive": 1}}));
}

#[test]
fn a_session_has_a_life_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.har");
    let mut entries = Vec::new();
    let login = |entries: &mut Vec<Value>, session: &str, user: &str| {
        request(entries, session, "/login", json!({"user": user}));
    };
    // One person at two devices, each of which asks for the code.
    login(&mut entries, "s1-laptop-4f9a", "anna");
    request(&mut entries, "s1-laptop-4f9a", "/code", json!({}));
    login(&mut entries, "s2-phone-77c1", "anna");
    request(&mut entries, "s1-laptop-4f9a", "/accounts/anna/password", json!({}));
    request(&mut entries, "s2-phone-77c1", "/code", json!({}));
    request(&mut entries, "s2-phone-77c1", "/accounts/anna/password", json!({}));
    // A session whose login was not seen may have been asked before.
    request(&mut entries, "s0-older-9d20", "/accounts/carl/password", json!({}));
    let (findings, summary, said) = check(folder.path(), SESSIONS, &[&archive::write(&file, &entries)]);
    assert_eq!(told(&findings), Vec::<String>::new(), "{said}");
    assert_eq!(summary["sessions"], 3, "{said}");

    // The code of one device says nothing for another.
    login(&mut entries, "s3-tablet-a0e3", "anna");
    request(&mut entries, "s3-tablet-a0e3", "/accounts/anna/password", json!({}));
    let (findings, _, said) = check(folder.path(), SESSIONS, &[&archive::write(&file, &entries)]);
    let rules: Vec<&str> = findings.iter().map(|f| text(f, "rule")).collect();
    assert_eq!(rules, ["SEQ-SKIP"], "{said}");
    assert!(text(&findings[0], "title").contains("change"), "{findings:?}");
}
