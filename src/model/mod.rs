//! The intended workflow: what the business process is meant to be.
//!
//! [`Model::read`] turns a file into plain data with every name resolved and every expression checked, or into
//! [`Diagnostics`]. `docs/model.md` describes the language.

mod address_block;
mod code;
mod diagnostic;
pub mod expression;
pub mod lifecycle;
mod openapi;
mod outline;
mod pattern;
mod quantity;
mod read;
pub mod workflow;

pub use address_block::{AddressBlock, AddressBlockError};
pub use code::{Code, explanation};
pub use diagnostic::{Diagnostic, Diagnostics, Gravity, Span, nearest_name};
pub use expression::{Expression, Path, Root};
pub use lifecycle::{Lifecycle, State, Transition};
pub use openapi::{DescribedOperation, Description};
pub use pattern::{Pattern, Piece};
pub use read::Open;
pub(crate) use read::{settings, suppressions};
pub use workflow::*;
