//! Templates of paths, which routers and gateways log beside the path or in its stead: `/orders/{id}`.
//!
//! A template tells which operation was called, and nothing of what its parameters were.

/// What a route tells of the path that was called.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// All of it: the route has no parameters.
    Path(String),
    /// All but its parameters, each of which is written `{name}`.
    Template(String),
    /// Less than how many segments it had, as `/{proxy+}` does.
    Open,
}

/// Reads a route as frameworks write them: `{id}`, `:id`, `<int:id>` and `[id]` are parameters.
pub(super) fn route(text: &str) -> Route {
    let mut path = String::with_capacity(text.len());
    let mut parameters = false;
    for (index, segment) in text.split('/').enumerate() {
        if index > 0 {
            path.push('/');
        }
        match parameter(segment) {
            _ if is_open(segment) => return Route::Open,
            Some(name) => {
                parameters = true;
                path.extend(["{", name, "}"]);
            }
            None => path.push_str(segment),
        }
    }
    if parameters { Route::Template(path) } else { Route::Path(path) }
}

/// Whether a path that was logged as one is a template all the same. Only braces around a name count: clients send none,
/// while they may send the other marks of routers, and braces around a GUID.
pub(super) fn is_template(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.contains('{') && !is_as_sent(path) && path.split('/').any(|segment| in_braces(segment).is_some())
}

/// Whether a path has what only clients write: a segment that servers take away (`..`) could bring braces into any.
fn is_as_sent(path: &str) -> bool {
    path.contains(['%', '\\', ';'])
        || path.contains("//")
        || path.split('/').any(|segment| matches!(segment, "." | ".."))
}

/// The name of the parameter that a whole segment is.
fn parameter(segment: &str) -> Option<&str> {
    let inside = |open: char, close: char| segment.strip_prefix(open)?.strip_suffix(close);
    let name = match segment.chars().next()? {
        '{' => in_braces(segment),
        ':' => segment.get(1..).map(|name| name.trim_end_matches('?')),
        '<' => inside('<', '>').and_then(|typed| typed.rsplit(':').next()),
        '[' => inside('[', ']'),
        _ => None,
    };
    name.filter(|name| !name.is_empty())
}

/// The name in `{name}` or `{name:pattern}`.
fn in_braces(segment: &str) -> Option<&str> {
    let inside = segment.strip_prefix('{')?.strip_suffix('}')?;
    let name = inside.split(':').next().unwrap_or_default();
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (starts && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte))).then_some(name)
}

/// Whether a segment stands for any number of them: `{proxy+}`, `{*rest}`, `{rest:.*}`, `<path:rest>`, `[...rest]`,
/// `*`, `**`.
fn is_open(segment: &str) -> bool {
    matches!(segment, "*" | "**")
        || segment.starts_with("{*")
        || segment.starts_with("<path:")
        || segment.starts_with("[...")
        || segment.starts_with("[[...")
        || segment.starts_with(['*', ':']) && segment.ends_with('*')
        || segment.starts_with('{') && is_open_in_braces(segment)
        || segment.starts_with('*') && segment.len() > 1
}

/// `{proxy+}`, `{rest:.*}`, `{rest:path}`.
fn is_open_in_braces(segment: &str) -> bool {
    match segment.trim_end_matches('}').split_once(':') {
        None => segment.ends_with("+}"),
        Some((_, pattern)) => matches!(pattern, ".*" | ".+" | "*" | "**" | "path"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_told_however_routers_write_them() {
        for text in [
            "/orders/{id}/items/{n}",
            "/orders/:id/items/:n",
            "/orders/<int:id>/items/<n>",
            "/orders/[id]/items/[n]",
            "/orders/{id:[0-9]+}/items/:n?",
        ] {
            assert_eq!(route(text), Route::Template("/orders/{id}/items/{n}".to_owned()), "{text}");
        }
        assert_eq!(route("/orders/mine"), Route::Path("/orders/mine".to_owned()));
        assert_eq!(route("/"), Route::Path("/".to_owned()));
        for text in ["/{proxy+}", "/a/**", "/a/*", "/{*rest}", "/<path:rest>", "/[...slug]", "/{x:.*}", "/*splat"] {
            assert_eq!(route(text), Route::Open, "{text}");
        }
    }

    #[test]
    fn a_path_that_a_client_sent_is_no_template() {
        assert!(is_template("/orders/{id}") && is_template("/orders/{order_id}/pay?x=1"));
        for path in [
            "/orders/7",
            "/a?b={id}",
            "/x/{3F2504E0-4F89-11D3-9A0C-0305E82C3301}",
            "/v1/operations/7:cancel",
            "/orders/:id",
            "/{}",
            "/%7Bid%7D",
            "/a{b}c",
            "/orders/7/{x}/../pay",
            "/orders/7/{x}/%2e%2e/pay",
            "/orders/7/./{x}",
            "/orders/7//{x}",
            "/orders/7\\..\\{x}/{y}",
            "/orders/7;a/{x}",
        ] {
            assert!(!is_template(path), "{path}");
        }
        proptest::proptest!(|(text in "[/a{}:<>\\[\\]*+é?.]{0,20}")| {
            route(&text);
            is_template(&text);
        });
    }
}
