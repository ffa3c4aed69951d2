//! The same traffic as others see it: a real client, Debian's nginx, and tshark.
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a helper of a test fails like the test")]

mod process;
mod reading;
mod recording;
mod tshark;
