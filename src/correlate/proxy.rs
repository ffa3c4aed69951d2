//! Proxies that are trusted to say for whom they speak, and the client behind them.

use std::net::IpAddr;

use offpath_capture::Exchange;

use super::reading::Reading;
use crate::model::AddressBlock;

/// Most hops looked at.
const MOST: usize = 64;

/// Blocks of the proxies that are trusted.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<AddressBlock>);

impl Proxies {
    pub(super) fn new(blocks: Vec<AddressBlock>) -> Proxies {
        Proxies(blocks)
    }

    pub(super) fn extend(&mut self, blocks: &[AddressBlock]) {
        self.0.extend(blocks);
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|block| block.holds(address))
    }

    /// Whether what a proxy may have written into a request's headers is to be believed.
    pub(super) fn speaks(&self, reading: &Reading<'_>) -> bool {
        reading.exchange.client.is_some_and(|peer| self.trusts(peer.ip))
    }

    /// Who sent a request: the peer, or behind trusted proxies the right-most hop that is none of them. What stands left
    /// of that one anybody may have written.
    pub fn client(&self, exchange: &Exchange) -> Option<IpAddr> {
        let peer = exchange.client?.ip;
        if !self.trusts(peer) {
            return Some(peer);
        }
        let chains = [forwarded_for(exchange), forwarded(exchange)];
        let mut told = chains.iter().filter(|chain| !chain.is_empty()).map(|chain| self.last_untrusted(peer, chain));
        let first = told.next().unwrap_or(peer);
        // Proxies write one of the two headers, the client perhaps the other: where they disagree nobody knows which.
        Some(if told.all(|other| other == first) { first } else { peer })
    }

    fn last_untrusted(&self, peer: IpAddr, chain: &[Option<IpAddr>]) -> IpAddr {
        let mut at = peer;
        for hop in chain.iter().rev() {
            match hop {
                Some(hop) if self.trusts(at) => at = *hop,
                _ => break,
            }
        }
        at
    }
}

/// The peer that a header says to speak for somebody else, with the nearest of those.
pub(super) fn stands_before(reading: &Reading<'_>) -> Option<(IpAddr, IpAddr)> {
    let peer = reading.exchange.client?.ip;
    let last = |chain: Vec<Option<IpAddr>>| chain.into_iter().next_back().flatten();
    let hop = last(forwarded_for(reading.exchange)).or_else(|| last(forwarded(reading.exchange)))?;
    (hop != peer).then_some((peer, hop))
}

fn forwarded_for(exchange: &Exchange) -> Vec<Option<IpAddr>> {
    hops(exchange, "x-forwarded-for", |hop| Some(hop))
}

/// The `for=` of each element of `Forwarded` (RFC 7239).
fn forwarded(exchange: &Exchange) -> Vec<Option<IpAddr>> {
    hops(exchange, "forwarded", |element| {
        let pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("for")).map(|(_, node)| node)
    })
}

/// Hops from the client on; one that is no address (`unknown`, `_hidden`) is none. Of too many the nearest.
fn hops(exchange: &Exchange, header: &str, node: impl Fn(&str) -> Option<&str>) -> Vec<Option<IpAddr>> {
    let Some(request) = &exchange.request else { return Vec::new() };
    let lines = request.headers.all(header).filter_map(|line| std::str::from_utf8(line).ok());
    let mut hops: Vec<Option<IpAddr>> = Vec::new();
    for hop in lines.flat_map(|line| line.split(',')).filter(|hop| !matches!(hop.trim(), "" | "-")) {
        hops.push(node(hop).and_then(address));
        if hops.len() > 2 * MOST {
            hops.drain(..MOST);
        }
    }
    hops
}

/// An address as it stands in these headers: quoted, in brackets, with a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inner, _)) => inner,
        None if text.matches(':').count() == 1 => text.split(':').next().unwrap_or(text),
        None => text,
    };
    bare.parse().ok().map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_proxies_write_them() {
        for (text, ip) in [
            ("9.9.9.9", "9.9.9.9"),
            (" 9.9.9.9:4711", "9.9.9.9"),
            ("\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
        ] {
            assert_eq!(address(text), ip.parse().ok(), "{text}");
        }
        assert_eq!(address("unknown"), None);
        assert_eq!(address("_hidden"), None);
    }
}
