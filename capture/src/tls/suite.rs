//! Cipher suites: how records are protected, and which hash the key schedule uses.

/// What a suite's number says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Suite {
    pub(super) algorithm: Algorithm,
    pub(super) hash: Hash,
}

/// How records are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Aes128Gcm,
    Aes256Gcm,
    ChaCha20Poly1305,
    Aes128Ccm,
    Aes256Ccm,
    Aes128Ccm8,
    Aes256Ccm8,
    Aes128Cbc(Digest),
    Aes256Cbc(Digest),
}

/// The hash of a MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digest {
    Sha1,
    Sha256,
    Sha384,
}

/// The hash of a key schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
}

impl Algorithm {
    pub(super) fn key_len(self) -> usize {
        match self {
            Algorithm::Aes128Gcm | Algorithm::Aes128Ccm | Algorithm::Aes128Ccm8 | Algorithm::Aes128Cbc(_) => 16,
            Algorithm::Aes256Gcm
            | Algorithm::Aes256Ccm
            | Algorithm::Aes256Ccm8
            | Algorithm::Aes256Cbc(_)
            | Algorithm::ChaCha20Poly1305 => 32,
        }
    }

    /// Length of the MAC's key in TLS 1.2.
    pub(super) fn mac_len(self) -> usize {
        match self {
            Algorithm::Aes128Cbc(digest) | Algorithm::Aes256Cbc(digest) => digest.len(),
            _ => 0,
        }
    }

    /// Length of the nonce's part that TLS 1.2 derives; what is left comes with each record.
    pub(super) fn fixed_iv_len(self) -> usize {
        match self {
            Algorithm::ChaCha20Poly1305 => 12,
            Algorithm::Aes128Cbc(_) | Algorithm::Aes256Cbc(_) => 0,
            _ => 4,
        }
    }

    /// Length of an AEAD's tag; that of a MAC is `mac_len`.
    pub(super) fn tag_len(self) -> usize {
        match self {
            Algorithm::Aes128Ccm8 | Algorithm::Aes256Ccm8 => 8,
            _ => 16,
        }
    }
}

impl Digest {
    pub(super) fn len(self) -> usize {
        match self {
            Digest::Sha1 => 20,
            Digest::Sha256 => 32,
            Digest::Sha384 => 48,
        }
    }
}

impl Suite {
    /// The suite of a number in IANA's registry; none where it is not read: no encryption, RC4, DES, Camellia, ARIA, GOST.
    pub(super) fn of(number: u16) -> Option<Self> {
        let even = number.is_multiple_of(2);
        let gcm = |small: bool| if small { Algorithm::Aes128Gcm } else { Algorithm::Aes256Gcm };
        let ccm = |small: bool| if small { Algorithm::Aes128Ccm } else { Algorithm::Aes256Ccm };
        let ccm8 = |small: bool| if small { Algorithm::Aes128Ccm8 } else { Algorithm::Aes256Ccm8 };
        let cbc = |small: bool, mac| if small { Algorithm::Aes128Cbc(mac) } else { Algorithm::Aes256Cbc(mac) };
        let algorithm = match number {
            0x1301 => Algorithm::Aes128Gcm,
            0x1302 => Algorithm::Aes256Gcm,
            0x1303 | 0xcca8..=0xccae => Algorithm::ChaCha20Poly1305,
            0x1304 => Algorithm::Aes128Ccm,
            0x1305 => Algorithm::Aes128Ccm8,
            0x002f..=0x0034 => Algorithm::Aes128Cbc(Digest::Sha1),
            0x0035..=0x003a => Algorithm::Aes256Cbc(Digest::Sha1),
            0x003c | 0x003e..=0x0040 | 0x0067 | 0x006c => Algorithm::Aes128Cbc(Digest::Sha256),
            0x003d | 0x0068..=0x006b | 0x006d => Algorithm::Aes256Cbc(Digest::Sha256),
            0x008c | 0x008d | 0x0090 | 0x0091 | 0x0094 | 0x0095 => cbc(even, Digest::Sha1),
            0x009c..=0x00ad => gcm(even),
            0x00ae | 0x00b2 | 0x00b6 => Algorithm::Aes128Cbc(Digest::Sha256),
            0x00af | 0x00b3 | 0x00b7 => Algorithm::Aes256Cbc(Digest::Sha384),
            0xc004 | 0xc009 | 0xc00e | 0xc013 | 0xc018 | 0xc035 => Algorithm::Aes128Cbc(Digest::Sha1),
            0xc005 | 0xc00a | 0xc00f | 0xc014 | 0xc019 | 0xc036 => Algorithm::Aes256Cbc(Digest::Sha1),
            0xc023 | 0xc025 | 0xc027 | 0xc029 | 0xc037 => Algorithm::Aes128Cbc(Digest::Sha256),
            0xc024 | 0xc026 | 0xc028 | 0xc02a | 0xc038 => Algorithm::Aes256Cbc(Digest::Sha384),
            0xc02b..=0xc032 => gcm(!even),
            0xc09c..=0xc09f | 0xc0a4..=0xc0a7 | 0xc0ac | 0xc0ad => ccm(even),
            0xc0a0..=0xc0a3 | 0xc0a8..=0xc0ab | 0xc0ae | 0xc0af => ccm8(even),
            _ => return None,
        };
        let hash = match algorithm {
            Algorithm::Aes256Gcm | Algorithm::Aes256Cbc(Digest::Sha384) => Hash::Sha384,
            _ => Hash::Sha256,
        };
        Some(Suite { algorithm, hash })
    }

    /// Whether a number is one of TLS 1.3's suites.
    pub(super) fn is_of_tls13(number: u16) -> bool {
        (0x1301..=0x1305).contains(&number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_as_registered() {
        let suite = |algorithm, hash| Some(Suite { algorithm, hash });
        for (number, expected) in [
            (0x002f, suite(Algorithm::Aes128Cbc(Digest::Sha1), Hash::Sha256)),
            (0x003d, suite(Algorithm::Aes256Cbc(Digest::Sha256), Hash::Sha256)),
            (0x009c, suite(Algorithm::Aes128Gcm, Hash::Sha256)),
            (0x009f, suite(Algorithm::Aes256Gcm, Hash::Sha384)),
            (0xc02f, suite(Algorithm::Aes128Gcm, Hash::Sha256)),
            (0xc030, suite(Algorithm::Aes256Gcm, Hash::Sha384)),
            (0xc028, suite(Algorithm::Aes256Cbc(Digest::Sha384), Hash::Sha384)),
            (0xc014, suite(Algorithm::Aes256Cbc(Digest::Sha1), Hash::Sha256)),
            (0xc0af, suite(Algorithm::Aes256Ccm8, Hash::Sha256)),
            (0xcca9, suite(Algorithm::ChaCha20Poly1305, Hash::Sha256)),
            (0x1302, suite(Algorithm::Aes256Gcm, Hash::Sha384)),
            (0x0005, None),
            (0x000a, None),
            (0xc012, None),
        ] {
            assert_eq!(Suite::of(number), expected, "{number:#06x}");
        }
    }
}
