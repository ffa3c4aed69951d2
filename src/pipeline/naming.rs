//! A deviation under pseudonyms: compared by its names, reported without them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::compare::Deviation;
use crate::correlate::Pseudonyms;

/// Replaces the names in a deviation and its events.
pub(super) fn pseudonymise(deviation: &mut Deviation, pseudonyms: &Pseudonyms) {
    let mut names: BTreeSet<Arc<str>> = BTreeSet::new();
    deviation.events.iter().for_each(|event| pseudonyms.names(event, &mut names));
    names.extend([&deviation.object, &deviation.case].into_iter().flatten().map(|id| Arc::clone(&id.key)));
    for text in deviation.expected.iter_mut().chain(&mut deviation.observed) {
        *text = pseudonyms.text(text, &names);
    }
    for id in [&mut deviation.object, &mut deviation.case].into_iter().flatten() {
        *id = pseudonyms.object(id);
    }
    deviation.events.iter_mut().for_each(|event| pseudonyms.event(event));
}
