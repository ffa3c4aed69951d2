//! A network interface read live, as the bytes of the capture file that `tcpdump -w -` would write of it: from there on
//! its packets go the way of every other capture.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use pcap::{Active, Capture, Device, Error, Packet};

use crate::{BlindSpot, InputError, InputErrorKind, NotRead, Options, Origin, Place, Sink, SourceReport, Timestamp};

/// Bytes of packets that the kernel keeps while they are not fetched.
const KERNEL_BUFFER: i32 = 16 << 20;
/// Milliseconds after which the kernel hands over what it has.
const HAND_OVER: i32 = 10;
/// Pause after which all packets from before the stop were handed over.
const LAST_HAND_OVER: Duration = Duration::from_millis(2 * HAND_OVER as u64);
/// Packets that are still taken after the stop where they never cease.
const LAST_PACKETS: u64 = 100_000;
/// Microseconds of packet time between two looks at what the kernel dropped.
const LOOK_EVERY: i64 = 1_000_000;
const FILE_HEADER: u64 = 24;

/// When to stop reading an interface.
#[derive(Clone, Debug, Default)]
pub struct LiveOptions {
    /// Set from outside to end the reading; what came before is analysed.
    pub stop: Arc<AtomicBool>,
    /// Packets after which reading ends by itself.
    pub packets: Option<u64>,
}

/// An interface by name, not opened yet, and what will be known at its end.
#[derive(Clone, Debug)]
pub(crate) struct Interface {
    name: String,
    ending: Arc<Mutex<Ending>>,
}

/// What an interface's reading says at its end.
#[derive(Debug, Default)]
struct Ending {
    dropped: u64,
    dropped_by_interface: u64,
    stretches: Vec<Stretch>,
    failure: Option<String>,
}

/// Packets between which the kernel dropped some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    from: Point,
    to: Point,
}

/// A packet as a point in time and file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Point {
    time: Timestamp,
    frame: u64,
    offset: u64,
}

impl Interface {
    pub(crate) fn new(name: &str) -> Self {
        Interface { name: name.to_owned(), ending: Arc::default() }
    }

    /// Starts capturing.
    pub(crate) fn open(&self, options: &Options) -> Result<Box<dyn Read + Send>, InputErrorKind> {
        let tap = Tap::open(&self.name, options.bpf.as_deref(), false, options.live.clone())?;
        let mut header = Vec::new();
        for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, Tap::SNAP_LENGTH, u32::from(tap.link_type())] {
            header.extend(word.to_le_bytes());
        }
        Ok(Box::new(Reading {
            tap,
            pending: header.into(),
            here: Point { offset: FILE_HEADER, ..Point::default() },
            looked: None,
            ending: Arc::clone(&self.ending),
        }))
    }

    /// Tells, at the end, what the kernel dropped and why reading ended, if not as asked.
    pub(crate) fn tell(&self, input: usize, sink: &mut dyn Sink, report: &mut SourceReport) {
        // Without this it was never opened, and that is said already.
        let Some(name) = report.inputs.get(input).map(|input| input.name.clone()) else { return };
        let ending = lock(&self.ending);
        for (reason, count) in
            [("dropped_by_kernel", ending.dropped), ("dropped_by_interface", ending.dropped_by_interface)]
        {
            if count > 0 {
                report.not_read.push(NotRead { reason, count, bytes: 0 });
            }
        }
        for Stretch { from, to } in &ending.stretches {
            let place = Place::Frames { first: from.frame, last: to.frame, offset: from.offset };
            let origin = Origin::new(Arc::from(&*name), place);
            if sink
                .blind_spot(BlindSpot { from: from.time, to: to.time, server: None, client: None, origin })
                .is_break()
            {
                break;
            }
        }
        if let Some(what) = &ending.failure {
            let remedy = "everything before was analysed; start again when the interface is back".to_owned();
            let kind = InputErrorKind::Interface { what: what.clone(), remedy };
            report.errors.push(InputError { input: name, origin: None, kind });
        }
    }
}

impl Ending {
    /// Takes in the kernel's counters as of packet `to`; they have counted since the capture began.
    fn look(&mut self, dropped: u64, dropped_by_interface: u64, from: Point, to: Point) {
        let more = dropped > self.dropped || dropped_by_interface > self.dropped_by_interface;
        self.dropped = self.dropped.max(dropped);
        self.dropped_by_interface = self.dropped_by_interface.max(dropped_by_interface);
        if !more {
            return;
        }
        match self.stretches.last_mut() {
            Some(last) if last.to == from => last.to = to,
            _ => self.stretches.push(Stretch { from, to }),
        }
    }
}

/// A running capture of an interface, packet by packet.
pub struct Tap {
    capture: Capture<Active>,
    options: LiveOptions,
    taken: u64,
    /// Once asked to stop: packets still taken, and whether the last look at the kernel's buffer is due.
    stopping: Option<(u64, bool)>,
}

/// What a [`Tap`] has.
#[derive(Debug)]
pub enum Tapped<'a> {
    /// A packet.
    Packet(TappedPacket<'a>),
    /// Nothing, now.
    Idle,
    /// Nothing any more, as [`LiveOptions`] has it.
    Over,
    /// Nothing any more, because the interface failed, in libpcap's words.
    Failed(String),
}

/// A packet of an interface.
#[derive(Clone, Copy, Debug)]
pub struct TappedPacket<'a> {
    /// When the kernel saw it.
    pub time: Timestamp,
    /// Its length on the wire.
    pub wire_len: u32,
    /// Its bytes, as many as were captured.
    pub data: &'a [u8],
}

/// What the kernel has counted since the capture began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TapCounts {
    /// Packets that came.
    pub received: u64,
    /// Packets that the kernel dropped because they were not fetched in time.
    pub dropped: u64,
    /// Packets that the interface dropped.
    pub dropped_by_interface: u64,
}

impl Tap {
    /// Pause that suits a tap which has nothing now.
    pub const IDLE: Duration = Duration::from_millis(5);
    /// Longest packet that is taken whole: more than any frame, also of offloading network cards and loopback.
    pub const SNAP_LENGTH: u32 = 262_144;

    /// Starts capturing what passes the filter; `promiscuous` also what is meant for other machines.
    ///
    /// # Errors
    ///
    /// There is no such interface or no right to capture; the error says what to do. Or the filter is wrong.
    pub fn open(
        name: &str,
        filter: Option<&str>,
        promiscuous: bool,
        options: LiveOptions,
    ) -> Result<Self, InputErrorKind> {
        let capture = activate(name, filter, promiscuous).map_err(refused)?;
        Ok(Tap { capture, options, taken: 0, stopping: None })
    }

    /// `LINKTYPE_` number of its packets.
    pub fn link_type(&self) -> u16 {
        u16::try_from(self.capture.get_datalink().0).unwrap_or(u16::MAX)
    }

    /// What there is now. After a stop was asked for, what the kernel still holds comes first.
    pub fn fetch(&mut self) -> Tapped<'_> {
        if self.over() {
            return Tapped::Over;
        }
        match self.capture.next_packet() {
            Ok(Packet { header, data }) => {
                self.taken += 1;
                let (seconds, micros) = (header.ts.tv_sec as u32, header.ts.tv_usec as u32);
                let time = Timestamp(i64::from(seconds) * 1_000_000 + i64::from(micros));
                Tapped::Packet(TappedPacket { time, wire_len: header.len, data })
            }
            Err(Error::TimeoutExpired) => {
                match &mut self.stopping {
                    Some((left, true)) => *left = 0,
                    Some((_, last)) => {
                        *last = true;
                        thread::sleep(LAST_HAND_OVER);
                    }
                    None => {}
                }
                Tapped::Idle
            }
            Err(error) => {
                self.stopping = Some((0, true));
                Tapped::Failed(message(error))
            }
        }
    }

    /// Whether nothing more is to be fetched.
    fn over(&mut self) -> bool {
        if self.stopping.is_none() && self.options.stop.load(Ordering::Relaxed) {
            self.stopping = Some((self.taken.saturating_add(LAST_PACKETS), false));
        }
        self.options.packets.is_some_and(|most| self.taken >= most)
            || self.stopping.is_some_and(|(most, _)| self.taken >= most)
    }

    /// The kernel's counters; none where it does not count.
    pub fn counts(&mut self) -> Option<TapCounts> {
        let counted = self.capture.stats().ok()?;
        Some(TapCounts {
            received: u64::from(counted.received),
            dropped: u64::from(counted.dropped),
            dropped_by_interface: u64::from(counted.if_dropped),
        })
    }
}

/// A running capture as the bytes of a file.
struct Reading {
    tap: Tap,
    pending: VecDeque<u8>,
    here: Point,
    /// Packet at which the kernel's counters were last read.
    looked: Option<Point>,
    ending: Arc<Mutex<Ending>>,
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.pending.is_empty() && !self.fetch() {
            return Ok(0);
        }
        self.pending.read(buffer)
    }
}

impl Reading {
    /// Fetches one packet as a record of a capture file. False at the end.
    fn fetch(&mut self) -> bool {
        loop {
            match self.tap.fetch() {
                Tapped::Packet(TappedPacket { time, wire_len, data }) => {
                    let (seconds, micros) = ((time.0 / 1_000_000) as u32, (time.0 % 1_000_000) as u32);
                    for word in [seconds, micros, data.len() as u32, wire_len] {
                        self.pending.extend(word.to_le_bytes());
                    }
                    self.pending.extend(data);
                    self.passed(time);
                    return true;
                }
                Tapped::Idle => thread::sleep(Tap::IDLE),
                Tapped::Over => {
                    self.look();
                    return false;
                }
                Tapped::Failed(why) => {
                    self.look();
                    lock(&self.ending).failure = Some(why);
                    return false;
                }
            }
        }
    }

    /// Notes where the stream is after the packet that waits to be read.
    fn passed(&mut self, time: Timestamp) {
        let offset = self.here.offset;
        self.here = Point { time, frame: self.tap.taken, offset };
        match self.looked {
            None => self.looked = Some(self.here),
            Some(looked) if time.0.saturating_sub(looked.time.0) >= LOOK_EVERY => self.look(),
            Some(_) => {}
        }
        self.here.offset = offset + self.pending.len() as u64;
    }

    /// Reads the kernel's counters.
    fn look(&mut self) {
        let from = self.looked.unwrap_or(self.here);
        if let Some(counted) = self.tap.counts() {
            lock(&self.ending).look(counted.dropped, counted.dropped_by_interface, from, self.here);
        }
        self.looked = Some(self.here);
    }
}

/// Opens an interface; a filter runs in the kernel.
fn activate(name: &str, filter: Option<&str>, promiscuous: bool) -> Result<Capture<Active>, Error> {
    let capture = Capture::from_device(name)?.promisc(promiscuous).snaplen(Tap::SNAP_LENGTH as i32);
    let mut capture = capture.buffer_size(KERNEL_BUFFER).timeout(HAND_OVER).open()?;
    if let Some(filter) = filter {
        capture.filter(filter, true)?;
    }
    capture.setnonblock()
}

/// Why an interface cannot be opened, and what to do.
fn refused(error: Error) -> InputErrorKind {
    let what = message(error);
    let lower = what.to_ascii_lowercase();
    let remedy = if lower.contains("permission") || lower.contains("not permitted") {
        "run as root, or give the program this right once: `sudo setcap cap_net_raw+ep \"$(command -v offpath)\"`"
            .to_owned()
    } else {
        let devices = Device::list().unwrap_or_default();
        let names: Vec<_> = devices.into_iter().map(|device| device.name).collect();
        format!("this machine has: {}", names.join(", "))
    };
    InputErrorKind::Interface { what, remedy }
}

/// libpcap's words without the binding's.
pub(crate) fn message(error: Error) -> String {
    match error {
        Error::PcapError(text) => text,
        other => other.to_string(),
    }
}

fn lock(ending: &Mutex<Ending>) -> MutexGuard<'_, Ending> {
    ending.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Point {
        Point { time: Timestamp(second * 1_000_000), frame: second as u64, offset: 24 + 60 * second as u64 }
    }

    #[test]
    fn drops_are_blind_where_they_happened_and_counted_once() {
        let mut ending = Ending::default();
        for (second, dropped) in [(1, 0), (2, 5), (3, 9), (4, 9), (5, 9), (6, 10)] {
            ending.look(dropped, 0, at(second - 1), at(second));
        }
        assert_eq!((ending.dropped, ending.dropped_by_interface), (10, 0));
        assert_eq!(ending.stretches, [Stretch { from: at(1), to: at(3) }, Stretch { from: at(5), to: at(6) }]);
    }

    #[test]
    fn an_interface_that_is_not_there_is_answered_with_those_that_are() {
        let refused = Interface::new("no-such0").open(&Options::default()).err().unwrap().to_string();
        assert!(refused.contains("this machine has: ") || refused.contains("setcap"), "{refused}");
    }
}
