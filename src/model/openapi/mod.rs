//! OpenAPI documents (3.0, 3.1, 3.2 and Swagger 2.0): the operations that an API is said to have.
//!
//! Only what tells operations apart is read: paths, methods, operationIds and the servers' base paths. Documents may be
//! anybody's: reading one is bounded in time and memory whatever it holds, and what cannot be matched is named and left out.

mod paths;
mod servers;
mod template;
pub(in crate::model) mod tree;

use std::fmt::Write as _;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::diagnostic::{Diagnostics, Gravity};
use super::{Matcher, Segment};
use tree::Tree;

/// What an OpenAPI document says of operations.
#[derive(Clone, Debug)]
pub struct Description {
    /// The document as the user named it.
    pub file: Arc<str>,
    /// SHA-256 of its bytes, in hex.
    pub hash: String,
    /// Its operations in the document's order; one of several servers stands there for each of their base paths.
    pub operations: Vec<DescribedOperation>,
}

/// One operation under one base path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedOperation {
    /// Its `operationId`.
    pub id: Option<Arc<str>>,
    /// Method in upper case.
    pub method: Arc<str>,
    /// The path as the document writes it, without a base path.
    pub path: Arc<str>,
    /// Base path and path, split at `/`.
    pub template: Vec<Segment>,
    /// How many segments are the base path's.
    pub base: usize,
    /// Pattern of the server's host, where one is given.
    pub host: Option<Arc<str>>,
    /// Line of the document, from 1.
    pub line: usize,
}

impl Description {
    /// Reads a document, YAML or JSON. `file` is its name as the user gave it, for messages.
    ///
    /// # Errors
    /// Why no operation can be had from it. Otherwise what was left out, as warnings, comes with the operations.
    pub fn read(file: &str, text: &str) -> Result<(Description, Diagnostics), Diagnostics> {
        let hash = Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut found = Vec::new();
        let operations = match Tree::read(text) {
            Ok(mut tree) => paths::read(&mut tree, text, &mut found),
            Err(refusal) => {
                found.push(*refusal);
                Vec::new()
            }
        };
        let faulty = found.iter().any(|diagnostic| diagnostic.gravity == Gravity::Error);
        let diagnostics = Diagnostics::new(file, text, found);
        if faulty {
            return Err(diagnostics);
        }
        Ok((Description { file: file.into(), hash, operations }, diagnostics))
    }

    /// The operations of a name: an `operationId`, or `METHOD /path` as the document writes it.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &DescribedOperation> {
        self.operations.iter().filter(move |operation| operation.is_named(name))
    }
}

impl DescribedOperation {
    /// Its `operationId`, else method and path.
    pub fn name(&self) -> String {
        self.id.as_deref().map_or_else(|| self.call(), str::to_owned)
    }

    /// `GET /orders/{orderId}`, without a base path.
    fn call(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn is_named(&self, name: &str) -> bool {
        self.id.as_deref() == Some(name) || name.split_once(' ') == Some((&*self.method, &*self.path))
    }

    /// Matches its calls, whatever their host.
    pub fn matcher(&self) -> Matcher {
        let method = Some(Arc::clone(&self.method));
        Matcher { method, template: self.template.clone(), host: None, call: None, condition: None }
    }
}

#[cfg(test)]
mod tests;
