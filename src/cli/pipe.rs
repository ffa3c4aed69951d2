//! Reading a pipe until Ctrl-C, which reaches all programs of a pipeline: the one that writes ends, and what it wrote is
//! still read.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::SIGINT;
use signal_hook::flag;

use super::Exit;

/// Who ends the program at the second signal, where the first one only ends the reading.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Second {
    /// The signal itself: the command leaves nothing behind.
    AtOnce,
    /// The [`WorkFolder`](super::work_folder::WorkFolder), when it is removed.
    WorkFolder,
}

/// From here on a first Ctrl-C leaves the end of the reading to the pipe's writer; the next one ends the program.
pub(super) fn outlast_interrupt(inputs: &[String], second: Second) -> Result<(), Exit> {
    if !inputs.iter().any(|input| input == "-") || std::io::stdin().is_terminal() {
        return Ok(());
    }
    spare(SIGINT, &Arc::default(), second).map_err(|e| Exit::CannotStart(format!("signals cannot be caught: {e}")))
}

/// From here on a first signal does nothing but set a flag.
pub(super) fn spare(signal: i32, met: &Arc<AtomicBool>, second: Second) -> std::io::Result<()> {
    if second == Second::AtOnce {
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(met))?;
    }
    flag::register(signal, Arc::clone(met)).map(drop)
}
