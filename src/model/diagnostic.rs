//! What is wrong with a model file, where, and what to write instead.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Code;

/// Diagnostics shown in full; beyond that they are counted.
const SHOWN: usize = 20;

/// Bytes of the file.
pub type Span = Range<usize>;

/// Whether the file can be used all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// The model cannot be used.
    Error,
    /// The model can be used, but likely says something else than was meant.
    Warning,
    /// The model says what was meant, as far as can be told, and leaves a way for abuse open.
    Advice,
}

impl Gravity {
    /// Its name in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Gravity::Error => "error",
            Gravity::Warning => "warning",
            Gravity::Advice => "advice",
        }
    }
}

/// One mistake or doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Kind of mistake.
    pub code: Code,
    /// Whether it stops the model from being used.
    pub gravity: Gravity,
    /// What is wrong, in one line.
    pub title: String,
    /// Where.
    pub span: Span,
    /// What is said at the place; may be empty.
    pub label: String,
    /// Other places that help to understand it.
    pub notes: Vec<(Span, String)>,
    /// What to do about it.
    pub helps: Vec<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub(in crate::model) fn error(code: Code, span: Span, title: impl Into<String>) -> Self {
        Diagnostic {
            code,
            gravity: Gravity::Error,
            title: title.into(),
            span,
            label: String::new(),
            notes: Vec::new(),
            helps: Vec::new(),
        }
    }

    /// A warning at a place.
    pub(in crate::model) fn warning(code: Code, span: Span, title: impl Into<String>) -> Self {
        Diagnostic { gravity: Gravity::Warning, ..Diagnostic::error(code, span, title) }
    }

    /// Advice at a place.
    pub(in crate::model) fn advice(code: Code, span: Span, title: impl Into<String>) -> Self {
        Diagnostic { gravity: Gravity::Advice, ..Diagnostic::error(code, span, title) }
    }

    pub(in crate::model) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(in crate::model) fn note(mut self, span: Span, note: impl Into<String>) -> Self {
        self.notes.push((span, note.into()));
        self
    }

    pub(in crate::model) fn help(mut self, help: impl Into<String>) -> Self {
        self.helps.push(help.into());
        self
    }

    /// Adds the nearest of some names: as a suggestion, and where it is declared.
    pub(in crate::model) fn nearest<'a>(
        self,
        wrong: &str,
        kind: &str,
        names: impl IntoIterator<Item = (&'a str, Span)>,
    ) -> Self {
        match nearest(wrong, names) {
            Some((name, span)) if span.is_empty() => self.help(format!("did you mean `{name}`?")),
            Some((name, span)) => {
                self.note(span, format!("closest {kind}, declared here")).help(format!("did you mean `{name}`?"))
            }
            None => self,
        }
    }
}

/// The name most like a wrong one, if any is near enough to be what was meant: a third of its letters may differ.
pub fn nearest_name<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest(wrong, names.into_iter().map(|name| (name, 0..0))).map(|(name, _)| name)
}

/// The name most like a wrong one, if any is near enough to be what was meant.
fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = (&'a str, Span)>) -> Option<(&'a str, Span)> {
    let length = wrong.chars().count();
    let limit = (length / 3).max(1);
    let names: Vec<(&str, Span)> = names.into_iter().collect();
    let alike = names.iter().filter(|(name, _)| name.chars().count().abs_diff(length) <= limit).cloned();
    let measured = alike.map(|(name, span)| (distance(wrong, name), name, span));
    let best = measured.min_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1))).filter(|best| best.0 <= limit);
    // Or the only one of which it is the beginning: `id` for `identify`.
    let begun = || {
        let mut begun = names.iter().filter(|(name, _)| length > 1 && name.starts_with(wrong));
        begun.next().filter(|_| begun.next().is_none()).cloned()
    };
    best.map(|(_, name, span)| (name, span)).or_else(begun)
}

/// Edits (insert, delete, replace, swap of neighbours) from one name to another, regardless of case.
fn distance(a: &str, b: &str) -> usize {
    // Names of a model are short; a long one is no near miss, and the table stays small.
    const LONGEST: usize = 64;
    let letters = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<char>>();
    let (a, b) = (letters(a), letters(b));
    if a.len() > LONGEST || b.len() > LONGEST {
        return usize::MAX;
    }
    let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut cost = (at(&last, j + 1) + 1).min(at(&row, j) + 1).min(at(&last, j) + usize::from(x != y));
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                cost = cost.min(at(&before_last, j - 1) + 1);
            }
            row.push(cost);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    at(&last, b.len())
}

/// Everything found in one file, errors first, then in the file's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    file: Arc<str>,
    text: Arc<str>,
    found: Vec<Diagnostic>,
    /// What was found in the files that it imports.
    imported: Vec<Diagnostics>,
}

impl Diagnostics {
    pub(in crate::model) fn new(file: &str, text: &str, mut found: Vec<Diagnostic>) -> Self {
        found.sort_by(|a, b| {
            (a.gravity, a.span.start, a.code, &a.title).cmp(&(b.gravity, b.span.start, b.code, &b.title))
        });
        found.dedup();
        Diagnostics { file: Arc::from(file), text: Arc::from(text), found, imported: Vec::new() }
    }

    /// The same, with what was found in the files that this one imports.
    pub(in crate::model) fn with_imported(self, imported: Vec<Diagnostics>) -> Self {
        Diagnostics { imported, ..self }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many were found, including those that [`Diagnostics::render`] only counts and those in imported files.
    pub fn len(&self) -> usize {
        self.found.len() + self.imported.iter().map(Diagnostics::len).sum::<usize>()
    }

    /// What was found in the files that this one imports.
    pub fn imported(&self) -> &[Diagnostics] {
        &self.imported
    }

    /// The gravest of what was found, in this file and those that it imports.
    pub fn gravest(&self) -> Option<Gravity> {
        let own = self.found.iter().map(|diagnostic| diagnostic.gravity);
        own.chain(self.imported.iter().filter_map(Diagnostics::gravest)).min()
    }

    /// What was found in this file, errors first, then in the file's order.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter()
    }

    /// The file as the user named it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Line and column, both from 1 and in characters, of a byte of the file.
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).map_or(0, |line| line.chars().count());
        (before.matches('\n').count() + 1, column + 1)
    }

    /// Renders up to 20 diagnostics of each file the way rustc does, with ANSI colours or without; ends with a line break.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut out = String::new();
        for diagnostic in self.found.iter().take(SHOWN) {
            out.push_str(&renderer.render(&self.groups(diagnostic)));
            out.push_str("\n\n");
        }
        if let Some(more) = self.found.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            out.push_str(&format!("... and {more} more\n\n"));
        }
        for imported in self.imported.iter().filter(|imported| !imported.is_empty()) {
            out.push_str(&imported.render(color));
            out.push('\n');
        }
        out.pop();
        out
    }

    /// A line for each of up to 20 diagnostics of each file: where, what, and the code that explains it.
    pub fn brief(&self) -> String {
        let line = |diagnostic: &Diagnostic| {
            let gravity = diagnostic.gravity.as_str();
            let ((line, column), code) = (self.position(diagnostic.span.start), diagnostic.code.as_str());
            format!("{gravity}[{code}]: {}:{line}:{column}: {} (offpath explain {code})", self.file, diagnostic.title)
        };
        let mut lines: Vec<String> = self.found.iter().take(SHOWN).map(line).collect();
        let more = self.found.len().saturating_sub(SHOWN);
        lines.extend((more > 0).then(|| format!("... and {more} more")));
        lines.extend(self.imported.iter().filter(|imported| !imported.is_empty()).map(Diagnostics::brief));
        lines.join("\n")
    }

    fn groups<'a>(&'a self, diagnostic: &'a Diagnostic) -> Vec<Group<'a>> {
        let level = match diagnostic.gravity {
            Gravity::Error => Level::ERROR,
            Gravity::Warning => Level::WARNING,
            Gravity::Advice => Level::INFO.with_name("advice"),
        };
        let mut snippet = Snippet::source(&*self.text).path(&*self.file).annotation(
            AnnotationKind::Primary
                .span(self.visible(&diagnostic.span))
                .label((!diagnostic.label.is_empty()).then_some(diagnostic.label.as_str())),
        );
        for (span, note) in &diagnostic.notes {
            snippet = snippet.annotation(AnnotationKind::Context.span(self.visible(span)).label(note.as_str()));
        }
        let title = level.primary_title(diagnostic.title.as_str()).id(diagnostic.code.as_str());
        let mut groups = vec![title.element(snippet)];
        for help in &diagnostic.helps {
            groups.push(Group::with_title(Level::HELP.secondary_title(help.as_str())));
        }
        let explain = format!("for more, run `offpath explain {}`", diagnostic.code.as_str());
        groups.push(Group::with_title(Level::HELP.secondary_title(explain)));
        groups
    }

    /// A span that the renderer can draw: within the text, on character boundaries, and only its first line.
    fn visible(&self, span: &Span) -> Span {
        let floor =
            |at: usize| (0..=at.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0);
        let (start, end) = (floor(span.start), floor(span.end.max(span.start)));
        let covered = self.text.get(start..end).unwrap_or_default();
        start..start + covered.lines().next().unwrap_or_default().trim_end().len()
    }
}

impl std::fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits_and_swaps() {
        for (a, b, edits) in
            [("pay", "pay", 0), ("payy", "pay", 1), ("Pay", "pay", 0), ("apy", "pay", 1), ("", "pay", 3)]
        {
            assert_eq!(distance(a, b), edits, "{a} {b}");
            assert_eq!(distance(b, a), edits, "{b} {a}");
        }
    }

    #[test]
    fn only_near_names_are_proposed() {
        let names = || [("refund_approve", 0..1), ("pay", 2..3)];
        assert_eq!(nearest("refund_aprove", names()).map(|n| n.0), Some("refund_approve"));
        assert_eq!(nearest("ref", names()).map(|n| n.0), Some("refund_approve"), "its beginning");
        assert_eq!(nearest("ship", names()), None);
    }

    #[test]
    fn spans_outside_of_the_text_are_drawn_within_it() {
        let text = "offpath: 1\nworkflow: ä\n";
        let wild = Diagnostic::error(Code::Yaml, 22..900, "t");
        let all = Diagnostics::new("m.yaml", text, vec![wild, Diagnostic::error(Code::Yaml, 700..900, "u")]);
        assert!(all.render(false).contains("m.yaml:2:11"), "{all}");
        assert_eq!(all.position(11), (2, 1));
        assert_eq!(all.brief().lines().next(), Some("error[M001]: m.yaml:3:1: t (offpath explain M001)"));
    }
}
