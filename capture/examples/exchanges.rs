//! Prints the exchanges of captures, HAR files and logs, one JSON line each; `--count` prints only the report.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;

use offpath_capture::{BlindSpot, Body, Exchange, Options, Sink, SourceReport, plan};
use serde_json::{Value, json};

/// The allocator of `offpath`, so that this measures what `offpath` has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Lines {
    out: BufWriter<io::Stdout>,
    quiet: bool,
    blind_spots: u64,
}

impl Sink for Lines {
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()> {
        if self.quiet { ControlFlow::Continue(()) } else { self.line(&line(&exchange)) }
    }

    fn blind_spot(&mut self, spot: BlindSpot) -> ControlFlow<()> {
        self.blind_spots += 1;
        if self.quiet {
            return ControlFlow::Continue(());
        }
        self.line(&json!({ "blind_spot": [spot.from.0, spot.to.0], "origin": spot.origin.to_string() }))
    }

    fn progress(&mut self, _bytes: u64) {}
}

impl Lines {
    fn line(&mut self, value: &Value) -> ControlFlow<()> {
        // A closed pipe is the reader's way of saying that it has seen enough.
        if writeln!(self.out, "{value}").is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn line(exchange: &Exchange) -> Value {
    let id = |headers: &offpath_capture::Headers| headers.text("x-request-id").map(str::to_owned);
    json!({
        "key": format!("{:016x}", exchange.key),
        "connection": exchange.connection.map(|id| format!("{id:016x}")),
        "stream": exchange.stream,
        "client": exchange.client.map(|end| end.to_string()),
        "server": exchange.server.map(|end| end.to_string()),
        "time": exchange.time.0,
        "end": exchange.end.map(|time| time.0),
        "request": exchange.request.as_ref().map(|r| json!({
            "method": r.method, "host": r.host, "target": r.target, "headers": r.headers.len(),
            "body": body(&r.body), "request_id": id(&r.headers),
        })),
        "response": exchange.response.as_ref().map(|r| json!({
            "status": r.status, "headers": r.headers.len(), "body": body(&r.body), "request_id": id(&r.headers),
        })),
        "incomplete": exchange.incomplete.iter().map(|reason| reason.as_str()).collect::<Vec<_>>(),
        "origin": exchange.origin.to_string(),
        "response_origin": exchange.response_origin.as_ref().map(ToString::to_string),
    })
}

fn body(body: &Body) -> Value {
    match body {
        Body::Absent => Value::Null,
        Body::Unknown { size } => json!({ "unknown": size }),
        Body::Present { decoded_len, whole, .. } => json!({ "len": decoded_len, "whole": whole }),
    }
}

fn describe(report: &SourceReport, blind_spots: u64) -> Value {
    json!({
        "exchanges": report.exchanges,
        "incomplete": report.incomplete,
        "connections": report.connections,
        "connections_with_gaps": report.connections_with_gaps,
        "tunnels": report.tunnels,
        "seen_again": report.seen_again,
        "blind_spots": blind_spots,
        "records": report.inputs.iter().map(|input| input.records).sum::<u64>(),
        "bytes_lost": report.inputs.iter().map(|input| input.bytes_lost).sum::<u64>(),
        "not_read": report.not_read.iter().map(|n| json!([n.reason, n.count, n.bytes])).collect::<Vec<_>>(),
        "irregularities": report.irregularities.iter()
            .map(|i| json!([i.name, i.count, i.first.to_string()])).collect::<Vec<_>>(),
        "errors": report.errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn main() -> io::Result<()> {
    let (flags, inputs): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|arg| arg == "--count");
    let options = Options { unhashed: true, ..Options::default() };
    let plan = plan(&inputs, &options);
    let mut lines = Lines { out: BufWriter::new(io::stdout()), quiet: !flags.is_empty(), blind_spots: 0 };
    for error in &plan.errors {
        writeln!(io::stderr(), "{error}")?;
    }
    for source in plan.sources {
        let report = source.read(&options, &mut lines);
        let value = describe(&report, lines.blind_spots);
        writeln!(lines.out, "{}", json!({ "report": value }))?;
        lines.blind_spots = 0;
    }
    lines.out.flush()
}
