//! gRPC-Web: calls over any HTTP, whose trailers are at the end of the body.

use crate::{Grpc, Response};

/// The content types begin with it.
const KIND: &[u8] = b"application/grpc-web";
/// Marks the frame of a body that holds the trailers.
const TRAILERS: u8 = 0x80;

/// What a response says beside HTTP, where it answers a call. The variant in base64 hides its status.
pub(super) fn call(response: &Response) -> Option<Grpc> {
    let kind = response.headers.get("content-type")?.get(..KIND.len())?;
    if !kind.eq_ignore_ascii_case(KIND) {
        return None;
    }
    let told = response.headers.text("grpc-status").and_then(|status| status.trim().parse().ok());
    Some(Grpc { status: told.or_else(|| status(trailers(response.body.bytes()?)?)), ..Grpc::default() })
}

/// The trailers in a body of length-prefixed frames.
fn trailers(mut body: &[u8]) -> Option<&[u8]> {
    loop {
        let (&[flags, a, b, c, d], rest) = body.split_first_chunk::<5>()?;
        let (frame, after) = rest.split_at_checked(u32::from_be_bytes([a, b, c, d]) as usize)?;
        if flags & TRAILERS != 0 {
            return Some(frame);
        }
        body = after;
    }
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
        // Cut, in base64, or no call at all.
        assert_eq!(called("application/grpc-web", &[], &body[..20]), Some(None));
        assert_eq!(called("application/grpc-web-text", &[], b"AAAAAAKAAAAAD2dycGM="), Some(None));
        assert_eq!(called("application/json", &[], body), None);
    }
}
