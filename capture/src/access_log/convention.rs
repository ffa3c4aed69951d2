//! Whose names a record uses, told by the fields that only one server writes.

use super::unit::Unit;

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

/// Fields that only one server writes.
pub(super) const MARKS: &[(Convention, &[&str])] = &[
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
