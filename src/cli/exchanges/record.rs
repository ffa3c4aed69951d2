//! One line of `offpath exchanges`.

use offpath_capture::{Body, Exchange};
use serde::Serialize;

use crate::correlate::Redactor;
use crate::event::rfc3339;

/// One exchange; `null` is "not seen" or "not recorded". Credentials and personal data in targets are masked.
#[derive(Debug, Serialize)]
pub(super) struct Record {
    /// Start, RFC 3339 UTC.
    pub(super) time: String,
    /// End of the response.
    pub(super) end: Option<String>,
    /// Client address and port.
    pub(super) client: Option<String>,
    /// Server address and port.
    pub(super) server: Option<String>,
    /// `http1`, `http2`, `http3`, `unknown`.
    pub(super) protocol: &'static str,
    /// Connection id (packets only).
    pub(super) connection: Option<String>,
    /// Position on the connection, or HTTP/2 stream.
    pub(super) stream: u64,
    /// Method.
    pub(super) method: Option<String>,
    /// Scheme.
    pub(super) scheme: Option<String>,
    /// Authority.
    pub(super) host: Option<String>,
    /// Path and query, masked.
    pub(super) target: Option<String>,
    /// Status.
    pub(super) status: Option<u16>,
    /// Length of the decoded request body.
    pub(super) request_bytes: Option<u64>,
    /// Length of the decoded response body.
    pub(super) response_bytes: Option<u64>,
    /// SHA-256 of the decoded request body, hex, when it was seen whole.
    pub(super) request_sha256: Option<String>,
    /// SHA-256 of the decoded response body, hex, when it was seen whole.
    pub(super) response_sha256: Option<String>,
    /// Why it is not whole.
    pub(super) incomplete: Vec<&'static str>,
    /// Where it is in the input.
    pub(super) origin: String,
}

impl Record {
    /// The line of one exchange.
    pub(super) fn new(exchange: &Exchange, redactor: &Redactor) -> Self {
        let (request, response) = (exchange.request.as_ref(), exchange.response.as_ref());
        Record {
            time: rfc3339(exchange.time.0),
            end: exchange.end.map(|end| rfc3339(end.0)),
            client: exchange.client.map(|client| client.to_string()),
            server: exchange.server.map(|server| server.to_string()),
            protocol: exchange.protocol.as_str(),
            connection: exchange.connection.map(|id| format!("{id:016x}")),
            stream: exchange.stream,
            method: request.map(|r| r.method.clone()),
            scheme: request.and_then(|r| r.scheme.clone()),
            host: request.and_then(|r| r.host.clone()),
            target: request.map(|r| redactor.target(&r.target)),
            status: response.map(|r| r.status),
            request_bytes: request.and_then(|r| r.body.len()),
            response_bytes: response.and_then(|r| r.body.len()),
            request_sha256: request.and_then(|r| hash(&r.body)),
            response_sha256: response.and_then(|r| hash(&r.body)),
            incomplete: exchange.incomplete.iter().map(|reason| reason.as_str()).collect(),
            origin: exchange.origin.to_string(),
        }
    }
}

fn hash(body: &Body) -> Option<String> {
    body.sha256().map(|digest| digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
