//! The reasons why an exchange is not whole, while it is being read.

use crate::Incomplete;

const ALL: [Incomplete; 9] = [
    Incomplete::NoRequest,
    Incomplete::NoResponse,
    Incomplete::MidStream,
    Incomplete::RequestGap,
    Incomplete::ResponseGap,
    Incomplete::SnapLength,
    Incomplete::CutShort,
    Incomplete::UndecodableBody,
    Incomplete::OverLimit,
];

/// A set of [`Incomplete`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reasons(u16);

impl Reasons {
    pub(super) fn add(&mut self, reason: Incomplete) {
        self.0 |= 1 << reason as u16;
    }

    pub(super) fn merge(&mut self, other: Reasons) {
        self.0 |= other.0;
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In the order of the enum.
    pub(super) fn to_vec(self) -> Vec<Incomplete> {
        if self.is_empty() {
            return Vec::new();
        }
        ALL.into_iter().filter(|&reason| self.0 & 1 << reason as u16 != 0).collect()
    }
}
