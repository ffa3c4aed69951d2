//! Facts: what one exchange teaches that other exchanges need.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::credential::Hash;
use super::run::Marks;
use crate::event::parcel::Parcel;
use crate::event::{EventId, ObjectId};

/// When something was learnt; the smaller one wins where only one can.
pub(super) type Stamp = (i64, EventId);

/// A sensor, and whether it shows whole headers: its log and its capture do not speak for each other.
pub(super) type RoleSource = (Arc<str>, bool);

/// Facts of one exchange. They only mean something in a [`Directory`](super::Directory).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Facts {
    pub(super) bindings: Vec<(Hash, Stamp, Binding)>,
    /// What was given out at a path that may be a login's though it says nothing of it.
    pub(super) doors: Vec<Door>,
    pub(super) parents: Vec<(ObjectId, Stamp, ObjectId)>,
    /// What a call without a model is about, and others that its bodies name one of: perhaps what that is a part of.
    pub(super) named: Vec<(ObjectId, ObjectId)>,
    pub(super) owners: Vec<(ObjectId, Stamp, Holder)>,
    pub(super) tenants: Vec<(ObjectId, TenantFact)>,
    /// Who brought objects into being, where only a login may tell their tenant.
    pub(super) creators: Vec<(ObjectId, Stamp, Holder)>,
    pub(super) presence: Vec<Presence>,
    /// Cookies that an answer gave to who showed no API key: what stands beside a key later is then no invention of its
    /// holder's.
    pub(super) given: Vec<Hash>,
    /// What each call shows of its run.
    pub(super) runs: Vec<Marks>,
    /// A name, the issuer of the believed claims that gave it, and whether a given key made their signature.
    pub(super) issuers: Vec<(Arc<str>, Arc<str>, bool)>,
    /// What this sensor says in fields of a log, or in whole headers, shows roles; who has none there has the default.
    pub(super) shows_roles: Option<(RoleSource, Arc<str>)>,
    /// The same of objects of which this exchange alone cannot tell which they are; it counts for nothing unless another
    /// view of the exchange tells their tenant.
    pub(super) unplaced: Option<Box<Facts>>,
}

/// Whoever extracts on one machine and resolves on another sends events, which go where their case is judged, and facts,
/// which go to every machine that resolves. Of credentials facts hold keyed hashes only.
impl Parcel for Facts {
    const COLUMN: &'static str = "facts";
}

impl Facts {
    /// Whether there is anything to send.
    pub fn teach(&self) -> bool {
        !self.is_empty() || self.unplaced.is_some()
    }

    /// Adds what is told of objects and their holders.
    pub(super) fn append(&mut self, other: Facts) {
        self.parents.extend(other.parents);
        self.owners.extend(other.owners);
        self.tenants.extend(other.tenants);
        self.creators.extend(other.creators);
    }

    /// What counts of an exchange that another view stands for: that its sensor shows roles.
    #[must_use]
    pub fn of_the_sensor(self) -> Facts {
        Facts { shows_roles: self.shows_roles, ..Facts::default() }
    }

    /// Number of facts.
    pub fn len(&self) -> usize {
        let shown = usize::from(self.shows_roles.is_some());
        self.bindings.len()
            + self.doors.len()
            + self.parents.len()
            + self.named.len()
            + self.owners.len()
            + self.tenants.len()
            + self.creators.len()
            + self.presence.len()
            + self.given.len()
            + self.issuers.len()
            + self.runs.iter().map(Marks::len).sum::<usize>()
            + shown
    }

    /// Whether nothing was learnt.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A token given out at a path that says nothing of logins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Door {
    /// Hash of host, method and path.
    pub(super) place: u64,
    /// What it binds if the path is a login's; nothing where it was given to who sent no name and secret.
    pub(super) made: Vec<(Hash, Stamp, Binding)>,
}

/// What a credential means from some time on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Binding {
    pub(super) to: BoundTo,
    /// The value was issued by the response, so that no earlier use of it can exist: it means the same before, which
    /// matters where clocks disagree.
    pub(super) issued: bool,
    /// Roles of the subject, where the login told them.
    pub(super) roles: Option<Arc<[Arc<str>]>>,
    /// Tenant of the subject, where the login told it.
    pub(super) tenant: Option<Arc<str>>,
    /// Kind of the subject, where the login told it: a client that acts for itself is no human.
    pub(super) kind: Option<Arc<str>>,
    /// Who acts by it for the subject, and what for, as far as an exchange of tokens or the answer told.
    pub(super) acting: Acting,
}

impl Binding {
    /// A binding of which nothing more is known.
    pub(super) fn to(to: BoundTo, issued: bool) -> Binding {
        Binding { to, issued, roles: None, tenant: None, kind: None, acting: Acting::default() }
    }
}

/// Software that acts by a credential for whom it stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Acting {
    /// The latest first.
    pub(super) agents: Vec<Agent>,
    /// The client that got it.
    pub(super) client: Option<Arc<str>>,
    /// What it is good for.
    pub(super) scopes: Option<Arc<[Arc<str>]>>,
}

/// Software that acts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Agent {
    /// As its own token calls it.
    Named(Arc<str>),
    /// Whomever its token stood for at a time.
    Holder(Hash, i64),
}

/// Whom a credential stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum BoundTo {
    /// A subject.
    Subject(Arc<str>),
    /// Whomever another credential stands for (a refreshed token).
    SameAs(Hash),
    /// Whomever the first of two credentials stands for that stands for somebody.
    SameAsEither(Hash, Hash),
    /// Whomever another credential stood for till then, where a login was seen for it; else this subject. Who signs up is
    /// logged in by it, and who is logged in already signs up somebody else.
    SameAsOr(Hash, Arc<str>),
    /// Nobody any more: the session's cookie was deleted.
    Nobody,
    /// Nobody any more, unless it serves later: of what looks like a logout nobody knows whether the server knows it.
    LoggedOut,
}

/// Somebody: by name, or by a credential that may turn out to be bound to a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Holder {
    /// Credentials to look up first; none when the name is certain.
    pub(super) credentials: Vec<Hash>,
    /// What gives the name, where one of the credentials may be more to go by.
    pub(super) token: Option<Claimed>,
    /// Name when no credential is bound.
    pub(super) name: Option<Arc<str>>,
    /// Issuer of the claims that gave the name.
    pub(super) issuer: Option<Arc<str>>,
}

/// A token that no key was tried on, or a user with a password, beside credentials that a login may have bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Claimed {
    pub(super) hash: Hash,
    /// See [`Actor::yields`](crate::event::Actor::yields). Otherwise only a credential of the same name counts before it.
    pub(super) yields: bool,
}

/// That somebody was active.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Presence {
    pub(super) holder: Holder,
    /// See [`Actor::strand`](crate::event::Actor::strand).
    pub(super) strand: u64,
    /// Whether the server did what was asked of it for the holder: a session that has ended does not serve.
    pub(super) served: bool,
    pub(super) from: i64,
    pub(super) to: i64,
}

/// A tenant of an object; declared ones come before inferred ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct TenantFact {
    /// Inferred from who created the object rather than declared.
    pub(super) inferred: bool,
    pub(super) stamp: Stamp,
    pub(super) tenant: Arc<str>,
}
