//! `events`: the event log of traffic in each format, read again by ourselves and by a peer.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use offpath_process::{
    DirectlyFollows, EventLog, ObjectLog, OcelLimits, XesReader, read_ocel, read_ocel_sqlite, write_ocel_json,
};
use serde_json::Value;
use support::{code, offpath, sample, stderr, stdout};

const FILES: [&str; 6] = ["log.ocel.json", "log.ocel.xml", "log.ocel.sqlite", "log.xes", "log.xes.gz", "log.csv"];

/// Writes the sample's log in each format.
fn written(folder: &Path, more: &[&str]) -> String {
    let path = |name: &str| folder.join(name).display().to_string();
    let sample = |name: &str| sample().join(name).display().to_string();
    let mut arguments = vec!["events".to_owned(), sample("capture.har.gz"), "--model".to_owned(), sample("model.yaml")];
    arguments.extend(FILES.iter().flat_map(|name| ["-o".to_owned(), path(name)]));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let output = offpath(&arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    stderr(&output)
}

fn objects(path: &Path) -> ObjectLog {
    let limits = OcelLimits::default();
    let (log, problems) = if path.extension().is_some_and(|suffix| suffix == "sqlite") {
        read_ocel_sqlite(path, &limits).unwrap()
    } else {
        read_ocel("log", File::open(path).unwrap(), &limits).unwrap()
    };
    assert_eq!(problems, [], "{}", path.display());
    log
}

fn traces(path: &Path) -> EventLog {
    let mut log = EventLog::default();
    let problems = XesReader::default().read("log", File::open(path).unwrap(), &mut log).unwrap();
    assert_eq!(problems, []);
    log
}

/// A log as lines of JSON, sorted: in which order a file has them says nothing.
fn lines(log: &ObjectLog) -> Vec<String> {
    let mut text = Vec::new();
    write_ocel_json(log, &mut text).unwrap();
    let document: Value = serde_json::from_slice(&text).unwrap();
    let mut lines = Vec::new();
    for (section, elements) in document.as_object().unwrap() {
        for element in elements.as_array().unwrap() {
            let mut element = element.clone();
            for list in ["attributes", "relationships"] {
                if let Some(list) = element.get_mut(list).and_then(Value::as_array_mut) {
                    list.sort_by_key(ToString::to_string);
                }
            }
            lines.push(format!("{section} {element}"));
        }
    }
    lines.sort();
    lines
}

/// Cases and directly-follows pairs.
fn figures(log: &EventLog) -> (usize, u64) {
    (log.len(), DirectlyFollows::new(log).pairs.values().sum())
}

#[test]
fn what_is_written_is_read_again_without_loss() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let said = written(folder.path(), &["--object-type", "order"]);
    assert!(said.contains("events and") && said.contains("objects written"), "{said}");
    let log = objects(&path("log.ocel.json"));
    assert!(log.events.len() > 100 && log.object_count() > 50 && log.object_relations() > 0);
    let first = lines(&log);
    for name in ["log.ocel.xml", "log.ocel.sqlite"] {
        assert_eq!(first, lines(&objects(&path(name))), "{name}");
    }
    // An order's trace is the same by way of XES, plain or packed.
    let flat = log.flatten("order").unwrap();
    let names = |log: &EventLog| -> BTreeMap<String, Vec<(String, Option<i64>)>> {
        let events = |events: &[offpath_process::Event]| {
            events.iter().map(|event| (log.activities.name(event.activity).to_owned(), event.time)).collect()
        };
        log.traces().map(|trace| (trace.case.unwrap().to_owned(), events(trace.events))).collect()
    };
    assert!(flat.len() > 50);
    assert_eq!(names(&flat), names(&traces(&path("log.xes"))));
    assert_eq!(names(&flat), names(&traces(&path("log.xes.gz"))));
    let mut table = EventLog::default();
    let reader = offpath_process::CsvReader::default();
    let (columns, problems) = reader.read("log", File::open(path("log.csv")).unwrap(), &mut table).unwrap();
    assert_eq!((columns.case.as_str(), problems.as_slice()), ("case:concept:name", &[][..]));
    assert_eq!(figures(&flat), figures(&table));
    // What an event holds is in all of them.
    let text = fs::read_to_string(path("log.xes")).unwrap();
    for key in ["outcome", "status", "principal", "client", "ocel:eid", "origin"] {
        assert!(text.contains(&format!("key=\"{key}\"")), "{key}");
        let header = fs::read_to_string(path("log.csv")).unwrap();
        assert!(header.lines().next().unwrap().split(',').any(|column| column == key), "{key}");
    }
}

#[test]
fn the_same_traffic_gives_the_same_bytes_at_any_memory() {
    let log = sample().join("access.log").display().to_string();
    for format in ["ocel-json", "csv"] {
        let shown = |more: &[&str]| stdout(&offpath(&[&["events", &log, "--format", format], more].concat()));
        let first = shown(&[]);
        assert!(first.len() > 10_000);
        assert!(first == shown(&["--memory", "4M", "--threads", "1"]), "{format}");
    }
}

#[test]
fn what_outputs_hide_is_hidden_here_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let har = r#"{"log":{"entries":[{"startedDateTime":"2026-03-01T10:00:00Z","time":5,"request":{"method":"POST",
        "url":"https://shop.example/orders/o17/pay?mail=anna.smith@example.com","headers":[{"name":"authorization","value":"Bearer s3cret"}]},
        "response":{"status":200,"headers":[],"content":{"mimeType":"application/json","text":"{\"id\":\"o17\",\"mail\":\"anna.smith@example.com\"}"}}}]}}"#;
    fs::write(path("a.har"), har).unwrap();
    for format in ["ocel-json", "ocel-xml", "xes", "csv"] {
        let output = offpath(&["events", &path("a.har"), "--format", format]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let shown = stdout(&output);
        assert!(!shown.contains("anna.smith") && !shown.contains("s3cret"), "{format}: {shown}");
    }
    let model = "offpath: 1\nworkflow: {id: shop, version: 1}\nobjects: {order: {key: [path.order]}}\n\
        activities: {pay: {http: \"POST /orders/{order}/pay\", object: order}}\n";
    fs::write(path("shop.yaml"), model).unwrap();
    for level in ["mask", "hash"] {
        let arguments = ["events", &path("a.har"), "--model", &path("shop.yaml"), "--redact", level];
        let output = offpath(&arguments);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let shown = stdout(&output);
        assert!(shown.contains("\"type\":\"pay\"") && shown.contains("\"id\":\"order:"), "{shown}");
        assert_eq!(shown.contains("o17"), level == "mask", "{shown}");
    }
}

#[test]
fn what_cannot_be_written_is_said_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(
        path("a.log"),
        "10.0.0.7 - - [01/Mar/2026:10:00:00 +0000] \"GET /orders/17 HTTP/1.1\" 200 52 \"-\" \"-\"\n",
    )
    .unwrap();
    fs::write(path("mine.csv"), "precious\n").unwrap();
    for (more, words) in [
        (["-o", &path("log.txt")], "no format has this suffix"),
        (["-o", &path("log.ocel.sqlite.gz")], "not written as gzip"),
        (["-o", &path("mine.csv")], "replace it with --force"),
        (["--format", "ocel-sqlite"], "needs a file"),
        (["--object-type", "order"], "--object-type is for .xes and .csv"),
    ] {
        let output = offpath(&["events", &path("a.log"), more[0], more[1]]);
        assert!(code(&output) == 2 && stderr(&output).contains(words), "{more:?}: {}", stderr(&output));
    }
    assert_eq!(fs::read_to_string(path("mine.csv")).unwrap(), "precious\n");
    assert_eq!(code(&offpath(&["events", &path("a.log"), "-o", &path("mine.csv"), "--force"])), 0);
    fs::write(path("empty.har"), r#"{"log":{"entries":[]}}"#).unwrap();
    assert_eq!(code(&offpath(&["events", &path("empty.har"), "-o", &path("empty.xes")])), 4);
}

/// Counts by pm4py, which leaves events without objects aside.
const PEER: &str = r#"
import sys, json, warnings
warnings.filterwarnings("ignore")
try:
    import pm4py
except ImportError:
    sys.exit(77)
for path in sys.argv[1:]:
    if "ocel" in path:
        read = {"json": pm4py.read_ocel2_json, "xml": pm4py.read_ocel2_xml, "sqlite": pm4py.read_ocel2_sqlite}[path.rsplit(".", 1)[1]]
        log = read(path)
        flat = pm4py.ocel_flattening(log, "order")
        counts = [len(log.events), len(log.objects), len(log.relations), len(log.o2o)]
    else:
        flat = pm4py.read_xes(path)
        counts = []
    pairs, _, _ = pm4py.discover_dfg(flat)
    print(json.dumps(counts + [int(flat["case:concept:name"].nunique()), int(sum(pairs.values()))]))
"#;

#[test]
fn a_peer_counts_the_same() {
    let Some(python) = std::env::var_os("OFFPATH_PYTHON") else {
        eprintln!("skipped: OFFPATH_PYTHON names no Python with pm4py");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), &["--object-type", "order"]);
    let paths: Vec<PathBuf> = FILES.iter().take(5).map(|name| folder.path().join(name)).collect();
    let output = Command::new(python).args(["-c", PEER]).args(&paths).output().unwrap();
    if output.status.code() == Some(77) {
        eprintln!("skipped: OFFPATH_PYTHON has no pm4py");
        return;
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let log = objects(&paths[0]);
    let (cases, pairs) = figures(&log.flatten("order").unwrap());
    let with_objects = log.events.iter().filter(|event| !event.relations.is_empty()).count();
    let all = [with_objects, log.object_count(), log.event_relations(), log.object_relations(), cases];
    let lines = stdout(&output);
    let told: Vec<Vec<u64>> =
        lines.lines().filter(|line| line.starts_with('[')).map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected: Vec<u64> = all.iter().map(|count| *count as u64).chain([pairs]).collect();
    assert_eq!(told[..3], [expected.clone(), expected.clone(), expected.clone()]);
    assert_eq!(told[3..], [expected[4..].to_vec(), expected[4..].to_vec()]);
}
