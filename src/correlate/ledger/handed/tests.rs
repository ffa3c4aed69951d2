//! What exchanges hand over.

use super::*;
use crate::correlate::HashKey;
use crate::correlate::redact::Redaction;
use crate::correlate::tests::{Made, made};

fn ids() -> IdHasher {
    IdHasher::new(&HashKey::new(b"tests"))
}

fn of(made: &Made) -> Handed {
    let exchange = &made.0;
    let target = Target::parse(&exchange.request.as_ref().unwrap().target);
    handed(exchange, &target, &[], &ids(), &Masker::new(HashKey::new(b"tests"), Redaction::default()))
}

/// Whether an answer gives an id of a kind, for certain.
fn gives(handed: &Handed, text: &str, kind: &str) -> bool {
    let (value, kind) = (ids().value(text), ids().kind(kind));
    handed.given.iter().any(|id| id.value == value && (id.kind == ANY || id.kind == kind))
}

#[test]
fn answers_give_ids_wherever_they_stand() {
    let body = r#"{"orders":[{"id":41,"total":7},{"id":42}],"next":"/orders?after=ord_77","note":"see inv_2026, please",
        "links":[{"href":"https://shop.example/baskets/900/items"}],"byId":{"cus_88":{"name":"x"}},"itemIds":[5,6]}"#;
    let list = of(&made("GET", "/orders").answers(200, body));
    for (id, kind) in [("41", "order"), ("42", "order"), ("5", "item"), ("900", "basket")] {
        assert!(gives(&list, id, kind), "{id}");
    }
    for id in ["ord_77", "inv_2026", "cus_88"] {
        assert!(gives(&list, id, "anything"), "{id}");
    }
    assert!(!gives(&list, "7", "order"), "a total is no id");
    assert!(!gives(&list, "41", "invoice"), "a number is of its kind only");
    assert!(!list.unread);
}

#[test]
fn location_and_the_kind_of_the_path_count() {
    let create = of(&made("POST", "/orders").answers(201, r#"{"id":43}"#).answer_header("Location", "/orders/43"));
    assert!(gives(&create, "43", "order"));
    let one = of(&made("GET", "/me/basket").answers(200, r#"{"data":{"id":9}}"#));
    assert!(!gives(&one, "9", "order"), "it is not said of what");
}

#[test]
fn what_the_request_names_is_not_given_by_its_answer() {
    let echo = of(&made("POST", "/notes").json(r#"{"text":"ord_8"}"#).answers(200, r#"{"id":1,"text":"ord_8"}"#));
    assert!(!gives(&echo, "ord_8", "order"));
    assert!(echo.asked.iter().any(|id| id.value == ids().value("ord_8")));
    let query = of(&made("GET", "/search?q=ord_8").answers(200, r#"{"for":"ord_8","hits":[{"id":"ord_9"}]}"#));
    assert!(!gives(&query, "ord_8", "order") && gives(&query, "ord_9", "order"));
}

#[test]
fn refusals_give_nothing_and_unseen_bodies_may_give_anything() {
    let refused = of(&made("GET", "/orders/9").answers(403, r#"{"id":10}"#));
    assert_eq!((refused.given.len(), refused.unread), (0, false));
    assert!(of(&made("GET", "/orders").answers(200, "").logged(Some("anna"), &[])).unread);
    assert!(of(&made("GET", "/orders")).unread, "no answer was seen");
    assert!(of(&made("GET", "/orders").answers(200, r#"{"orders":[{"id":4"#)).unread);
    let typed = |content: &str| {
        let mut file = made("GET", "/files/7").answers(200, "\u{1}\u{2} no text");
        let headers = &mut file.0.response.as_mut().unwrap().headers;
        *headers = Headers::default();
        headers.push(b"Content-Type", content.as_bytes());
        of(&file).unread
    };
    assert!(typed("application/x-protobuf") && !typed("application/pdf"), "a file is no answer that gives ids");
    let many: Vec<String> = (0..2 * MOST).map(|n| n.to_string()).collect();
    let long = of(&made("GET", "/orders").answers(200, &format!(r#"{{"ids":[{}]}}"#, many.join(","))));
    assert_eq!((long.given.len(), long.unread), (MOST, true));
}

#[test]
fn pages_give_their_links() {
    let mut page = made("GET", "/").answers(200, r#"<a href="/orders/41">Order</a><td>inv_9912</td>"#);
    let headers = &mut page.0.response.as_mut().unwrap().headers;
    *headers = Headers::default();
    headers.push(b"Content-Type", b"text/html; charset=utf-8");
    let page = of(&page);
    assert!(gives(&page, "41", "order") && gives(&page, "inv_9912", "invoice") && !page.unread);
}

#[test]
fn hostile_nesting_is_an_end_not_a_crash() {
    let deep = "[".repeat(100_000);
    assert!(of(&made("GET", "/orders").answers(200, &deep)).unread);
}
