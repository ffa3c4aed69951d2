//! A document as lines: what is written in blocks stays blocks, what stands in braces stays on one line where it fits.

use std::ops::Range;

use granit_parser::ScalarStyle;

use super::Refusal;
use super::comment::{Comment, follows_gap};
use super::source::{Body, Node, Source};

/// Widest line that braces make; what is wider becomes a block.
const WIDTH: usize = 180;
/// Longest key that moves the column of its neighbours' values.
const KEY: usize = 24;
/// Widest line that moves the column of its neighbours' comments.
const COMMENTED: usize = 100;

/// One line.
#[derive(Debug)]
struct Line<'t> {
    indent: usize,
    code: String,
    comment: Option<&'t str>,
    /// An empty line stands before it.
    gap: bool,
}

pub(super) struct Writer<'s, 't> {
    source: &'s Source<'t>,
    lines: Vec<Line<'t>>,
    /// The next comment that is not written yet.
    next: usize,
}

type Written = Result<(), Refusal>;

impl<'s, 't> Writer<'s, 't> {
    pub(super) fn new(source: &'s Source<'t>) -> Self {
        Writer { source, lines: Vec::new(), next: 0 }
    }

    /// The whole file.
    pub(super) fn whole(mut self) -> Result<String, Refusal> {
        if self.source.marked {
            self.line(0, "---".to_owned(), false);
        }
        let source = self.source;
        match &source.root {
            Some(root) if is_block(root) => self.block(root, 0, "", usize::MAX)?,
            Some(root) => {
                self.leading(root.span.start, 0, false)?;
                let code = inline(root)?;
                self.value_line(0, code, (root.span.end, usize::MAX), root, false)?;
            }
            None => {}
        }
        self.leading(usize::MAX, 0, false)?;
        if let Some(left) = self.comment() {
            return Err(Refusal::new(left.at, "this comment would not be kept where it is"));
        }
        if let Some(first) = self.lines.first_mut() {
            first.gap = false;
        }
        Ok(aligned(&self.lines))
    }

    fn comment(&self) -> Option<&'s Comment<'t>> {
        self.source.comments.get(self.next)
    }

    fn line(&mut self, indent: usize, code: String, gap: bool) {
        self.lines.push(Line { indent, code, comment: None, gap });
    }

    /// Writes the comments that stand on lines of their own before a byte. Whether any was.
    fn leading(&mut self, before: usize, indent: usize, gap: bool) -> Result<bool, Refusal> {
        let mut first = true;
        while let Some(comment) = self.comment().filter(|comment| comment.at < before) {
            if !comment.own_line {
                return Err(Refusal::new(
                    comment.at,
                    "a comment at this place cannot be kept: give it a line of its own",
                ));
            }
            let gap = follows_gap(self.source.text, comment.at) || (first && gap);
            self.lines.push(Line { indent, code: String::new(), comment: Some(comment.text), gap });
            self.next += 1;
            first = false;
        }
        Ok(!first)
    }

    /// Writes what is left of comments below a block that are indented as its entries are.
    fn trailing(&mut self, limit: usize, column: usize, indent: usize) {
        while let Some(comment) = self.comment() {
            if comment.at >= limit || !comment.own_line || comment.column < column {
                return;
            }
            let gap = follows_gap(self.source.text, comment.at);
            self.lines.push(Line { indent, code: String::new(), comment: Some(comment.text), gap });
            self.next += 1;
        }
    }

    /// Writes a line that ends a value, with the comment behind it.
    fn value_line(
        &mut self,
        indent: usize,
        code: String,
        (end, limit): (usize, usize),
        value: &Node<'t>,
        gap: bool,
    ) -> Written {
        if let Some(inner) = self.comment().filter(|comment| comment.at < end && comment.at >= value.span.start) {
            return Err(Refusal::new(inner.at, "a comment inside of brackets cannot be kept: move it before them"));
        }
        self.line(indent, code, gap);
        self.beside(end, limit);
        Ok(())
    }

    /// Gives the comment that follows a byte on its line, before what else does, to the last line.
    fn beside(&mut self, after: usize, limit: usize) {
        let rest = self.source.text.get(after..).unwrap_or_default();
        let end = limit.min(after + rest.find('\n').unwrap_or(rest.len()));
        if let Some(comment) = self.comment().filter(|comment| !comment.own_line && comment.at < end) {
            if let Some(line) = self.lines.last_mut() {
                line.comment = Some(comment.text);
            }
            self.next += 1;
        }
    }

    /// Writes a collection as a block. `lead` stands before its first line; what follows begins at `limit`.
    fn block(&mut self, node: &Node<'t>, indent: usize, lead: &str, limit: usize) -> Written {
        match &node.body {
            Body::Mapping(children, _) => self.mapping(children, indent, lead, limit)?,
            Body::List(items, _) => self.list(items, indent, limit)?,
            Body::Scalar(..) => {}
        }
        if is_block(node) {
            let line = super::comment::line_start(self.source.text, node.span.start);
            let column = self.source.text.get(line..node.span.start).map_or(0, |lead| lead.chars().count());
            self.trailing(limit, column, indent + lead.len());
        }
        Ok(())
    }

    fn mapping(&mut self, children: &[Node<'t>], indent: usize, lead: &str, limit: usize) -> Written {
        let entries: Vec<(&Node<'t>, &Node<'t>)> = children.chunks_exact(2).filter_map(pair).collect();
        let widths = self.widths(&entries, indent + lead.len())?;
        let mut was_block = false;
        for (at, (key, value)) in entries.iter().enumerate() {
            let next = entries.get(at + 1).map_or(limit, |(key, _)| key.span.start);
            let name = inline(key)?;
            let broken = is_block(value) || (widths.get(at).copied().flatten().is_none() && breaks(value));
            // Sections of the whole stand apart.
            let section = indent == 0 && lead.is_empty() && at > 0 && (broken || was_block);
            was_block = broken;
            let (indent, lead) = if at == 0 { (indent, lead) } else { (indent + lead.len(), "") };
            let own = indent + lead.len();
            let commented = self.leading(key.span.start, indent, section)?;
            // What a dash leads stands right behind it.
            let gap = lead.is_empty() && (follows_gap(self.source.text, key.span.start) || (section && !commented));
            let anchor = value.anchor.as_ref().map(|name| format!(" &{name}")).unwrap_or_default();
            if broken {
                self.line(indent, format!("{lead}{name}:{anchor}"), gap);
                if is_block(value) {
                    self.beside(key.span.end, value.span.start);
                }
                self.block(value, own + 2, "", next)?;
                if !is_block(value) {
                    self.beside(value.span.end, next);
                }
                continue;
            }
            if let Body::Scalar(raw, ScalarStyle::Literal | ScalarStyle::Folded) = &value.body {
                self.text_block(raw, value, indent, &format!("{lead}{name}:{anchor}"), own + 2, gap)?;
                continue;
            }
            let text = inline(value)?;
            let pad = widths.get(at).copied().flatten().unwrap_or(0).saturating_sub(name.chars().count());
            let space = if text.is_empty() { "" } else { " " };
            let anchor = if text.starts_with('&') { "" } else { anchor.as_str() };
            let code = format!("{lead}{name}:{anchor}{space}{}{text}", " ".repeat(pad));
            let end = if text.is_empty() { key.span.end } else { value.span.end };
            self.value_line(indent, code, (end, next), value, gap)?;
        }
        Ok(())
    }

    fn list(&mut self, items: &[Node<'t>], indent: usize, limit: usize) -> Written {
        for (at, item) in items.iter().enumerate() {
            let next = items.get(at + 1).map_or(limit, |item| item.span.start);
            self.leading(item.span.start, indent, false)?;
            let gap = follows_gap(self.source.text, item.span.start);
            if let (Body::List(..), true) = (&item.body, is_block(item)) {
                return Err(Refusal::new(item.span.start, "a list right inside of a list cannot be laid out"));
            }
            if item.anchor.is_some() && is_block(item) {
                return Err(Refusal::new(item.span.start, "an anchor of a list's item cannot be laid out"));
            }
            let text = if is_block(item) { String::new() } else { inline(item)? };
            let wide = matches!(item.body, Body::Mapping(..))
                && item.anchor.is_none()
                && (indent + 2 + text.chars().count() > WIDTH || self.is_commented(item))
                && breaks(item);
            if is_block(item) || wide {
                let first = self.lines.len();
                self.block(item, indent, "- ", next)?;
                if let Some(line) = self.lines.get_mut(first) {
                    line.gap |= gap;
                }
                if wide {
                    self.beside(item.span.end, next);
                }
                continue;
            }
            if let Body::Scalar(raw, ScalarStyle::Literal | ScalarStyle::Folded) = &item.body {
                self.text_block(raw, item, indent, "-", indent + 2, gap)?;
                continue;
            }
            self.value_line(indent, format!("- {text}"), (item.span.end, next), item, gap)?;
        }
        Ok(())
    }

    /// Whether a comment stands inside of a value.
    fn is_commented(&self, value: &Node<'t>) -> bool {
        !self.comments_in(value.span.clone()).is_empty()
    }

    /// The comments that begin in some bytes.
    fn comments_in(&self, bytes: Range<usize>) -> &'s [Comment<'t>] {
        let comments = &self.source.comments;
        let first = comments.partition_point(|comment| comment.at < bytes.start);
        let last = comments.partition_point(|comment| comment.at < bytes.end);
        comments.get(first..last).unwrap_or_default()
    }

    /// A text in lines of its own, under its head.
    fn text_block(
        &mut self,
        raw: &'t str,
        value: &Node<'t>,
        indent: usize,
        head: &str,
        inner: usize,
        gap: bool,
    ) -> Written {
        let mut lines = raw.lines();
        let sign = lines.next().unwrap_or_default().trim_end();
        if !sign.starts_with(['|', '>']) || sign.contains(|c: char| c.is_ascii_digit() || c == '+') {
            return Err(Refusal::new(value.span.start, "a text of this style cannot be laid out"));
        }
        let lines: Vec<&str> = lines.map(str::trim_end).collect();
        let indents = lines.iter().filter(|line| !line.is_empty()).map(|line| line.len() - line.trim_start().len());
        let common = indents.min().unwrap_or(0);
        self.line(indent, format!("{head} {sign}"), gap);
        for line in lines {
            let text = line.get(common..).unwrap_or_default().to_owned();
            let indent = if text.is_empty() { 0 } else { inner };
            self.line(indent, text, false);
        }
        Ok(())
    }

    /// For each entry the width of the keys of its group: of neighbours that stand on one line each, some in braces.
    /// `None` for those that do not stand on one line.
    fn widths(&self, entries: &[(&Node<'t>, &Node<'t>)], indent: usize) -> Result<Vec<Option<usize>>, Refusal> {
        let mut widths: Vec<Option<usize>> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let name = inline(key)?.chars().count();
            let narrow = |text: String| indent + name + 2 + text.chars().count() <= WIDTH;
            let fits = match &value.body {
                Body::Scalar(_, style) => !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded),
                _ if is_block(value) => false,
                _ => !breaks(value) || (!self.is_commented(value) && narrow(inline(value)?)),
            };
            widths.push(fits.then_some(name));
        }
        let mut start = 0;
        for at in 0..entries.len() {
            let last = self.ends_group(entries, &widths, at);
            if widths.get(at).copied().flatten().is_none() {
                start = at + 1;
            } else if last {
                let braces = |(_, value): &&(&Node<'t>, &Node<'t>)| !matches!(value.body, Body::Scalar(..));
                // Sections of the whole are no group.
                let aligned =
                    indent > 0 && entries.get(start..=at).is_some_and(|group| group.iter().any(|entry| braces(&entry)));
                let group = widths.get_mut(start..=at).unwrap_or_default();
                let widest = group.iter().flatten().filter(|width| aligned && **width <= KEY).max().copied();
                group.iter_mut().for_each(|width| *width = Some(widest.unwrap_or(0)));
                start = at + 1;
            }
        }
        Ok(widths)
    }

    /// Whether the next entry stands apart from this one, or not on one line.
    fn ends_group(&self, entries: &[(&Node<'t>, &Node<'t>)], widths: &[Option<usize>], at: usize) -> bool {
        entries.get(at + 1).is_none_or(|(key, _)| {
            let end = entries.get(at).map_or(0, |(_, value)| value.span.end);
            let commented = self.comments_in(end..key.span.start).iter().any(|comment| comment.own_line);
            let apart = commented || follows_gap(self.source.text, key.span.start);
            apart || widths.get(at + 1).copied().flatten().is_none()
        })
    }
}

fn pair<'n, 't>(pair: &'n [Node<'t>]) -> Option<(&'n Node<'t>, &'n Node<'t>)> {
    match pair {
        [key, value] => Some((key, value)),
        _ => None,
    }
}

/// Whether a value stands in lines of its own.
fn is_block(node: &Node<'_>) -> bool {
    matches!(node.body, Body::List(_, false) | Body::Mapping(_, false))
}

/// Whether a value in brackets can be written as a block.
fn breaks(node: &Node<'_>) -> bool {
    match &node.body {
        Body::Mapping(children, true) => !children.is_empty(),
        Body::List(items, true) => !items.is_empty() && !items.iter().any(|item| matches!(item.body, Body::List(..))),
        _ => false,
    }
}

/// A value on one line. Documents are at most 16 levels deep.
fn inline(node: &Node<'_>) -> Result<String, Refusal> {
    let anchor = node.anchor.as_ref().map(|name| format!("&{name} ")).unwrap_or_default();
    let text = match &node.body {
        Body::Scalar(raw, ScalarStyle::Literal | ScalarStyle::Folded) => (*raw).to_owned(),
        Body::Scalar(raw, style) => on_one_line(raw, *style).ok_or_else(|| {
            Refusal::new(
                node.span.start,
                "a text over several lines cannot be laid out: write it on one, or as a block",
            )
        })?,
        Body::List(items, _) => {
            let items: Result<Vec<String>, Refusal> = items.iter().map(inline).collect();
            format!("[{}]", items?.join(", "))
        }
        Body::Mapping(children, _) => {
            let mut entries = Vec::with_capacity(children.len() / 2);
            for (key, value) in children.chunks_exact(2).filter_map(pair) {
                entries.push(format!("{}: {}", inline(key)?, inline(value)?));
            }
            format!("{{{}}}", entries.join(", "))
        }
    };
    Ok(format!("{anchor}{text}"))
}

/// A text that is folded over lines, on one; `None` where it holds empty lines or escaped line ends.
fn on_one_line(raw: &str, style: ScalarStyle) -> Option<String> {
    if !raw.contains('\n') {
        return Some(raw.to_owned());
    }
    let lines: Vec<&str> = raw.lines().map(str::trim).collect();
    let escaped = style == ScalarStyle::DoubleQuoted && lines.iter().any(|line| line.ends_with('\\'));
    (!escaped && lines.iter().all(|line| !line.is_empty())).then(|| lines.join(" "))
}

/// The lines with the comments of neighbours in one column.
fn aligned(lines: &[Line<'_>]) -> String {
    let width = |line: &Line<'_>| line.indent + line.code.chars().count();
    let runs = lines.chunk_by(|a, b| !b.gap && !a.code.is_empty() && !b.code.is_empty() && a.indent == b.indent);
    let mut out = String::new();
    for run in runs {
        let commented = run.iter().filter(|line| line.comment.is_some() && width(line) <= COMMENTED);
        let column = commented.map(width).max().unwrap_or(0);
        for line in run {
            if line.gap {
                out.push('\n');
            }
            let code = format!("{}{}", " ".repeat(line.indent), line.code);
            match line.comment {
                None => out.push_str(code.trim_end()),
                Some(comment) if line.code.is_empty() => out.push_str(&format!("{code}{comment}")),
                Some(comment) => {
                    out.push_str(&code);
                    out.push_str(&" ".repeat(column.saturating_sub(width(line)) + 2));
                    out.push_str(comment);
                }
            }
            out.push('\n');
        }
    }
    out
}
