//! Marks by which requests are recognised again: keys, hashes of bodies, ids.

use std::sync::Arc;

use offpath_capture::{Body, Call, Headers};

use super::outcome::is_safe;
use super::{Called, Extractor, volatile};
use crate::correlate::identity;
use crate::correlate::reading::Reading;
use crate::event::{Answer, ObjectRef};
use crate::model::{Activity, Root};

/// Response headers in which caches say whether the answer was theirs (RFC 9211, and what was in use before it).
const CACHES: [&str; 7] = [
    "cache-status",
    "x-cache",
    "cf-cache-status",
    "x-cache-status",
    "x-proxy-cache",
    "x-vercel-cache",
    "x-drupal-cache",
];

/// Of these, the ones that say `stale` of an answer, and not of what was not used.
const STALE: [&str; 3] = ["cf-cache-status", "x-cache-status", "x-vercel-cache"];

/// Response headers by which servers say that an answer is the one that they gave to an earlier request with its key.
const RECORDS: [&str; 3] = ["idempotent-replayed", "idempotency-replayed", "x-idempotent-replayed"];

/// Names of ids that go with a request from service to service, in lower case, without what is no letter or digit and
/// without a leading `x`. Whole ones: `payment_request_id` is the business's.
const CORRELATIONS: [&str; 38] = [
    "amzcfid",
    "amznrequestid",
    "amzntraceid",
    "amzrequestid",
    "apigwrequestid",
    "awsrequestid",
    "b3",
    "b3traceid",
    "cfray",
    "clientrequestid",
    "cloudtracecontext",
    "correlationid",
    "correlationrequestid",
    "datadogparentid",
    "datadogtraceid",
    "ddtraceid",
    "fbtraceid",
    "githubrequestid",
    "googrequestid",
    "httprequestid",
    "httpxrequestid",
    "kongrequestid",
    "msclientrequestid",
    "mscorrelationid",
    "mscorrelationrequestid",
    "msrequestid",
    "oteltraceid",
    "rayid",
    "requestcorrelationid",
    "requestid",
    "requesttraceid",
    "sentrytrace",
    "sentrytraceid",
    "tracecontext",
    "traceid",
    "traceparent",
    "ubertraceid",
    "vercelid",
];

/// Whether a header, or a log's field, holds an id of a request.
fn is_correlation(name: &[u8]) -> bool {
    const LONGEST: usize = 64;
    if name.len() > LONGEST {
        return false;
    }
    let letters = name.iter().filter(|b| b.is_ascii_alphanumeric()).map(|b| char::from(b.to_ascii_lowercase()));
    let bare: String = letters.collect();
    [bare.as_str(), bare.strip_prefix('x').unwrap_or(&bare)].iter().any(|name| CORRELATIONS.contains(name))
}

impl Extractor {
    /// Where a request with one key for all holds several calls, each is told from the others by its place among them.
    pub(super) fn idempotency(&self, reading: &Reading<'_>, activity: Option<&Activity>, calls: usize) -> Option<u64> {
        let path = activity.and_then(|a| a.idempotency.as_ref());
        let declared = path.and_then(|path| identity::known_text(reading, path));
        let own = declared.is_some()
            && path.is_some_and(|path| matches!(path.root, Root::RequestBody | Root::Arguments | Root::Mcp));
        let header = || reading.header("idempotency-key").and_then(|v| std::str::from_utf8(v).ok()).map(Arc::from);
        let logged = || reading.log_field(&["idempotency_key"]).map(Arc::from);
        let key: Arc<str> = declared.or_else(header).or_else(logged)?;
        let (key, place) = (key.trim().as_bytes(), calls.to_be_bytes());
        let parts: &[&[u8]] = if calls > 1 && !own { &[key, &place] } else { &[key] };
        Some(self.key.hash("idempotency", parts).to_u64())
    }

    /// Of what is called and with what: ids of messages differ from one try to the next.
    pub(super) fn call_hash(&self, call: &Call) -> Option<u64> {
        let arguments = call.arguments.as_ref()?;
        Some(self.key.hash("body", &[call.operation().as_bytes(), arguments.as_bytes()]).to_u64())
    }

    /// Of what a request with an idempotency key asks for: what changes with each try of it is left out.
    pub(super) fn asked_hash(&self, body: &Body, time: i64) -> Option<u64> {
        match body {
            Body::Present { bytes, whole: true, .. } => match volatile::without(bytes, time) {
                Some(rest) => Some(self.key.hash("body", &[&rest]).to_u64()),
                None => self.body_hash(body),
            },
            _ => self.body_hash(body),
        }
    }

    pub(super) fn body_hash(&self, body: &Body) -> Option<u64> {
        match body {
            Body::Absent => Some(self.key.hash("body", &[b""]).to_u64()),
            Body::Present { bytes, whole: true, .. } => Some(self.key.hash("body", &[bytes]).to_u64()),
            Body::Present { .. } | Body::Unknown { .. } => None,
        }
    }

    /// What the answer tells of itself; its body counts where the request may have changed something.
    pub(super) fn answer(&self, reading: &Reading<'_>, called: &Called<'_>, about: Option<&ObjectRef>) -> Answer {
        let response = reading.exchange.response.as_ref();
        let header = |name: &str| response.and_then(|r| r.headers.text(name)).map(str::to_ascii_lowercase);
        let says = |name: &str, word: &str| header(name).is_some_and(|value| value.contains(word));
        let body_hash = match reading.call {
            _ if is_safe(reading.method()) => None,
            Some(call) => call.result.as_ref().map(|result| self.key.hash("body", &[result.as_bytes()]).to_u64()),
            // Two empty answers are not the same answer.
            None => {
                response.filter(|r| r.body.bytes().is_some_and(|b| !b.is_empty())).and_then(|r| self.body_hash(&r.body))
            }
        };
        let aged = header("age").and_then(|age| age.trim().parse::<u64>().ok()).is_some_and(|seconds| seconds > 0);
        Answer {
            body_hash,
            size: response.and_then(|response| size(&response.body)),
            cached: aged || CACHES.iter().any(|name| says(name, "hit")) || STALE.iter().any(|name| says(name, "stale")),
            replayed: RECORDS.iter().any(|name| says(name, "true")),
            made: false,
            gone: called.guess.as_ref().zip(about).is_some_and(|(guess, object)| guess.says_gone(object)),
        }
    }

    /// Whether the request or its answer has an id by which records of other services tell the same request.
    pub(super) fn is_correlated(&self, reading: &Reading<'_>) -> bool {
        let told = |value: &[u8]| !matches!(value.trim_ascii(), b"" | b"-");
        let says = |headers: &Headers| headers.iter().any(|(name, value)| is_correlation(name) && told(value));
        let (exchange, log) = (reading.exchange, &reading.exchange.log);
        let logged = || {
            log.fields.iter().any(|(name, value)| {
                let last = name.rsplit('.').next().unwrap_or(name);
                is_correlation(last.as_bytes()) && told(value.as_bytes())
            })
        };
        let ids = [&log.request_id, &log.trace_id].into_iter().flatten().any(|id| told(id.as_bytes()));
        exchange.request.as_ref().is_some_and(|request| says(&request.headers))
            || exchange.response.as_ref().is_some_and(|response| says(&response.headers))
            || reading.call.is_some_and(|call| call.links.trace.is_some())
            || ids
            || logged()
    }

    pub(super) fn request_id(&self, reading: &Reading<'_>) -> Option<Arc<str>> {
        let header = |name: &str| reading.header(name).and_then(|v| std::str::from_utf8(v).ok());
        let answered = |name: &str| reading.exchange.response.as_ref().and_then(|r| r.headers.text(name));
        let log = &reading.exchange.log;
        let trace = || header("traceparent").and_then(|t| t.split('-').nth(1));
        let found = header("x-request-id")
            .or_else(|| answered("x-request-id"))
            .or_else(|| header("x-correlation-id"))
            .or(log.request_id.as_deref())
            .or_else(trace)
            .or(log.trace_id.as_deref());
        found.filter(|id| !id.is_empty() && id.len() <= 128).map(|id| self.masker.shared(id))
    }
}

/// Bytes of a body, as far as they are known.
fn size(body: &Body) -> Option<u64> {
    match body {
        Body::Absent => Some(0),
        Body::Unknown { size } => *size,
        Body::Present { decoded_len, .. } => Some(*decoded_len),
    }
}

#[cfg(test)]
mod tests {
    use super::is_correlation;

    #[test]
    fn ids_of_requests_are_told_from_those_of_the_business() {
        for name in [
            "X-Request-ID",
            "traceparent",
            "trace_id",
            "X-B3-TraceId",
            "X-Amzn-Trace-Id",
            "b3",
            "CF-Ray",
            "uber-trace-id",
        ] {
            assert!(is_correlation(name.as_bytes()), "{name}");
        }
        for name in ["x-business-transaction-id", "transaction_id", "payment_request_id", "X-Refund-Request-Id", ""] {
            assert!(!is_correlation(name.as_bytes()), "{name}");
        }
    }
}
