//! A case-centric event log: traces of events, activities as numbers.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::names::Names;

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Number of its activity in [`EventLog::activities`].
    pub activity: u32,
    /// `time:timestamp` in microseconds since 1970, UTC; many logs have none.
    pub time: Option<i64>,
    /// Number of `org:resource` in [`EventLog::resources`].
    pub resource: Option<u32>,
    /// Number of `lifecycle:transition` in [`EventLog::transitions`].
    pub transition: Option<u32>,
}

/// Traces of events. Equal strings are kept once, an event takes 32 bytes.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    /// Names of activities.
    pub activities: Names,
    /// Names of resources.
    pub resources: Names,
    /// Names of steps of an activity's own lifecycle: start, complete and others.
    pub transitions: Names,
    events: Vec<Event>,
    traces: Vec<Span>,
}

#[derive(Clone, Debug)]
struct Span {
    case: Option<Box<str>>,
    /// Events before the end of this trace.
    end: usize,
}

/// One trace: the events of one case in the order of the log.
#[derive(Clone, Copy, Debug)]
pub struct Trace<'a> {
    /// `concept:name` of the trace.
    pub case: Option<&'a str>,
    /// Its events.
    pub events: &'a [Event],
}

/// Traces with the same sequence of activities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Numbers of the activities.
    pub activities: Vec<u32>,
    /// Numbers of the traces, ascending.
    pub traces: Vec<u32>,
}

impl EventLog {
    /// Adds a trace.
    pub fn push(&mut self, case: Option<&str>, events: impl IntoIterator<Item = Event>) {
        self.events.extend(events);
        self.traces.push(Span { case: case.map(Into::into), end: self.events.len() });
    }

    /// Adds a trace of names, without times.
    pub fn push_names<'a>(&mut self, case: Option<&str>, names: impl IntoIterator<Item = &'a str>) {
        for name in names {
            let activity = self.activities.intern(name);
            self.events.push(Event { activity, time: None, resource: None, transition: None });
        }
        self.traces.push(Span { case: case.map(Into::into), end: self.events.len() });
    }

    /// Traces in the order of the log.
    pub fn traces(&self) -> impl Iterator<Item = Trace<'_>> {
        (0..self.traces.len()).filter_map(|number| self.trace(number))
    }

    /// One trace.
    pub fn trace(&self, number: usize) -> Option<Trace<'_>> {
        let begin = number.checked_sub(1).and_then(|before| self.traces.get(before)).map_or(0, |span| span.end);
        let span = self.traces.get(number)?;
        Some(Trace { case: span.case.as_deref(), events: self.events.get(begin..span.end)? })
    }

    /// How many traces there are.
    pub fn len(&self) -> usize {
        self.traces.len()
    }

    /// Whether there is no trace.
    pub fn is_empty(&self) -> bool {
        self.traces.is_empty()
    }

    /// Events of all traces.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Variants in the order in which they first came.
    pub fn variants(&self) -> Vec<Variant> {
        let mut found: HashMap<Vec<u32>, usize, RandomState> = HashMap::default();
        let mut variants: Vec<Variant> = Vec::new();
        let mut activities = Vec::new();
        for (number, trace) in self.traces().enumerate() {
            activities.clear();
            activities.extend(trace.events.iter().map(|event| event.activity));
            let at = *found.entry_ref(activities.as_slice()).or_insert_with(|| {
                variants.push(Variant { activities: activities.clone(), traces: Vec::new() });
                variants.len() - 1
            });
            if let (Some(variant), Ok(number)) = (variants.get_mut(at), u32::try_from(number)) {
                variant.traces.push(number);
            }
        }
        variants
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_traces_are_one_variant() {
        let mut log = EventLog::default();
        for (case, names) in [("1", &["a", "b"][..]), ("2", &["a"]), ("3", &["a", "b"]), ("4", &[])] {
            log.push_names(Some(case), names.iter().copied());
        }
        let variants = log.variants();
        let counts: Vec<(usize, &[u32])> = variants.iter().map(|v| (v.activities.len(), &*v.traces)).collect();
        assert_eq!(counts, [(2, &[0, 2][..]), (1, &[1]), (0, &[3])]);
        assert_eq!(log.trace(3).unwrap().events.len(), 0);
        assert!(log.trace(4).is_none());
    }
}
