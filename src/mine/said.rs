//! Steps of one operation that a word of the request tells apart: `PATCH /orders/{order}` with `{"status": "cancelled"}`,
//! `POST /hooks/psp` with `{"type": "payment.failed"}`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::name::{Part, Template};
use crate::event::procedure::{changes_state, names_state};

/// Calls with a word from which on it names a step.
const SUPPORT: u64 = 5;
/// Words of one member beyond which they are no steps.
const WORDS: usize = 12;

/// A word that tells a step, as a model writes it, the member that holds it, and the accepted calls with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) member: Arc<str>,
    pub(super) word: Arc<str>,
    pub(super) accepted: u64,
}

impl Said {
    /// The condition that a model selects the step by.
    pub(super) fn condition(&self) -> String {
        format!("req.{} == {}", self.member, self.word)
    }
}

/// The words that tell steps of an operation apart, which has so many accepted calls. What a path names to the end is one
/// step whatever its body says.
pub(super) fn steps(template: &Template, said: &BTreeMap<(Arc<str>, Arc<str>), u64>, accepted: u64) -> Vec<Said> {
    if template.is_call() || template.is_read() || template.selector.is_some() {
        return Vec::new();
    }
    let is_state = |member: &str| names_state(member).is_some();
    let sets_it = match template.parts.last() {
        Some(Part::Variable(_)) => true,
        Some(Part::Inside { end, .. }) => !end.starts_with(':'),
        Some(Part::Fixed(word)) => changes_state(word),
        None => false,
    };
    let one_place = template.parts.iter().all(|part| part.variable().is_none());
    let mut by_member: BTreeMap<&Arc<str>, Vec<(&Arc<str>, u64)>> = BTreeMap::new();
    for ((member, word), count) in said {
        // Where one thing is called, its state is set; where none is, something says what happened to which.
        if if is_state(member) { sets_it } else { one_place } {
            by_member.entry(member).or_default().push((word, *count));
        }
    }
    // The member that most calls have; of equals, the first by name.
    let calls = |words: &Vec<(&Arc<str>, u64)>| words.iter().map(|(_, count)| count).sum::<u64>();
    let most = by_member.into_iter().max_by(|a, b| calls(&a.1).cmp(&calls(&b.1)).then(b.0.cmp(a.0)));
    let Some((member, words)) = most.filter(|(_, words)| words.len() <= WORDS) else { return Vec::new() };
    let steps = words.into_iter().filter(|(_, count)| *count >= SUPPORT);
    let steps: Vec<Said> =
        steps.map(|(word, accepted)| Said { member: Arc::clone(member), word: Arc::clone(word), accepted }).collect();
    // What all calls say tells nothing apart, but that a state is set there is the step.
    let all = steps.iter().any(|step| step.accepted >= accepted);
    if all && !is_state(member) { Vec::new() } else { steps }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words at an operation, which all of them together are the calls of, with some more.
    fn told(operation: &str, said: &[(&str, &str, u64)], more: u64) -> Vec<String> {
        let accepted = said.iter().map(|(.., count)| count).sum::<u64>() + more;
        let said =
            said.iter().map(|(member, word, count)| (((*member).into(), format!("'{word}'").into()), *count)).collect();
        let template = Template::read(operation).unwrap();
        steps(&template, &said, accepted).iter().map(Said::condition).collect()
    }

    #[test]
    fn words_tell_steps_where_the_path_does_not() {
        let cancelled = [("status", "cancelled", 9), ("status", "held", 2)];
        assert_eq!(told("PATCH /orders/{order}", &cancelled, 3), ["req.status == 'cancelled'"]);
        assert_eq!(told("PUT /orders/{order}/status", &[("status", "paid", 9)], 0), ["req.status == 'paid'"]);
        let moved = [("transition.id", "31", 9)];
        assert_eq!(told("POST /issues/{issue}/transitions", &moved, 0), ["req.transition.id == '31'"]);
        assert_eq!(told("POST /orders/{order}/cancel", &cancelled, 3), [""; 0], "the path says it");
        assert_eq!(told("POST /orders", &cancelled, 3), [""; 0], "it is made so");
        let events = [("type", "pay.done", 9), ("type", "pay.failed", 5)];
        assert_eq!(told("POST /hooks/psp", &events, 0), ["req.type == 'pay.done'", "req.type == 'pay.failed'"]);
        assert_eq!(told("POST /hooks/psp", &events[..1], 0), [""; 0], "there is no other");
        assert_eq!(told("PATCH /orders/{order}", &events, 0), [""; 0], "of a thing it is a kind");
        assert_eq!(told("GET /orders/{order}", &cancelled, 0), [""; 0]);
    }

    #[test]
    fn many_words_are_no_steps() {
        let words: Vec<String> = (b'a'..b'p').map(|c| char::from(c).to_string()).collect();
        let said: Vec<(&str, &str, u64)> = words.iter().map(|word| ("status", word.as_str(), 9)).collect();
        assert_eq!(told("PATCH /orders/{order}", &said, 0), [""; 0]);
        assert_eq!(told("PATCH /orders/{order}", &said[..12], 0).len(), 12);
    }
}
