//! How far the server's clock is from the sensor's, as an answer tells it.

use jiff::fmt::rfc2822::DateTimeParser;
use offpath_capture::Exchange;

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;
/// Longest `Date` that is read.
const LONGEST: usize = 40;

/// By how many whole seconds the `Date` of an answer lies outside of its exchange: above 0 where the server's clock is
/// ahead. An answer out of a cache has the time at which it was made.
pub(super) fn of(exchange: &Exchange) -> Option<i64> {
    let response = exchange.response.as_ref().filter(|response| response.status != 304)?;
    if response.headers.get("age").is_some() {
        return None;
    }
    let text = response.headers.get("date").filter(|text| text.len() <= LONGEST)?;
    let date = DateTimeParser::new().parse_timestamp(text).ok()?.as_second();
    let begin = exchange.time.0.div_euclid(SECOND);
    let end = exchange.end.or(response.start).unwrap_or(exchange.time).0.div_euclid(SECOND).max(begin);
    Some(date.saturating_sub(date.clamp(begin, end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_http_is_read() {
        for text in ["Mon, 07 Sep 2026 06:00:00 GMT", "Mon, 7 Sep 2026 06:00:00 +0000"] {
            let read = DateTimeParser::new().parse_timestamp(text).unwrap();
            assert_eq!(read.as_second(), 1_788_760_800, "{text}");
        }
        assert!(DateTimeParser::new().parse_timestamp("yesterday").is_err());
    }
}
