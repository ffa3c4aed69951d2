//! Timestamps of event logs: RFC 3339 as XES writes it.

/// Microseconds since 1970-01-01T00:00:00Z of an XML `dateTime`; a time without a zone is taken as UTC.
pub(crate) fn micros(text: &str) -> Option<i64> {
    let bytes = text.trim().as_bytes();
    let (date, rest) = (bytes.get(..10)?, bytes.get(10..)?);
    let (year, month, day) = (digits(&date[..4])?, digits(&date[5..7])?, digits(&date[8..10])?);
    if date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    let midnight = midnight(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)?;
    let (seconds, micros, zone) = clock(rest)?;
    Some(midnight + (seconds - offset(zone)?) * 1_000_000 + micros)
}

/// Seconds of the day, microseconds and what is left: the zone.
fn clock(rest: &[u8]) -> Option<(i64, i64, &[u8])> {
    if rest.is_empty() {
        return Some((0, 0, rest));
    }
    let time = rest.get(..9)?;
    if !matches!(time[0], b'T' | b't' | b' ') || time[3] != b':' || time[6] != b':' {
        return None;
    }
    let (hour, minute, second) = (digits(&time[1..3])?, digits(&time[4..6])?, digits(&time[7..9])?);
    // Midnight may be written as the end of its day.
    if hour > 24 || hour == 24 && (minute, second) != (0, 0) || minute > 59 || second > 60 {
        return None;
    }
    let rest = rest.get(9..)?;
    let seconds = hour * 3_600 + minute * 60 + second;
    let Some(fraction) = rest.strip_prefix(b".").or_else(|| rest.strip_prefix(b",")) else {
        return Some((seconds, 0, rest));
    };
    let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let kept = fraction.get(..length.min(6))?;
    let scale = 10_i64.pow(u32::try_from(6 - kept.len()).ok()?);
    Some((seconds, digits(kept)? * scale, fraction.get(length..)?))
}

/// Seconds that a zone is ahead of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    let sign = match zone.first() {
        None => return Some(0),
        Some(b'Z' | b'z') if zone.len() == 1 => return Some(0),
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) => return None,
    };
    let numbers: Vec<u8> = zone.iter().skip(1).filter(|byte| **byte != b':').copied().collect();
    let (hours, minutes) = match numbers.len() {
        2 => (digits(&numbers)?, 0),
        4 => (digits(&numbers[..2])?, digits(&numbers[2..])?),
        _ => return None,
    };
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// Seconds that a zone is ahead of UTC; one that is not told is UTC.
pub(crate) fn zone(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("utc") || text.eq_ignore_ascii_case("gmt") {
        return Some(0);
    }
    offset(text.as_bytes())
}

/// Midnight of a day, UTC; `None` for what is no day.
pub(crate) fn midnight(year: i64, month: u32, day: u32) -> Option<i64> {
    let number = days(year, i64::from(month), i64::from(day));
    let real = (1..=12).contains(&month) && date(number) == (year, i64::from(month), i64::from(day));
    real.then_some(number * 86_400 * 1_000_000)
}

fn digits(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// A time as XES writes it, UTC.
pub(crate) fn text(micros: i64) -> String {
    let (seconds, micros) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date(day);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}+00:00")
}

/// Year, month and day of days since 1970-01-01: what [`days`] undoes.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let (day, month) = (day_of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        // 18 days and some: every month and leap cycle of the years 1 to 9999 is met.
        for step in 0..199_900_i64 {
            let time = -62_135_596_800_000_000 + step * 1_577_847_599_983;
            assert_eq!(micros(&text(time)), Some(time), "{}", text(time));
        }
        assert_eq!(text(951_838_200_123_456), "2000-02-29T15:30:00.123456+00:00");
    }

    #[test]
    fn times_of_known_instants() {
        assert_eq!(micros("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(micros("2010-12-30T14:32:00.000+01:00"), Some(1_293_715_920_000_000));
        assert_eq!(micros("2000-02-29T12:00:00.1234567-0330"), Some(951_838_200_123_456));
        assert_eq!(micros("2000-03-01"), Some(951_868_800_000_000));
        assert_eq!(micros("1969-12-31T23:59:59"), Some(-1_000_000));
        assert_eq!(micros("1969-12-31T24:00:00"), Some(0));
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "x",
            "2010-13-01T00:00:00Z",
            "2026-02-29",
            "2026-02-31T10:00:00Z",
            "2026-04-31",
            "2026-01-00",
            "2026-01-01T24:30:00Z",
            "2010-12-30T14:32",
            "2010-12-30T14:32:00+1",
            "2010-12-30Tä4:32:00Z",
        ] {
            assert_eq!(micros(text), None, "{text}");
        }
    }
}
