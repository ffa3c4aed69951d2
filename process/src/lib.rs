//! Process mining's formats and exact conformance, with no knowledge of HTTP.
//!
//! ```text
//! XES  -> EventLog -> Variants ─┐
//!                               ├─ align::costs -> Verdict a variant -> Measures
//! PNML -> Net -> Model ─────────┘  Explainer -> moves of a variant -> deviations
//! ```
//!
//! Everything here works on bytes that nobody vouches for: sizes are bounded before memory is taken, nothing recurses
//! on input, and what cannot be decided within a budget is said to be undecided, with the bound that is known.

pub mod align;
mod automaton;
mod conformance;
mod determinise;
mod deviation;
mod directly_follows;
mod elements;
mod log;
mod marking;
mod measures;
mod minimise;
mod model;
mod names;
mod net;
mod pnml;
mod time;
mod xes;
mod xml;

pub use automaton::{Automaton, Dfa, Edge, Exhausted, SILENT};
pub use conformance::{Conformance, Group, check};
pub use deviation::{Deviation, Kind};
pub use directly_follows::DirectlyFollows;
pub use elements::{Element, ElementsError, read_elements};
pub use log::{Event, EventLog, Trace, Variant};
pub use marking::MarkingGraph;
pub use measures::Measures;
pub use model::{Compiled, Model, ModelError, ModelLimits};
pub use names::Names;
pub use net::{Marking, Net, NetError, Place, Transition};
pub use pnml::{PnmlError, read_pnml};
pub use xes::{LogLimits, Problem, XesError, XesReader, write_xes};
