//! What holds for whatever is read.

use std::ops::ControlFlow;

use offpath_capture::{
    BlindSpot, Body, Exchange, InputFormat, Joins, Message, Options, Protocol, Sink, Source, SourceReport,
    UnreadConnection, calls, grpc_as_json,
};

/// What came of one input.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// Its format.
    pub format: InputFormat,
    /// Identity and time of each exchange, as they came.
    pub exchanges: Vec<(u64, i64)>,
    /// Errors, without the input's name and their places.
    pub errors: Vec<String>,
    /// What was seen and not read, as (reason, count, bytes).
    pub not_read: Vec<(&'static str, u64, u64)>,
    /// Protocol of each connection that was not read whole, and the name that its client asked for.
    pub unread: Vec<(Option<&'static str>, Option<String>)>,
}

/// Counts exchanges and checks each.
struct Checked {
    exchanges: Vec<(u64, i64)>,
    unread: Vec<(Option<&'static str>, Option<String>)>,
    messages: u64,
    body_bytes: usize,
    /// Exchanges that may wait for others, and those that need not.
    joins: Joins,
    free: u64,
}

impl Checked {
    fn body(&self, body: &Body) {
        if let Body::Present { bytes, .. } = body {
            assert!(bytes.len() <= self.body_bytes);
        }
    }
}

fn check_calls(exchange: &Exchange) {
    let found = calls(exchange);
    let kept = found.calls.iter().flat_map(|call| [&call.arguments, &call.result]).flatten();
    assert!(found.calls.len() <= 256 && kept.map(String::len).sum::<usize>() <= 4 << 20);
}

impl Sink for Checked {
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()> {
        self.exchanges.push((exchange.key, exchange.time.0));
        self.free += self.joins.take(exchange.clone()).len() as u64;
        assert!(exchange.request.is_some() || exchange.response.is_some());
        assert!(exchange.end.is_none_or(|end| end >= exchange.time));
        if let Some(decoded) = grpc_as_json(&exchange, None) {
            assert_eq!(decoded.key, exchange.key);
            assert_eq!(decoded.response.is_some(), exchange.response.is_some());
        }
        check_calls(&exchange);
        let bodies = [exchange.request.map(|request| request.body), exchange.response.map(|response| response.body)];
        bodies.iter().flatten().for_each(|body| self.body(body));
        ControlFlow::Continue(())
    }

    fn message(&mut self, message: Message) -> ControlFlow<()> {
        self.messages += u64::from(message.kind.is_data());
        assert!(message.end >= message.time);
        assert!(!message.payload.is_whole() || message.incomplete.is_empty());
        self.body(&message.payload);
        ControlFlow::Continue(())
    }

    fn said(&mut self, exchange: Exchange) -> ControlFlow<()> {
        assert!(exchange.protocol == Protocol::WebSocket && exchange.request.is_some());
        assert!(exchange.end.is_some_and(|end| end >= exchange.time));
        check_calls(&exchange);
        ControlFlow::Continue(())
    }

    fn blind_spot(&mut self, spot: BlindSpot) -> ControlFlow<()> {
        assert!(spot.from <= spot.to);
        ControlFlow::Continue(())
    }

    fn unread(&mut self, connection: UnreadConnection) -> ControlFlow<()> {
        assert!(connection.from <= connection.to);
        self.unread.push((connection.protocol, connection.tls.and_then(|tls| tls.server_name)));
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _bytes: u64) {}
}

/// Reads a source of one input of so many bytes to its end; panics where something does not hold.
pub fn read_source(source: Source, length: u64, options: &Options) -> Told {
    let mut checked = Checked {
        exchanges: Vec::new(),
        unread: Vec::new(),
        messages: 0,
        body_bytes: options.limits.body_bytes,
        joins: Joins::new(16 << 10),
        free: 0,
    };
    let report = source.read(options, &mut checked);
    check_report(&report, &checked, length);
    let waited = Joins::settle(vec![checked.joins.finish()]).exchanges.len() as u64;
    assert_eq!(checked.free + waited, checked.exchanges.len() as u64);
    Told {
        format: report.inputs[0].format,
        exchanges: checked.exchanges,
        errors: report.errors.iter().map(|error| error.kind.to_string()).collect(),
        not_read: report.not_read.iter().map(|what| (what.reason, what.count, what.bytes)).collect(),
        unread: checked.unread,
    }
}

/// What is counted is what was told, all bytes are accounted for, and nothing is passed over without a word.
fn check_report(report: &SourceReport, checked: &Checked, length: u64) {
    assert_eq!(report.exchanges, checked.exchanges.len() as u64);
    assert!(report.websocket.calls + report.websocket.without_call <= report.websocket.messages);
    assert_eq!(report.websocket.messages, checked.messages);
    let input = &report.inputs[0];
    assert_eq!(input.bytes, length);
    assert!(report.errors.len() <= 2, "{:?}", report.errors);
    let said = report.exchanges + report.connections + report.not_read.iter().map(|what| what.count).sum::<u64>();
    assert!(input.records == 0 || said > 0 || !report.errors.is_empty(), "{} records and not a word", input.records);
}
