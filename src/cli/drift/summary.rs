//! The record of a comparison.

use std::collections::BTreeMap;

use super::Stored;
use crate::cli::args::Drift;
use crate::drift::statistics::{Method, Share};
use crate::drift::{Cause, Caveat, Change, Compared, Key, Kind, Side, first_seen, subject};
use crate::event::rfc3339;
use crate::finding::Finding;
use crate::report::{ChangeSummary, DriftSummary, MarkSummary, RuleStatus, RuleSummary, RunSummary, TooFewSummary};
use crate::rule;

/// Everything that was compared.
pub(super) fn summary(
    args: &Drift,
    (base, run): (&Stored, &Stored),
    compared: &Compared,
    findings: &[Finding],
    caveats: &[Caveat],
) -> DriftSummary {
    let modelled = run.run.summary.model.is_some();
    let mark = |mark: &crate::drift::Mark| MarkSummary { time: rfc3339(mark.time), name: mark.name.clone() };
    let changes = compared.causes.iter().zip(findings).flat_map(|(cause, finding)| changes(cause, finding, modelled));
    let few = compared.too_few.iter().map(|few| TooFewSummary {
        what: group(&few.key, modelled),
        before: few.before,
        after: few.after,
    });
    let mut marks: Vec<MarkSummary> = args.mark.iter().map(mark).collect();
    marks.sort_by(|a, b| (&a.time, &a.name).cmp(&(&b.time, &b.name)));
    DriftSummary {
        base: base.run.path.display().to_string(),
        run: run.run.path.display().to_string(),
        base_window: base.run.summary.window.clone(),
        base_cases: base.habits.totals.cases,
        min_cases: args.min_cases,
        fdr: args.fdr,
        min_effect: args.min_effect,
        tested: compared.tested,
        marks,
        changes: changes.collect(),
        too_few: few.collect(),
        too_few_in_all: compared.too_few_in_all,
        caveats: caveats.iter().map(|caveat| caveat.text.clone()).collect(),
    }
}

/// What a comparison is about, before it is known how it came out.
fn group(key: &Key, modelled: bool) -> String {
    match key.kind {
        Kind::Step if key.what.is_empty() => {
            format!("{}: steps {} {}", key.of, if modelled { "from" } else { "after" }, key.from)
        }
        Kind::Actor => format!("who does {}", key.of),
        _ => subject_of(key, modelled),
    }
}

fn subject_of(key: &Key, modelled: bool) -> String {
    let side = || Side::default();
    let change = Change {
        key: key.clone(),
        check: crate::compare::Check::DriftFrequency,
        direction: crate::drift::Direction::More,
        before: side(),
        after: side(),
        p: 1.0,
        corrected: 1.0,
        method: Method::Fisher,
        effect: 0.0,
        difference: (0.0, (0.0, 0.0)),
        doubt: None,
    };
    subject(&change, modelled)
}

fn changes(cause: &Cause, finding: &Finding, modelled: bool) -> Vec<ChangeSummary> {
    let pair = |share: Share| (share.count, share.of);
    let change = |(at, change): (usize, &Change)| ChangeSummary {
        finding: finding.id.clone(),
        rule: rule::of_check(change.check).id.to_owned(),
        lead: at == 0,
        what: subject(change, modelled),
        direction: change.direction.as_str().to_owned(),
        before: pair(change.before.share),
        after: pair(change.after.share),
        difference: change.difference.0,
        interval: change.difference.1,
        effect: change.effect,
        test: if change.method == Method::Fisher { "fisher" } else { "g_test" }.to_owned(),
        p: change.p,
        corrected_p: change.corrected,
        actors: change.after.cell.actors,
        first_seen: first_seen(change).map(rfc3339),
        cases_before: change.before.cell.examples.clone(),
        cases_after: change.after.cell.examples.clone(),
        renamed: cause.renamed,
    };
    cause.changes.iter().enumerate().map(change).collect()
}

/// The run's record with what drift found in the place of what its check found.
pub(super) fn of_run(run: RunSummary, compared: &Compared, findings: &[Finding], drift: DriftSummary) -> RunSummary {
    let count = |id: &str| findings.iter().filter(|finding| finding.rule == id).count() as u64;
    let also =
        |id: &str| findings.iter().flat_map(|finding| &finding.also).filter(|also| also.rule == id).count() as u64;
    let rules = rule::catalogue().iter().filter(|rule| rule.check.is_drift()).map(|rule| {
        let tested = compared.by_check.get(&rule.check).copied().unwrap_or(0);
        let evaluated = tested > 0 || count(rule.id) > 0;
        RuleSummary {
            id: rule.id.to_owned(),
            title: rule.title.to_owned(),
            status: if evaluated { RuleStatus::Evaluated } else { RuleStatus::Idle },
            by_source: BTreeMap::from([("runs".to_owned(), (tested.max(count(rule.id)), count(rule.id), 0))]),
            findings: count(rule.id),
            also: also(rule.id),
            not_evaluated: (!evaluated).then(|| "nothing in these runs for it to compare".to_owned()),
            ..RuleSummary::default()
        }
    });
    RunSummary {
        command: "drift".to_owned(),
        rules: rules.collect(),
        baseline: None,
        suppressions: Vec::new(),
        groups_left_out: 0,
        drift: Some(drift),
        ..run
    }
}
