//! Where bytes came from: every exchange, gap and irregularity carries one.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A place in an input, precise enough to open the file there and see the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The input as the user named it (a path, or `-` for standard input).
    pub input: Arc<str>,
    /// Where in the (decompressed) input.
    pub place: Place,
    /// What of several things at that place.
    pub within: Within,
}

/// One of several things that lie at one place, each counted from 0; none where the place says all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Within {
    /// Message of a WebSocket, among those of its sender.
    pub message: Option<u64>,
    /// Call among several in one body or message.
    pub call: Option<u32>,
}

impl Origin {
    /// A place that says all.
    pub fn new(input: Arc<str>, place: Place) -> Origin {
        Origin { input, place, within: Within::default() }
    }

    /// The message of this number there.
    pub fn of_message(mut self, number: u64) -> Origin {
        self.within.message = Some(number);
        self
    }

    /// The call of this number there, where there are several.
    pub fn of_call(mut self, number: Option<u32>) -> Origin {
        self.within.call = number;
        self
    }
}

/// A position inside one input.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Place {
    /// Packets of a capture. Numbers count from 1 in file order, as Wireshark's frame numbers do.
    Frames {
        /// Frame that holds the first byte.
        first: u64,
        /// Frame that holds the last byte.
        last: u64,
        /// Byte offset of the first frame's record in the decompressed file.
        offset: u64,
    },
    /// An entry of a HAR file, counted from 0 as in `log.entries[n]`, or a record of a JSON document.
    Entry {
        /// Index into `log.entries`, or among the records.
        index: u64,
        /// Byte offset of the opening brace, of spans that of their group, in the decompressed file.
        offset: u64,
    },
    /// A line of a log, counted from 1.
    Line {
        /// Line number.
        number: u64,
        /// Byte offset of the line's first byte in the decompressed file.
        offset: u64,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Frames { first, last, .. } if first == last => write!(f, "{}#frame={first}", self.input),
            Place::Frames { first, last, .. } => write!(f, "{}#frames={first}-{last}", self.input),
            Place::Entry { index, .. } => write!(f, "{}#entry={index}", self.input),
            Place::Line { number, .. } => write!(f, "{}#line={number}", self.input),
        }?;
        let Within { message, call } = self.within;
        message.iter().try_for_each(|number| write!(f, ",message={number}"))?;
        call.iter().try_for_each(|number| write!(f, ",call={number}"))
    }
}
