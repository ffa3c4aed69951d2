//! Bodies of HAR messages: what is there, what is only counted, and what must have been there.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::entry::{Content, Pair, PostData};
use crate::lenient::Given;
use crate::scalar::Scalar;
use crate::{Body, Headers};

/// A body with what its reading showed.
pub(super) struct ReadBody {
    pub(super) body: Body,
    /// The limit cut it.
    pub(super) cut: bool,
    /// It says base64 and is not.
    pub(super) undecodable: bool,
    /// It was put together again from posted parameters.
    pub(super) rebuilt: bool,
}

impl ReadBody {
    fn without_bytes(body: Body) -> Self {
        ReadBody { body, cut: false, undecodable: false, rebuilt: false }
    }
}

/// What a form's parameters make when they are a body again.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";
/// Longest type of content that is taken.
const LONGEST_TYPE: usize = 256;

/// The type that a writer names beside a body.
pub(super) fn content_type<'a>(data: &'a Given<PostData<'_>>) -> Option<&'a str> {
    let Given::Object(data) = data else { return None };
    data.mime_type.text().map(str::trim).filter(|kind| kind.contains('/') && kind.len() <= LONGEST_TYPE)
}

/// Reads the body of a request: `postData`'s text, else its parameters.
pub(super) fn of_request(
    data: Given<PostData<'_>>,
    body_size: Option<u64>,
    headers: &Headers,
    limit: usize,
) -> ReadBody {
    let (data, unreadable) = match data {
        Given::Nothing => (PostData::default(), false),
        Given::Unreadable => (PostData::default(), true),
        Given::Object(data) => {
            // What has a type had a body, and without a text nobody knows which.
            let untold =
                matches!(data.text, Scalar::Null) && data.mime_type.text().is_some_and(|mime| !mime.is_empty());
            let unreadable = untold || matches!(data.text, Scalar::Nested) || data.file.text().is_some();
            (data, unreadable)
        }
    };
    if let Some(text) = data.text.into_text().filter(|text| !text.is_empty()) {
        return present(text.as_bytes(), data.encoding.text(), body_size, limit);
    }
    let params = data.params.0.unwrap_or_default();
    let multipart = data.mime_type.text().is_some_and(|mime| mime.trim_start().starts_with("multipart/"));
    if !params.is_empty() && !multipart {
        let rebuilt = urlencoded(params);
        return ReadBody { rebuilt: true, ..present(rebuilt.as_bytes(), None, body_size, limit) };
    }
    let announced = announced(body_size, headers).filter(|size| *size > 0);
    let body = match announced {
        None if body_size == Some(0) && !unreadable && params.is_empty() => Body::Absent,
        None if !unreadable && params.is_empty() && headers.get("transfer-encoding").is_none() => Body::Absent,
        size => Body::Unknown { size },
    };
    ReadBody::without_bytes(body)
}

/// Reads the body of a response. Content with a size but no text was there and is not known.
pub(super) fn of_response(
    content: Option<Content<'_>>,
    body_size: Option<u64>,
    headers: &Headers,
    never_has_body: bool,
    limit: usize,
) -> ReadBody {
    let content = content.unwrap_or_default();
    let size = content.size.count();
    if let Some(text) = content.text.into_text().filter(|text| !text.is_empty()) {
        return present(text.as_bytes(), content.encoding.text(), body_size, limit);
    }
    if never_has_body {
        return ReadBody::without_bytes(Body::Absent);
    }
    let announced = announced(body_size, headers);
    let body = match (announced.filter(|n| *n > 0), size) {
        (Some(wire), _) => Body::Unknown { size: Some(wire) },
        (None, Some(0)) if content.file.text().is_none() => Body::Absent,
        (None, size) => Body::Unknown { size },
    };
    ReadBody::without_bytes(body)
}

fn announced(body_size: Option<u64>, headers: &Headers) -> Option<u64> {
    let length = || headers.text("content-length").and_then(|length| length.trim().parse().ok());
    body_size.filter(|size| *size > 0).or_else(length).or(body_size)
}

fn present(text: &[u8], encoding: Option<&str>, body_size: Option<u64>, limit: usize) -> ReadBody {
    let coded = encoding.is_some_and(|encoding| encoding.trim().eq_ignore_ascii_case("base64"));
    let decoded = if coded { decode_base64(text) } else { None };
    let undecodable = coded && decoded.is_none();
    let mut bytes = decoded.unwrap_or_else(|| text.to_vec());
    let decoded_len = bytes.len() as u64;
    let cut = bytes.len() > limit;
    if cut {
        bytes.truncate(limit);
        bytes.shrink_to_fit();
    }
    let wire_len = body_size.filter(|size| *size > 0).unwrap_or(decoded_len);
    let body = Body::Present { bytes, wire_len, decoded_len, whole: !cut && !undecodable };
    ReadBody { body, cut, undecodable, rebuilt: false }
}

/// Both alphabets, with or without padding and line breaks.
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
    if let Ok(bytes) = STANDARD.decode(text) {
        return Some(bytes);
    }
    let joined: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(&joined).or_else(|_| URL_SAFE.decode(&joined)).ok()
}

/// The form encoding of posted parameters; of uploaded files only the name is known.
fn urlencoded(params: Vec<Pair<'_>>) -> String {
    let mut body = String::new();
    for mut param in params {
        let file_name = std::mem::take(&mut param.file_name).into_text();
        let Some((name, value)) = param.into_text() else { continue };
        let value = if value.is_empty() { file_name.unwrap_or(value) } else { value };
        if !body.is_empty() {
            body.push('&');
        }
        percent_encode(&name, &mut body);
        body.push('=');
        percent_encode(&value, &mut body);
    }
    body
}

/// Adds a text as forms and queries encode it.
pub(super) fn percent_encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                for nibble in [byte >> 4, byte & 15] {
                    out.extend(HEX.get(usize::from(nibble)).copied().map(char::from));
                }
            }
        }
    }
}
