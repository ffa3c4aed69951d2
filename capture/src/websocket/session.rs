//! A WebSocket from its opening to its end, whatever carries it.

use std::sync::Arc;

use super::deflate::Extension;
use super::dialogue::Dialogue;
use super::direction::{Direction, Found, Whole};
use crate::output::Output;
use crate::tcp::{Cause, Chunk};
use crate::{Exchange, Headers, Message, Sender, WebSocket};

/// A WebSocket that is open.
#[derive(Debug)]
pub(crate) struct Session {
    exchange: Arc<Exchange>,
    /// Bytes that the exchange holds.
    opening: usize,
    client: Direction,
    server: Direction,
    /// Messages of each side, control messages included.
    numbers: [u64; 2],
    counts: WebSocket,
    dialogue: Dialogue,
}

impl Session {
    /// The exchange agreed to open one.
    pub(crate) fn new(exchange: Exchange) -> Self {
        let answer = exchange.response.as_ref().filter(|_| exchange.carries.response_headers);
        // What was not seen may have agreed to anything.
        let extension = answer.map_or(Extension::Other, |answer| Extension::agreed(&answer.headers));
        Session {
            opening: weight(&exchange),
            dialogue: Dialogue::new(&exchange),
            exchange: Arc::new(exchange),
            client: Direction::new(true, extension),
            server: Direction::new(false, extension),
            numbers: [0; 2],
            counts: WebSocket::default(),
        }
    }

    /// Bytes held.
    pub(crate) fn held(&self) -> usize {
        size_of::<Self>() + self.opening + self.client.held() + self.server.held() + self.dialogue.held()
    }

    /// The next bytes of a side.
    pub(crate) fn data(&mut self, from_client: bool, chunk: &Chunk<'_>, out: &mut Output<'_>) {
        let found = self.direction(from_client).data(chunk, out.limits);
        self.hand_on(from_client, found, out);
    }

    /// Bytes of a side that will not come.
    pub(crate) fn gap(&mut self, from_client: bool, len: u64, cause: Cause, out: &mut Output<'_>) {
        if !self.direction(from_client).is_lost() {
            let found = self.direction(from_client).gap(len, cause, out.limits);
            self.hand_on(from_client, found, out);
        }
    }

    /// Bytes of a side are missing, and nobody can tell how many.
    pub(crate) fn lose(&mut self, from_client: bool, cause: Cause, out: &mut Output<'_>) {
        let mut found = Found::default();
        self.direction(from_client).lose(cause, &mut found, out.limits);
        self.hand_on(from_client, found, out);
    }

    /// Nothing more comes. Returns the exchange that opened it, and what was said.
    pub(crate) fn finish(mut self, out: &mut Output<'_>) -> (Exchange, WebSocket) {
        for from_client in [true, false] {
            let found = self.direction(from_client).finish(out.limits);
            self.hand_on(from_client, found, out);
        }
        let unread = self.client.unread + self.server.unread;
        if unread > 0 {
            self.not_read("websocket_lost", unread, out);
        }
        self.dialogue.finish().into_iter().for_each(|said| out.said(said));
        out.websocket.connections += 1;
        out.websocket.calls += self.dialogue.calls();
        out.websocket.without_call += self.dialogue.without_call();
        if self.dialogue.is_anybody() {
            self.not_read("websocket_identity", 0, out);
        }
        drop(self.dialogue);
        let counts = WebSocket { unread_bytes: unread, ..self.counts };
        (Arc::unwrap_or_clone(self.exchange), counts)
    }

    fn not_read(&self, reason: &'static str, bytes: u64, out: &mut Output<'_>) {
        match self.exchange.connection {
            Some(connection) => out.not_read_on(connection, reason, bytes),
            None => out.not_read(reason, 1, bytes),
        }
    }

    fn direction(&mut self, client: bool) -> &mut Direction {
        if client { &mut self.client } else { &mut self.server }
    }

    fn hand_on(&mut self, from_client: bool, found: Found, out: &mut Output<'_>) {
        for (name, seen) in found.irregular {
            out.irregular(name, seen.frame);
        }
        for message in found.messages {
            self.message(from_client, message, out);
        }
    }

    fn message(&mut self, from_client: bool, message: Whole, out: &mut Output<'_>) {
        let Whole { kind, extent, frames, compressed, payload, reasons } = message;
        let [client, server] = &mut self.numbers;
        let next = if from_client { client } else { server };
        let number = *next;
        *next += 1;
        let counted = if from_client { &mut self.counts.sent } else { &mut self.counts.received };
        *counted += u64::from(kind.is_data());
        self.counts.frames += frames;
        let message = Message {
            exchange: Arc::clone(&self.exchange),
            sender: if from_client { Sender::Client } else { Sender::Server },
            number,
            kind,
            time: extent.earliest,
            end: extent.latest,
            frames,
            compressed,
            payload,
            incomplete: reasons.to_vec(),
            origin: out.origin(extent.first.frame, extent.last_frame).of_message(number),
        };
        let said = self.dialogue.take(&message);
        out.message(message);
        said.into_iter().for_each(|said| out.said(said));
    }
}

/// Bytes that the heads of an exchange hold.
fn weight(exchange: &Exchange) -> usize {
    let fields = |headers: &Headers| {
        headers.iter().map(|(name, value)| name.len() + value.len() + size_of::<[u32; 3]>()).sum::<usize>()
    };
    let asked = exchange.request.as_ref().map_or(0, |request| fields(&request.headers) + request.target.len());
    let answered = exchange.response.as_ref().map_or(0, |response| fields(&response.headers));
    size_of::<Exchange>() + asked + answered
}
