//! Conditions that are true or false whatever happens.

use super::document::Node;
use super::reader::Reader;
use crate::event::Value;
use crate::model::diagnostic::Diagnostic;
use crate::model::expression::{Bound, Scope, Truth, truth};
use crate::model::{Code, Expression, Path};

/// Says of a condition that it never holds, with what follows from that, or warns that it always does.
pub(super) fn condition(reader: &mut Reader, node: &Node, condition: &Expression, never: &str) {
    let diagnostic = match truth(condition, &Nothing) {
        Truth::Unknown => return,
        Truth::False => {
            Diagnostic::error(Code::Constant, node.span.clone(), "this condition is never true").label(never)
        }
        Truth::True => Diagnostic::warning(Code::Constant, node.span.clone(), "this condition is always true")
            .label("leave it out: it says nothing"),
    };
    reader.found.push(diagnostic);
}

/// Says of what must always hold that it holds, or does not, whatever happens.
pub(super) fn always(reader: &mut Reader, node: &Node, demanded: &Expression) {
    let (title, label) = match truth(demanded, &Nothing) {
        Truth::Unknown => return,
        Truth::False => ("this never holds", "every step would break it"),
        Truth::True => ("this holds whatever happens", "nothing could ever break it"),
    };
    reader.found.push(Diagnostic::error(Code::Constant, node.span.clone(), title).label(label));
}

/// A scope in which nothing is known: what is decided there is decided everywhere.
struct Nothing;

impl Scope for Nothing {
    fn value(&self, _: &Path) -> Bound {
        Bound::Unknown
    }

    fn values(&self, _: &Path) -> (Vec<Value>, bool) {
        (Vec::new(), false)
    }
}
