//! Streams: inputs whose exchanges may be hops of each other. The files of a rotation are one capture, cut by time or size
//! wherever it was, also between the two sides of a proxy.

use std::cmp::Reverse;

use offpath_capture::InputFormat;

use super::Units;
use super::ledger::UnitFacts;
use super::pair::SLACK;

/// The stream of each input: the number of the first input in it.
#[derive(Debug, Default)]
pub(super) struct Streams(Vec<u32>);

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
        Streams(streams)
    }

    /// The stream of an input.
    pub(super) fn of_unit(&self, unit: u32) -> u32 {
        self.0.get(unit as usize).copied().unwrap_or(unit)
    }

    /// A stream's name.
    pub(super) fn name(&self, stream: u32, units: &Units) -> String {
        let inputs: Vec<u32> = (0..).zip(&self.0).filter(|(_, of)| **of == stream).map(|(unit, _)| unit).collect();
        let name = units.name(stream);
        match inputs.len().saturating_sub(1) {
            0 => name,
            1 => format!("{name} and the capture that follows it"),
            more => format!("{name} and the {more} captures that follow it"),
        }
    }
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
        Streams::of(&units, &facts.collect::<Vec<_>>()).0
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
