//! Object stores and web servers as inputs, through the binary, against a server on loopback.
#![cfg(feature = "cloud")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "store/server.rs"]
#[expect(unreachable_pub, reason = "a module of this test alone")]
mod server;
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use server::{Fault, Server};
use support::{code, lines, sample, stderr, stdout};

const SECRET: &str = "wJalrXUtnFEMI-K7MDENG";

/// The binary with a server as everybody's endpoint, and nothing else of the surroundings.
fn offpath(server: &Server, args: &[&str]) -> Output {
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/hash.key");
    let nowhere = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_offpath"))
        .args(args)
        .env_clear()
        .env("HOME", nowhere.path())
        .env("NO_PROXY", "127.0.0.1")
        .env("OFFPATH_HASH_KEY", key)
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_ENDPOINT_URL", server.url())
        .env("AWS_ALLOW_HTTP", "true")
        .env("GOOGLE_BASE_URL", server.url())
        .env("GOOGLE_SKIP_SIGNATURE", "true")
        .env("GOOGLE_ALLOW_HTTP", "true")
        .env("AZURE_STORAGE_ACCOUNT_NAME", "account")
        .env("AZURE_STORAGE_ENDPOINT", server.url())
        .env("AZURE_SKIP_SIGNATURE", "true")
        .env("AZURE_ALLOW_HTTP", "true")
        .output()
        .unwrap()
}

fn content(name: &str) -> Vec<u8> {
    fs::read(sample().join(name)).unwrap()
}

/// A log of so many lines, each of another case.
fn log(first: u32, count: u32) -> String {
    let line = |n: u32| {
        format!(
            "10.0.0.{} - user{n} [01/Mar/2026:10:{:02}:{:02} +0000] \"GET /orders/{n} HTTP/1.1\" 200 {n} \"-\" \"-\"\n",
            n % 200,
            n / 60 % 60,
            n % 60
        )
    };
    (first..first + count).map(line).collect()
}

fn exchanges(server: &Server, inputs: &[&str]) -> (Output, Vec<Value>) {
    let output = offpath(server, &[&["exchanges"], inputs].concat());
    let rows = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output, rows)
}

/// Every file below a folder, by its path in it, as text.
fn texts(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => found.push((path.clone(), String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned())),
            }
        }
    }
    found
}

#[test]
fn a_store_gives_what_the_same_files_on_disk_give() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let day = folder.path().join("day");
    fs::create_dir_all(day.join("logs")).unwrap();
    let log = log(0, 3000);
    for (name, bytes) in [
        ("capture.pcapng.gz", content("capture.pcapng.gz")),
        ("copy.pcapng.gz", content("capture.pcapng.gz")),
        ("logs/access log ä.log", log.clone().into_bytes()),
        ("logs/.hidden", b"nothing\n".to_vec()),
    ] {
        fs::write(day.join(name), &bytes).unwrap();
        for cloud in ["s3", "gs", "az"] {
            server.put(&format!("{cloud}-traffic/day/{name}"), &bytes);
        }
    }
    server.put("s3-traffic/day/logs/", b"");
    let model = sample().join("model.yaml");
    let run = |input: &str, name: &str| {
        let out = folder.path().join(name);
        let args = ["check", input, "--model", model.to_str().unwrap(), "-o", out.to_str().unwrap()];
        let output = offpath(&server, &args);
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        let findings = fs::read_to_string(out.join("findings.jsonl")).unwrap();
        assert!(!findings.is_empty());
        let run: Value = serde_json::from_str(&fs::read_to_string(out.join("run.json")).unwrap()).unwrap();
        let inputs = run["inputs"].to_string() + &run["aside"].to_string();
        (findings.replace(input, "DAY/"), inputs.replace(input, "DAY/"))
    };
    let disk = run(&format!("{}/", day.display()), "disk");
    for cloud in ["s3", "gs", "az"] {
        let stored = run(&format!("{cloud}://{cloud}-traffic/day/"), cloud);
        assert_eq!(stored.1, disk.1, "{cloud}");
        assert_eq!(stored.0, disk.0, "{cloud}");
    }
    let keys = |input: &str| {
        let rows = exchanges(&server, &[input]).1;
        rows.iter().map(|row| format!("{} {} {}", row["time"], row["connection"], row["target"])).collect::<Vec<_>>()
    };
    let stored = keys("s3://s3-traffic/day");
    assert_eq!(stored, keys(day.to_str().unwrap()));
    assert_eq!(stored, keys("s3://s3-traffic/day/"));
}

#[test]
fn prefixes_and_globs_name_objects_in_one_order() {
    let server = Server::start();
    for (index, key) in ["b.log", "a.log", "x/c.log", "x/y/d.log", ".e.log", "x/note.txt"].into_iter().enumerate() {
        server.put(&format!("bucket/logs/{key}"), log(index as u32 * 10, 3).as_bytes());
    }
    let run = r#"{"schema_version": 1, "tool_version": "0", "command": "check"}"#;
    server.put("bucket/logs/run/run.json", run.as_bytes());
    server.put("bucket/logs/run/findings.log", log(90, 3).as_bytes());
    let origins = |inputs: &[&str]| {
        let (output, rows) = exchanges(&server, inputs);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let mut inputs: Vec<String> =
            rows.iter().map(|row| row["origin"].as_str().unwrap().split('#').next().unwrap().to_owned()).collect();
        inputs.dedup();
        (inputs, stderr(&output))
    };
    let named = |keys: &[&str]| keys.iter().map(|key| format!("s3://bucket/logs/{key}")).collect::<Vec<_>>();
    let all = named(&["a.log", "b.log", "x/c.log", "x/note.txt", "x/y/d.log"]);
    let (found, said) = origins(&["s3://bucket/logs"]);
    assert_eq!(found, all);
    assert!(said.contains("s3://bucket/logs/run is a run folder of offpath"), "{said}");
    assert_eq!(origins(&["s3://bucket/logs/x/", "s3://bucket/logs/*.log"]).0, all);
    assert_eq!(origins(&["s3://bucket/logs/**/{c,d}.log"]).0, named(&["x/c.log", "x/y/d.log"]));
    assert_eq!(origins(&["s3://bucket/logs/b.log", "s3://bucket/logs/b.log"]).0, named(&["b.log"]));
}

#[test]
fn a_broken_connection_is_taken_up_where_it_broke() {
    let server = Server::start();
    let log = log(0, 9000);
    server.put("whole.log", log.as_bytes());
    let whole = exchanges(&server, &[&format!("{}/whole.log", server.url())]).1.len();
    assert_eq!(whole, 9000);
    for (name, fault) in [
        ("tagged", Fault { breaks: Some((300_000, 3)), ..Fault::default() }),
        ("untagged", Fault { breaks: Some((300_000, 3)), no_tag: true, ..Fault::default() }),
        ("whole-only", Fault { breaks: Some((300_000, 3)), no_parts: true, ..Fault::default() }),
        ("whole-only-untagged", Fault { breaks: Some((300_000, 3)), no_parts: true, no_tag: true, ..Fault::default() }),
        ("at-fault", Fault { refuse: Some((503, "<Error><Code>SlowDown</Code></Error>", 2)), ..Fault::default() }),
    ] {
        let parts = !fault.no_parts && fault.breaks.is_some();
        server.put_with(&format!("bucket/{name}.log"), log.as_bytes(), fault.clone());
        server.put_with(&format!("{name}.log"), log.as_bytes(), fault);
        for input in [format!("{}/{name}.log", server.url()), format!("s3://bucket/{name}.log")] {
            // Stores always send parts and tags.
            if input.starts_with("s3") && (name.contains("untagged") || name.contains("only")) {
                continue;
            }
            let (output, rows) = exchanges(&server, &[&input]);
            assert_eq!(code(&output), 0, "{input}: {}", stderr(&output));
            assert_eq!(rows.len(), whole, "{input}");
            let targets: Vec<&str> = rows.iter().map(|row| row["target"].as_str().unwrap()).collect();
            assert_eq!((targets[0], targets[whole - 1]), ("/orders/0", "/orders/8999"));
        }
        if parts {
            let part = format!("{name}.log bytes=");
            assert!(server.requests().iter().any(|request| request.contains(&part)), "{:?}", server.requests());
        }
    }
}

#[test]
fn one_bad_object_does_not_stop_the_others() {
    let server = Server::start();
    server.put("bucket/day/good.log", log(0, 50).as_bytes());
    server.put("bucket/day/empty.log", b"");
    server.put("bucket/day/other.log", b"<html>no log</html>\n");
    let refused = "<Error><Code>AccessDenied</Code><Message>wJalrXUtnFEMI-K7MDENG</Message></Error>";
    let refuse = Fault { refuse: Some((403, refused, usize::MAX)), ..Fault::default() };
    server.put_with("bucket/day/refused.log", log(100, 5).as_bytes(), refuse);
    let broken = Fault { wall: Some(500_000), ..Fault::default() };
    server.put_with("bucket/day/stuck.log", log(200, 10_000).as_bytes(), broken);
    let (output, rows) = exchanges(&server, &["s3://bucket/day/"]);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let said = stderr(&output);
    let of = |name: &str| rows.iter().filter(|row| row["origin"].as_str().unwrap().contains(name)).count();
    assert_eq!(of("good.log"), 50);
    // What came before the break is read: every whole line of it.
    assert_eq!(of("stuck.log"), log(200, 10_000)[..500_000].lines().count() - 1);
    assert!(rows.iter().all(|row| !row["origin"].as_str().unwrap().contains("refused")));
    for part in [
        "s3://bucket/day/empty.log: file is empty",
        "s3://bucket/day/other.log: format not recognised",
        "s3://bucket/day/refused.log: access is refused (403 Forbidden, AccessDenied); set AWS_ACCESS_KEY_ID",
        "s3://bucket/day/stuck.log: reading failed (",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains(SECRET), "{said}");
}

#[test]
fn what_is_not_there_is_a_mistyped_name() {
    let server = Server::start();
    server.put("bucket/x", b"x");
    for input in [
        "s3://bucket/nothing",
        "s3://bucket/none/",
        "s3://bucket/*.pcap",
        "gs://other",
        &format!("{}/none", server.url()),
    ] {
        let output = exchanges(&server, &[input]).0;
        assert_eq!(code(&output), 2, "{input}: {}", stderr(&output));
        assert!(stderr(&output).contains(input.trim_end_matches('/')), "{}", stderr(&output));
    }
}

#[test]
fn an_object_that_changes_is_said_and_not_mixed() {
    let server = Server::start();
    let breaks = Some((400_000, usize::MAX));
    server.put_with("moving.log", log(0, 20_000).as_bytes(), Fault { changes: true, breaks, ..Fault::default() });
    let output = exchanges(&server, &[&format!("{}/moving.log", server.url())]).0;
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert!(stderr(&output).contains("changed while it was read"), "{}", stderr(&output));
}

#[test]
fn what_opens_a_url_is_in_no_output() {
    let server = Server::start();
    let authorization = Some("Basic YW5uYTpwNHNzdzByZA==");
    server.put_with(
        "day/capture.pcapng.gz",
        &content("capture.pcapng.gz"),
        Fault { authorization, ..Fault::default() },
    );
    let host = server.url().replace("http://", "");
    let url = |file: &str| format!("http://anna:p4ssw0rd@{host}/day/{file}?X-Amz-Signature=5ec7e7&part=1");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let model = sample().join("model.yaml");
    let output = offpath(
        &server,
        &[
            "check",
            "-v",
            &url("capture.pcapng.gz"),
            &url("none"),
            "--model",
            model.to_str().unwrap(),
            "-o",
            out.to_str().unwrap(),
        ],
    );
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let shown = format!("http://***@{host}/day/capture.pcapng.gz?X-Amz-Signature=***&part=***");
    let findings = lines(&out.join("findings.jsonl"));
    assert!(findings.iter().any(|finding| finding.to_string().contains(&shown)), "{findings:?}");
    let mut all = texts(&out);
    all.push((PathBuf::from("stderr"), stderr(&output)));
    all.push((PathBuf::from("stdout"), stdout(&output)));
    for (path, text) in all {
        for secret in ["p4ssw0rd", "5ec7e7", "anna:"] {
            assert!(!text.contains(secret), "{secret} in {}", path.display());
        }
    }
    let exchanges =
        exchanges(&server, &[&url("capture.pcapng.gz"), &url("capture.pcapng.gz").replace("part=1", "part=2")]);
    let (said, rows) = (stderr(&exchanges.0), stdout(&exchanges.0));
    assert!(said.contains(&format!("{shown} (2) is a copy of {shown}")), "{said}");
    assert!(!(said + &rows).contains("5ec7e7"));
}

#[test]
fn stores_are_not_asked_for_keys_that_are_none() {
    let server = Server::start();
    for (input, part) in
        [("s3://key:secret1@bucket/x", "BUCKET/KEY"), ("s3:///x", "BUCKET/KEY"), ("s3://bucket/a/[", "pattern")]
    {
        let output = exchanges(&server, &[input]).0;
        assert_eq!(code(&output), 3, "{}", stderr(&output));
        assert!(stderr(&output).contains(part) && !stderr(&output).contains("secret1"), "{}", stderr(&output));
    }
}
