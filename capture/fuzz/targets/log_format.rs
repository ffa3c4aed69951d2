//! A format as a server's configuration has it, in the first line, and lines that it may be of.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture::{LogFormat, Options};
use offpath_capture_fuzz::{read_file, small};

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let Ok(written) = std::str::from_utf8(parts.next().unwrap_or_default()) else { return };
    let Ok(format) = LogFormat::new(written) else { return };
    assert_eq!(format.as_str(), written.trim());
    assert_eq!(LogFormat::new(format.as_str()).as_ref(), Ok(&format));
    let lines = parts.next().unwrap_or_default();
    read_file(("lines", lines), &Options { log_format: Some(format), ..small() });
});
