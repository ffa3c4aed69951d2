//! Counts what the entry and line readers saw, for the [`SourceReport`].

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::{Exchange, Irregularity, Message, NotRead, Origin, Sink, SourceReport, WebSocketCounts};

/// Running counts of one source.
#[derive(Default)]
pub(crate) struct Tally {
    not_read: BTreeMap<&'static str, (u64, u64)>,
    irregularities: BTreeMap<&'static str, (u64, Origin)>,
    incomplete: BTreeMap<&'static str, u64>,
    exchanges: u64,
    websocket: WebSocketCounts,
}

impl Tally {
    /// Counts things seen and not read.
    pub(crate) fn not_read(&mut self, reason: &'static str, count: u64, bytes: u64) {
        let entry = self.not_read.entry(reason).or_default();
        entry.0 += count;
        entry.1 += bytes;
    }

    /// Counts something that breaks its format and was read all the same.
    pub(crate) fn irregularity(&mut self, name: &'static str, origin: &Origin) {
        self.irregularities.entry(name).or_insert_with(|| (0, origin.clone())).0 += 1;
    }

    /// Hands a message on and counts it.
    pub(crate) fn message(&mut self, message: Message, sink: &mut dyn Sink) -> ControlFlow<()> {
        self.websocket.add(&message);
        sink.message(message)
    }

    /// Hands on what was called on a WebSocket.
    pub(crate) fn said(&mut self, said: Vec<Exchange>, sink: &mut dyn Sink) -> ControlFlow<()> {
        said.into_iter().try_for_each(|exchange| sink.said(exchange))
    }

    /// Counts what was called on a WebSocket that is over.
    pub(crate) fn called(&mut self, calls: u64, without_call: u64) {
        self.websocket.calls += calls;
        self.websocket.without_call += without_call;
    }

    /// Hands an exchange on and counts it.
    pub(crate) fn emit(&mut self, exchange: Exchange, sink: &mut dyn Sink) -> ControlFlow<()> {
        self.exchanges += 1;
        self.websocket.connections += u64::from(exchange.web_socket.is_some());
        for reason in &exchange.incomplete {
            *self.incomplete.entry(reason.as_str()).or_default() += 1;
        }
        sink.exchange(exchange)
    }

    /// Writes the counts into the report.
    pub(crate) fn finish(self, report: &mut SourceReport) {
        report.exchanges += self.exchanges;
        report.websocket = self.websocket;
        for (reason, count) in self.incomplete {
            *report.incomplete.entry(reason).or_default() += count;
        }
        let not_read = self.not_read.into_iter();
        report.not_read.extend(not_read.map(|(reason, (count, bytes))| NotRead { reason, count, bytes }));
        let irregularities = self.irregularities.into_iter();
        report.irregularities.extend(irregularities.map(|(name, (count, first))| Irregularity { name, count, first }));
    }
}
