//! What is reported: a rule's judgement with the evidence to believe it.
//!
//! [`jsonl`] is the form of record and reads back what it writes; [`parquet`] and [`csv`] are for other tools.
//! Captured names stay as they are in data; whoever shows them to people passes them through [`text::display`].

pub mod baseline;
pub mod csv;
pub mod fingerprint;
pub mod group;
pub mod jsonl;
pub mod parquet;
pub(crate) mod pattern;
pub mod suppression;
pub mod text;
pub mod time;
pub mod verification;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Severity;
pub use baseline::BaselineState;

/// Confidence below which a finding is for review only.
pub const REVIEW_BELOW: f32 = 0.5;

/// How sure the harm is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Judged without a model, or against mined behaviour that nobody reviewed.
    Suspected,
    /// The server refused it.
    Attempted,
    /// The server accepted it; its effect was not seen.
    Accepted,
    /// The server accepted it and the state moved.
    Proven,
}

impl Verdict {
    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Suspected => "suspected",
            Verdict::Attempted => "attempted",
            Verdict::Accepted => "accepted",
            Verdict::Proven => "proven",
        }
    }
}

/// One finding, as in `findings.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// `F` and 12 hex digits: fingerprint and evidence together; stable for the same input.
    pub id: String,
    /// What it means, without times, files or object ids: equal over runs and cases.
    pub fingerprint: String,
    /// Rule id, e.g. `SEQ-SKIP`.
    pub rule: String,
    /// One plain sentence about this case.
    pub title: String,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// 0 to 1; below 0.5 the finding is for review only.
    pub confidence: f32,
    /// Terms of severity and confidence, e.g. `base high`, `+1 restricted state`.
    pub terms: Vec<String>,
    /// How sure the harm is.
    pub verdict: Verdict,
    /// RFC 3339, UTC: start of the deviating event.
    pub time: String,
    /// Who did it.
    pub actor: FindingActor,
    /// Object it is about.
    pub object: Option<FindingObject>,
    /// Root object of the case, `type:key`.
    pub case: Option<String>,
    /// Activity (else operation) of the deviating event.
    pub activity: String,
    /// Constraint id, where one was broken.
    pub constraint: Option<String>,
    /// Other rules that the same event breaks for the same cause; they have no finding of their own.
    #[serde(default)]
    pub also: Vec<AlsoBroken>,
    /// What the model expects, in order.
    pub expected: Vec<String>,
    /// What was seen, in order.
    pub observed: Vec<String>,
    /// Events that show it, in time order.
    pub evidence: Vec<Evidence>,
    /// List name -> ids, e.g. `cwe` -> `["CWE-841"]`.
    pub taxonomy: BTreeMap<String, Vec<String>>,
    /// Why it matters, one or two sentences.
    pub why: String,
    /// What to change on the server side.
    pub fix: String,
    /// Reason of the suppression that covers it, by whom and until when.
    pub suppressed: Option<String>,
    /// `G` and 12 hex digits: fingerprint and class of actor; findings of one group have one cause.
    #[serde(default)]
    pub group: String,
    /// What shows it, as 32 hex digits: see [`fingerprint::evidence_hash`].
    #[serde(default)]
    pub evidence_hash: String,
    /// Whether the baseline has it, where there is one.
    #[serde(default)]
    pub baseline: Option<BaselineState>,
    /// Why a suppression that was written for it covers it no more.
    #[serde(default)]
    pub returned: Option<String>,
}

impl Finding {
    /// Whether it is too uncertain to fail a run: confidence below [`REVIEW_BELOW`].
    pub fn is_review(&self) -> bool {
        // A confidence that is no number is no confidence.
        self.confidence.is_nan() || self.confidence < REVIEW_BELOW
    }

    /// What readers see for its severity: `review` where it is too uncertain to count.
    pub fn standing(&self) -> &str {
        if self.is_review() { "review" } else { &self.severity }
    }

    /// Whether a baseline is compared with and has it already.
    pub fn is_known(&self) -> bool {
        matches!(self.baseline, Some(BaselineState::Changed | BaselineState::Still))
    }

    /// Whether all that was attempted was refused: what led up to it may have been taken. Of what is about no object, and
    /// is no walk, some of the attempts may not be among the evidence: it is not known.
    pub fn is_blocked(&self) -> bool {
        if self.object.is_none() && self.rule != "ENUM" {
            return false;
        }
        let Some(at) = self.evidence.iter().find(|event| event.role == "deviating") else { return false };
        let alike = |event: &&Evidence| event.activity == at.activity && event.principal == at.principal;
        let mut attempts = self.evidence.iter().filter(alike);
        at.outcome == REJECTED && attempts.all(|event| event.outcome == REJECTED)
    }

    /// How grave it stands, to compare: 0 is for review, 1 low, 4 critical.
    pub fn gravity(&self) -> u8 {
        if self.is_review() { 0 } else { self.level().map_or(0, |level| level as u8 + 1) }
    }

    /// Fills in what follows from the rest: its group and the hash of its evidence.
    pub fn identify(&mut self) {
        self.group = fingerprint::group_of(self);
        self.evidence_hash = fingerprint::evidence_hash(self);
    }

    /// Its severity as a value that compares; `None` if the text is no severity.
    pub fn level(&self) -> Option<Severity> {
        severity_named(&self.severity)
    }
}

/// The severity of a name used in outputs and options.
pub fn severity_named(name: &str) -> Option<Severity> {
    [Severity::Low, Severity::Medium, Severity::High, Severity::Critical].into_iter().find(|s| s.as_str() == name)
}

/// Sorts as every output does: gravest first, then by time, then by id.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| (b.level(), &a.time, &a.id).cmp(&(a.level(), &b.time, &b.id)));
}

/// Counts the findings that fail a run: at or above a severity, not suppressed, not for review only, and where there is a
/// baseline, new and not refused: that somebody tries again what no longer works is no weakness that came with the change.
pub fn exceeds(findings: &[Finding], fail_on: Severity) -> usize {
    let passes = |f: &Finding| f.baseline.is_some() && (f.is_known() || f.is_blocked());
    let fails = |f: &&Finding| f.level() >= Some(fail_on) && f.suppressed.is_none() && !f.is_review() && !passes(f);
    findings.iter().filter(fails).count()
}

/// What else the event of a finding breaks, for the same cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlsoBroken {
    /// Rule id.
    pub rule: String,
    /// What it would mean as a finding of its own.
    #[serde(default)]
    pub fingerprint: String,
    /// The sentence of that rule.
    pub title: String,
    /// Severity by that rule; no graver than the finding's.
    pub severity: String,
    /// 0 to 1.
    pub confidence: f32,
    /// How sure the harm is.
    pub verdict: Verdict,
    /// Constraint id, where one was broken.
    pub constraint: Option<String>,
}

/// Actor of a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingActor {
    /// Accountable principal.
    pub principal: Option<String>,
    /// Agent acting for it.
    pub agent: Option<String>,
    /// Client program.
    pub client: Option<String>,
    /// Tenant it belongs to.
    #[serde(default)]
    pub tenant: Option<String>,
    /// What it is: `agent`, else its kind by the model (`human`, `service` ...), `unidentified` where nobody is known.
    #[serde(default)]
    pub class: String,
    /// How it was established.
    pub evidence: String,
    /// Where, when in another input's view of the exchange: `access.log#line=7`.
    #[serde(default)]
    pub told_in: Option<String>,
}

/// Object of a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingObject {
    /// Type.
    #[serde(rename = "type")]
    pub object_type: String,
    /// Key.
    pub id: String,
}

/// One event of the evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Event id.
    pub event: String,
    /// Where its bytes are: input, frames or entry or line.
    pub origin: String,
    /// Byte offset of that place in the decompressed input.
    pub offset: u64,
    /// Role of the event in the judgement: `deviating` or `context`.
    pub role: String,
    /// RFC 3339, UTC.
    pub time: String,
    /// Who.
    pub principal: Option<String>,
    /// Agent acting for it.
    #[serde(default)]
    pub agent: Option<String>,
    /// Activity, else operation.
    pub activity: String,
    /// Request method.
    pub method: String,
    /// Path, masked.
    pub path: String,
    /// HTTP status.
    pub status: Option<u16>,
    /// `accepted`, `rejected` or `unknown`: as the answer says, which may refuse in its body what its status does not.
    #[serde(default)]
    pub outcome: String,
}

/// How a request was answered: its status, and where its body says otherwise, that; `None` where no answer was seen.
pub fn answered(status: Option<u16>, outcome: &str) -> Option<String> {
    let status = status?;
    Some(match status {
        200..=299 if outcome == REJECTED => format!("{status}, refused in its body"),
        _ => status.to_string(),
    })
}

/// Name of the outcome of what was refused.
const REJECTED: &str = "rejected";

impl Evidence {
    /// Who acted, with the agent: `alice (bot-7)`; `None` where neither is known.
    pub fn who(&self) -> Option<String> {
        match (&self.principal, &self.agent) {
            (Some(principal), Some(agent)) => Some(format!("{principal} ({agent})")),
            (who, None) | (None, who) => who.clone(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A finding as the writers' tests need one, with text that is hard to write.
    pub(crate) fn sample(id: &str, severity: &str, confidence: f32, micros: i64) -> Finding {
        let evidence = |event: &str, role: &str, origin: &str| Evidence {
            event: event.to_owned(),
            origin: origin.to_owned(),
            offset: 4242,
            role: role.to_owned(),
            time: time::rfc3339(micros),
            principal: Some("service:payments".to_owned()),
            agent: None,
            activity: "refund_execute".to_owned(),
            method: "POST".to_owned(),
            path: "/refunds/ref_881/execute".to_owned(),
            status: Some(200),
            outcome: "accepted".to_owned(),
        };
        Finding {
            id: id.to_owned(),
            fingerprint: "0123456789abcdef0123456789abcdef".to_owned(),
            rule: "AP-MISSING".to_owned(),
            title: "service:payments performed refund_execute on refund \"ref_881\" </script> without refund_approve"
                .to_owned(),
            severity: severity.to_owned(),
            confidence,
            terms: vec!["base critical".to_owned()],
            verdict: Verdict::Proven,
            time: time::rfc3339(micros),
            actor: FindingActor {
                principal: Some("=cmd|'/c calc'!A0".to_owned()),
                agent: None,
                client: Some("10.0.0.1".to_owned()),
                tenant: None,
                class: "human".to_owned(),
                evidence: "claims".to_owned(),
                told_in: None,
            },
            object: Some(FindingObject { object_type: "refund".to_owned(), id: "ref_881".to_owned() }),
            case: Some("order:ord_1".to_owned()),
            activity: "refund_execute".to_owned(),
            constraint: Some("refund-needs-human".to_owned()),
            also: Vec::new(),
            expected: vec!["refund_approve".to_owned()],
            observed: vec!["refund_request".to_owned(), "a\nb\u{202e}\"".to_owned()],
            evidence: vec![
                evidence("e0000000000000001", "context", "a dir/cap#1.pcapng#frames=12-19"),
                evidence("e0000000000000002", "deviating", "access.log#line=7"),
            ],
            taxonomy: BTreeMap::from([("cwe".to_owned(), vec!["CWE-841".to_owned()])]),
            why: "why".to_owned(),
            fix: "fix".to_owned(),
            suppressed: None,
            group: String::new(),
            evidence_hash: String::new(),
            baseline: None,
            returned: None,
        }
    }

    #[test]
    fn what_was_only_tried_and_refused_fails_no_run_beside_a_baseline() {
        let mut blocked = Finding { baseline: Some(BaselineState::New), ..sample("F1", "high", 0.9, 0) };
        blocked.evidence[0].activity = "refund_request".to_owned();
        let of = |findings: &[Finding]| exceeds(findings, Severity::High);
        assert_eq!(of(&[blocked.clone()]), 1, "it was taken");
        blocked.evidence[1].outcome = REJECTED.to_owned();
        assert!(blocked.is_blocked());
        assert_eq!(of(&[blocked.clone()]), 0);
        assert_eq!(of(&[Finding { baseline: None, ..blocked.clone() }]), 1, "without a baseline it counts as it did");
        assert_eq!(of(&[Finding { object: None, ..blocked.clone() }]), 1, "there may have been more than is shown");
        blocked.evidence[0].activity = blocked.evidence[1].activity.clone();
        assert_eq!(of(&[blocked]), 1, "one of several of the same kind was taken");
    }

    #[test]
    fn only_certain_and_unsuppressed_findings_fail_a_run() {
        let mut findings = vec![
            sample("F1", "critical", 0.9, 0),
            sample("F2", "critical", 0.49, 0),
            sample("F3", "high", 0.5, 0),
            sample("F4", "medium", 1.0, 0),
        ];
        assert_eq!(exceeds(&findings, Severity::High), 2);
        assert_eq!(exceeds(&findings, Severity::Low), 3);
        findings[0].suppressed = Some("load test".to_owned());
        assert_eq!(exceeds(&findings, Severity::Critical), 0);
        findings[2].baseline = Some(BaselineState::Still);
        assert_eq!(exceeds(&findings, Severity::High), 0);
        findings[2].baseline = Some(BaselineState::New);
        assert_eq!(exceeds(&findings, Severity::High), 1);
        findings[2].confidence = f32::NAN;
        assert_eq!(exceeds(&findings, Severity::High), 0);
    }

    proptest! {
        #[test]
        fn order_is_that_of_severity_time_and_id(keys in proptest::collection::vec((0..4_usize, 0..5_i64, 0..5_u8), 0..20)) {
            let names = ["low", "medium", "high", "critical"];
            let mut findings: Vec<Finding> =
                keys.iter().map(|(s, t, id)| sample(&format!("F{id}"), names[*s], 1.0, *t)).collect();
            let mut expected = keys.clone();
            expected.sort_by_key(|(s, t, id)| (std::cmp::Reverse(*s), *t, *id));
            sort(&mut findings);
            let sorted: Vec<(usize, i64, u8)> = findings
                .iter()
                .map(|f| {
                    let severity = names.iter().position(|n| *n == f.severity).unwrap();
                    (severity, time::micros(&f.time).unwrap(), f.id[1..].parse().unwrap())
                })
                .collect();
            prop_assert_eq!(sorted, expected);
        }
    }
}
