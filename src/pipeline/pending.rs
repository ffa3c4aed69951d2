//! What waits beside the events until it is known which exchanges count: what they teach and what is counted of them, in
//! one order with the events.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;

use offpath_capture::Protocol;
use serde::{Deserialize, Serialize};

use super::PipelineError;
use crate::correlate::Extracted;

/// One exchange but its events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Held {
    /// Number of events made of it.
    pub(super) events: u32,
    /// What it gives; its events do not wait here.
    pub(super) extracted: Extracted,
    /// Application protocol.
    pub(super) protocol: Carrier,
    /// Whether it lies in the period of interest; what lies outside teaches all the same.
    pub(super) in_period: bool,
    /// Number of the input.
    pub(super) unit: Option<u32>,
}

/// The application protocol of an exchange.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) enum Carrier {
    Http1,
    Http2,
    Http3,
    Grpc,
    WebSocket,
    #[default]
    Unknown,
}

impl From<Protocol> for Carrier {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Http1 => Carrier::Http1,
            Protocol::Http2 => Carrier::Http2,
            Protocol::Http3 => Carrier::Http3,
            Protocol::Grpc => Carrier::Grpc,
            Protocol::WebSocket => Carrier::WebSocket,
            Protocol::Unknown => Carrier::Unknown,
        }
    }
}

impl Carrier {
    /// Name used in outputs.
    pub(super) fn as_str(self) -> &'static str {
        let protocol = match self {
            Carrier::Http1 => Protocol::Http1,
            Carrier::Http2 => Protocol::Http2,
            Carrier::Http3 => Protocol::Http3,
            Carrier::Grpc => Protocol::Grpc,
            Carrier::WebSocket => Protocol::WebSocket,
            Carrier::Unknown => Protocol::Unknown,
        };
        protocol.as_str()
    }
}

/// A sequence of exchanges that moves to disk beyond a budget.
pub(super) struct Pending {
    file: PathBuf,
    memory: Vec<u8>,
    budget: usize,
    spilled: bool,
}

impl Pending {
    /// An empty sequence that spills to `file`.
    pub(super) fn new(file: PathBuf, budget: usize) -> Self {
        Pending { file, memory: Vec::new(), budget, spilled: false }
    }

    /// Appends one exchange.
    pub(super) fn push(&mut self, held: &Held) -> Result<(), PipelineError> {
        let bytes = postcard::to_stdvec(held).map_err(|error| bad(&error))?;
        let length = u32::try_from(bytes.len()).map_err(|_| io(std::io::ErrorKind::FileTooLarge.into()))?;
        self.memory.extend_from_slice(&length.to_le_bytes());
        self.memory.extend_from_slice(&bytes);
        if self.memory.len() <= self.budget {
            return Ok(());
        }
        let file = File::options().append(true).create(true).open(&self.file);
        file.and_then(|mut file| file.write_all(&self.memory)).map_err(io)?;
        self.memory.clear();
        self.spilled = true;
        Ok(())
    }

    /// All exchanges in the order appended.
    pub(super) fn read(self) -> Result<HeldReader, PipelineError> {
        let spilled: Box<dyn std::io::Read> =
            if self.spilled { Box::new(File::open(&self.file).map_err(io)?) } else { Box::new(std::io::empty()) };
        let bytes =
            BufReader::new(Box::new(spilled.chain(std::io::Cursor::new(self.memory))) as Box<dyn std::io::Read>);
        Ok(HeldReader { bytes })
    }
}

/// Reads a sequence back.
pub(super) struct HeldReader {
    bytes: BufReader<Box<dyn std::io::Read>>,
}

impl HeldReader {
    /// The next exchange, if any.
    pub(super) fn next(&mut self) -> Result<Option<Held>, PipelineError> {
        if self.bytes.fill_buf().map_err(io)?.is_empty() {
            return Ok(None);
        }
        let mut length = [0; 4];
        self.bytes.read_exact(&mut length).map_err(io)?;
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(0);
        let mut bytes = vec![0; length];
        self.bytes.read_exact(&mut bytes).map_err(io)?;
        postcard::from_bytes(&bytes).map(Some).map_err(|error| bad(&error))
    }
}

fn io(source: std::io::Error) -> PipelineError {
    PipelineError::Io { what: "keeping what exchanges teach", source }
}

fn bad(error: &postcard::Error) -> PipelineError {
    io(std::io::Error::other(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_comes_back_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let held = |events| Held { events, in_period: true, ..Held::default() };
        // Beyond the budget with each ninth, and so not with the last of a hundred.
        let one = 4 + postcard::to_stdvec(&held(99)).unwrap().len();
        let mut pending = Pending::new(folder.path().join("held"), 8 * one);
        for events in 0..100 {
            pending.push(&held(events)).unwrap();
        }
        assert!(pending.spilled && !pending.memory.is_empty(), "part on disk, part in memory");
        let mut reader = pending.read().unwrap();
        for events in 0..100 {
            assert_eq!(reader.next().unwrap().unwrap().events, events);
        }
        assert!(reader.next().unwrap().is_none());
    }
}
