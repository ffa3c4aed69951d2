//! Amounts, durations, instants and opening hours as people write them.

use std::str::FromStr;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::event::Money;

const SECOND: i64 = 1_000_000;

/// Units of a duration with their length in microseconds.
const UNITS: [(&str, i64); 7] = [
    ("ms", 1_000),
    ("us", 1),
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("h", 3_600 * SECOND),
    ("d", 86_400 * SECOND),
    ("w", 7 * 86_400 * SECOND),
];

/// Microseconds of `14d`, `24h`, `1m`, `1h30m`, `250ms`; units `w d h m s ms us`, in any order, whole numbers only.
pub(crate) fn duration(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut total: i64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (count, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let (_, length) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(count.parse::<i64>().ok()?.checked_mul(*length)?)?;
        rest = after;
    }
    Some(total)
}

/// A duration in the largest unit that it is a whole number of: `14d`, `90m`; `0s` for none.
pub(crate) fn duration_text(micros: i64) -> String {
    let units = [("d", 86_400 * SECOND), ("h", 3_600 * SECOND), ("m", 60 * SECOND), ("s", SECOND), ("ms", 1_000)];
    match units.into_iter().find(|(_, length)| micros != 0 && micros % length == 0) {
        Some((unit, length)) => format!("{}{unit}", micros / length),
        None if micros == 0 => "0s".to_owned(),
        None => format!("{micros}us"),
    }
}

/// An exact number: optional sign, digits, optional decimals. No exponent, no separators, no surrounding space.
pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let well_formed = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    // `from_str_exact` refuses what would have to be rounded.
    if well_formed { Decimal::from_str_exact(text.strip_prefix('+').unwrap_or(text)).ok() } else { None }
}

/// A currency code in upper case: three to eight letters or digits, a letter first.
pub(crate) fn currency(text: &str) -> Option<String> {
    let fits = (3..=8).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric());
    fits.then(|| text.to_ascii_uppercase())
}

/// An amount such as `100 EUR` or `12.50 USD`.
pub(crate) fn money(text: &str) -> Option<Money> {
    let (amount, code) = text.trim().split_once(' ')?;
    Some(Money { amount: decimal(amount)?, currency: Arc::from(currency(code.trim_start())?) })
}

/// Microseconds since the Unix epoch of an RFC 3339 instant, or of a date (its first instant, UTC).
pub(crate) fn timestamp(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(instant) = jiff::Timestamp::from_str(text) {
        return Some(instant.as_microsecond());
    }
    let date = jiff::civil::Date::from_str(text).ok().filter(|_| text.len() == 10)?;
    Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_add_up_their_units() {
        assert_eq!(duration("14d"), Some(14 * 86_400 * SECOND));
        assert_eq!(duration("1h30m"), Some(5_400 * SECOND));
        assert_eq!(duration("250ms"), Some(250_000));
        for wrong in ["", "14", "d", "1.5h", "-1d", "1 d", "3mo", "99999999999999999999w", "9223372036854775807w"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations_are_written_as_they_are_read() {
        for text in ["14d", "25h", "90m", "30s", "250ms", "7us", "0s"] {
            assert_eq!(duration(text).map(duration_text).as_deref(), Some(text));
        }
        assert_eq!(duration("1h30m").map(duration_text).as_deref(), Some("90m"));
    }

    #[test]
    fn amounts_are_exact() {
        let amount = money("100.50 eur").unwrap();
        assert_eq!((amount.amount.to_string().as_str(), &*amount.currency), ("100.50", "EUR"));
        for wrong in ["100", "EUR", "1e3 EUR", "1,000 EUR", " EUR", "100 E", "100 EUR EUR", "0x10 EUR"] {
            assert_eq!(money(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_that_would_be_rounded_are_refused() {
        assert_eq!(decimal("+12.50"), Decimal::from_str_exact("12.50").ok());
        for wrong in ["", ".", "1.", ".5", "1_000", "--1", "1.2.3", "0.12345678901234567890123456789012345"] {
            assert_eq!(decimal(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn instants_are_rfc_3339_or_a_date() {
        assert_eq!(timestamp("1970-01-02"), Some(86_400 * SECOND));
        assert_eq!(timestamp("1970-01-01T01:00:00.5+01:00"), Some(500_000));
        assert_eq!(timestamp("yesterday"), None);
        assert_eq!(timestamp("1970-01-01T01:00:00"), None);
    }
}
