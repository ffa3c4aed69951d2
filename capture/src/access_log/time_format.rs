//! A way of writing times that the user describes.

use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::Offset;

use crate::Timestamp;
use crate::clock::Reading;

/// A format of times with `strftime`'s directives, e.g. `%d.%m.%Y %H:%M:%S%.f`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimeFormat {
    format: String,
    /// The offset of times that name none.
    offset: Offset,
}

impl TimeFormat {
    /// Compiles a format; `offset` in seconds east of UTC is that of times that name none.
    ///
    /// # Errors
    /// What is wrong with the format.
    pub(crate) fn new(format: &str, offset: i32) -> Result<Self, String> {
        let offset = Offset::from_seconds(offset).map_err(|error| error.to_string())?;
        let noon = jiff::civil::date(2026, 10, 11).at(12, 13, 14, 0);
        let broken = noon.to_zoned(jiff::tz::TimeZone::fixed(offset)).map_err(|error| error.to_string())?;
        let written = BrokenDownTime::from(&broken).to_string(format).map_err(|error| error.to_string())?;
        let compiled = TimeFormat { format: format.to_owned(), offset };
        match compiled.read(&written) {
            Some(_) => Ok(compiled),
            None => Err("it does not say year, month, day, hour and minute".to_owned()),
        }
    }

    /// Reads a time; none when the text does not fit.
    pub(crate) fn read(&self, text: &str) -> Option<Reading> {
        let broken = BrokenDownTime::parse(&self.format, text.trim()).ok()?;
        let time = match (broken.to_timestamp(), broken.to_datetime()) {
            (Ok(time), _) => time,
            (Err(_), Ok(local)) => self.offset.to_timestamp(local).ok()?,
            (Err(_), Err(_)) => return None,
        };
        if broken.hour().is_none() && !self.format.contains("%s") {
            return None;
        }
        let tick = match (broken.subsec_nanosecond(), broken.second()) {
            (Some(nanos), _) if nanos % 1_000_000 != 0 => 1,
            (Some(_), _) => 1000,
            (None, Some(_)) => 1_000_000,
            (None, None) => 60_000_000,
        };
        Some(Reading { time: Timestamp(time.as_microsecond()), tick })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: &str, offset: i32, text: &str) -> Option<(i64, i64)> {
        TimeFormat::new(format, offset).unwrap().read(text).map(|reading| (reading.time.0, reading.tick))
    }

    #[test]
    fn times_are_read_as_described() {
        let noon = 1_791_719_594_000_000;
        assert_eq!(read("%d.%m.%Y %H:%M:%S", 0, "11.10.2026 11:53:14"), Some((noon, 1_000_000)));
        assert_eq!(read("%d.%m.%Y %H:%M:%S", 7200, "11.10.2026 13:53:14"), Some((noon, 1_000_000)));
        assert_eq!(read("%d.%m.%Y %H:%M:%S %z", 7200, "11.10.2026 12:53:14 +0100"), Some((noon, 1_000_000)));
        assert_eq!(read("%Y%m%d%H%M%S%.f", 0, "20261011115314.250"), Some((noon + 250_000, 1000)));
        assert_eq!(read("%Y-%m-%d %H:%M", 0, "2026-10-11 11:53"), Some((noon - 14_000_000, 60_000_000)));
        assert_eq!(read("%s", 0, "1791719594").map(|(time, _)| time), Some(noon));
        assert_eq!(read("%d.%m.%Y %H:%M:%S", 0, "2026-10-11"), None);
    }

    #[test]
    fn formats_that_say_no_time_are_refused() {
        for format in ["%H:%M", "%Y-%m-%d", "", "%Q%", "text"] {
            assert!(TimeFormat::new(format, 0).is_err(), "{format}");
        }
    }
}
