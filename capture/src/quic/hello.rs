//! A client's hello, put together from the frames of its Initial packets.

use std::collections::BTreeMap;

use super::initial::varint;
use crate::tls::QuicHello;

/// Bytes of the handshake that are kept until the hello is whole. Hellos with keys against quantum computers take two
/// packets.
const BYTES: usize = 16 << 10;
/// Stretches kept of it; some clients shuffle them on purpose.
const STRETCHES: usize = 128;

/// The stretches of a hello that came so far, by where they begin.
#[derive(Debug, Default)]
pub(super) struct Hello(BTreeMap<u64, Vec<u8>>);

impl Hello {
    /// Takes in the frames of a packet, and gives the hello once it is whole.
    pub(super) fn push(&mut self, frames: &[u8]) -> Option<QuicHello> {
        let mut rest = frames;
        while let Some((kind, after)) = varint(rest) {
            rest = match kind {
                0 | 1 => after,
                2 | 3 => acknowledgement(after, kind == 3)?,
                6 => self.crypto(after)?,
                _ => return None,
            };
        }
        self.whole()
    }

    fn crypto<'a>(&mut self, frame: &'a [u8]) -> Option<&'a [u8]> {
        let (at, rest) = varint(frame)?;
        let (length, rest) = varint(rest)?;
        let (data, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        let within = at.checked_add(length).is_some_and(|end| end <= BYTES as u64);
        let longer = self.0.get(&at).is_none_or(|known| known.len() < data.len());
        if within && longer && self.0.len() < STRETCHES {
            self.0.insert(at, data.to_vec());
        }
        Some(rest)
    }

    fn whole(&self) -> Option<QuicHello> {
        let mut said: Vec<u8> = Vec::new();
        for (at, stretch) in &self.0 {
            let skip = (said.len() as u64).checked_sub(*at)?;
            said.extend_from_slice(stretch.get(usize::try_from(skip).ok()?..).unwrap_or(&[]));
            if said.len() > BYTES {
                return None;
            }
        }
        QuicHello::read(&said)
    }
}

/// Passes over an acknowledgement.
fn acknowledgement(frame: &[u8], counts: bool) -> Option<&[u8]> {
    let (_, rest) = varint(frame)?;
    let (_, rest) = varint(rest)?;
    let (ranges, rest) = varint(rest)?;
    let numbers = ranges.checked_mul(2)?.checked_add(1 + if counts { 3 } else { 0 })?;
    let mut rest = rest;
    // Each takes a byte at least, so the frame's end bounds this.
    for _ in 0..numbers {
        rest = varint(rest)?.1;
    }
    Some(rest)
}
