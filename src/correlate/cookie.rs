//! Cookies: `Cookie` and `Set-Cookie` as browsers and servers write them.

/// Most cookies read from one request.
const MOST: usize = 256;

/// Name and value pairs of a `Cookie` header, in order. Quotes around a value are not part of it.
pub(super) fn sent(header: &[u8]) -> impl Iterator<Item = (&str, &[u8])> {
    header.split(|b| *b == b';').take(MOST).filter_map(pair)
}

/// One `Set-Cookie` header.
#[derive(Clone, Copy)]
pub(super) struct SetCookie<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a [u8],
    /// The header deletes the cookie: empty value, `Max-Age=0` or an expiry in 1970.
    pub(super) deletes: bool,
}

impl<'a> SetCookie<'a> {
    /// Reads the header's value.
    pub(super) fn parse(header: &'a [u8]) -> Option<SetCookie<'a>> {
        let mut parts = header.split(|b| *b == b';');
        let (name, value) = pair(parts.next()?)?;
        let deletes = value.is_empty() || parts.any(ends);
        Some(SetCookie { name, value, deletes })
    }
}

fn ends(attribute: &[u8]) -> bool {
    let Some((name, value)) = pair(attribute) else { return false };
    if name.eq_ignore_ascii_case("max-age") {
        return value == b"0" || value.starts_with(b"-");
    }
    name.eq_ignore_ascii_case("expires") && value.windows(5).any(|w| w == b" 1970" || w == b"-1970" || w == b"-70 ")
}

fn pair(part: &[u8]) -> Option<(&str, &[u8])> {
    let at = part.iter().position(|b| *b == b'=')?;
    let name = std::str::from_utf8(part.get(..at)?.trim_ascii()).ok().filter(|n| !n.is_empty())?;
    let value = part.get(at + 1..)?.trim_ascii();
    let bare = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value);
    Some((name, bare))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cookies_are_split() {
        let found: Vec<_> = sent(b"a=1; sid=\"x=y\";; broken; b=").collect();
        assert_eq!(found, [("a", &b"1"[..]), ("sid", b"x=y"), ("b", b"")]);
    }

    #[test]
    fn deletion_is_seen() {
        let deletes = |h: &'static str| SetCookie::parse(h.as_bytes()).unwrap().deletes;
        assert!(deletes("sid=; Path=/"));
        assert!(deletes("sid=gone; Max-Age=0"));
        assert!(deletes("sid=x; expires=Thu, 01 Jan 1970 00:00:00 GMT"));
        assert!(!deletes("sid=x; Max-Age=3600; HttpOnly"));
        assert!(SetCookie::parse(b"nonsense").is_none());
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = sent(&bytes).count();
            let _ = SetCookie::parse(&bytes);
        }
    }
}
