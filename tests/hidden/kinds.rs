//! Kinds of actors that a source does not show.

use serde_json::json;

use crate::support::archive::har;
use crate::{Run, entry};

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
    har(&entries)
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
