//! The directory: all facts together. Adding and merging commute, so any partition of the input gives the same one.

mod chains;
mod credentials;
mod doors;
mod named;
mod shared;
mod waiting;

use std::hash::BuildHasher as _;
use std::sync::Arc;

use credentials::{Bindings, Issuers, bind};
pub(super) use credentials::{Credentials, Meaning};
use doors::Doors;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
pub(super) use named::Named;

use super::credential::Hash;
use super::facts::{Claimed, Facts, Holder, Presence, RoleSource, Stamp, TenantFact};
use super::identity::MOST_SHOWN;
use super::pool::Pool;
use super::resolve::{Known, Resolver};
use super::run::Runs;
use super::session::{Line, Spells};
use crate::event::{EventId, ObjectId};
use crate::model::CheckOptions;

/// A map whose order is never looked at.
pub(super) type Map<K, V> = HashMap<K, V, FixedState>;

/// What all exchanges together teach about credentials and objects.
///
/// It grows with distinct credentials, objects and actors, so that texts are kept once, in pools, and told by numbers.
/// Numbers depend on the order of additions; nothing that is decided here does.
#[derive(Clone, Debug)]
pub struct Directory {
    /// Silence that ends a session, in microseconds.
    gap: i64,
    bindings: Map<Hash, Bindings>,
    doors: Doors,
    /// Object identities, as [`object_bytes`] writes them.
    objects: Pool,
    /// By an object's number.
    records: Vec<ObjectRecord>,
    /// What calls about objects name beside them.
    named: Named,
    /// Holders, as [`holder_bytes`] writes them.
    holders: Pool,
    /// Strands of holders: a strand's number, then the holder.
    strands: Pool,
    /// By a strand's number.
    presence: Vec<Spells>,
    /// By the hash of a name.
    issuers: Map<u64, Issuers>,
    /// When a credential last served whoever showed it.
    served: Map<Hash, i64>,
    /// Cookies that answers gave to who showed no API key.
    given: Map<Hash, ()>,
    runs: Runs,
    tenants: Pool,
    roles: Map<RoleSource, Arc<str>>,
}

/// What is known of an object whatever the exchange.
#[derive(Clone, Copy, Debug, Default)]
struct ObjectRecord {
    parent: Option<Learnt>,
    owner: Option<Learnt>,
    /// Who brought it into being, where only a login may tell their tenant.
    creator: Option<Learnt>,
    /// Declared tenants and inferred ones: a declared one is what counts.
    tenant: Option<Learnt>,
    tenant_inferred: bool,
}

/// What was learnt, as a number in a pool, and when.
#[derive(Clone, Copy, Debug)]
struct Learnt {
    time: i64,
    event: u64,
    number: u32,
}

impl Learnt {
    fn new(stamp: Stamp, number: u32) -> Learnt {
        Learnt { time: stamp.0, event: stamp.1.0, number }
    }

    fn stamp(self) -> (i64, u64) {
        (self.time, self.event)
    }
}

/// Keeps the earlier of two; of two that were learnt at once, the one that `text` says is less.
fn keep_least<T: Ord>(kept: &mut Option<Learnt>, other: Learnt, text: impl Fn(u32) -> T) {
    let less = |kept: &Learnt| {
        let order = other.stamp().cmp(&kept.stamp());
        order.then_with(|| text(other.number).cmp(&text(kept.number))).is_lt()
    };
    if kept.as_ref().is_none_or(less) {
        *kept = Some(other);
    }
}

/// An object's identity in a pool: the length of its type's name, that name, its key.
pub(super) fn object_bytes(id: &ObjectId, bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.extend((id.object_type.len() as u64).to_le_bytes().iter().take(4));
    bytes.extend(id.object_type.as_bytes());
    bytes.extend(id.key.as_bytes());
}

/// Type and key of an object in a pool.
pub(super) fn object_of(bytes: &[u8]) -> (&[u8], &[u8]) {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return (&[], &[]) };
    rest.split_at_checked(u32::from_le_bytes(*length) as usize).unwrap_or_default()
}

/// A holder in a pool: how many credentials it has, whether a name, an issuer and a token that gives the name, the
/// credentials, the token, the issuer's length and text, the name.
fn holder_bytes(holder: &Holder, bytes: &mut Vec<u8>) {
    let credentials = holder.credentials.iter().take(MOST_CREDENTIALS);
    let token = holder.token.map_or(0, |token| if token.yields { YIELDS } else { STANDS });
    bytes.push(credentials.len() as u8);
    let (named, issued) =
        (if holder.name.is_some() { NAMED } else { 0 }, if holder.issuer.is_some() { ISSUED } else { 0 });
    bytes.push(named | issued | token);
    bytes.extend(credentials.flat_map(|hash| hash.bytes()));
    bytes.extend(holder.token.iter().flat_map(|token| token.hash.bytes()));
    if let Some(issuer) = &holder.issuer {
        bytes.extend((issuer.len() as u32).to_le_bytes());
        bytes.extend(issuer.as_bytes());
    }
    bytes.extend(holder.name.iter().flat_map(|name| name.as_bytes()));
}

/// Most credentials of one holder.
const MOST_CREDENTIALS: usize = MOST_SHOWN;
/// Bits of a holder in a pool.
const NAMED: u8 = 1;
const ISSUED: u8 = 2;
const YIELDS: u8 = 4;
const STANDS: u8 = 8;

/// A holder as it lies in a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held<'d> {
    pub(super) credentials: &'d [[u8; 16]],
    pub(super) token: Option<Claimed>,
    pub(super) issuer: Option<&'d str>,
    pub(super) name: Option<&'d str>,
}

fn holder_of(bytes: &[u8]) -> Held<'_> {
    let read = || {
        let ([count, flags], rest) = bytes.split_first_chunk::<2>()?;
        let (credentials, rest) = rest.split_at_checked(usize::from(*count) * 16)?;
        let (token, rest) = match flags & (YIELDS | STANDS) {
            0 => (None, rest),
            kind => {
                let (hash, rest) = rest.split_first_chunk::<16>()?;
                (Some(Claimed { hash: Hash::of(*hash), yields: kind == YIELDS }), rest)
            }
        };
        let (issuer, name) = if flags & ISSUED == 0 {
            (None, rest)
        } else {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            let (issuer, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            (Some(text(issuer)), rest)
        };
        let name = (flags & NAMED != 0).then(|| text(name));
        Some(Held { credentials: credentials.as_chunks::<16>().0, token, issuer, name })
    };
    read().unwrap_or_default()
}

/// Text that went into a pool as such.
pub(super) fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default()
}

/// Number of entries, so that a caller can bound memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DirectorySize {
    /// Bound credentials.
    pub credentials: usize,
    /// Objects with a parent, owner or tenant.
    pub objects: usize,
    /// Actors whose spells of activity are tracked.
    pub actors: usize,
    /// Spells of all actors.
    pub spells: usize,
}

impl Default for Directory {
    fn default() -> Directory {
        Directory::new()
    }
}

impl Directory {
    /// An empty directory; half an hour of silence ends a session.
    pub fn new() -> Directory {
        Directory::with_gap(None)
    }

    /// An empty directory in which so many microseconds of silence end a session, if they are given. Only directories
    /// of one gap may be merged.
    pub fn with_gap(gap: Option<i64>) -> Directory {
        Directory {
            gap: gap.unwrap_or(CheckOptions::default().session_gap),
            bindings: Map::default(),
            doors: Doors::default(),
            objects: Pool::default(),
            records: Vec::new(),
            named: Named::default(),
            holders: Pool::default(),
            strands: Pool::default(),
            presence: Vec::new(),
            issuers: Map::default(),
            served: Map::default(),
            given: Map::default(),
            runs: Runs::default(),
            tenants: Pool::default(),
            roles: Map::default(),
        }
    }

    /// Adds the facts of one exchange. Those of objects without a place teach nothing.
    pub fn add(&mut self, facts: Facts) {
        let mut bytes = Vec::new();
        for (hash, stamp, binding) in facts.bindings {
            bind(self.bindings.entry(hash).or_default(), stamp, binding);
        }
        facts.doors.into_iter().for_each(|door| self.doors.add(door));
        for (child, stamp, parent) in facts.parents {
            object_bytes(&parent, &mut bytes);
            let parent = self.object(&bytes);
            object_bytes(&child, &mut bytes);
            self.add_parent(&bytes, stamp, parent);
        }
        for (about, other) in facts.named {
            object_bytes(&other, &mut bytes);
            let other = self.object(&bytes);
            object_bytes(&about, &mut bytes);
            self.add_named(&bytes, other);
        }
        for (object, stamp, holder) in facts.owners {
            bytes.clear();
            holder_bytes(&holder, &mut bytes);
            let holder = self.holder(&bytes);
            object_bytes(&object, &mut bytes);
            self.add_owner(&bytes, stamp, holder);
        }
        for (object, stamp, holder) in facts.creators {
            bytes.clear();
            holder_bytes(&holder, &mut bytes);
            let holder = self.holder(&bytes);
            object_bytes(&object, &mut bytes);
            self.add_creator(&bytes, stamp, holder);
        }
        for (object, TenantFact { inferred, stamp, tenant }) in facts.tenants {
            object_bytes(&object, &mut bytes);
            self.add_tenant(&bytes, inferred, stamp, tenant.as_bytes());
        }
        if let Some((source, role)) = facts.shows_roles {
            self.roles.entry(source).or_insert(role);
        }
        for Presence { holder, strand, served, from, to } in facts.presence {
            for hash in holder.credentials.iter().filter(|_| served) {
                self.add_served(*hash, from);
            }
            bytes.clear();
            bytes.extend(strand.to_le_bytes());
            holder_bytes(&holder, &mut bytes);
            self.add_presence(&bytes, from, to);
        }
        self.given.extend(facts.given.into_iter().map(|hash| (hash, ())));
        facts.runs.iter().for_each(|marks| self.runs.add(marks));
        for (name, issuer, verified) in facts.issuers {
            self.add_issuers(hash_of(&name), Issuers::of(hash_of(&issuer), verified));
        }
    }

    fn object(&mut self, bytes: &[u8]) -> Option<u32> {
        let number = self.objects.keep(bytes);
        self.records.resize_with(self.objects.len(), ObjectRecord::default);
        number
    }

    fn holder(&mut self, bytes: &[u8]) -> Option<u32> {
        self.holders.keep(bytes)
    }

    fn add_issuers(&mut self, name: u64, issuers: Issuers) {
        self.issuers.entry(name).and_modify(|kept| *kept = kept.and(issuers)).or_insert(issuers);
    }

    fn add_served(&mut self, credential: Hash, time: i64) {
        let last = self.served.entry(credential).or_insert(time);
        *last = time.max(*last);
    }

    fn add_parent(&mut self, child: &[u8], stamp: Stamp, parent: Option<u32>) {
        let child = self.object(child);
        let Some((child, parent)) = child.zip(parent) else { return };
        if let Some(record) = self.records.get_mut(child as usize) {
            let objects = &self.objects;
            keep_least(&mut record.parent, Learnt::new(stamp, parent), |number| object_of(objects.get(number)));
        }
    }

    fn add_named(&mut self, about: &[u8], other: Option<u32>) {
        let about = self.object(about);
        let Some((about, other)) = about.zip(other) else { return };
        self.named.add(about, other, &self.objects);
    }

    fn add_owner(&mut self, object: &[u8], stamp: Stamp, holder: Option<u32>) {
        let object = self.object(object);
        let Some((object, holder)) = object.zip(holder) else { return };
        if let Some(record) = self.records.get_mut(object as usize) {
            let holders = &self.holders;
            keep_least(&mut record.owner, Learnt::new(stamp, holder), |number| holder_of(holders.get(number)));
        }
    }

    fn add_creator(&mut self, object: &[u8], stamp: Stamp, holder: Option<u32>) {
        let object = self.object(object);
        let Some((object, holder)) = object.zip(holder) else { return };
        if let Some(record) = self.records.get_mut(object as usize) {
            let holders = &self.holders;
            keep_least(&mut record.creator, Learnt::new(stamp, holder), |number| holder_of(holders.get(number)));
        }
    }

    fn add_tenant(&mut self, object: &[u8], inferred: bool, stamp: Stamp, tenant: &[u8]) {
        let (object, tenant) = (self.object(object), self.tenants.keep(tenant));
        let Some((object, tenant)) = object.zip(tenant) else { return };
        let Some(record) = self.records.get_mut(object as usize) else { return };
        match (record.tenant.is_some(), record.tenant_inferred, inferred) {
            (true, false, true) => return,
            (true, true, false) => record.tenant = None,
            _ => {}
        }
        record.tenant_inferred = inferred;
        let tenants = &self.tenants;
        keep_least(&mut record.tenant, Learnt::new(stamp, tenant), |number| tenants.get(number));
    }

    fn add_presence(&mut self, strand: &[u8], from: i64, to: i64) {
        let number = self.strands.keep(strand);
        self.presence.resize_with(self.strands.len(), Spells::default);
        let spells = number.and_then(|number| self.presence.get_mut(number as usize));
        spells.into_iter().for_each(|spells| spells.add(from, to, self.gap));
    }

    /// Adds all facts of another directory.
    pub fn merge(&mut self, other: Directory) {
        other.bindings.into_iter().for_each(|(hash, bindings)| {
            let mine = self.bindings.entry(hash).or_default();
            bindings.into_iter().for_each(|(stamp, binding)| bind(mine, stamp, binding));
        });
        self.doors.merge(other.doors);
        let stamp = |learnt: Learnt| (learnt.time, EventId(learnt.event));
        for (number, record) in (0..).zip(&other.records) {
            let object = other.objects.get(number);
            if let Some(learnt) = record.parent {
                let parent = self.object(other.objects.get(learnt.number));
                self.add_parent(object, stamp(learnt), parent);
            }
            if let Some(learnt) = record.owner {
                let holder = self.holder(other.holders.get(learnt.number));
                self.add_owner(object, stamp(learnt), holder);
            }
            if let Some(learnt) = record.creator {
                let holder = self.holder(other.holders.get(learnt.number));
                self.add_creator(object, stamp(learnt), holder);
            }
            if let Some(learnt) = record.tenant {
                let tenant = other.tenants.get(learnt.number);
                self.add_tenant(object, record.tenant_inferred, stamp(learnt), tenant);
            }
        }
        for (about, named) in other.named.iter() {
            let named = self.object(other.objects.get(named));
            self.add_named(other.objects.get(about), named);
        }
        for (number, spells) in (0..).zip(&other.presence) {
            spells.iter().for_each(|(from, to)| self.add_presence(other.strands.get(number), from, to));
        }
        other.issuers.into_iter().for_each(|(name, issuers)| self.add_issuers(name, issuers));
        other.served.into_iter().for_each(|(credential, time)| self.add_served(credential, time));
        self.given.extend(other.given);
        self.runs.merge(other.runs);
        // One model gives one default role, so it does not matter whose is kept.
        self.roles.extend(other.roles);
    }

    /// Number of entries.
    pub fn size(&self) -> DirectorySize {
        DirectorySize {
            credentials: self.bindings.len(),
            objects: self.records.iter().filter(|record| record.is_known()).count(),
            actors: self.presence.iter().filter(|spells| spells.len() > 0).count(),
            spells: self.presence.iter().map(Spells::len).sum(),
        }
    }

    /// Number of entries of all kinds.
    pub fn len(&self) -> usize {
        let size = self.size();
        size.credentials + size.objects + size.actors
    }

    /// Whether no fact was added.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ends collection: from here on events are resolved.
    pub fn freeze(mut self) -> Resolver {
        let (mut bindings, issuers) = (std::mem::take(&mut self.bindings), std::mem::take(&mut self.issuers));
        let served = std::mem::take(&mut self.served);
        for (hash, stamp, binding) in std::mem::take(&mut self.doors).opened(&served) {
            bind(bindings.entry(hash).or_default(), stamp, binding);
        }
        let credentials = Credentials::new(bindings, &served, issuers);
        let shared = self.shared_keys(&served, &credentials);
        let credentials = credentials.with_shared(shared);
        self.place(&credentials);
        let mut names = self.tenants;
        let records = self.records.iter().map(|record| Known {
            parent: record.parent.map(|parent| parent.number),
            owner: record.owner.and_then(|owner| {
                names.keep(credentials.name(holder_of(self.holders.get(owner.number)), owner.time)?.as_bytes())
            }),
            tenant: record.tenant.map(|tenant| tenant.number).or_else(|| {
                let creator = record.creator?;
                let held = holder_of(self.holders.get(creator.number));
                names.keep(credentials.tenant_of(held, creator.time)?.as_bytes())
            }),
        });
        let records = records.collect();
        drop(self.records);
        let (mut lines, mut sessions) = (Pool::default(), Vec::<Spells>::new());
        for (number, spells) in (0..).zip(self.presence) {
            let Some((strand, holder)) = self.strands.get(number).split_first_chunk::<8>() else { continue };
            let (strand, holder) = (u64::from_le_bytes(*strand), holder_of(holder));
            for (from, to) in spells.iter() {
                credentials.split(holder, from, to, |name, login, from, to| {
                    let line = login.unwrap_or(Line::Strand(strand));
                    let Some(number) = lines.keep(&line.bytes(name)) else { return };
                    sessions.resize_with(lines.len(), Spells::default);
                    let spells = sessions.get_mut(number as usize);
                    spells.into_iter().for_each(|spells| spells.add(from, to, self.gap));
                });
            }
        }
        Resolver::new(
            credentials,
            (self.objects, records, self.named),
            names,
            (lines, sessions),
            self.runs.settled(),
            self.roles,
        )
    }
}

impl Directory {
    /// Hashes of the names of API keys beside which several people's sessions stand.
    fn shared_keys(&self, served: &Map<Hash, i64>, credentials: &Credentials) -> Map<u64, ()> {
        let mut beside = shared::Beside::of(served, &self.given, credentials);
        for (number, spells) in (0..).zip(&self.presence) {
            let Some((strand, holder)) = self.strands.get(number).split_first_chunk::<8>() else { continue };
            let holder = holder_of(holder);
            spells.iter().for_each(|(from, to)| beside.add(holder, u64::from_le_bytes(*strand), from, to));
        }
        beside.shared()
    }
}

impl ObjectRecord {
    /// Whether it says more than that the object is somebody's parent.
    fn is_known(&self) -> bool {
        self.parent.is_some() || self.owner.is_some() || self.tenant.is_some() || self.creator.is_some()
    }
}

/// Hash by which a text is known where the text itself is not needed.
pub(super) fn hash_of(text: &str) -> u64 {
    FixedState::default().hash_one(text)
}
