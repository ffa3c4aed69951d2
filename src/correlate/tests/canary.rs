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

/// Secrets that look like nothing: only the names of their places tell them.
#[test]
fn secrets_by_name_are_masked_whatever_they_look_like() {
    let mut named = model();
    let paths = super::paths;
    named.actors.identify = vec![crate::model::IdentityPath { path: path("header.x-partner-key"), bound_by: None }];
    named.actors.agent = paths(&["cookie.agent"]);
    named.actors.tenant = paths(&["header.x-tenant-key"]);
    named.actors.roles_from = paths(&["cookie.roles"]);
    let order = &mut named.object_types[0];
    order.key = paths(&["req.token"]);
    order.tenant = paths(&["cookie.tenant"]);
    order.state = paths(&["res.session"]);
    order.owner = Some(crate::model::OwnerRule { set_by: None, value: path("req.pwd") });
    let refund = &mut named.object_types[1];
    refund.key = paths(&["query.subscription-key"]);
    refund.parent = Some((crate::model::ObjectTypeId(0), paths(&["cookie.parent"])));
    named.captured_paths = paths(&["target", "header.referer", "req.pwd", "cookie.plain", "query.subscription-key"]);
    let secret = |n: usize| {
        if n.is_multiple_of(2) { format!("zq{n:02}") } else { format!("{n:02}e5f60718293a4b5c6d7e8f901a2b3c") }
    };
    let s: Vec<String> = (10..25).map(secret).collect();
    let target = format!("?subscription-key={}&pwd={}&pass={}&page=2", s[0], s[1], s[2]);
    for path in ["/orders", "/orders/o1/refunds"] {
        let cookies = format!("agent={}; roles={}; tenant={}; parent={}; plain={}", s[3], s[4], s[5], s[6], s[7]);
        let body = format!(r#"{{"token":"{}","pwd":"{}","session":"{}"}}"#, s[8], s[9], s[10]);
        let exchange = made("POST", &format!("{path}{target}"))
            .header("X-Partner-Key", &s[11])
            .header("X-Tenant-Key", &s[12])
            .header("Referer", &format!("https://h/a?passcode={}", s[13]))
            .header("Cookie", &cookies)
            .json(&body)
            .answers(200, &format!(r#"{{"session":"{}"}}"#, s[14]));
        let extracted = Extractor::new(Some(Arc::new(named.clone())), key()).extract(&exchange.0);
        let text = format!("{extracted:?}");
        for (index, secret) in s.iter().enumerate() {
            assert!(!text.contains(secret.as_str()), "secret {index} leaked on {path}: {text}");
        }
        assert!(text.contains("page=2"), "the rest of the target stays");
        assert!(!extracted.events[0].objects.is_empty() && extracted.events[0].actor.tenant.is_some());
    }
}

#[test]
fn roles_are_masked_unless_the_model_names_them() {
    let claims = r#"{"sub":"a","roles":["fin","ann@example.com","cs"]}"#;
    let event = super::one(Some(model()), made("GET", "/orders/o1").bearer(claims).answers(200, ""));
    let roles: Vec<&str> = event.actor.roles.iter().map(|r| &**r).collect();
    assert!(roles.contains(&"approver") && roles.contains(&"cs"), "{roles:?}");
    assert!(roles.iter().any(|r| r.starts_with("a…@")) && !format!("{event:?}").contains("ann@"), "{roles:?}");
}
