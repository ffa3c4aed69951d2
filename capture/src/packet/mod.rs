//! Packet captures: files merged by packet time, packets taken apart down to TCP.

mod ethernet;
#[cfg(feature = "live")]
mod filter;
mod fragment;
mod link;
mod network;
#[cfg(test)]
mod oracle;
mod part;
mod path;
mod pcap;
mod pcapng;
mod ppp;
mod record;
mod segment;
mod sighting;
mod taps;
mod tunnel;
mod window;
mod wireless;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

#[cfg(feature = "live")]
pub use filter::check_filter;
use fragment::{Fragments, GivenUp};
use link::Layer;
use network::Datagram;
use part::Part;
use path::{HEADERS, Path};
use record::{Damage, RecordReader};
use sighting::Sightings;
use taps::Taps;
use tunnel::Ports;

#[cfg(feature = "live")]
use crate::InputErrorKind;
use crate::input::Again;
use crate::output::Output;
use crate::quic::Flows;
use crate::tcp::{Frame, Seen, Table};
use crate::tls::Secrets;
use crate::tunnel_port;
use crate::{DroppedPackets, InputError, Options, Origin, Place, Sink, SourceReport, Timestamp};

/// IP's number of TCP.
const TCP: u8 = 6;
/// IP's number of UDP.
const UDP: u8 = 17;
/// Microseconds around a packet in which those lost before it may have been: programs that capture learn of it only
/// when they ask the kernel.
const LOST_WITHIN: i64 = 2_000_000;
/// Times that a packet may be a fragment inside what fragments made whole.
const NESTED: usize = 4;

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
        sightings: Sightings::new(),
        last: vec![None; names.len()],
        quic: Flows::default(),
        ports: tunnel_port::by_port(&options.tunnels),
        taps: Taps::default(),
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
            heads.extend(
                first.or_else(|| self.advance(index, &mut packets.taps, out)).map(|time| Reverse((time, index))),
            );
        }
        while let Some(Reverse((_, index))) = heads.pop() {
            if self.readers.get(index).is_some_and(RecordReader::is_unread) {
                heads.extend(self.advance(index, &mut packets.taps, out).map(|time| Reverse((time, index))));
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
                match self.advance(index, &mut packets.taps, out) {
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
    fn advance(&mut self, index: usize, taps: &mut Taps, out: &mut Output<'_>) -> Option<Timestamp> {
        let reader = self.readers.get_mut(index)?;
        let advanced = reader.advance(&mut out.secrets);
        for loss in reader.take_losses() {
            out.not_read("dropped_while_capturing", loss.packets, 0);
            taps.dropped(index, &loss);
            if let Some(input) = self.names.get(index) {
                let (input, interface, packets) = (input.to_string(), loss.interface, loss.packets);
                self.report.dropped.push(DroppedPackets { input, interface, packets });
            }
        }
        match advanced {
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
            origin: Some(Origin::new(name.clone(), place)),
            kind: damage.kind,
        });
    }
}

/// What packets are taken apart into.
struct Packets {
    table: Table,
    fragments: Fragments,
    given_up: GivenUp,
    sightings: Sightings,
    /// Time of each capture's packet before.
    last: Vec<Option<Timestamp>>,
    quic: Flows,
    ports: Ports,
    taps: Taps,
    #[cfg(feature = "live")]
    filter: Option<filter::Filter>,
}

impl Packets {
    fn packet(&mut self, input: usize, reader: &RecordReader, out: &mut Output<'_>) {
        let record = reader.record();
        self.taps.current = record.interface.map(|interface| (input, interface));
        let place = Frame { input: input as u32, number: record.number, offset: record.offset };
        // No clock says the first moment of 1970: simple packet blocks have no time, and some writers none at all.
        if record.time == Timestamp(0) {
            out.irregular("no_start_time", place);
        }
        let before = self.last.get_mut(input).and_then(|last| last.replace(record.time));
        if record.lost_before > 0 {
            out.not_read("dropped_while_capturing", record.lost_before, 0);
            let from = Timestamp(record.time.0.saturating_sub(LOST_WITHIN));
            let to = Timestamp(record.time.0.saturating_add(LOST_WITHIN));
            out.blind_spot(None, before.map_or(from, |before| before.min(from)), Seen { time: to, frame: place });
        }
        #[cfg(feature = "live")]
        match self.filter.as_mut().map(|filter| filter.judge(record.link, reader.data(), place)) {
            None | Some(filter::Verdict::Pass) => {}
            Some(filter::Verdict::HoldBack) => return,
            Some(filter::Verdict::Misfit) => {
                out.not_read("filter_misfit", 1, u64::from(record.wire_len));
                return;
            }
        }
        out.captured.packets += 1;
        out.captured.bytes += u64::from(record.wire_len);
        let seen = Seen { time: record.time, frame: place };
        let frame = Part::new(reader.data(), record.wire_len as usize);
        if let Err(reason) = self.take_apart(record.link, frame, seen, out) {
            out.not_read(reason, 1, u64::from(record.wire_len));
        }
    }

    /// Err is the reason why the packet was not read.
    fn take_apart(
        &mut self,
        link: u16,
        frame: Part<'_>,
        mut seen: Seen,
        out: &mut Output<'_>,
    ) -> Result<(), &'static str> {
        let mut path = Path::default();
        let mut datagram = descend(Layer::Link(link), frame, &mut path, &self.ports)?;
        let mut whole: Vec<u8>;
        let mut wire_len = frame.wire_len;
        // Fragments may carry a tunnel that carries fragments.
        for _ in 0..NESTED {
            if datagram.fragment.is_none() && datagram.protocol == UDP {
                if self.is_copy(&datagram, &path, seen) {
                    out.seen_again += 1;
                    return Ok(());
                }
                let (ends, payload) = (tunnel::ends(&datagram), tunnel::payload(&datagram));
                self.quic.datagram(ends, payload, wire_len as u64, seen, out);
                return Err(tunnel::QUIC);
            }
            if datagram.fragment.is_none() {
                return self.segment(&datagram, &path, seen, out);
            }
            if self.is_copy(&datagram, &path, seen) {
                out.seen_again += 1;
                if !self.fragments.expect(&datagram, path.network) {
                    return Ok(());
                }
            }
            let Some((payload, first, protocol)) =
                self.fragments.push(&datagram, path.network, seen, &mut self.given_up)
            else {
                return Ok(());
            };
            seen.frame = first;
            let (addresses, number) = (datagram.addresses, datagram.number);
            whole = payload;
            wire_len = whole.len();
            datagram = Datagram::whole(addresses, protocol, number, &whole);
            if datagram.fragment.is_none() && datagram.protocol != TCP {
                match tunnel::inside(&datagram, &mut path, &self.ports) {
                    Err(tunnel::QUIC) => {}
                    inside => {
                        let (layer, part) = inside?;
                        datagram = descend(layer, part, &mut path, &self.ports)?;
                    }
                }
            }
        }
        Err("nested_too_deep")
    }

    /// Whether a fragment, or a datagram that is not TCP's, was seen before.
    fn is_copy(&mut self, datagram: &Datagram<'_>, path: &Path, seen: Seen) -> bool {
        let place = datagram.fragment.map_or(0, |f| u64::from(f.id) << 32 | u64::from(f.offset));
        let fingerprint = sighting::fingerprint(datagram, [place, sighting::digest(datagram.bytes)]);
        self.sightings.again(fingerprint, seen.time, path.network)
    }

    /// Hands a datagram's TCP segment on. One that was seen before goes the same way, as retransmissions do: what was
    /// taken in already changes nothing.
    fn segment(
        &mut self,
        datagram: &Datagram<'_>,
        path: &Path,
        seen: Seen,
        out: &mut Output<'_>,
    ) -> Result<(), &'static str> {
        let (ends, side, segment) = segment::parse(datagram, path.network, seen)?;
        let identity = segment::identity(datagram, &segment);
        if identity.is_some_and(|identity| self.sightings.again(identity, seen.time, path.network)) {
            out.seen_again += 1;
        }
        if !path.is_plain() {
            path.names().for_each(|name| out.through(name));
        }
        self.taps.add(&ends);
        self.table.segment(ends, side, &segment, out);
        Ok(())
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
        self.quic.finish(out);
        self.taps.finish(out);
        let left = self.fragments.finish();
        let packets = self.given_up.packets + left.packets;
        if packets > 0 {
            out.not_read("ip_fragment", packets, self.given_up.bytes + left.bytes);
        }
    }
}

/// Takes header after header off, down to a datagram that is TCP's, QUIC's or a fragment.
fn descend<'a>(
    mut layer: Layer,
    mut part: Part<'a>,
    path: &mut Path,
    ports: &Ports,
) -> Result<Datagram<'a>, &'static str> {
    for _ in 0..HEADERS {
        (layer, part) = match layer {
            Layer::Ip => {
                let datagram = network::parse(part)?;
                if datagram.protocol == TCP || datagram.fragment.is_some() {
                    return Ok(datagram);
                }
                match tunnel::inside(&datagram, path, ports) {
                    Err(tunnel::QUIC) => return Ok(datagram),
                    step => step?,
                }
            }
            Layer::Link(link) => link::strip(link, part)?,
            Layer::Ether(kind) => ethernet::strip(kind, part, path)?,
            Layer::Ppp => ppp::strip(part)?,
            Layer::Mpls => ethernet::mpls(part, path)?,
            Layer::Nsh => ethernet::service(part, path)?,
        };
    }
    Err("nested_too_deep")
}
