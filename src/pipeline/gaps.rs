//! What was not seen, by input and connection: the rows of `gaps.jsonl`.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use offpath_capture::{BlindSpot, Exchange, InputError, SourceReport, UnreadConnection};

use super::alpn;
use crate::correlate::Redactor;
use crate::event::rfc3339;
use crate::report::Gap;

/// Rows kept; what has no row of its own is counted.
const ROWS: usize = 10_000;
/// Connections of which not all was read that have rows, besides those above: those with the most bytes not seen.
const CONNECTIONS: usize = 2_000;

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

/// Scope, input, connection, kind, reason, and what tells a blind spot.
type Key = (Scope, String, Option<u64>, &'static str, String, Spot);

/// When a blind spot began, and the server towards which: each has its own row. Nothing for all else.
type Spot = (i64, Option<String>);

/// A connection of which not all was read: the bytes of it that were not seen, input, connection.
type Worst = (Reverse<u64>, String, u64);

/// One row of it: kind, reason, and the rest.
type Part = (&'static str, &'static str, Row);

/// Gaps by place and reason. Any order of adding and merging gives the same rows: those of the smallest keys.
#[derive(Default)]
pub(super) struct Gaps {
    rows: BTreeMap<Key, Row>,
    /// The connections of which most was not seen: bytes, input, connection -> rows.
    worst: BTreeMap<Worst, Vec<Part>>,
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
    /// Bytes that this is a part of: of the packets that the source held, 0 where it has none; of what is missing, with it.
    of: u64,
    /// What a connection shows that was not read.
    shown: Option<Box<Shown>>,
}

/// What a connection shows that was not read, as outputs have it.
#[derive(Clone, Default, PartialEq, Eq)]
struct Shown {
    protocol: Option<&'static str>,
    server_name: Option<String>,
    tls_version: Option<&'static str>,
    alpn: Option<String>,
    fingerprint: Option<String>,
}

impl Row {
    fn merge(&mut self, other: Row) {
        self.count += other.count;
        self.bytes += other.bytes;
        self.of = self.of.max(other.of);
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
                of: 0,
                shown: None,
            };
            let input = exchange.origin.input.to_string();
            let scope = if exchange.connection.is_some() { Scope::Connection } else { Scope::Input };
            self.add(
                (scope, input, exchange.connection, "incomplete", reason.as_str().to_owned(), Spot::default()),
                row,
            );
        }
    }

    /// Notes what was not seen of a connection.
    pub(super) fn unread(&mut self, unread: &UnreadConnection, redactor: &Redactor) {
        let ends = [unread.client, unread.server].map(|end| Some(redactor.endpoint(end)));
        let tls = unread.tls.clone().unwrap_or_default();
        let shown = Box::new(Shown {
            protocol: unread.protocol,
            server_name: tls.server_name.map(|name| redactor.host(&name).into_owned()),
            tls_version: tls.version,
            alpn: tls.alpn.map(|alpn| alpn::shown(alpn, |text| redactor.name(text).into_owned())),
            fingerprint: tls.fingerprint,
        });
        let row = |count, bytes| {
            let [client, server] = ends.clone();
            Row {
                count,
                bytes,
                period: Some((unread.from.0, unread.to.0)),
                first: (unread.from.0, unread.origin.to_string(), client, server),
                of: 0,
                shown: Some(shown.clone()),
            }
        };
        let not_read = unread.not_read.iter().map(|part| ("not_read", part.reason, row(part.count, part.bytes)));
        let missing = [("lost", unread.lost), ("snap_length", unread.cut)].into_iter().filter(|(_, bytes)| *bytes > 0);
        let rows: Vec<Part> = not_read.chain(missing.map(|(why, bytes)| ("missing", why, row(1, bytes)))).collect();
        let bytes = rows.iter().map(|(_, _, row)| row.bytes).sum();
        self.add_connection((Reverse(bytes), unread.origin.input.to_string(), unread.connection), rows);
    }

    fn add_connection(&mut self, key: Worst, rows: Vec<Part>) {
        self.all += rows.iter().map(|(_, _, row)| row.count).sum::<u64>();
        self.worst.entry(key).or_default().extend(rows);
        if self.worst.len() > CONNECTIONS {
            self.worst.pop_last();
        }
    }

    /// Notes a stretch of time in which requests were not seen.
    pub(super) fn blind_spot(&mut self, spot: &BlindSpot, redactor: &Redactor) {
        let server = spot.server.map(|end| redactor.endpoint(end));
        let row = Row {
            count: 1,
            bytes: 0,
            period: Some((spot.from.0, spot.to.0)),
            first: (spot.from.0, spot.origin.to_string(), None, server.clone()),
            of: 0,
            shown: None,
        };
        let input = spot.origin.input.to_string();
        let told = (spot.from.0, server);
        self.add((Scope::Period, input, None, "blind_spot", "requests_not_seen".to_owned(), told), row);
    }

    /// Notes what a source says of itself at its end.
    pub(super) fn report(&mut self, report: &SourceReport, redactor: &Redactor) {
        let name = match report.inputs.as_slice() {
            [] => String::new(),
            [only] => only.name.clone(),
            [first, rest @ ..] => format!("{} and {} more", first.name, rest.len()),
        };
        let missing = report.missing.iter().fold(0_u64, |sum, part| sum.saturating_add(part.bytes));
        let of = report.captured.bytes;
        let all = of.saturating_add(missing);
        let first = |origin| (0, origin, None, None);
        let row = |count, bytes, origin| Row { count, bytes, period: None, first: first(origin), of, shown: None };
        // All that was noted so far is this source's. What is missing is no part of what was captured.
        let connections = self.worst.values_mut().flatten().map(|(kind, _, row)| (*kind, row));
        let noted = self.rows.iter_mut().map(|((_, _, _, kind, ..), row)| (*kind, row)).chain(connections);
        noted.for_each(|(kind, row)| row.of = if kind == "missing" { all } else { of });
        for part in report.not_read.iter().filter(|part| part.count > 0) {
            let key = (Scope::Input, name.clone(), None, "not_read", part.reason.to_owned(), Spot::default());
            self.add(key, row(part.count, part.bytes, String::new()));
        }
        for dropped in &report.dropped {
            let origin = format!("{}#{}", dropped.input, redactor.name(&dropped.interface));
            let why = "dropped_while_capturing".to_owned();
            let key = (Scope::Input, origin.clone(), None, "not_read", why, Spot::default());
            self.add(key, row(dropped.packets, 0, origin));
        }
        for part in &report.missing {
            let key = (Scope::Input, name.clone(), None, "missing", part.reason.to_owned(), Spot::default());
            self.add(key, Row { of: all, ..row(part.count, part.bytes, String::new()) });
        }
        for oddity in &report.irregularities {
            let key = (
                Scope::Input,
                oddity.first.input.to_string(),
                None,
                "irregularity",
                oddity.name.to_owned(),
                Spot::default(),
            );
            self.add(key, row(oddity.count, 0, oddity.first.to_string()));
        }
        report.errors.iter().for_each(|error| self.error(error));
    }

    /// Notes an input, or a part of it, that could not be read.
    pub(super) fn error(&mut self, error: &InputError) {
        let origin = error.origin.as_ref().map(ToString::to_string).unwrap_or_default();
        let row = Row { count: 1, bytes: 0, period: None, first: (0, origin, None, None), of: 0, shown: None };
        self.add((Scope::Input, error.input.clone(), None, "error", error.kind.to_string(), Spot::default()), row);
    }

    /// Adds what another reader noted.
    pub(super) fn merge(&mut self, other: Gaps) {
        self.all += other.all.saturating_sub(other.held());
        for (key, row) in other.rows {
            self.add(key, row);
        }
        for (key, rows) in other.worst {
            self.add_connection(key, rows);
        }
    }

    /// Gaps that have a row.
    fn held(&self) -> u64 {
        let worst = self.worst.values().flatten().map(|(_, _, row)| row.count);
        self.rows.values().map(|row| row.count).chain(worst).sum()
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
        let held = self.held();
        let begun = |(key, row): (Key, Row)| (key.5.0, gap((key, row), redactor));
        let mut rows: Vec<(i64, Gap)> = self.rows.into_iter().map(begun).collect();
        for ((_, input, connection), parts) in self.worst {
            rows.extend(parts.into_iter().map(|(kind, why, row)| {
                let key = (Scope::Connection, input.clone(), Some(connection), kind, why.to_owned(), Spot::default());
                (0, gap((key, row), redactor))
            }));
        }
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
    let shown = row.shown.map(|shown| *shown).unwrap_or_default();
    Gap {
        input,
        connection: connection.map(|connection| redactor.connection(connection)),
        client,
        server,
        kind: kind.to_owned(),
        reason,
        count: row.count,
        bytes: row.bytes,
        share: (row.bytes > 0).then(|| share(row.bytes, row.of)).flatten(),
        protocol: shown.protocol.map(str::to_owned),
        server_name: shown.server_name,
        tls_version: shown.tls_version.map(str::to_owned),
        alpn: shown.alpn,
        fingerprint: shown.fingerprint,
        from: row.period.map(|(from, _)| rfc3339(from)),
        to: row.period.map(|(_, to)| rfc3339(to)),
        origin: (!origin.is_empty()).then_some(origin),
    }
}

/// A part of the bytes of a source's packets, from 0 to 1 and rounded so that it reads the same everywhere. What is missing
/// is a part of these and of all that is missing.
pub(super) fn share(bytes: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| (bytes as f64 / of as f64 * 1e6).round() / 1e6)
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
        let first = (time, format!("a#frame={time}"), None, None);
        Row { count: 1, bytes: 3, period: Some((time, time + 1)), first, of: 0, shown: None }
    }

    fn key(connection: u64) -> Key {
        (Scope::Connection, "a".to_owned(), Some(connection), "incomplete", "no_response".to_owned(), Spot::default())
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

    #[test]
    fn the_connections_of_which_most_was_not_seen_have_rows() {
        let redactor = Redactor::new(crate::correlate::HashKey::new(b"a key of sixteen"), Default::default());
        let end = |port| offpath_capture::Endpoint { ip: std::net::IpAddr::from([10, 0, 0, 1]), port: Some(port) };
        let place = offpath_capture::Place::Frames { first: 1, last: 1, offset: 24 };
        let unread = |connection: u64, bytes| UnreadConnection {
            connection,
            client: end(5000),
            server: end(443),
            from: offpath_capture::Timestamp(5),
            to: offpath_capture::Timestamp(9),
            bytes: 2 * bytes,
            not_read: vec![offpath_capture::NotRead { reason: "tls_no_key", count: 1, bytes }],
            lost: u64::from(connection == 9_999),
            cut: 0,
            protocol: Some("tls"),
            tls: None,
            origin: offpath_capture::Origin::new("a".into(), place.clone()),
        };
        let mut halves = [Gaps::default(), Gaps::default()];
        for connection in 0..CONNECTIONS as u64 + 5 {
            halves[connection as usize % 2].unread(&unread(connection, 1_000 + connection), &redactor);
        }
        halves[1].unread(&unread(9_999, 1_000_000), &redactor);
        let mut report = SourceReport::default();
        report.captured.bytes = 4_000_000;
        halves.iter_mut().for_each(|half| half.report(&report, &redactor));
        let [mut gaps, other] = halves;
        gaps.merge(other);
        let rows = gaps.finish(&redactor);
        // Two rows of the worst, one of each other, and the sum of those left out.
        assert_eq!(rows.len(), CONNECTIONS + 2);
        let worst: Vec<&Gap> =
            rows.iter().filter(|row| row.connection.as_deref() == Some("000000000000270f")).collect();
        assert_eq!(
            worst.iter().map(|row| (row.kind.as_str(), row.bytes)).collect::<Vec<_>>(),
            [("missing", 1), ("not_read", 1_000_000)]
        );
        assert_eq!(worst.last().unwrap().share, Some(0.25));
        assert_eq!(rows.last().map(|row| (row.kind.as_str(), row.count)), Some(("left_out", 6)));
    }

    #[test]
    fn blind_spots_that_begin_together_stay_apart() {
        let mut gaps = Gaps::default();
        for server in 1..=2 {
            let place = offpath_capture::Place::Frames { first: 1, last: 1, offset: 24 };
            let spot = BlindSpot {
                server: Some(offpath_capture::Endpoint { ip: [10, 0, 0, server].into(), port: Some(80) }),
                from: offpath_capture::Timestamp(5),
                to: offpath_capture::Timestamp(9),
                client: None,
                origin: offpath_capture::Origin::new("a".into(), place),
            };
            gaps.blind_spot(&spot, &Redactor::new(HashKey::new(b"a key of sixteen"), Redaction::Keep));
        }
        let rows = gaps.finish(&plain());
        let servers: Vec<_> = rows.iter().filter_map(|row| row.server.as_deref()).collect();
        assert_eq!(servers, ["10.0.0.1:80", "10.0.0.2:80"]);
    }

    #[test]
    fn an_interface_is_named_as_names_are() {
        let interface = "alice@corp.example".to_owned();
        let dropped = offpath_capture::DroppedPackets { input: "a".to_owned(), interface, packets: 9 };
        let report = SourceReport { dropped: vec![dropped], ..SourceReport::default() };
        for (level, shown) in [(Redaction::Keep, true), (Redaction::Mask, false), (Redaction::Hash, false)] {
            let redactor = Redactor::new(HashKey::new(b"a key of sixteen"), level);
            let mut gaps = Gaps::default();
            gaps.report(&report, &redactor);
            let rows = gaps.finish(&redactor);
            let told = serde_json::to_string(&rows).unwrap();
            assert!(rows.len() == 1 && told.contains("a#") && told.contains("alice") == shown, "{told}");
        }
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
