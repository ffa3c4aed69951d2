//! Bounds on what hostile input can make this crate allocate or compute.

/// Every bound is checked before the allocation it bounds.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Decoded bytes kept of one body.
    pub body_bytes: usize,
    /// Decoded bytes that one body may inflate to before decoding stops (the rest is counted, not decoded).
    pub inflate_bytes: u64,
    /// Bytes of one message head.
    pub head_bytes: usize,
    /// Header fields of one message. As many as there is room for in `head_bytes` by default: a smaller number would let
    /// whoever sends a request push its credentials out of sight behind fields of four bytes, which servers take.
    pub header_fields: usize,
    /// Out-of-order bytes held for one direction of a connection.
    pub reorder_bytes: usize,
    /// Bytes held over all connections before the idlest are closed.
    pub total_bytes: usize,
    /// Connections tracked at once before the idlest are closed.
    pub connections: usize,
    /// Seconds of silence, in capture time, after which a connection is closed.
    pub idle_seconds: i64,
    /// Bytes of one HAR entry.
    pub entry_bytes: usize,
    /// Bytes of one log line.
    pub line_bytes: usize,
    /// Secrets of TLS connections that are kept; a connection has one, under TLS 1.3 up to five.
    pub tls_secrets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            body_bytes: 4 << 20,
            inflate_bytes: 64 << 20,
            head_bytes: 256 << 10,
            header_fields: 64 << 10,
            reorder_bytes: 4 << 20,
            total_bytes: 256 << 20,
            connections: 200_000,
            idle_seconds: 600,
            entry_bytes: 256 << 20,
            line_bytes: 4 << 20,
            tls_secrets: 500_000,
        }
    }
}
