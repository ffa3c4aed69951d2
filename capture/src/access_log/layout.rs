//! Formats of lines that servers write by default, each as a [`Template`] whose names are those of [`super::name`].

use super::combined::unescape;
use super::fields::Fields;
use super::record;
use super::template::Template;
use crate::InputFormat;

/// AWS's application load balancer. Fields that later versions add follow the last one.
const ALB: &str = concat!(
    "$type $time $elb $client_address $target_address $request_processing_time $target_processing_time ",
    "$response_processing_time $elb_status_code $target_status_code $received_bytes $sent_bytes \"$request\" ",
    "\"$user_agent\"$? $ssl_cipher $ssl_protocol $target_group_arn \"$trace_id\" \"$domain_name\" \"$chosen_cert_arn\" ",
    "$matched_rule_priority $request_creation_time \"$actions_executed\" \"$redirect_url\" \"$error_reason\"",
);
/// Envoy's default.
const ENVOY: &str = concat!(
    "[$start_time] \"$request\" $response_code $response_flags $bytes_received $bytes_sent $duration ",
    "$upstream_service_time \"$x_forwarded_for\" \"$user_agent\" \"$request_id\" \"$authority\" \"$upstream_host\"",
);
/// Istio's default for its Envoy.
const ISTIO: &str = concat!(
    "[$start_time] \"$request\" $response_code $response_flags $response_code_details ",
    "$connection_termination_details \"$upstream_transport_failure_reason\" $bytes_received $bytes_sent $duration ",
    "$upstream_service_time \"$x_forwarded_for\" \"$user_agent\" \"$request_id\" \"$authority\" \"$upstream_host\"$? ",
    "$upstream_cluster $upstream_local_address $downstream_local_address $downstream_remote_address ",
    "$requested_server_name $route_name",
);
/// HAProxy's `option httplog`.
const HAPROXY: &str = concat!(
    "$client_address [$start_time] $frontend $backend_server $timers $status $response_size $request_cookie ",
    "$response_cookie $termination_state $connections $queues $captured\"$request\"",
);

/// An address and its port, as the formats above name them.
const CLIENT: &str = "client_address";

/// The formats, compiled.
pub(super) struct Layouts(Vec<(InputFormat, Template)>);

impl Layouts {
    pub(super) fn new() -> Self {
        let formats = [
            (InputFormat::Alb, ALB),
            (InputFormat::Envoy, ISTIO),
            (InputFormat::Envoy, ENVOY),
            (InputFormat::Haproxy, HAPROXY),
        ];
        Layouts(formats.map(|(format, text)| (format, Template::known(text))).into())
    }

    /// The format that a line fits, and its fields.
    pub(super) fn read<'l>(&self, line: &'l str) -> Option<(InputFormat, Vec<(&str, &'l str)>)> {
        let line = without_tag(line);
        self.0.iter().find_map(|(format, template)| {
            let fields = template.read(line)?;
            plausible(&fields).then_some((*format, fields))
        })
    }
}

/// Adds fields as a server wrote them.
pub(super) fn put<'l>(values: Vec<(&str, &'l str)>, fields: &mut Fields<'l, '_>) {
    for (name, value) in values {
        // The last of HAProxy's timers is the whole; `+` says that it was logged before the end.
        if name == "timers"
            && let Some((_, active)) = value.rsplit_once('/')
            && !active.starts_with('+')
        {
            fields.put("active_time", active);
        }
        match record::endpoint_with_port(value) {
            // Here a port always follows, so that in an address of IPv6 the last colon is none of its own.
            Some(client) if name == CLIENT => fields.put(name, client.to_string()),
            _ => fields.put(name, unescape(value)),
        }
    }
}

/// HAProxy's own tag, where no syslog has put a date before it.
fn without_tag(line: &str) -> &str {
    let tagged = line.strip_prefix("haproxy[").and_then(|rest| rest.split_once("]: "));
    tagged.map_or(line, |(_, rest)| rest)
}

/// Whether a line that has the right shape also has a time in its place.
fn plausible(fields: &[(&str, &str)]) -> bool {
    let time = fields.iter().find(|(name, _)| matches!(*name, "time" | "start_time"));
    time.is_some_and(|(_, text)| crate::clock::parse(text).is_some())
}
