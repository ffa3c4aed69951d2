//! Credentials: what a caller shows to prove who it is. Their values never leave this file; keyed hashes do.

mod cookies;
mod names;
mod scheme;

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::jwt::{Claims, Trial};
use super::signature::Signer;
use super::token_keys::TokenKeys;
pub use cookies::session_cookies;
pub(super) use cookies::{cookie, is_issued_cookie, is_session_cookie, possible_cookie};
pub(super) use names::bare;
pub(super) use names::{is_secret_field, is_secret_name, is_secret_parameter};

/// Longest credential that is looked into; longer ones are only hashed.
const LONGEST: usize = 16 << 10;

/// Key of every hash that stands for a secret or personal value.
///
/// Runs with the same key give the same pseudonyms; without the key nobody can test a guess against one.
#[derive(Clone)]
pub struct HashKey {
    mac: Hmac<Sha256>,
}

impl HashKey {
    /// Derives the key from any bytes, as HMAC does: longer than 64 bytes are hashed first.
    pub fn new(bytes: &[u8]) -> HashKey {
        let mut block = [0_u8; 64];
        if bytes.len() > block.len() {
            let digest = Sha256::digest(bytes);
            block.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        } else {
            block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        }
        HashKey { mac: Hmac::new(&block.into()) }
    }

    /// A number for seeding hashes that stay within a run.
    pub fn seed(&self, purpose: &str) -> u64 {
        self.hash("seed", &[purpose.as_bytes()]).to_u64()
    }

    /// Hash of a credential's value: the same wherever the value is shown, in a header, cookie, body or URL.
    pub(super) fn credential(&self, value: &[u8]) -> Hash {
        self.hash("credential", &[value])
    }

    /// Hash of some parts under a purpose; equal parts under different purposes give unrelated hashes.
    pub(super) fn hash(&self, purpose: &str, parts: &[&[u8]]) -> Hash {
        let mut mac = self.mac.clone();
        mac.update(purpose.as_bytes());
        for part in parts {
            // The length keeps ("ab", "c") and ("a", "bc") apart.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let digest = mac.finalize().into_bytes();
        let mut out = [0; 16];
        out.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Hash(out)
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(..)")
    }
}

/// Keyed hash of a credential or personal value: HMAC-SHA-256 cut to 128 bits, printed as 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Hash([u8; 16]);

impl Hash {
    /// Reads back the 32 hex digits that `Display` writes.
    pub(super) fn parse(text: &str) -> Option<Hash> {
        (text.len() == 32).then_some(())?;
        u128::from_str_radix(text, 16).ok().map(|n| Hash(n.to_be_bytes()))
    }

    /// First 12 hex digits, for pseudonyms that people read.
    pub(super) fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(12);
        text
    }

    /// The hash of these bytes.
    pub(super) fn of(bytes: [u8; 16]) -> Hash {
        Hash(bytes)
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> [u8; 16] {
        self.0
    }

    /// First 64 bits.
    pub(super) fn to_u64(self) -> u64 {
        (u128::from_be_bytes(self.0) >> 64) as u64
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What credentials are read with: the key of their hashes, and those that sign tokens.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    pub(super) hash: &'a HashKey,
    pub(super) tokens: Option<&'a TokenKeys>,
}

/// The raw value. It has no `Debug`, and nothing outside this file can name it.
struct Secret<'a>(&'a [u8]);

/// What kind of credential was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// `Authorization: Bearer` and its kin.
    Bearer,
    /// `Authorization: Basic`, and others that name a user.
    Basic,
    /// An API key in a header or the query, or the name of the key that signed.
    ApiKey,
    /// A session cookie.
    Cookie,
    /// A cookie that may carry a session: who knows it as bound by a login knows that it does.
    Perhaps,
}

/// A credential that a request showed: its hash, and what it says about its holder.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) kind: Kind,
    pub(super) hash: Hash,
    /// Claims when it is a JWT.
    pub(super) claims: Option<Claims>,
    /// Whether a given key made the signature.
    pub(super) trial: Trial,
    /// User name of Basic credentials.
    pub(super) user: Option<Arc<str>>,
    /// Who stands for it.
    pub(super) place: Place,
    /// A signature that was made for another time; what tokens say of theirs is told by their claims.
    pub(super) lapsed: bool,
}

/// Where a credential was shown, and so what it is worth where nothing proves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// In `Authorization`, or in a header of a declared proxy.
    #[default]
    Own,
    /// Elsewhere: a server that goes by another credential does not look there.
    Beside,
    /// In a header that means something from a declared proxy only, which this is not from.
    Unvouched,
}

impl Shown {
    fn of(kind: Kind, secret: &Secret<'_>, keys: Keys<'_>) -> Shown {
        let claims = (secret.0.len() <= LONGEST).then(|| Claims::parse(secret.0)).flatten();
        let judged = keys.tokens.filter(|_| claims.is_some()).map(|tokens| tokens.judge(secret.0));
        Shown {
            kind,
            hash: keys.hash.credential(secret.0),
            claims,
            trial: judged.unwrap_or_default(),
            user: None,
            place: Place::Own,
            lapsed: false,
        }
    }
}

/// Reads an `Authorization` header. `None` for an empty one.
pub(super) fn authorization(value: &[u8], keys: Keys<'_>) -> Option<Shown> {
    let value = value.trim_ascii();
    let split = value.iter().position(|b| b.is_ascii_whitespace());
    let (scheme, rest) = split.map_or((&b""[..], value), |at| (&value[..at], value[at..].trim_ascii()));
    let schemes = [&b"basic"[..], b"bearer", b"digest", b"negotiate", b"token", b"apikey", b"dpop"];
    // A scheme alone is no credential.
    if rest.is_empty() || schemes.iter().any(|s| rest.eq_ignore_ascii_case(s)) {
        return None;
    }
    if scheme.eq_ignore_ascii_case(b"basic") {
        return Some(basic(&Secret(rest), keys));
    }
    match scheme::shows(scheme, rest) {
        scheme::Shows::Whole => {}
        scheme::Shows::User(user) => return Some(user_of(user, keys)),
        scheme::Shows::Key(name) => return Some(Shown::of(Kind::ApiKey, &Secret(name.as_bytes()), keys)),
        scheme::Shows::Token(token) => return Some(Shown::of(Kind::Bearer, &Secret(token.as_bytes()), keys)),
        scheme::Shows::Nobody => return None,
    }
    let kind = if [&b"apikey"[..], b"api-key", b"key"].iter().any(|s| scheme.eq_ignore_ascii_case(s)) {
        Kind::ApiKey
    } else {
        Kind::Bearer
    };
    Some(Shown::of(kind, &Secret(rest), keys))
}

/// Only the user name of Basic credentials is kept; the hash is over the name too, so that it cannot be used to test
/// guessed passwords even by someone who holds the key.
fn basic(secret: &Secret<'_>, keys: Keys<'_>) -> Shown {
    let decoded = (secret.0.len() <= LONGEST).then(|| STANDARD.decode(secret.0).ok()).flatten();
    let user = decoded.as_deref().and_then(|pair| pair.split(|b| *b == b':').next());
    user_of(user.and_then(|u| std::str::from_utf8(u).ok()).unwrap_or_default(), keys)
}

/// Credentials of a user of this name, whatever proves it.
fn user_of(user: &str, keys: Keys<'_>) -> Shown {
    let hash = keys.hash.hash("basic", &[user.as_bytes()]);
    Shown {
        kind: Kind::Basic,
        hash,
        claims: None,
        trial: Trial::Untried,
        user: (!user.is_empty()).then(|| Arc::from(user)),
        place: Place::Own,
        lapsed: false,
    }
}

/// An API key shown in a header or in the query.
pub(super) fn api_key(value: &[u8], keys: Keys<'_>) -> Option<Shown> {
    let value = value.trim_ascii();
    (!value.is_empty()).then(|| Shown::of(Kind::ApiKey, &Secret(value), keys))
}

/// A bearer token shown elsewhere than in `Authorization`.
pub(super) fn token(value: &[u8], keys: Keys<'_>) -> Option<Shown> {
    let value = value.trim_ascii();
    (!value.is_empty()).then(|| Shown::of(Kind::Bearer, &Secret(value), keys))
}

/// The key that signed a message, by its name: what stands for the signer, whose signature is another one each time.
pub(super) fn signing_key(signer: &Signer, keys: Keys<'_>) -> Option<Shown> {
    let name = signer.key.as_deref()?;
    let hash = keys.hash.credential(name.as_bytes());
    let (trial, lapsed) = (signer.trial, signer.lapsed);
    Some(Shown { kind: Kind::ApiKey, hash, claims: None, trial, user: None, place: Place::Beside, lapsed })
}

/// The credential that a query parameter shows.
pub(super) fn of_query(name: &str, value: &[u8], keys: Keys<'_>) -> Option<Shown> {
    match query_credential(name)? {
        Kind::ApiKey => {
            // A signed link's key comes with what the signature is for: `AKIDEXAMPLE/20150830/us-east-1/...`.
            let signs = bare(name).ends_with("credential");
            let end = value.iter().position(|b| signs && *b == b'/').unwrap_or(value.len());
            api_key(value.get(..end)?, keys)
        }
        _ => token(value, keys),
    }
}

/// Whether a query parameter carries a credential that identifies the caller.
fn query_credential(name: &str) -> Option<Kind> {
    match bare(name).as_str() {
        "xamzcredential" | "xgoogcredential" | "awsaccesskeyid" | "googleaccessid" | "ossaccesskeyid" => {
            Some(Kind::ApiKey)
        }
        "oauthconsumerkey" => Some(Kind::ApiKey),
        "oauthtoken" => Some(Kind::Bearer),
        "accesstoken" | "authtoken" | "token" | "jwt" => Some(Kind::Bearer),
        "apikey" | "key" | "subscriptionkey" | "accesskey" | "functionskey" => Some(Kind::ApiKey),
        _ => None,
    }
}

/// Decodes unpadded or padded base64url, bounded.
pub(super) fn base64url(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().rposition(|b| *b != b'=').map_or(0, |at| at + 1);
    (end <= LONGEST).then(|| URL_SAFE_NO_PAD.decode(text.get(..end)?).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> HashKey {
        HashKey::new(b"test key")
    }

    fn keys() -> Keys<'static> {
        static KEY: std::sync::LazyLock<HashKey> = std::sync::LazyLock::new(key);
        Keys { hash: &KEY, tokens: None }
    }

    #[test]
    fn the_hash_is_hmac_sha_256() {
        // RFC 4231, test case 2, through the same construction.
        let mut mac = HashKey::new(b"Jefe").mac;
        mac.update(b"what do ya want for nothing?");
        let hex: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_ne!(key().hash("a", &[b"ab", b"c"]), key().hash("a", &[b"a", b"bc"]));
        assert_ne!(key().credential(b"x"), HashKey::new(b"other").credential(b"x"));
    }

    #[test]
    fn hashes_read_back() {
        let hash = key().credential(b"secret");
        assert_eq!(Hash::parse(&hash.to_string()), Some(hash));
        assert_eq!(Hash::parse("zz"), None);
    }

    #[test]
    fn a_token_has_one_hash_wherever_it_is_shown() {
        let shown = authorization(b"Bearer  abc123", keys()).unwrap();
        assert_eq!(shown.kind, Kind::Bearer);
        assert_eq!(shown.hash, token(b"abc123", keys()).unwrap().hash);
        assert!(authorization(b"Bearer ", keys()).is_none());
        assert!(authorization(b"", keys()).is_none());
    }

    #[test]
    fn basic_keeps_the_user_and_forgets_the_password() {
        let one = authorization(b"basic YWxpY2U6b25l", keys()).unwrap();
        let two = authorization(b"Basic YWxpY2U6dHdv", keys()).unwrap();
        assert_eq!(one.user.as_deref(), Some("alice"));
        assert_eq!(one.hash, two.hash);
        assert_eq!(authorization(b"Basic !!!", keys()).unwrap().user, None);
    }
}
