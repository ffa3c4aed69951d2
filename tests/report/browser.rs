//! What a browser makes of the page. Needs `chromium` on the path; without it these tests skip and say so.

use std::path::Path;
use std::process::Command;

use offpath::finding::Finding;
use offpath::report::{CaseTimeline, RunSummary};

use crate::{hostile, page, sample};

/// The page's elements after its script ran, and what the browser's console said.
struct Visit {
    dom: String,
    console: Vec<String>,
}

impl Visit {
    fn has(&self, text: &str) -> bool {
        self.dom.contains(text)
    }

    /// Inner HTML between an element's id and a later mark.
    fn part(&self, from: &str, to: &str) -> &str {
        let (_, rest) = self.dom.split_once(from).unwrap();
        rest.split_once(to).unwrap().0
    }
}

/// Opens a page from disk at a fragment. `None` without a browser.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn visit(run: &RunSummary, findings: &[Finding], cases: &[CaseTimeline], fragment: &str) -> Option<Visit> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.html");
    std::fs::write(&file, page(run, findings, cases)).unwrap();
    let visit = open(folder.path(), &format!("file://{}#{fragment}", file.display()));
    if visit.is_none() {
        assert!(std::env::var_os("OFFPATH_REQUIRE_PEERS").is_none(), "chromium is not installed, and must be here");
        eprintln!("skipped: no `chromium` on the path");
    }
    visit
}

fn open(folder: &Path, address: &str) -> Option<Visit> {
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=20000"])
        .args(["--window-size=1400,1000", &profile, "--dump-dom", address])
        .output()
        .ok()?;
    let log = String::from_utf8_lossy(&output.stderr);
    Some(Visit {
        dom: String::from_utf8_lossy(&output.stdout).into_owned(),
        console: log.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect(),
    })
}

#[test]
fn findings_are_listed_and_the_console_is_silent() {
    let findings = sample::findings(200);
    let Some(visit) = visit(&sample::run(), &findings, &sample::cases(&findings), "findings") else { return };
    assert_eq!(visit.console, Vec::<String>::new());
    assert!(visit.has("data-ready=\"true\""));
    assert!(visit.has("Showing 195 of 200 findings in 5 groups"));
    assert!(visit.part("id=\"list\"", "</main>").contains(&findings[0].title));
    assert!(visit.part("id=\"detail\"", "</article>").contains("offpath show F"), "the worst finding is open");
    assert!(!visit.part("id=\"detail\"", "</article>").contains(">null<"));
}

#[test]
fn the_fragment_filters_and_opens_a_finding() {
    let findings = sample::findings(200);
    let cases = sample::cases(&findings);
    let chosen = findings.iter().find(|finding| finding.rule == "SEQ-SKIP").unwrap();
    let fragment = format!("findings?rule=SEQ-SKIP&q={}&f={}", chosen.object.as_ref().unwrap().id, chosen.id);
    let Some(visit) = visit(&sample::run(), &findings, &cases, &fragment) else { return };
    assert_eq!(visit.console, Vec::<String>::new());
    assert!(visit.has("Showing 1 of 200 findings in 1 group"));
    let detail = visit.part("id=\"detail\"", "</article>");
    assert!(detail.contains(&chosen.title) && detail.contains(&chosen.evidence[0].origin), "{detail}");
    assert!(detail.contains("shipped before") && detail.contains("CWE-841"));
}

#[test]
fn a_case_is_drawn_with_its_states_and_its_deviation() {
    let findings = sample::findings(200);
    let cases = sample::cases(&findings);
    let Some(visit) = visit(&sample::run(), &findings, &cases, &format!("cases?case={}", cases[0].case)) else {
        return;
    };
    assert_eq!(visit.console, Vec::<String>::new());
    let view = visit.part("id=\"case-view\"", "</section>");
    assert_eq!(view.matches("class=\"state\"").count(), cases[0].events.len());
    assert!(
        view.contains("refund pending") && view.contains("2 h 40 min without an event") && view.contains("AP-MISSING")
    );
}

#[test]
fn hostile_text_stays_text() {
    let (run, findings, cases) = hostile();
    for fragment in [
        "findings?suppressed=1",
        "cases",
        "map",
        "rules",
        "notes",
        "findings?q=%3Cimg%20src%3Dx%3E&rule=%22%3E%3Cscript%3E",
    ] {
        let Some(visit) = visit(&run, &findings, &cases, fragment) else { return };
        assert_eq!(visit.console, Vec::<String>::new(), "{fragment}");
        assert!(visit.has("data-ready=\"true\""), "{fragment}");
        assert!(!visit.has("data-owned"), "{fragment}");
        assert!(!visit.has("<img"), "{fragment}");
    }
}

#[test]
fn many_findings_need_few_elements() {
    let Some(visit) = visit(&sample::run(), &sample::findings(20_000), &[], "findings?group=none") else { return };
    assert_eq!(visit.console, Vec::<String>::new());
    assert!(visit.has("Showing 19,500 of 20,000 findings"));
    assert!((10..60).contains(&visit.dom.matches("role=\"treeitem\"").count()));
}

#[test]
fn an_empty_run_says_that_nothing_was_analysed() {
    let Some(visit) = visit(&RunSummary::default(), &[], &[], "") else { return };
    assert_eq!(visit.console, Vec::<String>::new());
    assert!(!visit.has("Everything in the input was read"));
    assert!(visit.has("Nothing was analysed") && visit.has("data-ready=\"true\""));
}
