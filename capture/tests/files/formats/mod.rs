//! Logs of servers and clouds as their documentation shows them.

mod clouds;
mod columns;
mod described;
mod gateways;
mod lines;
mod mapping;
mod records;
mod spans;

use offpath_capture::{Exchange, InputFormat};

use crate::reading::{Outcome, read_content};

const SECOND: i64 = 1_000_000;

/// 2026-05-17T08:05:32Z.
const MAY: i64 = 1_779_005_132 * SECOND;

/// Method, target and status.
pub(crate) fn line_of(exchange: &Exchange) -> (String, String, Option<u16>) {
    let request = exchange.request.as_ref().unwrap();
    (request.method.clone(), request.target.clone(), exchange.response.as_ref().map(|response| response.status))
}

fn lines_of(outcome: &Outcome) -> Vec<String> {
    let line = |exchange: &Exchange| {
        let (method, target, status) = line_of(exchange);
        format!("{method} {target} {}", status.unwrap_or(0))
    };
    outcome.exchanges.iter().map(line).collect()
}

fn header<'e>(exchange: &'e Exchange, name: &str) -> Option<&'e str> {
    exchange.request.as_ref().unwrap().headers.text(name)
}

fn field<'a>(exchange: &'a Exchange, name: &str) -> Option<&'a str> {
    exchange.log.fields.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
}

fn format(outcome: &Outcome) -> InputFormat {
    outcome.reports[0].inputs[0].format
}

#[track_caller]
fn clean(content: &str, wanted: InputFormat) -> Outcome {
    let outcome = read_content(content);
    assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
    assert_eq!(format(&outcome), wanted);
    outcome
}

#[track_caller]
fn one(content: &str, wanted: InputFormat) -> Exchange {
    let outcome = clean(content, wanted);
    assert_eq!(outcome.exchanges.len(), 1, "{content}");
    outcome.exchanges.into_iter().next().unwrap()
}
