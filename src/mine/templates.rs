//! Templates learnt from all traffic together: places of paths where values stand that do not look like any.
//!
//! A path alone tells `ord_104` from `payment`, not `o1`, `A7` or `hello-world`. Together paths tell more: values at one
//! place are called alike (`/orders/o1/payment`, `/orders/o2/payment`), answers name them (`{"id": "o1"}`), and many
//! actors use many of them. Only accepted calls count, and one actor's calls count only where the server itself named
//! the value: who tries random paths teaches nothing.

mod siblings;
mod tenancy;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::siblings::{Behind, Siblings, Way, Why, alike, looks_like_id, may_be_value};
use super::completion::is_numbered;
use super::evidence::{Evidence, OperationEvidence};
use super::name::{self, Part, Template, is_plural};

/// Deepest path that teaches.
const DEEPEST: usize = 64;
/// Name of a name under another.
const SECOND: &str = "slug";
/// Name of a tenant at the beginning of paths.
const TENANT: &str = "tenant";
/// Places of paths where values stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Templates {
    places: BTreeMap<Vec<Part>, Place>,
    /// Words of refused calls that answers to others name as ids.
    named: BTreeSet<String>,
    /// Operations that somebody made up.
    made_up: BTreeSet<Arc<str>>,
    /// Object types that nobody made up; `None` where all count.
    known_types: Option<BTreeSet<Arc<str>>>,
    /// Operations whose words and variables are given.
    given: BTreeSet<Arc<str>>,
    /// Words at the beginning of paths that are tenants.
    tenants: BTreeSet<String>,
    /// Words whose values divide what is behind them: `realms`.
    dividing: BTreeSet<String>,
}

/// One place: what follows one beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Place {
    /// Name of the variable.
    name: String,
    /// Values that were seen, and what says that they are some.
    values: BTreeMap<String, Why>,
    /// Words at the place that are none of its values.
    fixed: BTreeSet<String>,
    /// Any other word may be one; else only those that look like an id, or that an answer names.
    open: bool,
    /// Values are only unique under the one before them.
    scoped: bool,
    /// Values divide what is behind them: what is called there is about that.
    divides: bool,
}

/// A template with what was learnt of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Learnt {
    pub(super) template: Template,
    /// By part: the value where a variable was learnt.
    pub(super) values: Vec<Option<String>>,
    /// By part: a variable that was learnt, and is only unique under the one before it.
    pub(super) scoped: Vec<bool>,
    /// By part: a variable that only says where what is behind it is.
    pub(super) divides: Vec<bool>,
    /// The part that is a tenant at the beginning.
    pub(super) tenant: Option<usize>,
}

impl Templates {
    /// Learns from all that was accepted.
    pub fn of(evidence: &Evidence) -> Templates {
        let mut root = Node::default();
        let made_up = evidence.made_up();
        for (operation, seen) in evidence.accepted.iter().filter(|(operation, _)| !made_up.contains(*operation)) {
            let template = Template::read(operation).filter(|t| t.parts.len() <= DEEPEST && !t.is_call());
            if let Some(template) = template {
                root.add(&template, seen, evidence.given.contains(operation));
            }
        }
        let (known_types, given) = (evidence.known_types(), evidence.given.clone());
        let named = named(evidence);
        let mut templates = Templates { named, made_up, known_types, given, ..Templates::default() };
        let mut behind = Behind::new();
        root.foresee(None, evidence, &behind);
        templates.settle(root.clone(), &mut Vec::new(), evidence, &mut behind);
        if !behind.is_empty() {
            // What is a value behind a word at one place is one wherever the word stands.
            templates.places.clear();
            templates.tenants.clear();
            root.foresee(None, evidence, &behind);
            templates.settle(root, &mut Vec::new(), evidence, &mut behind);
        }
        templates
    }

    /// Decides on the place behind `begin`, then on those behind it. The depth is that of paths, which is bounded.
    fn settle(&mut self, mut node: Node, begin: &mut Vec<Part>, evidence: &Evidence, behind: &mut Behind) {
        let tenants = if is_beginning(begin) { tenancy::words(&node) } else { BTreeSet::new() };
        if !tenants.is_empty() {
            self.tenants.extend(tenants.iter().cloned());
            let values = tenants.into_iter().map(|word| (word, Why::Tenant)).collect();
            let name = TENANT.to_owned();
            self.place(begin, &mut node, Place { name, values, ..Place::default() });
        } else if let Some(Part::Fixed(before)) = begin.last()
            && is_plural(before)
            && let parts = tenancy::parts(&node)
            && !parts.is_empty()
        {
            self.dividing.insert(before.clone());
            behind.entry(before.clone()).or_default().extend(parts.iter().cloned());
            let values = parts.into_iter().map(|word| (word, Why::Part)).collect();
            let place = Place { name: name::singular(before), values, divides: true, ..Place::default() };
            self.place(begin, &mut node, place);
        } else if let Some(Part::Fixed(before)) = begin.last()
            && !name::is_prefix(before)
            && let Some((name, values)) = node.values(before, evidence, behind)
        {
            if !values.is_empty() {
                behind.entry(before.clone()).or_default().extend(values.keys().cloned());
            }
            let nested = begin.iter().any(|part| matches!(part, Part::Variable(_)));
            let (open, divides) = (!values.is_empty(), self.dividing.contains(before));
            let scoped = nested && open && node.is_scoped(&values);
            self.place(begin, &mut node, Place { name, values, open, scoped, divides, ..Place::default() });
        } else if let Some(Part::Variable(_)) = begin.last()
            && self.places.get(begin.get(..begin.len() - 1).unwrap_or_default()).is_some_and(|place| place.open)
        {
            // Names in two levels, `/repos/ann/fox/issues`: the second is one under the first only.
            let words = node.next.iter().filter_map(|(part, next)| match part {
                Part::Fixed(word) if !next.given && may_be_value(word) => Some((word.as_str(), next)),
                _ => None,
            });
            let values = alike(words, Node::followers).into_iter().map(|word| (word.to_owned(), Why::Followed));
            let values: BTreeMap<String, Why> = values.collect();
            if !values.is_empty() {
                let name = SECOND.to_owned();
                self.place(begin, &mut node, Place { name, values, open: true, scoped: true, ..Place::default() });
            }
        }
        for (part, next) in node.next {
            begin.push(part);
            self.settle(next, begin, evidence, behind);
            begin.pop();
        }
    }

    /// Makes one of the values behind `begin`, where `node` is.
    fn place(&mut self, begin: &[Part], node: &mut Node, place: Place) {
        let fixed = node.join(&place.name, &place.values);
        self.places.insert(begin.to_vec(), Place { fixed, ..place });
    }

    /// The template with its values named; `None` where nothing was learnt of it.
    pub(super) fn learnt(&self, template: &Template) -> Option<Learnt> {
        if !self.given.is_empty() && self.given.contains(&*template.raw()) {
            return None;
        }
        let mut parts: Vec<Part> = Vec::with_capacity(template.parts.len());
        let (mut values, mut scoped, mut divides, mut tenant) = (Vec::new(), Vec::new(), Vec::new(), None);
        for (at, part) in template.parts.iter().enumerate() {
            let place = match part {
                Part::Fixed(word) => {
                    let holds = |place: &&Place| place.holds(word, parts.last(), &self.named);
                    self.places.get(&parts).filter(holds).map(|place| (place, word))
                }
                Part::Variable(_) | Part::Inside { .. } => None,
            };
            tenant = tenant.or(place.filter(|_| is_beginning(&parts)).map(|_| at));
            values.push(place.map(|(_, word)| word.clone()));
            scoped.push(place.is_some_and(|(place, _)| place.scoped));
            divides.push(place.is_some_and(|(place, _)| place.divides) && at + 1 < template.parts.len());
            parts.push(place.map_or_else(|| part.clone(), |(place, _)| Part::Variable(place.name.clone())));
        }
        let template = Template { method: template.method.clone(), parts, selector: template.selector.clone() };
        values.iter().any(Option::is_some).then_some(Learnt { template, values, scoped, divides, tenant })
    }

    /// Each part of an operation's path, as it is after all, with why; nothing of a part that was a variable before.
    pub fn explained(&self, operation: &str) -> Vec<(String, Option<&'static str>)> {
        let Some(template) = Template::read(operation) else { return Vec::new() };
        let learnt = self.learnt(&template);
        let parts = learnt.as_ref().map_or(&template.parts, |learnt| &learnt.template.parts);
        let explained = parts.iter().zip(&template.parts).enumerate().map(|(at, (part, before))| {
            let place = self.places.get(parts.get(..at).unwrap_or_default());
            match (part, before) {
                (Part::Fixed(word), _) => (word.clone(), Some(kept(word, place))),
                (Part::Inside { begin, name, end }, _) => (format!("{begin}{{{name}}}{end}"), None),
                (Part::Variable(name), Part::Variable(_) | Part::Inside { .. }) => (format!("{{{name}}}"), None),
                (Part::Variable(name), Part::Fixed(word)) => {
                    let learnt = place.and_then(|place| place.values.get(word)).copied();
                    let named = || if self.named.contains(word) { Why::Named } else { Why::Beside };
                    (format!("{{{name}}}"), Some(learnt.unwrap_or_else(named).phrase()))
                }
            }
        });
        explained.collect()
    }

    /// The name of an operation with its values named.
    pub fn operation(&self, operation: &Arc<str>) -> Arc<str> {
        if let Some(rest) = self.rest(operation) {
            return rest;
        }
        let template = Template::read(operation).filter(|_| !self.is_empty());
        let learnt = template.and_then(|template| self.learnt(&template));
        learnt.map_or_else(|| Arc::clone(operation), |learnt| learnt.template.raw().into())
    }

    /// What an operation that somebody made up is one of, `GET /**`.
    pub(super) fn rest(&self, operation: &str) -> Option<Arc<str>> {
        let (method, _) = operation.split_once(' ').filter(|_| self.made_up.contains(operation))?;
        Some(format!("{method} /**").into())
    }

    /// Operations that somebody made up, by the name of what they are counted as.
    pub fn made_up(&self) -> BTreeMap<Arc<str>, u64> {
        let mut sums = BTreeMap::new();
        self.made_up.iter().filter_map(|name| self.rest(name)).for_each(|rest| *sums.entry(rest).or_default() += 1);
        sums
    }

    /// Types whose keys are numbers, or short, under tenants at the beginning of paths: each tenant has its own.
    pub fn keyed_by_tenant(&self, evidence: &Evidence) -> BTreeSet<Arc<str>> {
        let mut types = BTreeSet::new();
        for (operation, seen) in evidence.accepted.iter().filter(|_| !self.tenants.is_empty()) {
            let learnt = Template::read(operation).and_then(|template| self.learnt(&template));
            let Some(learnt) = learnt.filter(|learnt| learnt.tenant.is_some()) else { continue };
            let parts = learnt.template.parts.iter().zip(&learnt.scoped);
            let mut variables = parts.filter_map(|(part, scoped)| Some((part.variable()?, *scoped)));
            let last =
                variables.next_back().filter(|(_, scoped)| *scoped || seen.key.as_deref().is_some_and(is_numbered));
            types.extend(last.map(|(name, _)| Arc::from(name)));
        }
        types
    }

    /// Words at the beginning of paths that are tenants.
    pub fn tenants(&self) -> &BTreeSet<String> {
        &self.tenants
    }

    /// Whether nothing was learnt.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty() && self.made_up.is_empty() && self.known_types.is_none()
    }

    /// Whether objects of a type count that requests alone name.
    pub(super) fn knows(&self, object_type: &Arc<str>) -> bool {
        self.known_types.as_ref().is_none_or(|known| known.contains(object_type))
    }
}

impl Place {
    /// Whether a word behind another is one of the values.
    fn holds(&self, word: &str, before: Option<&Part>, named: &BTreeSet<String>) -> bool {
        let like_id =
            || matches!(before, Some(Part::Fixed(before)) if is_plural(before) && looks_like_id(word, before));
        let known = || match before.is_some_and(|part| !is_beginning(std::slice::from_ref(part))) {
            true => self.open || named.contains(word) || like_id(),
            // Nothing but what was learnt is a tenant.
            false => self.values.contains_key(word),
        };
        self.values.contains_key(word) || !self.fixed.contains(word) && may_be_value(word) && known()
    }
}

/// Whether nothing was said yet but that this is an API.
fn is_beginning(parts: &[Part]) -> bool {
    parts.iter().all(|part| matches!(part, Part::Fixed(word) if name::is_prefix(word)))
}

/// What is called behind one beginning of paths.
#[derive(Clone, Debug, Default)]
struct Node {
    next: BTreeMap<Part, Node>,
    methods: BTreeSet<String>,
    /// The least few of the actors of all calls from here on.
    actors: BTreeSet<u64>,
    /// Of how many values before it this is what follows.
    under: usize,
    /// What leads here is given: a word here is one.
    given: bool,
    /// Words that follow and stand for values, as far as what is behind them says.
    foreseen: BTreeSet<String>,
}

impl Node {
    fn add(&mut self, template: &Template, seen: &OperationEvidence, given: bool) {
        let mut node = self;
        node.under = 1;
        for part in &template.parts {
            node.actors.extend(&seen.actors);
            node = node.next.entry(part.clone()).or_default();
            node.under = 1;
            node.given |= given;
        }
        node.actors.extend(&seen.actors);
        node.methods.insert(template.method.clone());
    }

    /// Notes the words that stand for values, the deepest first: words are compared by what is behind them, in which other
    /// values stand. The depth is that of paths.
    fn foresee(&mut self, before: Option<&str>, evidence: &Evidence, behind: &Behind) {
        for (part, next) in &mut self.next {
            let word = match part {
                Part::Fixed(word) if !name::is_prefix(word) => Some(word.as_str()),
                _ => None,
            };
            next.foresee(word, evidence, behind);
        }
        let Some(before) = before else { return };
        let values = self.values(before, evidence, behind).map(|(_, values)| values.into_keys().collect());
        self.foreseen = values.unwrap_or_default();
        if is_plural(before) {
            self.foreseen.extend(tenancy::parts(self));
        }
    }

    /// Adds another value's node. The depth is that of paths.
    fn merge(&mut self, other: Node) {
        self.under += other.under;
        self.foreseen.extend(other.foreseen);
        self.given |= other.given;
        self.methods.extend(other.methods);
        self.actors.extend(other.actors);
        for (part, next) in other.next {
            self.next.entry(part).or_default().merge(next);
        }
    }

    /// Makes one variable of all values here; what else stands here.
    fn join(&mut self, name: &str, values: &BTreeMap<String, Why>) -> BTreeSet<String> {
        let mut fixed = BTreeSet::new();
        let mut joined = Node::default();
        for (part, next) in std::mem::take(&mut self.next) {
            match part {
                Part::Fixed(word) if !values.contains_key(&word) => {
                    fixed.insert(word.clone());
                    self.next.insert(Part::Fixed(word), next);
                }
                _ => joined.merge(next),
            }
        }
        self.next.insert(Part::Variable(name.to_owned()), joined);
        fixed
    }

    /// Values that follow several of the values before them name nothing by themselves, and short ones do so by chance.
    fn is_scoped(&self, values: &BTreeMap<String, Why>) -> bool {
        let nodes = || values.keys().filter_map(|word| self.next.get(&Part::Fixed(word.clone())));
        let several = nodes().filter(|node| node.under > 1).count();
        several * 4 >= values.len() || values.keys().any(|word| word.len() <= 3)
    }

    /// Words that follow.
    fn followers(&self) -> BTreeSet<&str> {
        let words = self.next.keys().filter_map(|part| match part {
            Part::Fixed(word) => Some(word.as_str()),
            Part::Variable(_) | Part::Inside { .. } => None,
        });
        words.collect()
    }

    /// What can be called from here: methods, and the words that follow.
    fn ways(&self) -> BTreeSet<Way<'_>> {
        let next = self.next.keys().map(|part| match part {
            Part::Fixed(word) => Way::Next(Some(word)),
            Part::Variable(_) | Part::Inside { .. } => Way::Next(None),
        });
        self.methods.iter().map(|method| Way::Method(method)).chain(next).collect()
    }

    /// The name of the values at this place, and those that do not look like one; `None` where only words stand here.
    fn values(&self, before: &str, evidence: &Evidence, behind: &Behind) -> Option<(String, BTreeMap<String, Why>)> {
        let variable = self.next.iter().find_map(|(part, node)| match part {
            Part::Variable(name) => Some((name, node)),
            Part::Fixed(_) | Part::Inside { .. } => None,
        });
        let name = variable.map_or_else(|| name::singular(before), |(name, _)| name.clone());
        let siblings = Siblings::of(self, before, &name, variable.map(|(_, node)| node), evidence, behind);
        let values = siblings.values();
        let any = variable.is_some() || !values.is_empty();
        (any && !name.is_empty()).then(|| (name, siblings.why(&values)))
    }
}

/// Why a word is left as one.
fn kept(word: &str, place: Option<&Place>) -> &'static str {
    match place {
        _ if name::is_prefix(word) => "kept: a version, or a word that only says that this is an API",
        _ if !may_be_value(word) => "kept: a word that APIs use, or a file",
        Some(place) if place.fixed.contains(word) => {
            "kept: values stand at this place, but no answer names it and it is not called as they are"
        }
        Some(_) | None => "kept: no answer names it as an id, and too little stands beside it that is called alike",
    }
}

/// Words of refused calls that accepted answers name: what is refused teaches nothing else.
fn named(evidence: &Evidence) -> BTreeSet<String> {
    let words = evidence.refused.iter().flat_map(|(name, _)| name.split('/').skip(1));
    words.filter(|word| evidence.names(word)).map(str::to_owned).collect()
}
