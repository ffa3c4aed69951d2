//! Shops and agents are judged by what they call.

use std::fs;

use serde_json::{Value, json};

use crate::support::archive::{check, told};
use crate::support::{code, counts, offpath, stderr, stdout, text};
use crate::{AGENTS, Archive, SHOP, create, ordinary, paid, pay, refund, ship};

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
    // The first of two calls of a batch.
    assert!(
        findings.iter().any(|f| f["rule"] == "SOD" && f["evidence"].to_string().contains(",call=0\"")),
        "{findings:?}"
    );
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
    let proven: Vec<Value> = findings.into_iter().filter(|f| counts(f) && text(f, "verdict") != "attempted").collect();
    assert_eq!(told(&proven), Vec::<String>::new(), "{said}");

    request(&mut desk, "bob", "ref_self", 900);
    step(&mut desk, "bob", "approve_refund", "ref_self", done());
    request(&mut desk, "bob", "ref_skip", 900);
    step(&mut desk, "bob", "execute_refund", "ref_skip", done());
    let abused = desk.write(&folder.path().join("abused.har"));
    let (findings, _, said) = check(folder.path(), AGENTS, &[&abused]);
    // That they go on with tokens of persons is told for review.
    let proven: Vec<Value> = findings.into_iter().filter(|f| counts(f) && text(f, "verdict") != "attempted").collect();
    assert_eq!(told(&proven), ["AP-MISSING refund:ref_skip", "AP-SELF refund:ref_self"], "{said}");
    assert!(proven.iter().all(|f| f["actor"]["agent"] == "desk-agent"), "{proven:?}");
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
