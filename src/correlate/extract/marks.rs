//! Marks by which requests are recognised again: keys, hashes of bodies, ids.

use std::sync::Arc;

use offpath_capture::{Body, Call};

use super::Extractor;
use crate::correlate::identity;
use crate::correlate::reading::Reading;
use crate::model::{Activity, Root};

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

    pub(super) fn body_hash(&self, body: &Body) -> Option<u64> {
        match body {
            Body::Absent => Some(self.key.hash("body", &[b""]).to_u64()),
            Body::Present { bytes, whole: true, .. } => Some(self.key.hash("body", &[bytes]).to_u64()),
            Body::Present { .. } | Body::Unknown { .. } => None,
        }
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
