//! What is noted, by events made by hand; and the law that neither order nor partition matters.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::event::sample;
use crate::event::{Doubt, Evidence, ListedTool, Listing, Outcome, SeenAgent, Spoken, TokenExchange};

const HOUR: i64 = 3_600_000_000;

/// An accepted write by the token of somebody.
fn write(n: u64, who: &str) -> Event {
    let mut event = sample::event(n);
    (event.read, event.method, event.operation) = (false, "POST".into(), Some("POST /transfers".into()));
    event.actor.principal = Some(who.into());
    event.actor.credential = Some(format!("c-{who}").into());
    event.actor.evidence = Evidence::Claims;
    event.actor.token_end = Some(event.time + HOUR);
    event
}

fn read(event: Event) -> Event {
    Event { read: true, method: "GET".into(), operation: Some("GET /transfers".into()), ..event }
}

/// The same with a token that ended hours ago.
fn late(mut event: Event, hours: i64) -> Event {
    event.actor.evidence = Evidence::Unproved;
    event.actor.doubts.add(Doubt::Expired);
    event.actor.token_end = Some(event.time - hours * HOUR);
    event
}

fn found(events: &[Event]) -> (Vec<Stray>, Tallies) {
    let mut noted = Noted::default();
    events.iter().for_each(|event| noted.note(event));
    noted.found(None)
}

fn of(check: Check, events: &[Event]) -> Vec<(u64, String, f32)> {
    let strays = found(events).0.into_iter().filter(|stray| stray.check == check);
    let told = strays.map(|stray| {
        let observed: Vec<&str> = stray.observed.iter().map(|text| &**text).collect();
        (stray.at.0, observed.join(", "), stray.doubt.map_or(1.0, |(most, _)| most))
    });
    told.collect()
}

#[test]
fn a_token_that_serves_after_its_end_is_told_once() {
    let check = Check::TokenExpired;
    let timely = write(1, "ann");
    let all = [timely.clone(), late(write(2, "mia"), 3), late(write(3, "mia"), 3), late(read(write(4, "mia")), 3)];
    assert_eq!(of(check, &all), [(2, "2 requests until 3h after its end".into(), 0.8)]);
    assert_eq!(of(check, &all[1..]), [(2, "2 requests until 3h after its end".into(), 0.4)], "whose clock is wrong?");
    assert_eq!(of(check, &[timely.clone(), late(read(write(4, "mia")), 3)])[0].2, 0.4, "what is read may be open");
    let mut refused = read(write(5, "bob"));
    (refused.outcome, refused.status) = (Outcome::Rejected, Some(401));
    assert_eq!(of(check, &[timely, late(read(write(4, "mia")), 3), refused])[0].2, 0.8, "this is not");
}

#[test]
fn what_serves_everybody_and_what_has_another_credential_is_no_use_of_the_token() {
    let timely = write(1, "ann");
    let mut open = read(write(2, "x"));
    (open.actor.principal, open.actor.credential, open.actor.evidence) =
        (Some("addr:1".into()), None, Evidence::Address);
    open.actor.token_end = None;
    assert_eq!(of(Check::TokenExpired, &[timely.clone(), open, late(read(write(3, "mia")), 3)]), []);
    let mut beside = late(write(4, "mia"), 3);
    beside.actor.also = vec!["?2b".into()];
    let told = of(Check::TokenExpired, &[timely.clone(), beside.clone()]);
    assert_eq!(told, [(4, "1 request until 3h after its end".into(), 0.4)], "who shows it may have made it up");
    assert_eq!(of(Check::TokenExpired, &[timely.clone(), beside, late(write(6, "mia"), 2)])[0].2, 0.8);
    let mut refused = late(write(5, "mia"), 3);
    refused.outcome = Outcome::Rejected;
    assert_eq!(of(Check::TokenExpired, &[timely, refused]), []);
}

#[test]
fn what_one_host_serves_everybody_says_nothing_of_another() {
    let timely = write(1, "ann");
    let on = |host: &str, event: Event| Event { host: Some(host.into()), ..event };
    let mut open = read(write(2, "x"));
    (open.actor.principal, open.actor.credential, open.actor.evidence) =
        (Some("addr:1".into()), None, Evidence::Address);
    open.actor.token_end = None;
    let used = on("api.shop.example", late(read(write(3, "mia")), 3));
    let of = |events: &[Event]| of(Check::TokenExpired, events).iter().map(|(.., most)| *most).collect::<Vec<_>>();
    assert_eq!(of(&[timely.clone(), on("www.shop.example", open.clone()), used.clone()]), [0.4]);
    let open = on("api.shop.example", open);
    assert_eq!(of(&[timely.clone(), open.clone(), used.clone()]), [0.0; 0]);
    let mut refused = on("api.shop.example", read(write(5, "bob")));
    (refused.outcome, refused.status) = (Outcome::Rejected, Some(401));
    assert_eq!(of(&[timely, open, used, refused]), [0.8], "it asks for one all the same");
}

#[test]
fn names_that_software_makes_up_are_one_finding() {
    let by = |n: u64| {
        let mut event = write(n, "mia");
        event.actor.seen_agent = Some(Box::new(SeenAgent { name: format!("bot-{n}").into(), named: Some(false) }));
        event
    };
    let all: Vec<Event> = (1..=300).map(by).collect();
    assert_eq!(of(Check::AgentUnnamed, &all), [(1, "bot-1, bot-10, bot-100, bot-101, 300 writes".into(), 0.4)]);
    let hosts: Vec<Event> = (0..400).flat_map(|n| writes(n * 10, 10, &format!("h{n}.shop.example"), false)).collect();
    let known = writes(9_000, 10, "a.shop.example", true);
    assert!(of(Check::Uncorrelated, &[hosts, known].concat()).len() < 256);
}

#[test]
fn software_that_no_token_names_is_for_review() {
    let by = |n: u64, named: Option<bool>| {
        let mut event = write(n, "mia");
        event.actor.seen_agent = Some(Box::new(SeenAgent { name: "crew".into(), named }));
        event
    };
    let check = Check::AgentUnnamed;
    assert_eq!(of(check, &[by(1, Some(false)), by(2, Some(false))]), [(1, "crew, 2 writes".into(), 0.4)]);
    assert_eq!(of(check, &[by(1, Some(true)), by(2, None), read(by(3, Some(false))), write(4, "mia")]), []);
    let mut session = by(5, Some(false));
    session.actor.evidence = Evidence::Bound;
    let tallies = found(&[by(2, None), session]).1;
    assert_eq!(tallies.0[&(check, "pcapng")].not_evaluable, 2, "what cannot be read is not judged");
}

#[test]
fn an_exchange_that_adds_is_told_with_what_it_adds() {
    let exchange = |n: u64, had: Option<&[&str]>, got: Option<&[&str]>, elsewhere: bool| {
        let words = |all: &[&str]| all.iter().map(|word| Arc::from(*word)).collect();
        let mut event = write(n, "mia");
        event.exchanged =
            Some(Box::new(TokenExchange { shown: "2c".into(), had: had.map(words), got: got.map(words), elsewhere }));
        event
    };
    let check = Check::ScopeWidened;
    let more = exchange(1, Some(&["read"]), Some(&["write", "read", "pay"]), false);
    assert_eq!(of(check, &[more]), [(1, "pay, write".into(), 0.8)]);
    let elsewhere = exchange(1, Some(&["read"]), Some(&["pay"]), true);
    assert_eq!(of(check, &[elsewhere]), [(1, "pay".into(), 0.4)]);
    let less = exchange(1, Some(&["read", "write"]), Some(&["read"]), false);
    let (unknown, untold) = (exchange(2, None, Some(&["read"]), false), exchange(3, Some(&["read"]), None, false));
    let (strays, tallies) = found(&[less, unknown, untold]);
    let tally = tallies.0[&(check, "pcapng")];
    assert_eq!((strays, tally.evaluated, tally.not_evaluable), (vec![], 1, 2));
}

/// Writes to a host, with ids or without.
fn writes(from: u64, count: u64, host: &str, correlated: bool) -> Vec<Event> {
    (from..from + count).map(|n| Event { host: Some(host.into()), correlated, ..write(n, "ann") }).collect()
}

#[test]
fn a_service_without_ids_is_told_where_others_have_them() {
    let check = Check::Uncorrelated;
    let all = [writes(1, 12, "orders.shop.example", true), writes(101, 12, "mail.shop.example", false)].concat();
    assert_eq!(of(check, &all), [(101, "none in 12 of 12 writes".into(), 0.6)]);
    assert_eq!(of(check, &all[12..]), [], "nobody has any");
    let third = [writes(1, 12, "orders.shop.example", true), writes(101, 12, "stats.vendor.example", false)].concat();
    assert_eq!(of(check, &third), [], "somebody else's");
    let own = [writes(1, 12, "orders.shop.example", true), writes(101, 14, "orders.shop.example", false)].concat();
    assert_eq!(of(check, &own), [(101, "none in 14 of 26 writes".into(), 0.8)]);
    let few = [writes(1, 12, "orders.shop.example", true), writes(101, 9, "mail.shop.example", false)].concat();
    assert_eq!(of(check, &few), []);
    let most = [writes(1, 40, "orders.shop.example", true), writes(101, 12, "orders.shop.example", false)].concat();
    assert_eq!(of(check, &most), []);
}

#[test]
fn a_log_is_judged_where_its_records_have_ids_at_all() {
    let check = Check::Uncorrelated;
    let logged = |mut event: Event| {
        event.shows.headers = false;
        event
    };
    let bare: Vec<Event> = writes(101, 12, "mail.shop.example", false).into_iter().map(logged).collect();
    let (strays, tallies) = found(&bare);
    assert_eq!((strays, tallies.0[&(check, "pcapng")].not_evaluable), (vec![], 12));
    let with: Vec<Event> = writes(1, 12, "orders.shop.example", true).into_iter().map(logged).collect();
    assert_eq!(of(check, &[with, bare].concat()).len(), 1);
}

prop_compose! {
    fn events()(
        n in 1..400_u64,
        who in 0..3_u8,
        kind in 0..8_u8,
        host in 0..3_usize,
        flag: bool,
    ) -> Event {
        let event = write(n, &format!("u{who}"));
        let seen = Some(Box::new(SeenAgent { name: "crew".into(), named: flag.then_some(n % 2 == 0) }));
        let words = |all: &[&str]| Some(all.iter().map(|word| Arc::from(*word)).collect());
        let exchanged = TokenExchange { shown: "2c".into(), had: words(&["a"]), got: words(&["b"]), elsewhere: flag };
        let mut event = match kind {
            0 => late(event, 2),
            1 => late(read(event), 5),
            2 => Event { actor: crate::event::Actor { seen_agent: seen, ..event.actor.clone() }, ..event },
            3 => Event { exchanged: Some(Box::new(exchanged)), ..event },
            4 => Event { actor: event.actor.clone(), ..tool(event.id.0, event.id.0 % 3, flag.then_some(event.id.0 % 2)) },
            _ => event,
        };
        event.host = ["a.shop.example", "b.shop.example", "c.other.example"].get(host).map(|host| Arc::from(*host));
        event.correlated = kind == 7 || host == 0;
        event.shows.headers = flag;
        event
    }
}

/// A list of one tool, so described, or a call of it, at a server.
fn tool(n: u64, server: u64, described: Option<u64>) -> Event {
    let listed = |description| ListedTool { name: "search".into(), description, schema: 1 };
    let listing = described.map(|description| Listing { first: true, last: true, tools: vec![listed(description)] });
    let called = described.is_none().then(|| "search".into());
    let spoken = Spoken { server, listing, tool: called, ..Spoken::default() };
    Event { spoken: Some(Box::new(spoken)), host: Some(format!("s{server}.example").into()), ..write(n, "ann") }
}

#[test]
fn a_tool_of_two_servers_is_told_where_they_describe_it_differently() {
    let told = |events: &[Event]| of(Check::ToolShadowed, events);
    let as_well =
        |n: u64, went: &str, most: f32| vec![(n, format!("search of s2.example as well in other words{went}"), most)];
    let (first, second) = (tool(1, 1, Some(7)), tool(5, 2, Some(8)));
    assert_eq!(told(&[first.clone(), second.clone()]), as_well(5, "", 0.4));
    assert_eq!(told(&[first.clone(), tool(5, 2, Some(7))]), [], "another address of the same");
    let went = [first.clone(), tool(2, 1, None), second.clone(), tool(6, 2, None)];
    assert_eq!(told(&went), as_well(6, " and takes its calls", 0.6));
    let both = [&went[..], &[tool(7, 1, None)]].concat();
    assert_eq!(told(&both), as_well(5, "", 0.4), "the client tells them apart");
    let of_another = Event { actor: write(5, "bob").actor, ..second };
    assert_eq!(told(&[first, of_another]), [], "told to somebody else");
}

#[test]
fn a_tool_that_the_model_does_not_name_is_told_where_it_is_called() {
    let text = "offpath: 1\nworkflow: {id: w, version: 1}\nactivities:\n  find: {mcp: {tool: NAME}, read: true}\n";
    let told = |name: &str, events: &[Event]| {
        let model = Model::read("w.yaml", &text.replace("NAME", name)).map_err(|found| found.render(false)).unwrap().0;
        let mut noted = Noted::default();
        events.iter().for_each(|event| noted.note(event));
        let strays = noted.found(Some(&model)).0.into_iter().filter(|stray| stray.check == Check::ToolShadowed);
        strays.map(|stray| (stray.at.0, stray.doubt.unwrap().0)).collect::<Vec<_>>()
    };
    assert_eq!(told("search", &[tool(1, 1, None)]), []);
    assert_eq!(told("find", &[tool(1, 1, None), tool(2, 1, None)]), [(1, 0.6)], "a server of which it names nothing");
    assert_eq!(told("find", &[tool(1, 1, Some(7))]), [], "what is only listed nobody used");
    let mut known = tool(3, 1, None);
    known.spoken.as_mut().unwrap().tool = Some("find".into());
    assert_eq!(told("find", &[tool(1, 1, None), known]), [(1, 0.4)]);
}

#[test]
fn a_chain_that_comes_back_is_told_once() {
    let chain = |n: u64, agents: &[&str]| {
        let mut event = write(n, "ann");
        event.actor.agent = agents.last().map(|agent| Arc::from(*agent));
        event.actor.earlier_agents = agents.iter().rev().skip(1).map(|agent| Arc::from(*agent)).collect();
        event
    };
    let told = |events: &[Event]| of(Check::AgentLoop, events);
    let back = ["a", "b", "a"];
    assert_eq!(told(&[chain(1, &back), chain(2, &back)]), [(1, "a > b > a (2 requests)".into(), 0.55)]);
    assert_eq!(told(&[chain(1, &["a", "b", "a", "b"])]), [(1, "a > b > a > b (1 request)".into(), 0.8)]);
    assert_eq!(told(&[chain(1, &["a", "b", "c"]), chain(2, &["a", "a", "b"])]), [], "an exchanged token");
    let said = Event {
        actor: crate::event::Actor { evidence: Evidence::Asserted, ..chain(1, &back).actor },
        ..write(1, "ann")
    };
    assert_eq!(told(&[said])[0].2, 0.4);
    let mut refused = chain(1, &back);
    refused.outcome = Outcome::Rejected;
    assert_eq!(told(&[refused]), []);
}

proptest! {
    #[test]
    fn neither_order_nor_partition_matters(events in proptest::collection::vec(events(), 0..60), cut in 0..60_usize) {
        let mut events = events;
        events.sort_by_key(Event::order_key);
        events.dedup_by_key(|event| event.id);
        let whole = found(&events);
        let (a, b) = events.split_at(cut.min(events.len()));
        let (mut first, mut second) = (Noted::default(), Noted::default());
        a.iter().rev().for_each(|event| first.note(event));
        b.iter().rev().for_each(|event| second.note(event));
        second.merge(first);
        prop_assert_eq!(second.found(None), whole);
    }
}
