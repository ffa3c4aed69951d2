//! The same traffic given twice is judged once, and different traffic never is.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use offpath_fixtures::{Abuse, Options};
use serde_json::{Value, json};
use support::{check, code, object, offpath, stderr, stdout, text};

/// One history as every kind of file.
struct Scenario(tempfile::TempDir);

impl Scenario {
    fn new(orders: u64, seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options::whole(orders, seed, Abuse::parse("all").unwrap(), folder.path().join("shop"));
        offpath_fixtures::write(&options).unwrap();
        Scenario(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join("shop").join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn lines(&self, name: &str) -> Vec<String> {
        fs::read_to_string(self.file(name)).unwrap().lines().map(str::to_owned).collect()
    }
}

/// What was found, and the record of the run.
struct Outcome {
    findings: BTreeMap<String, usize>,
    run: Value,
}

impl Outcome {
    fn of(inputs: &[&Path]) -> Self {
        let (folder, findings) = check(inputs, &[]);
        let mut counted = BTreeMap::new();
        for finding in &findings {
            let what = format!("{} {} {}", text(finding, "rule"), object(finding), text(finding, "activity"));
            *counted.entry(what).or_default() += 1;
        }
        let run = fs::read_to_string(folder.path().join("run/run.json")).unwrap();
        Outcome { findings: counted, run: serde_json::from_str(&run).unwrap() }
    }

    /// Of traffic that is no shop's.
    fn seen(inputs: &[&Path]) -> Self {
        let mut args = vec!["inspect", "--format", "json"];
        args.extend(inputs.iter().map(|path| path.to_str().unwrap()));
        let output = offpath(&args);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        Outcome { findings: BTreeMap::new(), run: serde_json::from_str(&stdout(&output)).unwrap() }
    }

    fn exchanges(&self) -> u64 {
        self.run["exchanges"].as_u64().unwrap()
    }

    /// Input, the richer one, and exchanges.
    fn twice(&self) -> Vec<(String, String, u64)> {
        let name = |value: &Value| value.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let twice = self.run["twice"].as_array().unwrap().iter();
        twice.map(|t| (name(&t["input"]), name(&t["of"]), t["exchanges"].as_u64().unwrap())).collect()
    }

    fn is_whole(&self) -> bool {
        self.twice().is_empty() && self.run["aside"].as_array().unwrap().is_empty()
    }

    fn warnings(&self) -> Vec<&str> {
        self.run["warnings"].as_array().unwrap().iter().map(|warning| warning.as_str().unwrap()).collect()
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn copies_and_views_are_judged_as_the_richest_of_them() {
    let shop = Scenario::new(60, 11);
    let (capture, har) = (shop.file("capture.pcapng"), shop.file("capture.har"));
    let (json, combined) = (shop.file("access.jsonl"), shop.file("access.log"));
    let [packets, archive, log] = [&capture, &har, &json].map(|file| Outcome::of(&[file]));
    assert!(packets.findings.len() > 20 && log.findings.len() > 10);
    let copy = shop.write("again.pcapng", fs::read(&capture).unwrap());
    let packed = shop.write("packed", gzip(&fs::read(&har).unwrap()));
    for (inputs, richest) in [
        (&[&capture, &copy][..], &packets),
        (&[&packed, &har], &archive),
        (&[&capture, &har], &packets),
        (&[&har, &json], &archive),
        (&[&combined, &capture], &packets),
        (&[&json, &combined], &log),
        (&[&combined, &json, &har], &archive),
        (&[&json, &capture, &packed, &har, &combined, &copy], &packets),
    ] {
        let inputs: Vec<&Path> = inputs.iter().map(|path| path.as_path()).collect();
        let outcome = Outcome::of(&inputs);
        assert_eq!(outcome.findings, richest.findings, "{inputs:?}");
        assert_eq!(outcome.exchanges(), richest.exchanges(), "{inputs:?}");
        assert!(!outcome.is_whole(), "{inputs:?}");
        assert_eq!(outcome.run["measures"], richest.run["measures"], "{inputs:?}");
        assert_eq!(outcome.run["operations"], richest.run["operations"], "{inputs:?}");
    }
}

#[test]
fn the_first_screen_says_what_was_given_twice() {
    let shop = Scenario::new(10, 3);
    let (har, log) = (shop.file("capture.har"), shop.file("access.log"));
    let copy = shop.write("copy.har.gz", gzip(&fs::read(&har).unwrap()));
    let paths = [&har, &log, &copy].map(|path| path.to_str().unwrap());
    let output = offpath(&["inspect", paths[0], paths[1], paths[2]]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let shown = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains(&format!("{} is a copy of {}: read once", paths[2], paths[0])), "{shown}");
    assert!(shown.contains(&format!("of {} are also in {}: counted once", paths[1], paths[0])), "{shown}");
}

#[test]
fn neither_order_nor_threads_nor_memory_change_what_is_kept() {
    let shop = Scenario::new(30, 5);
    let files = ["access.log", "capture.har", "access.jsonl"].map(|name| shop.file(name));
    let events = |inputs: &[&Path], extra: &[&str]| {
        let (folder, _) = check(inputs, extra);
        let run = folder.path().join("run");
        ["run.json", "findings.jsonl", "events/part-000.parquet"].map(|file| fs::read(run.join(file)).unwrap())
    };
    let reference = events(&[&files[0], &files[1], &files[2]], &["--threads", "1"]);
    for (order, extra) in [
        ([2, 1, 0], &["--threads", "1"][..]),
        ([1, 0, 2], &["--threads", "5"]),
        ([0, 2, 1], &["--memory", "64K", "--threads", "3"]),
    ] {
        let again = events(&order.map(|index| files[index].as_path()), extra);
        assert!(reference == again, "{order:?} {extra:?}");
    }
}

#[test]
fn clocks_of_two_views_may_differ_a_little() {
    let shop = Scenario::new(40, 6);
    // The archive's clock is three seconds ahead.
    let har = shop.write("ahead.har", later(&shop.lines("capture.har"), 3));
    let alone = Outcome::of(&[&har]);
    for log in ["access.log", "access.jsonl"] {
        let both = Outcome::of(&[&har, &shop.file(log)]);
        assert_eq!(both.findings, alone.findings, "{log}");
        assert_eq!(both.exchanges(), alone.exchanges(), "{log}");
    }
}

/// An archive by a clock that is ahead by so many seconds.
fn later(lines: &[String], seconds: i64) -> String {
    let later = |line: &String| match line.split_once("\"startedDateTime\":\"") {
        None => line.clone(),
        Some((before, after)) => {
            let (time, rest) = after.split_once('"').unwrap();
            let time: jiff::Timestamp = time.parse().unwrap();
            let moved = time + jiff::SignedDuration::from_secs(seconds);
            format!("{before}\"startedDateTime\":\"{moved:.6}\"{rest}")
        }
    };
    lines.iter().map(later).collect::<Vec<_>>().join("\n")
}

#[test]
fn clocks_far_apart_are_said() {
    let shop = Scenario::new(40, 13);
    let (log, lines) = (shop.file("access.log"), shop.lines("capture.har"));
    let both = |har: &Path, log: &Path| Outcome::seen(&[har, log]);
    for (seconds, said) in [(90, "1m 30s later"), (-90, "1m 30s later"), (7200, "2h later"), (20_700, "5h 45m later")] {
        let har = shop.write("moved.har", later(&lines, seconds));
        let outcome = both(&har, &log);
        assert!(outcome.is_whole(), "{seconds}: a script may be run again");
        let warnings = outcome.warnings();
        let sentence = warnings.iter().find(|warning| warning.contains(said)).unwrap_or_else(|| panic!("{warnings:?}"));
        let [har, log] = [sentence.find("moved.har").unwrap(), sentence.find("access.log").unwrap()];
        assert_eq!(har < log, seconds > 0, "{sentence}");
    }
    // A day later the same is done again; and ids tell a second run from the first, though a clock may be wrong as well.
    let tomorrow = shop.write("tomorrow.har", later(&lines, 86_400));
    let other = |line: &String| {
        let id = "\"X-Request-Id\",\"value\":\"";
        let trace = "\"Traceparent\",\"value\":\"00-";
        line.replace(id, &format!("{id}again-")).replace(trace, &format!("{trace}f"))
    };
    let again: Vec<String> = lines.iter().map(other).collect();
    let again = shop.write("again.har", later(&again, 90));
    for (har, log) in [(&tomorrow, &log), (&again, &shop.file("access.jsonl"))] {
        let outcome = both(har, log);
        assert!(outcome.is_whole());
        assert!(!outcome.warnings().iter().any(|warning| warning.contains("later")), "{:?}", outcome.warnings());
    }
}

#[test]
fn people_who_do_the_same_at_the_same_time_are_two() {
    let folder = tempfile::tempdir().unwrap();
    // As many as prove that two inputs show one traffic, if only the users were the same.
    let archive = |user: &str, claims: &str| {
        let entry = |n: usize| {
            json!({"startedDateTime": format!("2026-03-02T08:{n:02}:00.000Z"), "time": 5,
                "request": {"method": "GET", "url": format!("https://shop.example/catalog/{n}"), "httpVersion": "HTTP/1.1", "bodySize": 0,
                    "headers": [{"name": "Authorization", "value": format!("Bearer {}", support::token(claims))}]},
                "response": {"status": 200, "httpVersion": "HTTP/1.1", "headers": [], "content": {"size": 12 + n, "mimeType": "application/json", "text": ""}}})
        };
        let entries: Vec<_> = (0..40).map(entry).collect();
        let path = folder.path().join(format!("{user}.har"));
        let log = json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}});
        fs::write(&path, log.to_string()).unwrap();
        path
    };
    let (ann, eve) = (archive("ann", r#"{"sub":"ann"}"#), archive("eve", r#"{"sub":"eve"}"#));
    let again = archive("ann again", r#"{"sub":"ann","jti":"2"}"#);
    assert!(Outcome::seen(&[&ann, &eve]).is_whole(), "nothing of one is the other's");
    assert!(!Outcome::seen(&[&ann, &again]).is_whole(), "one person's traffic, seen twice");
}

/// An archive as browsers write it for others: without credentials.
fn sanitized(archive: &Path) -> String {
    let mut har: Value = serde_json::from_str(&fs::read_to_string(archive).unwrap()).unwrap();
    for entry in har["log"]["entries"].as_array_mut().unwrap() {
        let secret =
            |header: &Value| ["authorization", "cookie"].contains(&&*text(header, "name").to_ascii_lowercase());
        entry["request"]["headers"].as_array_mut().unwrap().retain(|header| !secret(header));
        entry["request"]["cookies"] = json!([]);
    }
    har.to_string()
}

#[test]
fn an_archive_without_credentials_takes_who_acted_from_the_log() {
    let shop = Scenario::new(40, 5);
    let (whole, log) = (shop.file("capture.har"), shop.file("access.jsonl"));
    let bare = shop.write("bare.har", sanitized(&whole));
    let alone = Outcome::of(&[&bare]);
    let (folder, findings) = check(&[&bare, &log], &[]);
    let (_, known) = check(&[&whole], &[]);
    // Who is told of a deviation, by object: what both see is done by the same.
    let by = |findings: &[Value]| -> BTreeMap<String, String> {
        // Whether what came too late was a person's word is told by credentials alone.
        let rule = |f: &Value| text(f, "rule").replace("AP-AFTER", "AP-MISSING");
        let what = |f: &Value| format!("{} {} {}", rule(f), object(f), text(f, "activity"));
        findings.iter().map(|f| (what(f), text(&f["actor"], "principal").to_owned())).collect()
    };
    let (told, known) = (by(&findings), by(&known));
    let shared: Vec<_> = told.iter().filter(|(what, _)| known.contains_key(*what)).collect();
    assert!(shared.len() > 30 && shared.iter().all(|(what, who)| known[*what] == **who), "{told:?}\n{known:?}");
    assert!(told.keys().all(|what| known.contains_key(what)), "{told:?}");
    // What nobody could tell of an archive without them is gone, and what bodies tell has stayed.
    let count = |findings: &BTreeMap<String, usize>, rule: &str| -> usize {
        findings.iter().filter(|(what, _)| what.starts_with(rule)).map(|(_, count)| count).sum()
    };
    assert!(count(&alone.findings, "FN-ROLE") > 50);
    assert_eq!(findings.iter().filter(|f| text(f, "rule") == "FN-ROLE").count(), 4);
    assert_eq!(findings.iter().filter(|f| text(f, "rule") == "TX-CONSERVE").count(), 4);
    for finding in findings.iter().filter(|f| text(&f["actor"], "evidence") == "asserted") {
        let from = text(&finding["actor"], "told_in");
        // The partner sends its name in a header, which is still there.
        let partner = text(&finding["actor"], "principal") == "psp";
        assert!(from.contains("access.jsonl#line=") != partner, "{finding}");
    }
    let shown = offpath(&["show", text(&findings[0], "id"), "--run", folder.path().join("run").to_str().unwrap()]);
    let shown = stdout(&shown).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains("known by asserted from "), "{shown}");
}

#[test]
fn an_archive_that_shows_who_acted_keeps_it() {
    let shop = Scenario::new(40, 5);
    let whole = shop.file("capture.har");
    // A log that names everybody otherwise, as one behind a proxy with an account of its own would.
    let log: Vec<String> = shop.lines("access.log").iter().map(|line| line.replacen(" - ", " - proxy-", 1)).collect();
    let log = shop.write("proxied.log", log.join("\n"));
    let (_, alone) = check(&[&whole], &[]);
    let (_, both) = check(&[&whole, &log], &[]);
    assert_eq!(alone.len(), both.len());
    for (alone, both) in alone.iter().zip(&both) {
        assert_eq!(alone["actor"], both["actor"]);
    }
}

#[test]
fn an_archive_takes_the_addresses_of_clients_from_the_log_beside_it() {
    let shop = Scenario::new(40, 5);
    let text = fs::read_to_string(shop.file("capture.har")).unwrap().replace("\"_clientAddress\"", "\"_nothing\"");
    let (archive, log) = (shop.write("bare.har", text), shop.file("access.jsonl"));
    let undecided = |inputs: &[&Path]| {
        let run = Outcome::of(inputs).run;
        let rule = run["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == "FLOW-CLONE").unwrap();
        let counts = &rule["by_source"]["har"];
        counts[2].as_u64().unwrap_or(0)
    };
    let (alone, both) = (undecided(&[&archive]), undecided(&[&archive, &log]));
    assert!(alone > 20 && both == 0, "an archive shows no addresses: {alone} writes alone, {both} beside its log");
}

#[test]
fn part_of_a_view_leaves_the_rest_of_the_other() {
    let shop = Scenario::new(60, 7);
    let json = shop.lines("access.jsonl");
    let combined = shop.lines("access.log");
    let all = json.len() as u64;
    // The JSON log ends at two thirds, the other begins at one third.
    let third = json.len() / 3;
    let early = shop.write("early.jsonl", json[..2 * third].join("\n"));
    let late = shop.write("late.log", combined[third..].join("\n"));
    let outcome = Outcome::of(&[&early, &late]);
    assert!(outcome.exchanges().abs_diff(all) <= 2, "{} of {all}", outcome.exchanges());
    // The archive holds every fifth exchange, as one client saw them.
    let some: Vec<&str> = json.iter().step_by(5).map(String::as_str).collect();
    let sampled = shop.write("sampled.jsonl", some.join("\n"));
    let outcome = Outcome::of(&[&shop.file("access.log"), &sampled]);
    assert_eq!(outcome.exchanges(), all);
    assert_eq!(outcome.twice(), [("access.log".to_owned(), "sampled.jsonl".to_owned(), some.len() as u64)]);
}

/// A combined line at a second of a day in September.
fn line(day: u32, second: u32, client: &str, request: &str, size: u32) -> String {
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let time = format!("{day:02}/Sep/2026:{hour:02}:{minute:02}:{second:02} +0000");
    format!("{client} - - [{time}] \"{request} HTTP/1.1\" 200 {size} \"-\" \"x\"\n")
}

#[test]
fn two_servers_of_one_service_stay_apart() {
    let shop = Scenario::new(60, 8);
    let all = shop.lines("access.log");
    // Each server is asked for its health in the same second and has served some of the same things.
    let server = |own: usize| {
        let mut lines: Vec<String> = all.iter().skip(own).step_by(2).map(|line| format!("{line}\n")).collect();
        lines.extend((0..3000).map(|n| line(7, n * 10 + 20_000, "10.9.9.9", "GET /health", 2)));
        lines.extend(
            (0..400).map(|n| line(7, n * 60 + 20_000, "10.9.9.9", &format!("GET /static/{n}.js"), n + own as u32)),
        );
        lines.concat()
    };
    let (one, two) = (shop.write("one.log", server(0)), shop.write("two.log", server(1)));
    let outcome = Outcome::of(&[&one, &two]);
    assert!(outcome.is_whole(), "{:?}", outcome.run["twice"]);
    assert_eq!(outcome.exchanges(), all.len() as u64 + 6800);
}

#[test]
fn idle_servers_stay_apart() {
    let shop = Scenario::new(1, 1);
    let probes = |own: u32| {
        (0..2000)
            .map(|n| line(7, n * 15, "10.9.9.9", ["GET /health", "GET /metrics"][n as usize % 2], 9 + own))
            .collect::<String>()
    };
    let (one, two) = (shop.write("one.log", probes(0)), shop.write("two.log", probes(1)));
    let outcome = Outcome::seen(&[&one, &two]);
    assert!(outcome.is_whole());
    assert_eq!(outcome.exchanges(), 4000);
}

#[test]
fn rotated_files_and_other_days_stay_whole() {
    let shop = Scenario::new(60, 9);
    let all = shop.lines("access.log");
    let half = all.len() / 2;
    let (old, new) =
        (shop.write("access.log.1", all[..half].join("\n")), shop.write("access.log", all[half..].join("\n")));
    let outcome = Outcome::of(&[&old, &new]);
    assert!(outcome.is_whole() && outcome.warnings().is_empty(), "{:?}", outcome.run["twice"]);
    assert_eq!(outcome.exchanges(), all.len() as u64);
    // The next day every client does the same at the same times.
    let day = |day: u32| {
        (0..200).map(|n| line(day, n * 300, "10.1.1.1", &format!("POST /orders/{n}/payment"), n)).collect::<String>()
    };
    let (monday, tuesday) = (shop.write("monday.log", day(7)), shop.write("tuesday.log", day(8)));
    let outcome = Outcome::seen(&[&monday, &tuesday]);
    assert!(outcome.is_whole() && outcome.warnings().is_empty());
}

#[test]
fn what_looks_like_a_view_and_is_not_proven_is_named() {
    let shop = Scenario::new(1, 1);
    // Three of five unique calls are in both.
    let log = |own: &str| {
        let paths = ["/a/1".to_owned(), "/a/2".to_owned(), "/a/3".to_owned(), format!("/{own}/4"), format!("/{own}/5")];
        paths
            .iter()
            .enumerate()
            .map(|(n, path)| line(7, n as u32 * 60, "10.1.1.1", &format!("GET {path}"), 7))
            .collect::<String>()
    };
    let (one, two) = (shop.write("one.log", log("b")), shop.write("two.log", log("c")));
    let outcome = Outcome::seen(&[&one, &two]);
    assert!(outcome.is_whole());
    let warnings = outcome.warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("one.log") && warnings[0].contains("two.log"), "{warnings:?}");
}

#[test]
fn ids_of_findings_do_not_depend_on_the_name_of_the_file() {
    let shop = Scenario::new(20, 4);
    let ids = |name: &str| {
        let (_folder, findings) = check(&[&shop.file(name)], &[]);
        let ids = |field: &str| findings.iter().map(|f| text(f, field).to_owned()).collect::<Vec<_>>();
        (ids("id"), ids("fingerprint"))
    };
    for (name, other) in [("capture.har", "renamed.har"), ("access.jsonl", "x"), ("capture.pcapng", "y")] {
        let content = fs::read(shop.file(name)).unwrap();
        shop.write(other, gzip(&content));
        assert!(!ids(name).0.is_empty());
        assert_eq!(ids(name), ids(other), "{name}");
        let piped = piped(&content);
        assert_eq!(ids(name).0, piped.iter().map(|f| text(f, "id").to_owned()).collect::<Vec<_>>(), "{name} piped");
    }
}

/// The findings of traffic that comes on standard input.
fn piped(content: &[u8]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_offpath"))
        .args(["check", "-", "--exit-zero", "-q", "--model"])
        .arg(support::sample().join("model.yaml"))
        .arg("-o")
        .arg(&run)
        .env("OFFPATH_HASH_KEY", root.join("tests/support/hash.key"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(content).unwrap();
    assert!(child.wait().unwrap().success());
    support::lines(&run.join("findings.jsonl"))
}

#[test]
fn two_taps_on_the_two_sides_of_a_proxy_are_views() {
    let shop = Scenario::new(30, 12);
    let capture = shop.file("capture.pcapng");
    let mut behind = fs::read(&capture).unwrap();
    let mut at = 0;
    while at + 8 <= behind.len() {
        let word = |at: usize| u32::from_le_bytes(behind[at..at + 4].try_into().unwrap());
        let (kind, length) = (word(at), word(at + 4) as usize);
        // An enhanced packet block: a quarter of a second later, between other addresses.
        if kind == 6 {
            let time = (u64::from(word(at + 12)) << 32 | u64::from(word(at + 16))) + 250_000;
            behind[at + 12..at + 16].copy_from_slice(&((time >> 32) as u32).to_le_bytes());
            behind[at + 16..at + 20].copy_from_slice(&(time as u32).to_le_bytes());
            let network = at + 28 + 14;
            behind[network + 13] ^= 0x55;
            behind[network + 17] ^= 0x55;
        }
        at += length;
    }
    let behind = shop.write("behind.pcapng", behind);
    let [alone, both] = [&[&*capture][..], &[&*behind, &*capture]].map(Outcome::of);
    assert_eq!(both.findings, alone.findings);
    assert_eq!(both.exchanges(), alone.exchanges());
}

#[test]
fn a_lossy_capture_is_filled_from_an_archive() {
    let shop = Scenario::new(40, 13);
    let har = shop.file("capture.har");
    let whole = Outcome::of(&[&har]);
    // Answers of one in ten were not seen.
    let lossy: Vec<String> = shop
        .lines("capture.har")
        .into_iter()
        .enumerate()
        .map(|(n, line)| if n % 10 == 5 { line.replacen("\"status\":", "\"status\":0,\"was\":", 1) } else { line })
        .collect();
    let lossy = shop.write("a-lossy.har", lossy.join("\n"));
    let both = Outcome::of(&[&lossy, &har]);
    // Each exchange keeps its input's clock: where one of two racing steps is filled in, the two are a repeat.
    let told = |outcome: &Outcome| -> BTreeMap<String, usize> {
        let as_repeat = |what: &String| what.replacen("TX-RACE ", "SEQ-REPEAT ", 1);
        let mut counted = BTreeMap::new();
        outcome.findings.iter().for_each(|(what, count)| *counted.entry(as_repeat(what)).or_default() += count);
        counted
    };
    assert_eq!(told(&both), told(&whole));
    assert_eq!(both.exchanges(), whole.exchanges());
    let twice = both.twice();
    assert!(twice.iter().all(|(_, _, exchanges)| *exchanges > 0) && twice.len() == 2, "{twice:?}");
}

#[test]
fn what_two_lossy_views_lack_is_filled_from_a_third() {
    let shop = Scenario::new(60, 12);
    let whole = shop.file("capture.har");
    let lossy = |name: &str| {
        let mut archive: Value = serde_json::from_str(&fs::read_to_string(&whole).unwrap()).unwrap();
        archive["log"]["comment"] = Value::from(name);
        for entry in archive["log"]["entries"].as_array_mut().unwrap().iter_mut().step_by(9) {
            entry["response"]["status"] = Value::from(0);
        }
        shop.write(name, archive.to_string())
    };
    let (one, other, log) = (lossy("one.har"), lossy("other.har"), shop.file("access.jsonl"));
    let alone = Outcome::of(&[&log]);
    let pair = Outcome::of(&[&one, &log]);
    let all = Outcome::of(&[&one, &other, &log]);
    assert!(pair.exchanges() >= alone.exchanges());
    assert_eq!(all.exchanges(), pair.exchanges());
    assert_eq!(all.findings, pair.findings);
}

#[test]
fn tenants_with_the_same_paths_on_several_hosts_are_told_apart_by_them() {
    let shop = Scenario::new(1, 14);
    let mut lines = Vec::new();
    for second in 0..60u64 {
        // Both hosts count their orders from 1, and answer the same.
        let (host, order) = (["east.example", "west.example"][second as usize % 2], second / 2);
        let time = format!("2026-05-04T09:00:{second:02}.100Z");
        lines.push(json!({"ts": time, "host": host, "client_ip": "10.0.0.7", "method": "POST", "path": format!("/orders/{order}/pay"),
            "status": 200, "duration_ms": 20, "user": "anna"}).to_string());
    }
    let first = shop.write("first.jsonl", lines[..45].join("\n"));
    let second = shop.write("second.jsonl", lines[15..].join("\n"));
    let both = Outcome::seen(&[&first, &second]);
    assert_eq!((both.exchanges(), both.twice().len()), (60, 1), "{:?}", both.warnings());
    // The poorer of two logs, which does not say the host, gives way although it holds as much.
    let hostless =
        |line: &String| line.replace("east.example", "").replace("west.example", "").replace("\"host\":\"\",", "");
    let plain = shop.write("a-plain.jsonl", lines.iter().map(hostless).collect::<Vec<_>>().join("\n"));
    let whole = shop.write("whole.jsonl", lines.join("\n"));
    let seen = Outcome::seen(&[&plain, &whole]);
    assert!(seen.twice().iter().all(|(_, of, _)| of == "whole.jsonl"), "{:?}", seen.twice());
    assert_eq!(seen.twice().is_empty(), !seen.warnings().is_empty(), "put together, or warned of");
}
