//! The run in one sentence, and the counts behind it.

use crate::finding::Finding;

use super::figure::{count, counted};
use super::summary::{NotReadSummary, RuleStatus, RunSummary};
use super::unidentified;

/// Severities from worst to least.
pub(super) const SEVERITIES: [&str; 4] = ["critical", "high", "medium", "low"];

/// Place of a severity in the order of harm: 0 is `critical`; names that are not known come last.
pub fn severity_rank(severity: &str) -> usize {
    SEVERITIES.iter().position(|name| *name == severity).unwrap_or(SEVERITIES.len())
}

/// Findings by severity, suppressed ones apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeverityCounts {
    /// Open findings that count, worst severity first: critical, high, medium, low, any other.
    pub open: [u64; 5],
    /// Open findings for review: too uncertain to count.
    pub review: u64,
    /// Suppressed findings of any severity.
    pub suppressed: u64,
}

impl SeverityCounts {
    /// Counts findings.
    pub fn of(findings: &[Finding]) -> Self {
        let mut counts = SeverityCounts::default();
        for finding in findings {
            if finding.suppressed.is_some() {
                counts.suppressed += 1;
            } else if finding.is_review() {
                counts.review += 1;
            } else if let Some(place) = counts.open.get_mut(severity_rank(&finding.severity)) {
                *place += 1;
            }
        }
        counts
    }

    /// All open findings that count.
    pub fn total(&self) -> u64 {
        self.open.iter().sum()
    }

    /// Open findings of one severity.
    pub(super) fn get(&self, severity: &str) -> u64 {
        self.open.get(severity_rank(severity)).copied().unwrap_or(0)
    }
}

/// What the run says, in one sentence; it never sounds better than what could be seen.
pub fn verdict(run: &RunSummary, findings: &[Finding]) -> String {
    if run.exchanges == 0 && run.events == 0 && findings.is_empty() {
        return nothing(run);
    }
    let counts = SeverityCounts::of(findings);
    let among = among(run);
    let body = match counts.total() {
        0 if judges_nothing(run) => format!("Nothing was judged: no step of the model happened among {among}"),
        0 => format!("No finding among {among}{}", unjudged(run)),
        total => format!("{} among {among}", severities(&counts, total)),
    };
    let body = match &run.baseline {
        Some(_) if counts.total() > 0 => format!("{body}; {} new", count(new(findings))),
        _ => body,
    };
    let body = if counts.review > 0 { format!("{body}; {} for review", count(counts.review)) } else { body };
    format!("{body}{}.", caveat(run))
}

/// What could not be judged where nobody knows who did most of it; a model's steps say so themselves.
fn unjudged(run: &RunSummary) -> String {
    let share = unidentified::mostly(run).filter(|_| run.model.is_none());
    let said = |share| {
        format!(
            ", but {share} of it by nobody who is known: what one person may not do (use ids that he was not given, act \
             for two, go on after a logout) was not judged there"
        )
    };
    share.map(said).unwrap_or_default()
}

/// Open findings that count and that the baseline does not have.
fn new(findings: &[Finding]) -> u64 {
    let counts = |finding: &&Finding| finding.suppressed.is_none() && !finding.is_review() && !finding.is_known();
    findings.iter().filter(counts).count() as u64
}

/// Why nothing was analysed: what is no HTTP needs no other capture, what could not be read does.
fn nothing(run: &RunSummary) -> String {
    let seen: Vec<&NotReadSummary> = run.not_read.iter().filter(|part| part.count > 0).collect();
    if seen.is_empty() || !run.errors.is_empty() || seen.iter().any(|part| may_be_http(run, part)) {
        return "Nothing was analysed: no exchange could be read from the input.".to_owned();
    }
    "Nothing was analysed: what is in the input is no HTTP.".to_owned()
}

/// Whether what was not read may hold exchanges: nobody knows of a protocol that was not recognised.
fn may_be_http(run: &RunSummary, part: &NotReadSummary) -> bool {
    match part.reason.as_str() {
        "not_http" => run.foreign.contains_key("unknown"),
        // What another record tells was seen.
        reason => !matches!(
            reason,
            "not_http_url" | "udp" | "not_ip" | "span_without_request" | "client_span" | "tool_span_again"
        ),
    }
}

/// Whether nothing happened that a lifecycle or constraint of the model speaks of.
fn judges_nothing(run: &RunSummary) -> bool {
    run.model.as_ref().is_some_and(|model| matches!(model.activities, (declared, 0) if declared > 0))
}

/// `3 critical and 41 high findings, 96 lower`.
fn severities(counts: &SeverityCounts, total: u64) -> String {
    let (critical, high) = (counts.get("critical"), counts.get("high"));
    let noun = |number: u64| if number == 1 { "finding" } else { "findings" };
    let worst = match (critical, high) {
        (0, 0) => return counted(total, "finding, not of high severity,", "findings, none of high severity,"),
        (critical, 0) => format!("{} critical {}", count(critical), noun(critical)),
        (0, high) => format!("{} high {}", count(high), noun(high)),
        (critical, high) => format!("{} critical and {} high findings", count(critical), count(high)),
    };
    match total - critical - high {
        0 => worst,
        lower => format!("{worst}, {} lower,", count(lower)),
    }
}

/// What the findings were looked for in.
fn among(run: &RunSummary) -> String {
    match run.cases {
        0 => counted(run.events.max(run.exchanges), "event", "events"),
        cases => format!("{} of {}", counted(cases, "case", "cases"), counted(run.events, "event", "events")),
    }
}

/// Rules that some source kept from judging.
pub(super) fn blind_rules(run: &RunSummary) -> u64 {
    run.rules.iter().filter(|rule| rule.is_blind()).count() as u64
}

/// What the reader must know before believing the rest.
fn caveat(run: &RunSummary) -> String {
    let mut parts = Vec::new();
    if !run.errors.is_empty() {
        parts.push("some input could not be read".to_owned());
    }
    if !run.limits.is_empty() {
        parts.push("a limit was hit".to_owned());
    }
    if run.options.contains_key("filter") {
        parts.push("only what fits the filter is shown".to_owned());
    }
    let mut unread = run.not_read.iter().filter(|part| part.count > 0).peekable();
    let no_http = unread.peek().is_some();
    if unread.any(|part| may_be_http(run, part)) || run.blind_spots > 0 {
        parts.push("part of the traffic was not seen".to_owned());
    } else if no_http {
        parts.push("part of the input is no HTTP".to_owned());
    }
    let of = |status| run.rules.iter().filter(|rule| rule.status == status).count() as u64;
    let needy = of(RuleStatus::NeedsModel);
    if needy > 0 {
        parts.push(format!("{} a model", counted(needy, "rule needs", "rules need")));
    }
    let blind = blind_rules(run);
    if blind > 0 {
        parts.push(format!("{} not be evaluated", counted(blind, "rule could", "rules could")));
    }
    if of(RuleStatus::NotSelected) > 0 {
        let all = run.rules.len() as u64;
        parts.push(format!("{} of {} rules selected", count(all - of(RuleStatus::NotSelected)), count(all)));
    }
    if parts.is_empty() { String::new() } else { format!("; {}", parts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::summary::ModelSummary;

    #[test]
    fn where_nobody_is_known_no_finding_is_said_to_mean_little() {
        let actor = |evidence: &str, events| crate::report::summary::ActorSummary {
            evidence: evidence.into(),
            principals: 1,
            events,
        };
        let of = |actors| verdict(&RunSummary { exchanges: 9, events: 9, actors, ..RunSummary::default() }, &[]);
        let nobody = of(vec![actor("address", 8), actor("claims", 1)]);
        assert!(nobody.starts_with("No finding among 9 events, but 88.9 % of it by nobody who is known"), "{nobody}");
        assert_eq!(of(vec![actor("address", 1), actor("claims", 8)]), "No finding among 9 events.");
    }

    #[test]
    fn silence_is_not_success() {
        assert!(verdict(&RunSummary::default(), &[]).starts_with("Nothing was analysed"));
        let model = ModelSummary { activities: (3, 0), ..ModelSummary::default() };
        let run = RunSummary { exchanges: 5, events: 5, model: Some(model), ..RunSummary::default() };
        assert_eq!(verdict(&run, &[]), "Nothing was judged: no step of the model happened among 5 events.");
    }

    #[test]
    fn what_was_not_seen_is_part_of_the_sentence() {
        let mut run = RunSummary { exchanges: 10, events: 10, cases: 2, ..RunSummary::default() };
        assert_eq!(verdict(&run, &[]), "No finding among 2 cases of 10 events.");
        run.not_read.push(NotReadSummary { reason: "TLS without keys".into(), count: 3, bytes: 9, share: None });
        assert_eq!(verdict(&run, &[]), "No finding among 2 cases of 10 events; part of the traffic was not seen.");
        run.not_read = vec![NotReadSummary { reason: "not_http".into(), count: 1, ..NotReadSummary::default() }];
        assert_eq!(verdict(&run, &[]), "No finding among 2 cases of 10 events; part of the input is no HTTP.");
        run = RunSummary { not_read: run.not_read, ..RunSummary::default() };
        assert_eq!(verdict(&run, &[]), "Nothing was analysed: what is in the input is no HTTP.");
    }

    #[test]
    fn counts_are_spoken_in_order_of_harm() {
        let counts = SeverityCounts { open: [1, 0, 2, 0, 0], review: 3, suppressed: 4 };
        assert_eq!(severities(&counts, counts.total()), "1 critical finding, 2 lower,");
    }
}
