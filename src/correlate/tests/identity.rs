//! Every tier of the identity ladder, and that sources of the same traffic agree.

use super::{made, model, one};
use crate::event::{Actor, Evidence};
use crate::model::expression::{Function, Node};
use crate::model::{Expression, IdentityPath};

fn actor(exchange: super::Made) -> Actor {
    one(None, exchange).actor
}

fn who(actor: &Actor) -> (&str, Evidence) {
    (actor.principal.as_deref().unwrap_or_default(), actor.evidence)
}

#[test]
fn a_jwt_names_its_subject_and_the_agent_acting_for_it() {
    let claims = r#"{"iss":"https://id","sub":"alice","act":{"sub":"agent:shop"},"azp":"web","tid":"acme"}"#;
    let found = actor(made("GET", "/orders/1").bearer(claims).answers(200, ""));
    assert_eq!(who(&found), ("alice", Evidence::Claims));
    assert_eq!(found.agent.as_deref(), Some("agent:shop"));
    assert_eq!(found.client.as_deref(), Some("web"));
    assert_eq!(found.tenant.as_deref(), Some("acme"));
    assert_eq!(&*found.kind, "human");
    assert_eq!(found.credential.map(|c| c.len()), Some(32));
}

#[test]
fn a_tokens_end_counts_but_where_another_one_is_asked_for() {
    let ends = |method: &str, path: &str, body: &str| {
        actor(made(method, path).bearer(r#"{"sub":"a","exp":9999999999}"#).json(body).answers(200, "{}"))
            .token_end
            .is_some()
    };
    for path in ["/sessions/77/bookings", "/auth/orders", "/tokens/transfer", "/orders/7/revoke"] {
        assert!(ends("POST", path, r#"{"a":1}"#), "{path}");
    }
    assert!(ends("GET", "/sessions/77/bookings?code=abcdefgh&state=x", ""));
    for path in ["/login", "/auth/refresh", "/oauth2/token", "/api/v1/sessions", "/logout", "/oauth/revoke"] {
        assert!(!ends("POST", path, r#"{"a":1}"#), "{path}");
    }
}

#[test]
fn basic_credentials_name_a_user_unless_they_were_refused() {
    let basic = made("GET", "/").header("authorization", "Basic YWxpY2U6c2VjcmV0");
    assert_eq!(who(&actor(basic.clone().answers(200, ""))), ("alice", Evidence::Bound));
    assert_eq!(who(&actor(basic.clone())), ("alice", Evidence::Asserted), "the answer was not seen");
    assert_eq!(who(&actor(basic.answers(401, ""))), ("alice", Evidence::Unproved));
}

#[test]
fn api_keys_become_pseudonyms_that_stay_equal() {
    let one = actor(made("GET", "/a").header("X-Api-Key", "k-123"));
    let two = actor(made("GET", "/b?api_key=k-123"));
    assert!(one.principal.as_deref().unwrap().starts_with("key:"));
    assert_eq!(one.evidence, Evidence::ApiKey);
    assert_eq!(one.principal, two.principal);
    assert_ne!(one.principal, actor(made("GET", "/a").header("X-Api-Key", "k-124")).principal);
}

#[test]
fn keys_and_tokens_of_vendors_are_known_by_how_their_headers_end() {
    let by = |name: &str| actor(made("GET", "/orders/7").header(name, "8c1f03aa52be47d09e61"));
    for name in ["X-Redmine-API-Key", "DD-API-KEY", "X-Shopify-Access-Token", "Private-Token", "X-Acme-Auth-Token"] {
        assert!(by(name).evidence > Evidence::Device, "{name}");
    }
    for name in ["X-CSRF-Token", "X-Request-Token", "X-Page-Token", "X-Keyboard"] {
        assert!(by(name).evidence <= Evidence::Device, "{name}");
    }
}

#[test]
fn a_log_user_is_asserted() {
    let logged = made("GET", "/").answers(200, "").logged(Some("carol"), &[]);
    assert_eq!(who(&actor(logged)), ("carol", Evidence::Asserted));
    // Any client can send this one.
    assert_eq!(actor(made("GET", "/").header("X-User-Id", "eve")).evidence, Evidence::Address);
}

#[test]
fn an_unbound_cookie_and_a_bare_address_are_weak() {
    let cookie = actor(made("GET", "/").header("cookie", "theme=dark; sid=abc"));
    assert_eq!(cookie.evidence, Evidence::Unbound);
    assert!(cookie.principal.unwrap().starts_with("session:"));
    let address = actor(made("GET", "/").header("user-agent", "curl"));
    assert_eq!(address.evidence, Evidence::Address);
    assert!(address.principal.unwrap().starts_with("addr:"));
    let mut silent = made("GET", "/");
    silent.0.client = None;
    assert_eq!(who(&actor(silent)), ("", Evidence::None));
}

#[test]
fn behind_one_address_programs_are_told_by_their_prints_whatever_they_call_themselves() {
    let of = |print: Option<u64>, agent: &str| {
        let mut made = made("GET", "/").header("user-agent", agent);
        made.0.print = print;
        actor(made)
    };
    let (one, other, forged) = (of(Some(1), "curl"), of(Some(2), "curl"), of(Some(1), "Firefox"));
    assert_eq!(one.evidence, Evidence::Device);
    assert_ne!(one.principal, other.principal, "two programs of one name");
    assert_eq!(one.principal, forged.principal, "another name, the same program");
    assert_eq!(of(None, "curl").evidence, Evidence::Address);
    // Whatever names somebody better is asked first.
    let mut named = made("GET", "/").header("cookie", "sid=abc");
    named.0.print = Some(1);
    assert_eq!(actor(named).evidence, Evidence::Unbound);
}

#[test]
fn a_log_tells_prints_and_a_header_that_anybody_can_send_does_not() {
    let ja4 = "t13d1516h2_8daaf6152771_e5627efa2ab1";
    let logged = made("GET", "/").answers(200, "").logged(None, &[("tls.client.ja4", ja4)]);
    assert_eq!(actor(logged).evidence, Evidence::Device);
    assert_eq!(actor(made("GET", "/").header("X-JA4-Fingerprint", ja4)).evidence, Evidence::Address);
}

#[test]
fn client_credentials_are_a_service() {
    for claims in
        [r#"{"sub":"wms","gty":"client-credentials"}"#, r#"{"sub":"wms","azp":"wms"}"#, r#"{"sub":"service:wms"}"#]
    {
        assert_eq!(&*actor(made("POST", "/x").bearer(claims)).kind, "service", "{claims}");
    }
}

#[test]
fn the_model_decides_first_and_the_ladder_after_it() {
    let found = |m: super::Made| one(Some(model()), m).actor;
    let claims = r#"{"sub":"frank","tid":"acme","roles":["fin"],"gty":"client-credentials"}"#;
    let listed = found(made("POST", "/refunds/r1/approve").bearer(claims).answers(200, ""));
    assert_eq!(who(&listed), ("frank", Evidence::Claims));
    assert_eq!(listed.roles, ["approver".into()]);
    assert_eq!(&*listed.kind, "service");
    let keyed = found(made("GET", "/orders/o1").header("x-api-key", "abc").answers(200, ""));
    assert_eq!(keyed.evidence, Evidence::ApiKey);
    assert_eq!(keyed.tenant.as_deref(), Some("acme"));
    assert_eq!(keyed.roles, ["customer".into()]);
    let logged = found(made("GET", "/orders/o1").answers(200, "").logged(Some("gina"), &[]));
    assert_eq!(who(&logged), ("gina", Evidence::Asserted));
    assert!(logged.roles.is_empty() && !logged.roles_known, "roles that the source cannot carry are unknown");
    let basic = found(made("GET", "/orders/o1").header("authorization", "Basic YWxpY2U6c2VjcmV0").answers(200, ""));
    assert_eq!(who(&basic), ("alice", Evidence::Bound));
}

#[test]
fn a_key_in_any_header_or_parameter_is_never_the_principal_itself() {
    for (listed, exchange) in [
        ("header.ocp-apim-subscription-key", made("GET", "/orders/o1").header("Ocp-Apim-Subscription-Key", "hunter")),
        ("header.x-partner-key", made("GET", "/orders/o1").header("X-Partner-Key", "hunter")),
        ("header.x-functions-key", made("GET", "/orders/o1").header("x-functions-key", "hunter")),
        ("query.access_key", made("GET", "/orders/o1?access_key=hunter")),
        ("query.pwd", made("GET", "/orders/o1?pwd=hunter")),
    ] {
        let mut model = model();
        model.actors.identify = vec![IdentityPath { path: super::path(listed), bound_by: None }];
        let event = one(Some(model), exchange.answers(200, ""));
        assert!(event.actor.principal.as_deref().unwrap().starts_with("key:"), "{listed} {:?}", event.actor);
        assert_eq!(event.actor.evidence, Evidence::ApiKey, "{listed}");
        assert!(!format!("{event:?}").contains("hunter"), "{listed}");
    }
    let bare = actor(made("GET", "/").header("Ocp-Apim-Subscription-Key", "hunter"));
    assert!(bare.principal.unwrap().starts_with("key:"));
}

#[test]
fn a_tenant_that_only_the_client_names_counts_without_a_model_alone() {
    let sent = || made("GET", "/orders/o1").header("X-Tenant-Id", "evil").answers(200, "");
    assert_eq!(actor(sent()).tenant.as_deref(), Some("evil"));
    let mut model = model();
    model.actors.tenant = super::paths(&["jwt.tid"]);
    assert_eq!(one(Some(model), sent()).actor.tenant, None);
}

#[test]
fn a_header_that_is_no_secret_names_the_principal_itself() {
    let mut model = model();
    model.actors.identify = vec![IdentityPath { path: super::path("header.x-employee"), bound_by: None }];
    let found = one(Some(model), made("GET", "/orders/o1").header("X-Employee", "e42").answers(200, "")).actor;
    assert_eq!(who(&found), ("e42", Evidence::Asserted));
}

#[test]
fn a_json_log_and_a_har_of_the_same_exchange_agree() {
    let claims = r#"{"sub":"alice","tid":"acme","roles":["cs","fin"],"act":{"sub":"agent:shop"},"azp":"web"}"#;
    let seen = made("POST", "/orders").at(3).bearer(claims).answers(201, r#"{"order":{"id":"o1","tenantId":"acme"}}"#);
    let seen = seen.answer_header("Location", "/orders/o1");
    let log = [("roles", r#"["cs","fin"]"#), ("tenant", "acme"), ("act", "agent:shop"), ("azp", "web")];
    let logged = seen.clone().logged(Some("alice"), &log);
    let (har, json) = (one(Some(model()), seen), one(Some(model()), logged));
    for (a, b) in [
        (&har.actor.principal, &json.actor.principal),
        (&har.actor.agent, &json.actor.agent),
        (&har.actor.client, &json.actor.client),
        (&har.actor.tenant, &json.actor.tenant),
        (&har.activity, &json.activity),
        (&har.operation, &json.operation),
    ] {
        assert!(a.is_some());
        assert_eq!(a, b);
    }
    assert_eq!(har.actor.roles, json.actor.roles);
    assert_eq!(har.actor.kind, json.actor.kind);
    assert_eq!(har.case, json.case);
    assert_eq!(har.objects[0].id, json.objects[0].id);
    assert_eq!(har.objects[0].owner, json.objects[0].owner);
    assert_eq!(har.objects[0].tenant, json.objects[0].tenant);
    assert_eq!((har.source, json.source), ("har", "json"));
}

#[test]
fn a_user_agent_in_a_log_is_no_acting_agent() {
    let logged = made("GET", "/").answers(200, "").logged(Some("a"), &[("agent", "Mozilla/5.0 (X11)")]);
    assert_eq!(actor(logged).agent, None);
}

#[test]
fn the_field_agent_of_a_log_names_an_agent_where_it_is_no_user_agent() {
    let of = |field: &str| actor(made("GET", "/").answers(200, "").logged(Some("a"), &[("agent", field)])).agent;
    assert_eq!(of("refund-bot").as_deref(), Some("refund-bot"));
    assert_eq!((of("curl/8.5.0"), of("Dalvik 2.1.0 (Linux)"), of(&"a".repeat(200))), (None, None, None));
    let both = [("agent", "Mozilla/5.0 (X11)"), ("act.sub", "refund-bot")];
    let told = actor(made("GET", "/").answers(200, "").logged(Some("a"), &both)).agent;
    assert_eq!(told.as_deref(), Some("refund-bot"), "the plainer name comes first");
}

#[test]
fn a_logs_roles_are_known_without_a_model() {
    let of = |fields: &[(&str, &str)]| {
        let actor = actor(made("GET", "/").answers(200, "").logged(Some("a"), fields));
        (actor.roles.iter().map(|role| role.to_string()).collect::<Vec<_>>(), actor.roles_known)
    };
    assert_eq!(of(&[("roles", "clerk,approver,clerk")]), (vec!["approver".into(), "clerk".into()], true));
    assert_eq!(of(&[("role", "clerk")]), (vec!["clerk".into()], true));
    assert_eq!(of(&[("scope", "clerk"), ("roles", "")]), (Vec::new(), false), "nothing told is nothing known");
}

#[test]
fn a_key_beside_a_session_makes_nobody_a_service() {
    let keyed = |exchange: super::Made| {
        let actor = actor(exchange.header("X-Api-Key", "k-1234567890"));
        (actor.kind.to_string(), actor.kind_known)
    };
    assert_eq!(keyed(made("GET", "/a")), ("service".into(), true));
    let session = made("GET", "/a").header("Cookie", "session_id=0123456789abcdef");
    assert_eq!(keyed(session), ("human".into(), false), "the page's key, or the gateway's");
}

/// A model of sessions whose login tells the role.
fn sessions(default: Option<&str>) -> crate::model::Model {
    let mut model = model();
    model.actors.roles_from = super::paths(&["res.user.role", "log.role"]);
    model.actors.default_role = default.map(Into::into);
    model
}

fn login(at: i64, sid: &str, answer: &str) -> super::Made {
    let login = made("POST", "/login").at(at).json(r#"{"username":"anna","password":"x"}"#).answers(200, answer);
    login.answer_header("Set-Cookie", &format!("sid={sid}; HttpOnly"))
}

fn pays(at: i64, sid: &str) -> super::Made {
    made("POST", "/orders/o1/payment").at(at).header("Cookie", &format!("sid={sid}")).answers(200, "{}")
}

/// The kind, and whether it is known, by these conditions of services.
fn kind(conditions: &[&str], exchange: super::Made) -> (String, bool) {
    let mut model = model();
    let conditions: Vec<_> =
        conditions.iter().map(|path| Expression { text: (*path).into(), node: has(path) }).collect();
    model.actors.kinds = if conditions.is_empty() { Vec::new() } else { vec![("service".into(), conditions)] };
    let actor = one(Some(model), exchange).actor;
    (actor.kind.to_string(), actor.kind_known)
}

fn has(of: &str) -> Node {
    Node::Call(Function::Has, vec![Node::Path(super::path(of))])
}

#[test]
fn a_kind_is_known_where_the_source_carries_what_tells_it() {
    let human = |known: bool| ("human".to_owned(), known);
    let service = |known: bool| ("service".to_owned(), known);
    let view = || made("GET", "/orders/o").at(3);
    let with_key = || view().header("x-api-key", "kkkkkkkkkkkk").answers(200, "");
    let with_claims = || view().bearer(r#"{"sub":"bob"}"#).answers(200, "");
    let logged = |fields: &[(&str, &str)]| with_claims().logged(Some("mia"), fields);
    let key = ["header.x-api-key"];
    assert_eq!(kind(&key, with_key()), service(true));
    assert_eq!(kind(&key, with_claims()), human(true), "the headers are there, and it is not among them");
    assert_eq!(kind(&key, logged(&[])), human(false), "a log without headers");
    let bot = ["log.bot"];
    assert_eq!(kind(&bot, logged(&[("bot", "7")])), service(true));
    assert_eq!(kind(&bot, with_claims()), human(false), "no log");
    let either = ["header.x-api-key", "log.bot"];
    assert_eq!(kind(&either, with_claims()), human(true), "of a list the one that can be decided");
    assert_eq!(kind(&either, logged(&[("bot", "7")])), service(true));
    assert_eq!(kind(&either, logged(&[])), human(false));
    assert_eq!(kind(&[], with_key()), human(false), "a key without anything that says whose");
    assert_eq!(kind(&[], with_claims()), human(true));
}

fn roles(event: &crate::event::Event) -> (Vec<&str>, bool) {
    (event.actor.roles.iter().map(|r| &**r).collect(), event.actor.roles_known)
}

#[test]
fn a_role_that_a_login_tells_lasts_as_long_as_its_session() {
    let told = login(10, "s1s1s1s1s1s1", r#"{"user":{"id":"anna","role":"fin"}}"#);
    let again = login(30, "s2s2s2s2s2s2", r#"{"user":{"id":"anna","role":["cs","fin"]}}"#);
    let (before, after, other) = (pays(20, "s1s1s1s1s1s1"), pays(40, "s2s2s2s2s2s2"), pays(50, "s3s3s3s3s3s3"));
    let events = super::resolved(Some(sessions(None)), &[before, told, after, again, other]);
    assert_eq!(roles(&events[0]), (vec!["approver"], true), "whatever the order of reading");
    assert_eq!(roles(&events[1]), (vec!["approver"], true), "at the login itself");
    assert_eq!(roles(&events[2]), (vec!["approver", "cs"], true));
    assert_eq!(roles(&events[4]), (vec![], false), "a session whose login was not seen");
}

#[test]
fn an_answer_about_somebody_else_tells_nothing_of_who_asked() {
    let mut model = sessions(None);
    model.actors.tenant = super::paths(&["res.user.org"]);
    let told = login(10, "s1s1s1s1s1s1", r#"{"user":{"id":"anna","role":"cs","org":"acme"}}"#);
    let view = made("GET", "/orders/o7").at(20).header("cookie", "sid=s1s1s1s1s1s1");
    let other = view.answers(200, r#"{"user":{"id":"boss","role":"fin","org":"globex"}}"#);
    let event = super::resolved(Some(model), &[told, other]).remove(1);
    assert_eq!(roles(&event), (vec!["cs"], true));
    assert_eq!(event.actor.tenant.as_deref(), Some("acme"));
}

#[test]
fn a_login_that_tells_no_role_leaves_it_unknown_unless_the_model_has_a_default() {
    let exchanges = || [login(10, "s1s1s1s1s1s1", r#"{"user":{"id":"anna"}}"#), pays(20, "s1s1s1s1s1s1")];
    assert_eq!(roles(&super::resolved(Some(sessions(None)), &exchanges())[1]), (vec![], false));
    assert_eq!(roles(&super::resolved(Some(sessions(Some("customer"))), &exchanges())[1]), (vec!["customer"], true));
    let unseen = one(Some(sessions(Some("customer"))), pays(20, "s9s9s9s9s9s9"));
    assert_eq!(roles(&unseen), (vec![], false), "the default is no answer where the login was not seen");
    let none = [login(10, "s1s1s1s1s1s1", r#"{"user":{"id":"anna","role":[]}}"#), pays(20, "s1s1s1s1s1s1")];
    assert_eq!(roles(&super::resolved(Some(sessions(None)), &none)[1]), (vec![], true), "an empty list is known");
}

#[test]
fn roles_are_known_where_a_readable_token_would_have_claimed_them() {
    let mut plain = model();
    plain.actors.default_role = None;
    let view = || made("GET", "/orders/o1");
    let found = |m: super::Made| one(Some(plain.clone()), m.answers(200, ""));
    assert_eq!(roles(&found(view().bearer(r#"{"sub":"bob"}"#))), (vec![], true));
    assert_eq!(roles(&found(view().header("Cookie", "sid=s1s1s1s1s1s1"))), (vec![], false));
    assert_eq!(roles(&found(view().header("x-api-key", "abcabcabc"))), (vec![], false));
    plain.actors.roles_from.clear();
    assert_eq!(roles(&one(Some(plain), view().bearer(r#"{"sub":"bob"}"#).answers(200, ""))), (vec![], false));
}

#[test]
fn a_list_of_roles_in_a_log_is_read_whole_however_it_is_written() {
    let mut listed = model();
    listed.actors.roles_from = super::paths(&["jwt.roles", "log.groups"]);
    let found = |fields: &[(&str, &str)]| {
        let event = one(Some(listed.clone()), made("GET", "/orders/o1").answers(200, "").logged(Some("gina"), fields));
        event.actor.roles.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let both = ["approver", "cs"];
    assert_eq!(found(&[("roles", "cs"), ("roles", "fin")]), both, "the elements of a JSON list");
    assert_eq!(found(&[("auth.roles", "cs"), ("x", "y"), ("auth.roles", "fin")]), both);
    assert_eq!(found(&[("groups", "cs"), ("groups", "fin")]), both);
    for text in ["cs fin", "cs,fin", r#"["cs","fin"]"#] {
        assert_eq!(found(&[("roles", text)]), both, "{text}");
    }
    assert_eq!(found(&[("roles.0", "cs"), ("roles.1", "fin")]), both);
}

#[test]
fn a_session_has_the_default_role_where_the_tokens_of_others_claim_theirs() {
    let anna = || [login(10, "s1s1s1s1s1s1", r#"{"user":{"id":"anna"}}"#), pays(20, "s1s1s1s1s1s1")];
    let token = made("GET", "/orders/o1").at(30).bearer(r#"{"sub":"bob","roles":["fin"]}"#).answers(200, "");
    assert_eq!(roles(&super::resolved(Some(model()), &anna())[1]), (vec![], false), "nobody's roles are shown");
    let [first, second] = anna();
    let events = super::resolved(Some(model()), &[first, second, token.clone(), pays(40, "s9s9s9s9s9s9")]);
    assert_eq!(roles(&events[1]), (vec!["customer"], true));
    assert_eq!(roles(&events[3]), (vec![], false), "whoever that is");
}
