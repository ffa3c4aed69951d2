//! What is no activity of the model, by the names that the traffic gives it: its events have none.

use std::collections::BTreeMap;
use std::sync::Arc;

use offpath_capture::Origin;
use serde::{Deserialize, Serialize};

use crate::event::partition::stable_hash;

/// Names that are kept; of more, those with the least hashes, whatever the order of the input.
const MOST: usize = 4_096;

/// Why something is no activity of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Why {
    /// The model names no such path or call.
    NotNamed,
    /// A document describes it, and the model does not name it.
    Described,
    /// The model names the path for other methods.
    Method,
    /// The model names it under a condition that does not hold, or of which a refused request does not tell.
    Condition,
    /// Calls in a body that was not read whole: they may be any.
    NotRead,
}

impl Why {
    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Why::NotNamed => "not_named",
            Why::Described => "described",
            Why::Method => "method",
            Why::Condition => "condition",
            Why::NotRead => "not_read",
        }
    }
}

/// Time, key and place of an exchange: the first of several is the least by the first two.
pub(super) type First = (i64, u64, Origin);

/// An exchange, or a call or message in one, that is no activity of the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmodelledCall {
    /// Method and guessed template, its host before it where the model asks for hosts; sort and name of a call inside a
    /// body.
    pub(super) name: Arc<str>,
    pub(super) why: Why,
    /// The server took nothing of it.
    pub(super) refused: bool,
    /// Events made of it: none of a message on a WebSocket that the model does not know.
    pub(super) events: u32,
    pub(super) first: First,
}

impl UnmodelledCall {
    /// Method and guessed template; sort and name of a call inside a body.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Calls of one name that are no activity for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmodelledCount {
    /// Method and template; sort and name of a call inside a body.
    pub name: Arc<str>,
    /// Why.
    pub why: Why,
    /// Exchanges, calls or messages.
    pub calls: u64,
    /// Of these, the ones that the server refused.
    pub refused: u64,
    /// Events of them.
    pub events: u64,
    /// Place of the first.
    pub first: Origin,
}

/// Sums of many exchanges; any order of adding and merging gives the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct UnmodelledSums(BTreeMap<(u64, Arc<str>, Why), Sum>);

#[derive(Clone, Debug)]
struct Sum {
    calls: u64,
    refused: u64,
    events: u64,
    first: First,
}

impl UnmodelledSums {
    /// Counts one.
    pub(super) fn add(&mut self, call: &UnmodelledCall) {
        let (refused, events) = (u64::from(call.refused), u64::from(call.events));
        let key = (stable_hash([call.name.as_bytes()]), call.name.clone(), call.why);
        self.put(key, Sum { calls: 1, refused, events, first: call.first.clone() });
    }

    /// Adds another part's sums.
    pub(super) fn merge(&mut self, other: UnmodelledSums) {
        other.0.into_iter().for_each(|(key, sum)| self.put(key, sum));
    }

    fn put(&mut self, key: (u64, Arc<str>, Why), sum: Sum) {
        let Some(mine) = self.0.get_mut(&key) else {
            self.0.insert(key, sum);
            if self.0.len() > MOST {
                self.0.pop_last();
            }
            return;
        };
        mine.calls += sum.calls;
        mine.refused += sum.refused;
        mine.events += sum.events;
        if (sum.first.0, sum.first.1) < (mine.first.0, mine.first.1) {
            mine.first = sum.first;
        }
    }

    /// The sums, those of most calls first, then by name.
    pub(super) fn counts(&self) -> Vec<UnmodelledCount> {
        let count = |((_, name, why), sum): (&(u64, Arc<str>, Why), &Sum)| UnmodelledCount {
            name: name.clone(),
            why: *why,
            calls: sum.calls,
            refused: sum.refused,
            events: sum.events,
            first: sum.first.2.clone(),
        };
        let mut counts: Vec<UnmodelledCount> = self.0.iter().map(count).collect();
        counts.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| (&a.name, a.why).cmp(&(&b.name, b.why))));
        counts
    }

    /// Names held.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use offpath_capture::Place;
    use proptest::prelude::*;

    use super::*;

    fn call(name: usize, time: i64, refused: bool) -> UnmodelledCall {
        let origin = Origin::new("a.log".into(), Place::Line { number: time.unsigned_abs(), offset: 0 });
        UnmodelledCall {
            name: format!("GET /{name}").into(),
            why: Why::NotNamed,
            refused,
            events: time as u32 % 3,
            first: (time, time.unsigned_abs(), origin),
        }
    }

    #[test]
    fn names_are_bounded_the_same_in_any_order() {
        let many = MOST + 200;
        let (mut up, mut one, mut two) =
            (UnmodelledSums::default(), UnmodelledSums::default(), UnmodelledSums::default());
        (0..many).for_each(|n| up.add(&call(n, 1, false)));
        (0..many).rev().for_each(|n| if n % 3 == 0 { &mut one } else { &mut two }.add(&call(n, 1, false)));
        one.merge(two);
        assert_eq!(up.counts(), one.counts());
        assert_eq!(up.counts().len(), MOST);
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole(seen in prop::collection::vec((0..4_usize, 0..90_i64, any::<bool>()), 0..40), cut in 0..40_usize) {
            let (mut whole, mut head, mut tail) =
                (UnmodelledSums::default(), UnmodelledSums::default(), UnmodelledSums::default());
            for (at, (name, time, refused)) in seen.iter().enumerate() {
                whole.add(&call(*name, *time, *refused));
                if at < cut { &mut head } else { &mut tail }.add(&call(*name, *time, *refused));
            }
            tail.merge(head);
            let counts = whole.counts();
            prop_assert_eq!(&counts, &tail.counts());
            prop_assert_eq!(counts.iter().map(|count| count.calls).sum::<u64>(), seen.len() as u64);
            for count in counts {
                let own = |(name, ..): &&(usize, i64, bool)| *count.name == format!("GET /{name}");
                let least = seen.iter().filter(own).map(|(_, time, _)| time.unsigned_abs()).min();
                let Place::Line { number, .. } = count.first.place else { continue };
                prop_assert_eq!(Some(number), least);
                let refused = seen.iter().filter(own).filter(|(.., refused)| *refused).count() as u64;
                prop_assert_eq!(count.refused, refused);
            }
        }
    }
}
