//! Calls inside bodies, from files to findings: a GraphQL shop and agents that work over MCP.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::{code, lines, object, offpath, stderr, stdout, text, token};

const SHOP: &str = r#"offpath: 1
workflow: {id: shop, version: 1}
actors: {identify: [jwt.sub]}
objects:
  order:
    key: [args.orderId, args.input.orderId, res.id]
    state: res.state
  refund:
    key: [args.refundId, res.refund.id]
    parent: {order: args.orderId}
activities:
  create:  {graphql: {mutation: createOrder}, object: {order: res.id}}
  pay:     {graphql: {mutation: addPaymentToOrder}, object: order, ok: "res.__typename != 'PaymentDeclinedError'"}
  ship:    {graphql: {mutation: transitionOrderToState}, where: "args.state == 'Shipped'", object: order}
  view:    {graphql: {query: order}, object: order, read: true}
  request: {graphql: {mutation: requestRefund}, object: refund}
  approve: {graphql: {mutation: approveRefund}, object: refund}
lifecycles:
  order:
    states: {none: initial, New: {}, Paid: {}, Shipped: final}
    transitions:
      - {activity: create, from: none, to: New}
      - {activity: pay, from: New, to: Paid}
      - {activity: ship, from: Paid, to: Shipped}
  refund:
    states: {none: initial, requested: {}, approved: final}
    transitions:
      - {activity: request, from: none, to: requested}
      - {activity: approve, from: requested, to: approved}
constraints:
  - {id: two-people, distinct_persons: [request, approve], per: refund}
"#;

const AGENTS: &str = r#"offpath: 1
workflow: {id: refunds, version: 1}
actors: {identify: [jwt.sub], agent: [mcp.clientInfo.name]}
objects:
  refund:
    key: [mcp.args.refund_id, res.refund_id]
    attrs: {amount: args.amount}
activities:
  request: {any: [{mcp: {tool: request_refund}}, {http: POST /refunds}], object: {refund: [res.refund_id]}}
  approve: {mcp: {tool: approve_refund}, object: refund}
  execute: {mcp: {tool: execute_refund}, object: refund}
lifecycles:
  refund:
    states: {none: initial, requested: {}, approved: {}, executed: final}
    transitions:
      - {activity: request, from: none, to: requested}
      - {activity: approve, from: requested, to: approved}
      - {activity: execute, from: approved, to: executed}
      - {activity: execute, from: requested, to: executed, when: "refund.amount <= 50"}
constraints:
  - {id: approval, require: approve, before: execute, per: refund, if: "refund.amount > 50"}
  - {id: two-people, distinct_persons: [request, approve], per: refund}
"#;

/// An archive under construction: each request goes a second after the last.
#[derive(Default)]
struct Archive(Vec<Value>);

impl Archive {
    fn add(&mut self, who: &str, path: &str, sent: &Value, status: u16, kind: &str, answer: &str) {
        let n = self.0.len();
        let time = format!("2026-09-01T08:{:02}:{:02}.000Z", n / 60, n % 60);
        let bearer = format!("Bearer {}", token(&format!(r#"{{"sub":"{who}"}}"#)));
        self.0.push(json!({"startedDateTime": time, "time": 20,
            "request": {"method": "POST", "url": format!("https://api.example{path}"), "httpVersion": "HTTP/1.1",
                "headers": [{"name": "Authorization", "value": bearer}, {"name": "Content-Type", "value": "application/json"}],
                "queryString": [], "cookies": [], "headersSize": -1, "bodySize": -1,
                "postData": {"mimeType": "application/json", "text": sent.to_string()}},
            "response": {"status": status, "statusText": "", "httpVersion": "HTTP/1.1",
                "headers": [{"name": "Content-Type", "value": kind}],
                "cookies": [], "redirectURL": "", "headersSize": -1, "bodySize": -1,
                "content": {"size": answer.len(), "mimeType": kind, "text": answer}},
            "cache": {}, "timings": {"send": 1, "wait": 18, "receive": 1}}));
    }

    fn graphql(&mut self, who: &str, query: &str, variables: Value, answer: Value) {
        let sent = json!({"operationName": "Op", "query": query, "variables": variables});
        self.add(who, "/shop-api", &sent, 200, "application/json", &answer.to_string());
    }

    /// A tool's call; answers come in turn as JSON and on a stream.
    fn tool(&mut self, who: &str, tool: &str, arguments: Value, result: Value) {
        let id = self.0.len();
        let sent = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": {"name": tool, "arguments": arguments, "_meta": {"io.modelcontextprotocol/clientInfo": {"name": "desk-agent"}}}});
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
        match id % 2 {
            0 => self.add(who, "/mcp", &sent, 200, "application/json", &answer),
            _ => self.add(who, "/mcp", &sent, 200, "text/event-stream", &format!(
                "event: message\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{{}}}}\n\ndata: {answer}\n\n"
            )),
        }
    }

    fn write(&self, file: &Path) -> String {
        let log = json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": self.0}});
        fs::write(file, log.to_string()).unwrap();
        file.display().to_string()
    }
}

fn create(shop: &mut Archive, who: &str, id: &str) {
    let answer = json!({"data": {"createOrder": {"id": id, "state": "New"}}});
    shop.graphql(who, "mutation Op { createOrder { id state } }", json!({}), answer);
}

fn pay(shop: &mut Archive, who: &str, id: &str, result: Value) {
    let query = "mutation Op($o: ID!) { done: addPaymentToOrder(input: {orderId: $o, method: CARD}) { ...F } } fragment F on Order { id state __typename }";
    shop.graphql(who, query, json!({"o": id}), json!({"data": {"done": result}}));
}

fn paid(id: &str) -> Value {
    json!({"__typename": "Order", "id": id, "state": "Paid"})
}

fn ship(shop: &mut Archive, id: &str, accepted: bool) {
    let query = "mutation Op($id: ID!, $state: String = \"Shipped\") { transitionOrderToState(orderId: $id, state: $state) { id state } }";
    let answer = if accepted {
        json!({"data": {"transitionOrderToState": {"id": id, "state": "Shipped"}}})
    } else {
        json!({"data": {"transitionOrderToState": null}, "errors": [{"message": "no", "path": ["transitionOrderToState"]}]})
    };
    shop.graphql("store", query, json!({"id": id}), answer);
}

/// Orders that are paid and shipped, with refunds that one asks for and another grants.
fn ordinary(shop: &mut Archive) {
    for n in 0..6 {
        let id = format!("ord_{n}");
        create(shop, "anna", &id);
        // It is declined first, with 200 and data; a call that failed has 200 too.
        pay(shop, "anna", &id, json!({"__typename": "PaymentDeclinedError"}));
        pay(shop, "anna", &id, paid(&id));
        ship(shop, &id, false);
        shop.graphql(
            "anna",
            "query Op($id: ID!) { a: order(orderId: $id) { id state } b: order(orderId: \"ord_0\") { id } }",
            json!({"id": id}),
            json!({"data": {"a": {"id": id, "state": "Paid"}, "b": {"id": "ord_0"}}}),
        );
        ship(shop, &id, true);
        refund(shop, &id, &format!("ref_{n}"), "anna", "boss");
    }
}

fn refund(shop: &mut Archive, order: &str, refund: &str, asks: &str, grants: &str) {
    shop.graphql(
        asks,
        "mutation Op($o: ID!) { requestRefund(orderId: $o) { refund { id } } }",
        json!({"o": order}),
        json!({"data": {"requestRefund": {"refund": {"id": refund}}}}),
    );
    // Two operations in one request; the second one fails, though the first does not.
    let batch = json!([
        {"query": "mutation($r: ID!) { approveRefund(refundId: $r) { refund { id } } }", "variables": {"r": refund}},
        {"query": "mutation { approveRefund(refundId: \"ref_none\") { refund { id } } }"},
    ]);
    let answer = json!([{"data": {"approveRefund": {"refund": {"id": refund}}}}, {"errors": [{"message": "none"}], "data": null}]);
    shop.add(grants, "/shop-api", &batch, 200, "application/json", &answer.to_string());
}

fn check(folder: &Path, model: &str, inputs: &[&str]) -> (Vec<Value>, Value, String) {
    let model_file = folder.join("model.yaml");
    fs::write(&model_file, model).unwrap();
    let run = folder.join("run");
    let mut args = vec!["check"];
    args.extend(inputs);
    let (model_file, run_name) = (model_file.display().to_string(), run.display().to_string());
    args.extend(["--model", &model_file, "-o", &run_name, "--force", "--exit-zero"]);
    let output = offpath(&args);
    assert!(matches!(code(&output), 0 | 4), "{}", stderr(&output));
    let summary: Value = serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
    (lines(&run.join("findings.jsonl")), summary, stderr(&output))
}

/// `RULE object` of each finding, sorted.
fn told(findings: &[Value]) -> Vec<String> {
    let mut told: Vec<String> = findings.iter().map(|f| format!("{} {}", text(f, "rule"), object(f))).collect();
    told.sort();
    told
}

#[test]
fn a_graphql_shop_is_judged_by_its_fields() {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Archive::default();
    ordinary(&mut shop);
    let benign = shop.write(&folder.path().join("benign.har"));
    let (findings, summary, said) = check(folder.path(), SHOP, &[&benign]);
    assert_eq!(told(&findings), Vec::<String>::new(), "{said}");
    assert_eq!(summary["exchanges"], 48);
    let operations = summary["operations"].as_array().unwrap();
    let of = |name: &str| {
        operations.iter().filter(|o| o["name"] == name).map(|o| o["exchanges"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(
        (of("graphql mutation addPaymentToOrder"), of("graphql query order"), of("graphql mutation approveRefund")),
        (12, 12, 12)
    );
    assert_eq!(summary["unmatched"], 0);
    assert_eq!(summary["calls"], json!({"graphql": 60}));

    create(&mut shop, "bob", "ord_skip");
    ship(&mut shop, "ord_skip", true);
    create(&mut shop, "bob", "ord_self");
    pay(&mut shop, "bob", "ord_self", paid("ord_self"));
    refund(&mut shop, "ord_self", "ref_self", "bob", "bob");
    let abused = shop.write(&folder.path().join("abused.har"));
    let (findings, _, said) = check(folder.path(), SHOP, &[&abused]);
    assert_eq!(told(&findings), ["SEQ-SKIP order:ord_skip", "SOD refund:ref_self"], "{said}");
    let skipped = findings.iter().find(|f| f["rule"] == "SEQ-SKIP").unwrap();
    assert_eq!((text(skipped, "verdict"), text(skipped, "activity")), ("proven", "ship"));
}

#[test]
fn agents_are_judged_by_their_tools() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Archive::default();
    let request = |desk: &mut Archive, who: &str, id: &str, amount: u64| {
        let given = json!({"content": [{"type": "text", "text": json!({"refund_id": id}).to_string()}]});
        desk.tool(who, "request_refund", json!({"order_id": "o1", "amount": amount}), given);
    };
    let step = |desk: &mut Archive, who: &str, tool: &str, id: &str, result: Value| {
        desk.tool(who, tool, json!({"refund_id": id}), result);
    };
    let done = || json!({"content": [], "isError": false});
    for n in 0..6 {
        let id = format!("ref_{n}");
        request(&mut desk, "anna", &id, if n % 2 == 0 { 20 } else { 900 });
        // What fails or waits for a person has not been done.
        step(&mut desk, "anna", "approve_refund", &id, json!({"content": [], "isError": true}));
        step(&mut desk, "anna", "execute_refund", &id, json!({"resultType": "input_required", "inputRequests": {}}));
        if n % 2 == 1 {
            step(&mut desk, "boss", "approve_refund", &id, done());
        }
        step(&mut desk, "anna", "execute_refund", &id, done());
    }
    let benign = desk.write(&folder.path().join("benign.har"));
    let (findings, _, said) = check(folder.path(), AGENTS, &[&benign]);
    let proven: Vec<Value> = findings.into_iter().filter(|f| text(f, "verdict") != "attempted").collect();
    assert_eq!(told(&proven), Vec::<String>::new(), "{said}");

    request(&mut desk, "bob", "ref_self", 900);
    step(&mut desk, "bob", "approve_refund", "ref_self", done());
    request(&mut desk, "bob", "ref_skip", 900);
    step(&mut desk, "bob", "execute_refund", "ref_skip", done());
    let abused = desk.write(&folder.path().join("abused.har"));
    let (findings, _, said) = check(folder.path(), AGENTS, &[&abused]);
    let proven: Vec<Value> = findings.into_iter().filter(|f| text(f, "verdict") != "attempted").collect();
    assert_eq!(told(&proven), ["AP-MISSING refund:ref_skip", "AP-SELF refund:ref_self"], "{said}");
    assert!(proven.iter().all(|f| f["actor"]["agent"] == "desk-agent"), "{proven:?}");
}

#[test]
fn a_log_without_bodies_decides_nothing_about_calls() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let line = |n: u32| {
        format!("10.0.0.1 - anna [01/Sep/2026:08:00:{n:02} +0000] \"POST /shop-api HTTP/1.1\" 200 5 \"-\" \"x\"\n")
    };
    fs::write(&log, (0..9).map(line).collect::<String>()).unwrap();
    let (findings, summary, said) = check(folder.path(), SHOP, &[log.to_str().unwrap()]);
    assert!(findings.is_empty());
    for rule in ["SEQ-SKIP", "SOD"] {
        let status = summary["rules"].as_array().unwrap().iter().find(|r| r["id"] == rule).unwrap();
        assert!(text(status, "not_evaluated").contains("no bodies, which hold the calls"), "{status} {said}");
    }
}

#[test]
fn a_hidden_body_may_have_been_the_missing_step() {
    const MIXED: &str = r#"offpath: 1
workflow: {id: mixed, version: 1}
objects:
  order: {key: [path.order, args.orderId]}
activities:
  create: {http: "PUT /orders/{order}", object: order}
  pay:    {graphql: {mutation: pay}, object: order}
  ship:   {http: "POST /orders/{order}/ship", object: order}
lifecycles:
  order:
    states: {none: initial, new: {}, paid: {}, shipped: final}
    transitions:
      - {activity: create, from: none, to: new}
      - {activity: pay, from: new, to: paid}
      - {activity: ship, from: paid, to: shipped}
"#;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let written = |between: &str| {
        let calls = ["PUT /orders/ord_1", between, "POST /orders/ord_1/ship"];
        let lines = (0..).zip(calls).map(|(n, call)| {
            format!("10.0.0.1 - anna [01/Sep/2026:08:0{n}:00 +0000] \"{call} HTTP/1.1\" 200 5 \"-\" \"x\"\n")
        });
        fs::write(&log, lines.collect::<String>()).unwrap();
        check(folder.path(), MIXED, &[log.to_str().unwrap()])
    };
    let (findings, _, said) = written("GET /health");
    assert_eq!(told(&findings), ["SEQ-SKIP order:ord_1"], "{said}");
    let (findings, summary, said) = written("POST /graphql");
    assert_eq!(told(&findings), Vec::<String>::new(), "{said}");
    let rule = summary["rules"].as_array().unwrap().iter().find(|r| r["id"] == "SEQ-SKIP").unwrap();
    assert!(rule.to_string().contains("no bodies, which hold the calls"), "{rule}");
}

#[test]
fn a_log_that_writes_the_headers_names_the_tools() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("gateway.jsonl");
    let line = |n: u32, tool: &str, status: u16| {
        json!({"time": format!("2026-09-01T08:00:{n:02}Z"), "method": "POST", "path": "/mcp", "status": status, "user": "anna",
            "headers": {"mcp-method": "tools/call", "mcp-name": tool}}).to_string() + "\n"
    };
    fs::write(
        &log,
        (0..6).map(|n| line(n, "request_refund", 200)).collect::<String>() + &line(9, "execute_refund", 403),
    )
    .unwrap();
    let output = offpath(&["exchanges", log.to_str().unwrap(), "-q"]);
    let first: Value = serde_json::from_str(stdout(&output).lines().next().unwrap()).unwrap();
    assert_eq!(first["calls"][0]["operation"], "mcp tool request_refund");
    let (_, summary, said) = check(folder.path(), AGENTS, &[log.to_str().unwrap()]);
    let names: Vec<&str> = summary["operations"].as_array().unwrap().iter().map(|o| text(o, "name")).collect();
    assert_eq!(names, ["mcp tool request_refund", "mcp tool execute_refund"], "{said}");
}

#[test]
fn a_draft_names_the_calls() {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Archive::default();
    ordinary(&mut shop);
    let traffic = shop.write(&folder.path().join("shop.har"));
    let draft = folder.path().join("draft.yaml");
    let output = offpath(&["mine", &traffic, "-o", draft.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let written = fs::read_to_string(&draft).unwrap();
    for wanted in [
        "graphql: {mutation: addPaymentToOrder}, object: ",
        "graphql: {mutation: createOrder}",
        "graphql: {query: order}",
    ] {
        assert!(written.contains(wanted), "{wanted} is not in\n{written}");
    }
    let (findings, _, said) = check(folder.path(), &written, &[&traffic]);
    assert_eq!(told(&findings), Vec::<String>::new(), "{said}\n{written}");
}

#[test]
fn exchanges_show_calls_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Archive::default();
    refund(&mut shop, "o1", "r1", "anna", "boss");
    let traffic = shop.write(&folder.path().join("shop.har"));
    let output = offpath(&["exchanges", &traffic, "-q"]);
    let records: Vec<Value> = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        records[0]["calls"],
        json!([{"operation": "graphql mutation requestRefund", "id": null, "sender": "client", "outcome": "accepted", "code": null}])
    );
    let outcomes: Vec<&str> =
        records[1]["calls"].as_array().unwrap().iter().map(|call| text(call, "outcome")).collect();
    assert_eq!((outcomes, &records[1]["calls_unseen"]), (vec!["accepted", "failed"], &json!([])));
    let output = offpath(&["exchanges", &traffic, "-q", "--format", "csv", "--filter", "call:*approve*"]);
    let csv = stdout(&output);
    assert!(csv.lines().count() == 2 && csv.contains(r#"""operation"":""graphql mutation approveRefund"""#), "{csv}");
}

/// One order that is approved, then paid; GraphQL and JSON-RPC.
const STEPS: &str = r#"offpath: 1
workflow: {id: steps, version: 1}
actors: {identify: [jwt.sub]}
objects:
  order: {key: [args.order, res.id]}
activities:
  create:  {any: [{graphql: {mutation: createOrder}}, {jsonrpc: {method: order.create}}], object: {order: [res.id]}}
  approve: {any: [{graphql: {mutation: approve}}, {jsonrpc: {method: order.approve}}], object: order}
  pay:     {any: [{graphql: {mutation: pay}}, {jsonrpc: {method: order.pay}}], object: order}
lifecycles:
  order:
    states: {none: initial, new: {}, approved: {}, paid: final}
    transitions:
      - {activity: create, from: none, to: new}
      - {activity: approve, from: new, to: approved}
      - {activity: pay, from: approved, to: paid}
"#;

#[test]
fn fields_of_a_mutation_are_steps_one_after_the_other() {
    let found = |query: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut shop = Archive::default();
        let created = json!({"data": {"createOrder": {"id": "o1"}}});
        shop.graphql("ann", "mutation Op { createOrder { id } }", json!({}), created);
        let gives = json!({"id": "o1"});
        let answer = json!({"data": {"pay": gives, "approve": gives, "a": gives, "b": gives}});
        let sent = json!({"query": query, "variables": {}});
        shop.add("ann", "/shop-api", &sent, 200, "application/json", &answer.to_string());
        let traffic = shop.write(&folder.path().join("t.har"));
        told(&check(folder.path(), STEPS, &[&traffic]).0)
    };
    let [approve, pay] = ["approve", "pay"].map(|name| format!("{name}(order: \"o1\") {{ id }}"));
    assert_eq!(found(&format!("mutation {{ {approve} {pay} }}")), [""; 0]);
    assert_eq!(found(&format!("mutation {{ {pay} {approve} }}")), ["SEQ-ORDER order:o1"]);
    assert_eq!(found(&format!("mutation {{ {approve} a: {pay} b: {pay} }}")), ["SEQ-REPEAT order:o1"]);
}

#[test]
fn calls_of_a_json_rpc_batch_have_no_order() {
    let found = |methods: [&str; 2]| {
        let folder = tempfile::tempdir().unwrap();
        let mut shop = Archive::default();
        let call =
            |id: usize, method: &str| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": {"order": "o1"}});
        let answer = |id: usize| json!({"jsonrpc": "2.0", "id": id, "result": {"id": "o1"}});
        shop.add("ann", "/rpc", &call(1, "order.create"), 200, "application/json", &answer(1).to_string());
        let batch = json!([call(1, methods[0]), call(2, methods[1])]);
        shop.add("ann", "/rpc", &batch, 200, "application/json", &json!([answer(1), answer(2)]).to_string());
        let traffic = shop.write(&folder.path().join("t.har"));
        told(&check(folder.path(), STEPS, &[&traffic]).0)
    };
    assert_eq!(found(["order.approve", "order.pay"]), [""; 0]);
    assert_eq!(found(["order.pay", "order.approve"]), [""; 0], "the server may have taken them in either order");
}

#[test]
fn what_is_too_much_for_one_exchange_is_said() {
    let run = |fields: usize| {
        let folder = tempfile::tempdir().unwrap();
        let mut shop = Archive::default();
        create(&mut shop, "anna", "o1");
        let fields: String = (0..fields).map(|n| format!("a{n}: ping ")).collect();
        shop.graphql("anna", &format!("mutation Op {{ {fields} }}"), json!({}), json!({"data": {"a0": true}}));
        ship(&mut shop, "o1", true);
        let traffic = shop.write(&folder.path().join("t.har"));
        let model = folder.path().join("model.yaml");
        fs::write(&model, SHOP).unwrap();
        let out = folder.path().join("run");
        let [model, out_name] = [&model, &out].map(|path| path.to_str().unwrap());
        let output = offpath(&["check", &traffic, "--model", model, "-o", out_name, "--exit-zero"]);
        let summary: Value = serde_json::from_str(&fs::read_to_string(out.join("run.json")).unwrap()).unwrap();
        (code(&output), told(&lines(&out.join("findings.jsonl"))), summary["limits"].to_string())
    };
    assert_eq!(run(200), (0, vec!["SEQ-SKIP order:o1".to_owned()], "[]".to_owned()));
    let (code, found, limits) = run(300);
    assert_eq!((code, found), (3, Vec::new()), "the payment may be among what was not read");
    assert!(limits.contains("1 exchange asks for more calls or elements"), "{limits}");
}

#[test]
fn much_that_a_server_tells_leaves_the_rules_judging() {
    let found = |notices: usize, on: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut desk = Archive::default();
        let mut tool = |name: &str, arguments: Value, result: Value| {
            let id = desk.0.len();
            let sent = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": name, "arguments": arguments}});
            let told = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}});
            let notices = if name == on { notices } else { 0 };
            let answer = json!({"jsonrpc": "2.0", "id": id, "result": {"structuredContent": result}});
            let stream: String =
                vec![told; notices].iter().chain([&answer]).map(|e| format!("data: {e}\n\n")).collect();
            desk.add("anna", "/mcp", &sent, 200, "text/event-stream", &stream);
        };
        tool("request_refund", json!({"amount": 90}), json!({"refund_id": "r1"}));
        tool("search_orders", json!({"q": "x"}), json!({}));
        tool("execute_refund", json!({"refund_id": "r1"}), json!({}));
        let traffic = desk.write(&folder.path().join("t.har"));
        told(&check(folder.path(), AGENTS, &[&traffic]).0)
    };
    for (notices, on) in [(3, "search_orders"), (300, "search_orders"), (1100, "execute_refund")] {
        assert_eq!(found(notices, on), ["AP-MISSING refund:r1"], "{notices} {on}");
    }
}

/// An order that is made and shipped, with one request between.
fn between(path: &str, sent: &Value, answer: &Value, ships: bool) -> (Vec<String>, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Archive::default();
    create(&mut shop, "anna", "o1");
    shop.add("anna", path, sent, 200, "application/json", &answer.to_string());
    if ships {
        ship(&mut shop, "o1", true);
    }
    let traffic = shop.write(&folder.path().join("t.har"));
    let (findings, summary, _) = check(folder.path(), SHOP, &[&traffic]);
    let rule = summary["rules"].as_array().unwrap().iter().find(|r| r["id"] == "SEQ-SKIP").unwrap();
    (told(&findings), rule.to_string())
}

#[test]
fn a_document_that_nobody_could_read_may_have_been_the_missing_step() {
    for path in ["/graphql", "/shop-api"] {
        let sent = |query: &str| json!({"operationName": "Op", "query": query, "variables": {}});
        let data = json!({"data": {"ping": true}});
        let (found, _) = between(path, &sent("mutation Op { ping }"), &data, true);
        assert_eq!(found, ["SEQ-SKIP order:o1"]);
        let (found, rule) = between(path, &sent("mutation Op { ping(x: %) }"), &data, true);
        assert!(found.is_empty() && rule.contains("bodies, which hold the calls"), "{found:?} {rule}");
    }
}

#[test]
fn a_query_that_goes_by_its_hash_alone_may_have_been_the_missing_step() {
    let hash = |member: &str| json!({"variables": {}, "extensions": {"persistedQuery": {member: "5d41402abc4b2a76b9719d911017c592"}}});
    let done = json!({"data": {"x": {"id": "o1"}}});
    let (found, rule) = between("/graphql", &hash("sha256Hash"), &done, true);
    assert!(found.is_empty() && rule.contains("bodies, which hold the calls"), "{found:?} {rule}");
    // The server does not know it either: nothing was done.
    let unknown = json!({"errors": [{"message": "PersistedQueryNotFound"}]});
    assert_eq!(between("/graphql", &hash("sha256Hash"), &unknown, true).0, ["SEQ-SKIP order:o1"]);
    assert_eq!(between("/graphql", &hash("other"), &done, true).0, ["SEQ-SKIP order:o1"], "no query");
}

#[test]
fn a_step_is_found_however_it_is_wrapped() {
    let ships = r#"transitionOrderToState(orderId: "o1", state: "Shipped")"#;
    let answer = json!({"data": {"transitionOrderToState": {"id": "o1", "state": "Shipped"}}});
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    let chain: String = (0..40).map(|n| format!("fragment A{n} on M {{ ...A{} }} ", n + 1)).collect();
    let queries = [
        format!("mutation Op {{ {ships} }}"),
        format!("mutation Op {{ ...A0 }} {chain} fragment A40 on M {{ {ships} }}"),
        format!(r#""what it does" mutation Op {{ {ships} }}"#),
        format!("mutation Op {{ {}, m: {deep}) }}", ships.trim_end_matches(')')),
    ];
    for query in queries {
        let sent = json!({"operationName": "Op", "query": query, "variables": {}});
        assert_eq!(between("/shop-api", &sent, &answer, false).0, ["SEQ-SKIP order:o1"], "{query}");
    }
    let encoded = ships.replace(' ', "%20").replace('"', "%22");
    let path = format!("/shop-api?query=mutation%7B{encoded}%7D");
    assert_eq!(between(&path, &json!({}), &answer, false).0, ["SEQ-SKIP order:o1"]);
    let (found, _) = between("/shop-api", &json!({"query": "{ ping }", "variables": {}}), &json!({"data": {}}), false);
    assert_eq!(found, [""; 0]);
}

#[test]
fn secrets_in_a_url_and_numbers_in_names_are_in_no_list_of_exchanges() {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Archive::default();
    let url = "/shop-api?query=%7Border(orderId%3A%22o1%22%2Cpassword%3A%22hunter2secret%22)%7Bid%7D%7D&variables=%7B%22password%22%3A%22hunter3secret%22%7D";
    shop.add("anna", url, &json!({}), 200, "application/json", r#"{"data":{"order":{"id":"o1"}}}"#);
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "pay_4111111111111111", "params": {}});
    shop.add("anna", "/rpc", &call, 200, "application/json", r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    let traffic = shop.write(&folder.path().join("t.har"));
    for level in ["mask", "hash", "keep"] {
        for format in ["jsonl", "csv"] {
            let output = offpath(&["exchanges", &traffic, "-q", "--redact", level, "--format", format]);
            let shown = stdout(&output);
            assert!(
                shown.contains("graphql query order") && shown.contains("pay_[card#"),
                "{shown}{}",
                stderr(&output)
            );
            assert!(!shown.contains("hunter") && !shown.contains("4111111111111111"), "{level} {format} {shown}");
        }
    }
}
