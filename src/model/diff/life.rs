//! Lives: who may take which step from which state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::side::{Side, Sides};
use super::terms::{Difference, Terms};
use super::{Changes, Direction, Found};
use crate::model::{Lifecycle, Severity, State};

/// Who is meant where nobody is named.
const ANYBODY: &str = "anybody";

/// Most pairs of older and newer terms of one role that are compared.
const MOST_PAIRS: usize = 1 << 14;

/// From one state by one step to another.
type Cell = (u16, u16, u16);
/// What is told in one sentence: a step, the state it leads to, whether it is about roles, and the difference.
type Group = (u16, u16, bool, Difference);
/// States by their numbers in both lives.
type States = BTreeSet<u16>;
/// For each role on what terms.
type Roles = BTreeMap<String, Vec<Terms>>;

/// Compares the lives of all object types.
pub(super) fn compare(sides: &Sides<'_>, found: &mut Changes) {
    for (old, new) in sides.types() {
        let old = old.and_then(|id| sides.old.model.lifecycle_of(id));
        let new = new.and_then(|id| sides.new.model.lifecycle_of(id));
        match (old, new) {
            (Some(old), Some(new)) => both(sides, old, new, found),
            (Some(old), None) => alone(&sides.old, old, Direction::Widened, found),
            (None, Some(new)) => alone(&sides.new, new, Direction::Narrowed, found),
            (None, None) => {}
        }
    }
}

/// A life that only one version has: without it every order of steps goes.
fn alone(side: &Side<'_>, life: &Lifecycle, direction: Direction, found: &mut Changes) {
    let name = side.model.type_name(life.object_type);
    let written = Some(format!("{} states, {} transitions", life.states.len(), life.transitions.len()));
    let (says, old, new) = match direction {
        Direction::Widened => (format!("the steps of {name} may now be taken in any order, by anybody"), written, None),
        _ => (format!("the steps of {name} have an order now"), None, written),
    };
    found.add(
        direction,
        Severity::Critical,
        Found { aspect: "lifecycle", subject: format!("life of {name}"), says, old, new },
    );
}

fn both(sides: &Sides<'_>, old: &Lifecycle, new: &Lifecycle, found: &mut Changes) {
    let name = sides.new.model.type_name(new.object_type);
    let (old_numbers, new_numbers) = sides.states(old, new);
    let life = Life { sides, name: Arc::clone(&name), old, new, old_numbers, new_numbers };
    life.states(found);
    let (before, after) = (life.cells(true), life.cells(false));
    let mut grouped: BTreeMap<Group, (States, BTreeSet<String>)> = BTreeMap::new();
    let none = Roles::new();
    let cells: BTreeSet<&Cell> = before.keys().chain(after.keys()).collect();
    for cell in cells {
        let (activity, from, to) = *cell;
        let (was, is) = (before.get(cell).unwrap_or(&none), after.get(cell).unwrap_or(&none));
        for (role, difference) in differences(sides, was, is) {
            let about_roles = role.is_none();
            let entry = grouped.entry((activity, to, about_roles, difference)).or_default();
            entry.0.insert(from);
            entry.1.extend(role);
        }
    }
    for ((activity, to, _, difference), (from, roles)) in grouped {
        life.say(activity, to, difference, &from, &roles, found);
    }
}

/// Differences of one step between two states: of one role's terms, or (without a role) of who may take it at all.
fn differences(sides: &Sides<'_>, old: &Roles, new: &Roles) -> Vec<(Option<String>, Difference)> {
    let mut found = Vec::new();
    let names = |roles: &Roles| super::listed(roles.keys());
    let activity = |number: u16| sides.activity(number).to_string();
    let (mut added, mut removed) = (false, false);
    let roles: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for role in roles {
        match (old.get(role), new.get(role)) {
            (Some(was), Some(is)) => {
                let all = alternatives(was, is, &activity, (&allowed(role, old), &allowed(role, new)));
                found.extend(all.into_iter().map(|difference| (Some(role.clone()), difference)));
            }
            (Some(was), None) => removed |= was.iter().any(|terms| !is_covered(terms, &allowed(role, new))),
            (None, Some(is)) => added |= is.iter().any(|terms| !is_covered(terms, &allowed(role, old))),
            (None, None) => {}
        }
    }
    let aspect = if old.is_empty() || new.is_empty() { "transition" } else { "role" };
    let written = |roles: &Roles| {
        let terms: BTreeSet<String> =
            roles.values().flatten().map(Terms::words).filter(|words| !words.is_empty()).collect();
        names(roles).map(|names| match super::listed(terms) {
            Some(terms) if aspect == "transition" => format!("{names}: {terms}"),
            _ => names,
        })
    };
    for (is, direction) in [(added, Direction::Widened), (removed, Direction::Narrowed)] {
        if is {
            found.push((None, Difference { aspect, direction, old: written(old), new: written(new) }));
        }
    }
    found
}

/// All terms on which a role may take a step: its own, and those of anybody.
fn allowed<'r>(role: &str, roles: &'r Roles) -> Vec<&'r Terms> {
    let anybody = roles.get(ANYBODY).filter(|_| role != ANYBODY);
    roles.get(role).into_iter().chain(anybody).flatten().collect()
}

fn is_covered(terms: &Terms, by: &[&Terms]) -> bool {
    by.iter().any(|wide| terms.covered_by(wide))
}

/// Differences between two lists of terms for one role: what stayed is taken out, the rest paired by likeness.
fn alternatives(
    old: &[Terms],
    new: &[Terms],
    activity: &dyn Fn(u16) -> String,
    (all_old, all_new): (&[&Terms], &[&Terms]),
) -> Vec<Difference> {
    let mut was: Vec<&Terms> = old.iter().filter(|terms| !new.iter().any(|other| terms.same(other))).collect();
    let mut is: Vec<&Terms> = new.iter().filter(|terms| !old.iter().any(|other| terms.same(other))).collect();
    let mut found = Vec::new();
    let pairs = pairs(&was, &is);
    let mut taken = (vec![false; was.len()], vec![false; is.len()]);
    for (i, j) in pairs {
        if let (Some(a), Some(b)) = (was.get(i), is.get(j)) {
            found.extend(a.differences(b, activity));
        }
        taken.0.get_mut(i).into_iter().chain(taken.1.get_mut(j)).for_each(|taken| *taken = true);
    }
    let mut taken = (taken.0.into_iter(), taken.1.into_iter());
    was.retain(|_| !taken.0.next().unwrap_or_default());
    is.retain(|_| !taken.1.next().unwrap_or_default());
    let mut rest = |left: Vec<&Terms>, covering: &[&Terms], direction| {
        for terms in left.into_iter().filter(|terms| !is_covered(terms, covering)) {
            let words = Some(terms.words()).filter(|words| !words.is_empty()).or(Some("always".to_owned()));
            let (old, new) = if direction == Direction::Widened { (None, words) } else { (words, None) };
            found.push(Difference { aspect: "transition", direction, old, new });
        }
    };
    rest(is, all_old, Direction::Widened);
    rest(was, all_new, Direction::Narrowed);
    found
}

/// Which older terms became which newer ones, by their places: the most alike first, each once. Of more than are worth
/// telling apart none is paired; all are then told as gone and new.
fn pairs(was: &[&Terms], is: &[&Terms]) -> Vec<(usize, usize)> {
    if was.len().saturating_mul(is.len()) > MOST_PAIRS {
        return Vec::new();
    }
    let key = |terms: &&Terms| terms.key();
    let (old, new): (Vec<String>, Vec<String>) = (was.iter().map(key).collect(), is.iter().map(key).collect());
    let mut all = Vec::new();
    for (i, (a, a_key)) in was.iter().zip(&old).enumerate() {
        for (j, (b, b_key)) in is.iter().zip(&new).enumerate() {
            all.push((a.likeness(b), (a_key.max(b_key), a_key.min(b_key)), i, j));
        }
    }
    // By their texts where they are equally alike, so that neither the order in the files nor the side decides.
    all.sort_by(|a, b| (b.0, b.1.1, b.1.0).cmp(&(a.0, a.1.1, a.1.0)).then((a.2, a.3).cmp(&(b.2, b.3))));
    let (mut left, mut right) = (BTreeSet::new(), BTreeSet::new());
    let free = |(_, _, i, j): (usize, (&String, &String), usize, usize)| {
        let both = !left.contains(&i) && !right.contains(&j);
        (both && left.insert(i) && right.insert(j)).then_some((i, j))
    };
    all.into_iter().filter_map(free).collect()
}

struct Life<'s> {
    sides: &'s Sides<'s>,
    name: Arc<str>,
    old: &'s Lifecycle,
    new: &'s Lifecycle,
    old_numbers: Vec<u16>,
    new_numbers: Vec<u16>,
}

impl Life<'_> {
    fn cells(&self, old: bool) -> BTreeMap<Cell, Roles> {
        let (side, life, numbers) = match old {
            true => (&self.sides.old, self.old, &self.old_numbers),
            false => (&self.sides.new, self.new, &self.new_numbers),
        };
        let number = |state: usize| numbers.get(state).copied().unwrap_or(u16::MAX);
        let mut cells: BTreeMap<Cell, Roles> = BTreeMap::new();
        for transition in &life.transitions {
            for from in &transition.from {
                let cell = (side.activity(transition.activity), number(*from), number(transition.to));
                let roles = cells.entry(cell).or_default();
                let by: Vec<String> = if transition.by.is_empty() {
                    vec![ANYBODY.to_owned()]
                } else {
                    transition.by.iter().map(ToString::to_string).collect()
                };
                for role in by {
                    let terms = Terms::of(side, transition);
                    let known = roles.entry(role).or_default();
                    if !known.iter().any(|other| other.same(&terms)) {
                        known.push(terms);
                    }
                }
            }
        }
        cells
    }

    /// A state of either life, and its name.
    fn state(&self, number: u16) -> Option<&State> {
        let new = self.new_numbers.iter().position(|own| *own == number).and_then(|at| self.new.states.get(at));
        new.or_else(|| self.old_numbers.iter().position(|own| *own == number).and_then(|at| self.old.states.get(at)))
    }

    fn state_name(&self, number: u16) -> String {
        self.state(number).map_or("?".to_owned(), |state| state.name.to_string())
    }

    fn say(
        &self,
        activity: u16,
        to: u16,
        difference: Difference,
        from: &BTreeSet<u16>,
        roles: &BTreeSet<String>,
        found: &mut Changes,
    ) {
        let from: BTreeSet<String> = from.iter().map(|state| self.state_name(*state)).collect();
        let (activity, from) = (self.sides.activity(activity), super::listed(from).unwrap_or_default());
        let subject = format!("{}: {activity} {from} → {}", self.name, self.state_name(to));
        let who = super::listed(roles).unwrap_or_default();
        let Difference { aspect, direction, old, new } = difference;
        let (before, after) = (old.clone().unwrap_or_default(), new.clone().unwrap_or_default());
        let says = match (aspect, direction, roles.is_empty()) {
            ("transition", Direction::Widened, true) => format!("{after} may now {activity} from {from}"),
            ("transition", _, true) => format!("nobody may {activity} from {from} any more ({before})"),
            ("transition", Direction::Widened, false) => format!("{who} may now {activity} from {from}: {after}"),
            ("transition", _, false) => format!("{who} may no longer {activity} from {from}: {before}"),
            ("role", Direction::Widened, _) => {
                format!("more may now {activity} from {from}: {after} (before: {before})")
            }
            ("role", ..) => format!("fewer may {activity} from {from}: {after} (before: {before})"),
            ("once", Direction::Widened, _) => format!("{who} may now {activity} more than once"),
            ("once", ..) => format!("{who} may {activity} only once"),
            (_, Direction::Widened, _) => format!("the {aspect} of {activity} from {from} by {who} is loosened"),
            (_, Direction::Narrowed, _) => format!("the {aspect} of {activity} from {from} by {who} is tightened"),
            (_, Direction::Changed, _) => format!("the {aspect} of {activity} from {from} by {who} is another"),
        };
        let restricted = self.state(to).is_some_and(|state| state.restricted);
        let to_all = aspect == "role" && [&after, &before].iter().any(|names| names.split(", ").any(|n| n == ANYBODY));
        let risk = match aspect {
            "time limit" => Severity::Medium,
            _ if restricted || to_all => Severity::Critical,
            _ => Severity::High,
        };
        found.add(direction, risk, Found { aspect, subject, says, old, new });
    }

    fn states(&self, found: &mut Changes) {
        let subject = format!("life of {}", self.name);
        for (at, number) in self.old_numbers.iter().enumerate() {
            let Some(was) = self.old.states.get(at) else { continue };
            let new = self.new_numbers.iter().position(|own| own == number);
            let Some((place, is)) = new.and_then(|at| Some((at, self.new.states.get(at)?))) else {
                let says = format!("the state `{}` is gone", was.name);
                let old = Some(was.name.to_string());
                found.add(
                    Direction::Changed,
                    Severity::Low,
                    Found { aspect: "state", subject: subject.clone(), says, old, new: None },
                );
                continue;
            };
            if was.name != is.name {
                let says = format!("the state `{}` is now called `{}`", was.name, is.name);
                let (old, new) = (Some(was.name.to_string()), Some(is.name.to_string()));
                found.add(
                    Direction::Changed,
                    Severity::Low,
                    Found { aspect: "name", subject: subject.clone(), says, old, new },
                );
            }
            let state = format!("state {} of {}", is.name, self.name);
            self.flag("final", &state, was.final_state, is.final_state, found);
            self.flag("restricted", &state, was.restricted, is.restricted, found);
            let initial = |is: bool| is.then(|| "initial".to_owned());
            found.differs(
                Severity::Medium,
                "initial state",
                &state,
                initial(self.old.initial == at),
                initial(self.new.initial == place),
            );
            let also = |state: &State| super::listed(state.also.iter().collect::<BTreeSet<_>>());
            found.differs(Severity::Low, "declared name", &state, also(was), also(is));
        }
        let added = self.new.states.iter().zip(&self.new_numbers).filter(|(_, n)| !self.old_numbers.contains(n));
        for (state, _) in added {
            let says = format!("the state `{}` is new", state.name);
            let new = Some(state.name.to_string());
            let one = Found { aspect: "state", subject: subject.clone(), says, old: None, new };
            found.add(Direction::Changed, Severity::Low, one);
        }
    }

    /// A mark of a state under which more is held against what happens.
    fn flag(&self, mark: &'static str, subject: &str, was: bool, is: bool, found: &mut Changes) {
        if was == is {
            return;
        }
        let (direction, says) = match is {
            true => (Direction::Narrowed, format!("the state is {mark} now")),
            false => (Direction::Widened, format!("the state is no longer {mark}")),
        };
        let word = |is: bool| is.then(|| mark.to_owned());
        let found_one = Found { aspect: "state", subject: subject.to_owned(), says, old: word(was), new: word(is) };
        found.add(direction, Severity::Medium, found_one);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The most alike of all that are left, over and over.
    fn one_by_one(was: &[&Terms], is: &[&Terms]) -> Vec<(String, String)> {
        let (mut was, mut is, mut found) = (was.to_vec(), is.to_vec(), Vec::new());
        while !was.is_empty() && !is.is_empty() {
            let all = (0..was.len()).flat_map(|i| (0..is.len()).map(move |j| (i, j)));
            let rank = |(i, j): &(usize, usize)| {
                let mut keys = [was[*i].key(), is[*j].key()];
                keys.sort();
                (was[*i].likeness(is[*j]), keys)
            };
            let (i, j) = all.max_by_key(rank).unwrap();
            found.push((was.remove(i).key(), is.remove(j).key()));
        }
        found
    }

    fn terms() -> impl Strategy<Value = Vec<Terms>> {
        let within = prop::option::of((0..2_u16, 0..3_i64));
        prop::collection::vec((prop::option::of(0..3_u8), any::<bool>(), within), 0..9)
            .prop_map(|all| all.into_iter().map(|(kind, once, within)| Terms::plain(kind, once, within)).collect())
    }

    proptest! {
        #[test]
        fn pairs_are_those_of_looking_at_all_again_each_time(old in terms(), new in terms()) {
            let was: Vec<&Terms> = old.iter().filter(|a| !new.iter().any(|b| a.same(b))).collect();
            let is: Vec<&Terms> = new.iter().filter(|a| !old.iter().any(|b| a.same(b))).collect();
            let found: Vec<_> = pairs(&was, &is).into_iter().map(|(i, j)| (was[i].key(), is[j].key())).collect();
            prop_assert_eq!(found, one_by_one(&was, &is));
        }
    }

    #[test]
    fn of_too_many_none_is_paired() {
        let many: Vec<Terms> = (0..200).map(|max| Terms::plain(None, false, Some((0, max)))).collect();
        let all: Vec<&Terms> = many.iter().collect();
        assert_eq!(pairs(&all, &all), []);
        assert_eq!(pairs(&all[..100], &all[..100]).len(), 100);
    }
}
