//! Public keys as PEM blocks hold them: `SubjectPublicKeyInfo` (RFC 5280) and `RSAPublicKey` (RFC 8017), in DER.

use super::{Material, trimmed};

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;

/// 1.2.840.113549.1.1.1, rsaEncryption.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1, id-ecPublicKey.
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7, prime256v1.
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.3.132.0.34, secp384r1.
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
/// 1.3.101.112, Ed25519.
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// The key of a PEM block; `None` for one of another kind, and for what is no key.
pub(super) fn public_key(der: &[u8]) -> Option<Material> {
    let (whole, _) = element(der, SEQUENCE)?;
    if whole.first() == Some(&INTEGER) {
        return rsa(der);
    }
    let (algorithm, rest) = element(whole, SEQUENCE)?;
    let (kind, parameters) = element(algorithm, OBJECT_ID)?;
    let (bits, _) = element(rest, BIT_STRING)?;
    // The first byte counts unused bits, of which a key has none.
    let key = bits.strip_prefix(&[0])?;
    match kind {
        RSA => rsa(key),
        EC => match element(parameters, OBJECT_ID)?.0 {
            P256 => (key.len() == 65).then(|| Material::P256(key.to_vec())),
            P384 => (key.len() == 97).then(|| Material::P384(key.to_vec())),
            _ => None,
        },
        ED25519 => (key.len() == 32).then(|| Material::Ed25519(key.to_vec())),
        _ => None,
    }
}

fn rsa(der: &[u8]) -> Option<Material> {
    let (key, _) = element(der, SEQUENCE)?;
    let (n, rest) = element(key, INTEGER)?;
    let (e, _) = element(rest, INTEGER)?;
    Some(Material::Rsa(trimmed(n).to_vec(), trimmed(e).to_vec()))
}

/// The content of the first element, which has this tag, and what is behind it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    (*found == tag).then_some(())?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ ..=0x7f => (usize::from(*short), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
