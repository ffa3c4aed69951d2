//! Who did it: a principal, perhaps an agent acting for it, and the client program.

use std::sync::Arc;

use offpath_capture::Origin;

use super::SeenAgent;

/// Most agents before the one that calls that are kept, the latest.
pub const MOST_EARLIER_AGENTS: usize = 32;

/// The accountable principal, the software acting for it, and the program and address it came through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Actor {
    /// Who is accountable: a subject, or the pseudonym of a credential that could not be bound to one.
    pub principal: Option<Arc<str>>,
    /// Issuer of the claims that name the principal: tells two of one name apart where several issuers are seen.
    pub issuer: Option<Arc<str>>,
    /// Other principals that the same request names, as far as that is no mere spelling of the same.
    pub others: Vec<Arc<str>>,
    /// What speaks against the principal, or against how it was told.
    pub doubts: Doubts,
    /// Software acting on the principal's behalf, where the credential says so.
    pub agent: Option<Arc<str>>,
    /// Software that acted before the agent in the same chain of delegation, latest first (RFC 8693, nested `act`).
    pub earlier_agents: Vec<Arc<str>>,
    /// What the token may be used for, as it says.
    pub scopes: Vec<Arc<str>>,
    /// Client program: OAuth client, API consumer, else address and user agent's pseudonym.
    pub client: Option<Arc<str>>,
    /// Kind by the model: `human`, `service`, `partner`, ...
    pub kind: Arc<str>,
    /// Whether the kind is what the source showed, rather than the default for want of evidence.
    pub kind_known: bool,
    /// Roles after the model's mapping, sorted.
    pub roles: Vec<Arc<str>>,
    /// Whether the roles are what the source showed: none of them then means that the actor has none.
    pub roles_known: bool,
    /// Whether the roles are the model's default, for want of any that the source tells.
    pub roles_defaulted: bool,
    /// Tenant that the credential or request belongs to.
    pub tenant: Option<Arc<str>>,
    /// Whether the model would rather have the tenant that a login told than what told this one.
    pub tenant_yields: bool,
    /// Whether the tenant is a claim of the token that names the principal.
    pub tenant_claimed: bool,
    /// How the principal was established.
    pub evidence: Evidence,
    /// Whether what names the principal yields to a session bound at a login: any client could have made it up, and the
    /// server may never have read it.
    pub yields: bool,
    /// Keyed hash of the credential shown, in hex; never its value.
    pub credential: Option<Arc<str>>,
    /// Keyed hashes of further credentials, the most believed first; one that may be no credential has `?` before it.
    pub also: Vec<Arc<str>>,
    /// Hash of what tells this activity from the principal's elsewhere: a token's session, else address and client program.
    pub strand: u64,
    /// End of the life of the token that names the principal, microseconds since the Unix epoch, where the token alone
    /// says who asks and what is asked for needs one.
    pub token_end: Option<i64>,
    /// Software that shows that it acts, whatever the token says.
    pub seen_agent: Option<Box<SeenAgent>>,
    /// Where part of this was read, when in another input's view of the exchange.
    pub told_in: Option<Box<Told>>,
}

/// The record of another input that tells who did it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Told {
    /// Where it is.
    pub origin: Origin,
    /// Clock that stamped it: a sensor that shows the roles of some shows them of all.
    pub sensor: Arc<str>,
    /// Whether the credential, too, is from there.
    pub credential: bool,
}

impl Actor {
    /// The kind of whoever is told to act, where it is more than the default for want of evidence.
    pub(super) fn told_kind(&self) -> Option<&str> {
        let told = self.kind_known && (self.principal.is_some() || self.agent.is_some());
        told.then_some(&*self.kind).filter(|kind| !kind.is_empty())
    }

    /// Keyed hashes of all credentials shown, the most believed first.
    pub(crate) fn credentials(&self) -> impl Iterator<Item = &str> {
        let also = self.also.iter().map(|hash| hash.strip_prefix('?').unwrap_or(hash));
        self.credential.as_deref().into_iter().chain(also)
    }

    /// Whether a session bound at a login may be more to go by than what names the principal: a token that no key was
    /// tried on, or a user with a password.
    pub(crate) fn may_yield(&self) -> bool {
        self.evidence == Evidence::Claims || self.evidence == Evidence::Bound && self.yields
    }

    /// Whether nobody can tell who of several it was: what depends on that is not judged.
    pub(crate) fn is_disputed(&self) -> bool {
        let unsure = self.doubts.has(Doubt::Contested) && !self.others.is_empty();
        let sure = self.evidence == Evidence::Bound || self.evidence >= Evidence::Verified;
        // What else is shown takes nothing from a token in its own place.
        let own_token = self.evidence == Evidence::Claims && !self.yields;
        let crowded = self.doubts.has(Doubt::ManyCredentials) && !own_token;
        (unsure || crowded) && !sure
    }

    /// Whether nobody knows if software acts: what claims to be an agent and is not believed decides nothing.
    pub(crate) fn agent_is_open(&self) -> bool {
        self.agent.is_none() && self.doubts.has(Doubt::AgentUnproved)
    }

    /// Whether the principal is one of those that are told.
    pub(crate) fn is_told(&self) -> bool {
        self.principal.is_some() && !(self.is_disputed() && self.doubts.has(Doubt::ManyCredentials))
    }

    /// All that the principal may be called: more than one name where the request names several with as much right, or
    /// where an issuer tells two of one name apart.
    pub(crate) fn possible_names(&self) -> impl Iterator<Item = &str> {
        let others = self.others.iter().filter(|_| self.doubts.has(Doubt::Contested));
        self.principal.as_deref().into_iter().chain(self.bare_name()).chain(others.map(|name| &**name))
    }

    /// The principal's name without the issuer by which it is told apart, where it is.
    pub(crate) fn bare_name(&self) -> Option<&str> {
        let (name, issuer) = (self.principal.as_deref()?, self.issuer.as_deref()?);
        name.strip_suffix(issuer)?.strip_suffix('@').filter(|name| !name.is_empty())
    }

    /// Takes the roles that somebody else's word gives, where the exchange itself showed none.
    pub(crate) fn take_roles(&mut self, roles: Option<&[Arc<str>]>) {
        if let Some(roles) = roles.filter(|_| !self.roles_known) {
            self.roles = roles.to_vec();
            (self.roles_known, self.roles_defaulted) = (true, false);
        }
    }
}

/// How an actor's identity was established, strongest last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// Nothing but silence.
    #[default]
    None,
    /// Address and user agent.
    Address,
    /// Address and the print of the client's program on its connection: what it calls itself names nobody.
    Device,
    /// A name that nothing proves: a header that any client may send, a token that was refused, expired or not signed.
    Unproved,
    /// Hash of a session cookie or opaque token whose login was not seen: one person may have several.
    Unbound,
    /// Identity asserted by a declared proxy's header or a log's user field.
    Asserted,
    /// Hash of an API key.
    ApiKey,
    /// Session cookie or opaque token bound at a login that was seen.
    Bound,
    /// Claims of a JWT whose signature was not verified.
    Claims,
    /// Claims of a JWT whose signature was verified with a given key.
    Verified,
    /// Subject of mutual TLS, as a server or a declared proxy tells it.
    Proven,
}

impl Evidence {
    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Evidence::None => "none",
            Evidence::Address => "address",
            Evidence::Device => "device",
            Evidence::Unproved => "unproved",
            Evidence::Unbound => "unbound",
            Evidence::Asserted => "asserted",
            Evidence::ApiKey => "api_key",
            Evidence::Bound => "bound",
            Evidence::Claims => "claims",
            Evidence::Verified => "verified",
            Evidence::Proven => "proven",
        }
    }

    /// The one of a name used in outputs.
    pub fn named(name: &str) -> Option<Evidence> {
        use Evidence::{Address, ApiKey, Asserted, Bound, Claims, Device, None, Proven, Unbound, Unproved, Verified};
        let all = [None, Address, Device, Unproved, Unbound, Asserted, ApiKey, Bound, Claims, Verified, Proven];
        all.into_iter().find(|evidence| evidence.as_str() == name)
    }

    /// How far findings may rest on it, 0 to 1. The order is that of the identity ladder in `docs/correlation.md`.
    pub fn confidence(self) -> f32 {
        match self {
            Evidence::None => 0.0,
            Evidence::Address => 0.15,
            // Sure to be that program, though asked after names that may be more.
            Evidence::Device => 0.3,
            Evidence::Unproved => 0.18,
            Evidence::Unbound => 0.2,
            Evidence::Asserted => 0.6,
            Evidence::ApiKey => 0.7,
            Evidence::Bound => 0.8,
            Evidence::Claims => 0.85,
            Evidence::Verified => 0.95,
            Evidence::Proven => 1.0,
        }
    }
}

/// Something that speaks against the principal, or against how it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// The request names several principals.
    SeveralNames,
    /// The server did not believe the credential (401).
    Refused,
    /// The token says itself that nobody signed it (`alg: none`).
    Unsigned,
    /// The token was used after its end, or a message's signature at another time than its own.
    Expired,
    /// None of the given keys made the signature of the token or of the message.
    BadSignature,
    /// The session from before a login goes on after it: whoever set its cookie may use it (session fixation).
    SessionKept,
    /// Two credentials, or two headers of gateways, of which each alone would be believed contradict each other.
    Contested,
    /// The request shows more credentials than are looked at.
    ManyCredentials,
    /// The signature of the token was taken out, before the input was given or by who sent it: no key can be tried on it.
    Stripped,
    /// Something says that software acts, and nobody believes it: a signature that does not hold, a header that anybody
    /// can send, a token that proves nothing. Whether it does is not known.
    AgentUnproved,
}

impl Doubt {
    /// All of them.
    pub const ALL: [Doubt; 10] = [
        Doubt::SeveralNames,
        Doubt::Refused,
        Doubt::Unsigned,
        Doubt::Expired,
        Doubt::BadSignature,
        Doubt::SessionKept,
        Doubt::Contested,
        Doubt::ManyCredentials,
        Doubt::Stripped,
        Doubt::AgentUnproved,
    ];

    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Doubt::SeveralNames => "several_names",
            Doubt::Refused => "refused",
            Doubt::Unsigned => "unsigned",
            Doubt::Expired => "expired",
            Doubt::BadSignature => "bad_signature",
            Doubt::SessionKept => "session_kept",
            Doubt::Contested => "contested",
            Doubt::ManyCredentials => "many_credentials",
            Doubt::Stripped => "stripped",
            Doubt::AgentUnproved => "agent_unproved",
        }
    }
}

/// A set of doubts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Doubts(u16);

impl Doubts {
    /// Adds one.
    pub fn add(&mut self, doubt: Doubt) {
        self.0 |= 1 << doubt as u8;
    }

    /// Takes one away.
    pub fn remove(&mut self, doubt: Doubt) {
        self.0 &= !(1 << doubt as u8);
    }

    /// Those of either.
    #[must_use]
    pub fn and(self, other: Doubts) -> Doubts {
        Doubts(self.0 | other.0)
    }

    /// Whether it is among them.
    pub fn has(self, doubt: Doubt) -> bool {
        self.0 & 1 << doubt as u8 != 0
    }

    /// All that are there, in their order.
    pub fn iter(self) -> impl Iterator<Item = Doubt> {
        Doubt::ALL.into_iter().filter(move |doubt| self.has(*doubt))
    }

    /// As two bytes.
    pub(super) fn bits(self) -> u16 {
        self.0
    }

    /// From such bytes; bits without a meaning are dropped.
    pub(super) fn from_bits(bits: u16) -> Doubts {
        let mut doubts = Doubts::default();
        let set = Doubt::ALL.into_iter().filter(|doubt| bits & 1 << *doubt as u8 != 0);
        set.for_each(|doubt| doubts.add(doubt));
        doubts
    }
}
