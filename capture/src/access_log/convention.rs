//! Whose names a record uses, told by the fields that only one server writes.

use super::unit::Unit;

/// Whose names a record uses: settles what a time and a plain `duration` mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Convention {
    Nginx,
    Caddy,
    Traefik,
    /// Programs that log by Serilog, with its middleware for requests.
    Serilog,
    Envoy,
    Alb,
    CloudFront,
    CloudTrail,
    Azure,
    Haproxy,
    Tomcat,
    Iis,
}

impl Convention {
    /// Whether the logged time is that of the response's end.
    pub(super) fn logs_at_end(self) -> bool {
        !matches!(self, Convention::Traefik | Convention::Envoy | Convention::Haproxy | Convention::Tomcat)
    }

    /// Unit of a field called `duration`.
    pub(super) fn duration_unit(self) -> Unit {
        match self {
            Convention::Nginx | Convention::Caddy | Convention::Alb | Convention::CloudFront | Convention::Azure => {
                Unit::Seconds
            }
            Convention::Traefik => Unit::Nanoseconds,
            Convention::Serilog
            | Convention::Envoy
            | Convention::CloudTrail
            | Convention::Haproxy
            | Convention::Tomcat
            | Convention::Iis => Unit::Milliseconds,
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
    (Convention::Caddy, &["request.proto", "request.remote_ip", "request.client_ip"]),
    (
        Convention::Traefik,
        &[
            "downstreamstatus",
            "startutc",
            "startlocal",
            "originstatus",
            "originduration",
            "routername",
            "entrypointname",
        ],
    ),
    (Convention::Serilog, &["@t", "@mt", "messagetemplate"]),
    (Convention::Alb, &["elb_status_code"]),
    (Convention::CloudFront, &["x_edge_location", "x_edge_request_id", "x_edge_result_type"]),
    (Convention::CloudTrail, &["useridentity.type"]),
    (Convention::Azure, &["properties.httpmethod", "properties.timetaken"]),
    (Convention::Haproxy, &["termination_state", "time_accept", "accept_date", "actconn", "feconn"]),
    (Convention::Tomcat, &["elapsedtime", "elapsedtimes", "logicalusername", "localservername"]),
    // Any writer of the W3C's extended format whom nothing else tells.
    (Convention::Iis, &["cs_uri_stem", "cs_method", "sc_status"]),
    (Convention::Envoy, &["response_flags", "upstream_cluster", "downstream_remote_address", "upstream_service_time"]),
];
