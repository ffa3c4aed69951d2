//! How far one cause reaches, and what is known of it, in words.

use crate::finding::group::Group;
use crate::finding::suppression::{SuppressionSummary, Use};

use super::figure::{count, counted, utc};
use super::summary::BaselineSummary;

/// `150 findings in 150 cases by 2 actors`, with what they stand for where that differs; nothing for one alone.
pub(super) fn spread(group: &Group<'_>) -> Option<String> {
    let number = (group.findings.len() > 1).then_some(group.findings.len())?;
    let cases = match group.cases() {
        0 => String::new(),
        cases => format!(" in {}", counted(cases as u64, "case", "cases")),
    };
    let actors = counted(group.actors() as u64, "actor", "actors");
    let severities = group.severities();
    let mixed = match severities.as_slice() {
        [] | [_] => String::new(),
        several => {
            let each: Vec<String> = several.iter().map(|(name, number)| format!("{} {name}", count(*number))).collect();
            format!(" ({})", each.join(", "))
        }
    };
    Some(format!("{}{mixed}{cases} by {actors}", counted(number as u64, "finding", "findings")))
}

/// `2026-09-07 08:00:01 to 12:30:00`, to the second; one time where there is but one.
pub(super) fn when(group: &Group<'_>) -> Option<String> {
    let (first, last) = group.span().map(|(first, last)| (utc(first), utc(last)))?;
    if first == last {
        return Some(first);
    }
    let day = |time: &str| time.split_once(' ').map(|(day, _)| day.to_owned());
    match last.split_once(' ').filter(|_| day(&first) == day(&last)) {
        Some((_, hour)) => Some(format!("{first} to {hour}")),
        None => Some(format!("{first} to {last}")),
    }
}

/// What is new against the baseline, and what is gone.
pub(super) fn baseline(baseline: &BaselineSummary) -> String {
    let BaselineSummary { run, new, changed, still, absent, fixed, .. } = baseline;
    let changed = if *changed > 0 { format!(", {} changed", count(*changed)) } else { String::new() };
    let gone = match (absent, fixed) {
        (0, _) => String::new(),
        (absent, 0) => {
            let gone = counted(*absent, "is not seen again", "are not seen again");
            format!("; {gone}, which does not say that they are fixed: offpath verify {run}")
        }
        (absent, fixed) => format!("; {} not seen again, of which {} refused this time", count(*absent), count(*fixed)),
    };
    format!("against {run}: {} new{changed}, {} still there{gone}", count(*new), count(*still))
}

/// How many findings are suppressed by how many entries of the file; nothing where none is.
pub(super) fn suppressed(findings: u64, entries: &[SuppressionSummary]) -> Option<String> {
    let used = entries.iter().filter(|entry| entry.state == Use::Used).count() as u64;
    let by = if used > 0 { format!(" by {}", counted(used, "suppression", "suppressions")) } else { String::new() };
    (findings > 0).then(|| format!("{}{by}", counted(findings, "finding", "findings")))
}

/// What became of an entry, in a word or two.
pub(super) fn state(entry: &SuppressionSummary) -> &'static str {
    match entry.state {
        Use::Used => "in use",
        Use::Unused => "unused",
        Use::Expired => "expired",
        Use::NotAsked => "not asked for",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::tests::sample;
    use crate::finding::{Finding, group::groups};

    #[test]
    fn a_cause_is_told_with_its_reach() {
        let of = |id: &str, severity: &str, case: &str, micros: i64| Finding {
            case: Some(case.to_owned()),
            ..sample(id, severity, 1.0, micros)
        };
        let alone = [of("F1", "high", "order:1", 0)];
        assert_eq!(spread(&groups(&alone)[0]), None);
        assert_eq!(when(&groups(&alone)[0]).as_deref(), Some("1970-01-01 00:00:00"));
        let findings = [
            of("F1", "critical", "order:1", 5_000_000),
            of("F2", "high", "order:1", 1_000_000),
            of("F3", "high", "order:2", 9_000_000),
        ];
        let told = spread(&groups(&findings)[0]);
        assert_eq!(told.as_deref(), Some("3 findings (1 critical, 2 high) in 2 cases by 1 actor"));
        assert_eq!(when(&groups(&findings)[0]).as_deref(), Some("1970-01-01 00:00:01 to 00:00:09"));
    }
}
