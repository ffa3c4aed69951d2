//! What became of each rule: decided, blind, idle, or not asked for; and why.

use std::collections::BTreeMap;

use super::Job;
use super::judging::Judged;
use crate::compare::Tally;
use crate::report::{BlindSummary, LeftOpen, RuleStatus, RuleSummary};
use crate::rule::need::{Demand, Need, Shown, demand};
use crate::rule::{Rule, catalogue};

/// Evaluated, violated, not evaluable.
type Counts = (u64, u64, u64);

/// Why a check is not decided when the source shows all that is asked: the events themselves do not suffice.
const TOO_LITTLE: &str = "too little seen to decide";

/// Why a repeat may be the retry that the model allows, or not.
const HIDDEN_KEY: &str = "the log does not carry the idempotency key that the model names";

/// Every rule with its counts, and the sources that it was blind in.
pub(super) fn summaries(job: &Job, judged: &Judged) -> Vec<RuleSummary> {
    let (mut findings, mut also): (BTreeMap<&str, u64>, BTreeMap<&str, u64>) = (BTreeMap::new(), BTreeMap::new());
    for finding in &judged.findings {
        *findings.entry(finding.rule.as_str()).or_default() += 1;
        for other in &finding.also {
            *also.entry(other.rule.as_str()).or_default() += 1;
        }
    }
    let summary = |rule: &&'static Rule| {
        let by_source = by_source(judged, rule);
        let demand = demand(rule.check, job.model.as_deref());
        let status = |blind: &BTreeMap<String, BlindSummary>| status(job, rule, demand.is_some(), &by_source, blind);
        let hidden = judged.hidden_keys.get(&rule.check).copied().unwrap_or(0);
        let mut blind = demand.as_ref().map(|demand| blind(judged, demand, &by_source)).unwrap_or_default();
        // What the whole source lacks says more than what single steps hide.
        only_hidden(hidden, &by_source).into_iter().for_each(|(source, why)| _ = blind.entry(source).or_insert(why));
        let status = status(&blind);
        if !matches!(status, RuleStatus::Evaluated | RuleStatus::Blind) {
            blind.clear();
        }
        RuleSummary {
            id: rule.id.to_owned(),
            title: rule.title.to_owned(),
            findings: findings.get(rule.id).copied().unwrap_or(0),
            also: also.get(rule.id).copied().unwrap_or(0),
            left_open: (hidden > 0 && status == RuleStatus::Evaluated)
                .then(|| LeftOpen { count: hidden, why: HIDDEN_KEY.to_owned() }),
            not_evaluated: why(status, &blind),
            status,
            blind,
            by_source,
        }
    };
    catalogue().iter().map(summary).collect()
}

/// The sources of a rule that decided nothing because every step's idempotency key is hidden.
fn only_hidden(hidden: u64, by_source: &BTreeMap<String, Counts>) -> Vec<(String, BlindSummary)> {
    let sum = |part: fn(&Counts) -> u64| by_source.values().map(part).sum::<u64>();
    if hidden == 0 || sum(|counts| counts.0) > 0 || sum(|counts| counts.2) > hidden {
        return Vec::new();
    }
    let undecided = by_source.iter().filter(|(_, counts)| counts.2 > 0);
    undecided.map(|(source, _)| (source.clone(), BlindSummary { why: HIDDEN_KEY.to_owned(), partly: false })).collect()
}

fn by_source(judged: &Judged, rule: &Rule) -> BTreeMap<String, Counts> {
    let mut sums: BTreeMap<String, Counts> = BTreeMap::new();
    for ((check, source), Tally { evaluated, violated, not_evaluable }) in &judged.tallies.0 {
        if rule.check == *check {
            let sum = sums.entry((*source).to_owned()).or_default();
            *sum = (sum.0 + evaluated, sum.1 + violated, sum.2 + not_evaluable);
        }
    }
    sums
}

/// The sources in which a rule could decide nothing, find nothing, or decide much less than there was to decide.
fn blind(judged: &Judged, demand: &Demand, by_source: &BTreeMap<String, Counts>) -> BTreeMap<String, BlindSummary> {
    let in_source = |(source, shown): (&&str, &Shown)| {
        let counts = by_source.get(*source).copied().unwrap_or_default();
        Some(((*source).to_owned(), blind_in(counts, demand, shown)?))
    };
    judged.shown.iter().filter_map(in_source).collect()
}

fn blind_in((evaluated, violated, undecided): Counts, demand: &Demand, shown: &Shown) -> Option<BlindSummary> {
    let never = shown.lacking(demand.always.iter().copied());
    // What was found was decided in spite of what is missing; who only has an address is found for review at most.
    let guessed = demand.always.contains(&Need::Identity) && shown.lacks(Need::Identity);
    if let Some(why) = never.clone().filter(|_| violated == 0 || guessed) {
        return Some(BlindSummary { why, partly: false });
    }
    let misplaced = demand.joined.iter().find(|(activity, _)| shown.misplaces(activity));
    if let Some((activity, need)) = misplaced {
        let why = shown.lacking(*need).unwrap_or_else(|| format!("not shown on what {activity} was"));
        return Some(BlindSummary { why, partly: evaluated > 0 });
    }
    // A few undecided events are no blindness of the rule: its counts say them.
    if undecided == 0 || evaluated > undecided.saturating_mul(9) {
        return None;
    }
    let why = never.or_else(|| shown.lacking(demand.all())).or_else(|| shown.scarcest(demand.all()));
    Some(BlindSummary { why: why.unwrap_or_else(|| TOO_LITTLE.to_owned()), partly: evaluated > 0 })
}

fn status(
    job: &Job,
    rule: &Rule,
    asked: bool,
    by_source: &BTreeMap<String, Counts>,
    blind: &BTreeMap<String, BlindSummary>,
) -> RuleStatus {
    let evaluated: u64 = by_source.values().map(|counts| counts.0).sum();
    if !job.selection.wants(rule.id) {
        RuleStatus::NotSelected
    } else if job.model.is_none() && rule.check.needs_model() {
        RuleStatus::NeedsModel
    } else if evaluated > 0 {
        RuleStatus::Evaluated
    } else if !asked {
        RuleStatus::NotAsked
    } else if !blind.is_empty() {
        RuleStatus::Blind
    } else {
        RuleStatus::Idle
    }
}

/// Why a rule decided nothing in this run, if so.
fn why(status: RuleStatus, blind: &BTreeMap<String, BlindSummary>) -> Option<String> {
    match status {
        RuleStatus::Evaluated => None,
        RuleStatus::Blind => {
            let sources: Vec<String> = blind.iter().map(|(source, blind)| format!("{source}: {}", blind.why)).collect();
            Some(sources.join("; "))
        }
        RuleStatus::Idle => Some("nothing in this traffic for it to judge".to_owned()),
        RuleStatus::NotAsked => Some("the model asks nothing of it".to_owned()),
        RuleStatus::NotSelected => Some("not selected".to_owned()),
        RuleStatus::NeedsModel => Some("needs a model (--model)".to_owned()),
    }
}
