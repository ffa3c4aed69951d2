//! Lines of `name=value`: Heroku's router, lograge, Go kit, logrus.
//!
//! ```text
//! at=info method=POST path="/orders" host=shop.example fwd="10.0.0.7" dyno=web.1 service=18ms status=201 bytes=52
//! ```

use std::borrow::Cow;

use super::combined::unescape;
use super::fields::Fields;
use super::meaning::Slot;

/// Fields of a line at most.
const MOST: usize = 512;
/// Tags in brackets that may stand before the first name.
const TAGS: usize = 4;

/// Adds the fields of a line; whether it is one, of a request.
pub(super) fn read<'l>(line: &'l str, fields: &mut Fields<'l, '_>) -> bool {
    let Some(pairs) = pairs(after_tags(line)) else { return false };
    let has = |name: &str| pairs.iter().any(|(known, _)| *known == name);
    let (router, lograge) = (has("dyno"), has("controller") && has("action") && has("format"));
    for (name, value) in pairs {
        match name {
            // Heroku's router names by `service` how long the answer took, and by `protocol` the scheme.
            "service" if router => fields.put("duration", value),
            "protocol" if router => fields.put("scheme", value),
            "fwd" if router => {
                let client = value.rsplit(',').next().unwrap_or_default().trim().to_owned();
                fields.put("client_ip", client);
                fields.put("x_forwarded_for", value);
            }
            "duration" if lograge => fields.put("duration_ms", value),
            _ => fields.put(name, value),
        }
    }
    let has = |slot: Slot| fields.peek(slot).is_some();
    (has(Slot::Method) && has(Slot::Target)) || has(Slot::RequestLine)
}

/// Skips what tagged loggers put first: `[7f2c] [web] `.
fn after_tags(line: &str) -> &str {
    let mut rest = line;
    for _ in 0..TAGS {
        let inside = rest.strip_prefix('[').and_then(|inside| inside.split_once("] "));
        match inside {
            Some((_, after)) => rest = after,
            None => break,
        }
    }
    rest
}

/// Names with their values, where the whole line is made of them; words without a value are left out.
fn pairs(line: &str) -> Option<Vec<(&str, Cow<'_, str>)>> {
    let mut pairs = Vec::new();
    let mut words = 0;
    let mut rest = line.trim();
    while !rest.is_empty() {
        let end = rest.find([' ', '=', '"'])?;
        let (name, after) = rest.split_at(end);
        let valid =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-@/".contains(&byte));
        if !valid || pairs.len() >= MOST {
            return None;
        }
        let Some(after) = after.strip_prefix('=') else {
            words += 1;
            rest = after.strip_prefix(' ')?.trim_start();
            continue;
        };
        let (value, after) = value(after)?;
        pairs.push((name, value));
        rest = after.trim_start();
    }
    (pairs.len() > 2 && pairs.len() > words).then_some(pairs)
}

/// A value, in quotes or up to the next space, and what follows it.
fn value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(inside) = text.strip_prefix('"') else {
        let (value, rest) = text.split_once(' ').unwrap_or((text, ""));
        return (!value.contains('"')).then_some((Cow::Borrowed(value), rest));
    };
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', inside.as_bytes().get(at..)?)?;
        match inside.as_bytes().get(at) {
            Some(b'\\') => at += 2,
            _ => {
                let rest = inside.get(at + 1..)?;
                let ends = rest.is_empty() || rest.starts_with(' ');
                return ends.then_some((unescape(inside.get(..at)?), rest));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_pairs_through_and_through() {
        let found = pairs(r#"at=info path="/a \"b\" c" x= done status=200"#).unwrap();
        let wanted = [("at", "info"), ("path", "/a \"b\" c"), ("x", ""), ("status", "200")];
        assert_eq!(found.iter().map(|(name, value)| (*name, &**value)).collect::<Vec<_>>(), wanted);
        for line in [
            "",
            "a=1",
            "a b c d",
            "a=1 b=2 c=\"open",
            "a=1 b=2 \"c\"=3",
            "GET /a?b=1 c=2 d=3 200 x y z",
            "a=1 b=2 c=x\"y",
        ] {
            assert_eq!(pairs(line), None, "{line}");
        }
        assert_eq!(after_tags("[a] [b c] d=1"), "d=1");
        proptest::proptest!(|(text in "[a=\"\\\\ é1]{0,40}")| { pairs(&text); });
    }

    proptest::proptest! {
        #[test]
        fn what_was_written_is_read(values in proptest::collection::vec("[a-z \"\\\\=é/]{0,12}", 3..8)) {
            let quoted = |text: &String| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
            let line: Vec<String> = values.iter().map(|value| format!("k={}", quoted(value))).collect();
            let read: Vec<String> = pairs(&line.join(" ")).unwrap().into_iter().map(|(_, value)| value.into_owned()).collect();
            proptest::prop_assert_eq!(read, values);
        }
    }
}
