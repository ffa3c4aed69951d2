//! One cause, one finding: of several findings at one event the gravest stays and names the others.
//!
//! Rules look at an event from different sides. A refund that is paid out before its approval is a step before its time,
//! a payout without approval and, over a limit that approval lifts, a broken limit: one thing that somebody has to look
//! at. What has another cause, such as a wrong amount beside a missing approval, stays a finding of its own.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{self, AlsoBroken, Evidence, Finding};
use crate::model::{ConstraintKind, Model};

/// Rules whose findings say that a step was taken at a point of the object's life that no approval could have opened.
const OUT_OF_PLACE: [&str; 4] = ["SEQ-REPEAT", "ST-ILLEGAL", "ST-ORPHAN", "TX-RACE"];
/// Rules whose findings say that a required step had not been taken.
const LACKING: [&str; 5] = ["AP-AFTER", "AP-MISSING", "HITL-MISSING", "PROV-EARLY", "SUB-SELFUPGRADE"];
/// Rules whose findings say that a step came after what forbids it.
const AFTER_THE_END: [&str; 4] = ["INV-DOUBLE", "INV-OVERSELL", "PROV-RESIDUE", "ST-ORPHAN"];
/// What ST-ORPHAN expects of an object that is gone, where no lifecycle says it.
const DELETED: &str = "deleted";
/// Rules whose findings say which steps had to come first.
const TOO_SOON: [&str; 2] = ["SEQ-ORDER", "SEQ-SKIP"];

/// Folds findings of one cause into one, and sorts as every output does.
pub fn fold(mut findings: Vec<Finding>, model: Option<&Model>) -> Vec<Finding> {
    finding::sort(&mut findings);
    let mut places: BTreeMap<(String, Option<String>), Vec<Finding>> = BTreeMap::new();
    for finding in findings {
        let event = deviating(&finding).map(|evidence| evidence.event.clone()).unwrap_or_default();
        let object = finding.object.as_ref().filter(|_| finding.rule != "AG-TOOL");
        let object = object.map(|object| format!("{}:{}", object.object_type, object.id));
        places.entry((event, object)).or_default().push(finding);
    }
    let mut folded: Vec<Finding> = places.into_values().flat_map(|place| fold_place(place, model)).collect();
    finding::sort(&mut folded);
    folded
}

fn deviating(finding: &Finding) -> Option<&Evidence> {
    finding.evidence.iter().find(|evidence| evidence.role == "deviating")
}

/// Findings at one event about one object (of a tool, whatever it was about): gathered by cause, then each cause told once.
fn fold_place(findings: Vec<Finding>, model: Option<&Model>) -> Vec<Finding> {
    let mut causes: Vec<Vec<Finding>> = Vec::new();
    for finding in findings {
        // A finding may bring two together that had nothing to do with each other.
        let (same, apart): (Vec<_>, Vec<_>) =
            causes.into_iter().partition(|cause| cause.iter().any(|other| share_cause(other, &finding, model)));
        causes = apart;
        causes.push(same.into_iter().flatten().chain([finding]).collect());
    }
    causes.into_iter().filter_map(main_of).collect()
}

/// Whether two findings at one event about one object have one cause.
fn share_cause(a: &Finding, b: &Finding, model: Option<&Model>) -> bool {
    directed(a, b, model) || directed(b, a, model)
}

fn directed(a: &Finding, b: &Finding, model: Option<&Model>) -> bool {
    let missing = match b.rule.as_str() {
        rule if LACKING.contains(&rule) => b.expected.first().map(String::as_str),
        // The tools that a server listed and those that a delegation lets an agent call: one call of another.
        "AG-TOOL" => return a.rule == "AG-TOOL",
        "RULE-GUARD" => lifting(b, model),
        "UNLEARNED" => return is_of_another(&a.rule),
        rule if AFTER_THE_END.contains(&rule) => {
            // Not twice says the life, and a constraint that it is not after itself.
            let repeats = a.rule == "SEQ-REPEAT" && a.observed == b.observed;
            return repeats || AFTER_THE_END.contains(&a.rule.as_str());
        }
        _ => return false,
    };
    let Some(missing) = missing else { return false };
    let before = a.expected.iter().rev().skip(1).any(|step| step == missing);
    match a.rule.as_str() {
        rule if LACKING.contains(&rule) => a.expected.first().is_some_and(|step| step == missing),
        rule if TOO_SOON.contains(&rule) => before,
        rule if OUT_OF_PLACE.contains(&rule) => LACKING.contains(&b.rule.as_str()),
        _ => false,
    }
}

/// Whether a finding says that somebody used what is not his, of which UNLEARNED tells the same by how he came to its id.
fn is_of_another(rule: &str) -> bool {
    matches!(rule, "OWN" | "TEN-CROSS" | "DEL-TENANT" | "DEL-SCOPE")
}

/// The step that would have lifted the limit which a finding says was broken.
fn lifting<'m>(finding: &Finding, model: Option<&'m Model>) -> Option<&'m str> {
    let (model, id) = (model?, finding.constraint.as_deref()?);
    match &model.constraints.iter().find(|constraint| &*constraint.id == id)?.kind {
        ConstraintKind::WindowSum { unless: Some(unless), .. } => {
            model.activities.get(usize::from(unless.0)).map(|activity| &*activity.name)
        }
        _ => None,
    }
}

/// The finding that is told, with the rest named in it.
fn main_of(mut findings: Vec<Finding>) -> Option<Finding> {
    findings.sort_by(|a, b| rank(a).cmp(&rank(b)));
    let mut findings = findings.into_iter();
    let mut main = findings.next()?;
    for other in findings {
        for evidence in other.evidence {
            if main.evidence.iter().all(|known| known.event != evidence.event) {
                main.evidence.push(evidence);
            }
        }
        for (list, ids) in other.taxonomy {
            let known = main.taxonomy.entry(list).or_default();
            known.extend(ids);
            known.sort_unstable();
            known.dedup();
        }
        main.also.push(AlsoBroken {
            rule: other.rule,
            fingerprint: other.fingerprint,
            title: other.title,
            severity: other.severity,
            confidence: other.confidence,
            verdict: other.verdict,
            constraint: other.constraint,
        });
    }
    if !main.also.is_empty() {
        main.evidence.sort_by(|a, b| (&a.time, &a.event).cmp(&(&b.time, &b.event)));
        let mut rules: Vec<&str> = main.also.iter().map(|also| also.rule.as_str()).collect();
        let mut named = BTreeSet::from([main.rule.as_str()]);
        rules.retain(|rule| named.insert(rule));
        if !rules.is_empty() {
            main.title = format!("{} (also breaks {})", main.title, rules.join(", "));
        }
    }
    Some(main)
}

/// What counts before what is for review, the graver and surer first; else what says more of the object's life.
fn rank(finding: &Finding) -> impl Ord + '_ {
    let confidence = (finding.confidence.clamp(0.0, 1.0) * 100.0) as u8;
    let tells = match finding.rule.as_str() {
        // That the object was deleted says the least of what the model says of it, which tells each later use as well.
        "ST-ORPHAN" if finding.expected == [DELETED] => 3,
        rule if OUT_OF_PLACE.contains(&rule) => 0,
        rule if LACKING.contains(&rule) => 1,
        _ => 2,
    };
    let ties = (&finding.rule, &finding.constraint, &finding.id);
    (finding.is_review(), Reverse(finding.level()), tells, Reverse(confidence), ties)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::tests::sample;

    fn at(rule: &str, severity: &str, expected: &[&str]) -> Finding {
        let mut finding = sample(&format!("F{rule}"), severity, 1.0, 7);
        finding.rule = rule.to_owned();
        finding.title = rule.to_lowercase();
        finding.constraint = None;
        finding.expected = expected.iter().map(|step| (*step).to_owned()).collect();
        finding
    }

    fn told(findings: &[Finding]) -> Vec<String> {
        fold(findings.to_vec(), None).into_iter().map(|f| f.title).collect()
    }

    #[test]
    fn the_gravest_of_one_cause_stays_and_names_the_rest() {
        let order = at("SEQ-ORDER", "high", &["approve", "execute"]);
        let missing = at("AP-MISSING", "critical", &["approve", "execute"]);
        let folded = fold(vec![order.clone(), missing.clone()], None);
        let [main] = &folded[..] else { panic!("{folded:?}") };
        assert_eq!((main.rule.as_str(), main.id.as_str()), ("AP-MISSING", "FAP-MISSING"));
        assert_eq!(main.title, "ap-missing (also breaks SEQ-ORDER)");
        assert_eq!(main.also.len(), 1);
        assert_eq!((main.also[0].title.as_str(), main.also[0].severity.as_str()), ("seq-order", "high"));
        assert_eq!(main.evidence, missing.evidence, "the same events show both");
    }

    #[test]
    fn other_causes_events_and_objects_stay_apart() {
        let missing = at("AP-MISSING", "critical", &["approve", "execute"]);
        assert_eq!(told(&[missing.clone(), at("SEQ-SKIP", "high", &["request", "execute"])]).len(), 2);
        assert_eq!(told(&[missing.clone(), at("AP-MISSING", "high", &["review", "execute"])]).len(), 2);
        assert_eq!(told(&[missing.clone(), at("RULE-GUARD", "high", &["refund.amount <= 5"])]).len(), 2);
        let mut elsewhere = at("ST-ORPHAN", "critical", &[]);
        elsewhere.evidence[1].event = "e3".to_owned();
        assert_eq!(told(&[missing.clone(), elsewhere]).len(), 2);
        let mut of_another = at("ST-ORPHAN", "critical", &[]);
        of_another.object = None;
        assert_eq!(told(&[missing, of_another]).len(), 2);
    }

    #[test]
    fn a_step_after_the_end_needs_no_second_finding_for_its_approval() {
        let missing = at("AP-MISSING", "critical", &["approve", "execute"]);
        let orphan = at("ST-ORPHAN", "critical", &["executed"]);
        assert_eq!(told(&[missing.clone(), orphan.clone()]), ["st-orphan (also breaks AP-MISSING)"]);
        let never = Finding { constraint: Some("never".to_owned()), ..orphan.clone() };
        assert_eq!(told(&[missing, orphan, never]), ["st-orphan (also breaks AP-MISSING)"]);
    }

    #[test]
    fn a_second_time_and_a_use_of_what_is_deleted_are_told_once() {
        let seen = |mut finding: Finding, steps: [&str; 2]| {
            finding.observed = steps.map(str::to_owned).to_vec();
            finding
        };
        let again = seen(at("SEQ-REPEAT", "high", &["one release"]), ["release", "release"]);
        let double = seen(at("INV-DOUBLE", "high", &["no release after release"]), ["release", "release"]);
        assert_eq!(told(&[again.clone(), double.clone()]), ["seq-repeat (also breaks INV-DOUBLE)"]);
        assert_eq!(told(&[again, seen(double, ["sell", "release"])]).len(), 2, "after another step");
        let gone = at("ST-ORPHAN", "high", &["deleted"]);
        let residue = at("PROV-RESIDUE", "high", &["no use after off"]);
        assert_eq!(told(&[gone, residue.clone()]), ["prov-residue (also breaks ST-ORPHAN)"]);
        let end = at("ST-ORPHAN", "high", &["no use after gone"]);
        assert_eq!(told(&[end, residue]), ["st-orphan (also breaks PROV-RESIDUE)"]);
    }

    #[test]
    fn what_is_for_review_hides_nothing_that_counts() {
        let missing = at("AP-MISSING", "medium", &["approve", "execute"]);
        let orphan = Finding { confidence: 0.4, ..at("ST-ORPHAN", "critical", &[]) };
        assert_eq!(told(&[missing, orphan]), ["ap-missing (also breaks ST-ORPHAN)"]);
    }

    #[test]
    fn whose_it_is_and_how_its_id_was_come_by_are_one_thing() {
        let crossed = at("TEN-CROSS", "critical", &["north"]);
        let guessed = Finding { confidence: 0.4, ..at("UNLEARNED", "high", &[]) };
        assert_eq!(told(&[guessed.clone(), crossed]), ["ten-cross (also breaks UNLEARNED)"]);
        assert_eq!(told(&[guessed, at("SEQ-SKIP", "high", &["request", "execute"])]).len(), 2);
    }

    #[test]
    fn one_missing_word_and_one_call_are_told_once() {
        let skipped = at("SEQ-SKIP", "high", &["confirm", "pay"]);
        let unasked = at("HITL-MISSING", "critical", &["confirm", "pay"]);
        assert_eq!(told(&[skipped.clone(), unasked.clone()]), ["hitl-missing (also breaks SEQ-SKIP)"]);
        assert_eq!(told(&[at("SEQ-SKIP", "high", &["request", "pay"]), unasked]).len(), 2, "another step");
        let listed = at("AG-TOOL", "high", &["one of the 4 tools that the server listed"]);
        let denied = Finding { constraint: Some("shop".to_owned()), ..at("AG-TOOL", "high", &["not wipe"]) };
        assert_eq!(told(&[listed.clone(), denied]).len(), 1);
        let elsewhere = Finding { object: None, ..at("AG-TOOL", "high", &["not wipe"]) };
        assert_eq!(told(&[listed, elsewhere]).len(), 1, "what a call is about changes nothing");
    }

    #[test]
    fn the_order_of_findings_does_not_matter() {
        let mut findings = vec![
            at("SEQ-ORDER", "high", &["approve", "execute"]),
            at("ST-ORPHAN", "high", &[]),
            at("AP-MISSING", "high", &["approve", "execute"]),
            at("OWN", "high", &["alice"]),
        ];
        let forwards = fold(findings.clone(), None);
        assert_eq!(forwards.len(), 2, "the missing approval brings order and end together");
        findings.reverse();
        assert_eq!(fold(findings, None), forwards);
    }
}
