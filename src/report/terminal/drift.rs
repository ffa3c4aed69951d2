//! `drift`: what changed, before and after, with its size and how sure it is.

use crate::finding::Finding;
use crate::report::figure::{count, percent, utc};
use crate::report::summary::{ChangeSummary, DriftSummary, RunSummary};

use super::screen::{Look, Screen, severity_look};
use super::table::Table;

/// Rows of what had too few cases.
const FEW: usize = 5;
/// Causes in the table.
const CAUSES: usize = 50;
/// Example cases of each side.
const CASES: usize = 2;

/// The comparison on one screen.
pub fn drift(run: &RunSummary, findings: &[Finding], screen: &Screen) -> String {
    let Some(drift) = &run.drift else { return String::new() };
    let window = |window: &Option<(String, String)>| {
        window.as_ref().map_or_else(|| "no event".to_owned(), |(from, to)| format!("{} to {}", utc(from), utc(to)))
    };
    let side = |folder: &str, cases: u64, times: &Option<(String, String)>| {
        format!("{folder}: {} cases, {}", count(cases), window(times))
    };
    let mut out = screen.paragraph("Before", &side(&drift.base, drift.base_cases, &drift.base_window));
    out.push_str(&screen.paragraph("After", &side(&drift.run, run.cases, &run.window)));
    for mark in &drift.marks {
        out.push_str(&screen.paragraph("Mark", &format!("{} {}", utc(&mark.time), mark.name)));
    }
    for caveat in &drift.caveats {
        out.push_str(&screen.paragraph("Not alike", caveat));
    }
    out.push_str(&screen.paragraph("Verdict", &verdict(drift, findings)));
    out.push_str(&table(drift, findings, screen));
    out.push_str(&too_few(drift, screen));
    if let Some(case) = findings.iter().find_map(|finding| finding.case.as_deref()) {
        out.push_str(&screen.paragraph("Next", &format!("offpath show {case} --run {}", drift.run)));
    }
    out
}

/// What was compared and what came of it, in one sentence.
fn verdict(drift: &DriftSummary, findings: &[Finding]) -> String {
    let told = match findings.iter().filter(|finding| finding.suppressed.is_none()).count() {
        0 => "nothing changed beyond chance".to_owned(),
        1 => "1 change".to_owned(),
        several => format!("{several} changes"),
    };
    format!(
        "{told} in {} comparisons (at most {} % of changes by chance, Cohen's h {} or more)",
        count(drift.tested),
        drift.fdr * 100.0,
        drift.min_effect
    )
}

fn table(drift: &DriftSummary, findings: &[Finding], screen: &Screen) -> String {
    let mut table = Table::new(&["SEVERITY", "RULE", "WHAT", "BEFORE", "AFTER", "EFFECT", "P"], &[5, 6]).wrapping();
    for finding in findings.iter().filter(|finding| finding.suppressed.is_none()).take(CAUSES) {
        let of: Vec<&ChangeSummary> = drift.changes.iter().filter(|change| change.finding == finding.id).collect();
        let Some(lead) = of.first() else {
            let blank = || (Look::Plain, String::new());
            let title = (Look::Plain, finding.title.clone());
            table.row(vec![
                standing(finding),
                (Look::Cyan, finding.rule.clone()),
                title,
                blank(),
                blank(),
                blank(),
                blank(),
            ]);
            continue;
        };
        table.row(vec![
            standing(finding),
            (Look::Cyan, finding.rule.clone()),
            (Look::Plain, format!("{} {}", lead.what, word(lead))),
            (Look::Plain, share(lead.before)),
            (Look::Plain, share(lead.after)),
            (Look::Plain, format!("{:+.2}", lead.effect)),
            (Look::Faint, chance(lead.corrected_p)),
        ]);
        table.note(2, Look::Faint, &note(finding, &of));
    }
    if table.is_empty() { String::new() } else { table.render(screen) }
}

fn standing(finding: &Finding) -> (Look, String) {
    (severity_look(finding.standing()), finding.standing().to_owned())
}

/// A probability; of what is too small for a number, that.
pub(in crate::report) fn chance(p: f64) -> String {
    if p < f64::MIN_POSITIVE { "< 1e-300".to_owned() } else { format!("{p:.0e}") }
}

/// How something changed, in a word.
pub(in crate::report) fn word(change: &ChangeSummary) -> &'static str {
    match change.direction.as_str() {
        "new" => "(new)",
        "gone" => "(gone)",
        "more" => "(commoner)",
        _ => "(rarer)",
    }
}

/// `7.3 % (84 of 1,151)`.
pub(in crate::report) fn share((part, whole): (u64, u64)) -> String {
    format!("{} ({} of {})", percent(part, whole), count(part), count(whole))
}

/// What else belongs to a cause, since when, and cases that show it.
fn note(finding: &Finding, of: &[&ChangeSummary]) -> String {
    let Some(lead) = of.first() else { return String::new() };
    let (low, high) = lead.interval;
    let mut parts =
        vec![format!("{:+.1} points ({:+.1} to {:+.1})", lead.difference * 100.0, low * 100.0, high * 100.0)];
    parts.extend(lead.first_seen.as_ref().map(|time| format!("first at {}", utc(time))));
    parts.extend(lead.renamed.then(|| "perhaps renamed".to_owned()));
    for change in of.iter().skip(1) {
        parts.push(format!("with it {} {} -> {}", change.what, percent_of(change.before), percent_of(change.after)));
    }
    parts.extend(
        finding.also.iter().filter(|also| also.rule == "CH-UNPLANNED").map(|_| "no mark explains it".to_owned()),
    );
    let cases = |cases: &[String]| cases.iter().take(CASES).cloned().collect::<Vec<_>>().join(", ");
    if !lead.cases_after.is_empty() {
        parts.push(format!("e.g. {}", cases(&lead.cases_after)));
    }
    if !lead.cases_before.is_empty() {
        parts.push(format!("before {}", cases(&lead.cases_before)));
    }
    parts.join("; ")
}

fn percent_of((part, whole): (u64, u64)) -> String {
    percent(part, whole)
}

fn too_few(drift: &DriftSummary, screen: &Screen) -> String {
    if drift.too_few_in_all == 0 {
        return String::new();
    }
    let shown = drift.too_few.iter().take(FEW);
    let mut rows: Vec<String> =
        shown.map(|few| format!("{} ({} before, {} now)", few.what, count(few.before), count(few.after))).collect();
    if drift.too_few_in_all > rows.len() as u64 {
        rows.push(format!("{} more", count(drift.too_few_in_all - rows.len() as u64)));
    }
    let text = format!("fewer than {} cases on one side: {}", count(drift.min_cases), rows.join("; "));
    screen.paragraph("Too few", &text)
}
