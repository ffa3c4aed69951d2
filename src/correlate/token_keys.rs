//! Keys that sign tokens and messages: a JWK set (RFC 7517) or PEM, and whether one of them made a token's signature (RFC
//! 7515) or a message's (RFC 9421).

mod der;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::Value as Json;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::credential::base64url;
use super::jwt::Trial;

/// Most keys of a set.
const MOST_KEYS: usize = 1_000;
/// Longest token that is verified.
const LONGEST: usize = 64 << 10;

/// What sanitizers write for a signature, in whatever brackets.
const PLACEHOLDERS: [&str; 8] =
    ["redacted", "removed", "stripped", "masked", "hidden", "filtered", "signatureredacted", "signatureremoved"];

/// Why a file holds no keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenKeysError {
    /// It is neither JSON nor PEM.
    #[error("neither a JWK set (JSON) nor public keys in PEM")]
    Format,
    /// It has no key that can verify a signature.
    #[error(
        "no key that verifies RS256 to RS512, PS256 to PS512, ES256, ES384, EdDSA (Ed25519) or HS256 to HS512; \
         of certificates take the public key: openssl x509 -pubkey -noout"
    )]
    NoKey,
}

/// Public keys, or shared secrets, of those who issue tokens.
#[derive(Clone)]
pub struct TokenKeys(Vec<TokenKey>);

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenKeys({})", self.0.len())
    }
}

#[derive(Clone)]
struct TokenKey {
    id: Option<String>,
    algorithm: Option<String>,
    material: Material,
    /// Hash of the public key (RFC 7638), by which signers of messages call it.
    thumbprint: Option<String>,
}

#[derive(Clone)]
enum Material {
    /// Modulus and exponent, big-endian.
    Rsa(Vec<u8>, Vec<u8>),
    /// Uncompressed point.
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
    Secret(Vec<u8>),
}

impl Material {
    /// SHA-256 of the key's members in the one form that RFC 7638 gives them; none for a secret.
    fn thumbprint(&self) -> Option<String> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let point = |curve: &str, point: &[u8]| {
            let (x, y) = point.get(1..)?.split_at_checked(point.len() / 2)?;
            Some(format!(r#"{{"crv":"{curve}","kty":"EC","x":"{}","y":"{}"}}"#, encode(x), encode(y)))
        };
        let members = match self {
            Material::Rsa(n, e) => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(e), encode(n)),
            Material::P256(bytes) => point("P-256", bytes)?,
            Material::P384(bytes) => point("P-384", bytes)?,
            Material::Ed25519(key) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(key)),
            Material::Secret(_) => return None,
        };
        Some(encode(&Sha256::digest(members)))
    }
}

impl TokenKeys {
    /// Reads a JWK set, one JWK, or public keys in PEM.
    pub fn read(bytes: &[u8]) -> Result<TokenKeys, TokenKeysError> {
        let keys: Vec<TokenKey> = match serde_json::from_slice::<Json>(bytes) {
            Ok(json) => {
                let one = [json.clone()];
                let all = json.get("keys").and_then(Json::as_array).map_or(&one[..], Vec::as_slice);
                all.iter().take(MOST_KEYS).filter_map(jwk).collect()
            }
            Err(_) => {
                let text = std::str::from_utf8(bytes).ok().filter(|text| text.contains("-----BEGIN "));
                let text = text.ok_or(TokenKeysError::Format)?;
                pem_blocks(text).take(MOST_KEYS).filter_map(|der| der::public_key(&der)).map(TokenKey::bare).collect()
            }
        };
        if keys.is_empty() { Err(TokenKeysError::NoKey) } else { Ok(TokenKeys(keys)) }
    }

    /// These and others.
    #[must_use]
    pub fn with(mut self, others: TokenKeys) -> TokenKeys {
        self.0.extend(others.0);
        self
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How a token in compact form stands the test. A key that the token names, or one that could have made such a
    /// signature where it names none, must have made it; a token of another issuer's key is not tried.
    pub(super) fn judge(&self, token: &[u8]) -> Trial {
        let Some(token) = parts(token) else { return Trial::Untried };
        let text = |name: &str| token.header.get(name).and_then(Json::as_str);
        let (algorithm, id) = (text("alg").unwrap_or_default(), text("kid"));
        let known = |key: &&TokenKey| id.is_some() && key.id.as_deref() == id;
        let fits = |key: &&TokenKey| key.fits(algorithm);
        let named: Vec<&TokenKey> = self.0.iter().filter(known).collect();
        let tried: Vec<&TokenKey> = match (named.is_empty(), id) {
            (false, _) => named,
            (true, None) => self.0.iter().filter(fits).collect(),
            // Keys without an id may have made it, but it is no proof that they did not.
            (true, Some(_)) => {
                let nameless = self.0.iter().filter(|key| key.id.is_none()).filter(fits);
                let made = nameless.into_iter().any(|key| key.made_token(algorithm, &token));
                return if made { Trial::Verified } else { Trial::Untried };
            }
        };
        match tried.iter().any(|key| key.fits(algorithm) && key.made_token(algorithm, &token)) {
            true => Trial::Verified,
            false if tried.is_empty() => Trial::Untried,
            false if token.stripped => Trial::Stripped,
            false => Trial::Failed,
        }
    }
}

impl TokenKeys {
    /// Whether a key goes by a name, or by its thumbprint.
    pub(super) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id.as_deref() == Some(id) || key.thumbprint.as_deref() == Some(id))
    }

    /// How the signature of a message stands the test (RFC 9421): what was signed, or none where no such message can have
    /// been. The key is named by its id or by its thumbprint. Without `algorithm` it is what the key is for.
    pub(super) fn judge_message(
        &self,
        id: Option<&str>,
        algorithm: Option<&str>,
        text: Option<&[u8]>,
        signature: &[u8],
    ) -> Trial {
        let known = |key: &&TokenKey| id.is_some() && (key.id.as_deref() == id || key.thumbprint.as_deref() == id);
        let named: Vec<&TokenKey> = self.0.iter().filter(known).collect();
        let made = |key: &TokenKey| text.is_some_and(|text| key.made_message(algorithm, text, signature));
        if named.is_empty() {
            // A key that goes by another name may have made it, but it is no proof that it did not.
            let others = self.0.iter().filter(|key| key.id.is_none());
            return if others.into_iter().any(made) { Trial::Verified } else { Trial::Untried };
        }
        if named.into_iter().any(made) { Trial::Verified } else { Trial::Failed }
    }
}

/// The names that JWS has for an algorithm of RFC 9421.
fn of_message(algorithm: &str) -> Option<&'static str> {
    Some(match algorithm {
        "rsa-pss-sha512" => "PS512",
        "rsa-v1_5-sha256" => "RS256",
        "hmac-sha256" => "HS256",
        "ecdsa-p256-sha256" => "ES256",
        "ecdsa-p384-sha384" => "ES384",
        "ed25519" => "EdDSA",
        _ => return None,
    })
}

impl TokenKey {
    fn new(id: Option<&str>, algorithm: Option<&str>, material: Material) -> TokenKey {
        let thumbprint = material.thumbprint();
        TokenKey { id: id.map(str::to_owned), algorithm: algorithm.map(str::to_owned), material, thumbprint }
    }

    fn bare(material: Material) -> TokenKey {
        TokenKey::new(None, None, material)
    }

    fn made_message(&self, algorithm: Option<&str>, text: &[u8], signature: &[u8]) -> bool {
        let usual: &[&str] = match self.material {
            Material::Rsa(..) => &["PS512", "RS256"],
            Material::P256(_) => &["ES256"],
            Material::P384(_) => &["ES384"],
            Material::Ed25519(_) => &["EdDSA"],
            Material::Secret(_) => &["HS256"],
        };
        let said = algorithm.map(of_message);
        let asked = |name: &&&str| said.is_none_or(|said| said == Some(**name));
        usual.iter().filter(asked).any(|name| self.fits(name) && self.made(name, text, signature))
    }

    /// Whether it is a key for this algorithm: one that is given for another may not be used (RFC 8725, section 3.1).
    fn fits(&self, algorithm: &str) -> bool {
        let kind = match self.material {
            Material::Rsa(..) => matches!(algorithm, "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512"),
            Material::P256(_) => algorithm == "ES256",
            Material::P384(_) => algorithm == "ES384",
            Material::Ed25519(_) => matches!(algorithm, "EdDSA" | "Ed25519"),
            Material::Secret(_) => matches!(algorithm, "HS256" | "HS384" | "HS512"),
        };
        kind && self.algorithm.as_deref().is_none_or(|own| own == algorithm)
    }

    fn made_token(&self, algorithm: &str, token: &Signed<'_>) -> bool {
        self.made(algorithm, token.text, &token.signature)
    }

    fn made(&self, algorithm: &str, signed: &[u8], signature: &[u8]) -> bool {
        let made = |scheme: &'static dyn signature::VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(scheme, key).verify(signed, signature).is_ok()
        };
        match &self.material {
            Material::Rsa(n, e) => {
                let scheme = match algorithm {
                    "RS256" => &signature::RSA_PKCS1_2048_8192_SHA256,
                    "RS384" => &signature::RSA_PKCS1_2048_8192_SHA384,
                    "RS512" => &signature::RSA_PKCS1_2048_8192_SHA512,
                    "PS256" => &signature::RSA_PSS_2048_8192_SHA256,
                    "PS384" => &signature::RSA_PSS_2048_8192_SHA384,
                    _ => &signature::RSA_PSS_2048_8192_SHA512,
                };
                RsaPublicKeyComponents { n, e }.verify(scheme, signed, signature).is_ok()
            }
            Material::P256(point) => made(&signature::ECDSA_P256_SHA256_FIXED, point),
            Material::P384(point) => made(&signature::ECDSA_P384_SHA384_FIXED, point),
            Material::Ed25519(key) => made(&signature::ED25519, key),
            Material::Secret(secret) => match algorithm {
                "HS256" => verified::<Hmac<Sha256>>(secret, signed, signature),
                "HS384" => verified::<Hmac<Sha384>>(secret, signed, signature),
                _ => verified::<Hmac<Sha512>>(secret, signed, signature),
            },
        }
    }
}

fn verified<M: Mac + KeyInit>(secret: &[u8], signed: &[u8], signature: &[u8]) -> bool {
    <M as KeyInit>::new_from_slice(secret).is_ok_and(|mut mac| {
        mac.update(signed);
        mac.verify_slice(signature).is_ok()
    })
}

/// A token in its parts.
struct Signed<'t> {
    /// What was signed.
    text: &'t [u8],
    header: serde_json::Map<String, Json>,
    signature: Vec<u8>,
    /// What stands where the signature should says that it was taken out.
    stripped: bool,
}

fn parts(token: &[u8]) -> Option<Signed<'_>> {
    (token.len() <= LONGEST).then_some(())?;
    let last = token.iter().rposition(|b| *b == b'.')?;
    let text = token.get(..last)?;
    let header = serde_json::from_slice(&base64url(text.split(|b| *b == b'.').next()?)?).ok()?;
    let signature = token.get(last + 1..)?;
    let stripped = is_placeholder(signature);
    Some(Signed { text, header, signature: base64url(signature).unwrap_or_default(), stripped })
}

/// Whether nothing, or what sanitizers write, stands where a signature should. Any other text is one that nobody made.
fn is_placeholder(signature: &[u8]) -> bool {
    let letters: Vec<u8> = signature.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect();
    letters.iter().all(|b| *b == b'x') && !signature.contains(&b'_') && !signature.contains(&b'-')
        || PLACEHOLDERS.iter().any(|word| word.as_bytes() == letters)
}

fn jwk(json: &Json) -> Option<TokenKey> {
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    let bytes = |name: &str| base64url(text(name)?.as_bytes());
    // A key for encryption signs nothing.
    (text("use").unwrap_or("sig") == "sig").then_some(())?;
    let point = |width: usize| {
        let (x, y) = (bytes("x")?, bytes("y")?);
        (x.len() == width && y.len() == width).then(|| [&[4][..], &x, &y].concat())
    };
    let material = match (text("kty")?, text("crv")) {
        ("RSA", _) => Material::Rsa(trimmed(&bytes("n")?).to_vec(), trimmed(&bytes("e")?).to_vec()),
        ("EC", Some("P-256")) => Material::P256(point(32)?),
        ("EC", Some("P-384")) => Material::P384(point(48)?),
        ("OKP", Some("Ed25519")) => Material::Ed25519(bytes("x")?),
        ("oct", _) => Material::Secret(bytes("k").filter(|secret| !secret.is_empty())?),
        _ => return None,
    };
    Some(TokenKey::new(text("kid"), text("alg"), material))
}

/// A number without the zeros before it.
fn trimmed(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|b| **b == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// The contents of `PUBLIC KEY` and `RSA PUBLIC KEY` blocks.
fn pem_blocks(text: &str) -> impl Iterator<Item = Vec<u8>> {
    text.split("-----BEGIN ").skip(1).filter_map(|block| {
        let (label, rest) = block.split_once("-----")?;
        matches!(label, "PUBLIC KEY" | "RSA PUBLIC KEY").then_some(())?;
        let (body, _) = rest.split_once("-----END")?;
        let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        STANDARD.decode(body).ok()
    })
}

#[cfg(test)]
mod tests;
