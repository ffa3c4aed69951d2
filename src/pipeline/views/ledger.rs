//! The ledger: sights of one thread by call, on disk beyond a budget, and what each input holds at all.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::carried::People;
use super::sight::Sight;
use crate::pipeline::PipelineError;

/// Parts of a ledger: all sights of one call are in one part, and one part is in memory at a time.
pub(super) const PARTS: usize = 64;

/// What an input holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct UnitFacts {
    /// Sights.
    pub(super) count: u64,
    /// First start and last end.
    pub(super) window: Option<(i64, i64)>,
    /// First and last start.
    pub(super) begun: Option<(i64, i64)>,
    /// Whether any request has a query: a log that writes none says nothing by it.
    pub(super) queries: bool,
    /// Hosts, users and ids that are known of its sights, all together.
    pub(super) known: u64,
}

impl UnitFacts {
    fn add(&mut self, sight: &Sight) {
        self.count += 1;
        self.queries |= sight.query != 0;
        self.known += sight.traits.iter().filter(|value| **value != 0).count() as u64;
        widen(&mut self.window, (sight.time, sight.over));
        widen(&mut self.begun, (sight.time, sight.time));
    }

    /// Adds what another thread saw of the input.
    pub(super) fn merge(&mut self, other: &UnitFacts) {
        self.count += other.count;
        self.queries |= other.queries;
        self.known += other.known;
        other.window.into_iter().for_each(|window| widen(&mut self.window, window));
        other.begun.into_iter().for_each(|begun| widen(&mut self.begun, begun));
    }
}

fn widen(known: &mut Option<(i64, i64)>, (from, to): (i64, i64)) {
    *known = Some(known.map_or((from, to), |(a, b)| (a.min(from), b.max(to))));
}

/// Sights of one thread.
pub(in crate::pipeline) struct Ledger {
    folder: PathBuf,
    parts: Vec<Vec<u8>>,
    bytes: usize,
    budget: usize,
    spilled: bool,
    /// By input.
    pub(super) facts: Vec<UnitFacts>,
    /// Exchanges by input and server.
    pub(super) asked: BTreeMap<(u32, u64), u64>,
    /// Exchanges of which no refusal was seen, by input, server and whether they may change something.
    pub(super) open: BTreeMap<(u32, u64, bool), u64>,
    /// Exchanges of captures that were not refused, by input, server and whether they may change something.
    pub(super) taken: BTreeMap<(u32, u64, bool), u64>,
    /// Actors of the sights.
    pub(super) people: People,
}

impl Ledger {
    /// An empty ledger of `units` inputs that spills into `folder`, made when needed, beyond `budget` bytes.
    pub(in crate::pipeline) fn new(folder: PathBuf, units: usize, budget: usize) -> Self {
        let facts = vec![UnitFacts::default(); units];
        Ledger {
            folder,
            parts: vec![Vec::new(); PARTS],
            bytes: 0,
            budget,
            spilled: false,
            facts,
            asked: BTreeMap::new(),
            open: BTreeMap::new(),
            taken: BTreeMap::new(),
            people: People::default(),
        }
    }

    /// Files a sight. One of part of a path is only looked for as a hop.
    pub(super) fn push(&mut self, sight: &Sight) -> Result<(), PipelineError> {
        if let Some(facts) = self.facts.get_mut(sight.unit as usize).filter(|_| sight.prefix == 0) {
            facts.add(sight);
        }
        let part = usize::try_from(sight.call >> 32).unwrap_or(0) % PARTS;
        let Some(part) = self.parts.get_mut(part) else { return Ok(()) };
        let before = part.len();
        *part = postcard::to_extend(sight, std::mem::take(part)).map_err(|error| bad(&error))?;
        self.bytes += part.len() - before;
        if self.bytes > self.budget { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<(), PipelineError> {
        if !self.spilled {
            std::fs::create_dir(&self.folder).map_err(io)?;
        }
        for (index, part) in self.parts.iter_mut().enumerate() {
            let file = File::options().append(true).create(true).open(part_file(&self.folder, index));
            file.and_then(|mut file| file.write_all(part)).map_err(io)?;
            *part = Vec::new();
        }
        self.spilled = true;
        self.bytes = 0;
        Ok(())
    }

    /// All sights of a part, in the order filed.
    pub(super) fn part(&self, index: usize) -> Result<Vec<Sight>, PipelineError> {
        let mut bytes = Vec::new();
        if self.spilled {
            let file = File::open(part_file(&self.folder, index));
            file.and_then(|mut file| file.read_to_end(&mut bytes)).map_err(io)?;
        }
        bytes.extend_from_slice(self.parts.get(index).map_or(&[][..], Vec::as_slice));
        let mut sights = Vec::new();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (sight, after) = postcard::take_from_bytes(rest).map_err(|error| bad(&error))?;
            sights.push(sight);
            rest = after;
        }
        Ok(sights)
    }
}

fn part_file(folder: &Path, index: usize) -> PathBuf {
    folder.join(format!("part-{index:02}"))
}

fn io(source: std::io::Error) -> PipelineError {
    PipelineError::Io { what: "keeping what tells exchanges apart", source }
}

fn bad(error: &postcard::Error) -> PipelineError {
    io(std::io::Error::other(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spilled_ledger_gives_back_what_a_roomy_one_does() {
        let folder = tempfile::tempdir().unwrap();
        let mut roomy = Ledger::new(folder.path().join("roomy"), 2, usize::MAX);
        let mut tight = Ledger::new(folder.path().join("tight"), 2, 300);
        for n in 0..500_u64 {
            let call = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let sight = Sight { ordinal: n, unit: (n % 2) as u32, call, time: n as i64, over: 600, ..Sight::default() };
            roomy.push(&sight).unwrap();
            tight.push(&sight).unwrap();
        }
        assert!(tight.spilled && !roomy.spilled);
        let all = |ledger: &Ledger| (0..PARTS).map(|part| ledger.part(part).unwrap()).collect::<Vec<_>>();
        assert_eq!(all(&roomy), all(&tight));
        assert_eq!(all(&roomy).iter().map(Vec::len).sum::<usize>(), 500);
        assert_eq!(roomy.facts, tight.facts);
        assert_eq!(
            roomy.facts[1],
            UnitFacts { count: 250, window: Some((1, 600)), begun: Some((1, 499)), queries: false, known: 0 }
        );
    }
}
