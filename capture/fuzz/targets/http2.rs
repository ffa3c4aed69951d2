//! Both sides of a connection that began with HTTP/2's preface.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture_fuzz::{conversation, read};

/// The client's preface and settings, then the server's settings.
const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\xff\0\0\0\x04\0\0\0\0\0\xff";

fuzz_target!(|bytes: &[u8]| {
    read(conversation(&[GREETING, bytes].concat()));
});
