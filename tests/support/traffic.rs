//! Live traffic on loopback: a server, its clients, and a program that captures.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::{code, offpath, stderr};

/// Whether this process may capture; without the right, nothing can be tried.
pub fn may_capture() -> bool {
    let output = offpath(&["exchanges", "interface:lo", "--duration", "1ms", "--bpf", "udp port 9"]);
    let may = code(&output) == 4;
    if !may {
        assert!(stderr(&output).contains("setcap"), "neither captured nor refused: {}", stderr(&output));
        eprintln!("skipped: no right to capture on lo");
    }
    may
}

pub fn hash_key() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/hash.key")
}

fn start(args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_offpath"))
        .args(args)
        .env("OFFPATH_HASH_KEY", hash_key())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Starts the program on what a server on loopback is asked, and waits until it captures; with the server's port.
pub fn watching(args: &[&str]) -> (u16, Child) {
    let port = serve();
    let child = start(&[args, &["--bpf", &format!("tcp port {port}")]].concat());
    capturing(&child);
    (port, child)
}

/// Gets more from the server than the kernel keeps of packets that nobody fetches.
pub fn flood(port: u16, child: &Child) {
    ask(port, 1);
    signal(child, "-STOP");
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: shop.test\r\n\r\n").unwrap();
    assert!(std::io::copy(&mut stream, &mut std::io::sink()).unwrap() >= LARGE as u64);
    signal(child, "-CONT");
    ask(port, 2);
}

/// Waits until the kernel lists a packet socket of the process.
fn capturing(child: &Child) {
    for _ in 0..3_000 {
        let sockets = fs::read_to_string("/proc/net/packet").unwrap();
        let inodes: Vec<&str> = sockets.lines().skip(1).filter_map(|line| line.split_whitespace().last()).collect();
        let files = fs::read_dir(format!("/proc/{}/fd", child.id())).unwrap();
        let links = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        let mut names = links.map(|link| link.display().to_string());
        if names.any(|name| inodes.iter().any(|inode| name == format!("socket:[{inode}]"))) {
            // The filter is set just after the socket; what came between is flushed then.
            thread::sleep(Duration::from_millis(300));
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("the process has no packet socket after 30 s");
}

pub fn signal(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

pub fn interrupt(child: Child) -> (i32, String) {
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    (code(&output), stderr(&output))
}

/// Bytes of a large answer.
const LARGE: usize = 128 << 20;

/// A server on loopback that answers every request on its own connection; returns its port.
fn serve() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut piece = [0; 4096];
                let length = stream.read(&mut piece).unwrap();
                request.extend(&piece[..length]);
            }
            let large = request.starts_with(b"GET /large ");
            let body = vec![b' '; if large { LARGE } else { 2 }];
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).unwrap();
        }
    });
    port
}

pub fn ask(port: u16, id: u32) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let request = format!("GET /orders/{id} HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
