//! Calls of gRPC and gRPC-Web as JSON, and whatever else their bodies hold.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod packets_wire;

use offpath_capture::{Exchange, Options, Schema, grpc_as_json};
use packets_wire::Side::{Client, Server};
use packets_wire::Talk;
use proptest::prelude::*;
use prost_reflect::prost::Message as _;
use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};

/// `shop.Orders` with a call that answers once and one that streams.
fn schema() -> Schema {
    let field = |number, name: &str, kind: Type, label: Label, of: Option<&str>| FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(label as i32),
        r#type: Some(kind as i32),
        type_name: of.map(str::to_owned),
        ..FieldDescriptorProto::default()
    };
    let state = |number, name: &str| EnumValueDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        ..EnumValueDescriptorProto::default()
    };
    let order = DescriptorProto {
        name: Some("Order".to_owned()),
        field: vec![
            field(1, "order_id", Type::String, Label::Optional, None),
            field(2, "amount", Type::Int64, Label::Optional, None),
            field(3, "state", Type::Enum, Label::Optional, Some(".shop.State")),
            field(4, "lines", Type::Message, Label::Repeated, Some(".shop.Order")),
            field(5, "rate", Type::Double, Label::Optional, None),
        ],
        ..DescriptorProto::default()
    };
    let method = |name: &str, streaming| MethodDescriptorProto {
        name: Some(name.to_owned()),
        input_type: Some(".shop.Order".to_owned()),
        output_type: Some(".shop.Order".to_owned()),
        server_streaming: Some(streaming),
        ..MethodDescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("shop.proto".to_owned()),
        package: Some("shop".to_owned()),
        syntax: Some("proto3".to_owned()),
        message_type: vec![order],
        enum_type: vec![EnumDescriptorProto {
            name: Some("State".to_owned()),
            value: vec![state(0, "UNKNOWN"), state(1, "PAID")],
            ..EnumDescriptorProto::default()
        }],
        service: vec![ServiceDescriptorProto {
            name: Some("Orders".to_owned()),
            method: vec![method("View", false), method("Watch", true)],
            ..ServiceDescriptorProto::default()
        }],
        ..FileDescriptorProto::default()
    };
    let mut schema = Schema::default();
    let bytes = FileDescriptorSet { file: vec![file] }.encode_to_vec();
    schema.add(&bytes).unwrap();
    // The same definition may come again.
    schema.add(&bytes).unwrap();
    assert_eq!(schema.methods(), 2);
    schema
}

#[test]
fn a_schema_of_another_edition_is_refused_by_name() {
    for (syntax, taken) in [(None, true), (Some("proto3"), true), (Some("editions"), false), (Some(""), false)] {
        let file = FileDescriptorProto {
            name: Some("shop.proto".to_owned()),
            syntax: syntax.map(str::to_owned),
            ..FileDescriptorProto::default()
        };
        let bytes = FileDescriptorSet { file: vec![file] }.encode_to_vec();
        // A schema that holds some already, and one that holds none.
        for mut schema in [Schema::default(), schema()] {
            match schema.add(&bytes) {
                Ok(()) => assert!(taken, "{syntax:?}"),
                Err(why) => assert!(!taken && why.contains("`shop.proto` has the syntax"), "{why}"),
            }
        }
    }
}

fn call(path: &str, kind: &str, body: &[u8]) -> Exchange {
    let mut talk = Talk::open(5000);
    let asked = b"\0\0\0\0\x04\x0a\x02o1";
    let head = format!("POST {path} HTTP/1.1\r\nContent-Type: application/grpc-web\r\nContent-Length: 9\r\n\r\n");
    talk.send(Client, [head.as_bytes(), asked].concat());
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
    talk.send(Server, [head.as_bytes(), body].concat()).close();
    talk.read().only().clone()
}

/// The answer as JSON, and whether it is whole.
fn answer(path: &str, kind: &str, body: &[u8], schema: Option<&Schema>) -> (String, bool) {
    let decoded = grpc_as_json(&call(path, kind, body), schema).unwrap();
    let body = decoded.response.unwrap().body;
    (String::from_utf8(body.bytes().unwrap().to_vec()).unwrap(), body.is_whole())
}

const ORDER: &[u8] = b"\0\0\0\0\x11\x0a\x02o1\x10\x07\x18\x01\x22\x07\x0a\x02l1\x10\xac\x02";

#[test]
fn names_defaults_and_enumerations_come_from_the_schema() {
    let schema = schema();
    let (json, whole) = answer("/shop.Orders/View", "application/grpc-web+proto", ORDER, Some(&schema));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (value["order_id"].as_str(), value["amount"].as_i64(), value["state"].as_str()),
        (Some("o1"), Some(7), Some("PAID"))
    );
    assert_eq!((value["lines"][0]["order_id"].as_str(), value["lines"][0]["amount"].as_i64()), (Some("l1"), Some(300)));
    assert_eq!(
        (value["rate"].as_f64(), value["lines"][0]["state"].as_str(), whole),
        (Some(0.0), Some("UNKNOWN"), true)
    );
    let request = grpc_as_json(&call("/x/shop.Orders/View?a", "application/grpc-web", ORDER), Some(&schema)).unwrap();
    assert!(request.request.unwrap().body.bytes().unwrap().starts_with(b"{\"order_id\":\"o1\""));
}

#[test]
fn without_it_there_are_numbers() {
    let expected = r#"{"1":"o1","2":7,"3":1,"4":{"1":"l1","2":300}}"#;
    let kind = "application/grpc-web";
    assert_eq!(answer("/shop.Orders/View", kind, ORDER, None), (expected.to_owned(), true));
    // A method that the schema does not have.
    assert_eq!(answer("/shop.Orders/Other", kind, ORDER, Some(&schema())), (expected.to_owned(), true));
}

#[test]
fn streams_are_lists() {
    let two = [ORDER, ORDER, b"\x80\0\0\0\x0dgrpc-status:0"].concat();
    let kind = "application/grpc-web";
    let (json, whole) = answer("/shop.Orders/Other", kind, &two, None);
    assert!(json.starts_with(r#"[{"1":"o1""#) && json.ends_with("}]") && whole, "{json}");
    let schema = schema();
    let (json, whole) = answer("/shop.Orders/Watch", kind, ORDER, Some(&schema));
    assert!(json.starts_with(r#"[{"order_id""#) && json.ends_with("}]") && whole, "{json}");
    assert_eq!(answer("/shop.Orders/Watch", kind, b"", Some(&schema)), ("[]".to_owned(), true));
}

#[test]
fn what_cannot_be_decoded_is_not_whole() {
    let kind = "application/grpc-web";
    let cut = [ORDER, &ORDER[..9]].concat();
    let (json, whole) = answer("/shop.Orders/Other", kind, &cut, None);
    assert!(json.starts_with(r#"{"1":"o1""#) && !whole);
    // Compressed, and nothing says how.
    let coded = [&[1][..], &ORDER[1..]].concat();
    let exchange = grpc_as_json(&call("/shop.Orders/View", kind, &coded), None).unwrap();
    assert_eq!(exchange.response.unwrap().body.bytes(), Some(&*coded));
    // Messages that are JSON themselves.
    let json = b"\0\0\0\0\x07{\"a\":1}";
    assert_eq!(answer("/s.S/M", "application/grpc-web+json", json, None), (r#"{"a":1}"#.to_owned(), true));
    let mut plain = call("/s.S/M", "text/html", json);
    plain.request.as_mut().unwrap().headers = offpath_capture::Headers::default();
    assert!(grpc_as_json(&plain, None).is_none());
}

/// A few bytes that stand for many fields with their defaults.
#[test]
fn a_message_that_grows_out_of_bounds_is_left() {
    let lines = b"\x22\0".repeat(200_000);
    let body = [&[0][..], &(lines.len() as u32).to_be_bytes(), &lines].concat();
    let exchange = grpc_as_json(&call("/shop.Orders/View", "application/grpc-web", &body), Some(&schema())).unwrap();
    assert_eq!(exchange.response.unwrap().body.bytes().map(<[u8]>::len), Some(body.len()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_body_becomes_json_or_stays(
        kind in 0..4usize, body in prop::collection::vec(any::<u8>(), 0..120), framed in any::<bool>(), named in any::<bool>(),
    ) {
        let kind = ["application/grpc-web", "application/grpc-web-text", "application/grpc-web+json", "application/grpc"][kind];
        let prefix = if framed { [&[0][..], &(body.len() as u32).to_be_bytes()].concat() } else { Vec::new() };
        let body = [prefix, body].concat();
        let schema = named.then(schema);
        let exchange = call("/shop.Orders/View", kind, &body);
        let decoded = grpc_as_json(&exchange, schema.as_ref()).unwrap().response.unwrap().body;
        let bytes = decoded.bytes().unwrap();
        let json = serde_json::from_slice::<serde_json::Value>(bytes).is_ok();
        prop_assert!(bytes == body || bytes.is_empty() || json);
    }
}

/// Messages of real programs, some of them of images and streams.
#[test]
fn captures_of_others_are_decoded() {
    let Ok(corpus) = std::env::var("OFFPATH_CORPUS") else {
        eprintln!("skipped: OFFPATH_CORPUS is not set");
        return;
    };
    let folder = std::path::Path::new(&corpus).join("captures/wireshark");
    let mut bodies = 0;
    for name in ["grpc_person_search_protobuf_with_image", "grpc_stream_reassembly_sample", "grpc_web"] {
        let path = folder.join(format!("captures__{name}.pcapng.gz"));
        let names = [path.to_str().unwrap().to_owned()];
        let mut seen = packets_wire::Seen::default();
        for source in offpath_capture::plan(&names, &Options::default()).sources {
            source.read(&Options::default(), &mut seen);
        }
        for exchange in &seen.exchanges {
            let Some(decoded) = grpc_as_json(exchange, None) else { continue };
            let sides = [
                (&exchange.request.as_ref().unwrap().body, &decoded.request.as_ref().unwrap().body),
                (&exchange.response.as_ref().unwrap().body, &decoded.response.as_ref().unwrap().body),
            ];
            for (_, json) in sides.into_iter().filter(|(raw, _)| raw.is_whole() && raw.bytes().is_some()) {
                assert!(json.is_whole(), "{name}: {}", exchange.origin);
                let text = std::str::from_utf8(json.bytes().unwrap()).unwrap();
                assert!(text.is_empty() || serde_json::from_str::<serde_json::Value>(text).is_ok(), "{name}: {text}");
                bodies += 1;
            }
        }
    }
    assert!(bodies > 20, "only {bodies} bodies were decoded");
}
