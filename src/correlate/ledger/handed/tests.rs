//! What exchanges hand over.

use offpath_capture::calls;

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
fn the_number_of_a_message_is_no_id() {
    let call = |sent: &str, answer: &str| of(&made("POST", "/rpc").json(sent).answers(200, answer));
    let asks = |handed: &Handed, text: &str| handed.asked.iter().any(|id| id.value == ids().value(text));
    let sent = r#"{"id":42,"jsonrpc":"2.0","method":"order.get","params":{"order_id":7}}"#;
    let rpc = call(sent, r#"{"jsonrpc":"2.0","id":42,"result":{"order":{"id":9}}}"#);
    assert!(!asks(&rpc, "42") && asks(&rpc, "7") && gives(&rpc, "9", "order"));
    assert!(!gives(&rpc, "42", "order") && !gives(&rpc, "42", "rpc"));
    let batch = call(&format!("[{sent}]"), r#"[{"result":[],"id":42,"jsonrpc":"2.0"}]"#);
    assert!(!asks(&batch, "42"));
    // Who only writes as if he did so is not given what he named.
    let echo = call(sent, r#"{"id":42,"order":{"id":42}}"#);
    assert!(asks(&echo, "42") && !gives(&echo, "42", "order") && !gives(&echo, "42", "rpc"));
    let result = call(sent, r#"{"jsonrpc":"2.0","id":1,"result":{"order":{"id":42}}}"#);
    assert!(!gives(&result, "42", "order"), "it may be the number that he sent");
    let listed = call(sent, r#"{"jsonrpc":"2.0","id":42,"result":{"orders":[{"id":42},{"id":43}]}}"#);
    assert!(gives(&listed, "42", "order") && gives(&listed, "43", "order"), "the answer has its number itself");
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
fn an_echo_gives_nothing_however_it_was_sent() {
    let answer = r#"{"orderId":"ord_101","q":"x ord_101"}"#;
    let silent = |made: Made, id: &str| assert!(!gives(&of(&made), id, "order"), "{id}");
    silent(made("GET", "/search?q=x%20ord_101").answers(200, answer), "ord_101");
    silent(made("GET", "/a/x%20ord_101").answers(200, answer), "ord_101");
    silent(made("GET", "/ping").header("X-Request-ID", "ord_101").answers(200, answer), "ord_101");
    silent(made("GET", "/ping").header("Cookie", "a=1; last=ord_101").answers(200, answer), "ord_101");
    let numbers = r#"{"orderId":42}"#;
    silent(made("GET", "/ping").header("X-Order", "42").answers(200, numbers), "42");
    silent(made("GET", "/ping").header("Referer", "https://shop.example/orders/42").answers(200, numbers), "42");
    silent(made("POST", "/carts").json(r#"{"orderId":42.0}"#).answers(201, numbers), "42");
    silent(made("POST", "/carts").json(r#"{"orderId":"042"}"#).answers(201, numbers), "42");
    silent(made("POST", "/carts").json(r#"{"order":42}"#).answers(201, numbers), "42");
    silent(made("GET", "/login?next=/orders/42").answers(302, "").answer_header("Location", "/orders/42"), "42");
    let counted = made("GET", "/orders").header("X-Page-Size", "42").header("Content-Length", "42");
    assert!(gives(&of(&counted.answers(200, numbers)), "42", "order"), "a count is no id");
    let filler: Vec<String> = (100_000..102_000).map(|n| n.to_string()).collect();
    let long = made("POST", "/carts").json(&format!(r#"{{"ids":[{}],"orderId":42}}"#, filler.join(",")));
    let long = of(&long.answers(201, numbers));
    assert!(long.given.is_empty() && long.unread, "what was sent is not known whole");
}

#[test]
fn an_echo_of_parts_of_a_form_gives_nothing() {
    let text = "--b\r\nContent-Disposition: form-data; name=\"order\"\r\n\r\n42\r\n--b--\r\n";
    let mut form = made("POST", "/carts").json(text).answers(201, r#"{"orderId":42}"#);
    let headers = &mut form.0.request.as_mut().unwrap().headers;
    *headers = Headers::default();
    headers.push(b"Content-Type", b"multipart/form-data; boundary=b");
    assert!(!gives(&of(&form), "42", "order"));
}

#[test]
fn numbers_of_which_nothing_is_said_may_be_ids() {
    let perhaps = |body: &str| {
        let given = of(&made("GET", "/tasks").answers(200, body)).given;
        given.iter().any(|id| id.value == ids().value("42") && id.kind == SOME)
    };
    for body in [
        r#"{"orderNumber":42}"#,
        r#"{"order":42}"#,
        r#"{"order_no":"42"}"#,
        "[42]",
        r#"["42"]"#,
        r#"{"rows":[[42]]}"#,
        r#"{"title":"approve order #42"}"#,
    ] {
        assert!(perhaps(body), "{body}");
    }
    assert!(!perhaps(r#"{"total":42.5}"#) && !perhaps(r#"{"note":"42 of them"}"#));
    let numbers: Vec<String> = (0..2 * MOST).map(|n| n.to_string()).collect();
    let chart = of(&made("GET", "/orders").answers(200, &format!(r#"{{"chart":[{}],"id":9}}"#, numbers.join(","))));
    assert!(gives(&chart, "9", "order"), "numbers of nothing take no place of ids");
}

#[test]
fn data_in_a_call_are_read_and_programs_are_not() {
    let script = |text: &str| {
        let mut script = made("GET", "/orders").answers(200, text);
        let headers = &mut script.0.response.as_mut().unwrap().headers;
        *headers = Headers::default();
        headers.push(b"Content-Type", b"application/javascript");
        of(&script)
    };
    assert!(gives(&script(r#"/**/done({"orders":[{"id":42}]});"#), "42", "order"));
    let program = script("(() => { const x = 'ord_42'; })();");
    assert_eq!((program.given.len(), program.unread), (0, false));
}

#[test]
fn what_was_given_up_gives_nothing() {
    let mut reset = made("GET", "/orders");
    reset.0.incomplete.push(Incomplete::Reset);
    assert!(!of(&reset).unread);
    reset.0.incomplete.push(Incomplete::ResponseGap);
    assert!(of(&reset).unread);
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

#[test]
fn an_id_that_a_websocket_echoes_is_not_given_by_it() {
    let call = |name: &str, arguments: Option<&str>, result: Option<&str>| Call {
        name: name.into(),
        arguments: arguments.map(str::to_owned),
        result: result.map(str::to_owned),
        ..calls(&made("POST", "/rpc").json(r#"{"jsonrpc":"2.0","id":1,"method":"x"}"#).0).calls.remove(0)
    };
    let said = |calls: &[Call]| {
        let mut exchange = made("GET", "/live").answers(101, "").0;
        exchange.protocol = Protocol::WebSocket;
        let target = Target::parse("/live");
        let masker = Masker::new(HashKey::new(b"tests"), Redaction::default());
        handed(&exchange, &target, &calls.iter().collect::<Vec<_>>(), &ids(), &masker)
    };
    let asked = call("order.watch", Some(r#"{"orderId":"ord_8"}"#), Some(r#"{"watching":"ord_8","orderId":"ord_8"}"#));
    let pushed = call("order.new", None, Some(r#"{"orderId":"ord_9"}"#));
    let heard = said(&[asked, pushed.clone()]);
    assert!(!gives(&heard, "ord_8", "order"), "he named it himself");
    assert!(gives(&heard, "ord_9", "order") && heard.unread, "what came unasked is not all that came");
    assert!(gives(&said(&[pushed]), "ord_9", "order"));
}
