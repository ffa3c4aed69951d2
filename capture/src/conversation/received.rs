//! The bytes of a body, and what becomes of them at its end.

use super::Reasons;
use crate::coding::Coding;
use crate::output::Output;
use crate::{Body, Incomplete};

/// A body as it came, still content-coded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received {
    /// As many bytes as were kept.
    pub(crate) bytes: Vec<u8>,
    /// How many there were, those in gaps included.
    pub(crate) wire_len: u64,
    /// Whether some did not come.
    pub(crate) gap: bool,
}

impl Received {
    /// Undoes the content codings; `ended` when the body's end was seen.
    pub(crate) fn finish(self, ended: bool, codings: &[Coding], reasons: &mut Reasons, out: &mut Output<'_>) -> Body {
        let Received { bytes, wire_len, gap } = self;
        let kept_all = bytes.len() as u64 == wire_len && !gap;
        if !gap && !kept_all {
            reasons.add(Incomplete::OverLimit);
        }
        let whole = ended && kept_all;
        if codings.is_empty() || bytes.is_empty() {
            return Body::Present { bytes, wire_len, decoded_len: wire_len, whole };
        }
        let decoded = if gap { None } else { out.inflater.decode(codings, &bytes, out.limits) };
        match decoded {
            Some(decoded) if !(whole && decoded.cut) => {
                if decoded.over {
                    reasons.add(Incomplete::OverLimit);
                }
                let whole = whole && !decoded.over;
                Body::Present { bytes: decoded.bytes, wire_len, decoded_len: decoded.len, whole }
            }
            _ => {
                if !gap {
                    reasons.add(Incomplete::UndecodableBody);
                }
                Body::Present { bytes, wire_len, decoded_len: wire_len, whole: false }
            }
        }
    }
}
