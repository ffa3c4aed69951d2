//! What bytes look like that are no input of ours, in words for the error message.

use crate::access_log;

/// Names the kind of content by its first bytes.
pub(super) fn describe(bytes: &[u8]) -> String {
    match MAGIC.iter().find(|(offset, magic, _)| bytes.get(*offset..).is_some_and(|rest| rest.starts_with(magic))) {
        Some((_, _, name)) => (*name).to_owned(),
        None if is_text(bytes) => describe_text(&String::from_utf8_lossy(bytes)),
        None => "binary data".to_owned(),
    }
}

const MAGIC: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"GIF8", "a GIF image"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x7fELF", "an ELF binary"),
    (0, b"MZ", "a Windows binary"),
    (0, b"\xcf\xfa\xed\xfe", "a Mach-O binary"),
    (0, b"PK\x03\x04", "a ZIP archive; unpack it first"),
    (0, b"PK\x05\x06", "an empty ZIP archive"),
    (257, b"ustar", "a tar archive; unpack it first"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (0, b"\xfd7zXZ\0", "xz-compressed data; decompress it first"),
    (0, b"BZh", "bzip2-compressed data; decompress it first"),
    (0, b"\x04\x22\x4d\x18", "lz4-compressed data; decompress it first"),
    (0, b"\x1f\x8b", "gzip inside a compressed file; decompress it once"),
    (0, b"\x28\xb5\x2f\xfd", "zstd inside a compressed file; decompress it once"),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (0, b"PAR1", "a Parquet file"),
    (0, b"ARROW1", "an Arrow file"),
    (0, b"snoop\0\0\0", "a snoop capture; convert it with `editcap -F pcapng`"),
    (0, b"GMBU", "a Network Monitor capture; convert it with `editcap -F pcapng`"),
    (0, b"\xff\xfe", "UTF-16 text; convert it to UTF-8"),
    (0, b"\xfe\xff", "UTF-16 text; convert it to UTF-8"),
];

/// No control bytes but white space and escapes: text in any ASCII-based encoding.
fn is_text(bytes: &[u8]) -> bool {
    !bytes.iter().any(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31))
}

fn describe_text(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let line = text.lines().next().unwrap_or_default();
    let lower: String = line.chars().take(64).collect::<String>().to_ascii_lowercase();
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| lower.starts_with(prefix));
    let name = if starts(&["<!doctype html", "<html", "<head"]) {
        "an HTML page"
    } else if starts(&["<?xml", "<"]) {
        "XML"
    } else if is_key_log(text) {
        "a TLS key log; give it with the capture that it opens, not as an input"
    } else if starts(&["-----begin"]) {
        "a PEM key or certificate"
    } else if starts(&["#software:", "#version:", "#fields:", "#date:"]) {
        "a W3C extended (IIS) log whose heading names no cs-method and cs-uri-stem; log these fields"
    } else if starts(&["#separator"]) {
        "a Zeek log without requests; of Zeek's logs, http.log is read"
    } else if is_envoy_text(line) {
        "an Envoy access log in a text format of its own; log with `json_format`, or describe it for `--mapping`"
    } else if line.contains(" haproxy[") || line.contains(" haproxy: ") {
        "an HAProxy log without requests; set `option httplog`"
    } else if is_json_array(text) {
        "a JSON array without records of requests; name its fields with `--log-field` or `--mapping`"
    } else if starts(&["{"]) {
        "JSON, but neither a HAR file nor records of requests; name the records' fields with `--log-field` or `--mapping`"
    } else if let Some(proposed) = access_log::propose(text) {
        return proposed;
    } else if is_table(text, ',') {
        "CSV; describe its columns for `--mapping`"
    } else if is_table(text, '\t') {
        "tab-separated values; describe the columns for `--mapping`"
    } else if has_request_line(line) {
        "an access log in a format of its own; give what the server's configuration calls it (`log_format` of nginx, `LogFormat` of \
         Apache) as `--log-format '...'`, or describe the lines for `--mapping`"
    } else {
        "plain text; a log of an own format is read with `--log-format` or `--mapping`"
    };
    name.to_owned()
}

fn is_key_log(text: &str) -> bool {
    text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).take(1).any(|line| {
        let mut words = line.split(' ');
        let label = words.next().unwrap_or_default();
        let secret = label == "CLIENT_RANDOM" || label.ends_with("_SECRET") || label.contains("_SECRET_");
        secret && words.all(|word| word.bytes().all(|byte| byte.is_ascii_hexdigit()))
    })
}

/// A bracket and the beginning of a record, text or list; lines of many logs begin with a time or word in brackets.
fn is_json_array(text: &str) -> bool {
    text.strip_prefix('[').is_some_and(|inside| inside.trim_start().starts_with(['{', '[', '"', ']']))
}

/// A method, a path and a version of HTTP, one after the other.
fn has_request_line(line: &str) -> bool {
    let words: Vec<&str> = line.split([' ', '"', '|', '\t']).filter(|word| !word.is_empty()).take(64).collect();
    words.windows(3).any(|three| {
        let [method, path, version] = three else { return false };
        method.bytes().all(|byte| byte.is_ascii_uppercase()) && path.starts_with('/') && version.starts_with("HTTP/")
    })
}

/// `[2026-05-17T08:05:32.123Z] "GET / HTTP/1.1" 200 - ...`.
fn is_envoy_text(line: &str) -> bool {
    let time = line.strip_prefix('[').and_then(|rest| rest.split_once("] \""));
    time.is_some_and(|(time, _)| crate::clock::parse(time).is_some())
}

/// The first lines have the same number of separators, and some.
fn is_table(text: &str, separator: char) -> bool {
    let mut counts = text.lines().take(3).map(|line| line.matches(separator).count());
    let first = counts.next().unwrap_or(0);
    first > 0 && counts.all(|count| count == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_named() {
        let random = "ab".repeat(32);
        for (content, name) in [
            (b"\x89PNG\r\n\x1a\n".to_vec(), "PNG"),
            (b"\x7fELF\x02".to_vec(), "ELF"),
            (b"PK\x03\x04".to_vec(), "ZIP"),
            (b"<!DOCTYPE html><html>".to_vec(), "HTML"),
            (b"hello there\nthis is\n".to_vec(), "plain text"),
            (b"\0\x01\x02\x03".to_vec(), "binary"),
            (format!("# made by x\nCLIENT_RANDOM {random} {random}\n").into_bytes(), "TLS key log"),
            (format!("CLIENT_TRAFFIC_SECRET_0 {random} {random}\n").into_bytes(), "TLS key log"),
            (b"a,b,c\n1,2,3\n".to_vec(), "CSV"),
            (b"a\tb\n1\t2\n".to_vec(), "tab-separated"),
            (b"[{\"a\":1}]".to_vec(), "JSON array"),
            (b"[\n  {\"a\":1}]".to_vec(), "JSON array"),
            (b"[10/May/2026:13:55:36 +0000] GET /x 200".to_vec(), "plain text"),
            (b"#Fields: date time cs-method".to_vec(), "W3C"),
            (b"10.0.0.7 - [x] | GET /x HTTP/1.1 | 200 | 62".to_vec(), "--log-format '...'"),
        ] {
            assert!(describe(&content).contains(name), "{} for {name}", describe(&content));
        }
    }
}
