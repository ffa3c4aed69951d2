//! Both sides of a connection.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture_fuzz::{conversation, read};

fuzz_target!(|bytes: &[u8]| {
    read(conversation(bytes));
});
