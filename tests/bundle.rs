//! Evidence that stands alone: a bundle holds what shows a finding, nothing secret, and is checked without offpath.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use support::archive;
use support::{code, lines, offpath, stderr, stdout, text, token};

const MODEL: &str = r#"offpath: 1
workflow: {id: shop, version: 1}
actors:
  identify: [jwt.sub]
objects:
  order: {key: [path.orderId, res.id]}
activities:
  create: {http: POST /orders, object: order}
  pay: {http: "POST /orders/{orderId}/pay", object: order}
  ship: {http: "POST /orders/{orderId}/ship", object: order}
lifecycles:
  order:
    states: {none: initial, new: {}, paid: {}, shipped: final}
    transitions:
      - {activity: create, from: none, to: new}
      - {activity: pay, from: new, to: paid}
      - {activity: ship, from: paid, to: shipped}
"#;
/// What must be nowhere in a bundle.
const SECRETS: [&str; 6] =
    ["eyJ", "s3cr3tcookie", "hunter2hunter2", "Anna Schmidt", "4111111111111111", "T0psecretHeader"];

fn entry(second: u32, request: (&str, &str), sent: &Value, status: u16, answered: &Value) -> Value {
    let (method, path) = request;
    let bearer = format!("Bearer {}", token(r#"{"sub":"alice"}"#));
    let json_type = json!({"name": "Content-Type", "value": "application/json"});
    json!({
        "startedDateTime": format!("2026-03-01T10:00:{second:02}.000Z"), "time": 5,
        "request": {
            "method": method, "url": format!("https://shop.example{path}"), "httpVersion": "HTTP/1.1", "cookies": [],
            "headers": [
                {"name": "Authorization", "value": bearer}, {"name": "Cookie", "value": "sid=s3cr3tcookie"},
                {"name": "X-Acme", "value": "T0psecretHeader"}, json_type,
            ],
            "queryString": [], "headersSize": -1, "bodySize": -1,
            "postData": {"mimeType": "application/json", "text": sent.to_string()},
        },
        "response": {
            "status": status, "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [], "redirectURL": "",
            "headers": [json_type, {"name": "Set-Cookie", "value": "sid=s3cr3tcookie"}],
            "content": {"size": -1, "mimeType": "application/json", "text": answered.to_string()},
            "headersSize": -1, "bodySize": -1,
        },
        "cache": {}, "timings": {"send": 0, "wait": 5, "receive": 0},
    })
}

/// One order as it should be, and one that is shipped without being paid.
fn traffic() -> Vec<Value> {
    let nothing = json!({});
    let order = |id: &str| json!({"id": id, "customer": "Anna Schmidt", "card": "4111111111111111"});
    let sent = json!({"customer": {"name": "Anna Schmidt", "password": "hunter2hunter2"}, "items": [{"sku": 7}]});
    vec![
        entry(1, ("POST", "/orders"), &sent, 201, &order("ord_100001")),
        entry(2, ("POST", "/orders/ord_100001/pay"), &json!({"amount": 10}), 200, &nothing),
        entry(3, ("POST", "/orders/ord_100001/ship"), &nothing, 200, &nothing),
        entry(4, ("POST", "/orders"), &sent, 201, &order("ord_100002")),
        entry(
            5,
            ("POST", "/orders/ord_100002/ship?fast=yes&sid=s3cr3tcookie"),
            &json!({"order": "ord_100002"}),
            200,
            &nothing,
        ),
    ]
}

struct Run {
    folder: tempfile::TempDir,
    finding: String,
}

impl Run {
    fn new(flags: &[&str]) -> Run {
        let folder = tempfile::tempdir().unwrap();
        let har = archive::write(&folder.path().join("a.har"), &traffic());
        let (findings, ..) = archive::check(folder.path(), MODEL, &[&[har.as_str()], flags].concat());
        let skip: Vec<&Value> = findings.iter().filter(|finding| text(finding, "rule") == "SEQ-SKIP").collect();
        assert_eq!(skip.len(), 1, "{findings:?}");
        Run { finding: text(skip[0], "id").to_owned(), folder }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn show(&self, args: &[&str]) -> (i32, String, String) {
        let run = self.file("run");
        let output = offpath(&[&["show", "--run", &run], args].concat());
        (code(&output), stdout(&output), stderr(&output))
    }

    /// The digest that was said, what was said, and the members.
    fn bundle(&self, name: &str, what: &str) -> (String, String, BTreeMap<String, Vec<u8>>) {
        let file = self.file(name);
        let (code, said, error) = self.show(&[what, "--bundle", &file]);
        assert_eq!(code, 0, "{error}");
        let digest = said.lines().find_map(|line| line.strip_prefix("Digest     ")).unwrap();
        (digest.split(' ').next().unwrap().to_owned(), said.clone(), members(Path::new(&file)))
    }
}

fn members(file: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(fs::File::open(file).unwrap()).unwrap();
    let mut members = BTreeMap::new();
    for at in 0..zip.len() {
        let mut member = zip.by_index(at).unwrap();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        members.insert(member.name().unwrap().into_owned(), bytes);
    }
    members
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn json_lines_of(bytes: &[u8]) -> Vec<Value> {
    std::str::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_bundle_holds_the_case_and_no_secret() {
    for flags in [&[][..], &["--redact", "keep"], &["--redact", "hash"]] {
        let run = Run::new(flags);
        let (digest, said, members) = run.bundle("out.zip", &run.finding);
        assert!(!said.contains("Missing"), "{flags:?}: {said}");
        assert_eq!(digest, sha256(&members["manifest.json"]));
        for (name, bytes) in &members {
            let text = String::from_utf8(bytes.clone()).unwrap();
            for secret in SECRETS {
                assert!(!text.contains(secret), "{flags:?}: {name} holds {secret}:\n{text}");
            }
        }
        let events = json_lines_of(&members["events.jsonl"]);
        let exchanges = json_lines_of(&members["exchanges.jsonl"]);
        assert_eq!((events.len(), exchanges.len()), (2, 2), "{flags:?}");
        assert_eq!(exchanges[0]["events"][0], events[0]["id"]);
        let hashed = flags.contains(&"hash");
        let (_, id) = text_of(&events[1]["objects"][0]).split_once(':').unwrap();
        assert_eq!(id == "ord_100002", !hashed, "{id}");
        let (sent, answered) = (&exchanges[0]["request"]["body"]["shape"], &exchanges[0]["response"]["body"]["shape"]);
        assert!(
            answered.as_object().unwrap().values().any(|value| value == id),
            "the id is as the run has it: {answered}"
        );
        // Where names are hashed, those of members are too.
        if !hashed {
            assert_eq!(sent["customer"], json!({"name": "<string>", "password": "<secret>"}));
        }
        let provenance: Value = serde_json::from_slice(&members["provenance.json"]).unwrap();
        let har = fs::read(run.file("a.har")).unwrap();
        assert_eq!(provenance["inputs"][0]["sha256"], sha256(&har));
        assert_eq!(provenance["inputs"][0]["now"], "same");
        assert_eq!(members["model.yaml"], MODEL.as_bytes());
        let origins = json_lines_of(&members["origins.jsonl"]);
        let at = origins[1]["offset"].as_u64().unwrap() as usize;
        let there: Value = serde_json::Deserializer::from_slice(&har[at..]).into_iter().next().unwrap().unwrap();
        assert!(text(&there["request"], "url").contains("ord_100002/ship"), "the offset leads to the bytes");
        let readme = std::str::from_utf8(&members["README.txt"]).unwrap();
        for name in members.keys().filter(|name| *name != "README.txt") {
            assert!(readme.contains(name.as_str()), "README.txt does not explain {name}");
        }
    }
}

#[test]
fn the_same_run_gives_the_same_bytes_and_a_case_has_a_bundle_too() {
    let run = Run::new(&[]);
    run.bundle("one.zip", &run.finding);
    run.bundle("two.zip", &run.finding);
    assert_eq!(fs::read(run.file("one.zip")).unwrap(), fs::read(run.file("two.zip")).unwrap());
    let (_, _, members) = run.bundle("case.zip", "order:ord_100001");
    assert_eq!(json_lines_of(&members["events.jsonl"]).len(), 3);
    assert!(members["findings.jsonl"].is_empty(), "nothing is wrong with it");
    let (code, _, error) = run.show(&["--bundle", &run.file("no.zip")]);
    assert_eq!(code, 2, "{error}");
    assert!(error.contains("name it") && !Path::new(&run.file("no.zip")).exists());
}

#[test]
fn without_its_inputs_the_bundle_has_what_the_run_has_and_says_so() {
    let run = Run::new(&[]);
    fs::write(run.file("a.har"), archive::har(&traffic()[1..])).unwrap();
    fs::write(run.file("model.yaml"), "other: model\n").unwrap();
    let (_, said, members) = run.bundle("out.zip", &run.finding);
    assert!(said.contains("is not what the run read"), "{said}");
    assert!(members["exchanges.jsonl"].is_empty());
    assert_eq!(json_lines_of(&members["events.jsonl"]).len(), 2);
    let readme = std::str::from_utf8(&members["README.txt"]).unwrap();
    assert!(readme.contains("is not what the run read") && readme.contains("is not what the run compared with"));
    assert!(!members.contains_key("model.yaml") && members.contains_key("reproduction.hurl"));
    fs::remove_file(run.file("a.har")).unwrap();
    let (_, said, _) = run.bundle("out.zip", &run.finding);
    assert!(said.contains("is not there any more"), "{said}");
}

#[test]
fn no_other_file_is_replaced_and_a_changed_bundle_is_told() {
    let run = Run::new(&[]);
    fs::write(run.file("notes.zip"), "mine").unwrap();
    let (code, _, error) = run.show(&[&run.finding, "--bundle", &run.file("notes.zip")]);
    assert_eq!((code, error.contains("--force")), (2, true), "{error}");
    let (digest, ..) = run.bundle("out.zip", &run.finding);
    run.bundle("out.zip", &run.finding);
    let check = |name: &str| {
        let output = offpath(&["show", "--verify-bundle", &run.file(name)]);
        (support::code(&output), stdout(&output))
    };
    let (code, said) = check("out.zip");
    assert!(code == 0 && said.contains(&digest), "{said}");
    let mut bytes = fs::read(run.file("out.zip")).unwrap();
    let at = bytes.windows(10).position(|w| w == b"README.txt").unwrap() + 40;
    bytes[at] ^= 1;
    fs::write(run.file("changed.zip"), bytes).unwrap();
    let (code, said) = check("changed.zip");
    assert!(code == 3 && said.contains("README.txt"), "{said}");
    assert_eq!(check("notes.zip").0, 2);
}

#[test]
fn python_reads_and_checks_a_bundle() {
    let Some(python) = std::env::var_os("OFFPATH_PYTHON") else {
        assert!(std::env::var_os("OFFPATH_REQUIRE_PEERS").is_none(), "OFFPATH_PYTHON names no Python, and must here");
        eprintln!("skipped: OFFPATH_PYTHON names no Python");
        return;
    };
    let run = Run::new(&[]);
    let (digest, _, members) = run.bundle("out.zip", &run.finding);
    let script = "
import hashlib, json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
m = json.loads(z.read('manifest.json'))
assert sorted(z.namelist()) == sorted([x['name'] for x in m['members']] + ['manifest.json'])
for x in m['members']:
    b = z.read(x['name'])
    assert len(b) == x['bytes'] and hashlib.sha256(b).hexdigest() == x['sha256'], x
assert {i.date_time for i in z.infolist()} == {(1980, 1, 1, 0, 0, 0)}
print(hashlib.sha256(z.read('manifest.json')).hexdigest(), len(m['members']) + 1)
";
    let output = Command::new(python).args(["-c", script, &run.file("out.zip")]).output().unwrap();
    assert_eq!(stdout(&output).trim(), format!("{digest} {}", members.len()), "{}", stderr(&output));
}

#[test]
fn a_finding_is_reproduced_by_what_leads_to_it() {
    let run = Run::new(&[]);
    let (code, hurl, error) = run.show(&[&run.finding, "--reproduce", "hurl"]);
    assert!(code == 0 && error.contains("2 requests written, none sent"), "{error}");
    for line in [
        "POST {{base}}/orders",
        "order_id: jsonpath \"$.id\"",
        "Authorization: {{alice_authorization}}",
        "  \"order\": \"{{order_id}}\"",
        "status >= 400",
    ] {
        assert!(hurl.lines().any(|known| known == line), "{line}:\n{hurl}");
    }
    assert!(hurl.contains("\nPOST {{base}}/orders/{{order_id}}/ship?fast=yes&sid={{"), "{hurl}");
    // Our own reader takes the HAR, and our own import the workflow.
    let (_, har, _) = run.show(&[&run.finding, "--reproduce", "har"]);
    fs::write(run.file("again.har"), har).unwrap();
    let output = offpath(&["exchanges", &run.file("again.har"), "--fields", "method,status"]);
    let read: Vec<Value> = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, [json!({"method": "POST", "status": 201}), json!({"method": "POST", "status": 200})]);
    for (format, file) in [("arazzo", "a.arazzo.json"), ("openapi", "reproduction.openapi.json")] {
        let (code, document, error) = run.show(&[&run.finding, "--reproduce", format]);
        assert_eq!(code, 0, "{error}");
        fs::write(run.file(file), document).unwrap();
    }
    let output = offpath(&["model", "import", &run.file("a.arazzo.json"), "-o", &run.file("imported.yaml")]);
    assert_eq!(support::code(&output), 0, "{}", stderr(&output));
    let model = fs::read_to_string(run.file("imported.yaml")).unwrap();
    assert!(model.contains("order"), "{model}");
    let before = lines(&Path::new(&run.file("run")).join("findings.jsonl")).len();
    assert!(before > 0, "the run is as it was");
}
