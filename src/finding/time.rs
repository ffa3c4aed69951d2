//! Instants as outputs write them.

use jiff::Timestamp;

pub use crate::event::rfc3339;

/// Microseconds since the Unix epoch of an RFC 3339 text; `None` if it is none.
pub fn micros(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_always_six() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(rfc3339(1_772_323_200_000_001), "2026-03-01T00:00:00.000001Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59.999999Z");
    }

    proptest! {
        #[test]
        fn any_number_is_written_and_order_is_kept(a in any::<i64>(), b in 0..4_000_000_000_000_000_i64, c in 0..4_000_000_000_000_000_i64) {
            prop_assert!(rfc3339(a).ends_with('Z'));
            prop_assert_eq!(micros(&rfc3339(b)), Some(b));
            prop_assert_eq!(b.cmp(&c), rfc3339(b).cmp(&rfc3339(c)));
        }
    }
}
