//! Same input, same findings byte for byte: at any thread count and memory budget, in any file order, whole or split.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use offpath_fixtures::{Abuse, Format, Options};
use serde_json::Value;
use support::check;

fn scenario(folder: &Path, split: u32) -> PathBuf {
    let out = folder.join(format!("split-{split}"));
    let options = Options {
        formats: [Format::Pcapng, Format::Har, Format::Json].into(),
        loss: 2_000,
        reorder: 20_000,
        split,
        ..Options::whole(120, 5, Abuse::parse("all").unwrap(), out.clone())
    };
    offpath_fixtures::write(&options).unwrap();
    out
}

/// The findings file of a check.
fn findings(inputs: &[&Path], extra: &[&str]) -> String {
    let (folder, _) = check(inputs, extra);
    fs::read_to_string(folder.path().join("run/findings.jsonl")).unwrap()
}

/// Everything deterministic in the run folder: file names with their bytes.
fn run_folder(inputs: &[&Path], extra: &[&str]) -> Vec<(PathBuf, Vec<u8>)> {
    let (folder, _) = check(inputs, extra);
    let run = folder.path().join("run");
    let mut files = Vec::new();
    let mut open = vec![run.clone()];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if !path.ends_with("timings.json") {
                files.push((path.strip_prefix(&run).unwrap().to_owned(), fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn threads_and_memory_do_not_change_a_byte() {
    let folder = tempfile::tempdir().unwrap();
    let out = scenario(folder.path(), 1);
    let capture = out.join("capture.pcapng");
    let reference = run_folder(&[&capture], &["--threads", "1"]);
    assert!(reference.iter().any(|(name, bytes)| name.ends_with("findings.jsonl") && !bytes.is_empty()));
    for extra in [["--threads", "2"], ["--threads", "7"], ["--memory", "64K"]] {
        let again = run_folder(&[&capture], &extra);
        assert_eq!(again.len(), reference.len(), "as many files with {extra:?}");
        for ((name, bytes), (other, others)) in reference.iter().zip(again) {
            assert_eq!(*name, other);
            assert!(*bytes == others, "{} differs with {extra:?}", name.display());
        }
    }
}

#[test]
fn the_order_of_files_does_not_change_a_byte() {
    let folder = tempfile::tempdir().unwrap();
    let out = scenario(folder.path(), 3);
    let captures: Vec<PathBuf> = (1..=3).map(|n| out.join(format!("capture-{n:02}.pcapng"))).collect();
    let forward = findings(&[&captures[0], &captures[1], &captures[2]], &[]);
    let shuffled = findings(&[&captures[2], &captures[0], &captures[1]], &[]);
    assert!(!forward.is_empty());
    assert_eq!(forward, shuffled);
    let glob = out.join("capture-*.pcapng");
    let once = run_folder(&[&glob], &[]);
    assert_eq!(once, run_folder(&[&captures[1], &glob], &[]), "a file named twice is read once");
}

#[test]
fn a_split_capture_gives_the_same_findings_but_for_the_files_they_point_to() {
    let folder = tempfile::tempdir().unwrap();
    let whole = scenario(folder.path(), 1);
    let split = scenario(folder.path(), 4);
    let parts: Vec<PathBuf> = (1..=4).map(|n| split.join(format!("capture-{n:02}.pcapng"))).collect();
    let parts: Vec<&Path> = parts.iter().map(PathBuf::as_path).collect();
    let whole = without_origins(&findings(&[&whole.join("capture.pcapng")], &[]));
    let split = without_origins(&findings(&parts, &[]));
    assert!(!whole.is_empty());
    assert_eq!(whole, split);
}

/// Findings without the file and frame of their evidence, which must differ when the file does.
fn without_origins(jsonl: &str) -> Vec<Value> {
    jsonl
        .lines()
        .map(|line| {
            let mut finding: Value = serde_json::from_str(line).unwrap();
            for evidence in finding["evidence"].as_array_mut().unwrap() {
                let evidence = evidence.as_object_mut().unwrap();
                assert!(evidence.remove("origin").is_some() && evidence.remove("offset").is_some());
            }
            finding
        })
        .collect()
}
