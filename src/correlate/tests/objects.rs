//! Which objects an event touches, their parents, owners, tenants, states and attributes.

use std::sync::Arc;

use super::{Made, key, made, model, one, paths, resolved};
use crate::correlate::{Directory, Extractor};
use crate::event::{Event, TenantTold, Value};
use crate::model::Model;

fn ids(event: &Event) -> Vec<String> {
    event.objects.iter().map(|o| format!("{} {}", o.qualifier, o.id)).collect()
}

fn case(event: &Event) -> String {
    event.case.as_ref().map(ToString::to_string).unwrap_or_default()
}

const ALICE: &str = r#"{"sub":"alice","tid":"acme"}"#;

/// Orders and refunds whose keys are unique in a tenant only, which the answer to a login tells.
fn scoped() -> Model {
    let mut model = model();
    model.actors.tenant = paths(&["res.user.org"]);
    for object_type in &mut model.object_types {
        (object_type.within_tenant, object_type.tenant) = (true, Vec::new());
    }
    model
}

/// A login of somebody of a tenant, and calls in that session.
fn session(at: i64, who: &str, tenant: &str) -> (Made, String) {
    let sid = format!("sid={who}{who}{who}{who}");
    let body = format!(r#"{{"user":{{"id":"{who}","org":"{tenant}"}}}}"#);
    let login = made("POST", "/login").at(at).json(r#"{"password":"x"}"#).answers(200, &body);
    (login.answer_header("Set-Cookie", &sid), sid)
}

#[test]
fn a_session_tells_whose_object_it_is() {
    let calls = |at: i64, sid: &str| {
        let order = made("POST", "/orders").at(at).header("Cookie", sid).json("{}");
        let refund = made("POST", "/orders/1/refunds").at(at + 1).header("Cookie", sid).json("{}");
        let approve = made("POST", "/refunds/7/approve").at(at + 2).header("Cookie", sid).answers(200, "");
        let refunded = r#"{"refund":{"id":"7","orderId":"1"}}"#;
        [approve, refund.answers(201, refunded), order.answers(201, r#"{"order":{"id":"1"}}"#)]
    };
    let ((ann, anns), (bob, bobs)) = (session(1, "ann", "acme"), session(2, "bob", "globex/?"));
    let mut exchanges: Vec<Made> = calls(10, &anns).into_iter().chain(calls(20, &bobs)).collect();
    exchanges.extend([ann, bob]);
    let events = resolved(Some(scoped()), &exchanges);
    let seen: Vec<_> = events.iter().map(|e| (ids(e).join(", "), case(e), e.actor.tenant.as_deref())).collect();
    let all = |tenant: &str, name: &'static str| {
        let [order, refund] = [format!("order:{tenant}/1"), format!("refund:{tenant}/7")];
        let of = [format!("target {refund}"), format!("target {refund}, parent {order}"), format!("target {order}")];
        of.map(|objects| (objects, order.clone(), Some(name)))
    };
    assert_eq!(seen[..3], all("acme", "acme"));
    assert_eq!(seen[3..6], all("globex%2F?", "globex/?"));
    let of = |at: usize| (events[at].objects[0].owner.as_deref(), events[at].objects[0].tenant.as_deref());
    assert_eq!((of(2), of(5)), ((Some("ann"), Some("acme")), (Some("bob"), Some("globex/?"))));
    assert!(events.iter().flat_map(|e| &e.objects).all(|o| o.told == TenantTold::WithActor));
}

#[test]
fn what_a_session_teaches_does_not_depend_on_how_it_was_read() {
    let (login, sid) = session(1, "ann", "acme");
    let order = made("POST", "/orders").at(2).header("Cookie", &sid).json("{}").answers(201, r#"{"order":{"id":"1"}}"#);
    let view = made("GET", "/orders/1").at(3).header("Cookie", &sid).answers(200, "{}");
    let all = [login, order, view];
    let whole = resolved(Some(scoped()), &all);
    let extractor = Extractor::new(Some(Arc::new(scoped())), key());
    for cut in 0..=all.len() {
        let (mut left, mut right) = (Directory::new(), Directory::new());
        let (first, second) = all.split_at(cut);
        first.iter().for_each(|e| left.add(extractor.extract(&e.0).facts));
        second.iter().for_each(|e| right.add(extractor.extract(&e.0).facts));
        right.merge(left);
        let resolver = right.freeze();
        let mut events: Vec<Event> = all.iter().flat_map(|e| extractor.extract(&e.0).events).collect();
        events.iter_mut().for_each(|e| resolver.resolve(e));
        assert_eq!(events, whole, "{cut}");
    }
    assert_eq!(whole[2].objects[0].owner.as_deref(), Some("ann"));
}

#[test]
fn an_object_whose_tenant_nobody_knows_has_no_identity() {
    let create = |at| made("POST", "/orders").at(at).bearer(r#"{"sub":"eve"}"#).json("{}");
    let view = made("GET", "/orders/1").at(3).bearer(r#"{"sub":"eve"}"#).answers(200, "{}");
    let events = resolved(Some(scoped()), &[create(1).answers(201, r#"{"order":{"id":"1"}}"#), view]);
    for event in &events {
        assert_eq!((event.objects.len(), event.unplaced.as_slice(), &event.case), (0, &["order".into()][..], &None));
    }
    // A key that only looks as if it waited for a tenant is a key.
    let forged = made("GET", "/orders/%3F%2F1").at(3).bearer(ALICE).answers(200, "{}");
    assert_eq!(ids(&one(Some(model()), forged)), ["target order:?/1"]);
}

#[test]
fn what_tells_the_actors_tenant_is_told_apart_from_what_tells_the_objects() {
    let mut by_host = model();
    by_host.actors.tenant = paths(&["jwt.tid", "host.label.1"]);
    by_host.object_types[0].tenant = paths(&["res.order.tenantId", "host.label.1"]);
    let told = |claims: &str, body: &str| {
        let view = made("GET", "/orders/1").bearer(claims).answers(200, body);
        one(Some(by_host.clone()), view).objects[0].told
    };
    assert_eq!(told(r#"{"sub":"ann"}"#, "{}"), TenantTold::WithActor, "both by the host");
    assert_eq!(told(ALICE, "{}"), TenantTold::ByRequest, "a claim beside the host");
    assert_eq!(
        told(r#"{"sub":"ann"}"#, r#"{"order":{"tenantId":"acme"}}"#),
        TenantTold::Apart,
        "the host beside the answer"
    );
}

#[test]
fn a_created_object_is_named_by_body_or_location() {
    let body = r#"{"order":{"id":"ord_1","status":"new","tenantId":"acme","total":"12.50"}}"#;
    let event = one(Some(model()), made("POST", "/orders").bearer(ALICE).json("{}").answers(201, body));
    assert_eq!(ids(&event), ["target order:ord_1"]);
    let order = &event.objects[0];
    assert_eq!(order.declared_state.as_deref(), Some("new"));
    assert_eq!(order.tenant.as_deref(), Some("acme"));
    assert_eq!(order.owner.as_deref(), Some("alice"));
    assert_eq!(order.attributes, [("total".into(), Value::Text("12.50".into()))]);
    let located =
        made("POST", "/orders").bearer(ALICE).answers(201, "").answer_header("Location", "https://h/orders/ord_1");
    assert_eq!(ids(&one(Some(model()), located)), ["target order:ord_1"]);
}

#[test]
fn a_refund_finds_its_order_even_where_only_the_refund_is_shown() {
    let request = made("POST", "/orders/ord_1/refunds")
        .at(1)
        .bearer(ALICE)
        .json(r#"{"amount":5}"#)
        .answers(201, r#"{"refund":{"id":"ref_1","orderId":"ord_1"}}"#);
    let approve = made("POST", "/refunds/ref_1/approve").at(9).bearer(r#"{"sub":"frank"}"#).answers(200, "{}");
    let events = resolved(Some(model()), &[approve, request]);
    assert_eq!(case(&events[0]), "order:ord_1");
    assert_eq!(ids(&events[1]), ["target refund:ref_1", "parent order:ord_1"]);
    assert_eq!(events[1].objects[0].attributes, [("amount".into(), Value::Number(5.into()))]);
    assert!(events[1].objects[1].attributes.is_empty());
}

#[test]
fn a_refused_request_teaches_nothing_about_objects() {
    let forged = made("POST", "/orders/ord_9/refunds")
        .at(1)
        .bearer(ALICE)
        .json("{}")
        .answers(403, r#"{"refund":{"id":"ref_1"}}"#);
    let approve = made("POST", "/refunds/ref_1/approve").at(9).bearer(ALICE).answers(200, "{}");
    assert_eq!(case(&resolved(Some(model()), &[forged, approve])[1]), "refund:ref_1");
}

#[test]
fn owner_and_tenant_of_creation_reach_later_events() {
    let create = made("POST", "/orders").at(1).bearer(ALICE).json("{}").answers(201, r#"{"order":{"id":"ord_1"}}"#);
    let other = made("GET", "/orders/ord_1").at(5).bearer(r#"{"sub":"mallory","tid":"globex"}"#).answers(200, "{}");
    let events = resolved(Some(model()), &[other, create]);
    assert_eq!(events[0].objects[0].owner.as_deref(), Some("alice"));
    assert_eq!(events[0].objects[0].tenant.as_deref(), Some("acme"));
    assert_eq!(events[0].actor.tenant.as_deref(), Some("globex"));
}

#[test]
fn a_session_users_order_belongs_to_the_bound_subject() {
    let login = made("POST", "/login")
        .at(1)
        .json(r#"{"username":"d","password":"x"}"#)
        .answers(200, r#"{"user":{"id":"dora"}}"#)
        .answer_header("Set-Cookie", "sid=c1");
    let create =
        made("POST", "/orders").at(2).header("Cookie", "sid=c1").json("{}").answers(201, r#"{"order":{"id":"o"}}"#);
    let events = resolved(Some(model()), &[create, login]);
    assert_eq!(events[0].objects[0].owner.as_deref(), Some("dora"));
}

#[test]
fn path_and_body_that_disagree_are_told() {
    let pay = |body| made("POST", "/orders/ord_1/payment").bearer(ALICE).json(body).answers(200, "{}");
    let event = one(Some(model()), pay(r#"{"orderId":"ord_2","amount":1}"#));
    assert_eq!(event.objects[0].id.to_string(), "order:ord_1");
    assert_eq!(event.objects[0].conflicting_key.as_deref(), Some("ord_2"));
    assert_eq!(one(Some(model()), pay(r#"{"orderId":"ord_1"}"#)).objects[0].conflicting_key, None);
    let twice = one(Some(model()), pay(r#"{"orderId":"ord_3","orderId":"ord_1"}"#));
    assert_eq!(twice.objects[0].conflicting_key.as_deref(), Some("ord_3"));
}

#[test]
fn a_written_state_is_seen_at_top_level_and_under_the_objects_name() {
    for body in [r#"{"status":"paid"}"#, r#"{"order":{"status":"paid"}}"#] {
        let event = one(Some(model()), made("POST", "/orders/o/payment").bearer(ALICE).json(body).answers(200, "{}"));
        assert_eq!(event.objects[0].written_state.as_deref(), Some("paid"), "{body}");
    }
    let plain = one(Some(model()), made("POST", "/orders/o/payment").bearer(ALICE).json("{}").answers(200, "{}"));
    assert_eq!(plain.objects[0].written_state, None);
}

#[test]
fn a_bulk_call_is_one_event_for_each_object() {
    let bulk = made("POST", "/shipments").at(4).bearer(ALICE).json(r#"{"ids":["o1","o2","o3"]}"#).answers(200, "{}");
    let events = resolved(Some(model()), &[bulk]);
    let found: Vec<_> = events.iter().map(|e| ids(e).join(",")).collect();
    assert_eq!(found, ["target order:o1", "target order:o2", "target order:o3"]);
    assert_ne!(events[0].id, events[1].id);
}

#[test]
fn attributes_tell_absent_from_unknown() {
    let seen =
        one(Some(model()), made("POST", "/orders/o/payment").bearer(ALICE).json(r#"{"note":"x"}"#).answers(200, "{}"));
    assert_eq!(seen.attribute("amount"), Some(&Value::Null));
    assert_eq!(seen.attribute("req.note"), Some(&Value::Text("x".into())));
    assert_eq!(seen.attribute("header.x-channel"), Some(&Value::Null));
    let logged = made("POST", "/orders/o/payment").answers(200, "").logged(Some("alice"), &[]);
    let logged = one(Some(model()), logged);
    assert_eq!(logged.attribute("amount"), None);
    assert_eq!(logged.attribute("req.note"), None);
}

#[test]
fn without_a_model_objects_are_guessed_from_paths_and_bodies() {
    let create =
        made("POST", "/orders").at(1).json(r#"{"customerId":"c-1"}"#).answers(201, r#"{"id":"ord_5","traceId":"t1"}"#);
    let item = made("GET", "/orders/ord_5/items/7").at(2).answers(200, r#"{"id":7}"#);
    let action = made("POST", "/users/42/orders/ord_5/payment").at(3).answers(200, "");
    let events = resolved(None, &[create, item, action]);
    assert_eq!(ids(&events[0]), ["target order:ord_5", "mentioned customer:c-1"]);
    assert_eq!(ids(&events[1]), ["target item:ord_5/7", "parent order:ord_5"]);
    assert_eq!(case(&events[1]), "order:ord_5");
    assert_eq!(ids(&events[2]), ["target order:ord_5", "parent user:42"]);
    assert_eq!(case(&events[2]), "order:ord_5");
    assert_eq!(events[2].operation.as_deref(), Some("POST /users/{user}/orders/{order}/payment"));
}

#[test]
fn an_exchange_that_is_no_activity_still_shows_its_objects() {
    let event = one(Some(model()), made("DELETE", "/orders/o7").bearer(ALICE).answers(204, ""));
    assert_eq!(event.activity, None);
    assert_eq!(event.operation.as_deref(), Some("DELETE /orders/{orderId}"));
    assert_eq!(ids(&event), ["target order:o7"]);
    let foreign = one(Some(model()), made("GET", "/health").answers(200, "{}"));
    assert_eq!(foreign.operation, None);
    assert!(foreign.objects.is_empty());
}

#[test]
fn a_path_template_names_the_activity_and_no_object() {
    let paid = || made("POST", "/orders/{id}/payment").answers(200, "").templated();
    let event = one(Some(model()), paid());
    assert_eq!(event.operation.as_deref(), Some("POST /orders/{orderId}/payment"));
    assert!(event.activity.is_some() && event.objects.is_empty(), "{event:?}");
    let guessed = one(None, paid());
    assert_eq!(guessed.operation.as_deref(), Some("POST /orders/{order}/payment"));
    assert!(guessed.objects.is_empty(), "{guessed:?}");
    // What the template says itself is known.
    let named = one(Some(model()), made("POST", "/orders/o7/payment").answers(200, "").templated());
    assert_eq!(ids(&named), ["target order:o7"]);
}

#[test]
fn without_a_model_objects_are_found_beside_path_and_json() {
    for (method, target, expected) in [
        ("GET", "/payments?order_id=ord_17", &["mentioned order:ord_17"][..]),
        ("DELETE", "/orders?ids=ord_17,ord_18", &["target order:ord_17", "mentioned order:ord_18"]),
        ("GET", "/orders?page=2&limit=10", &[]),
    ] {
        assert_eq!(ids(&one(None, made(method, target).bearer(ALICE).answers(200, "{}"))), expected, "{target}");
    }
    let by_header = made("POST", "/cancel").bearer(ALICE).header("X-Order-Id", "ord_17").answers(200, "{}");
    assert_eq!(ids(&one(None, by_header)), ["mentioned order:ord_17"]);
    let all = ["target order:ord_17", "mentioned order:ord_18"];
    for body in [
        r#"{"orderIds":["ord_17","ord_18"]}"#,
        r#"{"ids":["ord_17","ord_18"]}"#,
        r#"{"orders":[{"orderId":"ord_17"},{"orderId":"ord_18"}]}"#,
        r#"{"orders":[{"id":"ord_17"},{"id":"ord_18"}]}"#,
        r#"[{"id":"ord_17"},{"id":"ord_18"}]"#,
    ] {
        let bulk = made("POST", "/orders/cancel").bearer(ALICE).json(body).answers(200, "{}");
        assert_eq!(ids(&one(None, bulk)), all, "{body}");
    }
    let parts = made("POST", "/orders").bearer(ALICE).json(r#"{"items":[{"id":1,"productId":7}],"tags":["a"]}"#);
    assert_eq!(ids(&one(None, parts.answers(200, "{}"))), Vec::<String>::new());
}

#[test]
fn what_is_made_may_be_counted_as_what_it_is_made_in() {
    let posted = |path: &str, answer: &str| one(None, made("POST", path).bearer(ALICE).json("{}").answers(201, answer));
    for answer in [r#"{"id":7,"task":7}"#, r#"{"id":7,"taskId":7}"#, r#"{"id":7,"task":{"id":7}}"#] {
        let event = posted("/tasks/7/annotations", answer);
        assert_eq!(ids(&event)[0], "target annotation:7", "{answer}");
        assert!(ids(&event).contains(&"parent task:7".to_owned()), "{answer}");
    }
    // It is the task that answers.
    for answer in [r#"{"id":7,"state":"closed"}"#, r#"{"id":7,"owner":7}"#, r#"{"id":7,"task":8}"#] {
        assert_eq!(ids(&posted("/tasks/7/closings", answer))[0], "target task:7", "{answer}");
    }
}

#[test]
fn what_has_no_id_goes_by_what_it_is_called() {
    let posted = |path: &str, answer: &str| one(None, made("POST", path).bearer(ALICE).json("{}").answers(201, answer));
    for (path, answer, object) in [
        ("/orders", r#"{"code":"ULXUD","total":"23.00"}"#, "order:ULXUD"),
        ("/orders", r#"{"orderNumber":4711}"#, "order:4711"),
        ("/purchase-orders", r#"{"purchase_order_no":"P-9"}"#, "purchase_order:P-9"),
        ("/issues", r#"{"issueKey":"ACME-7"}"#, "issue:ACME-7"),
        ("/orders", r#"{"data":{"reference":"R7"}}"#, "order:R7"),
        ("/orders", r#"{"order":{"code":"R7"}}"#, "order:R7"),
        ("/orders", r#"{"id":9,"code":"R7"}"#, "order:9"),
    ] {
        assert_eq!(ids(&posted(path, answer)).first(), Some(&format!("target {object}")), "{path} {answer}");
    }
    for (path, answer) in [
        ("/orders", r#"{"invoiceNumber":4711}"#),
        ("/orders", r#"{"items":[{"code":"A"}]}"#),
        ("/checkout", r#"{"code":"OK"}"#),
        ("/orders", r#"{"fields":{"key":"x"}}"#),
    ] {
        assert_eq!(ids(&posted(path, answer)), Vec::<String>::new(), "{path} {answer}");
    }
}

#[test]
fn without_a_model_what_was_made_is_where_the_answer_says() {
    let put = |status| made("PUT", "/orders/red-fox").bearer(ALICE).json("{}").answers(status, "");
    for header in ["Location", "Content-Location"] {
        let event = one(None, put(201).answer_header(header, "https://h/orders/red-fox"));
        assert_eq!(ids(&event), ["target order:red-fox"], "{header}");
        assert_eq!(event.operation.as_deref(), Some("PUT /orders/{order}"));
        let posted = made("POST", "/orders").bearer(ALICE).json("{}").answers(201, "");
        assert_eq!(ids(&one(None, posted.answer_header(header, "/orders/red-fox"))), ["target order:red-fox"]);
    }
    let replaced = one(None, put(200).answer_header("Content-Location", "/orders/red-fox"));
    assert_eq!(replaced.operation.as_deref(), Some("PUT /orders/red-fox"), "nothing was made");
    let page =
        made("POST", "/orders").bearer(ALICE).json("{}").answers(200, "").answer_header("Location", "/orders/thanks");
    assert_eq!(ids(&one(None, page)), Vec::<String>::new(), "nothing was made");
}
