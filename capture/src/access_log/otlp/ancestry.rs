//! Ancestry: the request in whose span another lies, past the spans of clients and of work inside of programs.

use std::collections::{HashMap, VecDeque};

/// Spans that are remembered.
const MOST: usize = 1 << 16;
/// Longest id that is.
const LONGEST: usize = 64;
/// Spans between two requests.
const DEEPEST: usize = 16;

/// A trace and a span of it.
type Id = (Box<str>, Box<str>);

/// Spans read so far that are no requests, with the spans that they lie in.
#[derive(Debug, Default)]
pub(in crate::access_log) struct Ancestry {
    parents: HashMap<Id, Box<str>>,
    oldest: VecDeque<Id>,
}

impl Ancestry {
    /// Remembers a span that is no request.
    pub(super) fn add(&mut self, trace: &str, span: &str, parent: &str) {
        if [trace, span, parent].iter().any(|id| id.is_empty() || id.len() > LONGEST) {
            return;
        }
        let id: Id = (trace.into(), span.into());
        if self.parents.insert(id.clone(), parent.into()).is_none() {
            self.oldest.push_back(id);
        }
        if self.oldest.len() > MOST
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.parents.remove(&oldest);
        }
    }

    /// The span that a request's parent lies in, if that is none of those remembered: where all between them was read
    /// before, a request's.
    pub(super) fn request(&self, trace: &str, parent: &str) -> Option<String> {
        let mut at: Box<str> = parent.into();
        for _ in 0..DEEPEST {
            match self.parents.get(&(trace.into(), at.clone())) {
                Some(parent) => at.clone_from(parent),
                None => return Some(at.into_string()).filter(|id| !id.is_empty()),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_two_requests_is_passed_over() {
        let mut spans = Ancestry::default();
        spans.add("t", "client", "work");
        spans.add("t", "work", "server");
        spans.add("t", "a", "b");
        spans.add("t", "b", "a");
        let request = |trace: &str, parent: &str| spans.request(trace, parent);
        assert_eq!(request("t", "client").as_deref(), Some("server"));
        assert_eq!(request("u", "client").as_deref(), Some("client"), "another trace");
        assert_eq!(request("t", "a"), None, "a circle");
        assert_eq!(request("t", ""), None);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut spans = Ancestry::default();
        for n in 0..=MOST {
            spans.add("t", &n.to_string(), "p");
        }
        assert_eq!(spans.parents.len(), MOST);
        assert_eq!(spans.request("t", "0").as_deref(), Some("0"));
        assert_eq!(spans.request("t", "1").as_deref(), Some("p"));
    }
}
