//! What changed against an earlier run, as the record of `offpath drift` has it.

use serde::{Deserialize, Serialize};

/// A run compared with a base.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DriftSummary {
    /// Folder of the base, as it was named.
    pub base: String,
    /// Folder of the run that was compared with it.
    pub run: String,
    /// First and last event's time of the base, RFC 3339 UTC.
    pub base_window: Option<(String, String)>,
    /// Cases of the base.
    pub base_cases: u64,
    /// Least cases on each side of a comparison.
    pub min_cases: u64,
    /// Share of false ones among the changes, at most.
    pub fdr: f64,
    /// Least effect, as Cohen's h.
    pub min_effect: f64,
    /// Comparisons that were tested, all corrected together.
    pub tested: u64,
    /// Changes that were announced.
    pub marks: Vec<MarkSummary>,
    /// What changed, by cause; the largest effect first.
    pub changes: Vec<ChangeSummary>,
    /// What had too few cases to say, most first; the first fifty.
    pub too_few: Vec<TooFewSummary>,
    /// How many there were.
    pub too_few_in_all: u64,
    /// What makes the runs look different without their being so, and what could not be compared, in plain words.
    pub caveats: Vec<String>,
}

/// A change that was announced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkSummary {
    /// RFC 3339, UTC.
    pub time: String,
    /// What.
    pub name: String,
}

/// One tested difference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangeSummary {
    /// The finding of its cause.
    pub finding: String,
    /// Rule that reports it.
    pub rule: String,
    /// Whether it says its cause best.
    pub lead: bool,
    /// What: `order: ship from paid`.
    pub what: String,
    /// `new`, `gone`, `more` or `less`.
    pub direction: String,
    /// Count and all of the base.
    pub before: (u64, u64),
    /// Count and all of the run.
    pub after: (u64, u64),
    /// Difference of the shares, after less before, -1 to 1.
    pub difference: f64,
    /// Its interval of 95 %.
    pub interval: (f64, f64),
    /// Cohen's h.
    pub effect: f64,
    /// Which test: `g_test` or `fisher`.
    pub test: String,
    /// Probability where nothing changed.
    pub p: f64,
    /// The same, corrected for all comparisons.
    pub corrected_p: f64,
    /// About how many actors did it, in the run.
    pub actors: u64,
    /// When the run first shows what is new, RFC 3339.
    pub first_seen: Option<String>,
    /// Cases of the base that show it.
    pub cases_before: Vec<String>,
    /// Cases of the run that show it.
    pub cases_after: Vec<String>,
    /// Whether one thing seems to have another name now.
    pub renamed: bool,
}

/// What happened too seldom to say whether it changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TooFewSummary {
    /// What.
    pub what: String,
    /// Cases of the base.
    pub before: u64,
    /// Cases of the run.
    pub after: u64,
}
