//! Both sides of a connection that speaks TLS, with its key log: bytes as they are after a greeting, records of any suite
//! after the hellos, or records that open.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture_fuzz::{conversation, read_with_secrets, sealed, unsealed};

/// A record's type and version, and a `ClientHello`'s type.
const GREETING: &[u8] = b"\x16\x03\x01";

fuzz_target!(|bytes: &[u8]| {
    let (&mode, rest) = bytes.split_first().unwrap_or((&0, &[]));
    read_with_secrets(match mode % 3 {
        0 => conversation(&[GREETING, rest].concat()),
        1 => unsealed(rest),
        _ => sealed(rest),
    });
});
