//! QUIC, which carries HTTP/3. Its packets are not read: they are counted by connection, with what the client's hello says
//! of it, which stands behind keys that everybody has.

mod hello;
mod initial;

use std::collections::VecDeque;

use hashbrown::HashMap;

use hello::Hello;
use initial::Initial;

use crate::output::{Output, Over, StableHash};
use crate::tcp::{Ends, Seen};
use crate::tls::QuicHello;
use crate::{Endpoint, Timestamp};

/// Connections that are counted at once; beyond, the oldest are over.
const FLOWS: usize = 16_384;
/// Initial packets of one connection that are tried.
const TRIES: u8 = 16;
/// Packets of one datagram that are looked at.
const PACKETS: usize = 4;

/// The connections, by their ends.
#[derive(Default)]
pub(crate) struct Flows {
    open: HashMap<Ends, Flow, foldhash::fast::RandomState>,
    /// In the order in which they began, and when that was.
    order: VecDeque<(Ends, Timestamp)>,
}

struct Flow {
    ends: [Endpoint; 2],
    first: Seen,
    last: Seen,
    packets: u64,
    /// Bytes on the wire.
    bytes: u64,
    client: Option<usize>,
    /// The id that made the keys of the client's packets.
    id: Vec<u8>,
    pending: Hello,
    hello: Option<QuicHello>,
    tries: u8,
}

impl Flows {
    /// Takes one datagram that side 0 or 1 sent; `wire_len` is its whole packet's length.
    pub(crate) fn datagram(
        &mut self,
        (ends, side): (Ends, usize),
        payload: &[u8],
        wire_len: u64,
        seen: Seen,
        out: &mut Output<'_>,
    ) {
        let idle = out.limits.idle_seconds.saturating_mul(1_000_000);
        if self.open.get(&ends).is_some_and(|flow| seen.time.0.saturating_sub(flow.last.time.0) > idle)
            && let Some(flow) = self.open.remove(&ends)
        {
            flow.finish(out);
        }
        while self.open.len() >= FLOWS && !self.open.contains_key(&ends) {
            self.drop_oldest(out);
        }
        let order = &mut self.order;
        let flow = self.open.entry(ends).or_insert_with(|| {
            order.push_back((ends, seen.time));
            Flow::new(ends.endpoints(), seen)
        });
        flow.last = if seen.time >= flow.last.time { seen } else { flow.last };
        flow.packets += 1;
        flow.bytes += wire_len;
        flow.look(side, payload);
        // Those that went idle leave their place in the order behind.
        if self.order.len() > 2 * FLOWS {
            let open = &self.open;
            self.order.retain(|(ends, began)| open.get(ends).is_some_and(|flow| flow.first.time == *began));
        }
    }

    fn drop_oldest(&mut self, out: &mut Output<'_>) {
        let Some((ends, began)) = self.order.pop_front() else {
            self.open.clear();
            return;
        };
        if self.open.get(&ends).is_some_and(|flow| flow.first.time == began)
            && let Some(flow) = self.open.remove(&ends)
        {
            flow.finish(out);
        }
    }

    /// Nothing more comes.
    pub(crate) fn finish(&mut self, out: &mut Output<'_>) {
        while !self.open.is_empty() {
            self.drop_oldest(out);
        }
    }
}

impl Flow {
    fn new(ends: [Endpoint; 2], seen: Seen) -> Self {
        Flow {
            ends,
            first: seen,
            last: seen,
            packets: 0,
            bytes: 0,
            client: None,
            id: Vec::new(),
            pending: Hello::default(),
            hello: None,
            tries: 0,
        }
    }

    /// Looks for the client's hello.
    fn look(&mut self, side: usize, payload: &[u8]) {
        let mut rest = payload;
        for _ in 0..PACKETS {
            if self.hello.is_some() || self.tries >= TRIES {
                return;
            }
            let Some((packet, after)) = Initial::first(rest) else { return };
            self.tries += 1;
            rest = after;
            // The first id makes the keys, also of packets that call the server by the id that it chose; after a Retry
            // the new one does.
            let opened = match packet.open(&self.id) {
                Some(frames) if !self.id.is_empty() => Some(frames),
                _ => packet.open(packet.destination).inspect(|_| self.id = packet.destination.to_vec()),
            };
            let Some(frames) = opened else { continue };
            self.client = Some(side);
            self.hello = self.pending.push(&frames);
        }
    }

    fn finish(self, out: &mut Output<'_>) {
        let [low, high] = self.ends;
        let first_asked = self.client.map_or(low.port > high.port, |client| client == 0);
        let [client, server] = if first_asked { [low, high] } else { [high, low] };
        let id = StableHash::new().endpoint(&low).endpoint(&high).word(self.first.time.0 as u64).word(17).finish();
        let over = Over {
            id,
            ends: [client, server],
            first: self.first,
            last: self.last.time,
            bytes: self.bytes,
            lost: 0,
            cut: 0,
            protocol: Some("quic"),
        };
        out.tls.add_quic(self.hello.as_ref(), server, self.bytes);
        out.quic(over, self.packets, self.hello.map(QuicHello::into_hellos), self.last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client's hello as RFC 8448 has none: one suite, TLS 1.3, a name and `h3`.
    fn said() -> Vec<u8> {
        let extensions = b"\0\0\0\x0b\0\x09\0\0\x06a.test\0\x10\0\x05\0\x03\x02h3\0\x2b\0\x03\x02\x03\x04";
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 2, 0x13, 1, 1, 0]);
        body.extend((extensions.len() as u16).to_be_bytes());
        body.extend(extensions);
        [&[1, 0][..], &(body.len() as u16).to_be_bytes(), &body].concat()
    }

    fn crypto(at: usize, data: &[u8]) -> Vec<u8> {
        [&[6][..], &(0x4000 | at as u16).to_be_bytes(), &(0x4000 | data.len() as u16).to_be_bytes(), data].concat()
    }

    fn flow() -> Flow {
        let end = |port| Endpoint { ip: std::net::IpAddr::from([10, 0, 0, 1]), port: Some(port) };
        Flow::new([end(443), end(5000)], Seen::default())
    }

    #[test]
    fn a_hello_is_put_together_in_any_order() {
        let said = said();
        let (id, chosen) = ([9; 8], [4; 5]);
        let first = [&[1, 0, 0][..], &crypto(30, &said[30..]), &[0; 9]].concat();
        let second = [&[2, 0, 0, 0, 0][..], &crypto(0, &said[..40])].concat();
        let mut flow = flow();
        flow.look(1, &initial::tests::sealed(1, &id, 0, &first));
        assert!(flow.hello.is_none());
        flow.look(1, b"\xc0 and nothing that can be read");
        // The client calls the server by the id that this chose; the keys stay.
        let mut packet = initial::tests::sealed(1, &id, 1, &second);
        assert!(Initial::first(&packet).is_some_and(|(packet, _)| packet.open(&chosen).is_none()));
        packet.extend(b"rest");
        flow.look(1, &packet);
        let hellos = flow.hello.unwrap().into_hellos();
        assert_eq!((hellos.server_name.as_deref(), hellos.alpn.as_deref()), (Some("a.test"), Some("h3")));
        assert!(hellos.fingerprint.unwrap().starts_with("q13d0103h3_"));
        assert_eq!(flow.client, Some(1));
    }

    #[test]
    fn a_flow_tries_only_so_many_packets() {
        let mut flow = flow();
        for number in 0..100 {
            flow.look(1, &initial::tests::sealed(1, &[9; 8], number, &crypto(2 * usize::from(number), b"xy")));
        }
        assert_eq!(flow.tries, TRIES);
    }
}
