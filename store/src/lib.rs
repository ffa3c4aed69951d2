//! Object stores and web servers as inputs: finds objects by URL and streams them into synchronous readers.
//!
//! The only crate of offpath that opens connections, and only to what a given URL names (and, where such a URL needs
//! credentials that the surroundings do not hold, to where the cloud hands them out). [`Network`] is what
//! [`offpath_capture::Options::stores`] takes.

mod account;
mod address;
mod download;
mod explain;
mod network;
mod profile;

pub use account::Surroundings;
pub use network::Network;
