//! Chains of tokens: whom each binding stands for in the end, found once for all of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use smallvec::SmallVec;

use super::Map;
use super::credentials::{Bindings, position};
use crate::correlate::credential::Hash;
use crate::correlate::facts::{Acting, Binding, BoundTo, Stamp};

/// Steps that are followed where tokens stand for each other in a ring.
const MOST_ROUND: usize = 1_024;

/// Most software in one chain that is kept.
const MOST_AGENTS: usize = 32;

/// What one credential means in the end, by time.
pub(super) type Meanings = SmallVec<[(Stamp, Meant); 1]>;

/// Whom a credential stands for from some time on, and what logins told of them; of a chain of tokens the latest that did.
#[derive(Clone, Debug)]
pub(super) struct Meant {
    /// See [`Binding::issued`].
    pub(super) issued: bool,
    pub(super) end: End,
    pub(super) roles: Option<Arc<[Arc<str>]>>,
    pub(super) tenant: Option<Arc<str>>,
    pub(super) kind: Option<Arc<str>>,
    /// Software that acts by it, of all tokens of the chain, the latest first.
    pub(super) acting: Acting,
}

/// Where a chain of tokens begins.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// At a login of this subject.
    Login(Arc<str>, Stamp),
    /// At a credential of which no login was seen.
    Unseen(Hash),
    /// Nowhere: it was ended, or goes round.
    Nowhere,
}

/// A binding: a credential, and its place among the credential's.
type Node = (Hash, usize);

/// How far a binding that stands for another credential has been followed.
#[derive(Clone, Debug)]
enum State {
    Open,
    /// It leads into a ring.
    Knotted,
    Done(Meant),
}

/// What every binding means in the end. Work and memory grow with the bindings, however long their chains are.
pub(super) fn followed(bindings: &Map<Hash, Bindings>) -> Map<Hash, Meanings> {
    let mut chains = Chains { bindings, states: Map::default() };
    let nodes = || bindings.iter().flat_map(|(hash, all)| (0..all.len()).map(|at| (*hash, at)));
    nodes().for_each(|node| chains.follow(node));
    let meanings = bindings.iter().map(|(hash, all)| {
        let meant = |(at, (stamp, _)): (usize, &(Stamp, Binding))| Some((*stamp, chains.meant((*hash, at))?));
        (*hash, all.iter().enumerate().filter_map(meant).collect())
    });
    meanings.collect()
}

struct Chains<'b> {
    bindings: &'b Map<Hash, Bindings>,
    /// Of bindings that stand for other credentials.
    states: Map<Node, State>,
}

impl Chains<'_> {
    fn binding(&self, (hash, at): Node) -> Option<&(Stamp, Binding)> {
        self.bindings.get(&hash)?.get(at)
    }

    /// Credentials that a binding stands for, with the binding of each that counted at that time.
    fn next(&self, node: Node) -> SmallVec<[(Hash, Option<Node>); 2]> {
        let Some((stamp, binding)) = self.binding(node) else { return SmallVec::new() };
        let all = match &binding.to {
            BoundTo::SameAs(one) | BoundTo::SameAsOr(one, _) => [Some(*one), None],
            BoundTo::SameAsEither(first, second) => [Some(*first), Some(*second)],
            BoundTo::Subject(_) | BoundTo::Nobody | BoundTo::LoggedOut => [None, None],
        };
        let then = |hash| {
            // A session that goes on under its own value stands for whom it stood for before.
            if hash == node.0 && matches!(binding.to, BoundTo::SameAsOr(..)) {
                return Some((hash, node.1.checked_sub(1)?));
            }
            let at = position(self.bindings.get(&hash)?, stamp.0, |binding| binding.issued)?;
            Some((hash, at))
        };
        all.into_iter().flatten().map(|hash| (hash, then(hash))).collect()
    }

    /// Follows a binding and all that it leads to, the furthest first.
    fn follow(&mut self, node: Node) {
        let mut open = vec![node];
        while let Some(node) = open.last().copied() {
            let next = self.next(node);
            let nodes = || next.iter().filter_map(|(_, node)| *node);
            match self.states.get(&node) {
                None if !next.is_empty() => {
                    self.states.insert(node, State::Open);
                    let unknown = nodes().filter(|next| !self.states.contains_key(next));
                    open.extend(unknown.filter(|next| !self.next(*next).is_empty()));
                    continue;
                }
                Some(State::Open) => {
                    let knotted = |next| matches!(self.states.get(&next), Some(State::Open | State::Knotted));
                    let state = if nodes().any(knotted) { State::Knotted } else { State::Done(self.joined(node)) };
                    self.states.insert(node, state);
                }
                _ => {}
            }
            open.pop();
        }
    }

    /// What a binding means whose next ones are all known.
    fn joined(&self, node: Node) -> Meant {
        let next: SmallVec<[Meant; 2]> =
            self.next(node).into_iter().map(|(hash, next)| self.known(hash, next)).collect();
        let ended = next.iter().any(|meant| matches!(meant.end, End::Nowhere));
        let login = next.iter().position(|meant| matches!(meant.end, End::Login(..)));
        let first = next.into_iter().nth(login.unwrap_or(0));
        let told =
            first.map(|meant| if login.is_none() && ended { Meant { end: End::Nowhere, ..meant } } else { meant });
        let told = told.unwrap_or_else(Meant::nowhere);
        self.own(node).before(match self.subject(node).filter(|_| login.is_none()) {
            Some(end) => Meant { end, ..Meant::nowhere() },
            None => told,
        })
    }

    /// Whom a binding stands for where what it goes by stands for nobody.
    fn subject(&self, node: Node) -> Option<End> {
        let (stamp, binding) = self.binding(node)?;
        let BoundTo::SameAsOr(_, subject) = &binding.to else { return None };
        Some(End::Login(Arc::clone(subject), *stamp))
    }

    fn known(&self, hash: Hash, next: Option<Node>) -> Meant {
        let unseen = || Meant { end: End::Unseen(hash), ..Meant::nowhere() };
        next.map_or_else(unseen, |node| self.meant(node).unwrap_or_else(Meant::nowhere))
    }

    /// What a binding means that was followed.
    fn meant(&self, node: Node) -> Option<Meant> {
        let (stamp, binding) = self.binding(node)?;
        let end = match (&binding.to, self.states.get(&node)) {
            (_, Some(State::Done(meant))) => return Some(meant.clone()),
            (BoundTo::Subject(subject), _) => End::Login(subject.clone(), *stamp),
            (BoundTo::Nobody | BoundTo::LoggedOut, _) => End::Nowhere,
            (BoundTo::SameAs(_) | BoundTo::SameAsEither(..) | BoundTo::SameAsOr(..), _) => {
                return Some(self.round(node));
            }
        };
        Some(Meant::told(binding).before(Meant { end, ..Meant::nowhere() }))
    }

    /// The first login that a binding in a ring, or before one, leads to.
    fn round(&self, start: Node) -> Meant {
        let mut found =
            Meant { issued: self.binding(start).is_some_and(|(_, first)| first.issued), ..Meant::nowhere() };
        let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
        while let Some(node) = open.pop().filter(|_| seen.len() < MOST_ROUND) {
            if !seen.insert(node) {
                continue;
            }
            if let Some(State::Open | State::Knotted) = self.states.get(&node) {
                found = found.before(self.own(node));
                if let Some(end) = self.subject(node) {
                    return found.before(Meant { end, ..Meant::nowhere() });
                }
                open.extend(self.next(node).into_iter().rev().filter_map(|(_, next)| next));
            } else if let Some(meant) = self.meant(node).filter(|meant| matches!(meant.end, End::Login(..))) {
                return found.before(meant);
            }
        }
        found
    }

    /// What a binding tells by itself.
    fn own(&self, node: Node) -> Meant {
        self.binding(node).map_or_else(Meant::nowhere, |(_, binding)| Meant::told(binding))
    }
}

impl Meant {
    fn nowhere() -> Meant {
        Meant { issued: false, end: End::Nowhere, roles: None, tenant: None, kind: None, acting: Acting::default() }
    }

    fn told(binding: &Binding) -> Meant {
        let Binding { issued, roles, tenant, kind, acting, .. } = binding.clone();
        Meant { issued, end: End::Nowhere, roles, tenant, kind, acting }
    }

    /// What this tells, and of what it does not tell what an older one does.
    fn before(self, older: Meant) -> Meant {
        Meant {
            issued: self.issued,
            end: older.end,
            roles: self.roles.or(older.roles),
            tenant: self.tenant.or(older.tenant),
            kind: self.kind.or(older.kind),
            acting: self.acting.before(older.acting),
        }
    }
}

impl Acting {
    /// This, and what acted by an older token before it.
    fn before(mut self, older: Acting) -> Acting {
        self.agents.extend(older.agents);
        self.agents.truncate(MOST_AGENTS);
        Acting { agents: self.agents, client: self.client.or(older.client), scopes: self.scopes.or(older.scopes) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::correlate::directory::credentials::bind;
    use crate::event::EventId;

    fn hash(n: u8) -> Hash {
        Hash::of([n; 16])
    }

    fn bindings() -> impl Strategy<Value = Map<Hash, Bindings>> {
        let one = (0..8_u8, 0..12_i64, 0..6_u8, 0..8_u8, 0..8_u8, any::<bool>());
        prop::collection::vec(one, 0..16).prop_map(|all| {
            let mut map = Map::<Hash, Bindings>::default();
            for (n, (credential, time, kind, first, second, issued)) in (0..).zip(all) {
                let to = match kind {
                    0 => BoundTo::Subject(format!("u{first}").into()),
                    1 => BoundTo::Nobody,
                    2 | 3 => BoundTo::SameAs(hash(first)),
                    4 => BoundTo::SameAsOr(hash(first), format!("u{second}").into()),
                    _ => BoundTo::SameAsEither(hash(first), hash(second)),
                };
                bind(map.entry(hash(credential)).or_default(), (time, EventId(n)), Binding::to(to, issued));
            }
            map
        })
    }

    /// The first login that a binding leads to, by trying all ways that meet nothing twice; and whether one would have.
    fn login(all: &Map<Hash, Bindings>, (credential, at): Node, path: &mut Vec<Node>) -> (Option<Arc<str>>, bool) {
        if path.contains(&(credential, at)) {
            return (None, true);
        }
        let (stamp, binding) = &all[&credential][at];
        let next = match &binding.to {
            BoundTo::Subject(subject) => return (Some(subject.clone()), false),
            BoundTo::Nobody | BoundTo::LoggedOut => return (None, false),
            BoundTo::SameAs(one) => vec![*one],
            BoundTo::SameAsEither(first, second) => vec![*first, *second],
            BoundTo::SameAsOr(one, _) => vec![*one],
        };
        path.push((credential, at));
        let mut found = (None, false);
        for other in next {
            let before = other == credential && matches!(binding.to, BoundTo::SameAsOr(..));
            let then = all.get(&other).and_then(|then| position(then, stamp.0, |binding| binding.issued));
            let then = if before { at.checked_sub(1) } else { then };
            let (login, round) = then.map_or((None, false), |then| login(all, (other, then), path));
            found = (found.0.or(login), found.1 | round);
        }
        path.pop();
        if let (None, BoundTo::SameAsOr(_, subject)) = (&found.0, &binding.to) {
            found.0 = Some(Arc::clone(subject));
        }
        found
    }

    proptest! {
        #[test]
        fn chains_lead_where_trying_all_ways_does(all in bindings()) {
            for (credential, meanings) in followed(&all) {
                prop_assert_eq!(meanings.len(), all[&credential].len());
                for (at, (_, meant)) in meanings.iter().enumerate() {
                    let found = match &meant.end {
                        End::Login(subject, _) => Some(subject.clone()),
                        _ => None,
                    };
                    let (expected, round) = login(&all, (credential, at), &mut Vec::new());
                    if round {
                        prop_assert_eq!(found.is_some(), expected.is_some());
                    } else {
                        prop_assert_eq!(found, expected);
                    }
                }
            }
        }
    }
}
