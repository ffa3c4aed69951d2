//! Cookies: which carry a session, by their names and by the look of their values.

use super::{Keys, Kind, LONGEST, Secret, Shown};
use crate::correlate::jwt::Claims;
use crate::correlate::template::entropy;

/// How the names of cookies begin that are no sessions: measurement, load balancers, protection from robots.
const KNOWN_COOKIES: [&str; 33] = [
    "_ga",
    "_gid",
    "_gcl",
    "_fbp",
    "_hj",
    "_clck",
    "_dc_",
    "_pk_",
    "_sp_",
    "_uet",
    "_ttp",
    "_pin_",
    "__utm",
    "__cf",
    "__hs",
    "hubspot",
    "ajs_",
    "amp_",
    "amplitude",
    "mp_",
    "optimizely",
    "_dd_",
    "awsalb",
    "bigip",
    "incap_",
    "visid_",
    "_abck",
    "bm_",
    "ak_bmsc",
    "datadome",
    "cf_clearance",
    "intercom-",
    "utm_",
];

/// A session cookie.
pub(in crate::correlate) fn cookie(value: &[u8], keys: Keys<'_>) -> Option<Shown> {
    (!value.is_empty() && !is_chunk_count(value)).then(|| Shown::of(Kind::Cookie, &Secret(value), keys))
}

/// A cookie of a name that tells nothing, where its value looks like a credential.
pub(in crate::correlate) fn possible_cookie(name: &str, value: &[u8], keys: Keys<'_>) -> Option<Shown> {
    if is_session_cookie(name) || is_known_cookie(name) {
        return None;
    }
    let secret = Secret(value);
    let shown = || Shown::of(Kind::Cookie, &secret, keys);
    if value.starts_with(b"ey") && value.len() <= LONGEST && Claims::parse(value).is_some() {
        return Some(shown());
    }
    is_random(value).then(|| Shown { kind: Kind::Perhaps, ..shown() })
}

/// Whether a cookie that a login set may carry the session that it opened.
pub(in crate::correlate) fn is_issued_cookie(name: &str, value: &[u8]) -> bool {
    is_session_cookie(name) && !is_chunk_count(value) || !is_known_cookie(name) && is_random(value)
}

/// Long, and of letters and digits in no order: nobody's language, number or choice.
fn is_random(value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let plain = value.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.+/=%~:|!".contains(b));
    value.len() >= 16 && plain && digits >= 3 && letters >= 3 && entropy(value) >= 3.0
}

/// `chunks-2`: what ASP.NET sends in the place of a cookie that it cut into several.
fn is_chunk_count(value: &[u8]) -> bool {
    value
        .strip_prefix(b"chunks")
        .is_some_and(|rest| rest.iter().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b':')))
}

/// Whether a cookie of this name is known to carry something else than a session: a measurement, a load balancer's
/// choice, a proof against forgery.
fn is_known_cookie(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let bare = lower.trim_start_matches("__host-").trim_start_matches("__secure-");
    KNOWN_COOKIES.iter().any(|start| bare.starts_with(start))
        || ["csrf", "xsrf", "consent", "nonce", "affinity", "antiforgery", "device", "locale", "lang", "theme"]
            .iter()
            .any(|part| bare.contains(part))
}

/// Whether a cookie of this name usually carries a session, without a model that says so.
pub(in crate::correlate) fn is_session_cookie(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let bare = lower.trim_start_matches("__host-").trim_start_matches("__secure-");
    if is_known_cookie(name) {
        return false;
    }
    matches!(bare, "sid" | "connect.sid" | "auth" | "auth_token" | "authtoken" | "token" | "access_token" | "jwt")
        || bare.starts_with(".aspnetcore.") && !bare.contains("antiforgery")
        || bare.starts_with(".aspxauth")
        || bare.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "sid")
        || bare.contains("sess")
}

/// Whether one of the cookies in a `Cookie` header has a name that sessions have, and the name of the first that may carry
/// one all the same.
pub fn session_cookies(header: &[u8]) -> (bool, Option<&str>) {
    let mut names = crate::correlate::cookie::sent(header).map(|(name, _)| name);
    let mut other = None;
    let any = names.any(|name| {
        let session = is_session_cookie(name);
        other = other.or(Some(name).filter(|_| !session && !is_known_cookie(name)));
        session
    });
    (any, other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_say_whether_one_is_a_sessions() {
        assert_eq!(session_cookies(b"_ga=1; session=x"), (true, None));
        assert_eq!(session_cookies(b"_ga=1; zwiebel=x; sid=2"), (true, Some("zwiebel")));
        assert_eq!(session_cookies(b"lang=de; zwiebel=x"), (false, Some("zwiebel")));
        assert_eq!(session_cookies(b"_ga=1"), (false, None));
    }

    #[test]
    fn session_cookies_are_told_from_others() {
        for name in [
            "sid",
            "session",
            "SESSIONID",
            "connect.sid",
            "RT_SID_desk.8090",
            "PHPSESSID",
            "JSESSIONID",
            "__Host-session",
        ] {
            assert!(is_session_cookie(name), "{name}");
        }
        for name in ["theme", "csrf_session", "lang", "_ga", "side"] {
            assert!(!is_session_cookie(name), "{name}");
        }
    }
}
