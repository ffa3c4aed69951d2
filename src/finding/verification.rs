//! Whether earlier findings are fixed: the same attempt was made again, and what became of it.
//!
//! Nothing is fixed because it was not seen. *Fixed* says that the server refused the attempt with an answer that speaks of
//! the attempt; *open* that it accepted it; everything else is *not exercised*, and says why.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::text;
use super::time::rfc3339;
use super::{Finding, REJECTED, answered};
use crate::event::table::EventRow;

/// Events told as proof of one verification.
const PROOFS: usize = 3;

/// What became of an earlier finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The attempt was accepted again.
    Open,
    /// Nothing shows what would become of it.
    NotExercised,
    /// The attempt was made again and refused.
    Fixed,
}

impl Fate {
    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Fate::Open => "open",
            Fate::NotExercised => "not_exercised",
            Fate::Fixed => "fixed",
        }
    }

    /// As a sentence has it.
    pub fn words(self) -> &'static str {
        match self {
            Fate::NotExercised => "not exercised",
            other => other.as_str(),
        }
    }
}

/// An earlier finding, verified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verified {
    /// Its id in the earlier run.
    pub id: String,
    /// Its group there.
    pub group: String,
    /// What it means.
    pub fingerprint: String,
    /// Rule id.
    pub rule: String,
    /// Its sentence.
    pub title: String,
    /// What it stood for: a severity, or `review`.
    pub severity: String,
    /// When it happened.
    pub time: String,
    /// What became of it.
    pub fate: Fate,
    /// Why that is so, in one sentence.
    pub why: String,
    /// Events that show it; none where it was not exercised.
    pub evidence: Vec<Proof>,
}

/// One event that shows what became of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Event id in the new traffic.
    pub event: String,
    /// Where its bytes are.
    pub origin: String,
    /// RFC 3339, UTC.
    pub time: String,
    /// Who.
    pub principal: Option<String>,
    /// Activity, else operation.
    pub activity: String,
    /// Method and path, masked.
    pub request: String,
    /// HTTP status.
    pub status: Option<u16>,
    /// `accepted` or `rejected`.
    pub outcome: String,
}

/// What is remembered of the new traffic's events.
#[derive(Debug, Default)]
pub struct Seen {
    /// Events of findings, by id.
    deviating: BTreeMap<String, Option<EventRow>>,
    /// Accepted, rejected and other events of the earlier findings' activities.
    activities: BTreeMap<String, [u64; 3]>,
    /// Events of the earlier findings' cases.
    cases: BTreeMap<String, Vec<EventRow>>,
    /// Accepted events by activity and principal, of who made an attempt in the new traffic.
    works: BTreeMap<(String, Option<String>), u64>,
    /// Where steps of the earlier findings' activities were taken whose outcome is not known.
    unsettled: BTreeMap<String, BTreeSet<Where>>,
    /// Attempts that a rule saw refused and makes no finding of, by rule.
    held: BTreeMap<String, BTreeMap<String, Option<EventRow>>>,
}

/// Type of the case, and states before.
type Where = (Option<String>, Vec<String>);
/// Principal and agent.
type Who<'f> = (Option<&'f str>, Option<&'f str>);

impl Seen {
    /// What has to be remembered to verify earlier findings by those of the new traffic; `held`: the ids of events that a
    /// rule saw refused and makes no finding of, by rule.
    pub fn wanted(earlier: &[Finding], again: &[Finding], held: &BTreeMap<String, Vec<String>>) -> Self {
        let ids = again.iter().filter_map(deviating).map(|id| (id.to_owned(), None));
        let activities = earlier.iter().map(|finding| (finding.activity.clone(), [0; 3]));
        let cases = earlier.iter().filter_map(|finding| Some((finding.case.clone()?, Vec::new())));
        let tried = again.iter().map(|finding| ((finding.activity.clone(), finding.actor.principal.clone()), 0));
        Seen {
            deviating: ids.collect(),
            activities: activities.collect(),
            cases: cases.collect(),
            works: tried.collect(),
            unsettled: BTreeMap::new(),
            held: held
                .iter()
                .map(|(rule, ids)| (rule.clone(), ids.iter().map(|id| (id.clone(), None)).collect()))
                .collect(),
        }
    }

    /// Looks at one event of the new traffic.
    pub fn look(&mut self, row: &EventRow) {
        let done = activity(row);
        if let Some(counts) = self.activities.get_mut(&done) {
            let place = match row.outcome.as_str() {
                ACCEPTED => 0,
                REJECTED => 1,
                _ => 2,
            };
            counts.get_mut(place).into_iter().for_each(|count| *count += 1);
            if place == 2 {
                self.unsettled.entry(done).or_default().insert(whereabouts(row));
            } else if place == 0 {
                let by = (done, row.principal.clone());
                self.works.get_mut(&by).into_iter().for_each(|count| *count += 1);
            }
        }
        if let Some(kept) = self.deviating.get_mut(&row.id) {
            *kept = Some(row.clone());
        }
        for kept in self.held.values_mut().filter_map(|rows| rows.get_mut(&row.id)) {
            *kept = Some(row.clone());
        }
        if let Some(rows) = row.case.as_ref().and_then(|case| self.cases.get_mut(case)) {
            rows.push(row.clone());
        }
    }

    fn counts(&self, activity: &str) -> [u64; 3] {
        self.activities.get(activity).copied().unwrap_or_default()
    }

    /// Whether the activity of an attempt was accepted from the same principal elsewhere.
    fn works_for(&self, row: &EventRow) -> bool {
        self.works.get(&(activity(row), row.principal.clone())).is_some_and(|count| *count > 0)
    }

    /// Whether a step whose outcome is not known may have been the same attempt as one of these.
    fn leaves_open(&self, activity: &str, refused: &[&EventRow]) -> bool {
        let mut others = self.unsettled.get(activity).into_iter().flatten();
        let alike = |(case, states): &Where, row: &EventRow| {
            let (of, before) = whereabouts(row);
            let apart = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
            let known = !states.is_empty() && !before.is_empty();
            !(apart(case, &of) || known && before.iter().all(|state| !states.contains(state)))
        };
        others.any(|other| refused.iter().any(|row| alike(other, row)))
    }
}

fn whereabouts(row: &EventRow) -> Where {
    let of = row.case.as_deref().and_then(|case| case.split_once(':'));
    (of.map(|(of, _)| of.to_owned()), row.state_before.clone())
}

const ACCEPTED: &str = "accepted";
/// Rules that tell of many attempts at once: what became of the last says little.
const PATTERNS: [&str; 1] = ["ENUM"];

fn activity(row: &EventRow) -> String {
    row.activity.clone().or_else(|| row.operation.clone()).unwrap_or_else(|| format!("{} {}", row.method, row.path))
}

fn deviating(finding: &Finding) -> Option<&str> {
    finding.evidence.iter().find(|evidence| evidence.role == "deviating").map(|evidence| evidence.event.as_str())
}

/// What a status says of the attempt that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// That it was refused for what it was.
    Refused,
    /// That it was refused, for what it was or for who made it.
    Forbidden,
    /// That it was refused, or that there is nothing here to attempt it on.
    Perhaps,
    /// Nothing: the caller was not known, came too often, or the server failed.
    Nothing,
}

fn answer(status: Option<u16>) -> Answer {
    match status {
        // Refused in a body, by the event's own test of success.
        None | Some(200..=299) => Answer::Refused,
        Some(402 | 409 | 412 | 422 | 423 | 428 | 451) => Answer::Refused,
        Some(403) => Answer::Forbidden,
        Some(401 | 407 | 408 | 421 | 425 | 426 | 429 | 431) => Answer::Nothing,
        Some(400..=499) => Answer::Perhaps,
        Some(_) => Answer::Nothing,
    }
}

/// Says of each earlier finding that was open what became of it, in their order. `blind` says why a rule could not judge
/// the new traffic, if so.
pub fn verify(
    earlier: &[Finding],
    again: &[Finding],
    seen: &Seen,
    blind: &dyn Fn(&str) -> Option<String>,
) -> Vec<Verified> {
    let mut by_meaning: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in again {
        let meanings = std::iter::once(&finding.fingerprint).chain(finding.also.iter().map(|also| &also.fingerprint));
        let meanings: BTreeSet<&str> = meanings.map(String::as_str).filter(|meaning| !meaning.is_empty()).collect();
        meanings.into_iter().for_each(|meaning| by_meaning.entry(meaning).or_default().push(finding));
    }
    // Findings of one group differ in nothing that is asked of the attempts made again: each group is looked at once.
    let mut told: BTreeMap<(&str, &str), (Fate, String, Vec<Proof>)> = BTreeMap::new();
    let nobody = BTreeSet::new();
    let mut actors: BTreeMap<(&str, &str), BTreeSet<Who<'_>>> = BTreeMap::new();
    for finding in earlier {
        let key = (finding.fingerprint.as_str(), finding.actor.class.as_str());
        actors.entry(key).or_default().insert((finding.actor.principal.as_deref(), finding.actor.agent.as_deref()));
    }
    let open = earlier.iter().filter(|finding| finding.suppressed.is_none());
    let mut verified = Vec::new();
    for finding in open {
        let key = (finding.fingerprint.as_str(), finding.actor.class.as_str());
        let judged = told.entry(key).or_insert_with(|| {
            let same = by_meaning.get(key.0).map_or(&[][..], Vec::as_slice);
            let before = actors.get(&key).unwrap_or(&nobody);
            attempts(finding, before, same, seen)
                .or_else(|| held(finding, seen))
                .unwrap_or_else(|| (Fate::NotExercised, unseen(finding, seen, blind), Vec::new()))
        });
        let replayed =
            (judged.0 == Fate::NotExercised && judged.2.is_empty()).then(|| replayed(finding, seen)).flatten();
        let (fate, why, evidence) = replayed.unwrap_or_else(|| judged.clone());
        verified.push(Verified {
            id: finding.id.clone(),
            group: finding.group.clone(),
            fingerprint: finding.fingerprint.clone(),
            rule: finding.rule.clone(),
            title: finding.title.clone(),
            severity: finding.standing().to_owned(),
            time: finding.time.clone(),
            fate,
            why,
            // What leaves it open what would become of it proves nothing.
            evidence: if fate == Fate::NotExercised { Vec::new() } else { evidence },
        });
    }
    verified
}

/// What became of attempts that mean the same; `None` where there was none. `before` is who made them then.
fn attempts(
    finding: &Finding,
    before: &BTreeSet<Who<'_>>,
    same: &[&Finding],
    seen: &Seen,
) -> Option<(Fate, String, Vec<Proof>)> {
    let rows = |outcome: &dyn Fn(&Finding, &EventRow) -> bool| -> Vec<&EventRow> {
        let rows = same.iter().filter_map(|f| Some((*f, seen.deviating.get(deviating(f)?)?.as_ref()?)));
        let rows: BTreeMap<&str, &EventRow> =
            rows.filter(|(f, row)| outcome(f, row)).map(|(_, row)| (row.id.as_str(), row)).collect();
        let mut rows: Vec<&EventRow> = rows.into_values().collect();
        rows.sort();
        rows
    };
    if PATTERNS.contains(&finding.rule.as_str()) {
        return made_again(same, rows(&|_, _| true));
    }
    let accepted = rows(&|_, row| row.outcome == ACCEPTED);
    if !accepted.is_empty() {
        let why = format!("the same attempt was accepted again {}", times(accepted.len()));
        return Some((Fate::Open, why, proofs(&accepted)));
    }
    let unanswered = rows(&|_, row| row.outcome != REJECTED);
    if !unanswered.is_empty() {
        let why = format!("the same attempt was made {}, and its answer was not seen", times(unanswered.len()));
        return Some((Fate::NotExercised, why, proofs(&unanswered)));
    }
    // What a server refuses to agents it may allow to people.
    let refused = rows(&|f, _| f.actor.class == finding.actor.class);
    if refused.is_empty() {
        let others = rows(&|_, _| true);
        let why = || {
            format!("only actors of another class than {} attempted the same, and were refused", finding.actor.class)
        };
        return (!others.is_empty()).then(|| (Fate::NotExercised, why(), proofs(&others)));
    }
    Some(refusals(finding, before, &refused, seen))
}

/// What it says that many attempts at once are told of again: where any of those that are shown was taken, it is open.
fn made_again(same: &[&Finding], rows: Vec<&EventRow>) -> Option<(Fate, String, Vec<Proof>)> {
    let first = same.first()?;
    let served = same.iter().flat_map(|finding| &finding.evidence).any(|event| event.outcome != REJECTED);
    let observed = first.observed.join(", ");
    let (fate, what) = match served {
        true => (Fate::Open, "and is reported again"),
        false => (
            Fate::NotExercised,
            "and all that is shown of it was refused: whether what is there would be given, it does not say",
        ),
    };
    Some((fate, format!("the same was done {} ({observed}), {what}", times(same.len())), proofs(&rows)))
}

/// What a rule saw refused that it would have told of: the same step, with a credential at its end.
fn held(finding: &Finding, seen: &Seen) -> Option<(Fate, String, Vec<Proof>)> {
    let rows = seen.held.get(&finding.rule)?.values().flatten().filter(|row| activity(row) == finding.activity);
    let mut rows: Vec<&EventRow> = rows.filter(|row| row.outcome == REJECTED).collect();
    rows.sort();
    let first = rows.first()?;
    let why = format!(
        "{} was tried {} in the same way, and refused: {}",
        activity(first),
        times(rows.len()),
        statuses(&rows)
    );
    Some((Fate::Fixed, why, proofs(&rows)))
}

/// What refusals of the same attempt say.
fn refusals(
    finding: &Finding,
    before: &BTreeSet<Who<'_>>,
    refused: &[&EventRow],
    seen: &Seen,
) -> (Fate, String, Vec<Proof>) {
    let with = |wanted: &[Answer]| -> Vec<&EventRow> {
        refused.iter().copied().filter(|row| wanted.contains(&answer(row.status))).collect()
    };
    // Who may not take the step at all is refused whatever becomes of those who may.
    let entitled = |row: &&EventRow| {
        let who = (row.principal.as_deref(), row.agent.as_deref());
        row.principal.is_some() && before.contains(&who) || seen.works_for(row)
    };
    let forbidden = with(&[Answer::Forbidden]);
    let mut surely = with(&[Answer::Refused]);
    surely.extend(forbidden.iter().copied().filter(entitled));
    surely.sort();
    let perhaps = with(&[Answer::Perhaps]);
    let works = seen.counts(&finding.activity)[0];
    let fixed = !surely.is_empty() || !perhaps.is_empty() && works > 0;
    if fixed && seen.leaves_open(&finding.activity, refused) {
        let why = format!(
            "the same attempt by {} was refused ({}), and what became of other steps of {} there is not known",
            makers(refused),
            statuses(refused),
            finding.activity,
        );
        return (Fate::NotExercised, why, proofs(refused));
    }
    if !surely.is_empty() {
        let by = makers(&surely);
        let why = format!("the same attempt by {by} was refused {}: {}", times(surely.len()), statuses(&surely));
        return (Fate::Fixed, why, proofs(&surely));
    }
    if fixed {
        let why = format!(
            "the same attempt by {} was refused {} ({}), and {} was accepted {} where it is allowed",
            makers(&perhaps),
            times(perhaps.len()),
            statuses(&perhaps),
            finding.activity,
            times(usize::try_from(works).unwrap_or(usize::MAX)),
        );
        return (Fate::Fixed, why, proofs(&perhaps));
    }
    let why = if !perhaps.is_empty() {
        format!(
            "the same attempt was answered with {}, and {} was accepted nowhere: perhaps it does not work at all",
            statuses(&perhaps),
            finding.activity
        )
    } else if !forbidden.is_empty() {
        format!(
            "the same attempt was refused to {} ({}), who did not make it then and from whom {} was accepted nowhere: \
             perhaps they may not at all",
            makers(&forbidden),
            statuses(&forbidden),
            finding.activity
        )
    } else {
        format!("the same attempt was answered with {}, which says nothing of the attempt", statuses(refused))
    };
    (Fate::NotExercised, why, proofs(refused))
}

/// `anna`, `anna and 2 others`.
fn makers(rows: &[&EventRow]) -> String {
    let names: BTreeSet<&str> = rows.iter().map(|row| row.principal.as_deref().unwrap_or("somebody unknown")).collect();
    let first = names.first().map(|name| text::display_short(name, text::NAME_LIMIT)).unwrap_or_default();
    match names.len() {
        0 | 1 => first,
        2 => format!("{first} and 1 other"),
        several => format!("{first} and {} others", several - 1),
    }
}

/// The very same step again: by the same actor on the same object of the same case, after the same steps, and refused.
/// So are verified findings of rules that say nothing of what was refused.
fn replayed(finding: &Finding, seen: &Seen) -> Option<(Fate, String, Vec<Proof>)> {
    // Tables are read part by part, each in an order of its own.
    let mut rows: Vec<&EventRow> = seen.cases.get(finding.case.as_ref()?)?.iter().collect();
    rows.sort();
    let object = finding.object.as_ref().map(|object| format!("{}:{}", object.object_type, object.id));
    let same = |row: &EventRow| {
        activity(row) == finding.activity
            && row.principal.is_some()
            && (&row.principal, &row.agent) == (&finding.actor.principal, &finding.actor.agent)
            && object.as_ref().is_none_or(|object| row.objects.contains(object))
    };
    let again: Vec<&EventRow> = rows.iter().copied().filter(|row| same(row)).collect();
    let speaks = |row: &&EventRow| matches!(answer(row.status), Answer::Refused | Answer::Forbidden);
    let refused: Vec<&EventRow> = again.iter().copied().filter(speaks).collect();
    // Its earlier steps may be of the same activity: as many as then may have been accepted.
    let before = || finding.evidence.iter().filter(|event| event.role != "deviating");
    let own = before().filter(|event| event.activity == finding.activity).count();
    let accepted = again.iter().filter(|row| row.outcome != REJECTED).count();
    if refused.iter().any(|row| row.outcome != REJECTED) || refused.is_empty() || accepted > own {
        return None;
    }
    let first = refused.first()?;
    let mut led = rows.iter().take_while(|row| row.id != first.id).filter(|row| row.outcome == ACCEPTED);
    let repeated = before().count() > 0 && before().all(|event| led.any(|row| activity(row) == event.activity));
    repeated.then(|| {
        let why = format!(
            "the same actor took the same step on the same object after the same steps, and was refused: {}",
            statuses(&refused)
        );
        (Fate::Fixed, why, proofs(&refused))
    })
}

/// Why there is nothing to tell by.
fn unseen(finding: &Finding, seen: &Seen, blind: &dyn Fn(&str) -> Option<String>) -> String {
    if let Some(why) = blind(&finding.rule) {
        return format!("{} could not be judged in this traffic: {why}", finding.rule);
    }
    match seen.counts(&finding.activity) {
        [0, 0, 0] => format!("{} did not happen", finding.activity),
        [accepted, rejected, other] => {
            let all = usize::try_from(accepted + rejected + other).unwrap_or(usize::MAX);
            format!("{} happened {} ({rejected} refused), and never in this way", finding.activity, times(all))
        }
    }
}

fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// `403, 409`, each once.
fn statuses(rows: &[&EventRow]) -> String {
    let each: BTreeSet<(Option<u16>, &str)> = rows.iter().map(|row| (row.status, row.outcome.as_str())).collect();
    let name = |(status, outcome)| answered(status, outcome).unwrap_or_else(|| "an error in its body".to_owned());
    each.into_iter().map(name).collect::<Vec<_>>().join(", ")
}

fn proofs(rows: &[&EventRow]) -> Vec<Proof> {
    let proof = |row: &&EventRow| Proof {
        event: row.id.clone(),
        origin: row.origin.clone(),
        time: rfc3339(row.time),
        principal: row.principal.clone(),
        activity: activity(row),
        request: format!("{} {}", row.method, row.path),
        status: row.status,
        outcome: row.outcome.clone(),
    };
    rows.iter().take(PROOFS).map(proof).collect()
}

#[cfg(test)]
mod tests {
    use super::super::AlsoBroken;
    use super::super::tests::sample;
    use super::*;

    fn row(id: &str, activity: &str, outcome: &str, status: Option<u16>, time: i64) -> EventRow {
        EventRow {
            time,
            id: id.to_owned(),
            end: time,
            origin: format!("day2.log#line={time}"),
            operation: None,
            activity: Some(activity.to_owned()),
            principal: Some("=cmd|'/c calc'!A0".to_owned()),
            agent: None,
            outcome: outcome.to_owned(),
            status,
            case: Some("order:ord_1".to_owned()),
            state_before: Vec::new(),
            state_after: Vec::new(),
            objects: vec!["refund:ref_881".to_owned()],
            method: "POST".to_owned(),
            path: "/refunds/ref_881/execute".to_owned(),
        }
    }

    /// A finding of the new traffic at an event of this id.
    fn again(event: &str) -> Finding {
        let mut finding = sample("F9", "high", 0.9, 9);
        finding.evidence[1].event = event.to_owned();
        finding
    }

    fn fate_of(earlier: &Finding, again: &[Finding], rows: &[EventRow]) -> (Fate, String, usize) {
        let mut seen = Seen::wanted(std::slice::from_ref(earlier), again, &BTreeMap::new());
        rows.iter().for_each(|row| seen.look(row));
        let [verified] = &verify(std::slice::from_ref(earlier), again, &seen, &|_| None)[..] else { panic!() };
        (verified.fate, verified.why.clone(), verified.evidence.len())
    }

    fn fate(outcome: &str, status: Option<u16>) -> Fate {
        let earlier = sample("F1", "critical", 0.9, 1);
        fate_of(&earlier, &[again("e5")], &[row("e5", "refund_execute", outcome, status, 5)]).0
    }

    #[test]
    fn only_a_refusal_that_speaks_of_the_attempt_is_a_fix() {
        for status in [Some(403), Some(409), Some(422), Some(200), None] {
            assert_eq!(fate("rejected", status), Fate::Fixed, "{status:?}");
        }
        for status in [401, 404, 400, 405, 429, 408, 500, 503, 302] {
            assert_eq!(fate("rejected", Some(status)), Fate::NotExercised, "{status}");
        }
        assert_eq!(fate("accepted", Some(200)), Fate::Open);
        assert_eq!(fate("unknown", None), Fate::NotExercised, "nobody saw an answer");
    }

    #[test]
    fn a_refusal_that_may_be_a_broken_endpoint_needs_one_that_works() {
        let earlier = sample("F1", "critical", 0.9, 1);
        let refused = row("e5", "refund_execute", "rejected", Some(404), 5);
        let works = EventRow { case: None, ..row("e6", "refund_execute", "accepted", Some(200), 6) };
        let (fate, why, proofs) = fate_of(&earlier, &[again("e5")], &[refused.clone(), works]);
        assert_eq!((fate, proofs), (Fate::Fixed, 1), "{why}");
        let (fate, why, proofs) = fate_of(&earlier, &[again("e5")], &[refused]);
        assert_eq!((fate, proofs), (Fate::NotExercised, 0));
        assert!(why.contains("perhaps it does not work at all"), "{why}");
    }

    #[test]
    fn what_is_forbidden_to_a_stranger_may_be_open_to_who_did_it() {
        let earlier = sample("F1", "critical", 0.9, 1);
        let nobody = || Some("nobody".to_owned());
        let mut of_stranger = again("e5");
        of_stranger.actor.principal = nobody();
        let refused = EventRow { principal: nobody(), ..row("e5", "refund_execute", "rejected", Some(403), 5) };
        let accepted = EventRow { case: None, ..row("e6", "refund_execute", "accepted", Some(200), 6) };
        let (fate, why, _) = fate_of(&earlier, &[of_stranger.clone()], &[refused.clone(), accepted.clone()]);
        assert_eq!(fate, Fate::NotExercised, "it works for another only");
        assert!(why.contains("refused to nobody"), "{why}");
        let own = EventRow { principal: nobody(), ..accepted };
        let (fate, why, _) = fate_of(&earlier, &[of_stranger.clone()], &[refused.clone(), own]);
        assert_eq!(fate, Fate::Fixed, "{why}");
        assert!(why.contains("by nobody"), "{why}");
        let conflict = EventRow { status: Some(409), ..refused };
        assert_eq!(fate_of(&earlier, &[of_stranger], &[conflict]).0, Fate::Fixed, "that speaks of the object");
    }

    #[test]
    fn a_step_whose_outcome_is_not_known_leaves_it_open_where_it_may_be_the_same() {
        let earlier = sample("F1", "critical", 0.9, 1);
        let of = |id: &str, case: &str, state: &str, outcome: &str, status: u16| EventRow {
            case: Some(case.to_owned()),
            state_before: vec![state.to_owned()],
            ..row(id, "refund_execute", outcome, Some(status), 5)
        };
        let refused = of("e5", "order:1", "new", "rejected", 403);
        for (fate, other) in [
            (Fate::NotExercised, of("e6", "order:2", "new", "unknown", 302)),
            (Fate::Fixed, of("e6", "order:2", "paid", "unknown", 302)),
            (Fate::Fixed, of("e6", "parcel:2", "new", "unknown", 302)),
            (Fate::NotExercised, EventRow { case: None, ..of("e6", "order:2", "new", "unknown", 302) }),
        ] {
            let told = fate_of(&earlier, &[again("e5")], &[refused.clone(), other.clone()]);
            assert_eq!(told.0, fate, "{other:?}: {}", told.1);
        }
    }

    #[test]
    fn one_acceptance_keeps_it_open_and_one_missing_answer_leaves_it_open_to_doubt() {
        let earlier = sample("F1", "critical", 0.9, 1);
        let refused = row("e5", "refund_execute", "rejected", Some(403), 5);
        let both = [again("e5"), again("e6")];
        let with = |outcome: &str| {
            fate_of(&earlier, &both, &[refused.clone(), row("e6", "refund_execute", outcome, None, 6)]).0
        };
        assert_eq!(with("accepted"), Fate::Open);
        assert_eq!(with("unknown"), Fate::NotExercised);
        assert_eq!(with("rejected"), Fate::Fixed);
    }

    #[test]
    fn a_walk_that_is_reported_again_is_open_also_where_its_last_step_was_refused() {
        let walk = |event: &str, outcome: &str| {
            let mut walk = again(event);
            walk.rule = "ENUM".to_owned();
            walk.evidence.iter_mut().for_each(|event| event.outcome = outcome.to_owned());
            walk.evidence[1].outcome = REJECTED.to_owned();
            walk
        };
        let earlier = walk("e1", "accepted");
        let last = row("e5", "refund_execute", "rejected", Some(403), 5);
        let fate = |again: Finding| fate_of(&earlier, &[again], std::slice::from_ref(&last));
        assert_eq!(fate(walk("e5", "accepted")).0, Fate::Open);
        assert_eq!(fate(walk("e5", "rejected")).0, Fate::NotExercised, "nothing of it was given");
    }

    #[test]
    fn an_ended_credential_that_is_refused_is_a_fix() {
        let earlier = Finding { rule: "CR-REUSE".to_owned(), ..sample("F1", "high", 0.8, 1) };
        let fate = |held: &[(&str, &str)], row: EventRow| {
            let held: BTreeMap<String, Vec<String>> =
                held.iter().map(|(rule, id)| ((*rule).to_owned(), vec![(*id).to_owned()])).collect();
            let mut seen = Seen::wanted(std::slice::from_ref(&earlier), &[], &held);
            seen.look(&row);
            verify(std::slice::from_ref(&earlier), &[], &seen, &|_| None).remove(0)
        };
        let refused = || EventRow { principal: None, ..row("e5", "refund_execute", "rejected", Some(401), 5) };
        let told = fate(&[("CR-REUSE", "e5")], refused());
        assert_eq!((told.fate, told.evidence.len()), (Fate::Fixed, 1), "{}", told.why);
        assert_eq!(fate(&[("CR-REUSE", "e6")], refused()).fate, Fate::NotExercised, "some other credential");
        assert_eq!(fate(&[("ENUM", "e5")], refused()).fate, Fate::NotExercised);
        let elsewhere = EventRow { activity: Some("view".to_owned()), ..refused() };
        assert_eq!(fate(&[("CR-REUSE", "e5")], elsewhere).fate, Fate::NotExercised, "another step");
    }

    #[test]
    fn what_a_body_refuses_is_told_with_its_status() {
        let rows = [row("e5", "pay", "rejected", Some(200), 5), row("e6", "pay", "rejected", Some(403), 6)];
        assert_eq!(statuses(&rows.iter().collect::<Vec<_>>()), "200, refused in its body, 403");
    }

    #[test]
    fn silence_fixes_nothing() {
        let earlier = sample("F1", "critical", 0.9, 1);
        let (fate, why, _) = fate_of(&earlier, &[], &[]);
        assert_eq!((fate, why.as_str()), (Fate::NotExercised, "refund_execute did not happen"));
        let (fate, why, _) = fate_of(&earlier, &[], &[row("e1", "refund_execute", "accepted", Some(200), 1)]);
        assert_eq!(fate, Fate::NotExercised);
        assert!(why.starts_with("refund_execute happened once (0 refused)"), "{why}");
        let seen = Seen::wanted(std::slice::from_ref(&earlier), &[], &BTreeMap::new());
        let told = verify(std::slice::from_ref(&earlier), &[], &seen, &|rule| Some(format!("no bodies for {rule}")));
        assert!(told[0].why.contains("no bodies for AP-MISSING"), "{}", told[0].why);
    }

    #[test]
    fn what_is_refused_to_agents_may_be_open_to_people() {
        let earlier = sample("F1", "critical", 0.9, 1);
        let mut by_agent = again("e5");
        by_agent.actor.class = "agent".to_owned();
        let refused = row("e5", "refund_execute", "rejected", Some(403), 5);
        assert_eq!(fate_of(&earlier, &[by_agent.clone()], std::slice::from_ref(&refused)).0, Fate::NotExercised);
        let accepted = row("e5", "refund_execute", "accepted", Some(200), 5);
        assert_eq!(fate_of(&earlier, &[by_agent], &[accepted]).0, Fate::Open);
    }

    #[test]
    fn what_was_folded_into_another_finding_is_seen() {
        let earlier = sample("F1", "critical", 0.9, 1);
        let mut main = again("e5");
        main.also.push(AlsoBroken {
            rule: earlier.rule.clone(),
            fingerprint: std::mem::replace(&mut main.fingerprint, "other".to_owned()),
            title: String::new(),
            severity: "high".to_owned(),
            confidence: 1.0,
            verdict: super::super::Verdict::Proven,
            constraint: None,
        });
        let accepted = row("e5", "refund_execute", "accepted", Some(200), 5);
        assert_eq!(fate_of(&earlier, &[main], &[accepted]).0, Fate::Open);
    }

    #[test]
    fn the_very_same_step_after_the_same_steps_and_refused_is_a_fix_without_a_finding() {
        let mut earlier = sample("F1", "critical", 0.9, 1);
        earlier.evidence[0].activity = "refund_request".to_owned();
        let led = row("e1", "refund_request", "accepted", Some(201), 1);
        let refused = row("e5", "refund_execute", "rejected", Some(409), 5);
        assert_eq!(fate_of(&earlier, &[], &[refused.clone(), led.clone()]).0, Fate::Fixed);
        for (why, rows) in [
            ("nothing led up to it", vec![refused.clone()]),
            ("accepted as well", vec![led.clone(), refused.clone(), row("e6", "refund_execute", "accepted", None, 6)]),
            ("refused for another reason", vec![led.clone(), EventRow { status: Some(401), ..refused.clone() }]),
            ("by another", vec![led.clone(), EventRow { principal: Some("x".to_owned()), ..refused.clone() }]),
            ("on another", vec![led.clone(), EventRow { objects: Vec::new(), ..refused.clone() }]),
            ("before the rest", vec![EventRow { time: 9, ..led }, refused]),
        ] {
            assert_eq!(fate_of(&earlier, &[], &rows).0, Fate::NotExercised, "{why}");
        }
    }
}
