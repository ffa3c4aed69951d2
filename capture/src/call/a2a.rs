//! Agent2Agent 0.3 and 1.0: JSON-RPC methods, the HTTP+JSON binding, and the states of tasks.

use serde_json::value::RawValue;

use super::budget::{Budget, name};
use super::message::Message;
use super::{Call, CallKind, CallOutcome, CallProtocol, Links, Sender, json};
use crate::Request;
use crate::event_stream::stream_events;

/// Longest event that is read.
const LONGEST_EVENT: usize = 4 << 20;

/// Methods: name in 0.3, name in 1.0, what must be among the parameters where no header says that this is A2A, and
/// whether it changes nothing.
const METHODS: [(&str, &str, Option<&str>, bool); 11] = [
    ("message/send", "SendMessage", Some("message"), false),
    ("message/stream", "SendStreamingMessage", Some("message"), false),
    ("tasks/get", "GetTask", Some("id"), true),
    ("tasks/list", "ListTasks", None, true),
    ("tasks/cancel", "CancelTask", Some("id"), false),
    ("tasks/resubscribe", "SubscribeToTask", Some("id"), true),
    ("tasks/pushNotificationConfig/set", "CreateTaskPushNotificationConfig", Some("taskId"), false),
    ("tasks/pushNotificationConfig/get", "GetTaskPushNotificationConfig", Some("id"), true),
    ("tasks/pushNotificationConfig/list", "ListTaskPushNotificationConfigs", Some("id"), true),
    ("tasks/pushNotificationConfig/delete", "DeleteTaskPushNotificationConfig", Some("id"), false),
    ("agent/getAuthenticatedExtendedCard", "GetExtendedAgentCard", None, true),
];

fn method(text: &str) -> Option<&'static (&'static str, &'static str, Option<&'static str>, bool)> {
    METHODS.iter().find(|(old, new, ..)| *old == text || *new == text)
}

/// The other version's name of a method: fleets speak both.
pub(super) fn other_name(text: &str) -> Option<&'static str> {
    method(text).map(|(old, new, ..)| if *old == text { *new } else { *old })
}

/// Whether a method changes nothing.
pub(super) fn is_read(text: &str) -> bool {
    method(text).is_some_and(|(.., read)| *read)
}

/// Whether a method is A2A's. Without a header, generic names count only with what A2A sends along.
pub(super) fn speaks(text: &str, params: Option<&RawValue>, certain: bool) -> bool {
    let Some((old, _, wanted, _)) = method(text) else { return false };
    let has = |member| params.is_some_and(|params| json::member(params, member).is_some());
    certain || (*old == text && old.contains("pushNotificationConfig")) || wanted.is_some_and(has)
}

/// The state of the task that a call gives decides where the protocol around it says that all went well.
pub(super) fn outcome(method_name: &str, result: Option<&RawValue>, outcome: CallOutcome) -> CallOutcome {
    let sends = method(method_name).is_some_and(|(old, ..)| old.starts_with("message/"));
    let Some(state) = result.filter(|_| outcome == CallOutcome::Accepted && sends).and_then(state) else {
        return outcome;
    };
    match state.as_str() {
        "failed" | "rejected" | "canceled" => CallOutcome::Failed(Some(state)),
        "input-required" | "auth-required" => CallOutcome::Waiting,
        _ => outcome,
    }
}

/// State of the task in a result: 0.3 gives the task itself or an update of its status, 1.0 wraps both.
fn state(result: &RawValue) -> Option<String> {
    let own =
        |value: &RawValue| json::member(value, "status").and_then(|status| json::text_of(status, "state").map(plain));
    let wrapped = || {
        let [task, update] = json::pick(result.get(), ["task", "statusUpdate"])?.values;
        task.or(update).and_then(own)
    };
    own(result).or_else(wrapped)
}

/// `TASK_STATE_INPUT_REQUIRED` is `input-required` in 0.3.
fn plain(state: std::borrow::Cow<'_, str>) -> String {
    let state = state.strip_prefix("TASK_STATE_").unwrap_or(&state);
    name(&state.to_ascii_lowercase().replace('_', "-"))
}

/// The call of a request of the HTTP+JSON binding: `POST /message:send`, `POST /tasks/{id}:cancel`, `GET /tasks/{id}`.
pub(super) fn read(
    request: &Request,
    sent: &Message<'_>,
    answered: Option<&Message<'_>>,
    budget: &mut Budget,
) -> Option<Vec<Call>> {
    let says = |message: &Message<'_>| message.is("application/a2a+json");
    let headers = ["a2a-version", "a2a-extensions", "x-a2a-extensions"];
    let certain =
        headers.iter().any(|name| request.headers.get(name).is_some()) || says(sent) || answered.is_some_and(says);
    let path = request.target.split(['?', '#']).next().unwrap_or_default();
    let mut segments = path.rsplit('/');
    let last = segments.next().unwrap_or_default();
    let collection = segments.next().unwrap_or_default();
    let message = || {
        sent.json().and_then(|body| json::pick(body, ["message"])).is_some_and(|p| p.values.iter().any(Option::is_some))
    };
    let (method, task) = match (request.method.as_str(), collection, last) {
        ("POST", _, "message:send") if certain || message() => ("message/send", None),
        ("POST", _, "message:stream") if certain || message() => ("message/stream", None),
        ("GET", _, "tasks") if certain => ("tasks/list", None),
        ("POST", "tasks", id) if certain && id.ends_with(":cancel") => ("tasks/cancel", id.strip_suffix(":cancel")),
        ("POST" | "GET", "tasks", id) if certain && id.ends_with(":subscribe") => {
            ("tasks/resubscribe", id.strip_suffix(":subscribe"))
        }
        ("GET", "tasks", id) if certain && !id.is_empty() => ("tasks/get", Some(id)),
        _ => return None,
    };
    // The binding has the same paths in both versions; the header says which it is.
    let newer = request.headers.text("a2a-version").is_some_and(|version| version.trim().starts_with('1'));
    let method = other_name(method).filter(|_| newer).unwrap_or(method);
    let events = answered.filter(|message| message.is("text/event-stream")).and_then(|message| message.text);
    let events = events.map(|text| stream_events(format!("{text}\n\n").as_bytes(), LONGEST_EVENT)).unwrap_or_default();
    // A stream tells how a task goes on: its last word counts.
    let last = || events.iter().rev().map(|event| event.data.trim()).find(|text| text.starts_with('{'));
    let result = answered.and_then(Message::json).or_else(last);
    let whole = answered.is_some_and(|answered| answered.whole);
    let taken = match answered {
        Some(Message { status: Some(200..=299), .. }) => CallOutcome::Accepted,
        Some(answered) => answered.refusal().map_or(CallOutcome::Unknown, |status| CallOutcome::Failed(Some(status))),
        None => CallOutcome::Unknown,
    };
    let parsed = result.filter(|_| whole).and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
    let sent_json = sent.json().and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
    let links = Links::of(sent_json, parsed, budget);
    let arguments = match task {
        Some(id) => {
            let mut out = String::from("{\"id\":");
            json::push_text(&mut out, id);
            Some(out + "}")
        }
        None if request.body.len() == Some(0) => Some("{}".to_owned()),
        None => sent.json().filter(|_| sent.whole).and_then(|body| budget.keep(body)),
    };
    Some(vec![Call {
        protocol: CallProtocol::A2a,
        kind: CallKind::Method,
        name: method.to_owned(),
        method: None,
        id: None,
        sender: Sender::Client,
        arguments,
        result: budget.keep_value(parsed),
        gives: None,
        client_info: None,
        links,
        outcome: outcome(method, parsed, taken),
        request: None,
        response: None,
    }])
}
