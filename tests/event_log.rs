//! `check` of XES event logs against a PNML net: measures, deviations, exits, redaction.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::{code, offpath, stderr, stdout};

/// `create`, then `pay`, then `ship`.
const NET: &str = r#"<?xml version="1.0"?><pnml><net id="n">
  <place id="p0"/><place id="p1"/><place id="p2"/><place id="p3"/>
  <transition id="t0"><name><text>create</text></name></transition>
  <transition id="t1"><name><text>pay</text></name></transition>
  <transition id="t2"><name><text>ship</text></name></transition>
  <arc id="a" source="p0" target="t0"/><arc id="b" source="t0" target="p1"/><arc id="c" source="p1" target="t1"/>
  <arc id="d" source="t1" target="p2"/><arc id="e" source="p2" target="t2"/><arc id="f" source="t2" target="p3"/>
</net></pnml>"#;

fn log(traces: &[(&str, &[&str])]) -> String {
    let event = |name: &&str| format!("<event><string key=\"concept:name\" value=\"{name}\"/></event>");
    let trace = |(case, events): &(&str, &[&str])| {
        let events: String = events.iter().map(event).collect();
        format!("<trace><string key=\"concept:name\" value=\"{case}\"/>{events}</trace>\n")
    };
    format!("<log>\n{}</log>\n", traces.iter().map(trace).collect::<String>())
}

const TRACES: [(&str, &[&str]); 4] = [
    ("o1", &["create", "pay", "ship"]),
    ("o2", &["create", "ship"]),
    ("anna.smith@example.com", &["create", "ship"]),
    ("o4", &["create", "pay", "pay", "\u{1b}[31mhack", "ship"]),
];

/// A folder with the net, a log and the arguments that check it.
fn setting(folder: &Path, text: &str) -> [String; 6] {
    fs::write(folder.join("net.pnml"), NET).unwrap();
    fs::write(folder.join("orders.xes"), text).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    ["check".to_owned(), path("orders.xes"), "--model".to_owned(), path("net.pnml"), "-o".to_owned(), path("run")]
}

fn checked(arguments: &[String; 6], more: &[&str]) -> std::process::Output {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
    offpath(&arguments)
}

fn run_json(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("run/run.json")).unwrap()).unwrap()
}

#[test]
fn measures_and_deviations_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = setting(folder.path(), &log(&TRACES));
    let output = checked(&arguments, &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("exit 0: 3 traces deviate (of medium severity, below --fail-on)"));
    let shown = stdout(&output);
    assert!(shown.contains("precision 1") && shown.contains("12 of 12 allowed steps are taken"), "{shown}");
    assert!(shown.contains("pay did not happen after create") && !shown.contains('\u{1b}'), "{shown}");
    let run = run_json(folder.path());
    let measures = &run["measures"];
    for (key, value) in [
        ("traces", json!(4)),
        ("variants", json!(3)),
        ("alignment_moves", json!(4)),
        ("alignment_denominator", json!(12 + 12)),
        ("fitting_traces", json!(1)),
        ("undecided_traces", json!(0)),
        ("coverage", json!([11, 12])),
        ("log_fitness", json!(1.0 - 4.0 / 24.0)),
        ("precision", json!(1.0)),
        ("escaping_edges", json!(0)),
        ("enabled_edges", json!(12)),
    ] {
        assert_eq!(measures[key], value, "{key}");
    }
    let first = &run["deviations"][0];
    assert_eq!((&first["kind"], &first["label"], &first["traces"]), (&json!("skipped"), &json!("pay"), &json!(2)));
    assert_eq!(first["examples"][0], "o2");
    let kinds: Vec<&str> =
        run["deviations"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["skipped", "foreign", "repeated"]);
    let text = fs::read_to_string(folder.path().join("run/run.json")).unwrap();
    assert!(!text.contains("anna.smith"), "personal data is masked");
}

#[test]
fn the_same_log_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = setting(folder.path(), &log(&TRACES));
    let json = || stdout(&checked(&arguments, &["--format", "json"]));
    let first = json();
    assert_eq!(first, json());
    assert_eq!(first, fs::read_to_string(folder.path().join("run/run.json")).unwrap());
}

#[test]
fn exits_mean_what_they_mean_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = setting(folder.path(), &log(&TRACES));
    for (more, expected, words) in [
        (&["--fail-on", "medium"][..], 1, "exit 1: 3 traces deviate"),
        (&["--fail-on", "medium", "--exit-zero"], 0, "--exit-zero given"),
        (&["--select", "SEQ-*"], 2, "--select is for traffic"),
        (&["--format", "sarif"], 2, "--format human or json"),
        (&["--classifier", "no:such"], 4, "no activity of the log is a label of the net"),
    ] {
        let output = checked(&arguments, more);
        assert_eq!(code(&output), expected, "{more:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{more:?}: {}", stderr(&output));
    }
    let cut = setting(folder.path(), log(&TRACES).trim_end().trim_end_matches("</log>"));
    assert_eq!(code(&checked(&cut, &[])), 3);
    assert_eq!(code(&checked(&cut, &["--allow-incomplete"])), 0);
    assert_eq!(run_json(folder.path())["measures"]["traces"], 4);
    let empty = setting(folder.path(), "<log/>");
    assert_eq!(code(&checked(&empty, &[])), 4);
}

#[test]
fn a_net_and_a_log_need_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let [check, log, _, net, ..] = setting(folder.path(), &log(&TRACES));
    let output = offpath(&[&check, &log]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--model NET.pnml"), "{}", stderr(&output));
    let output = offpath(&[&check, &net, "--model", &net, "-o", folder.path().join("other").to_str().unwrap()]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("is it an XES event log?"), "{}", stderr(&output));
    fs::write(
        folder.path().join("net.pnml"),
        NET.replace("source=\"t2\" target=\"p3\"", "source=\"t2\" target=\"p2\""),
    )
    .unwrap();
    let output = offpath(&[&check, &log, "--model", &net]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
}

#[test]
fn what_happened_in_a_log_is_mined() {
    let folder = tempfile::tempdir().unwrap();
    let [_, log, ..] = setting(folder.path(), &log(&TRACES));
    // Not by its name.
    let renamed = folder.path().join("orders.txt").display().to_string();
    fs::rename(&log, &renamed).unwrap();
    let output = offpath(&["mine", &renamed]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("case: 4 objects") && !stdout(&output).contains('\u{1b}'), "{}", stdout(&output));
    let output = offpath(&["mine", &renamed, "--format", "json"]);
    let run: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        run["variants"][0],
        json!({"object_type": "case", "activities": ["create", "ship"], "count": 2, "fits": null})
    );
    let map = &run["maps"][0];
    let name = |node: &Value| map["nodes"][node.as_u64().unwrap() as usize]["name"].as_str().unwrap();
    let edges: Vec<(&str, &str, u64)> = map["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| (name(&edge["from"]), name(&edge["to"]), edge["count"].as_u64().unwrap()))
        .collect();
    assert!(edges.contains(&("create", "pay", 2)) && edges.contains(&("pay", "pay", 1)), "{edges:?}");
    assert_eq!(code(&offpath(&["mine", &renamed, "-o", "draft.yaml"])), 2);
}

#[test]
fn a_run_over_an_event_log_is_not_shown_as_one_over_traffic() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = setting(folder.path(), &log(&TRACES));
    assert_eq!(code(&checked(&arguments, &["--redact", "hash"])), 0);
    assert_ne!(run_json(folder.path())["deviations"][0]["examples"][0], "o2");
    let output = offpath(&["show", "--run", &arguments[5]]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("is of an event log"), "{}", stderr(&output));
}

#[test]
fn what_a_client_says_makes_no_event_log_of_traffic() {
    let folder = tempfile::tempdir().unwrap();
    let [check, log, ..] = setting(folder.path(), &log(&TRACES));
    let path = |name: &str| folder.path().join(name).display().to_string();
    let line =
        "10.0.0.7 - - [01/Mar/2026:10:00:00 +0000] \"GET /orders/17 HTTP/1.1\" 200 52 \"-\" \"<log xes <pnml>\"\n";
    fs::write(path("evil.log"), line).unwrap();
    let output = offpath(&[&check, &path("evil.log"), "-o", &path("run/")]);
    assert!(code(&output) == 0 && stdout(&output).contains("1 event"), "{}{}", stdout(&output), stderr(&output));
    assert_eq!(code(&offpath(&["mine", &path("evil.log")])), 0);
    // Nor do words of a model make a net of it.
    let model = "# from <pnml>\noffpath: 1\nworkflow: {id: shop, version: 1}\nobjects: {order: {key: [path.order]}}\n\
        activities: {read: {http: \"GET /orders/{order}\", object: order}}\n";
    fs::write(path("shop.yaml"), model).unwrap();
    let output = offpath(&[&check, &path("evil.log"), "--model", &path("shop.yaml"), "-o", &path("run/")]);
    assert!(!stderr(&output).contains("event log"), "{}", stderr(&output));
    // A net is one with a prefix, and by its name behind whatever comment.
    let prefixed = NET.replace('<', "<p:").replace("<p:/", "</p:").replace("<p:?", "<?");
    fs::write(path("prefixed.txt"), prefixed.replace("<p:pnml", "<p:pnml xmlns:p=\"x\"")).unwrap();
    fs::write(path("long.pnml"), NET.replace("<pnml>", &format!("<!--{}--><pnml>", "x".repeat(5_000)))).unwrap();
    for model in ["prefixed.txt", "long.pnml"] {
        let output = offpath(&[&check, &log, "--model", &path(model), "-o", &path("other/")]);
        assert_eq!(code(&output), 0, "{model}: {}", stderr(&output));
    }
}

#[test]
fn each_file_of_a_folder_and_below_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::create_dir_all(path("logs/2026/03")).unwrap();
    fs::write(path("logs/b.xes"), log(&TRACES)).unwrap();
    fs::write(path("logs/2026/03/a.xes"), log(&TRACES[..1])).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(path("logs/b.xes"), path("logs/z.xes")).unwrap();
        std::os::unix::fs::symlink(path("logs"), path("logs/2026/again")).unwrap();
    }
    let inputs = [path("logs"), path("logs/b.xes"), path("logs/2026/../b.xes"), path("logs/2026/03/a.xes")];
    for inputs in [&inputs[..1], &inputs[..]] {
        let arguments: Vec<&str> =
            ["mine", "--format", "json"].into_iter().chain(inputs.iter().map(|i| &**i)).collect();
        let output = offpath(&arguments);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let run: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!((&run["cases"], run["inputs"].as_array().unwrap().len()), (&json!(5), 2));
    }
    fs::write(path("one.xes"), log(&[("o1", &["create"])])).unwrap();
    assert!(stderr(&offpath(&["mine", &path("one.xes")])).contains("1 trace of 1 event"));
}

#[test]
fn a_configuration_for_traffic_stops_no_event_log() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = setting(folder.path(), &log(&TRACES));
    let path = |name: &str| folder.path().join(name).display().to_string();
    let config = "trusted-proxy: [10.0.0.0/8]\nredact: [\"key:*birth*=mask\"]\nmodel: shop.yaml\n\
        check: {ignore: [\"SEQ-*\"], format: sarif, classifier: [\"concept:name\"]}\n";
    fs::write(path("offpath.yaml"), config).unwrap();
    let configured = ["--config", &path("offpath.yaml")].map(str::to_owned);
    let configured = [configured[0].as_str(), configured[1].as_str()];
    let output = checked(&arguments, &configured);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("not heeded for an event log: --ignore, --trusted-proxy"), "{}", stderr(&output));
    let warnings = run_json(folder.path())["warnings"].to_string();
    assert!(warnings.contains("key:*birth*=mask is for fields of traffic"), "{warnings}");
    let output = offpath(&["mine", &arguments[1], configured[0], configured[1]]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("--model"), "{}", stderr(&output));
    // What is typed is refused as before.
    for more in [["--ignore", "SEQ-*"], ["--trusted-proxy", "10.0.0.1"], ["--redact", "key:name=mask"]] {
        let output = checked(&arguments, &[&configured[..], &more].concat());
        assert_eq!(code(&output), 2, "{more:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(more[0]), "{}", stderr(&output));
    }
    assert_eq!(code(&checked(&arguments, &["--redact", "shape:email=mask"])), 0);
    // Nor does the key of event logs stop a check of traffic.
    fs::write(path("offpath.yaml"), "check: {classifier: [\"concept:name\"]}\n").unwrap();
    fs::write(path("shop.log"), "10.0.0.7 - - [01/Mar/2026:10:00:00 +0000] \"GET /a HTTP/1.1\" 200 52 \"-\" \"-\"\n")
        .unwrap();
    let output = offpath(&["check", &path("shop.log"), configured[0], configured[1], "-o", &path("traffic/")]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let output = offpath(&["check", &path("shop.log"), "--classifier", "a", "-o", &path("traffic/")]);
    assert_eq!(code(&output), 2);
}

/// Orders `o1` (create, pay, ship) and `o2` (create, ship) with items; the payment has `o1` in two roles.
const OBJECTS: &str = r#"{"objectTypes": [{"name": "order", "attributes": []}, {"name": "item", "attributes": []}],
"eventTypes": [{"name": "create", "attributes": []}, {"name": "pay", "attributes": []}, {"name": "ship", "attributes": []}],
"objects": [{"id": "o1", "type": "order"}, {"id": "o2", "type": "order"}, {"id": "o3", "type": "order"}, {"id": "i1", "type": "item"}],
"events": [
 {"id": "e1", "type": "create", "time": "2026-03-01T10:00:00Z", "relationships": [{"objectId": "o1", "qualifier": "a"}, {"objectId": "i1", "qualifier": ""}]},
 {"id": "e4", "type": "ship", "time": "2026-03-01T13:00:00Z", "relationships": [{"objectId": "o1", "qualifier": ""}, {"objectId": "o2", "qualifier": ""}]},
 {"id": "e2", "type": "create", "time": "2026-03-01T11:00:00Z", "relationships": [{"objectId": "o2", "qualifier": "a"}]},
 {"id": "e3", "type": "pay", "time": "2026-03-01T12:00:00Z", "relationships": [{"objectId": "o1", "qualifier": "a"}, {"objectId": "o1", "qualifier": "b"}]}]}"#;

#[test]
fn objects_of_one_type_are_traces() {
    let folder = tempfile::tempdir().unwrap();
    let [check, _, model, net, ..] = setting(folder.path(), "<log/>");
    let path = |name: &str| folder.path().join(name).display().to_string();
    // Not by its name.
    for name in ["log.ocel.json", "objects.json"] {
        fs::write(path(name), OBJECTS).unwrap();
        let run = |more: &[&str]| {
            let arguments = [check.as_str(), &path(name), &model, &net, "-o", &path("run/")];
            offpath(&[&arguments[..], more].concat())
        };
        let several = run(&[]);
        assert_eq!(code(&several), 2, "{}", stderr(&several));
        let words = "--object-type of \"item\" (1 objects), \"order\" (3 objects)";
        assert!(stderr(&several).contains(words), "{}", stderr(&several));
        let output = run(&["--object-type", "order"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let found = run_json(folder.path());
        let measures = &found["measures"];
        assert_eq!((&measures["traces"], &measures["events"]), (&json!(2), &json!(5)));
        assert_eq!((&measures["fitting_traces"], &measures["alignment_moves"]), (&json!(1), &json!(1)));
        assert_eq!(found["deviations"][0]["examples"], json!(["o2"]));
        assert_eq!(found["inputs"][0]["format"], "ocel");
        assert!(found["warnings"].to_string().contains("1 object has no event"), "{}", found["warnings"]);
        let none = run(&["--object-type", "parcel"]);
        assert!(code(&none) == 2 && stderr(&none).contains("no objects of the type \"parcel\""), "{}", stderr(&none));
        let mined = offpath(&["mine", &path(name), "--object-type", "order", "--format", "json"]);
        let map: Value = serde_json::from_str(&stdout(&mined)).unwrap();
        assert_eq!((&map["cases"], &map["events"]), (&json!(2), &json!(5)));
    }
    fs::write(
        path("one.ocel.json"),
        OBJECTS
            .replace("\"type\": \"item\"", "\"type\": \"order\"")
            .replace("{\"name\": \"item\", \"attributes\": []}", "{\"name\": \"order\", \"attributes\": []}"),
    )
    .unwrap();
    let output = offpath(&["mine", &path("one.ocel.json")]);
    assert!(code(&output) == 0 && stdout(&output).contains("3 objects"), "{}{}", stdout(&output), stderr(&output));
    assert_eq!(code(&offpath(&["mine", &path("orders.xes"), "--object-type", "order"])), 2);
    let output = offpath(&["check", &path("objects.json")]);
    assert!(code(&output) == 2 && stderr(&output).contains("is an event log"), "{}", stderr(&output));
}

#[test]
fn a_table_is_an_event_log_where_its_columns_are() {
    let folder = tempfile::tempdir().unwrap();
    let [check, _, model, net, ..] = setting(folder.path(), "<log/>");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let rows = "NA;create;1.3.2026 10:00\nNA;ship;1.3.2026 12:00\nNA;pay;1.3.2026 11:00\no2;create;1.3.2026 9:00\n";
    fs::write(path("orders.csv"), format!("Case ID;Activity;Timestamp\n{rows}")).unwrap();
    fs::write(path("other.csv"), format!("order;step;when\n{rows}")).unwrap();
    let columns = ["--case-column", "order", "--activity-column", "step", "--time-column", "when"];
    for (name, more) in [("orders.csv", &[][..]), ("other.csv", &columns)] {
        let arguments = [check.as_str(), &path(name), &model, &net, "-o", &path("run/")];
        let output = offpath(&[&arguments[..], more].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let found = run_json(folder.path());
        let measures = &found["measures"];
        assert_eq!((&measures["traces"], &measures["fitting_traces"]), (&json!(2), &json!(1)));
        assert_eq!(found["deviations"][0]["examples"], json!(["o2"]));
        assert_eq!(found["window"][0], "2026-03-01T09:00:00.000000Z");
        let mined = offpath(&[&["mine", &path(name)], more].concat());
        assert!(code(&mined) == 0 && stdout(&mined).contains("2 objects"), "{}{}", stdout(&mined), stderr(&mined));
        assert!(stderr(&mined).contains("Columns    ") && stderr(&mined).contains("activity"), "{}", stderr(&mined));
    }
    let output = offpath(&[&check, &path("other.csv"), &model, &net, "-o", &path("run/")]);
    assert!(code(&output) == 3 && stderr(&output).contains("--case-column"), "{}", stderr(&output));
    let output = offpath(&["mine", &path("orders.csv"), "--case-column", "nobody"]);
    assert!(code(&output) == 3 && stderr(&output).contains("no column"), "{}", stderr(&output));
    let output = offpath(&["check", &path("orders.xes"), &model, &net, "--case-column", "x"]);
    assert!(code(&output) == 2 && stderr(&output).contains("--case-column is for CSV logs"), "{}", stderr(&output));
}
