//! Decompression as a stream: gzip with any number of members, zstd with any number of frames.
//!
//! Memory is bounded by the codecs' windows (32 KiB; at most 128 MiB for zstd, as `zstd -d` allows by default), whatever a
//! bomb expands to. What comes out is not looked at for a second compression.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::store::store_error;

const READ_BYTES: usize = 1 << 17;

/// How a file is compressed, from its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// Recognises the magic number.
    pub(crate) fn of(prefix: &[u8]) -> Self {
        match prefix {
            [0x1f, 0x8b, 0x08, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
            _ => Compression::None,
        }
    }

    /// Wraps `disk` into a reader of the plain content.
    pub(crate) fn reader(self, disk: impl Read + Send + 'static) -> Box<dyn Read + Send> {
        match self {
            Compression::None => Box::new(disk),
            Compression::Gzip => Box::new(Gzip::Between(BufReader::with_capacity(READ_BYTES, disk))),
            Compression::Zstd => Box::new(Zstd::new(BufReader::with_capacity(READ_BYTES, disk))),
        }
    }
}

/// Bytes at the end of a gzip file that say the size of its last member.
pub(super) const GZIP_SIZE_BYTES: u64 = 4;

/// Size of a gzip file's last member as its last [`GZIP_SIZE_BYTES`] say, modulo 2^32.
pub(super) fn gzip_size(mut end: impl Read) -> io::Result<u64> {
    let mut trailer = [0; GZIP_SIZE_BYTES as usize];
    end.read_exact(&mut trailer)?;
    Ok(u64::from(u32::from_le_bytes(trailer)))
}

/// Size of a zstd file's first frame, where it says.
pub(super) fn zstd_size(start: impl Read) -> Option<u64> {
    let mut decoder = FrameDecoder::new();
    decoder.init(BufReader::new(start)).ok()?;
    Some(decoder.content_size()).filter(|size| *size > 0)
}

/// Gzip members, one after the other; zeros after the last one are padding, as `gzip -d` has it.
enum Gzip<R> {
    Between(BufReader<R>),
    Inside(Box<GzDecoder<BufReader<R>>>),
    Done,
}

impl<R: Read> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(self, Gzip::Done) {
                Gzip::Done => return Ok(0),
                Gzip::Between(mut source) => match peek(&mut source)? {
                    None => return Ok(0),
                    Some(0) => skip_padding(&mut source)?,
                    Some(0x1f) => *self = Gzip::Inside(Box::new(GzDecoder::new(source))),
                    Some(_) => return Err(trailing()),
                },
                Gzip::Inside(mut member) => {
                    let count = member.read(buffer)?;
                    if count > 0 || buffer.is_empty() {
                        *self = Gzip::Inside(member);
                        return Ok(count);
                    }
                    *self = Gzip::Between(member.into_inner());
                }
            }
        }
    }
}

/// Zstd frames, one after the other; skippable frames are skipped.
struct Zstd<R> {
    source: BufReader<R>,
    decoder: FrameDecoder,
    inside: bool,
}

impl<R: Read> Zstd<R> {
    fn new(source: BufReader<R>) -> Self {
        Zstd { source, decoder: FrameDecoder::new(), inside: false }
    }

    fn next_frame(&mut self) -> io::Result<()> {
        match self.decoder.init(&mut self.source) {
            Ok(()) => self.inside = true,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                let length = u64::from(length);
                if io::copy(&mut self.source.by_ref().take(length), &mut io::sink())? < length {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends inside a zstd frame"));
                }
            }
            Err(error) => return Err(zstd_error(&error)),
        }
        Ok(())
    }
}

impl<R: Read> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.inside {
                if peek(&mut self.source)?.is_none() {
                    return Ok(0);
                }
                self.next_frame()?;
                continue;
            }
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if self.decoder.is_finished() {
                self.inside = false;
                continue;
            }
            let block = self.decoder.decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1));
            block.map_err(|error| zstd_error(&error))?;
        }
    }
}

/// Tells a file that ends too early from one that is damaged: the decoder's error hides the former several causes deep.
fn zstd_error(error: &FrameDecoderError) -> io::Error {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(found) = cause {
        if let Some(io) = found.downcast_ref::<io::Error>() {
            if let Some(of_store) = store_error(io) {
                return io::Error::new(io.kind(), of_store.clone());
            }
            return io::Error::new(io.kind(), format!("zstd: {io}"));
        }
        cause = found.source();
    }
    io::Error::new(io::ErrorKind::InvalidData, format!("zstd: {error}"))
}

fn peek(source: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        match source.fill_buf() {
            Ok(bytes) => return Ok(bytes.first().copied()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Skips zeros to the end; anything else after them is no gzip member.
fn skip_padding(source: &mut impl BufRead) -> io::Result<()> {
    loop {
        let bytes = source.fill_buf()?;
        let count = bytes.len();
        if count == 0 {
            return Ok(());
        }
        if bytes.iter().any(|byte| *byte != 0) {
            return Err(trailing());
        }
        source.consume(count);
    }
}

fn trailing() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "bytes that are no gzip member follow the gzip data")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(content: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest)
    }

    fn read(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        let compression = Compression::of(&bytes);
        compression.reader(io::Cursor::new(bytes)).read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn members_and_frames_are_read_one_after_the_other() {
        assert_eq!(read([gzip(b"one "), gzip(b""), gzip(b"two")].concat()).unwrap(), b"one two");
        assert_eq!(read([gzip(b"one"), vec![0; 700]].concat()).unwrap(), b"one");
        let skippable = [&[0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        assert_eq!(read([zstd(b"one "), skippable, zstd(b"two")].concat()).unwrap(), b"one two");
        assert_eq!(read(b"plain".to_vec()).unwrap(), b"plain");
    }

    #[test]
    fn what_ends_too_early_says_so() {
        let text: Vec<u8> = (0..50_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        for whole in [gzip(&text), zstd(&text)] {
            for cut in [7, 40, whole.len() / 2, whole.len() - 1] {
                let error = read(whole[..cut].to_vec()).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{error} at {cut} of {}", whole.len());
            }
        }
    }

    #[test]
    fn damage_and_trailing_bytes_are_errors() {
        assert!(read([gzip(b"one"), b"junk".to_vec()].concat()).is_err());
        let mut damaged = gzip(&[7; 5000]);
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0xff;
        assert!(read(damaged).is_err());
    }
}
