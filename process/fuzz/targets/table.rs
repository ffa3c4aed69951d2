//! Event logs as CSV: whatever they hold, reading ends within limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_process::{CsvReader, EventLog, LogLimits, csv_columns};

fuzz_target!(|bytes: &[u8]| {
    let limits = LogLimits { events: 1_000, traces: 200, names: 500, token: 4_096, ..LogLimits::default() };
    let reader = CsvReader { limits, ..CsvReader::default() };
    let _ = csv_columns(bytes);
    for head in [&b""[..], b"case,activity,time\n", b"Case ID;Activity;Timestamp\n"] {
        let text = [head, bytes].concat();
        let mut log = EventLog::default();
        if reader.read("log", text.as_slice(), &mut log).is_ok() {
            assert!(log.events().len() <= limits.events && log.len() <= limits.traces);
        }
    }
});
