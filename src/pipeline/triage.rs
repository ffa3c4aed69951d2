//! What is known of findings already: suppressions and the baseline, and findings of one cause together.

use jiff::civil::Date;

use super::Job;
use crate::finding::baseline::{self, Known};
use crate::finding::group;
use crate::finding::suppression::{self, Covers, Suppression, SuppressionSummary, Use};
use crate::finding::{BaselineState, Finding};
use crate::report::{BaselineSummary, RunSummary};

/// Groups kept in the run's record.
const GROUPS: usize = 1_000;
/// Stands for what a user typed where names are hashed.
const UNTOLD: &str = "not told where names are hashed";

/// What is known of findings before the run.
#[derive(Clone, Debug, Default)]
pub struct Triage {
    /// Findings that somebody answers for, as of a day, and the file that says so.
    pub suppressions: Option<(String, Vec<Suppression>, Date)>,
    /// The run to compare with.
    pub baseline: Option<Earlier>,
}

/// An earlier run.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// Its folder, as it was named.
    pub run: String,
    /// Id of the model that it was compared with.
    pub model: Option<String>,
    /// Its findings.
    pub findings: Vec<Finding>,
    /// What has to be known for a finding not to be new.
    pub known: Known,
}

/// Marks the findings of a run and puts what there is to say of them into its record; returns those of the baseline
/// that are not among them.
pub(super) fn apply(job: &Job, findings: &mut [Finding], summary: &mut RunSummary) -> Vec<Finding> {
    findings.iter_mut().for_each(Finding::identify);
    if let Some((file, entries, today)) = &job.triage.suppressions {
        suppress(job, (file, entries, *today), findings, summary);
    }
    let absent = job.triage.baseline.as_ref().map(|earlier| compare(job, earlier, findings, summary));
    for finding in &*findings {
        let standing = if finding.suppressed.is_some() { "suppressed" } else { finding.standing() };
        *summary.findings.entry(standing.to_owned()).or_default() += 1;
    }
    summary.groups = group::summaries(findings);
    summary.groups_left_out = summary.groups.len().saturating_sub(GROUPS) as u64;
    summary.groups.truncate(GROUPS);
    absent.unwrap_or_default()
}

fn suppress(
    job: &Job,
    (file, entries, today): (&str, &[Suppression], Date),
    findings: &mut [Finding],
    summary: &mut RunSummary,
) {
    summary.options.insert("suppressions".to_owned(), file.to_owned());
    summary.options.insert("today".to_owned(), today.to_string());
    let told: Vec<Suppression> = match job.pseudonyms {
        Some(_) => entries.iter().map(|entry| untold(entry.clone())).collect(),
        None => entries.to_vec(),
    };
    summary.suppressions = suppression::apply(findings, &told, today);
    if job.pseudonyms.is_some() {
        summary.suppressions.iter_mut().for_each(|entry| entry.covers = UNTOLD.to_owned());
    }
    let asked: Vec<bool> = entries.iter().map(|entry| is_asked(job, entry)).collect();
    for (entry, asked) in summary.suppressions.iter_mut().zip(asked) {
        if entry.state == Use::Unused && !asked {
            entry.state = Use::NotAsked;
        }
        summary.warnings.extend(warning(file, entry));
    }
}

/// An entry without what its author typed, but for what it covers.
fn untold(entry: Suppression) -> Suppression {
    Suppression { reason: UNTOLD.to_owned(), by: UNTOLD.to_owned(), ..entry }
}

/// Whether a finding that an entry covers could have been reported at all.
fn is_asked(job: &Job, entry: &Suppression) -> bool {
    let rules = crate::rule::catalogue().iter().filter(|rule| job.selection.wants(rule.id));
    let wanted = match &entry.covers {
        // Which rule it was, the hash does not tell.
        Covers::Finding { .. } => rules.count() == crate::rule::catalogue().len(),
        Covers::Pattern(patterns) => rules.map(|rule| rule.id).any(|id| patterns.names_rule(id)),
    };
    wanted && job.selection.findings.is_none()
}

fn warning(file: &str, entry: &SuppressionSummary) -> Option<String> {
    let place = format!("{file}, line {}", entry.line);
    match (entry.state, entry.findings) {
        (Use::Used | Use::NotAsked, _) => None,
        (Use::Unused, _) => Some(format!("{place}: the suppression covers no finding ({})", entry.covers)),
        (Use::Expired, 0) => Some(format!("{place}: the suppression is over since {} and covers nothing", entry.until)),
        (Use::Expired, 1) => Some(format!("{place}: the suppression is over since {}: 1 finding is back", entry.until)),
        (Use::Expired, many) => {
            Some(format!("{place}: the suppression is over since {}: {many} findings are back", entry.until))
        }
    }
}

fn compare(job: &Job, earlier: &Earlier, findings: &mut [Finding], summary: &mut RunSummary) -> Vec<Finding> {
    // What was not asked for now is not gone.
    let asked = |finding: &&Finding| job.selection.wants(&finding.rule) && job.selection.admits(finding);
    let before: Vec<Finding> = earlier.findings.iter().filter(asked).cloned().collect();
    let absent = baseline::compare(findings, &before, earlier.known);
    let absent: Vec<Finding> = absent.into_iter().filter_map(|place| before.get(place).cloned()).collect();
    let open = || findings.iter().filter(|finding| finding.suppressed.is_none() && !finding.is_review());
    let of = |state| open().filter(|finding| finding.baseline == Some(state)).count() as u64;
    summary.baseline = Some(BaselineSummary {
        run: earlier.run.clone(),
        by: if earlier.known == Known::Group { "group" } else { "finding" }.to_owned(),
        new: of(BaselineState::New),
        changed: of(BaselineState::Changed),
        still: of(BaselineState::Still),
        absent: absent.iter().filter(|finding| !finding.is_review()).count() as u64,
        fixed: 0,
    });
    let model = job.model.as_deref().map(|model| model.id.to_string());
    if model != earlier.model {
        let name = |model: Option<&str>| model.map_or_else(|| "no model".to_owned(), |id| format!("the model {id}"));
        summary.warnings.push(format!(
            "the baseline {} was compared with {}, this run with {}: nothing of one means the same as in the other",
            earlier.run,
            name(earlier.model.as_deref()),
            name(model.as_deref())
        ));
    }
    absent
}
