//! An object-centric log seen from one type of objects: a trace each.

use crate::log::{Event, EventLog};

use super::log::ObjectLog;
use super::traces::ObjectTrace;

impl ObjectLog {
    /// The log of one type of objects: a trace for each of them that has events, of these events in the order of time and,
    /// where that is equal, of the file. An event without a time stays behind the one that it follows in the file. `None`
    /// for a type that the log does not have.
    pub fn flatten(&self, object_type: &str) -> Option<EventLog> {
        self.object_types.names.number(object_type)?;
        let mut flat = EventLog::default();
        self.flatten_into(object_type, &mut flat);
        Some(flat)
    }

    /// Adds the traces of one type of objects to a log, as [`flatten`](Self::flatten) has them.
    pub fn flatten_into(&self, object_type: &str, flat: &mut EventLog) {
        let activities: Vec<u32> = self.event_types.names.iter().map(|name| flat.activities.intern(name)).collect();
        for ObjectTrace { case, events } in self.traces_of(object_type) {
            let events = events.iter().filter_map(|number| self.events.get(*number as usize)).map(|event| Event {
                activity: activities.get(event.kind as usize).copied().unwrap_or_default(),
                time: event.time,
                resource: None,
                transition: None,
            });
            flat.push(Some(&case), events);
        }
    }

    /// Events of each object of a type that has any, in the order that [`flatten`](Self::flatten) has them in.
    pub fn traces_of(&self, object_type: &str) -> Vec<ObjectTrace> {
        let Some(kind) = self.object_types.names.number(object_type) else { return Vec::new() };
        let mut traces: Vec<Vec<u32>> = vec![Vec::new(); self.objects.len()];
        for number in self.in_time() {
            let Some(event) = self.events.get(number as usize) else { continue };
            for relation in &event.relations {
                let object = relation.object as usize;
                let wanted = self.objects.get(object).is_some_and(|object| object.kind == Some(kind));
                let Some(trace) = traces.get_mut(object).filter(|_| wanted) else { continue };
                // A pair may stand in several relations, and is one event of the trace.
                if trace.last() != Some(&number) {
                    trace.push(number);
                }
            }
        }
        let named = (0_u32..).zip(traces).filter(|(_, events)| !events.is_empty());
        named.map(|(object, events)| ObjectTrace { case: self.object_ids.name(object).to_owned(), events }).collect()
    }

    /// Types of objects with how many objects they have, in the order of their names.
    pub fn types(&self) -> Vec<(&str, usize)> {
        let mut counts = vec![0; self.object_types.names.len()];
        for kind in self.objects.iter().filter_map(|object| object.kind) {
            if let Some(count) = counts.get_mut(kind as usize) {
                *count += 1;
            }
        }
        let mut types: Vec<(&str, usize)> = self.object_types.names.iter().zip(counts).collect();
        types.sort_unstable();
        types
    }

    /// Numbers of the events in the order of time.
    fn in_time(&self) -> Vec<u32> {
        let mut last = i64::MIN;
        let mut order: Vec<(i64, u32)> = Vec::with_capacity(self.events.len());
        for (number, event) in (0_u32..).zip(&self.events) {
            last = event.time.unwrap_or(last);
            order.push((last, number));
        }
        order.sort_unstable();
        order.into_iter().map(|(_, number)| number).collect()
    }
}
