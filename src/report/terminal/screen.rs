//! The terminal as the caller describes it.

use crate::report::summary::RunSummary;
use crate::report::{twice, visible};

/// How wide a terminal is and whether it takes colour; the run folder, for the commands that come next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Whether to write ANSI colours.
    pub color: bool,
    /// Columns; `None` when no terminal reads along: then tables are as wide as their content, and nothing is cut.
    pub width: Option<usize>,
    /// The run folder as the user named it, where one was written.
    pub run_folder: Option<String>,
}

impl Default for Screen {
    /// 100 columns without colour.
    fn default() -> Self {
        Screen { color: false, width: Some(100), run_folder: None }
    }
}

/// Columns of prose where nothing says how wide it may be.
const PROSE: usize = 100;

/// What a word is, and so how it looks in colour.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    Bold,
    Faint,
    Red,
    Yellow,
    Green,
    Cyan,
}

impl Screen {
    /// A text in a look, safe to print.
    pub(super) fn paint(&self, look: Look, text: &str) -> String {
        let text = visible(text);
        let code = match look {
            Look::Plain => return text.into_owned(),
            Look::Bold => "1",
            Look::Faint => "2",
            Look::Red => "1;31",
            Look::Yellow => "33",
            Look::Green => "32",
            Look::Cyan => "36",
        };
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.into_owned() }
    }

    /// Columns that a table may fill, if they are bounded; a very narrow terminal wraps rather than losing everything.
    pub(super) fn columns(&self) -> Option<usize> {
        self.width.map(|width| width.max(40))
    }

    /// A labelled paragraph: the label in the first columns, the text wrapped beside it.
    pub(super) fn paragraph(&self, label: &str, text: &str) -> String {
        const LABEL: usize = 11;
        let text = visible(text);
        let mut out = self.paint(Look::Bold, &format!("{label:<LABEL$}"));
        let room = self.columns().unwrap_or(PROSE).saturating_sub(LABEL);
        let mut used = 0;
        for word in text.split(' ') {
            let length = word.chars().count();
            if used > 0 && used + 1 + length > room {
                out.push('\n');
                out.push_str(&" ".repeat(LABEL));
                used = 0;
            } else if used > 0 {
                out.push(' ');
                used += 1;
            }
            out.push_str(word);
            used += length;
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
        out
    }
}

impl Screen {
    /// What was given twice and counted once, whose clock was set, and what is no input; empty when there is none.
    pub(super) fn left_out(&self, run: &RunSummary) -> String {
        let clocks = self.group("Clocks", &twice::clocks(run));
        self.group("Twice", &twice::counted_once(run)) + &clocks + &self.group("Skipped", &twice::skipped(run))
    }

    /// The first of what looks doubtful; empty when nothing does.
    pub(super) fn warnings(&self, run: &RunSummary) -> String {
        self.group("Warning", &twice::few(run.warnings.clone()))
    }

    fn group(&self, label: &str, lines: &[String]) -> String {
        let labels = std::iter::once(label).chain(std::iter::repeat(""));
        labels.zip(lines).map(|(label, line)| self.paragraph(label, line)).collect()
    }
}

/// How a severity looks.
pub(super) fn severity_look(severity: &str) -> Look {
    match severity {
        "critical" | "high" => Look::Red,
        "medium" => Look::Yellow,
        _ => Look::Plain,
    }
}
