//! GraphQL requests in an HTTP message: as JSON, a batch of them, a query string, a document, or a multipart form.

use std::borrow::Cow;

use memchr::memmem::Finder;

use super::super::budget::Budget;
use super::super::message::{Message, Needle, names};
use super::super::{MOST_CALLS, Unseen, json};
use super::document::begins;
use super::names_graphql;
use super::parts::sections;
use crate::{Request, percent_decoded};

/// Members of which every request in JSON has one.
static TELLING: [Needle; 4] = [
    Needle::new(|| Finder::new("\"query\"")),
    Needle::new(|| Finder::new("\"persistedQuery\"")),
    Needle::new(|| Finder::new("\"documentId\"")),
    Needle::new(|| Finder::new("\"doc_id\"")),
];

/// One request.
#[derive(Default)]
pub(super) struct Posted<'a> {
    /// The document.
    pub(super) query: Option<Cow<'a, str>>,
    pub(super) operation_name: Option<Cow<'a, str>>,
    /// JSON text of an object.
    pub(super) variables: Option<Cow<'a, str>>,
    /// The hash or id of a document that the server knows.
    pub(super) hash: Option<Cow<'a, str>>,
    /// It is the hash of a persisted query, which nothing but GraphQL has.
    pub(super) hashed: bool,
    /// Something beside the document says that this is GraphQL.
    pub(super) telling: bool,
    /// Its place in a batch.
    pub(super) place: Option<u32>,
    /// It came by GET, by which nothing may be changed.
    pub(super) safe: bool,
}

impl Posted<'_> {
    /// Whether it asks for a document by its hash or id. Other APIs have documents with ids, too; `named`: the path says
    /// that this is GraphQL.
    pub(super) fn is_persisted(&self, named: bool) -> bool {
        let beside = self.operation_name.is_some() && self.variables.is_some();
        self.query.is_none() && self.hash.is_some() && (self.hashed || named || beside)
    }
}

/// The requests of a message; none where it holds none.
pub(super) fn posted<'a>(request: &'a Request, sent: &Message<'a>, budget: &mut Budget) -> Vec<Posted<'a>> {
    let query = request.target.split_once('?').map(|(_, query)| query.split('#').next().unwrap_or_default());
    if matches!(request.method.as_str(), "GET" | "HEAD") {
        return query.and_then(of_pairs).map(|posted| Posted { safe: true, ..posted }).into_iter().collect();
    }
    let found = in_body(query, sent, names_graphql(&request.target), budget);
    if !found.is_empty() {
        // Which of two documents is run is the server's affair.
        let another = query.and_then(of_pairs).and_then(|posted| posted.query);
        if another.is_some_and(|text| begins(&text)) && !sent.is("application/graphql") {
            budget.note(Unseen::Malformed);
        }
        return found;
    }
    // Most servers take a request from the URL whatever the method, where the body holds none.
    let in_url = query.and_then(of_pairs);
    if in_url.is_some() && !sent.whole {
        budget.note(Unseen::RequestBody);
    }
    in_url.into_iter().collect()
}

/// The requests in a body; `query`: the query string beside it; `named`: the path says that this is GraphQL.
fn in_body<'a>(query: Option<&'a str>, sent: &Message<'a>, named: bool, budget: &mut Budget) -> Vec<Posted<'a>> {
    let Some(text) = sent.text else { return Vec::new() };
    if sent.is("application/graphql") {
        let beside = query.and_then(of_pairs).unwrap_or_default();
        if !sent.whole {
            budget.note(Unseen::RequestBody);
        }
        return vec![Posted { query: Some(Cow::Borrowed(text)), telling: true, ..beside }];
    }
    if sent.is("application/x-www-form-urlencoded") {
        return of_pairs(text).into_iter().collect();
    }
    let multipart = sent.is("multipart/form-data");
    let body = if multipart {
        sent.parameter("boundary").and_then(|boundary| operations(text, boundary))
    } else {
        sent.json()
    };
    let Some(body) = body.filter(|body| named || TELLING.iter().any(|name| names(body, name))) else {
        return Vec::new();
    };
    let found = of_json(body, multipart, budget);
    if !found.is_empty() && !sent.whole && !multipart {
        budget.note(Unseen::RequestBody);
    }
    found
}

/// The requests of a JSON text; `telling`: something beside it says that this is GraphQL.
pub(super) fn of_json<'a>(text: &'a str, telling: bool, budget: &mut Budget) -> Vec<Posted<'a>> {
    if !text.starts_with('[') {
        return of_object(text)
            .map(|posted| Posted { telling: telling || posted.telling, ..posted })
            .into_iter()
            .collect();
    }
    let Some((items, whole)) = json::elements(text, MOST_CALLS) else { return Vec::new() };
    let numbered = items.iter().zip(0_u32..);
    let found: Vec<_> = numbered
        .filter_map(|(item, place)| of_object(item.get()).map(|posted| Posted { place: Some(place), ..posted }))
        .collect();
    if !whole && !found.is_empty() {
        budget.note(if items.len() >= MOST_CALLS { Unseen::TooMany } else { Unseen::Malformed });
    }
    found
}

fn of_object(text: &str) -> Option<Posted<'_>> {
    let names =
        ["query", "operationName", "variables", "extensions", "documentId", "doc_id", "queryId", "id", "jsonrpc"];
    let [query, operation_name, variables, extensions, ids @ .., id, jsonrpc] = json::pick(text, names)?.values;
    let hash = extensions.and_then(|e| json::member(e, "persistedQuery")).and_then(|p| json::text_of(p, "sha256Hash"));
    let hashed = hash.is_some();
    let variables = json::present(variables);
    let hash = hash.or_else(|| ids.into_iter().flatten().find_map(json::scalar));
    // Most things have an `id`: a document's is a text beside what GraphQL alone has.
    let beside = variables.is_some() || operation_name.is_some() || extensions.is_some();
    let id = id.filter(|_| beside && jsonrpc.is_none());
    let hash = hash.or_else(|| json::present(id).and_then(json::text));
    let query = json::present(query).and_then(json::text);
    (query.is_some() || hash.is_some()).then_some(())?;
    Some(Posted {
        query,
        operation_name: json::present(operation_name).and_then(json::text),
        telling: hashed || variables.is_some() || operation_name.is_some() || extensions.is_some(),
        // Some clients send the variables as a string that holds JSON.
        variables: variables.map(|v| json::text(v).unwrap_or(Cow::Borrowed(v.get()))),
        hash,
        hashed,
        ..Posted::default()
    })
}

/// A request in a query string or a form.
fn of_pairs(query: &str) -> Option<Posted<'_>> {
    let mut posted = Posted::default();
    for pair in query.split('&').take(MOST_CALLS) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "query" => posted.query = Some(percent_decoded(value, true)),
            "operationName" => {
                posted.operation_name = Some(percent_decoded(value, true)).filter(|name| !name.is_empty())
            }
            "variables" => posted.variables = Some(percent_decoded(value, true)),
            "documentId" | "doc_id" | "queryId" => posted.hash = Some(percent_decoded(value, true)),
            "extensions" => {
                let extensions = percent_decoded(value, true);
                let extensions = serde_json::from_str::<&serde_json::value::RawValue>(&extensions).ok();
                let persisted = extensions.and_then(|e| json::member(e, "persistedQuery"));
                let hash = persisted.and_then(|p| json::text_of(p, "sha256Hash")).map(Cow::into_owned);
                posted.hashed |= hash.is_some();
                posted.hash = hash.map(Cow::Owned).or(posted.hash);
            }
            _ => {}
        }
    }
    posted.telling |= posted.hashed || posted.operation_name.is_some() || posted.variables.is_some();
    (posted.query.is_some() || posted.hash.is_some()).then_some(posted)
}

/// The part `operations` of a multipart form (GraphQL multipart request specification).
fn operations<'a>(text: &'a str, boundary: &str) -> Option<&'a str> {
    let (_, body) = sections(text, boundary, MOST_CALLS).into_iter().find(|(head, _)| {
        let disposition = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"));
        disposition.is_some_and(|line| {
            line.split(';').skip(1).any(|part| matches!(part.trim(), "name=\"operations\"" | "name=operations"))
        })
    })?;
    Some(body.trim()).filter(|body| body.starts_with(['{', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_delimiter_inside_of_operations_ends_nothing() {
        let operations_text = r#"{"query":"mutation { note(text: \"a --b\") }"}"#;
        let text =
            format!("--b\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{operations_text}\r\n--b--");
        assert_eq!(operations(&text, "b"), Some(operations_text));
    }
}
