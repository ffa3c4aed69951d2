//! tshark reads the same captures, where it can: the exchanges are the same, connection by connection and in order.
//!
//! Captures with losses or pipelining are not here: tshark loses or mispairs exchanges there, and other tests know the
//! truth about those.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use offpath_fixtures::{Abuse, Format};

use crate::process::peer;
use crate::reading::read;

/// Client, server.
type Ends = (String, String);

/// What both readers can say about an exchange.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    method: String,
    host: String,
    target: String,
    status: u16,
}

type Connections = BTreeMap<Ends, Vec<Seen>>;

#[test]
fn every_bundled_capture_reads_as_in_tshark() {
    let Some(tshark) = peer("tshark") else { return };
    let captures = captures(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures"));
    assert!(!captures.is_empty());
    for capture in captures {
        compare(&tshark, &capture);
    }
}

#[test]
fn a_reordered_capture_reads_as_in_tshark() {
    let Some(tshark) = peer("tshark") else { return };
    let folder = tempfile::tempdir().unwrap();
    let options = offpath_fixtures::Options {
        orders: 40,
        seed: 7,
        abuse: Abuse::default(),
        out: folder.path().to_owned(),
        formats: [Format::Pcapng].into(),
        loss: 0,
        reorder: 100_000,
        skew: 0,
        start_mid_case: 0,
        split: 1,
    };
    offpath_fixtures::write(&options).unwrap();
    compare(&tshark, &folder.path().join("capture.pcapng"));
}

fn compare(tshark: &Path, capture: &Path) {
    let (ours, theirs) = (ours(capture), theirs(tshark, capture));
    let count = |connections: &Connections| connections.values().map(Vec::len).sum::<usize>();
    assert!(count(&theirs) > 100, "{}: tshark sees {} exchanges", capture.display(), count(&theirs));
    for (ends, exchanges) in &theirs {
        assert_eq!(ours.get(ends), Some(exchanges), "{}: {ends:?} (left: offpath, right: tshark)", capture.display());
    }
    assert_eq!(count(&ours), count(&theirs), "{}: more than tshark sees", capture.display());
}

/// Exchanges as this crate reads them, in order of their time.
fn ours(capture: &Path) -> Connections {
    let mut outcome = read(capture);
    outcome.is_clean();
    outcome.exchanges.sort_by_key(|exchange| exchange.time);
    let mut connections = Connections::new();
    for exchange in outcome.exchanges {
        let ends = (exchange.client.unwrap().to_string(), exchange.server.unwrap().to_string());
        let (request, response) = (exchange.request.unwrap(), exchange.response.unwrap());
        connections.entry(ends).or_default().push(Seen {
            method: request.method,
            host: request.host.unwrap(),
            target: request.target,
            status: response.status,
        });
    }
    connections
}

/// Exchanges as tshark reads them: a request's frame number leads to the response that names it.
fn theirs(tshark: &Path, capture: &Path) -> Connections {
    const FIELDS: [&str; 10] = [
        "frame.number",
        "ip.src",
        "tcp.srcport",
        "ip.dst",
        "tcp.dstport",
        "http.request.method",
        "http.host",
        "http.request.uri",
        "http.response.code",
        "http.request_in",
    ];
    let settings = tempfile::tempdir().unwrap();
    let mut command = Command::new(tshark);
    // Without it, segments that overtake others are not put in order.
    command.args(["-n", "-o", "tcp.reassemble_out_of_order:TRUE", "-Y", "http", "-T", "fields", "-r"]).arg(capture);
    command.args(FIELDS.iter().flat_map(|field| ["-e", field]));
    // A user's own preferences must not change what it sees.
    command.env("WIRESHARK_CONFIG_DIR", settings.path()).env("XDG_CONFIG_HOME", settings.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "tshark: {}", String::from_utf8_lossy(&output.stderr));

    let mut requests = BTreeMap::new();
    let mut statuses: BTreeMap<u64, u16> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [frame, source, source_port, target, target_port, method, host, uri, status, request] = fields[..] else {
            panic!("tshark's line has other fields: {line}");
        };
        if method.is_empty() {
            let request =
                request.parse().unwrap_or_else(|_| panic!("tshark does not say to what this answers: {line}"));
            assert_eq!(statuses.insert(request, status.parse().unwrap()), None, "two answers: {line}");
        } else {
            let ends = (format!("{source}:{source_port}"), format!("{target}:{target_port}"));
            requests.insert(frame.parse::<u64>().unwrap(), (ends, method.to_owned(), host.to_owned(), uri.to_owned()));
        }
    }
    let mut connections = Connections::new();
    for (frame, (ends, method, host, target)) in requests {
        let status = statuses.remove(&frame).unwrap_or_else(|| panic!("tshark sees no answer to frame {frame}"));
        connections.entry(ends).or_default().push(Seen { method, host, target, status });
    }
    assert!(statuses.is_empty(), "answers without requests: {statuses:?}");
    connections
}

/// Every capture below a folder, in order of its name.
fn captures(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let is_capture = |path: &PathBuf| path.is_file() && path.file_name().unwrap().to_string_lossy().contains(".pcap");
    entries
        .into_iter()
        .flat_map(|path| if path.is_dir() { captures(&path) } else { vec![path] })
        .filter(is_capture)
        .collect()
}
