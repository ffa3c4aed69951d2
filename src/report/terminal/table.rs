//! Columns of text that line up and fit the screen.

use crate::report::visible;
use crate::report::visible::shortened;

use super::screen::{Look, Screen};

/// A table as wide as its content, or as the screen.
pub(super) struct Table {
    head: Vec<&'static str>,
    /// Columns of figures, aligned right.
    right: Vec<usize>,
    rows: Vec<Row>,
    /// Whether cells go on below instead of being cut.
    wraps: bool,
}

struct Row {
    cells: Vec<(Look, String)>,
    /// A line of its own below the row, from a column to the right end.
    note: Option<(usize, Look, String)>,
}

impl Table {
    pub(super) fn new(head: &[&'static str], right: &[usize]) -> Table {
        Table { head: head.to_vec(), right: right.to_vec(), rows: Vec::new(), wraps: false }
    }

    /// Whether there is no row.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Lets cells go on in the next line instead of cutting them.
    pub(super) fn wrapping(mut self) -> Table {
        self.wraps = true;
        self
    }

    /// Adds a row; its texts are made safe here.
    pub(super) fn row(&mut self, cells: Vec<(Look, String)>) {
        let cells = cells.into_iter().map(|(look, text)| (look, visible(&text).into_owned())).collect();
        self.rows.push(Row { cells, note: None });
    }

    /// Adds a line below the last row that begins in a column and may go on to the right end.
    pub(super) fn note(&mut self, column: usize, look: Look, text: &str) {
        if let Some(row) = self.rows.last_mut() {
            row.note = Some((column, look, visible(text).into_owned()));
        }
    }

    /// Whether every row can stand on one line, nothing cut.
    pub(super) fn fits(&self, screen: &Screen) -> bool {
        let widths = self.widths(None);
        let natural = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        screen.columns().is_none_or(|room| natural <= room)
    }

    /// The table as lines.
    pub(super) fn render(&self, screen: &Screen) -> String {
        let widths = self.widths(screen.columns());
        let mut out = String::new();
        let head: Vec<(Look, String)> = self.head.iter().map(|name| (Look::Faint, (*name).to_owned())).collect();
        self.cells(&head, &widths, screen, &mut out);
        for row in &self.rows {
            self.cells(&row.cells, &widths, screen, &mut out);
            let Some((column, look, text)) = &row.note else { continue };
            let indent: usize = widths.iter().take(*column).map(|width| width + 2).sum();
            let room = screen.columns().map_or(usize::MAX, |room| room.saturating_sub(indent).max(1));
            for line in self.lines(text, room, screen) {
                out.push_str(&format!("{}{}\n", " ".repeat(indent), screen.paint(*look, &line)));
            }
        }
        out
    }

    /// One row as lines.
    fn cells(&self, cells: &[(Look, String)], widths: &[usize], screen: &Screen, out: &mut String) {
        let columns: Vec<(Look, Vec<String>)> =
            cells.iter().zip(widths).map(|((look, text), width)| (*look, self.lines(text, *width, screen))).collect();
        let height = columns.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0);
        for line in 0..height {
            self.line(&columns, line, widths, screen, out);
        }
    }

    /// A cell's text as lines of the column's width.
    fn lines(&self, text: &str, width: usize, screen: &Screen) -> Vec<String> {
        match screen.columns() {
            None => vec![text.to_owned()],
            Some(_) if self.wraps => wrapped(text, width),
            Some(_) => vec![shortened(text, width).into_owned()],
        }
    }

    /// One line through all columns; a column that has ended is blank.
    fn line(&self, columns: &[(Look, Vec<String>)], line: usize, widths: &[usize], screen: &Screen, out: &mut String) {
        let begin = out.len();
        for (column, ((look, lines), width)) in columns.iter().zip(widths).enumerate() {
            let text = lines.get(line).map_or("", String::as_str);
            let padding = " ".repeat(width.saturating_sub(text.chars().count()));
            let right = self.right.contains(&column);
            if column > 0 {
                out.push_str("  ");
            }
            if right {
                out.push_str(&padding);
            }
            if !text.is_empty() {
                out.push_str(&screen.paint(*look, text));
            }
            if !right {
                out.push_str(&padding);
            }
        }
        out.truncate(out.trim_end_matches(' ').len().max(begin));
        out.push('\n');
    }

    /// As wide as the content asks; when that is more than there is room for, the widest columns give way first.
    fn widths(&self, room: Option<usize>) -> Vec<usize> {
        const LEAST: usize = 8;
        let mut widths: Vec<usize> = self.head.iter().map(|name| name.chars().count()).collect();
        for row in &self.rows {
            for (width, (_, text)) in widths.iter_mut().zip(&row.cells) {
                *width = (*width).max(text.chars().count());
            }
        }
        let Some(room) = room else { return widths };
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

/// Lines of at most `width` characters, broken at spaces; a longer word goes on in the next line. Nothing is lost.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let letters: Vec<char> = word.chars().collect();
        let fits = lines.last().is_some_and(|line| line.chars().count() + 1 + letters.len() <= width);
        if let (true, Some(line)) = (fits, lines.last_mut()) {
            line.push(' ');
            line.push_str(word);
        } else if letters.is_empty() {
            lines.push(String::new());
        } else {
            lines.extend(letters.chunks(width).map(|part| part.iter().collect()));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(width: usize) -> Screen {
        Screen { width: Some(width), ..Screen::default() }
    }

    #[test]
    fn a_sentence_goes_on_below_and_loses_no_word() {
        let mut table = Table::new(&["RULE", "EXAMPLE"], &[]).wrapping();
        let sentence = "service:payments performed refund_execute on refund ref_1 without refund_approve";
        table.row(vec![(Look::Plain, "AP-MISSING".into()), (Look::Plain, sentence.into())]);
        table.note(1, Look::Faint, "a.log line 7");
        let text = table.render(&screen(50));
        assert!(text.lines().all(|line| line.chars().count() <= 50), "{text}");
        let words: Vec<&str> = text.split_whitespace().skip(3).collect();
        assert_eq!(words.join(" "), format!("{sentence} a.log line 7"));
    }

    #[test]
    fn without_a_screen_a_row_is_one_line_and_whole() {
        let mut table = Table::new(&["NAME", "TEXT"], &[]);
        let long = "word ".repeat(60);
        table.row(vec![(Look::Plain, "a".into()), (Look::Plain, long.trim().into())]);
        let text = table.render(&Screen { width: None, ..Screen::default() });
        assert_eq!(text.lines().count(), 2);
        assert!(text.contains(long.trim()));
    }

    proptest::proptest! {
        #[test]
        fn wrapping_keeps_every_letter_and_the_width(text in "[a-zé /]{0,60}", width in 1usize..20) {
            let lines = wrapped(&text, width);
            proptest::prop_assert!(lines.iter().all(|line| line.chars().count() <= width));
            let letters = |text: &str| text.chars().filter(|letter| *letter != ' ').collect::<String>();
            proptest::prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }

    #[test]
    fn lines_fit_and_figures_line_up() {
        let mut table = Table::new(&["NAME", "COUNT"], &[1]);
        table.row(vec![
            (Look::Plain, "a very long name that goes on and on and on for ever".into()),
            (Look::Plain, "7".into()),
        ]);
        table.row(vec![(Look::Plain, "b".into()), (Look::Plain, "1,000".into())]);
        let text = table.render(&screen(40));
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
        assert!(text.lines().skip(1).all(|line| line.ends_with('7') || line.ends_with("1,000")));
        assert_eq!(
            text.lines().map(|line| line.chars().count()).max(),
            text.lines().map(|line| line.chars().count()).min()
        );
    }
}
