//! One finding as one result, its evidence as one thread flow.

use serde::Serialize;

use super::location::{self, Location, Message, Places};
use super::tool::{self, Reference};
use crate::finding::{AlsoBroken, BaselineState, Evidence, Finding, FindingActor};
use crate::model::Severity;
use crate::rule;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifResult<'a> {
    rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    kind: &'static str,
    level: &'static str,
    rank: f64,
    message: Message,
    locations: Vec<Location>,
    partial_fingerprints: Fingerprints<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    code_flows: Vec<CodeFlow<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taxa: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression<'a>>,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Fingerprints<'a> {
    /// What it means, over runs and objects; `/v1` names the way it is made.
    #[serde(rename = "offpathMeaning/v1")]
    meaning: &'a str,
    /// This occurrence: the meaning with its events and object.
    #[serde(rename = "offpathFinding/v1")]
    finding: &'a str,
    /// What shows it, wherever that was captured.
    #[serde(rename = "offpathEvidence/v1", skip_serializing_if = "str::is_empty")]
    evidence: &'a str,
    /// Its cause: the meaning and the class of actor.
    #[serde(rename = "offpathGroup/v1", skip_serializing_if = "str::is_empty")]
    group: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CodeFlow<'a> {
    thread_flows: [ThreadFlow<'a>; 1],
}

#[derive(Serialize)]
struct ThreadFlow<'a> {
    locations: Vec<ThreadFlowLocation<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ThreadFlowLocation<'a> {
    location: Location,
    execution_order: usize,
    execution_time_utc: &'a str,
    importance: &'static str,
    web_request: WebRequest<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_response: Option<WebResponse>,
    properties: StepProperties<'a>,
}

#[derive(Serialize)]
struct WebRequest<'a> {
    method: &'a str,
    target: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WebResponse {
    status_code: u16,
}

#[derive(Serialize)]
struct StepProperties<'a> {
    event: &'a str,
    origin: &'a str,
    role: &'a str,
}

#[derive(Serialize)]
struct Suppression<'a> {
    kind: &'static str,
    status: &'static str,
    justification: &'a str,
}

#[derive(Serialize)]
struct Properties<'a> {
    severity: &'a str,
    confidence: f32,
    verdict: &'static str,
    terms: &'a [String],
    time: &'a str,
    actor: &'a FindingActor,
    case: Option<&'a str>,
    activity: &'a str,
    constraint: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    also: &'a [AlsoBroken],
    expected: &'a [String],
    observed: &'a [String],
    why: &'a str,
    fix: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    returned: Option<&'a str>,
}

pub(super) fn of<'a>(finding: &'a Finding, places: &Places<'_>) -> SarifResult<'a> {
    let severity = finding.level().unwrap_or(Severity::Low);
    // SARIF allows a level other than `none` only where the kind is `fail`.
    let (kind, level) = if finding.is_review() { ("review", "none") } else { ("fail", tool::level(severity)) };
    let deviating = finding.evidence.iter().filter(|evidence| evidence.role == "deviating");
    SarifResult {
        rule_id: &finding.rule,
        rule_index: rule::catalogue().iter().position(|rule| rule.id == finding.rule),
        kind,
        level,
        rank: rank(severity, finding.confidence),
        message: Message { text: plain(&format!("{}. {}", finding.title, finding.why)) },
        locations: deviating.map(|evidence| location::of(evidence, finding, places, &evidence.activity)).collect(),
        partial_fingerprints: Fingerprints {
            meaning: &finding.fingerprint,
            finding: &finding.id,
            evidence: &finding.evidence_hash,
            group: &finding.group,
        },
        baseline_state: finding.baseline.map(|state| match state {
            BaselineState::New => "new",
            BaselineState::Changed => "updated",
            BaselineState::Still => "unchanged",
        }),
        code_flows: code_flows(finding, places),
        taxa: finding.taxonomy.values().flatten().filter_map(|id| tool::reference(id)).collect(),
        suppressions: finding
            .suppressed
            .iter()
            .map(|reason| Suppression { kind: "external", status: "accepted", justification: reason })
            .collect(),
        properties: properties(finding),
    }
}

/// A finding of the baseline that this run does not have.
pub(super) fn absent<'a>(finding: &'a Finding, places: &Places<'_>) -> SarifResult<'a> {
    SarifResult { baseline_state: Some("absent"), ..of(finding, places) }
}

/// Message text in which SARIF sees no placeholder (`{0}`) and no link (`[text](target)`).
fn plain(message: &str) -> String {
    message.replace('{', "<").replace('}', ">").replace("](", "] (")
}

/// 0 to 100: a quarter a severity, within it by confidence.
fn rank(severity: Severity, confidence: f32) -> f64 {
    let share = if confidence.is_nan() { 0.0 } else { f64::from(confidence.clamp(0.0, 1.0)) };
    ((f64::from(severity as u8) + share) * 2500.0).round() / 100.0
}

fn code_flows<'a>(finding: &'a Finding, places: &Places<'_>) -> Vec<CodeFlow<'a>> {
    let step = |(order, evidence): (usize, &'a Evidence)| {
        let who = evidence.who().unwrap_or_else(|| "an unidentified actor".to_owned());
        ThreadFlowLocation {
            location: location::of(evidence, finding, places, &format!("{} by {who}", evidence.activity)),
            execution_order: order,
            execution_time_utc: &evidence.time,
            importance: if evidence.role == "deviating" { "essential" } else { "important" },
            web_request: WebRequest { method: &evidence.method, target: &evidence.path },
            web_response: evidence.status.map(|status_code| WebResponse { status_code }),
            properties: StepProperties { event: &evidence.event, origin: &evidence.origin, role: &evidence.role },
        }
    };
    let locations: Vec<_> = (1..).zip(&finding.evidence).map(step).collect();
    if locations.is_empty() { Vec::new() } else { vec![CodeFlow { thread_flows: [ThreadFlow { locations }] }] }
}

fn properties(finding: &Finding) -> Properties<'_> {
    Properties {
        severity: &finding.severity,
        confidence: finding.confidence,
        verdict: finding.verdict.as_str(),
        terms: &finding.terms,
        time: &finding.time,
        actor: &finding.actor,
        case: finding.case.as_deref(),
        activity: &finding.activity,
        constraint: finding.constraint.as_deref(),
        also: &finding.also,
        expected: &finding.expected,
        observed: &finding.observed,
        why: &finding.why,
        fix: &finding.fix,
        returned: finding.returned.as_deref(),
    }
}
