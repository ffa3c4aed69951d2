//! What binds a session cookie or token to a subject, and what does not.

use super::{Made, jwt, made, model, resolved};
use crate::event::{Event, Evidence};

fn names(events: &[Event]) -> Vec<(&str, Evidence)> {
    events.iter().map(|e| (e.actor.principal.as_deref().unwrap_or_default(), e.actor.evidence)).collect()
}

fn login(at: i64, sid: &str) -> Made {
    made("POST", "/login")
        .at(at)
        .json(r#"{"username":"dora","password":"pw-1"}"#)
        .answers(200, r#"{"user":{"id":"u-dora"}}"#)
        .answer_header("Set-Cookie", &format!("sid={sid}; Path=/; HttpOnly"))
}

fn uses(at: i64, sid: &str) -> Made {
    made("GET", "/orders/o1").at(at).header("Cookie", &format!("a=b; sid={sid}")).answers(200, "{}")
}

#[test]
fn a_login_binds_its_cookie_with_and_without_a_model() {
    for model in [None, Some(model())] {
        let events = resolved(model, &[uses(5, "c1"), login(1, "c1"), uses(9, "c2")]);
        assert_eq!(names(&events)[0], ("u-dora", Evidence::Bound));
        assert_eq!(names(&events)[1], ("u-dora", Evidence::Bound));
        assert_eq!(names(&events)[2].1, Evidence::Unbound);
    }
}

#[test]
fn a_failed_login_binds_nothing() {
    let refused = made("POST", "/login")
        .at(1)
        .json(r#"{"username":"dora","password":"x"}"#)
        .answers(401, r#"{"error":"no"}"#)
        .answer_header("Set-Cookie", "sid=c1");
    let polite = made("POST", "/login")
        .at(2)
        .json(r#"{"username":"dora","password":"x"}"#)
        .answers(200, r#"{"success":false}"#)
        .answer_header("Set-Cookie", "sid=c1");
    for failed in [refused, polite] {
        let events = resolved(None, &[failed.clone(), uses(5, "c1")]);
        assert!(names(&events).iter().all(|(_, e)| *e < Evidence::Bound), "{events:?}");
    }
    let mut silent = login(1, "c1");
    silent.0.response = None;
    assert_eq!(names(&resolved(None, &[silent, uses(5, "c1")]))[1].1, Evidence::Unbound);
}

#[test]
fn a_cookie_rebound_at_a_login_means_someone_new_from_then_on() {
    let second = made("POST", "/login")
        .at(10)
        .header("Cookie", "sid=c1")
        .json(r#"{"username":"eve","password":"pw"}"#)
        .answers(200, r#"{"user":{"id":"u-eve"}}"#)
        .answer_header("Set-Cookie", "sid=c1");
    let events = resolved(Some(model()), &[login(1, "c1"), uses(5, "c1"), second, uses(15, "c1")]);
    let found: Vec<_> = names(&events).into_iter().map(|n| n.0).collect();
    assert_eq!(found, ["u-dora", "u-dora", "u-eve", "u-eve"]);
}

#[test]
fn a_cookie_kept_over_a_login_was_nobody_before() {
    let kept = made("POST", "/login")
        .at(10)
        .header("Cookie", "sid=c9")
        .json(r#"{"username":"eve","password":"pw"}"#)
        .answers(200, r#"{"user":{"id":"u-eve"}}"#)
        .answer_header("Set-Cookie", "sid=c9");
    let events = resolved(None, &[uses(5, "c9"), kept, uses(15, "c9")]);
    assert_eq!(events[0].actor.evidence, Evidence::Unbound);
    assert_eq!(names(&events)[2], ("u-eve", Evidence::Bound));
}

#[test]
fn a_logout_ends_the_binding() {
    let logout = made("POST", "/logout")
        .at(10)
        .header("Cookie", "sid=c1")
        .answers(204, "")
        .answer_header("Set-Cookie", "sid=; Max-Age=0");
    let events = resolved(None, &[login(1, "c1"), logout, uses(20, "c1")]);
    assert_eq!(names(&events)[1], ("u-dora", Evidence::Bound));
    assert_eq!(events[2].actor.evidence, Evidence::Unbound);
}

#[test]
fn tokens_issued_and_refreshed_stand_for_the_same_subject() {
    let issue = made("POST", "/oauth/token")
        .at(1)
        .header("Content-Type", "application/json")
        .json(r#"{"grant_type":"password","username":"hal","password":"x"}"#)
        .answers(200, r#"{"access_token":"opaque-1","refresh_token":"refresh-1"}"#);
    let refresh = made("POST", "/oauth/token")
        .at(100)
        .json(r#"{"grant_type":"refresh_token","refresh_token":"refresh-1"}"#)
        .answers(200, r#"{"access_token":"opaque-2","refresh_token":"refresh-2"}"#);
    let uses = |at, token: &str| {
        made("GET", "/orders/1").at(at).header("Authorization", &format!("Bearer {token}")).answers(200, "")
    };
    let events = resolved(None, &[issue, refresh, uses(50, "opaque-1"), uses(150, "opaque-2"), uses(160, "opaque-3")]);
    assert_eq!(names(&events)[2], ("hal", Evidence::Bound));
    assert_eq!(names(&events)[3], ("hal", Evidence::Bound));
    assert_eq!(events[4].actor.evidence, Evidence::Unbound);
}

#[test]
fn an_id_token_names_who_logged_in() {
    let body = format!(r#"{{"access_token":"op-7","id_token":"{}"}}"#, jwt(r#"{"sub":"ida"}"#));
    let issue =
        made("POST", "/token").at(1).json(r#"{"grant_type":"authorization_code","code":"c"}"#).answers(200, &body);
    let use_it = made("GET", "/a/1").at(5).header("Authorization", "Bearer op-7").answers(200, "");
    assert_eq!(names(&resolved(None, &[issue, use_it]))[1], ("ida", Evidence::Bound));
}

#[test]
fn sessions_are_spells_of_one_principal() {
    let minutes = |m: i64| m * 60;
    let events = resolved(
        None,
        &[login(minutes(1), "c1"), uses(minutes(20), "c1"), uses(minutes(45), "c1"), uses(minutes(100), "c1")],
    );
    let sessions: Vec<_> = events.iter().map(|e| e.session.clone().unwrap()).collect();
    assert_eq!(sessions[0], sessions[1]);
    assert_eq!(sessions[1], sessions[2]);
    assert_ne!(sessions[2], sessions[3]);
}
