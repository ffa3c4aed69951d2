//! Delegations: what software may do for people.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::side::{Side, Sides};
use super::terms::{demanded, raised};
use super::{Changes, Direction, Found, constraint};
use crate::event::rfc3339;
use crate::model::expression::{self, Operator};
use crate::model::quantity::duration_text;
use crate::model::read::document::{self, Node, Shape};
use crate::model::wording::limit;
use crate::model::{Constraint, Delegation, Expression, Limit, Permitted, Rate, Severity};

/// The entries of one delegation, by dotted key.
type Entries = BTreeMap<String, Entry>;

/// A value, or several.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    One(String),
    Many(BTreeSet<String>),
}

impl Entry {
    fn text(&self) -> String {
        match self {
            Entry::One(text) => text.clone(),
            Entry::Many(items) => items.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
        }
    }
}

/// The delegations that a model's text has, in their order: name, and each entry as its dotted key and value.
pub fn delegations(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let entries = |entries: Entries| entries.into_iter().map(|(key, entry)| (key, entry.text())).collect();
    read(text).into_iter().map(|(name, own)| (name, entries(own))).collect()
}

fn read(text: &str) -> Vec<(String, Entries)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // What is no model is refused where it is read as one.
    let Ok(Node { shape: Shape::Mapping(sections), .. }) = document::read(text) else { return Vec::new() };
    let section = sections.into_iter().find(|(key, _)| key.text == "delegations");
    let Some((_, Node { shape: Shape::Mapping(named), .. })) = section else { return Vec::new() };
    let own = |node: &Node| {
        let mut entries = Entries::new();
        flatten(node, "", &mut entries);
        entries
    };
    named.iter().map(|(key, node)| (key.text.clone(), own(node))).collect()
}

/// Adds the values below a node. Documents are at most 16 levels deep.
fn flatten(node: &Node, key: &str, into: &mut Entries) {
    let entry = match &node.shape {
        Shape::Null => return,
        Shape::Scalar(scalar) => Entry::One(scalar.text.clone()),
        Shape::List(items) => Entry::Many(items.iter().map(inline).collect()),
        Shape::Mapping(entries) => {
            for (name, value) in entries {
                let key = if key.is_empty() { name.text.clone() } else { format!("{key}.{}", name.text) };
                flatten(value, &key, into);
            }
            return;
        }
    };
    into.insert(key.to_owned(), entry);
}

/// An item of a list as one text.
fn inline(node: &Node) -> String {
    match &node.shape {
        Shape::Null => String::new(),
        Shape::Scalar(scalar) => scalar.text.clone(),
        Shape::List(items) => items.iter().map(inline).collect::<Vec<_>>().join(" "),
        Shape::Mapping(entries) => {
            let entry = |(key, value): &(document::Key, Node)| format!("{}: {}", key.text, inline(value));
            entries.iter().map(entry).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Compares all delegations, as they are judged: what is not written is what it means to leave it out.
pub(super) fn compare(sides: &Sides<'_>, texts: (&str, &str), found: &mut Changes) {
    let written = |text: &str| -> BTreeMap<String, String> {
        let line = |entries: Vec<(String, String)>| {
            entries.iter().map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>().join("; ")
        };
        delegations(text).into_iter().map(|(name, entries)| (name, line(entries))).collect()
    };
    let (old, new) = (&sides.old.model.delegations, &sides.new.model.delegations);
    let (was_written, is_written) = (written(texts.0), written(texts.1));
    let named = |all: &'_ [Delegation], name: &str| all.iter().position(|one| &*one.name == name);
    for was in old {
        match named(new, &was.name).and_then(|at| new.get(at)) {
            Some(is) => Pair { sides, was, is, found: &mut *found }.compare(),
            None => alone(&was.name, was_written.get(&*was.name), Direction::Narrowed, found),
        }
    }
    for is in new.iter().filter(|is| named(old, &is.name).is_none()) {
        alone(&is.name, is_written.get(&*is.name), Direction::Widened, found);
    }
}

/// A delegation that only one version has. It gives leave, and it is what the agents are judged by: of which none speaks,
/// those are not judged at all.
fn alone(name: &str, written: Option<&String>, direction: Direction, found: &mut Changes) {
    let subject = format!("delegation {name}");
    let (leave, judged) = match direction {
        Direction::Widened => ("software may now act for people by this", "software is judged by this from now on"),
        _ => ("software may no longer act for people by this", "what software does is no longer judged by this"),
    };
    let texts = || match direction {
        Direction::Widened => (None, written.cloned()),
        _ => (written.cloned(), None),
    };
    for (aspect, direction, says) in [("delegation", direction, leave), ("judgement", direction.reversed(), judged)] {
        let (old, new) = texts();
        let one = Found { aspect, subject: subject.clone(), says: says.to_owned(), old, new };
        found.add(direction, Severity::High, one);
    }
}

/// One delegation in both versions.
struct Pair<'p> {
    sides: &'p Sides<'p>,
    was: &'p Delegation,
    is: &'p Delegation,
    found: &'p mut Changes,
}

impl Pair<'_> {
    fn compare(&mut self) {
        let (sides, was, is) = (self.sides, self.was, self.is);
        if sides.old.node(&was.when) != sides.new.node(&is.when) {
            let texts = (Some(was.when.text.to_string()), Some(is.when.text.to_string()));
            self.say("when", Some(Direction::Changed), texts);
        }
        let family = |partner: bool| partner.then(|| "partner".to_owned());
        if was.partner != is.partner {
            self.say("family", Some(Direction::Changed), (family(was.partner), family(is.partner)));
        }
        let texts = (was.stopped.map(rfc3339), is.stopped.map(rfc3339));
        let direction = match (was.stopped, is.stopped) {
            (Some(was), Some(is)) => raised(was, is),
            _ => demanded(&texts.0, &texts.1),
        };
        self.say("stopped", direction, texts);
        let plain = |tool: &Arc<str>| (tool.to_string(), tool.to_string());
        let (old, new) = (Names::of(&was.tools, plain), Names::of(&is.tools, plain));
        self.names("tools", &old, &new);
        let of = |side: &Side<'_>, delegation: &Delegation| {
            Names::of(&delegation.activities, |id| {
                (side.activity(*id).to_string(), side.model.activity_name(*id).to_string())
            })
        };
        let (old, new) = (of(&sides.old, was), of(&sides.new, is));
        self.names("activities", &old, &new);
        self.limits();
        let (old, new) = (was.inherit, is.inherit);
        for (key, was, is) in [
            ("inherit tenant", old.tenant, new.tenant),
            ("inherit owner", old.owner, new.owner),
            ("inherit roles", old.roles, new.roles),
        ] {
            let demand = |is: bool| is.then(|| key.to_owned());
            let texts = (demand(was), demand(is));
            self.say(key, demanded(&texts.0, &texts.1), texts);
        }
        self.approval();
    }

    fn limits(&mut self) {
        let (was, is) = (&self.was.limits, &self.is.limits);
        for (key, was, is) in
            [("limits.per_event", &was.per_event, &is.per_event), ("limits.per_day", &was.per_day, &is.per_day)]
        {
            let direction = match (was, is) {
                (Some(Limit::Number(was)), Some(Limit::Number(is))) => raised(*was, *is),
                (Some(Limit::Money(was)), Some(Limit::Money(is))) if was.currency == is.currency => {
                    raised(was.amount, is.amount)
                }
                (Some(_), Some(_)) => Some(Direction::Changed),
                (was, is) => demanded(&was.is_some().then_some(()), &is.is_some().then_some(())),
            };
            self.say(key, direction, (was.as_ref().map(limit), is.as_ref().map(limit)));
        }
        let rate = |rate: Option<Rate>| rate.map(|rate| format!("{}/{}", rate.most, duration_text(rate.window)));
        let direction = match (was.calls, is.calls) {
            (Some(was), Some(is)) => match (within(was, is), within(is, was)) {
                (true, true) => None,
                (true, false) => Some(Direction::Widened),
                (false, true) => Some(Direction::Narrowed),
                (false, false) => Some(Direction::Changed),
            },
            (was, is) => demanded(&was, &is),
        };
        self.say("limits.calls", direction, (rate(was.calls), rate(is.calls)));
        let direction = match (was.depth, is.depth) {
            (Some(was), Some(is)) => raised(was, is),
            (was, is) => demanded(&was, &is),
        };
        let text = |depth: Option<u32>| depth.map(|depth| depth.to_string());
        self.say("limits.depth", direction, (text(was.depth), text(is.depth)));
    }

    fn approval(&mut self) {
        let sides = self.sides;
        let asked = |delegation: &Delegation| {
            let approval = delegation.approval.clone()?;
            let condition = approval.condition.as_ref().and_then(|whole| beside(&delegation.when, whole));
            Some(Constraint { condition, ..approval })
        };
        let subject = format!("delegation {} approval", self.is.name);
        match (asked(self.was), asked(self.is)) {
            (Some(was), Some(is)) => constraint::both(sides, &was, &is, subject, self.found),
            (None, None) => {}
            (was, is) => {
                let (direction, says) = match is {
                    None => (Direction::Widened, "approval lost: nobody is asked before"),
                    Some(_) => (Direction::Narrowed, "somebody is asked before"),
                };
                let (old, new) =
                    (was.map(|was| sides.old.model.demand(&was)), is.map(|is| sides.new.model.demand(&is)));
                let one = Found { aspect: "delegation", subject, says: says.to_owned(), old, new };
                self.found.add(direction, Severity::Critical, one);
            }
        }
    }

    /// What is allowed widens as it grows, what is denied as it shrinks; where nothing is listed as allowed, all is.
    fn names(&mut self, key: &'static str, old: &Names, new: &Names) {
        let list = |map: &BTreeMap<String, String>| map.values().cloned().collect::<Vec<_>>().join(", ");
        let texts = (old.allow.as_ref().map(list), new.allow.as_ref().map(list));
        match (&old.allow, &new.allow) {
            (Some(was), Some(is)) => self.grown((key, "allow"), was, is, Direction::Widened, &texts),
            _ => {
                let demand = |list: &Option<_>| list.is_some().then_some(());
                self.say_of((key, "allow"), demanded(&demand(&old.allow), &demand(&new.allow)), texts);
            }
        }
        let listed = |map| Some(list(map)).filter(|text| !text.is_empty());
        let texts = (listed(&old.deny), listed(&new.deny));
        self.grown((key, "deny"), &old.deny, &new.deny, Direction::Narrowed, &texts);
    }

    fn grown(
        &mut self,
        key: (&str, &str),
        old: &BTreeMap<String, String>,
        new: &BTreeMap<String, String>,
        grown: Direction,
        texts: &(Option<String>, Option<String>),
    ) {
        let more = new.keys().any(|name| !old.contains_key(name)).then_some(grown);
        self.say_of(key, more, texts.clone());
        let less = old.keys().any(|name| !new.contains_key(name)).then_some(grown.reversed());
        self.say_of(key, less, texts.clone());
    }

    fn say_of(
        &mut self,
        (key, list): (&str, &str),
        direction: Option<Direction>,
        texts: (Option<String>, Option<String>),
    ) {
        self.say(&format!("{key}.{list}"), direction, texts);
    }

    fn say(&mut self, key: &str, direction: Option<Direction>, (old, new): (Option<String>, Option<String>)) {
        let Some(direction) = direction else { return };
        let says = match direction {
            Direction::Widened => format!("`{key}` allows more"),
            Direction::Narrowed => format!("`{key}` allows less"),
            Direction::Changed => format!("`{key}` is another"),
        };
        let subject = format!("delegation {} {key}", self.is.name);
        self.found.add(direction, Severity::High, Found { aspect: "delegation", subject, says, old, new });
    }
}

/// What is allowed and denied: what each is in both versions, and its name.
struct Names {
    allow: Option<BTreeMap<String, String>>,
    deny: BTreeMap<String, String>,
}

impl Names {
    fn of<T>(permitted: &Permitted<T>, name: impl Fn(&T) -> (String, String)) -> Names {
        let all = |list: &[T]| list.iter().map(&name).collect();
        Names { allow: permitted.allow.as_deref().map(all), deny: all(&permitted.deny) }
    }
}

/// Whether whatever keeps to a rate keeps to another: so many in each stretch of which the other's takes so many.
fn within(rate: Rate, other: Rate) -> bool {
    let (Ok(window), Ok(wide)) = (u64::try_from(rate.window), u64::try_from(other.window)) else { return false };
    let stretches = wide.div_ceil(window.max(1));
    rate.most.saturating_mul(stretches) <= other.most
}

/// What an approval asks for beside what its delegation governs: its `if`.
fn beside(when: &Expression, whole: &Expression) -> Option<Expression> {
    let expression::Node::Binary(Operator::And, first, own) = &whole.node else { return None };
    // A delegation's own condition may be one of two parts as well.
    if whole.node == when.node || **first != when.node {
        return None;
    }
    let text = whole.text.strip_prefix(&format!("({}) && (", when.text)).and_then(|text| text.strip_suffix(')'));
    Some(Expression { text: text.unwrap_or(&whole.text).into(), node: (**own).clone() })
}
