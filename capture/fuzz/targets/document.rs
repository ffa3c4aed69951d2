//! A JSON document of records behind its first one: a list, or a list in an object. The first byte says which.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture::InputFormat;
use offpath_capture_fuzz::{read_file, small};

const FIRST: &str = r#"{"time": "2026-05-17T08:05:32Z", "method": "GET", "path": "/orders/1", "status": 200}"#;
const BEFORE: [&str; 4] = ["[", "{\"Records\": [", "{\n\"next\": null, \"records\": [\n", "{\"logEvents\": [\n"];

fuzz_target!(|bytes: &[u8]| {
    let (&which, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let before = BEFORE[usize::from(which) % BEFORE.len()];
    let file = [before.as_bytes(), FIRST.as_bytes(), b",", rest].concat();
    let told = read_file(("document", &file), &small()).expect("it begins as a document does");
    assert!(told.format != InputFormat::JsonDocument || !told.exchanges.is_empty(), "{told:?}");
});
