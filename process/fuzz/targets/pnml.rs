//! Petri nets: whatever they hold, reading and compiling end within limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_process::{Model, ModelLimits, read_pnml};

fuzz_target!(|bytes: &[u8]| {
    let Ok(net) = read_pnml(bytes) else { return };
    let limits = ModelLimits { markings: 500, edges: 5_000, states: 200, members: 5_000, ..ModelLimits::default() };
    if let Ok(model) = Model::new(&net, limits) {
        assert!(model.states().is_none_or(|states| states <= limits.states));
    }
});
