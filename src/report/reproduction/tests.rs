use serde_json::{Value, json};

use super::*;
use crate::report::evidence::{FieldKind, Shape, ShownBody, ShownField, ShownRequest, ShownResponse};

fn event(number: usize, request: &str, status: u16, object: &str) -> TimelineEvent {
    TimelineEvent {
        id: format!("e{number}"),
        time: "2026-03-01T10:00:00Z".to_owned(),
        principal: Some("alice".to_owned()),
        activity: format!("step {number}"),
        request: request.to_owned(),
        status: Some(status),
        outcome: if status < 400 { "accepted" } else { "rejected" }.to_owned(),
        objects: vec![object.to_owned()],
        origin: format!("a.har#entry={number}"),
        ..TimelineEvent::default()
    }
}

fn exchange(event: &TimelineEvent, sent: Shape, answered: Shape) -> ShownExchange {
    let (method, target) = event.request.split_once(' ').unwrap();
    let field = |name: &str, value: &str, kind| ShownField { name: name.to_owned(), value: value.to_owned(), kind };
    let json = |shape| ShownBody::Json { bytes: None, shape };
    ShownExchange {
        events: vec![event.id.clone()],
        request: Some(ShownRequest {
            method: method.to_owned(),
            host: Some("shop.example".to_owned()),
            target: target.to_owned(),
            headers: vec![
                field("Authorization", "Bearer [secret#1f3a9c0b77d2]", FieldKind::Credential),
                field("Content-Type", "application/json", FieldKind::Value),
                field("X-Tenant", "[hidden#aaaaaaaaaaaa]", FieldKind::Hidden),
                field("User-Agent", "curl/8", FieldKind::Value),
            ],
            body: json(sent),
            ..ShownRequest::default()
        }),
        response: Some(ShownResponse { status: event.status.unwrap(), headers: Vec::new(), body: json(answered) }),
        ..ShownExchange::default()
    }
}

fn id(text: &str) -> Shape {
    Shape::Id { text: text.to_owned(), number: false }
}

fn object<const N: usize>(members: [(&str, Shape); N]) -> Shape {
    Shape::Object(members.into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect())
}

/// Alice makes two orders, looks at them, and ships the second one without paying.
fn story() -> (Vec<TimelineEvent>, Vec<ShownExchange>) {
    let order = "order:o2";
    let events = vec![
        event(0, "POST /orders", 201, order),
        event(1, "GET /orders/o2", 200, order),
        event(2, "PUT /carts/c9", 200, "cart:c9"),
        event(3, "GET /carts/c9", 200, "cart:c9"),
        event(4, "POST /orders/o2/ship?to={{x}}%0a#", 200, order),
        event(5, "DELETE /orders/o2", 204, order),
    ];
    let empty = || object([]);
    let exchanges = vec![
        exchange(
            &events[0],
            object([("item", Shape::Text), ("count", Shape::Number), ("card", Shape::Secret)]),
            object([("data", Shape::List(vec![object([("order-id", id("o2"))])]))]),
        ),
        exchange(&events[1], empty(), object([("id", id("o2"))])),
        exchange(&events[2], empty(), object([("id", id("c9"))])),
        exchange(&events[3], empty(), object([("id", id("c9"))])),
        exchange(&events[4], object([("cart_id", id("c9")), ("express", Shape::Boolean)]), empty()),
        exchange(&events[5], empty(), empty()),
    ];
    (events, exchanges)
}

fn reproduction(with_exchanges: bool) -> Reproduction {
    let (events, exchanges) = story();
    let candidates = events.iter().zip(&exchanges).enumerate().map(|(at, (event, exchange))| Candidate {
        event,
        exchange: with_exchanges.then_some(exchange),
        evidence: at == 4,
        deviating: at == 4,
    });
    Reproduction::of("shipped\nbefore paid", &candidates.collect::<Vec<_>>())
}

#[test]
fn only_what_the_deviation_needs_is_sent() {
    let steps: Vec<String> = reproduction(true).steps.into_iter().map(|step| step.activity).collect();
    // The server made o2; the client chose c9 itself, and nothing is to be asked for it.
    assert_eq!(steps, ["step 0", "step 4"]);
    let without: Vec<String> = reproduction(false).steps.into_iter().map(|step| step.activity).collect();
    assert_eq!(without, ["step 4"]);
}

#[test]
fn a_case_without_a_deviation_is_reproduced_whole() {
    let (events, _) = story();
    let candidates: Vec<Candidate<'_>> =
        events.iter().map(|event| Candidate { event, exchange: None, evidence: false, deviating: false }).collect();
    assert_eq!(Reproduction::of("order:o2", &candidates).len(), events.len());
}

#[test]
fn hurl_captures_what_the_server_gives_and_expects_a_refusal_at_the_end() {
    let text = reproduction(true).hurl();
    let (head, entries) = text.split_once("\n\n").unwrap();
    assert!(head.lines().all(|line| line.starts_with("# ")), "{head}");
    for line in ["  base: ", "  alice_authorization: ", "  x_tenant: ", "  cart_id: ", "  item: ", "  express: "] {
        assert!(head.contains(&format!("#{line}").replace("#  ", "#   ")), "{line}: {head}");
    }
    assert!(!head.contains("order_id:"), "the server gives it: {head}");
    let expected = r#"# 1. step 0: alice, 2026-03-01T10:00:00Z, a.har#entry=0
POST {{base}}/orders
Authorization: {{alice_authorization}}
Content-Type: application/json
X-Tenant: {{x_tenant}}
{
  "item": "{{item}}",
  "count": {{count}},
  "card": "{{card}}"
}
HTTP 201
[Captures]
order_id: jsonpath "$.data[0]['order-id']"

# 2. step 4: alice, 2026-03-01T10:00:00Z, a.har#entry=4
POST {{base}}/orders/{{order_id}}/ship?to=%7B%7Bx%7D%7D%0a%23
Authorization: {{alice_authorization}}
Content-Type: application/json
X-Tenant: {{x_tenant}}
{
  "cart_id": "{{cart_id}}",
  "express": {{express}}
}
HTTP *
# It was answered 200; a server that is as it should be refuses it.
[Asserts]
status >= 400
"#;
    assert_eq!(entries, expected);
}

#[test]
fn arazzo_hands_outputs_on_and_its_operations_are_described() {
    let of = reproduction(true);
    let document: Value = serde_json::from_str(&of.arazzo()).unwrap();
    let workflow = &document["workflows"][0];
    assert_eq!(workflow["steps"][0]["outputs"], json!({"order_id": "$response.body#/data/0/order-id"}));
    assert_eq!(
        workflow["steps"][1]["parameters"][0],
        json!({"name": "order_id", "in": "path", "value": "$steps.step1.outputs.order_id"})
    );
    assert_eq!(workflow["steps"][1]["successCriteria"][0]["condition"], "$statusCode >= 400");
    assert_eq!(workflow["steps"][1]["requestBody"]["payload"]["cart_id"], "$inputs.cart_id");
    let inputs = workflow["inputs"]["properties"].as_object().unwrap();
    assert!(inputs.contains_key("cart_id") && !inputs.contains_key("order_id") && !inputs.contains_key("base"));
    let description: Value = serde_json::from_str(&of.openapi()).unwrap();
    for step in workflow["steps"].as_array().unwrap() {
        let path = step["operationPath"].as_str().unwrap().strip_prefix("{$sourceDescriptions.api.url}#").unwrap();
        assert!(description.pointer(path).is_some(), "{path}");
    }
}

#[test]
fn har_has_the_requests() {
    let har: Value = serde_json::from_str(&reproduction(true).har()).unwrap();
    let entries = har["log"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1]["request"]["url"], "{{base}}/orders/{{order_id}}/ship?to=%7B%7Bx%7D%7D%0a%23");
    assert_eq!(
        entries[0]["request"]["postData"]["text"],
        r#"{"card":"{{card}}","count":"{{count}}","item":"{{item}}"}"#
    );
}
