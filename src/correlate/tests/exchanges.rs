//! Tokens that are exchanged for others (RFC 8693): whose the new one is, who acts by it, and what for.

use super::{Made, jwt, made, resolved};
use crate::event::{Actor, Event, Evidence};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const NEW: &str = "opaqueNEWWWWWWWWWWWWWW1";

/// A request for a token, as clients send it, and what is answered.
fn asks(at: i64, sent: &[(&str, &str)], answer: &str) -> Made {
    let pairs: Vec<String> = sent.iter().map(|(name, value)| format!("{name}={}", value.replace(':', "%3A"))).collect();
    let mut made = made("POST", "/oauth2/token").at(at).json(&pairs.join("&"));
    let request = made.0.request.as_mut().unwrap();
    request.headers = offpath_capture::Headers::default();
    made.header("Content-Type", "application/x-www-form-urlencoded").answers(200, answer)
}

/// An exchange of tokens of a client, which the answer says is one.
fn exchanges(at: i64, more: &[(&str, &str)], token: &str) -> Made {
    let sent = [&[("grant_type", GRANT), ("client_id", "shop-agent"), ("client_secret", "s3cr3tQQQQ")], more].concat();
    let issued = "urn:ietf:params:oauth:token-type:access_token";
    asks(at, &sent, &format!(r#"{{"access_token":"{token}","issued_token_type":"{issued}","token_type":"Bearer"}}"#))
}

fn logs_in(at: i64, name: &str, token: &str) -> Made {
    let answer = format!(r#"{{"access_token":"{token}","token_type":"Bearer","scope":"orders:read"}}"#);
    asks(at, &[("grant_type", "password"), ("username", name), ("password", "hunter2hunter2")], &answer)
}

fn uses(at: i64, token: &str) -> Made {
    made("POST", "/orders").at(at).header("Authorization", &format!("Bearer {token}")).json("{}").answers(201, "{}")
}

fn last(exchanges: &[Made]) -> Event {
    resolved(None, exchanges).pop().unwrap()
}

fn told(actor: &Actor) -> (&str, Evidence, Option<&str>, Vec<&str>, Option<&str>) {
    let earlier = actor.earlier_agents.iter().map(|name| &**name).collect();
    let principal = actor.principal.as_deref().unwrap_or_default();
    (principal, actor.evidence, actor.agent.as_deref(), earlier, actor.client.as_deref())
}

#[test]
fn an_opaque_token_is_the_subjects_and_the_actor_acts_by_it() {
    let subject = jwt(r#"{"iss":"i","sub":"mia"}"#);
    let actor = jwt(r#"{"iss":"i","sub":"agent:shop"}"#);
    let both = exchanges(1, &[("subject_token", &subject), ("actor_token", &actor)], NEW);
    let found = last(&[both, uses(5, NEW)]).actor;
    assert_eq!(told(&found), ("mia", Evidence::Bound, Some("agent:shop"), vec![], Some("shop-agent")));
    let alone = exchanges(1, &[("subject_token", &subject)], NEW);
    assert_eq!(told(&last(&[alone, uses(5, NEW)]).actor), ("mia", Evidence::Bound, None, vec![], Some("shop-agent")));
}

#[test]
fn opaque_tokens_of_earlier_logins_are_exchanged_as_well() {
    let before = [logs_in(1, "mia", "opaqueMIAAAAAAAAA1"), logs_in(2, "bot", "opaqueBOTTTTTTTTT1")];
    let exchange = exchanges(3, &[("subject_token", "opaqueMIAAAAAAAAA1"), ("actor_token", "opaqueBOTTTTTTTTT1")], NEW);
    let all = [before[0].clone(), before[1].clone(), exchange, uses(5, NEW)];
    let found = last(&all).actor;
    assert_eq!(told(&found), ("mia", Evidence::Bound, Some("bot"), vec![], Some("shop-agent")));
    let unseen = exchanges(3, &[("subject_token", "opaqueMIAAAAAAAAA1"), ("actor_token", "opaqueNOBODYYYYY1")], NEW);
    let found = last(&[before[0].clone(), unseen, uses(5, NEW)]).actor;
    assert!(found.agent.as_deref().is_some_and(|agent| agent.starts_with("session:")), "{:?}", found.agent);
    let nobody = exchanges(3, &[("subject_token", "opaqueSTRANGERRR1")], NEW);
    let found = last(&[nobody, uses(5, NEW)]).actor;
    assert_eq!(found.evidence, Evidence::Unbound, "nobody knows whose the old one was");
}

#[test]
fn chains_of_exchanges_name_all_who_act() {
    let subject = jwt(r#"{"sub":"mia","act":{"sub":"agent:first"}}"#);
    let actor = |name: &str| jwt(&format!(r#"{{"sub":"{name}"}}"#));
    let first =
        exchanges(1, &[("subject_token", &subject), ("actor_token", &actor("agent:second"))], "opaqueMIDDLEEEEEE1");
    let second = exchanges(2, &[("subject_token", "opaqueMIDDLEEEEEE1"), ("actor_token", &actor("agent:third"))], NEW);
    let found = last(&[first.clone(), second.clone(), uses(5, NEW)]).actor;
    let earlier = vec!["agent:second", "agent:first"];
    assert_eq!(told(&found), ("mia", Evidence::Bound, Some("agent:third"), earlier, Some("shop-agent")));
    let disordered = resolved(None, &[uses(5, NEW), second, first]);
    assert_eq!(disordered[0].actor, found, "whatever is read first");
}

#[test]
fn a_refused_exchange_binds_nothing() {
    let subject = jwt(r#"{"sub":"mia"}"#);
    let error = |status: u16, answer: &str| {
        let sent = [("grant_type", GRANT), ("subject_token", subject.as_str())];
        let refused = asks(1, &sent, "{}").answers(status, answer);
        last(&[refused, uses(5, NEW)]).actor.evidence
    };
    assert_eq!(error(400, r#"{"error":"invalid_grant"}"#), Evidence::Unbound);
    let says = format!(r#"{{"error":"invalid_target","access_token":"{NEW}","issued_token_type":"x"}}"#);
    assert_eq!(error(200, &says), Evidence::Unbound);
}

#[test]
fn who_adds_an_exchange_to_his_login_is_not_somebody_else() {
    let victim = jwt(r#"{"sub":"ceo"}"#);
    let sent = [
        ("grant_type", GRANT),
        ("subject_token", victim.as_str()),
        ("username", "mallory"),
        ("password", "hunter2hunter2"),
    ];
    let answer = format!(r#"{{"access_token":"{NEW}"}}"#);
    let found = last(&[asks(1, &sent, &answer), uses(5, NEW)]).actor;
    assert_eq!(found.principal.as_deref(), Some("mallory"), "the answer does not say that it was an exchange");
    let named = exchanges(1, &[("subject_token", &jwt(r#"{"sub":"mia"}"#)), ("username", "ceo")], NEW);
    assert_eq!(
        last(&[named, uses(5, NEW)]).actor.principal.as_deref(),
        Some("mia"),
        "what the client adds names nobody"
    );
}

#[test]
fn a_new_token_that_names_its_holder_is_believed() {
    let new = jwt(r#"{"sub":"mia@corp","act":{"sub":"agent:new"},"azp":"app"}"#);
    let exchange =
        exchanges(1, &[("subject_token", "opaqueMIAAAAAAAAA1"), ("actor_token", "opaqueBOTTTTTTTTT1")], &new);
    let found = last(&[exchange, uses(5, &new)]).actor;
    assert_eq!(told(&found), ("mia@corp", Evidence::Claims, Some("agent:new"), vec![], Some("app")));
}

#[test]
fn an_actors_token_that_the_server_left_out_names_no_agent() {
    let (subject, actor) = (jwt(r#"{"sub":"mia"}"#), jwt(r#"{"sub":"agent:payroll"}"#));
    let new = jwt(r#"{"sub":"mia","jti":"new"}"#);
    let exchange = exchanges(1, &[("subject_token", &subject), ("actor_token", &actor)], &new);
    let found = last(&[exchange, uses(5, &new)]).actor;
    assert_eq!((found.principal.as_deref(), found.agent), (Some("mia"), None));
}

#[test]
fn who_proved_to_be_a_client_is_it() {
    let subject = jwt(r#"{"sub":"mia"}"#);
    let basic =
        exchanges(1, &[("subject_token", &subject)], NEW).header("Authorization", "Basic ZXZpbGNsaWVudDpzM2NyM3RRUVFR");
    let found = last(&[basic, uses(5, NEW)]).actor;
    assert_eq!(found.client.as_deref(), Some("evilclient"), "the body says shop-agent");
}

#[test]
fn what_tokens_are_good_for_is_told_at_the_exchange() {
    let of = |all: &[Made]| *last(all).exchanged.unwrap();
    let subject = jwt(r#"{"sub":"mia","scope":"orders:read","aud":"shop"}"#);
    let asked = of(&[exchanges(1, &[("subject_token", &subject), ("scope", "orders:read orders:write")], NEW)]);
    assert_eq!(asked.had.as_deref(), Some(&["orders:read".into()][..]));
    assert_eq!(asked.got.as_deref(), Some(&["orders:read".into(), "orders:write".into()][..]));
    assert!(!asked.elsewhere);
    let elsewhere = of(&[exchanges(1, &[("subject_token", &subject), ("audience", "ledger")], NEW)]);
    assert_eq!((elsewhere.got, elsewhere.elsewhere), (None, false), "what is asked for is a client's word");
    let ledger = jwt(r#"{"sub":"mia","aud":"ledger"}"#);
    assert!(of(&[exchanges(1, &[("subject_token", &subject)], &ledger)]).elsewhere);
    let words: Vec<String> = (0..40).map(|n| format!("s{n}:read")).collect();
    let wide = jwt(&format!(r#"{{"sub":"mia","scope":"{0} {0}"}}"#, words.join(" ")));
    let narrowed = of(&[exchanges(1, &[("subject_token", &wide), ("scope", "s39:read")], NEW)]);
    assert_eq!(narrowed.had.map(|words| words.len()), Some(40), "each once, and all");
    let padded = format!("{}admin", "orders:read ".repeat(32));
    let got = of(&[exchanges(1, &[("subject_token", &subject), ("scope", &padded)], NEW)]).got.unwrap();
    assert!(got.contains(&"admin".into()), "{got:?}");
    let many: Vec<String> = (0..300).map(|n| format!("s{n}")).collect();
    assert_eq!(of(&[exchanges(1, &[("subject_token", &subject), ("scope", &many.join(" "))], NEW)]).got, None);
    let opaque =
        [logs_in(1, "mia", "opaqueMIAAAAAAAAA1"), exchanges(2, &[("subject_token", "opaqueMIAAAAAAAAA1")], NEW)];
    assert_eq!(of(&opaque).had.as_deref(), Some(&["orders:read".into()][..]), "as the login's answer said");
    assert!(last(&[logs_in(1, "mia", NEW)]).exchanged.is_none());
}
