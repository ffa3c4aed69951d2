//! Bytes that nginx escapes as `\\xHH` in logs whose format does not say `escape=json`, where JSON knows no such escape.

use super::combined::hex_byte;

/// The text with each `\\xHH` as JSON writes its bytes; none where there is no such escape, as in all JSON that is right.
pub(super) fn repaired(text: &str) -> Option<String> {
    memchr::memmem::find(text.as_bytes(), b"\\x")?;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut any = false;
    while let Some(at) = rest.find('\\') {
        let (plain, escaped) = rest.split_at(at);
        out.push_str(plain);
        let (bytes, length) = run(escaped.as_bytes());
        if bytes.is_empty() {
            let end = escaped.chars().take(2).map(char::len_utf8).sum();
            let (kept, after) = escaped.split_at(end);
            out.push_str(kept);
            rest = after;
        } else {
            any = true;
            push_escaped(&String::from_utf8_lossy(&bytes), &mut out);
            rest = escaped.get(length..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    any.then_some(out)
}

/// The bytes that the escapes at the beginning stand for, and the length of these.
fn run(text: &[u8]) -> (Vec<u8>, usize) {
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(digits) = text.get(length..).and_then(|rest| rest.strip_prefix(b"\\x"))
        && let Some(byte) = hex_byte(digits)
    {
        bytes.push(byte);
        length += 4;
    }
    (bytes, length)
}

fn push_escaped(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() && c.is_ascii() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_json_writes_them() {
        for (text, wanted) in [
            (r#"{"a":"x\x22y"}"#, Some(r#"{"a":"x\"y"}"#)),
            (r#"{"a":"caf\xC3\xA9 \x5C\x0A"}"#, Some(r#"{"a":"café \\\u000a"}"#)),
            (r#"{"a":"\xff","b":"\""}"#, Some("{\"a\":\"\u{fffd}\",\"b\":\"\\\"\"}")),
            (r#"{"a":"\\x22"}"#, None),
            (r#"{"a":"\xzz \u00e9 \x2"}"#, None),
            ("x\\", None),
            ("\\é\\x", None),
        ] {
            assert_eq!(repaired(text).as_deref(), wanted, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_nginx_escapes_is_read_back(text in "[ -~éß\u{1}-\u{1f}]{0,40}") {
            let escaped: String = text.bytes().map(|byte| match byte {
                b'"' | b'\\' | 0..32 | 127.. => format!("\\x{byte:02X}"),
                byte => char::from(byte).to_string(),
            }).collect();
            let json = format!("\"{escaped}\"");
            let json = repaired(&json).unwrap_or(json);
            proptest::prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }

        #[test]
        fn json_that_is_right_stays_as_it_is(text in "\\PC{0,20}(\\\\x41)?") {
            proptest::prop_assert_eq!(repaired(&serde_json::to_string(&text).unwrap()), None);
        }
    }
}
