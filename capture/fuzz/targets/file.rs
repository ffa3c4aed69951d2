//! A file of any format, or of none: in memory, on disk and compressed it tells the same, and of a file and its
//! compressed copy one is read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture::Source;
use offpath_capture_fuzz::{gzip, read_file, read_files, read_source, small};

fuzz_target!(|bytes: &[u8]| {
    let options = small();
    let in_memory = Source::in_memory("fuzz", bytes.to_vec());
    let in_memory = in_memory.ok().map(|source| read_source(source, bytes.len() as u64, &options));
    let plain = read_file(("file", bytes), &options);
    assert_eq!(in_memory, plain);
    // What is compressed twice is refused.
    if matches!(bytes, [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]) {
        return;
    }
    let compressed = gzip(bytes);
    assert_eq!(read_file(("file.gz", &compressed), &options), plain);
    if plain.is_some() {
        assert_eq!(read_files(&[("file", bytes), ("file.gz", &compressed)], &options), (1, 1));
    }
});
