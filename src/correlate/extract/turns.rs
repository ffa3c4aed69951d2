//! Which calls of one request are known to be run one after the other.

use std::collections::BTreeMap;

use offpath_capture::{Call, CallKind};

use crate::event::{EventId, Turn};

/// The requests of one exchange, and how many fields of each had their turn.
#[derive(Default)]
pub(super) struct Turns(BTreeMap<Option<u32>, Turn>);

impl Turns {
    /// The turn of the next call, of which `id` is the first event. Servers run the fields of a mutation in their order
    /// (GraphQL, section 6.2.2); fields of a query, and the requests of a batch in GraphQL or JSON-RPC, have none.
    pub(super) fn next(&mut self, call: &Call, id: EventId) -> Option<Turn> {
        if call.kind != CallKind::Mutation {
            return None;
        }
        let next = self.0.entry(call.request).or_insert(Turn { request: id, number: 0 });
        let turn = *next;
        next.number = next.number.saturating_add(1);
        Some(turn)
    }
}
