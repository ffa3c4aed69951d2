//! Units of logged durations.

use super::name::DURATIONS;

/// Unit of a number that is a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

impl Unit {
    /// Microseconds of one.
    pub(super) fn micros(self) -> f64 {
        match self {
            Unit::Seconds => 1e6,
            Unit::Milliseconds => 1e3,
            Unit::Microseconds => 1.0,
            Unit::Nanoseconds => 1e-3,
        }
    }
}

/// The unit that the table or a suffix gives; none for other names.
pub(super) fn by_name(name: &str) -> Option<Unit> {
    if let Some((_, unit)) = DURATIONS.iter().find(|(known, _)| *known == name) {
        return *unit;
    }
    match name.rsplit(['_', '.']).next() {
        Some("ms" | "millis" | "milliseconds") => Some(Unit::Milliseconds),
        Some("us" | "micros" | "microseconds") => Some(Unit::Microseconds),
        Some("ns" | "nanos" | "nanoseconds") => Some(Unit::Nanoseconds),
        Some("s" | "sec" | "secs" | "seconds") => Some(Unit::Seconds),
        _ => None,
    }
}

/// `12.5ms`, `1.2s`, `35µs`, `1m2.5s`, or a plain number in `unit`, which is no duration without one; microseconds.
pub(super) fn duration(text: &str, unit: Option<Unit>) -> Option<f64> {
    let mut rest = text.trim();
    if let Ok(number) = rest.parse::<f64>() {
        return unit.map(|unit| number * unit.micros()).filter(|micros| micros.is_finite());
    }
    let mut micros = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (name, after) = after.split_at(letters);
        let factor = match name.trim() {
            "ns" => 1e-3,
            "us" | "µs" | "μs" => 1.0,
            "ms" => 1e3,
            "s" | "sec" => 1e6,
            "m" | "min" => 6e7,
            "h" => 3.6e9,
            _ => return None,
        };
        micros += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    Some(micros)
}
