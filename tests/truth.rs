//! The sample scenario: every labelled abuse is found from each source that can carry it, and nothing else is.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use offpath_fixtures::{Abuse, Options};
use serde_json::Value;
use support::{check, counts, lines, object, sample, text};

/// One labelled story of the truth.
struct Story {
    rule: String,
    twin: bool,
    case: String,
    object: String,
    actor: String,
    also: BTreeSet<String>,
    /// Start of the abusive exchange, to the microsecond.
    time: String,
    verdict: String,
    sources: Value,
    note: String,
}

fn stories(folder: &Path) -> Vec<Story> {
    lines(&folder.join("truth.jsonl"))
        .iter()
        .map(|line| Story {
            rule: text(line, "rule").to_owned(),
            twin: line["twin"].as_bool().unwrap(),
            case: text(line, "case").to_owned(),
            object: text(line, "object").to_owned(),
            actor: text(line, "actor").to_owned(),
            also: line["also"].as_array().unwrap().iter().map(|r| r.as_str().unwrap().to_owned()).collect(),
            time: text(line, "time").to_owned(),
            verdict: text(line, "verdict").to_owned(),
            sources: line["sources"].clone(),
            note: text(line, "note").to_owned(),
        })
        .collect()
}

/// Whether a finding is about a story's object, case or (for windows that cross cases) actor.
fn concerns(finding: &Value, story: &Story) -> bool {
    object(finding) == story.object
        || text(finding, "case") == story.case
        || (finding["case"].is_null() && text(&finding["actor"], "principal") == story.actor)
}

/// Whether a finding is of a rule, or names it as also broken.
fn tells(finding: &Value, rule: &str) -> bool {
    rules(finding).contains(&rule)
}

/// The rule of a finding, then those that it names as also broken.
fn rules(finding: &Value) -> Vec<&str> {
    let also = finding["also"].as_array().unwrap().iter().map(|other| text(other, "rule"));
    std::iter::once(text(finding, "rule")).chain(also).collect()
}

/// Abuse that was not found though `source` carries it.
fn missed(stories: &[Story], findings: &[Value], source: &str) -> Vec<String> {
    let found = |story: &Story| findings.iter().any(|f| counts(f) && tells(f, &story.rule) && concerns(f, story));
    stories
        .iter()
        .filter(|story| !story.twin && story.sources[source] == true && !found(story))
        .map(|story| format!("missed {} on {}: {}", story.rule, story.object, story.note))
        .collect()
}

/// Whether one event of the role `deviating` began when the story's did, to so many characters of RFC 3339.
fn deviates_at(finding: &Value, story: &Story, precision: usize) -> bool {
    let deviating = finding["evidence"].as_array().unwrap().iter().filter(|e| text(e, "role") == "deviating");
    let moment = |time: &str| time.get(..precision).map(str::to_owned);
    moment(&story.time).is_some() && deviating.map(|e| moment(text(e, "time"))).any(|time| time == moment(&story.time))
}

/// Stories whose finding names another moment or gives another verdict.
fn misjudged(stories: &[Story], findings: &[Value], source: &str, precision: usize) -> Vec<String> {
    let right = |story: &Story, finding: &Value| {
        deviates_at(finding, story, precision) && text(finding, "verdict") == story.verdict
    };
    let of = |story: &Story| -> Vec<&Value> {
        findings.iter().filter(|f| counts(f) && tells(f, &story.rule) && concerns(f, story)).collect()
    };
    stories
        .iter()
        .filter(|story| !story.twin && story.sources[source] == true && !of(story).iter().any(|f| right(story, f)))
        .map(|story| {
            let seen: Vec<_> = of(story).into_iter().map(|f| (text(f, "verdict"), text(f, "time"))).collect();
            format!("{} on {}: {} at {}, found {seen:?}", story.rule, story.object, story.verdict, story.time)
        })
        .collect()
}

#[test]
fn findings_give_the_verdict_and_the_moment_of_the_abuse() {
    const MILLISECONDS: usize = "2026-09-07T07:10:08.179".len();
    const MICROSECONDS: usize = "2026-09-07T07:10:08.179890".len();
    let stories = stories(&sample());
    for (source, file, precision) in
        [("pcapng", "capture.pcapng.gz", MICROSECONDS), ("har", "capture.har.gz", MILLISECONDS)]
    {
        let (_folder, findings) = check(&[&sample().join(file)], &[]);
        let wrong = misjudged(&stories, &findings, source, precision);
        assert!(wrong.is_empty(), "{source}:\n{}", wrong.join("\n"));
    }
}

/// Findings that no story explains.
fn unexplained(stories: &[Story], findings: &[Value]) -> Vec<String> {
    let explains = |story: &Story, finding: &Value, rule: &str| {
        !story.twin && concerns(finding, story) && (story.rule == rule || story.also.contains(rule))
    };
    let explained = |finding: &Value| {
        rules(finding).into_iter().all(|rule| stories.iter().any(|story| explains(story, finding, rule)))
    };
    findings
        .iter()
        .filter(|finding| counts(finding) && !explained(finding))
        .map(|finding| format!("false {:?} on {}: {}", rules(finding), object(finding), text(finding, "title")))
        .collect()
}

fn assert_right(source: &str, inputs: &[&Path]) {
    let stories = stories(&sample());
    let (_folder, findings) = check(inputs, &[]);
    let mut wrong = missed(&stories, &findings, source);
    wrong.extend(unexplained(&stories, &findings));
    assert!(wrong.is_empty(), "{source}:\n{}", wrong.join("\n"));
}

#[test]
fn packets_show_every_abuse_and_nothing_else() {
    assert_right("pcapng", &[&sample().join("capture.pcapng.gz")]);
}

#[test]
fn har_shows_every_abuse_and_nothing_else() {
    assert_right("har", &[&sample().join("capture.har.gz")]);
}

#[test]
fn a_json_log_shows_what_it_can_carry_and_nothing_else() {
    assert_right("json", &[&sample().join("access.jsonl")]);
}

#[test]
fn a_combined_log_shows_what_it_can_carry_and_nothing_else() {
    assert_right("combined", &[&sample().join("access.log")]);
}

/// Rules of which a source cannot carry any abuse.
fn out_of_reach(stories: &[Story], source: &str) -> BTreeSet<String> {
    let rules = |carried: bool| -> BTreeSet<String> {
        let abuses = stories.iter().filter(|story| !story.twin && (story.sources[source] == true) == carried);
        abuses.map(|story| story.rule.clone()).collect()
    };
    rules(false).difference(&rules(true)).cloned().collect()
}

#[test]
fn rules_that_a_log_cannot_carry_are_not_silent() {
    let stories = stories(&sample());
    for (source, file) in [("json", "access.jsonl"), ("combined", "access.log")] {
        let (folder, _) = check(&[&sample().join(file)], &[]);
        let run = std::fs::read_to_string(folder.path().join("run/run.json")).unwrap();
        let run: Value = serde_json::from_str(&run).unwrap();
        let rules = out_of_reach(&stories, source);
        assert!(!rules.is_empty(), "{source} carries everything");
        for id in &rules {
            let rule = run["rules"].as_array().unwrap().iter().find(|r| r["id"] == **id).unwrap();
            let counted = |index: usize| rule["by_source"][source][index].as_u64().unwrap_or(0);
            assert!(counted(0) + counted(2) > 0, "{id} is silent from {source}: {rule}");
        }
    }
}

/// Writes a scenario with other options than the sample's.
fn scenario(change: impl FnOnce(&mut Options)) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("scenario");
    let mut options = Options::whole(150, 11, Abuse::parse("none").unwrap(), out.clone());
    change(&mut options);
    offpath_fixtures::write(&options).unwrap();
    (folder, out)
}

#[test]
fn another_seed_is_judged_as_rightly() {
    let (_folder, out) = scenario(|options| {
        options.abuse = Abuse::parse("all").unwrap();
        options.seed = 4711;
    });
    let stories = stories(&out);
    for (source, file) in
        [("pcapng", "capture.pcapng"), ("har", "capture.har"), ("json", "access.jsonl"), ("combined", "access.log")]
    {
        let (_run, findings) = check(&[&out.join(file)], &[]);
        let mut wrong = missed(&stories, &findings, source);
        wrong.extend(unexplained(&stories, &findings));
        assert!(wrong.is_empty(), "{source}:\n{}", wrong.join("\n"));
    }
}

fn assert_silent(what: &str, inputs: &[&Path]) {
    let (_folder, findings) = check(inputs, &[]);
    let wrong = unexplained(&[], &findings);
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
}

#[test]
fn lost_packets_reorder_and_a_start_mid_case_make_no_false_finding() {
    for seed in [1, 2, 3] {
        let (_folder, out) = scenario(|options| {
            options.seed = seed;
            options.loss = 10_000;
            options.reorder = 50_000;
            options.start_mid_case = 300_000;
        });
        assert_silent(&format!("seed {seed}"), &[&out.join("capture.pcapng")]);
    }
}

#[test]
fn a_start_mid_case_makes_no_false_finding_in_any_source() {
    let (_folder, out) = scenario(|options| options.start_mid_case = 300_000);
    for file in ["capture.pcapng", "capture.har", "access.jsonl", "access.log"] {
        assert_silent(file, &[&out.join(file)]);
    }
}

#[test]
fn a_skewed_second_clock_makes_no_false_finding() {
    let (_folder, out) = scenario(|options| options.skew = 200_000);
    assert_silent("skewed log", &[&out.join("access.jsonl")]);
}

#[test]
fn abuse_is_still_found_through_lost_packets() {
    let (_folder, out) = scenario(|options| {
        options.abuse = Abuse::parse("all").unwrap();
        options.loss = 1_000;
    });
    let stories = stories(&out);
    let (_run, findings) = check(&[&out.join("capture.pcapng")], &[]);
    let wrong = unexplained(&stories, &findings);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let abuses = stories.iter().filter(|s| !s.twin && s.sources["pcapng"] == true).count();
    let missed = missed(&stories, &findings, "pcapng").len();
    // What touches a lost packet cannot be judged; most abuse touches none.
    assert!(missed * 3 < abuses, "{missed} of {abuses} missed at 0.1 % loss");
}
