//! All that commands write, as texts.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::traffic::traffic;
use crate::offpath_in;
use crate::support::{code, lines, stderr};

/// Every text in a file: as it is, rows of Parquet, and what a report has compressed.
pub(super) fn texts(path: &Path) -> String {
    let mut bytes = Vec::new();
    File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if bytes.starts_with(b"PAR1") {
        let rows = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
        rows.get_row_iter(None).unwrap().for_each(|row| text += &format!("{}\n", row.unwrap()));
    }
    let base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let packed: Vec<Vec<u8>> =
        text.split(|c| !base64(c)).filter(|run| run.len() > 64).filter_map(|run| STANDARD.decode(run).ok()).collect();
    for packed in packed {
        let mut inflated = String::new();
        if flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut inflated).is_ok() {
            text += &inflated;
        }
    }
    text
}

pub(super) fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Runs every command at a level; everything that was written, by the name of where.
pub(super) fn outputs(level: &str) -> Vec<(String, String)> {
    outputs_with(&["--redact", level])
}

/// Runs every command with such flags; everything that was written, by the name of where.
pub(super) fn outputs_with(redact: &[&str]) -> Vec<(String, String)> {
    outputs_of(redact, &mut traffic)
}

/// As [`outputs_with`], on the inputs that `plant` writes into a folder, with their model.
pub(super) fn outputs_of(redact: &[&str], plant: &mut dyn FnMut(&Path)) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    fs::create_dir(&input).unwrap();
    plant(&input);
    let mut inputs: Vec<String> = fs::read_dir(&input)
        .unwrap()
        .map(|entry| format!("in/{}", entry.unwrap().file_name().to_str().unwrap()))
        .filter(|name| !name.ends_with(".yaml"))
        .collect();
    inputs.sort();
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let model = ["--model", "in/hostile.model.yaml"];
    let base = [&inputs, redact].concat();
    let outs = [
        "-o",
        "out/run",
        "-o",
        "out/f.sarif",
        "-o",
        "out/f.csv",
        "-o",
        "out/f.md",
        "-o",
        "out/f.html",
        "-o",
        "out/f.parquet",
        "-o",
        "out/f.json",
    ];
    let mut runs: Vec<Vec<&str>> = vec![
        [&["check", "--exit-zero", "-v"], &base[..], &model, &outs].concat(),
        [&["inspect", "-v"], &base[..], &model].concat(),
        [&["inspect", "--format", "json"], &base[..], &model].concat(),
        [&["mine"], &base[..], &model].concat(),
        [&["mine", "--format", "json"], &base[..], &model].concat(),
        [&["exchanges", "-o", "out/e.csv", "-o", "out/e.parquet", "-o", "out/e.jsonl"], &base[..]].concat(),
    ];
    if !redact.contains(&"hash") {
        runs.push([&["check", "--exit-zero", "-o", "out/bare"], &base[..]].concat());
        runs.push([&["inspect"], &base[..]].concat());
    }
    let mut written = Vec::new();
    for args in &runs {
        let output = offpath_in(folder.path(), args, &[]);
        // Lines that are no records, and what they are taken for, are told as well.
        assert!(matches!(code(&output), 0 | 3), "{args:?}: {}", stderr(&output));
        let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        written.push((args.join(" "), String::from_utf8_lossy(&text).into_owned()));
    }
    let findings = lines(&folder.path().join("out/run/findings.jsonl"));
    let shown = findings.iter().map(|finding| finding["id"].as_str().unwrap().to_owned());
    let cases = findings.iter().filter_map(|finding| finding["case"].as_str().map(str::to_owned));
    for what in shown.chain(cases) {
        let output = offpath_in(folder.path(), &["show", &what, "--run", "out/run"], &[]);
        assert_eq!(code(&output), 0, "{what}: {}", stderr(&output));
        written.push((format!("show {what}"), String::from_utf8_lossy(&output.stdout).into_owned()));
    }
    let mut paths = Vec::new();
    files(&folder.path().join("out"), &mut paths);
    written.extend(paths.iter().map(|path| (path.display().to_string(), texts(path))));
    assert!(findings.len() >= 3, "{findings:?}");
    written
}

pub(super) fn none_of(needles: &[&str], written: &[(String, String)], level: &str) {
    for (place, text) in written {
        for needle in needles {
            let at = text.find(needle);
            let around = at.map(|at| text.get(at.saturating_sub(80)..at + needle.len() + 20));
            assert!(at.is_none(), "{needle} in {place} at {level}: {around:?}");
        }
    }
}

pub(super) fn some_of(needles: &[&str], written: &[(String, String)], level: &str) {
    for needle in needles {
        assert!(written.iter().any(|(_, text)| text.contains(needle)), "{needle} is nowhere at {level}");
    }
}
