//! Places in the inputs: artifacts, regions and the names of business objects.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Artifacts;
use crate::finding::{Finding, text};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Artifact {
    location: ArtifactLocation,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    hashes: BTreeMap<&'static str, String>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactLocation {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
    message: Message,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

/// A line of a text, or the first byte of a record.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Region {
    StartLine(u64),
    ByteOffset(u64),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogicalLocation {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Serialize)]
pub(super) struct Message {
    pub(super) text: String,
}

/// Inputs with their place in `run.artifacts`.
pub(super) type Places<'a> = BTreeMap<&'a str, ArtifactLocation>;

pub(super) fn places<'a>(artifacts: &Artifacts<'a>) -> Places<'a> {
    let place = |(index, name): (usize, &&'a str)| (*name, ArtifactLocation { uri: uri(name), index: Some(index) });
    artifacts.keys().enumerate().map(place).collect()
}

pub(super) fn artifacts(artifacts: &Artifacts<'_>) -> Vec<Artifact> {
    let artifact = |(name, hash): (&&str, &Option<&str>)| Artifact {
        location: ArtifactLocation { uri: uri(name), index: None },
        hashes: hash.iter().map(|hash| ("sha-256", (*hash).to_owned())).collect(),
    };
    artifacts.iter().map(artifact).collect()
}

/// Input and record of an origin's text: `day/a.pcapng#frames=3-9` is `day/a.pcapng` and `frames=3-9`.
pub(super) fn split(origin: &str) -> (&str, &str) {
    origin.rsplit_once('#').unwrap_or((origin, ""))
}

/// The place of one piece of evidence; the record's number as `frame=12` is its message.
pub(super) fn of(evidence: &crate::finding::Evidence, finding: &Finding, places: &Places<'_>, what: &str) -> Location {
    let (input, record) = split(&evidence.origin);
    let line =
        record.strip_prefix("line=").and_then(|rest| rest.split(',').next()?.parse().ok()).filter(|line| *line > 0);
    let artifact_location = places.get(input).cloned().unwrap_or(ArtifactLocation { uri: uri(input), index: None });
    let region = line.map_or(Region::ByteOffset(evidence.offset), Region::StartLine);
    let record = if record.is_empty() { String::new() } else { format!(" ({record})") };
    Location {
        physical_location: PhysicalLocation { artifact_location, region },
        logical_locations: logical(finding),
        message: Message { text: format!("{}{record}", text::display(what)) },
    }
}

/// The business object and its case as named things.
fn logical(finding: &Finding) -> Vec<LogicalLocation> {
    let mut locations = Vec::new();
    if let Some(object) = &finding.object {
        let name = format!("{}:{}", object.object_type, object.id);
        let qualified = match &finding.case {
            Some(case) if *case != name => format!("{case}/{name}"),
            _ => name,
        };
        locations.push(LogicalLocation { name: object.id.clone(), fully_qualified_name: qualified, kind: "object" });
    }
    locations
}

/// A URI reference for an input's name. URLs stay URLs; absolute paths get the `file` scheme.
fn uri(name: &str) -> String {
    let is_url = name.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    let mut uri = String::with_capacity(name.len() + 8);
    if !is_url && name.starts_with('/') {
        uri.push_str("file://");
    } else if !is_url && name.split('/').next().is_some_and(|first| first.contains(':')) {
        // A colon in the first segment would read as a scheme.
        uri.push_str("./");
    }
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b':' | b'@' => {
                uri.push(char::from(byte))
            }
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => uri.push(char::from(byte)),
            b'%' | b'?' if is_url => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_uri_references() {
        assert_eq!(uri("day 1/cap#1.pcapng"), "day%201/cap%231.pcapng");
        assert_eq!(uri("/var/log/access.log"), "file:///var/log/access.log");
        assert_eq!(uri("a:b/c"), "./a:b/c");
        assert_eq!(uri("s3://bucket/a%20b?v=1"), "s3://bucket/a%20b?v=1");
        assert_eq!(uri("журнал"), "%D0%B6%D1%83%D1%80%D0%BD%D0%B0%D0%BB");
        assert_eq!(uri("-"), "-");
    }

    #[test]
    fn the_last_hash_divides_input_and_record() {
        assert_eq!(split("a#b.pcap#frame=3"), ("a#b.pcap", "frame=3"));
        assert_eq!(split("bare"), ("bare", ""));
    }
}
