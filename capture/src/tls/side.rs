//! One side of a connection: its records, the keys for them, and where the plaintext stands.

use std::collections::VecDeque;

use super::epoch::Epochs;
use super::handshake::Messages;
use super::plaintext::Held;
use super::record::{self, Gathering, Record, Short};
use crate::Timestamp;
use crate::conversation::Unread;
use crate::tcp::{Cause, Chunk, Gap, Seen};

/// Places of the stream that are remembered to tell what a peer had received.
const MARKS: usize = 1024;
/// Of these, those that lie behind what the peer says it has received.
const MARKS_BEHIND: usize = 32;
/// Length of a gap of which nobody knows how long it is: no message goes on after it.
const UNKNOWN: u64 = 1 << 32;

/// One side.
#[derive(Default)]
pub(super) struct Side {
    state: State,
    gathering: Gathering,
    /// Bytes that were not opened, since the last record that was.
    pub(super) lost: Option<Lost>,
    pub(super) messages: Messages,
    pub(super) epochs: Option<Epochs>,
    /// Whether TLS 1.2's records are protected from here on.
    pub(super) protected: bool,
    pub(super) plain: Plain,
    /// Bytes that came before the other side was known as far as their sender had received it.
    pub(super) rest: Option<Box<Unread>>,
    /// Its plaintext that is not handed on yet.
    pub(super) held: Held,
    /// Whether it says no more.
    pub(super) over: bool,
}

/// What a side's next bytes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Record,
    /// Perhaps a record.
    Trial,
    /// The rest of a record that lost some bytes.
    Rest(u64),
    /// Anything.
    Seek,
}

/// A stretch that was not opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    pub(super) at: u64,
    cause: Cause,
    from: Timestamp,
    shown: Seen,
}

impl Side {
    /// Takes as much of a chunk as can be taken at once, and says how much, and which record that made whole. An error
    /// is bytes that begin no record.
    pub(super) fn take(&mut self, chunk: &Chunk<'_>) -> (usize, Result<Option<Record>, ()>) {
        match self.state {
            State::Rest(left) => {
                let part = chunk.data.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let left = left - part as u64;
                self.state = if left == 0 { State::Record } else { State::Rest(left) };
                (part, Ok(None))
            }
            State::Seek => {
                let found = record::seek(chunk.data);
                if found.is_some() {
                    self.state = State::Trial;
                }
                (found.unwrap_or(chunk.data.len()), Ok(None))
            }
            State::Record | State::Trial => match self.gathering.take(chunk) {
                (used, Ok(record)) => (used, Ok(Some(Record { trial: self.state == State::Trial, ..record }))),
                (used, Err(Short::More)) => (used, Ok(None)),
                (used, Err(Short::Malformed)) => {
                    let at = self.gathering.begun().unwrap_or(chunk.at);
                    self.lose(at, Cause::Lost, chunk.seen.time, chunk.seen);
                    self.gathering.clear();
                    self.state = State::Seek;
                    (used, Err(()))
                }
            },
        }
    }

    /// A record was opened, or need not be: where it ends, the next begins.
    pub(super) fn settle(&mut self) {
        self.state = State::Record;
    }

    /// A record was not opened.
    pub(super) fn not_opened(&mut self, record: &Record) {
        if record.trial {
            self.state = State::Seek;
        }
        self.lose(record.at(), Cause::Lost, record.seen().time, record.seen());
    }

    /// Bytes that will not come.
    pub(super) fn gap(&mut self, at: u64, gap: &Gap) {
        let begun = self.gathering.begun();
        self.lose(begun.unwrap_or(at), gap.cause, gap.from, gap.shown);
        self.messages.clear();
        self.state = match (self.state, self.gathering.missing()) {
            (State::Record, Some(missing)) if missing > gap.len => State::Rest(missing - gap.len),
            (State::Record, Some(missing)) if missing == gap.len => State::Record,
            (State::Rest(left), _) if left > gap.len => State::Rest(left - gap.len),
            (State::Rest(left), _) if left == gap.len => State::Record,
            _ => State::Seek,
        };
        self.gathering.clear();
    }

    fn lose(&mut self, at: u64, cause: Cause, from: Timestamp, shown: Seen) {
        match &mut self.lost {
            Some(lost) => (lost.shown, lost.cause) = (shown, cause),
            None => self.lost = Some(Lost { at, cause, from, shown }),
        }
    }

    /// Turns what was lost into a gap of the plaintext and its position, `len` bytes long if that is known.
    pub(super) fn lost_plain(&mut self, lost: Lost, len: Option<u64>) -> (u64, Gap) {
        let at = self.plain.at;
        let len = len.unwrap_or(UNKNOWN);
        self.plain.at += len;
        (at, Gap { len, cause: lost.cause, from: lost.from, shown: lost.shown })
    }

    pub(super) fn held(&self) -> usize {
        let rest = self.rest.as_ref().map_or(0, |rest| rest.held());
        self.gathering.held() + self.messages.held() + rest + self.plain.held() + self.held.held()
    }
}

/// A side's plaintext: positions in it, and how they correspond to those of the records.
#[derive(Default)]
pub(super) struct Plain {
    /// Position of the next byte.
    pub(super) at: u64,
    marks: VecDeque<Mark>,
}

/// Where two positions correspond.
#[derive(Clone, Copy)]
struct Mark {
    /// Position in the records: the end of one, or of some that were lost.
    end: u64,
    plain: u64,
    /// Whether what stands before it was lost.
    lost: bool,
}

impl Plain {
    /// Begins where TCP's bytes begin, so that positions differ from connection to connection.
    pub(super) fn begin(&mut self, at: u64) {
        if self.at == 0 {
            self.at = at;
            self.marks.push_back(Mark { end: at, plain: at, lost: false });
        }
    }

    /// A record ends at `end`, or such as were lost.
    pub(super) fn mark(&mut self, end: u64, lost: bool) {
        if self.marks.len() >= MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back(Mark { end, plain: self.at, lost });
    }

    /// How much of the plaintext a peer has that has received the records up to `received`: of lost ones, as large a
    /// share as of their bytes.
    pub(super) fn received(&mut self, received: u64) -> u64 {
        let behind = self.marks.partition_point(|mark| mark.end <= received);
        let before = behind.checked_sub(1).and_then(|last| self.marks.get(last));
        let plain = match (before, self.marks.get(behind)) {
            (Some(before), Some(after)) if after.lost => {
                let since = |position: u64| u128::from(position.saturating_sub(before.end));
                let plain = u128::from(after.plain.saturating_sub(before.plain));
                let share = plain * since(received) / since(after.end).max(1);
                before.plain.saturating_add(u64::try_from(share).unwrap_or_default())
            }
            (Some(before), _) => before.plain,
            (None, first) => first.map_or(0, |first| first.plain),
        };
        self.marks.drain(..behind.saturating_sub(MARKS_BEHIND));
        plain
    }

    fn held(&self) -> usize {
        self.marks.capacity() * size_of::<Mark>()
    }
}
