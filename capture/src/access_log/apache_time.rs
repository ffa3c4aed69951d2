//! Times of Apache, which logs one time in as many `%t` as its operator likes:
//! `[%{%d/%b/%Y:%T}t.%{usec_frac}t %{%z}t]` is one time in three parts.

use jiff::fmt::strtime::BrokenDownTime;

use super::template::Looks;
use super::time_format::TimeFormat;
use crate::clock;

/// What one `%{...}t` says of a time.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// All of it, as in the common log format.
    Common,
    /// All of it, since 1970, with so many digits after the second.
    Epoch(usize),
    /// Its fraction of a second, in so many digits.
    Fraction(usize),
    /// What `strftime` makes of it.
    Written(String),
}

/// The parts of one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PartedTime {
    /// Name of the field that they make together, and what the names of theirs start with.
    name: &'static str,
    parts: Vec<(String, Part)>,
    /// What the written parts say together, with a space between any two.
    written: Option<TimeFormat>,
}

/// When a request came in and when its response was finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApacheTimes([PartedTime; 2]);

impl Default for ApacheTimes {
    fn default() -> Self {
        ApacheTimes(["start_time", "end_time"].map(|name| PartedTime { name, parts: Vec::new(), written: None }))
    }
}

/// The field that a `%t` is.
pub(super) struct TimeField {
    pub(super) name: String,
    pub(super) looks: Looks,
    /// Apache puts it in brackets.
    pub(super) bracketed: bool,
}

impl ApacheTimes {
    /// Adds a `%t`, with what stands in its braces.
    pub(super) fn add(&mut self, argument: &str) -> TimeField {
        let of = |which: &str| {
            let rest = argument.strip_prefix(which)?;
            if rest.is_empty() { Some(rest) } else { rest.strip_prefix(':') }
        };
        let [start, end] = &mut self.0;
        match of("end") {
            Some(format) => end.add(format),
            None => start.add(of("begin").unwrap_or(argument)),
        }
    }

    /// Checks that the parts make whole times.
    ///
    /// # Errors
    /// What is missing or not known, and what to write.
    pub(super) fn whole(mut self) -> Result<Self, String> {
        self.0.iter_mut().try_for_each(PartedTime::compile)?;
        Ok(self)
    }

    /// Whether no `%t` was there.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|time| time.parts.is_empty())
    }

    /// The times of a line, by name, and the fields that are none of their parts; none where parts make no time.
    pub(super) fn split<'t, 'l>(&self, mut fields: Vec<(&'t str, &'l str)>) -> Option<Split<'t, 'l>> {
        let mut times = Vec::new();
        for time in self.0.iter().filter(|time| !time.parts.is_empty()) {
            times.push((time.name, time.read(&fields)?));
            fields.retain(|(name, _)| !time.parts.iter().any(|(part, _)| part == name));
        }
        Some((times, fields))
    }
}

/// Times by name, and other fields.
pub(super) type Split<'t, 'l> = (Vec<(&'static str, String)>, Vec<(&'t str, &'l str)>);

impl PartedTime {
    fn add(&mut self, format: &str) -> TimeField {
        let (part, looks) = match format {
            "" => (Part::Common, Looks::Time),
            "sec" | "%s" => (Part::Epoch(0), Looks::Digits),
            "msec" => (Part::Epoch(3), Looks::Digits),
            "usec" => (Part::Epoch(6), Looks::Digits),
            "msec_frac" => (Part::Fraction(3), Looks::Digits),
            "usec_frac" => (Part::Fraction(6), Looks::Digits),
            format => (Part::Written(format.to_owned()), Looks::Written(format.to_owned())),
        };
        let name = format!("{}.{}", self.name, self.parts.len() + 1);
        let bracketed = part == Part::Common;
        self.parts.push((name.clone(), part));
        TimeField { name, looks, bracketed }
    }

    fn compile(&mut self) -> Result<(), String> {
        let formats: Vec<&str> = self.parts.iter().filter_map(|(_, part)| part.written()).collect();
        // Apache's own names within a longer format are none: it would log them as they stand.
        let apart = |format: &&&str| ["msec", "usec"].iter().any(|name| format.contains(name));
        if let Some(format) = formats.iter().find(apart) {
            return Err(format!(
                "Apache knows the time `%{{{format}}}t` only in parts, e.g. `%{{%s}}t.%{{msec_frac}}t`"
            ));
        }
        let whole = |part: &Part| matches!(part, Part::Common | Part::Epoch(_));
        if self.parts.is_empty() || self.parts.iter().any(|(_, part)| whole(part)) {
            return Ok(());
        }
        if formats.is_empty() {
            return Err("of its time it logs only the fraction of a second".to_owned());
        }
        if formats.iter().any(|format| format.contains("%Z")) {
            return Err("`%Z` in a time is a zone's name, which may be any; write the name itself, as in \
                        `%{%F %T UTC}t`, if it is UTC in all lines, or log `%z`"
                .to_owned());
        }
        let written = TimeFormat::new(&formats.join(" "), 0)
            .map_err(|why| format!("the time in `%{{{}}}t` cannot be read: {why}", formats.join("}t %{")))?;
        self.written = Some(written);
        Ok(())
    }

    /// Seconds since 1970 with the digits of the fraction that the parts tell.
    fn read(&self, fields: &[(&str, &str)]) -> Option<String> {
        let text = |name: &str| fields.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
        let mut best = None;
        let mut fraction = "";
        let mut written = String::new();
        for (name, part) in &self.parts {
            let text = text(name)?;
            match part {
                Part::Epoch(digits) if best.is_none_or(|(known, _)| known < *digits) => best = Some((*digits, text)),
                Part::Epoch(_) => {}
                Part::Fraction(digits) if text.len() != *digits || !is_number(text) => return None,
                Part::Fraction(digits) if fraction.len() < *digits => fraction = text,
                Part::Fraction(_) => {}
                Part::Common => written = text.to_owned(),
                Part::Written(_) if self.written.is_none() => {}
                Part::Written(_) if written.is_empty() => text.clone_into(&mut written),
                Part::Written(_) => written.extend([" ", text]),
            }
        }
        if let Some((digits, text)) = best {
            let (seconds, of_second) = text.split_at_checked(text.len().checked_sub(digits)?)?;
            let fraction = if of_second.len() < fraction.len() { fraction } else { of_second };
            return (is_number(seconds) && is_number(text)).then(|| with_fraction(seconds, fraction));
        }
        let reading = match &self.written {
            Some(format) => format.read(&written)?,
            None => clock::parse(&written)?,
        };
        Some(with_fraction(&reading.time.0.div_euclid(1_000_000).to_string(), fraction))
    }
}

impl Part {
    fn written(&self) -> Option<&str> {
        match self {
            Part::Written(format) => Some(format),
            _ => None,
        }
    }
}

/// Whether a text fits a format of `strftime`.
pub(super) fn fits(format: &str, text: &str) -> bool {
    BrokenDownTime::parse(format, text).is_ok()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn with_fraction(seconds: &str, fraction: &str) -> String {
    if fraction.is_empty() { seconds.to_owned() } else { format!("{seconds}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_log::log_format::LogFormat;

    const NOON: i64 = 1_791_719_594;

    /// The times of a line that has nothing else before its request.
    fn times(format: &str, line: &str) -> Option<Vec<(&'static str, i64, i64)>> {
        let described = LogFormat::new(&format!("{format} \"%r\"")).unwrap().described.unwrap();
        let line = format!("{line} \"GET / HTTP/1.1\"");
        let (times, _) = described.read(&line)?;
        let read = |text: &str| clock::parse(text).map(|reading| (reading.time.0, reading.tick));
        times.into_iter().map(|(name, text)| read(&text).map(|(time, tick)| (name, time, tick))).collect()
    }

    #[test]
    fn the_parts_of_one_time_are_one_time() {
        let at = |micros: i64, tick: i64| Some(vec![("start_time", NOON * 1_000_000 + micros, tick)]);
        for (format, line, time) in [
            ("[%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t]", "[11/Oct/2026 13:53:14.250 +0200]", at(250_000, 1000)),
            ("[%{%d/%b/%Y:%T}t.%{usec_frac}t %{%z}t]", "[11/Oct/2026:13:53:14.250001 +0200]", at(250_001, 1)),
            ("%{usec_frac}t of %{%s}t", "250000 of 1791719594", at(250_000, 1)),
            ("%{sec}t.%{usec_frac}t", "1791719594.000007", at(7, 1)),
            ("%{msec}t", "1791719594250", at(250_000, 1000)),
            ("%{begin:usec}t %{sec}t", "1791719594000001 1791719594", at(1, 1)),
            ("%t %{msec_frac}t", "[11/Oct/2026:13:53:14 +0200] 250", at(250_000, 1000)),
            ("%{begin}t", "[11/Oct/2026:13:53:14 +0200]", at(0, 1_000_000)),
            ("%{%F}t %h %{%T %z}t", "2026-10-11 10.0.0.1 13:53:14 +0200", at(0, 1_000_000)),
            ("%{%d.%m.%Y %H:%M:%S}t", "11.10.2026 11:53:14", at(0, 1_000_000)),
            ("%{%F %T}t.%{msec_frac}t", "2026-10-11 11:53:14.25", None),
            ("%{sec}t.%{usec_frac}t", "179171959x.000007", None),
        ] {
            assert_eq!(times(format, line), time, "{format}");
        }
        let both = times("%{begin:msec}t %{end:%F %T}t.%{end:usec_frac}t", "1791719594250 2026-10-11 11:53:15.000001");
        let end = (NOON + 1) * 1_000_000 + 1;
        assert_eq!(both, Some(vec![("start_time", NOON * 1_000_000 + 250_000, 1000), ("end_time", end, 1)]));
    }

    proptest::proptest! {
        #[test]
        fn however_a_time_is_cut_it_is_the_same(micros in 631_152_000_000_000_i64..4_000_000_000_000_000, offset in -23_i8..24) {
            let time = jiff::Timestamp::from_microsecond(micros).unwrap();
            let local = time.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(offset)));
            for format in ["%d/%b/%Y|%T|usec_frac|%z", "%s|usec_frac", "usec_frac|%z|%H:%M|%F|%S", "usec"] {
                let parts: Vec<&str> = format.split('|').collect();
                let logged: Vec<String> = parts.iter().map(|part| match *part {
                    "usec_frac" => format!("{:06}", micros % 1_000_000),
                    "usec" => format!("{micros:07}"),
                    part => local.strftime(part).to_string(),
                }).collect();
                let format: Vec<String> = parts.iter().map(|part| format!("%{{{part}}}t")).collect();
                let read = times(&format.join(" "), &logged.join(" "));
                proptest::prop_assert_eq!(read, Some(vec![("start_time", micros, 1)]), "{:?}", logged);
            }
        }
    }
}
