//! Splits request targets and URLs into what a request carries, without re-encoding anything.

/// The parts of a URL or request target that a [`crate::Request`] keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SplitUrl<'a> {
    /// `http` or `https`; WebSocket schemes are those of their handshake.
    pub(crate) scheme: Option<&'static str>,
    /// Host and port as written, without user and password.
    pub(crate) host: Option<&'a str>,
    /// Path and query as written, without fragment; empty when the URL ends after the authority.
    pub(crate) target: &'a str,
}

impl SplitUrl<'_> {
    /// Path and query in origin form: starts with a slash.
    pub(crate) fn origin_form(&self) -> String {
        match self.target {
            "" => "/".to_owned(),
            target if target.starts_with('?') => format!("/{target}"),
            target => target.to_owned(),
        }
    }

    /// Port as written, else the scheme's.
    pub(crate) fn port(&self) -> Option<u16> {
        let written = self.host.and_then(|host| {
            let (name, port) = host.rsplit_once(':')?;
            if name.contains(':') && !name.ends_with(']') { None } else { port.parse().ok() }
        });
        written.or(match self.scheme {
            Some("http") => Some(80),
            Some("https") => Some(443),
            _ => None,
        })
    }
}

/// Splits an absolute URL, or takes a path as it is. `None` for URLs of other schemes (`data:`, `blob:`, `chrome-extension:`, ...).
pub(crate) fn split(url: &str) -> Option<SplitUrl<'_>> {
    let url = url.trim();
    let url = url.split_once('#').map_or(url, |(before, _)| before);
    if let Some((scheme, rest)) = url.split_once("://")
        && is_scheme(scheme)
    {
        return absolute(scheme, rest);
    }
    match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) && !scheme.contains('.') && !starts_with_port(rest) => None,
        _ => Some(SplitUrl { scheme: None, host: None, target: url }),
    }
}

fn absolute<'a>(scheme: &str, rest: &'a str) -> Option<SplitUrl<'a>> {
    let scheme = if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("ws") {
        "http"
    } else if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("wss") {
        "https"
    } else {
        return None;
    };
    let (authority, target) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
    let host = without_user(authority);
    Some(SplitUrl { scheme: Some(scheme), host: Some(host).filter(|host| !host.is_empty()), target })
}

/// An authority without the user, and perhaps password, before its host: neither says where the request goes, and no
/// server is sent them by a client that keeps to RFC 9110.
pub(crate) fn without_user(authority: &str) -> &str {
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// Where a request goes, of what its authority says: without the user, and without the port that its scheme has anyway,
/// so that one host has one name (RFC 9110, section 4.2.3).
pub(crate) fn host<'a>(authority: &'a str, scheme: Option<&str>) -> &'a str {
    let usual = match scheme {
        Some(scheme) if scheme.eq_ignore_ascii_case("http") => ":80",
        Some(scheme) if scheme.eq_ignore_ascii_case("https") => ":443",
        _ => return without_user(authority),
    };
    let host = without_user(authority);
    // A bare address of IPv6 may end like a port.
    let named = |host: &&str| !host.is_empty() && (!host.contains(':') || host.ends_with(']'));
    host.strip_suffix(usual).filter(named).unwrap_or(host)
}

fn is_scheme(text: &str) -> bool {
    text.bytes().enumerate().all(|(i, byte)| {
        byte.is_ascii_alphabetic() || (i > 0 && (byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.')))
    }) && !text.is_empty()
}

/// `localhost:8080/x` is a host with a port, not a scheme.
fn starts_with_port(rest: &str) -> bool {
    let port = rest.split(['/', '?']).next().unwrap_or_default();
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Parts<'a> = (Option<&'a str>, Option<&'a str>, String, Option<u16>);

    fn parts(url: &str) -> Option<Parts<'_>> {
        split(url).map(|s| (s.scheme, s.host, s.origin_form(), s.port()))
    }

    #[test]
    fn one_host_has_one_name() {
        for (authority, scheme, name) in [
            ("a.example:443", Some("https"), "a.example"),
            ("u:p@a.example:80", Some("HTTP"), "a.example"),
            ("[::1]:443", Some("https"), "[::1]"),
            ("a.example:443", Some("http"), "a.example:443"),
            ("a.example:80", None, "a.example:80"),
            ("a.example:8443", Some("https"), "a.example:8443"),
            ("::1:80", Some("http"), "::1:80"),
            (":80", Some("http"), ":80"),
        ] {
            assert_eq!(host(authority, scheme), name, "{authority} {scheme:?}");
        }
    }

    #[test]
    fn urls_are_split_as_written() {
        let https = Some("https");
        assert_eq!(parts("https://a.example/x?q=1#f"), Some((https, Some("a.example"), "/x?q=1".into(), Some(443))));
        assert_eq!(parts("HTTP://a:8080"), Some((Some("http"), Some("a:8080"), "/".into(), Some(8080))));
        assert_eq!(parts("wss://a?x=/"), Some((https, Some("a"), "/?x=/".into(), Some(443))));
        assert_eq!(parts("https://u:p@[::1]:9/%2F"), Some((https, Some("[::1]:9"), "/%2F".into(), Some(9))));
        assert_eq!(parts("https://[::1]/"), Some((https, Some("[::1]"), "/".into(), Some(443))));
        assert_eq!(parts("/orders?to=http://b/"), Some((None, None, "/orders?to=http://b/".into(), None)));
        assert_eq!(parts("localhost:8080/x").unwrap().0, None);
        assert_eq!(parts("*").unwrap().2, "*");
    }

    #[test]
    fn other_schemes_are_no_http() {
        for url in ["data:text/plain,hi", "blob:https://a/b", "chrome-extension://abc/x.js", "about:blank", "file:///x"]
        {
            assert_eq!(split(url), None, "{url}");
        }
    }
}
