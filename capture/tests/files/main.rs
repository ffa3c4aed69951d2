//! Files, HAR and access logs through the public API.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod corpus;
mod damage;
mod format_law;
mod formats;
mod har;
mod law;
mod log;
mod planning;
mod reading;
mod writer;
