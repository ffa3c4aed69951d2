//! What ties a call to others of the same run of an agent, as the protocols of agents send it along.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::budget::Budget;
use super::{LONGEST_NAME, json};

/// What ties a call to others; all of it is said by one side only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// Id of the trace that the client says the call belongs to (`_meta.traceparent`).
    pub trace: Option<String>,
    /// The state that the client hands back (MCP's `requestState`), as JSON has it.
    pub taken: Option<Arc<str>>,
    /// The state that the server gives for the next call, as JSON has it.
    pub given: Option<Arc<str>>,
    /// The conversation (A2A's `contextId`) that the answer names, else the request.
    pub conversation: Option<String>,
    /// The `id` of an application's message on a WebSocket counts its messages, and the answer repeats it: it is the id of
    /// nothing else. See [`Call::without_number`](super::Call::without_number).
    pub numbered: bool,
}

impl Links {
    /// Reads them from the parameters and the result of a call.
    pub(super) fn of(params: Option<&RawValue>, result: Option<&RawValue>, budget: &mut Budget) -> Links {
        let sent = params.and_then(|params| json::pick(params.get(), ["_meta", "requestState", "message"]));
        let [meta, taken, message] = sent.map(|sent| sent.values).unwrap_or_default();
        let names = ["requestState", "contextId", "task", "statusUpdate", "artifactUpdate"];
        let answered = result.and_then(|result| json::pick(result.get(), names));
        let [given, context, task, status, artifact] = answered.map(|answered| answered.values).unwrap_or_default();
        let within = |value: Option<&RawValue>| value.and_then(|value| id_of(value, "contextId"));
        let answered =
            context.and_then(json::text).and_then(id).or_else(|| [task, status, artifact].into_iter().find_map(within));
        let parent = meta.and_then(|meta| json::text_of(meta, "traceparent"));
        Links {
            numbered: false,
            trace: parent.and_then(|parent| trace_id(&parent).map(str::to_owned)),
            taken: budget.keep_value(json::present(taken)).map(Arc::from),
            given: budget.keep_value(json::present(given)).map(Arc::from),
            conversation: answered.or_else(|| within(message)),
        }
    }
}

/// The trace id of a W3C `traceparent`: 32 hex digits that are not all 0.
pub fn trace_id(parent: &str) -> Option<&str> {
    let id = parent.trim().split('-').nth(1)?;
    let hex = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (hex && id.bytes().any(|byte| byte != b'0')).then_some(id)
}

fn id_of(object: &RawValue, name: &str) -> Option<String> {
    json::text_of(object, name).and_then(id)
}

/// An id as it is; one that nobody would use is none, for cut it would be another's.
fn id(text: Cow<'_, str>) -> Option<String> {
    (!text.is_empty() && text.len() <= LONGEST_NAME).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_told_by_a_whole_id() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(&format!("00-{id}-00f067aa0ba902b7-01")), Some(id));
        for wrong in ["", "00", "00-4bf9-1-01", &format!("00-{}-1-01", "0".repeat(32)), &format!("00-{id}0-1-01")] {
            assert_eq!(trace_id(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn both_sides_tell_what_ties_a_call_to_others() {
        let read = |params: &str, result: &str| {
            let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
            Links::of(Some(&raw(params)), Some(&raw(result)), &mut Budget::new())
        };
        let some = |text: &str| Some(text.to_owned());
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let links = read(
            &format!(r#"{{"_meta":{{"traceparent":"{trace}"}},"requestState":"s1","name":"pay"}}"#),
            r#"{"resultType":"input_required","requestState":{"n":2}}"#,
        );
        assert_eq!(links.trace.as_deref(), Some(&trace[3..35]));
        assert_eq!((links.taken.as_deref(), links.given.as_deref()), (Some("\"s1\""), Some("{\"n\":2}")));
        let conversation = |params: &str, result: &str| read(params, result).conversation;
        assert_eq!(conversation(r#"{"message":{"contextId":"a"}}"#, r#"{"task":{"contextId":"b"}}"#), some("b"));
        assert_eq!(conversation(r#"{"message":{"contextId":"a"}}"#, r#"{"message":{}}"#), some("a"));
        assert_eq!(conversation("{}", r#"{"id":"t","contextId":"c"}"#), some("c"));
        assert_eq!(conversation("{}", &format!(r#"{{"contextId":"{}"}}"#, "x".repeat(300))), None);
        assert_eq!(read("[]", "null"), Links::default());
    }
}
