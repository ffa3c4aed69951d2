//! `findings.jsonl`: one finding a line, the form of record.

use std::io::{self, BufRead, Read, Write};

use super::{Finding, severity_named};

/// Longest line that is read, in bytes: far above any finding that offpath writes.
const LINE_LIMIT: u64 = 16 << 20;

/// Why a file of findings could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The input failed.
    #[error("failed to read findings")]
    Io(#[from] io::Error),
    /// A line is no finding.
    #[error("line {line} is no finding: {cause}")]
    Line {
        /// Line number, counted from 1.
        line: u64,
        /// What is wrong with it.
        cause: String,
    },
}

/// Writes findings in the order given, one JSON object a line.
pub fn write(findings: &[Finding], output: &mut dyn Write) -> io::Result<()> {
    for finding in findings {
        serde_json::to_writer(&mut *output, finding)?;
        output.write_all(b"\n")?;
    }
    Ok(())
}

/// Reads findings as [`write()`] wrote them. Empty lines are skipped, unknown keys ignored.
///
/// # Errors
/// The first line that is no finding, is longer than 16 MiB, or holds a severity, confidence or time out of its range.
pub fn read(input: &mut dyn BufRead) -> Result<Vec<Finding>, ReadError> {
    let mut findings = Vec::new();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        if (&mut *input).take(LINE_LIMIT + 1).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        if !bytes.trim_ascii().is_empty() {
            findings.push(parse(&bytes).map_err(|cause| ReadError::Line { line, cause })?);
        }
    }
    Ok(findings)
}

fn parse(line: &[u8]) -> Result<Finding, String> {
    if line.len() as u64 > LINE_LIMIT {
        return Err(format!("longer than {LINE_LIMIT} bytes"));
    }
    let finding: Finding = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if severity_named(&finding.severity).is_none() {
        return Err(format!("unknown severity {:?}", finding.severity));
    }
    if !(0.0..=1.0).contains(&finding.confidence) {
        return Err(format!("confidence {} is not between 0 and 1", finding.confidence));
    }
    if super::time::micros(&finding.time).is_none() {
        return Err(format!("{:?} is no RFC 3339 time", finding.time));
    }
    Ok(finding)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::sample;
    use super::*;

    fn written(findings: &[Finding]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(findings, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_is_written_reads_back_equal() {
        let findings = vec![sample("F1", "critical", 0.85, 7), sample("F2", "low", 0.4, 8)];
        let bytes = written(&findings);
        assert_eq!(bytes.iter().filter(|b| **b == b'\n').count(), 2);
        assert_eq!(read(&mut bytes.as_slice()).unwrap(), findings);
        assert_eq!(written(&read(&mut bytes.as_slice()).unwrap()), bytes);
    }

    #[test]
    fn the_keys_are_those_of_the_contract() {
        let bytes = written(&[sample("F1", "high", 1.0, 0)]);
        let line: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        for key in [
            "id",
            "fingerprint",
            "rule",
            "title",
            "severity",
            "confidence",
            "verdict",
            "time",
            "actor",
            "object",
            "case",
            "activity",
            "expected",
            "observed",
            "evidence",
            "taxonomy",
            "why",
            "fix",
            "suppressed",
            "also",
        ] {
            assert!(line.get(key).is_some(), "{key} is missing");
        }
        assert_eq!(line["verdict"], "proven");
        assert_eq!(line["object"]["type"], "refund");
        for key in ["event", "origin", "method", "path", "status", "time"] {
            assert!(line["evidence"][0].get(key).is_some(), "evidence.{key} is missing");
        }
    }

    #[test]
    fn an_error_names_its_line() {
        let mut bytes = written(&[sample("F1", "high", 1.0, 0)]);
        bytes.extend_from_slice(b"\n{\"id\": 3}\n");
        let error = read(&mut bytes.as_slice()).unwrap_err().to_string();
        assert!(error.starts_with("line 3 is no finding: "), "{error}");
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for (from, to) in [("\"high\"", "\"hihg\""), ("0.75", "7.5"), ("1970-01-01T", "1970-13-01T")] {
            let text = String::from_utf8(written(&[sample("F1", "high", 0.75, 0)])).unwrap();
            assert!(read(&mut text.replace(from, to).as_bytes()).is_err(), "{to} was read");
        }
    }

    proptest! {
        #[test]
        fn any_text_reads_back(title in any::<String>(), confidence in 0.0_f32..=1.0) {
            let finding = Finding { title, ..sample("F1", "high", confidence, 3) };
            prop_assert_eq!(read(&mut written(std::slice::from_ref(&finding)).as_slice()).unwrap(), vec![finding]);
        }

        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&mut bytes.as_slice());
        }
    }
}
