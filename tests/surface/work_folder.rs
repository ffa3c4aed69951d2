//! What a stopped run leaves: nothing after a signal, and after a kill nothing that the next run does not remove.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::support::{code, stderr};
use crate::{offpath_in, shop};

/// A run whose input never ends; what is temporary lies in the folder too.
fn endless(folder: &Path, args: &[&str]) -> Child {
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/hash.key");
    Command::new(env!("CARGO_BIN_EXE_offpath"))
        .args(args)
        .current_dir(folder)
        .env("OFFPATH_HASH_KEY", key)
        .env("TMPDIR", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A run that waits for more of its input, and the folder that it works in.
fn waiting(folder: &Path) -> (Child, PathBuf) {
    let mut child = endless(folder, &["check", "-", "-o", "run", "-q"]);
    child.stdin.as_mut().unwrap().write_all(b"10.0.0.1 - a ").unwrap();
    // As long as it takes; a run that never begins fails the test runner's own limit.
    let work = loop {
        if let Some(work) = work_folder(folder).filter(|work| work.join("lock").exists()) {
            break work;
        }
        sleep(Duration::from_millis(20));
    };
    (child, work)
}

fn work_folder(folder: &Path) -> Option<PathBuf> {
    let mut entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(".offpath-run-"))
}

#[test]
fn a_signal_removes_the_working_folder() {
    for (signal, number) in [("TERM", 15), ("INT", 2)] {
        let folder = tempfile::tempdir().unwrap();
        let (mut child, work) = waiting(folder.path());
        // The first Ctrl-C is for the writer of the pipe. Two signals at one time are one: sent until it is over.
        let status = loop {
            assert!(Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap().success());
            sleep(Duration::from_millis(10));
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
        };
        assert_eq!(status.signal(), Some(number), "the shell sees what ended it");
        assert!(!work.exists(), "{signal}");
    }
}

#[test]
fn what_a_kill_leaves_the_next_run_removes_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let (mut child, work) = waiting(folder.path());
    // A run that is under way is left alone.
    let beside = offpath_in(folder.path(), &["check", "shop.log", "-o", "other"], &[]);
    assert_eq!(code(&beside), 0, "{}", stderr(&beside));
    assert!(work.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(work.exists());
    let next = offpath_in(folder.path(), &["check", "shop.log", "-o", "other"], &[]);
    assert_eq!(code(&next), 0, "{}", stderr(&next));
    assert!(stderr(&next).contains("left by a run that was killed"), "{}", stderr(&next));
    assert_eq!(work_folder(folder.path()), None);
}

#[test]
fn what_a_draft_keeps_of_its_input_goes_with_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = endless(folder.path(), &["mine", "-", "-o", "draft.yaml", "-q"]);
    child.stdin.as_mut().unwrap().write_all(b"10.0.0.1 - a ").unwrap();
    let names = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    // As long as it takes: the lock, and the copy of the input in the folder beside it.
    while !names(folder.path()).iter().any(|path| path.join("lock").exists() && !names(&path.join("run")).is_empty()) {
        sleep(Duration::from_millis(20));
    }
    assert!(names(folder.path()).iter().all(|path| path.is_dir()), "{:?}", names(folder.path()));
    let status = loop {
        assert!(Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status().unwrap().success());
        sleep(Duration::from_millis(10));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
    };
    assert_eq!(status.signal(), Some(15));
    assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
}
