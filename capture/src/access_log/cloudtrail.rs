//! Events of AWS CloudTrail: calls of an API that name their operation, and no HTTP message.

use serde::Deserialize;

use super::convention::Convention;
use super::fields::Fields;
use super::meaning::Slot;
use crate::lenient::Maybe;
use crate::scalar::Scalar;

/// The exchange that an event stands for.
pub(super) struct Call {
    /// `GET` for operations that only read, as the event says, else `POST`.
    pub(super) method: &'static str,
    /// `/SERVICE/OPERATION`.
    pub(super) target: String,
    /// The service.
    pub(super) host: String,
    /// 200 without an error; 401 where a login failed, 403 where access was denied, else 400.
    pub(super) status: u16,
}

/// The call of an event; none where it names no operation.
pub(super) fn call(fields: &Fields<'_, '_>) -> Option<Call> {
    let (service, operation) = (fields.named("eventSource")?, fields.named("eventName")?);
    // Services that tell of changes use the same names, with a source such as `aws:s3`.
    if fields.convention != Some(Convention::CloudTrail) && !service.ends_with(".amazonaws.com") {
        return None;
    }
    let reads = fields.named("readOnly").is_some_and(|value| value == "true");
    let status = match fields.named("errorCode") {
        // Some events tell of an error in words only, or in the answer.
        None if operation == "ConsoleLogin" && (fields.named("errorMessage").is_some() || login_failed(fields)) => 401,
        None if fields.named("errorMessage").is_some_and(|message| is_denial(&message.replace(' ', ""))) => 403,
        None if fields.named("errorMessage").is_some() => 400,
        None => 200,
        Some(code) if is_denial(&code) => 403,
        Some(_) => 400,
    };
    Some(Call {
        method: if reads { "GET" } else { "POST" },
        target: format!("/{service}/{operation}"),
        host: service.into_owned(),
        status,
    })
}

/// Whether the answer to a login is that it failed.
fn login_failed(fields: &Fields<'_, '_>) -> bool {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Answer<'a> {
        #[serde(borrow, rename = "ConsoleLogin")]
        outcome: Scalar<'a>,
    }
    let answer = fields.raw(Slot::ResponseBody).and_then(|json| serde_json::from_str::<Maybe<Answer<'_>>>(json).ok());
    answer.and_then(|answer| answer.0).is_some_and(|answer| answer.outcome.text() == Some("Failure"))
}

/// `AccessDenied`, `Client.UnauthorizedOperation`, `UnrecognizedClientException`, ...
fn is_denial(code: &str) -> bool {
    let code = code.to_ascii_lowercase();
    ["accessdenied", "unauthorized", "notauthorized", "forbidden", "unrecognizedclient"]
        .iter()
        .any(|word| code.contains(word))
}
