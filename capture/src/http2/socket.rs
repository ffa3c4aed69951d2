//! WebSockets on streams (RFC 8441): opened by `CONNECT` with a protocol, carried in `DATA`.

use super::Connection;
use super::stream::Stream;
use crate::output::Output;
use crate::tcp::Cause;
use crate::websocket::Session;

impl Connection {
    /// The server answered: where it agreed to a WebSocket, what follows on the stream is one.
    pub(super) fn open_socket(&mut self, id: u32, out: &mut Output<'_>) {
        let Some(stream) = self.streams.get(id) else { return };
        let asked = stream.request.as_ref().is_some_and(|request| request.head.websocket);
        if !asked || !stream.is_tunnel(false) {
            return;
        }
        let too_early = stream.too_early;
        let (request, response, reasons) = (stream.request.clone(), stream.response.clone(), stream.reasons);
        let opening = Stream { request, response, reasons, ..Stream::default() };
        let Some(exchange) = self.exchange(id, opening, out) else { return };
        let mut socket = Box::new(Session::new(exchange));
        if too_early {
            socket.lose(true, Cause::Lost, out);
        }
        self.sockets.iter_mut().for_each(|open| _ = open.insert(id));
        self.streams.change(id, |stream| stream.socket = Some(socket));
    }

    /// Frames of a side are missing: on which streams, nobody can tell.
    pub(super) fn lose_sockets(&mut self, request: bool, cause: Cause, out: &mut Output<'_>) {
        let open = self.sockets.get_mut(usize::from(request)).map(std::mem::take).unwrap_or_default();
        for id in open {
            self.streams.change(id, |stream| {
                stream.socket.iter_mut().for_each(|socket| socket.lose(request, cause, out));
            });
        }
    }
}
