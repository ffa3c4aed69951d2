//! Findings by cause: one row a group, worst first, with an example and how far the cause reaches.

use crate::finding::Finding;
use crate::finding::group::{Group, groups};
use crate::report::figure::{count, counted, utc};
use crate::report::place::places;
use crate::report::spread;
use crate::report::summary::RunSummary;

use super::screen::{Look, Screen, severity_look};
use super::table::Table;

/// Open findings by cause, at most so many rows; `all` says how to see the rest. Empty without a finding.
pub fn by_cause(findings: &[Finding], most: usize, all: &str, screen: &Screen) -> String {
    let groups = groups(findings);
    if groups.is_empty() {
        return String::new();
    }
    let compared = groups.iter().any(|group| group.fresh().is_some());
    let mut table = match compared {
        true => Table::new(&["SEVERITY", "FINDINGS", "NEW", "RULE", "EXAMPLE"], &[1, 2]),
        false => Table::new(&["SEVERITY", "FINDINGS", "RULE", "EXAMPLE"], &[1]),
    }
    .wrapping();
    for group in groups.iter().take(most) {
        let Some(example) = group.example() else { continue };
        let severity = example.standing();
        let mut cells = vec![
            (severity_look(severity), severity.to_owned()),
            (Look::Plain, count(group.counting().count() as u64)),
            (Look::Cyan, example.rule.clone()),
            (Look::Plain, example.title.clone()),
        ];
        if compared {
            cells.insert(2, (Look::Bold, count(group.fresh().unwrap_or(0))));
        }
        table.row(cells);
        table.note(if compared { 4 } else { 3 }, Look::Faint, &note(group, example));
    }
    let mut out = table.render(screen);
    if groups.len() > most {
        let left: usize = groups.iter().skip(most).map(|group| group.counting().count()).sum();
        let more = counted((groups.len() - most) as u64, "more cause", "more causes");
        let of = counted(left as u64, "finding", "findings");
        out.push_str(&screen.paragraph("", &format!("and {more} of {of}: {all}")));
    }
    out
}

/// The example's id and place, and the rest of the group.
fn note(group: &Group<'_>, example: &Finding) -> String {
    let mut text = format!("{} in {}", example.id, places(&example.evidence));
    if let Some(spread) = spread::spread(group) {
        text.push_str(&format!("; {spread} ({})", example.actor.class));
        spread::when(group).into_iter().for_each(|when| text.push_str(&format!(", {when}")));
    }
    if let Some(returned) = &example.returned {
        text.push_str(&format!("; {returned}"));
    }
    text
}

/// Findings one by one, in the order given.
pub fn one_by_one(findings: &[Finding], screen: &Screen) -> String {
    let compared = findings.iter().any(|finding| finding.baseline.is_some());
    let mut out = String::new();
    for part in findings.chunks(ROWS) {
        let mut table = Table::new(&["SEVERITY", "ID", "TIME, UTC", "FINDING"], &[]).wrapping();
        for finding in part {
            let severity = if finding.suppressed.is_some() { "suppressed" } else { finding.standing() };
            table.row(vec![
                (severity_look(severity), severity.to_owned()),
                (Look::Cyan, finding.id.clone()),
                (Look::Plain, utc(&finding.time)),
                (Look::Plain, finding.title.clone()),
            ]);
            let state = finding.baseline.filter(|_| compared).map(|state| format!("{}; ", state.as_str()));
            let note = [state, finding.suppressed.clone(), finding.returned.clone()];
            let note: Vec<String> = note.into_iter().flatten().collect();
            if !note.is_empty() {
                table.note(3, Look::Faint, note.join("").trim_end_matches("; "));
            }
        }
        out.push_str(&table.render(screen));
    }
    out
}

/// Rows of one table: its columns are as wide as its widest cells, which must not be looked for in all.
const ROWS: usize = 1_000;

/// Suppressed findings by the entry that covers them, and entries that cover nothing.
pub fn suppressed(run: &RunSummary, findings: &[Finding], screen: &Screen) -> String {
    if run.suppressions.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["STATE", "FINDINGS", "UNTIL", "COVERS", "REASON"], &[1]).wrapping();
    for entry in &run.suppressions {
        table.row(vec![
            (Look::Plain, spread::state(entry).to_owned()),
            (Look::Plain, count(entry.findings)),
            (Look::Plain, entry.until.clone()),
            (Look::Plain, entry.covers.clone()),
            (Look::Plain, format!("{} (by {}, line {})", entry.reason, entry.by, entry.line)),
        ]);
    }
    let mut out = table.render(screen);
    for finding in findings.iter().filter(|finding| finding.suppressed.is_some()).take(LISTED) {
        let text = format!("{} {} {}: {}", finding.severity, finding.rule, finding.id, finding.title);
        out.push_str(&screen.paragraph("", &text));
    }
    let all = findings.iter().filter(|finding| finding.suppressed.is_some()).count();
    if all > LISTED {
        out.push_str(&screen.paragraph("", &format!("and {} more: see the report", count((all - LISTED) as u64))));
    }
    out
}

/// Suppressed findings that are listed.
const LISTED: usize = 50;
