//! What is no activity of the model, in words.

use super::figure::{count, counted, percent};
use super::reason::most;
use super::summary::{RunSummary, UnmodelledOperation, UnmodelledSummary};

/// `5 events are no activity of the model (2.2 %): 3 of what it does not name: GET /health 3; 2 ...`: what the coverage does
/// not cover, by the reasons, which sum up to it.
pub(super) fn events(run: &RunSummary) -> Option<String> {
    let (modelled, events) = run.measures.as_ref()?.coverage;
    let rest = events.saturating_sub(modelled);
    let share = percent(rest, events);
    let text = format!("{} no activity of the model ({share})", counted(rest, "event is", "events are"));
    let mut parts = run.unmodelled.as_ref().map(parts).unwrap_or_default();
    parts.retain(|part| !part.is_empty());
    match (rest, parts.is_empty()) {
        (0, _) => None,
        (_, true) => Some(text),
        (_, false) => Some(format!("{text}: {}", parts.join("; "))),
    }
}

/// `12 messages on WebSockets are not of the model: websocket message ping 12`: what no event is made of.
pub(super) fn messages(run: &RunSummary) -> Option<String> {
    let said = run.unmodelled.as_ref()?.operations.iter().filter(|operation| operation.events == 0);
    let names: Vec<(&str, u64)> = said.map(|operation| (operation.name.as_str(), operation.calls)).collect();
    let number: u64 = names.iter().map(|(_, number)| number).sum();
    let what =
        counted(number, "message on WebSockets is not of the model", "messages on WebSockets are not of the model");
    (number > 0).then(|| what + &most(&names))
}

fn parts(unmodelled: &UnmodelledSummary) -> Vec<String> {
    let mut parts: Vec<String> =
        ["not_named", "described", "method", "condition", "not_read"].map(|why| part(unmodelled, why)).into();
    let unlisted = unmodelled.left_out;
    parts.push(if unlisted > 0 { format!("{} of names that are not listed", count(unlisted)) } else { String::new() });
    parts
}

/// `3 of what it does not name: GET /health 2, mcp tool search 1`; empty where there is nothing of the kind.
fn part(unmodelled: &UnmodelledSummary, why: &str) -> String {
    let own = unmodelled.operations.iter().filter(|operation| operation.why == why && operation.events > 0);
    let mut names: Vec<(&str, u64)> = own.map(|operation| (operation.name.as_str(), operation.events)).collect();
    names.sort_by_key(|(_, events)| std::cmp::Reverse(*events));
    let events: u64 = names.iter().map(|(_, events)| events).sum();
    if events == 0 {
        return String::new();
    }
    let what = match why {
        "described" => "of what an OpenAPI document describes",
        "method" => "of paths that it names for other methods",
        "condition" => "of what it names under another condition",
        "not_read" => "whose bodies, which may hold calls, were not read whole",
        _ => "of what it does not name",
    };
    format!("{} {what}{}", count(events), most(&names))
}

/// Why something is no activity, in the words of a table.
pub(super) fn why(operation: &UnmodelledOperation) -> &'static str {
    match operation.why.as_str() {
        "described" => "an OpenAPI document describes it, the model does not name it",
        "method" => "the model names the path for other methods only",
        "condition" => "its condition does not hold, or a refusal hides whether it does",
        "not_read" => "its body, which may hold calls, was not read whole",
        _ => "the model does not name it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::summary::MeasureSummary;

    fn operation(name: &str, why: &str, calls: u64, events: u64) -> UnmodelledOperation {
        UnmodelledOperation { name: name.into(), why: why.into(), calls, events, ..UnmodelledOperation::default() }
    }

    #[test]
    fn the_parts_sum_up_to_the_events() {
        let operations = vec![
            operation("websocket message ping", "not_named", 40, 0),
            operation("GET /health", "not_named", 5, 5),
            operation("POST /batch", "condition", 1, 1_200),
            operation("POST /graphql", "not_read", 1, 1),
        ];
        let unmodelled = Some(UnmodelledSummary { events: 1_209, operations, left_out: 3 });
        let measures = Some(MeasureSummary { coverage: (791, 2_000), ..MeasureSummary::default() });
        let mut run = RunSummary { measures, unmodelled, ..RunSummary::default() };
        assert_eq!(
            events(&run).unwrap(),
            "1,209 events are no activity of the model (60.5 %): 5 of what it does not name: GET /health 5; \
             1,200 of what it names under another condition: POST /batch 1,200; \
             1 whose bodies, which may hold calls, were not read whole: POST /graphql 1; 3 of names that are not listed"
        );
        let said = messages(&run).unwrap();
        assert_eq!(said, "40 messages on WebSockets are not of the model: websocket message ping 40");
        run.unmodelled = None;
        assert_eq!(events(&run).unwrap(), "1,209 events are no activity of the model (60.5 %)");
        assert_eq!(messages(&run), None);
    }
}
