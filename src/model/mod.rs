//! The intended workflow: what the business process is meant to be.
//!
//! [`Model::read`] turns a file into plain data with every name resolved and every expression checked, or into
//! [`Diagnostics`]. `docs/model.md` describes the language.

mod address_block;
mod amount;
mod code;
mod delegation;
mod diagnostic;
mod diff;
pub mod expression;
mod import;
mod layout;
pub mod lifecycle;
mod logic;
mod openapi;
mod outline;
mod pattern;
pub(crate) mod quantity;
mod read;
pub mod starter;
mod wording;
pub mod workflow;

pub use address_block::{AddressBlock, AddressBlockError};
pub use code::{Code, explanation};
pub use delegation::{Delegation, DelegationLimits, Inherited, Permitted, Rate};
pub use diagnostic::{Diagnostic, Diagnostics, Gravity, Span, nearest_name};
pub use diff::{Change, Direction, ModelDiff, Written, delegations};
pub use expression::{Expression, Path, Root};
pub use import::{IMPORT_BYTES, ImportError, Imported, LeftOut, import};
pub use layout::{Refusal, layout};
pub use lifecycle::{Lifecycle, State, Transition};
pub use openapi::{DescribedOperation, Description};
pub use pattern::{Pattern, Piece};
pub(crate) use quantity::{duration, duration_text};
pub use read::Open;
pub(crate) use read::{settings, suppressions};
pub use workflow::*;
