//! TCP headers: from a datagram to a segment.

use super::network::Datagram;
use super::sighting::fingerprint;
use crate::tcp::{Ends, Network, Seen, Segment};

/// A datagram's segment and who sent it to whom, or the reason why it is not read.
#[inline]
pub(super) fn parse<'a>(
    datagram: &Datagram<'a>,
    network: Network,
    seen: Seen,
) -> Result<(Ends, usize, Segment<'a>), &'static str> {
    let part = datagram.part();
    let header = usize::from(part.byte(12) >> 4) * 4;
    part.head(20)?;
    if header < 20 {
        return Err("malformed_packet");
    }
    part.head(header)?;
    let flags = part.byte(13);
    let segment = Segment {
        seq: part.long(4),
        ack: (flags & 0x10 != 0).then(|| part.long(8)),
        syn: flags & 0x02 != 0,
        fin: flags & 0x01 != 0,
        rst: flags & 0x04 != 0,
        payload: part.bytes.get(header..).unwrap_or(&[]),
        len: u32::try_from(datagram.wire_len.saturating_sub(header)).unwrap_or(u32::MAX),
        network,
        seen,
    };
    let addresses = datagram.addresses;
    let (ends, side) = Ends::of(addresses.v6, (addresses.source, part.word(0)), (addresses.destination, part.word(2)));
    Ok((ends, side, segment))
}

/// The fingerprint of a segment that takes sequence numbers. Others are repeated for good reasons.
#[inline]
pub(super) fn identity(datagram: &Datagram<'_>, segment: &Segment<'_>) -> Option<u64> {
    if segment.len == 0 && !segment.syn && !segment.fin {
        return None;
    }
    let word = |at: usize| match datagram.bytes.get(at..at + 8).and_then(|word| <[u8; 8]>::try_from(word).ok()) {
        Some(word) => u64::from_le_bytes(word),
        None => 0,
    };
    // The header but for its checksum, the options, and of the payload its beginning, its middle and its end.
    let len = datagram.bytes.len();
    let places = [0, 8, 18, 26, 40, 56, len / 2, len.saturating_sub(8)];
    Some(fingerprint(datagram, places.into_iter().map(word)))
}
