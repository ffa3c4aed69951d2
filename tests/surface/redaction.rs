//! `--redact`: secrets, personal data and names in every place of an exchange, and every output searched at each level.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use serde_json::{Value, json};

use crate::offpath_in;
use crate::support::{code, lines, stderr};

/// Never to be seen, at any level. Most look like nothing: only their place tells them.
const SECRETS: [&str; 19] = [
    "zq-bearer-9",
    "zq-cookie-1",
    "zq-apikey-2",
    "zq-querytoken-3",
    "zq-password-4",
    "zq-pin-5",
    "zq-setcookie-6",
    "zq-answertoken-7",
    "zq-basicpass-8",
    "zq-reset-10",
    "zq-invite-11",
    "zq-session-12",
    "zq-querykey-13",
    "zq-matrix-14",
    "zq-refererpass-15",
    "zq-proxy-16",
    "4111111111111111",
    "4111 1111 1111 1111",
    "Zk3v9Qm1Xc7Bn5Lp8Rt2Wd6Yg4Hj0Fs3",
];
/// Shown with `keep` alone.
const PERSONAL: [&str; 4] =
    ["mia.person@example.com", "+491701234567", "DE89370400440532013000", "mia.person%40example.com"];
/// Names of actors and keys of objects: not shown with `hash`.
const NAMES: [&str; 10] = [
    "wilhelmina",
    "orderkeyone",
    "orderkeytwo",
    "gustavo",
    "tenantnordwind",
    "clientkiosk",
    "robotagent",
    "dorothea",
    "freetextname",
    "refundkey",
];

const MODEL: &str = r#"offpath: 1
workflow: {id: hostile, version: 1}
actors:
  tenant: [jwt.tid]
  agent: [jwt.act.sub]
  roles: {from: jwt.roles, default: customer}
objects:
  order:
    key: [path.order, res.id]
    tenant: [res.tenant]
    owner: {value: res.owner}
    state: [res.status]
    attrs: {note: req.note, card: req.card, total: "money(req.total, 'EUR')"}
  refund: {key: [path.refund], parent: {order: path.order}}
  invitation: {key: [path.code]}
activities:
  create: {http: "POST /orders/{order}", object: order, attrs: {phone: req.phone, iban: req.iban, mail: req.mail, token: req.token, when: target, ref: header.referer}}
  pay:    {http: "POST /orders/{order}/payment", object: order}
  ship:   {http: "POST /orders/{order}/shipment", object: order}
  refund: {http: "POST /orders/{order}/refunds/{refund}", object: [refund, order]}
  read:   {http: "GET /orders/{order}", object: order, read: true}
  accept: {http: "POST /invite/{code}", object: invitation}
lifecycles:
  order:
    states: {none: initial, new: {}, paid: {}, shipped: final}
    transitions:
      - {activity: create, from: none, to: new}
      - {activity: pay, from: new, to: paid, by: [dorothea]}
      - {activity: ship, from: paid, to: shipped}
constraints:
  - {id: own, same: [order.owner, actor.principal], activities: [read, ship], severity: high}
  - {id: phone, never: refund, after: create, per: order}
"#;

fn jwt(subject: &str) -> String {
    let claims = json!({"sub": subject, "tid": "tenantnordwind", "azp": "clientkiosk", "roles": ["cs"], "act": {"sub": "robotagent"}});
    token(&claims)
}

fn token(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(&json!({"alg": "HS256"})), part(claims), URL_SAFE_NO_PAD.encode("zq-signature"))
}

fn entry(second: u32, method: &str, target: &str, subject: &str, status: u16, body: &Value, answer: &Value) -> Value {
    let named = |(name, value): (&str, String)| json!({"name": name, "value": value});
    let request = [
        ("Host", "tenantnordwind.example".to_owned()),
        ("Authorization", format!("Bearer {}", jwt(subject))),
        ("Cookie", "sid=zq-cookie-1; other=x".to_owned()),
        ("X-Api-Key", "zq-apikey-2".to_owned()),
        ("Proxy-Authorization", "Bearer zq-proxy-16".to_owned()),
        ("X-Auth-Token", "zq-bearer-9".to_owned()),
        ("Referer", "https://h.example/?password=zq-refererpass-15".to_owned()),
        ("User-Agent", "wilhelmina's browser".to_owned()),
        ("Content-Type", "application/json".to_owned()),
    ];
    let response =
        [("Set-Cookie", "sid=zq-setcookie-6; Path=/".to_owned()), ("Content-Type", "application/json".to_owned())];
    json!({
        "startedDateTime": format!("2026-03-01T10:00:{second:02}.000Z"), "time": 5,
        "request": {"method": method, "url": format!("https://tenantnordwind.example{target}"), "httpVersion": "HTTP/1.1",
            "headers": request.into_iter().map(named).collect::<Vec<_>>(), "queryString": [], "cookies": [], "headersSize": -1, "bodySize": -1,
            "postData": {"mimeType": "application/json", "text": body.to_string()}},
        "response": {"status": status, "statusText": "", "httpVersion": "HTTP/1.1", "headers": response.into_iter().map(named).collect::<Vec<_>>(), "cookies": [],
            "content": {"size": 1, "mimeType": "application/json", "text": answer.to_string()}, "redirectURL": "", "headersSize": -1, "bodySize": -1},
        "cache": {}, "timings": {"send": 1, "wait": 3, "receive": 1}
    })
}

/// An archive of hostile traffic, and a log beside it.
fn traffic(folder: &Path) {
    let body = json!({"password": "zq-password-4", "pin": "zq-pin-5", "token": "zq-querytoken-3", "phone": "+491701234567", "iban": "DE89370400440532013000",
        "mail": "mia.person@example.com", "card": "4111 1111 1111 1111", "note": "freetextname Zk3v9Qm1Xc7Bn5Lp8Rt2Wd6Yg4Hj0Fs3", "total": "12.50"});
    let answer = |key: &str| json!({"id": key, "tenant": "tenantnordwind", "owner": "wilhelmina", "status": "new", "access_token": "zq-answertoken-7"});
    let query = "?access_token=zq-querytoken-3&partnerKey=zq-querykey-13&who=mia.person%40example.com&name=wilhelmina&card=4111111111111111";
    let entries = [
        entry(1, "POST", &format!("/orders/orderkeyone{query}"), "wilhelmina", 201, &body, &answer("orderkeyone")),
        entry(2, "POST", "/orders/orderkeyone/payment", "gustavo", 200, &body, &answer("orderkeyone")),
        entry(
            3,
            "POST",
            "/orders/orderkeytwo;jsessionid=zq-matrix-14",
            "wilhelmina",
            201,
            &body,
            &answer("orderkeytwo"),
        ),
        entry(
            4,
            "POST",
            "/orders/orderkeytwo/shipment",
            "gustavo",
            200,
            &body,
            &json!({"id": "orderkeytwo", "status": "shipped"}),
        ),
        entry(5, "GET", "/orders/orderkeytwo", "gustavo", 200, &body, &answer("orderkeytwo")),
        entry(6, "POST", "/orders/orderkeytwo/refunds/refundkey", "gustavo", 200, &body, &answer("orderkeytwo")),
        entry(7, "POST", "/invite/zq-invite-11", "gustavo", 200, &body, &json!({})),
        entry(8, "POST", "/password/reset/zq-reset-10", "gustavo", 200, &body, &json!({})),
        entry(9, "GET", "/people/wilhelmina/session/zq-session-12", "gustavo", 200, &body, &json!({})),
    ];
    let archive = json!({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}});
    fs::write(folder.join("traffic.har"), archive.to_string()).unwrap();
    let basic = STANDARD.encode("dorothea:zq-basicpass-8");
    let log = format!(
        "10.0.0.7 - dorothea [01/Mar/2026:11:00:00 +0000] \"POST /orders/orderkeyone/shipment?pwd=zq-password-4 HTTP/1.1\" 200 5 \"https://h.example/?token=zq-querytoken-3&x={basic}\" \"x\"\n"
    );
    fs::write(folder.join("traffic.log"), log).unwrap();
    fs::write(folder.join("hostile.model.yaml"), MODEL).unwrap();
}

/// Every text in a file: as it is, rows of Parquet, and what a report has compressed.
fn texts(path: &Path) -> String {
    let mut bytes = Vec::new();
    File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if bytes.starts_with(b"PAR1") {
        let rows = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
        rows.get_row_iter(None).unwrap().for_each(|row| text += &format!("{}\n", row.unwrap()));
    }
    let base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let packed: Vec<Vec<u8>> =
        text.split(|c| !base64(c)).filter(|run| run.len() > 64).filter_map(|run| STANDARD.decode(run).ok()).collect();
    for packed in packed {
        let mut inflated = String::new();
        if flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut inflated).is_ok() {
            text += &inflated;
        }
    }
    text
}

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Runs every command at a level; everything that was written, by the name of where.
fn outputs(level: &str) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    fs::create_dir(&input).unwrap();
    traffic(&input);
    let model = ["--model", "in/hostile.model.yaml"];
    let base = ["in/traffic.har", "in/traffic.log", "--redact", level];
    let outs = [
        "-o",
        "out/run",
        "-o",
        "out/f.sarif",
        "-o",
        "out/f.csv",
        "-o",
        "out/f.md",
        "-o",
        "out/f.html",
        "-o",
        "out/f.parquet",
        "-o",
        "out/f.json",
    ];
    let mut runs: Vec<Vec<&str>> = vec![
        [&["check", "--exit-zero", "-v"], &base[..], &model, &outs].concat(),
        [&["inspect", "-v"], &base[..], &model].concat(),
        [&["inspect", "--format", "json"], &base[..], &model].concat(),
        [&["mine"], &base[..], &model].concat(),
        [&["mine", "--format", "json"], &base[..], &model].concat(),
        [&["exchanges", "-o", "out/e.csv", "-o", "out/e.parquet", "-o", "out/e.jsonl"], &base[..]].concat(),
    ];
    if level != "hash" {
        runs.push([&["check", "--exit-zero", "-o", "out/bare"], &base[..]].concat());
        runs.push([&["inspect"], &base[..]].concat());
    }
    let mut written = Vec::new();
    for args in &runs {
        let output = offpath_in(folder.path(), args, &[]);
        assert_eq!(code(&output), 0, "{args:?}: {}", stderr(&output));
        let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        written.push((args.join(" "), String::from_utf8_lossy(&text).into_owned()));
    }
    let findings = lines(&folder.path().join("out/run/findings.jsonl"));
    let shown = findings.iter().map(|finding| finding["id"].as_str().unwrap().to_owned());
    let cases = findings.iter().filter_map(|finding| finding["case"].as_str().map(str::to_owned));
    for what in shown.chain(cases) {
        let output = offpath_in(folder.path(), &["show", &what, "--run", "out/run"], &[]);
        assert_eq!(code(&output), 0, "{what}: {}", stderr(&output));
        written.push((format!("show {what}"), String::from_utf8_lossy(&output.stdout).into_owned()));
    }
    let mut paths = Vec::new();
    files(&folder.path().join("out"), &mut paths);
    written.extend(paths.iter().map(|path| (path.display().to_string(), texts(path))));
    assert!(findings.len() >= 3, "{findings:?}");
    written
}

fn none_of(needles: &[&str], written: &[(String, String)], level: &str) {
    for (place, text) in written {
        for needle in needles {
            let at = text.find(needle);
            let around = at.map(|at| text.get(at.saturating_sub(80)..at + needle.len() + 20));
            assert!(at.is_none(), "{needle} in {place} at {level}: {around:?}");
        }
    }
}

fn some_of(needles: &[&str], written: &[(String, String)], level: &str) {
    for needle in needles {
        assert!(written.iter().any(|(_, text)| text.contains(needle)), "{needle} is nowhere at {level}");
    }
}

#[test]
fn credentials_are_in_no_output_at_any_level() {
    for level in ["mask", "hash", "keep"] {
        let written = outputs(level);
        none_of(&SECRETS, &written, level);
        none_of(&["zq-signature", &jwt("gustavo"), &STANDARD.encode("dorothea:zq-basicpass-8")], &written, level);
        match level {
            "mask" => {
                none_of(&PERSONAL, &written, level);
                // The search sees into compressed files.
                for file in
                    ["run/report.html", "f.html", "f.parquet", "run/events/part-000.parquet", "f.sarif", "f.csv"]
                {
                    let (_, text) = written.iter().find(|(place, _)| place.ends_with(file)).unwrap();
                    assert!(text.contains("orderkeytwo") && text.contains("gustavo"), "{file}");
                }
                some_of(
                    &["wilhelmina", "orderkeytwo", "gustavo", "dorothea", "[phone#", "[iban#", "m…@example.com#"],
                    &written,
                    level,
                );
            }
            "hash" => {
                none_of(&PERSONAL, &written, level);
                none_of(&["m…@", "example.com#"], &written, level);
                // The seen model is a word of the report, its file's name too; names are nowhere.
                none_of(&NAMES, &written, level);
                none_of(&["10.0.0.7", "tenantnordwind.example"], &written, level);
            }
            _ => some_of(&["mia.person@example.com", "+491701234567", "DE89370400440532013000"], &written, level),
        }
    }
}

#[test]
fn a_name_has_one_pseudonym_and_judging_does_not_depend_on_the_level() {
    let folder = tempfile::tempdir().unwrap();
    traffic(folder.path());
    let check = |level: &str| -> Vec<Value> {
        let args = [
            "check",
            "traffic.har",
            "traffic.log",
            "--model",
            "hostile.model.yaml",
            "--exit-zero",
            "-o",
            level,
            "--redact",
            level,
        ];
        let output = offpath_in(folder.path(), &args, &[]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        lines(&folder.path().join(level).join("findings.jsonl"))
    };
    let (masked, hashed) = (check("mask"), check("hash"));
    let meaning = |finding: &Value| {
        ["rule", "severity", "confidence", "time", "fingerprint", "verdict", "activity", "terms"]
            .map(|key| finding[key].to_string())
    };
    let sorted = |findings: &[Value]| {
        let mut all: Vec<_> = findings.iter().map(meaning).collect();
        all.sort();
        all
    };
    assert_eq!(sorted(&masked), sorted(&hashed));
    // Equal names before are equal pseudonyms after, and different ones different.
    let pairs = |pointer: &str| {
        let of = |findings: &[Value]| {
            let mut all: Vec<(String, String)> = findings
                .iter()
                .map(|f| (format!("{:?}", meaning(f)), f.pointer(pointer).unwrap_or(&Value::Null).to_string()))
                .collect();
            all.sort();
            all.into_iter().map(|(_, name)| name).collect::<std::collections::BTreeSet<_>>().len()
        };
        (of(&masked), of(&hashed))
    };
    for pointer in ["/actor/principal", "/object/id", "/case", "/evidence/0/principal"] {
        let (before, after) = pairs(pointer);
        assert_eq!(before, after, "{pointer}");
    }
    for finding in &hashed {
        let (title, key) = (finding["title"].as_str().unwrap(), finding["object"]["id"].as_str());
        assert!(key.is_none_or(|key| title.contains(key) || !title.contains("orderkey")), "{title}");
    }
}

#[test]
fn hashing_names_needs_to_know_what_is_a_name() {
    let folder = tempfile::tempdir().unwrap();
    traffic(folder.path());
    for args in [&["check", "traffic.har", "--redact", "hash"][..], &["inspect", "traffic.har", "--redact", "hash"]] {
        let output = offpath_in(folder.path(), args, &[]);
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        assert!(stderr(&output).contains("--model"), "{}", stderr(&output));
    }
    let draft = ["mine", "traffic.har", "--redact", "hash", "--model", "hostile.model.yaml", "-o", "draft.yaml"];
    assert_eq!(code(&offpath_in(folder.path(), &draft, &[])), 2);
}

/// A capture of one request that nobody answers.
fn unanswered(file: &Path) {
    let mut capture: Vec<u8> =
        [0xa1b2_c3d4_u32, 4 << 16 | 2, 0, 0, 65_535, 1].iter().flat_map(|word| word.to_le_bytes()).collect();
    let request = b"POST /orders/orderkeyone HTTP/1.1\r\nHost: tenantnordwind.example\r\nContent-Length: 0\r\n\r\n";
    let ends = ([10, 77, 66, 55], 40_111_u16, [10, 88, 77, 66], 8_099_u16);
    let back = (ends.2, ends.3, ends.0, ends.1);
    let packets: [(_, u32, u32, u8, &[u8]); 4] = [
        (ends, 100, 0, 0x02, b""),
        (back, 500, 101, 0x12, b""),
        (ends, 101, 501, 0x18, request),
        (back, 501, 101 + request.len() as u32, 0x10, b""),
    ];
    for (second, ((from, port, to, to_port), sequence, acknowledged, flags, data)) in (1_772_359_200_u32..).zip(packets)
    {
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0];
        frame.extend((40 + data.len() as u16).to_be_bytes());
        frame.extend([0, 1, 0x40, 0, 64, 6, 0, 0]);
        frame.extend(from.into_iter().chain(to).chain(port.to_be_bytes()).chain(to_port.to_be_bytes()));
        frame.extend(sequence.to_be_bytes().into_iter().chain(acknowledged.to_be_bytes()));
        frame.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        frame.extend(data);
        let length = frame.len() as u32;
        capture.extend([second, 0, length, length].iter().flat_map(|word| word.to_le_bytes()));
        capture.extend(frame);
    }
    fs::write(file, capture).unwrap();
}

#[test]
fn addresses_of_what_was_not_seen_are_hashed_with_names() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hostile.model.yaml"), MODEL).unwrap();
    unanswered(&folder.path().join("wire.pcap"));
    let addresses = ["10.77.66.55", "10.88.77.66", "40111", "8099"];
    for level in ["mask", "hash"] {
        let run = |args: &[&str]| {
            let output = offpath_in(folder.path(), args, &[]);
            assert_eq!(code(&output), 0, "{args:?}: {}", stderr(&output));
            (args.join(" "), String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let check =
            ["check", "wire.pcap", "--model", "hostile.model.yaml", "--exit-zero", "-o", level, "--redact", level];
        let mut written = vec![
            run(&check),
            run(&["show", "gaps", "--run", level]),
            run(&["show", "gaps", "--run", level, "--format", "csv"]),
            run(&["exchanges", "wire.pcap", "--redact", level]),
        ];
        let mut paths = Vec::new();
        files(&folder.path().join(level), &mut paths);
        written.extend(paths.iter().map(|path| (path.display().to_string(), texts(path))));
        let gaps = lines(&folder.path().join(level).join("gaps.jsonl"));
        let gap = gaps.iter().find(|gap| gap["kind"] == "incomplete").expect("the request has no response");
        let (client, server) = (gap["client"].as_str().unwrap(), gap["server"].as_str().unwrap());
        if level == "hash" {
            none_of(&addresses, &written, level);
            assert!(client.starts_with('p') && server.starts_with('p') && client != server, "{gap}");
            let (_, exchanges) = &written[3];
            assert!(
                exchanges.contains(client) && exchanges.contains(server),
                "one address, one pseudonym: {exchanges}"
            );
        } else {
            assert_eq!((client, server), ("10.77.66.55:40111", "10.88.77.66:8099"));
        }
    }
}

/// Orders of which some step is allowed to `{by}`, and whose payments come under another prefix.
const DOUBTED: &str = r#"offpath: 1
workflow: {id: doubted, version: 1}
actors: {roles: {from: jwt.roles}}
objects:
  order: {key: [path.order], state: [res.status]}
activities:
  create:  {http: "POST /v1/orders/{order}", object: order}
  approve: {http: "POST /v1/orders/{order}/approval", object: order}
  pay:     {http: "POST /v1/orders/{order}/payment", object: order}
lifecycles:
  order:
    states: {none: initial, new: {}, approved: {}, paid: final}
    transitions:
      - {activity: create, from: none, to: new, by: [desk]}
      - {activity: approve, from: new, to: approved, by: [{by}]}
      - {activity: pay, from: approved, to: paid}
"#;

/// Warnings of a run, and what its findings on roles weigh.
fn doubts(by: &str, level: &str) -> (Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let calls = [("", "news"), ("/approval", "approved")];
    let mut entries = Vec::new();
    for key in ["orderkeyone", "orderkeytwo", "orderkeythree"] {
        for (step, state) in calls {
            let (target, second) = (format!("/v1/orders/{key}{step}"), entries.len() as u32);
            entries.push(entry(second, "POST", &target, "-", 200, &json!({}), &json!({"status": state})));
        }
        let (target, second) = (format!("/wilhelmina/v1/orders/{key}/payment"), entries.len() as u32);
        entries.push(entry(second, "POST", &target, "-", 200, &json!({}), &json!({"status": "paid"})));
    }
    for entry in &mut entries {
        // Somebody whose own name is like the one that the model allows.
        let bearer = format!("Bearer {}", token(&json!({"sub": "gustavo", "roles": ["desk", "gustavoteam"]})));
        entry["request"]["headers"][1]["value"] = json!(bearer);
    }
    let archive = json!({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}});
    fs::write(folder.path().join("traffic.har"), archive.to_string()).unwrap();
    fs::write(folder.path().join("doubted.model.yaml"), DOUBTED.replace("{by}", by)).unwrap();
    let args = ["check", "traffic.har", "--model", "doubted.model.yaml", "--exit-zero", "-o", "run", "--redact", level];
    let output = offpath_in(folder.path(), &args, &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let run: Value = serde_json::from_str(&fs::read_to_string(folder.path().join("run/run.json")).unwrap()).unwrap();
    let warnings = run["warnings"].as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned()).collect();
    let findings = lines(&folder.path().join("run/findings.jsonl"));
    let roles = findings.iter().filter(|finding| finding["rule"] == "FN-ROLE");
    let mut roles: Vec<String> =
        roles.map(|f| format!("{} {} {}", f["confidence"], f["verdict"], f["severity"])).collect();
    roles.sort();
    (warnings, roles)
}

#[test]
fn warnings_name_nobody_where_names_are_hashed() {
    let (masked, _) = doubts("carolina", "mask");
    let (hashed, _) = doubts("carolina", "hash");
    assert_eq!(masked.len(), hashed.len(), "{masked:?} {hashed:?}");
    let words = ["wilhelmina", "carolina", "gustavoteam", "news", "desk", "orderkey", "tenantnordwind"];
    let told = masked.join("\n");
    for word in ["wilhelmina", "carolina", "gustavoteam", "news", "orderkey"] {
        assert!(told.contains(word), "{word} is in no warning: {told}");
    }
    none_of(&words, &[("warnings".to_owned(), hashed.join("\n"))], "hash");
    // Words of the model stay.
    some_of(&["/v1/orders/", "/payment", "the model's `new`?"], &[("warnings".to_owned(), hashed.join("\n"))], "hash");
}

#[test]
fn a_name_that_the_traffic_lacks_weighs_the_same_at_each_level() {
    for (by, confidence) in [("carolina", "0.6"), ("deskk", "0.4"), ("gustavotaem", "0.4"), ("gustavoo", "0.6")] {
        let (_, masked) = doubts(by, "mask");
        let (_, hashed) = doubts(by, "hash");
        assert_eq!(masked, hashed, "{by}");
        assert_eq!(masked.len(), 3, "{masked:?}");
        assert!(masked.iter().all(|role| role.starts_with(confidence)), "{by}: {masked:?}");
    }
}
