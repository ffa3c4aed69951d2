//! Lines of a file with their comments in a column.

/// Widest code that moves the column of its block's comments.
const WIDEST: usize = 96;

/// A file under way.
#[derive(Debug, Default)]
pub(super) struct Page(Vec<Line>);

#[derive(Debug)]
enum Line {
    Code(String, String),
    Note(String),
    Gap,
}

impl Page {
    /// A line with its comment; without one when that is empty.
    pub(super) fn line(&mut self, code: &str, comment: &str) {
        self.0.push(Line::Code(code.to_owned(), safe(comment)));
    }

    /// A line of comment, indented as its text is.
    pub(super) fn note(&mut self, text: &str) {
        self.0.push(Line::Note(safe(text)));
    }

    /// An empty line; comments before and after it need not align.
    pub(super) fn gap(&mut self) {
        self.0.push(Line::Gap);
    }

    /// The whole file. Comments of neighbouring lines of one depth share a column.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        for block in self.0.chunk_by(|a, b| a.depth().is_some() && a.depth() == b.depth()) {
            let commented = block.iter().filter_map(|line| match line {
                Line::Code(code, comment) if !comment.is_empty() => Some(code.chars().count()),
                _ => None,
            });
            let column = commented.filter(|width| *width <= WIDEST).max().unwrap_or(0);
            for line in block {
                line.write(column, &mut out);
                out.push('\n');
            }
        }
        out
    }
}

impl Line {
    fn depth(&self) -> Option<usize> {
        match self {
            Line::Code(code, _) => Some(code.len() - code.trim_start().len()),
            Line::Note(_) | Line::Gap => None,
        }
    }

    fn write(&self, column: usize, out: &mut String) {
        match self {
            Line::Code(code, comment) if comment.is_empty() => out.push_str(code),
            Line::Code(code, comment) => out.extend([&format!("{code:<column$}  # "), comment.as_str()]),
            Line::Note(text) => {
                let bare = text.trim_start();
                let indent = text.get(..text.len() - bare.len()).unwrap_or_default();
                out.push_str(format!("{indent}# {bare}").trim_end());
            }
            Line::Gap => {}
        }
    }
}

/// A comment ends with its line, and what YAML does not allow in one is no use in a name either.
pub(super) fn safe(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}') {
                '?'
            } else {
                c
            }
        })
        .collect()
}
