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

/// What may be hops but for their users.
#[derive(Debug, Default)]
pub(super) struct Accounts(BTreeMap<Link, Between>);

/// Those between two servers.
#[derive(Debug, Default)]
struct Between {
    pairs: u64,
    /// By inner user; of one more than [`FEW`], none is an account.
    accounts: BTreeMap<u64, Account>,
}

/// An inner user.
#[derive(Debug, Default)]
struct Account {
    pairs: u64,
    /// Outer users that it stood for, up to [`MANY`].
    users: BTreeSet<u64>,
}

impl Accounts {
    /// Counts one of these users, the inner one first.
    pub(super) fn count(&mut self, link: Link, [inner, outer]: [u64; 2]) {
        let Between { pairs, accounts } = self.0.entry(link).or_default();
        *pairs += 1;
        if accounts.len() > FEW && !accounts.contains_key(&inner) {
            return;
        }
        let account = accounts.entry(inner).or_default();
        account.pairs += 1;
        if account.users.len() < MANY {
            account.users.insert(outer);
        }
    }

    /// Links that have any.
    pub(super) fn links(&self) -> impl Iterator<Item = &Link> {
        self.0.keys()
    }

    /// Whether an inner user is a gateway's account.
    pub(super) fn is_one(&self, link: Link, inner: u64, by_packets: bool) -> bool {
        let least = if by_packets { SEVERAL } else { MANY };
        let users = self.of(link).and_then(|accounts| accounts.get(&inner)).map_or(0, |account| account.users.len());
        users >= least
    }

    /// Exchanges of a link whose inner users are accounts.
    pub(super) fn often(&self, link: Link) -> u64 {
        let accounts = self.of(link).into_iter().flat_map(BTreeMap::values);
        accounts.filter(|account| account.users.len() >= MANY).map(|account| account.pairs).sum()
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

    fn of(&self, link: Link) -> Option<&BTreeMap<u64, Account>> {
        self.0.get(&link).map(|between| &between.accounts).filter(|accounts| accounts.len() <= FEW)
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
            (0..5).for_each(|_| accounts.count(LINK, [100, outer]));
        }
        assert!(!accounts.is_one(LINK, 100, false) && accounts.is_one(LINK, 100, true));
        assert_eq!(accounts.often(LINK), 0);
        accounts.count(LINK, [100, 8]);
        accounts.count(LINK, [101, 8]);
        assert!(accounts.is_one(LINK, 100, false) && !accounts.is_one(LINK, 101, true));
        assert_eq!((accounts.often(LINK), accounts.by_unit()), (36, BTreeMap::from([(0, 37)])));
    }

    #[test]
    fn many_users_inside_are_no_accounts() {
        let mut accounts = Accounts::default();
        for (inner, outer) in (100..109).flat_map(|inner| (0..9).map(move |outer| (inner, outer))) {
            accounts.count(LINK, [inner, outer]);
        }
        assert!(!accounts.is_one(LINK, 100, true));
        assert_eq!((accounts.often(LINK), accounts.by_unit()), (0, BTreeMap::from([(0, 81)])));
    }
}
