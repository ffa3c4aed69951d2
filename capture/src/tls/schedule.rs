//! From a connection's secrets to the keys of its records: RFC 5246 (TLS 1.2) and RFC 8446 (TLS 1.3).

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha384};
use zeroize::Zeroizing;

use super::Random;
use super::cipher::{Cipher, Iv};
use super::secret::Secret;
use super::suite::{Hash, Suite};

/// Keys of both sides under TLS 1.2: the client's, then the server's.
pub(super) fn tls12(
    suite: Suite,
    master: &Secret,
    client: &Random,
    server: &Random,
    encrypt_then_mac: bool,
) -> Option<[Cipher; 2]> {
    let (mac, key, iv) = (suite.algorithm.mac_len(), suite.algorithm.key_len(), suite.algorithm.fixed_iv_len());
    let mut block = Zeroizing::new(vec![0; 2 * (mac + key + iv)]);
    let seed = [&b"key expansion"[..], server, client].concat();
    prf(suite.hash, master.bytes(), &seed, &mut block)?;
    let (macs, rest) = block.split_at_checked(2 * mac)?;
    let (keys, ivs) = rest.split_at_checked(2 * key)?;
    let side = |side: usize| {
        let part = |of: &'_ [u8], len: usize| of.get(side * len..(side + 1) * len).map(<[u8]>::to_vec);
        let (mac, key) = (Zeroizing::new(part(macs, mac)?), Zeroizing::new(part(keys, key)?));
        let iv = ivs.get(side * iv..(side + 1) * iv)?;
        let iv = match iv.len() {
            12 => Iv::Whole(iv.try_into().ok()?),
            4 => Iv::Salt(iv.try_into().ok()?),
            _ => Iv::Explicit,
        };
        Cipher::new(suite.algorithm, &key, iv, &mac, encrypt_then_mac)
    };
    Some([side(0)?, side(1)?])
}

/// The master secret of TLS 1.2 from a pre-master secret: bound to the handshake where its messages are given (RFC 7627),
/// else to the randoms of the hellos.
pub(super) fn master(
    suite: Suite,
    premaster: &Secret,
    [client, server]: [&Random; 2],
    handshake: Option<&[u8]>,
) -> Option<Secret> {
    let seed = match handshake {
        None => [&b"master secret"[..], client, server].concat(),
        Some(messages) => {
            let hash = match suite.hash {
                Hash::Sha256 => Sha256::digest(messages).to_vec(),
                Hash::Sha384 => Sha384::digest(messages).to_vec(),
            };
            [&b"extended master secret"[..], &hash].concat()
        }
    };
    let mut master = Zeroizing::new(vec![0; 48]);
    prf(suite.hash, premaster.bytes(), &seed, &mut master)?;
    Secret::new(master)
}

/// Keys of one side under TLS 1.3, from its traffic secret.
pub(super) fn tls13(suite: Suite, secret: &Secret) -> Option<Cipher> {
    let key = expand_label(suite.hash, secret, "key", suite.algorithm.key_len())?;
    let iv = expand_label(suite.hash, secret, "iv", 12)?;
    Cipher::new(suite.algorithm, &key, Iv::Whole(iv.as_slice().try_into().ok()?), &[], false)
}

/// The traffic secret after a key update.
pub(super) fn updated(suite: Suite, secret: &Secret) -> Option<Secret> {
    Secret::new(expand_label(suite.hash, secret, "traffic upd", secret.bytes().len())?)
}

/// RFC 8446, section 7.1, with an empty context.
fn expand_label(hash: Hash, secret: &Secret, label: &str, len: usize) -> Option<Zeroizing<Vec<u8>>> {
    let mut info = Vec::with_capacity(10 + label.len());
    info.extend(u16::try_from(len).ok()?.to_be_bytes());
    info.push(u8::try_from(6 + label.len()).ok()?);
    info.extend(b"tls13 ");
    info.extend(label.as_bytes());
    info.push(0);
    let mut out = Zeroizing::new(vec![0; len]);
    match hash {
        Hash::Sha256 => Hkdf::<Sha256>::from_prk(secret.bytes()).ok()?.expand(&info, &mut out).ok()?,
        Hash::Sha384 => Hkdf::<Sha384>::from_prk(secret.bytes()).ok()?.expand(&info, &mut out).ok()?,
    }
    Some(out)
}

/// RFC 5246, section 5; `seed` begins with the label.
fn prf(hash: Hash, secret: &[u8], seed: &[u8], out: &mut [u8]) -> Option<()> {
    match hash {
        Hash::Sha256 => p_hash::<Hmac<Sha256>>(secret, seed, out),
        Hash::Sha384 => p_hash::<Hmac<Sha384>>(secret, seed, out),
    }
}

fn p_hash<M: Mac + KeyInit + Clone>(secret: &[u8], seed: &[u8], out: &mut [u8]) -> Option<()> {
    let keyed = <M as KeyInit>::new_from_slice(secret).ok()?;
    let mac = |parts: [&[u8]; 2]| {
        let mut mac = keyed.clone();
        parts.into_iter().for_each(|part| mac.update(part));
        Zeroizing::new(mac.finalize().into_bytes().to_vec())
    };
    let mut a = mac([seed, b""]);
    for part in out.chunks_mut(a.len()) {
        let bytes = mac([&a, seed]);
        part.copy_from_slice(bytes.get(..part.len())?);
        a = mac([&a, b""]);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    fn secret(text: &str) -> Secret {
        Secret::new(Zeroizing::new(hex(text))).unwrap()
    }

    /// RFC 8448, section 3: the server's and the client's secrets and the keys derived from them.
    #[test]
    fn keys_are_those_of_rfc_8448() {
        for (traffic, key, iv) in [
            (
                "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38",
                "3fce516009c21727d0f2e4e86ee403bc",
                "5d313eb2671276ee13000b30",
            ),
            (
                "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643",
                "9f02283b6c9c07efc26bb9f2ac92e356",
                "cf782b88dd83549aadf1e984",
            ),
            (
                "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5",
                "17422dda596ed5d9acd890e3c63f5051",
                "5b78923dee08579033e523d9",
            ),
        ] {
            let traffic = secret(traffic);
            assert_eq!(expand_label(Hash::Sha256, &traffic, "key", 16).unwrap().as_slice(), hex(key));
            assert_eq!(expand_label(Hash::Sha256, &traffic, "iv", 12).unwrap().as_slice(), hex(iv));
        }
    }

    /// The vector for P_SHA256 that the IETF's TLS list published with RFC 5246.
    #[test]
    fn the_prf_is_that_of_tls_1_2() {
        let seed = [b"test label".as_slice(), &hex("a0ba9f936cda311827a6f796ffd5198c")].concat();
        let mut out = [0; 100];
        prf(Hash::Sha256, &hex("9bbe436ba940f017b17652849a71db35"), &seed, &mut out).unwrap();
        let expected = "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a
            6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab
            4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701
            87347b66";
        assert_eq!(out.as_slice(), hex(expected));
    }
}
