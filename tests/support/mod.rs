//! What the end-to-end tests share: the binary, the sample scenario, findings and truth.
#![expect(dead_code, unreachable_pub, reason = "each test file is a crate of its own and uses its own part")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on stops")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

pub mod archive;
pub mod stories;
#[cfg(feature = "live")]
pub mod traffic;
pub mod wire;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The sample scenario that the repository carries.
pub fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/order-to-cash")
}

/// The built binary with a key of its own, so that pseudonyms are the same on every machine.
pub fn offpath(args: &[&str]) -> Output {
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/hash.key");
    Command::new(env!("CARGO_BIN_EXE_offpath"))
        .args(args)
        .env("OFFPATH_HASH_KEY", key)
        .env_remove("COLUMNS")
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .output()
        .expect("the binary starts")
}

/// The same in a folder, on a terminal of so many columns.
pub fn offpath_at(args: &[&str], folder: &Path, columns: usize) -> Output {
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/hash.key");
    Command::new(env!("CARGO_BIN_EXE_offpath"))
        .args(args)
        .current_dir(folder)
        .env("OFFPATH_HASH_KEY", key)
        .env("COLUMNS", columns.to_string())
        .output()
        .expect("the binary starts")
}

/// Standard error as text.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Standard output as text.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Exit code, which every run must have: a signal is a failure.
pub fn code(output: &Output) -> i32 {
    output.status.code().expect("the process ended by itself")
}

/// Lines of a JSON lines file.
pub fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// Runs `check` into a new folder and returns it with the findings.
pub fn check(inputs: &[&Path], extra: &[&str]) -> (tempfile::TempDir, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let model = sample().join("model.yaml");
    let mut args = vec!["check", "--model", model.to_str().unwrap(), "-o", run.to_str().unwrap(), "--exit-zero", "-q"];
    args.extend(inputs.iter().map(|path| path.to_str().unwrap()));
    args.extend(extra);
    let output = offpath(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let findings = lines(&run.join("findings.jsonl"));
    (folder, findings)
}

/// Text field of a JSON object; empty when null or absent.
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// Object of a finding as `type:key`.
pub fn object(finding: &Value) -> String {
    format!("{}:{}", text(&finding["object"], "type"), text(&finding["object"], "id"))
}

/// Whether a finding counts (is not for review only).
pub fn counts(finding: &Value) -> bool {
    finding["confidence"].as_f64().unwrap() >= 0.5
}

/// Whether an optional peer is there; fails when CI says that all are installed.
pub fn have(command: &str) -> bool {
    let found = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).chain(["/usr/sbin".into()]).any(|p| p.join(command).is_file())
    });
    if !found {
        assert!(std::env::var_os("OFFPATH_REQUIRE_PEERS").is_none(), "{command} is not installed, and must be here");
        eprintln!("skipped: {command} is not installed");
    }
    found
}

/// A bearer token with these claims, which nobody signed.
pub fn token(claims: &str) -> String {
    format!("{}.{}.c2ln", base64(r#"{"alg":"HS256"}"#), base64(claims))
}

/// Base64 in the alphabet of URLs, without padding.
fn base64(text: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        let letter = |n: usize| char::from(LETTERS[(bits >> (18 - 6 * n)) as usize & 63]);
        out.extend((0..=chunk.len()).map(letter));
    }
    out
}
