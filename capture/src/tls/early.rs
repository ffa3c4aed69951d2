//! Early data of TLS 1.3: what a client says before the server answers, which the server may take or not.

use super::Connection;
use super::record::{Kind, Record};
use crate::Timestamp;
use crate::output::Output;

/// Bytes of early data that are kept until the server says whether it takes them.
const EARLY_BYTES: usize = 128 << 10;

/// Data that a client sent before the server had answered.
#[derive(Debug, Default)]
pub(super) struct Early {
    pub(super) records: Vec<Record>,
    held: usize,
    /// Whether the server takes it.
    pub(super) accepted: bool,
    /// Whether that is known.
    pub(super) settled: bool,
}

impl Early {
    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        self.held
    }
}

impl Connection {
    /// Whether a record comes before the server said whether it takes early data.
    pub(super) fn is_early(&self, side: usize, record: &Record) -> bool {
        self.client == Some(side)
            && !self.early.settled
            && record.kind == Kind::ApplicationData
            && self.hello.as_ref().is_some_and(|hello| hello.early_data)
            && (self.answer.is_none() || record.ack() < self.answered)
    }

    pub(super) fn hold_early(&mut self, side: usize, record: Record) {
        if self.early.held + record.held() > EARLY_BYTES {
            self.unread += record.bytes.len() as u64;
            self.side(side).not_opened(&record);
        } else {
            self.early.held += record.held();
            self.early.records.push(record);
        }
    }

    /// It is known what became of early data, or never will be.
    pub(super) fn settle_early(&mut self, accepted: bool, out: &mut Output<'_>) {
        self.early.settled = true;
        self.early.held = 0;
        let records = std::mem::take(&mut self.early.records);
        let (Some(client), Some(hello)) = (self.client, &self.hello) else { return };
        let now = records.last().map_or(Timestamp::default(), |record| record.seen().time);
        let secret = out.secrets.traffic(&hello.random, now).and_then(|traffic| traffic.early);
        match (accepted, secret, &mut self.side(client).epochs) {
            (true, Some(secret), Some(epochs)) => epochs.begin_early(secret),
            // What the server did not take, the client says again.
            (false, ..) => return,
            _ => {}
        }
        for record in records {
            self.open(client, record, out);
        }
    }
}
