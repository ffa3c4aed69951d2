//! One credential that two clients use in turns, each with a program of its own and from a network of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::moment::Moment;
use super::told::{Said, Told};
use super::{MINUTE, SECOND};
use crate::compare::deviation::Check;
use crate::event::{Gate, Mark, ProgramKind};

/// Turns: A, B, A, B. A hand-over (a laptop that is carried home) has two, and there and back again has three.
const TURNS: usize = 4;
/// Within what time they all are: nobody travels there and back twice.
const WITHIN: i64 = 30 * MINUTE;
/// Places, and then networks, that are compared with each other: the commonest.
const MOST_PLACES: usize = 6;

const BECAUSE: &str = "who sits at two devices in two networks at once, both in one session, looks the same";
const MIXED: &str = "a server that goes on with its user's token looks the same";
const MANY: &str = "so many programs use it that they were told apart by their networks alone";
const RELAYED: &str = "an undeclared proxy stands in front: whose address it is, its client could say";

/// Where a client is: network, program, and the rest of what tells two apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    network: u64,
    program: u64,
    kind: ProgramKind,
    v6: bool,
}

impl Place {
    fn of(moment: &Moment) -> Place {
        let setting = &moment.setting;
        let v6 = setting.marks.has(Mark::V6);
        Place { network: setting.network, program: setting.program, kind: setting.kind, v6 }
    }
}

pub(super) fn fold(course: &[Moment], told: &mut Told) {
    let counts = |m: &&Moment| m.deed.accepted && !m.deed.ends && !m.deed.spends && m.setting.gate == Gate::None;
    let used: Vec<&Moment> = course.iter().filter(counts).collect();
    let Some(first) = used.first() else { return };
    if first.deed.api_key || first.deed.service {
        return told.count(Check::Concurrent, first.source, Some(false));
    }
    let placed: Vec<&Moment> =
        used.iter().copied().filter(|m| m.setting.network != 0 && m.setting.program != 0).collect();
    if placed.is_empty() {
        // Inside, nobody is far from anybody; without addresses nothing is known.
        let inside = used.iter().any(|m| m.setting.address != 0);
        return told.count(Check::Concurrent, first.source, inside.then_some(false));
    }
    let (places, all) = commonest(placed.iter().map(|moment| Place::of(moment)));
    let apart = |(a, b): &(Place, Place)| are_apart(*a, *b, &all);
    if let Some(turns) = pairs(&places).filter(apart).find_map(|pair| turns(&placed, pair, Place::of)) {
        return tell(&turns, false, told);
    }
    if all.len() <= MOST_PLACES {
        return told.count(Check::Concurrent, first.source, Some(false));
    }
    // Who names another program each time is still where he is.
    let mut programs: BTreeMap<(u64, bool), BTreeSet<u64>> = BTreeMap::new();
    for place in &all {
        programs.entry((place.network, place.v6)).or_default().insert(place.program);
    }
    let network = |m: &Moment| (m.setting.network, m.setting.marks.has(Mark::V6));
    let (networks, _) = commonest(placed.iter().map(|moment| network(moment)));
    let apart = |(a, b): &((u64, bool), (u64, bool))| {
        a.1 == b.1 && programs.get(a).zip(programs.get(b)).is_some_and(|(a, b)| a.is_disjoint(b))
    };
    match pairs(&networks).filter(apart).find_map(|pair| turns(&placed, pair, network)) {
        Some(turns) => tell(&turns, true, told),
        None => told.count(Check::Concurrent, first.source, None),
    }
}

/// The commonest of them, of equals the least, and all.
fn commonest<T: Copy + Ord>(of: impl Iterator<Item = T>) -> (Vec<T>, BTreeSet<T>) {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    of.for_each(|one| *counts.entry(one).or_default() += 1);
    let mut sorted: Vec<(usize, T)> = counts.iter().map(|(one, count)| (*count, *one)).collect();
    sorted.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    (sorted.into_iter().take(MOST_PLACES).map(|(_, one)| one).collect(), counts.into_keys().collect())
}

fn pairs<T: Copy>(of: &[T]) -> impl Iterator<Item = (T, T)> {
    of.iter().enumerate().flat_map(|(n, a)| of.iter().skip(n + 1).map(move |b| (*a, *b)))
}

/// Whether two places are two clients: other networks, other programs, and neither program is seen in the other's
/// network. One client reaches a server by IPv4 and by IPv6.
fn are_apart(a: Place, b: Place, all: &BTreeSet<Place>) -> bool {
    let crosses = |p: &Place| {
        (p.network, p.program) == (a.network, b.program) || (p.network, p.program) == (b.network, a.program)
    };
    a.network != b.network && a.program != b.program && a.v6 == b.v6 && !all.iter().any(crosses)
}

/// The moments at which the turn went from one of two places to the other, if it did so often enough and soon enough.
fn turns<'m, T: PartialEq>(
    placed: &[&'m Moment],
    (a, b): (T, T),
    of: impl Fn(&Moment) -> T,
) -> Option<Vec<&'m Moment>> {
    let mut turns: Vec<&Moment> = Vec::new();
    let mut last: Option<&Moment> = None;
    for moment in placed.iter().copied().filter(|m| {
        let at = of(m);
        at == a || at == b
    }) {
        let same = last.is_some_and(|last| of(last) == of(moment));
        // What a coarse clock has in one tick is in no order.
        if !same && last.is_some_and(|last| !moment.is_after(last)) {
            continue;
        }
        if !same {
            turns.push(moment);
        } else if turns.len() == 1 {
            // The first turn counts from its end.
            turns = vec![moment];
        }
        last = Some(moment);
        let recent = turns.len().checked_sub(TURNS).and_then(|from| turns.get(from..));
        if let Some([first, .., last]) = recent
            && last.time.saturating_sub(first.time) <= WITHIN
        {
            return recent.map(<[&Moment]>::to_vec);
        }
    }
    None
}

fn tell(turns: &[&Moment], many: bool, told: &mut Told) {
    let device = |m: &&Moment| matches!(m.setting.kind, ProgramKind::Browser | ProgramKind::App);
    let kinds: BTreeSet<bool> = turns.iter().map(device).collect();
    let seconds = match (turns.first(), turns.last()) {
        (Some(first), Some(last)) => last.time.saturating_sub(first.time) / SECOND,
        _ => 0,
    };
    let (at_most, because) = if turns.iter().all(|m| m.setting.marks.has(Mark::Relayed)) {
        // A proxy in front writes the header for both: one of them alone wrote it itself.
        (0.4, RELAYED)
    } else if many {
        (0.45, MANY)
    } else if kinds.len() > 1 {
        (0.45, MIXED)
    } else {
        (0.75, BECAUSE)
    };
    let programs = if many { "programs" } else { "2 programs" };
    let observed = format!("{programs} in 2 networks taking turns {} times in {seconds}s", turns.len());
    told.tell(Check::Concurrent, turns, Said::new("one client at a time", observed, at_most, because));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::course::sample;

    fn at(second: i64, place: u64) -> Moment {
        let mut moment = sample::moment(second);
        (moment.setting.network, moment.setting.program) = (100 + place, 200 + place);
        moment.setting.kind = ProgramKind::Browser;
        moment
    }

    fn found(course: &[Moment]) -> usize {
        let mut told = Told::default();
        fold(course, &mut told);
        assert_eq!(told.counts.values().map(|tally| tally.evaluated + tally.not_evaluable).sum::<u64>(), 1);
        told.strays.len()
    }

    #[test]
    fn two_that_take_turns_are_two() {
        assert_eq!(found(&[at(1, 0), at(20, 1), at(40, 0), at(60, 1)]), 1);
        let minutes: Vec<Moment> = (0..8).map(|n| at(n * 60, u64::try_from(n % 2).unwrap())).collect();
        assert_eq!(found(&minutes), 1, "one credential, one finding");
    }

    fn confidence(course: &[Moment]) -> Option<f32> {
        let mut told = Told::default();
        fold(course, &mut told);
        told.strays.first().and_then(|stray| stray.doubt).map(|doubt| doubt.0)
    }

    #[test]
    fn who_names_another_program_each_time_is_for_review() {
        let mut course: Vec<Moment> = (0..20).map(|n| at(n * 5, u64::try_from(n % 2).unwrap())).collect();
        for (n, moment) in (0_u64..).zip(&mut course).skip(1).step_by(2) {
            moment.setting.program = 500 + n;
        }
        assert_eq!(confidence(&course), Some(0.45));
        course[1].setting.program = 200;
        assert_eq!(confidence(&course), None, "the one program was seen in the other's network");
        let mut told = Told::default();
        fold(&course, &mut told);
        assert_eq!(told.counts.values().map(|tally| tally.not_evaluable).sum::<u64>(), 1, "it is not said to be fine");
    }

    #[test]
    fn a_device_and_a_tool_and_a_proxy_in_front_are_for_review() {
        let course: Vec<Moment> = (0..8).map(|n| at(n * 5, u64::try_from(n % 2).unwrap())).collect();
        assert_eq!(confidence(&course), Some(0.75));
        let mut mixed = course.clone();
        mixed.iter_mut().step_by(2).for_each(|m| m.setting.kind = ProgramKind::App);
        assert_eq!(confidence(&mixed), Some(0.75), "two devices");
        mixed.iter_mut().skip(1).step_by(2).for_each(|m| m.setting.kind = ProgramKind::Tool);
        assert_eq!(confidence(&mixed), Some(0.45), "an app and its own server");
        let mut relayed = course.clone();
        relayed.iter_mut().step_by(2).for_each(|m| m.setting.marks.add(Mark::Relayed));
        assert_eq!(confidence(&relayed), Some(0.75), "one of them wrote the header itself");
        relayed.iter_mut().for_each(|m| m.setting.marks.add(Mark::Relayed));
        assert_eq!(confidence(&relayed), Some(0.4));
    }

    #[test]
    fn a_hand_over_is_none_and_neither_is_there_and_back() {
        assert_eq!(found(&[at(1, 0), at(2, 0), at(20, 1), at(60, 1)]), 0);
        assert_eq!(found(&[at(1, 0), at(20, 1), at(60, 0)]), 0);
        assert_eq!(found(&[at(1, 0), at(3_000, 1), at(6_000, 0), at(9_000, 1)]), 0, "a commuter");
    }

    #[test]
    fn one_program_in_two_networks_is_one_client() {
        let roaming = |second: i64, network: u64| {
            let mut moment = at(second, 0);
            moment.setting.network = network;
            moment
        };
        let course: Vec<Moment> = (0..20).map(|n| roaming(n * 5, 7 + u64::try_from(n % 2).unwrap())).collect();
        assert_eq!(found(&course), 0, "an egress pool, a phone between two networks");
    }

    #[test]
    fn two_devices_behind_both_networks_are_one_household() {
        let mut course: Vec<Moment> = (0..20).map(|n| at(n * 5, u64::try_from(n % 2).unwrap())).collect();
        course[10].setting.network = 101;
        assert_eq!(found(&course), 0, "the one program was seen in the other's network");
    }

    #[test]
    fn both_versions_of_ip_are_one_client() {
        let mut course: Vec<Moment> = (0..20).map(|n| at(n * 5, u64::try_from(n % 2).unwrap())).collect();
        course.iter_mut().skip(1).step_by(2).for_each(|m| m.setting.marks.add(Mark::V6));
        assert_eq!(found(&course), 0);
    }

    #[test]
    fn a_tick_has_no_order_and_inside_is_nowhere() {
        let mut course: Vec<Moment> = (0..20).map(|n| at(5, u64::try_from(n % 2).unwrap())).collect();
        course.iter_mut().for_each(|m| m.tick = SECOND);
        assert_eq!(found(&course), 0);
        let mut course: Vec<Moment> = (0..20).map(|n| at(n * 5, u64::try_from(n % 2).unwrap())).collect();
        course.iter_mut().for_each(|m| m.setting.network = 0);
        assert_eq!(found(&course), 0);
    }

    proptest::proptest! {
        #[test]
        fn four_turns_are_those_that_trying_all_fours_finds(steps in proptest::collection::vec((1_i64..900, 0_u64..2), 0..24)) {
            let mut second = 0;
            let course: Vec<Moment> = steps.iter().map(|(wait, place)| { second += wait; at(second, *place) }).collect();
            // A, B, A, B with nothing of the other between two of them counts by its last A and its first B.
            let mut naive = false;
            for (i, a) in course.iter().enumerate() {
                let other = |m: &&Moment| m.setting.program != a.setting.program;
                let same = |m: &&Moment| m.setting.program == a.setting.program;
                let rest = &course[i + 1..];
                let Some(b) = rest.iter().find(other) else { continue };
                let Some(c) = rest.iter().filter(|m| m.time > b.time).find(same) else { continue };
                let Some(d) = rest.iter().filter(|m| m.time > c.time).find(other) else { continue };
                naive |= d.time - a.time <= WITHIN;
            }
            let mut told = Told::default();
            fold(&course, &mut told);
            // From the second turn on a turn counts from its beginning: the fold is the stricter one.
            proptest::prop_assert!(!told.strays.is_empty() <= naive);
            if steps.iter().all(|(wait, _)| *wait < 60) {
                proptest::prop_assert_eq!(!told.strays.is_empty(), naive);
            }
        }
    }
}
