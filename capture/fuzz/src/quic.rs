//! Initial packets of QUIC, sealed with the keys that RFC 9001 publishes for one connection id (appendix A.1).

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::BlockCipherEncrypt as _;
use aes_gcm::{Aes128Gcm, KeyInit as _};

const ID: [u8; 8] = 0x8394_c8f0_3e51_5708_u64.to_be_bytes();
const KEY: [u8; 16] = 0x1f36_9613_dd76_d546_7730_efcb_e3b1_a22d_u128.to_be_bytes();
const IV: [u8; 12] = [0xfa, 0x04, 0x4b, 0x2f, 0x42, 0xa3, 0xfd, 0x3b, 0x46, 0xfb, 0x25, 0x5c];
const HEADER: [u8; 16] = 0x9f50_449e_04a0_e810_283a_1e99_33ad_edd2_u128.to_be_bytes();

/// A client's Initial packet of this number with these frames, padded as the first datagram must be.
pub fn initial(number: u8, frames: &[u8]) -> Vec<u8> {
    let mut sealed = frames.to_vec();
    sealed.resize(sealed.len().max(1162), 0);
    let mut packet = vec![0xc3, 0, 0, 0, 1, 8];
    packet.extend(ID);
    packet.extend([0, 0]);
    // Number and tag count as well.
    packet.extend((0x4000 | (sealed.len() as u16 + 20)).to_be_bytes());
    packet.extend([0, 0, 0, number]);
    let mut nonce = IV;
    nonce[11] ^= number;
    let cipher = Aes128Gcm::new_from_slice(&KEY).unwrap();
    let buffer = InOutBuf::from(sealed.as_mut_slice());
    let tag = cipher.encrypt_inout_detached(&nonce.into(), &packet, buffer).unwrap();
    let number_at = packet.len() - 4;
    packet.extend(sealed);
    packet.extend(tag);
    let mut mask = <[u8; 16]>::try_from(&packet[number_at + 4..number_at + 20]).unwrap().into();
    Aes128::new_from_slice(&HEADER).unwrap().encrypt_block(&mut mask);
    packet[0] ^= mask[0] & 0x0f;
    for (byte, mask) in packet[number_at..number_at + 4].iter_mut().zip(&mask[1..]) {
        *byte ^= mask;
    }
    packet
}

/// A pcap file of datagrams from a client to a server's port 443, a second each.
pub fn datagrams(payloads: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 1 << 18, 101] {
        file.extend(word.to_le_bytes());
    }
    for (nth, payload) in payloads.enumerate() {
        let length = 28 + payload.len() as u32;
        for word in [nth as u32, 0, length, length] {
            file.extend(word.to_le_bytes());
        }
        file.extend([0x45, 0]);
        file.extend((length as u16).to_be_bytes());
        file.extend([0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        file.extend(50_000_u16.to_be_bytes());
        file.extend(443_u16.to_be_bytes());
        file.extend((8 + payload.len() as u16).to_be_bytes());
        file.extend([0, 0]);
        file.extend(payload);
    }
    file
}
