//! GraphQL over HTTP: each outermost field of the operation that is run is a call.
//!
//! Not the operation's name, which the client chooses: `mutation Buy { addPaymentToOrder(...) { id } }` calls
//! `addPaymentToOrder`, and `{ a: order(id: 1) { id } b: order(id: 2) { id } }` calls `order` twice.

mod answer;
mod document;
mod kinds;
mod parts;
mod refusal;
mod request;
mod token;
mod variables;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::answer::{Answer, Answers};
use self::document::{Document, Literal, Selected, Selection, begins};
use self::kinds::Part;
use self::request::{Posted, of_json, posted};
use self::variables::Variables;
use super::budget::{Budget, name};
use super::message::Message;
use super::{Call, CallKind, CallOutcome, CallProtocol, Links, MOST_CALLS, Sender, Unseen, json};
use crate::Request;

/// Most variables of one request.
const MOST_VARIABLES: usize = 1024;

/// Reads the calls of a GraphQL exchange; `None` where it is none.
pub(super) fn read(
    request: &Request,
    documents: &[(String, Arc<str>)],
    sent: &Message<'_>,
    answered: Option<&Message<'_>>,
    budget: &mut Budget,
) -> Option<Vec<Call>> {
    let posted = with_documents(posted(request, sent, budget), documents);
    if posted.is_empty() {
        return None;
    }
    let named = names_graphql(&request.target);
    let known = documents_of(&posted);
    let read: Vec<_> = posted.iter().map(|posted| (posted, document_of(posted, &known))).collect();
    // Most bodies with a `query` are a search; their answers are not looked at.
    let speaks = |(posted, document): &(&Posted<'_>, Option<&Document<'_>>)| {
        document.is_some() || posted.is_persisted(named) || posted.query.as_deref().is_some_and(begins)
    };
    if !named && !read.iter().any(speaks) {
        return None;
    }
    let answers = Answers::of(answered);
    calls(&read, named, &answers, budget)
}

/// Reads the calls of an operation that was sent on a WebSocket, with the parts of its answer; `None` where it is none.
/// `certain`: GraphQL is what is spoken there.
pub(super) fn said(
    text: &str,
    documents: &[(String, Arc<str>)],
    certain: bool,
    parts: Vec<Cow<'_, str>>,
    budget: &mut Budget,
) -> Option<Vec<Call>> {
    let posted = with_documents(of_json(text, true, budget), documents);
    let known = documents_of(&posted);
    let read: Vec<_> = posted.iter().map(|posted| (posted, document_of(posted, &known))).collect();
    calls(&read, certain, &Answers::of_parts(parts), budget)
}

/// Gives requests that sent a hash alone the documents that are known by it.
fn with_documents<'a>(mut posted: Vec<Posted<'a>>, documents: &'a [(String, Arc<str>)]) -> Vec<Posted<'a>> {
    for posted in posted.iter_mut().filter(|posted| posted.hashed && posted.query.is_none()) {
        let hash = posted.hash.as_deref().unwrap_or_default();
        let known = documents.iter().find(|(own, _)| own.eq_ignore_ascii_case(hash));
        posted.query = known.map(|(_, document)| Cow::Borrowed(&**document));
    }
    posted
}

/// The documents of requests by their texts: a batch may name one text as often as it has requests, and it is read once.
fn documents_of<'p>(posted: &'p [Posted<'_>]) -> BTreeMap<&'p str, Option<Document<'p>>> {
    let mut documents = BTreeMap::new();
    for text in posted.iter().filter_map(|posted| posted.query.as_deref()) {
        documents.entry(text).or_insert_with(|| Document::read(text));
    }
    documents
}

fn document_of<'d, 'p>(
    posted: &Posted<'_>,
    documents: &'d BTreeMap<&'p str, Option<Document<'p>>>,
) -> Option<&'d Document<'p>> {
    documents.get(posted.query.as_deref()?)?.as_ref()
}

/// What of a document says what is called: as much of it reads as the whole does. What cannot be read stays as it is.
pub(super) fn condensed(text: &str) -> Cow<'_, str> {
    let short = document::condensed(text).filter(|short| short.len() < text.len());
    short.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The hashes of persisted queries that a request sent, each with its document where that was sent, too.
pub(super) fn hashes(request: &Request, sent: &Message<'_>) -> Vec<(String, Option<String>)> {
    hashes_of(posted(request, sent, &mut Budget::new()))
}

/// The same of an operation that was sent on a WebSocket.
pub(super) fn hashes_said(text: &str) -> Vec<(String, Option<String>)> {
    hashes_of(of_json(text, true, &mut Budget::new()))
}

fn hashes_of(posted: Vec<Posted<'_>>) -> Vec<(String, Option<String>)> {
    let hashed = posted.into_iter().filter(|posted| posted.hashed);
    hashed.filter_map(|posted| Some((posted.hash?.to_ascii_lowercase(), posted.query.map(Cow::into_owned)))).collect()
}

/// The calls of requests with their documents.
fn calls(
    read: &[(&Posted<'_>, Option<&Document<'_>>)],
    named: bool,
    answers: &Answers<'_>,
    budget: &mut Budget,
) -> Option<Vec<Call>> {
    let shared = answers.of_all();
    let mut calls = Vec::new();
    let mut any = false;
    for (posted, document) in read {
        let own = if shared.is_none() { Some(answers.to(posted.place)) } else { None };
        let Some(answer) = shared.as_ref().or(own.as_ref()) else { continue };
        let telling = posted.telling || named || answer.looks_like_graphql();
        match (document, &posted.query) {
            (Some(document), _) if telling || document.operations.iter().any(|o| !o.short) => {
                any = true;
                run(posted, document, answer, &mut calls, budget);
            }
            (None, None) if posted.is_persisted(named) => {
                any = true;
                persisted(posted, answer, &mut calls, budget);
            }
            // What begins like a document and cannot be read may be any call.
            (None, Some(query)) if named || telling && begins(query) => {
                any = true;
                budget.note(Unseen::Malformed);
            }
            _ => {}
        }
    }
    if any && answers.are_cut() {
        budget.note(Unseen::TooLong);
        // What is not in them may be in what is missing.
        calls.iter_mut().for_each(|call| call.result = None);
    }
    any.then_some(calls)
}

/// Whether a path says that GraphQL is spoken there.
fn names_graphql(target: &str) -> bool {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    path.split('/').any(|segment| {
        let segment = segment.to_ascii_lowercase();
        let rest = segment.strip_prefix("graphql").or_else(|| segment.strip_prefix("gql"));
        let version = |rest: &str| rest.strip_prefix('v').is_some_and(|n| n.bytes().all(|byte| byte.is_ascii_digit()));
        rest.is_some_and(|rest| matches!(rest, "" | "batch") || rest.starts_with('.') || version(rest))
    })
}

/// The call of an operation of which only the hash was sent.
fn persisted(posted: &Posted<'_>, answer: &Answer<'_>, calls: &mut Vec<Call>, budget: &mut Budget) {
    let Some(hash) = posted.hash.as_deref().filter(|_| budget.has_room(calls.len())) else { return };
    let arguments = posted.variables.as_deref().map_or_else(|| Some("{}".to_owned()), |v| budget.keep(v));
    let (outcome, result) = answer.of_all();
    calls.push(Call {
        protocol: CallProtocol::Graphql,
        kind: if posted.safe { CallKind::Query } else { CallKind::Persisted },
        name: name(hash),
        method: None,
        id: posted.operation_name.as_deref().map(name),
        sender: Sender::Client,
        arguments,
        gives: None,
        result: budget.keep_value(result),
        client_info: None,
        links: Links::default(),
        outcome,
        request: posted.place,
        response: answer.place,
    });
}

/// The calls of the operation that a request runs.
fn run(posted: &Posted<'_>, document: &Document<'_>, answer: &Answer<'_>, calls: &mut Vec<Call>, budget: &mut Budget) {
    let wanted = posted.operation_name.as_deref().filter(|name| !name.is_empty());
    let chosen = match (document.operations.as_slice(), wanted) {
        ([only], None) => Some(only),
        (all, Some(wanted)) => all.iter().find(|operation| operation.name == Some(wanted)),
        _ => None,
    };
    // The server runs none either.
    let Some(operation) = chosen else { return budget.note(Unseen::Malformed) };
    if document.deep {
        budget.note(Unseen::TooLong);
    }
    let sent = posted.variables.as_deref();
    let (sent, whole) = sent.and_then(|text| json::members(text, MOST_VARIABLES)).unwrap_or((Vec::new(), true));
    if !whole {
        budget.note(Unseen::TooLong);
    }
    let variables = Variables::new(sent, &operation.defaults);
    let mut fields =
        Fields { document, variables: &variables, keys: BTreeSet::new(), spread: BTreeSet::new(), found: Vec::new() };
    fields.collect(&operation.selections);
    for Found { key, field, arguments, parts } in fields.found {
        if field == "__typename" {
            continue;
        }
        if !budget.has_room(calls.len()) {
            return;
        }
        let (outcome, result) = answer.of_field(key);
        let gives = result.and_then(|result| kinds::of(result.get(), parts, &document.fragments));
        let changes = operation.kind == CallKind::Mutation;
        let refused = result.and_then(|result| refusal::refusal(result, gives.as_deref(), changes));
        let outcome = match refused.filter(|_| outcome == CallOutcome::Accepted) {
            Some(code) => CallOutcome::Failed(code),
            None => outcome,
        };
        calls.push(Call {
            protocol: CallProtocol::Graphql,
            kind: operation.kind,
            name: name(field),
            method: None,
            id: (key != field).then(|| name(key)),
            sender: Sender::Client,
            arguments: variables.object(arguments, budget),
            gives,
            result: budget.keep_value(result),
            client_info: None,
            links: Links::default(),
            outcome,
            request: posted.place,
            response: answer.place,
        });
    }
}

/// The outermost fields of an operation, its fragments' included.
struct Fields<'d, 'a> {
    document: &'d Document<'a>,
    variables: &'d Variables<'d, 'a>,
    /// Response keys so far: a field that is selected twice is run once.
    keys: BTreeSet<&'a str>,
    /// Fragments so far: a second time one selects nothing new, and it may name itself.
    spread: BTreeSet<&'a str>,
    found: Vec<Found<'d, 'a>>,
}

/// A field that is called.
struct Found<'d, 'a> {
    /// Its name in the answer.
    key: &'a str,
    field: &'a str,
    arguments: &'d [(&'a str, Literal<'a>)],
    /// The fragments directly in its selection.
    parts: &'d [Part<'a>],
}

impl<'d, 'a> Fields<'d, 'a> {
    /// A list of what is still open instead of a stack: each fragment is opened once, so that it ends.
    fn collect(&mut self, selections: &'d [Selection<'a>]) {
        let mut open = vec![selections.iter()];
        while let Some(innermost) = open.last_mut() {
            // One of them may be `__typename`, and one more says that there are too many.
            if self.found.len() > MOST_CALLS + 1 {
                return;
            }
            let Some(selection) = innermost.next() else {
                open.pop();
                continue;
            };
            let applies = |(wanted, value): &(bool, Literal<'a>)| self.variables.truth(value) != Some(!wanted);
            if !selection.conditions.iter().all(applies) {
                continue;
            }
            match &selection.what {
                Selected::Field { key, name, arguments, parts } => {
                    if self.keys.insert(*key) {
                        self.found.push(Found { key, field: name, arguments, parts });
                    }
                }
                Selected::Inline(inner) => open.push(inner.iter()),
                Selected::Spread(name) => {
                    let fragment = self.document.fragments.get(name).filter(|_| self.spread.insert(*name));
                    open.extend(fragment.map(|fragment| fragment.selections.iter()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_many_requests_name_is_read_once() {
        let text: Arc<str> = "mutation M { pay }".into();
        let known = [("ab".to_owned(), text)];
        let batch = r#"{"extensions":{"persistedQuery":{"sha256Hash":"AB"}}},"#.repeat(9) + r#"{"query":"{ me }"}"#;
        let batch = format!("[{batch}]");
        let posted = with_documents(of_json(&batch, true, &mut Budget::new()), &known);
        let documents = documents_of(&posted);
        assert_eq!((posted.len(), documents.len()), (10, 2));
        assert!(posted.iter().all(|posted| document_of(posted, &documents).is_some()));
    }
}
