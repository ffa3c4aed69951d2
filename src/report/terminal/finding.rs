//! One finding: what was expected, what was seen, and where its bytes are.

use crate::finding::{Evidence, Finding};
use crate::report::figure::utc;
use crate::report::verdict_name;

use super::screen::{Look, Screen, severity_look};

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
    for also in &finding.also {
        line("Also breaks", &format!("{} ({}): {}", also.rule, also.severity, also.title));
    }
    line("Why", &finding.why);
    line("Fix", &finding.fix);
    let lists: Vec<String> = finding.taxonomy.iter().map(|(list, ids)| format!("{list} {}", ids.join(", "))).collect();
    line("Taxonomy", &lists.join("; "));
    if let Some(reason) = &finding.suppressed {
        line("Suppressed", reason);
    }
    for event in &finding.evidence {
        out.push_str(&evidence(event, screen));
    }
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

/// One event of the evidence; the place of its bytes stands on a line of its own and is never cut.
fn evidence(event: &Evidence, screen: &Screen) -> String {
    let deviating = event.role == "deviating";
    let (mark, look) = if deviating { (">", Look::Red) } else { (" ", Look::Plain) };
    let status = event.status.map_or_else(|| "not seen".to_owned(), |status| status.to_string());
    let actor = event.principal.as_deref().unwrap_or("not identified");
    let what = format!("{mark} {}  {actor}  {}  {} {}", utc(&event.time), event.activity, event.method, event.path);
    let place = format!("    {}, byte {}", event.origin, event.offset);
    format!("{}\n{}\n", screen.paint(look, &format!("{what}  {status}")), screen.paint(Look::Faint, &place))
}
