//! What is reported: a rule's judgement with the evidence to believe it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How sure the harm is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Judged against mined behaviour only.
    Suspected,
    /// The server refused it.
    Attempted,
    /// The server accepted it; its effect was not seen.
    Accepted,
    /// The server accepted it and the state moved.
    Proven,
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
    /// Reason of the suppression that covers it.
    pub suppressed: Option<String>,
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
    /// How it was established.
    pub evidence: String,
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
    /// Activity, else operation.
    pub activity: String,
    /// Request method.
    pub method: String,
    /// Path, masked.
    pub path: String,
    /// HTTP status.
    pub status: Option<u16>,
}
