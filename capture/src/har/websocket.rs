//! Messages of WebSockets, as Chrome and mitmproxy write them beside the entry that opened one.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::entry::WebSocketMessage;
use crate::{Body, Exchange, Incomplete, Limits, Message, MessageKind, Sender, Timestamp, WebSocket, clock};

/// What an entry says of one message.
pub(super) struct Spoken {
    sender: Sender,
    kind: MessageKind,
    time: Option<Timestamp>,
    payload: Body,
    incomplete: Vec<Incomplete>,
}

impl Spoken {
    /// Reads one; none where it does not say who sent it, as for Chrome's `error`.
    pub(super) fn read(message: WebSocketMessage<'_>, limits: &Limits) -> Option<Self> {
        let sender = match message.kind.text()? {
            "send" | "request" => Sender::Client,
            "receive" | "response" => Sender::Server,
            _ => return None,
        };
        let opcode = message.opcode.count().and_then(|opcode| u8::try_from(opcode).ok()).unwrap_or(1);
        let kind = MessageKind::of(opcode)?;
        let mut incomplete = Vec::new();
        let payload = match message.data.into_text() {
            None => Body::Unknown { size: None },
            Some(text) if kind == MessageKind::Text => body(text.as_bytes(), limits, &mut incomplete),
            Some(text) => match STANDARD.decode(text.as_bytes()) {
                Ok(bytes) => body(&bytes, limits, &mut incomplete),
                Err(_) => {
                    incomplete.push(Incomplete::UndecodableBody);
                    Body::Unknown { size: None }
                }
            },
        };
        let time = message.time.number().and_then(clock::epoch_float).map(|reading| reading.time);
        Some(Spoken { sender, kind, time, payload, incomplete })
    }
}

fn body(bytes: &[u8], limits: &Limits, incomplete: &mut Vec<Incomplete>) -> Body {
    let len = bytes.len() as u64;
    let kept = bytes.get(..limits.body_bytes);
    if kept.is_some_and(|kept| kept.len() < bytes.len()) {
        incomplete.push(Incomplete::OverLimit);
    }
    let bytes = kept.unwrap_or(bytes).to_vec();
    Body::Present { whole: bytes.len() as u64 == len, bytes, wire_len: len, decoded_len: len }
}

/// The messages of the WebSocket that an exchange opened, and what they come to.
pub(super) fn messages(exchange: &Exchange, spoken: Vec<Spoken>) -> (Vec<Message>, WebSocket) {
    let opening = Arc::new(exchange.clone());
    let mut counts = WebSocket::default();
    let mut numbers = [0; 2];
    let messages = spoken.into_iter().map(|spoken| {
        let [client, server] = &mut numbers;
        let (next, counted) = match spoken.sender {
            Sender::Client => (client, &mut counts.sent),
            Sender::Server => (server, &mut counts.received),
        };
        let number = *next;
        *next += 1;
        *counted += u64::from(spoken.kind.is_data());
        let time = spoken.time.unwrap_or(opening.time);
        Message {
            exchange: Arc::clone(&opening),
            sender: spoken.sender,
            number,
            kind: spoken.kind,
            time,
            end: time,
            frames: 0,
            compressed: false,
            payload: spoken.payload,
            incomplete: spoken.incomplete,
            origin: opening.origin.clone().of_message(number),
        }
    });
    let messages = messages.collect();
    (messages, counts)
}
