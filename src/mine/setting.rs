//! Parameters that say how a call is to be answered, rather than what it is about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::evidence::OperationEvidence;
use super::name::Template;
use super::subject::Subject;

/// Calls for each key on average, beyond which a key that only queries name is one of a setting.
const KEY_CALLS: u64 = 4;

/// Types that only parameters of queries and headers name, again and again the same few: how a call is to be answered
/// (`?currency_id=2`) rather than what it is about.
pub(super) fn types(operations: &BTreeMap<Template, OperationEvidence>) -> Vec<Arc<str>> {
    let aside = |place: &Option<Arc<str>>| {
        place.as_deref().is_some_and(|place| place.starts_with("query.") || place.starts_with("header."))
    };
    let mut sums: BTreeMap<&Arc<str>, Subject> = BTreeMap::new();
    let mut shown: BTreeSet<&Arc<str>> = BTreeSet::new();
    for (object_type, subject) in operations.values().flat_map(|o| &o.subjects) {
        sums.entry(object_type).or_default().merge(subject.clone());
        shown.extend(subject.others.keys().filter(|(_, place)| !aside(place)).map(|(other, _)| other));
        if subject.keys.keys().any(|place| !aside(place)) {
            shown.insert(object_type);
        }
    }
    let few = |subject: &Subject| subject.distinct() * KEY_CALLS < subject.calls;
    sums.into_iter().filter(|(name, sum)| !shown.contains(name) && few(sum)).map(|(name, _)| Arc::clone(name)).collect()
}
