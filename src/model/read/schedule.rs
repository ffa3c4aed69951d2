//! Opening hours: `Mon-Fri 07:00-20:00 Europe/Paris`.

use std::sync::Arc;

use super::document::Node;
use super::reader::Reader;
use crate::model::diagnostic::Diagnostic;
use crate::model::{Code, Schedule};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads a schedule.
pub(super) fn read(reader: &mut Reader, node: &Node) -> Option<Schedule> {
    let text = reader.text(node, "`hours`")?;
    match parse(text) {
        Ok(schedule) => Some(schedule),
        Err(label) => {
            let diagnostic = Diagnostic::error(Code::BadValue, node.span.clone(), "these are no opening hours");
            let help = "write days, hours and an IANA time zone: `Mon-Fri 07:00-20:00 Europe/Paris`";
            reader.found.push(diagnostic.label(label).help(help));
            None
        }
    }
}

fn parse(text: &str) -> Result<Schedule, String> {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let [days, hours, zone] = parts.as_slice() else {
        return Err("days, hours and time zone are three words".to_owned());
    };
    let (from, to) = hours.split_once('-').ok_or_else(|| format!("`{hours}` is no span of hours"))?;
    let (from_minute, to_minute) = (minute(from)?, minute(to)?);
    if from_minute >= to_minute {
        return Err(format!("`{hours}` ends before it begins; hours over midnight are two constraints"));
    }
    if jiff::tz::TimeZone::get(zone).is_err() {
        return Err(format!("`{zone}` is no IANA time zone"));
    }
    Ok(Schedule { text: Arc::from(text), days: self::days(days)?, from_minute, to_minute, zone: Arc::from(*zone) })
}

/// `Mon-Fri`, `Mon,Wed,Sat-Sun`, `Fri-Mon` or `daily`.
fn days(text: &str) -> Result<[bool; 7], String> {
    if text.eq_ignore_ascii_case("daily") {
        return Ok([true; 7]);
    }
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        let length = (last + 7 - first) % 7;
        for (at, open) in days.iter_mut().enumerate() {
            *open |= (at + 7 - first) % 7 <= length;
        }
    }
    Ok(days)
}

fn day(text: &str) -> Result<usize, String> {
    let found = DAYS.iter().position(|day| text.eq_ignore_ascii_case(day));
    found.ok_or_else(|| format!("`{text}` is no day; days are Mon, Tue, Wed, Thu, Fri, Sat, Sun"))
}

/// Minute of the day; `24:00` is its end.
fn minute(text: &str) -> Result<u16, String> {
    let two_digits = |part: &str| (part.len() == 2).then(|| part.parse::<u16>().ok()).flatten();
    let (hour, minute) = text.split_once(':').and_then(|(h, m)| two_digits(h).zip(two_digits(m))).unwrap_or((99, 0));
    let total = hour * 60 + minute;
    if minute < 60 && total <= 24 * 60 { Ok(total) } else { Err(format!("`{text}` is no time of day")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_days_hours_and_a_zone() {
        let schedule = parse("Mon-Fri 07:00-20:30 Europe/Paris").unwrap();
        assert_eq!(schedule.days, [true, true, true, true, true, false, false]);
        assert_eq!((schedule.from_minute, schedule.to_minute, &*schedule.zone), (420, 1230, "Europe/Paris"));
        assert_eq!(parse("Sat-Mon,Wed 00:00-24:00 UTC").unwrap().days, [true, false, true, false, false, true, true]);
        assert_eq!(parse("daily 09:00-10:00 America/New_York").unwrap().days, [true; 7]);
        for wrong in [
            "",
            "Mon-Fri 07:00-20:00",
            "Mon-Fry 07:00-20:00 UTC",
            "Mon 7:00-20:00 UTC",
            "Mon 20:00-07:00 UTC",
            "Mon 07:00-24:01 UTC",
            "Mon 07:60-20:00 UTC",
            "Mon 07:00-20:00 Europe/Pariss",
            "Mon 07:00 UTC",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
