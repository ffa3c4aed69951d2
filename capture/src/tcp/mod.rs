//! TCP connections: both directions put in order, gaps decided, and handed on as a conversation.

mod connection;
mod direction;
mod table;

pub(crate) use table::{Ends, Table};

use crate::Timestamp;

/// A packet's place in the inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Index of the input.
    pub(crate) input: u32,
    /// Number in that input, from 1.
    pub(crate) number: u64,
    /// Byte offset of its record.
    pub(crate) offset: u64,
}

/// When and where something was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) time: Timestamp,
    pub(crate) frame: Frame,
}

/// Which network a packet was captured in, as far as tags and tunnels around it tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Network {
    /// Hash of all tags, labels and tunnels; 0 without any.
    pub(crate) path: u64,
    /// Hash of the identifiers by which tunnels keep tenants apart, who may have the same addresses; 0 without any.
    pub(crate) tenant: u64,
}

/// One TCP segment as captured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) seq: u32,
    pub(crate) ack: Option<u32>,
    pub(crate) syn: bool,
    pub(crate) fin: bool,
    pub(crate) rst: bool,
    /// Captured payload.
    pub(crate) payload: &'a [u8],
    /// Payload bytes on the wire; more than `payload` where the snap length cut.
    pub(crate) len: u32,
    /// Network in which it was captured.
    pub(crate) network: Network,
    pub(crate) seen: Seen,
}

/// Bytes of one direction, next in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk<'a> {
    pub(crate) data: &'a [u8],
    /// Position of the first byte in the direction's stream; its low 32 bits are the sequence number.
    pub(crate) at: u64,
    /// How far the sender had received the other direction when it sent this.
    pub(crate) ack: u64,
    /// Whether the other direction is known up to `ack`.
    pub(crate) peer_known: bool,
    /// Whether the first byte began a segment.
    pub(crate) aligned: bool,
    pub(crate) seen: Seen,
}

/// Why bytes of a direction are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Their packets are not in the capture.
    Lost,
    /// The snap length cut them.
    SnapLength,
}

/// Bytes of a direction that will not come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gap {
    pub(crate) len: u64,
    pub(crate) cause: Cause,
    /// Time of the last byte before it, as far as known.
    pub(crate) from: Timestamp,
    /// First packet that shows it.
    pub(crate) shown: Seen,
}
