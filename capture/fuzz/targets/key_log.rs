//! Text of a TLS key log, in a pcapng file's block of secrets, before a connection that it may open.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture_fuzz::{read, with_secrets};

fuzz_target!(|bytes: &[u8]| read(with_secrets(bytes)));
