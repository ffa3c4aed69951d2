//! `offpath drift`: every change is told once, and what is benign is not told.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use offpath_fixtures::claims::{self, Change, Claims};
use serde_json::Value;
use support::{code, lines, offpath, stderr, stdout, text};

/// All changes, what tells them with the model, and what without.
const CHANGES: [(Change, Option<&str>, Option<&str>); 11] = [
    (Change::None, None, None),
    (Change::StepDropped, Some("DR-NEW"), Some("DR-NEW")),
    (Change::RoleTakesOver, Some("DR-GUARD"), Some("DR-ACTOR")),
    (Change::FewerApprovals, Some("DR-FREQ"), Some("DR-FREQ")),
    (Change::SelfApproval, Some("DR-GUARD"), None),
    (Change::NewClient, Some("DR-UNMODELED"), Some("DR-NEW")),
    (Change::Renamed, Some("DR-GONE"), Some("DR-NEW")),
    (Change::MoreTraffic, None, None),
    (Change::Weekend, None, None),
    (Change::OtherHours, None, None),
    (Change::OtherHost, None, None),
];

/// Writes a pair and checks its run (and its base, where that is not there yet).
fn checked(folder: &Path, change: Change, modelled: bool) -> (PathBuf, PathBuf) {
    let pair = folder.join(format!("{change:?}"));
    claims::write(&Claims { out: pair.clone(), cases: 260, seed: 3, change }).unwrap();
    let truth = fs::read_to_string(pair.join("truth.jsonl")).unwrap();
    assert!(truth.contains(&format!("{change:?}")), "{truth}");
    let kind = if modelled { "model" } else { "plain" };
    let base = folder.join(format!("base-{kind}"));
    if !base.exists() {
        check(&pair.join("base.jsonl"), &pair, &base, modelled);
    }
    let run = folder.join(format!("{change:?}-{kind}"));
    check(&pair.join("run.jsonl"), &pair, &run, modelled);
    (base, run)
}

fn check(log: &Path, pair: &Path, run: &Path, modelled: bool) {
    let model = pair.join("model.yaml");
    let mut args = vec!["check", log.to_str().unwrap(), "-o", run.to_str().unwrap(), "--exit-zero", "-q"];
    if modelled {
        args.extend(["--model", model.to_str().unwrap()]);
    }
    let output = offpath(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

/// The findings of comparing two folders.
fn drift(base: &Path, run: &Path, more: &[&str]) -> (Vec<Value>, i32) {
    let runs = [base, run].map(|folder| folder.to_str().unwrap());
    let args = [&["drift", runs[0], runs[1], "--min-cases", "60", "--format", "jsonl"], more].concat();
    let output = offpath(&args);
    let findings = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (findings, code(&output))
}

fn told_once(modelled: bool) {
    let folder = tempfile::tempdir().unwrap();
    for (change, with, without) in CHANGES {
        let expected = if modelled { with } else { without };
        let (base, run) = checked(folder.path(), change, modelled);
        let (findings, exit) = drift(&base, &run, &[]);
        let rules: Vec<&str> = findings.iter().map(|finding| text(finding, "rule")).collect();
        assert_eq!(rules, Vec::from_iter(expected), "{change:?}: {findings:#?}");
        assert!(matches!((expected, exit), (None, 0) | (Some(_), 0 | 1)), "{change:?}: exit {exit}");
        for finding in &findings {
            let confident = finding["confidence"].as_f64().unwrap() >= 0.5;
            assert!(!confident || finding["evidence"].as_array().unwrap().len() > 1, "{finding:#}");
        }
        // What is not told one way is not told the other.
        let (back, _) = drift(&run, &base, &[]);
        assert_eq!(back.len(), findings.len(), "{change:?} backwards: {back:#?}");
    }
}

#[test]
fn with_the_model_each_change_is_one_finding_and_what_is_benign_is_none() {
    told_once(true);
}

#[test]
fn without_a_model_so_it_is() {
    told_once(false);
}

#[test]
fn the_record_has_the_keys_of_its_page_and_outputs_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (base, run) = checked(folder.path(), Change::StepDropped, true);
    let out = folder.path().join("out");
    let sarif = folder.path().join("d.sarif");
    let (findings, exit) = drift(
        &base,
        &run,
        &["-o", out.to_str().unwrap(), "-o", sarif.to_str().unwrap(), "--mark", "2026-01-01T00:00Z=release-1"],
    );
    assert_eq!(exit, 1, "a quarter of the cases is large");
    assert_eq!(findings, lines(&out.join("findings.jsonl")));
    assert!(findings[0]["also"].as_array().unwrap().iter().any(|also| text(also, "rule") == "CH-UNPLANNED"));
    let summary: Value = serde_json::from_str(&fs::read_to_string(out.join("run.json")).unwrap()).unwrap();
    assert_eq!(summary["command"], "drift");
    let mut found = BTreeSet::new();
    keys("", &summary["drift"], &mut found);
    let page = include_str!("../docs/drift.md").split_once("## The record").unwrap().1;
    let told = page.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once("` |")?.0.to_owned()));
    assert_eq!(found, told.collect());
    let sarif: Value = serde_json::from_str(&fs::read_to_string(sarif).unwrap()).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["baselineState"], "new");
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains("<h2>Drift</h2>") && report.contains("claim: approve from new"));

    // Announced in time, it is no surprise; answered for, it fails nothing.
    let (findings, _) = drift(&base, &run, &["--mark", "2026-09-13T00:00Z=release-2"]);
    assert!(!findings[0]["also"].as_array().unwrap().iter().any(|also| text(also, "rule") == "CH-UNPLANNED"));
    let file = folder.path().join("s.yaml");
    fs::write(&file, "suppressions: [{rule: DR-*, reason: release 2, by: b, until: 2026-12-01}]\n").unwrap();
    let (_, exit) = drift(&base, &run, &["--suppressions", file.to_str().unwrap(), "--today", "2026-11-20"]);
    assert_eq!(exit, 0);
}

fn keys(at: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            keys(&path, member, found);
            found.insert(path);
        }),
        Value::Array(items) => items.iter().for_each(|item| keys(&format!("{at}[]"), item, found)),
        _ => {}
    }
}

#[test]
fn what_cannot_be_compared_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (base, run) = checked(folder.path(), Change::None, true);
    let (plain, _) = checked(folder.path(), Change::None, false);
    let says = |runs: [&Path; 2], more: &[&str]| {
        let output = offpath(&[&["drift", runs[0].to_str().unwrap(), runs[1].to_str().unwrap()], more].concat());
        (code(&output), stdout(&output) + &stderr(&output))
    };
    let (exit, told) = says([&plain, &run], &[]);
    assert!(exit == 2 && told.contains("no model"), "{told}");
    let (exit, told) = says([&base, &run], &["-o", run.to_str().unwrap()]);
    assert!(exit == 2 && told.contains("which is compared"), "{told}");
    let (exit, told) = says([&base, &run], &["--min-cases", "100000"]);
    assert!(exit == 4 && told.contains("too few cases"), "{told}");
    fs::remove_file(base.join("habits.jsonl")).unwrap();
    let (exit, told) = says([&base, &run], &[]);
    assert!(exit == 2 && told.contains("has no habits.jsonl") && told.contains("check its traffic again"), "{told}");
    fs::write(base.join("habits.jsonl"), "{\"version\":\"9.0\"}\n").unwrap();
    let (exit, told) = says([&base, &run], &[]);
    assert!(exit == 2 && told.contains("line 1"), "{told}");
}

#[test]
fn habits_do_not_depend_on_threads_or_memory() {
    let folder = tempfile::tempdir().unwrap();
    let pair = folder.path().join("pair");
    claims::write(&Claims { out: pair.clone(), cases: 120, seed: 4, change: Change::NewClient }).unwrap();
    let habits = |name: &str, more: &[&str]| {
        let run = folder.path().join(name);
        let log = pair.join("run.jsonl");
        let args = ["check", log.to_str().unwrap(), "-o", run.to_str().unwrap(), "--exit-zero", "-q"];
        assert_eq!(code(&offpath(&[&args, more].concat())), 0);
        fs::read_to_string(run.join("habits.jsonl")).unwrap()
    };
    let whole = habits("one", &["--threads", "1"]);
    assert_eq!(whole, habits("several", &["--threads", "4", "--memory", "1M"]));
    assert!(whole.lines().count() > 10);
}

#[test]
fn a_change_within_an_event_log_is_told_with_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("a.xes");
    let event = |name: &str| format!("<event><string key=\"concept:name\" value=\"{name}\"/></event>");
    let trace = |n: usize| {
        let steps: &[&str] = if n < 230 { &["ask", "approve", "pay"] } else { &["ask", "pay"] };
        let events: String = steps.iter().map(|step| event(step)).collect();
        format!("<trace><string key=\"concept:name\" value=\"c{n}\"/>{events}</trace>\n")
    };
    let text: String = (0..600).map(trace).collect();
    fs::write(&log, format!("<log xes.version=\"1.0\">{text}</log>")).unwrap();
    let output = offpath(&["drift", log.to_str().unwrap()]);
    let told = stdout(&output);
    assert_eq!(code(&output), 1, "{told}{}", stderr(&output));
    assert!(told.starts_with("trace 231 (case c230)") && told.lines().count() == 1, "{told}");
    assert!(told.contains("approve") || told.contains("ask -> pay"), "{told}");
    fs::write(&log, format!("<log>{}</log>", trace(0))).unwrap();
    assert_eq!(code(&offpath(&["drift", log.to_str().unwrap()])), 4, "one trace is too few");
    let other = folder.path().join("a.json");
    fs::write(&other, "{}").unwrap();
    assert_eq!(code(&offpath(&["drift", other.to_str().unwrap()])), 2, "neither a log nor two runs");
}

/// Histories of one process that changes at known traces, as the public benchmark's are, some with noise.
mod histories {
    use offpath::drift::statistics::above;
    use offpath_process::{EventLog, Windows, change_points};

    /// A generator: splitmix64.
    struct Draws(u64);

    impl Draws {
        fn bits(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }

        fn chance(&mut self, percent: u64) -> bool {
            self.bits() % 100 < percent
        }
    }

    /// Patterns of change: a step removed, added, moved, replaced, made a must, another branch, order for concurrency, a loop cut.
    const PATTERNS: usize = 8;

    /// One trace of the process, changed by a pattern or, with `None`, as it was.
    fn trace(draws: &mut Draws, change: Option<usize>, noise: u64) -> Vec<&'static str> {
        let is = |pattern: usize| change == Some(pattern);
        let mut steps = vec!["receive"];
        if is(1) {
            steps.push("notify");
        }
        steps.push(if draws.chance(if is(5) { 85 } else { 50 }) { "simple" } else { "complex" });
        if !is(0) && (is(4) || draws.chance(60)) {
            steps.push("inspect");
        }
        let swapped = !is(6) && draws.chance(50);
        steps.extend(if swapped { ["invoice", "pack"] } else { ["pack", "invoice"] });
        if is(2) {
            steps.push("check");
        }
        steps.push("deliver");
        while !is(7) && draws.chance(30) {
            steps.extend(["complain", "deliver"]);
        }
        if !is(2) {
            steps.push("check");
        }
        steps.push(if is(3) { "settle" } else { "close" });
        for at in (0..steps.len()).rev() {
            if draws.chance(noise) {
                if draws.chance(50) {
                    steps.remove(at);
                } else {
                    steps.insert(at, steps[at]);
                }
            }
        }
        steps
    }

    /// A history that changes, and with `back` changes back again, at these traces.
    fn history(draws: &mut Draws, pattern: usize, back: bool, noise: u64) -> (EventLog, Vec<usize>) {
        let (length, changes) = if back { (3_000, vec![1_000, 2_000]) } else { (1_000, vec![500]) };
        let mut log = EventLog::default();
        for number in 0..length {
            let changed = changes.iter().filter(|at| number >= **at).count() == 1;
            log.push_names(None, trace(draws, changed.then_some(pattern), noise));
        }
        (log, changes)
    }

    /// F1 of the changes found within 200 traces of a known one, each once.
    fn f1(noise: u64) -> f64 {
        let mut draws = Draws(17 + noise);
        let (mut hits, mut found, mut known) = (0, 0, 0);
        for pattern in 0..PATTERNS {
            for back in [false, false, true] {
                let (log, mut changes) = history(&mut draws, pattern, back, noise);
                known += changes.len();
                for point in change_points(&log, Windows { traces: 150, chance: 0.01 }, |g| above(g, 1.0)) {
                    found += 1;
                    if let Some(at) = changes.iter().position(|change| point.trace.abs_diff(*change) <= 200) {
                        changes.remove(at);
                        hits += 1;
                    }
                }
            }
        }
        2.0 * f64::from(hits) / (f64::from(found) + known as f64)
    }

    #[test]
    fn changes_are_found_where_they_are() {
        let [clean, noisy] = [0, 4].map(f1);
        eprintln!("F1 {clean:.3}, with noise {noisy:.3}");
        assert!(clean >= 0.95 && noisy >= 0.93, "{clean:.3}, with noise {noisy:.3}");
    }
}

/// Findings of a pair in which nothing changed, by a model that is in force until some day.
fn in_force_until(folder: &Path, day: &str) -> Vec<Value> {
    let pair = folder.join("pair");
    claims::write(&Claims { out: pair.clone(), cases: 260, seed: 3, change: Change::None }).unwrap();
    let model = fs::read_to_string(pair.join("model.yaml")).unwrap();
    let dated = model.replacen("version:", &format!("in_force: {{to: {day}}}, version:"), 1);
    assert_ne!(dated, model, "{model}");
    fs::write(pair.join("model.yaml"), dated).unwrap();
    let (base, run) = (folder.join("base"), folder.join("run"));
    check(&pair.join("base.jsonl"), &pair, &base, true);
    check(&pair.join("run.jsonl"), &pair, &run, true);
    drift(&base, &run, &[]).0
}

#[test]
fn traffic_that_is_newer_than_its_model_is_told() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let last = |log: &str| {
        let line = log.lines().last().unwrap();
        let record: Value = serde_json::from_str(line).unwrap();
        let time =
            record.as_object().unwrap().values().filter_map(Value::as_str).find(|v| v.starts_with("20")).unwrap();
        time.parse::<jiff::Timestamp>().unwrap()
    };
    let pair = folders[0].path().join("first");
    claims::write(&Claims { out: pair.clone(), cases: 260, seed: 3, change: Change::None }).unwrap();
    let end = last(&fs::read_to_string(pair.join("run.jsonl")).unwrap());
    let day = |hours: i64| (end + jiff::SignedDuration::from_hours(hours)).to_string();
    let found = in_force_until(folders[0].path(), &day(-48));
    let newer: Vec<&Value> = found.iter().filter(|finding| text(finding, "rule") == "CH-MODEL").collect();
    assert_eq!(newer.len(), 1, "{found:#?}");
    assert!(text(newer[0], "title").contains("are newer than it, which was in force until"), "{:#}", newer[0]);
    assert_eq!(text(newer[0], "severity"), "low");
    assert_eq!(in_force_until(folders[1].path(), &day(48)), Vec::<Value>::new(), "the model is in force all the time");
}
