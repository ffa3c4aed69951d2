//! No secret survives: a unique one in every place of an exchange, and none of them in anything that leaves the stage.

use std::sync::Arc;

use super::{Made, key, made, model, path};
use crate::correlate::{Directory, Extractor, Inspection};
use crate::model::Model;

/// Secrets look like secrets: 40 characters that no one would type.
fn canary(number: usize) -> String {
    format!("Qz{number:02}kP7vXw3RtY9uBn5MdLs8Fg2HjKcVaTe6Wo4Zi1")
}

fn loaded(target: &str) -> (Made, Vec<String>) {
    let mut secrets = Vec::new();
    let mut next = || {
        let secret = canary(secrets.len() + 10);
        secrets.push(secret.clone());
        secret
    };
    let query = format!("access_token={}&api_key={}&password={}&code={}", next(), next(), next(), next());
    let body = format!(
        r#"{{"username":"zoe","password":"{}","note":"{}","token":"{}","status":"{}","amount":"{}","orderId":"{}"}}"#,
        next(),
        next(),
        next(),
        next(),
        next(),
        next()
    );
    let answer = format!(
        r#"{{"access_token":"{}","user":{{"id":"zoe","password":"{}"}},"order":{{"id":"{}","status":"{}","total":"{}","tenantId":"{}"}}}}"#,
        next(),
        next(),
        next(),
        next(),
        next(),
        next()
    );
    let mut exchange = made("POST", &format!("{target}/{}?{query}", next())).at(1).json(&body);
    for header in [
        "Authorization",
        "X-Api-Key",
        "X-Auth-Token",
        "X-Channel",
        "X-Consumer-Username",
        "User-Agent",
        "X-Request-Id",
        "Idempotency-Key",
        "Proxy-Authorization",
        "Traceparent",
        "X-Tenant-Id",
    ] {
        let scheme = if header == "Authorization" { "Bearer " } else { "" };
        exchange = exchange.header(header, &format!("{scheme}{}", next()));
    }
    exchange = exchange.header("Cookie", &format!("sid={}; other={}", next(), next()));
    exchange = exchange.answers(200, &answer);
    exchange = exchange.answer_header("Set-Cookie", &format!("sid={}", next()));
    exchange = exchange.answer_header("Location", &format!("/orders/{}", next()));
    (exchange, secrets)
}

fn check(model: Option<Model>, target: &str) {
    let (exchange, secrets) = loaded(target);
    let extractor = Extractor::new(model.map(Arc::new), key());
    let mut extracted = extractor.extract(&exchange.0);
    let mut text = format!("{extracted:?} {extractor:?}");
    let mut directory = Directory::new();
    directory.add(extracted.facts.clone());
    text += &format!("{directory:?}");
    let resolver = directory.freeze();
    for event in &mut extracted.events {
        resolver.resolve(event);
        text += &format!("{event:#?} {}", event.id);
        event.objects.iter().for_each(|o| text += &o.id.to_string());
        event.attributes.iter().for_each(|(_, v)| text += &v.to_string());
    }
    let mut inspection = Inspection::new();
    inspection.add("http1", &extracted);
    text += &format!("{inspection:?} {resolver:?}");
    for (index, secret) in secrets.iter().enumerate() {
        assert!(!text.contains(secret.as_str()), "secret {index} leaked on {target}");
    }
    assert!(!extracted.events.is_empty());
}

#[test]
fn no_secret_leaves_the_stage() {
    let mut greedy = model();
    greedy.captured_paths = [
        "req.password",
        "req.token",
        "req.note",
        "header.authorization",
        "header.x-channel",
        "cookie.sid",
        "query.access_token",
        "res.access_token",
        "res.user.password",
    ]
    .map(path)
    .into();
    greedy.activities[0].attributes = vec![("proof".into(), super::value_of("req.password"))];
    for target in ["/login", "/orders", "/refunds", "/anything/else"] {
        check(None, target);
        check(Some(greedy.clone()), target);
    }
}

#[test]
fn personal_data_is_masked_and_stays_equal() {
    let mail = made("GET", "/users/ann%40example.com").bearer(r#"{"sub":"ann@example.com"}"#).answers(200, "");
    let event = super::one(None, mail);
    let principal = event.actor.principal.clone().unwrap();
    assert!(principal.starts_with("a…@example.com#"), "{principal}");
    assert_eq!(event.objects[0].id.key, principal);
    assert!(!format!("{event:?}").contains("ann@"));
    assert!(!format!("{event:?}").contains("ann%40"));
}
