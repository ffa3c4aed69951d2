//! HTTP/2 written frame by frame: each test names what is said and what must come out.

mod beginnings;
mod endings;
mod grpc;
#[path = "../http2_wire/mod.rs"]
mod http2_wire;
mod limits;
mod losses;
mod messages;
#[path = "../packets_wire/mod.rs"]
mod packets_wire;
