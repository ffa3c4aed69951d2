//! Secrets: wiped when dropped, never shown.

use std::fmt;

use zeroize::Zeroizing;

/// Longest secret of any version: a master secret, or one of SHA-384.
const LONGEST: usize = 48;

/// A secret of a connection.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<Box<[u8]>>);

impl Secret {
    /// Takes a secret over; none is empty or longer than any version's.
    pub(super) fn new(bytes: Zeroizing<Vec<u8>>) -> Option<Self> {
        (1..=LONGEST).contains(&bytes.len()).then(|| Secret(Zeroizing::new(bytes.as_slice().into())))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::new(Zeroizing::new(vec![0xab; 48])).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert!(Secret::new(Zeroizing::new(vec![0; 49])).is_none());
    }
}
