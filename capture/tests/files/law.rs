//! Laws: no bytes make a reader panic, and what a writer wrote is what comes out.

use offpath_capture::Timestamp;
use proptest::prelude::*;

use crate::reading::{read_content, read_with, small_limits};

/// What a small HAR writer puts into an entry.
#[derive(Clone, Debug)]
struct Written {
    method: &'static str,
    path: String,
    millis: i64,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

fn written() -> impl Strategy<Value = Written> {
    let method = prop_oneof![Just("GET"), Just("POST"), Just("PATCH")];
    let headers = proptest::collection::vec(("[A-Za-z][A-Za-z0-9-]{0,10}", "\\PC{0,20}"), 0..5);
    (method, "/[a-z0-9/?=&%\"\\\\]{0,20}", 0i64..4_000_000_000_000, 200u16..600, headers, "\\PC{0,80}").prop_map(
        |(method, path, millis, status, headers, body)| Written { method, path, millis, status, headers, body },
    )
}

fn to_json(entry: &Written) -> serde_json::Value {
    let time = jiff::Timestamp::from_millisecond(entry.millis).unwrap();
    let headers: Vec<_> = entry.headers.iter().map(|(n, v)| serde_json::json!({"name": n, "value": v})).collect();
    serde_json::json!({
        "startedDateTime": format!("{time:.3}"),
        "request": {"method": entry.method, "url": format!("https://a.example{}", entry.path), "headers": headers},
        "response": {"status": entry.status, "headers": headers, "content": {"size": entry.body.len(), "text": entry.body}},
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_har_reads_back_as_written(entries in proptest::collection::vec(written(), 1..6), pretty: bool) {
        let har = serde_json::json!({"log": {"version": "1.2", "entries": entries.iter().map(to_json).collect::<Vec<_>>()}});
        let text = if pretty { serde_json::to_string_pretty(&har).unwrap() } else { har.to_string() };
        let outcome = read_content(text);
        prop_assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
        prop_assert_eq!(outcome.exchanges.len(), entries.len());
        for (read, entry) in outcome.exchanges.iter().zip(&entries) {
            let (request, response) = (read.request.as_ref().unwrap(), read.response.as_ref().unwrap());
            prop_assert_eq!((&*request.method, &*request.target, response.status), (entry.method, &*entry.path, entry.status));
            prop_assert_eq!(read.time, Timestamp(entry.millis * 1000));
            let headers: Vec<_> = entry.headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
            prop_assert_eq!(request.headers.iter().collect::<Vec<_>>(), headers);
            prop_assert_eq!(response.body.bytes().unwrap_or_default(), entry.body.as_bytes());
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400), start in 0usize..8) {
        let starts: [&[u8]; 8] = [
            b"", b"{\"log\":{\"entries\":[", b"{\"ts\":1,", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd",
            b"1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"", b"cb({\"log\":{", b"{\"log\":{\"entries\":[{\"request\":{",
        ];
        read_with([starts[start], &bytes[..]].concat(), &small_limits());
    }

    #[test]
    fn any_json_like_text_is_read_or_refused(text in "[\\[\\]{}:,\"\\\\ a1n\n]{0,200}", start in 0usize..3) {
        let starts = ["", "{\"log\":{\"entries\":[", "{\"log\":{\"entries\":[{\"request\":{\"method\":\"GET\",\"url\":\"/\"}},"];
        let outcome = read_with(format!("{}{text}", starts[start]), &small_limits());
        if start == 2 {
            prop_assert!(!outcome.exchanges.is_empty());
        }
    }

    #[test]
    fn a_mutated_entry_costs_no_other(at in 0usize..200, byte in any::<u8>()) {
        costs_no_other(at, byte);
    }
}

fn entry(n: usize) -> String {
    format!(
        r#"{{"startedDateTime":"2020-01-01T00:00:00Z","request":{{"method":"GET","url":"https://a.example/{n}","headers":[{{"name":"a","value":"b"}}]}},"response":{{"status":200,"headers":[]}}}}"#
    )
}

/// Changes a byte of the second of four entries: the first and the last are read all the same.
fn costs_no_other(at: usize, byte: u8) {
    let mut broken = entry(1).into_bytes();
    let at = at % broken.len();
    let brackets = [broken[at], byte].iter().any(|byte| b"[]{}".contains(byte));
    broken[at] = byte;
    let text = [
        b"{\"log\":{\"entries\":[",
        entry(0).as_bytes(),
        b",",
        &broken,
        b",",
        entry(2).as_bytes(),
        b",",
        entry(3).as_bytes(),
        b"]}}",
    ]
    .concat();
    let outcome = read_content(text);
    let targets: Vec<_> = outcome.exchanges.iter().map(|e| e.request.as_ref().unwrap().target.clone()).collect();
    assert!(targets.contains(&"/0".to_owned()), "{targets:?} {at} {byte}");
    // Brackets say where entries begin and end. Where one is another, what comes after may not be told, but that must be.
    let said = brackets && !outcome.errors.is_empty();
    assert!(said || targets.contains(&"/3".to_owned()), "{targets:?} {at} {byte} {:?}", outcome.errors);
}
