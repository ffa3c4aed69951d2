//! The same names and ids as applications of several makers write them.

use serde_json::{Value, json};

use crate::calls::{Call, Calls, bearer};
use crate::lawful;

/// An order that is made and paid: path behind `/`, and the answer.
type Style = fn(&str, u32) -> (String, Value);

fn uuid(id: u32, upper: bool) -> String {
    let text = format!("9f1b2c3d-1111-4222-8333-abcdef{id:06}");
    if upper { text.to_uppercase() } else { text }
}

/// With what a draft says of the object's type.
const STYLES: [(Style, &str, &str); 5] = [
    // Capitals, as .NET writes them.
    (
        |verb, id| {
            let path = if verb == "new" { "Orders".to_owned() } else { format!("Orders/{id}/Pay") };
            (path, json!({"Id": id, "Status": verb}))
        },
        "  order:  # in 60 accepted calls",
        "state: res.Status",
    ),
    // Words joined by capitals, in paths and in bodies.
    (
        |verb, id| {
            let path = if verb == "new" { "salesOrders".to_owned() } else { format!("salesOrders/{id}/pay") };
            (path, json!({"salesOrder": {"id": id, "status": verb}}))
        },
        "  sales_order:  # in 60 accepted calls",
        "state: res.salesOrder.status",
    ),
    // JSON:API.
    (
        |verb, id| {
            let path = if verb == "new" { "orders".to_owned() } else { format!("orders/{id}/payment") };
            (path, json!({"data": {"type": "orders", "id": id.to_string(), "attributes": {"status": verb}}}))
        },
        "  order:  # in 60 accepted calls",
        "state: res.data.attributes.status",
    ),
    // In an envelope, with the ids of a document store.
    (
        |verb, id| {
            let key = format!("64b7f0c2aa11bb22cc{id:06}");
            let path = if verb == "new" { "orders".to_owned() } else { format!("orders/{key}/payment") };
            (path, json!({"success": true, "result": {"order": {"_id": key, "status": verb}}}))
        },
        "  order:  # in 60 accepted calls",
        "state: res.result.order.status",
    ),
    // A UUID is the same in capitals.
    (
        |verb, id| {
            let path = if verb == "new" { "orders".to_owned() } else { format!("orders/{}/payment", uuid(id, false)) };
            (path, json!({"orderGuid": uuid(id, true), "status": verb}))
        },
        "  order:  # in 60 accepted calls",
        "state: res.status",
    ),
];

#[test]
fn things_are_the_same_however_their_names_are_written() {
    let folder = tempfile::tempdir().unwrap();
    for (style, object, state) in STYLES {
        let file = folder.path().join("orders.har");
        let mut calls = Calls::default();
        for n in 0..30 {
            for verb in ["new", "paid"] {
                let (path, body) = style(verb, 4_100 + n);
                let status = if verb == "new" { 201 } else { 200 };
                let (path, sent) = (format!("/{path}"), vec![bearer(&format!(r#"{{"sub":"u{}"}}"#, n % 3))]);
                calls.add(Call {
                    path: &path,
                    sent,
                    json: Some(json!({"total": 5})),
                    status,
                    body: Some(body),
                    ..Call::default()
                });
            }
        }
        calls.write(&file);
        let draft = lawful(&[&file]);
        for part in [object, state, "# 30 objects", "from: none, to: new", "from: new, to: paid"] {
            assert!(draft.contains(part), "no `{part}` in\n{draft}");
        }
    }
}
