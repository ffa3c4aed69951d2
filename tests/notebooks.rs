//! The notebooks run on a real run folder. They need a Python with `notebooks/requirements.txt`, named by
//! `OFFPATH_PYTHON` as `make test` does; without it this test skips and says so.

mod support;

use std::path::Path;
use std::process::Command;

use support::{check, sample, stderr, stdout};

#[test]
fn every_cell_passes_on_a_run_of_the_sample() {
    let Some(python) = std::env::var_os("OFFPATH_PYTHON") else {
        assert!(std::env::var_os("OFFPATH_REQUIRE_PEERS").is_none(), "OFFPATH_PYTHON names no Python, and must here");
        eprintln!("skipped: OFFPATH_PYTHON names no Python with notebooks/requirements.txt");
        return;
    };
    let (folder, findings) = check(&[&sample().join("capture.pcapng.gz")], &[]);
    assert!(!findings.is_empty());
    let notebooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("notebooks");
    let output = Command::new(python)
        .arg(notebooks.join("execute.py"))
        .env("OFFPATH_RUN", folder.path().join("run"))
        .output()
        .expect("OFFPATH_PYTHON starts");
    assert!(output.status.success(), "{}\n{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains("passed, 0 failed"), "{}", stdout(&output));
}
