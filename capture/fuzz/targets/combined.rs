//! Lines behind one of a combined log.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture_fuzz::read;

fuzz_target!(|bytes: &[u8]| {
    let mut file = b"::1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 5\n".to_vec();
    file.extend(bytes);
    read(file);
});
