//! The trace that a request's headers say it belongs to: W3C Trace Context, else B3 as Zipkin and Istio write it.

use crate::{Headers, trace_id};

/// The trace id as 32 hex digits in lower case; an id of 64 bits has zeros before it, so that both headers of one trace
/// tell the same. Clients choose what they send: it proves nothing.
pub fn trace_of(headers: &Headers) -> Option<String> {
    let w3c = headers.text("traceparent").and_then(trace_id).and_then(trace_in_full);
    let single = || headers.text("b3").and_then(|b3| b3.trim().split_once('-')).and_then(|(id, _)| trace_in_full(id));
    w3c.or_else(single).or_else(|| headers.text("x-b3-traceid").and_then(trace_in_full))
}

/// A trace id of 64 or 128 bits as [`trace_of`] gives it; `None` for what is none.
pub fn trace_in_full(id: &str) -> Option<String> {
    let id = id.trim();
    let hex = matches!(id.len(), 16 | 32) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (hex && id.bytes().any(|byte| byte != b'0')).then(|| format!("{:0>32}", id.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(fields: &[(&str, &str)]) -> Option<String> {
        let mut headers = Headers::default();
        fields.iter().for_each(|(name, value)| headers.push(name.as_bytes(), value.as_bytes()));
        trace_of(&headers)
    }

    #[test]
    fn one_trace_is_one_in_all_its_headers() {
        let expected = Some("0000000000000000a3ce929d0e0e4736".to_owned());
        assert_eq!(trace(&[("traceparent", "00-0000000000000000a3ce929d0e0e4736-00f067aa0ba902b7-01")]), expected);
        assert_eq!(trace(&[("b3", "A3CE929D0E0E4736-00f067aa0ba902b7-1-05e3ac9a4f6e3b90")]), expected);
        assert_eq!(trace(&[("X-B3-TraceId", "a3ce929d0e0e4736"), ("X-B3-Sampled", "1")]), expected);
        let other = ("b3", "0000000000000001-00f067aa0ba902b7");
        assert_eq!(
            trace(&[other, ("traceparent", "00-0000000000000000a3ce929d0e0e4736-00f067aa0ba902b7-01")]),
            expected
        );
        for none in ["0", "1", "d", "0000000000000000-00f067aa0ba902b7", "xyz-1", "a3ce929d0e0e473-1"] {
            assert_eq!(trace(&[("b3", none)]), None, "{none}");
        }
        assert_eq!(trace(&[("traceparent", "00-00000000000000000000000000000000-00f067aa0ba902b7-01")]), None);
    }
}
