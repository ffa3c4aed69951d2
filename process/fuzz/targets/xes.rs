//! XES event logs: whatever they hold, reading ends, and what is written of it is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_process::{EventLog, LogLimits, XesReader, write_xes};

fuzz_target!(|bytes: &[u8]| {
    let limits = LogLimits { events: 1_000, traces: 200, names: 500, ..LogLimits::default() };
    let reader = XesReader { limits, ..XesReader::default() };
    let mut log = EventLog::default();
    if reader.read("log", bytes, &mut log).is_err() {
        return;
    }
    assert!(log.events().len() <= limits.events && log.len() <= limits.traces);
    let mut text = Vec::new();
    write_xes(&log, &mut text).unwrap();
    let mut again = EventLog::default();
    assert!(reader.read("log", text.as_slice(), &mut again).unwrap().is_empty());
    assert_eq!((log.len(), log.events().len()), (again.len(), again.events().len()));
});
