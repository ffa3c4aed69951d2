//! Each stage uses only what `ARCHITECTURE.md` lets it use: data moves one way.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Stage and the stages that it may name.
fn allowed() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        ("event", &["event"][..]),
        ("model", &["model", "event"][..]),
        ("correlate", &["correlate", "model", "event"][..]),
        ("compare", &["compare", "model", "event"][..]),
        ("mine", &["mine", "compare", "model", "event"][..]),
        ("finding", &["finding", "event", "model"][..]),
        ("rule", &["rule", "finding", "compare", "model", "event", "mine"][..]),
        ("drift", &["drift", "rule", "finding", "compare", "model", "event"][..]),
        ("report", &["report", "finding", "rule", "model"][..]),
        (
            "pipeline",
            &["pipeline", "report", "drift", "rule", "finding", "mine", "compare", "correlate", "model", "event"][..],
        ),
    ])
}

#[test]
fn stages_use_only_earlier_stages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let allowed = allowed();
    let mut broken = Vec::new();
    for file in rust_files(&root) {
        let relative = file.strip_prefix(&root).unwrap();
        let first = relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        let Some(may) = allowed.get(first) else { continue };
        for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            let code = line.split("//").next().unwrap();
            for used in stages_named(code) {
                if !may.contains(&used.as_str()) {
                    broken.push(format!("src/{}:{}: {first} uses {used}", relative.display(), number + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "layers broken:\n{}", broken.join("\n"));
}

/// Stages named as `crate::stage` in a line of code, also within `use crate::{...}` of one line.
fn stages_named(code: &str) -> Vec<String> {
    let stages =
        ["event", "model", "correlate", "compare", "mine", "finding", "rule", "drift", "report", "pipeline", "cli"];
    let mut named = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let list = rest.strip_prefix('{').and_then(|r| r.split('}').next());
        for item in list.map_or(vec![rest], |list| list.split(',').map(str::trim).collect()) {
            let word: String = item.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if stages.contains(&word.as_str()) {
                named.push(word);
            }
        }
    }
    named
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn the_reader_of_use_lines_sees_what_it_should() {
    assert_eq!(stages_named("use crate::{compare::Deviation, model};"), ["compare", "model"]);
    assert_eq!(stages_named("let x = crate::rule::judge();"), ["rule"]);
    assert!(stages_named("use std::fmt;").is_empty());
}

#[test]
fn captured_bytes_are_parsed_without_the_analyzer() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("capture/Cargo.toml");
    let manifest = fs::read_to_string(manifest).unwrap();
    assert!(!manifest.contains("\noffpath."), "capture depends on the analyzer");
    for file in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("capture/src")) {
        let text = fs::read_to_string(&file).unwrap();
        if is_test_module(&file) {
            continue;
        }
        for forbidden in ["std::env::", "SystemTime", "Instant::now", "println!", "eprintln!"] {
            let tests = text.find("#[cfg(test)]").unwrap_or(text.len());
            assert!(!text[..tests].contains(forbidden), "{} uses {forbidden}", file.display());
        }
    }
}

/// Whether the module above declares the file as `#[cfg(test)] mod name;`.
fn is_test_module(file: &Path) -> bool {
    let declaration = format!("#[cfg(test)]\nmod {};", file.file_stem().unwrap().to_str().unwrap());
    let parent = file.parent().unwrap();
    [parent.join("mod.rs"), parent.join("lib.rs"), parent.with_extension("rs")]
        .iter()
        .any(|above| fs::read_to_string(above).is_ok_and(|text| text.contains(&declaration)))
}
