//! Calls on a WebSocket: each byte 0xff hands over to the other side, and what is between two is a message.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture_fuzz::{read, said};

fuzz_target!(|bytes: &[u8]| {
    read(said(bytes));
});
