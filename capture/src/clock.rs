//! Reads the times that HAR writers and logs write: RFC 3339 and its looser relatives, the common log format, and
//! epochs in seconds to nanoseconds.

use jiff::civil::Date;

use crate::Timestamp;

/// A time with the width of one tick of the clock that wrote it, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) time: Timestamp,
    pub(crate) tick: i64,
}

const SECOND: i64 = 1_000_000;

/// Reads any of the written forms: RFC 3339, common log format, or an epoch in digits.
pub(crate) fn parse(text: &str) -> Option<Reading> {
    let text = text.trim();
    let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let bytes = text.as_bytes();
    match bytes.get(..5)? {
        [_, _, _, _, b'-' | b'/'] => rfc3339(bytes),
        [_, _, b'/', _, _] | [_, b'/', _, _, _] => common_log(bytes),
        _ => epoch_text(text),
    }
}

/// Whether a text is a date and time that says nothing of its zone, and so was taken for UTC's.
pub(crate) fn names_no_zone(text: &str) -> bool {
    let text = text.trim();
    text.bytes().last().is_some_and(|byte| byte.is_ascii_digit())
        && text.contains(['-', '/'])
        && text.rsplit([':', '.', ',']).next().is_some_and(|tail| tail.bytes().all(|byte| byte.is_ascii_digit()))
        && !text.get(16..).is_some_and(|tail| tail.contains(['+', '-']))
        && parse(text).is_some()
}

/// Reads `2000-10-10T13:55:36.123-07:00`, with a space for the `T`, any fraction, and an offset with or without colon
/// or none (UTC).
pub(crate) fn rfc3339(text: &[u8]) -> Option<Reading> {
    let mut cursor = Cursor(text);
    let year = cursor.digits(4)?;
    cursor.one_of(b"-/")?;
    let month = cursor.digits(2)?;
    cursor.one_of(b"-/")?;
    let day = cursor.digits(2)?;
    cursor.one_of(b"Tt _")?;
    cursor.finish(year, month, day)
}

/// Reads `10/Oct/2000:13:55:36 -0700`.
pub(crate) fn common_log(text: &[u8]) -> Option<Reading> {
    let mut cursor = Cursor(text);
    let day = if text.get(1) == Some(&b'/') { cursor.digits(1)? } else { cursor.digits(2)? };
    cursor.one_of(b"/")?;
    let month = cursor.month()?;
    cursor.one_of(b"/")?;
    let year = cursor.digits(4)?;
    cursor.one_of(b": ")?;
    cursor.finish(year, month, day)
}

/// Reads a whole number of seconds, milli-, micro- or nanoseconds since 1970, told apart by size.
pub(crate) fn epoch(number: i128) -> Option<Reading> {
    let magnitude = number.unsigned_abs();
    let (time, tick) = match magnitude {
        0..100_000_000_000 => (number * 1_000_000, SECOND),
        100_000_000_000..100_000_000_000_000 => (number * 1000, 1000),
        100_000_000_000_000..100_000_000_000_000_000 => (number, 1),
        _ => (number.div_euclid(1000), 1),
    };
    plausible(i64::try_from(time).ok()?, tick)
}

/// Reads an epoch with a fraction. Three digits, the usual, are told from six by the last three being zero.
pub(crate) fn epoch_float(number: f64) -> Option<Reading> {
    if !number.is_finite() || number.abs() >= 1e18 {
        return None;
    }
    let scale = match number.abs() {
        n if n < 1e11 => 1e6,
        n if n < 1e14 => 1e3,
        n if n < 1e17 => 1.0,
        _ => 1e-3,
    };
    #[expect(clippy::cast_possible_truncation, reason = "bounded to 1e21 * 1e-3 above, and casts saturate")]
    let micros = (number * scale).round() as i64;
    plausible(micros, if micros % 1000 == 0 { 1000 } else { 1 })
}

fn epoch_text(text: &str) -> Option<Reading> {
    let Some((whole, fraction)) = text.split_once('.') else {
        return text.parse::<i64>().ok().and_then(|number| epoch(i128::from(number)));
    };
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    if seconds.abs() >= 100_000_000_000 {
        return epoch(i128::from(seconds));
    }
    let (micros, tick) = Cursor(fraction.as_bytes()).fraction();
    plausible(seconds * SECOND + if whole.starts_with('-') { -micros } else { micros }, tick)
}

/// Years 1990 to 9999: what lies outside is no time but another number, mostly a duration. No HTTP was spoken before.
fn plausible(micros: i64, tick: i64) -> Option<Reading> {
    (631_152_000 * SECOND..253_402_300_800 * SECOND)
        .contains(&micros)
        .then_some(Reading { time: Timestamp(micros), tick })
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
    }

    fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        bytes.contains(first).then_some(*first)
    }

    fn month(&mut self) -> Option<i64> {
        let (name, rest) = self.0.split_at_checked(3)?;
        self.0 = rest;
        const NAMES: [&[u8; 3]; 12] =
            [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
        (1..).zip(NAMES).find(|(_, month)| name.eq_ignore_ascii_case(*month)).map(|(number, _)| number)
    }

    /// Digits after a point as microseconds, and the tick that so many digits show.
    fn fraction(&mut self) -> (i64, i64) {
        let length = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        let kept = digits.iter().copied().chain(std::iter::repeat(b'0')).take(6);
        let micros = kept.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        let tick = match length {
            0 => SECOND,
            1..=3 => 1000,
            _ => 1,
        };
        (micros, tick)
    }

    /// Reads time of day, fraction and offset, and puts all together.
    fn finish(&mut self, year: i64, month: i64, day: i64) -> Option<Reading> {
        let hour = self.digits(2)?;
        self.one_of(b":")?;
        let minute = self.digits(2)?;
        self.one_of(b":")?;
        let second = self.digits(2)?;
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let (micros, tick) = match self.0.first() {
            Some(b'.' | b',') => {
                self.0 = self.0.get(1..).unwrap_or_default();
                self.fraction()
            }
            _ => (0, SECOND),
        };
        let offset = self.offset()?;
        let (year, month, day) = (i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        let date = Date::new(year, month, day).ok()?;
        let midnight = date.duration_since(EPOCH).as_secs();
        let seconds = midnight + hour * 3600 + minute * 60 + second - offset;
        Some(Reading { time: Timestamp(seconds * SECOND + micros), tick })
    }

    fn offset(&mut self) -> Option<i64> {
        while self.0.first() == Some(&b' ') {
            self.0 = self.0.get(1..).unwrap_or_default();
        }
        let sign = match self.0.first() {
            None => return Some(0),
            Some(b'Z' | b'z') if self.0.len() == 1 => return Some(0),
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return matches!(self.0, b"UTC" | b"GMT").then_some(0),
        };
        self.0 = self.0.get(1..).unwrap_or_default();
        let hours = self.digits(2)?;
        if self.0.first() == Some(&b':') {
            self.0 = self.0.get(1..).unwrap_or_default();
        }
        let minutes = if self.0.is_empty() { 0 } else { self.digits(2)? };
        (self.0.is_empty() && hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
    }
}

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> Option<(i64, i64)> {
        parse(text).map(|reading| (reading.time.0, reading.tick))
    }

    #[test]
    fn every_form_of_one_time_reads_the_same() {
        let seconds = 971_211_336 * SECOND;
        for text in [
            "2000-10-10T13:55:36-07:00",
            "2000-10-10T20:55:36Z",
            "2000-10-10T13:55:36-0700",
            "2000-10-10 20:55:36",
            "2000-10-10T20:55:36+00",
            "10/Oct/2000:13:55:36 -0700",
            "[10/Oct/2000:13:55:36 -0700]",
            "971211336",
            "2000/10/10 20:55:36",
            "2000-10-10 20:55:36 UTC",
        ] {
            assert_eq!(micros(text), Some((seconds, SECOND)), "{text}");
        }
        let half = seconds + 500_000;
        for (text, tick) in [
            ("2000-10-10T13:55:36.5-07:00", 1000),
            ("2000-10-11T02:25:36.500+0530", 1000),
            ("2000-10-10T20:55:36.5000000Z", 1),
            ("2000-10-10T20:55:36,500Z", 1000),
            ("971211336.500", 1000),
            ("971211336500", 1000),
            ("971211336500000", 1),
            ("971211336500000000", 1),
            ("971211336.500000", 1),
        ] {
            assert_eq!(micros(text), Some((half, tick)), "{text}");
        }
        assert_eq!(epoch_float(971_211_336.5).unwrap().time.0, half);
        assert_eq!(epoch_float(971_211_336.500_123).unwrap().time.0, half + 123);
    }

    #[test]
    fn times_without_a_zone_are_told() {
        for text in ["2000-10-10T20:55:36", "2000-10-10 20:55:36.123", "10/Oct/2000:13:55:36"] {
            assert!(names_no_zone(text), "{text}");
        }
        for text in [
            "2000-10-10T20:55:36Z",
            "2000-10-10T20:55:36+02:00",
            "2000-10-10T20:55:36.5-0700",
            "2000-10-10T20:55:36+00",
            "971211336",
            "no-time:12",
            "2000-10-10 20:55:36 UTC",
        ] {
            assert!(!names_no_zone(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "-",
            "2000-13-10T00:00:00Z",
            "2000-02-30T00:00:00Z",
            "10/Foo/2000:13:55:36 -0700",
            "yesterday",
            "2000-10-10T25:00:00Z",
            "2000-10-10T20:55:36+99:00",
            "12:30",
            "-5",
            "2000-10-10T20:55:36Zx",
            "1.2.3",
        ] {
            assert_eq!(micros(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }

        #[test]
        fn jiff_agrees(micros in 0i64..4_000_000_000_000_000) {
            let stamp = jiff::Timestamp::from_microsecond(micros).unwrap();
            proptest::prop_assert_eq!(parse(&stamp.to_string()).unwrap().time.0, micros);
        }
    }
}
