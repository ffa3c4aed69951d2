//! Logins at paths that say nothing of it, and what only looks like one.

use super::logins::{after, bound, cookie, token};
use super::{Made, made, resolved};
use crate::event::Evidence;

#[test]
fn at_any_path_who_is_called_by_his_name_is_let_in() {
    let sent = r#"{"handle":"gina","passphrase":"open5esame"}"#;
    let entered = |path: &str, sent: &str, told: &str| made("POST", path).at(1).json(sent).answers(200, told);
    let told = r#"{"handle":"gina","user":"gina","token":"opaqueGGGGGGG7"}"#;
    assert_eq!(after(entered("/api/enter", sent, told), token(5, "opaqueGGGGGGG7")), bound("gina"));
    let login = r#"{"login":"gina","passphrase":"open5esame"}"#;
    let led = entered("/acme/api/enter", login, r#"{"staff":{"ref":"gina","ward":"icu"}}"#);
    let led = led.answer_header("Set-Cookie", "hsid=a9Bc7d21Ef88qWx0; HttpOnly");
    assert_eq!(after(led, cookie(5, "hsid=a9Bc7d21Ef88qWx0")), bound("gina"), "as somebody");
    let led = entered("/api/enter", sent, r#"{"username":"gina"}"#);
    let led = led.answer_header("Set-Cookie", "sid=AAAAAAAAAAAAAAAA1; HttpOnly");
    assert_eq!(after(led, cookie(5, "sid=AAAAAAAAAAAAAAAA1")), bound("gina"));
    for (sent, told, why) in [
        (sent, r#"{"user":"gina","passphrase":"open5esame","token":"opaqueGGGGGGG7"}"#, "an echo"),
        (sent, r#"{"user":"lena","token":"opaqueGGGGGGG7"}"#, "somebody else"),
        (sent, r#"{"query":{"text":"gina"},"token":"opaqueGGGGGGG7"}"#, "nobody"),
        (sent, r#"{"token":"opaqueGGGGGGG7"}"#, "nobody"),
        (sent, r#"{"user":"gina","token":"opaqueGGGGGGG7","success":false}"#, "refused"),
        (r#"{"handle":"gina"}"#, told, "no secret"),
    ] {
        assert_eq!(after(entered("/api/enter", sent, told), token(5, "opaqueGGGGGGG7")).1, Evidence::Unbound, "{why}");
    }
    // Who is somebody already makes an account for another.
    let shown = entered("/api/enter", sent, told).header("Authorization", "Bearer CCCCCCCCCCCCCCCC3");
    assert_ne!(after(shown, token(5, "opaqueGGGGGGG7")), bound("gina"));
}

#[test]
fn a_path_that_gives_tokens_for_names_and_secrets_alone_is_a_logins() {
    let gives = |at: i64, name: &str, token: &str| {
        let sent = format!(r#"{{"handle":"{name}","passphrase":"open5esame"}}"#);
        made("POST", "/api/enter").at(at).json(&sent).answers(200, &format!(r#"{{"token":"{token}"}}"#))
    };
    let both = [
        gives(1, "gina", "opaqueGGGGGGG7"),
        token(2, "opaqueGGGGGGG7"),
        gives(3, "lena", "opaqueLLLLLLL8"),
        token(4, "opaqueLLLLLLL8"),
    ];
    let who = |all: &[Made]| -> Vec<(String, Evidence)> {
        let events = resolved(None, all);
        let uses = events.iter().filter(|event| &*event.method == "GET");
        uses.map(|event| (event.actor.principal.as_deref().unwrap_or_default().to_owned(), event.actor.evidence))
            .collect()
    };
    assert_eq!(who(&both), [bound("gina"), bound("lena")]);
    let unbound = |all: &[Made], why: &str| {
        assert!(who(all).iter().all(|(_, evidence)| *evidence == Evidence::Unbound), "{why} {:?}", who(all));
    };
    unbound(&both[..2], "one name, which may be anybody's try");
    unbound(&[&both[..3], &[]].concat(), "of two names one never served");
    // A token that a page gives to every guest is no login's, whatever some send for it.
    let guest = made("POST", "/api/enter").at(6).json("{}").answers(200, r#"{"token":"opaqueHHHHHHH9"}"#);
    unbound(&[&both[..], &[guest, token(7, "opaqueHHHHHHH9")]].concat(), "guests get tokens too");
    let refused = both
        .clone()
        .map(|made| if made.0.request.as_ref().unwrap().method == "GET" { made } else { made.answers(403, "{}") });
    unbound(&refused, "refused");
}
