//! Accounts of gateways: a hop that names another user than the outer exchange does.
//!
//! Who asks at the edge and who asks behind it are two, unless a gateway asks there in its own name for whomever it serves:
//! then few users inside stand for many outside.

use std::collections::{BTreeMap, BTreeSet};

use super::hop::Link;

/// Outer users that make the inner one an account.
const MANY: usize = 8;
/// The same, where packets show that the inner request comes from the outer server.
const SEVERAL: usize = 2;
/// Most accounts between two servers.
const FEW: usize = 8;
/// Inner users that are counted of a link. Clients make up as many as they like, so those that stand for most stay.
const COUNTED: usize = 64;

/// What may be hops but for their users.
#[derive(Debug, Default)]
pub(super) struct Accounts(BTreeMap<Link, Between>);

/// Those between two servers.
#[derive(Debug, Default)]
struct Between {
    pairs: u64,
    /// By inner user.
    inner: BTreeMap<u64, Account>,
}

/// An inner user.
#[derive(Debug, Default)]
struct Account {
    /// Outer users that it stood for and was not refused, up to [`MANY`].
    users: BTreeSet<u64>,
    pairs: u64,
}

impl Accounts {
    /// Counts one of these users, the inner one first, and whether they were served: anybody can send names that are
    /// refused.
    pub(super) fn count(&mut self, link: Link, [inner, outer]: [u64; 2], served: bool) {
        let between = self.0.entry(link).or_default();
        between.pairs += 1;
        if between.inner.len() >= COUNTED && !between.inner.contains_key(&inner) {
            let least = between.inner.iter().min_by_key(|(user, account)| (account.users.len(), account.pairs, **user));
            if let Some(least) = least.map(|(user, _)| *user) {
                between.inner.remove(&least);
            }
        }
        let account = between.inner.entry(inner).or_default();
        account.pairs += 1;
        if served && account.users.len() < MANY {
            account.users.insert(outer);
        }
    }

    /// Links that have any.
    pub(super) fn links(&self) -> impl Iterator<Item = &Link> {
        self.0.keys()
    }

    /// Whether an inner user is a gateway's account.
    pub(super) fn is_one(&self, link: Link, inner: u64, by_packets: bool) -> bool {
        self.0.get(&link).is_some_and(|between| between.is_account(inner, if by_packets { SEVERAL } else { MANY }))
    }

    /// Exchanges of a link whose inner users are accounts.
    pub(super) fn often(&self, link: Link) -> u64 {
        let Some(between) = self.0.get(&link) else { return 0 };
        let accounts = between.inner.values().filter(|account| account.users.len() >= MANY);
        // No user is counted to stand for more, so that all of these are alike.
        if accounts.clone().count() > FEW { 0 } else { accounts.map(|account| account.pairs).sum() }
    }

    /// All of them, by input; where coarse clocks let either of two be the inner one, those of one way.
    pub(super) fn by_unit(&self) -> BTreeMap<u32, u64> {
        let mut units = BTreeMap::new();
        for ((unit, from, to), between) in &self.0 {
            let back = self.0.get(&(*unit, *to, *from)).map_or(0, |back| back.pairs);
            if back == 0 || from < to {
                *units.entry(*unit).or_default() += between.pairs.max(back);
            }
        }
        units
    }
}

impl Between {
    /// Whether an inner user stands for so many, and few others for as many.
    fn is_account(&self, inner: u64, least: usize) -> bool {
        let Some(users) = self.inner.get(&inner).map(|account| account.users.len()) else { return false };
        let alike = self.inner.values().filter(|account| account.users.len() >= users).count();
        users >= least && alike <= FEW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: Link = (0, 1, 2);

    #[test]
    fn an_account_stands_for_many() {
        let mut accounts = Accounts::default();
        for outer in 1..=7 {
            (0..5).for_each(|_| accounts.count(LINK, [100, outer], true));
        }
        assert!(!accounts.is_one(LINK, 100, false) && accounts.is_one(LINK, 100, true));
        assert_eq!(accounts.often(LINK), 0);
        accounts.count(LINK, [100, 8], true);
        accounts.count(LINK, [101, 8], true);
        assert!(accounts.is_one(LINK, 100, false) && !accounts.is_one(LINK, 101, true));
        assert_eq!((accounts.often(LINK), accounts.by_unit()), (36, BTreeMap::from([(0, 37)])));
    }

    #[test]
    fn many_users_inside_are_no_accounts() {
        let mut accounts = Accounts::default();
        for (inner, outer) in (100..109).flat_map(|inner| (0..9).map(move |outer| (inner, outer))) {
            accounts.count(LINK, [inner, outer], true);
        }
        assert!(!accounts.is_one(LINK, 100, true));
        assert_eq!((accounts.often(LINK), accounts.by_unit()), (0, BTreeMap::from([(0, 81)])));
    }

    #[test]
    fn names_that_clients_make_up_hide_no_account() {
        let mut accounts = Accounts::default();
        for n in 0..1_000 {
            // Who is refused stands for nobody; who is served, for those whose id was at hand.
            accounts.count(LINK, [1_000 + n, n % 20], false);
            accounts.count(LINK, [5_000 + n, n % 20], true);
            accounts.count(LINK, [100, n % 20], true);
        }
        for outer in 0..20 {
            accounts.count(LINK, [101, outer], false);
        }
        assert!(accounts.is_one(LINK, 100, false));
        assert_eq!(accounts.often(LINK), 1_000);
        assert!(!accounts.is_one(LINK, 101, false) && accounts.0[&LINK].inner.len() <= COUNTED);
    }
}
