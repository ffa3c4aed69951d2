//! A mapping file, and behind a byte 0xff lines that it may be for: what is wrong is said, and what is right reads any lines.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use offpath::cli::parse_mapping;
use offpath_capture::Options;
use offpath_capture_fuzz::{read_file, small};

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == 0xff);
    let Ok(text) = std::str::from_utf8(parts.next().unwrap_or_default()) else { return };
    let mapping = match parse_mapping("map.yaml", text) {
        Ok(mapping) => mapping,
        Err(found) => {
            assert!(!found.is_empty() && !found.render(false).trim().is_empty());
            return;
        }
    };
    if mapping.missing().is_some() {
        return;
    }
    let lines = parts.next().unwrap_or_default();
    read_file(("lines", lines), &Options { mapping: Some(Arc::new(mapping)), ..small() });
});
