//! A YAML document as it is written: values with their own text, and comments.

use granit_parser::{Event, Options, Parser, ScalarStyle, StructureStyle};

use super::Refusal;
use super::comment::{self, Comment};
use crate::model::diagnostic::Span;

/// A document and its comments.
pub(super) struct Source<'t> {
    pub(super) text: &'t str,
    pub(super) root: Option<Node<'t>>,
    pub(super) comments: Vec<Comment<'t>>,
    /// It begins with `---`.
    pub(super) marked: bool,
}

/// A value.
pub(super) struct Node<'t> {
    pub(super) span: Span,
    /// `&name`, without the sign.
    pub(super) anchor: Option<String>,
    pub(super) body: Body<'t>,
}

/// What a value is.
pub(super) enum Body<'t> {
    /// A text as it is written, on one line or several; empty where nothing is written.
    Scalar(&'t str, ScalarStyle),
    /// Items, and whether they stand in brackets.
    List(Vec<Node<'t>>, bool),
    /// Keys and values in turn, and whether they stand in braces.
    Mapping(Vec<Node<'t>>, bool),
}

impl<'t> Source<'t> {
    pub(super) fn read(text: &'t str) -> Result<Source<'t>, Refusal> {
        let mut options = Options::default();
        options.set_emit_comments(false);
        options.emit_anchor_events = true;
        let mut builder = Builder { text, open: Vec::new(), root: None, values: Vec::new(), marked: false };
        for event in Parser::new_from_str_with_options(text, options) {
            let (event, place) = event.map_err(|error| {
                Refusal::new(error.marker().byte_offset().unwrap_or(0), format!("not YAML: {}", error.info()))
            })?;
            let span = place.byte_range().unwrap_or(0..0);
            builder.take(event, span)?;
        }
        let comments = comment::all(text, &builder.values);
        Ok(Source { text, root: builder.root, comments, marked: builder.marked })
    }
}

struct Builder<'t> {
    text: &'t str,
    open: Vec<Node<'t>>,
    root: Option<Node<'t>>,
    values: Vec<Span>,
    marked: bool,
}

impl<'t> Builder<'t> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Refusal> {
        let at = span.start;
        match event {
            Event::DocumentStart(explicit, version) => {
                if version.is_some() {
                    return Err(Refusal::new(0, "a directive cannot be laid out"));
                }
                self.marked = explicit;
            }
            Event::Scalar(_, style, _, tag) => {
                untagged(at, tag.is_some())?;
                let at = match style {
                    ScalarStyle::Literal | ScalarStyle::Folded => self.head_of(at)?,
                    _ => at,
                };
                // A block's text may run on to the next value.
                let raw = self.text.get(at..span.end).unwrap_or_default().trim_end();
                let span = at..at + raw.len();
                self.values.push(span.clone());
                self.add(Node { span, anchor: None, body: Body::Scalar(raw, style) });
            }
            Event::Alias(_) => {
                let raw = self.text.get(span.clone()).unwrap_or_default();
                self.values.push(span.clone());
                self.add(Node { span, anchor: None, body: Body::Scalar(raw, ScalarStyle::Plain) });
            }
            Event::SequenceStart(style, _, tag) => {
                untagged(at, tag.is_some())?;
                let body = Body::List(Vec::new(), style == StructureStyle::Flow);
                self.open.push(Node { span, anchor: None, body });
            }
            Event::MappingStart(style, _, tag) => {
                untagged(at, tag.is_some())?;
                let body = Body::Mapping(Vec::new(), style == StructureStyle::Flow);
                self.open.push(Node { span, anchor: None, body });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(mut node) = self.open.pop() {
                    node.span.end = end(&node, span.end);
                    self.add(node);
                }
            }
            Event::Anchor(_, name) => self.anchored(&name),
            _ => {}
        }
        Ok(())
    }

    /// Where the sign of a block's text stands: the parser tells of its content.
    fn head_of(&self, at: usize) -> Result<usize, Refusal> {
        let refused = || Refusal::new(at, "a text of this style cannot be laid out");
        if self.text.get(at..).is_some_and(|text| text.starts_with(['|', '>'])) {
            return Ok(at);
        }
        let head = self.text.get(..at).and_then(|before| before.rfind(['|', '>'])).ok_or_else(refused)?;
        let between = self.text.get(head + 1..at).unwrap_or_default();
        let (sign, rest) = between.split_once('\n').ok_or_else(refused)?;
        let only_space = rest.trim().is_empty();
        let sign = sign.split_once(" #").map_or(sign, |(sign, _)| sign);
        let plain = sign.trim().chars().all(|c| c == '-' || c == '+' || c.is_ascii_digit());
        if only_space && plain { Ok(head) } else { Err(refused()) }
    }

    fn add(&mut self, node: Node<'t>) {
        match self.open.last_mut().map(|parent| &mut parent.body) {
            Some(Body::List(children, _) | Body::Mapping(children, _)) => children.push(node),
            _ => self.root = Some(node),
        }
    }

    /// An anchor is told of behind the beginning of the value that has it.
    fn anchored(&mut self, name: &str) {
        let opened = self.open.last_mut().filter(|node| match &node.body {
            Body::List(children, _) | Body::Mapping(children, _) => children.is_empty(),
            Body::Scalar(..) => false,
        });
        let node = match opened {
            Some(node) => Some(node),
            None => match self.open.last_mut().map(|parent| &mut parent.body) {
                Some(Body::List(children, _) | Body::Mapping(children, _)) => children.last_mut(),
                _ => self.root.as_mut(),
            },
        };
        if let Some(node) = node {
            node.anchor = Some(name.to_owned());
        }
    }
}

/// Where a collection ends: in brackets with the bracket, else with its last value.
fn end(node: &Node<'_>, told: usize) -> usize {
    match &node.body {
        Body::List(_, true) | Body::Mapping(_, true) => told,
        Body::List(children, _) | Body::Mapping(children, _) => children.last().map_or(told, |last| last.span.end),
        Body::Scalar(..) => told,
    }
}

fn untagged(at: usize, tagged: bool) -> Result<(), Refusal> {
    if tagged { Err(Refusal::new(at, "a tag cannot be laid out")) } else { Ok(()) }
}
