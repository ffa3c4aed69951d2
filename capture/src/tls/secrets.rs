//! Every secret at hand, found by the client's random, and where more may come from.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use hashbrown::HashMap;
use zeroize::Zeroizing;

use super::Random;
use super::key_log::{self, CIPHERTEXT, LINE, Label, Line};
use super::secret::Secret;
use crate::{InputError, InputErrorKind, Timestamp};

/// Bytes read at once of a key log.
const PIECE: usize = 16 << 10;
/// Capture time between two looks at key logs that grow.
const LOOK_EVERY: i64 = 10_000;

/// Opens an input once more and adds the secrets that stand anywhere in it.
pub(crate) type Later = Box<dyn FnOnce(&mut Secrets)>;

/// The secrets of all connections, from key logs and from blocks of captures.
pub(crate) struct Secrets {
    by_random: HashMap<Random, Vec<(Label, Secret)>, foldhash::fast::RandomState>,
    /// Of clients of TLS 1.2, by the first bytes of what they encrypted for the server.
    premasters: HashMap<[u8; CIPHERTEXT], Secret, foldhash::fast::RandomState>,
    kept: usize,
    limit: usize,
    /// Whether there were more secrets than are kept.
    full: bool,
    /// Blocks with secrets of other protocols.
    others: u64,
    logs: Vec<Log>,
    later: Vec<Later>,
    growing: bool,
    looked: Option<Timestamp>,
    errors: Vec<InputError>,
}

/// The secrets of one connection under TLS 1.3.
#[derive(Clone, Debug)]
pub(super) struct Traffic {
    /// Client's and server's, of the handshake; where they are missing, the handshake is passed over.
    pub(super) handshake: [Option<Secret>; 2],
    /// Client's and server's.
    pub(super) application: [Secret; 2],
    pub(super) early: Option<Secret>,
}

impl Secrets {
    /// Reads key logs as far as they go.
    pub(crate) fn new(key_logs: &[PathBuf], limit: usize) -> Self {
        let mut secrets = Secrets {
            by_random: HashMap::default(),
            premasters: HashMap::default(),
            kept: 0,
            limit,
            full: false,
            others: 0,
            logs: Vec::new(),
            later: Vec::new(),
            growing: false,
            looked: None,
            errors: Vec::new(),
        };
        for path in key_logs {
            match File::open(path) {
                Ok(file) => secrets.logs.push(Log { path: path.clone(), file, lines: Lines::default() }),
                Err(error) => secrets.failed(path, error.into()),
            }
        }
        secrets.read_logs();
        secrets
    }

    /// The captures come from where more is written: key logs may grow while they are read, and a block with secrets may
    /// follow its packets.
    pub(crate) fn grow(&mut self) {
        self.growing = true;
    }

    /// Adds an input to look through if a connection's secrets are not at hand.
    pub(crate) fn look_later(&mut self, later: Later) {
        self.later.push(later);
    }

    /// Adds the lines of a key log.
    pub(crate) fn add(&mut self, text: &[u8]) {
        text.split(|byte| matches!(byte, b'\n' | b'\r')).for_each(|line| self.line(line));
    }

    /// Counts a block with secrets of another protocol.
    pub(crate) fn count_other(&mut self) {
        self.others += 1;
    }

    /// Blocks with secrets of other protocols.
    pub(crate) fn others(&self) -> u64 {
        self.others
    }

    fn line(&mut self, line: &[u8]) {
        let line = key_log::line(line);
        if !matches!(line, Line::Secret(..) | Line::Premaster(..)) {
            return;
        }
        if self.kept >= self.limit {
            self.full = true;
            return;
        }
        let (label, random, secret) = match line {
            Line::Secret(label, random, secret) => (label, random, secret),
            Line::Premaster(ciphertext, secret) => {
                self.kept += usize::from(self.premasters.insert(ciphertext, secret).is_none());
                return;
            }
            _ => return,
        };
        let secrets = self.by_random.entry(random).or_default();
        match secrets.iter_mut().find(|(own, _)| *own == label) {
            Some((_, old)) => *old = secret,
            None => {
                secrets.push((label, secret));
                self.kept += 1;
            }
        }
    }

    /// Whether there is any secret.
    pub(super) fn any(&self) -> bool {
        self.kept > 0
    }

    /// Whether secrets that are not at hand may still come.
    pub(super) fn may_come(&self) -> bool {
        self.growing
    }

    /// The master secret of a connection under TLS 1.2.
    pub(super) fn master(&mut self, random: &Random, now: Timestamp) -> Option<Secret> {
        self.find(now, |secrets| secrets.get(random, Label::Master).cloned())
    }

    /// The pre-master secret that begins like this where it is encrypted.
    pub(super) fn premaster(&self, ciphertext: &[u8; CIPHERTEXT]) -> Option<Secret> {
        self.premasters.get(ciphertext).cloned()
    }

    /// The secrets of a connection under TLS 1.3, if those of both sides are there.
    pub(super) fn traffic(&mut self, random: &Random, now: Timestamp) -> Option<Traffic> {
        self.find(now, |secrets| {
            let get = |label| secrets.get(random, label).cloned();
            Some(Traffic {
                handshake: [get(Label::ClientHandshake), get(Label::ServerHandshake)],
                application: [get(Label::ClientTraffic)?, get(Label::ServerTraffic)?],
                early: get(Label::ClientEarly),
            })
        })
    }

    fn get(&self, random: &Random, label: Label) -> Option<&Secret> {
        self.by_random.get(random)?.iter().find(|(own, _)| *own == label).map(|(_, secret)| secret)
    }

    /// Looks, and looks further where that may help.
    fn find<T>(&mut self, now: Timestamp, get: impl Fn(&Self) -> Option<T>) -> Option<T> {
        if let Some(found) = get(self) {
            return Some(found);
        }
        let others = self.others;
        for later in std::mem::take(&mut self.later) {
            later(self);
        }
        // They are counted when the input is read.
        self.others = others;
        let due = self.looked.is_none_or(|looked| now.0.abs_diff(looked.0) >= LOOK_EVERY.unsigned_abs());
        if self.growing && due {
            self.looked = Some(now);
            self.read_logs();
        }
        get(self)
    }

    fn read_logs(&mut self) {
        let mut logs = std::mem::take(&mut self.logs);
        let failures: Vec<_> = logs
            .iter_mut()
            .filter_map(|log| log.read(&mut |line| self.line(line)).err().map(|error| (log.path.clone(), error)))
            .collect();
        self.logs = logs;
        for (path, error) in failures {
            self.failed(&path, error.into());
        }
    }

    fn failed(&mut self, path: &Path, kind: InputErrorKind) {
        let input = path.display().to_string();
        if !self.errors.iter().any(|error| error.input == input) {
            self.errors.push(InputError { input, origin: None, kind });
        }
    }

    /// What went wrong with key logs.
    pub(crate) fn into_errors(mut self) -> Vec<InputError> {
        if self.full {
            let kind = InputErrorKind::Malformed {
                what: format!("there are more secrets than the {} that are kept", self.limit),
                remedy: "give the key logs of the connections that are in the capture".to_owned(),
            };
            self.errors.push(InputError { input: "key logs".to_owned(), origin: None, kind });
        }
        self.errors
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").field("kept", &self.kept).finish_non_exhaustive()
    }
}

/// A key log being read.
struct Log {
    path: PathBuf,
    file: File,
    lines: Lines,
}

impl Log {
    /// Reads to the end, as it is now.
    fn read(&mut self, found: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let mut piece = Zeroizing::new(vec![0; PIECE]);
        loop {
            match self.file.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => self.lines.feed(piece.get(..count).unwrap_or_default(), found),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // The last line may have no end; if more of it comes, it is read again.
        found(&self.lines.partial);
        Ok(())
    }
}

/// Puts lines together that come in pieces.
struct Lines {
    partial: Zeroizing<Vec<u8>>,
    /// Whether the line is too long to be one.
    over: bool,
}

impl Default for Lines {
    fn default() -> Self {
        Lines { partial: Zeroizing::new(Vec::with_capacity(LINE)), over: false }
    }
}

impl Lines {
    fn feed(&mut self, bytes: &[u8], found: &mut dyn FnMut(&[u8])) {
        for part in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let ended = part.ends_with(b"\n") || part.ends_with(b"\r");
            let text = part.get(..part.len() - usize::from(ended)).unwrap_or_default();
            // Within its capacity it never moves, so nothing of it stays behind.
            self.over |= self.partial.len() + text.len() > LINE;
            if self.over {
                self.partial.clear();
            } else {
                self.partial.extend_from_slice(text);
            }
            if ended {
                if !self.over {
                    found(&self.partial);
                }
                self.partial.clear();
                self.over = false;
            }
        }
    }
}

/// Whether a file can be read, and begins as a key log does.
pub(crate) fn check(path: &Path) -> Result<(), String> {
    let name = path.display();
    let file = File::open(path).map_err(|error| format!("key log {name}: {error}"))?;
    // What can be read only once is read when it is used.
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Ok(());
    }
    let mut begin = Zeroizing::new(Vec::with_capacity(PIECE));
    file.take(PIECE as u64).read_to_end(&mut begin).map_err(|error| format!("key log {name}: {error}"))?;
    let whole = begin.len() < PIECE;
    let mut lines: Vec<&[u8]> = begin.split(|byte| matches!(byte, b'\n' | b'\r')).collect();
    if !whole {
        lines.pop();
    }
    let kinds: Vec<Line> = lines.into_iter().map(key_log::line).collect();
    let known = kinds.iter().any(|line| matches!(line, Line::Secret(..) | Line::Premaster(..) | Line::Other));
    if known || kinds.iter().all(|line| matches!(line, Line::Nothing)) {
        return Ok(());
    }
    Err(format!(
        "key log {name}: no line of it is one of a TLS key log, such as `CLIENT_RANDOM 01ab.. 23cd..`; give the file that SSLKEYLOGFILE named"
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn text(number: u8, label: &str, secret: u8) -> String {
        let hex = |byte: u8, len| format!("{byte:02x}").repeat(len);
        format!("{label} {} {}", hex(number, 32), hex(secret, 48))
    }

    #[test]
    fn a_key_log_that_grows_is_read_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let mut file = File::create(&path).unwrap();
        let line = text(1, "CLIENT_RANDOM", 7);
        file.write_all(line.get(..100).unwrap().as_bytes()).unwrap();
        let mut secrets = Secrets::new(std::slice::from_ref(&path), 100);
        assert!(secrets.master(&[1; 32], Timestamp(0)).is_none());
        file.write_all(format!("{}\n{}", line.get(100..).unwrap(), text(2, "CLIENT_RANDOM", 8)).as_bytes()).unwrap();
        assert!(secrets.master(&[1; 32], Timestamp(1)).is_none(), "only what may grow is looked at again");
        secrets.grow();
        assert_eq!(secrets.master(&[1; 32], Timestamp(2)).unwrap().bytes(), [7; 48]);
        assert_eq!(secrets.master(&[2; 32], Timestamp(2)).unwrap().bytes(), [8; 48]);
        assert!(secrets.into_errors().is_empty());
    }

    #[test]
    fn inputs_are_looked_through_once_and_only_when_a_secret_is_missing() {
        let mut secrets = Secrets::new(&[], 100);
        secrets.add(text(1, "CLIENT_RANDOM", 7).as_bytes());
        secrets.look_later(Box::new(|secrets| secrets.add(text(2, "CLIENT_RANDOM", 8).as_bytes())));
        assert!(secrets.master(&[1; 32], Timestamp(0)).is_some() && secrets.later.len() == 1);
        assert!(secrets.master(&[2; 32], Timestamp(0)).is_some() && secrets.later.is_empty());
    }

    #[test]
    fn too_many_secrets_are_told() {
        let mut secrets = Secrets::new(&[], 2);
        for number in 0..5 {
            secrets.add(text(number, "CLIENT_RANDOM", 7).as_bytes());
        }
        assert!(secrets.master(&[1; 32], Timestamp(0)).is_some());
        assert!(secrets.master(&[2; 32], Timestamp(0)).is_none());
        let errors = secrets.into_errors();
        assert!(errors[0].to_string().contains("more secrets than the 2"), "{}", errors[0]);
    }

    #[test]
    fn traffic_needs_both_sides() {
        let mut secrets = Secrets::new(&[], 100);
        secrets.add(text(1, "CLIENT_TRAFFIC_SECRET_0", 7).as_bytes());
        assert!(secrets.traffic(&[1; 32], Timestamp(0)).is_none());
        secrets.add(text(1, "SERVER_TRAFFIC_SECRET_0", 8).as_bytes());
        let traffic = secrets.traffic(&[1; 32], Timestamp(0)).unwrap();
        assert!(traffic.handshake.iter().all(Option::is_none) && traffic.early.is_none());
        assert!(!format!("{traffic:?}").contains("07"));
    }

    #[test]
    fn what_is_no_key_log_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let written = |content: &str| {
            let path = folder.path().join("keys");
            std::fs::write(&path, content).unwrap();
            check(&path)
        };
        assert_eq!(written(""), Ok(()));
        assert_eq!(written("# nothing yet\n"), Ok(()));
        assert_eq!(written(&text(1, "CLIENT_RANDOM", 7)), Ok(()));
        assert!(written("GET / HTTP/1.1\n").unwrap_err().contains("SSLKEYLOGFILE"));
        assert!(check(&folder.path().join("none")).is_err());
    }
}
