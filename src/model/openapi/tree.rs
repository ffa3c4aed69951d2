//! A YAML or JSON document as a flat tree that keeps the places of its parts.
//!
//! Documents nest deeper than a stack may be trusted with, and aliases and references may form rings: nothing here
//! recurses, and an alias stays an alias.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

use granit_parser::{Event, Options, Parser, Span as Place};

use crate::model::Code;
use crate::model::diagnostic::{Diagnostic, Span};

/// Largest document in bytes.
pub(in crate::model) const LENGTH: usize = 32 << 20;
/// Most values and keys of one document: at some 50 bytes each, this is what it may take.
const NODES: usize = 2_000_000;
/// Most steps from one value to the next in all that is asked of a tree.
const STEPS: u32 = 50_000_000;

/// One place of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::model) struct At(u32);

#[derive(Debug)]
struct Node<'t> {
    start: u32,
    end: u32,
    /// The next one in the same collection; keys and values of a mapping take turns.
    next: Option<At>,
    shape: Shape<'t>,
}

#[derive(Debug)]
enum Shape<'t> {
    Scalar(Cow<'t, str>),
    List(Option<At>),
    Mapping(Option<At>),
    Alias(Option<At>),
}

/// A document.
#[derive(Debug)]
pub(in crate::model) struct Tree<'t> {
    nodes: Vec<Node<'t>>,
    /// Children by key of the mappings that references went through.
    known: BTreeMap<At, BTreeMap<Box<str>, At>>,
    /// Steps that may still be taken: what is shared by many references is walked through for each.
    steps: Cell<u32>,
}

impl<'t> Tree<'t> {
    /// Reads one document within the limits.
    pub(in crate::model) fn read(text: &'t str) -> Result<Tree<'t>, Box<Diagnostic>> {
        if text.len() > LENGTH {
            let title = format!("such a document has at most {} MiB", LENGTH >> 20);
            return Err(Box::new(Diagnostic::error(Code::Limit, 0..0, title)));
        }
        let mut options = Options::default();
        options.set_emit_comments(false);
        let mut builder = Builder::default();
        for event in Parser::new_from_str_with_options(text, options) {
            let (event, place) = event.map_err(|error| {
                let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
                let title = "this is neither YAML nor JSON that can be read";
                Box::new(Diagnostic::error(Code::OpenApi, at..at, title).label(error.info()))
            })?;
            builder.take(event, &place)?;
        }
        Ok(Tree { nodes: builder.nodes, known: BTreeMap::new(), steps: Cell::new(STEPS) })
    }

    /// The whole of it; `None` where the document is empty.
    pub(in crate::model) fn root(&self) -> Option<At> {
        (!self.nodes.is_empty()).then_some(At(0))
    }

    /// A node, or that which an alias stands for. No alias stands for another.
    fn node(&self, at: At) -> Option<&Node<'t>> {
        let node = self.nodes.get(at.0 as usize)?;
        match &node.shape {
            Shape::Alias(target) => target.and_then(|target| self.nodes.get(target.0 as usize)),
            _ => Some(node),
        }
    }

    /// Bytes of the document.
    pub(in crate::model) fn span(&self, at: At) -> Span {
        self.nodes.get(at.0 as usize).map_or(0..0, |node| node.start as usize..node.end as usize)
    }

    /// The text of a single value.
    pub(in crate::model) fn text(&self, at: At) -> Option<&str> {
        match &self.node(at)?.shape {
            Shape::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is a list.
    pub(in crate::model) fn is_list(&self, at: At) -> bool {
        self.node(at).is_some_and(|node| matches!(node.shape, Shape::List(_)))
    }

    /// Whether it is a mapping.
    pub(in crate::model) fn is_mapping(&self, at: At) -> bool {
        self.node(at).is_some_and(|node| matches!(node.shape, Shape::Mapping(_)))
    }

    /// Items of a list; none where it is something else.
    pub(in crate::model) fn items(&self, at: At) -> impl Iterator<Item = At> {
        let first = match self.node(at).map(|node| &node.shape) {
            Some(Shape::List(first)) => *first,
            _ => None,
        };
        self.from(first)
    }

    /// Keys and values of a mapping in order; none where it is something else.
    pub(in crate::model) fn entries(&self, at: At) -> impl Iterator<Item = (At, At)> {
        let first = match self.node(at).map(|node| &node.shape) {
            Some(Shape::Mapping(first)) => *first,
            _ => None,
        };
        let mut children = self.from(first);
        std::iter::from_fn(move || Some((children.next()?, children.next()?)))
    }

    fn from(&self, first: Option<At>) -> impl Iterator<Item = At> {
        let step = |at: At| {
            self.steps.set(self.steps.get().checked_sub(1)?);
            Some(at)
        };
        std::iter::successors(first, move |at| self.nodes.get(at.0 as usize)?.next.and_then(step))
    }

    /// Whether more was asked than may be, so that what was answered is not all.
    pub(in crate::model) fn is_exhausted(&self) -> bool {
        self.steps.get() == 0
    }

    /// The value of a key, the first where it is given twice.
    pub(in crate::model) fn get(&self, at: At, key: &str) -> Option<At> {
        self.entries(at).find(|(name, _)| self.text(*name) == Some(key)).map(|(_, value)| value)
    }

    /// What a pointer into this document (RFC 6901, behind the `#`) leads to, through mappings alone.
    pub(in crate::model) fn pointed(&mut self, pointer: &str) -> Option<At> {
        let mut at = self.root()?;
        for token in pointer.strip_prefix('/')?.split('/') {
            let token = offpath_capture::percent_decoded(token, false).replace("~1", "/").replace("~0", "~");
            at = self.child(at, &token)?;
        }
        Some(at)
    }

    /// As [`Tree::get`], at the price of one look through the mapping for all its keys.
    fn child(&mut self, at: At, key: &str) -> Option<At> {
        if !self.known.contains_key(&at) {
            let mut children: BTreeMap<Box<str>, At> = BTreeMap::new();
            for (name, value) in self.entries(at) {
                if let Some(name) = self.text(name) {
                    children.entry(name.into()).or_insert(value);
                }
            }
            self.known.insert(at, children);
        }
        self.known.get(&at)?.get(key).copied()
    }
}

/// A tree under way.
#[derive(Default)]
struct Builder<'t> {
    nodes: Vec<Node<'t>>,
    /// Open collections, with their last child.
    open: Vec<(At, Option<At>)>,
    anchors: BTreeMap<usize, At>,
    documents: usize,
}

impl<'t> Builder<'t> {
    fn take(&mut self, event: Event<'t>, place: &Place) -> Result<(), Box<Diagnostic>> {
        let bytes = place.byte_range().unwrap_or(0..0);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let title = "a second document begins";
                    let found = Diagnostic::error(Code::OpenApi, bytes, title);
                    return Err(Box::new(found.help("give each description as a file of its own")));
                }
            }
            Event::Scalar(text, _, anchor, _) => {
                self.add(Shape::Scalar(text), anchor, bytes)?;
            }
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).copied();
                self.add(Shape::Alias(target), 0, bytes)?;
            }
            Event::SequenceStart(_, anchor, _) => {
                let at = self.add(Shape::List(None), anchor, bytes)?;
                self.open.push((at, None));
            }
            Event::MappingStart(_, anchor, _) => {
                let at = self.add(Shape::Mapping(None), anchor, bytes)?;
                self.open.push((at, None));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((at, _)) = self.open.pop()
                    && let Some(node) = self.nodes.get_mut(at.0 as usize)
                {
                    node.end = narrow(bytes.end).max(node.start);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, shape: Shape<'t>, anchor: usize, bytes: Span) -> Result<At, Box<Diagnostic>> {
        if self.nodes.len() >= NODES {
            let title = format!("the document holds more than {NODES} values");
            return Err(Box::new(Diagnostic::error(Code::Limit, bytes, title)));
        }
        let at = At(narrow(self.nodes.len()));
        self.nodes.push(Node { start: narrow(bytes.start), end: narrow(bytes.end), next: None, shape });
        if anchor > 0 {
            self.anchors.insert(anchor, at);
        }
        if let Some((parent, last)) = self.open.last_mut() {
            let before = last.replace(at).unwrap_or(*parent);
            let first = before == *parent;
            if let Some(node) = self.nodes.get_mut(before.0 as usize) {
                match &mut node.shape {
                    Shape::List(child) | Shape::Mapping(child) if first => *child = Some(at),
                    _ => node.next = Some(at),
                }
            }
        }
        Ok(at)
    }
}

/// Documents are shorter, and have fewer values, than this takes.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_and_json_are_one_tree_with_places() {
        let yaml = "a:\n  b: [x, 'y z']\nc: &n {d: 1}\ne: *n\n";
        let json = "{\n\t\"a\": {\"b\": [\"x\", \"y z\"]},\n\t\"c\": {\"d\": 1},\n\t\"e\": {\"d\": 1}}";
        for text in [yaml, json] {
            let mut tree = Tree::read(text).unwrap();
            let root = tree.root().unwrap();
            let items = tree.get(root, "a").and_then(|a| tree.get(a, "b")).unwrap();
            let texts: Vec<_> = tree.items(items).filter_map(|at| tree.text(at)).collect();
            assert_eq!(texts, ["x", "y z"]);
            let d = tree.pointed("/e/d").unwrap();
            assert_eq!((tree.text(d), &text[tree.span(d)]), (Some("1"), "1"));
            assert_eq!(tree.pointed("/e/x"), None);
            assert_eq!(tree.entries(root).count(), 3);
        }
    }

    #[test]
    fn pointers_are_unescaped() {
        let mut tree = Tree::read("paths: {/a/b~c: {x: 1}}").unwrap();
        let x = tree.pointed("/paths/~1a~1b~0c/x").unwrap();
        assert_eq!(tree.text(x), Some("1"));
    }

    #[test]
    fn hostile_documents_are_refused_or_stay_small() {
        let deep = ["[".repeat(100_000), "{a: ".repeat(10_000), "- ".repeat(50_000)];
        for text in deep.into_iter().chain(["a: 1\n---\nb: 2".to_owned(), "a: *b".to_owned(), "x: [".to_owned()]) {
            assert!(Tree::read(&text).is_err(), "{}", text.get(..20.min(text.len())).unwrap());
        }
        let bomb = (0..30).fold("a0: &a0 [x]\n".to_owned(), |all, n| {
            format!("{all}a{0}: &a{0} [{1}]\n", n + 1, vec![format!("*a{n}"); 10].join(","))
        });
        assert!(Tree::read(&bomb).is_ok(), "an alias is never written out");
        let ring = Tree::read("a: &x {b: *x}").unwrap();
        let a = ring.get(ring.root().unwrap(), "a").unwrap();
        let b = ring.get(a, "b").unwrap();
        assert_eq!(ring.entries(b).count(), 1);
        assert_eq!(Tree::read("").unwrap().root(), None);
    }

    #[test]
    fn what_is_asked_of_a_tree_has_an_end() {
        let text = "x".repeat(20).chars().map(|c| format!("- {c}\n")).collect::<String>();
        let tree = Tree::read(&text).unwrap();
        tree.steps.set(30);
        assert_eq!((tree.items(At(0)).count(), tree.is_exhausted()), (20, false));
        assert_eq!((tree.items(At(0)).count(), tree.is_exhausted()), (12, true));
    }
}
