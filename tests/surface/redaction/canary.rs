//! One secret of its own in every place where traffic can hold one, and none of them in anything that is written: outputs,
//! listings, messages, and the spill files of a run that is under way.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::canaries::{Canaries, packets};
use super::outputs::outputs_of;
use super::traffic::MODEL;
use crate::support::wire;

#[test]
fn no_planted_secret_is_written_at_any_level() {
    for level in ["mask", "hash", "keep"] {
        let mut canaries = Canaries::default();
        let written = outputs_of(&["--redact", level], &mut |folder| canaries.plant(folder));
        assert!(canaries.count() > 90, "{}", canaries.count());
        for (place, text) in &written {
            canaries.none_in(text, &format!("{place} at {level}"));
        }
        // What is read is seen: names that are no secret come out where their level shows them.
        let shows = |word: &str| written.iter().any(|(_, text)| text.contains(word));
        assert!(shows("ord_77001") != (level == "hash"), "{level}");
        assert!(shows("graphql mutation login") && shows("mcp tool pay_order") && shows("websocket"), "{level}");
    }
}

/// A run that reads on has written what did not fit into its memory.
#[test]
fn no_planted_secret_is_in_a_spill_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hostile.model.yaml"), MODEL).unwrap();
    let mut canaries = Canaries::default();
    packets(&mut canaries, 1);
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/hash.key");
    let mut child = Command::new(env!("CARGO_BIN_EXE_offpath"))
        .args(["check", "-", "--model", "hostile.model.yaml", "-o", "run", "-v", "--memory", "64K", "--threads", "1"])
        .current_dir(folder.path())
        .env("OFFPATH_HASH_KEY", key)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&wire::header()).unwrap();
    // A connection after the other, each with the same secrets, until there are spills: the reader lags behind the pipe.
    let spills = (20_000..u16::MAX).find_map(|port| {
        stdin.write_all(&packets(&mut Canaries::default(), port)).unwrap();
        Some(spills(folder.path())).filter(|spills| !spills.is_empty())
    });
    for text in spills.unwrap() {
        canaries.none_in(&text, "a spill");
    }
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    canaries.none_in(&String::from_utf8_lossy(&output.stderr), "standard error");
}

/// What the files of a run that is under way say; those that are written to or gone at this moment are left out.
fn spills(folder: &Path) -> Vec<String> {
    let mut folders = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|suffix| suffix != "yaml") {
                let bytes = fs::read(&path).unwrap_or_default();
                found.extend(Some(bytes).filter(|bytes| bytes.len() > 4096));
            }
        }
    }
    found.into_iter().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}
