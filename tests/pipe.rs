//! Pipes that grow while they are read: each exchange comes as soon as it is whole, not when the pipe ends.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;
use support::wire::{self, Wire};
use support::{code, offpath, sample, stderr, stdout};

/// A reading of what this test writes.
struct Reading {
    child: Child,
    pipe: ChildStdin,
    rows: Lines<BufReader<ChildStdout>>,
}

impl Reading {
    fn start(args: &[&str]) -> Self {
        let key = sample().join("../../tests/support/hash.key");
        let mut child = Command::new(env!("CARGO_BIN_EXE_offpath"))
            .args(args)
            .env("OFFPATH_HASH_KEY", key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (pipe, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Reading { child, pipe, rows: BufReader::new(out).lines() }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.pipe.write_all(bytes).and_then(|()| self.pipe.flush()).unwrap();
    }

    /// The next line: the writer waits for it, so a reader that waits for more hangs here.
    fn row(&mut self) -> String {
        self.rows.next().unwrap().unwrap()
    }

    /// Ends the pipe; the exit code and the lines that were left.
    fn end(mut self) -> (i32, Vec<String>) {
        drop(self.pipe);
        let rest = self.rows.by_ref().map(Result::unwrap).collect();
        let output = self.child.wait_with_output().unwrap();
        (code(&output), rest)
    }
}

fn target(row: &str) -> String {
    let row: Value = serde_json::from_str(row).unwrap();
    row["target"].as_str().unwrap().to_owned()
}

#[test]
fn every_log_line_is_answered_before_the_next_is_written() {
    let combined = |n: u32| {
        format!("10.0.0.1 - user{n} [01/Mar/2026:10:00:{n:02} +0000] \"GET /orders/{n} HTTP/1.1\" 200 5 \"-\" \"-\"\n")
    };
    let json = |n: u32| {
        format!(
            "{{\"time\":\"2026-03-01T10:00:{n:02}Z\",\"method\":\"GET\",\"path\":\"/orders/{n}\",\"status\":200,\"client\":\"10.0.0.1\"}}\n"
        )
    };
    for line in [&combined as &dyn Fn(u32) -> String, &json] {
        for format in ["jsonl", "csv"] {
            let mut reading = Reading::start(&["exchanges", "-", "--format", format]);
            let mut answers = Vec::new();
            if format == "csv" {
                // The heading comes with the first exchange.
                reading.write(line(0).as_bytes());
                assert!(reading.row().starts_with("time,"));
                answers.push(reading.row());
            }
            for n in answers.len() as u32..5 {
                reading.write(line(n).as_bytes());
                let row = reading.row();
                assert!(row.contains(&format!("/orders/{n}")), "{row}");
            }
            assert_eq!(reading.end(), (0, Vec::new()));
        }
    }
}

#[test]
fn a_capture_that_grows_gives_each_exchange_with_the_packet_that_ends_it() {
    let mut reading = Reading::start(&["exchanges", "-"]);
    reading.write(&wire::header());
    let mut wire = Wire::new(40_000);
    reading.write(&wire.handshake());
    for n in 0..5 {
        let request = format!("GET /orders/{n} HTTP/1.1\r\nHost: shop.test\r\n\r\n");
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";
        reading.write(&wire.packet(0, request.as_bytes()));
        reading.write(&wire.packet(1, answer.as_bytes()));
        assert_eq!(target(&reading.row()), format!("/orders/{n}"));
    }
    assert_eq!(reading.end(), (0, Vec::new()));
}

#[test]
#[cfg(unix)]
fn ctrl_c_leaves_the_end_to_the_writer() {
    let log = fs::read_to_string(sample().join("access.log")).unwrap();
    let interrupt = |child: &Child| {
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    };
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("exchanges.jsonl");
    let out = ["-o", table.to_str().unwrap()];
    // The named file is written line by line, so its first line tells that the reading goes on.
    let mut reading = Reading::start(&[&["exchanges", "-"][..], &out].concat());
    let (first, rest) = log.split_at(log.find('\n').unwrap() + 1);
    reading.write(first.as_bytes());
    let written = || fs::read_to_string(&table).map_or(0, |text| text.lines().count());
    while written() == 0 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    interrupt(&reading.child);
    reading.write(rest.as_bytes());
    assert_eq!(reading.end().0, 0);
    assert_eq!(written(), log.lines().count());
    let mut reading = Reading::start(&[&["exchanges", "-"][..], &out].concat());
    reading.write(first.as_bytes());
    while written() != 1 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    interrupt(&reading.child);
    // Two signals at one time are one: sent until it is over.
    let status = loop {
        interrupt(&reading.child);
        if let Some(status) = reading.child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(130));
}

#[test]
fn a_pipe_is_judged_like_the_file_that_it_carries() {
    let log = fs::read(sample().join("access.log")).unwrap();
    let keys = |text: &str| text.lines().map(target).collect::<Vec<_>>();
    let of_file = offpath(&["exchanges", sample().join("access.log").to_str().unwrap()]);
    let mut reading = Reading::start(&["exchanges", "-"]);
    let (first, rest) = log.split_at(1000);
    reading.write(first);
    let mut rows = vec![reading.row()];
    std::thread::scope(|scope| {
        let Reading { pipe, rows: out, .. } = &mut reading;
        scope.spawn(move || pipe.write_all(rest).unwrap());
        let count = stdout(&of_file).lines().count() - 1;
        rows.extend(out.by_ref().take(count).map(Result::unwrap));
    });
    assert_eq!(reading.end(), (0, Vec::new()));
    assert_eq!(keys(&rows.join("\n")), keys(&stdout(&of_file)));
    let out = tempfile::tempdir().unwrap();
    let model = sample().join("model.yaml");
    let check = |input: &str, stdin: Stdio, run: &str| {
        let folder = out.path().join(run);
        let key = sample().join("../../tests/support/hash.key");
        let output = Command::new(env!("CARGO_BIN_EXE_offpath"))
            .args(["check", input, "--model", model.to_str().unwrap(), "-o", folder.to_str().unwrap(), "--exit-zero"])
            .env("OFFPATH_HASH_KEY", key)
            .stdin(stdin)
            .output()
            .unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        fs::read_to_string(folder.join("findings.jsonl")).unwrap().replace(&format!("{input}#"), "INPUT#")
    };
    let file = sample().join("access.log");
    let mut cat = Command::new("cat").arg(&file).stdout(Stdio::piped()).spawn().unwrap();
    let piped = check("-", cat.stdout.take().unwrap().into(), "piped");
    assert_eq!(piped, check(file.to_str().unwrap(), Stdio::null(), "file"));
    assert!(cat.wait().unwrap().success());
}
