//! Blocks of network addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Bits before the IPv4 address in an IPv6 one (`::ffff:10.0.0.1`).
const MAPPED: u8 = 96;

/// A block of addresses, as `10.0.0.0/8` or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressBlock {
    first: IpAddr,
    bits: u8,
}

/// Why a text is no block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address or block of addresses: write 10.0.0.1, 10.0.0.0/8 or fd00::/8")]
pub struct AddressBlockError;

impl FromStr for AddressBlock {
    type Err = AddressBlockError;

    fn from_str(text: &str) -> Result<AddressBlock, AddressBlockError> {
        let (address, bits) = text.trim().split_once('/').map_or((text.trim(), None), |(a, b)| (a, Some(b)));
        let first: IpAddr = address.parse().map_err(|_| AddressBlockError)?;
        let width = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(width), str::parse).map_err(|_| AddressBlockError)?;
        // Addresses are compared as what they are: an IPv4 address in an IPv6 one is the former.
        match (first.to_canonical(), first) {
            (IpAddr::V4(_), IpAddr::V6(_)) if bits < MAPPED => Err(AddressBlockError),
            (first @ IpAddr::V4(_), IpAddr::V6(_)) if bits <= width => Ok(AddressBlock { first, bits: bits - MAPPED }),
            _ => (bits <= width).then_some(AddressBlock { first, bits }).ok_or(AddressBlockError),
        }
    }
}

impl fmt::Display for AddressBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

impl AddressBlock {
    /// Whether an address lies in the block.
    pub fn holds(&self, address: IpAddr) -> bool {
        let (own, other, width) = match (self.first, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (u128::from(own.to_bits()), u128::from(other.to_bits()), 32),
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits(), 128),
            _ => return false,
        };
        let apart = u32::from(width - self.bits.min(width));
        own.checked_shr(apart).unwrap_or(0) == other.checked_shr(apart).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blocks_hold_what_their_prefix_says() {
        let holds = |block: &str, ip: &str| block.parse::<AddressBlock>().unwrap().holds(ip.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.200.1.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("10.0.0.1", "10.0.0.1") && !holds("10.0.0.1", "10.0.0.2"));
        assert!(holds("0.0.0.0/0", "1.2.3.4") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("10.0.0.0/8", "::ffff:10.1.1.1"), "an IPv4 address in an IPv6 one");
        assert!(holds("::ffff:10.0.0.0/104", "10.200.1.1") && !holds("::ffff:10.0.0.0/104", "11.0.0.1"));
        assert!(holds("::ffff:10.0.0.1", "10.0.0.1") && holds("::ffff:0.0.0.0/96", "1.2.3.4"));
        assert!(holds("fd00::/8", "fd12::1") && !holds("fd00::/8", "fe80::1") && holds("::/0", "fe80::1"));
        for bad in [
            "",
            "10.0.0.0/33",
            "10.0.0",
            "x/8",
            "10.0.0.0/-1",
            "fd00::/129",
            "::ffff:10.0.0.0/95",
            "::ffff:10.0.0.0/129",
        ] {
            assert_eq!(bad.parse::<AddressBlock>(), Err(AddressBlockError), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_block_holds_as_counting_bits_says(own in any::<u32>(), other in any::<u32>(), bits in 0_u8..=32) {
            let block = AddressBlock { first: IpAddr::from(own.to_be_bytes()), bits };
            let equal = (own ^ other).leading_zeros() >= u32::from(bits);
            prop_assert_eq!(block.holds(IpAddr::from(other.to_be_bytes())), equal);
        }
    }
}
