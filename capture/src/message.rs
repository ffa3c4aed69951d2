//! The messages of a WebSocket: what was said on it, one by one.

use std::sync::Arc;

use crate::{Body, Exchange, Incomplete, Origin, Timestamp};

/// One message of a WebSocket, as far as the input shows it. Fragments are put together, compression is undone.
#[derive(Clone, Debug)]
pub struct Message {
    /// The exchange that opened the WebSocket. It comes to the sink itself when the WebSocket is over, with its counts.
    pub exchange: Arc<Exchange>,
    /// Who sent it.
    pub sender: Sender,
    /// Its place among all that this side sent on the WebSocket, control messages included, from 0, by their ends.
    pub number: u64,
    /// What it is.
    pub kind: MessageKind,
    /// Its first byte.
    pub time: Timestamp,
    /// Its last byte.
    pub end: Timestamp,
    /// Frames that it came in; 0 where the input does not show frames.
    pub frames: u64,
    /// Whether it was compressed on the wire (permessage-deflate).
    pub compressed: bool,
    /// The payload, unmasked and decompressed, at most [`Limits::body_bytes`](crate::Limits::body_bytes) of it.
    pub payload: Body,
    /// Why it is not whole; empty when it is.
    pub incomplete: Vec<Incomplete>,
    /// Where it is in the input.
    pub origin: Origin,
}

impl Message {
    /// The status that a close message gives (RFC 6455, section 7.4), where it gives one.
    pub fn close_code(&self) -> Option<u16> {
        let payload = self.payload.bytes().filter(|_| self.kind == MessageKind::Close)?;
        payload.first_chunk().map(|code| u16::from_be_bytes(*code))
    }
}

/// Who sent a message or a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// The client of the exchange.
    Client,
    /// The server, for calls on an event stream.
    Server,
}

impl Sender {
    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Sender::Client => "client",
            Sender::Server => "server",
        }
    }
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKind {
    /// UTF-8 text.
    Text,
    /// Any bytes.
    Binary,
    /// The sender closes the WebSocket.
    Close,
    /// A question whether the other side is there.
    Ping,
    /// The answer to one.
    Pong,
}

impl MessageKind {
    /// The kind of an opcode (RFC 6455, section 5.2) that begins a message.
    pub(crate) fn of(opcode: u8) -> Option<Self> {
        Some(match opcode {
            1 => MessageKind::Text,
            2 => MessageKind::Binary,
            8 => MessageKind::Close,
            9 => MessageKind::Ping,
            10 => MessageKind::Pong,
            _ => return None,
        })
    }

    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            MessageKind::Text => "text",
            MessageKind::Binary => "binary",
            MessageKind::Close => "close",
            MessageKind::Ping => "ping",
            MessageKind::Pong => "pong",
        }
    }

    /// Whether it carries data of the application, not of the WebSocket itself.
    pub fn is_data(self) -> bool {
        matches!(self, MessageKind::Text | MessageKind::Binary)
    }
}

/// What was said on the WebSocket that an exchange opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebSocket {
    /// Text and binary messages that the client sent.
    pub sent: u64,
    /// Text and binary messages that the server sent.
    pub received: u64,
    /// Frames of both sides, control frames included; 0 where the input does not show frames.
    pub frames: u64,
    /// Bytes of which nobody can tell any more what messages they belong to.
    pub unread_bytes: u64,
}

/// What was said on all WebSockets of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebSocketCounts {
    /// WebSockets.
    pub connections: u64,
    /// Text and binary messages.
    pub messages: u64,
    /// Frames, control frames included (packets only).
    pub frames: u64,
    /// Bytes of the messages' payloads, decompressed.
    pub bytes: u64,
    /// Messages of clients that hold calls.
    pub calls: u64,
    /// Text and binary messages that are no calls, no answers to one and nothing that a protocol of calls needs beside.
    pub without_call: u64,
}

impl WebSocketCounts {
    /// Counts a message.
    pub(crate) fn add(&mut self, message: &Message) {
        self.messages += u64::from(message.kind.is_data());
        self.frames += message.frames;
        self.bytes += message.payload.len().unwrap_or(0);
    }
}
