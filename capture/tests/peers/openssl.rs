//! OpenSSL's server and client saying exchanges over TLS, and a tap between them that takes down what passes.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use offpath_capture::Options;

use crate::packets_wire::Side::{Client, Server as Serving};
use crate::packets_wire::{Side, Talk};
use crate::process::{Process, peer};

/// What each side sent, in the order in which the other can have had it.
type Said = Vec<(Side, Vec<u8>)>;

/// Exchanges of one connection.
pub(crate) const TURNS: usize = 4;

/// The second is longer than one record.
pub(crate) fn body(turn: usize) -> String {
    if turn == 1 { format!("{}end-1", "0123456789".repeat(2_500)) } else { format!("short, end-{turn}") }
}

fn request(turn: usize) -> String {
    format!("GET /{turn} HTTP/1.1\r\nHost: a.test\r\n\r\n")
}

/// A folder with a certificate, and OpenSSL.
pub(crate) struct Workshop {
    openssl: PathBuf,
    folder: tempfile::TempDir,
}

pub(crate) fn workshop() -> Option<Workshop> {
    let openssl = peer("openssl")?;
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(&openssl);
    command.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a.test", "-days", "1"]);
    command.args(["-keyout", "key.pem", "-out", "cert.pem"]).current_dir(folder.path());
    let made = command.output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(Workshop { openssl, folder })
}

impl Workshop {
    /// What the server's key says that a client encrypted with it.
    pub(crate) fn decrypted(&self, ciphertext: &[u8]) -> Vec<u8> {
        fs::write(self.folder.path().join("ciphertext"), ciphertext).unwrap();
        let mut command = Command::new(&self.openssl);
        command.args(["pkeyutl", "-decrypt", "-inkey", "key.pem", "-in", "ciphertext"]);
        let done = command.current_dir(self.folder.path()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        done.stdout
    }
}

/// A server that takes one connection after another.
pub(crate) struct Server<'a> {
    workshop: &'a Workshop,
    number: usize,
    process: Process,
    port: u16,
    /// Everything that it said of what it was asked.
    asked: PathBuf,
    connections: usize,
}

/// How a client talks.
#[derive(Clone, Copy, Default)]
pub(crate) struct Dialogue<'a> {
    pub(crate) options: &'a [&'a str],
    /// Commands to the client between two exchanges, and the word with which it says that it obeyed.
    pub(crate) commands: &'a [(&'a str, &'a str)],
    /// Name of a session that another connection left, to be resumed.
    pub(crate) resume: Option<&'a str>,
    /// Name of the session to leave.
    pub(crate) leave: Option<&'a str>,
    /// Whether the first request goes out before the server has answered the handshake, and whether that takes it.
    pub(crate) early: Option<bool>,
    /// Whether the client asks a proxy for a tunnel first.
    pub(crate) proxied: bool,
}

/// What was said on one connection, and the key log of it.
pub(crate) struct Spoken {
    pub(crate) said: Said,
    pub(crate) key_log: PathBuf,
    /// What the client says of the session.
    pub(crate) told: String,
}

impl Spoken {
    pub(crate) fn talk(&self) -> Talk {
        let mut talk = Talk::open(5000);
        for (side, bytes) in &self.said {
            talk.send(*side, bytes);
        }
        talk.close();
        talk
    }

    /// The first handshake message of a kind that a side sent in the clear, without its header.
    pub(crate) fn message(&self, of: Side, kind: u8) -> Option<Vec<u8>> {
        let said: Vec<u8> =
            self.said.iter().filter(|(side, _)| *side == of).flat_map(|(_, bytes)| bytes.clone()).collect();
        let mut rest = &said[..];
        let mut messages = Vec::new();
        while let [22, 3, _, high, low, more @ ..] = rest {
            let (record, after) = more.split_at(usize::from(u16::from_be_bytes([*high, *low])));
            messages.extend_from_slice(record);
            rest = after;
        }
        let mut rest = &messages[..];
        while let [found, 0, high, low, more @ ..] = rest {
            let (message, after) = more.split_at(usize::from(u16::from_be_bytes([*high, *low])));
            if *found == kind {
                return Some(message.to_vec());
            }
            rest = after;
        }
        None
    }

    pub(crate) fn options(&self) -> Options {
        Options { key_logs: vec![self.key_log.clone()], ..Options::default() }
    }
}

impl<'a> Server<'a> {
    /// None where this OpenSSL does not know what the options ask for.
    pub(crate) fn start(workshop: &'a Workshop, number: usize, options: &[&str]) -> Option<Self> {
        let folder = workshop.folder.path();
        let asked = folder.join(format!("asked-{number}"));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(&workshop.openssl);
        command.args(["s_server", "-cert", "cert.pem", "-key", "key.pem", "-accept", &port.to_string()]);
        let mut process = Process::start("s_server", command.args(options).current_dir(folder), folder, &asked);
        if process.until("ACCEPT", || contains(&asked, "ACCEPT", 1)).is_none() {
            eprintln!("skipped: {options:?}: {}", process.said());
            return None;
        }
        Some(Server { workshop, number, process, port, asked, connections: 0 })
    }

    /// Has a client say its exchanges on a connection.
    pub(crate) fn talk(&mut self, dialogue: &Dialogue<'_>) -> Spoken {
        self.converse(dialogue, |ends| exchanges(ends, dialogue))
    }

    /// Has a client and the server say something on a connection.
    pub(crate) fn converse(&mut self, dialogue: &Dialogue<'_>, conversation: impl FnOnce(&mut Ends<'_>)) -> Spoken {
        let folder = self.workshop.folder.path();
        self.connections += 1;
        let path = |name: &str| folder.join(format!("{name}-{}-{}", self.number, self.connections));
        let (answered, key_log) = (path("answered"), path("keys"));
        let (tap, said) = relay(self.port, dialogue.proxied);
        let mut command = Command::new(&self.workshop.openssl);
        command.args(["s_client", "-servername", "a.test"]).args(dialogue.options).arg("-keylogfile").arg(&key_log);
        command.args([if dialogue.proxied { "-proxy" } else { "-connect" }, &format!("127.0.0.1:{tap}")]);
        if dialogue.proxied {
            command.args(["-connect", "a.test:443"]);
        }
        let sessions = [("-sess_in", dialogue.resume), ("-sess_out", dialogue.leave)];
        for (option, name) in sessions.iter().filter_map(|(option, name)| Some((option, (*name)?))) {
            command.args([option, name]);
        }
        if dialogue.early.is_some() {
            fs::write(path("early"), request(0)).unwrap();
            command.arg("-early_data").arg(path("early"));
        }
        let client = Process::start("s_client", command.current_dir(folder), folder, &answered);
        let mut ends = Ends {
            client,
            server: &mut self.process,
            answered: answered.clone(),
            asked: self.asked.clone(),
            connections: self.connections,
            folder: folder.to_owned(),
        };
        conversation(&mut ends);
        ends.client.say("Q\n");
        ends.client.until("end", || None::<()>);
        drop(ends);
        let told = String::from_utf8_lossy(&fs::read(&answered).unwrap()).into_owned();
        let said = said.lock().unwrap().clone();
        Spoken { said, key_log, told }
    }
}

/// The client and the server of a connection, and the files with what each has received.
pub(crate) struct Ends<'a> {
    pub(crate) client: Process,
    pub(crate) server: &'a mut Process,
    answered: PathBuf,
    asked: PathBuf,
    connections: usize,
    folder: PathBuf,
}

impl Ends<'_> {
    /// Has the client say something, and waits until the server has this part of it.
    pub(crate) fn ask(&mut self, bytes: impl AsRef<[u8]>, part: &str) {
        self.client.say(bytes);
        self.asked(part);
    }

    /// Has the server say something, and waits until the client has this part of it.
    pub(crate) fn answer(&mut self, bytes: impl AsRef<[u8]>, part: &str) {
        self.server.say(bytes);
        let answered = &self.answered;
        self.client.until("answer", || contains(answered, part, 1)).unwrap();
    }

    fn asked(&mut self, part: &str) {
        let (asked, connections) = (&self.asked, self.connections);
        self.server.until("request", || contains(asked, part, connections)).unwrap();
    }
}

/// Four requests with their responses.
fn exchanges(ends: &mut Ends<'_>, dialogue: &Dialogue<'_>) {
    for turn in 0..TURNS {
        if turn > 0 || dialogue.early != Some(true) {
            ends.client.say(request(turn));
        }
        ends.asked(&format!("GET /{turn} "));
        let body = body(turn);
        let length = body.len();
        let answer = format!("HTTP/1.1 200 OK\r\nX-Turn: {turn}\r\nContent-Length: {length}\r\n\r\n{body}");
        ends.answer(answer, &format!("end-{turn}"));
        if let Some((command, sign)) = dialogue.commands.get(turn) {
            ends.client.say(command);
            let before = dialogue.commands.iter().take(turn).filter(|(_, earlier)| earlier == sign).count();
            let said = ends.folder.join("s_client.stderr");
            ends.client.until("obedience", || contains(&said, sign, before + 1));
        }
    }
}

/// Whether a file holds a text so many times.
fn contains(file: &Path, text: &str, times: usize) -> Option<()> {
    let content = fs::read(file).unwrap_or_default();
    (content.windows(text.len()).filter(|window| *window == text.as_bytes()).count() >= times).then_some(())
}

/// Listens on a port, takes one connection on to another port, and takes down what passes.
fn relay(port: u16, proxied: bool) -> (u16, Arc<Mutex<Said>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let tap = listener.local_addr().unwrap().port();
    let said = Arc::new(Mutex::new(Said::new()));
    let record = Arc::clone(&said);
    thread::spawn(move || {
        let mut client = listener.accept().unwrap().0;
        if proxied {
            record.lock().unwrap().push((Client, head(&mut client)));
            let answer = b"HTTP/1.1 200 Connection established\r\n\r\n";
            record.lock().unwrap().push((Serving, answer.to_vec()));
            client.write_all(answer).unwrap();
        }
        let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let answers = Arc::clone(&record);
        let answering = thread::spawn(move || pass(Serving, back.0, back.1, &answers));
        pass(Client, client, server, &record);
        answering.join().unwrap();
    });
    (tap, said)
}

/// Reads up to the empty line that ends a head.
fn head(client: &mut TcpStream) -> Vec<u8> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    head
}

fn pass(side: Side, mut from: TcpStream, mut to: TcpStream, said: &Mutex<Said>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count) = from.read(&mut buffer) {
        if count == 0 {
            break;
        }
        // Before it is passed on, so that no answer can come before it.
        said.lock().unwrap().push((side, buffer[..count].to_vec()));
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
