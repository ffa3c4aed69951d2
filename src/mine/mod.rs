//! What really happened: process maps, variants and drafts of a model, as folds whose partial sums add up in any order.

mod draft;
mod fold;
mod map;

pub use draft::draft;
pub use fold::{Mining, Variant};
pub use map::{MapEdge, MapNode, ProcessMap};
