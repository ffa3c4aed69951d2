//! What is told of TLS connections, whether they were read or not.

use std::collections::BTreeMap;

use super::{Connection, NO_KEY, Phase, QuicHello, TLS12, TLS13, WRONG_KEY};
use crate::output::Output;
use crate::{Endpoint, TlsConnections, TlsHellos};

/// Kinds of connections that are told apart; further ones are counted together.
const KINDS: usize = 4096;
/// Where connections are counted whose kind is not told.
const OTHERS: &str = "others";

/// What connections have in common that are counted together.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Facts {
    pub(super) server: String,
    pub(super) unread: Option<&'static str>,
    pub(super) version: Option<&'static str>,
    pub(super) suite: Option<u16>,
    pub(super) alpn: Option<String>,
    pub(super) fingerprint: Option<String>,
}

/// The connections by kind.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<Facts, (u64, u64)>);

impl Tally {
    /// Counts a connection with its bytes.
    pub(super) fn add(&mut self, facts: Facts, bytes: u64) {
        let full = self.0.len() >= KINDS && !self.0.contains_key(&facts);
        let others = || Facts { server: OTHERS.to_owned(), unread: facts.unread, ..Facts::default() };
        let facts = if full { others() } else { facts };
        let (count, sum) = self.0.entry(facts).or_default();
        *count += 1;
        *sum += bytes;
    }

    /// Counts a connection of QUIC, which is not read, with its bytes.
    pub(crate) fn add_quic(&mut self, hello: Option<&QuicHello>, server: Endpoint, bytes: u64) {
        let name = hello.and_then(QuicHello::server_name).map(str::to_owned);
        let facts = Facts {
            server: name.unwrap_or_else(|| server.to_string()),
            unread: Some("quic"),
            fingerprint: hello.map(QuicHello::fingerprint),
            ..Facts::default()
        };
        self.add(facts, bytes);
    }

    /// What was counted, in a stable order.
    pub(crate) fn into_rows(self) -> Vec<TlsConnections> {
        let row = |(facts, (connections, bytes))| {
            let Facts { server, unread, version, suite, alpn, fingerprint } = facts;
            TlsConnections { server, unread, version, suite, alpn, fingerprint, connections, bytes }
        };
        self.0.into_iter().map(row).collect()
    }
}

impl Connection {
    /// What its hellos say in the clear.
    fn hellos(&self, facts: &Facts) -> TlsHellos {
        TlsHellos {
            server_name: Some(facts.server.clone()).filter(|name| !name.is_empty()),
            version: facts.version,
            alpn: facts.alpn.clone().or_else(|| self.asked.clone()),
            fingerprint: facts.fingerprint.clone(),
        }
    }

    /// Counts the connection, by what it was and what came of it.
    pub(super) fn count(&mut self, out: &mut Output<'_>) {
        let mut facts = std::mem::take(&mut self.facts);
        facts.unread = match self.phase {
            Phase::Blind(reason) => Some(reason),
            Phase::Waiting(_) => Some(NO_KEY),
            Phase::Reading if self.unread > 0 && !self.fits() => Some(WRONG_KEY),
            Phase::Reading if self.data.is_none() => Some("tls_no_data"),
            Phase::Reading => None,
        };
        if let Some(reason) = facts.unread {
            out.not_read_on(self.channel.id, reason, self.bytes);
            out.hellos(self.channel.id, self.hellos(&facts));
        } else if self.unread > 0 {
            out.not_read_on(self.channel.id, "tls_bad_record", self.unread);
        }
        if facts.server.is_empty() {
            // Without hellos the lower port is the server's.
            let [low, high] = [0, 1].map(|side| self.channel.end(side));
            let server = self.client.map(|client| self.channel.end(1 - client));
            facts.server = server.unwrap_or(if low.port <= high.port { low } else { high }).to_string();
        }
        if let (Some(_), Some((from, shown)), true) = (facts.unread, self.data, out.secrets.any()) {
            // Requests may have been made here that others of the same server's connections show.
            out.doubtful(self.channel.ends, from, shown);
        }
        out.tls.add(facts, self.bytes);
    }
}

/// A version by its name.
pub(super) fn version(version: u16) -> Option<&'static str> {
    Some(match version {
        0x0300 => "SSL 3.0",
        0x0301 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        TLS12 => "TLS 1.2",
        TLS13 => "TLS 1.3",
        _ => return None,
    })
}
