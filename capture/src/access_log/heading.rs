//! Logs of columns that lines starting with `#` name: the W3C's extended format (IIS, CloudFront) and Zeek's.
//!
//! A new heading may come at any line, with other columns.

use std::borrow::Cow;

use super::fields::Fields;
use crate::{InputFormat, percent_decoded};

/// Columns that a heading names at most; IIS has 23, CloudFront 33.
const COLUMNS: usize = 512;

/// What the headings so far say of the lines to come.
#[derive(Debug, Default)]
pub(super) struct Heading {
    columns: Vec<String>,
    format: Option<InputFormat>,
    /// When the log was begun, for lines that name only the time of day.
    date: Option<String>,
    zeek: Zeek,
}

/// How Zeek writes.
#[derive(Debug)]
struct Zeek {
    separator: char,
    unset: String,
    empty: String,
}

impl Default for Zeek {
    fn default() -> Self {
        Zeek { separator: '\t', unset: "-".to_owned(), empty: "(empty)".to_owned() }
    }
}

impl Heading {
    /// Takes in a line that starts with `#`.
    pub(super) fn directive(&mut self, line: &str) {
        let Some(line) = line.strip_prefix('#') else { return };
        if let Some(names) = strip(line, "Fields:") {
            self.columns = names.split_ascii_whitespace().take(COLUMNS).map(str::to_owned).collect();
            self.format = Some(InputFormat::W3c);
            return;
        }
        if let Some(date) = strip(line, "Date:") {
            self.date = date.split_ascii_whitespace().next().map(str::to_owned);
            return;
        }
        if let Some(text) = line.strip_prefix("separator ") {
            self.zeek = Zeek { separator: unescaped(text.trim()).chars().next().unwrap_or('\t'), ..Zeek::default() };
            self.format = None;
            return;
        }
        let separator = self.zeek.separator;
        let Some((key, value)) = line.split_once(separator) else { return };
        match key {
            "unset_field" => self.zeek.unset = value.to_owned(),
            "empty_field" => self.zeek.empty = value.to_owned(),
            "fields" => {
                self.columns = value.split(separator).take(COLUMNS).map(str::to_owned).collect();
                self.format = Some(InputFormat::Zeek);
            }
            _ => {}
        }
    }

    /// The format of the lines to come; none before a heading.
    pub(super) fn format(&self) -> Option<InputFormat> {
        self.format
    }

    /// Whether the columns are those of requests: not of another log of Zeek's, or of FTP.
    pub(super) fn has_requests(&self) -> bool {
        let has = |names: &[&str]| self.columns.iter().any(|column| names.contains(&column.as_str()));
        has(&["method", "cs-method"]) && has(&["uri", "cs-uri-stem", "cs-uri"])
    }

    /// Adds the columns of a line.
    ///
    /// # Errors
    /// Why the line does not fit.
    pub(super) fn line<'l>(&self, line: &'l str, fields: &mut Fields<'l, '_>) -> Result<(), String> {
        let separator = match self.format {
            Some(InputFormat::Zeek) => self.zeek.separator,
            _ if line.contains('\t') => '\t',
            _ => ' ',
        };
        let count = line.split(separator).count();
        if count != self.columns.len() {
            return Err(format!("it has {count} columns, and the heading before it names {}", self.columns.len()));
        }
        let dated = self.columns.iter().any(|column| column == "date");
        if let Some(date) = self.date.as_ref().filter(|_| !dated && self.format == Some(InputFormat::W3c)) {
            fields.put("date", date.clone());
        }
        for (name, cell) in self.columns.iter().zip(line.split(separator)) {
            match self.format {
                Some(InputFormat::Zeek) => self.zeek_cell(name, cell, fields),
                _ => fields.put(name, w3c_cell(name, cell, separator)),
            }
        }
        Ok(())
    }

    /// Passwords are nothing to keep.
    fn zeek_cell<'l>(&self, name: &str, cell: &'l str, fields: &mut Fields<'l, '_>) {
        // By its own name it might be a version of anything.
        let name = if name == "version" { "http_version" } else { name };
        match cell {
            _ if name == "password" => {}
            cell if cell == self.zeek.unset || cell == self.zeek.empty => fields.put(name, "-"),
            cell if cell.contains("\\x") => fields.put(name, unescaped(cell)),
            cell => fields.put(name, cell),
        }
    }
}

/// What follows a directive's name, which is compared without case.
fn strip<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let start = line.get(..name.len())?;
    start.eq_ignore_ascii_case(name).then(|| line.get(name.len()..)).flatten()
}

/// A header's value as it was sent: IIS writes `+` for spaces, CloudFront `%20`.
fn w3c_cell<'l>(name: &str, cell: &'l str, separator: char) -> Cow<'l, str> {
    match name.contains('(') {
        true if separator == ' ' && cell.contains('+') => Cow::Owned(cell.replace('+', " ")),
        true => percent_decoded(cell, false),
        _ => Cow::Borrowed(cell),
    }
}

/// Text with Zeek's `\xXX` decoded.
fn unescaped(text: &str) -> String {
    let mark = "\\x";
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(mark) {
        out.extend_from_slice(before.as_bytes());
        let digits = after.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.extend_from_slice(mark.as_bytes());
                rest = after;
            }
        }
    }
    out.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_once() {
        assert_eq!(w3c_cell("cs(User-Agent)", "a%20b%2520c%zz%", '\t'), "a b%20c%zz%");
        assert_eq!(unescaped("a\\x09b\\xc3\\xa9\\x"), "a\tbé\\x");
    }

    #[test]
    fn any_heading_is_taken() {
        proptest::proptest!(|(lines in proptest::collection::vec("#(Fields: |fields\t|separator |path\t|unset_field )?[a\\\\x09 \t-]{0,12}", 0..6))| {
            let mut heading = Heading::default();
            lines.iter().for_each(|line| heading.directive(line));
            let table = super::super::meaning::Table::new(&Default::default());
            for line in &lines {
                let _ = heading.line(line, &mut Fields::new(&table));
            }
        });
    }
}
