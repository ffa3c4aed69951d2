//! Extraction of exchanges with JSON bodies of 2 KB beside serde_json on the same bodies: `cargo bench --bench extract`.

use std::ops::ControlFlow;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::BytesCount;
use offpath::correlate::{Extractor, HashKey};
use offpath::model::Model;
use offpath_capture::{BlindSpot, Exchange, Options, Sink, Source};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

const MODEL: &str = r#"
offpath: 1
workflow: {id: bench, version: 1}
actors: {identify: [header.x-user]}
objects:
  order:
    key: [path.orderId, res.order.id]
    state: res.order.status
    owner: res.order.customerId
    attrs: {total: "money(res.order.total, res.order.currency)"}
activities:
  pay: {http: "POST /orders/{orderId}/pay", object: order, attrs: {amount: "money(req.amount, req.currency)"}}
lifecycles:
  order:
    states: {none: initial, paid: {}}
    transitions:
      - {activity: pay, from: none, to: paid}
"#;

fn main() {
    divan::main();
}

/// Exchanges whose two bodies have 2 KB each.
const EXCHANGES: u64 = 1_000;

#[derive(Default)]
struct Kept(Vec<Exchange>);

impl Sink for Kept {
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()> {
        self.0.push(exchange);
        ControlFlow::Continue(())
    }

    fn blind_spot(&mut self, _: BlindSpot) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: u64) {}
}

/// A body of about 2 KB, as APIs send them: an object with some fields, a list of things, addresses, a sentence.
fn body(n: u64, status: &str) -> String {
    let lines: Vec<Value> = (0..9)
        .map(|line| {
            json!({"sku": format!("sku-{:04}", n * 7 + line), "name": "rucksack", "variant": "recycled cotton, grey",
                "quantity": 1 + line, "unitPrice": format!("{}.99", 4 + line), "taxable": true})
        })
        .collect();
    let address = json!({"street": "Harbour Lane 17", "city": "Bergen", "zip": "05003", "country": "NO"});
    let order = json!({
        "id": format!("ord_{n:010}"), "status": status, "tenantId": "acme", "customerId": format!("u{}", n % 97),
        "total": "131.91", "currency": "EUR", "items": lines, "shippingAddress": address, "billingAddress": address,
        "customer": {"id": format!("u{}", n % 97), "segment": "b2c"}, "tags": ["gift", "express"], "version": n % 5,
        "note": "Please leave the parcel with the neighbours on the second floor if nobody opens the door, and ring twice.",
    });
    json!({"order": order, "amount": "131.91", "currency": "EUR"}).to_string()
}

/// The exchanges, read from an archive; with `bodies` or without.
fn exchanges(bodies: bool) -> Vec<Exchange> {
    let content = |n: u64, status: &str| if bodies { body(n, status) } else { String::new() };
    let entries: Vec<Value> = (0..EXCHANGES)
        .map(|n| {
            let (sent, told) = (content(n, "new"), content(n, "paid"));
            let header = |name: &str, value: &str| json!({"name": name, "value": value});
            let kind = || header("Content-Type", "application/json");
            json!({
                "startedDateTime": format!("2026-09-07T07:{:02}:{:02}.000Z", n / 60, n % 60), "time": 5,
                "request": {"method": "POST", "url": format!("https://api.example/orders/ord_{n:010}/pay"),
                    "httpVersion": "HTTP/1.1", "queryString": [], "cookies": [], "headersSize": -1, "bodySize": -1,
                    "headers": [header("X-User", &format!("u{}", n % 97)), kind()],
                    "postData": {"mimeType": "application/json", "text": sent}},
                "response": {"status": 200, "statusText": "", "httpVersion": "HTTP/1.1", "headers": [kind()], "cookies": [],
                    "content": {"size": told.len(), "mimeType": "application/json", "text": told},
                    "redirectURL": "", "headersSize": -1, "bodySize": -1},
                "cache": {}, "timings": {"send": 0, "wait": 5, "receive": 0},
            })
        })
        .collect();
    let har = json!({"log": {"version": "1.2", "creator": {"name": "bench", "version": "1"}, "entries": entries}});
    let mut kept = Kept::default();
    if let Ok(source) = Source::in_memory("bench.har", har.to_string().into_bytes()) {
        source.read(&Options::default(), &mut kept);
    }
    kept.0
}

/// All bodies of the exchanges.
fn bodies(exchanges: &[Exchange]) -> Vec<Vec<u8>> {
    let both = exchanges.iter().flat_map(|exchange| {
        let sent = exchange.request.as_ref().and_then(|request| request.body.bytes());
        [sent, exchange.response.as_ref().and_then(|response| response.body.bytes())]
    });
    both.flatten().map(<[u8]>::to_vec).collect()
}

/// Extracts the exchanges; the speed is that of bytes of bodies, whether or not they are there.
fn extract(bencher: Bencher<'_, '_>, model: Option<Arc<Model>>, exchanges: &[Exchange], bytes: usize) {
    let extractor = Extractor::new(model, HashKey::new(b"a key of sixteen"));
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        exchanges.iter().map(|exchange| extractor.extract(divan::black_box(exchange)).events.len()).sum::<usize>()
    });
}

fn size(bodies: &[Vec<u8>]) -> usize {
    bodies.iter().map(Vec::len).sum()
}

#[divan::bench]
fn a_serde_json_skipping(bencher: Bencher<'_, '_>) {
    let bodies = bodies(&exchanges(true));
    bencher.counter(BytesCount::new(size(&bodies))).bench(|| {
        bodies.iter().filter(|body| serde_json::from_slice::<IgnoredAny>(divan::black_box(body)).is_ok()).count()
    });
}

#[divan::bench]
fn b_serde_json_to_value(bencher: Bencher<'_, '_>) {
    let bodies = bodies(&exchanges(true));
    bencher
        .counter(BytesCount::new(size(&bodies)))
        .bench(|| bodies.iter().filter(|body| serde_json::from_slice::<Value>(divan::black_box(body)).is_ok()).count());
}

#[divan::bench]
fn c_extract_with_a_model(bencher: Bencher<'_, '_>) {
    let Ok((model, _)) = Model::read("bench.yaml", MODEL) else { return };
    let exchanges = exchanges(true);
    extract(bencher, Some(Arc::new(model)), &exchanges, size(&bodies(&exchanges)));
}

#[divan::bench]
fn d_extract_without_a_model(bencher: Bencher<'_, '_>) {
    let exchanges = exchanges(true);
    extract(bencher, None, &exchanges, size(&bodies(&exchanges)));
}

#[divan::bench]
fn e_extract_without_a_model_nor_bodies(bencher: Bencher<'_, '_>) {
    extract(bencher, None, &exchanges(false), size(&bodies(&exchanges(true))));
}
