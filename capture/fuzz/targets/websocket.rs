//! Both sides of a WebSocket with compression.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture_fuzz::{conversation, read};

const OPENING: &[u8] = b"GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\xff\
HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n\xff";

fuzz_target!(|bytes: &[u8]| {
    read(conversation(&[OPENING, bytes].concat()));
});
