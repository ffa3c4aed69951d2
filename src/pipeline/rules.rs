//! What became of each rule: decided, blind, idle, or not asked for; and why.

use std::collections::BTreeMap;

use super::Job;
use super::judging::Judged;
use crate::compare::{Blindness, Check, Tally};
use crate::model::Model;
use crate::report::{BlindSummary, LeftOpen, RuleStatus, RuleSummary};
use crate::rule::need::{Demand, Need, Shown, demand, fields};
use crate::rule::{Rule, catalogue};

/// Evaluated, violated, not evaluable.
type Counts = (u64, u64, u64);

/// Why a check is not decided when the source shows all that is asked: the events themselves do not suffice.
const TOO_LITTLE: &str = "too little seen to decide";

/// What shows objects whose beginning the source does not.
const FIRST_SEEN: &str = "`check: {first_seen_state: initial}` if objects first seen are new";

/// Why a step that must come first is not known to be missing although its object was seen from the beginning.
const UNSEEN: &str = "what came before was not all seen: `offpath show gaps`";

/// Why it is not known whether an id was given to who used it, where answers were seen.
const NOBODYS: &str = "nobody else was seen with most of what was used: to whom it belongs is not known";

/// Why what was not seen was not missing for that.
const ONE_CLIENT: &str = "all is one client's own recording: what others did is not in it";

/// Why one of two checks of the same constraints has nothing of its own.
const TWIN: &str = "the duties of its constraints were all judged as self-approval, or none was";

/// Why a rule about drift has nothing to say of one run.
const OF_TWO_RUNS: &str = "told by comparing two runs: `offpath drift`";
/// Why it is not asked who was given an id.
const OWNED: &str = "the model names the owner of every type: OWN decides";

/// Why a repeat may be the retry that the model allows, or not.
const HIDDEN_KEY: &str = "the log does not carry the idempotency key that the model names";

/// Every rule with its counts, and the sources that it was blind in.
///
/// `blindness`: the stretches of time in which requests were not seen, and whether all was one client's.
pub(super) fn summaries(job: &Job, judged: &Judged, blindness: &Blindness) -> Vec<RuleSummary> {
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
        let twin = twin(rule.check).filter(|twin| judged.tallies.0.keys().any(|(check, _)| check == twin));
        let status = |blind: &BTreeMap<String, BlindSummary>| status(job, rule, demand.is_some(), &by_source, blind);
        let hidden = judged.hidden_keys.get(&rule.check).copied().unwrap_or(0);
        let matter = matter(judged, rule.check, &by_source);
        let lost = job.model.as_deref().and_then(|model| lost(judged, rule.check, model));
        let mut blind = demand
            .as_ref()
            .map(|demand| blind(judged, rule.check, demand, &matter, lost.as_deref(), blindness))
            .unwrap_or_default();
        // What the whole source lacks says more than what single steps hide.
        only_hidden(hidden, &by_source).into_iter().for_each(|(source, why)| _ = blind.entry(source).or_insert(why));
        let (status, elsewhere) = match (status(&blind), twin) {
            (RuleStatus::Idle, Some(_)) => (RuleStatus::NotAsked, Some(TWIN.to_owned())),
            (RuleStatus::NotAsked, _) if rule.check.is_drift() => (RuleStatus::NotAsked, Some(OF_TWO_RUNS.to_owned())),
            (RuleStatus::NotAsked, _) if rule.check == Check::Unlearned => {
                (RuleStatus::NotAsked, Some(OWNED.to_owned()))
            }
            (status, _) => (status, None),
        };
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
            not_evaluated: elsewhere.or_else(|| why(status, &blind)),
            status,
            blind,
            by_source,
        }
    };
    catalogue().iter().map(summary).collect()
}

/// The check that shares its constraints: which of the two a pair of duties falls to depends on which came last.
fn twin(check: Check) -> Option<Check> {
    match check {
        Check::Duties => Some(Check::ApprovalSelf),
        Check::ApprovalSelf => Some(Check::Duties),
        _ => None,
    }
}

/// The counts by which the blindness of a check is told. A key that was used once says nothing of a source that does
/// not show who used the others twice.
fn matter(judged: &Judged, check: Check, by_source: &BTreeMap<String, Counts>) -> BTreeMap<String, Counts> {
    let mut matter = by_source.clone();
    let undecided: u64 = by_source.values().map(|counts| counts.2).sum();
    let hidden = judged.hidden_keys.get(&check).copied().unwrap_or(0);
    if check == Check::Replay && undecided > hidden {
        // Of those that were told apart only the fact counts.
        matter.values_mut().for_each(|counts| counts.0 = counts.0.min(1));
    }
    for ((_, source), tally) in judged.tallies.0.iter().filter(|((of, _), _)| *of == check) {
        // What could only be found fine says nothing of what would be wrong.
        let counts = matter.get_mut(*source).into_iter();
        counts.for_each(|counts| counts.0 = counts.0.saturating_sub(tally.assured));
    }
    matter
}

/// The sources of a rule that decided nothing because every step's idempotency key is hidden.
fn only_hidden(hidden: u64, by_source: &BTreeMap<String, Counts>) -> Vec<(String, BlindSummary)> {
    let sum = |part: fn(&Counts) -> u64| by_source.values().map(part).sum::<u64>();
    if hidden == 0 || sum(|counts| counts.0) > 0 || sum(|counts| counts.2) > hidden {
        return Vec::new();
    }
    let undecided = by_source.iter().filter(|(_, counts)| counts.2 > 0);
    let why = || BlindSummary { why: HIDDEN_KEY.to_owned(), ..BlindSummary::default() };
    undecided.map(|(source, _)| (source.clone(), why())).collect()
}

fn by_source(judged: &Judged, rule: &Rule) -> BTreeMap<String, Counts> {
    let mut sums: BTreeMap<String, Counts> = BTreeMap::new();
    for ((check, source), Tally { evaluated, violated, not_evaluable, .. }) in &judged.tallies.0 {
        if rule.check == *check {
            let sum = sums.entry((*source).to_owned()).or_default();
            *sum = (sum.0 + evaluated, sum.1 + violated, sum.2 + not_evaluable);
        }
    }
    sums
}

/// The sources in which a rule could decide nothing, find nothing, or decide much less than there was to decide.
fn blind(
    judged: &Judged,
    check: Check,
    demand: &Demand,
    matter: &BTreeMap<String, Counts>,
    lost: Option<&str>,
    blindness: &Blindness,
) -> BTreeMap<String, BlindSummary> {
    let of_one_client = blindness.of_others.is_some() && check.rests_on_absence();
    let in_source = |(source, shown): (&&'static str, &Shown)| {
        let counts = matter.get(*source).copied().unwrap_or_default();
        let tally = judged.tallies.0.get(&(check, *source)).copied().unwrap_or_default();
        // Of what hangs on an earlier step, that much hangs on what was not captured.
        let unseen = tally.unseen > 0 && tally.unseen.saturating_mul(2) >= tally.not_evaluable + tally.assured;
        let nobodys = tally.nobodys > 0 && tally.nobodys.saturating_mul(2) >= tally.not_evaluable;
        let (evaluated, _, undecided) = counts;
        let (why, partly) = if of_one_client && undecided > 0 {
            (ONE_CLIENT.to_owned(), evaluated > 0)
        } else {
            blind_in(counts, demand, shown, lost, [unseen, nobodys, !blindness.spots.is_empty()])?
        };
        Some(((*source).to_owned(), BlindSummary { why, partly, assured: tally.assured }))
    };
    judged.shown.iter().filter_map(in_source).collect()
}

/// Why a source leaves a rule blind, and whether only in part.
fn blind_in(
    (evaluated, violated, undecided): Counts,
    demand: &Demand,
    shown: &Shown,
    lost: Option<&str>,
    [unseen, nobodys, spots]: [bool; 3],
) -> Option<(String, bool)> {
    let never = demand.lacking(shown, demand.always.iter().copied());
    // What was found was decided in spite of what is missing; who only has an address is found for review at most.
    let guessed = demand.always.contains(&Need::Identity) && shown.lacks(Need::Identity);
    if let Some(why) = never.clone().filter(|_| violated == 0 || guessed) {
        // Who may is told by kinds and names as well.
        let partly = demand.always.contains(&Need::Roles) || demand.beside.is_some();
        return Some((why, evaluated > 0 && partly));
    }
    // Calls that nobody sees leave nothing undecided: they would pass for calls that were not made.
    if demand.often.contains(&Need::Calls)
        && let Some(why) = shown.lacking([Need::Calls])
    {
        return Some((why, evaluated > 0));
    }
    let misplaced = demand.joined.iter().find(|(activity, _)| shown.misplaces(activity));
    if let Some((activity, need)) = misplaced {
        let why = shown.lacking(*need).unwrap_or_else(|| format!("not shown on what {activity} was"));
        return Some((why, evaluated > 0));
    }
    let unplaced = shown.falls_short(Need::Scope) && demand.all().any(|need| need == Need::Scope);
    let one_sided = shown.never_denies_kinds() && demand.all().any(|need| need == Need::Kind);
    // A few undecided events are no blindness of the rule, unless they are the only ones that could break it: its counts
    // say them.
    if undecided == 0 || evaluated > undecided.saturating_mul(9) && !unplaced && !one_sided {
        return None;
    }
    if unplaced {
        let why = shown.lacking([Need::Scope]).or_else(|| shown.scarcest([Need::Scope]));
        return Some((why.unwrap_or_default(), evaluated > 0));
    }
    let unborn = || {
        let born = demand.births.iter().find(|activity| shown.misplaces(activity))?;
        Some(format!("not shown on what {born} was, so that nothing is seen from its beginning: {FIRST_SEEN}"))
    };
    let lost = || lost.map(|field| format!("{field} is not where the model looks for it"));
    let lacking = || demand.lacking(shown, demand.all()).or_else(lost).or_else(unborn);
    let hidden = || unseen.then(|| UNSEEN.to_owned());
    // An event that does not show something leaves no more than itself open.
    let scarcest = || {
        let scarcest = shown.scarcest(demand.all())?;
        let more = spots && undecided > shown.most_short(demand.all());
        Some(if more { UNSEEN.to_owned() } else { scarcest })
    };
    let lacking = || lacking().or_else(hidden).or_else(scarcest);
    let otherwise = || match demand.births.is_empty() {
        true if spots => UNSEEN.to_owned(),
        true => demand.beside.unwrap_or(TOO_LITTLE).to_owned(),
        false => format!("not seen from the beginning: {FIRST_SEEN}"),
    };
    let nobodys = || nobodys.then(|| NOBODYS.to_owned());
    Some((never.or_else(nobodys).or_else(lacking).unwrap_or_else(otherwise), evaluated > 0))
}

/// The first attribute of a check that no exchange has although bodies are seen: its path is wrong, not the source.
fn lost(judged: &Judged, check: Check, model: &Model) -> Option<String> {
    let absent = judged.names.absent(model);
    fields(check, model).into_iter().find(|field| absent.contains_key(field))
}

fn status(
    job: &Job,
    rule: &Rule,
    asked: bool,
    by_source: &BTreeMap<String, Counts>,
    blind: &BTreeMap<String, BlindSummary>,
) -> RuleStatus {
    let evaluated: u64 = by_source.values().map(|counts| counts.0).sum();
    let ledgerless = rule.check.reads_ledger() && !job.keeps_ledger();
    let courseless = rule.check.reads_courses() && !job.follows_courses();
    if !job.selection.wants(rule.id) || ledgerless || courseless {
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
