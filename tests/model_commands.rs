//! `offpath model`: outputs and exit codes of its commands.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use support::{code, offpath, sample, stderr, stdout};

fn model() -> String {
    sample().join("model.yaml").display().to_string()
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

fn edited(from: &str, to: &str) -> String {
    let text = fs::read_to_string(model()).unwrap();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

#[test]
fn lint_exits_by_the_gravest() {
    let folder = tempfile::tempdir().unwrap();
    let advice = write(
        folder.path(),
        "advice.yaml",
        &edited(
            "distinct_persons: [refund_request, refund_approve, refund_execute]",
            "distinct_persons: [refund_request, refund_execute]",
        ),
    );
    let broken = write(folder.path(), "broken.yaml", &edited("activity: ship, ", "activity: shipp, "));
    for (args, exit, part) in [
        (vec![model()], 0, "nothing to say against 1 model"),
        (vec![advice.clone()], 0, "1 piece of advice"),
        (vec![advice.clone(), "--fail-on".into(), "warning".into()], 0, "1 piece of advice"),
        (vec![advice.clone(), "--fail-on".into(), "advice".into()], 1, "1 piece of advice"),
        (vec![model(), broken.clone()], 2, "1 error"),
        (vec!["no-such.yaml".to_owned()], 2, "no-such.yaml"),
    ] {
        let args: Vec<&str> = ["model", "lint"].into_iter().chain(args.iter().map(String::as_str)).collect();
        let output = offpath(&args);
        assert_eq!(code(&output), exit, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(part), "{args:?}: {}", stderr(&output));
    }
    let human = stdout(&offpath(&["model", "lint", &advice]));
    assert!(human.starts_with("advice[M044]: who asked may give the approval `refund_approve`"), "{human}");
    assert!(human.contains("[refund_request, refund_approve], per: refund}"), "what to write: {human}");
    assert!(human.contains("advice.yaml:") && human.contains("offpath explain M044"), "{human}");
    let json: Value = serde_json::from_str(&stdout(&offpath(&["model", "lint", &broken, "--format", "json"]))).unwrap();
    let one = &json["diagnostics"][0];
    assert_eq!((one["code"].as_str(), one["gravity"].as_str()), (Some("M003"), Some("error")));
    assert!(one["line"].as_u64().unwrap() > 1 && one["end_column"].as_u64() > one["column"].as_u64(), "{one}");
    let sarif: Value =
        serde_json::from_str(&stdout(&offpath(&["model", "lint", &advice, "--format", "sarif"]))).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((result["ruleId"].as_str(), result["level"].as_str()), (Some("M044"), Some("note")));
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert!(region["startLine"].as_u64().unwrap() > 1, "{region}");
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"][0]["id"].as_str(), Some("M044"));
}

#[test]
fn every_format_of_show_holds_the_life() {
    for (format, part) in [
        ("text", "refund_approve"),
        ("mermaid", "order_s1 --> order_s2 : pay"),
        ("dot", "digraph \"order-to-cash\""),
        ("svg", "</svg>"),
        ("json", "\"schema_version\": \"1\""),
        ("xstate", "\"type\": \"parallel\""),
    ] {
        let output = offpath(&["model", "show", &model(), "--format", format]);
        assert_eq!(code(&output), 0, "{format}: {}", stderr(&output));
        assert!(stdout(&output).contains(part), "{format}: {}", stdout(&output));
    }
    let one = stdout(&offpath(&["model", "show", &model(), "--format", "xstate", "--life", "refund"]));
    let machine: Value = serde_json::from_str(&one).unwrap();
    assert_eq!((machine["id"].as_str(), machine["initial"].as_str()), (Some("refund"), Some("none")));
    let wrong = offpath(&["model", "show", &model(), "--life", "ordre"]);
    assert_eq!(code(&wrong), 2);
    assert!(stderr(&wrong).contains("did you mean order?"), "{}", stderr(&wrong));
}

#[test]
fn diff_exits_by_direction() {
    let folder = tempfile::tempdir().unwrap();
    let wider = write(folder.path(), "wider.yaml", &edited("kind: human, max_age", "max_age"));
    let (old, new) = (model(), wider.as_str());
    for (args, exit) in [
        (&[&old, new][..], 1),
        (&[&old, new, "--fail-on", "none"][..], 0),
        (&[new, &old][..], 0),
        (&[new, &old, "--fail-on", "any"][..], 1),
        (&[&old, &old, "--fail-on", "any"][..], 0),
        (&[&old, "no-such.yaml"][..], 2),
    ] {
        let output = offpath(&[&["model", "diff"], args].concat());
        assert_eq!(code(&output), exit, "{args:?}: {}", stderr(&output));
    }
    let human = stdout(&offpath(&["model", "diff", &old, new]));
    assert!(human.contains("critical") && human.contains("constraint refund-needs-human: approval lost"), "{human}");
    let page = stdout(&offpath(&["model", "diff", &old, new, "--format", "markdown"]));
    assert!(page.starts_with("## Model change: order-to-cash 7 to order-to-cash 7\n"), "{page}");
    let json: Value =
        serde_json::from_str(&stdout(&offpath(&["model", "diff", &old, new, "--format", "json"]))).unwrap();
    assert_eq!((json["widened"].as_u64(), json["changes"][0]["aspect"].as_str()), (Some(1), Some("approval")));
}

#[test]
fn fmt_writes_once_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "m.yaml", &fs::read_to_string(model()).unwrap());
    let before = fs::read_to_string(&file).unwrap();
    let check = offpath(&["model", "fmt", "--check", &file]);
    assert_eq!(code(&check), 1, "{}", stderr(&check));
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    assert_eq!(code(&offpath(&["model", "fmt", &file])), 0);
    let after = fs::read_to_string(&file).unwrap();
    assert!(after != before && after.contains("# first hit wins; @login = bound by that activity"), "{after}");
    assert_eq!(code(&offpath(&["model", "fmt", "--check", &file])), 0);
    assert_eq!(code(&offpath(&["model", "diff", &model(), &file, "--fail-on", "any"])), 0, "the same meaning");
    let hidden = write(folder.path(), "hidden.yaml", "offpath: [[1, # here\n  2]]\n");
    let refused = offpath(&["model", "fmt", &hidden]);
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("hidden.yaml:1:15: a comment inside of brackets"), "{}", stderr(&refused));
    assert!(fs::read_to_string(&hidden).unwrap().contains("# here"));
}

#[test]
fn new_prints_a_model_that_nothing_is_said_against() {
    let folder = tempfile::tempdir().unwrap();
    for kind in ["payments", "fulfilment", "saas", "telecom", "claims", "agents"] {
        let file = folder.path().join(format!("{kind}.yaml")).display().to_string();
        let output = offpath(&["model", "new", kind, "-o", &file]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let lint = offpath(&["model", "lint", &file, "--fail-on", "advice"]);
        assert_eq!(code(&lint), 0, "{}{}", stdout(&lint), stderr(&lint));
        assert_eq!(stdout(&offpath(&["model", "new", kind])), fs::read_to_string(&file).unwrap());
        assert_eq!(code(&offpath(&["model", "new", kind, "-o", &file])), 2, "it is not overwritten");
    }
}

#[test]
fn a_model_comes_by_a_pipe_as_well() {
    let starter = stdout(&offpath(&["model", "new", "agents"]));
    let mut child = Command::new(env!("CARGO_BIN_EXE_offpath"))
        .args(["model", "lint", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(starter.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

#[test]
fn import_writes_a_model_that_lints_and_says_what_it_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let machine = r#"{"id": "order", "initial": "none", "context": {"total": 0}, "states": {
        "none": {"on": {"create": "new"}}, "new": {"on": {"pay": "paid"}}, "paid": {"type": "final"}}}"#;
    let source = write(folder.path(), "machine.json", machine);
    let target = folder.path().join("order.model.yaml").display().to_string();
    let output = offpath(&["model", "import", &source, "-o", &target]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("machine.json:1: left out: `context`"), "{}", stderr(&output));
    assert_eq!(code(&offpath(&["model", "lint", &target])), 0);
    let text = fs::read_to_string(&target).unwrap();
    assert!(text.starts_with("# Made by `offpath model import` of machine.json (XState machine).\n"), "{text}");
    // A model is not overwritten, and what is no workflow is refused.
    let kept = offpath(&["model", "import", &source, "-o", &target]);
    assert!(code(&kept) == 2 && stderr(&kept).contains("--force"), "{}", stderr(&kept));
    fs::write(&target, "old").unwrap();
    assert_eq!(code(&offpath(&["model", "import", &source, "-o", &target, "--force"])), 0);
    assert_eq!(fs::read_to_string(&target).unwrap(), text);
    let other = write(folder.path(), "other.json", "{}");
    let refused = offpath(&["model", "import", &other]);
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("no format that is imported"), "{}", stderr(&refused));
}
