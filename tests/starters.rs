//! Models to start from, played: ordinary traffic finds nothing, each misuse that a model says it guards is found.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use offpath::model::starter::{self, Kind};
use serde_json::{Value, json};
use support::{archive, counts, text, token};

/// Traffic of some actors, a minute from call to call.
#[derive(Default)]
struct Play {
    entries: Vec<Value>,
    minute: u32,
}

/// Claims of somebody.
fn person(name: &str, roles: &[&str]) -> String {
    json!({"sub": name, "roles": roles, "tid": "t1"}).to_string()
}

fn stranger(name: &str) -> String {
    json!({"sub": name, "roles": [], "tid": "t2"}).to_string()
}

fn service() -> String {
    json!({"sub": "backend", "gty": "client-credentials", "roles": [], "tid": "t1"}).to_string()
}

fn agent_of(name: &str) -> String {
    json!({"sub": name, "act": {"sub": "shopper"}, "roles": [], "tid": "t1"}).to_string()
}

impl Play {
    fn call(&mut self, who: &str, call: &str, sent: Value, answer: Value) -> &mut Self {
        self.minute += 1;
        let (method, path) = call.split_once(' ').unwrap();
        let time = format!("2026-09-01T{:02}:{:02}:00.000Z", 8 + self.minute / 60, self.minute % 60);
        let header = |name: &str, value: &str| json!({"name": name, "value": value});
        self.entries.push(json!({"startedDateTime": time, "time": 20,
            "request": {"method": method, "url": format!("https://api.example{path}"), "httpVersion": "HTTP/1.1",
                "headers": [header("Authorization", &format!("Bearer {}", token(who))), header("Content-Type", "application/json"),
                    header("Idempotency-Key", &format!("k{}", self.minute))],
                "queryString": [], "cookies": [], "headersSize": -1, "bodySize": -1,
                "postData": {"mimeType": "application/json", "text": sent.to_string()}},
            "response": {"status": 200, "statusText": "", "httpVersion": "HTTP/1.1",
                "headers": [header("Content-Type", "application/json")], "cookies": [], "redirectURL": "",
                "headersSize": -1, "bodySize": -1,
                "content": {"size": 1, "mimeType": "application/json", "text": answer.to_string()}},
            "cache": {}, "timings": {"send": 1, "wait": 18, "receive": 1}}));
        self
    }

    /// A call without anything to say.
    fn plain(&mut self, who: &str, call: &str) -> &mut Self {
        self.call(who, call, json!({}), json!({}))
    }

    /// A tool's call over MCP.
    fn tool(&mut self, who: &str, tool: &str, arguments: Value, result: Value) -> &mut Self {
        let sent = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}});
        let answer = json!({"jsonrpc": "2.0", "id": 1, "result": {"content": [], "structuredContent": result}});
        self.call(who, "POST /mcp", sent, answer)
    }
}

/// Rules of the findings that count, sorted.
fn found(kind: Kind, play: &Play) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let input = archive::write(&folder.path().join("play.har"), &play.entries);
    let (findings, summary, _) = archive::check(folder.path(), starter::text(kind), &[&input]);
    assert!(summary["events"].as_u64().unwrap() > 0, "{summary}");
    let rules = findings.iter().filter(|finding| counts(finding)).map(|finding| text(finding, "rule").to_owned());
    let mut rules: Vec<String> = rules.collect();
    rules.sort();
    rules
}

fn is_clean(kind: Kind, play: &Play) {
    assert_eq!(found(kind, play), Vec::<String>::new(), "{kind:?}");
}

/// Each misuse is found under one of some rules.
fn finds(kind: Kind, play: &Play, rules: &[&str]) {
    let found = found(kind, play);
    assert!(rules.iter().any(|rule| found.iter().any(|own| own == rule)), "{kind:?}: {found:?}, not one of {rules:?}");
}

fn eur(amount: u32) -> Value {
    json!({"amount": format!("{amount}.00"), "currency": "EUR"})
}

#[test]
fn payments() {
    let (anna, carl, ada) = (person("anna", &[]), person("carl", &["clerk"]), person("ada", &["approver"]));
    let both = person("bob", &["clerk", "approver"]);
    let authorised = json!({"payment": {"id": "pay_1001", "tenantId": "t1", "status": "authorised", "authorised": "50.00", "currency": "EUR"}});
    let asked = json!({"refund": {"id": "ref_2001", "paymentId": "pay_1001", "status": "requested"}});
    let begun = |capture: u32| {
        let mut play = Play::default();
        play.call(&anna, "POST /payments", json!({}), authorised.clone());
        play.call(&service(), "POST /payments/pay_1001/capture", eur(capture), json!({}));
        play
    };
    let mut good = begun(50);
    good.plain(&anna, "GET /payments/pay_1001");
    good.call(&carl, "POST /payments/pay_1001/refunds", eur(20), asked.clone());
    good.plain(&ada, "POST /refunds/ref_2001/approve").plain(&service(), "POST /refunds/ref_2001/execute");
    is_clean(Kind::Payments, &good);
    finds(Kind::Payments, &begun(80), &["RULE-GUARD", "TX-MISMATCH"]);
    let mut hasty = begun(50);
    hasty.call(&carl, "POST /payments/pay_1001/refunds", eur(20), asked.clone());
    hasty.plain(&service(), "POST /refunds/ref_2001/execute");
    finds(Kind::Payments, &hasty, &["AP-MISSING"]);
    let mut own = begun(50);
    own.call(&both, "POST /payments/pay_1001/refunds", eur(20), asked.clone());
    own.plain(&both, "POST /refunds/ref_2001/approve").plain(&service(), "POST /refunds/ref_2001/execute");
    finds(Kind::Payments, &own, &["SOD", "AP-SELF"]);
    let mut much = begun(50);
    much.call(&carl, "POST /payments/pay_1001/refunds", eur(70), asked);
    much.plain(&ada, "POST /refunds/ref_2001/approve").plain(&service(), "POST /refunds/ref_2001/execute");
    finds(Kind::Payments, &much, &["TX-CONSERVE"]);
    let mut foreign = begun(50);
    foreign.plain(&person("eve", &[]), "GET /payments/pay_1001");
    finds(Kind::Payments, &foreign, &["OWN"]);
}

#[test]
fn fulfilment() {
    let (anna, wes, sue) = (person("anna", &[]), person("wes", &["warehouse"]), person("sue", &["support"]));
    let made = json!({"order": {"id": "ord_1001", "status": "new", "total": "30.00", "currency": "EUR"}});
    let begun = || {
        let mut play = Play::default();
        play.call(&anna, "POST /orders", json!({}), made.clone());
        play
    };
    let at = |step: &str| format!("POST /orders/ord_1001/{step}");
    let mut good = begun();
    good.call(&anna, &at("payment"), eur(30), json!({})).plain(&wes, &at("pack")).plain(&wes, &at("shipment"));
    good.plain(&service(), &at("delivery")).plain(&anna, &at("return")).plain(&wes, &at("return/received"));
    good.plain(&sue, &at("refund"));
    is_clean(Kind::Fulfilment, &good);
    let mut unpaid = begun();
    unpaid.plain(&wes, &at("pack")).plain(&wes, &at("shipment"));
    finds(Kind::Fulfilment, &unpaid, &["SEQ-SKIP", "SEQ-DIRECT"]);
    let mut cheap = begun();
    cheap.call(&anna, &at("payment"), eur(3), json!({}));
    finds(Kind::Fulfilment, &cheap, &["RULE-GUARD", "TX-MISMATCH"]);
    let mut foreign = begun();
    foreign.plain(&person("eve", &[]), &at("cancel"));
    finds(Kind::Fulfilment, &foreign, &["OWN"]);
    let mut kept = begun();
    kept.call(&anna, &at("payment"), eur(30), json!({})).plain(&wes, &at("pack")).plain(&wes, &at("shipment"));
    kept.plain(&service(), &at("delivery")).plain(&sue, &at("refund"));
    finds(Kind::Fulfilment, &kept, &["SEQ-SKIP", "ST-ILLEGAL", "SEQ-ORDER"]);
}

#[test]
fn saas() {
    let account =
        |used: u32| json!({"account": {"id": "t1", "status": "active", "seats": "5", "members": used.to_string()}});
    let (olga, max) = (person("olga", &["owner"]), person("max", &[]));
    let subscription = json!({"subscription": {"id": "sub_3001", "accountId": "t1", "status": "pending", "price": "10.00", "currency": "EUR"}});
    let begun = || {
        let mut play = Play::default();
        play.call(
            &olga,
            "POST /accounts",
            json!({}),
            json!({"account": {"id": "t1", "status": "new", "seats": "5", "members": "1"}}),
        );
        play.plain(&olga, "POST /accounts/t1/verification").plain(&olga, "POST /accounts/t1/trial");
        play
    };
    let mut good = begun();
    good.call(&olga, "POST /accounts/t1/subscriptions", json!({}), subscription.clone());
    good.call(&olga, "POST /subscriptions/sub_3001/payment", eur(10), json!({}));
    good.call(&max, "GET /accounts/t1", json!({}), account(2)).plain(&olga, "POST /accounts/t1/members");
    good.plain(&olga, "POST /subscriptions/sub_3001/upgrade");
    is_clean(Kind::Saas, &good);
    let mut full = begun();
    full.call(&olga, "POST /accounts/t1/subscriptions", json!({}), subscription.clone());
    full.call(&max, "GET /accounts/t1", json!({}), account(5)).plain(&olga, "POST /accounts/t1/members");
    finds(Kind::Saas, &full, &["RULE-GUARD"]);
    let mut unpaid = begun();
    unpaid.call(&olga, "POST /accounts/t1/subscriptions", json!({}), subscription);
    unpaid.plain(&olga, "POST /subscriptions/sub_3001/upgrade");
    finds(Kind::Saas, &unpaid, &["SEQ-SKIP", "AP-MISSING"]);
    let mut foreign = begun();
    foreign.plain(&stranger("eve"), "GET /accounts/t1");
    finds(Kind::Saas, &foreign, &["TEN-CROSS"]);
    let mut again = begun();
    again.plain(&max, "POST /accounts/t1/members");
    finds(Kind::Saas, &again, &["FN-ROLE"]);
}

#[test]
fn telecom() {
    let (sam, shop, vera) = (person("sam", &[]), person("shop7", &["shop"]), person("vera", &["verifier"]));
    let both = person("vic", &["verifier", "shop"]);
    let at = |step: &str| format!("POST /lines/line_5001/{step}");
    let begun = || {
        let mut play = Play::default();
        play.call(&sam, "POST /lines", json!({}), json!({"line": {"id": "line_5001", "status": "ordered"}}));
        play
    };
    let passed = json!({"result": "passed"});
    let mut good = begun();
    good.call(&vera, &at("identity-check"), json!({}), passed.clone()).plain(&shop, &at("activation"));
    good.plain(&sam, &at("sim-swap/consent")).plain(&shop, &at("sim-swap"));
    is_clean(Kind::Telecom, &good);
    let mut unchecked = begun();
    unchecked.plain(&shop, &at("activation"));
    finds(Kind::Telecom, &unchecked, &["SEQ-SKIP", "SEQ-DIRECT"]);
    let mut alone = begun();
    alone.call(&both, &at("identity-check"), json!({}), passed.clone()).plain(&both, &at("activation"));
    finds(Kind::Telecom, &alone, &["SOD", "AP-SELF"]);
    let mut swapped = begun();
    swapped.call(&vera, &at("identity-check"), json!({}), passed.clone()).plain(&shop, &at("activation"));
    swapped.plain(&shop, &at("sim-swap"));
    finds(Kind::Telecom, &swapped, &["AP-MISSING"]);
    let mut moved = good;
    moved.plain(&sam, &at("port-out"));
    finds(Kind::Telecom, &moved, &["ST-ORPHAN"]);
}

#[test]
fn claims() {
    let (mia, ann, bea) = (person("mia", &[]), person("ann", &["assessor"]), person("bea", &["approver"]));
    let both = person("carl", &["assessor", "approver"]);
    let at = |step: &str| format!("POST /claims/clm_7001/{step}");
    let begun = || {
        let mut play = Play::default();
        let claim = json!({"claim": {"id": "clm_7001", "plan": "t1", "status": "submitted", "amount": "90.00", "currency": "EUR"}});
        play.call(&mia, "POST /claims", json!({}), claim);
        play
    };
    let mut good = begun();
    good.plain(&mia, &at("documents")).plain(&ann, &at("assessment")).plain(&bea, &at("approval"));
    good.call(&service(), &at("payment"), eur(90), json!({})).plain(&mia, "GET /claims/clm_7001");
    is_clean(Kind::Claims, &good);
    let mut unapproved = begun();
    unapproved.plain(&ann, &at("assessment")).call(&service(), &at("payment"), eur(90), json!({}));
    finds(Kind::Claims, &unapproved, &["AP-MISSING"]);
    let mut alone = begun();
    alone.plain(&both, &at("assessment")).plain(&both, &at("approval"));
    finds(Kind::Claims, &alone, &["SOD", "AP-SELF"]);
    let mut much = begun();
    much.plain(&ann, &at("assessment")).plain(&bea, &at("approval")).call(
        &service(),
        &at("payment"),
        eur(900),
        json!({}),
    );
    finds(Kind::Claims, &much, &["RULE-GUARD", "TX-MISMATCH"]);
    let mut foreign = begun();
    foreign.plain(&person("eve", &[]), "GET /claims/clm_7001");
    finds(Kind::Claims, &foreign, &["OWN"]);
}

#[test]
fn agents() {
    let (anna, bot) = (person("anna", &[]), agent_of("anna"));
    let offer = |amount: u32| json!({"purchase_id": "pur_8001", "amount": format!("{amount}.00"), "currency": "EUR"});
    let begun = |amount: u32| {
        let mut play = Play::default();
        play.tool(&bot, "search_products", json!({"q": "shoes"}), json!({}));
        play.tool(&bot, "propose_purchase", offer(amount), json!({"purchase_id": "pur_8001", "status": "proposed"}));
        play
    };
    let mut good = begun(100);
    good.plain(&anna, "POST /purchases/pur_8001/confirmation").tool(&bot, "execute_purchase", offer(100), json!({}));
    is_clean(Kind::Agents, &good);
    let mut small = begun(10);
    small.tool(&bot, "execute_purchase", offer(10), json!({}));
    is_clean(Kind::Agents, &small);
    let mut alone = begun(100);
    alone.tool(&bot, "execute_purchase", offer(100), json!({}));
    finds(Kind::Agents, &alone, &["AP-MISSING"]);
    let mut itself = begun(100);
    itself.plain(&bot, "POST /purchases/pur_8001/confirmation").tool(&bot, "execute_purchase", offer(100), json!({}));
    finds(Kind::Agents, &itself, &["AP-MISSING", "FN-ROLE"]);
    let mut foreign = begun(100);
    foreign.plain(&person("eve", &[]), "POST /purchases/pur_8001/confirmation");
    finds(Kind::Agents, &foreign, &["OWN"]);
}
