//! `docs/run-folder.md` names every key and column of a run folder, and no other.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{lines, offpath, sample};

const PAGE: &str = include_str!("../docs/run-folder.md");

/// First cells of the table under a heading of the page.
fn documented(heading: &str) -> BTreeSet<String> {
    let (_, section) = PAGE.split_once(&format!("\n## {heading}\n")).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    cells.map(|(key, _)| key.to_owned()).collect()
}

/// Adds the paths of all keys below a value; keys of open maps, as the page names them, become `*`.
fn keys(at: &str, value: &Value, page: &BTreeSet<String>, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            let open = format!("{at}.*");
            for (name, member) in members {
                let path = match at {
                    _ if page.contains(&open) => open.clone(),
                    "" => name.clone(),
                    _ => format!("{at}.{name}"),
                };
                keys(&path, member, page, found);
                found.insert(path);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(&format!("{at}[]"), item, page, found)),
        _ => {}
    }
}

/// Every key found is documented, and every documented one is found; open maps may be empty.
fn compare(page: &BTreeSet<String>, found: &BTreeSet<String>) {
    let unknown: Vec<_> = found.difference(page).collect();
    assert!(unknown.is_empty(), "not in docs/run-folder.md: {unknown:?}");
    let absent: Vec<_> = page.difference(found).filter(|key| !key.ends_with(".*")).collect();
    assert!(absent.is_empty(), "in docs/run-folder.md and not in the run: {absent:?}");
}

/// A run over the sample, a log of it, a log of another year that does not show all, and an archive, given twice, with an
/// entry that is not read.
fn run(folder: &Path) -> PathBuf {
    let archive = folder.join("odd.har");
    let entry = r#"{"log": {"entries": [{"request": {"method": "GET", "url": "data:text/plain,x"}, "response": {}}]}}"#;
    assert!(fs::write(&archive, entry).is_ok() && fs::write(folder.join("odd-copy.har"), entry).is_ok());
    let (copy, log) = (folder.join("odd-copy.har"), sample().join("access.log"));
    let (capture, model, out) = (sample().join("capture.pcapng.gz"), sample().join("model.yaml"), folder.join("run"));
    let later = folder.join("later.log");
    let strange = folder.join("strange.pcap");
    assert!(fs::write(&strange, ssh_with_a_gap()).is_ok());
    assert!(fs::read_to_string(&log).is_ok_and(|lines| fs::write(&later, lines.replace("/2026:", "/2027:")).is_ok()));
    let [hops, slow] = hops_and_a_slow_log(folder);
    let inputs = [&capture, &archive, &copy, &log, &later, &strange, &hops, &slow];
    let paths = inputs.map(|path| path.display().to_string());
    let mut args = vec!["check"];
    args.extend(paths.iter().map(String::as_str));
    let [model, run] = [&model, &out].map(|path| path.display().to_string());
    args.extend(["--model", &*model, "-o", &*run, "--from", "2026-01-01"]);
    args.extend(["--redact", "key:birth*=mask"]);
    let output = offpath(&args);
    assert!(out.join("run.json").is_file(), "{}", support::stderr(&output));
    // Again, against itself, with a suppression.
    let file = folder.join("s.yaml");
    let entry = "suppressions: [{rule: AP-*, reason: known, by: b, until: 2026-12-01}]\n";
    assert!(fs::write(&file, entry).is_ok());
    let file = file.display().to_string();
    args.extend(["--suppressions", &*file, "--today", "2026-11-20", "--baseline", &*run]);
    let output = offpath(&args);
    assert!(out.join("run.json").is_file(), "{}", support::stderr(&output));
    out
}

/// An archive of requests at the edge and behind it, and a log of them by a clock that is 20 s behind.
fn hops_and_a_slow_log(folder: &Path) -> [PathBuf; 2] {
    let (mut entries, mut log) = (Vec::new(), Vec::new());
    for n in 0..10 {
        for (host, address, took) in [("edge.example", "198.51.100.1", 40), ("inner.example", "10.0.0.2", 20)] {
            entries.push(json!({
                "startedDateTime": format!("2026-11-01T10:0{}:{}0.000Z", (30 + n) / 6, (30 + n) % 6), "time": took,
                "serverIPAddress": address,
                "request": {"method": "GET", "url": format!("http://{host}/hops/{n}"), "httpVersion": "HTTP/1.1",
                    "headers": [{"name": "X-Request-Id", "value": format!("hop-{n}")}], "bodySize": 0},
                "response": {"status": 200, "httpVersion": "HTTP/1.1", "headers": [], "content": {"size": 0}, "bodySize": 0},
            }));
        }
        let line = json!({
            "time": format!("2026-11-01T10:0{}:{}0.000Z", (28 + n) / 6, (28 + n) % 6), "method": "GET", "path": format!("/hops/{n}"), "status": 200,
            "request_id": format!("hop-{n}"), "duration_ms": 40, "remote_addr": "10.1.1.1",
        });
        log.push(line.to_string());
    }
    let files = ["hops.har", "slow.jsonl"].map(|name| folder.join(name));
    let archive = json!({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}});
    assert!(fs::write(&files[0], archive.to_string()).is_ok() && fs::write(&files[1], log.join("\n")).is_ok());
    files
}

/// A capture of a connection that is no HTTP, of which a packet was lost.
fn ssh_with_a_gap() -> Vec<u8> {
    let mut file: Vec<u8> = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 101].map(u32::to_le_bytes).concat();
    for (second, seq, text) in [(0, 1_000, "SSH-2.0-OpenSSH_9.2\r\n"), (1, 2_000, "and more"), (2, 2_008, "and more")] {
        let length = 40 + text.len() as u16;
        let [high, low] = length.to_be_bytes();
        let mut packet = vec![0x45, 0, high, low, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 9, 9, 1, 10, 9, 9, 2];
        packet.extend([[0, 22], [200, 0]].concat());
        packet.extend([u32::to_be_bytes(seq), u32::to_be_bytes(1)].concat());
        packet.extend([0x50, 16, 255, 255, 0, 0, 0, 0]);
        packet.extend(text.bytes());
        file.extend([1_772_366_400 + second, 0, u32::from(length), u32::from(length)].map(u32::to_le_bytes).concat());
        file.extend(packet);
    }
    file
}

#[test]
fn every_key_of_the_json_files_is_documented() {
    let folder = tempfile::tempdir().unwrap();
    let out = run(folder.path());
    let summary: Value = serde_json::from_str(&fs::read_to_string(out.join("run.json")).unwrap()).unwrap();
    assert!(!summary["not_read"].as_array().unwrap().is_empty());
    let (page, mut found) = (documented("run.json"), BTreeSet::new());
    keys("", &summary, &page, &mut found);
    keys("", &without_model(folder.path()), &page, &mut found);
    compare(&page, &found);

    let (page, mut found) = (documented("gaps.jsonl"), BTreeSet::new());
    let gaps = lines(&out.join("gaps.jsonl"));
    assert!(gaps.iter().any(|gap| gap["kind"] == "not_read"));
    gaps.iter().for_each(|gap| keys("", gap, &page, &mut found));
    compare(&page, &found);

    let (page, mut found) = (documented("access.jsonl"), BTreeSet::new());
    lines(&out.join("access.jsonl")).iter().for_each(|row| keys("", row, &page, &mut found));
    compare(&page, &found);

    let (page, mut found) = (documented("findings.jsonl"), BTreeSet::new());
    for finding in lines(&out.join("findings.jsonl")) {
        keys("", &finding, &page, &mut found);
    }
    compare(&page, &found);
}

/// What only a run without a model tells: of twelve people of three organisations whose names stand in the paths.
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
fn without_model(folder: &Path) -> Value {
    let line = |who: usize, step: usize, method: &str, path: &str| {
        let organisation = ["acme", "globex", "initech"][who % 3];
        format!(
            "10.0.0.7 - u{who} [01/Mar/2026:10:{who:02}:{step:02} +0000] \"{method} /v1/orgs/{organisation}{path} HTTP/1.1\" 200 5 \"-\" \"curl/8\"\n"
        )
    };
    let of_one = |who: usize| {
        let order = format!("/orders/ord_{:07}", 1_000_003 * (who + 1));
        [line(who, 0, "POST", "/orders"), line(who, 7, "GET", &order), line(who, 14, "POST", &format!("{order}/pay"))]
    };
    let (log, out) = (folder.join("organisations.log"), folder.join("without-model"));
    fs::write(&log, (0..12).flat_map(of_one).collect::<String>()).unwrap();
    offpath(&["check", log.to_str().unwrap(), "-o", out.to_str().unwrap(), "--exit-zero"]);
    serde_json::from_str(&fs::read_to_string(out.join("run.json")).unwrap()).unwrap()
}

#[test]
fn every_file_of_the_folder_is_documented() {
    let folder = tempfile::tempdir().unwrap();
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(run(folder.path())).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        found.insert(if entry.path().is_dir() { format!("{name}/*.parquet") } else { name });
    }
    let head = PAGE.split("\n## ").next().unwrap();
    let cells = head.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    assert_eq!(found, cells.map(|(name, _)| name.to_owned()).collect());
}

#[test]
fn every_column_is_documented() {
    let names = |schema: arrow::datatypes::SchemaRef| -> BTreeSet<String> {
        schema.fields().iter().map(|field| field.name().clone()).collect()
    };
    assert_eq!(documented("events/*.parquet"), names(offpath::event::table::event_schema()));
    assert_eq!(documented("objects/*.parquet"), names(offpath::event::table::object_schema()));
    assert_eq!(documented("findings.parquet"), names(offpath::finding::parquet::schema()));
}
