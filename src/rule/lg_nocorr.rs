//! # Writes that no record of others leads to (`LG-NOCORR`)
//!
//! ## What it finds
//! A service whose accepted writes carry no id of the request or its trace, where other services of the same input, or
//! other writes of its own, have one. Needs no model.
//!
//! ## Why it matters
//! What happened to an object is told by the records of several services. Without an id that goes along, who asked for a
//! write cannot be found behind the service that made it. Lists: API8, CWE-778, CWE-223, AU-3, AU-12, T1562.008. By an agent also: ag:T8.
//!
//! ## How it decides
//! An id is any header of the request or its answer, or field of the log, that has the name of an id of a trace, a correlation or a
//! request (`traceparent`, `b3`, `x-request-id`, `x-correlation-id`, `x-amzn-trace-id` and their kin; no `transaction_id`, which may be the business's), and `_meta.traceparent` of MCP. By input (a log, a HAR, the
//! packets) and host: at least 10 accepted writes without, at least half of all, where at least 10 accepted writes to
//! hosts of the same domain have one. A finding for each host (of at most 256, the first by name), at the first such write. It counts at 0.80 where the host has ids
//! itself, else at 0.60: that hosts are of one system is told by their names. Where headers are not shown and no record has such
//! a field: not evaluable.
//!
//! ## When it is wrong
//! Hosts of one domain that others run. A proxy before the capture that takes the ids off.
//!
//! ## Example
//! ```text
//! 10:00:00 alice  pay  order:7  200
//! expected: an id in each, as elsewhere in this input; observed: none in 12 of 12 writes
//! => low accepted: no request or trace id in writes to the service: none in 12 of 12 writes
//! ```

use super::context::name;
use super::{Context, Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "LG-NOCORR",
    title: "Writes that no record of others leads to",
    check: Check::Uncorrelated,
    severity: Severity::Low,
    taxonomy: &["API8", "CWE-778", "CWE-223", "AU-3", "AU-12", "T1562.008"],
    agent_taxonomy: &["ag:T8"],
    rests_on: Identity::Nobody,
    source: include_str!("lg_nocorr.rs"),
    sentence: |context| {
        format!("no request or trace id in writes to {}: {}", service(context), context.observed("others have one"))
    },
    why: |context| {
        format!(
            "Other records of this input can be brought together by such an id, those of {} cannot: who asked for its writes is \
             not told behind it.",
            service(context),
        )
    },
    fix: |context| {
        format!(
            "Let {} take `traceparent` from the request, or make one where there is none, pass it on and write it into its \
             records; answer with a request id of its own.",
            service(context),
        )
    },
};

fn service(context: &Context<'_>) -> String {
    let host = context.event.and_then(|event| event.host.as_deref());
    host.map_or_else(|| "the service".to_owned(), name)
}
