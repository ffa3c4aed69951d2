//! Initial packets of QUIC: their keys follow from what stands in the clear (RFC 9001, section 5.2; RFC 9369), so that
//! everybody on the way can read the client's hello.

use aes::Aes128;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes128Gcm, KeyInit};
use cbc::cipher::BlockCipherEncrypt;
use hkdf::Hkdf;
use sha2::Sha256;

/// Longest connection id.
const ID: usize = 20;
const TAG: usize = 16;
const SAMPLE: usize = 16;

/// What versions differ in.
#[derive(Clone, Copy, Debug)]
struct Version {
    salt: [u8; 20],
    labels: [&'static str; 3],
    /// Bits of the first byte that say that a packet is an Initial one.
    kind: u8,
}

const LABELS: [&str; 3] = ["quic key", "quic iv", "quic hp"];

impl Version {
    fn of(number: u32) -> Option<Self> {
        let (salt, labels, kind) = match number {
            1 | 0xff00_0021 | 0xff00_0022 => (0x3876_2cf7_f559_34b3_4d17_9ae6_a4c8_0cad, LABELS, 0),
            0x6b33_43cf => (0x0ded_e3de_f700_a6db_8193_81be_6e26_9dcb, ["quicv2 key", "quicv2 iv", "quicv2 hp"], 0x10),
            0xff00_001d..=0xff00_0020 => (0xafbf_ec28_9993_d24c_9e97_86f1_9c61_11e0_u128, LABELS, 0),
            0xff00_0017..=0xff00_001c => (0xc3ee_f712_c72e_bb5a_11a7_d243_2bb4_6365, LABELS, 0),
            _ => return None,
        };
        let rest: u32 = match salt >> 120 {
            0x38 => 0xccbb_7f0a,
            0x0d => 0xf9bd_2ed9,
            0xaf => 0x4390_a899,
            _ => 0xbef9_f502,
        };
        let mut whole = [0; 20];
        whole
            .iter_mut()
            .zip(u128::to_be_bytes(salt).into_iter().chain(rest.to_be_bytes()))
            .for_each(|(to, from)| *to = from);
        Some(Version { salt: whole, labels, kind })
    }
}

/// One Initial packet, still protected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Initial<'a> {
    version: Version,
    /// The id by which its sender calls the receiver; the first one of a client makes the keys.
    pub(super) destination: &'a [u8],
    /// The packet from its first byte to its last.
    packet: &'a [u8],
    /// Where its number begins.
    number_at: usize,
}

impl<'a> Initial<'a> {
    /// The first packet of a datagram, if it is an Initial one, and what follows it.
    pub(super) fn first(datagram: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (&first, rest) = datagram.split_first()?;
        let (&number, rest) = rest.split_first_chunk::<4>()?;
        let version = Version::of(u32::from_be_bytes(number))?;
        if first & 0xf0 != 0xc0 | version.kind {
            return None;
        }
        let (destination, rest) = id(rest)?;
        let (_, rest) = id(rest)?;
        let (token, rest) = varint(rest)?;
        let rest = rest.get(usize::try_from(token).ok()?..)?;
        let (length, rest) = varint(rest)?;
        let number_at = datagram.len() - rest.len();
        let end = number_at.checked_add(usize::try_from(length).ok()?)?;
        let (packet, after) = datagram.split_at_checked(end)?;
        Some((Initial { version, destination, packet, number_at }, after))
    }

    /// What a client says in it, if the keys follow from this id.
    pub(super) fn open(&self, id: &[u8]) -> Option<Vec<u8>> {
        let keys = Keys::of_client(&self.version, id)?;
        let sample = self.packet.get(self.number_at + 4..)?.first_chunk::<SAMPLE>()?;
        let mask = keys.mask(sample)?;
        let mut header = self.packet.get(..self.number_at + 4)?.to_vec();
        let first = header.first_mut()?;
        *first ^= mask.first()? & 0x0f;
        let length = usize::from(*first & 3) + 1;
        header.truncate(self.number_at + length);
        let mut nonce = keys.iv;
        for (at, mask) in (self.number_at..self.number_at + length).zip(mask.iter().skip(1)) {
            *header.get_mut(at)? ^= mask;
        }
        let number = header.get(self.number_at..)?;
        nonce.iter_mut().rev().zip(number.iter().rev()).for_each(|(byte, own)| *byte ^= own);
        let sealed = self.packet.get(self.number_at + length..)?;
        let (content, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG)?)?;
        let mut plain = content.to_vec();
        let buffer = InOutBuf::from(plain.as_mut_slice());
        let cipher = Aes128Gcm::new_from_slice(&keys.key).ok()?;
        cipher.decrypt_inout_detached(&nonce.into(), &header, buffer, tag.try_into().ok()?).ok()?;
        Some(plain)
    }
}

/// The keys of a client's Initial packets.
struct Keys {
    key: [u8; 16],
    iv: [u8; 12],
    header: [u8; 16],
}

impl Keys {
    fn of_client(version: &Version, id: &[u8]) -> Option<Self> {
        let initial = Hkdf::<Sha256>::new(Some(&version.salt), id);
        let mut secret = [0; 32];
        initial.expand(&label("client in", 32)?, &mut secret).ok()?;
        let client = Hkdf::<Sha256>::from_prk(&secret).ok()?;
        let mut keys = Keys { key: [0; 16], iv: [0; 12], header: [0; 16] };
        let [key, iv, header] = version.labels;
        client.expand(&label(key, 16)?, &mut keys.key).ok()?;
        client.expand(&label(iv, 12)?, &mut keys.iv).ok()?;
        client.expand(&label(header, 16)?, &mut keys.header).ok()?;
        Some(keys)
    }

    /// What hides a packet's number (RFC 9001, section 5.4).
    fn mask(&self, sample: &[u8; SAMPLE]) -> Option<[u8; SAMPLE]> {
        let mut block = (*sample).into();
        Aes128::new_from_slice(&self.header).ok()?.encrypt_block(&mut block);
        Some(block.into())
    }
}

/// RFC 8446, section 7.1, with an empty context.
fn label(label: &str, len: u16) -> Option<Vec<u8>> {
    let length = u8::try_from(6 + label.len()).ok()?;
    Some([&len.to_be_bytes()[..], &[length], b"tls13 ", label.as_bytes(), &[0]].concat())
}

fn id(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(length)).filter(|_| usize::from(length) <= ID)
}

/// A number whose first two bits say how long it is (RFC 9000, section 16).
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (more, rest) = rest.split_at_checked((1 << (first >> 6)) - 1)?;
    Some((more.iter().fold(u64::from(first & 0x3f), |number, byte| number << 8 | u64::from(*byte)), rest))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The client's id in RFC 9001, appendix A, and RFC 9369, appendix A.
    const CLIENT: [u8; 8] = 0x8394_c8f0_3e51_5708_u64.to_be_bytes();

    #[test]
    fn keys_are_those_of_the_standards() {
        let keys = Keys::of_client(&Version::of(1).unwrap(), &CLIENT).unwrap();
        assert_eq!(u128::from_be_bytes(keys.key), 0x1f36_9613_dd76_d546_7730_efcb_e3b1_a22d);
        assert_eq!(keys.iv, [0xfa, 0x04, 0x4b, 0x2f, 0x42, 0xa3, 0xfd, 0x3b, 0x46, 0xfb, 0x25, 0x5c]);
        assert_eq!(u128::from_be_bytes(keys.header), 0x9f50_449e_04a0_e810_283a_1e99_33ad_edd2);
        let mask = keys.mask(&0xd1b1_c98d_d768_9fb8_ec11_d242_b123_dc9b_u128.to_be_bytes()).unwrap();
        assert_eq!(mask[..5], [0x43, 0x7b, 0x9a, 0xec, 0x36]);
        let keys = Keys::of_client(&Version::of(0x6b33_43cf).unwrap(), &CLIENT).unwrap();
        assert_eq!(u128::from_be_bytes(keys.key), 0x8b1a_0bc1_2128_4290_a29e_0971_b5cd_045d);
        assert_eq!(u128::from_be_bytes(keys.header), 0x45b9_5e15_235d_6f45_a6b1_9cbc_b029_4ba9);
    }

    /// An Initial packet of a client that says these frames.
    pub(in super::super) fn sealed(version: u32, id: &[u8], number: u8, frames: &[u8]) -> Vec<u8> {
        let kind = Version::of(version).unwrap();
        let keys = Keys::of_client(&kind, id).unwrap();
        let mut frames = frames.to_vec();
        frames.resize(frames.len().max(20), 0);
        let mut header = vec![0xc0 | kind.kind];
        header.extend(version.to_be_bytes());
        header.push(id.len() as u8);
        header.extend(id);
        header.extend([0, 0]);
        header.extend((0x4000 | (1 + frames.len() + TAG) as u16).to_be_bytes());
        let number_at = header.len();
        header.push(number);
        let mut nonce = keys.iv;
        nonce[11] ^= number;
        let buffer = InOutBuf::from(frames.as_mut_slice());
        let cipher = Aes128Gcm::new_from_slice(&keys.key).unwrap();
        let tag = cipher.encrypt_inout_detached(&nonce.into(), &header, buffer).unwrap();
        let mut packet = [&header[..], &frames, &tag].concat();
        let mask = keys.mask(packet[number_at + 4..].first_chunk().unwrap()).unwrap();
        packet[0] ^= mask[0] & 0x0f;
        packet[number_at] ^= mask[1];
        packet
    }

    #[test]
    fn what_a_client_says_is_read_and_nothing_that_was_changed() {
        for version in [1, 0x6b33_43cf, 0xff00_001d, 0xff00_001b] {
            let packet = sealed(version, &CLIENT, 7, b"\x06\0\x05hello and more than that");
            let datagram = [&packet[..], b"rest"].concat();
            let (initial, rest) = Initial::first(&datagram).unwrap();
            assert_eq!((initial.destination, rest), (&CLIENT[..], &b"rest"[..]));
            assert_eq!(initial.open(&CLIENT).unwrap(), b"\x06\0\x05hello and more than that");
            assert_eq!(initial.open(&[1; 8]), None);
            for at in 0..packet.len() {
                let mut changed = packet.clone();
                changed[at] ^= 0x40;
                assert_eq!(Initial::first(&changed).and_then(|(initial, _)| initial.open(&CLIENT)), None, "byte {at}");
            }
        }
        assert_eq!(varint(b"\x25"), Some((37, &b""[..])));
        assert_eq!(varint(b"\x7b\xbd\x01"), Some((15_293, &b"\x01"[..])));
        assert_eq!(varint(b"\xc2\x19\x7c\x5e\xff\x14\xe8\x8c"), Some((151_288_809_941_952_652, &b""[..])));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), version in prop::sample::select(vec![1u32, 0x6b33_43cf])) {
            let packet = [&[0xc3][..], &version.to_be_bytes(), &bytes].concat();
            if let Some((initial, _)) = Initial::first(&packet) {
                prop_assert_eq!(initial.open(initial.destination), None);
            }
        }
    }
}
