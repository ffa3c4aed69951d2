//! Nesting: which of one server's sights lie in which of another's, one to one.

use std::collections::BTreeMap;

use super::Call;
use super::sight::{NOBODY, Sight, Who};

/// Exchanges looked at for one hop.
const LOOKED_AT: usize = 512;
/// The same on average, of one id or content.
const LOOKS_A_SIGHT: usize = 64;

/// How many sights may be looked at for those of one id or content. Clients choose ids: the work grows as the sights do.
pub(super) struct Looks(usize);

impl Looks {
    /// For the sights of some servers.
    pub(super) fn among<'a>(servers: impl Iterator<Item = &'a Vec<usize>>) -> Self {
        let sights: usize = servers.map(Vec::len).sum();
        Looks(LOOKED_AT.saturating_add(sights.saturating_mul(LOOKS_A_SIGHT)))
    }

    /// Takes one, if any is left.
    fn take(&mut self) -> bool {
        let left = self.0.checked_sub(1);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// A sight of a call, and its place there.
type Placed<'a> = (usize, &'a Sight);

/// Each inner sight with the outer one that it lies in and that fits, one to one: one by the same user, else one of which
/// it cannot be told who asked. Both come in the order of their times: of those that have begun, the one that is over
/// soonest leaves the most for what begins later.
pub(super) fn nest<'a>(
    call: Call<'a>,
    [inner, outer]: [&[usize]; 2],
    looks: &mut Looks,
    who: impl Fn(&Sight) -> Who,
    is_hop_of: impl Fn(&Sight, &Sight) -> bool,
) -> Vec<(usize, usize)> {
    nest_until(call, [inner, outer], looks, who, |hop| hop.over, is_hop_of)
}

/// As [`nest`], where the outer one need not last longer than until the inner one begins: it gave up.
pub(super) fn nest_outlasting<'a>(
    call: Call<'a>,
    sights: [&[usize]; 2],
    looks: &mut Looks,
    who: impl Fn(&Sight) -> Who,
    is_hop_of: impl Fn(&Sight, &Sight) -> bool,
) -> Vec<(usize, usize)> {
    nest_until(call, sights, looks, who, |hop| hop.time, is_hop_of)
}

fn nest_until<'a>(
    call: Call<'a>,
    [inner, outer]: [&[usize]; 2],
    looks: &mut Looks,
    who: impl Fn(&Sight) -> Who,
    until: impl Fn(&Sight) -> i64,
    is_hop_of: impl Fn(&Sight, &Sight) -> bool,
) -> Vec<(usize, usize)> {
    let sights = |indices: &[usize]| -> Vec<Placed<'a>> {
        indices.iter().filter_map(|index| Some((*index, &call.get(*index)?.1))).collect()
    };
    let (inner, outer) = (sights(inner), sights(outer));
    let mut waiting = outer.iter().peekable();
    let mut begun = Begun::default();
    let mut nested = Vec::new();
    for (index, hop) in inner {
        while let Some((at, sight)) =
            waiting.next_if(|(_, sight)| sight.time.saturating_sub(slack(sight, hop)) <= hop.time)
        {
            begun.insert(who(sight), (sight.waits_until(), *at), sight);
        }
        let from = (until(hop).saturating_sub(hop.tick.saturating_mul(2)), 0);
        if let Some(key) = begun.take_first(who(hop), from, looks, |sight| is_hop_of(hop, sight)) {
            nested.push((index, key.1));
        }
    }
    nested
}

/// When a sight is over, and its place.
type Ends = (i64, usize);

/// Sights that have begun, in the order of their ends.
#[derive(Default)]
struct Begun<'a> {
    /// By the kind of what tells who asked.
    kinds: BTreeMap<u8, BTreeMap<Ends, (Who, &'a Sight)>>,
    /// Those that it tells of, by who it is.
    users: BTreeMap<Who, BTreeMap<Ends, &'a Sight>>,
}

impl<'a> Begun<'a> {
    fn insert(&mut self, who: Who, ends: Ends, sight: &'a Sight) {
        self.kinds.entry(who.0).or_default().insert(ends, (who, sight));
        if who != NOBODY {
            self.users.entry(who).or_default().insert(ends, sight);
        }
    }

    /// Takes the first that is over at `from` or later and fits, by the same user, else by one who may be the same.
    fn take_first(&mut self, who: Who, from: Ends, looks: &mut Looks, fits: impl Fn(&Sight) -> bool) -> Option<Ends> {
        let own = self.users.get(&who).into_iter().flat_map(|sights| sights.range(from..)).take(LOOKED_AT);
        let own = own.take_while(|_| looks.take()).find(|(_, sight)| fits(sight)).map(|(ends, _)| *ends);
        let found = own.or_else(|| {
            let others = self.kinds.iter().filter(|(kind, _)| **kind != who.0 || who == NOBODY);
            let first = others.filter_map(|(_, sights)| {
                let open = sights.range(from..).take(LOOKED_AT).take_while(|_| looks.take());
                open.map(|(ends, (_, sight))| (ends, *sight)).find(|(_, sight)| fits(sight)).map(|(ends, _)| *ends)
            });
            first.min()
        })?;
        for sights in self.kinds.values_mut() {
            if let Some((who, _)) = sights.remove(&found)
                && let Some(own) = self.users.get_mut(&who)
            {
                own.remove(&found);
            }
        }
        Some(found)
    }
}

/// What a tick of the clocks may add or take.
pub(super) fn slack(one: &Sight, other: &Sight) -> i64 {
    one.tick.max(other.tick)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::views::hop::is_hop_of;
    use crate::pipeline::views::sight::USER;

    /// Sights on some servers in turn, all at one time.
    fn call(sights: u64, change: fn(u64, &mut Sight)) -> Vec<(usize, Sight)> {
        let all = (0..sights).map(|n| {
            let mut sight = Sight { served: 1 + n % 4, over: 100, tick: 1, status: 200, ..Sight::default() };
            change(n, &mut sight);
            (0, sight)
        });
        all.collect()
    }

    /// How many sights were looked at, and how many nest.
    fn looked(sights: u64, change: fn(u64, &mut Sight)) -> (usize, usize) {
        let call = call(sights, change);
        let on =
            |server: u64| -> Vec<usize> { (0..call.len()).filter(|index| call[*index].1.served == server).collect() };
        let servers = [on(1), on(2)];
        let mut looks = Looks::among(servers.iter());
        let before = looks.0;
        let found = nest(&call, [&servers[0], &servers[1]], &mut looks, Sight::who_asked, is_hop_of);
        (before - looks.0, found.len())
    }

    #[test]
    fn the_work_grows_as_the_sights_of_an_id_do() {
        assert_eq!(looked(8_000, |n, sight| sight.traits[USER] = n + 1), (0, 0), "what other users asked");
        assert_eq!(looked(8_000, |n, sight| sight.traits[USER] = n / 4 + 1), (2_000, 2_000));
        let (looks, _) = looked(8_000, |n, sight| sight.asked = n + 1);
        assert!(looks <= LOOKED_AT + 4_000 * LOOKS_A_SIGHT, "{looks}");
    }

    #[test]
    fn a_user_comes_before_one_who_may_be_the_same() {
        let user: fn(u64, &mut Sight) = |n, sight| match n {
            // The inner one, the outer one of the same user, and one that nobody tells of, which is over sooner.
            0 | 1 => sight.traits[USER] = 7,
            _ => (sight.served, sight.over) = (2, 99),
        };
        let call = call(3, user);
        let mut looks = Looks(LOOKED_AT);
        let found =
            |looks: &mut Looks, outer: &[usize]| nest(&call, [&[0], outer], looks, Sight::who_asked, |_, _| true);
        assert_eq!(found(&mut looks, &[1, 2]), [(0, 1)]);
        assert_eq!(found(&mut looks, &[2]), [(0, 2)]);
    }
}
