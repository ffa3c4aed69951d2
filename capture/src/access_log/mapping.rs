//! Formats that the user describes: where in a line of JSON, of columns or of text each part of an exchange stands.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::fields::Fields;
use super::meaning;
use super::refusal::Refusal;
use super::target;
use super::time_format::TimeFormat;

/// What the names of a mapping's fixed values start with, which no group's or column's name does.
const VALUE: char = '=';

/// What every exchange needs, each by the targets that can give it.
const NEEDED: [&[&str]; 3] =
    [&["time", "end"], &["method", "request_line"], &["path", "url", "target", "request_line"]];

/// A format that the user describes. It is read as told and no name means anything by itself.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    shape: Shape,
    /// Names by target, best first.
    pub(super) fields: BTreeMap<String, Vec<String>>,
    /// Target, name in the table and text of what the log does not say.
    values: Vec<(String, String, String)>,
    pub(super) time_format: Option<TimeFormat>,
}

/// How a record is written.
#[derive(Clone, Debug, Default)]
enum Shape {
    /// One JSON object.
    #[default]
    Json,
    /// A line that an expression with named groups matches.
    Pattern(Regex),
    /// A line of columns, which may be in quotes; without names the first line has them.
    Columns { separator: char, names: Option<Vec<String>> },
}

impl Mapping {
    /// What a field or value can be given for. `request_header` and `response_header` stand before `.NAME`.
    pub fn targets() -> impl Iterator<Item = &'static str> {
        target::names()
    }

    /// Has lines read by a regular expression with named groups.
    ///
    /// # Errors
    /// What is wrong with the expression.
    pub fn pattern(&mut self, expression: &str) -> Result<(), String> {
        let regex = Regex::new(expression).map_err(|error| error.to_string())?;
        if regex.capture_names().flatten().next().is_none() {
            return Err("it has no named group; write `(?<time>...)`".to_owned());
        }
        self.shape = Shape::Pattern(regex);
        Ok(())
    }

    /// Has lines read as columns of these names; without names, those of the first line of each file.
    ///
    /// # Errors
    /// A name is given twice.
    pub fn columns(&mut self, separator: char, names: Option<Vec<String>>) -> Result<(), String> {
        let repeated = names.iter().flatten().enumerate().find(|(at, name)| {
            let before = names.iter().flatten().take(*at);
            *name != "-" && before.into_iter().any(|other| other == *name)
        });
        if let Some((_, name)) = repeated {
            return Err(format!("`{name}` is given twice; call columns that nobody needs `-`"));
        }
        self.shape = Shape::Columns { separator, names };
        Ok(())
    }

    /// Says where a target stands: a JSON pointer (`/user/id`) or dotted name, a named group, a column. Of several the
    /// first one that a record has counts. Comes after [`Mapping::pattern`] and [`Mapping::columns`].
    ///
    /// # Errors
    /// The target is unknown, or the format has no such place.
    pub fn field(&mut self, target: &str, place: &str) -> Result<(), String> {
        target::check(target, place)?;
        let place = match &self.shape {
            Shape::Json => dotted(place)?,
            Shape::Pattern(regex) => known("group", place, regex.capture_names().flatten())?,
            Shape::Columns { names: Some(names), .. } => known("column", place, names.iter().map(String::as_str))?,
            Shape::Columns { names: None, .. } => place.to_owned(),
        };
        self.fields.entry(target.to_owned()).or_default().push(place);
        Ok(())
    }

    /// Gives a target a text for all records that do not say it.
    ///
    /// # Errors
    /// The target is unknown.
    pub fn value(&mut self, target: &str, text: &str) -> Result<(), String> {
        target::check(target, text)?;
        self.values.push((target.to_owned(), format!("{VALUE}{target}"), text.to_owned()));
        Ok(())
    }

    /// Says how times are written, with `strftime`'s directives; times that name no offset are `offset` seconds east
    /// of UTC.
    ///
    /// # Errors
    /// What is wrong with the format.
    pub fn time_format(&mut self, format: &str, offset: i32) -> Result<(), String> {
        self.time_format = Some(TimeFormat::new(format, offset)?);
        Ok(())
    }

    /// Says what every exchange needs and this mapping does not give.
    pub fn missing(&self) -> Option<&'static str> {
        let has = |targets: &[&str]| {
            targets.iter().any(|target| {
                self.fields.contains_key(*target) || self.values.iter().any(|(valued, ..)| valued == target)
            })
        };
        if !has(&["time", "end"]) {
            Some("time")
        } else if !has(&["method", "request_line"]) {
            Some("method")
        } else if !has(&["path", "url", "target", "request_line"]) {
            Some("path")
        } else {
            None
        }
    }

    /// What to say of a record with fields of these names that has none of the mapping's for `what`.
    pub(super) fn lacking(&self, what: &'static str, names: Vec<String>) -> Refusal {
        let targets = NEEDED.into_iter().find(|targets| targets.contains(&what)).unwrap_or_default();
        let places: Vec<String> =
            targets.iter().filter_map(|target| self.fields.get(*target)).flatten().cloned().collect();
        let is_used = |name: &&str| self.fields.values().flatten().any(|place| place == name);
        let unused = || names.iter().map(String::as_str).filter(|name| !is_used(name));
        let near = places.iter().find_map(|place| target::nearest_of(place, unused())).map(str::to_owned);
        Refusal::Unmapped { what, places, near, names }
    }

    /// Whether it is for lines of text, not for JSON.
    pub(super) fn reads_text(&self) -> bool {
        !matches!(self.shape, Shape::Json)
    }

    /// What is wrong with a first line that should name the columns; none where it does, and for other mappings.
    pub(super) fn lacks_heading(&self, line: &str) -> Option<String> {
        match &self.shape {
            Shape::Columns { separator, names: None } => {
                (!self.is_heading(&cells(line, *separator))).then(|| self.no_heading())
            }
            _ => None,
        }
    }

    /// Whether cells are the names of columns: what every exchange needs is among them, where the mapping takes it from
    /// columns. A file of a rotation often has data there.
    fn is_heading(&self, cells: &[Cow<'_, str>]) -> bool {
        let names: Vec<Vec<u8>> = cells.iter().map(|cell| meaning::normal(cell)).collect();
        let has = |name: &String| names.contains(&meaning::normal(name));
        let named = |targets: &[&str]| {
            let columns: Vec<&String> =
                targets.iter().filter_map(|target| self.fields.get(*target)).flatten().collect();
            columns.is_empty() || columns.into_iter().any(has)
        };
        NEEDED.iter().all(|targets| named(targets)) && self.fields.values().flatten().any(has)
    }

    fn no_heading(&self) -> String {
        let columns: BTreeSet<&str> = self.fields.values().flatten().map(String::as_str).collect();
        let columns: Vec<&str> = columns.into_iter().collect();
        format!(
            "its first line should name the columns and has not those of the mapping ({}); put the heading before it, or \
             list all columns in order under `columns`",
            columns.join(", ")
        )
    }

    /// Whether a pattern is given that matches the line.
    pub(super) fn matches(&self, line: &str) -> bool {
        matches!(&self.shape, Shape::Pattern(regex) if regex.is_match(line))
    }

    /// Target, name in the table and text of each fixed value.
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.values.iter().map(|(target, name, text)| (target.as_str(), name.as_str(), text.as_str()))
    }

    /// Adds the fixed values to a record's fields.
    pub(super) fn complete(&self, fields: &mut Fields<'_, '_>) {
        for (_, name, text) in self.values() {
            fields.put(name, text.to_owned());
        }
    }

    /// Adds the fields of a line of text; `heading` holds the columns' names of a file that names them itself. `None`
    /// is a line that names them.
    ///
    /// # Errors
    /// Why the line does not fit.
    pub(super) fn line<'l>(
        &self,
        line: &'l str,
        heading: &mut Option<Vec<String>>,
        fields: &mut Fields<'l, '_>,
    ) -> Result<Option<()>, String> {
        match &self.shape {
            Shape::Json => return Err("it is no JSON object, which the mapping is for".to_owned()),
            Shape::Pattern(regex) => {
                let found = regex.captures(line).ok_or("the mapping's pattern does not match it")?;
                for name in regex.capture_names().flatten() {
                    if let Some(group) = found.name(name) {
                        fields.put(name, group.as_str());
                    }
                }
            }
            Shape::Columns { separator, names } => {
                let cells = cells(line, *separator);
                let names = match names.as_ref().or(heading.as_ref()) {
                    Some(names) => names,
                    None if self.is_heading(&cells) => {
                        *heading = Some(cells.into_iter().map(Cow::into_owned).collect());
                        return Ok(None);
                    }
                    None => return Err(self.no_heading()),
                };
                if cells.len() != names.len() {
                    return Err(format!("it has {} columns, not {}", cells.len(), names.len()));
                }
                for (name, cell) in names.iter().zip(cells).filter(|(name, _)| *name != "-") {
                    fields.put(name, cell);
                }
            }
        }
        Ok(Some(()))
    }
}

/// Whether a name is that of a fixed value.
pub(super) fn is_value(name: &str) -> bool {
    name.starts_with(VALUE)
}

/// The dotted name of a JSON pointer; dotted names come back as they are.
fn dotted(place: &str) -> Result<String, String> {
    let Some(path) = place.strip_prefix('/') else { return Ok(place.to_owned()) };
    let mut parts: Vec<String> = path.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
    let index = |part: &String| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match parts.last() {
        // Elements of an array share its name, and the first one counts.
        Some(last) if last == "0" => drop(parts.pop()),
        Some(last) if index(last) => return Err(format!("`{place}`: of an array only the first element can be named")),
        _ => {}
    }
    if parts.iter().any(String::is_empty) {
        return Err(format!("`{place}`: a part of the pointer is empty"));
    }
    Ok(parts.join("."))
}

fn known<'n>(what: &str, place: &str, names: impl Iterator<Item = &'n str> + Clone) -> Result<String, String> {
    if names.clone().any(|name| name == place) {
        return Ok(place.to_owned());
    }
    let names: Vec<&str> = names.filter(|name| *name != "-").collect();
    Err(format!("there is no {what} `{place}`; there are: {}", names.join(", ")))
}

/// The cells of a line; one in quotes may hold the separator, and quotes that are doubled.
pub(super) fn cells(line: &str, separator: char) -> Vec<Cow<'_, str>> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, after) = cell(rest, separator);
        cells.push(cell);
        match after {
            Some(after) => rest = after,
            None => return cells,
        }
    }
}

/// The first cell, and what follows the separator after it.
fn cell(text: &str, separator: char) -> (Cow<'_, str>, Option<&str>) {
    let plain = || match text.split_once(separator) {
        Some((cell, after)) => (Cow::Borrowed(cell), Some(after)),
        None => (Cow::Borrowed(text), None),
    };
    let Some(inside) = text.strip_prefix('"') else { return plain() };
    let mut from = 0;
    while let Some(at) = inside.get(from..).and_then(|rest| rest.find('"')) {
        let (value, after) =
            (inside.get(..from + at).unwrap_or_default(), inside.get(from + at + 1..).unwrap_or_default());
        if after.starts_with('"') {
            from += at + 2;
            continue;
        }
        let value = if value.contains('"') { Cow::Owned(value.replace("\"\"", "\"")) } else { Cow::Borrowed(value) };
        return match after.strip_prefix(separator) {
            Some(after) => (value, Some(after)),
            None if after.is_empty() => (value, None),
            None => plain(),
        };
    }
    plain()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_those_that_a_writer_of_csv_wrote() {
        assert_eq!(cells("a;b;;d", ';'), ["a", "b", "", "d"]);
        assert_eq!(cells(r#""a;b";"say ""hi""";c"#, ';'), ["a;b", "say \"hi\"", "c"]);
        assert_eq!(cells(r#""open;b"#, ';'), ["\"open", "b"]);
        proptest::proptest!(|(row in proptest::collection::vec("[a;\" é]{0,6}", 1..6))| {
            let line: Vec<String> = row.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
            let line = line.join(";");
            proptest::prop_assert_eq!(cells(&line, ';'), row);
        });
    }

    #[test]
    fn places_that_the_format_lacks_are_refused() {
        let mut mapping = Mapping::default();
        mapping.field("user", "/auth/sub").unwrap();
        mapping.field("user", "/roles/0").unwrap();
        mapping.field("session", "a~1b.c").unwrap();
        assert!(mapping.field("user", "/roles/1").unwrap_err().contains("first element"));
        assert!(mapping.field("usr", "/a").unwrap_err().contains("did you mean `user`"));
        assert_eq!(mapping.fields["user"], ["auth.sub", "roles"]);
        assert_eq!(mapping.missing(), Some("time"));

        let mut mapping = Mapping::default();
        assert!(mapping.pattern("(a").is_err() && mapping.pattern("a").unwrap_err().contains("named group"));
        mapping.pattern("(?<when>\\S+) (?<what>.*)").unwrap();
        assert!(mapping.field("time", "wen").unwrap_err().contains("there are: when, what"));
        mapping.field("time", "when").unwrap();
        mapping.value("method", "GET").unwrap();
        assert_eq!(mapping.missing(), Some("path"));

        let mut mapping = Mapping::default();
        assert!(mapping.columns(',', Some(vec!["a".into(), "-".into(), "-".into(), "a".into()])).is_err());
    }
}
