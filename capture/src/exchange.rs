//! The HTTP exchange: one request and the response to it, as far as the input shows them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::{Origin, WebSocket};

/// Microseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// One HTTP request with the response to it. Either may be missing; both missing is never emitted.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Stable identity of this exchange: the same for whole, split or reordered inputs of one packet capture.
    ///
    /// Packets: derived from the connection's endpoints, its first sequence number and the exchange's position.
    /// HAR and logs: derived from how the input's content begins, the entry's or line's number, and its time. Where
    /// inputs of a run begin alike, their place in an order by content counts too.
    pub key: u64,
    /// Application protocol that carried it.
    pub protocol: Protocol,
    /// Stable identity of the connection (packets only).
    pub connection: Option<u64>,
    /// Stream within the connection (HTTP/2) or position of the exchange on it (HTTP/1), from 0.
    pub stream: u64,
    /// Who sent the request.
    pub client: Option<Endpoint>,
    /// Who answered.
    pub server: Option<Endpoint>,
    /// Digest of how the client's program speaks on its connection, whatever it says: what its TLS hello offers, else the
    /// settings that it begins HTTP/2 with (packets only). The same on all connections of one program; behind a proxy it
    /// is the proxy's.
    pub print: Option<u64>,
    /// First byte of the request; when that was not seen, first byte of the response.
    pub time: Timestamp,
    /// Last byte of the response, where the input tells.
    pub end: Option<Timestamp>,
    /// Width of one clock tick in microseconds: 1 for packets, 1_000_000 for a log with whole seconds.
    /// Events of one tick have no order.
    pub tick: i64,
    /// The request, where it was seen.
    pub request: Option<Request>,
    /// The response, where it was seen.
    pub response: Option<Response>,
    /// Whether the server sent the response unasked (HTTP/2 server push): the request is what it promised to answer, and
    /// no client sent it.
    pub pushed: bool,
    /// What gRPC says beside HTTP, where the exchange is a call of gRPC or gRPC-Web (packets only).
    pub grpc: Option<Grpc>,
    /// What was said on the WebSocket that it opened, if it did and that was read.
    pub web_socket: Option<WebSocket>,
    /// What other exchanges of the input hold of the calls in this one; [`Joins`](crate::Joins) finds it.
    pub elsewhere: Option<Box<Elsewhere>>,
    /// What the logging system said beside the HTTP message itself.
    pub log: LogFacts,
    /// What this kind of input can carry at all: tells "absent" from "not recorded".
    pub carries: Carries,
    /// Why this exchange is not whole; empty when it is.
    pub incomplete: Vec<Incomplete>,
    /// Where the request (else the response) is in the input.
    pub origin: Origin,
    /// Where the response is, when it lies elsewhere.
    pub response_origin: Option<Origin>,
}

impl Exchange {
    /// The HTTP status that tells how the exchange went: the response's, but for a gRPC call the one that its own status
    /// stands for, since that comes with 200 whatever it is. None where it was not seen, and for what was said on a
    /// WebSocket, which has none.
    pub fn outcome_status(&self) -> Option<u16> {
        if self.protocol == Protocol::WebSocket {
            return None;
        }
        let status = self.response.as_ref().map(|response| response.status)?;
        match self.grpc {
            Some(grpc) if status == 200 => grpc.status.map(grpc_as_http),
            _ => Some(status),
        }
    }
}

/// The HTTP status that gRPC's own mapping (`google.rpc.Code`) gives a status code.
fn grpc_as_http(code: u32) -> u16 {
    match code {
        0 => 200,
        1 => 499,
        3 | 9 | 11 => 400,
        4 => 504,
        5 => 404,
        6 | 10 => 409,
        7 => 403,
        8 => 429,
        12 => 501,
        14 => 503,
        16 => 401,
        _ => 500,
    }
}

/// Application protocol of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// HTTP/1.0 or 1.1 (also 0.9 where seen).
    Http1,
    /// HTTP/2.
    Http2,
    /// HTTP/3.
    Http3,
    /// gRPC over HTTP/2; the method's name is the request's target.
    Grpc,
    /// A message on a WebSocket, with what answered it: no HTTP message. See [`Sink::said`](crate::Sink::said).
    WebSocket,
    /// A log or HAR that does not say.
    Unknown,
}

impl Protocol {
    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Http1 => "http1",
            Protocol::Http2 => "http2",
            Protocol::Http3 => "http3",
            Protocol::Grpc => "grpc",
            Protocol::WebSocket => "websocket",
            Protocol::Unknown => "unknown",
        }
    }
}

/// What a gRPC call says beside HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grpc {
    /// The call's status code, 0 for success; none where it was not seen.
    pub status: Option<u32>,
    /// Messages that the client sent; none where the body is not whole.
    pub request_messages: Option<u64>,
    /// Messages that the server sent; none where the body is not whole.
    pub response_messages: Option<u64>,
}

/// What other exchanges hold of the calls in one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Messages of JSON-RPC that answer calls of this exchange, from streams of others.
    pub answers: Vec<Arc<str>>,
    /// Documents of GraphQL of which this exchange sent the hash, by it, as far as they say what is called.
    pub documents: Vec<(String, Arc<str>)>,
    /// The `id` of this message is one more than that of the client's last one on the WebSocket, from 0 or 1 on.
    pub counts: bool,
}

/// An address and, where known, a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// IP address.
    pub ip: IpAddr,
    /// TCP port, where known.
    pub port: Option<u16>,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.ip, self.port) {
            (ip, None) => write!(f, "{ip}"),
            (IpAddr::V4(ip), Some(port)) => f.write_str(DottedPort::new(ip, port).as_str()),
            (IpAddr::V6(ip), Some(port)) => write!(f, "[{ip}]:{port}"),
        }
    }
}

/// `255.255.255.255:65535` put together from its end, without a formatter: every exchange has two.
struct DottedPort {
    text: [u8; 21],
    start: usize,
}

impl DottedPort {
    fn new(ip: Ipv4Addr, port: u16) -> Self {
        let mut dotted = DottedPort { text: [0; 21], start: 21 };
        dotted.put(port);
        for (octet, mark) in ip.octets().into_iter().rev().zip(*b":...") {
            dotted.byte(mark);
            dotted.put(octet.into());
        }
        dotted
    }

    fn put(&mut self, mut number: u16) {
        loop {
            self.byte(b'0' + (number % 10) as u8);
            number /= 10;
            if number == 0 {
                break;
            }
        }
    }

    fn byte(&mut self, byte: u8) {
        self.start = self.start.saturating_sub(1);
        if let Some(place) = self.text.get_mut(self.start) {
            *place = byte;
        }
    }

    fn as_str(&self) -> &str {
        self.text.get(self.start..).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }
}

/// A request message.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method as sent, e.g. `POST`.
    pub method: String,
    /// `http` or `https`, where known.
    pub scheme: Option<String>,
    /// Authority: `Host` header, `:authority` or the URL's host, with a port that is given and not the scheme's own.
    pub host: Option<String>,
    /// Origin-form target: path and query, without scheme and authority. `*` and CONNECT's authority as sent.
    pub target: String,
    /// Header fields and trailers in order (HAR pseudo headers removed).
    pub headers: Headers,
    /// The body, decoded from its transfer and content codings.
    pub body: Body,
    /// First and last byte's time.
    pub end: Option<Timestamp>,
}

impl Request {
    /// Bytes held outside of itself, header fields that it shares with others included.
    pub fn held(&self) -> usize {
        let texts = [Some(&self.method), self.scheme.as_ref(), self.host.as_ref(), Some(&self.target)];
        let texts: usize = texts.into_iter().flatten().map(String::capacity).sum();
        texts + self.headers.held() + self.body.bytes().map_or(0, <[u8]>::len)
    }
}

/// A response message: the final one, interim 1xx responses are not kept.
#[derive(Clone, Debug)]
pub struct Response {
    /// Status code, 100..=999.
    pub status: u16,
    /// Header fields and trailers in order.
    pub headers: Headers,
    /// The body, decoded from its transfer and content codings.
    pub body: Body,
    /// Time of the first byte, where the input tells.
    pub start: Option<Timestamp>,
}

impl Response {
    /// Bytes held outside of itself, header fields that it shares with others included.
    pub fn held(&self) -> usize {
        self.headers.held() + self.body.bytes().map_or(0, <[u8]>::len)
    }
}

/// Header fields in the order sent. Names keep their case; look-ups ignore it. A clone shares them until it gets more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Arc<Fields>);

/// Names and values one after the other, and where each field's name begins and ends and its value ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Fields {
    bytes: Vec<u8>,
    places: Vec<(u32, u32, u32)>,
}

impl Headers {
    /// No fields, with room for `bytes` of names and values.
    pub fn with_capacity(bytes: usize, fields: usize) -> Self {
        Headers(Arc::new(Fields { bytes: Vec::with_capacity(bytes), places: Vec::with_capacity(fields) }))
    }

    /// Appends one field. Fields past 4 GiB in total are dropped; `Limits` keeps heads far below that.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        let start = self.0.bytes.len();
        let (Ok(a), Ok(b), Ok(c)) =
            (u32::try_from(start), u32::try_from(start + name.len()), u32::try_from(start + name.len() + value.len()))
        else {
            return;
        };
        let fields = Arc::make_mut(&mut self.0);
        fields.bytes.extend_from_slice(name);
        fields.bytes.extend_from_slice(value);
        fields.places.push((a, b, c));
    }

    /// First value of a field; the name is compared without case.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, v)| v)
    }

    /// First value of a field, when it is UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|v| std::str::from_utf8(v).ok())
    }

    /// All values of a field, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, v)| v)
    }

    /// All fields, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let Fields { bytes, places } = &*self.0;
        places.iter().map(|&(a, b, c)| {
            let (a, b, c) = (a as usize, b as usize, c as usize);
            (bytes.get(a..b).unwrap_or(&[]), bytes.get(b..c).unwrap_or(&[]))
        })
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.0.places.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.0.places.is_empty()
    }

    /// Bytes held outside of itself, those that are shared included.
    pub(crate) fn held(&self) -> usize {
        size_of::<Fields>() + self.0.bytes.capacity() + self.0.places.capacity() * size_of::<(u32, u32, u32)>()
    }
}

/// A message body. Absent, unknown and empty are three different things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// The message has no body (GET, 204, HEAD's response).
    Absent,
    /// There may have been a body; the input does not carry it.
    Unknown {
        /// Its size on the wire, where the input says.
        size: Option<u64>,
    },
    /// The body's bytes.
    Present {
        /// Decoded bytes, at most `Limits::body_bytes` of them.
        bytes: Vec<u8>,
        /// Bytes of the transfer-decoded, still content-coded body on the wire.
        wire_len: u64,
        /// Length of the whole decoded body; larger than `bytes.len()` when the cap cut it.
        decoded_len: u64,
        /// Whether `bytes` is the whole decoded body: nothing missing on the wire, nothing cut by a limit.
        whole: bool,
    },
}

impl Body {
    /// The decoded bytes that were kept.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Body::Present { bytes, .. } => Some(bytes),
            Body::Absent | Body::Unknown { .. } => None,
        }
    }

    /// Whether the kept bytes are the whole decoded body.
    pub fn is_whole(&self) -> bool {
        match self {
            Body::Absent => true,
            Body::Unknown { .. } => false,
            Body::Present { whole, .. } => *whole,
        }
    }

    /// SHA-256 of the decoded body when it was kept whole; computed at each call.
    pub fn sha256(&self) -> Option<[u8; 32]> {
        match self {
            Body::Present { bytes, whole: true, .. } => Some(Sha256::digest(bytes).into()),
            _ => None,
        }
    }

    /// Length of the decoded body, where known.
    pub fn len(&self) -> Option<u64> {
        match self {
            Body::Absent => Some(0),
            Body::Unknown { size } => *size,
            Body::Present { decoded_len, .. } => Some(*decoded_len),
        }
    }

    /// Whether the body is known to be empty.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }
}

/// What a log record says beside the HTTP message: names are those the field-mapping conventions resolve to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFacts {
    /// Authenticated user or subject as logged.
    pub user: Option<String>,
    /// OAuth client or API consumer as logged.
    pub client_id: Option<String>,
    /// Request or correlation id as logged.
    pub request_id: Option<String>,
    /// Trace id as logged.
    pub trace_id: Option<String>,
    /// Every other scalar field of a JSON record by its dotted name, in record order, e.g. `("tenant", "acme")`.
    pub fields: Vec<(String, String)>,
}

/// What a kind of input can carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Carries {
    /// Request headers in full (a log that names three of them does not).
    pub request_headers: bool,
    /// Response headers in full.
    pub response_headers: bool,
    /// Request bodies.
    pub request_bodies: bool,
    /// Response bodies.
    pub response_bodies: bool,
}

/// Why an exchange is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Incomplete {
    /// No request seen: the other direction or its packets are missing.
    NoRequest,
    /// No response seen before the connection or the input ended.
    NoResponse,
    /// The capture began inside this message, or after what its HTTP/2 fields refer to; or, in HTTP/1, behind a join or a loss
    /// nothing proves which request the response answers.
    MidStream,
    /// Packets of the request are missing, or those that its HTTP/2 fields refer to.
    RequestGap,
    /// Packets of the response are missing, or those that its HTTP/2 fields refer to.
    ResponseGap,
    /// The snap length cut packets of this exchange.
    SnapLength,
    /// The connection ended inside a message that said it was longer.
    CutShort,
    /// The body did not decode from its content coding; the coded bytes are kept.
    UndecodableBody,
    /// A limit cut the body or the head.
    OverLimit,
    /// One side gave the exchange up before it was over (HTTP/2: `RST_STREAM`, or `GOAWAY` before the stream).
    Reset,
    /// The log names only the template that the path fits: in the request's target each `{name}` stands for a segment
    /// that is not known, and the query is not known either.
    PathTemplate,
}

impl Incomplete {
    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Incomplete::NoRequest => "no_request",
            Incomplete::NoResponse => "no_response",
            Incomplete::MidStream => "mid_stream",
            Incomplete::RequestGap => "request_gap",
            Incomplete::ResponseGap => "response_gap",
            Incomplete::SnapLength => "snap_length",
            Incomplete::CutShort => "cut_short",
            Incomplete::UndecodableBody => "undecodable_body",
            Incomplete::OverLimit => "over_limit",
            Incomplete::Reset => "reset",
            Incomplete::PathTemplate => "path_template",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn addresses_read_as_the_standard_library_writes_them(bits in any::<u32>(), mask in any::<u32>(), port in any::<u16>()) {
            for ip in [bits, bits & mask & mask.rotate_left(9), 0, u32::MAX].map(Ipv4Addr::from_bits) {
                let end = Endpoint { ip: ip.into(), port: Some(port) };
                prop_assert_eq!(end.to_string(), format!("{ip}:{port}"));
            }
        }
    }

    #[test]
    fn a_clone_of_headers_shares_them_until_it_gets_more() {
        let mut first = Headers::default();
        first.push(b"Host", b"a.test");
        let mut second = first.clone();
        let place = |headers: &Headers| headers.get("host").map(<[u8]>::as_ptr);
        assert_eq!(place(&second), place(&first));
        second.push(b"Accept", b"*/*");
        assert_eq!((first.len(), second.len(), second.get("host")), (1, 2, first.get("HOST")));
        assert_ne!(place(&second), place(&first));
    }
}
