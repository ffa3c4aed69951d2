//! Streams: inputs whose exchanges may be hops of each other. The files of a rotation are one capture, cut by time or size
//! wherever it was, also between the two sides of a proxy.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use offpath_capture::InputFormat;

use super::Units;
use super::ledger::UnitFacts;
use super::pair::SLACK;

/// The stream of each input: the number of the first input in it; and what of it is compared with other inputs.
#[derive(Debug, Default)]
pub(super) struct Streams {
    streams: Vec<u32>,
    views: Vec<u32>,
}

/// Captures of a stream so far.
struct Chain {
    stream: u32,
    /// The latest start of an exchange.
    last: i64,
    /// The name of the last one, without numbers.
    kind: String,
}

impl Streams {
    /// Captures that follow each other in time are one stream, those whose names differ in numbers alone before others;
    /// captures of one time are two taps, as two views may be. Every other input is a stream of its own.
    pub(super) fn of(units: &Units, facts: &[UnitFacts]) -> Self {
        let mut streams: Vec<u32> = (0..).take(facts.len()).collect();
        let captures = (0..).zip(&units.0).zip(facts).filter_map(|((unit, (name, format)), facts)| {
            let is_capture = matches!(format, InputFormat::Pcap | InputFormat::Pcapng);
            let (first, last) = facts.begun.filter(|_| is_capture)?;
            Some((first, last, unit, without_numbers(name)))
        });
        let mut captures: Vec<(i64, i64, u32, String)> = captures.collect();
        captures.sort_unstable();
        let mut chains: Vec<Chain> = Vec::new();
        for (first, last, unit, kind) in captures {
            let follows = |chain: &&mut Chain| chain.last <= first.saturating_add(SLACK);
            let nearest = |chain: &&mut Chain| (chain.kind == kind, chain.last, Reverse(chain.stream));
            match chains.iter_mut().filter(follows).max_by_key(nearest) {
                Some(chain) => {
                    if let Some(stream) = streams.get_mut(unit as usize) {
                        *stream = chain.stream;
                    }
                    (chain.last, chain.kind) = (chain.last.max(last), kind);
                }
                None => chains.push(Chain { stream: unit, last, kind }),
            }
        }
        let views = views(&streams, units, facts);
        Streams { streams, views }
    }

    /// The stream of an input.
    pub(super) fn of_unit(&self, unit: u32) -> u32 {
        self.streams.get(unit as usize).copied().unwrap_or(unit)
    }

    /// A stream's name.
    pub(super) fn name(&self, stream: u32, units: &Units) -> String {
        let inputs: Vec<u32> =
            (0..).zip(&self.streams).filter(|(_, of)| **of == stream).map(|(unit, _)| unit).collect();
        let name = units.name(stream);
        match inputs.len().saturating_sub(1) {
            0 => name,
            1 => format!("{name} and the capture that follows it"),
            more => format!("{name} and the {more} captures that follow it"),
        }
    }
}

impl Streams {
    /// What an input is compared as: its stream, by the first input in it, where another capture shows the same time; else
    /// itself.
    pub(super) fn view(&self, unit: u32) -> u32 {
        self.views.get(unit as usize).copied().unwrap_or(unit)
    }

    /// The facts of each view, at its first input.
    pub(super) fn views(&self, facts: &[UnitFacts]) -> Vec<UnitFacts> {
        let mut views = vec![UnitFacts::default(); facts.len()];
        for (view, facts) in self.views.iter().zip(facts) {
            if let Some(all) = views.get_mut(*view as usize) {
                all.merge(facts);
            }
        }
        views
    }

    /// The inputs, each by the name of the view that begins with it.
    pub(super) fn named(&self, units: &Units) -> Units {
        let is_stream = |unit: u32| (0..).zip(&self.views).any(|(other, view)| *view == unit && other != unit);
        let named = (0..).zip(&units.0).map(|(unit, (name, format))| {
            (if is_stream(unit) { self.name(unit, units) } else { name.clone() }, *format)
        });
        Units(named.collect())
    }

    /// What is known of views, for each of their inputs.
    pub(super) fn of_all_in(&self, views: &BTreeMap<u32, i64>) -> BTreeMap<u32, i64> {
        let of = |(unit, view): (u32, &u32)| Some((unit, *views.get(view)?));
        (0..).zip(&self.views).filter_map(of).collect()
    }

    /// The view of each input, by the input's name.
    pub(super) fn by_name(&self, units: &Units) -> BTreeMap<String, u32> {
        units.0.iter().zip(&self.views).map(|((name, _), view)| (name.clone(), *view)).collect()
    }
}

/// What each input is compared as. A stream that no other overlaps is compared file by file: one of them may be another's
/// copy by a clock that is wrong.
fn views(streams: &[u32], units: &Units, facts: &[UnitFacts]) -> Vec<u32> {
    let mut spans: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
    for ((stream, (_, format)), facts) in streams.iter().zip(&units.0).zip(facts) {
        let is_capture = matches!(format, InputFormat::Pcap | InputFormat::Pcapng);
        if let Some((first, last)) = facts.begun.filter(|_| is_capture) {
            let span = spans.entry(*stream).or_insert((first, last));
            *span = (span.0.min(first), span.1.max(last));
        }
    }
    // By their starts, a stream overlaps another if it begins before one before it is over, or the next begins before it is.
    let mut order: Vec<(i64, i64, u32)> =
        spans.iter().map(|(stream, (first, last))| (*first, *last, *stream)).collect();
    order.sort_unstable();
    let mut beside = BTreeSet::new();
    let mut open: Option<(i64, u32)> = None;
    for (first, last, stream) in order {
        if let Some((until, other)) = open.filter(|(until, _)| first <= *until) {
            beside.extend([stream, other]);
            open = Some(if last > until { (last, stream) } else { (until, other) });
        } else {
            open = Some((last, stream));
        }
    }
    (0..).zip(streams).map(|(unit, stream)| if beside.contains(stream) { *stream } else { unit }).collect()
}

fn without_numbers(name: &str) -> String {
    name.chars().filter(|char| !char.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn streams(inputs: &[(&str, i64, i64)]) -> Vec<u32> {
        let format = |name: &str| if name.ends_with("log") { InputFormat::Zeek } else { InputFormat::Pcap };
        let units = Units(inputs.iter().map(|(name, ..)| ((*name).to_owned(), format(name))).collect());
        let facts = inputs
            .iter()
            .map(|(_, first, last)| UnitFacts { begun: Some((first * SECOND, last * SECOND)), ..UnitFacts::default() });
        Streams::of(&units, &facts.collect::<Vec<_>>()).streams
    }

    #[test]
    fn a_rotation_is_compared_whole_where_another_tap_shows_its_time() {
        let views = |spans: &[(i64, i64)], streams: &[u32]| {
            let units = Units(spans.iter().map(|_| ("a.pcap".to_owned(), InputFormat::Pcap)).collect());
            let facts = spans.iter().map(|span| UnitFacts { begun: Some(*span), ..UnitFacts::default() });
            super::views(streams, &units, &facts.collect::<Vec<_>>())
        };
        assert_eq!(views(&[(0, 9), (10, 19), (0, 8), (9, 18)], &[0, 0, 2, 2]), [0, 0, 2, 2]);
        // A whole capture beside one that rotates, and one that nothing lies beside.
        assert_eq!(views(&[(0, 9), (10, 19), (1, 18), (40, 49), (50, 59)], &[0, 0, 2, 3, 3]), [0, 0, 2, 3, 4]);
    }

    #[test]
    fn what_follows_in_time_is_one_stream_and_what_is_beside_it_another() {
        assert_eq!(streams(&[("a1.pcap", 0, 9), ("a2.pcap", 10, 19), ("a3.pcap", 19, 29)]), [0, 0, 0]);
        assert_eq!(streams(&[("a1.pcap", 20, 29), ("a2.pcap", 10, 19), ("a3.pcap", 0, 9)]), [2, 2, 2]);
        assert_eq!(streams(&[("back.pcap", 0, 9), ("front.pcap", 1, 8)]), [0, 1]);
        assert_eq!(streams(&[("a.pcap", 0, 9), ("b.log", 10, 19)]), [0, 1]);
        // Two taps that both rotate.
        let taps = [("back-1", 0, 9), ("back-2", 10, 19), ("front-1", 0, 8), ("front-2", 9, 18)];
        assert_eq!(streams(&taps), [0, 0, 2, 2]);
    }
}
