//! Findings of one cause as one group: one meaning, by one class of actor, however often it happened.
//!
//! A hundred thousand occurrences of a dozen weaknesses are a dozen things to look at. What a group is made of
//! (rule, constraint or state before the step, activity, class of actor) is fixed by the model, never chosen by who acts;
//! without a model operations stand in for activities.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{BaselineState, Finding, fingerprint};

/// Open findings of one meaning and one class of actor, in the order of all findings: the gravest that count first.
#[derive(Clone, Debug)]
pub struct Group<'f> {
    /// Its findings; there is at least one.
    pub findings: Vec<&'f Finding>,
}

/// One group in numbers, as in `run.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupSummary {
    /// `G` and 12 hex digits.
    pub id: String,
    /// What its findings mean.
    pub fingerprint: String,
    /// Rule id.
    pub rule: String,
    /// Constraint that was broken, if one was.
    pub constraint: Option<String>,
    /// Type of the object of the example.
    pub object_type: Option<String>,
    /// Activity, else operation.
    pub activity: String,
    /// Class of actor.
    pub class: String,
    /// What the gravest stands for: a severity, or `review`.
    pub severity: String,
    /// Open findings.
    pub findings: u64,
    /// Of these by what they stand for.
    pub severities: BTreeMap<String, u64>,
    /// Findings of the same cause that are suppressed.
    pub suppressed: u64,
    /// Distinct cases.
    pub cases: u64,
    /// Distinct actors.
    pub actors: u64,
    /// Time of the earliest.
    pub first: String,
    /// Time of the latest.
    pub last: String,
    /// Of the open findings, those that the baseline does not have; none without a baseline.
    pub new: Option<u64>,
    /// Id of the finding to look at first.
    pub example: String,
    /// Its sentence.
    pub title: String,
    /// The command that shows it.
    pub show: String,
}

/// The open findings as groups: the gravest first, of equals those with most findings as grave.
pub fn groups(findings: &[Finding]) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<(&str, &str), Vec<(usize, &Finding)>> = BTreeMap::new();
    for (place, finding) in findings.iter().enumerate().filter(|(_, finding)| finding.suppressed.is_none()) {
        groups.entry((&finding.fingerprint, &finding.actor.class)).or_default().push((place, finding));
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    for group in &mut groups {
        // What counts stands before what is for review, also where that would be graver.
        group.sort_by_key(|(place, finding)| (Reverse(finding.gravity()), *place));
    }
    groups.sort_by_cached_key(|group| {
        let first = group.first();
        let gravest = first.map(|(_, finding)| finding.gravity());
        let as_grave = group.iter().take_while(|(_, finding)| Some(finding.gravity()) == gravest).count();
        (Reverse(gravest), Reverse(as_grave), Reverse(group.len()), first.map(|(place, _)| *place))
    });
    groups.into_iter().map(|group| Group { findings: group.into_iter().map(|(_, f)| f).collect() }).collect()
}

/// The groups in numbers, in the same order.
pub fn summaries(findings: &[Finding]) -> Vec<GroupSummary> {
    let mut suppressed: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.suppressed.is_some()) {
        *suppressed.entry((&finding.fingerprint, &finding.actor.class)).or_default() += 1;
    }
    let hidden = |f: &Finding| suppressed.get(&(&*f.fingerprint, &*f.actor.class)).copied().unwrap_or(0);
    groups(findings).iter().filter_map(|group| group.summary(group.findings.first().map_or(0, |f| hidden(f)))).collect()
}

impl<'f> Group<'f> {
    /// The finding to look at first: the gravest that counts, of equals the earliest.
    pub fn example(&self) -> Option<&'f Finding> {
        self.findings.first().copied()
    }

    /// Distinct cases.
    pub fn cases(&self) -> usize {
        self.findings.iter().filter_map(|finding| finding.case.as_deref()).collect::<BTreeSet<_>>().len()
    }

    /// Distinct actors; those whom nobody knows are told apart by their clients.
    pub fn actors(&self) -> usize {
        let who = |finding: &&'f Finding| {
            let actor = &finding.actor;
            let client = actor.principal.is_none().then_some(actor.client.as_deref()).flatten();
            (actor.principal.as_deref(), actor.agent.as_deref(), client)
        };
        self.findings.iter().map(who).collect::<BTreeSet<_>>().len()
    }

    /// Findings by what they stand for, gravest first.
    pub fn severities(&self) -> Vec<(&'f str, u64)> {
        let mut counts: BTreeMap<Reverse<u8>, (&str, u64)> = BTreeMap::new();
        for finding in &self.findings {
            counts.entry(Reverse(finding.gravity())).or_insert((finding.standing(), 0)).1 += 1;
        }
        counts.into_values().collect()
    }

    /// Times of the earliest and the latest.
    pub fn span(&self) -> Option<(&'f str, &'f str)> {
        let times = || self.findings.iter().map(|finding| finding.time.as_str());
        Some((times().min()?, times().max()?))
    }

    /// The findings that stand for the group: those that count, where any does.
    pub fn counting(&self) -> impl Iterator<Item = &'f Finding> {
        let review = self.example().is_none_or(Finding::is_review);
        self.findings.iter().copied().filter(move |finding| review || !finding.is_review())
    }

    /// How many of those that stand for it the baseline does not have; `None` without a baseline.
    pub fn fresh(&self) -> Option<u64> {
        let states = || self.counting().filter_map(|finding| finding.baseline);
        states().next()?;
        Some(states().filter(|state| *state == BaselineState::New).count() as u64)
    }

    fn summary(&self, suppressed: u64) -> Option<GroupSummary> {
        let example = self.example()?;
        let (first, last) = self.span()?;
        Some(GroupSummary {
            id: fingerprint::group_of(example),
            fingerprint: example.fingerprint.clone(),
            rule: example.rule.clone(),
            constraint: example.constraint.clone(),
            object_type: example.object.as_ref().map(|object| object.object_type.clone()),
            activity: example.activity.clone(),
            class: example.actor.class.clone(),
            severity: example.standing().to_owned(),
            findings: self.findings.len() as u64,
            severities: self.severities().into_iter().map(|(name, count)| (name.to_owned(), count)).collect(),
            suppressed,
            cases: self.cases() as u64,
            actors: self.actors() as u64,
            first: first.to_owned(),
            last: last.to_owned(),
            new: self.fresh(),
            example: example.id.clone(),
            title: example.title.clone(),
            show: format!("offpath show {}", example.id),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::sample;
    use super::*;

    fn of(id: &str, severity: &str, meaning: &str, case: &str, who: &str) -> Finding {
        let mut finding = sample(id, severity, 1.0, 7);
        finding.fingerprint = meaning.to_owned();
        finding.case = Some(case.to_owned());
        finding.actor.principal = Some(who.to_owned());
        finding
    }

    #[test]
    fn one_weakness_in_many_cases_is_one_with_its_counts() {
        let mut findings = vec![
            of("F1", "high", "a", "order:1", "anna"),
            of("F2", "critical", "b", "order:1", "anna"),
            of("F3", "critical", "c", "order:2", "bert"),
            of("F4", "high", "c", "order:3", "bert"),
            of("F5", "critical", "c", "order:3", "carl"),
        ];
        findings.push(Finding { suppressed: Some("known".to_owned()), ..of("F6", "critical", "c", "order:4", "dora") });
        let told = summaries(&findings);
        let ids: Vec<&str> = told.iter().map(|group| group.example.as_str()).collect();
        assert_eq!(ids, ["F3", "F2", "F1"]);
        let first = &told[0];
        assert_eq!((first.findings, first.cases, first.actors, first.suppressed, first.new), (3, 2, 2, 1, None));
        assert_eq!(first.severities, BTreeMap::from([("critical".to_owned(), 2), ("high".to_owned(), 1)]));
        assert_eq!(first.id, fingerprint::group("c", "human"));
    }

    #[test]
    fn what_counts_is_the_example_and_not_what_is_for_review() {
        let perhaps = Finding { confidence: 0.4, ..of("F2", "critical", "a", "order:2", "anna") };
        let findings = [perhaps, of("F1", "medium", "a", "order:1", "anna")];
        let told = summaries(&findings);
        assert_eq!((told.len(), told[0].example.as_str(), told[0].severity.as_str()), (1, "F1", "medium"));
        assert_eq!(told[0].severities.get("review"), Some(&1));
        assert_eq!(groups(&findings)[0].counting().map(|finding| finding.id.as_str()).collect::<Vec<_>>(), ["F1"]);
        assert_eq!(groups(&findings[..1])[0].counting().count(), 1, "where nothing counts, what is for review stands");
    }

    #[test]
    fn classes_of_actors_are_apart_and_strangers_are_told_by_their_clients() {
        let mut findings = vec![of("F1", "high", "a", "o:1", "anna"), of("F2", "high", "a", "o:1", "anna")];
        findings[1].actor.class = "agent".to_owned();
        assert_eq!(groups(&findings).len(), 2);
        for (place, finding) in findings.iter_mut().enumerate() {
            finding.actor.class = "unidentified".to_owned();
            finding.actor.principal = None;
            finding.actor.client = Some(format!("10.0.0.{place}"));
        }
        assert_eq!(groups(&findings)[0].actors(), 2);
    }

    proptest! {
        #[test]
        fn every_open_finding_is_in_one_group_and_groups_stand_gravest_first(
            keys in proptest::collection::vec((0..4_usize, 0..3_u8, 0..2_u8, any::<bool>(), 0.0_f32..1.0), 0..30)
        ) {
            let names = ["low", "medium", "high", "critical"];
            let mut findings: Vec<Finding> = keys.iter().enumerate().map(|(place, (severity, meaning, class, hidden, sure))| {
                let mut finding = sample(&format!("F{place}"), names[*severity], *sure, place as i64);
                finding.fingerprint = meaning.to_string();
                finding.actor.class = class.to_string();
                finding.suppressed = hidden.then(|| "known".to_owned());
                finding
            }).collect();
            super::super::sort(&mut findings);
            let groups = groups(&findings);
            let mut told: Vec<&str> = groups.iter().flat_map(|g| &g.findings).map(|f| f.id.as_str()).collect();
            let mut open: Vec<&str> =
                findings.iter().filter(|f| f.suppressed.is_none()).map(|f| f.id.as_str()).collect();
            told.sort_unstable();
            open.sort_unstable();
            prop_assert_eq!(told, open);
            let gravest: Vec<u8> = groups.iter().map(|g| g.findings.iter().map(|f| f.gravity()).max().unwrap()).collect();
            prop_assert!(gravest.windows(2).all(|pair| pair[0] >= pair[1]));
            prop_assert!(groups.iter().all(|g| g.severities().iter().map(|(_, n)| n).sum::<u64>() == g.findings.len() as u64));
            prop_assert!(groups.iter().all(|g| g.findings.iter().all(|f| f.fingerprint == g.findings[0].fingerprint
                && f.actor.class == g.findings[0].actor.class)));
        }
    }
}
