//! Which field of a JSON log record means what: names that nginx, Envoy, Caddy, Traefik, ECS, OpenTelemetry, Zeek,
//! IIS and the clouds use, and those that people choose themselves.
//!
//! Names are compared in lower case, with `_` for `-`, nested ones joined by dots. In each row the first name that a
//! record has wins; the others stay in [`crate::LogFacts::fields`].

mod header;
mod message;
mod party;
mod time;

pub(super) use self::header::{REQUEST_HEADERS, RESPONSE_HEADERS};
pub(super) use self::time::DURATIONS;
use super::meaning::Slot;

/// Names of one meaning, best first.
pub(super) type Names = (Slot, &'static [&'static str]);

/// All names with a meaning of their own.
pub(super) const SLOTS: [&[Names]; 3] = [time::NAMES, party::NAMES, message::NAMES];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_log::meaning::normal;

    #[test]
    fn no_name_has_two_meanings() {
        let slots = SLOTS.into_iter().flatten().flat_map(|(_, names)| names.iter().copied());
        let durations = DURATIONS.iter().map(|(name, _)| *name);
        let headers = REQUEST_HEADERS.iter().chain(RESPONSE_HEADERS).map(|(name, _)| *name);
        let mut seen = std::collections::BTreeSet::new();
        for name in slots.chain(durations).chain(headers) {
            assert!(seen.insert(name), "{name} twice");
            assert_eq!(name.as_bytes(), normal(name));
        }
    }
}
