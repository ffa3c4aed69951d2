//! Rows that wait, in parts by a hash, on disk beyond a budget: all rows of one hash are in one part, and one part is in
//! memory at a time.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::PipelineError;

/// Parts of all rows.
pub(super) const PARTS: usize = 64;

/// A row, which knows where it belongs.
pub(super) trait Row: Copy + Serialize + DeserializeOwned {
    /// Rows of one hash stay together.
    fn hash(&self) -> u64;

    /// Makes fewer rows of several where they say no more; what it leaves does not depend on how the rows were split.
    fn fold(rows: &mut Vec<Self>);
}

/// Rows of one thread.
pub(super) struct Rows<R> {
    folder: PathBuf,
    parts: Vec<Vec<R>>,
    held: usize,
    budget: usize,
    spilled: bool,
}

impl<R: Row> Rows<R> {
    /// No rows; they spill into `folder`, made when needed, beyond `budget` bytes.
    pub(super) fn new(folder: PathBuf, budget: usize) -> Rows<R> {
        let budget = (budget / size_of::<R>()).max(PARTS);
        Rows { folder, parts: (0..PARTS).map(|_| Vec::new()).collect(), held: 0, budget, spilled: false }
    }

    /// Files a row.
    pub(super) fn push(&mut self, row: R) -> Result<(), PipelineError> {
        let part = usize::try_from(row.hash() >> 32).unwrap_or(0) % PARTS;
        self.parts.get_mut(part).into_iter().for_each(|part| part.push(row));
        self.held += 1;
        if self.held > self.budget { self.shrink() } else { Ok(()) }
    }

    /// Folds what is held, and spills it where that does not help.
    fn shrink(&mut self) -> Result<(), PipelineError> {
        self.parts.iter_mut().for_each(R::fold);
        self.held = self.parts.iter().map(Vec::len).sum();
        if self.held > self.budget / 2 { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<(), PipelineError> {
        if !self.spilled {
            std::fs::create_dir(&self.folder).map_err(io)?;
        }
        for (index, part) in self.parts.iter_mut().enumerate() {
            let rows = std::mem::take(part);
            let bytes = rows.iter().try_fold(Vec::new(), |bytes, row| postcard::to_extend(row, bytes));
            let bytes = bytes.map_err(|error| bad(&error))?;
            let file = File::options().append(true).create(true).open(part_file(&self.folder, index));
            file.and_then(|mut file| file.write_all(&bytes)).map_err(io)?;
        }
        (self.spilled, self.held) = (true, 0);
        Ok(())
    }

    /// Hands over the rows of a part.
    pub(super) fn take_part(&mut self, index: usize, rows: &mut Vec<R>) -> Result<(), PipelineError> {
        rows.append(&mut self.parts.get_mut(index).map(std::mem::take).unwrap_or_default());
        if !self.spilled {
            return Ok(());
        }
        let mut bytes = Vec::new();
        let file = File::open(part_file(&self.folder, index));
        file.and_then(|mut file| file.read_to_end(&mut bytes)).map_err(io)?;
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (row, after) = postcard::take_from_bytes(rest).map_err(|error| bad(&error))?;
            rows.push(row);
            rest = after;
        }
        std::fs::remove_file(part_file(&self.folder, index)).map_err(io)
    }
}

fn part_file(folder: &Path, index: usize) -> PathBuf {
    folder.join(format!("part-{index:02}"))
}

fn io(source: std::io::Error) -> PipelineError {
    PipelineError::Io { what: "keeping what is known of actors", source }
}

fn bad(error: &postcard::Error) -> PipelineError {
    io(std::io::Error::other(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
    struct Number(u64, u64);

    impl Row for Number {
        fn hash(&self) -> u64 {
            self.0 << 32
        }

        fn fold(rows: &mut Vec<Self>) {
            rows.sort_unstable();
            rows.dedup_by_key(|row| row.0);
        }
    }

    fn all(mut rows: Rows<Number>) -> Vec<Number> {
        let mut all = Vec::new();
        for part in 0..PARTS {
            let mut own = Vec::new();
            rows.take_part(part, &mut own).unwrap();
            Number::fold(&mut own);
            all.append(&mut own);
        }
        all
    }

    #[test]
    fn what_spills_comes_back_as_what_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut roomy = Rows::new(folder.path().join("roomy"), usize::MAX);
        let mut tight = Rows::new(folder.path().join("tight"), 0);
        for n in (0..5_000_u64).rev() {
            roomy.push(Number(n % 1_000, n)).unwrap();
            tight.push(Number(n % 1_000, n)).unwrap();
        }
        assert!(tight.spilled && !roomy.spilled);
        let (roomy, tight) = (all(roomy), all(tight));
        assert_eq!(roomy.len(), 1_000);
        assert!(roomy.iter().all(|row| row.0 == row.1), "the least of each stays");
        assert_eq!(roomy, tight);
    }

    #[test]
    fn what_folds_does_not_spill() {
        let folder = tempfile::tempdir().unwrap();
        let mut rows = Rows::new(folder.path().join("rows"), 100 * size_of::<Number>());
        (0..10_000_u64).for_each(|n| rows.push(Number(n % 10, n)).unwrap());
        assert!(!rows.spilled);
    }
}
