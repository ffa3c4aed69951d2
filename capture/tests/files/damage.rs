//! Damaged, hostile and mistaken input: each is named with its place, its cause and what to do, and the rest is read.

use std::fs;
use std::io::Write;

use offpath_capture::Body;

use crate::reading::{read_content, read_path, read_with, small_limits};

const LINE: &str = "10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /a HTTP/1.1\" 200 1\n";

fn entry(url: &str) -> String {
    format!(
        r#"{{"startedDateTime":"2020-01-01T00:00:00.000Z","time":5,"request":{{"method":"GET","url":"{url}","headers":[]}},"response":{{"status":200,"headers":[],"content":{{"size":0}}}}}}"#
    )
}

fn har(entries: &[String]) -> String {
    format!("{{\n\"log\": {{\"version\": \"1.2\", \"entries\": [\n{}\n]}}}}\n", entries.join(",\n"))
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn an_empty_file_is_named() {
    read_content("").says(&["input", "file is empty", "check that the capture or export finished"]);
    read_content(gzip(b"")).says(&["file is empty"]);
}

#[test]
fn foreign_content_is_named_whatever_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture.har");
    fs::write(&path, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").unwrap();
    read_path(&path).says(&["capture.har", "format not recognised", "PNG", "offpath reads pcap"]);
    fs::write(&path, LINE).unwrap();
    assert_eq!(read_path(&path).exchanges.len(), 1);
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.log"), LINE).unwrap();
    fs::write(folder.path().join("b.har"), b"\x7fELF\x02\x01\x01\0").unwrap();
    fs::write(folder.path().join("c.har"), har(&[entry("https://a.example/c")])).unwrap();
    let outcome = read_path(folder.path());
    assert_eq!((outcome.exchanges.len(), outcome.errors.len()), (2, 1));
    outcome.says(&["b.har", "ELF"]);
}

#[test]
fn a_truncated_har_keeps_what_came_before() {
    let whole = har(&[entry("https://a.example/1"), entry("https://a.example/2"), entry("https://a.example/3")]);
    let cut = whole.rfind("\"response\"").unwrap();
    let outcome = read_content(&whole[..cut]);
    assert_eq!(outcome.exchanges.len(), 2);
    outcome.says(&["truncated", "an entry", "2 entries before it", "export the file again"]);
}

#[test]
fn a_har_cut_at_any_byte_is_read_up_to_there() {
    let whole = har(&[entry("https://a.example/1"), entry("https://a.example/2")]);
    let ends: Vec<usize> = whole.match_indices("\"size\":0}}}").map(|(at, text)| at + text.len()).collect();
    for cut in 0..whole.trim_end().len() {
        let outcome = read_content(&whole[..cut]);
        let expected = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(outcome.exchanges.len(), expected, "cut at {cut}");
        assert_eq!(outcome.errors.len(), 1, "cut at {cut}: {:?}", outcome.errors);
    }
    assert!(read_content(&whole).errors.is_empty());
}

#[test]
fn a_log_cut_at_any_byte_is_read_up_to_there() {
    let json = "{\"ts\":971211336,\"method\":\"GET\",\"path\":\"/b\",\"status\":200}\n";
    let whole = format!("{LINE}{json}");
    for cut in LINE.len() + 1..whole.len() - 1 {
        let outcome = read_content(&whole[..cut]);
        assert_eq!(outcome.exchanges.len(), 1, "cut at {cut}");
        // A line that is still being written: neither an error nor anything lost.
        assert_eq!((outcome.not_read("unfinished_line"), outcome.errors.len()), (1, 0), "cut at {cut}");
        assert!(outcome.reports.iter().flat_map(|report| &report.inputs).all(|input| input.bytes_lost == 0));
        // With its end it is a line, and broken.
        let ended = read_content(format!("{}\n", &whole[..cut]));
        assert_eq!((ended.not_read("unparsed_line"), ended.errors.len()), (1, 1), "cut at {cut}");
    }
    for cut in 1..LINE.len() {
        assert!(read_content(&LINE[..cut]).exchanges.len() <= 1);
    }
}

#[test]
fn truncated_compression_keeps_what_came_before() {
    let text: String = (0..40_000).map(|n| LINE.replace("/a", &format!("/{}", n * 7919 % 65_537))).collect();
    let packed = gzip(text.as_bytes());
    let outcome = read_content(&packed[..packed.len() - 1000]);
    assert!(outcome.exchanges.len() > 30_000, "{}", outcome.exchanges.len());
    outcome.says(&["truncated", "compressed file ends at byte", "copy or export"]);
    let bytes: u64 = outcome.reports.iter().flat_map(|r| &r.inputs).map(|i| i.bytes).sum();
    assert_eq!(bytes, packed.len() as u64 - 1000);
}

#[test]
fn a_broken_entry_is_placed_and_the_others_read() {
    let broken = entry("https://a.example/2").replace("\"time\":5", "\"time\":5x");
    let outcome = read_content(har(&[entry("https://a.example/1"), broken, entry("https://a.example/3")]));
    assert_eq!((outcome.exchanges.len(), outcome.records()), (2, 3));
    outcome.says(&["#entry=1", "entry #1 at line 4, column", "the other entries were analysed"]);
    assert_eq!(outcome.not_read("broken_entry"), 1);
}

#[test]
fn missing_brackets_and_quotes_cost_only_their_entry() {
    let good = |n: usize| entry(&format!("https://a.example/{n}"));
    for (from, to) in [
        ("\"headers\":[]}", "\"headers\":[}"),
        ("\"headers\":[]}", "\"headers\":[]"),
        ("\"method\":\"GET\"", "\"method\":\"GET"),
        ("\"method\":\"GET\"", "\"method\":GET"),
        ("{\"size\":0}}}", "{\"size\":0}}}}"),
        ("\"time\":5,", "\"time\":5"),
        ("\"time\":5,", "\"time\":,"),
    ] {
        let broken = good(1).replacen(from, to, 1);
        assert_ne!(broken, good(1));
        let outcome = read_content(har(&[good(0), broken, good(2), good(3)]));
        let urls: Vec<_> = outcome.exchanges.iter().map(|e| e.request.as_ref().unwrap().target.clone()).collect();
        assert!(urls.ends_with(&["/2".to_owned(), "/3".to_owned()]) && urls[0] == "/0", "{from} -> {to}: {urls:?}");
        outcome.says(&["line 4"]);
    }
}

#[test]
fn a_har_without_entries_says_what_is_missing() {
    read_content("{\"log\":\n{\"version\": \"1.1\", \"creator\": {}}}").says(&[
        "not a readable HAR",
        "`log` has no `entries` array",
        "line",
        "export the file again",
    ]);
    read_content("{\"log\":\n[2, 1]}").says(&["`log` is not an object", "line 2, column 1"]);
    read_content("{\"log\":\n{\"entries\": 5}}").says(&["`log.entries` is not an array", "line 2, column 13"]);
}

#[test]
fn deep_json_is_an_error_and_no_stack_overflow() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let hostile = entry("https://a.example/1").replace("\"time\":5", &format!("\"time\":{deep}"));
    let outcome = read_content(har(&[hostile, entry("https://a.example/2")]));
    assert_eq!(outcome.exchanges.len(), 1);
    outcome.says(&["entry #0 at line 3, column", "recursion limit exceeded"]);
    let ignored = entry("https://a.example/1").replace("\"time\":5", &format!("\"_x\":{deep}"));
    assert_eq!(read_content(har(&[ignored, entry("https://a.example/2")])).exchanges.len(), 2);
    read_content(har(std::slice::from_ref(&deep))).says(&["entry #0", "recursion limit exceeded"]);
    read_content(har(&["[".repeat(200_000)])).says(&["truncated"]);

    let line = format!("{{\"a\":{deep}}}\n{LINE}");
    let outcome = read_content(line);
    assert_eq!((outcome.exchanges.len(), outcome.not_read("unparsed_line")), (1, 1));
    outcome.says(&["line 1", "recursion limit"]);
    read_content("[".repeat(200_000)).says(&["JSON array"]);
}

#[test]
fn a_line_that_fits_no_format_is_placed_and_counted() {
    let outcome = read_content(format!("{LINE}what is this\n{LINE}nor this\n"));
    assert_eq!((outcome.exchanges.len(), outcome.not_read("unparsed_line"), outcome.errors.len()), (2, 2, 1));
    outcome.says(&["#line=2", "line 2 is neither", "--log-format"]);

    let outcome = read_content("{\"when\":1,\"secret\":\"s3cr3t\"}\n");
    outcome.says(&["line 1", "no known field for the method", "its fields: when, secret", "--log-field method=FIELD"]);
    assert!(!outcome.errors.concat().contains("s3cr3t"));
}

#[test]
fn long_lines_and_entries_are_counted_not_held() {
    let outcome = read_with(format!("{LINE}{}\n{LINE}", "x".repeat(100_000)), &small_limits());
    assert_eq!((outcome.exchanges.len(), outcome.not_read("line_too_long")), (2, 1));
    outcome.says(&["line 2 is 100000 bytes long"]);

    let long = entry("https://a.example/1").replace("\"time\":5", &format!("\"time\":\"{}\"", "x".repeat(900_000)));
    let outcome = read_with(har(&[long, entry("https://a.example/2")]), &small_limits());
    assert_eq!((outcome.exchanges.len(), outcome.not_read("broken_entry")), (1, 1));
    outcome.says(&["entry #0", "longer than 4096 bytes"]);
}

#[test]
fn a_gzip_bomb_streams_through() {
    let line = format!("{LINE}{}\n", " ".repeat(1 << 20));
    let mut packed = gzip(line.as_bytes());
    let bomb = gzip(&vec![b'x'; 16 << 20]);
    packed.extend(bomb);
    let outcome = read_with(packed, &small_limits());
    assert_eq!(outcome.exchanges.len(), 1);
    assert_eq!(outcome.not_read("line_too_long"), 2);
}

#[test]
fn compression_in_compression_is_not_followed() {
    read_content(gzip(&gzip(LINE.as_bytes()))).says(&["gzip inside a compressed file"]);
}

#[test]
fn bytes_that_are_no_utf8_do_not_stop_a_log() {
    let mut text = LINE.as_bytes().to_vec();
    text.extend(b"10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /\xff\xfe HTTP/1.1\" 200 1\n");
    text.extend(LINE.as_bytes());
    let outcome = read_content(text);
    assert_eq!((outcome.exchanges.len(), outcome.irregular("not_utf8")), (3, 1));
    assert!(outcome.errors.is_empty());
}

#[test]
fn huge_sizes_allocate_nothing() {
    let huge = "18446744073709551615";
    let text = entry("https://a.example/1").replace("\"size\":0", &format!("\"size\":{huge}")).replace(
        "\"headers\":[],\"content\"",
        "\"headers\":[{\"name\":\"Content-Length\",\"value\":\"10737418240\"}],\"content\"",
    );
    let outcome = read_content(har(&[text]));
    let response = outcome.exchanges[0].response.as_ref().unwrap();
    assert_eq!(response.body, Body::Unknown { size: Some(10_737_418_240) });
    let outcome = read_content(LINE.replace("200 1", &format!("200 {huge}")));
    assert_eq!(outcome.exchanges[0].response.as_ref().unwrap().body, Body::Unknown { size: Some(u64::MAX) });
}

#[test]
fn no_message_quotes_a_record() {
    let secret = "Bearer s3cr3t-anna";
    let har = format!(
        r#"{{"log":{{"entries":[{{"startedDateTime":"2026-05-17T08:05:32Z","request":{{"method":"GET","url":"http://a/","headers":[{{"name":"authorization","value":"{secret}"}}}}}}]}}}}"#
    );
    let log = format!("{{\"ts\":1,\"method\":\"GET\",\"path\":\"/a\"}}\n{{\"authorization\": \"{secret}\n");
    let typed = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"kind":2,"attributes":[{{"key":"http.request.header.authorization","value":"{secret}"}}]}}]}}]}}]}}"#
    );
    let keyed = r#"{"when":"x","balances":{"anna.s3cr3t@example.com":4,"tok_s3cr3t_51H":5}}"#;
    for content in [&*har, &log, &typed, keyed] {
        let outcome = read_content(format!("{content}\n"));
        let said = outcome.errors.join("\n");
        assert!(!said.contains("s3cr3t"), "{content}: {said}");
    }
}
