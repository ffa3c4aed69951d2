//! Broken input: a clear message that names file, place, cause and remedy; the rest is analysed; never a panic.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use support::{code, offpath, sample, stderr, stdout};

/// A HAR of one request, to be broken.
const HAR: &str = r#"{"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": [
  {"startedDateTime": "2026-09-07T06:00:00.000Z", "time": 12,
   "request": {"method": "GET", "url": "https://api.example/orders/ord_1", "httpVersion": "HTTP/1.1", "headers": [], "queryString": [], "cookies": [], "headersSize": -1, "bodySize": 0},
   "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [], "content": {"size": 2, "mimeType": "application/json", "text": "{}"}, "redirectURL": "", "headersSize": -1, "bodySize": 2},
   "cache": {}, "timings": {"send": 0, "wait": 12, "receive": 0}}
]}}"#;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

fn inspect(paths: &[&Path]) -> Output {
    let mut args = vec!["inspect", "--format", "json"];
    args.extend(paths.iter().map(|path| path.to_str().unwrap()));
    offpath(&args)
}

/// The run ended incomplete, with a message that has all these parts.
fn assert_incomplete(output: &Output, parts: &[&str]) {
    let message = stderr(output);
    assert_eq!(code(output), 3, "{message}");
    assert!(!message.contains("panicked") && !message.contains("has a bug"), "{message}");
    for part in parts {
        assert!(message.contains(part), "no `{part}` in:\n{message}");
    }
    assert!(message.lines().last().unwrap().starts_with("exit 3: "), "{message}");
}

/// Exit 2: no name that was given leads to anything that can be read.
fn assert_cannot_start(output: &Output, parts: &[&str]) {
    let message = stderr(output);
    assert_eq!(code(output), 2, "{message}");
    for part in parts {
        assert!(message.contains(part), "no {part:?} in {message}");
    }
}

fn exchanges(output: &Output) -> u64 {
    let run: serde_json::Value = serde_json::from_str(&stdout(output)).unwrap();
    run["exchanges"].as_u64().unwrap()
}

fn capture() -> Vec<u8> {
    let file = fs::File::open(sample().join("capture.pcapng.gz")).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(file), &mut bytes).unwrap();
    bytes
}

#[test]
fn a_truncated_capture_is_read_up_to_the_cut() {
    let folder = Folder::new();
    let whole = capture();
    let cut = folder.file("cut.pcapng", &whole[..whole.len() / 2 + 3]);
    let output = inspect(&[&cut]);
    assert_incomplete(&output, &["cut.pcapng", "truncated", "again"]);
    assert!(exchanges(&output) > 100);
}

#[test]
fn a_truncated_gzip_is_read_up_to_the_cut() {
    let folder = Folder::new();
    let whole = fs::read(sample().join("capture.pcapng.gz")).unwrap();
    let cut = folder.file("cut.pcapng.gz", &whole[..whole.len() / 2]);
    let output = inspect(&[&cut]);
    assert_incomplete(&output, &["cut.pcapng.gz"]);
    assert!(exchanges(&output) > 100);
}

#[test]
fn zero_bytes_are_named() {
    let folder = Folder::new();
    let empty = folder.file("empty.pcap", "");
    assert_incomplete(&inspect(&[&empty]), &["empty.pcap", "empty", "check"]);
}

#[test]
fn the_extension_does_not_matter() {
    let folder = Folder::new();
    let har = folder.file("traffic.pcap", HAR);
    let output = inspect(&[&har]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(exchanges(&output), 1);
}

#[test]
fn one_bad_file_among_good_ones_does_not_stop_the_run() {
    let folder = Folder::new();
    folder.file("a.har", HAR);
    folder.file("b.har", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    folder.file("c.har", HAR.replace("/orders/", "/items/"));
    let output = inspect(&[folder.0.path()]);
    assert_incomplete(&output, &["b.har", "PNG", "2 exchanges read"]);
    assert_eq!(exchanges(&output), 2);
}

#[test]
fn a_missing_file_is_named() {
    let output = inspect(&[Path::new("no-such-file.pcap")]);
    assert_cannot_start(&output, &["no-such-file.pcap", "No such file", "check"]);
}

#[test]
fn a_glob_without_files_is_named() {
    let output = inspect(&[Path::new("no-such-folder/*.pcap")]);
    assert_cannot_start(&output, &["no-such-folder/*.pcap", "no file matches"]);
}

#[test]
fn invalid_utf8_costs_one_line() {
    let folder = Folder::new();
    let mut log =
        b"10.0.0.1 - alice [07/Sep/2026:06:00:00 +0000] \"GET /orders/1 HTTP/1.1\" 200 5 \"-\" \"x\"\n".to_vec();
    log.extend_from_slice(b"\xff\xfe\xfd\n");
    log.extend_from_slice(
        b"10.0.0.1 - alice [07/Sep/2026:06:00:01 +0000] \"GET /orders/2 HTTP/1.1\" 200 5 \"-\" \"x\"\n",
    );
    let path = folder.file("access.log", log);
    let output = inspect(&[&path]);
    assert_incomplete(&output, &["access.log", "line=2"]);
    assert_eq!(exchanges(&output), 2);
}

#[test]
fn a_log_line_that_fits_no_format_is_named_once_and_counted() {
    let folder = Folder::new();
    let good = "10.0.0.1 - alice [07/Sep/2026:06:00:00 +0000] \"GET /orders/1 HTTP/1.1\" 200 5 \"-\" \"x\"\n";
    let path = folder.file("access.log", format!("{good}what is this\nand this\n{good}"));
    let output = inspect(&[&path]);
    assert_incomplete(&output, &["access.log", "line=2", "--log-format"]);
    assert_eq!(exchanges(&output), 2);
    let run: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    let unparsed = run["not_read"].as_array().unwrap().iter().find(|n| n["reason"] == "unparsed_line").unwrap();
    assert_eq!(unparsed["count"], 2);
}

#[test]
fn a_huge_content_length_allocates_nothing() {
    let folder = Folder::new();
    let har =
        HAR.replace("\"bodySize\": 2", "\"bodySize\": 10737418240").replace("\"size\": 2", "\"size\": 10737418240");
    let path = folder.file("huge.har", har);
    let output = inspect(&[&path]);
    assert!(matches!(code(&output), 0 | 3), "{}", stderr(&output));
    assert_eq!(exchanges(&output), 1);
}

#[test]
fn a_gzip_bomb_is_streamed() {
    let folder = Folder::new();
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![0_u8; 1 << 20];
    for _ in 0..64 {
        bomb.write_all(&zeros).unwrap();
    }
    let path = folder.file("bomb.gz", bomb.finish().unwrap());
    assert_incomplete(&inspect(&[&path]), &["bomb.gz", "not recognised"]);
}

#[test]
fn deep_json_is_an_error_and_no_stack_overflow() {
    let folder = Folder::new();
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let unread = folder.file("unread.har", HAR.replace("\"cache\": {}", &format!("\"cache\": {deep}")));
    let output = inspect(&[&unread]);
    assert_eq!((code(&output), exchanges(&output)), (0, 1), "what nobody reads may be deep: {}", stderr(&output));

    let entry = HAR[HAR.find("{\"startedDateTime").unwrap()..HAR.rfind("]}}").unwrap()].trim_end();
    let bad = entry.replace("\"headers\": []", &format!("\"headers\": {deep}"));
    let path = folder.file("deep.har", HAR.replace(entry, &format!("{bad}, {entry}")));
    let output = inspect(&[&path]);
    assert_incomplete(&output, &["deep.har", "entry=0"]);
    assert_eq!(exchanges(&output), 1, "the entry after the deep one is read");

    let line = folder.file(
        "deep.jsonl",
        format!("{{\"time\":\"2026-09-07T06:00:00Z\",\"method\":\"GET\",\"path\":\"/a\",\"status\":200}}\n{{\"a\":{deep}}}\n"),
    );
    let output = inspect(&[&line]);
    assert_incomplete(&output, &["deep.jsonl", "line=2"]);
    assert_eq!(exchanges(&output), 1);
}

#[test]
fn a_har_with_missing_and_null_fields_is_read() {
    let folder = Folder::new();
    let har = r#"{"log": {"entries": [
      {"request": {"method": "GET", "url": "https://api.example/orders/ord_1"}},
      {"startedDateTime": null, "time": null, "request": {"method": "POST", "url": "/orders", "headers": null, "postData": null}, "response": null},
      {"request": {"url": null}}
    ]}}"#;
    let path = folder.file("bare.har", har);
    let output = inspect(&[&path]);
    assert_incomplete(&output, &["bare.har", "entry=2"]);
    assert_eq!(exchanges(&output), 2);
}

#[test]
fn a_model_with_an_unknown_key_is_underlined() {
    let folder = Folder::new();
    let model = fs::read_to_string(sample().join("model.yaml")).unwrap().replace("lifecycles:", "lifecicles:");
    let model = folder.file("shop.model.yaml", model);
    let har = folder.file("a.har", HAR);
    let run = folder.0.path().join("run");
    let output =
        offpath(&["check", har.to_str().unwrap(), "--model", model.to_str().unwrap(), "-o", run.to_str().unwrap()]);
    let message = stderr(&output);
    assert_eq!(code(&output), 2, "{message}");
    for part in ["error[M", "shop.model.yaml:", "lifecicles", "^^^^", "lifecycles", "offpath explain M"] {
        assert!(message.contains(part), "no `{part}` in:\n{message}");
    }
    assert!(!run.exists(), "nothing is written when the model is wrong");
}

#[test]
fn a_folder_that_is_no_run_folder_is_never_overwritten() {
    let folder = Folder::new();
    let har = folder.file("a.har", HAR);
    let precious = folder.0.path().join("precious");
    fs::create_dir(&precious).unwrap();
    fs::write(precious.join("thesis.txt"), "mine").unwrap();
    let output = offpath(&["check", har.to_str().unwrap(), "-o", precious.to_str().unwrap()]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert_eq!(fs::read_to_string(precious.join("thesis.txt")).unwrap(), "mine");
}
