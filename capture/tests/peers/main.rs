//! The same traffic as others see it: a real client, Debian's nginx, and tshark.
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a helper of a test fails like the test")]

mod corpus;
mod http2;
#[path = "../http2_wire/mod.rs"]
#[expect(dead_code, reason = "each test file uses its own part of the writer")]
mod http2_wire;
mod messages;
mod openssl;
#[path = "../packets_wire/mod.rs"]
mod packets_wire;
mod pdml;
mod process;
mod reading;
mod recording;
mod tls;
mod tls_handshakes;
mod tshark;
mod websocket;
