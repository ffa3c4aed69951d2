//! Cases for lists and drawings.

use serde::{Deserialize, Serialize};

/// A case that findings are about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseFindings {
    /// Root object, `type:key`.
    pub case: String,
    /// Worst severity among its findings.
    pub severity: String,
    /// Findings.
    pub findings: u64,
    /// Rules that they break.
    pub rules: Vec<String>,
    /// Time of the first, RFC 3339 UTC.
    pub first: String,
}

/// All events of one case, for drawing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseTimeline {
    /// Root object, `type:key`.
    pub case: String,
    /// Events in time order.
    pub events: Vec<TimelineEvent>,
}

/// One event of a timeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TimelineEvent {
    /// Event id.
    pub id: String,
    /// RFC 3339, UTC.
    pub time: String,
    /// Microseconds since the Unix epoch.
    pub micros: i64,
    /// Microseconds it took.
    pub duration: i64,
    /// Principal, agent and client.
    pub principal: Option<String>,
    /// Agent.
    pub agent: Option<String>,
    /// Activity, else operation.
    pub activity: String,
    /// Method and masked path.
    pub request: String,
    /// Status.
    pub status: Option<u16>,
    /// `accepted`, `rejected`, `unknown`.
    pub outcome: String,
    /// Objects, `type:key`.
    pub objects: Vec<String>,
    /// States before it.
    pub before: Vec<String>,
    /// States after it.
    pub state: Vec<String>,
    /// Origin as text.
    pub origin: String,
}
