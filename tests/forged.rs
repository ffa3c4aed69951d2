//! What a client adds to a request that the server does not read: it must not choose who acted, mute a rule or put a finding
//! on somebody else.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use offpath::compare::{Blindness, Check, Comparer, Tally};
use offpath::correlate::{Directory, Extractor, HashKey, TokenKeys};
use offpath::event::{Doubt, Event, Evidence};
use offpath::model::Model;
use offpath_capture::{
    Body, Carries, Endpoint, Exchange, Headers, LogFacts, Origin, Place, Protocol, Request, Response, Timestamp,
};
use proptest::prelude::*;
use sha2::Sha256;

const REFUNDS: &str = r#"
offpath: 1
workflow: {id: shop, version: 1}
actors:
  roles: {from: jwt.roles, default: clerk}
objects: {refund: {key: [path.refund]}}
activities:
  request: {http: "POST /refunds/{refund}", object: refund}
  approve: {http: "POST /refunds/{refund}/approve", object: refund}
lifecycles:
  refund:
    states: {none: initial, asked: {}, ok: final}
    transitions: [{activity: request, from: none, to: asked}, {activity: approve, from: asked, to: ok, by: [manager]}]
constraints:
  - {id: four-eyes, distinct_persons: [request, approve], per: refund, severity: high}
"#;
const OWNED: &str = r#"
offpath: 1
workflow: {id: shop, version: 1}
objects: {order: {key: [path.order], owner: res.owner}}
activities:
  create: {http: "POST /orders/{order}", object: order}
  pay: {http: "POST /orders/{order}/pay", object: order}
lifecycles:
  order:
    states: {none: initial, new: {}, paid: final}
    transitions: [{activity: create, from: none, to: new}, {activity: pay, from: new, to: paid}]
constraints:
  - {id: own, activities: [pay], same: [actor.principal, order.owner], severity: high}
"#;
const SECRET: &[u8] = b"a secret of thirty-two bytes, no less";
const SID: &str = "sid=0123456789abcdefSESSa";

fn token(header: &str, claims: &str, secret: &[u8]) -> String {
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A token of the issuer whose key is known.
fn signed(claims: &str) -> String {
    token(r#"{"alg":"HS256","kid":"k1"}"#, claims, SECRET)
}

/// A token that anybody can make.
fn forged(claims: &str) -> String {
    token(r#"{"alg":"HS256","kid":"other"}"#, claims, b"made up")
}

fn keys() -> TokenKeys {
    let key = URL_SAFE_NO_PAD.encode(SECRET);
    TokenKeys::read(format!(r#"{{"kty":"oct","kid":"k1","k":"{key}"}}"#).as_bytes()).unwrap()
}

fn basic(user: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:x")))
}

fn body(text: &str) -> Body {
    let len = text.len() as u64;
    Body::Present { bytes: text.into(), wire_len: len, decoded_len: len, whole: true }
}

/// An exchange at a second, answered 200 with this text.
fn exchange(at: i64, call: &str, headers: &[(String, String)], sent: &str, answer: &str) -> Exchange {
    let (method, target) = call.split_once(' ').unwrap();
    let mut request = Request {
        method: method.into(),
        scheme: None,
        host: Some("api.example".into()),
        target: target.into(),
        headers: Headers::default(),
        body: body(sent),
        end: None,
    };
    request.headers.push(b"Content-Type", b"application/json");
    headers.iter().for_each(|(name, value)| request.headers.push(name.as_bytes(), value.as_bytes()));
    let mut response = Response { status: 200, headers: Headers::default(), body: body(answer), start: None };
    response.headers.push(b"Content-Type", b"application/json");
    let all = Carries { request_headers: true, response_headers: true, request_bodies: true, response_bodies: true };
    Exchange {
        key: 1_000 + at.unsigned_abs(),
        protocol: Protocol::Http1,
        connection: None,
        stream: 0,
        client: Some(Endpoint { ip: IpAddr::from([10, 0, 0, 1]), port: Some(50_000) }),
        server: None,
        print: None,
        time: Timestamp(at * 1_000_000),
        end: Some(Timestamp(at * 1_000_000 + 1_000)),
        tick: 1,
        request: Some(request),
        response: Some(response),
        pushed: false,
        grpc: None,
        web_socket: None,
        elsewhere: None,
        log: LogFacts::default(),
        carries: all,
        incomplete: Vec::new(),
        origin: Origin::new("capture.har".into(), Place::Entry { index: 0, offset: 0 }),
        response_origin: None,
    }
}

fn own(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn login() -> Exchange {
    let sent = r#"{"username":"alice","password":"x"}"#;
    let mut login = exchange(0, "POST /login", &[], sent, r#"{"user":{"id":"alice"}}"#);
    login.response.as_mut().unwrap().headers.push(b"Set-Cookie", SID.as_bytes());
    login
}

/// How the traffic of one refund was judged: its events in order, and the tallies of each check.
struct Judged {
    events: Vec<Event>,
    tallies: BTreeMap<Check, Tally>,
}

impl Judged {
    fn of(model: &str, extractor: impl FnOnce(Extractor) -> Extractor, exchanges: &[Exchange]) -> Judged {
        let model = Arc::new(Model::read("model.yaml", model).unwrap().0);
        let extractor = extractor(Extractor::new(Some(Arc::clone(&model)), HashKey::new(b"tests")));
        let mut directory = Directory::new();
        let mut events = Vec::new();
        for exchange in exchanges {
            let extracted = extractor.extract(exchange);
            directory.add(extracted.facts);
            events.extend(extracted.events);
        }
        let resolver = directory.freeze();
        events.iter_mut().for_each(|event| resolver.resolve(event));
        events.sort_by_key(Event::order_key);
        let of_case: Vec<Event> = events.iter().filter(|event| event.case.is_some()).cloned().collect();
        let case = of_case.first().and_then(|event| event.case.clone());
        let result = Comparer::new(Some(model)).case(case.as_ref(), &of_case, &Blindness::default());
        let mut tallies = BTreeMap::<Check, Tally>::new();
        for ((check, _), tally) in result.tallies.0 {
            let sum = tallies.entry(check).or_default();
            sum.violated += tally.violated;
            sum.not_evaluable += tally.not_evaluable;
            sum.evaluated += tally.evaluated;
        }
        Judged { events, tallies }
    }

    fn tally(&self, check: Check) -> Tally {
        self.tallies.get(&check).copied().unwrap_or_default()
    }

    /// Whether it was found that one person did both, and if not, whether it is said that it was not judged.
    fn four_eyes(&self) -> (bool, bool) {
        let tally = self.tally(Check::Duties);
        (tally.violated > 0, tally.not_evaluable > 0)
    }

    fn approval(&self) -> &Event {
        self.events.iter().find(|event| event.activity.as_deref() == Some("approve")).unwrap()
    }

    fn who(&self) -> (&str, Evidence) {
        let actor = &self.approval().actor;
        (actor.principal.as_deref().unwrap_or_default(), actor.evidence)
    }

    fn doubts(&self, doubt: Doubt) -> bool {
        self.approval().actor.doubts.has(doubt)
    }
}

/// What proves who asks to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    /// A session that a login bound.
    Session,
    /// A token in `Authorization` that a given key signed.
    Bearer,
    /// The same in a cookie.
    TokenCookie,
}

impl Base {
    /// The headers, with more cookies before and after the one that counts.
    fn headers(self, before: &str, after: &str) -> Vec<(String, String)> {
        let token = signed(r#"{"sub":"alice","roles":["clerk"]}"#);
        let cookie = match self {
            Base::Session => SID.to_owned(),
            Base::TokenCookie => format!("access_token={token}"),
            Base::Bearer => String::new(),
        };
        let cookies: Vec<&str> = [before, &cookie, after].into_iter().filter(|text| !text.is_empty()).collect();
        let mut headers = vec![("Cookie".to_owned(), cookies.join("; "))];
        if self == Base::Bearer {
            headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
        }
        headers
    }

    /// Alice requests a refund and approves it; to the approval more is added.
    fn run(self, between: &[Exchange], added: &[(String, String)], before: &str, after: &str) -> Judged {
        let approval = [self.headers(before, after), added.to_vec()].concat();
        let mut exchanges = vec![exchange(10, "POST /refunds/r1", &self.headers("", ""), "{}", "{}")];
        exchanges.extend_from_slice(between);
        exchanges.push(exchange(20, "POST /refunds/r1/approve", &approval, "{}", "{}"));
        if self == Base::Session {
            exchanges.insert(0, login());
        }
        let keys = (self != Base::Session).then(|| Arc::new(keys()));
        Judged::of(REFUNDS, |extractor| extractor.with_token_keys(keys), &exchanges)
    }
}

fn session_with(added: &[(&str, &str)]) -> Judged {
    Base::Session.run(&[], &own(added), "", "")
}

const BOB: &str = r#"{"sub":"bob","roles":["manager"],"tid":"evil"}"#;

#[test]
fn alice_approves_her_own_refund() {
    for base in [Base::Session, Base::Bearer, Base::TokenCookie] {
        assert_eq!(base.run(&[], &[], "", "").four_eyes(), (true, false), "{base:?}");
    }
}

#[test]
fn what_any_client_can_make_up_yields_to_a_session_of_a_login() {
    for (name, value) in [
        ("X-Jwt-Assertion", forged(BOB)),
        ("X-Access-Token", forged(BOB)),
        ("Authorization", basic("bob")),
        ("Authorization", token(r#"{"alg":"none"}"#, BOB, b"")),
    ] {
        let judged = session_with(&[(name, &value)]);
        assert_eq!(judged.who(), ("alice", Evidence::Bound), "{name}");
        assert_eq!(judged.four_eyes(), (true, false), "{name}");
        let actor = &judged.approval().actor;
        assert!(actor.roles.is_empty() && actor.tenant.is_none(), "{name}: {actor:?}");
        assert_eq!(actor.others, ["bob".into()], "{name}");
    }
    let judged = Base::Session.run(&[], &[], &format!("jwt={}", forged(BOB)), "");
    assert_eq!((judged.who(), judged.four_eyes()), (("alice", Evidence::Bound), (true, false)));
}

#[test]
fn a_token_that_nobody_tried_leaves_open_whom_a_bound_session_contradicts() {
    let bearer = format!("Bearer {}", forged(BOB));
    let judged = session_with(&[("Authorization", &bearer)]);
    assert!(judged.doubts(Doubt::Contested) && judged.doubts(Doubt::SeveralNames));
    assert_eq!(judged.four_eyes(), (false, true));
    assert_eq!(judged.tally(Check::Role).violated, 0);
    assert!(judged.tally(Check::Role).not_evaluable > 0, "whose roles these are nobody knows");
    // The same name with roles of its own making.
    let bearer = format!("Bearer {}", forged(r#"{"sub":"alice","roles":["manager"]}"#));
    let judged = session_with(&[("Authorization", &bearer)]);
    assert_eq!((judged.who(), judged.four_eyes()), (("alice", Evidence::Bound), (true, false)));
    assert!(judged.approval().actor.roles.is_empty());
}

#[test]
fn a_token_that_a_login_gave_out_is_believed_wherever_it_is_shown() {
    let real = forged(r#"{"sub":"alice","roles":["manager"]}"#);
    let answer = format!(r#"{{"user":{{"id":"alice"}},"access_token":"{real}"}}"#);
    let mut first = exchange(0, "POST /login", &[], r#"{"username":"alice","password":"x"}"#, &answer);
    first.response.as_mut().unwrap().headers.push(b"Set-Cookie", SID.as_bytes());
    for (name, value) in [("Authorization", format!("Bearer {real}")), ("X-Access-Token", real.clone())] {
        let headers = own(&[("Cookie", SID), (name, &value)]);
        let steps = [
            first.clone(),
            exchange(10, "POST /refunds/r1", &headers, "{}", "{}"),
            exchange(20, "POST /refunds/r1/approve", &headers, "{}", "{}"),
        ];
        let judged = Judged::of(REFUNDS, |extractor| extractor, &steps);
        assert_eq!((judged.who(), judged.four_eyes()), (("alice", Evidence::Claims), (true, false)), "{name}");
        assert_eq!(judged.approval().actor.roles, ["manager".into()], "{name}");
        assert_eq!(judged.approval().actor.doubts, Default::default(), "{name}");
    }
}

#[test]
fn what_only_looks_like_a_logout_ends_no_session() {
    for call in ["GET /help/logout", "GET /logout/help", "POST /coupons/c77/revoke", "POST /oauth/revoke"] {
        let between = [exchange(15, call, &own(&[("Cookie", SID)]), "{}", "{}")];
        let judged = Base::Session.run(&between, &[], "", "");
        assert_eq!((judged.who(), judged.four_eyes()), (("alice", Evidence::Bound), (true, false)), "{call}");
    }
}

#[test]
fn a_verified_token_goes_before_others() {
    for name in ["Authorization", "X-Access-Token", "X-Jwt-Assertion"] {
        let value = format!("Bearer {}", forged(BOB));
        let value = if name == "X-Jwt-Assertion" { value.replace("Bearer ", "") } else { value };
        let judged = Base::TokenCookie.run(&[], &own(&[(name, &value)]), "", "");
        assert_eq!((judged.who(), judged.four_eyes()), (("alice", Evidence::Verified), (true, false)), "{name}");
        assert_eq!(judged.approval().actor.roles, ["clerk".into()], "{name}");
    }
    let model = REFUNDS.replace("actors:\n", "actors:\n  identify: [jwt.sub]\n");
    let bearer = own(&[("Authorization", &format!("Bearer {}", forged(BOB)))]);
    let headers = [Base::TokenCookie.headers("", ""), bearer].concat();
    let approval = exchange(20, "POST /refunds/r1/approve", &headers, "{}", "{}");
    let judged = Judged::of(&model, |extractor| extractor.with_token_keys(Some(Arc::new(keys()))), &[approval]);
    assert_eq!(judged.who(), ("alice", Evidence::Verified));
}

#[test]
fn behind_a_declared_proxy_headers_that_contradict_each_other_name_nobody_for_sure() {
    let run = |added: &[(&str, &str)]| {
        let real = [("X-Auth-Request-User", "alice")];
        let both = [own(&real), own(added)].concat();
        let steps = [
            exchange(10, "POST /refunds/r1", &own(&real), "{}", "{}"),
            exchange(20, "POST /refunds/r1/approve", &both, "{}", "{}"),
        ];
        Judged::of(REFUNDS, |extractor| extractor.with_trusted_proxies(&["10.0.0.0/8".parse().unwrap()]), &steps)
    };
    assert_eq!((run(&[]).who(), run(&[]).four_eyes()), (("alice", Evidence::Asserted), (true, false)));
    for added in [("X-Consumer-Username", "bob"), ("X-Auth-Request-User", "bob"), ("X-Forwarded-User", "bob")] {
        let judged = run(&[added]);
        assert_eq!(judged.who().1, Evidence::Unproved, "{added:?}");
        assert!(judged.doubts(Doubt::SeveralNames) && judged.doubts(Doubt::Contested), "{added:?}");
        assert_eq!(judged.four_eyes(), (false, true), "{added:?}");
    }
    // What one gateway tells of one person in several ways.
    let spelt = run(&[("X-Auth-Request-Email", "alice@shop.example"), ("X-Forwarded-User", "alice")]);
    assert_eq!((spelt.who(), spelt.four_eyes()), (("alice", Evidence::Asserted), (true, false)));
    let bearer = format!("Bearer {}", forged(BOB));
    let judged = run(&[("Authorization", &bearer)]);
    assert_eq!(judged.four_eyes(), (false, true), "the gateway says otherwise");
}

#[test]
fn decoys_hide_no_session() {
    let decoys = |count: u32| {
        let decoys: Vec<String> = (0..count).map(|n| format!("s{n}sess={n:032x}a9")).collect();
        Base::Session.run(&[], &[], &decoys.join("; "), "")
    };
    for count in [5, 30] {
        let judged = decoys(count);
        assert_eq!((judged.who(), judged.four_eyes()), (("alice", Evidence::Bound), (true, false)), "{count}");
    }
    let judged = decoys(60);
    assert!(judged.doubts(Doubt::ManyCredentials));
    assert_eq!(judged.four_eyes(), (false, true));
}

#[test]
fn decoys_take_nothing_from_a_token_in_its_own_place() {
    let cookies: Vec<String> = (0..60).map(|n| format!("s{n}sess={n:032x}a9")).collect();
    let tokens: Vec<String> = (0..60).map(|n| format!("token=x{n:07}ab")).collect();
    let bearer = format!("Bearer {}", forged(r#"{"sub":"alice"}"#));
    let steps = |target: &str, added: &[(&str, &str)]| {
        let real = [("Authorization", &*bearer)];
        let both = [own(&real), own(added)].concat();
        let steps =
            [exchange(10, "POST /refunds/r1", &own(&real), "{}", "{}"), exchange(20, target, &both, "{}", "{}")];
        Judged::of(REFUNDS, |extractor| extractor, &steps)
    };
    let crowded = [
        steps("POST /refunds/r1/approve", &[("Cookie", &cookies.join("; "))]),
        steps(&format!("POST /refunds/r1/approve?{}", tokens.join("&")), &[]),
    ];
    for judged in crowded {
        assert!(judged.doubts(Doubt::ManyCredentials));
        assert_eq!((judged.who(), judged.four_eyes()), (("alice", Evidence::Claims), (true, false)));
    }
}

#[test]
fn one_forged_request_makes_nobodys_own_order_somebody_elses() {
    let real = r#"{"sub":"alice","iss":"https://id.example"}"#;
    let evil = r#"{"sub":"alice","iss":"x"}"#;
    let run = |bearer: &str, keys: Option<TokenKeys>| {
        let headers = own(&[("Authorization", &format!("Bearer {bearer}"))]);
        let owner = r#"{"owner":"alice"}"#;
        let steps = [
            exchange(10, "POST /orders/o1", &headers, "{}", owner),
            exchange(20, "POST /orders/o1/pay", &headers, "{}", owner),
            exchange(30, "GET /health", &own(&[("Authorization", &format!("Bearer {}", forged(evil)))]), "", "{}"),
        ];
        Judged::of(OWNED, |extractor| extractor.with_token_keys(keys.map(Arc::new)), &steps).tally(Check::Owner)
    };
    let untried = run(&forged(real), None);
    assert_eq!((untried.violated, untried.not_evaluable), (0, 1), "by that name two are meant");
    let verified = run(&signed(real), Some(keys()));
    assert_eq!((verified.violated, verified.evaluated, verified.not_evaluable), (0, 1, 0));
}

/// Something that a client adds, told apart by whether it is a header or a cookie.
#[derive(Clone, Debug)]
enum Added {
    Header(&'static str, String),
    Cookie(String),
}

fn added() -> impl Strategy<Value = Added> {
    let claims = prop::sample::select(vec![
        BOB,
        r#"{"sub":"alice","roles":["manager"]}"#,
        r#"{"sub":"bob","preferred_username":"alice","roles":["clerk"],"iss":"x"}"#,
        r#"{"roles":["manager"],"tid":"evil"}"#,
        r#"{"sub":"bob","exp":1,"roles":["manager"]}"#,
    ]);
    let made = (claims, 0..3_u8).prop_map(|(claims, how)| match how {
        0 => forged(claims),
        1 => token(r#"{"alg":"none"}"#, claims, b""),
        _ => format!("{}.x", forged(claims).rsplit_once('.').unwrap().0),
    });
    let name = || prop::sample::select(vec!["bob", "alice"]);
    prop_oneof![
        (prop::sample::select(vec!["Authorization", "X-Access-Token", "X-Authorization"]), made.clone())
            .prop_map(|(header, token)| Added::Header(header, format!("Bearer {token}"))),
        (prop::sample::select(vec!["X-Jwt-Assertion", "X-Goog-Iap-Jwt-Assertion", "X-Api-Key"]), made.clone())
            .prop_map(|(header, token)| Added::Header(header, token)),
        (prop::sample::select(vec!["X-Forwarded-User", "X-Consumer-Username", "X-Tenant-Id"]), name())
            .prop_map(|(header, name)| Added::Header(header, name.to_owned())),
        name().prop_map(|name| Added::Header("Authorization", basic(name))),
        Just(Added::Header("Authorization", "Bearer opaqueJUNKJUNK77".to_owned())),
        Just(Added::Header("X-Api-Key", "k-123456".to_owned())),
        Just(Added::Header("X-Forwarded-Client-Cert", "URI=spiffe://p/bob".to_owned())),
        (prop::sample::select(vec!["jwt", "access_token", "zz"]), made)
            .prop_map(|(name, token)| Added::Cookie(format!("{name}={token}"))),
        (prop::sample::select(vec!["sid", "xsess", "labsid"]), 0..100_u32)
            .prop_map(|(name, n)| Added::Cookie(format!("{name}=q7Zk{n}w0PpLm3rT8vYx"))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn what_the_server_does_not_read_changes_nothing_in_silence(
        base in prop::sample::select(vec![Base::Session, Base::Bearer, Base::TokenCookie]),
        additions in prop::collection::vec((added(), any::<bool>()), 0..5),
    ) {
        let (mut headers, mut before, mut after) = (Vec::new(), Vec::new(), Vec::new());
        for (added, first) in additions {
            match added {
                // The server reads this one.
                Added::Header("Authorization", _) if base == Base::Bearer => {}
                Added::Header(name, value) => headers.push((name.to_owned(), value)),
                Added::Cookie(cookie) => if first { before.push(cookie) } else { after.push(cookie) },
            }
        }
        let plain = base.run(&[], &[], "", "");
        let judged = base.run(&[], &headers, &before.join("; "), &after.join("; "));
        let told = |judged: &Judged| {
            let actor = &judged.approval().actor;
            (actor.principal.clone(), actor.roles.clone(), actor.tenant.clone())
        };
        let doubted = judged.approval().actor.doubts.iter().next().is_some();
        prop_assert!(told(&judged) == told(&plain) || doubted, "{:?}", judged.approval().actor);
        for check in [Check::Duties, Check::Role] {
            let (was, is) = (plain.tally(check), judged.tally(check));
            prop_assert!(is.violated >= was.violated || is.not_evaluable > was.not_evaluable, "{check:?} {was:?} {is:?}");
            prop_assert!(is.violated <= was.violated, "{check:?}: a finding on {:?}", judged.approval().actor);
        }
    }
}
