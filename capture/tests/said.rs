//! Calls on WebSockets: what clients ask, with what answers it, whatever order answers come in and whoever lies.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod packets_wire;
#[expect(dead_code, reason = "each test file uses its own part of the writer")]
mod websocket_wire;

use offpath_capture::{Exchange, Joins, Place, calls};
use packets_wire::Side::{Client, Server};
use packets_wire::{Seen, Side, Talk};
use sha2::{Digest, Sha256};
use websocket_wire::frame;

/// A WebSocket that was asked for with further header lines, and agreed to with others.
fn open(asked: &str, agreed: &str) -> Talk {
    let mut talk = Talk::open(5000);
    let asks = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    talk.send(Client, format!("GET /live HTTP/1.1\r\nHost: a.test\r\n{asks}{asked}\r\n"));
    talk.send(Server, format!("HTTP/1.1 101 Switching Protocols\r\n{asks}{agreed}\r\n"));
    talk
}

fn say(talk: &mut Talk, side: Side, text: &str) {
    let mask = (side == Client).then_some([1, 2, 3, 4]);
    talk.send(side, frame(0x81, mask, text.as_bytes()));
}

/// Reads a WebSocket on which these lines were said: `>` by the client, `<` by the server.
fn spoken(asked: &str, agreed: &str, lines: &[&str]) -> Seen {
    let mut talk = open(asked, agreed);
    for line in lines {
        match line.split_once(' ').unwrap() {
            (">", text) => say(&mut talk, Client, text),
            (_, text) => say(&mut talk, Server, text),
        }
    }
    talk.close().read()
}

/// `operation outcome arguments > result` of each call.
fn told(exchange: &Exchange) -> Vec<String> {
    let none = || "-".to_owned();
    let line = |call: &offpath_capture::Call| {
        let code = call.outcome.code().map(|code| format!("({code})")).unwrap_or_default();
        let (sent, given) = (call.arguments.clone().unwrap_or_else(none), call.result.clone().unwrap_or_else(none));
        format!("{} {}{code} {sent} > {given}", call.operation(), call.outcome.as_str())
    };
    calls(exchange).calls.iter().map(line).collect()
}

fn all(seen: &Seen) -> Vec<String> {
    let mut said: Vec<&Exchange> = seen.said.iter().collect();
    said.sort_by_key(|exchange| exchange.time);
    said.into_iter().flat_map(told).collect()
}

const GRAPHQL: &str = "Sec-WebSocket-Protocol: graphql-transport-ws\r\n";

#[test]
fn json_rpc_is_answered_by_id_whatever_the_order() {
    let seen = spoken(
        "Cookie: sid=abc\r\nIdempotency-Key: once\r\n",
        "",
        &[
            r#"> {"jsonrpc":"2.0","id":1,"method":"orders.create","params":{"sku":"a"}}"#,
            r#"> {"jsonrpc":"2.0","id":"1","method":"orders.pay","params":{"order":"o1"}}"#,
            r#"> {"jsonrpc":"2.0","method":"log","params":{}}"#,
            r#"< {"jsonrpc":"2.0","id":"1","error":{"code":-32001,"message":"no"}}"#,
            r#"< {"jsonrpc":"2.0","method":"order.changed","params":{"order":"o1"}}"#,
            r#"< {"jsonrpc":"2.0","id":1,"result":{"id":"o1"}}"#,
            r#"> [{"jsonrpc":"2.0","id":7,"method":"a"},{"jsonrpc":"2.0","id":8,"method":"b"}]"#,
            r#"< {"jsonrpc":"2.0","id":8,"result":2}"#,
            r#"< {"jsonrpc":"2.0","id":7,"result":1}"#,
        ],
    );
    let expected = [
        r#"jsonrpc method orders.create accepted {"sku":"a"} > {"id":"o1"}"#,
        r#"jsonrpc method orders.pay failed(-32001) {"order":"o1"} > -"#,
        "jsonrpc notification log unknown {} > -",
        "jsonrpc method a accepted {} > 1",
        "jsonrpc method b accepted {} > 2",
    ];
    assert_eq!(all(&seen), expected);
    let counts = seen.report.websocket;
    assert_eq!((counts.calls, counts.without_call, counts.messages), (4, 0, 9));
    let (exchange, opening) = (&seen.said[0], seen.only());
    let request = exchange.request.as_ref().unwrap();
    assert_eq!((request.target.as_str(), request.headers.text("cookie")), ("/live", Some("sid=abc")));
    assert_eq!(request.headers.get("idempotency-key"), None, "it was the opening request's own");
    assert_eq!((exchange.connection, exchange.outcome_status()), (opening.connection, None));
    let frames = |exchange: &Exchange| match exchange.origin.place {
        Place::Frames { first, .. } => first,
        _ => 0,
    };
    assert!(seen.said.iter().all(|exchange| frames(exchange) > 5 && exchange.time > opening.time));
    let mut keys: Vec<u64> = seen.said.iter().map(|exchange| exchange.key).chain([opening.key]).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 5, "each has an identity of its own");
    assert_eq!(seen.report.exchanges, 1, "the exchange that opened the WebSocket is the only one");
}

#[test]
fn both_protocols_of_graphql_are_read_with_their_credentials() {
    for (protocol, ask, answer, end) in
        [("graphql-transport-ws", "subscribe", "next", "complete"), ("graphql-ws", "start", "data", "stop")]
    {
        let lines = [
            r#"> {"type":"connection_init","payload":{"headers":{"X-API-Key":"k1","X-Forwarded-User":"boss"},"x-consumer-username":"boss","authToken":"tok-1"}}"#.to_owned(),
            r#"< {"type":"connection_ack"}"#.to_owned(),
            format!(
                r#"> {{"id":"1","type":"{ask}","payload":{{"query":"mutation Pay($o: ID!) {{ pay(order: $o) {{ id }} refund {{ id }} }}","variables":{{"o":"o1"}}}}}}"#
            ),
            format!(r#"> {{"id":"2","type":"{ask}","payload":{{"query":"subscription {{ changed {{ id }} }}"}}}}"#),
            format!(r#"> {{"id":"3","type":"{ask}","payload":{{"query":"{{ order(id: 3) {{ id }} }}"}}}}"#),
            format!(r#"< {{"id":"2","type":"{answer}","payload":{{"data":{{"changed":{{"id":"o7"}}}}}}}}"#),
            format!(
                r#"< {{"id":"1","type":"{answer}","payload":{{"data":{{"pay":{{"id":"p1"}},"refund":null}},"errors":[{{"message":"no","path":["refund"],"extensions":{{"code":"FORBIDDEN"}}}}]}}}}"#
            ),
            r#"< {"id":"1","type":"complete"}"#.to_owned(),
            format!(r#"< {{"id":"2","type":"{answer}","payload":{{"data":{{"changed":{{"id":"o8"}}}}}}}}"#),
            r#"< {"id":"3","type":"error","payload":[{"message":"bad","extensions":{"code":"BAD"}}]}"#.to_owned(),
            format!(r#"> {{"id":"2","type":"{end}"}}"#),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let agreed = format!("Sec-WebSocket-Protocol: {protocol}\r\n");
        let seen = spoken("Authorization: Bearer old\r\n", &agreed, &lines);
        let expected = [
            r#"graphql mutation pay accepted {"order":"o1"} > {"id":"p1"}"#,
            "graphql mutation refund failed(FORBIDDEN) {} > -",
            r#"graphql subscription changed accepted {} > {"id":"o7"}"#,
            r#"graphql query order failed(BAD) {"id":3} > -"#,
        ];
        assert_eq!(all(&seen), expected, "{protocol}");
        assert_eq!(seen.report.websocket.without_call, 0, "{protocol}");
        let headers = &seen.said[0].request.as_ref().unwrap().headers;
        assert_eq!((headers.text("authorization"), headers.text("x-api-key")), (Some("Bearer tok-1"), Some("k1")));
        let claimed = ["x-forwarded-user", "x-consumer-username"].iter().any(|name| headers.get(name).is_some());
        assert!(!claimed, "nobody says of itself what a gateway would");
        assert_eq!(headers.all("authorization").count(), 1);
    }
}

#[test]
fn an_answer_in_parts_is_one() {
    let seen = spoken(
        "",
        GRAPHQL,
        &[
            r#"> {"id":"1","type":"subscribe","payload":{"query":"{ order { id } slow { id } lost { id } }"}}"#,
            r#"< {"id":"1","type":"next","payload":{"data":{"order":{"id":"o1"}},"hasNext":true}}"#,
            r#"< {"id":"1","type":"next","payload":{"incremental":[{"path":[],"data":{"slow":{"id":"s1"}}},{"path":["order"],"data":{"total":7}}],"hasNext":true}}"#,
            r#"< {"id":"1","type":"next","payload":{"hasNext":false}}"#,
            r#"< {"id":"1","type":"complete"}"#,
        ],
    );
    let expected = [
        r#"graphql query order accepted {} > {"id":"o1","total":7}"#,
        r#"graphql query slow accepted {} > {"id":"s1"}"#,
        "graphql query lost unknown {} > -",
    ];
    assert_eq!(all(&seen), expected);
}

#[test]
fn messages_that_say_what_they_are_are_calls_and_an_order_is_no_answer() {
    let seen = spoken(
        "",
        "",
        &[
            r#"> {"type":"order.create","requestId":"r1","order":{"sku":"a"}}"#,
            r#"> {"action":"order.pay","id":7}"#,
            r#"> {"op":"cancel","id":8}"#,
            r#"> {"type":"ping"}"#,
            r#"> {"lat":1.5,"lon":2}"#,
            "> hello",
            r#"< {"type":"order.changed","id":7,"state":"open"}"#,
            r#"< {"requestId":"r1","order":{"id":"o1"}}"#,
            r#"< {"type":"error","id":8,"code":"TOO_LATE"}"#,
            r#"< {"type":"pong"}"#,
        ],
    );
    let expected = [
        r#"websocket message order.create accepted {"type":"order.create","requestId":"r1","order":{"sku":"a"}} > {"requestId":"r1","order":{"id":"o1"}}"#,
        r#"websocket message order.pay unknown {"action":"order.pay","id":7} > -"#,
        r#"websocket message cancel failed(TOO_LATE) {"op":"cancel","id":8} > {"type":"error","id":8,"code":"TOO_LATE"}"#,
    ];
    assert_eq!(all(&seen), expected);
    let counts = seen.report.websocket;
    assert_eq!((counts.calls, counts.without_call), (3, 3), "a place, a text, a push");
}

#[test]
fn ids_that_come_twice_are_answered_in_order_and_a_stranger_answers_nothing() {
    let mut lines = Vec::new();
    lines.extend([r#"> {"jsonrpc":"2.0","id":1,"method":"first"}"#, r#"> {"jsonrpc":"2.0","id":1,"method":"second"}"#]);
    lines.extend([r#"< {"jsonrpc":"2.0","id":99,"result":"stray"}"#, r#"< {"jsonrpc":"2.0","id":1,"result":"a"}"#]);
    lines.extend([r#"< {"jsonrpc":"2.0","id":1,"error":{"code":5}}"#, r#"< {"jsonrpc":"2.0","id":1,"result":"late"}"#]);
    // What a client says is no answer to itself.
    lines.extend([r#"> {"jsonrpc":"2.0","id":2,"method":"third"}"#, r#"> {"jsonrpc":"2.0","id":2,"result":{}}"#]);
    let seen = spoken("", "", &lines);
    let expected = [
        r#"jsonrpc method first accepted {} > "a""#,
        "jsonrpc method second failed(5) {} > -",
        "jsonrpc method third unknown {} > -",
    ];
    assert_eq!(all(&seen), expected);
    let unanswered = seen.said.iter().find(|exchange| exchange.response.is_none()).unwrap();
    assert_eq!(unanswered.incomplete.iter().map(|reason| reason.as_str()).collect::<Vec<_>>(), ["no_response"]);
}

#[test]
fn an_agent_works_over_a_websocket() {
    let seen = spoken(
        "",
        "Sec-WebSocket-Protocol: mcp\r\n",
        &[
            r#"> {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"refund","arguments":{"order":"o1"}}}"#,
            r#"< {"jsonrpc":"2.0","id":50,"method":"elicitation/create","params":{}}"#,
            r#"> {"jsonrpc":"2.0","id":50,"result":{"action":"accept","content":{}}}"#,
            r#"< {"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":true}}"#,
        ],
    );
    let expected = [
        r#"mcp tool refund failed(isError) {"order":"o1"} > {"content":[],"isError":true}"#,
        r#"mcp answer elicitation unknown {"action":"accept","content":{}} > -"#,
    ];
    assert_eq!(all(&seen), expected);
}

#[test]
fn what_waits_is_bounded_and_nothing_is_lost() {
    let mut talk = open("", "");
    talk.mss = 60_000;
    for id in 0..5_000 {
        say(&mut talk, Client, &format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m","params":[{id}]}}"#));
    }
    // The first has been given up, the last has not.
    say(&mut talk, Server, r#"{"jsonrpc":"2.0","id":0,"result":0}"#);
    say(&mut talk, Server, r#"{"jsonrpc":"2.0","id":4999,"result":0}"#);
    let seen = talk.close().read();
    assert_eq!(seen.said.len(), 5_000);
    let answered: Vec<_> = seen.said.iter().filter(|exchange| exchange.response.is_some()).flat_map(told).collect();
    assert_eq!(answered, ["jsonrpc method m accepted [4999] > 0"]);
    let counts = seen.report.websocket;
    assert_eq!((counts.calls, counts.without_call), (5_000, 1));
}

#[test]
fn a_message_with_a_hole_is_not_read_as_whole() {
    let mut talk = open("", "");
    talk.mss = 40;
    say(
        &mut talk,
        Client,
        r#"{"jsonrpc":"2.0","id":1,"method":"orders.pay","params":{"note":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx HOLE xxxxxxxx"}}"#,
    );
    // Its last segments never came.
    let last = talk.segments.len() - 1;
    talk.drop_segment(last);
    let seen = talk.read();
    let found: Vec<_> = seen.said.iter().map(calls).collect();
    assert!(found.len() == 1 && !found[0].unseen.is_empty(), "{found:?}");
}

#[test]
fn what_is_called_shares_the_header_fields_of_who_opened() {
    let call = r#"> {"jsonrpc":"2.0","method":"log"}"#;
    let seen = spoken("Cookie: sid=abc\r\n", "", &[call, call]);
    let places = seen.said.iter().map(|e| e.request.as_ref().unwrap().headers.get("cookie").unwrap().as_ptr());
    let places: Vec<_> = places.collect();
    assert!(places.len() == 2 && places[0] == places[1]);
}

#[test]
fn who_says_time_and_again_who_it_is_is_known_a_while() {
    let line = |n: usize| format!(r#"> {{"type":"connection_init","payload":{{"authToken":"tok-{n}"}}}}"#);
    let lines: Vec<String> = (0..20)
        .flat_map(|n| [line(n), r#"> {"id":"1","type":"subscribe","payload":{"query":"{ me }"}}"#.to_owned()])
        .collect();
    let asked = "Cookie: sid=abc\r\nUser-Agent: app\r\n";
    let seen = spoken(asked, GRAPHQL, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    let fields = |name| seen.said.iter().map(move |e| e.request.as_ref().unwrap().headers.text(name));
    let tokens: Vec<_> = (0..16).map(|n| format!("Bearer tok-{n}")).collect();
    let expected = tokens.iter().map(|token| Some(token.as_str())).chain([None; 4]);
    assert!(fields("authorization").eq(expected), "the rest is asked for by nobody knows whom");
    assert!(fields("cookie").eq([Some("sid=abc"); 16].into_iter().chain([None; 4])));
    assert!(fields("user-agent").all(|agent| agent == Some("app")));
    let whole = seen.said.iter().map(|exchange| exchange.carries.request_headers);
    assert!(whole.eq((0..20).map(|n| n < 16)));
    assert_eq!(seen.report.websocket.without_call, 0);
    assert_eq!(seen.not_read(), [("websocket_identity", 1, 0)]);
}

#[test]
fn an_answer_of_json_rpc_without_its_version_is_one_and_answers_no_application() {
    let seen = spoken(
        "",
        "",
        &[
            r#"> {"jsonrpc":"2.0","id":1,"method":"pay"}"#,
            r#"> {"type":"order.pay","id":1}"#,
            r#"< {"id":1,"result":{"x":1}}"#,
            r#"< {"type":"ack","id":2}"#,
        ],
    );
    let said = all(&seen);
    assert_eq!(said[0], r#"jsonrpc method pay accepted {} > {"x":1}"#);
    assert!(seen.report.websocket.without_call == 1, "{said:?}");
}

#[test]
fn a_list_without_a_call_is_none() {
    let seen = spoken("", "", &[r#"> [{"error":"boom"}]"#, r#"> [{"jsonrpc":"2.0","id":1,"result":{}}]"#, "> [1]"]);
    assert_eq!((seen.said.len(), seen.report.websocket.calls, seen.report.websocket.without_call), (0, 0, 1));
}

#[test]
fn a_text_inside_of_a_payload_names_its_hash_as_well() {
    let text = "mutation { pay }";
    let hash: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    let ask = |id: u32, query: &str| {
        let data = format!(r#"{{{query}"extensions":{{"persistedQuery":{{"version":1,"sha256Hash":"{hash}"}}}}}}"#);
        let data = serde_json::Value::from(data);
        format!(r#"> {{"id":"{id}","type":"start","payload":{{"data":{data}}}}}"#)
    };
    let lines = [ask(1, &format!(r#""query":"{text}","#)), ask(2, "")];
    let seen = spoken("", "Sec-WebSocket-Protocol: graphql-ws\r\n", &lines.each_ref().map(String::as_str));
    let mut joins = Joins::new(1 << 20);
    let joined: Vec<Exchange> = seen.said.into_iter().flat_map(|exchange| joins.take(exchange)).collect();
    let told: Vec<String> = joined.iter().flat_map(told).collect();
    assert_eq!(told, ["graphql mutation pay unknown {} > -"; 2]);
}
