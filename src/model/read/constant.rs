//! Conditions that are true or false whatever happens.

use super::document::Node;
use super::reader::Reader;
use crate::model::diagnostic::Diagnostic;
use crate::model::expression::{Truth, truth_of_nothing};
use crate::model::{Code, Expression, logic};

/// Says of a condition that it never holds, with what follows from that, or warns that it always does.
pub(super) fn condition(reader: &mut Reader, node: &Node, condition: &Expression, never: &str) {
    let span = node.span.clone();
    let diagnostic = match truth_of_nothing(&condition.node) {
        Truth::False => Diagnostic::error(Code::Constant, span, "this condition is never true").label(never),
        Truth::True => Diagnostic::warning(Code::Constant, span, "this condition is always true")
            .label("leave it out: it says nothing"),
        Truth::Unknown if logic::is_never_true(&condition.node) => {
            Diagnostic::error(Code::Constant, span, "the parts of this condition contradict each other").label(never)
        }
        Truth::Unknown if logic::is_never_false(&condition.node) => {
            Diagnostic::warning(Code::Constant, span, "one part or another of this condition always holds")
                .label("leave it out: it says nothing")
        }
        Truth::Unknown => return,
    };
    reader.found.push(diagnostic);
}

/// Says of what must always hold that it holds, or does not, whatever happens.
pub(super) fn always(reader: &mut Reader, node: &Node, demanded: &Expression) {
    let demanded = &demanded.node;
    let (title, label) = match truth_of_nothing(demanded) {
        Truth::False => ("this never holds", "every step would break it"),
        Truth::True => ("this holds whatever happens", "nothing could ever break it"),
        Truth::Unknown if logic::is_never_true(demanded) => {
            ("the parts of this demand contradict each other", "nothing could ever keep it")
        }
        Truth::Unknown if logic::is_never_false(demanded) => {
            ("one part or another of this demand always holds", "nothing could ever break it")
        }
        Truth::Unknown => return,
    };
    reader.found.push(Diagnostic::error(Code::Constant, node.span.clone(), title).label(label));
}
