//! `paths:` which operations there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::DescribedOperation;
use super::servers::{self, Base};
use super::template;
use super::tree::{At, Tree};
use crate::model::Code;
use crate::model::diagnostic::Diagnostic;

/// Methods that a path may have, as documents write them.
const METHODS: [&str; 9] = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];
/// Most references from one path item to the next.
const HOPS: usize = 16;
/// Most operations, once for each base path.
const OPERATIONS: usize = 65_536;
/// Most mistakes and doubts that are noted; each is a line, and a document may hold a million.
const FOUND: usize = 200;

/// The operations of a document; what cannot be used goes to `found`.
pub(super) fn read(tree: &mut Tree<'_>, text: &str, found: &mut Vec<Diagnostic>) -> Vec<DescribedOperation> {
    let Some(root) = tree.root().filter(|root| tree.is_mapping(*root)) else {
        let title = "this is no OpenAPI document";
        let help = "one begins with `openapi: 3.1.0` and lists operations under `paths:`";
        found.push(Diagnostic::error(Code::OpenApi, 0..0, title).help(help));
        return Vec::new();
    };
    let Some(version) = version(tree, root, found) else { return Vec::new() };
    let bases = match version {
        Version::Swagger => servers::of_swagger(tree, root),
        Version::OpenApi => servers(tree, root).unwrap_or_else(|| vec![Base::default()]),
    };
    let lines = Lines::of(text);
    let mut reading = Reading { tree, lines, found, operations: Vec::new(), ids: BTreeMap::new() };
    let Some(paths) = reading.tree.get(root, "paths") else {
        let title = "the document has no `paths:`";
        let help = "what it describes elsewhere (webhooks, components) is not matched with traffic";
        reading.warn(root, title, "no operation comes of it", help);
        return Vec::new();
    };
    if !reading.tree.is_mapping(paths) {
        let span = reading.tree.span(paths);
        reading.found.push(Diagnostic::error(
            Code::OpenApi,
            span,
            "`paths` must be a mapping from paths to operations",
        ));
        return Vec::new();
    }
    let entries: Vec<(At, At)> = reading.tree.entries(paths).collect();
    for (key, item) in entries {
        if !reading.path(key, item, &bases) {
            break;
        }
    }
    if reading.tree.is_exhausted() {
        let title = "the document refers to the same large parts over and over";
        reading.found.push(Diagnostic::error(Code::Limit, 0..0, title));
    }
    reading.operations
}

enum Version {
    Swagger,
    OpenApi,
}

fn version(tree: &Tree<'_>, root: At, found: &mut Vec<Diagnostic>) -> Option<Version> {
    let given = ["openapi", "swagger"].iter().find_map(|key| Some((*key, tree.get(root, key)?)));
    let Some((key, at)) = given else {
        let title = "the document does not say which version of OpenAPI it is written in";
        let keys = tree.entries(root).take(32).filter_map(|(key, _)| Some((tree.text(key)?, tree.span(key))));
        let near = keys.into_iter().find(|(key, _)| key.eq_ignore_ascii_case("openapi"));
        let diagnostic = match near {
            Some((_, span)) => Diagnostic::error(Code::OpenApi, span, title).label("keys are case-sensitive"),
            None => Diagnostic::error(Code::OpenApi, 0..0, title),
        };
        found.push(diagnostic.help("write `openapi: 3.1.0`; Swagger's are `swagger: \"2.0\"`"));
        return None;
    };
    let text = tree.text(at).unwrap_or_default();
    match (key, text.split('.').next().unwrap_or_default()) {
        ("openapi", "3") => Some(Version::OpenApi),
        ("swagger", "2") => Some(Version::Swagger),
        _ => {
            let title = format!("`{key}: {text}` is no version that is known");
            let help = "OpenAPI 3.0, 3.1 and 3.2 and Swagger 2.0 are read; convert the document to one of them";
            found.push(Diagnostic::error(Code::OpenApi, tree.span(at), title).help(help));
            None
        }
    }
}

fn servers(tree: &Tree<'_>, at: At) -> Option<Vec<Base>> {
    tree.get(at, "servers").filter(|list| tree.is_list(*list)).map(|list| servers::of_list(tree, list))
}

struct Reading<'r, 't> {
    tree: &'r mut Tree<'t>,
    lines: Lines,
    found: &'r mut Vec<Diagnostic>,
    operations: Vec<DescribedOperation>,
    /// Where each operationId was given first.
    ids: BTreeMap<Arc<str>, At>,
}

impl Reading<'_, '_> {
    fn warn(&mut self, at: At, title: impl Into<String>, label: impl Into<String>, help: &str) {
        if self.found.len() < FOUND {
            let diagnostic = Diagnostic::warning(Code::LeftOut, self.tree.span(at), title).label(label);
            self.found.push(if help.is_empty() { diagnostic } else { diagnostic.help(help) });
        }
    }

    /// Reads one path; whether there is room for more.
    fn path(&mut self, key: At, item: At, bases: &[Base]) -> bool {
        let Some(path) = self.tree.text(key).map(Arc::<str>::from) else { return true };
        if path.starts_with("x-") {
            return true;
        }
        if !path.starts_with('/') {
            self.warn(key, format!("`{path}` is no path"), "left out", "a path begins with `/`");
            return true;
        }
        let segments = match template::segments(&path) {
            Ok(segments) => segments,
            Err(why) => {
                self.warn(key, format!("`{path}` cannot be matched"), format!("left out: {why}"), "");
                return true;
            }
        };
        for item in self.items(item) {
            let own = servers(self.tree, item);
            let entries: Vec<(At, At)> = self.tree.entries(item).collect();
            for (name, operation) in entries {
                let Some(method) = self.method(name) else { continue };
                let line = self.lines.of_byte(self.tree.span(name).start);
                if !self.tree.is_mapping(operation) {
                    let title = format!("`{method} {path}` must be a mapping");
                    self.warn(operation, title, "left out", "an operation without anything is `{}`");
                    continue;
                }
                let id = self.id(operation);
                let theirs = servers(self.tree, operation);
                for base in theirs.as_deref().or(own.as_deref()).unwrap_or(bases) {
                    if self.operations.len() >= OPERATIONS {
                        let title = format!("more than {OPERATIONS} operations, counted for each base path");
                        self.found.push(Diagnostic::error(Code::Limit, self.tree.span(name), title));
                        return false;
                    }
                    self.operations.push(DescribedOperation {
                        id: id.clone(),
                        method: Arc::clone(&method),
                        path: Arc::clone(&path),
                        template: base.segments.iter().chain(&segments).cloned().collect(),
                        base: base.segments.len(),
                        host: base.host.clone(),
                        line,
                    });
                }
            }
        }
        true
    }

    /// A path item and those that it refers to, one after the other.
    fn items(&mut self, item: At) -> Vec<At> {
        let mut items = vec![item];
        let mut at = item;
        while let Some(reference) = self.tree.get(at, "$ref") {
            let Some(to) = self.tree.text(reference).map(str::to_owned) else { break };
            let Some(pointer) = to.strip_prefix('#') else {
                let help = "bundle the document into one file first, e.g. `redocly bundle api.yaml -o bundled.yaml`";
                self.warn(
                    reference,
                    format!("`{to}` is in another file"),
                    "left out: other files are not opened",
                    help,
                );
                break;
            };
            let Some(next) = self.tree.pointed(pointer).filter(|next| self.tree.is_mapping(*next)) else {
                self.warn(reference, format!("`{to}` leads nowhere"), "left out", "");
                break;
            };
            if items.contains(&next) || items.len() > HOPS {
                self.warn(reference, format!("`{to}` leads back to itself, or too far"), "left out", "");
                break;
            }
            items.push(next);
            at = next;
        }
        items
    }

    /// The method that a key of a path item names, if it names one.
    fn method(&self, key: At) -> Option<Arc<str>> {
        let key = self.tree.text(key)?;
        METHODS.contains(&key).then(|| key.to_ascii_uppercase().into())
    }

    /// An operation's id, unless another has it.
    fn id(&mut self, operation: At) -> Option<Arc<str>> {
        let at = self.tree.get(operation, "operationId")?;
        let id: Arc<str> = self.tree.text(at).filter(|id| !id.is_empty())?.into();
        match self.ids.get(&id) {
            // One operation that several paths share by reference keeps its id.
            Some(first) if *first == at => Some(id),
            Some(first) => {
                let first = self.tree.span(*first);
                if self.found.len() < FOUND {
                    let title = format!("the operationId `{id}` is given twice");
                    let diagnostic = Diagnostic::warning(Code::Duplicate, self.tree.span(at), title);
                    let named = "this operation is named by its method and path";
                    self.found.push(diagnostic.label(named).note(first, "first here"));
                }
                None
            }
            None => {
                self.ids.insert(Arc::clone(&id), at);
                Some(id)
            }
        }
    }
}

/// Where lines begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Lines {
        Lines(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1).collect())
    }

    /// Line of a byte, from 1.
    fn of_byte(&self, byte: usize) -> usize {
        self.0.partition_point(|start| *start <= byte) + 1
    }
}
