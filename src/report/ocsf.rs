//! Findings as OCSF events of class Detection Finding (2004), one JSON object a line, for SIEMs and data lakes.
//!
//! What the class has no attribute for stands under `unmapped`, as OCSF asks for.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::finding::Finding;
use crate::finding::time::micros;
use crate::model::Severity;

use super::visible::visible;

/// Version of OCSF whose attributes are used.
const VERSION: &str = "1.5.0";
const CATEGORY: u32 = 2;
const CLASS: u32 = 2004;

/// Writes findings in the order given; `version` is offpath's.
///
/// # Errors
/// Those of the output.
pub fn ocsf(findings: &[Finding], version: &str, output: &mut dyn Write) -> io::Result<()> {
    for finding in findings {
        serde_json::to_writer(&mut *output, &event(finding, version))?;
        output.write_all(b"\n")?;
    }
    Ok(())
}

fn event(finding: &Finding, version: &str) -> Value {
    // A finding that an earlier run has already is told again.
    let (activity, activity_name) = if finding.is_known() { (2, "Update") } else { (1, "Create") };
    let (severity, severity_name) = severity(finding);
    let (status, status_name) = if finding.suppressed.is_some() { (3, "Suppressed") } else { (1, "New") };
    let (sure, sure_name) = confidence(finding.confidence);
    let mut event = json!({
        "activity_id": activity,
        "activity_name": activity_name,
        "category_uid": CATEGORY,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Detection Finding",
        "type_uid": CLASS * 100 + activity,
        "type_name": format!("Detection Finding: {activity_name}"),
        "time": millis(&finding.time),
        "severity_id": severity,
        "severity": severity_name,
        "status_id": status,
        "status": status_name,
        "confidence_id": sure,
        "confidence": sure_name,
        "confidence_score": (finding.confidence.clamp(0.0, 1.0) * 100.0).round() as u8,
        "is_alert": !finding.is_review() && finding.suppressed.is_none(),
        "message": visible(&finding.title),
        "metadata": {
            "version": VERSION,
            "product": {"name": "offpath", "vendor_name": "offpath", "version": version},
            "uid": finding.id,
        },
        "finding_info": {
            "uid": finding.id,
            "title": visible(&finding.title),
            "desc": visible(&finding.why),
            "created_time": millis(&finding.time),
            "types": ["API workflow"],
            "analytic": {"uid": finding.rule, "name": finding.rule, "type_id": 1, "type": "Rule"},
            "related_events": finding.evidence.iter().map(|e| json!({"uid": e.event})).collect::<Vec<_>>(),
        },
        "evidences": evidences(finding),
        "remediation": {"desc": visible(&finding.fix)},
        "unmapped": unmapped(finding),
    });
    if let (Some(reason), Some(members)) = (&finding.suppressed, event.as_object_mut()) {
        members.insert("comment".to_owned(), Value::from(visible(reason).into_owned()));
    }
    event
}

/// Milliseconds since the Unix epoch; findings are read with times only.
fn millis(time: &str) -> i64 {
    micros(time).unwrap_or(0).div_euclid(1_000)
}

fn severity(finding: &Finding) -> (u8, &'static str) {
    match finding.level() {
        Some(Severity::Low) => (2, "Low"),
        Some(Severity::Medium) => (3, "Medium"),
        Some(Severity::High) => (4, "High"),
        Some(Severity::Critical) => (5, "Critical"),
        None => (0, "Unknown"),
    }
}

fn confidence(confidence: f32) -> (u8, &'static str) {
    match confidence {
        sure if sure >= 0.8 => (3, "High"),
        sure if sure >= 0.5 => (2, "Medium"),
        sure if sure >= 0.0 => (1, "Low"),
        _ => (0, "Unknown"),
    }
}

/// Each event of the evidence: who, what, its answer, and in `data` where its bytes are.
fn evidences(finding: &Finding) -> Vec<Value> {
    let evidence = finding.evidence.iter().map(|event| {
        let mut one = json!({
            "uid": event.event,
            "api": {"operation": visible(&event.activity)},
            "data": {
                "origin": visible(&event.origin),
                "offset": event.offset,
                "role": event.role,
                "time": event.time,
                "request": format!("{} {}", visible(&event.method), visible(&event.path)),
            },
        });
        let members = one.as_object_mut();
        if let Some(members) = members {
            if let Some(principal) = &event.principal {
                members.insert("actor".to_owned(), json!({"user": {"name": visible(principal)}}));
            }
            if let Some(status) = event.status {
                members.insert(
                    "api".to_owned(),
                    json!({"operation": visible(&event.activity), "response": {"code": status}}),
                );
            }
        }
        one
    });
    evidence.collect()
}

fn unmapped(finding: &Finding) -> Value {
    json!({
        "fingerprint": finding.fingerprint,
        "group": finding.group,
        "evidence_hash": finding.evidence_hash,
        "baseline": finding.baseline,
        "verdict": finding.verdict.as_str(),
        "actor": {
            "principal": finding.actor.principal.as_deref().map(visible),
            "agent": finding.actor.agent.as_deref().map(visible),
            "client": finding.actor.client.as_deref().map(visible),
            "class": visible(&finding.actor.class),
            "evidence": finding.actor.evidence,
        },
        "object": finding.object.as_ref().map(|o| format!("{}:{}", visible(&o.object_type), visible(&o.id))),
        "case": finding.case.as_deref().map(visible),
        "constraint": finding.constraint.as_deref().map(visible),
        "expected": finding.expected.iter().map(|step| visible(step)).collect::<Vec<_>>(),
        "observed": finding.observed.iter().map(|step| visible(step)).collect::<Vec<_>>(),
        "taxonomy": finding.taxonomy,
        "returned": finding.returned.as_deref().map(visible),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::BaselineState;
    use crate::finding::tests::sample;

    fn events(findings: &[Finding]) -> Vec<Value> {
        let mut bytes = Vec::new();
        ocsf(findings, "0.1.0", &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Attributes that the class and its objects require, with the kind of their values.
    #[test]
    fn every_required_attribute_is_there_and_of_its_kind() {
        let known = Finding { baseline: Some(BaselineState::Still), ..sample("F2", "low", 0.6, 2) };
        for event in events(&[sample("F1", "critical", 0.9, 1_700_000_000_123_456), known]) {
            for integer in ["activity_id", "category_uid", "class_uid", "type_uid", "time", "severity_id"] {
                assert!(event[integer].is_i64() || event[integer].is_u64(), "{integer}: {event}");
            }
            assert_eq!((&event["category_uid"], &event["class_uid"]), (&2.into(), &2004.into()));
            let type_uid = 200_400 + event["activity_id"].as_i64().unwrap();
            assert_eq!(event["type_uid"], type_uid, "class_uid * 100 + activity_id");
            assert!(event["metadata"]["version"].is_string());
            let product = &event["metadata"]["product"];
            assert!(product["name"].is_string() && product["vendor_name"].is_string(), "{product}");
            assert!(event["finding_info"]["uid"].is_string() && event["finding_info"]["title"].is_string());
            let analytic = &event["finding_info"]["analytic"];
            assert_eq!((&analytic["type_id"], analytic["name"].is_string()), (&1.into(), true));
            let related = event["finding_info"]["related_events"].as_array().unwrap();
            assert!(related.iter().all(|event| event["uid"].is_string()), "{related:?}");
            assert!(event["remediation"]["desc"].is_string());
            for evidence in event["evidences"].as_array().unwrap() {
                assert!(evidence["api"]["operation"].is_string(), "{evidence}");
                assert!(evidence["api"]["response"]["code"].is_u64(), "{evidence}");
            }
        }
    }

    #[test]
    fn numbers_say_what_their_words_do() {
        let of = |change: fn(&mut Finding)| {
            let mut finding = sample("F1", "high", 0.9, 1_700_000_000_123_456);
            change(&mut finding);
            events(&[finding]).remove(0)
        };
        let plain = of(|_| ());
        assert_eq!(plain["time"], 1_700_000_000_123_i64);
        assert_eq!((&plain["severity_id"], &plain["severity"]), (&4.into(), &"High".into()));
        assert_eq!(
            (&plain["status_id"], &plain["is_alert"], &plain["confidence_score"]),
            (&1.into(), &true.into(), &90.into())
        );
        let quiet = of(|f| f.suppressed = Some("load test".to_owned()));
        assert_eq!(
            (&quiet["status_id"], &quiet["is_alert"], &quiet["comment"]),
            (&3.into(), &false.into(), &"load test".into())
        );
        let review = of(|f| f.confidence = 0.3);
        assert_eq!((&review["confidence_id"], &review["is_alert"]), (&1.into(), &false.into()));
        assert_eq!(of(|f| f.baseline = Some(BaselineState::Changed))["activity_id"], 2);
    }

    #[test]
    fn hidden_characters_are_spelt_out() {
        let finding = Finding { title: "a\u{202e}b\u{1b}[2J".to_owned(), ..sample("F1", "high", 0.9, 1) };
        assert_eq!(events(&[finding])[0]["message"], "a\\u{202e}b\\u{1b}[2J");
    }
}
