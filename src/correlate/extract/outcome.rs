//! How a request went.

use offpath_capture::{Call, CallOutcome};

use crate::correlate::paths;
use crate::correlate::reading::Reading;
use crate::event::{Outcome, is_given_up};
use crate::model::expression::{self, Expression, Truth};
use crate::model::{Activity, Root};

/// `ok` decides where the status does not: a 4xx or 5xx is a refusal unless `ok` itself looks at the status.
pub(super) fn outcome(reading: &Reading<'_>, activity: Option<&Activity>) -> Outcome {
    let by_status = match reading.call {
        Some(call) => call_outcome(call, reading),
        None => match status_outcome(reading, activity) {
            Some(outcome) => outcome,
            None => return Outcome::Unknown,
        },
    };
    let Some(ok) = activity.and_then(|a| a.ok.as_ref()) else { return by_status };
    if by_status == Outcome::Rejected && !asks_status(ok) {
        return Outcome::Rejected;
    }
    match expression::truth(ok, reading) {
        Truth::True => Outcome::Accepted,
        Truth::False => Outcome::Rejected,
        Truth::Unknown => Outcome::Unknown,
    }
}

/// Whether a test looks at the status itself.
pub(in crate::correlate) fn asks_status(ok: &Expression) -> bool {
    let mut asks = false;
    paths::each(&ok.node, &mut |path| asks |= path.root == Root::Message && path.text.contains("status"));
    asks
}

/// How the status says that an exchange went; `None` where it was not seen.
pub(super) fn status_outcome(reading: &Reading<'_>, activity: Option<&Activity>) -> Option<Outcome> {
    let read = activity.map_or_else(|| is_safe(reading.method()), |a| a.read || is_safe(reading.method()));
    Some(by_status(reading.outcome_status()?, read))
}

/// How a status says that a request went; `read`: that moves nothing.
pub(in crate::correlate) fn by_status(status: u16, read: bool) -> Outcome {
    match status {
        200..=299 => Outcome::Accepted,
        304 if read => Outcome::Accepted,
        // A redirect may lead to the result or to the login.
        ..=399 => Outcome::Unknown,
        status if is_given_up(status) => Outcome::Unknown,
        400.. => Outcome::Rejected,
    }
}

/// How a call inside a body went: as its own answer says, whatever the status; without one, a status may refuse all.
pub(super) fn call_outcome(call: &Call, reading: &Reading<'_>) -> Outcome {
    match call.outcome {
        CallOutcome::Accepted => Outcome::Accepted,
        CallOutcome::Failed(_) => Outcome::Rejected,
        CallOutcome::Waiting | CallOutcome::Unknown => match reading.outcome_status() {
            Some(status @ 400..) if !is_given_up(status) => Outcome::Rejected,
            _ => Outcome::Unknown,
        },
    }
}

/// Methods that move nothing (RFC 9110, section 9.2.1).
pub(in crate::correlate) fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_of_who_gave_up_leaves_open_how_it_went() {
        for (status, outcome) in [
            (201, Outcome::Accepted),
            (302, Outcome::Unknown),
            (409, Outcome::Rejected),
            (499, Outcome::Unknown),
            (500, Outcome::Rejected),
            (502, Outcome::Unknown),
            (503, Outcome::Rejected),
            (504, Outcome::Unknown),
        ] {
            assert_eq!(by_status(status, false), outcome, "{status}");
        }
    }
}
