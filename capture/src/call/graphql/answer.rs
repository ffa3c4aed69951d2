//! GraphQL's answer: what each field gave, and how it went.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::super::budget::name;
use super::super::message::Message;
use super::super::{CallOutcome, MOST_CALLS, json};
use super::parts;
use crate::event_stream::stream_events;

/// Longest event that is read.
const LONGEST_EVENT: usize = 4 << 20;

/// The answers of a response: one, which may come in parts, or those of a batch.
pub(super) struct Answers<'a> {
    texts: Vec<Cow<'a, str>>,
    /// They are a list, in the order of the requests.
    listed: bool,
    /// Nothing more comes.
    whole: bool,
    /// How HTTP says it went, where there is no answer of GraphQL.
    without: CallOutcome,
}

/// The answer to one request.
pub(super) struct Answer<'a> {
    /// Its place in a batch.
    pub(super) place: Option<u32>,
    /// What fields gave, by response key; `None` where there is no `data`.
    data: Option<BTreeMap<String, &'a RawValue>>,
    all: Option<&'a RawValue>,
    has_data: bool,
    errors: Vec<Failure>,
    /// The answer was read to its end.
    whole: bool,
    /// Where there is no answer of GraphQL: how HTTP says it went.
    without: CallOutcome,
}

/// One error.
struct Failure {
    /// Response key of the field, and whether the error is in the field itself rather than below it.
    at: Option<(String, bool)>,
    code: Option<String>,
}

impl<'a> Answers<'a> {
    /// The answers in a response.
    pub(super) fn of(answered: Option<&Message<'a>>) -> Answers<'a> {
        let refused = answered.and_then(Message::refusal);
        let without = refused.map_or(CallOutcome::Unknown, |status| CallOutcome::Failed(Some(status)));
        let read = answered.map(Answers::read).unwrap_or_default();
        Answers { without, ..read }
    }

    /// The one answer that comes in these parts.
    pub(super) fn of_parts(parts: Vec<Cow<'a, str>>) -> Answers<'a> {
        let whole = parts::is_over(&parts);
        let texts = parts::joined(parts).into_iter().collect();
        Answers { texts, listed: false, whole, without: CallOutcome::Unknown }
    }

    fn read(message: &Message<'a>) -> Answers<'a> {
        if message.is("text/event-stream") {
            let text = message.text.map(|text| format!("{text}\n\n")).unwrap_or_default();
            let events = stream_events(text.as_bytes(), LONGEST_EVENT).into_iter();
            return Answers::of_parts(
                events.map(|event| event.data).filter(|data| data.starts_with('{')).map(Cow::Owned).collect(),
            );
        }
        if message.is("multipart/mixed") {
            let boundary = message.parameter("boundary").unwrap_or("-");
            return Answers::of_parts(message.text.map(|text| parts::multipart(text, boundary)).unwrap_or_default());
        }
        let Some(text) = message.json() else { return Answers::default() };
        let (texts, listed) = match json::elements(text, MOST_CALLS) {
            Some((items, _)) => (items.into_iter().map(|item| Cow::Borrowed(item.get())).collect(), true),
            None => (vec![Cow::Borrowed(text)], false),
        };
        Answers { texts, listed, whole: true, ..Answers::default() }
    }

    /// Whether more of them was to come than was seen.
    pub(super) fn are_cut(&self) -> bool {
        !self.texts.is_empty() && !self.whole
    }

    /// The one answer to all requests, where it is no list: it is read once, however many they are.
    pub(super) fn of_all(&self) -> Option<Answer<'_>> {
        (!self.listed).then(|| self.to(None))
    }

    /// The answer to the request at a place. One that is no list answers all requests: it refuses them.
    pub(super) fn to(&self, place: Option<u32>) -> Answer<'_> {
        let index = place.filter(|_| self.listed).map_or(0, |place| place as usize);
        let picked = self.texts.get(index).and_then(|text| json::pick(text, ["data", "errors"]));
        let ([data, errors], whole) = picked.map(|picked| (picked.values, picked.whole)).unwrap_or_default();
        let all = json::present(data);
        let members = all.and_then(|data| json::members(data.get(), MOST_CALLS));
        let errors = json::present(errors).and_then(|errors| json::elements(errors.get(), MOST_CALLS));
        Answer {
            place: place.filter(|_| self.listed),
            data: members.map(|(members, _)| members.into_iter().collect()),
            all,
            has_data: data.is_some(),
            errors: errors.map(|(errors, _)| errors.into_iter().map(Failure::read).collect()).unwrap_or_default(),
            whole: whole && self.whole,
            without: self.without.clone(),
        }
    }
}

impl Default for Answers<'_> {
    fn default() -> Self {
        Answers { texts: Vec::new(), listed: false, whole: false, without: CallOutcome::Unknown }
    }
}

impl Answer<'_> {
    /// Whether it has the shape of GraphQL's answers.
    pub(super) fn looks_like_graphql(&self) -> bool {
        self.data.is_some() || self.errors.iter().any(|error| self.has_data || error.at.is_some())
    }

    /// How the whole operation went, and what it gave.
    pub(super) fn of_all(&self) -> (CallOutcome, Option<&RawValue>) {
        let outcome = match self.errors.first() {
            Some(error) if self.all.is_none() => CallOutcome::Failed(error.code.clone()),
            // Some of it was done.
            Some(_) => CallOutcome::Unknown,
            None if self.all.is_some() && self.whole => CallOutcome::Accepted,
            None => self.without.clone(),
        };
        (outcome, self.all)
    }

    /// How a field went, and what it gave.
    pub(super) fn of_field(&self, key: &str) -> (CallOutcome, Option<&RawValue>) {
        let value = self.data.as_ref().and_then(|data| data.get(key).copied());
        let result = json::present(value);
        let own = |error: &&Failure| error.at.as_ref().is_some_and(|(at, _)| at == key);
        let mut errors = self.errors.iter().filter(own);
        let outcome = match (errors.next(), result) {
            // Something below it failed: the field itself was run.
            (Some(_), Some(_)) => CallOutcome::Accepted,
            (Some(Failure { at: Some((_, false)), .. }), None) => CallOutcome::Unknown,
            (Some(error), None) => CallOutcome::Failed(error.code.clone()),
            (None, Some(_)) => CallOutcome::Accepted,
            (None, None) => self.of_silent(value.is_some()),
        };
        (outcome, result)
    }

    /// How a field went of which no error speaks, and that gave nothing or `null`.
    fn of_silent(&self, null: bool) -> CallOutcome {
        let general = self.errors.iter().find(|error| error.at.is_none());
        match general.or(self.errors.first().filter(|_| self.all.is_none())) {
            // Nothing was run where the request as a whole failed. Else another field's error took all data with it.
            Some(error) if error.at.is_none() && self.all.is_none() => CallOutcome::Failed(error.code.clone()),
            Some(_) => CallOutcome::Unknown,
            None if null && self.whole => CallOutcome::Accepted,
            None => self.without.clone(),
        }
    }
}

impl Failure {
    fn read(error: &RawValue) -> Failure {
        let [path, extensions] = json::pick(error.get(), ["path", "extensions"]).map(|p| p.values).unwrap_or_default();
        let path = json::present(path).and_then(|path| json::elements(path.get(), 2));
        let at = path.and_then(|(path, _)| Some((json::scalar(path.first()?)?.into_owned(), path.len() == 1)));
        let code = extensions.and_then(|e| json::member(e, "code")).and_then(json::scalar).map(|code| name(&code));
        Failure { at, code }
    }
}
