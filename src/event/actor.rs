//! Who did it: a principal, perhaps an agent acting for it, and the client program.

use std::sync::Arc;

use offpath_capture::Origin;

/// The accountable principal, the software acting for it, and the program and address it came through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Actor {
    /// Who is accountable: a subject, or the pseudonym of a credential that could not be bound to one.
    pub principal: Option<Arc<str>>,
    /// Software acting on the principal's behalf, where the credential says so.
    pub agent: Option<Arc<str>>,
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
    /// How the principal was established.
    pub evidence: Evidence,
    /// Keyed hash of the credential shown, in hex; never its value.
    pub credential: Option<Arc<str>>,
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
    /// Hash of a session cookie or opaque token whose login was not seen: one person may have several.
    Unbound,
    /// Identity asserted by a gateway header or a log's user field.
    Asserted,
    /// Hash of an API key.
    ApiKey,
    /// Session cookie or opaque token bound at a login that was seen.
    Bound,
    /// Claims of a JWT whose signature was not verified.
    Claims,
    /// Mutual TLS subject or verified signature.
    Proven,
}

impl Evidence {
    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Evidence::None => "none",
            Evidence::Address => "address",
            Evidence::Unbound => "unbound",
            Evidence::Asserted => "asserted",
            Evidence::ApiKey => "api_key",
            Evidence::Bound => "bound",
            Evidence::Claims => "claims",
            Evidence::Proven => "proven",
        }
    }

    /// How far findings may rest on it, 0 to 1. The order is that of the identity ladder in `docs/correlation.md`.
    pub fn confidence(self) -> f32 {
        match self {
            Evidence::None => 0.0,
            Evidence::Address => 0.15,
            Evidence::Unbound => 0.2,
            Evidence::Asserted => 0.6,
            Evidence::ApiKey => 0.7,
            Evidence::Bound => 0.8,
            Evidence::Claims => 0.85,
            Evidence::Proven => 1.0,
        }
    }
}
