//! Exchanges on their way out.

use super::Connection;
use super::message::Message;
use super::stream::Stream;
use crate::conversation::{Extent, Pair, Reasons};
use crate::output::Output;
use crate::url;
use crate::{Body, Carries, Endpoint, Exchange, Grpc, Incomplete, Protocol, Request, Response};

impl Connection {
    /// A message is over; `extent` is its last frame.
    pub(super) fn end_message(&mut self, request: bool, id: u32, extent: Extent, out: &mut Output<'_>) {
        self.known_until = self.known_until.max(extent.latest);
        self.streams.change(id, |stream| {
            let message = if request { &mut stream.request } else { &mut stream.response };
            match message {
                Some(message) => {
                    message.extent.join(extent);
                    message.ended = true;
                }
                None => stream.response_over |= !request,
            }
        });
        self.emit_if_over(id, out);
    }

    pub(super) fn emit_if_over(&mut self, id: u32, out: &mut Output<'_>) {
        if self.streams.get(id).is_some_and(Stream::is_over) {
            self.emit(id, out);
        }
    }

    /// Lets go of the oldest streams while there are too many.
    pub(super) fn make_room(&mut self, out: &mut Output<'_>) {
        while let Some(id) = self.streams.surplus() {
            self.streams.change(id, |stream| stream.reasons.add(Incomplete::OverLimit));
            self.streams.give_up(id);
            self.emit(id, out);
        }
    }

    /// Tells of the blind spot before the connection was known to be HTTP.
    pub(super) fn confirm(&mut self, out: &mut Output<'_>) {
        if let Some((from, shown)) = self.unconfirmed.take() {
            self.told = true;
            out.blind_between(self.ends(), from, shown);
        }
    }

    /// The end that asks and the one that answers, once known.
    pub(super) fn ends(&self) -> Option<[Endpoint; 2]> {
        self.client.map(|client| [client, 1 - client].map(|side| self.channel.end(side)))
    }

    /// Nothing more comes.
    pub(super) fn close(&mut self, out: &mut Output<'_>) {
        let client = self.client.unwrap_or(0);
        for side in [client, 1 - client] {
            self.cut_block(side, Incomplete::CutShort, out);
        }
        for id in self.streams.ids() {
            self.emit(id, out);
        }
        if let Some(client) = self.client {
            out.serves_http(self.channel.end(1 - client));
        }
        if self.skipped > 0 {
            out.not_read_on(self.channel.id, "between_messages", self.skipped);
        }
        if self.tunnelled > 0 {
            out.not_read_on(self.channel.id, "upgraded", self.tunnelled);
        }
    }

    /// Hands on what a stream came to.
    pub(super) fn emit(&mut self, id: u32, out: &mut Output<'_>) {
        let Some(mut stream) = self.streams.close(id) else { return };
        let socket = stream.socket.take();
        self.sockets.iter_mut().for_each(|open| _ = open.remove(&id));
        let web_socket = socket.map(|socket| socket.finish(out).1);
        if let Some(exchange) = self.exchange(id, stream, out) {
            out.exchange(Exchange { web_socket, ..exchange });
        }
    }

    /// What a stream came to.
    pub(super) fn exchange(&mut self, id: u32, mut stream: Stream, out: &mut Output<'_>) -> Option<Exchange> {
        let client = self.client?;
        if stream.reset && !stream.response_ended() {
            stream.reasons.add(Incomplete::Reset);
        }
        let tunnel = stream.is_tunnel(false);
        if tunnel {
            [&mut stream.request, &mut stream.response].into_iter().flatten().for_each(|message| message.ended = true);
        }
        let head = stream.asks_for_head();
        let carries = stream.carries();
        let grpc = self.grpc(&stream, carries);
        let Stream { request, upgraded, pushed, response, response_gap, mut reasons, .. } = stream;
        let request = match request {
            Some(message) => Some(self.request(message, &mut reasons, tunnel, out)),
            None => upgraded,
        };
        let response = response.map(|message| response_of(message, head || tunnel, &mut reasons, out));
        match (&request, &response) {
            (None, None) => return None,
            (None, _) => reasons.add(Incomplete::NoRequest),
            (_, None) => {
                reasons.add(Incomplete::NoResponse);
                response_gap.into_iter().for_each(|cause| reasons.add_gap(cause, false));
            }
            _ => {}
        }
        let protocol = if grpc.is_some() { Protocol::Grpc } else { Protocol::Http2 };
        let stream = u64::from(id);
        let pair = Pair { protocol, stream, request, response, pushed, grpc, carries, reasons };
        Some(self.channel.exchange(client, pair, out))
    }

    /// What a gRPC call says beside HTTP, where the stream is one. Where fields are unknown, the content type may be among
    /// them, so an earlier call on the connection is enough.
    fn grpc(&mut self, stream: &Stream, carries: Carries) -> Option<Grpc> {
        let unknown = !(carries.request_headers && carries.response_headers);
        let heads = || [&stream.request, &stream.response].into_iter().flatten().map(|message| &message.head);
        let typed = heads().filter_map(|head| head.grpc).reduce(|one, other| one || other);
        let says = typed.unwrap_or_else(|| heads().any(|head| head.grpc_fields));
        self.grpc |= says;
        if !says && (typed.is_some() || !unknown || !self.grpc) {
            return None;
        }
        let status = stream.response.as_ref().and_then(|response| response.head.headers.text("grpc-status"));
        Some(Grpc {
            status: status.and_then(|status| status.trim().parse().ok()),
            request_messages: stream.request.as_ref().and_then(Message::grpc_messages),
            response_messages: stream.response.as_ref().and_then(Message::grpc_messages),
        })
    }

    fn request(
        &self,
        mut message: Message,
        reasons: &mut Reasons,
        tunnel: bool,
        out: &mut Output<'_>,
    ) -> (Extent, Request) {
        let empty = if message.head.content_length.is_some() && !tunnel { nothing() } else { Body::Absent };
        let body = finish(&mut message, true, empty, reasons, out);
        let head = &mut message.head;
        let host = head.authority.as_deref().or_else(|| head.headers.text("host"));
        let scheme = head.scheme.clone().unwrap_or_else(|| self.channel.scheme().to_owned());
        let host = host.map(|host| url::host(host, Some(&scheme)).to_owned());
        let target = head.target().cloned().unwrap_or_default();
        let request = Request {
            method: head.method.take().unwrap_or_default(),
            scheme: Some(scheme),
            host,
            target,
            headers: std::mem::take(&mut head.headers),
            body,
            end: Some(message.extent.latest),
        };
        (message.extent, request)
    }
}

/// Turns a message into a response; `bodiless` where it has no body whatever its fields say.
fn response_of(
    mut message: Message,
    bodiless: bool,
    reasons: &mut Reasons,
    out: &mut Output<'_>,
) -> (Extent, Response) {
    let status = message.head.status.unwrap_or_default();
    let empty = if bodiless || matches!(status, 204 | 304) { Body::Absent } else { nothing() };
    let body = finish(&mut message, false, empty, reasons, out);
    let headers = message.head.headers;
    (message.extent, Response { status, headers, body, start: Some(message.extent.earliest) })
}

/// The message's body; its reasons go to the exchange's.
fn finish(message: &mut Message, request: bool, empty: Body, reasons: &mut Reasons, out: &mut Output<'_>) -> Body {
    if !message.ended {
        message.reasons.add(Incomplete::CutShort);
    }
    let frame = message.extent.first.frame;
    let (body, other_length) = message.finish(request, empty, out);
    if other_length {
        out.irregular("content_length_mismatch", frame);
    }
    reasons.merge(message.reasons);
    body
}

/// A body of no bytes.
fn nothing() -> Body {
    Body::Present { bytes: Vec::new(), wire_len: 0, decoded_len: 0, whole: true }
}
