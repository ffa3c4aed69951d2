//! Joins of calls over exchanges: an MCP call with its answer on another stream, the hash of a GraphQL query with its text.
//!
//! An exchange that lacks something waits for it within a budget; all others go by at once. One [`Joins`] sees one source in
//! its order, so that what it does is the same in every run; what is [`Unjoined`] at the sources' ends is put together in
//! their order. Nothing of it depends on which file or source holds which part, until the budget is spent: then the
//! oldest goes on as it is.

mod texts;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use self::texts::Texts;
use crate::call::elsewhere::Ties;
use crate::{Elsewhere, Exchange, Origin, Timestamp};

/// Calls or answers with one id that are looked at: who uses an id more often cannot tell them apart either.
const LOOKED_AT: usize = 64;

/// Joins the exchanges of one source.
#[derive(Debug)]
pub struct Joins {
    budget: usize,
    bytes: usize,
    next: u64,
    /// Exchanges that lack something, in the order in which they came.
    open: BTreeMap<u64, Open>,
    /// Which of them wait for an answer or a document.
    asking: BTreeMap<Wish, VecDeque<u64>>,
    /// Answers that nobody asked for yet, in the order in which they came.
    answers: BTreeMap<u64, Answer>,
    given: BTreeMap<u128, VecDeque<u64>>,
    documents: Texts,
    /// Answers that were given up.
    dropped: u64,
    /// Exchanges that went on without a text that they name.
    unnamed: u64,
}

/// What an exchange waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wish {
    Answer(u128),
    Document(String),
}

#[derive(Debug)]
struct Open {
    exchange: Exchange,
    /// What it lacks, each as often as it does.
    wishes: Vec<Wish>,
}

#[derive(Debug)]
struct Answer {
    key: u128,
    text: Arc<str>,
    /// Last instant at which it may have come.
    until: Timestamp,
    origin: Origin,
}

/// What one source leaves: exchanges that still lack something, and what it has for those of others.
#[derive(Debug, Default)]
pub struct Unjoined {
    open: Vec<Open>,
    answers: Vec<Answer>,
    documents: BTreeMap<String, Arc<str>>,
    dropped: u64,
    refused: u64,
    unnamed: u64,
}

/// What is left once all sources are put together.
#[derive(Debug, Default)]
pub struct Settled {
    /// All exchanges that waited.
    pub exchanges: Vec<Exchange>,
    /// Answers to calls that no source shows.
    pub strays: u64,
    /// Texts of GraphQL that were too long or too many to be kept for requests that name them by their hash.
    pub refused: u64,
    /// Exchanges that name a text by its hash which no source shows, or which was not kept.
    pub unnamed: u64,
}

impl Joins {
    /// Nothing yet; at most about `budget` bytes will wait, and 4 MiB of texts that others may name.
    pub fn new(budget: usize) -> Joins {
        Joins {
            budget,
            bytes: 0,
            next: 0,
            open: BTreeMap::new(),
            asking: BTreeMap::new(),
            answers: BTreeMap::new(),
            given: BTreeMap::new(),
            documents: Texts::default(),
            dropped: 0,
            unnamed: 0,
        }
    }

    /// Takes the next exchange. Returns those that lack nothing, or for which there is no room to wait.
    pub fn take(&mut self, exchange: Exchange) -> Vec<Exchange> {
        let Some(ties) = Ties::of(&exchange) else { return vec![exchange] };
        let mut free = Vec::new();
        for (hash, document) in ties.documents {
            if !self.documents.holds(&hash) {
                let document = Ties::condensed(&document);
                if self.documents.keep(&hash, &document) {
                    self.grant_document(&hash, &document, &mut free);
                }
            }
        }
        // A stream of which nobody saw the end may have gone on for ever.
        let until = exchange.end.map_or(Timestamp(i64::MAX), |end| end.max(exchange.time));
        for (key, text) in ties.answers {
            let answer = Answer { key, text: text.into(), until, origin: exchange.origin.clone() };
            self.answer(answer, &mut free);
        }
        let asked = ties.asked.into_iter().map(Wish::Answer);
        let wishes = asked.chain(ties.hashes.into_iter().map(Wish::Document)).collect();
        self.wait(Open { exchange, wishes }, &mut free);
        self.make_room(&mut free);
        free
    }

    /// What still waits at the end of the source.
    pub fn finish(self) -> Unjoined {
        Unjoined {
            open: self.open.into_values().collect(),
            answers: self.answers.into_values().collect(),
            dropped: self.dropped,
            refused: self.documents.refused(),
            unnamed: self.unnamed,
            documents: self.documents.into_kept(),
        }
    }

    /// Puts together what sources left, given in their order.
    pub fn settle(sources: Vec<Unjoined>) -> Settled {
        let mut joins = Joins::new(usize::MAX);
        let mut free = Vec::new();
        let mut waiting = Vec::new();
        let mut refused = 0;
        for source in sources {
            joins.dropped += source.dropped;
            joins.unnamed += source.unnamed;
            refused += source.refused;
            // Nobody waits yet.
            source.documents.iter().for_each(|(hash, document)| joins.documents.insert(hash, document));
            source.answers.into_iter().for_each(|answer| joins.answer(answer, &mut free));
            waiting.extend(source.open);
        }
        // Whichever source holds it, the question that was asked first is answered first.
        waiting.sort_by_key(|open| (open.exchange.time, open.exchange.key));
        waiting.into_iter().for_each(|open| joins.wait(open, &mut free));
        let strays = joins.dropped + joins.answers.len() as u64;
        let unnamed = joins.unnamed + joins.open.values().filter(|open| open.is_unnamed()).count() as u64;
        free.extend(joins.open.into_values().map(|open| open.exchange));
        Settled { exchanges: free, strays, refused, unnamed }
    }

    /// Gives all that wait for a document what it says.
    fn grant_document(&mut self, hash: &str, document: &Arc<str>, free: &mut Vec<Exchange>) {
        let wish = Wish::Document(hash.to_owned());
        for place in self.asking.remove(&wish).unwrap_or_default() {
            self.grant(place, &wish, free, |beside| beside.documents.push((hash.to_owned(), Arc::clone(document))));
        }
    }

    /// Takes an answer in: it belongs to the first that asked and had begun when it may have come.
    fn answer(&mut self, answer: Answer, free: &mut Vec<Exchange>) {
        let wish = Wish::Answer(answer.key);
        let open = &self.open;
        let fits = |place: &&u64| open.get(place).is_some_and(|open| open.exchange.time <= answer.until);
        let asked = self.asking.get(&wish).and_then(|places| places.iter().take(LOOKED_AT).find(fits)).copied();
        if let Some(place) = asked {
            self.forget(&wish, place);
            self.grant_answer(place, &wish, answer, free);
            return;
        }
        self.bytes += answer.weight();
        self.given.entry(answer.key).or_default().push_back(self.next);
        self.answers.insert(self.next, answer);
        self.next += 1;
    }

    /// Lets an exchange wait for what is not there yet.
    fn wait(&mut self, open: Open, free: &mut Vec<Exchange>) {
        let Open { mut exchange, wishes } = open;
        let mut left = Vec::new();
        for wish in wishes {
            let had = match &wish {
                Wish::Document(hash) => self.documents.named(hash).map(|document| {
                    beside(&mut exchange).documents.push((hash.clone(), document));
                }),
                Wish::Answer(key) => self.fetch(*key, exchange.time).map(|answer| join(&mut exchange, answer)),
            };
            if had.is_none() {
                left.push(wish);
            }
        }
        if left.is_empty() {
            free.push(exchange);
            return;
        }
        left.iter().for_each(|wish| self.asking.entry(wish.clone()).or_default().push_back(self.next));
        let open = Open { exchange, wishes: left };
        self.bytes += open.weight();
        self.open.insert(self.next, open);
        self.next += 1;
    }

    /// The first answer under a key that may have come after `time`.
    fn fetch(&mut self, key: u128, time: Timestamp) -> Option<Answer> {
        let places = self.given.get_mut(&key)?;
        let answers = &self.answers;
        let at = places
            .iter()
            .take(LOOKED_AT)
            .position(|place| answers.get(place).is_some_and(|answer| answer.until >= time))?;
        let place = places.remove(at)?;
        if places.is_empty() {
            self.given.remove(&key);
        }
        let answer = self.answers.remove(&place)?;
        self.bytes = self.bytes.saturating_sub(answer.weight());
        Some(answer)
    }

    fn grant_answer(&mut self, place: u64, wish: &Wish, answer: Answer, free: &mut Vec<Exchange>) {
        if let Some(open) = self.open.get_mut(&place) {
            let before = open.weight();
            join(&mut open.exchange, answer);
            self.bytes = (self.bytes + open.weight()).saturating_sub(before);
        }
        self.grant(place, wish, free, |_| ());
    }

    /// Gives an exchange one thing that it waits for; it is free when that was all.
    fn grant(&mut self, place: u64, wish: &Wish, free: &mut Vec<Exchange>, give: impl FnOnce(&mut Elsewhere)) {
        let Some(open) = self.open.get_mut(&place) else { return };
        let before = open.weight();
        give(beside(&mut open.exchange));
        if let Some(at) = open.wishes.iter().position(|own| own == wish) {
            open.wishes.swap_remove(at);
        }
        self.bytes = (self.bytes + open.weight()).saturating_sub(before);
        if open.wishes.is_empty() {
            free.extend(self.release(place));
        }
    }

    /// An exchange goes on, whatever it lacks.
    fn release(&mut self, place: u64) -> Option<Exchange> {
        let open = self.open.remove(&place)?;
        self.bytes = self.bytes.saturating_sub(open.weight());
        self.unnamed += u64::from(open.is_unnamed());
        open.wishes.iter().for_each(|wish| self.forget(wish, place));
        Some(open.exchange)
    }

    /// One exchange waits for this no more.
    fn forget(&mut self, wish: &Wish, place: u64) {
        let Some(places) = self.asking.get_mut(wish) else { return };
        if let Ok(at) = places.binary_search(&place) {
            places.remove(at);
        }
        if places.is_empty() {
            self.asking.remove(wish);
        }
    }

    /// Of what waits, the oldest goes first.
    fn make_room(&mut self, free: &mut Vec<Exchange>) {
        while self.bytes > self.budget {
            let (asked, answered) = (self.open.keys().next().copied(), self.answers.keys().next().copied());
            match (asked, answered) {
                (Some(asked), answered) if answered.is_none_or(|answered| asked < answered) => {
                    free.extend(self.release(asked));
                }
                (_, Some(answered)) => self.drop_answer(answered),
                _ => return,
            }
        }
    }

    fn drop_answer(&mut self, place: u64) {
        let Some(answer) = self.answers.remove(&place) else { return };
        self.bytes = self.bytes.saturating_sub(answer.weight());
        self.dropped += 1;
        if let Some(places) = self.given.get_mut(&answer.key) {
            if let Ok(at) = places.binary_search(&place) {
                places.remove(at);
            }
            if places.is_empty() {
                self.given.remove(&answer.key);
            }
        }
    }
}

impl Open {
    /// Whether it still lacks the text of a query.
    fn is_unnamed(&self) -> bool {
        self.wishes.iter().any(|wish| matches!(wish, Wish::Document(_)))
    }

    fn weight(&self) -> usize {
        let request = self.exchange.request.as_ref().map_or(0, crate::Request::held);
        let response = self.exchange.response.as_ref().map_or(0, crate::Response::held);
        let beside = self.exchange.elsewhere.as_ref().map_or(0, |beside| {
            let answers: usize = beside.answers.iter().map(|text| text.len()).sum();
            // It may be the last that holds on to a document.
            let documents: usize = beside.documents.iter().map(|(hash, text)| 2 * hash.len() + text.len()).sum();
            answers + documents + beside.documents.len() * size_of::<(String, Arc<str>)>()
        });
        // Each wish stands in a queue under a key as well.
        let wishes = self.wishes.len() * (4 * size_of::<Wish>() + 64);
        size_of::<Open>() + request + response + beside + wishes
    }
}

impl Answer {
    fn weight(&self) -> usize {
        size_of::<Answer>() + 4 * size_of::<u128>() + self.text.len()
    }
}

fn beside(exchange: &mut Exchange) -> &mut Elsewhere {
    exchange.elsewhere.get_or_insert_default()
}

/// Puts an answer beside the call that it answers.
fn join(exchange: &mut Exchange, answer: Answer) {
    beside(exchange).answers.push(answer.text);
    exchange.response_origin = Some(answer.origin);
}
