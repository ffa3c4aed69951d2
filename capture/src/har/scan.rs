//! Finds the elements of `log.entries` while the file streams by, without building or recursing into anything.
//!
//! The walk knows three levels (document, `log`, `entries`) and skips everything else by matching brackets; where the
//! outer ones are missing ([`shape`]) it begins with the inner. An entry is
//! held in the buffer only while its end is looked for, so memory follows the largest entry, not the file. Where
//! brackets or quotes stop making sense the walk goes on at the next thing that starts like an entry.

use std::io::{self, Read};

use super::bracket::{Fault, Nesting, Progress};
use super::shape::{self, Shape, starts_entry};

/// Bytes asked for at once.
const CHUNK: usize = 128 << 10;
/// Longest `onInputData(`-like wrapper before the document.
const WRAPPER_BYTES: usize = 256;
/// Longest key that is compared with a wanted one.
const KEY_BYTES: usize = 1 << 10;
/// Bytes after an opening brace in which the first key of an entry must lie to be recognised.
const LOOK_AHEAD: usize = 256;
/// Message for a `log` that is something else: the file still means to be a HAR.
pub(super) const LOG_IS_NO_OBJECT: &str = "`log` is not an object";

/// A position for messages: line and column count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: u64,
    pub(super) column: u64,
}

/// What comes next in `log.entries`.
#[derive(Debug)]
pub(super) enum Element {
    /// An element starts here: `window` shows its beginning, and `step_over` or `walk_over` must follow.
    Start { offset: u64 },
    /// Brackets match; the bytes are `scanner.bytes()` until the next call.
    Whole { offset: u64 },
    /// Not readable; the walk has moved to what follows.
    Broken {
        offset: u64,
        position: Position,
        why: String,
        bytes: u64,
        /// Debris between elements, not one of them.
        between: bool,
    },
}

/// Why the walk ended early.
#[derive(Debug)]
pub(super) enum Stop {
    /// Reading failed.
    Io(io::Error),
    /// The file ends inside something.
    Truncated { inside: &'static str },
    /// What stands there cannot stand there.
    Malformed { position: Position, what: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Between,
    Document,
    Log,
    /// A list of entries, and what goes on behind it.
    Entries(Outer),
    /// Entries with nothing around them.
    Bare,
}

/// What a list of entries stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outer {
    Log,
    /// `log` alone, with nothing around it.
    Document,
    Nothing,
}

/// The entries of a `log` that is the document.
const BARE_LOG: State = State::Entries(Outer::Document);

/// The walk over one file.
pub(super) struct Scanner<R> {
    reader: R,
    buffer: Vec<u8>,
    end: usize,
    position: usize,
    /// First byte that must stay in the buffer.
    mark: Option<usize>,
    element: std::ops::Range<usize>,
    /// A stretch of the file as text, and the offset where it begins.
    text: String,
    text_from: u64,
    /// Bytes, newlines, and bytes since the last newline, before the buffer.
    base: u64,
    lines: u64,
    column: u64,
    state: State,
    saw_log: bool,
    saw_entries: bool,
    /// Whether entries were found without the document around them.
    saw_bare: bool,
    entry_bytes: usize,
}

impl<R: Read> Scanner<R> {
    /// Starts a walk. Entries of more than `entry_bytes` are broken ones.
    pub(super) fn new(reader: R, entry_bytes: usize) -> Self {
        Scanner {
            reader,
            buffer: Vec::new(),
            end: 0,
            position: 0,
            mark: None,
            element: 0..0,
            text: String::new(),
            text_from: 0,
            base: 0,
            lines: 0,
            column: 0,
            state: State::Between,
            saw_log: false,
            saw_entries: false,
            saw_bare: false,
            entry_bytes,
        }
    }

    /// Bytes of the last whole element.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.element.clone()).unwrap_or_default()
    }

    /// Bytes walked over so far.
    pub(super) fn offset(&self) -> u64 {
        self.base + self.position as u64
    }

    /// Where the last whole element starts.
    pub(super) fn element_position(&self) -> Position {
        self.position_of(self.element.start)
    }

    /// Whether `log` (an object with other keys) was found; for telling a HAR from other JSON.
    pub(super) fn found_log(&self) -> bool {
        self.saw_log
    }

    /// Whether entries were found without the document around them.
    pub(super) fn found_bare_entries(&self) -> bool {
        self.saw_bare
    }

    /// The next element, or the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Element>, Stop> {
        loop {
            match self.state {
                State::Between => match self.open_document()? {
                    None => return self.end_of_file(),
                    Some(state) => self.state = state,
                },
                State::Document => self.member(&[(b"log", State::Log), (b"entries", BARE_LOG)], State::Between)?,
                State::Log => self.member(&[(b"entries", State::Entries(Outer::Log))], State::Document)?,
                State::Entries(outer) => match self.significant(b",")? {
                    None => return Err(Stop::Truncated { inside: "the list of entries" }),
                    Some(b']') => {
                        self.position += 1;
                        self.state = match outer {
                            Outer::Log => State::Log,
                            Outer::Document => State::Document,
                            Outer::Nothing => State::Between,
                        };
                    }
                    Some(byte) => return self.element_at(byte).map(Some),
                },
                State::Bare => match self.significant(b",")? {
                    None => return Ok(None),
                    Some(byte) => return self.element_at(byte).map(Some),
                },
            }
        }
    }

    /// The element at the position, which begins with this byte.
    fn element_at(&mut self, byte: u8) -> Result<Element, Stop> {
        let offset = self.offset();
        let misplaced = matches!(byte, b'}' | b')' | b':' | b']');
        if misplaced { self.resynchronise(offset, None, &Fault::Mismatch, true) } else { Ok(Element::Start { offset }) }
    }

    fn end_of_file(&self) -> Result<Option<Element>, Stop> {
        if self.saw_entries {
            return Ok(None);
        }
        let missing = if self.saw_log { "`log` has no `entries` array" } else { "there is no `log` object" };
        Err(self.malformed(missing))
    }

    /// Moves into the next document, past a byte order mark and a JSONP wrapper, and says what is in it. `None` at the end
    /// of the file.
    fn open_document(&mut self) -> Result<Option<State>, Stop> {
        if self.offset() == 0 && self.available(3)?.starts_with(b"\xef\xbb\xbf") {
            self.position += 3;
        }
        let after = if self.base + self.position as u64 > 3 { &b");,"[..] } else { &[] };
        match self.significant(after)? {
            None => return Ok(None),
            Some(b'{' | b'[') => {}
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' || byte == b'$' => self.open_wrapper()?,
            Some(_) => return Err(self.malformed("not a JSON object")),
        }
        let beginning = self.available(shape::BEGINNING)?;
        let state = match shape::of(beginning) {
            Shape::Entries => State::Bare,
            Shape::List => State::Entries(Outer::Nothing),
            Shape::Document if beginning.starts_with(b"[") => return Err(self.malformed("not a JSON object")),
            Shape::Document => State::Document,
        };
        if state != State::Document {
            (self.saw_bare, self.saw_entries) = (true, true);
        }
        self.position += usize::from(state != State::Bare);
        Ok(Some(state))
    }

    fn open_wrapper(&mut self) -> Result<(), Stop> {
        let bytes = self.available(WRAPPER_BYTES)?;
        let name = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_$.".contains(byte)).count();
        if bytes.get(name) != Some(&b'(') {
            return Err(self.malformed("neither a JSON object nor a `name({...})` wrapper around one"));
        }
        self.position += name + 1;
        match self.significant(&[])? {
            Some(b'{') => Ok(()),
            Some(_) => Err(self.malformed("the wrapper holds no JSON object")),
            None => Err(Stop::Truncated { inside: "the wrapper around the document" }),
        }
    }

    /// Reads one key of the current object: enters its value where that is `wanted`, skips it otherwise; leaves the object
    /// at its end.
    fn member(&mut self, wanted: &[(&[u8], State)], outer: State) -> Result<(), Stop> {
        let inside = if self.state == State::Log { "`log`" } else { "the document" };
        match self.significant(b",")? {
            None => return Err(Stop::Truncated { inside }),
            Some(b'}') => {
                self.position += 1;
                self.state = outer;
                return Ok(());
            }
            Some(b'"') => {}
            Some(_) => return Err(self.malformed(&format!("expected a key or the end of {inside}"))),
        }
        self.mark = Some(self.position);
        self.skip_value(Some(KEY_BYTES), inside)?;
        let key = self.mark.take().and_then(|mark| self.buffer.get(mark + 1..self.position.saturating_sub(1)));
        let inner = wanted.iter().find(|(name, _)| key == Some(*name)).map(|(_, inner)| *inner);
        match self.significant(&[])? {
            Some(b':') => self.position += 1,
            Some(_) => return Err(self.malformed(&format!("expected `:` after a key of {inside}"))),
            None => return Err(Stop::Truncated { inside }),
        }
        let first = self.significant(&[])?.ok_or(Stop::Truncated { inside })?;
        let Some(inner) = inner else { return self.skip_value(None, inside) };
        if inner == BARE_LOG {
            if shape::of(self.available(shape::BEGINNING)?) != Shape::List {
                return self.skip_value(None, inside);
            }
            self.saw_bare = true;
        }
        match (inner, first) {
            (State::Log, b'{') => self.saw_log = true,
            (State::Entries(_), b'[') => self.saw_entries = true,
            (State::Log, _) => return Err(self.malformed(LOG_IS_NO_OBJECT)),
            (_, b'n') => {
                self.saw_entries = true;
                return self.skip_value(None, inside);
            }
            _ => return Err(self.malformed("`log.entries` is not an array")),
        }
        self.position += 1;
        self.state = inner;
        Ok(())
    }

    fn skip_value(&mut self, bound: Option<usize>, inside: &'static str) -> Result<(), Stop> {
        match self.walk(bound)? {
            Ok(_) => Ok(()),
            Err(Fault::End) => Err(Stop::Truncated { inside }),
            Err(fault) => Err(self.malformed(&fault.to_string())),
        }
    }

    /// What of the element at the position is at hand as text, and what follows it. A parser need not look at every
    /// string's bytes a second time.
    pub(super) fn window(&mut self) -> &str {
        let offset = self.offset();
        let within =
            |from: u64, text: &str| usize::try_from(offset.checked_sub(from)?).ok().filter(|at| *at < text.len());
        let at = match within(self.text_from, &self.text) {
            Some(at) => at,
            None => {
                let bytes = self.buffer.get(self.position..self.end).unwrap_or_default();
                self.text.clear();
                self.text.push_str(beginning_of_text(bytes));
                self.text_from = offset;
                0
            }
        };
        self.text.get(at..).unwrap_or_default()
    }

    /// Moves over an element that a parser found to be so long.
    pub(super) fn step_over(&mut self, length: usize) {
        self.element = self.position..self.position + length;
        self.position += length;
    }

    /// Finds the end of the element at the position and keeps the element in the buffer.
    pub(super) fn walk_over(&mut self) -> Result<Element, Stop> {
        let start = self.base + self.position as u64;
        self.mark = Some(self.position);
        let outcome = self.walk(Some(self.entry_bytes))?;
        let from = self.mark.take();
        match (outcome, from) {
            (Ok(()), Some(from)) => {
                self.element = from..self.position;
                Ok(Element::Whole { offset: start })
            }
            (Ok(()), None) => {
                let why = format!("longer than {} bytes", self.entry_bytes);
                let position = self.position_of(self.position);
                Ok(Element::Broken { offset: start, position, why, bytes: self.offset() - start, between: false })
            }
            (Err(fault), from) => self.resynchronise(start, from, &fault, false),
        }
    }

    /// Goes on at the next thing that starts like an entry.
    fn resynchronise(
        &mut self,
        start: u64,
        from: Option<usize>,
        fault: &Fault,
        between: bool,
    ) -> Result<Element, Stop> {
        let fault_at = self.position_of(self.position);
        let position = from.map_or(fault_at, |from| self.position_of(from));
        let why = format!("{fault} (line {}, column {})", fault_at.line, fault_at.column);
        self.position = from.map_or(self.position, |from| from + 1).min(self.end);
        if self.find_entry()? {
            let bytes = self.offset() - start;
            return Ok(Element::Broken { offset: start, position, why, bytes, between });
        }
        match fault {
            Fault::End => Err(Stop::Truncated { inside: "an entry" }),
            _ => Err(Stop::Malformed { position, what: format!("{why}, and no further entry starts after it") }),
        }
    }

    fn find_entry(&mut self) -> Result<bool, Stop> {
        loop {
            let window = self.buffer.get(self.position..self.end).unwrap_or_default();
            let Some(at) = memchr::memchr(b'{', window) else {
                self.position = self.end;
                if self.fill()? { continue } else { return Ok(false) }
            };
            self.position += at;
            if starts_entry(self.available(LOOK_AHEAD)?) {
                return Ok(true);
            }
            self.position += 1;
        }
    }

    /// Walks over the value at the position, however deep it nests. With a bound, a longer value loses its mark.
    fn walk(&mut self, bound: Option<usize>) -> Result<Result<(), Fault>, Stop> {
        let mut nesting = Nesting::default();
        loop {
            let window = self.buffer.get(self.position..self.end).unwrap_or_default();
            match nesting.advance(window) {
                Progress::Done(count) => {
                    self.position += count;
                    return Ok(Ok(()));
                }
                Progress::Fault(count, fault) => {
                    self.position += count;
                    return Ok(Err(fault));
                }
                Progress::More => self.position = self.end,
            }
            if let (Some(bound), Some(mark)) = (bound, self.mark)
                && self.position - mark > bound
            {
                self.mark = None;
            }
            if !self.fill()? {
                return Ok(if nesting.may_end_here() { Ok(()) } else { Err(Fault::End) });
            }
        }
    }

    /// The next byte that is neither white space nor in `skipped`.
    fn significant(&mut self, skipped: &[u8]) -> Result<Option<u8>, Stop> {
        loop {
            let window = self.buffer.get(self.position..self.end).unwrap_or_default();
            let found = window.iter().position(|byte| !byte.is_ascii_whitespace() && !skipped.contains(byte));
            if let Some(at) = found {
                self.position += at;
                return Ok(window.get(at).copied());
            }
            self.position = self.end;
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// The next `count` bytes, fewer only at the end of the file.
    fn available(&mut self, count: usize) -> Result<&[u8], Stop> {
        while self.end - self.position < count && self.fill()? {}
        let end = self.end.min(self.position + count);
        Ok(self.buffer.get(self.position..end).unwrap_or_default())
    }

    /// Reads more; drops what lies before the mark (else the position). False at the end of the file.
    fn fill(&mut self) -> Result<bool, Stop> {
        let keep = self.mark.unwrap_or(self.position);
        if keep > 0 {
            self.forget(keep);
        }
        if self.end == self.buffer.len() {
            let length = self.buffer.len() + self.buffer.len().max(CHUNK);
            self.buffer.resize(length, 0);
        }
        loop {
            match self.reader.read(self.buffer.get_mut(self.end..).unwrap_or_default()) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(Stop::Truncated { inside: "the compressed data" });
                }
                Err(error) => return Err(Stop::Io(error)),
            }
        }
    }

    fn forget(&mut self, keep: usize) {
        let dropped = self.buffer.get(..keep).unwrap_or_default();
        (self.lines, self.column) = self.count_lines(dropped);
        self.base += keep as u64;
        self.buffer.copy_within(keep..self.end, 0);
        self.end -= keep;
        self.position -= keep;
        self.mark = self.mark.map(|mark| mark - keep);
        self.element = 0..0;
    }

    fn count_lines(&self, bytes: &[u8]) -> (u64, u64) {
        match memchr::memrchr(b'\n', bytes) {
            None => (self.lines, self.column + bytes.len() as u64),
            Some(last) => {
                let lines = memchr::memchr_iter(b'\n', bytes).count() as u64;
                (self.lines + lines, (bytes.len() - last - 1) as u64)
            }
        }
    }

    fn position_of(&self, index: usize) -> Position {
        let (lines, column) = self.count_lines(self.buffer.get(..index).unwrap_or_default());
        Position { line: lines + 1, column: column + 1 }
    }

    fn malformed(&self, what: &str) -> Stop {
        Stop::Malformed { position: self.position_of(self.position), what: what.to_owned() }
    }
}

/// The bytes up to the first that is no UTF-8.
fn beginning_of_text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_else(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        std::str::from_utf8(valid).unwrap_or_default()
    })
}
