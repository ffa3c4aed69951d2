//! `check` of an event log: how much of it fits, and what deviates.

use crate::report::event_log::{DeviationSummary, EventLogSummary};
use crate::report::figure::{count, counted, percent, ratio};
use crate::report::visible::shortened;

use super::screen::{Look, Screen};
use super::table::Table;

/// Deviations shown.
const SHOWN: usize = 20;
/// Case ids shown beside each.
const EXAMPLES: usize = 3;
/// Longest name shown, in characters.
const NAME: usize = 60;

/// The measures, then the deviations of most traces.
pub fn event_log(run: &EventLogSummary, screen: &Screen) -> String {
    let mut out = screen.paragraph("Model", &model(run));
    out.push_str(&screen.paragraph("Log", &log(run)));
    out.push_str(&screen.paragraph("Fit", &fit(run)));
    run.errors.iter().for_each(|error| out.push_str(&screen.paragraph("Not read", error)));
    run.warnings.iter().for_each(|warning| out.push_str(&screen.paragraph("Warning", warning)));
    let mut table = Table::new(&["TRACES", "KIND", "DEVIATION", "CASES"], &[0]);
    for deviation in run.deviations.iter().take(SHOWN) {
        table.row(vec![
            (Look::Plain, count(deviation.traces)),
            (Look::Yellow, deviation.kind.clone()),
            (Look::Plain, sentence(deviation)),
            (Look::Faint, examples(deviation)),
        ]);
    }
    if !table.is_empty() {
        out.push_str(&table.render(screen));
    }
    let more = run.deviations.len().saturating_sub(SHOWN) as u64;
    if more > 0 {
        let mut more = format!("{} in run.json", counted(more, "deviation", "deviations"));
        if run.deviations_left_out > 0 {
            more.push_str(&format!(", and {} that are not listed", count(run.deviations_left_out)));
        }
        out.push_str(&screen.paragraph("More", &more));
    }
    out
}

fn model(run: &EventLogSummary) -> String {
    let net = &run.model;
    let size = match net.states {
        Some(states) => format!("{} of its language", counted(states, "state", "states")),
        None => "too large for an automaton, so its markings are searched".to_owned(),
    };
    let labels = counted(net.labels, "label", "labels");
    format!(
        "{}: {} and {}, {labels}; {size}",
        net.file,
        counted(net.places, "place", "places"),
        counted(net.transitions, "transition", "transitions")
    )
}

fn log(run: &EventLogSummary) -> String {
    let measures = &run.measures;
    let window = run.window.as_ref().map(|(from, to)| format!(", {from} to {to}")).unwrap_or_default();
    let (traces, events) = (counted(measures.traces, "trace", "traces"), counted(measures.events, "event", "events"));
    format!("{traces}, {events}, {}{window}", counted(measures.variants, "variant", "variants"))
}

fn fit(run: &EventLogSummary) -> String {
    let measures = &run.measures;
    let decided = measures.traces.saturating_sub(measures.undecided_traces);
    let share = percent(measures.fitting_traces, decided);
    let mut text = format!("{share} of traces fit ({} of {})", count(measures.fitting_traces), count(decided));
    if let (Some(fitness), Some(denominator)) = (measures.log_fitness, measures.alignment_denominator) {
        let (moves, denominator) = (count(measures.alignment_moves), count(denominator));
        text.push_str(&format!(", fitness {} ({moves} of {denominator} moves deviate)", ratio(fitness)));
    }
    let (covered, events) = measures.coverage;
    text.push_str(&format!("; coverage {} ({} of {} events)", percent(covered, events), count(covered), count(events)));
    if let (Some(precision), Some(escaping), Some(enabled)) =
        (measures.precision, measures.escaping_edges, measures.enabled_edges)
    {
        let (taken, enabled) = (count(enabled.saturating_sub(escaping)), count(enabled));
        text.push_str(&format!("; precision {} ({taken} of {enabled} allowed steps are taken)", ratio(precision)));
    }
    if measures.undecided_traces > 0 {
        let undecided = counted(measures.undecided_traces, "trace is", "traces are");
        let least = counted(measures.undecided_at_least, "move", "moves");
        text.push_str(&format!("; {undecided} undecided, with at least {least} together"));
    }
    if measures.unexplained_traces > 0 {
        let unexplained = counted(measures.unexplained_traces, "trace deviates", "traces deviate");
        text.push_str(&format!("; {unexplained} in more ways than are named"));
    }
    text
}

fn sentence(deviation: &DeviationSummary) -> String {
    let label = shortened(&deviation.label, NAME);
    let label = if label.is_empty() { "an event without a name".into() } else { label };
    let place = match &deviation.after {
        Some(after) => format!("after {}", shortened(after, NAME)),
        None => "at the beginning".to_owned(),
    };
    match deviation.kind.as_str() {
        "skipped" => format!("{label} did not happen {place}"),
        "repeated" => format!("{label} happened again {place}"),
        "reordered" => format!("{label} happened out of order {place}"),
        "foreign" => format!("{label} is no step of the model, {place}"),
        _ => format!("{label} is not expected {place}"),
    }
}

fn examples(deviation: &DeviationSummary) -> String {
    let mut cases: Vec<String> =
        deviation.examples.iter().take(EXAMPLES).map(|case| shortened(case, NAME).to_string()).collect();
    if deviation.traces > cases.len() as u64 {
        cases.push("...".to_owned());
    }
    cases.join(", ")
}
