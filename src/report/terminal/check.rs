//! `check`: the model, what was not seen, and the findings by rule.

use crate::finding::Finding;
use crate::finding::group::groups;
use crate::report::figure::{count, counted, percent, ratio};
use crate::report::reason;
use crate::report::summary::{MeasureSummary, RunSummary};
use crate::report::verdict::{SeverityCounts, verdict};
use crate::report::{spread, unidentified, unmodelled};

use super::groups::by_cause;
use super::inspect::not_read;
use super::screen::Screen;

/// Most lines of reasons why something was not judged.
const REASONS: usize = 6;

/// Causes of findings on the first screen.
const CAUSES: usize = 20;

/// Warnings on the first screen.
const WARNINGS: usize = 5;

/// What the comparison says, on one screen: worst cause first, one example each, and the command to look closer.
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
    let all = screen
        .run_folder
        .as_ref()
        .map_or_else(|| "see the report".to_owned(), |run| format!("offpath findings list --run {run}"));
    out.push_str(&by_cause(findings, CAUSES, &all, screen));
    if let Some(compared) = &run.baseline {
        out.push_str(&screen.paragraph("Baseline", &spread::baseline(compared)));
    }
    out.push_str(&not_judged(run, screen));
    if let Some(text) = spread::suppressed(SeverityCounts::of(findings).suppressed, &run.suppressions) {
        out.push_str(&screen.paragraph("Suppressed", &text));
    }
    let first = groups(findings).into_iter().find_map(|group| group.example());
    if let (Some(folder), Some(worst)) = (&screen.run_folder, first) {
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
    let uncertain = match measures.uncertain_lives {
        0 => String::new(),
        lives => format!(
            "; of {} no step is certain, since the input does not show what `where` asks for",
            counted(lives, "life", "lives")
        ),
    };
    if measures.traces == 0 {
        return uncertain;
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
    text + &uncertain
}
