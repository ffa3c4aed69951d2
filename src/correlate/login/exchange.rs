//! Token exchanges (RFC 8693): a token for a subject, perhaps with one of who acts, for a new one.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{request_texts, response_texts};
use crate::correlate::credential::{self, Hash, Keys, Shown};
use crate::correlate::facts::{Acting, Agent, BoundTo};
use crate::correlate::jwt::{Claims, Trial};
use crate::correlate::reading::Reading;
use crate::correlate::redact::Masker;
use crate::event::{TokenExchange, Value};

/// The grant by which tokens are exchanged.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// What a request says beside what every login does.
pub(super) const ASKED: [&str; 3] = ["actor_token", "scope", "client_assertion"];
/// The word of an answer that says that it is one to an exchange: a server that knows of none does not write it.
pub(super) const ISSUED: &str = "issued_token_type";
/// Most software in a chain that is kept.
const MOST: usize = 32;
/// Most words for what a token is good for: of more it is not known what they all are.
const MOST_WORDS: usize = 256;

/// An accepted exchange.
pub(super) struct Exchange {
    /// Whom the new token stands for.
    pub(super) to: BoundTo,
    pub(super) subject: Option<Arc<str>>,
    /// Claims of the new token.
    pub(super) claims: Option<Claims>,
    pub(super) acting: Acting,
    pub(super) told: TokenExchange,
}

/// What an exchange gives, where the answer says that it was one.
pub(super) fn read(reading: &Reading<'_>, shown: &[Shown], keys: Keys<'_>, masker: &Masker) -> Option<Exchange> {
    let first = |name: &str| request_texts(reading, &[name]).into_iter().next();
    let is_one = first("grant_type").is_some_and(|grant| &*grant == GRANT);
    (is_one && !response_texts(reading, &[ISSUED]).is_empty()).then_some(())?;
    let subject = credential::token(first("subject_token")?.as_bytes(), keys)?;
    let given = response_texts(reading, &["access_token"]).into_iter().next();
    let given = given.and_then(|token| Claims::parse(token.as_bytes()));
    let of = |claims: Option<&Claims>| claims.and_then(|claims| claims.text("sub")).map(|name| masker.shared(&name));
    // The new token's own word comes first; an opaque one is whose the old one was.
    let name = of(given.as_ref()).or_else(|| of(believed(&subject)));
    let assertion = || {
        let assertion = Claims::parse(first("client_assertion")?.as_bytes())?;
        assertion.text("sub").map(Arc::from)
    };
    // What was proved comes before what is only said beside it.
    let basic = shown.iter().find_map(|s| s.user.clone());
    let client = basic.or_else(assertion).or_else(|| first("client_id"));
    let scopes = |said: Option<Vec<Arc<str>>>| said.map(|all| all.iter().map(|scope| masker.shared(scope)).collect());
    let got = response_texts(reading, &["scope"]).first().map(|text| words(text));
    let got = got.or_else(|| given.as_ref().and_then(scopes_of)).or_else(|| first("scope").map(|text| words(&text)));
    let (had, got) = (scopes(believed(&subject).and_then(scopes_of).flatten()), scopes(got.flatten()));
    let told = TokenExchange {
        shown: subject.hash.to_string().into(),
        had,
        elsewhere: is_elsewhere(believed(&subject), given.as_ref()),
        got: got.clone(),
    };
    let agents = match &given {
        // A server that knows nothing of who acts makes a token that names nobody, whatever it was sent.
        Some(claims) => chain(claims).iter().map(|name| Agent::Named(masker.shared(name))).collect(),
        None => sent_agents(reading, &subject, first("actor_token").as_deref(), keys, masker),
    };
    let acting = Acting { agents, client: client.map(|name| masker.shared(&name)), scopes: got.map(Arc::from) };
    let to = name.clone().map_or(BoundTo::SameAs(subject.hash), BoundTo::Subject);
    Some(Exchange { to, subject: name, claims: given, acting, told })
}

/// What an answer says that the token it gives out is good for.
pub(super) fn told_scopes(reading: &Reading<'_>, masker: &Masker) -> Option<Arc<[Arc<str>]>> {
    let text = response_texts(reading, &["scope"]).into_iter().next()?;
    Some(words(&text)?.iter().map(|scope| masker.shared(scope)).collect())
}

/// Who acts by an opaque new token: the actor whose token was sent, and those who acted by the old one.
fn sent_agents(
    reading: &Reading<'_>,
    subject: &Shown,
    actor: Option<&str>,
    keys: Keys<'_>,
    masker: &Masker,
) -> Vec<Agent> {
    let actor = actor.and_then(|token| credential::token(token.as_bytes(), keys));
    let actor = actor.map(|token| match software(&token) {
        Some(name) => Agent::Named(masker.shared(&name)),
        None => Agent::Holder(token.hash, reading.exchange.time.0),
    });
    let earlier = believed(subject).into_iter().flat_map(chain).map(|name| Agent::Named(masker.shared(&name)));
    actor.into_iter().chain(earlier).take(MOST).collect()
}

/// Claims of a token of which nothing says that nobody signed it; whether it is still good the server decided.
fn believed(token: &Shown) -> Option<&Claims> {
    let proven = !matches!(token.trial, Trial::Failed | Trial::Stripped);
    token.claims.as_ref().filter(|claims| proven && !claims.is_unsigned())
}

/// Whom an actor's token names: its subject, else its client.
fn software(token: &Shown) -> Option<String> {
    let claims = believed(token)?;
    ["sub", "azp", "client_id"].into_iter().find_map(|name| claims.text(name))
}

/// Software that acts by a token already, the latest first.
fn chain(claims: &Claims) -> Vec<String> {
    let mut path = Vec::new();
    let mut found = Vec::new();
    while found.len() < MOST {
        path.push("act");
        let mut subject = path.clone();
        subject.push("sub");
        let Some(Value::Text(name)) = claims.value(&subject) else { break };
        found.push(name.to_string());
    }
    found
}

/// Words of a claim that says what a token is good for; none within where they are too many.
fn scopes_of(claims: &Claims) -> Option<Option<Vec<Arc<str>>>> {
    match ["scope", "scp", "scopes"].iter().find_map(|name| claims.value(&[*name]))? {
        Value::Text(text) => Some(words(&text)),
        Value::List(items) => Some(distinct(items.into_iter().filter_map(text))),
        _ => None,
    }
}

fn words(text: &str) -> Option<Vec<Arc<str>>> {
    distinct(text.split_whitespace().map(Arc::from))
}

/// Each word once; a list that is cut would be another one.
fn distinct(words: impl Iterator<Item = Arc<str>>) -> Option<Vec<Arc<str>>> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for word in words.filter(|word| !word.is_empty()) {
        if seen.insert(Arc::clone(&word)) {
            kept.push(word);
        }
        if kept.len() > MOST_WORDS {
            return None;
        }
    }
    Some(kept)
}

fn text(value: Value) -> Option<Arc<str>> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

/// Whether the new token says that it is for a service that the old one was not for. What was merely asked for is what a
/// client likes to say.
fn is_elsewhere(old: Option<&Claims>, new: Option<&Claims>) -> bool {
    let audience = |claims: &Claims| match claims.value(&["aud"]) {
        Some(Value::Text(one)) => vec![one],
        Some(Value::List(all)) => all.into_iter().filter_map(text).collect(),
        _ => Vec::new(),
    };
    let had = old.map(audience).unwrap_or_default();
    new.map(audience).unwrap_or_default().iter().any(|one| !had.contains(one))
}

impl Exchange {
    /// Whether a token is a new one, and not the one that was shown.
    pub(super) fn gives(&self, token: Hash) -> bool {
        *self.told.shown != *token.to_string()
    }
}
