//! `check:` how to compare.

use super::document::Node;
use super::reader::{Fields, Reader};
use crate::model::diagnostic::Diagnostic;
use crate::model::{CheckOptions, Code, quantity};

/// Reads the options of comparison.
pub(super) fn read(reader: &mut Reader, node: Option<&Node>) -> CheckOptions {
    let mut options = CheckOptions::default();
    let keys = &["first_seen_state", "clock_skew", "ties", "retry_window", "state_lag", "session_gap", "drift"];
    let Some(fields) = node.and_then(|node| reader.mapping(node, "`check`", keys)) else { return options };
    if let Some(first) = choice(reader, &fields, "first_seen_state", ["any", "initial"]) {
        options.first_seen_any = first == 0;
    }
    if let Some(ties) = choice(reader, &fields, "ties", ["commute", "ordered"]) {
        options.ties_commute = ties == 0;
    }
    if let Some(skew) = duration(reader, &fields, "clock_skew") {
        options.clock_skew = skew;
    }
    if let Some(window) = duration(reader, &fields, "retry_window") {
        options.retry_window = window;
    }
    if let Some(lag) = duration(reader, &fields, "state_lag") {
        options.state_lag = lag;
    }
    if let Some(gap) = duration(reader, &fields, "session_gap") {
        options.session_gap = gap;
    }
    if let Some(key) = fields.key("drift") {
        reader.not_yet(&key.span, "`check.drift`");
    }
    options
}

/// The length of time that a key gives, in microseconds.
fn duration(reader: &mut Reader, fields: &Fields<'_>, key: &str) -> Option<i64> {
    let node = fields.get(key)?;
    let text = reader.text(node, &format!("`{key}`"))?;
    let length = quantity::duration(text);
    if length.is_none() {
        let title = format!("`{text}` is not a duration");
        let diagnostic = Diagnostic::error(Code::BadValue, node.span.clone(), title);
        reader.found.push(diagnostic.help("write whole numbers with units: 2s, 500ms, 0s"));
    }
    length
}

/// The number of the choice that a key gives.
fn choice(reader: &mut Reader, fields: &Fields<'_>, key: &str, choices: [&str; 2]) -> Option<usize> {
    let node = fields.get(key)?;
    let text = reader.text(node, &format!("`{key}`"))?;
    let chosen = choices.iter().position(|choice| *choice == text);
    if chosen.is_none() {
        let title = format!("`{key}` is `{}` or `{}`, not `{text}`", choices[0], choices[1]);
        reader.error(Code::BadValue, &node.span, title);
    }
    chosen
}
