//! The bytes of a packet from one of its headers on.

use super::pcap::{read_u16, read_u32};

/// Captured bytes, and how many there were on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) bytes: &'a [u8],
    /// Bytes on the wire; more than `bytes` where the snap length cut them.
    pub(super) wire_len: usize,
}

impl<'a> Part<'a> {
    /// The captured bytes of what was `wire_len` bytes long, or longer where a header says less than was captured.
    #[inline]
    pub(super) fn new(bytes: &'a [u8], wire_len: usize) -> Self {
        Part { bytes, wire_len: wire_len.max(bytes.len()) }
    }

    /// Why a header is not whole.
    pub(super) fn short(&self) -> &'static str {
        if self.bytes.len() < self.wire_len { "snap_length" } else { "malformed_packet" }
    }

    /// The first `len` bytes, which a header takes.
    #[inline]
    pub(super) fn head(&self, len: usize) -> Result<&'a [u8], &'static str> {
        self.bytes.get(..len).ok_or_else(|| self.short())
    }

    /// What follows the first `len` bytes, which must have been captured.
    #[inline]
    pub(super) fn after(&self, len: usize) -> Result<Part<'a>, &'static str> {
        let bytes = self.bytes.get(len..).ok_or_else(|| self.short())?;
        Ok(Part { bytes, wire_len: self.wire_len - len })
    }

    /// The byte at `at`, or 0 beyond the end.
    #[inline]
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// The two bytes at `at` in network order, or 0 beyond the end.
    #[inline]
    pub(super) fn word(&self, at: usize) -> u16 {
        read_u16(self.bytes, at, true)
    }

    /// The four bytes at `at` in network order, or 0 beyond the end.
    #[inline]
    pub(super) fn long(&self, at: usize) -> u32 {
        read_u32(self.bytes, at, true)
    }
}
