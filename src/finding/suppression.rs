//! Suppressions: findings that somebody looked at and answers for, until a day.
//!
//! One covers a finding by its meaning and its evidence, or findings by patterns. It hides nothing else: what changed
//! comes back, what is over its day comes back, what also breaks a rule that nobody spoke of stays, and a name that
//! anybody can write into a request silences nobody's findings.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Finding, fingerprint, pattern};
use crate::event::Evidence;
use crate::model::suppressions::{self as file, Most, Written};
use crate::model::{Diagnostics, nearest_name, settings::Refusal};

/// Most that a file may hold.
pub const MOST: usize = 10_000;
/// Most of these that go by patterns: each is tried on each finding.
pub const MOST_PATTERNS: usize = 1_000;
/// How sure it must be who acts for a pattern over actors to count: what any client can claim stays below.
const IDENTITY_FROM: f32 = 0.5;

/// One entry of a suppression file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// What it covers.
    pub covers: Covers,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub by: String,
    /// Last day on which it counts, UTC.
    pub until: Date,
    /// Line of the file, from 1.
    pub line: usize,
}

/// What an entry covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Covers {
    /// One finding, by what it means and what shows it.
    Finding {
        /// Its fingerprint.
        fingerprint: String,
        /// Its evidence hash.
        evidence: String,
    },
    /// Findings that fit every pattern given; `*` is any text, `?` any character.
    Pattern(Patterns),
}

/// Patterns over findings; one at least is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {
    /// Rule ids: of the finding, and of all that it names as also broken.
    pub rule: Option<String>,
    /// Actor, `service:payments` with its class or `payments` of any class; where an agent acts, the agent.
    pub actor: Option<String>,
    /// Object, `order:ord_1`.
    pub object: Option<String>,
    /// Activity, else operation.
    pub activity: Option<String>,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// It covers findings.
    #[default]
    Used,
    /// No finding fits it.
    Unused,
    /// Its day is over; what it covered is back.
    Expired,
    /// No finding fits it, and none could: its rules, or what it covers, were not asked for.
    NotAsked,
}

/// An entry and what it did, as in `run.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuppressionSummary {
    /// What it covers, in the words of the file.
    pub covers: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub by: String,
    /// Last day, `2026-12-01`.
    pub until: String,
    /// Line of the file.
    pub line: u64,
    /// What became of it.
    pub state: Use,
    /// Findings that it covers, or would if its day were not over.
    pub findings: u64,
}

/// Reads a suppression file as of a day. `file` is its name for messages, `rules` are the ids that rules have.
///
/// # Errors
/// Everything that keeps the file from being used, each with its place.
pub fn read(name: &str, text: &str, today: Date, rules: &[&str]) -> Result<Vec<Suppression>, Diagnostics> {
    let is_rule = |wanted: &str| {
        if rules.iter().any(|rule| pattern::fits(wanted, rule)) {
            return Ok(());
        }
        let near = nearest_name(wanted, rules.iter().copied());
        let helps = near.map(|near| format!("did you mean `{near}`?")).into_iter().collect();
        Err(Refusal { title: format!("no rule is called `{wanted}`"), helps })
    };
    let most = Most { entries: MOST, patterns: MOST_PATTERNS };
    Ok(file::read(name, text, today, most, &is_rule)?.into_iter().map(Suppression::of).collect())
}

impl Suppression {
    fn of(written: Written) -> Self {
        let Written { finding, patterns: [rule, actor, object, activity], reason, by, until, place } = written;
        let covers = match finding {
            Some((fingerprint, evidence)) => Covers::Finding { fingerprint, evidence },
            None => Covers::Pattern(Patterns { rule, actor, object, activity }),
        };
        Suppression { covers, reason, by, until, line: place.0 }
    }

    /// What stands beside a finding that it covers.
    pub fn told(&self) -> String {
        format!("{} (by {}, until {})", self.reason, self.by, self.until)
    }
}

impl Covers {
    /// In the words of the file: `rule: ENUM, actor: service:indexer`.
    pub fn words(&self) -> String {
        match self {
            Covers::Finding { fingerprint, evidence } => format!("fingerprint: {fingerprint}, evidence: {evidence}"),
            Covers::Pattern(patterns) => {
                let given = [
                    ("rule", &patterns.rule),
                    ("actor", &patterns.actor),
                    ("object", &patterns.object),
                    ("activity", &patterns.activity),
                ];
                let words = given.iter().filter_map(|(key, value)| Some(format!("{key}: {}", value.as_ref()?)));
                words.collect::<Vec<_>>().join(", ")
            }
        }
    }
}

impl Patterns {
    /// Whether findings of a rule may fit.
    pub fn names_rule(&self, rule: &str) -> bool {
        self.rule.as_deref().is_none_or(|wanted| pattern::fits(wanted, rule))
    }

    /// Whether a finding fits all of them.
    pub fn cover(&self, finding: &Finding) -> bool {
        let fits = |pattern: &Option<String>, text: &dyn Fn(&str) -> bool| pattern.as_deref().is_none_or(text);
        let rules = || std::iter::once(&finding.rule).chain(finding.also.iter().map(|also| &also.rule));
        fits(&self.rule, &|wanted| rules().all(|rule| pattern::fits(wanted, rule)))
            && fits(&self.activity, &|wanted| pattern::fits(wanted, &finding.activity))
            && fits(&self.object, &|wanted| {
                let name = finding.object.as_ref().map(|object| format!("{}:{}", object.object_type, object.id));
                name.is_some_and(|name| pattern::fits(wanted, &name))
            })
            && fits(&self.actor, &|wanted| is_actor(wanted, finding))
    }
}

/// Whether the one who acted is surely known, and by this name.
fn is_actor(wanted: &str, finding: &Finding) -> bool {
    let actor = &finding.actor;
    let sure = Evidence::named(&actor.evidence).is_some_and(|evidence| evidence.confidence() >= IDENTITY_FROM);
    // What an agent does is not what its principal does.
    let Some(name) = actor.agent.as_ref().or(actor.principal.as_ref()).filter(|_| sure) else { return false };
    pattern::fits(wanted, name) || pattern::fits(wanted, &format!("{}:{name}", actor.class))
}

/// Marks the findings that entries cover on a day, and says what became of each entry, in their order. Of several the
/// first counts.
pub fn apply(findings: &mut [Finding], entries: &[Suppression], today: Date) -> Vec<SuppressionSummary> {
    let mut counts = vec![0_u64; entries.len()];
    let book = Book::of(entries);
    for finding in findings.iter_mut() {
        let covering = book.covering(finding);
        let counts_today = |place: &usize| entries.get(*place).is_some_and(|entry| entry.until >= today);
        let (valid, over): (Vec<usize>, Vec<usize>) = covering.into_iter().partition(counts_today);
        // What one that is over covered is not back while another covers it.
        for place in if valid.is_empty() { &over } else { &valid } {
            counts.get_mut(*place).into_iter().for_each(|count| *count += 1);
        }
        let entry = |places: &[usize]| places.first().and_then(|place| entries.get(*place));
        let expired = entry(&over);
        match entry(&valid) {
            Some(entry) => finding.suppressed = Some(entry.told()),
            None => {
                let over = expired.map(|entry| format!("its suppression is over: {}", entry.told()));
                finding.returned = over.or_else(|| book.of_other_evidence(finding));
            }
        }
    }
    let summary = |(entry, findings): (&Suppression, u64)| SuppressionSummary {
        covers: entry.covers.words(),
        reason: entry.reason.clone(),
        by: entry.by.clone(),
        until: entry.until.to_string(),
        line: entry.line as u64,
        state: match findings {
            _ if entry.until < today => Use::Expired,
            0 => Use::Unused,
            _ => Use::Used,
        },
        findings,
    };
    entries.iter().zip(counts).map(summary).collect()
}

/// Entries by how they are looked up.
struct Book<'e> {
    entries: &'e [Suppression],
    /// By fingerprint and evidence.
    exact: BTreeMap<(&'e str, &'e str), Vec<usize>>,
    /// By fingerprint and what and whom the evidence is about.
    about: BTreeMap<(&'e str, &'e str), usize>,
    patterns: Vec<(usize, &'e Patterns)>,
}

impl<'e> Book<'e> {
    fn of(entries: &'e [Suppression]) -> Self {
        let mut book = Book { entries, exact: BTreeMap::new(), about: BTreeMap::new(), patterns: Vec::new() };
        for (place, entry) in entries.iter().enumerate() {
            match &entry.covers {
                Covers::Finding { fingerprint, evidence } => {
                    book.exact.entry((fingerprint, evidence)).or_default().push(place);
                    book.about.entry((fingerprint, fingerprint::subject(evidence))).or_insert(place);
                }
                Covers::Pattern(patterns) => book.patterns.push((place, patterns)),
            }
        }
        book
    }

    /// Places of the entries that cover a finding, in order.
    fn covering(&self, finding: &Finding) -> Vec<usize> {
        let exact = self.exact.get(&(&*finding.fingerprint, &*finding.evidence_hash)).into_iter().flatten().copied();
        let patterns = self.patterns.iter().filter(|(_, patterns)| patterns.cover(finding)).map(|(place, _)| *place);
        let mut places: Vec<usize> = exact.chain(patterns).collect();
        places.sort_unstable();
        places
    }

    /// What is told of a finding whose suppression was written for what it was then.
    fn of_other_evidence(&self, finding: &Finding) -> Option<String> {
        let place = self.about.get(&(&*finding.fingerprint, fingerprint::subject(&finding.evidence_hash)))?;
        let entry = self.entries.get(*place)?;
        Some(format!("a suppression of the same by the same actor was written for other evidence: {}", entry.told()))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::tests::sample;
    use super::super::{AlsoBroken, Verdict};
    use super::*;

    const TODAY: Date = date(2026, 11, 20);

    fn entry(covers: Covers, until: Date) -> Suppression {
        Suppression { covers, reason: "load test".to_owned(), by: "a.reviewer".to_owned(), until, line: 2 }
    }

    fn pattern(change: impl FnOnce(&mut Patterns)) -> Covers {
        let mut patterns = Patterns::default();
        change(&mut patterns);
        Covers::Pattern(patterns)
    }

    fn finding() -> Finding {
        let mut finding = sample("F1", "high", 0.9, 5);
        finding.actor.principal = Some("payments".to_owned());
        finding.actor.class = "service".to_owned();
        finding.identify();
        finding
    }

    fn exactly(finding: &Finding) -> Covers {
        Covers::Finding { fingerprint: finding.fingerprint.clone(), evidence: finding.evidence_hash.clone() }
    }

    fn covers(covers: Covers, finding: &Finding) -> bool {
        let mut findings = [finding.clone()];
        apply(&mut findings, &[entry(covers, TODAY)], TODAY);
        findings[0].suppressed.is_some()
    }

    #[test]
    fn it_counts_through_its_last_day_and_then_the_finding_is_back_with_a_note() {
        for (until, state) in [(TODAY, Use::Used), (date(2026, 11, 19), Use::Expired)] {
            let mut findings = [finding()];
            let told = apply(&mut findings, &[entry(exactly(&finding()), until)], TODAY);
            assert_eq!((told[0].state, told[0].findings), (state, 1));
            let [only] = &findings;
            assert_eq!(only.suppressed.is_some(), state == Use::Used);
            assert_eq!(only.returned.as_deref().is_some_and(|note| note.contains("is over")), state == Use::Expired);
        }
        let mut findings = [finding()];
        let both =
            [entry(exactly(&finding()), date(2026, 1, 1)), entry(pattern(|p| p.rule = Some("AP-*".into())), TODAY)];
        apply(&mut findings, &both, TODAY);
        assert!(findings[0].suppressed.is_some() && findings[0].returned.is_none(), "another one still counts");
    }

    #[test]
    fn a_changed_finding_comes_back() {
        let before = exactly(&finding());
        let mut changed = finding();
        changed.verdict = Verdict::Attempted;
        changed.identify();
        let mut findings = [changed];
        let told = apply(&mut findings, &[entry(before.clone(), TODAY)], TODAY);
        assert_eq!(told[0].state, Use::Unused);
        assert!(findings[0].suppressed.is_none());
        assert!(findings[0].returned.as_deref().is_some_and(|note| note.contains("other evidence")));
        let mut of_another = finding();
        of_another.actor.principal = Some("somebody".to_owned());
        of_another.identify();
        assert!(!covers(before, &of_another));
    }

    #[test]
    fn every_pattern_has_to_fit() {
        let finding = finding();
        for (fits, change) in [
            (true, (|p| p.rule = Some("ap-*".into())) as fn(&mut Patterns)),
            (true, |p| p.actor = Some("service:pay*".into())),
            (true, |p| p.actor = Some("payments".into())),
            (true, |p| p.object = Some("refund:ref_*".into())),
            (true, |p| p.activity = Some("refund_?xecute".into())),
            (false, |p| p.actor = Some("human:payments".into())),
            (false, |p| p.object = Some("order:*".into())),
            (false, |p| (p.rule, p.activity) = (Some("AP-*".into()), Some("pay".into()))),
        ] {
            let patterns = pattern(change);
            assert_eq!(covers(patterns.clone(), &finding), fits, "{patterns:?}");
        }
    }

    #[test]
    fn a_rule_that_nobody_spoke_of_stays() {
        let mut finding = finding();
        finding.also.push(AlsoBroken {
            rule: "SEQ-ORDER".to_owned(),
            fingerprint: "f".to_owned(),
            title: "t".to_owned(),
            severity: "high".to_owned(),
            confidence: 1.0,
            verdict: Verdict::Proven,
            constraint: None,
        });
        assert!(!covers(pattern(|p| p.rule = Some("AP-MISSING".into())), &finding));
        assert!(covers(pattern(|p| p.rule = Some("*".into())), &finding));
    }

    #[test]
    fn nobody_is_silenced_by_a_name_that_anybody_can_claim() {
        for (evidence, counts) in [
            ("none", false),
            ("address", false),
            ("device", false),
            ("unproved", false),
            ("unbound", false),
            ("asserted", true),
            ("proven", true),
        ] {
            let mut finding = finding();
            finding.actor.evidence = evidence.to_owned();
            assert_eq!(covers(pattern(|p| p.actor = Some("service:payments".into())), &finding), counts, "{evidence}");
        }
        let mut by_agent = finding();
        by_agent.actor.agent = Some("helper".to_owned());
        by_agent.actor.class = "agent".to_owned();
        assert!(!covers(pattern(|p| p.actor = Some("payments".into())), &by_agent));
        assert!(covers(pattern(|p| p.actor = Some("agent:helper".into())), &by_agent));
    }
}
