//! What a field's name means, looked up in one table of the conventions' names and the user's.

use std::collections::BTreeMap;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::convention::{Convention, MARKS};
use super::mapping::Mapping;
use super::name::{DURATIONS, REQUEST_HEADERS, RESPONSE_HEADERS, SLOTS};
use super::target;
use super::time_format::TimeFormat;
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
    /// The day alone, where the time of day is another field.
    Date,
    Client,
    ClientPort,
    Server,
    ServerPort,
    /// Method, target and protocol in one.
    RequestLine,
    Method,
    Target,
    Query,
    /// The template that the target fits, perhaps after a method: what there is where no target is logged.
    Route,
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
    /// The id of the client's session.
    Session,
}

impl Meaning {
    /// The same among other names of the target.
    fn ranked(self, rank: u16) -> Self {
        match self {
            Meaning::Slot(slot, _) => Meaning::Slot(slot, rank),
            Meaning::Duration(unit, _) => Meaning::Duration(unit, rank),
            other => other,
        }
    }
}

/// What a name tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) meaning: Option<Meaning>,
    pub(super) mark: Option<Convention>,
}

/// All names, ready to be looked up.
pub(super) struct Table {
    names: HashMap<Vec<u8>, Entry, FixedState>,
    /// How times are written, where the user says it.
    pub(super) time_format: Option<TimeFormat>,
    /// Whether names mean only what a mapping says.
    pub(super) strict: bool,
}

impl Table {
    /// The conventions with the user's own names (see [`crate::Options::log_fields`]) over them.
    pub(super) fn new(overrides: &BTreeMap<String, String>) -> Self {
        let mut table = Table::empty();
        for (slot, names) in SLOTS.into_iter().flatten() {
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
                table.names.entry(name.as_bytes().to_vec()).or_default().mark = Some(*convention);
            }
        }
        table.name_by_hand(overrides);
        table
    }

    /// No names but those of a mapping, which are all that is read, and the user's own over them.
    pub(super) fn of_mapping(mapping: &Mapping, overrides: &BTreeMap<String, String>) -> Self {
        let mut table = Table { time_format: mapping.time_format.clone(), strict: true, ..Table::empty() };
        for (target, names) in &mapping.fields {
            for (rank, name) in (1..).zip(names) {
                let meaning = target::meaning(target, name).map(|meaning| meaning.ranked(rank));
                if let Some(meaning) = meaning {
                    table.set(&String::from_utf8_lossy(&normal(name)), meaning);
                }
            }
        }
        for (target, name, _) in mapping.values() {
            if let Some(meaning) = target::meaning(target, name) {
                table.set(name, meaning.ranked(u16::MAX));
            }
        }
        table.name_by_hand(overrides);
        table
    }

    /// Has the user's own names mean what they are given for.
    pub(super) fn name_by_hand(&mut self, overrides: &BTreeMap<String, String>) {
        for (target, name) in overrides {
            if let Some(meaning) = target::meaning(target, name) {
                self.set(&String::from_utf8_lossy(&normal(name)), meaning);
            }
        }
    }

    /// Has fields mean what variables of nginx do, as its configuration says of a log in JSON. Those that mean nothing
    /// stay fields.
    pub(super) fn alias<'f>(&mut self, fields: impl IntoIterator<Item = &'f (String, String)>) {
        for (field, variable) in fields {
            let normal_variable = normal(variable);
            let known = self.names.get(&normal_variable).and_then(|entry| entry.meaning.clone());
            let header = |prefix| variable.strip_prefix(prefix).map(|name| name.replace('_', "-"));
            let meaning = known
                .or_else(|| header("sent_http_").map(Meaning::ResponseHeader))
                .or_else(|| header("http_").map(Meaning::RequestHeader));
            let mark = self.names.get(&normal_variable).and_then(|entry| entry.mark);
            let entry = Entry { meaning, mark: mark.or(Some(Convention::Nginx)) };
            self.names.insert(normal(field), entry);
        }
    }

    fn empty() -> Self {
        Table { names: HashMap::with_hasher(FixedState::default()), time_format: None, strict: false }
    }

    fn set(&mut self, name: &str, meaning: Meaning) {
        self.names.entry(name.as_bytes().to_vec()).or_default().meaning = Some(meaning);
    }

    /// Looks up a name in normal form.
    pub(super) fn get(&self, name: &[u8]) -> Option<&Entry> {
        self.names.get(name)
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
