//! Headers told by the object or prefix that a field is in.

/// A header by the object or prefix that it was found under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderOf {
    Request,
    Response,
    /// A session's id, which is a cookie of the request wherever it was logged.
    Session,
    /// One cookie of the request, by its own name.
    Cookie,
}

/// Objects whose members are headers; whether they hold all of a message's headers.
const REQUEST_HEADER_OBJECTS: &[(&str, bool)] = &[
    ("request.headers.", true),
    ("request_headers.", true),
    ("requestheaders.", true),
    ("req.headers.", true),
    ("req_headers.", true),
    ("http.request.headers.", true),
    ("request.header.", true),
    ("headers.", true),
    ("http.request.header.", false),
    ("http_", false),
    ("cs(", false),
];
const RESPONSE_HEADER_OBJECTS: &[(&str, bool)] = &[
    ("response.headers.", true),
    ("response_headers.", true),
    ("responseheaders.", true),
    ("resp_headers.", true),
    ("res.headers.", true),
    ("res_headers.", true),
    ("http.response.headers.", true),
    ("response.header.", true),
    ("http.response.header.", false),
    ("sent_http_", false),
    ("sc(", false),
];

/// Objects and prefixes of members that are cookies of the request.
const COOKIES: &[(&str, bool)] = &[
    ("request.cookies.", false),
    ("request_cookies.", false),
    ("req.cookies.", false),
    ("cookies.", false),
    ("cookie.", false),
    ("cookie_", false),
];

/// The header that a name (in normal form) stands for by the object or prefix it is in: where its own name starts, and
/// whether that object holds all headers.
pub(super) fn header_in(name: &[u8]) -> Option<(HeaderOf, usize, bool)> {
    let lists = [
        (HeaderOf::Request, REQUEST_HEADER_OBJECTS),
        (HeaderOf::Response, RESPONSE_HEADER_OBJECTS),
        (HeaderOf::Cookie, COOKIES),
    ];
    lists.into_iter().find_map(|(of, prefixes)| {
        let (prefix, full) =
            prefixes.iter().find(|(prefix, _)| name.len() > prefix.len() && name.starts_with(prefix.as_bytes()))?;
        Some((of, prefix.len(), *full))
    })
}

/// The header that a name stands for in a record of Traefik's, which prefixes header names as they were sent.
pub(super) fn traefik_header(name: &str) -> Option<(HeaderOf, usize)> {
    let prefixed = |prefix: &str| name.len() > prefix.len() && name.starts_with(prefix);
    if prefixed("request_") {
        Some((HeaderOf::Request, "request_".len()))
    } else if prefixed("downstream_") {
        Some((HeaderOf::Response, "downstream_".len()))
    } else {
        None
    }
}
