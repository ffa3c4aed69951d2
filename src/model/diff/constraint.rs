//! Constraints: those dropped, weakened, strengthened and new.

use std::collections::BTreeSet;

use super::side::{Side, Sides};
use super::terms::{demanded, raised};
use super::{Changes, Direction, Found};
use crate::model::logic::{self, Relation};
use crate::model::wording::limit;
use crate::model::{
    ActivityId, Constraint, ConstraintKind, Limit, Model, ObjectTypeId, Path, Root, Schedule, Severity, quantity,
};

/// Compares all constraints: by id, else by what they say.
pub(super) fn compare(sides: &Sides<'_>, found: &mut Changes) {
    let (old, new) = (&sides.old.model.constraints, &sides.new.model.constraints);
    let named = |all: &[Constraint], id: &str| all.iter().any(|constraint| &*constraint.id == id);
    let mut renamed = BTreeSet::new();
    for was in old {
        if let Some(is) = new.iter().find(|is| is.id == was.id) {
            Pair { sides, was, is, found: &mut *found, subject: format!("constraint {}", is.id) }.compare();
            continue;
        }
        let same = |is: &&Constraint| !named(old, &is.id) && !renamed.contains(&is.id) && is_same(sides, was, is);
        match new.iter().find(same) {
            Some(is) => {
                renamed.insert(is.id.clone());
                let says = format!("the constraint `{}` is now called `{}`", was.id, is.id);
                let subject = format!("constraint {}", is.id);
                let (old, new) = (Some(was.id.to_string()), Some(is.id.to_string()));
                found.add(Direction::Changed, Severity::Low, Found { aspect: "name", subject, says, old, new });
            }
            None => alone(&sides.old, was, true, found),
        }
    }
    for is in new.iter().filter(|is| !named(old, &is.id) && !renamed.contains(&is.id)) {
        alone(&sides.new, is, false, found);
    }
}

fn is_same(sides: &Sides<'_>, was: &Constraint, is: &Constraint) -> bool {
    if std::mem::discriminant(&was.kind) != std::mem::discriminant(&is.kind) {
        return false;
    }
    let mut found = Changes::default();
    Pair { sides, was, is, found: &mut found, subject: String::new() }.compare();
    found.0.is_empty()
}

/// A constraint that only one version has.
fn alone(side: &Side<'_>, constraint: &Constraint, dropped: bool, found: &mut Changes) {
    let demand = side.model.demand(constraint);
    let approval = match &constraint.kind {
        ConstraintKind::Require { kind: Some(_), activity, before, .. } => Some((*activity, *before)),
        _ => None,
    };
    let aspect = if approval.is_some() { "approval" } else { "constraint" };
    let (direction, says) = match (dropped, approval) {
        (true, Some((activity, before))) => {
            let (activity, before) = (side.model.activity_name(activity), side.model.activity_name(before));
            (Direction::Widened, format!("approval lost: {before} no longer needs {activity}"))
        }
        (true, None) => (Direction::Widened, format!("no longer demanded: {demand}")),
        (false, _) => (Direction::Narrowed, format!("newly demanded: {demand}")),
    };
    let declared = constraint.severity.unwrap_or(Severity::High).max(Severity::High);
    let risk = if approval.is_some() { Severity::Critical } else { declared };
    let subject = format!("constraint {}", constraint.id);
    let (old, new) = if dropped { (Some(demand), None) } else { (None, Some(demand)) };
    found.add(direction, risk, Found { aspect, subject, says, old, new });
}

/// One constraint that both versions have.
pub(super) fn both(sides: &Sides<'_>, was: &Constraint, is: &Constraint, subject: String, found: &mut Changes) {
    Pair { sides, was, is, found, subject }.compare();
}

/// One constraint in both versions.
struct Pair<'p> {
    sides: &'p Sides<'p>,
    was: &'p Constraint,
    is: &'p Constraint,
    found: &'p mut Changes,
    subject: String,
}

impl Pair<'_> {
    fn compare(&mut self) {
        let (sides, was, is) = (self.sides, self.was, self.is);
        let old = was.condition.as_ref().map(|condition| sides.old.node(condition));
        let new = is.condition.as_ref().map(|condition| sides.new.node(condition));
        // What applies in less cases forbids less.
        let condition = Direction::of(logic::compare(old.as_ref(), new.as_ref()).reversed());
        let text = |constraint: &Constraint| constraint.condition.as_ref().map(|condition| condition.text.to_string());
        self.say("condition", condition, text(was), text(is));
        let weight = |constraint: &Constraint| constraint.severity.map(|severity| severity.as_str().to_owned());
        let lighter = match (was.severity, is.severity) {
            (Some(was), Some(is)) => raised(is, was),
            (was, is) => (was != is).then_some(Direction::Changed),
        };
        self.say("severity", lighter, weight(was), weight(is));
        let family = |constraint: &Constraint| constraint.family.map(|family| family.as_str().to_owned());
        let renamed = (was.family != is.family).then_some(Direction::Changed);
        self.say("family", renamed, family(was), family(is));
        match (&was.kind, &is.kind) {
            (
                ConstraintKind::Require { activity, before, per, kind, max_age, unchanged },
                ConstraintKind::Require { activity: a, before: b, per: p, kind: k, max_age: m, unchanged: u },
            ) => {
                self.activities(&[*activity, *before], &[*a, *b], false);
                self.types(*per, *p);
                self.say(
                    "approval",
                    demanded(kind, k),
                    kind.as_ref().map(ToString::to_string),
                    k.as_ref().map(ToString::to_string),
                );
                let age = match (max_age, m) {
                    (Some(was), Some(is)) => raised(*was, *is),
                    (was, is) => demanded(was, is),
                };
                self.say("age limit", age, max_age.map(quantity::duration_text), m.map(quantity::duration_text));
                let (old, new) = (sides.old.paths(unchanged), sides.new.paths(u));
                let texts = |paths: &[Path]| super::listed(paths.iter().map(|path| path.text.clone()));
                self.set("unchanged", &names(&old), &names(&new), (texts(unchanged), texts(u)), Direction::Narrowed);
            }
            (
                ConstraintKind::DistinctPersons { activities, per },
                ConstraintKind::DistinctPersons { activities: a, per: p },
            ) => {
                self.activities(activities, a, true);
                self.types(*per, *p);
            }
            (ConstraintKind::Always(old), ConstraintKind::Always(new)) => {
                let relation = logic::compare(Some(&sides.old.node(old)), Some(&sides.new.node(new)));
                self.say("demand", Direction::of(relation), Some(old.text.to_string()), Some(new.text.to_string()));
            }
            (ConstraintKind::WindowSum { .. }, ConstraintKind::WindowSum { .. })
            | (ConstraintKind::WindowCount { .. }, ConstraintKind::WindowCount { .. }) => {
                self.windows();
                if let (ConstraintKind::WindowCount { until, .. }, ConstraintKind::WindowCount { until: u, .. }) =
                    (&was.kind, &is.kind)
                {
                    self.until(until, u);
                }
            }
            (
                ConstraintKind::Never { activity, after, until, per },
                ConstraintKind::Never { activity: a, after: f, until: u, per: p },
            ) => {
                self.activities(&[*activity, *after], &[*a, *f], false);
                self.until(until, u);
                self.types(*per, *p);
            }
            (ConstraintKind::Same { .. }, ConstraintKind::Same { .. }) => self.same(),
            (ConstraintKind::Hours { activity, schedule }, ConstraintKind::Hours { activity: a, schedule: s }) => {
                self.activities(&[*activity], &[*a], false);
                let texts = (Some(schedule.text.to_string()), Some(s.text.to_string()));
                self.say("hours", hours(schedule, s), texts.0, texts.1);
            }
            _ => {
                let (old, new) = (sides.old.model.demand(was), sides.new.model.demand(is));
                self.say("demand", Some(Direction::Changed), Some(old), Some(new));
            }
        }
    }

    fn say(&mut self, aspect: &'static str, direction: Option<Direction>, old: Option<String>, new: Option<String>) {
        let Some(direction) = direction else { return };
        let demand = self.sides.new.model.demand(self.is);
        let says = match direction {
            Direction::Widened if aspect == "approval" => format!("approval lost: anybody's will do; {demand}"),
            Direction::Widened if aspect == "severity" => format!("a breach weighs less; {demand}"),
            Direction::Widened => format!("weakened, {aspect}: {demand}"),
            Direction::Narrowed => format!("strengthened, {aspect}: {demand}"),
            Direction::Changed => format!("another {aspect}: {demand}"),
        };
        let declared = self.was.severity.max(self.is.severity).unwrap_or(Severity::High);
        let risk = match aspect {
            "approval" => Severity::Critical,
            "family" => Severity::Low,
            "severity" | "hours" => Severity::Medium,
            _ => declared.max(Severity::High),
        };
        self.found.add(direction, risk, Found { aspect, subject: self.subject.clone(), says, old, new });
    }

    fn types(&mut self, old: ObjectTypeId, new: ObjectTypeId) {
        let (sides, different) = (self.sides, self.sides.old.object_type(old) != self.sides.new.object_type(new));
        let names = (sides.old.model.type_name(old).to_string(), sides.new.model.type_name(new).to_string());
        self.say("object type", different.then_some(Direction::Changed), Some(names.0), Some(names.1));
    }

    /// Activities that a constraint names: a set, in which each more demands more, or a list in which each has its part.
    fn activities(&mut self, old: &[ActivityId], new: &[ActivityId], is_set: bool) {
        let sides = self.sides;
        let was: Vec<u16> = old.iter().map(|id| sides.old.activity(*id)).collect();
        let is: Vec<u16> = new.iter().map(|id| sides.new.activity(*id)).collect();
        let texts = (
            super::listed(old.iter().map(|id| sides.old.model.activity_name(*id))),
            super::listed(new.iter().map(|id| sides.new.model.activity_name(*id))),
        );
        if is_set {
            self.set("activities", &was.into_iter().collect(), &is.into_iter().collect(), texts, Direction::Narrowed);
        } else {
            self.say("activities", (was != is).then_some(Direction::Changed), texts.0, texts.1);
        }
    }

    /// What allows again what was forbidden: each more allows more.
    fn until(&mut self, old: &[ActivityId], new: &[ActivityId]) {
        let (old_side, new_side) = (&self.sides.old, &self.sides.new);
        let was: BTreeSet<u16> = old.iter().map(|id| old_side.activity(*id)).collect();
        let is: BTreeSet<u16> = new.iter().map(|id| new_side.activity(*id)).collect();
        let texts = (
            super::listed(old.iter().map(|id| old_side.model.activity_name(*id))),
            super::listed(new.iter().map(|id| new_side.model.activity_name(*id))),
        );
        self.set("what lifts it", &was, &is, texts, Direction::Widened);
    }

    /// A set that grows, which goes in a direction, or shrinks, or both.
    fn set<T: Ord>(
        &mut self,
        aspect: &'static str,
        old: &BTreeSet<T>,
        new: &BTreeSet<T>,
        texts: (Option<String>, Option<String>),
        grown: Direction,
    ) {
        if new.difference(old).next().is_some() {
            self.say(aspect, Some(grown), texts.0.clone(), texts.1.clone());
        }
        if old.difference(new).next().is_some() {
            self.say(aspect, Some(grown.reversed()), texts.0, texts.1);
        }
    }

    fn windows(&mut self) {
        let (old, new) = (Window::of(&self.sides.old, &self.was.kind), Window::of(&self.sides.new, &self.is.kind));
        let (Some(old), Some(new)) = (old, new) else { return };
        let about = (old.activity != new.activity || old.value != new.value).then_some(Direction::Changed);
        self.say("what is counted", about, Some(old.about.clone()), Some(new.about.clone()));
        let max = match (&old.max, &new.max) {
            (Limit::Number(was), Limit::Number(is)) => raised(*was, *is),
            (Limit::Money(was), Limit::Money(is)) if was.currency == is.currency => raised(was.amount, is.amount),
            _ => Some(Direction::Changed),
        };
        self.say("limit", max, Some(limit(&old.max)), Some(limit(&new.max)));
        // In less time less adds up.
        let span = raised(new.window, old.window);
        self.say("window", span, Some(quantity::duration_text(old.window)), Some(quantity::duration_text(new.window)));
        // Finer groups have a limit each.
        self.set("groups", &old.by, &new.by, (super::listed(&old.by), super::listed(&new.by)), Direction::Widened);
        let unless = demanded(&old.unless, &new.unless).map(Direction::reversed);
        self.say("exception", unless, old.unless_name, new.unless_name);
    }

    fn same(&mut self) {
        let (
            ConstraintKind::Same { left, right, activities, unless_role },
            ConstraintKind::Same { left: l, right: r, activities: a, unless_role: roles },
        ) = (&self.was.kind, &self.is.kind)
        else {
            return;
        };
        let sides = self.sides;
        let old: BTreeSet<_> = [sides.old.path(left), sides.old.path(right)].into();
        let new: BTreeSet<_> = [sides.new.path(l), sides.new.path(r)].into();
        let texts = |a: &Path, b: &Path| Some(format!("{} is {}", a.text, b.text));
        self.say("comparison", (old != new).then_some(Direction::Changed), texts(left, right), texts(l, r));
        match (activities, a) {
            (Some(was), Some(is)) => self.activities(was, is, true),
            (None, None) => {}
            (was, is) => {
                let direction = if is.is_none() { Direction::Narrowed } else { Direction::Widened };
                let names = |model: &Model, ids: &Option<Vec<ActivityId>>| {
                    ids.as_ref().map_or(Some("any".to_owned()), |ids| {
                        super::listed(ids.iter().map(|id| model.activity_name(*id)))
                    })
                };
                self.say("activities", Some(direction), names(sides.old.model, was), names(sides.new.model, is));
            }
        }
        let (was, is): (BTreeSet<_>, BTreeSet<_>) = (unless_role.iter().collect(), roles.iter().collect());
        let texts = (super::listed(&was), super::listed(&is));
        self.set("exempt roles", &was, &is, texts, Direction::Widened);
    }
}

fn names(paths: &[Path]) -> BTreeSet<Path> {
    paths.iter().cloned().collect()
}

/// What the two constraints on windows have in common.
struct Window {
    activity: u16,
    value: Option<Path>,
    about: String,
    by: BTreeSet<String>,
    window: i64,
    max: Limit,
    unless: Option<u16>,
    unless_name: Option<String>,
}

impl Window {
    fn of(side: &Side<'_>, kind: &ConstraintKind) -> Option<Window> {
        let (activity, value, by, window, max, unless) = match kind {
            ConstraintKind::WindowSum { value, activity, by, window, max, unless } => {
                (activity, Some(value), by, window, max.clone(), *unless)
            }
            ConstraintKind::WindowCount { activity, distinct, by, window, max, .. } => {
                (activity, distinct.as_ref(), by, window, Limit::Number((*max).into()), None)
            }
            _ => return None,
        };
        let name = side.model.activity_name(*activity);
        let group = |path: &Path| {
            let path = side.path(path);
            match path.root {
                Root::Object(id) => format!("object {}", id.0),
                _ => format!("{:?} {}", path.root, path.text),
            }
        };
        Some(Window {
            activity: side.activity(*activity),
            value: value.map(|path| side.path(path)),
            about: value.map_or_else(|| name.to_string(), |value| format!("{} in {name}", value.text)),
            by: by.iter().map(group).collect(),
            window: *window,
            max,
            unless: unless.map(|id| side.activity(id)),
            unless_name: unless.map(|id| side.model.activity_name(id).to_string()),
        })
    }
}

/// How hours changed: those that lie within others are fewer.
fn hours(old: &Schedule, new: &Schedule) -> Option<Direction> {
    let within = |narrow: &Schedule, wide: &Schedule| {
        narrow.days.iter().zip(wide.days).all(|(narrow, wide)| !narrow || wide)
            && narrow.from_minute >= wide.from_minute
            && narrow.to_minute <= wide.to_minute
            && narrow.zone == wide.zone
    };
    Direction::of(match (within(old, new), within(new, old)) {
        (true, true) => Relation::Same,
        (true, false) => Relation::Looser,
        (false, true) => Relation::Tighter,
        (false, false) => Relation::Other,
    })
}
