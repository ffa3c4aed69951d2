//! Calls on WebSockets, from files to findings: a desk that works over messages, and clients of GraphQL.

mod support;

use std::path::Path;

use serde_json::{Value, json};
use support::{archive, code, counts, offpath, stderr, stdout, text, token};

const DESK: &str = r#"offpath: 1
workflow: {id: desk, version: 1}
actors: {identify: [jwt.sub]}
objects:
  order: {key: [args.orderId, res.order.id, res.id]}
activities:
  create: {any: [{websocket: {message: order.create}}, {graphql: {mutation: createOrder}}], object: {order: [res.order.id, res.id]}}
  pay:    {any: [{websocket: {message: order.pay}}, {graphql: {mutation: payOrder}}], object: order}
  ship:   {any: [{websocket: {message: order.ship}}, {jsonrpc: {method: orders.ship}}], object: order, ok: "args.orderId != ''"}
lifecycles:
  order:
    states: {none: initial, new: {}, paid: {}, shipped: final}
    transitions:
      - {activity: create, from: none, to: new}
      - {activity: pay, from: new, to: paid}
      - {activity: ship, from: paid, to: shipped}
"#;

/// A WebSocket in an archive: one message a second.
struct Socket {
    asked: Vec<Value>,
    messages: Vec<Value>,
    start: u32,
}

impl Socket {
    fn open(who: Option<&str>, start: u32) -> Socket {
        let bearer = who.map(|who| format!("Bearer {}", token(&format!(r#"{{"sub":"{who}"}}"#))));
        let asked = bearer.map(|bearer| json!({"name": "Authorization", "value": bearer})).into_iter().collect();
        Socket { asked, messages: Vec::new(), start }
    }

    fn say(&mut self, kind: &str, message: &Value) {
        let time = 1_788_249_600.0 + f64::from(self.start) + self.messages.len() as f64;
        self.messages.push(json!({"type": kind, "time": time, "opcode": 1, "data": message.to_string()}));
    }

    fn ask(&mut self, message: Value) -> &mut Self {
        self.say("send", &message);
        self
    }

    fn answer(&mut self, message: Value) -> &mut Self {
        self.say("receive", &message);
        self
    }

    fn entry(&self) -> Value {
        let started = format!("2026-09-01T08:{:02}:{:02}.000Z", self.start / 60, self.start % 60);
        json!({"startedDateTime": started, "time": 20, "_resourceType": "websocket",
            "request": {"method": "GET", "url": "wss://desk.example/live", "httpVersion": "HTTP/1.1", "headers": self.asked},
            "response": {"status": 101, "headers": []}, "_webSocketMessages": self.messages})
    }
}

fn write(file: &Path, sockets: &[Socket]) -> String {
    archive::write(file, &sockets.iter().map(Socket::entry).collect::<Vec<_>>())
}

fn check(folder: &Path, input: &str) -> (Vec<Value>, Value, String) {
    archive::check(folder, DESK, &[input])
}

fn told(findings: &[Value]) -> Vec<String> {
    archive::told(findings.iter().filter(|finding| counts(finding)))
}

/// Orders over messages with ids to answer by, then over GraphQL and JSON-RPC, with much talk beside.
fn ordinary() -> Vec<Socket> {
    let mut desk = Socket::open(Some("anna"), 0);
    for n in 0..3 {
        let id = format!("ord_{n}");
        desk.ask(json!({"type": "order.create", "requestId": format!("c{n}"), "sku": "a"}));
        desk.ask(json!({"type": "ping"})).answer(json!({"type": "pong"}));
        desk.answer(json!({"requestId": format!("c{n}"), "order": {"id": id}}));
        // It is refused first.
        desk.ask(json!({"type": "order.ship", "requestId": "early", "orderId": id}));
        desk.answer(json!({"type": "error", "requestId": "early", "code": "NOT_PAID"}));
        desk.ask(json!({"type": "order.pay", "requestId": format!("p{n}"), "orderId": id}));
        desk.ask(json!({"type": "cursor.moved", "x": 1}));
        desk.answer(json!({"requestId": format!("p{n}"), "ok": true}));
        desk.ask(json!({"type": "order.ship", "orderId": id}));
        desk.answer(json!({"type": "order.changed", "orderId": id}));
    }
    let mut graphql = Socket::open(None, 600);
    graphql.ask(json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {}", token(r#"{"sub":"bob"}"#))}}));
    graphql.answer(json!({"type": "connection_ack"}));
    for n in 0..3 {
        let id = format!("gql_{n}");
        for (field, given) in [("createOrder", json!({"id": id})), ("payOrder", json!({"id": id}))] {
            let (call, query) =
                (format!("{field}-{n}"), format!("mutation($o: ID) {{ {field}(orderId: $o) {{ id }} }}"));
            graphql.ask(json!({"type": "subscribe", "id": call, "payload": {"query": query, "variables": {"o": id}}}));
            graphql.answer(json!({"type": "next", "id": call, "payload": {"data": {field: given}}}));
            graphql.answer(json!({"type": "complete", "id": call}));
        }
    }
    let mut rpc = Socket::open(Some("carl"), 1200);
    for n in 0..3 {
        rpc.ask(json!({"jsonrpc": "2.0", "id": n, "method": "orders.ship", "params": {"orderId": format!("gql_{n}")}}));
        rpc.answer(json!({"jsonrpc": "2.0", "id": n, "result": {}}));
    }
    vec![desk, graphql, rpc]
}

#[test]
fn steps_over_websockets_are_judged_with_their_actors() {
    let folder = tempfile::tempdir().unwrap();
    let benign = write(&folder.path().join("benign.har"), &ordinary());
    let (findings, summary, said) = check(folder.path(), &benign);
    assert_eq!(told(&findings), Vec::<String>::new(), "{said}");
    assert_eq!(
        (&summary["exchanges"], &summary["unmatched"]),
        (&json!(3), &json!(3)),
        "of the model's paths none opens a WebSocket"
    );
    let unmodelled = &summary["unmodelled"];
    let named: Vec<(&str, u64, u64)> = unmodelled["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| (text(o, "name"), o["calls"].as_u64().unwrap(), o["events"].as_u64().unwrap()))
        .collect();
    let others = [("GET /live", 3, 3), ("websocket message cursor.moved", 3, 0)];
    assert_eq!((named, &unmodelled["events"], &unmodelled["left_out"]), (others.into(), &json!(3), &json!(0)));
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(line.contains("3 messages on WebSockets are not of the model: websocket message cursor.moved 3"), "{said}");
    assert_eq!(summary["calls"], json!({"graphql": 6, "jsonrpc": 3, "websocket": 15}));
    assert_eq!((&summary["websocket"]["calls"], &summary["websocket"]["without_call"]), (&json!(24), &json!(3)));
    let operations = summary["operations"].as_array().unwrap();
    let of = |name: &str| {
        operations.iter().find(|o| o["name"] == name).map(|o| (o["exchanges"].clone(), o["accepted"].clone()))
    };
    assert_eq!(of("websocket message order.ship"), Some((json!(6), json!(3))));
    assert_eq!(of("graphql mutation payOrder"), Some((json!(3), json!(3))));

    let mut sockets = ordinary();
    let mut abuse = Socket::open(Some("mallory"), 1800);
    abuse.ask(json!({"type": "order.create", "requestId": "c", "sku": "a"}));
    abuse.answer(json!({"requestId": "c", "order": {"id": "ord_skip"}}));
    abuse.ask(json!({"type": "order.ship", "requestId": "s", "orderId": "ord_skip"}));
    abuse.answer(json!({"requestId": "s", "ok": true}));
    // An answer on another WebSocket answers nothing here.
    let mut other = Socket::open(Some("mallory"), 1900);
    other.answer(json!({"requestId": "s", "error": "no"}));
    sockets.extend([abuse, other]);
    let abused = write(&folder.path().join("abused.har"), &sockets);
    let (findings, _, said) = check(folder.path(), &abused);
    assert_eq!(told(&findings), ["SEQ-SKIP order:ord_skip"], "{said}");
    let skipped = findings.iter().find(|finding| counts(finding)).unwrap();
    assert_eq!((text(skipped, "verdict"), text(skipped, "activity")), ("accepted", "ship"));
    assert!(skipped.to_string().contains("mallory"), "{skipped}");
    let places: Vec<&str> =
        skipped["evidence"].as_array().unwrap().iter().map(|e| text(e, "origin").rsplit_once('#').unwrap().1).collect();
    assert_eq!(places, ["entry=3,message=0", "entry=3,message=1"]);
    assert!(said.contains("entry #3 (messages #0, #1)"), "{said}");
    let run = folder.path().join("run").display().to_string();
    for (what, format) in [(text(skipped, "id"), "human"), ("order:ord_skip", "csv")] {
        let shown = stdout(&offpath(&["show", what, "--run", &run, "--format", format]));
        assert!(shown.contains("entry=3,message=1"), "{shown}");
    }
    let listed = stdout(&offpath(&["exchanges", &abused, "--messages", "--format", "csv"]));
    assert!(listed.contains("abused.har#entry=3,message=1"), "{listed}");
}

#[test]
fn who_began_graphql_acts_and_no_credential_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut socket = Socket::open(None, 0);
    socket.ask(json!({"type": "connection_init", "payload": {"token": "opaque-credential-123456"}}));
    let query = "mutation { createOrder { id } }";
    socket.ask(json!({"type": "subscribe", "id": "1", "payload": {"query": query}}));
    socket.answer(json!({"type": "next", "id": "1", "payload": {"data": {"createOrder": {"id": "o1"}}}}));
    let input = write(&folder.path().join("one.har"), &[socket]);
    let output = offpath(&["inspect", &input, "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("createOrder") && stdout(&output).contains("unbound"), "{}", stdout(&output));
    let shown = [stdout(&output), stderr(&output)].concat();
    assert!(!shown.contains("opaque-credential"), "{shown}");
    let screen = stdout(&offpath(&["inspect", &input]));
    assert!(screen.contains("1 with calls") && !screen.contains("opaque-credential"), "{screen}");
}

#[test]
fn who_says_time_and_again_who_it_is_hides_no_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut socket = Socket::open(None, 0);
    for number in 0..17 {
        let bearer = token(&format!(r#"{{"sub":"user-{number}"}}"#));
        socket.ask(json!({"type": "connection_init", "payload": {"authToken": bearer}}));
    }
    for (id, field) in ["createOrder", "payOrder", "payOrder"].into_iter().enumerate() {
        let query = format!("mutation {{ {field}(orderId: \"o1\") {{ id }} }}");
        socket.ask(json!({"type": "subscribe", "id": id.to_string(), "payload": {"query": query}}));
        let data = json!({"data": {field: {"id": "o1"}}});
        socket.answer(json!({"type": "next", "id": id.to_string(), "payload": data}));
        socket.answer(json!({"type": "complete", "id": id.to_string()}));
    }
    let input = write(&folder.path().join("t.har"), &[socket]);
    let (findings, summary, said) = check(folder.path(), &input);
    assert_eq!(told(&findings), ["SEQ-REPEAT order:o1"], "{said}");
    assert!(!findings[0].to_string().contains("user-"), "{}", findings[0]);
    assert_eq!(summary["not_read"][0]["reason"], "websocket_identity");
    assert_eq!(summary["websocket"]["without_call"], 0);
    assert!(!said.contains("all that is in the input was read"), "{said}");
}

#[test]
fn an_unreadable_message_of_graphql_may_have_been_the_missing_step() {
    let folder = tempfile::tempdir().unwrap();
    let found = |query: &str| {
        let mut socket = Socket::open(Some("anna"), 0);
        socket.ask(json!({"type": "connection_init"}));
        let create = "mutation { createOrder { id } }";
        let data = json!({"data": {"createOrder": {"id": "o1"}}});
        socket.ask(json!({"type": "subscribe", "id": "1", "payload": {"query": create}}));
        socket.answer(json!({"type": "next", "id": "1", "payload": data}));
        socket.ask(json!({"type": "subscribe", "id": "2", "payload": {"query": query}}));
        socket.answer(json!({"type": "next", "id": "2", "payload": {"data": {"ping": 1}}}));
        socket.ask(json!({"jsonrpc": "2.0", "id": 3, "method": "orders.ship", "params": {"orderId": "o1"}}));
        socket.answer(json!({"jsonrpc": "2.0", "id": 3, "result": {}}));
        let input = write(&folder.path().join("t.har"), &[socket]);
        told(&check(folder.path(), &input).0)
    };
    assert_eq!(found("mutation { ping }"), ["SEQ-SKIP order:o1"]);
    assert_eq!(found("mutation { ping(x: %) }"), [""; 0]);
}
