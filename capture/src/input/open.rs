//! Opening an input, first to look at its beginning and later to read it.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::decompress::Compression;
use super::disk::Disk;
use super::sniff::{self, Sniffed};
#[cfg(feature = "live")]
use crate::interface::Interface;
use crate::{InputErrorKind, InputFormat, Options};

/// Bytes of the file looked at to recognise it: room for one whole zstd block, which decodes all or nothing.
const PREFIX_BYTES: usize = 256 << 10;

/// How to get at an input's bytes.
pub(crate) enum Handle {
    /// A regular file, opened again when it is read, so that planning many files holds none of them open.
    File(PathBuf),
    /// Standard input or a pipe: what was looked at, and the rest.
    Stream(Vec<u8>, Box<dyn Read + Send>),
    /// A network interface, read from when it is opened.
    #[cfg(feature = "live")]
    Interface(Interface),
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Handle::File(path) => write!(f, "File({path:?})"),
            Handle::Stream(..) => f.write_str("Stream"),
            #[cfg(feature = "live")]
            Handle::Interface(interface) => write!(f, "{interface:?}"),
        }
    }
}

/// What was found out about an input by its beginning.
pub(crate) struct Recognised {
    pub(crate) handle: Handle,
    pub(crate) format: InputFormat,
    pub(crate) compression: Compression,
    /// Size on disk, of regular files.
    pub(crate) bytes: Option<u64>,
    /// Hash of how the plain content begins.
    pub(crate) head: u64,
}

/// Opens the file (or standard input, for `None`) and recognises its format.
pub(super) fn recognise(path: Option<&Path>, options: &Options) -> Result<Recognised, InputErrorKind> {
    let (mut file, length): (Box<dyn Read + Send>, Option<u64>) = match path {
        None => (Box::new(io::stdin()), None),
        Some(path) => {
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            (Box::new(file), metadata.is_file().then_some(metadata.len()))
        }
    };
    let mut prefix = Vec::new();
    file.by_ref().take(PREFIX_BYTES as u64).read_to_end(&mut prefix)?;
    let whole = prefix.len() < PREFIX_BYTES;
    let Sniffed { format, compression, head } = sniff::format(&prefix, whole, options)?;
    let handle = match (path, length) {
        (Some(path), Some(_)) => Handle::File(path.to_owned()),
        _ => Handle::Stream(prefix, file),
    };
    Ok(Recognised { handle, format, compression, bytes: length, head })
}

/// Recognises an input that is in memory.
pub(crate) fn recognise_bytes(bytes: Vec<u8>, options: &Options) -> Result<Recognised, InputErrorKind> {
    let length = bytes.len() as u64;
    let prefix = bytes.get(..PREFIX_BYTES);
    let Sniffed { format, compression, head } = sniff::format(prefix.unwrap_or(&bytes), prefix.is_none(), options)?;
    let handle = Handle::Stream(bytes, Box::new(io::empty()));
    Ok(Recognised { handle, format, compression, bytes: Some(length), head })
}

/// An input being read.
pub(crate) struct Opened {
    /// Its plain content.
    pub(crate) reader: Box<dyn Read + Send>,
    /// The same input under the decompression, to finish and hash it.
    pub(crate) disk: Disk,
}

/// Opens a recognised input for reading from its start.
pub(crate) fn open(
    handle: Handle,
    compression: Compression,
    consumed: &Arc<AtomicU64>,
    #[cfg_attr(not(feature = "live"), expect(unused_variables, reason = "only interfaces have options"))]
    options: &Options,
) -> Result<Opened, InputErrorKind> {
    let file: Box<dyn Read + Send> = match handle {
        Handle::File(path) => Box::new(File::open(path)?),
        Handle::Stream(prefix, rest) => Box::new(Cursor::new(prefix).chain(rest)),
        #[cfg(feature = "live")]
        Handle::Interface(interface) => interface.open(options)?,
    };
    let disk = Disk::new(file, Arc::clone(consumed));
    Ok(Opened { reader: compression.reader(disk.clone()), disk })
}

/// Opens a file for a first look at its plain content, which counts as nothing read. `None` is what can be read only
/// once.
pub(crate) fn look(handle: &Handle, compression: Compression) -> Result<Option<Box<dyn Read + Send>>, InputErrorKind> {
    match handle {
        Handle::File(path) => Ok(Some(compression.reader(File::open(path)?))),
        _ => Ok(None),
    }
}

/// Opens an input's plain content once more, which counts as nothing read.
pub(crate) type Again = Box<dyn FnOnce() -> io::Result<Box<dyn Read + Send>>>;

/// How to open an input once more. `None` is what can be read only once.
pub(crate) fn again(handle: &Handle, compression: Compression) -> Option<Again> {
    let Handle::File(path) = handle else { return None };
    let path = path.clone();
    Some(Box::new(move || Ok(compression.reader(File::open(path)?))))
}

/// Like [`open`], but a file is held open only from its first byte that is asked for to its last.
pub(crate) fn open_when_due(
    handle: Handle,
    compression: Compression,
    consumed: &Arc<AtomicU64>,
    options: &Options,
) -> Result<Opened, InputErrorKind> {
    let Handle::File(path) = handle else { return open(handle, compression, consumed, options) };
    let disk = Disk::new(Box::new(DueFile::Due(path)), Arc::clone(consumed));
    let content = compression.reader(disk.clone());
    Ok(Opened { reader: Box::new(ToTheEnd { content, disk: disk.clone() }), disk })
}

/// A file that is open only while it is being read.
enum DueFile {
    Due(PathBuf),
    Open(File),
    Over,
}

impl Read for DueFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let DueFile::Due(path) = self {
            *self = DueFile::Open(File::open(path)?);
        }
        let count = match self {
            DueFile::Open(file) => file.read(buffer)?,
            DueFile::Due(_) | DueFile::Over => 0,
        };
        if count == 0 && !buffer.is_empty() {
            *self = DueFile::Over;
        }
        Ok(count)
    }
}

/// Plain content that reads the file under it to its end as soon as nothing more comes of it, which closes the file.
struct ToTheEnd {
    content: Box<dyn Read + Send>,
    disk: Disk,
}

impl Read for ToTheEnd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer);
        let over = match &read {
            Ok(count) => *count == 0 && !buffer.is_empty(),
            Err(error) => error.kind() != io::ErrorKind::Interrupted,
        };
        if over {
            // What fails here fails again, and is told, when the source is done and its files are hashed.
            let _ = self.disk.drain();
        }
        read
    }
}
