//! Calls in the bodies of one exchange: the first line is its request line, the second the content type of both sides,
//! and a byte 0xff ends the request's body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture_fuzz::{read, request_and_answer};

fuzz_target!(|bytes: &[u8]| {
    read(request_and_answer(bytes));
});
