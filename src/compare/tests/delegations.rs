//! What agents do on behalf of persons, and what agents and servers say to each other.

use proptest::prelude::*;

use super::windows::windows;
use super::*;
use crate::compare::builder::EventBuilder;
use crate::event::{Announced, Asked, Evidence, ListedTool, Listing, Question, Spoken};

/// Limits for one agent; orders have owners and tenants, and a person confirms what costs more than 150 EUR.
const SHOP: &str = r#"
offpath: 1
workflow: {id: shop, version: 1}
actors:
  identify: [jwt.sub]
  tenant: [jwt.tid]
  roles: {from: jwt.roles, default: customer}
objects:
  order:
    key: [path.orderId, res.id]
    tenant: res.tenant
    owner: {set_by: create, value: actor.principal}
activities:
  create:  {http: POST /orders, object: order}
  view:    {http: "GET /orders/{orderId}", object: order, read: true}
  pay:     {http: "POST /orders/{orderId}/payment", object: order, attrs: {amount: "money(req.amount, req.currency)"}}
  cancel:  {http: "POST /orders/{orderId}/cancellation", object: order}
  confirm: {http: "POST /orders/{orderId}/confirmation", object: order}
lifecycles:
  order:
    states: {none: initial, new: {}, paid: {}, cancelled: final}
    transitions:
      - {activity: create, from: none, to: new}
      - {activity: pay, from: new, to: paid, by: [customer, agent]}
      - {activity: cancel, from: [new, paid], to: cancelled, by: [support, agent]}
constraints:
  - {id: owner-only, same: [actor.principal, order.owner], activities: [view], unless_role: [support]}
delegations:
  shopper:
    when: "actor.agent == 'agent:shop'"
    tools: {allow: [search, pay_order], deny: [approve_refund]}
    activities: {deny: [confirm]}
    limits: {per_event: 200 EUR, per_day: 500 EUR, calls: 20/1m, depth: 2}
    inherit: [tenant, owner, roles]
    approval: {activity: confirm, before: pay, per: order, if: "event.amount > money('150 EUR')"}
"#;

fn model() -> Model {
    Model::read("shop.yaml", SHOP).map_err(|found| found.render(false)).unwrap().0
}

/// The shop with another delegation in place of its own.
fn other(when: &str, keys: &str) -> Model {
    let (head, _) = SHOP.split_once("delegations:").unwrap();
    let text = format!("{head}delegations:\n  other:\n    when: \"{when}\"\n    {keys}\n");
    Model::read("shop.yaml", &text).map_err(|found| found.render(false)).unwrap().0
}

fn by_agent(n: u64, second: i64, activity: &str) -> EventBuilder {
    event(n, second, activity).by("alice", &["customer"]).agent("agent:shop").on("order:1")
}

fn created(second: i64) -> Event {
    event(1, second, "create")
        .by("alice", &["customer"])
        .on("order:1")
        .object(|o| o.owner = Some("alice".into()))
        .done()
}

fn paid(n: u64, second: i64, euros: i64) -> EventBuilder {
    by_agent(n, second, "pay").attribute("amount", eur(euros))
}

fn told(events: &[Event]) -> Vec<Check> {
    checks(&run(model(), events))
}

#[test]
fn tools_and_steps_are_what_the_delegation_allows() {
    let tool = |n: u64, name: &str| {
        let spoken = Spoken { tool: Some(name.into()), ..Spoken::default() };
        by_agent(n, 10, "view").read().with(|e| e.spoken = Some(Box::new(spoken)))
    };
    assert_eq!(told(&[created(0), tool(2, "search").done()]), []);
    let denied = run(model(), &[created(0), tool(2, "approve_refund").done()]);
    assert_eq!(checks(&denied), [Check::AgentTool]);
    assert_eq!(text(&denied.deviations[0].expected), ["not approve_refund"]);
    assert_eq!(denied.deviations[0].constraint.as_deref(), Some("shopper"));
    assert_eq!(told(&[created(0), tool(2, "mail").done()]), [Check::AgentTool], "not among those that are allowed");
    assert_eq!(told(&[created(0), tool(2, "mail").unanswered().done()]), [Check::AgentTool]);
    assert_eq!(told(&[created(0), by_agent(2, 10, "confirm").done()]), [Check::AgentTool]);
    let other = tool(2, "mail").agent("agent:other").done();
    assert_eq!(told(&[created(0), other]), [], "no delegation speaks of it");
    let mut twice = vec![created(0)];
    twice.extend((2..9).map(|n| tool(n, "mail").done()));
    assert_eq!(told(&twice), [Check::AgentTool], "one cause, one finding");
}

#[test]
fn a_partner_does_what_its_contract_names() {
    let contract = "family: partner\n    activities: {allow: [view]}";
    let model = || other("actor.kind == 'service'", contract);
    let by = |n: u64, activity: &str| event(n, 10, activity).by("alice", &["customer"]).kind("service").on("order:1");
    let told = |event: Event| {
        let result = run(model(), &[created(0), event]);
        result.deviations.iter().map(|one| (one.check, one.doubt.is_some())).collect::<Vec<_>>()
    };
    assert_eq!(told(by(2, "view").read().done()), []);
    assert_eq!(told(by(2, "pay").done()), [(Check::PartnerScope, false)]);
    let unnamed = |read: bool| {
        by(2, "view")
            .with(move |e| (e.activity, e.operation, e.read) = (None, Some("POST /exports".into()), read))
            .done()
    };
    assert_eq!(told(unnamed(false)), [(Check::PartnerScope, true)], "the model does not know it");
    let on = |path: &str| Event { operation: None, path: path.into(), ..unnamed(false) };
    assert_eq!(told(on("/exports/7")), [(Check::PartnerScope, true)], "nor its path");
    assert_eq!(told(on("/oauth/token")), [], "who comes in shows his contract");
    let person = event(2, 10, "pay").by("alice", &["customer"]).on("order:1").done();
    assert_eq!(told(person), [], "no partner");
}

#[test]
fn what_was_stopped_is_told_from_the_stop_on() {
    let model = || other("actor.agent == 'agent:shop'", "stopped: 1970-01-01T00:01:00Z");
    let at = |second| by_agent(2, second, "view").read();
    let told = |event: Event| {
        let result = run(model(), &[created(0), event]);
        result.deviations.iter().map(|one| (one.check, one.doubt.is_some())).collect::<Vec<_>>()
    };
    assert_eq!(told(at(59).done()), []);
    assert_eq!(told(at(61).done()), [(Check::KilledActs, true)], "within the first minute");
    assert_eq!(told(at(600).done()), [(Check::KilledActs, false)]);
    assert_eq!(told(at(600).refused(403).done()), [], "that is what the switch is for");
    assert_eq!(told(at(600).agent("agent:other").done()), []);
}

#[test]
fn an_agent_that_nobody_sees_decides_nothing() {
    let hidden = |e: &mut Event| {
        (e.shows.headers, e.actor.agent, e.actor.evidence) = (false, None, Evidence::Asserted);
    };
    let result = run(model(), &[created(0), by_agent(2, 10, "confirm").with(hidden).done()]);
    assert_eq!(checks(&result), []);
    assert_eq!(result.tallies.0[&(Check::AgentTool, "pcap")].not_evaluable, 1);
    let person = event(2, 10, "confirm").by("alice", &["customer"]).on("order:1").done();
    let result = run(model(), &[created(0), person]);
    assert!(!result.tallies.0.contains_key(&(Check::AgentTool, "pcap")), "a person needs no leave");
}

#[test]
fn one_event_may_cost_so_much() {
    let confirmed = |second| event(3, second, "confirm").by("alice", &["customer"]).on("order:1").done();
    assert_eq!(told(&[created(0), paid(2, 10, 150).done()]), []);
    assert_eq!(told(&[created(0), confirmed(5), paid(2, 10, 200).done()]), []);
    assert_eq!(told(&[created(0), confirmed(5), paid(2, 10, 201).done()]), [Check::AgentLimit]);
    let dollars = crate::event::Value::Money(crate::event::Money { amount: 900.into(), currency: "USD".into() });
    let other = by_agent(2, 10, "pay").attribute("amount", dollars).done();
    let unread = by_agent(2, 10, "pay").done();
    for (event, shown) in [(other, "900 USD"), (unread, "none that can be read")] {
        let result = run(model(), &[created(0), event]);
        assert_eq!(checks(&result), [Check::AgentLimit, Check::HumanMissing], "{shown}");
        assert!(result.deviations.iter().all(|one| one.doubt.is_some_and(|doubt| doubt.at_most < 0.5)), "{shown}");
        assert_eq!(text(&result.deviations[0].observed), [shown]);
    }
    let unseen = by_agent(2, 10, "pay").with(|e| e.shows.request_body = false).done();
    let result = run(model(), &[created(0), unseen]);
    assert_eq!(checks(&result), [], "what no source shows is not held against it");
    assert!(result.tallies.0[&(Check::AgentLimit, "pcap")].not_evaluable > 0);
}

#[test]
fn what_is_given_back_makes_no_room() {
    let pay = |n: u64, euros: i64| paid(n, 100 * i64::try_from(n).unwrap(), euros).on(&format!("order:{n}")).done();
    let all: Vec<Event> = [140, 140, -1000, 140, 140].into_iter().zip(1..).map(|(euros, n)| pay(n, euros)).collect();
    assert_eq!(checks(&windows(model(), &all)), [Check::AgentLimit]);
}

#[test]
fn a_chain_of_agents_is_as_long_as_the_token_says() {
    let chain = |earlier: &[&str]| {
        let earlier: Vec<Arc<str>> = earlier.iter().map(|name| Arc::from(*name)).collect();
        by_agent(2, 10, "view").read().with(|e| e.actor.earlier_agents = earlier).done()
    };
    assert_eq!(told(&[created(0), chain(&["planner"])]), []);
    let result = run(model(), &[created(0), chain(&["buyer", "planner"])]);
    assert_eq!(checks(&result), [Check::AgentChain]);
    assert_eq!(text(&result.deviations[0].observed), ["3: planner > buyer > agent:shop"]);
    let result = run(model(), &[created(0), chain(&["a"; 32])]);
    assert!(text(&result.deviations[0].observed)[0].starts_with("33 or more: "));
}

#[test]
fn an_agent_reaches_what_its_principal_may() {
    let view = |who: &str, roles: &[&str]| event(2, 10, "view").by(who, roles).agent("agent:shop").read().on("order:1");
    assert_eq!(told(&[created(0), view("alice", &["customer"]).done()]), []);
    assert_eq!(
        told(&[created(0), view("mallory", &["customer"]).done()]),
        [Check::DelegatedScope],
        "and no OWN beside"
    );
    assert_eq!(told(&[created(0), view("sam", &["support"]).done()]), [], "staff may");
    let unseen = view("mallory", &[]).with(|e| e.actor.roles_known = false).done();
    assert_eq!(told(&[created(0), unseen]), [], "who knows what role it has");
    let cancel = |roles: &[&str]| event(2, 10, "cancel").by("alice", roles).agent("agent:shop").on("order:1").done();
    assert_eq!(told(&[created(0), cancel(&["support"])]), []);
    assert_eq!(told(&[created(0), cancel(&["customer"])]), [Check::DelegatedScope], "only with the agent could she");
    let of = |tenant: &str, own: &str| {
        let (tenant, own): (Arc<str>, Arc<str>) = (tenant.into(), own.into());
        let view = view("alice", &["customer"]).with(|e| e.actor.tenant = Some(own));
        view.object(|o| o.tenant = Some(tenant)).done()
    };
    assert_eq!(told(&[created(0), of("red", "red")]), []);
    assert_eq!(told(&[created(0), of("red", "blue")]), [Check::DelegatedTenant]);
}

#[test]
fn a_person_agrees_before_the_agent_pays() {
    let confirm = |n: u64, second: i64| event(n, second, "confirm").by("alice", &["customer"]).on("order:1");
    let big = || paid(9, 100, 180);
    assert_eq!(told(&[created(0), big().done()]), [Check::HumanMissing]);
    assert_eq!(told(&[created(0), confirm(2, 50).done(), big().done()]), []);
    assert_eq!(told(&[created(0), big().done(), confirm(2, 150).done()]), [Check::HumanMissing], "too late");
    assert_eq!(told(&[created(0), confirm(2, 50).refused(403).done(), big().done()]), [Check::HumanMissing]);
    assert_eq!(told(&[created(0), paid(9, 100, 90).done()]), [], "small change");
    assert_eq!(told(&[big().done()]), [], "the order may have been confirmed before");
    let result = run(model(), &[created(0), confirm(2, 50).agent("agent:shop").done(), big().done()]);
    assert_eq!(checks(&result), [Check::AgentTool, Check::HumanAgent], "the agent agreed itself");
    let word = confirm(2, 50).with(|e| e.actor.credential = Some("c1".into())).done();
    let result = run(model(), &[created(0), word, big().with(|e| e.actor.credential = Some("c1".into())).done()]);
    assert_eq!(checks(&result), [Check::HumanAgent]);
    assert!(result.deviations[0].doubt.is_some_and(|doubt| doubt.at_most < 0.5), "they may share a token");
    let mallory = || event(3, 60, "confirm").by("mallory", &["customer"]).on("order:1").done();
    let result = run(model(), &[created(0), mallory(), big().done()]);
    assert_eq!(checks(&result), [Check::HumanMissing], "anybody's word");
    assert!(result.deviations[0].doubt.is_some_and(|doubt| doubt.at_most < 0.5));
    assert_eq!(told(&[created(0), confirm(2, 50).done(), mallory(), big().done()]), [], "hers came as well");
    let roles = SHOP.replace(
        "- {activity: cancel,",
        "- {activity: confirm, from: new, to: new, by: [customer]}\n      - {activity: cancel,",
    );
    let roles = Model::read("shop.yaml", &roles).unwrap().0;
    assert_eq!(checks(&run(roles, &[created(0), mallory(), big().done()])), [], "the model says who may");
}

#[test]
fn a_word_is_bound_to_its_age_and_amount() {
    let approval = |more: &str| {
        let text = SHOP.replace("per: order, if:", &format!("per: order, {more}, if:"));
        Model::read("shop.yaml", &text).map_err(|found| found.render(false)).unwrap().0
    };
    let word = || event(2, 50, "confirm").by("alice", &["customer"]).on("order:1").done();
    let pay = |second| paid(9, second, 180).done();
    assert_eq!(checks(&run(approval("max_age: 1h"), &[created(0), word(), pay(3000)])), []);
    assert_eq!(checks(&run(approval("max_age: 1h"), &[created(0), word(), pay(4000)])), [Check::ApprovalStale]);
}

#[test]
fn nobody_agrees_to_what_was_not_there_two_seconds_before() {
    let made = |second| by_agent(1, second, "create").object(|o| o.owner = Some("alice".into())).done();
    let confirm = |micros: i64| {
        let confirm = event(2, 0, "confirm").by("alice", &["customer"]).on("order:1");
        confirm.with(|e| (e.time, e.end) = (micros, micros + 10)).done()
    };
    let result = run(model(), &[made(10), confirm(10 * SECOND + 400_000)]);
    assert_eq!(checks(&result), [Check::HumanFast]);
    assert_eq!(text(&result.deviations[0].observed), ["0.4s"]);
    assert_eq!(told(&[made(10), confirm(12 * SECOND)]), []);
    let coarse = Event { tick: SECOND, ..confirm(11 * SECOND) };
    assert_eq!(told(&[made(10), coarse]), [Check::HumanFast], "a second later, however it is read");
    let coarser = Event { tick: 2 * SECOND, ..confirm(11 * SECOND) };
    assert_eq!(told(&[made(10), coarser]), [], "or nearly three");
    assert_eq!(told(&[created(10), confirm(10 * SECOND + 1)]), [], "no agent asked for it");
    let first = event(3, 14, "confirm").by("alice", &["customer"]).on("order:1").done();
    let done = [made(10), first, paid(4, 16, 180).done(), confirm(16 * SECOND + 400_000)];
    assert_eq!(told(&done), [], "nothing waits for the second word");
    let small = paid(4, 16, 20).refused(409).done();
    assert_eq!(told(&[created(10), small, confirm(16 * SECOND + 400_000)]), [], "it needed none");
    assert!(result.deviations[0].doubt.is_some_and(|doubt| doubt.at_most < 0.7));
}

#[test]
fn what_is_approved_by_the_dozen_is_not_read() {
    let confirm =
        |n: u64, second: i64| event(n, second, "confirm").by("erin", &["support"]).on(&format!("order:{n}")).done();
    let slow: Vec<Event> = (0..40).map(|n| confirm(n, i64::try_from(n).unwrap() * 7)).collect();
    assert_eq!(checks(&windows(model(), &slow)), []);
    let fast: Vec<Event> = (0..40).map(|n| confirm(n, i64::try_from(n).unwrap() * 3)).collect();
    let result = windows(model(), &fast);
    assert_eq!(checks(&result), [Check::HumanBatch], "one stretch");
    assert_eq!(text(&result.deviations[0].observed), ["20 in 1m"]);
    let one: Vec<Event> =
        fast.iter().map(|event| Event { objects: fast[0].objects.clone(), ..event.clone() }).collect();
    assert_eq!(checks(&windows(model(), &one)), [], "one thing, over and over");
    let origin = fast[0].origin.clone();
    let bulk: Vec<Event> = fast.into_iter().map(|event| Event { origin: origin.clone(), ..event }).collect();
    assert_eq!(checks(&windows(model(), &bulk)), [], "one click on a list");
}

fn spoken(n: u64, second: i64, spoken: Spoken) -> Event {
    let spoken = Spoken { server: 1, listener: Some(7), ..spoken };
    event(n, second, "mcp").with(|e| (e.activity, e.spoken) = (None, Some(Box::new(spoken)))).done()
}

fn tool(name: &str, description: u64) -> ListedTool {
    ListedTool { name: name.into(), description, schema: 1 }
}

fn listing(n: u64, second: i64, tools: &[ListedTool], first: bool, last: bool) -> Event {
    spoken(n, second, Spoken { listing: Some(Listing { first, last, tools: tools.to_vec() }), ..Spoken::default() })
}

fn calls(n: u64, second: i64, name: &str) -> Event {
    spoken(n, second, Spoken { tool: Some(name.into()), ..Spoken::default() })
}

#[test]
fn a_tool_is_called_that_no_list_has() {
    let told = |events: &[Event]| checks(&windows(empty(), events));
    let (search, mail) = (tool("search", 1), tool("mail", 1));
    assert_eq!(told(&[listing(1, 0, std::slice::from_ref(&search), true, true), calls(2, 10, "search")]), []);
    assert_eq!(
        told(&[listing(1, 0, std::slice::from_ref(&search), true, true), calls(2, 10, "mail")]),
        [Check::AgentTool]
    );
    assert_eq!(told(&[calls(2, 10, "mail")]), [], "no list was seen");
    let page = |n, tools: &ListedTool, first, last| {
        listing(n, i64::try_from(n).unwrap(), std::slice::from_ref(tools), first, last)
    };
    let pages = [page(1, &search, true, false), page(2, &mail, false, true), calls(3, 10, "mail"), calls(4, 11, "pay")];
    assert_eq!(told(&pages), [Check::AgentTool], "only what is on no page");
    assert_eq!(told(&[page(1, &search, true, false), calls(3, 10, "mail")]), [], "a page is missing");
    assert_eq!(told(&[page(2, &search, false, true), calls(3, 10, "mail")]), [], "the first page is missing");
    let whole = listing(1, 0, std::slice::from_ref(&search), true, true);
    let begun = [whole.clone(), page(2, &search, true, false), calls(3, 10, "mail")];
    let doubts = windows(empty(), &begun).deviations.into_iter().map(|d| d.doubt.map(|doubt| doubt.at_most < 0.5));
    assert_eq!(doubts.collect::<Vec<_>>(), [Some(true)], "who asks for a page ends no judgement");
    let added = [whole, page(2, &mail, true, false), calls(3, 10, "mail")];
    assert_eq!(told(&added), [], "on a page since");
    let on_its_way = Event { end: 20 * SECOND, ..listing(5, 5, std::slice::from_ref(&search), true, true) };
    let first = listing(1, 0, std::slice::from_ref(&search), true, true);
    let asked_again = told(&[first.clone(), on_its_way.clone(), calls(6, 10, "mail")]);
    assert_eq!(asked_again, [Check::AgentTool], "who asks anew has the old list");
    assert_eq!(told(&[first, on_its_way, calls(6, 10, "search")]), []);
    let overlapping = Event { end: 11 * SECOND, ..calls(3, 0, "mail") };
    assert_eq!(told(&[listing(1, 0, &[search], true, true), overlapping]), [], "nobody has a list before it is given");
}

#[test]
fn a_tool_that_changes_is_told_once() {
    let of =
        |n: u64, description| listing(n, i64::try_from(n).unwrap() * 10, &[tool("search", description)], true, true);
    let run = |events: &[Event]| windows(empty(), events).deviations;
    assert!(run(&[of(1, 5), of(2, 5)]).is_empty());
    let changed = run(&[of(1, 5), of(2, 6), of(3, 6)]);
    assert_eq!(changed.iter().map(|d| d.check).collect::<Vec<_>>(), [Check::ToolChanged]);
    assert_eq!(text(&changed[0].observed), ["description"]);
    assert!(changed[0].doubt.is_some_and(|doubt| doubt.at_most > 0.5));
    let twice =
        |n: u64| listing(n, i64::try_from(n).unwrap() * 10, &[tool("search", 5), tool("search", 6)], true, true);
    assert!(run(&[twice(1)]).is_empty() && run(&[twice(1), twice(2)]).is_empty(), "a name that a list has twice");
    assert_eq!(run(&[of(1, 5), twice(2)]).len(), 1, "and one of them is new");
    let dated: Vec<Event> = (1..9).map(|n| of(n, n)).collect();
    assert!(run(&dated)[0].doubt.is_some_and(|doubt| doubt.at_most < 0.5), "described ever anew");
    let bob = Event { actor: event(1, 0, "x").by("bob", &[]).done().actor, ..of(2, 6) };
    assert!(run(&[of(1, 5), bob]).is_empty(), "another user's list may differ");
    let version = |n: u64, version| {
        spoken(n, i64::try_from(n).unwrap() * 10 - 1, Spoken { version: Some(version), ..Spoken::default() })
    };
    let rolled = run(&[version(1, 1), of(1, 5), version(2, 2), of(2, 6)]);
    assert!(rolled[0].doubt.is_some_and(|doubt| doubt.at_most < 0.5), "it says that it is another");
}

#[test]
fn an_answer_takes_as_long_as_reading() {
    let question = |to| vec![Question { id: 3, to }];
    let ask = |to| Event { end: 5 * SECOND, ..spoken(1, 0, Spoken { asks: question(to), ..Spoken::default() }) };
    let answer = |micros: i64, to| {
        let answer = spoken(2, 0, Spoken { answers: question(to), agrees: true, ..Spoken::default() });
        Event { time: micros, end: micros + 1, ..answer }
    };
    let took = |micros, to| windows(empty(), &[ask(to), answer(micros, to)]).deviations;
    assert_eq!(took(6 * SECOND, Asked::Person).len(), 1, "a second after the call had ended");
    assert!(took(7 * SECOND, Asked::Person).is_empty());
    assert!(took(6 * SECOND, Asked::PersonOnStream).is_empty(), "it may have been asked at once");
    assert!(took(4 * SECOND, Asked::Person).is_empty(), "before it was asked: clocks that differ");
    let agent = took(6 * SECOND, Asked::Anybody);
    assert!(agent[0].doubt.is_some_and(|doubt| doubt.at_most < 0.5), "another agent may answer");
    let again = Event { time: 6 * SECOND, end: 6 * SECOND, ..ask(Asked::Person) };
    let late = windows(empty(), &[ask(Asked::Person), again, answer(8 * SECOND, Asked::Person)]).deviations;
    assert!(late.is_empty(), "it was asked before");
    let mut declined = answer(6 * SECOND, Asked::Person);
    declined.spoken.as_mut().unwrap().agrees = false;
    assert!(windows(empty(), &[ask(Asked::Person), declined]).deviations.is_empty(), "no is said at once");
}

#[test]
fn an_answer_by_the_agent_is_told_where_others_answer_themselves() {
    let answer = |n: u64, who: &str| {
        let answers = vec![Question { id: n, to: Asked::Person }];
        let mut event =
            spoken(n, i64::try_from(n).unwrap() * 100, Spoken { answers, agrees: true, ..Spoken::default() });
        event.actor.principal = Some(who.into());
        event
    };
    let by_agent = |n, who: &str| {
        let mut event = answer(n, who);
        event.actor.agent = Some("agent:shop".into());
        event
    };
    assert_eq!(checks(&windows(empty(), &[by_agent(1, "alice"), by_agent(2, "bob")])), [], "this client works so");
    assert_eq!(checks(&windows(empty(), &[answer(1, "alice"), by_agent(2, "bob")])), [Check::HumanAgent]);
}

#[test]
fn headers_name_what_the_body_calls() {
    let announced = |headers| spoken(1, 0, Spoken { headers: Some(headers), ..Spoken::default() });
    assert_eq!(checks(&run(empty(), &[announced(Announced::Same)])), []);
    let different = Announced::Different { header: "Mcp-Name".into(), said: "search".into(), done: "pay".into() };
    assert_eq!(checks(&run(empty(), &[announced(different)])), [Check::HeaderMismatch]);
}

/// Starts of stretches in which a sum or a number over any window ending at an event exceeds a limit.
fn oracle(parts: &[(i64, i64)], width: i64, limit: i64) -> Vec<usize> {
    let within = |now: i64, time: i64| time <= now && now - time < width;
    let over: Vec<bool> = parts
        .iter()
        .enumerate()
        .map(|(at, (now, _))| {
            let sum: i64 = parts[..=at].iter().filter(|(time, _)| within(*now, *time)).map(|(_, amount)| amount).sum();
            sum > limit
        })
        .collect();
    (0..over.len()).filter(|at| over[*at] && (*at == 0 || !over[at - 1])).collect()
}

proptest! {
    #[test]
    fn days_and_rates_are_those_of_the_oracle(
        parts in prop::collection::vec((0..4_000_i64, 1..220_i64, 0..2_usize), 1..40),
    ) {
        let mut parts = parts;
        parts.sort_by_key(|(minute, ..)| *minute);
        // Half of the time within seconds of each other, so that rates matter as well.
        let second = |minute: i64| minute * if minute % 2 == 0 { 60 } else { 1 };
        let people = ["alice", "bob"];
        let mut events: Vec<(i64, i64, usize)> = parts.iter().map(|(m, euros, who)| (second(*m), *euros, *who)).collect();
        events.sort_by_key(|(second, ..)| *second);
        let all: Vec<Event> = (1..).zip(&events).map(|(n, (second, euros, who))| {
            paid(n, *second, *euros).by(people[*who], &["customer"]).done()
        }).collect();
        let found = windows(model(), &all).deviations;
        for (number, who) in people.iter().enumerate() {
            let own: Vec<(i64, i64)> = events.iter().filter(|e| e.2 == number).map(|e| (e.0, e.1)).collect();
            let calls: Vec<(i64, i64)> = own.iter().map(|(second, _)| (*second, 1)).collect();
            let of = |expected: &str| {
                found.iter().filter(|d| d.expected[0].starts_with(expected)).filter(|d| {
                    d.events.iter().any(|e| e.id == d.at && e.actor.principal.as_deref() == Some(who))
                }).count()
            };
            prop_assert_eq!(of("at most 500"), oracle(&own, 86_400, 500).len());
            prop_assert_eq!(of("at most 20 calls"), oracle(&calls, 60, 20).len());
        }
    }
}
