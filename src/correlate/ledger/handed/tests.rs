//! What exchanges hand over.
