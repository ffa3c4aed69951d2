//! Content codings: gzip, deflate, br, zstd and stacks of them, within bounds.

use std::io::Read;

use flate2::{Decompress, FlushDecompress, Status};

use crate::Limits;

/// Codings that one body may stack.
const STACK: usize = 4;
/// Bytes by which output grows.
const STEP: usize = 32 << 10;
/// zstd windows beyond this need no HTTP client's memory (RFC 9659 says 8 MiB).
const ZSTD_WINDOW: u64 = 8 << 20;

/// A coding that this module undoes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
    /// A coding that it does not know.
    Unknown,
}

/// The codings that a field value lists, in the order in which they were applied.
pub(crate) fn parse<'a>(values: impl Iterator<Item = &'a [u8]>) -> Vec<Coding> {
    values
        .flat_map(|value| value.split(|&b| b == b','))
        .filter_map(|token| match token.trim_ascii() {
            t if t.is_empty() || t.eq_ignore_ascii_case(b"identity") || t.eq_ignore_ascii_case(b"chunked") => None,
            t if t.eq_ignore_ascii_case(b"gzip") || t.eq_ignore_ascii_case(b"x-gzip") => Some(Coding::Gzip),
            t if t.eq_ignore_ascii_case(b"deflate") => Some(Coding::Deflate),
            t if t.eq_ignore_ascii_case(b"br") => Some(Coding::Brotli),
            t if t.eq_ignore_ascii_case(b"zstd") => Some(Coding::Zstd),
            _ => Some(Coding::Unknown),
        })
        .collect()
}

/// What undoing the codings gave.
pub(crate) struct Decoded {
    /// At most [`Limits::body_bytes`] bytes.
    pub(crate) bytes: Vec<u8>,
    /// Length of the whole, as far as it was decoded.
    pub(crate) len: u64,
    /// A limit stopped it.
    pub(crate) over: bool,
    /// The coded bytes end before the coding does.
    pub(crate) cut: bool,
}

/// Undoes codings; keeps its tables from one body to the next.
#[derive(Default)]
pub(crate) struct Inflater {
    raw: Option<Decompress>,
    zlib: Option<Decompress>,
    /// Room for one step's output.
    step: Vec<u8>,
}

impl Inflater {
    /// Undoes `codings` from the last applied to the first. None where the bytes do not fit the codings.
    pub(crate) fn decode(&mut self, codings: &[Coding], coded: &[u8], limits: &Limits) -> Option<Decoded> {
        if codings.len() > STACK {
            return None;
        }
        let mut bytes: Option<Vec<u8>> = None;
        let (mut over, mut cut) = (false, false);
        let most = limits.inflate_bytes;
        for (index, &coding) in codings.iter().enumerate().rev() {
            let keep = if index == 0 { limits.body_bytes } else { usize::try_from(most).unwrap_or(usize::MAX) };
            let mut kept = Kept { bytes: Vec::new(), len: 0, keep, most };
            let end = self.undo(coding, bytes.as_deref().unwrap_or(coded), &mut kept)?;
            over |= end == End::Over;
            cut |= end == End::Cut;
            if index == 0 {
                over |= kept.len > kept.bytes.len() as u64;
                return Some(Decoded { bytes: kept.bytes, len: kept.len, over, cut });
            }
            bytes = Some(kept.bytes);
        }
        None
    }

    fn undo(&mut self, coding: Coding, coded: &[u8], kept: &mut Kept) -> Option<End> {
        if coded.is_empty() {
            return Some(End::Whole);
        }
        match coding {
            Coding::Gzip => self.gzip(coded, kept),
            Coding::Deflate => self.deflate(coded, kept),
            Coding::Brotli => kept.drain(&mut brotli_decompressor::Decompressor::new(coded, 4096)),
            Coding::Zstd => zstd(coded, kept),
            Coding::Unknown => None,
        }
    }

    /// Any number of members, one after the other.
    fn gzip(&mut self, coded: &[u8], kept: &mut Kept) -> Option<End> {
        let mut rest = coded;
        loop {
            let Some(body) = gzip_header(rest) else {
                // Padding after a member is ignored, as every client does; without any member it is no gzip.
                return if rest.len() == coded.len() { None } else { Some(End::Whole) };
            };
            let raw = self.raw.get_or_insert_with(|| Decompress::new(false));
            raw.reset(false);
            let (end, used) = inflate(raw, body, &mut self.step, kept)?;
            if end != End::Whole {
                return Some(end);
            }
            rest = body.get(used + 8..).unwrap_or(&[]);
            if rest.is_empty() {
                return Some(if body.len() < used + 8 { End::Cut } else { End::Whole });
            }
        }
    }

    /// `deflate` means zlib; some servers send it without the zlib header.
    fn deflate(&mut self, coded: &[u8], kept: &mut Kept) -> Option<End> {
        let zlib_header = matches!(coded, [first, second, ..]
            if first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0);
        if zlib_header {
            let zlib = self.zlib.get_or_insert_with(|| Decompress::new(true));
            zlib.reset(true);
            if let Some((end, _)) = inflate(zlib, coded, &mut self.step, kept) {
                return Some(end);
            }
            kept.clear();
        }
        let raw = self.raw.get_or_insert_with(|| Decompress::new(false));
        raw.reset(false);
        inflate(raw, coded, &mut self.step, kept).map(|(end, _)| end)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    Cut,
    Over,
}

/// Decoded bytes: the first `keep` of them, and the count of all up to `most`.
struct Kept {
    bytes: Vec<u8>,
    len: u64,
    keep: usize,
    most: u64,
}

impl Kept {
    fn clear(&mut self) {
        self.bytes.clear();
        self.len = 0;
    }

    /// Takes more; false when the limit is passed.
    fn push(&mut self, bytes: &[u8]) -> bool {
        self.len += bytes.len() as u64;
        let room = self.keep - self.bytes.len().min(self.keep);
        self.bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.len <= self.most
    }

    fn drain(&mut self, reader: &mut dyn Read) -> Option<End> {
        let mut step = vec![0; STEP];
        loop {
            match reader.read(&mut step) {
                Ok(0) => return Some(End::Whole),
                Ok(n) if !self.push(step.get(..n).unwrap_or(&[])) => return Some(End::Over),
                Ok(_) => {}
                Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof && self.len > 0 => return Some(End::Cut),
                Err(_) => return None,
            }
        }
    }
}

/// Inflates one stream; returns how it ended and how much of `coded` it took.
fn inflate(stream: &mut Decompress, coded: &[u8], step: &mut Vec<u8>, kept: &mut Kept) -> Option<(End, usize)> {
    step.resize(STEP, 0);
    loop {
        let (taken, given) = (stream.total_in(), stream.total_out());
        let rest = coded.get(taken as usize..).unwrap_or(&[]);
        let status = stream.decompress(rest, step, FlushDecompress::None).ok()?;
        let got = (stream.total_out() - given) as usize;
        if !kept.push(step.get(..got).unwrap_or(&[])) {
            return Some((End::Over, stream.total_in() as usize));
        }
        match status {
            Status::StreamEnd => return Some((End::Whole, stream.total_in() as usize)),
            Status::Ok | Status::BufError if got == 0 && stream.total_in() == taken => {
                return Some((End::Cut, coded.len()));
            }
            Status::Ok | Status::BufError => {}
        }
    }
}

/// The deflate stream behind a gzip member's header (RFC 1952).
fn gzip_header(member: &[u8]) -> Option<&[u8]> {
    let (&[0x1f, 0x8b, 8, flags], mut rest) = (member.first_chunk::<4>()?, member.get(10..)?) else { return None };
    if flags & 4 != 0 {
        let len = u16::from_le_bytes(*rest.first_chunk::<2>()?);
        rest = rest.get(2 + usize::from(len)..)?;
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            rest = rest.get(memchr::memchr(0, rest)? + 1..)?;
        }
    }
    if flags & 2 != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

fn zstd(coded: &[u8], kept: &mut Kept) -> Option<End> {
    let mut rest = coded;
    while !rest.is_empty() {
        let mut decoder = ruzstd::decoding::StreamingDecoder::new_with_max_window_size(&mut rest, ZSTD_WINDOW).ok()?;
        match kept.drain(&mut decoder)? {
            End::Whole => {}
            end => return Some(end),
        }
    }
    Some(End::Whole)
}
