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
    let Some(visit) = visit(&sample::run(), &findings, &sample::cases(&findings), "findings?group=rule") else {
        return;
    };
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
fn only_what_deviates_is_marked_and_code_is_code() {
    let findings = sample::findings(200);
    let chosen = findings.iter().find(|finding| finding.rule == "SEQ-SKIP").unwrap();
    let fragment = format!("findings?f={}", chosen.id);
    let Some(visit) = visit(&sample::run(), &findings, &[], &fragment) else { return };
    let detail = visit.part("id=\"detail\"", "</article>");
    let (_, versus) = detail.split_once("class=\"versus\"").unwrap();
    let (expected, seen) = versus.split_once("Seen</h4>").unwrap();
    let marked = |part: &str| {
        let items = part.split("class=\"differs\"").skip(1);
        items.map(|item| item.split_once('>').unwrap().1.split('<').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((marked(expected), marked(seen)), (vec!["pay".to_owned()], vec!["ship".to_owned()]));
    assert!(detail.contains("<code>POST /orders/{id}/ship</code>") && !detail.contains('`'), "{detail}");
    assert!(detail.contains(&format!("offpath show {} --run /", chosen.id)), "{detail}");
}

#[test]
fn a_step_of_the_map_leads_to_its_cases() {
    let findings = sample::findings(200);
    let cases = sample::cases(&findings);
    for (step, words) in [
        ("order%1Fpaid%1Frefund_request%1Frefund%20pending", ">30 timelines with the step"),
        ("order%1Fnew%1Frefund_request%1Frefund%20pending", ">0 timelines with the step"),
        ("order%1Fcreate%1F%1Fpay", ">30 timelines with the step"),
    ] {
        let Some(visit) = visit(&sample::run(), &findings, &cases, &format!("cases?step={step}")) else { return };
        assert_eq!(visit.console, Vec::<String>::new());
        assert!(visit.has(words), "{step}: {}", visit.part("id=\"case-view\"", "</section>"));
    }
    let page = page(&sample::run(), &findings, &cases);
    assert!(page.contains("href=\"#cases?step=order%1Fpaid%1Frefund_request%1Frefund%20pending\""));
}

#[test]
fn rare_steps_are_hidden_and_undeclared_ones_stay() {
    let Some(visit) = visit(&sample::run(), &[], &[], "map?least=1000") else { return };
    assert_eq!(visit.console, Vec::<String>::new());
    let map = &sample::run().maps[0];
    let stay = map.edges.iter().filter(|edge| edge.count >= 1000 || edge.allowed == Some(false)).count();
    assert!(stay < map.edges.len());
    assert!(visit.has(&format!("Showing {stay} of {} steps", map.edges.len())));
    let hidden = visit.dom.matches("class=\"step\"").count() - stay;
    assert_eq!(
        visit.dom.split("class=\"step\"").skip(1).filter(|a| a.split('>').next().unwrap().contains("hidden")).count(),
        hidden
    );
}

#[test]
fn events_at_the_same_time_are_told_apart() {
    let findings = sample::findings(20);
    let mut cases = sample::cases(&findings);
    cases[0].events[1].micros = cases[0].events[2].micros - 10_000;
    let Some(visit) = visit(&sample::run(), &findings, &cases, &format!("cases?case={}", cases[0].case)) else {
        return;
    };
    let view = visit.part("id=\"case-view\"", "</section>");
    assert_eq!(view.matches(" ∥<").count(), 2, "{view}");
    assert!(view.contains("+1 min 4.990 s") && view.contains("+1 min 5.000 s"), "{view}");
}

#[test]
fn findings_of_one_cause_are_one_row_with_its_reach() {
    let mut findings = sample::findings(60);
    for finding in &mut findings {
        finding.fingerprint.clone_from(&finding.rule);
        finding.baseline = Some(offpath::finding::BaselineState::New);
    }
    findings[1].baseline = Some(offpath::finding::BaselineState::Still);
    let Some(visit) = visit(&sample::run(), &findings, &[], "findings") else { return };
    assert_eq!(visit.console, Vec::<String>::new());
    let list = visit.part("id=\"list\"", "</main>");
    assert!(visit.has("in 5 groups") && list.contains(" new · human · 2026-03-01"), "{list}");
    assert!(list.contains(&format!("offpath show {}", findings[0].id)), "{list}");
    let Some(visit) = self::visit(&sample::run(), &findings, &[], "findings?state=still") else { return };
    assert!(visit.has("Showing 1 of 60 findings in 1 group"));
}

#[test]
fn findings_group_by_rule_and_actor() {
    let findings = sample::findings(50);
    let Some(visit) = visit(&sample::run(), &findings, &[], "findings?group=both") else { return };
    let worst = &findings[0];
    let name = format!("{} · {}", worst.rule, worst.actor.principal.as_deref().unwrap());
    assert!(visit.part("id=\"list\"", "</main>").contains(&name), "{name}");
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
    for fragment in ["cases", "map", "variants", "rules", "notes"] {
        let Some(visit) = visit(&RunSummary::default(), &[], &[], fragment) else { return };
        assert_eq!(visit.console, Vec::<String>::new(), "{fragment}");
    }
    let Some(visit) = visit(&RunSummary::default(), &[], &[], "") else { return };
    assert_eq!(visit.console, Vec::<String>::new());
    assert!(!visit.has("Everything in the input was read"));
    assert!(visit.has("Nothing was analysed") && visit.has("data-ready=\"true\""));
}
