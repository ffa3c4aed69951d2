//! A path segment of which parameters are parts: `{id}.json`, `{id}:cancel`, `Orders({key})`.

use std::fmt;
use std::sync::Arc;

/// Literal texts and parameters of one segment, in order; no two parameters stand side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Arc<[Piece]>);

/// A part of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that stands there as it is, never empty.
    Literal(Arc<str>),
    /// A named parameter that takes one character or more.
    Parameter(Arc<str>),
}

/// The parts of a segment as it is written, `{id}:cancel`, or why it is none, as the rest of a sentence about it.
pub(in crate::model) fn pieces(segment: &str) -> Result<Vec<Piece>, &'static str> {
    let mut pieces = Vec::new();
    let mut rest = segment;
    while !rest.is_empty() {
        let (text, from) = rest.split_at_checked(rest.find('{').unwrap_or(rest.len())).unwrap_or((rest, ""));
        if text.contains('}') {
            return Err("a `}` closes nothing");
        }
        if !text.is_empty() {
            pieces.push(Piece::Literal(text.into()));
        }
        let Some(inner) = from.strip_prefix('{') else { break };
        let Some((name, after)) = inner.split_once('}') else { return Err("a `{` is not closed") };
        if name.contains('{') || name.trim_matches(['*', '+']).is_empty() {
            return Err("a parameter has no name");
        }
        pieces.push(Piece::Parameter(name.into()));
        rest = after;
    }
    Ok(pieces)
}

impl Pattern {
    /// A pattern of these parts; `None` where nothing would tell where one parameter ends and the next begins.
    pub fn new(pieces: Vec<Piece>) -> Option<Pattern> {
        let parameters = |pair: &[Piece]| matches!(pair, [Piece::Parameter(_), Piece::Parameter(_)]);
        (!pieces.windows(2).any(parameters)).then(|| Pattern(pieces.into()))
    }

    /// Its parts.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// Values of the parameters in a segment, each as short as the text behind it allows; `None` where the segment does
    /// not fit.
    pub fn values<'t>(&self, segment: &'t str) -> Option<Vec<(&Arc<str>, &'t str)>> {
        let mut values = Vec::new();
        let mut rest = segment;
        let mut pieces = self.0.iter();
        while let Some(piece) = pieces.next() {
            let name = match piece {
                Piece::Literal(text) => {
                    rest = rest.strip_prefix(&**text)?;
                    continue;
                }
                Piece::Parameter(name) => name,
            };
            let first = rest.chars().next()?.len_utf8();
            let (value, after) = match pieces.next() {
                None => (rest, ""),
                Some(Piece::Literal(text)) if pieces.as_slice().is_empty() => (rest.strip_suffix(&**text)?, ""),
                Some(Piece::Literal(text)) => {
                    let at = first + rest.get(first..)?.find(&**text)?;
                    (rest.get(..at)?, rest.get(at + text.len()..)?)
                }
                Some(Piece::Parameter(_)) => return None,
            };
            if value.is_empty() {
                return None;
            }
            values.push((name, value));
            rest = after;
        }
        rest.is_empty().then_some(values)
    }

    /// Bytes of its literal text: the more, the more specific.
    pub fn literal_len(&self) -> usize {
        let lengths = self.0.iter().map(|piece| match piece {
            Piece::Literal(text) => text.len(),
            Piece::Parameter(_) => 0,
        });
        lengths.sum()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Literal(text) => f.write_str(text),
            Piece::Parameter(name) => write!(f, "{{{name}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(pieces: &[&str]) -> Pattern {
        let piece = |text: &&str| match text.strip_prefix('$') {
            Some(name) => Piece::Parameter(name.into()),
            None => Piece::Literal((*text).into()),
        };
        Pattern::new(pieces.iter().map(piece).collect()).unwrap()
    }

    #[test]
    fn parameters_take_what_the_text_around_them_leaves() {
        let values = |pieces: &[&str], segment: &str| {
            let pattern = pattern(pieces);
            let values = pattern.values(segment)?;
            Some(values.iter().map(|(_, value)| (*value).to_owned()).collect::<Vec<_>>())
        };
        let some = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(values(&["$id", ":cancel"], "7:cancel"), some(&["7"]));
        assert_eq!(values(&["$id", ":cancel"], ":cancel"), None);
        assert_eq!(values(&["Orders(", "$key", ")"], "Orders(7)"), some(&["7"]));
        assert_eq!(values(&["$a", ".", "$b", ".json"], "x.y.z.json"), some(&["x", "y.z"]));
        assert_eq!(values(&["v", "$n"], "v"), None);
        assert_eq!(values(&["$n", "ab", "$m"], "äabab"), some(&["ä", "ab"]));
        assert_eq!(values(&["$a", "-", "$b"], "--"), None);
        assert_eq!(values(&["$a", "-", "$b"], "---"), some(&["-", "-"]));
    }

    #[test]
    fn parameters_side_by_side_are_refused() {
        assert_eq!(Pattern::new(vec![Piece::Parameter("a".into()), Piece::Parameter("b".into())]), None);
    }

    /// Tries every split: slow and plainly right.
    fn fits(pieces: &[Piece], segment: &str) -> bool {
        match pieces.split_first() {
            None => segment.is_empty(),
            Some((Piece::Literal(text), rest)) => segment.strip_prefix(&**text).is_some_and(|s| fits(rest, s)),
            Some((Piece::Parameter(_), rest)) => {
                let ends = segment.char_indices().map(|(at, c)| at + c.len_utf8());
                ends.into_iter().any(|end| fits(rest, &segment[end..]))
            }
        }
    }

    fn pieces() -> impl Strategy<Value = Vec<Piece>> {
        let literal = proptest::option::of("[ab.:]{1,2}");
        (literal.clone(), proptest::collection::vec("[ab.:]{1,2}", 0..3), literal).prop_map(|(first, middle, last)| {
            let mut pieces: Vec<Piece> = first.into_iter().map(|text| Piece::Literal(text.into())).collect();
            pieces.push(Piece::Parameter("p0".into()));
            for (number, text) in middle.into_iter().enumerate() {
                pieces.push(Piece::Literal(text.into()));
                pieces.push(Piece::Parameter(format!("p{}", number + 1).into()));
            }
            pieces.extend(last.map(|text| Piece::Literal(text.into())));
            pieces
        })
    }

    proptest! {
        #[test]
        fn a_segment_fits_where_any_split_does(pieces in pieces(), segment in "[ab.:]{0,8}") {
            let pattern = Pattern::new(pieces.clone()).unwrap();
            prop_assert_eq!(pattern.values(&segment).is_some(), fits(&pieces, &segment));
        }

        #[test]
        fn what_was_made_from_it_fits_and_reads_back(pieces in pieces(), value in "[a-z.:é]{1,4}") {
            let pattern = Pattern::new(pieces.clone()).unwrap();
            let fill = |values: &[&str]| {
                let mut values = values.iter();
                let text = pieces.iter().map(|piece| match piece {
                    Piece::Literal(text) => text.to_string(),
                    Piece::Parameter(_) => (*values.next().unwrap()).to_owned(),
                });
                text.collect::<String>()
            };
            let made = fill(&vec![value.as_str(); pieces.len()]);
            let values = pattern.values(&made);
            prop_assert!(values.is_some());
            let read: Vec<&str> = values.into_iter().flatten().map(|(_, value)| value).collect();
            prop_assert_eq!(fill(&read), made);
        }
    }
}
