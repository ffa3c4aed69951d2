//! Ids that are unique within a tenant only: two tenants number their letters from one, each on a host of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::{code, lines, object, offpath, stderr, text, token};

/// What the letters go through.
const STEPS: [(&str, &str); 2] = [("send", "sent"), ("sign", "signed")];

/// One call by somebody of a tenant on the host of a tenant.
struct Call {
    by: &'static str,
    on: &'static str,
    method: &'static str,
    path: String,
    answer: Value,
}

fn letter(tenant: &str, id: u64, state: &str) -> Value {
    json!({"letter": {"id": id, "tenant": tenant, "status": state}})
}

/// The whole life of letters 1 to `most` of a tenant.
fn lives(tenant: &'static str, most: u64) -> Vec<Call> {
    let mut calls = Vec::new();
    for id in 1..=most {
        let mut call = |path: String, state: &str| {
            calls.push(Call { by: tenant, on: tenant, method: "POST", path, answer: letter(tenant, id, state) });
        };
        call("/letters".to_owned(), "draft");
        STEPS.iter().for_each(|(step, state)| call(format!("/letters/{id}/{step}"), state));
    }
    calls
}

fn archive(file: &Path, calls: &[Call]) {
    let entries: Vec<Value> = (0u64..)
        .zip(calls)
        .map(|(n, call)| {
            let claims = format!(r#"{{"sub":"ann-{0}","tid":"{0}"}}"#, call.by);
            let token = token(&claims);
            let time = format!("2026-09-01T08:{:02}:{:02}.000Z", n / 60, n % 60);
            json!({"startedDateTime": time, "time": 20,
                "request": {"method": call.method, "url": format!("https://{}.letters.example{}", call.on, call.path),
                    "httpVersion": "HTTP/1.1", "headers": [{"name": "Authorization", "value": format!("Bearer {token}")}],
                    "queryString": [], "cookies": [], "headersSize": -1, "bodySize": 0},
                "response": {"status": if call.path == "/letters" { 201 } else { 200 }, "statusText": "",
                    "httpVersion": "HTTP/1.1", "headers": [{"name": "Content-Type", "value": "application/json"}],
                    "cookies": [], "redirectURL": "", "headersSize": -1, "bodySize": -1,
                    "content": {"size": 1, "mimeType": "application/json", "text": call.answer.to_string()}},
                "cache": {}, "timings": {"send": 1, "wait": 18, "receive": 1}})
        })
        .collect();
    let log = json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}});
    fs::write(file, log.to_string()).unwrap();
}

/// A model of the letters; `scope` is what their type says of tenants.
fn model(scope: &str) -> String {
    format!(
        r#"offpath: 1
workflow: {{id: letters, version: 1}}
actors: {{identify: [jwt.sub], tenant: [jwt.tid]}}
objects:
  letter: {{key: [path.letter, res.letter.id], state: res.letter.status{scope}}}
activities:
  write: {{http: POST /letters, object: letter}}
  send: {{http: "POST /letters/{{letter}}/send", object: letter}}
  sign: {{http: "POST /letters/{{letter}}/sign", object: letter}}
  view: {{http: "GET /letters/{{letter}}", object: letter, read: true}}
lifecycles:
  letter:
    states: {{none: initial, draft: {{}}, sent: {{}}, signed: final}}
    transitions:
      - {{activity: write, from: none, to: draft, once: true}}
      - {{activity: send, from: draft, to: sent, once: true}}
      - {{activity: sign, from: sent, to: signed, once: true}}
constraints:
  - {{id: own-tenant, same: [actor.tenant, letter.tenant], activities: any}}
"#
    )
}

/// Findings and warnings of a check.
fn checked(calls: &[Call], scope: &str, extra: &[&str]) -> (Vec<Value>, Vec<String>) {
    checked_by(calls, &model(scope), extra)
}

/// The same with a model of one's own.
fn checked_by(calls: &[Call], model: &str, extra: &[&str]) -> (Vec<Value>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let [input, file, run] = ["letters.har", "letters.yaml", "run"].map(|name| folder.path().join(name));
    archive(&input, calls);
    fs::write(&file, model).unwrap();
    let mut args = vec!["check", input.to_str().unwrap(), "--model", file.to_str().unwrap(), "--exit-zero", "-q"];
    args.extend(["-o", run.to_str().unwrap()]);
    args.extend(extra);
    let output = offpath(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let summary: Value = serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
    let warnings = summary["warnings"].as_array().into_iter().flatten();
    let warnings = warnings.filter_map(|warning| Some(warning.as_str()?.to_owned())).collect();
    (lines(&run.join("findings.jsonl")), warnings)
}

fn both() -> Vec<Call> {
    lives("acme", 3).into_iter().chain(lives("globex", 3)).collect()
}

fn says_within(warnings: &[String]) -> Vec<&str> {
    warnings.iter().map(String::as_str).filter(|warning| warning.contains("`within: tenant`")).collect()
}

#[test]
fn one_key_under_two_tenants_is_warned_of_once() {
    let (findings, warnings) = checked(&both(), "", &[]);
    assert!(!findings.is_empty(), "two letters are taken for one");
    let [warning] = says_within(&warnings)[..] else { panic!("{warnings:?}") };
    assert!(warning.starts_with("letter 1 was seen under tenants acme and globex:"), "{warning}");
    let (_, warnings) = checked(&both(), ", tenant: res.letter.tenant", &[]);
    assert_eq!(says_within(&warnings).len(), 1);
    let (findings, warnings) = checked(&lives("acme", 3), ", tenant: res.letter.tenant", &[]);
    assert_eq!((findings.len(), says_within(&warnings)), (0, Vec::new()), "one tenant's are its own");
}

#[test]
fn a_warning_names_nobody_whose_name_is_hidden() {
    let (_, warnings) = checked(&both(), "", &["--redact", "hash"]);
    let [warning] = says_within(&warnings)[..] else { panic!("{warnings:?}") };
    assert!(!warning.contains("acme") && !warning.contains("globex"), "{warning}");
}

#[test]
fn letters_of_two_tenants_have_lives_of_their_own() {
    for scope in
        [", within: tenant", ", within: tenant, tenant: res.letter.tenant", ", within: tenant, tenant: host.label.0"]
    {
        let (findings, warnings) = checked(&both(), scope, &[]);
        assert_eq!((findings.len(), says_within(&warnings)), (0, Vec::new()), "{scope}: {findings:#?}");
    }
}

#[test]
fn a_step_on_another_tenants_letter_is_still_theirs() {
    let mut calls = both();
    let (path, answer) = ("/letters/2".to_owned(), letter("acme", 2, "signed"));
    calls.push(Call { by: "globex", on: "acme", method: "GET", path, answer });
    for scope in ["res.letter.tenant", "host.label.0"] {
        let (findings, _) = checked(&calls, &format!(", within: tenant, tenant: {scope}"), &[]);
        let found: Vec<_> = findings.iter().map(|finding| (text(finding, "rule"), object(finding))).collect();
        assert_eq!(found, [("TEN-CROSS", "letter:acme/2".to_owned())], "{scope}");
    }
}

#[test]
fn a_letter_stays_with_the_tenant_on_whose_host_it_was_made() {
    let unlike = |call: Call| Call { path: call.path.replace("/letters/", "/letters/9"), ..call };
    let numbered = |id: u64, state: &str| json!({"letter": {"id": id, "status": state}});
    let made =
        |by, on, id: u64| Call { by, on, method: "POST", path: "/letters".to_owned(), answer: numbered(id, "draft") };
    let read =
        |by, on, id: u64| Call { by, on, method: "GET", path: format!("/letters/{id}"), answer: numbered(id, "draft") };
    let found = |calls: &[Call]| {
        let (findings, _) = checked(calls, ", tenant: host.label.0", &[]);
        let said = |f: &Value| (text(f, "rule").to_owned(), object(f), f["confidence"].as_f64().unwrap() < 0.5);
        findings.iter().filter(|f| f["rule"] == "TEN-CROSS").map(said).collect::<Vec<_>>()
    };
    let own = || vec![made("acme", "acme", 11), made("globex", "globex", 22)];
    let with = |more: Vec<Call>| own().into_iter().chain(more).collect::<Vec<_>>();
    assert_eq!(found(&own()), []);
    // On his own host or the other's, the letter is acme's; the title says so.
    for on in ["globex", "acme"] {
        let calls = with(vec![read("globex", on, 11), read("acme", "acme", 11)]);
        assert_eq!(found(&calls), [("TEN-CROSS".to_owned(), "letter:11".to_owned(), false)], "{on}");
        let (findings, _) = checked(&calls, ", tenant: host.label.0", &[]);
        assert!(text(&findings[0], "title").ends_with("belongs to acme, the actor to globex"), "{findings:#?}");
    }
    // Whose own letter it is may ask for it anywhere.
    assert_eq!(found(&with(vec![read("globex", "acme", 22)])), []);
    // What was read first under another name poisons nothing.
    let mut calls = own();
    calls.insert(0, read("globex", "globex", 11));
    calls.push(read("acme", "acme", 11));
    assert_eq!(found(&calls), [("TEN-CROSS".to_owned(), "letter:11".to_owned(), false)]);
    // Who says that he made it again neither takes it nor hides that he used it: that is for review.
    let calls = with(vec![made("globex", "globex", 11), read("globex", "globex", 11), read("acme", "acme", 11)]);
    let crossed = found(&calls);
    assert!(!crossed.is_empty() && crossed.iter().all(|(_, object, review)| object == "letter:11" && *review));
    // Nobody was seen to make it: the request's word is all there is.
    let seen = |by, on| unlike(read(by, on, 3));
    assert_eq!(found(&[seen("acme", "acme"), seen("globex", "globex")]), []);
    assert_eq!(found(&[seen("acme", "acme"), seen("globex", "acme")]).len(), 1);
}

#[test]
fn a_draft_ties_children_to_what_their_bodies_name() {
    let folder = tempfile::tempdir().unwrap();
    let [input, draft] = ["letters.har", "draft.yaml"].map(|name| folder.path().join(name));
    let drafted = |letter_of: &dyn Fn(u64) -> u64| {
        let mut calls = Vec::new();
        for id in 71..79 {
            let by = if id % 2 == 0 { "acme" } else { "globex" };
            let mut post =
                |path: String, answer: Value| calls.push(Call { by, on: "all", method: "POST", path, answer });
            post("/letters".to_owned(), json!({"id": id, "status": "draft"}));
            post(format!("/letters/{id}/send"), json!({"id": id, "status": "sent"}));
            let reply = |status: &str| json!({"id": 900 + id, "letterId": letter_of(id), "status": status});
            post("/replies".to_owned(), reply("written"));
            post(format!("/replies/{}/post", 900 + id), reply("posted"));
        }
        archive(&input, &calls);
        let _ = fs::remove_file(&draft);
        let output = offpath(&["mine", "-q", input.to_str().unwrap(), "-o", draft.to_str().unwrap()]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let text = fs::read_to_string(&draft).unwrap();
        // What is written is a model that the same traffic fits.
        let (findings, _) = checked_by(&calls, &text, &[]);
        assert_eq!(findings.len(), 0, "{findings:#?}");
        text
    };
    let tied = drafted(&|id| id);
    assert!(tied.contains("parent: {letter: res.letterId}") && tied.contains("8 of 8 say which"), "{tied}");
    let unknown = drafted(&|id| id + 5000);
    assert!(!unknown.contains("parent:"), "letters that nobody was seen with: {unknown}");
}

#[test]
fn a_draft_keeps_the_tenants_apart() {
    let folder = tempfile::tempdir().unwrap();
    let [input, draft] = ["letters.har", "draft.yaml"].map(|name| folder.path().join(name));
    let drafted = |calls: &[Call]| {
        archive(&input, calls);
        let _ = fs::remove_file(&draft);
        let output = offpath(&["mine", "-q", input.to_str().unwrap(), "-o", draft.to_str().unwrap()]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        fs::read_to_string(&draft).unwrap()
    };
    let text = drafted(&both());
    assert!(
        text.contains("within: tenant") && text.contains("letter 1 was seen under tenants acme and globex"),
        "{text}"
    );
    assert!(text.contains("from: none, to: draft") && !text.contains("from: [none"), "{text}");
    assert!(text.contains("6 objects"), "{text}");
    // The claim says who asks, the host whose letter it is: so a step on another's is told.
    assert!(text.contains("    tenant: host.label.0"), "{text}");
    let wall = "constraints:\n  - {id: wall, same: [actor.tenant, letter.tenant], activities: any}\n";
    let (findings, _) = checked_by(&both(), &format!("{text}\n{wall}"), &[]);
    assert_eq!(findings.len(), 0, "{findings:#?}");
    let mut crossed = both();
    let (path, answer) = ("/letters/2/send".to_owned(), letter("acme", 2, "sent"));
    crossed.push(Call { by: "globex", on: "acme", method: "POST", path, answer });
    let (findings, _) = checked_by(&crossed, &format!("{text}\n{wall}"), &[]);
    assert!(findings.iter().any(|finding| finding["rule"] == "TEN-CROSS"), "{findings:#?}");
    // Ids that are unique everywhere need no `within`, and the host says whose they are all the same.
    let unlike = |call: Call| Call { path: call.path.replace("/letters/", "/letters/9"), ..call };
    let numbered = |call: Call| {
        let id = call.answer["letter"]["id"].as_u64().unwrap();
        let answer = json!({"letter": {"id": 90 + id, "status": call.answer["letter"]["status"]}});
        Call { answer, ..unlike(call) }
    };
    let apart: Vec<Call> = lives("acme", 3).into_iter().chain(lives("globex", 3).into_iter().map(numbered)).collect();
    let unique = drafted(&apart);
    let proposed = ["    # tenant: host.label.0", "same: [actor.tenant, letter.tenant]", "6 made by 2 tenants"];
    assert!(proposed.iter().all(|line| unique.contains(line)) && !unique.contains("within"), "{unique}");
    // Tenants that share a host are told by the claim alone.
    let shared: Vec<Call> = both().into_iter().map(|call| Call { on: "all", ..call }).collect();
    let text = drafted(&shared);
    assert!(text.contains("within: tenant") && !text.contains("host.label"), "{text}");
    let text = drafted(&lives("acme", 6));
    assert!(!text.contains("within"), "{text}");
}

#[test]
fn a_model_that_says_nothing_of_tenants_takes_each_letter_for_one_of_its_tenant() {
    let silent = model("").split("constraints:").next().unwrap().to_owned();
    let (findings, warnings) = checked_by(&both(), &silent, &[]);
    assert!(findings.is_empty(), "{findings:#?}");
    let [warning] = says_within(&warnings)[..] else { panic!("{warnings:?}") };
    assert!(warning.contains("each tenant's is taken for one of its own"), "{warning}");
    // A step out of place is one in its own tenant too.
    let mut calls = both();
    let sent = Call { by: "acme", on: "acme", method: "POST", path: "/letters/2/send".to_owned(), answer: json!({}) };
    calls.push(sent);
    let (findings, _) = checked_by(&calls, &silent, &[]);
    assert_eq!(findings.len(), 1, "{findings:#?}");
}

#[test]
fn without_a_model_letters_are_counted_by_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("letters.har");
    let counted = |calls: &[Call]| {
        archive(&input, calls);
        let output = offpath(&["inspect", "-q", "--format", "json", input.to_str().unwrap()]);
        let run: Value = serde_json::from_slice(&output.stdout).unwrap();
        run["objects"].as_array().unwrap().iter().find(|o| o["object_type"] == "letter").unwrap()["objects"].clone()
    };
    assert_eq!(counted(&both()), 6);
    assert_eq!(counted(&lives("acme", 6)), 6);
    // Letters that are only shared are the same ones.
    let mut calls = lives("acme", 3);
    let seen = |id: u64| Call {
        by: "globex",
        on: "acme",
        method: "GET",
        path: format!("/letters/{id}"),
        answer: letter("acme", id, "signed"),
    };
    calls.extend((1..=3).map(seen));
    assert_eq!(counted(&calls), 3);
}

/// One call on a letter by somebody of a tenant, on the host of acme.
fn on(by: &'static str, id: u64, step: &str) -> Call {
    let path = format!("/letters/{id}/{step}");
    Call { by, on: "acme", method: "POST", path, answer: letter("acme", id, "signed") }
}

/// Letters of acme from their creation to their signature.
fn silent() -> String {
    model("").split("constraints:").next().unwrap().to_owned()
}

#[test]
fn more_steps_of_another_tenant_hide_none() {
    // Steps again on letters of another tenant: findings more for each.
    let mut calls = lives("acme", 6);
    let mut found = checked_by(&calls, &silent(), &[]).0.len();
    assert_eq!(found, 0);
    for id in 1..=6 {
        calls.extend(["send", "sign"].map(|step| on("globex", id, step)));
        let now = checked_by(&calls, &silent(), &[]).0.len();
        assert!(now > found, "{now} findings with {id} letters, {found} before");
        found = now;
    }
}

#[test]
fn tenants_that_share_a_process_share_its_objects() {
    // The buyer writes and sends, the seller sends on and signs, as the model says.
    let model = silent()
        .replace("from: draft, to: sent, once: true", "from: draft, to: sent")
        .replace(
            "- {activity: sign, from: sent",
            "- {activity: send, from: sent, to: handed}\n      - {activity: sign, from: handed",
        )
        .replace("sent: {}, ", "sent: {}, handed: {}, ")
        .replace(", state: res.letter.status", "");
    let calls = (1..=6).flat_map(|id| {
        let path = "/letters".to_owned();
        let write = Call { by: "acme", on: "acme", method: "POST", path, answer: letter("acme", id, "draft") };
        [write, on("acme", id, "send"), on("globex", id, "send"), on("globex", id, "sign")]
    });
    let (findings, warnings) = checked_by(&calls.collect::<Vec<_>>(), &model, &[]);
    assert_eq!((findings.len(), says_within(&warnings)), (0, Vec::new()), "{findings:#?}");
}

#[test]
fn steps_of_two_tenants_on_letters_that_nobody_made_are_warned_of_and_judged_as_one() {
    let calls: Vec<Call> = (1..=6).flat_map(|id| ["acme", "globex"].map(|by| on(by, id, "sign"))).collect();
    let (findings, warnings) = checked_by(&calls, &silent(), &[]);
    assert!(findings.len() >= 6, "{findings:#?}");
    let [warning] = says_within(&warnings)[..] else { panic!("{warnings:?}") };
    assert!(warning.contains("if not, one of them works on objects of the other"), "{warning}");
}

#[test]
fn an_answer_that_names_what_a_step_was_on_makes_nothing() {
    // The key is in the body only, so that the step answers as a creation does; nobody was seen to write the letters.
    let text = silent().replace("POST /letters/{letter}/send", "POST /send");
    let sent =
        |by, id| Call { by, on: "acme", method: "POST", path: "/send".to_owned(), answer: letter("acme", id, "sent") };
    let calls: Vec<Call> = (1..=6).flat_map(|id| ["acme", "globex"].map(|by| sent(by, id))).collect();
    let (findings, _) = checked_by(&calls, &text, &[]);
    assert!(findings.len() >= 6, "{findings:#?}");
}

/// Two places of tenants, and a call that names another in the second.
fn under(claim: &'static str, host: &'static str, id: u64, step: &str) -> Call {
    Call { on: host, ..on(claim, id, step) }
}

#[test]
fn a_request_under_two_tenants_is_for_review() {
    let places = silent().replace("tenant: [jwt.tid]", "tenant: [jwt.tid, host.label.0]");
    let mixed = |calls: &[Call], model: &str| {
        let (findings, _) = checked_by(calls, model, &[]);
        let mixed = findings.iter().filter(|finding| finding["rule"] == "TEN-MIX");
        mixed
            .map(|finding| (finding["confidence"].as_f64().unwrap(), text(finding, "title").to_owned()))
            .collect::<Vec<_>>()
    };
    // Unlike numbers keep the tenants' letters apart.
    let ordinary = || {
        let renamed = |call: Call| Call { path: call.path.replace("/letters/", "/letters/9"), ..call };
        lives("acme", 3).into_iter().chain(lives("globex", 3).into_iter().map(renamed)).collect::<Vec<_>>()
    };
    assert_eq!(mixed(&ordinary(), &places), []);
    let crossed = || ordinary().into_iter().chain([under("globex", "acme", 2, "send")]).collect::<Vec<_>>();
    let found = mixed(&crossed(), &places);
    let [(confidence, title)] = &found[..] else { panic!("{found:?}") };
    assert!(*confidence < 0.5 && title.contains("globex by jwt.tid, acme by host.label.0"), "{found:?}");
    let (hidden, _) = checked_by(&crossed(), &places, &["--redact", "hash"]);
    let hidden: Vec<String> = hidden.iter().map(|f| [text(f, "title"), text(f, "why")].concat()).collect();
    assert!(hidden.iter().any(|text| text.contains("by jwt.tid")), "{hidden:?}");
    assert!(!hidden.iter().any(|text| text.contains("acme") || text.contains("globex")), "{hidden:?}");
    // One place contradicts nobody.
    assert_eq!(mixed(&crossed(), &silent()), []);
    // Staff of no tenant go where they are needed.
    let staff = ["acme", "globex"].map(|host| under("platform", host, 2, "send"));
    assert_eq!(mixed(&ordinary().into_iter().chain(staff).collect::<Vec<_>>(), &places), []);
    // Where the wall is in the model, what it says is enough.
    let walled =
        format!("{places}constraints:\n  - {{id: wall, same: [actor.tenant, letter.tenant], activities: any}}\n")
            .replace("state: res.letter.status", "state: res.letter.status, tenant: res.letter.tenant");
    assert_eq!(mixed(&crossed(), &walled), []);
}
