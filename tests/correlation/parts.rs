//! Without a model a thing is of the case of what its own calls say that it is a part of, and of no other.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::flows::{entry, told};
use crate::sample::{grouped, history, moment, moment_of};
use crate::seen::{Seen, events};
use crate::support::text;

/// The scenario's recording where refunds are asked for at no order's path: the request names the order by `name`, and
/// no answer does.
fn flat(har: &Path, name: &str) -> Value {
    let mut har: Value = serde_json::from_slice(&std::fs::read(har).unwrap()).unwrap();
    for entry in har["log"]["entries"].as_array_mut().unwrap() {
        let url = text(&entry["request"], "url").to_owned();
        if let Some((before, rest)) = url.split_once("/orders/")
            && let Some(order) = rest.strip_suffix("/refunds")
            && entry["request"]["method"] == "POST"
        {
            entry["request"]["url"] = format!("{before}/refunds").into();
            let mut sent: Value = serde_json::from_str(text(&entry["request"]["postData"], "text")).unwrap();
            sent[name] = order.into();
            entry["request"]["postData"]["text"] = sent.to_string().into();
            entry["request"]["bodySize"] = (-1).into();
        }
        let content = &mut entry["response"]["content"];
        let answered = content["text"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
        if let Some(mut answered) = answered.filter(|answered| answered["refund"].is_object()) {
            answered["refund"].as_object_mut().unwrap().remove("orderId");
            content["text"] = answered.to_string().into();
        }
    }
    har
}

/// Cases of accepted calls about refunds: as the generator knows them, and as they are told where requests name the order
/// so. Moments of several calls are left out.
fn refunds(name: &str) -> Vec<(String, Option<String>)> {
    let (folder, out, truth) = history(5);
    let file = folder.path().join("flat.har");
    std::fs::write(&file, flat(&out.join("capture.har"), name).to_string()).unwrap();
    let of_refund = |event: &&Value| {
        event["accepted"] == true && event["objects"][0].as_str().is_some_and(|id| id.starts_with("refund:"))
    };
    // Of a refund that was asked for before the recording, no request names the order.
    let asked = truth.iter().filter(|event| of_refund(event) && text(event, "activity") == "refund_request");
    let asked: BTreeSet<&str> = asked.map(|event| event["objects"][0].as_str().unwrap()).collect();
    let asked_for = |event: &&Value| of_refund(event) && asked.contains(event["objects"][0].as_str().unwrap());
    let real = grouped(truth.iter().filter(asked_for).map(|event| {
        let (time, method, path) = moment(event, 1_000);
        let path = if text(event, "activity") == "refund_request" { "/refunds".to_owned() } else { path };
        ((time, method, path), text(event, "case").to_owned())
    }));
    let told = grouped(events(&file, None).iter().map(|event| (moment_of(event, 1_000), event.case.clone())));
    let single = real.iter().filter(|(_, cases)| cases.len() == 1);
    let pairs = single.filter_map(|(moment, cases)| Some((cases[0].clone(), told.get(moment)?.first()?.clone())));
    pairs.collect()
}

#[test]
fn a_refund_is_of_the_order_that_its_request_names() {
    let pairs = refunds("order_id");
    assert!(pairs.len() > 40, "{}", pairs.len());
    let wrong: Vec<_> = pairs.iter().filter(|(real, told)| told.as_ref() != Some(real)).collect();
    assert!(wrong.is_empty(), "{} of {}: {wrong:?}", wrong.len(), pairs.len());
}

#[test]
fn a_refund_is_of_no_order_that_it_only_has_to_do_with() {
    for name in ["related_order_id", "previousOrderId"] {
        let pairs = refunds(name);
        assert!(pairs.len() > 40);
        assert!(pairs.iter().all(|(_, told)| told.as_ref().is_some_and(|case| case.starts_with("refund:"))), "{name}");
    }
}

/// A shop whose things are numbered, by four people: orders, and for each as many payments as `of_order` says, whose
/// requests say what `sent` does of the number of the payment and that of its order.
fn shop(orders: u64, of_order: u64, sent: impl Fn(u64, u64) -> Value) -> Vec<Seen> {
    let mut entries = Vec::new();
    for order in 0..orders {
        let (who, at) = (format!("u{}", order % 4), order * 100);
        let (id, path) = (1_000 + order, format!("/orders/{}", 1_000 + order));
        entries.push(entry(at, &who, "POST", "/orders", Some(json!({"amount": 5})), 201, &json!({"id": id})));
        entries.push(entry(at + 1, &who, "POST", &format!("{path}/submit"), None, 200, &json!({"done": true})));
        for part in 0..of_order {
            let (number, at) = (order * of_order + part, at + 10 + part * 10);
            let payment = 70_000 + number;
            let said = json!({"id": payment});
            entries.push(entry(at, &who, "POST", "/payments", Some(sent(number, id)), 201, &said));
            let path = format!("/payments/{payment}");
            entries.push(entry(at + 1, &who, "POST", &format!("{path}/confirm"), None, 200, &json!({"done": true})));
            entries.push(entry(at + 2, &who, "GET", &path, None, 200, &json!({"method": "card"})));
        }
    }
    told(&entries)
}

/// The types of the cases of all that happens to payments.
fn cases(events: &[Seen]) -> BTreeSet<String> {
    let payments = events.iter().filter(|event| event.path.starts_with("/payments"));
    payments.filter_map(|event| Some(event.case.as_ref()?.split(':').next()?.to_owned())).collect()
}

#[test]
fn all_that_happens_to_a_payment_is_of_its_order() {
    let events = shop(12, 1, |_, order| json!({"order_id": order}));
    let payments: Vec<_> = events.iter().filter(|event| event.path.starts_with("/payments")).collect();
    assert_eq!(payments.len(), 36);
    for event in payments {
        let number: u64 = match event.path.split('/').nth(2) {
            Some(key) => key.parse().unwrap(),
            None => event.object().unwrap().strip_prefix("payment:").unwrap().parse().unwrap(),
        };
        assert_eq!(event.case, Some(format!("order:{}", number - 69_000)), "{} {}", event.method, event.path);
    }
}

#[test]
fn what_names_several_or_a_list_or_what_others_share_is_a_case_of_its_own() {
    let own: BTreeSet<String> = ["payment".to_owned()].into();
    let list = shop(12, 1, |_, order| json!({"order_ids": [order]}));
    assert_eq!(cases(&list), own, "one of a list");
    let other = shop(12, 1, |_, order| json!({"related_order_id": order, "previous_id": order}));
    assert_eq!(cases(&other), own, "what it only has to do with");
    let shared = shop(12, 4, |_, order| json!({"order_id": order}));
    assert_eq!(cases(&shared), own, "many of one: it may be an address as well");
    let few = shop(4, 1, |_, order| json!({"order_id": order}));
    assert_eq!(cases(&few), own, "too few");
    let unknown = shop(12, 1, |number, _| json!({"order_id": 5_000 + number}));
    assert_eq!(cases(&unknown), own, "what was never there");
}

#[test]
fn a_payment_of_two_orders_is_of_none() {
    let mut entries = Vec::new();
    for n in 0..20_u64 {
        let (who, at, order, payment) = (format!("u{}", n % 4), n * 100, 1_000 + n, 70_000 + n);
        entries.push(entry(at, &who, "POST", "/orders", Some(json!({"amount": 5})), 201, &json!({"id": order})));
        let sent = json!({"order_id": order});
        entries.push(entry(at + 1, &who, "POST", "/payments", Some(sent), 201, &json!({"id": payment})));
        let moved = json!({"order_id": if n == 7 { order - 1 } else { order }});
        let path = format!("/payments/{payment}");
        entries.push(entry(at + 2, &who, "PUT", &path, Some(moved), 200, &json!({"done": true})));
    }
    let events = told(&entries);
    for event in events.iter().filter(|event| event.path.starts_with("/payments/")) {
        let n: u64 = event.path.rsplit('/').next().unwrap().parse::<u64>().unwrap() - 70_000;
        let case = if n == 7 { "payment:70007".to_owned() } else { format!("order:{}", 1_000 + n) };
        assert_eq!(event.case, Some(case));
    }
}
