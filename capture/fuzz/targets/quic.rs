//! A client's hello in Initial packets of QUIC. Behind a first byte of 0 are the frames of one packet; else it says into
//! pieces of how many bytes, times four, the stream is cut: whatever the order in which they come, they tell the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture::Source;
use offpath_capture_fuzz::{Told, datagrams, initial, read_source, small};

/// Packets of a connection that are looked at.
const TRIES: usize = 16;

fn told(packets: impl Iterator<Item = Vec<u8>>) -> Told {
    let file = datagrams(packets);
    let length = file.len() as u64;
    read_source(Source::in_memory("fuzz", file).unwrap(), length, &small())
}

fn frame(offset: usize, data: &[u8]) -> Vec<u8> {
    let number = |number: usize| (0x4000 | number as u16).to_be_bytes();
    [&[6][..], &number(offset), &number(data.len()), data].concat()
}

fuzz_target!(|bytes: &[u8]| {
    let (&cut, rest) = bytes.split_first().unwrap_or((&0, &[]));
    if cut == 0 {
        told([initial(0, &rest[..rest.len().min(1200)])].into_iter());
        return;
    }
    let size = 4 * usize::from(cut);
    let pieces: Vec<Vec<u8>> =
        rest.chunks(size).take(TRIES).enumerate().map(|(nth, data)| frame(nth * size, data)).collect();
    let packets = || pieces.iter().enumerate().map(|(nth, frames)| initial(nth as u8, frames));
    let forwards = told(packets());
    let backwards = told(packets().rev());
    assert_eq!(forwards.unread, backwards.unread);
});
