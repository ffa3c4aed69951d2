//! What a source hands to its reader, and what it says at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::input::{self, Compression, Handle, Opened, Recognised};
#[cfg(feature = "live")]
use crate::interface::Interface;
use crate::key::KeySeed;
use crate::packet::{self, OpenCapture, SecretsOf};
use crate::{
    Endpoint, Exchange, InputError, InputErrorKind, InputFormat, InputReport, Irregularity, Limits, LogFormat, Mapping,
    Message, Origin, Schema, SourceReport, Stores, Timestamp, TunnelPort, UnreadConnection, access_log, har, tls,
};

/// How to read the inputs.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Bounds on memory and work.
    pub limits: Limits,
    /// Fields of JSON logs named by hand, over the conventions: target field -> dotted name in the record.
    /// Targets: `time`, `duration`, `client`, `server`, `method`, `target`, `host`, `scheme`, `status`, `user`,
    /// `client_id`, `request_id`, `trace_id`, `request_bytes`, `response_bytes`, `request_body`,
    /// `response_body`, `request_header.NAME`, `response_header.NAME`, and the other [`Mapping::targets`].
    pub log_fields: BTreeMap<String, String>,
    /// Key logs (`SSLKEYLOGFILE`) with the secrets of TLS connections in captures. Of interfaces and pipes, they may
    /// grow while these are read.
    pub key_logs: Vec<PathBuf>,
    /// Format of lines as the server's configuration has it. Lines that do not fit it are read by their looks.
    pub log_format: Option<LogFormat>,
    /// A format that the user describes. Lines of text, or JSON, as it says, are read by it and by nothing else.
    pub mapping: Option<Arc<Mapping>>,
    /// Schemas of gRPC services, for [`grpc_as_json`](crate::grpc_as_json).
    pub schema: Option<Arc<Schema>>,
    /// Ports at which tunnels over UDP are spoken besides their own. What comes to such a port is read as the tunnel, so
    /// whoever may send there writes what anybody says.
    pub tunnels: Vec<TunnelPort>,
    /// Whose traffic an input holds, by the input's name as origins have it: the user of each of its exchanges that
    /// names none. Several HAR files, each of one person's browser, are told apart by it.
    pub actors: BTreeMap<String, String>,
    /// Whether reports go without [`InputReport::sha256`]: to hash a capture takes a fifth of the time of reading it.
    pub unhashed: bool,
    /// What finds and opens inputs that are named by URL; without it each of them is an error.
    pub stores: Option<Arc<dyn Stores>>,
    /// BPF expression that packets of captures and interfaces must pass; see [`check_filter`](crate::check_filter).
    #[cfg(feature = "live")]
    pub bpf: Option<String>,
    /// When to stop reading interfaces.
    #[cfg(feature = "live")]
    pub live: crate::LiveOptions,
}

impl Options {
    /// Checks what a user can get wrong: the targets of [`Options::log_fields`], and whether [`Options::key_logs`] are.
    ///
    /// # Errors
    ///
    /// Says what is wrong, with the nearest known name. Reading with unchecked options ignores unknown targets, and
    /// reports key logs that cannot be read.
    pub fn check(&self) -> Result<(), String> {
        self.key_logs.iter().try_for_each(|path| tls::check(path))?;
        self.log_fields.iter().try_for_each(|(target, name)| access_log::check_field(target, name))
    }
}

/// What there is to read, and what could not be opened.
#[derive(Debug, Default)]
pub struct Plan {
    /// Sources in a stable order: the packet stream first, then by name. All packet captures are one source,
    /// merged by packet time, so that a rotation (`tcpdump -C`) reads as one capture.
    pub sources: Vec<Source>,
    /// Inputs that could not be opened or recognised.
    pub errors: Vec<InputError>,
    /// What is not read because it would be read twice or is no traffic, by name.
    pub aside: Vec<Aside>,
    /// Names given by the user that lead to no file; each has its error too.
    pub missing: Vec<String>,
}

impl Plan {
    /// The error of a name that leads to no file, when nothing else can be read either: most likely it is mistyped.
    pub fn mistyped(&self) -> Option<&InputError> {
        let missing = self.missing.first().filter(|_| self.sources.is_empty())?;
        self.errors.iter().find(|error| error.input == *missing)
    }

    /// What is to be said of the inputs that [`Options::actors`] names and that are not read: whom they name stays
    /// without a name where the same traffic is read from another input. Those with an error are not among them.
    pub fn idle_actors(&self, options: &Options) -> Vec<String> {
        let read: BTreeSet<&str> =
            self.sources.iter().flat_map(|s| &s.inputs).map(|input| input.name.as_str()).collect();
        let fails = |name: &str| self.errors.iter().any(|error| error.input == name);
        let idle = options.actors.iter().filter(|(name, _)| !read.contains(name.as_str()) && !fails(name));
        let said = idle.filter_map(|(name, actor)| {
            let of = self.aside.iter().find(|aside| aside.input == *name).and_then(|aside| aside.reason.read_instead());
            match of {
                Some(of) if options.actors.get(of) == Some(actor) => None,
                Some(of) => Some(format!(
                    "--actor {name} names nobody: its traffic is read from {of}, which is what --actor is to name"
                )),
                None => Some(format!("--actor {name} names nobody: no input of this name is read")),
            }
        });
        said.collect()
    }
}

/// Something that was found among the inputs and is not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Aside {
    /// The file or folder.
    pub input: String,
    /// Why.
    pub reason: AsideReason,
}

/// Why an input is set aside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AsideReason {
    /// Its plain content is that of the input of this name.
    Copy(String),
    /// Another name of the input of this name, e.g. a link to it.
    SameFile(String),
    /// A run folder of offpath: results, no traffic.
    RunFolder,
}

impl AsideReason {
    /// The input that is read instead.
    fn read_instead(&self) -> Option<&String> {
        match self {
            AsideReason::Copy(of) | AsideReason::SameFile(of) => Some(of),
            AsideReason::RunFolder => None,
        }
    }
}

impl fmt::Display for Aside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let input = &self.input;
        match &self.reason {
            AsideReason::Copy(of) => write!(f, "{input} is a copy of {of}: read once"),
            AsideReason::SameFile(of) => write!(f, "{input} is the same file as {of}: read once"),
            AsideReason::RunFolder => write!(f, "{input} is a run folder of offpath: not read as input"),
        }
    }
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
    pub(crate) compression: Compression,
    pub(crate) handle: Handle,
    /// Hash of how the plain content begins.
    pub(crate) head: u64,
    /// Inputs planned before this one that begin alike.
    pub(crate) alike: u64,
}

impl PlannedInput {
    pub(crate) fn new(name: String, recognised: Recognised) -> Self {
        let Recognised { handle, format, compression, bytes, head } = recognised;
        PlannedInput { name, format, bytes, compression, handle, head, alike: 0 }
    }

    /// A network interface, whose packets come as a capture file's bytes.
    #[cfg(feature = "live")]
    pub(crate) fn interface(name: &str) -> Self {
        PlannedInput {
            name: format!("interface:{name}"),
            format: InputFormat::Pcap,
            bytes: None,
            compression: Compression::None,
            handle: Handle::Interface(Interface::new(name)),
            head: 0,
            alike: 0,
        }
    }
}

/// Resolves files, folders (recursively, sorted), globs and `-`, and recognises each file's format from its content.
///
/// With the feature `live`, `interface:NAME` is a network interface and a source of its own, opened when it is read and
/// read until `Options::live` says stop; without it, it is a file's name like any other.
///
/// A URL of one of the schemes [`STORE_SCHEMES`](crate::STORE_SCHEMES) is what [`Options::stores`] finds there, in names
/// as [`shown_url`](crate::shown_url) has them; a file of such a name is `./s3://...`.
///
/// A file named twice, by whatever names, is planned once, and so are files of equal content, compressed or not;
/// [`Plan::aside`] names the others. A folder that holds a run of offpath is set aside whole. The plan does not depend on the order of `inputs`.
pub fn plan(inputs: &[String], options: &Options) -> Plan {
    input::plan(inputs, options)
}

impl Source {
    /// A source of one input that is in memory; `name` is what messages and origins call it.
    ///
    /// # Errors
    ///
    /// The content is empty or of no known format.
    pub fn in_memory(name: &str, bytes: Vec<u8>) -> Result<Self, Box<InputError>> {
        match input::recognise_bytes(bytes, &Options::default()) {
            Ok(recognised) => Ok(Source { inputs: vec![PlannedInput::new(name.to_owned(), recognised)] }),
            Err(kind) => Err(Box::new(InputError { input: name.to_owned(), origin: None, kind })),
        }
    }

    /// Streams the source's exchanges into `sink`. Never fails as a whole: what could not be read is in the report.
    ///
    /// Every input is read to its end to hash it, also when its content stops making sense early. When the sink breaks,
    /// files are still hashed whole, while standard input and pipes are left where they are. Without hashes
    /// ([`Options::unhashed`]) a file is read to its end only where the sink does not break.
    pub fn read(self, options: &Options, sink: &mut dyn Sink) -> SourceReport {
        let mut report = SourceReport::default();
        let consumed = Arc::new(AtomicU64::new(0));
        let mut sink = MeteredSink {
            inner: sink,
            actors: &options.actors,
            consumed: Arc::clone(&consumed),
            reported: 0,
            broken: false,
            backwards: None,
        };
        let mut disks = Vec::new();
        let mut readers = Vec::new();
        #[cfg(feature = "live")]
        let mut interfaces = Vec::new();
        let rotated = self.inputs.len() > 1;
        for input in self.inputs {
            let endless = !input.handle.is_kept();
            #[cfg(feature = "live")]
            if let Handle::Interface(interface) = &input.handle {
                interfaces.push((report.inputs.len(), interface.clone()));
            }
            let (name, format) = (Arc::<str>::from(&*input.name), input.format);
            let seed = KeySeed::new(input.head, input.alike);
            let again = input::again(&input.handle, input.compression);
            match open(input.handle, input.compression, rotated, &consumed, options) {
                Ok((Opened { reader, disk }, first)) => {
                    readers.push(Content { name, format, seed, reader, first, again });
                    disks.push((disk, endless));
                    report.inputs.push(InputReport::new(input.name, input.format));
                }
                Err(error) => report.errors.push(InputError { input: input.name, origin: None, kind: error }),
            }
        }
        #[cfg(not(feature = "live"))]
        read_content(readers, options, &mut sink, &mut report);
        #[cfg(feature = "live")]
        read_filtered(readers, options, &interfaces, &mut sink, &mut report);
        for ((mut disk, endless), input) in disks.into_iter().zip(&mut report.inputs) {
            if !((endless || options.unhashed) && sink.broken)
                && let Err(error) = disk.drain()
            {
                report.errors.push(InputError { input: input.name.clone(), origin: None, kind: error.into() });
            }
            (input.bytes, input.sha256) = disk.digest();
        }
        sink.report_progress();
        if let Some((count, first)) = sink.backwards {
            report.irregularities.push(Irregularity { name: "time_goes_back", count, first });
        }
        report
    }
}

/// Reads the inputs; the kernel has filtered those that are interfaces, which are never mixed with files.
#[cfg(feature = "live")]
fn read_filtered(
    inputs: Vec<Content>,
    options: &Options,
    interfaces: &[(usize, Interface)],
    sink: &mut dyn Sink,
    report: &mut SourceReport,
) {
    if interfaces.is_empty() {
        return read_content(inputs, options, sink, report);
    }
    read_content(inputs, &Options { bpf: None, ..options.clone() }, sink, report);
    for (index, interface) in interfaces {
        interface.tell(*index, sink, report);
    }
}

/// Opens an input. Of several captures, of which a rotation leaves hundreds, only the first packet's time is looked at
/// now, and their files are opened as their turn comes.
fn open(
    handle: Handle,
    compression: Compression,
    rotated: bool,
    consumed: &Arc<AtomicU64>,
    options: &Options,
) -> Result<(Opened, Option<Timestamp>), InputErrorKind> {
    let looked = if rotated { input::look_at_beginning(&handle, compression)? } else { None };
    match looked {
        None => Ok((input::open(handle, compression, consumed, options)?, None)),
        Some(content) => {
            let first = packet::first_time(content);
            Ok((input::open_when_due(handle, compression, consumed, options)?, first))
        }
    }
}

/// An input's plain content.
struct Content {
    name: Arc<str>,
    format: InputFormat,
    /// Of the keys of its exchanges.
    seed: KeySeed,
    reader: Box<dyn Read + Send>,
    /// Time of a capture's first packet, where it was looked at.
    first: Option<Timestamp>,
    /// Opens the content once more; none of what can be read only once.
    again: Option<input::Again>,
}

/// Hands the inputs to their format's reader. Captures come together, the others alone.
fn read_content(inputs: Vec<Content>, options: &Options, sink: &mut dyn Sink, report: &mut SourceReport) {
    let mut captures = Vec::new();
    for Content { name, format, seed, reader, first, again } in inputs {
        match format {
            InputFormat::Har => har::read((&name, seed), reader, options, sink, report),
            InputFormat::Pcap | InputFormat::Pcapng => {
                let secrets = match again {
                    None => SecretsOf::Growing,
                    Some(again) if format == InputFormat::Pcapng => SecretsOf::Anywhere(again),
                    Some(_) => SecretsOf::None,
                };
                captures.push(OpenCapture { name, reader, first, secrets });
            }
            _ => access_log::read((&name, seed), format, reader, options, sink, report),
        }
    }
    if !captures.is_empty() {
        packet::read(captures, options, sink, report);
    }
}

/// Passes everything on, and progress in bytes on disk whatever the reader behind the decompression counts.
struct MeteredSink<'a> {
    inner: &'a mut dyn Sink,
    actors: &'a BTreeMap<String, String>,
    consumed: Arc<AtomicU64>,
    reported: u64,
    broken: bool,
    /// Exchanges whose later times lay before their start, and the first one.
    backwards: Option<(u64, Origin)>,
}

impl MeteredSink<'_> {
    /// Makes no part of an exchange end before it starts: clocks are set back, and packets of two interfaces are
    /// stamped by two clocks.
    fn order_times(&mut self, exchange: &mut Exchange) {
        let start = exchange.time;
        let request = exchange.request.as_mut().and_then(|request| request.end.as_mut());
        let response = exchange.response.as_mut().and_then(|response| response.start.as_mut());
        let mut early = false;
        for time in [request, response, exchange.end.as_mut()].into_iter().flatten().filter(|time| **time < start) {
            *time = start;
            early = true;
        }
        if early {
            self.backwards.get_or_insert_with(|| (0, exchange.origin.clone())).0 += 1;
        }
    }

    /// Who the user says acts in this input, where the input does not say it.
    fn name_actor(&self, exchange: &mut Exchange) {
        if exchange.log.user.is_none()
            && let Some(actor) = self.actors.get(&*exchange.origin.input)
        {
            exchange.log.user = Some(actor.clone());
        }
    }

    fn report_progress(&mut self) {
        let consumed = self.consumed.load(Ordering::Relaxed);
        if consumed > self.reported {
            self.inner.progress(consumed - self.reported);
            self.reported = consumed;
        }
    }

    fn noted(&mut self, flow: ControlFlow<()>) -> ControlFlow<()> {
        self.broken |= flow.is_break();
        flow
    }
}

impl Sink for MeteredSink<'_> {
    fn message(&mut self, message: Message) -> ControlFlow<()> {
        self.report_progress();
        let flow = self.inner.message(message);
        self.noted(flow)
    }

    fn said(&mut self, mut exchange: Exchange) -> ControlFlow<()> {
        self.report_progress();
        self.order_times(&mut exchange);
        self.name_actor(&mut exchange);
        let flow = self.inner.said(exchange);
        self.noted(flow)
    }

    fn exchange(&mut self, mut exchange: Exchange) -> ControlFlow<()> {
        self.report_progress();
        self.order_times(&mut exchange);
        self.name_actor(&mut exchange);
        let flow = self.inner.exchange(exchange);
        self.noted(flow)
    }

    fn blind_spot(&mut self, spot: BlindSpot) -> ControlFlow<()> {
        self.report_progress();
        let flow = self.inner.blind_spot(spot);
        self.noted(flow)
    }

    fn unread(&mut self, connection: UnreadConnection) -> ControlFlow<()> {
        let flow = self.inner.unread(connection);
        self.noted(flow)
    }

    fn progress(&mut self, _: u64) {
        self.report_progress();
    }
}

/// Receives what a source yields, in the order the source shows it. Break stops reading.
pub trait Sink {
    /// One exchange. Packets: emitted when complete, so not strictly by time.
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()>;
    /// One message of a WebSocket, side by side in the order sent. The exchange that opened the WebSocket comes after its
    /// last message. Who only wants exchanges need not take them.
    fn message(&mut self, message: Message) -> ControlFlow<()> {
        let _ = message;
        ControlFlow::Continue(())
    }
    /// A message of a client on a WebSocket that holds calls, as an exchange with what answered it: the request is that
    /// which opened the WebSocket with the message for its body, the response's body the messages that answer, one after
    /// the other. Its protocol is [`Protocol::WebSocket`](crate::Protocol::WebSocket); [`calls`](crate::calls) reads it.
    fn said(&mut self, exchange: Exchange) -> ControlFlow<()> {
        let _ = exchange;
        ControlFlow::Continue(())
    }
    /// A time at which something happened that nobody can name any more.
    fn blind_spot(&mut self, spot: BlindSpot) -> ControlFlow<()>;
    /// One connection of which not all was read, at its end. Who only wants what was read need not take them.
    fn unread(&mut self, connection: UnreadConnection) -> ControlFlow<()> {
        let _ = connection;
        ControlFlow::Continue(())
    }
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
    /// The server whose requests they were, where they were lost on one connection; none where any may have been lost.
    pub server: Option<Endpoint>,
    /// Whose requests they were, where they were lost on one connection and it is known.
    pub client: Option<Endpoint>,
    /// Where it is in the input.
    pub origin: Origin,
}
