//! What a source hands to its reader, and what it says at the end.

use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::ops::ControlFlow;

use crate::packet::{self, OpenCapture};
use crate::{Exchange, InputError, Limits, Origin, Timestamp};

/// How to read the inputs.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Bounds on memory and work.
    pub limits: Limits,
    /// Fields of JSON logs named by hand, over the conventions: target field -> dotted name in the record.
    /// Targets: `time`, `duration`, `client`, `server`, `method`, `target`, `host`, `scheme`, `status`, `user`,
    /// `client_id`, `request_id`, `trace_id`, `request_bytes`, `response_bytes`, `request_body`,
    /// `response_body`, `request_header.NAME`, `response_header.NAME`.
    pub log_fields: BTreeMap<String, String>,
}

/// What there is to read, and what could not be opened.
#[derive(Debug, Default)]
pub struct Plan {
    /// Sources in a stable order: the packet stream first, then by name. All packet captures are one source,
    /// merged by packet time, so that a rotation (`tcpdump -C`) reads as one capture.
    pub sources: Vec<Source>,
    /// Inputs that could not be opened or recognised.
    pub errors: Vec<InputError>,
}

/// One independent stream of exchanges: sources may be read in parallel.
#[derive(Debug)]
pub struct Source {
    /// Inputs that make it up, in reading order.
    pub inputs: Vec<PlannedInput>,
}

/// An input that was recognised.
#[derive(Debug)]
pub struct PlannedInput {
    /// The input as the user named it (or as found in the folder or glob that he named).
    pub name: String,
    /// Its format.
    pub format: InputFormat,
    /// Size on disk, where known.
    pub bytes: Option<u64>,
}

/// Resolves files, folders (recursively, sorted), globs and `-`, and recognises each file's format from its content.
pub fn plan(inputs: &[String], options: &Options) -> Plan {
    let _ = options;
    let mut plan = Plan::default();
    let mut captures = Vec::new();
    for name in inputs {
        match std::fs::File::open(name) {
            Ok(file) => {
                let bytes = file.metadata().ok().map(|m| m.len());
                captures.push(PlannedInput { name: name.clone(), format: InputFormat::Pcap, bytes });
            }
            Err(e) => plan.errors.push(InputError { input: name.clone(), origin: None, kind: e.into() }),
        }
    }
    if !captures.is_empty() {
        plan.sources.push(Source { inputs: captures });
    }
    plan
}

impl Source {
    /// Streams the source's exchanges into `sink`. Never fails as a whole: what could not be read is in the report.
    pub fn read(self, options: &Options, sink: &mut dyn Sink) -> SourceReport {
        let mut report = SourceReport::default();
        let mut captures = Vec::new();
        for input in self.inputs {
            match std::fs::File::open(&input.name) {
                Ok(file) => captures.push(OpenCapture { name: input.name.as_str().into(), reader: decompressed(file) }),
                Err(e) => report.errors.push(InputError { input: input.name, origin: None, kind: e.into() }),
            }
        }
        for capture in &captures {
            report.inputs.push(InputReport {
                name: capture.name.to_string(),
                format: InputFormat::Pcap,
                bytes: 0,
                sha256: String::new(),
                records: 0,
                bytes_lost: 0,
            });
        }
        packet::read(captures, options, sink, &mut report);
        report
    }
}

/// The file's bytes, out of gzip where they are in it.
fn decompressed(mut file: std::fs::File) -> Box<dyn Read + Send> {
    let mut magic = [0; 2];
    let gzip = file.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
    if file.rewind().is_err() {
        return Box::new(std::io::empty());
    }
    if gzip { Box::new(flate2::read::MultiGzDecoder::new(file)) } else { Box::new(file) }
}

/// Receives what a source yields, in the order the source shows it. Break stops reading.
pub trait Sink {
    /// One exchange. Packets: emitted when complete, so not strictly by time.
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()>;
    /// A time at which something happened that nobody can name any more.
    fn blind_spot(&mut self, spot: BlindSpot) -> ControlFlow<()>;
    /// `bytes` more of the (compressed) input were consumed.
    fn progress(&mut self, bytes: u64);
}

/// A stretch of time in which a connection carried messages whose request line and objects were not seen: later
/// stages treat every absence across it as unproven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindSpot {
    /// Start of the stretch.
    pub from: Timestamp,
    /// End of the stretch.
    pub to: Timestamp,
    /// Where it is in the input.
    pub origin: Origin,
}

/// Format of an input, found from its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InputFormat {
    /// libpcap file, any byte order and time resolution.
    Pcap,
    /// pcapng file.
    Pcapng,
    /// HTTP Archive 1.1 to 1.3.
    Har,
    /// Common or combined log format.
    CombinedLog,
    /// One JSON object a line.
    JsonLog,
}

impl InputFormat {
    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            InputFormat::Pcap => "pcap",
            InputFormat::Pcapng => "pcapng",
            InputFormat::Har => "har",
            InputFormat::CombinedLog => "combined",
            InputFormat::JsonLog => "json",
        }
    }
}

/// A message that broke its format and was read all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Irregularity {
    /// Stable snake-case name, e.g. `content_length_and_chunked`.
    pub name: &'static str,
    /// How often.
    pub count: u64,
    /// The first one.
    pub first: Origin,
}

/// Something seen and not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRead {
    /// Stable snake-case reason, e.g. `tls`, `http2`, `not_http`, `link_type`, `udp`.
    pub reason: &'static str,
    /// Connections, packets, entries or lines, as the reason says.
    pub count: u64,
    /// Bytes of them.
    pub bytes: u64,
}

/// One input of a source, at its end.
#[derive(Debug)]
pub struct InputReport {
    /// The input as the user named it.
    pub name: String,
    /// Its format.
    pub format: InputFormat,
    /// Size on disk.
    pub bytes: u64,
    /// SHA-256 of the file as it is on disk, in hex.
    pub sha256: String,
    /// Records: packets, entries or lines.
    pub records: u64,
    /// Bytes of records that could not be read at all.
    pub bytes_lost: u64,
}

/// What a source says at its end.
#[derive(Debug, Default)]
pub struct SourceReport {
    /// The inputs that made up the source.
    pub inputs: Vec<InputReport>,
    /// Exchanges handed to the sink.
    pub exchanges: u64,
    /// Of these, by reason, those not whole.
    pub incomplete: BTreeMap<&'static str, u64>,
    /// Connections seen (packets only).
    pub connections: u64,
    /// Connections with at least one gap.
    pub connections_with_gaps: u64,
    /// What was seen and not read.
    pub not_read: Vec<NotRead>,
    /// What broke its format and was read all the same.
    pub irregularities: Vec<Irregularity>,
    /// Parts that could not be read, at most one an input and cause.
    pub errors: Vec<InputError>,
}
