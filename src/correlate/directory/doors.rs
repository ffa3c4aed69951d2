//! Logins that only all exchanges together tell: paths at which a token is given to nobody but who sends a name and a secret.

use std::collections::BTreeSet;

use super::Map;
use crate::correlate::credential::Hash;
use crate::correlate::facts::{Binding, BoundTo, Door, Stamp};

/// Names that must have been let in, and served by what they were given.
const SEVERAL: usize = 2;

/// What was given out at each path, by the hash of host, method and path.
#[derive(Clone, Debug, Default)]
pub(super) struct Doors(Map<u64, Given>);

#[derive(Clone, Debug, Default)]
struct Given {
    /// A token was given to who sent no name and secret: it is no login's.
    aside: bool,
    made: Vec<(Hash, Stamp, Binding)>,
}

impl Doors {
    /// Notes what one exchange gave out.
    pub(super) fn add(&mut self, Door { place, made }: Door) {
        let aside = made.is_empty();
        self.join(place, Given { aside, made });
    }

    /// Adds what another part of the input shows.
    pub(super) fn merge(&mut self, other: Doors) {
        other.0.into_iter().for_each(|(place, given)| self.join(place, given));
    }

    fn join(&mut self, place: u64, more: Given) {
        let given = self.0.entry(place).or_default();
        given.aside |= more.aside;
        if given.aside {
            given.made = Vec::new();
        } else {
            given.made.extend(more.made);
        }
    }

    /// Bindings of the paths that are logins. `served`: credentials by which somebody was served.
    pub(super) fn opened(self, served: &Map<Hash, i64>) -> impl Iterator<Item = (Hash, Stamp, Binding)> {
        let is_login = |given: &Given| {
            let used = given.made.iter().filter(|(hash, ..)| served.contains_key(hash));
            let names: BTreeSet<&BoundTo> = used.map(|(.., binding)| &binding.to).collect();
            names.len() >= SEVERAL
        };
        self.0.into_values().filter(is_login).flat_map(|given| given.made)
    }
}
