//! How a deviation becomes a finding: severity, confidence and verdict, each with its terms spelled out.

use std::collections::BTreeSet;

use super::context::{self, Context};
use super::{Identity, Rule, of_check, taxonomy};
use crate::compare::{Check, Deviation};
use crate::event::{Actor, Event, ObjectId, Outcome, Value};
use crate::finding::fingerprint::{self, Meaning};
use crate::finding::time::rfc3339;
use crate::finding::{Evidence, Finding, FindingActor, FindingObject, Verdict};
use crate::model::{Model, Severity};
use offpath_capture::Place;

/// Confidence of a finding whose step the server refused by a check of its own: it did its job.
const OWN_CHECK: f32 = 0.4;
/// Tick of a clock that is told of, in microseconds: most logs have whole seconds.
const COARSE: i64 = 1_000_000;
/// Confidence when no response was seen, so that acceptance is a guess.
const NO_RESPONSE: f32 = 0.6;

/// Class of an actor of whom nothing is known.
const UNIDENTIFIED: &str = "unidentified";

/// Turns a deviation into the finding of its rule.
///
/// The model, when given, is the one that the deviation was found with; without one the verdict is *suspected*.
pub fn judge(deviation: &Deviation, model: Option<&Model>) -> Finding {
    let rule = of_check(deviation.check);
    let context = Context::new(deviation, model);
    let mut terms = Vec::new();
    let severity = severity(rule, &context, &mut terms);
    let confidence = confidence(rule, &context, &mut terms);
    let done = context.event.map(|event| step(event, &context)).unwrap_or_default();
    let fingerprint = meaning(rule, &context, &done, &class(rule, &context)).fingerprint();
    let events: Vec<_> = deviation.events.iter().map(|event| event.id).collect();
    let agent = context.event.is_some_and(|event| event.actor.agent.is_some());
    let agent_ids: &[&str] = if agent { rule.agent_taxonomy } else { &[] };
    Finding {
        id: fingerprint::identity(&fingerprint, &events, deviation.object.as_ref()),
        fingerprint,
        rule: rule.id.to_owned(),
        title: (rule.sentence)(&context),
        severity: severity.as_str().to_owned(),
        confidence,
        terms,
        verdict: verdict(&context),
        time: rfc3339(context.event.map_or(0, |event| event.time)),
        actor: finding_actor(context.event),
        object: deviation.object.as_ref().map(finding_object),
        case: deviation.case.as_ref().map(ToString::to_string),
        activity: context.event.map(context::activity).unwrap_or_default(),
        constraint: deviation.constraint.as_deref().map(str::to_owned),
        also: Vec::new(),
        expected: deviation.expected.iter().map(|step| step.to_string()).collect(),
        observed: deviation.observed.iter().map(|step| step.to_string()).collect(),
        evidence: evidence(&context),
        taxonomy: taxonomy::grouped(rule.taxonomy.iter().chain(agent_ids).copied()),
        why: why(rule, &context),
        fix: (rule.fix)(&context),
        suppressed: None,
        group: String::new(),
        evidence_hash: String::new(),
        baseline: None,
        returned: None,
    }
}

/// How sure the harm is. Without a model that somebody reviewed nothing says what was intended; a refusal stays one.
fn verdict(context: &Context<'_>) -> Verdict {
    let draft = context.model.is_some_and(|model| model.draft);
    match verdict_of_model(context) {
        Verdict::Proven | Verdict::Accepted if draft => Verdict::Suspected,
        verdict => verdict,
    }
}

fn verdict_of_model(context: &Context<'_>) -> Verdict {
    match (context.model, context.outcome(), context.deviation.moved) {
        // That something changed does not say what it does.
        _ if context.deviation.check.is_drift() => Verdict::Suspected,
        (None, ..) => Verdict::Suspected,
        (Some(_), Outcome::Rejected, _) => Verdict::Attempted,
        (Some(_), _, true) => Verdict::Proven,
        (Some(_), Outcome::Accepted, false) => Verdict::Accepted,
        (Some(_), Outcome::Unknown, false) => Verdict::Attempted,
    }
}

/// Why it matters, and what may make another step, and so somebody else, the wrong one.
fn why(rule: &Rule, context: &Context<'_>) -> String {
    let mut why = (rule.why)(context);
    if context.deviation.mid_life {
        let object = context.object_type();
        why.push_str(&format!(
            " This {object} was not seen from its beginning: the step that broke the order may be an earlier one, and \
             somebody else's."
        ));
    }
    if let Some(clock) = coarse_clock(context) {
        why.push_str(&format!(" The order of its events is not certain{clock}."));
    }
    why
}

/// `, known only to 1s`: where the deviating event and another of the evidence lie in one tick of a coarse clock.
fn coarse_clock(context: &Context<'_>) -> Option<String> {
    let event = context.event.filter(|_| context.deviation.order_certainty < 1.0)?;
    let tick = context.others().map(|other| other.tick.max(event.tick)).max().filter(|tick| *tick >= COARSE)?;
    let near = context.others().any(|other| other.time.abs_diff(event.time) < tick.unsigned_abs());
    near.then(|| format!(", known only to {}s", tick / COARSE))
}

/// The base, or the constraint's own severity, moved a step by each term that applies.
fn severity(rule: &Rule, context: &Context<'_>, terms: &mut Vec<String>) -> Severity {
    let deviation = context.deviation;
    let base = deviation.severity.unwrap_or(rule.severity);
    let origin = if deviation.severity.is_some() { "set by the model" } else { "base" };
    terms.push(format!("{origin} {}", base.as_str()));
    let refused = context.outcome() == Outcome::Rejected;
    let steps = [
        (1, !refused && deviation.moved, "accepted and the state moved"),
        (1, !refused && deviation.restricted, "restricted state"),
        (1, !refused && over_limit_in_money(context), "money over the limit"),
        (1, !refused && crosses_tenants(context), "tenants crossed"),
        (-1, refused, "refused by the server"),
        (-1, deviation.corrected, "undone by a later event"),
    ];
    let mut level = base as i8;
    for (step, applies, reason) in steps {
        if applies {
            level += step;
            terms.push(format!("{step:+} {reason}"));
        }
    }
    match level {
        i8::MIN..=0 => Severity::Low,
        1 => Severity::Medium,
        2 => Severity::High,
        3.. => Severity::Critical,
    }
}

fn over_limit_in_money(context: &Context<'_>) -> bool {
    let limited = matches!(context.deviation.check, Check::Conserve | Check::Split | Check::AgentLimit);
    limited
        && context.event.is_some_and(|event| {
            let of_objects = event.objects.iter().flat_map(|object| &object.attributes);
            event.attributes.iter().chain(of_objects).any(|(_, value)| matches!(value, Value::Money(_)))
        })
}

/// For TEN-CROSS itself the base says it already.
fn crosses_tenants(context: &Context<'_>) -> bool {
    let actor = context.event.and_then(|event| event.actor.tenant.as_ref());
    let object = context.object_ref().and_then(|object| object.tenant.as_ref());
    !matches!(context.deviation.check, Check::Tenant | Check::DelegatedTenant)
        && matches!((actor, object), (Some(actor), Some(object)) if actor != object)
}

/// The smallest of its terms, rounded to hundredths.
fn confidence(rule: &Rule, context: &Context<'_>, terms: &mut Vec<String>) -> f32 {
    let deviation = context.deviation;
    let mut factors: Vec<(f32, String)> = Vec::new();
    if let Some((tier, how)) = identity(rule, context) {
        factors.push((tier, format!("identity {how}")));
    }
    factors.push(object_evidence(context));
    factors.push((deviation.order_certainty, format!("order of events{}", coarse_clock(context).unwrap_or_default())));
    let begun = if deviation.mid_life { ": the object was not seen from its beginning" } else { "" };
    factors.push((deviation.completeness, format!("completeness of the capture{begun}")));
    factors.extend(deviation.doubt.map(|doubt| (doubt.at_most, doubt.because.to_owned())));
    match context.outcome() {
        Outcome::Unknown if deviation.check.is_drift() => {}
        Outcome::Unknown => factors.push((NO_RESPONSE, "response not seen".to_owned())),
        Outcome::Rejected => {
            if let Some(status) = own_check(rule.check, context) {
                factors.push((OWN_CHECK, format!("the server refused it by a check of its own ({status})")));
            }
        }
        Outcome::Accepted => {}
    }
    let mut least = 1.0_f32;
    for (factor, what) in factors {
        // A factor that is no number counts as no confidence.
        let factor = if factor.is_nan() { 0.0 } else { factor.clamp(0.0, 1.0) };
        least = least.min(factor);
        terms.push(format!("confidence {factor:.2} {what}"));
    }
    (least * 100.0).round() / 100.0
}

/// The weakest identity that the rule rests on, and how it was established.
fn identity(rule: &Rule, context: &Context<'_>) -> Option<(f32, &'static str)> {
    let judged: Vec<&Event> = match rule.rests_on {
        Identity::Nobody => return None,
        // Who was offered which tools hangs on the session alone.
        Identity::Actor if rule.check == Check::AgentTool && context.deviation.constraint.is_none() => return None,
        Identity::Actor => context.event.into_iter().collect(),
        Identity::Everyone => context.deviation.events.iter().collect(),
    };
    let weakest = judged.into_iter().map(|event| event.actor.evidence).min().unwrap_or_default();
    Some((weakest.confidence(), weakest.as_str()))
}

/// How well the exchange names the object: a key in the path is what the server acted on; elsewhere it may be an echo.
fn object_evidence(context: &Context<'_>) -> (f32, String) {
    let (factor, what) = match (context.deviation.object.as_ref(), context.event, context.object_ref()) {
        (None, ..) => (1.0, "no object needed"),
        (Some(_), _, Some(object))
            if object.conflicting_key.is_some() && context.deviation.check != Check::Mismatch =>
        {
            (0.6, "the request names two objects")
        }
        (Some(_), _, Some(_)) if context.model.is_none() => (0.8, "object recognised without a model"),
        (Some(id), Some(event), Some(_)) if event.path.split('/').any(|segment| segment == own_key(context, id)) => {
            (1.0, "object named by the path")
        }
        (Some(_), _, Some(_)) => (0.95, "object named outside the path"),
        (Some(_), _, None) => (0.9, "object known through its case"),
    };
    (factor, what.to_owned())
}

/// The key as exchanges show it.
fn own_key<'k>(context: &Context<'_>, id: &'k ObjectId) -> &'k str {
    let types = context.model.map(|model| &model.object_types);
    let object_type = types.into_iter().flatten().find(|object_type| object_type.name == id.object_type);
    object_type.map_or(&*id.key, |object_type| object_type.own_key(&id.key))
}

/// The status with which the server refused a step out of order: any 4xx but the two that speak of authority.
fn own_check(check: Check, context: &Context<'_>) -> Option<u16> {
    let of_order = matches!(
        check.general(),
        Check::Skip
            | Check::Order
            | Check::Repeat
            | Check::Direct
            | Check::Illegal
            | Check::Diverge
            | Check::Alternative
            | Check::Orphan
            | Check::StateField
            | Check::ApprovalMissing
            | Check::HumanMissing
    );
    let status = context.event?.status?;
    (of_order && (400..500).contains(&status) && !matches!(status, 401 | 403)).then_some(status)
}

/// What was done: the activity, else the operation, else method and path with the keys of objects left out of it.
fn step(event: &Event, context: &Context<'_>) -> String {
    if let Some(named) = event.activity.as_ref().or(event.operation.as_ref()) {
        return named.to_string();
    }
    let keys: Vec<&str> = event.objects.iter().map(|object| own_key(context, &object.id)).collect();
    let shown = |segment: &str| if keys.contains(&segment) { "{}".to_owned() } else { segment.to_owned() };
    let path: Vec<String> = event.path.split('/').map(shown).collect();
    format!("{} {}", event.method, path.join("/"))
}

/// What the actor is, for the rule that asks who may: an agent, else its kind and those of its roles that the model
/// names. Roles that the model does not know change nothing for it.
fn class<'a>(rule: &Rule, context: &Context<'a>) -> Vec<&'a str> {
    let (Some(event), Some(model)) = (context.event.filter(|_| rule.check == Check::Role), context.model) else {
        return Vec::new();
    };
    if event.actor.agent.is_some() {
        return vec!["agent"];
    }
    let named: BTreeSet<&str> =
        model.lifecycles.iter().flat_map(|l| &l.transitions).flat_map(|t| &t.by).map(|n| &**n).collect();
    let default = model.actors.default_role.as_deref();
    let roles = event.actor.roles.iter().map(|role| &**role);
    let known = roles.filter(|role| named.contains(role) || Some(*role) == default);
    std::iter::once(&*event.actor.kind).chain(known).collect()
}

/// What stays the same when the same thing happens to another object on another day.
fn meaning<'a>(rule: &Rule, context: &Context<'a>, done: &'a str, class: &'a [&'a str]) -> Meaning<'a> {
    let id = context.deviation.object.as_ref().or(context.deviation.case.as_ref());
    let edge = match (&context.deviation.constraint, context.deviation.states.as_slice()) {
        (Some(constraint), _) => constraint,
        (None, [only]) => only,
        (None, _) => "?",
    };
    Meaning {
        rule: rule.id,
        // A constraint says what it is about; on which object it was broken, not every source shows.
        object_type: id.filter(|_| context.deviation.constraint.is_none()).map_or("", |id| &id.object_type),
        edge,
        activity: done,
        class,
        model: context.model.map_or("", |model| &model.id),
    }
}

fn finding_actor(event: Option<&Event>) -> FindingActor {
    let actor = event.map(|event| &event.actor);
    let text = |value: Option<&std::sync::Arc<str>>| value.map(|text| text.to_string());
    FindingActor {
        principal: text(actor.and_then(|a| a.principal.as_ref())),
        agent: text(actor.and_then(|a| a.agent.as_ref())),
        client: text(actor.and_then(|a| a.client.as_ref())),
        tenant: text(actor.and_then(|a| a.tenant.as_ref())),
        class: actor.map_or(UNIDENTIFIED, actor_class).to_owned(),
        evidence: actor.map(|a| a.evidence).unwrap_or_default().as_str().to_owned(),
        told_in: actor.and_then(|a| a.told_in.as_ref()).map(|told| told.origin.to_string()),
    }
}

/// What an actor is, for counting: an agent, else the kind that the model tells, `identified` where it tells none.
fn actor_class(actor: &Actor) -> &str {
    match (&actor.agent, &actor.principal, &*actor.kind) {
        (Some(_), ..) => "agent",
        (None, None, _) => UNIDENTIFIED,
        (None, Some(_), "") => "identified",
        (None, Some(_), kind) => kind,
    }
}

fn finding_object(id: &ObjectId) -> FindingObject {
    FindingObject { object_type: id.object_type.to_string(), id: id.key.to_string() }
}

/// The events in time order, each with the place of its bytes.
fn evidence(context: &Context<'_>) -> Vec<Evidence> {
    let at = context.event.map(|event| event.id);
    let mut events: Vec<&Event> = context.deviation.events.iter().collect();
    events.sort_by_key(|event| event.order_key());
    events.dedup_by_key(|event| event.id);
    let evidence = |event: &Event| Evidence {
        event: event.id.to_string(),
        origin: event.origin.to_string(),
        offset: match event.origin.place {
            Place::Frames { offset, .. } | Place::Entry { offset, .. } | Place::Line { offset, .. } => offset,
        },
        role: if Some(event.id) == at { "deviating" } else { "context" }.to_owned(),
        time: rfc3339(event.time),
        principal: event.actor.principal.as_deref().map(str::to_owned),
        agent: event.actor.agent.as_deref().map(str::to_owned),
        activity: context::activity(event),
        method: event.method.to_string(),
        path: event.path.to_string(),
        status: event.status,
        outcome: event.outcome.as_str().to_owned(),
    };
    events.into_iter().map(evidence).collect()
}

#[cfg(test)]
mod tests;
