//! Commands, exit codes, and last lines.

mod support;

use std::fs;

use serde_json::Value;
use support::{check, code, lines, offpath, offpath_at, sample, stderr, stdout, text};

fn capture() -> String {
    sample().join("capture.pcapng.gz").display().to_string()
}

fn model() -> String {
    sample().join("model.yaml").display().to_string()
}

#[test]
fn demo_finds_the_planted_abuse_and_says_where_the_report_is() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("offpath-demo");
    let output = offpath_at(&["demo", "-o", "offpath-demo"], folder.path(), 100);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("AP-MISSING") && text.contains("report.html"), "{text}");
    let readme = include_str!("../README.md");
    let (_, shown) = readme.split_once("$ offpath demo\n").unwrap();
    let (shown, _) = shown.split_once("[...]").unwrap();
    for line in shown.lines() {
        assert!(text.contains(line), "README shows `{line}`, the demo:\n{text}");
    }
    let report = fs::read_to_string(out.join("run/report.html")).unwrap();
    assert!(report.contains("Content-Security-Policy"));
    for file in
        ["run.json", "findings.jsonl", "findings.parquet", "events/part-000.parquet", "objects/part-000.parquet"]
    {
        assert!(out.join("run").join(file).is_file(), "{file}");
    }
    let again = offpath(&["demo", "-o", out.to_str().unwrap()]);
    assert_eq!(code(&again), 0, "a second demo replaces the first: {}", stderr(&again));
}

#[test]
fn check_exits_by_the_gravest_finding() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run").display().to_string();
    let (capture, model) = (capture(), model());
    let base = ["check", &capture, "--model", &model, "-o", &run];
    for (extra, expected, words) in [
        (&[][..], 1, "exit 1: "),
        (&["--exit-zero"][..], 0, "exit 0: "),
        (&["--fail-on", "none"][..], 0, "exit 0: findings do not count (--fail-on none)"),
        (&["--select", "FLOW-*", "--fail-on", "critical"][..], 0, "exit 0: no finding at or above critical"),
        (&["--select", "AP-MISSING", "--fail-on", "critical"][..], 1, "at or above critical"),
    ] {
        let output = offpath(&[&base[..], extra].concat());
        assert_eq!(code(&output), expected, "{extra:?}: {}", stderr(&output));
        let last = stderr(&output).lines().last().unwrap().to_owned();
        assert!(last.contains(words), "{extra:?}: {last}");
    }
}

#[test]
fn mistakes_on_the_command_line_exit_2_with_the_nearest_name() {
    for (args, part) in [
        (&["chek", "x"][..], "check"),
        (&["check", "x", "--fail-onn", "high"][..], "--fail-on"),
        (&["check", "x", "--select", "SEQ-SKIPP"][..], "did you mean SEQ-SKIP?"),
        (&["check", "x", "--ignore", "SEQ-SKPI*"][..], "did you mean SEQ-SKIP?"),
        (&["check", "x", "--select", "SOD,OWN", "--ignore", "*O*"][..], "leaves no rule of --select SOD,OWN"),
        (&["check", "x", "--ignore", "*"][..], "--ignore * leaves no rule"),
        (&["check", "x", "--model", "no-such.yaml"][..], "no-such.yaml"),
        (&["check", "x", "--memory", "lots"][..], "number"),
        (&["explain", "SEQ-SKIPP"][..], "SEQ-SKIP"),
        (&["show", "order:x", "--run", "no-such-run"][..], "no-such-run"),
    ] {
        let output = offpath(args);
        assert_eq!(code(&output), 2, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(part), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).lines().last().unwrap().starts_with("exit 2: "), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn traffic_that_the_model_does_not_know_exits_4() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("other.log");
    fs::write(&log, "10.0.0.1 - - [07/Sep/2026:06:00:00 +0000] \"GET /weather HTTP/1.1\" 200 5 \"-\" \"x\"\n").unwrap();
    let run = folder.path().join("run");
    let output = offpath(&["check", log.to_str().unwrap(), "--model", &model(), "-o", run.to_str().unwrap()]);
    assert_eq!(code(&output), 4, "{}", stderr(&output));
}

#[test]
fn exchanges_are_the_same_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let (jsonl, csv) = (folder.path().join("e.jsonl"), folder.path().join("e.csv"));
    let parquet = folder.path().join("e.parquet");
    for out in [&jsonl, &csv, &parquet] {
        let output = offpath(&["exchanges", &capture(), "-o", out.to_str().unwrap()]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
    }
    let truth = lines(&sample().join("events.truth.jsonl"));
    let records = lines(&jsonl);
    assert_eq!(records.len(), truth.len());
    assert_eq!(fs::read_to_string(&csv).unwrap().lines().count(), truth.len() + 1);
    assert!(fs::metadata(&parquet).unwrap().len() > 1000);
    let mut seen: Vec<(String, u64)> =
        records.iter().map(|r| (r["method"].as_str().unwrap().into(), r["status"].as_u64().unwrap())).collect();
    let mut told: Vec<(String, u64)> =
        truth.iter().map(|t| (t["method"].as_str().unwrap().into(), t["status"].as_u64().unwrap())).collect();
    seen.sort();
    told.sort();
    assert_eq!(seen, told);
}

#[test]
fn findings_are_shown_with_their_case() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let run_name = run.display().to_string();
    let output = offpath(&["check", &capture(), "--model", &model(), "-o", &run_name, "-q", "--exit-zero"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let findings = lines(&run.join("findings.jsonl"));
    let finding = findings.iter().find(|f| f["rule"] == "AP-MISSING").unwrap();
    let (id, case) = (finding["id"].as_str().unwrap(), finding["case"].as_str().unwrap());
    let shown = offpath(&["show", id, "--run", &run_name]);
    assert_eq!(code(&shown), 0, "{}", stderr(&shown));
    assert!(stdout(&shown).contains(case) && stdout(&shown).contains("#frame"), "{}", stdout(&shown));
    for what in [case, case.split_once(':').unwrap().1, "gaps", "unmatched"] {
        let shown = offpath(&["show", what, "--run", &run_name]);
        assert_eq!(code(&shown), 0, "{what}: {}", stderr(&shown));
        assert!(!stdout(&shown).is_empty());
    }

    let all = stdout(&offpath(&["show", "--run", &run_name]));
    assert!(all.lines().nth(1).unwrap().starts_with("critical") && all.contains("cases without a finding"), "{all}");
    let wrong = format!("{case}x");
    let missed = offpath(&["show", &wrong, "--run", &run_name]);
    assert_eq!(code(&missed), 2);
    assert!(stderr(&missed).contains(&format!("nearest: `{case}`")), "{}", stderr(&missed));
    assert!(stderr(&missed).contains("lists all cases"));
}

#[test]
fn the_beginning_of_a_name_stands_for_it_where_only_one_has_it() {
    let (folder, findings) = check(&[&sample().join("access.jsonl")], &[]);
    let run = folder.path().join("run").display().to_string();
    let show = |what: &str| offpath(&["show", what, "--run", &run]);
    let finding = &findings[0];
    let case = text(finding, "case");
    let (_, key) = case.split_once(':').unwrap();
    for whole in [text(finding, "id"), case, key] {
        let begun = show(&whole[..whole.len() - 1]);
        assert_eq!(stdout(&begun), stdout(&show(whole)), "{whole}: {}", stderr(&begun));
    }
    let several = show("order:");
    assert_eq!(code(&several), 2);
    assert!(stderr(&several).contains("begins several names: `order:"), "{}", stderr(&several));
    let actor = findings.iter().find_map(|finding| finding["actor"]["principal"].as_str()).unwrap();
    for (wrong, right) in [(actor, format!("`actor:{actor}`")), ("gasp", "`gaps`".to_owned())] {
        let near = show(wrong);
        assert_eq!(code(&near), 2, "{wrong}");
        assert!(stderr(&near).contains(&right), "{wrong}: {}", stderr(&near));
    }
}

#[test]
fn the_next_step_is_the_first_row_of_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let [model, log] = ["model.yaml", "access.jsonl"].map(|name| sample().join(name).display().to_string());
    let run = folder.path().join("run").display().to_string();
    let output = offpath(&["check", &log, "--model", &model, "-o", &run, "--exit-zero"]);
    let text = stdout(&output);
    let next = text.lines().find_map(|line| line.strip_prefix("Next")).unwrap();
    let id = next.split_whitespace().nth(2).unwrap();
    let first =
        text.lines().find_map(|line| line.split_whitespace().find(|word| word.len() == 13 && word.starts_with('F')));
    assert_eq!(first, Some(id), "{text}");
}

#[test]
fn a_dash_is_no_run_folder() {
    let folder = tempfile::tempdir().unwrap();
    let log = sample().join("access.jsonl").display().to_string();
    let output = offpath_at(&["check", &log, "-o", "-"], folder.path(), 80);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--format"), "{}", stderr(&output));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_bare_key_shows_its_case_and_a_wrong_type_leads_to_the_right_one() {
    let (folder, findings) = check(&[&sample().join("capture.har.gz")], &[]);
    let run = folder.path().join("run").display().to_string();
    let show = |what: &str| offpath(&["show", what, "--run", &run]);
    let case = findings.iter().filter_map(|finding| finding["case"].as_str()).find(|case| case.starts_with("order:"));
    let (case, key) = case.and_then(|case| Some((case, case.split_once(':')?.1))).unwrap();
    assert_eq!(stdout(&show(key)), stdout(&show(case)));
    let near = show(&format!("mission:{key}"));
    assert!(code(&near) == 2 && stderr(&near).contains(&format!("`{case}`")), "{}", stderr(&near));
}

#[test]
fn show_says_the_same_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let run_name = run.display().to_string();
    offpath(&["check", &capture(), "--model", &model(), "-o", &run_name, "-q", "--exit-zero"]);
    let finding = lines(&run.join("findings.jsonl")).remove(0);
    let (id, case) = (finding["id"].as_str().unwrap(), finding["case"].as_str().unwrap());
    let show = |what: &str, format: &str| {
        let shown = offpath(&["show", what, "--run", &run_name, "--format", format]);
        assert_eq!(code(&shown), 0, "{what} {format}: {}", stderr(&shown));
        stdout(&shown)
    };
    let document: Value = serde_json::from_str(&show(case, "json")).unwrap();
    let events = document["timeline"]["events"].as_array().unwrap();
    assert!(document["findings"].as_array().unwrap().iter().any(|about| about["id"] == id));
    let rows = show(case, "jsonl");
    assert_eq!(rows.lines().map(|row| serde_json::from_str(row).unwrap()).collect::<Vec<Value>>(), *events);
    assert_eq!(csv::Reader::from_reader(show(case, "csv").as_bytes()).records().count(), events.len());
    for (what, format) in [(case, "markdown"), (case, "html"), (id, "markdown"), (id, "html"), (id, "json")] {
        let text = show(what, format);
        for event in
            events.iter().filter(|event| finding["evidence"].to_string().contains(event["id"].as_str().unwrap()))
        {
            let place = event["origin"].as_str().unwrap().rsplit_once('=').unwrap().1;
            assert!(text.contains(place), "{what} {format} lacks {place}:\n{text}");
        }
    }
    assert!(show("gaps", "csv").starts_with("count,what"));
    assert!(show("unmatched", "csv").starts_with("calls,refused,events,what,why,first place"));
    let unmatched: Value = serde_json::from_str(&show("unmatched", "json")).unwrap();
    let [first, ..] = unmatched["unmodelled"]["operations"].as_array().unwrap().as_slice() else {
        panic!("the sample calls more than its model names: {unmatched}")
    };
    let (name, place) = (text(first, "name"), text(first, "first"));
    assert!(place.contains("#frame"), "{first}");
    for format in ["human", "jsonl", "markdown", "html"] {
        let shown = show("unmatched", format);
        let path = name.split(['{', '}', ' ']).max_by_key(|part| part.len()).unwrap();
        assert!(shown.contains(path), "{format} lacks {name}: {shown}");
    }
}

#[test]
fn standard_output_carries_data_alone() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run").display().to_string();
    let output = offpath(&["check", &capture(), "--model", &model(), "-o", &run, "--format", "sarif", "--exit-zero"]);
    let sarif: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let output = offpath(&["check", &capture(), "--model", &model(), "-o", &run, "--format", "json", "--exit-zero"]);
    let summary: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(summary["exchanges"].as_u64().unwrap() as usize, lines(&sample().join("events.truth.jsonl")).len());
}

#[test]
fn a_check_without_a_model_says_which_rules_need_one() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let output = offpath(&["check", &capture(), "-o", run.to_str().unwrap(), "--exit-zero"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let summary: Value = serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
    let rule = |id: &str| summary["rules"].as_array().unwrap().iter().find(|r| r["id"] == id).unwrap().clone();
    assert!(rule("SEQ-SKIP")["not_evaluated"].as_str().unwrap().contains("model"));
    assert!(rule("TX-REPLAY")["not_evaluated"].is_null());
    let findings = lines(&run.join("findings.jsonl"));
    assert!(findings.iter().any(|f| f["rule"] == "TX-REPLAY"), "a reused key needs no model");
}

#[test]
fn explanations_are_offline_and_complete() {
    let all = stdout(&offpath(&["explain"]));
    assert!(all.contains("SEQ-SKIP") && all.contains("fitness"));
    for topic in ["AP-MISSING", "M001", "exit-codes", "precision"] {
        let output = offpath(&["explain", topic]);
        assert_eq!(code(&output), 0, "{topic}: {}", stderr(&output));
        assert!(stdout(&output).len() > 40);
    }
}

#[cfg(not(feature = "live"))]
#[test]
fn a_build_without_live_capture_says_so() {
    let output = offpath(&["inspect", "interface:lo"]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(stderr(&output).contains("this build has no live capture"), "{}", stderr(&output));
}

#[test]
fn nothing_of_the_users_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let name = |file: &str| folder.path().join(file).display().to_string();
    let log = "10.0.0.1 - a [07/Sep/2026:06:00:00 +0000] \"POST /orders/ord_104 HTTP/1.1\" 201 5 \"-\" \"x\"\n";
    let (traffic, run) = (name("traffic.json"), name("run"));
    fs::write(&traffic, log).unwrap();
    for args in [
        &["check", &traffic, "-o", &traffic][..],
        &["check", folder.path().to_str().unwrap(), "-o", &traffic],
        &["exchanges", &traffic, "-o", &traffic],
    ] {
        let output = offpath(args);
        assert_eq!(code(&output), 2, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("one of the inputs"), "{}", stderr(&output));
        assert_eq!(fs::read_to_string(&traffic).unwrap(), log);
    }

    assert_eq!(code(&offpath(&["check", &traffic, "-o", &run])), 0);
    let earlier = fs::read(folder.path().join("run/run.json")).unwrap();
    let output = offpath(&["check", &name("nope.har"), "-o", &run]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(stderr(&output).contains("nope.har"), "{}", stderr(&output));
    assert_eq!(fs::read(folder.path().join("run/run.json")).unwrap(), earlier);
    fs::write(folder.path().join("other.bin"), [1, 2, 3]).unwrap();
    let output = offpath(&["check", &name("other.bin"), "-o", &run]);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert!(stderr(&output).contains("other.bin") && stderr(&output).contains("was kept"), "{}", stderr(&output));
    assert_eq!(fs::read(folder.path().join("run/run.json")).unwrap(), earlier);
    // Its own outcome is no input either.
    let output = offpath(&["check", &run, "-o", &run]);
    assert!(stderr(&output).contains("was kept"), "{}", stderr(&output));
    assert_eq!(fs::read(folder.path().join("run/run.json")).unwrap(), earlier);
    let output = offpath(&["check", &name("nope.har"), "-o", &name("fresh")]);
    assert_eq!((code(&output), folder.path().join("fresh").exists()), (2, false), "{}", stderr(&output));
    let output = offpath(&["check", &name("nope.har"), &traffic, "-o", &name("fresh")]);
    assert_eq!((code(&output), folder.path().join("fresh").exists()), (3, true), "{}", stderr(&output));

    let model = folder.path().join("shop.model.yaml");
    fs::write(&model, "mine").unwrap();
    assert_eq!(code(&offpath(&["demo", "-o", folder.path().to_str().unwrap()])), 2);
    assert_eq!(fs::read_to_string(&model).unwrap(), "mine");
}

/// A log that no format fits, and the mapping that describes it.
const SHIFTS: &str = "17.05.2026 10:05:32 anna: POST /orders/o1 took 250\n17.05.2026 10:05:40 bob: GET /orders/o1?token=s3cretvalue took 12\nlunch\n";
const MAPPING: &str = "pattern: '^(?<when>.{19}) (?<who>\\w+): (?<verb>\\w+) (?<where>\\S+) took (?<took>\\d+)$'
time_zone: '+02:00'
time_format: '%d.%m.%Y %H:%M:%S'
fields: {time: when, method: verb, path: where, user: who, duration_ms: took}
values: {status: '200'}
";

#[test]
fn a_mapping_is_previewed_with_what_fits_and_what_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    fs::write(place("shifts.log"), SHIFTS).unwrap();
    fs::write(place("map.yaml"), MAPPING).unwrap();
    let output = offpath(&["inspect", &place("shifts.log"), "--mapping", &place("map.yaml")]);
    let text = stdout(&output);
    assert_eq!(code(&output), 3, "{text}");
    for part in [
        "as mapping: 2 records fit, 1 do not",
        "line=1 2026-05-17T08:05:32.000000Z POST /orders/o1 200, user anna, 250 ms",
        "user 100 %",
        "line 3 does not fit the mapping",
    ] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
    assert!(!text.contains("s3cretvalue"), "{text}");

    let output = offpath(&["exchanges", "-q", &place("shifts.log"), "--mapping", &place("map.yaml")]);
    assert_eq!(stdout(&output).lines().count(), 2, "{}", stderr(&output));

    fs::write(place("map.yaml"), MAPPING.replace("method: verb", "metod: verb")).unwrap();
    let output = offpath(&["inspect", &place("shifts.log"), "--mapping", &place("map.yaml")]);
    let message = stderr(&output);
    assert_eq!(code(&output), 2, "{message}");
    assert!(message.contains("map.yaml:4:") && message.contains("did you mean `method`?"), "{message}");
}

#[test]
#[cfg(not(feature = "cloud"))]
fn without_the_feature_a_url_is_refused_with_what_to_build() {
    for command in ["exchanges", "check", "inspect", "mine"] {
        let output = offpath(&[command, "https://anna:s3cret@host/a.har?sig=5ec"]);
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        let said = stderr(&output);
        assert!(said.contains("https://***@host/a.har?sig=***") && said.contains("--features cloud"), "{said}");
        assert!(!said.contains("s3cret") && !said.contains("5ec"), "{said}");
    }
}

#[test]
fn timings_are_said_and_change_nothing_that_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, extra: &[&str]| {
        let out = folder.path().join(name).display().to_string();
        let (capture, model) = (capture(), model());
        let output =
            offpath(&[&["check", &capture, "--model", &model, "--format", "jsonl", "-o", &out], extra].concat());
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        let record = fs::read_to_string(folder.path().join(name).join("run.json")).unwrap();
        (stdout(&output), stderr(&output), record)
    };
    let (plain, said, record) = run("plain", &[]);
    assert!(!said.contains("Timings"), "{said}");
    let (timed, said, again) = run("timed", &["--timings"]);
    assert_eq!((plain, record), (timed, again));
    let seconds = |line: &str| line.split_whitespace().next().unwrap().parse::<f64>().unwrap();
    let total = said.lines().find_map(|line| line.strip_prefix("Comparing  ")).map(seconds).unwrap();
    let parts: Vec<f64> = said.lines().filter(|line| line.contains(" %  ")).map(seconds).collect();
    assert!(parts.len() > 8 && parts.is_sorted_by(|a, b| a >= b), "{said}");
    let sum: f64 = parts.iter().sum();
    assert!(total > 0.0 && (sum - total).abs() <= 0.001 * parts.len() as f64, "{sum} of {total}: {said}");
    for part in ["  lifecycles: ", "  settling: ", "  constraint ", " times replay alone"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}
