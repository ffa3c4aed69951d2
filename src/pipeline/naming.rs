//! Names as outputs show them: what is compared by its names is reported without them where there are pseudonyms.

use std::sync::Arc;

use crate::compare::Deviation;
use crate::correlate::{Names, Pseudonyms};
use crate::event::is_call;

/// What sorts of calls there are, as their names say it.
const SORTS: [&str; 11] = [
    "query",
    "mutation",
    "subscription",
    "persisted",
    "method",
    "notification",
    "tool",
    "prompt",
    "answer",
    "input_response",
    "message",
];

/// A word that traffic brought, as outputs show it.
pub(super) fn shown(word: &str, pseudonyms: Option<&Pseudonyms>) -> Arc<str> {
    pseudonyms.map_or_else(|| word.into(), |pseudonyms| pseudonyms.name(word))
}

/// An entry of the model's `by`, which may be somebody's name, as outputs show it.
pub(super) fn shown_entry(entry: &Arc<str>, pseudonyms: Option<&Pseudonyms>) -> Arc<str> {
    pseudonyms.map_or_else(|| Arc::clone(entry), |pseudonyms| pseudonyms.text(entry, &Names::new()))
}

/// A call as outputs show it, `POST host/path`: where there are pseudonyms, a host that is not the model's `host` and
/// all words of the path that the model does not say become one, and a variable is named by such a word no more. Of a
/// call inside a body, `jsonrpc method order.pay`, protocol and sort stay.
pub(super) fn shown_call(call: &str, host: Option<&str>, pseudonyms: Option<&Pseudonyms>) -> String {
    let (Some(pseudonyms), Some((method, target))) = (pseudonyms, call.split_once(' ')) else { return call.to_owned() };
    if is_call(call) {
        let (sort, name) = target.split_once(' ').filter(|(sort, _)| SORTS.contains(sort)).unzip();
        let name = pseudonyms.name(name.unwrap_or(target));
        return [Some(method), sort, Some(&*name)].into_iter().flatten().collect::<Vec<_>>().join(" ");
    }
    let (own, path) = target.split_once('/').unwrap_or((target, ""));
    let own = if host == Some(own) { own.into() } else { pseudonyms.host(own) };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlate::HashKey;
    use crate::model::Model;

    #[test]
    fn of_a_call_the_name_alone_becomes_a_pseudonym() {
        let text = "offpath: 1\nworkflow: {id: shop, version: 1}\nactivities:\n  pay: {http: POST /pay}\n";
        let (model, _) = Model::read("model.yaml", text).unwrap();
        let pseudonyms = Pseudonyms::new(HashKey::new(b"a key of sixteen"), &model);
        let shown = |call: &str| shown_call(call, None, Some(&pseudonyms));
        for (call, kept) in [
            ("jsonrpc method order.pay/Maria-Schmidt", "jsonrpc method p"),
            ("graphql mutation maria", "graphql mutation p"),
            ("mcp tool a/b", "mcp tool p"),
            ("mcp maria/list", "mcp p"),
        ] {
            let shown = shown(call);
            let name = shown.strip_prefix(kept).unwrap_or_default();
            assert!(name.len() == 12 && name.bytes().all(|b| b.is_ascii_hexdigit()), "{call} -> {shown}");
        }
        assert_eq!(shown_call("mcp tool a/b", None, None), "mcp tool a/b");
        assert!(
            shown("POST shop.example/pay/maria").starts_with("POST p") && shown("POST /pay/maria").contains("/pay/p")
        );
    }
}
