//! A small writer of TLS 1.3 with AES-128-GCM, whose keys are known: the traffic secrets are those of RFC 8448, section 3,
//! which prints the keys that follow from them. It says hello and goes straight on to application data.

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes128Gcm, Key};

/// Content types of records.
pub(crate) const ALERT: u8 = 21;
pub(crate) const HANDSHAKE: u8 = 22;
pub(crate) const DATA: u8 = 23;

const SECRETS: [(&str, &str); 2] = [
    ("CLIENT_TRAFFIC_SECRET_0", "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"),
    ("SERVER_TRAFFIC_SECRET_0", "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"),
];
const KEYS: [u128; 2] = [0x1742_2dda_596e_d5d9_acd8_90e3_c63f_5051, 0x9f02_283b_6c9c_07ef_c26b_b9f2_ac92_e356];
const IVS: [u128; 2] = [0x5b78_923d_ee08_5790_33e5_23d9, 0xcf78_2b88_dd83_549a_adf1_e984];

/// One connection; side 0 is the client.
pub(crate) struct Tls {
    random: [u8; 32],
    next: [u64; 2],
}

impl Tls {
    /// A connection whose client's random is this byte all over.
    pub(crate) fn new(random: u8) -> Self {
        Tls { random: [random; 32], next: [0; 2] }
    }

    /// Its lines of a key log.
    pub(crate) fn key_log(&self) -> String {
        let random: String = self.random.iter().map(|byte| format!("{byte:02x}")).collect();
        SECRETS.map(|(label, secret)| format!("{label} {random} {secret}\n")).concat()
    }

    /// The hello of a side.
    pub(crate) fn hello(&self, side: usize) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend(self.random);
        body.push(0);
        if side == 0 {
            // One suite, no compression; TLS 1.3 and the name asked for.
            body.extend([0, 2, 0x13, 1, 1, 0, 0, 22]);
            body.extend([0, 43, 0, 3, 2, 3, 4]);
            body.extend(b"\0\0\0\x0b\0\x09\0\0\x06a.test");
        } else {
            body.extend([0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4]);
        }
        let kind = if side == 0 { 1 } else { 2 };
        let message = [&[kind, 0][..], &(body.len() as u16).to_be_bytes(), &body].concat();
        record(HANDSHAKE, &message)
    }

    /// The next record of a side, protected.
    pub(crate) fn seal(&mut self, side: usize, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut inner = [content, &[kind]].concat();
        let header = [&[DATA, 3, 3][..], &(inner.len() as u16 + 16).to_be_bytes()].concat();
        let nonce = (IVS[side] ^ u128::from(self.next[side])).to_be_bytes();
        let nonce: [u8; 12] = std::array::from_fn(|at| nonce[4 + at]);
        self.next[side] += 1;
        let aead = <Aes128Gcm as aes_gcm::KeyInit>::new(&Key::<Aes128Gcm>::from(KEYS[side].to_be_bytes()));
        let tag = aead.encrypt_inout_detached(&nonce.into(), &header, InOutBuf::from(inner.as_mut_slice()));
        [header, inner, tag.map(|tag| tag.to_vec()).unwrap_or_default()].concat()
    }

    /// Leaves out a number, as where a record was lost.
    pub(crate) fn skip(&mut self, side: usize) {
        self.next[side] += 1;
    }
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3][..], &(content.len() as u16).to_be_bytes(), content].concat()
}
