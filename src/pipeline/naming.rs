//! Names as outputs show them: what is compared by its names is reported without them where there are pseudonyms.

use std::sync::Arc;

use crate::compare::Deviation;
use crate::correlate::{Names, Pseudonyms};

/// A word that traffic brought, as outputs show it.
pub(super) fn shown(word: &str, pseudonyms: Option<&Pseudonyms>) -> Arc<str> {
    pseudonyms.map_or_else(|| word.into(), |pseudonyms| pseudonyms.name(word))
}

/// An entry of the model's `by`, which may be somebody's name, as outputs show it.
pub(super) fn shown_entry(entry: &Arc<str>, pseudonyms: Option<&Pseudonyms>) -> Arc<str> {
    pseudonyms.map_or_else(|| Arc::clone(entry), |pseudonyms| pseudonyms.text(entry, &Names::new()))
}

/// A call as outputs show it, `POST host/path`: where there are pseudonyms, a host that is not the model's `host` and
/// all words of the path that the model does not say become one, and a variable is named by such a word no more.
pub(super) fn shown_call(call: &str, host: Option<&str>, pseudonyms: Option<&Pseudonyms>) -> String {
    let (Some(pseudonyms), Some((method, target))) = (pseudonyms, call.split_once(' ')) else { return call.to_owned() };
    let (own, path) = target.split_once('/').unwrap_or((target, ""));
    let own = if host == Some(own) { own.into() } else { pseudonyms.name(own) };
    let segment = |segment: &str| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) if *pseudonyms.name(name) == *name => segment.into(),
        Some(_) => Arc::from("{id}"),
        None => pseudonyms.name(segment),
    };
    let path: String = path.split('/').map(|word| format!("/{}", segment(word))).collect();
    format!("{method} {own}{path}")
}

/// Replaces the names in a deviation and its events.
pub(super) fn pseudonymise(deviation: &mut Deviation, pseudonyms: &Pseudonyms) {
    let ids = [&deviation.object, &deviation.case].into_iter().flatten();
    let mut names: Names = ids.map(|id| (Arc::clone(&id.key), pseudonyms.object(id).key)).collect();
    deviation.events.iter().for_each(|event| pseudonyms.names(event, &mut names));
    for text in deviation.expected.iter_mut().chain(&mut deviation.observed) {
        *text = pseudonyms.text(text, &names);
    }
    for id in [&mut deviation.object, &mut deviation.case].into_iter().flatten() {
        *id = pseudonyms.object(id);
    }
    deviation.events.iter_mut().for_each(|event| pseudonyms.event(event));
}
