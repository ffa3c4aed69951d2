//! Words at one place of paths: which of them are values.

use std::collections::{BTreeMap, BTreeSet};

use super::Node;
use crate::mine::evidence::Evidence;
use crate::mine::name::{self, Part, is_plural};

/// Values without any look of one, called alike and never named by an answer, from which on a place is one of values.
const CROWD: usize = 20;
/// The same where values are known at the place, and what follows them follows these too.
const FOLLOWED: usize = 5;
/// Names that people choose for what has names of its own, from which on what follows them alike tells them.
pub(super) const NAMES: usize = 8;
/// What people name, as words of paths: their siblings are read by everybody, as words of APIs are.
const NAMED: [&str; 18] = [
    "account",
    "author",
    "channel",
    "collection",
    "company",
    "customer",
    "group",
    "member",
    "org",
    "organisation",
    "organization",
    "profile",
    "project",
    "repo",
    "repository",
    "team",
    "user",
    "workspace",
];
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

/// What says that a word is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// Answers name it.
    Named,
    /// It looks like an id, and so do others at its place.
    Shaped,
    /// Names of people and their things, followed alike.
    Followed,
    /// Too many are called alike here for words of an API.
    Crowd,
    /// Others at its place are values, or it is one elsewhere.
    Beside,
    /// What is behind it is behind its neighbours too.
    Part,
    /// What is behind it others call behind its neighbours.
    Tenant,
}

impl Why {
    /// As a phrase about the value.
    pub(super) fn phrase(self) -> &'static str {
        match self {
            Why::Named => "answers name it as an id (value flow)",
            Why::Shaped => "it looks like an id, and is called as its neighbours are (siblings)",
            Why::Followed => "a name that people choose: what follows it follows its neighbours too (siblings)",
            Why::Crowd => "more words are called alike here than an API has (siblings)",
            Why::Beside => {
                "values stand at this place, or behind this word elsewhere, and it is none of the API's words (siblings)"
            }
            Why::Part => "what is behind it is behind its neighbours too, and made there (siblings)",
            Why::Tenant => "what is behind it other people call behind its neighbours (tenants)",
        }
    }
}

/// One way on from a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way<'a> {
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
pub(super) struct Siblings<'a> {
    words: BTreeMap<&'a str, &'a Node>,
    /// What looks like a value here.
    variable: Option<&'a Node>,
    /// How many of the words, and of what looks like values, have a way.
    ways: BTreeMap<Way<'a>, usize>,
    /// The word before is a plural: what follows it may be one of many.
    plural: bool,
    /// The word before is one for what people name.
    people: bool,
    /// Words that answers name as ids, that are values elsewhere, or that begin like the ids that stand here.
    named: BTreeSet<&'a str>,
    /// Of these the ones that answers name themselves.
    told: BTreeSet<&'a str>,
    /// Words that look like an id beside others.
    shaped: BTreeSet<&'a str>,
}

impl<'a> Siblings<'a> {
    pub(super) fn of(
        node: &'a Node,
        before: &str,
        name: &str,
        variable: Option<&'a Node>,
        evidence: &Evidence,
        behind: &Behind,
    ) -> Siblings<'a> {
        let elsewhere = |word: &str| behind.get(before).is_some_and(|values| values.contains(word));
        let words: BTreeMap<&str, &Node> = node
            .next
            .iter()
            .filter_map(|(part, next)| match part {
                Part::Fixed(word) if !next.given && (may_be_value(word) || elsewhere(word)) => {
                    Some((word.as_str(), next))
                }
                _ => None,
            })
            .collect();
        let mut ways: BTreeMap<Way<'_>, usize> = BTreeMap::new();
        for way in words.values().copied().chain(variable).flat_map(Node::ways) {
            *ways.entry(way).or_default() += 1;
        }
        let named = |word: &&&str| {
            evidence.names(word) || elsewhere(word) || variable.is_some() && evidence.begins_like_a_key(name, word)
        };
        Siblings {
            named: words.keys().filter(named).copied().collect(),
            told: words.keys().filter(|word| evidence.names(word)).copied().collect(),
            shaped: words.keys().filter(|word| looks_like_id(word, before)).copied().collect(),
            plural: is_plural(before),
            people: NAMED.binary_search(&name::singular(before).as_str()).is_ok(),
            words,
            variable,
            ways,
        }
    }

    pub(super) fn values(&self) -> BTreeSet<&'a str> {
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
        values.extend(self.followed());
        values
    }

    /// What says of each of these values that it is one.
    pub(super) fn why(&self, values: &BTreeSet<&'a str>) -> BTreeMap<String, Why> {
        let followed = self.followed();
        let why = |word: &str| match () {
            () if self.told.contains(word) => Why::Named,
            () if self.shaped.contains(word) => Why::Shaped,
            () if followed.contains(word) => Why::Followed,
            () if self.named.contains(word) => Why::Beside,
            () => Why::Crowd,
        };
        values.iter().map(|word| ((*word).to_owned(), why(word))).collect()
    }

    /// Names behind a word for what people name, followed alike: `/users/anna/orders`, `/repos/ann/fox/issues`.
    fn followed(&self) -> BTreeSet<&'a str> {
        if !self.plural || !self.people {
            return BTreeSet::new();
        }
        let words = || self.words.iter().map(|(word, node)| (*word, *node));
        let next = alike(words(), |node| node.followers());
        if next.is_empty() {
            alike(words(), |node| node.next.values().flat_map(Node::followers).collect())
        } else {
            next
        }
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
        let mut crowd: BTreeSet<&str> = BTreeSet::new();
        if !self.plural || rest.len() < FOLLOWED {
            return crowd;
        }
        let mut having: BTreeMap<Way<'_>, BTreeSet<&'a str>> = BTreeMap::new();
        for (word, node) in self.words.iter().filter(|(word, _)| rest.contains(**word)) {
            for way in node.ways() {
                having.entry(way).or_default().insert(word);
            }
        }
        let of_values = values.iter().flat_map(|word| self.node(word)).chain(self.variable);
        let of_values: BTreeSet<Way<'_>> = of_values.flat_map(Node::ways).filter(|way| way.is_deeper()).collect();
        for (way, words) in having {
            let followed = known && of_values.contains(&way);
            let enough = if followed { FOLLOWED } else { CROWD.max(rest.len() * 4 / 5) };
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

/// Values known to stand behind a word, wherever it stands.
pub(super) type Behind = BTreeMap<String, BTreeSet<String>>;

/// Words of which nearly all are followed by the same, with those that are followed as these are; none where they are few.
pub(super) fn alike<'a>(
    words: impl Iterator<Item = (&'a str, &'a Node)>,
    followers: impl Fn(&'a Node) -> BTreeSet<&'a str>,
) -> BTreeSet<&'a str> {
    let mut followed: BTreeMap<&'a str, BTreeSet<&'a str>> = BTreeMap::new();
    let mut having: BTreeMap<&str, usize> = BTreeMap::new();
    let mut actors: BTreeSet<u64> = BTreeSet::new();
    for (word, node) in words {
        let next = followers(node);
        next.iter().for_each(|next| *having.entry(next).or_default() += 1);
        actors.extend(&node.actors);
        followed.insert(word, next);
    }
    let Some((most, count)) = having.into_iter().max_by_key(|(_, count)| *count) else { return BTreeSet::new() };
    if count < NAMES || count * 5 < followed.len() * 4 || actors.len() < 2 {
        return BTreeSet::new();
    }
    let common: BTreeSet<&str> = followed.values().filter(|next| next.contains(most)).flatten().copied().collect();
    followed.into_iter().filter(|(_, next)| !next.is_disjoint(&common)).map(|(word, _)| word).collect()
}

/// Whether a segment may be a value at all: no word that APIs use, no version, no file.
pub(super) fn may_be_value(word: &str) -> bool {
    is_name(word) && WORDS.binary_search(&word.to_ascii_lowercase().as_str()).is_err()
}

/// Whether a segment may be a name: no version, no file.
pub(super) fn is_name(word: &str) -> bool {
    (1..=64).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        && !name::is_prefix(&word.to_ascii_lowercase())
}

/// Whether a word looks like an id where others stand beside it: a digit (`o1`, `A7`), a code (`XK`), or a beginning
/// that abbreviates the word before (`ord_abc` of `orders`).
pub(super) fn looks_like_id(word: &str, before: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_apis_are_found_and_ids_are_not_words() {
        assert!(WORDS.is_sorted() && NAMED.is_sorted());
        for word in ["me", "Search", "oauth2", "v1", "app.js", "a b", ""] {
            assert!(!may_be_value(word), "{word}");
        }
        for (word, before) in [("o1", "orders"), ("A7", "items"), ("XK", "codes"), ("ord_abc", "orders")] {
            assert!(may_be_value(word) && looks_like_id(word, before), "{word}");
        }
        for (word, before) in [("payment", "orders"), ("red-fox", "orders"), ("orders_list", "orders")] {
            assert!(!looks_like_id(word, before), "{word}");
        }
    }
}
