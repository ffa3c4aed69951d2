//! The streams of a connection that are not over.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::message::Message;
use crate::Request;
use crate::conversation::{Extent, Reasons};
use crate::tcp::Cause;

/// Streams that may be open at once, and bytes of their messages.
pub(super) const OPEN: usize = 4096;
pub(super) const OPEN_BYTES: usize = 32 << 20;
/// Streams remembered after they were given up: frames that were on their way still come.
const GIVEN_UP: usize = 4096;
/// Streams kept after the client gave them up, for what the server had sent by then.
const LINGERING: usize = 256;

/// One stream: a request and its response, as far as seen.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) request: Option<Message>,
    /// The request came in HTTP/1.1, with an upgrade.
    pub(super) upgraded: Option<(Extent, Request)>,
    /// The request was promised by the server.
    pub(super) pushed: bool,
    pub(super) response: Option<Message>,
    /// The response's end was seen, though not its head.
    pub(super) response_over: bool,
    /// One side gave it up.
    pub(super) reset: bool,
    /// The response, or its beginning, may be among what a gap swallowed.
    pub(super) response_gap: Option<Cause>,
    pub(super) reasons: Reasons,
}

impl Stream {
    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        let upgraded = self.upgraded.as_ref().and_then(|(_, request)| request.body.bytes()).map_or(0, <[u8]>::len);
        upgraded + [&self.request, &self.response].into_iter().flatten().map(Message::held).sum::<usize>()
    }

    /// Whether the client will say no more, or nothing of the request is known.
    pub(super) fn request_ended(&self) -> bool {
        self.reset || self.request.as_ref().is_none_or(|request| request.ended)
    }

    pub(super) fn response_ended(&self) -> bool {
        self.response.as_ref().map_or(self.response_over, |response| response.ended)
    }

    /// Whether `DATA` of the request's or the response's side is not HTTP (RFC 9113, section 8.5).
    pub(super) fn is_tunnel(&self, request: bool) -> bool {
        let asked = self.request.as_ref().is_some_and(|r| r.head.method.as_deref() == Some("CONNECT"));
        asked && (request || self.response.as_ref().is_some_and(|r| matches!(r.head.status, Some(200..=299))))
    }

    /// Whether neither side will say more.
    pub(super) fn is_over(&self) -> bool {
        self.request_ended() && self.response_ended()
    }
}

/// The streams that are open, and those that were given up.
#[derive(Debug, Default)]
pub(super) struct Streams {
    open: BTreeMap<u32, Stream>,
    given_up: BTreeSet<u32>,
    /// Streams that the client gave up, some of them closed since.
    lingering: VecDeque<u32>,
    /// Bytes of messages held.
    held: usize,
}

impl Streams {
    pub(super) fn held(&self) -> usize {
        self.held
    }

    pub(super) fn get(&self, id: u32) -> Option<&Stream> {
        self.open.get(&id)
    }

    pub(super) fn contains(&self, id: u32) -> bool {
        self.open.contains_key(&id)
    }

    /// Changes a stream, and keeps count of what it holds.
    pub(super) fn change<T>(&mut self, id: u32, change: impl FnOnce(&mut Stream) -> T) -> Option<T> {
        let stream = self.open.get_mut(&id)?;
        let before = stream.held();
        let result = change(stream);
        self.held = (self.held + stream.held()).saturating_sub(before);
        Some(result)
    }

    pub(super) fn open(&mut self, id: u32, stream: Stream) {
        self.held += stream.held();
        if let Some(old) = self.open.insert(id, stream) {
            self.held = self.held.saturating_sub(old.held());
        }
    }

    pub(super) fn close(&mut self, id: u32) -> Option<Stream> {
        let stream = self.open.remove(&id)?;
        self.held = self.held.saturating_sub(stream.held());
        Some(stream)
    }

    /// The oldest stream, where there are too many or too much is held.
    pub(super) fn surplus(&self) -> Option<u32> {
        let many = self.open.len() >= OPEN || self.held > OPEN_BYTES;
        self.open.keys().next().copied().filter(|_| many)
    }

    /// Bytes that may still be kept.
    pub(super) fn room(&self) -> usize {
        OPEN_BYTES.saturating_sub(self.held)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The open streams, the oldest first.
    pub(super) fn ids(&self) -> Vec<u32> {
        self.open.keys().copied().collect()
    }

    /// Remembers that frames of a stream are to be ignored.
    pub(super) fn give_up(&mut self, id: u32) {
        self.given_up.insert(id);
        if self.given_up.len() > GIVEN_UP {
            self.given_up.pop_first();
        }
    }

    /// Keeps a stream that the client gave up; returns one that was kept for long enough.
    pub(super) fn linger(&mut self, id: u32) -> Option<u32> {
        self.lingering.push_back(id);
        if self.lingering.len() <= LINGERING {
            return None;
        }
        let oldest = self.lingering.pop_front().filter(|id| self.contains(*id))?;
        self.give_up(oldest);
        Some(oldest)
    }

    pub(super) fn is_given_up(&self, id: u32) -> bool {
        self.given_up.contains(&id)
    }
}
