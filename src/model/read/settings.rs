//! Settings files: flat `key: value` with one level of sections, read as strictly as a model and with the same
//! diagnostics.

use std::collections::BTreeMap;

use super::document::{self, Key, Node, Shape};
use super::reader::Reader;
use crate::model::Code;
use crate::model::diagnostic::{Diagnostic, Diagnostics};

/// What a settings file may hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allowed {
    /// What the file is, for messages.
    pub(crate) what: &'static str,
    /// Keys outside of sections.
    pub(crate) keys: Vec<String>,
    /// Sections and their keys.
    pub(crate) sections: BTreeMap<String, Vec<String>>,
    /// Keys whose mappings may hold mappings: an entry `a: {b: c}` is `a=b=c`.
    pub(crate) nested: &'static [&'static str],
}

/// One value with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Section it stands in.
    pub(crate) section: Option<String>,
    /// Key.
    pub(crate) key: String,
    /// One value, or those of a list; an entry `a: b` of a mapping is `a=b`.
    pub(crate) values: Vec<String>,
    /// Line and column of the key, from 1.
    pub(crate) place: (usize, usize),
}

/// Why a value is not taken.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    /// What is wrong, in one line.
    pub(crate) title: String,
    /// What to write instead.
    pub(crate) helps: Vec<String>,
}

/// Says whether a value of a key, in a section or outside, is taken.
pub(crate) type Check<'a> = &'a dyn Fn(Option<&str>, &str, &str) -> Result<(), Refusal>;

/// Reads a settings file; `file` is its name for messages. An empty one holds nothing.
pub(crate) fn read(file: &str, text: &str, allowed: &Allowed, check: Check<'_>) -> Result<Vec<Setting>, Diagnostics> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root = document::read(text).map_err(|found| Diagnostics::new(file, text, vec![*found]))?;
    let mut reading = Reading { reader: Reader::default(), allowed, check, settings: Vec::new() };
    if !matches!(root.shape, Shape::Null) {
        reading.whole(&root);
    }
    let Reading { reader, settings, .. } = reading;
    let diagnostics = Diagnostics::new(file, text, reader.found);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let placed = |(start, setting): (usize, Setting)| Setting { place: diagnostics.position(start), ..setting };
    Ok(settings.into_iter().map(placed).collect())
}

struct Reading<'a> {
    reader: Reader,
    allowed: &'a Allowed,
    check: Check<'a>,
    /// With the byte at which the key stands.
    settings: Vec<(usize, Setting)>,
}

impl Reading<'_> {
    fn whole(&mut self, root: &Node) {
        let keys = &self.allowed.keys;
        let sections = &self.allowed.sections;
        let names: Vec<&str> = keys.iter().chain(sections.keys()).map(String::as_str).collect();
        for (key, node) in self.known(root, self.allowed.what, &names) {
            match sections.get(&key.text) {
                Some(inner) => {
                    let names: Vec<&str> = inner.iter().map(String::as_str).collect();
                    for (inner, node) in self.known(node, &format!("`{}`", key.text), &names) {
                        self.setting(Some(&key.text), inner, node);
                    }
                }
                None => self.setting(None, key, node),
            }
        }
    }

    /// The entries of a mapping that have a value, without unknown keys, which are said.
    fn known<'n>(&mut self, node: &'n Node, what: &str, names: &[&str]) -> Vec<(&'n Key, &'n Node)> {
        if matches!(node.shape, Shape::Null) {
            return Vec::new();
        }
        let Some(fields) = self.reader.mapping(node, what, names) else { return Vec::new() };
        names.iter().filter_map(|name| Some((fields.key(name)?, fields.get(name)?))).collect()
    }

    fn setting(&mut self, section: Option<&str>, key: &Key, node: &Node) {
        let mut values = Vec::new();
        match &node.shape {
            Shape::Mapping(entries) => {
                for (name, node) in entries {
                    let inner = match &node.shape {
                        Shape::Mapping(inner) if self.allowed.nested.contains(&key.text.as_str()) => inner.as_slice(),
                        _ => {
                            values.extend(self.value(section, key, node, |value| format!("{}={value}", name.text)));
                            continue;
                        }
                    };
                    for (own, node) in inner {
                        let whole = |value: &str| format!("{}={}={value}", name.text, own.text);
                        values.extend(self.value(section, key, node, whole));
                    }
                }
            }
            Shape::List(items) => {
                for item in items {
                    values.extend(self.value(section, key, item, str::to_owned));
                }
            }
            Shape::Scalar(_) | Shape::Null => values.extend(self.value(section, key, node, str::to_owned)),
        }
        let setting = Setting { section: section.map(str::to_owned), key: key.text.clone(), values, place: (0, 0) };
        self.settings.push((key.span.start, setting));
    }

    fn value(
        &mut self,
        section: Option<&str>,
        key: &Key,
        node: &Node,
        whole: impl Fn(&str) -> String,
    ) -> Option<String> {
        let value = whole(self.reader.text(node, &format!("`{}`", key.text))?);
        if let Err(Refusal { title, helps }) = (self.check)(section, &key.text, &value) {
            let diagnostic = Diagnostic::error(Code::BadValue, node.span.clone(), title);
            self.reader.found.push(helps.into_iter().fold(diagnostic, Diagnostic::help));
        }
        Some(value)
    }
}
