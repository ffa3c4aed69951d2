//! A side of a connection, where it is known.

/// A side, 0 or 1, where it is known, in one byte: an `Option<usize>` has sixteen, in each of tens of thousands of
/// connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum KnownSide {
    #[default]
    Unknown,
    First,
    Second,
}

impl KnownSide {
    /// The side, `None` where it is not known.
    pub(crate) fn get(self) -> Option<usize> {
        match self {
            KnownSide::Unknown => None,
            KnownSide::First => Some(0),
            KnownSide::Second => Some(1),
        }
    }

    /// Whether it is known to be this one.
    pub(crate) fn is(self, side: usize) -> bool {
        self.get() == Some(side)
    }
}

impl From<usize> for KnownSide {
    fn from(side: usize) -> Self {
        if side == 0 { KnownSide::First } else { KnownSide::Second }
    }
}
