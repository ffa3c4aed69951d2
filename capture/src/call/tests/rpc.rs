//! JSON-RPC, MCP and A2A: which answer belongs to which call, and how it went.

use super::*;

#[test]
fn json_rpc_answers_are_found_by_id() {
    let found = post(
        "/rpc",
        r#"{"jsonrpc":"2.0","method":"subtract","params":[42,23],"id":1}"#,
        r#"{"jsonrpc":"2.0","result":19,"id":1}"#,
    );
    assert_eq!(told(&found), ["jsonrpc method subtract [42,23] accepted"]);
    assert_eq!((found[0].result.as_deref(), found[0].id.as_deref()), (Some("19"), Some("1")));
    let batch = r#"[{"jsonrpc":"2.0","method":"sum","params":[1],"id":"1"},{"jsonrpc":"2.0","method":"hello","params":[7]},{"foo":"boo"},{"jsonrpc":"2.0","method":"get","id":"5"},{"jsonrpc":"2.0","method":"lost","id":1}]"#;
    let answer = r#"[{"jsonrpc":"2.0","error":{"code":-32601,"message":"none"},"id":"5"},{"jsonrpc":"2.0","result":7,"id":"1"},{"jsonrpc":"2.0","error":{"code":-32600},"id":null}]"#;
    let found = post("/rpc", batch, answer);
    assert_eq!(
        told(&found),
        [
            "jsonrpc method sum [1] accepted",
            "jsonrpc notification hello [7] accepted",
            "jsonrpc method get {} failed:-32601",
            "jsonrpc method lost {} unknown",
        ]
    );
    assert_eq!(found.iter().map(|c| c.response).collect::<Vec<_>>(), [Some(1), None, Some(0), None]);
    let refused = post(
        "/rpc",
        r#"{"jsonrpc":"2.0","method":"a","id":1}"#,
        r#"{"jsonrpc":"2.0","error":{"code":-32700},"id":null}"#,
    );
    assert_eq!(told(&refused), ["jsonrpc method a {} failed:-32700"]);
    assert_eq!(post("/rpc", r#"{"jsonrpc":"1.0","method":"a","id":1}"#, "{}"), []);
    assert_eq!(post("/x", r#"{"a":"\"jsonrpc\""}"#, r#"{"error":"no"}"#), []);
}

#[test]
fn an_answer_without_its_version_counts_whatever_it_says() {
    let sent = r#"{"jsonrpc":"2.0","id":1,"method":"pay"}"#;
    for (answer, outcome) in [(r#"{"id":1,"result":{}}"#, "accepted"), (r#"{"id":1,"error":{"code":5}}"#, "failed")] {
        assert_eq!(post("/rpc", sent, answer)[0].outcome.as_str(), outcome, "{answer}");
    }
    assert_eq!(post("/rpc", sent, r#"{"id":2,"result":{}}"#)[0].outcome.as_str(), "unknown");
}

#[test]
fn an_mcp_session_from_initialize_to_a_confirmed_tool() {
    let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"shop-agent","version":"1"}}}"#;
    let found = post("/mcp", initialize, r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18"}}"#);
    assert_eq!(found[0].operation(), "mcp initialize");
    assert_eq!(found[0].client_info.as_deref(), Some(r#"{"name":"shop-agent","version":"1"}"#));
    let session = [("Content-Type", "application/json"), ("Mcp-Session-Id", "s1")];
    let call = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"request_refund","arguments":{"order_id":"o1"}}}"#;
    let stream = "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":\"e1\",\"method\":\"elicitation/create\",\"params\":{\"message\":\"Sure?\"}}\n\n\
        data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{}}\n\n\
        data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"content\":[],\"isError\":false}}\n\n";
    let found = calls(&exchange("POST /mcp", &session, call, Some((200, "text/event-stream", stream)))).calls;
    assert_eq!(
        told(&found),
        [
            r#"mcp tool request_refund {"order_id":"o1"} accepted"#,
            r#"mcp elicitation/create {"message":"Sure?"} unknown"#,
            "mcp notifications/progress {} unknown",
        ]
    );
    assert_eq!(found.iter().map(|c| c.sender).collect::<Vec<_>>(), [Sender::Client, Sender::Server, Sender::Server]);
    assert_eq!(found[0].method.as_deref(), Some("tools/call"));
    let answer = r#"{"jsonrpc":"2.0","id":"e1","result":{"action":"accept","content":{"sure":true}}}"#;
    let found = calls(&exchange("POST /mcp", &session, answer, Some((202, "text/plain", "")))).calls;
    assert_eq!(told(&found), [r#"mcp answer elicitation {"action":"accept","content":{"sure":true}} accepted"#]);
    for content in [
        r#""content":[{"type":"text","text":"{\"id\":\"r1\"}"}]"#,
        r#""structuredContent":{"id":"r1"},"content":[{"type":"text","text":"{\"id\":\"x\"}"}]"#,
    ] {
        let given = post("/mcp", call, &format!(r#"{{"jsonrpc":"2.0","id":2,"result":{{{content}}}}}"#));
        assert_eq!(given[0].result.as_deref(), Some(r#"{"id":"r1"}"#));
    }
    let failed = post(
        "/mcp",
        call,
        r#"{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"no"}],"isError":true}}"#,
    );
    assert_eq!(told(&failed), [r#"mcp tool request_refund {"order_id":"o1"} failed:isError"#]);
    let elsewhere = calls(&exchange("POST /mcp", &session, call, Some((202, "text/plain", "")))).calls;
    assert_eq!(elsewhere[0].outcome, CallOutcome::Unknown);
    let done = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let found = calls(&exchange("POST /mcp", &session, done, Some((202, "text/plain", "")))).calls;
    assert_eq!(told(&found), ["mcp notifications/initialized {} accepted"]);
}

#[test]
fn mcp_without_sessions_asks_and_is_called_again() {
    let headers = [
        ("Content-Type", "application/json"),
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", "pay"),
    ];
    let meta = r#""_meta":{"io.modelcontextprotocol/clientInfo":{"name":"a"}}"#;
    let first = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"pay","arguments":{{"n":1}},{meta}}}}}"#
    );
    let wants = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":{"confirm_payment":{"method":"elicitation/create"}},"requestState":"x"}}"#;
    let found = calls(&exchange("POST /mcp", &headers, &first, Some((200, "application/json", wants)))).calls;
    assert_eq!(told(&found), [r#"mcp tool pay {"n":1} waiting"#]);
    assert_eq!(found[0].client_info.as_deref(), Some(r#"{"name":"a"}"#));
    let again = first.replace(
        r#""arguments""#,
        r#""inputResponses":{"confirm_payment":{"action":"accept"}},"requestState":"x","arguments""#,
    );
    let done = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[]}}"#;
    let found = calls(&exchange("POST /mcp", &headers, &again, Some((200, "application/json", done)))).calls;
    assert_eq!(
        told(&found),
        [r#"mcp input_response confirm_payment {"action":"accept"} accepted"#, r#"mcp tool pay {"n":1} accepted"#]
    );
}

#[test]
fn headers_name_an_mcp_call_where_the_body_was_not_seen() {
    let mut hidden = exchange(
        "POST /mcp",
        &[("Mcp-Method", "tools/call"), ("Mcp-Name", "=?base64?w6Q=?=")],
        "x",
        Some((200, "", "")),
    );
    hidden.request.as_mut().unwrap().body = Body::Unknown { size: None };
    hidden.response.as_mut().unwrap().body = Body::Unknown { size: None };
    assert_eq!(told(&calls(&hidden).calls), ["mcp tool ä ? unknown"]);
    let request = hidden.request.as_mut().unwrap();
    request.headers = Headers::default();
    assert_eq!(calls(&hidden).calls, []);
    hidden.log.fields = vec![
        ("http.request.header.mcp_method".into(), "tools/call".into()),
        ("headers.Mcp-Name".into(), "refund".into()),
    ];
    assert_eq!(told(&calls(&hidden).calls), ["mcp tool refund ? unknown"]);
    hidden.response.as_mut().unwrap().status = 403;
    assert_eq!(told(&calls(&hidden).calls), ["mcp tool refund ? failed:403"]);
}

#[test]
fn a2a_tasks_say_how_it_went() {
    let send = |method: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"message":{{"role":"user","parts":[]}}}}}}"#)
    };
    let of = |method: &str, result: &str| {
        let found = post("/", &send(method), &format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#));
        format!("{} {}{}", found[0].operation(), found[0].outcome.as_str(), found[0].outcome.code().unwrap_or_default())
    };
    assert_eq!(of("message/send", r#"{"id":"t1","status":{"state":"completed"}}"#), "a2a message/send accepted");
    let sent = post("/", &send("SendMessage"), "");
    assert!(sent[0].is_named("message/send") && sent[0].is_named("SendMessage") && !sent[0].is_named("tasks/get"));
    assert_eq!(of("message/send", r#"{"id":"t1","status":{"state":"input-required"}}"#), "a2a message/send waiting");
    assert_eq!(
        of("SendMessage", r#"{"task":{"id":"t1","status":{"state":"TASK_STATE_REJECTED"}}}"#),
        "a2a SendMessage failedrejected"
    );
    assert_eq!(of("SendMessage", r#"{"message":{"role":"ROLE_AGENT"}}"#), "a2a SendMessage accepted");
    let stream = "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"id\":\"t\",\"status\":{\"state\":\"working\"}}}\n\n\
        data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"taskId\":\"t\",\"status\":{\"state\":\"failed\"},\"final\":true}}\n\n";
    let found =
        calls(&exchange("POST /", JSON, &send("message/stream"), Some((200, "text/event-stream", stream)))).calls;
    assert_eq!(found[0].outcome, CallOutcome::Failed(Some("failed".to_owned())));
    let get = |params: &str| {
        post("/", &format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{params}}}"#), "")[0].operation()
    };
    assert_eq!(
        (get(r#"{"id":"t"}"#), get(r#"{"taskId":"t"}"#)),
        ("a2a tasks/get".to_owned(), "mcp tasks/get".to_owned())
    );
    assert_eq!(get("{}"), "jsonrpc method tasks/get");
}

#[test]
fn a2a_over_plain_http() {
    let of = |line: &str, fields: &[(&str, &str)], sent: &str, answer: &str| {
        told(&calls(&exchange(line, fields, sent, Some((200, "application/a2a+json", answer)))).calls)
    };
    let a2a = [("A2A-Version", "1.0"), ("Content-Type", "application/a2a+json")];
    assert_eq!(
        of(
            "POST /v1/message:send",
            &a2a,
            r#"{"message":{}}"#,
            r#"{"task":{"status":{"state":"TASK_STATE_SUBMITTED"}}}"#
        ),
        [r#"a2a SendMessage {"message":{}} accepted"#]
    );
    assert_eq!(of("POST /tasks/t1:cancel", &a2a, "", "{}"), [r#"a2a CancelTask {"id":"t1"} accepted"#]);
    assert_eq!(of("GET /tasks/t1?historyLength=1", &a2a, "", "{}"), [r#"a2a GetTask {"id":"t1"} accepted"#]);
    let older = [("A2A-Version", "0.3"), ("Content-Type", "application/a2a+json")];
    assert_eq!(of("GET /v1/tasks/t1", &older, "", "{}"), [r#"a2a tasks/get {"id":"t1"} accepted"#]);
    let update = |state: &str| format!("data: {{\"statusUpdate\": {{\"status\": {{\"state\": \"{state}\"}}}}}}\n\n");
    let stream = update("TASK_STATE_WORKING") + &update("TASK_STATE_REJECTED");
    let streamed =
        exchange("POST /message:stream", &a2a, r#"{"message":{}}"#, Some((200, "text/event-stream", &stream)));
    assert_eq!(
        told(&calls(&streamed).calls),
        [r#"a2a SendStreamingMessage {"message":{}} failed:rejected"#],
        "the last word counts"
    );
    let plain = exchange("GET /tasks/t1", &[], "", Some((200, "application/json", "{}")));
    assert_eq!(calls(&plain).calls, [], "any API may have tasks");
}
