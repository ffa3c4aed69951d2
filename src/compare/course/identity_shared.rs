//! One account that several people use at once, each with credentials of his own.

use std::collections::BTreeMap;

use super::HOUR;
use super::moment::Moment;
use super::told::{Said, Told};
use crate::compare::deviation::Check;
use crate::compare::threshold::{SHARED_HOURS, SHARED_PLACES};
use crate::event::{Gate, Mark};

/// Writes from one place within the hour: one is a click on the way.
const WRITES: u64 = 2;
/// Most places of one hour that are kept; more are many in any case.
const MOST: usize = 64;

const BECAUSE: &str = "somebody whose provider sends each request out elsewhere looks the same";

pub(super) fn fold(course: &[Moment], told: &mut Told) {
    let person = |m: &&Moment| {
        let program = m.deed.service || m.deed.agent || m.deed.api_key;
        m.deed.accepted && m.deed.known && !m.deed.read && !program && m.setting.gate == Gate::None
    };
    let writes: Vec<&Moment> = course.iter().filter(person).collect();
    let Some(first) = writes.first() else { return };
    let placed: Vec<&Moment> = writes.iter().copied().filter(|m| place(m) != 0).collect();
    if placed.is_empty() {
        return told.count(Check::IdentityShared, first.source, None);
    }
    let (places, hours) = (told.limits.count(&SHARED_PLACES), told.limits.count(&SHARED_HOURS));
    let shared: Vec<&[&Moment]> = placed
        .chunk_by(|a, b| a.time.div_euclid(HOUR) == b.time.div_euclid(HOUR))
        .filter(|hour| in_turns(hour) >= places)
        .collect();
    let Some(last) = shared.last().filter(|_| shared.len() >= hours) else {
        return told.count(Check::IdentityShared, first.source, Some(false));
    };
    let most = shared.iter().map(|hour| in_turns(hour)).max().unwrap_or(0);
    let observed = format!("{most} networks in turns within an hour (in {} hours)", shared.len());
    told.tell(Check::IdentityShared, last, Said::new("one person by one account", observed, 0.45, BECAUSE));
}

/// Where it came from: the network; inside, the address. Behind an undeclared proxy it is what the client says.
fn place(moment: &Moment) -> u64 {
    let setting = &moment.setting;
    let at = if setting.network == 0 { setting.address } else { setting.network };
    if setting.marks.has(Mark::Relayed) { 0 } else { at }
}

/// Places that came in turns within an hour: none of them was left for good before another one came.
fn in_turns(hour: &[&Moment]) -> usize {
    let mut places: BTreeMap<u64, (u64, usize, usize)> = BTreeMap::new();
    for (at, moment) in hour.iter().enumerate() {
        if places.len() < MOST || places.contains_key(&place(moment)) {
            let (count, _, last) = places.entry(place(moment)).or_insert((0, at, at));
            (*count, *last) = (*count + 1, at);
        }
    }
    let often: Vec<_> = places.values().filter(|(count, ..)| *count >= WRITES).collect();
    let overlaps = |a: &(u64, usize, usize), b: &(u64, usize, usize)| a.1 < b.2 && b.1 < a.2;
    let meets = |a: &&&(u64, usize, usize)| often.iter().all(|b| std::ptr::eq(**a, *b) || overlaps(a, b));
    often.iter().filter(meets).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::course::sample;

    fn found(turns: &[(i64, u64)]) -> usize {
        let at = |(minute, network): &(i64, u64)| {
            let mut moment = sample::moment(minute * 60);
            moment.setting.network = *network;
            moment
        };
        let mut told = Told::default();
        fold(&turns.iter().map(at).collect::<Vec<_>>(), &mut told);
        told.strays.len()
    }

    fn hour(from: i64, networks: &[u64]) -> Vec<(i64, u64)> {
        networks.iter().enumerate().map(|(n, network)| (from + i64::try_from(n).unwrap(), *network)).collect()
    }

    #[test]
    fn three_people_in_turns_share_an_account() {
        let turns = [1, 2, 3, 1, 2, 3];
        assert_eq!(found(&[hour(0, &turns), hour(60, &turns)].concat()), 1);
        assert_eq!(found(&hour(0, &turns)), 0, "once");
        let moves = [1, 1, 2, 2, 3, 3];
        assert_eq!(found(&[hour(0, &moves), hour(60, &moves)].concat()), 0, "one after the other");
        let phone = [1, 2, 1, 2, 1, 2];
        assert_eq!(found(&[hour(0, &phone), hour(60, &phone)].concat()), 0, "a desk and a phone");
        assert_eq!(found(&[hour(0, &[0; 6]), hour(60, &[0; 6])].concat()), 0, "nothing is known of places");
    }
}
