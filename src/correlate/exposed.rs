//! Live credentials that stand where ids do: `/sessions/<token>`, `?via=<token>`, a `deviceRef`.
//!
//! Who knows what a login gave out hides it wherever it stands, so that equal values stay equal and nothing that is judged
//! depends on it. What a request shows is its client's choice, and is hidden where nothing is judged by it: in the path.

use std::collections::BTreeSet;
use std::sync::Arc;

use offpath_capture::{Exchange, percent_decoded};

use super::credential::{self, Hash, HashKey, Keys};
use super::redact::mask;
use super::resolve::Resolver;
use super::secret_segment::{SHORTEST_RANDOM, is_random_behind};
use crate::event::{Event, Value};

/// Shortest credential that is looked for.
pub(super) const SHORTEST: usize = SHORTEST_RANDOM;
/// Longest one.
const LONGEST: usize = 4096;
/// Most credentials of one exchange.
const MOST: usize = 64;

/// The mask of a text that is a credential, as its hash tells.
pub(super) fn stands_for(text: &str, key: &HashKey, is_one: impl Fn(Hash) -> bool) -> Option<String> {
    let may_be = (SHORTEST..=LONGEST).contains(&text.len()) && !text.starts_with('[');
    (may_be && is_one(key.credential(text.as_bytes()))).then(|| mask(key, "secret", text))
}

/// Hashes of the credentials in an exchange's headers.
pub(super) fn in_headers(exchange: &Exchange, key: &HashKey) -> BTreeSet<Hash> {
    let request = exchange.request.iter().flat_map(|request| request.headers.iter());
    let response = exchange.response.iter().flat_map(|response| response.headers.iter());
    let mut found = BTreeSet::new();
    for (name, value) in request.chain(response) {
        let Ok(name) = std::str::from_utf8(name) else { continue };
        if name.eq_ignore_ascii_case("cookie") || name.eq_ignore_ascii_case("set-cookie") {
            for pair in value.split(|b| *b == b';') {
                let value = pair.splitn(2, |b| *b == b'=').nth(1).unwrap_or_default().trim_ascii();
                found.insert(
                    key.credential(value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value)),
                );
            }
        } else if credential::is_secret_name(name) {
            found.insert(key.credential(value.trim_ascii()));
            found.extend(credential::authorization(value, Keys { hash: key, tokens: None }).map(|shown| shown.hash));
        }
        if found.len() > MOST {
            break;
        }
    }
    found
}

/// Hides credentials in a resolved event: those that some login gave out in its keys, attributes and path; in the path
/// also those that its request shows. Random keys of sessions, tokens, invitations and the like are credentials too.
pub fn hide(event: &mut Event, resolver: &Resolver, key: &HashKey) {
    let bound = |text: &str| stands_for(text, key, |hash| resolver.knows_credential(hash));
    let session = event.session.clone();
    let mut keys: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut hidden = |object_type: &str, whole: &Arc<str>| -> Option<Arc<str>> {
        // The name of a session that was made up here hides its actor already.
        if whole.len() < SHORTEST || session.as_ref() == Some(whole) {
            return None;
        }
        let mut part = |part: &str| {
            let random = || is_random_behind(part, object_type).then(|| mask(key, "secret", part));
            let stands = bound(part).or_else(random)?;
            keys.insert(part.into());
            Some(stands)
        };
        if let Some(stands) = part(whole) {
            return Some(stands.into());
        }
        let parts: Vec<Option<String>> = whole.split('/').map(part).collect();
        parts.iter().any(Option::is_some).then(|| {
            let shown = whole.split('/').zip(parts).map(|(own, stands)| stands.unwrap_or_else(|| own.to_owned()));
            shown.collect::<Vec<_>>().join("/").into()
        })
    };
    for id in event.objects.iter_mut().map(|object| &mut object.id).chain(&mut event.case) {
        id.key = hidden(&id.object_type, &id.key).unwrap_or_else(|| Arc::clone(&id.key));
    }
    for object in &mut event.objects {
        let conflicting = object.conflicting_key.as_ref().and_then(|key| hidden(&object.id.object_type, key));
        object.conflicting_key = conflicting.or_else(|| object.conflicting_key.take());
    }
    let of_objects = event.objects.iter_mut().flat_map(|object| &mut object.attributes);
    for (_, value) in event.attributes.iter_mut().chain(of_objects) {
        hide_value(value, &bound);
    }
    if event.path.len() >= SHORTEST {
        let shown: BTreeSet<Hash> = [&event.actor.credential]
            .into_iter()
            .flatten()
            .chain(&event.actor.also)
            .filter_map(|text| Hash::parse(text.strip_prefix('?').unwrap_or(text)))
            .collect();
        let segment = |segment: &str| {
            let decoded = percent_decoded(segment, false);
            let of_key = || keys.contains(&*decoded).then(|| mask(key, "secret", &decoded));
            let own = || stands_for(&decoded, key, |hash| shown.contains(&hash));
            bound(&decoded).or_else(of_key).or_else(own).unwrap_or_else(|| segment.to_owned())
        };
        let path = event.path.split('/').map(segment).collect::<Vec<_>>().join("/");
        if *path != *event.path {
            event.path = path.into();
        }
    }
}

fn hide_value(value: &mut Value, bound: &impl Fn(&str) -> Option<String>) {
    match value {
        Value::Text(text) => {
            if let Some(stands) = bound(text) {
                *text = stands.into();
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| hide_value(item, bound)),
        _ => {}
    }
}
