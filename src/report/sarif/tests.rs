//! The written log against the shape that the SARIF 2.1.0 schema asks for, checked by hand.

use serde_json::Value;

use super::*;
use crate::finding::BaselineState;
use crate::finding::tests::sample;

fn log(findings: &[Finding]) -> Value {
    serde_json::from_slice(&bytes(findings)).unwrap()
}

fn bytes(findings: &[Finding]) -> Vec<u8> {
    let inputs = [("access.log".to_owned(), Some("ab".repeat(32))), ("unused.har".to_owned(), None)];
    let mut bytes = Vec::new();
    write(findings, &About { version: "0.1.0", inputs: &inputs, complete: true, absent: &[] }, &mut bytes).unwrap();
    bytes
}

/// The schema's properties of each object that is written; none allows others, save property bags.
fn allowed(kind: &str) -> &'static [&'static str] {
    match kind {
        "log" => &["$schema", "version", "runs"],
        "run" => &["tool", "invocations", "taxonomies", "artifacts", "columnKind", "results"],
        "rule" => &[
            "id",
            "name",
            "shortDescription",
            "fullDescription",
            "help",
            "defaultConfiguration",
            "relationships",
            "properties",
        ],
        "result" => &[
            "ruleId",
            "ruleIndex",
            "kind",
            "level",
            "rank",
            "message",
            "locations",
            "partialFingerprints",
            "baselineState",
            "codeFlows",
            "taxa",
            "suppressions",
            "properties",
        ],
        "location" => &["physicalLocation", "logicalLocations", "message"],
        "step" => {
            &["location", "executionOrder", "executionTimeUtc", "importance", "webRequest", "webResponse", "properties"]
        }
        _ => panic!("no such kind"),
    }
}

fn check_keys(value: &Value, kind: &str) {
    for key in value.as_object().unwrap().keys() {
        assert!(allowed(kind).contains(&key.as_str()), "{kind} may not have {key}");
    }
}

fn check_location(location: &Value, artifacts: &[Value]) {
    check_keys(location, "location");
    let place = &location["physicalLocation"];
    let index = usize::try_from(place["artifactLocation"]["index"].as_u64().unwrap()).unwrap();
    assert_eq!(artifacts[index]["location"]["uri"], place["artifactLocation"]["uri"]);
    let region = place["region"].as_object().unwrap();
    assert_eq!(region.len(), 1);
    assert!(region.get("startLine").is_some_and(|l| l.as_u64() > Some(0)) || region.contains_key("byteOffset"));
}

#[test]
fn the_log_has_the_shape_of_the_schema() {
    let findings = [sample("F1", "critical", 0.85, 5), sample("F2", "medium", 0.3, 6), sample("F3", "low", 1.0, 6)];
    let log = log(&findings);
    check_keys(&log, "log");
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    check_keys(run, "run");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), crate::rule::catalogue().len());
    let artifacts = run["artifacts"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        check_keys(result, "result");
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["fail", "review"].contains(&result["kind"].as_str().unwrap()));
        assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        assert_eq!(result["kind"] == "fail", result["level"] != "none", "the standard's 3.27.10");
        assert!((0.0..=100.0).contains(&result["rank"].as_f64().unwrap()));
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        assert!(result["partialFingerprints"].as_object().unwrap().values().all(Value::is_string));
        result["locations"].as_array().unwrap().iter().for_each(|l| check_location(l, artifacts));
        let steps = result["codeFlows"][0]["threadFlows"][0]["locations"].as_array().unwrap();
        for (order, step) in (1..).zip(steps) {
            check_keys(step, "step");
            check_location(&step["location"], artifacts);
            assert_eq!(step["executionOrder"], order);
            assert!(["important", "essential", "unimportant"].contains(&step["importance"].as_str().unwrap()));
        }
    }
}

#[test]
fn every_reference_to_a_list_hits_its_entry() {
    let log = log(&[sample("F1", "high", 1.0, 0)]);
    let run = &log["runs"][0];
    let resolve = |reference: &Value| {
        let component = usize::try_from(reference["toolComponent"]["index"].as_u64().unwrap()).unwrap();
        let list = &run["taxonomies"][component];
        assert_eq!(list["name"], reference["toolComponent"]["name"]);
        assert!(list["version"].as_str().is_some_and(|v| !v.is_empty()));
        let taxon = &list["taxa"][usize::try_from(reference["index"].as_u64().unwrap()).unwrap()];
        assert_eq!(taxon["id"], reference["id"]);
    };
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        check_keys(rule, "rule");
        rule["relationships"].as_array().unwrap().iter().for_each(|relation| resolve(&relation["target"]));
    }
    let taxa = run["results"][0]["taxa"].as_array().unwrap();
    assert_eq!(taxa.len(), 1);
    taxa.iter().for_each(resolve);
}

#[test]
fn uncertain_findings_are_for_review_and_suppressed_ones_say_why() {
    let suppressed = Finding { suppressed: Some("load test".to_owned()), ..sample("F2", "high", 1.0, 0) };
    let log = log(&[sample("F1", "critical", 0.49, 0), suppressed]);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!((&results[0]["kind"], &results[0]["level"]), (&Value::from("review"), &Value::from("none")));
    assert_eq!(results[1]["suppressions"][0]["justification"], "load test");
    assert_eq!(results[1]["level"], "error");
}

#[test]
fn a_baseline_is_told_with_what_it_has_and_this_run_has_not() {
    let state = |state, id| Finding { baseline: Some(state), ..sample(id, "high", 1.0, 0) };
    let findings =
        [state(BaselineState::New, "F1"), state(BaselineState::Changed, "F2"), state(BaselineState::Still, "F3")];
    let absent = [sample("F4", "high", 1.0, 0)];
    let mut bytes = Vec::new();
    write(&findings, &About { version: "0.1.0", inputs: &[], complete: true, absent: &absent }, &mut bytes).unwrap();
    let log: Value = serde_json::from_slice(&bytes).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let states: Vec<&str> = results.iter().map(|result| result["baselineState"].as_str().unwrap()).collect();
    assert_eq!(states, ["new", "updated", "unchanged", "absent"]);
    let place = &results[3]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(place["uri"], "access.log", "places of what is gone are known");
}

#[test]
fn places_lead_to_the_records() {
    let log = log(&[sample("F1", "critical", 1.0, 0)]);
    let result = &log["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "access.log");
    assert_eq!(place["region"]["startLine"], 7);
    let context = &result["codeFlows"][0]["threadFlows"][0]["locations"][0]["location"];
    assert_eq!(context["physicalLocation"]["artifactLocation"]["uri"], "a%20dir/cap%231.pcapng");
    assert_eq!(context["physicalLocation"]["region"]["byteOffset"], 4242);
    assert!(context["message"]["text"].as_str().unwrap().ends_with("(frames=12-19)"));
    assert_eq!(result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], "order:ord_1/refund:ref_881");
    let names: Vec<&str> = log["runs"][0]["artifacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["location"]["uri"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["a%20dir/cap%231.pcapng", "access.log", "unused.har"]);
    assert_eq!(log["runs"][0]["artifacts"][1]["hashes"]["sha-256"], "ab".repeat(32));
}

#[test]
fn same_findings_same_bytes_and_no_finding_is_an_empty_list() {
    let findings = [sample("F1", "critical", 0.85, 5)];
    assert_eq!(bytes(&findings), bytes(&findings));
    assert_eq!(log(&[])["runs"][0]["results"], Value::Array(Vec::new()));
}

#[test]
fn messages_hold_no_placeholder_and_no_link() {
    let finding = Finding { title: "POST /orders/{0} [x](http://evil)".to_owned(), ..sample("F1", "high", 1.0, 0) };
    let text = log(&[finding])["runs"][0]["results"][0]["message"]["text"].as_str().unwrap().to_owned();
    assert!(!text.contains('{') && !text.contains("]("), "{text}");
}
