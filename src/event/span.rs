//! A request's place among the calls of its trace.

/// A request's place among the calls of its trace. Hashes are keyed and stay within a run; 0 for what is not told.
///
/// Whoever calls writes all of it himself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Hash of the trace's id.
    pub trace: u64,
    /// Hash of its own id.
    pub id: u64,
    /// Hash of the id of the call in which it was made.
    pub parent: u64,
}
