//! Columns of text that line up and fit the screen.

use crate::report::visible;
use crate::report::visible::shortened;

use super::screen::{Look, Screen};

/// A table whose last column takes the room that is left.
pub(super) struct Table {
    head: Vec<&'static str>,
    /// Columns of figures, aligned right.
    right: Vec<usize>,
    rows: Vec<Vec<(Look, String)>>,
    /// Whether the last column goes on below instead of being cut.
    wraps: bool,
}

impl Table {
    pub(super) fn new(head: &[&'static str], right: &[usize]) -> Table {
        Table { head: head.to_vec(), right: right.to_vec(), rows: Vec::new(), wraps: false }
    }

    /// Lets sentences in the last column go on in the next line instead of cutting them.
    pub(super) fn wrapping(mut self) -> Table {
        self.wraps = true;
        self
    }

    /// Adds a row; its texts are made safe here.
    pub(super) fn row(&mut self, cells: Vec<(Look, String)>) {
        self.rows.push(cells.into_iter().map(|(look, text)| (look, visible(&text).into_owned())).collect());
    }

    /// The table as lines.
    pub(super) fn render(&self, screen: &Screen) -> String {
        let widths = self.widths(screen.columns());
        let head: Vec<(Look, String)> = self.head.iter().map(|name| (Look::Faint, (*name).to_owned())).collect();
        let mut out = String::new();
        for row in std::iter::once(&head).chain(&self.rows) {
            let mut line = String::new();
            let mut below = Vec::new();
            for (column, ((look, full), width)) in row.iter().zip(&widths).enumerate() {
                if column > 0 {
                    line.push_str("  ");
                }
                let mut text = shortened(full, *width);
                if self.wraps && column + 1 == row.len() {
                    below = wrapped(full, *width);
                    text = below.first().cloned().unwrap_or_default().into();
                }
                let padding = " ".repeat(width.saturating_sub(text.chars().count()));
                let right = self.right.contains(&column);
                let last = column + 1 == row.len();
                if right {
                    line.push_str(&padding);
                }
                line.push_str(&screen.paint(*look, &text));
                if !right && !last {
                    line.push_str(&padding);
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
            let indent: usize = widths.iter().rev().skip(1).map(|width| width + 2).sum();
            for rest in below.iter().skip(1) {
                out.push_str(&format!("{}{}\n", " ".repeat(indent), screen.paint(Look::Plain, rest)));
            }
        }
        out
    }

    /// As wide as the content asks; when that is too much, the widest columns give way first.
    fn widths(&self, room: usize) -> Vec<usize> {
        const LEAST: usize = 8;
        let mut widths: Vec<usize> = self.head.iter().map(|name| name.chars().count()).collect();
        for row in &self.rows {
            for (width, (_, text)) in widths.iter_mut().zip(row) {
                *width = (*width).max(text.chars().count());
            }
        }
        let room = room.saturating_sub(2 * widths.len().saturating_sub(1));
        let mut excess = widths.iter().sum::<usize>().saturating_sub(room);
        while excess > 0 {
            let Some(widest) = widths.iter_mut().max() else { break };
            if *widest <= LEAST {
                break;
            }
            *widest -= 1;
            excess -= 1;
        }
        widths
    }
}

/// Lines of at most `width` characters, broken at spaces; a longer word is cut.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let word = shortened(word, width);
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word.into_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_goes_on_below_and_loses_no_word() {
        let mut table = Table::new(&["RULE", "EXAMPLE"], &[]).wrapping();
        let sentence = "service:payments performed refund_execute on refund ref_1 without refund_approve";
        table.row(vec![(Look::Plain, "AP-MISSING".into()), (Look::Plain, sentence.into())]);
        let text = table.render(&Screen { width: 50, ..Screen::default() });
        assert!(text.lines().all(|line| line.chars().count() <= 50), "{text}");
        let words: Vec<&str> = text.split_whitespace().skip(3).collect();
        assert_eq!(words.join(" "), sentence);
    }

    #[test]
    fn lines_fit_and_figures_line_up() {
        let mut table = Table::new(&["NAME", "COUNT"], &[1]);
        table.row(vec![
            (Look::Plain, "a very long name that goes on and on and on for ever".into()),
            (Look::Plain, "7".into()),
        ]);
        table.row(vec![(Look::Plain, "b".into()), (Look::Plain, "1,000".into())]);
        let text = table.render(&Screen { width: 40, ..Screen::default() });
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
        assert!(text.lines().skip(1).all(|line| line.ends_with('7') || line.ends_with("1,000")));
        assert_eq!(
            text.lines().map(|line| line.chars().count()).max(),
            text.lines().map(|line| line.chars().count()).min()
        );
    }
}
