//! One credential that two clients use in turns, each with a program of its own and from a network of its own.

use std::collections::BTreeSet;

use super::moment::Moment;
use super::told::{Said, Told};
use super::{MINUTE, SECOND};
use crate::compare::deviation::Check;
use crate::event::{Gate, Mark, ProgramKind};

/// Turns: A, B, A, B. A hand-over (a laptop that is carried home) has two, and there and back again has three.
const TURNS: usize = 4;
/// Within what time they all are: nobody travels there and back twice.
const WITHIN: i64 = 30 * MINUTE;
/// More places than this are no session of one client: see CR-SHARED.
const MOST_PLACES: usize = 6;

const BECAUSE: &str = "who sits at two devices in two networks at once, both in one session, looks the same";
const MIXED: &str = "a server that goes on with its user's token looks the same";
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
    let mut places = BTreeSet::new();
    for moment in &placed {
        places.insert(Place::of(moment));
        if places.len() > MOST_PLACES {
            return told.count(Check::Concurrent, first.source, Some(false));
        }
    }
    let places: Vec<Place> = places.into_iter().collect();
    let pairs = places.iter().enumerate().flat_map(|(n, a)| places.iter().skip(n + 1).map(move |b| (*a, *b)));
    let mut found = pairs.filter(|(a, b)| are_apart(*a, *b, &places)).filter_map(|pair| turns(&placed, pair));
    match found.next() {
        Some(turns) => tell(&turns, told),
        None => told.count(Check::Concurrent, first.source, Some(false)),
    }
}

/// Whether two places are two clients: other networks, other programs, and neither program is seen in the other's
/// network. One client reaches a server by IPv4 and by IPv6.
fn are_apart(a: Place, b: Place, all: &[Place]) -> bool {
    let crosses = |p: &Place| {
        (p.network, p.program) == (a.network, b.program) || (p.network, p.program) == (b.network, a.program)
    };
    a.network != b.network && a.program != b.program && a.v6 == b.v6 && !all.iter().any(crosses)
}

/// The moments at which the turn went from one of two places to the other, if it did so often enough and soon enough.
fn turns<'m>(placed: &[&'m Moment], (a, b): (Place, Place)) -> Option<Vec<&'m Moment>> {
    let mut turns: Vec<&Moment> = Vec::new();
    let mut last: Option<&Moment> = None;
    for moment in placed.iter().copied().filter(|m| [a, b].contains(&Place::of(m))) {
        let same = last.is_some_and(|last| Place::of(last) == Place::of(moment));
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

fn tell(turns: &[&Moment], told: &mut Told) {
    let kinds: BTreeSet<bool> = turns.iter().map(|m| m.setting.kind == ProgramKind::Browser).collect();
    let seconds = match (turns.first(), turns.last()) {
        (Some(first), Some(last)) => last.time.saturating_sub(first.time) / SECOND,
        _ => 0,
    };
    let (at_most, because) = if turns.iter().any(|m| m.setting.marks.has(Mark::Relayed)) {
        (0.4, RELAYED)
    } else if kinds.len() > 1 {
        (0.45, MIXED)
    } else {
        (0.75, BECAUSE)
    };
    let observed = format!("2 programs in 2 networks taking turns {} times in {seconds}s", turns.len());
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
