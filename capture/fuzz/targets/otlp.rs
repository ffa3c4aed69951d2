//! Spans of OpenTelemetry: what follows a first one of a server that answered, in the same list.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture::InputFormat;
use offpath_capture_fuzz::{read_file, small};

const FIRST: &str = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","kind":2,
"startTimeUnixNano":"1779005132000000000","endTimeUnixNano":"1779005132018000000","attributes":[
{"key":"http.request.method","value":{"stringValue":"POST"}},{"key":"url.path","value":{"stringValue":"/orders/1"}},
{"key":"http.response.status_code","value":{"intValue":"201"}}]},"#;

fuzz_target!(|bytes: &[u8]| {
    let file = [FIRST.as_bytes(), bytes].concat();
    let told = read_file(("spans", &file), &small()).expect("it begins as spans do");
    assert_eq!(told.format, InputFormat::Otlp);
    assert!(!told.exchanges.is_empty(), "{told:?}");
});
