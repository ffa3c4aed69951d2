//! The ladder: who is accountable, by the strongest of what a request shows.

use std::sync::Arc;

use super::{MOST_SHOWN, Naming, gateway, keep_first, pseudonym};
use crate::correlate::credential::{self, Hash, Kind, Place, Shown};
use crate::correlate::jwt::{Claims, Trial};
use crate::correlate::reading::Reading;
use crate::event::{Doubt, Doubts, Evidence, Value};
use crate::model::expression::{Bound, Scope};
use crate::model::{Path, Root};

/// How long after its end a token may still be used: clocks differ (RFC 7519, section 4.1.4).
const LEEWAY: i64 = 300 * 1_000_000;
/// Most further credentials that are kept.
pub(in crate::correlate) const MOST_ALSO: usize = MOST_SHOWN;
/// Most other names that are kept.
pub(in crate::correlate) const MOST_OTHERS: usize = MOST_SHOWN;

/// A principal as far as one exchange shows it.
#[derive(Default)]
pub(super) struct Found<'s> {
    pub(super) name: Option<(Arc<str>, Evidence)>,
    /// The first credential that may turn out to be bound.
    pub(super) credential: Option<Hash>,
    /// The token whose claims give the name.
    pub(super) token: Option<&'s Shown>,
    /// A name that the model's paths gave and that nothing proves.
    unproved: Option<Arc<str>>,
    /// See [`Actor::yields`](crate::event::Actor::yields).
    pub(super) yields: bool,
    pub(super) doubts: Doubts,
    pub(super) others: Vec<Arc<str>>,
    /// End of the life of the token that gives the name, where it says one.
    pub(super) end: Option<i64>,
}

impl<'s> Found<'s> {
    /// Takes the name that a believed token gives.
    fn take(&mut self, token: &'s Shown, name: Arc<str>) {
        self.yields = token.place == Place::Beside && token.trial != Trial::Verified;
        (self.token, self.name) = (Some(token), Some((name, claims_evidence(token))));
        self.end = token.claims.as_ref().and_then(Claims::end);
    }
}

impl Found<'_> {
    /// Notes what speaks against the token that gives the name for want of a better one.
    fn doubt(&mut self, token: &Shown, reading: &Reading<'_>) {
        let doubt = doubt(token, reading);
        doubt.into_iter().for_each(|doubt| self.doubts.add(doubt));
        let ended = token.claims.as_ref().and_then(Claims::end).filter(|_| doubt == Some(Doubt::Expired));
        self.end = self.end.or(ended);
    }
}

/// What speaks against a credential.
fn doubt(shown: &Shown, reading: &Reading<'_>) -> Option<Doubt> {
    let claims = shown.claims.as_ref();
    let past = |end: i64| end.saturating_add(LEEWAY) < reading.exchange.time.0;
    if shown.trial == Trial::Failed {
        Some(Doubt::BadSignature)
    } else if shown.trial == Trial::Stripped {
        Some(Doubt::Stripped)
    } else if claims.is_some_and(|c| c.is_unsigned()) {
        Some(Doubt::Unsigned)
    } else if is_refused(reading) {
        Some(Doubt::Refused)
    } else if shown.lapsed {
        Some(Doubt::Expired)
    } else {
        claims.and_then(|c| c.end()).is_some_and(past).then_some(Doubt::Expired)
    }
}

/// Whether the server said that it does not believe who asks.
fn is_refused(reading: &Reading<'_>) -> bool {
    reading.outcome_status() == Some(401)
}

/// Whether claims are believed: nothing speaks against the token that they come from, and it is where it belongs.
fn is_believed(shown: &Shown, reading: &Reading<'_>) -> bool {
    let vouched = shown.place != Place::Unvouched || shown.trial == Trial::Verified;
    vouched && doubt(shown, reading).is_none()
}

/// The token that is believed first: one that a given key signed before others, one that names somebody before others.
pub(super) fn best<'s>(shown: &'s [Shown], reading: &Reading<'_>) -> Option<&'s Shown> {
    let believed = shown.iter().filter(|s| s.claims.is_some() && is_believed(s, reading));
    // Of equals the least is the first.
    believed.min_by_key(|s| (s.trial != Trial::Verified, subject(s).is_none()))
}

pub(super) fn subject(shown: &Shown) -> Option<String> {
    shown.claims.as_ref()?.subject()
}

impl Naming<'_> {
    pub(super) fn principal<'s>(&self, reading: &Reading<'_>, shown: &'s [Shown]) -> Found<'s> {
        let mut found = Found::default();
        for step in self.model.into_iter().flat_map(|m| &m.identify) {
            self.listed(reading, shown, &step.path, step.bound_by.is_some(), &mut found);
            if found.name.is_some() {
                break;
            }
        }
        if found.name.is_none() {
            self.built_in(reading, shown, &mut found);
        }
        // What may be bound is asked first, whatever gave the name until then.
        let proved = found.name.as_ref().is_some_and(|(_, evidence)| *evidence >= Evidence::Bound);
        if found.credential.is_none() && !proved {
            found.credential = shown.iter().find(|s| s.kind == Kind::Perhaps).map(|s| s.hash);
        }
        self.add_others(reading, shown, &mut found);
        if shown.len() >= MOST_SHOWN {
            found.doubts.add(Doubt::ManyCredentials);
        }
        found
    }

    /// One path of the model's `identify` into the claims of a token.
    fn listed_claim<'s>(&self, reading: &Reading<'_>, shown: &'s [Shown], path: &Path, found: &mut Found<'s>) {
        let believed = best(shown, reading);
        let Some(token) = believed.or_else(|| shown.iter().find(|s| s.claims.is_some())) else { return };
        let Some(Value::Text(text)) = token.claims.as_ref().and_then(|claims| claims.value(&path.fields)) else {
            return;
        };
        if text.is_empty() {
            return;
        }
        keep_first(&mut found.credential, token.hash);
        let name = self.masker.named_text(path, &text);
        if believed.is_some() {
            found.take(token, name);
        } else {
            found.doubt(token, reading);
            found.unproved.get_or_insert(name);
        }
    }

    /// One path of the model's `identify`.
    fn listed<'s>(&self, reading: &Reading<'_>, shown: &'s [Shown], path: &Path, bound: bool, found: &mut Found<'s>) {
        if path.root == Root::Jwt && shown.iter().any(|s| s.claims.is_some()) {
            return self.listed_claim(reading, shown, path, found);
        }
        let Bound::Exactly(Value::Text(text)) = reading.value(path) else { return };
        if text.is_empty() {
            return;
        }
        let last = path.fields.last().map(|f| &**f).unwrap_or_default();
        let evidence = match path.root {
            Root::Mtls => Evidence::Proven,
            Root::Cookie => return keep_first(&mut found.credential, self.keys.hash.credential(text.as_bytes())),
            _ if bound => return keep_first(&mut found.credential, self.keys.hash.credential(bare_token(&text))),
            Root::RequestHeader | Root::Query if credential::is_secret_name(last) => {
                let hash = self.keys.hash.credential(bare_token(&text));
                keep_first(&mut found.credential, hash);
                found.name = Some((pseudonym("key", hash), Evidence::ApiKey));
                return;
            }
            _ => Evidence::Asserted,
        };
        found.name = Some((self.masker.named_text(path, &text), evidence));
    }

    fn built_in<'s>(&self, reading: &Reading<'_>, shown: &'s [Shown], found: &mut Found<'s>) {
        if let Some((token, name)) = best(shown, reading).and_then(|token| Some((token, subject(token)?))) {
            found.credential = Some(token.hash);
            return found.take(token, self.masker.shared(&name));
        }
        if let Some((user, hash)) = shown.iter().find_map(|s| Some((s.user.clone()?, s.hash))) {
            found.credential = Some(hash);
            // Where the answer was not seen, nobody knows whether it was believed.
            let evidence = match reading.outcome_status() {
                Some(401) => Evidence::Unproved,
                Some(_) => Evidence::Bound,
                None => Evidence::Asserted,
            };
            if evidence == Evidence::Unproved {
                found.doubts.add(Doubt::Refused);
            }
            found.name = Some((self.masker.shared(&user), evidence));
            found.yields = true;
            return;
        }
        let mut bindable = shown.iter().filter(|s| matches!(s.kind, Kind::Bearer | Kind::Cookie));
        let opaque = bindable.clone().find(|s| subject(s).is_none());
        if let Some(credential) = opaque.or_else(|| bindable.next()) {
            keep_first(&mut found.credential, credential.hash);
        }
        found.name = self.without_claims(reading, shown, found);
    }

    fn without_claims(
        &self,
        reading: &Reading<'_>,
        shown: &[Shown],
        found: &mut Found<'_>,
    ) -> Option<(Arc<str>, Evidence)> {
        if let Some(user) = logged_user(reading) {
            let evidence = if is_refused(reading) { Evidence::Unproved } else { Evidence::Asserted };
            return Some((self.masker.shared(user), evidence));
        }
        let opaque = shown.iter().find(|s| matches!(s.kind, Kind::Bearer | Kind::Cookie) && subject(s).is_none());
        let told = gateway::told(reading);
        if let Some(name) = told.agreed().filter(|_| self.proxies.speaks(reading)) {
            return Some((self.masker.shared(name), Evidence::Asserted));
        }
        // Behind a token of somebody's, the certificate is that of the program that passes it on.
        if let Some(name) = self.certificate(reading).filter(|_| opaque.is_none()) {
            return Some((name, Evidence::Proven));
        }
        let of_key = |s: &&Shown| s.kind == Kind::ApiKey;
        let disproved = |s: &Shown| matches!(s.trial, Trial::Failed | Trial::Stripped) || s.lapsed;
        if let Some(key) = shown.iter().filter(of_key).find(|s| !disproved(s)) {
            keep_first(&mut found.credential, key.hash);
            // Beside a session the key is that of the program; whose session it is, a login may tell.
            let alone = !shown.iter().any(|s| matches!(s.kind, Kind::Bearer | Kind::Cookie | Kind::Perhaps));
            let evidence = match key.trial {
                _ if is_refused(reading) => Evidence::Unproved,
                Trial::Verified if alone => Evidence::Verified,
                _ => Evidence::ApiKey,
            };
            return Some((pseudonym("key", key.hash), evidence));
        }
        if let Some(hash) = found.credential.filter(|hash| !names_somebody(*hash, shown)) {
            return Some((pseudonym("session", hash), Evidence::Unbound));
        }
        self.unproved(reading, shown, found).or_else(|| self.place_name(reading))
    }

    /// A name that nothing proves, where there is nothing better.
    fn unproved(&self, reading: &Reading<'_>, shown: &[Shown], found: &mut Found<'_>) -> Option<(Arc<str>, Evidence)> {
        let claimed = shown.iter().find(|s| subject(s).is_some() && !is_believed(s, reading));
        claimed.into_iter().for_each(|token| found.doubt(token, reading));
        let name = found.unproved.take().or_else(|| {
            let told = claimed.and_then(subject).or_else(|| gateway::told(reading).names.into_iter().next());
            told.or_else(|| gateway::certificate(reading)).map(|name| self.masker.shared(&name))
        });
        let signer = || {
            let key = shown.iter().find(|s| s.kind == Kind::ApiKey)?;
            doubt(key, reading).into_iter().for_each(|doubt| found.doubts.add(doubt));
            Some(pseudonym("key", key.hash))
        };
        name.or_else(signer).map(|name| (name, Evidence::Unproved))
    }

    /// Subject of mutual TLS, from a log's field or a declared proxy's header.
    pub(super) fn certificate(&self, reading: &Reading<'_>) -> Option<Arc<str>> {
        let logged = || reading.logged_certificate().map(|name| self.masker.shared(name));
        let told = || self.proxies.speaks(reading).then(|| gateway::certificate(reading)).flatten();
        logged().or_else(|| told().map(|name| self.masker.shared(&name)))
    }

    /// Names that the request gives beside the one that was taken, and whether they are told as well as it is. Other
    /// spellings of it in the same token are none; what anybody could have written spells nothing.
    fn add_others(&self, reading: &Reading<'_>, shown: &[Shown], found: &mut Found<'_>) {
        let Some((name, evidence)) = found.name.clone() else { return };
        let claims = found.token.and_then(|token| token.claims.as_ref());
        let untried = found.token.is_some_and(|token| token.trial != Trial::Verified);
        let is_name = |other: &str| self.masker.shared(other) == name;
        let spelt = |other: &str| claims.is_some_and(|claims| claims.names(other)) || is_name(other);
        let alias = |s: &Shown| s.claims.as_ref().is_some_and(|claims| claims.names(&name));
        let (mut told, mut contested) = (Vec::<String>::new(), false);
        for (other, s) in shown.iter().filter_map(|s| Some((subject(s)?, s))) {
            let alike = untried || s.trial == Trial::Verified;
            let rival = claims.is_some() && is_believed(s, reading) && alike;
            if is_name(&other) || !(untried && rival) && (spelt(&other) || alias(s)) {
                continue;
            }
            doubt(s, reading).into_iter().for_each(|doubt| found.doubts.add(doubt));
            contested |= rival;
            told.push(other);
        }
        for user in shown.iter().filter_map(|s| s.user.as_deref()).filter(|user| !spelt(user)) {
            contested |= untried;
            told.push(user.to_owned());
        }
        // A signature that nobody believes speaks against whoever sends it, whatever names them.
        let signers = shown.iter().filter(|s| s.kind == Kind::ApiKey && (s.trial == Trial::Failed || s.lapsed));
        signers.filter_map(|s| doubt(s, reading)).for_each(|doubt| found.doubts.add(doubt));
        let gateways = gateway::told(reading);
        let speaks = self.proxies.speaks(reading);
        // Any header of a gateway may spell the same name in its own way: one of them that agrees is enough.
        let unlike = !gateways.names.iter().any(|other| spelt(other)) && evidence > Evidence::Unproved;
        if !gateways.agree && (speaks || evidence <= Evidence::Unproved) {
            contested = true;
            told.extend(gateways.names.into_iter().filter(|other| !is_name(other)));
        } else if unlike {
            contested |= untried && speaks && !gateways.names.is_empty();
            told.extend(gateways.names.into_iter().take(1));
        }
        for other in told.iter().map(|other| self.masker.shared(other)) {
            if !found.others.contains(&other) && found.others.len() < MOST_OTHERS {
                found.others.push(other);
            }
        }
        if !found.others.is_empty() {
            found.doubts.add(Doubt::SeveralNames);
        }
        if contested {
            found.doubts.add(Doubt::Contested);
        }
    }

    /// Credentials beside the first: any of them may turn out to be bound.
    pub(super) fn also(shown: &[Shown], found: &Found<'_>) -> Vec<Arc<str>> {
        let proved = found.name.as_ref().is_some_and(|(_, evidence)| *evidence >= Evidence::Verified);
        let mut also: Vec<Arc<str>> = Vec::new();
        for other in shown.iter().filter(|s| Some(s.hash) != found.credential) {
            let text: Arc<str> = match other.kind {
                Kind::Bearer | Kind::Cookie => other.hash.to_string().into(),
                Kind::Perhaps if !proved => format!("?{}", other.hash).into(),
                _ => continue,
            };
            if !also.contains(&text) && also.len() < MOST_ALSO {
                also.push(text);
            }
        }
        also
    }
}

/// Whether a credential is a token that names its holder, believed or not.
fn names_somebody(hash: Hash, shown: &[Shown]) -> bool {
    shown.iter().any(|s| s.hash == hash && subject(s).is_some())
}

fn claims_evidence(token: &Shown) -> Evidence {
    if token.trial == Trial::Verified { Evidence::Verified } else { Evidence::Claims }
}

fn logged_user<'a>(reading: &Reading<'a>) -> Option<&'a str> {
    let user = reading.exchange.log.user.as_deref();
    let user = user.or_else(|| reading.log_field(&["sub", "user", "subject", "principal"]));
    user.filter(|user| !user.is_empty() && *user != "-")
}

/// The token of `Bearer token`, so that it hashes like the bare token that the login returned.
fn bare_token(text: &str) -> &[u8] {
    text.rsplit(' ').next().unwrap_or(text).as_bytes()
}
