//! Lines behind one of a JSON log.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture_fuzz::read;

fuzz_target!(|bytes: &[u8]| {
    let mut file = b"{\"ts\": 1, \"method\": \"GET\", \"path\": \"/\"}\n".to_vec();
    file.extend(bytes);
    read(file);
});
