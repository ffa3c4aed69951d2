//! API keys beside sessions: a page's key is nobody, its sole holder's is whoever he says he is beside it.

use super::{Made, made, resolved};

const KEY: (&str, &str) = ("X-Api-Key", "k-1234567890abcdef");

/// Calls by three sessions at one time, each at a program of its own, all with one key.
fn calls() -> Vec<Made> {
    let call = |at: i64| {
        let n = at % 3;
        let call = made("POST", "/orders").at(100 + at).header("Cookie", &format!("session_id=0123456789abcde{n}"));
        call.header("User-Agent", &format!("browser/{n}")).header(KEY.0, KEY.1).answers(200, "{}")
    };
    (0..12).map(call).collect()
}

/// The names of who made the last twelve calls, without repetition.
fn names(exchanges: &[Made]) -> Vec<String> {
    let events = resolved(None, exchanges);
    let last = events.iter().rev().take(12).filter_map(|event| event.actor.principal.as_deref());
    let mut names: Vec<String> = last.map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Visits of the page, which give out the three sessions.
fn visits(with_key: bool) -> Vec<Made> {
    let visit = |n: i64| {
        let visit = made("GET", "/").at(n);
        let visit = if with_key { visit.header(KEY.0, KEY.1) } else { visit };
        visit.answers(200, "{}").answer_header("Set-Cookie", &format!("session_id=0123456789abcde{n}; HttpOnly"))
    };
    (0..3).map(visit).collect()
}

#[test]
fn three_browsers_behind_a_pages_key_are_three() {
    let all = names(&[visits(false), calls()].concat());
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(all.iter().all(|name| name.starts_with("session:")), "{all:?}");
}

#[test]
fn three_who_log_in_behind_a_pages_key_are_three_by_name() {
    let login = |n: i64| {
        let login = made("POST", "/login").at(n).header(KEY.0, KEY.1);
        let login = login.json(&format!(r#"{{"username":"user{n}","password":"x"}}"#)).answers(200, "{\"ok\":true}");
        login.answer_header("Set-Cookie", &format!("session_id=0123456789abcde{n}; HttpOnly"))
    };
    let logins: Vec<Made> = (0..3).map(login).collect();
    assert_eq!(names(&[logins, calls()].concat()), ["user0", "user1", "user2"]);
}

#[test]
fn the_sole_holder_of_a_key_does_not_become_nobody_by_cookies_that_he_invents() {
    let invented = names(&calls());
    assert_eq!(invented.len(), 1, "{invented:?}");
    assert!(invented[0].starts_with("key:"), "{invented:?}");
    let asked_for = names(&[visits(true), calls()].concat());
    assert_eq!(asked_for, invented, "nor by those that he asks for with it");
}
