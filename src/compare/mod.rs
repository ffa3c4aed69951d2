//! Observed against intended: pure functions of sorted events and a model.

pub mod deviation;

pub use deviation::{Blindness, CaseResult, Check, Deviation, Measures, StateChange, StateMove, Tallies, Tally, Trace};
