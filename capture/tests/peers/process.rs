//! Processes of a test: started with a folder for what they say, awaited by polling, killed whatever happens.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take before the test fails; nothing waits this long when all is well.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running process. Dropping it kills it.
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    said: PathBuf,
}

impl Process {
    /// Starts a process; its standard error goes to a file in `folder`, its standard output to `out`, and its standard
    /// input stays open until it is dropped.
    pub(crate) fn start(name: &'static str, command: &mut Command, folder: &Path, out: &Path) -> Self {
        let said = folder.join(format!("{name}.stderr"));
        let child = command
            .stdin(Stdio::piped())
            .stdout(File::create(out).unwrap())
            .stderr(File::create(&said).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Process { name, child, said }
    }

    /// Writes to its standard input.
    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(bytes.as_ref()).and_then(|()| input.flush()).unwrap_or_else(|error| {
            panic!("{} does not listen: {error}: {}", self.name, self.said());
        });
    }

    /// What it wrote to standard error so far.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.said).unwrap()).into_owned()
    }

    /// Waits for a condition; none when the process ended before it came true.
    pub(crate) fn until<T>(&mut self, what: &str, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
        let started = Instant::now();
        loop {
            if let Some(value) = condition() {
                return Some(value);
            }
            if self.child.try_wait().unwrap().is_some() {
                // It may have come true in its last moment.
                return condition();
            }
            self.pause(what, started);
        }
    }

    /// Waits for its end, which must be a success.
    pub(crate) fn succeed(mut self) {
        let status = self.end();
        assert!(status.success(), "{} ended with {status}: {}", self.name, self.said());
    }

    /// Asks it to end as a user does at a terminal, waits for that, and says what it said.
    pub(crate) fn interrupt(mut self) -> String {
        let kill = Command::new("sh").args(["-c", "kill -INT \"$0\"", &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success(), "{} cannot be interrupted", self.name);
        self.end();
        self.said()
    }

    fn end(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            self.pause("end", started);
        }
    }

    fn pause(&self, what: &str, started: Instant) {
        assert!(started.elapsed() < PATIENCE, "{}: no {what} in {PATIENCE:?}: {}", self.name, self.said());
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Path of an installed program. Without it the test is skipped; where CI says that all are installed it fails.
pub(crate) fn peer(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        skip(&format!("{name} is not installed"));
    }
    found
}

/// Says why a test is skipped, or fails where CI says that nothing may be.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("OFFPATH_REQUIRE_PEERS").is_none_or(|value| value != "1"), "must not be skipped: {why}");
    eprintln!("skipped: {why}");
}
