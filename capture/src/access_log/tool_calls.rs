//! Which spans tell of one call of a tool: the agent's, that of the client by which it called, and the server's.
//!
//! The outermost of those that are read together is the call. Of spans that come later, each that belongs to a call that
//! was told already is none: one above it, and one below it for each side of the call. A second one of the same side is
//! another call, such as a retry, which may have done its work twice.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Spans that are remembered; the oldest are forgotten first.
const SPANS: usize = 1 << 16;
/// Steps from a span to those above it.
const DEPTH: usize = 32;
/// Most bytes of an id.
const ID_BYTES: usize = 128;

/// Who tells of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The agent that wants it done.
    Agent,
    Client,
    Server,
}

/// A call that a span tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    side: Side,
    /// Digest of the tool's name, which may be long.
    name: u64,
    id: Option<u64>,
    arguments: Option<u64>,
    failed: bool,
}

impl Call {
    pub(super) fn new(side: Side, name: &str, id: Option<&str>, arguments: Option<&str>) -> Self {
        // The same arguments may be written with other spaces or in another order.
        let arguments = arguments.map(|text| match serde_json::from_str::<serde_json::Value>(text) {
            Ok(value) => digest(&value.to_string()),
            Err(_) => digest(text),
        });
        Call { side, name: digest(name), id: id.map(digest), arguments, failed: false }
    }

    /// The same call, with how it ended.
    pub(super) fn ended(self, failed: bool) -> Self {
        Call { failed, ..self }
    }

    /// Whether nothing tells the two apart. What failed for one and not for the other are two: the work was done, and who
    /// asked for it may try again. By a name alone, two of one side are two.
    fn is_like(&self, other: &Call) -> bool {
        let agree = |one: Option<u64>, two: Option<u64>| one.zip(two).is_none_or(|(one, two)| one == two);
        let told = |call: &Call| call.id.is_some() || call.arguments.is_some();
        self.name == other.name
            && self.failed == other.failed
            && agree(self.id, other.id)
            && agree(self.arguments, other.arguments)
            && (self.side != other.side || told(self) && told(other))
    }
}

fn digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// A span within its trace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SpanKey {
    trace: Box<str>,
    span: Box<str>,
}

impl SpanKey {
    /// None for ids that are missing or can be none.
    pub(super) fn new(trace: &str, span: &str) -> Option<Self> {
        let is_id = |id: &str| (1..=ID_BYTES).contains(&id.len());
        (is_id(trace) && is_id(span)).then(|| SpanKey { trace: trace.into(), span: span.into() })
    }
}

#[derive(Default)]
struct Node {
    parent: Option<SpanKey>,
    call: Option<Call>,
    /// A call below it that was told.
    told: Option<Call>,
    /// Sides of its call that were told or left out below it.
    sides: Vec<Side>,
}

/// The spans so far.
#[derive(Default)]
pub(super) struct ToolCalls {
    nodes: BTreeMap<SpanKey, Node>,
    order: VecDeque<SpanKey>,
}

impl ToolCalls {
    /// Takes in a span, also one that tells of no call: it stands between others.
    pub(super) fn see(&mut self, key: SpanKey, parent: Option<SpanKey>, call: Option<Call>) {
        let node = self.node(&key);
        node.parent.clone_from(&parent);
        node.call = call;
        if let (Some(own), Some(told)) = (&node.call, &node.told)
            && !own.is_like(told)
        {
            // What was told below is a call of its own.
            node.told = None;
            node.sides.clear();
        }
        if let Some(told) = node.told.clone() {
            self.tell(parent, &told);
        }
    }

    /// Whether the call that a seen span tells of is told by another span; else this one does.
    pub(super) fn repeats(&mut self, key: &SpanKey) -> bool {
        let Some(node) = self.nodes.get(key) else { return false };
        let Some(call) = node.call.clone() else { return false };
        if node.told.as_ref().is_some_and(|told| told.is_like(&call)) {
            return true;
        }
        let parent = node.parent.clone();
        if let Some(above) = self.above(parent.clone(), &call)
            && let Some(node) = self.nodes.get_mut(&above)
            && !node.sides.contains(&call.side)
        {
            node.sides.push(call.side);
            return true;
        }
        self.tell(parent, &call);
        false
    }

    /// The nearest span above that tells of the same call.
    fn above(&self, mut at: Option<SpanKey>, call: &Call) -> Option<SpanKey> {
        for _ in 0..DEPTH {
            let key = at?;
            let node = self.nodes.get(&key)?;
            if node.call.as_ref().is_some_and(|other| other.is_like(call)) {
                return Some(key);
            }
            at = node.parent.clone();
        }
        None
    }

    /// Lets the spans above know that a call was told, up to one that tells of another, or the last that is known and the one
    /// above it.
    fn tell(&mut self, mut at: Option<SpanKey>, call: &Call) {
        for _ in 0..DEPTH {
            let Some(key) = at else { return };
            let node = self.node(&key);
            if node.call.as_ref().is_some_and(|own| !own.is_like(call)) {
                return;
            }
            node.told = Some(call.clone());
            if !node.sides.contains(&call.side) {
                node.sides.push(call.side);
            }
            at = node.parent.clone();
        }
    }

    fn node(&mut self, key: &SpanKey) -> &mut Node {
        if !self.nodes.contains_key(key) {
            if self.order.len() >= SPANS
                && let Some(oldest) = self.order.pop_front()
            {
                self.nodes.remove(&oldest);
            }
            self.order.push_back(key.clone());
        }
        self.nodes.entry(key.clone()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str) -> Option<SpanKey> {
        SpanKey::new("t", id)
    }

    fn refund(side: Side) -> Call {
        Call::new(side, "refund", None, Some(r#"{"order": 1}"#))
    }

    /// How many calls spans tell of, by id, parent and call, read together in groups.
    fn told(groups: &[&[(&str, &str, Option<Call>)]]) -> usize {
        let mut calls = ToolCalls::default();
        let mut count = 0;
        for group in groups {
            for (id, parent, call) in *group {
                calls.see(key(id).unwrap(), key(parent), call.clone());
            }
            count += group.iter().filter(|(id, _, call)| call.is_some() && !calls.repeats(&key(id).unwrap())).count();
        }
        count
    }

    #[test]
    fn one_call_is_told_once_in_whatever_order_it_comes() {
        let agent = ("a", "", Some(refund(Side::Agent)));
        let client = ("c", "a", Some(refund(Side::Client)));
        let http = ("h", "c", None);
        let server = ("s", "h", Some(refund(Side::Server)));
        let all = [agent, client, http, server];
        assert_eq!(told(&[&all]), 1);
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [3, 1, 2, 0], [2, 3, 1, 0], [1, 3, 2, 0], [0, 2, 1, 3]]
        {
            let groups: Vec<Vec<_>> = order.iter().map(|at| vec![all[*at].clone()]).collect();
            let groups: Vec<&[_]> = groups.iter().map(Vec::as_slice).collect();
            assert!(told(&groups) <= 2, "{order:?}");
            let together: Vec<_> = order.iter().map(|at| all[*at].clone()).collect();
            assert_eq!(told(&[&together]), 1, "{order:?}");
        }
        assert_eq!(told(&[&all[3..], &all[..3]]), 1, "the server's first");
        assert_eq!(told(&[&all[..3], &all[3..]]), 1, "the server's last");
    }

    #[test]
    fn calls_that_differ_are_all_told() {
        let agent = || ("a", "", Some(refund(Side::Agent)));
        let retry = [agent(), ("c", "a", Some(refund(Side::Client))), ("d", "a", Some(refund(Side::Client)))];
        assert_eq!(told(&[&retry]), 2, "a second try may do it twice");
        let other = Call::new(Side::Agent, "refund", None, Some(r#"{"order":2}"#));
        assert_eq!(told(&[&[agent(), ("b", "a", Some(other))]]), 2, "other arguments");
        let inner = Call::new(Side::Agent, "notify", None, None);
        assert_eq!(told(&[&[agent(), ("b", "a", Some(inner))]]), 2, "another tool");
        let served = Call::new(Side::Server, "shop.refund", None, None);
        let client = ("c", "a", Some(refund(Side::Client)));
        assert_eq!(told(&[&[agent(), client, ("s", "c", Some(served))]]), 2, "another name may be another tool");
        let twice = [("s", "p", Some(refund(Side::Server))), ("u", "p", Some(refund(Side::Server)))];
        assert_eq!(told(&[&twice, &[("p", "", Some(refund(Side::Client)))]]), 2, "served twice, before the client's");
        let reordered = Call::new(Side::Client, "refund", None, Some(r#"{"order":1}"#));
        assert_eq!(told(&[&[agent(), ("c", "a", Some(reordered))]]), 1);
        let failed = ("c", "a", Some(refund(Side::Client).ended(true)));
        assert_eq!(told(&[&[agent(), failed]]), 2, "what failed for one was done for the other");
        let bare = |side| Some(Call::new(side, "transfer", None, None));
        let nested = [("a", "", bare(Side::Agent)), ("b", "a", bare(Side::Agent)), ("c", "b", bare(Side::Agent))];
        assert_eq!(told(&[&nested]), 3, "by a name alone two of one side are two");
        assert_eq!(told(&[&[("a", "", bare(Side::Agent)), ("c", "a", bare(Side::Client))]]), 1);
    }

    #[test]
    fn another_call_between_hides_and_repeats_nothing() {
        let agent = ("a", "", Some(refund(Side::Agent)));
        let other = |id, parent, side| (id, parent, Some(Call::new(side, "lookup", None, Some("{}"))));
        let client = ("c", "a", Some(refund(Side::Client)));
        assert_eq!(told(&[&[agent, other("l", "a", Side::Client), client]]), 2);
        let server = ("s", "c", Some(refund(Side::Server)));
        let below = other("n", "s", Side::Agent);
        let client = ("c", "", Some(refund(Side::Client)));
        assert_eq!(told(&[&[server, below], &[client]]), 2, "one below the server's, before the client's");
        let client = ("c", "a", Some(refund(Side::Client)));
        let agent = ("a", "", Some(refund(Side::Agent)));
        assert_eq!(told(&[&[other("n", "c", Side::Server)], &[client], &[agent]]), 2, "another below, told first");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut calls = ToolCalls::default();
        for id in 0..SPANS + 10 {
            calls.see(key(&format!("s{id}")).unwrap(), None, None);
        }
        assert_eq!((calls.nodes.len(), calls.order.len()), (SPANS, SPANS));
        // A span above itself ends nothing.
        calls.see(key("x").unwrap(), key("x"), Some(refund(Side::Agent)));
        calls.repeats(&key("x").unwrap());
    }
}
