//! Reasons why traffic was not read, or not wholly, in plain words. A reason without an entry is shown by its name.

use std::collections::BTreeMap;

use crate::finding::time::micros;

use super::figure::{bytes, count, counted, percent};
use super::summary::{Gap, NotReadSummary, RuleStatus, RuleSummary, RunSummary};

/// The irregularity of a duration that was left out.
const NO_UNIT: &str = "duration_without_unit";
/// The irregularity of a status whose field has no known name.
const NO_STATUS: &str = "unnamed_status";
/// Irregularities that the first screen tells, since what was read may be other than what happened, each with its noun.
const TOLD: [(&str, &str, &str); 6] = [
    (NO_UNIT, "exchange", "exchanges"),
    (NO_STATUS, "exchange", "exchanges"),
    ("conflicting_retransmission", "retransmission", "retransmissions"),
    ("no_start_time", "exchange or packet", "exchanges or packets"),
    ("unreadable_start_time", "exchange", "exchanges"),
    ("time_without_zone", "time", "times"),
];

/// `12 connections encrypted with TLS`: what was seen and not read.
pub(super) fn not_read(part: &NotReadSummary) -> String {
    let (one, many) = match part.reason.as_str() {
        "tls_no_key" => ("TLS connection without keys", "TLS connections without keys"),
        "tls_mid_connection" => {
            ("TLS connection whose hellos were not captured", "TLS connections whose hellos were not captured")
        }
        "tls_one_hello" => (
            "TLS connection of which one hello was not captured",
            "TLS connections of which one hello each was not captured",
        ),
        "tls_unknown_suite" => ("TLS connection with a suite not read", "TLS connections with suites not read"),
        "tls_version" => ("TLS connection of a version not read", "TLS connections of versions not read"),
        "tls_bad_record" => ("TLS connection with records not opened", "TLS connections with records not opened"),
        "tls_wrong_key" => {
            ("TLS connection that the given keys do not open", "TLS connections that the given keys do not open")
        }
        "tls_no_data" => ("TLS connection with a handshake alone", "TLS connections with a handshake alone"),
        "other_secrets" => ("block with secrets of another protocol", "blocks with secrets of other protocols"),
        "quic" => ("QUIC packet, as of HTTP/3", "QUIC packets, as of HTTP/3"),
        "udp" => ("other UDP packet", "other UDP packets"),
        "websocket_mid_stream" => (
            "WebSocket connection that began before the capture",
            "WebSocket connections that began before the capture",
        ),
        "http09" => ("connection of HTTP/0.9", "connections of HTTP/0.9"),
        "websocket_lost" => {
            ("WebSocket with a part not read after a loss", "WebSockets with a part not read after a loss")
        }
        "websocket_identity" => (
            "WebSocket whose client said too often who it is: later calls are nobody's",
            "WebSockets whose clients said too often who they are: later calls are nobody's",
        ),
        "answer_without_call" => {
            ("answer to a call that is not in the input", "answers to calls that are not in the input")
        }
        "query_text" => (
            "text of a GraphQL query for which there was no room",
            "texts of GraphQL queries for which there was no room",
        ),
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
        "client_span" => ("client's span, told by its server's", "clients' spans, told by their servers'"),
        "client_span_alone" => {
            ("client's span whose server's is not in the input", "clients' spans whose servers' are not in the input")
        }
        "tool_span_again" => ("span of a tool's call that another tells", "spans of tools' calls that others tell"),
        "span_like_tool" => ("span that may be a tool's call", "spans that may be tools' calls"),
        "span_without_request" => ("span that is no request", "spans that are no requests"),
        "unfinished_line" => ("line half written at the end of a log", "lines half written at the ends of logs"),
        "other_log" => ("line of another log", "lines of other logs"),
        "body_not_in_har" => ("body that its HAR does not hold", "bodies that their HAR does not hold"),
        "broken_entry" => ("broken entry", "broken entries"),
        "link_type" => ("packet of an unknown link type", "packets of unknown link types"),
        "nested_too_deep" => ("packet with too many headers", "packets with too many headers"),
        "tunnel_at_other_port" => {
            ("packet that looks like a tunnel's, at another port", "packets that look like a tunnel's, at other ports")
        }
        "snap_length" => ("packet cut in its headers", "packets cut in their headers"),
        "ppp_compressed" => ("compressed PPP packet", "compressed PPP packets"),
        "wifi_encrypted" => ("encrypted Wi-Fi frame", "encrypted Wi-Fi frames"),
        "wifi_aggregate" => ("Wi-Fi frame of several packets", "Wi-Fi frames of several packets"),
        "macsec" => ("packet encrypted with MACsec", "packets encrypted with MACsec"),
        "gtp" => ("GTP packet without user data", "GTP packets without user data"),
        tunnel @ ("vxlan" | "geneve" | "teredo" | "l2tp") => {
            return format!("{} of {} without a packet", counted(part.count, "packet", "packets"), name(tunnel));
        }
        other => return format!("{} {}", count(part.count), other.replace('_', " ")),
    };
    counted(part.count, one, many)
}

/// `1,200 packets inside VXLAN`: what was taken off packets that were read, and how many were seen twice.
pub(super) fn packets(run: &RunSummary) -> Vec<String> {
    let inside = run.tunnels.iter().map(|(tunnel, number)| {
        let what = match tunnel.as_str() {
            "other_tunnel" => "other tunnels",
            tunnel => name(tunnel),
        };
        format!("{} inside {what}", counted(*number, "packet", "packets"))
    });
    let again = (run.seen_again > 0)
        .then(|| format!("{} seen more than once and counted once", counted(run.seen_again, "packet", "packets")));
    inside.chain(again).collect()
}

/// A tunnel as people write it; one without an entry keeps its name.
fn name(tunnel: &str) -> &str {
    match tunnel {
        "erspan" => "ERSPAN",
        "geneve" => "Geneve",
        "gre" => "GRE",
        "gtp" => "GTP",
        "ip_in_ip" => "IP",
        "l2tp" => "L2TP",
        "mpls" => "MPLS",
        "pppoe" => "PPPoE",
        "teredo" => "Teredo",
        "vlan" => "VLANs",
        "vxlan" => "VXLAN",
        other => other,
    }
}

/// `3 exchanges without a response`: exchanges that are not whole.
pub(super) fn incomplete(reason: &str, number: u64) -> String {
    let how = match reason {
        "no_request" => "whose request was not seen",
        "no_response" => "whose response was not seen",
        "mid_stream" => {
            "on connections that began before the capture, or behind what was lost or cut off, so that their pairs are unproven"
        }
        "request_gap" => "with bytes of the request missing",
        "response_gap" => "with bytes of the response missing",
        "snap_length" => "cut by the capture's snap length (`tcpdump -s 0` captures whole packets)",
        "cut_short" => "cut off by the end of the capture or connection",
        "undecodable_body" => "with a body that could not be decoded",
        "over_limit" => "with a body or head over the limit",
        "reset" => "that one side gave up",
        "path_template" => {
            "of which only the path's template is known, so not of which object (log the path: `$context.path`, `url.path`)"
        }
        other => return format!("{} not whole: {}", counted(number, "exchange", "exchanges"), other.replace('_', " ")),
    };
    format!("{} {how}", counted(number, "exchange", "exchanges"))
}

/// `3 blind spots, in which requests may be missing`.
pub(super) fn blind_spots(number: u64) -> String {
    counted(number, "blind spot, in which requests may be missing", "blind spots, in which requests may be missing")
}

/// `2 connections with bytes lost`: bytes that were sent and are not in the capture.
pub(super) fn missing(cause: &str, number: u64) -> String {
    let how = match cause {
        "lost" => "with bytes that were not captured",
        "snap_length" => "with bytes cut by the capture's snap length",
        other => {
            return format!(
                "{} with bytes missing: {}",
                counted(number, "connection", "connections"),
                other.replace('_', " ")
            );
        }
    };
    format!("{} {how}", counted(number, "connection", "connections"))
}

/// `37 of 1,204 connections with gaps (12.0 kB not captured, 3.4 MB cut by the snap length)`.
pub(super) fn broken(run: &RunSummary) -> Option<String> {
    let (connections, broken) = run.connections;
    let sizes: Vec<String> = run
        .missing
        .iter()
        .map(|part| {
            let how = if part.reason == "snap_length" { "cut by the snap length" } else { "not captured" };
            format!("{} {how}", bytes(part.bytes))
        })
        .collect();
    let sizes = if sizes.is_empty() { String::new() } else { format!(" ({})", sizes.join(", ")) };
    let of = counted(connections, "connection", "connections");
    (broken > 0).then(|| format!("{} of {of} with gaps{sizes}", count(broken)))
}

/// ` (8.1 MB, 3.2 % of bytes)`: how much something is that was not read; empty where that is not known.
pub(super) fn size(part: &NotReadSummary) -> String {
    let of = if part.share.is_some() { " of bytes" } else { "" };
    match sized(part.bytes, part.share) {
        size if size.is_empty() => size,
        size => format!(" ({size}{of})"),
    }
}

/// `8.1 MB, 3.2 %`; empty where it is not known.
pub(super) fn sized(number: u64, share: Option<f64>) -> String {
    match (number, share) {
        (0, _) => String::new(),
        (number, None) => bytes(number),
        (number, Some(share)) => format!("{}, {}", bytes(number), part_of_all(share)),
    }
}

/// A share that is not nothing, in percent.
fn part_of_all(share: f64) -> String {
    const PARTS: u64 = 1_000_000;
    percent(((share * PARTS as f64).round() as u64).max(1), PARTS)
}

/// `: ssh 8, postgresql 3, unknown 1`: what connections carry that are no HTTP.
pub(super) fn foreign(run: &RunSummary) -> String {
    let mut protocols: Vec<_> = run.foreign.iter().map(|(name, sum)| (name, sum.connections)).collect();
    protocols.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    most(&protocols)
}

/// `: api.example.com 812, 10.0.0.7:443 3 and 5 others`: the names that come first, with their numbers.
pub(super) fn most(names: &[(impl AsRef<str>, u64)]) -> String {
    const SHOWN: usize = 3;
    let named: Vec<String> =
        names.iter().take(SHOWN).map(|(name, number)| format!("{} {}", name.as_ref(), count(*number))).collect();
    match names.len() {
        0 => String::new(),
        all if all > SHOWN => {
            format!(": {} and {}", named.join(", "), counted((all - SHOWN) as u64, "other", "others"))
        }
        _ => format!(": {}", named.join(", ")),
    }
}

/// `broke its format and was read: zero bytes in log`: what was odd about something that was read.
pub(super) fn irregularity(name: &str) -> String {
    match name {
        NO_UNIT => "read without a duration, whose unit nothing tells: name it with \
                                    `--log-field duration_ms=FIELD`, or `duration_s`, `_us`, `_ns`"
            .to_owned(),
        NO_STATUS => "read without a status, though a field holds what looks like one: name it with \
                      `--log-field status=FIELD`"
            .to_owned(),
        "conflicting_retransmission" => {
            "with other bytes than came first: the first were read, the server may have read the others".to_owned()
        }
        "no_start_time" => "without a time, put at 1970".to_owned(),
        "unreadable_start_time" => "with a time that cannot be read, put at 1970".to_owned(),
        "time_without_zone" => "without a zone, read as UTC's".to_owned(),
        other => format!("broke its format and was read: {}", other.replace('_', " ")),
    }
}

/// What was read, and may be other than what happened: `8 exchanges read without a duration, ...`.
pub(super) fn untold(run: &RunSummary) -> impl Iterator<Item = String> {
    TOLD.into_iter().filter_map(|(name, one, many)| {
        let number = *run.irregularities.get(name)?;
        Some(format!("{} {}", counted(number, one, many), irregularity(name)))
    })
}

impl Gap {
    /// What it is, without the number: `exchanges whose response was not seen`.
    pub(super) fn words(&self) -> String {
        let sentence = match self.kind.as_str() {
            "not_read" => {
                let part =
                    NotReadSummary { reason: self.reason.clone(), count: self.count, ..NotReadSummary::default() };
                not_read(&part) + ", not read"
            }
            "missing" => missing(&self.reason, self.count),
            "incomplete" => incomplete(&self.reason, self.count),
            "blind_spot" => blind_spots(self.count),
            "irregularity" => return irregularity(&self.reason),
            "left_out" => return "without a line of their own".to_owned(),
            _ => return self.reason.clone(),
        };
        let what = sentence.split_once(' ').map_or(sentence.as_str(), |(_, what)| what);
        let shown = self.shown();
        if shown.is_empty() { what.to_owned() } else { format!("{what}: {shown}") }
    }

    /// What its connection shows all the same: `ssh`, `api.example.com, TLS 1.3, h2, t13d1516h2_8daaf6152771_...`.
    fn shown(&self) -> String {
        let protocol = self
            .protocol
            .as_deref()
            .filter(|name| self.kind == "not_read" && !matches!(*name, "tls" | "quic" | "http1" | "http2"));
        let tls = [&self.server_name, &self.tls_version, &self.alpn, &self.fingerprint].map(Option::as_deref);
        let tls = tls.into_iter().filter(|_| self.kind == "not_read");
        [protocol].into_iter().chain(tls).flatten().collect::<Vec<_>>().join(", ")
    }

    /// Microseconds from the begin of the first to the end of the last, where both are known.
    pub(super) fn lasted(&self) -> Option<i64> {
        let instant = |time: &Option<String>| micros(time.as_deref()?);
        Some(instant(&self.to)?.saturating_sub(instant(&self.from)?))
    }

    /// The ends of its connection, `10.0.0.7:51234 → 10.0.0.1:80`; empty without one.
    pub(super) fn ends(&self) -> String {
        let known: Vec<&str> = [&self.client, &self.server].into_iter().filter_map(|end| end.as_deref()).collect();
        match (known.is_empty(), &self.connection) {
            (true, Some(connection)) => connection.clone(),
            _ => known.join(" → "),
        }
    }
}

/// Rules whose names are written out where they share a reason that is nobody's loss.
const NAMED: usize = 6;

/// What was not judged, a line for each reason: first what the sources do not carry, then what nobody asked for. Rules
/// that the model does not ask for are no loss and are left out.
pub(super) fn not_judged(run: &RunSummary) -> Vec<String> {
    let mut lines = blind_rules(run);
    lines.extend(left_open(run));
    lines.extend(undecided(run));
    for (status, why) in [
        (RuleStatus::NeedsModel, "a model is needed (--model)"),
        (RuleStatus::Idle, "nothing in this traffic to judge"),
        (RuleStatus::NotSelected, "not selected"),
    ] {
        let rules: Vec<&str> = run.rules.iter().filter(|r| r.status == status).map(|r| r.id.as_str()).collect();
        match rules.len() {
            0 => {}
            number if number > NAMED => lines.push(format!("{why}: {}", counted(number as u64, "rule", "rules"))),
            _ => lines.push(format!("{why}: {}", rules.join(", "))),
        }
    }
    lines
}

/// `no bodies (combined, json): AP-CHANGED, TX-CONSERVE`; what is blind in part comes after what is wholly so.
fn blind_rules(run: &RunSummary) -> Vec<String> {
    let mut groups: BTreeMap<(bool, &str, Vec<&str>), Vec<&str>> = BTreeMap::new();
    for rule in &run.rules {
        let mut reasons: BTreeMap<(bool, &str), Vec<&str>> = BTreeMap::new();
        for (source, blind) in &rule.blind {
            reasons.entry((blind.partly || rule.judged_elsewhere(), &blind.why)).or_default().push(source);
        }
        for ((partly, why), sources) in reasons {
            groups.entry((partly, why, sources)).or_default().push(&rule.id);
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|((partly, ..), rules)| (*partly, std::cmp::Reverse(rules.len())));
    let line = |((partly, why, sources), rules): ((bool, &str, Vec<&str>), Vec<&str>)| {
        let part = if partly { "in part, " } else { "" };
        format!("{part}{why} ({}): {}", sources.join(", "), rules.join(", "))
    };
    groups.into_iter().map(line).collect()
}

/// `3 steps, the log does not carry ...: SEQ-REPEAT`: steps that rules left undecided though they decided others.
fn left_open(run: &RunSummary) -> Vec<String> {
    let mut groups: BTreeMap<(&str, u64), Vec<&str>> = BTreeMap::new();
    for rule in &run.rules {
        if let Some(open) = &rule.left_open {
            groups.entry((&open.why, open.count)).or_default().push(&rule.id);
        }
    }
    let line = |((why, steps), rules): ((&str, u64), Vec<&str>)| {
        format!("{}, {why}: {}", counted(steps, "step", "steps"), rules.join(", "))
    };
    groups.into_iter().map(line).collect()
}

/// Rules that say that a control is missing: of what they leave undecided each step may be one without it.
const CONTROLS: [&str; 2] = ["AP-MISSING", "HITL-MISSING"];

/// `could not be decided: AP-MISSING of 3 steps (json)`: what such rules left open in sources that do not leave them blind
/// as a whole.
fn undecided(run: &RunSummary) -> Option<String> {
    let asked = |rule: &&RuleSummary| rule.status == RuleStatus::Evaluated && CONTROLS.contains(&rule.id.as_str());
    let rules = run.rules.iter().filter(asked);
    let open = |rule: &RuleSummary| {
        let sources = rule.by_source.iter().filter(|(source, _)| !rule.blind.contains_key(*source));
        let each: Vec<String> = sources
            .filter(|(_, (_, _, undecided))| *undecided > 0)
            .map(|(source, (_, _, undecided))| format!("{} ({source})", counted(*undecided, "step", "steps")))
            .collect();
        (!each.is_empty()).then(|| format!("{} of {}", rule.id, each.join(" and ")))
    };
    let told: Vec<String> = rules.filter_map(open).collect();
    (!told.is_empty()).then(|| format!("could not be decided: {}", told.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::summary::{BlindSummary, RuleSummary};

    fn rule(id: &str, status: RuleStatus, blind: &[(&str, &str, bool)]) -> RuleSummary {
        let blind = blind.iter().map(|(source, why, partly)| {
            ((*source).into(), BlindSummary { why: (*why).into(), partly: *partly, assured: 0 })
        });
        RuleSummary { id: id.into(), status, blind: blind.collect(), ..RuleSummary::default() }
    }

    #[test]
    fn a_connection_is_told_with_what_it_shows_and_how_much_it_is() {
        let gap = Gap {
            kind: "not_read".into(),
            reason: "tls_no_key".into(),
            count: 1,
            protocol: Some("tls".into()),
            server_name: Some("a.test".into()),
            tls_version: Some("TLS 1.3".into()),
            ..Gap::default()
        };
        assert_eq!(gap.words(), "TLS connection without keys, not read: a.test, TLS 1.3");
        let gap = Gap {
            reason: "not_http".into(),
            protocol: Some("ssh".into()),
            server_name: None,
            tls_version: None,
            ..gap
        };
        assert_eq!(gap.words(), "connection that is no HTTP, not read: ssh");
        let gap = Gap { kind: "missing".into(), reason: "lost".into(), ..gap };
        assert_eq!(gap.words(), "connection with bytes that were not captured");
        let part = NotReadSummary { bytes: 81_000, share: Some(0.000_000_4), ..NotReadSummary::default() };
        assert_eq!(size(&part), " (81.0 kB, < 0.1 % of bytes)");
        assert_eq!(size(&NotReadSummary { share: Some(0.081), ..part }), " (81.0 kB, 8.1 % of bytes)");
    }

    #[test]
    fn a_control_that_some_source_left_undecided_is_told() {
        let of = |id: &str, blind: &[(&str, &str, bool)]| {
            let by_source = BTreeMap::from([("har".to_owned(), (40, 0, 0)), ("json".to_owned(), (30, 1, 3))]);
            RuleSummary { by_source, ..rule(id, RuleStatus::Evaluated, blind) }
        };
        let run = RunSummary { rules: vec![of("AP-MISSING", &[]), of("SEQ-SKIP", &[])], ..RunSummary::default() };
        assert_eq!(not_judged(&run), ["could not be decided: AP-MISSING of 3 steps (json)"]);
        let run = RunSummary { rules: vec![of("AP-MISSING", &[("json", "no bodies", true)])], ..RunSummary::default() };
        assert_eq!(not_judged(&run), ["in part, no bodies (json): AP-MISSING"], "once is enough");
    }

    #[test]
    fn reasons_have_a_line_each_and_what_nobody_asked_for_has_none() {
        let rules = vec![
            rule("A", RuleStatus::Blind, &[("combined", "no bodies", false), ("json", "no bodies", false)]),
            rule("B", RuleStatus::Evaluated, &[("combined", "no roles", false)]),
            rule("C", RuleStatus::Evaluated, &[("combined", "no bodies", true)]),
            rule("D", RuleStatus::Blind, &[("combined", "no bodies", false), ("json", "no bodies", false)]),
            rule("E", RuleStatus::NotAsked, &[]),
            rule("F", RuleStatus::Idle, &[]),
        ];
        let run = RunSummary { rules, ..RunSummary::default() };
        let lines = [
            "no bodies (combined, json): A, D",
            "no roles (combined): B",
            "in part, no bodies (combined): C",
            "nothing in this traffic to judge: F",
        ];
        assert_eq!(not_judged(&run), lines);
        let rules = vec![rule("A", RuleStatus::NotSelected, &[]); 9];
        assert_eq!(not_judged(&RunSummary { rules, ..RunSummary::default() }), ["not selected: 9 rules"]);
    }

    #[test]
    fn a_gap_says_what_and_between_whom() {
        let mut gap = Gap { kind: "incomplete".into(), reason: "no_response".into(), count: 2, ..Gap::default() };
        gap.connection = Some("00ff".into());
        assert_eq!((gap.words().as_str(), gap.ends().as_str()), ("exchanges whose response was not seen", "00ff"));
        (gap.client, gap.server) = (Some("10.0.0.7:51234".into()), Some("10.0.0.1:80".into()));
        assert_eq!(gap.ends(), "10.0.0.7:51234 → 10.0.0.1:80");
        gap.kind = "error".into();
        assert_eq!(gap.words(), "no_response");
        assert_eq!(gap.lasted(), None);
        (gap.from, gap.to) = (Some("2026-03-01T12:00:00Z".into()), Some("2026-03-01T12:00:01.5Z".into()));
        assert_eq!(gap.lasted(), Some(1_500_000));
    }

    #[test]
    fn reasons_are_words_and_an_unknown_one_keeps_its_name() {
        let part = |reason: &str, count| NotReadSummary { reason: reason.into(), count, ..NotReadSummary::default() };
        assert_eq!(not_read(&part("tls_no_key", 1_204)), "1,204 TLS connections without keys");
        assert_eq!(not_read(&part("vxlan", 1)), "1 packet of VXLAN without a packet");
        assert_eq!(not_read(&part("no_such_thing", 2)), "2 no such thing");
        assert_eq!(incomplete("no_response", 1), "1 exchange whose response was not seen");
        assert_eq!(incomplete("new_reason", 2), "2 exchanges not whole: new reason");
        let mut run = RunSummary::default();
        assert_eq!(untold(&run).count(), 0);
        run.irregularities.insert(NO_UNIT.to_owned(), 8);
        let said = untold(&run).collect::<String>();
        assert!(said.starts_with("8 exchanges read without a duration") && said.contains("duration_ms"), "{said}");
        run.irregularities.insert("conflicting_retransmission".to_owned(), 1);
        let said = untold(&run).nth(1).unwrap();
        assert!(said.starts_with("1 retransmission with other bytes than came first"), "{said}");
        assert_eq!(irregularity("not_utf8"), "broke its format and was read: not utf8");
    }
}
