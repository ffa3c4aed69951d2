//! Calls within calls, as their spans tell: services that call each other in a circle, and calls that were made in one
//! that no record shows.
//!
//! Each request whose span is told becomes one [`Nested`]; those of one trace are folded together, and [`Traces`] sums
//! what all traces show of one circle and of one service.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Deserialize, Serialize};

use super::MINUTE;
use super::told::Told;
use crate::compare::Stray;
use crate::compare::deviation::Check;
use crate::event::least::keep_least_keys;
use crate::event::{Event, EventId, OrderKey, Outcome, Span};

/// Most calls that a call is followed up through.
const DEEPEST: usize = 64;
/// Most events of a circle that are shown.
const SHOWN: usize = 8;
/// Most circles, and most services, that are kept.
const MOST: usize = 4_096;
/// How long before what an input begins with a call may have begun that is not in it.
const BEGUN: i64 = 5 * MINUTE;
/// Fewest calls of a service whose parents are seen, and one in how many may have none.
const LEAST: u64 = 20;
const RARE: u64 = 20;

const ONCE: (f32, &str) = (0.4, "a service may be asked back once for what only it can do");
const SOME: (f32, &str) = (0.6, "each round may be for another part of one task");
const MANY: (f32, &str) = (0.8, "spans tell which call was made in which");
const LOST: (f32, &str) = (0.45, "whoever calls writes its parent, and a record may be lost or not sampled");

/// A request whose span is told; of one size, so that it can wait on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Nested {
    /// Hash of the trace.
    pub trace: u64,
    /// When it began.
    pub at: OrderKey,
    /// Hash of its own span.
    pub id: u64,
    /// Hash of the span of the call in which it was made, 0 where there is none.
    pub parent: u64,
    /// Hash of what exactly was asked for: host, method, path and call.
    pub what: u64,
    /// Hash of the operation, with its host.
    pub step: u64,
    /// Hash of the input and of the host.
    pub service: (u64, u64),
    /// How it went.
    pub outcome: Went,
    /// Number of the source's format.
    pub source: u8,
}

/// How a call went, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Went {
    /// The server took what may change something.
    Written,
    /// The server refused it.
    Refused,
    /// Anything else.
    Else,
}

impl Nested {
    /// What an event adds. `hash` is keyed, `source` the number of its format.
    pub fn of(event: &Event, span: Span, hash: &dyn Fn(&str) -> u64, source: u8) -> Option<Nested> {
        let host = event.host.as_deref()?;
        let call = event.operation.as_deref().filter(|_| event.is_call()).unwrap_or_default();
        let step = event.operation.as_deref().or(event.activity.as_deref()).unwrap_or(&event.path);
        Some(Nested {
            trace: span.trace,
            at: event.order_key(),
            id: span.id,
            parent: span.parent,
            what: hash(&format!("{host} {} {} {call}", event.method, event.path)),
            step: hash(&format!("{host} {step}")),
            service: (hash(&event.sensor), hash(host)),
            outcome: match event.outcome {
                Outcome::Rejected => Went::Refused,
                Outcome::Accepted if !event.read => Went::Written,
                _ => Went::Else,
            },
            source,
        })
    }
}

/// What all traces show together. Folding and merging commute.
#[derive(Clone, Debug, Default)]
pub struct Traces {
    /// When each input begins.
    begins: BTreeMap<u64, i64>,
    circles: BTreeMap<(usize, u64), Circle>,
    services: BTreeMap<(u64, u64), Service>,
}

/// Calls in one circle: the least of its operations and how many there are name it.
#[derive(Clone, Debug)]
struct Circle {
    calls: u64,
    traces: u64,
    last_trace: u64,
    /// The most returns, where first, and the calls that show it.
    worst: (u64, Reverse<OrderKey>),
    events: Vec<EventId>,
    source: u8,
}

/// Calls to one service.
#[derive(Clone, Copy, Debug, Default)]
struct Service {
    seen: u64,
    unseen: u64,
    /// Writes whose parent is not seen, and the first of them.
    gaps: u64,
    first: Option<(OrderKey, u8)>,
}

impl Traces {
    /// Notes when an input begins.
    pub fn note(&mut self, event: &Event, sensor: u64) {
        let begin = self.begins.entry(sensor).or_insert(event.time);
        *begin = event.time.min(*begin);
    }

    /// Adds when inputs begin, as another thread saw it.
    pub fn merge(&mut self, other: Traces) {
        for (sensor, time) in other.begins {
            let begin = self.begins.entry(sensor).or_insert(time);
            *begin = time.min(*begin);
        }
    }

    /// Folds the calls of one trace, in the order of time, once it is known when inputs begin.
    pub fn fold(&mut self, trace: &[Nested], told: &mut Told) {
        let mut by_id: BTreeMap<u64, usize> = BTreeMap::new();
        for (place, row) in trace.iter().enumerate() {
            by_id.entry(row.id).or_insert(place);
        }
        for row in trace.iter().filter(|row| row.parent != 0) {
            self.note_parent(row, by_id.contains_key(&row.parent));
            if row.outcome == Went::Refused || !by_id.contains_key(&row.parent) {
                continue;
            }
            match around(row, trace, &by_id) {
                Some(around) => self.note_circle(row, around),
                None => told.count(Check::CallLoop, row.source, Some(false)),
            }
        }
    }

    fn note_parent(&mut self, row: &Nested, seen: bool) {
        let begin = self.begins.get(&row.service.0).copied().unwrap_or(i64::MAX);
        // What it was made in may have begun before.
        if !seen && row.at.0.saturating_sub(begin) < BEGUN {
            return;
        }
        let service = self.services.entry(row.service).or_default();
        if seen {
            service.seen += 1;
        } else {
            service.unseen += 1;
            if row.outcome == Went::Written {
                service.gaps += 1;
                let first = (row.at, row.source);
                service.first = Some(service.first.map_or(first, |known| known.min(first)));
            }
        }
        keep_least_keys(&mut self.services, MOST);
    }

    fn note_circle(&mut self, row: &Nested, around: Around) {
        let worst = (around.returns, Reverse(row.at));
        let fresh = Circle {
            calls: 1,
            traces: 1,
            last_trace: row.trace,
            worst,
            events: around.events.clone(),
            source: row.source,
        };
        match self.circles.entry(around.circle) {
            Entry::Vacant(place) => {
                place.insert(fresh);
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.calls += 1;
                // A trace's calls come one after the other.
                known.traces += u64::from(known.last_trace != row.trace);
                known.last_trace = row.trace;
                if worst > known.worst {
                    (known.worst, known.events, known.source) = (worst, around.events, row.source);
                }
            }
        }
        keep_least_keys(&mut self.circles, MOST);
    }

    /// One for each circle, and one for each service.
    pub fn judge(self, told: &mut Told) {
        for circle in self.circles.into_values() {
            let (returns, Reverse(at)) = circle.worst;
            let doubt = match returns {
                1 => ONCE,
                2 | 3 => SOME,
                _ => MANY,
            };
            let times = if returns == 1 { "once".to_owned() } else { format!("{returns} times") };
            let traces = if circle.traces == 1 { "1 trace".to_owned() } else { format!("{} traces", circle.traces) };
            let stray = Stray {
                check: Check::CallLoop,
                at: at.2,
                events: circle.events,
                expected: vec!["calls that do not come back to what they were made in".into()],
                observed: vec![format!("back {times} within itself in {traces}").into()],
                doubt: Some(doubt),
            };
            told.stray(stray, circle.source);
        }
        for service in self.services.into_values() {
            let Some((first, source)) = service.first else { continue };
            let all = service.seen.saturating_add(service.unseen);
            if service.seen < LEAST || service.unseen.saturating_mul(RARE) > all {
                told.count(Check::ParentUnseen, source, None);
                continue;
            }
            let writes = if service.gaps == 1 { "1 write".to_owned() } else { format!("{} writes", service.gaps) };
            let stray = Stray {
                check: Check::ParentUnseen,
                at: first.2,
                events: vec![first.2],
                expected: vec![format!("a record of what it was made in, as {} others have", service.seen).into()],
                observed: vec![format!("none for {writes}").into()],
                doubt: Some(LOST),
            };
            told.stray(stray, source);
        }
    }
}

/// A circle that a call closes.
struct Around {
    returns: u64,
    /// How many operations there are in it, and the least of them.
    circle: (usize, u64),
    events: Vec<EventId>,
}

/// The circle that a call closes: what it asks for is asked for by a call in which it was made, with another in between. A
/// proxy that passes it on asks for the same as well, and is no circle.
fn around(row: &Nested, trace: &[Nested], by_id: &BTreeMap<u64, usize>) -> Option<Around> {
    let mut chain: Vec<&Nested> = vec![row];
    let mut at = row;
    while chain.len() < DEEPEST {
        let parent = by_id.get(&at.parent).and_then(|place| trace.get(*place));
        // Whoever writes spans may have them go round. Times do not tell: some logs have those of the ends.
        let Some(parent) = parent.filter(|parent| chain.iter().all(|known| known.id != parent.id)) else { break };
        chain.push(parent);
        at = parent;
    }
    chain.dedup_by_key(|row| row.what);
    let nearest = chain.iter().skip(1).position(|earlier| earlier.what == row.what)?;
    let returns = chain.iter().skip(1).filter(|earlier| earlier.what == row.what).count();
    let within = chain.iter().take(nearest + 1);
    let least = within.map(|row| row.step).min()?;
    let mut events: Vec<EventId> = chain.iter().take(SHOWN).map(|row| row.at.2).collect();
    events.reverse();
    Some(Around { returns: u64::try_from(returns).unwrap_or(u64::MAX), circle: (nearest + 1, least), events })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A call of a trace: its number is its span, 0 is no parent.
    fn call(trace: u64, id: u64, parent: u64, what: u64) -> Nested {
        let at = ((600 + i64::try_from(id).unwrap()) * super::super::SECOND, id, EventId(trace * 1_000 + id));
        let outcome = Went::Written;
        Nested { trace, at, id, parent, what, step: what, service: (1, what), outcome, source: 0 }
    }

    /// Calls each in the one before.
    fn chain(trace: u64, what: &[u64]) -> Vec<Nested> {
        (1..).zip(what).map(|(id, what)| call(trace, id, id - 1, *what)).collect()
    }

    fn found(traces: &[Vec<Nested>]) -> Vec<(Check, u64, String, f32)> {
        let mut all = Traces::default();
        all.begins.insert(1, 0);
        let mut told = Told::default();
        traces.iter().for_each(|trace| all.fold(trace, &mut told));
        all.judge(&mut told);
        told.strays.iter().map(|s| (s.check, s.at.0, s.observed[0].to_string(), s.doubt.unwrap().0)).collect()
    }

    #[test]
    fn a_circle_is_told_once_however_often_it_goes_round() {
        let told = found(&[chain(7, &[1, 2, 1, 2, 1])]);
        assert_eq!(told, [(Check::CallLoop, 7_005, "back 2 times within itself in 1 trace".into(), 0.6)]);
        let told = found(&[chain(7, &[1, 2, 1]), chain(8, &[1, 2, 1])]);
        assert_eq!(told, [(Check::CallLoop, 7_003, "back once within itself in 2 traces".into(), 0.4)]);
        assert_eq!(found(&[chain(7, &[9, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1])])[0].3, 0.8);
    }

    #[test]
    fn what_is_passed_on_and_what_is_beside_is_no_circle() {
        assert_eq!(found(&[chain(7, &[1, 1, 1, 2, 2, 3])]), [], "a proxy passes on");
        let beside = vec![call(7, 1, 0, 1), call(7, 2, 1, 2), call(7, 3, 1, 2), call(7, 4, 1, 3), call(7, 5, 1, 2)];
        assert_eq!(found(&[beside]), [], "one asks others one after the other");
        let mut refused = chain(7, &[1, 2, 1]);
        refused[2].outcome = Went::Refused;
        assert_eq!(found(&[refused]), []);
        let mut forged = chain(7, &[1, 2]);
        forged[0].parent = 2;
        assert_eq!(found(&[forged]), [], "no call is made in one that it made");
    }

    #[test]
    fn a_parent_that_nobody_recorded_is_told_where_others_are_seen() {
        let seen: Vec<Vec<Nested>> = (1..=40).map(|trace| chain(trace, &[1, 2])).collect();
        let gap = |trace, id| vec![call(trace, id, 999, 2)];
        let told = found(&[seen.clone(), vec![gap(50, 5)]].concat());
        assert_eq!(told, [(Check::ParentUnseen, 50_005, "none for 1 write".into(), 0.45)]);
        assert_eq!(found(&[seen[..10].to_vec(), vec![gap(50, 5)]].concat()), [], "few are seen");
        let many = (50..60).map(|trace| gap(trace, 5)).collect();
        assert_eq!(found(&[seen.clone(), many].concat()), [], "many are not recorded");
        let mut early = gap(50, 5);
        early[0].at.0 = 10;
        assert_eq!(found(&[seen.clone(), vec![early]].concat()), [], "it began before the input");
        let mut read = gap(50, 5);
        read[0].outcome = Went::Else;
        assert_eq!(found(&[seen, vec![read]].concat()), []);
    }

    /// The most returns of a call, by going up again from each call.
    fn naively(trace: &[Nested], row: &Nested) -> usize {
        let (mut path, mut at) = (vec![row.what], row.id);
        while let Some(parent) = trace.iter().find(|r| r.id == at).and_then(|r| trace.iter().find(|p| p.id == r.parent))
        {
            if path.last() != Some(&parent.what) {
                path.push(parent.what);
            }
            at = parent.id;
        }
        path[1..].iter().filter(|what| **what == row.what).count()
    }

    proptest! {
        #[test]
        fn returns_are_those_of_going_up_again(calls in proptest::collection::vec((0..100_u64, 0..4_u64), 1..40)) {
            let trace: Vec<Nested> = (1..).zip(calls).map(|(id, (up, what))| call(1, id, up % id, what)).collect();
            let by_id: BTreeMap<u64, usize> = trace.iter().enumerate().map(|(place, row)| (row.id, place)).collect();
            for row in &trace {
                let returns = around(row, &trace, &by_id).map_or(0, |around| usize::try_from(around.returns).unwrap());
                prop_assert_eq!(returns, naively(&trace, row));
            }
        }
    }
}
