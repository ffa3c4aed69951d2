//! Sessions whose cookie every answer gives anew: signed or encrypted, it holds the session itself.

use super::logins::{cookie, form, names};
use super::{Made, jwt, resolved};
use crate::event::{Event, Evidence};

fn value(n: u64) -> String {
    format!("sessionid=eyJ1aWQiOiI5YTE2NzMy{n:06}:1xVhNZ")
}

/// A request that shows one value, and the answer that gives another.
fn goes_on(at: i64, from: u64, to: u64) -> Made {
    cookie(at, &value(from)).answer_header("Set-Cookie", &format!("{}; Path=/; HttpOnly", value(to)))
}

fn posted(path: &str, from: u64, to: u64) -> Made {
    let login = form(path, "username=ann&password=x").header("Cookie", &value(from)).answers(302, "");
    login.answer_header("Location", "/").answer_header("Set-Cookie", &format!("{}; Path=/", value(to)))
}

fn who(events: &[Event]) -> Vec<&str> {
    names(events).into_iter().map(|(name, _)| name).collect()
}

fn same(events: &[Event]) -> bool {
    who(events).windows(2).all(|pair| pair[0] == pair[1])
}

#[test]
fn a_session_under_a_new_value_with_every_answer_is_one() {
    let unseen = resolved(None, &[goes_on(1, 1, 2), goes_on(2, 2, 3), goes_on(3, 3, 4), cookie(4, &value(4))]);
    assert!(same(&unseen), "{:?}", who(&unseen));
    assert_eq!(names(&unseen)[3].1, Evidence::Unbound);
    let others = resolved(None, &[goes_on(1, 1, 2), cookie(2, &value(7))]);
    assert!(!same(&others), "{:?}", who(&others));
    let seen = resolved(None, &[posted("/login", 1, 2), goes_on(2, 2, 3), goes_on(3, 3, 4), cookie(4, &value(4))]);
    assert_eq!(who(&seen), ["ann"; 4]);
}

#[test]
fn a_name_that_says_nothing_is_told_by_its_values() {
    let renamed = |made: Made| made.header("Cookie", &value(1).replace("sessionid", "Zwiebel"));
    let set = |n: u64| format!("{}; Path=/; HttpOnly", value(n).replace("sessionid", "Zwiebel"));
    let login = renamed(form("/login", "username=ann&password=x")).answers(302, "");
    let login = login.answer_header("Location", "/").answer_header("Set-Cookie", &set(2));
    let shows = |at: i64, n: u64| cookie(at, &value(n).replace("sessionid", "Zwiebel"));
    let goes_on = |at: i64, n: u64| shows(at, n).answer_header("Set-Cookie", &set(n + 1));
    assert_eq!(who(&resolved(None, &[login, goes_on(2, 2), goes_on(3, 3), shows(4, 4)])), ["ann"; 4]);
}

#[test]
fn refused_requests_go_on_too_unless_it_is_the_session_that_is_refused() {
    let answered = |status: u16| {
        let middle = cookie(2, &value(2)).answers(status, r#"{"error":"no"}"#);
        [goes_on(1, 1, 2), middle.answer_header("Set-Cookie", &format!("{}; Path=/", value(3))), cookie(3, &value(3))]
    };
    for status in [403, 404, 422, 500] {
        assert!(same(&resolved(None, &answered(status))), "{status}");
    }
    let [first, _, last] = {
        let events = resolved(None, &answered(401));
        [0, 1, 2].map(|at| who(&events)[at].to_owned())
    };
    assert_ne!(first, last, "whoever comes back after a 401 may be anybody");
    let sent = cookie(2, &value(2)).answers(302, "").answer_header("Location", "/login?next=/orders");
    let sent = sent.answer_header("Set-Cookie", &format!("{}; Path=/", value(3)));
    assert!(!same(&resolved(None, &[goes_on(1, 1, 2), sent, cookie(3, &value(3))])));
}

#[test]
fn what_a_logout_gives_is_nobodys() {
    let out = form("/logout", "").at(2).header("Cookie", &value(2)).answers(302, "").answer_header("Location", "/");
    let out = out.answer_header("Set-Cookie", &format!("{}; Path=/", value(3)));
    let events = resolved(None, &[posted("/login", 1, 2), out, cookie(3, &value(3))]);
    assert_eq!(who(&events)[0], "ann");
    assert_eq!(names(&events)[2].1, Evidence::Unbound, "{:?}", who(&events));
}

#[test]
fn values_that_come_back_are_still_one_session() {
    let events = resolved(None, &[goes_on(1, 1, 2), goes_on(2, 2, 1), goes_on(3, 1, 2), cookie(4, &value(2))]);
    assert!(same(&events), "{:?}", who(&events));
}

#[test]
fn a_session_beside_another_is_not_that_one() {
    // Another cookie than the one that was shown, and one that says itself whose it is.
    let beside = cookie(1, &value(1)).answer_header("Set-Cookie", "shop_session=eyJ1aWQiOiI5YTE2NzMy000002:1xVhNZ");
    let events = resolved(None, &[beside, cookie(2, "shop_session=eyJ1aWQiOiI5YTE2NzMy000002:1xVhNZ")]);
    assert!(!same(&events), "{:?}", who(&events));
    let named = |sub: &str| format!("session={}", jwt(&format!(r#"{{"sub":"{sub}"}}"#)));
    let events = [cookie(1, &named("ann")).answer_header("Set-Cookie", &named("bob")), cookie(2, &named("bob"))];
    assert_eq!(who(&resolved(None, &events)), ["ann", "bob"]);
}

#[test]
fn who_signs_up_in_a_session_of_nobodys_is_in_it() {
    for path in ["/signup", "/user/register"] {
        let events = resolved(None, &[goes_on(0, 8, 9), posted(path, 9, 2), goes_on(2, 2, 3), cookie(3, &value(3))]);
        assert_eq!(who(&events)[2..], ["ann"; 2], "{path}");
    }
    // The same session, which the server keeps.
    let kept = form("/signup", "username=ann&password=x").header("Cookie", &value(9)).answers(302, "");
    let kept = resolved(None, &[kept.answer_header("Location", "/welcome"), cookie(2, &value(9))]);
    assert_eq!(who(&kept)[1], "ann");
}

#[test]
fn who_signs_up_somebody_else_stays_who_he_is() {
    let login = form("/login", "username=bob&password=y").at(0).answers(302, "");
    let login = login.answer_header("Location", "/home").answer_header("Set-Cookie", &value(9));
    let other = resolved(None, &[login.clone(), posted("/signup", 9, 2), goes_on(2, 2, 3), cookie(3, &value(3))]);
    assert_eq!(who(&other)[2..], ["bob"; 2]);
    let kept = form("/signup", "username=ann&password=x").header("Cookie", &value(9)).answers(302, "");
    let kept = resolved(None, &[login, kept.answer_header("Location", "/welcome"), cookie(2, &value(9))]);
    assert_eq!(who(&kept)[2], "bob");
}
