//! Rules of a model in words: what a constraint demands, which calls perform an activity.

use std::fmt::Write as _;
use std::sync::Arc;

use super::{
    Activity, ActivityId, Constraint, ConstraintKind, Limit, Matcher, Model, ObjectTypeId, Path, Transition, quantity,
};

impl Model {
    /// What a constraint demands, in one clause: `refund_approve by a human before each refund_execute of a refund`.
    pub fn demand(&self, constraint: &Constraint) -> String {
        let name = |id: &ActivityId| self.activity_name(*id);
        let names = |ids: &[ActivityId]| ids.iter().map(name).collect::<Vec<_>>().join(", ");
        let mut text = match &constraint.kind {
            ConstraintKind::Require { activity, before, per, kind, max_age, unchanged } => {
                let by = kind.as_ref().map(|kind| format!(" by a {kind}")).unwrap_or_default();
                let mut text =
                    format!("{}{by} before each {} of one {}", name(activity), name(before), self.type_name(*per));
                if let Some(age) = max_age {
                    let _ = write!(text, ", at most {} old", quantity::duration_text(*age));
                }
                if !unchanged.is_empty() {
                    let _ = write!(text, ", {} unchanged in between", joined(unchanged));
                }
                text
            }
            ConstraintKind::DistinctPersons { activities, per } => {
                format!("different persons for {} of one {}", names(activities), self.type_name(*per))
            }
            ConstraintKind::Always(demanded) => format!("always {}", demanded.text),
            ConstraintKind::WindowSum { value, activity, by, window, max, unless } => {
                let (window, activity) = (quantity::duration_text(*window), name(activity));
                let mut text =
                    format!("sum of {} in {activity} at most {} in {window}{}", value.text, limit(max), for_each(by));
                if let Some(unless) = unless {
                    let _ = write!(text, ", unless {}", name(unless));
                }
                text
            }
            ConstraintKind::WindowCount { activity, until, distinct, by, window, max } => {
                let window = quantity::duration_text(*window);
                let of = distinct.as_ref().map(|path| format!("{} of ", path.text)).unwrap_or_default();
                let mut text = format!("at most {max} {of}{} in {window}{}", name(activity), for_each(by));
                if !until.is_empty() {
                    let _ = write!(text, ", each until {}", names(until));
                }
                text
            }
            ConstraintKind::Never { activity, after, until, per } => {
                let mut text =
                    format!("never {} after {} of one {}", name(activity), name(after), self.type_name(*per));
                if !until.is_empty() {
                    let _ = write!(text, ", until {}", names(until));
                }
                text
            }
            ConstraintKind::Same { left, right, activities, unless_role } => {
                let at = activities.as_ref().map_or("any activity".to_owned(), |ids| names(ids));
                let mut text = format!("{} is {} at {at}", left.text, right.text);
                if !unless_role.is_empty() {
                    let _ = write!(text, ", unless by {}", unless_role.join(", "));
                }
                text
            }
            ConstraintKind::Hours { activity, schedule } => format!("{} only {}", name(activity), schedule.text),
        };
        if let Some(condition) = &constraint.condition {
            let _ = write!(text, ", if {}", condition.text);
        }
        if let Some(family) = constraint.family {
            let _ = write!(text, " ({})", family.as_str());
        }
        text
    }

    /// The name of an activity.
    pub fn activity_name(&self, id: ActivityId) -> Arc<str> {
        self.activities.get(usize::from(id.0)).map_or_else(|| Arc::from("?"), |activity| Arc::clone(&activity.name))
    }

    /// The name of an object type.
    pub fn type_name(&self, id: ObjectTypeId) -> Arc<str> {
        self.object_types.get(usize::from(id.0)).map_or_else(|| Arc::from("?"), |object| Arc::clone(&object.name))
    }
}

impl Activity {
    /// The calls that perform it, each as a model names it: `POST /orders/{orderId}/payment`, `mcp tool refund`.
    pub fn calls(&self) -> Vec<String> {
        if self.unseen {
            return vec!["by the server itself".to_owned()];
        }
        self.matchers.iter().map(Matcher::text).collect()
    }
}

impl Matcher {
    /// The call in the model's words, with its host and condition.
    pub fn text(&self) -> String {
        let mut text = match &self.call {
            Some(call) => call.to_string(),
            None => {
                let segments = self.template.iter().map(|segment| format!("/{segment}"));
                format!("{} {}", self.method.as_deref().unwrap_or("*"), segments.collect::<String>())
            }
        };
        if let Some(host) = &self.host {
            let _ = write!(text, " at {host}");
        }
        if let Some(condition) = &self.condition {
            let _ = write!(text, " where {}", condition.text);
        }
        text
    }
}

impl Transition {
    /// Who may take it: `customer, agent`, `human`; `anybody` where nothing is said.
    pub fn who(&self) -> String {
        match (self.by.is_empty(), &self.kind) {
            (true, None) => "anybody".to_owned(),
            (true, Some(kind)) => format!("any {kind}"),
            (false, None) => self.by.join(", "),
            (false, Some(kind)) => format!("{} ({kind})", self.by.join(", ")),
        }
    }

    /// Under what condition it may be taken: guard, time and number; empty where nothing is said.
    pub fn terms(&self, model: &Model) -> String {
        let mut terms: Vec<String> = self.when.iter().map(|when| when.text.to_string()).collect();
        if let Some((after, max)) = self.within {
            terms.push(format!("within {} after {}", quantity::duration_text(max), model.activity_name(after)));
        }
        terms.extend(self.once.then(|| "once".to_owned()));
        terms.join("; ")
    }
}

/// A limit as it is written.
pub(in crate::model) fn limit(max: &Limit) -> String {
    match max {
        Limit::Number(number) => number.to_string(),
        Limit::Money(money) => format!("{} {}", money.amount, money.currency),
    }
}

fn for_each(by: &[Path]) -> String {
    if by.is_empty() { String::new() } else { format!(" for each {}", joined(by)) }
}

fn joined(paths: &[Path]) -> String {
    paths.iter().map(|path| &*path.text).collect::<Vec<_>>().join(", ")
}
