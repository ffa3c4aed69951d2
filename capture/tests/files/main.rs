//! Files, HAR and access logs through the public API.

mod corpus;
mod damage;
mod har;
mod law;
mod log;
mod planning;
mod reading;
