//! offpath: a passive analyzer for API workflow security.
//!
//! It reads traffic that already happened and says where it left the intended path. Data moves one way; each stage is
//! one module, and [`pipeline`] reads like the picture in `ARCHITECTURE.md`:
//!
//! ```text
//! bytes --capture--> Exchange --correlate--> Event --> event log (Arrow, Parquet)
//! event log --mine--> observed lifecycles     event log + model --compare--> Deviation --rule--> Finding --> report
//! ```

pub mod cli;
pub mod compare;
pub mod correlate;
pub mod drift;
pub mod event;
pub mod finding;
pub mod mine;
pub mod model;
pub mod pipeline;
pub mod report;
pub mod rule;
