//! The intended workflow: what the business process is meant to be.

pub mod expression;
pub mod lifecycle;
pub mod workflow;

pub use expression::{Expression, Path, Root};
pub use lifecycle::{Lifecycle, State, Transition};
pub use workflow::*;
