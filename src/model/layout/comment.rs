//! Comments and where they stand. The parser does not tell of them: they are what begins with `#` outside of values.

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment<'t> {
    /// Its first byte.
    pub(super) at: usize,
    /// From `#` on, without the line's end.
    pub(super) text: &'t str,
    /// Nothing else is on its line.
    pub(super) own_line: bool,
    /// Characters before it on its line.
    pub(super) column: usize,
}

/// All comments of a text; `values` are the places of its single values, in order.
pub(super) fn all<'t>(text: &'t str, values: &[std::ops::Range<usize>]) -> Vec<Comment<'t>> {
    let mut comments = Vec::new();
    let mut values = values.iter().peekable();
    let mut end = 0;
    for (at, c) in text.char_indices() {
        if at < end {
            continue;
        }
        while values.peek().is_some_and(|value| value.end <= at) {
            values.next();
        }
        if let Some(value) = values.peek().filter(|value| value.start <= at) {
            end = value.end;
            continue;
        }
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        if c == '#' && before.is_none_or(char::is_whitespace) {
            let rest = text.get(at..).unwrap_or_default();
            let comment = rest.split('\n').next().unwrap_or_default();
            end = at + comment.len();
            let line = line_start(text, at);
            let lead = text.get(line..at).unwrap_or_default();
            comments.push(Comment {
                at,
                text: comment.trim_end(),
                own_line: lead.trim().is_empty(),
                column: lead.chars().count(),
            });
        }
    }
    comments
}

/// The first byte of the line on which a byte stands.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1)
}

/// Whether the line before that of a byte is empty.
pub(super) fn follows_gap(text: &str, at: usize) -> bool {
    let start = line_start(text, at);
    let before = start.checked_sub(1).and_then(|end| text.get(..end));
    before.is_some_and(|before| before.rsplit('\n').next().unwrap_or_default().trim().is_empty())
}
