//! Identity: the actor behind a request, by the model's paths and then by the built-in ladder.
//!
//! From the strongest down: verified and other JWT claims; Basic user; a credential bound at a login (resolved later); the
//! log's user; a declared gateway's header; subject of mutual TLS; API key; a credential whose login was not seen; a name
//! that nothing proves; address and print of the program; address and user agent. A subject of mutual TLS beside a user's token is the client.

mod agent;
mod device;
mod gateway;
mod kind;
mod ladder;
mod roles;

use std::sync::Arc;

use offpath_capture::Protocol;

pub(super) use gateway::naming_headers;
pub(super) use ladder::{MOST_ALSO, MOST_OTHERS};
use roles::Roles;

use super::credential::{self, Hash, Keys, Kind, Place, Shown};
use super::facts::{Claimed, Holder};
use super::jwt::{Claims, Trial};
use super::login;
use super::proxy::Proxies;
use super::reading::Reading;
use super::redact::Masker;
use crate::event::{Actor, Doubt, Evidence, Value};
use crate::model::expression::{Bound, Scope};
use crate::model::{ActorNaming, Path, Root};

/// Headers by which API keys are sent, without a model that names one.
const KEY_HEADERS: [&str; 18] = [
    "x-api-key",
    "api-key",
    "apikey",
    "ocp-apim-subscription-key",
    "subscription-key",
    "x-goog-api-key",
    "x-functions-key",
    "x-access-key",
    "access-key",
    "x-rapidapi-key",
    "cf-access-client-id",
    "x-app-key",
    "x-auth-key",
    "x-client-key",
    "x-device-api-key",
    "x-device-key",
    "x-partner-key",
    "x-service-key",
];

/// Claims, and fields of logs, that may name a tenant without a model.
pub(super) const TENANT_NAMES: [&str; 9] =
    ["tid", "tenant", "tenant_id", "tenantId", "org_id", "orgId", "org", "organization", "organization_id"];

/// Headers by which tokens are sent beside `Authorization`.
const TOKEN_HEADERS: [&str; 5] =
    ["x-forwarded-access-token", "x-auth-token", "x-access-token", "x-session-token", "x-authorization"];

/// How the names of other headers end by which vendors have keys and tokens sent, without what is no letter or digit:
/// `X-Acme-API-Key`, `X-Shopify-Access-Token`.
const KEY_ENDS: [&str; 2] = ["apikey", "accesskey"];
const TOKEN_ENDS: [&str; 7] =
    ["accesstoken", "apitoken", "authtoken", "privatetoken", "sessiontoken", "usertoken", "vaulttoken"];

/// Whether a request header carries credentials, by its name alone; cookies do.
pub fn carries_credential(name: &[u8]) -> bool {
    let known = KEY_HEADERS.iter().chain(&TOKEN_HEADERS).chain(&["authorization", "cookie"]);
    known.into_iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        || ends_in(name, &KEY_ENDS)
        || ends_in(name, &TOKEN_ENDS)
}

/// Whether a header's name is none of the listed ones and ends as vendors' do.
fn ends_in(name: &[u8], ends: &[&str]) -> bool {
    let listed = || {
        let mut all = KEY_HEADERS.iter().chain(&TOKEN_HEADERS).chain(&gateway::ASSERTIONS);
        all.any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
    };
    let long = name.len() >= 7 && matches!(name.last(), Some(b'y' | b'Y' | b'n' | b'N'));
    long && std::str::from_utf8(name).is_ok_and(|name| {
        let bare = credential::bare(name);
        ends.iter().any(|end| bare.ends_with(end))
    }) && !listed()
}

/// Most credentials looked at in one request. Who shows as many may hide one behind them.
pub(super) const MOST_SHOWN: usize = 32;
/// Most agents of one chain, and most scopes, that are kept.
const MOST_LISTED: usize = 32;

/// What is needed to tell who acts.
#[derive(Clone, Copy)]
pub(super) struct Naming<'a> {
    pub(super) model: Option<&'a ActorNaming>,
    pub(super) keys: Keys<'a>,
    pub(super) masker: &'a Masker,
    pub(super) proxies: &'a Proxies,
}

/// The claims that `jwt.` paths read: those of the token that is believed first. Of one that names nobody it is not known
/// whether it is about the holder of another credential beside it.
pub(super) fn claims(reading: &Reading<'_>, shown: &[Shown]) -> Option<Claims> {
    let token = ladder::best(shown, reading)?;
    let other = |s: &Shown| matches!(s.kind, Kind::Bearer | Kind::Cookie | Kind::Perhaps) && s.hash != token.hash;
    let known = token.trial == Trial::Verified || ladder::subject(token).is_some();
    token.claims.clone().filter(|_| known || !shown.iter().any(other))
}

impl Naming<'_> {
    /// The credentials a request shows, in the order in which they are believed.
    pub(super) fn shown(&self, reading: &Reading<'_>) -> Vec<Shown> {
        let keys = self.keys;
        let mut all: Vec<Shown> =
            reading.header("authorization").and_then(|v| credential::authorization(v, keys)).into_iter().collect();
        let own = all.len();
        let bare = |v| credential::authorization(v, keys).filter(|s| s.kind != Kind::Basic);
        let headers = || reading.exchange.request.iter().flat_map(|request| request.headers.iter());
        let ending = |ends: &'static [&str]| headers().filter(|(name, _)| ends_in(name, ends)).map(|(_, value)| value);
        let tokens = TOKEN_HEADERS.iter().filter_map(|h| reading.header(h)).chain(ending(&TOKEN_ENDS));
        all.extend(tokens.filter_map(bare).take(MOST_SHOWN));
        let cookies = reading.cookies().filter(|(name, _)| credential::is_session_cookie(name));
        all.extend(cookies.filter_map(|(_, value)| credential::cookie(value, keys)).take(MOST_SHOWN));
        let possible = reading.cookies().filter_map(|(name, value)| credential::possible_cookie(name, value, keys));
        let (perhaps, tokens): (Vec<Shown>, Vec<Shown>) =
            possible.take(MOST_SHOWN).partition(|s| s.kind == Kind::Perhaps);
        all.extend(tokens);
        let listed = KEY_HEADERS.iter().filter_map(|h| reading.header(h)).chain(ending(&KEY_ENDS));
        all.extend(listed.filter_map(|v| credential::api_key(v, keys)).take(MOST_SHOWN));
        let query = reading.target.query.iter();
        all.extend(query.filter_map(|(name, value)| credential::of_query(name, value.as_bytes(), keys)));
        all.iter_mut().skip(own).for_each(|shown| shown.place = Place::Beside);
        let asserted = gateway::ASSERTIONS.iter().filter_map(|h| reading.header(h));
        let place = if self.proxies.speaks(reading) { Place::Own } else { Place::Unvouched };
        all.extend(asserted.filter_map(|v| credential::token(v, keys)).map(|shown| Shown { place, ..shown }));
        all.extend(reading.signer.as_ref().and_then(|signer| credential::signing_key(signer, keys)));
        all.extend(perhaps.into_iter().map(|shown| Shown { place: Place::Beside, ..shown }));
        all.truncate(MOST_SHOWN);
        all
    }

    /// The actor of a request. The principal may still be a pseudonym that a binding replaces.
    ///
    /// With it comes the model's path that told its tenant.
    pub(super) fn actor(&self, reading: &Reading<'_>, shown: &[Shown]) -> (Actor, Option<&Path>) {
        let found = self.principal(reading, shown);
        let also = Self::also(shown, &found);
        let (name, evidence) = found.name.map_or((None, Evidence::None), |(n, e)| (Some(n), e));
        let client_id = self.client_id(reading);
        let (kind, kind_known) = self.kind(reading, name.as_deref(), client_id.as_deref(), evidence, shown);
        // Who shows nothing but a token that nobody believes has no roles, not even the default.
        let told = evidence != Evidence::Unproved || shown.iter().all(|s| s.claims.is_none());
        let roles = if told { self.roles(reading, shown) } else { Roles::default() };
        let Roles { roles, known: roles_known, defaulted: roles_defaulted } = roles;
        let (tenant, told_by) = self.tenant(reading);
        let certificate = || self.certificate(reading).filter(|subject| name.as_ref() != Some(subject));
        let signer = || self.signing_key(reading).filter(|key| name.as_ref() != Some(key));
        let token = found.token.and_then(|token| token.claims.as_ref());
        let agent = self.agent(reading);
        let mut doubts = found.doubts;
        if agent.is_none() && self.claims_agent(reading, shown) {
            doubts.add(Doubt::AgentUnproved);
        }
        let actor = Actor {
            issuer: token.and_then(|claims| self.issuer(claims)),
            strand: self.strand(reading, token),
            agent,
            earlier_agents: self.earlier_agents(reading),
            scopes: self.scopes(reading),
            client: client_id.or_else(certificate).or_else(signer).or_else(|| self.client_pseudonym(reading)),
            kind: kind.clone(),
            kind_known,
            roles,
            roles_known,
            roles_defaulted,
            tenant,
            tenant_yields: told_by.is_some_and(|path| self.yields(path)),
            tenant_claimed: reading.claims.is_some() && told_by.is_none_or(|path| path.root == Root::Jwt),
            evidence,
            yields: found.yields,
            others: found.others,
            doubts,
            credential: found.credential.map(|h| h.to_string().into()),
            also,
            // What is said on a WebSocket needs no token any more, nor does who comes for a new one.
            token_end: found
                .end
                .filter(|_| reading.exchange.protocol != Protocol::WebSocket && !login::is_for_tokens(reading)),
            seen_agent: self.seen_agent(reading, &kind),
            told_in: None,
            principal: name,
        };
        (actor, told_by)
    }

    /// The issuer of the claims that give a name, where it tells two of one name apart.
    pub(super) fn issuer(&self, claims: &Claims) -> Option<Arc<str>> {
        claims.issuer().filter(|_| self.tells_issuers_apart()).map(|issuer| self.masker.shared(&issuer))
    }

    /// Whether a name that several issuers give is several names. Where the model says what names somebody, it is that.
    fn tells_issuers_apart(&self) -> bool {
        self.model.is_none_or(|model| model.identify.is_empty())
    }

    /// Hash of what tells this activity from the same principal's elsewhere: the session or login that the token is from,
    /// else the address and the client program.
    pub(super) fn strand(&self, reading: &Reading<'_>, claims: Option<&Claims>) -> u64 {
        let named = claims.and_then(|c| ["sid", "session_state", "auth_time"].iter().find_map(|name| c.text(name)));
        match named {
            Some(session) => self.keys.hash.hash("strand", &[session.as_bytes()]).to_u64(),
            None => self.address(reading).map_or(0, Hash::to_u64),
        }
    }

    fn address(&self, reading: &Reading<'_>) -> Option<Hash> {
        let ip = self.proxies.client(reading.exchange).map(|ip| ip.to_string()).unwrap_or_default();
        let agent = reading.header("user-agent").unwrap_or_default();
        (!ip.is_empty() || !agent.is_empty()).then(|| self.keys.hash.hash("address", &[ip.as_bytes(), agent]))
    }

    /// What one is called of whom nothing else is known: by address and the print of the program, else by address and
    /// what the program calls itself.
    pub(super) fn place_name(&self, reading: &Reading<'_>) -> Option<(Arc<str>, Evidence)> {
        let device = self.device(reading).map(|hash| (pseudonym("device", hash), Evidence::Device));
        device.or_else(|| self.address(reading).map(|hash| (pseudonym("addr", hash), Evidence::Address)))
    }

    fn client_pseudonym(&self, reading: &Reading<'_>) -> Option<Arc<str>> {
        self.address(reading).map(|hash| pseudonym("client", hash))
    }

    /// Name of the key by which the program signed that sent the message for somebody else.
    fn signing_key(&self, reading: &Reading<'_>) -> Option<Arc<str>> {
        let signer = reading.signer.as_ref().filter(|signer| signer.is_believed())?;
        credential::signing_key(signer, self.keys).map(|shown| pseudonym("key", shown.hash))
    }

    fn client_id(&self, reading: &Reading<'_>) -> Option<Arc<str>> {
        let names = ["azp", "client_id", "cid", "appid"];
        let claim = reading.claims.as_ref().and_then(|c| names.iter().find_map(|n| c.text(n)));
        let logged = || reading.exchange.log.client_id.as_deref().or_else(|| reading.log_field(&["azp", "client_id"]));
        claim.as_deref().or_else(logged).map(|c| self.masker.shared(c))
    }

    /// What the token may be used for.
    fn scopes(&self, reading: &Reading<'_>) -> Vec<Arc<str>> {
        let claims = reading.claims.as_ref();
        let said = claims.and_then(|c| ["scope", "scp", "scopes"].iter().find_map(|name| c.value(&[*name])));
        let scopes: Vec<Arc<str>> = match said {
            Some(Value::Text(text)) => text.split_whitespace().map(Arc::from).collect(),
            Some(Value::List(items)) => items.into_iter().filter_map(text_of).collect(),
            _ => Vec::new(),
        };
        scopes
            .iter()
            .filter(|scope| !scope.is_empty())
            .take(MOST_LISTED)
            .map(|scope| self.masker.shared(scope))
            .collect()
    }
}

/// Whether a path is into the answer, which speaks of who asked only where it binds them: `GET /users/7` tells the roles
/// and the tenant of user 7.
fn is_in_answer(path: &Path) -> bool {
    matches!(path.root, Root::ResponseBody | Root::ResponseHeader)
}

/// The actor as someone whose name a binding may still give.
pub(super) fn holder(actor: &Actor) -> Holder {
    let certain = actor.evidence >= Evidence::Bound;
    let token =
        actor.credential.as_deref().and_then(Hash::parse).filter(|_| actor.may_yield() && !actor.also.is_empty());
    let token = token.map(|hash| Claimed { hash, yields: actor.yields });
    let shown = actor.credentials().skip(usize::from(token.is_some()));
    let credentials = shown.filter_map(Hash::parse).filter(|_| !certain || token.is_some()).collect();
    Holder { credentials, token, name: actor.principal.clone(), issuer: actor.issuer.clone() }
}

/// Who issued the claims that name an actor, and whether that is proven.
pub(super) fn issuer_of(actor: &Actor) -> Option<(Arc<str>, Arc<str>, bool)> {
    Some((actor.principal.clone()?, actor.issuer.clone()?, actor.evidence >= Evidence::Verified))
}

/// The same of who is logged in by the exchange itself: the credential that begins the session stands for the name.
pub(super) fn newcomer(actor: &Actor) -> Holder {
    let holder = holder(actor);
    if actor.evidence != Evidence::Bound {
        return holder;
    }
    let credentials = actor.credential.as_deref().and_then(Hash::parse).into_iter().collect();
    Holder { credentials, token: None, ..holder }
}

fn text_of(value: Value) -> Option<Arc<str>> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// The pseudonym of who is told by a credential or an address alone.
pub(super) fn pseudonym(prefix: &str, hash: Hash) -> Arc<str> {
    format!("{prefix}:{}", hash.short()).into()
}

fn keep_first(kept: &mut Option<Hash>, hash: Hash) {
    kept.get_or_insert(hash);
}

/// Text at a path, where it is known and not empty.
pub(super) fn known_text(scope: &dyn Scope, path: &Path) -> Option<Arc<str>> {
    match scope.value(path) {
        Bound::Exactly(Value::Text(text)) if !text.is_empty() => Some(text),
        Bound::Exactly(Value::Number(number)) => Some(number.normalize().to_string().into()),
        _ => None,
    }
}

/// Text at a path as it may be kept: masked by the path's name or by its look.
pub(super) fn masked_text(scope: &dyn Scope, path: &Path, masker: &Masker) -> Option<Arc<str>> {
    known_text(scope, path).map(|text| masker.named_text(path, &text))
}
