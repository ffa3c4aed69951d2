//! What was not seen, by input and connection: the rows of `gaps.jsonl`.

use std::collections::BTreeMap;

use offpath_capture::{BlindSpot, Exchange, InputError, SourceReport};

use crate::correlate::Redactor;
use crate::event::rfc3339;
use crate::report::Gap;

/// Rows kept; what has no row of its own is counted.
const ROWS: usize = 10_000;

/// What a row is about. Where there are too many, those of single connections are left out first: a thousand broken
/// connections must not hide the file that could not be read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// All of an input: one row a reason.
    Input,
    /// A stretch of time.
    Period,
    /// One connection.
    Connection,
}

/// Scope, input, connection, kind, reason, and the begin of a blind spot (each has its own row; 0 for all else).
type Key = (Scope, String, Option<u64>, &'static str, String, i64);

/// Gaps by place and reason. Any order of adding and merging gives the same rows: those of the smallest keys.
#[derive(Default)]
pub(super) struct Gaps {
    rows: BTreeMap<Key, Row>,
    /// All gaps, with and without a row.
    all: u64,
}

/// One row under construction.
#[derive(Clone)]
struct Row {
    count: u64,
    bytes: u64,
    /// First and last instant, microseconds since the Unix epoch.
    period: Option<(i64, i64)>,
    /// Time, place and ends of the earliest gap.
    first: (i64, String, Option<String>, Option<String>),
}

impl Row {
    fn merge(&mut self, other: Row) {
        self.count += other.count;
        self.bytes += other.bytes;
        self.period = match (self.period, other.period) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        if other.first < self.first {
            self.first = other.first;
        }
    }
}

impl Gaps {
    /// Notes why an exchange is not whole.
    pub(super) fn exchange(&mut self, exchange: &Exchange, redactor: &Redactor) {
        if exchange.incomplete.is_empty() {
            return;
        }
        let begin = exchange.time.0;
        let end = exchange.end.map_or(begin, |end| end.0);
        let ends = [exchange.client, exchange.server].map(|end| end.map(|end| redactor.endpoint(end)));
        for reason in &exchange.incomplete {
            let [client, server] = ends.clone();
            let row = Row {
                count: 1,
                bytes: 0,
                period: Some((begin, end.max(begin))),
                first: (begin, exchange.origin.to_string(), client, server),
            };
            let input = exchange.origin.input.to_string();
            let scope = if exchange.connection.is_some() { Scope::Connection } else { Scope::Input };
            self.add((scope, input, exchange.connection, "incomplete", reason.as_str().to_owned(), 0), row);
        }
    }

    /// Notes a stretch of time in which requests were not seen.
    pub(super) fn blind_spot(&mut self, spot: &BlindSpot) {
        let row = Row {
            count: 1,
            bytes: 0,
            period: Some((spot.from.0, spot.to.0)),
            first: (spot.from.0, spot.origin.to_string(), None, None),
        };
        let input = spot.origin.input.to_string();
        self.add((Scope::Period, input, None, "blind_spot", "requests_not_seen".to_owned(), spot.from.0), row);
    }

    /// Notes what a source says of itself at its end.
    pub(super) fn report(&mut self, report: &SourceReport) {
        let name = match report.inputs.as_slice() {
            [] => String::new(),
            [only] => only.name.clone(),
            [first, rest @ ..] => format!("{} and {} more", first.name, rest.len()),
        };
        let row = |count, bytes, origin| Row { count, bytes, period: None, first: (0, origin, None, None) };
        for part in report.not_read.iter().filter(|part| part.count > 0) {
            let key = (Scope::Input, name.clone(), None, "not_read", part.reason.to_owned(), 0);
            self.add(key, row(part.count, part.bytes, String::new()));
        }
        for oddity in &report.irregularities {
            let key = (Scope::Input, oddity.first.input.to_string(), None, "irregularity", oddity.name.to_owned(), 0);
            self.add(key, row(oddity.count, 0, oddity.first.to_string()));
        }
        report.errors.iter().for_each(|error| self.error(error));
    }

    /// Notes an input, or a part of it, that could not be read.
    pub(super) fn error(&mut self, error: &InputError) {
        let origin = error.origin.as_ref().map(ToString::to_string).unwrap_or_default();
        let row = Row { count: 1, bytes: 0, period: None, first: (0, origin, None, None) };
        self.add((Scope::Input, error.input.clone(), None, "error", error.kind.to_string(), 0), row);
    }

    /// Adds what another reader noted.
    pub(super) fn merge(&mut self, other: Gaps) {
        let held: u64 = other.rows.values().map(|row| row.count).sum();
        self.all += other.all.saturating_sub(held);
        for (key, row) in other.rows {
            self.add(key, row);
        }
    }

    fn add(&mut self, key: Key, row: Row) {
        self.all += row.count;
        let full = self.rows.len() >= ROWS;
        if full && self.rows.last_key_value().is_some_and(|(last, _)| key > *last) {
            return;
        }
        match self.rows.get_mut(&key) {
            Some(known) => known.merge(row),
            None => {
                self.rows.insert(key, row);
                // A key that leaves is larger than all that stay, so it can never come back with a part of its count.
                if full {
                    self.rows.pop_last();
                }
            }
        }
    }

    /// The rows by input, connection, kind and reason; a last one counts what has none.
    pub(super) fn finish(self, redactor: &Redactor) -> Vec<Gap> {
        let held: u64 = self.rows.values().map(|row| row.count).sum();
        let begun = |(key, row): (Key, Row)| (key.5, gap((key, row), redactor));
        let mut rows: Vec<(i64, Gap)> = self.rows.into_iter().map(begun).collect();
        let place = |gap: &Gap| (gap.input.clone(), gap.connection.clone(), gap.kind.clone(), gap.reason.clone());
        rows.sort_by_cached_key(|(begin, gap)| (place(gap), *begin));
        let mut gaps: Vec<Gap> = rows.into_iter().map(|(_, gap)| gap).collect();
        if self.all > held {
            gaps.push(Gap { kind: "left_out".to_owned(), count: self.all - held, ..Gap::default() });
        }
        gaps
    }
}

fn gap(((_, input, connection, kind, reason, _), row): (Key, Row), redactor: &Redactor) -> Gap {
    let (_, origin, client, server) = row.first;
    Gap {
        input,
        connection: connection.map(|connection| redactor.connection(connection)),
        client,
        server,
        kind: kind.to_owned(),
        reason,
        count: row.count,
        bytes: row.bytes,
        from: row.period.map(|(from, _)| rfc3339(from)),
        to: row.period.map(|(_, to)| rfc3339(to)),
        origin: (!origin.is_empty()).then_some(origin),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::correlate::{HashKey, Redaction};

    fn plain() -> Redactor {
        Redactor::new(HashKey::new(b"k"), Redaction::Mask)
    }

    fn row(time: i64) -> Row {
        Row { count: 1, bytes: 3, period: Some((time, time + 1)), first: (time, format!("a#frame={time}"), None, None) }
    }

    fn key(connection: u64) -> Key {
        (Scope::Connection, "a".to_owned(), Some(connection), "incomplete", "no_response".to_owned(), 0)
    }

    #[test]
    fn what_has_no_row_is_counted() {
        let mut gaps = Gaps::default();
        for connection in (0..ROWS as u64 + 7).rev() {
            gaps.add(key(connection), row(5));
            gaps.add(key(connection), row(2));
        }
        let rows = gaps.finish(&plain());
        assert_eq!(rows.len(), ROWS + 1);
        let last = rows.last().unwrap();
        assert_eq!((last.kind.as_str(), last.count), ("left_out", 14));
        let first = rows.first().unwrap();
        assert_eq!((first.count, first.bytes, first.origin.as_deref()), (2, 6, Some("a#frame=2")));
        assert_eq!(first.to.as_deref(), Some("1970-01-01T00:00:00.000006Z"));
    }

    #[test]
    fn broken_connections_crowd_out_nothing_else() {
        let mut gaps = Gaps::default();
        (0..ROWS as u64 + 7).for_each(|connection| gaps.add(key(connection), row(5)));
        gaps.error(&InputError { input: "z".to_owned(), origin: None, kind: offpath_capture::InputErrorKind::Empty });
        let rows = gaps.finish(&plain());
        assert_eq!(rows.len(), ROWS + 1);
        assert!(rows.iter().any(|row| row.kind == "error" && row.input == "z"));
        assert_eq!(rows.last().map(|row| row.count), Some(8));
    }

    proptest! {
        #[test]
        fn readers_may_be_merged_in_any_order(notes in proptest::collection::vec((0..5u64, 0..9i64, 0..3usize), 0..40)) {
            let mut readers = [Gaps::default(), Gaps::default(), Gaps::default()];
            let mut alone = Gaps::default();
            for (connection, time, reader) in &notes {
                readers[*reader].add(key(*connection), row(*time));
                alone.add(key(*connection), row(*time));
            }
            let mut together = Gaps::default();
            readers.into_iter().rev().for_each(|reader| together.merge(reader));
            prop_assert_eq!(together.finish(&plain()), alone.finish(&plain()));
        }
    }
}
