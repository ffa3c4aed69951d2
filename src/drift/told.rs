//! Causes of drift as findings of their rules.

use std::collections::BTreeMap;

use super::cause::Cause;
use super::compared::{Change, Compared, Direction};
use super::record::{Cell, Kind, Totals};
use super::statistics::Share;
use crate::compare::{Check, Deviation, Doubt};
use crate::event::EventId;
use crate::event::table::EventRow;
use crate::finding::fingerprint::{self, Meaning};
use crate::finding::time::rfc3339;
use crate::finding::{AlsoBroken, BaselineState, Evidence, Finding};
use crate::rule;

/// Cohen's h from which a difference is large.
const LARGE: f64 = 0.5;
/// Corrected probability up to which a large difference counts.
const SURE: f64 = 1e-4;
/// Actors from whom on a difference is not one client's doing.
const SEVERAL: u64 = 5;
/// Confidence of a large difference, of others, and of what is only counted.
const CONFIDENT: Doubt = Doubt { at_most: 0.7, because: "large difference, seen of several actors" };
const UNCERTAIN: Doubt = Doubt { at_most: 0.4, because: "a difference, not a large one" };
const ALONE: Doubt = Doubt { at_most: 0.4, because: "few actors: it may be one client's doing" };
const UNSHOWN: Doubt = Doubt { at_most: 0.4, because: "counted over actors: no case shows it" };
const OTHERWISE_SEEN: Doubt = Doubt { at_most: 0.3, because: "the two runs were not seen alike" };
/// Cases and events told of each side.
const SHOWN: usize = 3;
/// Changes of one cause that a finding spells out.
const SPELT: usize = 8;

/// A change that was announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When, microseconds since the Unix epoch.
    pub time: i64,
    /// What.
    pub name: String,
}

/// A way in which the two runs were not seen alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caveat {
    /// In words that complete `the runs were not seen alike: ...`.
    pub text: String,
    /// What it makes doubtful.
    pub doubts: Doubtful,
}

/// Which changes a difference of what was seen may explain. What traffic can bring about must not excuse everything: who
/// makes the traffic could.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubtful {
    /// Any: the sources or options are others.
    All,
    /// What is gone or less: the run shows less.
    Less,
    /// What is new or more: the base shows less.
    More,
    /// Who does what: actors are told otherwise.
    Actors,
    /// Nothing that was compared.
    Nothing,
}

impl Doubtful {
    fn covers(self, change: &Change) -> bool {
        match self {
            Doubtful::All => true,
            Doubtful::Less => change.effect < 0.0,
            Doubtful::More => change.effect > 0.0,
            Doubtful::Actors => change.key.kind == Kind::Actor,
            Doubtful::Nothing => false,
        }
    }
}

/// What there is to know of the two runs beside their habits.
#[derive(Clone, Debug, Default)]
pub struct About<'a> {
    /// Id and version of the model, where there is one.
    pub model: Option<(&'a str, &'a str)>,
    /// End of the model's `in_force`, where the run's events tell that it is over.
    pub in_force_until: Option<i64>,
    /// What makes the runs look different without their being so.
    pub caveats: &'a [Caveat],
    /// Changes that were announced.
    pub marks: &'a [Mark],
    /// The base's totals, and the run's.
    pub totals: (Totals, Totals),
}

/// Events of example cases, of the base and of the run, by case.
pub type Rows = (BTreeMap<String, Vec<EventRow>>, BTreeMap<String, Vec<EventRow>>);

/// The findings of what changed, one a cause, in the order of the causes; then what is said of the model.
pub fn findings(compared: &Compared, about: &About<'_>, rows: &Rows) -> Vec<Finding> {
    let causes = compared.causes.iter().filter_map(|cause| finding(cause, about, rows));
    causes.chain(newer(about)).collect()
}

/// What changed, in a few words: `order: ship from paid`.
pub fn subject(change: &Change, modelled: bool) -> String {
    let key = &change.key;
    let place = if modelled { "from" } else { "after" };
    match key.kind {
        Kind::Step => format!("{}: {} {place} {}", key.of, key.what, key.from),
        Kind::Stay => format!("{}: no more than {}", key.of, key.from),
        Kind::Actor => format!("{} by {}", key.of, key.what),
        Kind::Tried | Kind::Refused => format!("first try of {} refused", key.of),
        Kind::Operation if key.what.is_empty() => "actors with steps outside the model".to_owned(),
        Kind::Operation => format!("operation {}", key.what),
        Kind::Judged => format!("{} judged", key.of),
        Kind::Broken => format!("{} {} broken", key.of, key.what),
    }
}

/// `7.3 % (84 of 1,151)`; a part is never shown as all, nor as nothing.
pub fn words(share: Share) -> String {
    let percent = share.value() * 100.0;
    let text = match (share.count, percent) {
        (0, _) => "0".to_owned(),
        (count, _) if count == share.of => "100".to_owned(),
        (_, percent) if percent < 0.1 => "under 0.1".to_owned(),
        (_, percent) if percent >= 99.95 => "over 99.9".to_owned(),
        (_, percent) => format!("{percent:.1}"),
    };
    format!("{text} % ({} of {})", thousands(share.count), thousands(share.of))
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|g| std::str::from_utf8(g).ok()).collect();
    groups.join(",")
}

/// How sure a cause is.
fn doubt(change: &Change, about: &About<'_>) -> Doubt {
    let cell = if change.effect > 0.0 { &change.after.cell } else { &change.before.cell };
    if about.caveats.iter().any(|caveat| caveat.doubts.covers(change)) {
        OTHERWISE_SEEN
    } else if let Some(because) = change.doubt {
        Doubt { at_most: OTHERWISE_SEEN.at_most, because }
    } else if change.effect.abs() < LARGE || change.corrected > SURE {
        UNCERTAIN
    } else if cell.examples.is_empty() {
        UNSHOWN
    } else if cell.actors < SEVERAL {
        ALONE
    } else {
        CONFIDENT
    }
}

fn deviation(check: Check, what: String, expected: String, observed: String, doubt: Doubt) -> Deviation {
    Deviation {
        check,
        case: None,
        object: None,
        at: EventId(0),
        events: Vec::new(),
        constraint: Some(what.into()),
        severity: None,
        expected: vec![expected.into()],
        observed: vec![observed.into()],
        states: Vec::new(),
        restricted: false,
        moved: false,
        corrected: false,
        order_certainty: 1.0,
        completeness: 1.0,
        mid_life: false,
        doubt: Some(doubt),
    }
}

fn finding(cause: &Cause, about: &About<'_>, rows: &Rows) -> Option<Finding> {
    let lead = cause.lead()?;
    let modelled = about.model.is_some();
    let (what, doubt) = (subject(lead, modelled), doubt(lead, about));
    let sides = [lead.before.share, lead.after.share].map(words);
    let [before, after] = sides.clone();
    let mut finding = rule::judge(&deviation(lead.check, what.clone(), before, after, doubt), None);
    finding.terms.push(statistics(lead));
    if lead.check == Check::DriftGuard && lead.effect < 0.0 {
        finding.severity = "low".to_owned();
        finding.terms.push("-1 broken less often than before".to_owned());
    }
    let lines = |side: fn(&Change) -> Share| -> Vec<String> {
        let changes = cause.changes.iter().take(SPELT);
        changes.map(|change| format!("{} {}", subject(change, modelled), words(side(change)))).collect()
    };
    (finding.expected, finding.observed) = (lines(|change| change.before.share), lines(|change| change.after.share));
    if matches!(lead.check, Check::DriftNew | Check::DriftGone) && doubt == CONFIDENT {
        finding.severity = "medium".to_owned();
        finding.terms.push("+1 large difference, seen of several actors".to_owned());
    }
    if cause.renamed {
        finding
            .why
            .push_str(" One is gone and another of like share stands in its place: it may only have another name.");
    }
    for caveat in about.caveats.iter().filter(|caveat| caveat.doubts.covers(lead)) {
        let told = crate::finding::text::display(&caveat.text);
        finding.why.push_str(&format!(" The runs were not seen alike: {told}."));
    }
    let class = [lead.key.what.as_str()];
    finding.fingerprint = Meaning {
        rule: &finding.rule,
        object_type: &lead.key.of,
        edge: &lead.key.from,
        activity: &lead.key.what,
        class: if lead.key.kind == Kind::Actor { &class } else { &[] },
        model: about.model.map_or("", |(id, _)| id),
    }
    .fingerprint();
    finding.constraint = (lead.key.kind == Kind::Broken).then(|| lead.key.what.clone());
    finding.activity = if lead.key.kind == Kind::Step { lead.key.what.clone() } else { step_of(lead).to_owned() };
    show(&mut finding, lead, rows);
    if finding.evidence.is_empty() {
        finding.time = rfc3339(first_seen(lead).or(about.totals.1.window.map(|(from, _)| from)).unwrap_or(0));
    }
    name_also(&mut finding, cause);
    finding.also.extend(unplanned(lead, what, about));
    Some(identified(finding))
}

fn identified(mut finding: Finding) -> Finding {
    finding.id = fingerprint::identity(&finding.fingerprint, &[], None);
    finding.baseline = Some(BaselineState::New);
    finding.identify();
    finding
}

/// The step that a change is about.
fn step_of(change: &Change) -> &str {
    match change.key.kind {
        Kind::Step | Kind::Operation => &change.key.what,
        _ => &change.key.of,
    }
}

/// When something was first seen that was not there before.
pub fn first_seen(change: &Change) -> Option<i64> {
    (change.direction == Direction::New && change.after.cell.events > 0).then_some(change.after.cell.seen.0)
}

fn statistics(change: &Change) -> String {
    let (d, (low, high)) = change.difference;
    format!(
        "{}: p {:.1e}, corrected for all comparisons {:.1e}; difference {:+.1} points ({:+.1} to {:+.1}); Cohen's h {:+.2}",
        change.method.words(),
        change.p,
        change.corrected,
        d * 100.0,
        low * 100.0,
        high * 100.0,
        change.effect
    )
}

/// The other rules of the same cause.
fn name_also(finding: &mut Finding, cause: &Cause) {
    for change in cause.changes.iter().skip(1) {
        let rule = rule::of_check(change.check);
        if rule.id != finding.rule && finding.also.iter().all(|also| also.rule != rule.id) {
            let [before, after] = [change.before.share, change.after.share].map(words);
            let title = format!("{}: {after}, before {before}", subject(change, true));
            finding.also.push(also(rule, title, finding));
        }
    }
}

fn also(rule: &rule::Rule, title: String, finding: &Finding) -> AlsoBroken {
    AlsoBroken {
        rule: rule.id.to_owned(),
        fingerprint: String::new(),
        title: crate::finding::text::display(&title),
        severity: rule.severity.as_str().to_owned(),
        confidence: finding.confidence,
        verdict: finding.verdict,
        constraint: None,
    }
}

/// Where changes were announced, that none of them can be the cause.
fn unplanned(change: &Change, what: String, about: &About<'_>) -> Option<AlsoBroken> {
    let from = about.totals.0.window.map_or(i64::MIN, |(from, _)| from);
    let to = first_seen(change).or(about.totals.1.window.map(|(_, to)| to)).unwrap_or(i64::MAX);
    if about.marks.is_empty() || about.marks.iter().any(|mark| (from..=to).contains(&mark.time)) {
        return None;
    }
    let observed = first_seen(change).map_or_else(|| "some time in the run".to_owned(), rfc3339);
    let told = deviation(Check::ChangeUnplanned, what, "no mark".to_owned(), observed, UNCERTAIN);
    let judged = rule::judge(&told, None);
    Some(also(rule::of_check(Check::ChangeUnplanned), judged.title.clone(), &judged))
}

/// That the model was over.
fn newer(about: &About<'_>) -> Option<Finding> {
    let (run, (id, version)) = (&about.totals.1, about.model?);
    let until = about.in_force_until.filter(|_| run.newer > 0)?;
    let observed = format!("{} of {} events", run.newer, run.events);
    let expected = format!("in force until {}", rfc3339(until));
    let told = deviation(Check::ChangeModel, format!("{id} {version}"), expected, observed, UNCERTAIN);
    let mut finding = rule::judge(&told, None);
    finding.fingerprint =
        Meaning { rule: &finding.rule, object_type: "", edge: version, activity: "", class: &[], model: id }
            .fingerprint();
    (finding.constraint, finding.time) = (None, rfc3339(run.window.map_or(until, |(from, _)| from)));
    Some(identified(finding))
}

/// Adds the events of the example cases: of the run what changed, of the base beside it.
fn show(finding: &mut Finding, change: &Change, (base, run): &Rows) {
    let of = |rows: &BTreeMap<String, Vec<EventRow>>, cell: &Cell| -> Vec<EventRow> {
        let cases = cell.examples.iter().filter_map(|case| rows.get(case)).take(SHOWN);
        let fits = |row: &&EventRow| {
            let done = row.activity.as_deref().or(row.operation.as_deref());
            change.key.kind == Kind::Broken || done == Some(step_of(change))
        };
        // A broken constraint may be any step's; the case's last is the nearest guess.
        let pick = |rows: &Vec<EventRow>| match change.key.kind {
            Kind::Broken => rows.iter().rfind(fits).cloned(),
            _ => rows.iter().find(fits).cloned(),
        };
        cases.filter_map(pick).collect()
    };
    let (earlier, now) = (of(base, &change.before.cell), of(run, &change.after.cell));
    let deviating = now.first().map(|row| row.id.clone());
    finding.case = now.first().and_then(|row| row.case.clone());
    let rows = earlier.into_iter().map(|row| (row, "context"));
    let rows = rows.chain(now.into_iter().map(|row| {
        let role = if Some(&row.id) == deviating.as_ref() { "deviating" } else { "context" };
        (row, role)
    }));
    let mut evidence: Vec<Evidence> = rows.map(|(row, role)| proof(row, role)).collect();
    evidence.sort_by(|a, b| (&a.time, &a.event).cmp(&(&b.time, &b.event)));
    let shown = evidence.iter().find(|event| event.role == "deviating").or(evidence.first());
    if let Some(shown) = shown {
        finding.time.clone_from(&shown.time);
    }
    finding.evidence = evidence;
}

fn proof(row: EventRow, role: &str) -> Evidence {
    Evidence {
        event: row.id,
        origin: row.origin,
        offset: 0,
        role: role.to_owned(),
        time: rfc3339(row.time),
        principal: row.principal,
        agent: row.agent,
        activity: row.activity.or(row.operation).unwrap_or_default(),
        method: row.method,
        path: row.path,
        status: row.status,
        outcome: row.outcome,
    }
}
