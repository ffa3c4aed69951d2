//! Opening an input, first to look at its beginning and later to read it.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::decompress::{self, Compression};
use super::disk::Disk;
use super::sniff::{self, Sniffed};
#[cfg(feature = "live")]
use crate::interface::Interface;
use crate::{InputErrorKind, InputFormat, Options, StoredObject, Stores};

/// Bytes of the file looked at to recognise it: room for one whole zstd block, which decodes all or nothing.
const PREFIX_BYTES: usize = 256 << 10;

/// Times that the beginning of a pipe is looked at before it must double for a further look.
const LOOKS: usize = 64;

/// How to get at an input's bytes.
pub(crate) enum Handle {
    /// A regular file, opened again when it is read, so that planning many files holds none of them open.
    File(PathBuf),
    /// An object of a store, opened as often as a file.
    Stored(Stored),
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
            Handle::Stored(stored) => write!(f, "{:?}", stored.object),
            Handle::Stream(..) => f.write_str("Stream"),
            #[cfg(feature = "live")]
            Handle::Interface(interface) => write!(f, "{interface:?}"),
        }
    }
}

/// An object, and what opens it.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) stores: Arc<dyn Stores>,
    pub(crate) object: StoredObject,
}

impl Stored {
    fn open(&self) -> Box<dyn Read + Send> {
        self.stores.open(&self.object, 0, None)
    }

    /// Its first bytes, for a look.
    pub(super) fn beginning(&self, bytes: u64) -> Box<dyn Read + Send> {
        self.stores.open(&self.object, 0, Some(bytes))
    }
}

impl Handle {
    /// Opens what can be read again and again for a look at its beginning.
    fn beginning(&self) -> io::Result<Option<Box<dyn Read + Send>>> {
        match self {
            Handle::Stored(stored) => Ok(Some(stored.beginning(PREFIX_BYTES as u64))),
            _ => self.reopen(),
        }
    }

    /// Opens what can be read again and again, from its start.
    fn reopen(&self) -> io::Result<Option<Box<dyn Read + Send>>> {
        match self {
            Handle::File(path) => Ok(Some(Box::new(File::open(path)?))),
            Handle::Stored(stored) => Ok(Some(stored.open())),
            _ => Ok(None),
        }
    }

    /// Whether it can be read again and again.
    pub(crate) fn is_kept(&self) -> bool {
        matches!(self, Handle::File(_) | Handle::Stored(_))
    }

    /// Size of the plain content modulo 2^32, where the file says: gzip in its last four bytes, zstd in its first
    /// frame. `bytes` is the size as it is stored.
    pub(super) fn plain_size(&self, compression: Compression, bytes: Option<u64>) -> Option<u64> {
        let size = match compression {
            Compression::None => bytes,
            Compression::Gzip => {
                let from = bytes?.checked_sub(decompress::GZIP_SIZE_BYTES)?;
                let end: Box<dyn Read> = match self {
                    Handle::File(path) => {
                        let mut file = File::open(path).ok()?;
                        file.seek(SeekFrom::Start(from)).ok()?;
                        Box::new(file)
                    }
                    Handle::Stored(stored) => stored.stores.open(&stored.object, from, None),
                    _ => return None,
                };
                decompress::gzip_size(end).ok()
            }
            Compression::Zstd => decompress::zstd_size(self.beginning().ok()??),
        };
        size.map(|size| size & 0xffff_ffff)
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
    let (prefix, whole) = match length {
        Some(_) => {
            let mut prefix = Vec::new();
            file.by_ref().take(PREFIX_BYTES as u64).read_to_end(&mut prefix)?;
            let whole = prefix.len() < PREFIX_BYTES;
            (prefix, whole)
        }
        None => settled_prefix(&mut file, options)?,
    };
    let Sniffed { format, compression, head } = sniff::format(&prefix, whole, options)?;
    let handle = match (path, length) {
        (Some(path), Some(_)) => Handle::File(path.to_owned()),
        _ => Handle::Stream(prefix, file),
    };
    Ok(Recognised { handle, format, compression, bytes: length, head })
}

/// Reads of a pipe what it takes to recognise it, and no more: its writer may be waiting for what comes of it. Says
/// whether that is all there is.
fn settled_prefix(pipe: &mut dyn Read, options: &Options) -> io::Result<(Vec<u8>, bool)> {
    let mut prefix = Vec::new();
    let mut piece = vec![0; PREFIX_BYTES];
    let (mut looks, mut looked) = (0, 0);
    while prefix.len() < PREFIX_BYTES {
        let room = piece.get_mut(..PREFIX_BYTES - prefix.len()).unwrap_or_default();
        match pipe.read(room) {
            Ok(0) => return Ok((prefix, true)),
            Ok(count) => prefix.extend_from_slice(room.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        // A writer that drips is not looked at with every drop.
        if looks < LOOKS || prefix.len() >= 2 * looked {
            (looks, looked) = (looks + 1, prefix.len());
            if sniff::is_settled(&prefix, options) {
                return Ok((prefix, false));
            }
        }
    }
    Ok((prefix, false))
}

/// Opens an object of a store and recognises its format.
pub(super) fn recognise_stored(stored: Stored, options: &Options) -> Result<Recognised, InputErrorKind> {
    let mut prefix = Vec::new();
    stored.beginning(PREFIX_BYTES as u64).take(PREFIX_BYTES as u64).read_to_end(&mut prefix)?;
    let Sniffed { format, compression, head } = sniff::format(&prefix, prefix.len() < PREFIX_BYTES, options)?;
    let bytes = stored.object.bytes;
    Ok(Recognised { handle: Handle::Stored(stored), format, compression, bytes, head })
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
    options: &Options,
) -> Result<Opened, InputErrorKind> {
    let file: Box<dyn Read + Send> = match handle {
        Handle::File(path) => Box::new(File::open(path)?),
        Handle::Stored(stored) => stored.open(),
        Handle::Stream(prefix, rest) => Box::new(Cursor::new(prefix).chain(rest)),
        #[cfg(feature = "live")]
        Handle::Interface(interface) => interface.open(options)?,
    };
    let disk = Disk::new(file, Arc::clone(consumed), !options.unhashed);
    Ok(Opened { reader: compression.reader(disk.clone()), disk })
}

/// Opens a file for a first look at its plain content, which counts as nothing read. `None` is what can be read only
/// once.
pub(crate) fn look(handle: &Handle, compression: Compression) -> Result<Option<Box<dyn Read + Send>>, InputErrorKind> {
    Ok(handle.reopen()?.map(|file| compression.reader(file)))
}

/// Like [`look`], but of an object far away no more comes than it took to recognise it.
pub(crate) fn look_at_beginning(
    handle: &Handle,
    compression: Compression,
) -> Result<Option<Box<dyn Read + Send>>, InputErrorKind> {
    Ok(handle.beginning()?.map(|file| compression.reader(file)))
}

/// Opens an input's plain content once more, which counts as nothing read.
pub(crate) type Again = Box<dyn FnOnce() -> io::Result<Box<dyn Read + Send>>>;

/// How to open an input once more. `None` is what can be read only once.
pub(crate) fn again(handle: &Handle, compression: Compression) -> Option<Again> {
    match handle {
        Handle::File(path) => {
            let path = path.clone();
            Some(Box::new(move || Ok(compression.reader(File::open(path)?))))
        }
        Handle::Stored(stored) => {
            let stored = stored.clone();
            Some(Box::new(move || Ok(compression.reader(stored.open()))))
        }
        _ => None,
    }
}

/// Like [`open`], but a file is held open only from its first byte that is asked for to its last.
pub(crate) fn open_when_due(
    handle: Handle,
    compression: Compression,
    consumed: &Arc<AtomicU64>,
    options: &Options,
) -> Result<Opened, InputErrorKind> {
    let due = match handle {
        Handle::File(path) => DueFile::Due(path),
        Handle::Stored(stored) => DueFile::Stored(stored),
        other => return open(other, compression, consumed, options),
    };
    let disk = Disk::new(Box::new(due), Arc::clone(consumed), !options.unhashed);
    let content = compression.reader(disk.clone());
    Ok(Opened { reader: Box::new(ToTheEnd { content, disk: disk.clone() }), disk })
}

/// A file that is open only while it is being read.
enum DueFile {
    Due(PathBuf),
    Stored(Stored),
    Open(Box<dyn Read + Send>),
    Over,
}

impl Read for DueFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            DueFile::Due(path) => *self = DueFile::Open(Box::new(File::open(path)?)),
            DueFile::Stored(stored) => *self = DueFile::Open(stored.open()),
            DueFile::Open(_) | DueFile::Over => {}
        }
        let count = match self {
            DueFile::Open(file) => file.read(buffer)?,
            _ => 0,
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
