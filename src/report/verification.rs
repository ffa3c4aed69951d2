//! Earlier findings, verified: the document of `offpath verify`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::verification::{Fate, Verified};

use super::figure::{count, counted};
use super::markdown::plain;

/// Rows of the table in Markdown.
const SHOWN: usize = 100;

/// What became of the findings of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// Version of this schema; additions only within a major.
    pub schema_version: String,
    /// offpath's version.
    pub tool_version: String,
    /// Folder of the earlier run, as it was named.
    pub run: String,
    /// The model, id and version, if there is one.
    pub model: Option<String>,
    /// What was read to verify them.
    pub inputs: Vec<String>,
    /// Exchanges in it.
    pub exchanges: u64,
    /// Findings whose attempt was made again and refused.
    pub fixed: u64,
    /// Findings whose attempt was accepted again.
    pub open: u64,
    /// Findings of which nothing shows what would become of them.
    pub not_exercised: u64,
    /// Findings of the earlier run that are suppressed, and so not verified.
    pub suppressed: u64,
    /// Findings in what was read that mean something else than all earlier ones.
    pub others: u64,
    /// The earlier findings, in the order of their run.
    pub findings: Vec<Verified>,
}

/// Findings of one group with one fate and one reason.
pub(super) struct Alike<'v> {
    pub(super) first: &'v Verified,
    pub(super) findings: u64,
}

/// Those alike together: open ones first, then those not exercised; within these in the order of the run.
pub(super) fn alike(findings: &[Verified]) -> Vec<Alike<'_>> {
    let mut places: BTreeMap<(Fate, &str, &str), usize> = BTreeMap::new();
    let mut groups: Vec<Alike<'_>> = Vec::new();
    for verified in findings {
        let place = *places.entry((verified.fate, &verified.group, &verified.why)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(known) => known.findings += 1,
            None => groups.push(Alike { first: verified, findings: 1 }),
        }
    }
    groups.sort_by_key(|group| group.first.fate);
    groups
}

impl Verification {
    /// The result in one sentence.
    pub fn sentence(&self) -> String {
        let all = self.fixed + self.open + self.not_exercised;
        let (fixed, open, unseen) = (count(self.fixed), count(self.open), count(self.not_exercised));
        let of = counted(all, "earlier finding", "earlier findings");
        format!("Of {of}: {fixed} fixed, {open} open, {unseen} not exercised.")
    }

    /// For a ticket or the summary of a job; text of captures cannot become markup.
    pub fn markdown(&self) -> String {
        let mut out = format!("## offpath verify\n\n{}\n\n", plain(&self.sentence()));
        let model = self.model.as_deref().map(|model| format!(", model {model}")).unwrap_or_default();
        out.push_str(&plain(&format!("{} by {}{model}", self.run, self.inputs.join(", "))));
        out.push_str("\n\n| fate | severity | findings | rule | first of them | id | why | shown by |\n|---|---|---|---|---|---|---|---|\n");
        let groups = alike(&self.findings);
        for group in groups.iter().take(SHOWN) {
            let Verified { fate, severity, rule, title, id, why, evidence, .. } = group.first;
            let findings = count(group.findings);
            let shown: Vec<&str> = evidence.iter().map(|proof| proof.origin.as_str()).collect();
            let shown = shown.join("; ");
            let cells = [fate.words(), severity, &findings, rule, title, id, why, &shown].map(plain);
            out.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        if groups.len() > SHOWN {
            let left: u64 = groups.iter().skip(SHOWN).map(|group| group.findings).sum();
            out.push_str(&format!("\n{} more are in the JSON document.\n", count(left)));
        }
        if self.others > 0 {
            out.push_str(&format!("\n{}\n", plain(&self.others())));
        }
        out
    }

    /// What else was found, in a sentence.
    pub(super) fn others(&self) -> String {
        let others = counted(self.others, "other finding is", "other findings are");
        format!("{others} in this traffic and not in the earlier run: offpath check shows them.")
    }
}
