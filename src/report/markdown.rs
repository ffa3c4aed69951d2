//! The run as Markdown, for a job's summary or a ticket.

use crate::finding::Finding;

use super::figure::count;
use super::reason;
use super::summary::RunSummary;
use super::unmodelled;
use super::verdict::{SEVERITIES, SeverityCounts, severity_rank, verdict};
use super::visible::visible;

/// Findings in the table; the rest are counted.
const SHOWN: usize = 50;

/// The verdict, counts by severity and the worst findings. Text of captures cannot become markup.
pub fn markdown(run: &RunSummary, findings: &[Finding]) -> String {
    let counts = SeverityCounts::of(findings);
    let mut out = format!("## offpath {}\n\n{}\n\n", plain(&run.command), plain(&verdict(run, findings)));
    let numbers: Vec<String> =
        SEVERITIES.iter().map(|severity| format!("{severity} {}", count(counts.get(severity)))).collect();
    out.push_str(&format!("{}, suppressed {}\n", numbers.join(", "), count(counts.suppressed)));
    if let Some(model) = &run.model {
        out.push_str(&format!(
            "\nModel {} {} (sha256 {})\n",
            plain(&model.id),
            plain(&model.version),
            plain(&model.hash)
        ));
    }
    let mut open: Vec<&Finding> = findings.iter().filter(|finding| finding.suppressed.is_none()).collect();
    open.sort_by_key(|finding| severity_rank(&finding.severity));
    if !open.is_empty() {
        out.push_str("\n| severity | rule | finding | actor | time | id |\n|---|---|---|---|---|---|\n");
    }
    for finding in open.iter().take(SHOWN) {
        let actor = finding.actor.principal.as_deref().unwrap_or("not identified");
        let cells = [&finding.severity, &finding.rule, &finding.title, actor, &finding.time, &finding.id].map(plain);
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    if open.len() > SHOWN {
        out.push_str(&format!("\n{} more are in the run folder.\n", count((open.len() - SHOWN) as u64)));
    }
    not_seen(&mut out, run);
    out
}

fn not_seen(out: &mut String, run: &RunSummary) {
    let parts = run.not_read.iter().map(reason::not_read);
    let lines: Vec<String> = run
        .warnings
        .iter()
        .cloned()
        .chain(parts)
        .chain(run.errors.iter().cloned())
        .chain(run.limits.iter().cloned())
        .chain([unmodelled::events(run), unmodelled::messages(run)].into_iter().flatten())
        .chain(reason::not_judged(run))
        .collect();
    if !lines.is_empty() {
        out.push_str("\n**Not seen or not judged**\n\n");
    }
    for line in lines {
        out.push_str(&format!("- {}\n", plain(&line)));
    }
}

/// Text that Markdown and HTML take as it is.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '|' | '!' | '~' | '@' => {
                out.push('\\');
                out.push(character);
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_a_cell() {
        assert_eq!(plain("a|b\n<img> [x](y)"), "a\\|b\\\\u\\{a\\}&lt;img&gt; \\[x\\]\\(y\\)");
    }
}
