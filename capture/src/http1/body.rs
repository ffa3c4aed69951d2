//! A message body as it comes in, and what becomes of it at its end.

use super::chunked::{Chunked, Part};
use super::head::{self, HeadEnd};
use super::recognise::{Looks, recognise, recognise_response};
use crate::coding::Coding;
use crate::conversation::{Reasons, Received};
use crate::output::Output;
use crate::tcp::Frame;
use crate::{Body, Headers, Limits};

/// Room made for a body before its bytes are there, whatever its length field claims.
const ROOM: u64 = 16 << 10;

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// So many bytes are left.
    Length(u64),
    Chunked(Chunked),
    /// Trailers of a chunked body.
    Trailers,
    /// The end of the connection.
    Close,
}

/// What a status line is that stands where a body begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatusLine {
    /// The body's: its announced length ends where the segment does, or at a response.
    Body,
    /// A response's: there was no body, since its framing ends nowhere.
    Response,
    Unsure,
}

/// A body being read.
#[derive(Debug)]
pub(super) struct Incoming {
    end: End,
    /// Transfer-decoded bytes, as many as are kept.
    bytes: Vec<u8>,
    trailers: Vec<u8>,
    wire_len: u64,
    claimed: Option<u64>,
    gap: bool,
    pub(super) codings: Vec<Coding>,
    /// A response to an unknown request: if that was HEAD, there is no body whatever the fields say.
    pub(super) doubtful: bool,
}

/// What taking bytes came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// So many bytes; the body goes on.
    More(usize),
    /// So many bytes, and the body is over.
    Done(usize),
    /// The framing broke after so many bytes.
    Broken(usize),
}

impl Incoming {
    pub(super) fn new(end: End, codings: Vec<Coding>, doubtful: bool) -> Self {
        let claimed = if let End::Length(len) = end { Some(len) } else { None };
        let room = claimed.unwrap_or(0).min(ROOM) as usize;
        Incoming {
            end,
            bytes: Vec::with_capacity(room),
            trailers: Vec::new(),
            wire_len: 0,
            claimed,
            gap: false,
            codings,
            doubtful,
        }
    }

    pub(super) fn held(&self) -> usize {
        self.bytes.capacity() + self.trailers.capacity() + self.codings.capacity() * size_of::<Coding>()
    }

    /// Whether nothing of the body was seen yet.
    pub(super) fn untouched(&self) -> bool {
        self.wire_len == 0 && !self.gap
    }

    /// Whether what came of a body begins like another response, and no end at its announced length shows that it was one
    /// nevertheless.
    pub(super) fn begins_like_response(&self, ended: bool) -> bool {
        let length = ended && self.claimed.is_some() && !self.gap;
        !length && self.imitates_response()
    }

    /// Whether what came of a body begins like another response.
    pub(super) fn imitates_response(&self) -> bool {
        recognise(&self.bytes) == Looks::Response
    }

    /// What a status line is where the body begins. Whoever stores a body chooses its bytes, so they alone tell nothing.
    pub(super) fn status_line(&self, data: &[u8]) -> StatusLine {
        match &self.end {
            End::Length(left) => {
                let left = usize::try_from(*left).unwrap_or(usize::MAX);
                match data.get(left..) {
                    None => StatusLine::Unsure,
                    // An empty line is no beginning here: it may end the last of the heads that are no body.
                    Some(rest) if matches!(recognise_response(rest), Looks::Response | Looks::Unsure) => {
                        StatusLine::Body
                    }
                    Some(_) => StatusLine::Response,
                }
            }
            End::Chunked(_) | End::Trailers => StatusLine::Response,
            End::Close => StatusLine::Unsure,
        }
    }

    pub(super) fn ends_with_connection(&self) -> bool {
        self.end == End::Close
    }

    /// Takes what belongs to the body from the front of `data`, which is not empty.
    pub(super) fn take(&mut self, data: &[u8], limits: &Limits) -> Taken {
        match &mut self.end {
            End::Length(left) => {
                let len = usize::try_from(*left).unwrap_or(usize::MAX).min(data.len());
                *left -= len as u64;
                let done = *left == 0;
                self.keep(data.get(..len).unwrap_or(&[]), limits);
                if done { Taken::Done(len) } else { Taken::More(len) }
            }
            End::Close => {
                self.keep(data, limits);
                Taken::More(data.len())
            }
            End::Chunked(_) => self.take_chunks(data, limits),
            End::Trailers => self.take_trailers(data, 0, limits),
        }
    }

    fn take_chunks(&mut self, data: &[u8], limits: &Limits) -> Taken {
        let mut at = 0;
        while let Some(rest) = data.get(at..).filter(|rest| !rest.is_empty()) {
            let End::Chunked(chunked) = &mut self.end else { break };
            match chunked.next(rest) {
                Part::Framing { used } => at += used,
                Part::Data { len } => {
                    self.keep(rest.get(..len).unwrap_or(&[]), limits);
                    at += len;
                }
                Part::Trailers { used } => {
                    self.end = End::Trailers;
                    return self.take_trailers(data, at + used, limits);
                }
                Part::Broken => return Taken::Broken(at),
            }
        }
        Taken::More(at)
    }

    /// Trailers end with an empty line, which comes first when there are none.
    fn take_trailers(&mut self, data: &[u8], from: usize, limits: &Limits) -> Taken {
        let rest = data.get(from..).unwrap_or(&[]);
        for (index, &byte) in rest.iter().enumerate() {
            self.trailers.push(byte);
            let done = matches!(self.trailers.as_slice(), b"\n" | b"\r\n")
                || byte == b'\n' && (self.trailers.ends_with(b"\n\n") || self.trailers.ends_with(b"\n\r\n"));
            if done {
                return Taken::Done(from + index + 1);
            }
            if self.trailers.len() > limits.head_bytes {
                return Taken::Broken(from + index + 1);
            }
        }
        Taken::More(data.len())
    }

    fn keep(&mut self, bytes: &[u8], limits: &Limits) {
        self.wire_len += bytes.len() as u64;
        let room = limits.body_bytes.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// Leaves out missing bytes where the framing says that they were the body's; returns how many of `len` are
    /// left over, or None when nobody can tell where the body ends.
    pub(super) fn skip(&mut self, len: u64) -> Option<(u64, bool)> {
        match &mut self.end {
            End::Length(left) => {
                let skipped = len.min(*left);
                *left -= skipped;
                self.wire_len += skipped;
                self.gap |= skipped > 0;
                Some((len - skipped, *left == 0))
            }
            End::Close => {
                self.wire_len += len;
                self.gap = true;
                Some((0, false))
            }
            End::Chunked(_) | End::Trailers => {
                self.gap = true;
                None
            }
        }
    }

    /// The body of a response to an unknown request of which nothing was seen: perhaps there was none.
    pub(super) fn unknown(&self) -> Body {
        Body::Unknown { size: self.claimed }
    }

    /// Turns what was read into the message's body; `ended` when the framing's end was reached.
    pub(super) fn finish(
        self,
        ended: bool,
        headers: &mut Headers,
        reasons: &mut Reasons,
        frame: Frame,
        out: &mut Output<'_>,
    ) -> Body {
        self.append_trailers(headers, out.limits);
        if let End::Chunked(Chunked { bare_lf: true, .. }) = self.end {
            out.irregular("bare_lf", frame);
        }
        let Incoming { bytes, wire_len, codings, gap, .. } = self;
        Received { bytes, wire_len, gap }.finish(ended, &codings, reasons, out)
    }

    fn append_trailers(&self, headers: &mut Headers, limits: &Limits) {
        let mut scanned = 0;
        if self.trailers.len() <= 2 || !matches!(head::find_end(&self.trailers, &mut scanned), Some(HeadEnd { .. })) {
            return;
        }
        for line in self.trailers.split(|&b| b == b'\n') {
            let line = line.trim_ascii();
            let Some(colon) = memchr::memchr(b':', line) else { continue };
            if headers.len() < limits.header_fields {
                let (name, value) = line.split_at(colon);
                headers.push(name.trim_ascii(), value.get(1..).unwrap_or(&[]).trim_ascii());
            }
        }
    }
}
