//! Reads an event log and a net, compiles and aligns ten times, and prints the moves and the best time as JSON: what
//! `scripts/bench.py` measures beside its peers.
//!
//! ```text
//! align LOG.xes[.gz] NET.pnml
//! ```
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::error::Error;
use std::fs::File;
use std::time::{Duration, Instant};

use offpath_process::align::{Budget, Weights};
use offpath_process::{EventLog, Model, ModelLimits, XesReader, check, read_pnml};

/// The allocator of `offpath`, so that this measures what `offpath` has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TIMES: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(log_file), Some(net_file)) = (arguments.next(), arguments.next()) else {
        return Err("align LOG.xes[.gz] NET.pnml".into());
    };
    let mut log = EventLog::default();
    let reading = Instant::now();
    XesReader::default().read(&log_file, File::open(&log_file)?, &mut log)?;
    let reading = reading.elapsed();
    let net = read_pnml(File::open(&net_file)?)?;
    let (mut compiling, mut aligning, mut moves) = (Duration::MAX, Duration::MAX, 0);
    for _ in 0..TIMES {
        let begin = Instant::now();
        let mut model = Model::new(&net, ModelLimits::default())?;
        compiling = compiling.min(begin.elapsed());
        let begin = Instant::now();
        let found = check(&log, &mut model, Weights::default(), Budget::default());
        aligning = aligning.min(begin.elapsed());
        moves = found.measures.alignment_moves;
    }
    println!(
        "{{\"moves\":{moves},\"events\":{},\"read\":{:.6},\"compile\":{:.6},\"align\":{:.6}}}",
        log.events().len(),
        reading.as_secs_f64(),
        compiling.as_secs_f64(),
        aligning.as_secs_f64(),
    );
    Ok(())
}
