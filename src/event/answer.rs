//! What an answer tells of itself, beside its status.

/// What an answer tells of itself. What the source does not show is as if it were not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Keyed hash of its body, where that was seen whole; of requests that may change something only.
    pub body_hash: Option<u64>,
    /// Bytes of its body, decoded where they were captured, else as they were sent; none where it is not known.
    pub size: Option<u64>,
    /// A cache gave it: it may be older than the request.
    pub cached: bool,
    /// The server gave its record of an earlier answer, and did nothing.
    pub replayed: bool,
    /// It says of the object that it is about that this is deleted.
    pub gone: bool,
    /// It names the object that the event is about, and the request does not: the step made it.
    pub made: bool,
}
