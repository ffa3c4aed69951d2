//! A model that is about other traffic, or misspells a name of it, is told so.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::{code, lines, offpath, sample, stderr, stdout, text};

const MODEL: &str = "offpath: 1
workflow: {id: shop, version: 1}
actors: {roles: {from: jwt.roles}}
objects:
  order: {key: [path.order, res.id], state: res.status, attrs: {}}
activities:
  login:   {http: POST /login}
  create:  {http: \"POST /v1/orders/{order}\", object: order}
  approve: {http: \"POST /v1/orders/{order}/approval\", object: order}
  pay:     {http: \"POST /v1/orders/{order}/payment\", object: order, attrs: {amount: req.amount}}
lifecycles:
  order:
    states: {none: initial, new: {}, approved: {}, paid: final}
    transitions:
      - {activity: create, from: none, to: new}
      - {activity: approve, from: new, to: approved, by: [approver]}
      - {activity: pay, from: approved, to: paid}
";

/// Unpadded base64 in the alphabet of URLs.
fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            out.push(LETTERS[(bits >> (18 - 6 * place)) as usize & 63].into());
        }
    }
    out
}

/// An archive of some orders' lives under a prefix, each approved by someone of a role.
fn archive(file: &Path, prefix: &str, role: &str) {
    let mut entries = Vec::new();
    let mut push = |path: String, subject: &str, role: &str, state: &str| {
        let claims = format!("{{\"sub\":\"{subject}\",\"roles\":[\"{role}\"]}}");
        let token = format!("Bearer {}.{}.c2lnbmF0dXJl", base64("{\"alg\":\"HS256\"}"), base64(&claims));
        let at = entries.len();
        entries.push(json!({
            "startedDateTime": format!("2026-03-01T10:{:02}:00.000Z", at), "time": 5,
            "request": {"method": "POST", "url": format!("https://shop.example{path}"), "httpVersion": "HTTP/1.1",
                "headers": [{"name": "authorization", "value": token}, {"name": "content-type", "value": "application/json"}],
                "cookies": [], "queryString": [], "headersSize": -1, "bodySize": 2,
                "postData": {"mimeType": "application/json", "text": "{\"sum\":5}"}},
            "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1",
                "headers": [{"name": "content-type", "value": "application/json"}], "cookies": [],
                "content": {"size": 20, "mimeType": "application/json", "text": format!("{{\"status\":\"{state}\"}}")},
                "redirectURL": "", "headersSize": -1, "bodySize": 20},
            "cache": {}, "timings": {"send": 1, "wait": 3, "receive": 1},
        }));
    };
    push("/login".into(), "anna", "customer", "ok");
    for order in ["ord_104", "ord_105", "ord_106", "ord_107"] {
        push(format!("{prefix}/orders/{order}"), "anna", "customer", "new");
        push(format!("{prefix}/orders/{order}/approval"), "bert", role, "approved");
        push(format!("{prefix}/orders/{order}/payment"), "anna", "customer", "paid");
    }
    let log = json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}});
    fs::write(file, log.to_string()).unwrap();
}

struct Outcome {
    code: i32,
    screen: String,
    errors: String,
    run: Value,
    findings: Vec<Value>,
}

/// Checks orders under a prefix, approved by a role, with a model.
fn check(model: &str, prefix: &str, role: &str) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let name = |file: &str| folder.path().join(file);
    archive(&name("shop.har"), prefix, role);
    fs::write(name("model.yaml"), model).unwrap();
    let paths = ["shop.har", "model.yaml", "run"].map(|file| name(file).display().to_string());
    let output = offpath(&["check", &paths[0], "--model", &paths[1], "-o", &paths[2]]);
    let run = fs::read_to_string(name("run/run.json")).map_or(Value::Null, |run| serde_json::from_str(&run).unwrap());
    let findings = if run.is_null() { Vec::new() } else { lines(&name("run/findings.jsonl")) };
    Outcome { code: code(&output), screen: stdout(&output), errors: stderr(&output), run, findings }
}

fn warnings(outcome: &Outcome) -> Vec<&str> {
    outcome.run["warnings"].as_array().unwrap().iter().map(|warning| warning.as_str().unwrap()).collect()
}

#[test]
fn a_model_that_fits_is_not_doubted() {
    let fits = check(&MODEL.replace("req.amount", "req.sum"), "/v1", "approver");
    assert_eq!(fits.code, 0, "{}", fits.errors);
    assert!(warnings(&fits).is_empty() && fits.findings.is_empty(), "{}", fits.screen);
    assert_eq!(fits.run["model"]["activities"], json!([3, 3]));
}

#[test]
fn the_sample_model_is_not_doubted() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["capture.har.gz", "capture.pcapng.gz", "access.jsonl", "access.log"] {
        let (_run, _) =
            support::check(&[&sample().join(file)], &["-o", folder.path().join("r.json").to_str().unwrap()]);
        let run = fs::read_to_string(folder.path().join("r.json")).unwrap();
        let run: Value = serde_json::from_str(&run).unwrap();
        assert_eq!(run["warnings"], json!([]), "{file}");
    }
}

#[test]
fn another_version_of_the_api_is_not_a_clean_run() {
    for (prefix, change) in
        [("/v2", "under /v2 instead of /v1"), ("/api/v1", "look like calls under /api;"), ("", "without /v1")]
    {
        let other = check(MODEL, prefix, "approver");
        assert_eq!(other.code, 4, "{prefix}: {}", other.screen);
        let last = other.errors.lines().last().unwrap();
        assert!(last.contains("none of the 3 activities"), "{last}");
        assert!(last.contains(change), "{prefix}: {last}");
        let paths = format!(
            "POST /v1/orders/{{order}}/approval, the traffic POST {prefix}/orders/{{order}}/approval (4 times)"
        );
        assert!(last.contains(&paths), "{prefix}: {last}");
        assert!(other.screen.contains("Nothing was judged"), "{}", other.screen);
    }
}

#[test]
fn another_host_is_named() {
    let model = MODEL.replace("order}\", object", "order}\", host: api.shop.example, object");
    let other = check(
        &model
            .replace("{http: \"POST /v1/orders/{order}/", "{host: api.shop.example, http: \"POST /v1/orders/{order}/"),
        "/v1",
        "approver",
    );
    assert_eq!(other.code, 4, "{}", other.screen);
    let last = other.errors.lines().last().unwrap();
    assert!(
        last.contains(
            "POST api.shop.example/v1/orders/{order}/approval, the traffic POST shop.example/v1/orders/{order}/approval"
        ),
        "{last}"
    );
}

#[test]
fn a_role_that_nobody_has_accuses_nobody_for_sure() {
    let typo = check(&MODEL.replace("[approver]", "[approvr]"), "/v1", "approver");
    assert_eq!(typo.code, 0, "{}", typo.screen);
    let told = warnings(&typo);
    assert!(
        told.iter().any(|w| w.contains("the role `approvr`")
            && w.contains("approve")
            && w.ends_with("did you mean `approver`?")),
        "{told:?}"
    );
    let roles: Vec<&Value> = typo.findings.iter().filter(|f| f["rule"] == "FN-ROLE").collect();
    assert_eq!(roles.len(), 4);
    for finding in roles {
        assert!(finding["confidence"].as_f64().unwrap() < 0.5, "{finding}");
        assert!(
            finding["terms"]
                .as_array()
                .unwrap()
                .iter()
                .any(|t| t.as_str().unwrap().contains("nobody in this traffic is approvr"))
        );
    }
    assert!(typo.screen.contains("No finding among") && typo.screen.contains("4 for review"), "{}", typo.screen);
}

#[test]
fn a_stranger_is_still_found_where_nobody_has_the_role() {
    let stranger = check(MODEL, "/v1", "customer");
    assert_eq!(stranger.code, 1, "{}", stranger.screen);
    let found = stranger.findings.iter().find(|f| f["rule"] == "FN-ROLE").unwrap();
    assert_eq!(found["confidence"].as_f64().unwrap(), 0.6, "{found}");
    assert!(warnings(&stranger).iter().any(|w| w.contains("`approver`") && w.contains("(seen: customer)")));
}

#[test]
fn a_place_of_roles_that_nobody_has_any_at_accuses_nobody_for_sure() {
    let roles = |outcome: &Outcome| -> Vec<f64> {
        let of_roles = outcome.findings.iter().filter(|f| f["rule"] == "FN-ROLE");
        of_roles.map(|finding| finding["confidence"].as_f64().unwrap()).collect()
    };
    // A path that leads nowhere: all have the default.
    let model = MODEL.replace("{from: jwt.roles}", "{from: jwt.rolez, default: customer}");
    let lost = check(&model, "/v1", "approver");
    assert_eq!(lost.code, 0, "{}", lost.screen);
    assert!(roles(&lost).len() == 4 && roles(&lost).iter().all(|confidence| *confidence < 0.5), "{:?}", roles(&lost));
    let told = warnings(&lost);
    assert!(told.iter().any(|w| w.contains("`approver`") && w.contains("none at `jwt.rolez`")), "{told:?}");
    // A map that makes the role of another name than the traffic has.
    let model = MODEL.replace("{from: jwt.roles}", "{from: jwt.roles, map: {finn: approver}}");
    let unmapped = check(&model, "/v1", "fin");
    assert_eq!(unmapped.code, 0, "{}", unmapped.screen);
    assert!(roles(&unmapped).len() == 4 && roles(&unmapped).iter().all(|confidence| *confidence < 0.5));
    let told = warnings(&unmapped);
    assert!(told.iter().any(|w| w.ends_with("`roles.map` makes it of `finn`: did you mean `fin`?")), "{told:?}");
    // The default that tokens do say is a role like any other.
    let model = MODEL.replace("{from: jwt.roles}", "{from: jwt.roles, default: customer}");
    assert_eq!(roles(&check(&model, "/v1", "customer")), [0.6; 4]);
}

#[test]
fn a_declared_role_is_checked_when_the_model_is_read() {
    let model = MODEL
        .replace("{from: jwt.roles}", "{from: jwt.roles, map: {fin: approver}}")
        .replace("[approver]", "[approvr]");
    let typo = check(&model, "/v1", "fin");
    assert_eq!(typo.code, 2);
    assert!(typo.errors.contains("M020") && typo.errors.contains("did you mean `approver`?"), "{}", typo.errors);
}

#[test]
fn states_and_fields_that_never_come_are_named() {
    let model = MODEL
        .replace("approved: {}", "aproved: {}")
        .replace("to: approved", "to: aproved")
        .replace("from: approved", "from: aproved");
    let typo = check(&model, "/v1", "approver");
    let told = warnings(&typo);
    assert!(told.iter().any(|w| w.contains("`approved`") && w.contains("the model's `aproved`")), "{told:?}");
    assert!(told.contains(&"pay never had `amount` in 4 accepted requests"), "{told:?}");
    let typo = check(&MODEL.replace("res.status", "res.state"), "/v1", "approver");
    let told = warnings(&typo);
    assert!(told.iter().any(|w| w.starts_with("no state of order was seen at `res.state`")), "{told:?}");
    assert_eq!(text(&typo.run["model"], "id"), "shop");
}

#[test]
fn little_of_the_traffic_is_little_of_a_check() {
    let folder = tempfile::tempdir().unwrap();
    let name = |file: &str| folder.path().join(file);
    let line = |n: u32, path: &str| {
        format!("10.0.0.1 - a [01/Mar/2026:10:00:{:02} +0000] \"POST {path} HTTP/1.1\" 200 5 \"-\" \"x\"\n", n % 60)
    };
    let mut log: String = (0..40).map(|n| line(n, "/metrics")).collect();
    log.push_str(&line(0, "/v1/orders/ord_104"));
    fs::write(name("shop.log"), log).unwrap();
    fs::write(name("model.yaml"), MODEL).unwrap();
    let paths = ["shop.log", "model.yaml", "run"].map(|file| name(file).display().to_string());
    let output = offpath(&["check", &paths[0], "--model", &paths[1], "-o", &paths[2]]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("Warning    the model explains 1 of 41 events only"), "{}", stdout(&output));
    assert!(fs::read_to_string(name("run/report.html")).unwrap().contains("the model explains 1 of 41 events only"));
}

#[test]
fn a_step_that_the_traffic_calls_otherwise_is_missed_for_review_only() {
    let constraint = "constraints:\n  - {id: first, require: approve, before: pay, per: order}\n";
    let model = format!("{MODEL}{constraint}");
    let stale = model.replace("/v1/orders/{order}/approval", "/v0/orders/{order}/approval");
    let found = check(&stale, "/v1", "approver");
    assert!(!found.findings.is_empty(), "{}", found.screen);
    for finding in &found.findings {
        assert!(finding["confidence"].as_f64().unwrap() < 0.5, "{finding}");
        assert!(finding["terms"].to_string().contains("never happened in this traffic"), "{finding}");
    }
    assert_eq!(found.code, 0, "{}", found.errors);
    let other = check(&model.replace("approval\"", "seal\""), "/v1", "approver");
    assert_eq!(other.code, 1, "no call looks like that step: {}", other.screen);
}

#[test]
fn what_is_unmodelled_is_the_rest_of_the_coverage() {
    let some = check(&MODEL.replace("  login:   {http: POST /login}\n", ""), "/v1", "approver");
    let coverage = &some.run["measures"]["coverage"];
    assert_eq!(coverage, &json!([12, 13]));
    let named = "Unmodelled 1 event is no activity of the model (7.7 %): 1 of what it does not name: POST /login 1";
    let line = some.screen.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(line.contains(named), "{}", some.screen);
    // What the model names under a condition that does not hold is another matter.
    let pay = "  pay:     {http: \"POST /v1/orders/{order}/payment\"";
    assert!(MODEL.contains(pay), "{MODEL}");
    let other = check(&MODEL.replace(pay, &format!("{pay}, where: \"req.amount == 7\"")), "/v1", "approver");
    let unmodelled = &other.run["unmodelled"];
    let coverage = [0, 1].map(|part| other.run["measures"]["coverage"][part].as_u64().unwrap());
    assert_eq!(unmodelled["events"], coverage[1] - coverage[0]);
    let operation = &unmodelled["operations"][0];
    assert_eq!(
        (&operation["name"], &operation["why"]),
        (&json!("POST /v1/orders/{order}/payment"), &json!("condition"))
    );
    let line = other.screen.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(line.contains("of what it names under another condition"), "{}", other.screen);
    assert!(!line.contains("the model has"), "a call of the same name is no other: {}", other.screen);
}

#[test]
fn a_doubt_about_the_model_is_one_line_and_comes_after_mistakes_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let name = |file: &str| folder.path().join(file).display().to_string();
    archive(&folder.path().join("shop.har"), "/v1", "approver");
    let doubtful =
        MODEL.replace("transitions:\n", "transitions:\n      - {activity: create, from: none, to: approved}\n");
    fs::write(name("model.yaml"), doubtful).unwrap();
    let fine = offpath(&["check", &name("shop.har"), "--model", &name("model.yaml"), "-o", &name("run")]);
    let told: Vec<String> = stderr(&fine).lines().filter(|line| line.contains("M017")).map(str::to_owned).collect();
    assert_eq!(told.len(), 1, "{}", stderr(&fine));
    assert!(told[0].contains("model.yaml:16:") && told[0].ends_with("(offpath explain M017)"), "{told:?}");
    let wrong = offpath(&["check", &name("shop.har"), "--model", &name("model.yaml"), "-o", &name("run.what")]);
    assert_eq!(code(&wrong), 2);
    assert!(!stderr(&wrong).contains("M017"), "{}", stderr(&wrong));
}
