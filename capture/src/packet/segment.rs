//! TCP headers: from a datagram to a segment.

use super::network::Datagram;
use super::sighting::fingerprint;
use crate::tcp::{Ends, Network, Seen, Segment};

/// Bytes behind the checksum (options and payload) that tell packets apart.
const TELLING: usize = 96;

/// A datagram's segment and who sent it to whom, or the reason why it is not read.
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
pub(super) fn identity(datagram: &Datagram<'_>, segment: &Segment<'_>) -> Option<u64> {
    if segment.len == 0 && !segment.syn && !segment.fin {
        return None;
    }
    let bytes = datagram.bytes;
    let part = |from: usize, to: usize| bytes.get(from..to.min(bytes.len())).unwrap_or(&[]);
    let end = bytes.len().saturating_sub(16).max(18 + TELLING);
    Some(fingerprint(datagram, [part(0, 16), part(18, 18 + TELLING), part(end, usize::MAX)]))
}
