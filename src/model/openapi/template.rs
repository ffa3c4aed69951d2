//! Path templates as OpenAPI and the gateways that export it write them.

use std::sync::Arc;

use crate::model::pattern::pieces;
use crate::model::{Pattern, Piece, Segment};

/// Most segments of one path.
const SEGMENTS: usize = 64;

/// Why a path cannot be matched, as the rest of a sentence about it.
pub(super) type Refusal = &'static str;

/// The segments of `/orders/{orderId}/items`; empty ones, which no path has, are left out.
pub(super) fn segments(path: &str) -> Result<Vec<Segment>, Refusal> {
    if path.contains(['?', '#']) {
        return Err("a path has no query; parameters of the query tell no operation");
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if parts.len() > SEGMENTS {
        return Err("it has more than 64 segments");
    }
    let count = parts.len();
    parts.into_iter().enumerate().map(|(at, part)| segment(part, at + 1 == count)).collect()
}

fn segment(part: &str, last: bool) -> Result<Segment, Refusal> {
    let mut pieces = pieces(part)?;
    for piece in &mut pieces {
        if let Piece::Literal(text) = piece {
            *text = literal(text);
        }
    }
    match pieces.as_slice() {
        [Piece::Literal(text)] => Ok(Segment::Literal(Arc::clone(text))),
        [Piece::Parameter(name)] if takes_rest(name) && last => Ok(Segment::Rest),
        [Piece::Parameter(name)] if takes_rest(name) => Err("a parameter that takes several segments is not the last"),
        [Piece::Parameter(name)] => Ok(Segment::Parameter(Arc::clone(name))),
        _ => {
            let side_by_side = "nothing tells where one of its parameters ends and the next begins";
            Pattern::new(pieces).map(Segment::Pattern).ok_or(side_by_side)
        }
    }
}

/// `{proxy+}` (Amazon's gateway), `{path*}` and `{**path}` (frameworks): no OpenAPI, but exported as such.
fn takes_rest(name: &str) -> bool {
    name.ends_with(['+', '*']) || name.starts_with('*')
}

/// Requests are decoded before they are compared.
fn literal(text: &str) -> Arc<str> {
    offpath_capture::percent_decoded(text, false).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_into_segments() {
        let text = |path: &str| {
            let segments = segments(path)?;
            Ok(segments.iter().map(|segment| format!("/{segment}")).collect::<String>())
        };
        for (path, expected) in [
            ("/orders/{orderId}/items", "/orders/{orderId}/items"),
            ("/", ""),
            ("//orders/", "/orders"),
            ("/files/{name}.json", "/files/{name}.json"),
            ("/a%20b/{x}", "/a b/{x}"),
            ("/{proxy+}", "/**"),
            ("/static/{**path}", "/static/**"),
        ] {
            assert_eq!(text(path), Ok::<_, Refusal>(expected.to_owned()), "{path}");
        }
        assert!(matches!(segments("/x/{id}:cancel").unwrap().last(), Some(Segment::Pattern(_))));
        for path in ["/a?b={c}", "/{a}{b}", "/{a", "/a}", "/{}", "/{proxy+}/x", "/{a{b}}", "/a#b"] {
            assert!(segments(path).is_err(), "{path}");
        }
        assert!(segments(&"/a".repeat(65)).is_err());
    }
}
