//! Where packets are written: a pipe, one file, or a rotation of files. A file has its name only when it is whole.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use offpath_capture::{TapCounts, TappedPacket, Timestamp};

use super::pcapng::{Described, LAST_BYTES, Writer, packet_bytes};
use super::privileges::{self, Account};
use crate::cli::Exit;

/// What a rotation in a folder is called.
const STEM: &str = "traffic";
const SUFFIX: &str = "pcapng";

/// When a new file is begun, and how many are kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Rotation {
    /// Bytes of a file.
    pub(super) size: Option<u64>,
    /// Time that a file covers.
    pub(super) time: Option<Duration>,
    /// Files kept, the newest.
    pub(super) files: Option<usize>,
}

/// Names of files to write, in the folder that is the working folder from the capture's start on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// Standard output.
    Pipe,
    /// One file of this name.
    One(String),
    /// Numbered files between these.
    Numbered(String, String),
}

/// What `-w` names: the folder to write in, made if need be, and the files' names in it.
pub(super) fn named(path: &Path, rotates: bool) -> Result<(Option<PathBuf>, Names), Exit> {
    if path.as_os_str() == "-" {
        return Ok((None, Names::Pipe));
    }
    let text = path.to_string_lossy();
    if path.is_dir() || text.ends_with('/') {
        return Ok((Some(path.to_owned()), Names::Numbered(STEM.to_owned(), SUFFIX.to_owned())));
    }
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return Err(Exit::CannotStart(format!("-w {text}: not a name that a file can have")));
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names = if rotates {
        let (stem, suffix) = name.rsplit_once('.').unwrap_or((name, SUFFIX));
        Names::Numbered(stem.to_owned(), suffix.to_owned())
    } else {
        Names::One(name.to_owned())
    };
    Ok((Some(folder.to_owned()), names))
}

/// Enters the folder, made for the account where there is none. Inside it names stay valid even where the account may
/// not pass through the folders above it.
pub(super) fn enter(folder: &Path, account: Option<&Account>) -> Result<(), Exit> {
    let failed = |e: io::Error| Exit::CannotStart(format!("-w {}: {e}", folder.display()));
    if !folder.exists() {
        fs::create_dir(folder).map_err(failed)?;
        if let Some(account) = account {
            privileges::give(folder, account).map_err(failed)?;
        }
    }
    std::env::set_current_dir(folder).map_err(failed)
}

/// An open output.
pub(super) struct Files {
    about: Described,
    names: Names,
    rotation: Rotation,
    open: Option<Open>,
    /// Files that are whole, the oldest first; at most as many as are kept.
    whole: VecDeque<String>,
    /// Files made so far.
    pub(super) made: u64,
    /// What had been counted when the file before was ended.
    counted: TapCounts,
}

/// The file being written.
struct Open {
    writer: Writer<Box<dyn Write>>,
    /// Its name now and later; none of a pipe.
    name: Option<(String, String)>,
    since: Instant,
    from: Timestamp,
    packets: u64,
}

impl Files {
    /// Begins the first file, so that what cannot be written is told before a packet is lost.
    pub(super) fn begin(about: Described, names: Names, rotation: Rotation) -> io::Result<Self> {
        let (whole, counted) = (VecDeque::new(), TapCounts::default());
        let mut files = Files { about, names, rotation, open: None, whole, made: 0, counted };
        files.open(now())?;
        Ok(files)
    }

    /// Appends a packet, to a new file where the present one is full; `dropped` were lost before it.
    pub(super) fn packet(&mut self, packet: &TappedPacket<'_>, dropped: u64) -> io::Result<()> {
        if self.open.is_none() {
            self.open(packet.time)?;
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        open.packets += 1;
        open.writer.packet(packet, dropped)
    }

    /// Whether the present file ends before this packet; without one, whether its time is over. Files of no packet go
    /// on.
    pub(super) fn is_full(&self, next: Option<&TappedPacket<'_>>) -> bool {
        let Some(open) = self.open.as_ref().filter(|open| open.packets > 0) else { return false };
        let size = next.map_or(0, packet_bytes) + open.writer.written() + LAST_BYTES;
        self.rotation.size.is_some_and(|most| size > most)
            || self.rotation.time.is_some_and(|most| open.since.elapsed() >= most)
    }

    /// Hands on what is written so far.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.open.as_mut().map_or(Ok(()), |open| open.writer.flush())
    }

    /// Ends the present file: it gets its name, and the oldest goes where too many are kept.
    pub(super) fn end(&mut self, counted: TapCounts) -> io::Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let since = TapCounts {
            received: counted.received.saturating_sub(self.counted.received),
            dropped: counted.dropped.saturating_sub(self.counted.dropped),
            dropped_by_interface: counted.dropped_by_interface.saturating_sub(self.counted.dropped_by_interface),
        };
        self.counted = counted;
        drop(open.writer.finish(open.from, now(), since)?);
        let Some((temporary, name)) = open.name else { return Ok(()) };
        fs::rename(&temporary, &name)?;
        self.whole.push_back(name);
        while self.rotation.files.is_some_and(|most| self.whole.len() > most) {
            if let Some(oldest) = self.whole.pop_front() {
                fs::remove_file(oldest)?;
            }
        }
        Ok(())
    }

    /// The name under which the present file waits to be whole.
    pub(super) fn unfinished(&self) -> Option<&str> {
        self.open.as_ref()?.name.as_ref().map(|(temporary, _)| temporary.as_str())
    }

    fn open(&mut self, from: Timestamp) -> io::Result<()> {
        let name = match &self.names {
            Names::Pipe => None,
            Names::One(name) => Some(name.clone()),
            Names::Numbered(stem, suffix) => Some(self.numbered(stem, suffix, from)),
        };
        // Hidden, so that nobody who reads the folder takes it for whole.
        let name = name.map(|name| (format!(".{name}.part"), name));
        let out: Box<dyn Write> = match &name {
            None => Box::new(BufWriter::new(io::stdout())),
            Some((temporary, _)) => Box::new(BufWriter::new(create(temporary)?)),
        };
        let writer = Writer::new(out, &self.about)?;
        self.made += 1;
        self.open = Some(Open { writer, name, since: Instant::now(), from, packets: 0 });
        Ok(())
    }

    /// The next free name: number, so that names sort as time does even when clocks are set back, and time.
    fn numbered(&self, stem: &str, suffix: &str, from: Timestamp) -> String {
        let time = jiff::Timestamp::from_microsecond(from.0).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ");
        let name = |number: u64| format!("{stem}_{number:05}_{time}.{suffix}");
        (self.made + 1..).map(name).find(|name| !Path::new(name).exists()).unwrap_or_default()
    }
}

/// A new file that its owner alone reads and writes. One that a killed capture left is taken over.
fn create(name: &str) -> io::Result<File> {
    match fs::remove_file(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
    options.open(name)
}

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_or_a_rotation_is_numbered() {
        let folder = tempfile::tempdir().unwrap();
        let numbered = |stem: &str, suffix: &str| Names::Numbered(stem.to_owned(), suffix.to_owned());
        let of = |path: &Path, rotates| named(path, rotates).unwrap();
        assert_eq!(of(folder.path(), false), (Some(folder.path().to_owned()), numbered(STEM, SUFFIX)));
        assert_eq!(of(Path::new("new/"), false).1, numbered(STEM, SUFFIX));
        assert_eq!(of(Path::new("a/b.pcapng"), false), (Some("a".into()), Names::One("b.pcapng".to_owned())));
        assert_eq!(of(Path::new("b.x.cap"), true), (Some(".".into()), numbered("b.x", "cap")));
        assert_eq!(of(Path::new("-"), true), (None, Names::Pipe));
    }
}
