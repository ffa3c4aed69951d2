//! The fold over cases that counts habits: mergeable, of bounded size, and the same however cases are split.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::record::{Cell, Key, Kind, Record, Totals};
use crate::compare::CaseResult;
use crate::event::partition::stable_hash;
use crate::event::{Event, ObjectId, Outcome};
use crate::rule;

/// Cells of one kind that are kept: those of the least hashes, of which all is counted.
const MOST_CELLS: usize = 8_192;
/// Hashes of actors that are kept of a cell, and so the number up to which they are counted exactly.
const MOST_ACTORS: usize = 128;
/// Actors of the sample whose strays are counted.
const SAMPLE: usize = 4_096;
/// Cases that a cell names.
const EXAMPLES: usize = 8;
/// Steps of one case that are looked at; what comes after them is no habit.
const LONGEST: usize = 100_000;

/// Partial sums of what usually happens; merging them in any order gives the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    cells: BTreeMap<Kind, BTreeMap<(u64, Key), Sum>>,
    cut: bool,
    events: u64,
    modelled: u64,
    newer: u64,
    until: Option<i64>,
    cases: u64,
    window: Option<(i64, i64)>,
    /// Hash of an actor, and whether an event of his is no activity of the model.
    sample: BTreeMap<u64, bool>,
    actors: Least,
}

/// The sum of one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sum {
    cases: u64,
    events: u64,
    seen: (i64, i64),
    waited: u64,
    actors: Least,
    examples: BTreeSet<(u64, Arc<str>)>,
}

impl Default for Sum {
    fn default() -> Self {
        let (actors, examples) = (Least::default(), BTreeSet::new());
        Sum { cases: 0, events: 0, seen: (i64::MAX, i64::MIN), waited: 0, actors, examples }
    }
}

/// The least hashes of a set, by which its size is told: exactly while it is small.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Least(BTreeSet<u64>);

impl Least {
    fn add(&mut self, hashes: impl IntoIterator<Item = u64>) {
        for hash in hashes {
            self.0.insert(hash);
            if self.0.len() > MOST_ACTORS {
                self.0.pop_last();
            }
        }
    }

    /// How many there are: of hashes spread evenly, the last of so many tells how close they lie.
    fn size(&self) -> u64 {
        match self.0.last() {
            Some(last) if self.0.len() >= MOST_ACTORS => {
                let span = (*last as f64 + 1.0) / (u64::MAX as f64);
                ((MOST_ACTORS - 1) as f64 / span.max(f64::MIN_POSITIVE)).round() as u64
            }
            _ => self.0.len() as u64,
        }
    }
}

/// How names are shown in outputs.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// A case.
    pub case: &'a dyn Fn(&ObjectId) -> Arc<str>,
    /// A word that an actor may have chosen, such as a role.
    pub word: &'a dyn Fn(&str) -> Arc<str>,
}

/// What one case adds to a cell.
struct Seen<'a> {
    /// The case as outputs show it, with the hash of its name.
    case: Option<(u64, &'a Arc<str>)>,
    /// Whether it counts as a case of it.
    counts: bool,
    events: &'a [&'a Event],
    waited: u64,
}

impl Habits {
    /// Adds one case's events, sorted by time, with the states that the comparison found; those without a case come
    /// together. `modelled` says whether there is a model, `until` when its `in_force` ends.
    pub fn add_case(
        &mut self,
        case: Option<&ObjectId>,
        events: &[Event],
        names: Names<'_>,
        (modelled, until): (bool, Option<i64>),
    ) {
        self.until = self.until.max(until);
        self.events += events.len() as u64;
        self.cases += u64::from(case.is_some());
        for event in events {
            self.modelled += u64::from(event.activity.is_some());
            self.newer += u64::from(until.is_some_and(|until| event.time > until));
            let (from, to) = self.window.unwrap_or((event.time, event.end));
            self.window = Some((from.min(event.time), to.max(event.end)));
            let Some(actor) = actor_hash(event) else { continue };
            self.actors.add([actor]);
            if modelled {
                *self.sample.entry(actor).or_default() |= event.activity.is_none();
                self.trim_sample();
            }
        }
        let name = case.map(|case| (case_hash(case), (names.case)(case)));
        let name = name.as_ref().map(|(hash, name)| (*hash, name));
        let events: Vec<&Event> = events.iter().take(LONGEST).collect();
        self.add_operations(name, &events);
        let Some(name) = name else { return };
        self.add_tries(name, &events, names.word);
        self.add_lives(name, &events, modelled);
    }

    /// Adds what rules decided of one case, or of one group of events across cases.
    pub fn add_result(&mut self, result: &CaseResult, names: Names<'_>) {
        let decided = result.tallies.0.iter().filter(|(_, tally)| tally.evaluated > 0);
        let rules: BTreeSet<&str> = decided.map(|((check, _), _)| rule::of_check(*check).id).collect();
        let none = Seen { case: None, counts: true, events: &[], waited: 0 };
        for rule in &rules {
            self.add(Key::new(Kind::Judged, rule, "", ""), &none);
        }
        let mut broken: BTreeMap<(&str, &str), Vec<&Event>> = BTreeMap::new();
        let mut of: Option<&ObjectId> = None;
        for deviation in &result.deviations {
            let rule = rule::of_check(deviation.check).id;
            let event = deviation.events.iter().find(|event| event.id == deviation.at);
            let step = deviation.constraint.as_deref().or_else(|| event.and_then(|event| step(event).map(|s| &**s)));
            if let (true, Some(step)) = (rules.contains(rule), step) {
                of = of.or(deviation.case.as_ref());
                broken.entry((rule, step)).or_default().extend(event);
            }
        }
        let case = of.map(|case| (case_hash(case), (names.case)(case)));
        for ((rule, step), events) in broken {
            let case = case.as_ref().map(|(hash, name)| (*hash, name));
            let seen = Seen { case, counts: true, events: &events, waited: 0 };
            self.add(Key::new(Kind::Broken, rule, "", step), &seen);
        }
    }

    /// Adds another part's sums.
    pub fn merge(&mut self, other: Habits) {
        self.cut |= other.cut;
        self.events += other.events;
        self.modelled += other.modelled;
        self.newer += other.newer;
        self.until = self.until.max(other.until);
        self.cases += other.cases;
        self.window = match (self.window, other.window) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        self.actors.add(other.actors.0);
        for (actor, strays) in other.sample {
            *self.sample.entry(actor).or_default() |= strays;
        }
        self.trim_sample();
        for (kind, cells) in other.cells {
            let own = self.cells.entry(kind).or_default();
            for (key, sum) in cells {
                own.entry(key).or_default().merge(sum);
            }
            while own.len() > MOST_CELLS {
                own.pop_last();
                self.cut = true;
            }
        }
    }

    /// The habits as they are written.
    pub fn record(&self) -> Record {
        let strays = self.sample.values().filter(|strays| **strays).count() as u64;
        let totals = Totals {
            version: String::new(),
            window: self.window,
            events: self.events,
            modelled: self.modelled,
            cases: self.cases,
            actors: self.actors.size(),
            strays: (self.sample.len() as u64, strays),
            newer: self.newer,
            in_force_until: self.until,
            cut: self.cut,
        };
        let cells = self.cells.values().flatten().map(|((_, key), sum)| (key.clone(), sum.cell()));
        Record { totals, cells: cells.collect() }
    }

    fn trim_sample(&mut self) {
        while self.sample.len() > SAMPLE {
            self.sample.pop_last();
        }
    }

    fn add(&mut self, key: Key, seen: &Seen<'_>) {
        let hash = stable_hash([key.of.as_bytes(), key.from.as_bytes(), key.what.as_bytes()]);
        let cells = self.cells.entry(key.kind).or_default();
        cells.entry((hash, key)).or_default().add(seen);
        if cells.len() > MOST_CELLS {
            cells.pop_last();
            self.cut = true;
        }
    }

    fn add_operations(&mut self, case: Option<(u64, &Arc<str>)>, events: &[&Event]) {
        let mut called: BTreeMap<&Arc<str>, Vec<&Event>> = BTreeMap::new();
        let accepted = events.iter().filter(|event| event.outcome == Outcome::Accepted);
        for event in accepted.filter(|event| event.activity.is_none()) {
            if let Some(operation) = &event.operation {
                called.entry(operation).or_default().push(event);
            }
        }
        for (operation, events) in called {
            let seen = Seen { case, counts: case.is_some(), events: &events, waited: 0 };
            self.add(Key::new(Kind::Operation, "", "", operation), &seen);
        }
    }

    /// Who was first accepted with each step, and whether the first try was refused.
    fn add_tries(&mut self, case: (u64, &Arc<str>), events: &[&Event], word: &dyn Fn(&str) -> Arc<str>) {
        let mut tried: BTreeMap<&Arc<str>, &Event> = BTreeMap::new();
        let mut done: BTreeMap<&Arc<str>, &Event> = BTreeMap::new();
        for event in events.iter().filter(|event| event.outcome != Outcome::Unknown) {
            let Some(step) = step(event) else { continue };
            tried.entry(step).or_insert(event);
            if event.outcome == Outcome::Accepted {
                done.entry(step).or_insert(event);
            }
        }
        for (step, event) in tried {
            let seen = Seen { case: Some(case), counts: true, events: &[event], waited: 0 };
            self.add(Key::new(Kind::Tried, step, "", ""), &seen);
            if event.outcome == Outcome::Rejected {
                self.add(Key::new(Kind::Refused, step, "", ""), &seen);
            }
        }
        for (step, event) in done {
            let seen = Seen { case: Some(case), counts: true, events: &[event], waited: 0 };
            self.add(Key::new(Kind::Actor, step, "", &class(event, word)), &seen);
        }
    }

    /// By which step each object first left each place, and where it was last seen.
    fn add_lives(&mut self, case: (u64, &Arc<str>), events: &[&Event], modelled: bool) {
        let mut lives: BTreeMap<&ObjectId, Vec<&Event>> = BTreeMap::new();
        for event in events.iter().filter(|event| event.outcome == Outcome::Accepted && !event.read) {
            if let Some(object) = event.objects.first().filter(|_| !modelled || event.activity.is_some()) {
                lives.entry(&object.id).or_default().push(event);
            }
        }
        for (object, steps) in lives {
            let mut left: BTreeSet<Arc<str>> = BTreeSet::new();
            let states = steps.iter().any(|event| !event.state_before.is_empty());
            let mut last: Option<(Arc<str>, &Event)> = None;
            for event in steps {
                let Some(step) = step(event) else { continue };
                let before = last.as_ref().map(|(_, before)| *before);
                let place = match (&event.state_before[..], states) {
                    ([only], true) => Some(Arc::clone(only)),
                    (_, true) => None,
                    (_, false) => last.as_ref().map(|(place, _)| Arc::clone(place)),
                };
                if let Some(place) = place.filter(|place| !left.contains(place)) {
                    let waited =
                        before.map_or(0, |before| event.time.saturating_sub(before.time).max(0).unsigned_abs());
                    let seen = Seen { case: Some(case), counts: true, events: &[event], waited };
                    self.add(Key::new(Kind::Step, &object.object_type, &place, step), &seen);
                    left.insert(place);
                }
                let reached = match (&event.state_after[..], states) {
                    ([only], true) => Arc::clone(only),
                    (_, true) => Arc::from(""),
                    (_, false) => Arc::clone(step),
                };
                last = Some((reached, event));
            }
            if let Some((place, event)) = last.filter(|(place, _)| !place.is_empty() && !left.contains(place)) {
                let seen = Seen { case: Some(case), counts: true, events: &[event], waited: 0 };
                self.add(Key::new(Kind::Stay, &object.object_type, &place, ""), &seen);
            }
        }
    }
}

impl Sum {
    fn add(&mut self, seen: &Seen<'_>) {
        self.cases += u64::from(seen.counts);
        self.events += seen.events.len() as u64;
        self.waited = self.waited.saturating_add(seen.waited);
        for event in seen.events {
            self.seen = (self.seen.0.min(event.time), self.seen.1.max(event.time));
        }
        self.actors.add(seen.events.iter().filter_map(|event| actor_hash(event)));
        if let Some((hash, name)) = seen.case.filter(|_| seen.counts) {
            self.add_example(hash, name);
        }
    }

    fn add_example(&mut self, hash: u64, name: &Arc<str>) {
        if self.examples.len() < EXAMPLES || self.examples.last().is_some_and(|(last, _)| hash <= *last) {
            self.examples.insert((hash, Arc::clone(name)));
            if self.examples.len() > EXAMPLES {
                self.examples.pop_last();
            }
        }
    }

    fn merge(&mut self, other: Sum) {
        self.cases += other.cases;
        self.events += other.events;
        self.waited = self.waited.saturating_add(other.waited);
        self.seen = (self.seen.0.min(other.seen.0), self.seen.1.max(other.seen.1));
        self.actors.add(other.actors.0);
        for (hash, name) in other.examples {
            self.add_example(hash, &name);
        }
    }

    fn cell(&self) -> Cell {
        Cell {
            cases: self.cases,
            events: self.events,
            actors: self.actors.size(),
            seen: if self.seen.0 <= self.seen.1 { self.seen } else { (0, 0) },
            waited: self.waited,
            examples: self.examples.iter().map(|(_, name)| name.to_string()).collect(),
        }
    }
}

/// The name of a step: the activity, else the operation.
fn step(event: &Event) -> Option<&Arc<str>> {
    event.activity.as_ref().or(event.operation.as_ref())
}

/// What an actor is, in words that hold for many: an agent, else roles, else a kind.
fn class(event: &Event, word: &dyn Fn(&str) -> Arc<str>) -> String {
    let actor = &event.actor;
    if actor.agent.is_some() {
        "agent".to_owned()
    } else if actor.roles_known && !actor.roles.is_empty() {
        actor.roles.iter().map(|role| word(role).to_string()).collect::<Vec<_>>().join("+")
    } else if actor.kind_known && !actor.kind.is_empty() {
        actor.kind.to_string()
    } else if actor.principal.is_some() {
        "identified".to_owned()
    } else {
        "unidentified".to_owned()
    }
}

fn actor_hash(event: &Event) -> Option<u64> {
    let name = event.actor.principal.as_ref().or(event.actor.client.as_ref())?;
    Some(stable_hash([name.as_bytes()]))
}

fn case_hash(case: &ObjectId) -> u64 {
    stable_hash([case.object_type.as_bytes(), case.key.as_bytes()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::sample;

    const NAMES: Names<'static> = Names { case: &|case| case.to_string().into(), word: &|word| word.into() };

    /// A case of these steps; capital letters are refused.
    fn case(number: u64, steps: &str) -> Vec<Event> {
        let steps = steps.chars().zip(1..).map(|(letter, at)| {
            let mut event = sample::rich_event(number);
            event.activity = None;
            event.read = false;
            event.operation = Some(letter.to_ascii_lowercase().to_string().into());
            event.outcome = if letter.is_uppercase() { Outcome::Rejected } else { Outcome::Accepted };
            event.time = i64::try_from(number).unwrap() * 1_000 + at;
            event.end = event.time;
            (event.state_before, event.state_after) = (Vec::new(), Vec::new());
            event
        });
        steps.collect()
    }

    fn count(habits: &Habits, kind: Kind, from: &str, what: &str) -> u64 {
        habits
            .record()
            .cells
            .iter()
            .filter(|(k, _)| k.kind == kind && k.from == from && k.what == what)
            .map(|(_, c)| c.cases)
            .sum()
    }

    fn all(cases: &[(u64, String)]) -> Habits {
        let mut habits = Habits::default();
        for (number, steps) in cases {
            let events = case(*number, steps);
            habits.add_case(events[0].case.as_ref(), &events, NAMES, (false, None));
        }
        habits
    }

    #[test]
    fn a_life_leaves_each_place_once_and_rests_at_the_last() {
        let habits = all(&[(1, "abab".to_owned()), (2, "aCc".to_owned())]);
        assert_eq!(count(&habits, Kind::Step, "a", "b"), 1, "the second time is no further case");
        assert_eq!(count(&habits, Kind::Step, "a", "c"), 1, "what was refused moves nothing");
        assert_eq!(count(&habits, Kind::Stay, "c", ""), 1);
        assert_eq!(count(&habits, Kind::Stay, "b", ""), 0, "it left that place before");
        let refused: u64 = habits.record().of(Kind::Refused).map(|(_, cell)| cell.cases).sum();
        assert_eq!(refused, 1);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut habits = all(&[(1, "abc".to_owned()), (2, "ab\"\u{202e}".to_owned())]);
        habits.newer = 3;
        let record = habits.record();
        let mut text = Vec::new();
        record.write(&mut text).unwrap();
        let again = Record::read(&mut text.as_slice()).unwrap();
        assert_eq!(again.cells, record.cells);
        assert_eq!((again.totals.newer, again.totals.cases), (3, 2));
        let cut = &text[..text.len() - 3];
        assert!(Record::read(&mut &cut[..]).is_err());
        assert!(Record::read(&mut &b""[..]).is_err());
        let other = String::from_utf8(text).unwrap().replace("\"version\":\"1.0\"", "\"version\":\"2.0\"");
        assert!(Record::read(&mut other.as_bytes()).unwrap_err().to_string().contains("version 2.0"));
    }

    #[test]
    fn many_actors_are_counted_nearly() {
        let mut least = Least::default();
        least.add((0..100_u64).map(|n| stable_hash([&n.to_be_bytes()[..]])));
        assert_eq!(least.size(), 100);
        least.add((0..100_000_u64).map(|n| stable_hash([&n.to_be_bytes()[..]])));
        assert!(least.size().abs_diff(100_000) < 30_000, "{}", least.size());
    }

    proptest! {
        #[test]
        fn habits_do_not_depend_on_how_cases_are_split(
            cases in prop::collection::vec("[a-dA-B]{1,6}", 1..24), at in 0_usize..24, turn in any::<bool>()
        ) {
            let cases: Vec<(u64, String)> = (1..).zip(cases).collect();
            let whole = all(&cases);
            let (left, right) = cases.split_at(at.min(cases.len()));
            let (mut left, right) = if turn { (all(right), all(left)) } else { (all(left), all(right)) };
            left.merge(right);
            prop_assert_eq!(left, whole);
        }
    }
}
