//! One finding: what was expected, what was seen, and where its bytes are.

use crate::finding::time::micros;
use crate::finding::{Evidence, Finding, Verdict, answered};
use crate::report::figure::{decimals, span, utc_exact};
use crate::report::summary::CaseTimeline;
use crate::report::verdict_name;

use super::screen::{Look, Screen, severity_look};
use super::timeline::OVERLAP;

/// Everything about one finding; `case` tells how long the events of its evidence took.
pub fn finding(finding: &Finding, case: Option<&CaseTimeline>, screen: &Screen) -> String {
    let mut out = format!(
        "{}  {}  {}\n",
        screen.paint(severity_look(finding.standing()), finding.standing()),
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
    line("Verdict", &format!("{}: {}", verdict_name(finding.verdict), meaning(finding.verdict)));
    let (sure, grave): (Vec<&str>, Vec<&str>) =
        finding.terms.iter().map(String::as_str).partition(|term| term.starts_with(CONFIDENCE));
    let sure: Vec<&str> = sure.iter().filter_map(|term| term.strip_prefix(CONFIDENCE)).collect();
    line("Severity", &format!("{}: {}", finding.severity, grave.join(", ")));
    let review = if finding.is_review() { " (for review only)" } else { "" };
    line("Confidence", &format!("{:.2}{review}: the lowest of {}", finding.confidence, sure.join(", ")));
    line("Who", &who(finding));
    line("Case", finding.case.as_deref().unwrap_or(""));
    line("Constraint", finding.constraint.as_deref().unwrap_or(""));
    for also in &finding.also {
        line("Breaks too", &format!("{} ({}): {}", also.rule, also.severity, also.title));
    }
    line("Why", &finding.why);
    line("Fix", &finding.fix);
    let lists: Vec<String> = finding.taxonomy.iter().map(|(list, ids)| format!("{list} {}", ids.join(", "))).collect();
    line("Taxonomy", &lists.join("; "));
    if let Some(reason) = &finding.suppressed {
        line("Suppressed", reason);
    }
    if let Some(why) = &finding.returned {
        line("Returned", why);
    }
    if let Some(state) = finding.baseline {
        line("Baseline", state.as_str());
    }
    line("Group", &finding.group);
    out.push_str(&evidence(finding, case, screen));
    out
}

/// What a term of the confidence begins with; the other terms are of the severity.
const CONFIDENCE: &str = "confidence ";

fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Suspected => "unlike what was seen before, no reviewed model says so",
        Verdict::Attempted => "the server refused it, or its answer was not seen",
        Verdict::Accepted => "the server accepted it, its effect was not seen",
        Verdict::Proven => "the server accepted it and its effect was seen",
    }
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
    text.push_str(&format!(", known by {}", actor.evidence));
    if let Some(place) = &actor.told_in {
        text.push_str(&format!(" from {place}"));
    }
    text
}

/// The events of the evidence; the place of each one's bytes stands on a line of its own and is never cut.
fn evidence(finding: &Finding, case: Option<&CaseTimeline>, screen: &Screen) -> String {
    let decimals = decimals(finding.evidence.iter().filter_map(|event| micros(&event.time)));
    let overlapping = case.map(CaseTimeline::overlapping).unwrap_or_default();
    let mut out = String::new();
    for event in &finding.evidence {
        let timed = case.and_then(|case| {
            let place = case.events.iter().position(|known| known.id == event.event)?;
            Some((case.events.get(place)?.duration, *overlapping.get(place)?))
        });
        let took = match timed {
            Some((duration, true)) => format!(", took {} {OVERLAP} while another was under way", span(duration)),
            _ => String::new(),
        };
        out.push_str(&step(event, &utc_exact(&event.time, decimals), &took, screen));
    }
    out
}

fn step(event: &Evidence, time: &str, took: &str, screen: &Screen) -> String {
    let (mark, look) = if event.role == "deviating" { (">", Look::Red) } else { (" ", Look::Plain) };
    let status = answered(event.status, &event.outcome).unwrap_or_else(|| "not seen".to_owned());
    let actor = event.who().unwrap_or_else(|| "not identified".to_owned());
    let what = format!("{mark} {time}  {actor}  {}  {} {}  {status}{took}", event.activity, event.method, event.path);
    let place = format!("    {}, byte {}", event.origin, event.offset);
    format!("{}\n{}\n", screen.paint(look, &what), screen.paint(Look::Faint, &place))
}
