//! Who did what to which object, held against what really happened: with the scenario's model each exchange is told
//! rightly, and without any model nearly each one, in the scenario and in an application that shares nothing with it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on stops, and says what it measured"
)]

mod beginnings;
mod corpus;
mod flows;
mod hire;
mod parts;
mod premises;
mod sample;
mod scanners;
mod score;
mod seen;
#[path = "../support/mod.rs"]
mod support;
mod templates;
