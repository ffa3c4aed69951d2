//! Operations as all traffic tells them: their templates, what they are about, and what has no life of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::completion::is_small;
use super::evidence::{Evidence, OperationEvidence};
use super::flows::Flows;
use super::name::{self, Part, Template};
use super::setting;
use super::subject::Subject;
use super::templates::{Learnt, Templates};
use crate::event::path::without_format;

/// Accepted operations by template, with what was learnt of their places and types, and the types of no life of their own.
pub(super) fn operations(
    evidence: &Evidence,
    learnt: &Templates,
    flows: &Flows,
) -> (BTreeMap<Template, OperationEvidence>, BTreeSet<Arc<str>>) {
    let mut operations = templates(evidence, learnt);
    operations.iter_mut().for_each(|(template, seen)| follow(flows, &template.raw(), seen));
    let foreign = scoped_types(&operations, flows)
        .into_iter()
        .chain(answers_only(&operations))
        .chain(setting::types(&operations));
    let foreign = foreign.collect();
    (operations, foreign)
}

/// Accepted operations by template, with what was learnt of their places.
fn templates(evidence: &Evidence, learnt: &Templates) -> BTreeMap<Template, OperationEvidence> {
    let mut merged: BTreeMap<Template, OperationEvidence> = BTreeMap::new();
    for (operation, mut seen) in evidence.operations().filter(|(operation, _)| learnt.rest(operation).is_none()) {
        let Some(template) = Template::read(operation) else { continue };
        seen.subjects.retain(|object_type, _| learnt.knows(object_type));
        let template = match learnt.learnt(&template) {
            Some(learnt) => {
                about_what_was_learnt(&learnt, &mut seen);
                learnt.template
            }
            None => template,
        };
        merged.entry(template).or_default().merge(seen);
    }
    merged
}

/// Calls are about the last variable of their path where that was learnt: nothing showed it when they were read.
fn about_what_was_learnt(learnt: &Learnt, seen: &mut OperationEvidence) {
    let parts = learnt.template.parts.iter().zip(&learnt.values).zip(&learnt.scoped).zip(&learnt.divides);
    // A tenant's things have a life of their own.
    let inner = learnt.tenant.is_none();
    let parts = parts.skip(learnt.tenant.map_or(0, |tenant| tenant + 1)).filter(|(_, divides)| !**divides);
    let variables = parts.filter_map(|(((part, value), scoped), _)| {
        let name = part.variable()?;
        Some((Arc::<str>::from(name), value.is_some(), *scoped && inner))
    });
    let mut variables: Vec<(Arc<str>, bool, bool)> = variables.collect();
    let Some((name, true, scoped)) = variables.pop() else {
        // A small number under what was learnt is only unique under it.
        if inner && seen.key.as_deref().is_some_and(is_small) {
            let of_path = seen.subjects.values_mut().filter(|subject| subject.keys.contains_key(&None));
            of_path.for_each(|subject| subject.scoped = subject.calls);
        }
        return;
    };
    // What the call made is what it is about.
    let made = |subject: &Subject| subject.keys.keys().flatten().any(|place| place.starts_with("res."));
    let calls = seen.accepted;
    if seen.subjects.values().any(made) {
        for subject in seen.subjects.values_mut() {
            *subject.others.entry((Arc::clone(&name), None)).or_default() += subject.calls;
        }
        return;
    }
    let others = variables.into_iter().map(|(name, ..)| ((name, None), calls)).collect();
    let keys = BTreeMap::from([(None, calls)]);
    let scoped = if scoped { calls } else { 0 };
    seen.subjects = BTreeMap::from([(name, Subject { calls, scoped, keys, others, ..Subject::default() })]);
}

/// Names what calls are about by the types that values tell; what stands at places whose names do not say it is what a
/// call is about where nothing else is.
fn follow(flows: &Flows, operation: &str, seen: &mut OperationEvidence) {
    for (name, mut subject) in std::mem::take(&mut seen.subjects) {
        for (place, count) in std::mem::take(&mut subject.keys) {
            let called = place.as_deref().and_then(|place| flows.called_at(&name, place));
            *subject.keys.entry(called.or(place)).or_default() += count;
        }
        for ((other, place), count) in std::mem::take(&mut subject.others) {
            *subject.others.entry((Arc::clone(flows.object_type(&other)), place)).or_default() += count;
        }
        seen.subjects.entry(Arc::clone(flows.object_type(&name))).or_default().merge(subject);
    }
    let calls = seen.accepted;
    for (place, object_type) in flows.places(operation) {
        if seen.subjects.contains_key(object_type) {
            continue;
        }
        let place = Some(Arc::clone(place));
        if let Some(subject) = seen.subjects.values_mut().next() {
            subject.others.entry((Arc::clone(object_type), place)).or_insert(calls);
        } else {
            let subject = Subject { calls, keys: BTreeMap::from([(place, calls)]), ..Subject::default() };
            seen.subjects.insert(Arc::clone(object_type), subject);
        }
    }
}

/// Types whose keys are only unique under another object.
fn scoped_types(operations: &BTreeMap<Template, OperationEvidence>, flows: &Flows) -> BTreeSet<Arc<str>> {
    let mut counts: BTreeMap<&Arc<str>, (u64, u64)> = BTreeMap::new();
    for (object_type, subject) in operations.values().flat_map(|o| &o.subjects) {
        let sum = counts.entry(object_type).or_default();
        *sum = (sum.0 + subject.scoped, sum.1 + subject.calls);
    }
    let counts = counts.into_iter().filter(|(name, _)| !flows.is_one_count(name));
    counts.filter(|(_, (scoped, calls))| scoped * 2 > *calls).map(|(name, _)| Arc::clone(name)).collect()
}

/// Types whose objects only ever appear in the answer of one operation that names one thing (`POST /login`,
/// `POST /orders/{order}/checkout`): receipts of a step rather than objects with a life.
fn answers_only(operations: &BTreeMap<Template, OperationEvidence>) -> Vec<Arc<str>> {
    let mut seen: BTreeMap<&Arc<str>, (u64, bool)> = BTreeMap::new();
    for (template, evidence) in operations {
        let last = template.parts.last();
        for (object, subject) in &evidence.subjects {
            let variable = template.parts.iter().any(|part| part.variable() == Some(&**object));
            let asked = subject.keys.keys().flatten().any(|place| !place.starts_with("res."));
            let plural = matches!(last, Some(Part::Fixed(word)) if name::is_plural(without_format(word)));
            let named = variable || asked || plural;
            let sum = seen.entry(object).or_default();
            *sum = (sum.0 + 1, sum.1 || named);
        }
    }
    for name in operations.keys().flat_map(|t| &t.parts).filter_map(Part::variable) {
        if let Some(sum) = seen.get_mut(&Arc::from(name)) {
            sum.1 = true;
        }
    }
    seen.into_iter().filter(|(_, (count, named))| *count == 1 && !named).map(|(name, _)| Arc::clone(name)).collect()
}
