//! A small writer of HTTP/2: two sides talk in frames, with the header compression of another implementation.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use httlib_hpack::Encoder;

use crate::packets_wire::Side::{Client, Server};
use crate::packets_wire::{Side, Talk};

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const PADDED: u8 = 8;
pub(crate) const WITH_PRIORITY: u8 = 0x20;

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A conversation in frames.
pub(crate) struct Frames<'a> {
    pub(crate) talk: Talk,
    encoders: [Encoder<'a>; 2],
}

impl Frames<'_> {
    /// A connection that nobody has used yet.
    pub(crate) fn on(talk: Talk) -> Self {
        Frames { talk, encoders: [Encoder::default(), Encoder::default()] }
    }

    /// A connection with its preface and settings.
    pub(crate) fn open(port: u16) -> Self {
        Self::greeted(Talk::open(port))
    }

    pub(crate) fn greeted(talk: Talk) -> Self {
        let mut frames = Self::on(talk);
        frames.greet();
        frames
    }

    pub(crate) fn greet(&mut self) -> &mut Self {
        let settings = frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]);
        self.talk.send(Client, [PREFACE, &settings].concat());
        self.talk.send(Server, &settings);
        self.send(Server, SETTINGS, ACK, 0, b"").send(Client, SETTINGS, ACK, 0, b"")
    }

    pub(crate) fn send(&mut self, side: Side, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> &mut Self {
        self.talk.send(side, frame(kind, flags, stream, payload));
        self
    }

    /// A header block that uses the table wherever it can.
    pub(crate) fn block(&mut self, side: Side, fields: &[(&str, &str)]) -> Vec<u8> {
        let [client, server] = &mut self.encoders;
        let encoder = if side == Client { client } else { server };
        let mut block = Vec::new();
        for (name, value) in fields {
            let how = Encoder::BEST_FORMAT | Encoder::WITH_INDEXING | Encoder::HUFFMAN_VALUE;
            encoder.encode((name.as_bytes().to_vec(), value.as_bytes().to_vec(), how), &mut block).unwrap();
        }
        block
    }

    pub(crate) fn headers(&mut self, side: Side, flags: u8, stream: u32, fields: &[(&str, &str)]) -> &mut Self {
        let block = self.block(side, fields);
        self.send(side, HEADERS, flags | END_HEADERS, stream, &block)
    }

    /// A request without a body that names itself.
    pub(crate) fn get(&mut self, stream: u32) -> &mut Self {
        let (path, id) = (format!("/{stream}"), stream.to_string());
        let fields = [
            (":method", "GET"),
            (":scheme", "http"),
            (":path", &path),
            (":authority", "a.test"),
            ("user-agent", "a test"),
            ("x-request-id", &id),
        ];
        self.headers(Client, END_STREAM, stream, &fields)
    }

    /// A request with a body.
    pub(crate) fn post(&mut self, stream: u32, body: &[u8]) -> &mut Self {
        let (path, id, length) = (format!("/{stream}"), stream.to_string(), body.len().to_string());
        let fields = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", &path),
            (":authority", "a.test"),
            ("content-length", &length),
            ("x-request-id", &id),
        ];
        self.headers(Client, 0, stream, &fields).send(Client, DATA, END_STREAM, stream, body)
    }

    /// The head of a response that names itself.
    pub(crate) fn status(&mut self, stream: u32, flags: u8, status: &str) -> &mut Self {
        let id = stream.to_string();
        self.headers(Server, flags, stream, &[(":status", status), ("server", "a test"), ("x-request-id", &id)])
    }

    /// A whole response that names itself.
    pub(crate) fn answer(&mut self, stream: u32) -> &mut Self {
        self.status(stream, 0, "200");
        self.send(Server, DATA, END_STREAM, stream, format!("body of {stream}").as_bytes())
    }

    pub(crate) fn reset(&mut self, side: Side, stream: u32) -> &mut Self {
        self.send(side, RST_STREAM, 0, stream, &[0, 0, 0, 8])
    }
}
