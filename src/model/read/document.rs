//! YAML as a tree in which every key and value knows its place.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, MergeKeyPolicy, Spanned};

use crate::model::Code;
use crate::model::diagnostic::{Diagnostic, Span};

/// Largest file in bytes.
const LENGTH: usize = 4 * 1024 * 1024;
/// Deepest nesting of lists and mappings. The language itself needs eight levels; the deserialiser takes some 40 KiB of
/// stack for each in a debug build, and a thread may have no more than 2 MiB.
const DEPTH: usize = 16;

/// A value and where it is.
#[derive(Clone, Debug)]
pub(in crate::model) struct Node {
    pub(in crate::model) span: Span,
    pub(in crate::model) shape: Shape,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(in crate::model) enum Shape {
    /// Nothing, `null` or `~`.
    Null,
    Scalar(Scalar),
    List(Vec<Node>),
    Mapping(Vec<(Key, Node)>),
}

/// A text, as written: numbers and truth values are texts until someone needs them.
#[derive(Clone, Debug)]
pub(in crate::model) struct Scalar {
    pub(in crate::model) text: String,
    /// Byte of the file at which the text starts, where it stands there unaltered (no escapes, no folding).
    pub(in crate::model) exact: Option<usize>,
}

/// A key of a mapping.
#[derive(Clone, Debug)]
pub(in crate::model) struct Key {
    pub(in crate::model) text: String,
    pub(in crate::model) span: Span,
}

impl Shape {
    /// How a message names it.
    pub(in crate::model) fn describe(&self) -> &'static str {
        match self {
            Shape::Null => "nothing",
            Shape::Scalar(_) => "a single value",
            Shape::List(_) => "a list",
            Shape::Mapping(_) => "a mapping",
        }
    }
}

/// Reads one YAML document within the limits.
pub(in crate::model) fn read(text: &str) -> Result<Node, Box<Diagnostic>> {
    if text.len() > LENGTH {
        let title = format!("such a file is at most {} MiB", LENGTH >> 20);
        return Err(Box::new(Diagnostic::error(Code::Limit, 0..0, title)));
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH,
            flow_nesting_limit: DEPTH,
            max_events: 400_000,
            max_nodes: 200_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        with_snippet: false,
    };
    let tree: Spanned<Tree> =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| Box::new(refusal(text, &error)))?;
    Ok(place(tree, text))
}

/// Turns the parser's error into ours: its message without its own mention of the place.
fn refusal(text: &str, error: &serde_saphyr::Error) -> Diagnostic {
    let message = error.to_string();
    let message = message.lines().next().unwrap_or_default();
    let limit = message.contains("budget") || message.contains("limit") || message.contains("recursion");
    let message = message.rsplit_once(" at line ").map_or(message, |(before, _)| before);
    let message = match error {
        serde_saphyr::Error::MultipleDocuments { .. } => "a second document begins; give each version as a file",
        _ => message.strip_prefix("error: ").unwrap_or(message),
    };
    let at = error.location().map_or(text.len()..text.len(), |location| span_of(&location, text));
    let code = if limit { Code::Limit } else { Code::Yaml };
    let title = if limit { "the file is too large or too deeply nested" } else { "this is not YAML that can be read" };
    Diagnostic::error(code, at, title).label(message)
}

/// Bytes of a location. The parser's own byte offsets are used where it has them.
fn span_of(location: &Location, text: &str) -> Span {
    let bytes = location.span().byte_offset().zip(location.span().byte_len());
    let bytes = bytes.and_then(|(start, len)| Some((usize::try_from(start).ok()?, usize::try_from(len).ok()?)));
    match bytes {
        Some((start, len)) => start.min(text.len())..start.saturating_add(len).min(text.len()),
        None => {
            let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
            let start = text.split_inclusive('\n').take(line).map(str::len).sum::<usize>();
            let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
            let rest = text.get(start..).unwrap_or_default();
            let within = rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
            start + within..start + within
        }
    }
}

fn place(tree: Spanned<Tree>, text: &str) -> Node {
    let span = span_of(&tree.defined, text);
    let written = text.get(span.clone()).unwrap_or_default();
    let shape = match tree.value {
        Tree::Null => Shape::Null,
        Tree::Plain => Shape::Scalar(Scalar { text: written.to_owned(), exact: Some(span.start) }),
        Tree::Text(content) => {
            let inner = written.get(1..written.len().saturating_sub(1));
            let exact = if written == content {
                Some(span.start)
            } else {
                (inner == Some(content.as_str())).then_some(span.start + 1)
            };
            Shape::Scalar(Scalar { text: content, exact })
        }
        Tree::List(items) => Shape::List(items.into_iter().map(|item| place(item, text)).collect()),
        Tree::Mapping(entries) => {
            let keyed = |(key, value): (Spanned<String>, _)| {
                (Key { span: span_of(&key.defined, text), text: key.value }, place(value, text))
            };
            Shape::Mapping(entries.into_iter().map(keyed).collect())
        }
    };
    Node { span: tightened(span, &shape), shape }
}

/// A collection's span as the parser gives it may run on to the next token; it ends with its last value.
fn tightened(span: Span, shape: &Shape) -> Span {
    let last = match shape {
        Shape::List(items) => items.last().map(|item| item.span.end),
        Shape::Mapping(entries) => entries.last().map(|(key, value)| value.span.end.max(key.span.end)),
        _ => None,
    };
    match last {
        Some(end) => span.start..end.max(span.start),
        None => span,
    }
}

/// The tree as the deserialiser gives it. Bare numbers and truth values are taken from the file's own text afterwards,
/// so that `version: 1.10` stays what it is.
enum Tree {
    Null,
    Plain,
    Text(String),
    List(Vec<Spanned<Tree>>),
    Mapping(Vec<(Spanned<String>, Spanned<Tree>)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a list or a mapping")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Tree, E> {
        Ok(Tree::Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Tree, E> {
        Ok(Tree::Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Tree, E> {
        Ok(Tree::Plain)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Tree, E> {
        Ok(Tree::Plain)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Tree, E> {
        Ok(Tree::Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::Plain)
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut mapping = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            mapping.push(entry);
        }
        Ok(Tree::Mapping(mapping))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry<'a>(node: &'a Node, key: &str) -> &'a Node {
        let Shape::Mapping(entries) = &node.shape else { panic!("{node:?}") };
        &entries.iter().find(|(k, _)| k.text == key).unwrap().1
    }

    fn scalar(node: &Node) -> &Scalar {
        let Shape::Scalar(scalar) = &node.shape else { panic!("{node:?}") };
        scalar
    }

    #[test]
    fn values_keep_their_text_and_place() {
        let text = "version: 1.10\nno: on\nä: {q: \"ab\", e: \"a\\tb\"}\nempty:\nseq:\n  - x\n  - y\n";
        let node = read(text).unwrap();
        assert_eq!(scalar(entry(&node, "version")).text, "1.10");
        assert_eq!(scalar(entry(&node, "no")).text, "on");
        let quoted = entry(entry(&node, "ä"), "q");
        assert_eq!(&text[quoted.span.clone()], "\"ab\"");
        assert_eq!(scalar(quoted).exact.map(|at| &text[at..at + 2]), Some("ab"));
        assert_eq!(scalar(entry(entry(&node, "ä"), "e")).exact, None);
        assert!(matches!(entry(&node, "empty").shape, Shape::Null));
        assert_eq!(&text[entry(&node, "seq").span.clone()], "- x\n  - y");
    }

    #[test]
    fn duplicates_pass_and_aliases_point_to_their_definition() {
        let text = "a: &x {k: v}\nb: *x\na: 2\n";
        let node = read(text).unwrap();
        let Shape::Mapping(entries) = &node.shape else { panic!() };
        assert_eq!(entries.len(), 3);
        assert_eq!(&text[entry(entry(&node, "b"), "k").span.clone()], "v");
    }

    #[test]
    fn hostile_files_are_refused() {
        let bomb = (0..30).fold("a0: &a0 [x]\n".to_owned(), |all, n| {
            format!("{all}a{0}: &a{0} [{1}]\n", n + 1, vec![format!("*a{n}"); 10].join(","))
        });
        for text in ["[".repeat(100_000), "- ".repeat(50_000), "{a: ".repeat(10_000), bomb, "x".repeat(LENGTH + 1)] {
            assert!(read(&text).is_err(), "{}", text.len());
        }
        for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")] {
            let deep = |levels: usize| read(&format!("{}x{}", open.repeat(levels), close.repeat(levels)));
            assert!(deep(DEPTH + 1).is_err(), "{open}");
            assert!(deep(1000).is_err(), "{open}");
        }
        assert!(read(&format!("{}x{}", "{a: ".repeat(DEPTH), "}".repeat(DEPTH))).is_ok());
    }
}
