//! Where paths begin: what says no more than that this is an API, and the first segment that says more.

/// Whether a segment is a version, or a word that only says that this is an API.
pub fn is_prefix(segment: &str) -> bool {
    let version = segment.strip_prefix('v').is_some_and(|v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit()));
    version || segment.eq_ignore_ascii_case("api") || segment.eq_ignore_ascii_case("rest")
}

/// The first segment of a path that says more than that this is an API, where something stands behind it.
pub fn root(path: &str) -> Option<&str> {
    let path = path.split('?').next().unwrap_or_default();
    let mut segments = path.split('/').filter(|segment| !segment.is_empty()).skip_while(|segment| is_prefix(segment));
    let root = segments.next()?;
    segments.next().map(|_| root)
}

/// The tenant that begins a path, where the template of its operation says that one does.
pub fn tenant<'p>(operation: Option<&str>, path: &'p str) -> Option<&'p str> {
    let (_, template) = operation?.split_once(' ')?;
    (root(template) == Some("{tenant}")).then(|| root(path)).flatten()
}

/// Endings by which a client asks for a form of a thing. What browsers load by names with hashes (`js`, `css`) is no thing.
const FORMATS: [&str; 14] =
    ["json", "xml", "csv", "tsv", "pdf", "txt", "html", "ics", "xls", "xlsx", "doc", "docx", "zip", "rss"];

/// A segment without the format that is asked for: `orders` of `orders.json`.
pub fn without_format(segment: &str) -> &str {
    let stem = segment
        .rsplit_once('.')
        .filter(|(stem, format)| !stem.is_empty() && FORMATS.iter().any(|known| format.eq_ignore_ascii_case(known)));
    stem.map_or(segment, |(stem, _)| stem)
}

/// Whether a key stands in a path, alone in its segment or with a verb, a format or brackets about it.
pub fn holds(path: &str, key: &str) -> bool {
    let within = |segment: &str| {
        segment.match_indices(key).any(|(at, _)| {
            let before = segment.get(..at).and_then(|text| text.chars().next_back());
            let behind = segment.get(at + key.len()..).and_then(|text| text.chars().next());
            [before, behind].into_iter().flatten().all(|c| !c.is_alphanumeric())
        })
    };
    !key.is_empty() && path.split('?').next().unwrap_or_default().split('/').any(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_stands_behind_prefixes_and_before_something() {
        assert_eq!(root("/acme/orders/7?x=/y/z"), Some("acme"));
        assert_eq!(root("/api/v1//acme/orders"), Some("acme"));
        let told = |operation| tenant(operation, "/api/acme/orders/7");
        assert_eq!(told(Some("GET /api/{tenant}/orders/{order}")), Some("acme"));
        assert_eq!([Some("GET /api/acme/orders/{order}"), Some("order.get"), None].map(told), [None; 3]);
        assert_eq!(["/acme", "/api/v2/acme/", "/api", "", "?a/b"].map(root), [None; 5]);
    }

    #[test]
    fn keys_stand_in_paths_alone_or_within_a_segment() {
        for path in
            ["/orders/7", "/orders/7:cancel", "/Orders(7)/Items", "/Orders('7')", "/orders/7.json?x", "/Lines(17,7)"]
        {
            assert!(holds(path, "7"), "{path}");
        }
        for path in ["/orders/17", "/orders?id=7", "/orders/7a", ""] {
            assert!(!holds(path, "7"), "{path}");
        }
        assert_eq!(
            ["orders.json", "a.b.CSV", "app.js", ".json"].map(without_format),
            ["orders", "a.b", "app.js", ".json"]
        );
    }
}
