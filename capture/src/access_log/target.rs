//! What `--log-field` and mappings can name by hand.

use super::meaning::{Meaning, Slot};
use super::unit;

/// Targets other than the headers, with their slot; `duration` is none.
const TARGETS: &[(&str, Option<Slot>)] = &[
    ("time", Some(Slot::Start)),
    ("end", Some(Slot::End)),
    ("duration", None),
    ("duration_s", None),
    ("duration_ms", None),
    ("duration_us", None),
    ("duration_ns", None),
    ("client", Some(Slot::Client)),
    ("server", Some(Slot::Server)),
    ("method", Some(Slot::Method)),
    ("target", Some(Slot::Target)),
    ("path", Some(Slot::Target)),
    ("url", Some(Slot::Target)),
    ("query", Some(Slot::Query)),
    ("request_line", Some(Slot::RequestLine)),
    ("protocol", Some(Slot::Protocol)),
    ("host", Some(Slot::Host)),
    ("scheme", Some(Slot::Scheme)),
    ("status", Some(Slot::Status)),
    ("user", Some(Slot::User)),
    ("client_id", Some(Slot::ClientId)),
    ("request_id", Some(Slot::RequestId)),
    ("trace_id", Some(Slot::TraceId)),
    ("request_bytes", Some(Slot::RequestBytes)),
    ("response_bytes", Some(Slot::ResponseBytes)),
    ("bytes", Some(Slot::ResponseBytes)),
    ("request_body", Some(Slot::RequestBody)),
    ("response_body", Some(Slot::ResponseBody)),
];
/// Targets that become a header of the request.
const SESSION: &str = "session";
const AGENT: &str = "agent";
const REQUEST_HEADER: &str = "request_header.";
const RESPONSE_HEADER: &str = "response_header.";

/// The meaning that a target gives to the field `name`; none for an unknown target.
pub(super) fn meaning(target: &str, name: &str) -> Option<Meaning> {
    if let Some(header) = target.strip_prefix(REQUEST_HEADER) {
        return (!header.is_empty()).then(|| Meaning::RequestHeader(header.to_owned()));
    }
    if let Some(header) = target.strip_prefix(RESPONSE_HEADER) {
        return (!header.is_empty()).then(|| Meaning::ResponseHeader(header.to_owned()));
    }
    match target {
        SESSION => return Some(Meaning::Session),
        AGENT => return Some(Meaning::RequestHeader("User-Agent".to_owned())),
        _ => {}
    }
    let (_, slot) = TARGETS.iter().find(|(known, _)| *known == target)?;
    Some(match slot {
        Some(slot) => Meaning::Slot(*slot, 0),
        None => Meaning::Duration(unit::by_name(target).or_else(|| unit::by_name(&name.to_ascii_lowercase())), 0),
    })
}

/// All targets; those of headers without their point.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let headers = [REQUEST_HEADER, RESPONSE_HEADER].map(|prefix| prefix.trim_end_matches('.'));
    TARGETS.iter().map(|(name, _)| *name).chain([SESSION, AGENT]).chain(headers)
}

/// Says what is wrong with a field named by hand, and which target was probably meant.
pub(crate) fn check(target: &str, name: &str) -> Result<(), String> {
    if name.trim().is_empty() {
        return Err(format!(
            "log field `{target}`: give the field's dotted name in the record, e.g. `{target}=auth.{target}`"
        ));
    }
    if meaning(target, name).is_some() {
        return Ok(());
    }
    if target.starts_with(REQUEST_HEADER) || target.starts_with(RESPONSE_HEADER) {
        return Err(format!("log field `{target}`: give the header's name after the point, e.g. `{target}X-Tenant`"));
    }
    let remedy = match nearest(target) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let names: Vec<&str> = TARGETS.iter().map(|(known, _)| *known).collect();
            format!("known are {}, {SESSION}, {AGENT}, {REQUEST_HEADER}NAME, {RESPONSE_HEADER}NAME", names.join(", "))
        }
    };
    let shown: String = target.escape_debug().take(60).collect();
    Err(format!("log field `{shown}`: there is nothing of this name to fill; {remedy}"))
}

/// The target that a mistyped one is nearest to, when it is near enough to be meant.
fn nearest(typed: &str) -> Option<&'static str> {
    let typed = typed.to_ascii_lowercase().replace('-', "_");
    let names = TARGETS.iter().map(|(known, _)| *known).chain([SESSION, AGENT, REQUEST_HEADER, RESPONSE_HEADER]);
    nearest_of(&typed, names)
}

/// The name that a mistyped one is nearest to, when it is near enough to be meant.
pub(super) fn nearest_of<'n>(typed: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    if typed.len() > 40 {
        return None;
    }
    let (distance, near) = names.map(|known| (distance(typed, known), known)).min()?;
    (distance <= near.len().div_ceil(3)).then_some(near)
}

/// Number of letters to add, drop, change or swap with their neighbour (optimal string alignment), row by row.
fn distance(typed: &str, known: &str) -> usize {
    let (typed, known) = (typed.as_bytes(), known.as_bytes());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=known.len()).collect();
    for (line, given) in typed.iter().enumerate() {
        let mut row = vec![line + 1];
        for (column, wanted) in known.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
            let changed = at(&above, column) + usize::from(given != wanted);
            let mut least = changed.min(at(&above, column + 1) + 1).min(at(&row, column) + 1);
            let last = |text: &[u8], at: usize| at.checked_sub(1).and_then(|at| text.get(at).copied());
            if last(typed, line) == Some(*wanted) && last(known, column) == Some(*given) {
                least = least.min(at(&before, column - 1) + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_known_and_mistyped_ones_are_named() {
        for (target, _) in TARGETS {
            assert_eq!(check(target, "a.b"), Ok(()));
        }
        assert_eq!(check("request_header.X-Tenant", "tenant"), Ok(()));
        for (typed, meant) in
            [("usr", "user"), ("Method", "method"), ("client-id", "client_id"), ("request_headers.", "request_header.")]
        {
            assert!(check(typed, "x").unwrap_err().contains(&format!("did you mean `{meant}`")), "{typed}");
        }
        assert!(check("completely else", "x").unwrap_err().contains("known are time, end, duration"));
        assert!(check("user", " ").unwrap_err().contains("dotted name"));
        assert!(check("request_header.", "x").unwrap_err().contains("header's name"));
        assert!(check(&"é".repeat(100_000), "x").unwrap_err().len() < 600);
    }

    #[test]
    fn the_distance_is_that_of_single_changes() {
        for (a, b, changes) in [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 1)]
        {
            assert_eq!(distance(a, b), changes, "{a} {b}");
        }
    }
}
