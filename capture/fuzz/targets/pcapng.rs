//! A pcapng file, behind a valid section header.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture_fuzz::read;

fuzz_target!(|bytes: &[u8]| {
    let mut file = vec![0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0];
    file.extend([0xff; 8]);
    file.extend([28, 0, 0, 0]);
    file.extend(bytes);
    read(file);
});
