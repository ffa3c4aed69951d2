//! One line of `offpath exchanges`.

use std::sync::Arc;

use offpath_capture::{Body, Call, Calls, Exchange, Timestamp, calls};
use serde::Serialize;

use super::column::Column;
use crate::correlate::Redactor;
use crate::event::rfc3339;

/// One exchange; `null` is "not seen" or "not recorded". Credentials and personal data in targets are masked.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(Serialize))]
pub(in crate::cli) struct Record {
    /// Start, RFC 3339 UTC.
    pub(in crate::cli) time: String,
    /// End of the response.
    pub(in crate::cli) end: Option<String>,
    /// Client address and port, or the address's pseudonym.
    pub(in crate::cli) client: Option<String>,
    /// Server address and port, or the address's pseudonym.
    pub(in crate::cli) server: Option<String>,
    /// `http1`, `http2`, `http3`, `grpc`, `unknown`.
    pub(in crate::cli) protocol: &'static str,
    /// Connection id (packets only).
    pub(in crate::cli) connection: Option<String>,
    /// Position on the connection, or HTTP/2 stream.
    pub(in crate::cli) stream: u64,
    /// Method.
    pub(in crate::cli) method: Option<String>,
    /// Scheme.
    pub(in crate::cli) scheme: Option<String>,
    /// Authority.
    pub(in crate::cli) host: Option<String>,
    /// Path and query, masked.
    pub(in crate::cli) target: Option<String>,
    /// Status.
    pub(in crate::cli) status: Option<u16>,
    /// Status of a gRPC call, 0 for success.
    pub(in crate::cli) grpc_status: Option<u64>,
    /// Length of the decoded request body.
    pub(in crate::cli) request_bytes: Option<u64>,
    /// Length of the decoded response body.
    pub(in crate::cli) response_bytes: Option<u64>,
    /// SHA-256 of the decoded request body, hex, when it was seen whole.
    pub(in crate::cli) request_sha256: Option<String>,
    /// SHA-256 of the decoded response body, hex, when it was seen whole.
    pub(in crate::cli) response_sha256: Option<String>,
    /// Text and binary messages that the client sent on the WebSocket that it opened.
    pub(in crate::cli) messages_sent: Option<u64>,
    /// Those that the server sent.
    pub(in crate::cli) messages_received: Option<u64>,
    /// Why it is not whole.
    pub(in crate::cli) incomplete: Vec<&'static str>,
    /// Where it is in the input.
    pub(in crate::cli) origin: String,
    /// Calls in its bodies: GraphQL, JSON-RPC, MCP, A2A.
    pub(in crate::cli) calls: Vec<CallRecord>,
    /// Why there may be more of them.
    pub(in crate::cli) calls_unseen: Vec<&'static str>,
    /// What it calls by the OpenAPI documents given: the operationId, else method and path template.
    pub(in crate::cli) operation: Option<Arc<str>>,
    /// Who acts, as far as the exchange alone tells; only looked for where somebody asks.
    #[cfg_attr(test, serde(skip))]
    pub(in crate::cli) actors: Vec<String>,
    /// The user that a log names.
    #[cfg_attr(test, serde(skip))]
    pub(in crate::cli) user: Option<String>,
}

/// One call in a body: what and how it went. Arguments and results are not shown.
#[derive(Clone, Debug, Serialize)]
pub(in crate::cli) struct CallRecord {
    /// Name of what is called, e.g. `graphql mutation addPaymentToOrder`.
    pub(in crate::cli) operation: Arc<str>,
    /// What the client calls it: JSON-RPC id, GraphQL response key.
    id: Option<String>,
    /// `client`, or `server` for what a server asks on an event stream.
    sender: &'static str,
    /// `accepted`, `failed`, `waiting`, `unknown`.
    outcome: &'static str,
    /// Code of a failure.
    code: Option<String>,
}

/// What of a record is asked for, of all that takes its time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// Start and end.
    times: bool,
    /// Addresses, connection and place in the input.
    places: bool,
    /// Hashes of the bodies.
    hashes: bool,
    /// Calls in the bodies.
    calls: bool,
}

impl Asked {
    const ALL: Asked = Asked { times: true, places: true, hashes: true, calls: true };

    /// What a listing needs of which a name is asked for where `is_asked` says so.
    pub(super) fn of(is_asked: impl Fn(&str) -> bool) -> Self {
        let any = |names: &[&str]| names.iter().any(|name| is_asked(name));
        Asked {
            times: any(&["time", "end"]),
            places: any(&["client", "server", "connection", "origin"]),
            hashes: any(&["request_sha256", "response_sha256"]),
            calls: any(&["calls", "calls_unseen"]),
        }
    }
}

impl CallRecord {
    fn new(call: &Call, redactor: &Redactor) -> CallRecord {
        let text = |text: &str| redactor.text(text);
        CallRecord {
            operation: redactor.operation(call),
            id: call.id.as_deref().map(text),
            sender: call.sender.as_str(),
            outcome: call.outcome.as_str(),
            code: call.outcome.code().map(text),
        }
    }
}

/// A host and its port. The name is the same with any port, and so is its pseudonym.
fn host(host: &str, redactor: &Redactor) -> String {
    match host.rsplit_once(':').filter(|(name, port)| is_port(port) && (!name.contains(':') || name.ends_with(']'))) {
        Some((name, port)) => format!("{}:{port}", redactor.host(name)),
        None => redactor.host(host).into_owned(),
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Record {
    /// Host without port.
    pub(in crate::cli) fn host_name(&self) -> Option<&str> {
        let host = self.host.as_deref()?;
        Some(host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(name, _)| name))
    }

    /// The line of one exchange.
    pub(in crate::cli) fn new(exchange: &Exchange, redactor: &Redactor) -> Self {
        Record::with(exchange, redactor, Asked::ALL)
    }

    /// The line of one exchange, without what nobody asks for.
    pub(super) fn with(exchange: &Exchange, redactor: &Redactor, asked: Asked) -> Self {
        let (request, response) = (exchange.request.as_ref(), exchange.response.as_ref());
        let called = if asked.calls { calls(exchange) } else { Calls::default() };
        let hash = |body: &Body| if asked.hashes { Some(redactor.digest(&body.sha256()?)) } else { None };
        let time = |time: Timestamp| if asked.times { rfc3339(time.0) } else { String::new() };
        let endpoint = |endpoint| asked.places.then(|| redactor.endpoint(endpoint));
        Record {
            time: time(exchange.time),
            end: exchange.end.map(time),
            client: exchange.client.and_then(endpoint),
            server: exchange.server.and_then(endpoint),
            protocol: exchange.protocol.as_str(),
            connection: exchange.connection.filter(|_| asked.places).map(|id| redactor.connection(id)),
            stream: exchange.stream,
            method: request.map(|r| redactor.method(&r.method).into_owned()),
            scheme: request.and_then(|r| r.scheme.clone()),
            host: request.and_then(|r| Some(host(r.host.as_deref()?, redactor))),
            target: redactor.target_of(exchange),
            status: response.map(|r| r.status),
            grpc_status: exchange.grpc.and_then(|call| call.status).map(u64::from),
            request_bytes: request.and_then(|r| r.body.len()),
            response_bytes: response.and_then(|r| r.body.len()),
            request_sha256: request.and_then(|r| hash(&r.body)),
            response_sha256: response.and_then(|r| hash(&r.body)),
            messages_sent: exchange.web_socket.map(|socket| socket.sent),
            messages_received: exchange.web_socket.map(|socket| socket.received),
            incomplete: exchange.incomplete.iter().map(|reason| reason.as_str()).collect(),
            origin: if asked.places { exchange.origin.to_string() } else { String::new() },
            calls: called.calls.iter().map(|call| CallRecord::new(call, redactor)).collect(),
            calls_unseen: called.unseen.iter().map(|why| why.as_str()).collect(),
            operation: None,
            actors: Vec::new(),
            user: None,
        }
    }
}

/// Columns of the listing.
pub(in crate::cli) static COLUMNS: [Column<Record>; 26] = [
    Column::text("time", |r| Some(&r.time)),
    Column::text("end", |r| r.end.as_deref()),
    Column::text("client", |r| r.client.as_deref()),
    Column::text("server", |r| r.server.as_deref()),
    Column::text("protocol", |r| Some(r.protocol)),
    Column::text("connection", |r| r.connection.as_deref()),
    Column::number("stream", |r| Some(r.stream)),
    Column::text("method", |r| r.method.as_deref()),
    Column::text("scheme", |r| r.scheme.as_deref()),
    Column::text("host", |r| r.host.as_deref()),
    Column::text("target", |r| r.target.as_deref()),
    Column::code("status", |r| r.status),
    Column::number("grpc_status", |r| r.grpc_status),
    Column::number("request_bytes", |r| r.request_bytes),
    Column::number("response_bytes", |r| r.response_bytes),
    Column::text("request_sha256", |r| r.request_sha256.as_deref()),
    Column::text("response_sha256", |r| r.response_sha256.as_deref()),
    Column::number("messages_sent", |r| r.messages_sent),
    Column::number("messages_received", |r| r.messages_received),
    Column::words("incomplete", |r| &r.incomplete),
    Column::text("origin", |r| Some(&r.origin)),
    Column::calls("calls", |r| &r.calls),
    Column::words("calls_unseen", |r| &r.calls_unseen),
    Column::text("operation", |r| r.operation.as_deref()),
    Column::text("actor", |r: &Record| r.actors.first().map(String::as_str)).if_asked(),
    Column::text("user", |r: &Record| r.user.as_deref()).if_asked(),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::column::Columns;
    use super::*;

    fn called() -> CallRecord {
        CallRecord {
            operation: "graphql query \"me\"".into(),
            id: Some("1".to_owned()),
            sender: "client",
            outcome: "failed",
            code: None,
        }
    }

    proptest! {
        #[test]
        fn lines_are_those_of_serde(
            text in "[ -~äé\\PC\"\\\\\\n\\t\\x00-\\x1f\\x7f]{0,40}",
            maybe in proptest::option::of("[a-z\"/\\\\]{0,9}"),
            number in any::<u64>(),
            known in any::<bool>(),
        ) {
            let record = Record {
                time: text.clone(),
                end: maybe.clone(),
                client: maybe.clone(),
                server: Some(text.clone()),
                protocol: "http1",
                connection: maybe.clone(),
                stream: number,
                method: Some(text.clone()),
                scheme: maybe.clone(),
                host: maybe.clone(),
                target: Some(text.clone()),
                status: known.then_some(number as u16),
                grpc_status: (!known).then_some(number % 17),
                request_bytes: known.then_some(number),
                response_bytes: (!known).then_some(number / 7),
                request_sha256: maybe.clone(),
                response_sha256: Some(text.clone()),
                messages_sent: known.then_some(0),
                messages_received: None,
                incomplete: if known { vec!["no_request", "reset"] } else { Vec::new() },
                origin: text,
                calls: if known { vec![called(), called()] } else { Vec::new() },
                calls_unseen: if known { Vec::new() } else { vec!["too_long"] },
                operation: maybe.clone().map(Arc::from),
                actors: Vec::new(),
                user: None,
            };
            let mut line = Vec::new();
            Columns::all(&COLUMNS).write_json(&record, &mut line).unwrap();
            prop_assert_eq!(String::from_utf8(line).unwrap(), serde_json::to_string(&record).unwrap());
        }
    }
}
