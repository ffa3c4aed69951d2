//! Views for a terminal. Colour and width are given, never found; no meaning hangs on colour alone.

mod access;
mod cases;
mod change;
mod check;
mod drift;
mod event_log;
mod explanation;
mod finding;
mod gaps;
mod groups;
mod inspect;
mod intended;
mod mine;
mod screen;
mod table;
mod timeline;
mod unmatched;
mod verification;

pub use access::access;
pub use cases::cases;
pub use change::change;
pub use check::check;
pub use drift::drift;
pub(super) use drift::{chance as drift_chance, share as drift_share, word as drift_word};
pub use event_log::event_log;
pub use explanation::explanation;
pub use finding::finding;
pub use gaps::gaps;
pub use groups::{by_cause, one_by_one, suppressed};
pub use inspect::{inspect, unknown_paths};
pub use intended::intended;
pub use mine::mine;
pub use screen::Screen;
pub use timeline::timeline;
pub use unmatched::unmatched;
pub use verification::{gone, verification};
