//! What a value may be by its looks. Nothing is read by it: it is proposed to whoever can tell.

use std::borrow::Cow;

use super::fields::{Field, Fields, Value};
use super::line::METHODS;
use super::meaning::Slot;
use super::record;
use super::refusal::{is_plain_name, shown_name};
use crate::clock;

/// A part of an exchange, and whether a text looks like it.
type Role = (&'static str, fn(&str) -> bool);

/// What an exchange is made of, as `--log-field` and mappings name it, and whether a text looks so; what is surest first.
pub(super) const ROLES: [Role; 6] = [
    ("request_line", |text| record::request_line(text).is_some()),
    ("time", is_time),
    ("method", |text| METHODS.contains(&text)),
    ("path", |text| text.starts_with('/') || text.starts_with("http://") || text.starts_with("https://")),
    ("status", |text| text.len() == 3 && matches!(text.parse(), Ok(100..=599_u16))),
    ("client", |text| record::endpoint(text).is_some()),
];

/// A date and time, or an epoch of at least ten digits: short numbers are sizes and durations.
fn is_time(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    clock::parse(text).is_some() && (digits >= 10 || text.contains(['-', '/']))
}

impl Fields<'_, '_> {
    /// How to name the fields that look like what no field is known for: `--log-field method=m --log-field status=st`.
    pub(super) fn guess(&self) -> Option<String> {
        let unknown = |slots: &[Slot]| slots.iter().all(|slot| !self.is_known(*slot));
        let asked = unknown(&[Slot::Method, Slot::RequestLine]);
        let of = unknown(&[Slot::Target, Slot::RequestLine, Slot::Route]);
        let timed = unknown(&[Slot::Start, Slot::Logged, Slot::End, Slot::Date]);
        let mut named = Vec::new();
        let mut line = false;
        for (role, fits) in ROLES {
            let wanted = match role {
                "request_line" => asked && of,
                "time" => timed,
                "method" => asked && !line,
                "path" => of && !line,
                "status" => self.lacks_status(),
                _ => false,
            };
            let found = wanted.then(|| self.looks(fits)).flatten();
            line |= role == "request_line" && found.is_some();
            named.extend(found.map(|name| format!("--log-field {role}={}", shown_name(name))));
        }
        (!named.is_empty()).then(|| named.join(" "))
    }

    /// Whether no field is known as the status, though one looks like it.
    pub(super) fn has_unnamed_status(&self) -> bool {
        self.lacks_status() && ROLES.iter().any(|(role, fits)| *role == "status" && self.looks(*fits).is_some())
    }

    fn lacks_status(&self) -> bool {
        !self.table.strict && self.convention.is_none() && !self.is_known(Slot::Status)
    }

    fn is_known(&self, slot: Slot) -> bool {
        self.slots.get(slot as usize).is_some_and(Option::is_some)
    }

    /// The first field that looks so, of those that nothing takes.
    fn looks(&self, fits: fn(&str) -> bool) -> Option<&str> {
        let taken = |at: usize| self.slots.iter().flatten().any(|(_, known)| *known == at);
        let mut free = self.list.iter().enumerate().filter(|(at, field)| !field.used && !taken(*at));
        let found = free
            .find(|(_, field)| text(field).is_some_and(|text| fits(text.trim())) && is_plain_name(self.name_of(field)));
        found.map(|(_, field)| self.name_of(field))
    }
}

fn text<'f>(field: &'f Field<'_, '_>) -> Option<Cow<'f, str>> {
    let Value::Scalar(scalar) = &field.value else { return None };
    match scalar.text() {
        Some(text) => Some(Cow::Borrowed(text)),
        None => scalar.clone().into_text(),
    }
}
