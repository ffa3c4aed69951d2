//! What all parts of the file are read with: shapes, keys, texts, paths, expressions.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::document::{Key, Node, Shape};
use super::survey::Places;
use crate::model::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::model::expression::{Kind, Lowered, Place, lower, lower_condition, path_of_text};
use crate::model::outline::Outline;
use crate::model::{ActivityId, Code, Description, Expression, ObjectTypeId, Path, quantity};

/// Collects what is wrong while the parts are read.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) found: Vec<Diagnostic>,
    pub(super) outline: Outline,
    /// Exchange paths that are needed when a case is compared.
    pub(super) captured: BTreeSet<Path>,
    /// Some transition could not be read, so that what looks unused or unreachable may not be.
    pub(super) transitions_missing: bool,
    /// OpenAPI documents are imported, whether or not they could be read.
    pub(super) imports: bool,
    /// Those that could.
    pub(super) documents: Vec<Arc<Description>>,
    /// What was found in them.
    pub(super) imported: Vec<Diagnostics>,
    /// Where transitions and constraints stand.
    pub(super) places: Places,
}

/// The entries of a mapping whose keys are known.
pub(super) struct Fields<'a> {
    pub(super) span: Span,
    entries: BTreeMap<&'a str, (&'a Key, &'a Node)>,
}

impl<'a> Fields<'a> {
    /// The value of a key. A key without a value is as good as absent.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries.get(key).map(|(_, node)| *node).filter(|node| !matches!(node.shape, Shape::Null))
    }

    /// Where a key stands.
    pub(super) fn key(&self, key: &str) -> Option<&'a Key> {
        self.entries.get(key).map(|(key, _)| *key)
    }
}

impl Reader {
    pub(super) fn error(&mut self, code: Code, span: &Span, title: impl Into<String>) {
        self.found.push(Diagnostic::error(code, span.clone(), title));
    }

    /// Says that something is part of the language but has no effect.
    pub(super) fn not_yet(&mut self, span: &Span, what: impl std::fmt::Display) {
        self.found.push(
            Diagnostic::warning(Code::NotYetChecked, span.clone(), format!("read, not yet checked: {what}"))
                .label("this has no effect"),
        );
    }

    /// The entries of a mapping that takes only certain keys.
    pub(super) fn mapping<'a>(&mut self, node: &'a Node, what: &str, allowed: &[&str]) -> Option<Fields<'a>> {
        let mut fields = Fields { span: node.span.clone(), entries: BTreeMap::new() };
        for (key, value) in self.named(node, what)? {
            if allowed.contains(&key.text.as_str()) {
                fields.entries.insert(&key.text, (key, value));
                continue;
            }
            let title = format!("{what} has no key `{}`", key.text);
            let names = allowed.iter().map(|name| (*name, 0..0));
            let diagnostic = Diagnostic::error(Code::UnknownKey, key.span.clone(), title)
                .nearest(&key.text, "key", names)
                .help(format!("it takes: {}", allowed.join(", ")));
            self.found.push(diagnostic);
        }
        Some(fields)
    }

    /// The entries of a mapping whose keys are names that the user chooses. A repeated one is left out.
    pub(super) fn named<'a>(&mut self, node: &'a Node, what: &str) -> Option<Vec<(&'a Key, &'a Node)>> {
        let Shape::Mapping(entries) = &node.shape else {
            self.wrong_shape(node, what, "a mapping");
            return None;
        };
        let mut seen: BTreeMap<&str, &Key> = BTreeMap::new();
        let mut kept = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            if let Some(first) = seen.get(key.text.as_str()) {
                let title = format!("`{}` is given twice", key.text);
                let diagnostic = Diagnostic::error(Code::Duplicate, key.span.clone(), title);
                self.found.push(diagnostic.label("this would hide the first").note(first.span.clone(), "first here"));
                continue;
            }
            seen.insert(&key.text, key);
            kept.push((key, value));
        }
        Some(kept)
    }

    pub(super) fn wrong_shape(&mut self, node: &Node, what: &str, wanted: &str) {
        let title = format!("{what} must be {wanted}");
        let diagnostic = Diagnostic::error(Code::WrongShape, node.span.clone(), title);
        self.found.push(diagnostic.label(format!("this is {}", node.shape.describe())));
    }

    /// The value of a key that must be there.
    pub(super) fn required<'a>(&mut self, fields: &Fields<'a>, key: &str) -> Option<&'a Node> {
        let node = fields.get(key);
        if node.is_none() {
            let span = fields.key(key).map_or_else(|| fields.span.clone(), |key| key.span.clone());
            self.error(Code::Missing, &span, format!("`{key}` is missing"));
        }
        node
    }

    /// The text of a key that must be there.
    pub(super) fn required_text<'a>(&mut self, fields: &Fields<'a>, key: &str) -> Option<&'a str> {
        let node = self.required(fields, key)?;
        self.text(node, &format!("`{key}`"))
    }

    /// A single value's text.
    pub(super) fn text<'a>(&mut self, node: &'a Node, what: &str) -> Option<&'a str> {
        match &node.shape {
            Shape::Scalar(scalar) if !scalar.text.is_empty() => Some(&scalar.text),
            Shape::Scalar(_) => {
                self.error(Code::BadValue, &node.span, format!("{what} is empty"));
                None
            }
            _ => {
                self.wrong_shape(node, what, "a single value");
                None
            }
        }
    }

    /// One value or a list of them.
    pub(super) fn list<'a>(&mut self, node: &'a Node) -> &'a [Node] {
        match &node.shape {
            Shape::List(items) => items,
            _ => std::slice::from_ref(node),
        }
    }

    /// The items of what must be a list.
    pub(super) fn items<'a>(&mut self, node: &'a Node, what: &str) -> &'a [Node] {
        match &node.shape {
            Shape::List(items) => items,
            _ => {
                self.wrong_shape(node, what, "a list");
                &[]
            }
        }
    }

    /// One text or a list of them.
    pub(super) fn texts(&mut self, node: &Node, what: &str) -> Vec<(Arc<str>, Span)> {
        let items = self.list(node);
        items.iter().filter_map(|item| Some((Arc::from(self.text(item, what)?), item.span.clone()))).collect()
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, node: Option<&Node>, what: &str) -> bool {
        let Some(node) = node else { return false };
        match self.text(node, what) {
            Some("true") => true,
            Some("false") | None => false,
            Some(other) => {
                let title = format!("{what} is `true` or `false`, not `{other}`");
                self.error(Code::BadValue, &node.span, title);
                false
            }
        }
    }

    /// A duration in microseconds, above zero.
    pub(super) fn duration(&mut self, node: &Node, what: &str) -> Option<i64> {
        let text = self.text(node, what)?;
        let duration = quantity::duration(text).filter(|duration| *duration > 0);
        if duration.is_none() {
            let diagnostic =
                Diagnostic::error(Code::BadValue, node.span.clone(), format!("`{text}` is not a duration"));
            self.found.push(diagnostic.label(what).help("write whole numbers with units: 14d, 24h, 1m, 30s, 1h30m"));
        }
        duration
    }

    /// The activity that a value names.
    pub(super) fn activity(&mut self, node: &Node, user: &str) -> Option<ActivityId> {
        let text = self.text(node, "an activity")?;
        let id = self.outline.activity(text);
        if id.is_none() {
            let title = format!("{user} uses the unknown activity `{text}`");
            let diagnostic = Diagnostic::error(Code::UnknownActivity, node.span.clone(), title)
                .label("no activity has this name")
                .nearest(text, "activity", self.outline.activity_names());
            self.found.push(diagnostic);
        }
        id
    }

    /// The object type that a text names.
    pub(super) fn object_type(&mut self, text: &str, span: &Span, user: &str) -> Option<ObjectTypeId> {
        let id = self.outline.object(text);
        if id.is_none() {
            let title = format!("{user} uses the unknown object type `{text}`");
            let diagnostic = Diagnostic::error(Code::UnknownObject, span.clone(), title)
                .label("no object type has this name")
                .nearest(text, "object type", self.outline.object_names());
            self.found.push(diagnostic);
        }
        id
    }

    /// A kind of actor that is declared.
    pub(super) fn actor_kind(&mut self, node: &Node) -> Option<Arc<str>> {
        let text = self.text(node, "`kind`")?;
        if !self.outline.kinds.is_empty() && !self.outline.kinds.contains(text) {
            let names = self.outline.kinds.iter().map(|kind| (&**kind, 0..0));
            let title = format!("no kind of actor is called `{text}`");
            let known: Vec<String> = self.outline.kinds.iter().map(|kind| format!("`{kind}`")).collect();
            let diagnostic = Diagnostic::error(Code::UnknownRole, node.span.clone(), title)
                .nearest(text, "kind", names)
                .help(format!("kinds are declared under `actors.kinds`: {}", known.join(", ")));
            self.found.push(diagnostic);
        }
        Some(Arc::from(text))
    }

    /// A path written as plain text.
    pub(super) fn path(&mut self, node: &Node, place: &Place) -> Option<Path> {
        self.path_and_kind(node, place).map(|(path, _)| path)
    }

    pub(super) fn path_and_kind(&mut self, node: &Node, place: &Place) -> Option<(Path, Kind)> {
        let text = self.text(node, "a path")?;
        self.path_of(text, node, place)
    }

    /// A path that is (the start of) a value's text.
    pub(super) fn path_of(&mut self, text: &str, node: &Node, place: &Place) -> Option<(Path, Kind)> {
        match path_of_text(text, &self.outline, place) {
            Ok((path, kind)) => {
                self.note_path(&path, place);
                Some((path, kind))
            }
            Err(mut diagnostic) => {
                diagnostic.span = within(node, &diagnostic.span);
                self.found.push(*diagnostic);
                None
            }
        }
    }

    /// One path or a list of them.
    pub(super) fn paths(&mut self, node: &Node, place: &Place) -> Vec<Path> {
        self.list(node).iter().filter_map(|item| self.path(item, place)).collect()
    }

    /// An expression of any kind.
    pub(super) fn expression(&mut self, node: &Node, place: &Place) -> Option<(Expression, Kind)> {
        let text = self.text(node, "an expression")?;
        let lowered = lower(text, &self.outline, place);
        self.accept(lowered, node, place)
    }

    /// An expression that is true or false.
    pub(super) fn condition(&mut self, node: &Node, place: &Place) -> Option<Expression> {
        let text = self.text(node, "a condition")?;
        let lowered = lower_condition(text, &self.outline, place);
        self.accept(lowered, node, place).map(|(expression, _)| expression)
    }

    fn accept(
        &mut self,
        lowered: Result<Lowered, Vec<Diagnostic>>,
        node: &Node,
        place: &Place,
    ) -> Option<(Expression, Kind)> {
        match lowered {
            Ok(lowered) => {
                for path in &lowered.paths {
                    self.note_path(path, place);
                }
                Some((lowered.expression, lowered.kind))
            }
            Err(found) => {
                for mut diagnostic in found {
                    diagnostic.span = within(node, &diagnostic.span);
                    self.found.push(diagnostic);
                }
                None
            }
        }
    }

    fn note_path(&mut self, path: &Path, place: &Place) {
        if matches!(place, Place::Case(_)) && path.root.is_exchange() {
            self.captured.insert(path.clone());
        }
    }
}

/// Bytes of the file for a part of a value's text; the whole value where its text is not written one to one.
fn within(node: &Node, part: &Range<usize>) -> Span {
    match &node.shape {
        Shape::Scalar(scalar) => match scalar.exact {
            Some(start) => start + part.start..start + part.end,
            None => node.span.clone(),
        },
        _ => node.span.clone(),
    }
}
