//! Objects and people of tenants that a source does not tell.

use serde_json::json;

use crate::support::archive::har;
use crate::{Run, entry, line};

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
    har(&entries)
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
fn what_a_login_tells_of_the_actor_and_answers_of_things_are_two_places() {
    let model = notes_model("[res.branch]", ", tenant: res.branch");
    let run = Run::of("notes.har", &notes(""), &model);
    assert!(!run.told.contains("M029"), "{}", run.told);
    let model = notes_model("[jwt.tid]", ", tenant: jwt.tid");
    let run = Run::of("notes.har", &notes(""), &model);
    assert!(run.told.contains("M029"), "{}", run.told);
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
