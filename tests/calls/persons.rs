//! Questions that servers ask persons over MCP and A2A, and how soon somebody answers.

use serde_json::{Value, json};

use crate::Archive;
use crate::support::archive::check;
use crate::support::{counts, text};

const NOTHING: &str = r"offpath: 1
workflow: {id: persons, version: 1}
actors: {identify: [jwt.sub]}
activities: {other: {http: GET /other}}
";

impl Archive {
    /// Puts a session's id into the last request.
    fn in_session(&mut self, session: &str) {
        let headers = self.0.last_mut().and_then(|entry| entry["request"]["headers"].as_array_mut()).unwrap();
        headers.push(json!({"name": "Mcp-Session-Id", "value": session}));
    }

    /// A payment that the server answers with a question of a kind.
    fn asked(&mut self, who: &str, state: &str, method: &str) {
        let params = json!({"name": "pay", "arguments": {}});
        let requests = json!({"confirm": {"method": method, "params": {}}});
        let result = json!({"resultType": "input_required", "inputRequests": requests, "requestState": state});
        self.mcp(who, "tools/call", params, result);
    }

    /// The same call with an answer.
    fn answered(&mut self, who: &str, state: &str, answer: Value) {
        let params =
            json!({"name": "pay", "arguments": {}, "requestState": state, "inputResponses": {"confirm": answer}});
        self.mcp(who, "tools/call", params, json!({"structuredContent": {"paid": true}}));
    }

    fn mcp(&mut self, who: &str, method: &str, params: Value, result: Value) {
        let id = self.0.len();
        let sent = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
        self.add(who, "/mcp", &sent, 200, "application/json", &answer);
    }

    /// Something else, for as many seconds.
    fn pause(&mut self, seconds: usize) {
        (0..seconds).for_each(|_| self.mcp("clock", "ping", json!({}), json!({})));
    }

    /// A call during which the server asks on a stream, and the person's word in a request of its own.
    fn asked_on_stream(&mut self, who: &str, id: &str, seconds: usize) {
        let sent =
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "pay", "arguments": {}}});
        let ask = json!({"jsonrpc": "2.0", "id": id, "method": "elicitation/create", "params": {"message": "Pay?"}});
        let done = json!({"jsonrpc": "2.0", "id": 1, "result": {"structuredContent": {}}});
        self.add(who, "/mcp", &sent, 200, "text/event-stream", &format!("data: {ask}\n\ndata: {done}\n\n"));
        self.in_session(who);
        self.pause(seconds);
        let word = json!({"jsonrpc": "2.0", "id": id, "result": {"action": "accept", "content": {}}});
        self.add(who, "/mcp", &word, 202, "application/json", "");
        self.in_session(who);
    }
}

/// Who is said to have agreed too fast.
fn fast(archive: &Archive) -> Vec<(String, bool)> {
    let folder = tempfile::tempdir().unwrap();
    let file = archive.write(&folder.path().join("t.har"));
    let (findings, _, _) = check(folder.path(), NOTHING, &[&file]);
    let fast = findings.iter().filter(|finding| text(finding, "rule") == "HITL-FAST");
    fast.map(|finding| (text(&finding["actor"], "principal").to_owned(), counts(finding))).collect()
}

#[test]
fn an_answer_within_a_second_was_not_read() {
    let mut agents = Archive::default();
    agents.asked("anna", "a", "elicitation/create");
    agents.answered("anna", "a", json!({"action": "accept"}));
    agents.asked("bob", "b", "elicitation/create");
    agents.pause(5);
    agents.answered("bob", "b", json!({"action": "accept"}));
    agents.asked("carl", "c", "elicitation/create");
    agents.answered("carl", "c", json!({"action": "decline"}));
    agents.asked("dora", "d", "sampling/createMessage");
    agents.answered("dora", "d", json!({"role": "assistant", "model": "m", "content": {}}));
    assert_eq!(fast(&agents), [("anna".to_owned(), true)], "people read, say no at once, and models are no people");
}

#[test]
fn a_question_on_a_stream_is_tied_to_its_answer_by_the_session() {
    let mut agents = Archive::default();
    agents.asked_on_stream("anna", "7", 0);
    agents.asked_on_stream("bob", "7", 5);
    assert_eq!(fast(&agents), [("anna".to_owned(), true)]);
}

#[test]
fn a_task_that_waits_may_be_answered_by_another_agent() {
    let mut agents = Archive::default();
    let mut send = |who: &str, context: &str, state: &str| {
        let message = json!({"role": "user", "messageId": "m", "parts": [], "contextId": context});
        let task = json!({"kind": "task", "id": "t", "contextId": context, "status": {"state": state}});
        agents.mcp(who, "message/send", json!({"message": message}), task);
    };
    send("anna", "c1", "input-required");
    send("anna", "c1", "completed");
    send("bob", "c2", "auth-required");
    send("bob", "c2", "completed");
    send("carl", "c3", "working");
    send("carl", "c3", "completed");
    assert_eq!(fast(&agents), [("anna".to_owned(), false)], "for review");
}
