//! What a packet came through on its way to the TCP header: tags, labels and tunnels.

use crate::output::StableHash;
use crate::tcp::Network;

/// Headers that one packet may stack before it is not believed.
pub(super) const HEADERS: usize = 32;

/// Something that carries packets of another network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tunnel {
    Vlan,
    Mpls,
    Pppoe,
    Gre,
    Erspan,
    Vxlan,
    Geneve,
    Gtp,
    IpInIp,
    Teredo,
    L2tp,
    Other,
}

impl Tunnel {
    const ALL: [(Tunnel, &'static str); 12] = [
        (Tunnel::Vlan, "vlan"),
        (Tunnel::Mpls, "mpls"),
        (Tunnel::Pppoe, "pppoe"),
        (Tunnel::Gre, "gre"),
        (Tunnel::Erspan, "erspan"),
        (Tunnel::Vxlan, "vxlan"),
        (Tunnel::Geneve, "geneve"),
        (Tunnel::Gtp, "gtp"),
        (Tunnel::IpInIp, "ip_in_ip"),
        (Tunnel::Teredo, "teredo"),
        (Tunnel::L2tp, "l2tp"),
        (Tunnel::Other, "other_tunnel"),
    ];
}

/// The way taken so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Path {
    pub(super) network: Network,
    through: u16,
}

impl Path {
    /// Goes through something that has an identifier of its own, which need not be the same both ways.
    pub(super) fn through(&mut self, tunnel: Tunnel, id: u64) {
        self.through |= 1 << tunnel as u16;
        self.network.path = mix(self.network.path, tunnel, id);
    }

    /// Goes through a tunnel whose identifier keeps tenants apart, who may have the same addresses.
    pub(super) fn tenant(&mut self, tunnel: Tunnel, id: u64) {
        self.through(tunnel, id);
        self.network.tenant = mix(self.network.tenant, tunnel, id);
    }

    /// Names of what was gone through.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        let through = self.through;
        Tunnel::ALL.into_iter().filter(move |(tunnel, _)| through & (1 << *tunnel as u16) != 0).map(|(_, name)| name)
    }

    /// Whether nothing was gone through.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.through == 0
    }
}

/// Never 0, which stands for no tunnel.
fn mix(hash: u64, tunnel: Tunnel, id: u64) -> u64 {
    StableHash::new().word(hash).word(tunnel as u64).word(id).finish().max(1)
}
