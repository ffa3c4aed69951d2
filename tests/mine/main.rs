//! A mined draft reads as a model, and the traffic it was mined from fits it: whatever the traffic.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on stops")]

mod calls;
mod doubts;
mod forms;
mod invariants;
mod lists;
mod names;
mod owners;
mod procedures;
mod random;
mod roles;
mod sample;
mod settings;
mod steps;
#[path = "../support/mod.rs"]
mod support;
mod tenants;
mod told_apart;

use std::fs;
use std::path::{Path, PathBuf};

use offpath::model::Model;
use serde_json::Value;
use support::{code, lines, offpath, stderr, text};

/// Mines a draft; `None` where nothing could be read at all.
fn mined(inputs: &[&Path], extra: &[&str], folder: &Path) -> Option<PathBuf> {
    let draft = folder.join("draft.model.yaml");
    let _ = fs::remove_file(&draft);
    let mut args = vec!["mine", "-q", "-o", draft.to_str().unwrap()];
    args.extend(inputs.iter().map(|path| path.to_str().unwrap()));
    args.extend(extra);
    let output = offpath(&args);
    assert!([0, 3, 4].contains(&code(&output)), "{}", stderr(&output));
    draft.exists().then_some(draft)
}

/// Accepted steps that break a lifecycle of the draft. A refused attempt is no part of what a draft allows.
fn misfits(inputs: &[&Path], draft: &Path, folder: &Path) -> Vec<Value> {
    let run = folder.join("run");
    let mut args = vec!["check", "--model", draft.to_str().unwrap(), "-o", run.to_str().unwrap(), "--exit-zero", "-q"];
    args.extend(inputs.iter().map(|path| path.to_str().unwrap()));
    let output = offpath(&args);
    assert!([0, 3, 4].contains(&code(&output)), "{}", stderr(&output));
    let structural = ["ST-ILLEGAL", "ST-ORPHAN", "ST-DIVERGE"];
    let mut found = lines(&run.join("findings.jsonl"));
    found.retain(|f| text(f, "rule").starts_with("SEQ-") || structural.contains(&text(f, "rule")));
    found.retain(|f| text(f, "verdict") != "attempted");
    found
}

/// The draft of some traffic, after the law was tested on it.
fn lawful(inputs: &[&Path]) -> String {
    lawful_if_any(inputs).expect("a draft")
}

/// The same for traffic that may be too little to show an object.
fn lawful_if_any(inputs: &[&Path]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let draft = mined(inputs, &[], folder.path())?;
    let text = fs::read_to_string(&draft).unwrap();
    if let Err(errors) = Model::read("draft", &text) {
        panic!("{}\n{text}", errors.render(false));
    }
    let found = misfits(inputs, &draft, folder.path());
    assert!(found.is_empty(), "{found:#?}\n{text}");
    Some(text)
}

#[test]
fn other_peoples_traffic_gives_lawful_drafts() {
    let Some(corpus) = std::env::var_os("OFFPATH_CORPUS").map(PathBuf::from) else {
        eprintln!("skipped: OFFPATH_CORPUS is not set");
        return;
    };
    let (mut tried, mut drafted) = (0, 0);
    for folder in ["har", "captures/zeek", "captures/suricata-verify", "captures/wireshark"] {
        let Ok(entries) = fs::read_dir(corpus.join(folder)) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            let folder = tempfile::tempdir().unwrap();
            tried += 1;
            // Most of these show no object, and give no draft.
            if mined(&[&path], &[], folder.path()).is_some() {
                lawful(&[&path]);
                drafted += 1;
            }
        }
    }
    assert!(tried > 20 && drafted > 5, "the corpus is not there: {drafted} of {tried}");
}
