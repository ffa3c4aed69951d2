//! Whether the server accepted, which activity it was, and what carries the event.

use offpath_capture::Grpc;

use super::{Extractor, key, made, model, one, resolved};
use crate::event::Outcome;

#[test]
fn status_and_ok_decide() {
    let view = |status| one(Some(model()), made("GET", "/orders/o").answers(status, "{}")).outcome;
    assert_eq!(view(200), Outcome::Accepted);
    assert_eq!(view(304), Outcome::Accepted);
    assert_eq!(view(404), Outcome::Rejected);
    assert_eq!(one(Some(model()), made("GET", "/orders/o")).outcome, Outcome::Unknown);
    let hook = |kind: &str, status| {
        let body = format!(r#"{{"type":"{kind}","metadata":{{"orderId":"o1"}}}}"#);
        one(Some(model()), made("POST", "/hooks/psp").json(&body).answers(status, ""))
    };
    assert_eq!(hook("payment.succeeded", 200).outcome, Outcome::Accepted);
    assert_eq!(hook("payment.succeeded", 500).outcome, Outcome::Rejected);
    assert_eq!(hook("payment.failed", 200).outcome, Outcome::Rejected);
    assert_eq!(hook("payment.failed", 200).objects[0].id.to_string(), "order:o1");
    let logged = made("POST", "/hooks/psp").answers(200, "").logged(None, &[]);
    assert_eq!(one(Some(model()), logged).outcome, Outcome::Unknown);
}

#[test]
fn a_post_is_what_it_asks_to_be_taken_for_unless_the_model_names_it() {
    let posted = |path: &str, method: &str| {
        let form = made("POST", path).header("Content-Type", "application/x-www-form-urlencoded");
        form.json(&format!("_method={method}&x=1")).answers(200, "")
    };
    let operation = |event: crate::event::Event| event.operation.unwrap().to_string();
    assert_eq!(operation(one(None, posted("/orders/4711", "patch"))), "PATCH /orders/{order}");
    assert_eq!(operation(one(None, posted("/orders/4711", "get"))), "POST /orders/{order}");
    let named = one(Some(model()), posted("/hooks/psp", "delete"));
    assert_eq!(operation(named), "POST /hooks/psp", "the server may not take it for anything else");
    let other = one(Some(model()), posted("/orders/4711", "delete"));
    assert_eq!((&*other.method, other.activity), ("DELETE", None));
}

#[test]
fn a_redirect_is_unknown_unless_ok_decides() {
    let create = |model: crate::model::Model, status| one(Some(model), made("POST", "/orders").answers(status, "{}"));
    for status in [101, 300, 301, 302, 303, 304, 307, 308] {
        assert_eq!(create(model(), status).outcome, Outcome::Unknown, "{status}");
        assert_eq!(one(None, made("POST", "/orders").answers(status, "")).outcome, Outcome::Unknown, "{status}");
    }
    assert_eq!(create(model(), 201).outcome, Outcome::Accepted);
    assert_eq!(one(None, made("GET", "/orders").answers(304, "")).outcome, Outcome::Accepted);
    let mut posts = model();
    posts.activities[1].ok = Some(super::equals("res_header.location", "/orders/o1"));
    let to = |place| made("POST", "/orders").answers(303, "").answer_header("Location", place);
    assert_eq!(one(Some(posts.clone()), to("/orders/o1")).outcome, Outcome::Accepted);
    assert_eq!(one(Some(posts), to("/login")).outcome, Outcome::Rejected);
}

#[test]
fn rotated_files_share_a_clock_and_folders_do_not() {
    let sensor = |input: &str| {
        let mut exchange = made("GET", "/").answers(200, "");
        exchange.0.origin.input = input.into();
        one(None, exchange).sensor.to_string()
    };
    for rotated in ["h1/access.log.1", "h1/access.log.2.gz", "h1/access.log-20260901", "h1/access-2026-09-01.log"] {
        assert_eq!(sensor(rotated), "h1/access.log", "{rotated}");
    }
    assert_ne!(sensor("host1/access.jsonl"), sensor("host2/access.jsonl"));
    assert_ne!(sensor("api1.jsonl"), sensor("api2.jsonl"));
    assert_eq!(sensor("20260901.log"), "20260901.log");
}

#[test]
fn a_parameter_past_the_limit_is_unknown() {
    use crate::model::expression::{Bound, Scope};
    let many = "x=1&".repeat(300) + "last=2";
    let mut wanted = crate::correlate::reading::Bodies::new();
    wanted.request.add(&["last"]);
    let mut long = made("POST", &format!("/orders?{many}")).json(&many);
    long.0.request.as_mut().unwrap().headers = offpath_capture::Headers::default();
    let long = long.header("Content-Type", "application/x-www-form-urlencoded");
    let reading = crate::correlate::reading::Reading::of(&long.0, &wanted);
    assert_eq!(reading.value(&super::path("query.last")), Bound::Unknown);
    assert_eq!(reading.value(&super::path("req.last")), Bound::Unknown);
    let short = made("GET", "/orders?x=1");
    let reading = crate::correlate::reading::Reading::of(&short.0, &wanted);
    assert_eq!(reading.value(&super::path("query.last")), Bound::Exactly(crate::event::Value::Null));
}

#[test]
fn a_condition_tells_activities_apart_and_may_be_unknown() {
    let patch = |body| made("PATCH", "/orders/o").json(body).answers(200, "{}");
    assert_eq!(one(Some(model()), patch(r#"{"status":"cancelled"}"#)).activity.as_deref(), Some("cancel"));
    let other = one(Some(model()), patch(r#"{"address":"x"}"#));
    assert_eq!(other.activity, None);
    assert_eq!(other.operation.as_deref(), Some("PATCH /orders/{orderId}"));
    let logged = one(Some(model()), patch("{}").logged(Some("a"), &[]));
    assert_eq!((logged.activity.as_deref(), logged.outcome), (Some("cancel"), Outcome::Unknown));
    let mut refused = patch("{}").logged(Some("a"), &[]);
    refused.0.response.as_mut().unwrap().status = 403;
    let refused = one(Some(model()), refused);
    assert_eq!((refused.activity, refused.outcome), (None, Outcome::Rejected));
}

#[test]
fn bearings_are_kept() {
    let event = one(None, made("GET", "/orders/1?x=1").at(7).header("X-Request-Id", "r-1").answers(200, ""));
    assert_eq!((event.time, event.end), (7_000_000, 7_001_000));
    assert_eq!(&*event.path, "/orders/1");
    assert_eq!(event.host.as_deref(), Some("api.acme.example"));
    assert_eq!(event.request_id.as_deref(), Some("r-1"));
    assert_eq!(&*event.sensor, "capture.har");
    assert!(event.read && event.shows.headers && event.shows.request_body);
    let logged = made("GET", "/").answers(200, "").logged(None, &[("gateway", "gw-2")]);
    let logged = one(None, logged);
    assert_eq!(&*logged.sensor, "gw-2");
    assert!(!logged.shows.headers && !logged.shows.request_body);
}

#[test]
fn idempotency_keys_and_bodies_are_compared_by_hash() {
    let pay = |key: &str, body: &str| {
        one(Some(model()), made("POST", "/orders/o/payment").header("Idempotency-Key", key).json(body).answers(200, ""))
    };
    let (a, b, c) = (pay("k1", "{}"), pay("k1", "{}"), pay("k2", "{ }"));
    assert!(a.idempotency.is_some() && a.body_hash.is_some());
    assert_eq!((a.idempotency, a.body_hash), (b.idempotency, b.body_hash));
    assert_ne!(a.idempotency, c.idempotency);
    assert_ne!(a.body_hash, c.body_hash);
}

#[test]
fn a_response_without_its_request_is_no_event() {
    let mut orphan = made("GET", "/").answers(200, "");
    orphan.0.request = None;
    assert!(resolved(None, &[orphan]).is_empty());
}

#[test]
fn a_grpc_call_goes_as_its_own_status_says() {
    let call = |status| {
        let mut made = made("POST", "/shop.Orders/Place").answers(200, "");
        made.0.grpc = Some(Grpc { status, ..Grpc::default() });
        one(None, made).outcome
    };
    assert_eq!(call(Some(0)), Outcome::Accepted);
    // PERMISSION_DENIED, UNAUTHENTICATED, UNAVAILABLE, and a code of tomorrow.
    for refused in [7, 16, 14, 99] {
        assert_eq!(call(Some(refused)), Outcome::Rejected, "{refused}");
    }
    assert_eq!(call(None), Outcome::Unknown);
}

#[test]
fn a_pushed_exchange_is_nobodys_doing() {
    let mut pushed = made("GET", "/orders/o").answers(200, "{}");
    pushed.0.pushed = true;
    assert!(Extractor::new(None, key()).extract(&pushed.0).events.is_empty());
}
