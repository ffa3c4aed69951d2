//! Events of AWS CloudTrail: calls of an API that name their operation, and no HTTP message.

use super::fields::Fields;

/// The exchange that an event stands for.
pub(super) struct Call {
    /// `GET` for operations that only read, as the event says, else `POST`.
    pub(super) method: &'static str,
    /// `/SERVICE/OPERATION`.
    pub(super) target: String,
    /// The service.
    pub(super) host: String,
    /// 200 without an error; 403 where access was denied, else 400.
    pub(super) status: u16,
}

/// The call of an event; none where it names no operation.
pub(super) fn call(fields: &Fields<'_, '_>) -> Option<Call> {
    let (service, operation) = (fields.named("eventSource")?, fields.named("eventName")?);
    let reads = fields.named("readOnly").is_some_and(|value| value == "true");
    let status = match fields.named("errorCode") {
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

/// `AccessDenied`, `Client.UnauthorizedOperation`, `UnrecognizedClientException`, ...
fn is_denial(code: &str) -> bool {
    let code = code.to_ascii_lowercase();
    ["accessdenied", "unauthorized", "notauthorized", "forbidden", "unrecognizedclient"]
        .iter()
        .any(|word| code.contains(word))
}
