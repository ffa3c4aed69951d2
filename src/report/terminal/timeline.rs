//! `show CASE`: the events of one case in order, with the state after each and what deviates.

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::report::figure::{counted, span, utc};
use crate::report::summary::CaseTimeline;

use super::screen::{Look, Screen, severity_look};
use super::table::Table;

/// The case as a table; `>` marks events that a finding is about, and the findings follow.
pub fn timeline(case: &CaseTimeline, findings: &[Finding], screen: &Screen) -> String {
    let about: Vec<&Finding> = findings.iter().filter(|finding| is_about(finding, case)).collect();
    let mut deviating: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for finding in &about {
        for event in finding.evidence.iter().filter(|event| event.role == "deviating") {
            deviating.entry(&event.event).or_default().push(&finding.rule);
        }
    }
    let (label, name) = case.case.strip_prefix("actor:").map_or(("Case", case.case.as_str()), |name| ("Actor", name));
    let mut out = screen.paragraph(label, &format!("{name}, {}", counted(case.events.len() as u64, "event", "events")));
    if let Some(first) = case.events.first() {
        out.push_str(&screen.paragraph("Begins", &format!("{} UTC", utc(&first.time))));
    }
    let file = only_file(case);
    if let Some(file) = file {
        out.push_str(&screen.paragraph("File", file));
    }
    out.push_str(&events(case, file, &deviating, screen));
    for finding in about {
        let severity = screen.paint(severity_look(&finding.severity), &finding.severity);
        out.push_str(&format!(
            "> {severity}  {}\n",
            screen.paint(Look::Plain, &format!("{}  {}  {}", finding.rule, finding.id, finding.title))
        ));
    }
    out
}

/// Whether a finding is about the case, or one of its events when events of several cases are shown.
fn is_about(finding: &Finding, case: &CaseTimeline) -> bool {
    finding.case.as_deref() == Some(&case.case)
        || finding
            .evidence
            .iter()
            .any(|evidence| evidence.role == "deviating" && case.events.iter().any(|event| event.id == evidence.event))
}

/// The file that holds all events, if it is one.
fn only_file(case: &CaseTimeline) -> Option<&str> {
    let mut files = case.events.iter().map(|event| event.origin.rsplit_once('#').map(|(file, _)| file));
    let first = files.next()??;
    files.all(|file| file == Some(first)).then_some(first)
}

fn events(case: &CaseTimeline, file: Option<&str>, deviating: &BTreeMap<&str, Vec<&str>>, screen: &Screen) -> String {
    let begin = case.events.first().map_or(0, |event| event.micros);
    let mut table = Table::new(&["", "AFTER", "ACTOR", "ACTIVITY", "OUTCOME", "STATE AFTER", "REQUEST", "PLACE"], &[1]);
    for event in &case.events {
        let rules = deviating.get(event.id.as_str());
        let look = if rules.is_some() { Look::Red } else { Look::Plain };
        let actor = event.principal.as_deref().unwrap_or("not identified");
        let place = file.and_then(|file| event.origin.strip_prefix(file)).unwrap_or(&event.origin);
        let status = event.status.map_or_else(String::new, |status| format!("{status} "));
        table.row(vec![
            (look, if rules.is_some() { ">" } else { " " }.to_owned()),
            (Look::Plain, format!("+{}", span(event.micros.saturating_sub(begin)))),
            (Look::Plain, event.agent.as_ref().map_or_else(|| actor.to_owned(), |agent| format!("{actor} ({agent})"))),
            (look, event.activity.clone()),
            (
                if event.outcome == "rejected" { Look::Yellow } else { Look::Plain },
                format!("{status}{}", event.outcome),
            ),
            (Look::Green, event.state.join(", ")),
            (Look::Plain, event.request.clone()),
            (Look::Faint, place.trim_start_matches('#').to_owned()),
        ]);
    }
    table.render(screen)
}
