//! Severity, confidence and verdict term by term, on the examples of the rules' pages.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::example::{self, bare_model};
use super::super::{Identity, catalogue, find};
use super::*;
use crate::event::EventId;
use crate::event::Evidence as Tier;
use crate::model::{
    Activity, ActivityId, Constraint, ConstraintKind, Lifecycle, ObjectType, ObjectTypeId, State, Transition,
};

/// The deviation of a rule's example: accepted, state not seen to move, nothing restricted.
fn deviation(rule: &str) -> Deviation {
    let deviation = example::of(find(rule).unwrap()).deviation;
    Deviation { moved: false, restricted: false, ..deviation }
}

fn with_outcome(mut deviation: Deviation, outcome: Outcome, status: Option<u16>) -> Deviation {
    let at = deviation.at;
    let event = deviation.events.iter_mut().find(|event| event.id == at).unwrap();
    (event.outcome, event.status) = (outcome, status);
    deviation
}

fn judged(deviation: &Deviation) -> Finding {
    judge(deviation, Some(&bare_model()))
}

#[test]
fn severity_moves_a_step_a_term() {
    let base = deviation("SEQ-SKIP");
    assert_eq!(judged(&base).severity, "medium");
    assert_eq!(judged(&Deviation { moved: true, ..base.clone() }).severity, "high");
    assert_eq!(judged(&Deviation { moved: true, restricted: true, ..base.clone() }).severity, "critical");
    assert_eq!(judged(&Deviation { moved: true, corrected: true, ..base.clone() }).severity, "medium");
    assert_eq!(judged(&Deviation { corrected: true, ..base.clone() }).severity, "low");
    let refused = with_outcome(Deviation { corrected: true, ..base }, Outcome::Rejected, Some(403));
    assert_eq!(judged(&refused).severity, "low", "there is nothing below low");
}

#[test]
fn a_refused_step_reaches_no_state() {
    let refused = with_outcome(
        Deviation { restricted: true, moved: true, ..deviation("SEQ-SKIP") },
        Outcome::Rejected,
        Some(403),
    );
    let finding = judged(&refused);
    assert_eq!((finding.severity.as_str(), finding.verdict), ("low", Verdict::Attempted));
    assert!(finding.title.starts_with("service:wms attempted ship on order ord_7"), "{}", finding.title);
}

#[test]
fn the_model_may_set_the_severity() {
    let finding = judged(&Deviation { severity: Some(Severity::Low), ..deviation("OWN") });
    assert_eq!(finding.severity, "low");
    assert_eq!(finding.terms[0], "set by the model low");
}

#[test]
fn money_over_a_limit_is_graver_than_pieces_over_one() {
    let money = deviation("TX-SPLIT");
    assert_eq!(judged(&money).severity, "critical");
    let mut pieces = money;
    pieces.events.iter_mut().for_each(|event| event.attributes.clear());
    assert_eq!(judged(&pieces).severity, "high");
}

#[test]
fn a_server_that_refuses_by_its_own_checks_gives_a_review() {
    for status in [400, 404, 409, 422, 429] {
        let finding = judged(&with_outcome(deviation("SEQ-SKIP"), Outcome::Rejected, Some(status)));
        assert!(finding.is_review(), "{status}");
    }
    for status in [401, 403, 500] {
        let finding = judged(&with_outcome(deviation("SEQ-SKIP"), Outcome::Rejected, Some(status)));
        assert!(!finding.is_review(), "{status}");
    }
    // Hiding a foreign object behind 404 is a refusal of authority, whatever its number.
    assert!(!judged(&with_outcome(deviation("OWN"), Outcome::Rejected, Some(404))).is_review());
}

#[test]
fn confidence_is_that_of_the_weakest_term() {
    let mut own = deviation("OWN");
    let at = own.at;
    assert_eq!(judged(&own).confidence, 0.85);
    own.events.iter_mut().find(|event| event.id != at).unwrap().actor.evidence = Tier::Address;
    assert_eq!(judged(&own).confidence, 0.85, "only the actor's identity matters");
    own.events.iter_mut().find(|event| event.id == at).unwrap().actor.evidence = Tier::Address;
    assert_eq!(judged(&own).confidence, 0.15);

    let mut duties = deviation("SOD");
    duties.events[0].actor.evidence = Tier::Asserted;
    assert_eq!(judged(&duties).confidence, 0.6, "either identity matters");

    let mut skip = deviation("SEQ-SKIP");
    skip.events.iter_mut().for_each(|event| event.actor.evidence = Tier::None);
    assert_eq!(judged(&skip).confidence, 1.0, "no identity matters");
    assert_eq!(judged(&Deviation { order_certainty: 0.7, completeness: 0.4, ..skip.clone() }).confidence, 0.4);
    assert_eq!(judged(&Deviation { completeness: f32::NAN, ..skip }).confidence, 0.0);
}

#[test]
fn an_object_named_twice_is_doubtful_except_where_that_is_the_point() {
    for (rule, confidence) in [("SEQ-SKIP", 0.6), ("TX-MISMATCH", 1.0)] {
        let mut doubled = deviation(rule);
        doubled.events.iter_mut().for_each(|event| event.objects[0].conflicting_key = Some("ord_666".into()));
        assert_eq!(judged(&doubled).confidence, confidence, "{rule}");
    }
    let mut doubled = deviation("TX-MISMATCH");
    doubled.expected.clear();
    doubled.events.iter_mut().for_each(|event| event.objects[0].conflicting_key = Some("ord_666".into()));
    assert_eq!(judged(&doubled).title, "carol performed pay on order ord_6 with a request that also names ord_666");
}

#[test]
fn verdicts_say_how_far_it_went() {
    let base = deviation("SEQ-SKIP");
    assert_eq!(judged(&Deviation { moved: true, ..base.clone() }).verdict, Verdict::Proven);
    assert_eq!(judged(&base).verdict, Verdict::Accepted);
    assert_eq!(judge(&base, None).verdict, Verdict::Suspected);
    let draft = crate::model::Model { draft: true, ..bare_model() };
    assert_eq!(judge(&base, Some(&draft)).verdict, Verdict::Suspected, "nobody has reviewed it");
    let refused = with_outcome(base.clone(), Outcome::Rejected, Some(403));
    assert_eq!(judge(&refused, Some(&draft)).verdict, Verdict::Attempted);
    let unseen = judged(&with_outcome(base.clone(), Outcome::Unknown, None));
    assert_eq!((unseen.verdict, unseen.confidence), (Verdict::Attempted, 0.6));
    let seen_later = with_outcome(Deviation { moved: true, ..base }, Outcome::Unknown, None);
    assert_eq!(judged(&seen_later).verdict, Verdict::Proven);
}

#[test]
fn a_crossed_tenant_is_graver_but_not_twice() {
    let cross = |rule: &str| {
        let mut deviation = deviation(rule);
        deviation.expected = vec!["order.tenant red".into()];
        for event in &mut deviation.events {
            event.actor.tenant = Some("blue".into());
            // TEN-CROSS goes by what was compared, whatever the request calls it.
            event.objects[0].tenant = Some(if rule == "TEN-CROSS" { "blue" } else { "red" }.into());
        }
        judged(&Deviation { severity: Some(Severity::Medium), ..deviation })
    };
    assert_eq!(cross("SEQ-SKIP").severity, "high");
    assert_eq!(cross("TEN-CROSS").severity, "medium");
    assert!(cross("TEN-CROSS").title.ends_with("the object belongs to red, the actor to blue"));
}

#[test]
fn agents_bring_their_own_threats() {
    let mut deviation = deviation("AP-MISSING");
    assert!(!judged(&deviation).taxonomy.contains_key("asi"));
    deviation.events.iter_mut().for_each(|event| event.actor.agent = Some("shop".into()));
    let finding = judged(&deviation);
    assert_eq!(finding.taxonomy["asi"], ["ASI09"]);
    assert!(finding.title.starts_with("agent:shop for service:payments performed"), "{}", finding.title);
}

#[test]
fn one_weakness_in_two_cases_has_one_fingerprint_and_two_ids() {
    let one = deviation("SEQ-SKIP");
    let mut other = one.clone();
    for event in &mut other.events {
        event.id = EventId(event.id.0 + 100);
        event.time += 86_400_000_000;
        event.objects[0].id.key = "ord_8".into();
        event.path = "/orders/ord_8/ship".into();
        event.actor.principal = Some("service:wms-2".into());
    }
    (other.at, other.object) = (EventId(one.at.0 + 100), Some(other.events[0].objects[0].id.clone()));
    other.case.clone_from(&other.object);
    let (first, second) = (judged(&one), judged(&other));
    assert_eq!(first.fingerprint, second.fingerprint);
    assert_ne!(first.id, second.id);
    let elsewhere = judged(&Deviation { states: vec!["held".into()], ..one.clone() });
    assert_ne!(first.fingerprint, elsewhere.fingerprint);
    // How many states are possible depends on where the capture starts; that it is not one does not.
    let two = judged(&Deviation { states: vec!["a".into(), "b".into()], ..one.clone() });
    let three = judged(&Deviation { states: vec!["a".into(), "b".into(), "c".into()], ..one });
    assert_eq!(two.fingerprint, three.fingerprint);
}

#[test]
fn evidence_is_in_time_order_and_leads_to_bytes() {
    let mut deviation = deviation("SEQ-ORDER");
    deviation.events.reverse();
    deviation.events.push(deviation.events[0].clone());
    let finding = judged(&deviation);
    let roles: Vec<&str> = finding.evidence.iter().map(|e| e.role.as_str()).collect();
    assert_eq!(roles, ["context", "deviating", "context"]);
    assert_eq!(finding.evidence[1].origin, "a.pcapng#frame=2");
    assert_eq!(finding.evidence[1].offset, 24);
    assert_eq!(finding.time, finding.evidence[1].time);
}

#[test]
fn hostile_names_do_not_reach_the_sentence() {
    for rule in catalogue() {
        let mut deviation = deviation(rule.id);
        let hostile = "a\u{1b}[2J\u{202e}\n".repeat(1000);
        for event in &mut deviation.events {
            event.actor.principal = Some(hostile.as_str().into());
            event.activity = Some(hostile.as_str().into());
            event.operation = Some(hostile.as_str().into());
            event.objects[0].id.key = hostile.as_str().into();
            event.objects[0].declared_state = Some(hostile.as_str().into());
        }
        deviation.object = Some(deviation.events[0].objects[0].id.clone());
        deviation.expected = vec![hostile.as_str().into(); 50];
        deviation.observed = vec![Arc::from("\u{7}x"); 50];
        let finding = judged(&deviation);
        for text in [&finding.title, &finding.why, &finding.fix] {
            assert!(!text.contains(['\u{1b}', '\u{202e}', '\n', '\u{7}']), "{}: {text}", rule.id);
            assert!(text.chars().count() < 10_000, "{}: {} characters", rule.id, text.chars().count());
        }
    }
}

#[test]
fn a_deviation_without_evidence_is_still_a_finding() {
    for rule in catalogue() {
        let bare = Deviation { events: Vec::new(), object: None, case: None, ..deviation(rule.id) };
        let finding = judged(&bare);
        assert!(finding.evidence.is_empty());
        assert_eq!(finding.is_review(), rule.rests_on != Identity::Nobody, "{}", rule.id);
    }
}

/// order: new -pay-> paid -ship-> shipped, and a constraint that wants a human `pay` before `ship`.
fn small_model() -> Model {
    let activity = |name: &str| Activity {
        name: name.into(),
        matchers: Vec::new(),
        unseen: false,
        objects: Vec::new(),
        read: false,
        ok: None,
        signed: false,
        attributes: Vec::new(),
        idempotency: None,
        bind: Vec::new(),
        each: None,
    };
    let state = |name: &str| State { name: name.into(), also: Vec::new(), final_state: false, restricted: false };
    let step = |activity, from, to| Transition {
        activity: ActivityId(activity),
        from: vec![from],
        to,
        by: Vec::new(),
        kind: None,
        once: false,
        when: None,
        within: None,
    };
    let order = ObjectType {
        name: "order".into(),
        key: Vec::new(),
        tenant: Vec::new(),
        within_tenant: false,
        owner: None,
        state: Vec::new(),
        attributes: Vec::new(),
        parent: None,
        built_in: None,
    };
    let kind = ConstraintKind::Require {
        activity: ActivityId(0),
        before: ActivityId(1),
        per: ObjectTypeId(0),
        kind: Some("human".into()),
        max_age: None,
        unchanged: Vec::new(),
    };
    Model {
        object_types: vec![order],
        activities: vec![activity("pay"), activity("ship")],
        lifecycles: vec![Lifecycle {
            object_type: ObjectTypeId(0),
            states: vec![state("new"), state("paid"), state("shipped")],
            initial: 0,
            transitions: vec![step(0, 0, 1), step(1, 1, 2)],
        }],
        constraints: vec![Constraint { id: "pay-first".into(), kind, condition: None, severity: None, family: None }],
        ..bare_model()
    }
}

#[test]
fn advice_names_the_states_and_steps_of_the_model() {
    let model = small_model();
    let skip = judge(&deviation("SEQ-SKIP"), Some(&model));
    assert_eq!(
        skip.fix,
        "In `POST /orders/{id}/ship`, load the stored state of the order and refuse unless it is paid; check and change it \
         in one transaction."
    );
    let approval = Deviation {
        check: Check::ApprovalMissing,
        constraint: Some("pay-first".into()),
        expected: Vec::new(),
        ..deviation("SEQ-SKIP")
    };
    let approval = judge(&approval, Some(&model));
    assert_eq!(approval.title, "service:wms performed ship on order ord_7 without pay by a human actor");
    assert_eq!(approval.constraint.as_deref(), Some("pay-first"));
}

#[test]
fn a_trace_is_no_value_and_values_are_those_that_the_guard_names() {
    let mut mismatch = deviation("TX-MISMATCH");
    mismatch.observed = vec!["create".into(), "pay".into()];
    let lead = "carol performed pay on order ord_6 with values that disagree: expected event.amount == order.total";
    assert_eq!(judged(&mismatch).title, lead);
    let event = mismatch.events.last_mut().unwrap();
    event.attributes =
        vec![("amount".into(), Value::Number(1.into())), ("amount_left".into(), Value::Number(2.into()))];
    event.objects[0].attributes = vec![("total".into(), Value::Number(900.into())), ("tot".into(), Value::Null)];
    assert_eq!(judged(&mismatch).title, format!("{lead}, seen event.amount = 1 and order.total = 900"));
    mismatch.events.last_mut().unwrap().attributes[0].1 = Value::Text("alice@example.com".into());
    assert_eq!(judged(&mismatch).title, format!("{lead}, seen order.total = 900"));
}

#[test]
fn further_evidence_does_not_enter_the_pair() {
    let mut duties = deviation("SOD");
    let mut bystander = duties.events[0].clone();
    (bystander.id, bystander.activity) = (EventId(77), Some("view".into()));
    bystander.actor.principal = Some("someone-else".into());
    duties.events.insert(1, bystander);
    let mut model = small_model();
    for (activity, name) in model.activities.iter_mut().zip(["vendor_create", "vendor_pay"]) {
        activity.name = name.into();
    }
    let activities = vec![ActivityId(0), ActivityId(1)];
    model.constraints[0].kind = ConstraintKind::DistinctPersons { activities, per: ObjectTypeId(0) };
    model.constraints[0].id = "vendor-duties".into();
    assert_eq!(
        judge(&duties, Some(&model)).title,
        "dana performed vendor_pay on vendor v_12, having performed vendor_create too"
    );
}

#[test]
fn every_finding_explains_itself_in_whole_sentences() {
    for rule in catalogue() {
        let finding = judged(&deviation(rule.id));
        assert!(!finding.title.ends_with('.') && !finding.title.contains("  "), "{}", finding.title);
        for text in [&finding.why, &finding.fix] {
            assert!(text.ends_with('.') && !text.contains("  "), "{}: {text}", rule.id);
        }
        assert!(finding.taxonomy.contains_key("cwe") && finding.taxonomy.contains_key("owasp_api"), "{}", rule.id);
    }
}

proptest! {
    #[test]
    fn confidence_is_a_share_and_the_least_of_the_terms_shown(
        rule in 0..catalogue().len(), order in any::<f32>(), whole in any::<f32>(), tier in 0..3_usize,
        status in 100..600_u16, moved in any::<bool>(),
    ) {
        let mut deviation = with_outcome(deviation(catalogue()[rule].id), Outcome::Rejected, Some(status));
        for event in &mut deviation.events {
            event.actor.evidence = [Tier::None, Tier::Bound, Tier::Proven][tier];
        }
        let finding = judged(&Deviation { order_certainty: order, completeness: whole, moved, ..deviation });
        let terms = finding.terms.iter().filter_map(|term| term.strip_prefix("confidence ")?.split(' ').next()?.parse::<f32>().ok());
        let least = terms.fold(1.0_f32, f32::min);
        prop_assert!((0.0..=1.0).contains(&finding.confidence));
        prop_assert!((finding.confidence - least).abs() < 0.001, "{} against {:?}", finding.confidence, finding.terms);
        prop_assert!(finding.level().is_some());
    }
}

#[test]
fn a_fingerprint_holds_nothing_that_only_some_sources_show() {
    let seen = |rule: &str, roles: &[&str], kind: &str| {
        let mut deviation = deviation(rule);
        for event in &mut deviation.events {
            event.actor.roles = roles.iter().map(|role| (*role).into()).collect();
            (event.actor.kind, event.status, event.source) = (kind.into(), None, "combined");
        }
        let mut model = bare_model();
        model.actors.default_role = Some("customer".into());
        super::judge(&deviation, Some(&model)).fingerprint
    };
    for rule in ["SEQ-SKIP", "AP-MISSING", "OWN", "ST-ORPHAN"] {
        assert_eq!(seen(rule, &["customer"], "human"), seen(rule, &["beta-tester"], "service"), "{rule}");
    }
    let role = seen("FN-ROLE", &["customer"], "human");
    assert_eq!(role, seen("FN-ROLE", &["customer", "beta-tester"], "human"), "no model names that role");
    assert_ne!(role, seen("FN-ROLE", &[], "service"));
}
