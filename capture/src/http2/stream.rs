//! The streams of a connection that are not over.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;

use super::message::Message;
use crate::conversation::{CARRIES, Extent, Reasons};
use crate::tcp::Cause;
use crate::websocket::Session;
use crate::{Carries, Request};

/// Streams that may be open at once, and bytes held of them.
pub(super) const OPEN: usize = 4096;
pub(super) const OPEN_BYTES: usize = 32 << 20;
/// Streams remembered after they were given up: frames that were on their way still come.
const GIVEN_UP: usize = 4096;
/// Bytes that an id takes in a set, the room between ids included.
const ID: usize = 4 * size_of::<u32>();
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
    /// By side, the server first: nothing changed since its frames were doubted.
    pub(super) doubted: [bool; 2],
    /// The response, or its beginning, may be among what a gap swallowed.
    pub(super) response_gap: Option<Cause>,
    pub(super) reasons: Reasons,
    /// The WebSocket that it carries, once the server agreed.
    pub(super) socket: Option<Box<Session>>,
    /// What its client said before that was seen.
    pub(super) too_early: bool,
}

impl Stream {
    /// Bytes held, its own and those that its place among the others takes included.
    pub(super) fn held(&self) -> usize {
        let own = size_of::<Self>() + size_of::<Box<Self>>() + 3 * ID;
        let upgraded = self.upgraded.as_ref().map_or(0, |(_, request)| request.held());
        let socket = self.socket.as_ref().map_or(0, |socket| socket.held());
        let messages = [&self.request, &self.response].into_iter().flatten().map(Message::held).sum::<usize>();
        own + upgraded + socket + messages
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

    /// Whether the client asked for a WebSocket and the server, as far as seen, has not said whether it agrees.
    pub(super) fn awaits_socket(&self) -> bool {
        self.response.is_none() && self.request.as_ref().is_some_and(|request| request.head.websocket)
    }

    /// Whether the response has no body whatever its fields say.
    pub(super) fn asks_for_head(&self) -> bool {
        let method = self.request.as_ref().and_then(|request| request.head.method.as_deref());
        method.or(self.upgraded.as_ref().map(|(_, request)| &*request.method)) == Some("HEAD")
    }

    /// Whether all fields of both messages are known.
    pub(super) fn carries(&self) -> Carries {
        let known = |message: &Option<Message>| message.as_ref().is_none_or(|message| !message.head.unknown);
        Carries { request_headers: known(&self.request), response_headers: known(&self.response), ..CARRIES }
    }

    /// Whether neither side will say more.
    pub(super) fn is_over(&self) -> bool {
        self.request_ended() && self.response_ended()
    }
}

/// The streams that are open, and those that were given up.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// Boxed, as a map makes room for several at once.
    open: BTreeMap<u32, Box<Stream>>,
    /// By side, the server first: the open streams that changed since its frames were doubted.
    changed: [BTreeSet<u32>; 2],
    given_up: BTreeSet<u32>,
    /// Streams that the client gave up, some of them closed since.
    lingering: VecDeque<u32>,
    /// Bytes that the open ones hold.
    held: usize,
}

impl Streams {
    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        self.held + self.given_up.len() * ID + self.lingering.capacity() * size_of::<u32>()
    }

    pub(super) fn get(&self, id: u32) -> Option<&Stream> {
        self.open.get(&id).map(Box::as_ref)
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
        for (doubted, changed) in stream.doubted.iter_mut().zip(&mut self.changed) {
            if std::mem::take(doubted) {
                changed.insert(id);
            }
        }
        Some(result)
    }

    pub(super) fn open(&mut self, id: u32, stream: Stream) {
        self.held += stream.held();
        self.changed.iter_mut().for_each(|changed| _ = changed.insert(id));
        if let Some(old) = self.open.insert(id, Box::new(stream)) {
            self.held = self.held.saturating_sub(old.held());
        }
    }

    pub(super) fn close(&mut self, id: u32) -> Option<Stream> {
        let stream = self.open.remove(&id)?;
        self.held = self.held.saturating_sub(stream.held());
        self.changed.iter_mut().for_each(|changed| _ = changed.remove(&id));
        Some(*stream)
    }

    /// Frames of any message that a side had not ended may be lost. Returns the streams whose message is whole all the
    /// same. Those in which nothing changed since the last time are not looked at again: it would say the same.
    pub(super) fn doubt(&mut self, request: bool, cause: Cause) -> Vec<u32> {
        let side = usize::from(request);
        let mut changed = self.changed.get_mut(side).map(std::mem::take).unwrap_or_default();
        changed.retain(|id| {
            self.open.get_mut(id).is_some_and(|stream| {
                stream.doubted.get_mut(side).into_iter().for_each(|doubted| *doubted = true);
                stream.doubt(request, cause)
            })
        });
        changed.into_iter().collect()
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

    /// The open streams after one, up to another and with it, of which the server has said nothing.
    pub(super) fn untouched(&self, after: u32, last: u32) -> Vec<u32> {
        if after >= last {
            return Vec::new();
        }
        let range = self.open.range((Bound::Excluded(after), Bound::Included(last)));
        range.filter(|(_, stream)| !stream.pushed && stream.response.is_none()).map(|(id, _)| *id).collect()
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

#[cfg(test)]
mod tests {
    use super::super::head::Head;
    use super::*;
    use crate::conversation::Reasons;
    use proptest::prelude::*;

    fn message(content_length: Option<u64>, ended: bool) -> Message {
        let mut head = Head::default();
        head.content_length = content_length;
        let mut message = Message::new(Extent::default(), head, Reasons::default());
        message.ended = ended;
        message
    }

    #[test]
    fn streams_without_a_byte_of_text_are_counted() {
        let mut streams = Streams::default();
        for nth in 1..=100 {
            streams.open(nth, Stream::default());
            assert!(streams.held() >= nth as usize * size_of::<Stream>());
        }
        let empty = streams.held();
        streams.change(7, |stream| stream.request = Some(message(None, false)));
        assert_eq!(streams.held(), empty);
        for id in 1..=100 {
            streams.close(id);
        }
        assert_eq!(streams.held(), 0);
        streams.give_up(1);
        assert!(streams.held() > 0);
    }

    #[test]
    fn untouched_streams_are_those_of_the_range_alone() {
        let mut streams = Streams::default();
        for id in [1, 3, 5, 7] {
            streams.open(id, Stream { pushed: id == 5, ..Stream::default() });
        }
        assert_eq!(streams.untouched(1, 7), [3, 7]);
        assert_eq!(streams.untouched(0, 3), [1, 3]);
        assert!(streams.untouched(3, 3).is_empty() && streams.untouched(7, 1).is_empty());
        streams.change(3, |stream| stream.response = Some(message(None, false)));
        assert_eq!(streams.untouched(1, u32::MAX), [7]);
    }

    /// What happens to streams.
    #[derive(Clone, Debug)]
    enum Act {
        Open(u32),
        Close(u32),
        Head(u32, bool, Option<u64>, bool),
        Data(u32, bool),
        Doubt(bool),
    }

    fn act() -> impl Strategy<Value = Act> {
        let id = 0..6u32;
        prop_oneof![
            id.clone().prop_map(Act::Open),
            id.clone().prop_map(Act::Close),
            (id.clone(), any::<bool>(), prop::option::of(0..3u64), any::<bool>())
                .prop_map(|(id, request, length, ended)| Act::Head(id, request, length, ended)),
            (id, any::<bool>()).prop_map(|(id, request)| Act::Data(id, request)),
            any::<bool>().prop_map(Act::Doubt),
        ]
    }

    proptest! {
        /// Looking at what changed alone says what looking at every stream says.
        #[test]
        fn doubt_is_that_of_all_streams(acts in prop::collection::vec(act(), 0..60)) {
            let (mut streams, mut all) = (Streams::default(), Streams::default());
            for act in acts {
                if let Act::Doubt(request) = act {
                    let looked = |id: &u32| all.change(*id, |stream| stream.doubt(request, Cause::Lost)) == Some(true);
                    let whole: Vec<u32> = (0..6).filter(looked).collect();
                    prop_assert_eq!(streams.doubt(request, Cause::Lost), whole);
                }
                for streams in [&mut streams, &mut all] {
                    match act {
                        Act::Open(id) => streams.open(id, Stream::default()),
                        Act::Close(id) => _ = streams.close(id),
                        Act::Head(id, request, length, ended) => _ = streams.change(id, |stream| {
                            let slot = if request { &mut stream.request } else { &mut stream.response };
                            *slot = Some(message(length, ended));
                        }),
                        Act::Data(id, request) => _ = streams.change(id, |stream| {
                            let message = if request { &mut stream.request } else { &mut stream.response };
                            message.iter_mut().for_each(|message| message.take(b"x", 9, &crate::Limits::default()));
                        }),
                        Act::Doubt(_) => {}
                    }
                }
                let said = |streams: &Streams| {
                    let open = streams.open.values();
                    format!("{:?}", open.map(|s| (&s.request, &s.response, s.response_gap)).collect::<Vec<_>>())
                };
                prop_assert_eq!(said(&streams), said(&all));
                prop_assert_eq!(streams.held(), all.held());
            }
        }
    }
}
