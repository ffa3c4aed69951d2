//! One finding: what was expected, what was seen, and where its bytes are.

use crate::finding::Finding;
use crate::report::verdict_name;

use super::screen::{Look, Screen, severity_look};
use super::table::Table;

/// Everything about one finding.
pub fn finding(finding: &Finding, screen: &Screen) -> String {
    let mut out = format!(
        "{}  {}  {}\n",
        screen.paint(severity_look(&finding.severity), &finding.severity),
        screen.paint(Look::Cyan, &finding.rule),
        screen.paint(Look::Faint, &finding.id)
    );
    let mut line = |label: &str, text: &str| {
        if !text.is_empty() {
            out.push_str(&screen.paragraph(label, text));
        }
    };
    line("", &finding.title);
    line("Expected", &finding.expected.join(" → "));
    line("Seen", &finding.observed.join(" → "));
    line(
        "Verdict",
        &format!(
            "{}, confidence {:.2}: {}",
            verdict_name(finding.verdict),
            finding.confidence,
            finding.terms.join(", ")
        ),
    );
    line("Who", &who(finding));
    line("Case", finding.case.as_deref().unwrap_or(""));
    line("Constraint", finding.constraint.as_deref().unwrap_or(""));
    line("Why", &finding.why);
    line("Fix", &finding.fix);
    let lists: Vec<String> = finding.taxonomy.iter().map(|(list, ids)| format!("{list} {}", ids.join(", "))).collect();
    line("Taxonomy", &lists.join("; "));
    if let Some(reason) = &finding.suppressed {
        line("Suppressed", reason);
    }
    out.push_str(&evidence(finding, screen));
    out
}

fn who(finding: &Finding) -> String {
    let actor = &finding.actor;
    let mut text = actor.principal.clone().unwrap_or_else(|| "not identified".to_owned());
    if let Some(agent) = &actor.agent {
        text.push_str(&format!(" through {agent}"));
    }
    if let Some(client) = &actor.client {
        text.push_str(&format!(" from {client}"));
    }
    format!("{text}, known by {}", actor.evidence)
}

fn evidence(finding: &Finding, screen: &Screen) -> String {
    let mut table = Table::new(&["", "TIME", "STATUS", "REQUEST", "ORIGIN"], &[2]);
    for event in &finding.evidence {
        let deviating = event.role == "deviating";
        table.row(vec![
            (if deviating { Look::Red } else { Look::Plain }, if deviating { ">" } else { " " }.to_owned()),
            (Look::Plain, event.time.clone()),
            (Look::Plain, event.status.map_or_else(|| "-".to_owned(), |status| status.to_string())),
            (Look::Plain, format!("{} {}", event.method, event.path)),
            (Look::Faint, format!("{} @{}", event.origin, event.offset)),
        ]);
    }
    table.render(screen)
}
