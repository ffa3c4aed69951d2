//! One line of `offpath exchanges`.

use std::io;
use std::sync::Arc;

use offpath_capture::{Call, Exchange, calls};
use serde::Serialize;

use super::object::Object;
use crate::correlate::Redactor;
use crate::event::rfc3339;

/// One exchange; `null` is "not seen" or "not recorded". Credentials and personal data in targets are masked.
#[derive(Clone, Debug, Serialize)]
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
    /// Who acts, as far as the exchange alone tells; only looked for where a filter asks.
    #[serde(skip)]
    pub(in crate::cli) actors: Vec<String>,
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
        Some((name, port)) => format!("{}:{port}", redactor.name(name)),
        None => redactor.name(host).into_owned(),
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
        let (request, response) = (exchange.request.as_ref(), exchange.response.as_ref());
        let called = calls(exchange);
        Record {
            time: rfc3339(exchange.time.0),
            end: exchange.end.map(|end| rfc3339(end.0)),
            client: exchange.client.map(|client| redactor.endpoint(client)),
            server: exchange.server.map(|server| redactor.endpoint(server)),
            protocol: exchange.protocol.as_str(),
            connection: exchange.connection.map(|id| redactor.connection(id)),
            stream: exchange.stream,
            method: request.map(|r| r.method.clone()),
            scheme: request.and_then(|r| r.scheme.clone()),
            host: request.and_then(|r| Some(host(r.host.as_deref()?, redactor))),
            target: request.map(|r| redactor.target(&r.target)),
            status: response.map(|r| r.status),
            request_bytes: request.and_then(|r| r.body.len()),
            response_bytes: response.and_then(|r| r.body.len()),
            request_sha256: request.and_then(|r| Some(redactor.digest(&r.body.sha256()?))),
            response_sha256: response.and_then(|r| Some(redactor.digest(&r.body.sha256()?))),
            messages_sent: exchange.web_socket.map(|socket| socket.sent),
            messages_received: exchange.web_socket.map(|socket| socket.received),
            incomplete: exchange.incomplete.iter().map(|reason| reason.as_str()).collect(),
            origin: exchange.origin.to_string(),
            calls: called.calls.iter().map(|call| CallRecord::new(call, redactor)).collect(),
            calls_unseen: called.unseen.iter().map(|why| why.as_str()).collect(),
            operation: None,
            actors: Vec::new(),
        }
    }

    /// Appends the line as a JSON object: the bytes that serde makes of it, without its formatter.
    pub(super) fn write_json(&self, line: &mut Vec<u8>) -> io::Result<()> {
        let mut object = Object::new(line, "time", &self.time)?;
        object.text("end", self.end.as_deref())?;
        object.text("client", self.client.as_deref())?;
        object.text("server", self.server.as_deref())?;
        object.text("protocol", Some(self.protocol))?;
        object.text("connection", self.connection.as_deref())?;
        object.number("stream", Some(self.stream))?;
        object.text("method", self.method.as_deref())?;
        object.text("scheme", self.scheme.as_deref())?;
        object.text("host", self.host.as_deref())?;
        object.text("target", self.target.as_deref())?;
        object.number("status", self.status.map(u64::from))?;
        object.number("request_bytes", self.request_bytes)?;
        object.number("response_bytes", self.response_bytes)?;
        object.text("request_sha256", self.request_sha256.as_deref())?;
        object.text("response_sha256", self.response_sha256.as_deref())?;
        object.number("messages_sent", self.messages_sent)?;
        object.number("messages_received", self.messages_received)?;
        object.list("incomplete", &self.incomplete)?;
        object.text("origin", Some(&self.origin))?;
        object.list("calls", &self.calls)?;
        object.list("calls_unseen", &self.calls_unseen)?;
        object.text("operation", self.operation.as_deref())?;
        object.end();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
            };
            let mut line = Vec::new();
            record.write_json(&mut line).unwrap();
            prop_assert_eq!(String::from_utf8(line).unwrap(), serde_json::to_string(&record).unwrap());
        }
    }
}
