//! OpenAPI documents beside traffic: they name what they describe, change nothing else, and say why.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use offpath::model::Model;
use serde_json::{Value, json};
use support::{code, lines, object, offpath, sample, stderr, stdout, text, token};

fn shop() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openapi_documents/shop.yaml")
}

fn archive() -> String {
    sample().join("capture.har.gz").display().to_string()
}

fn inspect(input: &str, extra: &[&str]) -> Value {
    let output = offpath(&[&["inspect", input, "-q", "--format", "json"], extra].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn operations(run: &Value) -> BTreeMap<String, u64> {
    let operations = run["operations"].as_array().unwrap().iter();
    operations.map(|o| (text(o, "name").to_owned(), o["exchanges"].as_u64().unwrap())).collect()
}

/// An archive of GET requests by two people: path, status and body of the answer.
fn traffic(folder: &Path, calls: &[(&str, u16, &str)]) -> String {
    let entries: Vec<Value> = calls
        .iter()
        .enumerate()
        .map(|(at, (path, status, answer))| {
            let claims = format!(r#"{{"sub":"{}","iss":"x"}}"#, ["anna", "bob"][at % 2]);
            json!({
                "startedDateTime": format!("2026-09-07T06:{:02}:{:02}.000Z", at / 60, at % 60), "time": 5,
                "request": {"method": "GET", "url": format!("http://api.example{path}"), "httpVersion": "HTTP/1.1",
                    "headers": [{"name": "Authorization", "value": format!("Bearer {}", token(&claims))}], "bodySize": 0},
                "response": {"status": status, "httpVersion": "HTTP/1.1",
                    "headers": [{"name": "Content-Type", "value": "application/json"}],
                    "content": {"size": answer.len(), "mimeType": "application/json", "text": answer}, "bodySize": answer.len()},
            })
        })
        .collect();
    let file = folder.join("t.har");
    let log = json!({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}});
    fs::write(&file, log.to_string()).unwrap();
    file.display().to_string()
}

fn document(folder: &Path, name: &str, paths: &str) -> String {
    let file = folder.join(name);
    fs::write(&file, format!("openapi: 3.0.3\npaths:\n{paths}")).unwrap();
    file.display().to_string()
}

#[test]
fn a_document_names_what_it_describes_and_changes_nothing_else() {
    let (bare, named) = (inspect(&archive(), &[]), inspect(&archive(), &["--openapi", shop().to_str().unwrap()]));
    for part in ["actors", "objects", "events", "cases", "exchanges"] {
        assert_eq!(bare[part], named[part], "{part}");
    }
    let renamed = |name: String| {
        let name = name.replace("{orderId}", "{order}").replace("{refundId}", "{refund}");
        name.replace("{sku}", "{product}")
    };
    let plain: BTreeMap<String, u64> =
        operations(&named).into_iter().map(|(name, count)| (renamed(name), count)).collect();
    assert_eq!(plain, operations(&bare));
    assert_eq!(named["described"], json!([18, 17]), "nobody asked for a report");
    let ids: BTreeSet<&str> =
        named["operations"].as_array().unwrap().iter().filter_map(|o| o["operation_id"].as_str()).collect();
    assert!(ids.contains("payOrder") && ids.contains("getProduct"), "{ids:?}");
    let unknown = named["unmatched_paths"].as_array().unwrap();
    assert_eq!(text(&unknown[0], "name"), "POST /hooks/psp");
    let output = offpath(&["inspect", &archive(), "--openapi", shop().to_str().unwrap(), "--unmatched"]);
    assert!(stdout(&output).contains("POST /hooks/psp") && !stdout(&output).contains("/pay\n"), "{}", stdout(&output));
    let output = offpath(&["inspect", &archive(), "--unmatched"]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
}

#[test]
fn words_of_a_document_are_words_however_they_are_called() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["basic", "gold", "silver", "team", "solo", "family", "school", "studio", "agency"].map(str::to_owned);
    let plans: Vec<String> = names.into_iter().chain((b'a'..=b'p').map(|c| format!("plan{}", char::from(c)))).collect();
    let paths: Vec<String> =
        plans.iter().flat_map(|plan| [format!("/plans/{plan}/price"), format!("/plans/{plan}")]).collect();
    let calls: Vec<(&str, u16, &str)> = paths.iter().chain(&paths).map(|path| (path.as_str(), 200, "{}")).collect();
    let input = traffic(folder.path(), &calls);
    let guessed = operations(&inspect(&input, &[]));
    assert_eq!(guessed.get("GET /plans/{plan}"), Some(&50), "{guessed:?}");
    let words: String = plans
        .iter()
        .flat_map(|p| [format!("  /plans/{p}: {{get: {{}}}}\n"), format!("  /plans/{p}/price: {{get: {{}}}}\n")])
        .collect();
    let given = document(folder.path(), "words.yaml", &words);
    let named = operations(&inspect(&input, &["--openapi", &given]));
    assert_eq!(named.get("GET /plans/gold"), Some(&2), "{named:?}");
    assert_eq!(named.len(), 50);
    // The benign twin: the same traffic with one word of the document, the rest being values.
    let twin = document(folder.path(), "twin.yaml", "  /plans/gold: {get: {}}\n  /plans/{planId}: {get: {}}\n");
    let mixed = operations(&inspect(&input, &["--openapi", &twin]));
    assert_eq!((mixed.get("GET /plans/gold"), mixed.get("GET /plans/{planId}")), (Some(&2), Some(&48)), "{mixed:?}");
}

#[test]
fn a_model_that_imports_finds_what_one_that_names_calls_finds() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(shop(), folder.path().join("shop.yaml")).unwrap();
    let plain = fs::read_to_string(sample().join("model.yaml")).unwrap();
    let mut imported = plain.replacen("offpath: 1\n", "offpath: 1\nimports: {openapi: [shop.yaml]}\n", 1);
    for (call, id) in [
        ("http: POST /orders,", "op: createOrder,"),
        ("http: \"GET /orders/{orderId}\"", "op: getOrder"),
        ("http: \"POST /orders/{orderId}/pay\"", "op: payOrder"),
        ("http: \"POST /orders/{orderId}/ship\"", "op: shipOrder"),
        ("http: \"PATCH /orders/{orderId}\"", "op: changeOrder"),
        ("http: \"POST /refunds/{refundId}/execute\"", "op: POST /refunds/{refundId}/execute"),
    ] {
        assert!(imported.contains(call), "{call}");
        imported = imported.replacen(call, id, 1);
    }
    let imported = imported.replace("op: POST /refunds/{refundId}/execute", "op: \"POST /refunds/{refundId}/execute\"");
    let findings = |name: &str, model: &str| -> Vec<(String, String, String)> {
        let (file, out) = (folder.path().join(name), folder.path().join(name.replace(".yaml", "-run")));
        fs::write(&file, model).unwrap();
        let paths = [&file, &out].map(|path| path.display().to_string());
        let output = offpath(&["check", &archive(), "--model", &paths[0], "-o", &paths[1], "--exit-zero", "-q"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let found = lines(&out.join("findings.jsonl"));
        found.iter().map(|f| (text(f, "rule").to_owned(), object(f), text(f, "time").to_owned())).collect()
    };
    let (with_calls, with_ids) = (findings("plain.yaml", &plain), findings("imported.yaml", &imported));
    assert!(with_calls.len() > 20);
    assert_eq!(with_calls, with_ids);
}

#[test]
fn mistakes_are_told_with_file_line_cause_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let refused = |args: &[&str]| {
        let output = offpath(&[&["inspect", &archive()], args].concat());
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        stderr(&output)
    };
    fs::write(at("broken.yaml"), "openapi: 3.1.0\npaths:\n  /a: {get: [}\n").unwrap();
    let said = refused(&["--openapi", &at("broken.yaml")]);
    assert!(said.contains("broken.yaml:3:") && said.contains("M030"), "{said}");
    fs::write(at("arazzo.yaml"), "arazzo: 1.0.0\n").unwrap();
    assert!(refused(&["--openapi", &at("arazzo.yaml")]).contains("write `openapi: 3.1.0`"));
    assert!(refused(&["--openapi", &at("none.yaml")]).contains("none.yaml: No such file"));

    let model = |imports: &str, op: &str| {
        let text = format!(
            "offpath: 1\nworkflow: {{id: m, version: 1}}\nimports: {{openapi: [{imports}]}}\n\
             objects: {{order: {{key: path.orderId}}}}\nactivities: {{pay: {{op: {op}, object: order}}}}\n"
        );
        fs::write(at("m.yaml"), text).unwrap();
        let output = offpath(&["inspect", &archive(), "-q", "--model", &at("m.yaml")]);
        (code(&output), stderr(&output))
    };
    fs::copy(shop(), at("shop.yaml")).unwrap();
    let half = "openapi: 3.1.0\npaths:\n  /orders/{orderId}/pay: {post: {operationId: payOrder}}\n  pay: {post: {}}\n";
    fs::write(at("half.yaml"), half).unwrap();
    assert_eq!(model("shop.yaml", "payOrder").0, 0);
    let (exit, said) = model("shop.yaml", "payOder");
    assert!(exit == 2 && said.contains("m.yaml:5:24") && said.contains("did you mean `payOrder`?"), "{said}");
    let (exit, said) = model("gone.yaml", "payOrder");
    assert!(
        exit == 2 && said.contains("`gone.yaml` cannot be read") && said.contains("the model's own folder"),
        "{said}"
    );
    let (exit, said) = model("broken.yaml", "payOrder");
    assert!(exit == 2 && said.contains("m.yaml:3:21") && said.contains("broken.yaml:3:"), "{said}");
    let (exit, said) = model("shop.yaml, half.yaml", "payOrder");
    assert!(exit == 2 && said.contains("several documents") && said.contains("`op: shop.yaml#payOrder`"), "{said}");
    assert_eq!(model("shop.yaml, half.yaml", "\"half.yaml#payOrder\"").0, 0);
    let output = offpath(&["inspect", &archive(), "--openapi", &at("half.yaml")]);
    assert_eq!(code(&output), 0);
    assert!(
        stderr(&output).contains("warning[M031]") && stderr(&output).contains("half.yaml:4:3"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn base_paths_belong_to_the_path_and_hosts_exclude_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let calls = [("/v2/orders/o-one", 200, "{}"), ("/v2/orders/o-two", 200, "{}"), ("/orders/o-one", 404, "{}")];
    let input = traffic(folder.path(), &calls);
    let file = folder.path().join("v2.json");
    let servers = json!([{"url": "https://elsewhere.example/{version}", "variables": {"version": {"default": "v1", "enum": ["v1", "v2"]}}}]);
    let paths = json!({"/orders/{orderId}": {"get": {"operationId": "getOrder"}}});
    fs::write(&file, json!({"openapi": "3.1.0", "servers": servers, "paths": paths}).to_string()).unwrap();
    let run = inspect(&input, &["--openapi", file.to_str().unwrap()]);
    assert_eq!(operations(&run).get("GET /v2/orders/{orderId}"), Some(&2), "{run}");
    assert_eq!(text(&run["unmatched_paths"][0], "name"), "GET /orders/o-one");
    assert_eq!(run["objects"][0]["objects"], 2);
    let output = offpath(&["exchanges", &input, "-q", "--openapi", file.to_str().unwrap()]);
    let named: Vec<Value> =
        stdout(&output).lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["operation"].clone()).collect();
    assert_eq!(named, [json!("getOrder"), json!("getOrder"), Value::Null]);
}

#[test]
fn it_is_told_why_a_path_has_its_template() {
    let folder = tempfile::tempdir().unwrap();
    let mut calls = vec![
        ("/orders/ord_17/lines", 200, "{}".to_owned()),
        ("/orders/red-fox", 200, r#"{"id": "red-fox"}"#.to_owned()),
        ("/users/me", 200, "{}".to_owned()),
        ("/things", 200, r#"{"things": [{"id": "abc"}, {"id": "xyz"}]}"#.to_owned()),
        ("/things/abc", 200, "{}".to_owned()),
        ("/things/xyz", 200, "{}".to_owned()),
        ("/reset/4f9aXq1", 200, "{}".to_owned()),
    ];
    calls.extend(calls.clone());
    let calls: Vec<(&str, u16, &str)> =
        calls.iter().map(|(path, status, answer)| (*path, *status, answer.as_str())).collect();
    let input = traffic(folder.path(), &calls);
    let why = |path: &str, extra: &[&str]| {
        let output = offpath(&[&["inspect", &input, "--explain", path], extra].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        stdout(&output)
    };
    for (path, template, reason) in [
        ("/orders/ord_17/lines", "GET /orders/{order}/lines", "a prefix and a token"),
        ("/orders/red-fox", "GET /orders/{order}", "its own id"),
        ("/users/me", "GET /users/me", "kept: a word that APIs use"),
        ("GET /things/abc", "GET /things/{thing}", "answers name it as an id"),
        ("/reset/4f9aXq1", "GET /reset/{reset}", "a secret is expected"),
    ] {
        let said = why(path, &[]);
        assert!(said.contains(template) && said.contains(reason), "{path}: {said}");
        assert!(!said.contains("4f9aXq1"), "{said}");
    }
    let given = document(folder.path(), "d.yaml", "  /users/{name}:\n    get: {operationId: getUser}\n");
    let said = why("/users/me", &["--openapi", &given]);
    assert!(said.contains("d.yaml:4, operationId getUser") && said.contains("given by the document"), "{said}");
    let output = offpath(&["inspect", &input, "--explain", "/thinks/abc"]);
    assert_eq!(code(&output), 4);
    assert!(stderr(&output).contains("near it: /things/abc"), "{}", stderr(&output));
}

#[test]
fn it_is_told_why_an_actor_is_who_it_is_and_what_an_id_is() {
    let truth = lines(&sample().join("events.truth.jsonl"));
    let login = truth.iter().find(|event| text(event, "path") == "/login").unwrap();
    let entry = truth.iter().position(|event| event == login).unwrap();
    let who = truth.iter().skip(entry + 1).find(|e| text(e, "tenant") == "globex" && !text(e, "principal").is_empty());
    let name = text(who.unwrap(), "principal").split('@').next().unwrap().to_owned();
    let output = offpath(&["inspect", &archive(), "--explain", &format!("actor:{name}"), "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let actor = &said["actors"][0];
    assert_eq!(text(actor, "name"), name, "{said}");
    let tiers: Vec<&str> = actor["evidence"].as_array().unwrap().iter().map(|tier| text(tier, "tier")).collect();
    assert!(tiers.contains(&"bound"), "{said}");
    let bound = text(&actor["credentials"][0], "bound_by");
    assert!(bound.starts_with("POST /login at ") && bound.contains("capture.har.gz#entry="), "{bound}");
    let credential = text(&actor["credentials"][0], "hash");
    assert!(credential.len() == 32 && credential.bytes().all(|b| b.is_ascii_hexdigit()), "a keyed hash");

    let order = truth.iter().find(|event| text(event, "activity") == "pay" && event["accepted"] == true).unwrap();
    let key = text(order, "case").split(':').next_back().unwrap().to_owned();
    let output = offpath(&["inspect", &archive(), "--explain", &key, "--format", "json"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let names: BTreeSet<&str> =
        said["id"]["names"].as_array().unwrap().iter().map(|name| text(name, "place")).collect();
    assert!(names.contains("path") && names.contains("res.order.id"), "{said}");
    assert_eq!(text(&said["id"]["objects"][0], "object_type"), "order", "{said}");
    let output = offpath(&["inspect", &archive(), "--explain", &name[..name.len() - 1]]);
    assert_eq!(code(&output), 4);
    assert!(stderr(&output).contains("near it: ") && stderr(&output).contains(&name), "{}", stderr(&output));
}

#[test]
fn the_beginning_of_a_model_is_one_and_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("begun.yaml");
    let path = file.to_str().unwrap();
    let output = offpath(&["inspect", &archive(), "--emit", path]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let begun = fs::read_to_string(&file).unwrap();
    match Model::read("begun.yaml", &begun) {
        Ok((model, doubts)) => {
            assert!(doubts.is_empty(), "{doubts}");
            assert!(
                model.activity("pay").is_some() && model.object_type("refund").is_some() && model.lifecycles.is_empty()
            );
        }
        Err(found) => panic!("{found}"),
    }
    assert!(begun.contains("accepted") && begun.contains("roles: {from: jwt.roles}"), "{begun}");
    let output = offpath(&["inspect", &archive(), "--model", path]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(code(&offpath(&["inspect", &archive(), "--emit", path])), 2, "it exists");
    assert_eq!(fs::read_to_string(&file).unwrap(), begun);
    let model = sample().join("model.yaml").display().to_string();
    assert_eq!(code(&offpath(&["inspect", &archive(), "--emit", &format!("{path}2"), "--model", &model])), 2);
}
