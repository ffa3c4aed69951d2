//! What tshark reads in a capture, message by message, from its PDML: an XML of which each tag is a protocol or a field.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use flate2::read::MultiGzDecoder;

use crate::messages::{Content, Ends, Message, Side};

/// What tshark says of a capture: its messages, and which requests it links with which responses.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) messages: Vec<Message>,
    /// Places in `messages` of a request and of the response to it.
    pub(crate) pairs: Vec<(usize, usize)>,
}

/// What tshark is told beside the capture.
#[derive(Clone, Copy, Default)]
pub(crate) struct Hints<'a> {
    pub(crate) key_log: Option<&'a Path>,
    /// Whether segments that overtake others are put in order: without it those captures are lost to it, with it those
    /// that lack packets.
    pub(crate) reorder: bool,
    /// Ports on which it looks for a protocol that it would not look for there.
    pub(crate) ports: &'a [(u16, &'static str)],
}

/// Reads a capture with tshark.
pub(crate) fn read(tshark: &Path, capture: &Path, hints: Hints<'_>) -> Told {
    let settings = tempfile::tempdir().unwrap();
    let mut command = Command::new(tshark);
    command.args(["-n", "-Y", "tcp and (http or http2)"]);
    command.arg("-o").arg(format!("tcp.reassemble_out_of_order:{}", hints.reorder));
    for (port, protocol) in hints.ports {
        command.arg("-d").arg(format!("tcp.port=={port},{protocol}"));
    }
    command.args(["-T", "pdml", "-J", "ip ipv6 tcp http http2"]);
    if let Some(keys) = hints.key_log {
        command.arg("-o").arg(format!("tls.keylog_file:{}", keys.display()));
    }
    // A user's own preferences must not change what it sees.
    command.env("WIRESHARK_CONFIG_DIR", settings.path()).env("XDG_CONFIG_HOME", settings.path());
    let output = command.arg("-r").arg(capture).output().unwrap();
    let mut reading = Reading::default();
    for tag in Tags(&String::from_utf8_lossy(&output.stdout)) {
        reading.tag(&tag);
    }
    reading.told()
}

/// The tags of an XML text that have a name; what stands between them says nothing here.
struct Tags<'a>(&'a str);

struct Tag<'a> {
    element: &'a str,
    name: &'a str,
    show: &'a str,
    value: &'a str,
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        let (_, rest) = self.0.split_once('<')?;
        // A `>` may stand in a quoted value.
        let mut quoted = false;
        let end = rest.find(|letter| {
            quoted ^= letter == '"';
            letter == '>' && !quoted
        })?;
        let (tag, rest) = rest.split_at(end);
        self.0 = rest;
        let element = tag.split([' ', '/']).next().unwrap_or("");
        let attribute = |name: &str| {
            let (_, value) = tag.split_once(&format!(" {name}=\""))?;
            value.split('"').next()
        };
        let [name, show, value] = ["name", "show", "value"].map(|name| attribute(name).unwrap_or(""));
        Some(Tag { element, name, show, value })
    }
}

/// The HTTP message or HTTP/2 frame whose fields come.
#[derive(Default)]
struct Current {
    method: Option<String>,
    target: String,
    host: String,
    status: Option<u16>,
    body: Option<Vec<u8>>,
    /// All of an HTTP/2 body, told again with its last frame.
    reassembled: Option<Vec<u8>>,
    request_in: Option<u64>,
    http2: bool,
    stream: u64,
    promised: Option<u64>,
    gzip: bool,
    other_coding: bool,
}

/// One side of an HTTP/2 stream.
type Half = (Ends, u64, Side);

#[derive(Default)]
struct Reading {
    told: Told,
    frame: u64,
    source: (String, String),
    target: (String, String),
    current: Option<Current>,
    /// Requests of HTTP/1 by frame, in order, as places in the messages.
    requests: BTreeMap<u64, Vec<usize>>,
    /// Message and coded body of each side of a stream.
    halves: BTreeMap<Half, (Option<usize>, Vec<u8>, Current)>,
}

impl Reading {
    fn tag(&mut self, tag: &Tag<'_>) {
        if tag.element == "packet" || tag.element == "proto" {
            self.settle();
        }
        match (tag.element, tag.name) {
            ("proto", "http" | "http2") => {
                self.current = Some(Current { http2: tag.name == "http2", ..Current::default() });
            }
            ("field", "num") => self.frame = tag.show.parse().unwrap(),
            ("field", "ip.src" | "ipv6.src") => tag.show.clone_into(&mut self.source.0),
            ("field", "ip.dst" | "ipv6.dst") => tag.show.clone_into(&mut self.target.0),
            ("field", "tcp.srcport") => tag.show.clone_into(&mut self.source.1),
            ("field", "tcp.dstport") => tag.show.clone_into(&mut self.target.1),
            ("field", name) => {
                if let Some(current) = &mut self.current {
                    current.field(name, tag);
                }
            }
            _ => {}
        }
    }

    fn ends(&self, side: Side) -> Ends {
        let end = |(ip, port): &(String, String)| {
            if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
        };
        let (source, target) = (end(&self.source), end(&self.target));
        if side == Side::Request { (source, target) } else { (target, source) }
    }

    /// The current message has all its fields.
    fn settle(&mut self) {
        let Some(current) = self.current.take() else { return };
        if current.http2 { self.settle_http2(current) } else { self.settle_http1(current) }
    }

    fn settle_http1(&mut self, current: Current) {
        let Some((side, head)) = current.head() else { return };
        let at = self.told.messages.len();
        let body = Content::of(current.body.as_deref().unwrap_or(&[]));
        self.told.messages.push(Message { ends: self.ends(side), side, head, body, frame: self.frame });
        if side == Side::Request {
            self.requests.entry(self.frame).or_default().push(at);
        } else if let Some(waiting) = current.request_in.and_then(|frame| self.requests.get_mut(&frame))
            && !waiting.is_empty()
        {
            self.told.pairs.push((waiting.remove(0), at));
        }
    }

    fn settle_http2(&mut self, mut current: Current) {
        let data = current.body.take().unwrap_or_default();
        let said = current.head();
        // What is promised is a request that the server tells of.
        let (stream, side, pushed) = match (&said, current.promised) {
            (Some(_), Some(promised)) => (promised, Side::Request, true),
            (Some((side, _)), None) => (current.stream, *side, false),
            (None, _) => {
                // Data, trailers or a frame that says nothing here: of the side that sends them.
                let known = [Side::Request, Side::Response].map(|side| (self.ends(side), current.stream, side));
                if let Some(half) = known.into_iter().find(|half| self.halves.contains_key(half)) {
                    self.halves.entry(half).and_modify(|(_, bytes, _)| match current.reassembled {
                        Some(whole) => *bytes = whole,
                        None => bytes.extend(data),
                    });
                }
                return;
            }
        };
        let Some((_, head)) = said else { return };
        let ends = if pushed { self.ends(Side::Response) } else { self.ends(side) };
        let at = self.told.messages.len();
        self.told.messages.push(Message { ends: ends.clone(), side, head, body: Content::Unknown, frame: self.frame });
        if side == Side::Response
            && let Some((Some(request), ..)) = self.halves.get(&(ends.clone(), stream, Side::Request))
        {
            self.told.pairs.push((*request, at));
        }
        self.halves.insert((ends, stream, side), (Some(at), Vec::new(), current));
    }

    fn told(mut self) -> Told {
        self.settle();
        for (at, bytes, head) in self.halves.into_values() {
            let mut plain = Vec::new();
            let body = if head.other_coding && !bytes.is_empty() {
                Content::Unknown
            } else if head.gzip && !bytes.is_empty() {
                match MultiGzDecoder::new(&*bytes).read_to_end(&mut plain) {
                    Ok(_) => Content::of(&plain),
                    Err(_) => Content::Unknown,
                }
            } else {
                Content::of(&bytes)
            };
            if let Some(message) = at.and_then(|at| self.told.messages.get_mut(at)) {
                message.body = body;
            }
        }
        self.told
    }
}

impl Current {
    fn field(&mut self, name: &str, tag: &Tag<'_>) {
        match name {
            "http.request.method" | "http2.headers.method" => self.method = Some(text(tag)),
            "http.request.uri" | "http2.headers.path" => self.target = text(tag),
            "http2.headers.authority" => self.host = text(tag),
            // The field's bytes are the whole line.
            "http.host" => self.host = unescaped(tag.show),
            "http.response.code" | "http2.headers.status" => self.status = tag.show.parse().ok(),
            "http.request_in" => self.request_in = tag.show.parse().ok(),
            "http.file_data" | "http2.data.data" => self.body = Some(bytes(tag.value)),
            "http2.body.reassembled.data" => self.reassembled = Some(bytes(tag.value)),
            "http2.streamid" => self.stream = tag.show.parse().unwrap_or(0),
            "http2.push_promise.promised_id" => self.promised = tag.show.parse().ok(),
            "http2.headers.content_encoding" => {
                self.gzip = tag.show == "gzip";
                self.other_coding = !self.gzip && tag.show != "identity";
            }
            _ => {}
        }
    }

    /// Which side's message it is and its first line; none for interim responses and what begins no message.
    fn head(&self) -> Option<(Side, String)> {
        match (&self.method, self.status) {
            (Some(method), _) => Some((Side::Request, Message::request(method, &self.target, &self.host))),
            (None, Some(status)) if status == 101 || status >= 200 => Some((Side::Response, status.to_string())),
            _ => None,
        }
    }
}

/// The text of a field, from its bytes where it has them: what it shows is escaped twice.
fn text(tag: &Tag<'_>) -> String {
    let bytes = bytes(tag.value);
    if bytes.is_empty() { unescaped(tag.show) } else { String::from_utf8_lossy(&bytes).into_owned() }
}

fn unescaped(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&amp;", "&")]
        .into_iter()
        .fold(text.to_owned(), |text, (escaped, letter)| text.replace(escaped, letter))
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}
