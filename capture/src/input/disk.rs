//! A file as it is on disk: read once, counted and hashed in the same pass.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

/// Bytes read at once when the rest of a file is only hashed.
const DRAIN_BYTES: usize = 1 << 16;

/// The undecompressed end of an input. Clones share the position, so that the rest can be hashed after the
/// format's reader, which owns another clone, has stopped early.
#[derive(Clone)]
pub(crate) struct Disk(Arc<Mutex<State>>);

struct State {
    file: Box<dyn Read + Send>,
    /// None where nobody asks for the hash.
    hasher: Option<Sha256>,
    bytes: u64,
    consumed: Arc<AtomicU64>,
}

impl Disk {
    /// Reads `file`; every byte is also added to `consumed`, which all inputs of a source share.
    pub(crate) fn new(file: Box<dyn Read + Send>, consumed: Arc<AtomicU64>, hashed: bool) -> Self {
        let hasher = hashed.then(Sha256::new);
        Disk(Arc::new(Mutex::new(State { file, hasher, bytes: 0, consumed })))
    }

    /// Reads what is left, so that size and hash are those of the whole file.
    pub(crate) fn drain(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; DRAIN_BYTES];
        loop {
            match self.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Bytes read so far and their SHA-256 in hex; empty where it was not asked for.
    pub(crate) fn digest(&self) -> (u64, String) {
        let state = self.state();
        let digest = state.hasher.clone().map(Sha256::finalize);
        (state.bytes, digest.iter().flatten().map(|byte| format!("{byte:02x}")).collect())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Read for Disk {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state();
        let count = state.file.read(buffer)?;
        let seen = buffer.get(..count).unwrap_or_default();
        if let Some(hasher) = &mut state.hasher {
            hasher.update(seen);
        }
        state.bytes += seen.len() as u64;
        state.consumed.fetch_add(seen.len() as u64, Ordering::Relaxed);
        Ok(count)
    }
}
