//! What changed between two runs: behaviour that is new, gone, rarer or commoner, by other people, or against the rules.
//!
//! [`Habits`] are counted while cases are compared and are kept in the run folder; [`compare`] tests those of two runs
//! against each other, corrects for the number of tests and puts what has one cause together. What only looks different
//! because something else was seen is said beside it.

mod cause;
mod compared;
mod habits;
mod record;
pub mod statistics;
mod told;

pub use cause::Cause;
pub use compared::{Change, Compared, Direction, Settings, Side, TooFew, compare};
pub use habits::{Habits, Names};
pub use record::{Cell, HABITS, Key, Kind, Record, RecordError, Totals};
pub use told::{About, Caveat, Doubtful, Mark, Rows, findings, first_seen, subject, words};
