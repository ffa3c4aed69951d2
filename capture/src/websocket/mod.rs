//! WebSocket (RFC 6455) on a connection after its upgrade, or on a stream of HTTP/2 (RFC 8441): frames to messages.
//!
//! Nothing in the frames tells where the next one begins but the length of the one before. So bytes that are missing
//! within a payload cost that message; where a frame's header may be among them, the rest of that side is not read, and
//! counted. A wrong message is worse than none.

mod deflate;
mod dialogue;
mod direction;
mod frame;
mod session;

pub(crate) use dialogue::Dialogue;
pub(crate) use session::Session;

use crate::Exchange;
use crate::conversation::{self, Channel, Handover};
use crate::output::Output;
use crate::tcp::{Cause, Chunk, Gap};

/// Whether a segment is a row of whole frames, each of which may follow the one before; says whether they are masked.
pub(crate) fn whole_frames(segment: &[u8]) -> Option<bool> {
    let (mut rest, mut masked) = (segment, None);
    while !rest.is_empty() {
        let frame::Read::Whole(frame, header) = frame::read(rest) else { return None };
        let len = usize::try_from(frame.len).ok()?.checked_add(header)?;
        rest = rest.get(len..)?;
        let same = *masked.get_or_insert(frame.mask.is_some()) == frame.mask.is_some();
        if frame.reserved || !same {
            return None;
        }
    }
    masked
}

/// A WebSocket on a connection of its own.
pub(crate) struct Connection {
    channel: Channel,
    /// Side that asked for it.
    client: usize,
    /// None at its end.
    session: Option<Session>,
    /// Bytes passed over before it began.
    skipped: u64,
}

impl Connection {
    /// Goes on where the reader of HTTP/1.x saw the server agree, in `exchange`.
    pub(crate) fn take_over(handover: Handover, exchange: Exchange, out: &mut Output<'_>) -> Self {
        let Handover { channel, client, sides, skipped, .. } = handover;
        let client = usize::from(client == Some(1));
        let session = Some(Session::new(exchange));
        let mut connection = Connection { channel, client, session, skipped };
        for side in [1 - client, client] {
            let Some(unread) = sides.get(side) else { continue };
            if let Some(session) = connection.session.as_mut().filter(|_| !unread.beginning) {
                session.lose(side == client, Cause::Lost, out);
            }
            connection.read(side, &unread.chunk(), out);
        }
        connection
    }

    fn read(&mut self, side: usize, chunk: &Chunk<'_>, out: &mut Output<'_>) {
        if let Some(session) = &mut self.session {
            session.data(side == self.client, chunk, out);
        }
    }
}

impl conversation::Reader for Connection {
    fn opened(&mut self, _opener: usize) {}

    fn held(&self) -> usize {
        size_of::<Self>() + self.session.as_ref().map_or(0, Session::held)
    }

    fn waits_for(&self, _side: usize) -> Option<u64> {
        None
    }

    fn data(&mut self, side: usize, chunk: Chunk<'_>, out: &mut Output<'_>) {
        self.read(side, &chunk, out);
    }

    fn gap(&mut self, side: usize, _at: u64, gap: Gap, out: &mut Output<'_>) {
        let Some(session) = &mut self.session else { return };
        if self.channel.is_exact() {
            session.gap(side == self.client, gap.len, gap.cause, out);
        } else {
            session.lose(side == self.client, gap.cause, out);
        }
    }

    fn resume(&mut self, _side: usize, _out: &mut Output<'_>) {}

    fn end(&mut self, _side: usize, _out: &mut Output<'_>) {
        // The other side may still speak.
    }

    fn finish(&mut self, out: &mut Output<'_>) {
        let Some(session) = self.session.take() else { return };
        let (exchange, counts) = session.finish(out);
        out.exchange(Exchange { web_socket: Some(counts), ..exchange });
        out.serves_http(self.channel.end(1 - self.client));
        if self.skipped > 0 {
            out.not_read_on(self.channel.id, "between_messages", self.skipped);
        }
    }

    fn client(&self) -> Option<usize> {
        Some(self.client)
    }

    fn protocol(&self) -> Option<&'static str> {
        Some("websocket")
    }
}
