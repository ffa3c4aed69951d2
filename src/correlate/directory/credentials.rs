//! Whom credentials stand for, and when: the bindings of all logins together.

use std::collections::BTreeSet;
use std::sync::Arc;

use smallvec::SmallVec;

use super::chains::{self, End, Meanings, Meant};
use super::{Held, Map, hash_of, shared};
use crate::correlate::credential::Hash;
use crate::correlate::facts::{Acting, Agent, Binding, BoundTo, Stamp};
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

/// Of bindings in the order of time the place of the one that counts at a time: the latest, or the first where its value
/// was new then, whatever the clocks say.
pub(super) fn position<T>(all: &[(Stamp, T)], time: i64, issued: impl Fn(&T) -> bool) -> Option<usize> {
    let later = all.partition_point(|(stamp, _)| stamp.0 <= time);
    later.checked_sub(1).or_else(|| all.first().filter(|(_, first)| issued(first)).map(|_| 0))
}

/// Hashes of the issuers of one name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Issuers {
    /// The least and the greatest.
    all: (u64, u64),
    /// Of those whose signature a given key made.
    verified: Option<(u64, u64)>,
}

impl Issuers {
    pub(super) fn of(issuer: u64, verified: bool) -> Issuers {
        Issuers { all: (issuer, issuer), verified: verified.then_some((issuer, issuer)) }
    }

    pub(super) fn and(self, other: Issuers) -> Issuers {
        let both = |one: (u64, u64), two: (u64, u64)| (one.0.min(two.0), one.1.max(two.1));
        let verified = match (self.verified, other.verified) {
            (Some(one), Some(two)) => Some(both(one, two)),
            (one, two) => one.or(two),
        };
        Issuers { all: both(self.all, other.all), verified }
    }

    /// Whether they are several. Where a key proved some, anybody may have made up the others.
    fn are_several(self) -> bool {
        let (least, greatest) = self.verified.unwrap_or(self.all);
        least != greatest
    }
}

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
    meanings: Map<Hash, Meanings>,
    /// By the hash of a name.
    issuers: Map<u64, Issuers>,
    /// Hashes of the names of API keys that are several people's.
    shared: Map<u64, ()>,
}

impl Credentials {
    /// `served`: when each credential last served whoever showed it. What looks like a logout ended no credential that
    /// serves after it.
    pub(super) fn new(
        mut bindings: Map<Hash, Bindings>,
        served: &Map<Hash, i64>,
        issuers: Map<u64, Issuers>,
    ) -> Credentials {
        for (hash, bindings) in &mut bindings {
            if let Some(last) = served.get(hash) {
                bindings.retain(|(stamp, binding)| binding.to != BoundTo::LoggedOut || stamp.0 > *last);
            }
        }
        Credentials { meanings: chains::followed(&bindings), issuers, shared: Map::default() }
    }

    /// The same, with API keys that name nobody.
    pub(super) fn with_shared(self, shared: Map<u64, ()>) -> Credentials {
        Credentials { shared, ..self }
    }

    /// Who holds the session beside an API key that is several people's. Nobody is called what he is not by it: the name is
    /// that of a credential that only he shows.
    pub(in crate::correlate) fn beside_shared(
        &self,
        name: &str,
        credentials: impl Iterator<Item = Hash>,
        time: i64,
    ) -> Option<(Hash, Arc<str>)> {
        if self.shared.is_empty() || !self.shared.contains_key(&hash_of(name)) {
            return None;
        }
        let session = shared::session(name, credentials)?;
        let own = session_name(session);
        Some((session, self.unnamed(session, &own, time).unwrap_or(own)))
    }

    /// Hash of whose a credential is that a login gave out or is known by: of a name where one is known, so that several
    /// sessions of one are one's.
    pub(super) fn person(&self, credential: Hash, time: i64) -> Option<u64> {
        let meant = self.at(credential, time)?;
        match &meant.end {
            End::Login(subject, _) => Some(hash_of(subject)),
            End::Unseen(root) => meant.issued.then(|| root.to_u64()),
            End::Nowhere => None,
        }
    }

    /// Whether a login bound a credential, at whatever time.
    pub(in crate::correlate) fn are_known(&self, credential: Hash) -> bool {
        self.meanings.contains_key(&credential)
    }

    /// The events that bound one to somebody.
    pub(in crate::correlate) fn logins(&self) -> BTreeSet<EventId> {
        let ends = self.meanings.values().flatten().map(|(_, meant)| &meant.end);
        ends.filter_map(|end| if let End::Login(_, stamp) = end { Some(stamp.1) } else { None }).collect()
    }

    /// The tenant that a login told of whom a credential stands for; that of the latest of a chain of tokens.
    pub(in crate::correlate) fn tenant(&self, credential: Hash, time: i64) -> Option<&Arc<str>> {
        self.meaning(credential, time).and_then(|meaning| meaning.tenant)
    }

    /// That of the first credential of somebody that stands for anybody.
    pub(in crate::correlate) fn tenant_of(&self, held: Held<'_>, time: i64) -> Option<&Arc<str>> {
        self.bound(held, time)?.tenant
    }

    /// Whom somebody's credentials stand for: the first that stands for anybody, unless the name is more to go by. That
    /// is the name of a token that a login gave out, and any token's whose name the credential does not bear out.
    fn bound(&self, held: Held<'_>, time: i64) -> Option<Meaning<'_>> {
        let mut all = held.credentials.iter().filter_map(|hash| self.meaning(Hash::of(*hash), time));
        match held.token {
            Some(token) if self.meaning(token.hash, time).is_some() => None,
            Some(token) => all.find(|meaning| token.yields || Some(&**meaning.subject) == held.name),
            None => all.next(),
        }
    }

    /// Whom a credential stands for at a time.
    pub(in crate::correlate) fn meaning(&self, credential: Hash, time: i64) -> Option<Meaning<'_>> {
        let Meant { end, roles, tenant, kind, .. } = self.at(credential, time)?;
        let End::Login(subject, stamp) = end else { return None };
        let login = Line::Login(stamp.0, stamp.1.0);
        let (roles, tenant, kind) = (roles.as_deref(), tenant.as_ref(), kind.as_ref());
        Some(Meaning { subject, roles, tenant, kind, login })
    }

    /// Who acts by a credential and what it is good for, whether or not it is known whom it stands for.
    pub(in crate::correlate) fn acting(&self, credential: Hash, time: i64) -> Option<&Acting> {
        self.at(credential, time).map(|meant| &meant.acting)
    }

    /// What software is called that acts: whom its token stood for then, else by the token.
    pub(in crate::correlate) fn agent(&self, agent: &Agent) -> Arc<str> {
        match agent {
            Agent::Named(name) => Arc::clone(name),
            Agent::Holder(token, time) => {
                let known = self.meaning(*token, *time).map(|meaning| Arc::clone(meaning.subject));
                let name = session_name(*token);
                known.or_else(|| self.unnamed(*token, &name, *time)).unwrap_or(name)
            }
        }
    }

    /// The name of whoever holds a credential that is bound to nobody: that of the first one of its chain, so that
    /// refreshed tokens are one person's. `None` where the name is not the credential's own.
    pub(in crate::correlate) fn unnamed(&self, credential: Hash, name: &str, time: i64) -> Option<Arc<str>> {
        if *name != *session_name(credential) {
            return None;
        }
        match self.at(credential, time)?.end {
            End::Unseen(root) if root != credential => Some(session_name(root)),
            _ => None,
        }
    }

    /// What a credential means at a time.
    fn at(&self, credential: Hash, time: i64) -> Option<&Meant> {
        let meanings = self.meanings.get(&credential)?;
        meanings.get(position(meanings, time, |meant| meant.issued)?).map(|(_, meant)| meant)
    }

    /// Name of somebody at a time: whom a credential is bound to, else the name.
    pub(super) fn name<'a>(&'a self, held: Held<'a>, time: i64) -> Option<Arc<str>> {
        let bound = self.bound(held, time).map(|meaning| meaning.subject);
        let unnamed = || self.unnamed(Hash::of(*held.credentials.first()?), held.name?, time);
        let beside = || {
            let credentials = held.credentials.iter().map(|hash| Hash::of(*hash));
            let name = held.name.filter(|_| held.token.is_none() && held.issuer.is_none())?;
            self.beside_shared(name, credentials, time).map(|(_, name)| name)
        };
        bound
            .cloned()
            .or_else(unnamed)
            .or_else(beside)
            .or_else(|| held.name.map(|name| self.told_apart(name, held.issuer)))
    }

    /// A name with its issuer behind it, where several issuers give the same to somebody.
    pub(in crate::correlate) fn told_apart(&self, name: &str, issuer: Option<&str>) -> Arc<str> {
        let several = |name: &str| self.issuers.get(&hash_of(name)).is_some_and(|issuers| issuers.are_several());
        match issuer.filter(|_| several(name)) {
            Some(issuer) => format!("{name}@{issuer}").into(),
            None => name.into(),
        }
    }

    /// Splits an interval of somebody's activity where the meaning of a credential changes, and tells each part's name
    /// and login.
    pub(super) fn split(&self, held: Held<'_>, from: i64, to: i64, mut each: impl FnMut(&str, Option<Line>, i64, i64)) {
        let token = held.token.map(|token| token.hash);
        let credentials = held.credentials.iter().map(|hash| Hash::of(*hash)).chain(token);
        let changes = credentials.filter_map(|hash| self.meanings.get(&hash)).flatten().map(|(stamp, _)| stamp.0);
        let mut starts: Vec<i64> = changes.filter(|time| *time > from && *time <= to).collect();
        starts.push(from);
        starts.sort_unstable();
        starts.dedup();
        for (at, start) in starts.iter().enumerate() {
            let end = starts.get(at + 1).map_or(to, |next| next - 1);
            let login = self.bound(held, *start).map(|meaning| meaning.login);
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
