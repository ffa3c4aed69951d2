//! Calls in whole exchanges, after the examples of the protocols' specifications.

use proptest::prelude::*;

use super::*;
use crate::{Body, Carries, Headers, LogFacts, Origin, Place, Protocol, Request, Response, Timestamp};

fn headers(fields: &[(&str, &str)]) -> Headers {
    let mut headers = Headers::default();
    fields.iter().for_each(|(name, value)| headers.push(name.as_bytes(), value.as_bytes()));
    headers
}

fn body(text: &str, whole: bool) -> Body {
    let len = text.len() as u64;
    Body::Present { bytes: text.as_bytes().to_vec(), wire_len: len, decoded_len: len, whole }
}

fn exchange(line: &str, fields: &[(&str, &str)], sent: &str, answer: Option<(u16, &str, &str)>) -> Exchange {
    let (method, target) = line.split_once(' ').unwrap();
    Exchange {
        key: 1,
        protocol: Protocol::Http1,
        connection: None,
        stream: 0,
        client: None,
        server: None,
        time: Timestamp(0),
        end: None,
        tick: 1,
        request: Some(Request {
            method: method.to_owned(),
            scheme: None,
            host: None,
            target: target.to_owned(),
            headers: headers(fields),
            body: if sent.is_empty() { Body::Absent } else { body(sent, true) },
            end: None,
        }),
        response: answer.map(|(status, kind, text)| Response {
            status,
            headers: headers(&[("Content-Type", kind)]),
            body: body(text, true),
            start: None,
        }),
        pushed: false,
        grpc: None,
        web_socket: None,
        elsewhere: None,
        log: LogFacts::default(),
        carries: Carries::default(),
        incomplete: Vec::new(),
        origin: Origin { input: "t".into(), place: Place::Entry { index: 0, offset: 0 } },
        response_origin: None,
    }
}

const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];

fn post(target: &str, sent: &str, answer: &str) -> Vec<Call> {
    let line = format!("POST {target}");
    calls(&exchange(&line, JSON, sent, Some((200, "application/json", answer)))).calls
}

/// `operation arguments outcome:code`, for each call.
fn told(calls: &[Call]) -> Vec<String> {
    calls
        .iter()
        .map(|call| {
            let arguments = call.arguments.as_deref().unwrap_or("?");
            let code = call.outcome.code().map(|code| format!(":{code}")).unwrap_or_default();
            format!("{} {arguments} {}{code}", call.operation(), call.outcome.as_str())
        })
        .collect()
}

#[test]
fn graphql_calls_are_the_fields_that_run() {
    let sent = r#"{"query":"mutation Buy($o: ID!, $n: Int = 2) { pay: addPaymentToOrder(id: $o, input: {amount: 5, n: $n, kind: CARD}) { id } ship(id: $o) @skip(if: true) ...More } fragment More on Mutation { note(text: \"a \\\"b\\\"\") }","variables":{"o":"o1"},"operationName":"Buy"}"#;
    let answer = r#"{"data":{"pay":{"id":"p1"},"note":null},"errors":[{"message":"no","path":["note"],"extensions":{"code":"FORBIDDEN"}}]}"#;
    let calls = post("/api", sent, answer);
    assert_eq!(
        told(&calls),
        [
            r#"graphql mutation addPaymentToOrder {"id":"o1","input":{"amount":5,"n":2,"kind":"CARD"}} accepted"#,
            r#"graphql mutation note {"text":"a \"b\""} failed:FORBIDDEN"#,
        ]
    );
    assert_eq!((calls[0].id.as_deref(), calls[0].result.as_deref()), (Some("pay"), Some(r#"{"id":"p1"}"#)));
    assert!(!calls[0].is_read());
}

#[test]
fn graphql_errors_belong_to_the_fields_they_name() {
    let sent = r#"{"query":"{ a b c d }"}"#;
    let of = |answer: &str| {
        told(&post("/graphql", sent, answer))
            .iter()
            .map(|t| t.split(" {} ").nth(1).unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let partial =
        r#"{"data":{"a":1,"b":null,"c":{"x":null},"d":null},"errors":[{"path":["c","x"]},{"path":["d","y",0]}]}"#;
    assert_eq!(of(partial), ["accepted", "accepted", "accepted", "unknown"]);
    let refused = r#"{"errors":[{"message":"syntax","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}"#;
    assert_eq!(of(refused), ["failed:GRAPHQL_VALIDATION_FAILED"; 4]);
    let swept = r#"{"data":null,"errors":[{"path":["a"],"extensions":{"code":"X"}}]}"#;
    assert_eq!(of(swept), ["failed:X", "unknown", "unknown", "unknown"]);
    assert_eq!(of("<html>"), ["unknown"; 4]);
    assert_eq!(of(r#"{"data":{"a":1,"b":2"#), ["unknown"; 4]);
    let line = calls(&exchange("POST /graphql", JSON, sent, Some((502, "text/html", "bad gateway"))));
    assert!(line.calls.iter().all(|c| c.outcome == CallOutcome::Failed(Some("502".to_owned()))));
    assert!(
        calls(&exchange("POST /graphql", JSON, sent, None)).calls.iter().all(|c| c.outcome == CallOutcome::Unknown)
    );
}

#[test]
fn graphql_comes_in_many_wrappers() {
    let get = exchange(
        "GET /graphql?query=query+Q(%24i%3AID)%7Border(id%3A%24i)%7Bid%7D%7D&variables=%7B%22i%22%3A7%7D",
        &[],
        "",
        None,
    );
    assert_eq!(told(&calls(&get).calls), [r#"graphql query order {"id":7} unknown"#]);
    let plain = exchange("POST /graphql", &[("Content-Type", "application/graphql")], "{ me { id } }", None);
    assert_eq!(told(&calls(&plain).calls), ["graphql query me {} unknown"]);
    let batch = r#"[{"query":"{ a }"},{"query":"mutation { b(x: 1) }"}]"#;
    let found = post("/graphql", batch, r#"[{"data":{"a":1}},{"errors":[{"message":"no"}]}]"#);
    assert_eq!(told(&found), ["graphql query a {} accepted", r#"graphql mutation b {"x":1} failed"#]);
    assert_eq!(found.iter().map(|c| c.request).collect::<Vec<_>>(), [Some(0), Some(1)]);
    let short = post("/graphql", batch, r#"[{"data":{"a":1}}]"#);
    assert_eq!(short.iter().map(|c| c.outcome.as_str()).collect::<Vec<_>>(), ["accepted", "unknown"]);
    let refused = post("/graphql", batch, r#"{"errors":[{"message":"no batches"}]}"#);
    assert!(refused.iter().all(|c| c.outcome == CallOutcome::Failed(None) && c.response.is_none()));
    let form = "--X\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{\"query\":\"mutation($f: Upload!) { upload(file: $f) }\",\"variables\":{\"f\":null}}\r\n--X\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{\"0\":[\"variables.f\"]}\r\n--X\r\nContent-Disposition: form-data; name=\"0\"; filename=\"a\"\r\n\r\n\u{0}\r\n--X--\r\n";
    let upload = exchange("POST /graphql", &[("Content-Type", "multipart/form-data; boundary=X")], form, None);
    assert_eq!(told(&calls(&upload).calls), [r#"graphql mutation upload {"file":null} unknown"#]);
    let sse = r#"{"query":"mutation { pay(id: 1) { id } }"}"#;
    let sse = exchange(
        "POST /graphql",
        JSON,
        sse,
        Some((200, "text/event-stream", "event: next\ndata: {\"data\":{\"pay\":{\"id\":1}}}\n\nevent: complete\n\n")),
    );
    assert_eq!(told(&calls(&sse).calls), [r#"graphql mutation pay {"id":1} accepted"#]);
}

#[test]
fn an_answer_in_parts_is_read_to_its_end() {
    let sent = r#"{"query":"mutation { pay(id: 1) { id ... @defer { total } } slow: book { id } }"}"#;
    let first =
        r#"{"data":{"pay":{"id":1}},"pending":[{"id":"0","path":["pay"]},{"id":"1","path":[]}],"hasNext":true}"#;
    let late = r#"{"incremental":[{"id":"0","data":{"total":7}}],"hasNext":true}"#;
    let refused = r#"{"completed":[{"id":"0"},{"id":"1","errors":[{"message":"no","path":["slow"],"extensions":{"code":"FULL"}}]}],"hasNext":false}"#;
    let multipart = |parts: &[&str]| {
        parts.iter().map(|part| format!("--X\r\nContent-Type: application/json\r\n\r\n{part}\r\n")).collect::<String>()
    };
    let events = |parts: &[&str]| parts.iter().map(|part| format!("event: next\ndata: {part}\n\n")).collect::<String>();
    let of = |kind: &str, answer: &str| calls(&exchange("POST /graphql", JSON, sent, Some((200, kind, answer))));
    for (kind, answer) in [
        ("multipart/mixed; boundary=X; deferSpec=20220824", multipart(&[first, late, refused]) + "--X--\r\n"),
        ("text/event-stream", events(&[first, late, refused]) + "event: complete\ndata:\n\n"),
    ] {
        let found = of(kind, &answer);
        assert_eq!(
            told(&found.calls),
            [r#"graphql mutation pay {"id":1} accepted"#, "graphql mutation book {} failed:FULL"]
        );
        assert_eq!(found.calls[0].result.as_deref(), Some(r#"{"id":1,"total":7}"#));
        assert_eq!(found.unseen, []);
    }
    let cut = of("multipart/mixed; boundary=X", &multipart(&[first, late]));
    assert_eq!(cut.calls.iter().map(|call| call.outcome.as_str()).collect::<Vec<_>>(), ["accepted", "unknown"]);
    assert!(cut.calls[0].result.is_none() && cut.unseen == [Unseen::TooLong], "what was to come may change it");
}

#[test]
fn a_persisted_query_is_named_by_its_hash() {
    let sent = r#"{"operationName":"Buy","variables":{"o":1},"extensions":{"persistedQuery":{"version":1,"sha256Hash":"ab12"}}}"#;
    let found = post(
        "/graphql",
        sent,
        r#"{"errors":[{"message":"PersistedQueryNotFound","extensions":{"code":"PERSISTED_QUERY_NOT_FOUND"}}]}"#,
    );
    assert_eq!(told(&found), [r#"graphql persisted ab12 {"o":1} failed:PERSISTED_QUERY_NOT_FOUND"#]);
    let registering = sent.replacen('{', r#"{"query":"mutation Buy($o: ID) { buy(id: $o) }","#, 1);
    assert_eq!(
        told(&post("/graphql", &registering, r#"{"data":{"buy":true}}"#)),
        [r#"graphql mutation buy {"id":1} accepted"#]
    );
    let line = "GET /graphql?extensions=%7B%22persistedQuery%22%3A%7B%22sha256Hash%22%3A%22ab12%22%7D%7D";
    assert!(calls(&exchange(line, &[], "", None)).calls[0].is_read());
}

#[test]
fn what_only_looks_like_graphql_is_not() {
    for sent in [
        r#"{"query":"shoes"}"#,
        r#"{"query":"{a}"}"#,
        r#"{"query":{"match":{"a":"b"}}}"#,
        r#"{"query":"select * from t","variables":{}}"#,
        r#"{"documentId":"7"}"#,
        r#"{"documentId":"7","variables":{}}"#,
        r#"{"a":1}"#,
    ] {
        assert_eq!(post("/search", sent, r#"{"hits":[]}"#), [], "{sent}");
    }
    assert_eq!(told(&post("/graphql", r#"{"query":"{a}"}"#, "{}")), ["graphql query a {} unknown"]);
    assert_eq!(told(&post("/search", r#"{"query":"{a}"}"#, r#"{"data":{"a":1}}"#)), ["graphql query a {} accepted"]);
    assert_eq!(calls(&exchange("GET /search?query=%7Ba%7D", &[], "", None)).calls, []);
}

#[test]
fn a_broken_or_ambiguous_document_says_so() {
    let of = |sent: &str| calls(&exchange("POST /graphql", JSON, sent, None));
    for sent in [
        r#"{"query":"{ a "}"#,
        r#"{"query":"query A { a } query B { b }"}"#,
        r#"{"query":"query A { a }","operationName":"B"}"#,
    ] {
        let found = of(sent);
        assert_eq!((found.calls.as_slice(), found.unseen.as_slice()), (&[][..], &[Unseen::Malformed][..]), "{sent}");
    }
    let chosen = of(r#"{"query":"query A { a } mutation B { b }","operationName":"B"}"#);
    assert_eq!(told(&chosen.calls), ["graphql mutation b {} unknown"]);
    let circular = of(r#"{"query":"{ ...F } fragment F on Q { a ...G } fragment G on Q { b ...F }"}"#);
    assert_eq!(told(&circular.calls), ["graphql query a {} unknown", "graphql query b {} unknown"]);
}

#[test]
fn calls_and_their_arguments_are_bounded() {
    let many = format!(r#"{{"query":"{{ {} }}"}}"#, (0..1000).map(|n| format!("a{n}: a ")).collect::<String>());
    let found = calls(&exchange("POST /graphql", JSON, &many, None));
    assert_eq!((found.calls.len(), found.unseen.as_slice()), (MOST_CALLS, &[Unseen::TooMany][..]));
    let long = format!(
        r#"{{"query":"query($v: String) {{ {} }}","variables":{{"v":"{}"}}}}"#,
        (0..200).map(|n| format!("a{n}: a(x: $v, y: [{}]) ", "$v ".repeat(50))).collect::<String>(),
        "x".repeat(1 << 20)
    );
    let found = calls(&exchange("POST /graphql", JSON, &long, None));
    assert_eq!((found.calls.len(), found.unseen.as_slice()), (200, &[Unseen::TooLong][..]));
    assert!(found.calls.iter().filter_map(|c| c.arguments.as_ref()).map(String::len).sum::<usize>() <= MOST_BYTES);
    let batch = format!("[{}]", vec![r#"{"jsonrpc":"2.0","id":1,"method":"a"}"#; 1000].join(","));
    let found = calls(&exchange("POST /rpc", JSON, &batch, None));
    assert_eq!((found.calls.len(), found.unseen.as_slice()), (MOST_CALLS, &[Unseen::TooMany][..]));
}

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
        [r#"a2a message/send {"message":{}} accepted"#]
    );
    assert_eq!(of("POST /tasks/t1:cancel", &a2a, "", "{}"), [r#"a2a tasks/cancel {"id":"t1"} accepted"#]);
    assert_eq!(of("GET /tasks/t1?historyLength=1", &a2a, "", "{}"), [r#"a2a tasks/get {"id":"t1"} accepted"#]);
    let plain = exchange("GET /tasks/t1", &[], "", Some((200, "application/json", "{}")));
    assert_eq!(calls(&plain).calls, [], "any API may have tasks");
}

#[test]
fn a_cut_body_shows_what_came_before_the_cut() {
    let sent = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","argu"#;
    let mut cut = exchange("POST /mcp", JSON, sent, None);
    cut.request.as_mut().unwrap().body = body(sent, false);
    let found = calls(&cut);
    assert_eq!(
        (told(&found.calls), found.unseen),
        (vec!["mcp tools/call ? unknown".to_owned()], vec![Unseen::RequestBody])
    );
    let sent = r#"{"jsonrpc":"2.0","method":"a","par"#;
    let mut cut = exchange("POST /rpc", JSON, sent, None);
    cut.request.as_mut().unwrap().body = body(sent, false);
    assert_eq!(told(&calls(&cut).calls), ["jsonrpc method a ? unknown"], "its id may have followed");
}

#[test]
fn depth_costs_nothing() {
    let deep = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
    let rpc = format!(r#"{{"jsonrpc":"2.0","id":{0},"method":"a","params":{0}}}"#, deep(300_000));
    assert_eq!(post("/rpc", &rpc, &rpc).len(), 2, "a request, and what is one in the answer too");
    let graphql = format!(r#"{{"query":"{{ a(x: $v) }}","variables":{{"v":{0}}},"extensions":{0}}}"#, deep(300_000));
    assert_eq!(post("/graphql", &graphql, &format!(r#"{{"data":{{"a":{}}}}}"#, deep(300_000))).len(), 1);
    for text in
        ["[".repeat(500_000), "{\"jsonrpc\":".repeat(100_000), format!("{{\"query\":{}", "{\"query\":".repeat(100_000))]
    {
        assert!(post("/graphql", &text, &text).is_empty());
    }
}

/// A stream of events.
fn stream(events: &[String]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

#[test]
fn what_a_server_tells_takes_no_room_from_what_a_client_calls() {
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"refund","arguments":{}}}"#;
    let progress = |n: usize| format!(r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"n":{n}}}}}"#);
    let answer = r#"{"jsonrpc":"2.0","id":1,"result":{"structuredContent":{"id":"r1"}}}"#.to_owned();
    for (told, unseen) in [(3, &[][..]), (300, &[Unseen::FromServer][..]), (3000, &[Unseen::FromServer][..])] {
        let events: Vec<String> = (0..told).map(progress).chain([answer.clone()]).collect();
        let found = calls(&exchange("POST /mcp", JSON, call, Some((200, "text/event-stream", &stream(&events)))));
        assert_eq!((found.calls[0].operation().as_str(), found.unseen.as_slice()), ("mcp tool refund", unseen));
        assert_eq!(
            (found.calls[0].outcome.as_str(), found.calls[0].result.as_deref()),
            ("accepted", Some(r#"{"id":"r1"}"#))
        );
        assert_eq!(found.calls.len(), told.min(MOST_CALLS) + 1);
    }
    let long =
        format!(r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"x":"{}"}}}}"#, "x".repeat(1 << 20));
    let events = [vec![long; 6], vec![answer]].concat();
    let found = calls(&exchange("POST /mcp", JSON, call, Some((200, "text/event-stream", &stream(&events)))));
    assert_eq!((found.unseen, found.calls[0].result.as_deref()), (vec![Unseen::FromServer], Some(r#"{"id":"r1"}"#)));
}

#[test]
fn the_last_word_of_a_long_stream_counts() {
    let send = r#"{"jsonrpc":"2.0","id":1,"method":"message/stream","params":{"message":{"role":"user","parts":[]}}}"#;
    let status =
        |state: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"taskId":"t","status":{{"state":"{state}"}}}}}}"#);
    for events in [2, 3000] {
        for (last, outcome) in [("failed", "failed"), ("completed", "accepted")] {
            let events: Vec<String> = (0..events).map(|_| status("working")).chain([status(last)]).collect();
            let found = calls(&exchange("POST /", JSON, send, Some((200, "text/event-stream", &stream(&events)))));
            assert_eq!((found.calls[0].outcome.as_str(), found.unseen), (outcome, vec![]));
        }
    }
    // An id that is asked twice is answered twice, the second time to the end.
    let twice = r#"[{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","id":1,"method":"b"}]"#;
    let answers: Vec<String> =
        ["1", "2", "3"].iter().map(|n| format!(r#"{{"jsonrpc":"2.0","id":1,"result":{n}}}"#)).collect();
    let found = calls(&exchange("POST /rpc", JSON, twice, Some((200, "text/event-stream", &stream(&answers)))));
    assert_eq!(found.calls.iter().map(|c| c.result.as_deref()).collect::<Vec<_>>(), [Some("1"), Some("3")]);
}

#[test]
fn names_of_members_may_be_escaped() {
    let plain = r#"{"query":"mutation { pay(id: 1) }"}"#;
    for sent in [plain.to_owned(), plain.replace("query", r"qu\u0065ry"), plain.replace("query", r"\u0071\u0075ery")] {
        assert_eq!(told(&post("/x", &sent, "{}")), [r#"graphql mutation pay {"id":1} unknown"#], "{sent}");
    }
    let rpc = r#"{"jsonr\u0070c":"2.0","id":1,"method":"pay","params":{}}"#;
    assert_eq!(
        told(&post("/x", rpc, r#"{"js\u006fnrpc":"2.0","id":1,"result":1}"#)),
        ["jsonrpc method pay {} accepted"]
    );
    assert_eq!(post("/x", r#"{"name":"caf\u00e9 \u0071","method":"pay"}"#, "{}"), []);
}

#[test]
fn a_request_in_the_url_is_read_whatever_the_method() {
    let url = "/shop-api?query=mutation%7Bpay(id%3A1)%7Bid%7D%7D";
    for sent in ["", "{}", r#"{"x":1}"#] {
        assert_eq!(
            told(&post(url, sent, r#"{"data":{"pay":{}}}"#)),
            [r#"graphql mutation pay {"id":1} accepted"#],
            "{sent}"
        );
    }
    assert_eq!(told(&post(url, r#"{"query":"{ a }","variables":{}}"#, "{}")), ["graphql query a {} unknown"]);
    let both = |url: &str| {
        let found = calls(&exchange(&format!("POST {url}"), JSON, r#"{"query":"{ a }","variables":{}}"#, None));
        (found.calls.len(), found.unseen)
    };
    assert_eq!(both(url), (1, vec![Unseen::Malformed]), "the server may run either");
    assert_eq!(both("/shop-api?query=red+shoes"), (1, vec![]));
    let search =
        calls(&exchange("POST /search?query=red+shoes", JSON, "{}", Some((200, "application/json", r#"{"data":{}}"#))));
    assert_eq!((search.calls, search.unseen), (vec![], vec![]));
}

#[test]
fn a_document_that_cannot_be_read_says_so_wherever_it_is_sent() {
    let unseen = |sent: &str, answer: &str| {
        calls(&exchange("POST /shop-api", JSON, sent, Some((200, "application/json", answer)))).unseen
    };
    let told = r#"{"data":{"pay":{"id":1}}}"#;
    assert_eq!(unseen(r#"{"query":"mutation { pay(id: %) }","variables":{}}"#, "{}"), [Unseen::Malformed]);
    assert_eq!(unseen(r#"{"query":"mutation { pay(id: %) }"}"#, told), [Unseen::Malformed]);
    for benign in [
        r#"{"query":"red shoes","variables":{}}"#,
        r#"{"query":"mutation of cells"}"#,
        r#"{"query":"mutation { pay }"}"#,
    ] {
        assert_eq!(unseen(benign, told), [], "{benign}");
    }
    let searches = format!("[{}]", vec![r#"{"query":"shoes"}"#; 300].join(","));
    assert_eq!(unseen(&searches, "[]"), [], "many searches are no calls");
}

#[test]
fn fragments_are_followed_however_deep_they_name_each_other() {
    for depth in [3, 5000] {
        let chain: String = (0..depth).map(|n| format!("fragment F{n} on M {{ a{n} ...F{} }} ", n + 1)).collect();
        let query = format!("mutation {{ ...F0 z }} {chain} fragment F{depth} on M {{ pay ...F0 }}");
        let found = calls(&exchange("POST /graphql", JSON, &serde_json::json!({ "query": query }).to_string(), None));
        match depth {
            3 => assert_eq!(
                found.calls.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(),
                ["a0", "a1", "a2", "pay", "z"]
            ),
            _ => assert_eq!((found.calls.len(), found.unseen), (MOST_CALLS, vec![Unseen::TooMany])),
        }
    }
}

#[test]
fn what_a_literal_holds_too_deep_hides_nothing_beside_it() {
    let sent = |depth: usize| {
        format!(r#"{{"query":"mutation {{ pay(id: 1, m: {}1{}, to: 2) }}"}}"#, "[".repeat(depth), "]".repeat(depth))
    };
    let found = calls(&exchange("POST /x", JSON, &sent(9), None));
    assert_eq!(
        (told(&found.calls), found.unseen),
        (vec![r#"graphql mutation pay {"id":1,"m":[[[[[[[[[1]]]]]]]]],"to":2} unknown"#.to_owned()], vec![])
    );
    let found = calls(&exchange("POST /x", JSON, &sent(100_000), None));
    let arguments: serde_json::Value = serde_json::from_str(found.calls[0].arguments.as_deref().unwrap()).unwrap();
    assert_eq!((&arguments["id"], &arguments["to"], found.unseen), (&1.into(), &2.into(), vec![Unseen::TooLong]));
}

#[test]
fn a_batch_with_one_answer_and_many_conditions_on_one_variable() {
    let answer = r#"{"data":{"a":{"id":7}}}"#;
    let batch = format!("[{}]", [r#"{"query":"{a}","variables":{}}"#; 3].join(","));
    assert_eq!(told(&post("/graphql", &batch, answer)), vec!["graphql query a {} accepted"; 3]);
    let conditions = |value: &str| {
        let query = "{ a @skip(if: $v) b @include(if: $v) c @skip(if: $w) d @include(if: $none) }";
        let sent = format!(r#"{{"query":"query($v: X, $w: X = true) {query}","variables":{{"v":{value}}}}}"#);
        post("/graphql", &sent, "{}").into_iter().map(|call| call.name).collect::<String>()
    };
    assert_eq!(
        (conditions("true"), conditions("false"), conditions("\"x\"")),
        ("bd".into(), "ad".into(), "abd".into())
    );
}

proptest! {
    #[test]
    fn any_exchange_is_read(
        line in prop_oneof![Just("POST /graphql"), Just("GET /graphql?query={a}&x"), Just("POST /mcp"), Just("POST /message:send")],
        kind in prop_oneof![Just("application/json"), Just("application/graphql"), Just("multipart/form-data; boundary=X"), Just("text/event-stream"), Just("multipart/mixed; boundary=X")],
        said in any::<bool>(),
        parts in proptest::collection::vec(prop_oneof![
            Just("{"), Just("}"), Just("["), Just("]"), Just(":"), Just(","), Just("\"jsonrpc\":\"2.0\""), Just("\"id\":1"),
            Just("\"method\":\"tools/call\""), Just("\"params\":{\"name\":\"t\"}"), Just("\"query\":\"mutation { a(x: 1) }\""),
            Just("\"result\":{}"), Just("\"errors\":[{\"path\":[\"a\"]}]"), Just("\"data\":{\"a\":1}"), Just("data: "), Just("\n\n"),
            Just("--X\r\n"), Just("mutation"), Just("a"), Just("\""), Just("$"), Just("..."),
            Just("\"hasNext\":true"), Just("\"incremental\":[{\"path\":[\"a\"],\"data\":{\"b\":1}}]"), Just("\"type\":\"subscribe\""),
            Just("\"payload\":{\"query\":\"{ a }\"}"), Just("\"type\":\"next\""), Just("\"requestId\":7"),
        ], 0..24),
        cut in any::<bool>(),
    ) {
        let text = parts.concat();
        let mut exchange = exchange(line, &[("Content-Type", kind)], &text, Some((200, kind, &text)));
        exchange.request.as_mut().unwrap().body = body(&text, !cut);
        if said {
            exchange.protocol = Protocol::WebSocket;
        }
        let found = calls(&exchange);
        prop_assert_eq!(&found, &calls(&exchange.clone()));
        for call in &found.calls {
            for json in [&call.arguments, &call.result, &call.client_info].into_iter().flatten() {
                prop_assert!(serde_json::from_str::<serde_json::Value>(json).is_ok(), "{}", json);
            }
        }
    }
}
