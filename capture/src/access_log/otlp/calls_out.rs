//! Calls that a program made, as its clients' spans tell them, and whether the spans of the servers that were called are
//! there as well.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::super::tool_calls::SpanKey;

/// Spans that wait for each other.
const MOST: usize = 1 << 16;

/// What clients' spans told so far.
#[derive(Debug, Default)]
pub(in crate::access_log) struct CallsOut {
    /// Clients' spans whose servers' were not seen, with their bytes.
    waiting: BTreeMap<SpanKey, u64>,
    oldest: VecDeque<SpanKey>,
    /// Spans in which a request lies.
    parents: BTreeSet<SpanKey>,
    /// Number and bytes of clients' spans whose servers' spans say the same, and of those alone.
    told: (u64, u64),
    alone: (u64, u64),
}

impl CallsOut {
    /// A client's span of so many bytes.
    pub(in crate::access_log) fn client(&mut self, key: Option<SpanKey>, length: u64) {
        match key {
            Some(key) if self.parents.contains(&key) => add(&mut self.told, length),
            Some(key) => {
                if self.waiting.insert(key.clone(), length).is_none() {
                    self.oldest.push_back(key);
                }
                self.forget();
            }
            None => add(&mut self.alone, length),
        }
    }

    /// A request that lies in this span.
    pub(in crate::access_log) fn server(&mut self, parent: SpanKey) {
        if let Some(length) = self.waiting.remove(&parent) {
            return add(&mut self.told, length);
        }
        if self.parents.len() < MOST {
            self.parents.insert(parent);
        }
    }

    fn forget(&mut self) {
        while self.oldest.len() > MOST {
            let oldest = self.oldest.pop_front().and_then(|key| self.waiting.remove(&key));
            oldest.into_iter().for_each(|length| add(&mut self.alone, length));
        }
    }

    /// Number and bytes of the spans that servers' spans tell as well, and of those that nothing else tells.
    pub(in crate::access_log) fn finish(mut self) -> [(u64, u64); 2] {
        self.waiting.values().for_each(|length| add(&mut self.alone, *length));
        [self.told, self.alone]
    }
}

fn add((count, bytes): &mut (u64, u64), length: u64) {
    *count += 1;
    *bytes += length;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_tells_its_client_whichever_comes_first() {
        let key = |n: usize| SpanKey::new("t", &n.to_string());
        let mut calls = CallsOut::default();
        calls.client(key(1), 10);
        calls.server(key(1).unwrap());
        calls.server(key(2).unwrap());
        calls.client(key(2), 20);
        calls.client(key(3), 40);
        calls.client(None, 80);
        assert_eq!(calls.finish(), [(2, 30), (2, 120)]);
    }

    #[test]
    fn what_waits_is_bounded_and_nothing_is_uncounted() {
        let mut calls = CallsOut::default();
        for n in 0..MOST + 10 {
            calls.client(SpanKey::new("t", &n.to_string()), 1);
            calls.server(SpanKey::new("u", &n.to_string()).unwrap());
        }
        assert!(calls.waiting.len() <= MOST && calls.parents.len() <= MOST);
        assert_eq!(calls.finish()[1].0 as usize, MOST + 10);
    }
}
