//! What is cut, deep, long or anything at all.

use proptest::prelude::*;

use super::*;

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
