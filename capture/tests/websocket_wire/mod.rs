//! A small writer of WebSockets, and scripts of what both sides say.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;

use crate::packets_wire::Side::{Client, Server};
use crate::packets_wire::{Side, Talk};

/// A frame with its first byte; masked where there is a mask.
pub(crate) fn frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let bit = if mask.is_some() { 0x80 } else { 0 };
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..=125 => frame.push(bit | len as u8),
        len @ 126..=65_535 => {
            frame.push(bit | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(bit | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    match mask {
        None => frame.extend(payload),
        Some(mask) => {
            frame.extend(mask);
            frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
        }
    }
    frame
}

/// The request that asks for a WebSocket, and the answer that agrees.
pub(crate) fn heads(extensions: &str) -> (String, String) {
    let field = match extensions {
        "" => String::new(),
        extensions => format!("Sec-WebSocket-Extensions: {extensions}\r\n"),
    };
    let asks = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    (
        format!("GET /chat HTTP/1.1\r\nHost: a.test\r\n{asks}{field}\r\n"),
        format!("HTTP/1.1 101 Switching Protocols\r\n{asks}{field}\r\n"),
    )
}

pub(crate) fn handshake(talk: &mut Talk, extensions: &str) {
    let (request, answer) = heads(extensions);
    talk.send(Client, request).send(Server, answer);
}

/// One message.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) kind: u8,
    pub(crate) payload: Vec<u8>,
    /// Frames that it is sent in.
    pub(crate) parts: usize,
    pub(crate) compressed: bool,
}

/// Writes the messages of both sides.
pub(crate) struct Writer {
    coders: [Compress; 2],
    /// By side, whether each message begins afresh.
    afresh: [bool; 2],
}

impl Writer {
    pub(crate) fn new(afresh: [bool; 2]) -> Self {
        let coder = || Compress::new(Compression::default(), false);
        Writer { coders: [coder(), coder()], afresh }
    }

    /// The frames of a message.
    pub(crate) fn frames(&mut self, side: Side, sent: &Sent) -> Vec<u8> {
        self.parts(side, sent).concat()
    }

    fn parts(&mut self, side: Side, sent: &Sent) -> Vec<Vec<u8>> {
        let own = usize::from(side == Server);
        let payload = if sent.compressed { self.deflate(own, &sent.payload) } else { sent.payload.clone() };
        let size = payload.len().div_ceil(sent.parts).max(1);
        let mut parts: Vec<&[u8]> = payload.chunks(size).collect();
        parts.resize(sent.parts.max(parts.len()), &[]);
        let last = parts.len() - 1;
        let parts = parts.into_iter().enumerate().map(|(at, part)| {
            let mut first = if at == 0 { sent.kind } else { 0 };
            first |= if at == 0 && sent.compressed { 0x40 } else { 0 };
            first |= if at == last { 0x80 } else { 0 };
            let mask = (side == Client).then_some([at as u8, 0x81, 0xc1, 7]);
            frame(first, mask, part)
        });
        parts.collect()
    }

    fn deflate(&mut self, own: usize, payload: &[u8]) -> Vec<u8> {
        let coder = &mut self.coders[own];
        let mut coded = Vec::with_capacity(payload.len() * 2 + 100);
        coder.compress_vec(payload, &mut coded, FlushCompress::Sync).unwrap();
        if payload.is_empty() {
            // An empty block (RFC 7692, section 7.2.3.6).
            coded = vec![0];
        } else {
            assert!(coded.ends_with(&[0, 0, 0xff, 0xff]));
            coded.truncate(coded.len() - 4);
        }
        if self.afresh[own] {
            coder.reset();
        }
        coded
    }
}

/// What both sides say.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) sent: Vec<(Side, Sent)>,
    deflate: bool,
    afresh: [bool; 2],
}

impl Script {
    pub(crate) fn extensions(&self) -> String {
        let mut extensions = if self.deflate { "permessage-deflate" } else { "" }.to_owned();
        for (side, name) in ["client", "server"].into_iter().enumerate() {
            if self.deflate && self.afresh[side] {
                extensions += &format!("; {name}_no_context_takeover");
            }
        }
        extensions
    }

    /// The bytes of each message; a control message lies between the parts of the message before it.
    pub(crate) fn frames(&self) -> Vec<(Side, Vec<u8>)> {
        let mut writer = Writer::new(self.afresh);
        let mut frames: Vec<(Side, Vec<u8>)> = Vec::new();
        let mut held: [Option<Vec<u8>>; 2] = [None, None];
        for (side, sent) in &self.sent {
            let own = usize::from(*side == Server);
            let mut parts = writer.parts(*side, sent);
            if sent.kind < 8 {
                frames.extend(held[own].take().map(|last| (*side, last)));
                held[own] = parts.pop();
            }
            frames.extend(parts.into_iter().map(|part| (*side, part)));
        }
        for (side, last) in [Client, Server].into_iter().zip(held) {
            frames.extend(last.map(|last| (side, last)));
        }
        frames
    }

    pub(crate) fn frame_count(&self) -> u64 {
        let mut writer = Writer::new(self.afresh);
        self.sent.iter().map(|(side, sent)| writer.parts(*side, sent).len() as u64).sum()
    }
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    // Texts that resemble each other, so that compression refers back to earlier ones; and noise.
    let texts = prop::sample::select(vec!["order ord_1 is paid", "order ord_2 is paid", "ord_1", ""]);
    let text = (texts, 0..20usize).prop_map(|(text, times)| text.repeat(times + 1).into_bytes());
    prop_oneof![text, prop::collection::vec(any::<u8>(), 0..200)]
}

/// Any conversation.
pub(crate) fn script() -> impl Strategy<Value = Script> {
    (any::<bool>(), any::<[bool; 2]>()).prop_flat_map(|(deflate, afresh)| {
        let data =
            (1..=2u8, payload(), 1..4usize, any::<bool>()).prop_map(move |(kind, payload, parts, compressed)| Sent {
                kind,
                payload,
                parts,
                compressed: compressed && deflate,
            });
        let control = (9..=10u8, prop::collection::vec(any::<u8>(), 0..100)).prop_map(|(kind, payload)| Sent {
            kind,
            payload,
            parts: 1,
            compressed: false,
        });
        let side = any::<bool>().prop_map(|client| if client { Client } else { Server });
        let sent = prop::collection::vec((side, prop_oneof![3 => data, 1 => control]), 0..12);
        sent.prop_map(move |sent| Script { sent, deflate, afresh })
    })
}
