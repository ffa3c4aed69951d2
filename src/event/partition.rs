//! Events grouped by case under a memory budget: kept packed in memory while they fit, spilled as Arrow files when not.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter};
use std::path::{Path, PathBuf};

use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use arrow::array::RecordBatch;

use super::batch::{self, BatchBuilder, BatchError};
use super::{Event, ObjectRef};

/// Packed bytes of one batch: enough that its events share most texts, few enough that reading one back is cheap.
const BATCH_BYTES: usize = 64 << 10;

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

/// An append-only sequence of events, packed, that moves to disk when told to.
pub struct EventBuffer {
    file: PathBuf,
    open: BatchBuilder,
    closed: Vec<RecordBatch>,
    closed_bytes: usize,
    total_bytes: u64,
    events: usize,
    spilled: bool,
}

impl EventBuffer {
    /// An empty buffer that spills to `file`.
    pub fn new(file: PathBuf) -> Self {
        let (open, closed) = (BatchBuilder::default(), Vec::new());
        EventBuffer { file, open, closed, closed_bytes: 0, total_bytes: 0, events: 0, spilled: false }
    }

    /// Appends one event.
    pub fn push(&mut self, event: &Event) -> Result<(), SpillError> {
        self.total_bytes += footprint(event) as u64;
        self.events += 1;
        self.open.push(event).map_err(|source| self.damaged(source))?;
        if self.open.packed() >= BATCH_BYTES {
            let batch = self.close()?;
            self.closed_bytes += batch.get_array_memory_size();
            self.closed.push(batch);
        }
        Ok(())
    }

    /// Appends one event, and spills when the buffer then holds more than `budget` bytes.
    pub fn push_within(&mut self, event: &Event, budget: usize) -> Result<(), SpillError> {
        self.push(event)?;
        if self.held() > budget { self.spill() } else { Ok(()) }
    }

    /// Bytes of memory that it holds.
    fn held(&self) -> usize {
        self.closed_bytes + self.open.footprint()
    }

    fn close(&mut self) -> Result<RecordBatch, SpillError> {
        std::mem::take(&mut self.open).finish().map_err(|source| self.damaged(source))
    }

    fn damaged(&self, source: BatchError) -> SpillError {
        SpillError::Batch { path: self.file.clone(), source }
    }

    /// Bytes of all events appended, as values in memory; independent of what was spilled.
    pub fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// Number of events appended.
    pub fn events(&self) -> usize {
        self.events
    }

    /// Moves what is in memory to the end of the spill file.
    ///
    /// Each spill is an Arrow stream of its own and the file is closed between them, so that any number of buffers
    /// needs no more open files than threads.
    pub fn spill(&mut self) -> Result<(), SpillError> {
        let last = if self.open.packed() == 0 { None } else { Some(self.close()?) };
        let io = |source| SpillError::Io { path: self.file.clone(), source };
        let file = File::options().append(true).create(true).open(&self.file).map_err(io)?;
        let data = |source: arrow::error::ArrowError| self.damaged(source.into());
        let mut writer = StreamWriter::try_new(BufWriter::new(file), &batch::schema()).map_err(data)?;
        for batch in self.closed.iter().chain(&last) {
            writer.write(batch).map_err(data)?;
        }
        let file = writer.into_inner().map_err(data)?;
        file.into_inner().map_err(|e| io(e.into_error()))?;
        self.spilled = true;
        self.closed = Vec::new();
        self.closed_bytes = 0;
        Ok(())
    }

    /// Hands every event to `take`, in the order appended, and removes the spill file.
    pub fn drain<E: From<SpillError>>(mut self, mut take: impl FnMut(Event) -> Result<(), E>) -> Result<(), E> {
        if self.spilled {
            self.drain_file(&mut take)?;
        }
        let open = self.close()?;
        for batch in std::mem::take(&mut self.closed).into_iter().chain([open]) {
            self.unpack(&batch, &mut take)?;
        }
        Ok(())
    }

    fn drain_file<E: From<SpillError>>(&self, take: &mut impl FnMut(Event) -> Result<(), E>) -> Result<(), E> {
        let io = |source| SpillError::Io { path: self.file.clone(), source };
        let mut file = BufReader::new(File::open(&self.file).map_err(io)?);
        while !file.fill_buf().map_err(io)?.is_empty() {
            for batch in StreamReader::try_new(&mut file, None).map_err(|e| self.damaged(e.into()))? {
                self.unpack(&batch.map_err(|e| self.damaged(e.into()))?, take)?;
            }
        }
        Ok(std::fs::remove_file(&self.file).map_err(io)?)
    }

    fn unpack<E: From<SpillError>>(
        &self,
        batch: &RecordBatch,
        take: &mut impl FnMut(Event) -> Result<(), E>,
    ) -> Result<(), E> {
        let events = batch::decode(batch).map_err(|source| self.damaged(source))?;
        events.into_iter().try_for_each(|event| take(event.map_err(|source| self.damaged(source))?))
    }
}

/// Events of one run by case: every case lies whole in one partition.
pub struct Partitions {
    buffers: Vec<EventBuffer>,
    budget: usize,
    bytes: usize,
}

impl Partitions {
    /// Partitions for about `total_bytes` of events, of which about `budget` bytes stay in memory. The number of
    /// partitions depends on the events alone, so that output does not depend on the budget.
    pub fn new(folder: &Path, total_bytes: u64, budget: usize) -> Self {
        /// Bytes of events that one thread holds while it compares a partition.
        const TARGET: u64 = 16 << 20;
        let wanted = usize::try_from(total_bytes.div_ceil(TARGET)).unwrap_or(usize::MAX);
        let count = wanted.clamp(1, 4096).next_power_of_two();
        let buffers = (0..count).map(|i| EventBuffer::new(folder.join(format!("partition-{i:04}.arrow")))).collect();
        Partitions { buffers, budget, bytes: 0 }
    }

    /// Files one event under its case (events without one, under themselves).
    pub fn push(&mut self, event: &Event) -> Result<(), SpillError> {
        let hash = match &event.case {
            Some(case) => stable_hash([case.object_type.as_bytes(), case.key.as_bytes()]),
            None => event.id.0.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        };
        self.push_under(hash, event)
    }

    /// Files one event under a group's `stable_hash`.
    pub fn push_under(&mut self, hash: u64, event: &Event) -> Result<(), SpillError> {
        let index = partition_of(hash, self.buffers.len());
        if let Some(buffer) = self.buffers.get_mut(index) {
            let before = buffer.held();
            buffer.push(event)?;
            self.bytes = self.bytes + buffer.held() - before;
        }
        if self.bytes > self.budget { self.spill_largest() } else { Ok(()) }
    }

    /// Spills the fullest buffer: few large batches rather than many small ones.
    fn spill_largest(&mut self) -> Result<(), SpillError> {
        let Some(largest) = self.buffers.iter_mut().max_by_key(|buffer| buffer.held()) else { return Ok(()) };
        self.bytes -= largest.held();
        largest.spill()?;
        self.bytes += largest.held();
        Ok(())
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

/// About how many bytes an event holds in memory where it shares no text with another event.
fn footprint(event: &Event) -> usize {
    /// A short text, and the allocator's part of it.
    const TEXT: usize = 48;
    /// Texts that every event has or may have: operation, activity, actor, session, states, ...
    const TEXTS: usize = 16;
    let object = |o: &ObjectRef| size_of::<ObjectRef>() + 5 * TEXT + o.id.key.len() + o.attributes.len() * 2 * TEXT;
    size_of::<Event>()
        + (TEXTS + event.actor.roles.len()) * TEXT
        + event.path.len()
        + event.attributes.len() * 2 * TEXT
        + event.objects.iter().map(object).sum::<usize>()
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
        let mut roomy = EventBuffer::new(folder.path().join("roomy"));
        let mut tight = EventBuffer::new(folder.path().join("tight"));
        for n in 1..1000 {
            roomy.push(&sample::rich_event(n)).unwrap();
            tight.push_within(&sample::rich_event(n), 20_000).unwrap();
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
            partitions.push(&sample::rich_event(n % 500)).unwrap();
        }
        let mut seen = std::collections::BTreeMap::new();
        let buffers = partitions.into_buffers();
        assert_eq!(buffers.len(), 64);
        for (index, buffer) in buffers.into_iter().enumerate() {
            for event in drained(buffer) {
                assert_eq!(*seen.entry(event.case.unwrap()).or_insert(index), index);
            }
        }
        assert_eq!(seen.len(), 500);
        assert!(seen.values().collect::<std::collections::BTreeSet<_>>().len() > 32, "cases spread over partitions");
    }
}
