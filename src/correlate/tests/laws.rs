//! Laws: any order and partition of the facts gives the same events, and no bytes make the stage panic.

use std::sync::Arc;

use proptest::prelude::*;

use super::{Made, key, made, model};
use crate::correlate::{Directory, Extractor, Inspection};
use crate::event::{Event, ObjectId};

/// Small traffic with much interference: few users, cookies, orders and refunds.
fn traffic() -> impl Strategy<Value = Vec<Made>> {
    let step = (0..9_u8, 0..3_u8, 0..3_u8, prop::sample::select(vec![200_u16, 201, 403]), 0..4_i64);
    prop::collection::vec(step, 1..25).prop_map(|steps| {
        let exchange = |(index, (kind, who, what, status, gap)): (usize, (u8, u8, u8, u16, i64))| {
            let at = index as i64 * gap * 700;
            let cookie = format!("sid=c{who}");
            let made = match kind {
                0 => made("POST", "/login")
                    .json(r#"{"username":"u","password":"p"}"#)
                    .answers(status, &format!(r#"{{"user":{{"id":"u{what}"}}}}"#))
                    .answer_header("Set-Cookie", &cookie),
                1 => made("POST", "/orders")
                    .header("Cookie", &cookie)
                    .json("{}")
                    .answers(status, &format!(r#"{{"order":{{"id":"o{what}"}}}}"#)),
                2 => made("POST", &format!("/orders/o{what}/refunds"))
                    .header("Cookie", &cookie)
                    .json("{}")
                    .answers(status, &format!(r#"{{"refund":{{"id":"r{who}"}}}}"#)),
                3 => made("POST", &format!("/refunds/r{what}/approve")).header("Cookie", &cookie).answers(status, "{}"),
                6 => made("POST", "/token")
                    .json(&format!(r#"{{"grant_type":"refresh_token","refresh_token":"refresh{what}"}}"#))
                    .answers(status, &format!(r#"{{"access_token":"token{who}","refresh_token":"refresh{who}"}}"#)),
                7 => made("GET", &format!("/orders/o{what}"))
                    .header("Cookie", &cookie)
                    .header("Authorization", &format!("Bearer token{what}"))
                    .answers(status, "{}"),
                8 => made("GET", &format!("/callback?code=code000{what}&state=state00{who}"))
                    .answers(302, "")
                    .answer_header("Location", "/")
                    .answer_header("Set-Cookie", &cookie),
                4 => made("POST", "/logout").header("Cookie", &cookie).answers(status, ""),
                _ => made("GET", &format!("/orders/o{what}"))
                    .bearer(&format!(r#"{{"sub":"u{who}","iss":"https://{what}"}}"#))
                    .answers(status, "{}"),
            };
            let mut made = made.at(at);
            made.0.key = index as u64;
            made
        };
        steps.into_iter().enumerate().map(exchange).collect()
    })
}

/// Headers that somebody reads.
const HEADERS: [&str; 14] = [
    "authorization",
    "cookie",
    "x-api-key",
    "content-type",
    "traceparent",
    "host",
    "x-forwarded-for",
    "forwarded",
    "x-forwarded-user",
    "x-forwarded-client-cert",
    "x-ms-client-principal",
    "signature-input",
    "signature",
    "signature-agent",
];

/// Resolves with the facts added in the given order, cut into directories that are then merged.
fn run(exchanges: &[Made], order: &[usize], cut: usize, with_model: bool) -> (Vec<Event>, String) {
    let extractor = Extractor::new(with_model.then(|| Arc::new(model())), key());
    let extracted: Vec<_> = exchanges.iter().map(|e| extractor.extract(&e.0)).collect();
    let mut parts: Vec<Directory> = vec![Directory::new(); cut.max(1)];
    for (position, index) in order.iter().enumerate() {
        parts[position % cut.max(1)].add(extracted[*index].facts.clone());
    }
    let mut all = Directory::new();
    parts.into_iter().rev().for_each(|p| all.merge(p));
    let resolver = all.freeze();
    let (mut one, mut two) = (Inspection::new(), Inspection::new());
    let mut events = Vec::new();
    for (index, mut extracted) in extracted.into_iter().enumerate() {
        extracted.events.iter_mut().for_each(|e| resolver.resolve(e));
        let half = if order[index].is_multiple_of(2) { &mut one } else { &mut two };
        half.add("http1", &extracted);
        events.extend(extracted.events);
    }
    one.merge(two);
    (events, format!("{:?}{:?}{:?}{:?}", one.operations(), one.actors(), one.objects(), one.unmodelled()))
}

proptest! {
    #[test]
    fn the_order_and_partition_of_facts_do_not_matter(
        (exchanges, order) in traffic().prop_flat_map(|t| {
            let order: Vec<usize> = (0..t.len()).collect();
            (Just(t), Just(order).prop_shuffle())
        }),
        cut in 1_usize..5,
        with_model in any::<bool>(),
    ) {
        let straight: Vec<usize> = (0..exchanges.len()).collect();
        prop_assert_eq!(run(&exchanges, &straight, 1, with_model), run(&exchanges, &order, cut, with_model));
    }

    #[test]
    fn hostile_bytes_never_panic(
        target in "(/[a-z{}%./;?=&\\PC]{0,12}){0,4}",
        header in prop::collection::vec(any::<u8>(), 0..60),
        body in prop::collection::vec(any::<u8>(), 0..80),
        status in 100_u16..1000,
    ) {
        for with_model in [false, true] {
            let extractor = Extractor::new(with_model.then(|| Arc::new(model())), key());
            let extractor = extractor.with_trusted_proxies(&["10.0.0.0/8".parse().unwrap()]);
            for start in ["/login", "/orders", "/refunds", "/shipments", ""] {
                let mut exchange = made("POST", &format!("{start}{target}")).answers(status, "x");
                let request = exchange.0.request.as_mut().unwrap();
                for name in HEADERS {
                    request.headers.push(name.as_bytes(), &header);
                }
                let len = body.len() as u64;
                let bytes = offpath_capture::Body::Present { bytes: body.clone(), wire_len: len, decoded_len: len, whole: true };
                request.body = bytes.clone();
                let response = exchange.0.response.as_mut().unwrap();
                response.headers.push(b"set-cookie", &header);
                response.headers.push(b"location", &header);
                response.body = bytes;
                let extracted = extractor.extract(&exchange.0);
                let mut directory = Directory::new();
                directory.add(extracted.facts);
                let resolver = directory.freeze();
                extracted.events.into_iter().for_each(|mut e| resolver.resolve(&mut e));
            }
        }
    }
}

#[test]
fn rings_and_long_chains_of_parents_end() {
    let id = |n: usize| ObjectId { object_type: "n".into(), key: n.to_string().into() };
    let mut facts = crate::correlate::Facts::default();
    for n in 0..100 {
        facts.parents.push((id(n), (0, crate::event::EventId(0)), id(n + 1)));
    }
    for n in 200..205 {
        let next = if n == 204 { 201 } else { n + 1 };
        facts.parents.push((id(n), (0, crate::event::EventId(0)), id(next)));
    }
    let mut directory = Directory::new();
    directory.add(facts);
    let resolver = directory.freeze();
    let _ = resolver.root(&id(0));
    assert_eq!(resolver.root(&id(98)), id(100));
    for n in 200..205 {
        assert_eq!(resolver.root(&id(n)), id(201));
    }
}
