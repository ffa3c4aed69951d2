//! Steps of the model that never happened while calls that look like them did: another version, prefix, host or method.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::naming::shown_call;
use crate::correlate::{Inspection, Pseudonyms, Why};
use crate::event::is_call;
use crate::finding::Finding;
use crate::model::{Activity, Matcher, Model, Segment, nearest_name};

/// Calls that the model does not know and that are looked at, most frequent first.
const MOST_CALLS: usize = 256;
/// Activities without an event for which a likely call is looked for.
const MOST_ACTIVITIES: usize = 256;
/// Confidence of a finding that misses a step which the model may call otherwise than the traffic.
const OTHERWISE_CALLED: f32 = 0.4;
/// Changes to a path beyond which it is another path.
const MOST_CHANGES: usize = 4;

/// A call that looks like a step which never happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Near {
    /// The activity.
    pub(super) activity: String,
    /// As the model has it: `POST /v1/orders/{order}`.
    pub(super) intended: String,
    /// As it happened, in words that may be shown: `POST /v2/orders/{order}`.
    pub(super) called: String,
    /// How often.
    pub(super) exchanges: u64,
    /// Of these, the ones that nobody refused: only what the server took can be the step.
    pub(super) unrefused: u64,
}

/// Something that the traffic calls, by its name.
struct Called {
    name: Arc<str>,
    exchanges: u64,
    unrefused: u64,
}

impl Near {
    /// `create: the model has POST /v1/orders, the traffic POST /v2/orders (412 times)`.
    pub(super) fn sentence(&self) -> String {
        let times = if self.exchanges == 1 { "once".to_owned() } else { format!("{} times", self.exchanges) };
        format!("{}: the model has {}, the traffic {} ({times})", self.activity, self.intended, self.called)
    }
}

/// The likely calls of the activities that never happened, those of most exchanges first.
pub(super) fn near(model: &Model, inspection: &Inspection, pseudonyms: Option<&Pseudonyms>) -> Vec<Near> {
    let operations = inspection.operations();
    let seen: BTreeSet<&str> = operations.iter().filter_map(|o| o.activity.as_deref()).collect();
    let other = operations.iter().filter(|o| o.activity.is_none()).map(|o| Called {
        name: o.name.clone(),
        exchanges: o.exchanges,
        unrefused: o.accepted,
    });
    let unknown = inspection
        .unmodelled()
        .into_iter()
        .filter(|call| matches!(call.why, Why::NotNamed | Why::NotRead))
        .map(|call| Called { unrefused: call.calls - call.refused, name: call.name, exchanges: call.calls });
    let mut calls: Vec<Called> = unknown.chain(other).collect();
    // What the server took comes first: a probe that was refused names nothing.
    calls.sort_by(|a, b| {
        b.unrefused.cmp(&a.unrefused).then_with(|| b.exchanges.cmp(&a.exchanges)).then_with(|| a.name.cmp(&b.name))
    });
    calls.truncate(MOST_CALLS);
    let absent = model.activities.iter().filter(|a| !seen.contains(&*a.name)).take(MOST_ACTIVITIES);
    let mut found: Vec<Near> = absent.filter_map(|activity| nearest(activity, &calls, pseudonyms)).collect();
    found.sort_by(|a, b| b.exchanges.cmp(&a.exchanges).then_with(|| a.activity.cmp(&b.activity)));
    found
}

/// Lowers the confidence of a finding that rests on a step which never happened in this traffic while calls that look
/// like it did, and were not refused: the model may call it otherwise.
pub(super) fn temper(finding: &mut Finding, near: &[Near]) {
    let missing = match finding.rule.as_str() {
        "AP-AFTER" | "AP-MISSING" | "PROV-EARLY" | "SUB-SELFUPGRADE" => finding.expected.get(..1),
        "PROC-ALT" => Some(finding.expected.as_slice()),
        "SEQ-SKIP" | "SEQ-DIRECT" => finding.expected.split_last().map(|(_, missing)| missing),
        _ => None,
    };
    let stale = |near: &&Near| near.unrefused > 0 && missing.is_some_and(|missing| missing.contains(&near.activity));
    let Some(near) = near.iter().find(stale) else { return };
    finding.confidence = finding.confidence.min(OTHERWISE_CALLED);
    finding.terms.push(format!(
        "confidence {OTHERWISE_CALLED:.2} {} never happened in this traffic, {} did",
        near.activity, near.called
    ));
}

/// How many of some near calls differ from the model by the same change, for the change that most share.
pub(super) fn shared_change(near: &[Near]) -> Option<(String, usize)> {
    let mut changes: BTreeMap<String, usize> = BTreeMap::new();
    for one in near {
        *changes.entry(change(one)?).or_default() += 1;
    }
    let most = changes.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)))?;
    (most.1 > 1).then_some(most)
}

/// What comes before the common end of two paths: `/v2 instead of /v1`.
fn change(near: &Near) -> Option<String> {
    // What is called inside a body has no path.
    (!is_call(&near.intended)).then_some(())?;
    let path =
        |call: &str| call.split_once(' ').map(|(_, path)| path.split('/').map(str::to_owned).collect::<Vec<_>>());
    let (mut intended, mut called) = (path(&near.intended)?, path(&near.called)?);
    let same = |a: &str, b: &str| a == b || a.starts_with('{') && b.starts_with('{');
    while let (Some(a), Some(b)) = (intended.last(), called.last()) {
        if !same(a, b) {
            break;
        }
        intended.pop();
        called.pop();
    }
    let (intended, called) = (intended.join("/"), called.join("/"));
    Some(match (intended.is_empty(), called.is_empty()) {
        (true, true) => "with another method".to_owned(),
        (true, false) => format!("under {called}"),
        (false, true) => format!("without {intended}"),
        (false, false) => format!("under {called} instead of {intended}"),
    })
}

fn nearest(activity: &Activity, calls: &[Called], pseudonyms: Option<&Pseudonyms>) -> Option<Near> {
    let pairs = activity.matchers.iter().flat_map(|matcher| calls.iter().map(move |call| (matcher, call)));
    // What differs in nothing is the step itself, of which a condition does not hold.
    let measured = pairs.filter_map(|(matcher, call)| Some((changes(matcher, &call.name)?, matcher, call)));
    let measured = measured.filter(|(changes, ..)| *changes > 0);
    // Of equally near ones the first: the most frequent.
    let (_, matcher, call) = measured.min_by_key(|(changes, _, call)| (call.unrefused == 0, *changes))?;
    let intended = matcher.call.as_ref().map_or_else(|| endpoint(matcher), ToString::to_string);
    Some(Near {
        activity: activity.name.to_string(),
        intended,
        called: shown_call(&call.name, matcher.host.as_deref(), pseudonyms),
        exchanges: call.exchanges,
        unrefused: call.unrefused,
    })
}

/// `POST /v1/orders/{order}`.
fn endpoint(matcher: &Matcher) -> String {
    let method = matcher.method.as_deref().unwrap_or("*");
    let host = matcher.host.as_deref().unwrap_or_default();
    let path: String = matcher.template.iter().map(|segment| format!("/{segment}")).collect();
    format!("{method} {host}{path}")
}

/// How far a call is from a matcher; `None` when it is hardly the same step. The ends of the paths must agree up to
/// spelling and versions, in most of the matcher's words; what comes before may differ.
fn changes(matcher: &Matcher, call: &str) -> Option<usize> {
    if let Some(wanted) = &matcher.call {
        // A call of the same sort, of almost the same name.
        let wanted_text = wanted.to_string();
        let sort = wanted_text.strip_suffix(&*wanted.name)?;
        return call.strip_prefix(sort).and_then(|name| nearest_name(&wanted.name, [name])).map(|_| 1);
    }
    let (method, target) = call.split_once(' ')?;
    let (host, path) = target.split_at_checked(target.find('/')?)?;
    let wanted: Vec<&Segment> =
        matcher.template.iter().filter(|s| !matches!(s, Segment::Literal(t) if t.is_empty())).collect();
    let given: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let pairs = wanted.iter().rev().zip(given.iter().rev());
    let tail: Vec<usize> = pairs.map_while(|(segment, text)| alike(segment, text)).collect();
    let (front, rest) = (wanted.len() - tail.len(), given.len() - tail.len());
    let words = |segments: &[&Segment]| segments.iter().filter(|s| is_word(s)).count();
    let (ahead, behind) = wanted.split_at_checked(front)?;
    // A parameter in front would be another object's.
    if ahead.iter().any(|s| !matches!(s, Segment::Literal(_))) || words(behind) <= words(ahead) {
        return None;
    }
    let moved = front.max(rest);
    // A host that fits would have been matched with its path.
    let other_host = matcher.host.as_deref().is_some_and(|pattern| !host.is_empty() && pattern != host);
    let cost = moved + tail.iter().sum::<usize>() + usize::from(other_host);
    (cost <= MOST_CHANGES).then_some(cost + method_change(matcher.method.as_deref(), method, cost)?)
}

/// What one segment of a call differs from a matcher's: nothing, a little, or `None` for another word.
fn alike(segment: &Segment, text: &str) -> Option<usize> {
    match segment {
        Segment::Literal(word) if **word == *text => Some(0),
        Segment::Literal(word) if is_version(word) && is_version(text) => Some(1),
        Segment::Literal(word) => nearest_name(word, [text]).map(|_| 1),
        Segment::Parameter(_) => Some(0),
        // Templates that were guessed have braces where a value was.
        Segment::Pattern(pattern) => pattern.values(text).map(|_| 0),
        Segment::Rest => None,
    }
}

/// Another method is near only among those that write, and only on the very path.
fn method_change(wanted: Option<&str>, given: &str, cost: usize) -> Option<usize> {
    let writes = |method: &str| ["POST", "PUT", "PATCH"].iter().any(|m| m.eq_ignore_ascii_case(method));
    match wanted {
        None => Some(0),
        Some(wanted) if wanted.eq_ignore_ascii_case(given) => Some(0),
        Some(wanted) => (cost == 0 && writes(wanted) && writes(given)).then_some(1),
    }
}

fn is_word(segment: &Segment) -> bool {
    matches!(segment, Segment::Literal(text) if !is_version(text))
}

fn is_version(text: &str) -> bool {
    text.strip_prefix(['v', 'V']).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CallMatcher;

    fn matcher(method: &str, path: &str) -> Matcher {
        let segments = path.split('/').filter(|s| !s.is_empty()).map(|s| match s.strip_prefix('{') {
            Some(name) => Segment::Parameter(name.trim_end_matches('}').into()),
            None => Segment::Literal(s.into()),
        });
        Matcher { method: Some(method.into()), template: segments.collect(), host: None, call: None, condition: None }
    }

    #[test]
    fn another_version_prefix_method_or_spelling_is_near() {
        let pay = matcher("POST", "/v1/orders/{order}/pay");
        for (call, cost) in [
            ("POST /v2/orders/{order}/pay", 1),
            ("POST /orders/{order}/pay", 1),
            ("POST /api/shop/v1/orders/{order}/pay", 2),
            ("PUT /v1/orders/{order}/pay", 1),
            ("POST /v1/order/{id}/pay", 1),
        ] {
            assert_eq!(changes(&pay, call), Some(cost), "{call}");
        }
        for call in [
            "POST /v1/customers/{customer}",
            "GET /v1",
            "GET /v1/orders/{order}/pay",
            "POST /v1/orders/{order}/ship",
            "POST /v1/orders/{order}",
            "POST /v1/orders/{order}/pay/{payment}",
            "POST /v1/carts/{cart}/pay",
            "GET",
        ] {
            assert_eq!(changes(&pay, call), None, "{call}");
        }
    }

    #[test]
    fn a_call_of_the_same_sort_and_almost_the_same_name_is_near() {
        let call = CallMatcher { protocol: "mcp", kind: "tool", name: "request_refund".into() };
        let refund = Matcher { method: None, template: Vec::new(), host: None, call: Some(call), condition: None };
        assert_eq!(changes(&refund, "mcp tool request_refunds"), Some(1));
        for other in
            ["mcp prompt request_refunds", "mcp tool search", "POST /request_refund", "jsonrpc method request_refund"]
        {
            assert_eq!(changes(&refund, other), None, "{other}");
        }
    }

    #[test]
    fn another_host_is_near() {
        let pay = Matcher { host: Some("api.acme.example".into()), ..matcher("POST", "/orders/{order}/pay") };
        assert_eq!(changes(&pay, "POST eu.acme.example/orders/{order}/pay"), Some(1));
    }

    #[test]
    fn a_step_that_never_happened_under_its_name_is_missed_for_review_only() {
        let near = Near {
            activity: "approve".into(),
            intended: "POST /v1/orders/{order}/approval".into(),
            called: "POST /v2/orders/{order}/approval".into(),
            exchanges: 9,
            unrefused: 1,
        };
        let refused = Near { unrefused: 0, ..near.clone() };
        let finding = |rule: &str, expected: &[&str], near: &Near| {
            let expected = expected.iter().map(ToString::to_string).collect();
            let mut finding = Finding {
                rule: rule.into(),
                confidence: 0.9,
                expected,
                ..crate::finding::tests::sample("F1", "high", 0.9, 0)
            };
            temper(&mut finding, std::slice::from_ref(near));
            finding
        };
        for (rule, expected) in [("AP-MISSING", ["approve", "pay"]), ("SEQ-SKIP", ["approve", "pay"])] {
            assert!(!finding(rule, &expected, &refused).is_review(), "{rule}: a refused probe mutes nothing");
            let finding = finding(rule, &expected, &near);
            assert!(finding.is_review() && finding.terms.iter().any(|t| t.contains("POST /v2/orders")), "{rule}");
        }
        for (rule, expected) in [("AP-MISSING", ["check", "approve"]), ("FN-ROLE", ["approve", "pay"])] {
            assert!(!finding(rule, &expected, &near).is_review(), "{rule}");
        }
    }

    #[test]
    fn a_change_that_all_share_is_said_once() {
        let near = |intended: &str, called: &str| Near {
            activity: "a".into(),
            intended: intended.into(),
            called: called.into(),
            exchanges: 1,
            unrefused: 1,
        };
        let version = [
            near("POST /v1/orders/{order}", "POST /v2/orders/{id}"),
            near("POST /v1/orders/{order}/pay", "POST /v2/orders/{id}/pay"),
        ];
        assert_eq!(shared_change(&version), Some(("under /v2 instead of /v1".into(), 2)));
        assert_eq!(shared_change(&version[..1]), None);
        let prefix = [near("POST /orders", "POST /api/orders"), near("GET /orders/{order}", "GET /api/orders/{order}")];
        assert_eq!(shared_change(&prefix), Some(("under /api".into(), 2)));
    }
}
