//! One pcap file of any link type: the first two bytes name it, and each packet behind says its length in one byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture_fuzz::{frames, read};

fuzz_target!(|bytes: &[u8]| read(frames(bytes)));
