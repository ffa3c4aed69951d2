//! From what the user named to open, decompressed, recognised inputs.
//!
//! [`resolve`](resolve::plan) turns names into files, [`sniff`] tells formats apart by content, [`decompress`] opens
//! gzip and zstd, and [`disk`] counts and hashes what is read from the disk on the way. [`copies`] finds equal files,
//! [`alike`] numbers those that only begin alike, [`run_folder`] tells our own outputs from traffic.

mod alike;
mod copies;
mod decompress;
mod disk;
mod open;
mod resolve;
mod run_folder;
mod signature;
mod sniff;
mod stored;

pub(crate) use decompress::Compression;
pub(crate) use open::{
    Again, Handle, Opened, Recognised, again, look_at_beginning, open, open_when_due, recognise_bytes,
};
pub(crate) use resolve::plan;
pub use run_folder::is_run_folder;
