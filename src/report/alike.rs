//! Findings that mean the same, told as one: the gravest first, of equals those of most findings.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Finding;

use super::figure::counted;
use super::verdict::severity_rank;

/// Open findings of one fingerprint and standing, in the order of all findings.
#[derive(Debug)]
pub(super) struct Alike<'f>(pub(super) Vec<&'f Finding>);

/// All open findings, those alike together.
pub(super) fn alike(findings: &[Finding]) -> Vec<Alike<'_>> {
    let mut groups: BTreeMap<(usize, &str), Vec<(usize, &Finding)>> = BTreeMap::new();
    for (place, finding) in findings.iter().enumerate().filter(|(_, finding)| finding.suppressed.is_none()) {
        groups.entry((severity_rank(finding.standing()), &finding.fingerprint)).or_default().push((place, finding));
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|((rank, _), group)| (*rank, Reverse(group.len()), group.first().map(|(place, _)| *place)));
    groups.into_iter().map(|(_, group)| Alike(group.into_iter().map(|(_, finding)| finding).collect())).collect()
}

impl Alike<'_> {
    /// `150 findings in 150 cases by 2 actors`; nothing for one alone.
    pub(super) fn spread(&self) -> Option<String> {
        let some = (self.0.len() > 1).then_some(&self.0)?;
        let cases: BTreeSet<&str> = some.iter().filter_map(|finding| finding.case.as_deref()).collect();
        let actors: BTreeSet<(&Option<String>, &Option<String>)> =
            some.iter().map(|finding| (&finding.actor.principal, &finding.actor.agent)).collect();
        let cases = match cases.len() {
            0 => String::new(),
            number => format!(" in {}", counted(number as u64, "case", "cases")),
        };
        let found = counted(some.len() as u64, "finding", "findings");
        Some(format!("{found}{cases} by {}", counted(actors.len() as u64, "actor", "actors")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::tests::sample;

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
            of("F4", "critical", "c", "order:3", "bert"),
            of("F5", "critical", "c", "order:3", "carl"),
        ];
        findings.push(Finding { suppressed: Some("known".to_owned()), ..of("F6", "critical", "c", "order:4", "dora") });
        let told: Vec<(String, Option<String>)> =
            alike(&findings).iter().map(|group| (group.0[0].id.clone(), group.spread())).collect();
        let many = Some("3 findings in 2 cases by 2 actors".to_owned());
        assert_eq!(told, [("F3".to_owned(), many), ("F2".to_owned(), None), ("F1".to_owned(), None)]);
    }

    #[test]
    fn what_is_for_review_is_apart() {
        let surely = of("F1", "critical", "a", "order:1", "anna");
        let perhaps = Finding { confidence: 0.4, ..of("F2", "critical", "a", "order:2", "anna") };
        assert_eq!(
            alike(&[perhaps, surely]).iter().map(|group| group.0[0].id.as_str()).collect::<Vec<_>>(),
            ["F1", "F2"]
        );
    }
}
