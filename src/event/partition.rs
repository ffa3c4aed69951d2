//! Events grouped by case under a memory budget: kept in memory while they fit, spilled as Arrow files when not.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use super::Event;
use super::batch::{self, BatchError};

/// Events in one spilled batch.
const BATCH: usize = 4096;

/// Why events could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum SpillError {
    /// The spill file could not be written or read.
    #[error("spill file {path}: {source}; free space there or raise --memory")]
    Io {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// Its content is not what was written.
    #[error("spill file {path}: {source}")]
    Batch {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: BatchError,
    },
}

/// An append-only sequence of events that moves to disk when it outgrows its budget.
pub struct EventBuffer {
    file: PathBuf,
    budget: usize,
    bytes: usize,
    total_bytes: u64,
    memory: Vec<Event>,
    writer: Option<StreamWriter<BufWriter<File>>>,
}

impl EventBuffer {
    /// An empty buffer that keeps about `budget` bytes in memory and spills the rest to `file`.
    pub fn new(file: PathBuf, budget: usize) -> Self {
        EventBuffer { file, budget, bytes: 0, total_bytes: 0, memory: Vec::new(), writer: None }
    }

    /// Appends one event.
    pub fn push(&mut self, event: Event) -> Result<(), SpillError> {
        let size = footprint(&event);
        self.bytes += size;
        self.total_bytes += size as u64;
        self.memory.push(event);
        if self.bytes > self.budget && self.memory.len() >= BATCH.min(64) { self.spill() } else { Ok(()) }
    }

    /// Bytes of all events appended, as held in memory; independent of what was spilled.
    pub fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// Hands every event to `take`, in the order appended, and removes the spill file.
    pub fn drain<E: From<SpillError>>(mut self, mut take: impl FnMut(Event) -> Result<(), E>) -> Result<(), E> {
        if self.writer.is_some() {
            self.spill()?;
            self.close()?;
            let path = self.file.clone();
            let io = |source| SpillError::Io { path: path.clone(), source };
            let data = |source: BatchError| SpillError::Batch { path: path.clone(), source };
            let file = File::open(&path).map_err(io)?;
            let reader = StreamReader::try_new(BufReader::new(file), None).map_err(|e| data(e.into()))?;
            for batch in reader {
                let batch = batch.map_err(|e| data(e.into()))?;
                for event in batch::decode(&batch).map_err(data)? {
                    take(event)?;
                }
            }
            std::fs::remove_file(&path).map_err(io)?;
        }
        std::mem::take(&mut self.memory).into_iter().try_for_each(take)
    }

    fn spill(&mut self) -> Result<(), SpillError> {
        let path = &self.file;
        let io = |source| SpillError::Io { path: path.clone(), source };
        let data = |source: BatchError| SpillError::Batch { path: path.clone(), source };
        let writer = match &mut self.writer {
            Some(writer) => writer,
            empty => {
                let file = File::create(path).map_err(io)?;
                let writer =
                    StreamWriter::try_new(BufWriter::new(file), &batch::schema()).map_err(|e| data(e.into()))?;
                empty.insert(writer)
            }
        };
        for chunk in self.memory.chunks(BATCH) {
            writer.write(&batch::encode(chunk).map_err(data)?).map_err(|e| data(e.into()))?;
        }
        self.memory.clear();
        self.bytes = 0;
        Ok(())
    }

    fn close(&mut self) -> Result<(), SpillError> {
        if let Some(mut writer) = self.writer.take() {
            let path = &self.file;
            writer.finish().map_err(|e| SpillError::Batch { path: path.clone(), source: e.into() })?;
            let file = writer.into_inner().map_err(|e| SpillError::Batch { path: path.clone(), source: e.into() })?;
            file.into_inner().map_err(|e| SpillError::Io { path: path.clone(), source: e.into_error() })?;
        }
        Ok(())
    }
}

/// Events of one run by case: every case lies whole in one partition.
pub struct Partitions {
    buffers: Vec<EventBuffer>,
}

impl Partitions {
    /// Partitions for about `total_bytes` of events, of which about `budget` bytes stay in memory. The number of
    /// partitions depends on the events alone, so that output does not depend on the budget.
    pub fn new(folder: &Path, total_bytes: u64, budget: usize) -> Self {
        /// Bytes of events that one thread holds while it compares a partition.
        const TARGET: u64 = 64 << 20;
        let wanted = usize::try_from(total_bytes.div_ceil(TARGET)).unwrap_or(usize::MAX);
        let count = wanted.clamp(1, 512).next_power_of_two();
        let buffers = (0..count)
            .map(|i| EventBuffer::new(folder.join(format!("partition-{i:03}.arrow")), budget / count))
            .collect();
        Partitions { buffers }
    }

    /// Files one event under its case (events without one, under themselves).
    pub fn push(&mut self, event: Event) -> Result<(), SpillError> {
        let hash = match &event.case {
            Some(case) => stable_hash([case.object_type.as_bytes(), case.key.as_bytes()]),
            None => event.id.0.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        };
        self.push_under(hash, event)
    }

    /// Files one event under a group's `stable_hash`.
    pub fn push_under(&mut self, hash: u64, event: Event) -> Result<(), SpillError> {
        let index = partition_of(hash, self.buffers.len());
        match self.buffers.get_mut(index) {
            Some(buffer) => buffer.push(event),
            None => Ok(()),
        }
    }

    /// The partitions, in a stable order.
    pub fn into_buffers(self) -> Vec<EventBuffer> {
        self.buffers
    }
}

/// The partition, of `count` (a power of two), that a group's `stable_hash` belongs to.
pub fn partition_of(hash: u64, count: usize) -> usize {
    usize::try_from(hash >> 32).unwrap_or(0) & count.saturating_sub(1)
}

/// FNV-1a over the parts of a group's key: the same on every machine and in every version, as partition numbers name
/// output files.
pub fn stable_hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.iter().chain(&[0xff]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    // FNV's high bits are poor for short keys that differ at the end: MurmurHash3's finaliser spreads them.
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

/// About how many bytes an event holds in memory.
fn footprint(event: &Event) -> usize {
    let attribute = 64;
    size_of::<Event>()
        + event.path.len()
        + event.origin.input.len().min(16)
        + event.attributes.len() * attribute
        + event.objects.iter().map(|o| 192 + o.id.key.len() + o.attributes.len() * attribute).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::sample;

    fn drained(buffer: EventBuffer) -> Vec<Event> {
        let mut out = Vec::new();
        buffer
            .drain(|event| {
                out.push(event);
                Ok::<(), SpillError>(())
            })
            .unwrap();
        out
    }

    #[test]
    fn a_spilled_buffer_gives_back_what_a_roomy_one_does() {
        let folder = tempfile::tempdir().unwrap();
        let mut roomy = EventBuffer::new(folder.path().join("roomy"), usize::MAX);
        let mut tight = EventBuffer::new(folder.path().join("tight"), 1);
        for n in 1..1000 {
            roomy.push(sample::rich_event(n)).unwrap();
            tight.push(sample::rich_event(n)).unwrap();
        }
        assert!(folder.path().join("tight").exists());
        assert!(!folder.path().join("roomy").exists());
        assert_eq!(roomy.total_bytes(), tight.total_bytes());
        assert_eq!(drained(roomy), drained(tight));
        assert!(!folder.path().join("tight").exists(), "the spill file is removed once read");
    }

    #[test]
    fn a_case_lies_whole_in_one_partition() {
        let folder = tempfile::tempdir().unwrap();
        let mut partitions = Partitions::new(folder.path(), 1 << 30, usize::MAX);
        for n in 0..4000 {
            partitions.push(sample::rich_event(n % 500)).unwrap();
        }
        let mut seen = std::collections::BTreeMap::new();
        let buffers = partitions.into_buffers();
        assert_eq!(buffers.len(), 16);
        for (index, buffer) in buffers.into_iter().enumerate() {
            for event in drained(buffer) {
                assert_eq!(*seen.entry(event.case.unwrap()).or_insert(index), index);
            }
        }
        assert_eq!(seen.len(), 500);
        assert!(seen.values().collect::<std::collections::BTreeSet<_>>().len() > 8, "cases spread over partitions");
    }
}
