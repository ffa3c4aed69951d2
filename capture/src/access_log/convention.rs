//! Which field of a JSON log record means what: names that nginx, Envoy, Caddy, Traefik, ECS, OpenTelemetry and
//! cloud load balancers use, and those that people choose themselves.
//!
//! Names are compared in lower case, with `_` for `-`, nested ones joined by dots. In each row the first name that a
//! record has wins; the others stay in [`crate::LogFacts::fields`].

use std::collections::BTreeMap;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::target;

/// Meaning of a field that at most one field of a record has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    /// When the request came in.
    Start,
    /// When the response was finished.
    End,
    /// One of the two, as the convention says.
    Logged,
    Client,
    ClientPort,
    Server,
    ServerPort,
    /// Method, target and protocol in one.
    RequestLine,
    Method,
    Target,
    Query,
    Host,
    Scheme,
    Protocol,
    Status,
    User,
    ClientId,
    RequestId,
    TraceId,
    RequestBytes,
    ResponseBytes,
    RequestBody,
    ResponseBody,
}

impl Slot {
    /// Number of slots.
    pub(super) const COUNT: usize = Slot::ResponseBody as usize + 1;
}

/// Unit of a number that is a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

/// Whose names a record uses: settles what a time and a plain `duration` mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Convention {
    Nginx,
    Caddy,
    Traefik,
    Envoy,
}

impl Convention {
    /// Whether the logged time is that of the response's end.
    pub(super) fn logs_at_end(self) -> bool {
        matches!(self, Convention::Nginx | Convention::Caddy)
    }

    /// Unit of a field called `duration`.
    pub(super) fn duration_unit(self) -> Unit {
        match self {
            Convention::Nginx | Convention::Caddy => Unit::Seconds,
            Convention::Traefik => Unit::Nanoseconds,
            Convention::Envoy => Unit::Milliseconds,
        }
    }
}

/// Names by meaning, best first.
const SLOTS: &[(Slot, &[&str])] = &[
    (
        Slot::Start,
        &[
            "start_time",
            "startutc",
            "startlocal",
            "started_at",
            "event.start",
            "request_start",
            "request_start_time",
            "start",
            "start_timestamp",
            "started",
            "starttime",
        ],
    ),
    (
        Slot::End,
        &["msec", "time_iso8601", "time_local", "event.end", "end_time", "finished_at", "completed_at", "endtime"],
    ),
    (
        Slot::Logged,
        &[
            "@timestamp",
            "timestamp",
            "ts",
            "time",
            "datetime",
            "date_time",
            "event.created",
            "eventtime",
            "event_time",
            "requesttime",
            "requesttimeepoch",
            "timestamp_ms",
            "ts_ms",
            "date",
            "_time",
            "t",
        ],
    ),
    (
        Slot::Client,
        &[
            "request.client_ip",
            "client_ip",
            "clientip",
            "client.ip",
            "client.address",
            "source.ip",
            "source.address",
            "remote_addr",
            "remote_ip",
            "remoteip",
            "remote_address",
            "remoteaddr",
            "request.remote_ip",
            "req.remoteaddress",
            "req.ip",
            "request.remote_addr",
            "downstream_remote_address",
            "downstream_direct_remote_address",
            "clienthost",
            "clientaddr",
            "network.client.ip",
            "net.peer.ip",
            "network.peer.address",
            "net.sock.peer.addr",
            "httprequest.remoteip",
            "identity.sourceip",
            "source_ip",
            "sourceip",
            "src_ip",
            "ip",
            "ip_address",
            "client",
            "peer",
            "remote",
        ],
    ),
    (
        Slot::ClientPort,
        &[
            "remote_port",
            "client_port",
            "client.port",
            "source.port",
            "request.remote_port",
            "req.remoteport",
            "clientport",
            "src_port",
            "network.peer.port",
            "net.peer.port",
        ],
    ),
    (
        Slot::Server,
        &[
            "server_addr",
            "server_ip",
            "server.ip",
            "destination.ip",
            "destination.address",
            "downstream_local_address",
            "serverip",
            "httprequest.serverip",
            "dst_ip",
            "server.address",
            "net.host.ip",
        ],
    ),
    (
        Slot::ServerPort,
        &["server_port", "server.port", "destination.port", "serverport", "requestport", "dst_port", "net.host.port"],
    ),
    (Slot::RequestLine, &["request", "request_line", "requestline", "httprequest", "req"]),
    (
        Slot::Method,
        &[
            "request_method",
            "method",
            "http.request.method",
            "http.method",
            "request.method",
            "req.method",
            "requestmethod",
            "httprequest.requestmethod",
            "http_method",
            "httpmethod",
            "verb",
            "cs_method",
            "http.request.method_original",
            "x_method",
        ],
    ),
    (
        Slot::Target,
        &[
            "request_uri",
            "requesturi",
            "request.uri",
            "url.original",
            "url.full",
            "http.target",
            "request.url",
            "req.url",
            "httprequest.requesturl",
            "requestpath",
            "http.url",
            "uri",
            "url",
            "target",
            "request_target",
            "x_envoy_original_path",
            "request_path",
            "request.path",
            "path",
            "url.path",
            "http.path",
            "http.request.path",
            "req.path",
            "request_url",
            "http_path",
            "http_uri",
            "http_url",
            "endpoint",
            "resource",
        ],
    ),
    (
        Slot::Query,
        &["query", "query_string", "querystring", "args", "url.query", "request.query", "request_query", "raw_query"],
    ),
    (
        Slot::Host,
        &[
            "http_host",
            "request.host",
            "authority",
            ":authority",
            "requesthost",
            "requestaddr",
            "url.domain",
            "http.host",
            "req.headers.host",
            "vhost",
            "virtual_host",
            "request_host",
            "http.request.host",
            "domainname",
            "server_name",
            "host",
            "hostname",
        ],
    ),
    (
        Slot::Scheme,
        &[
            "scheme",
            "request.scheme",
            "requestscheme",
            "url.scheme",
            "http.scheme",
            "request_scheme",
            "http_x_forwarded_proto",
            "x_forwarded_proto",
        ],
    ),
    (
        Slot::Protocol,
        &[
            "server_protocol",
            "protocol",
            "request.proto",
            "requestprotocol",
            "http.version",
            "http_version",
            "httpversion",
            "http.flavor",
            "network.protocol.version",
            "httprequest.protocol",
            "proto",
            "req.httpversion",
            "http_protocol",
        ],
    ),
    (
        Slot::Status,
        &[
            "downstreamstatus",
            "http.response.status_code",
            "http.status_code",
            "status_code",
            "statuscode",
            "response_code",
            "response.status",
            "response.status_code",
            "res.statuscode",
            "res.status",
            "httprequest.status",
            "http_status",
            "http_status_code",
            "http.status",
            "response_status",
            "responsecode",
            "resp_status",
            "sc_status",
            "http_code",
            "status",
            "code",
        ],
    ),
    (
        Slot::User,
        &[
            "sub",
            "subject",
            "user.id",
            "user_id",
            "userid",
            "enduser.id",
            "remote_user",
            "clientusername",
            "jwt.sub",
            "claims.sub",
            "auth.sub",
            "user.name",
            "username",
            "user_name",
            "user",
            "principal",
            "auth_user",
            "identity.user",
            "consumer.username",
            "authenticated_user",
            "req.user.id",
        ],
    ),
    (
        Slot::ClientId,
        &[
            "client_id",
            "clientid",
            "azp",
            "jwt.azp",
            "claims.azp",
            "claims.client_id",
            "oauth_client_id",
            "consumer.id",
            "consumer_id",
            "consumer",
            "api_consumer",
            "api_key_id",
            "app_id",
            "application_id",
        ],
    ),
    (
        Slot::RequestId,
        &[
            "request_id",
            "requestid",
            "x_request_id",
            "http_x_request_id",
            "http.request.id",
            "request.id",
            "req.id",
            "req_id",
            "reqid",
            "correlation_id",
            "correlationid",
            "x_correlation_id",
            "http_x_correlation_id",
        ],
    ),
    (
        Slot::TraceId,
        &[
            "trace_id",
            "traceid",
            "trace.id",
            "dd.trace_id",
            "otel.trace_id",
            "opentracing.trace_id",
            "x_b3_traceid",
            "http_x_b3_traceid",
            "traceparent",
            "http_traceparent",
            "trace",
        ],
    ),
    (
        Slot::RequestBytes,
        &[
            "http.request.body.bytes",
            "http.request.body.size",
            "request_bytes",
            "bytes_received",
            "requestcontentsize",
            "bytes_in",
            "bytes_read",
            "request_body_size",
            "request_size",
            "request.size",
            "httprequest.requestsize",
            "request_body_bytes",
            "request_content_length",
            "http_content_length",
        ],
    ),
    (
        Slot::ResponseBytes,
        &[
            "body_bytes_sent",
            "http.response.body.bytes",
            "http.response.body.size",
            "response_bytes",
            "bytes_sent",
            "downstreamcontentsize",
            "bytes_out",
            "response_size",
            "response.size",
            "response_body_size",
            "httprequest.responsesize",
            "responselength",
            "response_length",
            "response_content_length",
            "size",
            "bytes",
        ],
    ),
    (
        Slot::RequestBody,
        &[
            "request_body",
            "request.body",
            "requestbody",
            "req_body",
            "req.body",
            "http.request.body.content",
            "http.request.body",
            "request_payload",
            "request.payload",
        ],
    ),
    (
        Slot::ResponseBody,
        &[
            "response_body",
            "response.body",
            "responsebody",
            "resp_body",
            "res_body",
            "res.body",
            "http.response.body.content",
            "http.response.body",
            "response_payload",
            "response.payload",
        ],
    ),
];

/// Durations by name; `None` is a plain `duration`, whose unit the convention (or the text's own unit) gives.
const DURATIONS: &[(&str, Option<Unit>)] = &[
    ("request_time", Some(Unit::Seconds)),
    ("duration", None),
    ("event.duration", Some(Unit::Nanoseconds)),
    ("duration_ms", Some(Unit::Milliseconds)),
    ("durationms", Some(Unit::Milliseconds)),
    ("request_duration_ms", Some(Unit::Milliseconds)),
    ("duration_us", Some(Unit::Microseconds)),
    ("duration_ns", Some(Unit::Nanoseconds)),
    ("duration_s", Some(Unit::Seconds)),
    ("duration_sec", Some(Unit::Seconds)),
    ("duration_seconds", Some(Unit::Seconds)),
    ("latency_human", None),
    ("latency_ms", Some(Unit::Milliseconds)),
    ("latency_us", Some(Unit::Microseconds)),
    ("latency_ns", Some(Unit::Nanoseconds)),
    ("latency_seconds", Some(Unit::Seconds)),
    ("latencies.request", Some(Unit::Milliseconds)),
    ("httprequest.latency", None),
    ("response_time_ms", Some(Unit::Milliseconds)),
    ("request_time_ms", Some(Unit::Milliseconds)),
    ("responsetime", Some(Unit::Milliseconds)),
    ("response_time", None),
    ("request_duration", None),
    ("responselatency", Some(Unit::Milliseconds)),
    ("elapsed_ms", Some(Unit::Milliseconds)),
    ("elapsed", None),
    ("latency", None),
    ("took_ms", Some(Unit::Milliseconds)),
    ("took", None),
];

/// Fields that carry one request header.
const REQUEST_HEADERS: &[(&str, &str)] = &[
    ("user_agent", "User-Agent"),
    ("useragent", "User-Agent"),
    ("user_agent.original", "User-Agent"),
    ("http.user_agent", "User-Agent"),
    ("http.useragent", "User-Agent"),
    ("request.user_agent", "User-Agent"),
    ("httprequest.useragent", "User-Agent"),
    ("identity.useragent", "User-Agent"),
    ("agent", "User-Agent"),
    ("referer", "Referer"),
    ("referrer", "Referer"),
    ("http.request.referrer", "Referer"),
    ("http.referer", "Referer"),
    ("httprequest.referer", "Referer"),
    ("x_forwarded_for", "X-Forwarded-For"),
    ("forwarded_for", "X-Forwarded-For"),
    ("xff", "X-Forwarded-For"),
    ("authorization", "Authorization"),
    ("cookie", "Cookie"),
    ("x_api_key", "X-Api-Key"),
    ("idempotency_key", "Idempotency-Key"),
    ("idempotencykey", "Idempotency-Key"),
    ("request_content_type", "Content-Type"),
];

/// Fields that carry one response header.
const RESPONSE_HEADERS: &[(&str, &str)] = &[
    ("location", "Location"),
    ("resp_location", "Location"),
    ("response_location", "Location"),
    ("response.location", "Location"),
    ("redirect_location", "Location"),
    ("redirect_url", "Location"),
    ("upstream_http_location", "Location"),
    ("response_content_type", "Content-Type"),
];

/// Fields that only one server writes.
const MARKS: &[(Convention, &[&str])] = &[
    (
        Convention::Nginx,
        &[
            "msec",
            "time_iso8601",
            "time_local",
            "body_bytes_sent",
            "upstream_response_time",
            "upstream_connect_time",
            "upstream_header_time",
            "upstream_status",
            "request_completion",
        ],
    ),
    (Convention::Caddy, &["request.proto", "request.remote_ip", "request.client_ip", "bytes_read"]),
    (
        Convention::Traefik,
        &["downstreamstatus", "startutc", "startlocal", "requestpath", "requestmethod", "originduration"],
    ),
    (Convention::Envoy, &["response_flags", "upstream_cluster", "downstream_remote_address", "upstream_service_time"]),
];

/// Objects whose members are headers; whether they hold all of a message's headers.
const REQUEST_HEADER_OBJECTS: &[(&str, bool)] = &[
    ("request.headers.", true),
    ("request_headers.", true),
    ("requestheaders.", true),
    ("req.headers.", true),
    ("req_headers.", true),
    ("http.request.headers.", true),
    ("request.header.", true),
    ("headers.", true),
    ("http.request.header.", false),
    ("http_", false),
];
const RESPONSE_HEADER_OBJECTS: &[(&str, bool)] = &[
    ("response.headers.", true),
    ("response_headers.", true),
    ("responseheaders.", true),
    ("resp_headers.", true),
    ("res.headers.", true),
    ("res_headers.", true),
    ("http.response.headers.", true),
    ("response.header.", true),
    ("http.response.header.", false),
    ("sent_http_", false),
];

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A slot; smaller ranks win.
    Slot(Slot, u16),
    /// A duration in this unit; smaller ranks win.
    Duration(Option<Unit>, u16),
    /// A request header of this name.
    RequestHeader(String),
    /// A response header of this name.
    ResponseHeader(String),
}

/// What a name tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) meaning: Option<Meaning>,
    pub(super) mark: Option<Convention>,
}

/// A header by the object or prefix that it was found under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderOf {
    Request,
    Response,
}

/// All names, ready to be looked up.
pub(super) struct Table(HashMap<Vec<u8>, Entry, FixedState>);

impl Table {
    /// The conventions with the user's own names (see [`crate::Options::log_fields`]) over them.
    pub(super) fn new(overrides: &BTreeMap<String, String>) -> Self {
        let mut table = Table(HashMap::with_hasher(FixedState::default()));
        for (slot, names) in SLOTS {
            for (rank, name) in (1..).zip(*names) {
                table.set(name, Meaning::Slot(*slot, rank));
            }
        }
        for (rank, (name, unit)) in (1..).zip(DURATIONS) {
            table.set(name, Meaning::Duration(*unit, rank));
        }
        for (name, header) in REQUEST_HEADERS {
            table.set(name, Meaning::RequestHeader((*header).to_owned()));
        }
        for (name, header) in RESPONSE_HEADERS {
            table.set(name, Meaning::ResponseHeader((*header).to_owned()));
        }
        for (convention, names) in MARKS {
            for name in *names {
                table.0.entry(name.as_bytes().to_vec()).or_default().mark = Some(*convention);
            }
        }
        for (target, name) in overrides {
            if let Some(meaning) = target::meaning(target, name) {
                table.set(&String::from_utf8_lossy(&normal(name)), meaning);
            }
        }
        table
    }

    fn set(&mut self, name: &str, meaning: Meaning) {
        self.0.entry(name.as_bytes().to_vec()).or_default().meaning = Some(meaning);
    }

    /// Looks up a name in normal form.
    pub(super) fn get(&self, name: &[u8]) -> Option<&Entry> {
        self.0.get(name)
    }
}

/// The form in which names are compared: lower case, `_` for `-`.
pub(super) fn normal(name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    push_normal(name, &mut out);
    out
}

/// Appends the normal form of a name or of a part of it.
pub(super) fn push_normal(name: &str, out: &mut Vec<u8>) {
    out.extend(name.bytes().map(|byte| if byte == b'-' { b'_' } else { byte.to_ascii_lowercase() }));
}

/// The header that a name (in normal form) stands for by the object or prefix it is in: where its own name starts, and
/// whether that object holds all headers.
pub(super) fn header_in(name: &[u8]) -> Option<(HeaderOf, usize, bool)> {
    let lists = [(HeaderOf::Request, REQUEST_HEADER_OBJECTS), (HeaderOf::Response, RESPONSE_HEADER_OBJECTS)];
    lists.into_iter().find_map(|(of, prefixes)| {
        let (prefix, full) =
            prefixes.iter().find(|(prefix, _)| name.len() > prefix.len() && name.starts_with(prefix.as_bytes()))?;
        Some((of, prefix.len(), *full))
    })
}

/// The header that a name stands for in a record of Traefik's, which prefixes header names as they were sent.
pub(super) fn traefik_header(name: &str) -> Option<(HeaderOf, usize)> {
    let prefixed = |prefix: &str| name.len() > prefix.len() && name.starts_with(prefix);
    if prefixed("request_") {
        Some((HeaderOf::Request, "request_".len()))
    } else if prefixed("downstream_") {
        Some((HeaderOf::Response, "downstream_".len()))
    } else {
        None
    }
}

/// The unit that the table or a suffix gives; none for other names.
pub(super) fn unit_by_name(name: &str) -> Option<Unit> {
    if let Some((_, unit)) = DURATIONS.iter().find(|(known, _)| *known == name) {
        return *unit;
    }
    match name.rsplit(['_', '.']).next() {
        Some("ms" | "millis" | "milliseconds") => Some(Unit::Milliseconds),
        Some("us" | "micros" | "microseconds") => Some(Unit::Microseconds),
        Some("ns" | "nanos" | "nanoseconds") => Some(Unit::Nanoseconds),
        Some("s" | "sec" | "secs" | "seconds") => Some(Unit::Seconds),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_has_two_meanings() {
        let slots = SLOTS.iter().flat_map(|(_, names)| names.iter().copied());
        let durations = DURATIONS.iter().map(|(name, _)| *name);
        let headers = REQUEST_HEADERS.iter().chain(RESPONSE_HEADERS).map(|(name, _)| *name);
        let mut seen = std::collections::BTreeSet::new();
        for name in slots.chain(durations).chain(headers) {
            assert!(seen.insert(name), "{name} twice");
            assert_eq!(name.as_bytes(), normal(name));
        }
    }
}
