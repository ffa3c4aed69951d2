//! State charts: nested and parallel states, as the automaton that their configurations make.
//!
//! Guards are conditions over what the source alone knows, so that a guarded way may be taken or not. Ways without an event
//! are taken at once. What is left are the configurations in which a machine can rest and the events between them.

mod life;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use super::ImportError;
use super::draft::{self, Activity, Call, Draft, Object, Taken};

/// Most states as the source writes them.
pub(super) const STATES: usize = 2_000;
/// Most ways as the source writes them, one for each of their events.
pub(super) const WAYS: usize = 4_096;
/// Most targets of one way.
pub(super) const TARGETS: usize = 64;
/// Most ways and states that are looked at in all.
const WORK: usize = 5_000_000;
/// Deepest nesting of states.
pub(super) const DEPTH: usize = 32;
/// Most configurations and most transitions between them; a lifecycle holds no more.
const CONFIGURATIONS: usize = 4_096;
/// Most ways in which one event may be taken in one configuration, and most configurations that are passed at once.
const CHOICES: usize = 256;

/// A chart as a source writes it. State 0 is the whole.
#[derive(Debug, Default)]
pub(super) struct Chart {
    pub(super) states: Vec<State>,
    pub(super) ways: Vec<Way>,
    /// Events that the machine sends to itself, or that time brings.
    pub(super) own_events: BTreeSet<String>,
    /// A name stands for what begins with it (`order` for `order.paid`), and for events of the machine's own too (SCXML).
    pub(super) by_prefix: bool,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) name: String,
    pub(super) parent: Option<usize>,
    pub(super) children: Vec<usize>,
    pub(super) kind: Kind,
    /// Where it begins; its first child where that is not said.
    pub(super) initial: Vec<usize>,
    pub(super) line: usize,
    pub(super) note: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Plain,
    Parallel,
    Final,
    /// Nothing more is expected, though something may come.
    MayEnd,
}

#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) source: usize,
    pub(super) trigger: Trigger,
    pub(super) targets: Vec<usize>,
    pub(super) guarded: bool,
    /// Whether the source is not left for a target within it.
    pub(super) internal: bool,
    pub(super) by: Vec<String>,
    pub(super) kind: Option<String>,
    pub(super) note: String,
    pub(super) line: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trigger {
    /// An event by its name; `*` and `a.*` stand for all that begin so.
    Event(String),
    /// At once.
    Always,
    /// When a state has come to its end.
    Done(usize),
}

type Configuration = BTreeSet<usize>;

/// Puts a chart into a draft as the life of one object.
pub(super) fn lower(chart: &Chart, draft: &mut Draft) -> Result<(), ImportError> {
    let object = draft::type_name(&draft.id);
    let events = events(chart);
    let flat = Flat::of(chart, &events)?;
    if flat.edges.is_empty() {
        return Err(ImportError::new(
            1,
            "no event leads from where it begins to anywhere, so that there is nothing to follow",
        ));
    }
    flat.say_what_is_left(&events, draft);
    let mut taken = Taken::default();
    let names: BTreeMap<&str, String> =
        events.iter().map(|event| (event.as_str(), taken.name(event, "event"))).collect();
    for (event, name) in &names {
        let own = chart.own_events.contains(*event);
        let call = if own { Call::Unseen } else { Call::Guessed };
        let lines: Vec<String> = chart
            .ways
            .iter()
            .filter(|way| chart.takes(&way.trigger, event))
            .take(5)
            .map(|way| way.line.to_string())
            .collect();
        let by_itself = if own { "; the machine takes it by itself" } else { "" };
        let why = format!("event {event} (line {}){by_itself}", lines.join(", "));
        draft.activities.push(Activity {
            name: name.clone(),
            call,
            objects: vec![(object.clone(), Vec::new())],
            read: false,
            why,
        });
    }
    draft.lives.push(flat.life(chart, object.clone(), &names));
    let why = "the source does not say where its key is: a guess, as in the calls below".to_owned();
    draft.objects.push(Object { key: vec![format!("path.{object}Id")], name: object, why });
    Ok(())
}

/// The events of a chart; those that only stand for others are left out.
fn events(chart: &Chart) -> BTreeSet<String> {
    let named = chart.ways.iter().filter_map(|way| match &way.trigger {
        Trigger::Event(name) if !name.ends_with('*') => Some(name.clone()),
        _ => None,
    });
    named.collect()
}

impl Chart {
    /// `order.paid` by `order.paid`, `order.*` and `*`, and where names stand for what begins with them by `order`.
    fn takes(&self, trigger: &Trigger, event: &str) -> bool {
        let Trigger::Event(pattern) = trigger else { return false };
        if pattern == event {
            return true;
        }
        let start = pattern.strip_suffix('*').map(|start| start.strip_suffix('.').unwrap_or(start));
        if !self.by_prefix && (start.is_none() || self.own_events.contains(event)) {
            return false;
        }
        let start = start.unwrap_or(pattern);
        start.is_empty() || event.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// The automaton.
struct Flat<'c> {
    chart: &'c Chart,
    /// Ways by their source.
    ways_of: Vec<Vec<usize>>,
    /// What may still be looked at.
    work: Cell<usize>,
    found: Vec<Configuration>,
    numbers: BTreeMap<Configuration, usize>,
    initial: BTreeSet<usize>,
    /// States that were entered, if only to be left at once.
    entered: RefCell<BTreeSet<usize>>,
    /// Targets by configuration, event and what is said of the way.
    edges: BTreeMap<(usize, String, Said), BTreeSet<usize>>,
}

/// What a way says beyond its event.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    by: Vec<String>,
    kind: Option<String>,
    note: String,
}

impl<'c> Flat<'c> {
    fn of(chart: &'c Chart, events: &BTreeSet<String>) -> Result<Flat<'c>, ImportError> {
        let mut ways_of = vec![Vec::new(); chart.states.len()];
        for (number, way) in chart.ways.iter().enumerate() {
            ways_of.get_mut(way.source).into_iter().for_each(|ways| ways.push(number));
        }
        let mut flat = Flat {
            chart,
            ways_of,
            work: Cell::new(WORK),
            found: Vec::new(),
            numbers: BTreeMap::new(),
            initial: BTreeSet::new(),
            entered: RefCell::default(),
            edges: BTreeMap::new(),
        };
        let mut start = Configuration::from([0]);
        flat.complete(&mut start);
        for rest in flat.settle(start)? {
            let number = flat.number(rest)?;
            flat.initial.insert(number);
        }
        let mut next = 0;
        while let Some(at) = flat.found.get(next).cloned() {
            // A machine whose whole has come to its end takes no event any more.
            let over = flat.is_done(0, &at, DEPTH);
            for event in events.iter().filter(|_| !over) {
                for ways in flat.choices(&at, |way| chart.takes(&way.trigger, event))? {
                    let said = flat.said(&ways);
                    let after = flat.step(&at, &ways)?;
                    for rest in flat.settle(after)? {
                        let target = flat.number(rest)?;
                        flat.edges.entry((next, event.clone(), said.clone())).or_default().insert(target);
                    }
                }
                if flat.edges.len() > CONFIGURATIONS {
                    return Err(flat.too_many());
                }
            }
            next += 1;
        }
        Ok(flat)
    }

    /// Takes from what may still be looked at.
    fn charge(&self, work: usize) -> Result<(), ImportError> {
        let left = self.work.get().checked_sub(work);
        self.work.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or_else(|| self.too_many())
    }

    fn ways_of(&self, state: usize) -> impl Iterator<Item = (usize, &'c Way)> {
        let numbers = self.ways_of.get(state).into_iter().flatten();
        numbers.filter_map(|number| Some((*number, self.chart.ways.get(*number)?)))
    }

    fn state(&self, at: usize) -> Option<&'c State> {
        self.chart.states.get(at)
    }

    fn number(&mut self, configuration: Configuration) -> Result<usize, ImportError> {
        if let Some(number) = self.numbers.get(&configuration) {
            return Ok(*number);
        }
        let number = self.found.len();
        if number >= CONFIGURATIONS {
            return Err(self.too_many());
        }
        self.numbers.insert(configuration.clone(), number);
        self.found.push(configuration);
        Ok(number)
    }

    /// Names the parallel state with the most regions: it is what multiplies.
    fn too_many(&self) -> ImportError {
        let parallel = self.chart.states.iter().filter(|state| state.kind == Kind::Parallel);
        let (line, which) = parallel.max_by_key(|state| state.children.len()).map_or((1, String::new()), |state| {
            let regions = state.children.len();
            (state.line, format!(": the {regions} regions of state {:?} multiply; import them one by one", state.name))
        });
        ImportError::new(
            line,
            format!("its states make more than {CONFIGURATIONS} configurations or transitions{which}"),
        )
    }

    /// A state and what it stands in, from the inside out.
    fn upwards(&self, from: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(from), move |at| self.state(*at)?.parent).take(DEPTH + 2)
    }

    fn is_within(&self, inner: usize, outer: usize) -> bool {
        inner != outer && self.upwards(inner).any(|at| at == outer)
    }

    /// Enters what must be entered with what is.
    fn complete(&self, active: &mut Configuration) {
        let mut stack: Vec<usize> = active.iter().copied().collect();
        while let Some(at) = stack.pop() {
            let Some(state) = self.state(at) else { continue };
            let first: Vec<usize> = match state.kind {
                Kind::Parallel => state.children.clone(),
                _ if state.children.iter().any(|child| active.contains(child)) => Vec::new(),
                _ if state.initial.is_empty() => state.children.first().copied().into_iter().collect(),
                _ => state.initial.clone(),
            };
            for target in first {
                for up in self.upwards(target).take_while(|up| *up != at) {
                    if active.insert(up) {
                        stack.push(up);
                    }
                }
            }
        }
    }

    /// Sets of ways that may be taken together; none is no set.
    fn choices(&self, at: &Configuration, takes: impl Fn(&Way) -> bool) -> Result<Vec<Vec<usize>>, ImportError> {
        let mut sets: BTreeSet<BTreeSet<usize>> = BTreeSet::from([BTreeSet::new()]);
        self.charge(at.len())?;
        for leaf in at.iter().filter(|leaf| self.is_leaf(**leaf, at)) {
            let mut options: Vec<Option<usize>> = Vec::new();
            let mut sure = false;
            for state in self.upwards(*leaf) {
                for (number, way) in self.ways_of(state) {
                    self.charge(1)?;
                    if !sure && takes(way) && self.is_due(way, at) {
                        options.push(Some(number));
                        sure = !way.guarded;
                    }
                }
            }
            options.extend((!sure).then_some(None));
            if options.len() * sets.len() > CHOICES {
                let line = self.state(*leaf).map_or(1, |state| state.line);
                return Err(ImportError::new(line, format!("one event may be taken in more than {CHOICES} ways here")));
            }
            let mut more = BTreeSet::new();
            for set in &sets {
                for option in &options {
                    let mut set = set.clone();
                    set.extend(option);
                    more.insert(set);
                }
            }
            sets = more;
        }
        let kept = sets.into_iter().filter(|set| !set.is_empty()).map(|set| self.without_conflicts(&set));
        Ok(kept.collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn is_leaf(&self, state: usize, at: &Configuration) -> bool {
        self.state(state).is_some_and(|state| !state.children.iter().any(|child| at.contains(child)))
    }

    /// Of two ways that leave the same states the inner one is taken, else the first.
    fn without_conflicts(&self, set: &BTreeSet<usize>) -> Vec<usize> {
        let mut kept: Vec<usize> = Vec::new();
        for number in set {
            let Some(way) = self.chart.ways.get(*number) else { continue };
            let clashes = |other: &usize| {
                let other = self.chart.ways.get(*other).and_then(|other| self.domain(other));
                match (self.domain(way), other) {
                    (Some(a), Some(b)) => a == b || self.is_within(a, b) || self.is_within(b, a),
                    _ => false,
                }
            };
            let inner = |other: &usize| {
                self.chart.ways.get(*other).is_some_and(|other| self.is_within(way.source, other.source))
            };
            if kept.iter().filter(|other| clashes(other)).all(inner) {
                kept.retain(|other| !clashes(other));
                kept.push(*number);
            }
        }
        kept
    }

    /// The state within which a way changes everything; `None` for one that leads nowhere.
    fn domain(&self, way: &Way) -> Option<usize> {
        let within = |outer: usize, itself: bool| {
            way.targets.iter().all(|target| self.is_within(*target, outer) || itself && *target == outer)
        };
        if way.targets.is_empty() {
            return None;
        }
        if way.internal && within(way.source, true) {
            return Some(way.source);
        }
        let is_plain = |at: &usize| self.state(*at).is_some_and(|state| state.kind != Kind::Parallel);
        self.upwards(way.source).skip(1).filter(is_plain).find(|at| within(*at, false)).or(Some(0))
    }

    fn step(&self, at: &Configuration, ways: &[usize]) -> Result<Configuration, ImportError> {
        self.charge(at.len() * (ways.len() + 1))?;
        let mut after = at.clone();
        for way in ways.iter().filter_map(|number| self.chart.ways.get(*number)) {
            let Some(domain) = self.domain(way) else { continue };
            after.retain(|state| !self.is_within(*state, domain));
            for target in &way.targets {
                after.extend(self.upwards(*target).take_while(|up| *up != domain));
            }
        }
        self.complete(&mut after);
        Ok(after)
    }

    /// Where a machine comes to rest.
    fn settle(&self, from: Configuration) -> Result<BTreeSet<Configuration>, ImportError> {
        let mut seen = BTreeSet::from([from.clone()]);
        let mut stack = vec![from];
        let mut rests = BTreeSet::new();
        while let Some(at) = stack.pop() {
            self.entered.borrow_mut().extend(&at);
            let at_once = |way: &Way| !matches!(way.trigger, Trigger::Event(_));
            let moves = self.choices(&at, at_once)?;
            let must = at
                .iter()
                .flat_map(|state| self.ways_of(*state))
                .any(|(_, way)| at_once(way) && !way.guarded && !way.targets.is_empty() && self.is_due(way, &at));
            for ways in &moves {
                let after = self.step(&at, ways)?;
                if seen.insert(after.clone()) {
                    stack.push(after);
                }
            }
            if !must {
                rests.insert(at);
            }
            if seen.len() > CHOICES {
                return Err(ImportError::new(
                    1,
                    format!("more than {CHOICES} configurations follow one event at once"),
                ));
            }
        }
        if rests.is_empty() {
            let at = seen.iter().flatten().next_back().and_then(|state| self.state(*state));
            let (line, name) = at.map_or((1, ""), |state| (state.line, state.name.as_str()));
            return Err(ImportError::new(
                line,
                format!("ways without an event go round without end at state {name:?}"),
            ));
        }
        Ok(rests)
    }

    fn is_due(&self, way: &Way, at: &Configuration) -> bool {
        match way.trigger {
            Trigger::Done(state) => at.contains(&state) && self.is_done(state, at, DEPTH),
            Trigger::Event(_) | Trigger::Always => true,
        }
    }

    /// Whether a state has come to its end; nesting is bounded, and so is the recursion.
    fn is_done(&self, state: usize, at: &Configuration, depth: usize) -> bool {
        let Some(of) = self.state(state) else { return false };
        let is_final = |child: &usize| self.state(*child).is_some_and(|child| child.kind == Kind::Final);
        match of.kind {
            Kind::Final => at.contains(&state),
            Kind::Parallel => {
                depth > 0
                    && !of.children.is_empty()
                    && of.children.iter().all(|child| self.is_done(*child, at, depth - 1))
            }
            _ => of.children.iter().any(|child| at.contains(child) && is_final(child)),
        }
    }

    fn said(&self, ways: &[usize]) -> Said {
        let mut said = Said::default();
        let mut notes: Vec<String> = Vec::new();
        for way in ways.iter().filter_map(|number| self.chart.ways.get(*number)) {
            said.by.clone_from(&way.by);
            said.kind.clone_from(&way.kind);
            let note = if way.note.is_empty() {
                format!("line {}", way.line)
            } else {
                format!("line {}: {}", way.line, way.note)
            };
            notes.push(note);
        }
        said.note = notes.join("; ");
        said
    }
}
