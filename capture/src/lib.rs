//! Reads traffic that already happened into HTTP exchanges.
//!
//! `plan` looks at the inputs and groups them into sources (one packet stream, one HAR file, one log);
//! [`Source::read`] streams each source's exchanges into a [`Sink`]. Damaged input never fails as a whole:
//! what is missing is a [`BlindSpot`] or an [`Incomplete`] reason, what is malformed an [`Irregularity`], and
//! everything that was seen but not read is counted in the [`SourceReport`].

mod access_log;
mod call;
mod clock;
mod coding;
mod conversation;
mod error;
mod event_stream;
mod exchange;
mod format;
mod grpc;
mod har;
mod http1;
mod http2;
mod input;
#[cfg(feature = "live")]
mod interface;
mod joins;
mod json_error;
mod key;
mod lenient;
mod limits;
mod message;
mod origin;
mod output;
mod packet;
mod percent;
mod quic;
mod report;
mod scalar;
mod source;
mod store;
mod tally;
mod tcp;
mod tls;
mod trace;
mod tunnel_port;
mod unread;
mod url;
mod websocket;

pub use access_log::{LogFormat, Mapping};
pub use call::{AnnouncedCall, Call, CallKind, CallOutcome, CallProtocol, Calls, Links, Unseen, calls, trace_id};
pub use error::{InputError, InputErrorKind};
pub use event_stream::{EventStream, StreamEvent, stream_events};
pub use exchange::{
    Body, Carries, Elsewhere, Endpoint, Exchange, Grpc, Headers, Incomplete, LogFacts, Protocol, Request, Response,
    Timestamp,
};
pub use format::InputFormat;
pub use grpc::{Schema, grpc_as_json};
pub use input::is_run_folder;
#[cfg(feature = "live")]
pub use interface::{LiveOptions, Tap, TapCounts, Tapped, TappedPacket};
pub use joins::{Joins, Settled, Unjoined};
pub use limits::Limits;
pub use message::{Message, MessageKind, Sender, WebSocket, WebSocketCounts};
pub use origin::{Origin, Place, Within};
#[cfg(feature = "live")]
pub use packet::check_filter;
pub use percent::percent_decoded;
pub use report::{
    Captured, DroppedPackets, ForeignConnections, InputReport, Irregularity, NotRead, SourceReport, TlsConnections,
    UnlikeRecords,
};
pub use source::{Aside, AsideReason, BlindSpot, Options, Plan, PlannedInput, Sink, Source, plan};
pub use store::{STORE_SCHEMES, StoreError, StoredObject, Stores, is_store_url, shown_url};
pub use trace::{trace_in_full, trace_of};
pub use tunnel_port::TunnelPort;
pub use unread::{TlsHellos, UnreadConnection};
