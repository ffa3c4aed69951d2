//! Outputs: only what was asked for, and nothing of the user's replaced.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::{code, stderr, stdout};
use crate::{offpath_in, shop};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn only_the_files_named_are_written() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let files = ["a.csv", "a.html", "a.json", "a.jsonl", "a.md", "a.parquet", "a.sarif"];
    let mut args = vec!["check", "shop.log", "--model", "shop.model.yaml", "--exit-zero"];
    files.iter().for_each(|file| args.extend(["-o", file]));
    // A second time they are replaced: they are earlier outputs of their kinds.
    for _ in 0..2 {
        let output = offpath_in(folder.path(), &args, &[]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(stdout(&output).contains("Report     a.csv"), "{}", stdout(&output));
        assert_eq!(names(folder.path()), [&files[..], &["shop.log", "shop.model.yaml"]].concat());
    }
    let html = fs::read_to_string(folder.path().join("a.html")).unwrap();
    assert!(html.contains("SEQ-SKIP"));
    args.extend(["-o", "run"]);
    assert_eq!(code(&offpath_in(folder.path(), &args, &[])), 0);
    assert!(folder.path().join("run/run.json").is_file());
}

#[test]
fn a_file_that_is_no_earlier_output_is_not_replaced_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    for name in ["a.csv", "a.html", "a.json", "a.jsonl", "a.md", "a.parquet", "a.sarif"] {
        fs::write(folder.path().join(name), "{\"mine\": \"offpath\"}\n").unwrap();
        let args = ["check", "shop.log", "-o", name];
        let output = offpath_in(folder.path(), &args, &[]);
        assert_eq!(code(&output), 2, "{name}: {}", stderr(&output));
        assert!(stderr(&output).contains("--force"), "{name}: {}", stderr(&output));
        assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), "{\"mine\": \"offpath\"}\n");
        let forced = offpath_in(folder.path(), &[&args[..], &["--force"]].concat(), &[]);
        assert_eq!(code(&forced), 0, "{name}: {}", stderr(&forced));
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    for name in ["e.csv", "e.jsonl", "e.parquet"] {
        fs::write(folder.path().join(name), "mine\n").unwrap();
        assert_eq!(code(&offpath_in(folder.path(), &["exchanges", "shop.log", "-o", name], &[])), 2, "{name}");
        let args = ["exchanges", "shop.log", "-o", name, "--force"];
        assert_eq!(code(&offpath_in(folder.path(), &args, &[])), 0, "{name}");
        assert_eq!(code(&offpath_in(folder.path(), &args[..4], &[])), 0, "{name} is an earlier output now");
    }
}

#[test]
fn an_unknown_suffix_is_refused_with_the_known_ones() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let check = offpath_in(folder.path(), &["check", "shop.log", "-o", "foo.xlsx"], &[]);
    assert_eq!(code(&check), 2, "{}", stderr(&check));
    assert!(stderr(&check).contains(".html, .sarif"), "{}", stderr(&check));
    let exchanges = offpath_in(folder.path(), &["exchanges", "shop.log", "-o", "foo.xlsx"], &[]);
    assert_eq!(code(&exchanges), 2, "{}", stderr(&exchanges));
    assert!(stderr(&exchanges).contains(".jsonl, .csv or .parquet"), "{}", stderr(&exchanges));
    assert_eq!(names(folder.path()), ["shop.log", "shop.model.yaml"]);
    for run in ["run-2026.03", "run.v2/"] {
        assert_eq!(code(&offpath_in(folder.path(), &["check", "shop.log", "-o", run], &[])), 0, "{run}");
        assert!(folder.path().join(run).join("run.json").is_file(), "{run}");
    }
}

#[test]
fn exchanges_go_to_several_files_at_once() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let args = ["exchanges", "shop.log", "-o", "e.csv", "-o", "e.jsonl", "-o", "e.parquet"];
    let output = offpath_in(folder.path(), &args, &[]);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, ""), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(folder.path().join("e.csv")).unwrap().lines().count(), 7);
    assert_eq!(fs::read_to_string(folder.path().join("e.jsonl")).unwrap().lines().count(), 6);
}

#[test]
fn exchanges_have_the_fields_that_are_named_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let of = |fields: &str, rest: &[&str]| {
        let args = [&["exchanges", "shop.log", "--fields", fields], rest].concat();
        offpath_in(folder.path(), &args, &[])
    };
    let whole: Vec<serde_json::Value> = stdout(&offpath_in(folder.path(), &["exchanges", "shop.log"], &[]))
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let lines = stdout(&of("status,calls,target", &[]));
    assert_eq!(lines.lines().count(), whole.len());
    for (line, whole) in lines.lines().zip(&whole) {
        let expected = format!(r#"{{"status":{},"calls":[],"target":{}}}"#, whole["status"], whole["target"]);
        assert_eq!(line, expected);
    }
    let csv = stdout(&of("target,status", &["--format", "csv"]));
    assert_eq!(csv.lines().next(), Some("target,status"));
    assert_eq!(csv.lines().count(), whole.len() + 1);
    assert_eq!(code(&of("time,status", &["-o", "e.parquet"])), 0);
    // Who acts costs time, and is only told where it is asked for.
    assert!(whole.iter().all(|exchange| exchange.get("actor").is_none() && exchange.get("user").is_none()));
    let who = stdout(&of("actor,user", &["--filter", "path:/orders/ord_101"]));
    assert_eq!(who.lines().next(), Some(r#"{"actor":"anna","user":"anna"}"#));
    let hidden = stdout(&of("actor,user", &["--redact", "key:username=hash"]));
    assert!(hidden.contains(r#"{"actor":"p"#) && !hidden.contains("anna"), "{hidden}");
    let wrong = of("method,targt", &[]);
    assert_eq!(code(&wrong), 2);
    assert!(stderr(&wrong).contains("did you mean `target`?"), "{}", stderr(&wrong));
    assert_eq!(code(&of("method,method", &[])), 2);
    let filtered = of("status", &["--filter", "method:POST"]);
    let posts = whole.iter().filter(|exchange| exchange["method"] == "POST").count();
    assert_eq!(stdout(&filtered).lines().count(), posts);
}

#[test]
fn the_demo_is_ignored_by_git_and_speaks_of_no_flag() {
    let folder = tempfile::tempdir().unwrap();
    let output = offpath_in(folder.path(), &["demo"], &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(!stderr(&output).contains("--exit-zero"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(folder.path().join("offpath-demo/.gitignore")).unwrap(), "*\n");
}

#[test]
fn the_folder_one_is_in_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let run = folder.path().join("run");
    let first = offpath_in(folder.path(), &["check", "shop.log", "-o", "run", "--exit-zero"], &[]);
    assert_eq!(code(&first), 0, "{}", stderr(&first));
    let before = names(&run);
    for target in [".", "./", "../run"] {
        let output = offpath_in(&run, &["check", "../shop.log", "-o", target, "--exit-zero"], &[]);
        assert_eq!(code(&output), 2, "{target}");
        assert!(stderr(&output).contains("the folder you are in"), "{}", stderr(&output));
        assert_eq!(names(&run), before);
    }
    let again = offpath_in(folder.path(), &["check", "shop.log", "-o", "run", "--exit-zero"], &[]);
    assert_eq!((code(&again), names(&run)), (0, before), "an earlier run is");
    assert_eq!(names(folder.path()), ["run", "shop.log", "shop.model.yaml"]);
}

#[test]
fn the_record_says_how_inputs_were_told_to_be_read() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    std::fs::write(folder.path().join("other.map.yaml"), MAPPING).unwrap();
    let args = ["check", "shop.log", "-o", "run", "--exit-zero", "--actor", "shop.log=anna"];
    let options = |more: &[&str]| {
        let output = offpath_in(folder.path(), &[&args[..], more].concat(), &[]);
        assert!(matches!(code(&output), 0 | 3 | 4), "{}", stderr(&output));
        let record = std::fs::read_to_string(folder.path().join("run/run.json")).unwrap();
        serde_json::from_str::<serde_json::Value>(&record).unwrap()["options"].clone()
    };
    assert_eq!(options(&["--log-field", "user=who"])["log_field"], "user=who");
    let format = "$remote_addr [$time_local] \"$request\" $status";
    let told = options(&["--log-format", format]);
    assert_eq!((&told["log_format"], &told["actor"]), (&json!(format), &json!("shop.log=anna")));
    let mapping = options(&["--mapping", "other.map.yaml"])["mapping"].as_str().unwrap().to_owned();
    let (name, digest) = mapping.split_once(" sha256=").unwrap();
    assert_eq!((name, digest.len()), ("other.map.yaml", 64));
    let hashed = options(&["--model", "shop.model.yaml", "--redact", "hash"]);
    assert!(!hashed.to_string().contains("anna"), "{hashed}");
}

#[test]
fn an_actor_that_nobody_is_told_of_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    fs::copy(folder.path().join("shop.log"), folder.path().join("zcopy.log")).unwrap();
    let names = ["shop.log", "zcopy.log", "--actor", "zcopy.log=anna"];
    for command in [&["check", "--exit-zero"][..], &["inspect"], &["exchanges"], &["mine"]] {
        let output = offpath_in(folder.path(), &[command, &names].concat(), &[]);
        let said = stderr(&output) + &stdout(&output);
        assert!(
            said.contains("--actor zcopy.log names nobody: its traffic is read from shop.log"),
            "{command:?} {said}"
        );
    }
}

/// A mapping for lines of three columns.
const MAPPING: &str = "pattern: '(?<time>\\S+) (?<method>\\S+) (?<target>\\S+)'\nfields:\n  time: time\n  method: method\n  target: target\n";
