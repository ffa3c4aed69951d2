//! Calls inside bodies: one exchange, several events.

use std::sync::Arc;

use offpath_capture::Body;

use super::{Made, key, made, resolved};
use crate::correlate::{Extracted, Extractor, Inspection, Why};
use crate::event::{Outcome, Value};
use crate::model::Model;

const MODEL: &str = r#"
offpath: 1
workflow: {id: shop, version: 1}
actors: {agent: [mcp.clientInfo.name]}
objects:
  order: {key: [args.id, req.orderId, res.id], state: res.state, attrs: {total: args.total}}
activities:
  create: {graphql: {mutation: createOrder}, object: {order: res.id}}
  pay: {any: [{graphql: {mutation: pay}}, {http: POST /pay}], object: order, attrs: {amount: req.amount}}
  close: {graphql: {mutation: setState}, where: "args.state == 'closed'", object: order}
  job: {jsonrpc: {method: job.run}, object: order}
  whole: {http: POST /rpc, where: "req.method == 'old'"}
  refund: {mcp: {tool: refund}, object: {order: mcp.args.id}, idempotency: header.idempotency-key}
  confirm: {mcp: {input_response: sure}, where: "args.action == 'accept'"}
  ask: {a2a: {method: message/send}, where: "mcp.tool == null"}
"#;

fn extracted(exchange: &Made) -> Extracted {
    let (model, _) = Model::read("model.yaml", MODEL).unwrap();
    Extractor::new(Some(Arc::new(model)), key()).extract(&exchange.0)
}

/// `activity object outcome` of each event.
fn told(extracted: &Extracted) -> Vec<String> {
    let told = extracted.events.iter().map(|event| {
        let object = event.objects.first().map(|o| o.id.key.to_string()).unwrap_or_default();
        format!("{} {object} {}", event.activity.as_deref().unwrap_or("-"), event.outcome.as_str())
    });
    told.collect()
}

fn graphql(query: &str, answer: &str) -> Made {
    made("POST", "/graphql").json(&serde_json::json!({"query": query}).to_string()).answers(200, answer)
}

#[test]
fn each_call_is_an_event_of_its_own() {
    let exchange = graphql(
        "mutation { a: pay(id: 1, amount: 5) { id } b: pay(id: 2, amount: 6) { id } createOrder { id } other(id: 3) { id } }",
        r#"{"data":{"a":{"id":1,"state":"paid"},"b":null,"createOrder":{"id":9,"state":"new"},"other":{"id":3}},"errors":[{"path":["b"]}]}"#,
    );
    let found = extracted(&exchange);
    assert_eq!(told(&found), ["pay 1 accepted", "pay 2 rejected", "create 9 accepted", "-  accepted"]);
    assert_eq!(found.calls, [0, 1, 2, 3]);
    let mut seen = Inspection::new();
    seen.add("http1", &found);
    let beyond: Vec<_> = seen.unmodelled().into_iter().map(|call| (call.name, call.why, call.events)).collect();
    assert_eq!(beyond, [("graphql mutation other".into(), Why::NotNamed, 1)]);
    let events = &found.events;
    assert_eq!(events[0].operation.as_deref(), Some("graphql mutation pay"));
    assert_eq!(events[0].objects[0].declared_state.as_deref(), Some("paid"));
    assert_eq!(events[1].attribute("amount"), Some(&Value::Number(6.into())));
    let mut ids: Vec<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids, extracted(&exchange).events.iter().map(|event| event.id).collect::<Vec<_>>());
    assert_eq!(ids[0], extracted(&made("POST", "/pay").json(r#"{"orderId":1}"#).answers(200, "{}")).events[0].id);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    let place = |n| exchange.0.origin.clone().of_call(Some(n));
    assert!(events.iter().zip(0..).all(|(event, n)| event.origin == place(n) && event.time == exchange.0.time.0));
}

#[test]
fn one_activity_reads_a_body_and_a_call_alike() {
    let rest = extracted(&made("POST", "/pay").json(r#"{"orderId":"o1","amount":5}"#).answers(200, "{}"));
    let call = extracted(&graphql("mutation { pay(orderId: \"o1\", amount: 5) { id } }", r#"{"data":{"pay":{}}}"#));
    assert_eq!((told(&rest), told(&call)), (vec!["pay o1 accepted".to_owned()], vec!["pay o1 accepted".to_owned()]));
    assert_eq!(rest.events[0].attribute("amount"), call.events[0].attribute("amount"));
}

#[test]
fn an_activity_by_path_stays_one_event_where_no_call_is_known() {
    let rpc = |method: &str| {
        let sent = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"id":"o1"}}}}"#);
        extracted(&made("POST", "/rpc").json(&sent).answers(200, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#))
    };
    assert_eq!(told(&rpc("old")), ["whole  accepted"]);
    assert!(rpc("old").calls.is_empty());
    assert_eq!(told(&rpc("job.run")), ["job o1 accepted"]);
    assert_eq!(rpc("new").events[0].operation.as_deref(), Some("POST /rpc"), "its path is known");
}

#[test]
fn an_argument_decides_and_what_waits_is_no_step() {
    let state = |state: &str| {
        let query = format!("mutation {{ setState(id: 1, state: \"{state}\") {{ id }} }}");
        told(&extracted(&graphql(&query, r#"{"data":{"setState":{"id":1}}}"#)))
    };
    assert_eq!(
        (state("closed"), state("open")),
        (vec!["close 1 accepted".to_owned()], vec!["- 1 accepted".to_owned()])
    );
    let tool = |result: &str, more: &str| {
        let sent = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"refund","arguments":{{"id":"o1"}}{more},"_meta":{{"io.modelcontextprotocol/clientInfo":{{"name":"bot"}}}}}}}}"#
        );
        let answer = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
        extracted(&made("POST", "/mcp").json(&sent).answers(200, &answer))
    };
    assert_eq!(told(&tool(r#"{"resultType":"input_required"}"#, "")), ["- o1 unknown"]);
    assert_eq!(told(&tool(r#"{"isError":true}"#, "")), ["refund o1 rejected"]);
    let done = tool(r#"{"resultType":"complete"}"#, r#","inputResponses":{"sure":{"action":"accept"}}"#);
    assert_eq!(told(&done), ["confirm  accepted", "refund o1 accepted"]);
    assert!(done.events.iter().all(|event| event.actor.agent.as_deref() == Some("bot")));
}

#[test]
fn a_retry_is_the_same_call_whatever_its_id() {
    let refunds = |id: u64, amount: u64| {
        let one = |n: u64| {
            format!(
                r#"{{"jsonrpc":"2.0","id":{id}{n},"method":"tools/call","params":{{"name":"refund","arguments":{{"id":"o{n}","n":{amount}}}}}}}"#
            )
        };
        let sent = format!("[{},{}]", one(1), one(2));
        extracted(&made("POST", "/mcp").header("Idempotency-Key", "k").json(&sent).answers(200, "[]")).events
    };
    let (first, again, other) = (refunds(1, 5), refunds(2, 5), refunds(3, 6));
    let marks =
        |events: &[crate::event::Event]| events.iter().map(|e| (e.idempotency, e.body_hash)).collect::<Vec<_>>();
    assert_eq!(marks(&first), marks(&again));
    assert!(first[0].idempotency != first[1].idempotency, "two calls of one request are no replay");
    assert!(first[0].idempotency == other[0].idempotency && first[0].body_hash != other[0].body_hash);
}

#[test]
fn an_answer_that_was_not_seen_leaves_the_outcome_open() {
    let sent = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"refund","arguments":{"id":"o1"}}}"#;
    let elsewhere = extracted(&made("POST", "/mcp").json(sent).answers(202, ""));
    assert_eq!(elsewhere.events[0].outcome, Outcome::Unknown);
    assert!(!elsewhere.events[0].shows.response_body);
    let refused = extracted(&made("POST", "/mcp").json(sent).answers(403, ""));
    assert_eq!(refused.events[0].outcome, Outcome::Rejected);
    let many =
        "createOrder ".repeat(300).split(' ').enumerate().map(|(n, name)| format!("a{n}:{name}x ")).collect::<String>();
    let many = extracted(&graphql(&format!("mutation {{ createOrder {many} }}"), "{}")).events;
    assert!(many.last().unwrap().may_hide_calls() && many.iter().filter(|event| event.may_hide_calls()).count() == 1);
    let mut hidden = made("POST", "/graphql").answers(200, "");
    hidden.0.request.as_mut().unwrap().body = Body::Unknown { size: None };
    let hidden = extracted(&hidden);
    assert!(hidden.events[0].may_hide_calls() && hidden.events[0].activity.is_none());
}

#[test]
fn without_a_model_a_call_is_about_what_its_arguments_name() {
    let of = |query: &str, answer: &str| {
        let events = resolved(None, &[graphql(query, answer)]);
        let told = events.iter().map(|event| {
            let first = event.objects.first().map(|o| o.id.to_string()).unwrap_or_default();
            format!("{} {first} {}", event.operation.as_deref().unwrap_or_default(), event.read)
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(
        of(
            "mutation { addPaymentToOrder(id: \"o1\") { id state } }",
            r#"{"data":{"addPaymentToOrder":{"id":"o1","state":"paid"}}}"#
        ),
        ["graphql mutation addPaymentToOrder order:o1 false"]
    );
    assert_eq!(
        of("mutation { createOrder(input: {customerId: \"c1\"}) { id } }", r#"{"data":{"createOrder":{"id":"o1"}}}"#),
        ["graphql mutation createOrder order:o1 false"]
    );
    assert_eq!(
        of("{ a: order(id: 7) { id } me { id } }", r#"{"data":{"a":{"id":7},"me":{"id":"u1"}}}"#),
        ["graphql query order order:7 true", "graphql query me me:u1 true"]
    );
}

#[test]
fn fields_of_a_mutation_have_their_turns_and_nothing_else_has() {
    let turns = |exchange: &Made| {
        let events = extracted(exchange).events;
        let mut sorted = events.iter().collect::<Vec<_>>();
        sorted.sort_by_key(|event| event.order_key());
        assert!(sorted.iter().map(|e| e.id).eq(events.iter().map(|e| e.id)), "in the order of the request");
        let first = events[0].id;
        events.iter().map(|e| e.turn.map(|turn| (turn.request == first, turn.number))).collect::<Vec<_>>()
    };
    let mutation = graphql("mutation { a: pay(id: 1) { id } other { id } b: pay(id: 1) { id } }", "{}");
    assert_eq!(turns(&mutation), [Some((true, 0)), Some((true, 1)), Some((true, 2))]);
    assert_eq!(turns(&graphql("{ a: pay(id: 1) { id } b: pay(id: 1) { id } }", "{}")), [None, None]);
    let two = r#"[{"query":"mutation { pay(id: 1) { id } }"},{"query":"mutation { a: pay(id: 1) b: pay(id: 2) }"}]"#;
    let batch = made("POST", "/graphql").json(two).answers(200, "[]");
    assert_eq!(
        turns(&batch),
        [Some((true, 0)), Some((false, 0)), Some((false, 1))],
        "requests of a batch have no order"
    );
    let rpc = r#"[{"jsonrpc":"2.0","id":1,"method":"job.run"},{"jsonrpc":"2.0","id":2,"method":"job.run"}]"#;
    assert_eq!(turns(&made("POST", "/rpc").json(rpc).answers(200, "[]")), [None, None]);
}

const MIXED: &str = r#"
offpath: 1
workflow: {id: mixed, version: 1}
objects:
  order: {key: [path.order, args.order, res.id]}
activities:
  approve: {any: [{jsonrpc: {method: order.approve}}, {http: "POST /orders/{order}/approve"}], object: order}
  pay:     {any: [{jsonrpc: {method: order.pay}}, {http: "POST /orders/{order}/pay"}], object: order}
  tag:     {any: [{jsonrpc: {method: order.tag}}, {http: POST /tags}], each: args.orders, object: {order: [args.orders]}}
  ship:    {http: POST /ship, each: req.orders, object: {order: [req.orders]}}
"#;

fn mixed(exchange: &Made) -> Extracted {
    let (model, _) = Model::read("model.yaml", MIXED).unwrap();
    Extractor::new(Some(Arc::new(model)), key()).extract(&exchange.0)
}

fn rpc(path: &str, method: &str, order: &str) -> Made {
    let sent = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"order":"{order}"}},"amount":5}}"#);
    made("POST", path).json(&sent).answers(200, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#)
}

#[test]
fn a_call_in_the_body_takes_nothing_away_from_what_the_path_does() {
    let both = mixed(&rpc("/orders/o1/pay", "order.approve", "zz"));
    assert_eq!(told(&both), ["approve zz accepted", "pay o1 accepted"]);
    assert_eq!(both.calls, [0, 1], "both are counted");
    assert_eq!(told(&mixed(&rpc("/orders/o1/pay", "order.pay", "zz"))), ["pay zz accepted", "pay o1 accepted"]);
    assert_eq!(told(&mixed(&rpc("/orders/o1/pay", "order.pay", "o1"))), ["pay o1 accepted"], "one step, told twice");
    assert_eq!(told(&mixed(&rpc("/rpc", "order.pay", "o1"))), ["pay o1 accepted"]);
    assert_eq!(told(&mixed(&rpc("/orders/o1/pay", "other", "zz"))), ["pay o1 accepted"]);
    // What the path names, the call says how it went.
    let sent = r#"{"jsonrpc":"2.0","id":1,"method":"order.pay","params":{}}"#;
    let error = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no"}}"#;
    let refused = mixed(&made("POST", "/orders/o1/pay").json(sent).answers(200, error));
    assert!(refused.events.iter().all(|event| event.outcome == Outcome::Rejected), "{:?}", refused.events);
    assert!(refused.events.iter().any(|event| event.objects.iter().any(|object| &*object.id.key == "o1")));
}

#[test]
fn a_long_list_hides_neither_later_calls_nor_its_own_rest() {
    let listed = |n: usize| serde_json::json!((0..n).map(|n| format!("x{n}")).collect::<Vec<_>>());
    let batch = |n: usize| {
        let tag = serde_json::json!({"jsonrpc":"2.0","id":1,"method":"order.tag","params":{"orders":listed(n)}});
        let pay = serde_json::json!({"jsonrpc":"2.0","id":2,"method":"order.pay","params":{"order":"o1"}});
        let answer = r#"[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":2,"result":{}}]"#;
        mixed(&made("POST", "/rpc").json(&serde_json::json!([tag, pay]).to_string()).answers(200, answer))
    };
    let few = batch(3);
    assert_eq!(told(&few), ["tag x0 accepted", "tag x1 accepted", "tag x2 accepted", "pay o1 accepted"]);
    assert!(!few.left_out);
    let longer = batch(999);
    assert!(!longer.left_out && longer.events.len() == 1000, "a short call takes no half of the room");
    let many = batch(1000);
    assert_eq!(told(&many).last().map(String::as_str), Some("pay o1 accepted"));
    let hidden: Vec<_> = many.events.iter().filter(|e| e.objects.is_empty()).collect();
    assert!(many.left_out && matches!(hidden.as_slice(), [one] if one.activity.as_deref() == Some("tag")));
    assert!(!hidden[0].shows.request_body, "it may be any order");

    let ship = |n: usize| {
        let sent = serde_json::json!({"orders": listed(n)}).to_string();
        mixed(&made("POST", "/ship").json(&sent).answers(200, "{}"))
    };
    let (whole, cut) = (ship(1000), ship(1001));
    assert!(whole.events.len() == 1000 && !whole.left_out && whole.events.iter().all(|e| !e.objects.is_empty()));
    assert!(
        cut.events.len() == 1001 && cut.left_out && cut.events.iter().filter(|e| e.objects.is_empty()).count() == 1
    );
}

#[test]
fn the_type_of_an_answer_says_what_a_call_is_about() {
    let about = |query: &str, answer: &str| {
        let query = serde_json::json!({"query": query, "variables": {"n": "FO1"}}).to_string();
        let exchange = made("POST", "/graphql").json(&query).answers(200, answer);
        let found = Extractor::new(None, key()).extract(&exchange.0);
        let event = &found.events[0];
        let objects = event.objects.iter().map(|o| format!("{} {}:{}", o.qualifier, o.id.object_type, o.id.key));
        (objects.collect::<Vec<_>>().join(", "), event.outcome)
    };
    let fragments = "{ ... on Order { id state } ... on OrderError { message } }";
    let data = |field: &str, gives: &str| format!(r#"{{"data":{{"{field}":{gives}}}}}"#);
    let order = r#"{"id":"O1","state":"placed"}"#;
    let (accepted, rejected) = (Outcome::Accepted, Outcome::Rejected);
    for (call, gives, told) in [
        ("setShippingAddress(i: {city: \"B\"})", order, ("target order:O1", accepted)),
        ("move(id: \"O1\", to: \"placed\")", order, ("target order:O1", accepted)),
        ("move(id: \"O1\", to: \"placed\")", r#"{"message":"no"}"#, ("target move:O1", rejected)),
        ("addFulfillment(orderId: \"O1\")", order, ("target order:O1", accepted)),
        ("orderOf(id: \"X7\")", order, ("target order:O1", accepted)),
    ] {
        let field = call.split('(').next().unwrap();
        let (objects, outcome) = about(&format!("mutation {{ {call} {fragments} }}"), &data(field, gives));
        assert_eq!((objects.split(", ").next().unwrap(), outcome), told, "{call}");
    }
    let typed = r#"{"id":"F7","__typename":"Fulfillment"}"#;
    let add = "mutation { addFulfillmentToOrder(orderId: \"O1\") { id __typename } }";
    assert_eq!(about(add, &data("addFulfillmentToOrder", typed)).0, "target fulfillment:F7, mentioned order:O1");
    // A payload holds what it is about under its name.
    let payload = r#"{"order":{"id":"O1","__typename":"Order"},"userErrors":[],"__typename":"CancelPayload"}"#;
    let cancel = "mutation { cancel(number: 3) { order { id __typename } userErrors { message } __typename } }";
    assert_eq!(about(cancel, &data("cancel", payload)), ("target order:O1".to_owned(), accepted));
    let refused = r#"{"order":null,"userErrors":[{"message":"too late"}],"__typename":"CancelPayload"}"#;
    assert_eq!(about(cancel, &data("cancel", refused)).1, rejected);
}
