//! Protobuf without its schema: field numbers, and values by what their wire type and bytes allow.
//!
//! Numbers are unsigned; fixed-width ones, which may as well be floating, are their bits in hexadecimal. Bytes with a
//! length are a text where they are printable, else a message where all of them parse as one, else base64. Of two
//! meanings that bytes allow, nobody can tell which was meant.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// Messages within messages.
const DEPTH: usize = 32;
/// Fields looked at, those of attempts that failed included.
const FIELDS: usize = 50_000;
const LARGEST_NUMBER: u64 = (1 << 29) - 1;

/// Decodes one message to an object whose keys are field numbers. None where it is no protobuf, or too much of it.
pub(super) fn decode(bytes: &[u8]) -> Option<Value> {
    let mut left = FIELDS;
    let mut rest = bytes;
    let fields = message(&mut rest, None, 0, &mut left)?;
    Some(Value::Object(fields))
}

/// Reads fields to the end, or to the end of the group that began with this number.
fn message(rest: &mut &[u8], group: Option<u64>, depth: usize, left: &mut usize) -> Option<Map<String, Value>> {
    let mut fields = Map::new();
    if depth > DEPTH {
        return None;
    }
    while !rest.is_empty() {
        let tag = varint(rest)?;
        let (number, kind) = (tag >> 3, tag & 7);
        if number == 0 || number > LARGEST_NUMBER {
            return None;
        }
        *left = left.checked_sub(1)?;
        let value = match kind {
            0 => varint(rest)?.into(),
            1 => format!("{:#018x}", u64::from_le_bytes(*chunk(rest)?)).into(),
            2 => {
                let len = usize::try_from(varint(rest)?).ok()?;
                let (bytes, behind) = rest.split_at_checked(len)?;
                *rest = behind;
                delimited(bytes, depth, left)
            }
            3 => Value::Object(message(rest, Some(number), depth + 1, left)?),
            4 => return (group == Some(number)).then_some(fields),
            5 => format!("{:#010x}", u32::from_le_bytes(*chunk(rest)?)).into(),
            _ => return None,
        };
        add(&mut fields, number, value);
    }
    group.is_none().then_some(fields)
}

/// A field that comes again makes a list.
fn add(fields: &mut Map<String, Value>, number: u64, value: Value) {
    match fields.get_mut(&number.to_string()) {
        Some(Value::Array(values)) => values.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
        None => _ = fields.insert(number.to_string(), value),
    }
}

/// A text, a message, or bytes.
fn delimited(bytes: &[u8], depth: usize, left: &mut usize) -> Value {
    let text = std::str::from_utf8(bytes).ok();
    let printable = |text: &&str| !text.chars().any(char::is_control);
    if let Some(text) = text.filter(printable) {
        return text.into();
    }
    let mut rest = bytes;
    if let Some(fields) = message(&mut rest, None, depth + 1, left) {
        return Value::Object(fields);
    }
    let lines = |text: &&str| text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace());
    match text.filter(lines) {
        Some(text) => text.into(),
        None => STANDARD.encode(bytes).into(),
    }
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, behind) = rest.split_first()?;
        *rest = behind;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && byte > 1 {
            return None;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn chunk<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (chunk, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(chunk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn the_documentations_examples() {
        // From "Encoding" of protobuf's own documentation.
        assert_eq!(decode(&[0x08, 0x96, 0x01]), Some(json!({"1": 150})));
        assert_eq!(decode(b"\x12\x07testing"), Some(json!({"2": "testing"})));
        assert_eq!(decode(&[0x1a, 0x03, 0x08, 0x96, 0x01]), Some(json!({"3": {"1": 150}})));
        assert_eq!(decode(b"\x22\x05hello\x28\x01\x28\x02\x28\x03"), Some(json!({"4": "hello", "5": [1, 2, 3]})));
        assert_eq!(decode(&[0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05]), Some(json!({"6": "A44CnqcF"})));
    }

    #[test]
    fn every_wire_type() {
        assert_eq!(decode(b"\x09\0\0\0\0\0\0\x29\x40"), Some(json!({"1": "0x4029000000000000"})));
        assert_eq!(decode(b"\x0d\x01\0\0\0"), Some(json!({"1": "0x00000001"})));
        assert_eq!(decode(b"\x0b\x10\x07\x0c\x10\x01"), Some(json!({"1": {"2": 7}, "2": 1})));
        assert_eq!(decode(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), Some(json!({"1": u64::MAX})));
        // A text of a message's field looks like a line; text of several lines is text all the same.
        let id = "8f14e45f-ceea-467f-9575-1234567890ab";
        let nested = [&[0x0a, 36][..], id.as_bytes()].concat();
        assert_eq!(decode(&[&[0x12, 38][..], &nested].concat()), Some(json!({"2": {"1": id}})));
        assert_eq!(decode(b"\x0a\x05one\ntwo"), None);
        assert_eq!(decode(b"\x0a\x07one\ntwo"), Some(json!({"1": "one\ntwo"})));
        assert_eq!(decode(b"\x0a\0"), Some(json!({"1": ""})));
        assert_eq!(decode(b""), Some(json!({})));
    }

    #[test]
    fn what_is_no_message_is_none() {
        for bad in [
            &b"\x08"[..],
            b"\x0a\x05abc",
            b"\0\x01",
            b"\x0f",
            b"\x0c",
            b"\x0b\x14",
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
        ] {
            assert_eq!(decode(bad), None, "{bad:?}");
        }
        let deep = [0x0b].repeat(100_000);
        assert_eq!(decode(&deep), None);
        assert_eq!(decode(&b"\x08\x01".repeat(FIELDS + 1)), None);
    }

    /// A message as a tree, written naively.
    #[derive(Clone, Debug)]
    enum Field {
        Number(u64),
        Text(String),
        Message(Vec<(u32, Field)>),
    }

    fn field() -> impl Strategy<Value = Field> {
        let leaf = prop_oneof![any::<u64>().prop_map(Field::Number), "[a-z0-9_-]{0,20}".prop_map(Field::Text)];
        // A message begins with a number, which is no text.
        leaf.prop_recursive(4, 20, 4, |inner| {
            (any::<u8>(), prop::collection::vec((1..20u32, inner), 0..4)).prop_map(|(first, rest)| {
                Field::Message([vec![(1, Field::Number(u64::from(first % 30) + 1))], rest].concat())
            })
        })
    }

    fn write(fields: &[(u32, Field)]) -> Vec<u8> {
        let number = |mut value: u64| {
            let mut bytes = Vec::new();
            while value > 0x7f {
                bytes.push(value as u8 | 0x80);
                value >>= 7;
            }
            bytes.push(value as u8);
            bytes
        };
        let mut out = Vec::new();
        for (tag, field) in fields {
            let bytes = match field {
                Field::Number(value) => {
                    out.extend(number(u64::from(*tag) << 3));
                    out.extend(number(*value));
                    continue;
                }
                Field::Text(text) => text.clone().into_bytes(),
                Field::Message(fields) => write(fields),
            };
            out.extend(number(u64::from(*tag) << 3 | 2));
            out.extend(number(bytes.len() as u64));
            out.extend(bytes);
        }
        out
    }

    fn json_of(fields: &[(u32, Field)]) -> Value {
        let mut out = Map::new();
        for (tag, field) in fields {
            let value = match field {
                Field::Number(value) => json!(value),
                Field::Text(text) => json!(text),
                Field::Message(fields) => json_of(fields),
            };
            match out.remove(&tag.to_string()) {
                None => out.insert(tag.to_string(), value),
                Some(Value::Array(mut values)) => {
                    values.push(value);
                    out.insert(tag.to_string(), Value::Array(values))
                }
                Some(first) => out.insert(tag.to_string(), json!([first, value])),
            };
        }
        Value::Object(out)
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(fields in prop::collection::vec((1..1000u32, field()), 0..6)) {
            prop_assert_eq!(decode(&write(&fields)), Some(json_of(&fields)));
        }

        #[test]
        fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
