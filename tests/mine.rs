//! A mined draft reads as a model, and the traffic it was mined from fits it: whatever the traffic.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on stops")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use offpath::model::Model;
use offpath_fixtures::{Abuse, Format, Options};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{code, lines, offpath, sample, stderr, stdout, text, token};

/// Mines a draft; `None` where nothing could be read at all.
fn mined(inputs: &[&Path], extra: &[&str], folder: &Path) -> Option<PathBuf> {
    let draft = folder.join("draft.model.yaml");
    let _ = fs::remove_file(&draft);
    let mut args = vec!["mine", "-q", "-o", draft.to_str().unwrap()];
    args.extend(inputs.iter().map(|path| path.to_str().unwrap()));
    args.extend(extra);
    let output = offpath(&args);
    assert!([0, 3, 4].contains(&code(&output)), "{}", stderr(&output));
    draft.exists().then_some(draft)
}

/// Accepted steps that break a lifecycle of the draft. A refused attempt is no part of what a draft allows.
fn misfits(inputs: &[&Path], draft: &Path, folder: &Path) -> Vec<Value> {
    let run = folder.join("run");
    let mut args = vec!["check", "--model", draft.to_str().unwrap(), "-o", run.to_str().unwrap(), "--exit-zero", "-q"];
    args.extend(inputs.iter().map(|path| path.to_str().unwrap()));
    let output = offpath(&args);
    assert!([0, 3, 4].contains(&code(&output)), "{}", stderr(&output));
    let structural = ["ST-ILLEGAL", "ST-ORPHAN", "ST-DIVERGE"];
    let mut found = lines(&run.join("findings.jsonl"));
    found.retain(|f| text(f, "rule").starts_with("SEQ-") || structural.contains(&text(f, "rule")));
    found.retain(|f| text(f, "verdict") != "attempted");
    found
}

/// The draft of some traffic, after the law was tested on it.
fn lawful(inputs: &[&Path]) -> String {
    lawful_if_any(inputs).expect("a draft")
}

/// The same for traffic that may be too little to show an object.
fn lawful_if_any(inputs: &[&Path]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let draft = mined(inputs, &[], folder.path())?;
    let text = fs::read_to_string(&draft).unwrap();
    if let Err(errors) = Model::read("draft", &text) {
        panic!("{}\n{text}", errors.render(false));
    }
    let found = misfits(inputs, &draft, folder.path());
    assert!(found.is_empty(), "{found:#?}\n{text}");
    Some(text)
}

#[test]
fn a_mined_draft_fits_the_traffic_that_it_was_mined_from() {
    let folder = tempfile::tempdir().unwrap();
    let capture = sample().join("capture.pcapng.gz").display().to_string();
    let draft = folder.path().join("draft.model.yaml").display().to_string();
    let output = offpath(&["mine", &capture, "-o", &draft]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("order"));
    let again = offpath(&["mine", &capture, "-o", &draft]);
    assert_eq!(code(&again), 2, "an existing model is never overwritten");
    for source in ["capture.pcapng.gz", "capture.har.gz", "access.jsonl", "access.log"] {
        let draft = lawful(&[&sample().join(source)]);
        assert!(draft.contains("lifecycles:") && draft.contains("check:"), "{source}:\n{draft}");
    }
}

#[test]
fn a_draft_finds_what_a_person_would_write() {
    let draft = lawful(&[&sample().join("capture.pcapng.gz")]);
    for part in [
        "create_order: {http: \"POST /orders\", object: ",
        "pay: {http: \"POST /orders/{order}/pay\", object: order}",
        "object: {order: req.metadata.orderId}",
        "parent: {order: [res.refund.orderId, path.order]}",
        "{activity: pack, from: paid, to: packed, by: [wh]",
        "# check: seen once",
        "sha256:",
    ] {
        assert!(draft.contains(part), "no `{part}` in\n{draft}");
    }
    // Ids that do not look like ids by themselves are recognised by the company they keep.
    assert!(!draft.contains("/orders/ord_"), "{draft}");
}

#[test]
fn the_untouched_draft_of_clean_traffic_finds_nothing_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("clean");
    let options = Options {
        orders: 60,
        seed: 3,
        abuse: Abuse::parse("none").unwrap(),
        out: out.clone(),
        formats: [Format::Pcapng, Format::Har, Format::Combined, Format::Json].into(),
        loss: 0,
        reorder: 0,
        skew: 0,
        start_mid_case: 0,
        split: 1,
    };
    offpath_fixtures::write(&options).unwrap();
    for source in ["capture.pcapng", "capture.har", "access.jsonl", "access.log"] {
        let input = out.join(source);
        let draft = mined(&[&input], &[], folder.path()).unwrap();
        let run = folder.path().join("run");
        let (draft, run_name) = (draft.to_str().unwrap(), run.to_str().unwrap());
        let output =
            offpath(&["check", input.to_str().unwrap(), "--model", draft, "-o", run_name, "--exit-zero", "-q"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let found: Vec<Value> = lines(&run.join("findings.jsonl")).into_iter().filter(support::counts).collect();
        assert!(found.is_empty(), "{source}: {found:#?}");
    }
}

#[test]
fn a_draft_depends_on_the_traffic_alone() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = |split: u32| {
        let out = folder.path().join(format!("split-{split}"));
        let options = Options {
            orders: 60,
            seed: 11,
            abuse: Abuse::parse("all").unwrap(),
            out: out.clone(),
            formats: [Format::Pcapng].into(),
            loss: 0,
            reorder: 0,
            skew: 0,
            start_mid_case: 20_000,
            split,
        };
        offpath_fixtures::write(&options).unwrap();
        out
    };
    let whole = scenario(1).join("capture.pcapng");
    let body = |path: PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        text.lines().filter(|line| !line.starts_with("# input")).collect::<Vec<_>>().join("\n")
    };
    let reference = body(mined(&[&whole], &["--threads", "1"], folder.path()).unwrap());
    for extra in [&["--threads", "5"][..], &["--memory", "64K"]] {
        assert_eq!(body(mined(&[&whole], extra, folder.path()).unwrap()), reference, "{extra:?}");
    }
    let parts = scenario(3);
    let parts: Vec<PathBuf> = [2, 3, 1].map(|n| parts.join(format!("capture-{n:02}.pcapng"))).into();
    let parts: Vec<&Path> = parts.iter().map(PathBuf::as_path).collect();
    assert_eq!(body(mined(&parts, &[], folder.path()).unwrap()), reference);
}

#[test]
fn other_peoples_traffic_gives_lawful_drafts() {
    let Some(corpus) = std::env::var_os("OFFPATH_CORPUS").map(PathBuf::from) else {
        eprintln!("skipped: OFFPATH_CORPUS is not set");
        return;
    };
    let (mut tried, mut drafted) = (0, 0);
    for folder in ["har", "captures/zeek", "captures/suricata-verify", "captures/wireshark"] {
        let Ok(entries) = fs::read_dir(corpus.join(folder)) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            let folder = tempfile::tempdir().unwrap();
            tried += 1;
            // Most of these show no object, and give no draft.
            if mined(&[&path], &[], folder.path()).is_some() {
                lawful(&[&path]);
                drafted += 1;
            }
        }
    }
    assert!(tried > 20 && drafted > 5, "the corpus is not there: {drafted} of {tried}");
}

/// Claims: what somebody shows of themselves. The importer shows a key and nothing else.
const EMPLOYEE: &str = r#"{"sub":"eve","roles":["employee"]}"#;
const MANAGERS: [&str; 2] =
    [r#"{"sub":"max","roles":["employee","manager"]}"#, r#"{"sub":"dora","roles":["director","employee"]}"#];
const PAYROLL: &str = r#"{"sub":"pam","roles":["payroll"]}"#;

/// Claims that are approved and then paid by a call that answers the payout's id and the claim's state. Every second one
/// is looked at afterwards.
fn claims_with_payouts(file: &Path) {
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

/// Calls of a HAR, a minute apart.
#[derive(Default)]
struct Calls(Vec<Value>);

/// A request and its answer.
struct Call<'a> {
    method: &'a str,
    host: &'a str,
    path: &'a str,
    sent: Vec<(&'a str, String)>,
    form: Option<&'a str>,
    status: u16,
    answered: Vec<(&'a str, String)>,
    body: Option<Value>,
}

impl Default for Call<'_> {
    fn default() -> Self {
        let (sent, answered) = (Vec::new(), Vec::new());
        Call { method: "POST", host: "api.example", path: "/", sent, form: None, status: 200, answered, body: None }
    }
}

/// A header that shows these claims.
fn bearer(claims: &str) -> (&'static str, String) {
    ("Authorization", format!("Bearer {}", token(claims)))
}

impl Calls {
    fn add(&mut self, call: Call<'_>) {
        let minute = self.0.len();
        let headers = |named: &[(&str, String)]| -> Vec<Value> {
            named.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
        };
        let mut request = json!({"method": call.method, "url": format!("https://{}{}", call.host, call.path),
            "httpVersion": "HTTP/1.1", "headers": headers(&call.sent), "cookies": [], "queryString": [],
            "headersSize": -1, "bodySize": 0});
        if let Some(form) = call.form {
            let mime = "application/x-www-form-urlencoded";
            request["postData"] = json!({"mimeType": mime, "text": form});
            let headers = request["headers"].as_array_mut().unwrap();
            headers.push(json!({"name": "Content-Type", "value": mime}));
        }
        let mut answered = headers(&call.answered);
        if call.body.is_some() {
            answered.push(json!({"name": "Content-Type", "value": "application/json"}));
        }
        let text = call.body.map(|body| body.to_string()).unwrap_or_default();
        self.0.push(json!({
            "startedDateTime": format!("2026-05-{:02}T{:02}:{:02}:00.000Z", 4 + minute / 1_440, minute / 60 % 24, minute % 60),
            "time": 5, "request": request,
            "response": {"status": call.status, "statusText": "", "httpVersion": "HTTP/1.1", "headers": answered,
                "cookies": [], "redirectURL": "", "headersSize": -1, "bodySize": text.len(),
                "content": {"size": text.len(), "mimeType": "application/json", "text": text}},
            "cache": {}, "timings": {"send": 1, "wait": 3, "receive": 1},
        }));
    }

    fn write(self, file: &Path) {
        let log = json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": self.0}});
        fs::write(file, log.to_string()).unwrap();
    }
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
    assert!(stdout(&output).contains("30 of 30 lives fit"), "{}", stdout(&output));
    assert!(!stdout(&output).contains("too little seen"), "{}", stdout(&output));
}

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

/// A line of a log in JSON.
fn logged(at: usize, host: &str, user: &str, call: (&str, String), status: u16, roles: &[&str]) -> String {
    let time = format!("2026-05-{:02}T{:02}:{:02}:00Z", 4 + at / 1_440, at / 60 % 24, at % 60);
    let line = json!({"time": time, "remote_addr": "10.0.0.1", "remote_user": user, "http_host": host, "roles": roles,
        "request_method": call.0, "request_uri": call.1, "status": status, "body_bytes_sent": 10});
    line.to_string() + "\n"
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

/// Changes of two tenants who count them alike, as a log sees them: no creation, the host of every step.
fn changes(hosts: [&str; 2], crossing: bool) -> String {
    let (mut text, mut at) = (String::new(), 0);
    let mut add = |host: &str, user: &str, path: String| {
        at += 1;
        text += &logged(at, host, user, ("POST", path), 200, &[]);
    };
    for n in 1..=15 {
        for (host, people) in [(hosts[0], ["mia", "kai"]), (hosts[1], ["tom", "ana"])] {
            let people = if crossing { ["mia", "kai"] } else { people };
            add(host, people[0], format!("/changes/{n}/submit"));
            add(host, people[1], format!("/changes/{n}/approve"));
        }
    }
    text
}

#[test]
fn tenants_that_count_alike_are_told_apart_by_their_hosts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("changes.log");
    fs::write(&file, changes(["acme.flags.example", "globex.flags.example"], false)).unwrap();
    let draft = lawful(&[&file]);
    assert!(draft.contains("    within: tenant") && draft.contains("    tenant: host.label.0"), "{draft}");
    assert!(draft.contains("change:  # 30 objects"), "{draft}");
    assert!(!draft.contains("seen once"), "{draft}");
    // The same people on both hosts: two names of one service, or one staff for all tenants. Nobody knows.
    fs::write(&file, changes(["a.flags.example", "b.flags.example"], true)).unwrap();
    let draft = lawful(&[&file]);
    assert!(
        draft.contains("    # within: tenant") && draft.contains("# check: change 1 was seen under hosts"),
        "{draft}"
    );
    // Customers and staff on hosts of their own share orders, and do other things to them.
    let mut text = String::new();
    for n in 1..=15 {
        text += &logged(4 * n, "shop.example", &format!("c{}", n % 4), ("POST", format!("/orders/{n}/pay")), 200, &[]);
        text += &logged(4 * n + 1, "admin.example", "wim", ("POST", format!("/orders/{n}/pack")), 200, &[]);
        text += &logged(4 * n + 2, "admin.example", "wim", ("POST", format!("/orders/{n}/ship")), 200, &[]);
    }
    fs::write(&file, text).unwrap();
    let draft = lawful(&[&file]);
    assert!(!draft.contains("within: tenant") && draft.contains("order:  # 15 objects"), "{draft}");
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

/// Random traffic of a random API: the server follows an automaton of its own, loosely.
struct World {
    random: u64,
    entries: Vec<Value>,
    /// What this API's answers look like.
    wraps: bool,
    states: u64,
    /// One answer in so many tells a state that nobody moved to; never when 0.
    lies: u64,
}

impl World {
    fn new(seed: u64) -> World {
        let mut world = World { random: seed | 1, entries: Vec::new(), wraps: false, states: 0, lies: 0 };
        world.wraps = world.below(2) == 0;
        world.states = world.below(5);
        world.lies = [0, 0, 6][world.below(3) as usize];
        world
    }

    /// A number below `n`.
    fn below(&mut self, n: u64) -> u64 {
        // Marsaglia's xorshift.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % n
    }

    fn answer(&mut self, kind: &str, id: &str, state: u64) -> String {
        let lie = self.lies > 0 && self.below(self.lies) == 0;
        let state = if lie { self.below(4) } else { state };
        let mut fields = json!({"id": id});
        if self.states > 0 {
            fields["status"] = json!(["new", "Paid", "on hold", "no"][(state % self.states.min(4)) as usize]);
        }
        if self.wraps { json!({ kind: fields }).to_string() } else { fields.to_string() }
    }

    fn call(&mut self, at: u64, method: &str, path: &str, status: u64, body: String, sent: Option<Value>) {
        let lasts = self.below(1_500);
        let time = jiff_like(at);
        let kept = self.below(12) > 0;
        let mut request = json!({
            "method": method, "url": format!("https://api.example{path}"), "httpVersion": "HTTP/1.1",
            "headers": [{"name": "X-User", "value": "u"}], "queryString": [], "cookies": [],
            "headersSize": -1, "bodySize": -1,
        });
        if let Some(sent) = sent {
            request["postData"] = json!({"mimeType": "application/json", "text": sent.to_string()});
        }
        let content = if kept && !body.is_empty() {
            json!({"size": body.len(), "mimeType": "application/json", "text": body})
        } else {
            json!({"size": 0, "mimeType": "application/json"})
        };
        self.entries.push(json!({
            "startedDateTime": time, "time": lasts,
            "request": request,
            "response": {"status": status, "statusText": "", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [],
                "content": content, "redirectURL": "", "headersSize": -1, "bodySize": -1},
            "cache": {}, "timings": {"send": 0, "wait": lasts, "receive": 0},
        }));
    }

    /// One object's life, with a part of its own here and there.
    fn live(&mut self, number: u64) {
        let kind = ["job", "event", "box"][self.below(3) as usize];
        let id = match self.below(3) {
            0 => format!("{}", 1_000 + number),
            1 => format!("k_{number:06}"),
            _ => format!("{number}"),
        };
        let path = format!("/v1/{}/{id}", if kind == "box" { "boxes".to_owned() } else { format!("{kind}s") });
        let collection = path.rsplit_once('/').unwrap().0.to_owned();
        let mut at = self.below(60_000);
        let mut state = 0;
        if self.below(5) > 0 {
            let body = self.answer(kind, &id, state);
            self.call(at, "POST", &collection, 201, body, Some(json!({"n": 1})));
        }
        for _ in 0..self.below(9) {
            at += self.below(2_000);
            let refused = self.below(8) == 0;
            let status = if refused { [403, 409, 500][self.below(3) as usize] } else { 200 };
            let moves = self.below(4);
            let body = self.answer(kind, &id, state);
            match self.below(7) {
                0 | 1 => self.call(at, "GET", &path, status, body, None),
                2 => self.call(at, "DELETE", &path, if refused { status } else { 204 }, String::new(), None),
                3 => {
                    let part = self.below(6);
                    let body = self.answer("part", &part.to_string(), part);
                    let under = format!("{path}/parts");
                    if self.below(2) == 0 {
                        self.call(at, "POST", &under, status, body, Some(json!({"n": 1})));
                    } else {
                        self.call(at, "PUT", &format!("{under}/{part}"), status, body, Some(json!({"n": 2})));
                    }
                }
                4 => self.call(
                    at,
                    "POST",
                    "/hooks",
                    status,
                    "{}".to_owned(),
                    Some(json!({ "ref": {format!("{kind}Id"): id} })),
                ),
                _ => {
                    state = if refused { state } else { state + moves };
                    let body = self.answer(kind, &id, state);
                    let step = ["pay", "ship", "hold"][self.below(3) as usize];
                    self.call(at, "POST", &format!("{path}/{step}"), status, body, Some(json!({"n": moves})));
                }
            }
        }
    }

    fn har(mut self, objects: u64) -> String {
        (0..objects).for_each(|number| self.live(number));
        json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": self.entries}})
            .to_string()
    }
}

/// Milliseconds of one day as a HAR writes them, cut to whole seconds now and then so that events tie.
fn jiff_like(millis: u64) -> String {
    let (seconds, rest) = (millis / 1_000, if millis.is_multiple_of(3) { 0 } else { millis % 1_000 });
    format!("2026-09-07T06:{:02}:{:02}.{rest:03}Z", seconds / 60 % 60, seconds % 60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_traffic_fits_its_own_draft(seed in any::<u64>(), objects in 1u64..40) {
        let folder = tempfile::tempdir().unwrap();
        let har = folder.path().join("t.har");
        fs::write(&har, World::new(seed).har(objects)).unwrap();
        let draft = lawful_if_any(&[&har]);
        prop_assert!(draft.is_some() || objects < 8, "{objects} objects give a draft");
    }
}
