//! `offpath capture` on loopback, through the binary.
#![cfg(feature = "live")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use support::traffic::{ask, flood, hash_key, interrupt, may_capture, signal, watching};
use support::{code, have, offpath, stderr, stdout};

const ENHANCED_PACKET: u32 = 6;
const STATISTICS: u32 = 5;

/// A pcapng file's blocks: type and body.
fn blocks(file: &Path) -> Vec<(u32, Vec<u8>)> {
    let bytes = fs::read(file).unwrap();
    let mut rest = &bytes[..];
    let mut found = Vec::new();
    while !rest.is_empty() {
        let word = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
        let length = word(4) as usize;
        assert_eq!(word(length - 4) as usize, length, "{}", file.display());
        found.push((word(0), rest[8..length - 4].to_vec()));
        rest = &rest[length..];
    }
    found
}

/// Numbers of a file's statistics by option code: 4 received, 5 dropped by the interface, 7 by the kernel.
fn statistics(file: &Path) -> Vec<(u16, u64)> {
    let blocks = blocks(file);
    let (kind, body) = blocks.last().unwrap();
    assert_eq!(*kind, STATISTICS);
    let mut options = &body[12..];
    let mut found = Vec::new();
    while let [c0, c1, 8, 0, value @ ..] = options {
        found.push((u16::from_le_bytes([*c0, *c1]), u64::from_le_bytes(value[..8].try_into().unwrap())));
        options = &value[8..];
    }
    found
}

/// Names in a folder, hidden ones too.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn targets(input: &Path) -> Vec<String> {
    let output = offpath(&["exchanges", input.to_str().unwrap()]);
    let row = |line: &str| -> Value { serde_json::from_str(line).unwrap() };
    stdout(&output).lines().map(|line| row(line)["target"].as_str().unwrap_or_default().to_owned()).collect()
}

fn of_uid(child: &Child) -> u32 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("Uid:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Waits until a condition holds; a capture that never gets there fails the test.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("after a minute not yet: {what}");
}

#[test]
fn a_rotation_by_size_holds_every_packet_and_no_right_of_root_is_kept() {
    if !may_capture() {
        return;
    }
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("traffic/");
    let (port, child) = watching(&["capture", "-i", "lo", "-w", folder.to_str().unwrap(), "--file-size", "2K"]);
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if root {
        until("root's rights are given up", || of_uid(&child) != 0);
    }
    for id in 0..20 {
        ask(port, id);
    }
    let (exit, said) = interrupt(child);
    assert_eq!(exit, 0, "{said}");
    assert!(said.contains("by the kernel"), "{said}");
    let files: Vec<PathBuf> = names(&folder).iter().map(|name| folder.join(name)).collect();
    assert!(files.len() > 3 && said.contains(&format!("{} files", files.len())), "{said}: {files:?}");
    for file in &files {
        let metadata = fs::metadata(file).unwrap();
        // Of a packet that is larger alone, the file holds nothing else.
        assert!(metadata.len() <= 2048 || blocks(file).len() <= 4, "{} bytes", metadata.len());
        assert_eq!(metadata.mode() & 0o007, 0, "packets are not for everybody");
        assert!(!root || metadata.uid() != 0);
        assert!(statistics(file).len() >= 3);
    }
    let mut found = targets(&folder);
    found.sort_by_key(|target| target.rsplit('/').next().unwrap().parse::<u32>().unwrap());
    assert_eq!(found, (0..20).map(|id| format!("/orders/{id}")).collect::<Vec<_>>());
    if have("tcpdump") {
        for file in &files {
            let read = Command::new("tcpdump").args(["-n", "-t", "-q", "-r"]).arg(file).output().unwrap();
            let packets = blocks(file).iter().filter(|(kind, _)| *kind == ENHANCED_PACKET).count();
            assert_eq!(stdout(&read).lines().count(), packets, "{}", stderr(&read));
        }
    }
}

#[test]
fn a_rotation_by_time_keeps_the_newest_files() {
    if !may_capture() {
        return;
    }
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("ring");
    let path = format!("{}/", folder.display());
    let ring = ["--file-time", "1ms", "--files", "2"];
    let (port, child) = watching(&[&["capture", "-i", "lo", "-w", &path][..], &ring].concat());
    let whole = || names(&folder).into_iter().filter(|name| !name.starts_with('.')).collect::<Vec<_>>();
    for id in 0..4 {
        let before = whole();
        ask(port, id);
        until("a further file", || whole().last() != before.last());
    }
    let (exit, said) = interrupt(child);
    assert_eq!(exit, 0, "{said}");
    let left = names(&folder);
    assert!(left.len() == 2 && left.iter().all(|name| name.starts_with("traffic_0")), "{left:?}");
    assert!(!left.iter().any(|name| name.starts_with("traffic_00001_")), "{left:?}");
}

#[test]
fn a_file_has_its_name_when_it_is_whole_and_is_not_replaced() {
    if !may_capture() {
        return;
    }
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("one");
    let file = folder.join("first.pcapng");
    let (port, child) = watching(&["capture", "-i", "lo", "-w", file.to_str().unwrap()]);
    until("the file is begun", || folder.exists() && names(&folder) == [".first.pcapng.part"]);
    ask(port, 7);
    signal(&child, "-TERM");
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(names(&folder), ["first.pcapng"]);
    assert_eq!(targets(&file), ["/orders/7"]);
    let again = offpath(&["capture", "-i", "lo", "-w", file.to_str().unwrap(), "--duration", "1ms"]);
    assert_eq!(code(&again), 2, "{}", stderr(&again));
    assert!(stderr(&again).contains("--force"));
    let replaced = offpath(&[
        "capture",
        "-i",
        "lo",
        "-f",
        "udp port 9",
        "-w",
        file.to_str().unwrap(),
        "--force",
        "--duration",
        "1ms",
    ]);
    assert_eq!(code(&replaced), 4, "{}", stderr(&replaced));
    assert!(targets(&file).is_empty());
}

#[test]
fn through_a_pipe_an_exchange_is_a_line_while_the_capture_goes_on() {
    if !may_capture() {
        return;
    }
    let (port, mut capture) = watching(&["capture", "-i", "lo", "-w", "-"]);
    let mut reading = Command::new(env!("CARGO_BIN_EXE_offpath"))
        .args(["exchanges", "-"])
        .env("OFFPATH_HASH_KEY", hash_key())
        .stdin(capture.stdout.take().unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut rows = BufReader::new(reading.stdout.take().unwrap()).lines();
    for id in 0..5 {
        ask(port, id);
        let row: Value = serde_json::from_str(&rows.next().unwrap().unwrap()).unwrap();
        assert_eq!(row["target"], format!("/orders/{id}"));
    }
    let (exit, said) = interrupt(capture);
    assert_eq!(exit, 0, "{said}");
    assert_eq!(rows.count(), 0);
    assert!(reading.wait().unwrap().success());
}

#[test]
fn what_the_kernel_drops_is_said_and_written() {
    if !may_capture() {
        return;
    }
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("new/dropped.pcapng");
    let (port, child) = watching(&["capture", "-i", "lo", "-w", file.to_str().unwrap()]);
    flood(port, &child);
    let (exit, said) = interrupt(child);
    assert_eq!(exit, 0, "{said}");
    let written = statistics(&file).into_iter().find(|(code, _)| *code == 7).unwrap().1;
    // Who reads the file later learns of it, and where.
    let run: Value =
        serde_json::from_str(&stdout(&offpath(&["inspect", file.to_str().unwrap(), "--format", "json"]))).unwrap();
    let told = run["not_read"].as_array().unwrap().iter().find(|part| part["reason"] == "dropped_while_capturing");
    assert!(told.is_some_and(|part| part["count"].as_u64().unwrap() > 0), "{}", run["not_read"]);
    assert!(run["blind_spots"].as_u64().unwrap() > 0);
    assert!(written > 0 && said.contains(&format!("dropped: {written} by the kernel")), "{said}, {written} written");
}

#[test]
fn what_cannot_be_meant_exits_2() {
    let exists = tempfile::NamedTempFile::new().unwrap();
    let path = exists.path().to_str().unwrap();
    for (args, part) in [
        (&["-i", "lo"][..], "--write"),
        (&["-i", "lo", "-w", path][..], "--force"),
        (&["-i", "lo", "-w", "/dev/null", "--force"][..], "is no file"),
        (&["-i", "lo", "-w", "-", "--file-size", "1M"][..], "does not rotate"),
        (&["-i", "lo", "-w", "new.pcapng", "--files", "3"][..], "--file-size"),
        (&["-i", "lo", "-w", "new.pcapng", "-f", "tcp prot 80"][..], "syntax error"),
        (&["-i", "lo", "-w", "new.pcapng", "--user", "no-such-user"][..], "--user"),
        (&["-i", "no-such0", "-w", "new.pcapng"][..], "no-such0"),
    ] {
        let output = offpath(&[&["capture"], args].concat());
        assert_eq!(code(&output), 2, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(part), "{args:?}: {}", stderr(&output));
    }
    assert!(!Path::new("new.pcapng").exists());
}

#[test]
fn a_folder_that_the_user_may_not_write_in_is_told_before_anything_is_lost() {
    if !may_capture() || fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    let of_root = tempfile::tempdir().unwrap();
    let output = offpath(&["capture", "-i", "lo", "-w", of_root.path().to_str().unwrap()]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(stderr(&output).contains("`nobody`, which writes, is not allowed"), "{}", stderr(&output));
    let kept = ["--user", "root", "--duration", "1ms", "-f", "udp port 9"];
    let output = offpath(&[&["capture", "-i", "lo", "-w", of_root.path().to_str().unwrap()][..], &kept].concat());
    assert_eq!(code(&output), 4, "{}", stderr(&output));
    assert_eq!(names(of_root.path()).len(), 1);
}
