//! What a source cannot show is never called wrong, nor clean: tenants, beginnings, kinds of actors.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::{code, lines, object, offpath, stderr, stdout, text};

struct Run {
    findings: Vec<Value>,
    summary: Value,
    screen: String,
    told: String,
}

impl Run {
    fn of(name: &str, input: &str, model: &str) -> Run {
        let folder = tempfile::tempdir().unwrap();
        let [file, yaml, run] = [name, "model.yaml", "run"].map(|name| folder.path().join(name));
        fs::write(&file, input).unwrap();
        fs::write(&yaml, model).unwrap();
        let [file, yaml, out] = [&file, &yaml, &run].map(|path| path.to_str().unwrap());
        let output = offpath(&["check", file, "--model", yaml, "-o", out, "--exit-zero"]);
        assert!([0, 4].contains(&code(&output)), "{}", stderr(&output));
        let summary = serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
        let findings = lines(&run.join("findings.jsonl"));
        Run { findings, summary, screen: stdout(&output), told: stderr(&output) }
    }

    /// Rules and objects of the findings, sorted.
    fn found(&self) -> Vec<String> {
        let one = |finding: &Value| format!("{} {}", text(finding, "rule"), object(finding));
        let mut found: Vec<String> = self.findings.iter().map(one).collect();
        found.sort();
        found
    }

    /// Why a rule was not judged, or not wholly; empty where it was.
    fn why(&self, rule: &str) -> String {
        let rules = self.summary["rules"].as_array().unwrap();
        let rule = rules.iter().find(|one| one["id"] == rule).unwrap();
        let why = rule["blind"].as_object().unwrap().values().filter_map(|blind| blind["why"].as_str());
        why.collect::<Vec<_>>().join("; ")
    }

    fn warnings(&self) -> String {
        self.summary["warnings"].to_string()
    }
}

/// A line of a combined log, at so many minutes of a day; with its host in front, where there is one.
fn line(host: &str, minute: u32, user: &str, call: &str, status: u16) -> String {
    let front = if host.is_empty() { String::new() } else { format!("{host} ") };
    let (hour, minute) = (8 + minute / 60, minute % 60);
    format!(
        "{front}10.0.0.7 - {user} [01/Mar/2026:{hour:02}:{minute:02}:00 +0000] \"{call} HTTP/1.1\" {status} 20 \"-\" \"curl\"\n"
    )
}

/// Changes 1 to 4 of two tenants go their way; one of them is deployed twice.
fn changes(hosts: bool) -> String {
    let mut log = String::new();
    for (place, tenant) in ["acme", "globex"].into_iter().enumerate() {
        let host = if hosts { format!("{tenant}.flags.example") } else { String::new() };
        for id in 1..=4 {
            let start = u32::try_from(place).unwrap() * 3 + id * 20;
            for (step, minute) in [("submit", 0), ("approve", 1), ("deploy", 2)] {
                let call = format!("POST /changes/{id}/{step}");
                log += &line(&host, start + minute, &format!("ann.{tenant}"), &call, 200);
            }
            if id == 3 && tenant == "acme" {
                log += &line(&host, start + 12, "bob.acme", "POST /changes/3/deploy", 200);
            }
        }
    }
    log
}

const CHANGES: &str = r#"offpath: 1
workflow: {id: flags, version: 1}
objects: {change: {key: [path.id], within: tenant, tenant: host.label.0}}
activities:
  submit: {http: "POST /changes/{id}/submit", object: change}
  approve: {http: "POST /changes/{id}/approve", object: change}
  deploy: {http: "POST /changes/{id}/deploy", object: change}
lifecycles:
  change:
    states: {none: initial, open: {}, approved: {}, deployed: final}
    transitions:
      - {activity: submit, from: none, to: open}
      - {activity: approve, from: open, to: approved}
      - {activity: deploy, from: approved, to: deployed, once: true}
constraints:
  - {id: approved-first, require: approve, before: deploy, per: change}
"#;

#[test]
fn objects_of_unknown_tenants_are_not_taken_for_one() {
    let hostless = Run::of("access.log", &changes(false), CHANGES);
    assert_eq!(hostless.found(), Vec::<String>::new());
    for rule in ["AP-MISSING", "SEQ-REPEAT", "SEQ-SKIP", "ST-ILLEGAL", "ST-ORPHAN"] {
        assert_eq!(hostless.why(rule), "no tenants", "{rule}");
    }
    assert!(
        hostless.warnings().contains("25 steps were on a change whose tenant is not known"),
        "{}",
        hostless.warnings()
    );
    assert!(hostless.warnings().contains("log the host"), "{}", hostless.warnings());
    assert!(hostless.screen.contains("no tenants (combined)"), "{}", hostless.screen);
    let hosted = Run::of("access.log", &changes(true), CHANGES);
    assert_eq!(hosted.found(), ["SEQ-REPEAT change:acme/3"]);
    assert!(!hosted.warnings().contains("tenant"), "{}", hosted.warnings());
    assert_eq!(hosted.why("SEQ-REPEAT"), "");
}

#[test]
fn steps_without_a_tenant_excuse_the_objects_that_they_may_be_on() {
    let mut log = changes(true).replace("POST /changes/2/approve", "POST /changes/2/look");
    assert_eq!(Run::of("access.log", &log, CHANGES).found().iter().filter(|f| f.starts_with("AP-MISSING")).count(), 2);
    // The approvals may be these two, of which nobody knows the tenant.
    for minute in [41, 44] {
        log += &line("", minute, "eve", "POST /changes/2/approve", 200);
    }
    let excused = Run::of("access.log", &log, CHANGES);
    assert_eq!(excused.found(), ["SEQ-REPEAT change:acme/3"]);
    assert!(excused.why("AP-MISSING").contains("tenants in"), "{}", excused.why("AP-MISSING"));
}

/// Scripts that are signed and dispensed; of one the signature is missing. The log names those that it creates only
/// where `located`.
fn scripts(located: bool) -> String {
    let mut log = String::new();
    for id in 1..=12 {
        let call = if located { format!("PUT /scripts/{id}") } else { "POST /scripts".to_owned() };
        log += &line("", id * 10, "lind", &call, 201);
        if id != 7 {
            log += &line("", id * 10 + 2, "okafor", &format!("POST /scripts/{id}/sign"), 200);
        }
        log += &line("", id * 10 + 4, "hale", &format!("POST /scripts/{id}/dispense"), 200);
    }
    log
}

fn scripts_model(check: &str) -> String {
    format!(
        r#"offpath: 1
workflow: {{id: clinic, version: 1}}
objects: {{script: {{key: [path.id, res.id]}}}}
activities:
  write: {{any: [{{http: POST /scripts}}, {{http: "PUT /scripts/{{id}}"}}], object: script}}
  sign: {{http: "POST /scripts/{{id}}/sign", object: script}}
  dispense: {{http: "POST /scripts/{{id}}/dispense", object: script}}
lifecycles:
  script:
    states: {{none: initial, draft: {{}}, signed: {{}}, dispensed: final}}
    transitions:
      - {{activity: write, from: none, to: draft}}
      - {{activity: sign, from: draft, to: signed}}
      - {{activity: dispense, from: signed, to: dispensed}}
constraints:
  - {{id: signed-first, require: sign, before: dispense, per: script, max_age: 30d}}
{check}"#
    )
}

#[test]
fn a_rule_that_can_only_say_yes_is_not_shown_as_clean() {
    let unborn = Run::of("access.log", &scripts(false), &scripts_model(""));
    assert_eq!(unborn.found(), Vec::<String>::new());
    for rule in ["AP-MISSING", "AP-STALE"] {
        let why = unborn.why(rule);
        assert!(
            why.contains("not shown on what write was") && why.contains("first_seen_state: initial"),
            "{rule}: {why}"
        );
    }
    let assumed = Run::of("access.log", &scripts(false), &scripts_model("check: {first_seen_state: initial}\n"));
    assert!(assumed.found().contains(&"AP-MISSING script:7".to_owned()), "{:?}", assumed.found());
    let born = Run::of("access.log", &scripts(true), &scripts_model(""));
    assert_eq!(born.found(), ["AP-MISSING script:7"]);
    assert_eq!((born.why("AP-MISSING"), born.why("AP-STALE")), (String::new(), String::new()));
}

#[test]
fn a_finding_says_that_its_object_was_not_seen_from_the_beginning() {
    let late = |located| {
        let log = scripts(located) + &line("", 80, "okafor", "POST /scripts/7/sign", 200);
        let run = Run::of("access.log", &log, &scripts_model(""));
        let finding = run.findings.into_iter().find(|f| object(f) == "script:7").unwrap();
        (finding["actor"]["principal"].clone(), text(&finding, "why").to_owned(), finding["terms"].to_string())
    };
    let (who, why, terms) = late(false);
    assert_eq!(who, "okafor");
    assert!(why.contains("not seen from its beginning") && why.contains("somebody else's"), "{why}");
    assert!(terms.contains("the object was not seen from its beginning"), "{terms}");
    let (who, why, terms) = late(true);
    assert_eq!(who, "hale");
    assert!(!why.contains("beginning") && !terms.contains("beginning"), "{why} {terms}");
}

/// Jobs that are made by a person and run by a service, but for one; as a log names the user.
fn jobs() -> String {
    (1..=9u32)
        .flat_map(|id| {
            let runs = if id == 4 { "mia" } else { "ci.x" };
            [(id * 10, "mia", "PUT", String::new(), 201), (id * 10 + 1, runs, "POST", "/run".to_owned(), 200)]
                .map(|call| (id, call))
        })
        .map(|(id, (minute, user, method, step, status))| {
            let time = format!("2026-03-01T{:02}:{:02}:00Z", 8 + minute / 60, minute % 60);
            let path = format!("/jobs/{id}{step}");
            json!({"time": time, "user": user, "roles": ["dev"], "method": method, "path": path, "status": status})
                .to_string()
                + "\n"
        })
        .collect()
}

fn entry(
    second: u32,
    headers: &[(&str, &str)],
    call: &str,
    sent: Value,
    status: u16,
    answer: &[(&str, &str)],
    body: Value,
) -> Value {
    let (method, url) = call.split_once(' ').unwrap();
    let list = |headers: &[(&str, &str)]| -> Vec<Value> {
        headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
    };
    let mut answered = list(answer);
    answered.push(json!({"name": "Content-Type", "value": "application/json"}));
    json!({"startedDateTime": format!("2026-03-01T08:{:02}:{:02}.000Z", second / 60, second % 60), "time": 20,
        "request": {"method": method, "url": format!("https://{url}"), "httpVersion": "HTTP/1.1", "headers": list(headers),
            "queryString": [], "cookies": [], "headersSize": -1, "bodySize": -1,
            "postData": {"mimeType": "application/json", "text": sent.to_string()}},
        "response": {"status": status, "statusText": "", "httpVersion": "HTTP/1.1", "headers": answered, "cookies": [],
            "redirectURL": "", "headersSize": -1, "bodySize": -1,
            "content": {"size": 1, "mimeType": "application/json", "text": body.to_string()}},
        "cache": {}, "timings": {"send": 1, "wait": 18, "receive": 1}})
}

fn archive(entries: &[Value]) -> String {
    json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}}).to_string()
}

/// The same jobs as a HAR shows them: sessions of people, keys of services.
fn jobs_archive() -> String {
    let person = [("Cookie", "sid=aaaaaaaaaaaaaaaa")];
    let service = [("X-Api-Key", "kkkkkkkkkkkkkkkk")];
    let user = json!({"user": {"id": "mia", "roles": ["dev"]}});
    let mut entries = vec![entry(
        0,
        &[],
        "POST a.example/login",
        json!({"password": "x"}),
        200,
        &[("Set-Cookie", "sid=aaaaaaaaaaaaaaaa")],
        user,
    )];
    for id in 1..=9u32 {
        let runs: &[(&str, &str)] = if id == 4 { &person } else { &service };
        entries.push(entry(id * 10, &person, &format!("PUT a.example/jobs/{id}"), json!({}), 201, &[], json!({})));
        entries.push(entry(
            id * 10 + 1,
            runs,
            &format!("POST a.example/jobs/{id}/run"),
            json!({}),
            200,
            &[],
            json!({}),
        ));
    }
    archive(&entries)
}

fn jobs_model(kinds: &str) -> String {
    format!(
        r#"offpath: 1
workflow: {{id: jobs, version: 1}}
actors:
  identify: [cookie.sid@login, header.x-api-key]
{kinds}  roles: {{from: [res.user.roles, log.roles]}}
objects: {{job: {{key: [path.id]}}}}
activities:
  login: {{http: POST /login, bind: {{cookie.sid: res.user.id}}}}
  make: {{http: "PUT /jobs/{{id}}", object: job}}
  run: {{http: "POST /jobs/{{id}}/run", object: job}}
lifecycles:
  job:
    states: {{none: initial, new: {{}}, done: final}}
    transitions: [{{activity: make, from: none, to: new}}, {{activity: run, from: new, to: done, by: [service]}}]
"#
    )
}

#[test]
fn a_guard_over_what_the_source_carries_decides_the_kind() {
    let by_user = jobs_model("  kinds: {service: \"log.user.startsWith('ci.')\", default: human}\n");
    let log = Run::of("jobs.json.log", &jobs(), &by_user);
    assert_eq!((log.found(), log.why("FN-ROLE")), (vec!["FN-ROLE job:4".to_owned()], String::new()));
    let archive = Run::of("jobs.har", &jobs_archive(), &by_user);
    assert_eq!(archive.found(), Vec::<String>::new(), "a HAR has no user of a log");
    assert!(archive.why("FN-ROLE").contains("kinds of actors"), "{}", archive.why("FN-ROLE"));
    let by_key = jobs_model("  kinds: {service: \"has(header.x-api-key)\", default: human}\n");
    assert_eq!(Run::of("jobs.har", &jobs_archive(), &by_key).found(), ["FN-ROLE job:4"]);
    let log = Run::of("jobs.json.log", &jobs(), &by_key);
    assert_eq!((log.found(), log.why("FN-ROLE").as_str()), (vec![], "no kinds of actors"));
}

#[test]
fn one_model_tells_kinds_in_logs_and_archives() {
    let either =
        jobs_model("  kinds: {service: \"has(header.x-api-key) || log.user.startsWith('ci.')\", default: human}\n");
    for (name, input) in [("jobs.json.log", jobs()), ("jobs.har", jobs_archive())] {
        let run = Run::of(name, &input, &either);
        assert_eq!(run.found(), Vec::<String>::new());
        assert!(run.why("FN-ROLE").contains("kinds of actors in"), "1 of 9 undecided, and the only one that matters");
    }
    let listed =
        jobs_model("  kinds: {service: [\"has(header.x-api-key)\", \"log.user.startsWith('ci.')\"], default: human}\n");
    for (name, input) in [("jobs.json.log", jobs()), ("jobs.har", jobs_archive())] {
        let run = Run::of(name, &input, &listed);
        assert_eq!((run.found(), run.why("FN-ROLE")), (vec!["FN-ROLE job:4".to_owned()], String::new()), "{name}");
    }
}

#[test]
fn a_key_of_which_nothing_says_who_holds_it_is_no_person() {
    let run = Run::of("jobs.har", &jobs_archive(), &jobs_model(""));
    assert_eq!(run.found(), ["FN-ROLE job:4"], "who has a session is a person, a key may be a service's");
    assert!(run.warnings().contains("nobody in this traffic is known to be a `service`"), "{}", run.warnings());
    let told = Run::of("jobs.har", &jobs_archive(), &jobs_model("  kinds: {service: \"has(header.x-api-key)\"}\n"));
    assert!(!told.warnings().contains("nobody"), "{}", told.warnings());
}

/// Two tenants' people log in and work on their own notes, and one reads the other tenant's.
fn notes(host: &str) -> String {
    let mut entries = Vec::new();
    let cookies = [("acme", "aaaaaaaaaaaaaaaa"), ("globex", "gggggggggggggggg")];
    for (at, (tenant, sid)) in (0u32..).zip(cookies) {
        let (cookie, set) = (format!("sid={sid}"), format!("sid={sid}; HttpOnly"));
        let user = json!({"user": {"id": format!("ann.{tenant}"), "org": tenant}});
        let host = if host.is_empty() { tenant } else { host };
        let sent = json!({"user": "ann", "password": "x"});
        entries.push(entry(at, &[], &format!("POST {host}.n.example/login"), sent, 200, &[("Set-Cookie", &set)], user));
        for id in 1..=3u32 {
            let calls = [("PUT", String::new(), 201), ("GET", String::new(), 200), ("POST", "/close".to_owned(), 200)];
            for (nth, (method, step, status)) in (0u32..).zip(calls) {
                let call = format!("{method} {host}.n.example/notes/{id}{step}");
                entries.push(entry(
                    100 * at + 10 * id + nth + 5,
                    &[("Cookie", &cookie)],
                    &call,
                    json!({}),
                    status,
                    &[],
                    json!({}),
                ));
            }
        }
    }
    let other = if host.is_empty() { "globex" } else { host };
    let stranger = [("Cookie", "sid=aaaaaaaaaaaaaaaa")];
    entries.push(entry(400, &stranger, &format!("GET {other}.n.example/notes/2"), json!({}), 200, &[], json!({})));
    archive(&entries)
}

fn notes_model(tenant: &str, scope: &str) -> String {
    format!(
        r#"offpath: 1
workflow: {{id: notes, version: 1}}
actors: {{identify: [cookie.sid@login], tenant: {tenant}}}
objects: {{note: {{key: [path.id], within: tenant{scope}}}}}
activities:
  login: {{http: POST /login, bind: {{cookie.sid: res.user.id}}}}
  write: {{http: "PUT /notes/{{id}}", object: note}}
  view: {{http: "GET /notes/{{id}}", object: note, read: true}}
  close: {{http: "POST /notes/{{id}}/close", object: note}}
lifecycles:
  note:
    states: {{none: initial, open: {{}}, closed: final}}
    transitions: [{{activity: write, from: none, to: open, once: true}}, {{activity: close, from: open, to: closed, once: true}}]
constraints:
  - {{id: wall, same: [actor.tenant, note.tenant], activities: any}}
"#
    )
}

#[test]
fn the_tenant_that_a_login_tells_lasts_as_long_as_its_session() {
    let run = Run::of("notes.har", &notes(""), &notes_model("[res.user.org]", ", tenant: host.label.0"));
    assert_eq!((run.found(), run.why("TEN-CROSS")), (vec!["TEN-CROSS note:globex/2".to_owned()], String::new()));
    assert!(!run.told.contains("M029"), "{}", run.told);
}

#[test]
fn a_session_tells_the_notes_of_two_tenants_apart_on_one_host() {
    let run = Run::of("notes.har", &notes("app"), &notes_model("[res.user.org]", ""));
    assert_eq!(run.found(), Vec::<String>::new());
    assert_eq!(run.summary["cases"], 6, "{}", run.summary["cases"]);
    assert!(run.told.contains("M029"), "the note's tenant is the actor's: {}", run.told);
    assert!(run.why("TEN-CROSS").contains("tenants of actors told apart"), "{}", run.why("TEN-CROSS"));
    assert_eq!(run.why("SEQ-REPEAT"), "");
}

#[test]
fn the_tenant_of_a_session_comes_before_a_path_behind_it() {
    let model = notes_model("[res.user.org, host.label.0]", ", tenant: host.label.0");
    let run = Run::of("notes.har", &notes(""), &model);
    assert_eq!((run.found(), run.why("TEN-CROSS")), (vec!["TEN-CROSS note:globex/2".to_owned()], String::new()));
    assert!(run.told.contains("M029"), "where no login was seen, the host decides both: {}", run.told);
}

#[test]
fn a_tenant_is_not_compared_with_itself() {
    let model = notes_model("[jwt.tid, host.label.0]", ", tenant: host.label.0");
    let run = Run::of("notes.har", &notes(""), &model);
    assert_eq!(run.found(), Vec::<String>::new());
    assert_eq!(run.why("TEN-CROSS"), "no tenants of actors told apart from those of objects");
    assert!(run.told.contains("`actor.tenant` and `note.tenant` may both be read from `host.label.0`"), "{}", run.told);
}

/// Fines are raised and paid in full, but for one.
fn fines(raised: bool) -> String {
    let mut entries = Vec::new();
    for id in 1..=4u32 {
        let call = |step: &str| format!("POST f.example/fines/{id}{step}");
        if raised {
            entries.push(entry(id * 10, &[], &call(""), json!({"amount": 9}), 201, &[], json!({})));
        }
        let paid = if id == 3 { 1 } else { 9 };
        entries.push(entry(id * 10 + 5, &[], &call("/pay"), json!({"amount": paid}), 200, &[], json!({})));
    }
    archive(&entries)
}

#[test]
fn a_guard_sees_an_object_as_it_was_before_the_request_that_it_judges() {
    let model = r#"offpath: 1
workflow: {id: fines, version: 1}
objects: {fine: {key: [path.id], attrs: {amount: "money(req.amount, 'EUR')"}}}
activities:
  raise: {http: "POST /fines/{id}", object: fine}
  pay: {http: "POST /fines/{id}/pay", object: fine, attrs: {amount: "money(req.amount, 'EUR')"}}
lifecycles:
  fine:
    states: {none: initial, open: {}, paid: final}
    transitions:
      - {activity: raise, from: none, to: open, when: "fine.amount > money('5 EUR')"}
      - {activity: pay, from: open, to: paid, when: "event.amount == fine.amount"}
"#;
    let run = Run::of("fines.har", &fines(true), model);
    assert_eq!(run.found(), ["TX-MISMATCH fine:3"]);
    assert!(text(&run.findings[0], "title").contains("seen 1 EUR and 9 EUR"), "{}", run.findings[0]["title"]);
    let unraised = Run::of("fines.har", &fines(false), model);
    assert_eq!(unraised.found(), Vec::<String>::new(), "of what the fine was nothing is known");
}

/// Shipments that a check comes before, but for cheap orders; what an order costs stands in the answer to its making.
fn parcels(total: &str) -> String {
    format!(
        r#"
offpath: 1
workflow: {{id: parcels, version: 1}}
objects: {{order: {{key: [path.order, req.orderId], attrs: {{total: "{total}"}}}}}}
activities:
  create: {{http: "POST /orders/{{order}}", object: order}}
  verify: {{http: "POST /orders/{{order}}/check", object: order}}
  ship:   {{http: "POST /orders/{{order}}/shipment", object: order}}
lifecycles:
  order:
    states: {{none: initial, new: {{}}, checked: {{}}, shipped: final}}
    transitions:
      - {{activity: create, from: none, to: new}}
      - {{activity: verify, from: new, to: checked}}
      - {{activity: ship, from: checked, to: shipped}}
      - {{activity: ship, from: new, to: shipped, when: "order.total <= 100"}}
"#
    )
}

/// Orders of that cost which are shipped unchecked, as an archive.
fn parcel_archive(orders: u32, total: u32) -> String {
    let entry = |n: u32, second: u32, call: &str, answer: &str| {
        json!({
            "startedDateTime": format!("2026-03-01T10:{n:02}:{second:02}.000Z"), "time": 5,
            "request": {
                "method": "POST", "url": format!("http://shop.example/orders/o{n}{call}"), "httpVersion": "HTTP/1.1",
                "headers": [], "queryString": [], "cookies": [], "headersSize": -1, "bodySize": 0
            },
            "response": {
                "status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [], "headers": [],
                "content": {"size": answer.len(), "mimeType": "application/json", "text": answer},
                "redirectURL": "", "headersSize": -1, "bodySize": answer.len()
            },
            "cache": {}, "timings": {"send": 1, "wait": 3, "receive": 1}
        })
    };
    let answer = format!("{{\"total\":{total}}}");
    let entries = (0..orders).flat_map(|n| [entry(n, 0, "", &answer), entry(n, 9, "/shipment", "{}")]);
    json!({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries.collect::<Vec<_>>()}})
        .to_string()
}

#[test]
fn a_step_that_only_a_hidden_condition_allows_is_not_called_taken() {
    let counts = |run: &Run, rule: &str, source: &str| {
        let rules = run.summary["rules"].as_array().unwrap();
        let rule = rules.iter().find(|one| one["id"] == rule).unwrap();
        serde_json::from_value::<[u64; 3]>(rule["by_source"][source].clone()).unwrap()
    };
    let steps = (0..4).flat_map(|n| {
        let call =
            |second: u32, step: &str| line("", n * 10 + second, "anna", &format!("POST /orders/o{n}{step}"), 200);
        [call(0, ""), call(1, "/shipment")]
    });
    let log = Run::of("a.log", &steps.collect::<String>(), &parcels("res.total"));
    assert_eq!(
        counts(&log, "SEQ-SKIP", "combined"),
        [4, 0, 4],
        "whether the four went unchecked hangs on their totals"
    );
    assert_eq!(log.why("SEQ-SKIP"), "no bodies");
    assert_eq!(log.why("TX-MISMATCH"), "no bodies");
    // What the source shows decides.
    for (total, skipped) in [(50, 0), (500, 4)] {
        let archive = Run::of("a.har", &parcel_archive(4, total), &parcels("res.total"));
        assert_eq!(counts(&archive, "SEQ-SKIP", "har"), [8, skipped, 0], "{total}");
        assert_eq!((archive.why("SEQ-SKIP").as_str(), archive.found().len() as u64), ("", skipped));
    }
}

#[test]
fn a_misspelt_path_is_told_from_a_source_that_shows_nothing() {
    let run = Run::of("a.har", &parcel_archive(4, 500), &parcels("res.totl"));
    assert!(run.found().is_empty());
    assert!(run.warnings().contains("no `total` of order was seen at `res.totl` in 8 exchanges"), "{}", run.warnings());
    assert_eq!(run.why("SEQ-SKIP"), "order.total is not where the model looks for it");
    let right = Run::of("a.har", &parcel_archive(4, 500), &parcels("res.total"));
    assert_eq!((right.found().len(), right.warnings().as_str()), (4, "[]"));
}

#[test]
fn requests_whose_fields_have_other_names_are_not_passed_over_in_silence() {
    let model = r#"offpath: 1
workflow: {id: shop, version: 1}
objects: {order: {key: [path.order]}}
activities:
  create: {http: "POST /orders/{order}", object: order}
  ship:   {http: "POST /orders/{order}/ship", object: order}
lifecycles:
  order:
    states: {none: initial, new: {}, shipped: final}
    transitions: [{activity: create, from: none, to: new}, {activity: ship, from: new, to: shipped}]
"#;
    let one = |minute: u32, path: &str| json!({"time": format!("2026-03-01T10:{minute:02}:00Z"), "method": "POST", "path": path, "status": 200, "user": "u"});
    let read = [one(0, "/orders/1"), one(1, "/orders/1/ship")].map(|line| line.to_string()).join("\n") + "\n";
    let renamed = json!({"ts": "2026-03-01T10:02:00Z", "op_kind": "POST", "where": "/orders/2/ship", "rslt": "ok"});
    assert_eq!(Run::of("t.jsonl", &read, model).warnings(), "[]");
    let run = Run::of("t.jsonl", &format!("{read}{renamed}\n"), model);
    let told = run.warnings();
    for part in ["1 of 3 records", "1 of which hold a method: line 3", "op_kind", "--log-field method=FIELD"] {
        assert!(told.contains(part), "{told}");
    }
}
