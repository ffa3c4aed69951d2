//! Server-sent events, whole and cut into pieces as long as the first byte says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture::{EventStream, stream_events};

const LIMIT: usize = 1 << 10;

fuzz_target!(|bytes: &[u8]| {
    let (first, body) = bytes.split_first().unwrap_or((&0, &[]));
    let mut stream = EventStream::new(LIMIT);
    let mut found = Vec::new();
    body.chunks(usize::from(*first) + 1).for_each(|part| stream.push(part, &mut |event| found.push(event)));
    assert!(found.iter().all(|event| event.data.len() <= LIMIT));
    assert_eq!(found, stream_events(body, LIMIT));
});
