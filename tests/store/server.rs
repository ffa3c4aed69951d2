//! A server on loopback that speaks as much of S3's, Google's and Azure's protocols as listing and reading needs, and
//! plain HTTP, with the faults that a test asks for.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read as _, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Objects of one page of a listing.
const PAGE: usize = 2;
/// When every object was last changed.
const MODIFIED: &str = "Sun, 01 Mar 2026 00:00:00 GMT";
const MODIFIED_ISO: &str = "2026-03-01T00:00:00.000Z";

/// What a path does other than being read.
#[derive(Clone, Default)]
pub struct Fault {
    /// Answers with this status and body, so many times.
    pub refuse: Option<(u16, &'static str, usize)>,
    /// Closes the connection after so many bytes of a body, so many times.
    pub breaks: Option<(usize, usize)>,
    /// Closes it at this byte of the object, for ever.
    pub wall: Option<usize>,
    /// Sends the whole whatever part is asked for.
    pub no_parts: bool,
    /// Has no ETag.
    pub no_tag: bool,
    /// Has another content and ETag after the first answer.
    pub changes: bool,
    /// Wants this `Authorization`.
    pub authorization: Option<&'static str>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, (Vec<u8>, Fault)>,
    requests: Vec<String>,
}

/// A running server; its threads end with the process.
pub struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let server = Server { address: listener.local_addr().unwrap(), state: Arc::default() };
        let state = Arc::clone(&server.state);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                thread::spawn(move || serve(&connection, &state));
            }
        });
        server
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts an object at a path, e.g. `bucket/key`.
    pub fn put(&self, path: &str, content: &[u8]) {
        self.put_with(path, content, Fault::default());
    }

    pub fn put_with(&self, path: &str, content: &[u8], fault: Fault) {
        self.state.lock().unwrap().objects.insert(path.to_owned(), (content.to_vec(), fault));
    }

    /// Every request so far: method, target and range.
    pub fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
}

fn serve(connection: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(connection);
    while let Some(request) = request(&mut reader) {
        let range = request.headers.get("range").cloned().unwrap_or_default();
        let line = format!("{} {} {range}", request.method, request.path);
        let found = {
            let mut state = state.lock().unwrap();
            state.requests.push(line.trim_end().to_owned());
            listing(&request, &state.objects).map(Ok).unwrap_or_else(|| Err(look_up(&request, &mut state.objects)))
        };
        let more = match found {
            Ok(listing) => answer(connection, "200 OK", &[("Content-Type", "application/xml")], listing.as_bytes()),
            Err(found) => object(connection, &request, found),
        };
        if !more {
            return;
        }
    }
}

fn request(reader: &mut BufReader<&TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        match line.trim_end().split_once(':') {
            None => break,
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.trim().to_owned()),
        };
    }
    let length: u64 = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    reader.take(length).read_to_end(&mut Vec::new()).unwrap();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = pairs.map(|(name, value)| (decoded(name), decoded(value))).collect();
    Some(Request { method, path: decoded(path).trim_start_matches('/').to_owned(), query, headers })
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let hex = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}

type Objects = BTreeMap<String, (Vec<u8>, Fault)>;

/// What a bucket's or container's listing says, a page at a time; `None` if no listing is asked for.
fn listing(request: &Request, objects: &Objects) -> Option<String> {
    let azure = request.query.get("comp").is_some_and(|comp| comp == "list");
    if !azure && !request.query.contains_key("list-type") {
        return None;
    }
    let bucket = format!("{}/", request.path.trim_end_matches('/'));
    let prefix = format!("{bucket}{}", request.query.get("prefix").map_or("", String::as_str));
    let from = request.query.get(if azure { "marker" } else { "continuation-token" });
    let mut keys = objects.keys().filter(|key| key.starts_with(&prefix) && from.is_none_or(|from| *key >= from));
    let page: Vec<&String> = keys.by_ref().take(PAGE).collect();
    let next = keys.next();
    let mut xml = String::new();
    for path in page {
        let (key, size) = (&path[bucket.len()..], objects[path].0.len());
        let tag = tag(&objects[path].0);
        xml += &match azure {
            false => format!(
                "<Contents><Key>{key}</Key><LastModified>{MODIFIED_ISO}</LastModified><ETag>{tag}</ETag><Size>{size}</Size></Contents>"
            ),
            true => format!(
                "<Blob><Name>{key}</Name><Properties><Last-Modified>{MODIFIED}</Last-Modified><Etag>{tag}</Etag>\
                 <Content-Length>{size}</Content-Length><Content-Type>text/plain</Content-Type></Properties></Blob>"
            ),
        };
    }
    let next = next.map_or_else(String::new, |key| match azure {
        true => format!("<NextMarker>{key}</NextMarker>"),
        false => format!("<NextContinuationToken>{key}</NextContinuationToken>"),
    });
    Some(match azure {
        true => format!("<EnumerationResults><Blobs>{xml}</Blobs>{next}</EnumerationResults>"),
        false => format!("<ListBucketResult>{xml}{next}</ListBucketResult>"),
    })
}

fn tag(content: &[u8]) -> String {
    let sum = content.iter().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    format!("\"{sum:016x}\"")
}

/// The object, and what goes wrong with it this time.
fn look_up(request: &Request, objects: &mut Objects) -> Option<(Vec<u8>, Fault)> {
    let (content, fault) = objects.get_mut(&request.path)?;
    let now = (content.clone(), fault.clone());
    let body = request.method == "GET";
    if let Some((.., times)) = &mut fault.refuse {
        *times = times.saturating_sub(1);
    }
    if let Some((_, times)) = fault.breaks.as_mut().filter(|_| body) {
        *times = times.saturating_sub(1);
    }
    if fault.changes && body {
        content.extend_from_slice(b" ");
    }
    Some(now)
}

/// Answers a request for an object; whether the connection goes on.
fn object(connection: &TcpStream, request: &Request, found: Option<(Vec<u8>, Fault)>) -> bool {
    let refuse = |status: &str, body: &str| {
        let body = if request.method == "HEAD" { "" } else { body };
        answer(connection, status, &[], body.as_bytes())
    };
    let Some((content, fault)) = found else {
        return refuse("404 Not Found", "<Error><Code>NoSuchKey</Code></Error>");
    };
    if let Some((status, body, _)) = fault.refuse.filter(|(.., times)| *times > 0) {
        return refuse(&format!("{status} Refused"), body);
    }
    let authorization = request.headers.get("authorization").map_or("", String::as_str);
    if fault.authorization.is_some_and(|wanted| !authorization.starts_with(wanted)) {
        return refuse("403 Forbidden", "<Error><Code>AccessDenied</Code></Error>");
    }
    let tag = tag(&content);
    if request.headers.get("if-match").is_some_and(|wanted| *wanted != tag) {
        return refuse("412 Precondition Failed", "");
    }
    let mut headers = vec![("Last-Modified", MODIFIED), ("Accept-Ranges", "bytes")];
    if !fault.no_tag {
        headers.push(("ETag", &tag));
    }
    let range = request.headers.get("range").filter(|_| !fault.no_parts).map(|range| part(range, content.len()));
    let said = range.as_ref().map(|range| format!("bytes {}-{}/{}", range.start, range.end - 1, content.len()));
    let status = if said.is_some() { "206 Partial Content" } else { "200 OK" };
    headers.extend(said.as_deref().map(|said| ("Content-Range", said)));
    let range = range.unwrap_or(0..content.len());
    let wall = fault.wall.map(|wall| (wall.saturating_sub(range.start), 1));
    let body = &content[range];
    if request.method == "HEAD" {
        return head(connection, status, &headers, body.len()).is_ok();
    }
    match fault.breaks.or(wall).filter(|(bytes, times)| *times > 0 && *bytes < body.len()) {
        None => answer(connection, status, &headers, body),
        Some((bytes, _)) => {
            let _ = head(connection, status, &headers, body.len());
            let _ = { connection }.write_all(&body[..bytes]);
            false
        }
    }
}

fn part(range: &str, length: usize) -> std::ops::Range<usize> {
    let (start, end) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    start.parse().unwrap()..end.parse::<usize>().map_or(length, |end| (end + 1).min(length))
}

fn answer(connection: &TcpStream, status: &str, headers: &[(&str, &str)], body: &[u8]) -> bool {
    head(connection, status, headers, body.len()).and_then(|()| { connection }.write_all(body)).is_ok()
}

fn head(mut connection: &TcpStream, status: &str, headers: &[(&str, &str)], length: usize) -> std::io::Result<()> {
    let mut text = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    connection.write_all(format!("{text}\r\n").as_bytes())
}
