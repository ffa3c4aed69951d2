//! `verify`: what became of earlier findings; also of those that a baseline has and a run has not.

use crate::finding::answered;
use crate::finding::verification::{Fate, Verified};
use crate::report::figure::{count, utc};
use crate::report::spread;
use crate::report::summary::BaselineSummary;
use crate::report::verification::{Verification, alike};

use super::screen::{Look, Screen, severity_look};
use super::table::Table;

/// Each cause with its fate, open ones first, why, and the events that show it.
pub fn verification(document: &Verification, screen: &Screen) -> String {
    let mut out = screen.paragraph("Verified", &document.sentence());
    out.push_str(&table(&document.findings, screen));
    if document.suppressed > 0 {
        out.push_str(&screen.paragraph("Suppressed", &format!("{} not verified", count(document.suppressed))));
    }
    if document.others > 0 {
        out.push_str(&screen.paragraph("Others", &document.others()));
    }
    out
}

/// What a baseline has and a run has not.
pub fn gone(compared: &BaselineSummary, gone: &[Verified], screen: &Screen) -> String {
    screen.paragraph("Baseline", &spread::baseline(compared)) + &table(gone, screen)
}

fn table(findings: &[Verified], screen: &Screen) -> String {
    let groups = alike(findings);
    if groups.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["FATE", "SEVERITY", "FINDINGS", "RULE", "EARLIER FINDING"], &[2]).wrapping();
    for group in groups {
        let first = group.first;
        let look = match first.fate {
            Fate::Open => Look::Red,
            Fate::NotExercised => Look::Yellow,
            Fate::Fixed => Look::Green,
        };
        table.row(vec![
            (look, first.fate.words().to_owned()),
            (severity_look(&first.severity), first.severity.clone()),
            (Look::Plain, count(group.findings)),
            (Look::Cyan, first.rule.clone()),
            (Look::Plain, format!("{} ({})", first.title, first.id)),
        ]);
        let mut note = first.why.clone();
        for proof in &first.evidence {
            let who = proof.principal.as_deref().unwrap_or("not identified");
            let status = answered(proof.status, &proof.outcome).unwrap_or_else(|| proof.outcome.clone());
            let (time, request, origin) = (utc(&proof.time), &proof.request, &proof.origin);
            note.push_str(&format!("; {time} {who} {request} {status}, {origin}"));
        }
        table.note(4, Look::Faint, &note);
    }
    table.render(screen)
}
