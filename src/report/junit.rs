//! The run as JUnit XML, for CI servers that show test results: a suite a rule, a failed case a cause.
//!
//! A rule that decided something and found nothing open is a case that passed. One that decided nothing is a case that
//! was skipped, with the reason: a green page never says more than the run does.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::finding::Finding;
use crate::finding::group::{Group, groups};
use crate::model::Severity;

use super::place::places;
use super::spread;
use super::summary::{RuleStatus, RuleSummary, RunSummary};
use super::visible::visible;

/// How a case ended.
enum Ended {
    Passed,
    Failed(String, String),
    Skipped(String),
}

/// One case of a suite.
struct Case {
    name: String,
    ended: Ended,
}

/// Writes one document. Causes below the severity at which a run fails, for review, or known to the baseline are skipped
/// cases; without such a severity all are.
///
/// # Errors
/// Those of the output.
pub fn junit(run: &RunSummary, findings: &[Finding], fail_on: Option<Severity>, out: &mut dyn Write) -> io::Result<()> {
    let causes = groups(findings);
    let suites: Vec<(&RuleSummary, Vec<Case>)> =
        run.rules.iter().map(|rule| (rule, cases(rule, findings, &causes, fail_on))).collect();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all = || suites.iter().flat_map(|(_, cases)| cases);
    push(&mut text, format_args!("<testsuites name=\"offpath {}\"{}>\n", escaped(&run.command), counts(all())));
    for (rule, cases) in &suites {
        let counts = counts(cases.iter());
        push(&mut text, format_args!("  <testsuite name=\"{}\"{counts}>\n", escaped(&rule.id)));
        cases.iter().for_each(|case| write_case(&mut text, rule, case));
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    out.write_all(text.as_bytes())
}

fn cases(rule: &RuleSummary, findings: &[Finding], causes: &[Group<'_>], fail_on: Option<Severity>) -> Vec<Case> {
    let of_rule = |group: &&Group<'_>| group.example().is_some_and(|example| example.rule == rule.id);
    let mut cases: Vec<Case> = causes.iter().filter(of_rule).filter_map(|group| cause(group, fail_on)).collect();
    let suppressed = findings.iter().filter(|f| f.rule == rule.id && f.suppressed.is_some()).count();
    if suppressed > 0 {
        let why = format!("{suppressed} suppressed");
        cases.push(Case { name: "suppressed findings".to_owned(), ended: Ended::Skipped(why) });
    }
    if cases.is_empty() {
        let ended = match (&rule.status, &rule.not_evaluated) {
            (RuleStatus::Evaluated, None) if rule.findings == 0 => Ended::Passed,
            // Found, and not among those that are shown.
            (RuleStatus::Evaluated, None) => Ended::Skipped("nothing new".to_owned()),
            (_, why) => Ended::Skipped(why.clone().unwrap_or_else(|| "not evaluated".to_owned())),
        };
        cases.push(Case { name: rule.title.clone(), ended });
    }
    cases
}

fn cause(group: &Group<'_>, fail_on: Option<Severity>) -> Option<Case> {
    let example = group.example()?;
    let fails = |finding: &&Finding| {
        fail_on.is_some_and(|level| finding.level() >= Some(level)) && !finding.is_review() && !finding.is_known()
    };
    let spread = spread::spread(group).map(|spread| format!("{spread}\n")).unwrap_or_default();
    let text = format!(
        "{}\nExpected: {}\nSeen: {}\n{spread}{}\n{}\nTo fix: {}\noffpath show {}",
        example.title,
        example.expected.join(", "),
        example.observed.join(", "),
        places(&example.evidence),
        example.why,
        example.fix,
        example.id
    );
    let ended = match group.findings.iter().copied().find(fails) {
        Some(worst) => Ended::Failed(worst.severity.clone(), text),
        None => Ended::Skipped(format!("{} finding that does not fail the run: {}", example.standing(), example.title)),
    };
    let edge = example.constraint.as_deref().map(|constraint| format!(", {constraint}")).unwrap_or_default();
    Some(Case { name: format!("{}{edge} by {} ({})", example.activity, example.actor.class, example.id), ended })
}

fn counts<'c>(cases: impl Iterator<Item = &'c Case>) -> String {
    let (mut all, mut failed, mut skipped) = (0, 0, 0);
    for case in cases {
        all += 1;
        match case.ended {
            Ended::Passed => {}
            Ended::Failed(..) => failed += 1,
            Ended::Skipped(_) => skipped += 1,
        }
    }
    format!(" tests=\"{all}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\"")
}

fn write_case(text: &mut String, rule: &RuleSummary, case: &Case) {
    let (class, name) = (escaped(&rule.id), escaped(&case.name));
    push(text, format_args!("    <testcase classname=\"offpath.{class}\" name=\"{name}\""));
    match &case.ended {
        Ended::Passed => text.push_str("/>\n"),
        Ended::Failed(severity, what) => {
            let message = escaped(what.lines().next().unwrap_or_default());
            let lines: Vec<String> = what.lines().map(escaped).collect();
            let severity = escaped(severity);
            push(
                text,
                format_args!(
                    ">\n      <failure message=\"{message}\" type=\"{severity}\">{}</failure>\n    </testcase>\n",
                    lines.join("\n")
                ),
            );
        }
        Ended::Skipped(why) => {
            push(text, format_args!(">\n      <skipped message=\"{}\"/>\n    </testcase>\n", escaped(why)));
        }
    }
}

fn push(text: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(part);
}

/// Text that stays text in content and attributes; what XML 1.0 cannot hold is spelt out or replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::BaselineState;
    use crate::finding::tests::sample;

    fn rule(id: &str, status: RuleStatus, not_evaluated: Option<&str>, findings: u64) -> RuleSummary {
        let not_evaluated = not_evaluated.map(str::to_owned);
        RuleSummary {
            id: id.to_owned(),
            title: format!("{id} in words"),
            status,
            not_evaluated,
            findings,
            ..Default::default()
        }
    }

    fn document(findings: &[Finding], fail_on: Option<Severity>) -> String {
        let rules = vec![
            rule("AP-MISSING", RuleStatus::Evaluated, None, findings.len() as u64),
            rule("OWN", RuleStatus::Evaluated, None, 0),
            rule("TX-RACE", RuleStatus::Blind, Some("combined: no <end> times"), 0),
        ];
        let run = RunSummary { command: "check".to_owned(), rules, ..RunSummary::default() };
        let mut bytes = Vec::new();
        junit(&run, findings, fail_on, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Names of elements with their attributes, in order: a reader of the little XML that is written.
    fn elements(text: &str) -> Vec<(String, Vec<String>)> {
        let mut found = Vec::new();
        for tag in text.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()) {
            if tag.starts_with(['/', '?']) {
                continue;
            }
            let name = tag.split([' ', '/']).next().unwrap().to_owned();
            let parts: Vec<&str> = tag.split("=\"").collect();
            let named = parts.iter().take(parts.len() - 1).map(|part| part.rsplit(' ').next().unwrap().to_owned());
            found.push((name, named.collect()));
        }
        found
    }

    #[test]
    fn every_element_has_what_the_schema_requires() {
        let text = document(&[sample("F1", "critical", 0.9, 1), sample("F2", "low", 0.2, 1)], Some(Severity::High));
        let required = |name: &str| match name {
            "testsuites" => &["name"][..],
            "testsuite" => &["name", "tests", "failures", "errors", "skipped"],
            "testcase" => &["name", "classname"],
            "failure" => &["message", "type"],
            "skipped" => &["message"],
            other => panic!("{other} is no element of JUnit"),
        };
        for (name, attributes) in elements(&text) {
            assert!(required(&name).iter().all(|key| attributes.iter().any(|a| a == key)), "{name} {attributes:?}");
        }
        assert!(
            text.contains("<testsuites name=\"offpath check\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\">"),
            "{text}"
        );
        assert_eq!(text.matches("<testsuite ").count(), text.matches("</testsuite>").count());
    }

    #[test]
    fn green_means_evaluated_and_clean() {
        let text = document(&[], Some(Severity::High));
        assert!(text.contains("<testcase classname=\"offpath.OWN\" name=\"OWN in words\"/>"), "{text}");
        assert!(text.contains("<skipped message=\"combined: no &lt;end&gt; times\"/>"), "{text}");
        let failures = |findings: &[Finding], level| document(findings, level).matches("<failure ").count();
        let high = sample("F1", "high", 0.9, 1);
        assert_eq!(failures(std::slice::from_ref(&high), Some(Severity::High)), 1);
        assert_eq!(failures(std::slice::from_ref(&high), Some(Severity::Critical)), 0);
        assert_eq!(failures(std::slice::from_ref(&high), None), 0);
        assert_eq!(failures(&[Finding { confidence: 0.3, ..high.clone() }], Some(Severity::Low)), 0);
        assert_eq!(
            failures(&[Finding { baseline: Some(BaselineState::Still), ..high.clone() }], Some(Severity::Low)),
            0
        );
        assert_eq!(failures(&[Finding { suppressed: Some("known".to_owned()), ..high }], Some(Severity::Low)), 0);
    }

    #[test]
    fn hostile_text_stays_text() {
        let hostile = "</failure><x y=\"&\u{0}\u{ffff}\u{1b}]]>\u{202e}";
        let finding = Finding { title: hostile.to_owned(), why: hostile.to_owned(), ..sample(hostile, "high", 0.9, 1) };
        let text = document(&[finding], Some(Severity::High));
        assert_eq!(text.matches("</failure>").count(), 1, "{text}");
        assert!(!text.contains("<x") && !text.contains("]]>"));
        assert!(!text.chars().any(|c| c != '\n' && c.is_control() || c == '\u{ffff}' || c == '\u{202e}'));
    }
}
