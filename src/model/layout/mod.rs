//! One layout for model files: two spaces a level, values of neighbours in a column, comments where they stood.
//!
//! What is written is read again: where the meaning or a comment would differ, the file is refused and left as it is.

mod comment;
mod source;
#[cfg(test)]
mod tests;
mod write;

use super::diagnostic::Span;
use super::read::document::{self, Shape};
use source::Source;
use write::Writer;

/// Why a file is not laid out, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    span: Span,
    why: String,
}

impl Refusal {
    fn new(at: usize, why: impl Into<String>) -> Self {
        Refusal { span: at..at, why: why.into() }
    }

    /// Why, in one line.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// Line and column in the file, from 1.
    pub fn place(&self, text: &str) -> (usize, usize) {
        let before = text.get(..self.span.start).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }
}

/// Lays a model out. A second time changes nothing.
///
/// # Errors
/// The text is no YAML, or holds what cannot be laid out with every comment kept where it belongs.
pub fn layout(text: &str) -> Result<String, Refusal> {
    let (mark, body) = match text.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", text),
    };
    let refused = |refusal: Refusal| {
        let at = refusal.span.start + mark.len();
        Refusal { span: at..at, ..refusal }
    };
    // The first line's end is that of all.
    let other = body.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r'));
    let ends = |laid: String| if other { laid.replace('\n', "\r\n") } else { laid };
    laid(body).map(|laid| format!("{mark}{}", ends(laid))).map_err(refused)
}

fn laid(text: &str) -> Result<String, Refusal> {
    // The limits of models hold here too: what is deeper or larger is refused before anything recurses.
    let before = document::read(text)
        .map_err(|found| Refusal { span: found.span.clone(), why: format!("{}: {}", found.title, found.label) })?;
    let source = Source::read(text)?;
    let laid = Writer::new(&source).whole()?;
    let after = document::read(&laid).map_err(|_| Refusal::new(0, "its layout cannot be told from its meaning"))?;
    if !same(&before.shape, &after.shape) {
        return Err(Refusal::new(0, "it would mean something else"));
    }
    let kept = Source::read(&laid)?;
    let texts = |source: &Source<'_>| -> Vec<String> { source.comments.iter().map(|c| c.text.to_owned()).collect() };
    let (old, new) = (texts(&source), texts(&kept));
    if old != new {
        let at = old.iter().zip(&new).position(|(a, b)| a != b).unwrap_or(new.len().min(old.len().saturating_sub(1)));
        let at = source.comments.get(at).map_or(0, |comment| comment.at);
        return Err(Refusal::new(at, "this comment would not be kept where it is"));
    }
    Ok(laid)
}

/// Whether two documents say the same, wherever it stands.
fn same(a: &Shape, b: &Shape) -> bool {
    match (a, b) {
        (Shape::Null, Shape::Null) => true,
        (Shape::Scalar(a), Shape::Scalar(b)) => a.text == b.text,
        (Shape::List(a), Shape::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(&a.shape, &b.shape))
        }
        (Shape::Mapping(a), Shape::Mapping(b)) => {
            let entry = |((key, value), (other, own)): (&(_, document::Node), &(document::Key, document::Node))| {
                let key: &document::Key = key;
                key.text == other.text && same(&value.shape, &own.shape)
            };
            a.len() == b.len() && a.iter().zip(b).all(entry)
        }
        _ => false,
    }
}
