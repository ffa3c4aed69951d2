//! What two ends talk over, and the exchanges that become of it.

use super::{Extent, Reasons};
use crate::grpc;
use crate::output::{Output, StableHash};
use crate::{Carries, Endpoint, Exchange, Grpc, LogFacts, Protocol, Request, Response};

/// A packet shows messages in full.
pub(crate) const CARRIES: Carries =
    Carries { request_headers: true, response_headers: true, request_bodies: true, response_bodies: true };

/// What two ends talk over: a TCP connection, or something inside of one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Channel {
    /// The ends, side 0 first.
    pub(crate) ends: [Endpoint; 2],
    /// Identity of the connection.
    pub(crate) id: u64,
    /// Whether the bytes were encrypted on the wire.
    pub(crate) encrypted: bool,
    /// See [`Exchange::print`]; zeros where it is not known.
    pub(crate) print: Print,
}

/// Digest of how a program speaks: three bytes, which take no room in a connection, tell the few programs of one address
/// apart.
pub(crate) type Print = [u8; 3];

/// The digest that begins a longer one.
pub(crate) fn print_of(digest: &[u8]) -> Print {
    digest.first_chunk().copied().unwrap_or_default()
}

/// The facts of one exchange.
pub(crate) struct Pair {
    pub(crate) protocol: Protocol,
    /// Position or stream on the connection.
    pub(crate) stream: u64,
    pub(crate) request: Option<(Extent, Request)>,
    pub(crate) response: Option<(Extent, Response)>,
    pub(crate) pushed: bool,
    pub(crate) grpc: Option<Grpc>,
    pub(crate) carries: Carries,
    pub(crate) reasons: Reasons,
}

impl Channel {
    /// Whether the length of a gap is what was lost: how much padding a lost record of TLS held, nobody can tell, nor
    /// whether it held data at all.
    pub(crate) fn is_exact(&self) -> bool {
        !self.encrypted
    }

    /// Scheme of requests that do not name theirs.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.encrypted { "https" } else { "http" }
    }

    /// Whether the client's program is known by how it speaks.
    pub(crate) fn is_told_by_print(&self) -> bool {
        self.print != Print::default()
    }

    /// The end on a side.
    pub(crate) fn end(&self, side: usize) -> Endpoint {
        let [low, high] = self.ends;
        if side == 0 { low } else { high }
    }

    /// Makes an exchange of a pair, whose request side `client` sent.
    pub(crate) fn exchange(&self, client: usize, pair: Pair, out: &Output<'_>) -> Exchange {
        let (client, server) = (self.end(client), self.end(1 - client));
        let extent = pair.request.as_ref().map(|(extent, _)| *extent);
        let answer = pair.response.as_ref().map(|(extent, _)| *extent);
        let first = extent.or(answer).unwrap_or_default();
        let key = StableHash::new()
            .endpoint(&client)
            .endpoint(&server)
            .word((first.at & 0xffff_ffff) << 1 | u64::from(extent.is_none()))
            .word(first.first.time.0 as u64)
            .finish();
        let web = pair.response.as_ref().and_then(|(_, response)| grpc::call(response));
        let origin = |extent: Extent| out.origin(extent.first.frame, extent.last_frame);
        Exchange {
            key,
            protocol: pair.protocol,
            connection: Some(self.id),
            stream: pair.stream,
            client: Some(client),
            server: Some(server),
            print: self.is_told_by_print().then(|| {
                let [a, b, c] = self.print;
                u32::from_be_bytes([0, a, b, c]).into()
            }),
            time: first.earliest,
            end: answer.map(|extent| extent.latest),
            tick: 1,
            request: pair
                .request
                .map(|(extent, request)| Request { end: request.end.map(|_| extent.latest), ..request }),
            response: pair.response.map(|(extent, response)| Response { start: Some(extent.earliest), ..response }),
            pushed: pair.pushed,
            grpc: pair.grpc.or(web),
            web_socket: None,
            elsewhere: None,
            log: LogFacts::default(),
            carries: pair.carries,
            incomplete: pair.reasons.to_vec(),
            origin: origin(first),
            response_origin: if extent.is_some() { answer.map(origin) } else { None },
        }
    }
}
