//! The ledger against naive readings of the same rows.
