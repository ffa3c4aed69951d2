//! `check`: the model, what was not seen, and the findings by rule.

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::report::figure::{count, counted, percent, ratio};
use crate::report::place::places;
use crate::report::reason;
use crate::report::summary::{MeasureSummary, RunSummary};
use crate::report::verdict::{SeverityCounts, severity_rank, verdict};
use crate::report::{unidentified, unmodelled};

use super::inspect::not_read;
use super::screen::{Look, Screen, severity_look};
use super::table::Table;

/// Most lines of reasons why something was not judged.
const REASONS: usize = 6;

/// Warnings on the first screen.
const WARNINGS: usize = 5;

/// What the comparison says, on one screen: worst rule first, one example each, and the command to look closer.
pub fn check(run: &RunSummary, findings: &[Finding], screen: &Screen) -> String {
    let mut out = screen.paragraph("Model", &model(run));
    for warning in run.warnings.iter().take(WARNINGS) {
        out.push_str(&screen.paragraph("Warning", warning));
    }
    if run.warnings.len() > WARNINGS {
        let more = run.warnings.len() - WARNINGS;
        out.push_str(&screen.paragraph("", &format!("and {more} more: see Notes in the report")));
    }
    out.push_str(&screen.paragraph("Not read", &not_read(run)));
    for error in &run.errors {
        out.push_str(&screen.paragraph("", error));
    }
    for limit in &run.limits {
        out.push_str(&screen.paragraph("Limit", limit));
    }
    out.push_str(&screen.left_out(run));
    out.push_str(&unmodelled(run, screen));
    out.push_str(&unidentified::of_steps(run).map(|text| screen.paragraph("Actors", &text)).unwrap_or_default());
    out.push_str(&screen.paragraph("Verdict", &verdict(run, findings)));
    out.push_str(&rules(findings, screen));
    out.push_str(&not_judged(run, screen));
    let counts = SeverityCounts::of(findings);
    if counts.suppressed > 0 {
        out.push_str(&screen.paragraph("Suppressed", &counted(counts.suppressed, "finding", "findings")));
    }
    if let (Some(folder), Some(worst)) = (&screen.run_folder, first_shown(findings)) {
        out.push_str(&screen.paragraph("Next", &format!("offpath show {} --run {folder}", worst.id)));
    } else if run.exchanges == 0 {
        out.push_str(&super::inspect::opens(run).map(|text| screen.paragraph("Next", text)).unwrap_or_default());
    } else if let ([input], None) = (run.inputs.as_slice(), &run.model) {
        out.push_str(&screen.paragraph("Next", &super::inspect::next(&input.name)));
    }
    out
}

/// What the coverage does not cover, by name.
fn unmodelled(run: &RunSummary, screen: &Screen) -> String {
    let mut lines: Vec<String> = [unmodelled::events(run), unmodelled::messages(run)].into_iter().flatten().collect();
    if let (Some(last), Some(folder)) = (lines.last_mut(), &screen.run_folder) {
        last.push_str(&format!("; all: offpath show unmatched --run {folder}"));
    }
    let labels = std::iter::once("Unmodelled").chain(std::iter::repeat(""));
    labels.zip(&lines).map(|(label, line)| screen.paragraph(label, line)).collect()
}

/// What was not judged, each reason in a line; the report has all of them.
fn not_judged(run: &RunSummary, screen: &Screen) -> String {
    let mut lines = reason::not_judged(run);
    if lines.len() > REASONS {
        let more = lines.len() - (REASONS - 1);
        lines.truncate(REASONS - 1);
        lines.push(format!("and for {more} more reasons: see Rules in the report"));
    }
    let labels = std::iter::once("Not judged").chain(std::iter::repeat(""));
    labels.zip(&lines).map(|(label, line)| screen.paragraph(label, line)).collect()
}

fn open(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| finding.suppressed.is_none())
}

/// `shop 7, 3 lifecycles, 11 constraints; 97 % of lives fit (…), fitness 0.981; precision …; coverage …`.
fn model(run: &RunSummary) -> String {
    let Some(model) = &run.model else { return "none: only the rules that need none were run".to_owned() };
    let mut text = format!(
        "{} {}, {}, {}",
        model.id,
        model.version,
        counted(model.lifecycles, "lifecycle", "lifecycles"),
        counted(model.constraints, "constraint", "constraints")
    );
    if let Some(measures) = &run.measures {
        text.push_str(&fitness(measures));
        let (declared, happened) = measures.transitions;
        let (explained, events) = measures.coverage;
        text.push_str(&format!(
            "; precision {} ({} of {} transitions happened)",
            percent(happened, declared),
            count(happened),
            count(declared)
        ));
        text.push_str(&format!(
            "; coverage {} ({} of {} events{})",
            percent(explained, events),
            count(explained),
            count(events),
            if run.not_asked > 0 { " whose request was seen" } else { "" }
        ));
    }
    text
}

/// How many lives fit, and how far the others are from it.
fn fitness(measures: &MeasureSummary) -> String {
    if measures.traces == 0 {
        return String::new();
    }
    let undecided = match measures.undecided_traces {
        0 => String::new(),
        number => format!(", {} undecided", count(number)),
    };
    let share = percent(measures.fitting_traces, measures.traces);
    let (fitting, all) = (count(measures.fitting_traces), count(measures.traces));
    let mut text = format!("; {share} of lives fit ({fitting} of {all}{undecided})");
    if let Some(fitness) = measures.log_fitness {
        let about = if measures.approximate { "about " } else { "" };
        text.push_str(&format!(", fitness {about}{}", ratio(fitness)));
    }
    text
}

/// Open findings by rank and rule: the worst first, of equals the rule with the most.
fn groups(findings: &[Finding]) -> Vec<((usize, &str), Vec<&Finding>)> {
    let mut groups: BTreeMap<(usize, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in open(findings) {
        groups.entry((severity_rank(finding.standing()), &finding.rule)).or_default().push(finding);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|((rank, _), group)| (*rank, std::cmp::Reverse(group.len())));
    groups
}

/// The example of the first row.
fn first_shown(findings: &[Finding]) -> Option<&Finding> {
    groups(findings).first().and_then(|(_, group)| group.first().copied())
}

/// For each severity and rule, worst first: how many, an example, and the example's id and place.
fn rules(findings: &[Finding], screen: &Screen) -> String {
    let groups = groups(findings);
    if groups.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["SEVERITY", "FINDINGS", "RULE", "EXAMPLE"], &[1]).wrapping();
    for ((_, rule), group) in groups {
        let Some(example) = group.first() else { continue };
        let severity = example.standing();
        table.row(vec![
            (severity_look(severity), severity.to_owned()),
            (Look::Plain, count(group.len() as u64)),
            (Look::Cyan, rule.to_owned()),
            (Look::Plain, example.title.clone()),
        ]);
        table.note(3, Look::Faint, &format!("{} in {}", example.id, places(&example.evidence)));
    }
    table.render(screen)
}
