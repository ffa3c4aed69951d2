//! A real server behind a real proxy, driven by a real client and captured by tcpdump: the capture, the proxy's two
//! logs and the client's own record tell the same exchanges.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use offpath_capture::{Body, Exchange, Protocol};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::process::{Process, peer, skip};
use crate::reading::{Outcome, read};

/// Microseconds that clocks and schedulers may put between two records of one moment. The slow request takes three
/// times as long, so that a start taken for an end is outside of it.
const TOLERANCE: i64 = 500_000;

/// The slow request's least duration in microseconds.
const SLOW: i64 = 1_500_000;

/// nginx's interim response, which it counts among the bytes of the body.
const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

/// What the client says about one exchange.
#[derive(Debug, Deserialize)]
struct Told {
    id: String,
    port: u16,
    method: String,
    target: String,
    agent: String,
    status: u16,
    request_bytes: u64,
    request_sha256: String,
    response_bytes: u64,
    response_sha256: String,
    /// Bytes of the response's body without chunk framing, still content-coded.
    coded_bytes: u64,
    /// The same with chunk framing: what a proxy logs as bytes sent.
    framed_bytes: u64,
    /// Whether the client asked for an interim response.
    expects_continue: bool,
    start: i64,
    end: i64,
}

/// Everything that was written down of one run.
struct Recording {
    folder: tempfile::TempDir,
    port: u16,
    told: Vec<Told>,
    tcpdump: String,
}

impl Recording {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn by_id(&self) -> BTreeMap<&str, &Told> {
        let by_id: BTreeMap<_, _> = self.told.iter().map(|told| (&*told.id, told)).collect();
        assert_eq!(by_id.len(), self.told.len(), "the client gives each exchange an id of its own");
        by_id
    }
}

#[test]
fn capture_logs_and_client_tell_the_same_exchanges() {
    let Some(recording) = record() else { return };
    assert!(recording.told.len() > 200, "the client did little: {} exchanges", recording.told.len());
    assert!(recording.tcpdump.contains("\n0 packets dropped by kernel"), "packets were lost: {}", recording.tcpdump);
    capture_tells_the_same(&recording);
    json_log_tells_the_same(&recording);
    combined_log_tells_the_same(&recording);
}

fn capture_tells_the_same(recording: &Recording) {
    let outcome = read(&recording.path("capture.pcap"));
    outcome.is_clean();
    let told = recording.by_id();
    assert_eq!(outcome.exchanges.len(), told.len());
    let mut ports = BTreeMap::new();
    for exchange in &outcome.exchanges {
        let (request, response) = (exchange.request.as_ref().unwrap(), exchange.response.as_ref().unwrap());
        let id = request.headers.text("x-request-id").unwrap();
        let told = told[id];
        assert_eq!(response.headers.text("x-request-id"), Some(id), "a pair of two exchanges: {exchange:#?}");
        assert!(exchange.incomplete.is_empty() && exchange.protocol == Protocol::Http1, "{exchange:#?}");
        assert_eq!((&request.method, &request.target, response.status), (&told.method, &told.target, told.status));
        assert_eq!(request.host.as_deref(), Some(&*format!("127.0.0.1:{}", recording.port)), "{id}");
        assert_eq!(request.headers.text("user-agent"), Some(&*told.agent), "{id}");
        assert_eq!(content(&request.body), (told.request_bytes, told.request_sha256.clone()), "{id}: {told:?}");
        assert_eq!(content(&response.body), (told.response_bytes, told.response_sha256.clone()), "{id}: {told:?}");
        if let Body::Present { wire_len, .. } = response.body {
            assert_eq!(wire_len, told.coded_bytes, "{id}");
        }
        assert_eq!(exchange.client.unwrap().to_string(), format!("127.0.0.1:{}", told.port), "{id}");
        assert_eq!(exchange.server.unwrap().to_string(), format!("127.0.0.1:{}", recording.port), "{id}");
        happened_when_told(exchange, told);
        ports.entry(exchange.connection.unwrap()).or_insert_with(Vec::new).push((exchange.stream, told.port, id));
    }
    one_connection_a_port(recording, ports);
}

/// Each TCP connection carries what the client sent from one port, in that order.
fn one_connection_a_port(recording: &Recording, connections: BTreeMap<u64, Vec<(u64, u16, &str)>>) {
    let mut found: Vec<(u16, Vec<&str>)> = Vec::new();
    for mut carried in connections.into_values() {
        carried.sort_unstable();
        assert!(carried.iter().map(|(stream, ..)| *stream).eq(0..carried.len() as u64), "{carried:?}");
        assert!(carried.iter().all(|(_, port, _)| *port == carried[0].1), "{carried:?}");
        found.push((carried[0].1, carried.into_iter().map(|(.., id)| id).collect()));
    }
    found.sort_unstable();
    let mut expected: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for told in &recording.told {
        expected.entry(told.port).or_default().push(&told.id);
    }
    assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
}

fn json_log_tells_the_same(recording: &Recording) {
    let outcome = read(&recording.path("access.jsonl"));
    outcome.is_clean();
    let told = recording.by_id();
    assert_eq!(outcome.exchanges.len(), told.len());
    for exchange in &outcome.exchanges {
        let id = exchange.log.request_id.as_deref().unwrap();
        let told = told[id];
        same_in_a_log(exchange, told);
        assert_eq!(exchange.client.unwrap().to_string(), format!("127.0.0.1:{}", told.port), "{id}");
        assert_eq!(exchange.server.unwrap().to_string(), format!("127.0.0.1:{}", recording.port), "{id}");
        happened_when_told(exchange, told);
    }
}

fn combined_log_tells_the_same(recording: &Recording) {
    let outcome = read(&recording.path("access.log"));
    outcome.is_clean();
    let mut told: BTreeMap<_, _> = recording.told.iter().map(|told| (&*told.target, told)).collect();
    assert_eq!(outcome.exchanges.len(), told.len());
    for exchange in &outcome.exchanges {
        let told = told.remove(&*exchange.request.as_ref().unwrap().target).unwrap();
        same_in_a_log(exchange, told);
        assert_eq!(exchange.tick, 1_000_000);
        // nginx writes the whole second in which the response ended, and the format cannot say that.
        let (from, to) = (told.start - TOLERANCE - exchange.tick, told.end + TOLERANCE);
        assert!((from..to).contains(&exchange.time.0), "{told:?}: {exchange:#?}");
    }
}

/// Compares what any log line carries.
fn same_in_a_log(exchange: &Exchange, told: &Told) {
    let (request, response) = (exchange.request.as_ref().unwrap(), exchange.response.as_ref().unwrap());
    assert_eq!((&request.method, &request.target, response.status), (&told.method, &told.target, told.status));
    assert_eq!(request.headers.text("user-agent"), Some(&*told.agent), "{}", told.id);
    let interim = if told.expects_continue { CONTINUE.len() as u64 } else { 0 };
    assert_eq!((response.body.len(), response.body.bytes()), (Some(told.framed_bytes + interim), None), "{told:?}");
}

/// Compares start and duration with the client's, who was there earlier and later.
fn happened_when_told(exchange: &Exchange, told: &Told) {
    let (start, end) = (exchange.time.0, exchange.end.unwrap().0);
    let within = told.start - TOLERANCE..told.end + TOLERANCE;
    assert!(start <= end && within.contains(&start) && within.contains(&end), "{told:?}: {exchange:#?}");
    if told.target.starts_with("/slow") {
        assert!(
            (SLOW - TOLERANCE..=told.end - told.start + TOLERANCE).contains(&(end - start)),
            "{told:?}: {exchange:#?}"
        );
    }
}

/// Length and hash of a decoded body; the hash of nothing where there is none, as the client has it.
fn content(body: &Body) -> (u64, String) {
    let hash = match body {
        Body::Absent => Sha256::digest(b"").into(),
        Body::Unknown { .. } | Body::Present { .. } => body.sha256().unwrap(),
    };
    (body.len().unwrap(), hash.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Runs it all; none where it cannot be run.
fn record() -> Option<Recording> {
    let (python, nginx, tcpdump) = (peer("python3")?, peer("nginx")?, peer("tcpdump")?);
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/recording");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);

    let mut app =
        Process::start("app", Command::new(&python).arg(here.join("app.py")), folder.path(), &path("app.port"));
    let app_port = app
        .until("port", || fs::read_to_string(path("app.port")).ok()?.strip_suffix('\n')?.parse::<u16>().ok())
        .unwrap_or_else(|| panic!("the app ended: {}", app.said()));
    let (_proxy, port) = start_nginx(&nginx, &here.join("nginx.conf"), folder.path(), app_port);
    let mut dump = start_tcpdump(&tcpdump, folder.path(), port)?;

    let mut client = Command::new(&python);
    client.arg(here.join("client.py")).arg(port.to_string()).arg(path("client.jsonl"));
    Process::start("client", &mut client, folder.path(), &path("client.out")).succeed();
    let told: Vec<Told> = fs::read_to_string(path("client.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();

    dump.until("last exchange in the capture", || ended(&read(&path("capture.pcap"))).then_some(()))
        .unwrap_or_else(|| panic!("tcpdump ended"));
    for log in ["access.log", "access.jsonl"] {
        app.until("last line of the log", || {
            (fs::read_to_string(path(log)).unwrap().lines().count() >= told.len()).then_some(())
        })
        .unwrap();
    }
    let tcpdump = dump.interrupt();
    Some(Recording { port, told, tcpdump, folder })
}

/// Whether the capture has reached the client's last exchange.
fn ended(outcome: &Outcome) -> bool {
    let last = |exchange: &&Exchange| exchange.request.as_ref().is_some_and(|r| r.target.starts_with("/end"));
    outcome.exchanges.iter().find(last).is_some_and(|exchange| exchange.incomplete.is_empty())
}

/// Starts the proxy on a free port. Another process may take the port first; then it tries the next.
fn start_nginx(nginx: &Path, template: &Path, folder: &Path, app: u16) -> (Process, u16) {
    let template = fs::read_to_string(template).unwrap();
    for _ in 0..10 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let text = template
            .replace("@folder@", folder.to_str().unwrap())
            .replace("@app@", &app.to_string())
            .replace("@port@", &port.to_string());
        let config = folder.join("nginx.conf");
        fs::write(&config, text).unwrap();
        let mut command = Command::new(nginx);
        command.arg("-p").arg(folder).arg("-c").arg(&config).args(["-e", "stderr"]);
        let mut proxy = Process::start("nginx", &mut command, folder, &folder.join("nginx.out"));
        let pid = folder.join("nginx.pid");
        // nginx writes its pid after it has opened its ports.
        if proxy.until("pid file", || fs::metadata(&pid).ok().filter(|file| file.len() > 0)).is_some() {
            return (proxy, port);
        }
        assert!(proxy.said().contains("Address already in use"), "nginx ended: {}", proxy.said());
    }
    panic!("no free port for nginx");
}

/// Starts capturing the proxy's port; none, with the reason said, where the right to capture is missing.
pub(crate) fn start_tcpdump(tcpdump: &Path, folder: &Path, port: u16) -> Option<Process> {
    let mut command = Command::new(tcpdump);
    // The kernel's buffer (in KiB) holds the whole recording, so that a busy machine loses nothing. Not in immediate mode:
    // there each packet, however short, takes a slot of the longest one's size.
    command.args(["-i", "lo", "-n", "-U", "-B", "32768", "-Z", "root", "-w", "-"]);
    command.arg(format!("tcp port {port}"));
    let mut dump = Process::start("tcpdump", &mut command, folder, &folder.join("capture.pcap"));
    let said = folder.join("tcpdump.stderr");
    let listens =
        dump.until("start", || fs::read_to_string(&said).ok().filter(|text| text.contains("listening on lo")));
    if listens.is_none() {
        skip(&format!("tcpdump may not capture here: {}", dump.said().trim()));
        return None;
    }
    Some(dump)
}
