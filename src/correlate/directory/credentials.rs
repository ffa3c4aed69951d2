//! Whom credentials stand for, and when.

use std::sync::Arc;

use smallvec::SmallVec;

use super::Map;
use crate::correlate::credential::Hash;
use crate::correlate::facts::{Binding, BoundTo, Stamp};

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

/// Whom a credential stands for, and what logins told of them; of a chain of tokens the latest that did.
#[derive(Clone, Copy)]
struct Meaning<'d> {
    subject: &'d Arc<str>,
    roles: Option<&'d [Arc<str>]>,
    tenant: Option<&'d Arc<str>>,
}

/// Longest chain of refreshed tokens that is followed.
const MOST_HOPS: usize = 64;

/// Whom credentials stand for, and when.
#[derive(Clone, Debug, Default)]
pub(in crate::correlate) struct Credentials {
    pub(super) bindings: Map<Hash, Bindings>,
}

impl Credentials {
    /// The subject that a credential stands for at a time.
    pub(in crate::correlate) fn subject(&self, credential: Hash, time: i64) -> Option<&Arc<str>> {
        self.meaning(credential, time).map(|meaning| meaning.subject)
    }

    /// The roles that a login told of whom a credential stands for; those of the latest of a chain of tokens.
    pub(in crate::correlate) fn roles(&self, credential: Hash, time: i64) -> Option<&[Arc<str>]> {
        self.meaning(credential, time).and_then(|meaning| meaning.roles)
    }

    /// The tenant that a login told of whom a credential stands for; that of the latest of a chain of tokens.
    pub(in crate::correlate) fn tenant(&self, credential: Hash, time: i64) -> Option<&Arc<str>> {
        self.meaning(credential, time).and_then(|meaning| meaning.tenant)
    }

    fn meaning(&self, credential: Hash, time: i64) -> Option<Meaning<'_>> {
        let (mut credential, mut time) = (credential, time);
        let (mut roles, mut tenant) = (None, None);
        for _ in 0..MOST_HOPS {
            let bindings = self.bindings.get(&credential)?;
            let later = bindings.partition_point(|(stamp, _)| stamp.0 <= time);
            let latest = later.checked_sub(1).and_then(|at| bindings.get(at));
            let (stamp, binding) = latest.or_else(|| bindings.first().filter(|(_, b)| b.issued))?;
            roles = roles.or(binding.roles.as_deref());
            tenant = tenant.or(binding.tenant.as_ref());
            match &binding.to {
                BoundTo::Subject(subject) => return Some(Meaning { subject, roles, tenant }),
                BoundTo::Nobody => return None,
                // What the older token stood for when it was exchanged.
                BoundTo::SameAs(other) => (credential, time) = (*other, stamp.0),
            }
        }
        None
    }

    /// Name of somebody at a time: whom the credential is bound to, else the name.
    pub(super) fn name<'a>(&'a self, credential: Option<Hash>, name: Option<&'a str>, time: i64) -> Option<&'a str> {
        credential.and_then(|c| self.subject(c, time)).map(|subject| &**subject).or(name)
    }

    /// Splits an interval of somebody's activity where the credential's meaning changes.
    pub(super) fn split(
        &self,
        (credential, name): (Option<Hash>, Option<&str>),
        from: i64,
        to: i64,
        mut each: impl FnMut(&str, i64, i64),
    ) {
        let changes = credential.and_then(|c| self.bindings.get(&c));
        let mut start = from;
        let later = changes.into_iter().flatten().filter(|(stamp, _)| stamp.0 >= from);
        for (stamp, _) in later {
            if stamp.0 > to {
                break;
            }
            if stamp.0 > start {
                if let Some(name) = self.name(credential, name, start) {
                    each(name, start, stamp.0 - 1);
                }
                start = stamp.0;
            }
        }
        if let Some(name) = self.name(credential, name, start) {
            each(name, start, to);
        }
    }
}
