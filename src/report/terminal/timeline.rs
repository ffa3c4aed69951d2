//! `show CASE`: the events of one case in order, with the state after each and what deviates.

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::report::figure::{counted, span};
use crate::report::summary::CaseTimeline;

use super::screen::{Look, Screen, severity_look};
use super::table::Table;

/// The case as a table; `>` marks events that a finding is about, and the findings follow.
pub fn timeline(case: &CaseTimeline, findings: &[Finding], screen: &Screen) -> String {
    let about: Vec<&Finding> = findings.iter().filter(|finding| finding.case.as_deref() == Some(&case.case)).collect();
    let mut deviating: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for finding in &about {
        for event in finding.evidence.iter().filter(|event| event.role == "deviating") {
            deviating.entry(&event.event).or_default().push(&finding.rule);
        }
    }
    let mut out =
        screen.paragraph("Case", &format!("{}, {}", case.case, counted(case.events.len() as u64, "event", "events")));
    if let Some(first) = case.events.first() {
        out.push_str(&screen.paragraph("Begins", &first.time));
    }
    out.push_str(&events(case, &deviating, screen));
    for finding in about {
        let severity = screen.paint(severity_look(&finding.severity), &finding.severity);
        out.push_str(&format!(
            "> {severity}  {}\n",
            screen.paint(Look::Plain, &format!("{}  {}  {}", finding.rule, finding.id, finding.title))
        ));
    }
    out
}

fn events(case: &CaseTimeline, deviating: &BTreeMap<&str, Vec<&str>>, screen: &Screen) -> String {
    let begin = case.events.first().map_or(0, |event| event.micros);
    let mut table =
        Table::new(&["", "AFTER", "ACTOR", "ACTIVITY", "OUTCOME", "STATE AFTER", "REQUEST", "ORIGIN"], &[1]);
    for event in &case.events {
        let rules = deviating.get(event.id.as_str());
        let look = if rules.is_some() { Look::Red } else { Look::Plain };
        let actor = event.principal.as_deref().unwrap_or("not identified");
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
            (Look::Faint, event.origin.clone()),
        ]);
    }
    table.render(screen)
}
