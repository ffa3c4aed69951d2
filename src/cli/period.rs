//! Times on the command line: an instant in RFC 3339, or a date, which is the whole day in UTC.

const DAY: i64 = 86_400_000_000;

/// The first microsecond of an instant or a day.
pub(super) fn first(text: &str) -> Result<i64, String> {
    span(text).map(|(first, _)| first)
}

/// The last microsecond of an instant or a day.
pub(super) fn last(text: &str) -> Result<i64, String> {
    span(text).map(|(_, last)| last)
}

/// First and last microsecond since the Unix epoch of an instant or a day.
pub(super) fn span(text: &str) -> Result<(i64, i64), String> {
    let instant = |time: jiff::Timestamp| (time.as_microsecond(), time.as_microsecond());
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(instant(time));
    }
    let utc = |civil: jiff::civil::DateTime| {
        civil.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(|e| e.to_string())
    };
    // A date is also read from a text that has a time behind it.
    let time_given = text.contains(['T', 't', ' ']);
    match text.parse::<jiff::civil::Date>() {
        Ok(date) if !time_given => {
            let first = utc(date.at(0, 0, 0, 0))?.as_microsecond();
            Ok((first, first.saturating_add(DAY - 1)))
        }
        _ => match text.parse::<jiff::civil::DateTime>() {
            Ok(civil) => utc(civil).map(instant),
            Err(_) => Err("expected RFC 3339 (2026-03-01T12:00:00Z) or a date (2026-03-01, in UTC)".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_or_days() {
        assert_eq!(span("1970-01-02"), Ok((DAY, 2 * DAY - 1)));
        assert_eq!(span("1970-01-01T01:00:00+01:00"), Ok((0, 0)));
        assert_eq!(span("1970-01-02T00:00"), Ok((DAY, DAY)));
        assert!(span("yesterday").is_err());
    }
}
