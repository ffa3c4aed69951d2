//! Packet captures: files merged by packet time, packets taken apart down to TCP.

#[cfg(feature = "live")]
mod filter;
mod fragment;
mod link;
mod network;
#[cfg(test)]
mod oracle;
mod pcap;
mod pcapng;
mod record;
mod window;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

#[cfg(feature = "live")]
pub use filter::check_filter;
use fragment::{Fragments, GivenUp};
use network::Datagram;
use record::{Damage, RecordReader};

#[cfg(feature = "live")]
use crate::InputErrorKind;
use crate::input::Again;
use crate::output::Output;
use crate::tcp::{Ends, Frame, Seen, Segment, Table};
use crate::tls::Secrets;
use crate::{InputError, Options, Origin, Place, Sink, SourceReport, Timestamp};

/// One packet capture, decompressed.
pub(crate) struct OpenCapture {
    /// The input as the user named it.
    pub(crate) name: Arc<str>,
    /// Its bytes.
    pub(crate) reader: Box<dyn std::io::Read + Send>,
    /// Time of its first packet, where it is known: nothing is read of the capture before that time comes.
    pub(crate) first: Option<Timestamp>,
    /// Where secrets of its TLS connections may stand.
    pub(crate) secrets: SecretsOf,
}

/// Where a capture's own secrets may stand.
pub(crate) enum SecretsOf {
    /// Nowhere: its format has no place for them.
    None,
    /// Before or after the packets they open: it can be opened once more to look for them.
    Anywhere(Again),
    /// It can be read only once, while more of it is written.
    Growing,
}

/// Time of a capture's first packet; none if there is no packet or it cannot be read.
pub(crate) fn first_time(content: Box<dyn std::io::Read + Send>) -> Option<Timestamp> {
    let mut reader = RecordReader::new(content);
    matches!(reader.advance(&mut Secrets::new(&[], 0)), Ok(true)).then(|| reader.record().time)
}

/// Reads all captures as one packet stream merged by packet time (ties by the order given) and emits HTTP exchanges.
///
/// Fills `records` and `bytes_lost` of `report.inputs`, which are in the same order, and everything else in `report`.
pub(crate) fn read(captures: Vec<OpenCapture>, options: &Options, sink: &mut dyn Sink, report: &mut SourceReport) {
    let mut secrets = Secrets::new(&options.key_logs, options.limits.tls_secrets);
    let first: Vec<_> = captures.iter().map(|capture| capture.first).collect();
    let (mut names, mut readers) = (Vec::new(), Vec::new());
    for capture in captures {
        names.push(capture.name);
        readers.push(RecordReader::new(capture.reader));
        match capture.secrets {
            SecretsOf::None => {}
            SecretsOf::Anywhere(again) => secrets.look_later(Box::new(|secrets| look_through(again, secrets))),
            SecretsOf::Growing => secrets.grow(),
        }
    }
    let mut stream = Stream { readers, names: &names, report };
    let mut out = Output::new(&options.limits, &names, secrets, sink);
    let mut packets = Packets {
        table: Table::new(),
        fragments: Fragments::default(),
        given_up: GivenUp::default(),
        #[cfg(feature = "live")]
        filter: options.bpf.as_deref().map(filter::Filter::new),
    };
    stream.run(&first, &mut packets, &mut out);
    #[cfg(feature = "live")]
    packets.filter_report(&out, report);
    packets.finish(&mut out);
    out.settle_doubts();
    out.report(report);
}

/// Adds the secrets that stand anywhere in a capture. What is damaged is told when it is read.
fn look_through(again: Again, secrets: &mut Secrets) {
    let Ok(content) = again() else { return };
    let mut reader = RecordReader::new(content);
    while matches!(reader.advance(secrets), Ok(true)) {}
}

/// The captures, read side by side.
struct Stream<'a> {
    readers: Vec<RecordReader>,
    names: &'a [Arc<str>],
    report: &'a mut SourceReport,
}

impl Stream<'_> {
    /// `first` is when each capture begins, where that is known.
    fn run(&mut self, first: &[Option<Timestamp>], packets: &mut Packets, out: &mut Output<'_>) {
        let mut heads = BinaryHeap::new();
        for (index, first) in first.iter().enumerate() {
            heads.extend(first.or_else(|| self.advance(index, out)).map(|time| Reverse((time, index))));
        }
        while let Some(Reverse((_, index))) = heads.pop() {
            if self.readers.get(index).is_some_and(RecordReader::is_unread) {
                heads.extend(self.advance(index, out).map(|time| Reverse((time, index))));
                continue;
            }
            let until = heads.peek().map(|&Reverse(head)| head);
            // Stays with one capture for as long as its packets are the earliest.
            loop {
                if let Some(reader) = self.readers.get(index) {
                    packets.packet(index, reader, out);
                }
                if out.stopped() {
                    return;
                }
                match self.advance(index, out) {
                    None => break,
                    Some(time) if until.is_some_and(|head| head < (time, index)) => {
                        heads.push(Reverse((time, index)));
                        break;
                    }
                    Some(_) => {}
                }
            }
        }
    }

    /// Moves a capture to its next packet and returns its time; notes how the capture ends.
    fn advance(&mut self, index: usize, out: &mut Output<'_>) -> Option<Timestamp> {
        let reader = self.readers.get_mut(index)?;
        match reader.advance(&mut out.secrets) {
            Ok(true) => {
                if let Some(input) = self.report.inputs.get_mut(index) {
                    input.records += 1;
                }
                Some(reader.record().time)
            }
            Ok(false) => None,
            Err(damage) => {
                self.damaged(index, damage);
                None
            }
        }
    }

    fn damaged(&mut self, index: usize, damage: Damage) {
        if let Some(input) = self.report.inputs.get_mut(index) {
            input.bytes_lost += damage.bytes_lost;
        }
        let Some(name) = self.names.get(index) else { return };
        let place = Place::Frames { first: damage.frame, last: damage.frame, offset: damage.offset };
        self.report.errors.push(InputError {
            input: name.to_string(),
            origin: Some(Origin { input: name.clone(), place }),
            kind: damage.kind,
        });
    }
}

/// What packets are taken apart into.
struct Packets {
    table: Table,
    fragments: Fragments,
    given_up: GivenUp,
    #[cfg(feature = "live")]
    filter: Option<filter::Filter>,
}

impl Packets {
    fn packet(&mut self, input: usize, reader: &RecordReader, out: &mut Output<'_>) {
        let record = reader.record();
        let frame = Frame { input: input as u32, number: record.number, offset: record.offset };
        #[cfg(feature = "live")]
        match self.filter.as_mut().map(|filter| filter.judge(record.link, reader.data(), frame)) {
            None | Some(filter::Verdict::Pass) => {}
            Some(filter::Verdict::HoldBack) => return,
            Some(filter::Verdict::Misfit) => {
                out.not_read("filter_misfit", 1, u64::from(record.wire_len));
                return;
            }
        }
        let seen = Seen { time: record.time, frame };
        if let Err(reason) = self.take_apart(record.link, reader.data(), record.wire_len as usize, seen, out) {
            out.not_read(reason, 1, u64::from(record.wire_len));
        }
    }

    /// Err is the reason why the packet was not read.
    fn take_apart(
        &mut self,
        link: u16,
        data: &[u8],
        wire_len: usize,
        seen: Seen,
        out: &mut Output<'_>,
    ) -> Result<(), &'static str> {
        let link::IpPlace { at, vlan } = link::ip_place(link, data)?;
        let ip = data.get(at..).unwrap_or(&[]);
        let cut = data.len() < wire_len;
        let datagram = network::parse(ip, wire_len.saturating_sub(at)).map_err(|reason| match reason {
            "malformed_packet" if cut => "snap_length",
            reason => reason,
        })?;
        if datagram.fragment.is_none() {
            return segment(&mut self.table, &datagram, vlan, seen, out);
        }
        match self.fragments.push(&datagram, seen.time, seen.frame, &mut self.given_up) {
            Some((whole, frame)) => segment(&mut self.table, &whole, vlan, Seen { time: seen.time, frame }, out),
            None => Ok(()),
        }
    }

    /// Tells what the filter did.
    #[cfg(feature = "live")]
    fn filter_report(&mut self, out: &Output<'_>, report: &mut SourceReport) {
        let Some(filter) = &mut self.filter else { return };
        report.filtered += filter.held_back;
        for (frame, why) in filter.misfits.drain(..) {
            let origin = out.origin(frame, frame.number);
            let kind = InputErrorKind::Malformed {
                what: format!("the filter cannot be applied to this packet's link type ({why})"),
                remedy: "packets of this link type were not read; give a filter that fits it too".to_owned(),
            };
            report.errors.push(InputError { input: origin.input.to_string(), origin: Some(origin), kind });
        }
    }

    fn finish(mut self, out: &mut Output<'_>) {
        self.table.finish(out);
        let left = self.fragments.finish();
        let packets = self.given_up.packets + left.packets;
        if packets > 0 {
            out.not_read("ip_fragment", packets, self.given_up.bytes + left.bytes);
        }
    }
}

/// Reads a TCP header and hands its segment on.
fn segment(
    table: &mut Table,
    datagram: &Datagram<'_>,
    vlan: u32,
    seen: Seen,
    out: &mut Output<'_>,
) -> Result<(), &'static str> {
    if datagram.protocol != 6 {
        return Err(network::not_tcp(datagram));
    }
    let bytes = datagram.bytes;
    let header = usize::from(bytes.get(12).copied().unwrap_or(0) >> 4) * 4;
    if bytes.len() < 20 || header > bytes.len() {
        return Err(if bytes.len() < datagram.wire_len { "snap_length" } else { "malformed_packet" });
    }
    if header < 20 {
        return Err("malformed_packet");
    }
    let flags = bytes.get(13).copied().unwrap_or(0);
    let word = |at| pcap::read_u32(bytes, at, true);
    let segment = Segment {
        seq: word(4),
        ack: (flags & 0x10 != 0).then(|| word(8)),
        syn: flags & 0x02 != 0,
        fin: flags & 0x01 != 0,
        rst: flags & 0x04 != 0,
        payload: bytes.get(header..).unwrap_or(&[]),
        len: u32::try_from(datagram.wire_len - header).unwrap_or(u32::MAX),
        vlan,
        seen,
    };
    let network::Addresses { v6, source, destination } = datagram.addresses;
    let port = |at| pcap::read_u16(bytes, at, true);
    let (ends, side) = Ends::of(v6, (source, port(0)), (destination, port(2)));
    table.segment(ends, side, &segment, out);
    Ok(())
}
