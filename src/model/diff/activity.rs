//! Activities: which calls perform them, what they touch, what counts as accepted.

use std::collections::{BTreeMap, BTreeSet};

use super::side::{Side, Sides};
use super::{Changes, Direction, Found};
use crate::model::expression::Node;
use crate::model::{Activity, ActivityId, ActivityObject, Expression, Matcher, Path, Severity, logic, shape};

/// Compares all activities.
pub(super) fn compare(sides: &Sides<'_>, found: &mut Changes) {
    let at = |side: &Side<'_>, id: Option<ActivityId>| {
        id.map(|id| usize::from(id.0)).filter(|at| *at < side.model.activities.len())
    };
    for (old, new) in sides.activities() {
        let was = at(&sides.old, old).and_then(|at| sides.old.model.activities.get(at));
        let is = at(&sides.new, new).and_then(|at| sides.new.model.activities.get(at));
        match (was, is) {
            (Some(was), Some(is)) => Pair { sides, was, is, subject: format!("activity {}", is.name) }.compare(found),
            (None, Some(is)) => alone(is, Direction::Widened, found),
            (Some(was), None) => alone(was, Direction::Narrowed, found),
            (None, None) => {}
        }
    }
}

/// An activity that only one version has.
fn alone(activity: &Activity, direction: Direction, found: &mut Changes) {
    let (calls, subject) = (activity.calls().join(" | "), format!("activity {}", activity.name));
    let says = match direction {
        Direction::Widened => "a step of its own now",
        _ => "no longer a step",
    };
    let texts = one_sided(direction, &calls);
    let one = Found { aspect: "activity", subject: subject.clone(), says: says.to_owned(), old: texts.0, new: texts.1 };
    found.add(direction, Severity::Medium, one);
    judged(direction, subject, &calls, found);
}

/// What is a step is judged, and what is none goes unnoticed: the other side of each call that comes or goes.
fn judged(direction: Direction, subject: String, calls: &str, found: &mut Changes) {
    let says = match direction {
        Direction::Widened => format!("judged from now on: {calls}"),
        _ => format!("goes unnoticed from now on: {calls}"),
    };
    let (old, new) = one_sided(direction, calls);
    found.add(direction.reversed(), Severity::High, Found { aspect: "judgement", subject, says, old, new });
}

/// A text that only one version has.
fn one_sided(direction: Direction, text: &str) -> (Option<String>, Option<String>) {
    let text = Some(text.to_owned());
    if direction == Direction::Widened { (None, text) } else { (text, None) }
}

struct Pair<'p> {
    sides: &'p Sides<'p>,
    was: &'p Activity,
    is: &'p Activity,
    subject: String,
}

impl Pair<'_> {
    fn compare(&self, found: &mut Changes) {
        let (was, is, sides, subject) = (self.was, self.is, self.sides, &self.subject);
        if was.name != is.name {
            let says = format!("the activity `{}` is now called `{}`", was.name, is.name);
            let (old, new) = (Some(was.name.to_string()), Some(is.name.to_string()));
            self.add(Direction::Changed, Severity::Low, "name", says, (old, new), found);
        }
        self.calls(found);
        self.flag(
            "read",
            (was.read, is.read),
            ["it may now move no state and is never out of order", "it may move states now"],
            found,
        );
        self.flag(
            "unseen",
            (was.unseen, is.unseen),
            ["the server may now take it at any time, unseen", "it is a call now"],
            found,
        );
        self.flag(
            "sign",
            (was.signed, is.signed),
            ["its amounts may be below zero now", "its amounts are zero or more now"],
            found,
        );
        let nodes = |side: &Side<'_>, own: Option<&Expression>| own.map(|own| (side.node(own), own.text.to_string()));
        self.expressions("acceptance", nodes(&sides.old, was.ok.as_ref()), nodes(&sides.new, is.ok.as_ref()), found);
        let paths = |paths: &[Path]| super::listed(paths.iter().map(|path| &path.text));
        let one = |path: &Option<Path>| path.as_ref().map(|path| path.text.to_string());
        found.differs(Severity::Medium, "idempotency key", subject, one(&was.idempotency), one(&is.idempotency));
        found.differs(Severity::Medium, "bulk path", subject, one(&was.each), one(&is.each));
        let bound = |activity: &Activity| {
            let all: BTreeSet<String> =
                activity.bind.iter().map(|(a, b)| format!("{} to {}", a.text, b.text)).collect();
            super::listed(all)
        };
        found.differs(Severity::High, "bound credential", subject, bound(was), bound(is));
        let objects = |side: &Side<'_>, activity: &Activity| -> Vec<(u16, Option<String>, String)> {
            let name = |object: &ActivityObject| side.model.type_name(object.object_type).to_string();
            let object =
                |object: &ActivityObject| (side.object_type(object.object_type), paths(&object.key), name(object));
            let mut all: Vec<_> = activity.objects.iter().map(object).collect();
            // The first is what it is about; the others have no order.
            if let Some((_, rest)) = all.split_first_mut() {
                rest.sort();
            }
            all
        };
        let (old, new) = (objects(&sides.old, was), objects(&sides.new, is));
        if old.iter().map(|(id, key, _)| (id, key)).ne(new.iter().map(|(id, key, _)| (id, key))) {
            let text = |all: &[(u16, Option<String>, String)]| {
                super::listed(
                    all.iter()
                        .map(|(_, key, name)| key.as_ref().map_or(name.clone(), |key| format!("{name} by {key}"))),
                )
            };
            self.add(
                Direction::Changed,
                Severity::High,
                "object",
                "it is about other objects".to_owned(),
                (text(&old), text(&new)),
                found,
            );
        }
        let attributes = |side: &Side<'_>, activity: &Activity| -> BTreeMap<String, (Node, String)> {
            let all = activity.attributes.iter();
            all.map(|(name, own)| (name.to_string(), (side.node(own), own.text.to_string()))).collect()
        };
        let (old, new) = (attributes(&sides.old, was), attributes(&sides.new, is));
        for name in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            let named =
                |value: Option<&(Node, String)>| value.map(|(node, text)| (node.clone(), format!("{name}: {text}")));
            self.expressions("attribute", named(old.get(name)), named(new.get(name)), found);
        }
    }

    fn add(
        &self,
        direction: Direction,
        risk: Severity,
        aspect: &'static str,
        says: String,
        (old, new): (Option<String>, Option<String>),
        found: &mut Changes,
    ) {
        found.add(direction, risk, Found { aspect, subject: self.subject.clone(), says, old, new });
    }

    /// Two expressions that are the same where they read the same.
    fn expressions(
        &self,
        aspect: &'static str,
        old: Option<(Node, String)>,
        new: Option<(Node, String)>,
        found: &mut Changes,
    ) {
        if old.as_ref().map(|(node, _)| node) != new.as_ref().map(|(node, _)| node) {
            found.differs(
                Severity::Medium,
                aspect,
                &self.subject,
                old.map(|(_, text)| text),
                new.map(|(_, text)| text),
            );
        }
    }

    fn flag(&self, word: &'static str, (was, is): (bool, bool), says: [&str; 2], found: &mut Changes) {
        let [on, off] = says;
        let text = |is: bool| is.then(|| word.to_owned());
        match (was, is) {
            (false, true) => {
                self.add(Direction::Widened, Severity::High, word, on.to_owned(), (None, text(true)), found)
            }
            (true, false) => {
                self.add(Direction::Narrowed, Severity::High, word, off.to_owned(), (text(true), None), found)
            }
            _ => {}
        }
    }

    fn calls(&self, found: &mut Changes) {
        let (old, new) = (calls(&self.sides.old, self.was), calls(&self.sides.new, self.is));
        for call in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            match (old.get(call), new.get(call)) {
                (None, Some(is)) => self.came_or_went(Direction::Widened, &texts(is), found),
                (Some(was), None) => self.came_or_went(Direction::Narrowed, &texts(was), found),
                (Some(was), Some(is)) => self.narrowings(was, is, found),
                (None, None) => {}
            }
        }
    }

    fn came_or_went(&self, direction: Direction, calls: &str, found: &mut Changes) {
        let says = match direction {
            Direction::Widened => format!("may now also be done by {calls}"),
            _ => format!("no longer done by {calls}"),
        };
        self.add(direction, Severity::Medium, "call", says, one_sided(direction, calls), found);
        judged(direction, self.subject.clone(), calls, found);
    }

    /// Hosts and conditions of one call.
    fn narrowings(&self, was: &[Call], is: &[Call], found: &mut Changes) {
        let both = (Some(texts(was)), Some(texts(is)));
        if let ([one], [other]) = (was, is) {
            let host = super::terms::demanded(&one.host, &other.host);
            if let Some(direction) = host {
                let says = format!("the host of the call is {direction}", direction = direction.as_str());
                self.add(direction, Severity::High, "host", says, (one.host.clone(), other.host.clone()), found);
                self.judged_otherwise(direction, was, is, found);
            }
            if let Some(direction) = Direction::of(logic::compare(one.condition.as_ref(), other.condition.as_ref())) {
                let says = format!("the condition of the call is {}", direction.as_str());
                self.add(direction, Severity::High, "call condition", says, both, found);
                self.judged_otherwise(direction, was, is, found);
            }
            return;
        }
        let same = |a: &Call, b: &Call| {
            a.host == b.host && logic::compare(a.condition.as_ref(), b.condition.as_ref()) == logic::Relation::Same
        };
        let within = |some: &[Call], all: &[Call]| some.iter().all(|one| all.iter().any(|other| same(one, other)));
        let direction = match (within(was, is), within(is, was)) {
            (true, true) => return,
            (true, false) => Direction::Widened,
            (false, true) => Direction::Narrowed,
            (false, false) => Direction::Changed,
        };
        let says = format!("the conditions of the call are {}", direction.as_str());
        self.add(direction, Severity::High, "call condition", says, both, found);
        self.judged_otherwise(direction, was, is, found);
    }

    /// The other side of a call that takes in more or less: what is no call of this step any more goes unnoticed.
    fn judged_otherwise(&self, direction: Direction, was: &[Call], is: &[Call], found: &mut Changes) {
        let wide = if direction == Direction::Widened { is } else { was };
        if direction != Direction::Changed {
            judged(direction, self.subject.clone(), &format!("what else is {}", texts(wide)), found);
        }
    }
}

struct Call {
    host: Option<String>,
    condition: Option<Node>,
    text: String,
}

fn texts(calls: &[Call]) -> String {
    let mut texts: Vec<&str> = calls.iter().map(|call| call.text.as_str()).collect();
    texts.sort_unstable();
    texts.join(" | ")
}

/// Calls by method and path, whatever their parameters are called.
fn calls(side: &Side<'_>, activity: &Activity) -> BTreeMap<String, Vec<Call>> {
    let mut calls: BTreeMap<String, Vec<Call>> = BTreeMap::new();
    for matcher in &activity.matchers {
        calls.entry(key(matcher)).or_default().push(Call {
            host: matcher.host.as_ref().map(ToString::to_string),
            condition: matcher.condition.as_ref().map(|condition| side.node(condition)),
            text: matcher.text(),
        });
    }
    calls
}

fn key(matcher: &Matcher) -> String {
    let call = matcher.call.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("{:?} {} {call}", matcher.method, shape(&matcher.template))
}
