//! The run as Markdown, for a job's summary or a ticket.

use crate::finding::Finding;

use super::alike::alike;
use super::figure::count;
use super::reason;
use super::summary::RunSummary;
use super::unmodelled;
use super::verdict::{SEVERITIES, SeverityCounts, verdict};
use super::visible::visible;

/// Findings, or groups of those alike, in the table; the rest are counted.
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
    let groups = alike(findings);
    if !groups.is_empty() {
        out.push_str("\n| severity | rule | finding | actor | time | id |\n|---|---|---|---|---|---|\n");
    }
    for group in groups.iter().take(SHOWN) {
        let Some(finding) = group.0.first() else { continue };
        let actor = finding.actor.principal.as_deref().unwrap_or("not identified");
        let title = match group.spread() {
            Some(spread) => format!("{} (the first of {spread})", finding.title),
            None => finding.title.clone(),
        };
        let cells = [finding.standing(), &finding.rule, &title, actor, &finding.time, &finding.id].map(plain);
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    if groups.len() > SHOWN {
        let more: usize = groups.iter().skip(SHOWN).map(|group| group.0.len()).sum();
        out.push_str(&format!("\n{} more are in the run folder.\n", count(more as u64)));
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
