//! Operations that are used after the day on which, as their own answers say, they are gone (RFC 8594).

use jiff::fmt::rfc2822::DateTimeParser;
use offpath_capture::Exchange;

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;
/// Longest `Sunset` that is read.
const LONGEST: usize = 40;

/// Whether an exchange came after the day that its answer's `Sunset` names.
pub(super) fn is_over(exchange: &Exchange) -> bool {
    let sunset = exchange.response.as_ref().and_then(|response| response.headers.get("sunset"));
    let date =
        sunset.filter(|text| text.len() <= LONGEST).and_then(|text| DateTimeParser::new().parse_timestamp(text).ok());
    date.is_some_and(|date| exchange.time.0.div_euclid(SECOND) > date.as_second())
}
