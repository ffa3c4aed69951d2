//! What a rule sees of a deviation, and the words in which it speaks about it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::compare::Deviation;
use crate::event::{Event, ObjectRef, Outcome, Value};
use crate::finding::text::{self, NAME_LIMIT, display_short};
use crate::model::{ActivityId, Constraint, ConstraintKind, Lifecycle, Model};

/// Most names listed in one sentence.
const LIST_LIMIT: usize = 8;

/// A deviation with its deviating event and the model it was judged by.
///
/// Every text that it returns is safe to show: names out of the capture went through [`text::display_short`].
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The deviation.
    pub deviation: &'a Deviation,
    /// The model, if there is one.
    pub model: Option<&'a Model>,
    /// The deviating event; the last of the evidence if the deviation names none of it.
    pub event: Option<&'a Event>,
}

impl<'a> Context<'a> {
    /// Looks up the deviating event.
    pub fn new(deviation: &'a Deviation, model: Option<&'a Model>) -> Self {
        let at = deviation.events.iter().find(|event| event.id == deviation.at);
        Context { deviation, model, event: at.or(deviation.events.last()) }
    }

    /// `alice performed ship on order ord_7`; `attempted` when the server refused, `sent` when no answer was seen.
    pub fn lead(&self) -> String {
        format!("{} {} {} on {}", self.actor(), self.did(), self.activity(), self.object())
    }

    /// The verb that fits the outcome.
    pub fn did(&self) -> &'static str {
        match self.outcome() {
            Outcome::Accepted => "performed",
            Outcome::Rejected => "attempted",
            Outcome::Unknown => "sent",
        }
    }

    /// The verb of a tool that fits the outcome.
    pub fn used(&self) -> &'static str {
        match self.outcome() {
            Outcome::Accepted => "used",
            Outcome::Rejected => "tried",
            Outcome::Unknown => "called",
        }
    }

    /// Outcome of the deviating event.
    pub fn outcome(&self) -> Outcome {
        self.event.map_or(Outcome::Unknown, |event| event.outcome)
    }

    /// Who did it.
    pub fn actor(&self) -> String {
        self.event.map_or_else(|| "someone".to_owned(), actor)
    }

    /// For whom it was done, without who acted for him.
    pub fn principal(&self) -> String {
        self.event.map_or_else(|| "someone".to_owned(), principal)
    }

    /// What was done.
    pub fn activity(&self) -> String {
        self.event.map_or_else(|| "a step".to_owned(), |event| name(&activity(event)))
    }

    /// The endpoint that did it, for advice on where to change the server.
    pub fn endpoint(&self) -> String {
        self.event.map_or_else(
            || "the endpoint".to_owned(),
            |event| match &event.operation {
                Some(operation) => format!("`{}`", name(operation)),
                None => format!("the endpoint of `{}`", name(&activity(event))),
            },
        )
    }

    /// What it was done to, e.g. `order ord_7`.
    pub fn object(&self) -> String {
        match self.deviation.object.as_ref().or(self.deviation.case.as_ref()) {
            Some(id) => format!("{} {}", name(&id.object_type), name(&id.key)),
            None => "no object".to_owned(),
        }
    }

    /// The kind of object, e.g. `order`.
    pub fn object_type(&self) -> String {
        let id = self.deviation.object.as_ref().or(self.deviation.case.as_ref());
        id.map_or_else(|| "object".to_owned(), |id| name(&id.object_type))
    }

    /// What the deviating event says about the object of the deviation.
    pub fn object_ref(&self) -> Option<&'a ObjectRef> {
        let wanted = self.deviation.object.as_ref()?;
        self.event?.objects.iter().find(|object| object.id == *wanted)
    }

    /// Possible states before, e.g. `new` or `new or paid`; `an unknown state` when nothing narrows them.
    pub fn state(&self) -> String {
        match names(&self.deviation.states, "or") {
            Some(states) => states,
            None => "an unknown state".to_owned(),
        }
    }

    /// States from which the model allows the activity, e.g. `paid`; `None` if it allows it from nowhere.
    pub fn allowed_from(&self) -> Option<String> {
        let model = self.model?;
        let activity = model.activity(self.event?.activity.as_deref()?)?;
        let lifecycle = self.lifecycle()?;
        let from: BTreeSet<usize> = lifecycle
            .transitions
            .iter()
            .filter(|t| t.activity == activity)
            .flat_map(|t| t.from.iter().copied())
            .collect();
        let states: Vec<&str> =
            from.iter().filter_map(|state| lifecycle.states.get(*state)).map(|s| &*s.name).collect();
        names(&states, "or")
    }

    fn lifecycle(&self) -> Option<&'a Lifecycle> {
        let model = self.model?;
        let object_type = model.object_type(&self.deviation.object.as_ref()?.object_type)?;
        model.lifecycle_of(object_type)
    }

    /// Steps that the model wants before the activity and that had not been done: what is absent or came too late. What
    /// had been done before is wanted once more: `another approve`.
    pub fn missing(&self) -> String {
        let done = self.done();
        let another = |step: &str| if done.contains(&step) { format!("another {step}") } else { step.to_owned() };
        let missing: Vec<String> = self.demanded().into_iter().map(another).collect();
        names(&missing, "and")
            .or_else(|| names(&self.deviation.expected, "and"))
            .unwrap_or_else(|| "an earlier step".to_owned())
    }

    /// ` after edit` where something missing had been done before: the step since when it is wanted again. Else nothing.
    pub fn since(&self) -> String {
        let (done, demanded) = (self.done(), self.demanded());
        let again = demanded.iter().any(|step| done.contains(step));
        let last = done.last().filter(|last| again && !demanded.contains(last));
        last.map_or_else(String::new, |last| format!(" after {}", name(last)))
    }

    /// The steps that were seen before the deviating one, of those that the deviation tells.
    fn done(&self) -> Vec<&'a str> {
        let seen: Vec<&str> = self.deviation.observed.iter().map(|s| &**s).collect();
        let activity = self.event.map(activity).unwrap_or_default();
        let end = seen.iter().rposition(|step| *step == activity).unwrap_or(0);
        seen.into_iter().take(end).collect()
    }

    /// The steps that the model wants before the deviating one.
    fn demanded(&self) -> Vec<&'a str> {
        let steps: Vec<&str> = self.deviation.expected.iter().map(|s| &**s).collect();
        let activity = self.event.map(activity).unwrap_or_default();
        let end = steps.iter().rposition(|step| *step == activity).unwrap_or(steps.len());
        steps.into_iter().take(end).collect()
    }

    /// What the model expects, joined; `fallback` if it does not say.
    pub fn expected(&self, fallback: &str) -> String {
        names(&self.deviation.expected, "and").unwrap_or_else(|| fallback.to_owned())
    }

    /// What was seen instead, joined; `fallback` if it is not said.
    pub fn observed(&self, fallback: &str) -> String {
        names(&self.deviation.observed, "and").unwrap_or_else(|| fallback.to_owned())
    }

    /// `, seen X` with the values that were compared: those the comparison gives, else those of the event and object that
    /// the expected text names. Empty if neither is known; a trace of steps is no value.
    pub fn seen(&self) -> String {
        let step = |seen: &str| {
            self.model.is_some_and(|model| model.activity(seen).is_some())
                || self.deviation.events.iter().any(|event| activity(event) == seen)
        };
        let is_trace = self.deviation.observed.iter().all(|seen| step(seen));
        let seen = if is_trace { names(&self.values(), "and") } else { names(&self.deviation.observed, "and") };
        seen.map_or_else(String::new, |seen| format!(", seen {seen}"))
    }

    /// Amounts, numbers and times that the expected text names, e.g. `event.amount = 1 EUR`. Free text stays out of
    /// sentences: it may be personal.
    fn values(&self) -> Vec<String> {
        let wanted = self.deviation.expected.join(" ");
        let of_event = self.event.into_iter().flat_map(|event| &event.attributes).flat_map(|(name, value)| {
            // An attribute goes by its name, a captured path by its own text.
            [(format!("event.{name}"), value), (name.to_string(), value)]
        });
        let of_object = self.object_ref().into_iter().flat_map(|object| {
            object.attributes.iter().map(|(name, value)| (format!("{}.{name}", object.id.object_type), value))
        });
        of_event
            .chain(of_object)
            .filter(|(path, value)| path.contains('.') && mentions(&wanted, path) && is_plain(value))
            .map(|(path, value)| format!("{path} = {value}"))
            .collect()
    }

    /// The other events of the evidence.
    pub fn others(&self) -> impl Iterator<Item = &'a Event> {
        let at = self.event.map(|event| event.id);
        self.deviation.events.iter().filter(move |event| Some(event.id) != at)
    }

    /// Activities of the other events, each once, in order.
    pub fn other_activities(&self) -> Option<String> {
        let mut activities: Vec<String> = Vec::new();
        for event in self.others() {
            let activity = activity(event);
            if !activities.contains(&activity) {
                activities.push(activity);
            }
        }
        names(&activities, "and")
    }

    /// The earlier half of a pair: the step that the broken constraint names, else what else the evidence shows.
    pub fn counterpart(&self, fallback: &str) -> String {
        let named = |id: &ActivityId| self.model?.activities.get(usize::from(id.0)).map(|a| &*a.name);
        let of_constraint: Vec<&str> = match self.constraint().map(|constraint| &constraint.kind) {
            Some(ConstraintKind::Require { activity, .. } | ConstraintKind::Never { after: activity, .. }) => {
                named(activity).into_iter().collect()
            }
            Some(ConstraintKind::DistinctPersons { activities, .. }) => {
                let person = self.event.and_then(|event| event.actor.principal.as_ref());
                let same = |step: &&str| {
                    self.others().any(|e| e.activity.as_deref() == Some(*step) && e.actor.principal.as_ref() == person)
                };
                activities.iter().filter_map(named).filter(same).collect()
            }
            _ => Vec::new(),
        };
        names(&of_constraint, "and").or_else(|| self.other_activities()).unwrap_or_else(|| fallback.to_owned())
    }

    /// How long before the deviating event the earlier half of its pair ended, in words; the last one if there are several.
    pub fn age(&self) -> Option<String> {
        let event = self.event?;
        let step = self.counterpart("");
        let ends = self.others().filter(|other| name(&activity(other)) == step).map(|other| other.end.max(other.time));
        ends.filter(|end| *end <= event.time).max().map(|end| duration(event.time.saturating_sub(end)))
    }

    /// The constraint that was broken, as the model has it.
    pub fn constraint(&self) -> Option<&'a Constraint> {
        let id = self.deviation.constraint.as_ref()?;
        self.model?.constraints.iter().find(|constraint| constraint.id == *id)
    }

    /// What changed between two runs: `order: ship from paid`.
    pub fn changed(&self) -> String {
        self.deviation.constraint.as_ref().map_or_else(|| "something".to_owned(), |what| name(what))
    }

    /// `the rule refund-le-paid`, or `fallback` when no named constraint was broken.
    pub fn rule_name(&self, fallback: &str) -> String {
        self.deviation.constraint.as_ref().map_or_else(|| fallback.to_owned(), |id| format!("the rule {}", name(id)))
    }
}

/// The business step of an event by the best name there is: activity, operation, else method and path.
pub(super) fn activity(event: &Event) -> String {
    match (&event.activity, &event.operation) {
        (Some(activity), _) => activity.to_string(),
        (None, Some(operation)) => operation.to_string(),
        (None, None) => format!("{} {}", event.method, event.path),
    }
}

/// Who did an event: `alice`, `service:payments`, `agent:shop for alice`.
pub(super) fn actor(event: &Event) -> String {
    let principal = principal(event);
    match &event.actor.agent {
        Some(agent) if agent.starts_with("agent:") => format!("{} for {principal}", name(agent)),
        Some(agent) => format!("agent:{} for {principal}", name(agent)),
        None => principal,
    }
}

/// The name of whom an event was done for, after its kind.
fn principal(event: &Event) -> String {
    let actor = &event.actor;
    match (&actor.principal, &*actor.kind) {
        (None, _) => "an unidentified actor".to_owned(),
        (Some(principal), "" | "human") => name(principal),
        (Some(principal), kind) if principal.strip_prefix(kind).is_some_and(|rest| rest.starts_with(':')) => {
            name(principal)
        }
        (Some(principal), kind) => format!("{}:{}", name(kind), name(principal)),
    }
}

/// A captured name, safe and short.
pub(super) fn name(text: &str) -> String {
    display_short(text, NAME_LIMIT)
}

/// The value of a comparison's `PATH VALUE`, e.g. `alice` of `order.owner alice`.
fn value_of(compared: &str) -> &str {
    compared.split_once(' ').filter(|(path, _)| path.contains('.')).map_or(compared, |(_, value)| value)
}

/// The compared values without their paths; `fallback` if there are none.
pub(super) fn compared(values: &[Arc<str>], fallback: &str) -> String {
    let values: Vec<&str> = values.iter().map(|value| value_of(value)).collect();
    names(&values, "or").unwrap_or_else(|| fallback.to_owned())
}

/// Microseconds, rounded to the two largest units: `2d 3h`, `22h`, `90s` as `1m 30s`.
fn duration(micros: i64) -> String {
    let least: i64 = match micros {
        86_400_000_000.. => 3_600_000_000,
        3_600_000_000.. => 60_000_000,
        _ => 1_000_000,
    };
    let seconds = micros.max(0).saturating_add(least / 2) / least * (least / 1_000_000);
    let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(parts.len() - 1);
    let shown = parts.iter().skip(first).take(2).enumerate().filter(|(i, (count, _))| *i == 0 || *count > 0);
    shown.map(|(_, (count, unit))| format!("{count}{unit}")).collect::<Vec<_>>().join(" ")
}

/// Whether an expression names a path, and not just a longer one that begins with it.
fn mentions(expression: &str, path: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    expression.match_indices(path).any(|(start, _)| {
        let (before, after) = (expression.get(..start), expression.get(start + path.len()..));
        !before.is_some_and(|b| b.ends_with(inside)) && !after.is_some_and(|a| a.starts_with(inside))
    })
}

fn is_plain(value: &Value) -> bool {
    matches!(
        value,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Money(_) | Value::Time(_) | Value::Duration(_)
    )
}

/// Names joined as in a sentence; `None` if there are none.
pub(super) fn names<S: AsRef<str>>(items: &[S], conjunction: &str) -> Option<String> {
    let mut shown: Vec<String> = items.iter().take(LIST_LIMIT).map(|item| name(item.as_ref())).collect();
    if items.len() > LIST_LIMIT {
        shown.push(format!("{} more", items.len() - LIST_LIMIT));
    }
    (!shown.is_empty()).then(|| text::list(&shown, conjunction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_show_their_two_largest_units() {
        let seconds = |seconds: i64| duration(seconds * 1_000_000);
        assert_eq!(seconds(0), "0s");
        assert_eq!(seconds(90), "1m 30s");
        assert_eq!(seconds(22 * 3600), "22h");
        assert_eq!(seconds(2 * 86_400 + 3 * 3600 + 59), "2d 3h");
        assert_eq!(duration(9 * 86_400_000_000 - 100_000), "9d");
        assert_eq!([duration(59_900_000), duration(3_599_600_000)], ["1m", "1h"]);
        assert_eq!([duration(i64::MIN), duration(i64::MAX)], ["0s", "106751991d 4h"]);
    }

    #[test]
    fn a_path_is_mentioned_only_as_a_whole() {
        assert!(mentions("event.amount == order.total", "event.amount"));
        assert!(!mentions("event.amount_left == 1", "event.amount"));
        assert!(!mentions("my.event.amount == 1", "event.amount"));
    }

    #[test]
    fn a_compared_value_loses_its_path() {
        assert_eq!(value_of("order.owner alice smith"), "alice smith");
        assert_eq!(value_of("alice smith"), "alice smith");
        assert_eq!(value_of("t_red"), "t_red");
    }
}
