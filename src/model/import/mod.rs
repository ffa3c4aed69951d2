//! Models that people already have in another form, as a model of offpath's own to review.
//!
//! Each format is read into a [`Draft`], which is written with comments that say what was taken from where. What a source
//! says and a model cannot is named with its line, never silently dropped; what a source cannot say (calls, keys) is
//! marked as a guess. Sources may be anybody's: sizes are bounded before memory is taken, and nothing recurses on input.

mod arazzo;
mod asl;
mod bpmn;
mod chart;
mod draft;
mod must;
mod net;
mod pnml;
mod scxml;
mod values;
mod write;
mod xstate;

use super::openapi::tree::{At, Tree};
use super::read::Open;
use draft::Draft;

/// Largest source in bytes.
pub const IMPORT_BYTES: usize = 32 << 20;
/// Most parts left out that are named; the rest are counted.
const LEFT_OUT: usize = 200;

/// A model in offpath's language, made of a source in another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The model's text, with comments.
    pub text: String,
    /// What the source is, for people: `Arazzo 1.0.1`.
    pub format: String,
    /// What it says that the model does not, in the source's order; the model's comments hold them too.
    pub left_out: Vec<LeftOut>,
}

/// A part of a source that no model can hold, or that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// Line of the source, from 1.
    pub line: usize,
    /// What, named by its element, and why.
    pub what: String,
}

/// A source of which no model can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct ImportError {
    /// Line of the source, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub why: String,
}

impl ImportError {
    fn new(line: usize, why: impl Into<String>) -> Self {
        ImportError { line, why: why.into() }
    }
}

/// Makes a model of a source, whose format is found by its content. `name` is the source's own, for comments; `open`
/// reads documents beside it that it names.
///
/// # Errors
/// The format is none that is read, the text is damaged, or what it says passes a limit.
pub fn import(name: &str, text: &str, open: Open<'_>) -> Result<Imported, ImportError> {
    if text.len() > IMPORT_BYTES {
        return Err(ImportError::new(1, format!("the file has more than {} MiB", IMPORT_BYTES >> 20)));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut draft = if text.trim_start().starts_with('<') { xml(name, text)? } else { document(name, text, open)? };
    if draft.activities.is_empty() {
        return Err(ImportError::new(1, format!("this {} has no step that a model could hold", draft.format)));
    }
    draft.left_out.sort();
    draft.left_out.dedup();
    let more = draft.left_out.len().saturating_sub(LEFT_OUT);
    draft.left_out.truncate(LEFT_OUT);
    if more > 0 {
        draft.left_out.push(LeftOut { line: 1, what: format!("{more} more parts are left out and not named") });
    }
    Ok(Imported { text: write::text(&draft, name), format: draft.format, left_out: draft.left_out })
}

/// Reads YAML or JSON.
fn document(name: &str, text: &str, open: Open<'_>) -> Result<Draft, ImportError> {
    let source = Source::read(text)?;
    if source.root.is_some_and(|root| source.get(root, "arazzo").is_some()) {
        return arazzo::read(&source, open);
    }
    if source.root.is_some_and(|root| source.get(root, "StartAt").is_some() && source.get(root, "States").is_some()) {
        return asl::read(name, &source);
    }
    // A machine may have `on` and one state only, but one that is worth a model has several.
    if source.root.and_then(|root| source.get(root, "states")).is_some_and(|states| source.tree.is_mapping(states)) {
        return xstate::read(&source);
    }
    Err(ImportError::new(1, UNKNOWN))
}

/// Reads XML. A net has no name of its own that people see, so that it takes the file's, as a machine of ASL does.
fn xml(name: &str, text: &str) -> Result<Draft, ImportError> {
    let elements = offpath_process::read_elements(text.as_bytes())
        .map_err(|error| ImportError::new(usize::try_from(error.line).unwrap_or(usize::MAX), error.cause))?;
    match elements.first() {
        Some(root) if root.name == "scxml" => scxml::read(&elements),
        Some(root) if root.name == "definitions" => bpmn::read(text),
        Some(root) if root.name == "pnml" => pnml::read(name, text),
        _ => Err(ImportError::new(1, UNKNOWN)),
    }
}

const UNKNOWN: &str = "this is no format that is imported: Arazzo has a key `arazzo` at its top, a machine of XState has \
                       `states`, one of Amazon's States Language has `StartAt` and `States`, SCXML is a document of `<scxml>`, BPMN one of `<definitions>`, PNML one of `<pnml>`";

/// A YAML or JSON document with the lines of its parts.
struct Source<'t> {
    tree: Tree<'t>,
    root: Option<At>,
    /// Offsets of line ends.
    ends: Vec<usize>,
}

impl<'t> Source<'t> {
    fn read(text: &'t str) -> Result<Source<'t>, ImportError> {
        let ends: Vec<usize> = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        let tree = Tree::read(text).map_err(|found| {
            let line = ends.partition_point(|end| *end < found.span.start) + 1;
            let separator = if found.label.is_empty() { "" } else { ": " };
            ImportError::new(line, format!("{}{separator}{}", found.title, found.label))
        })?;
        let root = tree.root().filter(|root| tree.is_mapping(*root));
        Ok(Source { tree, root, ends })
    }

    fn line(&self, at: At) -> usize {
        self.ends.partition_point(|end| *end < self.tree.span(at).start) + 1
    }

    fn get(&self, at: At, key: &str) -> Option<At> {
        self.tree.get(at, key)
    }

    fn text(&self, at: At, key: &str) -> Option<&str> {
        self.get(at, key).and_then(|at| self.tree.text(at))
    }

    /// Items of the list at a key.
    fn items(&self, at: At, key: &str) -> Vec<At> {
        self.get(at, key).map(|at| self.tree.items(at).collect()).unwrap_or_default()
    }

    /// An error where more was asked of the document than may be.
    fn whole(&self) -> Result<(), ImportError> {
        if self.tree.is_exhausted() {
            return Err(ImportError::new(1, "the document refers to the same large parts over and over"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
