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
        }
    }
}
