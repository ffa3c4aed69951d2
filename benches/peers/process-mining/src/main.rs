//! Aligns an event log with a net by the `process_mining` crate and prints the moves and the best time as JSON, as
//! `process/examples/align.rs` does for offpath.
//!
//! ```text
//! peer-process-mining LOG.xes[.gz] NET.pnml TIMES
//! ```

use std::error::Error;
use std::time::{Duration, Instant};

use process_mining::conformance::alignments::{AlignmentOptions, align_log};
use process_mining::core::event_data::case_centric::utils::activity_projection::log_to_activity_projection;
use process_mining::{EventLog, Importable, PetriNet};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [log_file, net_file, times] = arguments.as_slice() else {
        return Err("peer-process-mining LOG.xes[.gz] NET.pnml TIMES".into());
    };
    let log = EventLog::import_from_path(log_file)?;
    let net = PetriNet::import_pnml(net_file)?;
    // It stops at 100,000 states of one trace by default, which some of these traces pass.
    let options = AlignmentOptions { max_states: None, ..AlignmentOptions::default() };
    let (mut best, mut moves) = (Duration::MAX, 0);
    for _ in 0..times.parse::<usize>()? {
        let begin = Instant::now();
        // Its variants are counted here, as they are in what is measured of offpath.
        let found = align_log(&net, &log_to_activity_projection(&log), &options);
        best = best.min(begin.elapsed());
        moves = 0;
        for variant in found {
            moves += u64::from(variant.result?.cost) * variant.frequency;
        }
    }
    println!("{{\"moves\":{moves},\"align\":{:.6}}}", best.as_secs_f64());
    Ok(())
}
