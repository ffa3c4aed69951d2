//! Steps: what ties them to objects, and what they make of these.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::calls::{Call, Calls, bearer};
use crate::lawful;
use crate::roles::claims_with_payouts;
use crate::support::{code, offpath, stdout};

#[test]
fn a_step_that_makes_a_child_and_moves_its_parent_is_one_of_both() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claims.har");
    claims_with_payouts(&file);
    let draft = lawful(&[&file]);
    assert!(draft.contains("object: [{payout: res.payout.id}, {claim: path.claim}]"), "{draft}");
    assert!(
        draft.contains("{activity: create_payout, from: approved, to: paid, by: [payroll], once: true}"),
        "{draft}"
    );
    assert!(!draft.contains("without a step that was seen"), "{draft}");
    let (_, payout) = draft.split_once("  payout:").unwrap();
    let (payout, _) = payout.split_once("activities:").unwrap();
    assert!(!payout.contains("state:"), "the answer's state is the claim's:\n{draft}");
}

/// Visits that are booked and then begun or cancelled; nothing is ever called at exactly the path that `Location` names.
fn visits(file: &Path, with_body: bool) {
    let mut calls = Calls::default();
    for n in 0..30 {
        let (id, sent) = (7_100 + 3 * n, vec![bearer(r#"{"sub":"eve","roles":["desk"]}"#)]);
        let (path, body) = (format!("/v3/visits/{id}"), |state: &str| Some(json!({"id": id, "status": state})));
        let answered = vec![("Location", path.clone())];
        let body_of_201 = body("booked").filter(|_| with_body);
        calls.add(Call {
            path: "/v3/visits",
            sent: sent.clone(),
            status: 201,
            answered,
            body: body_of_201,
            ..Call::default()
        });
        let (verb, state) = if n % 5 == 0 { ("cancel", "cancelled") } else { ("begin", "begun") };
        calls.add(Call { path: &format!("{path}/{verb}"), sent, body: body(state), ..Call::default() });
    }
    calls.write(file);
}

#[test]
fn a_location_ties_a_creation_though_nothing_is_called_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("visits.har");
    for (with_body, born) in [(true, "booked"), (false, "created")] {
        visits(&file, with_body);
        let draft = lawful(&[&file]);
        assert!(draft.contains(&format!("{{activity: create_visit, from: none, to: {born}")), "{draft}");
        assert!(draft.contains(&format!("{{activity: begin, from: {born}, to: begun")), "{draft}");
        assert!(!draft.contains("no transition"), "{draft}");
    }
    // A model of one's own needs no call of that path either.
    let model = folder.path().join("hand.yaml");
    let hand = r#"offpath: 1
workflow: {id: visits, version: 1}
objects: {visit: {key: path.visit}}
activities:
  book: {http: POST /v3/visits, object: visit}
  begin: {http: "POST /v3/visits/{visit}/begin", object: visit}
  cancel: {http: "POST /v3/visits/{visit}/cancel", object: visit}
lifecycles:
  visit:
    states: {none: initial, booked: {}, begun: final, cancelled: final}
    transitions:
      - {activity: book, from: none, to: booked}
      - {activity: begin, from: booked, to: begun}
      - {activity: cancel, from: booked, to: cancelled}
"#;
    fs::write(&model, hand).unwrap();
    let run = folder.path().join("run");
    let (file, model, run) = (file.to_str().unwrap(), model.to_str().unwrap(), run.to_str().unwrap());
    let output = offpath(&["check", file, "--model", model, "-o", run]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert!(stdout(&output).contains("100 % of lives fit (30 of 30)"), "{}", stdout(&output));
    // Nothing that the model speaks of was seen too little.
    let little = "too little seen to decide (har): ";
    let said = stdout(&output);
    assert!(said.lines().all(|line| !line.contains(little) || line.ends_with(": LG-NOCORR")), "{said}");
}
