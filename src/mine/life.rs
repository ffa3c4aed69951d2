//! Lives as walks over states: what a lifecycle that allows everything seen must contain.
//!
//! A step leads to the state that the server declared for it, in its own answer or in a read before the next step; a
//! step that nothing is declared for leads to a state named after it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::evidence::add;
use super::habit::Habits;
use crate::compare::is_retry;
use crate::event::partition::stable_hash;
use crate::event::{Event, Evidence, ObjectId, Outcome};

/// Distinct declared values beyond which a field is no state.
const MOST_STATES: usize = 32;
/// Actors told apart at one activity.
const ACTORS: usize = 32;
/// Actors told apart at one move.
const MOVERS: usize = 2;
/// Sets of roles told apart at one activity; of more, nothing is concluded.
const ROLE_SETS: usize = 32;
/// Distinct steps of one life that are remembered.
const PASSED: usize = 32;

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Node {
    /// In a state that the server declared, in lower case: names of states compare without case.
    Declared(Arc<str>),
    /// Behind a step.
    After(Arc<str>),
}

/// Walks of all objects of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lives {
    /// Objects with at least one step.
    pub(super) objects: u64,
    /// By activity.
    pub(super) steps: BTreeMap<Arc<str>, StepCounts>,
    /// Walks by last step alone.
    pub(super) plain: Walks,
    /// Walks over declared states where there are any.
    pub(super) declared: Walks,
    /// All declared values; beyond [`MOST_STATES`] they are no states and `declared` stays empty.
    pub(super) values: BTreeSet<Arc<str>>,
    /// Declared values that name no state.
    pub(super) odd: u64,
    /// Steps whose own answer declared a state.
    pub(super) declaring: u64,
    /// States that were declared though no step led there.
    pub(super) unexplained: u64,
    /// Steps on children, by activity: how often another state was declared after one than before, and how often the same.
    pub(super) beside: BTreeMap<Arc<str>, (u64, u64)>,
    /// Objects whose state was declared before their first step.
    pub(super) shown_first: u64,
    /// What steps of one life have to do with each other.
    pub(super) habits: Habits,
}

/// One activity's steps on objects of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StepCounts {
    pub(super) count: u64,
    /// Objects that took it.
    pub(super) objects: u64,
    /// Of these, objects that took it more than once.
    pub(super) repeated: u64,
    /// Steps by an actor who is not known well enough to say who may.
    pub(super) unnamed: u64,
    /// Steps by `agent` or a kind, and by the role that the actor showed.
    pub(super) by: BTreeMap<(Arc<str>, Option<Arc<str>>), u64>,
    /// Of the steps by an actor without a role, those by one whose roles the source does not show, by kind.
    pub(super) unshown: BTreeMap<Arc<str>, u64>,
    /// Steps by what took them: a kind, `agent`, or a key that nobody stands behind.
    pub(super) natures: BTreeMap<Arc<str>, u64>,
    /// Steps by the roles that the actor showed together; one set more than the most says that there are too many.
    pub(super) role_sets: BTreeMap<BTreeSet<Arc<str>>, u64>,
    /// The least few of the known actors, by hash, with their steps.
    pub(super) actors: BTreeMap<u64, u64>,
}

/// Moves with how often they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Walks {
    /// First moves of which nothing before was seen.
    pub(super) starts: BTreeMap<(Arc<str>, Node), u64>,
    pub(super) moves: BTreeMap<(Node, Arc<str>, Node), u64>,
    /// First moves from a state that was shown before any step: counted among `moves` too.
    pub(super) shown: BTreeMap<(Arc<str>, Node), u64>,
    /// Who made a move, and after which steps; first moves start nowhere.
    pub(super) ways: BTreeMap<(Option<Node>, Arc<str>, Node), Way>,
}

/// How a move was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Way {
    /// Moves.
    pub(super) count: u64,
    /// Moves by an actor who is not known.
    pub(super) unknown: u64,
    /// The least few of the known actors, by hash.
    pub(super) actors: BTreeSet<u64>,
    /// Moves by what their object had gone through before.
    pub(super) passed: BTreeMap<Arc<str>, u64>,
}

impl Way {
    pub(super) fn merge(&mut self, other: Way) {
        self.count += other.count;
        self.unknown += other.unknown;
        self.actors.extend(other.actors);
        least(&mut self.actors, MOVERS);
        add(&mut self.passed, other.passed);
    }
}

/// Keeps the least few of a union, which do not depend on how it was made.
fn least(actors: &mut BTreeSet<u64>, most: usize) {
    while actors.len() > most {
        actors.pop_last();
    }
}

/// Something that moves or shows an object.
struct Item {
    activity: Option<Arc<str>>,
    declared: Option<Arc<str>>,
    /// The activity, where it is about a child.
    beside: Option<Arc<str>>,
    /// Who did it, where known.
    actor: Option<u64>,
}

/// Who did it, where that is known by more than an address.
pub(super) fn known_actor(event: &Event) -> Option<u64> {
    let principal = event.actor.principal.as_ref().filter(|_| event.actor.evidence >= Evidence::Asserted)?;
    Some(stable_hash([principal.as_bytes()]))
}

impl Lives {
    /// Adds the life of one object of a case; `events` are the case's, sorted by time.
    pub(super) fn add(&mut self, object: &ObjectId, events: &[&Event]) {
        let mut steps: Vec<&Event> = Vec::new();
        let mut items = Vec::new();
        for event in events.iter().filter(|event| event.outcome == Outcome::Accepted) {
            let Some(reference) = event.objects.iter().find(|o| o.id == *object) else { continue };
            let declared = reference.declared_state.as_deref().map(|state| Arc::from(state.to_ascii_lowercase()));
            let target = event.objects.first().is_some_and(|o| o.id == *object && &*o.qualifier == "target");
            // What a step names beside its target it moves too.
            let moved = target || &*reference.qualifier == "mentioned";
            let mut activity = event.activity.clone().filter(|_| moved && !event.read);
            let beside = event.activity.clone().filter(|_| !moved && !event.read);
            if activity.is_some() {
                // What a client sends again for safety moves nothing.
                if steps.iter().any(|first| is_retry(first, event, None) == Some(true)) {
                    activity = None;
                } else {
                    steps.push(event);
                }
            }
            if activity.is_some() || declared.is_some() || beside.is_some() {
                items.push(Item { activity, declared, beside, actor: known_actor(event) });
            }
        }
        if steps.is_empty() {
            return;
        }
        self.objects += 1;
        self.count(&steps);
        self.habits.add(&steps);
        self.plain.walk(items.iter().filter_map(|i| Some((i.activity.clone()?, i.actor))));
        self.odd += items.iter().filter_map(|i| i.declared.as_deref()).filter(|value| !is_word(value)).count() as u64;
        self.values.extend(items.iter().filter_map(|i| i.declared.clone()));
        self.walk(&items);
        self.trim();
    }

    fn count(&mut self, steps: &[&Event]) {
        let mut taken: BTreeMap<&Arc<str>, u64> = BTreeMap::new();
        for (event, activity) in steps.iter().filter_map(|e| Some((e, e.activity.as_ref()?))) {
            *taken.entry(activity).or_default() += 1;
            let counts = self.steps.entry(Arc::clone(activity)).or_default();
            counts.count += 1;
            counts.add_actors(known_actor(event).map(|actor| (actor, 1)));
            let actor = &event.actor;
            let nature = match (&actor.agent, actor.evidence) {
                (Some(_), _) => "agent",
                (None, Evidence::ApiKey) => "key",
                _ => &actor.kind,
            };
            if actor.evidence >= Evidence::Asserted {
                *counts.natures.entry(nature.into()).or_default() += 1;
            }
            if actor.principal.is_none() || actor.evidence < Evidence::Asserted {
                counts.unnamed += 1;
            } else if actor.agent.is_some() {
                *counts.by.entry(("agent".into(), None)).or_default() += 1;
            } else if actor.roles.is_empty() && actor.evidence == Evidence::ApiKey {
                // A key says which program or partner called, not that it was a person.
                counts.unnamed += 1;
            } else if actor.roles.is_empty() {
                *counts.by.entry((Arc::clone(&actor.kind), None)).or_default() += 1;
                if !actor.roles_known {
                    *counts.unshown.entry(Arc::clone(&actor.kind)).or_default() += 1;
                }
            } else {
                counts.add_roles([(actor.roles.iter().cloned().collect(), 1)]);
                for role in &actor.roles {
                    *counts.by.entry((Arc::clone(&actor.kind), Some(Arc::clone(role)))).or_default() += 1;
                }
            }
        }
        for (activity, times) in taken {
            let counts = self.steps.entry(Arc::clone(activity)).or_default();
            counts.objects += 1;
            counts.repeated += u64::from(times > 1);
        }
    }

    fn walk(&mut self, items: &[Item]) {
        let mut at: Option<Node> = None;
        let mut moved = false;
        let mut beside: Option<&Arc<str>> = None;
        let mut passed = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let Some(activity) = &item.activity else {
                beside = item.beside.as_ref().or(beside);
                let Some(declared) = item.declared.clone().map(Node::Declared) else { continue };
                match &at {
                    // The walk goes on from where steps led, so that steps alone explain it.
                    Some(at) => {
                        let changed = *at != declared;
                        self.unexplained += u64::from(changed);
                        if let Some(activity) = beside.take() {
                            let counts = self.beside.entry(Arc::clone(activity)).or_default();
                            *counts = (counts.0 + u64::from(changed), counts.1 + u64::from(!changed));
                        }
                    }
                    None => {
                        self.shown_first += 1;
                        at = Some(declared);
                    }
                }
                continue;
            };
            beside = None;
            self.declaring += u64::from(item.declared.is_some());
            let rest = items.get(index + 1..).unwrap_or_default();
            let shown = || rest.iter().take_while(|i| i.activity.is_none()).find_map(|i| i.declared.clone());
            let to = item.declared.clone().or_else(shown).map_or(Node::After(Arc::clone(activity)), Node::Declared);
            if !std::mem::replace(&mut moved, true) && at.is_some() {
                *self.declared.shown.entry((Arc::clone(activity), to.clone())).or_default() += 1;
            }
            self.declared.add(at.take(), activity, to.clone(), item.actor, &passed);
            at = Some(to);
            pass(&mut passed, activity);
        }
    }

    fn trim(&mut self) {
        if self.values.len() > MOST_STATES {
            // One value more than the most says that there are too many, in whichever order they came.
            while self.values.len() > MOST_STATES + 1 {
                self.values.pop_last();
            }
            self.declared = Walks::default();
        }
    }

    /// Whether the declared values can be states.
    pub(super) fn too_many_values(&self) -> bool {
        self.values.len() > MOST_STATES
    }

    /// Adds another part's sums.
    pub(super) fn merge(&mut self, other: Lives) {
        self.objects += other.objects;
        self.plain.merge(other.plain);
        self.declared.merge(other.declared);
        self.values.extend(other.values);
        self.odd += other.odd;
        self.declaring += other.declaring;
        self.unexplained += other.unexplained;
        self.shown_first += other.shown_first;
        for (activity, more) in other.beside {
            let counts = self.beside.entry(activity).or_default();
            *counts = (counts.0 + more.0, counts.1 + more.1);
        }
        self.habits.merge(other.habits);
        for (activity, more) in other.steps {
            let counts = self.steps.entry(activity).or_default();
            counts.count += more.count;
            counts.objects += more.objects;
            counts.repeated += more.repeated;
            counts.unnamed += more.unnamed;
            add(&mut counts.by, more.by);
            add(&mut counts.unshown, more.unshown);
            add(&mut counts.natures, more.natures);
            counts.add_roles(more.role_sets);
            counts.add_actors(more.actors);
        }
        self.trim();
    }
}

impl StepCounts {
    /// Adds steps by actor, and keeps the least few actors: their numbers are exact, however the whole was split.
    fn add_actors(&mut self, more: impl IntoIterator<Item = (u64, u64)>) {
        for (actor, count) in more {
            *self.actors.entry(actor).or_default() += count;
            if self.actors.len() > ACTORS {
                self.actors.pop_last();
            }
        }
    }

    /// Steps by actors of a kind whose roles nothing shows, where so few of them stand beside others with roles that
    /// these say who takes the step. A check leaves undecided who they may have been.
    pub(super) fn unshown_few(&self, kind: &Arc<str>) -> Option<u64> {
        let without = self.by.get(&(Arc::clone(kind), None)).copied().unwrap_or(0);
        let unshown = self.unshown.get(kind).copied().filter(|unshown| *unshown == without)?;
        let shown = self.by.keys().any(|(known, role)| known == kind && role.is_some());
        (shown && unshown * 5 < self.count).then_some(unshown)
    }

    /// Whether a kind as a whole took the step, rather than the roles of some of it.
    pub(super) fn names_kind(&self, kind: &Arc<str>) -> bool {
        self.by.contains_key(&(Arc::clone(kind), None)) && self.unshown_few(kind).is_none()
    }

    /// What nine of ten steps or more were taken by.
    pub(super) fn nature(&self) -> Option<&Arc<str>> {
        let all: u64 = self.natures.values().sum();
        self.natures.iter().find(|(_, count)| **count * 10 >= all * 9).map(|(nature, _)| nature)
    }

    fn add_roles(&mut self, more: impl IntoIterator<Item = (BTreeSet<Arc<str>>, u64)>) {
        for (roles, count) in more {
            *self.role_sets.entry(roles).or_default() += count;
        }
        while self.role_sets.len() > ROLE_SETS + 1 {
            self.role_sets.pop_last();
        }
    }

    /// Which of the roles that actors showed together say who may take the step. Roles that most steps of the type show
    /// are left out first: they say least.
    pub(super) fn role_choice(&self, lives: &Lives) -> RoleChoice {
        let mut choice = RoleChoice::default();
        if self.role_sets.len() > ROLE_SETS {
            return choice;
        }
        let mut held: BTreeMap<&Arc<str>, u64> = BTreeMap::new();
        let sets = lives.steps.values().flat_map(|counts| &counts.role_sets);
        sets.for_each(|(roles, count)| roles.iter().for_each(|role| *held.entry(role).or_default() += count));
        let roles: BTreeSet<&Arc<str>> = self.role_sets.keys().flatten().collect();
        let mut roles: Vec<&Arc<str>> = roles.into_iter().collect();
        roles.sort_by(|a, b| held.get(b).cmp(&held.get(a)).then(a.cmp(b)));
        let all: u64 = self.role_sets.values().sum();
        for role in roles {
            let with = || self.role_sets.iter().filter(|(set, _)| set.contains(role));
            let other =
                |own: &Arc<str>| own != role && !choice.spare.contains_key(own) && !choice.alone.contains_key(own);
            let alone: u64 = with().filter(|(set, _)| !set.iter().any(other)).map(|(_, count)| count).sum();
            if alone == 0 {
                choice.spare.insert(Arc::clone(role), with().map(|(_, count)| count).sum());
            } else if alone * 5 < all && with().any(|(set, _)| set.iter().any(other)) {
                choice.alone.insert(Arc::clone(role), alone);
            }
        }
        choice
    }
}

/// Which roles of several say who may take a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RoleChoice {
    /// Roles that need not be named, because every actor who has one has another that is, with their steps.
    pub(super) spare: BTreeMap<Arc<str>, u64>,
    /// Roles that must be named for a few steps only, whose actors have no better one, with these steps.
    pub(super) alone: BTreeMap<Arc<str>, u64>,
}

/// Whether a value can name a state: words rather than a sentence, a number or a path.
fn is_word(value: &str) -> bool {
    value.len() <= 40
        && value.starts_with(|c: char| c.is_alphabetic())
        && value.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | ':'))
}

impl Walks {
    fn walk(&mut self, steps: impl Iterator<Item = (Arc<str>, Option<u64>)>) {
        let mut at: Option<Node> = None;
        let mut passed = BTreeSet::new();
        for (activity, actor) in steps {
            let to = Node::After(Arc::clone(&activity));
            self.add(at.take(), &activity, to.clone(), actor, &passed);
            at = Some(to);
            pass(&mut passed, &activity);
        }
    }

    fn add(
        &mut self,
        from: Option<Node>,
        activity: &Arc<str>,
        to: Node,
        actor: Option<u64>,
        passed: &BTreeSet<Arc<str>>,
    ) {
        let way = Way {
            count: 1,
            unknown: u64::from(actor.is_none()),
            actors: actor.into_iter().collect(),
            passed: passed.iter().map(|step| (Arc::clone(step), 1)).collect(),
        };
        self.ways.entry((from.clone(), Arc::clone(activity), to.clone())).or_default().merge(way);
        let count = match from {
            Some(from) => self.moves.entry((from, Arc::clone(activity), to)).or_default(),
            None => self.starts.entry((Arc::clone(activity), to)).or_default(),
        };
        *count += 1;
    }

    fn merge(&mut self, other: Walks) {
        add(&mut self.starts, other.starts);
        add(&mut self.moves, other.moves);
        add(&mut self.shown, other.shown);
        for (key, way) in other.ways {
            self.ways.entry(key).or_default().merge(way);
        }
    }
}

/// Remembers a step; of lives with very many different ones, the first.
fn pass(passed: &mut BTreeSet<Arc<str>>, activity: &Arc<str>) {
    if passed.len() < PASSED {
        passed.insert(Arc::clone(activity));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::sample;

    /// Events on one object: a step by name or a read, with what the answer declares.
    fn life(key: u64, items: &[(Option<u8>, Option<u8>)]) -> Vec<Event> {
        let events = items.iter().zip(1..).map(|((step, declared), n)| {
            let mut event = sample::rich_event(key);
            event.time = n;
            event.idempotency = None;
            event.activity = step.map(|step| format!("step_{step}").into());
            event.read = step.is_none();
            if let Some(object) = event.objects.first_mut() {
                object.declared_state = declared.map(|state| format!("S{state}").into());
            }
            event
        });
        events.collect()
    }

    fn lives(cases: &[Vec<Event>]) -> Lives {
        let mut lives = Lives::default();
        for case in cases {
            lives.add(&case[0].objects[0].id, &case.iter().collect::<Vec<_>>());
        }
        lives
    }

    #[test]
    fn a_step_leads_to_what_is_declared_before_the_next_step() {
        let case = life(1, &[(Some(1), None), (None, Some(7)), (Some(2), None), (Some(3), Some(8)), (None, Some(9))]);
        let lives = lives(&[case]);
        let declared = |s: &str| Node::Declared(s.into());
        let after = |s: &str| Node::After(s.into());
        let moves: Vec<_> = lives.declared.moves.keys().cloned().collect();
        assert_eq!(
            moves,
            [(declared("s7"), "step_2".into(), after("step_2")), (after("step_2"), "step_3".into(), declared("s8")),]
        );
        assert_eq!(lives.unexplained, 1, "nothing moved it to s9");
    }

    fn performed(sets: &[(&[&str], u64)]) -> StepCounts {
        let mut counts = StepCounts::default();
        counts.add_roles(sets.iter().map(|(set, count)| (set.iter().map(|role| Arc::from(*role)).collect(), *count)));
        counts
    }

    #[test]
    fn a_role_that_everybody_has_says_least() {
        let approve = performed(&[(&["employee", "manager"], 60), (&["director", "employee"], 6)]);
        let submit = performed(&[(&["employee"], 70), (&["employee", "manager"], 2)]);
        let steps = [("approve", approve.clone()), ("submit", submit.clone())];
        let steps = steps.into_iter().map(|(name, counts)| (name.into(), counts)).collect();
        let lives = Lives { steps, ..Lives::default() };
        let spare = |counts: &StepCounts| counts.role_choice(&lives).spare.into_iter().collect::<Vec<_>>();
        assert_eq!(spare(&approve), [("employee".into(), 66)]);
        assert_eq!(spare(&submit), [("manager".into(), 2)], "some have nothing but `employee`");
        assert_eq!(spare(&performed(&[(&["a"], 1), (&["b"], 1)])), []);
        let with_abuse =
            performed(&[(&["employee", "manager"], 60), (&["director", "employee"], 6), (&["employee"], 2)]);
        let choice = with_abuse.role_choice(&lives);
        assert_eq!(
            (choice.spare.len(), choice.alone),
            (0, [("employee".into(), 2)].into()),
            "two do not speak for all"
        );
    }

    proptest! {
        #[test]
        fn whoever_took_a_step_may_take_it(
            sets in proptest::collection::vec(proptest::collection::btree_set("[a-e]", 1..4), 1..8),
        ) {
            let mut counts = StepCounts::default();
            let shared = |set: &BTreeSet<String>| set.iter().map(|role| Arc::from(role.as_str())).collect();
            counts.add_roles(sets.iter().map(|set| (shared(set), 1)));
            let lives = Lives { steps: [("step".into(), counts.clone())].into(), ..Lives::default() };
            let spare = counts.role_choice(&lives).spare;
            let named = |set: &BTreeSet<Arc<str>>| set.iter().any(|role| !spare.contains_key(role));
            prop_assert!(counts.role_sets.keys().all(named));
        }

        #[test]
        fn sums_do_not_depend_on_how_lives_are_split(
            items in proptest::collection::vec(
                proptest::collection::vec((proptest::option::of(0u8..5), proptest::option::of(0u8..45)), 1..8),
                2..12,
            ),
            at in 0usize..12,
        ) {
            let cases: Vec<Vec<Event>> = items.iter().zip(1..).map(|(items, key)| life(key, items)).collect();
            let (left, right) = cases.split_at(at.min(cases.len()));
            let mut sum = lives(right);
            sum.merge(lives(left));
            prop_assert_eq!(sum, lives(&cases));
        }
    }
}
