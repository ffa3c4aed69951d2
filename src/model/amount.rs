//! Which attributes of an activity hold amounts that the client says.

use std::sync::Arc;

use super::expression::{Function, Node};
use super::{Activity, Path, Root};

/// Words for how many of something there are.
const QUANTITIES: [&str; 8] = ["amount", "count", "nights", "pieces", "qty", "quantity", "seats", "units"];

impl Activity {
    /// Attributes that hold what the client says is paid or how many there are, with where that is read: `money(PATH, ..)`
    /// and paths that are called a quantity. None of an activity that only reads or whose amounts may have either sign.
    pub fn amounts(&self) -> impl Iterator<Item = (&Arc<str>, &Path)> {
        let judged = !self.read && !self.signed;
        self.sent_amounts().filter(move |_| judged)
    }

    /// The same, whatever sign they may have.
    pub(in crate::model) fn sent_amounts(&self) -> impl Iterator<Item = (&Arc<str>, &Path)> {
        self.attributes.iter().filter_map(|(name, expression)| {
            let path = match &expression.node {
                Node::Call(Function::Money, parts) => match parts.first() {
                    Some(Node::Path(path)) => path,
                    _ => return None,
                },
                Node::Path(path) if is_quantity(name) || path.fields.last().is_some_and(|field| is_quantity(field)) => {
                    path
                }
                _ => return None,
            };
            is_sent(&path.root).then_some((name, path))
        })
    }
}

/// Whether a name is one for how many there are.
fn is_quantity(name: &str) -> bool {
    QUANTITIES.iter().any(|word| word.eq_ignore_ascii_case(name))
}

/// Whether the client says it.
fn is_sent(root: &Root) -> bool {
    matches!(root, Root::PathParameter | Root::Query | Root::RequestBody | Root::Arguments | Root::Mcp)
}
