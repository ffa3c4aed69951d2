//! Logins as applications make them: what each binds, and the look-alike that binds nothing.

use super::{Made, jwt, made, resolved};
use crate::event::{Doubt, Event, Evidence};

pub(super) fn names(events: &[Event]) -> Vec<(&str, Evidence)> {
    events.iter().map(|e| (e.actor.principal.as_deref().unwrap_or_default(), e.actor.evidence)).collect()
}

pub(super) fn form(path: &str, body: &str) -> Made {
    let mut made = made("POST", path).at(1).json(body);
    let request = made.0.request.as_mut().unwrap();
    request.headers = offpath_capture::Headers::default();
    made.header("Content-Type", "application/x-www-form-urlencoded")
}

pub(super) fn cookie(at: i64, cookie: &str) -> Made {
    made("GET", "/orders/o1").at(at).header("Cookie", cookie).answers(200, "{}")
}

pub(super) fn token(at: i64, token: &str) -> Made {
    made("GET", "/orders/o1").at(at).header("Authorization", &format!("Bearer {token}")).answers(200, "{}")
}

/// Who uses what a login gave out.
pub(super) fn after(login: Made, uses: Made) -> (String, Evidence) {
    let events = resolved(None, &[login, uses]);
    let (name, evidence) = names(&events)[1];
    (name.to_owned(), evidence)
}

pub(super) fn bound(name: &str) -> (String, Evidence) {
    (name.to_owned(), Evidence::Bound)
}

#[test]
fn a_form_that_leads_on_logs_in_and_one_that_leads_back_does_not() {
    let posted = |location: &str| {
        let login = form("/login", "username=alice&password=x").answers(302, "");
        login.answer_header("Set-Cookie", "sessionid=AAAAAAAAAAAAAAAA1; Path=/").answer_header("Location", location)
    };
    let uses = || cookie(5, "sessionid=AAAAAAAAAAAAAAAA1");
    assert_eq!(after(posted("/home"), uses()), bound("alice"));
    for failed in ["/login", "/login?error=1", "https://shop.example/login", "/home?error=denied"] {
        assert_eq!(after(posted(failed), uses()).1, Evidence::Unbound, "{failed}");
    }
    let page = form("/login.php", "username=alice&password=x").answers(200, "<p>wrong</p>");
    let mut page = page.answer_header("Set-Cookie", "PHPSESSID=AAAAAAAAAAAAAAAA1");
    let response = page.0.response.as_mut().unwrap();
    response.headers = offpath_capture::Headers::default();
    let page =
        page.answer_header("Content-Type", "text/html").answer_header("Set-Cookie", "PHPSESSID=AAAAAAAAAAAAAAAA1");
    assert_eq!(after(page, cookie(5, "PHPSESSID=AAAAAAAAAAAAAAAA1")).1, Evidence::Unbound, "the form again");
}

#[test]
fn a_name_alone_opens_a_session_where_the_answer_says_what_he_is() {
    let opened = |path: &str, sent: &str, told: &str| {
        let login = made("POST", path).at(1).json(sent).answers(200, told);
        login.answer_header("Set-Cookie", "sid=AAAAAAAAAAAAAAAA1; HttpOnly")
    };
    let uses = || cookie(5, "sid=AAAAAAAAAAAAAAAA1");
    let sent = r#"{"user":"cust4"}"#;
    assert_eq!(after(opened("/api/login", sent, r#"{"user":"cust4","role":"customer"}"#), uses()), bound("cust4"));
    let given = opened("/session", r#"{"username":"cust4"}"#, r#"{"username":"cust4","token":"BBBBBBBBBBBBBBBB2"}"#);
    assert_eq!(after(given.clone(), token(5, "BBBBBBBBBBBBBBBB2")), bound("cust4"));
    for (path, sent, told, why) in [
        (
            "/api/login",
            r#"{"email":"ann@x.example"}"#,
            r#"{"email":"ann@x.example","next":"password"}"#,
            "a first step",
        ),
        ("/api/login", sent, r#"{"role":"customer"}"#, "of whom"),
        ("/api/login", sent, r#"{"user":"other","role":"customer"}"#, "somebody else"),
        ("/api/login", sent, r#"{"user":"cust4","role":null}"#, "what he is, is not said"),
        ("/api/login", r#"{"user":"cust4","email":"eve"}"#, r#"{"user":"cust4","role":"customer"}"#, "two names"),
        ("/api/orders", sent, r#"{"user":"cust4","role":"customer"}"#, "no login's path"),
    ] {
        assert_eq!(after(opened(path, sent, told), uses()).1, Evidence::Unbound, "{why}");
    }
    // Who shows something already may be asking for somebody else.
    let shown = opened("/api/login", sent, r#"{"user":"cust4","role":"customer"}"#);
    let shown = shown.header("Authorization", "Bearer CCCCCCCCCCCCCCCC3");
    assert_ne!(after(shown, uses()), bound("cust4"));
}

#[test]
fn logins_are_known_by_many_paths() {
    for path in [
        "/login.php",
        "/api/signup",
        "/users/register",
        "/api/v2/auth/token",
        "/oauth2/token",
        "/users/sign_in",
        "/rest/user/login",
        "/doLogin.action",
        "/j_security_check",
    ] {
        let login = made("POST", path).at(1).json(r#"{"username":"gina","password":"x"}"#);
        let login = login.answers(200, r#"{"token":"opaqueGGGGGGG7"}"#);
        assert_eq!(after(login, token(5, "opaqueGGGGGGG7")), bound("gina"), "{path}");
    }
    for path in ["/orders", "/catalog/plants", "/coupons/redeem", "/authors"] {
        let other = made("POST", path).at(1).json(r#"{"username":"gina","password":"x"}"#);
        let other = other.answers(200, r#"{"token":"opaqueGGGGGGG7"}"#);
        assert_eq!(after(other, token(5, "opaqueGGGGGGG7")).1, Evidence::Unbound, "{path}");
    }
}

#[test]
fn tokens_come_in_headers_cookies_and_calls() {
    let posted =
        |body: &str| made("POST", "/api/login").at(1).json(r#"{"username":"carol","password":"x"}"#).answers(200, body);
    for header in ["Authorization", "X-Auth-Token"] {
        let login = posted("{}").answer_header(header, "Bearer opaqueCCCCCCCCCCCC3");
        assert_eq!(after(login, token(5, "opaqueCCCCCCCCCCCC3")), bound("carol"), "{header}");
    }
    for (set, sent) in [
        ("zz_ticket=a9Bc7d21Ef88qWx0; Path=/", "zz_ticket=a9Bc7d21Ef88qWx0"),
        (".AspNetCore.Cookies=JJJJJJJJJ9; path=/", ".AspNetCore.Cookies=JJJJJJJJJ9"),
        (".AspNetCore.CookiesC1=CfDJ8abc1", ".AspNetCore.Cookies=chunks-2; .AspNetCore.CookiesC1=CfDJ8abc1"),
    ] {
        assert_eq!(after(posted("{}").answer_header("Set-Cookie", set), cookie(5, sent)), bound("carol"), "{set}");
    }
    for (set, sent) in [
        ("theme=dark-mode-default-1", "theme=dark-mode-default-1"),
        ("_ga=GA1.2.1234567.7654321a", "_ga=GA1.2.1234567.7654321a"),
        ("AWSALB=a9Bc7d21Ef88qWx0a9Bc7d21", "AWSALB=a9Bc7d21Ef88qWx0a9Bc7d21"),
        (".AspNetCore.Cookies=chunks-2", ".AspNetCore.Cookies=chunks-2"),
    ] {
        let found = after(posted("{}").answer_header("Set-Cookie", set), cookie(5, sent));
        assert!(found.1 < Evidence::Bound, "{set} {found:?}");
    }
    let call = r#"{"query":"mutation { login(username: \"erin\", password: \"x\") { token user { id } } }"}"#;
    let answer = r#"{"data":{"login":{"token":"opaqueEEEEEEEEE5","user":{"id":"erin"}}}}"#;
    let login = made("POST", "/graphql").at(1).json(call).answers(200, answer);
    assert_eq!(after(login, token(5, "opaqueEEEEEEEEE5")), bound("erin"));
    let refused = r#"{"data":{"login":null},"errors":[{"message":"no","path":["login"]}]}"#;
    let login = made("POST", "/graphql").at(1).json(call).answers(200, refused);
    assert_eq!(after(login, token(5, "opaqueEEEEEEEEE5")).1, Evidence::Unbound);
}

#[test]
fn a_session_kept_over_a_login_is_bound_from_then_on_and_said() {
    let login = |answer: &str| {
        let login = made("POST", "/login").at(10).header("Cookie", "JSESSIONID=KEPTKEPTKEPT3");
        login.json(r#"{"username":"gus","password":"x"}"#).answers(200, answer)
    };
    let uses = |at: i64| cookie(at, "JSESSIONID=KEPTKEPTKEPT3");
    let events = resolved(None, &[uses(5), login(r#"{"user":{"id":"gus"}}"#), uses(15)]);
    assert_eq!(events[0].actor.evidence, Evidence::Unbound);
    assert_eq!(names(&events)[2], ("gus", Evidence::Bound));
    assert!(events[1].actor.doubts.has(Doubt::SessionKept));
    assert!(!events[2].actor.doubts.has(Doubt::SessionKept), "said once, at the login");
    for answer in [r#"{"user":{"id":"gus"},"mfa_required":true}"#, "{}", r#"{"success":false}"#] {
        let events = resolved(None, &[login(answer), uses(15)]);
        assert_eq!(events[1].actor.evidence, Evidence::Unbound, "{answer}");
    }
    let fresh = login(r#"{"user":{"id":"gus"}}"#).answer_header("Set-Cookie", "JSESSIONID=NEWNEWNEWNEW4");
    let events = resolved(None, &[fresh, cookie(15, "JSESSIONID=NEWNEWNEWNEW4")]);
    assert_eq!(names(&events)[1], ("gus", Evidence::Bound));
    assert!(!events[0].actor.doubts.has(Doubt::SessionKept));
}

#[test]
fn who_is_logged_in_stays_that_when_others_are_signed_up_or_asked_for() {
    let admin = || {
        let login = made("POST", "/login").at(1).json(r#"{"username":"root","password":"x"}"#).answers(200, "{}");
        login.answer_header("Set-Cookie", "sid=RRRRRRRRRRRR1")
    };
    let uses = || cookie(9, "sid=RRRRRRRRRRRR1");
    let made_for = |path: &str, body: &str| {
        let asked = made("POST", path).at(5).header("Cookie", "sid=RRRRRRRRRRRR1").json(body);
        let asked = asked.answers(200, r#"{"user":{"id":"bob"},"token":"opaqueBBBBBBBB1"}"#);
        asked.answer_header("Set-Cookie", "sid=RRRRRRRRRRRR1; Max-Age=600")
    };
    let signed_up = made_for("/users/register", r#"{"username":"bob","password":"x"}"#);
    let events = resolved(None, &[admin(), signed_up, uses(), token(9, "opaqueBBBBBBBB1")]);
    let found: Vec<_> = names(&events).into_iter().map(|(name, _)| name).collect();
    assert_eq!(found, ["root", "root", "root", "bob"]);
    let impersonated = made_for("/auth/impersonate", r#"{"userId":"bob"}"#);
    let events = resolved(None, &[admin(), impersonated, uses(), token(9, "opaqueBBBBBBBB1")]);
    assert_eq!(names(&events), [("root", Evidence::Bound); 4], "who asked is accountable");
    let claimed = format!(r#"{{"token":"{}"}}"#, jwt(r#"{"sub":"bob"}"#));
    let asked =
        made("POST", "/auth/impersonate").at(5).header("Cookie", "sid=RRRRRRRRRRRR1").json(r#"{"userId":"bob"}"#);
    let asked = asked.answers(200, &claimed).answer_header("Set-Cookie", "sid=RRRRRRRRRRRR1; Max-Age=600");
    let events = resolved(None, &[admin(), asked, uses()]);
    assert_eq!(names(&events), [("root", Evidence::Bound); 3], "a token of bob's makes nobody bob");
}

#[test]
fn a_redirect_to_the_start_page_says_too_little_to_bind_a_kept_session() {
    let posted = |location: &str| {
        let login = form("/login", "username=gus&password=x").header("Cookie", "JSESSIONID=KEPTKEPTKEPT3");
        login.answers(302, "").answer_header("Location", location)
    };
    let uses = || cookie(5, "JSESSIONID=KEPTKEPTKEPT3");
    assert_eq!(after(posted("/account"), uses()), bound("gus"));
    assert_eq!(after(posted("/"), uses()).1, Evidence::Unbound);
}

#[test]
fn a_code_ties_the_application_to_the_providers_login() {
    let login = form("/login", "username=bob&password=x").answers(302, "");
    let login = login.answer_header("Set-Cookie", "idp_session=IIIIIIIIIIII1").answer_header("Location", "/consent");
    let authorize = made("GET", "/authorize?response_type=code&client_id=web&state=sssssssss1").at(2);
    let authorize = authorize.header("Cookie", "idp_session=IIIIIIIIIIII1").answers(302, "");
    let authorize =
        authorize.answer_header("Location", "https://app.example/callback?code=ccccccccc1&state=sssssssss1");
    let callback = made("GET", "/callback?code=ccccccccc1&state=sssssssss1").at(3).answers(302, "");
    let callback = callback.answer_header("Set-Cookie", "session=BBBBBBBBBBBB2").answer_header("Location", "/");
    let uses = cookie(5, "session=BBBBBBBBBBBB2");
    let events = resolved(None, &[login, authorize.clone(), callback.clone(), uses.clone()]);
    assert_eq!(names(&events)[2], ("bob", Evidence::Bound), "at the callback itself");
    assert_eq!(names(&events)[3], ("bob", Evidence::Bound));
    let events = resolved(None, &[authorize, callback, uses]);
    assert_eq!(events[2].actor.evidence, Evidence::Unbound, "nobody saw who logged in");
    assert_eq!(events[0].actor.principal, events[2].actor.principal, "but it is one and the same");
    let other = made("GET", "/callback?code=ccccccccc1").at(3).answers(302, "");
    let other = other.answer_header("Set-Cookie", "session=BBBBBBBBBBBB2").answer_header("Location", "/");
    assert_eq!(after(other, cookie(5, "session=BBBBBBBBBBBB2")).0.split(':').next(), Some("session"));
}

#[test]
fn steps_of_one_login_are_chained() {
    let first = made("POST", "/auth/login").at(1).json(r#"{"username":"kate","password":"x"}"#);
    let first = first.answers(200, r#"{"mfa_required":true,"mfa_token":"mfaKKKKKKK"}"#);
    let second = made("POST", "/auth/mfa/verify").at(2).json(r#"{"mfa_token":"mfaKKKKKKK","otp":"123456"}"#);
    let second = second.answers(200, r#"{"access_token":"opaqueKKKKKKK10"}"#);
    let events = resolved(None, &[first.clone(), second.clone(), token(5, "opaqueKKKKKKK10")]);
    assert_eq!(names(&events), [("kate", Evidence::Bound); 3]);
    let refused = second.answers(403, "{}");
    let events = resolved(None, &[first, refused, token(5, "opaqueKKKKKKK10")]);
    assert_eq!(events[2].actor.evidence, Evidence::Unbound);
}

#[test]
fn a_chain_of_tokens_of_somebody_unnamed_is_one_principal() {
    let post = |at: i64, body: &str, answer: &str| form("/oauth2/token", body).at(at).answers(200, answer);
    let code = post(
        1,
        "grant_type=authorization_code&code=abc123abc&client_id=web",
        r#"{"access_token":"opaqueLLLLLL11","refresh_token":"refLLLLLL"}"#,
    );
    let again = post(
        9,
        "grant_type=refresh_token&refresh_token=refLLLLLL&client_id=web",
        r#"{"access_token":"opaqueLLLLLL12"}"#,
    );
    let events = resolved(
        None,
        &[code, token(5, "opaqueLLLLLL11"), again, token(12, "opaqueLLLLLL12"), token(13, "opaqueOTHER99")],
    );
    let principals: Vec<_> = events.iter().map(|e| e.actor.principal.clone().unwrap()).collect();
    assert!(principals[0].starts_with("session:"));
    assert_eq!(principals[..4], vec![principals[0].clone(); 4]);
    assert_ne!(principals[4], principals[0]);
    assert!(events.iter().all(|e| e.actor.evidence == Evidence::Unbound));
}

#[test]
fn a_client_that_logs_in_for_itself_is_a_service() {
    let grant = form("/oauth/token", "grant_type=client_credentials&client_id=svc-f&client_secret=s");
    let grant = grant.answers(200, r#"{"access_token":"opaqueFFFFFFFF6"}"#);
    let events = resolved(None, &[grant, token(5, "opaqueFFFFFFFF6")]);
    assert_eq!(names(&events), [("svc-f", Evidence::Bound); 2]);
    assert!(events.iter().all(|e| &*e.actor.kind == "service" && e.actor.kind_known));
    let login = made("POST", "/login")
        .at(1)
        .json(r#"{"username":"ann","password":"x"}"#)
        .answers(200, r#"{"token":"opaqueAAAAAAAA6"}"#);
    let events = resolved(None, &[login, token(5, "opaqueAAAAAAAA6")]);
    assert!(events.iter().all(|e| &*e.actor.kind == "human"));
}

#[test]
fn the_best_bound_of_several_credentials_names_the_actor() {
    let login = |at: i64, name: &str, sid: &str| {
        let login = made("POST", "/login").at(at).json(&format!(r#"{{"username":"{name}","password":"x"}}"#));
        login.answers(200, "{}").answer_header("Set-Cookie", &format!("sid={sid}"))
    };
    let both = |sid: &str, bearer: &str| token(9, bearer).header("Cookie", &format!("sid={sid}"));
    let events = resolved(None, &[login(1, "hank", "HHHHHHHHHHHHH8"), both("HHHHHHHHHHHHH8", "anonappkeyXXXXXXXXX")]);
    assert_eq!(names(&events)[1], ("hank", Evidence::Bound));
    assert!(events[1].actor.others.is_empty() && events[1].actor.doubts == Default::default());
    let claims = format!("sid=HHHHHHHHHHHHH8; x={}", jwt(r#"{"sub":"eve"}"#));
    let events = resolved(None, &[login(1, "hank", "HHHHHHHHHHHHH8"), cookie(9, &claims)]);
    assert_eq!(names(&events)[1], ("hank", Evidence::Bound), "anybody can add a cookie");
    assert_eq!(events[1].actor.others, ["eve".into()]);
    assert!(events[1].actor.doubts.has(Doubt::SeveralNames) && events[1].actor.doubts.has(Doubt::Contested));
}

#[test]
fn sessions_end_at_logout_and_are_apart_on_two_devices() {
    let login = |at: i64, sid: &str| {
        let login = made("POST", "/login").at(at).json(r#"{"username":"ann","password":"x"}"#);
        login.answers(200, "{}").answer_header("Set-Cookie", &format!("sid={sid}"))
    };
    let logout = made("POST", "/logout").at(30).header("Cookie", "sid=AAAAAAAAAAAA1").answers(204, "");
    let uses = |at: i64, sid: &str| cookie(at, &format!("sid={sid}"));
    let events = resolved(
        None,
        &[
            login(10, "AAAAAAAAAAAA1"),
            uses(20, "AAAAAAAAAAAA1"),
            logout,
            login(40, "AAAAAAAAAAAA2"),
            uses(50, "AAAAAAAAAAAA2"),
            login(45, "AAAAAAAAAAAA3"),
            uses(55, "AAAAAAAAAAAA3"),
        ],
    );
    let session: Vec<_> = events.iter().map(|e| e.session.clone().unwrap()).collect();
    assert_eq!([&session[0], &session[1]], [&session[2]; 2], "login, use and logout");
    assert_eq!(session[3], session[4]);
    assert_eq!(session[5], session[6]);
    assert!(session[2] != session[3] && session[3] != session[5] && session[2] != session[5]);
    assert!(names(&events).iter().all(|name| *name == ("ann", Evidence::Bound)));
    let gap = |gap: Option<i64>| {
        let extractor = crate::correlate::Extractor::new(None, super::key());
        let mut directory = crate::correlate::Directory::with_gap(gap);
        let mut events = Vec::new();
        for made in [login(10, "AAAAAAAAAAAA1"), uses(70, "AAAAAAAAAAAA1")] {
            let extracted = extractor.extract(&made.0);
            directory.add(extracted.facts);
            events.extend(extracted.events);
        }
        let resolver = directory.freeze();
        events.iter_mut().for_each(|event| resolver.resolve(event));
        events[0].session == events[1].session
    };
    assert!(gap(None) && !gap(Some(30_000_000)));
    let phone = |at: i64, agent: &str| {
        made("GET", "/orders/o1").at(at).header("User-Agent", agent).bearer(r#"{"sub":"ann"}"#).answers(200, "")
    };
    let events = resolved(None, &[phone(1, "phone"), phone(2, "laptop"), phone(3, "phone")]);
    assert_eq!(events[0].session, events[2].session);
    assert_ne!(events[0].session, events[1].session);
}

#[test]
fn a_name_that_was_only_sent_binds_no_cookie_of_an_answer_that_says_anything_but_yes() {
    let login = |answer: &str, set: &str| {
        let sent = made("POST", "/api/login").at(1).json(r#"{"username":"bob","password":"x"}"#).answers(200, answer);
        sent.answer_header("Set-Cookie", set)
    };
    let uses = || cookie(5, "sid=FFFFEEEEDDDDCCCC1");
    for refused in [
        r#"{"code":401,"message":"wrong password"}"#,
        r#"{"result":"fail","message":"Invalid credentials","loggedIn":false}"#,
        r#"{"status":403}"#,
        r#"{"valid":false}"#,
        r#"{"message":"Falsches Passwort"}"#,
        r#"{"msg":"Login unsuccessful"}"#,
        r#"{"message":"Your login could not be completed"}"#,
        r#"{"message":"We don't know you"}"#,
        r#"{"message":"No user bob"}"#,
        r#"{"message":"Contrase\u00f1a incorrecta"}"#,
        r#"{"message":"\u5bc6\u7801\u9519\u8bef"}"#,
        r#"{"message":"\u041d\u0435\u0432\u0435\u0440\u043d\u044b\u0439 \u043f\u0430\u0440\u043e\u043b\u044c"}"#,
        r#"{"message":"Nieprawid\u0142owe has\u0142o"}"#,
        r#"{"message":"Identifiants inconnus"}"#,
        r#"{"message":"Check your password"}"#,
        r#"{"message":"Please try again later"}"#,
        r#"{"message":"Enter the code that we sent to your phone"}"#,
        // It says yes, in words that no list needs to have: too little is bound, and not too much.
        r#"{"message":"Angemeldet"}"#,
    ] {
        let found = after(login(refused, "sid=FFFFEEEEDDDDCCCC1"), uses());
        assert_eq!(found.1, Evidence::Unbound, "{refused}");
    }
    for taken in [
        "",
        "{}",
        r#"{"code":20000}"#,
        r#"{"message":"Login successful"}"#,
        r#"{"message":"OK"}"#,
        r#"{"message":"Welcome, Bruno Meier!"}"#,
        r#"{"message":"Welcome, Bob Nolan, here is your notebook"}"#,
        r#"{"status":200}"#,
        r#"{"loggedIn":true}"#,
    ] {
        assert_eq!(after(login(taken, "sid=FFFFEEEEDDDDCCCC1"), uses()), bound("bob"), "{taken}");
    }
    // Of an unusual name, and nothing else.
    let labelled = login("{}", "labsid=a9Bc7d21Ef88qWx0");
    assert_eq!(after(labelled, cookie(5, "labsid=a9Bc7d21Ef88qWx0")), bound("bob"));
    let redirected = form("/login", "username=bob&password=x").answers(302, "").answer_header("Location", "/home");
    let redirected = redirected.answer_header("Set-Cookie", "labsid=a9Bc7d21Ef88qWx0");
    assert_eq!(after(redirected, cookie(5, "labsid=a9Bc7d21Ef88qWx0")), bound("bob"));
}

#[test]
fn a_logout_that_nothing_bears_out_ends_what_serves_nobody_later() {
    let login = || {
        let login = made("POST", "/login").at(1).json(r#"{"username":"ann","password":"x"}"#).answers(200, "{}");
        login.answer_header("Set-Cookie", "sid=AAAABBBBCCCC1")
    };
    let logout = |answer: u16| made("GET", "/logout").at(10).header("Cookie", "sid=AAAABBBBCCCC1").answers(answer, "");
    let later = |status: u16| cookie(20, "sid=AAAABBBBCCCC1").answers(status, "{}");
    let who = |exchanges: &[Made]| resolved(None, exchanges).last().unwrap().actor.evidence;
    assert_eq!(who(&[login(), logout(302), later(200)]), Evidence::Bound, "it serves");
    assert_eq!(who(&[login(), logout(302), later(401)]), Evidence::Unbound);
    let page = made("GET", "/login").at(30).header("Cookie", "sid=AAAABBBBCCCC1").answers(200, "{}");
    assert_eq!(who(&[login(), logout(204), page]), Evidence::Unbound, "a page for everybody");
    let deletes = logout(302).answer_header("Set-Cookie", "sid=; Max-Age=0");
    assert_eq!(who(&[login(), deletes, later(200)]), Evidence::Unbound, "the cookie was deleted");
}

#[test]
fn a_chain_of_refreshed_tokens_is_followed_however_long_it_is() {
    let post = |at: i64, body: &str, answer: &str| form("/oauth2/token", body).at(at).answers(200, answer);
    let issue =
        made("POST", "/oauth2/token").at(0).json(r#"{"grant_type":"password","username":"hal","password":"x"}"#);
    let issue = issue.answers(200, r#"{"access_token":"access-0000","refresh_token":"refresh-0"}"#);
    let mut all = vec![issue];
    for n in 1..=500 {
        let body = format!("grant_type=refresh_token&refresh_token=refresh-{}", n - 1);
        let answer = format!(r#"{{"access_token":"access-{n:04}","refresh_token":"refresh-{n}"}}"#);
        all.push(post(n * 300, &body, &answer));
    }
    all.push(token(500 * 300 + 1, "access-0500"));
    assert_eq!(names(&resolved(None, &all)).last(), Some(&("hal", Evidence::Bound)));
}

#[test]
fn what_is_shown_beside_a_session_renames_nobody_who_renews_it() {
    let login = made("POST", "/login").at(1).json(r#"{"username":"ann","password":"x"}"#).answers(200, "{}");
    let login = login.answer_header("Set-Cookie", "sid=AAAABBBBCCCC1");
    let renew = |header: &str, value: &str| {
        let renew = made("POST", "/auth/refresh").at(5).header("Cookie", "sid=AAAABBBBCCCC1").header(header, value);
        let events = resolved(
            None,
            &[login.clone(), renew.answers(200, r#"{"access_token":"opaqueNNNNNN12"}"#), token(9, "opaqueNNNNNN12")],
        );
        names(&events)[2].0.to_owned()
    };
    assert_eq!(renew("Authorization", "Bearer opaqueJUNKJUNK"), "ann");
    assert_eq!(renew("X-Access-Token", &jwt(r#"{"sub":"eve"}"#)), "ann");
    let asked = made("GET", "/authorize?response_type=code&client_id=web&state=sssssssss1").at(2);
    let asked = asked.header("Cookie", "sid=AAAABBBBCCCC1").header("X-Access-Token", &jwt(r#"{"sub":"eve"}"#));
    let asked =
        asked.answers(302, "").answer_header("Location", "https://app.example/cb?code=ccccccccc1&state=sssssssss1");
    let back = made("GET", "/callback?code=ccccccccc1&state=sssssssss1").at(3).answers(302, "");
    let back = back.answer_header("Set-Cookie", "session=BBBBBBBBBBBB2").answer_header("Location", "/");
    let events = resolved(None, &[login.clone(), asked, back, cookie(5, "session=BBBBBBBBBBBB2")]);
    assert_eq!(names(&events)[3], ("ann", Evidence::Bound));
}

#[test]
fn a_name_beside_a_secret_logs_in_whatever_they_are_called() {
    let uses = || token(5, "opaqueTOKEN0123456789");
    let answers = |made: Made| made.answers(200, r#"{"token":"opaqueTOKEN0123456789"}"#);
    let json = |path: &str, body: &str| answers(made("POST", path).at(1).json(body));
    let fields = r#"{"handle":"alice","passphrase":"correct horse","remember":true}"#;
    assert_eq!(after(json("/login", fields), uses()), bound("alice"));
    assert_eq!(after(json("/door", fields), uses()).1, Evidence::Unbound, "anybody can send them anywhere");
    assert_eq!(after(answers(form("/login", "badge=4711&pincode=&unlockSecret=x")), uses()), bound("4711"));
    let told = made("POST", "/api/v2/session").at(1).json(r#"{"handle":"ines","passphrase":"x","card":"4111 1111"}"#);
    let told = told.answers(200, r#"{"me":{"handle":"ines","crew":"planner"}}"#);
    let told = told.answer_header("Set-Cookie", "wobble=wbl8b529b4a97b750923ceb3ffd; path=/");
    assert_eq!(after(told, cookie(5, "wobble=wbl8b529b4a97b750923ceb3ffd")), bound("ines"));
    let cookie_form = |path: &str| {
        let login = form(path, "handle=alice&passphrase=x&csrf=QQQQQQ").answers(303, "");
        login.answer_header("Set-Cookie", "sid=AAAAAAAAAAAAAAAA1; Path=/").answer_header("Location", "/home")
    };
    let session = || cookie(5, "sid=AAAAAAAAAAAAAAAA1");
    assert_eq!(after(cookie_form("/signin"), session()), bound("alice"));
    // Anybody may send a name and a secret to a page that gives a session to every visitor.
    assert_eq!(after(cookie_form("/feedback"), session()).1, Evidence::Unbound);
    for none in [
        r#"{"title":"alice","passphrase":"x","text":"hello"}"#,
        r#"{"title":"alice","cardNumber":"4111111111111111"}"#,
        r#"{"title":"alice","csrf_token":"QQQQQQ"}"#,
        r#"{"old":"alice","password":"x","new_password":"y"}"#,
        r#"{"handle":["alice"],"passphrase":"x"}"#,
    ] {
        assert_ne!(after(json("/login", none), uses()), bound("alice"), "{none}");
    }
}

#[test]
fn a_renewal_beside_a_token_that_is_over_is_no_use_of_it() {
    let over = r#"{"sub":"mia","exp":100}"#;
    let new = format!(r#"{{"access_token":"{}"}}"#, jwt(r#"{"sub":"mia","exp":9999}"#));
    let ends = |made: Made| resolved(None, &[made.at(5_000).bearer(over)]).remove(0).actor.token_end;
    let renewal = |path: &str| made("POST", path).json(r#"{"refresh_token":"RRRRRRRRRRRR1"}"#).answers(200, &new);
    for path in ["/auth/token/renew", "/auth/token", "/session/keep-alive"] {
        assert_eq!(ends(renewal(path)), None, "{path}");
    }
    let by_cookie = made("POST", "/api/extend").header("Cookie", "refresh-token=RRRRRRRRRRRR1").answers(200, &new);
    assert_eq!(ends(by_cookie), None);
    assert!(ends(renewal("/orders").answers(200, r#"{"id":"o1"}"#)).is_some(), "nothing new is given");
    assert!(ends(made("POST", "/orders").json("{}").answers(200, &new)).is_some(), "nothing else is shown for it");
}

#[test]
fn a_form_login_that_fails_is_seen_to_fail() {
    use crate::event::Gate;
    let extractor = crate::correlate::Extractor::new(None, super::key()).noting_settings(true);
    let gate = |login: Made| {
        let events = super::resolved_by(&extractor, &[login]);
        events.into_iter().next().and_then(|event| event.setting.map(|setting| setting.gate))
    };
    let sent = |status: u16| form("/signin", "handle=alice&passphrase=x").answers(status, "");
    let to = |location: &str| gate(sent(303).answer_header("Location", location));
    assert_eq!(to("/signin"), Some(Gate::Refused));
    assert_eq!(to("/en/login?error=1"), Some(Gate::Refused));
    assert_eq!(to("/login/otp"), Some(Gate::Unsaid), "not over, or another form");
    assert_eq!(to("/home"), Some(Gate::Beside), "no session is shown");
    let home = sent(303).answer_header("Location", "/home").answer_header("Set-Cookie", "sid=AAAAAAAAAAAAAAAA1");
    assert_eq!(gate(home), Some(Gate::Entered));
    let mut again = sent(200);
    again.0.response.as_mut().unwrap().headers = offpath_capture::Headers::default();
    assert_eq!(gate(again.answer_header("Content-Type", "text/html")), Some(Gate::Unsaid), "the form again");
}

#[test]
fn a_key_that_many_sessions_share_is_the_client_and_each_session_somebody() {
    let asks = |at: i64, session: &str, address: u8| {
        let mut made = made("GET", "/orders/o1?api_key=KKKKKKKKKKKK1").at(at).answers(200, "{}");
        made.0.client = Some(offpath_capture::Endpoint { ip: [10, 0, 0, address].into(), port: None });
        made.header("Cookie", &format!("sid={session}"))
    };
    let events = |sessions: &[(&str, u8)]| {
        let both = [1, 60].into_iter().flat_map(|at| sessions.iter().zip(at..).map(|((s, a), at)| asks(at, s, *a)));
        // The page gives the sessions out, and is read without the key.
        let visit = |(session, address): &(&str, u8)| {
            let mut made = made("GET", "/").at(0).answers(200, "{}");
            made.0.client = Some(offpath_capture::Endpoint { ip: [10, 0, 0, *address].into(), port: None });
            made.answer_header("Set-Cookie", &format!("sid={session}"))
        };
        let visits = sessions.iter().map(visit);
        resolved(None, &visits.chain(both).collect::<Vec<_>>()).split_off(sessions.len())
    };
    let shared = events(&[("one", 1), ("two", 2), ("three", 3)]);
    let people: std::collections::BTreeSet<_> = shared.iter().map(|e| e.actor.principal.clone()).collect();
    assert_eq!((people.len(), shared[0].actor.evidence), (3, Evidence::Unbound));
    assert!(shared.iter().all(|e| e.actor.client.as_deref().is_some_and(|client| client.starts_with("key:"))));
    assert!(shared.iter().all(|e| e.session.is_some()), "each goes on");
    for service in [&[("one", 1), ("two", 1), ("three", 1)][..], &[("one", 1), ("two", 2)]] {
        let events = events(service);
        assert!(events.iter().all(|e| e.actor.evidence == Evidence::ApiKey), "a program with its sessions");
    }
}
