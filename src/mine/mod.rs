//! What really happened: process maps, variants and drafts of a model, as folds whose partial sums add up in any order.
//!
//! A draft takes two readings. The first, without a model, gathers [`Evidence`]: which operations are about which
//! objects, and where keys are. Its [`Sketch`] names object types and activities, and [`outline`] writes it as a model.
//! The second reading uses that model, so that the lives which [`draft()`] turns into lifecycles are exactly those that a
//! check will see. The command that writes the draft replays it over the same traffic once more, and takes back the
//! [`Trust`] in declared states that this does not bear out.

mod amount;
mod annotate;
mod beside;
mod chronicle;
mod completion;
mod doubt;
mod draft;
mod evidence;
mod flows;
mod fold;
mod guard;
mod habit;
mod invariant;
mod life;
mod lifecycle;
mod made_up;
mod map;
mod name;
mod numbered;
mod operations;
mod owned;
mod ownership;
mod page;
mod proposal;
mod redirected;
mod roles;
mod said;
mod sample;
mod setting;
mod sketch;
mod subject;
mod templates;
mod ties;
mod wholes;
mod written;

pub use annotate::annotated;
pub use beside::{Beside, Redirect, RoleShown, Traced};
pub use draft::{Doubted, Provenance, Trust, beginning, draft, outline};
pub use evidence::{Evidence, KeyedByTenant};
pub use flows::{Edge, Flows};
pub use fold::{Mining, Variant};
pub use map::{MapEdge, MapNode, ProcessMap};
pub use sketch::Sketch;
pub use templates::Templates;
pub use wholes::{Told, Wholes};
