//! When an exchange began and ended, as the fields of its record tell.

use super::convention::Convention;
use super::fields::{DOUBTFUL, Fields, Value};
use super::meaning::Slot;
use super::record::Times;
use super::unit::{self, Unit};
use crate::Timestamp;
use crate::clock::{self, Reading};
use crate::scalar::Scalar;

impl Fields<'_, '_> {
    /// A line that names no time itself was written, and so logged, when the response was finished.
    pub(super) fn times(&mut self, written: Option<Reading>) -> Option<Times> {
        let duration = self.duration_micros();
        let logs_at_end = self.convention.is_some_and(Convention::logs_at_end);
        let end = self.time(Slot::End);
        if let Some(start) = self.time(Slot::Start) {
            let computed = duration.and_then(|micros| start.time.0.checked_add(micros)).map(Timestamp);
            let end = end.or_else(|| if logs_at_end { self.logged() } else { None });
            return Some(Times { start: start.time, end: computed.or(end.map(|end| end.time)), tick: start.tick });
        }
        let logged = self.logged();
        let at_end = match logged {
            Some(_) => end.or(logged.filter(|_| logs_at_end)),
            None => end.or(written),
        };
        if let Some(end) = at_end {
            let start = duration.and_then(|micros| end.time.0.checked_sub(micros)).map_or(end.time, Timestamp);
            return Some(Times { start, end: Some(end.time), tick: end.tick });
        }
        let start = logged?;
        let end = duration.and_then(|micros| start.time.0.checked_add(micros)).map(Timestamp);
        Some(Times { start: start.time, end, tick: start.tick })
    }

    fn time(&mut self, slot: Slot) -> Option<Reading> {
        let index = self.slots.get(slot as usize).copied().flatten()?.1;
        let field = self.list.get_mut(index)?;
        let Value::Scalar(scalar) = &field.value else { return None };
        let reading = match (scalar, &self.table.time_format) {
            (scalar, Some(format)) => format.read(&scalar.clone().into_text()?),
            (Scalar::Text(text), None) => clock::parse(text),
            (Scalar::Integer(number), None) => clock::epoch(*number),
            (Scalar::Float(number), None) => clock::epoch_float(*number),
            _ => None,
        }?;
        field.used = true;
        let bare = |text: &str| self.table.time_format.is_none() && clock::names_no_zone(text);
        self.zoneless |= matches!(&field.value, Value::Scalar(Scalar::Text(text)) if bare(text));
        Some(reading)
    }

    /// The time that a record names without saying which; a time of day belongs to the day in another field.
    fn logged(&mut self) -> Option<Reading> {
        let joined = match (self.peek(Slot::Date), self.peek(Slot::Logged)) {
            (Some(day), Some(time)) if matches!(time.as_bytes(), [_, _, b':', ..]) => {
                clock::parse(&format!("{day} {time}"))
            }
            _ => None,
        };
        if joined.is_some() {
            self.text(Slot::Date);
            self.text(Slot::Logged);
            return joined;
        }
        let doubtful =
            self.slots.get(Slot::Logged as usize).copied().flatten().is_some_and(|(rank, _)| rank == DOUBTFUL);
        let slots = match self.peek(Slot::Date) {
            Some(text) if doubtful && text.contains(':') => [Slot::Date, Slot::Logged],
            _ => [Slot::Logged, Slot::Date],
        };
        slots.into_iter().find_map(|slot| self.time(slot))
    }

    /// The best duration that can be read, in microseconds.
    fn duration_micros(&mut self) -> Option<i64> {
        let mut durations = std::mem::take(&mut self.durations);
        durations.sort_unstable_by_key(|(rank, index, _)| (*rank, *index));
        let micros = durations.iter().find_map(|(_, index, unit)| self.micros_of(*index, *unit));
        self.unitless &= micros.is_none();
        micros
    }

    /// The microseconds of a field. Libraries write a plain number under the name `duration` in s, ms, µs or ns: without a
    /// word on the unit it tells nothing.
    fn micros_of(&mut self, index: usize, unit: Option<Unit>) -> Option<i64> {
        // A mapping's own target has the unit that its documentation gives it.
        let described = self.table.strict.then_some(Unit::Milliseconds);
        let unit = unit.or(self.convention.map(Convention::duration_unit)).or(described);
        let field = self.list.get_mut(index)?;
        let Value::Scalar(scalar) = &field.value else { return None };
        self.unitless |= unit.is_none() && scalar.number().is_some();
        let micros = match (scalar.text(), unit) {
            // The W3C's own definition is seconds, written as a fraction; IIS writes whole milliseconds.
            (Some(text), _) if self.convention == Some(Convention::Iis) && text.contains('.') => {
                unit::duration(text, Some(Unit::Seconds))
            }
            (Some(text), unit) => unit::duration(text, unit),
            (None, Some(unit)) => scalar.number().map(|number| number * unit.micros()),
            (None, None) => None,
        };
        let micros = micros.filter(|micros| (0.0..1e15).contains(micros))?;
        field.used = true;
        #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
        Some(micros.round() as i64)
    }
}
