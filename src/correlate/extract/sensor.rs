//! The clock that stamped an exchange.

use std::sync::Arc;

use offpath_capture::Place;

use crate::correlate::reading::Reading;

/// The clock that stamped an exchange: the gateway that a log names, else the kind of the input, or its folder and name.
pub(super) fn sensor(reading: &Reading<'_>) -> Arc<str> {
    if let Some(named) = reading.log_field(&["sensor", "gateway", "node", "hostname", "instance"]) {
        return named.chars().take(128).collect::<String>().into();
    }
    match reading.exchange.origin.place {
        Place::Frames { .. } => "packets".into(),
        Place::Entry { .. } | Place::Line { .. } => unrotated(&reading.exchange.origin.input).into(),
    }
}

/// An input's name without what rotation adds: `h1/access.log.3`, `h1/access.log-20260901.gz` and `h1/access.log` come
/// from one machine, `h2/access.log` from another.
fn unrotated(input: &str) -> String {
    let (folder, file) = input.rfind(['/', '\\']).map_or(("", input), |at| input.split_at(at + 1));
    let packed = [".gz", ".zst", ".bz2", ".xz"].iter().find_map(|e| file.strip_suffix(e)).unwrap_or(file);
    // Names are short; each round takes one suffix off.
    let mut name = packed;
    while let Some((stem, _)) = name.rsplit_once('.').filter(|(stem, last)| !stem.is_empty() && is_number(last)) {
        name = stem;
    }
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, Some(extension)),
        _ => (name, None),
    };
    let mut out = format!("{folder}{}", undated(stem));
    if let Some(extension) = extension {
        out.push('.');
        out.push_str(undated(extension));
    }
    out
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The text without a date, and perhaps an hour, behind it: 8 digits or more, or `2026-09-01`, after `-`, `_` or `.`.
fn undated(text: &str) -> &str {
    let tail = text.bytes().rev().take_while(|b| b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.')).count();
    let (head, tail) = text.split_at(text.len() - tail);
    let digits = tail.bytes().filter(u8::is_ascii_digit).count();
    let apart = tail.starts_with(['-', '_', '.']);
    if apart && digits >= 8 && !head.is_empty() { head } else { text }
}
