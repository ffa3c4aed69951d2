//! A pcap file, behind a valid first header.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture_fuzz::read;

fuzz_target!(|bytes: &[u8]| {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    file.extend(bytes);
    read(file);
});
