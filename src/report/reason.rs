//! Reasons why traffic was not read, or not wholly, in plain words. A reason without an entry is shown by its name.

use super::figure::{count, counted};
use super::summary::{NotReadSummary, RunSummary};

/// `12 connections encrypted with TLS`: what was seen and not read.
pub(super) fn not_read(part: &NotReadSummary) -> String {
    let (one, many) = match part.reason.as_str() {
        "tls" => ("connection encrypted with TLS", "connections encrypted with TLS"),
        "quic" => ("QUIC packet (encrypted)", "QUIC packets (encrypted)"),
        "udp" => ("other UDP packet", "other UDP packets"),
        "websocket" => ("WebSocket connection", "WebSocket connections"),
        "upgraded" => {
            ("connection that left HTTP (upgrade or tunnel)", "connections that left HTTP (upgrade or tunnel)")
        }
        "not_http" => ("connection that is no HTTP", "connections that are no HTTP"),
        "not_http_url" => ("entry whose address is no HTTP URL", "entries whose address is no HTTP URL"),
        "between_messages" => ("connection with bytes between messages", "connections with bytes between messages"),
        "not_ip" => ("packet that is no IP", "packets that are no IP"),
        "ip_fragment" => ("fragment whose packet is not whole", "fragments whose packets are not whole"),
        "malformed_packet" => ("malformed packet", "malformed packets"),
        "malformed_request" => ("malformed request line", "malformed request lines"),
        "broken_entry" => ("broken entry", "broken entries"),
        "link_type" => ("packet of an unknown link type", "packets of unknown link types"),
        tunnel @ ("gre" | "vxlan" | "geneve" | "mpls" | "pppoe" | "gtp") => {
            return format!("{} in {}", counted(part.count, "packet", "packets"), tunnel.to_uppercase());
        }
        other => return format!("{} {}", count(part.count), other.replace('_', " ")),
    };
    counted(part.count, one, many)
}

/// `3 exchanges without a response`: exchanges that are not whole.
pub(super) fn incomplete(reason: &str, number: u64) -> String {
    let how = match reason {
        "no_request" => "whose request was not seen",
        "no_response" => "whose response was not seen",
        "mid_stream" => "on connections that began before the capture",
        "request_gap" => "with bytes of the request missing",
        "response_gap" => "with bytes of the response missing",
        "snap_length" => "cut by the capture's snap length",
        "cut_short" => "cut off by the end of the capture or connection",
        "undecodable_body" => "with a body that could not be decoded",
        "over_limit" => "with a body over the limit",
        "reset" => "that one side gave up",
        other => return format!("{} not whole: {}", counted(number, "exchange", "exchanges"), other.replace('_', " ")),
    };
    format!("{} {how}", counted(number, "exchange", "exchanges"))
}

/// Why rules were not evaluated, with the rules of each reason; the reason of most rules first.
pub(super) fn idle_rules(run: &RunSummary) -> Vec<(&str, Vec<&str>)> {
    let mut groups: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
    for rule in &run.rules {
        if let Some(why) = &rule.not_evaluated {
            groups.entry(why).or_default().push(&rule.id);
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, rules)| std::cmp::Reverse(rules.len()));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_words_and_an_unknown_one_keeps_its_name() {
        let part = |reason: &str, count| NotReadSummary { reason: reason.into(), count, bytes: 0 };
        assert_eq!(not_read(&part("tls", 1_204)), "1,204 connections encrypted with TLS");
        assert_eq!(not_read(&part("vxlan", 1)), "1 packet in VXLAN");
        assert_eq!(not_read(&part("no_such_thing", 2)), "2 no such thing");
        assert_eq!(incomplete("no_response", 1), "1 exchange whose response was not seen");
        assert_eq!(incomplete("new_reason", 2), "2 exchanges not whole: new reason");
    }
}
