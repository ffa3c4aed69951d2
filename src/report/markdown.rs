//! The run as Markdown, for a job's summary or a ticket.

use crate::finding::Finding;
use crate::finding::group::groups;

use super::figure::count;
use super::reason;
use super::spread;
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
    if let Some(compared) = &run.baseline {
        out.push_str(&format!("\nBaseline: {}\n", plain(&spread::baseline(compared))));
    }
    causes(&mut out, findings);
    suppressions(&mut out, run);
    not_seen(&mut out, run);
    out
}

/// One row a cause: the finding to look at first, and how far the cause reaches.
fn causes(out: &mut String, findings: &[Finding]) {
    let groups = groups(findings);
    if groups.is_empty() {
        return;
    }
    let compared = groups.iter().any(|group| group.fresh().is_some());
    let (head, rule) = if compared { ("| new ", "|---") } else { ("", "") };
    out.push_str(&format!(
        "\n| severity {head}| rule | finding | actor | time | id |\n|---{rule}|---|---|---|---|---|\n"
    ));
    for group in groups.iter().take(SHOWN) {
        let Some(finding) = group.example() else { continue };
        let actor = finding.actor.principal.as_deref().unwrap_or("not identified");
        let mut title = finding.title.clone();
        if let Some(spread) = spread::spread(group) {
            let when = spread::when(group).map(|when| format!(", {when}")).unwrap_or_default();
            title = format!("{title} (the first of {spread}{when})");
        }
        if let Some(returned) = &finding.returned {
            title = format!("{title} ({returned})");
        }
        let new = group.fresh().filter(|_| compared).map(count);
        let cells = [finding.standing(), &finding.rule, &title, actor, &finding.time, &finding.id].map(plain);
        let (first, rest) = cells.split_at(1);
        let cells: Vec<String> = first.iter().cloned().chain(new).chain(rest.iter().cloned()).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    if groups.len() > SHOWN {
        let more: usize = groups.iter().skip(SHOWN).map(|group| group.findings.len()).sum();
        out.push_str(&format!("\n{} more are in the run folder.\n", count(more as u64)));
    }
}

/// What somebody answers for.
fn suppressions(out: &mut String, run: &RunSummary) {
    if run.suppressions.is_empty() {
        return;
    }
    out.push_str(
        "\n**Suppressions**\n\n| state | findings | until | by | reason | covers |\n|---|---|---|---|---|---|\n",
    );
    for entry in run.suppressions.iter().take(SHOWN) {
        let findings = count(entry.findings);
        let cells = [spread::state(entry), &findings, &entry.until, &entry.by, &entry.reason, &entry.covers].map(plain);
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    if run.suppressions.len() > SHOWN {
        out.push_str(&format!("\n{} more are in the file.\n", count((run.suppressions.len() - SHOWN) as u64)));
    }
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
