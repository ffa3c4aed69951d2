//! Signatures of messages (RFC 9421), and the program that made one (Web Bot Auth).
//!
//! A request names the key of each of its signatures. Whether that key made it is told where the key was given and all
//! that was signed is shown; a body counts by its `Content-Digest`.

mod base;
mod field;

use offpath_capture::{Body, Exchange};
use sha2::{Digest, Sha256, Sha512};

use self::base::{Message, Missing, base};
use self::field::{Item, Member, Parameters, Value, WithParameters, parameter};
use super::jwt::Trial;
use super::token_keys::TokenKeys;

/// Most signatures of one request that are looked at.
const MOST: usize = 8;
/// Longest `Signature-Agent` that is kept.
const LONGEST_AGENT: usize = 512;
/// How far clocks may differ, as for tokens.
const LEEWAY: i64 = 300;
/// How long a program's signature may serve that does not say when it ends: what the draft of Web Bot Auth allows.
const LONGEST_LIFE: i64 = 24 * 3_600;
/// What sets a program's signature apart from others.
const BOT: &str = "web-bot-auth";

/// Who signed a request, by the signature that counts most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Signer {
    /// Name of the key.
    pub(super) key: Option<String>,
    /// Address of the program that says it signed; of a signature that was verified only one that it was made over.
    pub(super) agent: Option<String>,
    /// The signature says that a program acts.
    pub(super) is_program: bool,
    /// Whether a given key made it.
    pub(super) trial: Trial,
    /// The key that it names was given: what is not verified then is not known to be its holder's.
    pub(super) given: bool,
    /// It was made for another time.
    pub(super) lapsed: bool,
}

impl Signer {
    /// Whether nothing speaks against the signature. Who can be tried and was not chose to be signed in such a way that he
    /// is not.
    pub(super) fn is_believed(&self) -> bool {
        let believed = self.trial == Trial::Verified || self.trial == Trial::Untried && !self.given;
        believed && !self.lapsed
    }
}

/// Who signed a request. Of several signatures one that a given key made counts, else one that was not tried.
pub(super) fn signer(exchange: &Exchange, whole: bool, keys: Option<&TokenKeys>) -> Option<Signer> {
    let headers = &exchange.request.as_ref()?.headers;
    let joined = |name: &str| {
        let lines: Vec<&[u8]> = headers.all(name).collect();
        (!lines.is_empty()).then(|| String::from_utf8(lines.join(&b", "[..])).ok()).flatten()
    };
    let (inputs, signatures) = (joined("signature-input")?, joined("signature")?);
    let (made, agents) = (field::dictionary(&signatures), joined("signature-agent"));
    let inputs = field::dictionary(&inputs)?;
    let lists = inputs.iter().filter_map(|input| Some((input, list(input)?))).take(MOST);
    let signers = lists.filter_map(|(input, components)| {
        let signature = made.as_ref().map(|made| made.iter().find(|member| member.key == input.key));
        let signature = match signature {
            // No signature at all where a label has none; something took the header's content out where it is no dictionary.
            Some(None) => return None,
            Some(Some(Member { value: Value::One(Item::Bytes(bytes)), .. })) => Some(bytes.as_slice()),
            Some(Some(_)) | None => None,
        };
        Some(Trying { exchange, whole, input, components, signature, agents: agents.as_deref() }.signer(keys))
    });
    // Of equals the least is the first.
    signers.min_by_key(|signer| (!signer.is_believed(), signer.trial != Trial::Verified, !signer.is_program))
}

fn list(member: &Member) -> Option<&[WithParameters]> {
    if let Value::List(items) = &member.value { Some(items) } else { None }
}

/// One signature of a request.
#[derive(Clone, Copy)]
struct Trying<'a> {
    exchange: &'a Exchange,
    whole: bool,
    input: &'a Member,
    components: &'a [WithParameters],
    /// None where it was taken out.
    signature: Option<&'a [u8]>,
    agents: Option<&'a str>,
}

impl Trying<'_> {
    fn signer(self, keys: Option<&TokenKeys>) -> Signer {
        let parameters = &self.input.parameters;
        let text = |name: &str| parameter(parameters, name).and_then(Item::text);
        let bot = text("tag") == Some(BOT);
        let trial = keys.map_or(Trial::Untried, |keys| self.judged(keys, text("keyid"), text("alg")));
        let (agent, signed) = self.agent();
        Signer {
            key: text("keyid").filter(|key| !key.is_empty()).map(str::to_owned),
            is_program: bot || agent.is_some(),
            // What a signature was not made over anybody may have added to it.
            agent: agent.filter(|_| signed || trial != Trial::Verified),
            trial,
            given: text("keyid").is_some_and(|id| keys.is_some_and(|keys| keys.has(id))),
            lapsed: lapsed(parameters, bot, self.exchange.time.0.div_euclid(1_000_000)),
        }
    }

    fn covers(self, name: &str) -> bool {
        self.components.iter().any(|(item, _)| item.text() == Some(name))
    }

    /// Whether a key made it. A signature that is not for this server proves nothing here: who has seen it may send it.
    fn judged(self, keys: &TokenKeys, id: Option<&str>, algorithm: Option<&str>) -> Trial {
        let Some(request) = &self.exchange.request else { return Trial::Untried };
        let Some(signature) = self.signature else { return keys.judge_message(id, algorithm, None, &[]).stripped() };
        let schemes: &[&str] = match request.scheme.as_deref() {
            Some("http") => &["http"],
            Some(_) => &["https"],
            None => &["https", "http"],
        };
        let mut trial = Trial::Untried;
        for scheme in schemes {
            let message = Message { request, whole: self.whole, scheme };
            trial = match base(message, self.components, &self.input.parameters) {
                Err(Missing::Unseen) => Trial::Untried,
                Err(Missing::Wrong) => keys.judge_message(id, algorithm, None, signature),
                Ok(text) => keys.judge_message(id, algorithm, Some(&text), signature),
            };
            if trial == Trial::Verified {
                break;
            }
        }
        let here = ["@authority", "@target-uri", "host"].iter().any(|name| self.covers(name));
        match trial {
            Trial::Verified if self.covers("content-digest") && is_body_changed(self.exchange) => Trial::Failed,
            Trial::Verified if !here => Trial::Untried,
            trial => trial,
        }
    }

    /// The program's address, and whether it was signed: `"https://bot.example"`, a dictionary of such, or the bare address.
    fn agent(self) -> (Option<String>, bool) {
        let Some(text) = self.agents else { return (None, false) };
        let component = self.components.iter().find(|(item, _)| item.text() == Some("signature-agent"));
        let key = component.and_then(|(_, parameters)| parameter(parameters, "key")).and_then(Item::text);
        let single = || field::item(text).and_then(|(item, _)| item.text().map(str::to_owned));
        let member = || {
            let members = field::dictionary(text)?;
            let named = members.iter().find(|member| key.is_none_or(|key| member.key == key))?;
            if let Value::One(item) = &named.value { item.text().map(str::to_owned) } else { None }
        };
        let bare = || text.contains("://").then(|| text.trim().to_owned());
        let agent = if key.is_some() { member() } else { single().or_else(member).or_else(bare) };
        (agent.and_then(|agent| origin(&agent)), component.is_some())
    }
}

/// The program that a header names to which no signature belongs.
pub(super) fn unsigned_agent(text: &str) -> Option<String> {
    let single = || field::item(text).and_then(|(item, _)| item.text().map(str::to_owned));
    let member = || match field::dictionary(text)?.into_iter().next()?.value {
        Value::One(Item::Text(text)) => Some(text),
        _ => None,
    };
    let plain = || Some(text.trim().to_owned());
    single().or_else(member).or_else(plain).and_then(|agent| origin(&agent))
}

/// Scheme and host of an address: the rest names nobody, and may hold a password or a token. Of what has no scheme, its
/// beginning.
fn origin(address: &str) -> Option<String> {
    let address = address.trim();
    (address.len() <= LONGEST_AGENT).then_some(())?;
    let (scheme, rest) = address.split_once("://").map_or(("", address), |(scheme, rest)| (scheme, rest));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if !scheme.chars().all(plain) {
        return None;
    }
    let place = rest.split(['/', '?', '#', '\\', ',', ';']).next().unwrap_or_default();
    let place = place.rsplit('@').next().unwrap_or_default();
    let host = match place.rsplit_once(':') {
        // `[::1]` ends with a bracket, and a port is a number.
        Some((_, port)) if place.ends_with(']') || port.bytes().all(|b| b.is_ascii_digit()) => place,
        Some((host, _)) => host,
        None => place,
    };
    let mark = if scheme.is_empty() { "" } else { "://" };
    (!host.is_empty()).then(|| format!("{scheme}{mark}{host}"))
}

/// Whether a signature was made for another time than this one, in seconds since the Unix epoch.
fn lapsed(parameters: &Parameters, bot: bool, now: i64) -> bool {
    let time = |name: &str| parameter(parameters, name).and_then(Item::seconds);
    let (created, expires) = (time("created"), time("expires"));
    let end = expires.or(created.filter(|_| bot).map(|created| created.saturating_add(LONGEST_LIFE)));
    end.is_some_and(|end| end.saturating_add(LEEWAY) < now)
        || created.is_some_and(|created| created > now.saturating_add(LEEWAY))
}

/// Whether the body is known to be another than the one that was signed. A digest is over the coded body, which is not kept.
fn is_body_changed(exchange: &Exchange) -> bool {
    let Some(request) = &exchange.request else { return false };
    let coded = request.headers.text("content-encoding").is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"));
    let body = match &request.body {
        Body::Absent => &[][..],
        Body::Present { bytes, whole: true, .. } => bytes.as_slice(),
        Body::Present { .. } | Body::Unknown { .. } => return false,
    };
    let digests = request.headers.text("content-digest").and_then(field::dictionary).filter(|_| !coded);
    digests.into_iter().flatten().any(|digest| match (digest.key.as_str(), &digest.value) {
        ("sha-256", Value::One(Item::Bytes(said))) => Sha256::digest(body).as_slice() != said.as_slice(),
        ("sha-512", Value::One(Item::Bytes(said))) => Sha512::digest(body).as_slice() != said.as_slice(),
        _ => false,
    })
}

#[cfg(test)]
mod tests;
