//! Calls that ride inside HTTP bodies and messages of WebSockets: GraphQL fields, JSON-RPC methods, MCP tools, A2A
//! messages.
//!
//! For these protocols method and path say nothing (`POST /graphql`); what is asked for is in the body. [`calls`] reads
//! them from one exchange and looks at nothing else. What other exchanges hold of its calls, the text of a persisted
//! GraphQL query or an MCP answer on another stream, [`Joins`](crate::Joins) puts beside it first; without that, such a
//! query is named by its hash, and the call's outcome is unknown.

mod a2a;
mod budget;
pub(crate) mod elsewhere;
mod graphql;
mod json;
mod links;
mod mcp;
mod message;
mod rpc;
pub(crate) mod socket;

use std::borrow::Cow;

use crate::{Exchange, Protocol, Sender};
use budget::Budget;
pub use links::{Links, trace_id};
pub use mcp::AnnouncedCall;
use message::Message;

/// Most calls read from one exchange.
const MOST_CALLS: usize = 256;
/// Most bytes of arguments and results kept of one exchange's calls.
const MOST_BYTES: usize = 4 << 20;
/// Longest name, id or code that is kept.
const LONGEST_NAME: usize = 256;

/// The calls of one exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// In the order of the request, then what the server asked of the client.
    pub calls: Vec<Call>,
    /// Why more was called, or with more, than `calls` shows; empty when that is all.
    pub unseen: Vec<Unseen>,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Protocol of the call; what carried it is the exchange's.
    pub protocol: CallProtocol,
    /// What sort of call it is.
    pub kind: CallKind,
    /// Its name: the GraphQL field, the method, the tool; not what the client calls it (alias, operation name).
    pub name: String,
    /// The method that carried it, where that is not its name: `tools/call`.
    pub method: Option<String>,
    /// What the client calls it: the JSON-RPC id, the GraphQL response key.
    pub id: Option<String>,
    /// Who asks whom.
    pub sender: Sender,
    /// Its arguments, a JSON text; `None` where they were not seen.
    pub arguments: Option<String>,
    /// What it gave, a JSON text: the field's data, the method's result, the tool's (structured) content. `None` where
    /// that was not seen, or nothing was given.
    pub result: Option<String>,
    /// The type of what it gave, as GraphQL calls it (`Order`), where the answer (`__typename`) or the fragments of the
    /// request say it.
    pub gives: Option<String>,
    /// What the client says of itself in this message (MCP `clientInfo`), a JSON text. Anybody may say anything.
    pub client_info: Option<String>,
    /// What ties it to others of the same run.
    pub links: Links,
    /// How it went.
    pub outcome: CallOutcome,
    /// Its place in a request that holds several messages, from 0.
    pub request: Option<u32>,
    /// The place of its answer among the messages of the response, from 0.
    pub response: Option<u32>,
}

impl Call {
    /// A call of which nothing but its name is known.
    pub(crate) fn new(protocol: CallProtocol, kind: CallKind, name: String) -> Self {
        Call {
            protocol,
            kind,
            name,
            method: None,
            id: None,
            sender: Sender::Client,
            arguments: None,
            result: None,
            gives: None,
            client_info: None,
            links: Links::default(),
            outcome: CallOutcome::Unknown,
            request: None,
            response: None,
        }
    }

    /// A text of the call (its arguments, its result) without the number of its message, which is the id of nothing.
    pub fn without_number<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let plain = self.links.numbered.then(|| socket::without_id(text)).flatten();
        plain.map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// The name of what is called, the same for every client: `graphql mutation addPaymentToOrder`,
    /// `mcp tool request_refund`, `a2a message/send`.
    pub fn operation(&self) -> String {
        let protocol = self.protocol.as_str();
        match (self.protocol, self.kind) {
            (CallProtocol::Mcp | CallProtocol::A2a, CallKind::Method | CallKind::Notification) => {
                format!("{protocol} {}", self.name)
            }
            (_, kind) => format!("{protocol} {} {}", kind.as_str(), self.name),
        }
    }

    /// Whether it goes by a name. A2A's methods have one in each version: `message/send` is `SendMessage`.
    pub fn is_named(&self, name: &str) -> bool {
        self.name == name || self.protocol == CallProtocol::A2a && a2a::other_name(&self.name) == Some(name)
    }

    /// Whether it changes nothing, by its protocol's word. What a method or tool does nobody says.
    pub fn is_read(&self) -> bool {
        match self.kind {
            CallKind::Query | CallKind::Subscription => true,
            CallKind::Mutation | CallKind::Tool | CallKind::Answer | CallKind::InputResponse => false,
            CallKind::Persisted | CallKind::Message => false,
            CallKind::Prompt => true,
            CallKind::Method | CallKind::Notification => match self.protocol {
                CallProtocol::Mcp => self.name != "tasks/cancel",
                CallProtocol::A2a => a2a::is_read(&self.name),
                CallProtocol::Graphql | CallProtocol::JsonRpc | CallProtocol::WebSocket => false,
            },
        }
    }
}

/// Protocol of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallProtocol {
    /// GraphQL over HTTP.
    Graphql,
    /// JSON-RPC 2.0 of no protocol that is known here.
    JsonRpc,
    /// Model Context Protocol.
    Mcp,
    /// Agent2Agent.
    A2a,
    /// An application's own messages on a WebSocket.
    WebSocket,
}

impl CallProtocol {
    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            CallProtocol::Graphql => "graphql",
            CallProtocol::JsonRpc => "jsonrpc",
            CallProtocol::Mcp => "mcp",
            CallProtocol::A2a => "a2a",
            CallProtocol::WebSocket => "websocket",
        }
    }
}

/// What sort of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallKind {
    /// A field of a GraphQL query.
    Query,
    /// A field of a GraphQL mutation.
    Mutation,
    /// A field of a GraphQL subscription.
    Subscription,
    /// A whole GraphQL operation of which only the hash or id was sent.
    Persisted,
    /// A method that is answered.
    Method,
    /// A method that nobody answers.
    Notification,
    /// An MCP tool.
    Tool,
    /// An MCP prompt.
    Prompt,
    /// A client's answer to what an MCP server asked on a stream: `elicitation`, `sampling`, `roots`.
    Answer,
    /// A client's answer inside a repeated MCP call, by the key that the server gave it.
    InputResponse,
    /// A message on a WebSocket, by what it says it is.
    Message,
}

impl CallKind {
    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            CallKind::Query => "query",
            CallKind::Mutation => "mutation",
            CallKind::Subscription => "subscription",
            CallKind::Persisted => "persisted",
            CallKind::Method => "method",
            CallKind::Notification => "notification",
            CallKind::Tool => "tool",
            CallKind::Prompt => "prompt",
            CallKind::Answer => "answer",
            CallKind::InputResponse => "input_response",
            CallKind::Message => "message",
        }
    }
}

/// How a call went by its own protocol, whatever the HTTP status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It was done.
    Accepted,
    /// It was refused or failed, with the code that says why: never the message, which may hold anything.
    Failed(Option<String>),
    /// It was not done: the server wants something first (MCP `input_required`, A2A `input-required`).
    Waiting,
    /// The answer was not seen, or does not tell.
    Unknown,
}

impl CallOutcome {
    /// Name used in outputs.
    pub fn as_str(&self) -> &'static str {
        match self {
            CallOutcome::Accepted => "accepted",
            CallOutcome::Failed(_) => "failed",
            CallOutcome::Waiting => "waiting",
            CallOutcome::Unknown => "unknown",
        }
    }

    /// The code of a failure.
    pub fn code(&self) -> Option<&str> {
        match self {
            CallOutcome::Failed(code) => code.as_deref(),
            CallOutcome::Accepted | CallOutcome::Waiting | CallOutcome::Unknown => None,
        }
    }
}

/// Why more was called, or with more, than a list of calls shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unseen {
    /// The request's body was not seen, or not whole.
    RequestBody,
    /// The message or document breaks its own grammar.
    Malformed,
    /// The client calls more than is read.
    TooMany,
    /// Arguments or results are longer than is kept, or nested deeper than is read.
    TooLong,
    /// The server asks or tells more than is kept. What the client calls is not concerned.
    FromServer,
}

impl Unseen {
    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Unseen::RequestBody => "request_body",
            Unseen::Malformed => "malformed",
            Unseen::TooMany => "too_many",
            Unseen::TooLong => "too_long",
            Unseen::FromServer => "from_server",
        }
    }
}

/// Reads the calls of an exchange; none where its bodies carry none, or were not seen.
///
/// Cost is linear in the bodies, and memory bounded: of one exchange at most 256 calls and 4 MiB of arguments and
/// results are kept, and as much of what a server asks and tells.
pub fn calls(exchange: &Exchange) -> Calls {
    let Some(request) = &exchange.request else { return Calls::default() };
    if exchange.pushed {
        return Calls::default();
    }
    let sent = Message::of_request(request);
    let answered = exchange.response.as_ref().map(Message::of_response);
    let mut budget = Budget::new();
    if exchange.protocol == Protocol::WebSocket {
        // The status is that of the request which opened it.
        let answered = answered.map(|message| Message { status: None, ..message });
        let calls = socket::read(exchange, &sent, answered.as_ref(), &mut budget).unwrap_or_default();
        return Calls { calls, unseen: budget.into_unseen() };
    }
    let documents = exchange.elsewhere.as_ref().map(|elsewhere| elsewhere.documents.as_slice()).unwrap_or_default();
    let found = graphql::read(request, documents, &sent, answered.as_ref(), &mut budget)
        .or_else(|| {
            // What is no GraphQL is not cut GraphQL either.
            budget = Budget::new();
            rpc::read(exchange, &sent, answered.as_ref(), &mut budget)
        })
        .or_else(|| a2a::read(request, &sent, answered.as_ref(), &mut budget))
        .or_else(|| mcp::named_by_headers(exchange, &sent));
    let calls = found.unwrap_or_default();
    Calls { calls, unseen: budget.into_unseen() }
}

#[cfg(test)]
mod tests;
