//! Object-centric logs: one log in every format, what is damaged, and what other tools count.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on stops, and says what it skips")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use offpath_process::{
    DirectlyFollows, ObjectLog, OcelLimits, Problem, read_ocel, read_ocel_sqlite, write_ocel_json, write_ocel_sqlite,
    write_ocel_xml,
};
use proptest::prelude::*;

fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("OFFPATH_CORPUS").map(|corpus| Path::new(&corpus).join("eventlogs/ocel"));
    let folder = folder.filter(|folder| folder.is_dir());
    if folder.is_none() {
        eprintln!("skipped: OFFPATH_CORPUS names no folder with eventlogs/ocel");
    }
    folder
}

fn open(path: &Path) -> (ObjectLog, Vec<Problem>) {
    let limits = OcelLimits::default();
    if path.extension().is_some_and(|suffix| suffix == "sqlite") {
        read_ocel_sqlite(path, &limits).unwrap()
    } else {
        read_ocel(&path.display().to_string(), File::open(path).unwrap(), &limits).unwrap()
    }
}

fn text(text: &str) -> (ObjectLog, Vec<Problem>) {
    read_ocel("log", text.as_bytes(), &OcelLimits::default()).unwrap()
}

/// Everything that a log says, in words, sorted: numbers of names depend on the order of a file.
fn told(log: &ObjectLog) -> Vec<String> {
    let mut told = Vec::new();
    for (what, types) in [("event", &log.event_types), ("object", &log.object_types)] {
        for (number, name) in (0..).zip(types.names.iter()) {
            told.push(format!("{what} type {name}"));
            let line = |(attribute, kind)| format!("{what} type {name}: {} {kind:?}", log.attributes.name(attribute));
            told.extend(types.of(number).map(line));
        }
    }
    let relation = |one: &offpath_process::Relation| {
        format!("{} as {}", log.object_ids.name(one.object), log.qualifiers.name(one.qualifier))
    };
    for (number, event) in (0..).zip(&log.events) {
        let id = log.event_ids.name(number);
        told.push(format!("event {id} {} {:?}", log.event_types.names.name(event.kind), event.time));
        let attributes = event.attributes.iter();
        told.extend(attributes.map(|(name, value)| format!("event {id}: {} {value:?}", log.attributes.name(*name))));
        told.extend(event.relations.iter().map(|one| format!("event {id} -> {}", relation(one))));
    }
    for (number, object) in (0..).zip(&log.objects) {
        let id = log.object_ids.name(number);
        told.push(format!("object {id} {:?}", object.kind.map(|kind| log.object_types.names.name(kind))));
        let change = |one: &offpath_process::Change| {
            format!("object {id}: {} {} {:?}", log.attributes.name(one.name), one.time, one.value)
        };
        told.extend(object.attributes.iter().map(change));
        told.extend(object.relations.iter().map(|one| format!("object {id} -> {}", relation(one))));
    }
    told.sort();
    told
}

/// The log written in each format and read again.
fn again(log: &ObjectLog, folder: &Path) -> Vec<(ObjectLog, Vec<Problem>)> {
    let path = |name: &str| folder.join(name);
    write_ocel_json(log, &mut File::create(path("log.json")).unwrap()).unwrap();
    write_ocel_xml(log, &mut File::create(path("log.xml")).unwrap()).unwrap();
    let _ = fs::remove_file(path("log.sqlite"));
    write_ocel_sqlite(log, &path("log.sqlite")).unwrap();
    ["log.json", "log.xml", "log.sqlite"].map(|name| open(&path(name))).into()
}

#[derive(Debug, PartialEq, Eq)]
struct Counts {
    events: usize,
    objects: usize,
    e2o: usize,
    o2o: usize,
    /// Cases and directly-follows pairs of each type of objects that has events.
    flat: BTreeMap<String, (usize, u64)>,
}

fn counts(log: &ObjectLog) -> Counts {
    let flat = log.types().into_iter().filter_map(|(name, _)| {
        let flat = log.flatten(name).unwrap();
        let pairs = DirectlyFollows::new(&flat).pairs.values().sum();
        (!flat.is_empty()).then(|| (name.to_owned(), (flat.len(), pairs)))
    });
    Counts {
        events: log.events.len(),
        objects: log.object_count(),
        e2o: log.event_relations(),
        o2o: log.object_relations(),
        flat: flat.collect(),
    }
}

fn expected(events: usize, objects: usize, e2o: usize, o2o: usize, flat: &[(&str, usize, u64)]) -> Counts {
    let flat = flat.iter().map(|(name, cases, pairs)| ((*name).to_owned(), (*cases, *pairs))).collect();
    Counts { events, objects, e2o, o2o, flat }
}

#[test]
fn the_same_log_thrice_is_the_same() {
    let Some(folder) = corpus() else { return };
    let logs = ["jsonocel", "xmlocel", "sqlite"].map(|suffix| open(&folder.join(format!("ocel20_example.{suffix}"))));
    let flat = [("Invoice", 3, 6), ("Purchase Order", 2, 3), ("Purchase Requisition", 1, 2), ("Payment", 3, 0)];
    for (log, problems) in &logs {
        assert_eq!(problems.as_slice(), []);
        assert_eq!(counts(log), expected(13, 9, 20, 7, &flat));
    }
    // The tools that wrote them had clocks in different zones.
    let timeless = |log: &ObjectLog| told(log).iter().map(|line| without_times(line)).collect::<Vec<_>>();
    assert_eq!(timeless(&logs[0].0), timeless(&logs[1].0));
}

/// A line without numbers of more digits than ids have.
fn without_times(line: &str) -> String {
    let words = line.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() > 9);
    words.fold(line.to_owned(), |line, time| line.replace(time, "T"))
}

#[test]
fn what_is_written_is_read_again_in_every_format() {
    let Some(folder) = corpus() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let mut logs = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let (log, _) = open(&path);
        for (other, problems) in again(&log, scratch.path()) {
            assert_eq!(problems, [], "{}", path.display());
            assert_eq!(told(&log), told(&other), "{}", path.display());
        }
        logs += 1;
    }
    assert!(logs >= 5);
}

#[test]
fn logs_of_older_tools_are_read() {
    let Some(folder) = corpus() else { return };
    let (log, problems) = open(&folder.join("example_log.jsonocel"));
    assert_eq!(problems, []);
    assert_eq!((log.events.len(), log.object_relations()), (23, 0));
    let (log, _) = open(&folder.join("pallet-logistics-v0.9.sqlite"));
    let flat = [("Item", 4, 4), ("Order", 2, 4), ("Pallet", 3, 4), ("Vehicle", 2, 6)];
    assert_eq!(counts(&log), expected(14, 11, 29, 0, &flat));
}

/// Counts by pm4py, where `OFFPATH_PYTHON` can import it.
const PEER: &str = r#"
import sys, json, warnings
warnings.filterwarnings("ignore")
try:
    import pm4py
except ImportError:
    sys.exit(77)
for path in sys.argv[1:]:
    read = pm4py.read_ocel2_sqlite if path.endswith("sqlite") else pm4py.read_ocel2_xml if path.endswith("xml") or path.endswith("xmlocel") else None
    if read is None:
        read = pm4py.read_ocel_json if "ocel:events" in open(path).read() else pm4py.read_ocel2_json
    log = read(path)
    flat = {}
    for kind in log.objects["ocel:type"].unique():
        one = pm4py.ocel_flattening(log, kind)
        if len(one):
            pairs, _, _ = pm4py.discover_dfg(one)
            flat[kind] = [int(one["case:concept:name"].nunique()), int(sum(pairs.values()))]
    print(json.dumps([len(log.events), len(log.objects), len(log.relations), len(log.o2o), flat]))
"#;

fn peer(paths: &[PathBuf]) -> Option<Vec<Counts>> {
    let Some(python) = std::env::var_os("OFFPATH_PYTHON") else {
        eprintln!("skipped: OFFPATH_PYTHON names no Python with pm4py");
        return None;
    };
    let output = Command::new(python).args(["-c", PEER]).args(paths).output().unwrap();
    if output.status.code() == Some(77) {
        eprintln!("skipped: OFFPATH_PYTHON has no pm4py");
        return None;
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let parse = |line: &str| {
        let (events, objects, e2o, o2o, flat) = serde_json::from_str(line).unwrap();
        Counts { events, objects, e2o, o2o, flat }
    };
    Some(lines.lines().filter(|line| line.starts_with('[')).map(parse).collect())
}

#[test]
fn a_peer_counts_the_same_in_what_is_read_and_in_what_is_written() {
    let Some(folder) = corpus() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let names = ["ocel20_example.sqlite", "ocel20_example.jsonocel", "ocel20_example.xmlocel", "example_log.jsonocel"];
    let mut paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    let (log, _) = open(&paths[0]);
    again(&log, scratch.path());
    paths.extend(["log.json", "log.xml", "log.sqlite"].map(|name| scratch.path().join(name)));
    let Some(peers) = peer(&paths) else { return };
    assert_eq!(peers.len(), paths.len());
    for (path, peer) in paths.iter().zip(peers) {
        assert_eq!(counts(&open(path).0), peer, "{}", path.display());
    }
}

const SMALL: &str = r#"{"eventTypes": [{"name": "pay", "attributes": [{"name": "sum", "type": "float"}]}],
"objectTypes": [{"name": "order", "attributes": [{"name": "state", "type": "string"}]}, {"name": "item", "attributes": []}],
"objects": [{"id": "o1", "type": "order", "attributes": [
    {"name": "state", "time": "1970-01-01T00:00:00Z", "value": "new"},
    {"name": "state", "time": "2026-03-01T10:00:00Z", "value": "paid"}],
  "relationships": [{"objectId": "i1", "qualifier": "has"}, {"objectId": "i1", "qualifier": "ships"}]},
 {"id": "i1", "type": "item"}],
"events": [{"id": "e2", "type": "pay", "time": "2026-03-01T10:00:00Z", "attributes": [{"name": "sum", "value": 3}],
  "relationships": [{"objectId": "o1", "qualifier": "pays"}, {"objectId": "o1", "qualifier": "closes"}]},
 {"id": "e1", "type": "create", "time": "2026-03-01T09:00:00Z", "relationships": [{"objectId": "o1", "qualifier": ""}]}]}"#;

#[test]
fn a_pair_with_two_qualifiers_stays_two_relations_and_is_one_event_of_the_trace() {
    let (log, problems) = text(SMALL);
    assert_eq!(problems, []);
    assert_eq!(counts(&log), expected(2, 2, 3, 2, &[("order", 1, 1)]));
    let flat = log.flatten("order").unwrap();
    let names: Vec<&str> =
        flat.trace(0).unwrap().events.iter().map(|event| flat.activities.name(event.activity)).collect();
    assert_eq!(names, ["create", "pay"]);
    assert!(log.flatten("ghost").is_none());
    let scratch = tempfile::tempdir().unwrap();
    for (other, _) in again(&log, scratch.path()) {
        assert_eq!(told(&other), told(&log));
    }
}

#[test]
fn what_is_damaged_is_named_with_its_place() {
    let cut = &SMALL[..SMALL.len() - 60];
    let (log, problems) = text(cut);
    assert_eq!(log.events.len(), 1);
    assert!(problems[0].lost && problems[0].line == 10, "{problems:?}");
    assert!(problems[0].to_string().contains("it is cut off"), "{problems:?}");
    for (from, to, words) in [
        ("\"e1\"", "\"e2\"", "two events have one id"),
        ("\"i1\", \"type\"", "\"i9\", \"type\"", "a relation names an object that the log does not have"),
        ("2026-03-01T09:00:00Z", "yesterday", "a time is no time"),
        ("\"value\": 3", "\"value\": [3]", "a value is a list or an object"),
        ("\"qualifier\": \"closes\"", "\"qualifier\": \"pays\"", "a relation is told twice"),
    ] {
        assert_ne!(SMALL.replace(from, to), SMALL, "{from}");
        let (_, problems) = text(&SMALL.replace(from, to));
        assert!(problems.iter().any(|problem| problem.cause == words), "{words}: {problems:?}");
    }
    for nothing in ["{}", "[]", "<log/>", "<log><trace/></log>", "", "SQLite format 3\0"] {
        assert!(read_ocel("log", nothing.as_bytes(), &OcelLimits::default()).is_err(), "{nothing}");
    }
}

#[test]
fn limits_end_the_reading_and_are_said() {
    let most = OcelLimits::default();
    for limits in [
        OcelLimits { events: 1, ..most },
        OcelLimits { objects: 1, ..most },
        OcelLimits { relations: 2, ..most },
        OcelLimits { values: 3, ..most },
        OcelLimits { bytes: 20, ..most },
    ] {
        match read_ocel("log", SMALL.as_bytes(), &limits) {
            Ok((_, problems)) => assert!(problems.iter().any(|one| one.lost), "{limits:?}: {problems:?}"),
            Err(error) => assert!(error.to_string().contains("than are read"), "{error}"),
        }
    }
    // An element without end is not gathered.
    let long = format!("{{\"events\": [{{\"id\": \"{}", "x".repeat(1 << 20));
    let error = read_ocel("log", long.as_bytes(), &OcelLimits { element: 1 << 17, ..most }).unwrap_err();
    assert!(error.to_string().contains("longer than 131072 bytes"), "{error}");
}

#[test]
fn a_database_with_views_and_computed_columns_runs_nothing_of_them() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("a ?%#.sqlite");
    write_ocel_sqlite(&text(SMALL).0, &path).unwrap();
    let change = rusqlite::Connection::open(&path).unwrap();
    change
        .execute_batch(
            "ALTER TABLE event_pay ADD COLUMN made TEXT GENERATED ALWAYS AS (hex(zeroblob(1000000000))) VIRTUAL;
            DROP TABLE object_object; CREATE VIEW object_object AS
            WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)
            SELECT 'o1' ocel_source_id, 'i1' ocel_target_id, x ocel_qualifier FROM n;",
        )
        .unwrap();
    drop(change);
    let (log, problems) = open(&path);
    assert_eq!((log.events.len(), log.object_relations()), (2, 0));
    assert!(
        problems
            .iter()
            .any(|one| one.to_string().contains("table object_object: what should be a table is none") && one.lost),
        "{problems:?}"
    );
    fs::write(scratch.path().join("a ?%#.sqlite-wal"), "x").unwrap();
    let error = read_ocel_sqlite(&path, &OcelLimits::default()).unwrap_err();
    assert!(error.to_string().contains("in a file beside it"), "{error}");
    let no_database = scratch.path().join("no.sqlite");
    fs::write(&no_database, "x".repeat(5_000)).unwrap();
    assert!(read_ocel_sqlite(&no_database, &OcelLimits::default()).is_err());
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]", "[a-z <&\"'\\\\;,é]{1,8}"]
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        any::<i64>().prop_map(Into::into),
        (-1e9..1e9).prop_map(Into::into),
        any::<bool>().prop_map(Into::into),
        "[0-9]{1,4}|true|0|1|[a-z<&\"]{0,6}|-?[0-9]\\.[0-9]{1,3}".prop_map(Into::into),
    ]
}

prop_compose! {
    fn element(of_objects: bool)(
        id in "[a-f]", kind in "[st]",
        attributes in prop::collection::btree_map("[xyz]", (value(), 0..3_u8), 0..3),
        relations in prop::collection::vec(("[a-f]", name()), 0..4),
    ) -> serde_json::Value {
        let time = |seconds: i64| format!("{}T00:00:{:02}Z", ["1970-01-01", "2026-03-01"][usize::from(seconds > 0)], seconds % 60);
        let attributes: Vec<_> = attributes.into_iter().map(|(name, (value, from))| {
            if of_objects {
                serde_json::json!({"name": name, "value": value, "time": time(i64::from(from))})
            } else {
                serde_json::json!({"name": name, "value": value})
            }
        }).collect();
        let relations: Vec<_> = relations.into_iter()
            .map(|(object, qualifier)| serde_json::json!({"objectId": object, "qualifier": qualifier})).collect();
        serde_json::json!({"id": id, "type": kind, "time": time(7), "attributes": attributes, "relationships": relations})
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn any_log_is_the_same_in_every_format(
        events in prop::collection::vec(element(false), 0..5),
        objects in prop::collection::vec(element(true), 1..5),
        kinds in prop::collection::vec(prop::sample::select(vec!["string", "time", "integer", "float", "boolean"]), 3),
    ) {
        let declared: Vec<_> = ["x", "y", "z"].iter().zip(&kinds)
            .map(|(name, kind)| serde_json::json!({"name": name, "type": kind})).collect();
        let types = serde_json::json!([{"name": "s", "attributes": declared}]);
        let all = serde_json::json!({"objectTypes": types, "eventTypes": types, "objects": objects, "events": events});
        let (log, _) = text(&all.to_string());
        // What the log only names is written where it is named.
        let scratch = tempfile::tempdir().unwrap();
        for (other, problems) in again(&log, scratch.path()) {
            prop_assert!(problems.iter().all(|one| !one.lost), "{problems:?}");
            prop_assert_eq!(told(&log), told(&other));
        }
    }

    #[test]
    fn damage_ends_the_reading_and_nothing_else(
        at in 0..SMALL.len(), removed in 0..40_usize, with in prop::collection::vec(any::<u8>(), 0..6),
    ) {
        let mut bytes = SMALL.as_bytes().to_vec();
        let end = (at + removed).min(bytes.len());
        bytes.splice(at..end, with);
        let _ = read_ocel("log", bytes.as_slice(), &OcelLimits::default());
    }
}
