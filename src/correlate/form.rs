//! Redirects that answer a write: whether they lead on to its result (post/redirect/get) or away from it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::reading::Reading;
use super::target::Target;

/// Segments and host labels of pages where people prove who they are.
const LOGINS: [&str; 16] = [
    "login",
    "logon",
    "signin",
    "sign-in",
    "sign_in",
    "auth",
    "authenticate",
    "authorize",
    "sso",
    "oauth",
    "oauth2",
    "oidc",
    "saml",
    "saml2",
    "session",
    "sessions",
];
/// Segments of pages that say what went wrong.
const ERRORS: [&str; 7] = ["error", "errors", "denied", "forbidden", "unauthorized", "403", "500"];
/// Last segments of pages that hold a form.
const FORMS: [&str; 4] = ["new", "create", "edit", "add"];
/// Parameters that say what went wrong.
const FAULTS: [&str; 9] =
    ["error", "errors", "err", "error_code", "error_description", "failed", "failure", "invalid", "denied"];
/// Words of requests whose success leads to a login.
const TO_LOGIN: [&str; 14] = [
    "logout",
    "signout",
    "sign-out",
    "sign_out",
    "logoff",
    "register",
    "registration",
    "signup",
    "sign-up",
    "sign_up",
    "password",
    "passwords",
    "reset",
    "confirm",
];

/// Where a write that was answered 302 or 303 was sent on to, read without a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SentOn {
    /// To its result, as far as that can be told: elsewhere than to a login, an error or a form.
    Result,
    /// To a login, an error or a form. The sign of it in `Location`: `/login` is a segment, `//sso` the first label of a
    /// host, `?error` a parameter.
    Away(Arc<str>),
    /// The source does not show where to.
    Unseen,
}

/// Where the answer to a write leads; `None` where it is no 302 or 303, or has no `Location`.
pub(super) fn sent_on(reading: &Reading<'_>) -> Option<SentOn> {
    let writes = !matches!(reading.method(), "GET" | "HEAD" | "OPTIONS" | "CONNECT" | "TRACE" | "");
    if !writes || !matches!(reading.outcome_status(), Some(302 | 303)) {
        return None;
    }
    let response = reading.exchange.response.as_ref();
    let logged = || reading.log_field(&["sent_http_location", "location"]);
    let Some(location) = response.and_then(|r| r.headers.text("location")).or_else(logged) else {
        return (!reading.exchange.carries.response_headers).then_some(SentOn::Unseen);
    };
    let to_login = reading.target.segments.iter().any(|s| is_one_of(s, &TO_LOGIN).is_some());
    Some(sign(location, to_login).map_or(SentOn::Result, |sign| SentOn::Away(sign.into())))
}

/// Whether a login was answered with a redirect to what comes after it: elsewhere than to a login, an error or a form, and
/// not back to where it was sent.
pub(super) fn leads_on(reading: &Reading<'_>) -> bool {
    let location = reading.exchange.response.as_ref().and_then(|response| response.headers.text("location"));
    let Some(location) = location.filter(|_| matches!(reading.outcome_status(), Some(302 | 303))) else { return false };
    let target = Target::parse(location);
    sign(location, false).is_none() && target.segments != reading.target.segments
}

/// Whether the answer sends on to where people prove who they are.
pub(super) fn leads_to_login(reading: &Reading<'_>) -> bool {
    let location = reading.exchange.response.as_ref().and_then(|response| response.headers.text("location"));
    location.is_some_and(|to| {
        host(to).is_some() || Target::parse(to).segments.iter().any(|segment| is_one_of(segment, &LOGINS).is_some())
    })
}

/// What in a `Location` says that it leads away from the result.
fn sign(location: &str, to_login: bool) -> Option<String> {
    let target = Target::parse(location);
    let fault = target.query.iter().find_map(|(name, _)| is_one_of(name, &FAULTS)).map(|word| format!("?{word}"));
    let segment = |words: &[&'static str]| target.segments.iter().find_map(|segment| is_one_of(segment, words));
    let login = || segment(&LOGINS).map(|word| format!("/{word}")).or_else(|| host(location).map(|h| format!("//{h}")));
    let form = || target.segments.last().and_then(|last| is_one_of(last, &FORMS)).map(|word| format!("/{word}"));
    let error = || segment(&ERRORS).map(|word| format!("/{word}"));
    fault.or_else(error).or_else(|| login().filter(|_| !to_login)).or_else(form)
}

/// The first label of an absolute URL's host, where that is a login.
fn host(location: &str) -> Option<&'static str> {
    let (_, rest) = location.split_once("://")?;
    is_one_of(rest.split(['.', '/', ':', '?', '#']).next()?, &LOGINS)
}

fn is_one_of(text: &str, words: &[&'static str]) -> Option<&'static str> {
    words.iter().find(|word| text.eq_ignore_ascii_case(word)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_leads_to_the_result_or_away_from_it() {
        for (location, away) in [
            ("/loans/7", None),
            ("/loans", None),
            ("/", None),
            ("https://pay.example/session-1?amount=5", None),
            ("/news/7", None),
            ("/loans?page=2", None),
            ("/login", Some("/login")),
            ("/en/Login?next=%2Floans", Some("/login")),
            ("https://sso.example/realms/x?client_id=y", Some("//sso")),
            ("https://id.example/oauth2/authorize?client_id=y", Some("/oauth2")),
            ("/loans/7?error=late", Some("?error")),
            ("/loans/new", Some("/new")),
            ("/errors/late", Some("/errors")),
        ] {
            assert_eq!(sign(location, false).as_deref(), away, "{location}");
        }
        assert_eq!(sign("/login", true), None, "a logout ends there");
        assert_eq!(sign("/login?error=1", true).as_deref(), Some("?error"));
    }
}
