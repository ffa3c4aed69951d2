//! Times as tables have them: in many shapes, of which some do not say whether the day or the month comes first.

use crate::time;

/// When something happened, in microseconds since 1970, UTC, if the day comes first and if the month does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instant {
    pub(super) day_first: Option<i64>,
    pub(super) month_first: Option<i64>,
}

impl Instant {
    fn sure(time: i64) -> Self {
        Instant { day_first: Some(time), month_first: Some(time) }
    }

    /// Reads a cell; `None` for what is no time either way.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(time) = time::micros(text).or_else(|| since_1970(text)) {
            return Some(Instant::sure(time));
        }
        let (date, rest) = Date::read(text)?;
        let clock = clock(rest)?;
        let at = |month: u32, day: u32| Some(time::midnight(date.year, month, day)? + clock);
        let (one, other) = date.days;
        let found = match date.order {
            Order::MonthDay => Instant { day_first: at(one, other), month_first: at(one, other) },
            Order::DayMonth => Instant { day_first: at(other, one), month_first: at(other, one) },
            Order::Unsaid => Instant { day_first: at(other, one), month_first: at(one, other) },
        };
        (found.day_first.is_some() || found.month_first.is_some()).then_some(found)
    }
}

/// Seconds, or thousandths, millionths and billionths of them, by how many there would be of them now.
fn since_1970(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    match whole.len() {
        9..=10 => {
            let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
            Some(number * 1_000_000 + micros)
        }
        12..=13 => number.checked_mul(1_000),
        15..=16 => Some(number),
        18..=19 => Some(number / 1_000),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    MonthDay,
    DayMonth,
    Unsaid,
}

struct Date {
    year: i64,
    /// Month and day in the order in which they stand.
    days: (u32, u32),
    order: Order,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

impl Date {
    /// Reads a date of three parts; returns what stands behind it.
    fn read(text: &str) -> Option<(Date, &str)> {
        let (first, rest) = part(text)?;
        let (mark, rest) = separator(rest)?;
        let (second, rest) = part(rest)?;
        let (_, rest) = separator(rest)?;
        let (third, rest) = part(rest)?;
        let date = match (month(first), month(second)) {
            (Some(month), None) => Date { year: year(third)?, days: (month, number(second)?), order: Order::MonthDay },
            (None, Some(month)) if first.len() == 4 => {
                Date { year: year(first)?, days: (month, number(third)?), order: Order::MonthDay }
            }
            (None, Some(month)) => Date { year: year(third)?, days: (number(first)?, month), order: Order::DayMonth },
            _ if first.len() == 4 => {
                Date { year: year(first)?, days: (number(second)?, number(third)?), order: Order::MonthDay }
            }
            _ => {
                let order = if mark == '.' { Order::DayMonth } else { Order::Unsaid };
                Date { year: year(third)?, days: (number(first)?, number(second)?), order }
            }
        };
        Some((date, rest))
    }
}

/// Digits or letters at the beginning, and the rest.
fn part(text: &str) -> Option<(&str, &str)> {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let same = |c: char| if digits { c.is_ascii_digit() } else { c.is_alphabetic() };
    let end = text.find(|c| !same(c)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// What stands between parts of a date: one mark, and blanks.
fn separator(text: &str) -> Option<(char, &str)> {
    let mark = text.chars().next().filter(|c| matches!(c, '/' | '-' | '.' | ' ' | ','))?;
    Some((mark, text.get(mark.len_utf8()..)?.trim_start_matches([' ', '.'])))
}

fn month(name: &str) -> Option<u32> {
    let begin = name.get(..3)?.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| *month == begin)?;
    u32::try_from(at + 1).ok()
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.len() <= 2)
}

/// A year; one of two digits is between 1970 and 2069.
fn year(text: &str) -> Option<i64> {
    let year: i64 = text.parse().ok()?;
    match text.len() {
        4 => Some(year),
        2 if year < 70 => Some(2_000 + year),
        2 => Some(1_900 + year),
        _ => None,
    }
}

/// Microseconds that the rest of a time adds to midnight, UTC.
fn clock(rest: &str) -> Option<i64> {
    let rest = rest.trim_start_matches([',', ':', 'T', 't', ' ']);
    if rest.is_empty() {
        return Some(0);
    }
    let mut numbers = [0_u32; 3];
    let (mut count, mut rest) = (0, rest);
    for place in &mut numbers {
        let (digits, after) = part(rest)?;
        *place = number(digits)?;
        (count, rest) = (count + 1, after);
        // Some write the hour with a point; a point behind the seconds begins their fraction.
        let Some(more) = after.strip_prefix(':').or_else(|| after.strip_prefix('.').filter(|_| count == 1)) else {
            break;
        };
        rest = if count < 3 { more } else { after };
    }
    let [hour, minute, second] = numbers;
    let (micros, rest) = fraction(rest);
    let (hour, rest) = of_day(hour, rest.trim_start())?;
    let ahead = time::zone(rest.trim())?;
    if count < 2 || hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = i64::from(hour * 3_600 + minute * 60 + second) - ahead;
    Some(seconds * 1_000_000 + micros)
}

/// Microseconds of a fraction, and the rest.
fn fraction(text: &str) -> (i64, &str) {
    let Some(digits) = text.strip_prefix(['.', ',']) else { return (0, text) };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(end);
    let micros = format!("{digits:0<6}").get(..6).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    (micros, rest)
}

/// The hour of the day, where AM or PM is said.
fn of_day(hour: u32, rest: &str) -> Option<(u32, &str)> {
    let half = rest.get(..2).map(str::to_ascii_lowercase);
    let after = rest.get(2..).unwrap_or_default();
    match half.as_deref() {
        Some("am" | "pm") if !(1..=12).contains(&hour) => None,
        Some("am") => Some((hour % 12, after)),
        Some("pm") => Some((hour % 12 + 12, after)),
        _ => Some((hour, rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_usual_shapes() {
        let second = time::micros("2010-12-30T14:02:03Z").unwrap();
        let minute = second - 3_000_000;
        for (text, expected) in [
            ("2010-12-30T14:02:03Z", second),
            ("2010-12-30 14:02:03", second),
            ("2010-12-30 15:02:03+01:00", second),
            ("2010-12-30 15:02:03 +0100", second),
            ("2010-12-30 14:02", minute),
            ("2010-12-30T14:02Z", minute),
            ("2010/12/30 14:02:03.000", second),
            ("2010/12/30 02:02:03 PM", second),
            ("30.12.2010 14:02:03", second),
            ("30.12.2010 14:02", minute),
            ("30. 12. 2010 14:02", minute),
            ("30.12.10 14:02", minute),
            ("30-Dec-2010 14:02:03", second),
            ("30 December 2010 14:02:03 UTC", second),
            ("Dec 30, 2010 2:02:03 PM", second),
            ("Dec 30, 2010, 2:02 pm", minute),
            ("1293717723", second),
            ("1293717723.5", second + 500_000),
            ("1293717723000", second),
            ("1293717723000000", second),
            ("1293717723000000000", second),
            ("30.12.2010", second - (14 * 3_600 + 2 * 60 + 3) * 1_000_000),
        ] {
            assert_eq!(Instant::read(text), Some(Instant::sure(expected)), "{text}");
        }
        let either = |text: &str| Instant::read(text).map(|one| (one.day_first, one.month_first));
        assert_eq!(either("30-12-2010:14.02"), Some((Some(minute), None)));
        assert_eq!(either("12/30/2010 2:02 PM"), Some((None, Some(minute))));
        let (third, december) = (time::micros("2010-12-03").unwrap(), time::micros("2010-03-12").unwrap());
        assert_eq!(either("3/12/2010"), Some((Some(third), Some(december))));
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "NA",
            "-",
            "17",
            "12345678901234567890",
            "2010",
            "2010-12",
            "31/13/2010",
            "32.1.2010",
            "30.12.2010 25:00",
            "30.12.2010 14",
            "30.12.2010 13:00 PM",
            "30.12.2010 12:00 Mars",
            "ä/ö/ü",
            "30.12.20101",
            "1.2.3 4",
        ] {
            assert_eq!(Instant::read(text), None, "{text}");
        }
    }
}
