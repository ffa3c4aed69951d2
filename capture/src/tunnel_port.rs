//! Ports at which tunnels over UDP are spoken besides their own.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A kind of tunnel over UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum UdpTunnel {
    Vxlan,
    Geneve,
    Gtp,
    Mpls,
    L2tp,
    Teredo,
}

const KINDS: [(&str, UdpTunnel); 6] = [
    ("vxlan", UdpTunnel::Vxlan),
    ("geneve", UdpTunnel::Geneve),
    ("gtp", UdpTunnel::Gtp),
    ("mpls", UdpTunnel::Mpls),
    ("l2tp", UdpTunnel::L2tp),
    ("teredo", UdpTunnel::Teredo),
];

/// A port and the tunnel that is spoken at it: `vxlan=4790`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TunnelPort {
    pub(crate) kind: UdpTunnel,
    pub(crate) port: u16,
}

impl FromStr for TunnelPort {
    type Err = String;

    /// Reads `KIND=PORT`; an error names the kinds that there are.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, port) = text.split_once('=').ok_or("expected KIND=PORT, e.g. vxlan=8473")?;
        let kind = KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        let known = || KINDS.map(|(name, _)| name).join(", ");
        let kind =
            kind.ok_or_else(|| format!("`{name}` is no tunnel over UDP that is read; these are: {}", known()))?;
        match port.parse() {
            Ok(port @ 1..) => Ok(TunnelPort { kind, port }),
            _ => Err(format!("`{port}` is no port: a number from 1 to 65535 is expected")),
        }
    }
}

impl fmt::Display for TunnelPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = KINDS.iter().find(|(_, kind)| *kind == self.kind).map_or("", |(name, _)| name);
        write!(f, "{name}={}", self.port)
    }
}

/// The tunnels by port; of two at one port, the later one counts.
pub(crate) fn by_port(tunnels: &[TunnelPort]) -> BTreeMap<u16, UdpTunnel> {
    tunnels.iter().map(|tunnel| (tunnel.port, tunnel.kind)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_said_with_its_kind() {
        for text in ["vxlan=1", "geneve=65535", "mpls=6000"] {
            assert_eq!(text.parse::<TunnelPort>().unwrap().to_string(), text);
        }
        for (text, why) in [
            ("vxlan", "expected KIND=PORT"),
            ("vxlan=0", "`0` is no port"),
            ("vxlan=65536", "`65536` is no port"),
            ("gre=5", "`gre` is no tunnel over UDP that is read; these are: vxlan, geneve, gtp, mpls, l2tp, teredo"),
        ] {
            assert!(text.parse::<TunnelPort>().unwrap_err().contains(why), "{text}");
        }
    }
}
