//! Captures that others wrote: offpath and tshark tell the same messages, bodies and pairs, but for what stands in the
//! table of `docs/capture-differences.md`. A difference that is not in it fails, and one that is and has gone. Skipped
//! without `OFFPATH_CORPUS`. With `OFFPATH_REWRITE=1` the table's numbers are written again.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use offpath_capture::{Exchange, Protocol};

use crate::messages::{Message, Side, Tally, of_exchange};
use crate::pdml::{self, Hints};
use crate::process::peer;
use crate::reading::read_with_keys;

/// The version that the table was made with: others count differently here and there.
const VERSION: &str = "4.0.";
const TABLE: &str =
    "| capture | requests | responses | pairs | who is right, and where to look |\n|---|--:|--:|--:|---|\n";

#[test]
fn every_capture_of_others_reads_as_in_tshark_or_the_table_says_why() {
    let Some(corpus) = std::env::var_os("OFFPATH_CORPUS") else {
        eprintln!("skipped: OFFPATH_CORPUS is not set");
        return;
    };
    let Some(tshark) = peer("tshark") else { return };
    let version = String::from_utf8(Command::new(&tshark).arg("-v").output().unwrap().stdout).unwrap();
    if !version.contains(&format!(" {VERSION}")) {
        eprintln!("skipped: this tshark is another than {VERSION}x, of which the table tells");
        return;
    }
    let folder = Path::new(&corpus).join("captures");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/capture-differences.md");
    let text = fs::read_to_string(&page).unwrap();
    let (before, table, after) = split(&text);
    let told = rows(table);
    let found = differences(&tshark, &folder, &captures(&folder));
    if std::env::var_os("OFFPATH_REWRITE").is_some_and(|value| value == "1") {
        let row = |(name, (cells, _)): (&String, &(String, Vec<String>))| {
            let why = told.get(name).map_or("", |(_, why)| why);
            format!("| `{name}` | {cells} | {why} |\n")
        };
        let table: String = found.iter().map(row).collect();
        fs::write(&page, format!("{before}{TABLE}{table}{after}")).unwrap();
    }
    let mut wrong = Vec::new();
    for (name, (cells, only)) in &found {
        match told.get(name) {
            None => wrong.push(format!("{name} differs and is not in the table: {cells}\n{}", only.join("\n"))),
            Some((numbers, why)) if numbers != cells || why.is_empty() => {
                wrong.push(format!("{name} is told as {numbers} ({why:?}) and is {cells}\n{}", only.join("\n")));
            }
            Some(_) => {}
        }
    }
    wrong.extend(told.keys().filter(|name| !found.contains_key(*name)).map(|name| format!("{name} agrees by now")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The captures that the two readers tell differently: numbers as in the table, and what only one has.
fn differences(tshark: &Path, folder: &Path, captures: &[PathBuf]) -> BTreeMap<String, (String, Vec<String>)> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some(capture) = captures.get(next.fetch_add(1, Ordering::Relaxed)) {
            let tallies = compare(tshark, capture);
            if tallies.iter().any(|tally| !tally.agrees()) {
                let name = capture.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                let cells = tallies.iter().map(Tally::cell).collect::<Vec<_>>().join(" | ");
                let only = tallies.into_iter().flat_map(|tally| tally.only).collect();
                found.lock().unwrap().insert(name, (cells, only));
            }
        }
    };
    // Most of a run is tshark's start.
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    found.into_inner().unwrap()
}

/// Requests, responses and pairs of one capture. Where tshark sees less by itself, it is also told where to look and to put
/// segments in order; what comes closest counts.
pub(crate) fn compare(tshark: &Path, capture: &Path) -> [Tally; 3] {
    let keys = capture.with_extension(format!("{}.keys", capture.extension().unwrap().to_string_lossy()));
    let keys = keys.is_file().then_some(keys);
    let exchanges = read_with_keys(capture, keys.as_deref()).exchanges;
    let ours: Vec<_> = exchanges.iter().map(of_exchange).collect();
    let ports = ports(&exchanges);
    let plain = Hints { key_log: keys.as_deref(), ..Hints::default() };
    let mut best = tally(&ours, &pdml::read(tshark, capture, plain));
    for reorder in [false, true] {
        if best.iter().all(Tally::agrees) {
            break;
        }
        let other = tally(&ours, &pdml::read(tshark, capture, Hints { reorder, ports: &ports, ..plain }));
        let differences = |tallies: &[Tally; 3]| tallies.iter().map(|tally| tally.only.len()).sum::<usize>();
        if differences(&other) < differences(&best) {
            best = other;
        }
    }
    best
}

fn tally(ours: &[[Option<Message>; 2]], told: &pdml::Told) -> [Tally; 3] {
    let [requests, responses] = [Side::Request, Side::Response].map(|side| {
        let ours = ours.iter().flatten().flatten().filter(|message| message.side == side);
        let theirs = told.messages.iter().filter(|message| message.side == side);
        let alone = |message: &Message| vec![message.clone()];
        Tally::of(&ours.map(alone).collect::<Vec<_>>(), &theirs.map(alone).collect::<Vec<_>>())
    });
    let pair = |exchange: &[Option<Message>; 2]| match exchange {
        [Some(request), Some(response)] => Some(vec![request.clone(), response.clone()]),
        _ => None,
    };
    let ours: Vec<_> = ours.iter().filter_map(pair).collect();
    let theirs = told.pairs.iter().map(|(request, response)| [request, response].map(|at| told.messages[*at].clone()));
    [requests, responses, Tally::of(&ours, &theirs.map(Vec::from).collect::<Vec<_>>())]
}

/// Ports of servers that spoke in the clear, with what they spoke.
fn ports(exchanges: &[Exchange]) -> Vec<(u16, &'static str)> {
    let spoken = exchanges.iter().filter_map(|exchange| {
        let scheme = exchange.request.as_ref()?.scheme.as_deref()?;
        let port = exchange.server?.port.filter(|_| scheme == "http")?;
        Some((port, if exchange.protocol == Protocol::Http1 { "http" } else { "http2" }))
    });
    let ports: BTreeMap<u16, &'static str> = spoken.collect();
    ports.into_iter().collect()
}

/// Every capture below a folder, in order of its name.
pub(crate) fn captures(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let other = [Some("json"), Some("keys"), Some("md")];
    let is_capture = |path: &PathBuf| path.is_file() && !other.contains(&path.extension().and_then(OsStr::to_str));
    entries
        .into_iter()
        .flat_map(|path| if path.is_dir() { captures(&path) } else { vec![path] })
        .filter(is_capture)
        .collect()
}

/// The page before its table, the table's rows, and what follows.
fn split(page: &str) -> (&str, &str, &str) {
    let (before, rest) = page.split_once(TABLE).unwrap();
    let end = rest.split_inclusive('\n').take_while(|line| line.starts_with('|')).map(str::len).sum();
    let (table, after) = rest.split_at(end);
    (before, table, after)
}

/// Numbers and reason of each capture in the table.
fn rows(table: &str) -> BTreeMap<String, (String, String)> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(" | ").collect();
        let [name, numbers @ .., why] = &cells[..] else { panic!("no row of the table: {line}") };
        let name = name.trim_start_matches("| `").trim_end_matches('`').to_owned();
        (name, (numbers.join(" | "), why.trim_end_matches('|').trim().to_owned()))
    };
    table.lines().map(row).collect()
}
