//! Names of those who have things of their own: tenants at the beginning of paths, `/acme/orders/7`, `/globex/orders/7`, and
//! what else is divided so, `/realms/acme/users/7`, `/realms/globex/users/7`.
//!
//! No word says that a tenant follows. What tells is that behind several words the same can be called, things are made
//! behind each, and nearly everybody stays behind one. Roles, channels and languages begin paths as well; they are known by
//! their names, and by things being made behind one of them only. Behind a plural one of many follows anyhow, so that people
//! may be everywhere; but what is called the same there must have a word of its own first: `/payments/cards/7` and
//! `/payments/accounts/7` are two kinds of things.

use std::collections::{BTreeMap, BTreeSet};

use super::Node;
use super::siblings::{is_name, may_be_value};
use crate::mine::name::{self, Part};

/// What is called behind one of the words and behind others too, at least.
const ALIKE: usize = 3;
/// People who must be known behind the words, and of how many words several.
const PEOPLE: usize = 4;
const SHARED: usize = 2;
/// Deepest path that is compared, and most calls of one word.
const DEEPEST: usize = 8;
const MOST_CALLS: usize = 1_024;
/// Words that begin paths and name a role, a channel, a place or a stage, in the singular.
const NO_TENANTS: [&str; 64] = [
    "admin",
    "administrator",
    "agent",
    "android",
    "app",
    "backoffice",
    "beta",
    "bff",
    "buyer",
    "carrier",
    "client",
    "consumer",
    "courier",
    "customer",
    "demo",
    "desktop",
    "dev",
    "doctor",
    "driver",
    "employee",
    "external",
    "graphql",
    "guest",
    "internal",
    "io",
    "ios",
    "legacy",
    "live",
    "manager",
    "merchant",
    "mobile",
    "moderator",
    "mvc",
    "new",
    "nurse",
    "old",
    "open",
    "operator",
    "partner",
    "patient",
    "portal",
    "private",
    "prod",
    "production",
    "protected",
    "public",
    "rpc",
    "sandbox",
    "secure",
    "seller",
    "service",
    "staff",
    "staging",
    "student",
    "supplier",
    "support",
    "svc",
    "teacher",
    "test",
    "ui",
    "user",
    "vendor",
    "web",
    "worker",
];

/// A method and what stands behind the word; none at a variable.
type Call<'a> = (&'a str, Vec<Option<&'a str>>);

/// The words at the beginning of paths that are tenants; none where too little says so.
pub(super) fn words(node: &Node) -> BTreeSet<String> {
    // Behind regions and services stand values of the same kinds too: only words and what looks like a value count here.
    families(node, |word| may_be_value(word) && may_be_tenant(word), |node| calls(node, false), stay)
}

/// The words behind a plural that divide what is behind them; none where too little says so.
pub(super) fn parts(node: &Node) -> BTreeSet<String> {
    fn own(node: &Node) -> BTreeSet<Call<'_>> {
        let all = calls(node, true).into_iter();
        all.filter(|(_, behind)| behind.first().is_some_and(Option::is_some)).collect()
    }
    let known = |nodes: &[&Node]| {
        let seen: BTreeSet<&u64> = nodes.iter().flat_map(|node| &node.actors).collect();
        seen.len() >= SHARED
    };
    let words = families(node, is_name, own, known);
    // Where most are plurals, they are kinds of things.
    let names = words.iter().filter(|word| !name::is_plural(word)).count();
    if names < SHARED || names * 2 < words.len() { BTreeSet::new() } else { words }
}

/// Words behind which the same is called, and things are made behind several.
fn families(
    node: &Node,
    may_be: impl Fn(&str) -> bool,
    calls: impl for<'n> Fn(&'n Node) -> BTreeSet<Call<'n>>,
    used: impl Fn(&[&Node]) -> bool,
) -> BTreeSet<String> {
    let candidates: BTreeMap<&str, (&Node, BTreeSet<Call<'_>>)> = node
        .next
        .iter()
        .filter_map(|(part, next)| match part {
            Part::Fixed(word) if !next.given && may_be(word) => Some((word.as_str(), (next, calls(next)))),
            _ => None,
        })
        .collect();
    let mut having: BTreeMap<&Call<'_>, BTreeSet<&str>> = BTreeMap::new();
    for (word, (_, calls)) in &candidates {
        calls.iter().for_each(|call| _ = having.entry(call).or_default().insert(word));
    }
    // The family of a word has its members by the call about one thing that most have.
    let about_one = having.iter().filter(|((_, behind), words)| behind.contains(&None) && words.len() > 1);
    let Some((_, family)) = about_one.max_by_key(|(_, words)| words.len()) else { return BTreeSet::new() };
    let alike: BTreeSet<&Call<'_>> = having
        .iter()
        .filter(|(_, words)| words.intersection(family).count() * 2 >= family.len().max(3))
        .map(|(call, _)| *call)
        .collect();
    let of = |word: &str| candidates.get(word).map(|(node, calls)| (*node, calls));
    let is_like = |word: &&&str| {
        of(word).is_some_and(|(_, calls)| calls.iter().filter(|call| alike.contains(call)).count() * 2 >= calls.len())
    };
    let family: BTreeSet<&str> = family.iter().filter(is_like).copied().collect();
    let makers = family.iter().filter(|word| of(word).is_some_and(|(_, calls)| makes(calls))).count();
    let nodes: Vec<&Node> = family.iter().filter_map(|word| of(word)).map(|(node, _)| node).collect();
    if alike.len() < ALIKE || makers < SHARED || !used(&nodes) {
        return BTreeSet::new();
    }
    // Who was seen to do less does what the others do.
    let known = |calls: &BTreeSet<Call<'_>>| {
        !calls.is_empty() && calls.iter().all(|call| alike.contains(call) && !call.1.is_empty())
    };
    let more = candidates.iter().filter(|(_, (_, calls))| known(calls)).map(|(word, _)| *word);
    more.chain(family.iter().copied()).map(str::to_owned).collect()
}

/// Whether a word may be a tenant's name. Two letters, and two pairs of them, are a language or a country.
fn may_be_tenant(word: &str) -> bool {
    let letters = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
    let place = letters(word) || word.split_once(['-', '_']).is_some_and(|(one, two)| letters(one) && letters(two));
    !place && NO_TENANTS.binary_search(&name::singular(word).as_str()).is_err()
}

/// What can be called behind a word; `foreseen`: words that stand for values are none.
fn calls(node: &Node, foreseen: bool) -> BTreeSet<Call<'_>> {
    let mut found = BTreeSet::new();
    let mut open: Vec<(&Node, Vec<Option<&str>>)> = vec![(node, Vec::new())];
    while let Some((node, behind)) = open.pop().filter(|_| found.len() < MOST_CALLS) {
        found.extend(node.methods.iter().map(|method| (method.as_str(), behind.clone())));
        for (part, next) in node.next.iter().filter(|_| behind.len() < DEEPEST) {
            let step = match part {
                Part::Fixed(word) => Some(word.as_str()).filter(|_| !foreseen || !node.foreseen.contains(word)),
                Part::Variable(_) | Part::Inside { .. } => None,
            };
            open.push((next, behind.iter().copied().chain([step]).collect()));
        }
    }
    found
}

/// Whether things are made: what is posted to a collection of which single things are called.
fn makes(calls: &BTreeSet<Call<'_>>) -> bool {
    let posts = calls.iter().filter(|(method, behind)| *method == "POST" && behind.last().is_some_and(Option::is_some));
    posts.into_iter().any(|(_, collection)| {
        let one: Vec<Option<&str>> = collection.iter().copied().chain([None]).collect();
        calls.iter().any(|(_, behind)| behind.starts_with(&one))
    })
}

/// Whether nearly everybody stays behind one word, and several do behind each of some.
fn stay(family: &[&Node]) -> bool {
    let mut seen: BTreeMap<u64, usize> = BTreeMap::new();
    family.iter().flat_map(|node| &node.actors).for_each(|actor| *seen.entry(*actor).or_default() += 1);
    let staying = seen.values().filter(|words| **words == 1).count();
    let shared = family.iter().filter(|node| node.actors.len() > 1).count();
    // Somebody of the platform is everywhere.
    let others = seen.len() - staying;
    seen.len() >= PEOPLE && (others * 10 <= seen.len() || others <= 1) && shared >= SHARED
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mine::evidence::OperationEvidence;
    use crate::mine::name::Template;

    /// What is told of calls: method and path, and who made them.
    fn told(calls: &[(String, u64)]) -> Vec<String> {
        let mut root = Node::default();
        for (operation, actor) in calls {
            let seen = OperationEvidence { actors: [*actor].into(), ..OperationEvidence::default() };
            root.add(&Template::read(operation).unwrap(), &seen, false);
        }
        words(&root).into_iter().collect()
    }

    /// The calls of two people each behind some words.
    fn shop(words: &[&str], calls: &[&str]) -> Vec<(String, u64)> {
        let people = |at: usize| [10 * at as u64, 10 * at as u64 + 1];
        let of = |(at, word): (usize, &&str)| {
            let word = (*word).to_owned();
            let call = move |call: &&str| {
                let (method, path) = call.split_once(' ').unwrap();
                people(at).map(|actor| (format!("{method} /{word}{path}"), actor))
            };
            calls.iter().flat_map(call).collect::<Vec<_>>()
        };
        words.iter().enumerate().flat_map(of).collect()
    }

    const ORDERS: [&str; 4] = ["GET /orders", "POST /orders", "GET /orders/{order}", "POST /orders/{order}/pay"];

    #[test]
    fn words_behind_which_others_do_the_same_are_tenants() {
        assert!(NO_TENANTS.is_sorted());
        assert_eq!(told(&shop(&["acme", "globex"], &ORDERS)), ["acme", "globex"]);
        let mut all = shop(&["acme", "globex", "initech"], &ORDERS);
        // A tenant that was seen to do little, and what is none.
        all.push(("GET /umbrella/orders/{order}".to_owned(), 90));
        all.extend([1, 11, 21].map(|who| ("GET /health".to_owned(), who)));
        all.extend([1, 11, 21].map(|who| ("GET /catalog/items/{item}".to_owned(), who)));
        // Staff of the platform is everywhere.
        all.extend(["acme", "globex"].map(|word| (format!("GET /{word}/orders"), 99)));
        assert_eq!(told(&all), ["acme", "globex", "initech", "umbrella"]);
    }

    /// What stands behind a plural, and divides what is behind it.
    fn divided(calls: &[(String, u64)]) -> Vec<String> {
        let mut root = Node::default();
        for (operation, actor) in calls {
            let seen = OperationEvidence { actors: [*actor].into(), ..OperationEvidence::default() };
            root.add(&Template::read(operation).unwrap(), &seen, false);
        }
        parts(&root).into_iter().collect()
    }

    #[test]
    fn words_behind_a_plural_divide_what_has_a_word_of_its_own_behind_them() {
        let everywhere = |words: &[&str], calls: &[&str]| {
            let all = shop(words, calls).into_iter().map(|(call, who)| (call, who % 10));
            all.collect::<Vec<_>>()
        };
        assert_eq!(divided(&everywhere(&["acme", "default"], &ORDERS)), ["acme", "default"]);
        assert_eq!(
            divided(&everywhere(&["acme", "globex", "contoso-labs"], &ORDERS)),
            ["acme", "contoso-labs", "globex"]
        );
        let cards = ["POST /", "GET /{card}", "DELETE /{card}", "POST /{card}/block"];
        assert_eq!(divided(&everywhere(&["card", "account"], &cards)), [""; 0], "two kinds of things");
        assert_eq!(divided(&everywhere(&["orders", "carts"], &ORDERS)), [""; 0], "plurals");
        assert_eq!(divided(&everywhere(&["v1", "v2"], &ORDERS)), [""; 0], "versions");
        let reads = ["GET /lines", "GET /lines/{line}", "GET /lines/{line}/notes"];
        assert_eq!(divided(&everywhere(&["daily", "weekly"], &reads)), [""; 0], "nothing is made");
        let alone: Vec<_> = everywhere(&["acme", "globex"], &ORDERS).into_iter().map(|(call, _)| (call, 7)).collect();
        assert_eq!(divided(&alone), [""; 0], "one person's words");
    }

    #[test]
    fn what_only_looks_like_tenants_is_none() {
        for (words, why) in [
            (["customers", "couriers"], "roles"),
            (["en", "de"], "languages"),
            (["en-GB", "pt_BR"], "languages of countries"),
            (["v1", "v2"], "versions"),
        ] {
            assert_eq!(told(&shop(&words, &ORDERS)), [""; 0], "{why}");
        }
        let reads = ["GET /orders", "GET /orders/{order}", "GET /orders/{order}/lines"];
        assert_eq!(told(&shop(&["east", "west"], &reads)), [""; 0], "nothing is made");
        let mut one = shop(&["kitchen"], &ORDERS);
        one.extend(
            shop(&["counter"], &["GET /orders", "GET /orders/{order}", "POST /orders/{order}/pay"])
                .into_iter()
                .map(|(call, who)| (call, who + 50)),
        );
        assert_eq!(told(&one), [""; 0], "one makes what the other serves");
        let same: Vec<_> = shop(&["acme", "globex"], &ORDERS).into_iter().map(|(call, who)| (call, who % 10)).collect();
        assert_eq!(told(&same), [""; 0], "the same people");
        let single: Vec<_> = shop(&["acme", "globex", "initech", "umbrella"], &ORDERS)
            .into_iter()
            .map(|(call, who)| (call, who / 10))
            .collect();
        assert_eq!(told(&single), [""; 0], "a word for each");
        let services = shop(&["orders", "refunds"], &["GET /{x}", "POST /", "POST /{x}/close"]);
        assert_eq!(told(&services), [""; 0], "collections");
    }
}
