//! What a field's name means, looked up in one table of the conventions' names and the user's.

use std::collections::BTreeMap;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::convention::{Convention, MARKS};
use super::name::{DURATIONS, REQUEST_HEADERS, RESPONSE_HEADERS, SLOTS};
use super::target;
use super::unit::Unit;

/// Meaning of a field that at most one field of a record has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    /// When the request came in.
    Start,
    /// When the response was finished.
    End,
    /// One of the two, as the convention says.
    Logged,
    Client,
    ClientPort,
    Server,
    ServerPort,
    /// Method, target and protocol in one.
    RequestLine,
    Method,
    Target,
    Query,
    Host,
    Scheme,
    Protocol,
    Status,
    User,
    ClientId,
    RequestId,
    TraceId,
    RequestBytes,
    ResponseBytes,
    RequestBody,
    ResponseBody,
}

impl Slot {
    /// Number of slots.
    pub(super) const COUNT: usize = Slot::ResponseBody as usize + 1;
}

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A slot; smaller ranks win.
    Slot(Slot, u16),
    /// A duration in this unit; smaller ranks win.
    Duration(Option<Unit>, u16),
    /// A request header of this name.
    RequestHeader(String),
    /// A response header of this name.
    ResponseHeader(String),
}

/// What a name tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) meaning: Option<Meaning>,
    pub(super) mark: Option<Convention>,
}

/// All names, ready to be looked up.
pub(super) struct Table(HashMap<Vec<u8>, Entry, FixedState>);

impl Table {
    /// The conventions with the user's own names (see [`crate::Options::log_fields`]) over them.
    pub(super) fn new(overrides: &BTreeMap<String, String>) -> Self {
        let mut table = Table(HashMap::with_hasher(FixedState::default()));
        for (slot, names) in SLOTS {
            for (rank, name) in (1..).zip(*names) {
                table.set(name, Meaning::Slot(*slot, rank));
            }
        }
        for (rank, (name, unit)) in (1..).zip(DURATIONS) {
            table.set(name, Meaning::Duration(*unit, rank));
        }
        for (name, header) in REQUEST_HEADERS {
            table.set(name, Meaning::RequestHeader((*header).to_owned()));
        }
        for (name, header) in RESPONSE_HEADERS {
            table.set(name, Meaning::ResponseHeader((*header).to_owned()));
        }
        for (convention, names) in MARKS {
            for name in *names {
                table.0.entry(name.as_bytes().to_vec()).or_default().mark = Some(*convention);
            }
        }
        for (target, name) in overrides {
            if let Some(meaning) = target::meaning(target, name) {
                table.set(&String::from_utf8_lossy(&normal(name)), meaning);
            }
        }
        table
    }

    fn set(&mut self, name: &str, meaning: Meaning) {
        self.0.entry(name.as_bytes().to_vec()).or_default().meaning = Some(meaning);
    }

    /// Looks up a name in normal form.
    pub(super) fn get(&self, name: &[u8]) -> Option<&Entry> {
        self.0.get(name)
    }
}

/// The form in which names are compared: lower case, `_` for `-`.
pub(super) fn normal(name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    push_normal(name, &mut out);
    out
}

/// Appends the normal form of a name or of a part of it.
pub(super) fn push_normal(name: &str, out: &mut Vec<u8>) {
    out.extend(name.bytes().map(|byte| if byte == b'-' { b'_' } else { byte.to_ascii_lowercase() }));
}
