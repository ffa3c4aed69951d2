//! Calls inside bodies, from files to findings: a GraphQL shop and agents that work over MCP.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod hidden;
mod judged;
mod listed;
mod persons;
mod runs;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;

use serde_json::{Value, json};
use support::{archive, token};

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
        archive::write(file, &self.0)
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
