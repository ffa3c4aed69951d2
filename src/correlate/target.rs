//! The request target: path segments and query parameters, decoded.

use std::borrow::Cow;

use offpath_capture::percent_decoded;

/// Most path segments looked at; deeper paths match no operation.
const MOST_SEGMENTS: usize = 64;
/// Most query parameters looked at.
const MOST_PARAMETERS: usize = 256;

/// A request target split into decoded parts.
#[derive(Clone)]
pub(super) struct Target<'a> {
    /// The path as sent, without query and fragment.
    pub(super) path: &'a str,
    /// Non-empty segments, percent-decoded after the split so that an encoded slash stays inside its segment; dot
    /// segments are resolved as servers do.
    pub(super) segments: Vec<Cow<'a, str>>,
    /// Query parameters in order, decoded.
    pub(super) query: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Whether `query` holds them all; one that it does not hold is unknown otherwise.
    pub(super) query_whole: bool,
}

impl<'a> Target<'a> {
    /// Splits a target. Absolute URLs lose their scheme and authority.
    pub(super) fn parse(target: &'a str) -> Target<'a> {
        let target = target.split('#').next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = without_authority(path);
        let mut segments = Vec::new();
        for raw in path.split('/').filter(|s| !s.is_empty()).take(MOST_SEGMENTS + 1) {
            // Matrix parameters (`;v=1`, `;jsessionid=...`) name no resource.
            let segment = percent_decoded(raw.split(';').next().unwrap_or_default(), false);
            match &*segment {
                "." | "" => {}
                ".." => drop(segments.pop()),
                _ => segments.push(segment),
            }
        }
        Target { path, segments, query: pairs(query).collect(), query_whole: is_whole(query) }
    }

    /// First value of a query parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| &**v)
    }
}

/// Whether a segment of a template stands for one that is not known: `{id}`.
pub(super) fn is_placeholder(segment: &str) -> bool {
    segment.starts_with('{') && segment.ends_with('}')
}

fn without_authority(path: &str) -> &str {
    let Some((scheme, rest)) = path.split_once("://") else { return path };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return path;
    }
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
}

/// PostgREST's filters that ask for more than one thing, as they stand before a value.
const FILTERS: [&str; 13] =
    ["gt", "gte", "ilike", "imatch", "in", "is", "isdistinct", "like", "lt", "lte", "match", "neq", "not"];

/// What a parameter of a query asks that something be: its value, or what stands behind `eq.` in one of PostgREST; `None`
/// for its other filters, which name nothing.
pub(super) fn asked(value: &str) -> Option<&str> {
    match value.split_once('.') {
        Some(("eq", value)) => Some(value),
        Some((filter, _)) if FILTERS.contains(&filter) => None,
        _ => Some(value),
    }
}

/// Decoded `name=value` pairs of a query or a form body.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    text.split('&').filter(|p| !p.is_empty()).take(MOST_PARAMETERS).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decoded(name, true), percent_decoded(value, true))
    })
}

/// Whether `pairs` gives all parameters of a text.
pub(super) fn is_whole(text: &str) -> bool {
    text.split('&').filter(|p| !p.is_empty()).nth(MOST_PARAMETERS).is_none()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn segments(target: &str) -> Vec<String> {
        Target::parse(target).segments.into_iter().map(Cow::into_owned).collect()
    }

    #[test]
    fn paths_are_split_and_decoded() {
        assert_eq!(segments("/orders/ord%2F1/pay?x=1"), ["orders", "ord/1", "pay"]);
        assert_eq!(segments("//orders//1/"), ["orders", "1"]);
        assert_eq!(segments("/orders/./1/../2;v=1#f"), ["orders", "2"]);
        assert_eq!(segments("http://h:80/a"), ["a"]);
        assert_eq!(segments("https://h"), Vec::<String>::new());
        assert_eq!(segments("*"), ["*"]);
        assert_eq!(segments("/%zz/%4"), ["%zz", "%4"]);
    }

    #[test]
    fn queries_are_decoded() {
        let target = Target::parse("/a?x=1+2&y=%C3%A4&&z");
        assert_eq!(target.parameter("x"), Some("1 2"));
        assert_eq!(target.parameter("y"), Some("ä"));
        assert_eq!(target.parameter("z"), Some(""));
        assert_eq!(target.parameter("w"), None);
    }

    #[test]
    fn filters_name_what_they_equal() {
        let told = ["7", "eq.7", "eq.a.b", "a.b", "in.(7,8)", "not.eq.7", "gt.7"].map(asked);
        assert_eq!(told, [Some("7"), Some("7"), Some("a.b"), Some("a.b"), None, None, None]);
    }

    proptest! {
        #[test]
        fn any_text_is_split(text in "\\PC{0,80}") {
            let _ = Target::parse(&text);
        }

        #[test]
        fn encoding_reads_back(text in "\\PC{0,20}") {
            let encoded: String = text.bytes().map(|b| format!("%{b:02X}")).collect();
            prop_assert_eq!(percent_decoded(&encoded, true), text);
        }
    }
}
