//! Files, HAR and access logs through the public API.

mod corpus;
mod reading;
