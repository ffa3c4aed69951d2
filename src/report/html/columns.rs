//! The page's data: findings and timelines as columns, which compress to a few bytes a row.
//!
//! Text columns are dictionaries in order of first appearance. A value is written as its distance from the newest entry
//! (0 is "a new one"), so that a column of distinct values is a run of zeros. Sentences repeat the object and the actor
//! of their row; those are replaced by marks before the dictionary is made. No text holds a mark: hidden characters
//! were spelt out before.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::finding::time::micros;
use crate::finding::{BaselineState, Evidence, Finding, Verdict};
use crate::report::summary::{CaseTimeline, RuleSummary, TimelineEvent};
use crate::report::visible;

/// Findings with all their evidence in the page; of the others the page says where to look it up.
pub(super) const DETAILED: usize = 25_000;
/// Events of timelines in the page, at most.
pub(super) const TIMELINE_EVENTS: usize = 50_000;

/// Stands for the row's object key.
const KEY_MARK: &str = "\u{1}";
/// Stands for the row's principal.
const PRINCIPAL_MARK: &str = "\u{2}";
/// Separates the items of a list.
const ITEM: &str = "\u{1f}";

/// Everything that the script reads.
#[derive(Serialize)]
pub(super) struct Data {
    /// Titles of rules by their ids.
    rules: BTreeMap<String, String>,
    findings: FindingColumns,
    evidence: EvidenceColumns,
    cases: CaseColumns,
}

impl Data {
    /// Lays findings and timelines out as columns, in the order given.
    pub(super) fn new(rules: &[RuleSummary], findings: &[&Finding], cases: &[CaseTimeline]) -> Data {
        let shown = |text: &str| visible(text).into_owned();
        let mut data = Data {
            rules: rules.iter().map(|rule| (shown(&rule.id), shown(&rule.title))).collect(),
            findings: FindingColumns::default(),
            evidence: EvidenceColumns::default(),
            cases: CaseColumns::default(),
        };
        let mut rows = HashMap::new();
        for case in cases {
            if data.cases.events + case.events.len() > TIMELINE_EVENTS {
                data.cases.left_out += 1;
            } else {
                let first = data.cases.events;
                rows.extend(case.events.iter().enumerate().map(|(place, event)| (event.id.as_str(), first + place)));
                data.cases.push(case);
            }
        }
        for (place, finding) in findings.iter().enumerate() {
            data.findings.push(finding);
            if place < DETAILED {
                data.evidence.push(finding, &rows);
            }
        }
        data
    }
}

/// One text column.
#[derive(Default, Serialize)]
struct Texts {
    #[serde(rename = "d")]
    distinct: Vec<String>,
    #[serde(rename = "v")]
    values: Vec<usize>,
    #[serde(skip)]
    known: HashMap<String, usize>,
}

impl Texts {
    fn push(&mut self, text: String) {
        let newest = self.distinct.len();
        match self.known.get(&text) {
            Some(place) => self.values.push(newest - place),
            None => {
                self.values.push(0);
                self.known.insert(text.clone(), newest);
                self.distinct.push(text);
            }
        }
    }

    fn show(&mut self, text: &str) {
        self.push(visible(text).into_owned());
    }

    fn show_option(&mut self, text: Option<&str>) {
        self.show(text.unwrap_or_default());
    }

    fn show_list(&mut self, items: &[String]) {
        self.push(joined(items));
    }
}

/// Instants in microseconds, each as the difference from the one before; unreadable ones count as no step.
#[derive(Default, Serialize)]
#[serde(transparent)]
struct Instants {
    steps: Vec<i64>,
    #[serde(skip)]
    last: i64,
}

impl Instants {
    fn push(&mut self, micros: i64) {
        self.steps.push(micros.saturating_sub(self.last));
        self.last = micros;
    }

    fn push_text(&mut self, time: &str) {
        self.push(micros(time).unwrap_or(self.last));
    }
}

/// One entry a finding.
#[derive(Default, Serialize)]
struct FindingColumns {
    count: usize,
    id: Identifiers,
    fingerprint: Texts,
    rule: Texts,
    title: Texts,
    severity: Texts,
    confidence: Vec<u8>,
    verdict: Texts,
    time: Instants,
    principal: Texts,
    agent: Texts,
    client: Texts,
    identity: Texts,
    object_type: Texts,
    object: Texts,
    case: Texts,
    activity: Texts,
    constraint: Texts,
    expected: Texts,
    observed: Texts,
    terms: Texts,
    taxonomy: Texts,
    why: Texts,
    fix: Texts,
    suppressed: Texts,
    class: Texts,
    baseline: Texts,
    returned: Texts,
}

impl FindingColumns {
    fn push(&mut self, finding: &Finding) {
        let key = key(finding);
        let short = |text: &str| marked(text, key, finding.actor.principal.as_deref().unwrap_or(""));
        self.count += 1;
        self.id.push(&finding.id);
        self.fingerprint.show(&finding.fingerprint);
        self.rule.show(&finding.rule);
        self.title.push(short(&finding.title));
        self.severity.show(&finding.severity);
        self.confidence.push((finding.confidence.clamp(0.0, 1.0) * 100.0).round() as u8);
        self.verdict.show(verdict_name(finding.verdict));
        self.time.push_text(&finding.time);
        self.principal.show_option(finding.actor.principal.as_deref());
        self.agent.show_option(finding.actor.agent.as_deref());
        self.client.show_option(finding.actor.client.as_deref());
        self.identity.show(&finding.actor.evidence);
        self.object_type.show_option(finding.object.as_ref().map(|object| object.object_type.as_str()));
        self.object.show(key);
        self.case.push(short(finding.case.as_deref().unwrap_or("")));
        self.activity.show(&finding.activity);
        self.constraint.show_option(finding.constraint.as_deref());
        self.expected.push(short_list(&finding.expected, short));
        self.observed.push(short_list(&finding.observed, short));
        self.terms.show_list(&finding.terms);
        self.taxonomy.push(taxonomy(finding));
        self.why.push(short(&finding.why));
        self.fix.push(short(&finding.fix));
        self.suppressed.show_option(finding.suppressed.as_deref());
        self.class.show(&finding.actor.class);
        self.baseline.show_option(finding.baseline.map(BaselineState::as_str));
        self.returned.show_option(finding.returned.as_deref());
    }
}

/// Identifiers of the form `F` and 12 hex digits as one string of digits; any other form as text.
#[derive(Default, Serialize)]
struct Identifiers {
    digits: String,
    others: Vec<(usize, String)>,
    #[serde(skip)]
    count: usize,
}

impl Identifiers {
    fn push(&mut self, id: &str) {
        const DIGITS: usize = 12;
        let digits = id
            .strip_prefix('F')
            .filter(|rest| rest.len() == DIGITS && rest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
        match digits {
            Some(digits) => self.digits.push_str(digits),
            None => {
                self.digits.push_str(&"0".repeat(DIGITS));
                self.others.push((self.count, visible(id).into_owned()));
            }
        }
        self.count += 1;
    }
}

/// Evidence of the first findings: which event, in which role.
#[derive(Default, Serialize)]
struct EvidenceColumns {
    /// Events of each finding.
    counts: Vec<usize>,
    role: Texts,
    /// Row of the event among those of the timelines, from 1; 0 where it is in none.
    event: Vec<usize>,
    origin: Texts,
    offset: Vec<u64>,
    /// Milliseconds after its finding's time, which is that of the deviating event.
    time: Vec<i64>,
    principal: Texts,
    activity: Texts,
    method: Texts,
    path: Texts,
    status: Vec<u16>,
}

impl EvidenceColumns {
    /// Adds a finding's evidence; `rows` are the timelines' rows by event.
    fn push(&mut self, finding: &Finding, rows: &HashMap<&str, usize>) {
        self.counts.push(finding.evidence.len());
        let begin = millis(&finding.time).unwrap_or(0);
        for evidence in &finding.evidence {
            self.event.push(rows.get(evidence.event.as_str()).map_or(0, |row| row + 1));
            self.time.push(millis(&evidence.time).map_or(0, |time| time.saturating_sub(begin)));
            self.path.push(marked(&evidence.path, key(finding), finding.actor.principal.as_deref().unwrap_or("")));
            self.event(evidence);
        }
    }

    fn event(&mut self, evidence: &Evidence) {
        self.role.show(&evidence.role);
        self.origin.show(&evidence.origin);
        self.offset.push(evidence.offset);
        self.principal.show_option(evidence.who().as_deref());
        self.activity.show(&evidence.activity);
        self.method.show(&evidence.method);
        self.status.push(evidence.status.unwrap_or(0));
    }
}

/// Timelines, one after the other.
#[derive(Default, Serialize)]
struct CaseColumns {
    case: Texts,
    /// Events of each case.
    counts: Vec<usize>,
    /// Timelines that did not fit.
    left_out: usize,
    #[serde(skip)]
    events: usize,
    time: Instants,
    duration: Vec<i64>,
    principal: Texts,
    agent: Texts,
    activity: Texts,
    request: Texts,
    status: Vec<u16>,
    outcome: Texts,
    objects: Texts,
    before: Texts,
    state: Texts,
    origin: Texts,
}

impl CaseColumns {
    fn push(&mut self, case: &CaseTimeline) {
        self.case.show(&case.case);
        self.counts.push(case.events.len());
        self.events += case.events.len();
        for event in &case.events {
            self.event(event);
        }
    }

    fn event(&mut self, event: &TimelineEvent) {
        self.time.push(event.micros);
        self.duration.push(event.duration);
        self.principal.show_option(event.principal.as_deref());
        self.agent.show_option(event.agent.as_deref());
        self.activity.show(&event.activity);
        self.request.show(&event.request);
        self.status.push(event.status.unwrap_or(0));
        self.outcome.show(&event.outcome);
        self.objects.show_list(&event.objects);
        self.before.show_list(&event.before);
        self.state.show_list(&event.state);
        self.origin.show(&event.origin);
    }
}

/// Key of the object that a finding is about; empty without one.
fn key(finding: &Finding) -> &str {
    finding.object.as_ref().map_or("", |object| object.id.as_str())
}

/// Milliseconds since the Unix epoch of an RFC 3339 text.
fn millis(time: &str) -> Option<i64> {
    micros(time).map(|micros| micros.div_euclid(1_000))
}

/// Name of a verdict, as in `findings.jsonl`.
pub(in crate::report) fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Suspected => "suspected",
        Verdict::Attempted => "attempted",
        Verdict::Accepted => "accepted",
        Verdict::Proven => "proven",
    }
}

/// Replaces the row's own names by marks; very short names would mark half the sentence.
fn marked(text: &str, key: &str, principal: &str) -> String {
    const SHORTEST: usize = 4;
    let mut text = visible(text).into_owned();
    for (name, mark) in [(key, KEY_MARK), (principal, PRINCIPAL_MARK)] {
        if name.len() >= SHORTEST {
            text = text.replace(&*visible(name), mark);
        }
    }
    text
}

fn short_list(items: &[String], short: impl Fn(&str) -> String) -> String {
    items.iter().map(|item| short(item)).collect::<Vec<_>>().join(ITEM)
}

fn joined(items: &[String]) -> String {
    items.iter().map(|item| visible(item)).collect::<Vec<_>>().join(ITEM)
}

/// `owasp_api: API6, API5` for each list.
fn taxonomy(finding: &Finding) -> String {
    let lists = finding.taxonomy.iter().map(|(list, ids)| visible(&format!("{list}: {}", ids.join(", "))).into_owned());
    lists.collect::<Vec<_>>().join(ITEM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_counts_back_from_its_newest_entry() {
        let mut column = Texts::default();
        for text in ["a", "b", "a", "b", "c"] {
            column.show(text);
        }
        assert_eq!((column.distinct.len(), column.values), (3, vec![0, 0, 2, 1, 0]));
    }

    #[test]
    fn marks_cannot_come_from_captures() {
        assert_eq!(marked("order \u{1} of ord_9", "ord_9", "u"), "order \\u{1} of \u{1}");
    }

    #[test]
    fn foreign_identifiers_are_kept_whole() {
        let mut ids = Identifiers::default();
        ids.push("F0123456789ab");
        ids.push("F-odd");
        assert_eq!(ids.digits, "0123456789ab000000000000");
        assert_eq!(ids.others, [(1, "F-odd".to_owned())]);
    }
}
