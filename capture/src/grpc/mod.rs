//! gRPC and gRPC-Web: the messages of a call, decoded to JSON with the schema that a user gives, else by field numbers.

mod body;
mod schema;
mod web;
mod wire;

pub use schema::Schema;
pub(crate) use web::call;

use body::{Codec, Kind, Part};
use prost_reflect::MethodDescriptor;

use crate::coding::{self, Coding, Inflater};
use crate::{Body, Exchange, Headers, Limits, Protocol};

/// Messages of one side of a call that are decoded.
const MESSAGES: usize = 1_000;
/// Bytes of them that are decoded.
const BYTES: usize = 512 << 10;
/// Bytes of JSON that they may become.
const JSON: usize = 4 << 20;

/// The same exchange with its messages as JSON bodies; none where it is no call, or nothing of it can be decoded.
///
/// A side of one message becomes that message; a side that streams becomes an array, with `schema` as the method says,
/// without it where the number of messages is not one. With `schema`, fields have their names and defaults, else they
/// have their numbers: `{"1": "ord_7", "3": 2}`. What could not be decoded leaves a body that is not whole.
pub fn grpc_as_json(exchange: &Exchange, schema: Option<&Schema>) -> Option<Exchange> {
    let (request, response) = (exchange.request.as_ref()?, exchange.response.as_ref());
    let unnamed = (exchange.protocol == Protocol::Grpc).then_some((Kind::Plain, Codec::Protobuf));
    let asked = Kind::of(&request.headers).or(unnamed);
    let answered = response.and_then(|response| Kind::of(&response.headers)).or(asked);
    let method = schema.and_then(|schema| schema.method(&request.target));
    let side = |kind: Option<(Kind, Codec)>, body: &Body, headers: &Headers, request: bool| {
        let (kind, codec) = kind?;
        let reader = Reader { kind, codec, method: method.as_ref(), request };
        reader.json(body, headers)
    };
    let sent = side(asked, &request.body, &request.headers, true);
    let received = response.and_then(|response| side(answered, &response.body, &response.headers, false));
    if sent.is_none() && received.is_none() {
        return None;
    }
    let mut exchange = exchange.clone();
    if let (Some(request), Some(body)) = (&mut exchange.request, sent) {
        request.body = body;
    }
    if let (Some(response), Some(body)) = (&mut exchange.response, received) {
        response.body = body;
    }
    Some(exchange)
}

/// Decodes one side of a call.
struct Reader<'a> {
    kind: Kind,
    codec: Codec,
    method: Option<&'a MethodDescriptor>,
    request: bool,
}

impl Reader<'_> {
    /// The body as JSON; none where nothing of it can be decoded.
    fn json(&self, body: &Body, headers: &Headers) -> Option<Body> {
        let Body::Present { bytes, wire_len, whole, .. } = body else { return None };
        let plain = self.kind.plain(bytes);
        let codings = coding::parse(headers.get("grpc-encoding").into_iter());
        let mut inflater = Inflater::default();
        let (mut out, mut messages, mut complete) = (Vec::new(), 0, true);
        let mut room = BYTES;
        for part in body::parts(&plain) {
            let Part::Message { compressed, bytes } = part else {
                complete &= !matches!(part, Part::Cut);
                continue;
            };
            if messages == MESSAGES {
                complete = false;
                break;
            }
            let at = out.len();
            if messages > 0 {
                out.push(b',');
            }
            let done =
                self.message(compressed.then_some(codings.as_slice()), bytes, &mut inflater, &mut room, &mut out);
            if done.is_none() {
                complete = false;
                out.truncate(at);
                break;
            }
            messages += 1;
        }
        if messages == 0 && !complete {
            return None;
        }
        if self.streams().unwrap_or(messages > 1) {
            out.insert(0, b'[');
            out.push(b']');
        }
        let decoded_len = out.len() as u64;
        Some(Body::Present { bytes: out, wire_len: *wire_len, decoded_len, whole: *whole && complete })
    }

    /// Whether the schema says that this side may send any number of messages.
    fn streams(&self) -> Option<bool> {
        let method = self.method?;
        Some(if self.request { method.is_client_streaming() } else { method.is_server_streaming() })
    }

    /// Appends one message. None where it cannot be decoded, or is too large.
    fn message(
        &self,
        codings: Option<&[Coding]>,
        bytes: &[u8],
        inflater: &mut Inflater,
        room: &mut usize,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        let inflated;
        let bytes = match codings {
            None => bytes,
            Some(codings) => {
                let limits = Limits { body_bytes: BYTES, inflate_bytes: BYTES as u64, ..Limits::default() };
                let decoded = inflater.decode(codings, bytes, &limits)?;
                if decoded.over || decoded.cut {
                    return None;
                }
                inflated = decoded.bytes;
                inflated.as_slice()
            }
        };
        *room = room.checked_sub(bytes.len())?;
        let mut limited = Limited { out, most: JSON };
        match (self.codec, self.method) {
            (Codec::Json, _) => {
                let value: &serde_json::value::RawValue = serde_json::from_slice(bytes).ok()?;
                serde_json::to_writer(&mut limited, value).ok()
            }
            (Codec::Protobuf, Some(method)) => {
                schema::write(if self.request { method.input() } else { method.output() }, bytes, &mut limited)
            }
            (Codec::Protobuf, None) => serde_json::to_writer(&mut limited, &wire::decode(bytes)?).ok(),
        }
    }
}

/// A buffer that takes so many bytes and no more: a message of a few bytes may have any number of fields with defaults.
struct Limited<'a> {
    out: &'a mut Vec<u8>,
    most: usize,
}

impl std::io::Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.out.len() + bytes.len() > self.most {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
