//! The status of a gRPC-Web call: calls over any HTTP, whose trailers are at the end of the body.

use super::body::{Kind, Part, parts};
use crate::{Grpc, Response};

/// The content types begin with it.
const KIND: &[u8] = b"application/grpc-web";

/// What a response says beside HTTP, where it answers a call of gRPC-Web.
pub(crate) fn call(response: &Response) -> Option<Grpc> {
    let kind = response.headers.get("content-type")?;
    if !kind.get(..KIND.len())?.eq_ignore_ascii_case(KIND) {
        return None;
    }
    let told = response.headers.text("grpc-status").and_then(|status| status.trim().parse().ok());
    Some(Grpc { status: told.or_else(|| in_body(response)), ..Grpc::default() })
}

fn in_body(response: &Response) -> Option<u32> {
    let text = response.headers.text("content-type")?.to_ascii_lowercase().starts_with("application/grpc-web-text");
    let kind = if text { Kind::WebText } else { Kind::Web };
    let plain = kind.plain(response.body.bytes()?);
    parts(&plain).find_map(|part| if let Part::Trailers(trailers) = part { Some(status(trailers)) } else { None })?
}

fn status(trailers: &[u8]) -> Option<u32> {
    let mut fields = trailers.split(|&b| b == b'\n').filter_map(|line| {
        let (name, value) = line.split_at_checked(memchr::memchr(b':', line)?)?;
        Some((name.trim_ascii(), value.get(1..)?.trim_ascii()))
    });
    let (_, value) = fields.find(|(name, _)| name.eq_ignore_ascii_case(b"grpc-status"))?;
    std::str::from_utf8(value).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Body, Headers};

    fn called(kind: &str, fields: &[(&str, &str)], body: &[u8]) -> Option<Option<u32>> {
        let mut headers = Headers::default();
        headers.push(b"Content-Type", kind.as_bytes());
        fields.iter().for_each(|(name, value)| headers.push(name.as_bytes(), value.as_bytes()));
        let len = body.len() as u64;
        let body = Body::Present { bytes: body.to_vec(), wire_len: len, decoded_len: len, whole: true };
        call(&Response { status: 200, headers, body, start: None }).map(|grpc| grpc.status)
    }

    #[test]
    fn the_status_is_in_the_last_frame_or_in_the_head() {
        let body = b"\0\0\0\0\x02ab\x80\0\0\0\x20grpc-message: no\r\nGrpc-Status: 7";
        assert_eq!(called("application/grpc-web+proto", &[], body), Some(Some(7)));
        assert_eq!(called("Application/gRPC-Web", &[("grpc-status", "5")], b""), Some(Some(5)));
        // In base64, each part with its own padding.
        let text = b"AAAAAAJhYg==gAAAAA5ncnBjLXN0YXR1czogNQ==";
        assert_eq!(called("application/grpc-web-text+proto", &[], text), Some(Some(5)));
        // Cut, or no call at all.
        assert_eq!(called("application/grpc-web", &[], &body[..20]), Some(None));
        assert_eq!(called("application/json", &[], body), None);
    }
}
