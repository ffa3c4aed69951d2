//! Whom credentials stand for, and when: the bindings of all logins together.

use std::collections::BTreeSet;
use std::sync::Arc;

use smallvec::SmallVec;

use super::{Held, Map, hash_of};
use crate::correlate::credential::Hash;
use crate::correlate::facts::{Binding, BoundTo, Stamp};
use crate::correlate::identity::pseudonym;
use crate::correlate::session::Line;
use crate::event::EventId;

/// What one credential means, by time. Nearly all have one meaning for ever.
pub(super) type Bindings = SmallVec<[(Stamp, Binding); 1]>;

pub(super) fn bind(bindings: &mut Bindings, stamp: Stamp, binding: Binding) {
    match bindings.binary_search_by_key(&stamp, |(stamp, _)| *stamp) {
        Ok(at) => {
            if let Some((_, kept)) = bindings.get_mut(at).filter(|(_, kept)| binding < *kept) {
                *kept = binding;
            }
        }
        Err(at) => bindings.insert(at, (stamp, binding)),
    }
}

/// Longest chain of refreshed tokens that is followed.
const MOST_HOPS: usize = 64;

/// Whom a credential stands for, and what logins told of them; of a chain of tokens the latest that did.
#[derive(Clone, Copy)]
pub(in crate::correlate) struct Meaning<'d> {
    pub(in crate::correlate) subject: &'d Arc<str>,
    pub(in crate::correlate) roles: Option<&'d [Arc<str>]>,
    pub(in crate::correlate) tenant: Option<&'d Arc<str>>,
    pub(in crate::correlate) kind: Option<&'d Arc<str>>,
    /// The login at the root of the chain.
    pub(in crate::correlate) login: Line,
}

/// Whom credentials stand for, and when.
#[derive(Clone, Debug, Default)]
pub(in crate::correlate) struct Credentials {
    bindings: Map<Hash, Bindings>,
    /// Hashes of the least and the greatest issuer of a name, by the name's hash.
    issuers: Map<u64, (u64, u64)>,
}

impl Credentials {
    pub(super) fn new(bindings: Map<Hash, Bindings>, issuers: Map<u64, (u64, u64)>) -> Credentials {
        Credentials { bindings, issuers }
    }

    /// The events that bound one to somebody.
    pub(in crate::correlate) fn logins(&self) -> BTreeSet<EventId> {
        let bindings = self.bindings.values().flatten();
        bindings.filter(|(_, binding)| matches!(binding.to, BoundTo::Subject(_))).map(|((_, id), _)| *id).collect()
    }

    /// The subject that a credential stands for at a time.
    fn subject(&self, credential: Hash, time: i64) -> Option<&Arc<str>> {
        self.meaning(credential, time).map(|meaning| meaning.subject)
    }

    /// The tenant that a login told of whom a credential stands for; that of the latest of a chain of tokens.
    pub(in crate::correlate) fn tenant(&self, credential: Hash, time: i64) -> Option<&Arc<str>> {
        self.meaning(credential, time).and_then(|meaning| meaning.tenant)
    }

    /// That of the first credential of somebody that stands for anybody.
    pub(in crate::correlate) fn tenant_of(&self, held: Held<'_>, time: i64) -> Option<&Arc<str>> {
        held.credentials.iter().find_map(|hash| self.meaning(Hash::of(*hash), time))?.tenant
    }

    /// Whom a credential stands for at a time.
    pub(in crate::correlate) fn meaning(&self, credential: Hash, time: i64) -> Option<Meaning<'_>> {
        self.follow(credential, time).ok()
    }

    /// The name of whoever holds a credential that is bound to nobody: that of the first one of its chain, so that
    /// refreshed tokens are one person's. `None` where the name is not the credential's own.
    pub(in crate::correlate) fn unnamed(&self, credential: Hash, name: &str, time: i64) -> Option<Arc<str>> {
        if *name != *session_name(credential) {
            return None;
        }
        self.follow(credential, time).err().flatten().filter(|root| *root != credential).map(session_name)
    }

    fn follow(&self, credential: Hash, time: i64) -> Result<Meaning<'_>, Option<Hash>> {
        let (mut roles, mut tenant, mut kind) = (None, None, None);
        let (mut root, mut ended) = (Some(credential), false);
        let mut open = vec![(credential, time)];
        for _ in 0..MOST_HOPS {
            let Some((credential, time)) = open.pop() else { break };
            let Some((stamp, binding)) = self.at(credential, time) else {
                root = root.or(Some(credential));
                continue;
            };
            roles = roles.or(binding.roles.as_deref());
            tenant = tenant.or(binding.tenant.as_ref());
            kind = kind.or(binding.kind.as_ref());
            match &binding.to {
                BoundTo::Subject(subject) => {
                    return Ok(Meaning { subject, roles, tenant, kind, login: Line::Login(stamp.0, stamp.1.0) });
                }
                BoundTo::Nobody => ended = true,
                // What the older token stood for when it was exchanged.
                BoundTo::SameAs(other) => {
                    open.push((*other, stamp.0));
                    root = None;
                }
                BoundTo::SameAsEither(first, second) => {
                    open.extend([(*second, stamp.0), (*first, stamp.0)]);
                    root = None;
                }
            }
        }
        Err(root.filter(|_| !ended))
    }

    /// What a credential means at a time, and since when.
    fn at(&self, credential: Hash, time: i64) -> Option<&(Stamp, Binding)> {
        let bindings = self.bindings.get(&credential)?;
        let later = bindings.partition_point(|(stamp, _)| stamp.0 <= time);
        let latest = later.checked_sub(1).and_then(|at| bindings.get(at));
        latest.or_else(|| bindings.first().filter(|(_, binding)| binding.issued))
    }

    /// Name of somebody at a time: whom a credential is bound to, else the name.
    pub(super) fn name<'a>(&'a self, held: Held<'a>, time: i64) -> Option<Arc<str>> {
        let bound = held.credentials.iter().find_map(|hash| self.subject(Hash::of(*hash), time));
        let unnamed = || self.unnamed(Hash::of(*held.credentials.first()?), held.name?, time);
        bound.cloned().or_else(unnamed).or_else(|| held.name.map(|name| self.told_apart(name, held.issuer)))
    }

    /// A name with its issuer behind it, where several issuers give the same to somebody.
    pub(in crate::correlate) fn told_apart(&self, name: &str, issuer: Option<&str>) -> Arc<str> {
        let several = |name: &str| self.issuers.get(&hash_of(name)).is_some_and(|(least, greatest)| least != greatest);
        match issuer.filter(|_| several(name)) {
            Some(issuer) => format!("{name}@{issuer}").into(),
            None => name.into(),
        }
    }

    /// Splits an interval of somebody's activity where the meaning of a credential changes, and tells each part's name
    /// and login.
    pub(super) fn split(&self, held: Held<'_>, from: i64, to: i64, mut each: impl FnMut(&str, Option<Line>, i64, i64)) {
        let credentials = || held.credentials.iter().map(|hash| Hash::of(*hash));
        let changes = credentials().filter_map(|hash| self.bindings.get(&hash)).flatten().map(|(stamp, _)| stamp.0);
        let mut starts: Vec<i64> = changes.filter(|time| *time > from && *time <= to).collect();
        starts.push(from);
        starts.sort_unstable();
        starts.dedup();
        for (at, start) in starts.iter().enumerate() {
            let end = starts.get(at + 1).map_or(to, |next| next - 1);
            let login = credentials().find_map(|hash| self.meaning(hash, *start)).map(|meaning| meaning.login);
            if let Some(name) = self.name(held, *start) {
                each(&name, login, *start, end);
            }
        }
    }
}

/// The name of whoever is told by a session's credential alone.
fn session_name(credential: Hash) -> Arc<str> {
    pseudonym("session", credential)
}
