//! Reading a pipe until Ctrl-C, which reaches all programs of a pipeline: the one that writes ends, and what it wrote is
//! still read.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::SIGINT;
use signal_hook::flag;

use super::Exit;

/// From here on a first Ctrl-C leaves the end of the reading to the pipe's writer; the next one ends the program.
pub(super) fn outlast_interrupt(inputs: &[String]) -> Result<(), Exit> {
    if !inputs.iter().any(|input| input == "-") || std::io::stdin().is_terminal() {
        return Ok(());
    }
    let interrupted = Arc::new(AtomicBool::new(false));
    flag::register_conditional_shutdown(SIGINT, 128 + SIGINT, Arc::clone(&interrupted))
        .and_then(|_| flag::register(SIGINT, interrupted))
        .map(drop)
        .map_err(|e| Exit::CannotStart(format!("signals cannot be caught: {e}")))
}
