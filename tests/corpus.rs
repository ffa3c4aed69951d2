//! Captures and HAR files that others wrote: the program reads each one to its end, says what it did not read, and without
//! a model finds what is known of them. Skipped without `OFFPATH_CORPUS`. Differences from the oracle are in `docs/capture-differences.md`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{code, offpath, stderr, stdout};

/// What the oracle counted, and the reasons of which one must then be among those not read: what carries it, or what it
/// is carried in.
const NOT_READ: [(&str, &[&str]); 3] =
    [("tls_handshake_messages", &["tls", "quic", "upgraded"]), ("quic", &["quic"]), ("http3_requests", &["quic"])];

fn corpus(folder: &str) -> Option<(PathBuf, BTreeMap<String, Value>)> {
    let Some(corpus) = std::env::var_os("OFFPATH_CORPUS") else {
        eprintln!("skipped: OFFPATH_CORPUS is not set");
        return None;
    };
    let folder = PathBuf::from(corpus).join(folder);
    let oracle = std::fs::read(folder.join("oracle.json")).unwrap();
    Some((folder, serde_json::from_slice(&oracle).unwrap()))
}

/// One file read by `inspect`: its summary and exit code.
fn inspect(path: &str) -> (Value, i32) {
    let output = offpath(&["inspect", "--format", "json", path]);
    let (message, code) = (stderr(&output), code(&output));
    assert!(!message.contains("panicked") && !message.contains("has a bug"), "{path}: {message}");
    assert!(matches!(code, 0 | 3 | 4), "{path}: exit {code}: {message}");
    let run: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let errors = run["errors"].as_array().unwrap();
    assert_eq!(code == 3, !errors.is_empty(), "{path}: exit {code}: {message}");
    for error in errors {
        assert!(error.as_str().unwrap().starts_with(path), "{path}: {error}");
    }
    (run, code)
}

fn records(run: &Value) -> u64 {
    run["inputs"].as_array().unwrap().iter().map(|input| input["records"].as_u64().unwrap()).sum()
}

#[test]
fn every_capture_is_read_and_what_is_not_read_is_named() {
    let Some((folder, oracle)) = corpus("captures") else { return };
    let mut wrong = Vec::new();
    for (name, facts) in &oracle {
        let path = folder.join(name);
        let (run, _) = inspect(path.to_str().unwrap());
        let fact = |name: &str| facts[name].as_u64().unwrap_or(0);
        // Of two files the oracle has only the name of their key log.
        let packets = facts["packets"].as_u64().unwrap_or_else(|| records(&run));
        if records(&run) != packets {
            wrong.push(format!("{name}: {} packets, not {packets}", records(&run)));
        }
        let mut not_read: BTreeSet<&str> =
            run["not_read"].as_array().unwrap().iter().map(|n| n["reason"].as_str().unwrap()).collect();
        let http2_unread = not_read.iter().any(|reason| reason.starts_with("tls_"));
        if run["tls"]["servers"].as_object().is_some_and(|servers| !servers.is_empty()) {
            not_read.insert("tls");
        }
        for (counted, reasons) in NOT_READ {
            if fact(counted) > 0 && !reasons.iter().any(|reason| not_read.contains(reason)) {
                wrong.push(format!("{name}: {counted} is in it, not read are only {not_read:?}"));
            }
        }
        let http2: u64 = ["http2", "grpc"].iter().filter_map(|name| run["protocols"][name].as_u64()).sum();
        let streams = fact("http2_requests").max(fact("http2_responses"));
        if streams > http2 && !http2_unread {
            wrong.push(format!("{name}: {http2} exchanges of HTTP/2, not {streams}"));
        }
        let frames = run["websocket"]["frames"].as_u64().unwrap();
        if frames < fact("websocket_frames") {
            wrong.push(format!("{name}: {frames} frames of WebSockets, not {}", fact("websocket_frames")));
        }
        let connections = run["connections"][0].as_u64().unwrap();
        if run["exchanges"] == 0 && not_read.is_empty() && connections == 0 {
            wrong.push(format!("{name}: nothing is said of {packets} packets"));
        }
    }
    assert!(oracle.len() > 100 && wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_har_has_the_entries_it_has() {
    let Some((folder, oracle)) = corpus("har") else { return };
    for (name, facts) in &oracle {
        let path = folder.join(name);
        let (run, _) = inspect(path.to_str().unwrap());
        match facts["entries"].as_u64() {
            Some(entries) => assert_eq!(records(&run), entries, "{name}"),
            // Files that a JSON parser refuses: a JSONP wrapper is read all the same, the rest is refused clearly.
            None => assert!(records(&run) > 0 || run["errors"].as_array().unwrap().len() == 1, "{name}"),
        }
    }
}

#[test]
fn all_of_them_at_once_without_a_model_give_what_is_known_of_them() {
    let Some((captures, _)) = corpus("captures") else { return };
    let corpus = captures.parent().unwrap();
    let inputs = [corpus.join("captures"), corpus.join("har")];
    let inputs: Vec<&str> = inputs.iter().map(|input| input.to_str().unwrap()).collect();
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    for command in [&["check", "-o", run.to_str().unwrap()][..], &["mine"], &["exchanges"]] {
        let output = offpath(&[command, &inputs].concat());
        let message = stderr(&output);
        // Among them are files that nobody could read; the others are read.
        assert_eq!(code(&output), 3, "{command:?}: {message}");
        assert!(!message.contains("panicked") && !message.contains("has a bug"), "{command:?}: {message}");
    }
    let findings = support::lines(&run.join("findings.jsonl"));
    documented(corpus, &findings);
    // Each of them was looked at: docs/seen-in-the-wild.md.
    let known = |finding: &Value| finding["rule"] == "INT-PLAIN" || finding["rule"] == "LG-CLOCK";
    assert!(findings.iter().all(known), "{findings:#?}");
    let counting = findings.iter().filter(|finding| support::counts(finding));
    assert_eq!(counting.filter(|f| support::text(f, "title").starts_with("GET /secure ")).count(), 1);
    // The clock of who recorded an archive in 2010 was 77 s behind.
    assert_eq!(findings.iter().filter(|finding| finding["rule"] == "LG-CLOCK").count(), 1);
    assert_eq!(findings.iter().filter(|finding| support::counts(finding)).count(), 2, "{findings:#?}");
}

/// Findings by rule, whether they are for review, and file.
type Found = BTreeMap<(String, bool, String), usize>;

/// Compares findings with the table of `docs/seen-in-the-wild.md`: its rows are a person's, its third column the number
/// in each file. `OFFPATH_REWRITE=1` writes the numbers again; what has no row fails, for nobody has looked at it.
fn documented(corpus: &Path, findings: &[Value]) {
    let mut found = Found::new();
    for finding in findings {
        let origins = finding["evidence"].as_array().unwrap().iter().map(|event| support::text(event, "origin"));
        let name = |origin: &str| {
            let file = Path::new(origin.split('#').next().unwrap()).strip_prefix(corpus).unwrap();
            file.components().skip(1).collect::<PathBuf>().to_str().unwrap().to_owned()
        };
        for file in origins.map(name).collect::<BTreeSet<_>>() {
            let rule = support::text(finding, "rule").to_owned();
            *found.entry((rule, !support::counts(finding), file)).or_default() += 1;
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/seen-in-the-wild.md");
    let written = std::fs::read_to_string(&path).unwrap();
    let text = counted(&written, &mut found);
    assert!(found.is_empty(), "without a row in docs/seen-in-the-wild.md: {found:#?}");
    if std::env::var_os("OFFPATH_REWRITE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let again = "docs/seen-in-the-wild.md is out of date: OFFPATH_REWRITE=1 cargo test --test corpus";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{again}");
}

/// The page with the numbers of findings; takes out of `found` what has a row.
fn counted(page: &str, found: &mut Found) -> String {
    let mut rows = false;
    let mut text = String::new();
    for line in page.lines() {
        let mut cells: Vec<&str> = line.split(" | ").collect();
        let numbers;
        if rows && line.starts_with("| `") {
            let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
            let (rule, review) = (quoted(cells[0]).remove(0), cells[0].contains("for review"));
            let of = |file: String| found.remove(&(rule.clone(), review, file)).unwrap_or(0).to_string();
            numbers = quoted(cells[1]).into_iter().map(of).collect::<Vec<_>>().join(", ");
            cells[2] = &numbers;
        } else {
            rows = cells.first() == Some(&"| rule") || rows && line.starts_with("|---");
        }
        text.push_str(&cells.join(" | "));
        text.push('\n');
    }
    text
}

#[test]
fn numbers_are_put_into_the_row_of_their_rule_and_file() {
    let page = "| rule | file | findings | right |\n|---|---|---|---|\n| `A` 0.80 | `x/1`, `x/2` | 9 | yes |\n\n| `A` | `x/1` | 9 |\n";
    let mut found: Found = [("A", false, "x/1", 2), ("A", true, "x/2", 3)]
        .into_iter()
        .map(|(rule, review, file, number)| ((rule.to_owned(), review, file.to_owned()), number))
        .collect();
    assert_eq!(counted(page, &mut found), page.replacen("| 9 |", "| 2, 0 |", 1));
    // What is for review is another's row, and is left for somebody to look at.
    assert_eq!(found.into_keys().collect::<Vec<_>>(), [("A".to_owned(), true, "x/2".to_owned())]);
}
