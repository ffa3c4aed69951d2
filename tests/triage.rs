//! Findings once they are known: groups, suppressions, baselines, and whether they are fixed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use support::{code, lines, offpath, stderr, stdout, text};

const MODEL: &str = r#"offpath: 1
workflow: {id: shop, version: 1}
objects: {order: {key: [path.order]}}
activities:
  create: {http: "POST /orders/{order}", object: order}
  pay:    {http: "POST /orders/{order}/payment", object: order}
  ship:   {http: "POST /orders/{order}/shipment", object: order}
lifecycles:
  order:
    states: {none: initial, new: {}, paid: {}, shipped: final}
    transitions: [{activity: create, from: none, to: new}, {activity: pay, from: new, to: paid}, {activity: ship, from: paid, to: shipped}]
"#;

/// A folder with the model, in which logs are checked.
struct Shop(tempfile::TempDir);

/// A step of an order: hour, user, order, what is done, status.
type Step<'a> = (u32, &'a str, &'a str, &'a str, u16);

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("model.yaml"), MODEL).unwrap();
        Shop(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn log(&self, name: &str, steps: &[Step<'_>]) -> String {
        let line = |(place, (hour, user, order, what, status)): (usize, &Step<'_>)| {
            let step = if *what == "create" { String::new() } else { format!("/{what}") };
            let (minute, second) = (place / 60 % 60, place % 60);
            format!(
                "10.0.0.7 - {user} [01/Mar/2026:{hour:02}:{minute:02}:{second:02} +0000] \"POST /orders/{order}{step} HTTP/1.1\" {status} 52 \"-\" \"curl\"\n"
            )
        };
        fs::write(self.0.path().join(name), steps.iter().enumerate().map(line).collect::<String>()).unwrap();
        self.path(name)
    }

    /// Checks a log into a run folder of this name.
    fn check(&self, log: &str, run: &str, more: &[&str]) -> Output {
        let (model, run) = (self.path("model.yaml"), self.path(run));
        let base = ["check", log, "--model", &model, "-o", &run, "--fail-on", "medium", "--isolated"];
        offpath(&[&base[..], more].concat())
    }

    fn verify(&self, log: &str, run: &str, more: &[&str]) -> Output {
        let (model, run) = (self.path("model.yaml"), self.path(run));
        let base = ["verify", &run, log, "--model", &model, "--fail-on", "medium", "--isolated"];
        offpath(&[&base[..], more].concat())
    }

    fn findings(&self, run: &str) -> Vec<Value> {
        lines(&self.0.path().join(run).join("findings.jsonl"))
    }

    fn record(&self, run: &str) -> Value {
        let file = self.0.path().join(run).join("run.json");
        serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// An order that is shipped and never paid, and one that is paid.
fn unpaid<'a>(order: &'a str, status: u16) -> Vec<Step<'a>> {
    vec![
        (9, "anna", "ord_100", "create", 201),
        (9, "anna", "ord_100", "payment", 200),
        (9, "depot", "ord_100", "shipment", 200),
        (10, "bert", order, "create", 201),
        (11, "depot", order, "shipment", status),
    ]
}

/// A day in some months, as the command line writes it.
fn in_months(months: i32) -> String {
    use jiff::ToSpan as _;
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    today.checked_add(months.months()).unwrap().to_string()
}

/// Standard output with its line breaks and columns taken out.
fn flat(output: &Output) -> String {
    stdout(output).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn last_line(output: &Output) -> String {
    stderr(output).lines().last().unwrap_or_default().to_owned()
}

#[test]
fn many_occurrences_of_one_cause_are_one_group() {
    let shop = Shop::new();
    let orders: Vec<String> = (0..1_500).map(|n| format!("ord_{n:05}")).collect();
    let steps: Vec<Step<'_>> = orders
        .iter()
        .flat_map(|order| [(9, "bert", order.as_str(), "create", 201), (10, "depot", order.as_str(), "shipment", 200)])
        .collect();
    let log = shop.log("shop.log", &steps);
    // That the depot goes through all orders in their order is for review by another rule.
    let output = shop.check(&log, "run", &["--format", "markdown", "--ignore", "ENUM"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert_eq!(shop.findings("run").len(), 1_500);
    let record = shop.record("run");
    let [group] = record["groups"].as_array().unwrap().as_slice() else { panic!("{}", record["groups"]) };
    assert_eq!(
        (group["findings"].as_u64(), group["cases"].as_u64(), group["actors"].as_u64()),
        (Some(1500), Some(1500), Some(1))
    );
    assert_eq!(text(group, "show"), format!("offpath show {}", text(group, "example")));
    assert!(text(group, "first") < text(group, "last"));
    let table = stdout(&output);
    assert_eq!(table.lines().filter(|line| line.contains("| SEQ-SKIP |")).count(), 1, "{table}");
    assert!(table.contains("1,500 findings in 1,500 cases by 1 actor"), "{table}");
    let run = shop.path("run");
    let listed = offpath(&["findings", "list", "--run", &run]);
    assert!(flat(&listed).contains("1,500 findings in 1,500 cases by 1 actor"), "{}", stdout(&listed));
    let one = offpath(&["findings", "list", text(group, "id"), "--run", &run, "--format", "jsonl"]);
    assert_eq!(stdout(&one).lines().count(), 1_500);
}

#[test]
fn a_suppressed_finding_is_silent_until_it_changes_or_its_day_is_over() {
    let shop = Shop::new();
    let log = shop.log("shop.log", &unpaid("ord_102", 200));
    assert_eq!(code(&shop.check(&log, "run", &[])), 1);
    let id = text(&shop.findings("run")[0], "id").to_owned();
    let (file, run, until) = (shop.path("s.yaml"), shop.path("run"), in_months(3));
    let suppress = |until: &str| {
        let reason = ["--reason", "load test", "--until", until, "--by", "a.reviewer"];
        offpath(&[&["findings", "suppress", &id, "--run", &run, "--suppressions", &file][..], &reason].concat())
    };
    assert_eq!(code(&suppress("2020-01-01")), 2);
    assert_eq!(code(&suppress(&in_months(13))), 2);
    assert!(!Path::new(&file).exists());
    let added = suppress(&until);
    assert_eq!(code(&added), 0, "{}", stderr(&added));
    let written = fs::read_to_string(&file).unwrap();
    let again = suppress(&until);
    assert!(code(&again) == 0 && stderr(&again).contains("in the file already"), "{}", stderr(&again));
    assert_eq!(fs::read_to_string(&file).unwrap(), written);

    // Silent, and counted everywhere; also from a copy of the log under another name.
    let copy = shop.path("copy.log");
    fs::copy(&log, &copy).unwrap();
    for log in [&log, &copy] {
        let output = shop.check(log, "quiet", &["--suppressions", &file, "--strict-suppressions", "--show-suppressed"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(flat(&output).contains("Suppressed 1 finding by 1 suppression"), "{}", stdout(&output));
        assert!(flat(&output).contains("load test (by a.reviewer"), "{}", stdout(&output));
    }
    let record = shop.record("quiet");
    assert_eq!(record["findings"]["suppressed"], 1);
    assert_eq!(
        (&record["suppressions"][0]["state"], &record["suppressions"][0]["findings"]),
        (&"used".into(), &1.into())
    );
    let sarif = stdout(&shop.check(&log, "quiet", &["--suppressions", &file, "--format", "sarif"]));
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let told = &sarif["runs"][0]["results"][0]["suppressions"][0];
    assert!(told["justification"].as_str().unwrap().starts_with("load test (by a.reviewer, until "), "{told}");

    // Over: back, with a note.
    let later = shop.check(&log, "late", &["--suppressions", &file, "--today", "2099-01-01"]);
    assert_eq!(code(&later), 1, "{}", stderr(&later));
    assert!(text(&shop.findings("late")[0], "returned").contains("its suppression is over: load test"));
    assert!(flat(&later).contains("1 finding is back"), "{}", stdout(&later));

    // Changed: back as well, and the entry is unused.
    let changed = shop.log("changed.log", &unpaid("ord_102", 202));
    let output = shop.check(&changed, "changed", &["--suppressions", &file]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(text(&shop.findings("changed")[0], "returned").contains("other evidence"));
    assert!(flat(&output).contains("the suppression covers no finding"), "{}", stdout(&output));
    let strict = shop.check(&changed, "changed", &["--suppressions", &file, "--strict-suppressions"]);
    assert_eq!(code(&strict), 2);
    assert!(last_line(&strict).contains("1 unused"), "{}", last_line(&strict));
    let elsewhere = shop.check(&changed, "changed", &["--suppressions", &file, "--select", "OWN"]);
    assert!(!flat(&elsewhere).contains("covers no finding"), "what was not asked for is not unused");

    let stale = offpath(&["findings", "stale", "--suppressions", &file, "--run", &shop.path("changed")]);
    assert!(code(&stale) == 0 && stdout(&stale).contains("unused"), "{}{}", stdout(&stale), stderr(&stale));
}

#[test]
fn a_mistake_in_a_suppression_file_has_a_place_and_stops_the_run() {
    let shop = Shop::new();
    let log = shop.log("shop.log", &unpaid("ord_102", 200));
    fs::write(shop.file("s.yaml"), "suppressions:\n  - {rule: SEQ-SKIPP, reason: r, by: b, until: 2026-12-01}\n")
        .unwrap();
    let output = shop.check(&log, "run", &["--suppressions", &shop.path("s.yaml"), "--today", "2026-11-20"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("s.yaml:2:12") && stderr(&output).contains("did you mean `SEQ-SKIP`?"),
        "{}",
        stderr(&output)
    );
    assert!(!shop.file("run").exists(), "nothing was written");
    for more in
        [&["--only-new"][..], &["--baseline-by", "group"], &["--strict-suppressions"], &["--baseline", "no-such-run"]]
    {
        assert_eq!(code(&shop.check(&log, "run", more)), 2, "{more:?}");
    }
}

#[test]
fn a_name_that_anybody_can_claim_silences_nothing() {
    let shop = Shop::new();
    let log = shop.log("shop.log", &unpaid("ord_102", 200));
    let entry = |pattern: &str| {
        fs::write(
            shop.file("s.yaml"),
            format!("suppressions:\n- {{{pattern}, reason: r, by: b, until: 2026-12-01}}\n"),
        )
        .unwrap();
        code(&shop.check(&log, "run", &["--suppressions", &shop.path("s.yaml"), "--today", "2026-11-20"]))
    };
    assert_eq!(entry("actor: depot, rule: SEQ-*"), 0, "a log's user field is a gateway's word");
    assert_eq!(entry("actor: dep, rule: SEQ-*"), 1);
    assert_eq!(entry("object: 'order:ord_102'"), 0);
    assert_eq!(entry("activity: pay"), 1);
    let anonymous = fs::read_to_string(&log).unwrap().replace(" depot ", " - ");
    fs::write(&log, anonymous).unwrap();
    assert_eq!(entry("actor: '*.*', rule: SEQ-*"), 1, "an address is nobody");
}

#[test]
fn only_what_the_baseline_does_not_have_fails_a_run() {
    let shop = Shop::new();
    let monday = shop.log("monday.log", &unpaid("ord_102", 200));
    assert_eq!(code(&shop.check(&monday, "monday", &[])), 1);
    let base = shop.path("monday");
    let same = shop.check(&monday, "same", &["--baseline", &base]);
    assert_eq!(code(&same), 0, "{}", stderr(&same));
    assert!(last_line(&same).contains("no new finding"), "{}", last_line(&same));
    assert_eq!(text(&shop.findings("same")[0], "baseline"), "still");

    let mut steps = unpaid("ord_102", 200);
    steps.extend([(12, "carl", "ord_103", "create", 201), (13, "depot", "ord_103", "shipment", 200)]);
    let tuesday = shop.log("tuesday.log", &steps);
    let output = shop.check(&tuesday, "tuesday", &["--baseline", &base, "--only-new"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(last_line(&output).contains("1 new finding at or above medium"), "{}", last_line(&output));
    let head = stdout(&output).lines().find(|line| line.starts_with("SEVERITY")).unwrap().to_owned();
    assert!(head.contains("FINDINGS  NEW  RULE"), "{head}");
    assert!(!stdout(&output).contains("ord_102"), "{}", stdout(&output));
    assert_eq!(shop.findings("tuesday").len(), 2, "the run folder has all");
    let by_group = shop.check(&tuesday, "tuesday", &["--baseline", &base, "--baseline-by", "group"]);
    assert_eq!(code(&by_group), 0, "{}", stderr(&by_group));

    // What is gone is absent, and not fixed for that.
    let quiet = shop.log("quiet.log", &unpaid("ord_102", 200)[..3]);
    let output = shop.check(&quiet, "quiet", &["--baseline", &base, "--format", "sarif"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let sarif: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["baselineState"], "absent");
    let baseline = &shop.record("quiet")["baseline"];
    assert_eq!((&baseline["absent"], &baseline["fixed"]), (&1.into(), &0.into()));
    let compared = offpath(&["findings", "baseline", &base, "--run", &shop.path("tuesday")]);
    assert_eq!(code(&compared), 0, "{}", stderr(&compared));
    assert!(last_line(&compared).contains("1 new, 0 changed, 1 still there"), "{}", last_line(&compared));
}

#[test]
fn a_finding_is_fixed_when_its_attempt_is_refused_and_not_when_it_is_not_made() {
    let shop = Shop::new();
    let before = shop.log("before.log", &unpaid("ord_102", 200));
    assert_eq!(code(&shop.check(&before, "run", &[])), 1);
    for (name, steps, exit, words) in [
        ("refused", unpaid("ord_202", 409), 0, "1 fixed, 0 open, 0 not exercised"),
        ("accepted", unpaid("ord_202", 200), 1, "0 fixed, 1 open, 0 not exercised"),
        ("not made", unpaid("ord_202", 200)[..3].to_vec(), 4, "0 fixed, 0 open, 1 not exercised"),
        ("nobody let in", unpaid("ord_202", 401), 4, "0 fixed, 0 open, 1 not exercised"),
        ("out of order", unpaid("ord_202", 503), 4, "0 fixed, 0 open, 1 not exercised"),
        ("not found, and works elsewhere", unpaid("ord_202", 404), 0, "1 fixed, 0 open, 0 not exercised"),
        ("not found, and works nowhere", unpaid("ord_202", 404)[3..].to_vec(), 4, "0 fixed, 0 open, 1 not exercised"),
    ] {
        let log = shop.log("after.log", &steps);
        let output = shop.verify(&log, "run", &[]);
        assert_eq!(code(&output), exit, "{name}: {}{}", stdout(&output), stderr(&output));
        assert!(stderr(&output).contains(words), "{name}: {}", stderr(&output));
    }
    let log = shop.log("after.log", &unpaid("ord_202", 409));
    let document: Value = serde_json::from_str(&stdout(&shop.verify(&log, "run", &["--format", "json"]))).unwrap();
    let finding = &document["findings"][0];
    assert_eq!(text(finding, "fate"), "fixed");
    assert!(text(&finding["evidence"][0], "origin").ends_with("after.log#line=5"), "{finding}");
    let markdown = stdout(&shop.verify(&log, "run", &["--format", "markdown"]));
    assert!(markdown.contains("| fixed | medium | 1 | SEQ-SKIP |"), "{markdown}");

    fs::write(shop.file("model.yaml"), MODEL.replace("id: shop", "id: market")).unwrap();
    let other = shop.verify(&log, "run", &[]);
    assert!(
        code(&other) == 2 && last_line(&other).contains("the model shop, not with market"),
        "{}",
        last_line(&other)
    );
}

#[test]
fn a_run_is_verified_by_the_thresholds_that_it_was_judged_by() {
    let shop = Shop::new();
    let log = shop.log("march.log", &unpaid("ord_200", 200));
    shop.check(&log, "march", &["--rules", "FLOW-PACE.steps=6", "--rules", "LG-HOLE.shortest=5m"]);
    assert_eq!(shop.record("march")["options"]["rules"], "FLOW-PACE: steps 6; LG-HOLE: shortest 5m");
    assert_eq!(code(&shop.verify(&log, "march", &[])), 1);
    // One that this version does not know would be judged by another.
    let record = fs::read_to_string(shop.file("march").join("run.json")).unwrap();
    fs::write(shop.file("march").join("run.json"), record.replace("steps 6", "strides 6")).unwrap();
    let refused = shop.verify(&log, "march", &[]);
    assert_eq!(code(&refused), 2);
    assert!(last_line(&refused).contains("a threshold that this version does not have: FLOW-PACE has no `strides`"));
}

#[test]
fn lives_of_which_no_step_is_certain_are_counted_beside_those_that_fit() {
    let shop = Shop::new();
    // A log has no bodies: which step it was, nobody knows.
    let model = MODEL.replace(
        r#"pay:    {http: "POST /orders/{order}/payment""#,
        r#"pay:    {http: "POST /orders/{order}/payment", where: "req.amount > 5""#,
    );
    assert_ne!(model, MODEL);
    fs::write(shop.file("model.yaml"), model).unwrap();
    let (whole, begun) = ("ord_1", "ord_2");
    let log = shop.log("march.log", &[(9, "anna", whole, "create", 201), (9, "anna", begun, "payment", 200)]);
    let output = shop.check(&log, "march", &[]);
    let measures = &shop.record("march")["measures"];
    assert_eq!((&measures["traces"], &measures["uncertain_lives"]), (&1.into(), &1.into()), "{measures}");
    assert!(
        flat(&output).contains("of 1 life no step is certain, since the input does not show"),
        "{}",
        stdout(&output)
    );
}
