//! What a draft says of itself: proposals, contradictions, and the warnings of a check against it.

use std::fs;

use serde_json::json;

use crate::calls::{Call, Calls, bearer};
use crate::lawful;
use crate::support::{code, offpath, stderr, stdout};

#[test]
fn what_a_check_says_against_a_draft_stands_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.har");
    let mut calls = Calls::default();
    for n in 0..30 {
        let (id, sent) = (7_100 + 3 * n, vec![bearer(r#"{"sub":"eve"}"#)]);
        let body = |state: &str| Some(json!({"id": id, "status": state}));
        calls.add(Call { path: "/jobs", sent: sent.clone(), status: 201, body: body("new"), ..Call::default() });
        let state = if n % 2 == 0 { "passed" } else { "failed" };
        calls.add(Call { path: &format!("/jobs/{id}/run"), sent, body: body(state), ..Call::default() });
    }
    calls.write(&file);
    let draft = folder.path().join("deep/er/draft.yaml");
    let name = draft.to_str().unwrap();
    let output = offpath(&["mine", file.to_str().unwrap(), "-o", name]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("a check of this traffic against it gives 1 warning"), "{}", stderr(&output));
    let text = fs::read_to_string(&draft).unwrap();
    assert!(text.contains("# check: two transitions of one activity start alike and end differently (M017)"), "{text}");
    lawful(&[&file]);
    // What stands against writing is said before the work, and nothing of that is left behind.
    let under_a_file = format!("{name}/x.yaml");
    let output = offpath(&["mine", file.to_str().unwrap(), "-o", &under_a_file]);
    assert_eq!((code(&output), stdout(&output).as_str()), (2, ""), "{}", stderr(&output));
    assert_eq!(fs::read_dir(draft.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn proposals_say_nothing_that_goes_without_saying() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("changes.har");
    let mut calls = Calls::default();
    for n in 0..24 {
        let (id, path) = (7_100 + 3 * n, format!("/changes/{}", 7_100 + 3 * n));
        let body = |state: &str| Some(json!({"id": id, "status": state}));
        let shown = |who: &str| vec![bearer(&format!(r#"{{"sub":"{who}"}}"#))];
        // Zoe writes some and approves others; a program deploys, but for once.
        let (author, approver) = [("mia", "zoe"), ("zoe", "kai"), ("mia", "kai")][n % 3];
        calls.add(Call { path: "/changes", sent: shown(author), status: 201, body: body("open"), ..Call::default() });
        calls.add(Call {
            path: &format!("{path}/approve"),
            sent: shown(approver),
            body: body("approved"),
            ..Call::default()
        });
        let key = vec![("X-Api-Key", "k-0123456789abcdef0123456789".to_owned())];
        let sent = if n == 7 { shown("mia") } else { key };
        calls.add(Call { path: &format!("{path}/deploy"), sent, body: body("deployed"), ..Call::default() });
    }
    calls.write(&file);
    let draft = lawful(&[&file]);
    assert!(draft.contains("distinct_persons: [approve, create_change]"), "{draft}");
    assert!(!draft.contains("deploy, create_change]") && !draft.contains("create_change, deploy]"), "{draft}");
    assert!(!draft.contains("approve, deploy]"), "{draft}");
    assert!(!draft.contains("require:"), "the lifecycle says it already:\n{draft}");
}

#[test]
fn what_was_broken_once_is_proposed_still() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claims.har");
    let mut calls = Calls::default();
    for n in 0..30 {
        let (id, path) = (5_200 + 3 * n, format!("/claims/{}", 5_200 + 3 * n));
        let body = |state: &str| Some(json!({"id": id, "status": state}));
        let shown = |who: &str| vec![bearer(&format!(r#"{{"sub":"{who}"}}"#))];
        // Rosa writes one claim in her life, and approves it herself.
        let author = if n == 4 { "rosa" } else { ["mia", "zoe", "kai"][n % 3] };
        calls.add(Call { path: "/claims", sent: shown(author), status: 201, body: body("open"), ..Call::default() });
        let mut step = |name: &str, who: &str, state: &str| {
            let path = format!("{path}/{name}");
            calls.add(Call { path: &path, sent: shown(who), body: body(state), ..Call::default() });
        };
        match n % 4 {
            0 => step("approve", "rosa", "approved"),
            _ => step("withdraw", author, "withdrawn"),
        }
        // One that was withdrawn is approved all the same.
        if n == 9 {
            step("approve", "rosa", "approved");
        }
    }
    for n in 0..30 {
        let (id, path) = (9_200 + 3 * n, format!("/claims/{}/approve", 9_200 + 3 * n));
        let body = |state: &str| Some(json!({"id": id, "status": state}));
        let shown = |who: &str| vec![bearer(&format!(r#"{{"sub":"{who}"}}"#))];
        calls.add(Call { path: "/claims", sent: shown("mia"), status: 201, body: body("open"), ..Call::default() });
        calls.add(Call { path: &path, sent: shown("rosa"), body: body("approved"), ..Call::default() });
    }
    calls.write(&file);
    let draft = lawful(&[&file]);
    let line =
        |part: &str| draft.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("{part} in {draft}"));
    assert!(line("distinct_persons: [approve, create_claim]").contains("# check: 38 of 39 of type claim"), "{draft}");
    let withdrawn = line("withdrawn: {}");
    assert!(withdrawn.contains("check: 21 of 22 that reached it stayed: `final`"), "{withdrawn}");
}

#[test]
fn what_contradicts_declared_states_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("changes.har");
    let mut calls = Calls::default();
    for n in 0..24 {
        let (id, path) = (7_100 + 3 * n, format!("/changes/{}", 7_100 + 3 * n));
        let body = |state: &str| Some(json!({"id": id, "state": state}));
        let sent = || vec![bearer(r#"{"sub":"mia"}"#)];
        calls.add(Call { path: "/changes", sent: sent(), status: 201, body: body("open"), ..Call::default() });
        if n == 7 {
            // A client that writes the state itself.
            let form = Some("state=approved");
            calls.add(Call {
                method: "PUT",
                path: &path,
                sent: sent(),
                form,
                body: body("approved"),
                ..Call::default()
            });
        } else {
            calls.add(Call {
                path: &format!("{path}/approve"),
                sent: sent(),
                body: body("approved"),
                ..Call::default()
            });
        }
    }
    calls.write(&file);
    let draft = lawful(&[&file]);
    let line = draft.lines().find(|line| line.contains("bear it out")).unwrap_or_else(|| panic!("{draft}"));
    assert!(line.contains("PUT /changes/7121 in ") && line.contains("changes.har#entry=15"), "{line}");
}
