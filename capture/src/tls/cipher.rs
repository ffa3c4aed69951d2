//! Opening one record with given keys. Every algorithm here is authenticated, so what opens is what was sent.

use std::ops::Range;
use std::rc::Rc;

use aes::{Aes128, Aes256};
use aes_gcm::aead::array::typenum::{U8, U12, U16};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadCore, AeadInOut, Aes128Gcm, Aes256Gcm, KeyInit};
use cbc::Decryptor;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, BlockSizeUser, InnerIvInit};
use ccm::Ccm;
use chacha20poly1305::ChaCha20Poly1305;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384};
use zeroize::Zeroizing;

use super::record::HEADER;
use super::suite::{Algorithm, Digest};

/// Bytes of a block of AES.
const BLOCK: usize = 16;

/// How a record's nonce is made.
#[derive(Clone, Copy)]
pub(super) enum Iv {
    /// XOR with the record's number: TLS 1.3, and ChaCha20 in TLS 1.2.
    Whole([u8; 12]),
    /// Followed by eight bytes that come with the record.
    Salt([u8; 4]),
    /// A block that comes with the record.
    Explicit,
}

/// The keys of one direction. Clones share them.
#[derive(Clone)]
pub(super) struct Cipher {
    keyed: Rc<dyn Keyed>,
    iv: Iv,
    tag: usize,
}

/// What identifies a record to its protection.
#[derive(Clone, Copy)]
pub(super) struct Sealed {
    /// Number of the record under these keys.
    pub(super) number: u64,
    /// Whether this is TLS 1.3's form: the header is authenticated as it is.
    pub(super) tls13: bool,
}

impl Cipher {
    pub(super) fn new(algorithm: Algorithm, key: &[u8], iv: Iv, mac: &[u8], encrypt_then_mac: bool) -> Option<Self> {
        let cbc = |aes: AesKey, digest| Cbc { aes, mac: Zeroizing::new(mac.to_vec()), digest, encrypt_then_mac };
        let keyed: Rc<dyn Keyed> = match algorithm {
            Algorithm::Aes128Gcm => Rc::new(Aead(Aes128Gcm::new_from_slice(key).ok()?)),
            Algorithm::Aes256Gcm => Rc::new(Aead(Aes256Gcm::new_from_slice(key).ok()?)),
            Algorithm::ChaCha20Poly1305 => Rc::new(Aead(ChaCha20Poly1305::new_from_slice(key).ok()?)),
            Algorithm::Aes128Ccm => Rc::new(Undone(Ccm::<Aes128, U16, U12>::new_from_slice(key).ok()?)),
            Algorithm::Aes256Ccm => Rc::new(Undone(Ccm::<Aes256, U16, U12>::new_from_slice(key).ok()?)),
            Algorithm::Aes128Ccm8 => Rc::new(Undone(Ccm::<Aes128, U8, U12>::new_from_slice(key).ok()?)),
            Algorithm::Aes256Ccm8 => Rc::new(Undone(Ccm::<Aes256, U8, U12>::new_from_slice(key).ok()?)),
            Algorithm::Aes128Cbc(digest) => Rc::new(cbc(AesKey::Short(Aes128::new_from_slice(key).ok()?), digest)),
            Algorithm::Aes256Cbc(digest) => Rc::new(cbc(AesKey::Long(Aes256::new_from_slice(key).ok()?), digest)),
        };
        Some(Cipher { keyed, iv, tag: algorithm.tag_len() })
    }

    /// Bytes that protection adds to a record, its header not counted; none where padding makes them vary.
    pub(super) fn overhead(&self, tls13: bool) -> Option<usize> {
        let explicit = match self.iv {
            Iv::Whole(_) => 0,
            Iv::Salt(_) => 8,
            Iv::Explicit => return None,
        };
        Some(explicit + self.tag + usize::from(tls13))
    }

    /// Opens a whole record (header and all) in place and says where its plaintext is. A record that does not open is as
    /// it was.
    pub(super) fn open(&self, record: &mut [u8], sealed: Sealed) -> Option<Range<usize>> {
        let header: [u8; HEADER] = *record.first_chunk()?;
        let explicit = match self.iv {
            Iv::Whole(_) => 0,
            Iv::Salt(_) => 8,
            Iv::Explicit => return self.keyed.open_cbc(record, sealed.number),
        };
        let start = HEADER + explicit;
        let end = record.len().checked_sub(self.tag).filter(|end| *end >= start)?;
        let nonce = self.nonce(record, sealed.number)?;
        let tls12 = authenticated(sealed.number, &header, end - start)?;
        let aad = if sealed.tls13 { header.as_slice() } else { tls12.as_slice() };
        let (sealed, tag) = record.split_at_mut_checked(end)?;
        self.keyed.open(&nonce, aad, sealed.get_mut(start..)?, tag).then_some(start..end)
    }

    fn nonce(&self, record: &[u8], number: u64) -> Option<[u8; 12]> {
        match self.iv {
            Iv::Whole(mut iv) => {
                iv.iter_mut().skip(4).zip(number.to_be_bytes()).for_each(|(byte, own)| *byte ^= own);
                Some(iv)
            }
            Iv::Salt([a, b, c, d]) => {
                let &[e, f, g, h, i, j, k, l] = record.get(HEADER..)?.first_chunk::<8>()?;
                Some([a, b, c, d, e, f, g, h, i, j, k, l])
            }
            Iv::Explicit => None,
        }
    }
}

/// What TLS 1.2 authenticates beside the plaintext: number, type, version and length.
fn authenticated(number: u64, header: &[u8; HEADER], len: usize) -> Option<[u8; 13]> {
    let mut out = [0; 13];
    let (first, rest) = out.split_first_chunk_mut::<8>()?;
    *first = number.to_be_bytes();
    let [kind, major, minor, ..] = *header;
    let [high, low] = u16::try_from(len).ok()?.to_be_bytes();
    rest.copy_from_slice(&[kind, major, minor, high, low]);
    Some(out)
}

/// An algorithm with its key.
trait Keyed {
    /// Opens in place; what does not open is left as it was.
    fn open(&self, nonce: &[u8; 12], aad: &[u8], sealed: &mut [u8], tag: &[u8]) -> bool;

    /// Opens a whole record of a block cipher with a MAC.
    fn open_cbc(&self, _record: &mut [u8], _number: u64) -> Option<Range<usize>> {
        None
    }
}

/// An AEAD that looks at the tag first.
struct Aead<A>(A);

impl<A: AeadInOut + AeadCore<NonceSize = U12>> Keyed for Aead<A> {
    fn open(&self, nonce: &[u8; 12], aad: &[u8], sealed: &mut [u8], tag: &[u8]) -> bool {
        let Ok(tag) = tag.try_into() else { return false };
        self.0.decrypt_inout_detached(nonce.into(), aad, InOutBuf::from(sealed), tag).is_ok()
    }
}

/// An AEAD that has to decrypt before it can look at the tag.
struct Undone<A>(A);

impl<A: AeadInOut + AeadCore<NonceSize = U12>> Keyed for Undone<A> {
    fn open(&self, nonce: &[u8; 12], aad: &[u8], sealed: &mut [u8], tag: &[u8]) -> bool {
        let Ok(tag) = tag.try_into() else { return false };
        let mut plain = sealed.to_vec();
        let opens = self.0.decrypt_inout_detached(nonce.into(), aad, InOutBuf::from(plain.as_mut_slice()), tag).is_ok();
        if opens {
            sealed.copy_from_slice(&plain);
        }
        opens
    }
}

/// AES in CBC mode with HMAC.
struct Cbc {
    aes: AesKey,
    mac: Zeroizing<Vec<u8>>,
    digest: Digest,
    encrypt_then_mac: bool,
}

enum AesKey {
    Short(Aes128),
    Long(Aes256),
}

impl Keyed for Cbc {
    fn open(&self, _: &[u8; 12], _: &[u8], _: &mut [u8], _: &[u8]) -> bool {
        false
    }

    fn open_cbc(&self, record: &mut [u8], number: u64) -> Option<Range<usize>> {
        let header: [u8; HEADER] = *record.first_chunk()?;
        let (start, mut end) = (HEADER + BLOCK, record.len());
        if self.encrypt_then_mac {
            end = end.checked_sub(self.digest.len())?;
            let (sealed, mac) = record.split_at_checked(end)?;
            let sealed = sealed.get(HEADER..)?;
            self.verify(&authenticated(number, &header, sealed.len())?, sealed, mac)?;
        }
        let mut plain = self.decrypt(record.get(HEADER..start)?, record.get(start..end)?)?;
        let padding = usize::from(*plain.last()?);
        let unpadded = plain.len().checked_sub(padding + 1)?;
        if !plain.get(unpadded..)?.iter().all(|byte| usize::from(*byte) == padding) {
            return None;
        }
        plain.truncate(unpadded);
        if !self.encrypt_then_mac {
            let content = unpadded.checked_sub(self.digest.len())?;
            let (content, mac) = plain.split_at_checked(content)?;
            self.verify(&authenticated(number, &header, content.len())?, content, mac)?;
            let len = content.len();
            plain.truncate(len);
        }
        let place = start..start + plain.len();
        record.get_mut(place.clone())?.copy_from_slice(&plain);
        Some(place)
    }
}

impl Cbc {
    fn decrypt(&self, iv: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let mut plain = sealed.to_vec();
        match &self.aes {
            AesKey::Short(aes) => decrypt(aes, iv, &mut plain)?,
            AesKey::Long(aes) => decrypt(aes, iv, &mut plain)?,
        }
        Some(plain)
    }

    fn verify(&self, header: &[u8], content: &[u8], tag: &[u8]) -> Option<()> {
        match self.digest {
            Digest::Sha1 => verify::<Hmac<Sha1>>(&self.mac, header, content, tag),
            Digest::Sha256 => verify::<Hmac<Sha256>>(&self.mac, header, content, tag),
            Digest::Sha384 => verify::<Hmac<Sha384>>(&self.mac, header, content, tag),
        }
    }
}

fn decrypt<C>(aes: &C, iv: &[u8], bytes: &mut [u8]) -> Option<()>
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + Clone,
{
    let mode = Decryptor::inner_iv_init(aes.clone(), iv.try_into().ok()?);
    mode.decrypt_padded::<NoPadding>(bytes).ok().map(|_| ())
}

fn verify<M: Mac + hmac::KeyInit>(key: &[u8], header: &[u8], content: &[u8], tag: &[u8]) -> Option<()> {
    let mut mac = <M as hmac::KeyInit>::new_from_slice(key).ok()?;
    mac.update(header);
    mac.update(content);
    mac.verify_slice(tag).ok()
}
