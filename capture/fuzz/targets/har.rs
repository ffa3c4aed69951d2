//! The entries of a HAR file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture_fuzz::read;

fuzz_target!(|bytes: &[u8]| {
    let mut file = b"{\"log\": {\"entries\": [".to_vec();
    file.extend(bytes);
    read(file);
});
