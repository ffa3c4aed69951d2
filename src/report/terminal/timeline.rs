//! `show CASE`: the events of one case in order, with the state after each and what deviates.

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::report::figure::{counted, decimals, exact, span, utc_exact};
use crate::report::summary::{CaseTimeline, TimelineEvent};

use super::screen::{Look, Screen, severity_look};
use super::table::Table;

/// Marks an event that was under way together with another one.
pub(super) const OVERLAP: &str = "∥";

/// The case as a table; `>` marks events that a finding is about, and the findings follow.
pub fn timeline(case: &CaseTimeline, findings: &[Finding], screen: &Screen) -> String {
    let about: Vec<&Finding> = case.about(findings);
    let mut deviating: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for finding in &about {
        for event in finding.evidence.iter().filter(|event| event.role == "deviating") {
            deviating.entry(&event.event).or_default().push(&finding.rule);
        }
    }
    let (label, name) = case.case.strip_prefix("actor:").map_or(("Case", case.case.as_str()), |name| ("Actor", name));
    let mut out = screen.paragraph(label, &format!("{name}, {}", counted(case.events.len() as u64, "event", "events")));
    let decimals = decimals(case.events.iter().map(|event| event.micros));
    if let Some(first) = case.events.first() {
        out.push_str(&screen.paragraph("Begins", &format!("{} UTC", utc_exact(&first.time, decimals))));
    }
    let file = only_file(case);
    if let Some(file) = file {
        out.push_str(&screen.paragraph("File", file));
    }
    out.push_str(&events(case, file, decimals, &deviating, screen));
    for finding in about {
        let severity = screen.paint(severity_look(finding.standing()), finding.standing());
        out.push_str(&format!(
            "> {severity}  {}\n",
            screen.paint(Look::Plain, &format!("{}  {}  {}", finding.rule, finding.id, finding.title))
        ));
    }
    out
}

/// The file that holds all events, if it is one.
fn only_file(case: &CaseTimeline) -> Option<&str> {
    let mut files = case.events.iter().map(|event| event.origin.rsplit_once('#').map(|(file, _)| file));
    let first = files.next()??;
    files.all(|file| file == Some(first)).then_some(first)
}

fn events(
    case: &CaseTimeline,
    file: Option<&str>,
    decimals: usize,
    deviating: &BTreeMap<&str, Vec<&str>>,
    screen: &Screen,
) -> String {
    let overlapping = case.overlapping();
    let view = View { file, decimals, deviating, overlaps: overlapping.contains(&true) };
    let wide = view.table(case, &overlapping, false);
    // A request that does not fit beside the rest goes below it: it is never cut.
    let table = if wide.fits(screen) { wide } else { view.table(case, &overlapping, true) };
    let mut out = table.render(screen);
    if view.overlaps {
        let note = format!("{OVERLAP} under way while another one was");
        out.push_str(&format!("{}\n", screen.paint(Look::Faint, &note)));
    }
    out
}

/// What all rows of a timeline share.
struct View<'a> {
    file: Option<&'a str>,
    decimals: usize,
    deviating: &'a BTreeMap<&'a str, Vec<&'a str>>,
    /// Whether some events overlap, so that the table says how long each took.
    overlaps: bool,
}

impl View<'_> {
    fn table(&self, case: &CaseTimeline, overlapping: &[bool], folded: bool) -> Table {
        let mut head = vec!["", "AFTER", "TOOK", "ACTOR", "ACTIVITY", "OUTCOME", "STATE AFTER", "PLACE", "REQUEST"];
        head.truncate(if folded { head.len() - 1 } else { head.len() });
        head.retain(|name| self.overlaps || *name != "TOOK");
        let actor = head.iter().position(|name| *name == "ACTOR").unwrap_or(0);
        let mut table = Table::new(&head, &[1]).wrapping();
        let begin = case.events.first().map_or(0, |event| event.micros);
        for ((event, near), overlapping) in case.events.iter().zip(case.near()).zip(overlapping) {
            let after = event.micros.saturating_sub(begin);
            let after = if near { exact(after, self.decimals) } else { span(after) };
            table.row(self.row(event, &after, *overlapping, folded));
            if folded {
                table.note(actor, Look::Plain, &event.request);
            }
        }
        table
    }

    fn row(&self, event: &TimelineEvent, after: &str, overlapping: bool, folded: bool) -> Vec<(Look, String)> {
        let deviates = self.deviating.contains_key(event.id.as_str());
        let look = if deviates { Look::Red } else { Look::Plain };
        let actor = event.principal.as_deref().unwrap_or("not identified");
        let place = self.file.and_then(|file| event.origin.strip_prefix(file)).unwrap_or(&event.origin);
        let status = event.status.map_or_else(String::new, |status| format!("{status} "));
        let outcome = if event.outcome == "rejected" { Look::Yellow } else { Look::Plain };
        let mut row = vec![(look, if deviates { ">" } else { " " }.to_owned()), (Look::Plain, format!("+{after}"))];
        if self.overlaps {
            let took = if event.duration > 0 { span(event.duration) } else { String::new() };
            row.push((Look::Plain, if overlapping { format!("{took} {OVERLAP}") } else { took }));
        }
        row.extend([
            (Look::Plain, event.agent.as_ref().map_or_else(|| actor.to_owned(), |agent| format!("{actor} ({agent})"))),
            (look, event.activity.clone()),
            (outcome, format!("{status}{}", event.outcome)),
            (Look::Green, event.state.join(", ")),
            (Look::Faint, place.trim_start_matches('#').to_owned()),
        ]);
        if !folded {
            row.push((Look::Plain, event.request.clone()));
        }
        row
    }
}
