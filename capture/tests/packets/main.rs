//! Captures written packet by packet: each names what is wrong with it and what must come out.

mod connections;
mod damage;
mod files;
mod joined;
mod link;
mod losses;
mod messages;
#[path = "../packets_wire/mod.rs"]
mod packets_wire;
mod pcapng;

fn post(body: &str) -> String {
    format!("POST /orders HTTP/1.1\r\nHost: a.test\r\nX-Request-Id: 1\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
