//! What may tell tenants, and what looks like it.

use super::*;
use crate::event::{EventId, ObjectId, ObjectRef, sample};

/// An accepted call of a person at a host and path about an order.
fn call(who: usize, host: &str, path: &str, order: usize) -> Event {
    let mut event = sample::event(1);
    event.id = EventId((who * 10_000 + order) as u64);
    event.outcome = Outcome::Accepted;
    (event.host, event.path) = (Some(host.into()), path.into());
    event.operation = Some("GET /orders/{order}".into());
    (event.actor.principal, event.actor.evidence) = (Some(format!("p{who}").into()), Evidence::Claims);
    event.actor.tenant = None;
    let id = ObjectId { object_type: "order".into(), key: order.to_string().into() };
    event.objects = vec![ObjectRef::new(id, "target")];
    event
}

/// What is told of twelve people who call three times each, of whom each is where `place` says, at a host and path.
fn told(place: impl Fn(usize, usize) -> (String, String)) -> Vec<(String, usize)> {
    let mut events = Vec::new();
    for who in 0..12 {
        for time in 0..3 {
            let (host, path) = place(who, time);
            events.extend((0..2).map(|_| call(who, &host, &path, who * 3 + time)));
        }
    }
    let mut whole = Premises::default();
    events.iter().for_each(|event| whole.add(event));
    let mut parts = Premises::default();
    for event in events.iter().rev() {
        let mut part = Premises::default();
        part.add(event);
        parts.merge(part);
    }
    assert_eq!(parts, whole, "in any order and parts");
    whole.told().into_iter().map(|premise| (premise.place, premise.tenants)).collect()
}

#[test]
fn who_stays_at_a_host_with_others_is_perhaps_of_its_tenant() {
    let names = ["acme", "globex", "initech"];
    let at = |host: String| (host, "/orders/1".to_owned());
    let tenants = told(|who, _| at(format!("{}.api.example", names[who % 3])));
    assert_eq!(tenants, [("host.label.0".to_owned(), 3)]);
    let services = ["orders", "billing", "search"];
    assert_eq!(told(|_, time| at(format!("{}.api.example", services[time]))), [], "each uses all");
    let regions = ["eu-west-1", "us-east-1", "eu"];
    assert_eq!(told(|who, _| at(format!("{}.api.example", regions[who % 3]))), [], "regions");
    assert_eq!(told(|who, _| at(format!("u{who}.api.example"))), [], "each has his own");
    assert_eq!(told(|who, _| at(format!("10.0.0.{}", who % 3))), [], "addresses");
    assert_eq!(told(|_, _| at("acme.api.example".to_owned())), [], "one");
    assert_eq!(told(|who, _| at(format!("{}.example", names[who % 3]))), [], "sites of their own");
}

#[test]
fn what_stands_behind_a_word_for_tenants_is_perhaps_one() {
    let names = ["acme", "globex", "initech"];
    let at = |path: String| ("api.shop.example".to_owned(), path);
    let behind = |word: &'static str| told(move |who, _| at(format!("/v1/{word}/{}/orders/7", names[who % 3])));
    assert_eq!(behind("orgs"), [("/orgs/*".to_owned(), 3)]);
    assert_eq!(behind("t"), [("/t/*".to_owned(), 3)]);
    assert_eq!(behind("topics"), [], "no word for tenants");
    assert_eq!(told(|who, time| at(format!("/shops/{}/orders/7", names[(who + time) % 3]))), [], "buyers go round");
    assert_eq!(told(|who, _| at(format!("/accounts/a{who}/orders/7"))), [], "everybody's own account");
    assert_eq!(told(|who, _| at(format!("/orgs/{}", names[who % 3]))), [], "nothing is in it");
}

#[test]
fn things_that_are_at_several_places_refute_them() {
    let mut premises = Premises::default();
    for who in 0..12 {
        let host = format!("{}.api.example", ["acme", "globex"][who % 2]);
        (0..6).for_each(|order| premises.add(&call(who, &host, "/orders/1", order)));
    }
    assert_eq!(premises.told(), [], "all see the same orders");
    let mut told = call(1, "acme.api.example", "/orders/1", 1);
    told.actor.tenant = Some("acme".into());
    let mut none = Premises::default();
    none.add(&told);
    assert_eq!(none, Premises::default(), "what is told needs no guess");
}
