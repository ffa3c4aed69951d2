//! The reasons why an exchange is not whole, while it is being read.

use crate::Incomplete;
use crate::tcp::Cause;

const ALL: [Incomplete; 10] = [
    Incomplete::NoRequest,
    Incomplete::NoResponse,
    Incomplete::MidStream,
    Incomplete::RequestGap,
    Incomplete::ResponseGap,
    Incomplete::SnapLength,
    Incomplete::CutShort,
    Incomplete::UndecodableBody,
    Incomplete::OverLimit,
    Incomplete::Reset,
];

/// A set of [`Incomplete`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reasons(u16);

impl Reasons {
    pub(crate) fn add(&mut self, reason: Incomplete) {
        self.0 |= 1 << reason as u16;
    }

    /// Notes a gap in the request or the response.
    pub(crate) fn add_gap(&mut self, cause: Cause, request: bool) {
        self.add(gap_reason(cause, request));
    }

    pub(crate) fn merge(&mut self, other: Reasons) {
        self.0 |= other.0;
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In the order of the enum.
    pub(crate) fn to_vec(self) -> Vec<Incomplete> {
        if self.is_empty() {
            return Vec::new();
        }
        ALL.into_iter().filter(|&reason| self.0 & 1 << reason as u16 != 0).collect()
    }
}

/// How a gap in a request or a response is named.
pub(crate) fn gap_reason(cause: Cause, request: bool) -> Incomplete {
    match (cause, request) {
        (Cause::SnapLength, _) => Incomplete::SnapLength,
        (Cause::Lost, true) => Incomplete::RequestGap,
        (Cause::Lost, false) => Incomplete::ResponseGap,
    }
}
