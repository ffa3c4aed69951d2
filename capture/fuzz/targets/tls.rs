//! Both sides of a connection that began with the header of a TLS handshake record.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture_fuzz::{conversation, read};

/// A record's type and version, and a `ClientHello`'s type.
const GREETING: &[u8] = b"\x16\x03\x01";

fuzz_target!(|bytes: &[u8]| {
    read(conversation(&[GREETING, bytes].concat()));
});
