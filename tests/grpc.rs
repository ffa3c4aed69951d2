//! A shop that speaks gRPC, end to end: steps that were skipped are found by the names of the fields, by their numbers, and
//! in gRPC-Web; the benign history beside it is clean.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "../capture/tests/http2_wire/mod.rs"]
#[expect(dead_code, reason = "each test file uses its own part of the writer")]
mod http2_wire;
#[path = "../capture/tests/packets_wire/mod.rs"]
mod packets_wire;
mod support;

use std::fs;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http2_wire::{DATA, END_STREAM, Frames};
use packets_wire::Side::{Client, Server};
use packets_wire::{Talk, pcap};
use prost_reflect::prost::Message as _;
use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use prost_reflect::prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto,
    ServiceDescriptorProto,
};
use support::{code, counts, lines, object, offpath, stderr, text, token};

/// The schema: each call takes an id, an amount and a state, and answers with the same.
fn schema() -> Vec<u8> {
    let field = |number, name: &str, kind: Type| FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(Label::Optional as i32),
        r#type: Some(kind as i32),
        ..FieldDescriptorProto::default()
    };
    let order = DescriptorProto {
        name: Some("Order".to_owned()),
        field: vec![
            field(1, "order_id", Type::String),
            field(2, "amount", Type::Int64),
            field(3, "state", Type::String),
        ],
        ..DescriptorProto::default()
    };
    let method = |name: &str| MethodDescriptorProto {
        name: Some(name.to_owned()),
        input_type: Some(".shop.Order".to_owned()),
        output_type: Some(".shop.Order".to_owned()),
        ..MethodDescriptorProto::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("Orders".to_owned()),
        method: ["Create", "Pay", "Ship"].map(method).to_vec(),
        ..ServiceDescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("shop.proto".to_owned()),
        package: Some("shop".to_owned()),
        syntax: Some("proto3".to_owned()),
        message_type: vec![order],
        service: vec![service],
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }.encode_to_vec()
}

/// The model, with its paths to an order's id, amount and state.
fn model(id: &str, amount: &str, state: &str) -> String {
    format!(
        "offpath: 1
workflow: {{id: grpc-shop, version: 1}}
actors: {{identify: [jwt.sub]}}
objects:
  order: {{key: [req.{id}, res.{id}], state: res.{state}, attrs: {{total: res.{amount}}}}}
activities:
  create: {{grpc: shop.Orders/Create, object: order}}
  pay: {{grpc: shop.Orders/Pay, object: order, attrs: {{amount: req.{amount}}}}}
  ship: {{grpc: shop.Orders/Ship, object: order}}
lifecycles:
  order:
    states: {{none: initial, new: {{}}, paid: {{}}, shipped: {{restricted: true}}}}
    transitions:
      - {{activity: create, from: none, to: new}}
      - {{activity: pay, from: new, to: paid, when: \"event.amount == order.total\"}}
      - {{activity: ship, from: paid, to: shipped}}
"
    )
}

fn order(id: &str, amount: u8, state: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (tag, text) in [(0x0a, id), (0x1a, state)] {
        if !text.is_empty() {
            bytes.extend([tag, text.len() as u8]);
            bytes.extend(text.as_bytes());
        }
        if tag == 0x0a && amount > 0 {
            bytes.extend([0x10, amount]);
        }
    }
    bytes
}

/// A message with its prefix.
fn framed(flags: u8, message: &[u8]) -> Vec<u8> {
    [&[flags][..], &(message.len() as u32).to_be_bytes(), message].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// One call and how it went.
struct Call {
    method: &'static str,
    asked: Vec<u8>,
    answered: Vec<u8>,
    status: &'static str,
}

fn call(method: &'static str, asked: Vec<u8>, answered: Vec<u8>) -> Call {
    Call { method, asked, answered, status: "0" }
}

fn bought(id: &str) -> [Call; 3] {
    [
        call("Create", order("", 7, ""), order(id, 7, "new")),
        call("Pay", order(id, 7, ""), order(id, 7, "paid")),
        call("Ship", order(id, 0, ""), order(id, 7, "shipped")),
    ]
}

/// An order that is as it should be; one that was shipped unpaid, one of which the payment was refused, and one for which
/// less was paid.
fn history(abused: bool) -> Vec<Call> {
    let mut calls = Vec::from(bought("o1"));
    if abused {
        let [create, _, ship] = bought("o2");
        calls.extend([create, ship]);
        let [create, pay, ship] = bought("o3");
        calls.extend([create, Call { status: "9", answered: Vec::new(), ..pay }, ship]);
        let [create, pay, ship] = bought("o4");
        calls.extend([create, Call { asked: order("o4", 1, ""), ..pay }, ship]);
    }
    calls
}

/// In HTTP/2; every other request is compressed.
fn grpc(calls: &[Call]) -> Talk {
    let mut frames = Frames::open(5000);
    let token = format!("Bearer {}", token(r#"{"sub":"anna"}"#));
    for (nth, call) in calls.iter().enumerate() {
        let stream = 2 * nth as u32 + 1;
        let path = format!("/shop.Orders/{}", call.method);
        let fields = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", &path),
            (":authority", "a.test"),
            ("content-type", "application/grpc"),
            ("grpc-encoding", "gzip"),
            ("authorization", &token),
        ];
        let asked = if nth % 2 == 0 { framed(0, &call.asked) } else { framed(1, &gzip(&call.asked)) };
        frames.headers(Client, 0, stream, &fields).send(Client, DATA, END_STREAM, stream, &asked);
        frames.headers(Server, 0, stream, &[(":status", "200"), ("content-type", "application/grpc")]);
        if !call.answered.is_empty() {
            frames.send(Server, DATA, 0, stream, &framed(0, &call.answered));
        }
        frames.headers(Server, END_STREAM, stream, &[("grpc-status", call.status)]);
    }
    frames.talk.close();
    frames.talk
}

/// In HTTP/1.1, as browsers do.
fn grpc_web(calls: &[Call], text: bool) -> Talk {
    let mut talk = Talk::open(5000);
    let token = token(r#"{"sub":"anna"}"#);
    let kind = if text { "application/grpc-web-text" } else { "application/grpc-web+proto" };
    let body = |parts: &[Vec<u8>]| match text {
        false => parts.concat(),
        true => parts.iter().map(|part| STANDARD.encode(part)).collect::<String>().into_bytes(),
    };
    for call in calls {
        let asked = body(&[framed(0, &call.asked)]);
        let head = format!(
            "POST /api/shop.Orders/{} HTTP/1.1\r\nHost: a.test\r\nContent-Type: {kind}\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n",
            call.method,
            asked.len()
        );
        talk.send(Client, [head.replace("/api/", "/").into_bytes(), asked].concat());
        let trailers = framed(0x80, format!("grpc-status: {}\r\n", call.status).as_bytes());
        let message = if call.answered.is_empty() { Vec::new() } else { framed(0, &call.answered) };
        let answered = body(&[message, trailers]);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", answered.len());
        talk.send(Server, [head.into_bytes(), answered].concat());
    }
    talk.close();
    talk
}

/// Rules and objects of what `check` finds.
fn findings(folder: &Path, talk: &Talk, model: &str, extra: &[&str]) -> Vec<(String, String)> {
    let [capture, model_file, run] = ["calls.pcap", "model.yaml", "run"].map(|name| folder.join(name));
    fs::write(&capture, pcap(&talk.segments)).unwrap();
    fs::write(&model_file, model).unwrap();
    let paths = [&model_file, &run, &capture].map(|path| path.to_str().unwrap());
    let output = offpath(&[&["check", "--model", paths[0], "-o", paths[1], "--exit-zero", paths[2]], extra].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(!stderr(&output).contains("M022"), "{}", stderr(&output));
    let counted = lines(&run.join("findings.jsonl"));
    let mut found: Vec<_> = counted
        .iter()
        .filter(|finding| counts(finding))
        .map(|finding| (text(finding, "rule").to_owned(), object(finding)))
        .collect();
    found.sort();
    found
}

#[test]
fn steps_are_judged_by_name_by_number_and_over_any_carrier() {
    let folder = tempfile::tempdir().unwrap();
    let descriptor = folder.path().join("shop.pb");
    fs::write(&descriptor, schema()).unwrap();
    let named = ["--descriptor", descriptor.to_str().unwrap()];
    let (by_name, by_number) = (model("order_id", "amount", "state"), model("1", "2", "3"));
    let abused = history(true);
    let expected = findings(folder.path(), &grpc(&abused), &by_name, &named);
    let of = |order: &str| expected.iter().filter(|(_, object)| object == &format!("order:{order}")).count();
    assert_eq!((of("o1"), of("o2") > 0, of("o3") > 0, of("o4") > 0), (0, true, true, true), "{expected:?}");
    assert!(expected.contains(&("SEQ-SKIP".to_owned(), "order:o2".to_owned())), "{expected:?}");
    assert!(expected.contains(&("TX-MISMATCH".to_owned(), "order:o4".to_owned())), "{expected:?}");

    for talk in [grpc(&abused), grpc_web(&abused, false), grpc_web(&abused, true)] {
        assert_eq!(findings(folder.path(), &talk, &by_name, &named), expected);
        assert_eq!(findings(folder.path(), &talk, &by_number, &[]), expected);
    }
    let benign = history(false);
    for talk in [grpc(&benign), grpc_web(&benign, false), grpc_web(&benign, true)] {
        assert_eq!(findings(folder.path(), &talk, &by_name, &named), []);
        assert_eq!(findings(folder.path(), &talk, &by_number, &[]), []);
    }
}

#[test]
fn a_schema_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let [capture, none, empty] = ["calls.pcap", "none.pb", "empty.pb"].map(|name| folder.path().join(name));
    fs::write(&capture, pcap(&grpc(&history(false)).segments)).unwrap();
    fs::write(&none, b"syntax = \"proto3\";").unwrap();
    fs::write(&empty, b"").unwrap();
    for (file, why) in [(&none, "protoc --include_imports"), (&empty, "no service")] {
        let output = offpath(&["inspect", "--descriptor", file.to_str().unwrap(), capture.to_str().unwrap()]);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    }
}

#[test]
fn the_status_of_a_call_is_a_field_and_a_key_of_filters() {
    let folder = tempfile::tempdir().unwrap();
    let refused = Call { status: "7", ..call("Ship", order("o1", 0, ""), Vec::new()) };
    let calls = [call("Create", order("", 9, ""), order("o1", 9, "new")), refused];
    for talk in [grpc(&calls), grpc_web(&calls, false), grpc_web(&calls, true)] {
        let capture = folder.path().join("calls.pcap");
        std::fs::write(&capture, pcap(&talk.segments)).unwrap();
        let of = |filter: &str| {
            let fields = ["exchanges", "--fields", "target,status,grpc_status", "--filter", filter];
            let output = offpath(&[&fields[..], &[capture.to_str().unwrap()]].concat());
            support::stdout(&output).lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let line = |method: &str, code: u8| {
            format!(r#"{{"target":"/shop.Orders/{method}","status":200,"grpc_status":{code}}}"#)
        };
        assert_eq!(of("grpc_status:0"), [line("Create", 0)]);
        assert_eq!(of("grpc_status>0"), [line("Ship", 7)]);
    }
}

#[test]
fn messages_of_a_websocket_are_listed_without_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let mut talk = Talk::open(5000);
    let asks = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    talk.send(Client, format!("GET /live?token=geheim HTTP/1.1\r\nHost: a.test\r\n{asks}\r\n"));
    talk.send(Server, format!("HTTP/1.1 101 Switching Protocols\r\n{asks}\r\n"));
    talk.send(Server, [&[0x81, 15][..], b"{\"note\":\"xyzzy\"}".get(..15).unwrap()].concat());
    talk.send(Client, [0x88, 0x82, 0, 0, 0, 0, 3, 0xe9]).close();
    let capture = folder.path().join("live.pcap");
    fs::write(&capture, pcap(&talk.segments)).unwrap();
    let capture = capture.to_str().unwrap();

    for format in ["jsonl", "csv"] {
        let output = offpath(&["exchanges", "--messages", "--format", format, capture]);
        let listed = support::stdout(&output);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(!listed.contains("xyz") && !listed.contains("geheim"), "{listed}");
    }
    let parquet = folder.path().join("messages.parquet");
    assert_eq!(code(&offpath(&["exchanges", "--messages", "-o", parquet.to_str().unwrap(), capture])), 0);
    assert_eq!(code(&offpath(&["exchanges", "--messages", "-o", parquet.to_str().unwrap(), capture])), 0);

    let output = offpath(&["exchanges", "--messages", capture]);
    let listed: Vec<serde_json::Value> =
        support::stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let facts: Vec<_> = listed.iter().map(|m| (text(m, "sender"), text(m, "kind"), m["bytes"].as_u64())).collect();
    assert_eq!(facts, [("server", "text", Some(15)), ("client", "close", Some(2))]);
    assert_eq!((listed[1]["close_code"].as_u64(), text(&listed[0], "sha256").len()), (Some(1001), 64));
    assert!(stderr(&output).contains("2 messages written"));

    let output = offpath(&["exchanges", capture]);
    let line: serde_json::Value = serde_json::from_str(&support::stdout(&output)).unwrap();
    assert_eq!((line["messages_sent"].as_u64(), line["messages_received"].as_u64()), (Some(0), Some(1)));
    let nothing = offpath(&["exchanges", "--messages", "--filter", "host:b.test", capture]);
    assert_eq!(code(&nothing), 4);
    let run: serde_json::Value =
        serde_json::from_str(&support::stdout(&offpath(&["inspect", "--format", "json", capture]))).unwrap();
    assert_eq!((run["websocket"]["frames"].as_u64(), run["websocket"]["messages"].as_u64()), (Some(2), Some(1)));
    assert!(support::stdout(&offpath(&["inspect", capture])).contains("WebSocket  1 connection, 1 message"));
}
