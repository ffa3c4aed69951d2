//! Who acts, where a request says it in ways that anybody may use, or in several ways at once.

use super::{Made, jwt, key, made, model, one, resolved, resolved_by};
use crate::correlate::{Extractor, TokenKeys};
use crate::event::{Actor, Doubt, Evidence};

fn actor(exchange: Made) -> Actor {
    one(None, exchange).actor
}

fn who(actor: &Actor) -> (&str, Evidence) {
    (actor.principal.as_deref().unwrap_or_default(), actor.evidence)
}

fn doubts(actor: &Actor) -> Vec<Doubt> {
    actor.doubts.iter().collect()
}

fn others(actor: &Actor) -> Vec<&str> {
    actor.others.iter().map(|name| &**name).collect()
}

fn get() -> Made {
    made("GET", "/orders/o1").answers(200, "{}")
}

#[test]
fn signed_requests_of_one_key_are_one_principal() {
    for (one, same, other) in [
        (
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, Signature=5d67",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150831/us-east-1/s3/aws4_request, Signature=6d67",
            "AWS4-HMAC-SHA256 Credential=AKIDOTHER/20150830/us-east-1/iam/aws4_request, Signature=5d67",
        ),
        (
            r#"Hawk id="dh37", ts="1", nonce="a", mac="6R4=""#,
            r#"Hawk id="dh37", ts="2", nonce="b", mac="7R4=""#,
            r#"Hawk id="dh38", ts="1", nonce="a", mac="6R4=""#,
        ),
        (
            r#"OAuth oauth_consumer_key="ck", oauth_nonce="1", oauth_signature="x""#,
            r#"OAuth oauth_consumer_key="ck", oauth_nonce="2", oauth_signature="y""#,
            r#"OAuth oauth_consumer_key="cj", oauth_nonce="1", oauth_signature="x""#,
        ),
    ] {
        let of = |header: &str| actor(get().header("Authorization", header));
        assert_eq!(of(one).evidence, Evidence::ApiKey, "{one}");
        assert_eq!(of(one).principal, of(same).principal, "{one}");
        assert_ne!(of(one).principal, of(other).principal, "{one}");
    }
    let digest = |nonce: &str| {
        get().header("Authorization", &format!(r#"Digest username="dig", nonce="{nonce}", response="{nonce}aa""#))
    };
    assert_eq!(who(&actor(digest("n1"))), ("dig", Evidence::Bound));
    assert_eq!(actor(digest("n2")).credential, actor(digest("n1")).credential);
    let link = made("GET", "/o/1?X-Amz-Credential=AKIDEXAMPLE/20150830/us-east-1/s3/aws4_request&X-Amz-Signature=5d");
    let header = get().header("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/1/2/3/4, Signature=5d67");
    assert_eq!(actor(link).principal, actor(header).principal);
    // Another proof each time, of somebody who is not named.
    let kerberos =
        |token: &str| actor(get().header("user-agent", "x").header("Authorization", &format!("Negotiate {token}")));
    assert_eq!(kerberos("YIIa").principal, kerberos("YIIb").principal);
}

#[test]
fn a_name_in_a_header_that_any_client_may_send_is_unproved() {
    for header in
        ["X-Forwarded-User", "X-Consumer-Username", "Cf-Access-Authenticated-User-Email", "X-MS-CLIENT-PRINCIPAL-NAME"]
    {
        let alone = actor(get().header(header, "ceo"));
        assert_eq!(who(&alone), ("ceo", Evidence::Unproved), "{header}");
        let beside = actor(get().header(header, "ceo").header("Authorization", "Bearer opaqueQQQQQ"));
        assert_eq!(beside.evidence, Evidence::Unbound, "{header}");
        assert!(beside.principal.as_deref().unwrap().starts_with("session:"), "{header}");
        assert_eq!((others(&beside), doubts(&beside)), (vec!["ceo"], vec![Doubt::SeveralNames]), "{header}");
    }
    let claims = r#"{"sub":"7f3","email":"anna@example.com"}"#;
    let spelt =
        actor(get().bearer(claims).header("X-Forwarded-User", "7f3").header("X-Forwarded-Email", "anna@example.com"));
    assert_eq!((who(&spelt), others(&spelt)), (("7f3", Evidence::Claims), vec![]));
    let forged = actor(get().bearer(claims).header("X-Forwarded-User", "ceo"));
    assert_eq!((who(&forged), others(&forged)), (("7f3", Evidence::Claims), vec!["ceo"]));
}

/// The same with a proxy at 10.0.0.1, from where these exchanges come.
fn behind_proxy(exchange: Made) -> Actor {
    let extractor = Extractor::new(None, key()).with_trusted_proxies(&["10.0.0.0/24".parse().unwrap()]);
    resolved_by(&extractor, &[exchange]).remove(0).actor
}

#[test]
fn a_declared_proxy_is_believed() {
    assert_eq!(who(&behind_proxy(get().header("X-Forwarded-User", "bob"))), ("bob", Evidence::Asserted));
    let comma = behind_proxy(get().header("X-Forwarded-User", "Smith, Anna"));
    assert_eq!(who(&comma), ("Smith, Anna", Evidence::Unproved), "one name, or lines that a hop joined");
    for joined in ["bob,eve", "x, bob", "bob, x"] {
        assert_eq!(behind_proxy(get().header("X-Forwarded-User", joined)).evidence, Evidence::Unproved, "{joined}");
    }
    let beside = get().header("X-Forwarded-User", "bob").header("Authorization", "Bearer opaqueQQQQQ");
    assert_eq!(who(&behind_proxy(beside)), ("bob", Evidence::Asserted));
    let iap = get().header("X-Goog-Authenticated-User-Email", "accounts.google.com:bob");
    assert_eq!(who(&behind_proxy(iap)), ("bob", Evidence::Asserted));
    let mut declared = model();
    declared.actors.trusted_proxies = vec!["10.0.0.1".parse().unwrap()];
    let told = one(Some(declared), get().header("X-Forwarded-User", "bob")).actor;
    assert_eq!(who(&told), ("bob", Evidence::Asserted), "by the model");
    let mut elsewhere = get().header("X-Forwarded-User", "bob");
    elsewhere.0.client.as_mut().unwrap().ip = [10, 0, 1, 1].into();
    assert_eq!(who(&behind_proxy(elsewhere)), ("bob", Evidence::Unproved));
    let certificate = || get().header("X-Forwarded-Client-Cert", "Hash=aa;Subject=\"CN=svc\";URI=spiffe://p/pay");
    assert_eq!(who(&behind_proxy(certificate())), ("spiffe://p/pay", Evidence::Proven));
    assert_eq!(&*behind_proxy(certificate()).kind, "service");
    assert_eq!(who(&actor(certificate())), ("spiffe://p/pay", Evidence::Unproved));
    let user = behind_proxy(certificate().bearer(r#"{"sub":"anna"}"#));
    assert_eq!((who(&user), user.client.as_deref()), (("anna", Evidence::Claims), Some("spiffe://p/pay")));
}

#[test]
fn the_right_most_untrusted_hop_is_the_client() {
    let of = |hops: &str| behind_proxy(get().header("X-Forwarded-For", hops)).principal;
    assert_eq!(of("6.6.6.6, 9.9.9.1"), of("9.9.9.1"), "what stands left of it anybody may have written");
    assert_ne!(of("9.9.9.1"), of("9.9.9.2"));
    assert_eq!(of("9.9.9.1, 10.0.0.7"), of("9.9.9.1"), "another proxy of ours");
    let forwarded = |text: &str| behind_proxy(get().header("Forwarded", text)).principal;
    assert_eq!(forwarded("for=6.6.6.6, for=\"9.9.9.1:4711\";proto=https"), of("9.9.9.1"));
    let both = get().header("Forwarded", "for=6.6.6.6").header("X-Forwarded-For", "9.9.9.1");
    assert_eq!(behind_proxy(both).principal, behind_proxy(get()).principal, "they contradict each other");
    let alone = |hops: &str| actor(get().header("X-Forwarded-For", hops)).principal;
    assert_eq!(alone("9.9.9.1"), alone("9.9.9.2"), "nobody declared the proxy");
    let extractor = Extractor::new(None, key());
    let seen = extractor.extract(&get().header("X-Forwarded-For", "9.9.9.1").0);
    assert_eq!(seen.forwards.map(|(peer, _)| peer.to_string()).as_deref(), Some("10.0.0.1"));
}

#[test]
fn a_token_that_is_not_to_be_believed_proves_nothing() {
    let claims = r#"{"iss":"i","sub":"victim","roles":["fin"]}"#;
    let refused = one(Some(model()), made("GET", "/orders/o1").bearer(claims).answers(401, "")).actor;
    assert_eq!((who(&refused), doubts(&refused)), (("victim", Evidence::Unproved), vec![Doubt::Refused]));
    assert!(!refused.roles_known && refused.roles.is_empty(), "its roles are nobody's");
    assert_eq!(who(&actor(made("GET", "/").bearer(claims).answers(403, ""))), ("victim", Evidence::Claims));
    let unsigned = jwt(claims).replacen("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "eyJhbGciOiJub25lIn0", 1);
    let unsigned = actor(get().header("Authorization", &format!("Bearer {unsigned}")));
    assert_eq!((who(&unsigned), doubts(&unsigned)), (("victim", Evidence::Unproved), vec![Doubt::Unsigned]));
    let used = |at: i64| actor(get().at(at).bearer(r#"{"sub":"exp","exp":1000}"#));
    assert_eq!((who(&used(1_200)), doubts(&used(1_200))), (("exp", Evidence::Claims), vec![]), "clocks differ");
    assert_eq!((who(&used(1_400)), doubts(&used(1_400))), (("exp", Evidence::Unproved), vec![Doubt::Expired]));
    let opaque = actor(get().header("Cookie", "sid=abcabcabc").at(1_400).bearer(r#"{"sub":"exp","exp":1000}"#));
    assert_eq!((opaque.evidence, others(&opaque)), (Evidence::Unbound, vec!["exp"]));
    let good = get().header("Cookie", &format!("session_jwt={}", jwt(r#"{"sub":"ann"}"#)));
    let good = actor(good.at(1_400).bearer(r#"{"sub":"exp","exp":1000}"#));
    assert_eq!((who(&good), others(&good)), (("ann", Evidence::Claims), vec!["exp"]));
    assert_eq!(doubts(&good), [Doubt::SeveralNames, Doubt::Expired]);
}

#[test]
fn signatures_are_verified_where_keys_are_given() {
    // RFC 7515, appendix A.1; its claims end in 2011.
    let key_text = br#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let extractor = Extractor::new(None, key()).with_token_keys(Some(TokenKeys::read(key_text).unwrap().into()));
    let cut = get().bearer(r#"{"sub":"victim"}"#);
    let found = resolved_by(&extractor, &[cut]).remove(0).actor;
    assert_eq!(
        (who(&found), doubts(&found)),
        (("victim", Evidence::Unproved), vec![Doubt::BadSignature]),
        "9 bytes of 32"
    );
    for (written, doubt) in [
        ("", Doubt::Stripped),
        ("redacted", Doubt::Stripped),
        ("[REMOVED]", Doubt::Stripped),
        ("***", Doubt::Stripped),
        ("xxxx", Doubt::Stripped),
        ("xxxy", Doubt::BadSignature),
        ("c2ln", Doubt::BadSignature),
    ] {
        let cut = jwt(r#"{"sub":"victim"}"#).replace("c2lnbmF0dXJl", written);
        let cut = get().header("Authorization", &format!("Bearer {cut}"));
        let found = resolved_by(&extractor, &[cut]).remove(0).actor;
        assert_eq!((who(&found), doubts(&found)), (("victim", Evidence::Unproved), vec![doubt]), "{written}");
    }
    let forged = jwt(r#"{"sub":"victim"}"#).replace("c2lnbmF0dXJl", &"A".repeat(43));
    let forged = get().header("Authorization", &format!("Bearer {forged}"));
    let found = resolved_by(&extractor, &[forged]).remove(0).actor;
    assert_eq!((who(&found), doubts(&found)), (("victim", Evidence::Unproved), vec![Doubt::BadSignature]));
    let mut named = super::model();
    named.actors.identify = vec![crate::model::IdentityPath { path: super::path("jwt.iss"), bound_by: None }];
    let extractor =
        Extractor::new(Some(named.into()), key()).with_token_keys(Some(TokenKeys::read(key_text).unwrap().into()));
    let real = get().header("Authorization", &format!("Bearer {token}"));
    assert_eq!(who(&resolved_by(&extractor, &[real]).remove(0).actor), ("joe", Evidence::Verified));
}

#[test]
fn programs_that_act_for_themselves_are_services() {
    let kind = |claims: &str| {
        let actor = actor(get().bearer(claims));
        (actor.kind.to_string(), actor.kind_known)
    };
    for claims in [
        r#"{"sub":"11-22","oid":"11-22","appid":"app1","idtyp":"app"}"#,
        r#"{"sub":"11-22","oid":"11-22","appid":"app1","roles":["x"]}"#,
        r#"{"sub":"33","preferred_username":"service-account-batch","azp":"batch"}"#,
        r#"{"sub":"system:serviceaccount:ns:sa"}"#,
        r#"{"sub":"1055","email":"job@proj.iam.gserviceaccount.com"}"#,
        r#"{"sub":"abc@clients","azp":"abc"}"#,
        r#"{"sub":"x","gty":"client-credentials"}"#,
        r#"{"sub":"0oa1","cid":"0oa1"}"#,
    ] {
        assert_eq!(kind(claims), ("service".into(), true), "{claims}");
    }
    for claims in [
        r#"{"sub":"anna","azp":"web"}"#,
        r#"{"sub":"11-22","oid":"11-22","appid":"app1","scp":"user.read"}"#,
        r#"{"sub":"anna","idtyp":"user"}"#,
    ] {
        assert_eq!(kind(claims), ("human".into(), true), "{claims}");
    }
}

#[test]
fn gateways_tokens_and_signed_agents_are_read() {
    for header in ["X-Goog-IAP-JWT-Assertion", "X-Amzn-Oidc-Data", "Cf-Access-Jwt-Assertion"] {
        let told = || get().header(header, &jwt(r#"{"sub":"ida"}"#));
        assert_eq!(who(&behind_proxy(told())), ("ida", Evidence::Claims), "{header}");
        assert_eq!(who(&actor(told())), ("ida", Evidence::Unproved), "{header}: any client may send it");
    }
    let cookie = actor(get().header("Cookie", &format!("CF_Authorization={}", jwt(r#"{"sub":"cf"}"#))));
    assert_eq!(who(&cookie), ("cf", Evidence::Claims));
    let signed = |n: u8| {
        get()
            .header("Signature-Agent", "\"https://bot.example\"")
            .header("Signature-Input", "sig1=(\"@authority\");created=1;keyid=\"k1\";tag=\"web-bot-auth\"")
            .header("Signature", &format!("sig1=:abc{n}:"))
    };
    let found = actor(signed(1));
    assert_eq!((found.agent.as_deref(), found.evidence), (Some("https://bot.example"), Evidence::ApiKey));
    assert_eq!(found.principal, actor(signed(2)).principal);
    assert_eq!(actor(get().header("Signature-Agent", "\"https://bot.example\"")).agent, None, "nothing is signed");
    let logged = get().logged(None, &[("ssl_client_s_dn", "CN=pay")]);
    assert_eq!(who(&actor(logged)), ("CN=pay", Evidence::Proven));
}

#[test]
fn one_name_of_two_issuers_is_two_principals() {
    let by = |issuer: &str, at: i64| get().at(at).bearer(&format!(r#"{{"iss":"{issuer}","sub":"1"}}"#));
    let names = |exchanges: &[Made]| -> Vec<String> {
        resolved(None, exchanges).iter().map(|e| e.actor.principal.as_deref().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&[by("https://a", 1), by("https://a", 2)]), ["1", "1"]);
    assert_eq!(names(&[by("https://a", 1), by("https://b", 2)]), ["1@https://a", "1@https://b"]);
    assert_eq!(names(&[by("https://a", 1), by("https://a/", 2)]), ["1", "1"], "one address, spelt in two ways");
    let mut refused = by("https://evil", 2);
    refused = refused.answers(401, "");
    assert_eq!(names(&[by("https://a", 1), refused]), ["1", "1"], "whoever is refused renames nobody");
    let mail = by("anna.muster@shop.example", 1).at(9);
    let events = resolved(None, &[mail, by("bert.beispiel@shop.example", 2)]);
    assert!(!format!("{events:?}").contains("muster@") && events[0].actor.principal != events[1].actor.principal);
    let created = |issuer: &str, at: i64, order: &str| {
        let claims = format!(r#"{{"iss":"{issuer}","sub":"1"}}"#);
        let answer = format!(r#"{{"order":{{"id":"{order}"}}}}"#);
        made("POST", "/orders").at(at).bearer(&claims).json("{}").answers(201, &answer)
    };
    let both = [created("https://a", 1, "o1"), created("https://b", 2, "o2")];
    let by_sub = resolved(Some(model()), &both);
    assert!(
        by_sub.iter().all(|e| e.actor.principal.as_deref() == Some("1")),
        "the model says that `jwt.sub` is the name"
    );
    let mut unnamed = model();
    unnamed.actors.identify.clear();
    let events = resolved(Some(unnamed), &both);
    for event in &events {
        assert_eq!(event.objects[0].owner, event.actor.principal, "an owner is told apart as the actor is");
    }
    assert_ne!(events[0].objects[0].owner, events[1].objects[0].owner);
}

#[test]
fn chains_of_delegation_and_scopes_are_kept() {
    let claims =
        r#"{"sub":"mia","act":{"sub":"a2","act":{"sub":"a1","act":{"sub":"a0"}}},"azp":"app","scope":"read write"}"#;
    let found = actor(get().bearer(claims));
    assert_eq!((found.agent.as_deref(), found.client.as_deref()), (Some("a2"), Some("app")));
    assert_eq!(found.earlier_agents, ["a1".into(), "a0".into()]);
    assert_eq!(found.scopes, ["read".into(), "write".into()]);
    assert!(actor(get().bearer(r#"{"sub":"mia"}"#)).earlier_agents.is_empty());
}

/// A request with the signature of Web Bot Auth's own example, 2025-01-01, and what it is resolved to with that key.
fn by_program(change: impl FnOnce(Made) -> Made, model: Option<crate::model::Model>) -> Actor {
    const INPUT: &str = r#"sig2=("@authority" "signature-agent";key="agent2");created=1735689600;keyid="poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U";alg="ed25519";expires=4889289600;nonce="n9p433xm+NJ3ph3upfBIGmsuwHw387YV7Q/F+6BSpGCVjYCqQw6rznNA8PVVLySrAWsv0hQtFioQb6E1YsauiA==";tag="web-bot-auth""#;
    const SIGNATURE: &str =
        "sig2=:RdNFx5Bj6au3YgAMQL/RzmUlZE8QZLIaXGRpw985hWnwPfMxT228NMk6ehRS1PSl4e8PhbNZACSanGdhEwYCCg==:";
    const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"}"#;
    let mut request = get().at(1_735_690_000);
    request.0.request.as_mut().unwrap().host = Some("example.com".into());
    let request = change(request.header("Signature-Input", INPUT).header("Signature", SIGNATURE));
    let keys = std::sync::Arc::new(TokenKeys::read(KEY.as_bytes()).unwrap());
    let extractor = Extractor::new(model.map(std::sync::Arc::new), key()).with_token_keys(Some(keys));
    resolved_by(&extractor, &[request]).remove(0).actor
}

fn program(made: Made) -> Made {
    made.header("Signature-Agent", r#"agent2="https://signature-agent.test""#)
}

#[test]
fn a_signed_program_is_the_agent_and_no_person() {
    let alone = by_program(program, None);
    assert_eq!((alone.agent.as_deref(), alone.evidence), (Some("https://signature-agent.test"), Evidence::Verified));
    assert!(alone.principal.as_deref().unwrap().starts_with("key:") && &*alone.kind == "service");
    let beside = by_program(|made| program(made).bearer(r#"{"sub":"mia"}"#), None);
    assert_eq!(
        (who(&beside), beside.agent.as_deref()),
        (("mia", Evidence::Claims), Some("https://signature-agent.test"))
    );
    assert_eq!((others(&beside), beside.client.clone()), (vec![], alone.principal.clone()));
    let session = by_program(|made| program(made).header("Cookie", "sid=opaqueQQQQQ1"), None);
    assert_eq!(session.evidence, Evidence::ApiKey, "whose session it is, a login may tell");
    let token = by_program(|made| program(made).bearer(r#"{"sub":"mia","act":{"sub":"shop"}}"#), None);
    assert_eq!(token.agent.as_deref(), Some("shop"), "as the token says");
}

#[test]
fn a_signature_that_is_not_to_be_believed_names_nobody() {
    let forged = |made: Made| made.header("Signature-Agent", r#"agent2="https://evil.example""#);
    let alone = by_program(forged, None);
    assert_eq!(
        (alone.agent.as_deref(), alone.evidence, doubts(&alone)),
        (None, Evidence::Unproved, vec![Doubt::BadSignature, Doubt::AgentUnproved])
    );
    let beside = by_program(|made| forged(made).bearer(r#"{"sub":"mia"}"#), None);
    assert_eq!(
        (who(&beside), beside.agent.as_deref(), doubts(&beside)),
        (("mia", Evidence::Claims), None, vec![Doubt::BadSignature, Doubt::AgentUnproved])
    );
    assert!(beside.client.as_deref().is_some_and(|client| client.starts_with("client:")));
    let late = by_program(|made| program(made).at(4_889_290_000), None);
    assert_eq!(
        (late.agent.as_deref(), late.evidence, doubts(&late)),
        (None, Evidence::Unproved, vec![Doubt::Expired, Doubt::AgentUnproved])
    );
    let refused = by_program(|made| program(made).answers(401, ""), None);
    assert_eq!(refused.evidence, Evidence::Unproved);
}

#[test]
fn the_models_word_for_the_signed_program_is_what_was_signed() {
    let mut words = model();
    words.actors.agent = super::paths(&["jwt.act.sub", "header.signature-agent"]);
    words.actors.identify.clear();
    let of = |change: fn(Made) -> Made| by_program(change, Some(words.clone())).agent;
    assert_eq!(of(program).as_deref(), Some("https://signature-agent.test"));
    assert_eq!(of(|made| made.header("Signature-Agent", "agent2=\"https://evil.example\"")), None);
    let unsigned = get().header("Signature-Agent", "\"https://bot.example\"");
    let anybodys = one(Some(words.clone()), unsigned.clone()).actor;
    assert_eq!(
        (anybodys.agent.as_deref(), doubts(&anybodys)),
        (None, vec![Doubt::AgentUnproved]),
        "any client may send it"
    );
    assert_eq!(doubts(&actor(unsigned.clone())), [], "where the model does not ask for it, it says nothing");
    words.actors.trusted_proxies = vec!["10.0.0.1".parse().unwrap()];
    assert_eq!(one(Some(words), unsigned).actor.agent.as_deref(), Some("https://bot.example"), "a proxy verified it");
}
