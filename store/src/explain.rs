//! Errors of stores in words: the cause, without anything secret, and what to do.

use object_store::Error;
use offpath_capture::{StoreError, is_store_url, shown_url};

use crate::account::Surroundings;
use crate::address::Cloud;

/// Most characters of a cause that is told in the other side's words.
const WORDS: usize = 200;

/// How to give credentials for a cloud.
pub(crate) fn credentials_of(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::S3 => {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE (`aws configure export-credentials --format env` \
             prints what SSO gives), or AWS_SKIP_SIGNATURE=true for a public bucket"
        }
        Cloud::Google => {
            "set GOOGLE_APPLICATION_CREDENTIALS, or log in with `gcloud auth application-default login`, or set \
             GOOGLE_SKIP_SIGNATURE=true for a public bucket"
        }
        Cloud::Azure => {
            "set AZURE_STORAGE_ACCOUNT_NAME and one of AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_KEY or \
             AZURE_CLIENT_ID with its secret, or AZURE_SKIP_SIGNATURE=true for a public container"
        }
    }
}

/// Why a cloud's store refused.
pub(crate) fn refusal(error: &Error, cloud: Cloud, surroundings: &Surroundings) -> StoreError {
    told(error, credentials_of(cloud), surroundings)
}

/// Why a web server refused.
pub(crate) fn web_refusal(error: &Error, surroundings: &Surroundings) -> StoreError {
    told(error, "give a URL that needs no log-in, or one with user and password or a signature", surroundings)
}

fn told(error: &Error, credentials: &str, surroundings: &Surroundings) -> StoreError {
    let cause = cause(error, surroundings);
    let says = |what: &str| if cause.is_empty() { what.to_owned() } else { format!("{what} ({cause})") };
    let (missing, what, remedy) = match error {
        Error::NotFound { .. } => (true, says("there is no such object"), "check bucket, name and spelling".to_owned()),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            (false, says("access is refused"), credentials.to_owned())
        }
        Error::Precondition { .. } | Error::NotModified { .. } => (
            false,
            "the object changed while it was read".to_owned(),
            "read it again when nothing writes to it".to_owned(),
        ),
        Error::NotSupported { .. } => (
            false,
            "the connection broke, and the server does not send the rest of a file".to_owned(),
            "download the file and read the copy".to_owned(),
        ),
        _ if is_credential_error(error) => (false, says("no credentials could be had"), credentials.to_owned()),
        _ => (false, format!("reading failed ({cause})"), remedy_of(&cause).to_owned()),
    };
    StoreError { missing, what, remedy }
}

/// Whether what failed is where a cloud hands credentials out.
fn is_credential_error(error: &Error) -> bool {
    let text = error.to_string();
    ["/latest/api/token", "/latest/meta-data", "/computeMetadata/", "/metadata/identity", "credential"]
        .iter()
        .any(|part| text.contains(part))
}

fn remedy_of(cause: &str) -> &'static str {
    let lower = cause.to_ascii_lowercase();
    if lower.contains("redirect without location") || lower.contains("301 moved") {
        "set AWS_REGION to the bucket's region"
    } else if lower.contains("url scheme is not allowed") {
        "set AWS_ALLOW_HTTP=true (GOOGLE_, AZURE_) where the endpoint really is http"
    } else if lower.contains("content-length") {
        "download the file and read the copy: the server does not say how long it is"
    } else if lower.contains("certificate") {
        "check the server's name, and that this machine trusts its certificate"
    } else {
        "check the address and the network, and try again"
    }
}

/// The innermost cause, without what must not be shown.
fn cause(error: &Error, surroundings: &Surroundings) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = innermost.to_string();
    let text = match text.split_once("status code: ").or_else(|| text.split_once("error response: ")) {
        Some((_, answer)) => answered(answer),
        None => text,
    };
    harmless(&text, surroundings)
}

/// A server's answer as its status and the code in its body, of which the rest may hold anything.
fn answered(answer: &str) -> String {
    let (status, body) = answer.split_once(": ").unwrap_or((answer, ""));
    let code = body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    match code {
        Some(code) => format!("{status}, {code}"),
        None => status.to_owned(),
    }
}

/// Text in one short line, URLs as they may be shown, credentials of the environment left out.
fn harmless(text: &str, surroundings: &Surroundings) -> String {
    let mut text = text.to_owned();
    for secret in surroundings.secrets() {
        text = text.replace(secret, "***");
    }
    let words = text.split_whitespace().map(|word| {
        let url = word.trim_matches(|c: char| "()<>\"'`,;".contains(c));
        if is_store_url(url) { word.replace(url, &shown_url(url)) } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ").chars().take(WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(text: &str) -> Error {
        Error::Generic { store: "S3", source: text.to_owned().into() }
    }

    #[test]
    fn no_message_holds_what_opens_the_store() {
        let variables = [("AWS_SESSION_TOKEN".to_owned(), "t0ken-of-mine".to_owned())];
        let surroundings = Surroundings::new(variables, None);
        let error = generic("error for url (https://u:p4ss@h/x?X-Amz-Signature=5ec): t0ken-of-mine expired");
        let told = refusal(&error, Cloud::S3, &surroundings).to_string();
        assert!(told.contains("https://***@h/x?X-Amz-Signature=***"), "{told}");
        assert!(!["p4ss", "5ec", "t0ken"].iter().any(|secret| told.contains(secret)), "{told}");
    }

    #[test]
    fn a_servers_answer_is_its_status_and_code() {
        let body = "<Error><Code>SlowDown</Code><HostId>x</HostId></Error>";
        let error = generic(&format!("Server returned non-2xx status code: 503 Service Unavailable: {body}"));
        let told = refusal(&error, Cloud::S3, &Surroundings::default());
        assert_eq!(told.what, "reading failed (503 Service Unavailable, SlowDown)");
        assert!(!told.missing && told.remedy.contains("try again"));
    }
}
