//! Recognises a format by content, never by name.

use std::io::{self, Cursor, Read};

use sha2::{Digest, Sha256};

use super::decompress::Compression;
use super::signature;
use crate::access_log::Sniffer;
use crate::{InputErrorKind, InputFormat, Options, har};

/// Bytes of plain content looked at.
const SNIFF_BYTES: usize = 64 << 10;
/// Lines looked at before a file is said not to be a log.
const SNIFF_LINES: usize = 100;
/// Fewest bytes of a head, where there are so many.
const HEAD_LEAST: usize = 64;
/// Most bytes of a head.
const HEAD_MOST: usize = 1024;
/// Bytes of a HAR's head, where there are so many.
const HEAD_DOCUMENT: usize = 16 << 10;

/// What a file is.
#[derive(Debug)]
pub(super) struct Sniffed {
    pub(super) format: InputFormat,
    pub(super) compression: Compression,
    /// Hash of how the plain content begins: the same whatever the file's name and compression.
    pub(super) head: u64,
}

/// Recognises the format from a file's first bytes; `whole` says that they are all of it.
pub(super) fn format(prefix: &[u8], whole: bool, options: &Options) -> Result<Sniffed, InputErrorKind> {
    if prefix.is_empty() {
        return Err(InputErrorKind::Empty);
    }
    let compression = Compression::of(prefix);
    let (content, ended) = beginning(prefix, compression, whole)?;
    let format = content_format(&content, ended, options)?;
    let head = if format == InputFormat::Har { document_head(&content) } else { head(&content) };
    Ok(Sniffed { format, compression, head })
}

/// Whether more bytes would change neither the format nor the head, so that a pipe whose writer waits can be read.
///
/// Doubtful beginnings are not settled: documents and HAR files, which say at their end what they are.
pub(super) fn is_settled(prefix: &[u8], options: &Options) -> bool {
    let Ok((content, _)) = beginning(prefix, Compression::of(prefix), false) else { return false };
    if content.len() >= SNIFF_BYTES {
        return true;
    }
    head_of(&content).1 && (capture_format(&content).is_some() || begins_with_log_line(&content, options))
}

/// Whether the first lines, those that are whole, hold one of a log, and nothing else can be meant.
fn begins_with_log_line(content: &[u8], options: &Options) -> bool {
    let Some(end) = content.iter().rposition(|byte| *byte == b'\n') else { return false };
    let text = content.get(..end).unwrap_or_default().trim_ascii();
    let mut sniffer = Sniffer::new(options);
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
    match text {
        [] | [0xef, ..] => false,
        [b'{', ..] => !har::is_har(first) && !har::is_bare(text) && sniffer.is_record(first),
        [b'[', ..] => sniffer.line(first).is_some(),
        _ if har::announces(text) => false,
        _ => {
            let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
            lines.take(SNIFF_LINES).find_map(|line| sniffer.line(line)).is_some()
        }
    }
}

/// Hashes the first bytes up to the first line end after some: a log that grows keeps its head, and pretty-printed
/// JSON says more than its first line. A heading (W3C, Zeek), which is the same in every file of one writer, is left out.
fn head(content: &[u8]) -> u64 {
    digest(head_of(content).0)
}

/// Hashes so much of a HAR that the first entries are in it: what is before them is the same in every file of one writer.
fn document_head(content: &[u8]) -> u64 {
    digest(content.get(..HEAD_DOCUMENT).unwrap_or(content))
}

fn digest(bytes: &[u8]) -> u64 {
    Sha256::digest(bytes).first_chunk::<8>().map_or(0, |first| u64::from_le_bytes(*first))
}

/// The bytes that a head hashes, and whether more content would not change them.
fn head_of(content: &[u8]) -> (&[u8], bool) {
    let (content, past) = past_heading(content);
    let rest = content.get(HEAD_LEAST..).unwrap_or_default();
    let line = rest.iter().position(|byte| *byte == b'\n');
    let end = (HEAD_LEAST + line.unwrap_or(rest.len())).min(HEAD_MOST);
    let settled = past && (line.is_some() || content.len() >= HEAD_MOST);
    (content.get(..content.len().min(end)).unwrap_or_default(), settled)
}

/// What follows the lines that begin with `#`, and whether something does; else everything.
fn past_heading(content: &[u8]) -> (&[u8], bool) {
    let mut rest = content;
    while let [b'#', ..] = rest {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { return (content, false) };
        rest = rest.get(end.saturating_add(1)..).unwrap_or_default();
    }
    if rest.is_empty() { (content, false) } else { (rest, true) }
}

/// The first plain bytes, and whether they are all. A cut prefix of compressed data ends in an error, which says nothing about the file.
fn beginning(prefix: &[u8], compression: Compression, whole: bool) -> Result<(Vec<u8>, bool), InputErrorKind> {
    let mut reader = compression.reader(Cursor::new(prefix.to_vec()));
    let mut content = Vec::new();
    let mut piece = [0; 4096];
    let error = loop {
        match reader.read(&mut piece) {
            Ok(0) => break None,
            Ok(count) => content.extend_from_slice(piece.get(..count).unwrap_or_default()),
            Err(error) => break Some(error),
        }
        if content.len() >= SNIFF_BYTES {
            return Ok((content, false));
        }
    };
    match error {
        Some(error) if content.is_empty() => Err(undecodable(&error)),
        error => Ok((content, whole && error.is_none())),
    }
}

fn undecodable(error: &io::Error) -> InputErrorKind {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return InputErrorKind::Truncated { what: "the compressed file ends in its first block".to_owned() };
    }
    InputErrorKind::Malformed {
        what: format!("the file starts as compressed data and does not decompress ({error})"),
        remedy: "copy or compress the file again".to_owned(),
    }
}

fn content_format(content: &[u8], whole: bool, options: &Options) -> Result<InputFormat, InputErrorKind> {
    if let Some(format) = capture_format(content) {
        return Ok(format);
    }
    let text = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let start = text.iter().position(|byte| *byte != 0 && !byte.is_ascii_whitespace());
    let text = match start.and_then(|start| text.get(start..)) {
        Some(text) => text,
        None if content.contains(&0) => return Err(unknown(content)),
        None => return Err(InputErrorKind::Empty),
    };
    text_format(text, whole, options).ok_or_else(|| {
        let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        match Sniffer::unfit(options, first) {
            Some(looks_like) => InputErrorKind::UnknownFormat { looks_like },
            None => unknown(content),
        }
    })
}

fn unknown(content: &[u8]) -> InputErrorKind {
    InputErrorKind::UnknownFormat { looks_like: signature::describe(content) }
}

fn capture_format(content: &[u8]) -> Option<InputFormat> {
    match content {
        [0xa1, 0xb2, 0xc3 | 0x3c, 0xd4 | 0x4d, ..]
        | [0xd4 | 0x4d, 0xc3 | 0x3c, 0xb2, 0xa1, ..]
        | [0xa1, 0xb2, 0xcd, 0x34, ..]
        | [0x34, 0xcd, 0xb2, 0xa1, ..] => Some(InputFormat::Pcap),
        [0x0a, 0x0d, 0x0d, 0x0a, _, _, _, _, order @ ..] => match order {
            [0x1a, 0x2b, 0x3c, 0x4d, ..] | [0x4d, 0x3c, 0x2b, 0x1a, ..] => Some(InputFormat::Pcapng),
            [_, _, _, _, ..] => None,
            _ => Some(InputFormat::Pcapng),
        },
        _ => None,
    }
}

fn text_format(text: &[u8], whole: bool, options: &Options) -> Option<InputFormat> {
    // An archive may hold a log as it is, behind the names of its files.
    if text.starts_with(b"PK\x03\x04") {
        return None;
    }
    let mut sniffer = Sniffer::new(options);
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let one_line = first.len() < text.len() || whole;
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    if text.starts_with(b"{") && one_line && serde_json::from_slice::<serde::de::IgnoredAny>(first).is_ok() {
        if har::is_har(first) || har::is_bare(text) {
            return Some(InputFormat::Har);
        }
        let document = if sniffer.is_record(first) { None } else { sniffer.document(text, whole) };
        // Of objects one a line, the first may be of another kind.
        let listed = document.filter(|_| Sniffer::is_list(first));
        return listed.or_else(|| sniffer.line(first.trim_ascii()));
    }
    if har::announces(text) {
        return Some(InputFormat::Har);
    }
    if let [b'{' | b'[', ..] = text
        && let Some(format) = sniffer.document(text, whole)
    {
        return Some(format);
    }
    if text.starts_with(b"{\"") && !one_line {
        return Some(InputFormat::JsonLog);
    }
    lines.by_ref().take(SNIFF_LINES).find_map(|line| sniffer.line(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_tell_logs_of_one_heading_apart() {
        let heading =
            "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Fields: date time cs-method\n";
        let of = |rest: &str| head(format!("{heading}{rest}").as_bytes());
        assert_ne!(of("2024-05-01 10:00:00 GET\n"), of("2024-05-01 10:00:01 GET\n"));
        assert_eq!(of(""), head(heading.as_bytes()));
        assert_ne!(of(""), head(b""));
    }

    #[test]
    fn what_a_pipe_holds_is_settled_as_soon_as_more_changes_nothing() {
        let options = Options::default();
        let log = "1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"GET /orders/1 HTTP/1.0\" 200 5\n";
        let json = "{\"time\":\"2026-03-01T00:00:00Z\",\"method\":\"GET\",\"path\":\"/orders/1\",\"status\":200}\n";
        for line in [log, json] {
            assert!(is_settled(line.as_bytes(), &options), "{line}");
            assert!(!is_settled(line.trim_end().as_bytes(), &options), "{line}");
        }
        let har = "{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"x\",\"version\":\"1\"},\"entries\":[]}}\n";
        for doubtful in ["", har, "[\n{\"a\":1},\n", "hello\nthere\n", &format!("#Fields: a\n{}", "#x\n".repeat(40))] {
            assert!(!is_settled(doubtful.as_bytes(), &options), "{doubtful}");
        }
        let capture = [&b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00"[..], &[0; 60], b"\n"].concat();
        assert!(is_settled(&capture, &options) && !is_settled(&capture[..68], &options));
    }

    proptest::proptest! {
        #[test]
        fn a_settled_head_is_that_of_the_whole(text in "(#[a-z]{0,9}\n){0,3}[a-z\n]{0,200}", cut in 0..200_usize) {
            let cut = cut.min(text.len());
            let (part, settled) = head_of(&text.as_bytes()[..cut]);
            proptest::prop_assume!(settled);
            proptest::prop_assert_eq!(part, head_of(text.as_bytes()).0);
        }
    }

    fn found(content: &[u8]) -> Result<InputFormat, String> {
        format(content, true, &Options::default()).map(|sniffed| sniffed.format).map_err(|kind| kind.to_string())
    }

    #[test]
    fn formats_are_told_by_content() {
        assert_eq!(found(b"\xd4\xc3\xb2\xa1\x02\x00"), Ok(InputFormat::Pcap));
        assert_eq!(found(b"\xa1\xb2\x3c\x4d\x00\x02"), Ok(InputFormat::Pcap));
        assert_eq!(found(b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a"), Ok(InputFormat::Pcapng));
        assert_eq!(found(b"{\"log\": {\"version\": \"1.2\", \"entries\": []}}"), Ok(InputFormat::Har));
        assert_eq!(found(b"\xef\xbb\xbf{\n \"log\": {\n"), Ok(InputFormat::Har));
        assert_eq!(found(b"onInputData({\n \"log\": {\n"), Ok(InputFormat::Har));
        assert_eq!(found(b"{\"log\": {\"level\": \"info\"}, \"method\": \"GET\"}\n"), Ok(InputFormat::JsonLog));
        assert_eq!(found(b"\n\n{\"a\": 1}\n{\"a\": 2}\n"), Ok(InputFormat::JsonLog));
        let line = b"1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 5\n";
        assert_eq!(found(line), Ok(InputFormat::CombinedLog));
        assert_eq!(found(&[b"no log line\n", &line[..]].concat()), Ok(InputFormat::CombinedLog));
    }

    #[test]
    fn what_is_none_of_them_is_described() {
        assert!(found(b"").unwrap_err().contains("empty"));
        assert!(found(b" \n\n").unwrap_err().contains("empty"));
        assert!(found(b"{\n \"openapi\": \"3.1.0\"\n}\n").unwrap_err().contains("neither a HAR file"));
        assert!(found(b"\x0a\x0d\x0d\x0ahello world").unwrap_err().contains("plain text"));
        assert!(found(b"\x1f\x8b\x08\x00").unwrap_err().contains("truncated"));
    }
}
