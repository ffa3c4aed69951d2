//! What is told of TLS connections, whether they were read or not.

use std::collections::BTreeMap;

use crate::TlsConnections;

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

    /// What was counted, in a stable order.
    pub(crate) fn into_rows(self) -> Vec<TlsConnections> {
        let row = |(facts, (connections, bytes))| {
            let Facts { server, unread, version, suite, alpn, fingerprint } = facts;
            TlsConnections { server, unread, version, suite, alpn, fingerprint, connections, bytes }
        };
        self.0.into_iter().map(row).collect()
    }
}
