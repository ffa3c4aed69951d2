//! Both sides of a connection, whose first request also carries credentials: events are made of it with a model and
//! without, the same each time, and no credential stands in them.
#![no_main]

use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use offpath::correlate::{Extractor, HashKey, Redaction};
use offpath::model::Model;
use offpath_capture::{BlindSpot, Exchange, Sink, Source};
use offpath_capture_fuzz::{conversation, small};

/// Part of every credential.
const SECRET: &str = "qZ7vKx0wLm3TfR9bYc5";

static EXTRACTORS: LazyLock<Vec<Extractor>> = LazyLock::new(|| {
    let read = |text: &str| Arc::new(Model::read("m.yaml", text).expect("a model").0);
    let models = [
        None,
        Some(read(include_str!("../../fixtures/order-to-cash/model.yaml"))),
        Some(read(include_str!("../../fixtures/agents/model.yaml"))),
    ];
    let key = HashKey::new(b"fuzz");
    let made = models.into_iter().flat_map(|model| {
        let plain = Extractor::new(model.clone(), key.clone()).keeping_ids(true).noting_settings(true);
        [plain, Extractor::redacting(model, key.clone(), Redaction::Keep)]
    });
    made.collect()
});

struct Events;

impl Sink for Events {
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()> {
        for extractor in EXTRACTORS.iter() {
            let told = format!("{:?}", extractor.extract(&exchange));
            assert!(!told.contains(SECRET), "{told}");
            assert_eq!(told, format!("{:?}", extractor.extract(&exchange)));
        }
        ControlFlow::Continue(())
    }

    fn said(&mut self, exchange: Exchange) -> ControlFlow<()> {
        self.exchange(exchange)
    }

    fn blind_spot(&mut self, _: BlindSpot) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: u64) {}
}

fuzz_target!(|bytes: &[u8]| {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return };
    // What is no request line, or ends otherwise, makes the credentials part of something else.
    let (line, rest) = bytes.split_at(end + 1);
    if !line.ends_with(b" HTTP/1.1\r\n") || bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()) {
        return;
    }
    let credentials = format!(
        "Authorization: Bearer a{SECRET}\r\nCookie: sid=b{SECRET}\r\nX-Api-Key: c{SECRET}\r\nProxy-Authorization: Basic d{SECRET}\r\n"
    );
    let file = conversation(&[line, credentials.as_bytes(), rest].concat());
    if let Ok(source) = Source::in_memory("fuzz", file) {
        source.read(&small(), &mut Events);
    }
});
