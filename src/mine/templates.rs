//! Templates learnt from all traffic together: places of paths where values stand that do not look like any.
//!
//! A path alone tells `ord_104` from `payment`, not `o1`, `A7` or `hello-world`. Together paths tell more: values at one
//! place are called alike (`/orders/o1/payment`, `/orders/o2/payment`), answers name them (`{"id": "o1"}`), and many
//! actors use many of them. Only accepted calls count, and one actor's calls count only where the server itself named
//! the value: who tries random paths teaches nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::evidence::{Evidence, OperationEvidence};
use super::name::{self, Part, Template};

/// Deepest path that teaches.
const DEEPEST: usize = 64;
/// Values without any look of one, called alike and never named by an answer, from which on a place is one of values.
const CROWD: usize = 20;
/// The same where values are known at the place, and what follows them follows these too.
const FOLLOWED: usize = 5;
/// Actors from which on a word belongs to all rather than to some.
const ALL: usize = 3;
/// Words of APIs, which stand where values do and are none.
const WORDS: [&str; 96] = [
    "a11y",
    "add",
    "all",
    "any",
    "archive",
    "auth",
    "b2b",
    "b2c",
    "base64",
    "batch",
    "bulk",
    "callback",
    "cancel",
    "check",
    "config",
    "configuration",
    "count",
    "create",
    "current",
    "default",
    "delete",
    "download",
    "ec2",
    "edit",
    "events",
    "export",
    "feed",
    "filter",
    "find",
    "first",
    "get",
    "h2",
    "health",
    "history",
    "html5",
    "http2",
    "i18n",
    "import",
    "index",
    "info",
    "ipv4",
    "ipv6",
    "k8s",
    "l10n",
    "last",
    "latest",
    "list",
    "login",
    "logout",
    "lookup",
    "md5",
    "me",
    "meta",
    "metadata",
    "metrics",
    "mine",
    "my",
    "new",
    "next",
    "oauth",
    "oauth1",
    "oauth2",
    "own",
    "ping",
    "preview",
    "previous",
    "query",
    "recent",
    "refresh",
    "register",
    "reset",
    "s3",
    "schema",
    "search",
    "self",
    "session",
    "settings",
    "sha1",
    "sha256",
    "sha512",
    "signin",
    "signout",
    "signup",
    "stats",
    "status",
    "submit",
    "summary",
    "sync",
    "token",
    "update",
    "upload",
    "utf8",
    "validate",
    "verify",
    "web3",
    "x509",
];

/// Places of paths where values stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Templates {
    places: BTreeMap<Vec<Part>, Place>,
    /// Words of refused calls that answers to others name as ids.
    named: BTreeSet<String>,
}

/// One place: what follows one beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    /// Name of the variable.
    name: String,
    /// Words at the place that are none of its values.
    fixed: BTreeSet<String>,
    /// Any other word may be one; else only those that look like an id, or that an answer names.
    open: bool,
    /// Values are only unique under the one before them.
    scoped: bool,
}

/// A template with what was learnt of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Learnt {
    pub(super) template: Template,
    /// By part: the value where a variable was learnt.
    pub(super) values: Vec<Option<String>>,
    /// By part: a variable that was learnt, and is only unique under the one before it.
    pub(super) scoped: Vec<bool>,
}

impl Templates {
    /// Learns from all that was accepted.
    pub fn of(evidence: &Evidence) -> Templates {
        let mut root = Node::default();
        for (operation, seen) in evidence.accepted.iter() {
            if let Some(template) = Template::read(operation).filter(|t| t.parts.len() <= DEEPEST) {
                root.add(&template, seen);
            }
        }
        let mut templates = Templates { named: named(evidence), ..Templates::default() };
        templates.settle(root, &mut Vec::new(), evidence);
        templates
    }

    /// Decides on the place behind `begin`, then on those behind it. The depth is that of paths, which is bounded.
    fn settle(&mut self, mut node: Node, begin: &mut Vec<Part>, evidence: &Evidence) {
        if let Some(Part::Fixed(before)) = begin.last()
            && !name::is_prefix(before)
            && let Some((name, values)) = node.values(before, evidence)
        {
            let nested = begin.iter().any(|part| matches!(part, Part::Variable(_)));
            let open = !values.is_empty();
            let scoped = nested && open && node.is_scoped(&values);
            let fixed = node.join(&name, &values);
            self.places.insert(begin.clone(), Place { name, fixed, open, scoped });
        }
        for (part, next) in node.next {
            begin.push(part);
            self.settle(next, begin, evidence);
            begin.pop();
        }
    }

    /// The template with its values named; `None` where nothing was learnt of it.
    pub(super) fn learnt(&self, template: &Template) -> Option<Learnt> {
        let mut parts: Vec<Part> = Vec::with_capacity(template.parts.len());
        let (mut values, mut scoped) = (Vec::new(), Vec::new());
        for part in &template.parts {
            let place = match part {
                Part::Fixed(word) => {
                    let holds = |place: &&Place| place.holds(word, parts.last(), &self.named);
                    self.places.get(&parts).filter(holds).map(|place| (place, word))
                }
                Part::Variable(_) => None,
            };
            values.push(place.map(|(_, word)| word.clone()));
            scoped.push(place.is_some_and(|(place, _)| place.scoped));
            parts.push(place.map_or_else(|| part.clone(), |(place, _)| Part::Variable(place.name.clone())));
        }
        let template = Template { method: template.method.clone(), parts };
        values.iter().any(Option::is_some).then_some(Learnt { template, values, scoped })
    }

    /// The name of an operation with its values named.
    pub(super) fn operation(&self, operation: &Arc<str>) -> Arc<str> {
        let template = Template::read(operation).filter(|_| !self.is_empty());
        let learnt = template.and_then(|template| self.learnt(&template));
        learnt.map_or_else(|| Arc::clone(operation), |learnt| learnt.template.raw().into())
    }

    /// Whether nothing was learnt.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

impl Place {
    /// Whether a word behind another is one of the values.
    fn holds(&self, word: &str, before: Option<&Part>, named: &BTreeSet<String>) -> bool {
        let like_id =
            || matches!(before, Some(Part::Fixed(before)) if is_plural(before) && looks_like_id(word, before));
        let known = || self.open || named.contains(word) || like_id();
        !self.fixed.contains(word) && may_be_value(word) && known()
    }
}

/// What is called behind one beginning of paths.
#[derive(Debug, Default)]
struct Node {
    next: BTreeMap<Part, Node>,
    methods: BTreeSet<String>,
    /// The least few of the actors of all calls from here on.
    actors: BTreeSet<u64>,
    /// Of how many values before it this is what follows.
    under: usize,
}

impl Node {
    fn add(&mut self, template: &Template, seen: &OperationEvidence) {
        let mut node = self;
        node.under = 1;
        for part in &template.parts {
            node.actors.extend(&seen.actors);
            node = node.next.entry(part.clone()).or_default();
            node.under = 1;
        }
        node.actors.extend(&seen.actors);
        node.methods.insert(template.method.clone());
    }

    /// Adds another value's node. The depth is that of paths.
    fn merge(&mut self, other: Node) {
        self.under += other.under;
        self.methods.extend(other.methods);
        self.actors.extend(other.actors);
        for (part, next) in other.next {
            self.next.entry(part).or_default().merge(next);
        }
    }

    /// Makes one variable of all values here; what else stands here.
    fn join(&mut self, name: &str, values: &BTreeSet<String>) -> BTreeSet<String> {
        let mut fixed = BTreeSet::new();
        let mut joined = Node::default();
        for (part, next) in std::mem::take(&mut self.next) {
            match part {
                Part::Fixed(word) if !values.contains(&word) => {
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
    fn is_scoped(&self, values: &BTreeSet<String>) -> bool {
        let nodes = || values.iter().filter_map(|word| self.next.get(&Part::Fixed(word.clone())));
        let several = nodes().filter(|node| node.under > 1).count();
        several * 4 >= values.len() || values.iter().any(|word| word.len() <= 3)
    }

    /// What can be called from here: methods, and the words that follow.
    fn ways(&self) -> BTreeSet<Way<'_>> {
        let next = self.next.keys().map(|part| match part {
            Part::Fixed(word) => Way::Next(Some(word)),
            Part::Variable(_) => Way::Next(None),
        });
        self.methods.iter().map(|method| Way::Method(method)).chain(next).collect()
    }

    /// The name of the values at this place, and those that do not look like one; `None` where only words stand here.
    fn values(&self, before: &str, evidence: &Evidence) -> Option<(String, BTreeSet<String>)> {
        let variable = self.next.iter().find_map(|(part, node)| match part {
            Part::Variable(name) => Some((name, node)),
            Part::Fixed(_) => None,
        });
        let name = variable.map_or_else(|| name::singular(before), |(name, _)| name.clone());
        let siblings = Siblings::of(self, before, &name, variable.map(|(_, node)| node), evidence);
        let values = siblings.values();
        let any = variable.is_some() || !values.is_empty();
        (any && !name.is_empty()).then(|| (name, values.into_iter().map(str::to_owned).collect()))
    }
}

/// One way on from a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way<'a> {
    Method(&'a str),
    /// The next word, or a variable.
    Next(Option<&'a str>),
}

impl Way<'_> {
    fn is_deeper(self) -> bool {
        matches!(self, Way::Next(_))
    }
}

/// Words at one place that may be values.
struct Siblings<'a> {
    words: BTreeMap<&'a str, &'a Node>,
    /// What looks like a value here.
    variable: Option<&'a Node>,
    /// How many of the words, and of what looks like values, have a way.
    ways: BTreeMap<Way<'a>, usize>,
    /// The word before is a plural: what follows it may be one of many.
    plural: bool,
    /// Words that answers name as ids, and that begin like the ids that stand here.
    named: BTreeSet<&'a str>,
    /// Words that look like an id beside others.
    shaped: BTreeSet<&'a str>,
}

impl<'a> Siblings<'a> {
    fn of(node: &'a Node, before: &str, name: &str, variable: Option<&'a Node>, evidence: &Evidence) -> Siblings<'a> {
        let words: BTreeMap<&str, &Node> = node
            .next
            .iter()
            .filter_map(|(part, next)| match part {
                Part::Fixed(word) if may_be_value(word) => Some((word.as_str(), next)),
                _ => None,
            })
            .collect();
        let mut ways: BTreeMap<Way<'_>, usize> = BTreeMap::new();
        for way in words.values().copied().chain(variable).flat_map(Node::ways) {
            *ways.entry(way).or_default() += 1;
        }
        let named = |word: &&&str| evidence.names(word) || variable.is_some() && evidence.begins_like_a_key(name, word);
        Siblings {
            named: words.keys().filter(named).copied().collect(),
            shaped: words.keys().filter(|word| looks_like_id(word, before)).copied().collect(),
            plural: is_plural(before),
            words,
            variable,
            ways,
        }
    }

    fn values(&self) -> BTreeSet<&'a str> {
        let mut values = BTreeSet::new();
        if self.plural || self.named.len() > 1 || self.variable.is_some() {
            values.extend(&self.named);
        }
        let shaped: BTreeSet<&str> = self
            .shaped
            .iter()
            .copied()
            .filter(|word| self.is_called_alike(word) || self.plural && (self.variable.is_some() || !values.is_empty()))
            .collect();
        let all: BTreeSet<&str> = values.union(&shaped).copied().collect();
        let several = all.len() + usize::from(self.variable.is_some()) > 1;
        let meant = self.plural || shaped.iter().any(|word| self.is_followed_alike(word));
        if several && meant && (!values.is_empty() || self.actors(&all) > 1) {
            values.extend(shaped);
        }
        values.extend(self.crowd(&values));
        values
    }

    fn node(&self, word: &str) -> impl Iterator<Item = &'a Node> {
        self.words.get(word).copied().into_iter()
    }

    fn is_called_alike(&self, word: &str) -> bool {
        self.node(word).flat_map(Node::ways).any(|way| self.ways.get(&way).is_some_and(|count| *count > 1))
    }

    fn is_followed_alike(&self, word: &str) -> bool {
        let ways = self.node(word).flat_map(Node::ways).filter(|way| way.is_deeper());
        ways.into_iter().any(|way| self.ways.get(&way).is_some_and(|count| *count > 1))
    }

    /// Actors of these words and of what looks like values here, as far as they are counted.
    fn actors(&self, words: &BTreeSet<&str>) -> usize {
        let nodes = words.iter().flat_map(|word| self.node(word)).chain(self.variable);
        nodes.flat_map(|node| &node.actors).collect::<BTreeSet<_>>().len()
    }

    /// Words without any look of a value that are too many for words: called alike, by some each and by several in all.
    fn crowd(&self, values: &BTreeSet<&str>) -> BTreeSet<&'a str> {
        let rest: BTreeSet<&str> = self.words.keys().filter(|word| !values.contains(*word)).copied().collect();
        let known = !values.is_empty() || self.variable.is_some();
        let with = |way: &Way<'_>| -> BTreeSet<&'a str> {
            let has = |word: &&&str| self.node(word).any(|node| node.ways().contains(way));
            self.words.keys().filter(|word| rest.contains(**word)).filter(has).copied().collect()
        };
        let followed = |way: &Way<'_>| {
            let value = values.iter().flat_map(|word| self.node(word)).chain(self.variable);
            way.is_deeper() && known && value.into_iter().any(|node| node.ways().contains(way))
        };
        let mut crowd: BTreeSet<&str> = BTreeSet::new();
        for way in self.ways.keys().filter(|_| self.plural && rest.len() >= FOLLOWED) {
            let words = with(way);
            let enough = if followed(way) { FOLLOWED } else { CROWD.max(rest.len() * 4 / 5) };
            let shared = words.iter().flat_map(|word| self.node(word)).filter(|node| node.actors.len() >= ALL).count();
            if words.len() >= enough && shared * 2 < words.len() && self.actors(&words) > 1 {
                crowd.extend(words);
            }
        }
        if crowd.len() >= CROWD {
            // Where values look like words, what is called as they are is one of them.
            let values = || crowd.iter().flat_map(|word| self.node(word));
            let ways: BTreeSet<Way<'_>> = values().flat_map(Node::ways).collect();
            let alike = |word: &&str| self.node(word).flat_map(Node::ways).all(|way| ways.contains(&way));
            let more: BTreeSet<&str> = self.words.keys().copied().filter(alike).collect();
            crowd.extend(more);
        }
        crowd
    }
}

/// Words of refused calls that accepted answers name: what is refused teaches nothing else.
fn named(evidence: &Evidence) -> BTreeSet<String> {
    let words = evidence.refused.iter().flat_map(|(name, _)| name.split('/').skip(1));
    words.filter(|word| evidence.names(word)).map(str::to_owned).collect()
}

fn is_plural(word: &str) -> bool {
    name::singular(word) != name::word(word)
}

/// Whether a segment may be a value at all: no word that APIs use, no version, no file.
fn may_be_value(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    word.len() <= 64
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        && WORDS.binary_search(&lower.as_str()).is_err()
        && !name::is_prefix(&lower)
}

/// Whether a word looks like an id where others stand beside it: a digit (`o1`, `A7`), a code (`XK`), or a beginning
/// that abbreviates the word before (`ord_abc` of `orders`).
fn looks_like_id(word: &str, before: &str) -> bool {
    let digit = word.bytes().any(|b| b.is_ascii_digit());
    let code = word.len() > 1 && word.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_'));
    let before = before.to_ascii_lowercase();
    let abbreviates = word.split_once(['_', '-']).is_some_and(|(prefix, rest)| {
        prefix.len() > 1
            && prefix.len() < before.len()
            && before.starts_with(&prefix.to_ascii_lowercase())
            && !rest.is_empty()
    });
    digit || code || abbreviates
}
