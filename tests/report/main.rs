//! The report page: size, safety, stable bytes, and what a browser makes of it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod sample;

use std::path::PathBuf;

use offpath::finding::Finding;
use offpath::report::{CaseTimeline, RunSummary, html};

fn page(run: &RunSummary, findings: &[Finding], cases: &[CaseTimeline]) -> String {
    let mut bytes = Vec::new();
    html(run, findings, cases, &[], &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// `OFFPATH_SAMPLE_REPORT=folder` leaves pages there for people to look at.
#[test]
fn writes_a_sample_where_asked() {
    let Some(folder) = std::env::var_os("OFFPATH_SAMPLE_REPORT").map(PathBuf::from) else { return };
    let findings = sample::findings(200);
    std::fs::write(folder.join("report.html"), page(&sample::run(), &findings, &sample::cases(&findings))).unwrap();
    std::fs::write(folder.join("large.html"), page(&sample::run(), &sample::findings(100_000), &[])).unwrap();
    let empty = page(&RunSummary::default(), &[], &[]);
    std::fs::write(folder.join("empty.html"), empty).unwrap();
    let (run, findings, cases) = hostile();
    std::fs::write(folder.join("hostile.html"), page(&run, &findings, &cases)).unwrap();
}

#[test]
fn a_hundred_thousand_findings_take_at_most_sixty_bytes_each() {
    let (count, run) = (100_000, sample::run());
    let findings = sample::findings(count);
    let few = page(&run, &findings[..1], &[]).len();
    let bytes = page(&run, &findings, &[]).len() - few;
    let each = bytes as f64 / count as f64;
    assert!(each <= 60.0, "{each:.1} bytes a finding");
}

#[test]
fn same_arguments_give_the_same_bytes() {
    let findings = sample::findings(300);
    let cases = sample::cases(&findings);
    assert_eq!(page(&sample::run(), &findings, &cases), page(&sample::run(), &findings, &cases));
}

#[test]
fn without_script_the_head_and_the_worst_findings_are_there() {
    let findings = sample::findings(300);
    let page = page(&sample::run(), &findings, &[]);
    let (_, worst) = page.split_once("<div id=\"worst\">").unwrap();
    let (causes, worst) = worst.split_once("</table>").unwrap();
    assert!(causes.matches("<tr><td>").count() == 100 && causes.contains("offpath show F"), "the causes come first");
    let (worst, _) = worst.split_once("</table>").unwrap();
    assert_eq!(worst.matches("<tr><td>").count(), 200);
    assert!(worst.contains(&findings[0].title));
    for text in [
        "1,204 TLS connections without keys",
        "4e07408562bedb8b",
        "79,860 of 81,377",
        "the model names no step",
        "<svg class=\"process\"",
    ] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn markdown_says_what_was_not_seen() {
    let text = offpath::report::markdown(&sample::run(), &sample::findings(400));
    assert!(text.contains("| critical | AP-MISSING |"), "{text}");
    assert!(text.contains("1,204 TLS connections without keys") && text.contains("more are in the run folder"));
}

#[test]
fn the_script_stays_small() {
    assert!(include_str!("../../src/report/html/report.js").len() <= 120 * 1024);
}

/// Strings that try to leave the place they are written in.
const HOSTILE: [&str; 6] = [
    "</script><script>document.documentElement.dataset.owned='1'</script>",
    "\" onmouseover=\"document.documentElement.dataset.owned=1\" x=\"",
    "<img src=x onerror=document.documentElement.dataset.owned=1>",
    "{{script}}{{data}}",
    "\u{202e}txt.exe\u{0}\u{1}\u{2}\u{1f}\u{1b}[2J",
    "'); $(reboot) `reboot` &amp; \\ https://example.org/x",
];

fn hostile() -> (RunSummary, Vec<Finding>, Vec<CaseTimeline>) {
    let mut run = sample::run();
    let mut findings = sample::findings(HOSTILE.len());
    let mut cases = sample::cases(&findings);
    run.errors = HOSTILE.iter().map(ToString::to_string).collect();
    run.limits.clone_from(&run.errors);
    for (place, text) in HOSTILE.iter().enumerate() {
        let text = (*text).to_owned();
        let finding = &mut findings[place];
        finding.id.clone_from(&text);
        finding.title = format!("order {text} was odd");
        finding.rule.clone_from(&text);
        finding.severity = if place == 0 { text.clone() } else { "high".into() };
        finding.actor.principal = Some(text.clone());
        finding.actor.agent = Some(text.clone());
        finding.object.as_mut().unwrap().id.clone_from(&text);
        finding.case = Some(format!("order:{text}"));
        finding.expected = vec![text.clone()];
        finding.observed = vec![text.clone()];
        finding.evidence[0].path.clone_from(&text);
        finding.evidence[0].origin.clone_from(&text);
        finding.taxonomy.insert(text.clone(), vec![text.clone()]);
        finding.why.clone_from(&text);
        cases[place].case = format!("order:{text}");
        cases[place].events[0].activity.clone_from(&text);
        cases[place].events[0].state = vec![text.clone()];
        run.maps[0].nodes[place].name.clone_from(&text);
        run.maps[0].edges[place].label.clone_from(&text);
        run.rules.push(offpath::report::RuleSummary {
            id: text.clone(),
            title: text.clone(),
            findings: 1,
            by_source: [(text.clone(), (1, 1, 0))].into(),
            ..Default::default()
        });
        run.variants[0].activities.push(text.clone());
        run.inputs[0].name.clone_from(&text);
        finding.returned = (place % 2 == 0).then(|| text.clone());
        finding.suppressed = (place == 5).then(|| text.clone());
        finding.baseline = Some(offpath::finding::BaselineState::New);
        finding.actor.class.clone_from(&text);
        finding.fingerprint.clone_from(&text);
        run.suppressions.push(offpath::finding::suppression::SuppressionSummary {
            covers: text.clone(),
            reason: text.clone(),
            by: text.clone(),
            until: text.clone(),
            findings: 1,
            ..Default::default()
        });
        run.baseline = Some(offpath::report::BaselineSummary { run: text.clone(), absent: 1, ..Default::default() });
        run.operations[0].name.clone_from(&text);
    }
    (run, findings, cases)
}

/// Hostile findings, verified with hostile events.
fn verification(findings: &[Finding]) -> offpath::report::verification::Verification {
    use offpath::finding::verification::{Fate, Proof, Verified};
    let verified = |finding: &Finding| Verified {
        id: finding.id.clone(),
        group: finding.id.clone(),
        fingerprint: finding.fingerprint.clone(),
        rule: finding.rule.clone(),
        title: finding.title.clone(),
        severity: finding.severity.clone(),
        time: finding.time.clone(),
        fate: Fate::Open,
        why: finding.why.clone(),
        evidence: vec![Proof {
            event: finding.id.clone(),
            origin: finding.evidence[0].origin.clone(),
            time: finding.time.clone(),
            principal: finding.actor.principal.clone(),
            activity: finding.why.clone(),
            request: finding.evidence[0].path.clone(),
            status: None,
            outcome: finding.why.clone(),
        }],
    };
    let findings: Vec<Verified> = findings.iter().map(verified).collect();
    offpath::report::verification::Verification {
        run: HOSTILE[0].to_owned(),
        inputs: HOSTILE.iter().map(ToString::to_string).collect(),
        open: findings.len() as u64,
        others: 1,
        findings,
        ..Default::default()
    }
}

#[test]
fn markdown_holds_no_markup_of_captures() {
    let (run, findings, _) = hostile();
    for text in [offpath::report::markdown(&run, &findings), verification(&findings).markdown()] {
        assert!(!text.contains("<script") && !text.contains("<img") && !text.contains('\u{202e}'), "{text}");
        assert!(!text.contains("`reboot`") && !text.contains('\u{1b}'), "{text}");
        let tables = text.lines().filter(|line| line.starts_with("| ") && !line.contains("| ---"));
        let columns = |line: &str| line.replace("\\|", "").matches('|').count();
        let widths: std::collections::BTreeSet<usize> = tables.map(columns).collect();
        assert!(widths.len() <= 2, "a cell left its row: {text}");
    }
}

#[test]
fn text_of_captures_never_becomes_markup() {
    let (run, findings, cases) = hostile();
    let page = page(&run, &findings, &cases);
    let (static_part, _) = page.split_once("<script type=\"application/octet-stream\"").unwrap();
    assert!(!static_part.contains("<script"), "a script tag came from a capture");
    assert!(!static_part.contains("<img"));
    assert!(!static_part.contains(" onmouseover=\""));
    assert_eq!(page.matches("<script").count(), 2);
    assert!(!static_part.contains('\u{202e}') && !page.contains('\u{0}') && !page.contains('\u{1b}'));
}

#[test]
fn no_reference_leaves_the_file() {
    let (run, findings, cases) = hostile();
    let page = page(&run, &findings, &cases);
    for reference in ["src=\"", "href=\"", "action=\"", "url(", "@import", "srcset"] {
        for (at, _) in page.match_indices(reference) {
            let target = &page[at + reference.len()..];
            assert!(target.starts_with('#') && reference == "href=\"", "{reference}{}", &target[..40]);
        }
    }
    assert!(page.contains("default-src 'none'; script-src 'sha256-"));
    assert!(!page.contains(" style=\""), "the policy forbids style attributes");
}

#[test]
fn terminals_get_no_control_characters_and_no_line_too_long() {
    use offpath::report::terminal::{self, Screen};
    let (run, findings, cases) = hostile();
    for width in [60, 100, 160] {
        let screen = Screen { color: false, width: Some(width), run_folder: Some("run/".into()) };
        let mut texts = vec![
            terminal::check(&run, &findings, &screen),
            terminal::inspect(&run, true, &screen),
            terminal::mine(&run, &screen),
        ];
        texts.push(terminal::gaps(&run, &[], &screen));
        texts.push(terminal::cases(&offpath::report::cases_with_findings(&findings), 9, &screen));
        texts.extend(cases.iter().map(|case| terminal::timeline(case, &findings, &screen)));
        texts.extend(findings.iter().map(|finding| terminal::finding(finding, Some(&cases[0]), &screen)));
        texts.push(terminal::one_by_one(&findings, &screen));
        texts.push(terminal::suppressed(&run, &findings, &screen));
        texts.push(terminal::verification(&verification(&findings), &screen));
        texts.push(terminal::gone(run.baseline.as_ref().unwrap(), &verification(&findings).findings, &screen));
        for text in texts {
            assert!(
                !text.chars().any(|letter| letter != '\n' && letter.is_control() || letter == '\u{202e}'),
                "{text:?}"
            );
        }
    }
    let sample = sample::findings(40);
    let screen = Screen { color: false, width: Some(100), run_folder: None };
    for text in [
        terminal::check(&sample::run(), &sample, &screen),
        terminal::inspect(&sample::run(), true, &screen),
        terminal::mine(&sample::run(), &screen),
    ] {
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}

#[test]
fn the_first_screen_says_what_was_not_read() {
    use offpath::report::terminal::{self, Screen};
    let (run, screen) = (sample::run(), Screen::default());
    for text in [terminal::inspect(&run, true, &screen), terminal::check(&run, &sample::findings(40), &screen)] {
        assert!(text.lines().take(6).any(|line| line.contains("1,204 TLS connections without keys")), "{text}");
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    use offpath::report::terminal::{self, Screen};
    let plain = Screen::default();
    let coloured = Screen { color: true, ..Screen::default() };
    let findings = sample::findings(40);
    let painted = terminal::check(&sample::run(), &findings, &coloured);
    assert!(painted.contains("\u{1b}[1;31m"));
    let stripped = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(&painted, "").into_owned();
    assert_eq!(stripped, terminal::check(&sample::run(), &findings, &plain));
}
