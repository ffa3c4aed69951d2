//! What is carried over to exchanges that are kept: who acted and how it went, as another view of the exchange tells it.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use offpath_capture::Place;
use serde::{Deserialize, Serialize};

use crate::event::{Actor, ObjectId};
use crate::pipeline::PipelineError;

/// Exchanges of one thread whose twins are in memory at a time.
const BUCKET: u64 = 1 << 16;

/// Actors of one thread and the clocks they were seen by, each once: they are few, and exchanges many.
#[derive(Debug, Default)]
pub(super) struct People {
    numbers: HashMap<(Actor, Arc<str>), u32>,
    all: Vec<(Actor, Arc<str>)>,
}

impl People {
    /// The number of an actor that a sensor shows.
    pub(super) fn number(&mut self, actor: &Actor, sensor: &Arc<str>) -> Option<u32> {
        let seen = (actor.clone(), sensor.clone());
        if let Some(number) = self.numbers.get(&seen) {
            return Some(*number);
        }
        let number = u32::try_from(self.all.len()).ok()?;
        self.all.push(seen.clone());
        self.numbers.insert(seen, number);
        Some(number)
    }

    /// The actor of a number, and the sensor.
    pub(super) fn get(&self, number: u32) -> Option<&(Actor, Arc<str>)> {
        self.all.get(number as usize)
    }
}

/// Hash of all that is told of an actor.
pub(super) fn hash(actor: &Actor) -> u64 {
    let mut hasher = DefaultHasher::new();
    actor.hash(&mut hasher);
    hasher.finish().max(1)
}

/// Another view of an exchange that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Twin {
    /// Thread that read it.
    pub(super) thread: u32,
    pub(super) says: Says,
    /// Its input.
    pub(super) unit: u32,
    pub(super) place: Place,
}

/// What is taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Says {
    /// What its actor, by the number there, tells beyond the kept one.
    Who(u32),
    /// That it is the outermost hop: its actor acted, so many microseconds after the kept one (mostly before), and for so
    /// many longer.
    Outermost { who: Option<u32>, by: i64, longer: i64 },
    /// How it went, and the states that the answer declares; of the kept one no answer was seen.
    Answer { status: u16, declared: Vec<(ObjectId, Arc<str>)> },
    /// Where it came from, as hashes of address and network; the kept one does not show it.
    From([u64; 2]),
    /// That a gateway gave up with this status, and the server behind it went on.
    GivenUp(u16),
}

/// Twins of one thread's exchanges, by their places, on disk beyond a budget.
#[derive(Debug)]
pub(in crate::pipeline) struct Carried {
    folder: PathBuf,
    buckets: BTreeMap<u64, Vec<u8>>,
    bytes: usize,
    budget: usize,
    spilled: bool,
}

impl Carried {
    /// None yet; they spill into `folder`, made when needed, beyond `budget` bytes.
    pub(super) fn new(folder: PathBuf, budget: usize) -> Self {
        Carried { folder, buckets: BTreeMap::new(), bytes: 0, budget, spilled: false }
    }

    /// Files the twin of the exchange that is the thread's `ordinal`th. Of several, those that say most come first.
    pub(super) fn push(&mut self, ordinal: u64, twin: &Twin) -> Result<(), PipelineError> {
        let bucket = self.buckets.entry(ordinal / BUCKET).or_default();
        let before = bucket.len();
        *bucket = postcard::to_extend(&(ordinal, twin), std::mem::take(bucket)).map_err(|error| bad(&error))?;
        self.bytes += bucket.len() - before;
        if self.bytes > self.budget { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<(), PipelineError> {
        if !self.spilled {
            std::fs::create_dir(&self.folder).map_err(io)?;
        }
        for (number, bucket) in std::mem::take(&mut self.buckets) {
            let file = File::options().append(true).create(true).open(bucket_file(&self.folder, number));
            file.and_then(|mut file| file.write_all(&bucket)).map_err(io)?;
        }
        self.spilled = true;
        self.bytes = 0;
        Ok(())
    }

    /// Reads twins back, in the order of exchanges.
    pub(super) fn read(&self) -> CarriedReader<'_> {
        CarriedReader { carried: self, bucket: None, twins: BTreeMap::new() }
    }

    fn bucket(&self, number: u64) -> Result<BTreeMap<u64, Vec<Twin>>, PipelineError> {
        let mut bytes = Vec::new();
        if self.spilled {
            match File::open(bucket_file(&self.folder, number)) {
                Ok(mut file) => _ = file.read_to_end(&mut bytes).map_err(io)?,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(io(error)),
            }
        }
        bytes.extend(self.buckets.get(&number).into_iter().flatten());
        let mut twins: BTreeMap<u64, Vec<Twin>> = BTreeMap::new();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let ((ordinal, twin), after) = postcard::take_from_bytes(rest).map_err(|error| bad(&error))?;
            twins.entry(ordinal).or_default().push(twin);
            rest = after;
        }
        Ok(twins)
    }
}

/// Twins, bucket after bucket.
pub(super) struct CarriedReader<'a> {
    carried: &'a Carried,
    bucket: Option<u64>,
    twins: BTreeMap<u64, Vec<Twin>>,
}

impl CarriedReader<'_> {
    /// Twins of an exchange; `ordinal` hardly ever goes back.
    pub(super) fn of(&mut self, ordinal: u64) -> Result<&[Twin], PipelineError> {
        let bucket = ordinal / BUCKET;
        if self.bucket != Some(bucket) {
            self.twins = self.carried.bucket(bucket)?;
            self.bucket = Some(bucket);
        }
        Ok(self.twins.get(&ordinal).map_or(&[], Vec::as_slice))
    }
}

fn bucket_file(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("bucket-{number}"))
}

fn io(source: std::io::Error) -> PipelineError {
    PipelineError::Io { what: "keeping who acted", source }
}

fn bad(error: &postcard::Error) -> PipelineError {
    io(std::io::Error::other(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tight_budget_gives_back_what_a_roomy_one_does() {
        let folder = tempfile::tempdir().unwrap();
        let mut roomy = Carried::new(folder.path().join("roomy"), usize::MAX);
        let mut tight = Carried::new(folder.path().join("tight"), 200);
        let twin = |n: u64| Twin {
            thread: 1,
            says: Says::Who(n as u32),
            unit: 2,
            place: Place::Line { number: n, offset: n * 80 },
        };
        // In the order of calls, not of exchanges, and some with two twins.
        for n in (0..400_u64).map(|n| n.wrapping_mul(7919) % 400) {
            let ordinal = n * 1000;
            for twin in std::iter::once(twin(n)).chain((n % 3 == 0).then(|| twin(n + 1))) {
                roomy.push(ordinal, &twin).unwrap();
                tight.push(ordinal, &twin).unwrap();
            }
        }
        assert!(tight.spilled && !roomy.spilled);
        let (mut roomy, mut tight) = (roomy.read(), tight.read());
        for ordinal in 0..400_000 {
            let expected: Vec<Twin> = match (ordinal % 1000, ordinal / 1000) {
                (0, n) if n % 3 == 0 => vec![twin(n), twin(n + 1)],
                (0, n) => vec![twin(n)],
                _ => Vec::new(),
            };
            assert_eq!(roomy.of(ordinal).unwrap(), expected);
            assert_eq!(tight.of(ordinal).unwrap(), expected);
        }
    }
}
