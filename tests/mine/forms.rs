//! HTML forms, whose writes are answered by redirects.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::calls::{Call, Calls, bearer, logged};
use crate::lawful;
use crate::support::{offpath, stderr};

/// Loans of a library by HTML forms: every write answers with a redirect.
fn loans(file: &Path) {
    let mut calls = Calls::default();
    let mut post = |who: &str, path: String, location: String| {
        let (sent, answered) = (vec![bearer(&format!(r#"{{"sub":"{who}"}}"#))], vec![("Location", location)]);
        calls.add(Call { path: &path, sent, form: Some("x=1"), status: 303, answered, ..Call::default() });
    };
    for n in 0..20 {
        let loan = format!("/loans/L{:04}", 3 * n);
        // Once in a while the session has run out, or the form is wrong.
        if n % 5 == 0 {
            post("amy", "/loans".into(), "/login?next=/loans".into());
            post("amy", format!("{loan}/return"), format!("{loan}?error=unknown"));
        }
        post("amy", "/loans".into(), loan.clone());
        post("bob", format!("{loan}/hand-out"), loan.clone());
        post("bob", format!("{loan}/return"), "/loans".into());
    }
    calls.write(file);
}

#[test]
fn forms_are_drafted_by_the_redirects_that_answer_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loans.har");
    loans(&file);
    let draft = lawful(&[&file]);
    let line = |part: &str| draft.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}\n{draft}"));
    assert!(line("hand_out: ").contains(r#"ok: "status == 303"}"#), "{draft}");
    let login = r#"ok: "status == 303 && !res_header.location.matches('(?i)/login([/?#]|$)')"#;
    assert!(line("create_loan: ").contains(login) && line("create_loan: ").contains("20 of 24"), "{draft}");
    assert!(line("return: ").contains("error([=&#]|$)") && line("return: ").contains("20 of 24"), "{draft}");
    assert!(draft.contains("{activity: create_loan, from: none, to: created"), "{draft}");
    assert!(draft.contains("# left aside: POST /loans, 4 calls answered"), "{draft}");
    let output = offpath(&["mine", file.to_str().unwrap()]);
    assert!(stderr(&output).contains("Left aside 8 writes answered with a redirect"), "{}", stderr(&output));
    // With a model that does not say so, a redirect still proves nothing.
    let model = folder.path().join("m.yaml");
    fs::write(&model, draft.replace(r#", ok: "status == 303"}"#, "}")).unwrap();
    let output = offpath(&["inspect", file.to_str().unwrap(), "--model", model.to_str().unwrap(), "--format", "json"]);
    let run: Value = serde_json::from_slice(&output.stdout).unwrap();
    let called = run["operations"].as_array().unwrap().iter().find(|o| o["activity"] == "hand_out").unwrap();
    assert_eq!(called["accepted"], 0);
}

#[test]
fn what_a_log_hides_of_a_redirect_is_marked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loans.log");
    let mut text = String::new();
    for n in 0..20 {
        for (at, step) in ["hand-out", "return"].iter().enumerate() {
            let call = ("POST", format!("/loans/L{:04}/{step}", 3 * n));
            text += &logged(2 * n + at, "lib.example", "bob", call, 302, &["librarian"]);
        }
    }
    fs::write(&file, text).unwrap();
    let draft = lawful(&[&file]);
    let line = draft.lines().find(|line| line.contains("hand_out: {")).unwrap_or_else(|| panic!("{draft}"));
    assert!(
        line.contains(r#"ok: "status == 302"}"#) && line.contains("# check: 20 of 20 calls accepted; whether"),
        "{line}"
    );
    assert!(draft.contains("{activity: return, from: after_hand_out"), "{draft}");
    assert!(draft.contains("roles: {from: log.roles}") && draft.contains("by: [librarian]"), "{draft}");
}
