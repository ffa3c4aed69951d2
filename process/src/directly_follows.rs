//! The directly-follows graph of a log.

use std::collections::BTreeMap;

use crate::log::EventLog;

/// How often activities begin, follow each other and end, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectlyFollows {
    /// Events of each activity.
    pub activities: BTreeMap<u32, u64>,
    /// Traces that begin with an activity.
    pub starts: BTreeMap<u32, u64>,
    /// Traces that end with an activity.
    pub ends: BTreeMap<u32, u64>,
    /// How often the second comes right behind the first.
    pub pairs: BTreeMap<(u32, u32), u64>,
}

impl DirectlyFollows {
    /// Counts a log.
    pub fn new(log: &EventLog) -> Self {
        let mut graph = DirectlyFollows::default();
        for trace in log.traces() {
            let activity = |at: usize| trace.events.get(at).map(|event| event.activity);
            activity(0).into_iter().for_each(|first| *graph.starts.entry(first).or_default() += 1);
            let last = trace.events.last().map(|event| event.activity);
            last.into_iter().for_each(|last| *graph.ends.entry(last).or_default() += 1);
            trace.events.iter().for_each(|event| *graph.activities.entry(event.activity).or_default() += 1);
            for pair in trace.events.windows(2) {
                if let [one, other] = pair {
                    *graph.pairs.entry((one.activity, other.activity)).or_default() += 1;
                }
            }
        }
        graph
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_pairs_and_ends_are_counted() {
        let mut log = EventLog::default();
        for names in [&["a", "b", "b"][..], &["a"], &[]] {
            log.push_names(None, names.iter().copied());
        }
        let graph = DirectlyFollows::new(&log);
        assert_eq!(graph.pairs, BTreeMap::from([((0, 1), 1), ((1, 1), 1)]));
        assert_eq!(graph.starts, BTreeMap::from([(0, 2)]));
        assert_eq!(graph.ends, BTreeMap::from([(0, 1), (1, 1)]));
        assert_eq!(graph.activities, BTreeMap::from([(0, 2), (1, 2)]));
    }
}
