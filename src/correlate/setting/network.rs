//! Networks: which addresses are near each other, and which are nobody's in particular.

use std::net::IpAddr;

/// The network of an address, as text: the first 16 bits of IPv4, the first 32 of IPv6, which is about what one provider
/// has in one place.
pub(super) fn network(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            format!("{a}.{b}")
        }
        IpAddr::V6(ip) => {
            let [a, b, ..] = ip.segments();
            format!("{a:x}:{b:x}")
        }
    }
}

/// Whether an address is inside: of this machine, of a private network, or one that a provider's customers share. What
/// is before it is not known, so that two of them are not far from each other.
pub(super) fn is_inside(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let shared = a == 100 && (64..128).contains(&b);
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || shared
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_inside_is_no_place() {
        for inside in
            ["10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.1.1", "100.64.0.1", "fd00::1", "::1"]
        {
            assert!(is_inside(ip(inside)), "{inside}");
        }
        for outside in ["9.9.9.9", "100.128.0.1", "172.32.0.1", "2001:db8::1"] {
            assert!(!is_inside(ip(outside)), "{outside}");
        }
        assert!(is_inside(ip("::ffff:10.0.0.1")));
    }

    #[test]
    fn neighbours_share_a_network() {
        assert_eq!(network(ip("203.0.113.7")), network(ip("203.0.1.1")));
        assert_ne!(network(ip("203.0.113.7")), network(ip("203.1.113.7")));
        assert_eq!(network(ip("2001:db8:1::1")), network(ip("2001:db8:2::1")));
        assert_eq!(network(ip("::ffff:203.0.113.7")), network(ip("203.0.1.1")));
    }
}
