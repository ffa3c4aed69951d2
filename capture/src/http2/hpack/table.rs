//! The tables that indices point into (RFC 7541, section 2.3).

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::Arc;

use super::Field;

/// What an entry costs beside its bytes (RFC 7541, section 4.1).
const OVERHEAD: usize = 32;
/// The size that holds until an encoder says otherwise (RFC 9113, section 6.5.2).
const INITIAL: usize = 4096;
/// Bytes of entries that are kept, whatever size an encoder claims.
const MOST: usize = 64 << 10;

/// RFC 7541, appendix A.
const STATIC: [(&[u8], &[u8]); 61] = [
    (b":authority", b""),
    (b":method", b"GET"),
    (b":method", b"POST"),
    (b":path", b"/"),
    (b":path", b"/index.html"),
    (b":scheme", b"http"),
    (b":scheme", b"https"),
    (b":status", b"200"),
    (b":status", b"204"),
    (b":status", b"206"),
    (b":status", b"304"),
    (b":status", b"400"),
    (b":status", b"404"),
    (b":status", b"500"),
    (b"accept-charset", b""),
    (b"accept-encoding", b"gzip, deflate"),
    (b"accept-language", b""),
    (b"accept-ranges", b""),
    (b"accept", b""),
    (b"access-control-allow-origin", b""),
    (b"age", b""),
    (b"allow", b""),
    (b"authorization", b""),
    (b"cache-control", b""),
    (b"content-disposition", b""),
    (b"content-encoding", b""),
    (b"content-language", b""),
    (b"content-length", b""),
    (b"content-location", b""),
    (b"content-range", b""),
    (b"content-type", b""),
    (b"cookie", b""),
    (b"date", b""),
    (b"etag", b""),
    (b"expect", b""),
    (b"expires", b""),
    (b"from", b""),
    (b"host", b""),
    (b"if-match", b""),
    (b"if-modified-since", b""),
    (b"if-none-match", b""),
    (b"if-range", b""),
    (b"if-unmodified-since", b""),
    (b"last-modified", b""),
    (b"link", b""),
    (b"location", b""),
    (b"max-forwards", b""),
    (b"proxy-authenticate", b""),
    (b"proxy-authorization", b""),
    (b"range", b""),
    (b"referer", b""),
    (b"refresh", b""),
    (b"retry-after", b""),
    (b"server", b""),
    (b"set-cookie", b""),
    (b"strict-transport-security", b""),
    (b"transfer-encoding", b""),
    (b"user-agent", b""),
    (b"vary", b""),
    (b"via", b""),
    (b"www-authenticate", b""),
];

/// The dynamic table, as far as it is known, after the static one.
///
/// Entries are kept at least as long as the encoder keeps them, up to [`MOST`]: an encoder never refers to one that it
/// evicted, so one entry too many does no harm.
#[derive(Debug)]
pub(super) struct Table {
    /// The newest first.
    entries: VecDeque<Entry>,
    /// Size by the RFC's count. An unknown name counts nothing.
    size: usize,
    most: usize,
    /// Whether the encoder has no entry that is not here.
    whole: bool,
    /// Whether the encoder may keep more than `most`.
    larger: bool,
}

#[derive(Debug)]
struct Entry {
    /// None where it is not known.
    name: Option<Name>,
    value: Box<[u8]>,
}

impl Entry {
    fn size(&self) -> usize {
        self.name.as_deref().map_or(0, <[u8]>::len) + self.value.len() + OVERHEAD
    }
}

/// A field's name. Entries share it: an index of one byte may stand for a name of many thousands.
#[derive(Clone, Debug)]
pub(super) enum Name {
    Static(&'static [u8]),
    Said(Arc<[u8]>),
}

impl Deref for Name {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Name::Static(name) => name,
            Name::Said(name) => name,
        }
    }
}

impl Table {
    pub(super) fn from_start() -> Self {
        Table { entries: VecDeque::new(), size: 0, most: INITIAL, whole: true, larger: false }
    }

    pub(super) fn joined() -> Self {
        Table { most: MOST, whole: false, larger: true, ..Self::from_start() }
    }

    /// Bytes held; a name that entries share counts for each of them.
    pub(super) fn held(&self) -> usize {
        let bytes = self.size - self.entries.len() * OVERHEAD;
        bytes + self.entries.capacity() * size_of::<Entry>()
    }

    /// The field with this index. None where there is none; unknown where it was not seen.
    pub(super) fn get(&self, index: u32) -> Option<Field<'_>> {
        let index = (index as usize).checked_sub(1)?;
        if let Some(&(name, value)) = STATIC.get(index) {
            return Some((Some(name), Some(value)));
        }
        let Some(entry) = self.entries.get(index - STATIC.len()) else {
            return if self.whole { None } else { Some((None, None)) };
        };
        Some((entry.name.as_deref(), Some(&*entry.value)))
    }

    /// The name of the field with this index, as [`Table::get`] tells it.
    pub(super) fn name(&self, index: u32) -> Option<Option<Name>> {
        let index = (index as usize).checked_sub(1)?;
        if let Some(&(name, _)) = STATIC.get(index) {
            return Some(Some(Name::Static(name)));
        }
        match self.entries.get(index - STATIC.len()) {
            Some(entry) => Some(entry.name.clone()),
            None if self.whole => None,
            None => Some(None),
        }
    }

    /// Adds an entry.
    ///
    /// One that is larger than the encoder's table empties that instead. Kept here all the same, it moves no entry that
    /// the encoder can still refer to.
    pub(super) fn insert(&mut self, name: Option<Name>, value: &[u8]) {
        let entry = Entry { name, value: value.into() };
        let size = entry.size();
        let evicted = self.evict(self.most.saturating_sub(size));
        let fits = size <= self.most;
        if fits {
            self.size += size;
            self.entries.push_front(entry);
        }
        if self.larger && (evicted || !fits) {
            self.whole = false;
        }
    }

    /// The encoder sets the size.
    pub(super) fn resize(&mut self, size: u32) {
        let size = size as usize;
        self.larger = size > MOST;
        self.most = size.min(MOST);
        self.evict(self.most);
        self.whole |= size == 0;
    }

    /// Drops the oldest entries until the rest take at most `room`; tells whether it dropped any.
    fn evict(&mut self, room: usize) -> bool {
        let before = self.entries.len();
        while self.size > room {
            let Some(entry) = self.entries.pop_back() else { break };
            self.size -= entry.size();
        }
        self.entries.len() < before
    }
}
