//! Roles: where they stand, and which of them a draft names.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::calls::{Call, Calls, bearer};
use crate::lawful;
use crate::support::token;

/// Claims: what somebody shows of themselves. The importer shows a key and nothing else.
const EMPLOYEE: &str = r#"{"sub":"eve","roles":["employee"]}"#;

const MANAGERS: [&str; 2] =
    [r#"{"sub":"max","roles":["employee","manager"]}"#, r#"{"sub":"dora","roles":["director","employee"]}"#];

const PAYROLL: &str = r#"{"sub":"pam","roles":["payroll"]}"#;

/// Claims that are approved and then paid by a call that answers the payout's id and the claim's state. Every second one
/// is looked at afterwards.
pub(crate) fn claims_with_payouts(file: &Path) {
    let mut entries = Vec::new();
    let mut call = |who: Option<&str>, method: &str, path: String, answer: Value| {
        let minute = entries.len();
        let shown = match who {
            Some(claims) => json!({"name": "Authorization", "value": format!("Bearer {}", token(claims))}),
            None => json!({"name": "X-Api-Key", "value": "k-0123456789abcdef0123456789"}),
        };
        entries.push(json!({
            "startedDateTime": format!("2026-05-04T{:02}:{:02}:00.000Z", 6 + minute / 60, minute % 60), "time": 5,
            "request": {"method": method, "url": format!("https://claims.example{path}"), "httpVersion": "HTTP/1.1",
                "headers": [shown], "cookies": [], "queryString": [], "headersSize": -1, "bodySize": 0},
            "response": {"status": if path == "/claims" { 201 } else { 200 }, "statusText": "", "httpVersion": "HTTP/1.1",
                "headers": [{"name": "Content-Type", "value": "application/json"}], "cookies": [],
                "content": {"size": 1, "mimeType": "application/json", "text": answer.to_string()},
                "redirectURL": "", "headersSize": -1, "bodySize": 1},
            "cache": {}, "timings": {"send": 1, "wait": 3, "receive": 1},
        }));
    };
    for n in 0..30_usize {
        let id = format!("clm_{}", 4711 + 37 * n);
        let claim = |state: &str| json!({"id": id, "status": state});
        call(Some(EMPLOYEE), "POST", "/claims".into(), claim("draft"));
        call(None, "POST", format!("/claims/{id}/scan"), claim("scanned"));
        call(Some(MANAGERS[n % 2]), "POST", format!("/claims/{id}/approve"), claim("approved"));
        let payout = json!({"payout": {"id": format!("po_{}", 90_017 + 13 * n)}, "status": "paid"});
        call(Some(PAYROLL), "POST", format!("/claims/{id}/payouts"), payout);
        if n % 2 == 0 {
            call(Some(EMPLOYEE), "GET", format!("/claims/{id}"), claim("paid"));
        }
    }
    let log = json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}});
    fs::write(file, log.to_string()).unwrap();
}

#[test]
fn roles_are_found_where_issuers_put_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("visits.har");
    for (claim, place) in [
        (r#""realm_access":{"roles":["ROLE","offline_access"]}"#, "jwt.realm_access.roles"),
        (
            r#""resource_access":{"web":{"roles":["ROLE"]},"account":{"roles":["view"]}}"#,
            "jwt.resource_access.web.roles",
        ),
        (r#""https://shop.example/roles":["ROLE"]"#, "\"jwt.https://shop.example/roles\""),
        (r#""cognito:groups":["ROLE"],"scope":"openid""#, "\"jwt.cognito:groups\""),
        (r#""scope":"openid ROLE""#, "jwt.scope"),
    ] {
        let mut calls = Calls::default();
        for n in 0..24 {
            let id = 7_100 + 3 * n;
            let shown =
                |who: &str, role: &str| vec![bearer(&format!(r#"{{"sub":"{who}",{}}}"#, claim.replace("ROLE", role)))];
            let body = |state: &str| Some(json!({"id": id, "status": state}));
            calls.add(Call {
                path: "/visits",
                sent: shown("pat", "patient"),
                status: 201,
                body: body("booked"),
                ..Call::default()
            });
            // A token that nobody can read, once: it says nothing of the others' role.
            let opaque = vec![("Authorization", "Bearer 3f9c1e77a0b24d5f8899aabbccddeeff".to_owned())];
            if n == 0 {
                let body = Some(json!({"access_token": "3f9c1e77a0b24d5f8899aabbccddeeff", "user": {"id": "ida"}}));
                calls.add(Call { path: "/login", form: Some("user=ida&password=x"), body, ..Call::default() });
            }
            let sent = if n == 7 { opaque } else { shown("joy", "desk") };
            calls.add(Call { path: &format!("/visits/{id}/begin"), sent, body: body("begun"), ..Call::default() });
        }
        calls.write(&file);
        let draft = lawful(&[&file]);
        assert!(draft.contains(&format!("roles: {{from: {place}}}")), "{place}\n{draft}");
        let line = draft.lines().find(|line| line.contains("{activity: begin,")).unwrap();
        assert!(line.contains("by: [desk]"), "{draft}");
        assert!(line.contains("in 1 of 24 by a human whose roles nothing shows"), "{draft}");
    }
}

#[test]
fn roles_that_a_login_tells_are_drafted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("visits.har");
    let mut calls = Calls::default();
    let cookie = |who: &str| format!("sid={who}0123456789abcdef0123456789abcdef");
    for (who, role) in [("pat", "patient"), ("joy", "desk")] {
        let answered = vec![("Set-Cookie", format!("{}; HttpOnly", cookie(who)))];
        let body = Some(json!({"user": {"id": who, "roles": [role]}}));
        let form = format!("username={who}&password=x");
        calls.add(Call { path: "/login", form: Some(&form), answered, body, ..Call::default() });
    }
    for n in 0..24 {
        let id = 7_100 + 3 * n;
        let body = |state: &str| Some(json!({"id": id, "status": state}));
        let shown = |who: &str| vec![("Cookie", cookie(who))];
        calls.add(Call { path: "/visits", sent: shown("pat"), status: 201, body: body("booked"), ..Call::default() });
        calls.add(Call {
            path: &format!("/visits/{id}/begin"),
            sent: shown("joy"),
            body: body("begun"),
            ..Call::default()
        });
    }
    calls.write(&file);
    let draft = lawful(&[&file]);
    assert!(draft.contains("roles: {from: res.user.roles}"), "{draft}");
    assert!(draft.contains("{activity: begin, from: booked, to: begun, by: [desk]"), "{draft}");
}

#[test]
fn a_draft_names_the_roles_that_say_most() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claims.har");
    claims_with_payouts(&file);
    let draft = lawful(&[&file]);
    let line = |activity: &str| draft.lines().find(|line| line.contains(&format!("{{activity: {activity},"))).unwrap();
    let approve = line("approve");
    assert!(approve.contains("by: [director, manager]"), "{approve}");
    assert!(approve.contains("# check: ") && approve.contains("who is employee too"), "{approve}");
    assert!(line("create_claim").contains("by: [employee]"), "{draft}");
    assert!(!line("scan").contains("by:"), "a key is no person: {}", line("scan"));
}
