//! Identity: the actor behind a request, by the model's paths and then by the built-in ladder.
//!
//! From the strongest down: mutual TLS subject; JWT claims; Basic user; a credential bound at a login (resolved later);
//! the log's user; API key; gateway header; a credential whose login was not seen; address and user agent.

mod roles;

use std::sync::Arc;

use roles::Roles;

use super::credential::{self, Hash, HashKey, Kind, Shown};
use super::facts::Holder;
use super::reading::Reading;
use super::redact::Masker;
use crate::event::{Actor, Evidence, Value};
use crate::model::expression::{self, Bound, Scope, Truth};
use crate::model::{ActorNaming, Expression, Path, Root};

/// Headers by which API keys are sent, without a model that names one.
const KEY_HEADERS: [&str; 10] = [
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
];

/// Headers by which gateways tell the backend whom they authenticated.
const GATEWAY_HEADERS: [&str; 5] = [
    "x-consumer-username",
    "x-consumer-custom-id",
    "x-authenticated-userid",
    "x-auth-request-user",
    "x-forwarded-user",
];

/// Most credentials looked at in one request.
const MOST_SHOWN: usize = 8;

/// What is needed to tell who acts.
#[derive(Clone, Copy)]
pub(super) struct Naming<'a> {
    pub(super) model: Option<&'a ActorNaming>,
    pub(super) key: &'a HashKey,
    pub(super) masker: &'a Masker,
}

/// The credentials a request shows, in the order in which they are believed.
pub(super) fn shown(reading: &Reading<'_>, key: &HashKey) -> Vec<Shown> {
    let mut all: Vec<Shown> =
        reading.header("authorization").and_then(|v| credential::authorization(v, key)).into_iter().collect();
    let forwarded = ["x-forwarded-access-token", "x-auth-token", "x-access-token"];
    all.extend(forwarded.iter().filter_map(|h| reading.header(h)).filter_map(|v| credential::token(v, key)));
    let cookies = reading.cookies().filter(|(name, _)| credential::is_session_cookie(name));
    all.extend(cookies.filter_map(|(_, value)| credential::cookie(value, key)).take(MOST_SHOWN));
    all.extend(KEY_HEADERS.iter().filter_map(|h| reading.header(h)).filter_map(|v| credential::api_key(v, key)));
    for (name, value) in &reading.target.query {
        all.extend(match credential::query_credential(name) {
            Some(Kind::ApiKey) => credential::api_key(value.as_bytes(), key),
            Some(_) => credential::token(value.as_bytes(), key),
            None => None,
        });
    }
    all.truncate(MOST_SHOWN);
    all
}

/// A principal as far as one exchange shows it.
#[derive(Default)]
struct Found {
    name: Option<(Arc<str>, Evidence)>,
    /// The first credential that may turn out to be bound.
    credential: Option<Hash>,
}

impl Naming<'_> {
    /// The actor of a request. The principal may still be a pseudonym that a binding replaces.
    ///
    /// With it comes the model's path that told its tenant.
    pub(super) fn actor(&self, reading: &Reading<'_>, shown: &[Shown]) -> (Actor, Option<&Path>) {
        let found = self.principal(reading, shown);
        let (name, evidence) = found.name.map_or((None, Evidence::None), |(n, e)| (Some(n), e));
        let client_id = self.client_id(reading);
        let (kind, kind_known) = self.kind(reading, name.as_deref(), client_id.as_deref(), evidence);
        let Roles { roles, known: roles_known, defaulted: roles_defaulted } = self.roles(reading, shown);
        let (tenant, told_by) = self.tenant(reading);
        let actor = Actor {
            principal: name,
            agent: self.agent(reading),
            client: client_id.or_else(|| self.client_pseudonym(reading)),
            kind,
            kind_known,
            roles,
            roles_known,
            roles_defaulted,
            tenant,
            tenant_yields: told_by.is_some_and(|path| self.yields(path)),
            evidence,
            credential: found.credential.map(|h| h.to_string().into()),
            told_in: None,
        };
        (actor, told_by)
    }

    fn principal(&self, reading: &Reading<'_>, shown: &[Shown]) -> Found {
        let mut found = Found::default();
        for step in self.model.into_iter().flat_map(|m| &m.identify) {
            self.listed(reading, &step.path, step.bound_by.is_some(), &mut found);
            if found.name.is_some() {
                return found;
            }
        }
        self.built_in(reading, shown, &mut found);
        found
    }

    /// One path of the model's `identify`.
    fn listed(&self, reading: &Reading<'_>, path: &Path, bound: bool, found: &mut Found) {
        let Bound::Exactly(Value::Text(text)) = reading.value(path) else { return };
        if text.is_empty() {
            return;
        }
        let last = path.fields.last().map(|f| &**f).unwrap_or_default();
        let evidence = match path.root {
            Root::Jwt if reading.claims.is_some() => Evidence::Claims,
            Root::Mtls => Evidence::Proven,
            Root::Cookie => return keep_first(&mut found.credential, self.key.credential(text.as_bytes())),
            _ if bound => return keep_first(&mut found.credential, self.key.credential(bare_token(&text))),
            Root::RequestHeader | Root::Query if credential::is_secret_name(last) => {
                let hash = self.key.credential(bare_token(&text));
                keep_first(&mut found.credential, hash);
                found.name = Some((pseudonym("key", hash), Evidence::ApiKey));
                return;
            }
            _ => Evidence::Asserted,
        };
        if path.root == Root::Jwt {
            found.credential =
                reading.header("authorization").and_then(|v| credential::authorization(v, self.key)).map(|s| s.hash);
        }
        found.name = Some((self.masker.named_text(path, &text), evidence));
    }

    fn built_in(&self, reading: &Reading<'_>, shown: &[Shown], found: &mut Found) {
        if let Some((name, hash)) = shown.iter().find_map(|s| Some((subject(s)?, s.hash))) {
            found.credential = Some(hash);
            found.name = Some((self.masker.shared(&name), Evidence::Claims));
            return;
        }
        if let Some((user, hash)) = shown.iter().find_map(|s| Some((s.user.clone()?, s.hash))) {
            found.credential = Some(hash);
            // A server that answers 401 did not believe the name.
            let believed = reading.outcome_status().is_some_and(|s| s != 401);
            let evidence = if believed { Evidence::Bound } else { Evidence::Asserted };
            found.name = Some((self.masker.shared(&user), evidence));
            return;
        }
        if let Some(bindable) = shown.iter().find(|s| matches!(s.kind, Kind::Bearer | Kind::Cookie)) {
            keep_first(&mut found.credential, bindable.hash);
        }
        found.name = self.asserted_or_pseudonym(reading, shown, found);
    }

    fn asserted_or_pseudonym(
        &self,
        reading: &Reading<'_>,
        shown: &[Shown],
        found: &mut Found,
    ) -> Option<(Arc<str>, Evidence)> {
        let log = &reading.exchange.log;
        let user = log.user.as_deref().or_else(|| reading.log_field(&["sub", "user", "subject", "principal"]));
        if let Some(user) = user.filter(|u| !u.is_empty() && *u != "-") {
            return Some((self.masker.shared(user), Evidence::Asserted));
        }
        if let Some(key) = shown.iter().find(|s| s.kind == Kind::ApiKey) {
            keep_first(&mut found.credential, key.hash);
            return Some((pseudonym("key", key.hash), Evidence::ApiKey));
        }
        let gateway =
            GATEWAY_HEADERS.iter().filter_map(|h| reading.header(h)).find_map(|v| std::str::from_utf8(v).ok());
        if let Some(user) = gateway.filter(|u| !u.is_empty()) {
            return Some((self.masker.shared(user), Evidence::Asserted));
        }
        if let Some(hash) = found.credential {
            return Some((pseudonym("session", hash), Evidence::Unbound));
        }
        self.address_name(reading).map(|name| (name, Evidence::Address))
    }

    fn address(&self, reading: &Reading<'_>) -> Option<Hash> {
        let ip = reading.exchange.client.map(|c| c.ip.to_string()).unwrap_or_default();
        let agent = reading.header("user-agent").unwrap_or_default();
        (!ip.is_empty() || !agent.is_empty()).then(|| self.key.hash("address", &[ip.as_bytes(), agent]))
    }

    /// The name of an address and client program: what one is called of whom nothing else is known.
    pub(super) fn address_name(&self, reading: &Reading<'_>) -> Option<Arc<str>> {
        self.address(reading).map(|hash| pseudonym("addr", hash))
    }

    fn client_pseudonym(&self, reading: &Reading<'_>) -> Option<Arc<str>> {
        self.address(reading).map(|hash| pseudonym("client", hash))
    }

    fn client_id(&self, reading: &Reading<'_>) -> Option<Arc<str>> {
        let claim = reading.claims.as_ref().and_then(|c| ["azp", "client_id", "cid"].iter().find_map(|n| c.text(n)));
        let logged = || reading.exchange.log.client_id.as_deref().or_else(|| reading.log_field(&["azp", "client_id"]));
        claim.as_deref().or_else(logged).map(|c| self.masker.shared(c))
    }

    fn agent(&self, reading: &Reading<'_>) -> Option<Arc<str>> {
        let listed = self.model.into_iter().flat_map(|m| &m.agent).find_map(|p| masked_text(reading, p, self.masker));
        let claimed = || match reading.claims.as_ref()?.value(&["act", "sub"])? {
            Value::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        };
        let logged = || {
            let field = reading.log_field(&["act.sub", "act_sub", "act"]).or_else(|| reading.logged_agent());
            field.filter(|a| !a.starts_with('{')).map(Arc::from)
        };
        listed.or_else(claimed).or_else(logged).map(|a| self.masker.shared(&a))
    }

    /// The tenant, and the model's path that told it.
    fn tenant(&self, reading: &Reading<'_>) -> (Option<Arc<str>>, Option<&Path>) {
        let text = |path| Some((masked_text(reading, path, self.masker)?, path));
        let told = self.model.into_iter().flat_map(|m| &m.tenant).filter(|path| !is_in_answer(path));
        if let Some((tenant, path)) = told.into_iter().find_map(text) {
            return (Some(self.masker.shared(&tenant)), Some(path));
        }
        let names = ["tid", "tenant", "tenant_id", "org_id"];
        let claimed = || reading.claims.as_ref().and_then(|c| names.iter().find_map(|n| c.text(n))).map(Arc::from);
        // Any client can send this one: a model says whether it is to be believed.
        let believed = self.model.is_none();
        let sent = || {
            reading.header("x-tenant-id").filter(|_| believed).and_then(|v| std::str::from_utf8(v).ok()).map(Arc::from)
        };
        let logged = || reading.log_field(&names).map(Arc::from);
        (claimed().or_else(logged).or_else(sent).map(|t: Arc<str>| self.masker.shared(&t)), None)
    }

    /// Whether the model names a place in answers before a path to the tenant: a login may have told it there.
    fn yields(&self, told_by: &Path) -> bool {
        let paths = self.model.into_iter().flat_map(|m| &m.tenant);
        paths.take_while(|path| *path != told_by).any(answers)
    }

    /// The tenant that the answer to a login, or its log record, tells of whom it binds.
    pub(super) fn bound_tenant(&self, reading: &Reading<'_>) -> Option<Arc<str>> {
        let paths = self.model.into_iter().flat_map(|m| &m.tenant).filter(|path| answers(path));
        paths.into_iter().find_map(|path| masked_text(reading, path, self.masker)).map(|t| self.masker.shared(&t))
    }

    /// The kind, and whether it is known: a condition that may hold before the one that does leaves it open, and so does
    /// an API key of which nothing says who holds it.
    fn kind(
        &self,
        reading: &Reading<'_>,
        name: Option<&str>,
        client: Option<&str>,
        evidence: Evidence,
    ) -> (Arc<str>, bool) {
        let kinds = self.model.map(|m| m.kinds.as_slice()).unwrap_or_default();
        let (mut refuted, mut open) = (false, false);
        for (kind, conditions) in kinds {
            match holds(conditions, reading) {
                Truth::True => return (kind.clone(), !open),
                Truth::False => refuted = true,
                Truth::Unknown => open = true,
            }
        }
        let gty = reading.claims.as_ref().and_then(|c| c.text("gty").or_else(|| c.text("grant_type")));
        let gty = gty.as_deref().or_else(|| reading.log_field(&["gty", "grant_type"]));
        let service = gty.is_some_and(|g| g.replace('_', "-") == "client-credentials")
            || name.is_some_and(|n| Some(n) == client || n.starts_with("service:"))
            || evidence == Evidence::ApiKey && self.model.is_none();
        if service && !refuted {
            return ("service".into(), true);
        }
        let default = self.model.map(|m| m.default_kind.clone()).filter(|k| !k.is_empty());
        let known = if kinds.is_empty() {
            evidence != Evidence::ApiKey && (evidence >= Evidence::Claims || reading.headers_whole())
        } else {
            !open
        };
        (default.unwrap_or_else(|| "human".into()), known)
    }
}

/// Whether conditions of a kind hold: the first that does says so, else any that the source can decide. Where all that one
/// reads is in view, it does not hold unless it is true.
fn holds(conditions: &[Expression], reading: &Reading<'_>) -> Truth {
    let mut answer = Truth::Unknown;
    for condition in conditions {
        let seen = || condition.paths().into_iter().all(|path| reading.value(path) != Bound::Unknown);
        match expression::truth(condition, reading) {
            Truth::True => return Truth::True,
            Truth::False => answer = Truth::False,
            Truth::Unknown if seen() => answer = Truth::False,
            Truth::Unknown => {}
        }
    }
    answer
}

/// Whether a path is one of those that say of whom a login binds: those into requests say who asked.
fn answers(path: &Path) -> bool {
    is_in_answer(path) || path.root == Root::Log
}

/// Whether a path is into the answer, which speaks of who asked only where it binds them: `GET /users/7` tells the roles
/// and the tenant of user 7.
fn is_in_answer(path: &Path) -> bool {
    matches!(path.root, Root::ResponseBody | Root::ResponseHeader)
}

/// The actor as someone whose name a binding may still give.
pub(super) fn holder(actor: &Actor) -> Holder {
    let certain = actor.evidence >= Evidence::Bound;
    let credential = actor.credential.as_deref().and_then(Hash::parse).filter(|_| !certain);
    Holder { credential, name: actor.principal.clone() }
}

/// Subject of a JWT: `sub`, else the names that issuers use instead.
fn subject(shown: &Shown) -> Option<String> {
    let claims = shown.claims.as_ref()?;
    ["sub", "uid", "user_id", "username", "preferred_username", "email", "client_id", "azp"]
        .iter()
        .find_map(|name| claims.text(name))
}

fn pseudonym(prefix: &str, hash: Hash) -> Arc<str> {
    format!("{prefix}:{}", hash.short()).into()
}

fn keep_first(kept: &mut Option<Hash>, hash: Hash) {
    kept.get_or_insert(hash);
}

/// The token of `Bearer token`, so that it hashes like the bare token that the login returned.
fn bare_token(text: &str) -> &[u8] {
    text.rsplit(' ').next().unwrap_or(text).as_bytes()
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
